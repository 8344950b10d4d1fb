//! Writing: compact text in source order, and serde for structs that hold a [`Json`].

use std::fmt::{self, Write as _};

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Error as _, Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::value::RawValue;

use super::{Budget, Json, Object};

impl fmt::Display for Json {
    /// Writes compact JSON in source order.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(number) => f.write_str(number.as_str()),
            Self::String(text) => write_string(f, text),
            Self::Array(items) => {
                f.write_char('[')?;
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        f.write_char(',')?;
                    }
                    item.fmt(f)?;
                }
                f.write_char(']')
            }
            Self::Object(object) => object.fmt(f),
        }
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('{')?;
        for (index, (name, value)) in self.iter().enumerate() {
            if index > 0 {
                f.write_char(',')?;
            }
            write_string(f, name)?;
            f.write_char(':')?;
            value.fmt(f)?;
        }
        f.write_char('}')
    }
}

/// Writes a string as RFC 8785 §3.2.2.2 asks, which is also the shortest common form.
pub(super) fn write_string(f: &mut impl fmt::Write, text: &str) -> fmt::Result {
    f.write_char('"')?;
    let mut plain = 0;
    for (offset, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        f.write_str(&text[plain..offset])?;
        plain = offset + 1;
        match byte {
            b'"' => f.write_str("\\\"")?,
            b'\\' => f.write_str("\\\\")?,
            8 => f.write_str("\\b")?,
            9 => f.write_str("\\t")?,
            10 => f.write_str("\\n")?,
            12 => f.write_str("\\f")?,
            13 => f.write_str("\\r")?,
            _ => write!(f, "\\u{byte:04x}")?,
        }
    }
    f.write_str(&text[plain..])?;
    f.write_char('"')
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => match (number.as_i64(), number.as_str().parse::<u64>()) {
                (Some(integer), _) if integer.to_string() == number.as_str() => serializer.serialize_i64(integer),
                (_, Ok(integer)) if integer.to_string() == number.as_str() => serializer.serialize_u64(integer),
                _ => RawValue::from_string(number.as_str().to_owned())
                    .map_err(S::Error::custom)?
                    .serialize(serializer),
            },
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(items) => {
                let mut sequence = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    sequence.serialize_element(item)?;
                }
                sequence.end()
            }
            Self::Object(object) => object.serialize(serializer),
        }
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (name, value) in self.iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Json {
    /// Reads through the raw text, so that numbers stay exact whatever features `serde_json` has.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::parse(raw.get(), &mut Budget::default()).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Json::deserialize(deserializer)? {
            Json::Object(object) => Ok(object),
            _ => Err(D::Error::custom("expected an object")),
        }
    }
}
