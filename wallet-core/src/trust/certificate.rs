//! X.509 certificates (RFC 5280 §4) as this project reads them: the bytes as received, and what they say.

mod details;

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAltName, SubjectKeyIdentifier,
};
use x509_cert::name::Name;
use x509_cert::spki::SubjectPublicKeyInfo;

use crate::codec::{Json, base64url};
use crate::crypto::{Curve, VerifyingKey, sha256};
use crate::keys::PublicKey;
use crate::time::{OutsideValidity, Timestamp};

pub use details::CrlDistributionPoint;
pub(super) use details::{AlternativeName, Details};

/// A certificate, parsed. That it parses says nothing about who made it. Equal when the bytes are.
#[derive(Clone)]
pub struct Certificate {
    der: Vec<u8>,
    common_name: Option<String>,
    organization: Option<String>,
    organization_identifier: Option<String>,
    country: Option<String>,
    dns_names: Vec<String>,
    uris: Vec<String>,
    key: Option<PublicKey>,
    subject_key_id: Option<Vec<u8>>,
    authority_key_id: Option<Vec<u8>>,
    not_before: Timestamp,
    not_after: Timestamp,
    ca: bool,
    key_usage: Option<KeyUsage>,
    extended_key_usage: Vec<String>,
    subject: Vec<u8>,
    self_issued: bool,
    details: Details,
}

/// `x5c` entries and anchor files beyond this length are no certificates of this world: webpki's limit too.
const LONGEST: usize = 64 * 1024;

/// Certificates in one PEM file; a national trust list has fewer per role.
const MOST_IN_A_FILE: usize = 1000;

const CERTIFICATE: (&str, &str) = ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----");

impl Certificate {
    /// Reads one DER certificate and nothing after it. Version 3 only.
    pub fn parse(der: &[u8]) -> Result<Self, CertificateError> {
        if der.len() > LONGEST {
            return Err(CertificateError::TooLong {
                length: der.len(),
                limit: LONGEST,
            });
        }
        let parsed = x509_cert::Certificate::from_der(der).or_else(|error| match with_shortest_serial(der) {
            Some(mended) => x509_cert::Certificate::from_der(&mended),
            None => Err(error),
        });
        let parsed = parsed.map_err(|_| CertificateError::Der)?;
        let tbs = parsed.tbs_certificate();
        if tbs.version() != x509_cert::certificate::Version::V3 {
            return Err(CertificateError::Version);
        }
        // RFC 5280 §4.2: no extension twice.
        let extensions = tbs.extensions().map_or(&[][..], Vec::as_slice);
        for (position, extension) in extensions.iter().enumerate() {
            if extensions[..position]
                .iter()
                .any(|other| other.extn_id == extension.extn_id)
            {
                return Err(CertificateError::DuplicateExtension);
            }
        }
        let bad = |name: &'static str| move |_| CertificateError::Extension(name);
        let constraints = tbs
            .get_extension::<BasicConstraints>()
            .map_err(bad("basicConstraints"))?;
        let key_usage = tbs.get_extension::<KeyUsage>().map_err(bad("keyUsage"))?;
        let extended = tbs.get_extension::<ExtendedKeyUsage>().map_err(bad("extKeyUsage"))?;
        let alternative = tbs.get_extension::<SubjectAltName>().map_err(bad("subjectAltName"))?;
        let subject_key = tbs
            .get_extension::<SubjectKeyIdentifier>()
            .map_err(bad("subjectKeyIdentifier"))?;
        let authority_key = tbs
            .get_extension::<AuthorityKeyIdentifier>()
            .map_err(bad("authorityKeyIdentifier"))?;
        let (mut dns_names, mut uris) = (Vec::new(), Vec::new());
        for name in alternative.map(|(_, names)| names.0).unwrap_or_default() {
            match name {
                GeneralName::DnsName(name) => dns_names.push(name.as_str().to_owned()),
                GeneralName::UniformResourceIdentifier(uri) => uris.push(uri.as_str().to_owned()),
                _ => {}
            }
        }
        let subject = tbs.subject().to_der().map_err(|_| CertificateError::Der)?;
        let issuer = tbs.issuer().to_der().map_err(|_| CertificateError::Der)?;
        let validity = tbs.validity();
        Ok(Self {
            der: der.to_vec(),
            common_name: attribute(tbs.subject(), "2.5.4.3"),
            organization: attribute(tbs.subject(), "2.5.4.10"),
            organization_identifier: attribute(tbs.subject(), "2.5.4.97"),
            country: attribute(tbs.subject(), "2.5.4.6"),
            dns_names,
            uris,
            key: public_key(tbs.subject_public_key_info())?,
            subject_key_id: subject_key.map(|(_, id)| id.0.as_bytes().to_vec()),
            authority_key_id: authority_key
                .and_then(|(_, id)| id.key_identifier)
                .map(|id| id.as_bytes().to_vec()),
            not_before: timestamp(validity.not_before.to_unix_duration()),
            not_after: timestamp(validity.not_after.to_unix_duration()),
            ca: constraints.is_some_and(|(_, constraints)| constraints.ca),
            key_usage: key_usage.map(|(_, usage)| usage),
            extended_key_usage: extended
                .map(|(_, purposes)| purposes.0.iter().map(ToString::to_string).collect())
                .unwrap_or_default(),
            self_issued: subject == issuer,
            details: Details::read(tbs, issuer),
            subject,
        })
    }

