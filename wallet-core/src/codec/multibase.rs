//! Multibase in the two alphabets that credentials use (Controlled Identifiers 1.0 §2.4): `z` for base58btc, `u` for
//! base64url without padding.

use std::fmt;

use super::base64url::{self, Base64Error};

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// Base58 costs the square of its length: the longest honest value seen, a Blockcerts proof with its Merkle path, has
/// about 1500 characters, and this many decode in a few milliseconds.
const LONGEST_BASE58: usize = 4096;
/// As many characters as the default [`Budget`](super::Budget) has bytes.
const LONGEST_BASE64URL: usize = 4 << 20;

/// Encodes `bytes` in base58btc, with the prefix `z`.
pub fn encode_base58btc(bytes: impl AsRef<[u8]>) -> String {
    format!("z{}", encode_bare_base58btc(bytes))
}

/// Encodes `bytes` in base64url, with the prefix `u`.
pub fn encode_base64url(bytes: impl AsRef<[u8]>) -> String {
    format!("u{}", base64url::encode(bytes))
}

/// Decodes a text with prefix `z` or `u`; any other prefix is refused.
pub fn decode(text: &str) -> Result<Vec<u8>, MultibaseError> {
    match text.as_bytes().first() {
        Some(b'z') => decode_base58btc(text),
        Some(b'u') => decode_base64url(text),
        Some(_) => Err(MultibaseError::Prefix),
        None => Err(MultibaseError::Empty),
    }
}

/// Decodes a text that must have the prefix `z`.
pub fn decode_base58btc(text: &str) -> Result<Vec<u8>, MultibaseError> {
    decode_bare_base58btc(after_prefix(text, 'z')?).map_err(|error| match error {
        MultibaseError::Character(offset) => MultibaseError::Character(offset + 1),
        other => other,
    })
}

/// Decodes a text that must have the prefix `u`.
pub fn decode_base64url(text: &str) -> Result<Vec<u8>, MultibaseError> {
    let text = after_prefix(text, 'u')?;
    within(text.len(), LONGEST_BASE64URL)?;
    base64url::decode(text).map_err(MultibaseError::Base64)
}

fn after_prefix(text: &str, prefix: char) -> Result<&str, MultibaseError> {
    let rest = text.strip_prefix(prefix);
    match rest.ok_or(if text.is_empty() {
        MultibaseError::Empty
    } else {
        MultibaseError::Prefix
    })? {
        "" => Err(MultibaseError::Empty),
        rest => Ok(rest),
    }
}

fn within(length: usize, limit: usize) -> Result<(), MultibaseError> {
    if length > limit {
        return Err(MultibaseError::TooLong { length, limit });
    }
    Ok(())
}

/// Encodes `bytes` in base58btc without a prefix, as `publicKeyBase58` of old key types has it.
pub fn encode_bare_base58btc(bytes: impl AsRef<[u8]>) -> String {
    let bytes = bytes.as_ref();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    // Digits, the least significant first.
    let mut digits: Vec<u8> = Vec::with_capacity(bytes.len() * 138 / 100 + 1);
    for byte in &bytes[zeros..] {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += u32::from(*digit) << 8;
            *digit = low_byte(carry % 58);
            carry /= 58;
        }
        while carry > 0 {
            digits.push(low_byte(carry % 58));
            carry /= 58;
        }
    }
    let digits = digits.iter().rev().map(|digit| ALPHABET[usize::from(*digit)]);
    std::iter::repeat_n(b'1', zeros).chain(digits).map(char::from).collect()
}

