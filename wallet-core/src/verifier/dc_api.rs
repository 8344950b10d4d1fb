//! Asking through the Digital Credentials API (OpenID4VP 1.0 Appendix A), as values: what the university's page hands
//! to the browser, and what the browser hands back. No code of a browser, and no endpoint that a wallet talks to.

use super::endpoints::{decrypt, still_open};
use super::session::Session;
use super::university::{self, University};
use super::{AnswerError, RequestPrefix, UniversityError};
use crate::codec::{Budget, Json, Object};
use crate::crypto::Random;
use crate::envelope::jws::UnsignedJws;
use crate::protocol::dcql::Query;
use crate::protocol::openid4vp::{
    ClientMetadata, DcApiProtocol, REQUEST_OBJECT_TYP, Response, ResponseMode, STATIC_AUDIENCE,
};
use crate::time::Timestamp;
use crate::trust::Certificate;

/// What is asked for through the Digital Credentials API.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DcApiSpec {
    /// The query.
    pub query: Query,
    /// The origins of the pages that may ask, as the browser writes them: `https://uni.example`.
    pub origins: Vec<String>,
    /// Who vouches for the request.
    pub protocol: DcApiProtocol,
    /// By which names the university signs; several only where it is multi-signed.
    pub prefixes: Vec<RequestPrefix>,
    /// How the answer comes: `dc_api.jwt`, the one that HAIP 1.0 §5.2 requires, or `dc_api`.
    pub response_mode: ResponseMode,
    /// What the values are for, where requests name a purpose.
    pub purpose: Option<String>,
}

impl DcApiSpec {
    /// A signed request of the page at `origin`, with an encrypted answer.
    pub fn new(query: Query, origin: impl Into<String>) -> Self {
        Self {
            query,
            origins: vec![origin.into()],
            protocol: DcApiProtocol::Signed,
            prefixes: vec![RequestPrefix::X509Hash],
            response_mode: ResponseMode::DcApiJwt,
            purpose: None,
        }
    }
}

/// A request for the Digital Credentials API that waits for its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DcApiCreated {
    /// The transaction: who knows it may hand in the answer and read the result.
    pub id: String,
    /// The member `digital` of the options of `navigator.credentials.get`: `{"requests":[{"protocol","data"}]}`.
    pub digital: Json,
    /// When it ends.
    pub expires: Timestamp,
}

