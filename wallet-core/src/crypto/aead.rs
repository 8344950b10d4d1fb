//! Authenticated encryption: AES-GCM for JWE (RFC 7518 §5.3), XChaCha20-Poly1305 for records at rest.

use std::fmt;

use aes_gcm::aead::{Aead as _, AeadInOut as _, Payload};
use aes_gcm::{Aes128Gcm, Aes256Gcm, KeyInit as _};
use chacha20poly1305::XChaCha20Poly1305;
use zeroize::Zeroizing;

use super::{Random, random_bytes};

/// Length of a GCM tag and of a Poly1305 tag.
const TAG: usize = 16;

/// A content encryption algorithm of JWE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ContentCipher {
    /// AES-128 in Galois/Counter mode.
    A128Gcm,
    /// AES-256 in Galois/Counter mode.
    A256Gcm,
}

impl ContentCipher {
    /// The cipher of this JOSE name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "A128GCM" => Some(Self::A128Gcm),
            "A256GCM" => Some(Self::A256Gcm),
            _ => None,
        }
    }

    /// The JOSE name.
    pub fn name(self) -> &'static str {
        match self {
            Self::A128Gcm => "A128GCM",
            Self::A256Gcm => "A256GCM",
        }
    }

    /// Length of the key in bytes.
    pub fn key_length(self) -> usize {
        match self {
            Self::A128Gcm => 16,
            Self::A256Gcm => 32,
        }
    }

    /// Encrypts; gives ciphertext and tag. A nonce must never serve twice under one key.
    pub fn seal(
        self,
        key: &[u8],
        nonce: &[u8; 12],
        plain: &[u8],
        aad: &[u8],
    ) -> Result<(Vec<u8>, [u8; TAG]), AeadError> {
        let payload = Payload { msg: plain, aad };
        let mut sealed = match self {
            Self::A128Gcm => aes128(key)?.encrypt(&(*nonce).into(), payload),
            Self::A256Gcm => aes256(key)?.encrypt(&(*nonce).into(), payload),
        }
        .map_err(|_| AeadError::TooLong)?;
        let tag = sealed.split_off(sealed.len() - TAG);
        Ok((sealed, tag.try_into().expect("the tag is 16 bytes")))
    }

    /// Decrypts; anything altered is refused without saying what.
    pub fn open(
        self,
        key: &[u8],
        nonce: &[u8; 12],
        sealed: &[u8],
        tag: &[u8; TAG],
        aad: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, AeadError> {
        let message = [sealed, tag.as_slice()].concat();
        let payload = Payload { msg: &message, aad };
        match self {
            Self::A128Gcm => aes128(key)?.decrypt(&(*nonce).into(), payload),
            Self::A256Gcm => aes256(key)?.decrypt(&(*nonce).into(), payload),
        }
        .map(Zeroizing::new)
        .map_err(|_| AeadError::Altered)
    }
}

fn aes128(key: &[u8]) -> Result<Aes128Gcm, AeadError> {
    Aes128Gcm::new_from_slice(key).map_err(|_| AeadError::KeyLength {
        required: 16,
        given: key.len(),
    })
}

fn aes256(key: &[u8]) -> Result<Aes256Gcm, AeadError> {
    Aes256Gcm::new_from_slice(key).map_err(|_| AeadError::KeyLength {
        required: 32,
        given: key.len(),
    })
}

/// Encrypts `buffer` where it lies with AES-256-GCM and puts the tag behind it. A nonce must never serve twice under one
/// key.
pub fn seal_in_place(key: &[u8; 32], nonce: &[u8; 12], buffer: &mut Vec<u8>, aad: &[u8]) -> Result<(), AeadError> {
    buffer.reserve(TAG);
    Aes256Gcm::new(key.into())
        .encrypt_in_place(&(*nonce).into(), aad, buffer)
        .map_err(|_| AeadError::TooLong)
}

/// Opens what [`seal_in_place`] made, where it lies. After an error nothing useful is in `buffer`.
pub fn open_in_place(key: &[u8; 32], nonce: &[u8; 12], buffer: &mut Vec<u8>, aad: &[u8]) -> Result<(), AeadError> {
    Aes256Gcm::new(key.into())
        .decrypt_in_place(&(*nonce).into(), aad, buffer)
        .map_err(|_| AeadError::Altered)
}

