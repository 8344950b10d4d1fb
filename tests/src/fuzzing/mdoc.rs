//! Bodies of the targets of mdocs: CBOR, COSE, and what devices and readers send each other.

use std::cell::RefCell;

use wallet_core::codec::cbor::{Cbor, CborValue};
use wallet_core::codec::{Budget, Json};
use wallet_core::credential::mdoc::{Blueprint, DeviceBinding, DeviceResponse, Mdoc, SessionTranscript, VerifyOptions};
use wallet_core::credential::{Unverified, Verified};
use wallet_core::crypto::{AgreementKey, Curve, HashAlgorithm};
use wallet_core::envelope::cose::{KID, TAG_SIGN1, TYP, UnsignedSign1, UnverifiedMac0, UnverifiedSign1};
use wallet_core::envelope::session::{Role as Side, SessionCipher};
use wallet_core::keys::{KeyHandle, PublicKey};
use wallet_core::protocol::mdoc::{
    DeviceEngagement, DeviceRequest, DocRequest, HandoverRequest, HandoverSelect, ItemsRequest, NfcHandover,
    SessionData, SessionEstablishment,
};
use wallet_core::proximity::{self, Config, Decision, HeldDocument, Opening, Step, offer};
use wallet_core::rulebook::pid;
use wallet_core::status::{IdentifierListToken, StatusListToken};
use wallet_core::time::Validity;
use wallet_core::trust::authority::{CertificateAuthority, CertificateName, LeafProfile};
use wallet_core::trust::{Certificate, DocumentSignerClaim, Environment, Role, TrustStore};
use wallet_core::verifier::AssessOptions;
use wallet_core::verifier::reader::{self, Question, ReaderIdentity, scan, tap};

use super::{key, text};
use crate::TestRandom;
use crate::issuing::now;

/// The document type of the holder's document, and its namespace.
pub const MDL: &str = "org.iso.18013.5.1.mDL";
/// The namespace of its elements.
pub const NAMESPACE: &str = "org.iso.18013.5.1";
/// The address of the status lists.
pub const LIST: &str = "https://a.example/status/1";

/// Everybody who trusts each other: an issuer, a holder, a reader, all with the same cheap key.
pub struct Meeting {
    /// Whoever is trusted to sign documents.
    pub issuers: TrustStore,
    readers: TrustStore,
    /// The certificates of the document signer, of which the first is enough.
    pub chain: Vec<Certificate>,
    identity: ReaderIdentity,
    reader: Vec<u8>,
    holding: Vec<HeldDocument>,
    /// The holder's document, as issued.
    pub issued: Vec<u8>,
}

impl Meeting {
    /// A meeting that is the same every time.
    ///
    /// # Panics
    /// Never.
    pub fn new() -> Self {
        let random = &mut TestRandom::new(21);
        let validity = Validity::new(Some(now().plus(-86_400)), Some(now().plus(300 * 86_400)));
        let name = CertificateName::new("Test IACA").country("DE");
        let ca = CertificateAuthority::generate_iaca(name, "https://a.example", Curve::Ed25519, validity, random);
        let ca = ca.expect("an authority");
        let (public, crl) = (PublicKey::from(&key()), "https://a.example/crl");
        let profile = |name: &str| LeafProfile::new(CertificateName::new(name).country("DE"));
        let signer = ca.issue_document_signer(&profile("Test DS"), &public, crl, validity, random);
        let signer = signer.expect("a certificate");
        let reader = ca.issue_reader(&profile("Test Reader"), &public, crl, validity, random);
        let chain = [reader.expect("a certificate"), ca.certificate().clone()];
        let mut issuers = TrustStore::new(Environment::Test);
        issuers.add_anchor(Role::Issuers, ca.certificate().clone());
        let mut readers = TrustStore::new(Environment::Test);
        readers.add_anchor(Role::RelyingParties, ca.certificate().clone());
        let issued = Blueprint::new(MDL)
            .element(NAMESPACE, "family_name", "Mustermann")
            .element(NAMESPACE, "birth_date", CborValue::full_date("1990-02-03"))
            .element(NAMESPACE, "age_over_18", true)
            .validity(now().plus(-60), now().plus(-60), now().plus(86_400))
            .device_key(&public)
            .authorize_namespace("org.example.device")
            .conceal(random)
            .expect("a document")
            .sign(&key(), std::slice::from_ref(&signer));
        let held = Unverified::<Mdoc>::parse(&issued, &mut Budget::default()).expect("a document");
        let held = held
            .verify(&issuers, &VerifyOptions::at_rest(), now())
            .expect("a document");
        let held = HeldDocument::new("licence", held.into_held().into_any(), KeyHandle::new("device"));
        Self {
            issuers,
            readers,
            chain: vec![signer],
            identity: ReaderIdentity::new(key(), &chain).expect("a reader"),
            reader: chain[0].der().to_vec(),
            holding: vec![held.expect("an mdoc")],
            issued,
        }
    }

