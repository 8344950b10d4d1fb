//! Calls to token, nonce, credential, deferred and notification endpoint: proofs, DPoP, retries, errors.

use serde::{Deserialize, Serialize};

use super::flow::{Batch, Expect, Session, Work, body, draw_id, encryption_key, failed, report};
use super::step::{Deferred, Exchange, Outcome, Signing};
use super::{Denial, IssuanceError, PeerMisbehaved, Step, receipt};
use crate::codec::{Budget, Json, Object, base64url};
use crate::crypto::{AgreementKey, ContentCipher, Curve, VerifyingKey, sha256};
use crate::envelope::jwe::{EncryptedJwe, Recipient, encrypt};
use crate::envelope::jws::UnsignedJws;
use crate::http::{HttpRequest, HttpResponse, HttpsUrl};
use crate::keys::{KeyHandle, PublicKey};
use crate::protocol::oauth::{ErrorResponse, TokenRequest, TokenResponse, TokenType};
use crate::protocol::openid4vci::{
    CredentialRequest, CredentialResponse, DeferredRequest, NotificationEvent, NotificationRequest, PROOF_TYPE,
    Requested, ResponseEncryption, parse_nonce_response,
};
use crate::time::Timestamp;
use crate::trust::TrustStore;

/// A key of the caller's store.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Key {
    pub(super) handle: KeyHandle,
    jwk: Json,
}

impl Key {
    pub(super) fn new(handle: KeyHandle, key: &PublicKey) -> Self {
        Self {
            handle,
            jwk: Json::Object(key.to_jwk()),
        }
    }

    pub(super) fn public(&self) -> Option<PublicKey> {
        PublicKey::from_jwk(&self.jwk).ok()
    }
}

/// An access token.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Token {
    value: String,
    kind: TokenType,
    expires: Option<i64>,
}

/// What a call is for.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum Goal {
    Token,
    Credential {
        nonce: Option<String>,
        /// Signed proofs, kept when only the DPoP proof must be made anew.
        proofs: Vec<String>,
        sealing: Option<Sealing>,
        retried: bool,
    },
    Deferred {
        transaction: String,
        sealing: Option<Sealing>,
    },
    Report {
        notifications: Vec<NotificationRequest>,
    },
}

/// The private key that opens an encrypted response.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Sealing {
    private: String,
}

/// A JWS without its signature.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Unsigned {
    pub(super) key: Key,
    pub(super) input: String,
    /// A proof of possession; otherwise DPoP.
    pub(super) proof: bool,
    /// For which credential the proof is: that whose turn it is, or one so many places later.
    #[serde(default)]
    pub(super) later: usize,
}

/// Prepares a call: asks for the signatures it needs, or sends it at once.
pub(super) fn call(mut work: Work, goal: Goal, retried: bool, now: Timestamp) -> Result<Step, IssuanceError> {
    if let Some(token) = &work.token
        && token.expires.is_some_and(|expires| now.unix() >= expires)
    {
        return match goal {
            Goal::Report { .. } => Ok(Step::Done(Outcome::Reported { delivered: false })),
            _ => refused(work, Denial::Token.into()),
        };
    }
    let mut unsigned = Vec::new();
    if let Goal::Credential { nonce, proofs, .. } = &goal
        && proofs.is_empty()
    {
        let (first, rest) = work.chosen[work.batches.len()..].split_at(1);
        unsigned.extend(
            first[0]
                .keys
                .iter()
                .map(|key| proof(key, &work, nonce.as_deref(), 0, now)),
        );
        // One approval for all credentials of the offer (ARF 3.0 ISSU_61), unless they have theirs already.
        let rest = if work.proofs.is_empty() { rest } else { &[] };
        let mut nonces = work.nonces.iter();
        for (choice, later) in rest.iter().zip(1..) {
            let nonce = if choice.bound {
                nonces.next().map(String::as_str)
            } else {
                None
            };
            if choice.bound && nonce.is_none() && work.metadata.nonce_endpoint.is_some() {
                break;
            }
            unsigned.extend(choice.keys.iter().map(|key| proof(key, &work, nonce, later, now)));
        }
    }
    work.nonces.clear();
    let bound = work.token.as_ref().is_none_or(|token| token.kind == TokenType::Dpop);
    if bound && let Some(key) = work.transport.clone() {
        unsigned.push(dpop(&key, &mut work, &goal, now));
    }
    if unsigned.is_empty() {
        return send(work, goal, None, retried);
    }
    Ok(Step::Sign(Signing {
        unsigned,
        goal,
        work: Box::new(work),
        retried,
    }))
}

