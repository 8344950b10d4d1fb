//! Certificates come from the authority, which is a part of issuer and verifier.
#![cfg(any(feature = "issuer", feature = "verifier"))]

use super::super::authority::encode::{self, BOOLEAN, INTEGER, OCTET_STRING, SEQUENCE, UTF8_STRING, tlv};
use super::super::authority::{CertificateAuthority, CertificateName, LeafProfile};
use super::super::{DocumentSignerClaim, Environment};
use super::*;
use crate::crypto::{Curve, Random, SigningKey, sha1_key_identifier};
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

const BASIC_CONSTRAINTS: &str = "2.5.29.19";
const KEY_USAGE: &str = "2.5.29.15";
const SUBJECT_KEY: &str = "2.5.29.14";
const AUTHORITY_KEY: &str = "2.5.29.35";
const SUBJECT_NAME: &str = "2.5.29.17";
const ISSUER_NAME: &str = "2.5.29.18";
const CRL_POINTS: &str = "2.5.29.31";
const KEY_PURPOSE: &str = "2.5.29.37";
const POLICIES: &str = "2.5.29.32";
const ACCESS: &str = "1.3.6.1.5.5.7.1.1";
const QUALIFIED: &str = "1.3.6.1.5.5.7.1.3";
const NO_REVOCATION: &str = "2.5.29.56";

fn at(day: i64) -> Timestamp {
    Timestamp::parse("2026-07-01T00:00:00Z").unwrap().plus(day * 86_400)
}

fn days(from: i64, until: i64) -> Validity {
    Validity::new(Some(at(from)), Some(at(until)))
}

/// A certificate to be made, so that one thing can be changed.
#[derive(Clone)]
struct Recipe {
    serial: Vec<u8>,
    /// Attribute, string type, text.
    subject: Vec<(&'static str, u8, &'static str)>,
    issuer: Option<Vec<u8>>,
    validity: Validity,
    extensions: Vec<(&'static str, bool, Vec<u8>)>,
    compressed: bool,
}

const PRINTABLE: u8 = encode::PRINTABLE_STRING;

/// Key usages by their first byte and the bits unused in it.
fn usage(bits: u8) -> Vec<u8> {
    let unused = u8::try_from(bits.trailing_zeros()).unwrap();
    encode::bit_string(unused, &[bits])
}

fn purposes(ids: &[&str]) -> Vec<u8> {
    let ids: Vec<u8> = ids.iter().flat_map(|id| encode::oid(id)).collect();
    tlv(SEQUENCE, &ids)
}

fn uri(text: &str) -> Vec<u8> {
    tlv(0x86, text.as_bytes())
}

fn names(names: &[Vec<u8>]) -> Vec<u8> {
    tlv(SEQUENCE, &names.concat())
}

/// One distribution point of these parts.
fn points(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(SEQUENCE, &tlv(SEQUENCE, &parts.concat()))
}

fn full_name(name: &[u8]) -> Vec<u8> {
    tlv(0xa0, &tlv(0xa0, name))
}

fn policies(ids: &[(&str, bool)]) -> Vec<u8> {
    let statement = || {
        let cps = [encode::oid("1.3.6.1.5.5.7.2.1"), tlv(0x16, b"https://land.example/cps")].concat();
        tlv(SEQUENCE, &tlv(SEQUENCE, &cps))
    };
    let policy = |(id, stated): &(&str, bool)| {
        let statement = if *stated { statement() } else { Vec::new() };
        tlv(SEQUENCE, &[encode::oid(id), statement].concat())
    };
    tlv(SEQUENCE, &ids.iter().flat_map(policy).collect::<Vec<u8>>())
}

fn statements(ids: &[&str]) -> Vec<u8> {
    let statement = |id: &&str| tlv(SEQUENCE, &encode::oid(id));
    tlv(SEQUENCE, &ids.iter().flat_map(statement).collect::<Vec<u8>>())
}

fn access(method: &str) -> Vec<u8> {
    let entry = [encode::oid(method), uri("https://land.example/ca.der")].concat();
    tlv(SEQUENCE, &tlv(SEQUENCE, &entry))
}

impl Recipe {
    fn iaca() -> Self {
        let constraints = [tlv(BOOLEAN, &[0xff]), tlv(INTEGER, &[0])].concat();
        Self {
            serial: vec![0x41; 16],
            subject: vec![
                ("2.5.4.6", PRINTABLE, "DE"),
                ("2.5.4.8", UTF8_STRING, "BE"),
                ("2.5.4.3", UTF8_STRING, "Land IACA"),
            ],
            issuer: None,
            validity: days(-100, 3000),
            extensions: vec![
                (BASIC_CONSTRAINTS, true, tlv(SEQUENCE, &constraints)),
                (KEY_USAGE, true, usage(0x06)),
                (ISSUER_NAME, false, names(&[uri("https://land.example")])),
            ],
            compressed: false,
        }
    }

