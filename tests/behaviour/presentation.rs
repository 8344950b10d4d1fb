//! The citizen's wallet is asked: who gets an answer, what leaves, and who gets nothing.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use wallet_core::codec::{Budget, Json, Object};
use wallet_core::crypto::{Curve, sha256};
use wallet_core::envelope::jws::{JwsError, UnsignedJws};
use wallet_core::http::{Headers, HttpRequest, HttpResponse, LinkPolicy, Method, UrlError, decode_form, encode_form};
use wallet_core::presentation::{
    Arrival, Choice, Consent, Context, Decision, Exchange, HeldCredential, Malformed, Misuse, PeerMisbehaved,
    PresentationError, Refused, Step, Unsupported, Verdict, Warning, begin, resume,
};
use wallet_core::protocol::openid4vp::{
    ClientId, ClientIdPrefix, REQUEST_OBJECT_TYP, RequestError, RequestLink, RequestMethod, STATIC_AUDIENCE,
};
use wallet_core::time::{OutsideValidity, Validity};
use wallet_core::trust::authority::{CertificateAuthority, LeafProfile};
use wallet_core::trust::{Certificate, TrustError};
use wallet_tests::TestRandom;
use wallet_tests::campus::{Campus, HOST, REPORT, Signer, json, query};

const REQUEST_URI: &str = "https://uni.example/verifier/openid4vp/request/1";

/// A request that a test can spoil before it is signed.
struct Asking {
    header: Object,
    claims: Object,
    outer: String,
}

fn x509_hash(signer: &Signer) -> String {
    ClientId::x509_hash(&sha256(signer.chain[0].der())).as_str().to_owned()
}

fn asking(campus: &Campus, client_id: &str) -> Asking {
    let claims = Object::new()
        .with("client_id", Json::from(client_id))
        .with("response_type", Json::from("vp_token"))
        .with("response_mode", Json::from("direct_post"))
        .with("response_uri", Json::from("https://uni.example/response"))
        .with("nonce", Json::from("n-0S6_WzA2Mj"))
        .with("state", Json::from("af0ifjsldkj"))
        .with("aud", Json::from(STATIC_AUDIENCE))
        .with("dcql_query", query().to_json())
        .with("iat", Json::from(campus.now.unix()))
        .with("exp", Json::from(campus.now.plus(300).unix()));
    let header = Object::new()
        .with("typ", Json::from(REQUEST_OBJECT_TYP))
        .with("x5c", Certificate::to_x5c(&campus.university.chain));
    Asking {
        header,
        claims,
        outer: client_id.to_owned(),
    }
}

