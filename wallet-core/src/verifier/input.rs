//! What a caller hands in: text or bytes, recognised by what it holds.

use std::borrow::Cow;

use super::FormatChoice;
use crate::codec::base64url;

/// An input by its format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Input<'a> {
    /// A text: an SD-JWT, or nothing that is known.
    Text(Cow<'a, str>),
    /// The bytes of an `IssuerSigned` or of a `DeviceResponse`: whoever parses it sees which.
    Cbor(Cow<'a, [u8]>),
}

impl<'a> Input<'a> {
    /// Recognises an input: as the format that is asked for or, where that is open, by its first byte.
    ///
    /// An mdoc is a CBOR map, as bytes, in base64url, or in hexadecimal digits. No two forms begin alike: the first
    /// byte of a map is `a0` to `bf`, in hexadecimal `a` or `b`, in base64url `o` to `v`; an SD-JWT begins with `{` or,
    /// being the base64url of that, with `e`.
    pub(super) fn recognise(bytes: &'a [u8], format: FormatChoice) -> Self {
        let wanted = match format {
            FormatChoice::Auto => None,
            FormatChoice::DcSdJwt | FormatChoice::SdJwt => Some(false),
            FormatChoice::MsoMdoc | FormatChoice::DeviceResponse => Some(true),
        };
        if wanted != Some(false) {
            if is_map(bytes) {
                return Self::Cbor(Cow::Borrowed(bytes));
            }
            match decode(bytes.trim_ascii()) {
                Some(decoded) if wanted == Some(true) || is_map(&decoded) => return Self::Cbor(Cow::Owned(decoded)),
                // Neither form of text: the parser says what is wrong with the bytes.
                None if wanted == Some(true) => return Self::Cbor(Cow::Borrowed(bytes)),
                _ => {}
            }
        }
        // What is not UTF-8 is no SD-JWT; the parser says so.
        match String::from_utf8_lossy(bytes) {
            Cow::Borrowed(text) => Self::Text(Cow::Borrowed(text.trim())),
            Cow::Owned(text) => Self::Text(Cow::Owned(text)),
        }
    }
}

/// CBOR major type 5.
fn is_map(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|byte| byte >> 5 == 5)
}

fn decode(text: &[u8]) -> Option<Vec<u8>> {
    match text.first()? {
        b'a' | b'b' | b'A' | b'B' => from_hex(text),
        b'o'..=b'v' => base64url::decode(std::str::from_utf8(text).ok()?).ok(),
        _ => None,
    }
}

fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let pairs = text.chunks(2);
    pairs
        .map(|pair| match pair {
            [high, low] => u8::try_from(digit(high)? << 4 | digit(low)?).ok(),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_forms_are_taken_for_each_other() {
        let map = b"\xa1\x61a\x01";
        let auto = |bytes: &[u8]| Input::recognise(bytes, FormatChoice::Auto) == Input::Cbor(Cow::Borrowed(map));
        assert!(auto(map) && auto(b"a1616101") && auto(b" A1616101\n") && auto(b"oWFhAQ"));
        for text in [
            "",
            "a161610",
            "a16161zz",
            "oWFhAQ==",
            "eyJhIjoxfQ.e30.~",
            "{\"a\":1}",
            "b2",
        ] {
            let input = Input::recognise(text.as_bytes(), FormatChoice::Auto);
            let is_text = text != "b2";
            assert_eq!(matches!(input, Input::Text(_)), is_text, "{text}");
        }
        let text = Input::recognise(b"\xa1\x61a\x01", FormatChoice::SdJwt);
        assert!(matches!(text, Input::Text(_)));
        let bytes = Input::recognise(b"eyJ", FormatChoice::MsoMdoc);
        assert_eq!(bytes, Input::Cbor(Cow::Borrowed(b"eyJ")));
    }
}
