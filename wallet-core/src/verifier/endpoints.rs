//! The endpoints that wallets talk to (OpenID4VP 1.0 §5.10, §8.2, §8.3).

use super::judge;
use super::session::{Session, Stage};
use super::university::{self, University};
use super::{AnswerError, CheckName, CheckOutcome};
use crate::codec::{Budget, Json, Object};
use crate::crypto::{Random, random_token, same_secret};
use crate::envelope::jwe::EncryptedJwe;
use crate::envelope::jws::UnsignedJws;
use crate::http::{HttpRequest, HttpResponse, Method, decode_form};
use crate::protocol::dcql::Query;
use crate::protocol::openid4vp::{
    ClientMetadata, DirectPostReply, FORM_MEDIA_TYPE, REQUEST_OBJECT_MEDIA_TYPE, REQUEST_OBJECT_TYP, Response,
    ResponseMode, STATIC_AUDIENCE,
};
use crate::time::Timestamp;
use crate::trust::Certificate;

fn refusal(denied: AnswerError) -> HttpResponse {
    let (status, error) = match denied {
        AnswerError::NotFound => (404, "invalid_request"),
        AnswerError::Store => (500, "server_error"),
        _ => (400, "invalid_request"),
    };
    let body = Object::new()
        .with("error", Json::from(error))
        .with("error_description", Json::from(denied.to_string()));
    json(status, &Json::Object(body))
}

fn json(status: u16, body: &Json) -> HttpResponse {
    HttpResponse::of_type(status, "application/json", body.to_string()).with_header("Cache-Control", "no-store")
}

impl University {
    /// Answers a wallet.
    pub fn handle(&mut self, request: &HttpRequest, now: Timestamp, random: &mut dyn Random) -> HttpResponse {
        let base = self.config.base.path().trim_end_matches('/');
        let path = request.url().path().strip_prefix(base).unwrap_or_default();
        let path = path.strip_prefix("/openid4vp/").unwrap_or_default().to_owned();
        let answer = match (path.split_once('/'), request.method()) {
            (Some(("request", id)), _) => self.request_object(id, request, now),
            (Some(("response", id)), Method::Post) => self.take_response(id, request, now, random),
            _ => Err(AnswerError::NotFound),
        };
        answer.unwrap_or_else(refusal)
    }

    fn open_session(&self, request_id: &str, now: Timestamp) -> Result<Session, AnswerError> {
        let session = self.sessions.by_request(request_id)?.ok_or(AnswerError::NotFound)?;
        // One for the Digital Credentials API is not to be fetched, nor answered by post.
        if session.response_mode.is_dc_api() {
            return Err(AnswerError::NotFound);
        }
        still_open(&session, now)?;
        Ok(session)
    }

    fn request_object(&self, id: &str, request: &HttpRequest, now: Timestamp) -> Result<HttpResponse, AnswerError> {
        let session = self.open_session(id, now)?;
        let wallet_nonce = match request.method() {
            Method::Post => wallet_nonce(request)?,
            _ => None,
        };
        let jwt = self.sign_request(&session, wallet_nonce.as_deref(), now);
        let response = HttpResponse::of_type(200, REQUEST_OBJECT_MEDIA_TYPE, jwt);
        Ok(response.with_header("Cache-Control", "no-store"))
    }

    fn sign_request(&self, session: &Session, wallet_nonce: Option<&str>, now: Timestamp) -> String {
        let config = &self.config;
        let key = university::encryption_key(session);
        let metadata = ClientMetadata::to_json(key.as_ref().map(|(key, kid)| (key, kid.as_str())));
        let response_uri = self.response_uri(&session.request_id);
        let claims = Object::new()
            .with("aud", Json::from(STATIC_AUDIENCE))
            .with("client_id", Json::from(session.client_id.as_str()))
            .with("response_type", Json::from("vp_token"))
            .with("response_mode", Json::from(session.response_mode.name()))
            .with("response_uri", Json::from(response_uri.as_str()))
            .with("nonce", Json::from(session.nonce.as_str()))
            .with("state", Json::from(session.state.as_str()))
            .with("dcql_query", session.query.clone())
            .with("client_metadata", metadata)
            .with("wallet_nonce", wallet_nonce.map(Json::from))
            .with("purpose", session.purpose.as_deref().map(Json::from))
            .with("iat", Json::from(now.unix()))
            .with("exp", Json::from(session.expires.unix()));
        let header = Object::new()
            .with("typ", Json::from(REQUEST_OBJECT_TYP))
            .with("x5c", Certificate::to_x5c(&config.chain));
        UnsignedJws::new(config.key.algorithm(), header, claims.to_string()).sign(&config.key)
    }

