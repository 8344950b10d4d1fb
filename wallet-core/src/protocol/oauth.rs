//! OAuth 2.0 as OpenID4VCI uses it: server metadata (RFC 8414), token request and answer (RFC 6749), errors
//! (RFC 6749 §5.2, RFC 6750 §3.1, RFC 9449 §7).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::codec::{Budget, Json, JsonError, Object, json};
use crate::http::{FormError, HttpsUrl, LinkPolicy, UrlError, decode_form, encode_form};

/// The grant type of OpenID4VCI 1.0 §4.1.1.
pub const PRE_AUTHORIZED_CODE: &str = "urn:ietf:params:oauth:grant-type:pre-authorized_code";

/// The name of an authorization server's metadata below `/.well-known/` (RFC 8414 §3).
pub const WELL_KNOWN: &str = "oauth-authorization-server";

/// What an authorization server says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuthorizationServerMetadata {
    /// `issuer`: the server's identifier.
    pub issuer: HttpsUrl,
    /// `token_endpoint`.
    pub token_endpoint: HttpsUrl,
    /// `grant_types_supported`; where it is absent RFC 8414 §2 means `authorization_code` and `implicit`.
    pub grant_types: Option<Vec<String>>,
    /// `pre-authorized_grant_anonymous_access_supported` (OpenID4VCI 1.0 §12.3).
    pub anonymous_pre_authorized: bool,
    /// `dpop_signing_alg_values_supported` (RFC 9449 §5.1).
    pub dpop_algorithms: Option<Vec<String>>,
    /// `authorization_endpoint`.
    pub authorization_endpoint: Option<HttpsUrl>,
    /// `pushed_authorization_request_endpoint` (RFC 9126).
    pub pushed_authorization_request_endpoint: Option<HttpsUrl>,
    /// `status_list_aggregation_endpoint` (Token Status List §9).
    pub status_list_aggregation_endpoint: Option<HttpsUrl>,
}

#[derive(Serialize, Deserialize)]
struct ServerWire {
    issuer: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pushed_authorization_request_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grant_types_supported: Option<Vec<String>>,
    #[serde(rename = "pre-authorized_grant_anonymous_access_supported", default)]
    anonymous: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    dpop_signing_alg_values_supported: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_types_supported: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_list_aggregation_endpoint: Option<String>,
}

impl AuthorizationServerMetadata {
    /// Metadata of a server with the pre-authorized code grant only.
    pub fn new(issuer: HttpsUrl, token_endpoint: HttpsUrl) -> Self {
        Self {
            issuer,
            token_endpoint,
            grant_types: Some(vec![PRE_AUTHORIZED_CODE.to_owned()]),
            anonymous_pre_authorized: true,
            dpop_algorithms: None,
            authorization_endpoint: None,
            pushed_authorization_request_endpoint: None,
            status_list_aggregation_endpoint: None,
        }
    }

