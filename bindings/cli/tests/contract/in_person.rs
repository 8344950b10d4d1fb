//! Two programs meet: `mappe wallet offer-in-person` and `mappe reader`, over a socket that stands for Bluetooth.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Stdio};

use wallet_core::codec::{Budget, Json};
use wallet_core::credential::Unverified;
use wallet_core::credential::mdoc::{Blueprint, Mdoc, VerifyOptions};
use wallet_core::crypto::{Curve, SigningKey};
use wallet_core::keys::PublicKey;
use wallet_core::protocol::mdoc::{DeviceEngagement, RetrievalMethod, SessionData, SessionStatus};
use wallet_core::proximity::{self, Config, Context, Decision, Opening, Step};
use wallet_core::rulebook::Rulebook;
use wallet_core::store::{SqliteStore, Unlock};
use wallet_core::time::Validity;
use wallet_core::trust::authority::{CertificateAuthority, CertificateName, LeafProfile};
use wallet_core::trust::{Certificate, Environment, Role, TrustStore};
use wallet_core::wallet::{KeyStore as _, NewHolding, Wallet};
use wallet_server::{SystemRandom, now};

use crate::support::{Folder, Ran};

const MDL: &str = "org.iso.18013.5.1.mDL";
const NS: &str = "org.iso.18013.5.1";
const REQUEST: &str = r#"{"docType":"org.iso.18013.5.1.mDL",
    "nameSpaces":{"org.iso.18013.5.1":{"family_name":true,"age_over_18":false}}}"#;

/// A wallet with a licence in the folder `w`, a reader with key and certificates, and the anchors of both.
struct Scene {
    folder: Folder,
}

fn window() -> Validity {
    Validity::new(Some(now().plus(-86_400)), Some(now().plus(86_400 * 30)))
}

fn authority(name: &str) -> CertificateAuthority {
    let name = CertificateName::new(name).country("DE");
    let random = &mut SystemRandom::new();
    CertificateAuthority::generate_iaca(name, "https://a.example", Curve::P256, window(), random).unwrap()
}

fn pem(chain: &[Certificate]) -> String {
    chain.iter().map(Certificate::to_pem).collect()
}

impl Scene {
    fn new() -> Self {
        let folder = Folder::new();
        folder.write("pass", "correct horse");
        let scene = Self { folder };
        assert_eq!(scene.wallet(&["init"]).exit, 0);
        let iaca = authority("Test IACA");
        let key = SigningKey::generate(Curve::P256, &mut SystemRandom::new());
        let profile = LeafProfile::new(CertificateName::new("Zulassungsstelle").country("DE"));
        let (crl, public) = ("https://a.example/crl", PublicKey::from(&key));
        let signer = iaca.issue_document_signer(&profile, &public, crl, window(), &mut SystemRandom::new());
        scene.hold(&iaca, &key, &signer.unwrap());
        scene.folder.write("iaca.pem", iaca.to_pem());
        let readers = authority("Reader authority");
        scene.reader("reader", &readers);
        scene.folder.write("readers.pem", readers.to_pem());
        let place = ["trust", "add", "--dir", "w", "--role", "relying-parties", "readers.pem"];
        assert_eq!(scene.folder.run(&place).exit, 0);
        scene.folder.write("request.json", REQUEST);
        scene
    }

    /// Key and certificate of a reader.
    fn reader(&self, name: &str, authority: &CertificateAuthority) {
        let key = SigningKey::generate(Curve::P256, &mut SystemRandom::new());
        let profile = LeafProfile::new(CertificateName::new("Bürgeramt Teststadt").country("DE"));
        let (crl, public) = ("https://a.example/crl", PublicKey::from(&key));
        let leaf = authority.issue_reader(&profile, &public, crl, window(), &mut SystemRandom::new());
        let chain = authority.chain_of(&leaf.unwrap());
        self.folder.write(&format!("{name}.pem"), pem(&chain));
        self.folder.write(&format!("{name}.key"), key.to_pkcs8_pem().unwrap());
    }

