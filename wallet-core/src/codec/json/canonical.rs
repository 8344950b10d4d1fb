//! The canonical form of RFC 8785 (JCS).

use std::fmt::Write as _;

use super::{Json, JsonError, write::write_string};

pub(super) fn to_canonical(value: &Json) -> Result<String, JsonError> {
    let mut out = String::new();
    write(value, &mut out)?;
    Ok(out)
}

fn write(value: &Json, out: &mut String) -> Result<(), JsonError> {
    match value {
        Json::Null => out.push_str("null"),
        Json::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Json::Number(number) => out.push_str(&ecmascript(number.as_str())?),
        Json::String(text) => write_string(out, text).expect("a string takes all text"),
        Json::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(item, out)?;
            }
            out.push(']');
        }
        Json::Object(object) => {
            // RFC 8785 §3.2.3: sorted by UTF-16 code units.
            let mut members: Vec<_> = object.iter().collect();
            members.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push('{');
            for (index, (name, member)) in members.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_string(out, name).expect("a string takes all text");
                out.push(':');
                write(member, out)?;
            }
            out.push('}');
        }
    }
    Ok(())
}

/// The ECMAScript form of a number (RFC 8785 §3.2.2.3, ECMA-262 `Number::toString`), from Rust's shortest digits.
fn ecmascript(text: &str) -> Result<String, JsonError> {
    let number: f64 = text.parse().map_err(|_| JsonError::NumberRange)?;
    if !number.is_finite() {
        return Err(JsonError::NumberRange);
    }
    if number == 0.0 {
        return Ok("0".to_owned());
    }
    let scientific = format!("{:e}", number.abs());
    let (mantissa, exponent) = scientific.split_once('e').expect("Rust writes an exponent with {:e}");
    let exponent: i32 = exponent.parse().expect("Rust writes the exponent as an integer");
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let count = i32::try_from(digits.len()).expect("a double has at most 17 digits");
    let point = exponent + 1;
    let mut out = String::from(if number < 0.0 { "-" } else { "" });
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
    if (count..=21).contains(&point) {
        out.push_str(&digits);
        out.push_str(&zeros(point - count));
    } else if 0 < point && point <= 21 {
        let (whole, fraction) = digits.split_at(usize::try_from(point).expect("checked to be positive"));
        let _ = write!(out, "{whole}.{fraction}");
    } else if -6 < point && point <= 0 {
        let _ = write!(out, "0.{}{digits}", zeros(-point));
    } else {
        let (first, rest) = digits.split_at(1);
        let dot = if rest.is_empty() { "" } else { "." };
        let _ = write!(out, "{first}{dot}{rest}e{exponent:+}");
    }
    Ok(out)
}
