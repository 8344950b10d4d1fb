//! What a link or QR code of a verifier holds (OpenID4VP 1.0 §5, RFC 9101 §5).

use super::{ClientId, RequestError};
use crate::http;

/// Schemes under which verifiers hand requests to wallets, beside `https`.
pub const LINK_SCHEMES: [&str; 6] = [
    "openid4vp",
    "haip-vp",
    "haip",
    "eudi-openid4vp",
    "mdoc-openid4vp",
    "openid-vp",
];

/// A request as a link: who claims to ask, and where the signed request is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestLink {
    /// The claimed client identifier; the signed request must repeat it.
    pub client_id: ClientId,
    /// Where the signed request is.
    pub source: RequestSource,
}

/// Where the signed request is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestSource {
    /// `request_uri`: to be fetched. The link is not yet checked against a policy.
    Reference {
        /// The address.
        uri: String,
        /// How it is to be fetched.
        method: RequestMethod,
    },
    /// `request`: the signed request itself.
    Value(String),
}

/// `request_uri_method` (OpenID4VP 1.0 §5.10).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub enum RequestMethod {
    /// `get`, also where nothing is said.
    #[default]
    Get,
    /// `post`: the wallet may send a nonce and its metadata.
    Post,
}

impl RequestLink {
    /// Parses the text of a link or QR code.
    ///
    /// Parameters beside the signed request are ignored: only what is signed counts (RFC 9101 §6.3).
    ///
    /// # Errors
    /// A request whose parameters stand in the link itself is [`RequestError::Unsigned`].
    pub fn parse(text: &str) -> Result<Self, RequestError> {
        let text = text.trim();
        let (scheme, rest) = text.split_once(':').ok_or(RequestError::NotALink)?;
        let scheme = scheme.to_ascii_lowercase();
        if scheme != "https" && !LINK_SCHEMES.contains(&scheme.as_str()) {
            return Err(RequestError::Scheme);
        }
        let (_, query) = rest.split_once('?').ok_or(RequestError::NotALink)?;
        let query = query.split_once('#').map_or(query, |(query, _)| query);
        let mut client_id = None;
        let mut uri = None;
        let mut method = None;
        let mut value = None;
        let mut plain = false;
        for (name, field) in http::decode_form(query)? {
            match name.as_str() {
                "client_id" => client_id = Some(ClientId::new(field)),
                "request" => value = Some(field),
                "request_uri" => uri = Some(field),
                "request_uri_method" => method = Some(field),
                "dcql_query" | "presentation_definition" | "response_type" | "nonce" => plain = true,
                _ => {}
            }
        }
        // RFC 9101 §5: `client_id` is required beside `request` and `request_uri`.
        let client_id = client_id.filter(|id| !id.as_str().is_empty());
        let source = match (uri, value) {
            (Some(_), Some(_)) => return Err(RequestError::RequestAndRequestUri),
            (Some(uri), None) => RequestSource::Reference {
                uri,
                method: match method.as_deref() {
                    None | Some("get") => RequestMethod::Get,
                    Some("post") => RequestMethod::Post,
                    Some(_) => return Err(RequestError::RequestUriMethod),
                },
            },
            (None, Some(value)) => RequestSource::Value(value),
            (None, None) if plain => return Err(RequestError::Unsigned),
            (None, None) => return Err(RequestError::Missing("request_uri")),
        };
        Ok(Self {
            client_id: client_id.ok_or(RequestError::Missing("client_id"))?,
            source,
        })
    }

    /// A link to a request at `uri`.
    pub fn by_reference(client_id: ClientId, uri: impl Into<String>, method: RequestMethod) -> Self {
        let uri = uri.into();
        Self {
            client_id,
            source: RequestSource::Reference { uri, method },
        }
    }

    /// Writes the link under `scheme` (`openid4vp`, `haip-vp`).
    pub fn encode(&self, scheme: &str) -> String {
        let id = ("client_id", self.client_id.as_str());
        let form = match &self.source {
            RequestSource::Reference { uri, method } => {
                let uri = ("request_uri", uri.as_str());
                match method {
                    RequestMethod::Get => http::encode_form([id, uri]),
                    RequestMethod::Post => http::encode_form([id, uri, ("request_uri_method", "post")]),
                }
            }
            RequestSource::Value(jwt) => http::encode_form([id, ("request", jwt.as_str())]),
        };
        format!("{scheme}://?{form}")
    }
}
