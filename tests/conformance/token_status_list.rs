//! The examples of draft-ietf-oauth-status-list (toward -21): lists in JSON and CBOR, and a token as JWT.
//!
//! Divergences, each with its reason, are in [`DIVERGENCES`]; one that passes all the same fails the test.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::path::Path;

use wallet_core::codec::{Budget, Json, base64url};
use wallet_core::envelope::jws::UnverifiedJws;
use wallet_core::status::{StatusList, StatusWidth};
use wallet_tests::vectors;

/// Examples that are refused, and why.
const DIVERGENCES: &[(&str, &str)] = &[
    (
        "referenced_token_cwt",
        "CWT is not supported: SD-JWT VC refers to tokens as JWT",
    ),
    ("referenced_token_cwt_diag", "CWT is not supported"),
    ("status_list_cwt", "CWT is not supported"),
    ("status_list_cwt_diag", "CWT is not supported"),
];

/// §4.1 and Appendix "Test vectors": entries that are not 0.
const ONE_BIT: &[(u64, u8)] = &[
    (0, 1),
    (1993, 1),
    (25460, 1),
    (159_495, 1),
    (495_669, 1),
    (554_353, 1),
    (645_645, 1),
    (723_232, 1),
    (854_545, 1),
    (934_534, 1),
    (1_000_345, 1),
];
const TWO_BITS: &[(u64, u8)] = &[
    (0, 1),
    (1993, 2),
    (25460, 1),
    (159_495, 3),
    (495_669, 1),
    (554_353, 1),
    (645_645, 2),
    (723_232, 1),
    (854_545, 1),
    (934_534, 2),
    (1_000_345, 3),
];
const FOUR_BITS: &[(u64, u8)] = &[
    (0, 1),
    (1993, 2),
    (35460, 3),
    (459_495, 4),
    (595_669, 5),
    (754_353, 6),
    (845_645, 7),
    (923_232, 8),
    (924_445, 9),
    (934_534, 10),
    (1_000_345, 12),
    (1_004_534, 11),
    (1_030_203, 13),
    (1_030_204, 14),
    (1_030_205, 15),
];

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join("draft-examples").join(format!("{name}.md"))).unwrap()
}

/// The JSON object of a page, whose strings are broken over lines.
fn json(page: &str) -> Json {
    let object: String = page[page.find('{').unwrap()..].split_whitespace().collect();
    Json::parse(object, &mut Budget::default()).unwrap()
}

/// Bits and compressed list of a page in hexadecimal CBOR: a map of `bits` to a small number, `lst` to bytes.
fn cbor(page: &str) -> (u64, Vec<u8>) {
    let hex: String = page[page.find("a264").unwrap()..].split_whitespace().collect();
    let bytes: Vec<u8> = (0..hex.len() / 2)
        .map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap())
        .collect();
    assert_eq!(&bytes[..6], b"\xa2\x64bits");
    assert_eq!(&bytes[7..11], b"\x63lst");
    let (length, start) = match bytes[11] {
        short @ 0x40..=0x57 => (usize::from(short - 0x40), 12),
        0x58 => (usize::from(bytes[12]), 13),
        _ => (usize::from(u16::from_be_bytes([bytes[12], bytes[13]])), 14),
    };
    assert_eq!(bytes.len(), start + length);
    (u64::from(bytes[6]), bytes[start..].to_vec())
}

fn set_entries(list: &StatusList) -> Vec<(u64, u8)> {
    let entries = (0..list.len()).map(|index| (index, list.get(index).unwrap()));
    entries.filter(|(_, value)| *value != 0).collect()
}

