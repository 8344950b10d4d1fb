//! RDFC-1.0: the W3C suite, with the graph that must be refused for the work it asks.

use std::collections::BTreeMap;
use std::fs;

use wallet_core::codec::{Budget, Json};
use wallet_core::credential::w3c::rdf::{Limits, canonicalize_nquads};
use wallet_core::crypto::HashAlgorithm;

#[test]
fn every_case_of_the_suite_has_its_published_result() {
    let Some(folder) = wallet_tests::vectors("rdf-canon") else {
        return;
    };
    let manifest = fs::read(folder.join("manifest.jsonld")).unwrap();
    let manifest = Json::parse(manifest, &mut Budget::default()).unwrap();
    let mut count = 0;
    for entry in manifest.get("entries").and_then(Json::as_array).unwrap() {
        let field = |name| entry.get(name).and_then(Json::as_str);
        let id = field("id").unwrap();
        let input = fs::read_to_string(folder.join(field("action").unwrap())).unwrap();
        let hash = match field("hashAlgorithm") {
            Some("SHA384") => HashAlgorithm::Sha384,
            _ => HashAlgorithm::Sha256,
        };
        let result = canonicalize_nquads(&input, hash, &Limits::default());
        match field("type").unwrap() {
            "rdfc:RDFC10EvalTest" => {
                let expected = fs::read_to_string(folder.join(field("result").unwrap())).unwrap();
                assert_eq!(result.expect(id).text(), expected, "{id}");
            }
            "rdfc:RDFC10MapTest" => {
                let expected = fs::read(folder.join(field("result").unwrap())).unwrap();
                let expected = Json::parse(expected, &mut Budget::default()).unwrap();
                let expected: BTreeMap<_, _> = expected.as_object().unwrap().iter().collect();
                let result = result.expect(id);
                let labels: BTreeMap<_, _> = result.labels().iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
                assert_eq!(labels.len(), expected.len(), "{id}");
                for (label, canonical) in expected {
                    assert_eq!(labels.get(label).copied(), canonical.as_str(), "{id}");
                }
            }
            "rdfc:RDFC10NegativeEvalTest" => {
                assert_eq!(result.expect_err(id).code(), "rdf.too_much_work", "{id}");
            }
            other => panic!("{id}: a case of kind {other}"),
        }
        count += 1;
    }
    assert!(count >= 50, "{count} cases");
}
