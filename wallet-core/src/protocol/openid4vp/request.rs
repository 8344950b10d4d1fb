//! The claims of a signed request (OpenID4VP 1.0 §5).

use super::{ClientId, ClientMetadata, RequestError};
use crate::codec::{Json, Object};

/// A request object: the claims of the signed request. Parsing checks what the claims alone can show; whoever
/// holds one does not yet know who signed it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestObject {
    /// `client_id`, with its prefix.
    pub client_id: ClientId,
    /// `response_type`.
    pub response_type: ResponseType,
    /// `response_mode`.
    pub response_mode: ResponseMode,
    /// `response_uri`, as received: not yet checked against a link policy. `None` through the Digital Credentials API.
    pub response_uri: Option<String>,
    /// `expected_origins` of a signed request through the Digital Credentials API.
    pub expected_origins: Option<Vec<String>>,
    /// `nonce`.
    pub nonce: String,
    /// `state`.
    pub state: Option<String>,
    /// `dcql_query`, not yet parsed.
    pub query: Json,
    /// `client_metadata`.
    pub metadata: ClientMetadata,
    /// `wallet_nonce`, echoed.
    pub wallet_nonce: Option<String>,
    /// `aud`: all of them.
    pub audience: Option<Vec<String>>,
    /// `iat`, in seconds.
    pub issued_at: Option<i64>,
    /// `nbf`, in seconds.
    pub not_before: Option<i64>,
    /// `exp`, in seconds.
    pub expires: Option<i64>,
    /// `purpose`: what the verifier says the values are for. Not in the specification, which ignores unknown
    /// members; nobody vouches for it.
    pub purpose: Option<String>,
    /// The formats named in `verifier_info`; none is evaluated.
    pub verifier_info: Vec<String>,
}

/// `response_type` in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResponseType {
    /// `vp_token`.
    VpToken,
}

/// `response_mode` in use: the answer is posted by the wallet, or handed over by the Digital Credentials API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub enum ResponseMode {
    /// `dc_api`: as a value of the Digital Credentials API.
    #[serde(rename = "dc_api")]
    DcApi,
    /// `dc_api.jwt`: encrypted.
    #[serde(rename = "dc_api.jwt")]
    DcApiJwt,
    /// `direct_post`: as a form.
    #[serde(rename = "direct_post")]
    DirectPost,
    /// `direct_post.jwt`: encrypted.
    #[serde(rename = "direct_post.jwt")]
    DirectPostJwt,
}

impl ResponseMode {
    /// The mode of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "dc_api" => Some(Self::DcApi),
            "dc_api.jwt" => Some(Self::DcApiJwt),
            "direct_post" => Some(Self::DirectPost),
            "direct_post.jwt" => Some(Self::DirectPostJwt),
            _ => None,
        }
    }

    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Self::DcApi => "dc_api",
            Self::DcApiJwt => "dc_api.jwt",
            Self::DirectPost => "direct_post",
            Self::DirectPostJwt => "direct_post.jwt",
        }
    }

    /// Whether the answer is encrypted.
    pub fn is_encrypted(self) -> bool {
        matches!(self, Self::DcApiJwt | Self::DirectPostJwt)
    }

    /// Whether request and answer go through the Digital Credentials API (OpenID4VP 1.0 Appendix A).
    pub fn is_dc_api(self) -> bool {
        matches!(self, Self::DcApi | Self::DcApiJwt)
    }
}

impl RequestObject {
    /// Reads the claims of a request by redirect. `iss` is ignored (§5), unknown members are too, but not
    /// `transaction_data`.
    pub fn parse(claims: &Object) -> Result<Self, RequestError> {
        let client_id = member(claims, "client_id")?.ok_or(RequestError::Missing("client_id"))?;
        let mut request = Self::read(claims, client_id)?;
        // §5.2: `fragment` where nothing is said.
        if request.response_mode.is_dc_api() {
            return Err(RequestError::ResponseMode);
        }
        // §8.2: with direct_post there is no `redirect_uri`.
        if claims.contains("redirect_uri") {
            return Err(RequestError::RedirectUriWithDirectPost);
        }
        let response_uri = member(claims, "response_uri")?;
        request.response_uri = Some(response_uri.ok_or(RequestError::Missing("response_uri"))?);
        request.state = member(claims, "state")?;
        Ok(request)
    }

