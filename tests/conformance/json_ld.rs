//! JSON-LD 1.1 to statements: the W3C suite `toRdf`, read without a base and refusing what would be lost.

use std::collections::BTreeMap;
use std::fs;

use wallet_core::codec::{Budget, Json};
use wallet_core::credential::w3c::contexts::Contexts;
use wallet_core::credential::w3c::rdf::{Limits, canonical_nquads, canonicalize_nquads};
use wallet_core::crypto::HashAlgorithm;

/// Why a case that others accept is refused here.
const REFUSED: &[(&str, &[&str])] = &[
    // the document is an array, or names a member twice
    (
        "no_object",
        &[
            "#t0133", "#tnt01", "#tnt02", "#tnt06", "#tnt08", "#tnt10", "#tnt11", "#tnt12", "#tnt16",
        ],
    ),
    // a term that looks like a keyword or like another IRI would be ignored, and its values with it
    (
        "rdf.bad_context",
        &[
            "#te005", "#te026", "#te071", "#te119", "#te120", "#tpr35", "#tpr37", "#tpr38", "#tpr39",
        ],
    ),
    // aliases of one keyword beside each other; a language tag that N-Quads cannot hold
    ("rdf.bad_value", &["#tin03", "#tn004", "#twf05"]),
    // a value would be dropped
    (
        "rdf.lost_value",
        &[
            "#t0030", "#tdi03", "#tdi05", "#te001", "#te004", "#te014", "#te019", "#te046", "#te047",
        ],
    ),
    // there is no base to resolve against
    (
        "rdf.relative_iri",
        &[
            "#t0016", "#t0017", "#t0018", "#te028", "#te029", "#te048", "#te051", "#te056", "#te057", "#te059",
            "#te066", "#te076", "#twf01", "#twf03", "#twf07",
        ],
    ),
    // the term would be dropped, or makes no IRI
    (
        "rdf.undefined_term",
        &[
            "#t0118", "#tc014", "#te032", "#te038", "#te068", "#te075", "#tpr06", "#twf02", "#twf04",
        ],
    ),
    // nothing is fetched
    ("rdf.unknown_context", &["#te127"]),
    // @base, @import, @direction, @index, @nest, maps by @id and @type: no credential standard needs them in what is signed
    (
        "rdf.unsupported",
        &[
            "#t0123", "#t0125", "#t0126", "#t0129", "#t0132", "#tc013", "#tc015", "#tc024", "#tc031", "#tc037",
            "#tc038", "#tdi01", "#tdi07", "#te008", "#te036", "#te062", "#te063", "#te082", "#te083", "#te087",
            "#te090", "#te091", "#te092", "#te097", "#te098", "#te099", "#te101", "#te105", "#te106", "#te107",
            "#te108", "#te109", "#te110", "#te111", "#te112", "#te130", "#tin06", "#tli11", "#tli13", "#tm001",
            "#tm002", "#tm003", "#tm005", "#tm006", "#tm007", "#tm008", "#tm011", "#tm012", "#tm013", "#tm016",
            "#tm018", "#tm019", "#tn002", "#tn005", "#tn007", "#tpi06", "#tpi08", "#tpi09", "#tpi10", "#tpi11",
            "#tso05", "#tso06",
        ],
    ),
];

/// Cases that must fail elsewhere and do not here, or that give other statements.
const DIFFERENT: &[(&str, &str)] = &[
    // A scoped context is read when it is used.
    ("#tc033", "accepted"),
    // Rules of JSON-LD 1.0, which is not spoken here.
    ("#tep02", "accepted"),
    ("#ter24", "accepted"),
    ("#ter42", "accepted"),
];

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
    let listed: BTreeMap<_, _> = DIFFERENT.iter().map(|(id, why)| ((*id).to_owned(), *why)).collect();
    assert_eq!(different, listed, "{same} are the same");
    let listed = REFUSED
        .iter()
        .flat_map(|(code, ids)| ids.iter().map(|id| ((*id).to_owned(), *code)));
    assert_eq!(refused, listed.collect(), "{same} are the same");
    assert!(same >= 100, "{same} cases");
}
