//! `mappe verify` and `mappe inspect` with mdocs: at rest and presented, as bytes and as text, and as published.

use std::path::PathBuf;

use wallet_core::codec::{Json, base64url};
use wallet_core::credential::Unverified;
use wallet_core::credential::mdoc::{Blueprint, DeviceResponse, Mdoc, SessionTranscript};
use wallet_core::credential::{ClaimPath, StatusListReference};
use wallet_core::crypto::{Curve, SigningKey};
use wallet_core::envelope::session::device_mac_key;
use wallet_core::keys::{KeyHandle, PublicKey};
use wallet_core::status::{StatusList, StatusListToken, StatusWidth, TokenTimes};
use wallet_core::time::Validity;
use wallet_core::trust::authority::{CertificateAuthority, CertificateName, LeafProfile};
use wallet_core::trust::{Certificate, Environment, Role, TrustStore};
use wallet_server::SystemRandom;

use crate::support::{AT, Folder, Ran, at, new_key, parse, text};

const DOCTYPE: &str = "eu.europa.ec.eudi.pid.1";
const STATUS: &str = "https://office.example/status/1";
const CLIENT: &str = "x509_hash:abc";
const RESPONSE_URI: &str = "https://uni.example/response";

/// An office that issues documents, and a citizen's device.
struct Office {
    key: SigningKey,
    chain: Vec<Certificate>,
    root: Certificate,
    device: SigningKey,
}

impl Office {
    fn new() -> Self {
        let random = &mut SystemRandom::new();
        let window = Validity::new(Some(at().plus(-86_400)), Some(at().plus(86_400 * 30)));
        let name = CertificateName::new("Test office root").country("DE");
        let root = CertificateAuthority::generate_iaca(name, "office@office.example", Curve::P256, window, random);
        let (root, key) = (root.unwrap(), new_key());
        let profile = LeafProfile::new(CertificateName::new("Test office").country("DE"));
        let crl = "https://office.example/crl";
        let leaf = root.issue_document_signer(&profile, &PublicKey::from(&key), crl, window, random);
        Self {
            key,
            chain: vec![leaf.unwrap()],
            root: root.certificate().clone(),
            device: new_key(),
        }
    }

    fn blueprint(&self, doctype: &str) -> Blueprint {
        Blueprint::new(doctype)
            .validity(at().plus(-3600), at().plus(-3600), at().plus(86_400))
            .device_key(&PublicKey::from(&self.device))
            .element(DOCTYPE, "family_name", "Mustermann")
            .element(DOCTYPE, "given_name", "Erika")
            .element(DOCTYPE, "age_over_18", true)
    }

    fn sign(&self, blueprint: Blueprint) -> Vec<u8> {
        let concealed = blueprint.conceal(&mut SystemRandom::new()).unwrap();
        concealed.sign(&self.key, &self.chain)
    }

    fn issue(&self) -> Vec<u8> {
        self.sign(self.blueprint(DOCTYPE))
    }

    fn verified(&self, issued: &[u8]) -> Mdoc {
        let mut trust = TrustStore::new(Environment::Test);
        trust.add_anchor(Role::Issuers, self.root.clone());
        let parsed = Unverified::<Mdoc>::parse(issued, &mut Default::default()).unwrap();
        let verified = parsed.verify(&trust, &Default::default(), at()).unwrap();
        verified.credential().clone()
    }

    /// Family name and age, signed by the device for a session.
    fn document(&self, issued: &[u8], session: &SessionTranscript) -> wallet_core::credential::mdoc::Document {
        let unbound = self.unbound(issued, session);
        let signature = self.device.sign(unbound.signing_request().message());
        unbound.with_signature(&signature).unwrap()
    }

    fn unbound(
        &self,
        issued: &[u8],
        session: &SessionTranscript,
    ) -> wallet_core::credential::mdoc::UnboundPresentation {
        let document = self.verified(issued);
        let paths = ["family_name", "age_over_18"].map(|name| ClaimPath::of_keys(DOCTYPE, &[name]));
        let selection = document.select(&paths).unwrap();
        let key = PublicKey::from(&self.device);
        document
            .present(&selection)
            .bind(session, KeyHandle::new("device"), key)
    }

    fn present(&self, session: &SessionTranscript) -> Vec<u8> {
        DeviceResponse::new(vec![self.document(&self.issue(), session)]).encode()
    }
}

/// A folder with the root of an office that is trusted.
fn desk() -> (Folder, Office) {
    let (folder, office) = (Folder::new(), Office::new());
    folder.write("root.pem", office.root.to_pem());
    (folder, office)
}

