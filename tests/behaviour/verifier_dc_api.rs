//! The university asks through the Digital Credentials API: values in, values out, bound to the origin of its page.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use wallet_core::codec::{Budget, Json, Object, base64url};
use wallet_core::credential::Unverified;
use wallet_core::credential::sd_jwt::SdJwt;
use wallet_core::crypto::{ContentCipher, sha256};
use wallet_core::envelope::jwe::{self, Recipient};
use wallet_core::envelope::jws::{UnsignedJws, UnverifiedJws};
use wallet_core::keys::{KeyHandle, PublicKey};
use wallet_core::protocol::openid4vp::{DcApiProtocol, ResponseMode};
use wallet_core::verifier::{DcApiCreated, DcApiSpec, Finding, RequestPrefix, University, Verdict};
use wallet_tests::campus::{Campus, path, query};

const ORIGIN: &str = "https://uni.example";

/// The one request in the options for the browser: its protocol and its parameters.
fn request_of(created: &DcApiCreated) -> (String, Json) {
    let requests = created.digital.get("requests").and_then(Json::as_array).unwrap();
    assert_eq!(requests.len(), 1);
    let protocol = requests[0].get("protocol").and_then(Json::as_str).unwrap();
    (protocol.to_owned(), requests[0].get("data").unwrap().clone())
}

fn claims_of(jws: &str) -> (Object, Json) {
    let jws = UnverifiedJws::parse(jws, &mut Budget::default()).unwrap();
    let claims = Json::parse(jws.inspect(), &mut Budget::default()).unwrap();
    (jws.header().json().clone(), claims)
}

/// A pupil's report, disclosed and bound to nonce and audience.
fn presentation(campus: &mut Campus, nonce: &str, audience: &str) -> String {
    let text = campus.issue("report", campus.claims());
    let report = Unverified::<SdJwt>::parse(&text, &mut Budget::default()).unwrap();
    let report = report
        .verify(&campus.wallet_trust(), &Default::default(), campus.now)
        .unwrap();
    let selection = report
        .credential()
        .select(&[path(&["family_name"]), path(&["report", "average"])]);
    let unbound = report.credential().present(&selection.unwrap()).into_compact();
    let key = campus.key(&KeyHandle::new("report"));
    let claims = Object::new()
        .with("iat", Json::from(campus.now.unix()))
        .with("aud", Json::from(audience))
        .with("nonce", Json::from(nonce))
        .with("sd_hash", Json::from(base64url::encode(sha256(unbound.as_bytes()))));
    let header = Object::new().with("typ", Json::from("kb+jwt"));
    let binding = UnsignedJws::new(key.algorithm(), header, claims.to_string()).sign(key);
    format!("{unbound}{binding}")
}

fn vp_token(presentation: &str) -> Json {
    let tokens = Object::new().with("report", Json::Array(vec![Json::from(presentation)]));
    Object::new().with("vp_token", Json::Object(tokens)).into()
}

fn member<'a>(json: &'a Json, name: &str) -> &'a str {
    json.get(name).and_then(Json::as_str).unwrap()
}

/// Encrypts an answer to the key in the request's metadata.
fn encrypted(campus: &mut Campus, parameters: &Json, answer: &Json) -> Json {
    let metadata = parameters.get("client_metadata").unwrap();
    let keys = metadata.get("jwks").and_then(|jwks| jwks.get("keys")).unwrap();
    let jwk = &keys.as_array().unwrap()[0];
    let kid = member(jwk, "kid").to_owned();
    let recipient = Recipient::new(PublicKey::from_jwk(jwk).unwrap(), Some(kid), ContentCipher::A256Gcm);
    let jwe = jwe::encrypt(answer.to_string().as_bytes(), &recipient, &mut campus.random).unwrap();
    Object::new().with("response", Json::from(jwe)).into()
}

fn credential(protocol: &str, data: Json) -> Json {
    Object::new()
        .with("protocol", Json::from(protocol))
        .with("data", data)
        .into()
}

fn ask(university: &mut University, campus: &mut Campus, spec: &DcApiSpec) -> DcApiCreated {
    university
        .create_dc_api_request(spec, campus.now, &mut campus.random)
        .unwrap()
}

