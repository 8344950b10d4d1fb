//! Owned values: for building and keeping, written in the shortest form (RFC 8949 §4.1).

use std::collections::HashSet;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{Budget, Cbor, CborError, Json, TAG_DATE_TIME, TAG_EMBEDDED, TAG_FULL_DATE};
use crate::codec::base64url;
use crate::codec::json::{Number, Object};

/// A CBOR value without the bytes it may have been received as.
///
/// Serde sees it as the base64url of its encoding, so that every store can hold it.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "RFC 8949 §3 has exactly these values")]
pub enum CborValue {
    /// A non-negative integer.
    Unsigned(u64),
    /// The integer -1 - n.
    Negative(u64),
    /// A byte string.
    Bytes(Vec<u8>),
    /// Text.
    Text(String),
    /// An array.
    Array(Vec<Self>),
    /// A map in the order it is written.
    Map(Vec<(Self, Self)>),
    /// A tag and what it is put on.
    Tag(u64, Box<Self>),
    /// `false` or `true`.
    Bool(bool),
    /// `null`.
    Null,
    /// `undefined`.
    Undefined,
    /// Another simple value.
    Simple(u8),
    /// A floating-point number.
    Float(f64),
}

impl CborValue {
    /// Parses one item and forgets its bytes.
    pub fn parse(bytes: &[u8], budget: &mut Budget) -> Result<Self, CborError> {
        Ok(Cbor::parse(bytes, budget)?.to_value())
    }

    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A byte string.
    pub fn bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self::Bytes(bytes.into())
    }

    /// An array.
    pub fn array(items: impl IntoIterator<Item = Self>) -> Self {
        Self::Array(items.into_iter().collect())
    }

    /// A map in the given order. Its keys must be unique: a reader refuses it otherwise.
    pub fn map<K: Into<Self>, V: Into<Self>>(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        let pairs = pairs.into_iter().map(|(key, value)| (key.into(), value.into()));
        Self::Map(pairs.collect())
    }

    /// A tagged value.
    pub fn tag(tag: u64, content: impl Into<Self>) -> Self {
        Self::Tag(tag, Box::new(content.into()))
    }

    /// An encoded item as a byte string with tag 24.
    pub fn embedded(encoded: Vec<u8>) -> Self {
        Self::tag(TAG_EMBEDDED, Self::Bytes(encoded))
    }

    /// A date and time with tag 0 (`tdate`).
    pub fn date_time(text: impl Into<String>) -> Self {
        Self::tag(TAG_DATE_TIME, Self::Text(text.into()))
    }

    /// A date alone with tag 1004 (`full-date`).
    pub fn full_date(text: impl Into<String>) -> Self {
        Self::tag(TAG_FULL_DATE, Self::Text(text.into()))
    }

    /// The encoding: shortest heads and floats, definite lengths, maps in their order.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.value(self);
        writer.into_bytes()
    }

    /// The value as text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value as a byte string.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The value as a boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The value as a non-negative integer.
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Unsigned(number) => Some(*number),
            _ => None,
        }
    }

    /// The value as an array.
    pub fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The value as a map.
    pub fn as_map(&self) -> Option<&[(Self, Self)]> {
        match self {
            Self::Map(pairs) => Some(pairs),
            _ => None,
        }
    }

    /// The value of the text key `key` of a map.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let mut pairs = self.as_map()?.iter();
        pairs
            .find(|(name, _)| name.as_str() == Some(key))
            .map(|(_, value)| value)
    }

    /// The tag and what it is put on.
    pub fn tagged(&self) -> Option<(u64, &Self)> {
        match self {
            Self::Tag(tag, content) => Some((*tag, content)),
            _ => None,
        }
    }

    /// The value as JSON (RFC 8949 §6.1): byte strings as base64url, tags taken off, `NaN`, infinities and simple
    /// values as `null`, keys that are no text as the text of their JSON. Of two keys that become equal so, the first
    /// stays.
    pub fn to_json(&self) -> Json {
        self.clone().into_json()
    }

    /// [`CborValue::to_json`] of a value that is not needed afterwards.
    pub fn into_json(self) -> Json {
        match self {
            Self::Unsigned(number) => Json::from(number),
            Self::Negative(number) => Json::from(number_of(&(-1 - i128::from(number)).to_string())),
            Self::Bytes(bytes) => Json::from(base64url::encode(bytes)),
            Self::Text(text) => Json::from(text),
            Self::Array(items) => Json::from(items.into_iter().map(Self::into_json).collect::<Vec<_>>()),
            Self::Map(pairs) => Json::from(object_of(pairs)),
            // RFC 8949 §6.1: a negative bignum is marked.
            Self::Tag(3, content) if content.as_bytes().is_some() => Json::from(format!(
                "~{}",
                base64url::encode(content.as_bytes().unwrap_or_default())
            )),
            Self::Tag(_, content) => content.into_json(),
            Self::Bool(value) => Json::from(value),
            Self::Float(number) if number.is_finite() => Json::from(number_of(&format!("{number:?}"))),
            Self::Null | Self::Undefined | Self::Simple(_) | Self::Float(_) => Json::Null,
        }
    }
}