    fn signer() -> Self {
        Self {
            subject: vec![
                ("2.5.4.6", PRINTABLE, "DE"),
                ("2.5.4.8", UTF8_STRING, "BE"),
                ("2.5.4.3", UTF8_STRING, "Signer"),
            ],
            validity: days(-10, 400),
            extensions: vec![
                (KEY_USAGE, true, usage(0x80)),
                (KEY_PURPOSE, true, purposes(&["1.0.18013.5.1.2"])),
                (ISSUER_NAME, false, names(&[uri("https://land.example")])),
                (CRL_POINTS, false, points(&[full_name(&uri(CRL))])),
            ],
            ..Self::iaca()
        }
    }

    fn reader() -> Self {
        let mut recipe = Self::signer();
        recipe.set(KEY_PURPOSE, purposes(&["1.0.18013.5.1.6"]));
        recipe.validity = days(-10, 1000);
        recipe
    }

    fn pid() -> Self {
        let mut recipe = Self::signer();
        recipe.subject.push(("2.5.4.97", UTF8_STRING, "NTRDE-HRB 1"));
        recipe.extensions = vec![
            (KEY_USAGE, true, usage(0x80)),
            (POLICIES, false, policies(&[("1.2.3.4", false)])),
            (ACCESS, false, access("1.3.6.1.5.5.7.48.2")),
            (QUALIFIED, false, statements(&["0.4.0.1862.1.1", "0.4.0.194126.1.1"])),
        ];
        recipe
    }

    fn access() -> Self {
        let mut recipe = Self::pid();
        recipe.set(POLICIES, policies(&[("0.4.0.194118.1.4", true)]));
        recipe.set(QUALIFIED, statements(&["0.4.0.1862.1.1", "0.4.0.1862.1.6"]));
        recipe
            .extensions
            .push((SUBJECT_NAME, false, names(&[uri("https://reader.example")])));
        recipe
            .extensions
            .push((CRL_POINTS, false, points(&[full_name(&uri(CRL))])));
        recipe
    }

    fn set(&mut self, id: &str, value: Vec<u8>) {
        let slot = self
            .extensions
            .iter_mut()
            .find(|(other, ..)| *other == id)
            .expect("there");
        slot.2 = value;
    }

    fn drop(&mut self, id: &str) {
        self.extensions.retain(|(other, ..)| *other != id);
    }

    fn unname(&mut self, position: usize) {
        self.subject.remove(position);
    }

    fn criticality(&mut self, id: &str, critical: bool) {
        let slot = self
            .extensions
            .iter_mut()
            .find(|(other, ..)| *other == id)
            .expect("there");
        slot.1 = critical;
    }

    fn name(&self) -> Vec<u8> {
        let part = |(attribute, tag, text): &(&str, u8, &str)| {
            let pair = [encode::oid(attribute), tlv(*tag, text.as_bytes())].concat();
            tlv(0x31, &tlv(SEQUENCE, &pair))
        };
        tlv(SEQUENCE, &self.subject.iter().flat_map(part).collect::<Vec<u8>>())
    }

    /// Signs with `by`; key identifiers are added unless the recipe has its own, empty ones being left out.
    fn make(&self, key: &SigningKey, by: &SigningKey, issuer: &[u8]) -> Certificate {
        let (public, above) = (PublicKey::from(key), PublicKey::from(by));
        let point = public.verifying_key().point().to_vec();
        let point = match self.compressed {
            true => [&[2 + (point[64] & 1)], &point[1..33]].concat(),
            false => point,
        };
        let mut extensions = self.extensions.clone();
        let mut add = |id: &'static str, value: Vec<u8>| {
            if !extensions.iter().any(|(other, ..)| *other == id) {
                extensions.push((id, false, value));
            }
        };
        add(SUBJECT_KEY, tlv(OCTET_STRING, &sha1_key_identifier(&point)));
        let above = sha1_key_identifier(above.verifying_key().point());
        add(AUTHORITY_KEY, tlv(SEQUENCE, &tlv(0x80, &above)));
        extensions.retain(|(_, _, value)| !value.is_empty());
        let draft = encode::Draft {
            issuer: self.issuer.as_deref().unwrap_or(issuer),
            subject: &self.name(),
            key: &public,
            validity: self.validity,
            extensions: extensions
                .iter()
                .map(|(id, critical, value)| encode::extension(id, *critical, value))
                .collect(),
        };
        draft.sign_point(by, &self.serial, &point).unwrap()
    }
}

