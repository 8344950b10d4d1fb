//! Signatures: ECDSA on P-256 and P-384 (FIPS 186-5), Ed25519 (RFC 8032).

use std::fmt;
use std::sync::Arc;

use p256::ecdsa::signature::{Signer as _, Verifier as _, hazmat::PrehashVerifier as _};
use p256::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use zeroize::Zeroizing;

use super::{HashAlgorithm, Random, random_bytes};

/// An elliptic curve of a signature key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Curve {
    /// Edwards curve 25519.
    Ed25519,
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
}

/// A JOSE signature algorithm (RFC 7518 §3.1, RFC 8037 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum SignatureAlgorithm {
    /// Ed25519.
    EdDsa,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
}

impl SignatureAlgorithm {
    /// The algorithm of this JOSE name; `none`, MACs and unknown names give `None`.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            // RFC 9864 §2.2: "Ed25519" is the fully specified name of what "EdDSA" means here.
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            "ES256" => Some(Self::Es256),
            "ES384" => Some(Self::Es384),
            _ => None,
        }
    }

    /// The JOSE name.
    pub fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
        }
    }

    /// The curve whose keys make such signatures.
    pub fn curve(self) -> Curve {
        match self {
            Self::EdDsa => Curve::Ed25519,
            Self::Es256 => Curve::P256,
            Self::Es384 => Curve::P384,
        }
    }
}

impl Curve {
    /// The signature algorithm that goes with the curve.
    pub fn algorithm(self) -> SignatureAlgorithm {
        match self {
            Self::Ed25519 => SignatureAlgorithm::EdDsa,
            Self::P256 => SignatureAlgorithm::Es256,
            Self::P384 => SignatureAlgorithm::Es384,
        }
    }

    /// Length of a coordinate in bytes.
    pub fn coordinate_length(self) -> usize {
        match self {
            Self::Ed25519 | Self::P256 => 32,
            Self::P384 => 48,
        }
    }
}

/// Who does the arithmetic. The choice changes speed, never a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Provider {
    /// `aws-lc-rs`; only with the feature `fast-verify`.
    #[cfg(feature = "fast-verify")]
    AwsLc,
    /// The `RustCrypto` crates.
    RustCrypto,
}

impl Default for Provider {
    /// The fastest provider built in.
    fn default() -> Self {
        #[cfg(feature = "fast-verify")]
        return Self::AwsLc;
        #[cfg(not(feature = "fast-verify"))]
        return Self::RustCrypto;
    }
}

/// A public key, parsed and checked once, ready to check signatures. Cheap to clone.
#[derive(Clone)]
pub struct VerifyingKey {
    curve: Curve,
    point: Arc<[u8]>,
    engine: Engine,
}

#[derive(Clone)]
enum Engine {
    #[cfg(feature = "fast-verify")]
    AwsLc(Arc<aws_lc_rs::signature::ParsedPublicKey>),
    Ed25519(Box<ed25519_dalek::VerifyingKey>),
    P256(Box<p256::ecdsa::VerifyingKey>),
    P384(Box<p384::ecdsa::VerifyingKey>),
}

impl VerifyingKey {
    /// Reads a public point: SEC 1 uncompressed or compressed, or the 32 bytes of Ed25519.
    /// Points off the curve and of small order are refused.
    pub fn new(curve: Curve, point: &[u8]) -> Result<Self, BadKey> {
        Self::with_provider(Provider::default(), curve, point)
    }

    /// As [`VerifyingKey::new`], with a chosen provider.
    pub fn with_provider(provider: Provider, curve: Curve, point: &[u8]) -> Result<Self, BadKey> {
        match curve {
            Curve::Ed25519 => {
                let bytes: &[u8; 32] = point.try_into().map_err(|_| BadKey)?;
                let key = ed25519_dalek::VerifyingKey::from_bytes(bytes).map_err(|_| BadKey)?;
                // A key of small order signs everything.
                if key.is_weak() {
                    return Err(BadKey);
                }
                Ok(Self {
                    curve,
                    point: point.into(),
                    engine: Engine::Ed25519(Box::new(key)),
                })
            }
            Curve::P256 | Curve::P384 => Self::weierstrass(provider, curve, point),
        }
    }