fn number_of(text: &str) -> Number {
    Number::new(text).expect("Rust writes finite numbers as JSON does")
}

fn object_of(pairs: Vec<(CborValue, CborValue)>) -> Object {
    let mut members: Vec<(String, Json)> = Vec::with_capacity(pairs.len());
    let mut plain = true;
    for (key, value) in pairs {
        let name = match key.into_json() {
            Json::String(text) => text,
            other => {
                plain = false;
                other.to_string()
            }
        };
        members.push((name, value.into_json()));
    }
    let mut object = Object::new();
    if plain && members.len() <= 16 {
        for (name, value) in members {
            if !object.contains(&name) {
                object.insert(name, value);
            }
        }
        return object;
    }
    let mut seen = HashSet::with_capacity(members.len());
    members.retain(|(name, _)| seen.insert(name.clone()));
    object.append_unique(members).expect("the names are unique now");
    object
}

impl PartialEq for CborValue {
    /// Floats are equal when their bits are, so that a value always equals itself.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Unsigned(a), Self::Unsigned(b)) | (Self::Negative(a), Self::Negative(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::Array(a), Self::Array(b)) => a == b,
            (Self::Map(a), Self::Map(b)) => a == b,
            (Self::Tag(a, inner_a), Self::Tag(b, inner_b)) => a == b && inner_a == inner_b,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Null, Self::Null) | (Self::Undefined, Self::Undefined) => true,
            (Self::Simple(a), Self::Simple(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a.to_bits() == b.to_bits(),
            _ => false,
        }
    }
}

impl Eq for CborValue {}

macro_rules! into_value {
    ($($from:ty, $value:ident => $built:expr;)*) => {
        $(impl From<$from> for CborValue { fn from($value: $from) -> Self { $built } })*
    };
}
into_value! {
    &str, text => Self::Text(text.to_owned());
    String, text => Self::Text(text);
    bool, value => Self::Bool(value);
    u64, number => Self::Unsigned(number);
    u32, number => Self::Unsigned(u64::from(number));
    i64, number => match u64::try_from(number) {
        Ok(number) => Self::Unsigned(number),
        Err(_) => Self::Negative(number.unsigned_abs() - 1),
    };
    &[u8], bytes => Self::Bytes(bytes.to_vec());
    Vec<u8>, bytes => Self::Bytes(bytes);
    Vec<Self>, items => Self::Array(items);
    Cbor<'_>, item => item.to_value();
    &Cbor<'_>, item => item.to_value();
}

impl Serialize for CborValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        base64url::encode(self.encode()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for CborValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = base64url::decode(String::deserialize(deserializer)?).map_err(D::Error::custom)?;
        Self::parse(&bytes, &mut Budget::default()).map_err(D::Error::custom)
    }
}

