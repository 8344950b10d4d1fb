//! Claims of a type as elements of an mdoc and back, as the type's data file says.
//!
//! One set of values serves both formats. What has no place in the other format is told, never dropped silently.

use std::fmt;

use super::credential_type::{CredentialType, Encoding};
use crate::codec::{CborValue, Json, Object, base64url};
use crate::credential::{ClaimPath, PathElement};
use crate::time::{FullDate, Timestamp};

/// One element of an mdoc, before it is signed.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MdocElement {
    /// The name space.
    pub namespace: String,
    /// The element identifier.
    pub identifier: String,
    /// The value.
    pub value: CborValue,
}

impl MdocElement {
    /// An element.
    pub fn new(namespace: impl Into<String>, identifier: impl Into<String>, value: CborValue) -> Self {
        Self {
            namespace: namespace.into(),
            identifier: identifier.into(),
            value,
        }
    }
}

impl fmt::Debug for MdocElement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MdocElement({} {}, redacted)", self.namespace, self.identifier)
    }
}

/// Claims as elements.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MdocElements {
    /// The elements.
    pub elements: Vec<MdocElement>,
    /// Claims that have no element.
    pub left_out: Vec<ClaimPath>,
}

/// Elements as claims, under the names of the SD-JWT VC.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MdocClaims {
    /// The claims.
    pub claims: Object,
    /// Elements that have no claim, as name space and identifier.
    pub left_out: Vec<ClaimPath>,
}

impl fmt::Debug for MdocClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MdocClaims({} claims)", self.claims.len())
    }
}

/// What SD-JWT VC says beside the claims about the person; an mdoc says it elsewhere, or not at all.
const TECHNICAL: [&str; 13] = [
    "_sd",
    "_sd_alg",
    "aud",
    "cnf",
    "exp",
    "iat",
    "iss",
    "jti",
    "nbf",
    "status",
    "sub",
    "vct",
    "vct#integrity",
];

impl CredentialType {
    /// The elements of an mdoc with these claims.
    pub fn to_mdoc_elements(&self, claims: &Object) -> Result<MdocElements, MappingError> {
        let mut mapped = MdocElements::default();
        for (name, value) in claims.iter().filter(|(name, _)| !TECHNICAL.contains(name)) {
            let path = ClaimPath::of_keys(name, &[]);
            match value {
                // An object that is no element itself: its members are, as those of `address`.
                Json::Object(members) if !self.is_element(&path) => {
                    for (member, value) in members.iter() {
                        self.map(ClaimPath::of_keys(name, &[member]), value, &mut mapped)?;
                    }
                }
                _ => self.map(path, value, &mut mapped)?,
            }
        }
        Ok(mapped)
    }

    fn is_element(&self, path: &ClaimPath) -> bool {
        self.claim(path).is_some_and(|claim| claim.element().is_some())
    }

    fn map(&self, path: ClaimPath, value: &Json, mapped: &mut MdocElements) -> Result<(), MappingError> {
        let Some(element) = self.claim(&path).and_then(|claim| claim.element()) else {
            mapped.left_out.push(path);
            return Ok(());
        };
        let Some(value) = encode(value, element.encoding) else {
            return Err(MappingError { path });
        };
        mapped
            .elements
            .push(MdocElement::new(&element.namespace, &element.identifier, value));
        Ok(())
    }

    /// The claims that the elements of an mdoc stand for: `elements` has an object for each name space, as
    /// [`CborValue::to_json`] makes it.
    pub fn claims_of_mdoc(&self, elements: &Object) -> Result<MdocClaims, MappingError> {
        let mut mapped = MdocClaims::default();
        for (namespace, members) in elements.iter() {
            for (identifier, value) in members.as_object().into_iter().flat_map(Object::iter) {
                let known = self.element(namespace, identifier);
                let Some((claim, element)) = known.and_then(|claim| Some((claim, claim.element()?))) else {
                    mapped.left_out.push(ClaimPath::of_keys(namespace, &[identifier]));
                    continue;
                };
                let unfit = || MappingError {
                    path: claim.path().clone(),
                };
                let value = decode(value, element.encoding).ok_or_else(unfit)?;
                put(&mut mapped.claims, claim.path(), value).ok_or_else(unfit)?;
            }
        }
        Ok(mapped)
    }
}

