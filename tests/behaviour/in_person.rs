//! A citizen and a reader meet: engagement, session, consent, answer, end; and everything that goes wrong.

use wallet_core::codec::{Budget, Cbor, CborValue, Json};
use wallet_core::credential::mdoc::{Blueprint, DeviceResponse, Mdoc, SessionTranscript, VerifyOptions};
use wallet_core::credential::{ClaimPath, Unverified, Verified};
use wallet_core::crypto::{AgreementKey, Curve, SigningKey};
use wallet_core::envelope::cose::UnsignedSign1;
use wallet_core::envelope::session::{Role as Side, SessionCipher};
use wallet_core::keys::{KeyHandle, PublicKey};
use wallet_core::protocol::mdoc::{
    BleCarrier, BleOptions, BleRole, Carrier, CarrierRecord, DeviceRequest, DocRequest, HandoverRequest,
    HandoverSelect, ItemsRequest, NfcHandover, PowerState, RetrievalMethod, SessionData, SessionEstablishment,
    SessionStatus,
};
use wallet_core::proximity::{
    self, Config, Consent, Context, Decision, End, HeldDocument, Opening, Outcome, Step, Verdict, offer, resume,
};
use wallet_core::rulebook::{Language, Rulebook};
use wallet_core::store::{SqliteStore, Unlock};
use wallet_core::time::{Timestamp, Validity};
use wallet_core::trust::authority::{CertificateAuthority, CertificateName, LeafProfile};
use wallet_core::trust::{Certificate, Environment, Role, TrustStore};
use wallet_core::verifier::reader::{self, Answered, Question, ReaderIdentity, Reading, scan, tap};
use wallet_core::verifier::{AssessOptions, CheckName, Verdict as Judged};
use wallet_core::wallet::{
    Code, Flow, FlowId, FlowKind, KeyStore as _, NewHolding, Outcome as EntryOutcome, Presentation, Wallet, WalletError,
};
use wallet_tests::TestRandom;

const MDL: &str = "org.iso.18013.5.1.mDL";
const MDL_NS: &str = "org.iso.18013.5.1";
const PID: &str = "eu.europa.ec.eudi.pid.1";
const UUID: [u8; 16] = *b"0123456789abcdef";

fn now() -> Timestamp {
    Timestamp::parse("2026-07-05T12:00:00Z").unwrap()
}

/// Everybody at the counter.
struct Counter {
    random: TestRandom,
    /// Whom the citizen lets ask.
    readers: TrustStore,
    /// Whom the reader believes.
    issuers: TrustStore,
    identity: ReaderIdentity,
    reader_ca: CertificateAuthority,
    signer: SigningKey,
    signer_certificate: Certificate,
    device: SigningKey,
    holding: Vec<HeldDocument>,
    issued: Vec<(String, Vec<u8>)>,
}

fn validity() -> Validity {
    Validity::new(Some(now().plus(-86_400)), Some(now().plus(400 * 86_400)))
}

impl Counter {
    fn new() -> Self {
        Self::on(Curve::P256)
    }

    /// With a device key and a reader's key on this curve.
    fn on(curve: Curve) -> Self {
        let mut random = TestRandom::new(7);
        let name = || CertificateName::new("Test IACA").country("DE");
        let authority = |random: &mut TestRandom| {
            CertificateAuthority::generate_iaca(name(), "https://iaca.example", Curve::P256, validity(), random)
                .unwrap()
        };
        let iaca = authority(&mut random);
        let signer = SigningKey::generate(Curve::P256, &mut random);
        let profile = LeafProfile::new(CertificateName::new("Bundesdruckerei Test").country("DE"));
        let crl = "https://iaca.example/crl";
        let public = PublicKey::from(&signer);
        let signer_certificate = iaca.issue_document_signer(&profile, &public, crl, validity(), &mut random);
        let reader_ca = authority(&mut random);
        let identity = identity(&reader_ca, "Bürgeramt Teststadt", curve, &mut random);
        let mut readers = TrustStore::new(Environment::Test);
        readers.add_anchor(Role::RelyingParties, reader_ca.certificate().clone());
        let mut issuers = TrustStore::new(Environment::Test);
        issuers.add_anchor(Role::Issuers, iaca.certificate().clone());
        let mut counter = Self {
            device: SigningKey::generate(curve, &mut random),
            random,
            readers,
            issuers,
            identity,
            reader_ca,
            signer,
            signer_certificate: signer_certificate.unwrap(),
            holding: Vec::new(),
            issued: Vec::new(),
        };
        let mdl = Blueprint::new(MDL)
            .element(MDL_NS, "family_name", "Mustermann")
            .element(MDL_NS, "given_name", "Erika")
            .element(MDL_NS, "age_over_21", true)
            .element(MDL_NS, "age_over_65", false);
        counter.hold("licence", mdl);
        let pid = Blueprint::new(PID)
            .element(PID, "family_name", "Mustermann")
            .element(PID, "nationality", "DE");
        counter.hold("pid", pid);
        counter
    }

    /// A document for this key of a device.
    fn issue(&mut self, blueprint: Blueprint, device: &PublicKey) -> Verified<Mdoc> {
        let blueprint = blueprint
            .validity(now().plus(-60), now().plus(-60), now().plus(86_400))
            .device_key(device);
        let concealed = blueprint.conceal(&mut self.random).unwrap();
        let issued = concealed.sign(&self.signer, std::slice::from_ref(&self.signer_certificate));
        let parsed = Unverified::<Mdoc>::parse(&issued, &mut Budget::default()).unwrap();
        parsed.verify(&self.issuers, &VerifyOptions::at_rest(), now()).unwrap()
    }

    fn hold(&mut self, id: &str, blueprint: Blueprint) {
        let verified = self.issue(blueprint, &PublicKey::from(&self.device));
        self.issued.push((id.to_owned(), verified.credential().to_bytes()));
        let held = verified.into_held().into_any();
        let document = HeldDocument::new(id, held, KeyHandle::new("device")).unwrap();
        self.holding.push(document);
    }

    /// The document again, from its bytes.
    fn mdoc(&self, id: &str) -> Mdoc {
        let issued = &self.issued.iter().find(|(name, _)| name == id).unwrap().1;
        let parsed = Unverified::<Mdoc>::parse(issued, &mut Budget::default()).unwrap();
        let verified = parsed.verify(&self.issuers, &VerifyOptions::at_rest(), now()).unwrap();
        verified.credential().clone()
    }

