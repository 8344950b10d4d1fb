//! RFC 9052: the examples of the COSE working group.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use wallet_core::codec::cbor::CborValue;
use wallet_core::codec::{Budget, Json, base64url};
use wallet_core::crypto::{Curve, SignatureAlgorithm, SigningKey};
use wallet_core::envelope::cose::{
    CONTENT_TYPE, CoseError, KID, TAG_MAC0, TAG_SIGN1, UnsignedSign1, UntaggedMac0, UnverifiedMac0, UnverifiedSign1,
};
use wallet_core::keys::{CoseKeyError, PublicKey};

/// Valid cases that we refuse, by what they use. A kind of case that passes, or does not occur, is a failure.
const DIVERGENCES: &[(&str, &str)] = &[
    (
        "AES-MAC-256/128",
        "ISO/IEC 18013-5 §9.1.3.5 has HMAC 256/256, and nothing else here uses a MAC",
    ),
    ("AES-MAC-256/64", "as AES-MAC-256/128"),
    ("Ed448", "no stable implementation in Rust; the EUDI profile is ES256"),
    ("HS256/64", "as AES-MAC-256/128, and a shortened tag is easier to guess"),
    ("HS384", "as AES-MAC-256/128"),
    ("HS512", "as AES-MAC-256/128"),
    ("HSS-LMS", "hash-based signatures are in no profile"),
    (
        "alg not protected",
        "RFC 9052 §3.1: it must be authenticated where it can be, and ISO/IEC 18013-5 §9.1.2.4 says so",
    ),
    ("encrypted", "nothing in scope encrypts with COSE"),
    ("enveloped", "nothing in scope encrypts with COSE"),
    ("mac", "several recipients: ISO/IEC 18013-5 and CWT have COSE_Mac0"),
    ("sign", "several signers: ISO/IEC 18013-5 and CWT have COSE_Sign1"),
];

#[test]
fn every_message_of_one_signer_is_judged_as_published() {
    let Some(folder) = wallet_tests::vectors("cose") else {
        return;
    };
    let (mut passed, mut refused, mut diverging) = (0, 0, BTreeMap::new());
    for file in files(&folder) {
        let name = file.strip_prefix(&folder).unwrap().display().to_string();
        let case = Json::parse(fs::read(&file).unwrap(), &mut Budget::default()).unwrap();
        let must_fail = case.get("fail").and_then(Json::as_bool) == Some(true);
        match (judge(&case), must_fail) {
            (Ok(()), false) => passed += 1,
            (Ok(()), true) => panic!("{name} must be refused"),
            (Err(_), true) => refused += 1,
            (Err(reason), false) => {
                diverging.insert(reason, name);
            }
        }
    }
    let listed: Vec<&str> = DIVERGENCES.iter().map(|(what, _)| *what).collect();
    let found: Vec<&str> = diverging.keys().map(String::as_str).collect();
    assert_eq!(found, listed, "{diverging:#?}");
    assert!(passed >= 10 && refused >= 10, "{passed} passed, {refused} refused");
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_of(&path));
        }
    }
    files.sort();
    files
}

fn files_of(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.extension().is_some_and(|ext| ext == "json"))
        .collect()
}

/// Verifies a case; what it uses that we do not have is the error.
fn judge(case: &Json) -> Result<(), String> {
    let input = case.get("input").unwrap();
    let message = output(case);
    let budget = &mut Budget::default();
    let payload = text(input, "plaintext").map_or_else(|| hex(text(input, "plaintext_hex").unwrap()), |t| t.into());
    if let Some(wanted) = input.get("sign0") {
        let algorithm = text(wanted, "alg")
            .or_else(|| text(wanted.get("protected")?, "alg"))
            .unwrap();
        let external = hex(text(wanted, "external").unwrap_or_default());
        // RFC 8392 Appendix A.3 is tagged as a CWT too.
        let message = UnverifiedSign1::parse_cwt(&message, budget).map_err(|error| error.code().to_owned())?;
        let key = match public_key(wanted.get("key").unwrap()) {
            Err(CoseKeyError::UnsupportedType) => {
                let curve = wanted.get("key").and_then(|key| text(key, "crv"));
                return Err(curve.unwrap_or(algorithm).to_owned());
            }
            key => key.unwrap(),
        };
        let verified = message.verify(&key, &external, None);
        let verified = verified.map_err(|error| explain(&error, algorithm))?;
        assert_eq!(verified.payload(), Some(payload.as_slice()));
        return Ok(());
    }
    if let Some(wanted) = input.get("mac0") {
        let algorithm = wanted.get("protected").and_then(|protected| text(protected, "alg"));
        let algorithm = algorithm.or_else(|| text(wanted, "alg")).unwrap();
        let external = hex(text(wanted, "external").unwrap_or_default());
        let message = untag(message, 61);
        let message = UnverifiedMac0::parse(&message, budget).map_err(|error| error.code().to_owned())?;
        let verified = message.verify(&mac_key(wanted), &external, None);
        let verified = verified.map_err(|error| explain(&error, algorithm))?;
        assert_eq!(verified, payload);
        return Ok(());
    }
    // Messages of other kinds are none of ours, whatever their tag is.
    for untagged in [
        message.clone(),
        CborValue::parse(&message, budget).map_or_else(|_| message.clone(), inner),
    ] {
        assert!(UnverifiedSign1::parse(&untagged, budget).is_err());
        assert!(UnverifiedMac0::parse(&untagged, budget).is_err());
    }
    let kind = input.as_object().unwrap().iter().map(|(name, _)| name);
    let mut kind = kind.filter(|name| matches!(*name, "sign" | "mac" | "enveloped" | "encrypted"));
    Err(kind.next().expect("a known kind").to_owned())
}

