//! Proofs over linked data: what is signed can be checked, and one change is refused for what it is.

use wallet_core::codec::{Budget, Json, Object, multibase};
use wallet_core::credential::w3c::contexts::Contexts;
use wallet_core::credential::w3c::data_integrity::{
    Cryptosuite, KeyResolver, ProofError, ProofOptions, ProofPolicy, Purpose, ResolvedKey, UnsignedProof,
    verify_document,
};
use wallet_core::credential::w3c::rdf::{Limits, canonical_nquads, canonicalize_nquads};
use wallet_core::crypto::{Curve, HashAlgorithm, SigningKey};
use wallet_core::keys::PublicKey;
use wallet_core::time::Timestamp;
use wallet_tests::TestRandom;

const METHOD: &str = "did:example:office#key";

struct Keys(ResolvedKey);

impl KeyResolver for Keys {
    fn resolve(&self, url: &str, purpose: Purpose) -> Result<ResolvedKey, ProofError> {
        match (url, purpose) {
            (METHOD, Purpose::AssertionMethod) => Ok(self.0.clone()),
            (METHOD, _) => Err(ProofError::KeyNotAllowed),
            _ => Err(ProofError::KeyUnknown),
        }
    }
}

struct Scene {
    contexts: Contexts,
    key: SigningKey,
    keys: Keys,
    policy: ProofPolicy,
}

fn now() -> Timestamp {
    Timestamp::parse("2026-11-21T12:00:00Z").unwrap()
}

fn scene(curve: Curve) -> Scene {
    let key = SigningKey::generate(curve, &mut TestRandom::new(7));
    let public = PublicKey::new(key.verifying_key());
    Scene {
        contexts: Contexts::bundled(),
        key,
        keys: Keys(ResolvedKey::new(public, "did:example:office")),
        policy: ProofPolicy::new(Purpose::AssertionMethod),
    }
}

/// Blank nodes beside named ones, arrays of objects, and a language.
fn credential() -> Object {
    let text = r#"{
        "@context": ["https://www.w3.org/ns/credentials/v2", {
            "@protected": true,
            "Report": "https://school.example/terms#Report",
            "course": {"@id": "https://school.example/terms#course", "@context": {
                "@protected": true, "title": "https://school.example/terms#title",
                "grade": {"@id": "https://school.example/terms#grade"},
                "passed": {"@id": "https://school.example/terms#passed"}
            }}
        }],
        "id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
        "type": ["VerifiableCredential", "Report"],
        "issuer": {"id": "did:example:office", "name": {"@value": "Schulamt", "@language": "de"}},
        "validFrom": "2026-07-01T00:00:00Z",
        "credentialSubject": {"id": "did:example:ada", "course": [
            {"title": "Mathematics", "grade": 1.5, "passed": true},
            {"title": "Latin", "grade": 5, "passed": false},
            {"id": "https://school.example/courses/9", "title": "Physics", "grade": 2, "passed": true}
        ]}
    }"#;
    Json::parse(text, &mut Budget::default())
        .unwrap()
        .as_object()
        .unwrap()
        .clone()
}

fn options(suite: Cryptosuite) -> ProofOptions {
    let mut options = ProofOptions::new(suite, METHOD);
    options.created = Some(Timestamp::parse("2026-11-21T11:59:00Z").unwrap());
    options
}

fn sign(scene: &Scene, document: Object, options: &ProofOptions) -> Object {
    UnsignedProof::new(document, options, scene.key.curve(), &scene.contexts)
        .unwrap()
        .sign(&scene.key)
        .unwrap()
}

fn verify(scene: &Scene, document: &Object) -> Result<usize, &'static str> {
    verify_document(document, &scene.contexts, &scene.keys, &scene.policy, now())
        .map(|proofs| proofs.len())
        .map_err(|error| error.code())
}

fn set(document: &mut Object, path: &[&str], value: impl Into<Json>) {
    let (last, way) = path.split_last().unwrap();
    let mut at = document;
    for name in way {
        at = at.get_mut(name).and_then(Json::as_object_mut).unwrap();
    }
    at.insert(*last, value);
}

#[test]
fn what_a_suite_signs_it_also_verifies() {
    for (suite, curve) in [
        (Cryptosuite::EddsaRdfc2022, Curve::Ed25519),
        (Cryptosuite::EddsaJcs2022, Curve::Ed25519),
        (Cryptosuite::EcdsaRdfc2019, Curve::P256),
        (Cryptosuite::EcdsaRdfc2019, Curve::P384),
        (Cryptosuite::EcdsaJcs2019, Curve::P256),
        (Cryptosuite::EcdsaJcs2019, Curve::P384),
    ] {
        let scene = scene(curve);
        let signed = sign(&scene, credential(), &options(suite));
        assert_eq!(verify(&scene, &signed), Ok(1), "{} {curve:?}", suite.name());
        let mut changed = signed;
        set(&mut changed, &["validFrom"], "2026-07-02T00:00:00Z");
        assert_eq!(
            verify(&scene, &changed),
            Err("proof.signature"),
            "{} {curve:?}",
            suite.name()
        );
    }
}

