//! Everything that can be wrong with type metadata, or with a credential by it.

use std::fmt;

use crate::codec::JsonError;
use crate::http::UrlError;

use super::{ClaimPath, PathError};

/// Type metadata that is not acceptable, or a credential that breaks its rules.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TypeMetadataError {
    /// A member is missing or does not hold what it should.
    BadMember(&'static str),
    /// The chain of `extends` comes back to where it was.
    Cycle,
    /// Two entries for one path.
    DuplicatePath(ClaimPath),
    /// No integrity algorithm is known.
    IntegrityAlgorithm,
    /// The document is not the one that was meant.
    IntegrityMismatch,
    /// Not an integrity value.
    IntegritySyntax,
    /// Not acceptable JSON.
    Json(JsonError),
    /// A child loosens the rule of its parent for this claim.
    Loosens(ClaimPath),
    /// A claim that must be there is not.
    MandatoryMissing(ClaimPath),
    /// The answer is not JSON by its media type.
    MediaType,
    /// The type is not named by a URL: its metadata must come from elsewhere.
    NotAUrl(UrlError),
    /// The document describes another type.
    OtherType,
    /// A path does not fit the claims of the credential.
    Path(PathError),
    /// A claim is selectively disclosable though it must not be, or is not though it must.
    SelectivityBroken(ClaimPath),
    /// The server did not answer 200.
    Status(u16),
    /// A template that would do more than show text.
    Template(&'static str),
    /// More parents than allowed.
    TooManyParents {
        /// The limit.
        limit: usize,
    },
}

impl TypeMetadataError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadMember(_) => "type_metadata.bad_member",
            Self::Cycle => "type_metadata.cycle",
            Self::DuplicatePath(_) => "type_metadata.duplicate_path",
            Self::IntegrityAlgorithm => "type_metadata.integrity.algorithm",
            Self::IntegrityMismatch => "type_metadata.integrity.mismatch",
            Self::IntegritySyntax => "type_metadata.integrity.syntax",
            Self::Json(error) => error.code(),
            Self::Loosens(_) => "type_metadata.loosens_parent",
            Self::MandatoryMissing(_) => "type_metadata.mandatory_missing",
            Self::MediaType => "type_metadata.media_type",
            Self::NotAUrl(_) => "type_metadata.not_a_url",
            Self::OtherType => "type_metadata.other_type",
            Self::Path(_) => "type_metadata.path",
            Self::SelectivityBroken(_) => "type_metadata.selectivity",
            Self::Status(_) => "type_metadata.status",
            Self::Template(_) => "type_metadata.template",
            Self::TooManyParents { .. } => "type_metadata.too_many_parents",
        }
    }
}

impl From<JsonError> for TypeMetadataError {
    fn from(error: JsonError) -> Self {
        Self::Json(error)
    }
}

impl From<PathError> for TypeMetadataError {
    fn from(error: PathError) -> Self {
        Self::Path(error)
    }
}

impl fmt::Display for TypeMetadataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadMember(name) => write!(f, "member `{name}` of the type metadata is missing or malformed"),
            Self::Cycle => f.write_str("the type extends itself"),
            Self::DuplicatePath(path) => write!(f, "two entries for claim `{path}`"),
            Self::IntegrityAlgorithm => f.write_str("no known algorithm in the integrity value"),
            Self::IntegrityMismatch => f.write_str("the document does not match its integrity value"),
            Self::IntegritySyntax => f.write_str("not an integrity value"),
            Self::Json(error) => error.fmt(f),
            Self::Loosens(path) => write!(f, "the rule for claim `{path}` is looser than that of the parent"),
            Self::MandatoryMissing(path) => write!(f, "claim `{path}` is mandatory and missing"),
            Self::MediaType => f.write_str("type metadata is not sent as JSON"),
            Self::NotAUrl(error) => write!(f, "the type is not named by a link that can be fetched: {error}"),
            Self::OtherType => f.write_str("the document describes another type"),
            Self::Path(error) => error.fmt(f),
            Self::SelectivityBroken(path) => {
                write!(f, "claim `{path}` breaks the rule on selective disclosure of its type")
            }
            Self::Status(status) => write!(f, "type metadata was answered with status {status}"),
            Self::Template(what) => write!(f, "the template is not shown: {what}"),
            Self::TooManyParents { limit } => write!(f, "more than {limit} parent types"),
        }
    }
}

impl std::error::Error for TypeMetadataError {}
