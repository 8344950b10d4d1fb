//! `mappe verify`: one JSON line an item, and exit codes.

use std::io::{Read as _, Write as _};
use std::process::Stdio;

use wallet_core::codec::{Json, Object, base64url};
use wallet_core::credential::ClaimPath;
use wallet_core::credential::sd_jwt::{Blueprint, JsonForm};
use wallet_core::envelope::jws::UnsignedJws;
use wallet_core::status::{StatusList, StatusListToken, StatusWidth, TokenTimes};
use wallet_server::SystemRandom;

use crate::support::{AT, Folder, ISSUER, Ran, School, at, jwk, new_key};

/// A folder with a trusted key and a credential of it.
fn desk() -> (Folder, School) {
    let (folder, school) = (Folder::new(), School::new());
    folder.write("key.json", jwk(&school.key));
    folder.write("report.sdjwt", school.report());
    (folder, school)
}

fn judge(folder: &Folder, credential: &str, more: &[&str]) -> Ran {
    folder.write("in.sdjwt", credential);
    let args = ["verify", "--json", "--offline", "--at", AT, "--trust", "key.json"];
    folder.run(&[&args, more, &["in.sdjwt"]].concat())
}

#[track_caller]
fn refused(ran: &Ran, code: &str) {
    assert_eq!(
        (ran.exit, ran.verdict()),
        (1, ("refused".to_owned(), code.to_owned())),
        "{ran:?}"
    );
}

#[track_caller]
fn accepted(ran: &Ran) {
    assert_eq!(
        (ran.exit, ran.verdict()),
        (0, ("accepted".to_owned(), String::new())),
        "{ran:?}"
    );
}

fn names(value: &Json) -> Vec<&str> {
    value.as_object().unwrap().iter().map(|(name, _)| name).collect()
}

#[test]
fn a_line_has_the_members_of_the_contract_and_no_others() {
    let (folder, school) = desk();
    for credential in [school.report(), "nonsense".to_owned()] {
        let line = judge(&folder, &credential, &[]).json();
        assert_eq!(
            names(&line),
            ["source", "format", "verdict", "code", "checks", "claims"]
        );
        assert_eq!(line.get("source"), Some(&Json::from("in.sdjwt")));
        assert_eq!(line.get("format"), Some(&Json::from("dc+sd-jwt")));
        for check in line.get("checks").and_then(Json::as_array).unwrap() {
            assert_eq!(names(check), ["check", "outcome", "code"]);
        }
    }
    let line = judge(&folder, &school.report(), &[]).json();
    assert_eq!(line.get("code"), Some(&Json::Null));
    let claims = line.get("claims").unwrap();
    assert_eq!(claims.get("given_name"), Some(&Json::from("Erika")));
    assert_eq!(claims.get("_sd"), None);
    assert_eq!(claims.get("_sd_alg"), None);
    let checks: Vec<_> = line.get("checks").and_then(Json::as_array).unwrap().iter().collect();
    let of = |name: &str| {
        checks.iter().find_map(|check| {
            let found = check.get("check").and_then(Json::as_str) == Some(name);
            found.then(|| check.get("outcome").and_then(Json::as_str).unwrap())
        })
    };
    for name in ["origin", "integrity", "validity", "status"] {
        assert_eq!(of(name), Some("pass"), "{name}");
    }
}

