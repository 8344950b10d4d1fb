//! JSON as a document that is hashed and signed: source order, exact numbers, no duplicates.
//!
//! `serde_json` alone cannot hold it: its numbers change with a feature that another crate in the build
//! may switch on (`arbitrary_precision`), and its maps take the last of two equal members silently.
//! [`Json`] keeps the number as written and refuses the second member (RFC 8259 §4, RFC 7515 §10.12).
//! Typed wire structs go through [`from_slice`], which runs the same strict check first.

mod canonical;
mod parse;
mod write;

use std::fmt;

use serde::de::DeserializeOwned;

use super::budget::{Budget, BudgetExceeded};

/// A JSON value with members in source order and numbers as written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 8259 §3 has exactly these values")]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, exactly as written.
    Number(Number),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Self>),
    /// An object.
    Object(Object),
}

/// A JSON number as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Number(Box<str>);

/// Above this many comparisons a hash set looks for equal names.
const MOST_COMPARED: usize = 1024;

/// The members of a JSON object in source order; names are unique.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Object(Vec<(String, Json)>);

impl Json {
    /// Parses one JSON text and nothing after it.
    pub fn parse(text: impl AsRef<[u8]>, budget: &mut Budget) -> Result<Self, JsonError> {
        parse::parse(text.as_ref(), budget)
    }

    /// Parses an array of a string, which is not kept, and one or two values; `None` if the text is no such array.
    pub(crate) fn parse_after_string(
        text: &[u8],
        budget: &mut Budget,
    ) -> Result<Option<(Self, Option<Self>)>, JsonError> {
        parse::parse_after_string(text, budget)
    }

    /// The value as an object.
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The value as an object that can be changed.
    pub fn as_object_mut(&mut self) -> Option<&mut Object> {
        match self {
            Self::Object(object) => Some(object),
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

    /// The value as a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
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

    /// The value as an integer, if it is written as one.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Number(number) => number.as_i64(),
            _ => None,
        }
    }

    /// The value as a non-negative integer, if it is written as one.
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Number(number) => number.as_str().parse().ok(),
            _ => None,
        }
    }

    /// The member `name` of an object; `None` for other values too.
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.as_object()?.get(name)
    }

    /// The text form per RFC 8785 (JCS): sorted members, ECMAScript numbers.
    pub fn to_canonical(&self) -> Result<String, JsonError> {
        canonical::to_canonical(self)
    }
}

/// Equality for lists of names that are often alike in length: most differ in their first or last byte.
fn is_same(a: &str, b: &str) -> bool {
    let (x, y) = (a.as_bytes(), b.as_bytes());
    x.len() == y.len() && x.last() == y.last() && x.first() == y.first() && x == y
}

impl Number {
    /// Makes a number from its JSON text.
    pub fn new(text: &str) -> Result<Self, JsonError> {
        match Json::parse(text, &mut Budget::default())? {
            Json::Number(number) => Ok(number),
            _ => Err(JsonError::Syntax {
                offset: 0,
                expected: "a number",
            }),
        }
    }

    /// The number as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number as an integer, if it is written as one.
    pub fn as_i64(&self) -> Option<i64> {
        self.0.parse().ok()
    }
}

impl Object {
    /// An object without members.
    pub fn new() -> Self {
        Self::default()
    }

    /// The member `name`.
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The member `name`, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Json> {
        self.0.iter_mut().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// Whether there is a member `name`.
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Sets the member `name`, in place if it exists, else at the end; returns what it was.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<Json>) -> Option<Json> {
        let name = name.into();
        match self.get_mut(&name) {
            Some(slot) => Some(std::mem::replace(slot, value.into())),
            None => {
                self.0.push((name, value.into()));
                None
            }
        }
    }

