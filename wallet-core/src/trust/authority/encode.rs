//! The DER of a certificate, written out (RFC 5280 §4.1): the builder of `x509-cert` wants a key of its own traits.

use x509_cert::der::Encode as _;
use x509_cert::der::asn1::ObjectIdentifier;

use super::{AuthorityError, CertificateName, LeafProfile};
use crate::crypto::SigningKey;
use crate::keys::PublicKey;
use crate::time::{Timestamp, Validity};
use crate::trust::Certificate;
use crate::trust::path::{key_identifier, signature_identifier};

pub(in crate::trust) const BOOLEAN: u8 = 0x01;
pub(in crate::trust) const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
pub(in crate::trust) const OCTET_STRING: u8 = 0x04;
pub(in crate::trust) const UTF8_STRING: u8 = 0x0c;
pub(in crate::trust) const PRINTABLE_STRING: u8 = 0x13;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
pub(in crate::trust) const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;

/// All of a certificate but serial and signature.
pub(in crate::trust) struct Draft<'a> {
    pub(in crate::trust) issuer: &'a [u8],
    pub(in crate::trust) subject: &'a [u8],
    pub(in crate::trust) key: &'a PublicKey,
    pub(in crate::trust) validity: Validity,
    pub(in crate::trust) extensions: Vec<Vec<u8>>,
}

impl Draft<'_> {
    pub(in crate::trust) fn sign(&self, key: &SigningKey, serial: &[u8]) -> Result<Certificate, AuthorityError> {
        let point = self.key.verifying_key().point();
        self.sign_point(key, serial, point)
    }

    /// As [`Draft::sign`], with the key's point as it is to be written.
    pub(in crate::trust) fn sign_point(
        &self,
        key: &SigningKey,
        serial: &[u8],
        point: &[u8],
    ) -> Result<Certificate, AuthorityError> {
        let (Some(not_before), Some(not_after)) = (self.validity.not_before, self.validity.expires) else {
            return Err(AuthorityError::Validity);
        };
        if not_before.unix() < 0 || not_after <= not_before {
            return Err(AuthorityError::Validity);
        }
        let algorithm = tlv(SEQUENCE, &signature_identifier(key.curve()));
        let to_be_signed = tlv(
            SEQUENCE,
            &[
                tlv(0xa0, &tlv(INTEGER, &[2])),
                tlv(INTEGER, serial),
                algorithm.clone(),
                self.issuer.to_vec(),
                tlv(SEQUENCE, &[time(not_before), time(not_after)].concat()),
                self.subject.to_vec(),
                key_info(self.key, point),
                tlv(0xa3, &tlv(SEQUENCE, &self.extensions.concat())),
            ]
            .concat(),
        );
        let signature = bit_string(0, &key.sign_der(&to_be_signed));
        let der = tlv(SEQUENCE, &[to_be_signed, algorithm, signature].concat());
        Ok(Certificate::parse(&der)?)
    }
}

/// A name; the common name comes last, as is usual.
pub(in crate::trust) fn name(name: &CertificateName) -> Result<Vec<u8>, AuthorityError> {
    let mut parts = Vec::new();
    if let Some(country) = &name.country {
        // RFC 5280 Appendix A: two letters, PrintableString.
        if country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(AuthorityError::BadName("country"));
        }
        parts.push(relative_name("2.5.4.6", PRINTABLE_STRING, country));
    }
    if let Some(state) = &name.state {
        check_text(state)?;
        parts.push(relative_name("2.5.4.8", UTF8_STRING, state));
    }
    if let Some(organization) = &name.organization {
        check_text(organization)?;
        parts.push(relative_name("2.5.4.10", UTF8_STRING, organization));
    }
    check_text(&name.common_name)?;
    parts.push(relative_name("2.5.4.3", UTF8_STRING, &name.common_name));
    Ok(tlv(SEQUENCE, &parts.concat()))
}

/// RFC 5280 Appendix A.1 bounds names at 64 characters.
fn check_text(text: &str) -> Result<(), AuthorityError> {
    let fits = (1..=64).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if fits {
        Ok(())
    } else {
        Err(AuthorityError::BadName("name"))
    }
}

pub(in crate::trust) fn relative_name(attribute: &str, tag: u8, text: &str) -> Vec<u8> {
    let pair = [oid(attribute), tlv(tag, text.as_bytes())].concat();
    tlv(SET, &tlv(SEQUENCE, &pair))
}