    /// The session that responses answer.
    pub fn transcript() -> SessionTranscript {
        SessionTranscript::openid4vp_dc_api("https://v.example", "nonce", None)
    }
}

impl Default for Meeting {
    fn default() -> Self {
        Self::new()
    }
}

thread_local! {
    static MEETING: RefCell<Meeting> = RefCell::new(Meeting::new());
}

fn with_meeting<T>(body: impl FnOnce(&Meeting) -> T) -> T {
    MEETING.with_borrow(|meeting| body(meeting))
}

/// CBOR: what is read is written, and read again is written as the same.
pub fn cbor(data: &[u8]) {
    let Ok(item) = Cbor::parse(data, &mut Budget::default()) else {
        return;
    };
    assert_eq!(item.raw(), data);
    let value = item.to_value();
    let written = value.encode();
    let again = CborValue::parse(&written, &mut Budget::default()).expect("what is written can be read");
    // By their encodings: there is one NaN to write, and many to read.
    assert_eq!(again.encode(), written);
    let _ = value.to_json().to_string();
    let _ = (item.get("a"), item.get_int(-1), item.tagged(), item.embedded());
    if let Some(inner) = item.embedded() {
        let _ = Cbor::parse(inner, &mut Budget::default());
    }
}

/// A `COSE_Sign1`, alone and as a CWT.
pub fn cose_sign1(data: &[u8]) {
    let budget = &mut Budget::default();
    for parsed in [
        UnverifiedSign1::parse(data, budget),
        UnverifiedSign1::parse_cwt(data, budget),
    ] {
        let Ok(message) = parsed else { continue };
        let _ = (message.algorithm(), message.x5chain(), message.check_x5t(data));
        let _ = (message.protected_header(KID), message.unprotected_header(KID));
        let detached = message.inspect().is_none().then_some(&b"payload"[..]);
        let _ = message.verify(&PublicKey::from(&key()), &[], detached);
    }
}

/// A `COSE_Mac0`.
pub fn cose_mac0(data: &[u8]) {
    if let Ok(message) = UnverifiedMac0::parse(data, &mut Budget::default()) {
        let detached = message.inspect().is_none().then_some(&b"payload"[..]);
        let _ = message.verify(b"key", &[], detached);
    }
}

/// A `COSE_Key`: what is read is written and read again as the same.
pub fn cose_key(data: &[u8]) {
    if let Ok(key) = PublicKey::parse_cose_key(data, &mut Budget::default()) {
        let written = key.to_cose_key().encode();
        assert_eq!(
            PublicKey::parse_cose_key(&written, &mut Budget::default()).as_ref(),
            Ok(&key)
        );
        let _ = key.thumbprint();
        let _ = SessionCipher::derive(&AgreementKey::generate(&mut TestRandom::new(3)), &key, data, Side::Mdoc);
    }
}

/// `IssuerSigned` as it comes.
pub fn mdoc_issuer_signed(data: &[u8]) {
    if let Ok(parsed) = Unverified::<Mdoc>::parse(data, &mut Budget::default()) {
        judge(parsed);
    }
}

