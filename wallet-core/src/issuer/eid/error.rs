//! Why a card's data make no PID.

use std::fmt;

use crate::codec::JsonError;

/// Why a card's data make no PID.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EidError {
    /// The person, or the eID client, ended the session.
    Cancelled,
    /// The card has expired.
    Expired,
    /// Not acceptable JSON.
    Json(JsonError),
    /// A field is missing or not of its form.
    Member(&'static str),
    /// There is no such session, or its data were handed out before.
    NoSession,
    /// Test data where real ones are needed, or the reverse (lessons S36).
    TestData,
    /// The eID server does not answer.
    Unavailable,
    /// A field that a card does not have.
    Unknown,
}

impl EidError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Cancelled => "eid.cancelled",
            Self::Expired => "eid.expired",
            Self::Json(error) => error.code(),
            Self::Member(_) => "eid.member",
            Self::NoSession => "eid.no_session",
            Self::TestData => "eid.test_data",
            Self::Unavailable => "eid.unavailable",
            Self::Unknown => "eid.unknown_member",
        }
    }
}

impl fmt::Display for EidError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("the identification was cancelled"),
            Self::Expired => f.write_str("the document has expired"),
            Self::Json(error) => error.fmt(f),
            Self::Member(name) => write!(f, "the field {name} is missing or not of its form"),
            Self::NoSession => f.write_str("there is no such session, or it gave its data before"),
            Self::TestData => f.write_str("test data and real data do not mix"),
            Self::Unavailable => f.write_str("the eID server does not answer"),
            Self::Unknown => f.write_str("the record has a field that no card has"),
        }
    }
}

impl std::error::Error for EidError {}
