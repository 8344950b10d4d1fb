//! Whom a trust store believes: issuers and relying parties by certificate, by pinned key, by published key.
//!
//! Each refusal starts from a chain that is accepted and changes one thing.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use wallet_core::codec::{Json, Object};
use wallet_core::crypto::{Curve, SigningKey};
use wallet_core::envelope::jws::Header;
use wallet_core::http::{HttpsUrl, LinkPolicy};
use wallet_core::keys::{Jwk, JwkSet, PublicKey};
use wallet_core::time::{OutsideValidity, Timestamp, Validity};
use wallet_core::trust::authority::{CertificateAuthority, CertificateName, LeafProfile};
use wallet_core::trust::{
    Anchor, Certificate, CertificateError, ChainPolicy, Environment, IssuerClaim, IssuerEvidence, PathRule, Role,
    TrustError, TrustStore, TrustedIssuer, VerifiedParty,
};
use wallet_tests::TestRandom;

const ISS: &str = "https://schule.example/abitur";
const TYPE: &str = "urn:schule:abitur";

fn now() -> Timestamp {
    Timestamp::parse("2026-07-05T12:00:00Z").unwrap()
}

fn days(from: i64, until: i64) -> Validity {
    Validity::new(Some(now().plus(from * 86_400)), Some(now().plus(until * 86_400)))
}

/// A state, its school authority below it, and the school's certificate.
struct World {
    random: TestRandom,
    root: CertificateAuthority,
    middle: CertificateAuthority,
    key: SigningKey,
    leaf: Certificate,
}

fn world() -> World {
    world_of(days(-10, 10), days(-10, 10), days(-10, 10))
}

fn world_of(root: Validity, middle: Validity, leaf: Validity) -> World {
    let mut random = TestRandom::new(1);
    let root = CertificateAuthority::generate("Land", Curve::P384, root, &mut random).unwrap();
    let middle = root
        .issue_authority("Schulamt", Curve::P256, middle, &mut random)
        .unwrap();
    let key = SigningKey::generate(Curve::P256, &mut random);
    let leaf = middle
        .issue_leaf(&profile(), &PublicKey::from(&key), leaf, &mut random)
        .unwrap();
    World {
        random,
        root,
        middle,
        key,
        leaf,
    }
}

fn profile() -> LeafProfile {
    let name = CertificateName::new("Gymnasium Süd")
        .organization("Land Beispiel")
        .country("DE");
    LeafProfile::new(name).uri(ISS).dns("schule.example")
}

impl World {
    fn store(&self) -> TrustStore {
        let mut store = TrustStore::new(Environment::Test);
        store.add_anchor(Role::Issuers, self.root.certificate().clone());
        store
    }

    fn chain(&self) -> Vec<Certificate> {
        self.middle.chain_of(&self.leaf)
    }

    /// The leaf with bytes replaced, signed anew by the school authority.
    fn leaf_with(&self, changes: &[(&str, &str)]) -> Certificate {
        Certificate::parse(&replace(self.leaf.der(), changes, &key_of(&self.middle))).unwrap()
    }
}

fn key_of(authority: &CertificateAuthority) -> SigningKey {
    SigningKey::from_pkcs8_pem(&authority.key_to_pem().unwrap()).unwrap()
}

