//! `mappe keys`: key pairs, and certificates for development.

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
use crate::report::{Failure, Outcome};

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
    if out.exists() {
        return Err(Failure::usage(
            "keys.exists",
            format!("{} is not overwritten", out.display()),
            "there is a file already",
            "choose another name, or delete the file if the key is not needed any more",
        ));
    }
    let key = SigningKey::generate(curve, random);
    let public = PublicKey::from(&key);
    let as_jwk = out
        .extension()
        .is_some_and(|extension| extension == "json" || extension == "jwk");
    let secret = if as_jwk {
        private_jwk(&key)
    } else {
        key.to_pkcs8_pem().map_err(|_| no_pem())?
    };
    write_private(&out, secret.as_bytes()).map_err(|error| Failure::file(&out, &error))?;
    let jwk = public.to_jwk().with("kid", Json::from(public.thumbprint()));
    let mut report = Object::new()
        .with("private_key", Json::from(out.display().to_string()))
        .with("public_jwk", Json::Object(jwk.clone()));
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
        outln!("{jwk}");
        for (member, value) in report.iter().filter(|(member, _)| *member != "public_jwk") {
            eprintln!("{member}: {}", value.as_str().unwrap_or_default());
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn private_jwk(key: &SigningKey) -> Zeroizing<String> {
    let scalar = Zeroizing::new(wallet_core::codec::base64url::encode(&*key.to_bytes()));
    let jwk = PublicKey::from(key).to_jwk().with("d", Json::from(scalar.as_str()));
    Zeroizing::new(format!("{jwk}\n"))
}

fn no_pem() -> Failure {
    Failure::usage(
        "keys.no_pem",
        "no key was made",
        "Ed25519 keys have no PEM form here",
        "let the name of the file end in .jwk",
    )
}
