//! The university: requests, their answers, and what was found.

use super::judge::{judge, reading};
use super::session::{Session, Sessions, Stage};
use super::{AssessOptions, Assessment, Check, CheckOutcome, Purpose, UniversityError, Verdict, person};
use crate::codec::{Budget, Json, Object, base64url};
use crate::credential::mdoc::{DeviceBinding, SessionTranscript};
use crate::crypto::{AgreementKey, Curve, Random, SigningKey, VerifyingKey, random_token, same_secret};
use crate::http::{HttpRequest, HttpResponse, HttpsUrl, LinkPolicy};
use crate::keys::PublicKey;
use crate::protocol::dcql::Query;
use crate::protocol::openid4vp::{ClientId, RequestLink, RequestMethod, ResponseMode, ReturnLink, VpToken};
use crate::rulebook::Rulebook;
use crate::rulebook::names::NameMatch;
use crate::status::StatusEvidence;
use crate::time::Timestamp;
use crate::trust::{Certificate, TrustStore};

/// Who asks, whom it trusts, and for how long.
#[derive(Debug)]
#[non_exhaustive]
pub struct UniversityConfig {
    /// Where the endpoints are reached from outside; their paths begin with it.
    pub base: HttpsUrl,
    /// The certificates that requests carry; leaf first, without the anchor.
    pub chain: Vec<Certificate>,
    /// The key of the leaf.
    pub key: SigningKey,
    /// The issuers whose credentials count.
    pub trust: TrustStore,
    /// For what may be asked; where there are none, for anything. With purposes, every request names one of them.
    pub purposes: Vec<Purpose>,
    /// Which links are followed.
    pub links: LinkPolicy,
    /// How many seconds a request waits for its answer.
    pub lifetime: i64,
    /// How many seconds the result can be read after that.
    pub retention: i64,
    /// How many seconds old a key binding may be.
    pub most_age: i64,
}

impl UniversityConfig {
    /// Requests that wait five minutes, results kept for an hour.
    pub fn new(base: HttpsUrl, chain: Vec<Certificate>, key: SigningKey, trust: TrustStore) -> Self {
        Self {
            base,
            chain,
            key,
            trust,
            purposes: Vec::new(),
            links: LinkPolicy::HttpsOnly,
            lifetime: 300,
            retention: 3600,
            most_age: 300,
        }
    }
}

/// By which name of its certificate the university asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestPrefix {
    /// `x509_hash`, the one that HAIP 1.0 requires.
    #[default]
    X509Hash,
    /// `x509_san_dns`.
    X509SanDns,
}

/// What is asked for, and how.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RequestSpec {
    /// The query.
    pub query: Query,
    /// How the answer comes; encrypted unless said otherwise.
    pub response_mode: ResponseMode,
    /// By which name the university asks.
    pub prefix: RequestPrefix,
    /// What the values are for, in a sentence for the citizen. Wallets show it as unverified, if at all.
    pub purpose: Option<String>,
    /// For a wallet on the same device: where the browser comes back to, with a fresh `response_code`.
    pub return_to: Option<ReturnLink>,
    /// How the wallet is to fetch the request; with POST it can send a nonce.
    pub method: RequestMethod,
    /// The scheme of the link.
    pub scheme: String,
}

impl RequestSpec {
    /// An encrypted answer, `x509_hash`, another device, `openid4vp://`.
    pub fn new(query: Query) -> Self {
        Self {
            query,
            response_mode: ResponseMode::DirectPostJwt,
            prefix: RequestPrefix::X509Hash,
            purpose: None,
            return_to: None,
            method: RequestMethod::Get,
            scheme: "openid4vp".to_owned(),
        }
    }
}

/// A request that waits for its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Created {
    /// The transaction: who knows it may read the result. It belongs into the browser session, never into the link.
    pub id: String,
    /// The link for the wallet; the same text makes the QR code.
    pub request_url: String,
    /// When it ends.
    pub expires: Timestamp,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// The wallet answered; this is what came.
    Answered(Presented),
    /// The wallet did not present anything; the code says no more than that.
    Declined(String),
    /// Nobody answered in time.
    Expired,
    /// Nobody answered yet.
    Pending,
}

/// What a wallet presented.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Presented {
    /// When it came.
    pub at: Timestamp,
    /// What was found out about each presentation, by the query that it answers.
    pub assessments: Vec<(String, Assessment)>,
    /// Whether all together is what was asked for.
    pub query: Check,
    /// Whether the credentials that came with a PID name the person of the PID, as far as they can be compared. It is
    /// no check: people change their names, and a clerk looks.
    pub same_person: Option<NameMatch>,
}