    fn weierstrass(provider: Provider, curve: Curve, point: &[u8]) -> Result<Self, BadKey> {
        let length = curve.coordinate_length();
        // SEC 1 §2.3.3: compressed points are expanded, hybrid ones refused.
        let uncompressed: Arc<[u8]> = match point.first() {
            Some(4) if point.len() == 1 + 2 * length => point.into(),
            Some(2 | 3) if point.len() == 1 + length => match curve {
                Curve::P256 => {
                    let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(point).map_err(|_| BadKey)?;
                    key.to_sec1_point(false).as_bytes().into()
                }
                _ => {
                    let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(point).map_err(|_| BadKey)?;
                    key.to_sec1_point(false).as_bytes().into()
                }
            },
            _ => return Err(BadKey),
        };
        let engine = match (provider, curve) {
            #[cfg(feature = "fast-verify")]
            (Provider::AwsLc, _) => {
                use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ParsedPublicKey};
                let algorithm = if curve == Curve::P256 {
                    &ECDSA_P256_SHA256_FIXED
                } else {
                    &ECDSA_P384_SHA384_FIXED
                };
                let key = ParsedPublicKey::new(algorithm, &*uncompressed).map_err(|_| BadKey)?;
                Engine::AwsLc(Arc::new(key))
            }
            (Provider::RustCrypto, Curve::P256) => {
                let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(&uncompressed).map_err(|_| BadKey)?;
                Engine::P256(Box::new(key))
            }
            (Provider::RustCrypto, _) => {
                let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(&uncompressed).map_err(|_| BadKey)?;
                Engine::P384(Box::new(key))
            }
        };
        Ok(Self {
            curve,
            point: uncompressed,
            engine,
        })
    }

    /// The curve.
    pub fn curve(&self) -> Curve {
        self.curve
    }

    /// The point: SEC 1 uncompressed, or the 32 bytes of Ed25519.
    pub fn point(&self) -> &[u8] {
        &self.point
    }

    /// Checks a JOSE signature: `r ‖ s` of fixed length, or the 64 bytes of Ed25519.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        match &self.engine {
            #[cfg(feature = "fast-verify")]
            Engine::AwsLc(key) => key.verify_sig(message, signature).map_err(|_| BadSignature),
            Engine::Ed25519(key) => {
                let signature = ed25519_dalek::Signature::from_slice(signature).map_err(|_| BadSignature)?;
                // Strict: one message, one key, one meaning (no small-order parts).
                key.verify_strict(message, &signature).map_err(|_| BadSignature)
            }
            Engine::P256(key) => {
                let signature = p256::ecdsa::Signature::from_slice(signature).map_err(|_| BadSignature)?;
                key.verify(message, &signature).map_err(|_| BadSignature)
            }
            Engine::P384(key) => {
                let signature = p384::ecdsa::Signature::from_slice(signature).map_err(|_| BadSignature)?;
                key.verify(message, &signature).map_err(|_| BadSignature)
            }
        }
    }
}

impl PartialEq for VerifyingKey {
    fn eq(&self, other: &Self) -> bool {
        self.curve == other.curve && self.point == other.point
    }
}

impl Eq for VerifyingKey {}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "VerifyingKey({:?}, {})",
            self.curve,
            crate::codec::base64url::encode(&self.point)
        )
    }
}

/// An ECDSA scheme of X.509: which curve with which hash (RFC 5758 §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct EcdsaScheme {
    /// The curve of the key.
    pub curve: Curve,
    /// The hash of the message.
    pub hash: HashAlgorithm,
}

impl EcdsaScheme {
    /// A scheme.
    pub fn new(curve: Curve, hash: HashAlgorithm) -> Self {
        Self { curve, hash }
    }
}

/// Checks an ECDSA signature in DER, as certificates carry it.
pub fn verify_ecdsa_der(
    scheme: EcdsaScheme,
    point: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), BadSignature> {
    let digest = scheme.hash.digest(message);
    match scheme.curve {
        Curve::P256 => {
            let fixed = p256::ecdsa::Signature::from_der(signature).map_err(|_| BadSignature)?;
            if scheme.hash == HashAlgorithm::Sha256 {
                let key = VerifyingKey::new(Curve::P256, point).map_err(|_| BadSignature)?;
                return key.verify(message, &fixed.to_bytes());
            }
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(point).map_err(|_| BadSignature)?;
            key.verify_prehash(&digest, &fixed).map_err(|_| BadSignature)
        }
        Curve::P384 => {
            let fixed = p384::ecdsa::Signature::from_der(signature).map_err(|_| BadSignature)?;
            if scheme.hash == HashAlgorithm::Sha384 {
                let key = VerifyingKey::new(Curve::P384, point).map_err(|_| BadSignature)?;
                return key.verify(message, &fixed.to_bytes());
            }
            let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(point).map_err(|_| BadSignature)?;
            key.verify_prehash(&digest, &fixed).map_err(|_| BadSignature)
        }
        Curve::Ed25519 => Err(BadSignature),
    }
}

/// A private signature key held in memory; wiped when dropped, never printed.
pub struct SigningKey(Secret);

enum Secret {
    Ed25519(Box<ed25519_dalek::SigningKey>),
    P256(Box<p256::ecdsa::SigningKey>),
    P384(Box<p384::ecdsa::SigningKey>),
}

