//! CBOR Object Signing (RFC 9052): `COSE_Sign1` and `COSE_Mac0`, as ISO/IEC 18013-5 and CWT use them.
//!
//! The signature is over the protected header as received. `alg` counts in the protected header alone; a label in both
//! buckets and a `crit` that names what is not understood are refused. The payload of an [`UnverifiedSign1`] can only be
//! inspected; [`UnverifiedSign1::verify`] gives the [`VerifiedSign1`] whose parts may be used. An attached payload and a
//! detached one never stand in for each other. Messages with several signers or recipients are not supported.

mod headers;
mod mac0;
mod sign1;

use std::fmt;

use crate::codec::cbor::{Cbor, CborError};
use crate::crypto::{Curve, HashAlgorithm};
use crate::keys::PublicKey;

pub use headers::{ALG, CONTENT_TYPE, CRIT, KID, TYP, X5CHAIN, X5T};
pub use mac0::{TAG_MAC0, UntaggedMac0, UnverifiedMac0};
pub use sign1::{TAG_SIGN1, UnsignedSign1, UnverifiedSign1, VerifiedSign1};

/// A signature algorithm of COSE (RFC 9053 §2, RFC 9864 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// Ed25519 by the older name of the whole family.
    EdDsa,
    /// Ed25519.
    Ed25519,
    /// ECDSA with SHA-256, on the curve of the key.
    Es256,
    /// ECDSA with SHA-384, on the curve of the key.
    Es384,
    /// ECDSA with SHA-512, on the curve of the key.
    Es512,
    /// ECDSA on Brainpool P256r1 with SHA-256.
    EsB256,
    /// ECDSA on Brainpool P384r1 with SHA-384.
    EsB384,
    /// ECDSA on P-256 with SHA-256.
    EsP256,
    /// ECDSA on P-384 with SHA-384.
    EsP384,
    /// ECDSA on P-521 with SHA-512.
    EsP512,
}

/// IANA "COSE Algorithms".
const LABELS: &[(Algorithm, i64)] = &[
    (Algorithm::EdDsa, -8),
    (Algorithm::Ed25519, -19),
    (Algorithm::Es256, -7),
    (Algorithm::Es384, -35),
    (Algorithm::Es512, -36),
    (Algorithm::EsB256, -265),
    (Algorithm::EsB384, -267),
    (Algorithm::EsP256, -9),
    (Algorithm::EsP384, -51),
    (Algorithm::EsP512, -52),
];

impl Algorithm {
    /// The algorithm of this number; MACs and unknown ones give `None`.
    pub fn from_label(label: i64) -> Option<Self> {
        let found = LABELS.iter().find(|(_, other)| *other == label);
        found.map(|(algorithm, _)| *algorithm)
    }

    /// The registered number.
    pub fn label(self) -> i64 {
        let found = LABELS.iter().find(|(other, _)| *other == self);
        found.expect("every algorithm is in the table").1
    }

    /// The one curve it is good for; `None` where it leaves the choice to the key.
    fn curve(self) -> Option<Curve> {
        match self {
            Self::EdDsa | Self::Ed25519 => Some(Curve::Ed25519),
            Self::Es256 | Self::Es384 | Self::Es512 => None,
            Self::EsB256 => Some(Curve::BrainpoolP256r1),
            Self::EsB384 => Some(Curve::BrainpoolP384r1),
            Self::EsP256 => Some(Curve::P256),
            Self::EsP384 => Some(Curve::P384),
            Self::EsP512 => Some(Curve::P521),
        }
    }

    /// Whether a key of this curve may sign so.
    pub fn fits(self, curve: Curve) -> bool {
        self.curve().map_or(curve != Curve::Ed25519, |one| one == curve)
    }

    fn verify(self, key: &PublicKey, message: &[u8], signature: &[u8]) -> Result<(), CoseError> {
        let key = key.verifying_key();
        if !self.fits(key.curve()) {
            return Err(CoseError::KeyDoesNotFit);
        }
        let verdict = match self {
            Self::Es256 => key.verify_hashed(HashAlgorithm::Sha256, message, signature),
            Self::Es384 => key.verify_hashed(HashAlgorithm::Sha384, message, signature),
            Self::Es512 => key.verify_hashed(HashAlgorithm::Sha512, message, signature),
            _ => key.verify(message, signature),
        };
        verdict.map_err(|_| CoseError::BadSignature)
    }
}

/// The item under those of `tags` that are there, each once and in this order; any other tag is refused.
fn without_tags<'i, 'a>(mut item: &'i Cbor<'a>, tags: &[u64]) -> Result<&'i Cbor<'a>, CoseError> {
    for tag in tags {
        match item.tagged() {
            Some((found, content)) if found == *tag => item = content,
            _ => {}
        }
    }
    Ok(item)
}

