//! `mappe dcql`: which credentials answer a query, and why the others do not.

use std::path::Path;
use std::process::ExitCode;

use wallet_core::codec::{Budget, Json, Object};
use wallet_core::credential::Format;
use wallet_core::dcql::{Candidate, Evaluation, Record, WhyNot, evaluate};
use wallet_core::protocol::dcql::{Query, QueryError};
use wallet_core::rulebook::Rulebook;

use super::{input, inspect};
use crate::args::DcqlArgs;
use crate::report::{Failure, Outcome, Paint};

/// A credential by what a query can see of it.
enum Held {
    Record(Record),
    Credential {
        format: Format,
        claims: Object,
        types: Vec<String>,
        bound: bool,
    },
}

pub(crate) fn run(args: &DcqlArgs) -> Outcome {
    let query = input::read_json(&args.query)?;
    let refused = |error: &QueryError| {
        let place = if error.place().is_empty() {
            String::new()
        } else {
            format!(" at {}", error.place())
        };
        Failure::new(
            error.code(),
            format!("the query in {} is not asked{place}", args.query.display()),
            error,
            "correct the query (OpenID4VP 1.0 section 6)",
        )
    };
    let query = Query::parse(&query).map_err(|error| refused(&error))?;
    let rulebook = Rulebook::bundled();
    let mut held = Vec::new();
    for path in &args.credentials {
        read(path, &rulebook, &mut held)?;
    }
    let candidates: Vec<Candidate<'_>> = held.iter().map(|(id, held)| candidate(id, held)).collect();
    // A step a claim asked for and a credential held: enough for both at their limits.
    let budget = &mut Budget::new(usize::MAX, 64, 200_000 + 20_000 * candidates.len());
    let evaluation = evaluate(&query, &candidates, budget).map_err(|error| refused(&error))?;
    let names: Vec<&str> = held.iter().map(|(name, _)| name.as_str()).collect();
    if args.json {
        outln!("{}", to_json(&evaluation, &names));
    } else {
        show(&evaluation, &names);
    }
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path, rulebook: &Rulebook, held: &mut Vec<(String, Held)>) -> Result<(), Failure> {
    let name = path.display();
    let content = input::read(path)?;
    if content.trim_ascii_start().starts_with(b"[") {
        let records = Json::parse(&content, &mut Budget::default()).map_err(|error| {
            Failure::usage(
                error.code(),
                format!("{name} is not read"),
                error,
                "check that it is a JSON array of records",
            )
        })?;
        for (index, record) in records.as_array().unwrap_or_default().iter().enumerate() {
            let record = Record::parse(record).map_err(|error| {
                Failure::usage(
                    error.code(),
                    format!("record {index} of {name} is not read"),
                    error,
                    "give the records as the dcql package does",
                )
            })?;
            held.push((format!("{name}[{index}]"), Held::Record(record)));
        }
        return Ok(());
    }
    let mut items = input::Items::new(vec![path.to_owned()]);
    while let Some(item) = items.next()? {
        if let Some(bytes) = input::cbor(&item.content) {
            let (doctype, claims) = inspect::elements(&bytes).map_err(|error| {
                Failure::new(
                    error.code(),
                    format!("{} is not read", item.source),
                    error,
                    "give mdocs at rest (IssuerSigned)",
                )
            })?;
            let held_as = Held::Credential {
                format: Format::MsoMdoc,
                claims,
                types: vec![doctype],
                // ISO 18013-5 §9.1.2.4: each has the key of a device.
                bound: true,
            };
            held.push((item.source, held_as));
            continue;
        }
        let credential = inspect::parse(&item.text())
            .and_then(|credential| credential.inspect().claims)
            .map_err(|error| {
                Failure::new(
                    error.code(),
                    format!("{} is not read", item.source),
                    error,
                    "give SD-JWT credentials or mdocs, one a line",
                )
            })?;
        let own = credential.get("vct").and_then(Json::as_str);
        let further = credential
            .get("aka_vcts")
            .and_then(Json::as_array)
            .unwrap_or_default()
            .iter()
            .filter_map(Json::as_str);
        let inherited = own
            .and_then(|vct| rulebook.lookup(vct))
            .map(|known| known.extends().to_vec())
            .unwrap_or_default();
        let types = own
            .into_iter()
            .chain(further)
            .map(str::to_owned)
            .chain(inherited)
            .collect();
        let bound = credential.contains("cnf");
        held.push((
            item.source,
            Held::Credential {
                format: Format::DcSdJwt,
                claims: credential,
                types,
                bound,
            },
        ));
    }
    Ok(())
}

fn candidate<'a>(id: &'a str, held: &'a Held) -> Candidate<'a> {
    match held {
        Held::Record(record) => record.as_candidate(),
        Held::Credential {
            format,
            claims,
            types,
            bound,
        } => Candidate::new(id, *format, claims)
            .with_types(types.iter().map(String::as_str))
            .with_holder_binding(*bound),
    }
}

fn to_json(evaluation: &Evaluation, names: &[&str]) -> Object {
    let mut found = Object::new();
    let mut why_not = Object::new();
    for answer in evaluation.answers() {
        if answer.is_answerable() {
            let matches = answer.matches().iter().map(|matched| {
                let disclose = matched
                    .disclose()
                    .iter()
                    .map(wallet_core::credential::ClaimPath::to_json)
                    .collect::<Vec<_>>();
                Object::new()
                    .with("credential", Json::from(names[matched.candidate()]))
                    .with("index", Json::from(matched.candidate()))
                    .with("disclose", Json::Array(disclose))
                    .into()
            });
            found.insert(answer.id(), matches.collect::<Vec<Json>>());
            continue;
        }
        let unmatched = answer.unmatched().iter().map(|unmatched| {
            let id = names[unmatched.candidate()];
            reason(unmatched.why())
                .with("credential", Json::from(id))
                .with("index", Json::from(unmatched.candidate()))
                .into()
        });
        let mut unmatched: Vec<Json> = unmatched.collect();
        if let (true, Some(why)) = (unmatched.is_empty(), answer.why_not()) {
            unmatched.push(reason(why).into());
        }
        why_not.insert(answer.id(), unmatched);
    }
    Object::new()
        .with("satisfied", Json::Bool(evaluation.is_satisfied()))
        .with("credentials", Json::Object(found))
        .with("why_not", Json::Object(why_not))
}

fn reason(why: &WhyNot) -> Object {
    Object::new()
        .with("code", Json::from(why.code()))
        .with("reason", Json::from(why.to_string()))
}

fn show(evaluation: &Evaluation, names: &[&str]) {
    let paint = Paint::stdout();
    outln!(
        "{}",
        if evaluation.is_satisfied() {
            paint.green("satisfied")
        } else {
            paint.red("not satisfied")
        }
    );
    for answer in evaluation.answers() {
        outln!("\n{}", paint.bold(answer.id()));
        for matched in answer.matches() {
            let paths: Vec<_> = matched.disclose().iter().map(ToString::to_string).collect();
            let what = if paths.is_empty() {
                "nothing selective".to_owned()
            } else {
                paths.join(", ")
            };
            outln!(
                "  {} {}  would disclose {what}",
                paint.green("fits"),
                names[matched.candidate()]
            );
        }
        for unmatched in answer.unmatched() {
            outln!(
                "  {} {}  {}",
                paint.dim("no"),
                names[unmatched.candidate()],
                unmatched.why()
            );
        }
        if let (true, Some(why)) = (
            answer.matches().is_empty() && answer.unmatched().is_empty(),
            answer.why_not(),
        ) {
            outln!("  {}  {why}", paint.dim("no"));
        }
    }
}
