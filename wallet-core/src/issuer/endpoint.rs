//! Answers and error answers, with the codes of OpenID4VCI 1.0 §6.3, §8.3.1 and §11.3, RFC 6750 and RFC 9449.

use super::StateError;
use crate::http::{Headers, HttpResponse, Method};
use crate::protocol::oauth::{ErrorResponse, TokenType};

/// Why an endpoint refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The access token, at a resource: RFC 6750 §3.1, RFC 9449 §7.1.
    Authorization {
        error: Option<&'static str>,
        scheme: TokenType,
    },
    /// Another method.
    Method(Method),
    /// Nothing is here.
    NotFound,
    /// 400 with an error code; the description says what, without personal data.
    Request {
        error: &'static str,
        description: &'static str,
    },
    /// The state does not answer.
    State,
}

impl Failure {
    pub(super) fn request(error: &'static str, description: &'static str) -> Self {
        Self::Request { error, description }
    }

    pub(super) fn into_response(self) -> HttpResponse {
        let body = |error: &str, description: &str| ErrorResponse::new(error, Some(description)).encode();
        match self {
            Self::Authorization { error, scheme } => {
                let challenge = match error {
                    Some(error) => format!("{} error=\"{error}\", algs=\"ES256 ES384 EdDSA\"", scheme.scheme()),
                    None => format!("{} algs=\"ES256 ES384 EdDSA\"", scheme.scheme()),
                };
                let error = error.unwrap_or("invalid_token");
                fresh(json(401, body(error, "the access token does not serve here")))
                    .with_header("WWW-Authenticate", challenge)
            }
            Self::Method(method) => fresh(json(405, body("invalid_request", "another method is needed")))
                .with_header("Allow", method.to_string()),
            Self::NotFound => fresh(json(404, body("not_found", "there is nothing at this address"))),
            Self::Request { error, description } => {
                // RFC 6749 §5.2: a client that is not known is told with 401.
                let status = if error == "invalid_client" { 401 } else { 400 };
                fresh(json(status, body(error, description)))
            }
            Self::State => fresh(json(
                503,
                body("server_error", "the authority cannot answer now, try again later"),
            ))
            .with_header("Retry-After", "30"),
        }
    }
}

impl From<StateError> for Failure {
    fn from(_: StateError) -> Self {
        Self::State
    }
}

/// A JSON answer.
pub(super) fn json(status: u16, body: String) -> HttpResponse {
    HttpResponse::of_type(status, "application/json", body)
}

/// An answer that nobody keeps.
pub(super) fn fresh(response: HttpResponse) -> HttpResponse {
    response.with_header("Cache-Control", "no-store")
}

/// An answer without a body.
pub(super) fn empty() -> HttpResponse {
    fresh(HttpResponse::new(204, Headers::new(), Vec::new()))
}
