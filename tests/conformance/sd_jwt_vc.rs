//! SD-JWT VC: the examples of the specification, and type metadata of the Dutch wallet and of DC4EU.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use wallet_core::codec::Budget;
use wallet_core::credential::sd_jwt::Kind;
use wallet_core::credential::sd_jwt::type_metadata::{
    Integrity, ResolvedType, TypeFetch, TypeMetadata, TypeMetadataError, TypeReference, TypeStep,
};

#[test]
fn every_example_verifies_and_says_what_it_should() {
    let Some(folder) = wallet_tests::vectors("sd-jwt-vc") else {
        return;
    };
    let count = super::sd_jwt::run(&folder.join("sd-jwt-vc"), Kind::Vc);
    assert!(count >= 3, "{count} cases");
}

/// By type: the documents of a folder.
fn documents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path());
    let read = |path: std::path::PathBuf| {
        let document = fs::read(&path).expect("a file");
        let metadata = TypeMetadata::parse(&document, &mut Budget::default());
        let metadata = metadata.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        (metadata.vct, document)
    };
    files.map(read).collect()
}

/// Resolves a type from documents at hand; the type that is missing, if one is.
fn resolve(
    vct: &str,
    documents: &BTreeMap<String, Vec<u8>>,
) -> Result<Result<ResolvedType, String>, TypeMetadataError> {
    let mut fetch = TypeFetch::begin(TypeReference::new(vct));
    loop {
        let Some(document) = documents.get(&fetch.reference().vct) else {
            return Ok(Err(fetch.reference().vct.clone()));
        };
        match fetch.document(document, &mut Budget::default())? {
            TypeStep::Fetch(next) => fetch = next,
            TypeStep::Done(resolved) => return Ok(Ok(resolved)),
        }
    }
}

/// Types whose parents are not among the vectors.
const ORPHANS: &[(&str, &str)] = &[
    (
        "https://sd_jwt_vc_metadata.example.com/example_credential_v2",
        "https://sd_jwt_vc_metadata.example.com/example_credential",
    ),
    (
        "https://sd_jwt_vc_metadata.example.com/example_credential_v3",
        "https://sd_jwt_vc_metadata.example.com/example_credential",
    ),
];

#[test]
fn every_type_resolves_with_its_parents_and_their_integrity() {
    let Some(folder) = wallet_tests::vectors("sd-jwt-vc") else {
        return;
    };
    for (folder, least) in
        [("nl-wallet-type-metadata", 8), ("dc4eu-vctm", 4)].map(|(name, least)| (folder.join(name), least))
    {
        let documents = documents(&folder);
        assert!(documents.len() >= least, "{}", folder.display());
        for vct in documents.keys() {
            let missing = ORPHANS
                .iter()
                .find(|(child, _)| child == vct)
                .map(|(_, parent)| (*parent).to_owned());
            match resolve(vct, &documents) {
                Ok(Ok(resolved)) => {
                    assert_eq!(missing, None, "{vct}");
                    assert!(!resolved.display().is_empty() && !resolved.claims().is_empty(), "{vct}");
                }
                Ok(Err(parent)) => assert_eq!(missing, Some(parent), "{vct}"),
                Err(error) => panic!("{vct}: {error}"),
            }
        }
    }
    let mut documents = documents(&folder.join("nl-wallet-type-metadata"));
    let resolved = resolve("urn:example:pid:nl:1", &documents)
        .expect("valid")
        .expect("complete");
    assert_eq!(resolved.type_names(), ["urn:example:pid:nl:1", "urn:example:pid:1"]);
    let parent = documents.get_mut("urn:example:pid:1").expect("the parent");
    assert!(Integrity::of(parent).starts_with("sha256-44Ectg/"));
    parent.push(b'\n');
    assert_eq!(
        resolve("urn:example:pid:nl:1", &documents),
        Err(TypeMetadataError::IntegrityMismatch)
    );
}