pub(super) fn authority_extensions(key_id: &[u8], issuer_key_id: Option<&[u8]>, below: Option<u8>) -> Vec<Vec<u8>> {
    let length = below.map(|below| tlv(INTEGER, &[below])).unwrap_or_default();
    let constraints = tlv(SEQUENCE, &[tlv(BOOLEAN, &[0xff]), length].concat());
    // keyCertSign (5) and cRLSign (6).
    let mut extensions = vec![
        extension("2.5.29.19", true, &constraints),
        extension("2.5.29.15", true, &bit_string(1, &[0x06])),
        extension("2.5.29.14", false, &tlv(OCTET_STRING, key_id)),
    ];
    extensions.push(authority_key(issuer_key_id.unwrap_or(key_id)));
    extensions
}

pub(super) fn leaf_extensions(
    profile: &LeafProfile,
    key_id: &[u8],
    issuer_key_id: &[u8],
) -> Result<Vec<Vec<u8>>, AuthorityError> {
    // digitalSignature (0).
    let mut extensions = vec![
        extension("2.5.29.19", true, &tlv(SEQUENCE, &[])),
        extension("2.5.29.15", true, &bit_string(7, &[0x80])),
        extension("2.5.29.14", false, &tlv(OCTET_STRING, key_id)),
        authority_key(issuer_key_id),
    ];
    let mut names = Vec::new();
    for dns in &profile.dns {
        let named = dns
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'*'));
        if dns.is_empty() || !named {
            return Err(AuthorityError::BadName("DNS name"));
        }
        names.push(tlv(0x82, dns.as_bytes()));
    }
    for uri in &profile.uri {
        names.push(uri_name(uri)?);
    }
    if !names.is_empty() {
        extensions.push(extension("2.5.29.17", false, &tlv(SEQUENCE, &names.concat())));
    }
    if !profile.extended_key_usage.is_empty() {
        extensions.push(key_purposes(&profile.extended_key_usage, false)?);
    }
    Ok(extensions)
}

/// `extKeyUsage`.
pub(in crate::trust) fn key_purposes(purposes: &[String], critical: bool) -> Result<Vec<u8>, AuthorityError> {
    let bad = AuthorityError::BadName("object identifier");
    let mut encoded = Vec::new();
    for purpose in purposes {
        let purpose = ObjectIdentifier::new(purpose).map_err(|_| bad.clone())?;
        encoded.extend(purpose.to_der().map_err(|_| bad.clone())?);
    }
    Ok(extension("2.5.29.37", critical, &tlv(SEQUENCE, &encoded)))
}

/// A URI as a `GeneralName`.
pub(in crate::trust) fn uri_name(uri: &str) -> Result<Vec<u8>, AuthorityError> {
    if !uri.contains(':') || !uri.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(AuthorityError::BadName("URI"));
    }
    Ok(tlv(0x86, uri.as_bytes()))
}

pub(in crate::trust) fn authority_key(key_id: &[u8]) -> Vec<u8> {
    extension("2.5.29.35", false, &tlv(SEQUENCE, &tlv(0x80, key_id)))
}

pub(in crate::trust) fn extension(id: &str, critical: bool, value: &[u8]) -> Vec<u8> {
    // DER: FALSE is the default, and is left out.
    let critical = if critical { tlv(BOOLEAN, &[0xff]) } else { Vec::new() };
    tlv(SEQUENCE, &[oid(id), critical, tlv(OCTET_STRING, value)].concat())
}

fn key_info(key: &PublicKey, point: &[u8]) -> Vec<u8> {
    let algorithm = key_identifier(key.verifying_key().curve());
    tlv(SEQUENCE, &[tlv(SEQUENCE, &algorithm), bit_string(0, point)].concat())
}

/// RFC 5280 §4.1.2.5: `UTCTime` through 2049, `GeneralizedTime` after.
fn time(at: Timestamp) -> Vec<u8> {
    let text: String = at.to_string().chars().filter(char::is_ascii_digit).collect();
    if text.as_str() < "2050" {
        tlv(UTC_TIME, format!("{}Z", &text[2..]).as_bytes())
    } else {
        tlv(GENERALIZED_TIME, format!("{text}Z").as_bytes())
    }
}

pub(in crate::trust) fn bit_string(unused: u8, bytes: &[u8]) -> Vec<u8> {
    tlv(BIT_STRING, &[&[unused], bytes].concat())
}

pub(in crate::trust) fn oid(dotted: &str) -> Vec<u8> {
    ObjectIdentifier::new(dotted)
        .and_then(|oid| oid.to_der().map_err(|_| x509_cert::der::oid::Error::Length))
        .expect("the identifiers of this file are well formed")
}

pub(in crate::trust) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let length = &length[length.iter().take_while(|byte| **byte == 0).count()..];
    let mut out = vec![tag];
    match (content.len(), length.len()) {
        (short @ 0..=127, _) => out.push(u8::try_from(short).expect("below 128")),
        (_, bytes) => {
            out.push(0x80 | u8::try_from(bytes).expect("at most eight"));
            out.extend_from_slice(length);
        }
    }
    out.extend_from_slice(content);
    out
}
