//! The keys of a trusted web issuer are fetched when a credential needs them; nobody else is called.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use wallet_core::codec::{Json, Object};
use wallet_core::trust::Environment;
use wallet_core::trust::pack::TrustPack;

use crate::support::{AT, Folder, Ran, School, jwk, new_key};

/// Answers each path with a body, and remembers who asked for what.
fn serve(answer: impl Fn(&str) -> Option<String> + Send + 'static) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream: TcpStream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let first = lines.next().unwrap().unwrap();
            while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
            let path = first.split(' ').nth(1).unwrap().to_owned();
            log.lock().unwrap().push(path.clone());
            let (status, body) = answer(&path).map_or(("404 Not Found", String::new()), |body| ("200 OK", body));
            let mut stream = stream;
            let _ = write!(
                stream,
                "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    (origin, asked)
}

fn desk(origin: &str) -> (Folder, School) {
    let (folder, school) = (Folder::new(), School::new());
    let mut pack = TrustPack::new("web", Environment::Test);
    pack.web_issuers.push(origin.to_owned());
    for (name, bytes) in pack.to_folder() {
        folder.write(&format!("pack/{name}"), bytes);
    }
    let claims = school.claims().with("iss", Json::from(origin));
    let lines: Vec<String> = (0..130).map(|_| school.issue(claims.clone(), Object::new())).collect();
    folder.write("in.txt", lines.join("\n"));
    (folder, school)
}

fn judge(folder: &Folder, more: &[&str]) -> Ran {
    let args = ["verify", "--json", "--at", AT, "--trust", "pack"];
    folder.run(&[&args, more, &["in.txt"]].concat())
}

fn codes(ran: &Ran) -> Vec<String> {
    let mut codes: Vec<String> = ran
        .lines()
        .iter()
        .map(|line| line.get("code").and_then(Json::as_str).unwrap_or("accepted").to_owned())
        .collect();
    assert_eq!(codes.len(), 130);
    codes.sort();
    codes.dedup();
    codes
}

#[test]
fn the_keys_are_fetched_once_and_where_they_stand() {
    let key = Arc::new(Mutex::new((String::new(), String::new())));
    let of_server = Arc::clone(&key);
    let (origin, asked) = serve(move |path| {
        let (origin, key) = &*of_server.lock().unwrap();
        match path {
            "/.well-known/jwt-vc-issuer" => Some(format!(r#"{{"issuer":"{origin}","jwks_uri":"{origin}/keys"}}"#)),
            "/keys" => Some(format!(r#"{{"keys":[{key}]}}"#)),
            _ => None,
        }
    });
    let (folder, school) = desk(&origin);
    *key.lock().unwrap() = (origin.clone(), jwk(&school.key));

    // Nothing is fetched offline, nor over plain HTTP without --dev: it stays open who issued it.
    for more in [&["--offline", "--dev"] as &[&str], &[]] {
        let ran = judge(&folder, more);
        assert_eq!((ran.exit, codes(&ran)), (2, vec!["trust.keys_not_at_hand".to_owned()]));
    }
    assert!(asked.lock().unwrap().is_empty());
    let ran = judge(&folder, &["--dev", "--jobs", "3"]);
    assert_eq!((ran.exit, codes(&ran)), (0, vec!["accepted".to_owned()]));
    assert_eq!(*asked.lock().unwrap(), ["/.well-known/jwt-vc-issuer", "/keys"]);

    // Another key than it publishes.
    *key.lock().unwrap() = (origin.clone(), jwk(&new_key()));
    assert_eq!(codes(&judge(&folder, &["--dev"])), ["jws.bad_signature"]);
    // Metadata of somebody else.
    *key.lock().unwrap() = ("https://other.example".to_owned(), jwk(&school.key));
    let ran = judge(&folder, &["--dev"]);
    assert_eq!((ran.exit, codes(&ran)), (2, vec!["trust.keys_not_at_hand".to_owned()]));
}

#[test]
fn a_stranger_is_not_called() {
    let (origin, asked) = serve(|_| None);
    let (folder, school) = desk("https://trusted.example");
    let claims = school.claims().with("iss", Json::from(origin));
    folder.write("in.sdjwt", school.issue(claims, Object::new()));
    let ran = folder.run(&["verify", "--json", "--dev", "--at", AT, "--trust", "pack", "in.sdjwt"]);
    assert_eq!(ran.verdict(), ("refused".to_owned(), "trust.unknown_issuer".to_owned()));
    assert!(asked.lock().unwrap().is_empty());
}
