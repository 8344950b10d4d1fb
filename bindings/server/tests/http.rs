//! The two servers over real sockets on this machine: what is open, what needs the token, what is refused.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::thread::JoinHandle;

use tokio::sync::oneshot;
use wallet_core::codec::{Budget, Json};
use wallet_core::http::{HttpRequest, HttpResponse, HttpsUrl, LinkPolicy};
use wallet_core::trust::{Environment, TrustStore};
use wallet_server::{AuthorityService, Client, Host, HostConfig, HostError, IdentityKind, Service, UniversityService};

struct Running {
    base: HttpsUrl,
    token: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    fn start<S: Service>(
        data: &std::path::Path,
        kind: IdentityKind,
        open: impl FnOnce(&mut Host) -> Result<S, HostError>,
    ) -> Self {
        let mut host = Host::prepare(&HostConfig::development(data, "Test office"), kind).unwrap();
        let service = open(&mut host).unwrap();
        let (base, token) = (host.base().clone(), host.token().secret().to_owned());
        let (stop, stopped) = oneshot::channel::<()>();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let thread = std::thread::spawn(move || {
            let stopped = async {
                let _ = stopped.await;
            };
            runtime.block_on(host.run(service, stopped)).unwrap();
        });
        Self {
            base,
            token,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    fn authority(data: &std::path::Path) -> Self {
        Self::start(data, IdentityKind::Issuer, |host| {
            AuthorityService::open(host, "Test office")
        })
    }

    fn send(&self, request: &HttpRequest) -> HttpResponse {
        Client::new(LinkPolicy::LoopbackHttp).execute(request).unwrap()
    }

    fn get(&self, path: &str) -> HttpResponse {
        self.send(&HttpRequest::get(self.base.join(path), "*/*"))
    }

    fn manage(&self, path: &str, body: &str, token: &str) -> HttpResponse {
        let request = HttpRequest::post(self.base.join(&format!("manage/{path}")), "application/json", body);
        self.send(&request.with_header("Authorization", format!("Bearer {token}")))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.stop.take().unwrap().send(());
        self.thread.take().unwrap().join().unwrap();
    }
}

fn code(response: &HttpResponse) -> String {
    let json = Json::parse(response.body(), &mut Budget::default()).unwrap();
    json.get("error").and_then(Json::as_str).unwrap().to_owned()
}

#[test]
fn health_and_metadata_are_open_and_management_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::authority(folder.path());
    let health = server.get("healthz");
    assert_eq!(health.body(), br#"{"status":"ok","mode":"development"}"#);
    let metadata = server.get(".well-known/openid-credential-issuer");
    assert_eq!(
        (metadata.status(), metadata.media_type().as_deref()),
        (200, Some("application/json"))
    );
    assert_eq!(metadata.headers().get("x-content-type-options"), Some("nosniff"));
    assert_eq!(server.get("manage/records").status(), 401);
    assert_eq!(server.manage("offers", "{}", "guessed").status(), 401);
    let refused = server.manage("offers", "{}", &server.token);
    assert_eq!((refused.status(), code(&refused).as_str()), (400, "offer.record"));
    assert_eq!(server.manage("nothing", "{}", &server.token).status(), 404);
}

#[test]
fn a_management_call_that_is_malformed_says_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::authority(folder.path());
    let refused = |body: &str| code(&server.manage("offers", body, &server.token));
    assert_eq!(refused("[]"), "management.body");
    assert_eq!(refused(r#"{"record":"","record":""}"#), "json.duplicate_member");
    assert_eq!(
        refused(r#"{"configuration":"diploma","record":""}"#),
        "offer.configuration"
    );
    assert_eq!(refused(r#"{"record":"<!DOCTYPE x><x/>"}"#), "xschule.doctype");
}

#[test]
fn a_body_that_is_too_large_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::authority(folder.path());
    let body = "x".repeat(5 << 20);
    let sent = Client::new(LinkPolicy::LoopbackHttp).execute(&HttpRequest::post(
        server.base.join("token"),
        "application/x-www-form-urlencoded",
        body,
    ));
    // The server may answer, or close the connection on the rest of the body.
    assert!(sent.map_or(true, |response| response.status() == 413));
    assert_eq!(server.get("healthz").status(), 200);
}

/// A PID in both formats from a test card: two configurations in one offer, and what has no place is told.
#[test]
fn a_development_server_offers_a_pid_from_a_card() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::authority(folder.path());
    let card = Json::parse(
        include_str!("../../../examples/data/identity-card.json"),
        &mut Budget::default(),
    );
    let body = |card: Json| {
        let body = wallet_core::codec::Object::new().with("configuration", Json::from("pid"));
        body.with("record", card).with("by_value", Json::Bool(true)).to_string()
    };
    let made = server.manage("offers", &body(card.clone().unwrap()), &server.token);
    assert_eq!(made.status(), 200, "{}", String::from_utf8_lossy(made.body()));
    let made = Json::parse(made.body(), &mut Budget::default()).unwrap();
    let offer = made.get("offer").and_then(Json::as_str).unwrap();
    assert!(
        offer.contains("urn%3Aeudi%3Apid%3Ade%3A1") && offer.contains("eu.europa.ec.eudi.pid.1"),
        "{offer}"
    );
    assert_eq!(made.get("left_out").unwrap().to_string(), r#"["AcademicTitle"]"#);
    let metadata = server.get(".well-known/openid-credential-issuer");
    let metadata = Json::parse(metadata.body(), &mut Budget::default()).unwrap();
    let supported = metadata.get("credential_configurations_supported").unwrap();
    let mdoc = supported.get("eu.europa.ec.eudi.pid.1").unwrap();
    assert_eq!(mdoc.get("format"), Some(&Json::from("mso_mdoc")));
    for file in ["iaca.pem", "iaca.key", "document-signer.pem", "document-signer.key"] {
        assert!(folder.path().join(file).exists(), "{file}");
    }
    let refused = |card: Json| code(&server.manage("offers", &body(card), &server.token));
    assert_eq!(refused(Json::from("x")), "offer.record");
    let mut expired = card.clone().unwrap();
    expired.as_object_mut().unwrap().insert("DateOfExpiry", "2020-01-01");
    assert_eq!(refused(expired), "eid.expired");
    let mut foreign = card.unwrap();
    foreign.as_object_mut().unwrap().insert("IssuingState", "FRA");
    assert_eq!(refused(foreign), "issuer.country");
}

/// The document signer of a data folder stays: what it signed is to be verified after a restart.
#[test]
fn the_document_signer_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    drop(Running::authority(folder.path()));
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    let before = (read("iaca.pem"), read("document-signer.pem"));
    drop(Running::authority(folder.path()));
    assert_eq!((read("iaca.pem"), read("document-signer.pem")), before);
    assert_ne!(read("document-signer.key"), read("issuer.key"));
}

#[test]
fn an_offer_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let record = include_str!("../../../examples/data/schulbescheinigung.xml");
    let body = Json::from(wallet_core::codec::Object::new().with("record", Json::from(record)));
    let id = {
        let server = Running::authority(folder.path());
        let made = server.manage("offers", &body.to_string(), &server.token);
        assert_eq!(made.status(), 200);
        let made = Json::parse(made.body(), &mut Budget::default()).unwrap();
        assert!(made.get("qr").and_then(Json::as_str).unwrap().starts_with("<svg"));
        made.get("id").and_then(Json::as_str).unwrap().to_owned()
    };
    let server = Running::authority(folder.path());
    let request = HttpRequest::get(server.base.join(&format!("manage/records/{id}")), "application/json");
    let found = server.send(&request.with_header("Authorization", format!("Bearer {}", server.token)));
    let found = Json::parse(found.body(), &mut Budget::default()).unwrap();
    assert_eq!(found.get("state").and_then(Json::as_str), Some("open"));
}

#[test]
fn a_university_makes_requests_for_its_office_alone() {
    let folder = tempfile::tempdir().unwrap();
    let trust = TrustStore::new(Environment::Test);
    let server = Running::start(folder.path(), IdentityKind::Access, |host| {
        UniversityService::open(host, trust)
    });
    let query = r#"{"dcql":{"credentials":[{"id":"a","format":"dc+sd-jwt","meta":{"vct_values":["urn:x"]}}]}}"#;
    assert_eq!(server.manage("requests", query, "guessed").status(), 401);
    let made = server.manage("requests", query, &server.token);
    let made = Json::parse(made.body(), &mut Budget::default()).unwrap();
    assert!(
        made.get("request")
            .and_then(Json::as_str)
            .unwrap()
            .starts_with("openid4vp://?")
    );
    let refused = server.manage("requests", r#"{"dcql":{"credentials":[]}}"#, &server.token);
    assert_eq!(refused.status(), 400);
    assert!(code(&refused).starts_with("dcql.query."), "{}", code(&refused));
}

#[test]
fn a_page_asks_through_the_browser_and_hands_in_its_answer() {
    let folder = tempfile::tempdir().unwrap();
    let trust = TrustStore::new(Environment::Test);
    let server = Running::start(folder.path(), IdentityKind::Access, |host| {
        UniversityService::open(host, trust)
    });
    let query = r#""dcql":{"credentials":[{"id":"pid","format":"mso_mdoc","meta":{"doctype_value":"eu.europa.ec.eudi.pid.1"}}]}"#;
    let ask = |more: &str| server.manage("requests", &format!("{{{query},{more}}}"), &server.token);
    let made = ask(r#""dc_api":{"origins":["https://uni.example"]},"response_mode":"dc_api""#);
    let made = Json::parse(made.body(), &mut Budget::default()).unwrap();
    let text = |name: &str| made.get(name).and_then(Json::as_str).unwrap().to_owned();
    let request = &made
        .get("digital")
        .unwrap()
        .get("requests")
        .and_then(Json::as_array)
        .unwrap()[0];
    assert_eq!(request.get("protocol"), Some(&Json::from("openid4vp-v1-signed")));
    let answer = |origin: &str, response: &str| {
        let body = format!(r#"{{"origin":"{origin}","response":{response}}}"#);
        server.manage(&format!("requests/{}/dc-api", text("id")), &body, &server.token)
    };
    let declined = r#"{"error":"access_denied"}"#;
    assert_eq!(
        code(&answer("https://other.example", declined)),
        "university.answer.origin"
    );
    let taken = answer("https://uni.example", declined);
    let taken = Json::parse(taken.body(), &mut Budget::default()).unwrap();
    assert_eq!(taken.get("state"), Some(&Json::from("failed")), "{taken}");
    assert_eq!(taken.get("code"), Some(&Json::from("access_denied")));
    let again = answer("https://uni.example", declined);
    assert_eq!(code(&again), "university.answer.already_answered");
    for (more, expected) in [
        (r#""dc_api":{}"#, "request.origins"),
        (r#""dc_api":{"origins":["https://uni.example/"]}"#, "university.origin"),
        (
            r#""dc_api":{"origins":["https://uni.example"],"protocol":"org-iso-mdoc"}"#,
            "request.protocol",
        ),
        (
            r#""dc_api":{"origins":["https://uni.example"]},"response_mode":"direct_post""#,
            "request.response_mode",
        ),
    ] {
        assert_eq!(code(&ask(more)), expected);
    }
}

#[test]
fn development_mode_stays_on_this_machine_and_production_needs_an_address() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = HostConfig::development(folder.path(), "Test office");
    config.listen = "0.0.0.0".parse().unwrap();
    assert_eq!(
        Host::prepare(&config, IdentityKind::Issuer).err(),
        Some(HostError::DevelopmentOffLoopback)
    );
    config.listen = "127.0.0.1".parse().unwrap();
    config.dev = false;
    assert_eq!(
        Host::prepare(&config, IdentityKind::Issuer).err(),
        Some(HostError::UrlMissing)
    );
    config.url = Some("http://office.example".to_owned());
    let refused = Host::prepare(&config, IdentityKind::Issuer).err().unwrap();
    assert_eq!(refused.code(), "url.not_https");
    config.url = Some("https://office.example".to_owned());
    let refused = Host::prepare(&config, IdentityKind::Issuer).err().unwrap();
    assert_eq!(refused.code(), "serve.identity");
}

#[cfg(unix)]
#[test]
fn secrets_are_for_their_owner_alone_and_a_shared_token_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    drop(Running::authority(folder.path()));
    for name in ["management.token", "issuer.key", "issuer-ca.key", "authority.key"] {
        let mode = std::fs::metadata(folder.path().join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let token = folder.path().join("management.token");
    std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o644)).unwrap();
    let refused = Host::prepare(
        &HostConfig::development(folder.path(), "Test office"),
        IdentityKind::Issuer,
    );
    assert_eq!(refused.err().unwrap().code(), "serve.file");
}

/// Lessons S36. The production key, above all, is not replaced by one for tests.
#[test]
fn a_folder_is_one_of_development_or_of_production() {
    let folder = tempfile::tempdir().unwrap();
    let kind = IdentityKind::Issuer;
    let development = HostConfig::development(folder.path(), "Test office");
    let mut production = development.clone();
    production.dev = false;
    production.url = Some("https://school.example".to_owned());
    drop(Host::prepare(&development, kind).unwrap());
    assert_eq!(Host::prepare(&production, kind).unwrap_err().code(), "serve.identity");
    drop(Host::prepare(&development, kind).unwrap());
    // Without its authority the same key is what an operator put there.
    for file in ["issuer-ca.key", "issuer-ca.pem"] {
        std::fs::remove_file(folder.path().join(file)).unwrap();
    }
    let key = std::fs::read(folder.path().join("issuer.key")).unwrap();
    assert_eq!(Host::prepare(&development, kind).unwrap_err().code(), "serve.identity");
    assert_eq!(std::fs::read(folder.path().join("issuer.key")).unwrap(), key);
    assert!(Host::prepare(&production, kind).is_ok());
}
