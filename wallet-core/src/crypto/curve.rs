//! The curves of keys and the signature algorithms that go with them.

use super::HashAlgorithm;

/// An elliptic curve of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Curve {
    /// Brainpool P256r1 (RFC 5639 §3.4).
    BrainpoolP256r1,
    /// Brainpool P384r1 (RFC 5639 §3.6).
    BrainpoolP384r1,
    /// Edwards curve 25519.
    Ed25519,
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
}

/// A signature algorithm: a curve with its hash (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum SignatureAlgorithm {
    /// Ed25519.
    EdDsa,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// ECDSA on P-521 with SHA-512.
    Es512,
    /// ECDSA on Brainpool P256r1 with SHA-256.
    EsB256,
    /// ECDSA on Brainpool P384r1 with SHA-384.
    EsB384,
}

impl SignatureAlgorithm {
    /// The algorithm of this JOSE name; `none`, MACs and unknown names give `None`.
    ///
    /// P-521 and Brainpool keys are for mdoc and certificates: JOSE takes what HAIP 1.0 §7 and its neighbours use.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            // RFC 9864 §2.2: "Ed25519" is the fully specified name of what "EdDSA" means here.
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            "ES256" => Some(Self::Es256),
            "ES384" => Some(Self::Es384),
            _ => None,
        }
    }

    /// The JOSE name; those of Brainpool are the names that COSE registers (RFC 9864 §2.1).
    pub fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::EsB256 => "ESB256",
            Self::EsB384 => "ESB384",
        }
    }

    /// The curve whose keys make such signatures.
    pub fn curve(self) -> Curve {
        match self {
            Self::EdDsa => Curve::Ed25519,
            Self::Es256 => Curve::P256,
            Self::Es384 => Curve::P384,
            Self::Es512 => Curve::P521,
            Self::EsB256 => Curve::BrainpoolP256r1,
            Self::EsB384 => Curve::BrainpoolP384r1,
        }
    }
}

impl Curve {
    /// The signature algorithm that goes with the curve.
    pub fn algorithm(self) -> SignatureAlgorithm {
        match self {
            Self::BrainpoolP256r1 => SignatureAlgorithm::EsB256,
            Self::BrainpoolP384r1 => SignatureAlgorithm::EsB384,
            Self::Ed25519 => SignatureAlgorithm::EdDsa,
            Self::P256 => SignatureAlgorithm::Es256,
            Self::P384 => SignatureAlgorithm::Es384,
            Self::P521 => SignatureAlgorithm::Es512,
        }
    }

    /// The hash that goes with the curve; Ed25519 hashes within.
    pub fn hash(self) -> HashAlgorithm {
        match self {
            Self::BrainpoolP256r1 | Self::P256 => HashAlgorithm::Sha256,
            Self::BrainpoolP384r1 | Self::P384 => HashAlgorithm::Sha384,
            Self::Ed25519 | Self::P521 => HashAlgorithm::Sha512,
        }
    }

    /// Length of a coordinate in bytes.
    pub fn coordinate_length(self) -> usize {
        match self {
            Self::BrainpoolP256r1 | Self::Ed25519 | Self::P256 => 32,
            Self::BrainpoolP384r1 | Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}
