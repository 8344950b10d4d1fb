//! Status lists from making to checking.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use proptest::prelude::*;
use wallet_core::codec::{Budget, Json, Object};
use wallet_core::credential::sd_jwt::{Blueprint, SdJwt, VerifyOptions};
use wallet_core::credential::{StatusListReference, Unverified, Verified};
use wallet_core::crypto::{Curve, SigningKey};
use wallet_core::envelope::jws::Header;
use wallet_core::http::HttpResponse;
use wallet_core::keys::{Jwk, JwkSet, PublicKey};
use wallet_core::status::{
    Status, StatusError, StatusEvidence, StatusList, StatusListToken, StatusPolicy, StatusWidth, TokenTimes,
};
use wallet_core::time::{Timestamp, Validity};
use wallet_core::trust::authority::{CertificateAuthority, LeafProfile};
use wallet_core::trust::{Certificate, Environment, IssuerClaim, Role, TrustStore, TrustedIssuer};
use wallet_tests::TestRandom;

const URI: &str = "https://schule.example/status/1";

fn now() -> Timestamp {
    Timestamp::parse("2026-07-05T12:00:00Z").unwrap()
}

fn key(seed: u8) -> SigningKey {
    SigningKey::generate(Curve::P256, &mut TestRandom::new(seed))
}

/// An issuer that is known by keys pinned for it, the first of which signed the credential.
fn issuer(keys: &[&SigningKey]) -> TrustedIssuer {
    let jwk = |(kid, key): (usize, &&SigningKey)| {
        let jwk = PublicKey::from(*key).to_jwk().with("kid", Json::from(kid.to_string()));
        Jwk::parse(&Json::from(jwk)).unwrap()
    };
    let mut trust = TrustStore::new(Environment::Test);
    let keys = keys.iter().enumerate().map(jwk).collect();
    trust.pin_issuer_keys(Some("https://schule.example".to_owned()), JwkSet::new(keys));
    let header = Object::new()
        .with("alg", Json::from("ES256"))
        .with("kid", Json::from("0"));
    let header = Header::new(header).unwrap();
    let claim = IssuerClaim::new(&header, Some("https://schule.example"), "urn:schule:abitur");
    trust.resolve_issuer(&claim, now()).unwrap()
}

/// A school with a certificate, and the state that vouches for it.
struct School {
    key: SigningKey,
    chain: Vec<Certificate>,
    trust: TrustStore,
}

fn school() -> School {
    let mut random = TestRandom::new(5);
    let window = Validity::new(Some(now().plus(-86_400)), Some(now().plus(365 * 86_400)));
    let root = CertificateAuthority::generate("Land", Curve::P256, window, &mut random).unwrap();
    let key = key(6);
    let profile = LeafProfile::new("Gymnasium Süd").uri("https://schule.example");
    let leaf = root
        .issue_leaf(&profile, &PublicKey::from(&key), window, &mut random)
        .unwrap();
    let mut trust = TrustStore::new(Environment::Test);
    trust.add_anchor(Role::Issuers, root.certificate().clone());
    School {
        key,
        chain: root.chain_of(&leaf),
        trust,
    }
}

impl School {
    fn report(&self, index: u64) -> Verified<SdJwt> {
        let claims = Object::new()
            .with("iss", Json::from("https://schule.example"))
            .with("vct", Json::from("urn:schule:abitur"))
            .with("iat", Json::from(now().unix()))
            .with("status", Json::from(StatusListReference::new(index, URI).to_claim()))
            .with("final_grade", Json::from("1.3"));
        let header = Object::new()
            .with("typ", Json::from("dc+sd-jwt"))
            .with("x5c", Certificate::to_x5c(&self.chain));
        let concealed = Blueprint::new(claims, &[]).unwrap().conceal(&mut TestRandom::new(8));
        let text = concealed.sign(header, &self.key);
        let report = Unverified::<SdJwt>::parse(&text, &mut Budget::default()).unwrap();
        report.verify(&self.trust, &VerifyOptions::at_rest(), now()).unwrap()
    }

    fn evidence(&self, revoked: &[u64]) -> StatusEvidence {
        let mut list = StatusList::new(StatusWidth::Two, 10_000).unwrap();
        for index in revoked {
            list.set(*index, 1).unwrap();
        }
        let times = TokenTimes::new(now()).expires(now().plus(86_400)).time_to_live(3600);
        let token = StatusListToken::new(URI, list, times).sign(&self.key, &self.chain);
        let mut evidence = StatusEvidence::new();
        evidence.add_response(
            URI,
            &HttpResponse::of_type(200, "application/statuslist+jwt", token),
            now(),
        );
        evidence
    }
}