/// Length of the nonce in front of a sealed record: long enough to be drawn at random for ever.
const X_NONCE: usize = 24;

/// The nonce of a sealed record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct XNonce([u8; X_NONCE]);

impl XNonce {
    /// Draws a nonce.
    pub fn random(random: &mut dyn Random) -> Self {
        Self(random_bytes(random))
    }
}

/// Seals a record at rest with XChaCha20-Poly1305: nonce, ciphertext, tag. `aad` binds it to its place.
pub fn seal_record(key: &[u8; 32], nonce: XNonce, plain: &[u8], aad: &[u8]) -> Vec<u8> {
    let cipher = XChaCha20Poly1305::new(key.into());
    let sealed = cipher.encrypt(&nonce.0.into(), Payload { msg: plain, aad });
    [
        nonce.0.as_slice(),
        &sealed.expect("a record is far below the limit of 256 GiB"),
    ]
    .concat()
}

/// Opens what [`seal_record`] made; altered, moved or foreign records are refused.
pub fn open_record(key: &[u8; 32], sealed: &[u8], aad: &[u8]) -> Result<Zeroizing<Vec<u8>>, AeadError> {
    let (nonce, message) = sealed.split_first_chunk::<X_NONCE>().ok_or(AeadError::Altered)?;
    let cipher = XChaCha20Poly1305::new(key.into());
    cipher
        .decrypt(&(*nonce).into(), Payload { msg: message, aad })
        .map(Zeroizing::new)
        .map_err(|_| AeadError::Altered)
}

/// Why sealing or opening failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AeadError {
    /// Wrong key, or the text, its tag or its associated data were altered.
    Altered,
    /// The key has the wrong length.
    KeyLength {
        /// What the cipher takes.
        required: usize,
        /// What was given.
        given: usize,
    },
    /// The message is longer than the cipher allows.
    TooLong,
}

impl fmt::Display for AeadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Altered => f.write_str("wrong key, or the sealed data were altered"),
            Self::KeyLength { required, given } => write!(f, "key has {given} bytes, the cipher takes {required}"),
            Self::TooLong => f.write_str("message is too long to be sealed"),
        }
    }
}

impl std::error::Error for AeadError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealing_in_place_is_sealing() {
        let (key, nonce, plain) = ([7; 32], [1; 12], b"grade");
        let mut buffer = plain.to_vec();
        seal_in_place(&key, &nonce, &mut buffer, b"aad").unwrap();
        let (cipher, tag) = ContentCipher::A256Gcm.seal(&key, &nonce, plain, b"aad").unwrap();
        assert_eq!(buffer, [cipher.as_slice(), &tag].concat());
        let open = |aad: &[u8], mut buffer: Vec<u8>| open_in_place(&key, &nonce, &mut buffer, aad).map(|()| buffer);
        assert_eq!(open(b"aad", buffer.clone()), Ok(plain.to_vec()));
        assert_eq!(open(b"", buffer.clone()), Err(AeadError::Altered));
        assert_eq!(open(b"aad", buffer[..15].to_vec()), Err(AeadError::Altered));
        buffer[0] ^= 1;
        assert_eq!(open(b"aad", buffer), Err(AeadError::Altered));
    }

    #[test]
    fn a_record_opens_only_in_its_place() {
        let (key, nonce) = ([7; 32], XNonce([1; X_NONCE]));
        let sealed = seal_record(&key, nonce, b"grade", b"holding/1");
        assert_eq!(
            open_record(&key, &sealed, b"holding/1").as_deref().map(Vec::as_slice),
            Ok(b"grade".as_slice())
        );
        assert_eq!(open_record(&key, &sealed, b"holding/2"), Err(AeadError::Altered));
        assert_eq!(open_record(&[8; 32], &sealed, b"holding/1"), Err(AeadError::Altered));
        assert_eq!(open_record(&key, &sealed[..20], b"holding/1"), Err(AeadError::Altered));
    }
}