    /// Reads the first certificate of a PEM text.
    pub fn parse_pem(pem: &str) -> Result<Self, CertificateError> {
        Self::parse_pem_chain(pem)?
            .into_iter()
            .next()
            .ok_or(CertificateError::Pem)
    }

    /// Reads all certificates of a PEM text (RFC 7468 §5) in their order; other blocks and text between are skipped.
    pub fn parse_pem_chain(pem: &str) -> Result<Vec<Self>, CertificateError> {
        let mut certificates = Vec::new();
        let mut rest = pem;
        while let Some(start) = rest.find(CERTIFICATE.0) {
            if certificates.len() == MOST_IN_A_FILE {
                return Err(CertificateError::TooMany { limit: MOST_IN_A_FILE });
            }
            let body = &rest[start + CERTIFICATE.0.len()..];
            let end = body.find(CERTIFICATE.1).ok_or(CertificateError::Pem)?;
            let text: String = body[..end].chars().filter(|c| !c.is_ascii_whitespace()).collect();
            let der = base64url::decode_standard(text).map_err(|_| CertificateError::Pem)?;
            certificates.push(Self::parse(&der)?);
            rest = &body[end + CERTIFICATE.1.len()..];
        }
        if certificates.is_empty() {
            return Err(CertificateError::Pem);
        }
        Ok(certificates)
    }

    /// The certificate in PEM (RFC 7468 §5).
    pub fn to_pem(&self) -> String {
        let body = base64url::encode_standard(&self.der);
        let mut pem = String::from(CERTIFICATE.0);
        for line in body.as_bytes().chunks(64) {
            pem.push('\n');
            pem.push_str(std::str::from_utf8(line).expect("base64 is ASCII"));
        }
        pem.push('\n');
        pem.push_str(CERTIFICATE.1);
        pem.push('\n');
        pem
    }