/// `IssuerSigned` whose digests are taken and whose object is signed here, so that what is behind both is reached.
pub fn mdoc_signed(data: &[u8]) {
    let Some(signed) = sign_anew(data) else { return };
    let Ok(parsed) = Unverified::<Mdoc>::parse(&signed, &mut Budget::default()) else {
        return;
    };
    let Some(verified) = judge(parsed) else { return };
    let mdoc = verified.credential();
    let again = Unverified::<Mdoc>::parse(&mdoc.to_bytes(), &mut Budget::default());
    assert!(
        again.is_ok_and(|again| judge(again).is_some()),
        "what is stored is read again"
    );
    let all = mdoc.disclosable();
    let none = mdoc.select(&[]).expect("nothing can be selected");
    assert_eq!(none.count(), 0);
    let selection = mdoc.select(&all).expect("what is disclosable can be selected");
    assert_eq!(selection.count(), all.len());
    assert_eq!(selection.disclosed_json(), mdoc.claims_json());
    for path in all.iter().take(8) {
        let one = mdoc.select(std::slice::from_ref(path)).expect("it is there");
        let unbound = mdoc.present(&one).bind(
            &Meeting::transcript(),
            KeyHandle::new("device"),
            PublicKey::from(&key()),
        );
        let signature = key().sign(unbound.signing_request().message());
        let document = unbound.with_signature(&signature).expect("the key that is asked");
        let accepted = response_is_judged(&DeviceResponse::new(vec![document]).encode());
        assert_eq!(accepted, mdoc.holder_key() == Some(&PublicKey::from(&key())));
    }
    let _ = (
        mdoc.status_reference(),
        mdoc.status_json(),
        mdoc.validity(),
        mdoc.holder_key(),
    );
    let _ = pid::from_mdoc(mdoc.claims()).map(|claims| pid::check(&claims.claims));
    let _ = pid::PidView::from_mdoc(mdoc.claims());
}

fn judge(parsed: Unverified<Mdoc>) -> Option<Verified<Mdoc>> {
    let _ = parsed.inspect().to_json().to_string();
    with_meeting(|meeting| parsed.verify(&meeting.issuers, &VerifyOptions::at_rest(), now()).ok())
}

/// Takes the digests of the elements anew and signs the object.
fn sign_anew(data: &[u8]) -> Option<Vec<u8>> {
    let mut value = CborValue::parse(data, &mut Budget::default()).ok()?;
    let mut digests = Vec::new();
    for (namespace, items) in value.get("nameSpaces").and_then(CborValue::as_map).unwrap_or_default() {
        let items = items.as_array()?.iter().map(|item| {
            let (_, inner) = item.tagged()?;
            let inner = CborValue::parse(inner.as_bytes()?, &mut Budget::default()).ok()?;
            let digest = HashAlgorithm::Sha256.digest(&item.encode());
            Some((inner.get("digestID")?.clone(), CborValue::Bytes(digest)))
        });
        digests.push((namespace.clone(), CborValue::Map(items.collect::<Option<_>>()?)));
    }
    let auth = member(&mut value, "issuerAuth")?;
    let payload = CborValue::parse(auth.as_array()?.get(2)?.as_bytes()?, &mut Budget::default()).ok()?;
    let (_, object) = payload.tagged()?;
    let mut object = CborValue::parse(object.as_bytes()?, &mut Budget::default()).ok()?;
    *member(&mut object, "valueDigests")? = CborValue::Map(digests);
    let chain = with_meeting(|meeting| meeting.chain[0].der().to_vec());
    *auth = UnsignedSign1::new(key().algorithm(), CborValue::embedded(object.encode()).encode())
        .x5chain(&[chain])
        .sign(&key());
    Some(value.encode())
}

fn member<'a>(map: &'a mut CborValue, name: &str) -> Option<&'a mut CborValue> {
    let CborValue::Map(pairs) = map else { return None };
    let found = pairs.iter_mut().find(|(key, _)| key.as_str() == Some(name));
    found.map(|(_, value)| value)
}

/// A `DeviceResponse` as it comes.
pub fn device_response(data: &[u8]) {
    let _ = response_is_judged(data);
}

/// Whether there are documents and all of them are acceptable.
fn response_is_judged(data: &[u8]) -> bool {
    let Ok(received) = DeviceResponse::parse(data, &mut Budget::default()) else {
        return false;
    };
    let reader_key = AgreementKey::generate(&mut TestRandom::new(3));
    let mut accepted = !received.documents.is_empty();
    for document in received.documents {
        let _ = document.inspect().to_json().to_string();
        let binding = DeviceBinding::new(Meeting::transcript()).with_reader_key(&reader_key);
        let options = VerifyOptions::presentation(binding);
        match with_meeting(|meeting| document.verify(&meeting.issuers, &options, now())) {
            Ok(verified) => {
                let mdoc = verified.credential();
                let _ = (
                    mdoc.claims().to_string(),
                    mdoc.device_claims().to_string(),
                    mdoc.errors().len(),
                );
            }
            Err(_) => accepted = false,
        }
    }
    accepted
}

