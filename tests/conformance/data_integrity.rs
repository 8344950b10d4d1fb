//! Data Integrity: the documents of the EdDSA and ECDSA suites with their intermediate values.

use std::fs;
use std::path::Path;

use wallet_core::codec::{Budget, Json, Object};
use wallet_core::credential::w3c::contexts::Contexts;
use wallet_core::credential::w3c::data_integrity::{
    Cryptosuite, KeyResolver, ProofError, ProofOptions, ProofPolicy, Purpose, ResolvedKey, UnsignedProof,
    verify_document,
};
use wallet_core::credential::w3c::rdf::{Limits, canonical_nquads};
use wallet_core::crypto::{Curve, HashAlgorithm};
use wallet_core::keys::Multikey;
use wallet_core::time::Timestamp;

/// `did:key:z…#z…`
struct DidKey;

impl KeyResolver for DidKey {
    fn resolve(&self, url: &str, _: Purpose) -> Result<ResolvedKey, ProofError> {
        let (did, key) = url.split_once('#').ok_or(ProofError::KeyUnknown)?;
        match Multikey::parse(key) {
            Ok(Multikey::Signature(key)) => Ok(ResolvedKey::new(key, did)),
            _ => Err(ProofError::KeyUnknown),
        }
    }
}

fn object(path: &Path) -> Object {
    let json = Json::parse(fs::read(path).unwrap(), &mut Budget::default()).unwrap();
    json.as_object().unwrap().clone()
}

fn contexts() -> Contexts {
    let mut contexts = Contexts::bundled();
    let folder = wallet_tests::vectors("contexts").unwrap();
    for (url, file) in [
        (
            "https://www.w3.org/ns/credentials/examples/v2",
            "www.w3.org_ns_credentials_examples_v2.jsonld",
        ),
        (
            "https://w3id.org/citizenship/v4rc1",
            "w3id.org_citizenship_v4rc1.jsonld",
        ),
    ] {
        contexts
            .add(url, &fs::read_to_string(folder.join(file)).unwrap())
            .unwrap();
    }
    contexts
}

fn now() -> Timestamp {
    Timestamp::parse("2026-11-21T12:00:00Z").unwrap()
}

#[test]
fn every_signed_document_verifies_and_is_made_again_from_its_parts() {
    let (Some(eddsa), Some(ecdsa)) = (wallet_tests::vectors("di-eddsa"), wallet_tests::vectors("di-ecdsa")) else {
        return;
    };
    let contexts = contexts();
    for (folder, signed, hash, suite, curve) in [
        (
            eddsa.join("eddsa-rdfc-2022"),
            "signedDataInt.json",
            "combinedHashDataInt.txt",
            Cryptosuite::EddsaRdfc2022,
            Curve::Ed25519,
        ),
        (
            eddsa.join("eddsa-jcs-2022"),
            "signedJCS.json",
            "combinedHashJCS.txt",
            Cryptosuite::EddsaJcs2022,
            Curve::Ed25519,
        ),
        (
            ecdsa.join("ecdsa-rdfc-2019-p256"),
            "signedECDSAP256.json",
            "combinedHashECDSAP256.txt",
            Cryptosuite::EcdsaRdfc2019,
            Curve::P256,
        ),
        (
            ecdsa.join("ecdsa-jcs-2019-p256"),
            "signedJCSECDSAP256.json",
            "combinedHashJCSECDSAP256.txt",
            Cryptosuite::EcdsaJcs2019,
            Curve::P256,
        ),
    ] {
        let signed = object(&folder.join(signed));
        let name = suite.name();
        let policy = ProofPolicy::new(Purpose::AssertionMethod);
        let proofs = verify_document(&signed, &contexts, &DidKey, &policy, now()).expect(name);
        assert_eq!(proofs[0].suite(), suite, "{name}");

        let proof = signed.get("proof").unwrap();
        let field = |field| proof.get(field).and_then(Json::as_str).unwrap();
        let mut unsigned = signed.clone();
        unsigned.remove("proof");
        let mut options = ProofOptions::new(suite, field("verificationMethod"));
        options.created = Some(Timestamp::parse(field("created")).unwrap());
        let prepared = UnsignedProof::new(unsigned, &options, curve, &contexts).expect(name);
        let combined = fs::read_to_string(folder.join(hash)).unwrap();
        let hex: String = prepared
            .to_be_signed()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(hex, combined.trim(), "{name}");
    }
}

#[test]
fn canonical_documents_are_the_published_ones() {
    let (Some(eddsa), Some(ecdsa)) = (wallet_tests::vectors("di-eddsa"), wallet_tests::vectors("di-ecdsa")) else {
        return;
    };
    let contexts = contexts();
    for (folder, signed, canonical) in [
        (
            eddsa.join("eddsa-rdfc-2022"),
            "signedDataInt.json",
            "canonDocDataInt.txt",
        ),
        (
            ecdsa.join("ecdsa-rdfc-2019-p256"),
            "signedECDSAP256.json",
            "canonDocECDSAP256.txt",
        ),
    ] {
        let mut document = object(&folder.join(signed));
        document.remove("proof");
        let made = canonical_nquads(&document, &contexts, HashAlgorithm::Sha256, &Limits::default()).unwrap();
        assert_eq!(
            made.text().trim(),
            fs::read_to_string(folder.join(canonical)).unwrap().trim()
        );
    }
}

#[test]
fn a_proof_of_an_older_or_another_suite_is_refused_as_unsupported() {
    let Some(eddsa) = wallet_tests::vectors("di-eddsa") else {
        return;
    };
    let signed = object(&eddsa.join("Ed25519Signature2020/signedEdSig.json"));
    let policy = ProofPolicy::new(Purpose::AssertionMethod);
    let refused = verify_document(&signed, &contexts(), &DidKey, &policy, now()).unwrap_err();
    assert_eq!(refused.code(), "proof.unsupported");
}
