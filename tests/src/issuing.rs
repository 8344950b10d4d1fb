//! A school that issues and a wallet that receives, in one process: values go round, nothing is sent.

use wallet_core::codec::{Json, Object};
use wallet_core::credential::Format;
use wallet_core::crypto::{Curve, SigningKey};
use wallet_core::http::{HttpRequest, HttpResponse, HttpsUrl, LinkPolicy};
use wallet_core::issuance::{self, Answer, Config, IssuanceError, KeyOrder, Outcome, Signing, Step, Topic};
use wallet_core::issuer::{
    Approval, Authority, AuthorityConfig, IssuingUnit, MemoryState, OfferCreated, OfferForm, Record, Signer, State,
    TransactionCode,
};
use wallet_core::keys::{KeyHandle, PublicKey};
use wallet_core::rulebook::Rulebook;
use wallet_core::time::{Timestamp, Validity};
use wallet_core::trust::authority::{CertificateAuthority, CertificateName, LeafProfile};
use wallet_core::trust::{Certificate, Environment, Role, TrustStore};

use crate::TestRandom;

/// The type that the school issues.
pub const REPORT: &str = "urn:mappe:de:school-report:1";

/// The PID as an SD-JWT VC.
pub const PID: &str = "urn:eudi:pid:1";

/// The PID as an mdoc.
pub const PID_MDOC: &str = "eu.europa.ec.eudi.pid.1";

/// The school's identifier.
pub const SCHOOL: &str = "https://school.example/vci";

/// When everything happens.
#[must_use]
pub fn now() -> Timestamp {
    Timestamp::parse("2026-07-05T12:00:00Z").expect("valid")
}

/// A school with its certificates.
#[derive(Debug)]
#[non_exhaustive]
pub struct School {
    /// The endpoints and the office.
    pub authority: Authority,
    /// The root that vouches for the school.
    pub root: Certificate,
    /// Randomness of the school.
    pub random: TestRandom,
    /// The time.
    pub now: Timestamp,
}

impl School {
    /// A school over a state in memory.
    #[must_use]
    pub fn new() -> Self {
        Self::over(Box::new(MemoryState::new()), |_| {})
    }

    /// A school over a state; the same key and certificates each time, as after a restart.
    #[must_use]
    pub fn over(state: Box<dyn State + Send>, configure: impl FnOnce(&mut AuthorityConfig)) -> Self {
        let mut random = TestRandom::new(1);
        let validity = Validity::new(Some(now().plus(-86_400)), Some(now().plus(400 * 86_400)));
        let ca = CertificateAuthority::generate("Test Root", Curve::P256, validity, &mut random).expect("valid");
        let key = SigningKey::generate(Curve::P256, &mut random);
        let profile = LeafProfile::new(CertificateName::new("Gymnasium am Test").country("DE"))
            .dns("school.example")
            .uri(SCHOOL);
        let leaf = ca
            .issue_leaf(&profile, &PublicKey::from(&key), validity, &mut random)
            .expect("valid");
        let signer = Signer::new(key, ca.chain_of(&leaf)).expect("the leaf fits");
        let key = SigningKey::generate(Curve::P256, &mut random);
        let profile = LeafProfile::new(CertificateName::new("Gymnasium am Test").country("DE"));
        let leaf = ca.issue_leaf(&profile, &PublicKey::from(&key), validity, &mut random);
        let document_signer = Signer::new(key, ca.chain_of(&leaf.expect("valid"))).expect("the leaf fits");
        let issuer = HttpsUrl::parse(SCHOOL, LinkPolicy::HttpsOnly).expect("valid");
        let mut config = AuthorityConfig::new(issuer, "Gymnasium am Test", vec![REPORT.to_owned()]);
        configure(&mut config);
        let authority =
            Authority::open(config, signer, Rulebook::bundled(), state, &mut random).expect("the state answers");
        let authority = authority.with_document_signer(document_signer);
        Self {
            authority,
            root: ca.certificate().clone(),
            random,
            now: now(),
        }
    }

    /// An office that issues PIDs, in both formats, too.
    #[must_use]
    pub fn office() -> Self {
        Self::over(Box::new(MemoryState::new()), |config| {
            config.types.push(PID.to_owned());
            config.doctypes.push(PID_MDOC.to_owned());
        })
    }

    /// What the office knows about a citizen, for a PID in both formats.
    #[must_use]
    pub fn pid(&self) -> Record {
        let text = |value: &str| Json::from(value);
        let place = Object::new().with("country", text("DE")).with("locality", text("Köln"));
        let claims = Object::new()
            .with("family_name", text("Muster"))
            .with("given_name", text("Ada"))
            .with("birthdate", text("2008-02-29"))
            .with("place_of_birth", Json::Object(place))
            .with("nationalities", Json::Array(vec![text("DE")]))
            .with("date_of_expiry", text("2027-05-01"))
            .with("issuing_authority", text("DE (TEST)"))
            .with("issuing_country", text("DE"));
        let approval = Approval::new("office-1", "card 0815");
        let record = Record::new(self.authority.rulebook(), PID, claims, approval).expect("a known type");
        let mut record = record
            .in_formats(&[Format::DcSdJwt, Format::MsoMdoc])
            .expect("it exists in both");
        record.validity = Validity::new(None, Some(now().plus(90 * 86_400)));
        record
    }

    /// Offers the record of [`School::pid`] without a code.
    pub fn offer_pid(&mut self) -> OfferCreated {
        let record = self.pid();
        self.authority
            .create_offer(
                record,
                TransactionCode::None,
                OfferForm::ByValue,
                self.now,
                &mut self.random,
            )
            .expect("the state answers")
    }

