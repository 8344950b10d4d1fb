//! CBOR (RFC 8949) as a document that is hashed and signed: every item knows the bytes it was received as.
//!
//! [`Cbor`] is read: a tree that borrows from the input, so that digests and signatures are over what came and nothing
//! is encoded again. Reading is tolerant where the standard lets the sender choose (longer length forms, indefinite
//! lengths), and strict where tolerance would let two readers see different things: a second equal key in a map
//! (§5.6), text that is not UTF-8, bytes after the end, reserved heads. [`CborValue`] is owned: for building, in the
//! shortest form with definite lengths (§4.1), and for keeping.

mod parse;
mod value;

use std::borrow::Cow;
use std::fmt;

use super::budget::{Budget, BudgetExceeded};
use super::json::Json;

pub(crate) use parse::Reader;
pub use value::CborValue;
pub(crate) use value::Writer;

/// The tag of a byte string that holds an encoded item (RFC 8949 §3.4.5.1).
pub const TAG_EMBEDDED: u64 = 24;
/// The tag of a date and time as text (RFC 8949 §3.4.1).
pub const TAG_DATE_TIME: u64 = 0;
/// The tag of a date alone as text (RFC 8943 §1.1).
pub const TAG_FULL_DATE: u64 = 1004;

/// A parsed item that borrows the bytes it was parsed from.
#[derive(Clone, Debug, PartialEq)]
pub struct Cbor<'a> {
    raw: &'a [u8],
    item: Item<'a>,
}