#[test]
fn one_change_is_refused_for_what_it_is() {
    let scene = scene(Curve::Ed25519);
    let signed = sign(&scene, credential(), &options(Cryptosuite::EddsaRdfc2022));
    type Change = fn(&mut Object);
    let changes: &[(&str, &str, Change)] = &[
        ("a claim nobody defined", "rdf.undefined_term", |d| {
            set(d, &["credentialSubject", "nickname"], "A")
        }),
        ("a type nobody defined", "rdf.undefined_term", |d| {
            set(d, &["issuer", "type"], "Ministry")
        }),
        ("a claim without a value", "rdf.lost_value", |d| {
            set(d, &["credentialSubject", "course"], Json::Null)
        }),
        ("a context nobody knows", "rdf.unknown_context", |d| {
            set(d, &["@context"], "https://evil.example/v1")
        }),
        ("an option nobody defined", "rdf.undefined_term", |d| {
            set(d, &["proof", "colour"], "red")
        }),
        ("contexts of its own", "proof.context_mismatch", |d| {
            set(d, &["proof", "@context"], "https://www.w3.org/ns/credentials/v2");
        }),
        ("a relative name", "rdf.relative_iri", |d| {
            set(d, &["credentialSubject", "id"], "ada")
        }),
        ("another purpose", "proof.purpose_mismatch", |d| {
            set(d, &["proof", "proofPurpose"], "authentication")
        }),
        ("another key", "proof.key_unknown", |d| {
            set(d, &["proof", "verificationMethod"], "did:example:x#key")
        }),
        ("another suite", "proof.unsupported", |d| {
            set(d, &["proof", "cryptosuite"], "bbs-2023")
        }),
        ("a suite for other keys", "proof.wrong_key", |d| {
            set(d, &["proof", "cryptosuite"], "ecdsa-rdfc-2019")
        }),
        ("another type of proof", "proof.unsupported", |d| {
            set(d, &["proof", "type"], "Ed25519Signature2020")
        }),
        ("made tomorrow", "proof.created_in_future", |d| {
            set(d, &["proof", "created"], "2026-11-22T12:00:00Z")
        }),
        ("made on a day", "proof.bad_member", |d| {
            set(d, &["proof", "created"], "2026-11-21")
        }),
        ("over", "proof.expired", |d| {
            set(d, &["proof", "expires"], "2026-11-21T11:00:00Z")
        }),
        ("an option changed", "proof.signature", |d| {
            set(d, &["proof", "created"], "2026-11-21T11:58:00Z")
        }),
        ("no base", "proof.value_encoding", |d| {
            set(d, &["proof", "proofValue"], "abc")
        }),
        ("another base", "proof.value_encoding", |d| {
            set(d, &["proof", "proofValue"], multibase::encode_base64url([0; 64]));
        }),
        ("a short value", "proof.signature_length", |d| {
            set(d, &["proof", "proofValue"], multibase::encode_base58btc([1; 63]));
        }),
        ("a previous proof that is not there", "proof.previous_proof", |d| {
            set(d, &["proof", "previousProof"], "urn:uuid:none");
        }),
        ("no proof", "proof.missing", |d| {
            d.remove("proof");
        }),
    ];
    for (name, code, change) in changes {
        let mut document = signed.clone();
        change(&mut document);
        assert_eq!(verify(&scene, &document), Err(*code), "{name}");
    }
}

#[test]
fn an_undefined_claim_is_named_and_found_below_a_context_that_resets_all_others() {
    let mut presentation = Object::new()
        .with("@context", Json::from("https://www.w3.org/ns/credentials/v2"))
        .with("type", Json::from("VerifiablePresentation"));
    let mut inner = credential();
    set(&mut inner, &["credentialSubject", "nickname"], "A");
    presentation.insert("verifiableCredential", Json::Object(inner));
    let contexts = Contexts::bundled();
    let refused = canonical_nquads(&presentation, &contexts, HashAlgorithm::Sha256, &Limits::default()).unwrap_err();
    assert_eq!(refused.to_string(), "no context defines \"nickname\"");
}

#[test]
fn every_proof_of_a_set_must_hold() {
    let scene = scene(Curve::Ed25519);
    let one = sign(&scene, credential(), &options(Cryptosuite::EddsaRdfc2022));
    let two = sign(&scene, one, &options(Cryptosuite::EddsaRdfc2022));
    assert_eq!(verify(&scene, &two), Ok(2));
    let mut foreign = two.clone();
    let Some(Json::Array(proofs)) = foreign.get_mut("proof") else {
        panic!("a set")
    };
    proofs[1]
        .as_object_mut()
        .unwrap()
        .insert("cryptosuite", "ecdsa-sd-2023");
    assert_eq!(verify(&scene, &foreign), Err("proof.unsupported"));
}

