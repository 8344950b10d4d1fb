//! JSON Web Signature (RFC 7515): compact, flattened and general serialisation.
//!
//! `none`, MACs and unknown algorithms do not parse. A header with `crit` is refused, since no extension is
//! understood (RFC 7515 §4.1.11), and so is `b64` (RFC 7797). The payload of an [`UnverifiedJws`] can only be
//! inspected; [`UnverifiedJws::verify`] gives the [`VerifiedJws`] whose payload may be used.

use std::fmt;

use crate::codec::base64url::{self, Base64Error};
use crate::codec::{Budget, Json, JsonError, Object};
use crate::crypto::{SignatureAlgorithm, SigningKey};
use crate::keys::PublicKey;

/// A protected header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    json: Object,
    algorithm: SignatureAlgorithm,
}

impl Header {
    /// Checks a header object.
    pub fn new(json: Object) -> Result<Self, JwsError> {
        let name = json
            .get("alg")
            .and_then(Json::as_str)
            .ok_or(JwsError::AlgorithmMissing)?;
        let algorithm = SignatureAlgorithm::from_name(name).ok_or(JwsError::UnsupportedAlgorithm)?;
        if json.contains("crit") || json.contains("b64") {
            return Err(JwsError::CriticalHeader);
        }
        for name in ["typ", "kid"] {
            if json.get(name).is_some_and(|value| value.as_str().is_none()) {
                return Err(JwsError::BadHeader(name));
            }
        }
        Ok(Self { json, algorithm })
    }

    /// All members.
    pub fn json(&self) -> &Object {
        &self.json
    }

    /// `alg`.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// `typ`.
    pub fn typ(&self) -> Option<&str> {
        self.json.get("typ").and_then(Json::as_str)
    }

    /// `kid`.
    pub fn kid(&self) -> Option<&str> {
        self.json.get("kid").and_then(Json::as_str)
    }

    /// `x5c`: DER certificates, leaf first (RFC 7515 §4.1.6); `None` if there is no such member.
    pub fn x5c(&self) -> Result<Option<Vec<Vec<u8>>>, JwsError> {
        let Some(chain) = self.json.get("x5c") else {
            return Ok(None);
        };
        let chain = chain
            .as_array()
            .filter(|chain| !chain.is_empty() && chain.len() <= MOST_CERTIFICATES);
        let chain = chain.ok_or(JwsError::BadHeader("x5c"))?;
        let decode = |item: &Json| {
            let text = item.as_str().ok_or(JwsError::BadHeader("x5c"))?;
            base64url::decode_standard(text).map_err(|_| JwsError::BadHeader("x5c"))
        };
        chain.iter().map(decode).collect::<Result<_, _>>().map(Some)
    }

    /// Checks `typ` (RFC 8725 §3.11); an `application/` prefix may be left out (RFC 7515 §4.1.9).
    pub fn expect_typ(&self, expected: &'static str) -> Result<(), JwsError> {
        match self.typ() {
            Some(typ) if short_type(typ).eq_ignore_ascii_case(expected) => Ok(()),
            _ => Err(JwsError::WrongType { expected }),
        }
    }
}

/// Longer chains are not built by anyone honest (rustls-webpki stops at 6 intermediates too).
const MOST_CERTIFICATES: usize = 8;

fn short_type(typ: &str) -> &str {
    match typ.get(..12) {
        Some(prefix) if prefix.eq_ignore_ascii_case("application/") && !typ[12..].contains('/') => &typ[12..],
        _ => typ,
    }
}

/// A JWS as received: nothing in it may be believed.
#[derive(Clone)]
pub struct UnverifiedJws {
    header: Header,
    signing_input: Vec<u8>,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl UnverifiedJws {
    /// Parses the compact serialisation (RFC 7515 §7.1).
    pub fn parse(text: &str, budget: &mut Budget) -> Result<Self, JwsError> {
        let mut parts = text.split('.');
        let (Some(protected), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(JwsError::NotThreeParts);
        };
        let mut jws = Self::from_parts(protected, payload, signature, budget)?;
        jws.signing_input = text.as_bytes()[..protected.len() + 1 + payload.len()].to_vec();
        Ok(jws)
    }

    /// Parses the three base64url parts of a JSON serialisation (RFC 7515 §7.2).
    pub fn from_parts(protected: &str, payload: &str, signature: &str, budget: &mut Budget) -> Result<Self, JwsError> {
        let header = Json::parse(base64url::decode(protected)?, budget)?;
        let Json::Object(header) = header else {
            return Err(JwsError::BadHeader("header"));
        };
        let header = Header::new(header)?;
        budget.spend_bytes(payload.len() / 4 * 3).map_err(JsonError::from)?;
        Ok(Self {
            header,
            signing_input: [protected, payload].join(".").into_bytes(),
            payload: base64url::decode(payload)?,
            signature: base64url::decode(signature)?,
        })
    }

    /// The protected header, unverified: good for choosing a key, for nothing else.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The payload, UNVERIFIED: for display and for choosing a key.
    pub fn inspect(&self) -> &[u8] {
        &self.payload
    }

    /// Checks the signature; the key's kind must be that of `alg`.
    pub fn verify(self, key: &PublicKey) -> Result<VerifiedJws, JwsError> {
        if key.algorithm() != self.header.algorithm {
            return Err(JwsError::KeyDoesNotFit);
        }
        key.verifying_key()
            .verify(&self.signing_input, &self.signature)
            .map_err(|_| JwsError::BadSignature)?;
        Ok(VerifiedJws {
            header: self.header,
            payload: self.payload,
        })
    }
}

impl fmt::Debug for UnverifiedJws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "UnverifiedJws({}, {} bytes)",
            self.header.algorithm.name(),
            self.payload.len()
        )
    }
}

