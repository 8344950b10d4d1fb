//! The two header buckets of a COSE message (RFC 9052 §3).

use super::{Algorithm, CoseError};
use crate::codec::Budget;
use crate::codec::cbor::{Cbor, CborValue};
use crate::crypto::HashAlgorithm;

/// `alg` (RFC 9052 §3.1).
pub const ALG: i64 = 1;
/// `crit`.
pub const CRIT: i64 = 2;
/// Content type.
pub const CONTENT_TYPE: i64 = 3;
/// `kid`.
pub const KID: i64 = 4;
/// `typ` (RFC 9596 §2).
pub const TYP: i64 = 16;
/// `x5chain` (RFC 9360 §2).
pub const X5CHAIN: i64 = 33;
/// `x5t` (RFC 9360 §2).
pub const X5T: i64 = 34;

/// The labels whose meaning is known here, so that `crit` may name them.
const UNDERSTOOD: &[i64] = &[ALG, CRIT, CONTENT_TYPE, KID, TYP, X5CHAIN, X5T];

/// Longer chains are not built by anyone honest (rustls-webpki stops at 6 intermediates too).
pub(super) const MOST_CERTIFICATES: usize = 8;

/// More headers in both buckets than any profile has: each is compared with all others, before anything is signed for.
pub(super) const MOST_HEADERS: usize = 64;

/// Both buckets; the protected one also as received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Headers {
    encoded: Vec<u8>,
    protected: Vec<(CborValue, CborValue)>,
    unprotected: Vec<(CborValue, CborValue)>,
}

impl Headers {
    pub(super) fn new(protected: Vec<(CborValue, CborValue)>, unprotected: Vec<(CborValue, CborValue)>) -> Self {
        // RFC 9052 §3: no protected header is no bytes.
        let encoded = if protected.is_empty() {
            Vec::new()
        } else {
            CborValue::Map(protected.clone()).encode()
        };
        Self {
            encoded,
            protected,
            unprotected,
        }
    }

    pub(super) fn parse(protected: &Cbor<'_>, unprotected: &Cbor<'_>, budget: &mut Budget) -> Result<Self, CoseError> {
        let encoded = protected.as_bytes().ok_or(CoseError::NotCose)?;
        let unprotected = unprotected.as_map().ok_or(CoseError::NotCose)?;
        let read;
        let protected = if encoded.is_empty() {
            &[]
        } else {
            read = Cbor::parse(encoded, budget)?;
            read.as_map().ok_or(CoseError::NotCose)?
        };
        let count = protected.len() + unprotected.len();
        if count > MOST_HEADERS {
            return Err(CoseError::TooManyHeaders {
                count,
                limit: MOST_HEADERS,
            });
        }
        let is_label = |label: &Cbor<'_>| label.as_i64().is_some() || label.as_str().is_some();
        if !protected.iter().chain(unprotected).all(|(label, _)| is_label(label)) {
            return Err(CoseError::BadLabel);
        }
        let owned = |pairs: &[(Cbor<'_>, Cbor<'_>)]| -> Vec<_> {
            let pairs = pairs.iter().map(|(label, value)| (label.to_value(), value.to_value()));
            pairs.collect()
        };
        let headers = Self {
            // RFC 9052 §4.4: an empty map is signed as no bytes.
            encoded: if protected.is_empty() { &[] } else { encoded }.to_vec(),
            protected: owned(protected),
            unprotected: owned(unprotected),
        };
        headers.check()?;
        Ok(headers)
    }

    fn check(&self) -> Result<(), CoseError> {
        // RFC 9052 §3: a label that stands in both buckets is malformed.
        let in_both = |label: &CborValue| self.protected.iter().any(|(other, _)| other == label);
        if self.unprotected.iter().any(|(label, _)| in_both(label)) {
            return Err(CoseError::LabelInBothBuckets);
        }
        // RFC 9052 §3.1: `crit` is protected, not empty, and names what is there and is understood.
        if find(&self.unprotected, CRIT).is_some() {
            return Err(CoseError::CriticalHeader);
        }
        let Some(critical) = find(&self.protected, CRIT) else {
            return Ok(());
        };
        let critical = critical.as_array().ok_or(CoseError::BadHeader(CRIT))?;
        let is_understood =
            |label: &CborValue| UNDERSTOOD.iter().any(|known| *label == CborValue::from(*known)) && in_both(label);
        if critical.is_empty() || critical.len() > UNDERSTOOD.len() || !critical.iter().all(is_understood) {
            return Err(CoseError::CriticalHeader);
        }
        Ok(())
    }

    /// The protected bucket as it goes into what is signed.
    pub(super) fn encoded(&self) -> &[u8] {
        &self.encoded
    }

