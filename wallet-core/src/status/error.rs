//! What can be wrong with a status.

use std::fmt;

use super::bitstring::BitstringError;
use crate::credential::StatusReferenceError;
use crate::envelope::cose::CoseError;
use crate::envelope::jws::JwsError;
use crate::http::UrlError;
use crate::time::{OutsideValidity, Timestamp};
use crate::trust::TrustError;

/// A status list, token or credential that does not pass.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StatusError {
    /// A bitstring status list or an entry for it.
    Bitstring(BitstringError),
    /// A list as CWT does not carry the certificates of its signer.
    ChainMissing,
    /// A list as CWT carries the certificates of its signer where nobody vouches for them.
    ChainNotProtected,
    /// The list is not one ZLIB stream.
    Compression,
    /// The envelope of a list as CWT.
    Cose(CoseError),
    /// The credential itself is outside its validity; a valid status does not help (§8.3).
    CredentialValidity(OutsideValidity),
    /// A list as CWT does not say when it ends.
    EndMissing,
    /// The token is no longer good.
    Expired {
        /// When it ended.
        expired: Timestamp,
    },
    /// The credential's entry is beyond the end of its list.
    IndexOutOfRange {
        /// The entry.
        index: u64,
        /// How many entries the list has.
        length: u64,
    },
    /// The token is from the future.
    IssuedInFuture {
        /// When it says it was issued.
        issued_at: Timestamp,
    },
    /// The envelope of the token.
    Jws(JwsError),
    /// The address of the list may not be fetched.
    Link(UrlError),
    /// More bytes than any honest list.
    ListTooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// A list with a MAC: who can check it can forge it.
    Mac,
    /// A member that is missing or does not hold what it should.
    Malformed(&'static str),
    /// The credential's reference to its status.
    Reference(StatusReferenceError),
    /// Its issuer took the credential back.
    Revoked,
    /// The credential is suspended.
    Suspended,
    /// The status is of the application's own or reserved, and means nothing here.
    UnknownValue {
        /// The value.
        value: u8,
    },
    /// The status cannot be told, and the policy does not allow that.
    Undetermined(UnknownReason),
    /// The signer of the list is not bound to the issuer of the credential.
    Untrusted(TrustError),
    /// The server sent another form (JWT or CWT) than the credential asks for.
    UnsupportedFormat,
    /// A status that the width of the list has no room for.
    ValueTooLarge {
        /// The value.
        value: u8,
        /// The largest that fits.
        largest: u8,
    },
    /// `sub` is not the address of the list.
    WrongList,
    /// `typ` of a CWT is not that of the kind of list.
    WrongType,
}

/// Why the status of a credential cannot be told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnknownReason {
    /// The list does not pass its checks.
    Invalid(Box<StatusError>),
    /// The list was never fetched.
    NotFetched,
    /// The list at hand is older than it may be.
    Stale {
        /// Seconds since it was fetched or, where the list does not say when it ends, issued.
        age: i64,
        /// How many seconds it may be old.
        limit: i64,
    },
    /// The list could not be fetched; with the HTTP status, if there was an answer.
    Unreachable {
        /// The HTTP status.
        status: Option<u16>,
        /// When that was tried last.
        tried: Timestamp,
    },
}

impl StatusError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Bitstring(error) => error.code(),
            Self::ChainMissing => "status.chain_missing",
            Self::ChainNotProtected => "status.chain_not_protected",
            Self::Compression => "status.compression",
            Self::Cose(error) => error.code(),
            Self::CredentialValidity(OutsideValidity::NotYetValid { .. }) => "status.credential_not_yet_valid",
            Self::CredentialValidity(_) => "status.credential_expired",
            Self::EndMissing => "status.list_end_missing",
            Self::Expired { .. } => "status.list_expired",
            Self::IndexOutOfRange { .. } => "status.index_out_of_range",
            Self::IssuedInFuture { .. } => "status.list_from_future",
            Self::Jws(error) => error.code(),
            Self::Link(error) => error.code(),
            Self::ListTooLong { .. } => "status.list_too_long",
            Self::Mac => "status.mac",
            Self::Malformed(_) => "status.list_malformed",
            Self::Reference(error) => error.code(),
            Self::Revoked => "status.revoked",
            Self::Suspended => "status.suspended",
            Self::Undetermined(reason) => reason.code(),
            Self::UnknownValue { .. } => "status.unknown_value",
            Self::Untrusted(error) => error.code(),
            Self::UnsupportedFormat => "status.unsupported_format",
            Self::ValueTooLarge { .. } => "status.value_too_large",
            Self::WrongList => "status.wrong_list",
            Self::WrongType => "status.wrong_type",
        }
    }
}

