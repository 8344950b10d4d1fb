//! Lists of issuing authorities (VICAL, ISO 18013-5 Annex C): who may issue which documents, by the word of a provider.
//!
//! A `COSE_Sign1` over a CBOR map, signed by a certificate for this purpose that leads to an anchor of
//! [`Role::VicalProviders`]. Each entry is a certificate with the document types that it is a trust point for, and with
//! copies of what the certificate says: they must be true. A list that is wrong in one entry is refused whole, for its
//! provider vouches for all of it.

use std::collections::BTreeSet;
use std::fmt;

use super::profile::{self, CertificateProfile, ProfilePolicy, Subject, purpose};
use super::{Anchor, Certificate, CertificateError, Role, TrustError, TrustStore};
use crate::codec::Budget;
use crate::codec::cbor::{Cbor, CborError, CborValue, TAG_DATE_TIME};
use crate::crypto::{SignatureAlgorithm, SigningKey};
use crate::envelope::cose::{CoseError, UnsignedSign1, UnverifiedSign1};
use crate::time::Timestamp;

/// A list whose provider was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Vical {
    /// Who made the list.
    pub provider: String,
    /// When.
    pub date: Timestamp,
    /// Grows with each issue of the list.
    pub issue: Option<u64>,
    /// When a newer one is to be there.
    pub next_update: Option<Timestamp>,
    /// The authorities.
    pub entries: Vec<VicalEntry>,
}

/// One authority of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VicalEntry {
    /// Its certificate.
    pub certificate: Certificate,
    /// The document types that it is a trust point for; never empty.
    pub doctypes: Vec<String>,
    /// The profiles that the provider says it meets.
    pub profiles: Vec<String>,
    /// The name of the authority, in the provider's words.
    pub authority: Option<String>,
}

/// All issuing authorities of the world fit: there are fewer than 300 jurisdictions, with a few certificates each.
const MOST_ENTRIES: usize = 5000;
/// 5000 certificates of 1 KiB with their copies, read twice.
const MOST_BYTES: usize = 32 << 20;
/// A clock may be wrong by this many seconds.
const SKEW: i64 = 60;
/// The tag of a positive bignum (RFC 8949 §3.4.3).
const TAG_BIGNUM: u64 = 2;

/// Whether bytes are a `COSE_Sign1` with what looks like such a list in it; unverified.
pub fn is_vical(bytes: &[u8]) -> bool {
    let mut budget = Budget::new(MOST_BYTES, 16, 500_000);
    let message = UnverifiedSign1::parse(bytes, &mut budget).ok();
    let payload = message.as_ref().and_then(UnverifiedSign1::inspect);
    let map = payload.and_then(|payload| Cbor::parse(payload, &mut budget).ok());
    map.is_some_and(|map| map.get("certificateInfos").is_some())
}

impl Vical {
    /// A list to be signed, without entries.
    pub fn new(provider: impl Into<String>, date: Timestamp) -> Self {
        Self {
            provider: provider.into(),
            date,
            issue: None,
            next_update: None,
            entries: Vec::new(),
        }
    }

    /// Checks a list: the signature of a provider that `trust` has an anchor for in [`Role::VicalProviders`], its time,
    /// that it is not older than the one of number `last`, and every entry.
    pub fn verify(bytes: &[u8], trust: &TrustStore, last: Option<u64>, now: Timestamp) -> Result<Self, VicalError> {
        let mut budget = Budget::new(MOST_BYTES, 16, 500_000);
        let message = UnverifiedSign1::parse(bytes, &mut budget)?;
        let chain = message.x5chain()?.ok_or(VicalError::ChainMissing)?;
        let path = trust.validate(Role::VicalProviders, &chain, now, &|anchor, below| {
            let anchor = anchor.above(below);
            let (policy, profile) = (ProfilePolicy::Protective, CertificateProfile::VicalSigner);
            profile::enforce(policy, profile, below, anchor, &Subject::default())
        })?;
        let leaf = &path[0];
        // Annex C.1.7.2: a certificate for this purpose, and not one without a purpose.
        let purposes = leaf.extended_key_usage();
        if !purposes.iter().any(|id| purpose::VICAL_SIGNER.contains(&id.as_str())) {
            return Err(VicalError::NotASigner);
        }
        let key = leaf.public_key().map_err(TrustError::from)?;
        let message = message.verify(key, b"", None)?;
        let payload = message.payload().ok_or(VicalError::Malformed("payload"))?;
        let list = Self::read(&Cbor::parse(payload, &mut budget)?)?;
        if list.date > now.plus(SKEW) {
            return Err(VicalError::FromFuture { date: list.date });
        }
        if let Some(next_update) = list.next_update
            && now >= next_update
        {
            return Err(VicalError::Expired { next_update });
        }
        // One without a number may be of any age: after a numbered one it counts as the first.
        if let Some(last) = last {
            let issue = list.issue.unwrap_or(0);
            if issue < last {
                return Err(VicalError::GoesBack { issue, last });
            }
        }
        Ok(list)
    }

