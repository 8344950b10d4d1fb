//! The one module that names a cryptographic crate: digests, signatures, AEAD, key agreement, key derivation.
//!
//! Algorithms are a closed set (HAIP 1.0 §7; ISO/IEC 18013-5 §9.1): ECDSA on P-256, P-384, P-521, Brainpool P256r1 and
//! P384r1, `EdDSA` on Ed25519; SHA-256, SHA-384, SHA-512; HMAC-SHA-256; A128GCM, A256GCM, XChaCha20-Poly1305; ECDH on
//! every curve of ECDSA. Brainpool P320r1 and P512r1, Ed448 and X25519 are not supported. Randomness is an argument
//! ([`Random`]); ECDSA signatures are deterministic (RFC 6979), so that signing needs none.
//!
//! With the feature `fast-verify`, P-256, P-384 and P-521 signatures are checked by `aws-lc-rs`. It changes speed,
//! never a verdict: the same vectors run on both providers.

mod aead;
mod agreement;
mod curve;
mod derive;
mod digest;
mod mac;
mod signature;

pub use aead::{AeadError, ContentCipher, XNonce, open_in_place, open_record, seal_in_place, seal_record};
pub use agreement::{AgreementKey, agree, agree_p256};
pub use curve::{Curve, SignatureAlgorithm};
pub use derive::{StretchCost, concat_kdf, hkdf_sha256, stretch_passphrase};
pub use digest::{HashAlgorithm, sha1_key_identifier, sha256};
pub use mac::{hmac_sha256, verify_hmac_sha256};
pub use signature::{BadKey, BadSignature, EcdsaScheme, Provider, SigningKey, VerifyingKey, verify_ecdsa_der};

/// A source of random bytes fit for keys; the core never reaches for one by itself.
pub trait Random {
    /// Fills `out` with unpredictable bytes.
    fn fill(&mut self, out: &mut [u8]);
}

impl<R: Random + ?Sized> Random for &mut R {
    fn fill(&mut self, out: &mut [u8]) {
        (**self).fill(out);
    }
}

/// Draws `N` random bytes.
pub fn random_bytes<const N: usize>(random: &mut dyn Random) -> [u8; N] {
    let mut out = [0; N];
    random.fill(&mut out);
    out
}

/// Draws a token of 256 bits as base64url: codes, nonces, identifiers.
pub fn random_token(random: &mut dyn Random) -> String {
    crate::codec::base64url::encode(random_bytes::<32>(random))
}

/// Compares two secrets without revealing by timing where they differ; their length is not secret.
pub fn same_secret(a: impl AsRef<[u8]>, b: impl AsRef<[u8]>) -> bool {
    use subtle::ConstantTimeEq as _;
    a.as_ref().ct_eq(b.as_ref()).into()
}