/// The proof of possession of a key (OpenID4VCI 1.0 §F.1).
fn proof(key: &Key, work: &Work, nonce: Option<&str>, later: usize, now: Timestamp) -> Unsigned {
    let header = Object::new()
        .with("typ", Json::from(PROOF_TYPE))
        .with("jwk", key.jwk.clone());
    let payload = Object::new()
        .with("iss", work.session.client_id.as_deref().map(Json::from))
        .with("aud", Json::from(work.metadata.issuer.as_str()))
        .with("iat", Json::from(now.unix()))
        .with("nonce", nonce.map(Json::from));
    Unsigned {
        later,
        ..unsigned(key, header, &payload, true)
    }
}

/// The proof that ties a request to the transport key (RFC 9449 §4.2).
fn dpop(key: &Key, work: &mut Work, goal: &Goal, now: Timestamp) -> Unsigned {
    let url = endpoint(work, goal).clone();
    let header = Object::new()
        .with("typ", Json::from("dpop+jwt"))
        .with("jwk", key.jwk.clone());
    let hash = |token: &Token| Json::from(base64url::encode(sha256(token.value.as_bytes())));
    let nonce = work.dpop_nonces.iter().find(|(origin, _)| origin == url.origin());
    let nonce = nonce.map(|(_, nonce)| Json::from(nonce.as_str()));
    // RFC 9449 §4.2: `htu` is the target without query and fragment.
    let target = format!("{}{}", url.origin(), url.path());
    let payload = Object::new()
        .with("jti", Json::from(draw_id(&mut work.session)))
        .with("htm", Json::from("POST"))
        .with("htu", Json::from(target))
        .with("iat", Json::from(now.unix()))
        .with("ath", work.token.as_ref().map(hash))
        .with("nonce", nonce);
    unsigned(key, header, &payload, false)
}

fn unsigned(key: &Key, header: Object, payload: &Object, proof: bool) -> Unsigned {
    let public = key.public().expect("a key that was written as a JWK reads as one");
    let jws = UnsignedJws::new(public.algorithm(), header, payload.to_string());
    let (header, payload) = jws.parts();
    Unsigned {
        key: key.clone(),
        input: format!("{header}.{payload}"),
        proof,
        later: 0,
    }
}

fn endpoint<'a>(work: &'a Work, goal: &Goal) -> &'a HttpsUrl {
    let credential = &work.metadata.credential_endpoint;
    match goal {
        Goal::Token => &work.server.token_endpoint,
        Goal::Credential { .. } => credential,
        Goal::Deferred { .. } => work.metadata.deferred_endpoint.as_ref().unwrap_or(credential),
        Goal::Report { .. } => work.metadata.notification_endpoint.as_ref().unwrap_or(credential),
    }
}

/// Takes the signatures and sends the call.
pub(super) fn signed(
    mut work: Work,
    mut goal: Goal,
    signed: Vec<(Option<usize>, String)>,
    retried: bool,
) -> Result<Step, IssuanceError> {
    let mut dpop = None;
    for (proves, text) in signed {
        match (&mut goal, proves) {
            (Goal::Credential { proofs, .. }, Some(0)) => proofs.push(text),
            (Goal::Credential { .. }, Some(later)) => {
                // Our own sealed bytes counted them: never more than credentials are chosen.
                let place = later.min(work.chosen.len()) - 1;
                if work.proofs.len() <= place {
                    work.proofs.resize(place + 1, Vec::new());
                }
                work.proofs[place].push(text);
            }
            _ => dpop = Some(text),
        }
    }
    send(work, goal, dpop, retried)
}