/// A `DeviceRequest`: what is read is written and read again as the same.
pub fn device_request(data: &[u8]) {
    let Ok(request) = DeviceRequest::parse(data, &mut Budget::default()) else {
        return;
    };
    let written = request.encode();
    assert_eq!(
        DeviceRequest::parse(&written, &mut Budget::default()).as_ref(),
        Ok(&request)
    );
    let transcript = Meeting::transcript();
    let _ = request.reader_authentication_all(transcript.as_bytes());
    for document in request.doc_requests() {
        let _ = document.reader_authentication(transcript.as_bytes());
        let _ = document
            .reader_auth()
            .map(|auth| UnverifiedSign1::parse(auth, &mut Budget::default()));
        for (namespace, element, _) in document.items().elements() {
            assert!(document.items().asks_for(namespace, element));
        }
    }
}

/// An engagement as bytes and as the text of a QR code, and the messages of a handover by NFC.
pub fn device_engagement(data: &[u8]) {
    if let Ok(engagement) = DeviceEngagement::parse(data, &mut Budget::default()) {
        let again = DeviceEngagement::from_qr_text(&engagement.to_qr_text(), &mut Budget::default());
        assert_eq!(again.as_ref(), Ok(&engagement));
    }
    let question = question();
    with_meeting(|meeting| {
        let random = &mut TestRandom::new(4);
        if let Some(text) = text(data) {
            let _ = scan(text, &meeting.identity, &question, now(), random);
        }
        if let Ok(select) = HandoverSelect::parse(data) {
            let _ = tap(
                &NfcHandover::of_static(&select),
                &meeting.identity,
                &question,
                now(),
                random,
            );
        }
    });
    let _ = HandoverRequest::parse(data);
}

fn question() -> Question {
    let items = ItemsRequest::new(MDL).with_element(NAMESPACE, "family_name", true);
    Question::new(vec![items]).expect("a question")
}

/// The outer messages of a session, from its first to any other, and its state as if the seal had failed.
pub fn session_message(data: &[u8]) {
    if let Ok(message) = SessionEstablishment::parse(data, &mut Budget::default()) {
        let again = SessionEstablishment::parse(&message.encode(), &mut Budget::default());
        assert_eq!(again.as_ref(), Ok(&message));
    }
    if let Ok(message) = SessionData::parse(data, &mut Budget::default()) {
        let again = SessionData::parse(&message.encode(), &mut Budget::default());
        assert_eq!(again.as_ref(), Ok(&message));
    }
    if let Ok(mut cipher) = SessionCipher::from_bytes(data) {
        assert_eq!(cipher.to_bytes().as_slice(), data);
        let _ = cipher.decrypt(data.to_vec());
    }
    with_meeting(|meeting| {
        let context = proximity::Context::new(&meeting.readers, &meeting.holding);
        let (engagement, _, _) = engaged();
        let _ = engagement.answer(Opening::Qr, data, &context, now());
        let _ = proximity::resume(data, &context, now()).map(|step| step.suspend());
    });
}

/// The holder's side of a meeting, and the reader's: its encoded key, its half of the session.
fn engaged() -> (proximity::Engagement, Vec<u8>, SessionTranscript) {
    let random = &mut TestRandom::new(31);
    let Ok(Step::Engage(engagement)) = offer(&Config::new(Vec::new()), now(), random) else {
        panic!("an engagement")
    };
    let own = PublicKey::new(reader_key().public_key()).to_cose_key();
    let own = CborValue::embedded(own.encode()).encode();
    let transcript = SessionTranscript::qr(engagement.device_engagement().as_bytes(), &own);
    (engagement, own, transcript)
}

fn reader_key() -> AgreementKey {
    AgreementKey::generate(&mut TestRandom::new(32))
}

/// A request inside a session, as it comes and signed by a trusted reader; the holder shares whatever is proposed.
pub fn session_request(data: &[u8]) {
    holder_is_asked(data);
    let Ok(request) = DeviceRequest::parse(data, &mut Budget::default()) else {
        return;
    };
    let (_, _, transcript) = engaged();
    let signed = request.doc_requests().iter().map(|document| {
        let document = DocRequest::new(document.items().clone());
        let payload = document.reader_authentication(transcript.as_bytes());
        let auth = with_meeting(|meeting| {
            UnsignedSign1::detached(key().algorithm(), payload)
                .x5chain(std::slice::from_ref(&meeting.reader))
                .sign(&key())
        });
        document.with_reader_auth(auth.encode())
    });
    holder_is_asked(&DeviceRequest::new(signed.collect()).encode());
}

