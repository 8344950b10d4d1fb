//! Messages of the nonce, credential, deferred and notification endpoints (OpenID4VCI 1.0 §7 to §11).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::codec::{Budget, Json, JsonError, Object, json};

/// Reads the answer of the nonce endpoint (§7.2).
pub fn parse_nonce_response(body: &[u8], budget: &mut Budget) -> Result<String, MessageError> {
    let body = Json::parse(body, budget)?;
    let nonce = body
        .get("c_nonce")
        .and_then(Json::as_str)
        .filter(|nonce| !nonce.is_empty());
    nonce.map(str::to_owned).ok_or(MessageError::Missing("c_nonce"))
}

/// Writes the answer of the nonce endpoint.
pub fn nonce_response(nonce: &str) -> Object {
    Object::new().with("c_nonce", Json::from(nonce))
}

/// What a credential request asks for: exactly one of the two (§8.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_enums, reason = "OpenID4VCI 1.0 §8.2 has exactly these two")]
pub enum Requested {
    /// `credential_configuration_id`.
    Configuration(String),
    /// `credential_identifier`, where the token answer named some.
    Identifier(String),
}

/// A credential request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CredentialRequest {
    /// What is asked for.
    pub requested: Requested,
    /// `proofs.jwt`; empty for a credential that is bound to no key.
    pub proofs: Vec<String>,
    /// `credential_response_encryption`.
    pub encryption: Option<ResponseEncryption>,
}

/// How the response shall be encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResponseEncryption {
    /// `jwk`: with `alg`.
    pub jwk: Json,
    /// `enc`.
    pub enc: String,
}

impl ResponseEncryption {
    /// Encryption to `jwk` with `enc`.
    pub fn new(jwk: Json, enc: impl Into<String>) -> Self {
        Self { jwk, enc: enc.into() }
    }

    fn to_json(&self) -> Json {
        let object = Object::new()
            .with("jwk", self.jwk.clone())
            .with("enc", Json::from(self.enc.as_str()));
        Json::Object(object)
    }

    fn parse(value: &Json) -> Result<Self, MessageError> {
        let jwk = value.get("jwk").ok_or(MessageError::Missing("jwk"))?.clone();
        let enc = value
            .get("enc")
            .and_then(Json::as_str)
            .ok_or(MessageError::Missing("enc"))?;
        Ok(Self::new(jwk, enc))
    }
}

impl CredentialRequest {
    /// A request.
    pub fn new(requested: Requested, proofs: Vec<String>) -> Self {
        Self {
            requested,
            proofs,
            encryption: None,
        }
    }

    /// Writes the body.
    pub fn encode(&self) -> String {
        let (name, value) = match &self.requested {
            Requested::Configuration(id) => ("credential_configuration_id", id),
            Requested::Identifier(id) => ("credential_identifier", id),
        };
        let proofs = (!self.proofs.is_empty()).then(|| {
            let jwts = self.proofs.iter().map(|proof| Json::from(proof.as_str())).collect();
            Json::Object(Object::new().with("jwt", Json::Array(jwts)))
        });
        Object::new()
            .with(name, Json::from(value.as_str()))
            .with("proofs", proofs)
            .with(
                "credential_response_encryption",
                self.encryption.as_ref().map(ResponseEncryption::to_json),
            )
            .to_string()
    }