fn send(mut work: Work, mut goal: Goal, dpop: Option<String>, retried: bool) -> Result<Step, IssuanceError> {
    let encrypted = work.metadata.encryption.request_required || work.metadata.encryption.response_required;
    let mut encryption = None;
    if let Goal::Credential { sealing, .. } | Goal::Deferred { sealing, .. } = &mut goal
        && work.metadata.encryption.response_required
    {
        let (parameters, key) = open_for_response(&mut work.session, &work.metadata.encryption.response_ciphers)?;
        *sealing = Some(key);
        encryption = Some(parameters);
    }
    let url = endpoint(&work, &goal).clone();
    let (kind, text) = match &goal {
        Goal::Token => {
            let code = work.offer.pre_authorized.as_ref().map(|grant| grant.code.clone());
            let mut request = TokenRequest::new(code.unwrap_or_default(), work.tx_code.clone());
            request.client_id = work.session.client_id.clone();
            ("application/x-www-form-urlencoded", request.encode())
        }
        Goal::Credential { proofs, .. } => {
            let choice = &work.chosen[work.batches.len()];
            let requested = match &choice.identifier {
                Some(identifier) => Requested::Identifier(identifier.clone()),
                None => Requested::Configuration(choice.id.clone()),
            };
            let mut request = CredentialRequest::new(requested, proofs.clone());
            request.encryption = encryption;
            ("application/json", request.encode())
        }
        Goal::Deferred { transaction, .. } => {
            let mut request = DeferredRequest::new(transaction.as_str());
            request.encryption = encryption;
            ("application/json", request.encode())
        }
        Goal::Report { notifications } => ("application/json", notifications[0].encode()),
    };
    let encrypts = encrypted && matches!(goal, Goal::Credential { .. } | Goal::Deferred { .. });
    let mut request = if encrypts {
        HttpRequest::post(url, "application/jwt", seal(&text, &mut work)?)
    } else {
        HttpRequest::post(url, kind, text)
    };
    request = request.with_header(
        "Accept",
        if encrypts {
            "application/jwt, application/json"
        } else {
            "application/json"
        },
    );
    if let Some(token) = &work.token {
        request = request.with_header("Authorization", format!("{} {}", token.kind.scheme(), token.value));
    }
    if let Some(dpop) = dpop {
        request = request.with_header("DPoP", dpop);
    }
    Ok(Step::Send(Exchange {
        request,
        expect: Box::new(Expect::Called { work, goal, retried }),
    }))
}

/// Encrypts a request to the issuer's key (§10).
fn seal(text: &str, work: &mut Work) -> Result<String, IssuanceError> {
    let (jwk, cipher) = encryption_key(&work.metadata).ok_or(super::Unsupported::Encryption)?;
    let cipher = ContentCipher::from_name(&cipher).ok_or(super::Unsupported::Encryption)?;
    let recipient = Recipient::new(jwk.key, jwk.kid, cipher);
    Ok(encrypt(text.as_bytes(), &recipient, &mut work.session)?)
}

/// A fresh key for an encrypted response.
fn open_for_response(
    session: &mut Session,
    ciphers: &[String],
) -> Result<(ResponseEncryption, Sealing), IssuanceError> {
    let cipher = ciphers.iter().find_map(|name| ContentCipher::from_name(name));
    let cipher = cipher.ok_or(super::Unsupported::Encryption)?;
    let key = AgreementKey::generate(session);
    let public = VerifyingKey::new(Curve::P256, &key.public_point()).map_err(|_| super::Unsupported::Encryption)?;
    let jwk = PublicKey::new(public)
        .to_jwk()
        .with("alg", Json::from("ECDH-ES"))
        .with("use", Json::from("enc"))
        .with("kid", Json::from(draw_id(session)));
    let sealing = Sealing {
        private: base64url::encode(&*key.to_bytes()),
    };
    Ok((ResponseEncryption::new(Json::Object(jwk), cipher.name()), sealing))
}

/// Opens the body of a credential answer, which must be encrypted exactly if that was asked for.
fn open(response: &HttpResponse, sealing: Option<&Sealing>) -> Result<Vec<u8>, IssuanceError> {
    let encrypted = response.media_type().as_deref() == Some("application/jwt");
    match sealing {
        None if encrypted => Err(PeerMisbehaved::Encryption.into()),
        None => Ok(response.body().to_vec()),
        // §10: "Required but plain" is refused.
        Some(_) if !encrypted => Err(PeerMisbehaved::Encryption.into()),
        Some(sealing) => {
            let text = std::str::from_utf8(response.body()).map_err(|_| PeerMisbehaved::Encryption)?;
            let private = base64url::decode(&sealing.private).map_err(|_| super::Misuse::NotAStep)?;
            let key = AgreementKey::from_bytes(&private).map_err(|_| super::Misuse::NotAStep)?;
            let jwe = EncryptedJwe::parse(text.trim(), &mut Budget::default())?;
            Ok(jwe.decrypt(&key)?.to_vec())
        }
    }
}

