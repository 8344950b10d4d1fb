//! The citizen shows a PID as an mdoc, alone or beside other credentials: element by element, signed for one request.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use wallet_core::codec::{Budget, Json, Object, base64url};
use wallet_core::credential::mdoc::{DeviceBinding, DeviceResponse, MdocError, SessionTranscript, VerifyOptions};
use wallet_core::credential::{Format, Unverified};
use wallet_core::crypto::{AgreementKey, Curve, VerifyingKey, sha256};
use wallet_core::envelope::jwe::EncryptedJwe;
use wallet_core::envelope::jws::UnsignedJws;
use wallet_core::http::{decode_form, encode_form};
use wallet_core::keys::{KeyHandle, PublicKey};
use wallet_core::presentation::{
    Arrival, Choice, Consent, Context, Decision, HeldCredential, Misuse, PresentationError, Step, Unsupported, begin,
    begin_dc_api, resume,
};
use wallet_core::protocol::dcql::{CredentialQuery, CredentialSet, Query, TrustedAuthority};
use wallet_core::protocol::openid4vp::{ClientId, REQUEST_OBJECT_TYP, RequestError, STATIC_AUDIENCE};
use wallet_core::rulebook::Rulebook;
use wallet_core::store::MemoryStore;
use wallet_core::trust::{Certificate, Environment};
use wallet_core::wallet::{NewHolding, Wallet};
use wallet_tests::TestRandom;
use wallet_tests::campus::{Campus, PID_MDOC, REPORT, json, mdoc_query, path, sd_jwt_query};

const NONCE: &str = "n-0S6_WzA2Mj";
const RESPONSE_URI: &str = "https://uni.example/response";
const ORIGIN: &str = "https://uni.example";

fn client_id(campus: &Campus) -> String {
    let leaf = campus.university.chain[0].der();
    ClientId::x509_hash(&sha256(leaf)).as_str().to_owned()
}

fn pid_query() -> Query {
    Query::new(vec![mdoc_query("pid")], Vec::new()).unwrap()
}

/// The PID in either format, and the report.
fn either_format_and_report() -> Query {
    let report = CredentialQuery::sd_jwt_vc("report", &[REPORT]).with_claim(path(&["report", "average"]));
    Query::new(
        vec![sd_jwt_query("pid_sd_jwt"), mdoc_query("pid_mdoc"), report],
        vec![
            CredentialSet::required(&[&["pid_sd_jwt"], &["pid_mdoc"]]),
            CredentialSet::required(&[&["report"]]),
        ],
    )
    .unwrap()
}

fn claims(campus: &Campus, query: &Query) -> Object {
    Object::new()
        .with("client_id", Json::from(client_id(campus)))
        .with("response_type", Json::from("vp_token"))
        .with("response_mode", Json::from("direct_post"))
        .with("response_uri", Json::from(RESPONSE_URI))
        .with("nonce", Json::from(NONCE))
        .with("aud", Json::from(STATIC_AUDIENCE))
        .with("dcql_query", query.to_json())
        .with("exp", Json::from(campus.now.plus(300).unix()))
}

fn signed(campus: &Campus, claims: &Object) -> String {
    let header = Object::new()
        .with("typ", Json::from(REQUEST_OBJECT_TYP))
        .with("x5c", Certificate::to_x5c(&campus.university.chain));
    let jws = UnsignedJws::new(campus.university.key.algorithm(), header, claims.to_string());
    jws.sign(&campus.university.key)
}

fn ask(campus: &mut Campus, holding: &[HeldCredential], claims: &Object) -> Result<Consent, PresentationError> {
    let request = signed(campus, claims);
    let form = encode_form([("client_id", client_id(campus).as_str()), ("request", &request)]);
    let trust = campus.wallet_trust();
    let context = Context::new(&trust, holding);
    let link = format!("openid4vp://?{form}");
    match begin(&link, Arrival::Link, &context, campus.now, &mut campus.random)? {
        Step::Ask(consent) => Ok(consent),
        other => panic!("{other:?}"),
    }
}

