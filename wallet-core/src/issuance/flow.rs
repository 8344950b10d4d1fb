//! From one step to the next: offer, metadata, consent, keys.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::call::{self, Goal, Key};
use super::step::{Answer, Exchange, KeyOrder, OfferSummary, OfferedCredential, Outcome, Question, Report, Topic};
use super::{Config, IssuanceError, PeerMisbehaved, Rejection, Step, Unsupported, receipt};
use crate::codec::{Budget, Json, base64url};
use crate::credential::Format;
use crate::crypto::{Curve, Random, SignatureAlgorithm, sha256};
use crate::envelope::jws::{JwsError, UnverifiedJws};
use crate::http::{HttpRequest, HttpResponse, HttpsUrl, LinkPolicy};
use crate::keys::{Jwk, JwkSet, KeyHandle, PublicKey};
use crate::protocol::oauth::{self, AuthorizationServerMetadata, PRE_AUTHORIZED_CODE};
use crate::protocol::openid4vci::{
    self, CredentialConfiguration, CredentialOffer, IssuerMetadata, NotificationEvent, NotificationRequest, OfferLink,
    SIGNED_METADATA_TYPE, best_display,
};
use crate::time::{Timestamp, Validity};
use crate::trust::{IssuerClaim, TrustStore};

/// What goes through the whole flow.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Session {
    pub(super) links: LinkPolicy,
    copies: usize,
    pub(super) languages: Vec<String>,
    algorithms: Vec<String>,
    pub(super) client_id: Option<String>,
    /// Hosts that the user agreed to contact.
    agreed: Vec<String>,
    seed: String,
    drawn: u64,
}

impl Session {
    pub(super) fn new(config: &Config, seed: String) -> Self {
        Self {
            links: config.links,
            copies: config.copies.max(1),
            languages: config.languages.clone(),
            algorithms: config.algorithms.iter().map(|name| name.name().to_owned()).collect(),
            client_id: config.client_id.clone(),
            agreed: Vec::new(),
            seed,
            drawn: 0,
        }
    }
}

/// Later steps draw from the seed of the first, so that a resumed flow goes the way the other one would have gone.
impl Random for Session {
    fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(32) {
            let block = sha256(format!("{}.{}", self.seed, self.drawn).as_bytes());
            self.drawn += 1;
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}

/// What is to be fetched before the user is asked.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum Fetch {
    Offer,
    Metadata(CredentialOffer),
    Server(CredentialOffer, Box<IssuerMetadata>, HttpsUrl),
}

/// What a response is an answer to.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum Expect {
    Fetched(Session, Fetch),
    Nonce { work: Work, retried: bool },
    Called { work: Work, goal: Goal, retried: bool },
}

/// What follows a yes.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum Then {
    Fetch(Session, HttpsUrl, Fetch),
    Collect(Work),
    Keep(Work),
}

/// All that collecting needs.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Work {
    pub(super) session: Session,
    pub(super) offer: CredentialOffer,
    pub(super) metadata: Box<IssuerMetadata>,
    pub(super) server: AuthorizationServerMetadata,
    /// The configurations that are collected.
    pub(super) chosen: Vec<Chosen>,
    pub(super) tx_code: Option<String>,
    pub(super) transport: Option<Key>,
    pub(super) token: Option<call::Token>,
    /// `DPoP-Nonce` by origin (RFC 9449 §8).
    pub(super) dpop_nonces: Vec<(String, String)>,
    /// Nonces of the issuer that no proof was made with yet.
    #[serde(default)]
    pub(super) nonces: Vec<String>,
    /// Signed proofs for those of `chosen` whose turn comes later: the user approves all of them at once.
    #[serde(default)]
    pub(super) proofs: VecDeque<Vec<String>>,
    /// What arrived, for each of `chosen` in order.
    pub(super) batches: Vec<Batch>,
}

