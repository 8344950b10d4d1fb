//! The wire form (ISO 18013-5 §8.3.2.1.2.2): `IssuerSigned`, and `DeviceSigned` where it came in a response.

use std::collections::HashSet;
use std::sync::OnceLock;

use crate::codec::base64url;
use crate::codec::cbor::{Reader, TAG_DATE_TIME, TAG_FULL_DATE};
use crate::codec::{Budget, Cbor};
use crate::envelope::cose::{UnverifiedMac0, UnverifiedSign1};
use crate::time::Timestamp;

use super::mso::{MobileSecurityObject, checked_digest_id, digest_id};
use super::read::{Span, bytes, embedded, map, member, text};
use super::{Device, DeviceAuth, ElementError, Item, Mdoc, MdocError, Namespace, Unverified};

/// ISO 18013-5 §9.1.2.5: `random` has at least 16 bytes, or the digest would betray the value.
pub(super) const LEAST_RANDOM: usize = 16;

/// Above this many elements a set looks for equal names.
const COMPARED_IN_PAIRS: usize = 32;

impl Unverified<Mdoc> {
    /// Parses an encoded `IssuerSigned`, as an issuer hands it out and a wallet stores it.
    ///
    /// What is refused here is no mdoc, or one that no issuer could mean; whether it is true is for
    /// [`Unverified::verify`] to say.
    pub fn parse(issuer_signed: &[u8], budget: &mut Budget) -> Result<Self, MdocError> {
        Mdoc::read(&Cbor::parse(issuer_signed, budget)?, budget).map(Self::new)
    }

    /// As [`Unverified::<Mdoc>::parse`], from base64url (OpenID4VCI 1.0 Appendix A.2.4).
    pub fn parse_base64url(text: &str, budget: &mut Budget) -> Result<Self, MdocError> {
        Self::parse(&base64url::decode(text)?, budget)
    }

    /// The document type, UNVERIFIED.
    pub fn doctype(&self) -> &str {
        self.inner().doctype()
    }

    /// Whether the device signed it in answer to a request: such a one comes from a response.
    pub fn has_device_authentication(&self) -> bool {
        self.inner().device.is_some()
    }
}

impl Mdoc {
    /// Reads a parsed `IssuerSigned`; its bytes are copied once, and everything else points into them.
    fn read(issuer_signed: &Cbor<'_>, budget: &mut Budget) -> Result<Self, MdocError> {
        let members = map(issuer_signed, "IssuerSigned")?;
        let auth = member(issuer_signed, "issuerAuth")?;
        // §8.3.2.1.2.2 lists all members. Elements under any other name would be left out without a word.
        let known = |name: &Cbor<'_>| matches!(name.as_str(), Some("issuerAuth" | "nameSpaces"));
        if !members.iter().all(|(name, _)| known(name)) {
            return Err(MdocError::UnknownMember("IssuerSigned"));
        }
        let whole = issuer_signed.raw();
        let namespaces = match issuer_signed.get("nameSpaces") {
            Some(namespaces) => read_namespaces(namespaces, whole, budget)?,
            None => Vec::new(),
        };
        Ok(Self {
            issuer_auth: UnverifiedSign1::from_cbor(auth, budget).map_err(MdocError::IssuerAuth)?,
            auth: Span::of(auth.raw(), whole),
            mso: read_mso(auth, whole, budget)?,
            namespaces,
            device: None,
            errors: Vec::new(),
            depth: budget.depth(),
            received: whole.to_vec(),
            holder_key: OnceLock::new(),
            claims: OnceLock::new(),
            device_claims: OnceLock::new(),
        })
    }

    /// Reads one of the `documents` of a response (§8.3.2.1.2.2): with `docType` and, if there, `deviceSigned`.
    pub(super) fn read_document(document: &Cbor<'_>, budget: &mut Budget) -> Result<Self, MdocError> {
        map(document, "documents")?;
        let doc_type = text(member(document, "docType")?, "docType")?;
        let mut mdoc = Self::read(member(document, "issuerSigned")?, budget)?;
        if doc_type != mdoc.doctype() {
            return Err(MdocError::DocTypeMismatch);
        }
        if let Some(device_signed) = document.get("deviceSigned") {
            mdoc.device = Some(Box::new(Device::read(device_signed, budget)?));
        }
        if let Some(errors) = document.get("errors") {
            for (namespace, errors) in map(errors, "errors")? {
                for (element, code) in map(errors, "errors")? {
                    mdoc.errors.push(ElementError {
                        namespace: text(namespace, "errors")?.to_owned(),
                        element: text(element, "errors")?.to_owned(),
                        code: code.as_i64().ok_or(MdocError::BadMember("errors"))?,
                    });
                }
            }
        }
        Ok(mdoc)
    }
}

