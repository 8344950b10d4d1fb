//! Where private keys are: a seam for the app's own key store, and keys kept sealed in the wallet's store.

use std::fmt;

use zeroize::Zeroizing;

use super::{FlowKind, KEY, KeyStoreError, Wallet, WalletError};
use crate::crypto::{Curve, Random, SigningKey};
use crate::keys::{Assurance, KeyHandle, PublicKey, SigningRequest};
use crate::store::{ChangeSet, RecordId};
use crate::time::Timestamp;

/// Keeps private keys and signs with them. Apps bring the key store of their platform.
pub trait KeyStore {
    /// How the keys are kept. A claim of this program, not a proof: issuers look at attestations (lessons S19).
    fn assurance(&self) -> Assurance;

    /// Makes keys that were never used before, each for one copy of a credential.
    fn create(
        &mut self,
        count: usize,
        curve: Curve,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<Vec<(KeyHandle, PublicKey)>, KeyStoreError>;

    /// Makes all signatures of one confirmation by the user, in the order of the requests.
    fn sign(&mut self, requests: &[SigningRequest]) -> Result<Vec<Vec<u8>>, KeyStoreError>;

    /// Destroys keys; one that is gone already is no error.
    fn destroy(&mut self, keys: &[KeyHandle], random: &mut dyn Random) -> Result<(), KeyStoreError>;
}

/// More copies than this are not asked for at once.
const MOST_KEYS: usize = 1000;

/// The keys that the wallet keeps sealed in its own store: for devices and programs without a key store.
pub struct SoftwareKeys<'a> {
    wallet: &'a mut Wallet,
}

impl Wallet {
    /// The keys in the wallet's own store.
    pub fn software_keys(&mut self) -> SoftwareKeys<'_> {
        SoftwareKeys { wallet: self }
    }

    /// Destroys software keys that were made before this time and belong to no copy: left over by an issuance that
    /// never came to its end. Keys as young as the oldest suspended issuance stay. Gives how many were destroyed.
    pub fn sweep_keys(&mut self, before: Timestamp, random: &mut dyn Random) -> Result<usize, WalletError> {
        let flows = self.flows()?;
        let no_keys = |kind| matches!(kind, FlowKind::Presentation | FlowKind::Proximity);
        let suspended = flows.iter().filter(|flow| !no_keys(flow.kind));
        let before = suspended
            .map(|flow| flow.begun_at)
            .chain([before])
            .min()
            .unwrap_or(before);
        let holdings = self.holdings()?;
        let copies = || holdings.iter().flat_map(|holding| &holding.copies);
        let mut changes = ChangeSet::new();
        for record in self.store.list(&KEY)? {
            let bound = copies().any(|copy| copy.key.as_ref().and_then(software_key) == Some(record.id));
            if !bound && StoredKey::parse(&record.plain)?.created_at < before {
                changes.delete(&KEY, record.id);
            }
        }
        let swept = changes.len();
        self.store.commit(changes, random)?;
        Ok(swept)
    }
}

impl KeyStore for SoftwareKeys<'_> {
    fn assurance(&self) -> Assurance {
        Assurance::Software
    }

    fn create(
        &mut self,
        count: usize,
        curve: Curve,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<Vec<(KeyHandle, PublicKey)>, KeyStoreError> {
        if count == 0 || count > MOST_KEYS {
            return Err(KeyStoreError::TooMany {
                required: count,
                allowed: MOST_KEYS,
            });
        }
        let mut changes = ChangeSet::new();
        let mut made = Vec::with_capacity(count);
        for _ in 0..count {
            let id = RecordId::random(random);
            let key = SigningKey::generate(curve, random);
            made.push((KeyHandle::new(format!("{SOFTWARE}{id}")), PublicKey::from(&key)));
            changes.put(&KEY, id, StoredKey { key, created_at: now }.encode());
        }
        self.wallet.store.commit(changes, random)?;
        Ok(made)
    }

    fn sign(&mut self, requests: &[SigningRequest]) -> Result<Vec<Vec<u8>>, KeyStoreError> {
        let sign = |request: &SigningRequest| {
            let id = software_key(request.handle()).ok_or(KeyStoreError::UnknownKey)?;
            let plain = self.wallet.store.get(&KEY, id)?.ok_or(KeyStoreError::UnknownKey)?;
            let stored = StoredKey::parse(&plain).map_err(|_| KeyStoreError::UnknownKey)?;
            if PublicKey::from(&stored.key) != *request.key() {
                return Err(KeyStoreError::WrongKey);
            }
            Ok(stored.key.sign(request.message()))
        };
        requests.iter().map(sign).collect()
    }

    fn destroy(&mut self, keys: &[KeyHandle], random: &mut dyn Random) -> Result<(), KeyStoreError> {
        let mut changes = ChangeSet::new();
        for id in keys.iter().filter_map(software_key) {
            changes.delete(&KEY, id);
        }
        Ok(self.wallet.store.commit(changes, random)?)
    }
}

