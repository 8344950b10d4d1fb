//! A folder, the program run in it, and credentials of the tests' own making.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use wallet_core::codec::{Budget, Json, Object, base64url};
use wallet_core::credential::ClaimPath;
use wallet_core::credential::sd_jwt::Blueprint;
use wallet_core::crypto::{Curve, SigningKey, sha256};
use wallet_core::envelope::jws::UnsignedJws;
use wallet_core::keys::PublicKey;
use wallet_core::time::{Timestamp, Validity};
use wallet_core::trust::Certificate;
use wallet_core::trust::authority::{CertificateAuthority, LeafProfile};
use wallet_server::SystemRandom;

/// When everything happens.
pub(crate) const AT: &str = "2026-07-05T12:00:00Z";
pub(crate) const ISSUER: &str = "https://school.example";

pub(crate) fn at() -> Timestamp {
    Timestamp::parse(AT).unwrap()
}

/// A folder of its own, also as the user's home.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    /// The program, ready to run here with nothing of the caller's surroundings.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mappe"));
        command
            .args(args)
            .current_dir(self.0.path())
            .env_remove("MAPPE_DIR")
            .env("HOME", self.0.path())
            .env("XDG_DATA_HOME", self.0.path().join("data"))
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        Ran::new(self.command(args).output().unwrap())
    }
}

/// A finished run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) exit: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn new(output: Output) -> Self {
        let ran = Self {
            exit: output.status.code().expect("not ended by a signal"),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        };
        // Whatever happens, nobody is shown the inside of the program.
        for text in [&ran.out, &ran.err] {
            assert!(
                !text.contains("panicked") && !text.contains("RUST_BACKTRACE"),
                "{ran:?}"
            );
        }
        ran
    }

    pub(crate) fn json(&self) -> Json {
        parse(&self.out)
    }

    pub(crate) fn lines(&self) -> Vec<Json> {
        self.out.lines().map(parse).collect()
    }

    /// The code of the only line of `verify --json`, with the verdict.
    pub(crate) fn verdict(&self) -> (String, String) {
        let line = self.json();
        let text = |name| line.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        (text("verdict"), text("code"))
    }

    /// A refusal for people: what, why with the code, and what to do.
    #[track_caller]
    pub(crate) fn is_refused(&self, exit: i32, code: &str) {
        assert_eq!(self.exit, exit, "{self:?}");
        let lines: Vec<&str> = self.err.lines().collect();
        let start = lines.iter().position(|line| line.starts_with("refused: "));
        let start = start.unwrap_or_else(|| panic!("no refusal: {self:?}"));
        assert!(lines[start + 1].starts_with("    why: "), "{self:?}");
        assert!(lines[start + 1].ends_with(&format!("({code})")), "{self:?}");
        assert!(lines[start + 2].starts_with("     do: "), "{self:?}");
        for line in &lines[start..start + 3] {
            assert!(line.len() > 12, "{self:?}");
        }
    }
}

pub(crate) fn parse(text: &str) -> Json {
    Json::parse(text, &mut Budget::default()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

pub(crate) fn new_key() -> SigningKey {
    SigningKey::generate(Curve::P256, &mut SystemRandom::new())
}

pub(crate) fn jwk(key: &SigningKey) -> String {
    PublicKey::from(key).to_jwk().to_string()
}

/// A school with a key, a certificate and the authority above it.
pub(crate) struct School {
    pub(crate) key: SigningKey,
    pub(crate) leaf: Certificate,
    pub(crate) authority: Certificate,
    pub(crate) holder: SigningKey,
}

impl School {
    pub(crate) fn new() -> Self {
        let random = &mut SystemRandom::new();
        let window = Validity::new(Some(at().plus(-86_400)), Some(at().plus(86_400 * 30)));
        let authority = CertificateAuthority::generate("Test authority", Curve::P256, window, random).unwrap();
        let key = new_key();
        let profile = LeafProfile::new("Test school").uri(ISSUER);
        let leaf = authority
            .issue_leaf(&profile, &PublicKey::from(&key), window, random)
            .unwrap();
        Self {
            key,
            leaf,
            authority: authority.certificate().clone(),
            holder: new_key(),
        }
    }

    pub(crate) fn claims(&self) -> Object {
        let holder = Object::new().with("jwk", Json::Object(PublicKey::from(&self.holder).to_jwk()));
        Object::new()
            .with("iss", Json::from(ISSUER))
            .with("vct", Json::from("urn:test:report"))
            .with("iat", Json::from(at().unix() - 60))
            .with("exp", Json::from(at().unix() + 86_400))
            .with("cnf", Json::Object(holder))
            .with("given_name", Json::from("Erika"))
            .with("grade", Json::from("1.4"))
    }

    /// The header with the certificate.
    pub(crate) fn x5c(&self) -> Object {
        Object::new().with("x5c", Certificate::to_x5c(std::slice::from_ref(&self.leaf)))
    }

    pub(crate) fn issue(&self, claims: Object, header: Object) -> String {
        let paths = ["given_name", "grade"].map(|name| ClaimPath::of_keys(name, &[]));
        let blueprint = Blueprint::new(claims, &paths).unwrap();
        blueprint.conceal(&mut SystemRandom::new()).sign(header, &self.key)
    }

    /// A credential without certificate.
    pub(crate) fn report(&self) -> String {
        self.issue(self.claims(), Object::new())
    }

    /// A credential with certificate.
    pub(crate) fn certified_report(&self) -> String {
        self.issue(self.claims(), self.x5c())
    }

    /// A key binding of the holder over a credential.
    pub(crate) fn bind(&self, credential: &str, nonce: &str, audience: &str) -> String {
        let claims = Object::new()
            .with("iat", Json::from(at().unix()))
            .with("aud", Json::from(audience))
            .with("nonce", Json::from(nonce))
            .with("sd_hash", Json::from(base64url::encode(sha256(credential.as_bytes()))));
        let header = Object::new().with("typ", Json::from("kb+jwt"));
        let jws = UnsignedJws::new(self.holder.algorithm(), header, claims.to_string());
        format!("{credential}{}", jws.sign(&self.holder))
    }
}

pub(crate) fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}
