//! Data Integrity proofs (VC Data Integrity 1.0) of the suites `eddsa-rdfc-2022`, `eddsa-jcs-2022`, `ecdsa-rdfc-2019`
//! and `ecdsa-jcs-2019`: a signature over the hash of the proof's options and the hash of the document.
//!
//! Every proof of a set is checked; one that fails, or that cannot be checked, fails the document. Whether the one who
//! controls the key may speak for the issuer is the caller's question: [`VerifiedProof`] names both.

mod create;
mod error;
mod verify;

pub use create::{ProofOptions, UnsignedProof};
pub use error::ProofError;
pub use verify::{KeyResolver, ProofPolicy, ResolvedKey, VerifiedProof, verify_document};

use std::fmt;

use crate::codec::{Json, Object};
use crate::crypto::{Curve, HashAlgorithm};

use super::contexts::Contexts;
use super::rdf::{self, Limits};

/// A way to make a document and its proof's options into bytes and to sign them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cryptosuite {
    /// `ecdsa-jcs-2019`: JCS; P-256 or P-384.
    EcdsaJcs2019,
    /// `ecdsa-rdfc-2019`: RDFC-1.0; P-256 or P-384.
    EcdsaRdfc2019,
    /// `eddsa-jcs-2022`: JCS; Ed25519.
    EddsaJcs2022,
    /// `eddsa-rdfc-2022`: RDFC-1.0; Ed25519.
    EddsaRdfc2022,
}

impl Cryptosuite {
    /// The suite of this name; those with selective disclosure are none of these.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "ecdsa-jcs-2019" => Some(Self::EcdsaJcs2019),
            "ecdsa-rdfc-2019" => Some(Self::EcdsaRdfc2019),
            "eddsa-jcs-2022" => Some(Self::EddsaJcs2022),
            "eddsa-rdfc-2022" => Some(Self::EddsaRdfc2022),
            _ => None,
        }
    }

    /// The registered name.
    pub fn name(self) -> &'static str {
        match self {
            Self::EcdsaJcs2019 => "ecdsa-jcs-2019",
            Self::EcdsaRdfc2019 => "ecdsa-rdfc-2019",
            Self::EddsaJcs2022 => "eddsa-jcs-2022",
            Self::EddsaRdfc2022 => "eddsa-rdfc-2022",
        }
    }

    fn is_jcs(self) -> bool {
        matches!(self, Self::EcdsaJcs2019 | Self::EddsaJcs2022)
    }

    /// The hash that goes with a key of `curve` (ECDSA suites §3.2, §3.3: SHA-384 for P-384); `None` for a wrong key.
    fn hash(self, curve: Curve) -> Option<HashAlgorithm> {
        let is_eddsa = matches!(self, Self::EddsaJcs2022 | Self::EddsaRdfc2022);
        match (is_eddsa, curve) {
            (true, Curve::Ed25519) | (false, Curve::P256) => Some(HashAlgorithm::Sha256),
            (false, Curve::P384) => Some(HashAlgorithm::Sha384),
            _ => None,
        }
    }
}

/// What a proof is for (Controlled Identifiers 1.0 §2.3): the relationship that the key must stand in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Purpose {
    /// `assertionMethod`: a credential.
    AssertionMethod,
    /// `authentication`: a presentation.
    Authentication,
}

impl Purpose {
    /// The name of the relationship.
    pub fn name(self) -> &'static str {
        match self {
            Self::AssertionMethod => "assertionMethod",
            Self::Authentication => "authentication",
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The digest of a document or of a proof's options as the suite transforms it.
fn digest(
    suite: Cryptosuite,
    object: &Object,
    hash: HashAlgorithm,
    contexts: &Contexts,
    limits: &Limits,
) -> Result<Vec<u8>, ProofError> {
    let text = if suite.is_jcs() {
        Json::Object(object.clone()).to_canonical().map_err(ProofError::Json)?
    } else {
        rdf::canonical_nquads(object, contexts, hash, limits)
            .map_err(ProofError::Rdf)?
            .text()
    };
    Ok(hash.digest(text.as_bytes()))
}

/// Values of a member that may be one or many.
fn many(value: Option<&Json>) -> &[Json] {
    match value {
        None => &[],
        Some(Json::Array(items)) => items,
        Some(one) => std::slice::from_ref(one),
    }
}

/// The document without its proofs, and with those that a chain's proof vouches for (Data Integrity §4.3, §4.5).
fn secured_part(document: &Object, previous: &[Json], proofs: &[Json]) -> Result<Object, ProofError> {
    let mut part: Object = document
        .iter()
        .filter(|(name, _)| *name != "proof")
        .map(|(n, v)| (n, v.clone()))
        .collect();
    let mut chain = Vec::with_capacity(previous.len());
    for id in previous {
        let id = id.as_str().ok_or(ProofError::BadMember("previousProof"))?;
        let mut found = proofs
            .iter()
            .filter(|proof| proof.get("id").and_then(Json::as_str) == Some(id));
        match (found.next(), found.next()) {
            (Some(proof), None) => chain.push(proof.clone()),
            _ => return Err(ProofError::PreviousProof),
        }
    }
    if !chain.is_empty() {
        part.insert("proof", Json::Array(chain));
    }
    Ok(part)
}