struct World {
    root_key: SigningKey,
    leaf_key: SigningKey,
}

impl World {
    fn new() -> Self {
        let mut random = Counter(3);
        Self {
            root_key: SigningKey::generate(Curve::P256, &mut random),
            leaf_key: SigningKey::generate(Curve::P256, &mut random),
        }
    }

    fn root(&self, recipe: &Recipe) -> Certificate {
        recipe.make(&self.root_key, &self.root_key, &recipe.name())
    }

    fn leaf(&self, recipe: &Recipe) -> Certificate {
        recipe.make(&self.leaf_key, &self.root_key, &Recipe::iaca().name())
    }
}

/// The codes of the rules that a path breaks.
fn breaches(
    profile: CertificateProfile,
    below: &[Certificate],
    anchor: Option<&Certificate>,
    subject: &Subject<'_>,
) -> Vec<&'static str> {
    let mut codes = Vec::new();
    run(profile, below, anchor, subject, &mut |rule, _, holds, _| {
        if !holds {
            codes.push(rule.code());
        }
    });
    codes
}

type Change = fn(&mut Recipe);
type AuthorityCase<'a> = (&'a dyn Fn(&mut Recipe), &'a [&'a str]);

/// Makes a change to a valid leaf: exactly the rules of these codes are broken, and the first of them is what a strict
/// store says. By default it is only refused if the rule protects.
fn changed(world: &World, profile: CertificateProfile, recipe: &Recipe, change: Change, codes: &[&str]) {
    let root = world.root(&Recipe::iaca());
    let mut recipe = recipe.clone();
    change(&mut recipe);
    let leaf = world.leaf(&recipe);
    let found = breaches(profile, std::slice::from_ref(&leaf), Some(&root), &Subject::default());
    let wanted: Vec<String> = codes.iter().map(|code| format!("certificate_profile.{code}")).collect();
    assert_eq!(found, wanted, "{profile}");
    let Some(first) = wanted.first() else {
        return;
    };
    let mut store = TrustStore::new(Environment::Test);
    store.add_anchor(Role::Issuers, root.clone());
    store.add_anchor(Role::RelyingParties, root);
    let chain = [leaf.der().to_vec()];
    let resolve = |store: &TrustStore| match profile {
        CertificateProfile::Reader | CertificateProfile::Access => store.resolve_reader(&chain, at(0)).map(drop),
        _ => {
            let doctype = if profile == CertificateProfile::PidProvider {
                "eu.europa.ec.eudi.pid.1"
            } else {
                MDL
            };
            let claim = DocumentSignerClaim::new(&chain, doctype, at(-1));
            store.resolve_document_signer(&claim, at(0)).map(drop)
        }
    };
    let protects = PROTECTING.contains(&first.strip_prefix("certificate_profile.").unwrap());
    let role = match profile {
        CertificateProfile::Reader | CertificateProfile::Access => Role::RelyingParties,
        _ => Role::Issuers,
    };
    let explained = |store: &TrustStore| store.explain(role, Some(profile), &chain, at(0)).is_trusted();
    let outcome = resolve(&store).map_err(|error| error.code().to_owned());
    assert_eq!(explained(&store), outcome.is_ok(), "{profile}: {wanted:?}");
    // What no path may have is said before a profile is looked at.
    let before = [
        "trust.authority_as_signer",
        "trust.key_usage",
        "trust.untrusted_path",
        "trust.critical_extension",
        "certificate.der",
    ];
    match outcome {
        Err(code) if before.contains(&code.as_str()) => return,
        outcome => assert_eq!(outcome, if protects { Err(first.clone()) } else { Ok(()) }, "{profile}"),
    }
    store.set_profile_policy(ProfilePolicy::Strict);
    assert_eq!(
        resolve(&store).map_err(|error| error.code().to_owned()),
        Err(first.clone())
    );
    assert!(!explained(&store));
    store.set_profile_policy(ProfilePolicy::PathOnly);
    assert!(explained(&store));
    assert_eq!(resolve(&store), Ok(()));
}

