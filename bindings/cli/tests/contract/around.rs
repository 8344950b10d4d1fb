//! `inspect`, `dcql`, `keys`, `issue`, `completions` and `man`.

use wallet_core::codec::{Json, Object};

use crate::support::{AT, Folder, School, jwk, new_key, text};

const XML: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data/abitur.xml");

#[test]
fn inspecting_is_marked_as_unverified() {
    let (folder, school) = (Folder::new(), School::new());
    let report = school.report();
    folder.write("in.sdjwt", school.bind(&report, "n", "a"));
    let ran = folder.run(&["inspect", "in.sdjwt"]);
    assert_eq!(ran.exit, 0, "{ran:?}");
    assert!(ran.out.starts_with("UNVERIFIED"), "{ran:?}");
    assert!(ran.out.contains("Erika") && ran.out.contains("kb+jwt"));
    let ran = folder.run(&["inspect", "--json", "in.sdjwt"]);
    assert_eq!(ran.json().get("UNVERIFIED"), Some(&Json::Bool(true)), "{ran:?}");
    folder.write("bad.sdjwt", "nonsense");
    folder.run(&["inspect", "bad.sdjwt"]).is_refused(1, "sd_jwt.no_tilde");
    folder.run(&["inspect", "missing"]).is_refused(64, "file");
    assert_eq!(folder.run(&["inspect"]).exit, 64);
}

#[test]
fn a_query_is_answered_with_reasons_for_the_rest() {
    let (folder, school) = (Folder::new(), School::new());
    folder.write("in.sdjwt", school.report());
    let query = |claim: &str, vct: &str| {
        format!(
            r#"{{"credentials":[{{"id":"report","format":"dc+sd-jwt","meta":{{"vct_values":["{vct}"]}},"claims":[{{"path":["{claim}"]}}]}}]}}"#
        )
    };
    folder.write("q.json", query("grade", "urn:test:report"));
    let ask = |query: &str| folder.run(&["dcql", "--query", query, "--credentials", "in.sdjwt", "--json"]);
    let answer = ask("q.json").json();
    let names: Vec<_> = answer
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, _)| name.to_owned())
        .collect();
    assert_eq!(names, ["satisfied", "credentials", "why_not"]);
    assert_eq!(answer.get("satisfied"), Some(&Json::Bool(true)));
    let matches = answer
        .get("credentials")
        .and_then(|by| by.get("report"))
        .and_then(Json::as_array);
    assert_eq!(matches.map(<[Json]>::len), Some(1));

    for (claim, vct) in [("wealth", "urn:test:report"), ("grade", "urn:other")] {
        folder.write("q2.json", query(claim, vct));
        let answer = ask("q2.json").json();
        assert_eq!(answer.get("satisfied"), Some(&Json::Bool(false)));
        assert!(
            answer.get("why_not").and_then(|by| by.get("report")).is_some(),
            "{answer}"
        );
    }
    folder.write("q3.json", "{}");
    let ran = folder.run(&["dcql", "--query", "q3.json", "--credentials", "in.sdjwt"]);
    assert_eq!(ran.exit, 1, "{ran:?}");
    assert!(ran.err.contains("refused: ") && ran.err.contains("     do: "));
    assert_eq!(folder.run(&["dcql", "--query", "q.json"]).exit, 64);
}

