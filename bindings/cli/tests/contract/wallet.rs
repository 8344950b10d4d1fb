//! `mappe wallet`: opening, refusing to open, and what an empty wallet answers.

use std::process::Stdio;
use std::time::{Duration, Instant};

use wallet_core::codec::Json;

use crate::support::{Folder, Ran};

const PASSPHRASE: &str = "correct horse battery staple";

fn made() -> Folder {
    let folder = Folder::new();
    folder.write("pass", format!("{PASSPHRASE}\n"));
    folder.write("wrong", "wrong horse battery staple\n");
    let ran = wallet(&folder, &["init"]);
    assert_eq!(ran.exit, 0, "{ran:?}");
    folder
}

fn wallet(folder: &Folder, args: &[&str]) -> Ran {
    let ran = folder.run(&[&["wallet", "--dir", "w", "--passphrase-file", "pass"], args].concat());
    assert!(!ran.out.contains(PASSPHRASE) && !ran.err.contains(PASSPHRASE));
    ran
}

#[test]
fn an_empty_wallet_says_so() {
    let folder = made();
    let ran = wallet(&folder, &["list"]);
    assert!(ran.exit == 0 && ran.out.contains("empty"), "{ran:?}");
    assert_eq!(wallet(&folder, &["list", "--json"]).json(), Json::Array(Vec::new()));
    assert!(matches!(wallet(&folder, &["history", "--json"]).json(), Json::Array(_)));
    // What was refused is noted, without a name that nobody vouched for.
    let ran = wallet(
        &folder,
        &[
            "present",
            "openid4vp://?client_id=redirect_uri%3Ahttps%3A%2F%2Fx.example&request_uri=https%3A%2F%2Fx.example",
            "--yes",
            "--json",
        ],
    );
    assert_eq!(ran.exit, 1, "{ran:?}");
    let noted = wallet(&folder, &["history", "--json"]).out;
    assert!(
        noted.contains("unauthenticated") && !noted.contains("x.example"),
        "{noted}"
    );
    assert_eq!(wallet(&folder, &["history"]).exit, 0);
    for args in [["show", "abc"], ["show", "../../etc/passwd"], ["delete", "abc"]] {
        wallet(&folder, &args).is_refused(1, "wallet.no_such_holding");
    }
    wallet(&folder, &["init"]).is_refused(1, "wallet.exists");
    for args in [&["show"] as &[&str], &["delete"], &["receive"], &["present"], &[]] {
        assert_eq!(wallet(&folder, args).exit, 64, "{args:?}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(folder.path("w/wallet.db"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0, "{mode:o}");
    }
}

#[test]
fn a_wallet_stays_closed_without_the_right_passphrase() {
    let folder = made();
    let with = |more: &[&str]| folder.run(&[&["wallet", "--dir", "w"], more, &["list"]].concat());
    with(&["--passphrase-file", "wrong"]).is_refused(1, "store.wrong_key");
    with(&[]).is_refused(64, "passphrase");
    with(&["--passphrase-file", "missing"]).is_refused(64, "file");
    folder.write("empty", "\n");
    with(&["--passphrase-file", "empty"]).is_refused(64, "passphrase");
    with(&["--dev", "--passphrase-file", "pass"]).is_refused(64, "wallet.environment");
    let none = folder.run(&["wallet", "--dir", "elsewhere", "--passphrase-file", "pass", "list"]);
    none.is_refused(64, "wallet.missing");
    // As JSON, on standard output.
    let ran = with(&["--json", "--passphrase-file", "wrong"]);
    let code = ran.json().get("error").and_then(|error| error.get("code")).cloned();
    assert_eq!((ran.exit, code), (1, Some(Json::from("store.wrong_key"))));
    // What is damaged is refused as well.
    let path = folder.path("w/wallet.db");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.truncate(bytes.len() / 2);
    std::fs::write(&path, bytes).unwrap();
    let ran = with(&["--passphrase-file", "pass"]);
    assert!(
        ran.exit != 0 && ran.err.contains("refused: ") && ran.err.contains("     do: "),
        "{ran:?}"
    );
}

#[test]
fn offers_and_requests_that_are_none_are_refused() {
    let folder = made();
    for (command, texts) in [
        (
            "receive",
            [
                "hello",
                "https://example.com/",
                "openid-credential-offer://?credential_offer=%7B%7D",
            ],
        ),
        ("present", ["hello", "https://example.com/", "openid4vp://?client_id=x"]),
    ] {
        for text in texts {
            let ran = wallet(&folder, &[command, "--yes", text]);
            assert!(matches!(ran.exit, 1 | 64), "{ran:?}");
            for part in ["refused: ", "    why: ", "     do: "] {
                assert!(ran.err.contains(part), "{command} {text} {ran:?}");
            }
        }
    }
}

/// Whoever reads an answer, a person or a program, is told that it is one of development mode.
#[test]
fn development_mode_is_named_in_every_output() {
    let folder = Folder::new();
    folder.write("pass", PASSPHRASE);
    let said = |ran: &Ran| ran.err.contains("development mode");
    let member = |ran: &Ran| ran.json().get("mode").and_then(Json::as_str) == Some("development");
    let init = wallet(&folder, &["--dev", "--json", "init"]);
    assert!(init.exit == 0 && said(&init) && member(&init), "{init:?}");
    let list = wallet(&folder, &["--dev", "--json", "list"]);
    assert!(said(&list) && list.json() == Json::Array(Vec::new()), "{list:?}");
    let show = wallet(&folder, &["--dev", "--json", "show", "abc"]);
    assert!(show.exit == 1 && said(&show) && member(&show), "{show:?}");
    let verify = folder.run(&["verify", "--dev", "--json", "--offline", "pass"]);
    assert!(said(&verify), "{verify:?}");
    let none = wallet(&folder, &["--json", "show", "abc"]);
    assert!(!said(&none) && !member(&none), "{none:?}");
}

#[test]
fn a_link_without_https_names_development_mode_as_the_remedy() {
    let folder = made();
    let request = "openid4vp://?client_id=x509_hash%3Ax&request_uri=http%3A%2F%2Flocalhost%2Fr";
    let ran = wallet(&folder, &["present", "--yes", request]);
    ran.is_refused(1, "url.not_https");
    assert!(ran.err.contains("--dev"), "{ran:?}");
}

/// Two programs must not write one wallet; the second is told so, and is not kept waiting.
#[test]
fn a_wallet_that_is_open_elsewhere_is_busy() {
    let folder = made();
    // A server that never answers keeps the first program in the middle of its work.
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    let dev = |more: &[&str]| {
        folder.command(&[&["wallet", "--dir", "d", "--dev", "--passphrase-file", "pass"], more].concat())
    };
    assert!(dev(&["init"]).output().unwrap().status.success());
    let offer = format!("openid-credential-offer://?credential_offer_uri=http%3A%2F%2F127.0.0.1%3A{port}%2Foffer");
    let mut first = dev(&["receive", "--yes", &offer])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _connection = server.accept().unwrap();
    let start = Instant::now();
    let second = Ran::new(dev(&["list"]).output().unwrap());
    first.kill().unwrap();
    first.wait().unwrap();
    second.is_refused(1, "store.busy");
    assert!(start.elapsed() < Duration::from_secs(15));
    // Afterwards it opens again.
    assert!(dev(&["list"]).output().unwrap().status.success());
}