const PROTECTING: &[&str] = &[
    "country_match",
    "extended_key_usage_purpose",
    "key_usage_purpose",
    "state_match",
    "validity_within_authority",
];

#[test]
fn each_change_to_a_document_signer_breaks_its_rule() {
    let world = World::new();
    let cases: &[(Change, &[&str])] = &[
        (|_| {}, &[]),
        (|r| r.serial = vec![0x00], &["serial_positive", "serial_random"]),
        (|r| r.serial[0] = 0x81, &["serial_positive"]),
        (|r| r.serial = vec![0x41; 7], &["serial_random"]),
        (|r| r.serial = vec![0x41; 8], &[]),
        (|r| r.serial = vec![0x41; 20], &[]),
        (|r| r.serial = vec![0x41; 21], &["serial_length"]),
        (|r| r.unname(0), &["country"]),
        (|r| r.subject.insert(0, ("2.5.4.6", PRINTABLE, "DE")), &["country"]),
        (|r| r.subject[0].1 = UTF8_STRING, &["country_encoding"]),
        (|r| r.subject[0].2 = "de", &["country_form"]),
        (|r| r.subject[0].2 = "AT", &["country_match"]),
        (|r| r.subject[1].2 = "BY", &["state_match"]),
        (|r| r.unname(1), &["state_missing"]),
        (|r| r.unname(2), &["common_name"]),
        (|r| r.subject.push(("2.5.4.3", UTF8_STRING, "Zwei")), &["common_name"]),
        (|r| r.compressed = true, &["key_form"]),
        (
            |r| r.extensions.push((SUBJECT_KEY, false, Vec::new())),
            &["subject_key_id"],
        ),
        (
            |r| r.extensions.push((SUBJECT_KEY, false, tlv(OCTET_STRING, &[7; 20]))),
            &["subject_key_id_form"],
        ),
        (
            |r| r.extensions.push((AUTHORITY_KEY, false, Vec::new())),
            &["authority_key_id"],
        ),
        (
            |r| {
                r.extensions
                    .push((AUTHORITY_KEY, false, tlv(SEQUENCE, &tlv(0x80, &[7; 20]))))
            },
            &["authority_key_id_match"],
        ),
        (|r| r.drop(KEY_USAGE), &["key_usage"]),
        (|r| r.criticality(KEY_USAGE, false), &["key_usage_critical"]),
        (|r| r.set(KEY_USAGE, usage(0xc0)), &["key_usage_exact"]),
        (|r| r.set(KEY_USAGE, usage(0x40)), &["key_usage_purpose"]),
        (|r| r.drop(KEY_PURPOSE), &["extended_key_usage"]),
        (|r| r.criticality(KEY_PURPOSE, false), &["extended_key_usage_critical"]),
        (
            |r| r.set(KEY_PURPOSE, purposes(&["1.0.18013.5.1.6"])),
            &["extended_key_usage_purpose"],
        ),
        (
            |r| r.set(KEY_PURPOSE, purposes(&["1.3.6.1.5.5.7.3.1"])),
            &["extended_key_usage_purpose"],
        ),
        (
            |r| r.set(KEY_PURPOSE, purposes(&["1.0.18013.5.1.2", "1.0.23220.4.1.2"])),
            &[],
        ),
        (|r| r.drop(ISSUER_NAME), &["issuer_alt_name"]),
        (
            |r| r.set(ISSUER_NAME, names(&[tlv(0x82, b"land.example")])),
            &["issuer_alt_name_form"],
        ),
        (|r| r.set(ISSUER_NAME, vec![0x05, 0x00]), &["issuer_alt_name_form"]),
        (|r| r.drop(CRL_POINTS), &["crl_distribution_point"]),
        (|r| r.set(CRL_POINTS, vec![0x05, 0x00]), &["crl_form"]),
        (
            |r| r.set(CRL_POINTS, points(&[full_name(&tlv(0x82, b"land.example"))])),
            &["crl_form"],
        ),
        (
            |r| r.set(CRL_POINTS, points(&[full_name(&uri(CRL)), tlv(0x81, &[0x01, 0x40])])),
            &["crl_reasons"],
        ),
        (
            |r| r.set(CRL_POINTS, points(&[full_name(&uri(CRL)), tlv(0xa2, &uri(CRL))])),
            &["crl_issuer"],
        ),
        (|r| r.validity = days(-10, 447), &[]),
        (|r| r.validity = days(-10, 448), &["validity_maximum"]),
        (|r| r.validity = days(-101, 300), &["validity_within_authority"]),
        (|r| r.criticality(ISSUER_NAME, true), &["critical_extension"]),
        (
            |r| r.extensions.push(("1.2.3.4.5", true, vec![0x05, 0x00])),
            &["critical_extension"],
        ),
        (|r| r.extensions.push(("1.2.3.4.5", false, vec![0x05, 0x00])), &[]),
        (
            |r| {
                r.extensions
                    .push((BASIC_CONSTRAINTS, true, tlv(SEQUENCE, &tlv(BOOLEAN, &[0xff]))))
            },
            &["end_entity"],
        ),
    ];
    for (change, codes) in cases {
        changed(
            &world,
            CertificateProfile::DocumentSigner,
            &Recipe::signer(),
            *change,
            codes,
        );
    }
}