/// The four elements of both kinds of message.
fn four<'i, 'a>(item: &'i Cbor<'a>) -> Result<&'i [Cbor<'a>; 4], CoseError> {
    if item.tagged().is_some() {
        return Err(CoseError::WrongTag);
    }
    let elements = item.as_array().ok_or(CoseError::NotCose)?;
    elements.try_into().map_err(|_| CoseError::NotCose)
}

/// A COSE message that is not acceptable.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CoseError {
    /// `alg` is missing.
    AlgorithmMissing,
    /// `alg` stands in the unprotected header, where anyone may change it.
    AlgorithmNotProtected,
    /// The header of this label does not hold what it should.
    BadHeader(i64),
    /// A header label that is neither a number nor text.
    BadLabel,
    /// The signature is not that of the key.
    BadSignature,
    /// The tag is not that of the key.
    BadTag,
    /// Not acceptable CBOR.
    Cbor(CborError),
    /// A critical header that is not understood, or `crit` in the wrong place.
    CriticalHeader,
    /// The key is of another kind than `alg`.
    KeyDoesNotFit,
    /// A label in both header buckets.
    LabelInBothBuckets,
    /// Not the four elements of such a message.
    NotCose,
    /// The message has no payload and none was handed in.
    PayloadMissing,
    /// The message carries a payload where a detached one is expected.
    PayloadTwice,
    /// `x5t` is not the thumbprint of the certificate.
    ThumbprintMismatch,
    /// More headers than are taken.
    TooManyHeaders {
        /// How many there are.
        count: usize,
        /// How many are taken.
        limit: usize,
    },
    /// An algorithm that is not supported.
    UnsupportedAlgorithm,
    /// The tag of another kind of message.
    WrongTag,
}

impl CoseError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::AlgorithmMissing => "cose.alg_missing",
            Self::AlgorithmNotProtected => "cose.alg_not_protected",
            Self::BadHeader(_) => "cose.bad_header",
            Self::BadLabel => "cose.bad_label",
            Self::BadSignature => "cose.bad_signature",
            Self::BadTag => "cose.bad_tag",
            Self::Cbor(error) => error.code(),
            Self::CriticalHeader => "cose.critical_header",
            Self::KeyDoesNotFit => "cose.key_does_not_fit",
            Self::LabelInBothBuckets => "cose.label_in_both_buckets",
            Self::NotCose => "cose.not_cose",
            Self::PayloadMissing => "cose.payload_missing",
            Self::PayloadTwice => "cose.payload_twice",
            Self::ThumbprintMismatch => "cose.thumbprint_mismatch",
            Self::TooManyHeaders { .. } => "cose.too_many_headers",
            Self::UnsupportedAlgorithm => "cose.unsupported_alg",
            Self::WrongTag => "cose.wrong_tag",
        }
    }
}

impl From<CborError> for CoseError {
    fn from(error: CborError) -> Self {
        Self::Cbor(error)
    }
}

impl fmt::Display for CoseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlgorithmMissing => f.write_str("header has no `alg`"),
            Self::AlgorithmNotProtected => f.write_str("`alg` is not in the protected header"),
            Self::BadHeader(label) => write!(f, "header {label} is malformed"),
            Self::BadLabel => f.write_str("a header label is neither a number nor text"),
            Self::BadSignature => f.write_str("signature does not verify"),
            Self::BadTag => f.write_str("authentication tag does not verify"),
            Self::Cbor(error) => error.fmt(f),
            Self::CriticalHeader => f.write_str("header asks for an extension that is not supported"),
            Self::KeyDoesNotFit => f.write_str("key is of another kind than `alg`"),
            Self::LabelInBothBuckets => f.write_str("a header stands in both the protected and the unprotected part"),
            Self::NotCose => f.write_str("not a COSE message of one signer"),
            Self::PayloadMissing => f.write_str("the message has no payload"),
            Self::PayloadTwice => f.write_str("the message carries a payload that must be detached"),
            Self::ThumbprintMismatch => f.write_str("`x5t` is not the thumbprint of the certificate"),
            Self::TooManyHeaders { count, limit } => {
                write!(f, "message has {count} headers, at most {limit} are taken")
            }
            Self::UnsupportedAlgorithm => {
                f.write_str("`alg` is not supported (ES256, ES384, ES512, EdDSA and HMAC 256/256 are)")
            }
            Self::WrongTag => f.write_str("the message is tagged as another kind"),
        }
    }
}

impl std::error::Error for CoseError {}

#[cfg(test)]
mod tests;
