//! Keys and documents of the published vectors: did:key of vc-di-eddsa, vc-di-ecdsa and vc-di-bbs, the verification
//! methods of vc-jose-cose, and the documents that Blockcerts issuers publish.
//!
//! Divergences, each with its reason, are in [`DIVERGENCES`]; one that passes all the same fails the test.

use std::collections::BTreeSet;
use std::path::Path;

use wallet_core::codec::{Budget, Json, Object};
use wallet_core::did::{Did, DidDocument, MethodKey, Relationship, resolve_local};
use wallet_core::keys::{Multikey, PublicKey};
use wallet_core::time::Timestamp;
use wallet_tests::vectors;

/// What is refused, with its code and why.
const DIVERGENCES: &[(&str, &str, &str)] = &[(
    "blockcerts/did/did-ion-EiAdjtCU7lOOND5xRgjpDiAB2DxAs9-QoFBAbcd3ttZsSA.json",
    "did.method_malformed",
    "the controller of the key is empty, where DID Core 1.0 §5.2 wants an identifier",
)];

fn read(path: &Path) -> Json {
    Json::parse(std::fs::read(path).unwrap(), &mut Budget::default()).unwrap()
}

fn text<'a>(json: &'a Json, name: &str) -> &'a str {
    json.get(name).and_then(Json::as_str).unwrap()
}

fn now() -> Timestamp {
    Timestamp::parse("2026-07-05T12:00:00Z").unwrap()
}

#[test]
fn the_key_pairs_of_data_integrity_are_did_keys() {
    let (Some(eddsa), Some(ecdsa)) = (vectors("di-eddsa"), vectors("di-ecdsa")) else {
        return;
    };
    let chain = read(&eddsa.join("proof-set-chain/multiKeyPairs.json"));
    let chain = chain.as_object().unwrap().iter().map(|(_, pair)| pair.clone());
    let mut pairs: Vec<_> = chain.collect();
    pairs.push(read(&eddsa.join("keyPair.json")));
    pairs.push(read(&ecdsa.join("p256KeyPair.json")));
    pairs.push(read(&ecdsa.join("p384KeyPair.json")));
    assert_eq!(pairs.len(), 7);
    for pair in pairs {
        let key = text(&pair, "publicKeyMultibase");
        let did = Did::parse(&format!("did:key:{key}")).unwrap();
        let document = resolve_local(&did).unwrap();
        let url = format!("{did}#{key}");
        let method = document.method_for(&url, Relationship::AssertionMethod, now()).unwrap();
        let public = method.signature_key().unwrap().clone();
        assert_eq!(Multikey::Signature(public).encode().as_deref(), Ok(key));
        // The other half is private, and refused where a public key belongs.
        let private = pair
            .get("secretKeyMultibase")
            .or_else(|| pair.get("privateKeyMultibase"));
        let private = Multikey::parse(private.and_then(Json::as_str).unwrap());
        assert_eq!(private.map_err(|error| error.code()), Err("multikey.private"));
    }
}

#[test]
fn every_did_key_of_data_integrity_resolves() {
    let mut found = BTreeSet::new();
    for topic in ["di-eddsa", "di-ecdsa", "di-bbs"] {
        let Some(folder) = vectors(topic) else { return };
        collect(&folder, &mut found);
    }
    let mut bls = 0;
    for name in &found {
        let document = resolve_local(&Did::parse(name).unwrap()).unwrap();
        let [method] = document.verification_methods() else {
            panic!("{name} is one key")
        };
        bls += usize::from(matches!(method.key(), MethodKey::Bls12381G2(_)));
    }
    assert!(found.len() >= 3 && bls >= 1, "{found:?}");
}

/// Every did:key that stands in a file, up to its fragment.
fn collect(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            for rest in text.split("did:key:").skip(1) {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
                if end > 0 {
                    found.insert(format!("did:key:{}", &rest[..end]));
                }
            }
        }
    }
}

#[test]
fn a_verification_method_of_vc_jose_cose_is_read_without_its_private_half() {
    let Some(folder) = vectors("vc-jose-cose") else { return };
    let method = read(&folder.join("vm-did-ed25519.json"));
    let mut method = method.as_object().unwrap().clone();
    let id = text(&Json::Object(method.clone()), "controller").to_owned();
    let document = |method: &Object| {
        let document = Object::new()
            .with("id", Json::from(id.as_str()))
            .with("assertionMethod", Json::from(vec![Json::Object(method.clone())]));
        DidDocument::parse(&Json::Object(document), &id)
    };
    assert_eq!(document(&method).unwrap_err().code(), "did.private_key");
    method.remove("secretKeyJwk");
    let document = document(&method).unwrap();
    let url = format!("{id}#key-4");
    let found = document.method_for(&url, Relationship::AssertionMethod, now()).unwrap();
    let jwk = PublicKey::from_jwk(method.get("publicKeyJwk").unwrap()).unwrap();
    assert_eq!(found.signature_key(), Ok(&jwk));
}

#[test]
fn documents_of_blockcerts_issuers_keep_keys_that_are_not_understood() {
    let Some(folder) = vectors("blockcerts") else { return };
    let profile = read(&folder.join("issuer-blockcerts.json"));
    let document = DidDocument::parse(&profile, text(&profile, "id")).unwrap();
    assert!(document.verification_methods().len() > 4);
    for (path, code, reason) in DIVERGENCES {
        let json = read(&folder.join(path.strip_prefix("blockcerts/").unwrap()));
        let found = DidDocument::parse(&json, text(&json, "id")).map_err(|error| error.code());
        assert_eq!(found.map(drop), Err(*code), "{path}: {reason}");
    }
}