    /// The `x5c` header member of a chain, leaf first (RFC 7515 §4.1.6).
    pub fn to_x5c<'a>(chain: impl IntoIterator<Item = &'a Self>) -> Json {
        let encode = |certificate: &Self| Json::from(base64url::encode_standard(&certificate.der));
        Json::Array(chain.into_iter().map(encode).collect())
    }

    /// The bytes as received.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The SHA-256 fingerprint of the DER bytes.
    pub fn sha256(&self) -> [u8; 32] {
        sha256(&self.der)
    }

    /// The subject's common name.
    pub fn common_name(&self) -> Option<&str> {
        self.common_name.as_deref()
    }

    /// The subject's organization.
    pub fn organization(&self) -> Option<&str> {
        self.organization.as_deref()
    }

    /// The subject's `organizationIdentifier` (ETSI EN 319 412-1 §5.1.4): the identifier of a registered legal person.
    pub fn organization_identifier(&self) -> Option<&str> {
        self.organization_identifier.as_deref()
    }

    /// The subject's country.
    pub fn country(&self) -> Option<&str> {
        self.country.as_deref()
    }

    /// The name to show: common name, else organization, else a DNS name, else the fingerprint.
    pub fn display_name(&self) -> String {
        self.common_name()
            .or(self.organization())
            .or(self.dns_names.first().map(String::as_str))
            .map_or_else(|| base64url::encode(self.sha256()), str::to_owned)
    }

    /// The `dNSName` entries of the subject alternative name.
    pub fn dns_names(&self) -> &[String] {
        &self.dns_names
    }

    /// The URI entries of the subject alternative name.
    pub fn uris(&self) -> &[String] {
        &self.uris
    }

    /// The public key; a kind that is not supported (RSA, other curves) is refused.
    pub fn public_key(&self) -> Result<&PublicKey, CertificateError> {
        self.key.as_ref().ok_or(CertificateError::UnsupportedKey)
    }

    /// The subject key identifier.
    pub fn subject_key_id(&self) -> Option<&[u8]> {
        self.subject_key_id.as_deref()
    }

    /// The key identifier of the authority key identifier.
    pub fn authority_key_id(&self) -> Option<&[u8]> {
        self.authority_key_id.as_deref()
    }

    /// The first second of its validity.
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// The last second of its validity.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// Checks `now` against the validity, both ends included (RFC 5280 §4.1.2.5).
    pub fn check_validity(&self, now: Timestamp) -> Result<(), OutsideValidity> {
        if now < self.not_before {
            return Err(OutsideValidity::NotYetValid {
                not_before: self.not_before,
            });
        }
        if now > self.not_after {
            return Err(OutsideValidity::Expired {
                expired: self.not_after,
            });
        }
        Ok(())
    }

    /// Whether `basicConstraints` says that it is a certification authority.
    pub fn is_ca(&self) -> bool {
        self.ca
    }

    /// Whether its key may sign documents: `keyUsage` has `digitalSignature`, or there is no `keyUsage`.
    pub fn may_sign_documents(&self) -> bool {
        self.key_usage.is_none_or(|usage| usage.digital_signature())
    }

    /// Whether its key may sign certificates: it is an authority, and `keyUsage`, if there, has `keyCertSign`.
    pub fn may_sign_certificates(&self) -> bool {
        self.ca && self.key_usage.is_none_or(|usage| usage.key_cert_sign())
    }

    /// The extended key usages as dotted object identifiers; none means any.
    pub fn extended_key_usage(&self) -> &[String] {
        &self.extended_key_usage
    }

    /// Whether it vouches for itself: subject and issuer are equal, and no other key is named or proven to have
    /// signed. Where the signature is of an unsupported kind, equal names suffice.
    pub fn is_self_signed(&self) -> bool {
        self.self_issued && super::path::signed_by_own_key(self).unwrap_or(true)
    }

    /// The subject in DER, for comparing names byte for byte.
    pub fn subject(&self) -> &[u8] {
        &self.subject
    }

    /// The issuer's name in DER, for comparing names byte for byte.
    pub fn issuer(&self) -> &[u8] {
        &self.details.issuer
    }

    /// The serial number: the content of the INTEGER, big-endian.
    pub fn serial_number(&self) -> &[u8] {
        &self.details.serial
    }

    /// The subject's state or province.
    pub fn state_or_province(&self) -> Option<&str> {
        self.details.state.as_deref()
    }

    /// Where certificate revocation lists are to be found (RFC 5280 §4.2.1.13); a malformed extension names none.
    pub fn crl_distribution_points(&self) -> &[CrlDistributionPoint] {
        self.details
            .crl
            .as_ref()
            .and_then(|points| points.as_deref().ok())
            .unwrap_or_default()
    }

    /// What profiles look at.
    pub(super) fn details(&self) -> &Details {
        &self.details
    }

    /// How many authorities may stand between it and an end entity.
    pub(super) fn path_length(&self) -> Option<usize> {
        let (_, constraints) = self.details.basic_constraints.as_ref()?;
        constraints.path_len_constraint.map(usize::from)
    }

    /// `keyUsage`, if there.
    pub(super) fn key_usage(&self) -> Option<KeyUsage> {
        self.key_usage
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate(sha256 {})", base64url::encode(self.sha256()))
    }
}