    /// Takes in an answer: judges whether it was made for this request, and closes the session.
    pub(super) fn settle(
        &mut self,
        session: &mut Session,
        response: Response,
        now: Timestamp,
    ) -> Result<(), AnswerError> {
        let mut denied = None;
        let mut has_mac = false;
        session.stage = match response {
            Response::Error { code, .. } => Stage::Declined {
                code: code.name().to_owned(),
            },
            Response::Presented { vp_token, .. } => {
                let query = Query::parse(&session.query).map_err(|_| AnswerError::Store)?;
                let options = self.options(session, now, now);
                let presented = judge::judge(&query, &vp_token, &self.rulebook, &options, now);
                // §8.6: an answer made for another request is rejected as a whole.
                let unbound = presented.assessments.iter().any(|(_, assessment)| {
                    let binding = assessment.check(CheckName::Binding);
                    binding.is_some_and(|check| matches!(check.outcome, CheckOutcome::Fail(_)))
                });
                denied = unbound.then_some(AnswerError::NotBound);
                has_mac = presented.assessments.iter().any(|(_, assessment)| assessment.has_mac());
                Stage::Answered {
                    vp_token: vp_token.to_json().to_string(),
                    at: now.unix(),
                }
            }
        };
        // The key has done its work, unless a device made a MAC with it, which must be judged again.
        if !has_mac {
            session.key = None;
        }
        session.revision += 1;
        if !self.sessions.replace(session)? {
            return Err(AnswerError::AlreadyAnswered);
        }
        denied.map_or(Ok(()), Err)
    }

    fn take_response(
        &mut self,
        id: &str,
        request: &HttpRequest,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<HttpResponse, AnswerError> {
        let mut session = self.open_session(id, now)?;
        let response = read_response(&session, request)?;
        let state = response.state().ok_or(AnswerError::State)?;
        if !same_secret(state, &session.state) {
            return Err(AnswerError::State);
        }
        // §8.2: the code is fresh, and the result is released to whoever comes back with it.
        session.response_code = session.return_to.as_ref().map(|_| random_token(random));
        self.settle(&mut session, response, now)?;
        let code = session.response_code.as_deref();
        let redirect = session
            .return_to
            .as_deref()
            .zip(code)
            .map(|(link, code)| with_code(link, code));
        Ok(json(200, &DirectPostReply::new(redirect).to_json()))
    }
}

/// Nonce and keys are good for one answer (OpenID4VP 1.0 §14.1).
pub(super) fn still_open(session: &Session, now: Timestamp) -> Result<(), AnswerError> {
    if session.stage != Stage::Open {
        return Err(AnswerError::AlreadyAnswered);
    }
    if now >= session.expires {
        return Err(AnswerError::Expired);
    }
    Ok(())
}

/// Opens an encrypted answer.
pub(super) fn decrypt(session: &Session, jwe: &str, budget: &mut Budget) -> Result<Response, AnswerError> {
    let key = session.key.as_ref().ok_or(AnswerError::Form)?;
    let (_, kid) = university::encryption_key(session).ok_or(AnswerError::Encryption)?;
    let jwe = EncryptedJwe::parse(jwe, budget).map_err(|_| AnswerError::Encryption)?;
    // §8.3: the `kid` of the key is copied.
    if jwe.kid() != Some(kid.as_str()) {
        return Err(AnswerError::Encryption);
    }
    let payload = jwe.decrypt(key).map_err(|_| AnswerError::Encryption)?;
    Response::parse_payload(&payload, budget).map_err(|_| AnswerError::VpToken)
}

fn form(request: &HttpRequest) -> Result<Vec<(String, String)>, AnswerError> {
    let kind = request.headers().get("Content-Type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case(FORM_MEDIA_TYPE) {
        return Err(AnswerError::Form);
    }
    let body = std::str::from_utf8(request.body()).map_err(|_| AnswerError::Form)?;
    decode_form(body).map_err(|_| AnswerError::Form)
}

fn field<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fields
        .iter()
        .find(|(other, _)| other == name)
        .map(|(_, value)| value.as_str())
}

/// Longer nonces carry something else.
const LONGEST_WALLET_NONCE: usize = 512;

fn wallet_nonce(request: &HttpRequest) -> Result<Option<String>, AnswerError> {
    if request.body().is_empty() {
        return Ok(None);
    }
    let fields = form(request)?;
    match field(&fields, "wallet_nonce") {
        None => Ok(None),
        Some(nonce) if nonce.len() <= LONGEST_WALLET_NONCE && nonce.bytes().all(|byte| byte.is_ascii_graphic()) => {
            Ok(Some(nonce.to_owned()))
        }
        Some(_) => Err(AnswerError::WalletNonce),
    }
}

fn read_response(session: &Session, request: &HttpRequest) -> Result<Response, AnswerError> {
    let fields = form(request)?;
    let budget = &mut Budget::default();
    let Some(jwe) = field(&fields, "response") else {
        let plain = Response::parse_form(&fields, budget).map_err(|_| AnswerError::VpToken)?;
        // §8.3: an error may come unencrypted, for the wallet may be unable to encrypt.
        return match (session.response_mode, &plain) {
            (ResponseMode::DirectPostJwt, Response::Presented { .. }) => Err(AnswerError::NotEncrypted),
            _ => Ok(plain),
        };
    };
    decrypt(session, jwe, budget)
}

fn with_code(link: &str, code: &str) -> String {
    let (link, fragment) = link
        .split_once('#')
        .map_or((link, None), |(link, rest)| (link, Some(rest)));
    let joint = if link.contains('?') { '&' } else { '?' };
    let fragment = fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
    format!("{link}{joint}response_code={code}{fragment}")
}