fn holder_is_asked(request: &[u8]) {
    let (engagement, own, transcript) = engaged();
    let theirs = Cbor::parse(
        engagement.device_engagement().e_device_key_bytes(),
        &mut Budget::default(),
    );
    let theirs = theirs.expect("a key");
    let theirs = PublicKey::parse_cose_key(theirs.embedded().expect("a key"), &mut Budget::default());
    let cipher = SessionCipher::derive(
        &reader_key(),
        &theirs.expect("a key"),
        &transcript.to_tagged(),
        Side::Reader,
    );
    let message = cipher.expect("a session").encrypt(request.to_vec()).expect("room");
    let message = SessionEstablishment::new(own, message).encode();
    with_meeting(|meeting| {
        let context = proximity::Context::new(&meeting.readers, &meeting.holding);
        let Ok(Step::Ask(consent)) = engagement.answer(Opening::Qr, &message, &context, now()) else {
            return;
        };
        let _ = format!("{:?} {:?}", consent.requested(), consent.party());
        let Some(choice) = consent.proposal() else { return };
        let Ok(Step::Sign(signing)) = consent.answer(Decision::Share(choice), now()) else {
            return;
        };
        let signatures = signing.requests().iter().map(|request| key().sign(request.message()));
        let signatures: Vec<Vec<u8>> = signatures.collect();
        let step = signing.answer(&signatures).expect("the key that is asked");
        assert!(matches!(step, Step::Send(_)));
        let _ = step.suspend();
    });
}

/// A response inside a session, judged by the reader.
pub fn session_response(data: &[u8]) {
    let random = &mut TestRandom::new(33);
    let own = AgreementKey::generate(random);
    let public = PublicKey::new(own.public_key()).to_cose_key();
    let engagement = DeviceEngagement::new(CborValue::embedded(public.encode()).encode(), Vec::new());
    with_meeting(|meeting| {
        let step = scan(&engagement.to_qr_text(), &meeting.identity, &question(), now(), random);
        let Ok(reader::Step::Connect(connect)) = step else {
            panic!("an engagement")
        };
        let establishment = SessionEstablishment::parse(connect.message(), &mut Budget::default()).expect("a message");
        let theirs = Cbor::parse(establishment.e_reader_key_bytes(), &mut Budget::default()).expect("a key");
        let theirs = PublicKey::parse_cose_key(theirs.embedded().expect("a key"), &mut Budget::default());
        let transcript = connect.transcript().to_tagged();
        let cipher = SessionCipher::derive(&own, &theirs.expect("a key"), &transcript, Side::Mdoc);
        let data = cipher.expect("a session").encrypt(data.to_vec()).expect("room");
        let reader::Step::Receive(receiving) = connect.answer(now()) else {
            panic!("a reader that waits")
        };
        if let reader::Step::Judge(answered) = receiving.answer(&SessionData::of_data(data).encode(), now()) {
            let reading = answered.judge(&AssessOptions::new(&meeting.issuers, now()));
            let _ = Json::Object(reading.to_json()).to_string();
        }
    });
}

/// The claims of a status list and of an identifier list as CWT, signed here.
pub fn status_cwt(data: &[u8]) {
    with_meeting(|meeting| {
        let chain = [meeting.chain[0].der().to_vec()];
        let claim = DocumentSignerClaim::new(&chain, MDL, now());
        let issuer = meeting.issuers.resolve_document_signer(&claim, now()).expect("trusted");
        for typ in ["application/statuslist+cwt", "application/identifierlist+cwt"] {
            let message = UnsignedSign1::new(key().algorithm(), data)
                .protected(TYP, typ)
                .protected_x5chain(&chain)
                .sign(&key());
            let message = CborValue::tag(TAG_SIGN1, message).encode();
            let _ = StatusListToken::verify_cwt(&message, LIST, &issuer, None, now());
            let _ = IdentifierListToken::verify(&message, LIST, &issuer, None, now());
        }
        let _ = StatusListToken::verify_cwt(data, LIST, &issuer, None, now());
    });
}
