//! The examples of Bitstring Status List v1.0 and of its test suite: entries of credentials, and lists.

use std::path::Path;

use wallet_core::codec::{Budget, Json, Object};
use wallet_core::status::Status;
use wallet_core::status::bitstring::{BitstringStatusList, StatusEntry, StatusPurpose, judge_entries, status_entries};
use wallet_core::time::Timestamp;
use wallet_tests::vectors;

fn read(folder: &Path, name: &str) -> Object {
    let text = std::fs::read(folder.join(name)).unwrap();
    let json = Json::parse(text, &mut Budget::default()).unwrap();
    json.as_object().unwrap().clone()
}

fn bitstring(entries: &[StatusEntry]) -> Vec<(&str, u64, &str)> {
    let entries = entries.iter().map(|entry| match entry {
        StatusEntry::Bitstring(entry) => (entry.purpose().name(), entry.index(), entry.list()),
        other => panic!("{other:?}"),
    });
    entries.collect()
}

#[test]
fn every_example_reads_as_the_specification_explains_it() {
    let Some(folder) = vectors("bitstring-status-list") else {
        return;
    };
    let two = status_entries(&read(&folder, "spec-example-01.json")).unwrap();
    let one = status_entries(&read(&folder, "spec-example-03.json")).unwrap();
    let third = ("revocation", 94567, "https://example.com/credentials/status/3");
    let fourth = ("suspension", 23452, "https://example.com/credentials/status/4");
    assert_eq!(bitstring(&two), [third, fourth]);
    assert_eq!(bitstring(&one), [third]);
    assert_eq!(status_entries(&read(&folder, "validVc.json")), Ok(Vec::new()));

    let now = Timestamp::parse("2026-07-05T12:00:00Z").unwrap();
    for name in ["spec-example-02.json", "spec-example-04.json"] {
        let credential = read(&folder, name);
        let list = BitstringStatusList::read(&credential, third.2, now).unwrap();
        assert_eq!(list.purposes(), [StatusPurpose::Revocation]);
        let lists = [list];
        assert_eq!(judge_entries(&one, &lists, now), Status::Valid);
        // The list of suspensions was not fetched: the first entry alone does not make the credential valid.
        assert_eq!(judge_entries(&two, &lists, now).name(), "unknown");
    }
}

#[test]
fn no_example_is_forgotten() {
    let Some(folder) = vectors("bitstring-status-list") else {
        return;
    };
    let entries = std::fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| name.ends_with(".json")).collect();
    names.sort();
    let known = [
        "spec-example-01.json",
        "spec-example-02.json",
        "spec-example-03.json",
        "spec-example-04.json",
        "validVc.json",
    ];
    assert_eq!(names, known);
}
