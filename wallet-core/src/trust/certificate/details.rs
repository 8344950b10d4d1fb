//! What certificate profiles look at beyond what a path needs: read once, when the certificate is parsed.
//!
//! An extension that is malformed here does not make the certificate unreadable: RFC 5280 paths do not need it, and
//! the profile that asks for it says what is wrong.

use x509_cert::TbsCertificate;
use x509_cert::attr::AttributeValue;
use x509_cert::der::{Tag, Tagged as _};
use x509_cert::ext::pkix::certpolicy::PolicyInformation;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::ext::pkix::{
    AuthorityInfoAccessSyntax, BasicConstraints, CertificatePolicies, CrlDistributionPoints, IssuerAltName,
    SubjectAltName,
};
use x509_cert::name::Name;

use crate::crypto::sha1_key_identifier;

/// One place where a certificate revocation list is to be found (RFC 5280 §4.2.1.13).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CrlDistributionPoint {
    /// The URIs of its full name.
    pub uris: Vec<String>,
    /// Whether the list covers some reasons only.
    pub for_some_reasons: bool,
    /// Whether another than the certificate's issuer makes the list.
    pub other_issuer: bool,
}

/// A name of the kinds that profiles ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::trust) enum AlternativeName {
    Email(String),
    Uri(String),
    Other,
}

/// Part of a [`Certificate`](super::Certificate).
#[derive(Clone)]
pub(in crate::trust) struct Details {
    /// The content of the INTEGER.
    pub(in crate::trust) serial: Vec<u8>,
    /// The issuer's name in DER.
    pub(in crate::trust) issuer: Vec<u8>,
    /// Every `countryName` of the subject, with its string type.
    pub(in crate::trust) countries: Vec<(Tag, Vec<u8>)>,
    pub(in crate::trust) state: Option<String>,
    /// The `serialNumber` attribute of the subject: the identifier of a natural person.
    pub(in crate::trust) person: Option<String>,
    pub(in crate::trust) basic_constraints: Option<(bool, BasicConstraints)>,
    /// Extensions by identifier, and whether each is critical.
    pub(in crate::trust) extensions: Vec<(String, bool)>,
    pub(in crate::trust) subject_alternative: Option<Result<Vec<AlternativeName>, Malformed>>,
    pub(in crate::trust) issuer_alternative: Option<Result<Vec<AlternativeName>, Malformed>>,
    pub(in crate::trust) crl: Option<Result<Vec<CrlDistributionPoint>, Malformed>>,
    /// Certificate policies, and whether each names a practice statement.
    pub(in crate::trust) policies: Vec<(String, bool)>,
    /// The access methods of `authorityInfoAccess`.
    pub(in crate::trust) information_access: Vec<String>,
    /// `qcStatements` as it stands.
    pub(in crate::trust) qualified_statements: Option<Vec<u8>>,
    /// The SHA-1 of the key: what ISO 18013-5 Annex B wants as its identifier.
    pub(in crate::trust) key_sha1: [u8; 20],
    /// The first byte of the key's bits: 4 marks an uncompressed point.
    pub(in crate::trust) key_form: Option<u8>,
    /// How `subject` spells the common name, if there.
    pub(in crate::trust) common_names: usize,
}

/// An extension that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::trust) struct Malformed;

const COMMON_NAME: &str = "2.5.4.3";
const SERIAL_NUMBER: &str = "2.5.4.5";
const COUNTRY: &str = "2.5.4.6";
const STATE: &str = "2.5.4.8";
const QC_STATEMENTS: &str = "1.3.6.1.5.5.7.1.3";
/// `id-qt-cps`: a pointer to a practice statement.
const CPS: &str = "1.3.6.1.5.5.7.2.1";

