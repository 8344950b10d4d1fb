//! Error codes on the wire, and why a message does not parse.

use std::fmt;

use crate::codec::JsonError;
use crate::http::FormError;

/// `error` of an answer (OpenID4VP 1.0 §8.5, RFC 6749 §4.1.2.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorCode {
    /// `access_denied`: no fitting credential, a refusal, or a failed authentication; the verifier cannot tell which.
    AccessDenied,
    /// `invalid_client`.
    InvalidClient,
    /// `invalid_request`.
    InvalidRequest,
    /// `invalid_request_uri_method`.
    InvalidRequestUriMethod,
    /// `invalid_scope`.
    InvalidScope,
    /// `invalid_transaction_data`.
    InvalidTransactionData,
    /// A code that the specification does not have.
    Unknown,
    /// `vp_formats_not_supported`.
    VpFormatsNotSupported,
    /// `wallet_unavailable`.
    WalletUnavailable,
}

impl ErrorCode {
    /// The code of this name.
    pub fn from_name(name: &str) -> Self {
        match name {
            "access_denied" => Self::AccessDenied,
            "invalid_client" => Self::InvalidClient,
            "invalid_request" => Self::InvalidRequest,
            "invalid_request_uri_method" => Self::InvalidRequestUriMethod,
            "invalid_scope" => Self::InvalidScope,
            "invalid_transaction_data" => Self::InvalidTransactionData,
            "vp_formats_not_supported" => Self::VpFormatsNotSupported,
            "wallet_unavailable" => Self::WalletUnavailable,
            _ => Self::Unknown,
        }
    }

    /// The name on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Self::AccessDenied => "access_denied",
            Self::InvalidClient => "invalid_client",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidRequestUriMethod => "invalid_request_uri_method",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTransactionData => "invalid_transaction_data",
            Self::Unknown => "unknown",
            Self::VpFormatsNotSupported => "vp_formats_not_supported",
            Self::WalletUnavailable => "wallet_unavailable",
        }
    }
}

/// A request that does not parse, or asks for what is not supported.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestError {
    /// The link's parameters are not a form.
    Form(FormError),
    /// A key for the answer without `alg` (§8.3).
    KeyWithoutAlg,
    /// A key without `kid` (§5.1).
    KeyWithoutKid,
    /// A member that does not hold what it should.
    Malformed(&'static str),
    /// A member that is missing.
    Missing(&'static str),
    /// An encrypted answer is asked for, but there is no key on P-256 to encrypt it to.
    NoEncryptionKey,
    /// Not a link with parameters.
    NotALink,
    /// The query is a `presentation_definition`, which OpenID4VP 1.0 no longer has.
    PresentationDefinition,
    /// `dcql_query` and `scope`, where one is allowed (§5.1).
    QueryAndScope,
    /// `redirect_uri` beside `response_uri` (§8.2).
    RedirectUriWithDirectPost,
    /// Two keys with one `kid` (§5.1).
    RepeatedKid,
    /// `request` and `request_uri`, where one is allowed (RFC 9101 §5).
    RequestAndRequestUri,
    /// `request_uri_method` is neither `get` nor `post`.
    RequestUriMethod,
    /// A `response_mode` that is not supported.
    ResponseMode,
    /// A `response_type` that is not supported.
    ResponseType,
    /// The scheme of the link is not one of verifiers.
    Scheme,
    /// The query is given by `scope`, which is not supported.
    Scope,
    /// `transaction_data`, which is not supported.
    TransactionData,
    /// The request stands in the link without a signature.
    Unsigned,
    /// No way to encrypt the answer that both sides support.
    UnsupportedEncryption,
}

impl RequestError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Form(_) => "openid4vp.request.form",
            Self::KeyWithoutAlg => "openid4vp.request.key_without_alg",
            Self::KeyWithoutKid => "openid4vp.request.key_without_kid",
            Self::Malformed(_) => "openid4vp.request.malformed",
            Self::Missing(_) => "openid4vp.request.missing",
            Self::NoEncryptionKey => "openid4vp.request.no_encryption_key",
            Self::NotALink => "openid4vp.request.not_a_link",
            Self::PresentationDefinition => "openid4vp.request.presentation_definition",
            Self::QueryAndScope => "openid4vp.request.query_and_scope",
            Self::RedirectUriWithDirectPost => "openid4vp.request.redirect_uri_with_direct_post",
            Self::RepeatedKid => "openid4vp.request.repeated_kid",
            Self::RequestAndRequestUri => "openid4vp.request.request_and_request_uri",
            Self::RequestUriMethod => "openid4vp.request.request_uri_method",
            Self::ResponseMode => "openid4vp.request.response_mode",
            Self::ResponseType => "openid4vp.request.response_type",
            Self::Scheme => "openid4vp.request.scheme",
            Self::Scope => "openid4vp.request.scope",
            Self::TransactionData => "openid4vp.request.transaction_data",
            Self::Unsigned => "openid4vp.request.unsigned",
            Self::UnsupportedEncryption => "openid4vp.request.unsupported_encryption",
        }
    }

    /// The error a wallet would answer with (§8.5).
    pub fn error_code(&self) -> ErrorCode {
        match self {
            Self::RequestUriMethod => ErrorCode::InvalidRequestUriMethod,
            Self::Scope => ErrorCode::InvalidScope,
            Self::TransactionData => ErrorCode::InvalidTransactionData,
            _ => ErrorCode::InvalidRequest,
        }
    }
}