#[test]
fn a_chain_vouches_for_the_proof_before() {
    for suite in [Cryptosuite::EddsaRdfc2022, Cryptosuite::EddsaJcs2022] {
        let scene = scene(Curve::Ed25519);
        let mut first = options(suite);
        first.id = Some("urn:uuid:1".to_owned());
        let mut second = options(suite);
        second.previous_proofs = vec!["urn:uuid:1".to_owned()];
        let signed = sign(&scene, sign(&scene, credential(), &first), &second);
        assert_eq!(verify(&scene, &signed), Ok(2), "{}", suite.name());
        // The first proof, made again at another time, is not the one that was vouched for.
        first.created = None;
        let other = sign(&scene, credential(), &first);
        let mut swapped = signed.clone();
        let Some(Json::Array(proofs)) = swapped.get_mut("proof") else {
            panic!("a chain")
        };
        proofs[0] = other.get("proof").unwrap().clone();
        assert_eq!(verify(&scene, &swapped), Err("proof.signature"), "{}", suite.name());
    }
}

#[test]
fn a_proof_for_another_domain_or_challenge_is_refused() {
    let mut scene = scene(Curve::P256);
    let mut options = options(Cryptosuite::EcdsaRdfc2019);
    options.domain = Some("https://university.example".to_owned());
    options.challenge = Some("n-1".to_owned());
    let signed = sign(&scene, credential(), &options);
    assert_eq!(verify(&scene, &signed), Ok(1));
    scene.policy.domain = Some("https://university.example".to_owned());
    scene.policy.challenge = Some("n-1".to_owned());
    assert_eq!(verify(&scene, &signed), Ok(1));
    scene.policy.challenge = Some("n-2".to_owned());
    assert_eq!(verify(&scene, &signed), Err("proof.challenge_mismatch"));
    scene.policy.domain = Some("https://other.example".to_owned());
    assert_eq!(verify(&scene, &signed), Err("proof.domain_mismatch"));
}

#[test]
fn a_key_that_has_ended_or_stands_in_another_relationship_is_refused() {
    let mut scene = scene(Curve::Ed25519);
    let mut options = options(Cryptosuite::EddsaJcs2022);
    let signed = sign(&scene, credential(), &options);
    scene.keys.0 = scene.keys.0.clone().until(now());
    assert_eq!(verify(&scene, &signed), Err("proof.key_expired"));
    options.purpose = Purpose::Authentication;
    scene.policy.purpose = Purpose::Authentication;
    let signed = sign(&scene, credential(), &options);
    assert_eq!(verify(&scene, &signed), Err("proof.key_not_allowed"));
}

#[test]
fn contexts_behind_those_that_jcs_signed_are_counted_and_contexts_before_them_refused() {
    let scene = scene(Curve::Ed25519);
    let signed = sign(&scene, credential(), &options(Cryptosuite::EddsaJcs2022));
    let more = Json::from("https://w3id.org/citizenship/v1");
    let with = |front: bool| {
        let mut document = signed.clone();
        let Some(Json::Array(contexts)) = document.get_mut("@context") else {
            panic!("a list")
        };
        contexts.insert(if front { 0 } else { contexts.len() }, more.clone());
        verify_document(&document, &scene.contexts, &scene.keys, &scene.policy, now())
    };
    assert_eq!(with(false).unwrap()[0].unsigned_contexts(), 1);
    assert_eq!(with(true).unwrap_err().code(), "proof.context_mismatch");
}

#[test]
fn a_graph_that_asks_for_endless_work_is_refused() {
    let mut graph = String::new();
    for a in 0..12 {
        for b in (0..12).filter(|b| *b != a) {
            graph.push_str(&format!("_:n{a} <urn:p> _:n{b} .\n"));
        }
    }
    let limits = Limits::default();
    let refused = canonicalize_nquads(&graph, HashAlgorithm::Sha256, &limits).unwrap_err();
    assert_eq!(refused.code(), "rdf.too_much_work");
    let wide: String = (0..=limits.blank_nodes)
        .map(|n| format!("_:n{n} <urn:p> \"{n}\" .\n"))
        .collect();
    let refused = canonicalize_nquads(&wide, HashAlgorithm::Sha256, &limits).unwrap_err();
    assert_eq!(refused.code(), "rdf.too_many_blank_nodes");
}

#[test]
fn every_bundled_context_can_be_worked_out() {
    let mut contexts = Contexts::bundled();
    for url in Contexts::bundled_urls() {
        contexts.prepare(&[url]).expect(url);
    }
}
