//! RFC 7520 and RFC 8037: what uses our algorithms works, what does not is refused for that reason.

use std::fs;
use std::path::Path;

use wallet_core::codec::{Budget, Json, base64url};
use wallet_core::crypto::SigningKey;
use wallet_core::envelope::jwe::{EncryptedJwe, JweError};
use wallet_core::envelope::jws::{JwsError, UnverifiedJws};
use wallet_core::keys::{KeyError, PublicKey};

fn read(path: &Path) -> Json {
    let json = Json::parse(fs::read(path).expect("a file"), &mut Budget::default());
    json.unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn at<'a>(json: &'a Json, path: &[&str]) -> &'a Json {
    path.iter()
        .fold(json, |json, name| json.get(name).unwrap_or_else(|| panic!("no {name}")))
}

fn text<'a>(json: &'a Json, path: &[&str]) -> &'a str {
    at(json, path).as_str().expect("a string")
}

fn jws(compact: &str) -> Result<UnverifiedJws, JwsError> {
    UnverifiedJws::parse(compact, &mut Budget::default())
}

fn jwe(compact: &str) -> Result<EncryptedJwe, JweError> {
    EncryptedJwe::parse(compact, &mut Budget::default())
}

#[test]
fn ed25519_signs_and_verifies_as_published() {
    let Some(folder) = wallet_tests::vectors("jose") else {
        return;
    };
    let case = read(&folder.join("rfc7520-cookbook/curve25519/jws.json"));
    let key = SigningKey::from_private_jwk(at(&case, &["input", "key"])).expect("a key");
    let verified = jws(text(&case, &["output", "compact"])).and_then(|jws| jws.verify(&PublicKey::from(&key)));
    let payload = verified.as_ref().map(|verified| verified.payload());
    assert_eq!(payload, Ok(text(&case, &["input", "payload"]).as_bytes()));
    let signature = key.sign(text(&case, &["signing", "sig-input"]).as_bytes());
    assert_eq!(base64url::encode(signature), text(&case, &["signing", "sig"]));
    let flat = at(&case, &["output", "json_flat"]);
    let part = |name| text(flat, &[name]);
    let parts = UnverifiedJws::from_parts(
        part("protected"),
        part("payload"),
        part("signature"),
        &mut Budget::default(),
    );
    assert!(parts.and_then(|jws| jws.verify(&PublicKey::from(&key))).is_ok());
}

/// Signatures of algorithms outside the closed set (HAIP 1.0 §7): RSA, HMAC, P-521.
#[test]
fn signatures_of_other_algorithms_are_refused_as_unsupported() {
    let Some(folder) = wallet_tests::vectors("jose") else {
        return;
    };
    let cookbook = folder.join("rfc7520-cookbook");
    for name in [
        "4_1.rsa_v15_signature",
        "4_2.rsa-pss_signature",
        "4_4.hmac-sha2_integrity_protection",
        "4_5.signature_with_detached_content",
    ] {
        let case = read(&cookbook.join(format!("jws/{name}.json")));
        let verdict = jws(text(&case, &["output", "compact"]));
        assert_eq!(verdict.err(), Some(JwsError::UnsupportedAlgorithm), "{name}");
    }
    let case = read(&cookbook.join("jws/4_8.multiple_signatures.json"));
    let json = at(&case, &["output", "json"]);
    let signatures = at(json, &["signatures"]).as_array().expect("signatures");
    let verdicts = signatures.iter().map(|signature| {
        // The second has no protected header at all.
        let protected = signature.get("protected").and_then(Json::as_str).unwrap_or_default();
        let parts = UnverifiedJws::from_parts(
            protected,
            text(json, &["payload"]),
            text(signature, &["signature"]),
            &mut Budget::default(),
        );
        parts.err().map(|error| error.code())
    });
    let expected = [
        Some("jws.unsupported_alg"),
        Some("json.syntax"),
        Some("jws.unsupported_alg"),
    ];
    assert_eq!(verdicts.collect::<Vec<_>>(), expected);
    let case = read(&cookbook.join("6.nesting_signatures_and_encryption.json"));
    assert_eq!(
        jws(text(&case, &["sign", "output", "compact"])).err(),
        Some(JwsError::UnsupportedAlgorithm)
    );
    for name in ["example.jwt", "example_jws.jwt"] {
        let compact = fs::read_to_string(folder.join("nl-wallet").join(name)).expect("a file");
        assert_eq!(
            jws(compact.trim()).err(),
            Some(JwsError::UnsupportedAlgorithm),
            "{name}"
        );
    }
}

/// Encryption other than ECDH-ES on P-256 with AES-GCM (HAIP 1.0 §5).
#[test]
fn encryption_by_other_algorithms_is_refused_as_unsupported() {
    let Some(folder) = wallet_tests::vectors("jose") else {
        return;
    };
    let cookbook = folder.join("rfc7520-cookbook");
    for (name, error) in [
        (
            "jwe/5_1.key_encryption_using_rsa_v15_and_aes-hmac-sha2",
            JweError::UnsupportedAlgorithm,
        ),
        (
            "jwe/5_2.key_encryption_using_rsa-oaep_with_aes-gcm",
            JweError::UnsupportedAlgorithm,
        ),
        (
            "jwe/5_3.key_wrap_using_pbes2-aes-keywrap_with-aes-cbc-hmac-sha2",
            JweError::UnsupportedAlgorithm,
        ),
        (
            "jwe/5_5.key_agreement_using_ecdh-es_with_aes-cbc-hmac-sha2",
            JweError::UnsupportedEncryption,
        ),
        (
            "jwe/5_7.key_wrap_using_aes-gcm_keywrap_with_aes-cbc-hmac-sha2",
            JweError::UnsupportedAlgorithm,
        ),
        (
            "jwe/5_8.key_wrap_using_aes-keywrap_with_aes-gcm",
            JweError::UnsupportedAlgorithm,
        ),
        ("jwe/5_9.compressed_content", JweError::UnsupportedAlgorithm),
        // X25519.
        ("curve25519/ecdh-es", JweError::BadHeader("epk")),
    ] {
        let case = read(&cookbook.join(format!("{name}.json")));
        assert_eq!(jwe(text(&case, &["output", "compact"])).err(), Some(error), "{name}");
    }
    // These two exist in the JSON serialisation only, which no profile in scope uses for encryption.
    for name in [
        "5_10.including_additional_authentication_data",
        "5_12.protecting_content_only",
    ] {
        let case = read(&cookbook.join(format!("jwe/{name}.json")));
        assert!(at(&case, &["output"]).get("compact").is_none(), "{name}");
    }
}

#[test]
fn keys_of_other_kinds_are_refused_as_unsupported() {
    let Some(folder) = wallet_tests::vectors("jose") else {
        return;
    };
    let key = |name: &str| PublicKey::from_jwk(&read(&folder.join("rfc7520-cookbook/jwk").join(name))).err();
    assert_eq!(key("3_1.ec_public_key.json"), Some(KeyError::UnsupportedType));
    assert_eq!(key("3_2.ec_private_key.json"), Some(KeyError::PrivateMember));
    assert_eq!(
        key("3_5.symmetric_key_mac_computation.json"),
        Some(KeyError::PrivateMember)
    );
    assert_eq!(key("3_6.symmetric_key_encryption.json"), Some(KeyError::PrivateMember));
}