impl Presented {
    /// Accepted only if every presentation is, and together they answer the query.
    pub fn verdict(&self) -> Verdict {
        let all = self.assessments.iter().map(|(_, assessment)| assessment.verdict());
        let query = match &self.query.outcome {
            CheckOutcome::Pass => Verdict::Accepted,
            CheckOutcome::Fail(_) => Verdict::Refused,
            CheckOutcome::Unknown(_) => Verdict::Undetermined,
        };
        all.fold(query, Verdict::max)
    }

    /// The reason of the verdict.
    pub fn code(&self) -> Option<&str> {
        let worst = self.verdict();
        let of_presentation = self.assessments.iter().map(|(_, assessment)| assessment);
        let reason = of_presentation
            .filter(|assessment| assessment.verdict() == worst)
            .find_map(Assessment::code);
        reason.or_else(|| self.query.outcome.code())
    }

    /// The assessments of the presentations for a query.
    pub fn of_query<'a>(&'a self, query: &'a str) -> impl Iterator<Item = &'a Assessment> {
        let mine = self.assessments.iter().filter(move |(other, _)| other == query);
        mine.map(|(_, assessment)| assessment)
    }

    /// The machine-readable form.
    pub fn to_json(&self) -> Json {
        let mut by_query = Object::new();
        for (query, assessment) in &self.assessments {
            match by_query.get_mut(query) {
                Some(Json::Array(items)) => items.push(assessment.to_json()),
                _ => {
                    by_query.insert(query.clone(), vec![assessment.to_json()]);
                }
            }
        }
        Json::Object(
            Object::new()
                .with("verdict", Json::from(self.verdict().name()))
                .with("code", self.code().map_or(Json::Null, Json::from))
                .with("at", Json::from(self.at.to_string()))
                .with("query", Json::from(self.query.outcome.name()))
                .with("same_person", self.same_person.map(person::name_of))
                .with("presentations", Json::Object(by_query)),
        )
    }
}

/// The university's side of OpenID4VP 1.0.
pub struct University {
    pub(super) config: UniversityConfig,
    pub(super) sessions: Box<dyn Sessions>,
    pub(super) rulebook: Rulebook,
    status: StatusEvidence,
}

impl std::fmt::Debug for University {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "University({})", self.config.base)
    }
}

impl University {
    /// A university that remembers its requests in `sessions`.
    pub fn new(config: UniversityConfig, sessions: Box<dyn Sessions>) -> Result<Self, UniversityError> {
        let leaf = config.chain.first().ok_or(UniversityError::CertificateKey)?;
        let key = leaf.public_key().map_err(|_| UniversityError::CertificateKey)?;
        if *key != PublicKey::from(&config.key) {
            return Err(UniversityError::CertificateKey);
        }
        if leaf.is_self_signed() {
            return Err(UniversityError::SelfSigned);
        }
        Ok(Self {
            status: StatusEvidence::with_links(config.links),
            rulebook: Rulebook::bundled(),
            config,
            sessions,
        })
    }

    /// The client identifier under which it asks.
    pub fn client_id(&self, prefix: RequestPrefix) -> Result<ClientId, UniversityError> {
        let leaf = &self.config.chain[0];
        let host = self.config.base.host();
        match prefix {
            RequestPrefix::X509Hash => Ok(ClientId::x509_hash(&leaf.sha256())),
            RequestPrefix::X509SanDns if leaf.has_dns_name(host) => Ok(ClientId::x509_san_dns(host)),
            RequestPrefix::X509SanDns => Err(UniversityError::CertificateName),
        }
    }

