//! The citizen's whole way with a wallet in a file: a report is kept, asked for, shown, and noted without a value.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::path::PathBuf;

use tempfile::TempDir;
use wallet_core::codec::{Budget, Json, Object};
use wallet_core::credential::Unverified;
use wallet_core::credential::sd_jwt::{SdJwt, VerifyOptions};
use wallet_core::crypto::Curve;
use wallet_core::presentation::{Arrival, Context, Decision, Exchange, Step, begin, resume};
use wallet_core::protocol::openid4vp::ResponseMode;
use wallet_core::rulebook::Rulebook;
use wallet_core::store::{Kind, SqliteStore, Store, Unlock};
use wallet_core::trust::Environment;
use wallet_core::verifier::{Created, Finding, RequestSpec, University};
use wallet_core::wallet::{
    Disclosed, Event, Flow, FlowId, FlowKind, HoldingId, KeyStore, NewHolding, Outcome, Presentation, Reuse, Wallet,
    WalletError, WhenEmpty,
};
use wallet_tests::campus::{Campus, HOST, REPORT, path, query};

struct Scene {
    folder: TempDir,
    campus: Campus,
    university: University,
}

impl Scene {
    /// A wallet that holds `count` copies of a school report.
    fn new(count: usize) -> (Self, HoldingId) {
        let campus = Campus::new();
        let mut scene = Self {
            folder: tempfile::tempdir().unwrap(),
            university: campus.university(),
            campus,
        };
        let (now, random) = (scene.campus.now, &mut scene.campus.random);
        let path = scene.folder.path().join("wallet.db");
        let store = SqliteStore::create(&path, &Unlock::key([7; 32]), random).unwrap();
        let mut wallet = Wallet::create(Box::new(store), Environment::Test, now, random).unwrap();
        let keys = wallet.software_keys().create(count, Curve::P256, now, random).unwrap();
        let mut copies = Vec::new();
        for (handle, key) in keys {
            let cnf = Object::new().with("jwk", Json::from(key.to_jwk()));
            let claims = scene.campus.claims().with("cnf", Json::from(cnf));
            let text = scene.campus.issue_unbound(claims);
            let parsed = Unverified::<SdJwt>::parse(&text, &mut Budget::default()).unwrap();
            let trust = scene.campus.wallet_trust();
            let verified = parsed.verify(&trust, &VerifyOptions::at_rest(), now).unwrap();
            copies.push((verified, Some(handle)));
        }
        let new = NewHolding::of_credential(copies, &Rulebook::bundled())
            .unwrap()
            .reused(Reuse::OnceOnly {
                refill_below: 1,
                when_empty: WhenEmpty::Refuse,
            });
        let id = wallet.add(new, now, &mut scene.campus.random).unwrap();
        (scene, id)
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("wallet.db")
    }

    fn wallet(&self) -> Wallet {
        let store = SqliteStore::open(&self.path(), &Unlock::key([7; 32])).unwrap();
        Wallet::open(Box::new(store)).unwrap()
    }

    fn ask(&mut self) -> Created {
        let mut spec = RequestSpec::new(query());
        spec.response_mode = ResponseMode::DirectPostJwt;
        let (now, random) = (self.campus.now, &mut self.campus.random);
        self.university.create_request(&spec, now, random).unwrap()
    }

    /// The citizen's side up to the answer that is about to be sent; every step survives the end of the process.
    fn answer(&mut self, link: &str, decline: bool) -> (Exchange, Presentation) {
        let trust = self.campus.wallet_trust();
        let now = self.campus.now;
        let id = FlowId::random(&mut self.campus.random);
        let holding = self.wallet().hand().unwrap();
        let context = Context::new(&trust, &holding);
        let mut step = begin(link, Arrival::Link, &context, now, &mut self.campus.random).unwrap();
        let mut asked = None;
        loop {
            if let Some(bytes) = step.suspend() {
                let random = &mut self.campus.random;
                let flow = Flow::new(id, FlowKind::Presentation, HOST, bytes, now);
                let path = self.folder.path().join("wallet.db");
                let open = || {
                    let store = SqliteStore::open(&path, &Unlock::key([7; 32])).unwrap();
                    Wallet::open(Box::new(store)).unwrap()
                };
                open().save_flow(&flow, random).unwrap();
                let saved = open().load_flow(id).unwrap();
                step = resume(&saved.bytes, &context, now, random).unwrap();
            }
            step = match step {
                Step::Send(exchange) if exchange.receipt().is_some() => {
                    self.wallet().delete_flow(id, &mut self.campus.random).unwrap();
                    return (exchange, asked.expect("the citizen was asked"));
                }
                Step::Send(exchange) => {
                    let request = exchange.request();
                    let response = self.university.handle(request, now, &mut self.campus.random);
                    exchange.answer(&response, &context, now).unwrap()
                }
                Step::Ask(consent) => {
                    asked = Some(Presentation::of_consent(&consent));
                    let choice = consent.proposal().filter(|_| !decline);
                    let decision = choice.map_or(Decision::Decline, Decision::Share);
                    consent.answer(decision, now, &mut self.campus.random).unwrap()
                }
                Step::Sign(signing) => {
                    let signatures = self.wallet().software_keys().sign(signing.requests()).unwrap();
                    signing.answer(&signatures, &mut self.campus.random).unwrap()
                }
                Step::Done(_) => panic!("the end comes after the answer"),
            };
        }
    }

