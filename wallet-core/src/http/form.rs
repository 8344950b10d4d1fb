//! `application/x-www-form-urlencoded` and percent encoding (WHATWG URL §5, RFC 3986 §2.1).

use std::fmt;

/// Form fields are few; an attacker's million is refused.
const MOST_FIELDS: usize = 256;

/// Writes fields as a form body or a query.
pub fn encode_form<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut out = String::new();
    for (name, value) in fields {
        if !out.is_empty() {
            out.push('&');
        }
        out.push_str(&percent_encode(name));
        out.push('=');
        out.push_str(&percent_encode(value));
    }
    out
}

/// Reads a form body or a query; a field that appears twice is refused (RFC 6749 §3.1).
pub fn decode_form(text: &str) -> Result<Vec<(String, String)>, FormError> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        if fields.len() == MOST_FIELDS {
            return Err(FormError::TooManyFields { limit: MOST_FIELDS });
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decode(name, true)?, decode(value, true)?);
        if fields.iter().any(|(other, _)| *other == name) {
            return Err(FormError::Repeated);
        }
        fields.push((name, value));
    }
    Ok(fields)
}

/// Percent-encodes everything but unreserved characters (RFC 3986 §2.3).
pub fn percent_encode(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(byte.into());
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

/// Decodes percent-encoded UTF-8; a plus sign stays one.
pub fn percent_decode(text: &str) -> Result<String, FormError> {
    decode(text, false)
}

fn decode(text: &str, plus_is_space: bool) -> Result<String, FormError> {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' if plus_is_space => b' ',
            b'%' => {
                let mut digit = || {
                    bytes
                        .next()
                        .and_then(|byte| char::from(byte).to_digit(16))
                        .ok_or(FormError::Escape)
                };
                u8::try_from(digit()? * 16 + digit()?).expect("two hexadecimal digits are a byte")
            }
            other => other,
        });
    }
    String::from_utf8(out).map_err(|_| FormError::Utf8)
}

/// Text that is not a form.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FormError {
    /// A percent sign without two hexadecimal digits.
    Escape,
    /// A field that appears twice.
    Repeated,
    /// More fields than allowed.
    TooManyFields {
        /// The limit.
        limit: usize,
    },
    /// Not UTF-8 after decoding.
    Utf8,
}

impl fmt::Display for FormError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Escape => f.write_str("a percent sign is not followed by two hexadecimal digits"),
            Self::Repeated => f.write_str("a field appears twice"),
            Self::TooManyFields { limit } => write!(f, "more than {limit} fields"),
            Self::Utf8 => f.write_str("not UTF-8 after decoding"),
        }
    }
}

impl std::error::Error for FormError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_what_it_encodes() {
        let fields = [("a b", "ä&=+%"), ("c", "")];
        let owned: Vec<_> = fields.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        assert_eq!(decode_form(&encode_form(fields)), Ok(owned));
        assert_eq!(decode_form("a=1+2"), Ok(vec![("a".into(), "1 2".into())]));
        assert_eq!(percent_decode("1+2"), Ok("1+2".into()));
    }

    #[test]
    fn refuses_what_is_ambiguous() {
        assert_eq!(decode_form("a=1&%61=2"), Err(FormError::Repeated));
        assert_eq!(decode_form("a=%4"), Err(FormError::Escape));
        assert_eq!(decode_form("a=%ff"), Err(FormError::Utf8));
    }
}
