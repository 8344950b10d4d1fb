//! Why a message of a meeting in person does not parse.

use std::fmt;

use crate::codec::CborError;
use crate::codec::base64url::Base64Error;

/// A message that does not parse.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageError {
    /// The text after `mdoc:` is not base64url.
    Base64(Base64Error),
    /// Not acceptable CBOR.
    Cbor(CborError),
    /// A cipher suite other than 1 (§9.1.5.2).
    CipherSuite,
    /// The message has neither data nor status (§9.1.1.4).
    Empty,
    /// A member that does not hold what it should.
    Malformed(&'static str),
    /// A member that is missing.
    Missing(&'static str),
    /// NDEF records that do not parse.
    Ndef(&'static str),
    /// The text is not a device engagement.
    Scheme,
    /// More entries than allowed.
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// The limit.
        limit: usize,
    },
    /// A version that is not of the form 1.x.
    Version,
}

impl MessageError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Base64(_) => "mdoc.message.base64",
            Self::Cbor(error) => error.code(),
            Self::CipherSuite => "mdoc.message.cipher_suite",
            Self::Empty => "mdoc.message.empty",
            Self::Malformed(_) => "mdoc.message.malformed",
            Self::Missing(_) => "mdoc.message.missing",
            Self::Ndef(_) => "mdoc.message.ndef",
            Self::Scheme => "mdoc.message.scheme",
            Self::TooMany { .. } => "mdoc.message.too_many",
            Self::Version => "mdoc.message.version",
        }
    }
}

impl From<CborError> for MessageError {
    fn from(error: CborError) -> Self {
        Self::Cbor(error)
    }
}

impl fmt::Display for MessageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Base64(error) => write!(f, "the engagement is not base64url: {error}"),
            Self::Cbor(error) => error.fmt(f),
            Self::CipherSuite => f.write_str("the cipher suite is not supported (1 is)"),
            Self::Empty => f.write_str("the message holds neither data nor status"),
            Self::Malformed(name) => write!(f, "`{name}` of the message is malformed"),
            Self::Missing(name) => write!(f, "the message has no `{name}`"),
            Self::Ndef(what) => write!(f, "the NFC message is malformed: {what}"),
            Self::Scheme => f.write_str("the text is not that of a device engagement (`mdoc:`)"),
            Self::TooMany { what, count, limit } => write!(f, "{count} {what}, {limit} are allowed"),
            Self::Version => f.write_str("the version of the message is not supported (1.x is)"),
        }
    }
}

impl std::error::Error for MessageError {}
