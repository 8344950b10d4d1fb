//! The university asks: a whole round with the citizen's wallet, and every way to spoil it.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use wallet_core::codec::{Budget, Json, Object};
use wallet_core::envelope::jws::UnverifiedJws;
use wallet_core::http::{Headers, HttpRequest, HttpResponse, HttpsUrl, LinkPolicy, Method, decode_form, encode_form};
use wallet_core::keys::{KeyHandle, PublicKey};
use wallet_core::presentation::{Arrival, Context, Decision, HeldCredential, Step, begin};
use wallet_core::protocol::openid4vp::{RequestMethod, ResponseMode, ReturnLink};
use wallet_core::trust::{Environment, TrustStore};
use wallet_core::verifier::{
    AssessOptions, Assessment, CheckName, CheckOutcome, Created, Finding, FormatChoice, Presented, RequestPrefix,
    RequestSpec, Session, University, UniversityError, Verdict, assess, recheck,
};
use wallet_tests::campus::{Campus, HOST, STATUS, json, query};

/// Sends what the wallet sends to the university, as a network would.
fn deliver(university: &mut University, campus: &mut Campus, request: &HttpRequest) -> HttpResponse {
    assert_eq!(request.url().host(), HOST);
    university.handle(request, campus.now, &mut campus.random)
}

/// The wallet's side of a round, up to the answer that is about to be sent.
fn wallet_answers(
    university: &mut University,
    campus: &mut Campus,
    holding: &[HeldCredential],
    link: &str,
) -> HttpRequest {
    let trust = campus.wallet_trust();
    let context = Context::new(&trust, holding);
    let mut step = begin(link, Arrival::Scanned, &context, campus.now, &mut campus.random).unwrap();
    loop {
        step = match step {
            Step::Send(exchange) if exchange.receipt().is_some() => return exchange.request().clone(),
            Step::Send(exchange) => {
                let response = deliver(university, campus, exchange.request());
                exchange.answer(&response, &context, campus.now).unwrap()
            }
            Step::Ask(consent) => {
                let choice = consent.proposal().map_or(Decision::Decline, Decision::Share);
                consent.answer(choice, campus.now, &mut campus.random).unwrap()
            }
            Step::Sign(signing) => {
                let signatures = campus.sign(signing.requests());
                signing.answer(&signatures, &mut campus.random).unwrap()
            }
            Step::Done(_) => panic!("the end comes after the answer"),
        };
    }
}

fn ask(university: &mut University, campus: &mut Campus, spec: &RequestSpec) -> Created {
    university.create_request(spec, campus.now, &mut campus.random).unwrap()
}

fn spec(mode: ResponseMode) -> RequestSpec {
    let mut spec = RequestSpec::new(query());
    spec.response_mode = mode;
    spec
}

fn answered(university: &University, campus: &Campus, id: &str) -> Presented {
    match university.result(id, None, campus.now) {
        Ok(Finding::Answered(presented)) => presented,
        other => panic!("{other:?}"),
    }
}

/// One round with the wallet's holding; the answer may be spoiled on its way.
fn round(
    campus: &mut Campus,
    holding: &[HeldCredential],
    mode: ResponseMode,
    spoil: impl FnOnce(HttpRequest) -> HttpRequest,
) -> (University, Created, HttpResponse) {
    let mut university = campus.university();
    let created = ask(&mut university, campus, &spec(mode));
    let answer = wallet_answers(&mut university, campus, holding, &created.request_url);
    let reply = deliver(&mut university, campus, &spoil(answer));
    (university, created, reply)
}

fn error_of(reply: &HttpResponse) -> (u16, String) {
    let body = Json::parse(reply.body(), &mut Budget::default()).unwrap();
    let description = body.get("error_description").and_then(Json::as_str).unwrap_or_default();
    (reply.status(), description.to_owned())
}

fn refused_with(reply: &HttpResponse, description: &str) {
    assert_eq!(error_of(reply), (400, description.to_owned()));
}

fn outcome(assessment: &Assessment, name: CheckName) -> (&str, Option<&str>) {
    let outcome = &assessment.check(name).unwrap().outcome;
    (outcome.name(), outcome.code())
}

fn field(request: &HttpRequest, name: &str) -> String {
    let fields = decode_form(std::str::from_utf8(request.body()).unwrap()).unwrap();
    fields.into_iter().find(|(other, _)| other == name).unwrap().1
}

fn with_fields(request: &HttpRequest, fields: &[(&str, &str)]) -> HttpRequest {
    let body = encode_form(fields.iter().copied());
    HttpRequest::post(request.url().clone(), "application/x-www-form-urlencoded", body)
}

/// The one presentation in a plain answer, replaced.
fn with_presentation(request: &HttpRequest, change: impl FnOnce(&str) -> String) -> HttpRequest {
    let vp_token = json(&field(request, "vp_token"));
    let old = vp_token.get("report").and_then(Json::as_array).unwrap()[0]
        .as_str()
        .unwrap();
    let new = Object::new()
        .with("report", Json::Array(vec![Json::from(change(old))]))
        .to_string();
    with_fields(request, &[("vp_token", &new), ("state", &field(request, "state"))])
}