impl UnknownReason {
    /// The stable code of the reason.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid(error) => error.code(),
            Self::NotFetched => "status.not_fetched",
            Self::Stale { .. } => "status.list_stale",
            Self::Unreachable { .. } => "status.unreachable",
        }
    }
}

impl From<CoseError> for StatusError {
    fn from(error: CoseError) -> Self {
        Self::Cose(error)
    }
}

impl From<JwsError> for StatusError {
    fn from(error: JwsError) -> Self {
        Self::Jws(error)
    }
}

impl From<StatusReferenceError> for StatusError {
    fn from(error: StatusReferenceError) -> Self {
        Self::Reference(error)
    }
}

impl From<TrustError> for StatusError {
    fn from(error: TrustError) -> Self {
        Self::Untrusted(error)
    }
}

impl From<UrlError> for StatusError {
    fn from(error: UrlError) -> Self {
        Self::Link(error)
    }
}

impl From<StatusError> for UnknownReason {
    fn from(error: StatusError) -> Self {
        Self::Invalid(Box::new(error))
    }
}

impl fmt::Display for StatusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bitstring(error) => error.fmt(f),
            Self::ChainMissing => f.write_str("the status list does not carry the certificates of its signer"),
            Self::ChainNotProtected => f.write_str("the certificates of the status list are outside its signature"),
            Self::Compression => f.write_str("the status list is not one ZLIB stream"),
            Self::Cose(error) => write!(f, "status list token: {error}"),
            Self::CredentialValidity(outside) => write!(f, "the credential is {outside}"),
            Self::EndMissing => f.write_str("the status list does not say when it ends"),
            Self::Expired { expired } => write!(f, "the status list expired at {expired}"),
            Self::IndexOutOfRange { index, length } => {
                write!(f, "entry {index} is beyond the {length} entries of the status list")
            }
            Self::IssuedInFuture { issued_at } => write!(f, "the status list is issued in the future, at {issued_at}"),
            Self::Jws(error) => write!(f, "status list token: {error}"),
            Self::Link(error) => write!(f, "address of the status list: {error}"),
            Self::ListTooLong { limit } => write!(f, "the status list is longer than {limit} bytes"),
            Self::Mac => f.write_str("the status list has a MAC instead of a signature"),
            Self::Malformed(name) => write!(f, "member `{name}` of the status list token is malformed"),
            Self::Reference(error) => error.fmt(f),
            Self::Revoked => f.write_str("the credential is revoked"),
            Self::Suspended => f.write_str("the credential is suspended"),
            Self::Undetermined(reason) => reason.fmt(f),
            Self::UnknownValue { value } => write!(f, "the credential has the status {value}, which is not understood"),
            Self::Untrusted(error) => write!(f, "signer of the status list: {error}"),
            Self::UnsupportedFormat => f.write_str("the status list came in another form than the credential asks for"),
            Self::ValueTooLarge { value, largest } => write!(f, "status {value} is above {largest}, the largest here"),
            Self::WrongList => f.write_str("the status list token is for another list"),
            Self::WrongType => f.write_str("the status list token is of another type"),
        }
    }
}

impl fmt::Display for UnknownReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(error) => error.fmt(f),
            Self::NotFetched => f.write_str("the status list was not fetched"),
            Self::Stale { age, limit } => write!(f, "the status list is {age} seconds old, {limit} are allowed"),
            Self::Unreachable { status, tried } => match status {
                Some(status) => write!(f, "the status list was answered with HTTP {status} at {tried}"),
                None => write!(f, "the status list could not be fetched at {tried}"),
            },
        }
    }
}

impl std::error::Error for StatusError {}
impl std::error::Error for UnknownReason {}
