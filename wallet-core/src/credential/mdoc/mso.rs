//! The mobile security object: what the issuer signed (ISO 18013-5 §9.1.2.4).

use crate::codec::{Budget, Cbor, CborValue, Json};
use crate::crypto::HashAlgorithm;
use crate::keys::{CoseKeyError, PublicKey};
use crate::time::{Timestamp, Validity};

use super::read::{Span, bytes, map, member, tdate, text};
use super::{MdocError, StatusListReference, StatusReferenceError};

/// A mobile security object; its digests stay where they were received.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct MobileSecurityObject {
    pub(super) hash: HashAlgorithm,
    pub(super) doc_type: Span,
    digests: Vec<(Span, Digests)>,
    /// `deviceKey`, encoded: who judges at rest does not need it, and checking the point takes time.
    device_key: Span,
    pub(super) authorizations: KeyAuthorizations,
    pub(super) validity: ValidityInfo,
    /// `status`, if there is one.
    status: Option<CborValue>,
}

/// The digests of a namespace by their id, in its order.
pub(super) type Digests = Vec<(u32, Span)>;

/// `ValidityInfo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ValidityInfo {
    pub(super) signed: Timestamp,
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
    pub(super) expected_update: Option<Timestamp>,
}

/// What the device's key may sign by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct KeyAuthorizations {
    namespaces: Vec<String>,
    elements: Vec<(String, Vec<String>)>,
}

impl MobileSecurityObject {
    /// Reads the object, which stands in `whole`.
    pub(super) fn read(object: &Cbor<'_>, whole: &[u8]) -> Result<Self, MdocError> {
        map(object, "MobileSecurityObject")?;
        if text(member(object, "version")?, "version")? != "1.0" {
            return Err(MdocError::Version("MobileSecurityObject"));
        }
        let hash = match text(member(object, "digestAlgorithm")?, "digestAlgorithm")? {
            "SHA-256" => HashAlgorithm::Sha256,
            "SHA-384" => HashAlgorithm::Sha384,
            "SHA-512" => HashAlgorithm::Sha512,
            _ => return Err(MdocError::DigestAlgorithm),
        };
        let digests = map(member(object, "valueDigests")?, "valueDigests")?
            .iter()
            .map(|(namespace, digests)| {
                let namespace = text(namespace, "valueDigests")?;
                Ok((
                    Span::of(namespace.as_bytes(), whole),
                    read_digests(digests, hash, whole)?,
                ))
            })
            .collect::<Result<_, MdocError>>()?;
        let key_info = member(object, "deviceKeyInfo")?;
        let device_key = member(key_info, "deviceKey")?;
        map(device_key, "deviceKey")?;
        let authorizations = match key_info.get("keyAuthorizations") {
            Some(authorizations) => KeyAuthorizations::read(authorizations)?,
            None => KeyAuthorizations::default(),
        };
        Ok(Self {
            hash,
            doc_type: Span::of(text(member(object, "docType")?, "docType")?.as_bytes(), whole),
            digests,
            device_key: Span::of(device_key.raw(), whole),
            authorizations,
            validity: ValidityInfo::read(member(object, "validityInfo")?)?,
            status: object.get("status").map(Cbor::to_value),
        })
    }

    /// The digests of a namespace; none if the issuer signed none for it.
    pub(super) fn digests(&self, namespace: &str, whole: &[u8]) -> &[(u32, Span)] {
        let mut found = self.digests.iter();
        let found = found.find(|(name, _)| name.bytes(whole) == namespace.as_bytes());
        found.map_or(&[], |(_, digests)| digests)
    }

    /// The namespaces that have digests.
    pub(super) fn namespaces<'a>(&'a self, whole: &'a [u8]) -> impl Iterator<Item = &'a str> {
        self.digests.iter().map(|(name, _)| name.text(whole))
    }

    /// All digests, of elements that came along and of others.
    pub(super) fn all_digests<'a>(&'a self, whole: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let digests = self.digests.iter().flat_map(|(_, digests)| digests);
        digests.map(move |(_, digest)| digest.bytes(whole))
    }

    /// `deviceKey`.
    pub(super) fn read_device_key(&self, whole: &[u8]) -> Result<PublicKey, CoseKeyError> {
        PublicKey::parse_cose_key(self.device_key.bytes(whole), &mut Budget::default())
    }

    /// Where the status is kept (ISO 18013-5 second edition §9.1.2.6, Token Status List §6.3). A mechanism that is not
    /// understood is an error, never "no status".
    pub(super) fn status_reference(&self) -> Result<Option<StatusListReference>, StatusReferenceError> {
        self.status.as_ref().map(StatusListReference::from_mdoc).transpose()
    }

    /// `status` as JSON.
    pub(super) fn status_json(&self) -> Option<Json> {
        self.status.as_ref().map(CborValue::to_json)
    }

    /// When it may be used.
    pub(super) fn window(&self) -> Validity {
        Validity::new(Some(self.validity.from), Some(self.validity.until))
    }
}