fn explain(error: &CoseError, algorithm: &str) -> String {
    match error {
        CoseError::AlgorithmNotProtected => "alg not protected".into(),
        CoseError::UnsupportedAlgorithm => algorithm.into(),
        error => error.code().into(),
    }
}

fn inner(message: CborValue) -> Vec<u8> {
    match message {
        CborValue::Tag(_, content) => content.encode(),
        other => other.encode(),
    }
}

fn untag(message: Vec<u8>, tag: u64) -> Vec<u8> {
    match CborValue::parse(&message, &mut Budget::default()) {
        Ok(CborValue::Tag(found, content)) if found == tag => content.encode(),
        _ => message,
    }
}

fn text<'a>(json: &'a Json, name: &str) -> Option<&'a str> {
    json.get(name).and_then(Json::as_str)
}

fn hex(text: &str) -> Vec<u8> {
    let digits = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    text.as_bytes().chunks(2).map(digits).collect()
}

fn output(case: &Json) -> Vec<u8> {
    hex(text(case.get("output").unwrap(), "cbor").unwrap())
}

/// A member in hexadecimal or base64url.
fn member(key: &Json, name: &str) -> Option<Vec<u8>> {
    let in_hex = text(key, &format!("{name}_hex")).map(hex);
    in_hex.or_else(|| base64url::decode(text(key, name)?).ok())
}

fn public_key(key: &Json) -> Result<PublicKey, CoseKeyError> {
    let (kty, crv): (i64, i64) = match text(key, "crv").unwrap_or_default() {
        "P-256" => (2, 1),
        "P-384" => (2, 2),
        "P-521" => (2, 3),
        "Ed25519" => (1, 6),
        "Ed448" => (1, 7),
        // A key of another type altogether.
        _ => (-1, -1),
    };
    let mut pairs = vec![(1, CborValue::from(kty)), (-1_i64, CborValue::from(crv))];
    let coordinate = |name| member(key, name).map(CborValue::Bytes);
    pairs.extend(coordinate("x").map(|x| (-2, x)));
    pairs.extend(coordinate("y").map(|y| (-3, y)));
    PublicKey::parse_cose_key(&CborValue::map(pairs).encode(), &mut Budget::default())
}

fn mac_key(wanted: &Json) -> Vec<u8> {
    let recipients = wanted.get("recipients").and_then(Json::as_array).unwrap();
    member(recipients[0].get("key").unwrap(), "k").unwrap()
}

#[test]
fn what_we_write_is_byte_for_byte_what_is_published() {
    let Some(folder) = wallet_tests::vectors("cose") else {
        return;
    };
    let case = |name: &str| Json::parse(fs::read(folder.join(name)).unwrap(), &mut Budget::default()).unwrap();
    // Ed25519 and HMAC leave nothing to chance.
    let eddsa = case("eddsa-examples/eddsa-sig-01.json");
    let input = eddsa.get("input").unwrap();
    let seed = member(input.get("sign0").and_then(|wanted| wanted.get("key")).unwrap(), "d").unwrap();
    let key = SigningKey::from_bytes(Curve::Ed25519, &seed).unwrap();
    let message = UnsignedSign1::new(SignatureAlgorithm::EdDsa, text(input, "plaintext").unwrap())
        .protected(CONTENT_TYPE, 0_u64)
        .unprotected(KID, b"11".to_vec())
        .sign(&key);
    assert_eq!(CborValue::tag(TAG_SIGN1, message).encode(), output(&eddsa));

    let valid = case("hmac-examples/HMac-enc-04.json");
    let input = valid.get("input").unwrap();
    let message =
        UntaggedMac0::new(text(input, "plaintext").unwrap()).authenticate(&mac_key(input.get("mac0").unwrap()));
    let (ours, mut theirs) = (CborValue::tag(TAG_MAC0, message).encode(), output(&valid));
    // The published tag is the true one with its last byte raised by one.
    *theirs.last_mut().unwrap() -= 1;
    assert_eq!(ours, theirs);
}