    /// Reads the body.
    pub fn parse(body: &[u8], budget: &mut Budget) -> Result<Self, MessageError> {
        let body = Json::parse(body, budget)?;
        if body.as_object().is_none() {
            return Err(MessageError::NotAnObject);
        }
        let text = |name: &'static str| match body.get(name) {
            None => Ok(None),
            Some(Json::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(MessageError::BadMember(name)),
        };
        let requested = match (text("credential_configuration_id")?, text("credential_identifier")?) {
            (Some(id), None) => Requested::Configuration(id),
            (None, Some(id)) => Requested::Identifier(id),
            (Some(_), Some(_)) => return Err(MessageError::BothIdentifiers),
            (None, None) => return Err(MessageError::Missing("credential_configuration_id")),
        };
        // §8.2: `proof` of older drafts is gone, and a proof of an unknown kind is no proof.
        if body.get("proof").is_some() {
            return Err(MessageError::BadMember("proof"));
        }
        let proofs = match body.get("proofs") {
            None => Vec::new(),
            Some(proofs) => {
                let object = proofs.as_object().ok_or(MessageError::BadMember("proofs"))?;
                if object.len() != 1 {
                    return Err(MessageError::ProofTypes { count: object.len() });
                }
                let jwts = object.get("jwt").ok_or(MessageError::ProofTypeUnsupported)?;
                let jwts = jwts.as_array().filter(|jwts| !jwts.is_empty());
                let jwts = jwts.ok_or(MessageError::BadMember("proofs"))?.iter();
                let jwts = jwts.map(|jwt| jwt.as_str().map(str::to_owned));
                jwts.collect::<Option<_>>().ok_or(MessageError::BadMember("proofs"))?
            }
        };
        Ok(Self {
            requested,
            proofs,
            encryption: body
                .get("credential_response_encryption")
                .map(ResponseEncryption::parse)
                .transpose()?,
        })
    }
}

/// A successful answer of the credential endpoint or the deferred one (§8.3, §9.2).
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "OpenID4VCI 1.0 §8.3 has exactly these two")]
pub enum CredentialResponse {
    /// 200: the credentials.
    Issued {
        /// `credentials[].credential`: a string, or an object for `ldp_vc`.
        credentials: Vec<Json>,
        /// `notification_id`.
        notification_id: Option<String>,
    },
    /// 202: not yet.
    Deferred {
        /// `transaction_id`.
        transaction_id: String,
        /// `interval`: seconds to wait at least.
        interval: u64,
    },
}

/// More copies than any wallet asks for.
const MOST_CREDENTIALS: usize = 256;

#[derive(Deserialize)]
struct ResponseWire {
    #[serde(default)]
    credentials: Option<Vec<Json>>,
    #[serde(default)]
    transaction_id: Option<String>,
    #[serde(default)]
    interval: Option<Json>,
    #[serde(default)]
    notification_id: Option<String>,
}

impl CredentialResponse {
    /// Reads the body.
    pub fn parse(body: &[u8], budget: &mut Budget) -> Result<Self, MessageError> {
        let wire: ResponseWire = json::from_slice(body, budget)?;
        match (wire.credentials, wire.transaction_id) {
            (Some(items), None) => {
                if items.is_empty() || items.len() > MOST_CREDENTIALS {
                    return Err(MessageError::CredentialCount { count: items.len() });
                }
                // §8.3: each element is an object that holds the credential.
                let credential = |item: &Json| match item.get("credential") {
                    Some(value @ (Json::String(_) | Json::Object(_))) => Ok(value.clone()),
                    _ => Err(MessageError::Missing("credential")),
                };
                Ok(Self::Issued {
                    credentials: items.iter().map(credential).collect::<Result<_, _>>()?,
                    notification_id: wire.notification_id,
                })
            }
            (None, Some(transaction_id)) => Ok(Self::Deferred {
                transaction_id,
                interval: wire.interval.as_ref().and_then(Json::as_u64).unwrap_or(5),
            }),
            (None, None) => Err(MessageError::Missing("credentials")),
            (Some(_), Some(_)) => Err(MessageError::BadMember("transaction_id")),
        }
    }

    /// Writes the body.
    pub fn encode(&self) -> String {
        match self {
            Self::Issued {
                credentials,
                notification_id,
            } => {
                let items = credentials.iter().map(|credential| {
                    let object = Object::new().with("credential", credential.clone());
                    Json::Object(object)
                });
                Object::new()
                    .with("credentials", Json::Array(items.collect()))
                    .with("notification_id", notification_id.as_deref().map(Json::from))
            }
            Self::Deferred {
                transaction_id,
                interval,
            } => Object::new()
                .with("transaction_id", Json::from(transaction_id.as_str()))
                .with("interval", Json::from(*interval)),
        }
        .to_string()
    }
}

