use super::*;
use crate::crypto::{AgreementKey, Curve, Random, SigningKey, sha256};
use crate::envelope::session::device_mac_key;
use crate::keys::KeyHandle;
use crate::trust::authority::{CertificateAuthority, CertificateName, LeafProfile};
use crate::trust::{Certificate, Environment, Role, TrustStore};

const NAMESPACE: &str = "org.iso.18013.5.1";

struct Repeatable(u64);

impl Random for Repeatable {
    fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(32) {
            self.0 += 1;
            chunk.copy_from_slice(&sha256(&self.0.to_be_bytes())[..chunk.len()]);
        }
    }
}

struct Scene {
    trust: TrustStore,
    signer: SigningKey,
    certificate: Certificate,
    device: SigningKey,
    random: Repeatable,
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(1_800_000_000 + seconds)
}

impl Scene {
    fn new(curve: Curve) -> Self {
        let mut random = Repeatable(0);
        let validity = Validity::new(Some(at(-86_400)), Some(at(86_400 * 400)));
        let name = CertificateName::new("Test IACA").country("DE");
        let iaca = CertificateAuthority::generate_iaca(name, "https://a.example", Curve::P256, validity, &mut random);
        let iaca = iaca.expect("an authority");
        let signer = SigningKey::generate(Curve::P256, &mut random);
        let profile = LeafProfile::new(CertificateName::new("Test DS").country("DE"));
        let crl = "https://a.example/crl";
        let certificate = iaca
            .issue_document_signer(&profile, &PublicKey::from(&signer), crl, validity, &mut random)
            .expect("a certificate");
        let mut trust = TrustStore::new(Environment::Test);
        trust.add_anchor(Role::Issuers, iaca.certificate().clone());
        Self {
            trust,
            signer,
            certificate,
            device: SigningKey::generate(curve, &mut random),
            random,
        }
    }

    fn blueprint(&self) -> Blueprint {
        Blueprint::new("org.iso.18013.5.1.mDL")
            .element(NAMESPACE, "family_name", "Doe")
            .element(NAMESPACE, "birth_date", CborValue::full_date("1990-02-03"))
            .element(NAMESPACE, "age_over_18", true)
            .element("org.example.more", "driving_privileges", CborValue::array([]))
            .validity(at(-60), at(0), at(86_400 * 30))
            .device_key(&PublicKey::from(&self.device))
    }

    fn issue(&mut self, blueprint: Blueprint) -> Vec<u8> {
        let concealed = blueprint.conceal(&mut self.random).expect("complete");
        concealed.sign(&self.signer, std::slice::from_ref(&self.certificate))
    }

    fn verify(&self, bytes: &[u8]) -> Result<Verified<Mdoc>, MdocError> {
        Unverified::<Mdoc>::parse(bytes, &mut Budget::default())?.verify(&self.trust, &VerifyOptions::at_rest(), at(10))
    }
}

fn transcript() -> SessionTranscript {
    SessionTranscript::openid4vp("x509_hash:abc", "nonce", None, "https://v.example/response")
}

fn path(element: &str) -> ClaimPath {
    ClaimPath::of_keys(NAMESPACE, &[element])
}

#[test]
fn what_is_issued_verifies_and_says_what_went_in() {
    let mut scene = Scene::new(Curve::P256);
    let blueprint = scene.blueprint().decoys(3).digest_algorithm(HashAlgorithm::Sha512);
    let blueprint = blueprint.status(&StatusListReference::cwt(7, "https://s.example/1"));
    let issued = scene.issue(blueprint);
    let verified = scene.verify(&issued).unwrap();
    let mdoc = verified.credential();
    assert_eq!(mdoc.doctype(), "org.iso.18013.5.1.mDL");
    assert_eq!(
        mdoc.claims_json().to_string(),
        r#"{"org.iso.18013.5.1":{"family_name":"Doe","birth_date":"1990-02-03","age_over_18":true},"org.example.more":{"driving_privileges":[]}}"#
    );
    assert_eq!(
        mdoc.element(NAMESPACE, "birth_date"),
        Some(CborValue::full_date("1990-02-03"))
    );
    assert_eq!(mdoc.holder_key(), Some(&PublicKey::from(&scene.device)));
    assert_eq!(
        mdoc.status_reference(),
        Ok(Some(StatusListReference::cwt(7, "https://s.example/1")))
    );
    assert_eq!(mdoc.to_bytes(), issued);
    assert_eq!(mdoc.signed(), at(-60));
    assert_eq!(verified.issuer().name, "Test DS");
}