    pub(super) fn protected(&self, label: i64) -> Option<&CborValue> {
        find(&self.protected, label)
    }

    pub(super) fn unprotected(&self, label: i64) -> Option<&CborValue> {
        find(&self.unprotected, label)
    }

    pub(super) fn unprotected_map(&self) -> CborValue {
        CborValue::Map(self.unprotected.clone())
    }

    pub(super) fn either(&self, label: i64) -> Option<&CborValue> {
        self.protected(label).or_else(|| self.unprotected(label))
    }

    /// `alg` as a number, from the protected bucket alone.
    fn algorithm_label(&self) -> Result<i64, CoseError> {
        match self.protected(ALG) {
            None if self.unprotected(ALG).is_some() => Err(CoseError::AlgorithmNotProtected),
            None => Err(CoseError::AlgorithmMissing),
            Some(CborValue::Text(_)) => Err(CoseError::UnsupportedAlgorithm),
            Some(CborValue::Unsigned(label)) => i64::try_from(*label).map_err(|_| CoseError::UnsupportedAlgorithm),
            Some(CborValue::Negative(label)) => match i64::try_from(*label) {
                Ok(label) => Ok(-1 - label),
                Err(_) => Err(CoseError::UnsupportedAlgorithm),
            },
            Some(_) => Err(CoseError::BadHeader(ALG)),
        }
    }

    pub(super) fn signature_algorithm(&self) -> Result<Algorithm, CoseError> {
        Algorithm::from_label(self.algorithm_label()?).ok_or(CoseError::UnsupportedAlgorithm)
    }

    pub(super) fn expect_algorithm(&self, expected: i64) -> Result<(), CoseError> {
        if self.algorithm_label()? == expected {
            Ok(())
        } else {
            Err(CoseError::UnsupportedAlgorithm)
        }
    }

    /// RFC 9360 §2: one certificate, or an array of them, leaf first.
    pub(super) fn x5chain(&self) -> Result<Option<Vec<Vec<u8>>>, CoseError> {
        const BAD: CoseError = CoseError::BadHeader(X5CHAIN);
        match self.either(X5CHAIN) {
            None => Ok(None),
            Some(CborValue::Bytes(leaf)) => Ok(Some(vec![leaf.clone()])),
            Some(CborValue::Array(chain)) if !chain.is_empty() && chain.len() <= MOST_CERTIFICATES => {
                let chain = chain.iter().map(|item| item.as_bytes().map(<[u8]>::to_vec));
                chain.collect::<Option<_>>().ok_or(BAD).map(Some)
            }
            Some(_) => Err(BAD),
        }
    }

    /// RFC 9360 §2: `[hash algorithm, hash of the leaf]`.
    pub(super) fn check_x5t(&self, leaf: &[u8]) -> Result<(), CoseError> {
        let Some(thumbprint) = self.either(X5T) else {
            return Ok(());
        };
        let Some([algorithm, CborValue::Bytes(digest)]) = thumbprint.as_array() else {
            return Err(CoseError::BadHeader(X5T));
        };
        // RFC 9054 §3.1 and §3.2; truncated hashes are not taken.
        let hash = match algorithm {
            CborValue::Negative(15) => HashAlgorithm::Sha256,
            CborValue::Negative(42) => HashAlgorithm::Sha384,
            CborValue::Negative(43) => HashAlgorithm::Sha512,
            _ => return Err(CoseError::BadHeader(X5T)),
        };
        if hash.digest(leaf) == *digest {
            Ok(())
        } else {
            Err(CoseError::ThumbprintMismatch)
        }
    }
}

fn find(pairs: &[(CborValue, CborValue)], label: i64) -> Option<&CborValue> {
    let label = CborValue::from(label);
    pairs.iter().find(|(other, _)| *other == label).map(|(_, value)| value)
}

/// The payload as it stands in the message: bytes, or `null` if it is elsewhere.
pub(super) fn payload(item: &Cbor<'_>) -> Result<Option<Vec<u8>>, CoseError> {
    match item.as_bytes() {
        Some(bytes) => Ok(Some(bytes.to_vec())),
        None if item.is_null() => Ok(None),
        None => Err(CoseError::NotCose),
    }
}

/// What is signed: the payload of the message or, if it has none, the one handed in; both or neither is an error.
pub(super) fn one_payload<'a>(attached: Option<&'a [u8]>, detached: Option<&'a [u8]>) -> Result<&'a [u8], CoseError> {
    match (attached, detached) {
        (Some(payload), None) | (None, Some(payload)) => Ok(payload),
        (None, None) => Err(CoseError::PayloadMissing),
        (Some(_), Some(_)) => Err(CoseError::PayloadTwice),
    }
}