/// The `error` of an unsuccessful answer: in the body, or for a token problem in the header (RFC 6750 §3).
fn error_code(response: &HttpResponse) -> Option<String> {
    if let Ok(error) = ErrorResponse::parse(response.body(), &mut Budget::default()) {
        return Some(error.error);
    }
    let header = response.headers().get("WWW-Authenticate")?;
    let (_, rest) = header.split_once("error=\"")?;
    Some(rest.split('"').next().unwrap_or_default().to_owned())
}

fn remember_nonce(work: &mut Work, origin: &str, response: &HttpResponse) -> bool {
    let Some(nonce) = response.headers().get("DPoP-Nonce") else {
        return false;
    };
    work.dpop_nonces.retain(|(other, _)| other != origin);
    work.dpop_nonces.push((origin.to_owned(), nonce.to_owned()));
    true
}

/// Takes the answer of a call.
pub(super) fn called(
    mut work: Work,
    goal: Goal,
    retried: bool,
    response: &HttpResponse,
    trust: &TrustStore,
    now: Timestamp,
) -> Result<Step, IssuanceError> {
    let origin = endpoint(&work, &goal).origin().to_owned();
    let fresh = remember_nonce(&mut work, &origin, response);
    let error = (!response.is_success()).then(|| error_code(response)).flatten();
    // RFC 9449 §8, §9: the server wants its nonce in the proof.
    if error.as_deref() == Some("use_dpop_nonce") && fresh && !retried {
        return call(work, goal, true, now);
    }
    match goal {
        Goal::Token => {
            if !response.is_success() {
                return Err(token_denied(error, response.status(), work.tx_code.is_some()));
            }
            with_token(
                work,
                TokenResponse::parse(body(response)?, &mut Budget::default())?,
                now,
            )
        }
        Goal::Credential {
            sealing,
            retried: nonce_retried,
            ..
        } => {
            if response.is_success() {
                return with_response(work, &open(response, sealing.as_ref())?, trust, now);
            }
            // §8.3.1: a fresh nonce, and once only.
            if error.as_deref() == Some("invalid_nonce") && !nonce_retried && work.metadata.nonce_endpoint.is_some() {
                return Ok(fetch_nonce(work, true));
            }
            refused(work, credential_denied(error, response.status()))
        }
        Goal::Deferred { sealing, .. } => {
            if response.is_success() {
                return with_response(work, &open(response, sealing.as_ref())?, trust, now);
            }
            refused(work, credential_denied(error, response.status()))
        }
        Goal::Report { mut notifications } => {
            notifications.remove(0);
            if notifications.is_empty() || !response.is_success() {
                return Ok(Step::Done(Outcome::Reported {
                    delivered: response.is_success(),
                }));
            }
            call(work, Goal::Report { notifications }, false, now)
        }
    }
}

fn token_denied(error: Option<String>, status: u16, with_code: bool) -> IssuanceError {
    let Some(error) = error else {
        return failed(status);
    };
    match error.as_str() {
        // `invalid_tx_code` is OpenID4VCI 1.1.
        "invalid_tx_code" => Denial::Code,
        "invalid_grant" if with_code => Denial::Code,
        "invalid_grant" => Denial::Offer,
        "invalid_client" | "unauthorized_client" => Denial::Client,
        _ => Denial::Other { error },
    }
    .into()
}

fn credential_denied(error: Option<String>, status: u16) -> IssuanceError {
    let Some(error) = error else {
        return failed(status);
    };
    match error.as_str() {
        "credential_request_denied" => Denial::Credential,
        "invalid_proof" | "invalid_nonce" => Denial::Proof,
        "invalid_token" | "insufficient_scope" => Denial::Token,
        "invalid_transaction_id" => Denial::Transaction,
        _ => Denial::Other { error },
    }
    .into()
}

/// Ends the flow; what came before is not kept, and the issuer is told so.
fn refused(work: Work, error: IssuanceError) -> Result<Step, IssuanceError> {
    match report(work, NotificationEvent::CredentialFailure) {
        None => Err(error),
        report => Ok(Step::Done(Outcome::Refused { error, report })),
    }
}

