//! The citizen's wallet is asked through the Digital Credentials API: values in, values out, for the page that asks.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use wallet_core::codec::{Json, Object};
use wallet_core::envelope::jws::{JwsError, UnsignedJws};
use wallet_core::presentation::{
    Arrival, Consent, Context, DcApiResponse, Decision, HeldCredential, Malformed, Misuse, PeerMisbehaved,
    PresentationError, Refused, Step, UnsignedRequests, Unsupported, Verdict, Warning, begin_dc_api, resume,
};
use wallet_core::protocol::openid4vp::{ClientIdPrefix, DcApiProtocol, REQUEST_OBJECT_TYP, RequestError, ResponseMode};
use wallet_core::trust::authority::LeafProfile;
use wallet_core::trust::{Certificate, Environment, TrustError};
use wallet_core::verifier::{DcApiSpec, Finding, RequestPrefix, University, Verdict as Judgement};
use wallet_core::wallet::{Event, Presentation};
use wallet_tests::campus::{Campus, HOST, Signer, query};

const ORIGIN: &str = "https://uni.example";

/// What the browser hands to the wallet.
struct Handed {
    protocol: String,
    data: Json,
}

fn created(campus: &mut Campus, university: &mut University, spec: &DcApiSpec) -> (String, Handed) {
    let created = university
        .create_dc_api_request(spec, campus.now, &mut campus.random)
        .unwrap();
    let request = &created.digital.get("requests").and_then(Json::as_array).unwrap()[0];
    let handed = Handed {
        protocol: request.get("protocol").and_then(Json::as_str).unwrap().to_owned(),
        data: request.get("data").unwrap().clone(),
    };
    (created.id, handed)
}

fn spec(protocol: DcApiProtocol, mode: ResponseMode) -> DcApiSpec {
    let mut spec = DcApiSpec::new(query(), ORIGIN);
    spec.protocol = protocol;
    spec.response_mode = mode;
    if protocol == DcApiProtocol::Multisigned {
        spec.prefixes.push(RequestPrefix::X509SanDns);
    }
    spec
}

fn begin(
    campus: &Campus,
    holding: &[HeldCredential],
    handed: &Handed,
    origin: &str,
    unsigned: UnsignedRequests,
) -> Result<Consent, PresentationError> {
    let trust = campus.wallet_trust();
    let context = Context::new(&trust, holding).with_unsigned(unsigned);
    match begin_dc_api(&handed.protocol, &handed.data, origin, &context, campus.now)? {
        Step::Ask(consent) => Ok(consent),
        other => panic!("not a question: {other:?}"),
    }
}