/// Replaces bytes in a certificate by others of the same length, and signs it anew with `key` (P-256).
fn replace(der: &[u8], changes: &[(&str, &str)], key: &SigningKey) -> Vec<u8> {
    let hex = |text: &str| -> Vec<u8> {
        let text: String = text.split_whitespace().collect();
        let pairs = text.as_bytes().chunks(2);
        pairs
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    };
    let mut der = der.to_vec();
    for (from, to) in changes {
        let (from, to) = (hex(from), hex(to));
        assert_eq!(from.len(), to.len());
        let mut found = false;
        for at in 0..=der.len() - from.len() {
            if der[at..at + from.len()] == from {
                der[at..at + from.len()].copy_from_slice(&to);
                found = true;
            }
        }
        assert!(found, "nothing to replace");
    }
    // SEQUENCE { tbs, algorithm, BIT STRING }, all long forms of two bytes.
    assert_eq!((der[0], der[1], der[4], der[5]), (0x30, 0x82, 0x30, 0x82));
    let length = 4 + usize::from(u16::from_be_bytes([der[6], der[7]]));
    let to_be_signed = &der[4..4 + length];
    let after = &der[4 + length..];
    let algorithm = &after[..2 + usize::from(after[1])];
    let signature = key.sign_der(to_be_signed);
    let bits = [
        &[0x03, u8::try_from(signature.len() + 1).unwrap(), 0],
        signature.as_slice(),
    ]
    .concat();
    let content = [to_be_signed, algorithm, &bits].concat();
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[0x30, 0x82], length.as_slice(), &content].concat()
}

fn header(x5c: &[Certificate], kid: Option<&str>) -> Header {
    let chain = (!x5c.is_empty()).then(|| Certificate::to_x5c(x5c));
    let header = Object::new()
        .with("alg", Json::from("ES256"))
        .with("kid", kid.map(Json::from))
        .with("x5c", chain);
    Header::new(header).unwrap()
}

fn resolve(store: &TrustStore, header: &Header, iss: Option<&str>) -> Result<TrustedIssuer, TrustError> {
    store.resolve_issuer(&IssuerClaim::new(header, iss, TYPE), now())
}

fn by_chain(store: &TrustStore, chain: &[Certificate]) -> Result<TrustedIssuer, TrustError> {
    resolve(store, &header(chain, None), Some(ISS))
}

fn jwk(key: &SigningKey, kid: Option<&str>) -> Jwk {
    let key = PublicKey::from(key).to_jwk().with("kid", kid.map(Json::from));
    Jwk::parse(&Json::from(key)).unwrap()
}

fn party(store: &TrustStore, chain: &[Certificate]) -> Result<VerifiedParty, TrustError> {
    let chain: Vec<Vec<u8>> = chain.iter().map(|certificate| certificate.der().to_vec()).collect();
    store.resolve_relying_party(&chain, now())
}

#[test]
fn an_issuer_is_known_by_its_certificate() {
    let world = world();
    let issuer = by_chain(&world.store(), &world.chain()).unwrap();
    assert_eq!(issuer.name, "Gymnasium Süd");
    assert_eq!(issuer.identifier.as_deref(), Some(ISS));
    assert_eq!(issuer.key, PublicKey::from(&world.key));
    let path = [&world.leaf, world.middle.certificate(), world.root.certificate()];
    let path = path.iter().map(|certificate| certificate.der().to_vec()).collect();
    assert_eq!(issuer.evidence, IssuerEvidence::Path(path));
    assert_eq!(issuer.environment, Environment::Test);
}

#[test]
fn every_supported_kind_of_key_signs_certificates() {
    for curve in [
        Curve::P256,
        Curve::P384,
        Curve::P521,
        Curve::BrainpoolP256r1,
        Curve::BrainpoolP384r1,
        Curve::Ed25519,
    ] {
        let mut random = TestRandom::new(7);
        let root = CertificateAuthority::generate("Land", curve, days(-1, 1), &mut random).unwrap();
        let key = PublicKey::from(&SigningKey::generate(curve, &mut random));
        let leaf = root.issue_leaf(&profile(), &key, days(-1, 1), &mut random).unwrap();
        let mut store = TrustStore::new(Environment::Test);
        store.add_anchor(Role::Issuers, root.certificate().clone());
        assert_eq!(by_chain(&store, &[leaf]).map(|issuer| issuer.key), Ok(key));
    }
}