impl fmt::Debug for SoftwareKeys<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SoftwareKeys(redacted)")
    }
}

/// What the handles of software keys begin with.
const SOFTWARE: &str = "software:";

/// The record of a software key; `None` for a key of another key store.
pub(super) fn software_key(handle: &KeyHandle) -> Option<RecordId> {
    RecordId::parse(handle.as_str().strip_prefix(SOFTWARE)?)
}

/// A key as stored: a version, the curve, the time it was made, the private scalar or seed.
struct StoredKey {
    key: SigningKey,
    created_at: Timestamp,
}

const KEY_VERSION: u8 = 1;

impl StoredKey {
    fn encode(&self) -> Zeroizing<Vec<u8>> {
        let curve = match self.key.curve() {
            Curve::P256 => 1,
            Curve::P384 => 2,
            Curve::Ed25519 => 3,
            Curve::P521 => 4,
            Curve::BrainpoolP256r1 => 5,
            Curve::BrainpoolP384r1 => 6,
        };
        let secret = self.key.to_bytes();
        let mut out = Zeroizing::new(Vec::with_capacity(10 + secret.len()));
        out.extend_from_slice(&[KEY_VERSION, curve]);
        out.extend_from_slice(&self.created_at.unix().to_be_bytes());
        out.extend_from_slice(&secret);
        out
    }

    fn parse(plain: &[u8]) -> Result<Self, WalletError> {
        let read = || {
            let ([version, curve], rest) = plain.split_first_chunk::<2>()?;
            let (created_at, secret) = rest.split_first_chunk::<8>()?;
            let curve = match (*version, *curve) {
                (KEY_VERSION, 1) => Curve::P256,
                (KEY_VERSION, 2) => Curve::P384,
                (KEY_VERSION, 3) => Curve::Ed25519,
                (KEY_VERSION, 4) => Curve::P521,
                (KEY_VERSION, 5) => Curve::BrainpoolP256r1,
                (KEY_VERSION, 6) => Curve::BrainpoolP384r1,
                _ => return None,
            };
            Some(Self {
                key: SigningKey::from_bytes(curve, secret).ok()?,
                created_at: Timestamp::from_unix(i64::from_be_bytes(*created_at)),
            })
        };
        read().ok_or(WalletError::Unreadable("key"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As release 0.1.0 writes it. It must load for ever.
    #[test]
    fn a_stored_key_of_version_1_loads() {
        let head = [1, 3, 0, 0, 0, 0, 0, 0, 0, 60];
        let plain = [head.as_slice(), &[7; 32]].concat();
        let stored = StoredKey::parse(&plain).unwrap();
        assert_eq!(stored.key.curve(), Curve::Ed25519);
        assert_eq!(stored.created_at, Timestamp::from_unix(60));
        assert_eq!(*stored.encode(), plain);
        for (at, value) in [(0, 2), (1, 7)] {
            let mut other = plain.clone();
            other[at] = value;
            assert_eq!(StoredKey::parse(&other).err(), Some(WalletError::Unreadable("key")));
        }
        assert_eq!(
            StoredKey::parse(&plain[..41]).err(),
            Some(WalletError::Unreadable("key"))
        );
    }
}