#[test]
fn lists_decode_to_the_published_entries_and_encode_to_the_published_bytes() {
    let Some(folder) = vectors("token-status-list") else {
        return;
    };
    for (name, bits, entries) in [
        ("status_list_encoding", 1, None),
        ("status_list_encoding2", 2, None),
        ("status_list_encoding1_long", 1, Some(ONE_BIT)),
        ("status_list_encoding2_long", 2, Some(TWO_BITS)),
        ("status_list_encoding4", 4, Some(FOUR_BITS)),
        ("status_list_encoding8", 8, None),
    ] {
        let published = json(&read(&folder, &format!("{name}_json")));
        let list = StatusList::decode(&published).unwrap();
        assert_eq!(u64::from(list.width().bits()), bits, "{name}");
        if let Some(entries) = entries {
            assert_eq!(list.len(), 1 << 20, "{name}");
            assert_eq!(set_entries(&list), entries, "{name}");
        }
        // What our encoder makes need not be the published bytes (zlib made those), but must be as short and mean
        // the same.
        let ours = StatusList::decode(&Json::from(list.encode())).unwrap();
        assert_eq!(ours, list, "{name}");
        let theirs = base64url::decode(published.get("lst").and_then(Json::as_str).unwrap()).unwrap();
        assert!(list.compress().len() <= theirs.len() + theirs.len() / 4, "{name}");

        let (cbor_bits, compressed) = cbor(&read(&folder, &format!("{name}_cbor")));
        assert_eq!(cbor_bits, bits, "{name}");
        let width = StatusWidth::from_bits(cbor_bits).unwrap();
        assert_eq!(StatusList::decompress(width, &compressed).unwrap(), list, "{name}");
    }
}

#[test]
fn the_two_short_lists_are_made_byte_by_byte() {
    let Some(folder) = vectors("token-status-list") else {
        return;
    };
    for (name, width, bytes) in [
        ("status_list_encoding_json", StatusWidth::One, vec![0xb9, 0xa3]),
        ("status_list_encoding2_json", StatusWidth::Two, vec![0xc9, 0x44, 0xf9]),
    ] {
        let list = StatusList::from_bytes(width, bytes).unwrap();
        assert_eq!(Json::from(list.encode()), json(&read(&folder, name)), "{name}");
    }
}

#[test]
fn an_eight_bit_list_holds_every_value_once() {
    let Some(folder) = vectors("token-status-list") else {
        return;
    };
    let list = StatusList::decode(&json(&read(&folder, "status_list_encoding8_json"))).unwrap();
    let mut values: Vec<u8> = set_entries(&list).into_iter().map(|(_, value)| value).collect();
    values.sort_unstable();
    assert_eq!(values, (1..=255).collect::<Vec<u8>>());
}

#[test]
fn the_token_example_has_the_header_and_list_that_it_says() {
    let Some(folder) = vectors("token-status-list") else {
        return;
    };
    let page = read(&folder, "status_list_jwt");
    let (header, payload) = page.split_once("}\n.").unwrap();
    assert_eq!(
        json(&format!("{header}}}")).get("typ").and_then(Json::as_str),
        Some("statuslist+jwt")
    );
    let list = json(payload).get("status_list").cloned().unwrap();
    assert_eq!(StatusList::decode(&list).unwrap().as_bytes(), [0xb9, 0xa3]);
}

#[test]
fn divergences_are_as_listed() {
    let Some(folder) = vectors("token-status-list") else {
        return;
    };
    for (name, reason) in DIVERGENCES {
        let text: String = read(&folder, name).split_whitespace().collect();
        let parsed = UnverifiedJws::parse(&text, &mut Budget::default());
        assert!(parsed.is_err(), "{name} passes now: {reason}");
    }
    let text: String = read(&folder, "status_list_jwt_raw").split_whitespace().collect();
    let raw = UnverifiedJws::parse(&text, &mut Budget::default()).unwrap();
    assert_eq!(raw.header().expect_typ("statuslist+jwt"), Ok(()));
    // No example is forgotten: each is either used above or listed.
    for entry in std::fs::read_dir(folder.join("draft-examples")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let name = name.trim_end_matches(".md").to_owned();
        let listed = DIVERGENCES.iter().any(|(other, _)| *other == name);
        let used = name.starts_with("status_list_encoding") || name.starts_with("status_list_jwt");
        assert!(listed || used, "{name}");
    }
}
