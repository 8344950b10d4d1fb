//! Base64url without padding (RFC 7515 §2), and standard base64 for X.509 and integrity strings.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The same texts on every machine, faster on those with vector instructions.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
static URL_SAFE_NO_PAD: std::sync::LazyLock<base64::engine::Simd> =
    std::sync::LazyLock::new(|| base64::engine::Simd::url_safe(base64::engine::general_purpose::NO_PAD));

/// Encodes `bytes` as base64url without padding.
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Encodes `bytes` into `out`, which must be long enough, and gives the length of the text.
pub(crate) fn encode_into(bytes: &[u8], out: &mut [u8]) -> usize {
    let length = URL_SAFE_NO_PAD.encode_slice(bytes, out);
    length.expect("the caller's buffer fits what it encodes")
}

/// Decodes base64url; padding, white space and non-zero trailing bits are refused (RFC 4648 §3.5).
pub fn decode(text: impl AsRef<[u8]>) -> Result<Vec<u8>, Base64Error> {
    URL_SAFE_NO_PAD.decode(text).map_err(|error| Base64Error::new(&error))
}

/// Decodes base64url into `out`, which is cleared first: for loops that reuse one buffer.
pub fn decode_into(text: impl AsRef<[u8]>, out: &mut Vec<u8>) -> Result<(), Base64Error> {
    out.clear();
    URL_SAFE_NO_PAD
        .decode_vec(text, out)
        .map_err(|error| Base64Error::new(&error))
}

/// Encodes `bytes` as standard base64 with padding (`x5c`: RFC 7515 §4.1.6; integrity: W3C SRI).
pub fn encode_standard(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

/// Decodes standard base64 with padding; white space is refused.
pub fn decode_standard(text: impl AsRef<[u8]>) -> Result<Vec<u8>, Base64Error> {
    STANDARD.decode(text).map_err(|error| Base64Error::new(&error))
}

/// Text that is not canonical base64.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Base64Error {
    /// A character outside the alphabet at this offset.
    Character(usize),
    /// A length that no encoding has.
    Length,
    /// Padding where none is allowed, or missing where it is required.
    Padding,
    /// Bits after the last byte that are not zero, at this offset.
    TrailingBits(usize),
}

impl Base64Error {
    fn new(error: &base64::DecodeError) -> Self {
        match *error {
            base64::DecodeError::InvalidByte(offset, b'=') => {
                let _ = offset;
                Self::Padding
            }
            base64::DecodeError::InvalidByte(offset, _) => Self::Character(offset),
            base64::DecodeError::InvalidLength(_) => Self::Length,
            base64::DecodeError::InvalidLastSymbol { offset, .. } => Self::TrailingBits(offset),
            base64::DecodeError::InvalidPadding => Self::Padding,
        }
    }
}

impl fmt::Display for Base64Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Character(offset) => write!(f, "character at offset {offset} is not base64"),
            Self::Length => f.write_str("length is not that of a base64 text"),
            Self::Padding => f.write_str("padding is not as this encoding has it"),
            Self::TrailingBits(offset) => write!(f, "stray bits in the last character (offset {offset})"),
        }
    }
}

impl std::error::Error for Base64Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_what_it_encodes() {
        for length in 0..67u8 {
            let bytes: Vec<u8> = (0..length).collect();
            assert_eq!(decode(encode(&bytes)), Ok(bytes));
        }
    }

    #[test]
    fn refuses_what_a_lenient_decoder_repairs() {
        assert_eq!(decode("AA=="), Err(Base64Error::Padding));
        assert_eq!(decode("A+A"), Err(Base64Error::Character(1)));
        assert!(matches!(
            decode("AA AA"),
            Err(Base64Error::Character(_) | Base64Error::Length)
        ));
        assert!(matches!(decode("AB"), Err(Base64Error::TrailingBits(_))));
        assert_eq!(decode("A"), Err(Base64Error::Length));
    }
}
