//! Key derivation: Concat KDF for JWE, HKDF for sub-keys, Argon2id for passphrases.

use sha2::Digest as _;
use zeroize::Zeroizing;

/// Derives `length` bytes from a shared secret (RFC 7518 §4.6.2, NIST SP 800-56A §5.8.1 with SHA-256).
pub fn concat_kdf(secret: &[u8], algorithm: &str, apu: &[u8], apv: &[u8], length: usize) -> Zeroizing<Vec<u8>> {
    let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    let mut out = Zeroizing::new(Vec::with_capacity(length.next_multiple_of(32)));
    let mut round = 1u32;
    while out.len() < length {
        let mut hash = sha2::Sha256::new();
        hash.update(round.to_be_bytes());
        hash.update(secret);
        for field in [algorithm.as_bytes(), apu, apv] {
            hash.update(count(field.len()));
            hash.update(field);
        }
        hash.update(count(length * 8));
        out.extend_from_slice(&hash.finalize());
        round += 1;
    }
    out.truncate(length);
    out
}

/// Derives a sub-key for `purpose` from a strong key (RFC 5869 with SHA-256).
///
/// # Panics
/// Never: `length` up to 8160 bytes is allowed, and callers pass constants.
pub fn hkdf_sha256(key: &[u8], salt: &[u8], purpose: &[u8], out: &mut [u8]) -> bool {
    hkdf::Hkdf::<sha2::Sha256>::new(Some(salt), key)
        .expand(purpose, out)
        .is_ok()
}

/// What stretching a passphrase costs (RFC 9106 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StretchCost {
    /// Memory in KiB.
    pub memory: u32,
    /// Passes over it.
    pub passes: u32,
}

impl StretchCost {
    /// A cost of `memory` KiB and `passes` passes.
    pub fn new(memory: u32, passes: u32) -> Self {
        Self { memory, passes }
    }
}

impl Default for StretchCost {
    /// 64 MiB and three passes: the second recommended option of RFC 9106 §4, for phones.
    fn default() -> Self {
        Self {
            memory: 64 * 1024,
            passes: 3,
        }
    }
}

/// Stretches a passphrase into a key with Argon2id; `None` if the cost or the salt is out of range.
pub fn stretch_passphrase(passphrase: &[u8], salt: &[u8], cost: StretchCost) -> Option<Zeroizing<[u8; 32]>> {
    // RFC 9106 §3.1 allows more; a stored cost above 1 GiB or 64 passes is an attack on this device.
    if cost.memory > 1 << 20 || cost.passes > 64 {
        return None;
    }
    let params = argon2::Params::new(cost.memory, cost.passes, 1, Some(32)).ok()?;
    let argon = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    let mut key = Zeroizing::new([0; 32]);
    argon.hash_password_into(passphrase, salt, key.as_mut_slice()).ok()?;
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::base64url;

    /// RFC 7518 Appendix C.
    #[test]
    fn concat_kdf_gives_the_published_key() {
        let secret = [
            158, 86, 217, 29, 129, 113, 53, 211, 114, 131, 66, 131, 191, 132, 38, 156, 251, 49, 110, 163, 218, 128,
            106, 72, 246, 218, 167, 121, 140, 254, 144, 196,
        ];
        let key = concat_kdf(&secret, "A128GCM", b"Alice", b"Bob", 16);
        assert_eq!(base64url::encode(&*key), "VqqN6vgjbSBcIijNcacQGg");
    }
}
