//! `mappe wallet` with a PID in both formats: from a test authority, to a university by link and through a page.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use wallet_core::codec::{Json, Object};
use wallet_core::http::{HttpRequest, HttpsUrl, LinkPolicy};
use wallet_server::Client;

use crate::support::{Folder, Ran, parse};

const CARD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data/identity-card.json");
const DOCTYPE: &str = "eu.europa.ec.eudi.pid.1";
/// The anchors of the office, for SD-JWT VCs and for mdocs.
const ROOTS: [&str; 2] = ["authority/issuer-ca.pem", "authority/iaca.pem"];
/// `mappe wallet` on the wallet of the test.
const WALLET: [&str; 6] = ["wallet", "--dev", "--dir", "w", "--passphrase-file", "pass"];

/// A server of development mode, for as long as the test runs.
struct Server {
    child: Child,
    url: String,
    token: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    fn start(folder: &Folder, role: &str, more: &[&str]) -> Self {
        let args = [&["serve", role, "--data", role, "--dev", "--json"], more].concat();
        let mut child = folder
            .command(&args)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let url = parse(&line).get("listening").and_then(Json::as_str).unwrap().to_owned();
        let token = std::fs::read_to_string(folder.path(role).join("management.token")).unwrap();
        Self {
            child,
            url,
            token: token.trim().to_owned(),
        }
    }

    fn manage(&self, path: &str, body: Option<&Json>) -> Json {
        let url = HttpsUrl::parse(&format!("{}/manage/{path}", self.url), LinkPolicy::LoopbackHttp).unwrap();
        let request = match body {
            Some(body) => HttpRequest::post(url, "application/json", body.to_string()),
            None => HttpRequest::get(url, "application/json"),
        };
        let request = request.with_header("Authorization", format!("Bearer {}", self.token));
        let response = Client::new(LinkPolicy::LoopbackHttp).execute(&request).unwrap();
        let text = String::from_utf8(response.body().to_vec()).unwrap();
        assert!(response.is_success(), "{text}");
        parse(&text)
    }
}

fn member<'a>(json: &'a Json, name: &str) -> &'a str {
    json.get(name).and_then(Json::as_str).unwrap()
}

fn wallet(folder: &Folder, args: &[&str]) -> Ran {
    let ran = folder
        .command(&[&WALLET, args].concat())
        .env("LC_ALL", "de_DE.UTF-8")
        .output();
    Ran::new(ran.unwrap())
}

/// An office that issues PIDs, and a new wallet that trusts it.
fn office_and_wallet(folder: &Folder) -> Server {
    folder.write("pass", "correct horse battery staple");
    let office = Server::start(folder, "authority", &[]);
    assert_eq!(wallet(folder, &["init"]).exit, 0);
    for root in ROOTS {
        trust(folder, "issuers", root);
    }
    office
}

fn trust(folder: &Folder, role: &str, file: &str) {
    let ran = folder.run(&["trust", "add", "--dir", "w", "--role", role, file]);
    assert_eq!(ran.exit, 0, "{ran:?}");
}

/// An offer of the card's PID in both formats.
fn offer(office: &Server) -> Json {
    let card = parse(&std::fs::read_to_string(CARD).unwrap());
    let offer = Object::new()
        .with("configuration", Json::from("pid"))
        .with("tx_code", Json::from(false))
        .with("record", card);
    office.manage("offers", Some(&Json::Object(offer)))
}

/// The name of a person and the day of birth, in either format.
fn query() -> Json {
    parse(&format!(
        r#"{{"credentials":[
          {{"id":"sd_jwt","format":"dc+sd-jwt","meta":{{"vct_values":["urn:eudi:pid:1"]}},"claims":[{{"path":["family_name"]}}]}},
          {{"id":"mdoc","format":"mso_mdoc","meta":{{"doctype_value":"{DOCTYPE}"}},"claims":[
            {{"path":["{DOCTYPE}","family_name"],"intent_to_retain":true}},{{"path":["{DOCTYPE}","birth_date"]}}]}}],
         "credential_sets":[{{"options":[["sd_jwt"],["mdoc"]]}}]}}"#
    ))
}

