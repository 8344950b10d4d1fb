//! Where a credential says its status is kept: an entry of a status list (Token Status List §6) or an identifier that
//! a list of revoked ones may hold (ISO 18013-5 second edition §12.3.6).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::codec::cbor::CborValue;
use crate::codec::{Json, Object};

/// The place of a credential's status.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StatusListReference {
    /// Which entry.
    pub entry: StatusEntry,
    /// `uri`: which list, and where to fetch it; compared byte for byte with `sub` of the list.
    pub uri: String,
    /// The form of the list, which is that of the credential and not of the server's choosing.
    pub format: StatusFormat,
    /// `certificate`: the trust point that signed the top of the list's chain, in DER; without it the list is signed
    /// under the same authority as the credential.
    pub trust_point: Option<Vec<u8>>,
}

/// Which entry of a list is a credential's own.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub enum StatusEntry {
    /// `identifier_list`: the list holds this identifier if the credential is revoked.
    Identifier(Vec<u8>),
    /// `status_list`: the value at this index says how the credential stands.
    Index(u64),
}

/// The form of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub enum StatusFormat {
    /// A CWT in a `COSE_Sign1`: mdocs refer to it.
    Cwt,
    /// A JWT: what is JSON refers to it.
    #[default]
    Jwt,
}

impl StatusListReference {
    /// A reference to an entry of a list that is a JWT.
    pub fn new(index: u64, uri: impl Into<String>) -> Self {
        Self {
            entry: StatusEntry::Index(index),
            uri: uri.into(),
            format: StatusFormat::Jwt,
            trust_point: None,
        }
    }

    /// A reference to an entry of a list that is a CWT.
    pub fn cwt(index: u64, uri: impl Into<String>) -> Self {
        Self {
            format: StatusFormat::Cwt,
            ..Self::new(index, uri)
        }
    }

    /// A reference to a list of identifiers, which is always a CWT.
    pub fn identifier(identifier: impl Into<Vec<u8>>, uri: impl Into<String>) -> Self {
        Self {
            entry: StatusEntry::Identifier(identifier.into()),
            ..Self::cwt(0, uri)
        }
    }

    /// The reference with the trust point of the list's chain, in DER.
    #[must_use]
    pub fn trust_point(mut self, certificate: impl Into<Vec<u8>>) -> Self {
        self.trust_point = Some(certificate.into());
        self
    }

    /// The media type of the list, to be asked for (Token Status List §8.1, ISO 18013-5 second edition §12.3.6).
    pub fn media_type(&self) -> &'static str {
        match (self.format, &self.entry) {
            (_, StatusEntry::Identifier(_)) => "application/identifierlist+cwt",
            (StatusFormat::Cwt, StatusEntry::Index(_)) => "application/statuslist+cwt",
            (StatusFormat::Jwt, StatusEntry::Index(_)) => "application/statuslist+jwt",
        }
    }

    /// Reads the value of the `status` claim. A mechanism that is not understood is an error, never "no status".
    pub fn from_claim(status: &Json) -> Result<Self, StatusReferenceError> {
        let status = status.as_object().ok_or(StatusReferenceError::Malformed("status"))?;
        let Some(list) = status.get("status_list") else {
            return Err(StatusReferenceError::UnsupportedMechanism);
        };
        let list = list.as_object().ok_or(StatusReferenceError::Malformed("status_list"))?;
        let index = list.get("idx").and_then(Json::as_u64);
        let uri = list.get("uri").and_then(Json::as_str).filter(|uri| !uri.is_empty());
        let index = index.ok_or(StatusReferenceError::Malformed("idx"))?;
        Ok(Self::new(index, uri.ok_or(StatusReferenceError::Malformed("uri"))?))
    }

    /// Reads `status` of a mobile security object. Where both mechanisms are there, both say the same, and the status
    /// list is taken: it tells more. A mechanism that is not understood is an error, never "no status".
    pub fn from_mdoc(status: &CborValue) -> Result<Self, StatusReferenceError> {
        let bad = StatusReferenceError::Malformed;
        status.as_map().ok_or(bad("status"))?;
        let (name, list) = match (status.get("status_list"), status.get("identifier_list")) {
            (Some(list), _) => ("status_list", list),
            (None, Some(list)) => ("identifier_list", list),
            (None, None) => return Err(StatusReferenceError::UnsupportedMechanism),
        };
        list.as_map().ok_or(bad(name))?;
        let uri = list
            .get("uri")
            .and_then(CborValue::as_str)
            .filter(|uri| !uri.is_empty());
        let uri = uri.ok_or(bad("uri"))?;
        let reference = if name == "status_list" {
            Self::cwt(list.get("idx").and_then(CborValue::as_u64).ok_or(bad("idx"))?, uri)
        } else {
            let id = list.get("id").and_then(CborValue::as_bytes).filter(|id| !id.is_empty());
            Self::identifier(id.ok_or(bad("id"))?, uri)
        };
        match list.get("certificate") {
            None => Ok(reference),
            Some(certificate) => Ok(reference.trust_point(certificate.as_bytes().ok_or(bad("certificate"))?)),
        }
    }

    /// The value of the `status` claim; a list of identifiers has none in JSON.
    pub fn to_claim(&self) -> Object {
        let StatusEntry::Index(index) = self.entry else {
            return Object::new();
        };
        let list = Object::new()
            .with("idx", Json::from(index))
            .with("uri", Json::from(self.uri.as_str()));
        Object::new().with("status_list", Json::from(list))
    }

    /// The value of `status` of a mobile security object.
    pub fn to_mdoc(&self) -> CborValue {
        let (name, mut list) = match &self.entry {
            StatusEntry::Index(index) => ("status_list", vec![("idx", CborValue::from(*index))]),
            StatusEntry::Identifier(id) => ("identifier_list", vec![("id", CborValue::bytes(id.as_slice()))]),
        };
        list.push(("uri", CborValue::text(self.uri.as_str())));
        if let Some(certificate) = &self.trust_point {
            list.push(("certificate", CborValue::bytes(certificate.as_slice())));
        }
        CborValue::map([(name, CborValue::map(list))])
    }
}

