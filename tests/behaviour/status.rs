//! Status lists from making to checking.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use proptest::prelude::*;
use wallet_core::codec::{Json, Object};
use wallet_core::crypto::{Curve, SigningKey};
use wallet_core::envelope::jws::Header;
use wallet_core::keys::{Jwk, JwkSet, PublicKey};
use wallet_core::status::{StatusError, StatusList, StatusListToken, StatusWidth, TokenTimes};
use wallet_core::time::Timestamp;
use wallet_core::trust::{Environment, IssuerClaim, TrustStore, TrustedIssuer};
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
