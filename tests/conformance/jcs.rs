//! RFC 8785: the published inputs, their outputs and the bytes of these.

use std::fs;

use wallet_core::codec::{Budget, Json};

#[test]
fn every_input_has_the_published_canonical_form() {
    let Some(folder) = wallet_tests::vectors("jcs-rfc8785") else {
        return;
    };
    let inputs = fs::read_dir(folder.join("input")).expect("a folder");
    let mut count = 0;
    for input in inputs.map(|entry| entry.expect("an entry").path()) {
        let name = input.file_stem().and_then(|name| name.to_str()).expect("a name");
        let json = Json::parse(fs::read(&input).expect("a file"), &mut Budget::default()).expect(name);
        let canonical = json.to_canonical().expect(name);
        let output = fs::read_to_string(folder.join(format!("output/{name}.json"))).expect("an output");
        assert_eq!(canonical, output, "{name}");
        let hex = fs::read_to_string(folder.join(format!("outhex/{name}.txt"))).expect("an output in hex");
        let bytes: Vec<String> = canonical.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(bytes, hex.split_whitespace().collect::<Vec<_>>(), "{name}");
        let again = Json::parse(&canonical, &mut Budget::default()).expect(name);
        assert_eq!(again.to_canonical().as_ref(), Ok(&canonical), "{name}");
        count += 1;
    }
    assert!(count >= 6, "{count} inputs");
}