/// Writes items one after the other, so that what is already encoded goes in without being copied first.
#[derive(Debug)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn new() -> Self {
        Self::with_capacity(64)
    }

    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// The head of an array of `count` elements, which follow.
    pub(crate) fn array(&mut self, count: usize) -> &mut Self {
        self.head(4, count as u64)
    }

    /// The head of a map of `count` pairs, which follow.
    pub(crate) fn map(&mut self, count: usize) -> &mut Self {
        self.head(5, count as u64)
    }

    /// A tag, whose content follows.
    pub(crate) fn tag(&mut self, tag: u64) -> &mut Self {
        self.head(6, tag)
    }

    pub(crate) fn unsigned(&mut self, number: u64) -> &mut Self {
        self.head(0, number)
    }

    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.head(3, text.len() as u64).raw(text.as_bytes())
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.head(2, bytes.len() as u64).raw(bytes)
    }

    pub(crate) fn null(&mut self) -> &mut Self {
        self.head(7, 22)
    }

    /// What is encoded already.
    pub(crate) fn raw(&mut self, encoded: &[u8]) -> &mut Self {
        self.0.extend_from_slice(encoded);
        self
    }

    pub(crate) fn value(&mut self, value: &CborValue) -> &mut Self {
        match value {
            CborValue::Unsigned(number) => self.unsigned(*number),
            CborValue::Negative(number) => self.head(1, *number),
            CborValue::Bytes(bytes) => self.bytes(bytes),
            CborValue::Text(text) => self.text(text),
            CborValue::Array(items) => {
                self.array(items.len());
                items.iter().fold(self, Self::value)
            }
            CborValue::Map(pairs) => {
                self.map(pairs.len());
                pairs
                    .iter()
                    .fold(self, |writer, (key, value)| writer.value(key).value(value))
            }
            CborValue::Tag(tag, content) => self.tag(*tag).value(content),
            CborValue::Bool(value) => self.head(7, if *value { 21 } else { 20 }),
            CborValue::Null => self.null(),
            CborValue::Undefined => self.head(7, 23),
            CborValue::Simple(value) => self.head(7, u64::from(*value)),
            CborValue::Float(number) => self.float(*number),
        }
    }

    /// The narrowest width that holds the number exactly (RFC 8949 §4.1).
    fn float(&mut self, number: f64) -> &mut Self {
        if let Some(half) = half_of(number) {
            return self.raw(&[0xf9]).raw(&half.to_be_bytes());
        }
        #[expect(clippy::cast_possible_truncation, reason = "checked: it must come back the same")]
        let single = number as f32;
        if f64::from(single).to_bits() == number.to_bits() {
            self.raw(&[0xfa]).raw(&single.to_be_bytes())
        } else {
            self.raw(&[0xfb]).raw(&number.to_be_bytes())
        }
    }

    /// The shortest head of a major type (RFC 8949 §3).
    #[expect(clippy::cast_possible_truncation, reason = "each arm holds what fits")]
    fn head(&mut self, major: u8, argument: u64) -> &mut Self {
        let major = major << 5;
        match argument {
            0..=23 => self.raw(&[major | argument as u8]),
            24..=0xff => self.raw(&[major | 24, argument as u8]),
            0x100..=0xffff => self.raw(&[major | 25]).raw(&(argument as u16).to_be_bytes()),
            0x1_0000..=0xffff_ffff => self.raw(&[major | 26]).raw(&(argument as u32).to_be_bytes()),
            _ => self.raw(&[major | 27]).raw(&argument.to_be_bytes()),
        }
    }
}

/// The half float that is exactly this number; every NaN is the one NaN.
fn half_of(number: f64) -> Option<u16> {
    if number.is_nan() {
        return Some(0x7e00);
    }
    let bits = number.to_bits();
    let sign = if number.is_sign_negative() { 0x8000 } else { 0 };
    let exponent = i32::try_from(bits >> 52 & 0x7ff).ok()? - 1023;
    let fraction = bits & ((1 << 52) - 1);
    let magnitude = match exponent {
        1024 => 0x7c00,
        -1023 if fraction == 0 => 0,
        -14..=15 if fraction.trailing_zeros() >= 42 => {
            u16::try_from(exponent + 15).ok()? << 10 | u16::try_from(fraction >> 42).ok()?
        }
        // Without a leading one: the number is a multiple of 2^-24.
        -24..=-15 => {
            let whole = fraction | 1 << 52;
            let shift = u32::try_from(28 - exponent).ok()?;
            if whole.trailing_zeros() < shift {
                return None;
            }
            u16::try_from(whole >> shift).ok()?
        }
        _ => return None,
    };
    Some(sign | magnitude)
}
