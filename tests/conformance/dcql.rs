//! DCQL: the records of the `dcql` package's own tests, and the queries of `OpenID4VP` 1.0 and of nl-wallet.

use std::fs;
use std::path::PathBuf;

use wallet_core::codec::{Budget, Json, Object};
use wallet_core::credential::{Format, PathElement};
use wallet_core::dcql::{Candidate, Record, check_presentation, check_presented, evaluate};
use wallet_core::protocol::dcql::{ClaimQuery, ClaimValue, CredentialQuery, Meta, Query};

/// Records on which we differ from the package, with the reason: `(operation, test, reason)`. There is one known
/// difference, in no record: a wildcard over an empty array, which a case of `tests/interop` watches.
const DIVERGENCES: &[(&str, &str, &str)] = &[];

#[test]
fn the_records_of_the_dcql_package_get_the_same_answers() {
    let Some(folder) = wallet_tests::vectors("dcql/dcql-ts") else {
        return;
    };
    let mut count = 0;
    let mut surprises = Vec::new();
    for (name, file) in json_files(folder) {
        for record in file.as_array().unwrap_or_else(|| panic!("{name}: an array")) {
            let text = |member| record.get(member).and_then(Json::as_str).unwrap_or_default();
            let (operation, test) = (text("op"), text("test"));
            let differs = compare(operation, record);
            let listed = DIVERGENCES
                .iter()
                .any(|(op, title, _)| (*op, *title) == (operation, test));
            match (differs, listed) {
                (Some(how), false) => surprises.push(format!("{name}: {operation}: {test}: {how}")),
                (None, true) => surprises.push(format!("{name}: {operation}: {test}: agrees, though listed to differ")),
                _ => {}
            }
            count += 1;
        }
    }
    assert!(
        count > 0 && surprises.is_empty(),
        "{count} records\n{}",
        surprises.join("\n")
    );
}

/// How we differ from a record.
fn compare(operation: &str, record: &Json) -> Option<String> {
    // Some records that must throw keep nothing else.
    let throws = record.get("throws").is_some_and(|throws| *throws != Json::Null);
    let ours = match operation {
        "DcqlPresentationResult.fromDcqlPresentation" => presentation(record),
        _ => query(record),
    };
    let (satisfied, matches) = match (ours, throws) {
        (Err(_), true) => return None,
        (Err(error), false) => return Some(error),
        (Ok(_), true) => return Some("is not refused".to_owned()),
        (Ok(ours), false) => ours,
    };
    let result = record.get("result")?;
    if let Some(expected) = result.get("can_be_satisfied").and_then(Json::as_bool)
        && expected != satisfied
    {
        return Some(format!("satisfied: {satisfied}"));
    }
    for (id, expected) in result.get("credential_matches").and_then(Json::as_object)?.iter() {
        let valid = expected
            .get("valid_credentials")
            .and_then(Json::as_array)
            .unwrap_or(&[]);
        let index = |credential: &Json| credential.get("input_credential_index")?.as_u64();
        let expected: Vec<_> = valid.iter().filter_map(index).collect();
        match matches.iter().find(|(own, _)| own == id) {
            Some((_, ours)) if *ours == expected => {}
            other => return Some(format!("`{id}` is matched by {other:?}, expected {expected:?}")),
        }
    }
    None
}

/// Whether the whole is satisfied, and which credentials match each query.
type Outcome = Result<(bool, Vec<(String, Vec<u64>)>), String>;

fn query(record: &Json) -> Outcome {
    let query = Query::parse(record.get("query").ok_or("no query")?).map_err(|error| error.to_string())?;
    let records = records(record.get("credentials").and_then(Json::as_array).unwrap_or(&[]))?;
    let held: Vec<_> = records.iter().map(Record::as_candidate).collect();
    let evaluation = evaluate(&query, &held, &mut Budget::default()).map_err(|error| error.to_string())?;
    let matches = evaluation.answers().iter().map(|answer| {
        let indexes = answer.matches().iter().map(|found| found.candidate() as u64);
        (answer.id().to_owned(), indexes.collect())
    });
    Ok((evaluation.is_satisfied(), matches.collect()))
}

