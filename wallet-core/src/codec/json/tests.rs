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
