use super::*;
use crate::time::Timestamp;

struct Counter(u8);

impl Random for Counter {
    fn fill(&mut self, out: &mut [u8]) {
        for byte in out {
            self.0 = self.0.wrapping_mul(29).wrapping_add(17);
            *byte = self.0;
        }
    }
}

fn window() -> Validity {
    let at = |text| Some(Timestamp::parse(text).unwrap());
    Validity::new(at("2026-01-01"), at("2051-01-01"))
}

#[test]
fn certificates_say_what_the_profile_says() {
    for curve in [
        Curve::P256,
        Curve::P384,
        Curve::P521,
        Curve::BrainpoolP256r1,
        Curve::BrainpoolP384r1,
        Curve::Ed25519,
    ] {
        let mut random = Counter(1);
        let name = CertificateName::new("Wurzel").organization("Land").country("DE");
        let root = CertificateAuthority::generate(name, curve, window(), &mut random).unwrap();
        assert!(root.certificate().is_self_signed() && root.certificate().may_sign_certificates());
        assert!(!root.certificate().may_sign_documents());
        assert_eq!(root.certificate().country(), Some("DE"));
        let key = PublicKey::from(&SigningKey::generate(Curve::P256, &mut random));
        let profile = LeafProfile::new("Gymnasium Süd")
            .dns("schule.example")
            .uri("https://schule.example/a")
            .extended_key_usage("1.3.6.1.5.5.7.3.3");
        let leaf = root.issue_leaf(&profile, &key, window(), &mut random).unwrap();
        assert_eq!(leaf.common_name(), Some("Gymnasium Süd"));
        assert_eq!(leaf.dns_names(), ["schule.example"]);
        assert_eq!(leaf.uris(), ["https://schule.example/a"]);
        assert_eq!(leaf.extended_key_usage(), ["1.3.6.1.5.5.7.3.3"]);
        assert_eq!(leaf.authority_key_id(), root.certificate().subject_key_id());
        assert_eq!(leaf.public_key(), Ok(&key));
        assert_eq!(
            (Some(leaf.not_before()), Some(leaf.not_after())),
            (window().not_before, window().expires)
        );
        assert!(!leaf.is_ca() && !leaf.is_self_signed() && leaf.may_sign_documents());
        assert_eq!(Certificate::parse_pem(&leaf.to_pem()), Ok(leaf));
    }
}

#[test]
fn an_authority_is_taken_up_again() {
    let mut random = Counter(2);
    let root = CertificateAuthority::generate("Wurzel", Curve::P256, window(), &mut random).unwrap();
    let middle = root
        .issue_authority("Mitte", Curve::P384, window(), &mut random)
        .unwrap();
    let again = CertificateAuthority::from_pem(&middle.to_pem(), &middle.key_to_pem().unwrap()).unwrap();
    assert_eq!(again.certificate(), middle.certificate());
    let key = PublicKey::from(&SigningKey::generate(Curve::P256, &mut random));
    let leaf = again
        .issue_leaf(&LeafProfile::new("Blatt"), &key, window(), &mut random)
        .unwrap();
    assert_eq!(again.chain_of(&leaf), [leaf.clone(), middle.certificate().clone()]);

    let other = SigningKey::generate(Curve::P384, &mut random);
    let swapped = CertificateAuthority::load(middle.certificate().clone(), other);
    assert_eq!(swapped.err(), Some(AuthorityError::KeyDoesNotFit));
    let leaf_key = SigningKey::generate(Curve::P256, &mut random);
    assert_eq!(
        CertificateAuthority::load(leaf, leaf_key).err(),
        Some(AuthorityError::NotAnAuthority)
    );
}

#[test]
fn names_that_a_certificate_cannot_carry_are_refused() {
    let mut random = Counter(3);
    let root = CertificateAuthority::generate("Wurzel", Curve::P256, window(), &mut random).unwrap();
    let key = PublicKey::from(&SigningKey::generate(Curve::P256, &mut random));
    for (profile, what) in [
        (LeafProfile::new(""), "name"),
        (LeafProfile::new("Blatt\u{0}"), "name"),
        (LeafProfile::new("Blatt").dns("schule example"), "DNS name"),
        (LeafProfile::new("Blatt").uri("schule"), "URI"),
        (LeafProfile::new("Blatt").extended_key_usage("x"), "object identifier"),
        (LeafProfile::new(CertificateName::new("Blatt").country("de")), "country"),
    ] {
        let made = root.issue_leaf(&profile, &key, window(), &mut random);
        assert_eq!(made, Err(AuthorityError::BadName(what)));
    }
    let open = root.issue_leaf(&LeafProfile::new("Blatt"), &key, Validity::default(), &mut random);
    assert_eq!(open, Err(AuthorityError::Validity));
}

/// A certificate like those that a widespread library makes once in some hundred times.
#[test]
fn a_serial_number_with_filler_is_read_and_its_signature_holds() {
    let mut random = Counter(9);
    let root = CertificateAuthority::generate("Wurzel", Curve::P256, window(), &mut random).unwrap();
    let key = PublicKey::from(&SigningKey::generate(Curve::P256, &mut random));
    let subject = encode::name(&CertificateName::new("Schule")).unwrap();
    let profile = LeafProfile::new("Schule").dns("schule.example");
    let draft = || encode::Draft {
        issuer: root.certificate.subject(),
        subject: &subject,
        key: &key,
        validity: window(),
        extensions: encode::leaf_extensions(&profile, &key_id(&key), &root.key_id()).unwrap(),
    };
    for serial in [[0x00, 0x6c, 1, 2], [0x00, 0x00, 0x6c, 3]] {
        let leaf = draft().sign(&root.key, &serial).unwrap();
        assert_eq!(leaf.dns_names(), ["schule.example"]);
        assert!(leaf.der().windows(4).any(|window| window == serial), "kept as received");
        let mut store = crate::trust::TrustStore::new(crate::trust::Environment::Test);
        store.add_anchor(crate::trust::Role::RelyingParties, root.certificate().clone());
        let at = Timestamp::parse("2026-06-01").unwrap();
        assert!(store.resolve_relying_party(&[leaf.der().to_vec()], at).is_ok());
    }
    // Other faults are not mended.
    let mut bent = draft().sign(&root.key, &[0x6c]).unwrap().der().to_vec();
    bent.push(0);
    assert_eq!(Certificate::parse(&bent), Err(CertificateError::Der));
}