impl Asking {
    fn with(mut self, name: &str, value: impl Into<Json>) -> Self {
        self.claims.insert(name, value);
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    fn link(&self, signer: &Signer) -> String {
        let jws = UnsignedJws::new(signer.key.algorithm(), self.header.clone(), self.claims.to_string());
        let request = jws.sign(&signer.key);
        let form = encode_form([("client_id", self.outer.as_str()), ("request", request.as_str())]);
        format!("openid4vp://?{form}")
    }

    fn ask(&self, campus: &mut Campus, holding: &[HeldCredential]) -> Result<Consent, PresentationError> {
        let link = self.link(&campus.university);
        ask(campus, holding, &link)
    }
}

fn ask(campus: &mut Campus, holding: &[HeldCredential], link: &str) -> Result<Consent, PresentationError> {
    let trust = campus.wallet_trust();
    let context = Context::new(&trust, holding);
    match begin(link, Arrival::Link, &context, campus.now, &mut campus.random)? {
        Step::Ask(consent) => Ok(consent),
        other => panic!("not a question: {other:?}"),
    }
}

fn root(name: &str, campus: &mut Campus) -> CertificateAuthority {
    let validity = Validity::new(Some(campus.now.plus(-10)), Some(campus.now.plus(1000)));
    CertificateAuthority::generate(name, Curve::P256, validity, &mut campus.random).unwrap()
}

fn refusal(spoil: impl FnOnce(&mut Campus, Asking) -> Asking) -> PresentationError {
    let mut campus = Campus::new();
    let holding = campus.pupil();
    let id = x509_hash(&campus.university);
    let asking = asking(&campus, &id);
    let asking = spoil(&mut campus, asking);
    asking.ask(&mut campus, &holding).expect_err("must be refused")
}

fn good() -> (Campus, Vec<HeldCredential>, Consent) {
    let mut campus = Campus::new();
    let holding = campus.pupil();
    let id = x509_hash(&campus.university);
    let consent = asking(&campus, &id).ask(&mut campus, &holding).expect("a good request");
    (campus, holding, consent)
}

fn share(campus: &mut Campus, consent: Consent) -> Exchange {
    let choice = consent.proposal().expect("it can be answered");
    let step = consent.answer(Decision::Share(choice), campus.now, &mut campus.random);
    let Ok(Step::Sign(signing)) = step else {
        panic!("{step:?}")
    };
    let signatures = campus.sign(signing.requests());
    match signing.answer(&signatures, &mut campus.random) {
        Ok(Step::Send(exchange)) => exchange,
        other => panic!("{other:?}"),
    }
}

fn fields(exchange: &Exchange) -> Vec<(String, String)> {
    decode_form(std::str::from_utf8(exchange.request().body()).unwrap()).unwrap()
}

#[test]
fn the_citizen_sees_who_asks_and_exactly_what_would_leave() {
    let (_, _, consent) = good();
    assert_eq!(consent.party().unwrap().name, "Universität Beispielstadt");
    assert_eq!(consent.receiver(), HOST);
    assert!(consent.is_answerable());
    let [requested] = consent.requested() else { panic!() };
    let [offer] = requested.offers.as_slice() else { panic!() };
    assert_eq!(offer.credential_type, REPORT);
    assert_eq!(offer.claims.get("family_name"), Some(&Json::from("Musterfrau")));
    let report = offer.claims.get("report").unwrap();
    assert_eq!(report.get("average"), Some(&Json::from("1.3")));
    assert_eq!(report.get("remark"), None);
    assert_eq!(offer.claims.get("given_name"), None);
    assert!(consent.warnings().contains(&Warning::TestEnvironment));
    assert!(consent.warnings().contains(&Warning::Unencrypted));
    assert!(!format!("{consent:?}").contains("Musterfrau"));
}

#[test]
fn what_leaves_is_what_was_shown() {
    let (mut campus, _, consent) = good();
    let exchange = share(&mut campus, consent);
    assert_eq!(exchange.request().url().as_str(), "https://uni.example/response");
    let fields = fields(&exchange);
    assert_eq!(fields[1], ("state".to_owned(), "af0ifjsldkj".to_owned()));
    let vp_token = json(&fields[0].1);
    let [presented] = vp_token.get("report").and_then(Json::as_array).unwrap() else {
        panic!()
    };
    // The signed JWT, two disclosures, the key binding.
    assert_eq!(presented.as_str().unwrap().split('~').count(), 4);
    let receipt = exchange.receipt().unwrap();
    assert_eq!(receipt.verdict, Verdict::Shared);
    assert_eq!(receipt.shared[0].disclosed.len(), 2);
    let written = String::from_utf8(exchange.suspend()).unwrap();
    let receipt = written.split("receipt").nth(1).unwrap();
    assert!(
        !receipt.contains("Musterfrau") && !receipt.contains("1.3"),
        "a receipt holds no values"
    );
}

#[test]
fn refusal_looks_like_absence() {
    let (mut campus, _, consent) = good();
    let declined = consent.answer(Decision::Decline, campus.now, &mut campus.random);
    let Ok(Step::Send(declined)) = declined else { panic!() };
    assert_eq!(declined.receipt().unwrap().verdict, Verdict::Declined);

    let id = x509_hash(&campus.university);
    let nothing = asking(&campus, &id).ask(&mut campus, &[]).expect("still a question");
    assert!(!nothing.is_answerable());
    assert_eq!(nothing.proposal(), None);
    let absent = nothing.answer(Decision::Decline, campus.now, &mut campus.random);
    let Ok(Step::Send(absent)) = absent else { panic!() };
    assert_eq!(absent.request(), declined.request());
    assert_eq!(fields(&absent)[0], ("error".to_owned(), "access_denied".to_owned()));
}

#[test]
fn another_way_than_the_digital_one_is_no_error() {
    let (mut campus, holding, consent) = good();
    let step = consent.answer(Decision::OtherWay, campus.now, &mut campus.random);
    let Ok(Step::Send(exchange)) = step else { panic!() };
    let trust = campus.wallet_trust();
    // A verifier may also reply with nothing at all.
    let response = HttpResponse::of_type(200, "application/json", "");
    let done = exchange.answer(&response, &Context::new(&trust, &holding), campus.now);
    let Ok(Step::Done(outcome)) = done else { panic!() };
    assert_eq!((outcome.receipt.verdict, outcome.redirect), (Verdict::OtherWay, None));
}

#[test]
fn what_was_not_offered_cannot_be_shared() {
    let refuse = |choice: Choice| {
        let (mut campus, _, consent) = good();
        consent
            .answer(Decision::Share(choice), campus.now, &mut campus.random)
            .unwrap_err()
    };
    let not_offered: PresentationError = Misuse::ChoiceNotOffered.into();
    assert_eq!(refuse(Choice::new()), Misuse::ChoiceDoesNotAnswer.into());
    assert_eq!(refuse(Choice::new().with("report", "other")), not_offered);
    assert_eq!(refuse(Choice::new().with("other", "report")), not_offered);
    assert_eq!(
        refuse(Choice::new().with("report", "report").with("report", "report")),
        not_offered
    );
}

#[test]
fn a_wrong_signature_of_the_key_store_is_not_sent() {
    let (mut campus, _, consent) = good();
    let choice = consent.proposal().unwrap();
    let step = consent.answer(Decision::Share(choice), campus.now, &mut campus.random);
    let Ok(Step::Sign(signing)) = step else { panic!() };
    let wrong = vec![campus.university.key.sign(b"something else")];
    let error = signing.clone().answer(&wrong, &mut campus.random).unwrap_err();
    assert_eq!(error, Misuse::SignatureDoesNotFit.into());
    let error = signing.answer(&[], &mut campus.random).unwrap_err();
    assert_eq!(error, Misuse::SignatureCount { expected: 1, given: 0 }.into());
}

#[test]
fn a_stranger_gets_nothing() {
    let error = refusal(|campus, mut asking| {
        // The same names, under a root that the wallet does not know.
        let mut elsewhere = Campus::new();
        elsewhere.random = TestRandom::new(7);
        elsewhere.university_root = root("University Root", &mut elsewhere);
        let stranger = elsewhere.neighbour(LeafProfile::new("Universität Beispielstadt").dns(HOST));
        asking.outer = x509_hash(&stranger);
        asking.header.insert("x5c", Certificate::to_x5c(&stranger.chain));
        asking.claims.insert("client_id", asking.outer.clone());
        campus.university = stranger;
        asking
    });
    assert!(
        matches!(
            error,
            PresentationError::Refused(Refused::UntrustedParty(
                TrustError::UntrustedPath | TrustError::BadSignature
            ))
        ),
        "{error:?}"
    );
}

#[test]
fn a_certificate_that_vouches_for_itself_is_refused() {
    let error = refusal(|campus, mut asking| {
        let own = root("Myself", campus).certificate().clone();
        asking.outer = ClientId::x509_hash(&own.sha256()).as_str().to_owned();
        asking.claims.insert("client_id", asking.outer.clone());
        asking.header.insert("x5c", Certificate::to_x5c([&own]));
        asking
    });
    let code = error.code();
    assert!(
        matches!(code, "trust.self_signed" | "trust.authority_as_signer"),
        "{code}"
    );
}

#[test]
fn the_client_identifier_is_that_of_the_certificate() {
    let error = refusal(|_, mut asking| {
        let other = ClientId::x509_hash(&[7; 32]).as_str().to_owned();
        asking.outer = other.clone();
        asking.with("client_id", other)
    });
    assert_eq!(error, Refused::NotTheCertificatesName.into());
    let error = refusal(|_, mut asking| {
        asking.outer = "x509_san_dns:bank.example".into();
        asking.with("client_id", "x509_san_dns:bank.example")
    });
    assert_eq!(error, Refused::NotTheCertificatesName.into());
    let error = refusal(|_, asking| asking.with("client_id", "x509_san_dns:uni.example"));
    assert_eq!(error, PeerMisbehaved::ClientIdsDiffer.into());
}

#[test]
fn under_a_dns_name_the_answer_goes_to_that_host_only() {
    let named = |campus: &mut Campus, uri: &str| {
        let holding = campus.pupil();
        let asking = asking(campus, "x509_san_dns:uni.example").with("response_uri", uri);
        asking.ask(campus, &holding)
    };
    let mut campus = Campus::new();
    assert!(named(&mut campus, "https://uni.example:8443/x").is_ok());
    let error = named(&mut campus, "https://evil.example/x").unwrap_err();
    assert_eq!(error, PeerMisbehaved::ForeignResponseUri.into());
    // Under x509_hash HAIP sets no rule; the citizen is warned.
    let id = x509_hash(&campus.university);
    let consent = asking(&campus, &id)
        .with("response_uri", "https://hosted.example/x")
        .ask(&mut campus, &[]);
    assert!(consent.unwrap().warnings().contains(&Warning::ForeignReceiver));
}

#[test]
fn a_signature_by_another_key_is_refused() {
    let error = refusal(|campus, asking| {
        campus.university.key = campus.neighbour(LeafProfile::new("x")).key;
        asking
    });
    assert_eq!(error, Refused::Signature(JwsError::BadSignature).into());
}

#[test]
fn a_request_nobody_signed_is_refused_before_anything_is_fetched() {
    let mut campus = Campus::new();
    let plain = "openid4vp://?client_id=x509_san_dns%3Auni.example&response_type=vp_token&nonce=n&dcql_query=%7B%7D";
    assert_eq!(
        ask(&mut campus, &[], plain).unwrap_err(),
        Refused::Unauthenticated.into()
    );
    let prefix =
        "openid4vp://?client_id=redirect_uri%3Ahttps%3A%2F%2Funi.example&request_uri=https%3A%2F%2Funi.example";
    assert_eq!(
        ask(&mut campus, &[], prefix).unwrap_err(),
        Refused::Unauthenticated.into()
    );
    let did = "openid4vp://?client_id=decentralized_identifier%3Adid%3Aweb%3Ax&request_uri=https%3A%2F%2Funi.example";
    let unsupported = Unsupported::ClientIdPrefix(ClientIdPrefix::DecentralizedIdentifier);
    assert_eq!(ask(&mut campus, &[], did).unwrap_err(), unsupported.into());
    let error = refusal(|_, mut asking| {
        asking.header.remove("x5c");
        asking
    });
    assert_eq!(error, Refused::Unauthenticated.into());
}

#[test]
fn links_into_the_house_are_not_followed() {
    let mut campus = Campus::new();
    for (uri, error) in [
        ("http://uni.example/r", UrlError::NotHttps),
        ("https://192.168.0.1/r", UrlError::InternalHost),
        ("https://localhost/r", UrlError::InternalHost),
    ] {
        let link = RequestLink::by_reference(ClientId::new("x509_hash:x"), uri, RequestMethod::Get);
        let refused = ask(&mut campus, &[], &link.encode("openid4vp")).unwrap_err();
        assert_eq!(refused, Refused::Link(error).into());
    }
    let error = refusal(|_, asking| asking.with("response_uri", "http://uni.example/x"));
    assert_eq!(error, Refused::Link(UrlError::NotHttps).into());
}

#[test]
fn each_broken_rule_of_a_request_has_its_error() {
    let malformed = |error| PresentationError::from(Malformed::Request(error));
    let error = refusal(|_, mut asking| {
        asking.header.insert("typ", "JWT");
        asking
    });
    assert_eq!(error, PeerMisbehaved::RequestObjectType.into());
    let error = refusal(|_, asking| asking.with("aud", "https://other-wallet.example"));
    assert_eq!(error, PeerMisbehaved::WrongAudience.into());
    let error = refusal(|_, asking| asking.without("nonce"));
    assert_eq!(error, malformed(RequestError::Missing("nonce")));
    let error = refusal(|_, asking| asking.with("redirect_uri", "https://uni.example/cb"));
    assert_eq!(error, malformed(RequestError::RedirectUriWithDirectPost));
    let error = refusal(|_, asking| asking.with("transaction_data", vec![Json::from("e30")]));
    assert_eq!(error, Unsupported::Request(RequestError::TransactionData).into());
    assert_eq!(error.error_code().unwrap().name(), "invalid_transaction_data");
    let error = refusal(|_, asking| {
        let asking = asking.without("dcql_query");
        asking.with("presentation_definition", json(r#"{"id":"x","input_descriptors":[]}"#))
    });
    assert_eq!(error, Unsupported::Request(RequestError::PresentationDefinition).into());
    let error = refusal(|_, asking| asking.with("dcql_query", json(r#"{"credentials":[]}"#)));
    assert!(
        matches!(error, PresentationError::Malformed(Malformed::Query(_))),
        "{error:?}"
    );
    let key = r#"{"jwks":{"keys":[{"kty":"EC","crv":"P-256","kid":"1","x":"WZtglRF8E9speSfrWcBHiNJxjBCpqwiIQIbYkyIaqJE","y":"QkIjW66OZnM0t6PsSy_iyoi424CJ0kw_SlWqj8EgLVc"}]}}"#;
    let error = refusal(|_, asking| {
        asking
            .with("response_mode", "direct_post.jwt")
            .with("client_metadata", json(key))
    });
    assert_eq!(error, malformed(RequestError::KeyWithoutAlg));
    let error = refusal(|campus, asking| {
        let past = campus.now.plus(-100);
        asking.with("exp", past.unix())
    });
    let code = error.code();
    assert!(
        matches!(
            error,
            PresentationError::PeerMisbehaved(PeerMisbehaved::OutsideValidity(OutsideValidity::Expired { .. }))
        ),
        "{code}"
    );
    let error = refusal(|campus, asking| asking.with("iat", campus.now.plus(600).unix()));
    assert_eq!(error.code(), "presentation.request_not_yet_valid");
    let bearer = r#"{"credentials":[{"id":"a","format":"dc+sd-jwt","meta":{"vct_values":["x"]},"require_cryptographic_holder_binding":false}]}"#;
    let error = refusal(|_, asking| asking.with("dcql_query", json(bearer)).without("state"));
    assert_eq!(error, PeerMisbehaved::StateMissing.into());
}

#[test]
fn a_request_that_names_its_own_address_is_for_whoever_fetches_it_there() {
    let mut campus = Campus::new();
    let holding = campus.pupil();
    let id = x509_hash(&campus.university);
    let asking = asking(&campus, &id).with("aud", REQUEST_URI);
    let fetched = |campus: &mut Campus, uri: &str| {
        let link = RequestLink::by_reference(ClientId::new(id.clone()), uri, RequestMethod::Get);
        let trust = campus.wallet_trust();
        let context = Context::new(&trust, &holding);
        let step = begin(
            &link.encode("haip-vp"),
            Arrival::Scanned,
            &context,
            campus.now,
            &mut campus.random,
        );
        let Ok(Step::Send(exchange)) = step else { panic!() };
        let link = asking.link(&campus.university);
        let fields = decode_form(link.split_once('?').unwrap().1).unwrap();
        let response = HttpResponse::of_type(200, "application/oauth-authz-req+jwt", fields[1].1.clone());
        exchange.answer(&response, &context, campus.now)
    };
    let Ok(Step::Ask(consent)) = fetched(&mut campus, REQUEST_URI) else {
        panic!()
    };
    assert!(consent.warnings().contains(&Warning::CrossDevice));
    let error = fetched(&mut campus, "https://uni.example/elsewhere").unwrap_err();
    assert_eq!(error, PeerMisbehaved::WrongAudience.into());
}

#[test]
fn the_wallets_nonce_must_come_back() {
    let mut campus = Campus::new();
    let id = x509_hash(&campus.university);
    let link = RequestLink::by_reference(ClientId::new(id.clone()), REQUEST_URI, RequestMethod::Post);
    let trust = campus.wallet_trust();
    let context = Context::new(&trust, &[]);
    let step = begin(
        &link.encode("openid4vp"),
        Arrival::Link,
        &context,
        campus.now,
        &mut campus.random,
    );
    let Ok(Step::Send(exchange)) = step else { panic!() };
    assert_eq!((exchange.request().method(), exchange.host()), (Method::Post, HOST));
    let sent = fields(&exchange);
    let nonce = sent.iter().find(|(name, _)| name == "wallet_nonce").unwrap().1.clone();
    let answer = |asking: Asking| {
        let link = asking.link(&campus.university);
        let fields = decode_form(link.split_once('?').unwrap().1).unwrap();
        let response = HttpResponse::of_type(200, "application/oauth-authz-req+jwt", fields[1].1.clone());
        exchange.clone().answer(&response, &context, campus.now)
    };
    let request = || asking(&Campus::new(), &id);
    let not_echoed: PresentationError = PeerMisbehaved::WalletNonceNotEchoed.into();
    assert_eq!(answer(request()).unwrap_err(), not_echoed);
    assert_eq!(answer(request().with("wallet_nonce", "other")).unwrap_err(), not_echoed);
    assert!(answer(request().with("wallet_nonce", nonce)).is_ok());
}

#[test]
fn neither_request_nor_answer_follows_a_redirect() {
    let (mut campus, holding, consent) = good();
    let trust = campus.wallet_trust();
    let context = Context::new(&trust, &holding);
    let moved = HttpResponse::new(302, Headers::new(), "").with_header("Location", "https://evil.example");
    let exchange = share(&mut campus, consent);
    let error = exchange.answer(&moved, &context, campus.now).unwrap_err();
    assert_eq!(error, PeerMisbehaved::AnswerNotTaken { status: 302 }.into());
    let link = RequestLink::by_reference(ClientId::new("x509_hash:x"), REQUEST_URI, RequestMethod::Get);
    let step = begin(
        &link.encode("openid4vp"),
        Arrival::Link,
        &context,
        campus.now,
        &mut campus.random,
    );
    let Ok(Step::Send(fetch)) = step else { panic!() };
    let error = fetch.answer(&moved, &context, campus.now).unwrap_err();
    assert_eq!(error, PeerMisbehaved::RequestNotServed { status: 302 }.into());
}

#[test]
fn the_way_back_is_https() {
    let (mut campus, holding, consent) = good();
    let trust = campus.wallet_trust();
    let exchange = share(&mut campus, consent);
    let back = |link: &str, links| {
        let body = Object::new().with("redirect_uri", Json::from(link)).to_string();
        let response = HttpResponse::of_type(200, "application/json", body);
        let context = Context::new(&trust, &holding).with_links(links);
        exchange.clone().answer(&response, &context, campus.now)
    };
    let Ok(Step::Done(done)) = back("https://uni.example/cb#response_code=1", LinkPolicy::HttpsOnly) else {
        panic!()
    };
    assert_eq!(
        done.redirect.unwrap().as_str(),
        "https://uni.example/cb#response_code=1"
    );
    let error = back("intent://evil", LinkPolicy::HttpsOnly).unwrap_err();
    assert_eq!(error, Refused::Link(UrlError::NotHttps).into());
    assert!(back("http://localhost:1/cb", LinkPolicy::HttpsOnly).is_err());
    assert!(back("http://localhost:1/cb", LinkPolicy::LoopbackHttp).is_ok());
}

#[test]
fn a_suspended_presentation_goes_on_where_it_stood() {
    let (mut campus, holding, consent) = good();
    let trust = campus.wallet_trust();
    let context = Context::new(&trust, &holding);
    let asked = Step::Ask(consent).suspend().unwrap();
    assert!(!String::from_utf8_lossy(&asked).contains("Musterfrau"));
    let Ok(Step::Ask(consent)) = resume(&asked, &context, campus.now, &mut campus.random) else {
        panic!()
    };
    let choice = consent.proposal().unwrap();
    let step = consent
        .answer(Decision::Share(choice), campus.now, &mut campus.random)
        .unwrap();
    let later = campus.now.plus(60);
    let Ok(Step::Sign(signing)) = resume(&step.suspend().unwrap(), &context, later, &mut campus.random) else {
        panic!()
    };
    let Step::Sign(before) = step else { panic!() };
    assert_eq!(signing.requests(), before.requests());
    let signatures = campus.sign(signing.requests());
    let step = signing.answer(&signatures, &mut campus.random).unwrap();
    let Ok(Step::Send(again)) = resume(&step.suspend().unwrap(), &context, later, &mut campus.random) else {
        panic!()
    };
    let Step::Send(before) = step else { panic!() };
    assert_eq!((again.request(), again.receipt()), (before.request(), before.receipt()));
}

#[test]
fn a_consent_cannot_be_moved_to_another_request() {
    let (mut campus, holding, consent) = good();
    let trust = campus.wallet_trust();
    let context = Context::new(&trust, &holding);
    let choice = consent.proposal().unwrap();
    let step = consent
        .answer(Decision::Share(choice), campus.now, &mut campus.random)
        .unwrap();
    let state = json(&String::from_utf8(step.suspend().unwrap()).unwrap());

    // Another request, signed by the same university, put into the suspended state.
    let id = x509_hash(&campus.university);
    let more = query().to_json().to_string().replace("family_name", "birthdate");
    let link = asking(&campus, &id)
        .with("dcql_query", json(&more))
        .link(&campus.university);
    let fields = decode_form(link.split_once('?').unwrap().1).unwrap();
    let jwt = state
        .get("state")
        .and_then(|state| state.get("sign")?.get("asked")?.get("jwt")?.as_str());
    let forged = state.to_string().replace(jwt.unwrap(), &fields[1].1);
    let error = resume(forged.as_bytes(), &context, campus.now, &mut campus.random).unwrap_err();
    assert_eq!(error, Misuse::ConsentOutdated.into());

    // Another credential under the same name in the wallet.
    let text = campus.issue("report", campus.claims().with("family_name", Json::from("Anders")));
    let other = vec![campus.hold("report", &text)];
    let context = Context::new(&trust, &other);
    let error = resume(state.to_string().as_bytes(), &context, campus.now, &mut campus.random).unwrap_err();
    assert_eq!(error, Misuse::ConsentOutdated.into());

    // An expired request does not come back to life.
    let context = Context::new(&trust, &holding);
    let late = campus.now.plus(1000);
    let error = resume(state.to_string().as_bytes(), &context, late, &mut campus.random).unwrap_err();
    assert_eq!(error.code(), "presentation.request_expired");
    let error = resume(b"{}", &context, late, &mut campus.random).unwrap_err();
    assert_eq!(error.code(), "presentation.state");
}

#[test]
fn a_bearer_credential_leaves_without_a_signature() {
    let mut campus = Campus::new();
    let text = campus.issue_unbound(campus.claims());
    let holding = vec![campus.hold("bearer", &text)];
    let id = x509_hash(&campus.university);
    // Holder binding is required unless the verifier says otherwise.
    let consent = asking(&campus, &id).ask(&mut campus, &holding).unwrap();
    assert!(!consent.is_answerable());
    assert_eq!(consent.requested()[0].why_not[0].reason.code(), "dcql.holder_binding");

    let mut query = query().to_json();
    if let Some(Json::Array(credentials)) = query.as_object_mut().and_then(|query| query.get_mut("credentials")) {
        credentials[0]
            .as_object_mut()
            .unwrap()
            .insert("require_cryptographic_holder_binding", false);
    }
    let consent = asking(&campus, &id)
        .with("dcql_query", query)
        .ask(&mut campus, &holding)
        .unwrap();
    let choice = consent.proposal().unwrap();
    let step = consent.answer(Decision::Share(choice), campus.now, &mut campus.random);
    let Ok(Step::Send(exchange)) = step else {
        panic!("{step:?}")
    };
    assert!(fields(&exchange)[0].1.ends_with("~\"]}"));
}

/// What a driver does, without a network.
#[test]
fn several_credentials_are_signed_at_once() {
    let mut campus = Campus::new();
    let (first, second) = (campus.issue("a", campus.claims()), campus.issue("b", campus.claims()));
    let holding = vec![campus.hold("a", &first), campus.hold("b", &second)];
    let id = x509_hash(&campus.university);
    let both = r#"{"credentials":[{"id":"one","format":"dc+sd-jwt","meta":{"vct_values":["urn:example:school-report:1"]},"multiple":true}]}"#;
    let consent = asking(&campus, &id)
        .with("dcql_query", json(both))
        .ask(&mut campus, &holding)
        .unwrap();
    assert_eq!(consent.requested()[0].offers.len(), 2);
    let choice = Choice::new().with("one", "a").with("one", "b");
    let step = consent.answer(Decision::Share(choice), campus.now, &mut campus.random);
    let Ok(Step::Sign(signing)) = step else { panic!() };
    assert_eq!(signing.requests().len(), 2);
    let signatures = campus.sign(signing.requests());
    let Ok(Step::Send(exchange)) = signing.answer(&signatures, &mut campus.random) else {
        panic!()
    };
    let sent: &HttpRequest = exchange.request();
    assert_eq!(sent.method(), Method::Post);
    let vp_token = Json::parse(&fields(&exchange)[0].1, &mut Budget::default()).unwrap();
    assert_eq!(vp_token.get("one").and_then(Json::as_array).unwrap().len(), 2);
}

/// What a release wrote must be readable for ever after.
#[test]
fn suspended_presentations_of_version_1_are_read() {
    let mut campus = Campus::new();
    let trust = campus.wallet_trust();
    let context = Context::new(&trust, &[]);
    let fetch = r#"{"presentation":1,"state":{"fetch":{"request":{"method":"Get","url":"https://uni.example/r","headers":[["Accept","application/oauth-authz-req+jwt"]],"body":""},"origin":{"client_id":"x509_hash:a","wallet_nonce":null,"request_uri":"https://uni.example/r","arrival":"scanned"}}}}"#;
    let reply = r#"{"presentation":1,"state":{"reply":{"request":{"method":"Post","url":"https://uni.example/response","headers":[["Content-Type","application/x-www-form-urlencoded"]],"body":"ZXJyb3I9YWNjZXNzX2RlbmllZA"},"receipt":{"verdict":"declined","client_id":"x509_hash:a","party":"Uni","organisation":null,"receiver":"uni.example","stated_purpose":null,"at":1782900000,"shared":[{"query":"q","credential":"c","credential_type":"t","disclosed":[["report","average"]]}]}}}}"#;
    for text in [fetch, reply] {
        let step = resume(text.as_bytes(), &context, campus.now, &mut campus.random).unwrap();
        assert_eq!(String::from_utf8(step.suspend().unwrap()).unwrap(), text);
        let later = text.replace("\"presentation\":1", "\"presentation\":2");
        let error = resume(later.as_bytes(), &context, campus.now, &mut campus.random).unwrap_err();
        assert_eq!(error.code(), "presentation.state");
    }
}