/// A `status` claim that cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StatusReferenceError {
    /// A member that is missing or does not hold what it should.
    Malformed(&'static str),
    /// The status is kept in another way than a status list.
    UnsupportedMechanism,
}

impl StatusReferenceError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "status.reference_malformed",
            Self::UnsupportedMechanism => "status.unsupported_mechanism",
        }
    }
}

impl fmt::Display for StatusReferenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(name) => write!(f, "member `{name}` of the status reference is malformed"),
            Self::UnsupportedMechanism => f.write_str("the credential's kind of status is not supported"),
        }
    }
}

impl std::error::Error for StatusReferenceError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Budget;

    #[test]
    fn reads_what_it_writes_and_refuses_the_rest() {
        let json = |text: &str| Json::parse(text, &mut Budget::default()).unwrap();
        let valid = r#"{"status_list":{"idx":7,"uri":"https://a.example/1"}}"#;
        let reference = StatusListReference::new(7, "https://a.example/1");
        assert_eq!(Json::from(reference.to_claim()), json(valid));
        assert_eq!(StatusListReference::from_claim(&json(valid)), Ok(reference));
        for (from, to, error) in [
            (
                "status_list",
                "identifier_list",
                StatusReferenceError::UnsupportedMechanism,
            ),
            ("7", "-7", StatusReferenceError::Malformed("idx")),
            ("7", "\"7\"", StatusReferenceError::Malformed("idx")),
            ("7", "7.0", StatusReferenceError::Malformed("idx")),
            ("https://a.example/1", "", StatusReferenceError::Malformed("uri")),
        ] {
            assert_eq!(
                StatusListReference::from_claim(&json(&valid.replace(from, to))),
                Err(error),
                "{to}"
            );
        }
        assert_eq!(
            StatusListReference::from_claim(&json("[]")),
            Err(StatusReferenceError::Malformed("status"))
        );
    }

    #[test]
    fn mdocs_refer_to_lists_of_both_kinds() {
        const URI: &str = "https://a.example/1";
        for reference in [
            StatusListReference::cwt(7, URI),
            StatusListReference::identifier([1, 2, 3], URI),
            StatusListReference::cwt(7, URI).trust_point([0x30, 0x00]),
        ] {
            assert_eq!(
                StatusListReference::from_mdoc(&reference.to_mdoc()),
                Ok(reference.clone())
            );
            let kept = serde_json::to_string(&reference).unwrap();
            assert_eq!(serde_json::from_str::<StatusListReference>(&kept).unwrap(), reference);
        }
        let uri = || ("uri", CborValue::text(URI));
        let list = |members: Vec<(&'static str, CborValue)>| CborValue::map(members);
        let index = || ("idx", CborValue::from(7_u64));
        let bad = |name| Err(StatusReferenceError::Malformed(name));
        for (status, outcome) in [
            (CborValue::Null, bad("status")),
            (
                CborValue::map([("other", CborValue::Null)]),
                Err(StatusReferenceError::UnsupportedMechanism),
            ),
            (CborValue::map([("status_list", CborValue::Null)]), bad("status_list")),
            (CborValue::map([("status_list", list(vec![uri()]))]), bad("idx")),
            (CborValue::map([("status_list", list(vec![index()]))]), bad("uri")),
            (CborValue::map([("identifier_list", list(vec![uri()]))]), bad("id")),
            (
                CborValue::map([("identifier_list", list(vec![("id", CborValue::bytes([])), uri()]))]),
                bad("id"),
            ),
            (
                CborValue::map([(
                    "status_list",
                    list(vec![index(), uri(), ("certificate", CborValue::text("x"))]),
                )]),
                bad("certificate"),
            ),
        ] {
            assert_eq!(StatusListReference::from_mdoc(&status), outcome);
        }
    }
}