fn presentation(record: &Json) -> Outcome {
    let asked = record
        .get("ctx")
        .and_then(|ctx| ctx.get("dcqlQuery"))
        .ok_or("no query")?;
    let query = Query::parse(asked).map_err(|error| error.to_string())?;
    let presented = record
        .get("presentation")
        .and_then(Json::as_object)
        .ok_or("no presentation")?;
    let presented = presented
        .iter()
        .map(|(id, records_of)| {
            // Before 1.0 one presentation stood without an array.
            let items = records_of.as_array().unwrap_or(std::slice::from_ref(records_of));
            Ok((id.to_owned(), records(items)?))
        })
        .collect::<Result<Vec<_>, String>>()?;
    let presented: Vec<(&str, Vec<Candidate<'_>>)> = presented
        .iter()
        .map(|(id, records)| (id.as_str(), records.iter().map(Record::as_candidate).collect()))
        .collect();
    let mut matches = Vec::new();
    for (id, candidates) in &presented {
        let asked = query.credential(id).ok_or("unknown id")?;
        let fits = |candidate: &Candidate<'_>| check_presentation(asked, candidate, &mut Budget::default()).is_ok();
        let indexes = (0..).zip(candidates).filter(|(_, candidate)| fits(candidate));
        matches.push(((*id).to_owned(), indexes.map(|(index, _)| index).collect()));
    }
    let all = presented.iter().map(|(id, candidates)| (*id, candidates.as_slice()));
    let satisfied = match check_presented(&query, all, &mut Budget::default()) {
        Ok(()) => true,
        // The package throws where the form is wrong, and says "not satisfied" where the content is.
        Err(error)
            if ["unknown_query", "too_many", "empty"]
                .iter()
                .any(|code| error.code().ends_with(code)) =>
        {
            return Err(error.to_string());
        }
        Err(_) => false,
    };
    Ok((satisfied, matches))
}

fn records(items: &[Json]) -> Result<Vec<Record>, String> {
    items
        .iter()
        .map(|item| Record::parse(item).map_err(|error| error.to_string()))
        .collect()
}

#[test]
fn published_queries_are_read_written_and_answered() {
    for topic in ["dcql/spec-1.0", "dcql/nl-wallet", "openid4vp/spec-1.0/query_lang"] {
        let Some(folder) = wallet_tests::vectors(topic) else {
            return;
        };
        for (name, file) in json_files(folder) {
            let query = Query::parse(&file).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(query.to_json().to_canonical(), file.to_canonical(), "{name}");
            answers_what_has_everything(&name, &query);
        }
    }
}

/// Holds for each credential query a credential with just what it asks for, then takes away one claim at a time.
fn answers_what_has_everything(name: &str, query: &Query) {
    let claims: Vec<Object> = query.credentials().iter().map(everything).collect();
    let held = |claims: &[Object]| {
        let pairs = query.credentials().iter().zip(claims);
        let held: Vec<Candidate<'_>> = pairs.map(|(query, claims)| candidate(query, claims)).collect();
        evaluate(query, &held, &mut Budget::default()).expect("within the budget")
    };
    let evaluation = held(&claims);
    assert!(evaluation.is_satisfied(), "{name}");
    for (index, asked) in query.credentials().iter().enumerate() {
        let answer = evaluation.answer(asked.id()).expect("asked");
        let found = answer.matches().iter().find(|found| found.candidate() == index);
        let chosen: Vec<_> = match asked.claim_sets().first() {
            Some(set) => set.iter().map(|&claim| asked.claims()[claim].path().clone()).collect(),
            None => asked.claims().iter().map(|claim| claim.path().clone()).collect(),
        };
        assert_eq!(found.expect("matches").disclose(), chosen, "{name}: {}", asked.id());
        for (position, claim) in asked.claims().iter().enumerate() {
            let mut less = claims.clone();
            take_away(&mut less[index], claim);
            let evaluation = held(&less);
            let found = evaluation.answer(asked.id()).expect("asked").matches().iter();
            let still = found.map(|found| found.candidate()).any(|candidate| candidate == index);
            let spared = asked.claim_sets().iter().any(|set| !set.contains(&position));
            assert_eq!(still, spared, "{name}: {} without {}", asked.id(), claim.path());
        }
    }
}

fn candidate<'a>(query: &'a CredentialQuery, claims: &'a Object) -> Candidate<'a> {
    let format = Format::from_name(query.format()).expect("a format of 1.0");
    let types: Vec<&str> = match query.meta() {
        Meta::Vct(types) => vec![types.last().expect("not empty")],
        Meta::Doctype(doctype) => vec![doctype],
        Meta::Types(alternatives) => alternatives[0].iter().map(String::as_str).collect(),
        _ => Vec::new(),
    };
    Candidate::new(query.id(), format, claims)
        .with_types(types)
        .with_holder_binding(true)
}

/// Claims at every path of the query, which has only names in these files.
fn everything(query: &CredentialQuery) -> Object {
    let mut claims = Object::new();
    for claim in query.claims() {
        let value = match claim.values().last() {
            Some(ClaimValue::String(value)) => Json::from(value.as_str()),
            Some(ClaimValue::Integer(value)) => Json::from(*value),
            Some(ClaimValue::Bool(value)) => Json::from(*value),
            None => Json::from("present"),
        };
        let (last, parents) = names(claim);
        let mut place = &mut claims;
        for parent in parents {
            if !place.contains(parent) {
                place.insert(parent, Object::new());
            }
            place = place.get_mut(parent).and_then(Json::as_object_mut).expect("an object");
        }
        place.insert(last, value);
    }
    claims
}

fn take_away(claims: &mut Object, claim: &ClaimQuery) {
    let (last, parents) = names(claim);
    let mut place = claims;
    for parent in parents {
        place = place.get_mut(parent).and_then(Json::as_object_mut).expect("an object");
    }
    place.remove(last).expect("was there");
}

/// The last name of a path, and those before it.
fn names(claim: &ClaimQuery) -> (&str, Vec<&str>) {
    let elements = claim.path().elements().iter();
    let mut names: Vec<&str> = elements
        .map(|element| match element {
            PathElement::Key(name) => name.as_str(),
            other => panic!("{other:?} in a file that has only names"),
        })
        .collect();
    let last = names.pop().expect("a path is not empty");
    (last, names)
}

fn json_files(folder: PathBuf) -> Vec<(String, Json)> {
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("readable").path());
    let mut files: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| {
            let text = fs::read(&path).expect("a readable file");
            let json = Json::parse(text, &mut Budget::default()).expect("JSON");
            (path.display().to_string(), json)
        })
        .collect();
    assert!(!files.is_empty(), "no files in {}", folder.display());
    files.sort_by(|(a, _), (b, _)| a.cmp(b));
    files
}
