//! A school, a pupil and a university, in memory: for the stories about presenting and verifying.

mod pid;

use std::collections::BTreeMap;

use wallet_core::codec::{Budget, Json, Object};
use wallet_core::credential::sd_jwt::{Blueprint, SdJwt, VerifyOptions};
use wallet_core::credential::{ClaimPath, StatusListReference, Unverified};
use wallet_core::crypto::{Curve, SigningKey};
use wallet_core::http::{HttpsUrl, LinkPolicy};
use wallet_core::keys::{KeyHandle, PublicKey, SigningRequest};
use wallet_core::presentation::HeldCredential;
use wallet_core::protocol::dcql::{CredentialQuery, Query};
use wallet_core::status::{StatusList, StatusListToken, StatusWidth, TokenTimes};
use wallet_core::time::{Timestamp, Validity};
use wallet_core::trust::authority::{CertificateAuthority, LeafProfile};
use wallet_core::trust::{Certificate, Environment, Role, TrustStore};
use wallet_core::verifier::{MemorySessions, Purpose, University, UniversityConfig};

use crate::TestRandom;

pub use pid::{PID_MDOC, PID_SD_JWT, mdoc_query, sd_jwt_query};

/// The type of the invented school report.
pub const REPORT: &str = "urn:example:school-report:1";
/// The host of the university.
pub const HOST: &str = "uni.example";
/// Where the school keeps the status of its reports.
pub const STATUS: &str = "https://school.example/status/1";

/// Somebody with a key and a certificate.
#[derive(Debug)]
#[non_exhaustive]
pub struct Signer {
    /// The key.
    pub key: SigningKey,
    /// The certificates, leaf first.
    pub chain: Vec<Certificate>,
}

impl Signer {
    /// Somebody under a root that nobody trusts.
    pub fn of_another_root(profile: LeafProfile, campus: &mut Campus) -> Self {
        let root = CertificateAuthority::generate("Other Root", Curve::P256, window(campus.now), &mut campus.random);
        signer(&root.expect("an authority"), profile, campus.now, &mut campus.random)
    }
}

/// Everybody.
#[derive(Debug)]
#[non_exhaustive]
pub struct Campus {
    /// Randomness that repeats.
    pub random: TestRandom,
    /// The time.
    pub now: Timestamp,
    /// Above the school.
    pub school_root: CertificateAuthority,
    /// The school.
    pub school: Signer,
    /// Above the university.
    pub university_root: CertificateAuthority,
    /// The university.
    pub university: Signer,
    keys: BTreeMap<KeyHandle, SigningKey>,
}

impl Default for Campus {
    fn default() -> Self {
        Self::new()
    }
}

/// A text as JSON.
pub fn json(text: &str) -> Json {
    Json::parse(text, &mut Budget::default()).expect("valid JSON")
}

/// A path of names.
pub fn path(names: &[&str]) -> ClaimPath {
    ClaimPath::of_keys(names[0], &names[1..])
}

impl Campus {
    /// Everybody on the first of July 2026.
    pub fn new() -> Self {
        let mut random = TestRandom::new(42);
        let now = Timestamp::parse("2026-07-01T10:00:00Z").expect("a time");
        let validity = window(now);
        let mut root = |name: &str| {
            CertificateAuthority::generate(name, Curve::P256, validity, &mut random).expect("an authority")
        };
        let school_root = root("School Root");
        let university_root = root("University Root");
        let school = signer(
            &school_root,
            LeafProfile::new("Testschule").dns("school.example"),
            now,
            &mut random,
        );
        let profile = LeafProfile::new("Universität Beispielstadt").dns(HOST);
        let university = signer(&university_root, profile, now, &mut random);
        Self {
            random,
            now,
            school_root,
            school,
            university_root,
            university,
            keys: BTreeMap::new(),
        }
    }

    /// Somebody else with a certificate of the university's root.
    pub fn neighbour(&mut self, profile: LeafProfile) -> Signer {
        signer(&self.university_root, profile, self.now, &mut self.random)
    }

    /// What the wallet trusts: school and university.
    pub fn wallet_trust(&self) -> TrustStore {
        let mut trust = TrustStore::new(Environment::Test);
        trust.add_anchor(Role::Issuers, self.school_root.certificate().clone());
        trust.add_anchor(Role::RelyingParties, self.university_root.certificate().clone());
        trust
    }

    /// What the university trusts: the school.
    pub fn university_trust(&self) -> TrustStore {
        let mut trust = TrustStore::new(Environment::Test);
        trust.add_anchor(Role::Issuers, self.school_root.certificate().clone());
        trust
    }

    /// The university's service, which may ask for anything.
    pub fn university(&self) -> University {
        self.university_for(Vec::new())
    }

    /// The university's service, which may ask for these purposes only.
    pub fn university_for(&self, purposes: Vec<Purpose>) -> University {
        let base = HttpsUrl::parse(&format!("https://{HOST}/verifier"), LinkPolicy::HttpsOnly).expect("a link");
        let key = SigningKey::from_bytes(Curve::P256, &self.university.key.to_bytes()).expect("a key");
        let mut config = UniversityConfig::new(base, self.university.chain.clone(), key, self.university_trust());
        config.purposes = purposes;
        University::new(config, Box::new(MemorySessions::new())).expect("a university")
    }

