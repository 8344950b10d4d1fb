use super::*;
use crate::codec::{Budget, Json, Object, multibase};
use crate::http::{HttpsUrl, LinkPolicy};
use crate::status::{Status, UnknownReason};
use crate::time::Timestamp;

const URL: &str = "https://schule.example/status/1";

fn now() -> Timestamp {
    Timestamp::parse("2026-07-05T12:00:00Z").unwrap()
}

fn object(text: &str) -> Object {
    let json = Json::parse(text, &mut Budget::default()).unwrap();
    json.as_object().unwrap().clone()
}

fn entry(purpose: &str, index: u64) -> BitstringEntry {
    let url = HttpsUrl::parse(URL, LinkPolicy::HttpsOnly).unwrap();
    BitstringEntry::new(StatusPurpose::from_name(purpose), &url, index)
}

/// A list for three purposes, whose last entry is set.
fn credential() -> Object {
    let mut bits = Bitstring::new(0, 1).unwrap();
    bits.set(131_071, 1, 1).unwrap();
    credential_of(&bits)
}

fn credential_of(bits: &Bitstring) -> Object {
    let purposes = ["revocation", "suspension", "message", "refresh", "grade"].map(StatusPurpose::from_name);
    Object::new()
        .with("id", Json::from(URL))
        .with(
            "type",
            Json::from(vec![
                Json::from("VerifiableCredential"),
                Json::from("BitstringStatusListCredential"),
            ]),
        )
        .with("validFrom", Json::from("2026-07-01T00:00:00Z"))
        .with("validUntil", Json::from("2026-08-01T00:00:00Z"))
        .with(
            "credentialSubject",
            Json::Object(BitstringStatusList::subject(URL, &purposes, bits, Some(60_000))),
        )
}

fn read(credential: &Object) -> Result<BitstringStatusList, BitstringError> {
    BitstringStatusList::read(credential, URL, now())
}

#[test]
fn the_first_entry_is_the_left_most_bit() {
    let mut bits = Bitstring::new(0, 1).unwrap();
    bits.set(0, 1, 1).unwrap();
    bits.set(10, 1, 1).unwrap();
    assert_eq!((bits.get(0, 8), bits.get(1, 8)), (Ok(0x80), Ok(0x20)));
    bits.set(1, 3, 5).unwrap();
    assert_eq!(bits.get(1, 3), Ok(5));
    assert_eq!((bits.get(3, 1), bits.get(4, 1), bits.get(5, 1)), (Ok(1), Ok(0), Ok(1)));
    bits.set(1, 3, 2).unwrap();
    assert_eq!(bits.get(1, 3), Ok(2));
    assert_eq!(Bitstring::decode(&bits.encode()), Ok(bits));
}

#[test]
fn purposes_are_kept_apart_and_the_worst_entry_counts() {
    let list = [read(&credential()).unwrap()];
    let judge = |entries: &[(&str, u64)]| {
        let entries = entries
            .iter()
            .map(|(purpose, index)| StatusEntry::Bitstring(entry(purpose, *index)));
        judge_entries(&entries.collect::<Vec<_>>(), &list, now())
    };
    assert_eq!(judge(&[]), Status::Untracked);
    assert_eq!(judge(&[("revocation", 0), ("suspension", 0)]), Status::Valid);
    assert_eq!(judge(&[("revocation", 0), ("suspension", 131_071)]), Status::Suspended);
    assert_eq!(
        judge(&[("suspension", 131_071), ("revocation", 131_071)]),
        Status::Revoked
    );
    assert_eq!(judge(&[("message", 131_071), ("refresh", 131_071)]), Status::Valid);
    assert_eq!(judge(&[("grade", 131_071)]), Status::Other(1));
    assert_eq!(
        judge_entries(&[StatusEntry::Bitstring(entry("revocation", 0))], &[], now()),
        Status::Unknown(UnknownReason::NotFetched)
    );
    let unsupported = [StatusEntry::Bitstring(entry("revocation", 0)), StatusEntry::Unsupported];
    let Status::Unknown(reason) = judge_entries(&unsupported, &list, now()) else {
        panic!("an entry that is not understood is unknown")
    };
    assert_eq!(reason.code(), "bitstring.unsupported_entry");
}

#[test]
fn a_message_is_one_of_those_the_entry_names() {
    let entry = entry("message", 7)
        .with_messages(&["pending", "accepted", "rejected", "undefined"])
        .unwrap();
    let read_back = BitstringEntry::parse(&entry.encode()).unwrap();
    assert_eq!(read_back, entry);
    let mut bits = Bitstring::new(0, 2).unwrap();
    bits.set(7, 2, 2).unwrap();
    let list = read(&credential_of(&bits)).unwrap();
    let status = list.status_of(&entry, now()).unwrap();
    assert_eq!((status.value, status.message.as_deref()), (2, Some("rejected")));
    assert_eq!(status.status(), Status::Valid);
}