#[test]
fn the_name_must_be_bound_to_the_certificate() {
    let mut world = world();
    let store = world.store();
    let with = |iss| resolve(&store, &header(&world.chain(), None), iss).map(|issuer| issuer.identifier);
    // The URI as it is, or any URL of the DNS name; without `iss` the subject is the issuer.
    for iss in [ISS, "https://schule.example", "https://SCHULE.example/other"] {
        assert_eq!(with(Some(iss)), Ok(Some(iss.to_owned())));
    }
    assert_eq!(with(None), Ok(None));
    for iss in [
        "https://andere.example/abitur",
        "https://schule.example.evil.example/abitur",
        "https://sub.schule.example/abitur",
        "https://schule.example@evil.example/abitur",
        "schule.example",
        "did:web:schule.example",
        "",
    ] {
        assert_eq!(with(Some(iss)), Err(TrustError::NameNotBound), "{iss}");
    }
    // A wildcard names nobody, and a certificate under an anchor without any name is bound to no `iss`.
    for profile in [LeafProfile::new("Schule").dns("*.example"), LeafProfile::new("Schule")] {
        let key = PublicKey::from(&world.key);
        let leaf = world
            .middle
            .issue_leaf(&profile, &key, days(-1, 1), &mut world.random)
            .unwrap();
        assert_eq!(
            by_chain(&store, &world.middle.chain_of(&leaf)),
            Err(TrustError::NameNotBound)
        );
    }
}

#[test]
fn a_pinned_end_entity_needs_no_authority() {
    let mut world = world();
    let mut store = TrustStore::new(Environment::Test);
    store.add_anchor(Role::Issuers, world.leaf.clone());
    let issuer = by_chain(&store, std::slice::from_ref(&world.leaf)).unwrap();
    assert_eq!(issuer.evidence, IssuerEvidence::Path(vec![world.leaf.der().to_vec()]));
    // It has names, so they bind.
    let other = resolve(&store, &header(&world.chain(), None), Some("https://andere.example"));
    assert_eq!(other, Err(TrustError::NameNotBound));
    // It vouches for nobody else, not even for its like.
    let key = PublicKey::from(&world.key);
    let twin = world
        .middle
        .issue_leaf(&profile(), &key, days(-1, 1), &mut world.random)
        .unwrap();
    assert_eq!(by_chain(&store, &[twin]), Err(TrustError::UntrustedPath));

    let bare = world
        .middle
        .issue_leaf(&LeafProfile::new("Schule"), &key, days(-1, 1), &mut world.random)
        .unwrap();
    let mut store = TrustStore::new(Environment::Test);
    store.add_anchor(Role::Issuers, bare.clone());
    assert_eq!(
        by_chain(&store, &[bare]).map(|issuer| issuer.name),
        Ok("Schule".to_owned())
    );
}

#[test]
fn a_self_signed_signer_is_refused_unless_pinned() {
    let mut world = world();
    let own = key_of(&world.middle);
    let profile = LeafProfile::new("Schulamt").uri(ISS);
    let leaf = world
        .middle
        .issue_leaf(&profile, &PublicKey::from(&own), days(-1, 1), &mut world.random)
        .unwrap();
    assert!(leaf.is_self_signed());
    let mut store = world.store();
    assert_eq!(
        by_chain(&store, std::slice::from_ref(&leaf)),
        Err(TrustError::SelfSigned)
    );
    store.add_anchor(Role::Issuers, leaf.clone());
    assert!(by_chain(&store, &[leaf]).is_ok());
}

#[test]
fn a_root_in_the_chain_is_tolerated_unless_strict() {
    let world = world();
    let mut store = world.store();
    let chain = [world.chain(), vec![world.root.certificate().clone()]].concat();
    assert!(by_chain(&store, &chain).is_ok());
    store.set_chain_policy(ChainPolicy::Strict);
    assert_eq!(by_chain(&store, &chain), Err(TrustError::AnchorInChain));
    assert!(by_chain(&store, &world.chain()).is_ok());
    // A stranger's root in its own chain vouches for nobody.
    let empty = TrustStore::new(Environment::Test);
    assert_eq!(by_chain(&empty, &chain), Err(TrustError::UntrustedPath));
}