    /// Makes a request; nothing is signed before a wallet fetches it.
    pub fn create_request(
        &mut self,
        spec: &RequestSpec,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<Created, UniversityError> {
        self.check_purpose(&spec.query, spec.purpose.as_deref())?;
        self.sessions.sweep(now)?;
        let client_id = self.client_id(spec.prefix)?;
        // One for the Digital Credentials API has no link.
        let response_mode = match spec.response_mode.is_encrypted() {
            true => ResponseMode::DirectPostJwt,
            false => ResponseMode::DirectPost,
        };
        let mut session = self.new_session(&spec.query, client_id.clone(), response_mode, now, random);
        session.purpose.clone_from(&spec.purpose);
        session.return_to = spec.return_to.as_ref().map(|link| link.as_str().to_owned());
        self.sessions.insert(&session)?;
        let uri = self.request_uri(&session.request_id);
        let link = RequestLink::by_reference(client_id, uri.as_str(), spec.method);
        Ok(Created {
            id: session.id,
            request_url: link.encode(&spec.scheme),
            expires: session.expires,
        })
    }

    /// An open request with everything drawn that must not repeat.
    pub(super) fn new_session(
        &self,
        query: &Query,
        client_id: ClientId,
        response_mode: ResponseMode,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Session {
        let expires = now.plus(self.config.lifetime);
        let mut session = Session {
            id: random_token(random),
            request_id: random_token(random),
            revision: 0,
            client_id,
            nonce: random_token(random),
            state: random_token(random),
            response_mode,
            key: response_mode.is_encrypted().then(|| AgreementKey::generate(random)),
            thumbprint: None,
            origins: Vec::new(),
            origin: None,
            protocol: None,
            query: query.to_json(),
            purpose: None,
            return_to: None,
            response_code: None,
            expires,
            keep_until: expires.plus(self.config.retention),
            stage: Stage::Open,
        };
        session.thumbprint = encryption_key(&session).map(|(key, _)| key.thumbprint());
        session
    }

    /// Before anything personal is read, and closed where nothing is said (lessons S30).
    pub(super) fn check_purpose(&self, query: &Query, purpose: Option<&str>) -> Result<(), UniversityError> {
        if self.config.purposes.is_empty() {
            return Ok(());
        }
        let named = |allowed: &&Purpose| Some(allowed.name.as_str()) == purpose;
        let purpose = self
            .config
            .purposes
            .iter()
            .find(named)
            .ok_or(UniversityError::NoSuchPurpose)?;
        purpose.allows(query).map_err(UniversityError::OverAsking)
    }

    pub(super) fn request_uri(&self, request_id: &str) -> HttpsUrl {
        self.config.base.join(&format!("openid4vp/request/{request_id}"))
    }

    pub(super) fn response_uri(&self, request_id: &str) -> HttpsUrl {
        self.config.base.join(&format!("openid4vp/response/{request_id}"))
    }

    /// What became of the request `id`.
    ///
    /// A request with [`RequestSpec::return_to`] gives its result only to who also has the `response_code` with which
    /// the browser came back: an answer that somebody else's device sent stays unread (lessons S13).
    pub fn result(&self, id: &str, response_code: Option<&str>, now: Timestamp) -> Result<Finding, UniversityError> {
        let session = self.sessions.by_id(id)?.ok_or(UniversityError::NoSuchRequest)?;
        if now >= session.keep_until {
            return Err(UniversityError::NoSuchRequest);
        }
        match &session.stage {
            Stage::Open if now >= session.expires => Ok(Finding::Expired),
            Stage::Open => Ok(Finding::Pending),
            stage => {
                if let Some(expected) = &session.response_code
                    && !response_code.is_some_and(|code| same_secret(code, expected))
                {
                    return Err(UniversityError::ResponseCode);
                }
                match stage {
                    Stage::Declined { code } => Ok(Finding::Declined(code.clone())),
                    _ => Ok(Finding::Answered(self.judge(&session, now)?)),
                }
            }
        }
    }

    /// The evidence of an answer, signed by the university: by query, each presentation with all its assessment rests
    /// on, for [`recheck`](super::recheck). It holds everything that was disclosed.
    pub fn evidence(
        &self,
        id: &str,
        response_code: Option<&str>,
        now: Timestamp,
    ) -> Result<Vec<(String, String)>, UniversityError> {
        let Finding::Answered(presented) = self.result(id, response_code, now)? else {
            return Ok(Vec::new());
        };
        let session = self.sessions.by_id(id)?.ok_or(UniversityError::NoSuchRequest)?;
        let (vp_token, at) = answer_of(&session)?;
        let (key, chain) = (&self.config.key, &self.config.chain);
        let query = Query::parse(&session.query).map_err(UniversityError::Query)?;
        let options = self.options(&session, at, now);
        // Assessments stand in the order of the presentations.
        let texts = vp_token.iter().flat_map(|(_, presentations)| presentations);
        let sign = |((id, assessment), presentation): (&(String, Assessment), &Json)| {
            let (text, options) = reading(query.credential(id), presentation, &options);
            (id.clone(), assessment.export_signed(text, &options, key, chain))
        };
        Ok(presented.assessments.iter().zip(texts).map(sign).collect())
    }

    /// Forgets a request and its answer before its time.
    pub fn forget(&mut self, id: &str, now: Timestamp) -> Result<(), UniversityError> {
        let mut session = self.sessions.by_id(id)?.ok_or(UniversityError::NoSuchRequest)?;
        session.revision += 1;
        session.keep_until = now;
        session.stage = Stage::Declined { code: String::new() };
        session.key = None;
        self.sessions.replace(&session)?;
        Ok(self.sessions.sweep(now)?)
    }

    /// The status lists that are needed to judge the answer to request `id` at `now`, as requests to be sent; each
    /// response goes to [`University::add_status`].
    pub fn status_requests(&self, id: &str, now: Timestamp) -> Result<Vec<(String, HttpRequest)>, UniversityError> {
        let session = self.sessions.by_id(id)?.ok_or(UniversityError::NoSuchRequest)?;
        if !matches!(session.stage, Stage::Answered { .. }) {
            return Ok(Vec::new());
        }
        let mut requests: Vec<(String, HttpRequest)> = Vec::new();
        for (_, assessment) in self.judge(&session, now)?.assessments {
            for reference in assessment.status_references {
                if self.status.is_needed(&reference, now) {
                    let request = (reference.uri.clone(), self.status.request(&reference)?);
                    if !requests.contains(&request) {
                        requests.push(request);
                    }
                }
            }
        }
        Ok(requests)
    }

    /// Takes in what a status request brought; `None` if nothing came.
    pub fn add_status(&mut self, uri: &str, response: Option<&HttpResponse>, now: Timestamp) {
        match response {
            Some(response) => self.status.add_response(uri, response, now),
            None => self.status.add_failure(uri, None, now),
        }
    }

    /// Forgets the status lists that judge the answer to request `id`, so that [`University::status_requests`] asks for
    /// them anew: for a second look before their time is up.
    pub fn renew_status(&mut self, id: &str, now: Timestamp) -> Result<(), UniversityError> {
        let session = self.sessions.by_id(id)?.ok_or(UniversityError::NoSuchRequest)?;
        for (_, assessment) in self.judge(&session, now)?.assessments {
            for uri in assessment.status_uris {
                self.status.forget(&uri);
            }
        }
        Ok(())
    }

    /// The status lists at hand.
    pub fn status(&self) -> &StatusEvidence {
        &self.status
    }

    pub(super) fn options<'a>(&'a self, session: &'a Session, at: Timestamp, now: Timestamp) -> AssessOptions<'a> {
        // The session as the wallet hashed it (OpenID4VP 1.0 §B.2.6.1, §B.2.6.2).
        let thumbprint = session
            .thumbprint
            .as_deref()
            .and_then(|text| base64url::decode(text).ok());
        let transcript = match &session.origin {
            Some(origin) => SessionTranscript::openid4vp_dc_api(origin, &session.nonce, thumbprint.as_deref()),
            None => SessionTranscript::openid4vp(
                session.client_id.as_str(),
                &session.nonce,
                thumbprint.as_deref(),
                self.response_uri(&session.request_id).as_str(),
            ),
        };
        let mut binding = DeviceBinding::new(transcript);
        // §B.2.2: where the answer is encrypted, its key is the reader's for a MAC.
        if let Some(key) = &session.key {
            binding = binding.with_reader_key(key);
        }
        AssessOptions::new(&self.config.trust, at)
            .with_device_binding(binding)
            .for_production()
            .with_key_binding(&session.nonce, &session.audience(), self.config.most_age)
            .with_status(&self.status, now)
    }

    pub(super) fn judge(&self, session: &Session, now: Timestamp) -> Result<Presented, UniversityError> {
        let (vp_token, at) = answer_of(session)?;
        let query = Query::parse(&session.query).map_err(UniversityError::Query)?;
        let options = self.options(session, at, now);
        Ok(judge(&query, &vp_token, &self.rulebook, &options, at))
    }
}

/// What the wallet sent, and when.
fn answer_of(session: &Session) -> Result<(VpToken, Timestamp), UniversityError> {
    let Stage::Answered { vp_token, at } = &session.stage else {
        return Err(UniversityError::NoSuchRequest);
    };
    let unreadable = UniversityError::NoSuchRequest;
    let vp_token = Json::parse(vp_token, &mut Budget::default()).map_err(|_| unreadable.clone())?;
    let vp_token = VpToken::parse(&vp_token).map_err(|_| unreadable)?;
    Ok((vp_token, Timestamp::from_unix(*at)))
}

/// The public half of a session's encryption key, with the name under which the wallet answers.
pub(super) fn encryption_key(session: &Session) -> Option<(PublicKey, String)> {
    let point = session.key.as_ref()?.public_point();
    let key = PublicKey::new(VerifyingKey::new(Curve::P256, &point).ok()?);
    let kid = key.thumbprint();
    Some((key, kid))
}