/// The payload of `issuerAuth` is `#6.24(bstr .cbor MobileSecurityObject)` (§9.1.2.4).
fn read_mso(issuer_auth: &Cbor<'_>, whole: &[u8], budget: &mut Budget) -> Result<MobileSecurityObject, MdocError> {
    const NAME: &str = "MobileSecurityObject";
    let untagged = issuer_auth.tagged().map_or(issuer_auth, |(_, content)| content);
    let parts = untagged.as_array().ok_or(MdocError::BadMember("issuerAuth"))?;
    let payload = bytes(parts.get(2).ok_or(MdocError::BadMember("issuerAuth"))?, NAME)?;
    let payload = Cbor::parse(payload, budget)?;
    let object = Cbor::parse(embedded(&payload, NAME)?, budget)?;
    MobileSecurityObject::read(&object, whole)
}

fn read_namespaces(namespaces: &Cbor<'_>, whole: &[u8], budget: &mut Budget) -> Result<Vec<Namespace>, MdocError> {
    const NAME: &str = "nameSpaces";
    let mut found = Vec::new();
    for (name, items) in map(namespaces, NAME)? {
        let list = items.as_array().ok_or(MdocError::BadMember(NAME))?;
        let items: Vec<Item> = list
            .iter()
            .map(|item| Item::read(item, whole, budget))
            .collect::<Result<_, _>>()?;
        check_unique(&items, whole)?;
        found.push(Namespace {
            name: Span::of(text(name, NAME)?.as_bytes(), whole),
            items,
        });
    }
    Ok(found)
}

/// The members of an `IssuerSignedItem`.
struct Members<'a> {
    digest_id: u32,
    random: &'a [u8],
    identifier: &'a str,
    value: Cbor<'a>,
}

impl<'a> Members<'a> {
    fn read(item: &'a [u8], budget: &mut Budget) -> Result<Self, MdocError> {
        // Almost every item has the four members, each once: then no tree is needed.
        let mut trial = budget.clone();
        if let Some(members) = Self::read_plain(item, &mut trial) {
            *budget = trial;
            return Ok(members);
        }
        let item = Cbor::parse(item, budget)?;
        map(&item, "IssuerSignedItem")?;
        Ok(Self {
            digest_id: digest_id(member(&item, "digestID")?)?,
            random: bytes(member(&item, "random")?, "random")?,
            identifier: text(member(&item, "elementIdentifier")?, "elementIdentifier")?,
            value: member(&item, "elementValue")?.clone(),
        })
    }

    /// Reads four members that are as they should be; whatever is not, is left to the tree to name.
    fn read_plain(item: &'a [u8], budget: &mut Budget) -> Option<Self> {
        let mut reader = Reader::new(item, budget).ok()?;
        if reader.map()? != 4 {
            return None;
        }
        let (mut id, mut random, mut identifier, mut value) = (None, None, None, None);
        for _ in 0..4 {
            // Four members that are all there after four rounds: none came twice.
            match reader.name()? {
                b"digestID" => id = Some(reader.unsigned()?),
                b"random" => random = Some(reader.bytes()?),
                b"elementIdentifier" => identifier = Some(reader.text()?),
                b"elementValue" => value = Some(reader.item().ok()?),
                _ => return None,
            }
        }
        reader.finish().ok()?;
        Some(Self {
            digest_id: checked_digest_id(id?).ok()?,
            random: random?,
            identifier: identifier?,
            value: value?,
        })
    }
}