#[test]
fn chosen_elements_are_presented_under_signature_and_under_mac() {
    for curve in [
        Curve::P256,
        Curve::P384,
        Curve::P521,
        Curve::BrainpoolP256r1,
        Curve::Ed25519,
    ] {
        let mut scene = Scene::new(curve);
        let blueprint = scene.blueprint().authorize_elements(NAMESPACE, &["location"]);
        let issued = scene.issue(blueprint);
        let held = scene.verify(&issued).unwrap();
        let mdoc = held.credential();
        let selection = mdoc.select(&[path("age_over_18")]).unwrap();
        assert_eq!(
            selection.disclosed_json().to_string(),
            r#"{"org.iso.18013.5.1":{"age_over_18":true}}"#
        );
        let bind = || {
            let presentation = mdoc
                .present(&selection)
                .with_device_element(NAMESPACE, "location", "here");
            let handle = KeyHandle::new("device");
            presentation
                .unwrap()
                .bind(&transcript(), handle, PublicKey::from(&scene.device))
        };
        let signature = scene.device.sign(bind().signing_request().message());
        let mut documents = vec![bind().with_signature(&signature).unwrap()];
        let reader = AgreementKey::generate_on(curve, &mut scene.random).ok();
        if let Some(reader) = &reader {
            let key = device_mac_key(reader, &PublicKey::from(&scene.device), &transcript().to_tagged()).unwrap();
            documents.push(bind().with_mac(&key));
        }
        let encoded = DeviceResponse::new(documents)
            .with_document_error("org.example.other", 0)
            .encode();
        let response = DeviceResponse::parse(&encoded, &mut Budget::default()).unwrap();
        assert_eq!(response.document_errors[0].doctype, "org.example.other");
        let mut binding = DeviceBinding::new(transcript());
        if let Some(reader) = &reader {
            binding = binding.with_reader_key(reader);
        }
        let options = VerifyOptions::presentation(binding).with_doctype("org.iso.18013.5.1.mDL");
        for document in response.documents {
            let shown = document.verify(&scene.trust, &options, at(10)).unwrap();
            assert_eq!(shown.credential().claims(), selection.disclosed_claims());
            assert_eq!(
                Json::from(shown.credential().device_claims().clone()).to_string(),
                r#"{"org.iso.18013.5.1":{"location":"here"}}"#
            );
        }
    }
}

#[test]
fn nothing_selected_is_the_least_that_can_be_shown() {
    let mut scene = Scene::new(Curve::P256);
    let blueprint = scene.blueprint();
    let issued = scene.issue(blueprint);
    let verified = scene.verify(&issued).unwrap();
    let selection = verified.credential().select(&[]).unwrap();
    let least = verified.credential().present(&selection).into_issuer_signed();
    assert!(scene.verify(&least).unwrap().credential().claims().is_empty());
    for (paths, error) in [
        (vec![path("portrait")], MdocError::NothingThere),
        (vec![ClaimPath::of_keys("org.example", &["a"])], MdocError::NothingThere),
        (
            vec![path("family_name").then(PathElement::Index(0))],
            MdocError::Path(PathError::NotAnArray),
        ),
    ] {
        assert_eq!(verified.credential().select(&paths), Err(error));
    }
    let all = verified
        .credential()
        .select(&[ClaimPath::of_keys(NAMESPACE, &[])])
        .unwrap();
    assert_eq!(all.count(), 3);
    assert_eq!(verified.credential().disclosable().len(), 4);
}

#[test]
fn digest_ids_do_not_tell_the_order_of_elements() {
    let mut scene = Scene::new(Curve::P256);
    let ids: Vec<Vec<u32>> = (0..3)
        .map(|_| {
            let blueprint = scene.blueprint().decoys(5);
            let issued = scene.issue(blueprint);
            let parsed = Unverified::<Mdoc>::parse(&issued, &mut Budget::default()).unwrap();
            parsed.inner().namespaces[0]
                .items
                .iter()
                .map(|item| item.digest_id)
                .collect()
        })
        .collect();
    assert!(ids[0] != ids[1] || ids[1] != ids[2], "{ids:?}");
}

/// Nobody vouches for the lists when they are compared: in pairs, these would cost a minute.
#[test]
fn long_key_authorisations_are_compared_in_passing() {
    let names = |prefix: char| (0..50_000).map(move |number| format!("{prefix}{number}"));
    let elements: Vec<_> = names('e').map(|name| (name, Vec::new())).collect();
    let apart = mso::KeyAuthorizations::new(names('n').collect(), elements.clone());
    assert!(apart.is_ok());
    let overlapping = mso::KeyAuthorizations::new(names('n').chain(["e49999".to_owned()]).collect(), elements);
    assert_eq!(overlapping.err(), Some(MdocError::KeyAuthorizationsOverlap));
}