#[test]
fn each_change_to_a_reader_or_list_signer_breaks_its_rule() {
    let world = World::new();
    let cases: &[(Change, &[&str])] = &[
        (|_| {}, &[]),
        (|r| r.validity = days(-10, 1177), &[]),
        (|r| r.validity = days(-10, 1178), &["validity_maximum"]),
        (|r| r.unname(0), &[]),
        (|r| r.subject[0].2 = "AT", &[]),
        (|r| r.unname(2), &["common_name"]),
        (|r| r.drop(ISSUER_NAME), &[]),
        (|r| r.drop(CRL_POINTS), &["crl_distribution_point"]),
        (|r| r.criticality(KEY_PURPOSE, false), &["extended_key_usage_critical"]),
        (|r| r.set(KEY_PURPOSE, purposes(&["1.0.23220.4.1.6"])), &[]),
        (|r| r.set(KEY_USAGE, usage(0x40)), &["key_usage_purpose"]),
    ];
    for (change, codes) in cases {
        changed(&world, CertificateProfile::Reader, &Recipe::reader(), *change, codes);
    }
    let root = world.root(&Recipe::iaca());
    let found = |profile, recipe: &Recipe| {
        let leaf = world.leaf(recipe);
        breaches(profile, &[leaf], Some(&root), &Subject::default())
    };
    let mut lister = Recipe::reader();
    lister.set(KEY_PURPOSE, purposes(&["1.0.18013.5.1.8"]));
    assert_eq!(found(CertificateProfile::VicalSigner, &lister), [""; 0]);
    let wrong = ["certificate_profile.extended_key_usage_purpose"];
    assert_eq!(found(CertificateProfile::VicalSigner, &Recipe::reader()), wrong);
    assert_eq!(found(CertificateProfile::RevocationListSigner, &lister), wrong);
    lister.drop(KEY_PURPOSE);
    lister.drop(CRL_POINTS);
    assert_eq!(found(CertificateProfile::RevocationListSigner, &lister), [""; 0]);
    lister.validity = days(-10, 1178);
    let long = ["certificate_profile.validity_maximum"];
    assert_eq!(found(CertificateProfile::RevocationListSigner, &lister), long);
}