/// Puts a value at a path of keys, of which our data files have at most two.
pub(super) fn put(claims: &mut Object, path: &ClaimPath, value: Json) -> Option<()> {
    match path.elements() {
        [PathElement::Key(name)] => {
            claims.insert(name.as_str(), value);
        }
        [PathElement::Key(name), PathElement::Key(member)] => {
            if !claims.contains(name) {
                claims.insert(name.as_str(), Object::new());
            }
            claims.get_mut(name)?.as_object_mut()?.insert(member.as_str(), value);
        }
        _ => return None,
    }
    Some(())
}

/// What a data URL of a portrait begins with (PID Rulebook §4.1).
const DATA_URL: &str = "data:image/jpeg;base64,";

/// The JPEG in a data URL; an empty text is no picture (the person opted out). `None` if it is no JPEG.
pub(super) fn jpeg_of(data_url: &str) -> Option<Vec<u8>> {
    if data_url.is_empty() {
        return Some(Vec::new());
    }
    let bytes = base64url::decode_standard(data_url.strip_prefix(DATA_URL)?).ok()?;
    is_jpeg(&bytes).then_some(bytes)
}

/// Whether the bytes begin as a JPEG does: start of image, and the next marker (ITU-T T.81 §B.1.1).
fn is_jpeg(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xff, 0xd8, 0xff])
}

fn encode(value: &Json, encoding: Encoding) -> Option<CborValue> {
    match encoding {
        Encoding::Bytes => Some(CborValue::Bytes(base64url::decode(value.as_str()?).ok()?)),
        Encoding::Date => {
            let text = value.as_str()?;
            match FullDate::parse(text) {
                Ok(day) => Some(CborValue::full_date(day.to_string())),
                // ISO 18013-5 §7.1: a `tdate` is in UTC and without fractions.
                Err(_) => Some(CborValue::date_time(Timestamp::parse(text).ok()?.to_string())),
            }
        }
        Encoding::Dated => plain(value, true),
        Encoding::FullDate => {
            let day = FullDate::parse(value.as_str()?).ok()?;
            Some(CborValue::full_date(day.to_string()))
        }
        Encoding::Jpeg => Some(CborValue::Bytes(jpeg_of(value.as_str()?)?)),
        Encoding::Plain => plain(value, false),
    }
}

/// A value of JSON as it is. Parsing has bounded how deep it nests.
fn plain(value: &Json, dated: bool) -> Option<CborValue> {
    Some(match value {
        // An element that is there says something.
        Json::Null => return None,
        Json::Bool(value) => CborValue::Bool(*value),
        // No element of ours has a fraction; a float would not be what was signed in the other format.
        Json::Number(_) => match value.as_u64() {
            Some(number) => CborValue::Unsigned(number),
            None => CborValue::from(value.as_i64()?),
        },
        Json::String(text) if dated && FullDate::parse(text).is_ok() => CborValue::full_date(text.as_str()),
        Json::String(text) => CborValue::text(text.as_str()),
        Json::Array(items) => {
            let items: Option<Vec<_>> = items.iter().map(|item| plain(item, dated)).collect();
            CborValue::Array(items?)
        }
        Json::Object(members) => {
            let members = members
                .iter()
                .map(|(name, value)| Some((CborValue::from(name), plain(value, dated)?)));
            CborValue::Map(members.collect::<Option<Vec<_>>>()?)
        }
    })
}

fn decode(value: &Json, encoding: Encoding) -> Option<Json> {
    match encoding {
        Encoding::Date | Encoding::FullDate => {
            let text = value.as_str()?;
            // A `tdate` where a day is meant: the day as the issuer wrote it.
            Timestamp::parse(text).ok()?;
            Some(Json::from(text.get(..10)?))
        }
        Encoding::Jpeg => {
            let bytes = base64url::decode(value.as_str()?).ok()?;
            if bytes.is_empty() {
                return Some(Json::from(""));
            }
            is_jpeg(&bytes).then(|| Json::from(format!("{DATA_URL}{}", base64url::encode_standard(bytes))))
        }
        Encoding::Bytes | Encoding::Dated | Encoding::Plain => Some(value.clone()),
    }
}

/// A claim whose value the other format cannot say.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MappingError {
    /// Which claim.
    pub path: ClaimPath,
}

impl MappingError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        "rulebook.mapping"
    }
}

impl fmt::Display for MappingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the value of {} cannot be written in the other format", self.path)
    }
}

impl std::error::Error for MappingError {}
