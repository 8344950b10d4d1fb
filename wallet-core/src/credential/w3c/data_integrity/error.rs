//! Everything that can be wrong with a proof.

use std::fmt;

use crate::codec::{JsonError, MultibaseError};
use crate::credential::w3c::rdf::RdfError;

/// A proof that is not acceptable, or one that cannot be made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProofError {
    /// A member of the proof does not hold what it should.
    BadMember(&'static str),
    /// `challenge` is another, or missing (`INVALID_CHALLENGE_ERROR`).
    ChallengeMismatch,
    /// The proof's `@context` is not what the document's begins with.
    ContextMismatch,
    /// The proof was made in the future.
    CreatedInFuture,
    /// `domain` is another, or missing (`INVALID_DOMAIN_ERROR`).
    DomainMismatch,
    /// The proof's time is over.
    Expired,
    /// The document has no canonical JSON.
    Json(JsonError),
    /// The key's time is over, or it was revoked.
    KeyExpired,
    /// The controller of the verification method is not who its document says, or does not let it do this.
    KeyNotAllowed,
    /// Nobody knows the verification method.
    KeyUnknown,
    /// The document has no proof.
    Missing,
    /// A proof names a previous one that is not there, or not there once.
    PreviousProof,
    /// `proofPurpose` is another.
    PurposeMismatch,
    /// The document or the proof's options have no canonical statements.
    Rdf(RdfError),
    /// The signature is of another key or over something else.
    Signature,
    /// The signature has not the length that the key makes.
    SignatureLength {
        /// How many bytes it has.
        length: usize,
        /// How many it must have.
        expected: usize,
    },
    /// More proofs than are checked.
    TooManyProofs {
        /// How many there are.
        count: usize,
        /// How many may be.
        limit: usize,
    },
    /// A type of proof or a cryptosuite that is not known here.
    Unsupported(String),
    /// `proofValue` is not base58btc in multibase.
    Value(MultibaseError),
    /// The suite does not go with the curve of the key.
    WrongKey,
}

impl ProofError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadMember(_) => "proof.bad_member",
            Self::ChallengeMismatch => "proof.challenge_mismatch",
            Self::ContextMismatch => "proof.context_mismatch",
            Self::CreatedInFuture => "proof.created_in_future",
            Self::DomainMismatch => "proof.domain_mismatch",
            Self::Expired => "proof.expired",
            Self::Json(error) => error.code(),
            Self::KeyExpired => "proof.key_expired",
            Self::KeyNotAllowed => "proof.key_not_allowed",
            Self::KeyUnknown => "proof.key_unknown",
            Self::Missing => "proof.missing",
            Self::PreviousProof => "proof.previous_proof",
            Self::PurposeMismatch => "proof.purpose_mismatch",
            Self::Rdf(error) => error.code(),
            Self::Signature => "proof.signature",
            Self::SignatureLength { .. } => "proof.signature_length",
            Self::TooManyProofs { .. } => "proof.too_many_proofs",
            Self::Unsupported(_) => "proof.unsupported",
            Self::Value(_) => "proof.value_encoding",
            Self::WrongKey => "proof.wrong_key",
        }
    }
}

impl fmt::Display for ProofError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadMember(name) => write!(f, "proof has no acceptable {name}"),
            Self::ChallengeMismatch => f.write_str("proof answers another challenge"),
            Self::ContextMismatch => f.write_str("proof was made under other contexts"),
            Self::CreatedInFuture => f.write_str("proof was made in the future"),
            Self::DomainMismatch => f.write_str("proof is for another domain"),
            Self::Expired => f.write_str("proof has expired"),
            Self::Json(error) => error.fmt(f),
            Self::KeyExpired => f.write_str("key has expired or is revoked"),
            Self::KeyNotAllowed => f.write_str("key may not be used for this purpose"),
            Self::KeyUnknown => f.write_str("verification method is not known"),
            Self::Missing => f.write_str("document has no proof"),
            Self::PreviousProof => f.write_str("previous proof is missing or ambiguous"),
            Self::PurposeMismatch => f.write_str("proof is for another purpose"),
            Self::Rdf(error) => error.fmt(f),
            Self::Signature => f.write_str("signature does not match"),
            Self::SignatureLength { length, expected } => write!(f, "signature has {length} bytes, not {expected}"),
            Self::TooManyProofs { count, limit } => write!(f, "{count} proofs, {limit} are allowed"),
            Self::Unsupported(name) => write!(f, "proof of kind {name:?} is not supported"),
            Self::Value(error) => error.fmt(f),
            Self::WrongKey => f.write_str("key does not go with the cryptosuite"),
        }
    }
}

impl std::error::Error for ProofError {}