#[derive(Clone, Debug, PartialEq)]
enum Item<'a> {
    Unsigned(u64),
    /// -1 - n.
    Negative(u64),
    /// Owned where it came in chunks.
    Bytes(Cow<'a, [u8]>),
    Text(Cow<'a, str>),
    Array(Vec<Cbor<'a>>),
    Map(Vec<(Cbor<'a>, Cbor<'a>)>),
    Tag(u64, Box<Cbor<'a>>),
    Bool(bool),
    Null,
    Undefined,
    Simple(u8),
    Float(f64),
}

impl<'a> Cbor<'a> {
    /// Parses one item and nothing after it. Embedded items (tag 24) stay byte strings.
    pub fn parse(bytes: &'a [u8], budget: &mut Budget) -> Result<Self, CborError> {
        parse::parse(bytes, budget)
    }

    /// The bytes of this item exactly as received.
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// The value as a non-negative integer.
    pub fn as_u64(&self) -> Option<u64> {
        match self.item {
            Item::Unsigned(number) => Some(number),
            _ => None,
        }
    }

    /// The value as an integer, if it is in the range of `i64`.
    pub fn as_i64(&self) -> Option<i64> {
        match self.item {
            Item::Unsigned(number) => i64::try_from(number).ok(),
            Item::Negative(number) => i64::try_from(number).ok().map(|number| -1 - number),
            _ => None,
        }
    }

    /// The value as a boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self.item {
            Item::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The value as a floating-point number of any width.
    pub fn as_f64(&self) -> Option<f64> {
        match self.item {
            Item::Float(number) => Some(number),
            _ => None,
        }
    }

    /// Whether the value is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self.item, Item::Null)
    }

    /// The value as a byte string; one that came in chunks is joined.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match &self.item {
            Item::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The value as text; one that came in chunks is joined.
    pub fn as_str(&self) -> Option<&str> {
        match &self.item {
            Item::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The bytes of a byte string where they stand in the input; `None` too for one that came in chunks.
    pub fn borrowed_bytes(&self) -> Option<&'a [u8]> {
        match self.item {
            Item::Bytes(Cow::Borrowed(bytes)) => Some(bytes),
            _ => None,
        }
    }

    /// A text where it stands in the input; `None` too for one that came in chunks.
    pub fn borrowed_str(&self) -> Option<&'a str> {
        match self.item {
            Item::Text(Cow::Borrowed(text)) => Some(text),
            _ => None,
        }
    }

    /// The value as an array.
    pub fn as_array(&self) -> Option<&[Self]> {
        match &self.item {
            Item::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The value as a map: pairs in the order received, keys unique.
    pub fn as_map(&self) -> Option<&[(Self, Self)]> {
        match &self.item {
            Item::Map(pairs) => Some(pairs),
            _ => None,
        }
    }

    /// The value of the text key `key` of a map; `None` for other values too.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let mut pairs = self.as_map()?.iter();
        pairs
            .find(|(name, _)| name.as_str() == Some(key))
            .map(|(_, value)| value)
    }

    /// The value of the integer key `key` of a map; `None` for other values too.
    pub fn get_int(&self, key: i64) -> Option<&Self> {
        let mut pairs = self.as_map()?.iter();
        pairs
            .find(|(name, _)| name.as_i64() == Some(key))
            .map(|(_, value)| value)
    }

    /// The tag and what it is put on.
    pub fn tagged(&self) -> Option<(u64, &Self)> {
        match &self.item {
            Item::Tag(tag, content) => Some((*tag, content)),
            _ => None,
        }
    }

    /// The encoded item inside a byte string with tag 24.
    pub fn embedded(&self) -> Option<&[u8]> {
        match self.tagged()? {
            (TAG_EMBEDDED, content) => content.as_bytes(),
            _ => None,
        }
    }

    /// The value by itself: lengths and widths as received are not part of it.
    pub fn to_value(&self) -> CborValue {
        match &self.item {
            Item::Unsigned(number) => CborValue::Unsigned(*number),
            Item::Negative(number) => CborValue::Negative(*number),
            Item::Bytes(bytes) => CborValue::Bytes(bytes.to_vec()),
            Item::Text(text) => CborValue::Text(text.to_string()),
            Item::Array(items) => CborValue::Array(items.iter().map(Self::to_value).collect()),
            Item::Map(pairs) => CborValue::Map(
                pairs
                    .iter()
                    .map(|(key, value)| (key.to_value(), value.to_value()))
                    .collect(),
            ),
            Item::Tag(tag, content) => CborValue::Tag(*tag, Box::new(content.to_value())),
            Item::Bool(value) => CborValue::Bool(*value),
            Item::Null => CborValue::Null,
            Item::Undefined => CborValue::Undefined,
            Item::Simple(value) => CborValue::Simple(*value),
            Item::Float(number) => CborValue::Float(*number),
        }
    }

    /// The value as JSON (RFC 8949 §6.1); see [`CborValue::to_json`].
    pub fn to_json(&self) -> Json {
        self.to_value().into_json()
    }
}

/// Bytes that are not acceptable CBOR.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CborError {
    /// More input, nesting or values than the budget allows.
    Budget(BudgetExceeded),
    /// A map has two equal keys; the offset is that of the map.
    DuplicateKey {
        /// Where the map begins.
        offset: usize,
    },
    /// The input ends inside an item.
    EndOfInput,
    /// A reserved or misplaced head, or a string whose chunks do not fit it.
    Malformed {
        /// Where.
        offset: usize,
    },
    /// Bytes after the item.
    TrailingBytes {
        /// Where they begin.
        offset: usize,
    },
    /// A map key that is an array or a map: none of our formats has one, and comparing them is costly.
    UnsupportedKey {
        /// Where the map begins.
        offset: usize,
    },
    /// Text that is not UTF-8.
    Utf8 {
        /// Where the text begins.
        offset: usize,
    },
}

impl CborError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Budget(_) => "cbor.budget",
            Self::DuplicateKey { .. } => "cbor.duplicate_key",
            Self::EndOfInput => "cbor.end_of_input",
            Self::Malformed { .. } => "cbor.malformed",
            Self::TrailingBytes { .. } => "cbor.trailing_bytes",
            Self::UnsupportedKey { .. } => "cbor.unsupported_key",
            Self::Utf8 { .. } => "cbor.utf8",
        }
    }
}

impl From<BudgetExceeded> for CborError {
    fn from(exceeded: BudgetExceeded) -> Self {
        Self::Budget(exceeded)
    }
}

impl fmt::Display for CborError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Budget(exceeded) => exceeded.fmt(f),
            Self::DuplicateKey { offset } => write!(f, "the map at offset {offset} repeats a key"),
            Self::EndOfInput => f.write_str("the input ends inside a CBOR item"),
            Self::Malformed { offset } => write!(f, "not CBOR at offset {offset}"),
            Self::TrailingBytes { offset } => write!(f, "bytes after the CBOR item at offset {offset}"),
            Self::UnsupportedKey { offset } => {
                write!(f, "the map at offset {offset} has an array or a map as key")
            }
            Self::Utf8 { offset } => write!(f, "text at offset {offset} is not UTF-8"),
        }
    }
}

impl std::error::Error for CborError {}

#[cfg(test)]
mod tests;
