//! Session encryption between mdoc and mdoc reader (ISO/IEC 18013-5 §9.1.1), and the key of a device MAC (§9.1.3.5).
//!
//! Each direction has its own key and counts its own messages from 1. The counter is never sent: a message that is
//! repeated, left out or put in another place does not decrypt. Messages are encrypted and decrypted where they lie.

use std::fmt;

use zeroize::{Zeroize as _, Zeroizing};

use crate::crypto::{AgreementKey, agree, hkdf_sha256, open_in_place, seal_in_place, sha256};
use crate::keys::PublicKey;

/// Who of the two we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// The holder's device.
    Mdoc,
    /// The reader.
    Reader,
}

/// The two keys of a session and how far each is used up. Wiped when dropped, never printed.
pub struct SessionCipher {
    role: Role,
    sending: Direction,
    receiving: Direction,
}

struct Direction {
    key: Zeroizing<[u8; 32]>,
    /// The first eight bytes of the initialisation vector: who sends.
    sender: Role,
    /// How many messages went this way.
    count: u32,
}

impl Direction {
    /// ISO/IEC 18013-5 §9.1.1.5: who sends, then the counter, which begins at 1 and never repeats.
    fn next(&self) -> Result<(u32, [u8; 12]), SessionError> {
        let count = self.count.checked_add(1).ok_or(SessionError::Exhausted)?;
        let mut nonce = [0; 12];
        nonce[7] = u8::from(self.sender == Role::Mdoc);
        nonce[8..].copy_from_slice(&count.to_be_bytes());
        Ok((count, nonce))
    }
}

/// Written by this version; others are not read.
const VERSION: u8 = 1;
/// Version, role, two keys, two counters.
const SEALED_LENGTH: usize = 2 + 2 * 32 + 2 * 4;

impl SessionCipher {
    /// Derives both keys from our ephemeral key and theirs. `session_transcript_bytes` is the encoded
    /// `SessionTranscriptBytes`, tag 24 included.
    pub fn derive(
        own: &AgreementKey,
        theirs: &PublicKey,
        session_transcript_bytes: &[u8],
        role: Role,
    ) -> Result<Self, SessionError> {
        let direction = |sender| {
            let purpose = match sender {
                Role::Mdoc => "SKDevice",
                Role::Reader => "SKReader",
            };
            let key = derive(own, theirs, session_transcript_bytes, purpose)?;
            Ok(Direction { key, sender, count: 0 })
        };
        let other = match role {
            Role::Mdoc => Role::Reader,
            Role::Reader => Role::Mdoc,
        };
        Ok(Self {
            role,
            sending: direction(role)?,
            receiving: direction(other)?,
        })
    }

    /// Encrypts the next message where it lies; the tag goes behind it.
    pub fn encrypt(&mut self, mut message: Vec<u8>) -> Result<Vec<u8>, SessionError> {
        let (count, nonce) = self.sending.next()?;
        seal_in_place(&self.sending.key, &nonce, &mut message, &[]).map_err(|_| SessionError::TooLong)?;
        self.sending.count = count;
        Ok(message)
    }

    /// Decrypts the next message where it lies. After an error the session is over (ISO/IEC 18013-5 §9.1.1.4).
    pub fn decrypt(&mut self, mut message: Vec<u8>) -> Result<Vec<u8>, SessionError> {
        let (count, nonce) = self.receiving.next()?;
        if open_in_place(&self.receiving.key, &nonce, &mut message, &[]).is_err() {
            message.zeroize();
            return Err(SessionError::NotDecrypted);
        }
        self.receiving.count = count;
        Ok(message)
    }

    /// Who we are.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The state, secret, to be sealed. Two sessions that go on from the same state would use counters twice: whoever
    /// restores it must not use the old one.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(Vec::with_capacity(SEALED_LENGTH));
        out.extend_from_slice(&[VERSION, u8::from(self.role == Role::Mdoc)]);
        for direction in [&self.sending, &self.receiving] {
            out.extend_from_slice(&*direction.key);
            out.extend_from_slice(&direction.count.to_be_bytes());
        }
        out
    }

    /// Reads what [`SessionCipher::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SessionError> {
        let read = || {
            let ([version, role], rest) = bytes.split_first_chunk::<2>()?;
            let (role, other) = match (*version, *role) {
                (VERSION, 0) => (Role::Reader, Role::Mdoc),
                (VERSION, 1) => (Role::Mdoc, Role::Reader),
                _ => return None,
            };
            let direction = |sender, bytes: &[u8]| {
                let (key, count) = bytes.split_first_chunk::<32>()?;
                Some(Direction {
                    key: Zeroizing::new(*key),
                    sender,
                    count: u32::from_be_bytes(count.try_into().ok()?),
                })
            };
            let (sending, receiving) = rest.split_first_chunk::<36>()?;
            Some(Self {
                role,
                sending: direction(role, sending)?,
                receiving: direction(other, receiving)?,
            })
        };
        read().ok_or(SessionError::Unreadable)
    }
}

