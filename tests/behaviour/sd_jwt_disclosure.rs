//! What a holder can and cannot reveal, over invented credentials.

use std::collections::BTreeSet;

use proptest::prelude::*;
use wallet_core::codec::{Budget, Json, Object};
use wallet_core::credential::sd_jwt::{Blueprint, JsonForm, Kind, SdJwt, VerifyOptions};
use wallet_core::credential::{ClaimPath, PathElement, Unverified, Verified};
use wallet_core::crypto::{Curve, HashAlgorithm, SigningKey};
use wallet_core::keys::{Jwk, JwkSet, PublicKey};
use wallet_core::time::Timestamp;
use wallet_core::trust::{Environment, TrustStore};
use wallet_tests::TestRandom;

fn key() -> SigningKey {
    SigningKey::generate(Curve::Ed25519, &mut TestRandom::new(1))
}

fn verify(text: &str) -> Verified<SdJwt> {
    let mut trust = TrustStore::new(Environment::Test);
    let jwk = Json::Object(PublicKey::from(&key()).to_jwk());
    trust.pin_issuer_keys(None, JwkSet::new(vec![Jwk::parse(&jwk).expect("a key")]));
    let options = VerifyOptions::at_rest().with_kind(Kind::Plain);
    Unverified::<SdJwt>::parse(text, &mut Budget::default())
        .and_then(|received| received.verify(&trust, &options, Timestamp::from_unix(0)))
        .expect("it verifies")
}

/// Claims of any shape; names are few, so that levels look alike.
fn claims() -> impl Strategy<Value = Object> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        "[ -~äß\"\\\\]{0,6}".prop_map(Json::from),
    ];
    let value = leaf.prop_recursive(4, 40, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            proptest::collection::vec(("[a-d]", inner), 0..4)
                .prop_map(|members| Json::Object(Object::from_iter(members))),
        ]
    });
    proptest::collection::vec(("[a-f]", value), 1..6).prop_map(Object::from_iter)
}

/// Every place below the root.
fn places(value: &Json, at: &[PathElement], found: &mut Vec<ClaimPath>) {
    let children: Vec<(PathElement, &Json)> = match value {
        Json::Object(object) => object
            .iter()
            .map(|(name, value)| (PathElement::Key(name.to_owned()), value))
            .collect(),
        Json::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, value)| (PathElement::Index(index), value))
            .collect(),
        _ => Vec::new(),
    };
    for (step, child) in children {
        let path = [at, &[step]].concat();
        found.push(ClaimPath::new(path.clone()).expect("not empty"));
        places(child, &path, found);
    }
}

/// The leaves that are readable, each with the names that lead to it (indexes shift when elements stay closed).
fn readable(value: &Json, at: &str, found: &mut BTreeSet<String>) {
    match value {
        Json::Object(object) => object
            .iter()
            .for_each(|(name, value)| readable(value, &format!("{at}.{name}"), found)),
        Json::Array(items) => items
            .iter()
            .for_each(|value| readable(value, &format!("{at}[]"), found)),
        leaf => {
            found.insert(format!("{at}={leaf}"));
        }
    }
}

fn sorted(value: &Json) -> Json {
    match value {
        Json::Object(object) => {
            let mut members: Vec<_> = object
                .iter()
                .map(|(name, value)| (name.to_owned(), sorted(value)))
                .collect();
            members.sort_by(|a, b| a.0.cmp(&b.0));
            Json::Object(Object::from_iter(members))
        }
        Json::Array(items) => Json::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

fn some_of(all: &[ClaimPath], mask: u64) -> Vec<ClaimPath> {
    let chosen = all
        .iter()
        .enumerate()
        .filter(|(index, _)| mask >> (index % 64) & 1 == 1);
    chosen.map(|(_, path)| path.clone()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn disclosing_less_never_reveals_more(claims in claims(), closed in any::<u64>(), more in any::<u64>(), less in any::<u64>(), seed in any::<u8>()) {
        let mut all = Vec::new();
        places(&Json::Object(claims.clone()), &[], &mut all);
        let disclosable = some_of(&all, closed);
        let hash = [HashAlgorithm::Sha256, HashAlgorithm::Sha384, HashAlgorithm::Sha512][usize::from(seed % 3)];
        let text = Blueprint::new(claims.clone(), &disclosable)
            .expect("the places exist")
            .hash(hash)
            .decoys(usize::from(seed % 4))
            .conceal(&mut TestRandom::new(seed))
            .sign(Object::new(), &key());

        // All of it arrives, and parse and encode undo each other in every form.
        let whole = verify(&text);
        let credential = whole.credential();
        prop_assert_eq!(sorted(credential.claims_json()), sorted(&Json::Object(claims)));
        prop_assert_eq!(credential.to_compact(), text.clone());
        for form in [JsonForm::Flattened, JsonForm::General] {
            let json = credential.to_json(form).to_string();
            let again = Unverified::<SdJwt>::parse_json(json.as_bytes(), &mut Budget::default()).expect("valid");
            prop_assert_eq!(again.inspect(), Unverified::<SdJwt>::parse(&text, &mut Budget::default()).expect("valid").inspect());
        }
        let found: BTreeSet<ClaimPath> = credential.disclosable().into_iter().collect();
        prop_assert_eq!(&found, &disclosable.iter().cloned().collect::<BTreeSet<_>>());

        // What is promised is what the recipient reads; fewer paths, fewer leaves.
        let more = some_of(&all, more);
        let less = some_of(&more, less);
        let [more, less] = [more, less].map(|paths| {
            let selection = credential.select(&paths).expect("the places exist");
            let received = verify(&credential.present(&selection).into_compact());
            assert_eq!(received.credential().claims(), selection.disclosed_claims());
            let mut leaves = BTreeSet::new();
            readable(received.credential().claims_json(), "", &mut leaves);
            (leaves, selection.count(), paths)
        });
        prop_assert!(less.0.is_subset(&more.0));
        prop_assert!(less.1 <= more.1);
        // Nothing that is closed goes along unless it is selected, lies above what is, or below it.
        let expected = found.iter().filter(|place| more.2.iter().any(|path| place.starts_with(path) || path.starts_with(place)));
        prop_assert_eq!(more.1, expected.count());
        let mut left = BTreeSet::new();
        let none = credential.select(&[]).expect("nothing is always there");
        readable(&Json::Object(none.disclosed_claims().clone()), "", &mut left);
        prop_assert!(left.is_subset(&less.0));
        prop_assert_eq!(none.count(), 0);
    }
}
