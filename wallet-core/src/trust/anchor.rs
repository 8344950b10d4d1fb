//! What is trusted to begin with, and what for.

use serde::{Deserialize, Serialize};

use super::{Certificate, TrustError};
use crate::keys::JwkSet;
use crate::time::{Timestamp, Validity};

/// What an anchor is good for. One role never serves another (trust.md §1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Role {
    /// Issuers of credentials and of their status lists.
    Issuers,
    /// Relying parties that ask for presentations.
    RelyingParties,
    /// Providers of lists of issuing authorities (ISO 18013-5 Annex C).
    VicalProviders,
}

impl Role {
    /// The role of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "issuers" => Some(Self::Issuers),
            "relying_parties" => Some(Self::RelyingParties),
            "vical_providers" => Some(Self::VicalProviders),
            _ => None,
        }
    }

    /// The name: `issuers`, `relying_parties` or `vical_providers`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Issuers => "issuers",
            Self::RelyingParties => "relying_parties",
            Self::VicalProviders => "vical_providers",
        }
    }
}

/// Production or test: the two never mix in one store (lessons S36).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Environment {
    /// Real anchors.
    Production,
    /// Test and demonstration anchors; what they vouch for is marked.
    Test,
}

impl Environment {
    /// The environment of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "production" => Some(Self::Production),
            "test" => Some(Self::Test),
            _ => None,
        }
    }

    /// The name: `production` or `test`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Test => "test",
        }
    }
}

/// Something that is trusted to begin with, and the limits of that trust.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Anchor {
    /// What is trusted.
    pub material: AnchorMaterial,
    /// The name to show for a pinned key; certificates carry their own.
    pub name: Option<String>,
    /// The credential types it is good for, each exact or ending in `*`; none means all.
    pub types: Vec<String>,
    /// When it was entitled to issue; compared with the day of issue (lessons S7).
    pub entitled: Validity,
}

/// The kinds of anchor.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AnchorMaterial {
    /// An authority, from which paths are built, or an end entity, which must match as it is.
    Certificate(Box<Certificate>),
    /// Keys pinned for an issuer; without a name they are good for every `iss`, as on a command line.
    Keys {
        /// The `iss` they are pinned for.
        issuer: Option<String>,
        /// The keys.
        keys: JwkSet,
    },
}

impl Anchor {
    /// An anchor without limits.
    pub fn certificate(certificate: Certificate) -> Self {
        Self::new(AnchorMaterial::Certificate(Box::new(certificate)))
    }

    /// Keys pinned for an issuer.
    pub fn keys(issuer: Option<String>, keys: JwkSet) -> Self {
        Self::new(AnchorMaterial::Keys { issuer, keys })
    }

    fn new(material: AnchorMaterial) -> Self {
        Self {
            material,
            name: None,
            types: Vec::new(),
            entitled: Validity::default(),
        }
    }

    /// The anchor with a name to show.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The anchor, good for these credential types only; a pattern may end in `*`.
    #[must_use]
    pub fn for_types<S: Into<String>>(mut self, types: impl IntoIterator<Item = S>) -> Self {
        self.types.extend(types.into_iter().map(Into::into));
        self
    }

    /// The anchor, entitled to issue within this window only.
    #[must_use]
    pub fn entitled(mut self, window: Validity) -> Self {
        self.entitled = window;
        self
    }

    /// The certificate of the anchor, if it stands above a path and is not its leaf.
    pub(super) fn above(&self, below: &[Certificate]) -> Option<&Certificate> {
        match &self.material {
            AnchorMaterial::Certificate(certificate) if below.first() != Some(&**certificate) => Some(&**certificate),
            _ => None,
        }
    }

    /// Checks that it is good for a credential of this type, issued at this time.
    pub(super) fn admits(&self, credential_type: &str, issued_at: Timestamp) -> Result<(), TrustError> {
        let matches = |pattern: &String| match pattern.strip_suffix('*') {
            Some(prefix) => credential_type.starts_with(prefix),
            None => pattern == credential_type,
        };
        if !self.types.is_empty() && !self.types.iter().any(matches) {
            return Err(TrustError::TypeNotAllowed);
        }
        self.entitled.check(issued_at, 0).map_err(TrustError::NotEntitled)
    }
}