impl fmt::Debug for SessionCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sent, received) = (self.sending.count, self.receiving.count);
        write!(
            f,
            "SessionCipher({:?}, {sent} sent, {received} received, redacted)",
            self.role
        )
    }
}

/// The key of a device MAC, `EMacKey` (ISO/IEC 18013-5 §9.1.3.5): from the device key and the reader's ephemeral key,
/// whichever of the two is ours.
pub fn device_mac_key(
    own: &AgreementKey,
    theirs: &PublicKey,
    session_transcript_bytes: &[u8],
) -> Result<Zeroizing<[u8; 32]>, SessionError> {
    derive(own, theirs, session_transcript_bytes, "EMacKey")
}

/// The value of the Bluetooth characteristic `Ident` (ISO/IEC 18013-5 §8.3.3.1.1.3), from `EDeviceKeyBytes`, tag
/// included: it tells the right reader from others nearby, and protects nothing.
pub fn ble_ident(e_device_key_bytes: &[u8]) -> [u8; 16] {
    let mut ident = [0; 16];
    let derived = hkdf_sha256(e_device_key_bytes, &[], b"BLEIdent", &mut ident);
    debug_assert!(derived, "16 bytes are not too many");
    ident
}

fn derive(
    own: &AgreementKey,
    theirs: &PublicKey,
    session_transcript_bytes: &[u8],
    purpose: &str,
) -> Result<Zeroizing<[u8; 32]>, SessionError> {
    let secret = agree(own, theirs.verifying_key()).map_err(|_| SessionError::KeyDoesNotFit)?;
    let mut key = Zeroizing::new([0; 32]);
    let salt = sha256(session_transcript_bytes);
    if !hkdf_sha256(&secret, &salt, purpose.as_bytes(), &mut *key) {
        return Err(SessionError::KeyDoesNotFit);
    }
    Ok(key)
}

/// Why a session cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionError {
    /// A key has encrypted as many messages as it may.
    Exhausted,
    /// The two keys are on different curves, or not for agreement.
    KeyDoesNotFit,
    /// Wrong key, altered, repeated, or out of order.
    NotDecrypted,
    /// A message longer than the cipher allows.
    TooLong,
    /// A stored session that is not one.
    Unreadable,
}

impl SessionError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Exhausted => "session.exhausted",
            Self::KeyDoesNotFit => "session.key_does_not_fit",
            Self::NotDecrypted => "session.not_decrypted",
            Self::TooLong => "session.too_long",
            Self::Unreadable => "session.unreadable",
        }
    }
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exhausted => "the session has no message numbers left",
            Self::KeyDoesNotFit => "the keys of the session are not on one curve",
            Self::NotDecrypted => "wrong key, or the message was altered, repeated or out of order",
            Self::TooLong => "message is too long to be encrypted",
            Self::Unreadable => "not the state of a session",
        })
    }
}

