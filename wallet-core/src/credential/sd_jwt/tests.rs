//! A credential from its blueprint to a verified presentation.

use super::*;
use crate::codec::Budget;
use crate::crypto::{Curve, Random, SigningKey, sha256};
use crate::keys::{Jwk, JwkSet, KeyHandle};
use crate::time::Timestamp;
use crate::trust::{Environment, TrustStore};

struct Repeatable([u8; 32]);

impl Random for Repeatable {
    fn fill(&mut self, out: &mut [u8]) {
        for byte in out {
            self.0 = sha256(&self.0);
            *byte = self.0[0];
        }
    }
}

fn json(text: &str) -> Json {
    Json::parse(text, &mut Budget::default()).expect("valid JSON")
}

fn path(text: &str) -> ClaimPath {
    ClaimPath::parse(&json(text)).expect("valid path")
}

fn now() -> Timestamp {
    Timestamp::from_unix(1_800_000_000)
}

#[test]
fn what_was_selected_arrives_and_nothing_else() {
    let mut random = Repeatable([7; 32]);
    let issuer = SigningKey::generate(Curve::P256, &mut random);
    let holder = SigningKey::generate(Curve::P256, &mut random);
    let mut trust = TrustStore::new(Environment::Test);
    let jwk = json(&PublicKey::from(&issuer).to_jwk().to_string());
    trust.pin_issuer_keys(None, JwkSet::new(vec![Jwk::parse(&jwk).expect("valid key")]));
    let Json::Object(claims) = json(
        r#"{"iss":"https://school.example","vct":"urn:example:report","name":{"given":"Ada","family":"L"},
            "courses":[{"subject":"Maths","points":15},{"subject":"Art","points":9}],"final":"1.0"}"#,
    ) else {
        panic!("an object");
    };
    let claims = claims.with(
        "cnf",
        json(&format!(r#"{{"jwk":{}}}"#, PublicKey::from(&holder).to_jwk())),
    );
    let paths = [
        r#"["name"]"#,
        r#"["name",null]"#,
        r#"["courses",null]"#,
        r#"["courses",null,"points"]"#,
        r#"["final"]"#,
    ];
    assert_eq!(
        Blueprint::new(claims.clone(), &[path(paths[1])]),
        Err(PathError::NotAnArray.into())
    );
    let paths = [
        path(paths[0]),
        path(r#"["name","given"]"#),
        path(paths[2]),
        path(paths[3]),
        path(paths[4]),
    ];
    let issued = Blueprint::new(claims.clone(), &paths)
        .expect("valid blueprint")
        .decoys(3)
        .conceal(&mut random)
        .sign(Object::new(), &issuer);
    let verified = Unverified::<SdJwt>::parse(&issued, &mut Budget::default())
        .and_then(|received| received.verify(&trust, &VerifyOptions::at_rest(), now()))
        .expect("it verifies");
    let credential = verified.credential();
    for (name, value) in claims.iter().filter(|(name, _)| *name != "name") {
        assert_eq!(credential.claims().get(name), Some(value));
    }
    assert_eq!(credential.disclosable().len(), 7);
    assert_eq!(credential.to_compact(), issued);

    let selection = credential
        .select(&[path(r#"["courses",1,"points"]"#), path(r#"["name"]"#)])
        .expect("they are there");
    assert_eq!(selection.count(), 4);
    let disclosed = selection.disclosed_claims();
    assert_eq!(
        disclosed.get("courses"),
        Some(&json(r#"[{"subject":"Art","points":9}]"#))
    );
    assert_eq!(disclosed.get("name"), Some(&json(r#"{"family":"L","given":"Ada"}"#)));
    assert!(!disclosed.contains("final"));

    let unbound = credential.present(&selection).bind(
        "n-1",
        "x509_hash:abc",
        now(),
        KeyHandle::new("k"),
        PublicKey::from(&holder),
    );
    let signature = holder.sign(unbound.signing_request().message());
    let sent = unbound.with_signature(&signature);
    let options = VerifyOptions::presentation(KeyBinding::new("n-1", "x509_hash:abc"));
    let shown = Unverified::<SdJwt>::parse(&sent, &mut Budget::default())
        .and_then(|received| received.verify(&trust, &options, now()))
        .expect("it verifies");
    assert_eq!(shown.credential().claims(), disclosed);
    for form in [JsonForm::Flattened, JsonForm::General] {
        let text = shown.credential().to_json(form).to_string();
        let again = Unverified::parse_json(text.as_bytes(), &mut Budget::default());
        assert_eq!(
            again.map(|again| again.inner().clone()).as_ref(),
            Ok(shown.credential())
        );
    }
}
