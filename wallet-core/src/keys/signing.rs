//! Asking a key store to sign: the core holds names of keys, the caller holds the keys.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::PublicKey;

/// The name of a private key in the caller's key store. It means nothing outside.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyHandle(String);

impl KeyHandle {
    /// A handle.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a key store declares about how its keys are kept (lessons S19; OpenID4VCI 1.0 Appendix D.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Assurance {
    /// A key in memory or in a file.
    #[default]
    Software,
    /// The operating system's key store, backed by hardware.
    Hardware,
    /// A secure element of its own.
    SecureElement,
    /// A remote security module.
    RemoteModule,
}

/// One signature that is asked for: which key, over which bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningRequest {
    handle: KeyHandle,
    key: PublicKey,
    message: Vec<u8>,
}

impl SigningRequest {
    /// Asks the key `handle`, whose public half is `key`, to sign `message`.
    pub fn new(handle: KeyHandle, key: PublicKey, message: Vec<u8>) -> Self {
        Self { handle, key, message }
    }

    /// Which key.
    pub fn handle(&self) -> &KeyHandle {
        &self.handle
    }

    /// Its public half.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The bytes to sign; the store hashes them as the key's algorithm says.
    pub fn message(&self) -> &[u8] {
        &self.message
    }
}

impl fmt::Debug for SigningRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningRequest({}, {} bytes)", self.handle.0, self.message.len())
    }
}