    fn read(list: &Cbor<'_>) -> Result<Self, VicalError> {
        list.as_map().ok_or(VicalError::Malformed("VICAL"))?;
        // Annex C.1.7.1: later minor versions add members and change none.
        let version = list.get("version").and_then(Cbor::as_str);
        let version = version.ok_or(VicalError::Malformed("version"))?;
        if version.split('.').next() != Some("1") {
            return Err(VicalError::Version);
        }
        let provider = list.get("vicalProvider").and_then(Cbor::as_str);
        let issue = list.get("vicalIssueID").map(Cbor::as_u64);
        let entries = list.get("certificateInfos").and_then(Cbor::as_array);
        let entries = entries.ok_or(VicalError::Malformed("certificateInfos"))?;
        if entries.len() > MOST_ENTRIES {
            return Err(VicalError::TooMany {
                found: entries.len(),
                limit: MOST_ENTRIES,
            });
        }
        let mut read = Self {
            issue: issue
                .map(|issue| issue.ok_or(VicalError::Malformed("vicalIssueID")))
                .transpose()?,
            next_update: time(list, "nextUpdate")?,
            ..Self::new(
                provider.ok_or(VicalError::Malformed("vicalProvider"))?,
                time(list, "date")?.ok_or(VicalError::Malformed("date"))?,
            )
        };
        let mut known = BTreeSet::new();
        for (position, entry) in entries.iter().enumerate() {
            let entry = VicalEntry::read(entry).map_err(|fault| VicalError::Entry { position, fault })?;
            if !known.insert(entry.certificate.sha256()) {
                return Err(VicalError::Entry {
                    position,
                    fault: EntryFault::Duplicate,
                });
            }
            read.entries.push(entry);
        }
        Ok(read)
    }

    /// The list without its signature. `chain`, leaf first and without the anchor, goes along.
    pub fn unsigned(&self, algorithm: SignatureAlgorithm, chain: &[Certificate]) -> UnsignedSign1 {
        let date = |at: Timestamp| CborValue::date_time(at.to_string());
        let mut list = vec![
            ("version", CborValue::text("1.0")),
            ("vicalProvider", CborValue::text(self.provider.as_str())),
            ("date", date(self.date)),
        ];
        list.extend(self.issue.map(|issue| ("vicalIssueID", CborValue::from(issue))));
        list.extend(self.next_update.map(|at| ("nextUpdate", date(at))));
        let entries = self.entries.iter().map(VicalEntry::write);
        list.push(("certificateInfos", CborValue::array(entries)));
        let chain: Vec<Vec<u8>> = chain.iter().map(|certificate| certificate.der().to_vec()).collect();
        UnsignedSign1::new(algorithm, CborValue::map(list).encode()).x5chain(&chain)
    }

    /// Signs with a key in memory.
    pub fn sign(&self, key: &SigningKey, chain: &[Certificate]) -> Vec<u8> {
        self.unsigned(key.algorithm(), chain).sign(key).encode()
    }

    /// The authorities as anchors for [`Role::Issuers`], each good for its document types.
    pub fn anchors(&self) -> impl Iterator<Item = Anchor> {
        self.entries
            .iter()
            .map(|entry| Anchor::certificate(entry.certificate.clone()).for_types(entry.doctypes.iter().cloned()))
    }
}

impl TrustStore {
    /// Adds the authorities of a list, each good for its document types.
    pub fn add_vical(&mut self, list: &Vical) -> Result<(), TrustError> {
        list.anchors().try_for_each(|anchor| self.add(Role::Issuers, anchor))
    }
}

impl VicalEntry {
    /// An entry for a certificate.
    pub fn new<S: Into<String>>(certificate: Certificate, doctypes: impl IntoIterator<Item = S>) -> Self {
        Self {
            certificate,
            doctypes: doctypes.into_iter().map(Into::into).collect(),
            profiles: Vec::new(),
            authority: None,
        }
    }

