//! Where the status of a credential stands.

/// An entry of a Token Status List (draft-ietf-oauth-status-list §6.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct StatusListReference {
    /// `idx`: which entry.
    pub index: u64,
    /// `uri`: which list, byte for byte its `sub`.
    pub uri: String,
}

impl StatusListReference {
    /// A reference.
    pub fn new(index: u64, uri: impl Into<String>) -> Self {
        Self { index, uri: uri.into() }
    }
}
