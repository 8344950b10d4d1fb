//! `COSE_Sign1` (RFC 9052 §4.2 and §4.4).

use std::fmt;

use super::headers::{ALG, Headers, X5CHAIN, one_payload, payload};
use super::{Algorithm, CoseError, four, without_tags};
use crate::codec::Budget;
use crate::codec::cbor::{Cbor, CborValue, Writer};
use crate::crypto::{Curve, SignatureAlgorithm, SigningKey};
use crate::keys::PublicKey;

/// The tag of a `COSE_Sign1` (RFC 9052 §2).
pub const TAG_SIGN1: u64 = 18;
/// The tag of a CWT (RFC 8392 §6), which stands before that of COSE.
const TAG_CWT: u64 = 61;

/// A `COSE_Sign1` as received: nothing in it may be believed.
#[derive(Clone)]
pub struct UnverifiedSign1 {
    headers: Headers,
    payload: Option<Vec<u8>>,
    signature: Vec<u8>,
}

impl UnverifiedSign1 {
    /// Parses a message with or without its tag.
    pub fn parse(bytes: &[u8], budget: &mut Budget) -> Result<Self, CoseError> {
        Self::from_cbor(&Cbor::parse(bytes, budget)?, budget)
    }

    /// Reads a message that stands inside another.
    pub fn from_cbor(item: &Cbor<'_>, budget: &mut Budget) -> Result<Self, CoseError> {
        let [protected, unprotected, content, signature] = four(without_tags(item, &[TAG_SIGN1])?)?;
        Ok(Self {
            headers: Headers::parse(protected, unprotected, budget)?,
            payload: payload(content)?,
            signature: signature.as_bytes().ok_or(CoseError::NotCose)?.to_vec(),
        })
    }

    /// Parses a CWT (RFC 8392 §7): the tags of CWT and COSE may be there.
    pub fn parse_cwt(bytes: &[u8], budget: &mut Budget) -> Result<Self, CoseError> {
        let item = Cbor::parse(bytes, budget)?;
        Self::from_cbor(without_tags(&item, &[TAG_CWT])?, budget)
    }

    /// `alg` of the protected header.
    pub fn algorithm(&self) -> Result<Algorithm, CoseError> {
        self.headers.signature_algorithm()
    }

    /// A protected header, unverified: good for choosing a key, for nothing else.
    pub fn protected_header(&self, label: i64) -> Option<&CborValue> {
        self.headers.protected(label)
    }

    /// An unprotected header: nobody ever vouches for it.
    pub fn unprotected_header(&self, label: i64) -> Option<&CborValue> {
        self.headers.unprotected(label)
    }

    /// `x5chain` from either bucket: DER certificates, leaf first; `None` if there is none.
    pub fn x5chain(&self) -> Result<Option<Vec<Vec<u8>>>, CoseError> {
        self.headers.x5chain()
    }

    /// Checks that `leaf` is the certificate that `x5t` means, if there is an `x5t`.
    pub fn check_x5t(&self, leaf: &[u8]) -> Result<(), CoseError> {
        self.headers.check_x5t(leaf)
    }

    /// The payload, UNVERIFIED; `None` if it is detached.
    pub fn inspect(&self) -> Option<&[u8]> {
        self.payload.as_deref()
    }

    /// The signature.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// Checks the signature over the payload, which is `detached` if the message has none.
    pub fn check(&self, key: &PublicKey, external_aad: &[u8], detached: Option<&[u8]>) -> Result<(), CoseError> {
        let algorithm = self.algorithm()?;
        let payload = one_payload(self.payload.as_deref(), detached)?;
        let message = to_be_signed(&self.headers, external_aad, payload);
        algorithm.verify(key, &message, &self.signature)
    }

    /// As [`UnverifiedSign1::check`]; gives the message whose parts may be used.
    pub fn verify(
        self,
        key: &PublicKey,
        external_aad: &[u8],
        detached: Option<&[u8]>,
    ) -> Result<VerifiedSign1, CoseError> {
        self.check(key, external_aad, detached)?;
        Ok(VerifiedSign1(self))
    }
}

impl fmt::Debug for UnverifiedSign1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = self.payload.as_ref().map_or(0, Vec::len);
        write!(f, "UnverifiedSign1({:?}, {length} bytes)", self.algorithm())
    }
}

/// A `COSE_Sign1` whose signature was checked with the key that was handed in. Whose key that is, is another question.
#[derive(Clone)]
pub struct VerifiedSign1(UnverifiedSign1);

impl VerifiedSign1 {
    /// A protected header.
    pub fn protected_header(&self, label: i64) -> Option<&CborValue> {
        self.0.headers.protected(label)
    }