    /// The claims of the invented report.
    pub fn claims(&self) -> Object {
        Object::new()
            .with("iss", Json::from("https://school.example"))
            .with("vct", Json::from(REPORT))
            .with("iat", Json::from(self.now.plus(-86_400).unix()))
            .with("exp", Json::from(self.now.plus(86_400 * 365).unix()))
            .with("given_name", Json::from("Ada"))
            .with("family_name", Json::from("Musterfrau"))
            .with("birthdate", Json::from("2008-02-29"))
            .with("report", json(r#"{"average":"1.3","remark":"friendly","courses":[{"subject":"Mathematik","points":15},{"subject":"Deutsch","points":11}]}"#))
    }

    /// A report as the school issues it to a new key, which the pupil's key store names `id`.
    pub fn issue(&mut self, id: &str, claims: Object) -> String {
        let key = SigningKey::generate(Curve::P256, &mut self.random);
        let jwk = Json::Object(PublicKey::from(&key).to_jwk());
        self.keys.insert(KeyHandle::new(id), key);
        self.issue_unbound(claims.with("cnf", Json::Object(Object::new().with("jwk", jwk))))
    }

    /// A report as the school issues it to whoever holds it.
    pub fn issue_unbound(&mut self, claims: Object) -> String {
        let course = |index| path(&["report", "courses"]).then(wallet_core::credential::PathElement::Index(index));
        let mut paths = vec![path(&["given_name"]), path(&["family_name"]), path(&["birthdate"])];
        paths.extend([
            path(&["report", "average"]),
            path(&["report", "remark"]),
            course(0),
            course(1),
        ]);
        let concealed = Blueprint::new(claims, &paths)
            .expect("a plan")
            .conceal(&mut self.random);
        let header = Object::new()
            .with("typ", Json::from("dc+sd-jwt"))
            .with("x5c", Certificate::to_x5c(&self.school.chain));
        concealed.sign(header, &self.school.key)
    }

    /// What the pupil holds after receiving `text`.
    pub fn hold(&self, id: &str, text: &str) -> HeldCredential {
        let parsed = Unverified::<SdJwt>::parse(text, &mut Budget::default()).expect("an SD-JWT");
        let issued = self.now.plus(-3600);
        let verified = parsed.verify(&self.wallet_trust(), &VerifyOptions::at_rest(), issued);
        let handle = KeyHandle::new(id);
        let key = self.keys.contains_key(&handle).then_some(handle);
        HeldCredential::new(id, verified.expect("a good report").into_any().into_held(), key)
    }

    /// A pupil with one report, named `report`.
    pub fn pupil(&mut self) -> Vec<HeldCredential> {
        let text = self.issue("report", self.claims());
        vec![self.hold("report", &text)]
    }

    /// The pupil's key store: signs everything of one approval.
    pub fn sign(&self, requests: &[SigningRequest]) -> Vec<Vec<u8>> {
        let sign = |request: &SigningRequest| self.keys[request.handle()].sign(request.message());
        requests.iter().map(sign).collect()
    }

    /// A key of the pupil.
    ///
    /// # Panics
    /// If there is none of this name.
    pub fn key(&self, handle: &KeyHandle) -> &SigningKey {
        &self.keys[handle]
    }

    /// The claims with a status at `index` of the school's list.
    pub fn with_status(&self, index: u64) -> Object {
        let reference = StatusListReference::new(index, STATUS);
        self.claims().with("status", Json::Object(reference.to_claim()))
    }

    /// The school's status list: entry 1 revoked, entry 2 suspended.
    pub fn status_list(&self) -> String {
        let mut list = StatusList::new(StatusWidth::from_bits(2).expect("a width"), 1024).expect("a list");
        list.set(1, 1).expect("in range");
        list.set(2, 2).expect("in range");
        let times = TokenTimes::new(self.now.plus(-10)).expires(self.now.plus(3600));
        StatusListToken::new(STATUS, list, times).sign(&self.school.key, &self.school.chain)
    }
}

/// Family name and average of the report.
pub fn query() -> Query {
    let report = CredentialQuery::sd_jwt_vc("report", &[REPORT])
        .with_claim(path(&["family_name"]))
        .with_claim(path(&["report", "average"]));
    Query::new(vec![report], Vec::new()).expect("a query")
}

fn window(now: Timestamp) -> Validity {
    Validity::new(Some(now.plus(-86_400 * 30)), Some(now.plus(86_400 * 700)))
}

fn signer(root: &CertificateAuthority, profile: LeafProfile, now: Timestamp, random: &mut TestRandom) -> Signer {
    let key = SigningKey::generate(Curve::P256, random);
    let leaf = root
        .issue_leaf(&profile, &PublicKey::from(&key), window(now), random)
        .expect("a certificate");
    let chain = root.chain_of(&leaf);
    Signer { key, chain }
}