#[test]
fn a_role_does_not_serve_another() {
    let world = world();
    let mut store = world.store();
    assert_eq!(party(&store, &world.chain()).err(), Some(TrustError::UntrustedPath));
    store.add_anchor(Role::RelyingParties, world.root.certificate().clone());
    let party = party(&store, &world.chain()).unwrap();
    assert_eq!(party.name, "Gymnasium Süd");
    assert_eq!(party.organisation.as_deref(), Some("Land Beispiel"));
    assert_eq!(party.key, PublicKey::from(&world.key));
    assert_eq!(party.path.len(), 3);
    let saved = serde_json::to_string(&party).unwrap();
    assert_eq!(serde_json::from_str::<VerifiedParty>(&saved).unwrap(), party);

    let keys = Anchor::keys(None, JwkSet::new(vec![jwk(&world.key, None)]));
    assert_eq!(store.add(Role::RelyingParties, keys), Err(TrustError::KeysForRole));
}

#[test]
fn each_fault_of_a_chain_has_its_error() {
    let world = world();
    let store = world.store();
    let with_leaf = |leaf: Certificate| by_chain(&store, &[leaf, world.middle.certificate().clone()]).err();
    assert_eq!(with_leaf(world.leaf_with(&[])), None);
    for (changes, error) in [
        // keyUsage: nonRepudiation instead of digitalSignature.
        (vec![("03020780", "03020640")], TrustError::KeyUsage),
        // subjectAltName with another, unknown identifier is passed over, basicConstraints (critical) is not.
        (vec![("0603551d13", "0603551d63")], TrustError::CriticalExtension),
        // id-ecPublicKey becomes an unknown kind of key.
        (
            vec![("2a8648ce3d0201", "2a8648ce3d0209")],
            TrustError::UnsupportedAlgorithm,
        ),
        // ecdsa-with-SHA512 with P-256.
        (
            vec![("2a8648ce3d040302", "2a8648ce3d040304")],
            TrustError::UnsupportedAlgorithm,
        ),
        // The issuer's name: "Schulamt" becomes "Schulamu".
        (
            vec![("5363 6875 6c61 6d74", "5363 6875 6c61 6d75")],
            TrustError::UntrustedPath,
        ),
    ] {
        assert_eq!(with_leaf(world.leaf_with(&changes)), Some(error), "{changes:?}");
    }
    // The subject changed, the signature not.
    let mut der = world.leaf.der().to_vec();
    let at = der.windows(9).position(|bytes| bytes == b"Gymnasium").unwrap();
    der[at] = b'g';
    assert_eq!(
        with_leaf(Certificate::parse(&der).unwrap()),
        Some(TrustError::BadSignature)
    );
    // A middle authority that may sign revocation lists only.
    let middle = replace(
        world.middle.certificate().der(),
        &[("03020106", "03020102")],
        &key_of(&world.middle),
    );
    assert!(Certificate::parse(&middle).is_ok_and(|middle| middle.is_ca() && !middle.may_sign_certificates()));

    assert_eq!(
        by_chain(&store, &world.chain()[..1]).err(),
        Some(TrustError::UntrustedPath)
    );
    let authority = [world.middle.certificate().clone()];
    assert_eq!(by_chain(&store, &authority).err(), Some(TrustError::AuthorityAsSigner));
    assert_eq!(
        store.resolve_relying_party(&[], now()).err(),
        Some(TrustError::NoCertificate)
    );
    let cut = TrustError::Certificate(CertificateError::Der);
    assert_eq!(
        store.resolve_relying_party(&[der[..200].to_vec()], now()).err(),
        Some(cut)
    );
}

