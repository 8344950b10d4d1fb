//! `mappe keys`: key pairs, and certificates for development.

use std::path::Path;
use std::process::ExitCode;

use wallet_core::codec::{Json, Object};
use wallet_core::crypto::{Curve, SigningKey};
use wallet_core::keys::PublicKey;
use wallet_core::time::Validity;
use wallet_core::trust::Certificate;
use wallet_core::trust::authority::{AuthorityError, CertificateAuthority, LeafProfile};
use wallet_server::{SystemRandom, now, write_private};
use zeroize::Zeroizing;

use crate::args::{CurveArg, KeysCommand};
use crate::report::{Failure, Outcome, Paint};

const DAY: i64 = 86_400;

pub(crate) fn run(command: KeysCommand) -> Outcome {
    let KeysCommand::New {
        curve,
        out,
        certificate,
        name,
        dns,
        uri,
        json,
    } = command;
    let random = &mut SystemRandom::new();
    let curve = match curve {
        CurveArg::P256 => Curve::P256,
        CurveArg::P384 => Curve::P384,
        CurveArg::Ed25519 => Curve::Ed25519,
    };
    let key = SigningKey::generate(curve, random);
    let public = PublicKey::from(&key);
    let jwk = public.to_jwk().with("kid", Json::from(public.thumbprint()));
    let mut report = Object::new();
    match &out {
        Some(path) => {
            write_key(path, &key)?;
            report.insert("private_key", path.display().to_string());
        }
        None if json => {
            report.insert("private_jwk", private_jwk(&key));
        }
        None => {
            errln!(
                "{} this is the private key: keep it, or let --out FILE write it",
                Paint::stderr().yellow("note:")
            );
            outln!("{}", private_jwk(&key));
        }
    }
    report.insert("public_jwk", jwk.clone());
    if let Some(folder) = certificate {
        let mut profile = LeafProfile::new(name.as_str());
        profile.dns = dns;
        profile.uri = uri;
        let failed =
            |error: AuthorityError| Failure::new(error.code(), "no certificate was made", &error, "check the names");
        let window = |days| Validity::new(Some(now().plus(-DAY)), Some(now().plus(days * DAY)));
        let authority = CertificateAuthority::generate(
            format!("{name} (test authority)").as_str(),
            Curve::P256,
            window(3650),
            random,
        )
        .map_err(failed)?;
        let leaf = authority
            .issue_leaf(&profile, &public, window(365), random)
            .map_err(failed)?;
        let chain: String = authority.chain_of(&leaf).iter().map(Certificate::to_pem).collect();
        std::fs::create_dir_all(&folder).map_err(|error| Failure::file(&folder, &error))?;
        for (member, file, text) in [
            ("ca_certificate", "ca.pem", authority.to_pem()),
            ("certificate", "cert.pem", chain),
        ] {
            let path = folder.join(file);
            std::fs::write(&path, text).map_err(|error| Failure::file(&path, &error))?;
            report.insert(member, path.display().to_string());
        }
    }
    if json {
        outln!("{report}");
    } else {
        if out.is_some() {
            outln!("{jwk}");
        }
        for (member, value) in report.iter().filter(|(_, value)| value.as_str().is_some()) {
            errln!("{member}: {}", value.as_str().unwrap_or_default());
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn write_key(path: &Path, key: &SigningKey) -> Result<(), Failure> {
    if path.exists() {
        return Err(Failure::usage(
            "keys.exists",
            format!("{} is not overwritten", path.display()),
            "there is a file already",
            "choose another name, or delete the file if the key is not needed any more",
        ));
    }
    let as_jwk = path
        .extension()
        .is_some_and(|extension| extension == "json" || extension == "jwk");
    let secret = if as_jwk {
        Zeroizing::new(format!("{}\n", private_jwk(key)))
    } else {
        key.to_pkcs8_pem().map_err(|_| no_pem())?
    };
    write_private(path, secret.as_bytes()).map_err(|error| Failure::file(path, &error))
}

fn private_jwk(key: &SigningKey) -> Object {
    let public = PublicKey::from(key);
    let scalar = Zeroizing::new(wallet_core::codec::base64url::encode(&*key.to_bytes()));
    public
        .to_jwk()
        .with("d", Json::from(scalar.as_str()))
        .with("kid", Json::from(public.thumbprint()))
}

fn no_pem() -> Failure {
    Failure::usage(
        "keys.no_pem",
        "no key was made",
        "Ed25519 keys have no PEM form here",
        "let the name of the file end in .jwk",
    )
}
