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
    /// The answer is not taken.
    Answer(AnswerError),
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
    /// No origin for the Digital Credentials API, or one that is none.
    Origin,
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
            Self::Answer(error) => error.code(),
            Self::CertificateName => "university.certificate_name",
            Self::CertificateKey => "university.certificate_key",
            Self::Link(error) => error.code(),
            Self::NoSuchPurpose => "university.no_such_purpose",
            Self::NoSuchRequest => "university.no_such_request",
            Self::Origin => "university.origin",
            Self::OverAsking(_) => "university.over_asking",
            Self::Query(error) => error.code(),
            Self::SelfSigned => "university.self_signed",
            Self::Sessions(error) => error.code(),
            Self::ResponseCode => "university.response_code",
            Self::Status(error) => error.code(),
        }
    }
}

impl From<AnswerError> for UniversityError {
    fn from(error: AnswerError) -> Self {
        Self::Answer(error)
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
            Self::Answer(error) => error.fmt(f),
            Self::CertificateName => f.write_str("the certificate does not name the host that the answer goes to"),
            Self::CertificateKey => f.write_str("the certificate is missing or does not belong to the key"),
            Self::Link(error) => error.fmt(f),
            Self::NoSuchPurpose => f.write_str("the request names none of the purposes that are allowed"),
            Self::NoSuchRequest => f.write_str("there is no such request"),
            Self::Origin => f.write_str("the origin of a page is needed, like https://uni.example"),
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

/// Why an answer is not taken. The text goes back to the wallet and names no data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AnswerError {
    /// The request was answered before.
    AlreadyAnswered,
    /// It cannot be decrypted.
    Encryption,
    /// It came too late.
    Expired,
    /// It is not of the form that is expected.
    Form,
    /// A presentation was made for another request, or by somebody else.
    NotBound,
    /// It should have been encrypted.
    NotEncrypted,
    /// There is no such request.
    NotFound,
    /// It comes from a page that the request was not made for.
    Origin,
    /// It was made under another protocol of the Digital Credentials API.
    Protocol,
    /// The state is not that of the request.
    State,
    /// The state cannot be kept.
    Store,
    /// `vp_token` is malformed.
    VpToken,
    /// `wallet_nonce` is malformed.
    WalletNonce,
}

impl AnswerError {
    /// The stable code of the error.
    pub fn code(self) -> &'static str {
        match self {
            Self::AlreadyAnswered => "university.answer.already_answered",
            Self::Encryption => "university.answer.encryption",
            Self::Expired => "university.answer.expired",
            Self::Form => "university.answer.form",
            Self::NotBound => "university.answer.not_bound",
            Self::NotEncrypted => "university.answer.not_encrypted",
            Self::NotFound => "university.no_such_request",
            Self::Origin => "university.answer.origin",
            Self::Protocol => "university.answer.protocol",
            Self::State => "university.answer.state",
            Self::Store => "sessions.store",
            Self::VpToken => "university.answer.vp_token",
            Self::WalletNonce => "university.answer.wallet_nonce",
        }
    }
}

impl From<SessionsError> for AnswerError {
    fn from(_: SessionsError) -> Self {
        Self::Store
    }
}

impl fmt::Display for AnswerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AlreadyAnswered => "the request was answered before",
            Self::Encryption => "the answer cannot be decrypted",
            Self::Expired => "the request is expired",
            Self::Form => "the body is not the form that is expected",
            Self::NotBound => "a presentation was not made for this request",
            Self::NotEncrypted => "the answer is not encrypted",
            Self::NotFound => "there is no such request",
            Self::Origin => "the answer comes from a page that the request was not made for",
            Self::Protocol => "the answer was made under another protocol",
            Self::State => "the state is not that of the request",
            Self::Store => "the state cannot be read or written",
            Self::VpToken => "vp_token is malformed",
            Self::WalletNonce => "wallet_nonce is malformed",
        })
    }
}

impl std::error::Error for AnswerError {}
