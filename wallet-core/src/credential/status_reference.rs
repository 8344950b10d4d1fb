//! Where a credential says its status is kept (Token Status List §6).

use std::fmt;

use crate::codec::{Json, Object};

/// The place of a credential's status: an entry of a status list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct StatusListReference {
    /// `idx`: which entry.
    pub index: u64,
    /// `uri`: which list, and where to fetch it; compared byte for byte with `sub` of the list.
    pub uri: String,
}

impl StatusListReference {
    /// A reference.
    pub fn new(index: u64, uri: impl Into<String>) -> Self {
        Self { index, uri: uri.into() }
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
        Ok(Self {
            index: index.ok_or(StatusReferenceError::Malformed("idx"))?,
            uri: uri.ok_or(StatusReferenceError::Malformed("uri"))?.to_owned(),
        })
    }

    /// The value of the `status` claim.
    pub fn to_claim(&self) -> Object {
        let list = Object::new()
            .with("idx", Json::from(self.index))
            .with("uri", Json::from(self.uri.as_str()));
        Object::new().with("status_list", Json::from(list))
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
}
