//! What a holder can and cannot reveal of an mdoc, over invented ones.

use std::collections::BTreeSet;

use proptest::prelude::*;
use wallet_core::codec::{Budget, CborValue, Object};
use wallet_core::credential::mdoc::{Blueprint, DeviceBinding, DeviceResponse, Mdoc, SessionTranscript, VerifyOptions};
use wallet_core::credential::{ClaimPath, Unverified, Verified};
use wallet_core::crypto::{Curve, HashAlgorithm, SigningKey};
use wallet_core::keys::{KeyHandle, PublicKey};
use wallet_core::time::{Timestamp, Validity};
use wallet_core::trust::authority::{CertificateAuthority, CertificateName, LeafProfile};
use wallet_core::trust::{Certificate, Environment, Role, TrustStore};
use wallet_tests::TestRandom;

const DAY: i64 = 86_400;

fn at(days: i64) -> Timestamp {
    Timestamp::from_unix(1_800_000_000 + days * DAY)
}

/// An issuer, whoever trusts it, and a device.
struct Scene {
    trust: TrustStore,
    signer: SigningKey,
    chain: Vec<Certificate>,
    device: SigningKey,
}

impl Scene {
    fn new() -> Self {
        let mut random = TestRandom::new(3);
        let validity = Validity::new(Some(at(-10)), Some(at(300)));
        let name = CertificateName::new("Test IACA").country("DE");
        let iaca =
            CertificateAuthority::generate_iaca(name, "https://a.example", Curve::Ed25519, validity, &mut random);
        let iaca = iaca.unwrap();
        let signer = SigningKey::generate(Curve::Ed25519, &mut random);
        let profile = LeafProfile::new(CertificateName::new("Test DS").country("DE"));
        let crl = "https://a.example/crl";
        let leaf = iaca.issue_document_signer(&profile, &PublicKey::from(&signer), crl, validity, &mut random);
        let mut trust = TrustStore::new(Environment::Test);
        trust.add_anchor(Role::Issuers, iaca.certificate().clone());
        Self {
            trust,
            signer,
            chain: vec![leaf.unwrap()],
            device: SigningKey::generate(Curve::Ed25519, &mut random),
        }
    }

    fn issue(&self, elements: &[(String, String, CborValue)], decoys: usize, seed: u8) -> Vec<u8> {
        let mut blueprint = Blueprint::new("org.example.doc").decoys(decoys);
        for (namespace, name, value) in elements {
            blueprint = blueprint.element(namespace, name.as_str(), value.clone());
        }
        let concealed = blueprint
            .validity(at(-1), at(-1), at(20))
            .device_key(&PublicKey::from(&self.device))
            .digest_algorithm(HashAlgorithm::Sha384)
            .conceal(&mut TestRandom::new(seed));
        concealed.unwrap().sign(&self.signer, &self.chain)
    }

    fn verify(&self, issuer_signed: &[u8]) -> Verified<Mdoc> {
        let parsed = Unverified::<Mdoc>::parse(issuer_signed, &mut Budget::default()).unwrap();
        parsed.verify(&self.trust, &VerifyOptions::at_rest(), at(0)).unwrap()
    }

    /// What a verifier reads of these paths, and the bytes that it gets.
    fn show(&self, held: &Verified<Mdoc>, paths: &[ClaimPath]) -> (Object, Vec<u8>) {
        let transcript = SessionTranscript::openid4vp_dc_api("https://v.example", "nonce", None);
        let mdoc = held.credential();
        let selection = mdoc.select(paths).unwrap();
        let unbound =
            mdoc.present(&selection)
                .bind(&transcript, KeyHandle::new("device"), PublicKey::from(&self.device));
        let signature = self.device.sign(unbound.signing_request().message());
        let encoded = DeviceResponse::new(vec![unbound.with_signature(&signature).unwrap()]).encode();
        let mut received = DeviceResponse::parse(&encoded, &mut Budget::default()).unwrap();
        let options = VerifyOptions::presentation(DeviceBinding::new(transcript));
        let shown = received
            .documents
            .remove(0)
            .verify(&self.trust, &options, at(0))
            .unwrap();
        assert_eq!(shown.credential().claims(), selection.disclosed_claims());
        (shown.credential().claims().clone(), encoded)
    }
}

