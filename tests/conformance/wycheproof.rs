//! Wycheproof: the files of every primitive in use, on every provider that is built in.
//!
//! Not in use, so not run: AES-CBC, AES key wrap, RSA, X25519, secp256k1, BLS.

use std::collections::BTreeMap;
use std::fs;

use wallet_core::codec::{Budget, Json, base64url};
use wallet_core::crypto::{
    AgreementKey, ContentCipher, Curve, EcdsaScheme, HashAlgorithm, Provider, VerifyingKey, agree, agree_p256,
    hkdf_sha256, hmac_sha256, verify_ecdsa_der, verify_hmac_sha256,
};
use wallet_core::envelope::jwe::{EncryptedJwe, JweError};
use wallet_core::envelope::jws::{JwsError, UnverifiedJws};
use wallet_core::keys::JwkSet;

fn providers() -> Vec<Provider> {
    vec![
        #[cfg(feature = "fast-verify")]
        Provider::AwsLc,
        Provider::RustCrypto,
    ]
}

/// The groups of a file; `None` where there are no vectors.
fn groups(file: &str) -> Option<Vec<Json>> {
    let text = fs::read(wallet_tests::vectors("wycheproof")?.join(file)).expect("a file");
    let json = Json::parse(text, &mut Budget::new(usize::MAX, 64, usize::MAX)).expect("valid JSON");
    Some(
        json.get("testGroups")
            .and_then(Json::as_array)
            .expect("groups")
            .to_vec(),
    )
}

fn tests(group: &Json) -> &[Json] {
    group.get("tests").and_then(Json::as_array).expect("tests")
}

fn text<'a>(json: &'a Json, name: &str) -> &'a str {
    json.get(name).and_then(Json::as_str).expect(name)
}

fn hex(text: &str) -> Vec<u8> {
    let digits = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("hex");
    text.as_bytes().chunks(2).map(digits).collect()
}

fn bytes(json: &Json, name: &str) -> Vec<u8> {
    hex(text(json, name))
}

fn id(test: &Json) -> u64 {
    test.get("tcId").and_then(Json::as_u64).expect("tcId")
}

/// Compares a verdict with the expected one; `acceptable` may go either way.
fn judge(file: &str, test: &Json, accepted: bool) {
    match text(test, "result") {
        "valid" => assert!(accepted, "{file} #{} is valid: {}", id(test), text(test, "comment")),
        "invalid" => assert!(!accepted, "{file} #{} is invalid: {}", id(test), text(test, "comment")),
        _ => {}
    }
}

#[test]
fn ecdsa_signatures_of_fixed_length() {
    for (file, curve) in [
        ("ecdsa_secp256r1_sha256_p1363_test.json", Curve::P256),
        ("ecdsa_secp384r1_sha384_p1363_test.json", Curve::P384),
        ("ecdsa_secp521r1_sha512_p1363_test.json", Curve::P521),
        ("ecdsa_brainpoolP256r1_sha256_p1363_test.json", Curve::BrainpoolP256r1),
    ] {
        for group in groups(file).unwrap_or_default() {
            let point = bytes(group.get("publicKey").expect("a key"), "uncompressed");
            for provider in providers() {
                let key = VerifyingKey::with_provider(provider, curve, &point).expect("a key");
                for test in tests(&group) {
                    judge(file, test, key.verify(&bytes(test, "msg"), &bytes(test, "sig")).is_ok());
                }
            }
        }
    }
}

#[test]
fn ecdsa_signatures_in_der() {
    for (file, curve, hash) in [
        ("ecdsa_secp256r1_sha256_test.json", Curve::P256, HashAlgorithm::Sha256),
        ("ecdsa_secp384r1_sha384_test.json", Curve::P384, HashAlgorithm::Sha384),
        ("ecdsa_secp521r1_sha512_test.json", Curve::P521, HashAlgorithm::Sha512),
    ] {
        for group in groups(file).unwrap_or_default() {
            let point = bytes(group.get("publicKey").expect("a key"), "uncompressed");
            for test in tests(&group) {
                let scheme = EcdsaScheme::new(curve, hash);
                let verdict = verify_ecdsa_der(scheme, &point, &bytes(test, "msg"), &bytes(test, "sig"));
                judge(file, test, verdict.is_ok());
            }
        }
    }
}

#[test]
fn ed25519_signatures() {
    let file = "ed25519_test.json";
    for group in groups(file).unwrap_or_default() {
        let point = bytes(group.get("publicKey").expect("a key"), "pk");
        for test in tests(&group) {
            let key = VerifyingKey::new(Curve::Ed25519, &point);
            let verdict = key.map(|key| key.verify(&bytes(test, "msg"), &bytes(test, "sig")).is_ok());
            judge(file, test, verdict == Ok(true));
        }
    }
}