impl std::error::Error for SessionError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{Curve, Random};

    struct Counter(u8);

    impl Random for Counter {
        fn fill(&mut self, out: &mut [u8]) {
            for byte in out {
                self.0 = self.0.wrapping_add(1);
                *byte = self.0;
            }
        }
    }

    fn pair(curve: Curve) -> (SessionCipher, SessionCipher) {
        let reader = AgreementKey::generate_on(curve, &mut Counter(1)).unwrap();
        let mdoc = AgreementKey::generate_on(curve, &mut Counter(70)).unwrap();
        let public = |key: &AgreementKey| PublicKey::new(key.public_key());
        (
            SessionCipher::derive(&reader, &public(&mdoc), b"transcript", Role::Reader).unwrap(),
            SessionCipher::derive(&mdoc, &public(&reader), b"transcript", Role::Mdoc).unwrap(),
        )
    }

    #[test]
    fn both_sides_understand_each_other_in_order() {
        for curve in [
            Curve::P256,
            Curve::P384,
            Curve::P521,
            Curve::BrainpoolP256r1,
            Curve::BrainpoolP384r1,
        ] {
            let (mut reader, mut mdoc) = pair(curve);
            for text in ["request", "another request"] {
                let message = reader.encrypt(text.into()).unwrap();
                assert_eq!(mdoc.decrypt(message), Ok(text.into()));
                let message = mdoc.encrypt(text.into()).unwrap();
                assert_eq!(reader.decrypt(message), Ok(text.into()));
            }
        }
    }

    #[test]
    fn repeated_reordered_mirrored_and_altered_messages_are_refused() {
        let (mut reader, mut mdoc) = pair(Curve::P256);
        let (first, second) = (
            reader.encrypt(b"1".into()).unwrap(),
            reader.encrypt(b"2".into()).unwrap(),
        );
        let refused = Err(SessionError::NotDecrypted);
        assert_eq!(mdoc.decrypt(second.clone()), refused, "out of order");
        assert_eq!(reader.decrypt(first.clone()), refused, "its own");
        for position in 0..first.len() {
            let mut altered = first.clone();
            altered[position] ^= 1;
            assert_eq!(mdoc.decrypt(altered), refused);
        }
        assert_eq!(mdoc.decrypt(first[..15].to_vec()), refused);
        assert_eq!(mdoc.decrypt(first.clone()), Ok(b"1".into()));
        assert_eq!(mdoc.decrypt(first), refused, "repeated");
        assert_eq!(mdoc.decrypt(second), Ok(b"2".into()));
    }

    #[test]
    fn a_session_goes_on_after_it_was_sealed() {
        let (mut reader, mut mdoc) = pair(Curve::P256);
        let message = reader.encrypt(b"1".into()).unwrap();
        mdoc.decrypt(message).unwrap();
        let mut mdoc = SessionCipher::from_bytes(&mdoc.to_bytes()).unwrap();
        let mut reader = SessionCipher::from_bytes(&reader.to_bytes()).unwrap();
        let message = mdoc.encrypt(b"answer".into()).unwrap();
        assert_eq!(reader.decrypt(message), Ok(b"answer".into()));
        let message = reader.encrypt(b"2".into()).unwrap();
        assert_eq!(mdoc.decrypt(message), Ok(b"2".into()));
        let bytes = mdoc.to_bytes();
        for altered in [
            &bytes[1..],
            &bytes[..bytes.len() - 1],
            &[&[2], &bytes[1..]].concat(),
            &[],
        ] {
            let read = SessionCipher::from_bytes(altered);
            assert_eq!(read.err(), Some(SessionError::Unreadable));
        }
        assert!(!format!("{mdoc:?}").contains("key"));
    }

    #[test]
    fn counters_end_before_they_repeat() {
        let (mut reader, mut mdoc) = pair(Curve::P256);
        (reader.sending.count, mdoc.receiving.count) = (u32::MAX - 1, u32::MAX - 1);
        let last = reader.encrypt(b"last".into()).unwrap();
        assert_eq!(mdoc.decrypt(last), Ok(b"last".into()));
        assert_eq!(reader.encrypt(b"more".into()), Err(SessionError::Exhausted));
        assert_eq!(mdoc.decrypt(vec![0; 16]), Err(SessionError::Exhausted));
    }

    #[test]
    fn keys_depend_on_the_transcript_and_fit_each_other() {
        let reader = AgreementKey::generate(&mut Counter(1));
        let mdoc = AgreementKey::generate(&mut Counter(70));
        let (reader_public, mdoc_public) = (PublicKey::new(reader.public_key()), PublicKey::new(mdoc.public_key()));
        let one = device_mac_key(&reader, &mdoc_public, b"one");
        assert_eq!(one, device_mac_key(&mdoc, &reader_public, b"one"));
        assert_ne!(one, device_mac_key(&mdoc, &reader_public, b"two"));
        let other = AgreementKey::generate_on(Curve::P384, &mut Counter(2)).unwrap();
        let fitting = SessionCipher::derive(&other, &mdoc_public, b"one", Role::Reader);
        assert_eq!(fitting.err(), Some(SessionError::KeyDoesNotFit));
    }
}
