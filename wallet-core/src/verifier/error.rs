//! Why the university's side does not go on.

use std::fmt;

use super::SessionsError;
use crate::http::UrlError;
use crate::protocol::dcql::QueryError;
use crate::status::StatusError;

/// A request that cannot be made, or a result that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UniversityError {
    /// The certificate does not name the host that the answer goes to, which `x509_san_dns` requires.
    CertificateName,
    /// The chain is empty, or its first certificate has another key.
    CertificateKey,
    /// A link of the configuration or the request.
    Link(UrlError),
    /// The request names none of the purposes for which may be asked.
    NoSuchPurpose,
    /// No request has this identifier; it may be forgotten.
    NoSuchRequest,
    /// More is asked for than the purpose allows.
    OverAsking(&'static str),
    /// The kept query does not parse.
    Query(QueryError),
    /// The certificate vouches for itself (HAIP 1.0 §5: not allowed).
    SelfSigned,
    /// The sessions.
    Sessions(SessionsError),
    /// The result is released only to the browser session that comes back with the response code.
    ResponseCode,
    /// A status list.
    Status(StatusError),
}

impl UniversityError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::CertificateName => "university.certificate_name",
            Self::CertificateKey => "university.certificate_key",
            Self::Link(error) => error.code(),
            Self::NoSuchPurpose => "university.no_such_purpose",
            Self::NoSuchRequest => "university.no_such_request",
            Self::OverAsking(_) => "university.over_asking",
            Self::Query(error) => error.code(),
            Self::SelfSigned => "university.self_signed",
            Self::Sessions(error) => error.code(),
            Self::ResponseCode => "university.response_code",
            Self::Status(error) => error.code(),
        }
    }
}

impl From<SessionsError> for UniversityError {
    fn from(error: SessionsError) -> Self {
        Self::Sessions(error)
    }
}

impl From<StatusError> for UniversityError {
    fn from(error: StatusError) -> Self {
        Self::Status(error)
    }
}

impl fmt::Display for UniversityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CertificateName => f.write_str("the certificate does not name the host that the answer goes to"),
            Self::CertificateKey => f.write_str("the certificate is missing or does not belong to the key"),
            Self::Link(error) => error.fmt(f),
            Self::NoSuchPurpose => f.write_str("the request names none of the purposes that are allowed"),
            Self::NoSuchRequest => f.write_str("there is no such request"),
            Self::OverAsking(what) => write!(f, "{what} is asked for, which the purpose does not allow"),
            Self::Query(error) => error.fmt(f),
            Self::SelfSigned => f.write_str("the certificate vouches for itself; wallets do not accept that"),
            Self::Sessions(error) => error.fmt(f),
            Self::ResponseCode => f.write_str("the response code is missing or wrong"),
            Self::Status(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for UniversityError {}