#[test]
fn a_revoked_report_is_refused_and_its_neighbour_is_not() {
    let school = school();
    let before = school.evidence(&[]);
    assert_eq!(school.report(7).status(&before, now()), Status::Valid);
    let accepted = school
        .report(7)
        .accept(&before, StatusPolicy::RefuseUnknown, now())
        .unwrap();
    let grade = accepted.credential().claims().get("final_grade").and_then(Json::as_str);
    assert_eq!(grade, Some("1.3"));

    let after = school.evidence(&[7]);
    let refused = school.report(7).accept(&after, StatusPolicy::RefuseUnknown, now());
    assert_eq!(refused.err(), Some(StatusError::Revoked));
    assert!(
        school
            .report(8)
            .accept(&after, StatusPolicy::RefuseUnknown, now())
            .is_ok()
    );
}

#[test]
fn a_report_whose_list_was_not_fetched_is_not_accepted() {
    let school = school();
    let refused = school
        .report(7)
        .accept(&StatusEvidence::new(), StatusPolicy::RefuseUnknown, now());
    assert_eq!(refused.map_err(|error| error.code()).err(), Some("status.not_fetched"));
}

#[test]
fn a_list_of_another_state_says_nothing() {
    let school = school();
    let stranger = CertificateAuthority::generate(
        "Land",
        Curve::P256,
        Validity::new(Some(now()), Some(now().plus(86_400))),
        &mut TestRandom::new(11),
    );
    let stranger = stranger.unwrap();
    let window = Validity::new(Some(now()), Some(now().plus(86_400)));
    let profile = LeafProfile::new("Gymnasium Süd").uri("https://schule.example");
    let public = PublicKey::from(&school.key);
    let leaf = stranger
        .issue_leaf(&profile, &public, window, &mut TestRandom::new(12))
        .unwrap();
    let list = StatusList::new(StatusWidth::One, 100).unwrap();
    let token = StatusListToken::new(URI, list, TokenTimes::new(now())).sign(&school.key, &[leaf]);
    let mut evidence = StatusEvidence::new();
    evidence.add_token(URI, &token, now());
    let refused = school
        .report(7)
        .accept(&evidence, StatusPolicy::AcceptUnavailable, now());
    assert_eq!(refused.map_err(|error| error.code()).err(), Some("trust.bad_signature"));
}

#[test]
fn a_list_is_signed_by_a_key_of_the_issuer() {
    let (own, second, stranger) = (key(1), key(2), key(3));
    let mut list = StatusList::new(StatusWidth::One, 10_000).unwrap();
    list.set(4711, 1).unwrap();
    let times = TokenTimes::new(now()).expires(now().plus(86_400)).time_to_live(3600);
    let token = StatusListToken::new(URI, list, times);
    let issuer = issuer(&[&own, &second]);
    for signer in [&own, &second] {
        let read = StatusListToken::verify(&token.sign(signer, &[]), URI, &issuer, now()).unwrap();
        assert_eq!(read, token);
        assert_eq!((read.list.get(4711), read.list.get(4712)), (Ok(1), Ok(0)));
    }
    let forged = StatusListToken::verify(&token.sign(&stranger, &[]), URI, &issuer, now());
    assert_eq!(forged.map_err(|error| error.code()), Err("jws.bad_signature"));
    let elsewhere = StatusListToken::verify(
        &token.sign(&own, &[]),
        "https://schule.example/status/2",
        &issuer,
        now(),
    );
    assert_eq!(elsewhere, Err(StatusError::WrongList));
}

#[test]
fn a_large_list_of_valid_credentials_is_small() {
    let list = StatusList::new(StatusWidth::Two, 1 << 20).unwrap();
    assert!(list.compress().len() < 1000);
}

fn width() -> impl Strategy<Value = StatusWidth> {
    prop_oneof![
        Just(StatusWidth::One),
        Just(StatusWidth::Two),
        Just(StatusWidth::Four),
        Just(StatusWidth::Eight)
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn what_is_set_is_read_back_after_encoding(
        width in width(),
        entries in proptest::collection::btree_map(0u64..2000, any::<u8>(), 0..100),
    ) {
        let mut list = StatusList::new(width, 2000).unwrap();
        for (index, value) in &entries {
            list.set(*index, value & width.largest()).unwrap();
        }
        let read = StatusList::decode(&Json::from(list.encode())).unwrap();
        prop_assert_eq!(&read, &list);
        for index in 0..2000 {
            let value = entries.get(&index).map_or(0, |value| value & width.largest());
            prop_assert_eq!(read.get(index), Ok(value));
        }
    }

    #[test]
    fn any_bytes_are_a_list_or_an_error_but_never_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = StatusList::decompress(StatusWidth::One, &bytes);
        let list = StatusList::from_bytes(StatusWidth::Four, bytes.clone()).unwrap();
        let compressed = list.compress();
        prop_assert_eq!(StatusList::decompress(StatusWidth::Four, &compressed), Ok(list));
        // Every shorter stream is cut off, and every longer one has a tail.
        let cut = &compressed[..compressed.len() - 1];
        prop_assert_eq!(StatusList::decompress(StatusWidth::Four, cut), Err(StatusError::Compression));
        let tail = [compressed.as_slice(), &[0]].concat();
        prop_assert_eq!(StatusList::decompress(StatusWidth::Four, &tail), Err(StatusError::Compression));
    }
}