#[test]
fn key_agreement() {
    for (file, curve) in [
        ("ecdh_secp256r1_ecpoint_test.json", Curve::P256),
        ("ecdh_secp384r1_ecpoint_test.json", Curve::P384),
    ] {
        for group in groups(file).unwrap_or_default() {
            for test in tests(&group) {
                // A big integer: neither its sign byte nor its leading zeros belong to the scalar.
                let (private, length) = (bytes(test, "private"), curve.coordinate_length());
                let private = &private[private.len().saturating_sub(length)..];
                let scalar = [&vec![0; length - private.len()], private].concat();
                let own = AgreementKey::from_bytes_on(curve, &scalar).expect("a scalar");
                let (theirs, expected) = (bytes(test, "public"), bytes(test, "shared"));
                let key = VerifyingKey::new(curve, &theirs);
                let shared = key.and_then(|key| agree(&own, &key));
                judge(file, test, shared.is_ok_and(|shared| *shared == expected));
                if curve == Curve::P256 {
                    let shared = agree_p256(&own, &theirs);
                    judge(file, test, shared.is_ok_and(|shared| shared.as_slice() == expected));
                }
            }
        }
    }
}

#[test]
fn hmac_with_sha256() {
    let file = "hmac_sha256_test.json";
    for group in groups(file).unwrap_or_default() {
        for test in tests(&group) {
            let (key, message, tag) = (bytes(test, "key"), bytes(test, "msg"), bytes(test, "tag"));
            let verdict = verify_hmac_sha256(&key, &[&message], &tag);
            // Shortened tags are not accepted by any format in use.
            if group.get("tagSize").and_then(Json::as_u64) == Some(256) {
                judge(file, test, verdict.is_ok());
                let valid = text(test, "result") == "valid";
                assert_eq!(hmac_sha256(&key, &[&message]).as_slice() == tag, valid, "#{}", id(test));
            } else {
                assert!(verdict.is_err(), "#{}", id(test));
            }
        }
    }
}

#[test]
fn aes_gcm_with_nonces_of_96_and_tags_of_128_bits() {
    let file = "aes_gcm_test.json";
    for group in groups(file).unwrap_or_default() {
        let number = |name: &str| group.get(name).and_then(Json::as_u64);
        let cipher = match (number("keySize"), number("ivSize"), number("tagSize")) {
            (Some(128), Some(96), Some(128)) => ContentCipher::A128Gcm,
            (Some(256), Some(96), Some(128)) => ContentCipher::A256Gcm,
            // Other sizes cannot be said with our types.
            _ => continue,
        };
        for test in tests(&group) {
            let nonce: [u8; 12] = bytes(test, "iv").try_into().expect("96 bits");
            let tag: [u8; 16] = bytes(test, "tag").try_into().expect("128 bits");
            let (key, aad, plain) = (bytes(test, "key"), bytes(test, "aad"), bytes(test, "msg"));
            let opened = cipher.open(&key, &nonce, &bytes(test, "ct"), &tag, &aad);
            judge(file, test, opened.as_ref().is_ok_and(|opened| **opened == plain));
            if text(test, "result") == "valid" {
                assert_eq!(
                    cipher.seal(&key, &nonce, &plain, &aad),
                    Ok((bytes(test, "ct"), tag)),
                    "#{}",
                    id(test)
                );
            }
        }
    }
}

#[test]
fn hkdf_with_sha256() {
    let file = "hkdf_sha256_test.json";
    for group in groups(file).unwrap_or_default() {
        for test in tests(&group) {
            let size = test
                .get("size")
                .and_then(Json::as_u64)
                .and_then(|size| usize::try_from(size).ok());
            let mut out = vec![0; size.expect("a size")];
            let derived = hkdf_sha256(
                &bytes(test, "ikm"),
                &bytes(test, "salt"),
                &bytes(test, "info"),
                &mut out,
            );
            judge(file, test, derived && out == bytes(test, "okm"));
        }
    }
}

/// Algorithms that valid vectors use and we refuse, each with the reason.
const NOT_SUPPORTED: &[(&str, &str)] = &[
    ("HS256", "a MAC is not a signature: whoever checks it can make it"),
    ("HS384", "as HS256"),
    (
        "PS256",
        "RSA: HAIP 1.0 §7 asks for ES256 alone, and no issuer in scope uses it",
    ),
    ("PS384", "as PS256"),
    ("PS512", "as PS256"),
    ("RS256", "as PS256"),
    ("RS384", "as PS256"),
    ("RS512", "as PS256"),
];

