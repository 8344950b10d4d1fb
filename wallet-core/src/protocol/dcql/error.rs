//! Why a query is refused.

use std::fmt;

use crate::credential::PathError;

/// A query that is not valid, or asks for more work than is allowed. `place` is a place in the query's JSON, such as
/// `credentials[1].claims[0].path`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum QueryError {
    /// An id that is not made of letters, digits, `_` and `-`.
    BadId {
        /// Where.
        place: String,
    },
    /// A path that is none.
    BadPath {
        /// Where.
        place: String,
        /// What is wrong with it.
        error: PathError,
    },
    /// `claim_sets` where there are no claims.
    ClaimSetsWithoutClaims {
        /// Where.
        place: String,
    },
    /// An id that was used before.
    DuplicateId {
        /// Where.
        place: String,
    },
    /// An array that must not be empty.
    Empty {
        /// Where.
        place: String,
    },
    /// More of something than is allowed.
    Limit {
        /// Where; empty while the query is evaluated.
        place: String,
        /// What there is too much of.
        what: Limited,
        /// What the query needs.
        required: usize,
        /// What is allowed.
        allowed: usize,
    },
    /// A required member is missing.
    Missing {
        /// Where it belongs.
        place: String,
    },
    /// An id that nothing has.
    UnknownId {
        /// Where.
        place: String,
    },
    /// A value of the wrong type.
    WrongType {
        /// Where.
        place: String,
        /// What belongs there.
        expected: &'static str,
    },
}

/// What a query is limited in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limited {
    /// Bytes of a name or value.
    Bytes,
    /// Elements of an array.
    Elements,
    /// Steps of an evaluation.
    Steps,
    /// Elements of all arrays together.
    Total,
}

impl QueryError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadId { .. } => "dcql.query.bad_id",
            Self::BadPath { .. } => "dcql.query.bad_path",
            Self::ClaimSetsWithoutClaims { .. } => "dcql.query.claim_sets_without_claims",
            Self::DuplicateId { .. } => "dcql.query.duplicate_id",
            Self::Empty { .. } => "dcql.query.empty",
            Self::Limit { .. } => "dcql.query.limit",
            Self::Missing { .. } => "dcql.query.missing",
            Self::UnknownId { .. } => "dcql.query.unknown_id",
            Self::WrongType { .. } => "dcql.query.wrong_type",
        }
    }

    /// The place in the query's JSON; empty where the error is not about one.
    pub fn place(&self) -> &str {
        match self {
            Self::BadId { place }
            | Self::BadPath { place, .. }
            | Self::ClaimSetsWithoutClaims { place }
            | Self::DuplicateId { place }
            | Self::Empty { place }
            | Self::Limit { place, .. }
            | Self::Missing { place }
            | Self::UnknownId { place }
            | Self::WrongType { place, .. } => place,
        }
    }
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self.place() {
            "" => "the query",
            place => place,
        };
        match self {
            Self::BadId { .. } => write!(f, "{place} is not an id of letters, digits, `_` and `-`"),
            Self::BadPath { error, .. } => write!(f, "{place} is not a claim path: {error}"),
            Self::ClaimSetsWithoutClaims { .. } => write!(f, "{place} stands without claims"),
            Self::DuplicateId { .. } => write!(f, "{place} repeats an id"),
            Self::Empty { .. } => write!(f, "{place} is empty"),
            Self::Limit {
                what,
                required,
                allowed,
                ..
            } => {
                let what = match what {
                    Limited::Bytes => "bytes",
                    Limited::Elements => "elements",
                    Limited::Steps => "steps",
                    Limited::Total => "elements in all",
                };
                write!(f, "{place} needs {required} {what}, {allowed} are allowed")
            }
            Self::Missing { .. } => write!(f, "{place} is missing"),
            Self::UnknownId { .. } => write!(f, "{place} is an id that nothing has"),
            Self::WrongType { expected, .. } => write!(f, "{place} is not {expected}"),
        }
    }
}

impl std::error::Error for QueryError {}
