//! RFC 8949 Appendix A: every example is read, and written again where its encoding is the shortest.

use std::fs;

use wallet_core::codec::cbor::{Cbor, CborError, CborValue};
use wallet_core::codec::{Budget, Json};

/// Examples that we refuse or read differently, and why.
const DIVERGENCES: &[(&str, CborError)] = &[
    // RFC 7049 had `simple(24)`; RFC 8949 §3.3 makes it malformed, and its Appendix A has it no more.
    ("f818", CborError::Malformed { offset: 0 }),
];

#[test]
fn every_example_is_read_and_written() {
    let Some(folder) = wallet_tests::vectors("cbor") else {
        return;
    };
    let text = fs::read(folder.join("appendix_a.json")).unwrap();
    let examples = Json::parse(text, &mut Budget::default()).unwrap();
    let examples = examples.as_array().unwrap();
    assert!(examples.len() >= 80, "{}", examples.len());
    for example in examples {
        let hex = example.get("hex").and_then(Json::as_str).unwrap();
        let bytes = bytes(hex);
        let item = Cbor::parse(&bytes, &mut Budget::default());
        if let Some((_, error)) = DIVERGENCES.iter().find(|(diverging, _)| *diverging == hex) {
            assert_eq!(item, Err(error.clone()), "{hex}");
            continue;
        }
        let item = item.unwrap_or_else(|error| panic!("{hex}: {error}"));
        assert_eq!(item.raw(), bytes, "{hex}");
        let value = item.to_value();
        let written = value.encode();
        if example.get("roundtrip").and_then(Json::as_bool) == Some(true) {
            assert_eq!(written, bytes, "{hex}");
        }
        // Whatever it was written as, the value is the same.
        assert_eq!(
            CborValue::parse(&written, &mut Budget::default()),
            Ok(value.clone()),
            "{hex}"
        );
        if let Some(decoded) = example.get("decoded") {
            assert!(is_same(&value, decoded), "{hex}: {value:?} is not {decoded:?}");
        }
        if let Some(diagnostic) = example.get("diagnostic").and_then(Json::as_str) {
            // Chunks are joined when they are read.
            let joined = diagnostic.replace("(_ h'0102', h'030405')", "h'0102030405'");
            assert_eq!(diagnose(&value), joined, "{hex}");
        }
    }
}

/// Compares with JSON: numbers by value, however they are written.
fn is_same(value: &CborValue, json: &Json) -> bool {
    let number = || json.to_string().parse::<f64>().ok();
    match (value, json) {
        (CborValue::Float(float), _) => number().is_some_and(|number| number.to_bits() == float.to_bits()),
        // RFC 8949 §3.4.3: 2^64 and -1 - 2^64.
        (CborValue::Tag(2, content), _) => {
            content.as_bytes() == Some(&[1, 0, 0, 0, 0, 0, 0, 0, 0]) && json.to_string() == "18446744073709551616"
        }
        (CborValue::Tag(3, content), _) => {
            content.as_bytes() == Some(&[1, 0, 0, 0, 0, 0, 0, 0, 0]) && json.to_string() == "-18446744073709551617"
        }
        (CborValue::Array(items), Json::Array(expected)) => {
            items.len() == expected.len() && items.iter().zip(expected).all(|(item, json)| is_same(item, json))
        }
        (CborValue::Map(pairs), Json::Object(expected)) => {
            let is_member = |(name, value): &(CborValue, CborValue)| {
                let expected = name.as_str().and_then(|name| expected.get(name));
                expected.is_some_and(|expected| is_same(value, expected))
            };
            pairs.len() == expected.len() && pairs.iter().all(is_member)
        }
        _ => value.to_json() == *json,
    }
}

/// The diagnostic notation of RFC 8949 §8, as far as the examples go.
fn diagnose(value: &CborValue) -> String {
    match value {
        CborValue::Unsigned(number) => number.to_string(),
        CborValue::Bytes(bytes) => {
            let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
            format!("h'{}'", digits.collect::<String>())
        }
        CborValue::Text(text) => format!("\"{text}\""),
        CborValue::Map(pairs) => {
            let pairs = pairs
                .iter()
                .map(|(key, value)| format!("{}: {}", diagnose(key), diagnose(value)));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
        }
        CborValue::Tag(tag, content) => format!("{tag}({})", diagnose(content)),
        CborValue::Undefined => "undefined".into(),
        CborValue::Simple(value) => format!("simple({value})"),
        CborValue::Float(number) if number.is_infinite() => if *number > 0.0 { "Infinity" } else { "-Infinity" }.into(),
        CborValue::Float(number) => number.to_string(),
        other => panic!("{other:?}"),
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    hex.as_bytes().chunks(2).map(digits).collect()
}