impl From<FormError> for RequestError {
    fn from(error: FormError) -> Self {
        Self::Form(error)
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form(error) => write!(f, "parameters of the link: {error}"),
            Self::KeyWithoutAlg => f.write_str("the key for the answer has no `alg`"),
            Self::KeyWithoutKid => f.write_str("a key of the request has no `kid`"),
            Self::Malformed(name) => write!(f, "`{name}` of the request is malformed"),
            Self::Missing(name) => write!(f, "the request has no `{name}`"),
            Self::NoEncryptionKey => f.write_str("an encrypted answer is asked for, without a key to encrypt it to"),
            Self::NotALink => f.write_str("not a link with a request"),
            Self::PresentationDefinition => {
                f.write_str("the query is a presentation definition of an older draft (DCQL is supported)")
            }
            Self::QueryAndScope => f.write_str("`dcql_query` and `scope` are both there"),
            Self::RedirectUriWithDirectPost => f.write_str("`redirect_uri` stands beside `response_uri`"),
            Self::RepeatedKid => f.write_str("two keys of the request have the same `kid`"),
            Self::RequestAndRequestUri => f.write_str("`request` and `request_uri` are both there"),
            Self::RequestUriMethod => f.write_str("`request_uri_method` is neither `get` nor `post`"),
            Self::ResponseMode => f.write_str("`response_mode` is not supported (direct_post and direct_post.jwt are)"),
            Self::ResponseType => f.write_str("`response_type` is not supported (vp_token is)"),
            Self::Scheme => f.write_str("the link is not of a kind that verifiers use"),
            Self::Scope => f.write_str("a query by `scope` is not supported"),
            Self::TransactionData => f.write_str("`transaction_data` is not supported"),
            Self::Unsigned => f.write_str("the request is not signed"),
            Self::UnsupportedEncryption => {
                f.write_str("no supported way to encrypt the answer (ECDH-ES with A128GCM or A256GCM is)")
            }
        }
    }
}

impl std::error::Error for RequestError {}

/// An answer that does not parse.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResponseError {
    /// Not acceptable JSON.
    Json(JsonError),
    /// A member that is missing or does not hold what it should.
    Malformed(&'static str),
    /// More presentations than allowed.
    TooManyPresentations {
        /// How many there are.
        count: usize,
        /// The limit.
        limit: usize,
    },
    /// `vp_token` is not an object of non-empty arrays (§8.1).
    VpToken,
}

impl ResponseError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Json(error) => error.code(),
            Self::Malformed(_) => "openid4vp.response.malformed",
            Self::TooManyPresentations { .. } => "openid4vp.response.too_many_presentations",
            Self::VpToken => "openid4vp.response.vp_token",
        }
    }
}

impl From<JsonError> for ResponseError {
    fn from(error: JsonError) -> Self {
        Self::Json(error)
    }
}

impl fmt::Display for ResponseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => error.fmt(f),
            Self::Malformed(name) => write!(f, "`{name}` of the answer is missing or malformed"),
            Self::TooManyPresentations { count, limit } => {
                write!(f, "{count} presentations in one answer, {limit} are allowed")
            }
            Self::VpToken => f.write_str("`vp_token` is not an object of non-empty arrays"),
        }
    }
}

impl std::error::Error for ResponseError {}