#[test]
fn each_change_to_an_authority_breaks_its_rule() {
    let world = World::new();
    let constraints = |parts: &[Vec<u8>]| tlv(SEQUENCE, &parts.concat());
    let cases: &[AuthorityCase<'_>] = &[
        (&|_| {}, &[]),
        (&|r| r.serial = vec![0x41; 21], &["serial_length"]),
        (&|r| r.unname(0), &["country"]),
        (&|r| r.subject[0].1 = UTF8_STRING, &["country_encoding"]),
        (&|r| r.subject[0].2 = "De", &["country_form"]),
        (&|r| r.unname(1), &[]),
        (&|r| r.unname(2), &["common_name"]),
        (&|r| r.issuer = Some(Recipe::signer().name()), &["self_issued"]),
        (
            &|r| r.extensions.push((SUBJECT_KEY, false, Vec::new())),
            &["subject_key_id"],
        ),
        (&|r| r.drop(KEY_USAGE), &["key_usage"]),
        (&|r| r.criticality(KEY_USAGE, false), &["key_usage_critical"]),
        (&|r| r.set(KEY_USAGE, usage(0x04)), &["key_usage_exact"]),
        (&|r| r.set(KEY_USAGE, usage(0x86)), &["key_usage_exact"]),
        (&|r| r.set(KEY_USAGE, usage(0x02)), &["key_usage_purpose"]),
        (&|r| r.drop(BASIC_CONSTRAINTS), &["is_authority", "basic_constraints"]),
        (
            &|r| r.criticality(BASIC_CONSTRAINTS, false),
            &["basic_constraints_critical"],
        ),
        (
            &|r| r.set(BASIC_CONSTRAINTS, constraints(&[tlv(BOOLEAN, &[0xff])])),
            &["path_length_zero"],
        ),
        (
            &|r| {
                r.set(
                    BASIC_CONSTRAINTS,
                    constraints(&[tlv(BOOLEAN, &[0xff]), tlv(INTEGER, &[1])]),
                )
            },
            &["path_length_zero"],
        ),
        (
            &|r| r.extensions.push((KEY_PURPOSE, false, purposes(&["1.0.18013.5.1.2"]))),
            &["extended_key_usage_none"],
        ),
        (&|r| r.drop(ISSUER_NAME), &["issuer_alt_name"]),
        (
            &|r| {
                r.extensions
                    .push((CRL_POINTS, false, points(&[tlv(0x81, &[0x01, 0x40])])))
            },
            &["crl_form", "crl_reasons"],
        ),
        (&|r| r.validity = days(-100, 20 * 366 - 100), &[]),
        (&|r| r.validity = days(-100, 20 * 366 - 99), &["validity_maximum"]),
    ];
    for (change, codes) in cases {
        let mut recipe = Recipe::iaca();
        change(&mut recipe);
        let root = world.root(&recipe);
        let wanted: Vec<String> = codes.iter().map(|code| format!("certificate_profile.{code}")).collect();
        assert_eq!(
            breaches(CertificateProfile::Iaca, &[root], None, &Subject::default()),
            wanted
        );
    }
}

#[test]
fn each_change_to_a_pid_provider_breaks_its_rule() {
    let world = World::new();
    let cases: &[(Change, &[&str])] = &[
        (|_| {}, &[]),
        (|r| r.serial = vec![0x00], &["serial_positive", "serial_random"]),
        (|r| r.unname(0), &["country"]),
        (|r| r.subject[0].2 = "AT", &["country_match"]),
        (|r| r.unname(3), &["identifier"]),
        (|r| r.subject[3].2 = "HRB 1", &["identifier_form"]),
        (|r| r.drop(KEY_USAGE), &["key_usage"]),
        (|r| r.set(KEY_USAGE, usage(0x40)), &["key_usage_purpose"]),
        (|r| r.drop(ACCESS), &["authority_information_access"]),
        (|r| r.drop(POLICIES), &["policy"]),
        (|r| r.drop(QUALIFIED), &["pid_statement"]),
        (
            |r| r.set(QUALIFIED, statements(&["0.4.0.1862.1.1"])),
            &["pid_statement"],
        ),
        (
            |r| r.extensions.push((SUBJECT_KEY, false, Vec::new())),
            &["subject_key_id"],
        ),
        (|r| r.criticality(POLICIES, true), &["critical_extension"]),
        (
            |r| r.extensions.push((BASIC_CONSTRAINTS, false, tlv(SEQUENCE, &[]))),
            &["basic_constraints_critical"],
        ),
        (
            |r| r.extensions.push((KEY_PURPOSE, false, purposes(&["1.0.18013.5.1.6"]))),
            &["extended_key_usage_purpose"],
        ),
        (|r| r.extensions.push((KEY_PURPOSE, false, purposes(&["1.2.3.4"]))), &[]),
        (|r| r.validity = days(-101, 300), &["validity_within_authority"]),
        (|r| r.validity = days(-10, 2000), &[]),
    ];
    for (change, codes) in cases {
        changed(&world, CertificateProfile::PidProvider, &Recipe::pid(), *change, codes);
    }
}

