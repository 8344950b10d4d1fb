//! `mappe issue`: credentials without a server.

use std::path::Path;
use std::process::ExitCode;

use wallet_core::codec::{Budget, Json, Object};
use wallet_core::issuer::{Approval, IssuerError, Record, Signer, issue};
use wallet_core::keys::PublicKey;
use wallet_core::rulebook::Rulebook;
use wallet_core::rulebook::xschule::{ClaimOptions, SchoolReport, Setting, XSchuleError};
use wallet_core::trust::{Certificate, TrustError};
use wallet_server::{SystemRandom, now};

use super::input;
use crate::args::IssueCommand;
use crate::report::{Failure, Outcome, Paint};

mod pid;

pub(crate) fn run(command: &IssueCommand) -> Outcome {
    let (xml, key, cert, holder, issuer, test, out, json) = match command {
        IssueCommand::Pid(args) => return pid::run(args),
        IssueCommand::SchoolReport {
            xml,
            key,
            cert,
            holder,
            issuer,
            test,
            out,
            json,
        } => (xml, key, cert, holder, issuer, test, out, json),
    };
    let refused = |error: &XSchuleError| {
        Failure::new(
            error.code(),
            format!("{} is not issued", xml.display()),
            error,
            "correct the message (XSchule 1.2)",
        )
    };
    let failed = |error: IssuerError| {
        Failure::new(
            error.code(),
            "nothing was issued",
            &error,
            "check key, certificate and message",
        )
    };
    let report = SchoolReport::parse(input::read(xml)?, &mut Budget::default()).map_err(|error| refused(&error))?;
    let vct = report.vct().map_err(|error| refused(&error))?;
    let chain = read_chain(cert)?;
    if let (Some(issuer), Some(leaf)) = (issuer, chain.first())
        && !leaf.is_named(issuer)
    {
        return Err(Failure::usage(
            TrustError::NameNotBound.code(),
            "nothing was issued",
            TrustError::NameNotBound,
            "name an issuer that stands in the certificate, or leave --issuer out",
        ));
    }
    let signer = Signer::new(input::read_key(key)?, chain).map_err(failed)?;
    let holder = read_holder(holder)?;
    let setting = if *test { Setting::Test } else { Setting::Production };
    let claims = report.to_claims(&ClaimOptions::original(setting));
    let mut record = Record::new(
        &Rulebook::bundled(),
        vct,
        claims,
        Approval::new("command line", xml.display().to_string()),
    )
    .map_err(failed)?;
    // It is no claim of the rulebook, and is never disclosed one by one.
    if let Some(issuer) = issuer {
        record.claims.insert("iss", issuer.as_str());
    }
    let credential = issue(&record, Some(&holder), &signer, now(), &mut SystemRandom::new()).map_err(failed)?;
    for finding in report.findings() {
        errln!("{} {finding}", Paint::stderr().yellow("note:"));
    }
    if let Some(path) = out {
        std::fs::write(path, format!("{credential}\n")).map_err(|error| Failure::file(path, &error))?;
    }
    if *json {
        let findings = report
            .findings()
            .iter()
            .map(|finding| Json::from(finding.to_string()))
            .collect();
        let report = Object::new()
            .with("vct", Json::from(vct))
            .with("credential", Json::from(credential))
            .with("out", out.as_ref().map(|path| Json::from(path.display().to_string())))
            .with("findings", Json::Array(findings));
        outln!("{report}");
    } else if let Some(path) = out {
        outln!("issued {vct} to {}", path.display());
    } else {
        outln!("{credential}");
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn read_chain(path: &Path) -> Result<Vec<Certificate>, Failure> {
    Certificate::parse_pem_chain(&input::read_text(path)?).map_err(|error| {
        Failure::usage(
            error.code(),
            format!("{} is not used", path.display()),
            &error,
            "give the certificate chain in PEM, leaf first",
        )
    })
}

fn read_holder(path: &Path) -> Result<PublicKey, Failure> {
    PublicKey::from_jwk(&input::read_json(path)?).map_err(|error| {
        Failure::usage(
            error.code(),
            "the holder's key is not used",
            &error,
            "give the holder's public key as JWK",
        )
    })
}
