//! Whom `--trust` and `mappe trust` make trusted.

use wallet_core::codec::{Json, Object};
use wallet_core::keys::{Jwk, JwkSet};
use wallet_core::trust::pack::TrustPack;
use wallet_core::trust::{Anchor, Environment, Role};

use wallet_core::crypto::{Curve, SigningKey};
use wallet_core::keys::PublicKey;
use wallet_core::time::{Timestamp, Validity};
use wallet_core::trust::Certificate;
use wallet_core::trust::authority::{CertificateAuthority, CertificateName, LeafProfile};
use wallet_core::trust::vical::{Vical, VicalEntry};
use wallet_server::SystemRandom;

use crate::support::{AT, Folder, School, jwk, new_key, parse, text};

fn verdict(folder: &Folder, trust: &[&str], file: &str) -> (String, String) {
    let args = ["verify", "--json", "--offline", "--at", AT];
    folder.run(&[&args, trust, &[file]].concat()).verdict()
}

fn yes() -> (String, String) {
    ("accepted".to_owned(), String::new())
}

fn no(code: &str) -> (String, String) {
    ("refused".to_owned(), code.to_owned())
}

/// A folder with a credential that carries a certificate, one that does not, and what may vouch for them.
fn desk() -> (Folder, School) {
    let (folder, school) = (Folder::new(), School::new());
    folder.write("with.sdjwt", school.certified_report());
    folder.write("without.sdjwt", school.report());
    folder.write("ca.pem", school.authority.to_pem());
    folder.write("ca.der", school.authority.der());
    folder.write("leaf.pem", school.leaf.to_pem());
    folder.write("leaf.der", school.leaf.der());
    folder.write("key.jwk", jwk(&school.key));
    folder.write(
        "keys.json",
        format!("{{\"keys\":[{},{}]}}", jwk(&new_key()), jwk(&school.key)),
    );
    folder.write("stranger.jwk", jwk(&new_key()));
    (folder, school)
}

fn pack(school: &School, environment: Environment) -> TrustPack {
    let mut pack = TrustPack::new("schools", environment);
    pack.anchors
        .push((Role::Issuers, Anchor::certificate(school.authority.clone())));
    let keys = JwkSet::new(vec![Jwk::parse(&parse(&jwk(&school.key))).unwrap()]);
    pack.anchors
        .push((Role::Issuers, Anchor::keys(Some("https://b.example".to_owned()), keys)));
    pack
}

#[test]
fn certificates_and_keys_vouch_in_every_form() {
    let (folder, _) = desk();
    for (trust, with, without) in [
        ("ca.pem", yes(), no("trust.unknown_issuer")),
        ("ca.der", yes(), no("trust.unknown_issuer")),
        ("leaf.pem", yes(), yes()),
        ("leaf.der", yes(), yes()),
        ("key.jwk", yes(), yes()),
        ("keys.json", yes(), yes()),
        ("stranger.jwk", no("trust.untrusted_path"), no("jws.bad_signature")),
    ] {
        assert_eq!(verdict(&folder, &["--trust", trust], "with.sdjwt"), with, "{trust}");
        assert_eq!(
            verdict(&folder, &["--trust", trust], "without.sdjwt"),
            without,
            "{trust}"
        );
    }
    // Several add up.
    let both = ["--trust", "stranger.jwk", "--trust", "ca.pem"];
    assert_eq!(verdict(&folder, &both, "with.sdjwt"), yes());
}

#[test]
fn a_swapped_certificate_vouches_for_nothing() {
    let (folder, school) = desk();
    let other = School::new();
    // The header of one school, the signature of another.
    folder.write("swapped.sdjwt", school.issue(school.claims(), other.x5c()));
    folder.write("other.pem", other.authority.to_pem());
    let code = |trust| verdict(&folder, &["--trust", trust], "swapped.sdjwt");
    assert_eq!(code("ca.pem"), no("trust.bad_signature"));
    assert_eq!(code("other.pem"), no("jws.bad_signature"));
    assert_eq!(code("key.jwk"), no("trust.untrusted_path"));
}