    fn context(&self) -> Context<'_> {
        Context::new(&self.readers, &self.holding)
    }

    fn offer(&mut self) -> proximity::Engagement {
        let options = BleOptions {
            central: Some(UUID),
            ..BleOptions::default()
        };
        let config = Config::new(vec![RetrievalMethod::Ble(options)]);
        match offer(&config, now(), &mut self.random).unwrap() {
            Step::Engage(engagement) => engagement,
            other => panic!("{other:?}"),
        }
    }

    fn scan(&mut self, text: &str, question: &Question) -> reader::Connect {
        match scan(text, &self.identity, question, now(), &mut self.random).unwrap() {
            reader::Step::Connect(connect) => connect,
            other => panic!("{other:?}"),
        }
    }

    /// Up to the question.
    fn ask(&mut self, question: &Question) -> (Consent, reader::Receiving) {
        let engagement = self.offer();
        let connect = self.scan(&engagement.qr_text(), question);
        let step = engagement.answer(Opening::Qr, connect.message(), &self.context(), now());
        (asked(step.unwrap()), receiving(connect.answer(now())))
    }

    /// What a reader gets that asks, with this answer of the citizen.
    fn sign(&self, consent: Consent, decision: Decision) -> Step {
        match consent.answer(decision, now()).unwrap() {
            Step::Sign(signing) => {
                let signatures = signing
                    .requests()
                    .iter()
                    .map(|request| self.device.sign(request.message()));
                let signatures: Vec<_> = signatures.map(|signature| signature.to_vec()).collect();
                signing.answer(&signatures).unwrap()
            }
            other => other,
        }
    }

    fn judge(&self, answered: &Answered) -> Reading {
        answered.judge(&AssessOptions::new(&self.issuers, now()))
    }
}

fn identity(ca: &CertificateAuthority, name: &str, curve: Curve, random: &mut TestRandom) -> ReaderIdentity {
    let key = SigningKey::generate(curve, random);
    let profile = LeafProfile::new(CertificateName::new(name).country("DE"));
    let crl = "https://reader.example/crl";
    let leaf = ca
        .issue_reader(&profile, &PublicKey::from(&key), crl, validity(), random)
        .unwrap();
    ReaderIdentity::new(key, &[leaf, ca.certificate().clone()]).unwrap()
}

fn licence(elements: &[(&str, bool)]) -> ItemsRequest {
    let items = ItemsRequest::new(MDL);
    elements.iter().fold(items, |items, (name, retain)| {
        items.with_element(MDL_NS, *name, *retain)
    })
}

fn name_and_age() -> Question {
    Question::new(vec![licence(&[("family_name", true), ("age_over_18", false)])]).unwrap()
}

fn share(consent: &Consent) -> Decision {
    Decision::Share(consent.proposal().unwrap())
}

