//! The stage of the demonstration: school, registry office and university on free ports, a stranger, an office with a
//! reader, and a wallet, in one folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use tokio::sync::oneshot;
use wallet_core::codec::{Budget, Json, Object};
use wallet_core::crypto::random_token;
use wallet_core::http::{HttpRequest, HttpsUrl, LinkPolicy};
use wallet_core::trust::pack::read_anchor_file;
use wallet_core::trust::{Environment, Role, TrustStore};
use wallet_server::{
    AuthorityService, Client, Host, HostConfig, HostError, IdentityKind, Service, SystemRandom, UniversityService,
    write_private,
};

use super::counter::Office;
use crate::args::{WalletArgs, WalletCommand};
use crate::commands::serve;
use crate::commands::trust::Anchors;
use crate::commands::wallet::OpenWallet;
use crate::report::Failure;

/// Everything that takes part.
pub(super) struct Stage {
    folder: PathBuf,
    keep: bool,
    school: Running,
    registry: Running,
    university: Running,
    stranger: Running,
    stranger_transaction: String,
    pub(super) office: Office,
    pub(super) wallet: OpenWallet,
    client: Client,
}

/// A server in a thread of its own.
struct Running {
    base: HttpsUrl,
    token: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Stage {
    /// Sets everything up in `keep`, or in a folder that goes away again.
    pub(super) fn set_up(keep: Option<&Path>) -> Result<Self, Failure> {
        let folder = match keep {
            Some(folder) => folder.to_owned(),
            None => std::env::temp_dir().join(format!("mappe-demo-{}", random_token(&mut SystemRandom::new()))),
        };
        if folder.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(Failure::usage(
                "demo.folder",
                "the demonstration does not start",
                format!("{} is not empty", folder.display()),
                "name a new folder with --keep",
            ));
        }
        let school = start(
            &folder.join("school"),
            "School office of Musterhausen",
            IdentityKind::Issuer,
            |host| AuthorityService::open(host, "School office of Musterhausen"),
        )?;
        let registry = start(
            &folder.join("registry"),
            "Registry office of Musterhausen",
            IdentityKind::Issuer,
            |host| AuthorityService::open(host, "Registry office of Musterhausen"),
        )?;
        let mut issuers = TrustStore::new(Environment::Test);
        for anchor in anchors(&folder, &ISSUERS)? {
            issuers.add(Role::Issuers, anchor).map_err(|error| {
                Failure::new(error.code(), "the demonstration does not start", &error, "report this")
            })?;
        }
        let trusted = issuers.clone();
        let (office, readers) = Office::open("Enrolment office of the University of Musterhausen", issuers.clone())?;
        let reader_root = folder.join(READER_ROOT);
        write_private(&reader_root, readers.to_pem().as_bytes())
            .map_err(|error| Failure::file(&reader_root, &error))?;
        let university = start(
            &folder.join("university"),
            "University of Musterhausen",
            IdentityKind::Access,
            |host| UniversityService::open(host, trusted),
        )?;
        let stranger = start(
            &folder.join("stranger"),
            "University of Musterhausen",
            IdentityKind::Access,
            |host| UniversityService::open(host, issuers),
        )?;
        let wallet = make_wallet(&folder)?;
        let client = Client::new(LinkPolicy::LoopbackHttp);
        Ok(Self {
            folder,
            keep: keep.is_some(),
            school,
            registry,
            university,
            stranger,
            stranger_transaction: String::new(),
            office,
            wallet,
            client,
        })
    }

    pub(super) fn school_base(&self) -> &str {
        self.school.base.as_str()
    }

    pub(super) fn registry_base(&self) -> &str {
        self.registry.base.as_str()
    }

    /// Keeps an artefact, if artefacts are kept.
    pub(super) fn keep(&self, name: &str, content: &str) -> Result<(), Failure> {
        self.keep_bytes(name, format!("{content}\n").as_bytes())
    }

    /// Keeps an artefact that is no text.
    pub(super) fn keep_bytes(&self, name: &str, content: &[u8]) -> Result<(), Failure> {
        if !self.keep {
            return Ok(());
        }
        let folder = self.folder.join("artefacts");
        let path = folder.join(name);
        fs::create_dir_all(&folder)
            .and_then(|()| fs::write(&path, content))
            .map_err(|error| Failure::file(&path, &error))
    }