#[test]
fn each_change_to_an_access_certificate_breaks_its_rule() {
    let world = World::new();
    let cases: &[(Change, &[&str])] = &[
        (|_| {}, &[]),
        (|r| r.unname(3), &["identifier"]),
        (|r| r.drop(SUBJECT_NAME), &["contact"]),
        (
            |r| r.set(SUBJECT_NAME, names(&[tlv(0x82, b"reader.example")])),
            &["contact"],
        ),
        (|r| r.drop(ACCESS), &["authority_information_access"]),
        (|r| r.drop(CRL_POINTS), &["revocation_information"]),
        (
            |r| {
                r.drop(CRL_POINTS);
                r.set(ACCESS, access("1.3.6.1.5.5.7.48.1"));
            },
            &[],
        ),
        (
            |r| {
                r.drop(CRL_POINTS);
                r.validity = days(-3, 4);
                r.extensions.push((NO_REVOCATION, false, vec![0x05, 0x00]));
            },
            &[],
        ),
        (|r| r.drop(POLICIES), &["policy"]),
        (|r| r.set(POLICIES, policies(&[("1.2.3.4", true)])), &["policy"]),
        (|r| r.set(POLICIES, policies(&[("0.4.0.194118.1.2", true)])), &[]),
        (
            |r| {
                r.set(
                    POLICIES,
                    policies(&[("0.4.0.194118.1.3", true), ("0.4.0.194118.1.4", true)]),
                )
            },
            &["policy_mixed"],
        ),
        (
            |r| r.set(POLICIES, policies(&[("0.4.0.194118.1.4", false)])),
            &["policy_statement"],
        ),
        (|r| r.drop(QUALIFIED), &["qualified_statements"]),
        (|r| r.set(KEY_USAGE, usage(0x40)), &["key_usage_purpose"]),
        (
            |r| r.extensions.push((AUTHORITY_KEY, false, Vec::new())),
            &["authority_key_id"],
        ),
    ];
    for (change, codes) in cases {
        changed(&world, CertificateProfile::Access, &Recipe::access(), *change, codes);
    }
    // A document signer does not pass for a reader, by default.
    let root = world.root(&Recipe::iaca());
    let mut store = TrustStore::new(Environment::Test);
    store.add_anchor(Role::RelyingParties, root);
    let chain = [world.leaf(&Recipe::signer()).der().to_vec()];
    let refused = store.resolve_reader(&chain, at(0)).map_err(|error| error.code());
    assert_eq!(refused.map(drop), Err("certificate_profile.extended_key_usage_purpose"));
    let mut own = Recipe::access();
    own.issuer = Some(own.name());
    own.drop(ACCESS);
    let own = own.make(&world.leaf_key, &world.leaf_key, &[]);
    let found = breaches(CertificateProfile::Access, &[own], None, &Subject::default());
    assert_eq!(found, ["certificate_profile.self_signed"]);
}