    /// Sets the member `name` if there is a value, and returns the object: for building literals.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Option<Json>>) -> Self {
        if let Some(value) = value.into() {
            self.insert(name, value);
        }
        self
    }

    /// Appends members whose names must be new; gives back the first name that is not.
    pub(crate) fn append_unique(&mut self, members: Vec<(String, Json)>) -> Result<(), String> {
        let total = self.0.len() + members.len();
        self.0.reserve_exact(members.len());
        if total.saturating_mul(members.len()) < MOST_COMPARED {
            for (name, value) in members {
                if self.0.iter().any(|(other, _)| is_same(other, &name)) {
                    return Err(name);
                }
                self.0.push((name, value));
            }
            return Ok(());
        }
        self.0.extend(members);
        let mut seen = std::collections::HashSet::with_capacity(total);
        match self.0.iter().position(|(name, _)| !seen.insert(name.as_str())) {
            Some(position) => Err(self.0.swap_remove(position).0),
            None => Ok(()),
        }
    }

    /// Removes the member `name`.
    pub fn remove(&mut self, name: &str) -> Option<Json> {
        let position = self.0.iter().position(|(key, _)| key == name)?;
        Some(self.0.remove(position).1)
    }

    /// The members in source order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Json)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The members in source order, to be changed.
    pub fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = (&str, &mut Json)> {
        self.0.iter_mut().map(|(name, value)| (name.as_str(), value))
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no members.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl IntoIterator for Object {
    type Item = (String, Json);
    type IntoIter = std::vec::IntoIter<(String, Json)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<N: Into<String>> FromIterator<(N, Json)> for Object {
    /// Collects members; the last of two equal names wins.
    fn from_iter<I: IntoIterator<Item = (N, Json)>>(members: I) -> Self {
        let mut object = Self::new();
        for (name, value) in members {
            object.insert(name, value);
        }
        object
    }
}

macro_rules! into_json {
    ($($from:ty, $value:ident => $json:expr;)*) => {
        $(impl From<$from> for Json { fn from($value: $from) -> Self { $json } })*
    };
}
into_json! {
    &str, text => Self::String(text.to_owned());
    String, text => Self::String(text);
    bool, value => Self::Bool(value);
    i64, number => Self::Number(Number(number.to_string().into()));
    u64, number => Self::Number(Number(number.to_string().into()));
    u32, number => Self::Number(Number(number.to_string().into()));
    usize, number => Self::Number(Number(number.to_string().into()));
    Vec<Self>, items => Self::Array(items);
    Object, object => Self::Object(object);
    Number, number => Self::Number(number);
}

/// Reads a typed struct after the strict check: duplicates, depth and size are refused first.
pub fn from_slice<T: DeserializeOwned>(text: impl AsRef<[u8]>, budget: &mut Budget) -> Result<T, JsonError> {
    parse::check(text.as_ref(), budget)?;
    serde_json::from_slice(text.as_ref()).map_err(|error| JsonError::Shape(shape_of(&error)))
}

/// Reads a typed struct out of a parsed value.
pub fn from_json<T: DeserializeOwned>(value: &Json) -> Result<T, JsonError> {
    serde_json::from_str(&value.to_string()).map_err(|error| JsonError::Shape(shape_of(&error)))
}

/// Writes a typed struct as a value.
pub fn to_json<T: serde::Serialize>(value: &T) -> Result<Json, JsonError> {
    let text = serde_json::to_vec(value).map_err(|error| JsonError::Shape(shape_of(&error)))?;
    Json::parse(text, &mut Budget::new(usize::MAX, 128, usize::MAX))
}

/// Says what serde missed without repeating the input: its messages quote values (`invalid type: string "Ada"`).
fn shape_of(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let quotes =
        message.contains("invalid type") || message.contains("invalid value") || message.contains("unknown variant");
    let expected = message
        .split(", expected ")
        .nth(1)
        .map(|rest| rest.split(" at line ").next().unwrap_or(rest));
    match (quotes, expected) {
        (true, Some(expected)) => format!("expected {expected} at line {} column {}", error.line(), error.column()),
        (true, None) => format!("unexpected value at line {} column {}", error.line(), error.column()),
        (false, _) => message,
    }
}

/// Text that is not acceptable JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JsonError {
    /// More input, nesting or values than the budget allows.
    Budget(BudgetExceeded),
    /// An object names a member twice; the offset is that of the second.
    Duplicate {
        /// Where the second name stands.
        offset: usize,
    },
    /// A number that has no canonical form (RFC 8785 §3.2.2.3: outside IEEE 754 double).
    NumberRange,
    /// The JSON is well formed but not of the expected shape; says what was expected.
    Shape(String),
    /// Not JSON.
    Syntax {
        /// Where.
        offset: usize,
        /// What belongs there.
        expected: &'static str,
    },
}

impl JsonError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Budget(_) => "json.budget",
            Self::Duplicate { .. } => "json.duplicate_member",
            Self::NumberRange => "json.number_range",
            Self::Shape(_) => "json.shape",
            Self::Syntax { .. } => "json.syntax",
        }
    }
}

impl From<BudgetExceeded> for JsonError {
    fn from(exceeded: BudgetExceeded) -> Self {
        Self::Budget(exceeded)
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Budget(exceeded) => exceeded.fmt(f),
            Self::Duplicate { offset } => write!(f, "member at offset {offset} repeats a name"),
            Self::NumberRange => f.write_str("number is outside the range of a double"),
            Self::Shape(message) => write!(f, "not of the expected shape: {message}"),
            Self::Syntax { offset, expected } => write!(f, "not JSON at offset {offset}: expected {expected}"),
        }
    }
}

impl std::error::Error for JsonError {}

#[cfg(test)]
mod tests;
