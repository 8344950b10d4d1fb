use super::*;
use crate::crypto::Curve;

fn key(curve: Curve) -> SigningKey {
    SigningKey::from_bytes(curve, &vec![7; curve.coordinate_length()]).expect("a valid scalar")
}

fn header(text: &str) -> Object {
    match Json::parse(text, &mut Budget::default()) {
        Ok(Json::Object(object)) => object,
        other => panic!("not an object: {other:?}"),
    }
}

fn parse(text: &str) -> Result<UnverifiedJws, JwsError> {
    UnverifiedJws::parse(text, &mut Budget::default())
}

fn forge(protected: &str) -> String {
    format!("{}.e30.AAAA", base64url::encode(protected))
}

#[test]
fn verifies_what_it_signs_and_refuses_one_flipped_bit() {
    for curve in [Curve::P256, Curve::P384, Curve::Ed25519] {
        let key = key(curve);
        let text = UnsignedJws::new(key.algorithm(), header(r#"{"typ":"x"}"#), b"{\"a\":1}").sign(&key);
        let verified = parse(&text)
            .and_then(|jws| jws.verify(&PublicKey::from(&key)))
            .expect("verifies");
        assert_eq!(verified.payload(), b"{\"a\":1}");
        let tampered = text.replace(".eyJhIjoxfQ.", ".eyJhIjoyfQ.");
        assert_ne!(tampered, text);
        let refused = parse(&tampered).and_then(|jws| jws.verify(&PublicKey::from(&key)));
        assert_eq!(refused, Err(JwsError::BadSignature));
    }
}

#[test]
fn the_kind_of_key_must_be_that_of_alg() {
    let text = UnsignedJws::new(SignatureAlgorithm::Es256, Object::new(), b"{}").sign(&key(Curve::P256));
    let other = PublicKey::from(&key(Curve::Ed25519));
    assert_eq!(
        parse(&text).and_then(|jws| jws.verify(&other)),
        Err(JwsError::KeyDoesNotFit)
    );
}

#[test]
fn refuses_headers_that_weaken() {
    for (protected, error) in [
        (r#"{"alg":"none"}"#, JwsError::UnsupportedAlgorithm),
        (r#"{"alg":"HS256"}"#, JwsError::UnsupportedAlgorithm),
        (r#"{"alg":"es256"}"#, JwsError::UnsupportedAlgorithm),
        (r#"{"typ":"JWT"}"#, JwsError::AlgorithmMissing),
        (r#"{"alg":"ES256","crit":["exp"],"exp":1}"#, JwsError::CriticalHeader),
        (r#"{"alg":"ES256","b64":false}"#, JwsError::CriticalHeader),
        (r#"{"alg":"ES256","typ":1}"#, JwsError::BadHeader("typ")),
        (
            r#"{"alg":"ES256","alg":"none"}"#,
            JwsError::Json(JsonError::Duplicate { offset: 15 }),
        ),
        ("[]", JwsError::BadHeader("header")),
    ] {
        assert_eq!(parse(&forge(protected)).map(|_| ()), Err(error), "{protected}");
    }
    assert_eq!(parse("a.b").map(|_| ()), Err(JwsError::NotThreeParts));
    assert_eq!(parse("a.b.c.d").map(|_| ()), Err(JwsError::NotThreeParts));
}

#[test]
fn a_type_may_drop_application() {
    let header = |typ: &str| Header::new(header(&format!(r#"{{"alg":"ES256","typ":"{typ}"}}"#))).expect("valid");
    assert_eq!(header("application/dc+sd-jwt").expect_typ("dc+sd-jwt"), Ok(()));
    assert_eq!(
        header("JWT").expect_typ("dc+sd-jwt"),
        Err(JwsError::WrongType { expected: "dc+sd-jwt" })
    );
}
