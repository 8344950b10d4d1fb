//! What a stranger can make large: it is bounded, or costs no more than its size.

use wallet_core::codec::{Budget, Json, Object};
use wallet_core::credential::sd_jwt::{Blueprint, Kind, SdJwt, VerifyOptions};
use wallet_core::credential::{ClaimPath, Format, PathElement, Unverified};
use wallet_core::crypto::{Curve, SigningKey};
use wallet_core::dcql::{Candidate, evaluate};
use wallet_core::http::{HttpsUrl, LinkPolicy, UrlError};
use wallet_core::keys::{Jwk, JwkSet, PublicKey};
use wallet_core::protocol::dcql::{ClaimQuery, CredentialQuery, Query};
use wallet_core::time::Timestamp;
use wallet_core::trust::{Environment, TrustStore};
use wallet_tests::TestRandom;

fn elements(count: usize) -> Object {
    let items = (0..count).map(Json::from).collect::<Vec<_>>();
    Object::new().with("list", Json::Array(items))
}

fn each() -> ClaimPath {
    ClaimPath::of_keys("list", &[]).then(PathElement::All)
}

#[test]
fn a_port_is_a_colon_and_digits() {
    for (text, policy) in [
        ("http://[::1]x80/", LinkPolicy::LoopbackHttp),
        ("http://127.0.0.1:+80/", LinkPolicy::LoopbackHttp),
        ("https://school.example:+443/", LinkPolicy::HttpsOnly),
        ("https://school.example:/", LinkPolicy::HttpsOnly),
        ("https://school.example:0/", LinkPolicy::HttpsOnly),
        ("https://school.example:65536/", LinkPolicy::HttpsOnly),
    ] {
        assert_eq!(HttpsUrl::parse(text, policy), Err(UrlError::Host), "{text}");
    }
    assert!(HttpsUrl::parse("https://school.example:8443/", LinkPolicy::HttpsOnly).is_ok());
    assert!(HttpsUrl::parse("http://[::1]:8080/", LinkPolicy::LoopbackHttp).is_ok());
}

#[test]
fn values_to_compare_with_count_against_the_budget() {
    let claims = elements(1_000);
    let mut claim = ClaimQuery::new(each());
    for value in 0..200_i64 {
        claim = claim.with_value(-1 - value);
    }
    let query = CredentialQuery::sd_jwt_vc("a", &["urn:x"]).with_claim(claim);
    let query = Query::new(vec![query], Vec::new()).expect("a query");
    let held = [Candidate::new("a", Format::DcSdJwt, &claims)
        .with_types(["urn:x"])
        .with_holder_binding(true)];
    let code = |values| {
        let evaluation = evaluate(&query, &held, &mut Budget::new(usize::MAX, 64, values));
        evaluation
            .map(|evaluation| evaluation.is_satisfied())
            .map_err(|error| error.code())
    };
    assert_eq!(code(210_000), Ok(false));
    assert_eq!(code(100_000), Err("dcql.query.limit"));
}

#[test]
fn every_element_of_a_long_array_can_be_selected() {
    const COUNT: usize = 5_000;
    let key = SigningKey::generate(Curve::Ed25519, &mut TestRandom::new(1));
    let plan = Blueprint::new(elements(COUNT), &[each()]).expect("a plan");
    let text = plan.conceal(&mut TestRandom::new(2)).sign(Object::new(), &key);
    let jwk = Jwk::parse(&Json::Object(PublicKey::from(&key).to_jwk())).expect("a key");
    let mut trust = TrustStore::new(Environment::Test);
    trust.pin_issuer_keys(None, JwkSet::new(vec![jwk]));
    let parsed = Unverified::<SdJwt>::parse(&text, &mut Budget::default()).expect("an SD-JWT");
    let options = VerifyOptions::at_rest().with_kind(Kind::Plain);
    let verified = parsed.verify(&trust, &options, Timestamp::from_unix(0)).expect("good");
    let credential = verified.credential();
    let count = |path| credential.select(&[path]).expect("selects").count();
    assert_eq!(count(each()), COUNT);
    assert_eq!(count(ClaimPath::of_keys("list", &[])), COUNT);
    assert_eq!(count(ClaimPath::of_keys("list", &[]).then(PathElement::Index(7))), 1);
}