/// A request to the deferred endpoint (§9.1).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeferredRequest {
    /// `transaction_id`.
    pub transaction_id: String,
    /// `credential_response_encryption`.
    pub encryption: Option<ResponseEncryption>,
}

impl DeferredRequest {
    /// A request.
    pub fn new(transaction_id: impl Into<String>) -> Self {
        Self {
            transaction_id: transaction_id.into(),
            encryption: None,
        }
    }

    /// Writes the body.
    pub fn encode(&self) -> String {
        Object::new()
            .with("transaction_id", Json::from(self.transaction_id.as_str()))
            .with(
                "credential_response_encryption",
                self.encryption.as_ref().map(ResponseEncryption::to_json),
            )
            .to_string()
    }

    /// Reads the body.
    pub fn parse(body: &[u8], budget: &mut Budget) -> Result<Self, MessageError> {
        let body = Json::parse(body, budget)?;
        let id = body.get("transaction_id").and_then(Json::as_str);
        Ok(Self {
            transaction_id: id.ok_or(MessageError::Missing("transaction_id"))?.to_owned(),
            encryption: body
                .get("credential_response_encryption")
                .map(ResponseEncryption::parse)
                .transpose()?,
        })
    }
}

/// What became of the credentials (§11.1). A later deletion is never reported (ARF 3.0 PAD_03).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NotificationEvent {
    /// Stored.
    CredentialAccepted,
    /// The user did not want them.
    CredentialDeleted,
    /// They were not as they should be.
    CredentialFailure,
}

impl NotificationEvent {
    /// The event of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "credential_accepted" => Some(Self::CredentialAccepted),
            "credential_deleted" => Some(Self::CredentialDeleted),
            "credential_failure" => Some(Self::CredentialFailure),
            _ => None,
        }
    }

    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Self::CredentialAccepted => "credential_accepted",
            Self::CredentialDeleted => "credential_deleted",
            Self::CredentialFailure => "credential_failure",
        }
    }
}

/// A request to the notification endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NotificationRequest {
    /// `notification_id`.
    pub id: String,
    /// `event`.
    pub event: NotificationEvent,
}

impl NotificationRequest {
    /// A notification.
    pub fn new(id: impl Into<String>, event: NotificationEvent) -> Self {
        Self { id: id.into(), event }
    }

    /// Writes the body.
    pub fn encode(&self) -> String {
        Object::new()
            .with("notification_id", Json::from(self.id.as_str()))
            .with("event", Json::from(self.event.name()))
            .to_string()
    }

    /// Reads the body.
    pub fn parse(body: &[u8], budget: &mut Budget) -> Result<Self, MessageError> {
        let body = Json::parse(body, budget)?;
        let text = |name: &'static str| body.get(name).and_then(Json::as_str).ok_or(MessageError::Missing(name));
        let event = NotificationEvent::from_name(text("event")?).ok_or(MessageError::BadMember("event"))?;
        Ok(Self::new(text("notification_id")?, event))
    }
}

/// A message of an endpoint that is not acceptable.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageError {
    /// A member that does not hold what it should.
    BadMember(&'static str),
    /// Both ways to name a credential.
    BothIdentifiers,
    /// No credential, or more than any wallet asks for.
    CredentialCount {
        /// How many.
        count: usize,
    },
    /// Not the JSON that belongs there.
    Json(JsonError),
    /// A member that is missing.
    Missing(&'static str),
    /// Not a JSON object.
    NotAnObject,
    /// Not exactly one kind of proof.
    ProofTypes {
        /// How many kinds.
        count: usize,
    },
    /// A kind of proof that is not supported.
    ProofTypeUnsupported,
}

impl MessageError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadMember(_) => "issuance_message.bad_member",
            Self::BothIdentifiers => "issuance_message.both_identifiers",
            Self::CredentialCount { .. } => "issuance_message.credential_count",
            Self::Json(error) => error.code(),
            Self::Missing(_) => "issuance_message.missing",
            Self::NotAnObject => "issuance_message.not_an_object",
            Self::ProofTypes { .. } => "issuance_message.proof_types",
            Self::ProofTypeUnsupported => "issuance_message.proof_type_unsupported",
        }
    }
}