#[test]
fn an_authority_that_may_not_sign_certificates_breaks_the_path() {
    let mut random = TestRandom::new(3);
    let root = CertificateAuthority::generate("Land", Curve::P256, days(-1, 1), &mut random).unwrap();
    let middle = root
        .issue_authority("Schulamt", Curve::P256, days(-1, 1), &mut random)
        .unwrap();
    let key = PublicKey::from(&SigningKey::generate(Curve::P256, &mut random));
    let leaf = middle.issue_leaf(&profile(), &key, days(-1, 1), &mut random).unwrap();
    let mut store = TrustStore::new(Environment::Test);
    store.add_anchor(Role::Issuers, root.certificate().clone());
    let crippled = |change: &[(&str, &str)]| {
        let middle = replace(middle.certificate().der(), change, &key_of(&root));
        by_chain(&store, &[leaf.clone(), Certificate::parse(&middle).unwrap()]).err()
    };
    assert_eq!(crippled(&[]), None);
    // keyUsage: cRLSign alone.
    assert_eq!(crippled(&[("03020106", "03020102")]), Some(TrustError::NotAnAuthority));
    // Below an authority of path length 0 there is none.
    let below = middle
        .issue_authority("Unteramt", Curve::P256, days(-1, 1), &mut random)
        .unwrap();
    let leaf = below.issue_leaf(&profile(), &key, days(-1, 1), &mut random).unwrap();
    assert_eq!(
        by_chain(&store, &below.chain_of(&leaf)).err(),
        Some(TrustError::PathLength)
    );
}

#[test]
fn every_certificate_must_be_in_its_time() {
    let good = || days(-10, 10);
    let ended = |validity: Validity| OutsideValidity::Expired {
        expired: validity.expires.unwrap(),
    };
    let (past, future) = (days(-10, -1), days(1, 10));
    let begins = OutsideValidity::NotYetValid {
        not_before: future.not_before.unwrap(),
    };
    for (world, error) in [
        (world_of(good(), good(), past), TrustError::Validity(ended(past))),
        (world_of(good(), good(), future), TrustError::Validity(begins)),
        (world_of(good(), past, good()), TrustError::Validity(ended(past))),
        (world_of(past, good(), good()), TrustError::AnchorValidity(ended(past))),
    ] {
        assert_eq!(by_chain(&world.store(), &world.chain()), Err(error));
    }
    let world = world_of(good(), good(), past);
    let mut store = TrustStore::new(Environment::Test);
    store.add_anchor(Role::Issuers, world.leaf.clone());
    assert_eq!(by_chain(&store, &world.chain()), Err(TrustError::Validity(ended(past))));
}

#[test]
fn an_anchor_may_be_limited_to_types_and_days() {
    let world = world();
    let root = || Anchor::certificate(world.root.certificate().clone());
    let at = |anchor: Anchor, vct: &str, issued_at: Option<Timestamp>| {
        let mut store = TrustStore::new(Environment::Test);
        store.add(Role::Issuers, anchor).unwrap();
        let header = header(&world.chain(), None);
        let claim = IssuerClaim::new(&header, Some(ISS), vct).issued_at(issued_at);
        store.resolve_issuer(&claim, now()).map(drop)
    };
    let limited = || root().for_types(["urn:schule:*", "urn:pid"]);
    assert_eq!(at(limited(), TYPE, None), Ok(()));
    assert_eq!(at(limited(), "urn:pid", None), Ok(()));
    assert_eq!(at(limited(), "urn:pid:1", None), Err(TrustError::TypeNotAllowed));
    // Entitled until yesterday: what was issued before stays good, what is issued today is not.
    let until = now().plus(-86_400);
    let closed = || root().entitled(Validity::new(None, Some(until)));
    assert_eq!(at(closed(), TYPE, Some(until.plus(-1))), Ok(()));
    let outside = TrustError::NotEntitled(OutsideValidity::Expired { expired: until });
    assert_eq!(at(closed(), TYPE, Some(until)), Err(outside.clone()));
    assert_eq!(at(closed(), TYPE, None), Err(outside));
    // The same authority twice: one entry that admits is enough.
    let mut store = TrustStore::new(Environment::Test);
    store.add(Role::Issuers, root().for_types(["urn:other"])).unwrap();
    assert_eq!(by_chain(&store, &world.chain()), Err(TrustError::TypeNotAllowed));
    store.add(Role::Issuers, limited()).unwrap();
    assert!(by_chain(&store, &world.chain()).is_ok());
}

