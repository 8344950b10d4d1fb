use super::super::authority::{CertificateAuthority, CertificateName, LeafProfile};
use super::super::{Anchor, DocumentSignerClaim, Environment};
use super::*;
use crate::crypto::{Curve, Random, SigningKey};
use crate::keys::PublicKey;
use crate::time::Validity;

struct Counter(u8);

impl Random for Counter {
    fn fill(&mut self, out: &mut [u8]) {
        for byte in out {
            self.0 = self.0.wrapping_mul(29).wrapping_add(17);
            *byte = self.0;
        }
    }
}

const CRL: &str = "https://land.example/crl";
const MDL: &str = "org.iso.18013.5.1.mDL";

fn at(day: i64) -> Timestamp {
    Timestamp::parse("2026-07-01T00:00:00Z").unwrap().plus(day * 86_400)
}

fn days(from: i64, until: i64) -> Validity {
    Validity::new(Some(at(from)), Some(at(until)))
}

fn iaca(random: &mut Counter) -> CertificateAuthority {
    let name = CertificateName::new("Land IACA").country("DE").state("BE");
    CertificateAuthority::generate_iaca(name, "iaca@land.example", Curve::P256, days(-10, 3000), random).unwrap()
}

fn broken(store: &TrustStore, role: Role, profile: CertificateProfile, chain: &[Vec<u8>]) -> Vec<&'static str> {
    let findings = store.explain_profile(role, profile, chain, at(0)).unwrap();
    let broken = findings.iter().filter(|finding| !finding.holds);
    broken.map(|finding| finding.rule.code()).collect()
}

#[test]
fn what_the_authority_makes_meets_every_rule() {
    let mut random = Counter(1);
    for curve in [Curve::P256, Curve::P384] {
        let name = CertificateName::new("Land IACA").country("DE").state("BE");
        let root = CertificateAuthority::generate_iaca(name, CRL, curve, days(-10, 3000), &mut random).unwrap();
        let key = PublicKey::from(&SigningKey::generate(curve, &mut random));
        let mut store = TrustStore::new(Environment::Test);
        store.set_profile_policy(ProfilePolicy::Strict);
        store.add_anchor(Role::Issuers, root.certificate().clone());
        store.add_anchor(Role::RelyingParties, root.certificate().clone());
        let chain = |leaf: &Certificate| vec![leaf.der().to_vec()];

        let signer = root
            .issue_document_signer(&LeafProfile::new("Signer"), &key, CRL, days(-5, 400), &mut random)
            .unwrap();
        let signer = chain(&signer);
        assert_eq!(
            broken(&store, Role::Issuers, CertificateProfile::DocumentSigner, &signer),
            [""; 0]
        );
        assert_eq!(
            broken(&store, Role::Issuers, CertificateProfile::PidProvider, &signer),
            [""; 0]
        );
        let claim = DocumentSignerClaim::new(&signer, MDL, at(-1)).issuing_country(Some("DE"));
        let issuer = store
            .resolve_document_signer(&claim.issuing_jurisdiction(Some("BE")), at(0))
            .unwrap();
        assert_eq!((issuer.name.as_str(), &issuer.key), ("Signer", &key));

        let reader = root
            .issue_reader(&LeafProfile::new("Reader"), &key, CRL, days(-5, 1000), &mut random)
            .unwrap();
        assert_eq!(reader.crl_distribution_points()[0].uris, [CRL]);
        let reader = chain(&reader);
        let relying = Role::RelyingParties;
        assert_eq!(broken(&store, relying, CertificateProfile::Reader, &reader), [""; 0]);
        assert_eq!(store.resolve_reader(&reader, at(0)).unwrap().name, "Reader");

        let lister = root
            .issue_vical_signer(&LeafProfile::new("Lister"), &key, CRL, days(-5, 1000), &mut random)
            .unwrap();
        let lister = chain(&lister);
        assert_eq!(
            broken(&store, Role::Issuers, CertificateProfile::VicalSigner, &lister),
            [""; 0]
        );
        let authority = chain(root.certificate());
        assert_eq!(
            broken(&store, Role::Issuers, CertificateProfile::Iaca, &authority),
            [""; 0]
        );
    }
}