#[test]
fn one_change_refuses_with_its_code() {
    let (folder, school) = desk();
    let good = school.report();
    accepted(&judge(&folder, &good, &[]));
    let parts: Vec<&str> = good.split('~').collect();
    let jwt: Vec<&str> = parts[0].split('.').collect();
    let flip = |text: &str, at: usize| {
        let other = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
        format!("{}{other}{}", &text[..at], &text[at + 1..])
    };
    let rest = parts[1..].join("~");
    let cases = [
        (
            format!("{}.{}.{}~{rest}", jwt[0], jwt[1], flip(jwt[2], 7)),
            "jws.bad_signature",
        ),
        (format!("{}.{}.~{rest}", jwt[0], jwt[1]), "jws.bad_signature"),
        (
            format!(
                "{}~{}~{}~",
                parts[0],
                base64url::encode(r#"["c2FsdA","given_name","Eva"]"#),
                parts[2]
            ),
            "sd_jwt.disclosure.unreferenced",
        ),
        (
            format!("{}~{}~{}~{}~", parts[0], parts[1], parts[2], parts[1]),
            "sd_jwt.disclosure.repeated",
        ),
        (
            format!("{good}WyJzYWx0IiwiYWRtaW4iLHRydWVd~"),
            "sd_jwt.disclosure.unreferenced",
        ),
        (parts[0].to_owned(), "sd_jwt.no_tilde"),
        (String::new(), "sd_jwt.no_tilde"),
        (school.bind(&good, "n", "a"), "sd_jwt.key_binding.unexpected"),
    ];
    for (text, code) in &cases {
        refused(&judge(&folder, text, &[]), code);
    }
    // Leaving a disclosure out is the holder's right.
    let ran = judge(&folder, &format!("{}~{}~", parts[0], parts[1]), &[]);
    accepted(&ran);

    // In another's name, in another's time, for another key.
    folder.write("other.json", jwk(&new_key()));
    let with = |trust: &str, time: &str| {
        folder.run(&[
            "verify",
            "--json",
            "--offline",
            "--at",
            time,
            "--trust",
            trust,
            "report.sdjwt",
        ])
    };
    accepted(&with("key.json", AT));
    refused(&with("other.json", AT), "jws.bad_signature");
    refused(&with("key.json", "2026-07-06T12:01:01Z"), "sd_jwt.expired");
    accepted(&with("key.json", "2026-07-06T12:00:59Z"));
    let untrusted = folder.run(&["verify", "--json", "--offline", "--at", AT, "report.sdjwt"]);
    refused(&untrusted, "trust.unknown_issuer");
    let early = school.issue(school.claims().with("nbf", Json::from(at().unix() + 61)), Object::new());
    refused(&judge(&folder, &early, &[]), "sd_jwt.not_yet_valid");
}

#[test]
fn a_presentation_answers_nonce_and_audience() {
    let (folder, school) = desk();
    let good = school.report();
    let bound = school.bind(&good, "n-1", "https://uni.example");
    let asked = ["--nonce", "n-1", "--audience", "https://uni.example"];
    let ran = judge(&folder, &bound, &asked);
    accepted(&ran);
    let line = ran.json();
    let last = line.get("checks").and_then(Json::as_array).unwrap().last().unwrap();
    assert_eq!(last.get("check"), Some(&Json::from("binding")));

    refused(&judge(&folder, &good, &asked), "sd_jwt.key_binding.missing");
    let other = ["--nonce", "n-2", "--audience", "https://uni.example"];
    refused(&judge(&folder, &bound, &other), "sd_jwt.key_binding.nonce");
    let other = ["--nonce", "n-1", "--audience", "https://uni.example/"];
    refused(&judge(&folder, &bound, &other), "sd_jwt.key_binding.audience");
    // One disclosure less than the holder signed for.
    let parts: Vec<&str> = bound.split('~').collect();
    let less = format!("{}~{}~{}", parts[0], parts[1], parts[3]);
    refused(&judge(&folder, &less, &asked), "sd_jwt.key_binding.sd_hash");
    // Somebody else's key.
    let thief = School {
        holder: new_key(),
        ..School::new()
    };
    let stolen = thief.bind(&good, "n-1", "https://uni.example");
    refused(&judge(&folder, &stolen, &asked), "sd_jwt.key_binding.bad_signature");
    // Ten minutes later it is still taken, a quarter of an hour later not.
    folder.write("bound.sdjwt", &bound);
    let later = |time| {
        let args = ["verify", "--json", "--offline", "--trust", "key.json", "--at", time];
        folder.run(&[&args, asked.as_slice(), &["bound.sdjwt"]].concat())
    };
    accepted(&later("2026-07-05T12:10:00Z"));
    refused(&later("2026-07-05T12:15:00Z"), "sd_jwt.key_binding.too_old");
    refused(&later("2026-07-05T11:55:00Z"), "sd_jwt.key_binding.in_future");

    // One without the other is a mistake.
    for half in [["--nonce", "n-1"], ["--audience", "https://uni.example"]] {
        let ran = judge(&folder, &bound, &half);
        assert_eq!(ran.exit, 64, "{ran:?}");
        let code = ran.json().get("error").and_then(|error| error.get("code").cloned());
        assert_eq!(code, Some(Json::from("usage")), "{ran:?}");
    }
}

#[test]
fn a_token_of_another_kind_is_no_credential() {
    let (folder, school) = desk();
    let plain = || {
        let claims = school.claims();
        claims
            .iter()
            .filter(|(name, _)| *name != "vct")
            .map(|(name, value)| (name.to_owned(), value.clone()))
            .collect::<Object>()
    };
    let typed = |claims: Object, typ: Option<&str>| {
        // By hand, since the library makes no credential of a wrong kind.
        let header = Object::new().with("typ", typ.map(Json::from));
        let jws = UnsignedJws::new(school.key.algorithm(), header, claims.to_string());
        format!("{}~", jws.sign(&school.key))
    };
    // RFC 8725 §3.11: a status list or an access token with a tilde behind it.
    for typ in [
        "statuslist+jwt",
        "kb+jwt",
        "at+jwt",
        "oauth-authz-req+jwt",
        "openid4vci-proof+jwt",
        "jwt+x",
        "application/at+jwt",
        "x",
        "",
    ] {
        for format in ["auto", "sd-jwt"] {
            refused(
                &judge(&folder, &typed(plain(), Some(typ)), &["--format", format]),
                "jws.wrong_typ",
            );
        }
        refused(
            &judge(&folder, &typed(school.claims(), Some(typ)), &[]),
            "jws.wrong_typ",
        );
    }
    for typ in [
        None,
        Some("JWT"),
        Some("sd-jwt"),
        Some("example+sd-jwt"),
        Some("application/sd-jwt"),
        Some("application/example+sd-jwt"),
    ] {
        let ran = judge(&folder, &typed(plain(), typ), &[]);
        accepted(&ran);
        assert_eq!(ran.json().get("format"), Some(&Json::from("sd-jwt")));
        refused(
            &judge(&folder, &typed(plain(), typ), &["--format", "dc+sd-jwt"]),
            "jws.wrong_typ",
        );
        // With a type it is an SD-JWT VC, and has to say so.
        let ran = judge(&folder, &typed(school.claims(), typ), &[]);
        refused(&ran, "jws.wrong_typ");
        assert_eq!(ran.json().get("format"), Some(&Json::from("dc+sd-jwt")));
        accepted(&judge(&folder, &typed(school.claims(), typ), &["--format", "sd-jwt"]));
    }
    refused(
        &judge(&folder, &typed(school.claims(), Some("vc+sd-jwt")), &[]),
        "jws.wrong_typ",
    );
    refused(
        &judge(&folder, &typed(plain(), Some("dc+sd-jwt")), &[]),
        "sd_jwt.claim.missing",
    );
    accepted(&judge(
        &folder,
        &typed(school.claims(), Some("application/dc+sd-jwt")),
        &[],
    ));
}

#[test]
fn every_serialisation_is_read() {
    let (folder, school) = desk();
    for form in [JsonForm::Flattened, JsonForm::General] {
        let paths = [ClaimPath::of_keys("grade", &[])];
        let concealed = Blueprint::new(school.claims(), &paths)
            .unwrap()
            .conceal(&mut SystemRandom::new());
        let json = concealed.sign_json(Object::new(), &school.key, form).to_string();
        accepted(&judge(&folder, &json, &[]));
        // Over several lines, and with line breaks in the long values as RFC 9901 prints them.
        let spread = json.replace(',', ",\n  ");
        accepted(&judge(&folder, &spread, &[]));
        let at = json.find("\"payload\":\"").unwrap() + 40;
        let folded = format!("{}\n    {}", &json[..at], &json[at..]);
        accepted(&judge(&folder, &folded, &[]));
    }
    let report = school.report();
    let wrapped: Vec<&str> = report
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    accepted(&judge(&folder, &wrapped.join("\n"), &[]));
    accepted(&judge(&folder, &format!("  \n{report}\r\n"), &[]));
    // As an editor on Windows saves it.
    let saved = format!("\u{feff}{report}\r\n");
    accepted(&judge(&folder, &saved, &[]));
    folder.write("saved.txt", saved);
    let args = ["verify", "--offline", "--at", AT, "--trust", "key.json", "saved.txt"];
    assert_eq!(folder.run(&args).exit, 0);
}

#[test]
fn files_of_lines_several_files_and_standard_input_keep_their_order() {
    let (folder, school) = desk();
    let lines: Vec<String> = (0..300)
        .map(|number| match number % 3 {
            2 => format!("broken{number}"),
            _ => school.report(),
        })
        .collect();
    for (name, content) in [
        ("many.txt", lines.join("\n")),
        (
            "many.jsonl",
            lines.iter().map(|line| format!("\"{line}\"\n\n")).collect(),
        ),
    ] {
        folder.write(name, &content);
        let step = if name == "many.txt" { 1 } else { 2 };
        let mut outputs = Vec::new();
        for jobs in ["1", "2", "5"] {
            let ran = folder.run(&[
                "verify",
                "--json",
                "--offline",
                "--at",
                AT,
                "--trust",
                "key.json",
                "--jobs",
                jobs,
                name,
                "report.sdjwt",
            ]);
            assert_eq!(ran.exit, 1);
            let found = ran.lines();
            assert_eq!(found.len(), 301);
            for (number, line) in found[..300].iter().enumerate() {
                let source = format!("{name}:{}", number * step + 1);
                assert_eq!(line.get("source"), Some(&Json::from(source)));
                let verdict = if number % 3 == 2 { "refused" } else { "accepted" };
                assert_eq!(line.get("verdict"), Some(&Json::from(verdict)));
            }
            assert_eq!(found[300].get("source"), Some(&Json::from("report.sdjwt")));
            outputs.push(ran.out);
        }
        assert!(outputs.iter().all(|output| *output == outputs[0]));
    }
    let mut child = folder
        .command(&["verify", "--json", "--offline", "--at", AT, "--trust", "key.json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    write!(input, "{}\n{}\n", lines[0], lines[1]).unwrap();
    drop(input);
    let ran = Ran::new(child.wait_with_output().unwrap());
    assert_eq!((ran.exit, ran.lines().len()), (0, 2), "{ran:?}");
}

#[test]
fn the_status_comes_from_a_file() {
    let (folder, school) = desk();
    let uri = "https://school.example/status/1";
    let reference = Object::new()
        .with("idx", Json::from(7_u64))
        .with("uri", Json::from(uri));
    let status = Object::new().with("status_list", Json::Object(reference));
    let report = school.issue(school.claims().with("status", Json::Object(status)), Object::new());
    let list = |value: u8, signer: &wallet_core::crypto::SigningKey| {
        let mut list = StatusList::new(StatusWidth::from_bits(2).unwrap(), 16).unwrap();
        list.set(7, value).unwrap();
        StatusListToken::new(uri, list, TokenTimes::new(at())).sign(signer, &[])
    };
    folder.write("valid.jwt", list(0, &school.key));
    folder.write("revoked.jwt", list(1, &school.key));
    folder.write("suspended.jwt", list(2, &school.key));
    folder.write("forged.jwt", list(0, &new_key()));
    let with = |file: &str| judge(&folder, &report, &["--status", &format!("{uri}={file}")]);
    accepted(&with("valid.jwt"));
    refused(&with("revoked.jwt"), "status.revoked");
    refused(&with("suspended.jwt"), "status.suspended");
    for ran in [with("forged.jwt"), judge(&folder, &report, &[])] {
        assert_eq!((ran.exit, ran.verdict().0.as_str()), (2, "undetermined"), "{ran:?}");
    }
    // Undetermined beside refused is refused.
    folder.write("in2.sdjwt", &report);
    folder.write("in3.sdjwt", "nonsense");
    let all = |files: &[&str]| {
        folder
            .run(
                &[
                    &["verify", "--json", "--offline", "--at", AT, "--trust", "key.json"],
                    files,
                ]
                .concat(),
            )
            .exit
    };
    assert_eq!(all(&["report.sdjwt", "in2.sdjwt"]), 2);
    assert_eq!(all(&["report.sdjwt", "in2.sdjwt", "in3.sdjwt"]), 1);
    assert_eq!(all(&["report.sdjwt"]), 0);

    judge(&folder, &report, &["--status", "no-equals-sign"]).is_json_refusal("usage.status");
}

impl Ran {
    #[track_caller]
    fn is_json_refusal(&self, code: &str) {
        assert_eq!(self.exit, 64, "{self:?}");
        let line = self.json();
        let error = line.get("error").unwrap();
        assert_eq!(error.get("code"), Some(&Json::from(code)), "{self:?}");
        for name in ["what", "message", "remedy"] {
            assert!(
                error
                    .get(name)
                    .and_then(Json::as_str)
                    .is_some_and(|text| text.len() > 5),
                "{self:?}"
            );
        }
    }
}

#[test]
fn mistakes_are_told_from_refusals() {
    let (folder, _) = desk();
    for args in [
        vec!["verify"],
        vec!["verify", "--jobs", "0", "report.sdjwt"],
        vec!["verify", "--jobs", "many", "report.sdjwt"],
        vec!["verify", "--format", "hologram", "report.sdjwt"],
        vec!["verify", "--unheard-of", "report.sdjwt"],
        vec!["unheard-of"],
        vec![],
    ] {
        let ran = folder.run(&args);
        assert_eq!((ran.exit, ran.out.as_str()), (64, ""), "{args:?} {ran:?}");
        assert!(!ran.err.is_empty());
    }
    for (args, code) in [
        (vec!["verify", "missing.sdjwt"], "file"),
        (vec!["verify", "missing.txt"], "file"),
        (vec!["verify", "."], "file"),
        (vec!["verify", "--trust", "missing.pem", "report.sdjwt"], "file"),
        (
            vec!["verify", "--trust", "report.sdjwt", "report.sdjwt"],
            "trust_pack.unknown_kind",
        ),
        (vec!["verify", "--at", "yesterday", "report.sdjwt"], "time"),
        (vec!["verify", "--at", "2026-13-05T12:00:00Z", "report.sdjwt"], "time"),
    ] {
        folder.run(&args).is_refused(64, code);
    }
    folder.write("empty.txt", "\n\n");
    folder.run(&["verify", "empty.txt"]).is_refused(64, "usage.nothing");
    folder.write("bytes.sdjwt", [0xff, 0xfe, 0x00]);
    folder.run(&["verify", "bytes.sdjwt"]).is_refused(64, "file.not_text");
    for (args, exit) in [(["--help"], 0), (["--version"], 0)] {
        assert_eq!(folder.run(&args).exit, exit);
    }
}

#[test]
fn people_read_the_verdict_and_each_check() {
    let (folder, school) = desk();
    let ran = folder.run(&["verify", "--offline", "--at", AT, "--trust", "key.json", "report.sdjwt"]);
    assert_eq!(ran.exit, 0);
    for part in [
        "report.sdjwt accepted",
        "origin",
        "integrity",
        "validity",
        "status",
        "Erika",
    ] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    assert!(!ran.out.contains('\u{1b}'), "no colours into a file");
    assert!(
        !ran.out.contains("  do "),
        "nothing to do about what is accepted: {}",
        ran.out
    );
    assert!(!ran.out.contains("(TEST)"), "{}", ran.out);
    // An issuer marks what is for tests, and so does whoever shows it.
    folder.write(
        "test.sdjwt",
        school.issue(school.claims().with("test", Json::Bool(true)), Object::new()),
    );
    let ran = folder.run(&["verify", "--offline", "--at", AT, "--trust", "key.json", "test.sdjwt"]);
    assert!(ran.exit == 0 && ran.out.contains("(TEST)"), "{}", ran.out);
    // What was refused is not shown as if it were true, and steers no terminal.
    let evil = school.claims().with("note", Json::from("\u{1b}[2J\u{202e}evil"));
    folder.write("evil.sdjwt", school.issue(evil, Object::new()));
    let ran = folder.run(&["verify", "--offline", "--at", AT, "--trust", "key.json", "evil.sdjwt"]);
    assert!(ran.out.contains("evil") && !ran.out.contains('\u{1b}') && !ran.out.contains('\u{202e}'));
    let ran = folder.run(&["verify", "--offline", "--at", AT, "report.sdjwt"]);
    assert_eq!(ran.exit, 1);
    assert!(
        ran.out.contains("fail: trust.unknown_issuer")
            && !ran.out.contains("Erika")
            && ran.out.contains("with --trust"),
        "{}",
        ran.out
    );
    // Of another issuer than it says.
    let claims = school.claims().with("iss", Json::from("https://other.example"));
    folder.write("ca.pem", school.authority.to_pem());
    folder.write("in.sdjwt", school.issue(claims, school.x5c()));
    let ran = folder.run(&[
        "verify",
        "--json",
        "--offline",
        "--at",
        AT,
        "--trust",
        "ca.pem",
        "in.sdjwt",
    ]);
    refused(&ran, "trust.name_not_bound");
    assert_eq!(ISSUER, "https://school.example");
}

#[test]
fn a_reader_that_goes_away_is_no_fault() {
    let (folder, school) = desk();
    let report = school.report();
    folder.write("many.txt", (0..2000).map(|_| format!("{report}\n")).collect::<String>());
    for args in [
        vec![
            "verify",
            "--json",
            "--offline",
            "--at",
            AT,
            "--trust",
            "key.json",
            "--jobs",
            "2",
            "many.txt",
        ],
        vec!["completions", "bash"],
        vec!["man"],
    ] {
        let mut child = folder
            .command(&args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut some = [0; 10];
        child.stdout.as_mut().unwrap().read_exact(&mut some).unwrap();
        drop(child.stdout.take());
        let ran = Ran::new(child.wait_with_output().unwrap());
        assert!(ran.exit <= 2, "{ran:?}");
        assert!(!ran.err.contains("refused"), "{args:?} {ran:?}");
    }
}