    /// A call of the school office's software.
    pub(super) fn school_call(&self, path: &str, body: &Object) -> Result<Json, Failure> {
        self.call(&self.school, path, body)
    }

    /// A call of the registry office's software.
    pub(super) fn registry_call(&self, path: &str, body: &Object) -> Result<Json, Failure> {
        self.call(&self.registry, path, body)
    }

    /// The university asks: gives the transaction and the link for the wallet. The signed request is kept as `name`.
    pub(super) fn ask(&self, query: &str, purpose: &str, name: &str) -> Result<(String, String), Failure> {
        self.ask_from(&self.university, query, purpose, name)
    }

    /// A stranger with the university's name, but with a certificate that nobody vouches for, asks the same.
    pub(super) fn ask_as_stranger(&mut self, query: &str) -> Result<String, Failure> {
        let (transaction, request) = self.ask_from(&self.stranger, query, "Admission", "request-of-stranger.jwt")?;
        self.stranger_transaction = transaction;
        Ok(request)
    }

    fn ask_from(&self, asker: &Running, query: &str, purpose: &str, name: &str) -> Result<(String, String), Failure> {
        let query = Json::parse(query, &mut Budget::default())
            .map_err(|error| Failure::new(error.code(), "nothing was asked", error, "report this"))?;
        let body = Object::new().with("dcql", query).with("purpose", Json::from(purpose));
        let made = self.call(asker, "requests", &body)?;
        let text = |name: &str| made.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        self.keep_request(&text("request"), name)?;
        Ok((text("id"), text("request")))
    }

    /// Keeps the signed request as any wallet gets it.
    fn keep_request(&self, link: &str, name: &str) -> Result<(), Failure> {
        let fields = link
            .split_once('?')
            .and_then(|(_, query)| wallet_core::http::decode_form(query).ok())
            .unwrap_or_default();
        let Some((_, uri)) = fields.into_iter().find(|(name, _)| name == "request_uri") else {
            return Ok(());
        };
        let jwt = self.fetch(&uri, "application/oauth-authz-req+jwt")?;
        self.keep(name, &jwt)
    }

    /// Whether the stranger's server got an answer.
    pub(super) fn stranger_was_answered(&self) -> Result<bool, Failure> {
        let path = format!("requests/{}/result", self.stranger_transaction);
        let result = self.call(&self.stranger, &path, &Object::new())?;
        Ok(result.get("state").and_then(Json::as_str) != Some("pending"))
    }

    /// What the university found; `recheck` fetches the status anew.
    pub(super) fn result(&self, transaction: &str, verb: &str) -> Result<Json, Failure> {
        self.call(
            &self.university,
            &format!("requests/{transaction}/{verb}"),
            &Object::new(),
        )
    }

    /// Keeps the signed evidence, and the presentations inside it: each with its number where there are several.
    pub(super) fn keep_evidence(&self, name: &str, presentation: &str, transaction: &str) -> Result<(), Failure> {
        let found = self.call(
            &self.university,
            &format!("requests/{transaction}/evidence"),
            &Object::new(),
        )?;
        let all = found.get("evidence").and_then(Json::as_array).unwrap_or_default();
        for (place, signed) in all.iter().enumerate() {
            let payload = signed
                .as_str()
                .and_then(|jwt| jwt.split('.').nth(1))
                .unwrap_or_default();
            let payload = wallet_core::codec::base64url::decode(payload).unwrap_or_default();
            let payload = Json::parse(payload, &mut Budget::default()).unwrap_or(Json::Null);
            let number = if all.len() > 1 {
                format!("-{}", place + 1)
            } else {
                String::new()
            };
            self.keep(
                &format!("{presentation}{number}.txt"),
                payload.get("text").and_then(Json::as_str).unwrap_or_default(),
            )?;
        }
        self.keep(name, &found.to_string())
    }

    /// Keeps the school's status list as it is served now.
    pub(super) fn keep_status(&self, name: &str) -> Result<(), Failure> {
        let token = self.fetch(&format!("{}/status/0", self.school.base), "application/statuslist+jwt")?;
        self.keep(name, &token)
    }