impl University {
    /// Makes a request for the Digital Credentials API.
    pub fn create_dc_api_request(
        &mut self,
        spec: &DcApiSpec,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<DcApiCreated, UniversityError> {
        self.check_purpose(&spec.query, spec.purpose.as_deref())?;
        if spec.origins.is_empty() || !spec.origins.iter().all(|origin| is_origin(origin)) {
            return Err(UniversityError::Origin);
        }
        // A request by redirect is answered elsewhere.
        let response_mode = match spec.response_mode.is_encrypted() {
            true => ResponseMode::DcApiJwt,
            false => ResponseMode::DcApi,
        };
        let mut signers = Vec::new();
        for prefix in &spec.prefixes {
            signers.push(self.client_id(*prefix)?);
        }
        let first = signers.first().cloned().ok_or(UniversityError::Origin)?;
        let mut session = self.new_session(&spec.query, first, response_mode, now, random);
        session.purpose.clone_from(&spec.purpose);
        session.origins.clone_from(&spec.origins);
        session.protocol = Some(spec.protocol.name().to_owned());
        self.sessions.sweep(now)?;
        self.sessions.insert(&session)?;

        let parameters = self.parameters(&session, spec.protocol, now);
        let data = match spec.protocol {
            DcApiProtocol::Unsigned => parameters,
            DcApiProtocol::Signed => {
                let parameters = parameters.with("client_id", Json::from(session.client_id.as_str()));
                let (_, jws) = self.sign(Object::new(), &parameters);
                Object::new().with("request", Json::from(jws))
            }
            // §A.3.2.2: what is one signer's own stands in its header, the rest is common to all.
            DcApiProtocol::Multisigned => {
                let mut payload = String::new();
                let mut signatures = Vec::new();
                for client_id in &signers {
                    let own = Object::new().with("client_id", Json::from(client_id.as_str()));
                    let (protected, jws) = self.sign(own, &parameters);
                    let mut parts = jws.rsplitn(3, '.');
                    let signature = parts.next().unwrap_or_default();
                    payload = parts.next().unwrap_or_default().to_owned();
                    signatures.push(Json::Object(
                        Object::new()
                            .with("protected", Json::from(protected))
                            .with("signature", Json::from(signature)),
                    ));
                }
                let request = Object::new()
                    .with("payload", Json::from(payload))
                    .with("signatures", Json::Array(signatures));
                Object::new().with("request", Json::Object(request))
            }
        };
        let request = Object::new()
            .with("protocol", Json::from(spec.protocol.name()))
            .with("data", Json::Object(data));
        Ok(DcApiCreated {
            digital: Json::Object(Object::new().with("requests", Json::Array(vec![Json::Object(request)]))),
            id: session.id,
            expires: session.expires,
        })
    }

    /// Takes the answer to request `id` as the browser handed it to the page at `origin`: a `DigitalCredential` with
    /// `protocol` and `data`, or its `data` alone.
    ///
    /// Presentations must be made for that origin (§A.4), and a request is answered once.
    pub fn take_dc_api_response(
        &mut self,
        id: &str,
        origin: &str,
        response: &Json,
        now: Timestamp,
    ) -> Result<(), UniversityError> {
        let mut session = self.sessions.by_id(id)?.ok_or(UniversityError::NoSuchRequest)?;
        if !session.response_mode.is_dc_api() {
            return Err(AnswerError::Protocol.into());
        }
        still_open(&session, now)?;
        // §A.2: an origin is compared as it is written.
        if !session.origins.iter().any(|expected| expected == origin) {
            return Err(AnswerError::Origin.into());
        }
        let data = match (response.get("protocol"), response.get("data")) {
            (None, None) => response,
            (protocol, Some(data)) => {
                if protocol.is_some_and(|protocol| protocol.as_str() != session.protocol.as_deref()) {
                    return Err(AnswerError::Protocol.into());
                }
                data
            }
            (Some(_), None) => return Err(AnswerError::Form.into()),
        };
        let budget = &mut Budget::default();
        let response = match data.get("response") {
            Some(jwe) => decrypt(&session, jwe.as_str().ok_or(AnswerError::Form)?, budget)?,
            None => {
                let data = data.to_string();
                let plain = Response::parse_payload(data.as_bytes(), budget).map_err(|_| AnswerError::VpToken)?;
                let presented = matches!(plain, Response::Presented { .. });
                if presented && session.response_mode.is_encrypted() {
                    return Err(AnswerError::NotEncrypted.into());
                }
                plain
            }
        };
        session.origin = Some(origin.to_owned());
        Ok(self.settle(&mut session, response, now)?)
    }

    /// §A.2: no `state`, no `response_uri`; the expected origins only where somebody signs them.
    fn parameters(&self, session: &Session, protocol: DcApiProtocol, now: Timestamp) -> Object {
        let key = university::encryption_key(session);
        let metadata = ClientMetadata::to_json(key.as_ref().map(|(key, kid)| (key, kid.as_str())));
        let parameters = Object::new()
            .with("response_type", Json::from("vp_token"))
            .with("response_mode", Json::from(session.response_mode.name()))
            .with("nonce", Json::from(session.nonce.as_str()))
            .with("dcql_query", session.query.clone())
            .with("client_metadata", metadata)
            .with("purpose", session.purpose.as_deref().map(Json::from));
        if protocol == DcApiProtocol::Unsigned {
            return parameters;
        }
        let origins = session.origins.iter().map(|origin| Json::from(origin.as_str()));
        parameters
            .with("expected_origins", Json::Array(origins.collect()))
            .with("aud", Json::from(STATIC_AUDIENCE))
            .with("iat", Json::from(now.unix()))
            .with("exp", Json::from(session.expires.unix()))
    }

    /// The protected header and the compact form.
    fn sign(&self, own: Object, parameters: &Object) -> (String, String) {
        let config = &self.config;
        let header = Object::new()
            .with("typ", Json::from(REQUEST_OBJECT_TYP))
            .with("x5c", Certificate::to_x5c(&config.chain));
        let header = own
            .iter()
            .fold(header, |header, (name, value)| header.with(name, value.clone()));
        let jws = UnsignedJws::new(config.key.algorithm(), header, parameters.to_string());
        let protected = jws.parts().0.to_owned();
        (protected, jws.sign(&config.key))
    }
}

/// An origin as browsers and platforms write it: a scheme and an authority, or an app's own name, but no path.
fn is_origin(text: &str) -> bool {
    let authority = text.split_once("://").map_or(text, |(_, authority)| authority);
    !authority.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && !authority.contains(['/', '?', '#'])
        && text.contains(':')
}
