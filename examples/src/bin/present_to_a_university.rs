//! A pupil shows two values of a school report to a university, which checks them; then the school revokes it.

use wallet_core::codec::{Budget, Json, Object};
use wallet_core::credential::sd_jwt::{Blueprint, SdJwt};
use wallet_core::credential::{ClaimPath, StatusListReference, Unverified};
use wallet_core::crypto::{Curve, SigningKey, random_token};
use wallet_core::keys::{Jwk, JwkSet, KeyHandle, PublicKey};
use wallet_core::status::{StatusEvidence, StatusList, StatusListToken, StatusWidth, TokenTimes};
use wallet_core::time::Timestamp;
use wallet_core::trust::{Environment, TrustStore};
use wallet_core::verifier::{AssessOptions, assess};
use wallet_examples::{Outcome, SystemRandom, now};

const LIST: &str = "https://school.example/status/1";

fn main() -> Outcome {
    let random = &mut SystemRandom;
    let (school, pupil) = (
        SigningKey::generate(Curve::P256, random),
        SigningKey::generate(Curve::P256, random),
    );
    let holder = PublicKey::from(&pupil);

    // The school issues: every value can be shown alone.
    let disclosable = ["given_name", "final_grade", "remarks"].map(|name| ClaimPath::of_keys(name, &[]));
    let claims = Object::new()
        .with("vct", Json::from("urn:example:report:1"))
        .with(
            "cnf",
            Json::from(Object::new().with("jwk", Json::from(holder.to_jwk()))),
        )
        .with("status", Json::from(StatusListReference::new(7, LIST).to_claim()))
        .with("given_name", Json::from("Thea"))
        .with("final_grade", Json::from("1.4"))
        .with("remarks", Json::from("worked on the school paper"));
    let report = Blueprint::new(claims, &disclosable)?
        .conceal(random)
        .sign(Object::new(), &school);

    // The university trusts the school's key, and asks with a fresh nonce.
    let mut trust = TrustStore::new(Environment::Test);
    let pinned = Jwk::parse(&Json::from(PublicKey::from(&school).to_jwk()))?;
    trust.pin_issuer_keys(None, JwkSet::new(vec![pinned]));
    let nonce = random_token(random);

    // The pupil's wallet checks what it holds, chooses two values, and signs for this university alone.
    let options = wallet_core::credential::sd_jwt::VerifyOptions::at_rest();
    let verified = Unverified::<SdJwt>::parse(&report, &mut Budget::default())?.verify(&trust, &options, now())?;
    let selection = verified.credential().select(&disclosable[..2])?;
    println!("leaves the wallet: {}", selection.disclosed_claims());
    let presentation = verified.credential().present(&selection);
    let unbound = presentation.bind(
        &nonce,
        "https://university.example",
        now(),
        KeyHandle::new("pupil"),
        holder,
    );
    let signature = pupil.sign(unbound.signing_request().message());
    let shown = unbound.with_signature(&signature);

    // The university judges, before and after the school revokes entry 7.
    let mut list = StatusList::new(StatusWidth::One, 100_000)?;
    for revoked in [false, true] {
        list.set(7, u8::from(revoked))?;
        let mut status = StatusEvidence::new();
        status.add_token(LIST, &status_token(&list, &school, now()), now());
        let options = AssessOptions::new(&trust, now()).with_status(&status, now());
        let assessment = assess(
            &shown,
            &options.with_key_binding(&nonce, "https://university.example", 300),
        );
        println!(
            "revoked: {revoked:<5}  verdict: {} {}",
            assessment.verdict(),
            assessment.code().unwrap_or_default()
        );
    }
    Ok(())
}

fn status_token(list: &StatusList, school: &SigningKey, now: Timestamp) -> String {
    StatusListToken::new(LIST, list.clone(), TokenTimes::new(now)).sign(school, &[])
}