    fn fetch(&self, url: &str, accept: &str) -> Result<String, Failure> {
        let failed = |why: String| Failure::new("demo", "the demonstration stops", why, "report this");
        let url = HttpsUrl::parse(url, LinkPolicy::LoopbackHttp).map_err(|error| failed(error.to_string()))?;
        let response = self
            .client
            .execute(&HttpRequest::get(url, accept))
            .map_err(|error| failed(error.to_string()))?;
        Ok(String::from_utf8_lossy(response.body()).into_owned())
    }

    fn call(&self, server: &Running, path: &str, body: &Object) -> Result<Json, Failure> {
        let failed = |why: String| Failure::new("demo", "the demonstration stops", why, "report this");
        let url = server.base.join(&format!("manage/{path}"));
        let request = HttpRequest::post(url, "application/json", body.to_string())
            .with_header("Authorization", format!("Bearer {}", server.token));
        let response = self
            .client
            .execute(&request)
            .map_err(|error| failed(error.to_string()))?;
        let answer = Json::parse(response.body(), &mut Budget::default()).map_err(|error| failed(error.to_string()))?;
        if response.is_success() {
            Ok(answer)
        } else {
            Err(failed(answer.to_string()))
        }
    }

    /// Stops the servers and, unless artefacts are kept, removes the folder.
    pub(super) fn tear_down(mut self) {
        for server in [
            &mut self.school,
            &mut self.registry,
            &mut self.university,
            &mut self.stranger,
        ] {
            if let Some(stop) = server.stop.take() {
                let _ = stop.send(());
            }
            if let Some(thread) = server.thread.take() {
                let _ = thread.join();
            }
        }
        let (folder, keep) = (self.folder.clone(), self.keep);
        drop(self);
        if !keep {
            let _ = fs::remove_dir_all(folder);
        }
    }
}

fn start<S: Service>(
    data: &Path,
    name: &str,
    kind: IdentityKind,
    open: impl FnOnce(&mut Host) -> Result<S, HostError>,
) -> Result<Running, Failure> {
    let mut host = Host::prepare(&HostConfig::development(data, name), kind).map_err(|error| serve::failed(&error))?;
    let service = open(&mut host).map_err(|error| serve::failed(&error))?;
    let (base, token) = (host.base().clone(), host.token().secret().to_owned());
    let (stop, stopped) = oneshot::channel::<()>();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| Failure::file("the runtime".as_ref(), &error))?;
    let thread = std::thread::spawn(move || {
        let _ = runtime.block_on(host.run(service, async {
            let _ = stopped.await;
        }));
    });
    Ok(Running {
        base,
        token,
        stop: Some(stop),
        thread: Some(thread),
    })
}

/// The roots of those who issue here, one for each format.
const ISSUERS: [&str; 3] = ["school/issuer-ca.pem", "registry/issuer-ca.pem", "registry/iaca.pem"];
/// The root of the readers.
const READER_ROOT: &str = "reader-ca.pem";

fn anchors(folder: &Path, files: &[&str]) -> Result<Vec<wallet_core::trust::Anchor>, Failure> {
    let mut all = Vec::new();
    for file in files {
        let path = folder.join(file);
        let bytes = fs::read(&path).map_err(|error| Failure::file(&path, &error))?;
        let read = read_anchor_file(&bytes)
            .map_err(|error| Failure::new(error.code(), "the demonstration does not start", &error, "report this"));
        all.extend(read?);
    }
    Ok(all)
}

/// A wallet that trusts those who issue and those who ask here, as an app for this country would from the start.
fn make_wallet(folder: &Path) -> Result<OpenWallet, Failure> {
    let dir = folder.join("wallet");
    fs::create_dir_all(&dir).map_err(|error| Failure::file(&dir, &error))?;
    let mut trusted = Anchors::open_or_new(&dir, Environment::Test)?;
    let askers = ["university/access-ca.pem", READER_ROOT];
    for (role, files) in [(Role::Issuers, &ISSUERS[..]), (Role::RelyingParties, &askers)] {
        let found = anchors(folder, files)?.into_iter();
        trusted.pack.anchors.extend(found.map(|anchor| (role, anchor)));
    }
    trusted.save()?;
    let passphrase = folder.join("wallet-passphrase");
    write_private(&passphrase, random_token(&mut SystemRandom::new()).as_bytes())
        .map_err(|error| Failure::file(&passphrase, &error))?;
    OpenWallet::create(&WalletArgs {
        dir: Some(dir),
        passphrase_file: Some(passphrase),
        dev: true,
        json: true,
        command: WalletCommand::Init,
    })
}