fn with_token(mut work: Work, token: TokenResponse, now: Timestamp) -> Result<Step, IssuanceError> {
    work.token = Some(Token {
        value: token.access_token,
        kind: token.token_type,
        expires: token
            .expires_in
            .map(|seconds| now.plus(i64::try_from(seconds).unwrap_or(i64::MAX)).unix()),
    });
    for choice in &mut work.chosen {
        let named = token.identifiers.iter().find(|(id, _)| *id == choice.id);
        choice.identifier = named.and_then(|(_, identifiers)| identifiers.first().cloned());
    }
    // The code was spent: it need not survive in what is suspended from here on.
    work.tx_code = None;
    next(work, now)
}

/// Collects the next credential of the offer.
fn next(mut work: Work, now: Timestamp) -> Result<Step, IssuanceError> {
    let (choice, rest) = work.chosen[work.batches.len()..]
        .split_first()
        .expect("a credential is left");
    let bound = choice.bound;
    let mut goal = credential_goal(None, false);
    if let (Some(ready), Goal::Credential { proofs, .. }) = (work.proofs.pop_front(), &mut goal)
        && (!ready.is_empty() || !bound)
    {
        *proofs = ready;
        return call(work, goal, false, now);
    }
    // §8.2: the nonce is required wherever there is an endpoint for it; issuers take one once, so each gets its own.
    if work.metadata.nonce_endpoint.is_some() {
        let wanted = usize::from(bound) + rest.iter().filter(|choice| choice.bound).count();
        if work.nonces.len() < wanted {
            return Ok(fetch_nonce(work, false));
        }
    }
    let nonce = (bound && !work.nonces.is_empty()).then(|| work.nonces.remove(0));
    call(work, credential_goal(nonce, false), false, now)
}

fn credential_goal(nonce: Option<String>, retried: bool) -> Goal {
    Goal::Credential {
        nonce,
        proofs: Vec::new(),
        sealing: None,
        retried,
    }
}

fn fetch_nonce(work: Work, retried: bool) -> Step {
    let url = work.metadata.nonce_endpoint.clone();
    let url = url.unwrap_or_else(|| work.metadata.credential_endpoint.clone());
    // §7.1: no token, empty body.
    let request = HttpRequest::post(url, "application/x-www-form-urlencoded", Vec::new());
    Step::Send(Exchange {
        request: request.with_header("Accept", "application/json"),
        expect: Box::new(Expect::Nonce { work, retried }),
    })
}

pub(super) fn with_nonce(
    mut work: Work,
    retried: bool,
    response: &HttpResponse,
    now: Timestamp,
) -> Result<Step, IssuanceError> {
    let origin = work.metadata.nonce_endpoint.as_ref().map(|url| url.origin().to_owned());
    remember_nonce(&mut work, &origin.unwrap_or_default(), response);
    let nonce = parse_nonce_response(body(response)?, &mut Budget::default())?;
    if retried {
        return call(work, credential_goal(Some(nonce), true), false, now);
    }
    work.nonces.push(nonce);
    next(work, now)
}

/// ARF and common sense: not every second, and not next year.
const WAIT: std::ops::RangeInclusive<u64> = 1..=604_800;

fn with_response(mut work: Work, body: &[u8], trust: &TrustStore, now: Timestamp) -> Result<Step, IssuanceError> {
    match CredentialResponse::parse(body, &mut Budget::default())? {
        CredentialResponse::Deferred {
            transaction_id,
            interval,
        } => {
            if work.metadata.deferred_endpoint.is_none() {
                return Err(PeerMisbehaved::DeferredEndpointMissing.into());
            }
            // By the time it has come they are old.
            work.proofs.clear();
            let interval = interval.clamp(*WAIT.start(), *WAIT.end());
            Ok(Step::Wait(Deferred {
                until: now.plus(i64::try_from(interval).unwrap_or(i64::MAX)).unix(),
                transaction: transaction_id,
                work: Box::new(work),
            }))
        }
        CredentialResponse::Issued {
            credentials,
            notification_id,
        } => {
            // SD-JWT VCs are strings (Appendix A.3), mdocs base64url in strings (A.2); anything else fails to parse below,
            // and is reported as such.
            let text = |credential: Json| match credential {
                Json::String(text) => text,
                other => other.to_string(),
            };
            work.batches.push(Batch {
                credentials: credentials.into_iter().map(text).collect(),
                notification: notification_id,
            });
            if work.batches.len() < work.chosen.len() {
                return next(work, now);
            }
            Ok(receipt::review(work, trust, now))
        }
    }
}