    /// Reads the metadata; `issuer` is compared by [`AuthorizationServerMetadata::check_issuer`].
    pub fn parse(text: &[u8], policy: LinkPolicy, budget: &mut Budget) -> Result<Self, OAuthError> {
        let wire: ServerWire = json::from_slice(text, budget)?;
        let link = |name: &'static str, text: &str| {
            HttpsUrl::parse(text, policy).map_err(|error| OAuthError::Link { member: name, error })
        };
        let optional = |name, text: Option<String>| text.map(|text| link(name, &text)).transpose();
        let token_endpoint = wire.token_endpoint.ok_or(OAuthError::Missing("token_endpoint"))?;
        Ok(Self {
            issuer: link("issuer", &wire.issuer)?,
            token_endpoint: link("token_endpoint", &token_endpoint)?,
            grant_types: wire.grant_types_supported,
            anonymous_pre_authorized: wire.anonymous,
            dpop_algorithms: wire.dpop_signing_alg_values_supported,
            authorization_endpoint: optional("authorization_endpoint", wire.authorization_endpoint)?,
            pushed_authorization_request_endpoint: optional(
                "pushed_authorization_request_endpoint",
                wire.pushed_authorization_request_endpoint,
            )?,
            status_list_aggregation_endpoint: optional(
                "status_list_aggregation_endpoint",
                wire.status_list_aggregation_endpoint,
            )?,
        })
    }

    /// Checks that the server is the one that was asked (RFC 8414 §3.3), byte for byte.
    pub fn check_issuer(&self, expected: &HttpsUrl) -> Result<(), OAuthError> {
        if self.issuer.as_str() == expected.as_str() {
            Ok(())
        } else {
            Err(OAuthError::IssuerDiffers)
        }
    }

    /// Writes the metadata.
    pub fn encode(&self) -> String {
        let text = |url: &HttpsUrl| url.as_str().to_owned();
        let wire = ServerWire {
            issuer: text(&self.issuer),
            token_endpoint: Some(text(&self.token_endpoint)),
            authorization_endpoint: self.authorization_endpoint.as_ref().map(text),
            pushed_authorization_request_endpoint: self.pushed_authorization_request_endpoint.as_ref().map(text),
            grant_types_supported: self.grant_types.clone(),
            anonymous: self.anonymous_pre_authorized,
            dpop_signing_alg_values_supported: self.dpop_algorithms.clone(),
            token_endpoint_auth_methods_supported: self
                .authorization_endpoint
                .is_none()
                .then(|| vec!["none".to_owned()]),
            // RFC 8414 §2 requires the member; there is no authorization endpoint, so there are no values.
            response_types_supported: Some(Vec::new()),
            status_list_aggregation_endpoint: self.status_list_aggregation_endpoint.as_ref().map(text),
        };
        serde_json::to_string(&wire).expect("strings and lists are JSON")
    }
}

/// A token request with the pre-authorized code grant (OpenID4VCI 1.0 §6.1).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TokenRequest {
    /// `pre-authorized_code`.
    pub code: String,
    /// `tx_code`.
    pub tx_code: Option<String>,
    /// `client_id`, for servers that do not serve anonymous clients.
    pub client_id: Option<String>,
}

impl TokenRequest {
    /// A request.
    pub fn new(code: impl Into<String>, tx_code: Option<String>) -> Self {
        Self {
            code: code.into(),
            tx_code,
            client_id: None,
        }
    }

    /// Reads a form body.
    pub fn parse(body: &str) -> Result<Self, OAuthError> {
        let mut code = None;
        let (mut tx_code, mut client_id) = (None, None);
        let mut grant_type = None;
        for (name, value) in decode_form(body)? {
            match name.as_str() {
                "grant_type" => grant_type = Some(value),
                "pre-authorized_code" => code = Some(value),
                "tx_code" => tx_code = Some(value),
                "client_id" => client_id = Some(value),
                // RFC 6749 §3.2: unknown parameters are ignored.
                _ => {}
            }
        }
        match grant_type.as_deref() {
            Some(PRE_AUTHORIZED_CODE) => {}
            Some(_) => return Err(OAuthError::UnsupportedGrant),
            None => return Err(OAuthError::Missing("grant_type")),
        }
        Ok(Self {
            code: code.ok_or(OAuthError::Missing("pre-authorized_code"))?,
            tx_code,
            client_id,
        })
    }

    /// Writes the form body.
    pub fn encode(&self) -> String {
        let fields = [
            ("grant_type", Some(PRE_AUTHORIZED_CODE)),
            ("pre-authorized_code", Some(self.code.as_str())),
            ("tx_code", self.tx_code.as_deref()),
            ("client_id", self.client_id.as_deref()),
        ];
        encode_form(fields.into_iter().filter_map(|(name, value)| Some((name, value?))))
    }
}

impl fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenRequest(redacted)")
    }
}

/// How an access token is shown to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum TokenType {
    /// By whoever has it (RFC 6750).
    Bearer,
    /// By whoever proves to have a key (RFC 9449).
    Dpop,
}