impl SigningKey {
    /// Draws a key.
    pub fn generate(curve: Curve, random: &mut dyn Random) -> Self {
        loop {
            let bytes = Zeroizing::new(random_bytes::<48>(random));
            // Less than one draw in 2^32 is not a scalar.
            if let Ok(key) = Self::from_bytes(curve, &bytes[..curve.coordinate_length()]) {
                return key;
            }
        }
    }

    /// Reads the private scalar (big-endian), or the seed of Ed25519.
    pub fn from_bytes(curve: Curve, bytes: &[u8]) -> Result<Self, BadKey> {
        Ok(Self(match curve {
            Curve::Ed25519 => {
                let seed: &[u8; 32] = bytes.try_into().map_err(|_| BadKey)?;
                Secret::Ed25519(Box::new(ed25519_dalek::SigningKey::from_bytes(seed)))
            }
            Curve::P256 => Secret::P256(Box::new(
                p256::ecdsa::SigningKey::from_slice(bytes).map_err(|_| BadKey)?,
            )),
            Curve::P384 => Secret::P384(Box::new(
                p384::ecdsa::SigningKey::from_slice(bytes).map_err(|_| BadKey)?,
            )),
        }))
    }

    /// Reads an unencrypted PKCS #8 key in PEM, P-256 or P-384.
    pub fn from_pkcs8_pem(pem: &str) -> Result<Self, BadKey> {
        if let Ok(key) = p256::SecretKey::from_pkcs8_pem(pem) {
            return Ok(Self(Secret::P256(Box::new(key.into()))));
        }
        p384::SecretKey::from_pkcs8_pem(pem)
            .map(|key| Self(Secret::P384(Box::new(key.into()))))
            .map_err(|_| BadKey)
    }

    /// Writes an unencrypted PKCS #8 key in PEM; Ed25519 keys have no such form here.
    pub fn to_pkcs8_pem(&self) -> Result<Zeroizing<String>, BadKey> {
        let ending = p256::pkcs8::LineEnding::LF;
        match &self.0 {
            Secret::P256(key) => p256::SecretKey::from(key.as_nonzero_scalar()).to_pkcs8_pem(ending),
            Secret::P384(key) => p384::SecretKey::from(key.as_nonzero_scalar()).to_pkcs8_pem(ending),
            Secret::Ed25519(_) => return Err(BadKey),
        }
        .map_err(|_| BadKey)
    }

    /// The private scalar or seed, for sealing.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(match &self.0 {
            Secret::Ed25519(key) => key.to_bytes().to_vec(),
            Secret::P256(key) => key.to_bytes().to_vec(),
            Secret::P384(key) => key.to_bytes().to_vec(),
        })
    }

    /// The curve.
    pub fn curve(&self) -> Curve {
        match &self.0 {
            Secret::Ed25519(_) => Curve::Ed25519,
            Secret::P256(_) => Curve::P256,
            Secret::P384(_) => Curve::P384,
        }
    }

    /// The JOSE algorithm of its signatures.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.curve().algorithm()
    }

    /// The public half.
    pub fn verifying_key(&self) -> VerifyingKey {
        let point = match &self.0 {
            Secret::Ed25519(key) => key.verifying_key().to_bytes().to_vec(),
            Secret::P256(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            Secret::P384(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
        };
        VerifyingKey::new(self.curve(), &point).expect("the public half of a private key is valid")
    }

    /// Signs; the same message gives the same signature (RFC 6979, RFC 8032).
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.0 {
            Secret::Ed25519(key) => key.sign(message).to_bytes().to_vec(),
            Secret::P256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                signature.to_bytes().to_vec()
            }
            Secret::P384(key) => {
                let signature: p384::ecdsa::Signature = key.sign(message);
                signature.to_bytes().to_vec()
            }
        }
    }

    /// Signs in DER, as certificates carry it; Ed25519 signatures have no other form.
    pub fn sign_der(&self, message: &[u8]) -> Vec<u8> {
        match &self.0 {
            Secret::Ed25519(_) => self.sign(message),
            Secret::P256(key) => {
                let signature: p256::ecdsa::DerSignature = key.sign(message);
                signature.as_bytes().to_vec()
            }
            Secret::P384(key) => {
                let signature: p384::ecdsa::DerSignature = key.sign(message);
                signature.as_bytes().to_vec()
            }
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({:?}, redacted)", self.curve())
    }
}

/// Key material that is not a key of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BadKey;

impl fmt::Display for BadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a usable key of its kind")
    }
}

impl std::error::Error for BadKey {}

/// A signature that is not that of this key over this message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BadSignature;

impl fmt::Display for BadSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("signature does not verify")
    }
}

impl std::error::Error for BadSignature {}