#[test]
fn what_was_signed_must_fit_the_signer() {
    let world = World::new();
    let root = world.root(&Recipe::iaca());
    let mut store = TrustStore::new(Environment::Test);
    store.add_anchor(Role::Issuers, root.clone());
    let chain = [world.leaf(&Recipe::signer()).der().to_vec()];
    let claim = |signed| DocumentSignerClaim::new(&chain, MDL, signed);
    let judge = |store: &TrustStore, claim: &DocumentSignerClaim<'_>| {
        let outcome = store.resolve_document_signer(claim, at(0));
        outcome.map(|issuer| issuer.name).map_err(|error| error.code())
    };
    let good = || Ok("Signer".to_owned());
    for _ in 0..2 {
        assert_eq!(judge(&store, &claim(at(-10))), good());
        let outside = Err("certificate_profile.signed_within_validity");
        assert_eq!(judge(&store, &claim(at(-11))), outside);
        assert_eq!(judge(&store, &claim(at(401))), outside);
        assert_eq!(judge(&store, &claim(at(0)).issuing_country(Some("DE"))), good());
        let country = Err("certificate_profile.country_of_document");
        assert_eq!(judge(&store, &claim(at(0)).issuing_country(Some("AT"))), country);
        assert_eq!(judge(&store, &claim(at(0)).issuing_jurisdiction(Some("BE"))), good());
        assert_eq!(judge(&store, &claim(at(0)).issuing_jurisdiction(Some("DE-BE"))), good());
        let state = Err("certificate_profile.state_of_document");
        assert_eq!(judge(&store, &claim(at(0)).issuing_jurisdiction(Some("BY"))), state);
        let mut strict = store.clone();
        strict.set_profile_policy(ProfilePolicy::Strict);
        let outlasting = Err("certificate_profile.until_within_validity");
        assert_eq!(judge(&strict, &claim(at(0)).valid_until(at(400))), good());
        assert_eq!(judge(&strict, &claim(at(0)).valid_until(at(401))), outlasting);
        assert_eq!(judge(&store, &claim(at(0)).valid_until(at(401))), good());
        // The same again with the chain prepared: nothing changes.
        store.prepare(Role::Issuers, &chain, at(0)).unwrap();
    }
    // Types are limits of the anchor.
    let mut limited = TrustStore::new(Environment::Test);
    let anchor = super::super::Anchor::certificate(root.clone()).for_types(["org.iso.*"]);
    limited.add(Role::Issuers, anchor).unwrap();
    assert_eq!(judge(&limited, &claim(at(0))), good());
    let other = DocumentSignerClaim::new(&chain, "eu.europa.ec.eudi.pid.1", at(0));
    assert_eq!(judge(&limited, &other), Err("trust.type_not_allowed"));
    // An anchor that was renewed with the same key: the one that lasts long enough counts.
    let mut short = Recipe::iaca();
    short.validity = days(-100, 100);
    let mut renewed = TrustStore::new(Environment::Test);
    renewed.add_anchor(Role::Issuers, world.root(&short));
    let within = Err("certificate_profile.validity_within_authority");
    assert_eq!(judge(&renewed, &claim(at(0))), within);
    renewed.add_anchor(Role::Issuers, root);
    assert_eq!(judge(&renewed, &claim(at(0))), good());
}

#[test]
fn an_authority_between_root_and_signer_is_refused() {
    let world = World::new();
    let mut middle = Recipe::iaca();
    middle.subject[2].2 = "Mitte";
    let key = SigningKey::generate(Curve::P256, &mut Counter(9));
    let between = middle.make(&key, &world.root_key, &Recipe::iaca().name());
    let leaf = Recipe::signer().make(&world.leaf_key, &key, &middle.name());
    let chain = [leaf.der().to_vec(), between.der().to_vec()];
    let claim = DocumentSignerClaim::new(&chain, MDL, at(0));
    let judge = |root: Certificate, policy| {
        let mut store = TrustStore::new(Environment::Test);
        store.set_profile_policy(policy);
        store.add_anchor(Role::Issuers, root);
        store
            .resolve_document_signer(&claim, at(0))
            .map(drop)
            .map_err(|error| error.code())
    };
    // The root's own path length counts, whatever the policy.
    let root = world.root(&Recipe::iaca());
    assert_eq!(judge(root, ProfilePolicy::PathOnly), Err("trust.path_length"));
    let mut open = Recipe::iaca();
    open.set(BASIC_CONSTRAINTS, tlv(SEQUENCE, &tlv(BOOLEAN, &[0xff])));
    assert_eq!(judge(world.root(&open), ProfilePolicy::Protective), Ok(()));
    let strict = judge(world.root(&open), ProfilePolicy::Strict);
    assert_eq!(strict, Err("certificate_profile.directly_below_anchor"));
}

fn broken(store: &TrustStore, role: Role, profile: CertificateProfile, chain: &[Vec<u8>]) -> Vec<&'static str> {
    let findings = store.explain_profile(role, profile, chain, at(0)).unwrap();
    let broken = findings.iter().filter(|finding| !finding.holds);
    broken.map(|finding| finding.rule.code()).collect()
}

#[test]
fn what_the_authority_makes_meets_every_rule() {
    let mut random = Counter(1);
    let curves = [
        Curve::P256,
        Curve::P384,
        Curve::P521,
        Curve::BrainpoolP256r1,
        Curve::BrainpoolP384r1,
        Curve::Ed25519,
    ];
    for curve in curves {
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
        for doctype in [MDL, "eu.europa.ec.eudi.pid.1"] {
            let claim = DocumentSignerClaim::new(&signer, doctype, at(-1)).issuing_country(Some("DE"));
            let claim = claim.issuing_jurisdiction(Some("BE"));
            let issuer = store.resolve_document_signer(&claim, at(0)).unwrap();
            assert_eq!((issuer.name.as_str(), &issuer.key), ("Signer", &key));
        }

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
