//! `mappe inspect`: what a credential says, without believing it.

mod mdoc;

pub(crate) use mdoc::elements;

use std::process::ExitCode;

use wallet_core::codec::{Budget, Json};
use wallet_core::credential::Unverified;
use wallet_core::credential::sd_jwt::{Inspection, SdJwt};

use super::input;
use crate::args::InspectArgs;
use crate::report::{Failure, Outcome, Paint, safe};

pub(crate) fn run(args: &InspectArgs) -> Outcome {
    let content = input::read_credential(&args.file)?;
    let refused = |code: &str, error: &dyn std::fmt::Display| {
        Failure::new(
            code,
            format!("{} is not shown", args.file.display()),
            error,
            "give an SD-JWT, compact or in a JSON serialisation, or an mdoc, as bytes, base64url or hexadecimal",
        )
    };
    if let Some(bytes) = input::cbor(&content) {
        let inspected = mdoc::Inspected::parse(&bytes).map_err(|error| refused(error.code(), &error))?;
        if args.json {
            outln!("{}", inspected.to_json());
        } else {
            inspected.show();
        }
        return Ok(ExitCode::SUCCESS);
    }
    let inspection = parse(&String::from_utf8_lossy(&content))
        .map_err(|error| refused(error.code(), &error))?
        .inspect();
    if args.json {
        outln!("{}", inspection.to_json());
    } else {
        show(&inspection);
    }
    Ok(ExitCode::SUCCESS)
}

/// Parses a credential in either serialisation.
pub(crate) fn parse(text: &str) -> Result<Unverified<SdJwt>, wallet_core::credential::sd_jwt::SdJwtError> {
    let budget = &mut Budget::default();
    if text.starts_with('{') {
        Unverified::<SdJwt>::parse_json(text.as_bytes(), budget)
    } else {
        Unverified::<SdJwt>::parse(text, budget)
    }
}

/// Says first what all of it is worth.
fn mark() {
    outln!(
        "{}",
        Paint::stdout().yellow("UNVERIFIED: nobody has checked who wrote this")
    );
}

fn section(name: &str, value: &Json) {
    outln!("\n{}", Paint::stdout().bold(name));
    outln!("{}", pretty(value, 0));
}

fn show(inspection: &Inspection) {
    let paint = Paint::stdout();
    mark();
    section("header", &Json::Object(inspection.header.clone()));
    match &inspection.claims {
        Ok(claims) => section("claims", &Json::Object(claims.clone())),
        Err(fault) => {
            outln!(
                "\n{}",
                paint.red(format!("the disclosures do not fit: {fault} ({})", fault.code()))
            );
            section("payload", &Json::Object(inspection.payload.clone()));
        }
    }
    outln!("\n{} {}", paint.bold("disclosures:"), inspection.disclosures.len());
    for disclosure in &inspection.disclosures {
        outln!("  {}", safe(&disclosure.to_string()));
    }
    if let Some(binding) = &inspection.key_binding {
        section("key binding", binding);
    }
}

/// JSON over several lines, safe for a terminal.
pub(crate) fn pretty(value: &Json, depth: usize) -> String {
    let indent = "  ".repeat(depth + 1);
    let close = "  ".repeat(depth);
    match value {
        Json::Object(object) if !object.is_empty() => {
            let members: Vec<_> = object
                .iter()
                .map(|(name, member)| format!("{indent}{}: {}", safe(name), pretty(member, depth + 1)))
                .collect();
            format!("{{\n{}\n{close}}}", members.join("\n"))
        }
        Json::Array(items)
            if items
                .iter()
                .any(|item| matches!(item, Json::Object(_) | Json::Array(_))) =>
        {
            let items: Vec<_> = items
                .iter()
                .map(|item| format!("{indent}{}", pretty(item, depth + 1)))
                .collect();
            format!("[\n{}\n{close}]", items.join("\n"))
        }
        Json::String(text) => safe(text),
        other => safe(&other.to_string()),
    }
}