#[test]
fn trust_packs_are_read_from_folders_and_from_signed_files() {
    let (folder, school) = desk();
    for (name, bytes) in pack(&school, Environment::Production).to_folder() {
        folder.write(&format!("pack/{name}"), bytes);
    }
    assert_eq!(verdict(&folder, &["--trust", "pack"], "with.sdjwt"), yes());
    assert_eq!(verdict(&folder, &["--trust", "pack/pack.json"], "with.sdjwt"), yes());
    assert_eq!(
        verdict(&folder, &["--trust", "pack"], "without.sdjwt"),
        no("trust.unknown_issuer")
    );
    let named = school.claims().with("iss", Json::from("https://b.example"));
    folder.write("named.sdjwt", school.issue(named, Object::new()));
    assert_eq!(verdict(&folder, &["--trust", "pack"], "named.sdjwt"), yes());

    let publisher = new_key();
    folder.write("publisher.jwk", jwk(&publisher));
    let mut signed = pack(&school, Environment::Production);
    signed.sequence = Some(1);
    signed.next_update = Some(wallet_server::now().plus(86_400));
    let file = signed.sign(&publisher).unwrap();
    folder.write("trust_pack.jwt", &file);
    let by = |signer| ["--trust", "trust_pack.jwt", "--trust-signer", signer];
    assert_eq!(verdict(&folder, &by("publisher.jwk"), "with.sdjwt"), yes());
    let run = |args: &[&str]| folder.run(&[&["verify", "--offline"], args, &["with.sdjwt"]].concat());
    run(&["--trust", "trust_pack.jwt"]).is_refused(64, "trust_pack.signer_missing");
    run(&by("stranger.jwk")).is_refused(64, "jws.bad_signature");
    signed.next_update = Some(wallet_server::now().plus(-86_400));
    folder.write("trust_pack.jwt", signed.sign(&publisher).unwrap());
    run(&by("publisher.jwk")).is_refused(64, "trust_pack.expired");

    // Test and production never mix.
    for (name, bytes) in pack(&school, Environment::Test).to_folder() {
        folder.write(&format!("test/{name}"), bytes);
    }
    run(&["--trust", "test", "--trust", "pack"]).is_refused(64, "trust.environment_mixed");
    let ran = run(&["--at", AT, "--trust", "test"]);
    assert_eq!(ran.exit, 0, "{ran:?}");
    assert!(ran.err.contains("test anchors"), "{ran:?}");
}

#[test]
fn anchors_are_added_listed_explained_and_removed() {
    let (folder, school) = desk();
    let trust = |args: &[&str]| folder.run(&[&["trust"], args].concat());
    assert_eq!(trust(&["list"]).exit, 0);
    let added = trust(&["add", "--role", "issuers", "--json", "ca.pem"]);
    assert_eq!(added.exit, 0, "{added:?}");
    let report = added.json();
    let anchor = &report.get("anchors").and_then(Json::as_array).unwrap()[0];
    let id = anchor.get("id").and_then(Json::as_str).unwrap().to_owned();
    assert_eq!(anchor.get("role"), Some(&Json::from("issuers")));
    trust(&["add", "--role", "issuers", "ca.pem"]);
    let listed = trust(&["list", "--json"]).json();
    assert_eq!(
        listed.get("anchors").and_then(Json::as_array).map(<[Json]>::len),
        Some(1)
    );
    assert!(trust(&["list"]).out.contains("Test authority"));

    // What was added is what `verify` goes by when it is told nothing else.
    assert_eq!(verdict(&folder, &[], "with.sdjwt"), yes());

    folder.write("chain.pem", school.leaf.to_pem());
    let shown = trust(&["show", "--json", "--at", AT, "chain.pem"]);
    assert_eq!(shown.exit, 0, "{shown:?}");
    assert_eq!(shown.json().get("trusted"), Some(&Json::Bool(true)));
    // One role does not serve another.
    let shown = trust(&["show", "--json", "--role", "relying-parties", "--at", AT, "chain.pem"]);
    assert_eq!(
        (shown.exit, shown.json().get("trusted").cloned()),
        (1, Some(Json::Bool(false)))
    );

    trust(&["add", "--role", "issuers", "key.jwk"]).is_refused(64, "trust.issuer_missing");
    trust(&[
        "add",
        "--role",
        "relying-parties",
        "--issuer",
        "https://b.example",
        "key.jwk",
    ])
    .is_refused(64, "trust.keys_for_role");
    trust(&["add", "--role", "issuers", "missing.pem"]).is_refused(64, "file");
    assert_eq!(trust(&["add", "ca.pem"]).exit, 64);
    assert_eq!(
        trust(&["list", "--json"])
            .json()
            .get("anchors")
            .and_then(Json::as_array)
            .map(<[Json]>::len),
        Some(1)
    );
    trust(&["add", "--role", "issuers", "--issuer", "https://b.example", "key.jwk"]);
    assert!(text(&folder.path("data/mappe/trust/pack.json")).contains("https://b.example"));

    trust(&["remove", "0123456789abcdef"]).is_refused(1, "trust.no_such_anchor");
    assert_eq!(trust(&["remove", &id]).exit, 0);
    assert_eq!(verdict(&folder, &[], "with.sdjwt"), no("trust.untrusted_path"));
}