fn verdict(university: &University, campus: &Campus, id: &str) -> (Verdict, Option<String>) {
    match university.result(id, None, campus.now).unwrap() {
        Finding::Answered(presented) => (presented.verdict(), presented.code().map(str::to_owned)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_page_asks_in_each_form_and_the_answer_is_judged_for_its_origin() {
    for (protocol, name) in [
        (DcApiProtocol::Unsigned, "openid4vp-v1-unsigned"),
        (DcApiProtocol::Signed, "openid4vp-v1-signed"),
        (DcApiProtocol::Multisigned, "openid4vp-v1-multisigned"),
    ] {
        let mut campus = Campus::new();
        let mut university = campus.university();
        let mut spec = DcApiSpec::new(query(), ORIGIN);
        spec.protocol = protocol;
        if protocol == DcApiProtocol::Multisigned {
            spec.prefixes.push(RequestPrefix::X509SanDns);
        }
        let created = ask(&mut university, &mut campus, &spec);
        let (named, data) = request_of(&created);
        assert_eq!(named, name);
        let parameters = match protocol {
            DcApiProtocol::Unsigned => data,
            DcApiProtocol::Signed => {
                let (header, claims) = claims_of(member(&data, "request"));
                assert_eq!(header.get("typ"), Some(&Json::from("oauth-authz-req+jwt")));
                assert!(member(&claims, "client_id").starts_with("x509_hash:"));
                claims
            }
            _ => {
                let request = data.get("request").unwrap();
                let signatures = request.get("signatures").and_then(Json::as_array).unwrap();
                assert_eq!(signatures.len(), 2);
                let mut claims = Json::Null;
                for (signature, prefix) in signatures.iter().zip(["x509_hash:", "x509_san_dns:"]) {
                    let parts = [
                        signature.get("protected"),
                        request.get("payload"),
                        signature.get("signature"),
                    ];
                    let jws = parts.map(|part| part.and_then(Json::as_str).unwrap()).join(".");
                    let parsed = UnverifiedJws::parse(&jws, &mut Budget::default()).unwrap();
                    parsed.verify(&PublicKey::from(&campus.university.key)).unwrap();
                    let (header, payload) = claims_of(&jws);
                    let client_id = header.get("client_id").and_then(Json::as_str).unwrap();
                    assert!(client_id.starts_with(prefix), "{client_id}");
                    claims = payload;
                }
                assert_eq!(claims.get("client_id"), None);
                claims
            }
        };
        assert_eq!(parameters.get("state"), None);
        assert_eq!(parameters.get("response_uri"), None);
        assert_eq!(member(&parameters, "response_mode"), "dc_api.jwt");
        let origins = parameters
            .get("expected_origins")
            .and_then(Json::as_array)
            .map(<[Json]>::len);
        assert_eq!(origins, (protocol != DcApiProtocol::Unsigned).then_some(1));

        let nonce = member(&parameters, "nonce").to_owned();
        let answer = vp_token(&presentation(&mut campus, &nonce, "origin:https://uni.example"));
        let answer = credential(name, encrypted(&mut campus, &parameters, &answer));
        assert_eq!(
            university.take_dc_api_response(&created.id, ORIGIN, &answer, campus.now),
            Ok(())
        );
        assert_eq!(verdict(&university, &campus, &created.id), (Verdict::Accepted, None));
        // One nonce, once.
        let again = university.take_dc_api_response(&created.id, ORIGIN, &answer, campus.now);
        assert_eq!(again.unwrap_err().code(), "university.answer.already_answered");
    }
}

/// One change in the answer, or in who hands it in.
#[test]
fn an_answer_for_another_page_or_request_is_not_taken() {
    type Spoil = fn(&mut Campus, &Json) -> (&'static str, Json);
    let plain: fn(&mut Campus, &str, &str) -> Json =
        |campus, nonce, audience| credential("openid4vp-v1-signed", vp_token(&presentation(campus, nonce, audience)));
    let cases: [(&str, Spoil); 8] = [
        ("university.answer.origin", |campus, request| {
            let nonce = member(request, "nonce");
            let text = presentation(campus, nonce, "origin:https://other.example");
            (
                "https://other.example",
                credential("openid4vp-v1-signed", vp_token(&text)),
            )
        }),
        // §A.2: compared as written, without any normalisation.
        ("university.answer.origin", |campus, request| {
            let text = presentation(campus, member(request, "nonce"), "origin:https://uni.example/");
            (
                "https://uni.example/",
                credential("openid4vp-v1-signed", vp_token(&text)),
            )
        }),
        ("university.answer.not_bound", |campus, request| {
            // §A.4: the audience is the origin, even where the request was signed.
            let text = presentation(campus, member(request, "nonce"), member(request, "client_id"));
            (ORIGIN, credential("openid4vp-v1-signed", vp_token(&text)))
        }),
        ("university.answer.not_bound", |campus, _| {
            let text = presentation(campus, "another", "origin:https://uni.example");
            (ORIGIN, credential("openid4vp-v1-signed", vp_token(&text)))
        }),
        ("university.answer.protocol", |campus, request| {
            let text = presentation(campus, member(request, "nonce"), "origin:https://uni.example");
            (ORIGIN, credential("openid4vp-v1-unsigned", vp_token(&text)))
        }),
        ("university.answer.form", |_, _| {
            (
                ORIGIN,
                Object::new().with("protocol", Json::from("openid4vp-v1-signed")).into(),
            )
        }),
        ("university.answer.vp_token", |_, _| {
            (ORIGIN, credential("openid4vp-v1-signed", Object::new().into()))
        }),
        ("university.answer.encryption", |_, _| {
            let data = Object::new().with("response", Json::from("a.b.c.d.e"));
            (ORIGIN, credential("openid4vp-v1-signed", data.into()))
        }),
    ];
    for (code, spoil) in cases {
        let mut campus = Campus::new();
        let mut university = campus.university();
        let mut spec = DcApiSpec::new(query(), ORIGIN);
        if code != "university.answer.encryption" {
            spec.response_mode = ResponseMode::DcApi;
        }
        let created = ask(&mut university, &mut campus, &spec);
        let (_, data) = request_of(&created);
        let (_, parameters) = claims_of(member(&data, "request"));
        let (origin, answer) = spoil(&mut campus, &parameters);
        let refused = university.take_dc_api_response(&created.id, origin, &answer, campus.now);
        assert_eq!(refused.unwrap_err().code(), code);
        // What was not bound is closed, for its nonce was used; everything else leaves the request open.
        if code != "university.answer.not_bound" && code != "university.answer.encryption" {
            let good = plain(&mut campus, member(&parameters, "nonce"), "origin:https://uni.example");
            assert_eq!(
                university.take_dc_api_response(&created.id, ORIGIN, &good, campus.now),
                Ok(()),
                "{code}"
            );
            assert_eq!(verdict(&university, &campus, &created.id), (Verdict::Accepted, None));
        }
    }
}

#[test]
fn an_encrypted_answer_is_not_taken_in_the_open_and_an_error_is() {
    let mut campus = Campus::new();
    let mut university = campus.university();
    let created = ask(&mut university, &mut campus, &DcApiSpec::new(query(), ORIGIN));
    let (_, data) = request_of(&created);
    let (_, parameters) = claims_of(member(&data, "request"));
    let text = presentation(&mut campus, member(&parameters, "nonce"), "origin:https://uni.example");
    let mut take =
        |data: Json, campus: &Campus| university.take_dc_api_response(&created.id, ORIGIN, &data, campus.now);
    let refused = take(vp_token(&text), &campus);
    assert_eq!(refused.unwrap_err().code(), "university.answer.not_encrypted");
    let declined = Object::new().with("error", Json::from("access_denied"));
    assert_eq!(take(declined.into(), &campus), Ok(()));
    let finding = university.result(&created.id, None, campus.now);
    assert_eq!(finding, Ok(Finding::Declined("access_denied".to_owned())));
}

#[test]
fn a_page_has_an_origin_and_its_request_has_no_link() {
    let mut campus = Campus::new();
    let mut university = campus.university();
    for origin in [
        "",
        "https://uni.example/",
        "https://uni.example/page",
        "uni.example",
        "https://",
        "https://a b",
    ] {
        let spec = DcApiSpec::new(query(), origin);
        let refused = university.create_dc_api_request(&spec, campus.now, &mut campus.random);
        assert_eq!(refused.unwrap_err().code(), "university.origin", "{origin}");
    }
    let created = ask(&mut university, &mut campus, &DcApiSpec::new(query(), ORIGIN));
    campus.now = created.expires;
    let late = university.take_dc_api_response(&created.id, ORIGIN, &vp_token("a~"), campus.now);
    assert_eq!(late.unwrap_err().code(), "university.answer.expired");
}