impl From<JsonError> for MessageError {
    fn from(error: JsonError) -> Self {
        Self::Json(error)
    }
}

impl fmt::Display for MessageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadMember(name) => write!(f, "`{name}` is malformed"),
            Self::BothIdentifiers => f.write_str("a credential is named in two ways"),
            Self::CredentialCount { count } => write!(f, "{count} credentials in one answer"),
            Self::Json(error) => error.fmt(f),
            Self::Missing(name) => write!(f, "`{name}` is missing"),
            Self::NotAnObject => f.write_str("not a JSON object"),
            Self::ProofTypes { count } => write!(f, "{count} kinds of proof, exactly one is allowed"),
            Self::ProofTypeUnsupported => f.write_str("kind of proof is not supported (jwt is)"),
        }
    }
}

impl std::error::Error for MessageError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_survive_the_round() {
        let budget = &mut Budget::default();
        let mut request = CredentialRequest::new(Requested::Configuration("report".into()), vec!["a.b.c".into()]);
        request.encryption = Some(ResponseEncryption::new(Json::Object(Object::new()), "A128GCM"));
        assert_eq!(
            CredentialRequest::parse(request.encode().as_bytes(), budget),
            Ok(request)
        );
        for response in [
            CredentialResponse::Issued {
                credentials: vec![Json::from("x~")],
                notification_id: Some("n".into()),
            },
            CredentialResponse::Deferred {
                transaction_id: "t".into(),
                interval: 3,
            },
        ] {
            assert_eq!(
                CredentialResponse::parse(response.encode().as_bytes(), budget),
                Ok(response)
            );
        }
        let notification = NotificationRequest::new("n", NotificationEvent::CredentialAccepted);
        assert_eq!(
            NotificationRequest::parse(notification.encode().as_bytes(), budget),
            Ok(notification)
        );
        let deferred = DeferredRequest::new("t");
        assert_eq!(
            DeferredRequest::parse(deferred.encode().as_bytes(), budget),
            Ok(deferred)
        );
        let nonce = nonce_response("n").to_string();
        assert_eq!(parse_nonce_response(nonce.as_bytes(), budget), Ok("n".into()));
    }

    #[test]
    fn refuses_requests_of_older_drafts() {
        let parse = |text: &str| CredentialRequest::parse(text.as_bytes(), &mut Budget::default()).map(|_| ());
        let id = r#""credential_configuration_id":"a""#;
        assert_eq!(
            parse(r#"{"format":"dc+sd-jwt","vct":"a"}"#),
            Err(MessageError::Missing("credential_configuration_id"))
        );
        assert_eq!(
            parse(&format!(r#"{{{id},"proof":{{"proof_type":"jwt","jwt":"a"}}}}"#)),
            Err(MessageError::BadMember("proof"))
        );
        assert_eq!(
            parse(&format!(r#"{{{id},"credential_identifier":"b"}}"#)),
            Err(MessageError::BothIdentifiers)
        );
        assert_eq!(
            parse(&format!(r#"{{{id},"proofs":{{"jwt":["a"],"di_vp":[]}}}}"#)),
            Err(MessageError::ProofTypes { count: 2 })
        );
        assert_eq!(
            parse(&format!(r#"{{{id},"proofs":{{"attestation":["a"]}}}}"#)),
            Err(MessageError::ProofTypeUnsupported)
        );
        let response = |text: &str| CredentialResponse::parse(text.as_bytes(), &mut Budget::default()).map(|_| ());
        assert_eq!(
            response(r#"{"credential":"a"}"#),
            Err(MessageError::Missing("credentials"))
        );
        assert_eq!(
            response(r#"{"credentials":["a"]}"#),
            Err(MessageError::Missing("credential"))
        );
    }
}