#[test]
fn an_issuer_is_trusted_for_its_types_alone() {
    let (folder, _) = desk();
    let trust = |args: &[&str]| folder.run(&[&["trust"], args].concat());
    let add = |types: &str| trust(&["add", "--role", "issuers", "--type", types, "ca.pem"]);
    assert_eq!(add("urn:eudi:pid:*").exit, 0);
    assert_eq!(verdict(&folder, &[], "with.sdjwt"), no("trust.type_not_allowed"));
    assert_eq!(add("*").exit, 0);
    assert_eq!(verdict(&folder, &[], "with.sdjwt"), yes());
    trust(&["add", "--role", "relying-parties", "--type", "*", "ca.pem"]).is_refused(64, "usage.type");
}

const CRL: &str = "https://land.example/crl";
const MDL: &str = "org.iso.18013.5.1.mDL";

/// An issuing authority that is valid now and at the time of the tests.
fn iaca(name: &str) -> CertificateAuthority {
    let at = Timestamp::parse(AT).unwrap();
    let until = wallet_server::now().unix().max(at.unix()) + 86_400 * 30;
    let window = Validity::new(Some(at.plus(-86_400)), Some(Timestamp::from_unix(until)));
    let name = CertificateName::new(name).country("DE");
    CertificateAuthority::generate_iaca(name, CRL, Curve::P256, window, &mut SystemRandom::new()).unwrap()
}

/// Thirty days from the day before the tests.
fn month() -> Validity {
    let at = Timestamp::parse(AT).unwrap();
    Validity::new(Some(at.plus(-86_400)), Some(at.plus(86_400 * 29)))
}

/// The rules of the profile that are not met: rule, certificate, whether that refuses.
fn broken(report: &Json) -> Vec<(String, u64, bool)> {
    let rules = report.get("profile_rules").and_then(Json::as_array).unwrap();
    let text = |rule: &Json, name| rule.get(name).and_then(Json::as_str).map(str::to_owned);
    let mut found = Vec::new();
    for rule in rules {
        let name = text(rule, "rule").unwrap();
        if text(rule, "outcome").as_deref() == Some("pass") {
            assert!(rule.get("code").is_none(), "{rule}");
            continue;
        }
        // What, where, and what to do.
        let code = format!("certificate_profile.{name}");
        assert_eq!(text(rule, "code"), Some(code));
        for told in ["what", "subject", "remedy"] {
            assert!(text(rule, told).is_some_and(|text| !text.is_empty()), "{rule}");
        }
        let certificate = rule.get("certificate").and_then(Json::as_u64).unwrap();
        found.push((name, certificate, rule.get("enforced") == Some(&Json::Bool(true))));
    }
    found
}