    fn send(&mut self, exchange: Exchange) -> Step {
        let (now, random) = (self.campus.now, &mut self.campus.random);
        let response = self.university.handle(exchange.request(), now, random);
        let trust = self.campus.wallet_trust();
        exchange.answer(&response, &Context::new(&trust, &[]), now).unwrap()
    }

    fn release(&mut self, presentation: Presentation, exchange: &Exchange) -> Result<Outcome, WalletError> {
        let (now, random) = (self.campus.now, &mut self.campus.random);
        let path = self.folder.path().join("wallet.db");
        let store = SqliteStore::open(&path, &Unlock::key([7; 32])).unwrap();
        let mut wallet = Wallet::open(Box::new(store)).unwrap();
        let entry = wallet.release(presentation, exchange.receipt().unwrap(), now, random)?;
        wallet.conclude(entry, Outcome::Completed, random)?;
        Ok(wallet.history()?.remove(0).outcome)
    }
}

#[test]
fn a_report_is_shown_to_the_university_and_noted_without_a_value() {
    let (mut scene, id) = Scene::new(2);
    for left in [1, 0] {
        let created = scene.ask();
        let (exchange, asked) = scene.answer(&created.request_url, false);
        assert_eq!(scene.release(asked, &exchange), Ok(Outcome::Completed));
        assert!(matches!(scene.send(exchange), Step::Done(_)));
        let result = scene.university.result(&created.id, None, scene.campus.now);
        assert!(matches!(result, Ok(Finding::Answered(_))));
        assert_eq!(scene.wallet().holding(id).unwrap().unused(), left);
    }
    let claims = Disclosed::new(REPORT, vec![path(&["family_name"]), path(&["report", "average"])]);
    for entry in &scene.wallet().history().unwrap()[..2] {
        let Event::Presentation(presentation) = &entry.event else {
            panic!("{entry:?}");
        };
        assert_eq!(presentation.party.name, "Universität Beispielstadt");
        assert_eq!(presentation.party.identifier.as_deref(), Some(HOST));
        assert_eq!(presentation.requested, std::slice::from_ref(&claims));
        assert_eq!(presentation.sent, std::slice::from_ref(&claims));
    }
    // Every copy was shown once, so nothing is in hand, and the university gets the answer of somebody who has none.
    assert!(scene.wallet().hand().unwrap().is_empty());
    let store = SqliteStore::open(&scene.path(), &Unlock::key([7; 32])).unwrap();
    for record in store.list(&Kind::new("history")).unwrap() {
        let text = String::from_utf8(record.plain.to_vec()).unwrap();
        for value in ["Ada", "Musterfrau", "1.3", "2008-02-29"] {
            assert!(!text.contains(value), "{value} in {text}");
        }
    }
}

#[test]
fn an_answer_that_was_prepared_twice_leaves_once() {
    let (mut scene, id) = Scene::new(2);
    let (one, two) = (scene.ask(), scene.ask());
    let (first, asked) = scene.answer(&one.request_url, false);
    // A second request is answered with the same copy, whose turn it still is.
    let (second, asked_again) = scene.answer(&two.request_url, false);
    assert_eq!(scene.release(asked, &first), Ok(Outcome::Completed));
    assert_eq!(scene.release(asked_again, &second), Err(WalletError::CopyGone));
    assert_eq!(scene.wallet().holding(id).unwrap().unused(), 1);
}

#[test]
fn a_refusal_spends_nothing_and_is_noted() {
    let (mut scene, id) = Scene::new(2);
    let created = scene.ask();
    let (exchange, asked) = scene.answer(&created.request_url, true);
    let outcome = scene.release(asked, &exchange).unwrap();
    assert!(matches!(outcome, Outcome::NotCompleted(code) if code.as_str() == "user.declined"));
    assert_eq!(scene.wallet().holding(id).unwrap().unused(), 2);
    let Event::Presentation(presentation) = scene.wallet().history().unwrap().remove(0).event else {
        panic!("a presentation");
    };
    assert!(presentation.sent.is_empty() && !presentation.requested.is_empty());
}
