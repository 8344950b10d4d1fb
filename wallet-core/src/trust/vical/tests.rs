//! Certificates come from the authority, which is a part of issuer and verifier.
#![cfg(any(feature = "issuer", feature = "verifier"))]

use super::super::authority::{CertificateAuthority, CertificateName, LeafProfile};
use super::super::{DocumentSignerClaim, Environment};
use super::*;
use crate::crypto::{Curve, Random};
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

const CRL: &str = "https://provider.example/crl";
const MDL: &str = "org.iso.18013.5.1.mDL";
const PID: &str = "eu.europa.ec.eudi.pid.1";

fn now() -> Timestamp {
    Timestamp::parse("2026-07-01T00:00:00Z").unwrap()
}

fn window() -> Validity {
    Validity::new(Some(now().plus(-86_400)), Some(now().plus(300 * 86_400)))
}

struct World {
    trust: TrustStore,
    root: CertificateAuthority,
    key: SigningKey,
    leaf: Certificate,
    authorities: Vec<CertificateAuthority>,
    random: Counter,
}

fn world() -> World {
    let mut random = Counter(11);
    let mut iaca = |name: &str, country: &str| {
        let name = CertificateName::new(name).country(country);
        CertificateAuthority::generate_iaca(name, CRL, Curve::P256, window(), &mut random).unwrap()
    };
    let root = iaca("Verband", "DE");
    let authorities = vec![iaca("Land A", "DE"), iaca("Land B", "AT")];
    let key = SigningKey::generate(Curve::P256, &mut random);
    let public = PublicKey::from(&key);
    let leaf = root
        .issue_vical_signer(&LeafProfile::new("Verband Liste"), &public, CRL, window(), &mut random)
        .unwrap();
    let mut trust = TrustStore::new(Environment::Test);
    trust.add_anchor(Role::VicalProviders, root.certificate().clone());
    World {
        trust,
        root,
        key,
        leaf,
        authorities,
        random,
    }
}

impl World {
    fn list(&self) -> Vical {
        let mut list = Vical::new("Verband", now());
        list.issue = Some(7);
        list.next_update = Some(now().plus(86_400));
        let certificate = |at: usize| self.authorities[at].certificate().clone();
        list.entries.push(VicalEntry::new(certificate(0), [MDL]));
        list.entries.push(VicalEntry::new(certificate(1), [MDL, PID]));
        list
    }

    fn sign(&self, list: &Vical) -> Vec<u8> {
        list.sign(&self.key, std::slice::from_ref(&self.leaf))
    }

    fn judge(&self, bytes: &[u8]) -> Result<Vical, VicalError> {
        Vical::verify(bytes, &self.trust, Some(7), now())
    }

    /// The list with a change to its CBOR, signed anew.
    fn changed(&self, change: impl FnOnce(&mut Vec<(CborValue, CborValue)>)) -> Result<Vical, VicalError> {
        let list = self.list().unsigned(self.key.algorithm(), &[]);
        let payload = list.with_signature([]).as_array().unwrap()[2]
            .as_bytes()
            .unwrap()
            .to_vec();
        let CborValue::Map(mut members) = CborValue::parse(&payload, &mut Budget::default()).unwrap() else {
            panic!("a map");
        };
        change(&mut members);
        let message = UnsignedSign1::new(self.key.algorithm(), CborValue::Map(members).encode());
        let message = message.x5chain(&[self.leaf.der().to_vec()]);
        self.judge(&message.sign(&self.key).encode())
    }

    /// The list with a change to its first entry.
    fn entry(&self, name: &str, value: Option<CborValue>) -> Result<Vical, VicalError> {
        self.changed(|members| {
            let entries = members
                .iter_mut()
                .find(|(key, _)| key.as_str() == Some("certificateInfos"))
                .unwrap();
            let CborValue::Array(entries) = &mut entries.1 else {
                panic!("an array")
            };
            let CborValue::Map(entry) = &mut entries[0] else {
                panic!("a map")
            };
            set(entry, name, value);
        })
    }

    fn member(&self, name: &str, value: Option<CborValue>) -> Result<Vical, VicalError> {
        self.changed(|members| set(members, name, value))
    }
}

fn set(members: &mut Vec<(CborValue, CborValue)>, name: &str, value: Option<CborValue>) {
    members.retain(|(key, _)| key.as_str() != Some(name));
    members.extend(value.map(|value| (CborValue::text(name), value)));
}

#[test]
fn the_authorities_of_a_list_vouch_for_their_document_types() {
    let mut world = world();
    let bytes = world.sign(&world.list());
    assert!(is_vical(&bytes) && !is_vical(&bytes[1..]) && !is_vical(world.leaf.der()));
    let list = world.judge(&bytes).unwrap();
    assert_eq!(list, world.list());
    let mut store = TrustStore::new(Environment::Test);
    store.add_vical(&list).unwrap();
    for (at, doctype, trusted) in [(0, MDL, true), (0, PID, false), (1, MDL, true), (1, PID, true)] {
        let authority = &world.authorities[at];
        let key = PublicKey::from(&SigningKey::generate(Curve::P256, &mut world.random));
        let signer = authority
            .issue_document_signer(&LeafProfile::new("Signer"), &key, CRL, window(), &mut world.random)
            .unwrap();
        let chain = [signer.der().to_vec()];
        let found = store.resolve_document_signer(&DocumentSignerClaim::new(&chain, doctype, now()), now());
        let refused = Err("trust.type_not_allowed");
        let outcome = found.map(drop).map_err(|error| error.code());
        assert_eq!(outcome, if trusted { Ok(()) } else { refused }, "{at} {doctype}");
    }
    // The provider itself issues nothing.
    assert_eq!(store.anchors(Role::VicalProviders).count(), 0);
}