    fn read(entry: &Cbor<'_>) -> Result<Self, EntryFault> {
        let bad = EntryFault::Malformed;
        entry.as_map().ok_or(bad("certificateInfo"))?;
        let bytes = |name: &'static str| match entry.get(name) {
            Some(value) => value.as_bytes().map(Some).ok_or(bad(name)),
            None => Ok(None),
        };
        let der = bytes("certificate")?.ok_or(bad("certificate"))?;
        let certificate = Certificate::parse(der).map_err(EntryFault::Certificate)?;
        // What stands beside the certificate is what readers sort and search by: it must be what the certificate says.
        let serial = entry.get("serialNumber").ok_or(bad("serialNumber"))?;
        let serial = unsigned(serial).ok_or(bad("serialNumber"))?;
        if trimmed(&serial) != trimmed(certificate.serial_number()) {
            return Err(EntryFault::Differs("serialNumber"));
        }
        let ski = bytes("ski")?.ok_or(bad("ski"))?;
        if certificate.subject_key_id() != Some(ski) {
            return Err(EntryFault::Differs("ski"));
        }
        for (name, own) in [("issuer", certificate.issuer()), ("subject", certificate.subject())] {
            if bytes(name)?.is_some_and(|stated| stated != own) {
                return Err(EntryFault::Differs(name));
            }
        }
        let times = [
            ("notBefore", certificate.not_before()),
            ("notAfter", certificate.not_after()),
        ];
        for (name, own) in times {
            let stated = time(entry, name).map_err(|_| bad(name))?;
            if stated.is_some_and(|stated| stated != own) {
                return Err(EntryFault::Differs(name));
            }
        }
        let text = |name: &'static str| match entry.get(name) {
            Some(value) => value.as_str().map(Some).ok_or(bad(name)),
            None => Ok(None),
        };
        // ISO 3166-1, or 3166-2, which begins with it.
        if let (Some(stated), Some(own)) = (text("issuingCountry")?, certificate.country())
            && !stated
                .split('-')
                .next()
                .is_some_and(|stated| stated.eq_ignore_ascii_case(own))
        {
            return Err(EntryFault::Differs("issuingCountry"));
        }
        if !certificate.may_sign_certificates() {
            return Err(EntryFault::NotAnAuthority);
        }
        let doctypes = texts(entry, "docType")?.filter(|doctypes| !doctypes.is_empty());
        Ok(Self {
            doctypes: doctypes.ok_or(bad("docType"))?,
            profiles: texts(entry, "certificateProfile")?.unwrap_or_default(),
            authority: text("issuingAuthority")?.map(str::to_owned),
            certificate,
        })
    }

    fn write(&self) -> CborValue {
        let texts = |texts: &[String]| CborValue::array(texts.iter().map(|text| CborValue::text(text.as_str())));
        let serial = CborValue::bytes(trimmed(self.certificate.serial_number()));
        let mut entry = vec![
            ("certificate", CborValue::bytes(self.certificate.der())),
            ("serialNumber", CborValue::tag(TAG_BIGNUM, serial)),
            (
                "ski",
                CborValue::bytes(self.certificate.subject_key_id().unwrap_or_default()),
            ),
            ("docType", texts(&self.doctypes)),
        ];
        if !self.profiles.is_empty() {
            entry.push(("certificateProfile", texts(&self.profiles)));
        }
        let text = |text: &str| CborValue::text(text);
        entry.extend(self.authority.as_deref().map(|name| ("issuingAuthority", text(name))));
        entry.extend(
            self.certificate
                .country()
                .map(|country| ("issuingCountry", text(country))),
        );
        CborValue::map(entry)
    }
}

/// A number of any size, big-endian.
fn unsigned(value: &Cbor<'_>) -> Option<Vec<u8>> {
    match value.tagged() {
        Some((TAG_BIGNUM, bytes)) => bytes.as_bytes().map(<[u8]>::to_vec),
        Some(_) => None,
        None => value.as_u64().map(|number| number.to_be_bytes().to_vec()),
    }
}

fn trimmed(number: &[u8]) -> &[u8] {
    &number[number.iter().take_while(|byte| **byte == 0).count()..]
}

/// A `tdate`.
fn time(map: &Cbor<'_>, name: &'static str) -> Result<Option<Timestamp>, VicalError> {
    let Some(value) = map.get(name) else {
        return Ok(None);
    };
    let text = match value.tagged() {
        Some((TAG_DATE_TIME, text)) => text.as_str(),
        _ => None,
    };
    let at = text.and_then(|text| Timestamp::parse(text).ok());
    at.map(Some).ok_or(VicalError::Malformed(name))
}

fn texts(map: &Cbor<'_>, name: &'static str) -> Result<Option<Vec<String>>, EntryFault> {
    let Some(value) = map.get(name) else {
        return Ok(None);
    };
    let texts = value.as_array().and_then(|items| {
        let texts = items.iter().map(|item| item.as_str().map(str::to_owned));
        texts.collect::<Option<Vec<_>>>()
    });
    texts.map(Some).ok_or(EntryFault::Malformed(name))
}