/// A configuration that is collected.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Chosen {
    pub(super) id: String,
    pub(super) name: Option<String>,
    /// What came before there was another format is an SD-JWT VC.
    #[serde(default = "sd_jwt_vc")]
    pub(super) format: String,
    #[serde(alias = "vct")]
    pub(super) type_name: String,
    pub(super) bound: bool,
    pub(super) algorithm: String,
    pub(super) copies: usize,
    pub(super) keys: Vec<Key>,
    /// `credential_identifier`, where the token answer named one.
    pub(super) identifier: Option<String>,
}

fn sd_jwt_vc() -> String {
    Format::DcSdJwt.name().to_owned()
}

impl Chosen {
    /// The format; only those that are held here are chosen.
    pub(super) fn format(&self) -> Option<Format> {
        Format::from_name(&self.format)
    }
}

/// The copies of one credential, as they arrived.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Batch {
    pub(super) credentials: Vec<String>,
    pub(super) notification: Option<String>,
}

pub(super) fn begin(session: Session, link: OfferLink) -> Result<Step, IssuanceError> {
    match link {
        OfferLink::ByReference(url) => Ok(contact(session, url, Fetch::Offer)),
        OfferLink::ByValue(offer) => with_offer(session, offer),
    }
}

/// Fetches, after the user agreed to contact the host (lessons S14).
fn contact(session: Session, url: HttpsUrl, fetch: Fetch) -> Step {
    let host = host_of(&url);
    if session.agreed.contains(&host) {
        let accept = match fetch {
            Fetch::Metadata(_) => "application/json, application/jwt;q=0.5",
            _ => "application/json",
        };
        return Step::Send(Exchange {
            request: HttpRequest::get(url, accept),
            expect: Box::new(Expect::Fetched(session, fetch)),
        });
    }
    Step::Ask(Question {
        topic: Topic::Contact { host },
        then: Box::new(Then::Fetch(session, url, fetch)),
    })
}

fn host_of(url: &HttpsUrl) -> String {
    url.host().to_ascii_lowercase()
}

fn with_offer(session: Session, offer: CredentialOffer) -> Result<Step, IssuanceError> {
    // Known to lead nowhere, so nobody need be contacted.
    if offer.pre_authorized.is_none() {
        return Err(if offer.authorization_code {
            Unsupported::AuthorizationCode.into()
        } else {
            Unsupported::NoGrant.into()
        });
    }
    let url = offer.issuer.well_known(openid4vci::WELL_KNOWN);
    Ok(contact(session, url, Fetch::Metadata(offer)))
}

/// Takes the user's answer.
pub(super) fn decided(
    topic: Topic,
    then: Then,
    answer: Answer,
    trust: &TrustStore,
    now: Timestamp,
) -> Result<Step, IssuanceError> {
    match (then, answer) {
        (Then::Keep(work), Answer::No) => Ok(Step::Done(Outcome::Declined {
            report: report(work, NotificationEvent::CredentialDeleted),
        })),
        (_, Answer::No) => Ok(Step::Done(Outcome::Declined { report: None })),
        (Then::Fetch(mut session, url, fetch), _) => {
            session.agreed.push(host_of(&url));
            Ok(contact(session, url, fetch))
        }
        (Then::Collect(mut work), answer) => {
            if let Topic::Offer(summary) = topic {
                work.session.agreed.extend(summary.hosts);
            }
            if let Answer::Code(code) = answer {
                work.tx_code = Some(code);
            }
            Ok(order_keys(work))
        }
        (Then::Keep(work), _) => Ok(receipt::keep(work, trust, now)),
    }
}

/// Takes a response.
pub(super) fn answered(
    expect: Expect,
    response: &HttpResponse,
    trust: &TrustStore,
    now: Timestamp,
) -> Result<Step, IssuanceError> {
    match expect {
        Expect::Fetched(session, fetch) => fetched(session, fetch, body(response)?, response, trust, now),
        Expect::Nonce { work, retried } => call::with_nonce(work, retried, response, now),
        Expect::Called { work, goal, retried } => call::called(work, goal, retried, response, trust, now),
    }
}

/// The body of a successful answer.
pub(super) fn body(response: &HttpResponse) -> Result<&[u8], IssuanceError> {
    match response.status() {
        200 => Ok(response.body()),
        status => Err(failed(status)),
    }
}