impl Details {
    pub(super) fn read(tbs: &TbsCertificate, issuer: Vec<u8>) -> Self {
        let extensions = tbs.extensions().map_or(&[][..], Vec::as_slice);
        let subject = tbs.subject();
        let key = tbs.subject_public_key_info().subject_public_key.raw_bytes();
        let policies = tbs.get_extension::<CertificatePolicies>().ok().flatten();
        let access = tbs.get_extension::<AuthorityInfoAccessSyntax>().ok().flatten();
        let qualified = extensions
            .iter()
            .find(|extension| extension.extn_id.to_string() == QC_STATEMENTS);
        Self {
            serial: tbs.serial_number().as_bytes().to_vec(),
            issuer,
            countries: values(subject, COUNTRY)
                .map(|value| (value.tag(), value.value().to_vec()))
                .collect(),
            state: super::attribute(subject, STATE),
            person: super::attribute(subject, SERIAL_NUMBER),
            basic_constraints: tbs.get_extension::<BasicConstraints>().ok().flatten(),
            extensions: extensions
                .iter()
                .map(|extension| (extension.extn_id.to_string(), extension.critical))
                .collect(),
            subject_alternative: read(tbs.get_extension::<SubjectAltName>(), |found| names(&found.0)),
            issuer_alternative: read(tbs.get_extension::<IssuerAltName>(), |found| names(&found.0)),
            crl: read(tbs.get_extension::<CrlDistributionPoints>(), |found| points(&found)),
            policies: policies
                .map(|(_, found)| found.0.iter().map(policy).collect())
                .unwrap_or_default(),
            information_access: access
                .map(|(_, found)| found.0.iter().map(|entry| entry.access_method.to_string()).collect())
                .unwrap_or_default(),
            qualified_statements: qualified.map(|extension| extension.extn_value.as_bytes().to_vec()),
            key_sha1: sha1_key_identifier(key),
            key_form: key.first().copied(),
            common_names: values(subject, COMMON_NAME).count(),
        }
    }

    /// Whether the extension is there, and critical.
    pub(in crate::trust) fn extension(&self, id: &str) -> Option<bool> {
        self.extensions
            .iter()
            .find(|(other, _)| other == id)
            .map(|(_, critical)| *critical)
    }
}

fn read<T, U>(
    found: Result<Option<(bool, T)>, x509_cert::der::Error>,
    take: impl FnOnce(T) -> U,
) -> Option<Result<U, Malformed>> {
    match found {
        Ok(found) => found.map(|(_, value)| Ok(take(value))),
        Err(_) => Some(Err(Malformed)),
    }
}

fn values<'a>(name: &'a Name, oid: &str) -> impl Iterator<Item = &'a AttributeValue> {
    name.iter()
        .filter(move |attribute| attribute.oid.to_string() == oid)
        .map(|attribute| &attribute.value)
}

fn names(names: &[GeneralName]) -> Vec<AlternativeName> {
    let read = |name: &GeneralName| match name {
        GeneralName::Rfc822Name(name) => AlternativeName::Email(name.as_str().to_owned()),
        GeneralName::UniformResourceIdentifier(uri) => AlternativeName::Uri(uri.as_str().to_owned()),
        _ => AlternativeName::Other,
    };
    names.iter().map(read).collect()
}

fn points(points: &CrlDistributionPoints) -> Vec<CrlDistributionPoint> {
    let read = |point: &x509_cert::ext::pkix::crl::dp::DistributionPoint| {
        let names = match &point.distribution_point {
            Some(DistributionPointName::FullName(names)) => names.as_slice(),
            _ => &[],
        };
        let uri = |name: &GeneralName| match name {
            GeneralName::UniformResourceIdentifier(uri) => Some(uri.as_str().to_owned()),
            _ => None,
        };
        CrlDistributionPoint {
            uris: names.iter().filter_map(uri).collect(),
            for_some_reasons: point.reasons.is_some(),
            other_issuer: point.crl_issuer.is_some(),
        }
    };
    points.0.iter().map(read).collect()
}

fn policy(information: &PolicyInformation) -> (String, bool) {
    let qualifiers = information.policy_qualifiers.as_deref().unwrap_or_default();
    let statement = qualifiers
        .iter()
        .any(|qualifier| qualifier.policy_qualifier_id.to_string() == CPS);
    (information.policy_identifier.to_string(), statement)
}
