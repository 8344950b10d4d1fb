//! `COSE_Mac0` with HMAC 256/256 (RFC 9052 §6.2 and §6.3, RFC 9053 §3.1).

use std::fmt;

use super::headers::{ALG, Headers, one_payload, payload};
use super::{CoseError, four, without_tags};
use crate::codec::Budget;
use crate::codec::cbor::{Cbor, CborValue, Writer};
use crate::crypto::{hmac_sha256, verify_hmac_sha256};

/// The tag of a `COSE_Mac0` (RFC 9052 §2).
pub const TAG_MAC0: u64 = 17;
/// HMAC with SHA-256, whole: ISO/IEC 18013-5 §9.1.3.5 uses no other.
const HMAC_256: i64 = 5;

/// A `COSE_Mac0` as received: nothing in it may be believed.
#[derive(Clone)]
pub struct UnverifiedMac0 {
    headers: Headers,
    payload: Option<Vec<u8>>,
    tag: Vec<u8>,
}

impl UnverifiedMac0 {
    /// Parses a message with or without its tag.
    pub fn parse(bytes: &[u8], budget: &mut Budget) -> Result<Self, CoseError> {
        Self::from_cbor(&Cbor::parse(bytes, budget)?, budget)
    }

    /// Reads a message that stands inside another.
    pub fn from_cbor(item: &Cbor<'_>, budget: &mut Budget) -> Result<Self, CoseError> {
        let [protected, unprotected, content, tag] = four(without_tags(item, &[TAG_MAC0])?)?;
        Ok(Self {
            headers: Headers::parse(protected, unprotected, budget)?,
            payload: payload(content)?,
            tag: tag.as_bytes().ok_or(CoseError::NotCose)?.to_vec(),
        })
    }

    /// A protected header, unverified: good for choosing a key, for nothing else.
    pub fn protected_header(&self, label: i64) -> Option<&CborValue> {
        self.headers.protected(label)
    }

    /// The payload, UNVERIFIED; `None` if it is detached.
    pub fn inspect(&self) -> Option<&[u8]> {
        self.payload.as_deref()
    }

    /// Checks the tag over the payload, which is `detached` if the message has none; gives the payload.
    pub fn verify<'a>(
        &'a self,
        key: &[u8],
        external_aad: &[u8],
        detached: Option<&'a [u8]>,
    ) -> Result<&'a [u8], CoseError> {
        self.headers.expect_algorithm(HMAC_256)?;
        let payload = one_payload(self.payload.as_deref(), detached)?;
        let message = to_be_maced(&self.headers, external_aad, payload);
        verify_hmac_sha256(key, &[&message], &self.tag).map_err(|_| CoseError::BadTag)?;
        Ok(payload)
    }
}

impl fmt::Debug for UnverifiedMac0 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = self.payload.as_ref().map_or(0, Vec::len);
        write!(f, "UnverifiedMac0({length} bytes)")
    }
}

/// RFC 9052 §6.3: the `MAC_structure`.
fn to_be_maced(headers: &Headers, external_aad: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut writer = Writer::with_capacity(32 + headers.encoded().len() + external_aad.len() + payload.len());
    writer
        .array(4)
        .text("MAC0")
        .bytes(headers.encoded())
        .bytes(external_aad)
        .bytes(payload);
    writer.into_bytes()
}

/// A `COSE_Mac0` that only lacks its tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UntaggedMac0 {
    headers: Headers,
    external_aad: Vec<u8>,
    payload: Vec<u8>,
    detached: bool,
}

impl UntaggedMac0 {
    /// A message that carries its payload.
    pub fn new(payload: impl Into<Vec<u8>>) -> Self {
        Self {
            headers: Headers::new(vec![(CborValue::from(ALG), CborValue::from(HMAC_256))], Vec::new()),
            external_aad: Vec::new(),
            payload: payload.into(),
            detached: false,
        }
    }

    /// A message whose payload both sides know: it is authenticated and not carried.
    pub fn detached(payload: impl Into<Vec<u8>>) -> Self {
        Self {
            detached: true,
            ..Self::new(payload)
        }
    }

    /// Sets data that are authenticated along and not carried.
    #[must_use]
    pub fn external_aad(mut self, external_aad: impl Into<Vec<u8>>) -> Self {
        self.external_aad = external_aad.into();
        self
    }

    /// The message with its tag, without a CBOR tag.
    pub fn authenticate(self, key: &[u8]) -> CborValue {
        let message = to_be_maced(&self.headers, &self.external_aad, &self.payload);
        CborValue::array([
            CborValue::bytes(self.headers.encoded()),
            self.headers.unprotected_map(),
            if self.detached {
                CborValue::Null
            } else {
                CborValue::Bytes(self.payload)
            },
            CborValue::Bytes(hmac_sha256(key, &[&message]).to_vec()),
        ])
    }
}
