//! Anchors by role.

use std::fmt;

use super::{IssuerClaim, IssuerEvidence, TrustedIssuer};
use crate::keys::JwkSet;
use crate::time::Timestamp;

/// What an anchor is good for. One role never serves another (trust.md §1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Role {
    /// Issuers of credentials and of their status lists.
    Issuers,
    /// Relying parties that ask for presentations.
    RelyingParties,
}

/// Production or test: the two never mix in one store (lessons S36).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Environment {
    /// Real anchors.
    Production,
    /// Test and demonstration anchors; what they vouch for is marked.
    Test,
}

/// The anchors that a wallet, a verifier or a command trusts.
#[derive(Clone, Debug)]
pub struct TrustStore {
    environment: Environment,
    pinned: Vec<(Option<String>, JwkSet)>,
}

impl TrustStore {
    /// A store that trusts nobody.
    pub fn new(environment: Environment) -> Self {
        Self {
            environment,
            pinned: Vec::new(),
        }
    }

    /// Production or test.
    pub fn environment(&self) -> Environment {
        self.environment
    }

    /// Pins the keys of `issuer`; without a name the keys are trusted for every `iss`, as on a command line.
    pub fn pin_issuer_keys(&mut self, issuer: Option<String>, keys: JwkSet) {
        self.pinned.push((issuer, keys));
    }

    /// The issuer that a credential claims, if an anchor of [`Role::Issuers`] vouches for it at `now`.
    pub fn resolve_issuer(&self, claim: &IssuerClaim<'_>, now: Timestamp) -> Result<TrustedIssuer, TrustError> {
        let _ = now;
        for (issuer, keys) in &self.pinned {
            if issuer.is_some() && issuer.as_deref() != claim.iss {
                continue;
            }
            if let Some(jwk) = keys.candidates(claim.header.algorithm(), claim.header.kid()).next() {
                return Ok(TrustedIssuer {
                    name: issuer.clone().unwrap_or_else(|| jwk.key.thumbprint()),
                    identifier: claim.iss.map(str::to_owned),
                    key: jwk.key.clone(),
                    evidence: IssuerEvidence::PinnedKey,
                    environment: self.environment,
                });
            }
        }
        Err(TrustError::UnknownIssuer)
    }
}

/// Why nobody vouches for a key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrustError {
    /// No anchor, pinned key or trusted name fits.
    UnknownIssuer,
}

impl TrustError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownIssuer => "trust.unknown_issuer",
        }
    }
}

impl fmt::Display for TrustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownIssuer => f.write_str("no trust anchor vouches for the issuer"),
        }
    }
}

impl std::error::Error for TrustError {}