impl Serialize for Certificate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&base64url::encode_standard(&self.der))
    }
}

impl<'de> Deserialize<'de> for Certificate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let der = base64url::decode_standard(String::deserialize(deserializer)?).map_err(D::Error::custom)?;
        Self::parse(&der).map_err(D::Error::custom)
    }
}

/// The key, `None` if its kind is not supported. A point off its curve is an error.
fn public_key(
    info: &SubjectPublicKeyInfo<x509_cert::der::Any, x509_cert::der::asn1::BitString>,
) -> Result<Option<PublicKey>, CertificateError> {
    let parameter = info.algorithm.parameters.as_ref();
    let curve = match info.algorithm.oid.to_string().as_str() {
        "1.2.840.10045.2.1" => {
            // RFC 5480 §2.1.1: only named curves.
            let named = parameter.and_then(|parameter| parameter.decode_as::<ObjectIdentifier>().ok());
            match named.map(|oid| oid.to_string()).as_deref() {
                Some("1.2.840.10045.3.1.7") => Curve::P256,
                Some("1.3.132.0.34") => Curve::P384,
                Some("1.3.132.0.35") => Curve::P521,
                // RFC 5639 §4.1.
                Some("1.3.36.3.3.2.8.1.1.7") => Curve::BrainpoolP256r1,
                Some("1.3.36.3.3.2.8.1.1.11") => Curve::BrainpoolP384r1,
                _ => return Ok(None),
            }
        }
        // RFC 8410 §3: parameters are absent.
        "1.3.101.112" if parameter.is_none() => Curve::Ed25519,
        _ => return Ok(None),
    };
    let point = info.subject_public_key.as_bytes().ok_or(CertificateError::BadKey)?;
    let key = VerifyingKey::new(curve, point).map_err(|_| CertificateError::BadKey)?;
    Ok(Some(PublicKey::new(key)))
}

/// The first value of a subject attribute, if it is text without control characters.
fn attribute(name: &Name, oid: &str) -> Option<String> {
    use x509_cert::der::asn1::{Ia5StringRef, PrintableStringRef, TeletexStringRef, Utf8StringRef};
    let attribute = name.iter().find(|attribute| attribute.oid.to_string() == oid)?;
    let value = &attribute.value;
    let text = value
        .decode_as::<Utf8StringRef<'_>>()
        .map(|text| text.as_str().to_owned())
        .or_else(|_| {
            value
                .decode_as::<PrintableStringRef<'_>>()
                .map(|text| text.as_str().to_owned())
        })
        .or_else(|_| {
            value
                .decode_as::<Ia5StringRef<'_>>()
                .map(|text| text.as_str().to_owned())
        })
        .or_else(|_| {
            value
                .decode_as::<TeletexStringRef<'_>>()
                .map(|text| text.as_str().to_owned())
        })
        .ok()?;
    (!text.is_empty() && !text.chars().any(char::is_control)).then_some(text)
}

