use super::*;
use crate::codec::Limit;

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let pairs = digits.chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

fn value(hex: &str) -> Result<CborValue, CborError> {
    CborValue::parse(&bytes(hex), &mut Budget::default())
}

#[test]
fn shortest_forms_come_back_as_they_were() {
    for hex in [
        "00",
        "17",
        "1818",
        "18ff",
        "190100",
        "1a00010000",
        "1b0000000100000000",
        "1bffffffffffffffff",
        "20",
        "37",
        "3818",
        "3bffffffffffffffff",
        "40",
        "4401020304",
        "60",
        "6161",
        "62c3bc",
        "80",
        "83010203",
        "98190102030405060708090a0b0c0d0e0f101112131415161718181819",
        "a0",
        "a201020304",
        "a26161016162820203",
        "c11a514b67b0",
        "d818456449455446",
        "f4",
        "f5",
        "f6",
        "f7",
        "f0",
        "f8ff",
        "f90000",
        "f98000",
        "f93c00",
        "f93e00",
        "f97bff",
        "f90001",
        "f90400",
        "f903ff",
        "f9c400",
        "f97c00",
        "f9fc00",
        "f97e00",
        "fa47c35000",
        "fa7f7fffff",
        "fb3ff199999999999a",
        "fb7e37e43c8800759c",
        "fbc010666666666666",
    ] {
        let read = value(hex).unwrap();
        assert_eq!(read.encode(), bytes(hex), "{hex}");
    }
}

#[test]
fn longer_forms_are_read_and_kept_as_received() {
    for (long, short) in [
        ("b90002 6161 01 6162 02", "a2 6161 01 6162 02"),
        ("1b0000000000000001", "01"),
        ("5800", "40"),
        ("9f 01 9f ff ff", "82 01 80"),
        ("bf 6161 01 ff", "a1 6161 01"),
        ("5f 4101 420203 ff", "43010203"),
        ("7f 6161 60 6162 ff", "62 6162"),
        ("fb3ff0000000000000", "f93c00"),
    ] {
        let received = bytes(long);
        let item = Cbor::parse(&received, &mut Budget::default()).unwrap();
        assert_eq!(item.raw(), received);
        assert_eq!(item.to_value().encode(), bytes(short), "{long}");
    }
}

#[test]
fn every_item_knows_its_bytes() {
    let received = bytes("a2 6161 d818 58020102 1863 b90001 01 f5");
    let item = Cbor::parse(&received, &mut Budget::default()).unwrap();
    let first = item.get("a").unwrap();
    assert_eq!(first.raw(), bytes("d818 58020102"));
    assert_eq!(first.embedded(), Some(&[1, 2][..]));
    assert_eq!(item.get_int(99).unwrap().raw(), bytes("b90001 01 f5"));
    assert_eq!(item.get_int(99).unwrap().get_int(1).unwrap().as_bool(), Some(true));
}

#[test]
fn equal_keys_are_refused_however_they_are_written() {
    for hex in [
        "a2 01 02 01 03",
        "a2 01 02 1801 03",
        "a2 6161 02 7f6161ff 03",
        "a2 f93c00 02 fa3f800000 03",
        "a2 20 02 3800 03",
        "a2 f6 00 f6 00",
        "a2 c101 00 c101 00",
    ] {
        assert_eq!(value(hex), Err(CborError::DuplicateKey { offset: 0 }), "{hex}");
    }
    assert!(value("a3 01 00 f93c00 00 20 00").is_ok());
    let many = |last: u64| {
        let pairs = (0..5000)
            .chain([last])
            .map(|key| (CborValue::Unsigned(key), CborValue::Null));
        CborValue::parse(&CborValue::map(pairs).encode(), &mut Budget::default())
    };
    assert!(many(5000).is_ok());
    assert_eq!(many(17), Err(CborError::DuplicateKey { offset: 0 }));
    assert_eq!(value("a1 80 00"), Err(CborError::UnsupportedKey { offset: 0 }));
    assert_eq!(value("a1 c1a0 00"), Err(CborError::UnsupportedKey { offset: 0 }));
}

#[test]
fn what_is_not_one_item_is_refused() {
    for (hex, error) in [
        ("", CborError::EndOfInput),
        ("18", CborError::EndOfInput),
        ("38", CborError::EndOfInput),
        ("f900", CborError::EndOfInput),
        ("4401", CborError::EndOfInput),
        ("8201", CborError::EndOfInput),
        ("9f01", CborError::EndOfInput),
        ("9bffffffffffffffff", CborError::EndOfInput),
        ("5bffffffffffffffff", CborError::EndOfInput),
        ("0000", CborError::TrailingBytes { offset: 1 }),
        ("ff", CborError::Malformed { offset: 0 }),
        ("81ff", CborError::Malformed { offset: 1 }),
        ("bf 01 ff", CborError::Malformed { offset: 2 }),
        ("1c", CborError::Malformed { offset: 0 }),
        ("5c", CborError::Malformed { offset: 0 }),
        ("df", CborError::Malformed { offset: 0 }),
        ("f81f", CborError::Malformed { offset: 0 }),
        ("5f 6161 ff", CborError::Malformed { offset: 0 }),
        ("5f 5f ff ff", CborError::Malformed { offset: 0 }),
        ("62c328", CborError::Utf8 { offset: 0 }),
        ("8161ff", CborError::Utf8 { offset: 1 }),
        ("7f 61c3 61bc ff", CborError::Utf8 { offset: 0 }),
    ] {
        assert_eq!(value(hex), Err(error), "{hex}");
    }
}

#[test]
fn work_is_bounded() {
    let limit = |hex: &str, mut budget: Budget| match CborValue::parse(&bytes(hex), &mut budget) {
        Err(CborError::Budget(exceeded)) => exceeded.what,
        other => panic!("{other:?}"),
    };
    assert_eq!(limit("820102", Budget::new(2, 9, 9)), Limit::Bytes);
    assert_eq!(limit("820102", Budget::new(9, 9, 2)), Limit::Values);
    assert_eq!(limit("5f404040ff", Budget::new(9, 9, 2)), Limit::Values);
    assert_eq!(limit("818101", Budget::new(9, 1, 9)), Limit::Depth);
    assert_eq!(limit("c1c101", Budget::new(9, 1, 9)), Limit::Depth);
}

#[test]
fn json_is_that_of_the_standard() {
    for (hex, json) in [
        ("3bffffffffffffffff", "-18446744073709551616"),
        ("420102", "\"AQI\""),
        (
            "c074323031332d30332d32315432303a30343a30305a",
            "\"2013-03-21T20:04:00Z\"",
        ),
        ("d903ec6a323031332d30332d3231", "\"2013-03-21\""),
        ("c3420102", "\"~AQI\""),
        ("f97e00", "null"),
        ("f93e00", "1.5"),
        ("fb7e37e43c8800759c", "1e300"),
        ("83f6f7f0", "[null,null,null]"),
        ("a3 01 02 6131 03 41ff f5", r#"{"1":2,"_w":true}"#),
    ] {
        assert_eq!(value(hex).unwrap().to_json().to_string(), json, "{hex}");
    }
}

#[test]
fn a_value_is_kept_as_text() {
    let built = CborValue::map([
        (CborValue::from("a"), CborValue::from(-7_i64)),
        (CborValue::from(1_u64), CborValue::embedded(vec![0xf6])),
    ]);
    let kept = serde_json::to_string(&built).unwrap();
    assert_eq!(serde_json::from_str::<CborValue>(&kept).unwrap(), built);
}