#[test]
fn a_chain_is_held_against_a_certificate_profile() {
    let (folder, school) = desk();
    let random = &mut SystemRandom::new();
    let authority = iaca("Land");
    let public = PublicKey::from(&new_key());
    let signer = authority.issue_document_signer(&LeafProfile::new("Signer"), &public, CRL, month(), random);
    let reader = authority.issue_reader(&LeafProfile::new("Reader"), &public, CRL, month(), random);
    folder.write("iaca.pem", authority.to_pem());
    folder.write("signer.pem", signer.unwrap().to_pem());
    folder.write("reader.pem", reader.unwrap().to_pem());
    folder.write("chain.pem", school.leaf.to_pem());
    let trust = |args: &[&str]| folder.run(&[&["trust"], args].concat());
    for file in ["iaca.pem", "ca.pem"] {
        assert_eq!(trust(&["add", "--role", "issuers", file]).exit, 0);
    }
    assert_eq!(trust(&["add", "--role", "relying-parties", "iaca.pem"]).exit, 0);
    let show = |args: &[&str]| {
        let ran = trust(&[&["show", "--json", "--at", AT], args].concat());
        let report = ran.json();
        assert_eq!(
            ran.exit == 0,
            report.get("trusted") == Some(&Json::Bool(true)),
            "{ran:?}"
        );
        let profile = report.get("profile").and_then(Json::as_str).map(str::to_owned);
        (ran.exit, profile, broken(&report))
    };
    // What a certificate is made for is told by itself.
    let name = |name: &str| Some(name.to_owned());
    assert_eq!(show(&["signer.pem"]), (0, name("document_signer"), vec![]));
    assert_eq!(
        show(&["--profile", "iaca-ds", "--strict", "signer.pem"]),
        (0, name("document_signer"), vec![])
    );
    let as_reader = ["--role", "relying-parties", "--strict", "reader.pem"];
    assert_eq!(show(&as_reader), (0, name("reader"), vec![]));
    assert_eq!(show(&["chain.pem"]), (0, None, vec![]));

    // A reader is no document signer.
    let purpose = ("extended_key_usage_purpose".to_owned(), 0, true);
    assert_eq!(
        show(&["--profile", "iaca-ds", "reader.pem"]),
        (1, name("document_signer"), vec![purpose])
    );
    // Rules of shape warn, and refuse in the strict reading; the authority is looked at too.
    let (exit, profile, rules) = show(&["--profile", "iaca-ds", "chain.pem"]);
    assert_eq!((exit, profile), (0, name("document_signer")));
    assert!(
        rules.contains(&("crl_distribution_point".to_owned(), 0, false)),
        "{rules:?}"
    );
    assert!(rules.contains(&("path_length_zero".to_owned(), 1, false)), "{rules:?}");
    let (exit, _, strict) = show(&["--profile", "iaca-ds", "--strict", "chain.pem"]);
    assert_eq!((exit, strict.len()), (1, rules.len()));
    for profile in ["pid", "access", "reader", "vical"] {
        let (_, shown, rules) = show(&["--profile", profile, "chain.pem"]);
        assert_eq!(shown, name(if profile == "vical" { "vical_signer" } else { profile }));
        assert!(!rules.is_empty());
    }
    assert_eq!(trust(&["show", "--profile", "other", "chain.pem"]).exit, 64);

    let said = trust(&["show", "--at", AT, "--profile", "iaca-ds", "reader.pem"]);
    assert_eq!(said.exit, 1);
    for word in [
        "certificate 0 (Reader)",
        "certificate_profile.extended_key_usage_purpose",
        CRL,
        "not trusted",
    ] {
        assert!(said.out.contains(word), "{word}: {}", said.out);
    }
}

#[test]
fn a_list_of_issuing_authorities_is_trusted_by_its_provider() {
    let folder = Folder::new();
    let random = &mut SystemRandom::new();
    let now = wallet_server::now();
    let provider = iaca("Verband");
    let key = SigningKey::generate(Curve::P256, random);
    let window = Validity::new(Some(now.plus(-60)), Some(now.plus(86_400 * 20)));
    let signer = provider
        .issue_vical_signer(&LeafProfile::new("Liste"), &PublicKey::from(&key), CRL, window, random)
        .unwrap();
    let lands = [iaca("Land A"), iaca("Land B")];
    let mut list = Vical::new("Verband", now.plus(-30));
    list.next_update = Some(now.plus(86_400));
    for land in &lands {
        list.entries.push(VicalEntry::new(land.certificate().clone(), [MDL]));
    }
    let sign = |list: &Vical, chain: &[Certificate]| list.sign(&key, chain);
    folder.write("vical.cbor", sign(&list, std::slice::from_ref(&signer)));
    folder.write("provider.pem", provider.to_pem());
    folder.write("land.pem", lands[0].to_pem());
    folder.write("key.jwk", jwk(&key));
    let add = |args: &[&str]| folder.run(&[&["trust", "add"], args].concat());
    add(&["--role", "issuers", "vical.cbor"]).is_refused(64, "vical.signer_missing");
    let signed_by = |role, signer| add(&["--role", role, "--trust-signer", signer, "vical.cbor"]);
    signed_by("issuers", "land.pem").is_refused(64, "trust.untrusted_path");
    signed_by("issuers", "key.jwk").is_refused(64, "trust.keys_for_role");
    signed_by("relying-parties", "provider.pem").is_refused(64, "vical.role");
    let added = add(&[
        "--json",
        "--role",
        "issuers",
        "--trust-signer",
        "provider.pem",
        "vical.cbor",
    ]);
    assert_eq!(added.exit, 0, "{added:?}");
    let report = added.json();
    let anchors = report.get("anchors").and_then(Json::as_array).unwrap();
    let names: Vec<_> = anchors
        .iter()
        .map(|anchor| anchor.get("name").and_then(Json::as_str))
        .collect();
    assert_eq!(names, [Some("Land A"), Some("Land B")]);
    let types = anchors[0].get("types").and_then(Json::as_array).unwrap();
    assert_eq!(types, [Json::from(MDL)]);
    assert!(text(&folder.path("data/mappe/trust/pack.json")).contains(MDL));

    list.next_update = Some(now.plus(-1));
    folder.write("vical.cbor", sign(&list, std::slice::from_ref(&signer)));
    signed_by("issuers", "provider.pem").is_refused(64, "vical.expired");
}