pub(super) fn failed(status: u16) -> IssuanceError {
    match status {
        // Lessons S14: a redirect leads where the user did not agree to go.
        300..=399 => PeerMisbehaved::Redirect.into(),
        429 | 500..=599 => IssuanceError::Unavailable { status },
        _ => PeerMisbehaved::Status { status }.into(),
    }
}

fn fetched(
    session: Session,
    fetch: Fetch,
    body: &[u8],
    response: &HttpResponse,
    trust: &TrustStore,
    now: Timestamp,
) -> Result<Step, IssuanceError> {
    let budget = &mut Budget::default();
    match fetch {
        Fetch::Offer => {
            let offer = CredentialOffer::parse(body, session.links, budget).map_err(PeerMisbehaved::Offer)?;
            with_offer(session, offer)
        }
        Fetch::Metadata(offer) => {
            let signed = response.media_type().as_deref() == Some("application/jwt");
            let plain = if signed {
                signed_metadata(body, &offer.issuer, trust, now)?
            } else {
                body.to_vec()
            };
            let metadata = IssuerMetadata::parse(&plain, session.links, budget)?;
            metadata.check_issuer(&offer.issuer)?;
            let server = authorization_server(&offer, &metadata)?;
            let url = server.well_known(oauth::WELL_KNOWN);
            Ok(contact(session, url, Fetch::Server(offer, Box::new(metadata), server)))
        }
        Fetch::Server(offer, metadata, expected) => {
            let server = AuthorizationServerMetadata::parse(body, session.links, budget)?;
            server.check_issuer(&expected)?;
            // RFC 8414 §2: without the member the server serves other grants than ours; many leave it out all the same.
            if let Some(grants) = &server.grant_types
                && !grants.iter().any(|grant| grant == PRE_AUTHORIZED_CODE)
            {
                return Err(PeerMisbehaved::Grant.into());
            }
            propose(session, offer, metadata, server)
        }
    }
}

/// Signed metadata (OpenID4VCI 1.0 §12.2.3): the signer must be trusted, `sub` must be the issuer.
fn signed_metadata(
    body: &[u8],
    issuer: &HttpsUrl,
    trust: &TrustStore,
    now: Timestamp,
) -> Result<Vec<u8>, IssuanceError> {
    let bad = |error| IssuanceError::from(PeerMisbehaved::SignedMetadata(error));
    let budget = &mut Budget::default();
    let text = std::str::from_utf8(body).map_err(|_| bad(JwsError::NotThreeParts))?;
    let jws = UnverifiedJws::parse(text.trim(), budget).map_err(bad)?;
    jws.header().expect_typ(SIGNED_METADATA_TYPE).map_err(bad)?;
    let claim = IssuerClaim::new(jws.header(), Some(issuer.as_str()), "");
    let signer = trust.resolve_issuer(&claim, now).map_err(Rejection::Metadata)?;
    let verified = jws.verify(&signer.key).map_err(bad)?;
    let claims = verified.claims(budget).map_err(bad)?;
    let seconds = |name: &str| claims.get(name).and_then(Json::as_i64);
    let expired = seconds("exp").is_some_and(|expires| {
        let window = Validity::new(None, Some(Timestamp::from_unix(expires)));
        window.check(now, 60).is_err()
    });
    if claims.get("sub").and_then(Json::as_str) != Some(issuer.as_str()) || seconds("iat").is_none() || expired {
        return Err(bad(JwsError::BadHeader("sub")));
    }
    Ok(verified.payload().to_vec())
}

fn authorization_server(offer: &CredentialOffer, metadata: &IssuerMetadata) -> Result<HttpsUrl, IssuanceError> {
    let named = offer
        .pre_authorized
        .as_ref()
        .and_then(|grant| grant.authorization_server.as_deref());
    match named {
        // §4.1.1: the value must match an entry of the metadata.
        Some(name) => metadata
            .authorization_servers
            .iter()
            .find(|server| server.as_str() == name)
            .cloned()
            .ok_or_else(|| PeerMisbehaved::AuthorizationServer.into()),
        None => Ok(metadata
            .authorization_servers
            .first()
            .unwrap_or(&metadata.issuer)
            .clone()),
    }
}

