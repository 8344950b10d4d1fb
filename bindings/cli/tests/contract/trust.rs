//! Whom `--trust` and `mappe trust` make trusted.

use wallet_core::codec::{Json, Object};
use wallet_core::keys::{Jwk, JwkSet};
use wallet_core::trust::pack::TrustPack;
use wallet_core::trust::{Anchor, Environment, Role};

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
