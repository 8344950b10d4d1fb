use super::*;

fn parse(text: &str) -> Result<Json, JsonError> {
    Json::parse(text, &mut Budget::default())
}

#[test]
fn keeps_order_and_numbers_as_written() {
    for text in [
        r#"{"b":1.00,"a":[1e2,-0,12345678901234567890123]}"#,
        r#""\u0001ä""#,
        "[]",
        "null",
    ] {
        assert_eq!(parse(text).map(|value| value.to_string()), Ok(text.to_owned()));
    }
}

#[test]
fn refuses_a_second_member_of_one_name() {
    assert_eq!(parse(r#"{"a":1,"a":2}"#), Err(JsonError::Duplicate { offset: 7 }));
    // The same name behind an escape, and beyond the linear search.
    assert_eq!(parse(r#"{"a":1,"\u0061":2}"#), Err(JsonError::Duplicate { offset: 7 }));
    let many: Vec<String> = (0..40).map(|n| format!("\"k{n}\":0")).collect();
    assert!(parse(&format!("{{{}}}", many.join(","))).is_ok());
    assert!(matches!(
        parse(&format!("{{{},\"k3\":1}}", many.join(","))),
        Err(JsonError::Duplicate { .. })
    ));
}

#[test]
fn refuses_what_is_not_json() {
    for text in [
        "",
        "{",
        "[1,]",
        "01",
        "1.",
        "+1",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"a\nb\"",
        "nul",
        "1 2",
        "\u{feff}1",
        "{a:1}",
        "'a'",
    ] {
        assert!(matches!(parse(text), Err(JsonError::Syntax { .. })), "{text}");
    }
    assert!(matches!(
        Json::parse(b"\"\xff\"", &mut Budget::default()),
        Err(JsonError::Syntax { .. })
    ));
}

#[test]
fn stays_within_its_budget() {
    let deep = "[".repeat(100_000);
    assert_eq!(parse(&deep).map_err(|error| error.code()), Err("json.budget"));
    let mut small = Budget::new(10, 3, 4);
    assert!(Json::parse("[1,2]", &mut small).is_ok());
    assert_eq!(
        Json::parse("[1,2]", &mut small).map_err(|error| error.code()),
        Err("json.budget")
    );
}

#[test]
fn serde_keeps_exact_numbers() {
    let value: Json = from_slice(r#"{"a":1.10,"b":[123456789012345678901]}"#, &mut Budget::default()).expect("valid");
    assert_eq!(value.to_string(), r#"{"a":1.10,"b":[123456789012345678901]}"#);
    assert_eq!(serde_json::to_string(&value).expect("writes"), value.to_string());
}

#[test]
fn a_shape_error_does_not_quote_the_input() {
    let error = from_slice::<u32>(r#""Ada Lovelace""#, &mut Budget::default()).expect_err("wrong shape");
    assert!(!error.to_string().contains("Ada"), "{error}");
}

#[test]
fn strings_end_where_they_end_whatever_their_length() {
    for length in 0..40 {
        for special in ['"', '\\', '\n', '\u{1f}', ' ', 'ä', '\u{7f}', '€'] {
            for at in 0..=length {
                let mut text = "x".repeat(length);
                text.insert(at, special);
                let value = Json::from(text.as_str());
                let written = value.to_string();
                assert_eq!(Json::parse(&written, &mut Budget::default()), Ok(value));
                let raw = format!("[\"{text}\",1]");
                let parsed = Json::parse(&raw, &mut Budget::default());
                let after = Json::parse_after_string(raw.as_bytes(), &mut Budget::default());
                match &parsed {
                    Ok(Json::Array(items)) => assert_eq!(after, Ok(Some((items[1].clone(), None)))),
                    _ => assert!(matches!(after, Err(_) | Ok(None)), "{raw}"),
                }
                let plain = matches!(special, ' ' | 'ä' | '\u{7f}' | '€');
                assert_eq!(parsed.is_ok(), plain, "{raw}");
            }
        }
    }
}
