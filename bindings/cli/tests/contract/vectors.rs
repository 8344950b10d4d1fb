//! The published examples of RFC 9901 and SD-JWT VC, judged by the program from the files as they were published.

use std::path::{Path, PathBuf};

use wallet_core::codec::{Json, Object};
use wallet_core::time::Timestamp;

use crate::support::{Folder, Ran, parse, text};

fn topic(name: &str) -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors");
    let root = std::env::var_os("CONFORMANCE_VECTORS").map_or_else(|| PathBuf::from(beside), PathBuf::from);
    let folder = root.join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("contract: no vectors on `{name}`, skipped (set CONFORMANCE_VECTORS)");
    None
}

/// JSON as published: with line breaks inside long strings.
fn published(path: &Path) -> Json {
    let text = text(path);
    let joined: String = text.lines().map(str::trim_start).collect();
    parse(&joined)
}

/// The keys of `settings.yml` but the last, which is the holder's, as a JWK set.
fn keys(settings: &str) -> String {
    let values = |key: &str| -> Vec<String> {
        let lines = settings.lines().filter_map(|line| line.trim().strip_prefix(key));
        lines.map(|value| value.trim().trim_matches('"').to_owned()).collect()
    };
    let mut points: Vec<_> = values("x:").into_iter().zip(values("y:")).collect();
    points.pop();
    let keys = points.iter().map(|(x, y)| {
        Object::new()
            .with("kty", Json::from("EC"))
            .with("crv", Json::from("P-256"))
            .with("x", Json::from(x.as_str()))
            .with("y", Json::from(y.as_str()))
            .into()
    });
    Object::new().with("keys", Json::Array(keys.collect())).to_string()
}

fn sorted(value: &Json) -> Json {
    match value {
        Json::Object(object) => {
            let mut members: Vec<_> = object
                .iter()
                .map(|(name, value)| (name.to_owned(), sorted(value)))
                .collect();
            members.sort_by(|a, b| a.0.cmp(&b.0));
            Json::Object(Object::from_iter(members))
        }
        Json::Array(items) => Json::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

#[test]
fn every_published_example_is_accepted_and_says_what_it_should() {
    let mut count = 0;
    for base in [
        "sd-jwt/python-testcases",
        "sd-jwt/rfc9901",
        "sd-jwt-vc/sd-jwt-vc",
        "openid4vp/spec-1.0/sd_jwt_vcld",
    ] {
        let Some(base) = topic(base) else { continue };
        let folder = Folder::new();
        folder.write("keys.json", keys(&text(&base.join("settings.yml"))));
        let mut cases: Vec<_> = std::fs::read_dir(&base)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        cases.retain(|path| path.is_dir());
        for case in cases {
            // Its `kid` is a number (RFC 7515 §4.1.4 makes it a string).
            let is_broken = case.ends_with("header_mod");
            for kind in ["issuance", "presentation"] {
                let file = ["txt", "json"].map(|ending| case.join(format!("sd_jwt_{kind}.{ending}")));
                let file = file.iter().find(|path| path.exists()).unwrap();
                let source = file.display().to_string();
                let binding = case.join("kb_jwt_payload.json");
                let binding = (kind == "presentation" && binding.exists()).then(|| published(&binding));
                let of = |name: &str| binding.as_ref().and_then(|binding| binding.get(name));
                let at = of("iat").and_then(Json::as_i64).unwrap_or(1_683_000_010);
                let at = Timestamp::from_unix(at).to_string();
                let judge = |nonce: Option<&str>| -> Ran {
                    let mut args = vec!["verify", "--json", "--offline", "--at", &at, "--trust", "keys.json"];
                    if let (Some(nonce), Some(audience)) = (nonce, of("aud").and_then(Json::as_str)) {
                        args.extend(["--nonce", nonce, "--audience", audience]);
                    }
                    args.push(&source);
                    folder.run(&args)
                };
                let nonce = of("nonce").and_then(Json::as_str);
                let ran = judge(nonce);
                count += 1;
                if is_broken {
                    assert_eq!((ran.exit, ran.verdict().1.as_str()), (1, "jws.bad_header"), "{source}");
                    continue;
                }
                assert_eq!(
                    (ran.exit, ran.verdict().0.as_str()),
                    (0, "accepted"),
                    "{source} {ran:?}"
                );
                if kind == "presentation" {
                    let expected = published(&case.join("verified_contents.json"));
                    assert_eq!(
                        ran.json().get("claims").map(sorted),
                        Some(sorted(&expected)),
                        "{source}"
                    );
                }
                if nonce.is_some() {
                    assert_eq!(judge(Some("other")).verdict().1, "sd_jwt.key_binding.nonce", "{source}");
                    assert_eq!(judge(None).verdict().1, "sd_jwt.key_binding.unexpected", "{source}");
                }
            }
        }
    }
    assert!(count == 0 || count >= 40, "{count} files");
}
