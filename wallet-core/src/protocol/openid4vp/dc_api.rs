//! Requests and answers of the Digital Credentials API, as values (OpenID4VP 1.0 Appendix A).

use super::{RequestError, Response};
use crate::codec::{Json, Object};

/// Who vouches for a request (§A.1): the `protocol` of the Digital Credentials API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DcApiProtocol {
    /// `openid4vp-v1-multisigned`: signatures, one for each name of who asks.
    Multisigned,
    /// `openid4vp-v1-signed`: a signature.
    #[default]
    Signed,
    /// `openid4vp-v1-unsigned`: the platform alone, by the origin of the page.
    Unsigned,
}

impl DcApiProtocol {
    /// The protocol of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "openid4vp-v1-multisigned" => Some(Self::Multisigned),
            "openid4vp-v1-signed" => Some(Self::Signed),
            "openid4vp-v1-unsigned" => Some(Self::Unsigned),
            _ => None,
        }
    }

    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Multisigned => "openid4vp-v1-multisigned",
            Self::Signed => "openid4vp-v1-signed",
            Self::Unsigned => "openid4vp-v1-unsigned",
        }
    }
}

/// `data` of a request, by its form (§A.3).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DcApiRequest {
    /// The parameters under several signatures: each in compact form, as if it stood alone.
    Multisigned(Vec<String>),
    /// The parameters as a signed request object in compact form.
    Signed(String),
    /// The parameters.
    Unsigned(Object),
}

/// More signatures than an honest verifier makes for one request: one for each of its names.
const MOST_SIGNATURES: usize = 16;

impl DcApiRequest {
    /// Reads `data` of a request in `protocol`.
    pub fn parse(protocol: DcApiProtocol, data: &Json) -> Result<Self, RequestError> {
        let bad = || RequestError::Malformed("request");
        let data = data.as_object().ok_or(RequestError::Malformed("data"))?;
        if protocol == DcApiProtocol::Unsigned {
            return Ok(Self::Unsigned(data.clone()));
        }
        let request = data.get("request").ok_or(RequestError::Missing("request"))?;
        if protocol == DcApiProtocol::Signed {
            return Ok(Self::Signed(request.as_str().ok_or_else(bad)?.to_owned()));
        }
        // RFC 7515 §7.2.1: the payload stands once, every signature is over it and its own protected header.
        let payload = request.get("payload").and_then(Json::as_str).ok_or_else(bad)?;
        let signatures = request.get("signatures").and_then(Json::as_array).unwrap_or_default();
        if signatures.is_empty() || signatures.len() > MOST_SIGNATURES {
            return Err(RequestError::Malformed("signatures"));
        }
        let compact = |signature: &Json| {
            let protected = signature.get("protected").and_then(Json::as_str)?;
            let value = signature.get("signature").and_then(Json::as_str)?;
            Some(format!("{protected}.{payload}.{value}"))
        };
        let compact: Option<Vec<String>> = signatures.iter().map(compact).collect();
        Ok(Self::Multisigned(compact.ok_or(RequestError::Malformed("signatures"))?))
    }
}

/// The audience of an answer to the page at `origin`, whoever signed the request (§A.4).
pub fn origin_audience(origin: &str) -> String {
    format!("origin:{origin}")
}

impl Response {
    /// `data` of an answer with the mode `dc_api` (§A.4); a `state` has no place there.
    pub fn to_dc_api(&self) -> Json {
        Json::Object(match self {
            Self::Error { code, .. } => Object::new().with("error", Json::from(code.name())),
            Self::Presented { vp_token, .. } => Object::new().with("vp_token", vp_token.to_json()),
        })
    }
}