#[track_caller]
fn asked(step: Step) -> Consent {
    match step {
        Step::Ask(consent) => consent,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn sending(step: Step) -> proximity::Sending {
    match step {
        Step::Send(sending) => sending,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn listening(step: Step) -> proximity::Listening {
    match step {
        Step::Receive(listening) => listening,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn done(step: Step) -> Outcome {
    match step {
        Step::Done(outcome) => outcome,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn receiving(step: reader::Step) -> reader::Receiving {
    match step {
        reader::Step::Receive(receiving) => receiving,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn answered(step: reader::Step) -> Answered {
    match step {
        reader::Step::Judge(answered) => answered,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn last(step: reader::Step) -> reader::Sending {
    match step {
        reader::Step::Send(sending) if sending.is_last() => sending,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn ended(step: reader::Step) -> reader::End {
    match step {
        reader::Step::Done(end) => end,
        other => panic!("{other:?}"),
    }
}

fn path(name: &str) -> ClaimPath {
    ClaimPath::of_keys(MDL_NS, &[name])
}

#[test]
fn a_citizen_sees_who_asks_and_shows_exactly_what_was_shown_to_them() {
    let mut counter = Counter::new();
    let (consent, waiting) = counter.ask(&name_and_age());
    assert_eq!(consent.party().name, "Bürgeramt Teststadt");
    assert_eq!(consent.environment(), Environment::Test);
    let [requested] = consent.requested() else { panic!() };
    let [offer] = requested.offers.as_slice() else { panic!() };
    // The nearest attestation answers for the age (ISO 18013-5 §7.2.5).
    assert_eq!(
        Json::Object(offer.claims.clone()).to_string(),
        r#"{"org.iso.18013.5.1":{"family_name":"Mustermann","age_over_21":true}}"#
    );
    assert_eq!(offer.retained, [path("family_name")]);
    let rulebook = Rulebook::bundled();
    let label = |language| offer.label(&path("family_name"), &rulebook, language);
    assert_ne!(label(Language::German), label(Language::English));
    assert!(!format!("{consent:?}").contains("Mustermann"));

    let decision = share(&consent);
    let sent = sending(counter.sign(consent, decision));
    let receipt = sent.receipt().unwrap().clone();
    assert_eq!(receipt.verdict, Verdict::Shared);
    assert_eq!(receipt.shared[0].credential, "licence");
    assert!(!sent.is_last());
    let answer = answered(waiting.answer(sent.message(), now()));
    let reading = counter.judge(&answer);
    assert_eq!(
        reading.verdict(),
        Judged::Accepted,
        "{}",
        Json::Object(reading.to_json())
    );
    let [document] = reading.documents.as_slice() else {
        panic!()
    };
    let claims = document.assessment.claims().unwrap();
    assert_eq!(
        Json::Object(claims.clone()).to_string(),
        r#"{"org.iso.18013.5.1":{"family_name":"Mustermann","age_over_21":true}}"#
    );
    assert!(document.missing.is_empty() && document.not_requested.is_empty());

    // The reader ends it.
    let bye = last(answer.terminate());
    let outcome = done(
        listening(sent.answer(now()))
            .answer(bye.message(), &counter.context(), now())
            .unwrap(),
    );
    assert_eq!(outcome.end, End::Reader);
    assert_eq!(outcome.receipts, [receipt]);
    assert_eq!(ended(bye.answer(now())), reader::End::Reader);
}

#[test]
fn every_curve_of_the_standard_that_is_supported_makes_a_session() {
    for curve in [Curve::P256, Curve::P384, Curve::P521, Curve::BrainpoolP256r1] {
        let mut counter = Counter::on(curve);
        let mut config = Config::new(Vec::new());
        config.curve = curve;
        let Step::Engage(engagement) = offer(&config, now(), &mut counter.random).unwrap() else {
            panic!()
        };
        let connect = counter.scan(&engagement.qr_text(), &name_and_age());
        let step = engagement.answer(Opening::Qr, connect.message(), &counter.context(), now());
        let consent = asked(step.unwrap());
        let decision = share(&consent);
        let sent = sending(counter.sign(consent, decision));
        let answer = answered(receiving(connect.answer(now())).answer(sent.message(), now()));
        assert_eq!(counter.judge(&answer).verdict(), Judged::Accepted, "{curve:?}");
    }
    let mut config = Config::new(Vec::new());
    config.curve = Curve::Ed25519;
    let error = offer(&config, now(), &mut TestRandom::new(1)).unwrap_err();
    assert_eq!(error.code(), "proximity.curve");
}

#[test]
fn two_documents_are_shown_with_one_authentication_and_more_is_asked_in_the_same_session() {
    let mut counter = Counter::new();
    let pid = ItemsRequest::new(PID).with_element(PID, "nationality", false);
    let both = Question::new(vec![licence(&[("given_name", false)]), pid.clone()]).unwrap();
    let (consent, waiting) = counter.ask(&both);
    let Step::Sign(signing) = consent
        .answer(
            Decision::Share(proximity::Choice::new().with(0, "licence").with(1, "pid")),
            now(),
        )
        .unwrap()
    else {
        panic!()
    };
    assert_eq!(signing.requests().len(), 2);
    let signatures: Vec<Vec<u8>> = signing
        .requests()
        .iter()
        .map(|request| counter.device.sign(request.message()).to_vec())
        .collect();
    let sent = sending(signing.answer(&signatures).unwrap());
    let answer = answered(waiting.answer(sent.message(), now()));
    let reading = counter.judge(&answer);
    assert_eq!((reading.verdict(), reading.documents.len()), (Judged::Accepted, 2));

    // Again, in the same session: a citizen may say no to one and yes to the other.
    let reader::Step::Send(more) = answer.ask(&counter.identity, &both).unwrap() else {
        panic!()
    };
    let step = listening(sent.answer(now())).answer(more.message(), &counter.context(), now());
    let consent = asked(step.unwrap());
    let sent = sending(counter.sign(consent, Decision::Share(proximity::Choice::new().with(1, "pid"))));
    let answer = answered(receiving(more.answer(now())).answer(sent.message(), now()));
    let reading = counter.judge(&answer);
    assert_eq!(reading.not_returned, [MDL]);
    assert_eq!(
        (reading.verdict(), reading.documents[0].assessment.verdict()),
        (Judged::Refused, Judged::Accepted)
    );
    assert_eq!(reading.code(), Some("reader.not_returned"));
    let outcome = done(listening(sent.answer(now())).cut());
    assert_eq!((outcome.end, outcome.receipts.len()), (End::Cut, 2));
}

#[test]
fn a_session_begins_by_nfc_too() {
    let mut counter = Counter::new();
    let carrier = || {
        let ble = BleCarrier::new(BleRole::Central, UUID);
        CarrierRecord::new("0", PowerState::Active, Carrier::Ble(ble))
    };
    let config = Config::new(Vec::new()).with_carriers(vec![carrier()]);
    for negotiated in [false, true] {
        let Step::Engage(mut engagement) = offer(&config, now(), &mut counter.random).unwrap() else {
            panic!()
        };
        let request = HandoverRequest::new([1, 2], vec![carrier()]);
        if negotiated {
            engagement = engagement.negotiate(&request, carrier());
        }
        let select = HandoverSelect::parse(engagement.handover_select().unwrap().as_bytes()).unwrap();
        let handover = match negotiated {
            true => NfcHandover::negotiated(&select, &request),
            false => NfcHandover::of_static(&select),
        };
        let step = tap(
            &handover,
            &counter.identity,
            &name_and_age(),
            now(),
            &mut counter.random,
        );
        let reader::Step::Connect(connect) = step.unwrap() else {
            panic!()
        };
        // Survives on both sides of a suspension.
        let kept = Step::Engage(engagement).suspend().unwrap();
        let Step::Engage(engagement) = resume(&kept, &counter.context(), now()).unwrap() else {
            panic!()
        };
        let step = engagement.answer(Opening::Nfc, connect.message(), &counter.context(), now());
        let consent = asked(step.unwrap());
        let decision = share(&consent);
        let sent = sending(counter.sign(consent, decision));
        let answer = answered(receiving(connect.answer(now())).answer(sent.message(), now()));
        assert_eq!(counter.judge(&answer).verdict(), Judged::Accepted);
    }
    // Who came by the other engagement is in another session.
    let Step::Engage(engagement) = offer(&config, now(), &mut counter.random).unwrap() else {
        panic!()
    };
    let connect = counter.scan(&engagement.qr_text(), &name_and_age());
    let step = engagement.answer(Opening::Nfc, connect.message(), &counter.context(), now());
    let sent = sending(step.unwrap());
    assert_eq!(done(sent.answer(now())).end.code(), Some("proximity.decryption"));
    let without = counter.offer();
    let error = without
        .answer(Opening::Nfc, connect.message(), &counter.context(), now())
        .unwrap_err();
    assert_eq!(error.code(), "proximity.no_handover");
}

/// The answer to a stranger, and that of an empty wallet to a reader that is known.
#[test]
fn a_stranger_a_refusal_and_an_empty_wallet_look_the_same() {
    let mut plain = Vec::new();
    let mut codes = Vec::new();
    for case in [
        "stranger",
        "wrong name",
        "declined",
        "other way",
        "empty",
        "nothing of it",
    ] {
        let mut counter = Counter::new();
        let mut question = name_and_age();
        match case {
            "stranger" => {
                let (name, curve) = (CertificateName::new("Anybody").country("DE"), Curve::P256);
                let uri = "https://any.example";
                let ca = CertificateAuthority::generate_iaca(name, uri, curve, validity(), &mut counter.random);
                counter.identity = identity(&ca.unwrap(), "Bürgeramt Teststadt", curve, &mut counter.random);
            }
            // A certificate of the right authority for another purpose.
            "wrong name" => {
                let key = SigningKey::generate(Curve::P256, &mut counter.random);
                let profile = LeafProfile::new(CertificateName::new("Bürgeramt Teststadt").country("DE"));
                let (crl, public) = ("https://reader.example/crl", PublicKey::from(&key));
                let random = &mut counter.random;
                let leaf = counter
                    .reader_ca
                    .issue_document_signer(&profile, &public, crl, validity(), random);
                counter.identity = ReaderIdentity::new(key, &[leaf.unwrap()]).unwrap();
            }
            "empty" => counter.holding.clear(),
            "nothing of it" => question = Question::new(vec![licence(&[("portrait", false)])]).unwrap(),
            _ => {}
        }
        let engagement = counter.offer();
        let connect = counter.scan(&engagement.qr_text(), &question);
        let step = engagement.answer(Opening::Qr, connect.message(), &counter.context(), now());
        let step = match step.unwrap() {
            Step::Ask(consent) => {
                assert_eq!(consent.is_answerable(), case == "declined" || case == "other way");
                let decision = if case == "other way" {
                    Decision::OtherWay
                } else {
                    Decision::Decline
                };
                consent.answer(decision, now()).unwrap()
            }
            step => step,
        };
        let sent = sending(step);
        assert!(sent.is_last());
        let message = SessionData::parse(sent.message(), &mut Budget::default()).unwrap();
        assert_eq!(message.status(), Some(SessionStatus::Termination));
        let answer = answered(receiving(connect.answer(now())).answer(sent.message(), now()));
        assert!(answer.is_over());
        plain.push((answer.response().to_vec(), sent.message().len()));
        let reading = counter.judge(&answer);
        assert_eq!(
            (reading.verdict(), reading.not_returned.as_slice()),
            (Judged::Refused, [MDL.to_owned()].as_slice())
        );
        assert_eq!(ended(answer.terminate()), reader::End::Holder);
        let outcome = done(sent.answer(now()));
        codes.push((
            case,
            outcome.end.code(),
            outcome.receipts.first().map(|receipt| receipt.verdict),
        ));
    }
    assert!(plain.windows(2).all(|pair| pair[0] == pair[1]), "{plain:?}");
    let errors = DeviceResponse::parse(&plain[0].0, &mut Budget::default()).unwrap();
    assert!(errors.documents.is_empty());
    assert_eq!(errors.document_errors[0].code, 0);
    assert_eq!(
        codes,
        [
            ("stranger", Some("trust.untrusted_path"), None),
            (
                "wrong name",
                Some("certificate_profile.extended_key_usage_purpose"),
                None
            ),
            ("declined", None, Some(Verdict::Declined)),
            ("other way", None, Some(Verdict::OtherWay)),
            ("empty", None, Some(Verdict::Declined)),
            ("nothing of it", None, Some(Verdict::Declined)),
        ]
    );
}

/// A reader that does as it likes.
struct Rogue {
    key: SigningKey,
    chain: Vec<Vec<u8>>,
    own: Vec<u8>,
    transcript: SessionTranscript,
    cipher: SessionCipher,
}

impl Rogue {
    /// With a good certificate, in the session of this engagement.
    fn meet(counter: &mut Counter, engagement: &proximity::Engagement) -> Self {
        let random = &mut counter.random;
        let ephemeral = AgreementKey::generate(random);
        let public = PublicKey::new(ephemeral.public_key());
        let own = CborValue::embedded(public.to_cose_key().encode()).encode();
        let device = engagement.device_engagement();
        let transcript = SessionTranscript::qr(device.as_bytes(), &own);
        let outer = Cbor::parse(device.e_device_key_bytes(), &mut Budget::default()).unwrap();
        let theirs = PublicKey::parse_cose_key(outer.embedded().unwrap(), &mut Budget::default()).unwrap();
        let cipher = SessionCipher::derive(&ephemeral, &theirs, &transcript.to_tagged(), Side::Reader).unwrap();
        let key = SigningKey::generate(Curve::P256, random);
        let profile = LeafProfile::new(CertificateName::new("Bürgeramt Teststadt").country("DE"));
        let (crl, public) = ("https://reader.example/crl", PublicKey::from(&key));
        let leaf = counter
            .reader_ca
            .issue_reader(&profile, &public, crl, validity(), random)
            .unwrap();
        Self {
            key,
            chain: vec![leaf.der().to_vec()],
            own,
            transcript,
            cipher,
        }
    }

    fn auth(&self, signed: Vec<u8>) -> Vec<u8> {
        let unsigned = UnsignedSign1::detached(self.key.algorithm(), signed).x5chain(&self.chain);
        unsigned.sign(&self.key).encode()
    }

    fn document(&self, items: ItemsRequest) -> DocRequest {
        let document = DocRequest::new(items);
        let signed = document.reader_authentication(self.transcript.as_bytes());
        document.with_reader_auth(self.auth(signed))
    }

    fn establish(&mut self, request: Vec<u8>) -> Vec<u8> {
        let data = self.cipher.encrypt(request).unwrap();
        SessionEstablishment::new(self.own.clone(), data).encode()
    }
}

/// What the citizen's side makes of a request: the code of the end, and the status of the message.
fn refusal(change: impl FnOnce(&mut Counter, &mut Rogue) -> Vec<u8>) -> (&'static str, Option<SessionStatus>) {
    let mut counter = Counter::new();
    let engagement = counter.offer();
    let mut rogue = Rogue::meet(&mut counter, &engagement);
    let request = change(&mut counter, &mut rogue);
    let message = rogue.establish(request);
    let step = engagement
        .answer(Opening::Qr, &message, &counter.context(), now())
        .unwrap();
    if let Step::Ask(_) = step {
        return ("asked", None);
    }
    let sent = sending(step);
    assert!(sent.is_last() && sent.receipt().is_none());
    let status = SessionData::parse(sent.message(), &mut Budget::default())
        .unwrap()
        .status();
    (done(sent.answer(now())).end.code().unwrap(), status)
}

#[test]
fn nothing_is_shown_to_a_reader_that_did_not_sign_for_this_session() {
    let terminated = Some(SessionStatus::Termination);
    let items = || licence(&[("family_name", false)]);
    let good = |_: &mut Counter, rogue: &mut Rogue| DeviceRequest::new(vec![rogue.document(items())]).encode();
    assert_eq!(refusal(good).0, "asked");
    let unsigned = |_: &mut Counter, _: &mut Rogue| DeviceRequest::new(vec![DocRequest::new(items())]).encode();
    assert_eq!(refusal(unsigned), ("proximity.unauthenticated", terminated));
    // One document is signed for, the other is not.
    let half = |_: &mut Counter, rogue: &mut Rogue| {
        DeviceRequest::new(vec![rogue.document(items()), DocRequest::new(items())]).encode()
    };
    assert_eq!(refusal(half), ("proximity.unauthenticated", terminated));
    let no_chain = |_: &mut Counter, rogue: &mut Rogue| {
        rogue.chain.clear();
        let document = DocRequest::new(items());
        let signed = document.reader_authentication(rogue.transcript.as_bytes());
        let auth = UnsignedSign1::detached(rogue.key.algorithm(), signed)
            .sign(&rogue.key)
            .encode();
        DeviceRequest::new(vec![document.with_reader_auth(auth)]).encode()
    };
    assert_eq!(refusal(no_chain), ("proximity.unauthenticated", terminated));
    // A signature that was made for another session: a replayed or relayed request.
    let other_session = |counter: &mut Counter, rogue: &mut Rogue| {
        let engagement = counter.offer();
        rogue.transcript = SessionTranscript::qr(engagement.device_engagement().as_bytes(), &rogue.own);
        DeviceRequest::new(vec![rogue.document(items())]).encode()
    };
    assert_eq!(refusal(other_session), ("proximity.reader_signature", terminated));
    // More is asked for than was signed.
    let more = |_: &mut Counter, rogue: &mut Rogue| {
        let auth = rogue.document(items()).reader_auth().unwrap().to_vec();
        let document = DocRequest::new(licence(&[("given_name", false)])).with_reader_auth(auth);
        DeviceRequest::new(vec![document]).encode()
    };
    assert_eq!(refusal(more), ("proximity.reader_signature", terminated));
    let other_key = |counter: &mut Counter, rogue: &mut Rogue| {
        rogue.key = SigningKey::generate(Curve::P256, &mut counter.random);
        DeviceRequest::new(vec![rogue.document(items())]).encode()
    };
    assert_eq!(refusal(other_key), ("proximity.reader_signature", terminated));
    let two_readers = |counter: &mut Counter, rogue: &mut Rogue| {
        let first = rogue.document(items());
        let engagement = counter.offer();
        let other = Rogue::meet(counter, &engagement);
        (rogue.key, rogue.chain) = (other.key, other.chain);
        DeviceRequest::new(vec![first, rogue.document(items())]).encode()
    };
    assert_eq!(refusal(two_readers), ("proximity.readers_differ", terminated));
    let expired = |counter: &mut Counter, rogue: &mut Rogue| {
        let validity = Validity::new(Some(now().plus(-86_400)), Some(now().plus(-3_600)));
        let profile = LeafProfile::new(CertificateName::new("Bürgeramt Teststadt").country("DE"));
        let (crl, public) = ("https://reader.example/crl", PublicKey::from(&rogue.key));
        let random = &mut counter.random;
        let leaf = counter
            .reader_ca
            .issue_reader(&profile, &public, crl, validity, random)
            .unwrap();
        rogue.chain = vec![leaf.der().to_vec()];
        DeviceRequest::new(vec![rogue.document(items())]).encode()
    };
    assert_eq!(refusal(expired), ("trust.certificate_expired", terminated));
}

#[test]
fn a_signature_over_the_whole_request_is_as_good() {
    let items = || licence(&[("family_name", false)]);
    let whole = |_: &mut Counter, rogue: &mut Rogue| {
        let request = DeviceRequest::new(vec![DocRequest::new(items()), DocRequest::new(items())]);
        let auth = rogue.auth(request.reader_authentication_all(rogue.transcript.as_bytes()));
        request.with_reader_auth_all(auth).encode()
    };
    assert_eq!(refusal(whole).0, "asked");
    let of_another = |_: &mut Counter, rogue: &mut Rogue| {
        let request = DeviceRequest::new(vec![DocRequest::new(items())]);
        let auth = rogue.auth(request.reader_authentication_all(rogue.transcript.as_bytes()));
        let more = DeviceRequest::new(vec![DocRequest::new(items()), DocRequest::new(items())]);
        more.with_reader_auth_all(auth).encode()
    };
    let (code, status) = refusal(of_another);
    assert_eq!(
        (code, status),
        ("proximity.reader_signature", Some(SessionStatus::Termination))
    );
}

#[test]
fn messages_that_do_not_parse_or_decrypt_end_the_session_with_the_status_for_it() {
    let mut counter = Counter::new();
    let ended = |counter: &mut Counter, message: &[u8]| {
        let engagement = counter.offer();
        let step = engagement
            .answer(Opening::Qr, message, &counter.context(), now())
            .unwrap();
        let sent = sending(step);
        let status = SessionData::parse(sent.message(), &mut Budget::default())
            .unwrap()
            .status();
        (done(sent.answer(now())).end.code().unwrap(), status.unwrap().number())
    };
    assert_eq!(ended(&mut counter, b"hello"), ("cbor.end_of_input", 11));
    assert_eq!(ended(&mut counter, &[0xa0]), ("mdoc.message.missing", 11));
    // Made for another engagement: a replay.
    let other = counter.offer();
    let replayed = counter.scan(&other.qr_text(), &name_and_age()).message().to_vec();
    assert_eq!(ended(&mut counter, &replayed), ("proximity.decryption", 10));
    // A key on another curve, and one that is none.
    let public = PublicKey::from(&SigningKey::generate(Curve::P384, &mut counter.random));
    let key = CborValue::embedded(public.to_cose_key().encode()).encode();
    let message = SessionEstablishment::new(key, vec![0; 40]).encode();
    assert_eq!(ended(&mut counter, &message), ("proximity.reader_key", 10));
    let message = SessionEstablishment::new(CborValue::embedded(vec![0xa0]).encode(), vec![0; 40]).encode();
    assert_eq!(ended(&mut counter, &message), ("proximity.reader_key", 10));
    // What is inside: no CBOR, no request.
    let plain = |bytes: &'static [u8]| refusal(move |_, _| bytes.to_vec());
    let terminated = Some(SessionStatus::Termination);
    assert_eq!(plain(b"hello"), ("cbor.end_of_input", terminated));
    assert_eq!(plain(&[0xa0]), ("mdoc.message.missing", terminated));

    // Every flipped bit of the first message is noticed.
    let engagement = counter.offer();
    let message = counter.scan(&engagement.qr_text(), &name_and_age()).message().to_vec();
    let mut state = Some(Step::Engage(engagement).suspend().unwrap());
    let kept = state.take().unwrap();
    for place in (0..message.len()).step_by(7) {
        let mut tampered = message.clone();
        tampered[place] ^= 0x10;
        let Step::Engage(engagement) = resume(&kept, &counter.context(), now()).unwrap() else {
            panic!()
        };
        let step = engagement
            .answer(Opening::Qr, &tampered, &counter.context(), now())
            .unwrap();
        assert!(sending(step).is_last(), "{place}");
    }
}

#[test]
fn the_reader_notices_what_was_altered_repeated_or_made_by_another_device() {
    let mut counter = Counter::new();
    let decide = |counter: &Counter, consent: Consent| {
        let decision = share(&consent);
        sending(counter.sign(consent, decision)).message().to_vec()
    };
    // Altered on the way.
    let (consent, waiting) = counter.ask(&name_and_age());
    let mut message = decide(&counter, consent);
    *message.last_mut().unwrap() ^= 1;
    let sent = last(waiting.answer(&message, now()));
    let status = SessionData::parse(sent.message(), &mut Budget::default())
        .unwrap()
        .status();
    assert_eq!(status, Some(SessionStatus::EncryptionError));
    assert_eq!(ended(sent.answer(now())).code(), Some("reader.decryption"));
    // The answer of another session.
    let (consent, _) = counter.ask(&name_and_age());
    let old = decide(&counter, consent);
    let (_, waiting) = counter.ask(&name_and_age());
    assert_eq!(
        ended(last(waiting.answer(&old, now())).answer(now())).code(),
        Some("reader.decryption")
    );
    // The same answer again, in the same session.
    let (consent, waiting) = counter.ask(&name_and_age());
    let message = decide(&counter, consent);
    let answer = answered(waiting.answer(&message, now()));
    let reader::Step::Send(more) = answer.ask(&counter.identity, &name_and_age()).unwrap() else {
        panic!()
    };
    let waiting = receiving(more.answer(now()));
    assert_eq!(
        ended(last(waiting.answer(&message, now())).answer(now())).code(),
        Some("reader.decryption")
    );
    // No CBOR, an empty message, a status.
    let (_, waiting) = counter.ask(&name_and_age());
    assert_eq!(
        ended(last(waiting.answer(b"", now())).answer(now())).code(),
        Some("cbor.end_of_input")
    );
    let (_, waiting) = counter.ask(&name_and_age());
    let status = SessionData::of_status(SessionStatus::EncryptionError).encode();
    assert_eq!(
        ended(waiting.answer(&status, now())).code(),
        Some("reader.holder_fault")
    );
    let (_, waiting) = counter.ask(&name_and_age());
    let status = SessionData::of_status(SessionStatus::Termination).encode();
    assert_eq!(ended(waiting.answer(&status, now())), reader::End::Holder);

    // A device whose key is not that of the document.
    let (consent, _) = counter.ask(&name_and_age());
    let Step::Sign(signing) = consent
        .answer(Decision::Share(proximity::Choice::new().with(0, "licence")), now())
        .unwrap()
    else {
        panic!()
    };
    let stranger = SigningKey::generate(Curve::P256, &mut counter.random);
    let signature = stranger.sign(signing.requests()[0].message()).to_vec();
    let error = signing.answer(&[signature]).unwrap_err();
    assert_eq!(error.code(), "proximity.signature_does_not_fit");
}

/// A holder that does as it likes, up to the response.
fn judged(change: impl FnOnce(&Counter, &SessionTranscript) -> DeviceResponse, question: &Question) -> Reading {
    let mut counter = Counter::new();
    let own = AgreementKey::generate(&mut counter.random);
    let key = CborValue::embedded(PublicKey::new(own.public_key()).to_cose_key().encode()).encode();
    let engagement = wallet_core::protocol::mdoc::DeviceEngagement::new(key, Vec::new());
    let connect = counter.scan(&engagement.to_qr_text(), question);
    let establishment = SessionEstablishment::parse(connect.message(), &mut Budget::default()).unwrap();
    let transcript = SessionTranscript::qr(engagement.as_bytes(), establishment.e_reader_key_bytes());
    assert_eq!(&transcript, connect.transcript());
    let outer = Cbor::parse(establishment.e_reader_key_bytes(), &mut Budget::default()).unwrap();
    let theirs = PublicKey::parse_cose_key(outer.embedded().unwrap(), &mut Budget::default()).unwrap();
    let mut cipher = SessionCipher::derive(&own, &theirs, &transcript.to_tagged(), Side::Mdoc).unwrap();
    let response = change(&counter, &transcript);
    let message = SessionData::of_data(cipher.encrypt(response.encode()).unwrap()).encode();
    let answer = answered(receiving(connect.answer(now())).answer(&message, now()));
    counter.judge(&answer)
}

/// A document of the holding, shown as a wallet of its own would.
fn shown(counter: &Counter, id: &str, elements: &[&str], transcript: &SessionTranscript) -> DeviceResponse {
    let mdoc = counter.mdoc(id);
    let name_space = if id == "pid" { PID } else { MDL_NS };
    let paths: Vec<ClaimPath> = elements
        .iter()
        .map(|name| ClaimPath::of_keys(name_space, &[name]))
        .collect();
    let presentation = mdoc.present(&mdoc.select(&paths).unwrap());
    let unbound = presentation.bind(transcript, KeyHandle::new("device"), PublicKey::from(&counter.device));
    let signature = counter.device.sign(unbound.signing_request().message());
    DeviceResponse::new(vec![unbound.with_signature(signature.as_ref()).unwrap()])
}

#[test]
fn what_comes_back_is_compared_with_what_was_asked_for() {
    let question = name_and_age();
    let good = judged(
        |counter, transcript| shown(counter, "licence", &["family_name", "age_over_21"], transcript),
        &question,
    );
    assert_eq!(good.verdict(), Judged::Accepted);
    // Less than was asked for.
    let less = judged(
        |counter, transcript| shown(counter, "licence", &["family_name"], transcript),
        &question,
    );
    assert_eq!(
        (less.verdict(), less.code()),
        (Judged::Refused, Some("reader.element_missing"))
    );
    assert_eq!(less.documents[0].missing, [path("age_over_18")]);
    // More: it is reported.
    let more = judged(
        |counter, transcript| {
            shown(
                counter,
                "licence",
                &["family_name", "given_name", "age_over_21"],
                transcript,
            )
        },
        &question,
    );
    assert_eq!(more.documents[0].not_requested, [path("given_name")]);
    assert!(
        Json::Object(more.to_json())
            .to_string()
            .contains(r#""not_requested":[["org.iso.18013.5.1","given_name"]]"#)
    );
    // Another document.
    let other = judged(
        |counter, transcript| shown(counter, "pid", &["family_name"], transcript),
        &question,
    );
    assert_eq!(
        (other.verdict(), other.code()),
        (Judged::Refused, Some("reader.doctype_not_requested"))
    );
    assert_eq!(other.not_returned, [MDL]);
    // The right document, bound to another session.
    let relayed = judged(
        |counter, _| {
            let elsewhere = SessionTranscript::openid4vp("x509_hash:a", "n", None, "https://v.example");
            shown(counter, "licence", &["family_name", "age_over_21"], &elsewhere)
        },
        &question,
    );
    assert_eq!(
        (relayed.verdict(), relayed.code()),
        (Judged::Refused, Some("mdoc.device_auth_invalid"))
    );
    let outcome = &relayed.documents[0]
        .assessment
        .check(CheckName::Binding)
        .unwrap()
        .outcome;
    assert_eq!(outcome.name(), "fail");
    // Nothing, and an error.
    let nothing = judged(|_, _| DeviceResponse::new(Vec::new()), &question);
    assert_eq!(
        (nothing.verdict(), nothing.code()),
        (Judged::Refused, Some("assessment.no_document"))
    );
    let failed = judged(|_, _| DeviceResponse::failed(12), &question);
    assert_eq!(
        (failed.verdict(), failed.code()),
        (Judged::Refused, Some("assessment.response_status"))
    );
}

#[test]
fn a_meeting_goes_on_after_the_app_was_away() {
    let mut counter = Counter::new();
    let engagement = counter.offer();
    let connect = counter.scan(&engagement.qr_text(), &name_and_age());
    assert_eq!(engagement.ble_ident(), connect.ble_ident());
    let (first, waiting) = (connect.message().to_vec(), receiving(connect.answer(now())));
    let away = |counter: &Counter, step: &Step| {
        let kept = step.suspend().unwrap();
        assert!(!String::from_utf8_lossy(&kept).contains("Mustermann"));
        resume(&kept, &counter.context(), now()).unwrap()
    };
    let Step::Engage(engagement) = away(&counter, &Step::Engage(engagement)) else {
        panic!()
    };
    let step = engagement
        .answer(Opening::Qr, &first, &counter.context(), now())
        .unwrap();
    let consent = asked(away(&counter, &step));
    let decision = share(&consent);
    let step = consent.answer(decision, now()).unwrap();
    let Step::Sign(signing) = away(&counter, &step) else {
        panic!()
    };
    let signatures = [counter.device.sign(signing.requests()[0].message()).to_vec()];
    let step = signing.answer(&signatures).unwrap();
    let sent = sending(away(&counter, &step));
    assert_eq!(sent.receipt().unwrap().verdict, Verdict::Shared);
    let answer = answered(waiting.answer(sent.message(), now()));
    assert_eq!(counter.judge(&answer).verdict(), Judged::Accepted);
    let step = away(&counter, &sent.answer(now()));
    let bye = last(answer.terminate());
    let outcome = done(
        listening(step)
            .answer(bye.message(), &counter.context(), now())
            .unwrap(),
    );
    assert_eq!((&outcome.end, outcome.receipts.len()), (&End::Reader, 1));
    assert!(Step::Done(outcome).suspend().is_none());
}

#[test]
fn a_suspended_consent_holds_only_for_exactly_what_was_agreed_to() {
    let mut counter = Counter::new();
    let (consent, _) = counter.ask(&name_and_age());
    let decision = share(&consent);
    let kept = consent.answer(decision, now()).unwrap().suspend().unwrap();
    // The same name stands for another document now.
    counter.holding.clear();
    counter.hold(
        "licence",
        Blueprint::new(MDL)
            .element(MDL_NS, "family_name", "Schmidt")
            .element(MDL_NS, "age_over_18", true),
    );
    let error = resume(&kept, &counter.context(), now()).unwrap_err();
    assert_eq!(error.code(), "proximity.consent_outdated");
    counter.holding.clear();
    let error = resume(&kept, &counter.context(), now()).unwrap_err();
    assert_eq!(error.code(), "proximity.consent_outdated");
    // Whoever is no longer trusted gets the answer of an empty wallet.
    counter.readers = TrustStore::new(Environment::Test);
    let sent = sending(resume(&kept, &counter.context(), now()).unwrap());
    assert_eq!(done(sent.answer(now())).end.code(), Some("trust.untrusted_path"));
    for bytes in [&b""[..], b"{}", br#"{"proximity":2,"state":{"ask":{}}}"#] {
        assert_eq!(
            resume(bytes, &counter.context(), now()).unwrap_err().code(),
            "proximity.state"
        );
    }
}

#[test]
fn silence_and_cut_connections_end_a_meeting() {
    let mut counter = Counter::new();
    let engagement = counter.offer();
    assert_eq!(engagement.until(), now().plus(300));
    let connect = counter.scan(&engagement.qr_text(), &name_and_age());
    let late = engagement.answer(Opening::Qr, connect.message(), &counter.context(), now().plus(301));
    assert_eq!(
        done(sending(late.unwrap()).answer(now())).end.code(),
        Some("proximity.late")
    );
    assert_eq!(done(counter.offer().give_up()).end, End::Holder);

    let (consent, waiting) = counter.ask(&name_and_age());
    assert_eq!(done(consent.cut()).end, End::Cut);
    assert_eq!(ended(waiting.cut()), reader::End::Cut);

    let share_once = |counter: &mut Counter| {
        let (consent, waiting) = counter.ask(&name_and_age());
        let decision = share(&consent);
        (sending(counter.sign(consent, decision)), waiting)
    };
    let (sent, waiting) = share_once(&mut counter);
    let outcome = done(sent.cut());
    assert_eq!((outcome.end.code(), outcome.receipts.len()), (Some("proximity.cut"), 1));
    assert_eq!(waiting.until(), now().plus(300));
    let silent = last(waiting.time_out());
    assert_eq!(ended(silent.answer(now())).code(), Some("reader.timed_out"));

    let (sent, _) = share_once(&mut counter);
    let silence = listening(sent.answer(now()));
    assert_eq!(silence.until(), now().plus(300));
    let bye = sending(silence.time_out());
    let status = SessionData::parse(bye.message(), &mut Budget::default())
        .unwrap()
        .status();
    assert_eq!(status, Some(SessionStatus::Termination));
    assert_eq!(done(bye.answer(now())).end, End::TimedOut);

    // The citizen goes; the reader says that something went wrong.
    let (sent, waiting) = share_once(&mut counter);
    let bye = sending(listening(sent.answer(now())).terminate());
    assert_eq!(ended(waiting.answer(bye.message(), now())), reader::End::Holder);
    assert_eq!(done(bye.answer(now())).end, End::Holder);
    let (sent, _) = share_once(&mut counter);
    let fault = SessionData::of_status(SessionStatus::CborDecodingError).encode();
    let outcome = done(
        listening(sent.answer(now()))
            .answer(&fault, &counter.context(), now())
            .unwrap(),
    );
    assert_eq!(
        (outcome.end.code(), outcome.receipts.len()),
        (Some("proximity.reader_fault"), 1)
    );
    let (sent, waiting) = share_once(&mut counter);
    let late = waiting.answer(sent.message(), now().plus(301));
    assert_eq!(ended(last(late).answer(now())).code(), Some("reader.late"));
    let step = listening(sent.answer(now()))
        .answer(&fault, &counter.context(), now().plus(301))
        .unwrap();
    assert_eq!(done(sending(step).answer(now())).end.code(), Some("proximity.late"));
}

#[test]
fn a_choice_that_was_not_offered_is_refused() {
    let mut counter = Counter::new();
    for choice in [
        proximity::Choice::new().with(0, "pid"),
        proximity::Choice::new().with(1, "licence"),
        proximity::Choice::new().with(0, "nothing"),
    ] {
        let (consent, _) = counter.ask(&name_and_age());
        let error = consent.answer(Decision::Share(choice), now()).unwrap_err();
        assert_eq!(error.code(), "proximity.choice_not_offered");
    }
    let (consent, _) = counter.ask(&name_and_age());
    let step = consent
        .answer(Decision::Share(proximity::Choice::new()), now())
        .unwrap();
    assert_eq!(sending(step).receipt().unwrap().verdict, Verdict::Declined);
    let (consent, _) = counter.ask(&name_and_age());
    let decision = share(&consent);
    let Step::Sign(signing) = consent.answer(decision, now()).unwrap() else {
        panic!()
    };
    assert_eq!(signing.answer(&[]).unwrap_err().code(), "proximity.signature_count");
}

#[test]
fn the_citizen_chooses_among_several_documents_of_a_type() {
    let mut counter = Counter::new();
    let second = Blueprint::new(MDL)
        .element(MDL_NS, "family_name", "von Mustermann")
        .element(MDL_NS, "age_over_18", true);
    counter.hold("second", second);
    let (consent, waiting) = counter.ask(&name_and_age());
    let offers: Vec<&str> = consent.requested()[0]
        .offers
        .iter()
        .map(|offer| offer.credential.as_str())
        .collect();
    assert_eq!(offers, ["licence", "second"]);
    let sent = sending(counter.sign(consent, Decision::Share(proximity::Choice::new().with(0, "second"))));
    let reading = counter.judge(&answered(waiting.answer(sent.message(), now())));
    assert!(
        reading.documents[0]
            .assessment
            .claims()
            .unwrap()
            .get(MDL_NS)
            .unwrap()
            .to_string()
            .contains("von Mustermann")
    );
}

#[test]
fn a_reader_needs_its_own_certificate_and_a_question_that_can_be_asked() {
    let mut counter = Counter::new();
    let key = SigningKey::generate(Curve::P256, &mut counter.random);
    let error = ReaderIdentity::new(key, &[counter.reader_ca.certificate().clone()]).unwrap_err();
    assert_eq!(error.code(), "reader.certificate_key");
    let question = |text: &str| Question::parse(text, &mut Budget::default());
    let items = r#"{"docType":"org.iso.18013.5.1.mDL","nameSpaces":{"org.iso.18013.5.1":{"family_name":true,"age_over_18":false}}}"#;
    assert_eq!(question(items), Ok(name_and_age()));
    assert_eq!(question(&format!("[{items}]")), Ok(name_and_age()));
    let dcql = r#"{"credentials":[{"id":"a","format":"mso_mdoc","meta":{"doctype_value":"org.iso.18013.5.1.mDL"},
        "claims":[{"path":["org.iso.18013.5.1","family_name"],"intent_to_retain":true},
                  {"path":["org.iso.18013.5.1","age_over_18"]}]}]}"#;
    assert_eq!(question(dcql), Ok(name_and_age()));
    let code = |text: &str| question(text).unwrap_err().code();
    assert_eq!(code("[]"), "reader.no_question");
    assert_eq!(code(r#"{"docType":"a","nameSpaces":{}}"#), "reader.no_question");
    assert_eq!(
        code(r#"{"docType":"a","nameSpaces":{"b":{"c":1}}}"#),
        "reader.unsupported"
    );
    assert_eq!(
        code(
            &dcql
                .replace("mso_mdoc", "dc+sd-jwt")
                .replace("doctype_value", "vct_values")
                .replace("\"org.iso.18013.5.1.mDL\"", "[\"a\"]")
        ),
        "reader.unsupported"
    );
    let error = scan(
        "https://example.com",
        &counter.identity,
        &name_and_age(),
        now(),
        &mut counter.random,
    )
    .unwrap_err();
    assert_eq!(error.code(), "mdoc.message.scheme");
}

#[test]
fn a_suspended_meeting_is_sealed_and_forgotten_before_its_answer_leaves() {
    let mut counter = Counter::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wallet.db");
    let unlock = || Unlock::key([7; 32]);
    let open = || Wallet::open(Box::new(SqliteStore::open(&path, &unlock()).unwrap())).unwrap();
    let random = &mut TestRandom::new(9);
    let store = SqliteStore::create(&path, &unlock(), random).unwrap();
    let mut wallet = Wallet::create(Box::new(store), Environment::Test, now(), random).unwrap();
    let keys = wallet.software_keys().create(2, Curve::P256, now(), random).unwrap();
    let copies = keys.into_iter().map(|(handle, public)| {
        let blueprint = Blueprint::new(MDL)
            .element(MDL_NS, "family_name", "Sommerfeld")
            .element(MDL_NS, "age_over_18", true);
        (counter.issue(blueprint, &public), Some(handle))
    });
    let new = NewHolding::of_credential(copies.collect(), &Rulebook::bundled()).unwrap();
    let id = wallet.add(new, now(), random).unwrap();

    // The app goes away with the code on its screen, and again with the question.
    let engagement = counter.offer();
    let connect = counter.scan(&engagement.qr_text(), &name_and_age());
    let (first, waiting) = (connect.message().to_vec(), receiving(connect.answer(now())));
    let flow = FlowId::random(random);
    let save = |wallet: &mut Wallet, step: &Step, random: &mut TestRandom| {
        let kept = step.suspend().unwrap();
        let flow = Flow::new(flow, FlowKind::Proximity, "counter", kept, now());
        wallet.save_flow(&flow, random).unwrap();
    };
    save(&mut wallet, &Step::Engage(engagement), random);
    drop(wallet);
    let mut wallet = open();
    let holding = wallet.hand_documents().unwrap();
    let context = Context::new(&counter.readers, &holding);
    let Step::Engage(engagement) = resume(&wallet.load_flow(flow).unwrap().bytes, &context, now()).unwrap() else {
        panic!()
    };
    let step = engagement.answer(Opening::Qr, &first, &context, now()).unwrap();
    save(&mut wallet, &step, random);
    drop(wallet);
    let mut wallet = open();
    let kept = wallet.load_flow(flow).unwrap().bytes;
    let file = std::fs::read(&path).unwrap();
    assert!(
        !file
            .windows(24)
            .any(|window| window == &kept[kept.len() - 40..kept.len() - 16])
    );
    let consent = asked(resume(&kept, &context, now()).unwrap());
    let presentation = Presentation::of_meeting(&consent);
    let decision = share(&consent);
    let Step::Sign(signing) = consent.answer(decision, now()).unwrap() else {
        panic!()
    };
    let signatures = wallet.software_keys().sign(signing.requests()).unwrap();
    let sent = sending(signing.answer(&signatures).unwrap());
    let receipt = sent.receipt().unwrap();
    let entry = wallet
        .release_in_person(presentation.clone(), receipt, Some(flow), now(), random)
        .unwrap();
    // On the disk before anything has left: the copy is spent, and the old state of the session is gone.
    drop(wallet);
    let mut wallet = open();
    assert!(matches!(wallet.load_flow(flow), Err(WalletError::NoSuchFlow)));
    assert_eq!(wallet.holding(id).unwrap().unused(), 1);
    let again = wallet.release_in_person(presentation, receipt, None, now(), random);
    assert!(matches!(again, Err(WalletError::CopyGone)), "{again:?}");
    let answer = answered(waiting.answer(sent.message(), now()));
    assert_eq!(counter.judge(&answer).verdict(), Judged::Accepted);
    wallet.conclude(entry, EntryOutcome::Completed, random).unwrap();
    let noted = wallet.history().unwrap().remove(0).to_transaction().to_string();
    for text in [
        "Bürgeramt Teststadt",
        MDL,
        "age_over_18",
        r#""transactionResult":"Completed""#,
    ] {
        assert!(noted.contains(text), "{noted}");
    }
    assert!(!noted.contains("Sommerfeld"));

    // A refusal is concluded at once, and spends nothing.
    let (consent, _) = counter.ask(&name_and_age());
    let presentation = Presentation::of_meeting(&consent);
    let sent = sending(consent.answer(Decision::Decline, now()).unwrap());
    wallet
        .release_in_person(presentation, sent.receipt().unwrap(), None, now(), random)
        .unwrap();
    let noted = wallet.history().unwrap().remove(0);
    assert_eq!(
        noted.outcome,
        EntryOutcome::NotCompleted(Code::parse("user.declined").unwrap())
    );
    assert_eq!(wallet.holding(id).unwrap().unused(), 1);
}