/// A key binding of the test's own making over the presentation without the old one.
fn bind(campus: &Campus, presentation: &str, key: &str, nonce: &str, audience: &str) -> String {
    let handle = KeyHandle::new(key);
    let unbound = &presentation[..=presentation.rfind('~').unwrap()];
    let digest = wallet_core::codec::base64url::encode(wallet_core::crypto::sha256(unbound.as_bytes()));
    let claims = Object::new()
        .with("iat", Json::from(campus.now.unix()))
        .with("aud", Json::from(audience))
        .with("nonce", Json::from(nonce))
        .with("sd_hash", Json::from(digest));
    let header = Object::new().with("typ", Json::from("kb+jwt"));
    let key = PublicKey::from(campus.key(&handle));
    let jws = wallet_core::envelope::jws::UnsignedJws::new(key.algorithm(), header, claims.to_string());
    format!("{unbound}{}", jws.sign(campus.key(&handle)))
}

#[test]
fn the_university_learns_what_it_asked_for_and_no_more() {
    for mode in [ResponseMode::DirectPost, ResponseMode::DirectPostJwt] {
        for prefix in [RequestPrefix::X509Hash, RequestPrefix::X509SanDns] {
            for method in [RequestMethod::Get, RequestMethod::Post] {
                let mut campus = Campus::new();
                let holding = campus.pupil();
                let mut university = campus.university();
                let mut spec = spec(mode);
                (spec.prefix, spec.method) = (prefix, method);
                let created = ask(&mut university, &mut campus, &spec);
                assert_eq!(university.result(&created.id, None, campus.now), Ok(Finding::Pending));
                let answer = wallet_answers(&mut university, &mut campus, &holding, &created.request_url);
                assert_eq!(deliver(&mut university, &mut campus, &answer).status(), 200);
                let presented = answered(&university, &campus, &created.id);
                assert_eq!(presented.verdict(), Verdict::Accepted, "{presented:?}");
                let claims = presented.of_query("report").next().unwrap().claims().unwrap();
                assert_eq!(claims.get("family_name"), Some(&Json::from("Musterfrau")));
                assert_eq!(claims.get("report").unwrap().get("average"), Some(&Json::from("1.3")));
                assert_eq!((claims.get("given_name"), claims.get("birthdate")), (None, None));
            }
        }
    }
}

#[test]
fn every_check_has_its_own_outcome() {
    let mut campus = Campus::new();
    let holding = campus.pupil();
    let (university, created, _) = round(&mut campus, &holding, ResponseMode::DirectPost, |answer| answer);
    let presented = answered(&university, &campus, &created.id);
    let assessment = presented.of_query("report").next().unwrap();
    for name in [
        CheckName::Origin,
        CheckName::Integrity,
        CheckName::Validity,
        CheckName::Status,
        CheckName::Binding,
        CheckName::Query,
    ] {
        assert_eq!(outcome(assessment, name), ("pass", None), "{name:?}");
    }
    let line = assessment.to_json();
    assert_eq!(line.get("verdict"), Some(&Json::from("accepted")));
    assert_eq!(line.get("code"), Some(&Json::Null));
    let origin = &line.get("checks").and_then(Json::as_array).unwrap()[0];
    assert_eq!(
        origin.get("evidence").unwrap().get("issuer"),
        Some(&Json::from("Testschule"))
    );
    assert!(
        !format!("{presented:?}").contains("Musterfrau"),
        "debug output names no claims"
    );
}