#[test]
fn the_credential_does_not_choose_how_its_issuer_is_known() {
    let world = world();
    let other = SigningKey::generate(Curve::P256, &mut TestRandom::new(9));
    let pinned = JwkSet::new(vec![jwk(&other, Some("1"))]);
    let with_chain = header(&world.chain(), None);
    let bare = header(&[], Some("1"));

    // A name with pinned keys: a good certificate for that name proves nothing.
    let mut store = world.store();
    store.pin_issuer_keys(Some(ISS.to_owned()), pinned.clone());
    let issuer = resolve(&store, &with_chain, Some(ISS)).unwrap();
    assert_eq!(
        (issuer.evidence, issuer.key),
        (IssuerEvidence::PinnedKey, PublicKey::from(&other))
    );
    assert_eq!(
        resolve(&store, &header(&[], Some("2")), Some(ISS)),
        Err(TrustError::UnknownIssuer)
    );

    // A web issuer: likewise, and before its keys are known nobody is.
    let mut store = world.store();
    store.trust_web_issuer(ISS);
    assert_eq!(resolve(&store, &with_chain, Some(ISS)), Err(TrustError::KeysNotAtHand));
    store.add_web_keys(ISS, pinned.clone()).unwrap();
    let issuer = resolve(&store, &with_chain, Some(ISS)).unwrap();
    assert_eq!(
        (issuer.evidence, issuer.key),
        (IssuerEvidence::WebKeys, PublicKey::from(&other))
    );
    assert_eq!(
        store.add_web_keys("https://fremd.example", pinned.clone()),
        Err(TrustError::UnknownIssuer)
    );

    // A key without a name: for every `iss` without a way of its own, and never beside a certificate of another key.
    let mut store = world.store();
    store.pin_issuer_keys(None, pinned.clone());
    let issuer = resolve(&store, &bare, Some("https://irgendwer.example")).unwrap();
    assert_eq!(
        (issuer.evidence, issuer.name),
        (IssuerEvidence::PinnedKey, PublicKey::from(&other).thumbprint())
    );
    assert!(resolve(&store, &bare, None).is_ok());
    let issuer = resolve(&store, &with_chain, Some(ISS)).unwrap();
    assert!(matches!(issuer.evidence, IssuerEvidence::Path(_)));
    assert_eq!(
        resolve(&store, &with_chain, Some("https://a.example")),
        Err(TrustError::NameNotBound)
    );
    store.pin_issuer_keys(Some(ISS.to_owned()), JwkSet::new(vec![jwk(&world.key, Some("9"))]));
    assert_eq!(resolve(&store, &bare, Some(ISS)), Err(TrustError::UnknownIssuer));

    // Without a certificate, anchors prove nothing.
    assert_eq!(
        resolve(&world.store(), &bare, Some(ISS)),
        Err(TrustError::UnknownIssuer)
    );
}

#[test]
fn a_key_pinned_without_a_name_vouches_for_itself_in_a_certificate_that_leads_nowhere() {
    let world = world();
    let chain = header(&world.chain(), Some("whatever"));
    let mut store = TrustStore::new(Environment::Test);
    store.pin_issuer_keys(None, JwkSet::new(vec![jwk(&world.key, Some("1"))]));
    for iss in [Some(ISS), Some("https://a.example"), None] {
        let issuer = resolve(&store, &chain, iss).unwrap();
        assert_eq!(
            (issuer.evidence, issuer.key, issuer.identifier.as_deref()),
            (IssuerEvidence::PinnedKey, PublicKey::from(&world.key), iss)
        );
    }
    // A path to an anchor counts first, and its name is the one to show.
    store.add_anchor(Role::Issuers, world.root.certificate().clone());
    assert_eq!(
        resolve(&store, &chain, Some(ISS)).map(|issuer| issuer.name),
        Ok("Gymnasium Süd".to_owned())
    );

    // Another key, a key of somebody by name, and a web issuer: the certificate's own reason stands.
    let other = SigningKey::generate(Curve::P256, &mut TestRandom::new(9));
    let mut store = TrustStore::new(Environment::Test);
    store.pin_issuer_keys(None, JwkSet::new(vec![jwk(&other, None)]));
    store.pin_issuer_keys(
        Some("https://b.example".to_owned()),
        JwkSet::new(vec![jwk(&world.key, None)]),
    );
    store.trust_web_issuer("https://c.example");
    let refusal = |iss| resolve(&store, &chain, Some(iss)).err();
    assert_eq!(refusal(ISS), Some(TrustError::UntrustedPath));
    assert_eq!(refusal("https://c.example"), Some(TrustError::KeysNotAtHand));

    // Good for some types only.
    let mut store = TrustStore::new(Environment::Test);
    let anchor = Anchor::keys(None, JwkSet::new(vec![jwk(&world.key, None)])).for_types(["urn:other"]);
    store.add(Role::Issuers, anchor).unwrap();
    assert_eq!(resolve(&store, &chain, Some(ISS)), Err(TrustError::UntrustedPath));
}

