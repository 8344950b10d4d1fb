//! Writing CBOR around bytes that must stay as they are.

use super::MessageError;
use crate::codec::cbor::Writer;
use crate::codec::{Cbor, CborValue};

/// CBOR under construction: items of our own, and items as they were received.
pub(super) struct Raw(Writer);

impl Default for Raw {
    fn default() -> Self {
        Self(Writer::new())
    }
}

impl Raw {
    pub(super) fn uint(mut self, value: u64) -> Self {
        self.0.unsigned(value);
        self
    }

    pub(super) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.bytes(bytes);
        self
    }

    pub(super) fn text(mut self, text: &str) -> Self {
        self.0.text(text);
        self
    }

    pub(super) fn array(mut self, length: usize) -> Self {
        self.0.array(length);
        self
    }

    pub(super) fn map(mut self, length: usize) -> Self {
        self.0.map(length);
        self
    }

    pub(super) fn bool(mut self, value: bool) -> Self {
        self.0.value(&CborValue::Bool(value));
        self
    }

    pub(super) fn null(mut self) -> Self {
        self.0.null();
        self
    }

    /// Appends an encoded item.
    pub(super) fn item(mut self, encoded: &[u8]) -> Self {
        self.0.raw(encoded);
        self
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.0.into_bytes()
    }

    /// What was written as `#6.24(bstr)`.
    pub(super) fn embedded(self) -> Vec<u8> {
        let mut outer = Writer::new();
        outer.tag(24).bytes(&self.0.into_bytes());
        outer.into_bytes()
    }
}

/// A version of the form 1.x: a new minor version only adds members (§8.3.1).
pub(super) fn version(item: Option<&Cbor<'_>>) -> Result<String, MessageError> {
    let text = item.ok_or(MessageError::Missing("version"))?.as_str();
    let text = text.ok_or(MessageError::Malformed("version"))?;
    let minor = text.strip_prefix("1.").ok_or(MessageError::Version)?;
    match (1..=3).contains(&minor.len()) && minor.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(text.to_owned()),
        false => Err(MessageError::Version),
    }
}

/// Refuses more entries than allowed.
pub(super) fn at_most(what: &'static str, count: usize, limit: usize) -> Result<(), MessageError> {
    match count > limit {
        true => Err(MessageError::TooMany { what, count, limit }),
        false => Ok(()),
    }
}