    /// The payload; `None` if it was detached.
    pub fn payload(&self) -> Option<&[u8]> {
        self.0.payload.as_deref()
    }
}

impl fmt::Debug for VerifiedSign1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Verified({:?})", self.0)
    }
}

/// RFC 9052 §4.4: the `Sig_structure`.
fn to_be_signed(headers: &Headers, external_aad: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut writer = Writer::with_capacity(32 + headers.encoded().len() + external_aad.len() + payload.len());
    writer
        .array(4)
        .text("Signature1")
        .bytes(headers.encoded())
        .bytes(external_aad)
        .bytes(payload);
    writer.into_bytes()
}

/// A `COSE_Sign1` that only lacks its signature, for keys that live elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsignedSign1 {
    protected: Vec<(CborValue, CborValue)>,
    unprotected: Vec<(CborValue, CborValue)>,
    external_aad: Vec<u8>,
    payload: Vec<u8>,
    detached: bool,
}

impl UnsignedSign1 {
    /// A message that carries its payload; `alg` comes first in the protected header.
    pub fn new(algorithm: SignatureAlgorithm, payload: impl Into<Vec<u8>>) -> Self {
        // ISO/IEC 18013-5 §9.1.2.4: the algorithm names the hash, and Brainpool keys have those of the NIST curves.
        let algorithm = match algorithm.curve() {
            Curve::Ed25519 => Algorithm::EdDsa,
            Curve::P256 | Curve::BrainpoolP256r1 => Algorithm::Es256,
            Curve::P384 | Curve::BrainpoolP384r1 => Algorithm::Es384,
            Curve::P521 => Algorithm::Es512,
        };
        Self {
            protected: vec![(CborValue::from(ALG), CborValue::from(algorithm.label()))],
            unprotected: Vec::new(),
            external_aad: Vec::new(),
            payload: payload.into(),
            detached: false,
        }
    }

    /// A message whose payload both sides know: it is signed and not carried.
    pub fn detached(algorithm: SignatureAlgorithm, payload: impl Into<Vec<u8>>) -> Self {
        Self {
            detached: true,
            ..Self::new(algorithm, payload)
        }
    }

    /// Adds a protected header.
    #[must_use]
    pub fn protected(mut self, label: i64, value: impl Into<CborValue>) -> Self {
        self.protected.push((CborValue::from(label), value.into()));
        self
    }

    /// Adds an unprotected header.
    #[must_use]
    pub fn unprotected(mut self, label: i64, value: impl Into<CborValue>) -> Self {
        self.unprotected.push((CborValue::from(label), value.into()));
        self
    }

    /// Adds the certificates of the signer to the unprotected header, leaf first (RFC 9360 §2, ISO/IEC 18013-5
    /// §9.1.2.4).
    #[must_use]
    pub fn x5chain(self, chain: &[Vec<u8>]) -> Self {
        self.unprotected(X5CHAIN, x5chain(chain))
    }

    /// As [`UnsignedSign1::x5chain`], in the protected header, as status lists of mdocs carry it.
    #[must_use]
    pub fn protected_x5chain(self, chain: &[Vec<u8>]) -> Self {
        self.protected(X5CHAIN, x5chain(chain))
    }

    /// Sets data that are signed along and not carried.
    #[must_use]
    pub fn external_aad(mut self, external_aad: impl Into<Vec<u8>>) -> Self {
        self.external_aad = external_aad.into();
        self
    }

    /// The bytes to sign.
    pub fn to_be_signed(&self) -> Vec<u8> {
        let headers = Headers::new(self.protected.clone(), Vec::new());
        to_be_signed(&headers, &self.external_aad, &self.payload)
    }

    /// The message, without a tag.
    pub fn with_signature(self, signature: impl Into<Vec<u8>>) -> CborValue {
        let headers = Headers::new(self.protected, self.unprotected);
        CborValue::array([
            CborValue::bytes(headers.encoded()),
            headers.unprotected_map(),
            if self.detached {
                CborValue::Null
            } else {
                CborValue::Bytes(self.payload)
            },
            CborValue::Bytes(signature.into()),
        ])
    }

    /// Signs at once with a key in memory.
    pub fn sign(self, key: &SigningKey) -> CborValue {
        let signature = key.sign(&self.to_be_signed());
        self.with_signature(signature)
    }
}

/// RFC 9360 §2: one certificate stands alone, several in an array.
fn x5chain(chain: &[Vec<u8>]) -> CborValue {
    match chain {
        [leaf] => CborValue::bytes(leaf.as_slice()),
        chain => CborValue::array(chain.iter().map(|certificate| CborValue::bytes(certificate.as_slice()))),
    }
}