#[test]
fn each_change_to_a_list_has_its_error() {
    let world = world();
    let code = |outcome: Result<Vical, VicalError>| outcome.map(drop).map_err(|error| error.code());
    let date = |days: i64| Some(CborValue::date_time(now().plus(days * 86_400).to_string()));
    let text = |text: &str| Some(CborValue::text(text));
    assert_eq!(code(world.member("extensions", text("x"))), Ok(()));
    assert_eq!(code(world.member("version", text("1.1"))), Ok(()));
    for (name, value, error) in [
        ("version", text("2.0"), "vical.version"),
        ("version", None, "vical.malformed"),
        ("vicalProvider", None, "vical.malformed"),
        ("date", None, "vical.malformed"),
        ("date", text("2026-07-01T00:00:00Z"), "vical.malformed"),
        ("date", date(1), "vical.from_future"),
        ("nextUpdate", date(0), "vical.expired"),
        ("vicalIssueID", text("7"), "vical.malformed"),
        ("vicalIssueID", Some(CborValue::from(6_u64)), "vical.goes_back"),
        ("vicalIssueID", None, "vical.goes_back"),
        ("certificateInfos", None, "vical.malformed"),
        (
            "certificateInfos",
            Some(CborValue::array(vec![CborValue::Null; 5001])),
            "vical.too_many",
        ),
        (
            "certificateInfos",
            Some(CborValue::array([CborValue::Null])),
            "vical.entry_malformed",
        ),
    ] {
        assert_eq!(code(world.member(name, value)), Err(error), "{name}");
    }
    let other = world.authorities[1].certificate();
    let bytes = |bytes: &[u8]| Some(CborValue::bytes(bytes));
    for (name, value, error) in [
        ("certificate", None, "vical.entry_malformed"),
        ("certificate", bytes(&[0x30, 0x00]), "certificate.der"),
        ("certificate", bytes(other.der()), "vical.entry_differs"),
        ("serialNumber", None, "vical.entry_malformed"),
        ("serialNumber", Some(CborValue::from(7_u64)), "vical.entry_differs"),
        ("ski", None, "vical.entry_malformed"),
        ("ski", other.subject_key_id().and_then(bytes), "vical.entry_differs"),
        ("issuer", bytes(other.issuer()), "vical.entry_differs"),
        ("subject", bytes(other.subject()), "vical.entry_differs"),
        ("notBefore", date(-2), "vical.entry_differs"),
        ("notAfter", date(2), "vical.entry_differs"),
        ("issuingCountry", text("AT"), "vical.entry_differs"),
        ("docType", None, "vical.entry_malformed"),
        ("docType", Some(CborValue::array([])), "vical.entry_malformed"),
    ] {
        assert_eq!(code(world.entry(name, value)), Err(error), "{name}");
    }
    let state = world.entry("issuingCountry", text("DE-BE"));
    assert_eq!(code(state), Ok(()));
    let own = world.authorities[0].certificate();
    assert_eq!(code(world.entry("subject", bytes(own.subject()))), Ok(()));

    let mut twice = world.list();
    twice.entries.push(twice.entries[0].clone());
    let duplicate = VicalError::Entry {
        position: 2,
        fault: EntryFault::Duplicate,
    };
    assert_eq!(world.judge(&world.sign(&twice)), Err(duplicate));
    let mut signer = world.list();
    signer.entries[0].certificate = world.leaf.clone();
    assert_eq!(
        code(world.judge(&world.sign(&signer))),
        Err("vical.entry_not_an_authority")
    );
}

#[test]
fn only_a_provider_that_is_trusted_for_lists_may_sign_one() {
    let mut world = world();
    let list = world.list();
    let code = |outcome: Result<Vical, VicalError>| outcome.map(drop).map_err(|error| error.code());
    let mut bent = world.sign(&list);
    *bent.last_mut().unwrap() ^= 1;
    assert_eq!(code(world.judge(&bent)), Err("cose.bad_signature"));
    assert_eq!(code(world.judge(&list.sign(&world.key, &[]))), Err("cose.bad_header"));
    let bare = list.unsigned(world.key.algorithm(), std::slice::from_ref(&world.leaf));
    assert_eq!(code(world.judge(b"\x80")), Err("cose.not_cose"));
    drop(bare);

    let public = PublicKey::from(&world.key);
    let reader = world
        .root
        .issue_reader(&LeafProfile::new("Leser"), &public, CRL, window(), &mut world.random)
        .unwrap();
    let by_reader = list.sign(&world.key, &[reader]);
    assert_eq!(
        code(world.judge(&by_reader)),
        Err("certificate_profile.extended_key_usage_purpose")
    );
    let plain = world
        .root
        .issue_leaf(&LeafProfile::new("Ohne Zweck"), &public, window(), &mut world.random)
        .unwrap();
    assert_eq!(
        code(world.judge(&list.sign(&world.key, &[plain]))),
        Err("vical.not_a_signer")
    );

    // An anchor for issuing is none for lists.
    let mut issuers = TrustStore::new(Environment::Test);
    issuers.add_anchor(Role::Issuers, world.root.certificate().clone());
    let refused = Vical::verify(&world.sign(&list), &issuers, None, now());
    assert_eq!(code(refused), Err("trust.untrusted_path"));
    // The signer's own certificate may be pinned.
    let mut pinned = TrustStore::new(Environment::Test);
    pinned.add_anchor(Role::VicalProviders, world.leaf.clone());
    assert_eq!(Vical::verify(&world.sign(&list), &pinned, None, now()), Ok(list));
}