fn consent_of(consent: &Consent) -> Choice {
    consent.proposal().unwrap()
}

/// Signs what is to be signed, and gives what is sent or handed back.
fn share(campus: &mut Campus, consent: Consent, choice: Choice) -> Json {
    let step = consent.answer(Decision::Share(choice), campus.now, &mut campus.random);
    let Ok(Step::Sign(signing)) = step else {
        panic!("{step:?}")
    };
    let signatures = campus.sign(signing.requests());
    match signing.answer(&signatures, &mut campus.random).unwrap() {
        Step::Send(exchange) => {
            let fields = decode_form(std::str::from_utf8(exchange.request().body()).unwrap()).unwrap();
            match fields[0].0.as_str() {
                "vp_token" => json(&fields[0].1),
                _ => Json::from(fields[0].1.as_str()),
            }
        }
        Step::Done(outcome) => outcome.response.unwrap().data,
        other => panic!("{other:?}"),
    }
}

fn presentation<'a>(vp_token: &'a Json, query: &str) -> &'a str {
    match vp_token.get(query).and_then(Json::as_array).unwrap() {
        [one] => one.as_str().unwrap(),
        other => panic!("{} presentations", other.len()),
    }
}

/// What a verifier reads out of it, if it was made for this session.
fn read(campus: &Campus, text: &str, transcript: SessionTranscript) -> Result<Json, MdocError> {
    let response = DeviceResponse::parse_base64url(text, &mut Budget::default()).unwrap();
    assert_eq!(response.documents.len(), 1, "a response for each document");
    let document = response.documents.into_iter().next().unwrap();
    let options = VerifyOptions::presentation(DeviceBinding::new(transcript)).with_doctype(PID_MDOC);
    let verified = document.verify(&campus.university_trust(), &options, campus.now)?;
    Ok(Json::Object(verified.credential().claims().clone()))
}

fn redirect(campus: &Campus, thumbprint: Option<&[u8]>) -> SessionTranscript {
    SessionTranscript::openid4vp(&client_id(campus), NONCE, thumbprint, RESPONSE_URI)
}

