//! `mappe issue pid`: a PID for development, from a record file.

use std::process::ExitCode;

use wallet_core::codec::{Json, Object, base64url};
use wallet_core::credential::Format;
use wallet_core::issuer::eid::{PidRequest, RecordFile};
use wallet_core::issuer::{Approval, IssuerError, Signer, issue, issue_mdoc};
use wallet_core::rulebook::Rulebook;
use wallet_server::{SystemRandom, now};

use super::{input, read_chain, read_holder};
use crate::args::{IssuePidArgs, PidFormatArg};
use crate::report::{Failure, Outcome, Paint};

pub(super) fn run(args: &IssuePidArgs) -> Outcome {
    let refused = |code: &str, error: &dyn std::fmt::Display| {
        Failure::new(
            code,
            format!("{} is not issued", args.record.display()),
            error,
            "correct the record: its fields are those of an identity card",
        )
    };
    let failed = |error: IssuerError| {
        Failure::new(
            error.code(),
            "nothing was issued",
            &error,
            "check key, certificate and record",
        )
    };
    let file = RecordFile::parse(input::read(&args.record)?).map_err(|error| refused(error.code(), &error))?;
    let card = file.into_record().map_err(|error| refused(error.code(), &error))?;
    let mut request = PidRequest::default();
    request.vct.clone_from(&args.vct);
    request.lifetime = i64::from(args.days) * 86_400;
    request.formats = match args.format {
        PidFormatArg::Mdoc => vec![Format::MsoMdoc],
        PidFormatArg::DcSdJwt => vec![Format::DcSdJwt],
        PidFormatArg::Both => vec![Format::DcSdJwt, Format::MsoMdoc],
    };
    if args.holder.len() > request.formats.len() {
        return Err(Failure::usage(
            "issue.holders",
            "nothing was issued",
            "there are more keys of the holder than formats",
            "give one --holder for each format, or one for both",
        ));
    }
    let rulebook = Rulebook::bundled();
    let approval = Approval::new("command line", args.record.display().to_string());
    let record = card
        .to_record(&rulebook, &request, approval, now())
        .map_err(|error| refused(error.code(), &error))?;
    let signer = Signer::new(input::read_key(&args.key)?, read_chain(&args.cert)?).map_err(failed)?;
    let document_signer = match (&args.document_key, &args.document_cert) {
        (Some(key), Some(cert)) => Some(Signer::new(input::read_key(key)?, read_chain(cert)?).map_err(failed)?),
        _ => None,
    };
    let holders = args.holder.iter().map(|path| read_holder(path));
    let holders = holders.collect::<Result<Vec<_>, _>>()?;
    let mut left_out: Vec<String> = card.left_out().iter().map(|name| (*name).to_owned()).collect();
    let missing = record.left_out_of_mdoc(&rulebook).map_err(failed)?;
    left_out.extend(missing.iter().map(|path| format!("{path} (mdoc)")));
    let (at, random) = (now(), &mut SystemRandom::new());
    let mut issued = Vec::new();
    for (place, format) in request.formats.iter().enumerate() {
        let holder = holders.get(place).or(holders.first());
        let holder = holder.ok_or_else(|| failed(IssuerError::KeyDoesNotFit))?;
        let credential = if *format == Format::MsoMdoc {
            let signer = document_signer.as_ref().unwrap_or(&signer);
            issue_mdoc(&record, holder, signer, &rulebook, at, random).map(base64url::encode)
        } else {
            issue(&record, Some(holder), &signer, at, random)
        };
        issued.push((*format, credential.map_err(failed)?));
    }
    let paint = Paint::stderr();
    errln!(
        "{} marked as test data: a file proves nothing about a person",
        paint.yellow("note:")
    );
    for name in &left_out {
        errln!("{} no place for {name}", paint.yellow("note:"));
    }
    if holders.len() < request.formats.len() {
        errln!(
            "{} both formats are bound to one key, by which they are known as one",
            paint.yellow("note:")
        );
    }
    if let Some(path) = &args.out {
        let lines: String = issued.iter().map(|(_, credential)| format!("{credential}\n")).collect();
        std::fs::write(path, lines).map_err(|error| Failure::file(path, &error))?;
    }
    if args.json {
        let credentials = issued.iter().map(|(format, credential)| {
            Object::new()
                .with("format", Json::from(format.name()))
                .with("credential", Json::from(credential.as_str()))
                .into()
        });
        let report = Object::new()
            .with("vct", Json::from(record.vct.as_str()))
            .with("doctype", record.doctype.as_deref().map(Json::from))
            .with("test", Json::Bool(card.is_test_data()))
            .with("credentials", Json::Array(credentials.collect()))
            .with("left_out", Json::Array(left_out.into_iter().map(Json::from).collect()))
            .with(
                "out",
                args.out.as_ref().map(|path| Json::from(path.display().to_string())),
            );
        outln!("{report}");
    } else if let Some(path) = &args.out {
        let formats: Vec<&str> = issued.iter().map(|(format, _)| format.name()).collect();
        outln!(
            "issued {} as {} to {}",
            record.vct,
            formats.join(" and "),
            path.display()
        );
    } else {
        for (_, credential) in &issued {
            outln!("{credential}");
        }
    }
    Ok(ExitCode::SUCCESS)
}
