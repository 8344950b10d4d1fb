//! Names of records, and changes to them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use zeroize::Zeroizing;

use super::{LARGEST_RECORD, StoreError};
use crate::codec::base64url;
use crate::crypto::{Random, random_bytes};

/// A kind of record: stands in clear, so it must say nothing about the citizen.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Kind(Cow<'static, str>);

/// Longest name of a kind.
const LONGEST_KIND: usize = 32;

impl Kind {
    /// A kind whose name is part of the program.
    ///
    /// # Panics
    /// At compile time in a `const`, if the name is not of 1 to 32 lower-case letters and underscores.
    pub const fn new(name: &'static str) -> Self {
        assert!(
            is_kind(name.as_bytes()),
            "a kind has 1 to 32 lower-case letters and underscores"
        );
        Self(Cow::Borrowed(name))
    }

    /// A kind read from a file; `None` if the name is not one.
    pub fn parse(name: &str) -> Option<Self> {
        is_kind(name.as_bytes()).then(|| Self(Cow::Owned(name.to_owned())))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

const fn is_kind(name: &[u8]) -> bool {
    let mut at = 0;
    while at < name.len() {
        if !name[at].is_ascii_lowercase() && name[at] != b'_' {
            return false;
        }
        at += 1;
    }
    !name.is_empty() && name.len() <= LONGEST_KIND
}

/// The opaque name of a record among those of its kind.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordId([u8; 16]);

impl RecordId {
    /// The id of a record that is the only one of its kind.
    pub const ONLY: Self = Self([0; 16]);

    /// Draws an id.
    pub fn random(random: &mut dyn Random) -> Self {
        Self(random_bytes(random))
    }

    /// The id of these bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Reads what `Display` wrote; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        base64url::decode(text).ok()?.try_into().ok().map(Self)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base64url::encode(self.0))
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordId({self})")
    }
}

impl Serialize for RecordId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RecordId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("not the id of a record"))
    }
}

/// A record as it was read.
#[derive(PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// Its name.
    pub id: RecordId,
    /// What it holds; wiped when dropped.
    pub plain: Zeroizing<Vec<u8>>,
}

impl Record {
    /// A record, for implementations of [`Store`](super::Store).
    pub fn new(id: RecordId, plain: Zeroizing<Vec<u8>>) -> Self {
        Self { id, plain }
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Record({}, {} bytes, redacted)", self.id, self.plain.len())
    }
}

/// Changes that belong together: a store makes all of them or none.
#[derive(Default, PartialEq, Eq)]
pub struct ChangeSet(BTreeMap<(Kind, RecordId), Option<Zeroizing<Vec<u8>>>>);

impl ChangeSet {
    /// No changes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes a record, whether or not there is one at this place.
    pub fn put(&mut self, kind: &Kind, id: RecordId, plain: impl Into<Zeroizing<Vec<u8>>>) {
        self.0.insert((kind.clone(), id), Some(plain.into()));
    }

    /// Deletes a record, if there is one at this place.
    pub fn delete(&mut self, kind: &Kind, id: RecordId) {
        self.0.insert((kind.clone(), id), None);
    }

    /// Adds changes that come after these: at the same place the later one holds.
    pub fn merge(&mut self, later: Self) {
        self.0.extend(later.0);
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many records change.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The changes in the order of their places; without bytes the record is deleted.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Kind, RecordId, Option<&[u8]>)> {
        self.0
            .iter()
            .map(|((kind, id), plain)| (kind, *id, plain.as_ref().map(|plain| plain.as_slice())))
    }

    /// Refuses a record that is too large, before anything is written.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let largest = self.0.values().flatten().map(|plain| plain.len()).max().unwrap_or(0);
        if largest > LARGEST_RECORD {
            return Err(StoreError::TooLarge {
                required: largest,
                allowed: LARGEST_RECORD,
            });
        }
        Ok(())
    }

    pub(super) fn into_changes(self) -> BTreeMap<(Kind, RecordId), Option<Zeroizing<Vec<u8>>>> {
        self.0
    }
}

impl fmt::Debug for ChangeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChangeSet({} records, redacted)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: Kind = Kind::new("holding");

    #[test]
    fn the_later_change_holds() {
        let (one, two) = (RecordId::from_bytes([1; 16]), RecordId::from_bytes([2; 16]));
        let mut changes = ChangeSet::new();
        changes.put(&KIND, one, b"first".to_vec());
        changes.put(&KIND, two, b"other".to_vec());
        let mut later = ChangeSet::new();
        later.delete(&KIND, one);
        changes.merge(later);
        let seen: Vec<_> = changes.iter().map(|(_, id, plain)| (id, plain)).collect();
        assert_eq!(seen, [(one, None), (two, Some(b"other".as_slice()))]);
    }

    #[test]
    fn names_are_strict() {
        for name in ["", "Holding", "a-b", "a b", "abcdefghijklmnopqrstuvwxyz_abcdefg"] {
            assert_eq!(Kind::parse(name), None, "{name}");
        }
        assert_eq!(Kind::parse("holding"), Some(KIND));
        let id = RecordId::from_bytes([7; 16]);
        assert_eq!(RecordId::parse(&id.to_string()), Some(id));
        assert_eq!(RecordId::parse("AAAA"), None);
    }

    #[test]
    fn contents_are_not_printed() {
        let mut changes = ChangeSet::new();
        changes.put(&KIND, RecordId::ONLY, b"Ada".to_vec());
        assert_eq!(format!("{changes:?}"), "ChangeSet(1 records, redacted)");
    }
}
