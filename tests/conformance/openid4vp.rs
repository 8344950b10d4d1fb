//! OpenID4VP 1.0: the examples of the specification, and traffic of Credo 0.6.3.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use wallet_core::codec::{Budget, Json};
use wallet_core::credential::sd_jwt::Kind;
use wallet_core::crypto::sha256;
use wallet_core::envelope::jwe::EncryptedJwe;
use wallet_core::envelope::jws::{Header, JwsError, UnverifiedJws};
use wallet_core::http::{HttpResponse, LinkPolicy, decode_form};
use wallet_core::keys::{Jwk, JwkSet};
use wallet_core::presentation::{Arrival, Consent, Context, Step, begin};
use wallet_core::protocol::dcql::Query;
use wallet_core::protocol::openid4vp::{
    ClientId, ClientMetadata, ErrorCode, RequestError, RequestLink, RequestMethod, RequestObject, Response,
    ResponseMode,
};
use wallet_core::time::Timestamp;
use wallet_core::trust::{Certificate, Environment, Role, TrustStore};
use wallet_core::verifier::{AssessOptions, CheckName, CheckOutcome, Verdict, assess};
use wallet_tests::TestRandom;

/// Files that are no message of the protocol, or not of a part that is supported, and why.
const LEFT_OUT: &[(&str, &str)] = &[
    (
        "credentials/jwt_vc.json",
        "the claims of a W3C credential, which this release does not read",
    ),
    (
        "credentials/ldp_vc.json",
        "a W3C credential with Data Integrity, which this release does not read",
    ),
    (
        "credentials/sd_jwt_vc.json",
        "a payload without signature; `dc4eu/vp_token.golden` is the same, signed",
    ),
    (
        "credentials/sd_jwt_vc_unsecured.json",
        "the claims before they are concealed",
    ),
    (
        "digital_credentials_api/signed_request_payload.json",
        "not JSON: `{...}`",
    ),
    (
        "digital_credentials_api/signed_request_payload_compact.json",
        "not JSON: `{...}`",
    ),
    ("request/request_object_client_id_did.json", "not JSON: `{ ... }`"),
    (
        "response/jwt_vc.json",
        "the claims of a W3C presentation, which this release does not read",
    ),
    (
        "response/kb_jwt_unsecured.json",
        "claims without signature, with transaction data, which is not supported",
    ),
    (
        "response/ldp_vc.json",
        "a W3C presentation, which this release does not read",
    ),
];

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("a file")
}

fn json(text: impl AsRef<[u8]>) -> Json {
    Json::parse(text, &mut Budget::default()).expect("valid JSON")
}

fn request_object(claims: &Json) -> Result<RequestObject, RequestError> {
    RequestObject::parse(claims.as_object().expect("claims"))
}

#[test]
fn every_example_of_the_specification_is_understood_or_left_out_for_a_reason() {
    let Some(folder) = wallet_tests::vectors("openid4vp") else {
        return;
    };
    let examples = folder.join("spec-1.0");
    let mut count = 0;
    let mut left_out = LEFT_OUT.to_vec();
    for part in fs::read_dir(&examples).expect("a folder") {
        let part = part.expect("an entry").path();
        let name = part
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a name")
            .to_owned();
        if name == "sd_jwt_vcld" {
            // Appendix B.3.7: SD-JWT VC with an `ld` claim is an SD-JWT VC.
            count += crate::sd_jwt::run(&part, Kind::Vc);
            continue;
        }
        for file in files(&part) {
            let case = format!(
                "{name}/{}",
                file.file_name().and_then(|name| name.to_str()).expect("a name")
            );
            count += 1;
            match left_out.iter().position(|(left, _)| *left == case) {
                Some(position) => drop(left_out.remove(position)),
                None => example(&name, &case, &read(&file)),
            }
        }
    }
    assert!(left_out.is_empty(), "left out, but not there: {left_out:?}");
    assert!(count >= 24, "{count} examples");
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    files
}

