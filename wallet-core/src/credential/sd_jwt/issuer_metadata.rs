//! JWT VC Issuer Metadata: the keys that an issuer publishes under its own name (SD-JWT VC §4).
//!
//! Only the name of an issuer that is trusted already leads to a fetch: a stranger's credential must not make us
//! call anyone.

use std::fmt;

use crate::codec::{Budget, Json, JsonError};
use crate::http::{HttpRequest, HttpResponse, HttpsUrl, LinkPolicy, UrlError};
use crate::keys::{JwkSet, KeyError};
use crate::trust::{TrustError, TrustStore};

/// Fetching the keys of an issuer: a request to be sent, or the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "the keys come when every request was answered"]
#[expect(clippy::exhaustive_enums, reason = "a driver handles every kind of step")]
pub enum IssuerKeysStep {
    /// A request to be sent.
    Fetch(IssuerKeysFetch),
    /// The keys.
    Done(IssuerKeys),
}

/// One request for keys.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a request is answered"]
pub struct IssuerKeysFetch {
    issuer: String,
    policy: LinkPolicy,
    what: Document,
    request: HttpRequest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Document {
    Metadata,
    KeySet,
}

impl IssuerKeysFetch {
    /// Starts at `iss` of a credential, whose name `trust` must know as that of a web issuer.
    pub fn begin(trust: &TrustStore, iss: &str, policy: LinkPolicy) -> Result<Self, IssuerMetadataError> {
        if !trust.trusts_web_issuer(iss) {
            return Err(TrustError::UnknownIssuer.into());
        }
        // SD-JWT VC §4: `iss` without query and fragment, the well-known part between host and path.
        let url = HttpsUrl::parse(iss, policy)?;
        if url.query().is_some() {
            return Err(IssuerMetadataError::QueryInName);
        }
        Ok(Self {
            issuer: iss.to_owned(),
            policy,
            what: Document::Metadata,
            request: HttpRequest::get(url.well_known("jwt-vc-issuer"), "application/json"),
        })
    }

    /// What is to be sent; redirects are not followed.
    pub fn request(&self) -> &HttpRequest {
        &self.request
    }

    /// Takes the answer.
    pub fn answer(self, response: &HttpResponse, budget: &mut Budget) -> Result<IssuerKeysStep, IssuerMetadataError> {
        // SD-JWT VC §4.2: 200 and JSON; the body of an error is never used.
        if response.status() != 200 {
            return Err(IssuerMetadataError::Status(response.status()));
        }
        let media_type = response.media_type().unwrap_or_default();
        let expected = match self.what {
            Document::Metadata => media_type == "application/json",
            Document::KeySet => matches!(media_type.as_str(), "application/json" | "application/jwk-set+json"),
        };
        if !expected {
            return Err(IssuerMetadataError::MediaType);
        }
        let json = Json::parse(response.body(), budget)?;
        if self.what == Document::KeySet {
            return self.finish(&json);
        }
        // SD-JWT VC §4.3: the same name byte for byte, and exactly one place for the keys.
        if json.get("issuer").and_then(Json::as_str) != Some(&self.issuer) {
            return Err(IssuerMetadataError::OtherIssuer);
        }
        match (json.get("jwks"), json.get("jwks_uri")) {
            (Some(keys), None) => self.finish(keys),
            (None, Some(uri)) => {
                let uri = uri.as_str().ok_or(IssuerMetadataError::KeysPlace)?;
                let url = HttpsUrl::parse(uri, self.policy)?;
                Ok(IssuerKeysStep::Fetch(Self {
                    what: Document::KeySet,
                    request: HttpRequest::get(url, "application/json, application/jwk-set+json"),
                    ..self
                }))
            }
            _ => Err(IssuerMetadataError::KeysPlace),
        }
    }

    fn finish(self, keys: &Json) -> Result<IssuerKeysStep, IssuerMetadataError> {
        Ok(IssuerKeysStep::Done(IssuerKeys {
            issuer: self.issuer,
            keys: JwkSet::parse(keys)?,
        }))
    }
}

/// The keys that an issuer publishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerKeys {
    issuer: String,
    keys: JwkSet,
}

impl IssuerKeys {
    /// Whose they are.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The keys.
    pub fn keys(&self) -> &JwkSet {
        &self.keys
    }

    /// Lets `trust` use them, in place of those known before.
    pub fn add_to(self, trust: &mut TrustStore) -> Result<(), TrustError> {
        trust.add_web_keys(&self.issuer, self.keys)
    }
}

/// Issuer metadata that is not acceptable.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IssuerMetadataError {
    /// Not acceptable JSON.
    Json(JsonError),
    /// A key is malformed.
    Key(KeyError),
    /// Neither or both of `jwks` and `jwks_uri`.
    KeysPlace,
    /// The answer is not JSON by its media type.
    MediaType,
    /// The metadata names another issuer.
    OtherIssuer,
    /// The issuer's name has a query.
    QueryInName,
    /// The server did not answer 200.
    Status(u16),
    /// The issuer's name is not trusted.
    Trust(TrustError),
    /// A link that is not followed.
    Url(UrlError),
}

impl IssuerMetadataError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Json(error) => error.code(),
            Self::Key(error) => error.code(),
            Self::KeysPlace => "issuer_metadata.keys_place",
            Self::MediaType => "issuer_metadata.media_type",
            Self::OtherIssuer => "issuer_metadata.other_issuer",
            Self::QueryInName => "issuer_metadata.query_in_name",
            Self::Status(_) => "issuer_metadata.status",
            Self::Trust(error) => error.code(),
            Self::Url(error) => error.code(),
        }
    }
}

impl From<JsonError> for IssuerMetadataError {
    fn from(error: JsonError) -> Self {
        Self::Json(error)
    }
}

impl From<KeyError> for IssuerMetadataError {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}

impl From<TrustError> for IssuerMetadataError {
    fn from(error: TrustError) -> Self {
        Self::Trust(error)
    }
}

impl From<UrlError> for IssuerMetadataError {
    fn from(error: UrlError) -> Self {
        Self::Url(error)
    }
}

impl fmt::Display for IssuerMetadataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => error.fmt(f),
            Self::Key(error) => error.fmt(f),
            Self::KeysPlace => f.write_str("issuer metadata has neither or both of `jwks` and `jwks_uri`"),
            Self::MediaType => f.write_str("issuer metadata is not sent as JSON"),
            Self::OtherIssuer => f.write_str("issuer metadata names another issuer"),
            Self::QueryInName => f.write_str("the issuer's name has a query"),
            Self::Status(status) => write!(f, "issuer metadata was answered with status {status}"),
            Self::Trust(error) => error.fmt(f),
            Self::Url(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for IssuerMetadataError {}