/// Finds what of the offer the wallet can collect, and asks the user.
fn propose(
    session: Session,
    offer: CredentialOffer,
    metadata: Box<IssuerMetadata>,
    server: AuthorizationServerMetadata,
) -> Result<Step, IssuanceError> {
    let encryption = &metadata.encryption;
    if (encryption.request_required || encryption.response_required) && encryption_key(&metadata).is_none() {
        return Err(Unsupported::Encryption.into());
    }
    let (mut chosen, mut left_out) = (Vec::new(), Vec::new());
    for id in &offer.configurations {
        let configuration = metadata.configurations.get(id);
        let configuration = configuration.ok_or(PeerMisbehaved::UnknownConfiguration)?;
        match choose(&session, id, configuration, metadata.batch_size)? {
            Some(choice) => chosen.push(choice),
            None => left_out.push(id.clone()),
        }
    }
    if chosen.is_empty() {
        return Err(Unsupported::Format.into());
    }
    let mut hosts: Vec<String> = Vec::new();
    let endpoints = [Some(&server.token_endpoint), Some(&metadata.credential_endpoint)];
    let optional = [
        metadata.nonce_endpoint.as_ref(),
        metadata.deferred_endpoint.as_ref(),
        metadata.notification_endpoint.as_ref(),
    ];
    for url in endpoints.into_iter().chain(optional).flatten() {
        let host = host_of(url);
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    let offered = |choice: &Chosen| OfferedCredential {
        configuration: choice.id.clone(),
        name: choice.name.clone(),
        format: choice.format.clone(),
        type_name: choice.type_name.clone(),
        copies: choice.copies,
        bound: choice.bound,
    };
    let summary = OfferSummary {
        issuer: metadata.issuer.as_str().to_owned(),
        claimed_name: best_display(&metadata.display, &session.languages).map(str::to_owned),
        credentials: chosen.iter().map(offered).collect(),
        left_out,
        tx_code: offer.pre_authorized.as_ref().and_then(|grant| grant.tx_code.clone()),
        code_goes_to: host_of(&server.token_endpoint),
        hosts,
    };
    let work = Work {
        session,
        offer,
        metadata,
        server,
        chosen,
        tx_code: None,
        transport: None,
        token: None,
        dpop_nonces: Vec::new(),
        nonces: Vec::new(),
        proofs: VecDeque::new(),
        batches: Vec::new(),
    };
    Ok(Step::Ask(Question {
        topic: Topic::Offer(summary),
        then: Box::new(Then::Collect(work)),
    }))
}

/// How a configuration is collected; `None` if its format is not held here.
fn choose(
    session: &Session,
    id: &str,
    configuration: &CredentialConfiguration,
    batch_size: Option<usize>,
) -> Result<Option<Chosen>, IssuanceError> {
    let kind = match Format::from_name(&configuration.format) {
        Some(Format::DcSdJwt) => configuration.vct.clone().map(|vct| (vct, ["jwk"].as_slice())),
        // OpenID4VCI 1.0 §A.2: a device key is named `cose_key`; some issuers write `jwk` after the header of the proof.
        Some(Format::MsoMdoc) => {
            let doctype = configuration.doctype.clone();
            doctype.map(|doctype| (doctype, ["cose_key", "jwk"].as_slice()))
        }
        _ => None,
    };
    let Some((type_name, bindings)) = kind else {
        return Ok(None);
    };
    let display = configuration.metadata.as_ref().map_or(&[][..], |data| &data.display);
    let mut choice = Chosen {
        id: id.to_owned(),
        name: best_display(display, &session.languages).map(str::to_owned),
        format: configuration.format.clone(),
        type_name,
        bound: configuration.is_bound(),
        algorithm: String::new(),
        copies: 1,
        keys: Vec::new(),
        identifier: None,
    };
    if !choice.bound {
        return Ok(Some(choice));
    }
    let methods = configuration.binding_methods.as_deref().unwrap_or_default();
    let types = configuration.proof_types.as_ref();
    let jwt = types.and_then(|types| types.get("jwt")).ok_or(Unsupported::Binding)?;
    if !methods.iter().any(|method| bindings.contains(&method.as_str())) {
        return Err(Unsupported::Binding.into());
    }
    if jwt.key_attestations_required.is_some() {
        return Err(Unsupported::KeyAttestation.into());
    }
    let offered: Vec<_> = jwt
        .algorithms
        .iter()
        .filter_map(|name| SignatureAlgorithm::from_name(name))
        .collect();
    let ours = session
        .algorithms
        .iter()
        .find(|name| SignatureAlgorithm::from_name(name).is_some_and(|algorithm| offered.contains(&algorithm)));
    choice.algorithm = ours.ok_or(Unsupported::ProofAlgorithm)?.clone();
    choice.copies = batch_size.map_or(1, |size| session.copies.min(size));
    Ok(Some(choice))
}

/// The issuer's key for encrypted requests, with the cipher to use.
pub(super) fn encryption_key(metadata: &IssuerMetadata) -> Option<(Jwk, String)> {
    let encryption = &metadata.encryption;
    let keys = JwkSet::parse(encryption.request_keys.as_ref()?).ok()?;
    let usable = |jwk: &&Jwk| jwk.alg.as_deref() == Some("ECDH-ES") && jwk.key.verifying_key().curve() == Curve::P256;
    let key = keys.keys().iter().find(usable)?.clone();
    let common = |name: &&String| matches!(name.as_str(), "A128GCM" | "A256GCM");
    let cipher = encryption.request_ciphers.iter().find(common)?.clone();
    if encryption.response_required {
        let algorithm = encryption.response_algorithms.iter().any(|name| name == "ECDH-ES");
        let cipher = encryption.response_ciphers.iter().any(|name| common(&name));
        if !algorithm || !cipher {
            return None;
        }
    }
    Some((key, cipher))
}

fn order_keys(work: Work) -> Step {
    let mut algorithms: Vec<String> = Vec::new();
    for choice in work.chosen.iter().filter(|choice| choice.bound) {
        algorithms.extend(std::iter::repeat_n(choice.algorithm.clone(), choice.copies));
    }
    let credentials = algorithms.len();
    // RFC 9449 §5.1: a server that says which algorithms it takes takes no others; one that is silent may still bind.
    let taken = |name: &&String| {
        work.server
            .dpop_algorithms
            .as_ref()
            .is_none_or(|taken| taken.contains(name))
    };
    algorithms.extend(work.session.algorithms.iter().find(taken).cloned());
    Step::Keys(KeyOrder {
        credentials,
        algorithms,
        work: Box::new(work),
    })
}

pub(super) fn with_keys(
    mut work: Work,
    keys: Vec<(KeyHandle, PublicKey)>,
    now: Timestamp,
) -> Result<Step, IssuanceError> {
    let mut keys = keys.into_iter().map(|(handle, key)| Key::new(handle, &key));
    for choice in work.chosen.iter_mut().filter(|choice| choice.bound) {
        choice.keys = keys.by_ref().take(choice.copies).collect();
    }
    work.transport = keys.next();
    call::call(work, Goal::Token, false, now)
}

/// What to tell the issuer about everything that came with a notification id.
pub(super) fn report(work: Work, event: NotificationEvent) -> Option<Report> {
    work.metadata.notification_endpoint.as_ref()?;
    let ids = work.batches.iter().filter_map(|batch| batch.notification.as_ref());
    let notifications: Vec<_> = ids.map(|id| NotificationRequest::new(id.as_str(), event)).collect();
    (!notifications.is_empty()).then_some(Report {
        notifications,
        work: Box::new(work),
    })
}

/// Draws an identifier of 128 bits.
pub(super) fn draw_id(session: &mut Session) -> String {
    let mut bytes = [0; 16];
    session.fill(&mut bytes);
    base64url::encode(bytes)
}