    /// What the school knows about a pupil.
    #[must_use]
    pub fn record(&self) -> Record {
        let text = |value: &str| Json::from(value);
        let claims = Object::new()
            .with("document_title", text("Zeugnis"))
            .with("document_role", text("original"))
            .with("family_name", text("Muster"))
            .with("given_name", text("Ada"))
            .with("birthdate", text("2008-02-29"));
        let approval = Approval::new("office-7", "file 2026/0815");
        let mut record = Record::new(self.authority.rulebook(), REPORT, claims, approval).expect("a known type");
        record.unit = Some(IssuingUnit::new("100099", "Gymnasium am Test"));
        record.validity = Validity::new(None, Some(now().plus(300 * 86_400)));
        record
    }

    /// Offers the record of [`School::record`] with a code of six digits.
    pub fn offer(&mut self, form: OfferForm) -> OfferCreated {
        let record = self.record();
        let code = TransactionCode::Numeric(6);
        self.authority
            .create_offer(record, code, form, self.now, &mut self.random)
            .expect("the state answers")
    }

    /// Answers a request.
    pub fn handle(&mut self, request: &HttpRequest) -> HttpResponse {
        self.authority.handle(request, self.now, &mut self.random)
    }

    /// A trust store that knows the school.
    #[must_use]
    pub fn trust(&self) -> TrustStore {
        let mut trust = TrustStore::new(Environment::Test);
        trust.add_anchor(Role::Issuers, self.root.clone());
        trust
    }
}

impl Default for School {
    fn default() -> Self {
        Self::new()
    }
}

/// A wallet with keys in memory.
#[derive(Debug)]
pub struct Phone {
    /// Who may issue.
    pub trust: TrustStore,
    /// What the wallet wants.
    pub config: Config,
    /// The private keys; a handle is a place in this list.
    pub keys: Vec<SigningKey>,
    /// The transaction code that the user types.
    pub tx_code: Option<String>,
    /// Whether the process dies at every step.
    pub restarts: bool,
    /// What happened, one word a step.
    pub log: Vec<&'static str>,
    random: TestRandom,
}

impl Phone {
    /// A wallet that trusts `school`, for a user with this transaction code.
    #[must_use]
    pub fn new(school: &School, offer: &OfferCreated) -> Self {
        Self::trusting(school.trust(), offer)
    }

    /// A wallet that trusts these issuers, for a user with this transaction code.
    #[must_use]
    pub fn trusting(trust: TrustStore, offer: &OfferCreated) -> Self {
        Self {
            trust,
            config: Config::default(),
            keys: Vec::new(),
            tx_code: offer.tx_code.clone(),
            restarts: false,
            log: Vec::new(),
            random: TestRandom::new(2),
        }
    }

    /// Another phone, which draws other keys.
    #[must_use]
    pub fn seeded(mut self, seed: u8) -> Self {
        self.random = TestRandom::new(seed);
        self
    }

    /// Makes the keys of an order.
    pub fn make_keys(&mut self, order: &KeyOrder) -> Vec<(KeyHandle, PublicKey)> {
        let mut made = Vec::new();
        for wanted in order.wanted() {
            let key = SigningKey::generate(wanted.curve, &mut self.random);
            made.push((KeyHandle::new(self.keys.len().to_string()), PublicKey::from(&key)));
            self.keys.push(key);
        }
        made
    }

    /// Signs what is asked for.
    #[must_use]
    pub fn sign(&self, signing: &Signing) -> Vec<Vec<u8>> {
        let place = |handle: &KeyHandle| handle.as_str().parse::<usize>().expect("a handle of ours");
        let requests = signing.requests();
        let sign =
            |request: &wallet_core::keys::SigningRequest| self.keys[place(request.handle())].sign(request.message());
        requests.iter().map(sign).collect()
    }

    /// Receives an offer; `transport` answers requests.
    pub fn receive(
        &mut self,
        offer: &str,
        now: Timestamp,
        mut transport: impl FnMut(&HttpRequest) -> HttpResponse,
    ) -> Result<Outcome, IssuanceError> {
        let step = issuance::begin(offer, &self.config, &mut self.random)?;
        self.drive(step, now, &mut transport)
    }

    /// Goes on from a step to the end.
    pub fn drive(
        &mut self,
        mut step: Step,
        mut now: Timestamp,
        transport: &mut impl FnMut(&HttpRequest) -> HttpResponse,
    ) -> Result<Outcome, IssuanceError> {
        loop {
            if self.restarts && !matches!(step, Step::Done(_)) {
                step = Step::resume(&step.suspend())?;
            }
            step = match step {
                Step::Send(exchange) => {
                    self.log.push("send");
                    let response = transport(exchange.request());
                    exchange.answer(&response, &self.trust, now)?
                }
                Step::Keys(order) => {
                    self.log.push("keys");
                    let keys = self.make_keys(&order);
                    order.answer(keys, now)?
                }
                Step::Sign(signing) => {
                    self.log.push(if signing.needs_approval() { "sign" } else { "seal" });
                    let signatures = self.sign(&signing);
                    signing.answer(&signatures)?
                }
                Step::Ask(question) => {
                    let (word, answer) = match question.topic() {
                        Topic::Contact { .. } => ("contact?", Answer::Yes),
                        Topic::Offer(summary) => match (&summary.tx_code, &self.tx_code) {
                            (Some(_), Some(code)) => ("offer?", Answer::Code(code.clone())),
                            _ => ("offer?", Answer::Yes),
                        },
                        _ => ("keep?", Answer::Yes),
                    };
                    self.log.push(word);
                    question.answer(answer, &self.trust, now)?
                }
                Step::Wait(deferred) => {
                    self.log.push("wait");
                    now = deferred.until();
                    deferred.answer(now)?
                }
                Step::Done(outcome) => return Ok(outcome),
            };
        }
    }
}
