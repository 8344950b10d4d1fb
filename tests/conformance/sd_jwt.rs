//! RFC 9901: the examples of the specification and the cases of the reference implementation.

use std::fs;
use std::path::{Path, PathBuf};

use wallet_core::codec::{Budget, Json, Object};
use wallet_core::credential::Unverified;
use wallet_core::credential::sd_jwt::{KeyBinding, KeyBindingRule, Kind, SdJwt, SdJwtError, VerifyOptions};
use wallet_core::envelope::jws::JwsError;
use wallet_core::keys::{Jwk, JwkSet};
use wallet_core::time::Timestamp;
use wallet_core::trust::{Environment, TrustStore};

/// Cases that we refuse, and why. One of them that passes is a failure.
const DIVERGENCES: &[(&str, SdJwtError)] = &[
    // `kid` is the number 42; RFC 7515 §4.1.4 makes it a string.
    ("header_mod", SdJwtError::Jws(JwsError::BadHeader("kid"))),
];

#[test]
fn every_case_verifies_and_says_what_it_should() {
    let Some(folder) = wallet_tests::vectors("sd-jwt") else {
        return;
    };
    let count = run(&folder.join("python-testcases"), Kind::Plain) + run(&folder.join("rfc9901"), Kind::Plain);
    assert!(count >= 19, "{count} cases");
}

/// Runs every case of a folder with a `settings.yml`.
pub(crate) fn run(folder: &Path, kind: Kind) -> usize {
    let settings = Settings::read(&folder.join("settings.yml"));
    let mut cases: Vec<PathBuf> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    cases.retain(|path| path.is_dir());
    cases.sort();
    for case in &cases {
        let name = case.file_name().and_then(|name| name.to_str()).expect("a name");
        let result = check(case, &settings, kind);
        match DIVERGENCES.iter().find(|(diverging, _)| *diverging == name) {
            Some((_, error)) => assert_eq!(result, Err(error.clone()), "{name}"),
            None => assert_eq!(result, Ok(()), "{name}"),
        }
    }
    cases.len()
}

fn check(case: &Path, settings: &Settings, kind: Kind) -> Result<(), SdJwtError> {
    let name = case.display();
    let file = |name: &str| -> Json {
        let text = fs::read_to_string(case.join(name)).expect("a file");
        // Long strings are published with line breaks inside.
        let joined = || text.lines().map(str::trim_start).collect::<String>();
        let json = Json::parse(&text, &mut Budget::default());
        json.or_else(|_| Json::parse(joined(), &mut Budget::default()))
            .expect("valid JSON")
    };
    // Issuance: nobody has bound it, and everything is in it.
    let issued = parse(case, "sd_jwt_issuance")?;
    let trust = settings.trust(&issued);
    let payload = issued.inspect().payload;
    let at = payload
        .get("iat")
        .and_then(Json::as_i64)
        .map_or(1_683_000_000, |iat| iat);
    let options = VerifyOptions::at_rest().with_kind(kind);
    let held = issued.verify(&trust, &options, Timestamp::from_unix(at))?;
    for (claim, value) in file("user_claims.json").as_object().expect("an object").iter() {
        let found = held.credential().claims().get(claim).map(sorted);
        assert_eq!(found, Some(sorted(value)), "{name}: {claim}");
    }
    assert_eq!(
        sorted(&Json::Object(payload)),
        sorted(&file("sd_jwt_payload.json")),
        "{name}"
    );

    // Presentation: bound where the case says so.
    let shown = parse(case, "sd_jwt_presentation")?;
    let mut now = Timestamp::from_unix(at);
    let mut options = VerifyOptions::at_rest().with_kind(kind);
    if case.join("kb_jwt_payload.json").exists() {
        let expected = file("kb_jwt_payload.json");
        now = Timestamp::from_unix(expected.get("iat").and_then(Json::as_i64).expect("iat"));
        options.key_binding = KeyBindingRule::Required(KeyBinding::new(&settings.nonce, &settings.verifier));
        let inspected = shown.inspect().key_binding.expect("a key binding JWT");
        assert_eq!(inspected.get("payload").map(sorted), Some(sorted(&expected)), "{name}");
    }
    let shown = shown.verify(&trust, &options, now)?;
    let expected = sorted(&file("verified_contents.json"));
    assert_eq!(sorted(shown.credential().claims_json()), expected, "{name}");

    // The same disclosures chosen by path from what was issued reveal the same.
    let places = shown.credential().disclosable();
    let by_name: Vec<_> = places
        .into_iter()
        .filter(|path| path.to_string().find('[').is_none())
        .collect();
    let selection = held.credential().select(&by_name)?;
    for path in &by_name {
        assert!(!path.select(selection.disclosed_json())?.is_empty(), "{name}: {path}");
    }
    Ok(())
}

fn parse(case: &Path, name: &str) -> Result<Unverified<SdJwt>, SdJwtError> {
    // Published with line breaks, in JSON even inside strings; none of the texts has white space of its own.
    let read = |ending: &str| -> Option<String> {
        let text = fs::read_to_string(case.join(format!("{name}.{ending}"))).ok()?;
        Some(text.split_whitespace().collect())
    };
    match read("txt") {
        Some(compact) => Unverified::<SdJwt>::parse(&compact, &mut Budget::default()),
        None => {
            let mut json = read("json").expect("compact or JSON");
            // The reference implementation publishes the document as one JSON string.
            if let Ok(Json::String(inner)) = Json::parse(&json, &mut Budget::default()) {
                json = inner;
            }
            Unverified::<SdJwt>::parse_json(json.as_bytes(), &mut Budget::default())
        }
    }
}

/// The lines of `settings.yml` that matter.
struct Settings {
    /// Issuer keys, as coordinates.
    issuers: Vec<(String, String)>,
    nonce: String,
    verifier: String,
}

impl Settings {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).expect("settings");
        let values = |key: &str| -> Vec<String> {
            let prefix = format!("{key}:");
            let lines = text
                .lines()
                .filter_map(|line| line.trim().strip_prefix(prefix.as_str()));
            lines.map(|value| value.trim().trim_matches('"').to_owned()).collect()
        };
        let mut keys: Vec<_> = values("x").into_iter().zip(values("y")).collect();
        // The last key is the holder's, and is in the credential.
        keys.pop();
        Self {
            issuers: keys,
            nonce: values("key_binding_nonce").remove(0),
            verifier: values("verifier").remove(0),
        }
    }

    fn trust(&self, received: &Unverified<SdJwt>) -> TrustStore {
        let mut trust = TrustStore::new(Environment::Test);
        let kid = received
            .inspect()
            .header
            .get("kid")
            .and_then(Json::as_str)
            .map(str::to_owned);
        let keys = self.issuers.iter().map(|(x, y)| {
            let jwk = Object::new()
                .with("kty", Json::from("EC"))
                .with("crv", Json::from("P-256"))
                .with("x", Json::from(x.as_str()))
                .with("y", Json::from(y.as_str()))
                .with("kid", kid.clone().map(Json::from));
            Jwk::parse(&Json::Object(jwk)).expect("a key")
        });
        trust.pin_issuer_keys(None, JwkSet::new(keys.collect()));
        trust
    }
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