/// Values of any shape, with a mark by which they are found again in bytes.
fn value() -> impl Strategy<Value = CborValue> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(CborValue::from),
        any::<bool>().prop_map(CborValue::from),
        "[ -~äß]{0,6}".prop_map(CborValue::from),
        proptest::collection::vec(any::<u8>(), 0..6).prop_map(CborValue::from),
        (0_u64..9000).prop_map(|days| CborValue::full_date(Timestamp::from_unix(0).plus(days as i64 * DAY).date())),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(CborValue::from),
            proptest::collection::btree_map("[a-c]", inner, 0..3).prop_map(CborValue::map),
        ]
    })
}

/// Elements in one to three namespaces; each value stands beside a text that stands nowhere else.
fn elements() -> impl Strategy<Value = Vec<(String, String, CborValue)>> {
    proptest::collection::btree_map(("[a-c]", "[a-h]"), value(), 1..10).prop_map(|elements| {
        let elements = elements.into_iter().enumerate();
        elements
            .map(|(index, ((namespace, name), value))| {
                let marked = CborValue::array([CborValue::from(format!("<<mark {index}>>")), value]);
                (format!("org.{namespace}"), name, marked)
            })
            .collect()
    })
}

fn names(claims: &Object) -> BTreeSet<(String, String)> {
    let namespaces = claims.iter().flat_map(|(namespace, elements)| {
        let elements = elements.as_object().into_iter().flat_map(Object::iter);
        elements.map(move |(name, _)| (namespace.to_owned(), name.to_owned()))
    });
    namespaces.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_was_issued_is_what_is_read(elements in elements(), decoys in 0_usize..3, seed: u8) {
        let scene = Scene::new();
        let verified = scene.verify(&scene.issue(&elements, decoys, seed));
        for (namespace, name, value) in &elements {
            prop_assert_eq!(verified.credential().element(namespace, name), Some(value.clone()));
            let read = verified.credential().claims().get(namespace).and_then(|elements| elements.get(name));
            prop_assert_eq!(read, Some(&value.to_json()));
        }
        prop_assert_eq!(verified.credential().disclosable().len(), elements.len());
    }

    #[test]
    fn disclosing_less_never_reveals_more(elements in elements(), more: u16, less: u16, seed: u8) {
        let scene = Scene::new();
        let held = scene.verify(&scene.issue(&elements, 2, seed));
        let chosen = |mask: u16| -> Vec<ClaimPath> {
            let chosen = elements.iter().enumerate().filter(|(index, _)| mask & (1 << index) != 0);
            chosen.map(|(_, (namespace, name, _))| ClaimPath::of_keys(namespace, &[name])).collect()
        };
        let (claims_more, bytes_more) = scene.show(&held, &chosen(more));
        let (claims_less, bytes_less) = scene.show(&held, &chosen(more & less));
        prop_assert!(names(&claims_less).is_subset(&names(&claims_more)));
        prop_assert!(bytes_less.len() <= bytes_more.len());
        for (mask, claims, bytes) in [(more, &claims_more, &bytes_more), (more & less, &claims_less, &bytes_less)] {
            for (index, (namespace, name, value)) in elements.iter().enumerate() {
                let mark = format!("<<mark {index}>>");
                let is_sent = bytes.windows(mark.len()).any(|window| window == mark.as_bytes());
                prop_assert_eq!(is_sent, mask & (1 << index) != 0, "{}", mark);
                let read = claims.get(namespace).and_then(|elements| elements.get(name));
                prop_assert_eq!(read.cloned(), is_sent.then(|| value.to_json()));
            }
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_bit_that_is_flipped_anywhere_is_refused(place in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let scene = Scene::new();
        let elements = [("org.a".to_owned(), "a".to_owned(), CborValue::from("value"))];
        let held = scene.verify(&scene.issue(&elements, 0, 1));
        let (_, mut bytes) = scene.show(&held, &held.credential().disclosable());
        let place = place.index(bytes.len());
        bytes[place] ^= 1 << bit;
        let transcript = SessionTranscript::openid4vp_dc_api("https://v.example", "nonce", None);
        let options = VerifyOptions::presentation(DeviceBinding::new(transcript));
        let judged = DeviceResponse::parse(&bytes, &mut Budget::default()).and_then(|mut received| {
            let document = received.documents.pop();
            document.map(|document| document.verify(&scene.trust, &options, at(0))).transpose()
        });
        // The name of a member of the response may become that of none: then there is no document.
        prop_assert!(!matches!(judged, Ok(Some(_))), "at {}", place);
    }
}