#[test]
fn refuses_entries_that_leave_something_open() {
    let valid = r#"{"credentialStatus":{"type":"BitstringStatusListEntry","statusPurpose":"message","statusListIndex":"7",
        "statusListCredential":"https://schule.example/status/1","statusSize":1,
        "statusMessage":[{"status":"0x0","message":"a"},{"status":"0x1","message":"b"}]}}"#;
    assert_eq!(status_entries(&object(valid)).unwrap().len(), 1);
    for (from, to, code) in [
        (r#""statusPurpose":"message","#, "", "bitstring.entry_malformed"),
        (r#""7""#, "7", "bitstring.entry_malformed"),
        (r#""7""#, r#""07""#, "bitstring.entry_malformed"),
        (r#""7""#, r#""+7""#, "bitstring.entry_malformed"),
        (r#""7""#, r#""-7""#, "bitstring.entry_malformed"),
        (r#""7""#, r#""""#, "bitstring.entry_malformed"),
        (r#""7""#, r#""9007199254740992""#, "bitstring.entry_malformed"),
        (
            r#""https://schule.example/status/1""#,
            r#""status/1""#,
            "bitstring.entry_malformed",
        ),
        (r#""statusSize":1"#, r#""statusSize":0"#, "bitstring.entry_malformed"),
        (r#""statusSize":1"#, r#""statusSize":"1""#, "bitstring.entry_malformed"),
        (r#""statusSize":1"#, r#""statusSize":2"#, "bitstring.entry_malformed"),
        (r#""statusSize":1"#, r#""statusSize":9"#, "bitstring.entry_too_wide"),
        (r#""status":"0x1""#, r#""status":"0x0""#, "bitstring.entry_malformed"),
        (r#""status":"0x1""#, r#""status":"1""#, "bitstring.entry_malformed"),
        (r#""status":"0x1""#, r#""status":"0x2""#, "bitstring.entry_malformed"),
        (r#""message":"b""#, r#""message":1"#, "bitstring.entry_malformed"),
        (r#""type":"BitstringStatusListEntry","#, "", "bitstring.entry_malformed"),
    ] {
        let mutated = valid.replacen(from, to, 1);
        assert_ne!(mutated, valid, "{from}");
        let found = status_entries(&object(&mutated)).map_err(|error| error.code());
        assert_eq!(found, Err(code), "{to}");
    }
    let wide = valid.replace(r#""statusSize":1"#, r#""statusSize":2"#);
    let bare = wide.split(r#","statusMessage""#).next().unwrap();
    let bare = bare.split(",\n        \"statusMessage\"").next().unwrap();
    let found = status_entries(&object(&format!("{bare}}}}}"))).map_err(|error| error.code());
    assert_eq!(found, Err("bitstring.entry_malformed"));
    let other = valid.replace("BitstringStatusListEntry", "StatusList2021Entry");
    assert_eq!(status_entries(&object(&other)), Ok(vec![StatusEntry::Unsupported]));
    let many = format!(r#"{{"credentialStatus":[{}]}}"#, ["{}"; 17].join(","));
    let found = status_entries(&object(&many)).map_err(|error| error.code());
    assert_eq!(found, Err("bitstring.too_many_entries"));
    assert_eq!(status_entries(&Object::new()), Ok(Vec::new()));
}

/// The credential with one member of its subject changed.
fn with_subject(name: &str, value: Option<Json>) -> Object {
    let mut credential = credential();
    let subject = credential
        .get_mut("credentialSubject")
        .and_then(Json::as_object_mut)
        .unwrap();
    subject.remove(name);
    if let Some(value) = value {
        subject.insert(name, value);
    }
    credential
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn refuses_lists_that_are_not_as_they_should_be() {
    let with = |name: &str, value: &str| {
        let mut credential = credential();
        credential.insert(name, value);
        credential
    };
    let list = |bytes: &[u8]| with_subject("encodedList", Some(multibase::encode_base64url(bytes).into()));
    let good = gzip(&[0; 16_384]);
    assert!(read(&list(&good)).is_ok());
    let mut corrupt = good.clone();
    let last = corrupt.len() - 8;
    corrupt[last] ^= 1;
    for (name, credential, code) in [
        ("type", with("type", "VerifiableCredential"), "bitstring.list_malformed"),
        (
            "id",
            with("id", "https://schule.example/status/2"),
            "bitstring.wrong_list",
        ),
        ("time", with("validUntil", "tomorrow"), "bitstring.list_malformed"),
        ("subject", with("credentialSubject", "none"), "bitstring.list_malformed"),
        ("subject type", with_subject("type", None), "bitstring.list_malformed"),
        (
            "purpose",
            with_subject("statusPurpose", None),
            "bitstring.list_malformed",
        ),
        (
            "no purpose",
            with_subject("statusPurpose", Some(Json::Array(Vec::new()))),
            "bitstring.list_malformed",
        ),
        (
            "ttl",
            with_subject("ttl", Some(Json::from("60000"))),
            "bitstring.list_malformed",
        ),
        ("no list", with_subject("encodedList", None), "bitstring.list_malformed"),
        (
            "prefix",
            with_subject("encodedList", Some("H4sIAAAAAAAAAw".into())),
            "multibase.prefix",
        ),
        (
            "base58",
            with_subject("encodedList", Some(multibase::encode_base58btc(&good).into())),
            "multibase.prefix",
        ),
        (
            "padding",
            with_subject("encodedList", Some("uAA==".into())),
            "multibase.base64",
        ),
        ("no gzip", list(&[0; 32]), "bitstring.compression"),
        ("cut off", list(&good[..good.len() - 1]), "bitstring.compression"),
        ("checksum", list(&corrupt), "bitstring.compression"),
        (
            "two members",
            list(&[good.clone(), good.clone()].concat()),
            "bitstring.compression",
        ),
        ("short", list(&gzip(&[0; 16_383])), "bitstring.list_too_short"),
        ("bomb", list(&gzip(&vec![0; (8 << 20) + 1])), "bitstring.list_too_long"),
    ] {
        assert_eq!(read(&credential).map_err(|error| error.code()), Err(code), "{name}");
    }
}

#[test]
fn what_a_list_cannot_tell_is_unknown() {
    let list = read(&credential()).unwrap();
    let code = |entry: &BitstringEntry, now| list.status_of(entry, now).unwrap_err().code();
    assert_eq!(list.status_of(&entry("revocation", 131_071), now()).unwrap().value, 1);
    assert_eq!(
        code(&entry("revocation", 131_072), now()),
        "bitstring.index_out_of_range"
    );
    assert_eq!(code(&entry("other", 0), now()), "bitstring.wrong_purpose");
    let wide = entry("message", 0).with_messages(&["a", "b", "c", "d"]).unwrap();
    assert_eq!(code(&wide, now()), "bitstring.list_too_short");
    assert_eq!(code(&entry("revocation", 0), now().plus(61)), "status.list_stale");
    assert!(list.status_of(&entry("revocation", 0), now().plus(60)).is_ok());
    assert_eq!(
        code(&entry("revocation", 0), now().plus(40 * 86_400)),
        "bitstring.list_expired"
    );
    assert_eq!(
        code(&entry("revocation", 0), now().plus(-40 * 86_400)),
        "bitstring.list_not_yet_valid"
    );
    let url = HttpsUrl::parse("https://schule.example/status/2", LinkPolicy::HttpsOnly).unwrap();
    let other = BitstringEntry::new(StatusPurpose::Revocation, &url, 0);
    assert_eq!(code(&other, now()), "bitstring.wrong_list");
}

#[test]
fn refuses_to_make_lists_that_a_reader_would_refuse() {
    assert_eq!(
        Bitstring::new(u64::MAX, 1).unwrap_err().code(),
        "bitstring.list_too_long"
    );
    assert_eq!(Bitstring::new(0, 9).unwrap_err().code(), "bitstring.entry_too_wide");
    assert_eq!(Bitstring::new(0, 0).unwrap_err().code(), "bitstring.entry_too_wide");
    let mut bits = Bitstring::new(0, 2).unwrap();
    assert_eq!(bits.set(0, 2, 4).unwrap_err().code(), "bitstring.value_too_large");
    assert_eq!(
        bits.set(131_072, 2, 1).unwrap_err().code(),
        "bitstring.index_out_of_range"
    );
    let entry = entry("message", 0).with_messages(&["a", "b", "c"]);
    assert_eq!(entry.unwrap_err().code(), "bitstring.entry_malformed");
    let policy = LinkPolicy::HttpsOnly;
    let inside = BitstringEntry::parse(&object(
        r#"{"statusPurpose":"revocation","statusListIndex":"7","statusListCredential":"http://10.0.0.1/"}"#,
    ));
    assert_eq!(inside.unwrap().request(policy).unwrap_err().code(), "url.not_https");
}