#[test]
fn the_request_carries_no_anchor_and_a_key_of_its_own() {
    let mut campus = Campus::new();
    let mut university = campus.university();
    let mut fetch = || {
        let created = ask(&mut university, &mut campus, &spec(ResponseMode::DirectPostJwt));
        let uri = decode_form(created.request_url.split_once('?').unwrap().1).unwrap()[1]
            .1
            .clone();
        let url = HttpsUrl::parse(&uri, LinkPolicy::HttpsOnly).unwrap();
        let response = deliver(&mut university, &mut campus, &HttpRequest::get(url, "*/*"));
        let jws = UnverifiedJws::parse(std::str::from_utf8(response.body()).unwrap(), &mut Budget::default()).unwrap();
        assert_eq!(jws.header().x5c().unwrap().unwrap().len(), 1);
        assert_eq!(jws.header().typ(), Some("oauth-authz-req+jwt"));
        assert!(!response.body().windows(4).any(|part| part == created.id.as_bytes()));
        let claims = Json::parse(jws.inspect(), &mut Budget::default()).unwrap();
        let ciphers = claims
            .get("client_metadata")
            .unwrap()
            .get("encrypted_response_enc_values_supported");
        assert_eq!(ciphers, Some(&json(r#"["A128GCM","A256GCM"]"#)));
        let key = claims.get("client_metadata").unwrap().get("jwks").unwrap().clone();
        (
            key,
            claims.get("nonce").unwrap().clone(),
            claims.get("state").unwrap().clone(),
        )
    };
    let (first, second) = (fetch(), fetch());
    assert!(first.0 != second.0 && first.1 != second.1 && first.2 != second.2);
}

#[test]
fn an_answer_is_taken_once() {
    let mut campus = Campus::new();
    let holding = campus.pupil();
    let mut university = campus.university();
    let created = ask(&mut university, &mut campus, &spec(ResponseMode::DirectPost));
    let first = wallet_answers(&mut university, &mut campus, &holding, &created.request_url);
    let second = wallet_answers(&mut university, &mut campus, &holding, &created.request_url);
    assert_eq!(deliver(&mut university, &mut campus, &first).status(), 200);
    refused_with(
        &deliver(&mut university, &mut campus, &first),
        "the request was answered before",
    );
    refused_with(
        &deliver(&mut university, &mut campus, &second),
        "the request was answered before",
    );
    let url = HttpsUrl::parse(
        &first.url().as_str().replace("response", "request"),
        LinkPolicy::HttpsOnly,
    )
    .unwrap();
    let fetched = deliver(&mut university, &mut campus, &HttpRequest::get(url, "*/*"));
    refused_with(&fetched, "the request was answered before");
    assert_eq!(answered(&university, &campus, &created.id).verdict(), Verdict::Accepted);
}

#[test]
fn an_answer_to_another_request_is_refused() {
    let mut campus = Campus::new();
    let holding = campus.pupil();
    let mut university = campus.university();
    let first = ask(&mut university, &mut campus, &spec(ResponseMode::DirectPost));
    let second = ask(&mut university, &mut campus, &spec(ResponseMode::DirectPost));
    let mine = wallet_answers(&mut university, &mut campus, &holding, &first.request_url);
    let theirs = wallet_answers(&mut university, &mut campus, &holding, &second.request_url);
    // The whole answer, sent elsewhere.
    let moved = HttpRequest::post(theirs.url().clone(), "application/x-www-form-urlencoded", mine.body());
    refused_with(
        &deliver(&mut university, &mut campus, &moved),
        "the state is not that of the request",
    );
    // The presentation with the right state: its nonce gives it away.
    let (vp_token, state) = (field(&mine, "vp_token"), field(&theirs, "state"));
    let replayed = with_fields(&theirs, &[("vp_token", &vp_token), ("state", &state)]);
    refused_with(
        &deliver(&mut university, &mut campus, &replayed),
        "a presentation was not made for this request",
    );
    let presented = answered(&university, &campus, &second.id);
    assert_eq!(presented.code(), Some("sd_jwt.key_binding.nonce"));
    assert_eq!(presented.verdict(), Verdict::Refused);
    let assessment = presented.of_query("report").next().unwrap();
    assert_eq!(outcome(assessment, CheckName::Origin), ("pass", None));
    assert_eq!(
        outcome(assessment, CheckName::Binding),
        ("fail", Some("sd_jwt.key_binding.nonce"))
    );
}

#[test]
fn a_binding_for_somebody_else_is_refused() {
    let judged = |key: &str, nonce: Option<&str>, audience: Option<&str>| {
        let mut campus = Campus::new();
        let holding = campus.pupil();
        campus.issue("thief", campus.claims());
        let mut university = campus.university();
        let created = ask(&mut university, &mut campus, &spec(ResponseMode::DirectPost));
        let answer = wallet_answers(&mut university, &mut campus, &holding, &created.request_url);
        let text = field(&answer, "vp_token");
        let kb = text.rsplit('~').next().unwrap().trim_end_matches("\"]}").to_owned();
        let claims = UnverifiedJws::parse(&kb, &mut Budget::default())
            .unwrap()
            .inspect()
            .to_vec();
        let claims = json(std::str::from_utf8(&claims).unwrap());
        let own = |name| claims.get(name).and_then(Json::as_str).unwrap();
        let (nonce, audience) = (nonce.unwrap_or(own("nonce")), audience.unwrap_or(own("aud")));
        let spoiled = with_presentation(&answer, |old| bind(&campus, old, key, nonce, audience));
        let reply = deliver(&mut university, &mut campus, &spoiled);
        (
            reply.status(),
            answered(&university, &campus, &created.id).code().map(str::to_owned),
        )
    };
    let code = |code: &str| (400, Some(code.to_owned()));
    assert_eq!(judged("report", None, None), (200, None));
    assert_eq!(judged("report", Some("other"), None), code("sd_jwt.key_binding.nonce"));
    assert_eq!(
        judged("report", None, Some("x509_hash:other")),
        code("sd_jwt.key_binding.audience")
    );
    assert_eq!(judged("thief", None, None), code("sd_jwt.key_binding.bad_signature"));
}

#[test]
fn an_answer_without_binding_is_refused() {
    let mut campus = Campus::new();
    let holding = campus.pupil();
    let (university, created, reply) = round(&mut campus, &holding, ResponseMode::DirectPost, |answer| {
        with_presentation(&answer, |old| old[..=old.rfind('~').unwrap()].to_owned())
    });
    refused_with(&reply, "a presentation was not made for this request");
    assert_eq!(
        answered(&university, &campus, &created.id).code(),
        Some("sd_jwt.key_binding.missing")
    );
}

#[test]
fn where_encryption_is_asked_for_a_plain_answer_is_refused() {
    let mut campus = Campus::new();
    let holding = campus.pupil();
    let mut university = campus.university();
    let plain = ask(&mut university, &mut campus, &spec(ResponseMode::DirectPost));
    let sealed = ask(&mut university, &mut campus, &spec(ResponseMode::DirectPostJwt));
    let plain = wallet_answers(&mut university, &mut campus, &holding, &plain.request_url);
    let answer = wallet_answers(&mut university, &mut campus, &holding, &sealed.request_url);
    let moved = HttpRequest::post(answer.url().clone(), "application/x-www-form-urlencoded", plain.body());
    refused_with(
        &deliver(&mut university, &mut campus, &moved),
        "the answer is not encrypted",
    );
    // Encrypted to the key of another request.
    let other = ask(&mut university, &mut campus, &spec(ResponseMode::DirectPostJwt));
    let other = wallet_answers(&mut university, &mut campus, &holding, &other.request_url);
    let moved = HttpRequest::post(answer.url().clone(), "application/x-www-form-urlencoded", other.body());
    refused_with(
        &deliver(&mut university, &mut campus, &moved),
        "the answer cannot be decrypted",
    );
    let garbled = with_fields(&answer, &[("response", "a.b.c.d.e")]);
    refused_with(
        &deliver(&mut university, &mut campus, &garbled),
        "the answer cannot be decrypted",
    );
    // None of this has used up the request.
    assert_eq!(deliver(&mut university, &mut campus, &answer).status(), 200);
}

#[test]
fn an_answer_that_discloses_less_than_was_asked_is_refused() {
    let mut campus = Campus::new();
    let text = campus.issue("report", campus.claims());
    let holding = vec![campus.hold("report", &text)];
    let (university, created, reply) = round(&mut campus, &holding, ResponseMode::DirectPost, |answer| {
        with_presentation(&answer, |old| {
            let parts: Vec<&str> = old.split('~').collect();
            let less = format!("{}~{}~", parts[0], parts[1]);
            let kb = parts[3].to_owned();
            format!("{less}{kb}")
        })
    });
    // The binding covers what was disclosed.
    refused_with(&reply, "a presentation was not made for this request");
    assert_eq!(
        answered(&university, &campus, &created.id).code(),
        Some("sd_jwt.key_binding.sd_hash")
    );

    // A wallet that answers another query than was asked.
    let mut campus = Campus::new();
    let text = campus.issue("report", campus.claims());
    let mut university = campus.university();
    let created = ask(&mut university, &mut campus, &spec(ResponseMode::DirectPost));
    let holding = vec![campus.hold("report", &text)];
    let answer = wallet_answers(&mut university, &mut campus, &holding, &created.request_url);
    let vp_token = field(&answer, "vp_token");
    let kb = vp_token.rsplit('~').next().unwrap().trim_end_matches("\"]}").to_owned();
    let claims = UnverifiedJws::parse(&kb, &mut Budget::default())
        .unwrap()
        .inspect()
        .to_vec();
    let claims = json(std::str::from_utf8(&claims).unwrap());
    let (nonce, audience) = (
        claims.get("nonce").unwrap().as_str().unwrap(),
        claims.get("aud").unwrap().as_str().unwrap(),
    );
    let spoiled = with_presentation(&answer, |old| {
        let bare = format!("{}~", old.split('~').next().unwrap());
        bind(&campus, &bare, "report", nonce, audience)
    });
    assert_eq!(deliver(&mut university, &mut campus, &spoiled).status(), 200);
    let presented = answered(&university, &campus, &created.id);
    assert_eq!(presented.verdict(), Verdict::Refused);
    assert_eq!(presented.code(), Some("dcql.claim.absent"));
}

#[test]
fn a_credential_of_another_type_does_not_answer() {
    let mut campus = Campus::new();
    let holding = campus.pupil();
    let other = campus.issue(
        "other",
        campus.claims().with("vct", Json::from("urn:example:library-card:1")),
    );
    let mut university = campus.university();
    let created = ask(&mut university, &mut campus, &spec(ResponseMode::DirectPost));
    let answer = wallet_answers(&mut university, &mut campus, &holding, &created.request_url);
    let kb = field(&answer, "vp_token")
        .rsplit('~')
        .next()
        .unwrap()
        .trim_end_matches("\"]}")
        .to_owned();
    let claims = UnverifiedJws::parse(&kb, &mut Budget::default())
        .unwrap()
        .inspect()
        .to_vec();
    let claims = json(std::str::from_utf8(&claims).unwrap());
    let own = |name| claims.get(name).and_then(Json::as_str).unwrap();
    let spoiled = with_presentation(&answer, |_| bind(&campus, &other, "other", own("nonce"), own("aud")));
    assert_eq!(deliver(&mut university, &mut campus, &spoiled).status(), 200);
    let presented = answered(&university, &campus, &created.id);
    assert_eq!(
        (presented.verdict(), presented.code()),
        (Verdict::Refused, Some("dcql.type"))
    );
}

#[test]
fn an_unknown_query_in_the_answer_is_refused() {
    let mut campus = Campus::new();
    let holding = campus.pupil();
    let (university, created, reply) = round(&mut campus, &holding, ResponseMode::DirectPost, |answer| {
        let renamed = field(&answer, "vp_token").replace("\"report\"", "\"other\"");
        with_fields(&answer, &[("vp_token", &renamed), ("state", &field(&answer, "state"))])
    });
    assert_eq!(reply.status(), 200);
    let presented = answered(&university, &campus, &created.id);
    assert_eq!(presented.code(), Some("dcql.presented.unknown_query"));
}

#[test]
fn malformed_answers_are_told_so_and_do_not_end_the_request() {
    let mut campus = Campus::new();
    let holding = campus.pupil();
    let mut university = campus.university();
    let created = ask(&mut university, &mut campus, &spec(ResponseMode::DirectPost));
    let answer = wallet_answers(&mut university, &mut campus, &holding, &created.request_url);
    let state = field(&answer, "state");
    for (fields, description) in [
        (
            vec![("vp_token", "{}"), ("state", state.as_str())],
            "vp_token is malformed",
        ),
        (vec![("vp_token", "\"a~\""), ("state", &state)], "vp_token is malformed"),
        (vec![("state", state.as_str())], "vp_token is malformed"),
        (
            vec![("vp_token", r#"{"report":["a~"]}"#)],
            "the state is not that of the request",
        ),
    ] {
        refused_with(
            &deliver(&mut university, &mut campus, &with_fields(&answer, &fields)),
            description,
        );
    }
    let wrong_type = HttpRequest::post(answer.url().clone(), "application/json", answer.body());
    refused_with(
        &deliver(&mut university, &mut campus, &wrong_type),
        "the body is not the form that is expected",
    );
    let nowhere = HttpsUrl::parse(
        "https://uni.example/verifier/openid4vp/response/x",
        LinkPolicy::HttpsOnly,
    )
    .unwrap();
    let lost = HttpRequest::post(nowhere, "application/x-www-form-urlencoded", answer.body());
    assert_eq!(deliver(&mut university, &mut campus, &lost).status(), 404);
    let get = HttpRequest::received(Method::Get, answer.url().clone(), Headers::new(), Vec::new());
    assert_eq!(deliver(&mut university, &mut campus, &get).status(), 404);
    assert_eq!(deliver(&mut university, &mut campus, &answer).status(), 200);
}

#[test]
fn a_request_expires_and_is_forgotten() {
    let mut campus = Campus::new();
    let holding = campus.pupil();
    let mut university = campus.university();
    let created = ask(&mut university, &mut campus, &spec(ResponseMode::DirectPost));
    let answer = wallet_answers(&mut university, &mut campus, &holding, &created.request_url);
    campus.now = created.expires;
    refused_with(
        &deliver(&mut university, &mut campus, &answer),
        "the request is expired",
    );
    assert_eq!(university.result(&created.id, None, campus.now), Ok(Finding::Expired));
    campus.now = campus.now.plus(3600);
    assert_eq!(
        university.result(&created.id, None, campus.now),
        Err(UniversityError::NoSuchRequest)
    );
}

#[test]
fn a_refusal_tells_the_university_nothing() {
    for mode in [ResponseMode::DirectPost, ResponseMode::DirectPostJwt] {
        let mut campus = Campus::new();
        let (university, created, reply) = round(&mut campus, &[], mode, |answer| answer);
        assert_eq!(reply.status(), 200);
        let finding = university.result(&created.id, None, campus.now);
        assert_eq!(finding, Ok(Finding::Declined("access_denied".into())));
    }
}

#[test]
fn on_the_same_device_the_result_belongs_to_the_browser_that_comes_back() {
    let mut campus = Campus::new();
    let holding = campus.pupil();
    let mut university = campus.university();
    let mut spec = spec(ResponseMode::DirectPostJwt);
    spec.return_to = Some(ReturnLink::parse("https://uni.example/apply?step=2", LinkPolicy::HttpsOnly).unwrap());
    let created = ask(&mut university, &mut campus, &spec);
    let answer = wallet_answers(&mut university, &mut campus, &holding, &created.request_url);
    let reply = deliver(&mut university, &mut campus, &answer);
    let reply = Json::parse(reply.body(), &mut Budget::default()).unwrap();
    let link = reply.get("redirect_uri").and_then(Json::as_str).unwrap();
    let code = link
        .strip_prefix("https://uni.example/apply?step=2&response_code=")
        .unwrap();
    let now = campus.now;
    assert_eq!(
        university.result(&created.id, None, now),
        Err(UniversityError::ResponseCode)
    );
    assert_eq!(
        university.result(&created.id, Some("guess"), now),
        Err(UniversityError::ResponseCode)
    );
    assert_eq!(
        university.result("guess", Some(code), now),
        Err(UniversityError::NoSuchRequest)
    );
    assert!(matches!(
        university.result(&created.id, Some(code), now),
        Ok(Finding::Answered(_))
    ));
}

#[test]
fn a_revoked_or_suspended_report_is_refused_once_the_list_is_known() {
    for (index, verdict, code) in [
        (0, Verdict::Accepted, None),
        (1, Verdict::Refused, Some("status.revoked")),
        (2, Verdict::Refused, Some("status.suspended")),
    ] {
        let mut campus = Campus::new();
        let text = campus.issue("report", campus.with_status(index));
        let holding = vec![campus.hold("report", &text)];
        let (mut university, created, _) = round(&mut campus, &holding, ResponseMode::DirectPostJwt, |answer| answer);
        let before = answered(&university, &campus, &created.id);
        assert_eq!(
            (before.verdict(), before.code()),
            (Verdict::Undetermined, Some("status.not_fetched"))
        );
        let needed = university.status_requests(&created.id, campus.now).unwrap();
        assert_eq!(needed.len(), 1);
        assert_eq!(needed[0].1.url().as_str(), STATUS);
        let list = HttpResponse::of_type(200, "application/statuslist+jwt", campus.status_list());
        university.add_status(&needed[0].0, Some(&list), campus.now);
        let after = answered(&university, &campus, &created.id);
        assert_eq!((after.verdict(), after.code()), (verdict, code));
        assert_eq!(university.status_requests(&created.id, campus.now), Ok(Vec::new()));
    }
}

#[test]
fn a_list_that_cannot_be_fetched_leaves_the_matter_open() {
    let mut campus = Campus::new();
    let text = campus.issue("report", campus.with_status(0));
    let holding = vec![campus.hold("report", &text)];
    let (mut university, created, _) = round(&mut campus, &holding, ResponseMode::DirectPost, |answer| answer);
    university.add_status(STATUS, None, campus.now);
    let presented = answered(&university, &campus, &created.id);
    assert_eq!(
        (presented.verdict(), presented.code()),
        (Verdict::Undetermined, Some("status.unreachable"))
    );
}

#[test]
fn an_expired_report_is_refused_but_its_other_checks_are_told() {
    let mut campus = Campus::new();
    let expired = campus.claims().with("exp", Json::from(campus.now.plus(-600).unix()));
    let text = campus.issue("report", expired);
    let holding = vec![campus.hold("report", &text)];
    let (university, created, reply) = round(&mut campus, &holding, ResponseMode::DirectPost, |answer| answer);
    assert_eq!(reply.status(), 200);
    let presented = answered(&university, &campus, &created.id);
    assert_eq!(
        (presented.verdict(), presented.code()),
        (Verdict::Refused, Some("sd_jwt.expired"))
    );
    let assessment = presented.of_query("report").next().unwrap();
    assert_eq!(outcome(assessment, CheckName::Origin), ("pass", None));
    assert_eq!(outcome(assessment, CheckName::Integrity), ("pass", None));
    assert_eq!(outcome(assessment, CheckName::Binding), ("pass", None));
    assert!(assessment.claims().is_some());
}

#[test]
fn an_issuer_the_university_does_not_trust_is_refused() {
    let mut campus = Campus::new();
    let text = campus.issue("report", campus.claims());
    let trust = TrustStore::new(Environment::Production);
    let assessment = assess(&text, &AssessOptions::new(&trust, campus.now));
    assert_eq!(
        (assessment.verdict(), assessment.code()),
        (Verdict::Refused, Some("trust.untrusted_path"))
    );
    assert_eq!(
        outcome(&assessment, CheckName::Integrity),
        ("unknown", Some("assessment.origin_failed"))
    );
    assert_eq!(assessment.claims(), None);
}

#[test]
fn a_report_at_rest_is_judged_check_by_check() {
    let mut campus = Campus::new();
    let text = campus.issue("report", campus.claims());
    let trust = campus.university_trust();
    let options = AssessOptions::new(&trust, campus.now);
    let judge = |text: &str| assess(text, &options);
    let good = judge(&text).with_source("report.txt");
    assert_eq!(good.verdict(), Verdict::Accepted, "{good:?}");
    assert!(good.check(CheckName::Binding).is_none());
    assert_eq!(good.to_json().get("source"), Some(&Json::from("report.txt")));
    assert_eq!(good.format, "dc+sd-jwt");

    let (jwt, rest) = text.split_once('~').unwrap();
    let forged = format!("{}A~{rest}", &jwt[..jwt.len() - 1]);
    let forged = judge(&forged);
    assert_eq!(forged.verdict(), Verdict::Refused);
    assert_eq!(outcome(&forged, CheckName::Integrity).0, "fail");
    assert_eq!(forged.claims(), None);

    let repeated = format!("{jwt}~{}~{rest}", rest.split('~').next().unwrap());
    assert_eq!(judge(&repeated).code(), Some("sd_jwt.disclosure.repeated"));

    let nonsense = judge("hello");
    assert_eq!(
        (nonsense.verdict(), nonsense.code()),
        (Verdict::Refused, Some("sd_jwt.no_tilde"))
    );
    assert_eq!(judge("").verdict(), Verdict::Refused);

    let plain = options.clone().with_format(FormatChoice::SdJwt);
    assert_eq!(assess(&text, &plain).format, "sd-jwt");
}

#[test]
fn an_exported_assessment_can_be_checked_again() {
    let mut campus = Campus::new();
    let text = campus.issue("report", campus.with_status(1));
    let trust = campus.university_trust();
    let mut status = wallet_core::status::StatusEvidence::new();
    status.add_token(STATUS, &campus.status_list(), campus.now);
    status.add_token("https://other.example/1", "not for us", campus.now);
    let options = AssessOptions::new(&trust, campus.now).with_status(&status, campus.now);
    let assessment = assess(&text, &options);
    assert_eq!(assessment.code(), Some("status.revoked"));
    let export = assessment.export(&text, &options);
    assert!(!export.to_string().contains("other.example"));
    let again = recheck(&json(&export.to_string()), &trust).unwrap();
    assert!(again.agrees, "{again:?}");
    assert_eq!(again.assessment.code(), Some("status.revoked"));

    // Whoever trusts somebody else comes to another result, and a changed result is noticed.
    let elsewhere = recheck(&export, &TrustStore::new(Environment::Test)).unwrap();
    assert!(!elsewhere.agrees);
    let changed = json(
        &export
            .to_string()
            .replace("\"fail\",\"code\":\"status.revoked\"", "\"pass\",\"code\":null"),
    );
    assert_ne!(changed, export);
    assert!(!recheck(&changed, &trust).unwrap().agrees);
    assert_eq!(recheck(&json("{}"), &trust).unwrap_err().code(), "assessment.export");

    let signed = assessment.export_signed(&text, &options, &campus.university.key, &campus.university.chain);
    let jws = UnverifiedJws::parse(&signed, &mut Budget::default()).unwrap();
    let verified = jws.verify(&PublicKey::from(&campus.university.key)).unwrap();
    assert_eq!(Json::Object(verified.claims(&mut Budget::default()).unwrap()), export);
}

#[test]
fn the_university_signs_what_it_found_and_forgets_when_told() {
    let mut campus = Campus::new();
    let holding = campus.pupil();
    let (mut university, created, _) = round(&mut campus, &holding, ResponseMode::DirectPostJwt, |answer| answer);
    let evidence = university.evidence(&created.id, None, campus.now).unwrap();
    let [(query, signed)] = evidence.as_slice() else {
        panic!()
    };
    assert_eq!(query, "report");
    let jws = UnverifiedJws::parse(signed, &mut Budget::default()).unwrap();
    let verified = jws.verify(&PublicKey::from(&campus.university.key)).unwrap();
    let export = Json::Object(verified.claims(&mut Budget::default()).unwrap());
    let again = recheck(&export, &campus.university_trust()).unwrap();
    assert!(again.agrees, "{again:?}");
    assert_eq!(
        again.assessment.check(CheckName::Binding).unwrap().outcome,
        CheckOutcome::Pass
    );
    university.forget(&created.id, campus.now).unwrap();
    assert_eq!(
        university.result(&created.id, None, campus.now),
        Err(UniversityError::NoSuchRequest)
    );
}

#[test]
fn a_certificate_that_does_not_fit_makes_no_university() {
    use wallet_core::crypto::{Curve, SigningKey};
    use wallet_core::verifier::{MemorySessions, UniversityConfig};
    let mut campus = Campus::new();
    let base = || HttpsUrl::parse("https://other.example", LinkPolicy::HttpsOnly).unwrap();
    let make = |chain, key| {
        let config = UniversityConfig::new(base(), chain, key, TrustStore::new(Environment::Test));
        University::new(config, Box::new(MemorySessions::new()))
    };
    let stranger = SigningKey::generate(Curve::P256, &mut campus.random);
    let chain = campus.university.chain.clone();
    assert_eq!(
        make(chain.clone(), stranger).err(),
        Some(UniversityError::CertificateKey)
    );
    let own = |campus: &Campus| SigningKey::from_bytes(Curve::P256, &campus.university.key.to_bytes()).unwrap();
    assert_eq!(
        make(Vec::new(), own(&campus)).err(),
        Some(UniversityError::CertificateKey)
    );
    let university = make(chain, own(&campus)).unwrap();
    // The host of the base is not a name of the certificate.
    let named = university.client_id(RequestPrefix::X509SanDns);
    assert_eq!(named, Err(UniversityError::CertificateName));
}

#[test]
fn nobody_is_asked_for_more_than_the_purpose_allows() {
    use wallet_core::verifier::Purpose;
    let mut campus = Campus::new();
    let mut university = campus.university_for(vec![Purpose::new("admission", query())]);
    let mut make = |purpose: Option<&str>, query| {
        let mut spec = RequestSpec::new(query);
        spec.purpose = purpose.map(str::to_owned);
        university
            .create_request(&spec, campus.now, &mut campus.random)
            .map(|_| ())
    };
    assert_eq!(make(Some("admission"), query()), Ok(()));
    assert_eq!(make(None, query()), Err(UniversityError::NoSuchPurpose));
    assert_eq!(make(Some("curiosity"), query()), Err(UniversityError::NoSuchPurpose));
    let more = query().to_json().to_string().replace("family_name", "birthdate");
    let more = wallet_core::protocol::dcql::Query::parse(&json(&more)).unwrap();
    assert_eq!(
        make(Some("admission"), more),
        Err(UniversityError::OverAsking("a claim"))
    );
}

/// What a release wrote must be readable for ever after.
#[test]
fn a_session_of_version_1_is_read() {
    let text = r#"{"session":1,"id":"a","request_id":"b","revision":1,"client_id":"x509_hash:c","nonce":"d","state":"e","response_mode":"direct_post.jwt","key":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE","query":{"credentials":[]},"purpose":null,"return_to":"https://uni.example/","response_code":"f","expires":1782900300,"keep_until":1782903900,"stage":{"answered":{"vp_token":"{}","at":1782900000}}}"#;
    let session = Session::from_bytes(text.as_bytes()).unwrap();
    assert_eq!((session.id(), session.request_id(), session.revision()), ("a", "b", 1));
    assert_eq!(std::str::from_utf8(&session.to_bytes()).unwrap(), text);
    let later = text.replace("\"session\":1", "\"session\":2");
    assert_eq!(
        Session::from_bytes(later.as_bytes()).unwrap_err().code(),
        "sessions.unreadable"
    );
}

#[test]
fn nothing_checked_is_not_accepted() {
    assert_eq!(CheckOutcome::Pass.code(), None);
    assert!(Verdict::Accepted < Verdict::Undetermined && Verdict::Undetermined < Verdict::Refused);
}

mod hostile {
    //! Whatever arrives: no panic, and nothing altered is accepted.

    use std::sync::OnceLock;

    use proptest::prelude::*;

    use super::*;

    /// A report and an answer to a request, made once.
    fn valid() -> &'static (String, HttpRequest) {
        static VALID: OnceLock<(String, HttpRequest)> = OnceLock::new();
        VALID.get_or_init(|| {
            let mut campus = Campus::new();
            let text = campus.issue("report", campus.claims());
            let holding = vec![campus.hold("report", &text)];
            let mut university = campus.university();
            let created = ask(&mut university, &mut campus, &spec(ResponseMode::DirectPost));
            let answer = wallet_answers(&mut university, &mut campus, &holding, &created.request_url);
            (text, answer)
        })
    }

    fn altered(text: &str, at: usize, byte: u8) -> Option<String> {
        let mut bytes = text.as_bytes().to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        let changed = String::from_utf8(bytes).ok()?;
        (changed != text).then_some(changed)
    }

    proptest! {
        #[test]
        fn an_altered_report_is_never_accepted(at: usize, byte in 0_u8..128) {
            let (text, _) = valid();
            let campus = Campus::new();
            let trust = campus.university_trust();
            if let Some(changed) = altered(text, at, byte) {
                let assessment = assess(&changed, &AssessOptions::new(&trust, campus.now));
                // White space around the text is no part of it.
                prop_assert!(changed.trim() == text.as_str() || assessment.verdict() == Verdict::Refused);
            }
        }

        #[test]
        fn any_text_is_judged(text: String) {
            let trust = TrustStore::new(Environment::Test);
            let campus_time = wallet_core::time::Timestamp::from_unix(0);
            prop_assert_eq!(assess(&text, &AssessOptions::new(&trust, campus_time)).verdict(), Verdict::Refused);
        }

        #[test]
        fn any_body_is_answered(body: Vec<u8>) {
            let mut campus = Campus::new();
            let mut university = campus.university();
            let created = ask(&mut university, &mut campus, &spec(ResponseMode::DirectPostJwt));
            let uri = decode_form(created.request_url.split_once('?').unwrap().1).unwrap()[1].1.clone();
            let url = HttpsUrl::parse(&uri.replace("/request/", "/response/"), LinkPolicy::HttpsOnly).unwrap();
            let request = HttpRequest::post(url, "application/x-www-form-urlencoded", body);
            prop_assert_eq!(deliver(&mut university, &mut campus, &request).status(), 400);
        }

        #[test]
        fn any_link_is_refused(text: String, query: String) {
            let mut campus = Campus::new();
            let trust = campus.wallet_trust();
            let context = Context::new(&trust, &[]);
            let link = format!("openid4vp://?client_id=x509_hash%3Aa&request={query}");
            for text in [text, link] {
                prop_assert!(begin(&text, Arrival::Link, &context, campus.now, &mut campus.random).is_err());
            }
        }
    }
}

/// The claims of the signed request behind a link.
fn request_claims(university: &mut University, campus: &mut Campus, created: &Created) -> Json {
    let fields = decode_form(created.request_url.split_once('?').unwrap().1).unwrap();
    let uri = &fields.iter().find(|(name, _)| name == "request_uri").unwrap().1;
    let url = HttpsUrl::parse(uri, LinkPolicy::HttpsOnly).unwrap();
    let response = deliver(university, campus, &HttpRequest::get(url, "*/*"));
    let jws = UnverifiedJws::parse(std::str::from_utf8(response.body()).unwrap(), &mut Budget::default()).unwrap();
    Json::parse(jws.inspect(), &mut Budget::default()).unwrap()
}

/// OpenID4VP 1.0 §6.1.1: asked of the wallet as a hint, checked by the verifier all the same.
#[test]
fn an_authority_that_was_asked_for_is_checked_again() {
    use wallet_core::codec::base64url;
    use wallet_core::protocol::dcql::{Query, TrustedAuthority};
    for (kind, own, verdict, code) in [
        ("aki", true, Verdict::Accepted, None),
        ("aki", false, Verdict::Refused, Some("dcql.authority")),
        // Of another kind of list the trust store is the judge.
        ("etsi_tl", false, Verdict::Accepted, None),
    ] {
        let mut campus = Campus::new();
        let holding = campus.pupil();
        let mut university = campus.university();
        let plain = ask(&mut university, &mut campus, &spec(ResponseMode::DirectPost));
        let answer = wallet_answers(&mut university, &mut campus, &holding, &plain.request_url);
        let text = json(&field(&answer, "vp_token"));
        let text = text.get("report").and_then(Json::as_array).unwrap()[0]
            .as_str()
            .unwrap()
            .to_owned();

        let key = campus.school.chain[0].authority_key_id().unwrap().to_vec();
        let wanted = base64url::encode(if own { &key[..] } else { b"another authority" });
        let credential = query().credentials()[0].clone();
        let credential = credential.with_authority(TrustedAuthority::new(kind, &[wanted.as_str()]));
        let mut spec = spec(ResponseMode::DirectPost);
        spec.query = Query::new(vec![credential], Vec::new()).unwrap();
        let asked = ask(&mut university, &mut campus, &spec);
        // What a wallet that ignores the hint would send: the same claims, for this request.
        let claims = request_claims(&mut university, &mut campus, &asked);
        let claim = |name: &str| claims.get(name).and_then(Json::as_str).unwrap().to_owned();
        let text = bind(&campus, &text, "report", &claim("nonce"), &claim("client_id"));
        let tokens = Object::new()
            .with("report", Json::Array(vec![Json::from(text)]))
            .to_string();
        let url = HttpsUrl::parse(&claim("response_uri"), LinkPolicy::HttpsOnly).unwrap();
        let body = encode_form([("vp_token", tokens.as_str()), ("state", claim("state").as_str())]);
        let sent = HttpRequest::post(url, "application/x-www-form-urlencoded", body);
        assert_eq!(deliver(&mut university, &mut campus, &sent).status(), 200);
        let presented = answered(&university, &campus, &asked.id);
        assert_eq!((presented.verdict(), presented.code()), (verdict, code), "{kind}");
    }
}