impl TokenType {
    /// The scheme of the `Authorization` header.
    pub fn scheme(self) -> &'static str {
        match self {
            Self::Bearer => "Bearer",
            Self::Dpop => "DPoP",
        }
    }
}

/// A successful token answer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TokenResponse {
    /// `access_token`.
    pub access_token: String,
    /// `token_type`.
    pub token_type: TokenType,
    /// `expires_in`, in seconds.
    pub expires_in: Option<u64>,
    /// `authorization_details`: for each configuration the `credential_identifiers` to ask with
    /// (OpenID4VCI 1.0 §6.2).
    pub identifiers: Vec<(String, Vec<String>)>,
}

#[derive(Deserialize)]
struct TokenWire {
    access_token: String,
    token_type: String,
    #[serde(default)]
    expires_in: Option<Json>,
    #[serde(default)]
    authorization_details: Vec<DetailWire>,
}

#[derive(Deserialize)]
struct DetailWire {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    credential_configuration_id: Option<String>,
    #[serde(default)]
    credential_identifiers: Vec<String>,
}

impl TokenResponse {
    /// An answer without `authorization_details`.
    pub fn new(access_token: impl Into<String>, token_type: TokenType, expires_in: u64) -> Self {
        Self {
            access_token: access_token.into(),
            token_type,
            expires_in: Some(expires_in),
            identifiers: Vec::new(),
        }
    }

    /// Reads the body of a successful answer.
    pub fn parse(body: &[u8], budget: &mut Budget) -> Result<Self, OAuthError> {
        let wire: TokenWire = json::from_slice(body, budget)?;
        // RFC 6749 §5.1: the type is compared without case.
        let token_type = match wire.token_type.to_ascii_lowercase().as_str() {
            "bearer" => TokenType::Bearer,
            "dpop" => TokenType::Dpop,
            _ => return Err(OAuthError::TokenType),
        };
        // RFC 6750 §2.1: what may stand in the header.
        let sendable = |byte: u8| byte.is_ascii_graphic();
        if wire.access_token.is_empty() || !wire.access_token.bytes().all(sendable) {
            return Err(OAuthError::Missing("access_token"));
        }
        let mut identifiers = Vec::new();
        for detail in wire.authorization_details {
            if detail.kind == "openid_credential"
                && let Some(configuration) = detail.credential_configuration_id
                && !detail.credential_identifiers.is_empty()
            {
                identifiers.push((configuration, detail.credential_identifiers));
            }
        }
        Ok(Self {
            access_token: wire.access_token,
            token_type,
            expires_in: wire.expires_in.as_ref().and_then(Json::as_u64),
            identifiers,
        })
    }

    /// Writes the body.
    pub fn encode(&self) -> String {
        Object::new()
            .with("access_token", Json::from(self.access_token.as_str()))
            .with("token_type", Json::from(self.token_type.scheme()))
            .with("expires_in", self.expires_in.map(Json::from))
            .to_string()
    }
}

impl fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenResponse({:?}, redacted)", self.token_type)
    }
}

/// The body of an error answer: `error`, and a description meant for developers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ErrorResponse {
    /// `error`.
    pub error: String,
    /// `error_description`: text of the peer, never shown as ours.
    #[serde(rename = "error_description", default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl ErrorResponse {
    /// An error.
    pub fn new(error: impl Into<String>, description: Option<&str>) -> Self {
        Self {
            error: error.into(),
            description: description.map(str::to_owned),
        }
    }

    /// Reads an error body; the code must be of the characters that RFC 6749 §5.2 allows, and short.
    pub fn parse(body: &[u8], budget: &mut Budget) -> Result<Self, OAuthError> {
        let parsed: Self = json::from_slice(body, budget)?;
        let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' | b'.');
        if parsed.error.is_empty() || parsed.error.len() > 64 || !parsed.error.bytes().all(allowed) {
            return Err(OAuthError::ErrorCode);
        }
        Ok(parsed)
    }

    /// Writes the body.
    pub fn encode(&self) -> String {
        Object::new()
            .with("error", Json::from(self.error.as_str()))
            .with("error_description", self.description.as_deref().map(Json::from))
            .to_string()
    }
}