fn verify_jws(group: &Json, jws: &str) -> Result<(), JwsError> {
    let jws = UnverifiedJws::parse(jws, &mut Budget::default())?;
    let key = group
        .get("public")
        .or_else(|| group.get("private"))
        .expect("a key")
        .clone();
    let set = if key.get("keys").is_some() {
        key
    } else {
        Json::from(wallet_core::codec::Object::new().with("keys", Json::Array(vec![key])))
    };
    let keys = JwkSet::parse(&set).map_err(|_| JwsError::KeyDoesNotFit)?;
    let header = jws.header().clone();
    let mut verdict = Err(JwsError::KeyDoesNotFit);
    for jwk in keys.candidates(header.algorithm(), header.kid()) {
        verdict = jws.clone().verify(&jwk.key).map(drop);
    }
    verdict
}

#[test]
fn json_web_signatures_and_keys() {
    let mut refused = BTreeMap::new();
    for file in [
        "json_web_signature_test.json",
        "json_web_key_test.json",
        "json_web_crypto_test.json",
    ] {
        for group in groups(file).unwrap_or_default() {
            for test in tests(&group).iter().filter(|test| test.get("jws").is_some()) {
                let jws = text(test, "jws");
                let verdict = verify_jws(&group, jws);
                if text(test, "result") == "valid" && verdict == Err(JwsError::UnsupportedAlgorithm) {
                    let header = base64url::decode(jws.split('.').next().expect("a header")).expect("base64url");
                    let header = Json::parse(header, &mut Budget::default()).expect("valid JSON");
                    refused.insert(text(&header, "alg").to_owned(), id(test));
                    continue;
                }
                judge(file, test, verdict.is_ok());
            }
        }
    }
    expect_refused(refused, NOT_SUPPORTED);
}

/// What valid vectors ask for in JWE and we refuse: `alg` or, with `ECDH-ES`, `enc`.
const NOT_DECRYPTED: &[(&str, &str)] = &[
    (
        "A128GCMKW",
        "key wrapping: OpenID4VP 1.0 §8.3 and HAIP 1.0 §5 use ECDH-ES directly",
    ),
    ("A128KW", "as A128GCMKW"),
    ("A192CBC-HS384", "HAIP 1.0 §5 has A128GCM and A256GCM"),
    ("A192GCM", "as A192CBC-HS384"),
    ("A192GCMKW", "as A128GCMKW"),
    ("A256GCMKW", "as A128GCMKW"),
    ("A256KW", "as A128GCMKW"),
    ("ECDH-ES+A128KW", "as A128GCMKW"),
    ("ECDH-ES+A192KW", "as A128GCMKW"),
    ("ECDH-ES+A256KW", "as A128GCMKW"),
    ("RSA-OAEP", "RSA is not supported"),
    ("RSA-OAEP-256", "RSA is not supported"),
    ("RSA1_5", "RSA is not supported, and this padding is broken"),
    ("dir", "a shared secret that nobody agreed on"),
];

#[test]
fn json_web_encryption() {
    let mut refused = BTreeMap::new();
    let mut opened = 0;
    for file in ["json_web_encryption_test.json", "json_web_crypto_test.json"] {
        for group in groups(file).unwrap_or_default() {
            for test in tests(&group).iter().filter(|test| test.get("jwe").is_some()) {
                let jwe = text(test, "jwe");
                let parsed = EncryptedJwe::parse(jwe, &mut Budget::default());
                let header = || {
                    let header = base64url::decode(jwe.split('.').next().expect("a header")).expect("base64url");
                    Json::parse(header, &mut Budget::default()).expect("valid JSON")
                };
                match (text(test, "result"), &parsed) {
                    ("valid", Err(JweError::UnsupportedAlgorithm)) => {
                        refused.insert(text(&header(), "alg").to_owned(), id(test));
                        continue;
                    }
                    ("valid", Err(JweError::UnsupportedEncryption)) => {
                        refused.insert(text(&header(), "enc").to_owned(), id(test));
                        continue;
                    }
                    _ => {}
                }
                let private = group.get("private").expect("a key");
                let key = private
                    .get("d")
                    .and_then(Json::as_str)
                    .and_then(|d| base64url::decode(d).ok());
                let key = key.and_then(|key| AgreementKey::from_bytes(&key).ok());
                let plain = parsed.ok().zip(key).and_then(|(jwe, key)| jwe.decrypt(&key).ok());
                if let (Some(plain), "valid") = (&plain, text(test, "result")) {
                    assert_eq!(**plain, bytes(test, "pt"), "#{}", id(test));
                    opened += 1;
                }
                judge(file, test, plain.is_some());
            }
        }
    }
    if !refused.is_empty() {
        assert!(opened >= 2, "{opened} decrypted");
    }
    expect_refused(refused, NOT_DECRYPTED);
}

/// The list of divergences is neither too short nor too long; without vectors there is nothing to compare.
fn expect_refused(refused: BTreeMap<String, u64>, listed: &[(&str, &str)]) {
    if !refused.is_empty() {
        let found: Vec<&str> = refused.keys().map(String::as_str).collect();
        let listed: Vec<&str> = listed.iter().map(|(name, _)| *name).collect();
        assert_eq!(found, listed);
    }
}