    /// Reads the parameters of a request through the Digital Credentials API (Appendix A.2). Who asks, is said by the
    /// caller: [`DcApiRequest`](super::DcApiRequest) knows where that stands. `state` and the addresses of redirects
    /// have no meaning there.
    pub fn parse_dc_api(parameters: &Object, client_id: impl Into<String>) -> Result<Self, RequestError> {
        let mut request = Self::read(parameters, client_id.into())?;
        if !request.response_mode.is_dc_api() {
            return Err(RequestError::ResponseMode);
        }
        let bad = || RequestError::Malformed("expected_origins");
        request.expected_origins = match parameters.get("expected_origins") {
            None => None,
            Some(origins) => {
                let origins = origins
                    .as_array()
                    .filter(|origins| !origins.is_empty())
                    .ok_or_else(bad)?;
                let origins = origins.iter().map(|origin| origin.as_str().map(str::to_owned));
                Some(origins.collect::<Option<_>>().ok_or_else(bad)?)
            }
        };
        Ok(request)
    }

    fn read(claims: &Object, client_id: String) -> Result<Self, RequestError> {
        let text = |name| member(claims, name);
        let time = |name: &'static str| match claims.get(name) {
            None => Ok(None),
            Some(value) => seconds(value).map(Some).ok_or(RequestError::Malformed(name)),
        };
        // §5.1: a wallet that does not support `transaction_data` rejects the request.
        if claims.contains("transaction_data") {
            return Err(RequestError::TransactionData);
        }
        match text("response_type")?.as_deref() {
            Some("vp_token") => {}
            Some(_) => return Err(RequestError::ResponseType),
            None => return Err(RequestError::Missing("response_type")),
        }
        let response_mode = text("response_mode")?
            .and_then(|mode| ResponseMode::from_name(&mode))
            .ok_or(RequestError::ResponseMode)?;
        let query = match (claims.get("dcql_query"), claims.contains("scope")) {
            (Some(_), true) => return Err(RequestError::QueryAndScope),
            (Some(query @ Json::Object(_)), false) => query.clone(),
            (Some(_), false) => return Err(RequestError::Malformed("dcql_query")),
            (None, true) => return Err(RequestError::Scope),
            (None, false) if claims.contains("presentation_definition") => {
                return Err(RequestError::PresentationDefinition);
            }
            (None, false) if claims.contains("presentation_definition_uri") => {
                return Err(RequestError::PresentationDefinition);
            }
            (None, false) => return Err(RequestError::Missing("dcql_query")),
        };
        let audience = match claims.get("aud") {
            None => None,
            Some(Json::String(audience)) => Some(vec![audience.clone()]),
            Some(Json::Array(audiences)) => Some(
                audiences
                    .iter()
                    .map(|audience| audience.as_str().map(str::to_owned))
                    .collect::<Option<_>>()
                    .ok_or(RequestError::Malformed("aud"))?,
            ),
            Some(_) => return Err(RequestError::Malformed("aud")),
        };
        Ok(Self {
            client_id: ClientId::new(client_id),
            response_type: ResponseType::VpToken,
            response_mode,
            response_uri: None,
            expected_origins: None,
            nonce: text("nonce")?
                .ok_or(RequestError::Missing("nonce"))
                .and_then(|nonce| url_safe(nonce, "nonce"))?,
            state: None,
            query,
            metadata: claims
                .get("client_metadata")
                .map(ClientMetadata::parse)
                .transpose()?
                .unwrap_or_default(),
            wallet_nonce: text("wallet_nonce")?,
            audience,
            issued_at: time("iat")?,
            not_before: time("nbf")?,
            expires: time("exp")?,
            purpose: text("purpose")?,
            verifier_info: verifier_info(claims.get("verifier_info"))?,
        })
    }
}

fn member(claims: &Object, name: &'static str) -> Result<Option<String>, RequestError> {
    match claims.get(name) {
        None => Ok(None),
        Some(Json::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(RequestError::Malformed(name)),
    }
}

/// §5.2: a nonce has URL-safe characters only, and is not empty.
fn url_safe(value: String, name: &'static str) -> Result<String, RequestError> {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    if value.is_empty() || !value.bytes().all(safe) {
        return Err(RequestError::Malformed(name));
    }
    Ok(value)
}

/// A `NumericDate`; a fraction is cut off.
fn seconds(value: &Json) -> Option<i64> {
    let Json::Number(number) = value else { return None };
    let whole = number
        .as_str()
        .split_once('.')
        .map_or(number.as_str(), |(whole, _)| whole);
    whole.parse().ok()
}

fn verifier_info(value: Option<&Json>) -> Result<Vec<String>, RequestError> {
    let bad = RequestError::Malformed("verifier_info");
    let Some(value) = value else { return Ok(Vec::new()) };
    let items = value.as_array().filter(|items| !items.is_empty()).ok_or(bad.clone())?;
    items
        .iter()
        .map(|item| {
            item.get("format")
                .and_then(Json::as_str)
                .map(str::to_owned)
                .ok_or(bad.clone())
        })
        .collect()
}