#[test]
fn new_keys_are_private_and_never_written_over() {
    let folder = Folder::new();
    for (name, curve) in [
        ("a.pem", "P-256"),
        ("b.pem", "P-384"),
        ("c.jwk", "Ed25519"),
        ("d.json", "P-256"),
    ] {
        let ran = folder.run(&["keys", "new", "--curve", curve, "--out", name, "--json"]);
        assert_eq!(ran.exit, 0, "{ran:?}");
        let public = ran.json();
        let public = public.get("public_jwk").unwrap();
        assert_eq!(public.get("crv"), Some(&Json::from(curve)));
        assert_eq!(public.get("d"), None);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(folder.path(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        let before = text(&folder.path(name));
        let secret: String = before.chars().filter(|c| *c != '\n').collect();
        let secret = &secret[secret.len() - 60..secret.len() - 30];
        assert!(!ran.out.contains(secret) && !ran.err.contains(secret));
        folder
            .run(&["keys", "new", "--out", name])
            .is_refused(64, "keys.exists");
        assert_eq!(text(&folder.path(name)), before);
    }
    folder
        .run(&["keys", "new", "--out", "no/such/folder/key.pem"])
        .is_refused(64, "file");
    // Without a file the private key is what is printed, once.
    let ran = folder.run(&["keys", "new", "--json"]);
    let (private, public) = ("private_jwk", "public_jwk");
    let member = |of: &str, name: &str| ran.json().get(of).and_then(|key| key.get(name)).cloned();
    assert!(ran.exit == 0 && member(private, "d").is_some(), "{}", ran.exit);
    assert_eq!(member(private, "x"), member(public, "x"));
    assert_eq!(member(public, "d"), None);
    assert_eq!(
        folder.run(&["keys", "new", "--curve", "RSA", "--out", "e.pem"]).exit,
        64
    );
}

const CARD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data/identity-card.json");

#[test]
fn a_pid_is_issued_from_a_card_and_accepted_in_both_formats() {
    let folder = Folder::new();
    let ran = folder.run(&["keys", "new", "--out", "office.pem", "--certificate", "."]);
    assert_eq!(ran.exit, 0, "{ran:?}");
    folder.write("one.json", jwk(&new_key()));
    folder.write("two.json", jwk(&new_key()));
    let issue = |card: &str, more: &[&str]| {
        let args = [
            "issue",
            "pid",
            card,
            "--key",
            "office.pem",
            "--cert",
            "cert.pem",
            "--holder",
            "one.json",
        ];
        folder.run(&[&args, more].concat())
    };
    let ran = issue(CARD, &["--holder", "two.json", "--json"]);
    assert_eq!(ran.exit, 0, "{ran:?}");
    let report = ran.json();
    assert_eq!(report.get("vct"), Some(&Json::from("urn:eudi:pid:de:1")));
    assert_eq!(report.get("doctype"), Some(&Json::from("eu.europa.ec.eudi.pid.1")));
    assert_eq!(report.get("test"), Some(&Json::Bool(true)));
    assert_eq!(report.get("left_out").unwrap().to_string(), r#"["AcademicTitle"]"#);
    assert!(
        ran.err.contains("marked as test data") && !ran.err.contains("MUSTERMANN"),
        "{ran:?}"
    );
    let issued = report.get("credentials").and_then(Json::as_array).unwrap();
    let formats: Vec<_> = issued
        .iter()
        .map(|one| one.get("format").and_then(Json::as_str).unwrap())
        .collect();
    assert_eq!(formats, ["dc+sd-jwt", "mso_mdoc"]);

    for (format, file) in [("dc+sd-jwt", "pid.sdjwt"), ("mdoc", "pid.mdoc")] {
        let ran = issue(CARD, &["--format", format, "--out", file]);
        assert_eq!(ran.exit, 0, "{ran:?}");
        let args = [
            "verify",
            "--json",
            "--offline",
            "--format",
            format,
            "--trust",
            "ca.pem",
            file,
        ];
        let ran = folder.run(&args);
        assert_eq!((ran.exit, ran.verdict().0.as_str()), (0, "accepted"), "{ran:?}");
        assert!(ran.out.contains("MUSTERMANN") && ran.out.contains("TEST"), "{ran:?}");
    }
    // One line each, and one key is told.
    let ran = issue(CARD, &["--days", "3"]);
    assert!(
        ran.exit == 0 && ran.out.lines().count() == 2 && ran.err.contains("bound to one key"),
        "{ran:?}"
    );

    let card = std::fs::read_to_string(CARD).unwrap();
    folder.write("denied.json", card.replace("true", "false"));
    folder.write(
        "country.json",
        card.replace("\"Nationality\": \"D\"", "\"Nationality\": \"Germany\""),
    );
    folder.write("old.json", card.replace("2031", "2021"));
    for (file, code) in [
        ("denied.json", "eid.test_data"),
        ("country.json", "eid.member"),
        ("old.json", "eid.expired"),
    ] {
        issue(file, &[]).is_refused(1, code);
    }
    issue(CARD, &["--format", "mdoc", "--holder", "two.json"]).is_refused(64, "issue.holders");
    issue(CARD, &["--type", "urn:mappe:de:abitur:1"]).is_refused(1, "issuer.unknown_type");
}

#[test]
fn a_school_report_is_issued_and_accepted() {
    let folder = Folder::new();
    let ran = folder.run(&[
        "keys",
        "new",
        "--out",
        "school.pem",
        "--certificate",
        ".",
        "--uri",
        "https://school.example",
    ]);
    assert_eq!(ran.exit, 0, "{ran:?}");
    let holder = new_key();
    folder.write("holder.json", jwk(&holder));
    let issue = |xml: &str, key: &str, cert: &str, holder: &str, more: &[&str]| {
        let args = [
            "issue",
            "school-report",
            xml,
            "--key",
            key,
            "--cert",
            cert,
            "--holder",
            holder,
        ];
        folder.run(&[&args, more].concat())
    };
    let ran = issue(
        XML,
        "school.pem",
        "cert.pem",
        "holder.json",
        &["--out", "report.sdjwt", "--issuer", "https://school.example"],
    );
    assert_eq!(ran.exit, 0, "{ran:?}");
    let ran = folder.run(&["verify", "--json", "--offline", "--trust", "ca.pem", "report.sdjwt"]);
    assert_eq!((ran.exit, ran.verdict().0.as_str()), (0, "accepted"), "{ran:?}");
    let holder_key = ran.json();
    let holder_key = holder_key
        .get("claims")
        .and_then(|claims| claims.get("cnf"))
        .and_then(|cnf| cnf.get("jwk"));
    assert_eq!(holder_key.and_then(|key| key.get("kty")), Some(&Json::from("EC")));
    let ran = issue(XML, "school.pem", "cert.pem", "holder.json", &[]);
    assert!(ran.exit == 0 && ran.out.contains('~'));

    let ran = folder.run(&["keys", "new", "--out", "other.pem"]);
    assert_eq!(ran.exit, 0);
    folder.write("bad.xml", "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>");
    for ran in [
        issue(XML, "other.pem", "cert.pem", "holder.json", &[]),
        issue("bad.xml", "school.pem", "cert.pem", "holder.json", &[]),
        issue("missing.xml", "school.pem", "cert.pem", "holder.json", &[]),
        issue(XML, "holder.json", "cert.pem", "holder.json", &[]),
        issue(XML, "school.pem", "school.pem", "holder.json", &[]),
        issue(XML, "school.pem", "cert.pem", "school.pem", &[]),
    ] {
        assert!(matches!(ran.exit, 1 | 64), "{ran:?}");
        assert!(
            ran.err.contains("refused: ") && ran.err.contains("    why: ") && ran.err.contains("     do: "),
            "{ran:?}"
        );
        let secret = text(&folder.path("school.pem"));
        assert!(!ran.err.contains(secret.lines().nth(1).unwrap()), "{ran:?}");
        assert_eq!(ran.out, "");
    }
}

#[test]
fn a_private_key_is_no_anchor_and_is_not_repeated() {
    let (folder, school) = (Folder::new(), School::new());
    folder.write("in.sdjwt", school.report());
    let ran = folder.run(&["keys", "new", "--out", "private.jwk"]);
    assert_eq!(ran.exit, 0);
    let secret = crate::support::parse(&text(&folder.path("private.jwk")));
    let secret = secret.get("d").and_then(Json::as_str).unwrap().to_owned();
    let ran = folder.run(&["verify", "--trust", "private.jwk", "--offline", "--at", AT, "in.sdjwt"]);
    assert!(ran.exit == 64 || ran.exit == 1, "{ran:?}");
    assert!(!ran.out.contains(&secret) && !ran.err.contains(&secret));
    // Nor does a credential that carries something secret get it repeated in a refusal.
    let claims = school
        .claims()
        .with("cnf", Json::Object(Object::new().with("jwk", Json::from("hush-hush"))));
    folder.write("odd.sdjwt", school.issue(claims, Object::new()));
    let ran = folder.run(&["verify", "--offline", "--at", AT, "odd.sdjwt"]);
    assert!(ran.exit == 1 && !ran.out.contains("hush-hush"), "{ran:?}");
}

#[test]
fn completions_and_the_manual_are_printed() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish"] {
        let ran = folder.run(&["completions", shell]);
        assert!(ran.exit == 0 && ran.out.contains("mappe"), "{shell}");
    }
    assert_eq!(folder.run(&["completions", "dos"]).exit, 64);
    let ran = folder.run(&["man"]);
    assert!(ran.exit == 0 && ran.out.contains(".TH mappe"), "{ran:?}");
    for command in [
        "verify", "inspect", "dcql", "keys", "trust", "wallet", "issue", "serve", "demo",
    ] {
        let ran = folder.run(&[command, "--help"]);
        assert!(ran.exit == 0 && ran.out.contains("Usage: mappe"), "{command}");
        assert!(folder.run(&["man"]).out.contains(command));
    }
}