/// A JWS whose signature was checked with the key that was handed in. Whose key that is, is another question.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifiedJws {
    header: Header,
    payload: Vec<u8>,
}

impl VerifiedJws {
    /// The protected header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The payload.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The payload as a claims object (RFC 7519 §7.2).
    pub fn claims(&self, budget: &mut Budget) -> Result<Object, JwsError> {
        match Json::parse(&self.payload, budget)? {
            Json::Object(claims) => Ok(claims),
            _ => Err(JwsError::PayloadNotAnObject),
        }
    }
}

impl fmt::Debug for VerifiedJws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "VerifiedJws({}, {} bytes)",
            self.header.algorithm.name(),
            self.payload.len()
        )
    }
}

/// A JWS that only lacks its signature, for keys that live elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsignedJws {
    signing_input: String,
    header_length: usize,
}

impl UnsignedJws {
    /// Prepares header and payload; `alg` is set from `algorithm` and comes first.
    pub fn new(algorithm: SignatureAlgorithm, header: Object, payload: impl AsRef<[u8]>) -> Self {
        let mut protected = Object::new().with("alg", Json::from(algorithm.name()));
        for (name, value) in header {
            if name != "alg" {
                protected.insert(name, value);
            }
        }
        let protected = base64url::encode(protected.to_string());
        let header_length = protected.len();
        Self {
            signing_input: [protected, base64url::encode(payload)].join("."),
            header_length,
        }
    }

    /// The bytes to sign.
    pub fn signing_input(&self) -> &[u8] {
        self.signing_input.as_bytes()
    }

    /// The protected header and the payload, each as base64url.
    pub fn parts(&self) -> (&str, &str) {
        (
            &self.signing_input[..self.header_length],
            &self.signing_input[self.header_length + 1..],
        )
    }

    /// The compact serialisation.
    pub fn with_signature(self, signature: impl AsRef<[u8]>) -> String {
        let mut text = self.signing_input;
        text.push('.');
        text.push_str(&base64url::encode(signature));
        text
    }

    /// Signs at once with a key in memory.
    pub fn sign(self, key: &SigningKey) -> String {
        let signature = key.sign(self.signing_input());
        self.with_signature(signature)
    }
}

/// A JWS that is not acceptable.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JwsError {
    /// `alg` is missing.
    AlgorithmMissing,
    /// A header member does not hold what it should.
    BadHeader(&'static str),
    /// The signature is not that of the key.
    BadSignature,
    /// A part is not base64url.
    Base64(Base64Error),
    /// A critical extension, none of which is understood.
    CriticalHeader,
    /// A part is not acceptable JSON.
    Json(JsonError),
    /// The key is of another kind than `alg`.
    KeyDoesNotFit,
    /// Not `header.payload.signature`.
    NotThreeParts,
    /// The payload is no JSON object.
    PayloadNotAnObject,
    /// `none`, a MAC, or an algorithm that is not supported.
    UnsupportedAlgorithm,
    /// `typ` is missing or another.
    WrongType {
        /// What it must be.
        expected: &'static str,
    },
}

impl JwsError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::AlgorithmMissing => "jws.alg_missing",
            Self::BadHeader(_) => "jws.bad_header",
            Self::BadSignature => "jws.bad_signature",
            Self::Base64(_) => "jws.base64",
            Self::CriticalHeader => "jws.critical_header",
            Self::Json(error) => error.code(),
            Self::KeyDoesNotFit => "jws.key_does_not_fit",
            Self::NotThreeParts => "jws.not_three_parts",
            Self::PayloadNotAnObject => "jws.payload_not_an_object",
            Self::UnsupportedAlgorithm => "jws.unsupported_alg",
            Self::WrongType { .. } => "jws.wrong_typ",
        }
    }
}

impl From<Base64Error> for JwsError {
    fn from(error: Base64Error) -> Self {
        Self::Base64(error)
    }
}

impl From<JsonError> for JwsError {
    fn from(error: JsonError) -> Self {
        Self::Json(error)
    }
}

impl fmt::Display for JwsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlgorithmMissing => f.write_str("header has no `alg`"),
            Self::BadHeader(name) => write!(f, "header member `{name}` is malformed"),
            Self::BadSignature => f.write_str("signature does not verify"),
            Self::Base64(error) => write!(f, "not base64url: {error}"),
            Self::CriticalHeader => f.write_str("header asks for an extension that is not supported"),
            Self::Json(error) => error.fmt(f),
            Self::KeyDoesNotFit => f.write_str("key is of another kind than `alg`"),
            Self::NotThreeParts => f.write_str("not a compact JWS of three parts"),
            Self::PayloadNotAnObject => f.write_str("payload is not a JSON object"),
            Self::UnsupportedAlgorithm => f.write_str("`alg` is not supported (ES256, ES384 and EdDSA are)"),
            Self::WrongType { expected } => write!(f, "`typ` is not `{expected}`"),
        }
    }
}

impl std::error::Error for JwsError {}

#[cfg(test)]
mod tests;
