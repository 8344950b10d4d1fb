//! Why a reader does not go on.

use std::fmt;

use crate::codec::JsonError;
use crate::protocol::dcql::QueryError;
use crate::protocol::mdoc::MessageError;

/// A meeting that does not begin, or does not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReaderError {
    /// The chain is empty, or its first certificate has another key.
    CertificateKey,
    /// A message does not decrypt: it was altered, replayed, or made for another session.
    Decryption,
    /// The holder's key is not usable.
    DeviceKey,
    /// The text or message is no engagement.
    Engagement(MessageError),
    /// The holder says that it could not read what was sent.
    Fault {
        /// Its status.
        status: u64,
    },
    /// The message came later than the reader waits.
    Late,
    /// A message of the holder does not parse.
    Message(MessageError),
    /// Nothing is asked for.
    NoQuestion,
    /// The query is not valid DCQL.
    Query(QueryError),
    /// The question is not JSON.
    Question(JsonError),
    /// The session cannot encrypt more messages.
    Session,
    /// A query for something that cannot be asked for in person.
    Unsupported(&'static str),
}

impl ReaderError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::CertificateKey => "reader.certificate_key",
            Self::Decryption => "reader.decryption",
            Self::DeviceKey => "reader.device_key",
            Self::Engagement(error) | Self::Message(error) => error.code(),
            Self::Fault { .. } => "reader.holder_fault",
            Self::Late => "reader.late",
            Self::NoQuestion => "reader.no_question",
            Self::Query(error) => error.code(),
            Self::Question(error) => error.code(),
            Self::Session => "reader.session",
            Self::Unsupported(_) => "reader.unsupported",
        }
    }
}

impl fmt::Display for ReaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CertificateKey => f.write_str("the certificate is missing or does not belong to the key"),
            Self::Decryption => f.write_str("a message of the holder does not decrypt"),
            Self::DeviceKey => f.write_str("the key of the holder is not usable"),
            Self::Engagement(error) => write!(f, "the engagement: {error}"),
            Self::Fault { status } => write!(f, "the holder could not read the request (status {status})"),
            Self::Late => f.write_str("the message came after the reader stopped waiting"),
            Self::Message(error) => write!(f, "the holder's message: {error}"),
            Self::NoQuestion => f.write_str("nothing is asked for"),
            Self::Query(error) => error.fmt(f),
            Self::Question(error) => write!(f, "the question: {error}"),
            Self::Session => f.write_str("the session cannot encrypt more messages"),
            Self::Unsupported(what) => write!(f, "{what} cannot be asked for in person"),
        }
    }
}

impl std::error::Error for ReaderError {}