#[test]
fn a_pinned_end_entity_vouches_for_a_credential_without_a_certificate() {
    let mut world = world();
    let bare = header(&[], Some("whatever"));
    let mut store = TrustStore::new(Environment::Test);
    store.add_anchor(Role::Issuers, world.leaf.clone());
    let issuer = resolve(&store, &bare, Some(ISS)).unwrap();
    assert_eq!(
        (issuer.evidence, issuer.key, issuer.name.as_str()),
        (IssuerEvidence::PinnedKey, PublicKey::from(&world.key), "Gymnasium Süd")
    );
    assert!(resolve(&store, &bare, None).is_ok());
    // It has names, so they bind.
    assert_eq!(
        resolve(&store, &bare, Some("https://andere.example")),
        Err(TrustError::NameNotBound)
    );
    let late = now().plus(20 * 86_400);
    let claim = IssuerClaim::new(&bare, Some(ISS), TYPE);
    assert!(matches!(
        store.resolve_issuer(&claim, late),
        Err(TrustError::Validity(OutsideValidity::Expired { .. }))
    ));
    // What is pinned under the name of the issuer, or published by it, is the only way.
    let other = SigningKey::generate(Curve::P256, &mut TestRandom::new(9));
    store.pin_issuer_keys(Some(ISS.to_owned()), JwkSet::new(vec![jwk(&other, None)]));
    assert_eq!(
        resolve(&store, &bare, Some(ISS)).map(|issuer| issuer.key),
        Ok(PublicKey::from(&other))
    );

    let key = PublicKey::from(&world.key);
    let nameless = world
        .middle
        .issue_leaf(&LeafProfile::new("Schule"), &key, days(-1, 1), &mut world.random)
        .unwrap();
    let mut store = TrustStore::new(Environment::Test);
    store.add_anchor(Role::Issuers, nameless);
    assert!(resolve(&store, &bare, Some("https://andere.example")).is_ok());
    // An authority signs certificates, not credentials.
    let mut store = TrustStore::new(Environment::Test);
    store.add_anchor(Role::Issuers, world.middle.certificate().clone());
    assert_eq!(resolve(&store, &bare, Some(ISS)), Err(TrustError::UnknownIssuer));
}

#[test]
fn several_pinned_keys_are_told_apart_by_kid_or_tried() {
    let world = world();
    let other = SigningKey::generate(Curve::P256, &mut TestRandom::new(9));
    let mut store = TrustStore::new(Environment::Test);
    let set = vec![jwk(&world.key, Some("1")), jwk(&other, Some("2"))];
    store.pin_issuer_keys(Some(ISS.to_owned()), JwkSet::new(set));
    let issuer = resolve(&store, &header(&[], Some("2")), Some(ISS)).unwrap();
    assert_eq!(issuer.key, PublicKey::from(&other));
    assert_eq!(issuer.related_keys, [PublicKey::from(&world.key)]);
    let unnamed = header(&[], None);
    assert_eq!(resolve(&store, &unnamed, Some(ISS)), Err(TrustError::AmbiguousKey));
    let claim = IssuerClaim::new(&unnamed, Some(ISS), TYPE);
    assert_eq!(store.issuer_candidates(&claim, now()).map(|all| all.len()), Ok(2));
}

