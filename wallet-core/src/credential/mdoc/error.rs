//! Everything that can be wrong with an mdoc.

use std::fmt;

use crate::codec::CborError;
use crate::codec::base64url::Base64Error;
use crate::envelope::cose::CoseError;
use crate::keys::CoseKeyError;
use crate::time::OutsideValidity;
use crate::trust::TrustError;

use super::{PathError, StatusReferenceError};

/// An mdoc that is not acceptable, or a use of one that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MdocError {
    /// A date or time that is none, or not of the form that is asked for.
    BadDate(&'static str),
    /// A member that does not hold what it should.
    BadMember(&'static str),
    /// A member without the tag it must have.
    BadTag(&'static str),
    /// Not acceptable CBOR.
    Cbor(CborError),
    /// `deviceAuth` has both a signature and a MAC, or neither.
    DeviceAuthForms,
    /// Device authentication is required and none was sent.
    DeviceAuthMissing,
    /// Device authentication was sent where none belongs.
    DeviceAuthUnexpected,
    /// The device's signature or MAC is not acceptable as COSE, or does not verify.
    DeviceAuth(CoseError),
    /// An element is signed by the device, and the issuer did not authorise its key for it.
    DeviceElementNotAuthorized,
    /// `deviceKey` is not usable.
    DeviceKey(CoseKeyError),
    /// A device MAC cannot be checked without the reader's ephemeral key, or not with a key of its kind.
    DeviceMacKey,
    /// `digestAlgorithm` is not supported.
    DigestAlgorithm,
    /// A `digestID` is beyond 2^32 - 1.
    DigestIdRange,
    /// A `digestID` stands for two elements.
    DigestIdRepeated,
    /// A digest has another length than its algorithm gives.
    DigestLength,
    /// An element is not the one that was signed.
    DigestMismatch,
    /// The issuer signed no digest for an element.
    DigestUnknown,
    /// The document type of the document is not that of the signed object.
    DocTypeMismatch,
    /// The document type is not the one that was asked for.
    DocTypeUnexpected,
    /// An element stands twice in its namespace.
    ElementRepeated,
    /// An element is signed by the issuer and by the device.
    ElementSignedTwice,
    /// The text is not base64url.
    Encoding(Base64Error),
    /// The issuer's signature is not acceptable as COSE, or does not verify.
    IssuerAuth(CoseError),
    /// A namespace is authorised as a whole and in part.
    KeyAuthorizationsOverlap,
    /// A member that must be there is not.
    Missing(&'static str),
    /// A path selects nothing.
    NothingThere,
    /// Expired or not yet valid.
    OutsideValidity(OutsideValidity),
    /// A path does not fit an mdoc.
    Path(PathError),
    /// `random` of an element is too short to hide it.
    RandomTooShort {
        /// Its length in bytes.
        length: usize,
        /// The least.
        limit: usize,
    },
    /// A response with a status other than 0 carries documents.
    ResponseStatus {
        /// The status.
        status: u64,
    },
    /// `status` cannot be followed.
    Status(StatusReferenceError),
    /// More of something than is allowed.
    TooMany {
        /// How many there are.
        count: usize,
        /// The limit.
        limit: usize,
    },
    /// The issuer is not trusted.
    Trust(TrustError),
    /// A member that is unknown where all are known: it may be one of them by another name.
    UnknownMember(&'static str),
    /// The times of issue, beginning and end are not in this order.
    ValidityOrder,
    /// A version that is not supported.
    Version(&'static str),
    /// The chain of the document signer (`x5chain`) is missing.
    X5ChainMissing,
}

impl MdocError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadDate(_) => "mdoc.bad_date",
            Self::BadMember(_) => "mdoc.bad_member",
            Self::BadTag(_) => "mdoc.bad_tag",
            Self::Cbor(error) => error.code(),
            Self::DeviceAuth(CoseError::BadSignature | CoseError::BadTag) => "mdoc.device_auth_invalid",
            Self::DeviceAuth(error) | Self::IssuerAuth(error) => error.code(),
            Self::DeviceAuthForms => "mdoc.device_auth_forms",
            Self::DeviceAuthMissing => "mdoc.device_auth_missing",
            Self::DeviceAuthUnexpected => "mdoc.device_auth_unexpected",
            Self::DeviceElementNotAuthorized => "mdoc.device_element_not_authorized",
            Self::DeviceKey(_) => "mdoc.device_key",
            Self::DeviceMacKey => "mdoc.device_mac_key",
            Self::DigestAlgorithm => "mdoc.digest_algorithm",
            Self::DigestIdRange => "mdoc.digest_id_range",
            Self::DigestIdRepeated => "mdoc.digest_id_repeated",
            Self::DigestLength => "mdoc.digest_length",
            Self::DigestMismatch => "mdoc.digest_mismatch",
            Self::DigestUnknown => "mdoc.digest_unknown",
            Self::DocTypeMismatch => "mdoc.doctype_mismatch",
            Self::DocTypeUnexpected => "mdoc.doctype_unexpected",
            Self::ElementRepeated => "mdoc.element_repeated",
            Self::ElementSignedTwice => "mdoc.element_signed_twice",
            Self::Encoding(_) => "mdoc.encoding",
            Self::KeyAuthorizationsOverlap => "mdoc.key_authorizations_overlap",
            Self::Missing(_) => "mdoc.member_missing",
            Self::NothingThere => "mdoc.nothing_there",
            Self::OutsideValidity(OutsideValidity::Expired { .. }) => "mdoc.expired",
            Self::OutsideValidity(OutsideValidity::NotYetValid { .. }) => "mdoc.not_yet_valid",
            Self::Path(_) => "mdoc.path",
            Self::RandomTooShort { .. } => "mdoc.random_too_short",
            Self::ResponseStatus { .. } => "mdoc.response_status",
            Self::Status(error) => error.code(),
            Self::TooMany { .. } => "mdoc.too_many",
            Self::Trust(error) => error.code(),
            Self::UnknownMember(_) => "mdoc.unknown_member",
            Self::ValidityOrder => "mdoc.validity_order",
            Self::Version(_) => "mdoc.version",
            Self::X5ChainMissing => "mdoc.x5chain_missing",
        }
    }
}

macro_rules! from {
    ($($error:ty => $variant:ident,)*) => {
        $(impl From<$error> for MdocError { fn from(error: $error) -> Self { Self::$variant(error) } })*
    };
}
from! {
    Base64Error => Encoding,
    CborError => Cbor,
    OutsideValidity => OutsideValidity,
    PathError => Path,
    StatusReferenceError => Status,
    TrustError => Trust,
}

impl fmt::Display for MdocError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadDate(name) => write!(f, "`{name}` is not a date of the form that is asked for"),
            Self::BadMember(name) => write!(f, "`{name}` does not hold what it should"),
            Self::BadTag(name) => write!(f, "`{name}` is without its tag"),
            Self::Cbor(error) => error.fmt(f),
            Self::DeviceAuth(error) => write!(f, "device authentication: {error}"),
            Self::DeviceAuthForms => f.write_str("device authentication is either a signature or a MAC"),
            Self::DeviceAuthMissing => f.write_str("device authentication is required and none was sent"),
            Self::DeviceAuthUnexpected => f.write_str("device authentication was sent where none belongs"),
            Self::DeviceElementNotAuthorized => {
                f.write_str("an element is signed by the device, and its key is not authorised for it")
            }
            Self::DeviceKey(error) => write!(f, "device key: {error}"),
            Self::DeviceMacKey => f.write_str("a device MAC cannot be checked without a fitting key of the reader"),
            Self::DigestAlgorithm => {
                f.write_str("`digestAlgorithm` is not supported (SHA-256, SHA-384 and SHA-512 are)")
            }
            Self::DigestIdRange => f.write_str("a `digestID` is 2^32 or more"),
            Self::DigestIdRepeated => f.write_str("a `digestID` stands for two elements"),
            Self::DigestLength => f.write_str("a digest has another length than its algorithm gives"),
            Self::DigestMismatch => f.write_str("an element is not the one that was signed"),
            Self::DigestUnknown => f.write_str("the issuer signed no digest for an element"),
            Self::DocTypeMismatch => f.write_str("the document type is not the one that was signed"),
            Self::DocTypeUnexpected => f.write_str("the document type is not the one that was asked for"),
            Self::ElementRepeated => f.write_str("an element stands twice in its namespace"),
            Self::ElementSignedTwice => f.write_str("an element is signed by the issuer and by the device"),
            Self::Encoding(error) => error.fmt(f),
            Self::IssuerAuth(error) => write!(f, "issuer authentication: {error}"),
            Self::KeyAuthorizationsOverlap => f.write_str("a namespace is authorised as a whole and in part"),
            Self::Missing(name) => write!(f, "`{name}` is missing"),
            Self::NothingThere => f.write_str("a path selects nothing"),
            Self::OutsideValidity(error) => error.fmt(f),
            Self::Path(error) => error.fmt(f),
            Self::RandomTooShort { length, limit } => {
                write!(f, "`random` has {length} bytes, {limit} are the least")
            }
            Self::ResponseStatus { status } => write!(f, "a response of status {status} carries documents"),
            Self::Status(error) => error.fmt(f),
            Self::TooMany { count, limit } => write!(f, "{count} documents, {limit} are allowed"),
            Self::Trust(error) => error.fmt(f),
            Self::UnknownMember(name) => write!(f, "`{name}` has a member that is unknown"),
            Self::ValidityOrder => f.write_str("the times of issue, beginning and end are out of order"),
            Self::Version(name) => write!(f, "the version of `{name}` is not supported"),
            Self::X5ChainMissing => f.write_str("the certificates of the document signer are missing"),
        }
    }
}

impl std::error::Error for MdocError {}
