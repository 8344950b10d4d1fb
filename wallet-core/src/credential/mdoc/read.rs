//! Reading members, with the name of what is wrong.

use crate::codec::Cbor;
use crate::codec::cbor::{TAG_DATE_TIME, TAG_EMBEDDED};
use crate::time::Timestamp;

use super::MdocError;

/// A part of the received bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    start: usize,
    end: usize,
}

impl Span {
    /// Where `part`, which was borrowed from `whole`, stands in it.
    pub(super) fn of(part: &[u8], whole: &[u8]) -> Self {
        let start = (part.as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize);
        debug_assert!(start + part.len() <= whole.len(), "a part is borrowed from the whole");
        Self {
            start,
            end: start + part.len(),
        }
    }

    /// The part again.
    pub(super) fn bytes(self, whole: &[u8]) -> &[u8] {
        &whole[self.start..self.end]
    }

    /// The part again, as the text that it was borrowed as.
    pub(super) fn text(self, whole: &[u8]) -> &str {
        std::str::from_utf8(self.bytes(whole)).unwrap_or_default()
    }
}

pub(super) fn member<'c, 'a>(map: &'c Cbor<'a>, name: &'static str) -> Result<&'c Cbor<'a>, MdocError> {
    map.get(name).ok_or(MdocError::Missing(name))
}

pub(super) fn map<'c, 'a>(value: &'c Cbor<'a>, name: &'static str) -> Result<&'c [(Cbor<'a>, Cbor<'a>)], MdocError> {
    value.as_map().ok_or(MdocError::BadMember(name))
}

/// A text in one piece: the standard has definite lengths only, and so it needs no copy.
pub(super) fn text<'a>(value: &Cbor<'a>, name: &'static str) -> Result<&'a str, MdocError> {
    value.borrowed_str().ok_or(MdocError::BadMember(name))
}

/// A byte string in one piece.
pub(super) fn bytes<'a>(value: &Cbor<'a>, name: &'static str) -> Result<&'a [u8], MdocError> {
    value.borrowed_bytes().ok_or(MdocError::BadMember(name))
}

/// What is inside `#6.24(bstr)`.
pub(super) fn embedded<'a>(value: &Cbor<'a>, name: &'static str) -> Result<&'a [u8], MdocError> {
    match value.tagged() {
        Some((TAG_EMBEDDED, content)) => bytes(content, name),
        Some(_) => Err(MdocError::BadTag(name)),
        None if value.as_bytes().is_some() => Err(MdocError::BadTag(name)),
        None => Err(MdocError::BadMember(name)),
    }
}

/// `tdate`: RFC 3339 in UTC and whole seconds, with tag 0 (ISO 18013-5 §9.1.2.4).
pub(super) fn tdate(value: &Cbor<'_>, name: &'static str) -> Result<Timestamp, MdocError> {
    let text = match value.tagged() {
        Some((TAG_DATE_TIME, content)) => content.as_str().ok_or(MdocError::BadMember(name))?,
        _ => return Err(MdocError::BadTag(name)),
    };
    let plain = text.len() == 20 && text.as_bytes()[10] == b'T' && text.ends_with('Z');
    Timestamp::parse(text)
        .ok()
        .filter(|_| plain)
        .ok_or(MdocError::BadDate(name))
}