fn judge(folder: &Folder, content: impl AsRef<[u8]>, more: &[&str]) -> Ran {
    folder.write("in.mdoc", content);
    let args = ["verify", "--json", "--offline", "--at", AT, "--trust", "root.pem"];
    folder.run(&[&args, more, &["in.mdoc"]].concat())
}

#[track_caller]
fn judged(ran: &Ran, exit: i32, code: &str) {
    let verdict = ["accepted", "refused", "undetermined"][usize::try_from(exit).unwrap()];
    assert_eq!(
        (ran.exit, ran.verdict()),
        (exit, (verdict.to_owned(), code.to_owned())),
        "{ran:?}"
    );
}

fn outcome(line: &Json, name: &str) -> Option<String> {
    let checks = line.get("checks").and_then(Json::as_array).unwrap().iter();
    let mut checks = checks.filter(|check| check.get("check").and_then(Json::as_str) == Some(name));
    Some(checks.next()?.get("outcome").and_then(Json::as_str).unwrap().to_owned())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_document_at_rest_is_judged_in_every_form_and_recognised_by_content() {
    let (folder, office) = desk();
    let issued = office.issue();
    let wrapped: String = {
        let text = base64url::encode(&issued);
        let lines = text
            .as_bytes()
            .chunks(64)
            .map(|line| std::str::from_utf8(line).unwrap());
        lines.collect::<Vec<_>>().join("\n")
    };
    for content in [
        issued.clone(),
        hex(&issued).into_bytes(),
        base64url::encode(&issued).into_bytes(),
        wrapped.into_bytes(),
    ] {
        for format in [&[][..], &["--format", "mdoc"], &["--format", "auto"]] {
            let ran = judge(&folder, &content, format);
            judged(&ran, 0, "");
            let line = ran.json();
            assert_eq!(line.get("format"), Some(&Json::from("mso_mdoc")));
            let members: Vec<_> = line.as_object().unwrap().iter().map(|(name, _)| name).collect();
            assert_eq!(members, ["source", "format", "verdict", "code", "checks", "claims"]);
            let claims = line.get("claims").and_then(|claims| claims.get(DOCTYPE)).unwrap();
            assert_eq!(claims.get("given_name"), Some(&Json::from("Erika")));
            assert_eq!(outcome(&line, "binding"), None);
        }
    }
    judged(
        &judge(&folder, &issued, &["--format", "device-response"]),
        1,
        "mdoc.member_missing",
    );
    judged(
        &judge(&folder, hex(&issued), &["--format", "dc+sd-jwt"]),
        1,
        "sd_jwt.no_tilde",
    );
    judged(
        &judge(&folder, "nonsense", &["--format", "mdoc"]),
        1,
        "cbor.end_of_input",
    );
    // A presentation was asked for.
    let asked = ["--nonce", "n", "--audience", CLIENT, "--response-uri", RESPONSE_URI];
    judged(&judge(&folder, &issued, &asked), 1, "mdoc.device_auth_missing");
    let mut changed = issued.clone();
    let place = changed.windows(5).position(|window| window == b"Erika").unwrap();
    changed[place] = b'A';
    judged(&judge(&folder, &changed, &[]), 1, "mdoc.digest_mismatch");
    let ran = folder.run(&["verify", "--json", "--offline", "--at", AT, "in.mdoc"]);
    assert_eq!(ran.exit, 1, "{ran:?}");
    folder.write("in.mdoc", &issued);
    let untrusted = folder.run(&["verify", "--json", "--offline", "--at", AT, "in.mdoc"]);
    judged(&untrusted, 1, "trust.untrusted_path");
    for (time, code) in [
        ("2026-07-06T12:01:01Z", "mdoc.expired"),
        ("2026-07-05T10:58:59Z", "mdoc.not_yet_valid"),
    ] {
        let ran = folder.run(&[
            "verify",
            "--json",
            "--offline",
            "--at",
            time,
            "--trust",
            "root.pem",
            "in.mdoc",
        ]);
        judged(&ran, 1, code);
    }
}

#[test]
fn a_presentation_answers_the_session_that_the_command_line_names() {
    let (folder, office) = desk();
    let thumbprint = PublicKey::from(&new_key()).thumbprint();
    let print = base64url::decode(&thumbprint).unwrap();
    let redirect = SessionTranscript::openid4vp(CLIENT, "n-1", Some(&print), RESPONSE_URI);
    let response = office.present(&redirect);
    let asked = |nonce: &str, audience: &str, uri: &str, print: &str| {
        let args = [
            "--nonce",
            nonce,
            "--audience",
            audience,
            "--response-uri",
            uri,
            "--jwk-thumbprint",
            print,
        ];
        judge(&folder, &response, &args)
    };
    let good = asked("n-1", CLIENT, RESPONSE_URI, &thumbprint);
    judged(&good, 0, "");
    assert_eq!(outcome(&good.json(), "binding").as_deref(), Some("pass"));
    let claims = good
        .json()
        .get("claims")
        .and_then(|claims| claims.get(DOCTYPE))
        .cloned()
        .unwrap();
    assert_eq!(claims, parse(r#"{"family_name":"Mustermann","age_over_18":true}"#));
    for format in ["auto", "device-response"] {
        let args = [
            "--nonce",
            "n-1",
            "--audience",
            CLIENT,
            "--response-uri",
            RESPONSE_URI,
            "--jwk-thumbprint",
            &thumbprint,
        ];
        judged(
            &judge(
                &folder,
                base64url::encode(&response),
                &[&args[..], &["--format", format]].concat(),
            ),
            0,
            "",
        );
    }
    let other_print = PublicKey::from(&new_key()).thumbprint();
    for ran in [
        asked("n-2", CLIENT, RESPONSE_URI, &thumbprint),
        asked("n-1", "x509_hash:abd", RESPONSE_URI, &thumbprint),
        asked("n-1", CLIENT, "https://uni.example/other", &thumbprint),
        asked("n-1", CLIENT, RESPONSE_URI, &other_print),
        judge(
            &folder,
            &response,
            &["--nonce", "n-1", "--audience", CLIENT, "--response-uri", RESPONSE_URI],
        ),
        judge(
            &folder,
            &response,
            &["--nonce", "n-1", "--origin", "https://uni.example"],
        ),
    ] {
        judged(&ran, 1, "mdoc.device_auth_invalid");
        for check in ["origin", "integrity", "validity", "status"] {
            assert_eq!(outcome(&ran.json(), check).as_deref(), Some("pass"), "{check}");
        }
    }
    // Nobody says which session it was.
    for args in [&[][..], &["--nonce", "n-1", "--audience", CLIENT]] {
        judged(&judge(&folder, &response, args), 2, "assessment.no_session_transcript");
    }
    // The transcript itself, with and without its tag, as bytes and as text.
    for transcript in [
        redirect.as_bytes().to_vec(),
        redirect.to_tagged(),
        hex(redirect.as_bytes()).into_bytes(),
        base64url::encode(redirect.to_tagged()).into_bytes(),
    ] {
        folder.write("session.cbor", transcript);
        judged(
            &judge(&folder, &response, &["--session-transcript", "session.cbor"]),
            0,
            "",
        );
    }
    folder.write("session.cbor", "nonsense");
    assert_eq!(
        judge(&folder, &response, &["--session-transcript", "session.cbor"]).exit,
        64
    );
    for args in [
        &["--nonce", "n"][..],
        &["--audience", "a"],
        &["--origin", "https://uni.example"],
        &["--response-uri", RESPONSE_URI],
        &[
            "--nonce",
            "n",
            "--audience",
            "a",
            "--response-uri",
            RESPONSE_URI,
            "--jwk-thumbprint",
            "AA",
        ],
        &["--session-transcript", "missing"],
        &[
            "--nonce",
            "n",
            "--audience",
            "a",
            "--session-transcript",
            "session.cbor",
            "--response-uri",
            RESPONSE_URI,
        ],
    ] {
        assert_eq!(judge(&folder, &response, args).exit, 64, "{args:?}");
    }
}

#[test]
fn a_page_is_named_by_its_origin_with_or_without_the_prefix() {
    let (folder, office) = desk();
    let response = office.present(&SessionTranscript::openid4vp_dc_api("https://uni.example", "n-1", None));
    for args in [
        &["--nonce", "n-1", "--origin", "https://uni.example"][..],
        &["--nonce", "n-1", "--audience", "origin:https://uni.example"],
        &[
            "--nonce",
            "n-1",
            "--audience",
            "origin:https://uni.example",
            "--origin",
            "https://uni.example",
        ],
    ] {
        judged(&judge(&folder, &response, args), 0, "");
    }
    judged(
        &judge(
            &folder,
            &response,
            &["--nonce", "n-1", "--origin", "https://uni.example/"],
        ),
        1,
        "mdoc.device_auth_invalid",
    );
}

#[test]
fn a_mac_needs_the_key_of_the_reader() {
    let (folder, office) = desk();
    let session = SessionTranscript::openid4vp(CLIENT, "n-1", None, RESPONSE_URI);
    let reader = new_key();
    let own = wallet_core::crypto::AgreementKey::from_bytes(&office.device.to_bytes()).unwrap();
    let mac_key = device_mac_key(&own, &PublicKey::from(&reader), &session.to_tagged()).unwrap();
    let document = office.unbound(&office.issue(), &session).with_mac(&mac_key);
    let response = DeviceResponse::new(vec![document]).encode();
    let private = |key: &SigningKey| {
        let jwk = PublicKey::from(key)
            .to_jwk()
            .with("d", Json::from(base64url::encode(key.to_bytes())));
        jwk.to_string()
    };
    folder.write("reader.jwk", private(&reader));
    folder.write("reader.pem", reader.to_pkcs8_pem().unwrap().as_bytes());
    folder.write("other.jwk", private(&new_key()));
    let asked = ["--nonce", "n-1", "--audience", CLIENT, "--response-uri", RESPONSE_URI];
    let with = |key: &[&str]| judge(&folder, &response, &[&asked[..], key].concat());
    judged(&with(&["--reader-key", "reader.jwk"]), 0, "");
    judged(&with(&["--reader-key", "reader.pem"]), 0, "");
    judged(&with(&["--reader-key", "other.jwk"]), 1, "mdoc.device_auth_invalid");
    judged(&with(&[]), 2, "mdoc.device_mac_key");
    assert_eq!(with(&["--reader-key", "missing"]).exit, 64);
}

#[test]
fn each_document_of_a_response_has_a_line_of_its_own() {
    let (folder, office) = desk();
    let session = SessionTranscript::openid4vp(CLIENT, "n-1", None, RESPONSE_URI);
    let good = office.document(&office.issue(), &session);
    let other = SessionTranscript::openid4vp(CLIENT, "n-2", None, RESPONSE_URI);
    let bad = office.document(&office.issue(), &other);
    let response = DeviceResponse::new(vec![good, bad]).with_document_error("org.example", 0);
    let asked = ["--nonce", "n-1", "--audience", CLIENT, "--response-uri", RESPONSE_URI];
    let ran = judge(&folder, response.encode(), &asked);
    assert_eq!(ran.exit, 1);
    let lines = ran.lines();
    let part = |line: &Json, name: &str| line.get(name).and_then(Json::as_str).map(str::to_owned);
    let sources: Vec<_> = lines.iter().map(|line| part(line, "source").unwrap()).collect();
    assert_eq!(sources, ["in.mdoc#1", "in.mdoc#2"]);
    let verdicts: Vec<_> = lines.iter().map(|line| part(line, "verdict").unwrap()).collect();
    assert_eq!(verdicts, ["accepted", "refused"]);
    for line in &lines {
        assert_eq!(line.get("document_errors"), Some(&parse(r#"{"org.example":0}"#)));
    }
    for (status, code) in [(0, "assessment.no_document"), (10, "assessment.response_status")] {
        judged(
            &judge(&folder, DeviceResponse::failed(status).encode(), &asked),
            1,
            code,
        );
    }
}

#[test]
fn a_revoked_document_is_refused_by_a_list_that_is_a_file() {
    let (folder, office) = desk();
    let mut list = StatusList::new(StatusWidth::from_bits(1).unwrap(), 1024).unwrap();
    list.set(7, 1).unwrap();
    let times = TokenTimes::new(at().plus(-60)).expires(at().plus(3600));
    let token = StatusListToken::new(STATUS, list, times);
    folder.write("list.cwt", token.sign_cwt(&office.key, &office.chain));
    let list = format!("{STATUS}=list.cwt");
    for (index, exit, code) in [
        (6, 0, ""),
        (7, 1, "status.revoked"),
        (5000, 2, "status.index_out_of_range"),
    ] {
        let blueprint = office
            .blueprint(DOCTYPE)
            .status(&StatusListReference::cwt(index, STATUS));
        let issued = office.sign(blueprint);
        judged(&judge(&folder, &issued, &["--status", &list]), exit, code);
        let unknown = judge(&folder, &issued, &[]);
        judged(&unknown, 2, "status.not_fetched");
    }
}

#[test]
fn many_documents_are_judged_in_order_by_several_threads() {
    let (folder, office) = desk();
    let good = base64url::encode(office.issue());
    let mut changed = base64url::decode(&good).unwrap();
    *changed.last_mut().unwrap() ^= 1;
    let bad = base64url::encode(&changed);
    let lines: Vec<&str> = (0..200)
        .map(|index| if index % 50 == 49 { &bad } else { &good })
        .map(String::as_str)
        .collect();
    folder.write("many.jsonl", lines.join("\n"));
    let run = |jobs: &str| {
        let args = [
            "verify",
            "--json",
            "--offline",
            "--at",
            AT,
            "--trust",
            "root.pem",
            "--jobs",
            jobs,
            "many.jsonl",
        ];
        folder.run(&args)
    };
    let ran = run("4");
    assert_eq!(ran.exit, 1);
    assert_eq!(ran.out, run("1").out);
    let lines = ran.lines();
    assert_eq!(lines.len(), 200);
    for (index, line) in lines.iter().enumerate() {
        assert_eq!(
            line.get("source"),
            Some(&Json::from(format!("many.jsonl:{}", index + 1)))
        );
        let expected = if index % 50 == 49 { "cose.bad_signature" } else { "" };
        assert_eq!(line.get("code").and_then(Json::as_str).unwrap_or_default(), expected);
    }
    // Standard input takes the bytes too.
    folder.write("one.mdoc", office.issue());
    let mut command = folder.command(&["verify", "--json", "--offline", "--at", AT, "--trust", "root.pem", "-"]);
    command.stdin(std::fs::File::open(folder.path("one.mdoc")).unwrap());
    let ran = Ran::new(command.output().unwrap());
    assert_eq!((ran.exit, ran.verdict().0.as_str()), (0, "accepted"), "{ran:?}");
}

#[test]
fn inspecting_an_mdoc_shows_all_of_it_and_believes_nothing() {
    let (folder, office) = desk();
    folder.write("rest.mdoc", office.issue());
    let session = SessionTranscript::openid4vp(CLIENT, "n-1", None, RESPONSE_URI);
    folder.write("shown.txt", hex(&office.present(&session)));
    for file in ["rest.mdoc", "shown.txt"] {
        let ran = folder.run(&["inspect", file]);
        assert_eq!(ran.exit, 0, "{ran:?}");
        assert!(ran.out.starts_with("UNVERIFIED"), "{ran:?}");
        for part in [
            DOCTYPE,
            "family_name",
            "Mustermann",
            "validUntil",
            "Test office",
            "digestAlgorithm",
            "deviceKey",
        ] {
            assert!(ran.out.contains(part), "{part}: {ran:?}");
        }
        assert_eq!(ran.out.contains("deviceSignature"), file == "shown.txt");
        let json = folder.run(&["inspect", "--json", file]).json();
        assert_eq!(json.get("UNVERIFIED"), Some(&Json::Bool(true)));
        let document = match json.get("documents").and_then(Json::as_array) {
            Some(documents) => documents[0].clone(),
            None => json,
        };
        assert_eq!(document.get("docType"), Some(&Json::from(DOCTYPE)));
        let certificates = document.get("certificates").and_then(Json::as_array).unwrap();
        assert_eq!(certificates[0].get("country"), Some(&Json::from("DE")));
        assert!(
            document
                .get("nameSpaces")
                .and_then(|spaces| spaces.get(DOCTYPE))
                .is_some()
        );
    }
    folder.write("bad.mdoc", [0xa1, 0x01]);
    assert_eq!(folder.run(&["inspect", "bad.mdoc"]).exit, 1);
}

#[test]
fn a_query_is_answered_from_mdocs() {
    let (folder, office) = desk();
    folder.write("a.mdoc", office.issue());
    folder.write(
        "b.jsonl",
        base64url::encode(office.sign(office.blueprint("org.example"))),
    );
    let query = format!(
        r#"{{"credentials":[{{"id":"pid","format":"mso_mdoc","meta":{{"doctype_value":"{DOCTYPE}"}},"claims":[{{"path":["{DOCTYPE}","age_over_18"]}}]}}]}}"#
    );
    folder.write("q.json", query);
    let ran = folder.run(&[
        "dcql",
        "--query",
        "q.json",
        "--json",
        "--credentials",
        "a.mdoc",
        "b.jsonl",
    ]);
    assert_eq!(ran.exit, 0, "{ran:?}");
    let answer = ran.json();
    assert_eq!(answer.get("satisfied"), Some(&Json::Bool(true)));
    let matches = answer
        .get("credentials")
        .and_then(|by| by.get("pid"))
        .and_then(Json::as_array)
        .unwrap();
    assert_eq!(matches.len(), 1);
    assert_eq!(matches[0].get("credential"), Some(&Json::from("a.mdoc")));
}

fn vectors() -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors");
    let root = std::env::var_os("CONFORMANCE_VECTORS").map_or_else(|| PathBuf::from(beside), PathBuf::from);
    let folder = root.join("mdoc");
    if !folder.is_dir() {
        println!("contract: no vectors on `mdoc`, skipped (set CONFORMANCE_VECTORS)");
    }
    Some(folder).filter(|folder| folder.is_dir())
}

/// ISO/IEC 18013-5 Annex D, with the session and the reader's key as published.
#[test]
fn the_response_of_annex_d_is_accepted_at_its_time() {
    let Some(vectors) = vectors() else { return };
    let annex = parse(&text(&vectors.join("iso18013-5-annex-d.json")));
    let of = |name: &str| {
        annex
            .get(&format!("ISO_18013_5_ANNEX_D_{name}"))
            .and_then(Json::as_str)
            .unwrap()
            .to_owned()
    };
    let bytes = |name: &str| {
        let digits = of(name);
        let pairs = digits.as_bytes().chunks(2);
        let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        pairs.map(byte).collect::<Vec<u8>>()
    };
    let folder = Folder::new();
    folder.write("ds.der", bytes("DS_CERT"));
    folder.write("session.hex", of("SESSION_TRANSCRIPT_BYTES"));
    let part = |name: &str| Json::from(base64url::encode(bytes(&format!("EPHEMERAL_READER_KEY_{name}"))));
    let jwk = parse(r#"{"kty":"EC","crv":"P-256"}"#).as_object().unwrap().clone();
    folder.write(
        "reader.jwk",
        jwk.with("x", part("X"))
            .with("y", part("Y"))
            .with("d", part("D"))
            .to_string(),
    );
    folder.write("response.hex", of("DEVICE_RESPONSE"));
    folder.write("response.cbor", bytes("DEVICE_RESPONSE"));
    let judge = |file: &str, time: &str, more: &[&str]| {
        let args = ["verify", "--json", "--offline", "--trust", "ds.der", "--at", time];
        folder.run(&[&args[..], more, &[file]].concat())
    };
    let session = ["--session-transcript", "session.hex", "--reader-key", "reader.jwk"];
    for file in ["response.hex", "response.cbor"] {
        let ran = judge(file, "2020-10-02T00:00:00Z", &session);
        judged(&ran, 0, "");
        let name = ran
            .json()
            .get("claims")
            .and_then(|claims| claims.get("org.iso.18013.5.1")?.get("family_name").cloned());
        assert_eq!(name, Some(Json::from("Doe")));
    }
    judged(
        &judge("response.cbor", "2020-10-02T00:00:00Z", &session[..2]),
        2,
        "mdoc.device_mac_key",
    );
    judged(
        &judge("response.cbor", "2022-10-02T00:00:00Z", &session),
        1,
        "trust.certificate_expired",
    );
}

/// The examples of auth0-lab/mdl, which trust a root that signs documents itself.
#[test]
fn the_responses_of_auth0_are_judged_at_their_time() {
    let Some(vectors) = vectors() else { return };
    let folder = Folder::new();
    for (name, exit, code) in [
        ("diagnostic", 0, ""),
        ("disableCertVerification", 0, ""),
        ("example1", 0, ""),
        ("example2", 0, ""),
        ("example3", 1, "mdoc.digest_mismatch"),
        // ISO 18013-5 §9.1.2.4: the issuer did not authorise the device's key for what it signs.
        ("example4", 1, "mdoc.device_element_not_authorized"),
    ] {
        let case = parse(&text(&vectors.join(format!("auth0/{name}.json"))));
        let of = |name: &str| {
            case.get("hex")
                .and_then(|hex| hex.get(name))
                .and_then(Json::as_str)
                .unwrap()
                .to_owned()
        };
        folder.write("response.hex", of("deviceResponse"));
        folder.write("session.hex", of("encodedSessionTranscript"));
        let issuer = vectors.join("auth0/issuer.pem").display().to_string();
        let args = [
            "verify",
            "--json",
            "--offline",
            "--trust",
            &issuer,
            "--at",
            "2023-12-01T00:00:00Z",
        ];
        let ran = folder.run(&[&args[..], &["--session-transcript", "session.hex", "response.hex"]].concat());
        judged(&ran, exit, code);
    }
}
