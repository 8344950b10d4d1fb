//! The walls of the core: a module may use only what its row in DESIGN allows, and no test file is forgotten.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const BOTTOM: &[&str] = &["codec", "crypto", "envelope", "http", "keys", "time"];

/// A row a module: what it may use, where `credential`, `trust` and so on stand for the layers below them.
const MAY_USE: &[(&str, &[&[&str]])] = &[
    ("codec", &[]),
    ("time", &[]),
    ("http", &[&["codec"]]),
    ("crypto", &[&["codec"]]),
    ("keys", &[&["codec", "crypto"]]),
    ("envelope", &[&["codec", "crypto", "keys"]]),
    ("did", &[&["codec", "http", "keys", "time"]]),
    ("trust", &[BOTTOM, &["did"]]),
    ("credential", &[BOTTOM, &["did", "trust"]]),
    ("rulebook", &[BOTTOM, &["trust", "credential"]]),
    ("status", &[BOTTOM, &["trust", "credential"]]),
    ("protocol", &[&["codec", "http", "keys", "credential"]]),
    ("dcql", &[BOTTOM, &["trust", "credential", "rulebook", "protocol"]]),
    ("issuance", &[BOTTOM, FORMATS]),
    ("presentation", &[BOTTOM, FORMATS]),
    ("proximity", &[BOTTOM, FORMATS]),
    ("issuer", &[BOTTOM, FORMATS]),
    ("verifier", &[BOTTOM, FORMATS]),
    ("store", &[&["codec", "crypto", "time"]]),
    (
        "wallet",
        &[BOTTOM, FORMATS, &["issuance", "presentation", "proximity", "store"]],
    ),
];

const FORMATS: &[&str] = &["did", "trust", "credential", "rulebook", "status", "protocol", "dcql"];

#[test]
fn modules_use_only_what_their_row_allows() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wallet-core/src");
    let modules: BTreeSet<_> = MAY_USE.iter().map(|(module, _)| *module).collect();
    for (module, rows) in MAY_USE {
        for path in rust_files(&source, module) {
            let text = fs::read_to_string(&path).unwrap();
            // Unit tests may set up a scene with anything.
            let code = text.split("#[cfg(test)]").next().unwrap();
            if path.file_name().is_some_and(|name| name == "tests.rs") {
                continue;
            }
            for after in code.split("crate::").skip(1) {
                let used: String = after
                    .chars()
                    .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                    .collect();
                assert!(
                    !used.is_empty(),
                    "{}: write one `use crate::…` a module",
                    path.display()
                );
                let foreign = modules.contains(used.as_str()) && used != *module;
                let allowed = rows.iter().any(|row| row.contains(&used.as_str()));
                assert!(
                    !foreign || allowed,
                    "{}: `{module}` may not use `{used}`",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn every_module_of_the_core_has_a_row() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wallet-core/src");
    let rows: BTreeSet<_> = MAY_USE.iter().map(|(module, _)| (*module).to_owned()).collect();
    for name in module_names(&source) {
        assert!(rows.contains(&name) || name == "lib", "`{name}` has no row in MAY_USE");
    }
}

#[test]
fn no_test_file_is_forgotten() {
    for suite in ["behaviour", "conformance"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(suite);
        let main = fs::read_to_string(folder.join("main.rs")).unwrap();
        for name in module_names(&folder) {
            assert!(
                name == "main" || main.contains(&format!("mod {name};")),
                "{suite}/{name}.rs is not in main.rs"
            );
        }
    }
}

fn module_names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let names = entries.filter(|path| path.extension().is_none_or(|extension| extension == "rs"));
    names
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect()
}

fn rust_files(source: &Path, module: &str) -> Vec<PathBuf> {
    let mut open = vec![source.join(format!("{module}.rs")), source.join(module)];
    let mut files = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") && path.exists() {
            files.push(path);
        }
    }
    files
}