fn read_digests(digests: &Cbor<'_>, hash: HashAlgorithm, whole: &[u8]) -> Result<Digests, MdocError> {
    let pairs = map(digests, "valueDigests")?;
    let mut found = Vec::with_capacity(pairs.len());
    for (id, digest) in pairs {
        let digest = bytes(digest, "valueDigests")?;
        if digest.len() != hash.length() {
            return Err(MdocError::DigestLength);
        }
        found.push((digest_id(id)?, Span::of(digest, whole)));
    }
    // Ids are unique, since keys of a map are; most issuers write them in order.
    found.sort_unstable_by_key(|(id, _)| *id);
    Ok(found)
}

pub(super) fn digest_id(value: &Cbor<'_>) -> Result<u32, MdocError> {
    checked_digest_id(value.as_u64().ok_or(MdocError::BadMember("digestID"))?)
}

/// ISO 18013-5 §9.1.2.4 has ids below 2^31, and those we write are. Issuers in the field draw 32 bits; nothing but the
/// id's being unique protects anything, so theirs are read.
pub(super) fn checked_digest_id(id: u64) -> Result<u32, MdocError> {
    u32::try_from(id).map_err(|_| MdocError::DigestIdRange)
}

impl ValidityInfo {
    fn read(info: &Cbor<'_>) -> Result<Self, MdocError> {
        map(info, "validityInfo")?;
        let info = Self {
            signed: tdate(member(info, "signed")?, "signed")?,
            from: tdate(member(info, "validFrom")?, "validFrom")?,
            until: tdate(member(info, "validUntil")?, "validUntil")?,
            expected_update: match info.get("expectedUpdate") {
                Some(at) => Some(tdate(at, "expectedUpdate")?),
                None => None,
            },
        };
        info.check_order()?;
        Ok(info)
    }

    /// ISO 18013-5 §9.1.2.4: `validFrom` is not before `signed`, and `validUntil` is after `validFrom`.
    pub(super) fn check_order(&self) -> Result<(), MdocError> {
        if self.signed <= self.from && self.from < self.until {
            Ok(())
        } else {
            Err(MdocError::ValidityOrder)
        }
    }
}

impl KeyAuthorizations {
    /// Whole namespaces, and single elements of others.
    pub(super) fn new(namespaces: Vec<String>, elements: Vec<(String, Vec<String>)>) -> Result<Self, MdocError> {
        // ISO 18013-5 §9.1.2.4: a namespace that is authorised as a whole is not in `dataElements`.
        if elements.iter().any(|(namespace, _)| namespaces.contains(namespace)) {
            return Err(MdocError::KeyAuthorizationsOverlap);
        }
        Ok(Self { namespaces, elements })
    }

    fn read(value: &Cbor<'_>) -> Result<Self, MdocError> {
        const NAME: &str = "keyAuthorizations";
        let names = |list: &Cbor<'_>| {
            let list = list.as_array().ok_or(MdocError::BadMember(NAME))?;
            list.iter()
                .map(|name| text(name, NAME).map(str::to_owned))
                .collect::<Result<Vec<_>, _>>()
        };
        map(value, NAME)?;
        let namespaces = value.get("nameSpaces").map(names).transpose()?;
        let mut elements = Vec::new();
        if let Some(list) = value.get("dataElements") {
            for (namespace, list) in map(list, NAME)? {
                elements.push((text(namespace, NAME)?.to_owned(), names(list)?));
            }
        }
        Self::new(namespaces.unwrap_or_default(), elements)
    }

    /// Whether the device's key may sign this element.
    pub(super) fn allow(&self, namespace: &str, element: &str) -> bool {
        self.namespaces.iter().any(|name| name == namespace)
            || self
                .elements
                .iter()
                .any(|(name, elements)| name == namespace && elements.iter().any(|name| name == element))
    }

    /// The CBOR form; `None` if nothing is authorised.
    #[cfg(feature = "issuer")]
    pub(super) fn to_value(&self) -> Option<CborValue> {
        let names = |names: &[String]| CborValue::array(names.iter().map(|name| CborValue::text(name.as_str())));
        let mut members = Vec::new();
        if !self.namespaces.is_empty() {
            members.push(("nameSpaces", names(&self.namespaces)));
        }
        if !self.elements.is_empty() {
            let elements = self.elements.iter();
            let elements = elements.map(|(namespace, list)| (namespace.as_str(), names(list)));
            members.push(("dataElements", CborValue::map(elements)));
        }
        (!members.is_empty()).then(|| CborValue::map(members))
    }
}