fn share(campus: &mut Campus, consent: Consent) -> DcApiResponse {
    let choice = consent.proposal().unwrap();
    let step = consent.answer(Decision::Share(choice), campus.now, &mut campus.random);
    let Ok(Step::Sign(signing)) = step else {
        panic!("{step:?}")
    };
    let signatures = campus.sign(signing.requests());
    match signing.answer(&signatures, &mut campus.random) {
        Ok(Step::Done(outcome)) => {
            assert_eq!(outcome.receipt.verdict, Verdict::Shared);
            outcome.response.unwrap()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_form_of_request_is_answered_for_the_page_that_asks() {
    for protocol in [
        DcApiProtocol::Signed,
        DcApiProtocol::Multisigned,
        DcApiProtocol::Unsigned,
    ] {
        for mode in [ResponseMode::DcApi, ResponseMode::DcApiJwt] {
            let mut campus = Campus::new();
            let holding = campus.pupil();
            let mut university = campus.university();
            let (id, handed) = created(&mut campus, &mut university, &spec(protocol, mode));
            let consent = begin(&campus, &holding, &handed, ORIGIN, UnsignedRequests::AskLoudly).unwrap();
            assert_eq!((consent.arrival(), consent.receiver()), (Arrival::Page, HOST));
            let named = consent.party().map(|party| party.name.clone());
            let warned = consent.warnings().contains(&Warning::Unauthenticated);
            match protocol {
                DcApiProtocol::Unsigned => assert_eq!((named, warned), (None, true)),
                _ => assert_eq!((named.as_deref(), warned), (Some("Universität Beispielstadt"), false)),
            }
            let open = consent.warnings().contains(&Warning::Unencrypted);
            assert_eq!(open, mode == ResponseMode::DcApi);
            let response = share(&mut campus, consent);
            assert_eq!(response.protocol, protocol.name());
            let member = if mode == ResponseMode::DcApi {
                "vp_token"
            } else {
                "response"
            };
            assert_eq!(response.data.as_object().unwrap().iter().next().unwrap().0, member);
            assert_eq!(response.data.as_object().unwrap().len(), 1, "no state, nothing else");
            assert!(!format!("{response:?}").contains("vp_token"));
            university
                .take_dc_api_response(&id, ORIGIN, &response.data, campus.now)
                .unwrap();
            let Ok(Finding::Answered(found)) = university.result(&id, None, campus.now) else {
                panic!()
            };
            assert_eq!(found.verdict(), Judgement::Accepted, "{:?}", found.code());
        }
    }
}

#[test]
fn a_request_nobody_signed_is_refused_unless_the_app_opts_in() {
    let mut campus = Campus::new();
    let holding = campus.pupil();
    let mut university = campus.university();
    let spec = spec(DcApiProtocol::Unsigned, ResponseMode::DcApiJwt);
    let (_, mut handed) = created(&mut campus, &mut university, &spec);
    let refused = begin(&campus, &holding, &handed, ORIGIN, UnsignedRequests::default()).unwrap_err();
    assert_eq!(refused, Refused::Unauthenticated.into());
    assert_eq!(refused.code(), "presentation.unauthenticated");
    // Whatever it calls itself, it has no name, and is noted without one.
    let data = handed.data.as_object_mut().unwrap();
    data.insert("client_id", "x509_hash:of-somebody-else");
    data.insert(
        "expected_origins",
        Json::Array(vec![Json::from("https://elsewhere.example")]),
    );
    let consent = begin(&campus, &holding, &handed, ORIGIN, UnsignedRequests::AskLoudly).unwrap();
    assert_eq!(consent.client_id(), "origin:https://uni.example");
    assert_eq!(consent.warnings()[0], Warning::Unauthenticated);
    assert_eq!(consent.environment(), Environment::Test);
    let noted = Event::Presentation(Presentation::of_consent(&consent));
    let step = consent.answer(Decision::Decline, campus.now, &mut campus.random);
    let Ok(Step::Done(outcome)) = step else { panic!() };
    assert!(!outcome.receipt.authenticated);
    let Event::Presentation(noted) = noted else { panic!() };
    for party in [
        noted.party,
        Presentation::of_receipt(&outcome.receipt, Environment::Test).party,
    ] {
        assert_eq!(
            (party.name.as_str(), party.identifier.as_deref()),
            ("unauthenticated", Some(HOST))
        );
    }
}

#[test]
fn a_refusal_is_told_in_one_word() {
    let mut campus = Campus::new();
    let mut university = campus.university();
    let spec = spec(DcApiProtocol::Signed, ResponseMode::DcApiJwt);
    let (_, handed) = created(&mut campus, &mut university, &spec);
    let held = campus.pupil();
    let mut answers = Vec::new();
    for holding in [held.as_slice(), &[]] {
        let consent = begin(&campus, holding, &handed, ORIGIN, UnsignedRequests::Refuse).unwrap();
        let step = consent.answer(Decision::Decline, campus.now, &mut campus.random);
        let Ok(Step::Done(outcome)) = step else { panic!() };
        answers.push(outcome.response.unwrap());
    }
    assert_eq!(answers[0], answers[1], "absence and refusal look alike");
    assert_eq!(answers[0].data.to_string(), r#"{"error":"access_denied"}"#);
}

#[test]
fn a_suspended_consent_holds_for_the_same_page_and_the_same_values() {
    let mut campus = Campus::new();
    let holding = campus.pupil();
    let mut university = campus.university();
    let spec = spec(DcApiProtocol::Multisigned, ResponseMode::DcApiJwt);
    let (id, handed) = created(&mut campus, &mut university, &spec);
    let trust = campus.wallet_trust();
    let context = Context::new(&trust, &holding);
    let mut step = begin_dc_api(&handed.protocol, &handed.data, ORIGIN, &context, campus.now).unwrap();
    let response = loop {
        if let Some(bytes) = step.suspend() {
            assert!(!String::from_utf8(bytes.clone()).unwrap().contains("Musterfrau"));
            let moved = String::from_utf8(bytes.clone()).unwrap();
            let moved = moved.replace(
                "\"origin\":\"https://uni.example\"",
                "\"origin\":\"https://evil.example\"",
            );
            let moved = resume(moved.as_bytes(), &context, campus.now, &mut campus.random);
            assert_eq!(moved.unwrap_err(), PeerMisbehaved::ForeignOrigin.into());
            step = resume(&bytes, &context, campus.now, &mut campus.random).unwrap();
        }
        step = match step {
            Step::Ask(consent) => {
                let choice = consent.proposal().unwrap();
                consent
                    .answer(Decision::Share(choice), campus.now, &mut campus.random)
                    .unwrap()
            }
            Step::Sign(signing) => {
                let signatures = campus.sign(signing.requests());
                signing.answer(&signatures, &mut campus.random).unwrap()
            }
            Step::Done(outcome) => break outcome.response.unwrap(),
            Step::Send(exchange) => panic!("{exchange:?}"),
        };
    };
    university
        .take_dc_api_response(&id, ORIGIN, &response.data, campus.now)
        .unwrap();
}

/// A signed request that a test can spoil.
struct Asking {
    header: Object,
    claims: Object,
}

fn asking(campus: &Campus) -> Asking {
    let client_id = "x509_san_dns:uni.example";
    Asking {
        header: Object::new()
            .with("typ", Json::from(REQUEST_OBJECT_TYP))
            .with("x5c", Certificate::to_x5c(&campus.university.chain)),
        claims: Object::new()
            .with("client_id", Json::from(client_id))
            .with("response_type", Json::from("vp_token"))
            .with("response_mode", Json::from("dc_api"))
            .with("expected_origins", Json::Array(vec![Json::from(ORIGIN)]))
            .with("nonce", Json::from("n-0S6_WzA2Mj"))
            .with("dcql_query", query().to_json()),
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

    fn jws(&self, signer: &Signer) -> String {
        let jws = UnsignedJws::new(signer.key.algorithm(), self.header.clone(), self.claims.to_string());
        jws.sign(&signer.key)
    }

    fn signed(&self, signer: &Signer) -> Handed {
        Handed {
            protocol: "openid4vp-v1-signed".into(),
            data: Object::new().with("request", Json::from(self.jws(signer))).into(),
        }
    }
}

/// Several signatures over one payload: those of the parts given, each with its own header.
fn multisigned(parts: &[&String]) -> Handed {
    let payload = parts[0].split('.').nth(1).unwrap();
    let signature = |jws: &&String| {
        let mut parts = jws.split('.');
        let (protected, signature) = (parts.next().unwrap(), parts.nth(1).unwrap());
        Json::Object(
            Object::new()
                .with("protected", Json::from(protected))
                .with("signature", Json::from(signature)),
        )
    };
    let request = Object::new()
        .with("payload", Json::from(payload))
        .with("signatures", Json::Array(parts.iter().map(signature).collect()));
    Handed {
        protocol: "openid4vp-v1-multisigned".into(),
        data: Object::new().with("request", Json::Object(request)).into(),
    }
}

fn refusal(spoil: impl FnOnce(Asking) -> Asking) -> PresentationError {
    let mut campus = Campus::new();
    let holding = campus.pupil();
    let handed = spoil(asking(&campus)).signed(&campus.university);
    begin(&campus, &holding, &handed, ORIGIN, UnsignedRequests::AskLoudly).unwrap_err()
}

#[test]
fn each_broken_rule_of_a_signed_request_has_its_error() {
    let mut campus = Campus::new();
    let holding = campus.pupil();
    let handed = asking(&campus).signed(&campus.university);
    let good = begin(&campus, &holding, &handed, ORIGIN, UnsignedRequests::Refuse);
    good.map(drop).expect("the request that is spoilt below");

    let missing = |name| PresentationError::from(RequestError::Missing(name));
    assert_eq!(
        refusal(|asking| asking.without("expected_origins")),
        missing("expected_origins")
    );
    assert_eq!(refusal(|asking| asking.without("client_id")), missing("client_id"));
    assert_eq!(refusal(|asking| asking.without("nonce")), missing("nonce"));
    // Byte for byte: nothing is normalised.
    for other in [
        "https://uni.example/",
        "https://UNI.example",
        "https://uni.example:443",
        "https://evil.example",
    ] {
        let error = refusal(|asking| asking.with("expected_origins", Json::Array(vec![Json::from(other)])));
        assert_eq!(error, PeerMisbehaved::ForeignOrigin.into(), "{other}");
        assert_eq!(error.error_code().unwrap().name(), "invalid_request");
    }
    let empty = refusal(|asking| asking.with("expected_origins", Json::Array(Vec::new())));
    assert_eq!(empty, RequestError::Malformed("expected_origins").into());
    assert_eq!(
        refusal(|asking| asking.with("response_mode", "direct_post")),
        RequestError::ResponseMode.into()
    );
    assert_eq!(
        refusal(|asking| asking.with("response_mode", "dc_api.jwt")),
        RequestError::NoEncryptionKey.into()
    );
    assert_eq!(
        refusal(|asking| asking.with("client_id", "origin:https://uni.example")),
        Refused::Unauthenticated.into()
    );
    assert_eq!(
        refusal(|asking| asking.with("client_id", "x509_san_dns:evil.example")),
        Refused::NotTheCertificatesName.into()
    );
    assert_eq!(
        refusal(|asking| asking.with("client_id", "decentralized_identifier:did:web:uni.example")),
        Unsupported::ClientIdPrefix(ClientIdPrefix::DecentralizedIdentifier).into()
    );
    let data = refusal(|asking| asking.with("transaction_data", Json::Array(vec![Json::from("e30")])));
    assert_eq!(data, Unsupported::Request(RequestError::TransactionData).into());
    assert_eq!(data.error_code().unwrap().name(), "invalid_transaction_data");
    assert_eq!(
        refusal(|asking| asking.with("exp", campus.now.plus(-600).unix())).code(),
        "presentation.request_expired"
    );
    assert_eq!(
        refusal(|mut asking| {
            asking.header.insert("typ", "JWT");
            asking
        }),
        PeerMisbehaved::RequestObjectType.into()
    );
}

#[test]
fn what_is_no_request_is_refused() {
    let mut campus = Campus::new();
    let holding = campus.pupil();
    let handed = asking(&campus).signed(&campus.university);
    let ask = |protocol: &str, data: &str, origin: &str| {
        let handed = Handed {
            protocol: protocol.to_owned(),
            data: wallet_tests::campus::json(data),
        };
        begin(&campus, &holding, &handed, origin, UnsignedRequests::AskLoudly).unwrap_err()
    };
    let (signed, multi) = ("openid4vp-v1-signed", "openid4vp-v1-multisigned");
    assert_eq!(ask("org-iso-mdoc", "{}", ORIGIN), Unsupported::DcApiProtocol.into());
    assert_eq!(ask("openid4vp", "{}", ORIGIN).code(), "presentation.dc_api_protocol");
    assert_eq!(ask(signed, &handed.data.to_string(), ""), Misuse::OriginMissing.into());
    assert_eq!(ask(signed, "[]", ORIGIN), RequestError::Malformed("data").into());
    assert_eq!(ask(signed, "{}", ORIGIN), RequestError::Missing("request").into());
    assert_eq!(
        ask(signed, r#"{"request":{}}"#, ORIGIN),
        RequestError::Malformed("request").into()
    );
    let none = r#"{"request":{"payload":"e30","signatures":[]}}"#;
    assert_eq!(ask(multi, none, ORIGIN), RequestError::Malformed("signatures").into());
    assert_eq!(
        ask(signed, r#"{"request":"a.b"}"#, ORIGIN),
        Malformed::RequestObject(JwsError::NotThreeParts).into()
    );
}

#[test]
fn of_several_signatures_one_must_be_of_somebody_we_trust() {
    let mut campus = Campus::new();
    let holding = campus.pupil();
    let own = |mut asking: Asking, client_id: &str, signer: &Signer| {
        asking.claims.remove("client_id");
        asking.header.insert("client_id", client_id);
        asking.header.insert("x5c", Certificate::to_x5c(&signer.chain));
        asking.jws(signer)
    };
    let uni = own(asking(&campus), "x509_san_dns:uni.example", &campus.university);
    let unknown = own(
        asking(&campus),
        "openid_federation:https://f.example",
        &campus.university,
    );
    // As alike as two campuses are, each has roots of its own.
    let stranger = Signer::of_another_root(LeafProfile::new("Fremde").dns(HOST), &mut campus);
    let stranger = own(asking(&campus), "x509_san_dns:uni.example", &stranger);
    let ask = |campus: &Campus, parts: &[&String]| {
        let handed = multisigned(parts);
        let trust = campus.wallet_trust();
        let context = Context::new(&trust, &holding);
        begin_dc_api(&handed.protocol, &handed.data, ORIGIN, &context, campus.now).map(|step| match step {
            Step::Ask(consent) => consent.client_id().to_owned(),
            other => panic!("{other:?}"),
        })
    };
    let known = Ok("x509_san_dns:uni.example".to_owned());
    assert_eq!(ask(&campus, &[&uni]), known);
    assert_eq!(ask(&campus, &[&unknown, &stranger, &uni]), known);
    assert_eq!(
        ask(&campus, &[&unknown, &stranger]),
        Err(Refused::UntrustedParty(TrustError::UntrustedPath).into())
    );
    assert_eq!(
        ask(&campus, &[&unknown]),
        Err(Unsupported::ClientIdPrefix(ClientIdPrefix::OpenidFederation).into())
    );
    // A signature of somebody else under the header of the university.
    let (head, _) = uni.rsplit_once('.').unwrap();
    let (_, foreign) = stranger.rsplit_once('.').unwrap();
    let broken = format!("{head}.{foreign}");
    let error = ask(&campus, &[&broken, &stranger]).unwrap_err();
    assert_eq!(error.code(), "presentation.signature");
    // The name stands with its signature, not in what all sign.
    let mut common = asking(&campus);
    common.header.insert("client_id", "x509_san_dns:uni.example");
    let common = common.jws(&campus.university);
    assert_eq!(
        ask(&campus, &[&common]),
        Err(RequestError::Malformed("client_id").into())
    );
}
