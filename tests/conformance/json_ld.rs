//! JSON-LD 1.1 to statements: the W3C suite `toRdf`, read without a base and refusing what would be lost.

use std::collections::BTreeMap;
use std::fs;

use wallet_core::codec::{Budget, Json};
use wallet_core::credential::w3c::contexts::Contexts;
use wallet_core::credential::w3c::rdf::{Limits, canonical_nquads, canonicalize_nquads};
use wallet_core::crypto::HashAlgorithm;

/// Why a case that others accept is refused here.
const REFUSED: &[(&str, &str)] = &[];

/// Cases that must fail elsewhere and do not here, or that give other statements.
const DIFFERENT: &[(&str, &str)] = &[];

#[test]
fn every_case_has_its_statements_or_is_refused_for_a_stated_reason() {
    let Some(folder) = wallet_tests::vectors("json-ld") else {
        return;
    };
    let manifest = fs::read(folder.join("toRdf-manifest.jsonld")).unwrap();
    let manifest = Json::parse(manifest, &mut Budget::default()).unwrap();
    let (mut same, mut refused, mut different) = (0, BTreeMap::new(), BTreeMap::new());
    for entry in manifest.get("sequence").and_then(Json::as_array).unwrap() {
        let field = |name| entry.get(name).and_then(Json::as_str);
        let id = field("@id").unwrap().to_owned();
        let kinds = entry.get("@type").and_then(Json::as_array).unwrap();
        let positive = !kinds.contains(&Json::from("jld:NegativeEvaluationTest"));
        let Ok(text) = fs::read(folder.join(field("input").unwrap())) else {
            continue;
        };
        let parsed = Json::parse(text, &mut Budget::default());
        let Some(document) = parsed.as_ref().ok().and_then(Json::as_object) else {
            if positive {
                refused.insert(id, "no_object");
            } else {
                same += 1;
            }
            continue;
        };
        let (hash, limits) = (HashAlgorithm::Sha256, Limits::default());
        match (canonical_nquads(document, &Contexts::empty(), hash, &limits), positive) {
            (Err(_), false) => same += 1,
            (Err(error), true) => {
                refused.insert(id, error.code());
            }
            (Ok(_), false) => {
                different.insert(id, "accepted");
            }
            (Ok(made), true) => match field("expect").map(|path| fs::read_to_string(folder.join(path)).unwrap()) {
                Some(expected) => match canonicalize_nquads(&expected, hash, &limits) {
                    Ok(expected) if expected.quads() == made.quads() => same += 1,
                    _ => {
                        different.insert(id, "statements");
                    }
                },
                None => same += 1,
            },
        }
    }
    let listed = |list: &[(&'static str, &'static str)]| -> BTreeMap<String, &'static str> {
        list.iter().map(|(id, why)| ((*id).to_owned(), *why)).collect()
    };
    assert_eq!(different, listed(DIFFERENT), "{same} are the same");
    assert_eq!(refused, listed(REFUSED), "{same} are the same");
    assert!(same >= 100, "{same} cases");
}