#[test]
fn a_client_identifier_names_a_certificate() {
    let world = world();
    let url = |text| HttpsUrl::parse(text, LinkPolicy::HttpsOnly).unwrap();
    let hash = world.leaf.x509_hash();
    assert!(world.leaf.matches_x509_hash(&hash));
    assert!(!world.leaf.matches_x509_hash(&world.middle.certificate().x509_hash()));
    let answer = url("https://schule.example/answer");
    assert!(world.leaf.matches_x509_san_dns("schule.example", &answer));
    assert!(
        !world
            .leaf
            .matches_x509_san_dns("schule.example", &url("https://evil.example/answer"))
    );
    assert!(
        !world
            .leaf
            .matches_x509_san_dns("evil.example", &url("https://evil.example/answer"))
    );
    assert!(!world.leaf.matches_x509_san_dns("", &answer));
}

#[test]
fn a_chain_is_explained_rule_by_rule() {
    let world = world();
    let store = world.store();
    let explain = |store: &TrustStore, chain: &[Certificate]| {
        let chain: Vec<Vec<u8>> = chain.iter().map(|certificate| certificate.der().to_vec()).collect();
        let checks = store.explain_path(Role::Issuers, &chain, now());
        let failed = |(rule, outcome): (PathRule, Result<(), TrustError>)| Some((rule, outcome.err()?));
        checks.into_iter().filter_map(failed).collect::<Vec<_>>()
    };
    assert_eq!(explain(&store, &world.chain()), []);
    let stranger = TrustStore::new(Environment::Test);
    assert_eq!(
        explain(&stranger, &world.chain()),
        [(PathRule::LeadsToAnchor, TrustError::UntrustedPath)]
    );
    let leaf = world.leaf_with(&[("03020780", "03020640")]);
    assert_eq!(
        explain(&store, &[leaf]),
        [
            (PathRule::SignerMaySign, TrustError::KeyUsage),
            (PathRule::LeadsToAnchor, TrustError::KeyUsage)
        ]
    );
    assert_eq!(explain(&store, &[]), [(PathRule::Readable, TrustError::NoCertificate)]);
}

#[test]
fn a_prepared_chain_changes_no_outcome() {
    let world = world();
    let chain: Vec<Vec<u8>> = world
        .chain()
        .iter()
        .map(|certificate| certificate.der().to_vec())
        .collect();
    let mut store = world.store();
    store.prepare(Role::Issuers, &chain, now()).unwrap();
    assert_eq!(
        by_chain(&store, &world.chain()),
        by_chain(&world.store(), &world.chain())
    );
    // Another role, another time, another name, another leaf.
    assert_eq!(party(&store, &world.chain()).err(), Some(TrustError::UntrustedPath));
    let header = header(&world.chain(), None);
    let claim = IssuerClaim::new(&header, Some(ISS), TYPE);
    let late = store.resolve_issuer(&claim, now().plus(11 * 86_400));
    assert_eq!(late.map_err(|error| error.code()), Err("trust.certificate_expired"));
    assert_eq!(
        resolve(&store, &header, Some("https://a.example")),
        Err(TrustError::NameNotBound)
    );
    let leaf = world.leaf_with(&[("03020780", "03020640")]);
    assert_eq!(by_chain(&store, &[leaf]), Err(TrustError::KeyUsage));
    store.set_chain_policy(ChainPolicy::Strict);
    assert!(by_chain(&store, &world.chain()).is_ok());

    let mut stranger = TrustStore::new(Environment::Test);
    assert_eq!(
        stranger.prepare(Role::Issuers, &chain, now()),
        Err(TrustError::UntrustedPath)
    );
    let long = vec![chain[0].clone(); 9];
    assert_eq!(store.prepare(Role::Issuers, &long, now()), Err(TrustError::TooMuchWork));
}