fn example(part: &str, case: &str, text: &str) {
    let value = json(text);
    match part {
        "client_metadata" => {
            let metadata = ClientMetadata::parse(&value).expect(case);
            assert_eq!(metadata.formats.map(|formats| formats.len()), Some(1), "{case}");
        }
        "query_lang" => drop(Query::parse(&value).expect(case)),
        "request" if case.contains("header") => {
            // RS256 is not among the algorithms of HAIP 1.0 §7.
            let header = Header::new(value.as_object().expect(case).clone());
            assert_eq!(header, Err(JwsError::UnsupportedAlgorithm), "{case}");
        }
        "request" => drop(Query::parse(&value).expect(case)),
        // The Digital Credentials API is not supported; the error names what is.
        "digital_credentials_api" if value.get("error").is_some() => {
            let code = value.get("error").and_then(Json::as_str).expect(case);
            assert_eq!(ErrorCode::from_name(code), ErrorCode::InvalidRequest, "{case}");
        }
        "digital_credentials_api" => assert_eq!(request_object(&value), Err(RequestError::ResponseMode), "{case}"),
        other => panic!("a new kind of example: {other}"),
    }
}

#[test]
fn presentations_of_another_wallet_are_judged() {
    let Some(folder) = wallet_tests::vectors("openid4vp") else {
        return;
    };
    let folder = folder.join("dc4eu");
    let golden = |name: &str| -> String { read(&folder.join(name)).split_whitespace().collect() };
    // The issuer's key of the examples of RFC 9901 and OpenID4VP 1.0.
    let key = r#"{"kty":"EC","crv":"P-256","x":"b28d4MwZMjw8-00CG4xfnn9SLMVMM19SlqZpVb_uNtQ","y":"Xv5zWwuoaTgdS6hV43yI6gBwTnjukmFQQnJ_kCxzqk8"}"#;
    let mut trust = TrustStore::new(Environment::Test);
    trust.pin_issuer_keys(None, JwkSet::new(vec![Jwk::parse(&json(key)).expect("a key")]));
    let options = AssessOptions::new(&trust, Timestamp::from_unix(1_709_838_700));
    let options = options.with_key_binding("n-0S6_WzA2Mj", "https://example.com/verifier", 300);
    // All is well but the key binding: its `sd_hash` is that of no selection of the disclosures beside it.
    let assessment = assess(golden("vp_token.golden"), &options);
    assert_eq!(assessment.code(), Some("sd_jwt.key_binding.sd_hash"), "{assessment:?}");
    let check = |name| assessment.check(name).map(|check| check.outcome.name());
    assert_eq!(check(CheckName::Integrity), Some("pass"));
    assert_eq!(check(CheckName::Binding), Some("fail"));
    // `vc+sd-jwt`, the type before SD-JWT VC draft 06, by an issuer that nobody here knows.
    let assessment = assess(golden("vp_token_2.golden"), &options);
    assert_eq!(assessment.verdict(), Verdict::Refused, "{assessment:?}");
    // A request from the time when it had to be said that nobody signed it.
    let request = request_object(&json(read(&folder.join("request_object_from_spec.json"))));
    assert_eq!(request, Err(RequestError::ResponseMode));
}

/// One exchange of the recorded traffic.
struct Recorded {
    method: String,
    url: String,
    body: String,
    response: String,
}

fn traffic() -> Option<Vec<Recorded>> {
    let folder = wallet_tests::vectors("openid4vc-capture")?;
    let text = read(&folder.join("credo-0.6.3-dpop-batch.jsonl"));
    let exchange = |line: &str| {
        let exchange = json(line);
        let text = |name: &str| exchange.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        Recorded {
            method: text("method"),
            url: text("url"),
            body: text("body"),
            response: text("response"),
        }
    };
    let all = text.lines().map(exchange);
    Some(all.filter(|exchange| exchange.url.contains("/oid4vp/")).collect())
}

fn payload(jwt: &str) -> (Header, Json) {
    let jws = UnverifiedJws::parse(jwt, &mut Budget::default()).expect("a JWS");
    (jws.header().clone(), json(jws.inspect()))
}

fn leaf(header: &Header) -> Certificate {
    let chain = header.x5c().expect("certificates").expect("certificates");
    Certificate::parse(&chain[0]).expect("a certificate")
}

/// Our wallet, to which Credo's verifier is known by its certificate, reads the request as recorded.
fn ask(exchange: &Recorded) -> Consent {
    let (header, claims) = payload(&exchange.response);
    let mut trust = TrustStore::new(Environment::Test);
    trust.add_anchor(Role::RelyingParties, leaf(&header));
    let context = Context::new(&trust, &[]).with_links(LinkPolicy::LoopbackHttp);
    let id = ClientId::new(claims.get("client_id").and_then(Json::as_str).expect("an identifier"));
    let uri = format!("http://localhost:7002{}", exchange.url);
    let link = RequestLink::by_reference(id, uri, RequestMethod::Get).encode("openid4vp");
    let now = Timestamp::from_unix(claims.get("iat").and_then(Json::as_i64).expect("a time"));
    let Ok(Step::Send(send)) = begin(&link, Arrival::Scanned, &context, now, &mut TestRandom::new(1)) else {
        panic!("a request by reference is fetched")
    };
    let response = HttpResponse::of_type(200, "application/oauth-authz-req+jwt", exchange.response.clone());
    match send.answer(&response, &context, now) {
        Ok(Step::Ask(consent)) => consent,
        other => panic!("{other:?}"),
    }
}