fn shown() -> Json {
    json(r#"{"eu.europa.ec.eudi.pid.1":{"family_name":"Musterfrau","birth_date":"2008-02-29"}}"#)
}

#[test]
fn the_citizen_sees_the_elements_that_leave_and_which_are_kept() {
    let mut campus = Campus::new();
    let holding = campus.identified_pupil();
    let claims = claims(&campus, &pid_query());
    let consent = ask(&mut campus, &holding, &claims).unwrap();
    let [requested] = consent.requested() else { panic!() };
    let [offer] = requested.offers.as_slice() else { panic!() };
    assert_eq!(
        (offer.credential_type.as_str(), offer.format),
        (PID_MDOC, Format::MsoMdoc)
    );
    assert_eq!(Json::Object(offer.claims.clone()), shown());
    assert_eq!(
        offer.disclosed,
        [path(&[PID_MDOC, "family_name"]), path(&[PID_MDOC, "birth_date"])]
    );
    assert_eq!(offer.retained, [path(&[PID_MDOC, "family_name"])]);
    let why: Vec<_> = requested.why_not.iter().map(|why| why.reason.code()).collect();
    assert_eq!(why, ["dcql.format", "dcql.format"]);
    assert!(!format!("{consent:?}").contains("Musterfrau"));
}

#[test]
fn what_leaves_is_signed_by_the_device_for_this_request() {
    let mut campus = Campus::new();
    let holding = campus.identified_pupil();
    let claims = claims(&campus, &pid_query());
    let consent = ask(&mut campus, &holding, &claims).unwrap();
    let choice = consent_of(&consent);
    let vp_token = share(&mut campus, consent, choice);
    let text = presentation(&vp_token, "pid");
    assert_eq!(read(&campus, text, redirect(&campus, None)), Ok(shown()));
    // Each part of the session counts.
    let (id, none) = (client_id(&campus), None);
    for other in [
        SessionTranscript::openid4vp(&id, "another-nonce", none, RESPONSE_URI),
        SessionTranscript::openid4vp(&id, NONCE, none, "https://uni.example/elsewhere"),
        SessionTranscript::openid4vp("x509_hash:other", NONCE, none, RESPONSE_URI),
        SessionTranscript::openid4vp(&id, NONCE, Some(&[0; 32]), RESPONSE_URI),
        SessionTranscript::openid4vp_dc_api(ORIGIN, NONCE, none),
    ] {
        let refused = read(&campus, text, other).unwrap_err();
        assert_eq!(refused.code(), "mdoc.device_auth_invalid");
    }
}

/// Two keys to encrypt to: the first is of no use here.
fn metadata(campus: &mut Campus) -> (AgreementKey, Vec<u8>, Json) {
    let key = AgreementKey::generate(&mut campus.random);
    let public = PublicKey::new(VerifyingKey::new(Curve::P256, &key.public_point()).unwrap());
    let other = AgreementKey::generate(&mut campus.random);
    let other = PublicKey::new(VerifyingKey::new(Curve::P256, &other.public_point()).unwrap());
    let jwk = |key: &PublicKey, kid: &str, alg: &str| {
        let jwk = key.to_jwk().with("kid", Json::from(kid));
        Json::Object(jwk.with("alg", Json::from(alg)).with("use", Json::from("enc")))
    };
    let keys = vec![jwk(&other, "other", "ECDH-ES+A256KW"), jwk(&public, "ours", "ECDH-ES")];
    let jwks = Object::new().with("keys", Json::Array(keys));
    let metadata = Json::Object(Object::new().with("jwks", Json::Object(jwks)));
    let thumbprint = base64url::decode(public.thumbprint()).unwrap();
    (key, thumbprint, metadata)
}

fn open(key: &AgreementKey, jwe: &str) -> Json {
    let jwe = EncryptedJwe::parse(jwe, &mut Budget::default()).unwrap();
    let plain = jwe.decrypt(key).unwrap();
    let payload = Json::parse(&*plain, &mut Budget::default()).unwrap();
    payload.get("vp_token").unwrap().clone()
}

#[test]
fn an_encrypted_answer_is_bound_to_the_key_it_is_encrypted_to() {
    let mut campus = Campus::new();
    let holding = campus.identified_pupil();
    let (key, thumbprint, metadata) = metadata(&mut campus);
    let claims = claims(&campus, &pid_query())
        .with("response_mode", Json::from("direct_post.jwt"))
        .with("client_metadata", metadata);
    let consent = ask(&mut campus, &holding, &claims).unwrap();
    let choice = consent_of(&consent);
    let sent = share(&mut campus, consent, choice);
    let vp_token = open(&key, sent.as_str().unwrap());
    let text = presentation(&vp_token, "pid");
    assert_eq!(read(&campus, text, redirect(&campus, Some(&thumbprint))), Ok(shown()));
    assert!(
        read(&campus, text, redirect(&campus, None)).is_err_and(|error| error.code() == "mdoc.device_auth_invalid")
    );
}

#[test]
fn through_the_digital_credentials_api_it_is_signed_for_the_origin() {
    for encrypted in [false, true] {
        let mut campus = Campus::new();
        let holding = campus.identified_pupil();
        let (key, thumbprint, metadata) = metadata(&mut campus);
        let mut claims = claims(&campus, &pid_query())
            .with("expected_origins", Json::Array(vec![Json::from(ORIGIN)]))
            .with("client_metadata", metadata);
        claims.insert("response_mode", if encrypted { "dc_api.jwt" } else { "dc_api" });
        let data = Object::new().with("request", Json::from(signed(&campus, &claims)));
        let trust = campus.wallet_trust();
        let context = Context::new(&trust, &holding);
        let step = begin_dc_api("openid4vp-v1-signed", &Json::Object(data), ORIGIN, &context, campus.now);
        let Ok(Step::Ask(consent)) = step else {
            panic!("{step:?}")
        };
        let choice = consent_of(&consent);
        let data = share(&mut campus, consent, choice);
        let (vp_token, thumbprint) = match encrypted {
            true => (
                open(&key, data.get("response").and_then(Json::as_str).unwrap()),
                Some(thumbprint.as_slice()),
            ),
            false => (data.get("vp_token").unwrap().clone(), None),
        };
        let transcript = SessionTranscript::openid4vp_dc_api(ORIGIN, NONCE, thumbprint);
        assert_eq!(read(&campus, presentation(&vp_token, "pid"), transcript), Ok(shown()));
    }
}

#[test]
fn of_two_formats_the_citizen_picks_one_and_all_is_signed_at_once() {
    let mut campus = Campus::new();
    let holding = campus.identified_pupil();
    let claims = claims(&campus, &either_format_and_report());
    let consent = ask(&mut campus, &holding, &claims).unwrap();
    let sets = consent.sets();
    assert!(sets.iter().all(|set| set.required));
    let options: Vec<_> = sets[0].options.iter().map(|option| option.queries.clone()).collect();
    assert_eq!(options, [["pid_sd_jwt"], ["pid_mdoc"]]);
    // The verifier's order, unless the citizen says otherwise.
    let preferred = Choice::new().with("pid_sd_jwt", "sd_jwt").with("report", "report");
    assert_eq!(consent.proposal(), Some(preferred.clone()));
    assert_eq!(consent.proposal_with(&[Some(0), Some(0)]), Ok(preferred));
    let other = consent.proposal_with(&[Some(1), Some(0)]).unwrap();
    assert_eq!(other, Choice::new().with("pid_mdoc", "mdoc").with("report", "report"));

    let trust = campus.wallet_trust();
    let step = consent.answer(Decision::Share(other), campus.now, &mut campus.random);
    let Ok(Step::Sign(signing)) = step else { panic!() };
    assert_eq!(signing.requests().len(), 2, "one approval for both formats");
    // The process ends in between.
    let context = Context::new(&trust, &holding);
    let resumed = resume(&signing.suspend(), &context, campus.now.plus(20), &mut campus.random);
    let Ok(Step::Sign(resumed)) = resumed else { panic!() };
    assert_eq!(resumed.requests(), signing.requests());
    let signatures = campus.sign(resumed.requests());
    let Ok(Step::Send(exchange)) = resumed.answer(&signatures, &mut campus.random) else {
        panic!()
    };
    let fields = decode_form(std::str::from_utf8(exchange.request().body()).unwrap()).unwrap();
    let vp_token = json(&fields[0].1);
    let queries: Vec<_> = vp_token.as_object().unwrap().iter().map(|(id, _)| id).collect();
    assert_eq!(queries, ["pid_mdoc", "report"]);
    assert!(read(&campus, presentation(&vp_token, "pid_mdoc"), redirect(&campus, None)).is_ok());
    assert!(presentation(&vp_token, "report").contains('~'));
    let receipt = exchange.receipt().unwrap();
    let types: Vec<_> = receipt
        .shared
        .iter()
        .map(|shared| shared.credential_type.as_str())
        .collect();
    assert_eq!(types, [PID_MDOC, REPORT]);
}

#[test]
fn a_choice_is_one_option_of_each_set() {
    let mut campus = Campus::new();
    let holding = campus.identified_pupil();
    let claims = claims(&campus, &either_format_and_report());
    let refuse = |campus: &mut Campus, choice: Choice| {
        let consent = ask(campus, &holding, &claims).unwrap();
        let answer = consent.answer(Decision::Share(choice), campus.now, &mut campus.random);
        answer.unwrap_err()
    };
    let does_not_answer = PresentationError::from(Misuse::ChoiceDoesNotAnswer);
    let report = || Choice::new().with("report", "report");
    let both = report().with("pid_sd_jwt", "sd_jwt").with("pid_mdoc", "mdoc");
    assert_eq!(refuse(&mut campus, both), does_not_answer, "not both formats");
    assert_eq!(refuse(&mut campus, report()), does_not_answer);
    let wrong = report().with("pid_mdoc", "sd_jwt");
    assert_eq!(refuse(&mut campus, wrong), Misuse::ChoiceNotOffered.into());
    let consent = ask(&mut campus, &holding, &claims).unwrap();
    assert_eq!(consent.proposal_with(&[None, Some(0)]), Err(does_not_answer));
    for picked in [&[Some(2), Some(0)][..], &[Some(0)]] {
        assert_eq!(consent.proposal_with(picked), Err(Misuse::ChoiceNotOffered.into()));
    }
}

#[test]
fn a_wallet_that_holds_the_other_format_only_answers_with_it() {
    let mut campus = Campus::new();
    let holding: Vec<_> = campus
        .identified_pupil()
        .into_iter()
        .filter(|held| held.id != "sd_jwt")
        .collect();
    let claims = claims(&campus, &either_format_and_report());
    let consent = ask(&mut campus, &holding, &claims).unwrap();
    assert_eq!(consent.sets()[0].options.len(), 1);
    assert_eq!(consent.sets()[0].options[0].index, 1);
    let choice = Choice::new().with("pid_mdoc", "mdoc").with("report", "report");
    assert_eq!(consent.proposal(), Some(choice));
}

#[test]
fn a_copy_that_was_never_shown_goes_before_one_that_was() {
    let mut campus = Campus::new();
    let (first, second) = (campus.issue_pid_mdoc("a"), campus.issue_pid_mdoc("b"));
    let mut holding = vec![
        campus.hold_as(Format::MsoMdoc, "a", &first),
        campus.hold_as(Format::MsoMdoc, "b", &second),
    ];
    holding[0].shown_before = true;
    let claims = claims(&campus, &pid_query());
    let consent = ask(&mut campus, &holding, &claims).unwrap();
    let shown: Vec<bool> = consent.requested()[0]
        .offers
        .iter()
        .map(|offer| offer.shown_before)
        .collect();
    assert_eq!(shown, [true, false]);
    assert_eq!(consent.proposal(), Some(Choice::new().with("pid", "b")));
}

/// PID rulebook: a PID's key signs who its holder is, and never an order.
#[test]
fn no_key_of_a_pid_ever_signs_transaction_data() {
    let mut campus = Campus::new();
    let holding = campus.identified_pupil();
    let payment = base64url::encode(r#"{"type":"payment","credential_ids":["pid"],"amount":"100"}"#);
    for query in [
        pid_query(),
        Query::new(vec![sd_jwt_query("pid")], Vec::new()).unwrap(),
        either_format_and_report(),
    ] {
        for data in [
            Json::Array(vec![Json::from(payment.as_str())]),
            Json::Array(Vec::new()),
            Json::from("x"),
            Json::Null,
        ] {
            let claims = claims(&campus, &query).with("transaction_data", data);
            // `with` leaves out what is null: put it in by hand.
            let claims = match claims.contains("transaction_data") {
                true => claims,
                false => {
                    let mut claims = claims;
                    claims.insert("transaction_data", Json::Null);
                    claims
                }
            };
            let error = ask(&mut campus, &holding, &claims).unwrap_err();
            assert_eq!(error, Unsupported::Request(RequestError::TransactionData).into());
            assert_eq!(error.code(), "openid4vp.request.transaction_data");
            assert_eq!(error.error_code().unwrap().name(), "invalid_transaction_data");
        }
    }
}

#[test]
fn a_key_whose_signatures_the_verifier_does_not_take_does_not_answer() {
    let mut campus = Campus::new();
    let holding = campus.identified_pupil();
    let mut reason = |format: &str, member: &str, values: &str| {
        let text = format!(r#"{{"vp_formats_supported":{{"{format}":{{"{member}":{values}}}}}}}"#);
        let query = match format {
            "mso_mdoc" => pid_query(),
            _ => Query::new(vec![sd_jwt_query("pid")], Vec::new()).unwrap(),
        };
        let claims = claims(&campus, &query).with("client_metadata", json(&text));
        let consent = ask(&mut campus, &holding, &claims).unwrap();
        let offered = consent.is_answerable();
        let mut why = consent.requested()[0].why_not.iter();
        let why = why.find(|why| why.reason.code() == "dcql.algorithm");
        assert_eq!(offered, why.is_none(), "{text}");
        offered
    };
    for (values, taken) in [
        ("[-7]", true),
        ("[-9]", true),
        (r#"["ES256"]"#, true),
        ("[-35,-7]", true),
        ("[]", true),
        ("[-35]", false),
        ("[-65537]", false),
        (r#"["EdDSA"]"#, false),
    ] {
        assert_eq!(reason("mso_mdoc", "deviceauth_alg_values", values), taken, "{values}");
    }
    for (values, taken) in [(r#"["ES256"]"#, true), ("[-7]", true), (r#"["ES384"]"#, false)] {
        assert_eq!(reason("dc+sd-jwt", "kb-jwt_alg_values", values), taken, "{values}");
    }
    // What says nothing about signatures of devices takes them all: so some write it.
    assert!(reason("mso_mdoc", "alg", r#"["ES384"]"#));
}

#[test]
fn an_mdoc_is_never_shown_without_its_key() {
    let mut campus = Campus::new();
    let mut holding = campus.identified_pupil();
    holding[0].key = None;
    let claims = claims(&campus, &pid_query());
    let consent = ask(&mut campus, &holding, &claims).unwrap();
    let choice = consent_of(&consent);
    let refused = consent.answer(Decision::Share(choice), campus.now, &mut campus.random);
    assert_eq!(refused.unwrap_err(), Misuse::KeyMissing.into());
}

#[test]
fn a_signature_of_another_key_is_not_sent() {
    let mut campus = Campus::new();
    let holding = campus.identified_pupil();
    let claims = claims(&campus, &pid_query());
    let consent = ask(&mut campus, &holding, &claims).unwrap();
    let choice = consent_of(&consent);
    let step = consent.answer(Decision::Share(choice), campus.now, &mut campus.random);
    let Ok(Step::Sign(signing)) = step else { panic!() };
    let other = campus.school.key.sign(signing.requests()[0].message());
    let refused = signing.answer(&[other], &mut campus.random).unwrap_err();
    assert_eq!(refused, Misuse::SignatureDoesNotFit.into());
}

#[test]
fn an_authority_that_is_named_must_stand_above_the_issuer() {
    let mut campus = Campus::new();
    let text = campus.issue_pid_mdoc("mdoc");
    let parsed = Unverified::parse_as(Format::MsoMdoc, &text, &mut Budget::default()).unwrap();
    let verified = parsed.verify(&campus.wallet_trust(), campus.now).unwrap();
    let random = &mut TestRandom::new(4);
    let mut wallet = Wallet::create(Box::new(MemoryStore::new()), Environment::Test, campus.now, random).unwrap();
    let copies = vec![(verified, Some(KeyHandle::new("mdoc")))];
    let new = NewHolding::of_credential(copies, &Rulebook::bundled()).unwrap();
    wallet.add(new, campus.now, random).unwrap();
    let holding = wallet.hand().unwrap();
    let mut answerable = |kind: &str, key_id: &[u8]| {
        let query = mdoc_query("pid").with_authority(TrustedAuthority::new(kind, &[&base64url::encode(key_id)]));
        let claims = claims(&campus, &Query::new(vec![query], Vec::new()).unwrap());
        ask(&mut campus, &holding, &claims).unwrap().is_answerable()
    };
    let root = Campus::new().school_root.certificate().clone();
    let root = root.subject_key_id().unwrap();
    assert!(answerable("aki", root));
    assert!(!answerable("aki", &root[1..]));
    assert!(!answerable("etsi_tl", root));
}