fn timestamp(since_1970: Duration) -> Timestamp {
    Timestamp::from_unix(i64::try_from(since_1970.as_secs()).unwrap_or(i64::MAX))
}

/// The certificate with the filler in front of its serial number taken away, if that is what ails it: a widespread
/// library writes such serials once in some hundred times. The copy is for reading alone; signatures are checked over
/// the bytes as received.
fn with_shortest_serial(der: &[u8]) -> Option<Vec<u8>> {
    let (certificate, rest) = open(der, 0x30)?;
    let (to_be_signed, signature) = open(certificate, 0x30)?;
    let (_, after_version) = open(to_be_signed, 0xa0)?;
    let (serial, after_serial) = open(after_version, 0x02)?;
    let filler = serial
        .windows(2)
        .take_while(|pair| pair[0] == 0 && pair[1] < 0x80)
        .count();
    if filler == 0 || !rest.is_empty() {
        return None;
    }
    let version = &to_be_signed[..to_be_signed.len() - after_version.len()];
    let serial = close(0x02, &[&serial[filler..]]);
    let to_be_signed = close(0x30, &[version, &serial, after_serial]);
    Some(close(0x30, &[&to_be_signed, signature]))
}

/// The content of the first element, which must have this tag, and what follows it. Definite lengths up to 64 KiB.
fn open(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, rest) = der.split_first()?;
    let (length, rest) = match rest {
        [0x82, high, low, rest @ ..] => (usize::from(*high) << 8 | usize::from(*low), rest),
        [0x81, length, rest @ ..] => (usize::from(*length), rest),
        [length @ 0..=0x7f, rest @ ..] => (usize::from(*length), rest),
        _ => return None,
    };
    (*found == tag).then(|| rest.split_at_checked(length)).flatten()
}

fn close(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let [.., high, low] = content.len().to_be_bytes();
    let head = match content.len() {
        0..=0x7f => vec![tag, low],
        0x80..=0xff => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    [head, content].concat()
}

/// Bytes that are not a usable certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateError {
    /// A key that is not a point of its curve.
    BadKey,
    /// Not a DER certificate.
    Der,
    /// An extension that is there twice.
    DuplicateExtension,
    /// A malformed extension.
    Extension(&'static str),
    /// Not a PEM text with a certificate.
    Pem,
    /// Longer than any honest certificate.
    TooLong {
        /// Its length.
        length: usize,
        /// The limit.
        limit: usize,
    },
    /// More certificates in one text than allowed.
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// A key of a kind that is not supported.
    UnsupportedKey,
    /// Not of version 3.
    Version,
}

impl CertificateError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadKey => "certificate.bad_key",
            Self::Der => "certificate.der",
            Self::DuplicateExtension => "certificate.duplicate_extension",
            Self::Extension(_) => "certificate.extension",
            Self::Pem => "certificate.pem",
            Self::TooLong { .. } => "certificate.too_long",
            Self::TooMany { .. } => "certificate.too_many",
            Self::UnsupportedKey => "certificate.unsupported_key",
            Self::Version => "certificate.version",
        }
    }
}

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadKey => f.write_str("the certificate's key is not a point of its curve"),
            Self::Der => f.write_str("not a DER certificate"),
            Self::DuplicateExtension => f.write_str("the certificate has an extension twice"),
            Self::Extension(name) => write!(f, "the certificate's extension {name} is malformed"),
            Self::Pem => f.write_str("not a PEM text with a certificate"),
            Self::TooLong { length, limit } => write!(f, "certificate of {length} bytes, {limit} are allowed"),
            Self::TooMany { limit } => write!(f, "more than {limit} certificates in one file"),
            Self::UnsupportedKey => {
                f.write_str("the certificate's kind of key is not supported (P-256, P-384 and Ed25519 are)")
            }
            Self::Version => f.write_str("not a certificate of version 3"),
        }
    }
}

impl std::error::Error for CertificateError {}