/// An OAuth message that is not acceptable.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OAuthError {
    /// An error answer whose code is none.
    ErrorCode,
    /// A body that is not a form.
    Form(FormError),
    /// The metadata is that of another server.
    IssuerDiffers,
    /// Not the JSON that belongs there.
    Json(JsonError),
    /// An endpoint that is not followed.
    Link {
        /// Which.
        member: &'static str,
        /// Why.
        error: UrlError,
    },
    /// A member or parameter that is missing.
    Missing(&'static str),
    /// A token type that is neither `Bearer` nor `DPoP`.
    TokenType,
    /// A grant that is not served.
    UnsupportedGrant,
}

impl OAuthError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ErrorCode => "oauth.error_code",
            Self::Form(_) => "oauth.form",
            Self::IssuerDiffers => "oauth.issuer_differs",
            Self::Json(error) => error.code(),
            Self::Link { error, .. } => error.code(),
            Self::Missing(_) => "oauth.missing",
            Self::TokenType => "oauth.token_type",
            Self::UnsupportedGrant => "oauth.unsupported_grant",
        }
    }
}

impl From<JsonError> for OAuthError {
    fn from(error: JsonError) -> Self {
        Self::Json(error)
    }
}

impl From<FormError> for OAuthError {
    fn from(error: FormError) -> Self {
        Self::Form(error)
    }
}

impl fmt::Display for OAuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ErrorCode => f.write_str("error answer without a usable code"),
            Self::Form(error) => error.fmt(f),
            Self::IssuerDiffers => f.write_str("metadata belongs to another authorization server"),
            Self::Json(error) => error.fmt(f),
            Self::Link { member, error } => write!(f, "`{member}`: {error}"),
            Self::Missing(name) => write!(f, "`{name}` is missing"),
            Self::TokenType => f.write_str("token type is neither Bearer nor DPoP"),
            Self::UnsupportedGrant => f.write_str("grant type is not served"),
        }
    }
}

impl std::error::Error for OAuthError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_survives_the_round() {
        let link = |text| HttpsUrl::parse(text, LinkPolicy::HttpsOnly).expect("valid");
        let metadata =
            AuthorizationServerMetadata::new(link("https://school.example"), link("https://school.example/token"));
        let parse = |text: &str| {
            AuthorizationServerMetadata::parse(text.as_bytes(), LinkPolicy::HttpsOnly, &mut Budget::default())
        };
        assert_eq!(parse(&metadata.encode()), Ok(metadata.clone()));
        assert_eq!(
            metadata.check_issuer(&link("https://school.example/")),
            Err(OAuthError::IssuerDiffers)
        );
        assert_eq!(
            parse(
                &metadata
                    .encode()
                    .replace("https://school.example/token", "http://a.example")
            ),
            Err(OAuthError::Link {
                member: "token_endpoint",
                error: UrlError::NotHttps
            })
        );
    }

    #[test]
    fn token_messages_survive_the_round() {
        let request = TokenRequest::new("a b+c", Some("12&34".into()));
        assert_eq!(TokenRequest::parse(&request.encode()), Ok(request.clone()));
        assert_eq!(
            TokenRequest::parse(&request.encode().replace("pre-authorized_code&", "x&")),
            Err(OAuthError::UnsupportedGrant)
        );
        let response = TokenResponse::new("abc", TokenType::Dpop, 300);
        assert_eq!(
            TokenResponse::parse(response.encode().as_bytes(), &mut Budget::default()),
            Ok(response.clone())
        );
        assert_eq!(
            TokenResponse::parse(
                response.encode().replace("DPoP", "mac").as_bytes(),
                &mut Budget::default()
            ),
            Err(OAuthError::TokenType)
        );
        assert_eq!(
            TokenResponse::parse(
                response.encode().replace("abc", "a b").as_bytes(),
                &mut Budget::default()
            ),
            Err(OAuthError::Missing("access_token"))
        );
    }
}