/// A list of issuing authorities that is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VicalError {
    /// Not acceptable CBOR.
    Cbor(CborError),
    /// It does not carry the certificates of its signer.
    ChainMissing,
    /// The envelope.
    Cose(CoseError),
    /// An entry.
    Entry {
        /// Which.
        position: usize,
        /// What is wrong with it.
        fault: EntryFault,
    },
    /// A newer one had to be there.
    Expired {
        /// Since when.
        next_update: Timestamp,
    },
    /// It is from the future.
    FromFuture {
        /// When it says it was made.
        date: Timestamp,
    },
    /// It is older than the one known.
    GoesBack {
        /// Its number.
        issue: u64,
        /// That of the one known.
        last: u64,
    },
    /// A member that is missing or does not hold what it should.
    Malformed(&'static str),
    /// The certificate of the signer was not made for signing such lists.
    NotASigner,
    /// More entries than the world has authorities.
    TooMany {
        /// How many.
        found: usize,
        /// How many are allowed.
        limit: usize,
    },
    /// Nobody vouches for the provider.
    Trust(TrustError),
    /// A version that is not understood.
    Version,
}

/// What is wrong with an entry of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EntryFault {
    /// Its certificate cannot be read.
    Certificate(CertificateError),
    /// What it says of the certificate is not what the certificate says.
    Differs(&'static str),
    /// The certificate stood in the list before.
    Duplicate,
    /// A member that is missing or does not hold what it should.
    Malformed(&'static str),
    /// The certificate is not that of an authority.
    NotAnAuthority,
}

impl VicalError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Cbor(error) => error.code(),
            Self::ChainMissing => "vical.chain_missing",
            Self::Cose(error) => error.code(),
            Self::Entry { fault, .. } => match fault {
                EntryFault::Certificate(error) => error.code(),
                EntryFault::Differs(_) => "vical.entry_differs",
                EntryFault::Duplicate => "vical.entry_duplicate",
                EntryFault::Malformed(_) => "vical.entry_malformed",
                EntryFault::NotAnAuthority => "vical.entry_not_an_authority",
            },
            Self::Expired { .. } => "vical.expired",
            Self::FromFuture { .. } => "vical.from_future",
            Self::GoesBack { .. } => "vical.goes_back",
            Self::Malformed(_) => "vical.malformed",
            Self::NotASigner => "vical.not_a_signer",
            Self::TooMany { .. } => "vical.too_many",
            Self::Trust(error) => error.code(),
            Self::Version => "vical.version",
        }
    }
}

impl From<CborError> for VicalError {
    fn from(error: CborError) -> Self {
        Self::Cbor(error)
    }
}

impl From<CoseError> for VicalError {
    fn from(error: CoseError) -> Self {
        Self::Cose(error)
    }
}

impl From<TrustError> for VicalError {
    fn from(error: TrustError) -> Self {
        Self::Trust(error)
    }
}

impl fmt::Display for VicalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cbor(error) => error.fmt(f),
            Self::ChainMissing => f.write_str("the list does not carry the certificates of its signer"),
            Self::Cose(error) => error.fmt(f),
            Self::Entry { position, fault } => write!(f, "entry {position} of the list: {fault}"),
            Self::Expired { next_update } => write!(f, "the list ended: a newer one is due since {next_update}"),
            Self::FromFuture { date } => write!(f, "the list is made in the future, at {date}"),
            Self::GoesBack { issue, last } => write!(f, "the list has number {issue}, {last} is known"),
            Self::Malformed(name) => write!(f, "member `{name}` of the list is malformed"),
            Self::NotASigner => f.write_str("the signer's certificate was not made for lists of authorities"),
            Self::TooMany { found, limit } => write!(f, "the list has {found} entries, {limit} are allowed"),
            Self::Trust(error) => write!(f, "provider of the list: {error}"),
            Self::Version => f.write_str("the version of the list is not supported"),
        }
    }
}

impl fmt::Display for EntryFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate(error) => error.fmt(f),
            Self::Differs(name) => write!(f, "`{name}` is not what the certificate says"),
            Self::Duplicate => f.write_str("the certificate is there twice"),
            Self::Malformed(name) => write!(f, "member `{name}` is malformed"),
            Self::NotAnAuthority => f.write_str("the certificate is not that of an authority"),
        }
    }
}

impl std::error::Error for VicalError {}

#[cfg(test)]
mod tests;
