//! A list of revoked credentials by identifier (ISO 18013-5 second edition §12.3.6.4).

use std::collections::BTreeSet;

/// The identifiers of revoked credentials: what is not in it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdentifierList(BTreeSet<Vec<u8>>);

impl IdentifierList {
    /// A list on which nothing stands.
    pub fn new() -> Self {
        Self::default()
    }

    /// Revokes the credential of this identifier; for ever, since revocation is permanent.
    pub fn insert(&mut self, identifier: impl Into<Vec<u8>>) {
        self.0.insert(identifier.into());
    }

    /// Whether the credential of this identifier is revoked.
    pub fn contains(&self, identifier: &[u8]) -> bool {
        self.0.contains(identifier)
    }

    /// The identifiers in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(Vec::as_slice)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T: Into<Vec<u8>>> FromIterator<T> for IdentifierList {
    fn from_iter<I: IntoIterator<Item = T>>(identifiers: I) -> Self {
        Self(identifiers.into_iter().map(Into::into).collect())
    }
}