    fn hold(&self, iaca: &CertificateAuthority, key: &SigningKey, signer: &Certificate) {
        let random = &mut SystemRandom::new();
        let store = SqliteStore::open(
            &self.folder.path("w/wallet.db"),
            &Unlock::passphrase("correct horse".to_owned()),
        );
        let mut wallet = Wallet::open(Box::new(store.unwrap())).unwrap();
        let mut trust = TrustStore::new(Environment::Test);
        trust.add_anchor(Role::Issuers, iaca.certificate().clone());
        let keys = wallet.software_keys().create(2, Curve::P256, now(), random).unwrap();
        let copies = keys.into_iter().map(|(handle, public)| {
            let blueprint = Blueprint::new(MDL)
                .element(NS, "family_name", "Mustermann")
                .element(NS, "portrait", vec![0xff, 0xd8, 0xff])
                .element(NS, "age_over_18", true)
                .validity(now().plus(-60), now().plus(-60), now().plus(86_400))
                .device_key(&public);
            let issued = blueprint.conceal(&mut SystemRandom::new()).unwrap();
            let issued = issued.sign(key, std::slice::from_ref(signer));
            let parsed = Unverified::<Mdoc>::parse(&issued, &mut Budget::default()).unwrap();
            let verified = parsed.verify(&trust, &VerifyOptions::at_rest(), now()).unwrap();
            (verified.into_any(), Some(handle))
        });
        let new = NewHolding::of_credential(copies.collect(), &Rulebook::bundled()).unwrap();
        wallet.add(new, now(), random).unwrap();
    }

    fn wallet(&self, args: &[&str]) -> Ran {
        self.folder
            .run(&[&["wallet", "--dir", "w", "--dev", "--passphrase-file", "pass"], args].concat())
    }

    /// The wallet's program, up to the engagement.
    fn offer(&self, args: &[&str]) -> Offering {
        let program = [
            "wallet",
            "--dir",
            "w",
            "--dev",
            "--passphrase-file",
            "pass",
            "offer-in-person",
        ];
        let mut command = self.folder.command(&[&program, args].concat());
        command.env("LC_ALL", "de_DE.UTF-8");
        #[expect(clippy::zombie_processes, reason = "`Offering::end` waits; a failed test ends all")]
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut before = String::new();
        loop {
            let start = before.len();
            assert_ne!(lines.read_line(&mut before).unwrap(), 0, "{before}");
            let line = before[start..].trim();
            let text = match line.starts_with('{') {
                true => crate::support::parse(line)
                    .get("engagement")
                    .and_then(Json::as_str)
                    .unwrap()
                    .to_owned(),
                false => line.to_owned(),
            };
            if text.starts_with("mdoc:") {
                return Offering {
                    child,
                    lines,
                    before,
                    text,
                };
            }
        }
    }

    fn ask(&self, engagement: &str, more: &[&str]) -> Ran {
        self.ask_as("reader", engagement, more)
    }

    fn ask_as(&self, name: &str, engagement: &str, more: &[&str]) -> Ran {
        let (key, cert) = (format!("{name}.key"), format!("{name}.pem"));
        let args = [
            "reader",
            "--dev",
            "--request",
            "request.json",
            "--engagement",
            engagement,
        ];
        let who = ["--key", &key, "--cert", &cert, "--trust", "iaca.pem"];
        self.folder.run(&[&args[..], &who, more].concat())
    }

    fn history(&self) -> String {
        self.wallet(&["history", "--json"]).out
    }
}

/// A wallet that waits for a reader.
struct Offering {
    child: Child,
    lines: BufReader<ChildStdout>,
    before: String,
    text: String,
}

impl Offering {
    fn end(mut self) -> Ran {
        let mut out = self.before;
        self.lines.read_to_string(&mut out).unwrap();
        let mut output = self.child.wait_with_output().unwrap();
        output.stdout = out.into_bytes();
        Ran::new(output)
    }

    /// The socket that stands in the engagement.
    fn connect(&self) -> TcpStream {
        let engagement = DeviceEngagement::from_qr_text(&self.text, &mut Budget::default()).unwrap();
        let [RetrievalMethod::Other { options, .. }] = engagement.retrieval_methods() else {
            panic!()
        };
        TcpStream::connect(options.as_str().unwrap()).unwrap()
    }
}

fn send(stream: &mut TcpStream, message: &[u8]) {
    stream
        .write_all(&u32::try_from(message.len()).unwrap().to_be_bytes())
        .unwrap();
    stream.write_all(message).unwrap();
}

fn receive(stream: &mut TcpStream) -> Vec<u8> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).unwrap();
    let mut message = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut message).unwrap();
    message
}

fn status(message: &[u8]) -> Option<SessionStatus> {
    SessionData::parse(message, &mut Budget::default()).unwrap().status()
}

