//! Key agreement: ECDH on P-256 (RFC 7518 §4.6, HAIP 1.0 §5).

use std::fmt;

use p256::elliptic_curve::sec1::ToSec1Point as _;
use zeroize::Zeroizing;

use super::{BadKey, Random, random_bytes};

/// A private P-256 key for key agreement; wiped when dropped.
pub struct AgreementKey(p256::SecretKey);

impl AgreementKey {
    /// Draws a key.
    pub fn generate(random: &mut dyn Random) -> Self {
        loop {
            // Less than one draw in 2^32 is not a scalar.
            let bytes = Zeroizing::new(random_bytes::<32>(random));
            if let Ok(key) = p256::SecretKey::from_slice(bytes.as_slice()) {
                return Self(key);
            }
        }
    }

    /// Reads the big-endian scalar.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadKey> {
        p256::SecretKey::from_slice(bytes).map(Self).map_err(|_| BadKey)
    }

    /// The big-endian scalar, for sealing.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.to_bytes().to_vec())
    }

    /// The public point, uncompressed (SEC 1 §2.3.3).
    pub fn public_point(&self) -> Vec<u8> {
        self.0.public_key().to_sec1_point(false).as_bytes().to_vec()
    }
}

impl fmt::Debug for AgreementKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AgreementKey(redacted)")
    }
}

/// The shared secret of `own` and the public point `theirs`; points off the curve are refused.
pub fn agree_p256(own: &AgreementKey, theirs: &[u8]) -> Result<Zeroizing<[u8; 32]>, BadKey> {
    let theirs = p256::PublicKey::from_sec1_bytes(theirs).map_err(|_| BadKey)?;
    let shared = own.0.diffie_hellman(&theirs);
    Ok(Zeroizing::new((*shared.raw_secret_bytes()).into()))
}