/// Decodes base58btc without a prefix. Every text of the alphabet is the only one of its bytes.
pub fn decode_bare_base58btc(text: &str) -> Result<Vec<u8>, MultibaseError> {
    within(text.len(), LONGEST_BASE58)?;
    let zeros = text.bytes().take_while(|byte| *byte == b'1').count();
    // Bytes, the least significant first.
    let mut bytes: Vec<u8> = Vec::with_capacity(text.len());
    for (offset, character) in text.bytes().enumerate().skip(zeros) {
        let digit = ALPHABET.iter().position(|other| *other == character);
        let digit = digit.ok_or(MultibaseError::Character(offset))?;
        let mut carry = u32::try_from(digit).expect("below 58");
        for byte in &mut bytes {
            carry += u32::from(*byte) * 58;
            *byte = low_byte(carry & 0xff);
            carry >>= 8;
        }
        if carry > 0 {
            bytes.push(low_byte(carry));
        }
    }
    bytes.extend(std::iter::repeat_n(0, zeros));
    bytes.reverse();
    Ok(bytes)
}

fn low_byte(value: u32) -> u8 {
    u8::try_from(value).expect("reduced below 256")
}

/// Text that is not multibase as it is used here.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MultibaseError {
    /// What follows the prefix `u` is not base64url.
    Base64(Base64Error),
    /// A character outside the base58btc alphabet at this offset.
    Character(usize),
    /// Nothing there, or nothing after the prefix.
    Empty,
    /// A prefix other than the ones that may stand here.
    Prefix,
    /// Longer than any honest value.
    TooLong {
        /// Its length.
        length: usize,
        /// The limit.
        limit: usize,
    },
}

impl MultibaseError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Base64(_) => "multibase.base64",
            Self::Character(_) => "multibase.character",
            Self::Empty => "multibase.empty",
            Self::Prefix => "multibase.prefix",
            Self::TooLong { .. } => "multibase.too_long",
        }
    }
}

impl fmt::Display for MultibaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Base64(error) => write!(f, "multibase text: {error}"),
            Self::Character(offset) => write!(f, "character at offset {offset} is not base58btc"),
            Self::Empty => f.write_str("multibase text is empty"),
            Self::Prefix => f.write_str("multibase text has another prefix than may stand here"),
            Self::TooLong { length, limit } => {
                write!(f, "multibase text has {length} characters, {limit} are allowed")
            }
        }
    }
}

impl std::error::Error for MultibaseError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_the_examples_of_the_base58_draft() {
        for (bytes, text) in [
            (b"Hello World!".as_slice(), "z2NEpo7TZRRrLZSi2U"),
            (
                b"The quick brown fox jumps over the lazy dog.",
                "zUSm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z",
            ),
            (&[0x00, 0x00, 0x28, 0x7f, 0xb4, 0xcd], "z11233QC4"),
            (&[0, 0], "z11"),
        ] {
            assert_eq!(encode_base58btc(bytes), text);
            assert_eq!(decode(text).as_deref(), Ok(bytes));
        }
    }

    #[test]
    fn decodes_what_it_encodes() {
        for length in 1..80u8 {
            let bytes: Vec<u8> = (0..length).map(|byte| byte.wrapping_mul(167)).collect();
            assert_eq!(decode(&encode_base58btc(&bytes)), Ok(bytes.clone()));
            assert_eq!(decode(&encode_base64url(&bytes)), Ok(bytes));
        }
    }

    #[test]
    fn refuses_what_is_not_the_alphabet() {
        for (text, code) in [
            ("", "multibase.empty"),
            ("z", "multibase.empty"),
            ("u", "multibase.empty"),
            ("m2NEpo7TZRRrLZSi2U", "multibase.prefix"),
            ("z2NEpo7TZRRrLZSi2O", "multibase.character"),
            ("z2NEpo7TZRRrLZSi2 ", "multibase.character"),
            ("uAA==", "multibase.base64"),
            ("uAB", "multibase.base64"),
        ] {
            assert_eq!(decode(text).unwrap_err().code(), code, "{text}");
        }
        assert_eq!(decode("z10").unwrap_err(), MultibaseError::Character(2));
        let long = format!("z{}", "2".repeat(LONGEST_BASE58 + 1));
        assert_eq!(decode(&long).unwrap_err().code(), "multibase.too_long");
    }
}