#[test]
fn requests_of_credo_are_verified_and_shown() {
    let Some(traffic) = traffic() else { return };
    let requests: Vec<&Recorded> = traffic.iter().filter(|exchange| exchange.method == "GET").collect();
    assert_eq!(requests.len(), 5);
    for exchange in requests {
        let consent = ask(exchange);
        assert_eq!(
            (consent.party().expect("a party").name.as_str(), consent.receiver()),
            ("Credo Verifier", "localhost")
        );
        assert!(!consent.is_answerable());
        let (_, claims) = payload(&exchange.response);
        let request = request_object(&claims).expect("a request object");
        if request.response_mode == ResponseMode::DirectPostJwt {
            assert_eq!(request.metadata.encryption().expect("a key").1, "A256GCM");
        }
    }
}

#[test]
fn answers_of_credos_wallet_are_understood_and_judged() {
    let Some(traffic) = traffic() else { return };
    let mut requests = BTreeMap::new();
    let (mut plain, mut sealed, mut judged) = (0, 0, 0);
    for exchange in &traffic {
        if exchange.method == "GET" {
            let (_, claims) = payload(&exchange.response);
            let request = request_object(&claims).expect("a request object");
            let path = request
                .response_uri
                .as_deref()
                .unwrap_or_default()
                .strip_prefix("http://localhost:7002")
                .expect("its host");
            requests.insert(path.to_owned(), (request, claims));
            continue;
        }
        let fields = decode_form(&exchange.body).expect("a form");
        let budget = &mut Budget::default();
        if let Some((_, jwe)) = fields.iter().find(|(name, _)| name == "response") {
            let jwe = EncryptedJwe::parse(jwe, budget).expect("a JWE");
            let (request, _) = &requests[&exchange.url];
            let (key, _) = request.metadata.encryption().expect("a key");
            assert_eq!(jwe.kid(), Some(key.kid.as_str()));
            sealed += 1;
            continue;
        }
        let response = Response::parse_form(&fields, budget).expect("an answer");
        plain += 1;
        // Two answers belong to unsigned requests, which stood in the link.
        let Some((request, claims)) = requests.get(&exchange.url) else {
            continue;
        };
        assert_eq!(response.state(), request.state.as_deref());
        let Response::Presented { vp_token, .. } = response else {
            panic!("presentations")
        };
        let Some((_, [Json::String(text)])) = vp_token.iter().find(|(query, _)| *query == "deg") else {
            continue;
        };
        let (header, _) = payload(text.split('~').next().expect("a JWT"));
        let mut trust = TrustStore::new(Environment::Test);
        trust.add_anchor(Role::Issuers, leaf(&header));
        let now = Timestamp::from_unix(claims.get("iat").and_then(Json::as_i64).expect("a time"));
        let options = AssessOptions::new(&trust, now);
        let options = options.with_key_binding(&request.nonce, request.client_id.as_str(), 300);
        let assessment = assess(text, &options);
        assert_eq!(assessment.verdict(), Verdict::Accepted, "{assessment:?}");
        let other = options
            .clone()
            .with_key_binding("another", request.client_id.as_str(), 300);
        let binding = assess(text, &other)
            .check(CheckName::Binding)
            .map(|check| check.outcome.clone());
        assert_eq!(binding, Some(CheckOutcome::Fail("sd_jwt.key_binding.nonce".into())));
        judged += 1;
    }
    assert_eq!((plain, sealed, judged), (4, 2, 1));
}

#[test]
fn the_hash_in_credos_client_identifier_is_that_of_its_certificate() {
    let Some(traffic) = traffic() else { return };
    let hashed = traffic
        .iter()
        .filter(|exchange| exchange.method == "GET")
        .filter(|exchange| {
            let (header, claims) = payload(&exchange.response);
            let id = ClientId::x509_hash(&sha256(leaf(&header).der()));
            claims.get("client_id").and_then(Json::as_str) == Some(id.as_str())
        });
    assert_eq!(hashed.count(), 3);
}
