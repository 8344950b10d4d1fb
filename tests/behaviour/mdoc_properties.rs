//! Every byte of an answer counts: each one flipped, in answers under a signature and under a MAC.

use std::ops::Range;

use wallet_core::codec::{Budget, CborValue, Object};
use wallet_core::credential::mdoc::{
    Blueprint, DeviceBinding, DeviceResponse, Mdoc, MdocError, SessionTranscript, VerifyOptions,
};
use wallet_core::credential::{ClaimPath, StatusListReference, Unverified};
use wallet_core::crypto::{AgreementKey, Curve, SigningKey};
use wallet_core::envelope::session::device_mac_key;
use wallet_core::keys::{KeyHandle, PublicKey};
use wallet_core::time::{Timestamp, Validity};
use wallet_core::trust::authority::{CertificateAuthority, CertificateName, LeafProfile};
use wallet_core::trust::{Environment, Role, TrustStore};
use wallet_tests::TestRandom;

const MDL: &str = "org.iso.18013.5.1.mDL";
const NAMESPACE: &str = "org.iso.18013.5.1";
const DAY: i64 = 86_400;

fn now() -> Timestamp {
    Timestamp::parse("2026-07-05T12:00:00Z").unwrap()
}

/// An answer of a device, and everything that its recipient judges it by.
struct Answer {
    trust: TrustStore,
    transcript: SessionTranscript,
    reader_key: AgreementKey,
    response: Vec<u8>,
}

impl Answer {
    fn new(with_mac: bool) -> Self {
        let random = &mut TestRandom::new(11);
        let validity = Validity::new(Some(now().plus(-30 * DAY)), Some(now().plus(300 * DAY)));
        let name = CertificateName::new("Test IACA").country("DE");
        let iaca = CertificateAuthority::generate_iaca(name, "https://a.example", Curve::P256, validity, random);
        let iaca = iaca.unwrap();
        let (signer, device) = (
            SigningKey::generate(Curve::P256, random),
            SigningKey::generate(Curve::P256, random),
        );
        let profile = LeafProfile::new(CertificateName::new("Test DS").country("DE"));
        let crl = "https://a.example/crl";
        let leaf = iaca.issue_document_signer(&profile, &PublicKey::from(&signer), crl, validity, random);
        let mut trust = TrustStore::new(Environment::Test);
        trust.add_anchor(Role::Issuers, iaca.certificate().clone());
        let issued = Blueprint::new(MDL)
            .element(NAMESPACE, "family_name", "Mustermann")
            .element(NAMESPACE, "birth_date", CborValue::full_date("1990-02-03"))
            .element(NAMESPACE, "age_over_18", true)
            .element("org.example.more", "points", 12_u64)
            .validity(now().plus(-60), now().plus(-60), now().plus(20 * DAY))
            .device_key(&PublicKey::from(&device))
            .authorize_elements("org.example.device", &["location"])
            .status(&StatusListReference::new(7, "https://a.example/status/1"))
            .decoys(2)
            .conceal(random)
            .unwrap()
            .sign(&signer, &[leaf.unwrap()]);
        let held = Unverified::<Mdoc>::parse(&issued, &mut Budget::default()).unwrap();
        let held = held.verify(&trust, &VerifyOptions::at_rest(), now()).unwrap();
        let transcript = SessionTranscript::openid4vp("x509_hash:abc", "nonce", None, "https://v.example/response");
        let reader_key = AgreementKey::generate(random);
        let paths = ["family_name", "age_over_18"].map(|name| ClaimPath::of_keys(NAMESPACE, &[name]));
        let selection = held.credential().select(&paths).unwrap();
        let unbound = held
            .credential()
            .present(&selection)
            .with_device_element("org.example.device", "location", "counter 4")
            .unwrap()
            .bind(&transcript, KeyHandle::new("device"), PublicKey::from(&device));
        let document = if with_mac {
            unbound.with_mac(&device_mac_key(&reader_key, &PublicKey::from(&device), &transcript.to_tagged()).unwrap())
        } else {
            let signature = device.sign(unbound.signing_request().message());
            unbound.with_signature(&signature).unwrap()
        };
        Self {
            trust,
            transcript,
            reader_key,
            response: DeviceResponse::new(vec![document]).encode(),
        }
    }

    /// What the recipient reads: nothing where the response has no document left.
    fn judge(&self, response: &[u8]) -> Result<Option<(Object, Object)>, MdocError> {
        let mut received = DeviceResponse::parse(response, &mut Budget::default())?;
        let Some(document) = received.documents.pop() else {
            return Ok(None);
        };
        let binding = DeviceBinding::new(self.transcript.clone()).with_reader_key(&self.reader_key);
        let verified = document.verify(&self.trust, &VerifyOptions::presentation(binding), now())?;
        let mdoc = verified.credential();
        Ok(Some((mdoc.claims().clone(), mdoc.device_claims().clone())))
    }

    /// Where the name of this member stands in the response, its head included.
    fn name_of_member(&self, name: &str) -> Range<usize> {
        let mut windows = self.response.windows(name.len());
        let start = windows.position(|window| window == name.as_bytes()).expect(name);
        start - 1..start + name.len()
    }
}

/// The byte that a bit of is flipped, and all of it, by place and mask.
fn flips(length: usize) -> impl Iterator<Item = (usize, u8)> {
    (0..length).flat_map(|place| [(place, 1 << (place % 8)), (place, 0x80 >> (place % 5)), (place, 0xff)])
}

#[test]
fn every_flipped_byte_of_a_response_is_refused() {
    for with_mac in [false, true] {
        let answer = Answer::new(with_mac);
        let honest = answer.judge(&answer.response).unwrap().unwrap();
        assert_eq!(
            honest.0.to_string(),
            r#"{"org.iso.18013.5.1":{"family_name":"Mustermann","age_over_18":true}}"#
        );
        assert_eq!(
            honest.1.to_string(),
            r#"{"org.example.device":{"location":"counter 4"}}"#
        );
        assert!(answer.response.len() > 1500, "a real response");
        let documents = answer.name_of_member("documents");
        for (place, mask) in flips(answer.response.len()) {
            let mut altered = answer.response.clone();
            altered[place] ^= mask;
            match answer.judge(&altered) {
                Err(_) => {}
                // A response whose documents are called otherwise has none, and nothing is read from it.
                Ok(None) => assert!(documents.contains(&place), "byte {place} hides the document"),
                Ok(Some(_)) => panic!("byte {place} is not covered"),
            }
        }
    }
}

#[test]
fn what_is_cut_off_or_put_behind_is_refused() {
    let answer = Answer::new(false);
    for length in 0..answer.response.len() {
        assert!(answer.judge(&answer.response[..length]).is_err(), "{length} bytes");
    }
    let longer = [answer.response.as_slice(), &[0xf6]].concat();
    assert!(answer.judge(&longer).is_err());
}