/// Between the two: passes messages on, changed.
fn between(offering: &Offering, change: impl Fn(usize, Vec<u8>) -> Option<Vec<u8>> + Send + 'static) -> String {
    let engagement = DeviceEngagement::from_qr_text(&offering.text, &mut Budget::default()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut wallet = offering.connect();
    let [RetrievalMethod::Other { kind, version, .. }] = engagement.retrieval_methods() else {
        panic!()
    };
    // The engagement stays as it was signed over, but for the address: the reader sees another one.
    let address = listener.local_addr().unwrap().to_string();
    let method = RetrievalMethod::Other {
        kind: *kind,
        version: *version,
        options: wallet_core::codec::CborValue::text(address),
    };
    let text = DeviceEngagement::new(engagement.e_device_key_bytes().to_vec(), vec![method]).to_qr_text();
    std::thread::spawn(move || {
        let (mut reader, _) = listener.accept().unwrap();
        let mut count = 0;
        loop {
            for towards_wallet in [true, false] {
                let (from, to) = match towards_wallet {
                    true => (&mut reader, &mut wallet),
                    false => (&mut wallet, &mut reader),
                };
                let mut length = [0; 4];
                if from.read_exact(&mut length).is_err() {
                    return;
                }
                let mut message = vec![0; u32::from_be_bytes(length) as usize];
                from.read_exact(&mut message).unwrap();
                let Some(message) = change(count, message) else {
                    let _ = from.shutdown(Shutdown::Both);
                    let _ = to.shutdown(Shutdown::Both);
                    return;
                };
                count += 1;
                send(to, &message);
            }
        }
    });
    text
}

#[test]
fn a_wallet_shows_a_document_and_the_reader_accepts_it() {
    let scene = Scene::new();
    let offering = scene.offer(&["--yes"]);
    // The code stands above the text, with its quiet zone.
    let code: Vec<&str> = offering.before.lines().filter(|line| line.contains('█')).collect();
    assert!(code.len() > 20, "{}", offering.before);
    let read = scene.ask(&offering.text.clone(), &["--json"]);
    let wallet = offering.end();
    assert_eq!((read.exit, wallet.exit), (0, 0), "{read:?} {wallet:?}");
    let json = read.json();
    let text = |name: &str| json.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    assert_eq!(text("verdict"), "accepted", "{json}");
    assert!(
        json.to_string().contains("Mustermann") && json.to_string().contains(r#""doctype":"org.iso.18013.5.1.mDL""#)
    );
    assert!(!json.to_string().contains("portrait"));
    // Who asks and the values stand before the end, in German.
    for text in [
        "Bürgeramt Teststadt",
        "(TEST)",
        "Mobiler Führerschein",
        "Familienname",
        "Mustermann",
        "wird gespeichert",
        "fertig:",
    ] {
        assert!(wallet.out.contains(text), "{text}: {}", wallet.out);
    }
    let history = scene.history();
    assert!(
        history.contains("Bürgeramt Teststadt") && history.contains(r#""transactionResult":"Completed""#),
        "{history}"
    );
    assert!(
        history.contains("family_name") && !history.contains("Mustermann"),
        "{history}"
    );
    let listed = scene.wallet(&["list", "--json"]);
    assert!(listed.out.contains(r#""copies_left":1"#), "{listed:?}");
    assert!(scene.wallet(&["history"]).out.contains("was shown"));

    // For people, and as a DCQL query, whose engagement comes by standard input.
    scene.folder.write(
        "request.json",
        r#"{"credentials":[{"id":"licence","format":"mso_mdoc","meta":{"doctype_value":"org.iso.18013.5.1.mDL"},
            "claims":[{"path":["org.iso.18013.5.1","portrait"],"intent_to_retain":false}]}]}"#,
    );
    let offering = scene.offer(&["--yes", "--json"]);
    let args = [
        "reader",
        "--dev",
        "--request",
        "request.json",
        "--engagement",
        "-",
        "--key",
        "reader.key",
    ];
    let mut command = scene
        .folder
        .command(&[&args[..], &["--cert", "reader.pem", "--trust", "iaca.pem"]].concat());
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(format!("{}\n", offering.text).as_bytes())
        .unwrap();
    let read = Ran::new(child.wait_with_output().unwrap());
    assert_eq!(read.exit, 0, "{read:?}");
    assert!(
        read.out.contains("accepted") && read.err.contains("test anchors"),
        "{read:?}"
    );
    let wallet = offering.end();
    let lines = wallet.lines();
    assert_eq!(
        lines[1].get("outcome").and_then(Json::as_str),
        Some("shared"),
        "{wallet:?}"
    );
    assert_eq!(lines[1].get("end").and_then(Json::as_str), Some("ended"));
}

#[test]
fn nothing_is_shown_without_consent_or_to_a_stranger_and_the_reader_cannot_tell() {
    let scene = Scene::new();
    let stranger = authority("Anybody");
    scene.reader("stranger", &stranger);
    let mut told = Vec::new();
    for (who, args, code) in [
        ("stranger", &["--yes"][..], Some("trust.untrusted_path")),
        ("reader", &[], Some("consent.missing")),
        ("reader", &["--yes"], None),
    ] {
        let nothing = code.is_none();
        if nothing {
            let other = REQUEST
                .replace("family_name", "height")
                .replace("age_over_18", "weight");
            scene.folder.write("request.json", other);
        }
        let offering = scene.offer(args);
        let read = scene.ask_as(who, &offering.text.clone(), &["--json"]);
        let wallet = offering.end();
        assert_eq!(read.exit, 1, "{read:?}");
        told.push(read.out);
        match code {
            Some(code) => wallet.is_refused(if code == "consent.missing" { 64 } else { 1 }, code),
            None => assert!(
                wallet.exit == 1 && wallet.out.contains("nichts in dieser Brieftasche passt"),
                "{wallet:?}"
            ),
        }
    }
    // Apart from the request, which is its own, the reader sees the same.
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "{told:?}");
    assert!(told[0].contains("assessment.no_document"), "{told:?}");
    let history = scene.history();
    assert!(
        history.contains("unauthenticated") && history.contains("trust.untrusted_path"),
        "{history}"
    );
    assert!(history.contains("user.declined"), "{history}");
    assert!(scene.wallet(&["list", "--json"]).out.contains(r#""copies_left":2"#));
}

#[test]
fn what_is_tampered_with_replayed_or_cut_off_is_noticed_on_both_sides() {
    let scene = Scene::new();
    // An engagement that somebody changed on its way to the reader is another session.
    let offering = scene.offer(&["--yes"]);
    let text = between(&offering, |_, message| Some(message));
    let read = scene.ask(&text, &[]);
    read.is_refused(1, "reader.holder_fault");
    offering.end().is_refused(1, "proximity.decryption");

    // By hand: no CBOR, then what was recorded in another session, then nobody at all.
    let offering = scene.offer(&["--yes"]);
    let mut stream = offering.connect();
    send(&mut stream, b"hello");
    assert_eq!(status(&receive(&mut stream)), Some(SessionStatus::CborDecodingError));
    offering.end().is_refused(1, "cbor.end_of_input");

    let recorder = TcpListener::bind("127.0.0.1:0").unwrap();
    let offering = scene.offer(&["--yes"]);
    let engagement = DeviceEngagement::from_qr_text(&offering.text, &mut Budget::default()).unwrap();
    let [RetrievalMethod::Other { kind, version, .. }] = engagement.retrieval_methods() else {
        panic!()
    };
    let method = RetrievalMethod::Other {
        kind: *kind,
        version: *version,
        options: wallet_core::codec::CborValue::text(recorder.local_addr().unwrap().to_string()),
    };
    let copy = DeviceEngagement::new(engagement.e_device_key_bytes().to_vec(), vec![method]).to_qr_text();
    let recorded = std::thread::spawn(move || receive(&mut recorder.accept().unwrap().0));
    scene.ask(&copy, &[]).is_refused(1, "reader.cut");
    let recorded = recorded.join().unwrap();
    let mut stream = offering.connect();
    send(&mut stream, &recorded);
    assert_eq!(status(&receive(&mut stream)), Some(SessionStatus::EncryptionError));
    offering.end().is_refused(1, "proximity.decryption");

    let offering = scene.offer(&["--yes"]);
    drop(offering.connect());
    let cut = offering.end();
    cut.is_refused(1, "proximity.cut");

    // A message longer than any is not waited for.
    let offering = scene.offer(&["--yes"]);
    let mut stream = offering.connect();
    stream.write_all(&u32::MAX.to_be_bytes()).unwrap();
    offering.end().is_refused(1, "proximity.cut");
    assert!(scene.history().contains("proximity.cut"));

    // The wallet is gone.
    let gone = cut.out.lines().find(|line| line.starts_with("mdoc:")).unwrap();
    let read = scene.ask(gone, &[]);
    read.is_refused(1, "reader.cut");
    assert!(scene.wallet(&["list", "--json"]).out.contains(r#""copies_left":2"#));
}

/// The wallet's side by hand, for the reader's program to talk to.
#[test]
fn an_answer_that_is_altered_replayed_or_cut_off_is_not_accepted() {
    let scene = Scene::new();
    let mut readers = TrustStore::new(Environment::Test);
    let anchor = Certificate::parse_pem_chain(&crate::support::text(&scene.folder.path("readers.pem"))).unwrap();
    readers.add_anchor(Role::RelyingParties, anchor[0].clone());
    let mut recorded: Option<Vec<u8>> = None;
    for (case, code) in [
        ("altered", "reader.decryption"),
        ("replayed", "reader.decryption"),
        ("cut", "reader.cut"),
        ("half a message", "reader.cut"),
        ("no message", "cbor.end_of_input"),
        ("terminated", "reader.ended"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let method = RetrievalMethod::Other {
            kind: 0x006d_6170_7065,
            version: 1,
            options: wallet_core::codec::CborValue::text(listener.local_addr().unwrap().to_string()),
        };
        let context = Context::new(&readers, &[]);
        let step = proximity::offer(&Config::new(vec![method]), now(), &mut SystemRandom::new());
        let Step::Engage(engagement) = step.unwrap() else {
            panic!()
        };
        let text = engagement.qr_text();
        let sent = std::thread::scope(|scope| {
            let reader = scope.spawn(|| scene.ask(&text, &[]));
            let mut stream = listener.accept().unwrap().0;
            let first = receive(&mut stream);
            let step = engagement.answer(Opening::Qr, &first, &context, now()).unwrap();
            let Step::Ask(consent) = step else { panic!("{step:?}") };
            assert_eq!(consent.party().name, "Bürgeramt Teststadt");
            let Step::Send(sending) = consent.answer(Decision::Decline, now()).unwrap() else {
                panic!()
            };
            let message = sending.message().to_vec();
            match case {
                "altered" => {
                    let mut altered = message.clone();
                    altered[20] ^= 1;
                    send(&mut stream, &altered);
                    assert_eq!(status(&receive(&mut stream)), Some(SessionStatus::EncryptionError));
                }
                "replayed" => {
                    send(&mut stream, recorded.as_ref().unwrap());
                    assert_eq!(status(&receive(&mut stream)), Some(SessionStatus::EncryptionError));
                }
                "half a message" => stream.write_all(&[0, 0, 1, 0, 7]).unwrap(),
                "no message" => send(&mut stream, b""),
                "terminated" => send(
                    &mut stream,
                    &SessionData::of_status(SessionStatus::Termination).encode(),
                ),
                _ => {}
            }
            drop(stream);
            reader.join().unwrap().is_refused(1, code);
            message
        });
        recorded = Some(sent);
    }
}

#[test]
fn mistakes_of_usage_are_told() {
    let scene = Scene::new();
    scene
        .wallet(&["offer-in-person", "--listen", "0.0.0.0:0"])
        .is_refused(64, "usage.listen");
    scene
        .ask("https://example.com", &[])
        .is_refused(64, "mdoc.message.scheme");
    scene.ask("mdoc:AAAA", &[]).is_refused(64, "cbor.trailing_bytes");
    let key = wallet_core::crypto::AgreementKey::generate(&mut SystemRandom::new());
    let key = PublicKey::new(key.public_key()).to_cose_key().encode();
    let key = wallet_core::codec::CborValue::embedded(key).encode();
    let text = DeviceEngagement::new(key, Vec::new()).to_qr_text();
    scene.ask(&text, &[]).is_refused(64, "reader.no_way");
    scene.folder.write("request.json", "{}");
    assert_eq!(scene.ask(&text, &[]).exit, 64);
    scene.folder.write("request.json", "[]");
    scene.ask(&text, &[]).is_refused(64, "reader.no_question");
    scene.folder.write("request.json", REQUEST);
    scene.reader("other", &authority("Other"));
    std::fs::copy(scene.folder.path("other.key"), scene.folder.path("reader.key")).unwrap();
    scene.ask(&text, &[]).is_refused(64, "reader.certificate_key");
    let ran = scene.ask(&text, &["--json"]);
    let code = ran.json().get("error").and_then(|error| error.get("code")).cloned();
    assert_eq!((ran.exit, code), (64, Some(Json::from("reader.certificate_key"))));
}
