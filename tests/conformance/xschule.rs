//! XSchule 1.2: the published samples and code lists (github.com/ThemenfeldBildung/XSchule).

use std::fs;
use std::path::{Path, PathBuf};

use wallet_core::codec::{Budget, Json};
use wallet_core::rulebook::codes::Code;
use wallet_core::rulebook::xschule::{ClaimOptions, Finding, Message, SchoolReport, Setting};
use wallet_core::rulebook::{Language, Rulebook};

#[test]
fn every_sample_is_read_and_becomes_claims() {
    let Some(folder) = wallet_tests::vectors("xschule") else {
        return;
    };
    let rulebook = Rulebook::bundled();
    let samples = xml_files(&folder);
    assert!(!samples.is_empty(), "no samples in {}", folder.display());
    for path in samples {
        let name = path.display();
        let xml = fs::read(&path).expect("a readable sample");
        let report = SchoolReport::parse(&xml, &mut Budget::default()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let claims = report.to_claims(&ClaimOptions::original(Setting::Test));
        for member in ["family_name", "given_name", "document_role", "source"] {
            assert!(claims.contains(member), "{name}: {member}");
        }
        for language in [Language::German, Language::English] {
            assert!(!report.summary(language).is_empty(), "{name}");
        }
        let Ok(vct) = report.vct() else {
            assert_eq!(report.message(), Message::Transfer, "{name}");
            continue;
        };
        let credential_type = rulebook.lookup(vct).expect("a bundled type");
        let places = credential_type.disclosure_paths(&claims);
        for list in ["courses", "remarks", "absences", "exams"] {
            let count = claims.get(list).and_then(Json::as_array).map_or(0, <[Json]>::len);
            let found = places
                .iter()
                .filter(|place| place.to_string().starts_with(&format!("{list}[")))
                .count();
            assert_eq!(found, count, "{name}: {list}");
        }
        for code in codes_of(&report) {
            let known = code.list().is_some();
            for language in [Language::German, Language::English] {
                assert_eq!(code.label(language).is_some(), known, "{name}: {}", code.as_str());
            }
        }
    }
}

#[test]
fn every_code_of_the_lists_has_labels_in_both_languages() {
    let Some(folder) = wallet_tests::vectors("xschule") else {
        return;
    };
    let lists = xml_files(&folder.join("code"));
    assert!(!lists.is_empty(), "no code lists in {}", folder.display());
    for path in lists {
        let text = fs::read_to_string(&path).expect("a readable code list");
        let mut codes = 0;
        for row in text.split("<Value ColumnRef=\"code\">").skip(1) {
            let value = row
                .split_once("<SimpleValue>")
                .and_then(|(_, rest)| rest.split_once("</SimpleValue>"));
            let code = Code::from_uri(value.expect("a value").0.trim());
            for language in [Language::German, Language::English] {
                assert!(code.label(language).is_some(), "{}: {}", path.display(), code.as_str());
            }
            assert!(code.entry().is_some_and(|entry| entry.is_listed()), "{}", code.as_str());
            codes += 1;
        }
        assert!(codes > 0, "{}", path.display());
    }
}

/// The sample of an Abitur states 284 points for block I where its marks give 286, and 385 points in all: reading
/// reports the first and agrees with the rest, the grade 3.5 among it.
#[test]
fn the_abitur_sample_is_recalculated() {
    let Some(folder) = wallet_tests::vectors("xschule") else {
        return;
    };
    let Ok(xml) = fs::read(folder.join("XSchule_Abiturzeugnis_NW_01.xml")) else {
        return;
    };
    let report = SchoolReport::parse(&xml, &mut Budget::default()).expect("a valid sample");
    assert!(
        matches!(report.findings(), [Finding::BlockDiffers { block: 1, .. }]),
        "{:?}",
        report.findings()
    );
    let claims = report.to_claims(&ClaimOptions::original(Setting::Test));
    assert_eq!(claims.get("final_grade"), Some(&Json::from("3.5")));
    assert_eq!(claims.get("total_points"), Some(&Json::from("385")));
}

fn codes_of(report: &SchoolReport) -> Vec<&Code> {
    let mut codes = vec![report.language()];
    for course in report.courses() {
        codes.extend(&course.subjects);
        codes.extend([&course.year, &course.half_year]);
        codes.extend(
            [&course.level, &course.obligation, &course.status]
                .into_iter()
                .flatten(),
        );
    }
    for exam in report.exams() {
        codes.push(&exam.kind);
        codes.extend(&exam.subjects);
    }
    codes.extend(report.remarks().iter().map(|remark| &remark.kind));
    codes.extend(report.languages().iter().flat_map(|skill| &skill.levels));
    codes
}

fn xml_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    let mut files: Vec<_> = entries
        .filter(|path| path.extension().is_some_and(|kind| kind == "xml"))
        .collect();
    files.sort();
    files
}
