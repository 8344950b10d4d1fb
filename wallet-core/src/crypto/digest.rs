//! Digests of the SHA-2 family (FIPS 180-4).

use sha2::Digest as _;

/// A hash function by its name in the IANA "Named Information" registry (RFC 9901 §4.1.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum HashAlgorithm {
    /// `sha-256`, the default everywhere.
    #[default]
    Sha256,
    /// `sha-384`.
    Sha384,
    /// `sha-512`.
    Sha512,
}

impl HashAlgorithm {
    /// The algorithm of this name; truncated and unknown ones give `None`.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "sha-256" => Some(Self::Sha256),
            "sha-384" => Some(Self::Sha384),
            "sha-512" => Some(Self::Sha512),
            _ => None,
        }
    }

    /// The registered name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha-256",
            Self::Sha384 => "sha-384",
            Self::Sha512 => "sha-512",
        }
    }

    /// Length of a digest in bytes.
    pub fn length(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The digest of `message`.
    pub fn digest(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => sha2::Sha256::digest(message).to_vec(),
            Self::Sha384 => sha2::Sha384::digest(message).to_vec(),
            Self::Sha512 => sha2::Sha512::digest(message).to_vec(),
        }
    }

    /// The digest of `message`, without allocation: it fills the first [`HashAlgorithm::length`] bytes.
    pub fn digest_into(self, message: &[u8], out: &mut [u8; 64]) -> usize {
        match self {
            Self::Sha256 => out[..32].copy_from_slice(&sha2::Sha256::digest(message)),
            Self::Sha384 => out[..48].copy_from_slice(&sha2::Sha384::digest(message)),
            Self::Sha512 => out.copy_from_slice(&sha2::Sha512::digest(message)),
        }
        self.length()
    }
}

/// The SHA-1 digest of `message`: for key identifiers of certificates alone (RFC 5280 §4.2.1.2, ISO 18013-5 Annex B),
/// which name a key and prove nothing.
pub fn sha1_key_identifier(message: &[u8]) -> [u8; 20] {
    use sha1::Digest as _;
    sha1::Sha1::digest(message).into()
}

/// The SHA-256 digest of `message`.
pub fn sha256(message: &[u8]) -> [u8; 32] {
    sha2::Sha256::digest(message).into()
}