impl Item {
    fn read(tagged: &Cbor<'_>, whole: &[u8], budget: &mut Budget) -> Result<Self, MdocError> {
        let item = Members::read(embedded(tagged, "IssuerSignedItem")?, budget)?;
        if item.random.len() < LEAST_RANDOM {
            return Err(MdocError::RandomTooShort {
                length: item.random.len(),
                limit: LEAST_RANDOM,
            });
        }
        check_dates(&item.value)?;
        Ok(Self {
            tagged: Span::of(tagged.raw(), whole),
            digest_id: item.digest_id,
            identifier: Span::of(item.identifier.as_bytes(), whole),
            value: Span::of(item.value.raw(), whole),
        })
    }
}

/// No `digestID` and no element twice in a namespace: two readers would take different ones.
fn check_unique(items: &[Item], whole: &[u8]) -> Result<(), MdocError> {
    if items.len() <= COMPARED_IN_PAIRS {
        for (position, item) in items.iter().enumerate() {
            let before = &items[..position];
            if before.iter().any(|other| other.digest_id == item.digest_id) {
                return Err(MdocError::DigestIdRepeated);
            }
            let name = item.identifier.bytes(whole);
            let is_same = |other: &[u8]| other.len() == name.len() && other.last() == name.last() && other == name;
            if before.iter().any(|other| is_same(other.identifier.bytes(whole))) {
                return Err(MdocError::ElementRepeated);
            }
        }
        return Ok(());
    }
    let (mut ids, mut names) = (HashSet::new(), HashSet::new());
    for item in items {
        if !ids.insert(item.digest_id) {
            return Err(MdocError::DigestIdRepeated);
        }
        if !names.insert(item.identifier.bytes(whole)) {
            return Err(MdocError::ElementRepeated);
        }
    }
    Ok(())
}

/// A value that says it is a date is one (§7.2.1): `tdate` is RFC 3339, `full-date` is a day.
fn check_dates(value: &Cbor<'_>) -> Result<(), MdocError> {
    if let Some((tag, content)) = value.tagged() {
        let is_date = match tag {
            TAG_DATE_TIME => content
                .as_str()
                .is_some_and(|text| text.len() > 10 && Timestamp::parse(text).is_ok()),
            TAG_FULL_DATE => content
                .as_str()
                .is_some_and(|text| text.len() == 10 && Timestamp::parse(text).is_ok()),
            _ => return check_dates(content),
        };
        return if is_date {
            Ok(())
        } else {
            Err(MdocError::BadDate("elementValue"))
        };
    }
    if let Some(items) = value.as_array() {
        return items.iter().try_for_each(check_dates);
    }
    let pairs = value.as_map().unwrap_or_default();
    pairs.iter().try_for_each(|(_, value)| check_dates(value))
}

impl Device {
    fn read(device_signed: &Cbor<'_>, budget: &mut Budget) -> Result<Self, MdocError> {
        map(device_signed, "deviceSigned")?;
        let namespaces = member(device_signed, "nameSpaces")?;
        let mut elements = Vec::new();
        let inner = Cbor::parse(embedded(namespaces, "DeviceNameSpaces")?, budget)?;
        for (namespace, items) in map(&inner, "DeviceNameSpaces")? {
            let namespace = text(namespace, "DeviceNameSpaces")?;
            for (identifier, value) in map(items, "DeviceSignedItems")? {
                check_dates(value)?;
                let identifier = text(identifier, "DeviceSignedItems")?;
                elements.push((namespace.to_owned(), identifier.to_owned(), value.to_value()));
            }
        }
        let auth = member(device_signed, "deviceAuth")?;
        map(auth, "deviceAuth")?;
        // §9.1.3.4: exactly one of the two.
        let auth = match (auth.get("deviceSignature"), auth.get("deviceMac")) {
            (Some(signature), None) => {
                let signature = UnverifiedSign1::from_cbor(signature, budget);
                DeviceAuth::Signature(signature.map_err(MdocError::DeviceAuth)?)
            }
            (None, Some(mac)) => {
                let mac = UnverifiedMac0::from_cbor(mac, budget);
                DeviceAuth::Mac(mac.map_err(MdocError::DeviceAuth)?)
            }
            _ => return Err(MdocError::DeviceAuthForms),
        };
        Ok(Self {
            namespaces: Span::of(namespaces.raw(), device_signed.raw()),
            received: device_signed.raw().to_vec(),
            elements,
            auth,
        })
    }
}