#[test]
fn a_pid_is_received_shown_and_presented_in_either_format() {
    let folder = Folder::new();
    let office = office_and_wallet(&folder);
    let university = Server::start(&folder, "university", &["--trust", ROOTS[0], "--trust", ROOTS[1]]);
    trust(&folder, "relying-parties", "university/access-ca.pem");
    let offer = offer(&office);

    let ran = wallet(&folder, &["receive", "--yes", member(&offer, "offer")]);
    assert_eq!(ran.exit, 0, "{ran:?}");
    // What it is called, in the language of the reader, and everything that came.
    for text in [
        "SD-JWT VC",
        "mdoc",
        "Familienname",
        "MUSTERMANN",
        "Geburtsdatum",
        "1964-08-12",
        "TEST",
    ] {
        assert!(ran.out.contains(text), "{text}: {ran:?}");
    }
    let held = wallet(&folder, &["--json", "list"]).json();
    let held = held.as_array().unwrap();
    let id = |format: &str| {
        let mut held = held.iter().filter(|held| member(held, "format") == format);
        member(held.next().unwrap(), "id").to_owned()
    };
    let (sd_jwt, mdoc) = (id("dc+sd-jwt"), id("mso_mdoc"));
    let shown = wallet(&folder, &["--json", "show", &mdoc]).json();
    assert_eq!(member(&shown, "doctype"), DOCTYPE);
    let elements = shown.get("claims").and_then(|claims| claims.get(DOCTYPE)).unwrap();
    assert_eq!(member(elements, "birth_date"), "1964-08-12");
    let people = wallet(&folder, &["show", &mdoc]);
    assert!(
        people.out.contains("Familienname") && people.out.contains("mdoc from"),
        "{people:?}"
    );

    // The verifier's preference, and the citizen's: one format, never both.
    let selections = [
        (None, "sd_jwt"),
        (Some(format!("mdoc={mdoc}")), "mdoc"),
        (Some(format!("sd_jwt={sd_jwt}")), "sd_jwt"),
    ];
    for (select, answered) in &selections {
        let asked = Json::Object(Object::new().with("dcql", query()));
        let asked = university.manage("requests", Some(&asked));
        let mut args = vec!["present", "--yes", member(&asked, "request")];
        args.extend(select.iter().flat_map(|select| ["--select", select.as_str()]));
        let ran = wallet(&folder, &args);
        assert_eq!(ran.exit, 0, "{ran:?}");
        assert!(
            ran.out.contains("choice 1") && ran.out.contains("(the verifier will keep it)"),
            "{ran:?}"
        );
        let result = university.manage(&format!("requests/{}", member(&asked, "id")), None);
        let assessment = result.get("assessment").unwrap();
        assert_eq!(member(assessment, "verdict"), "accepted", "{result}");
        let presented = assessment.get("presentations").and_then(Json::as_object).unwrap();
        let queries: Vec<&str> = presented.iter().map(|(query, _)| query).collect();
        assert_eq!(queries, [*answered]);
    }

    // A page asks through the platform: values in, values out.
    let origin = "https://uni.example";
    let page = Object::new().with("origins", Json::Array(vec![Json::from(origin)]));
    let asked = Object::new().with("dcql", query()).with("dc_api", Json::Object(page));
    let asked = university.manage("requests", Some(&Json::Object(asked)));
    folder.write("page.json", asked.get("digital").unwrap().to_string());
    let select = format!("mdoc={mdoc}");
    let present = |origin: &str| {
        let args = [
            "--json",
            "present",
            "--yes",
            "page.json",
            "--origin",
            origin,
            "--select",
            &select,
        ];
        wallet(&folder, &args)
    };
    let elsewhere = present("https://evil.example").json();
    let code = elsewhere.get("error").and_then(|error| error.get("code"));
    assert_eq!(code, Some(&Json::from("presentation.foreign_origin")));
    let answer = present(origin).json();
    let response = answer.get("response").unwrap();
    assert_eq!(member(response, "protocol"), "openid4vp-v1-signed");
    assert!(
        response.get("data").and_then(|data| data.get("response")).is_some(),
        "{response}"
    );

    let history = wallet(&folder, &["history"]);
    for text in ["Familienname", "Geburtsdatum", "presentation.foreign_origin"] {
        assert!(history.out.contains(text), "{text}: {history:?}");
    }
    assert!(!history.out.contains("MUSTERMANN"), "{history:?}");
    let left = wallet(&folder, &["--json", "list"]).json();
    let left = left
        .as_array()
        .unwrap()
        .iter()
        .map(|held| held.get("copies_left").cloned().unwrap());
    assert_eq!(left.collect::<Vec<_>>(), [Json::from(3_u64), Json::from(3_u64)]);
}

#[test]
fn what_is_received_is_kept_when_nobody_reads_the_output() {
    let folder = Folder::new();
    let office = office_and_wallet(&folder);
    let offer = offer(&office);
    let mut child = folder
        .command(&[&WALLET[..], &["receive", "--yes", member(&offer, "offer")]].concat())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
    let held = wallet(&folder, &["--json", "list"]).json();
    assert_eq!(held.as_array().unwrap().len(), 2);
}

/// `mappe wallet receive … 2>&1 | head -1`: what was collected is kept, though nobody reads that it was.
#[test]
fn what_is_received_is_kept_when_nobody_reads_the_errors_either() {
    let folder = Folder::new();
    let office = office_and_wallet(&folder);
    let offer = offer(&office);
    let args = [&WALLET[..], &["receive", "--yes", member(&offer, "offer")]].concat();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = folder.command(&args);
    command.stdout(writer.try_clone().unwrap()).stderr(writer);
    assert_eq!(command.status().unwrap().code(), Some(0));
    let held = wallet(&folder, &["--json", "list"]).json();
    assert_eq!(held.as_array().unwrap().len(), 2, "{held}");
}
