//! The data key of a store and its sub-keys: sealing records, and the tally over them.

use std::fmt;

use zeroize::Zeroizing;

use super::key::{Wrapping, sub_key};
use super::{Kind, RecordId, StoreError, Unlock};
use crate::crypto::{Random, XNonce, open_record, random_bytes, seal_record, sha256};

/// The key under which all records of one store are sealed.
pub(super) struct DataKey(Zeroizing<[u8; 32]>);

impl DataKey {
    /// Draws a key.
    pub(super) fn generate(random: &mut dyn Random) -> Self {
        Self(Zeroizing::new(random_bytes(random)))
    }

    /// Wraps the key; gives the wrapping and the sealed key.
    pub(super) fn wrap(&self, unlock: &Unlock, random: &mut dyn Random) -> Result<(Wrapping, Vec<u8>), StoreError> {
        let wrapping = Wrapping::new(unlock, random);
        let key = wrapping.key(unlock)?;
        let sealed = seal_record(&key, XNonce::random(random), self.0.as_slice(), &wrapping.encode());
        Ok((wrapping, sealed))
    }

    /// Unwraps the key.
    pub(super) fn unwrap(wrapping: &Wrapping, sealed: &[u8], unlock: &Unlock) -> Result<Self, StoreError> {
        let key = wrapping.key(unlock)?;
        let plain = open_record(&key, sealed, &wrapping.encode()).map_err(|_| StoreError::WrongKey)?;
        let bytes: [u8; 32] = plain.as_slice().try_into().map_err(|_| StoreError::Altered)?;
        Ok(Self(Zeroizing::new(bytes)))
    }

    /// What seals the records of a kind.
    pub(super) fn record_key(&self, kind: &Kind) -> RecordKey {
        let purpose = [b"mappe store record ".as_slice(), kind.as_str().as_bytes()].concat();
        RecordKey {
            key: sub_key(&self.0, &[], &purpose),
            kind: kind.clone(),
        }
    }

    /// What a sealed record adds to the tally; nobody without the key can find records that add the same.
    pub(super) fn tally_term(&self, kind: &Kind, id: RecordId, sealed: &[u8]) -> Tally {
        let place = sha256(&place(kind, id));
        let digest = sha256(&[place, sha256(sealed)].concat());
        let purpose = [b"mappe store tally ".as_slice(), &digest].concat();
        Tally(*sub_key(&self.0, &[], &purpose))
    }

    /// Seals the tally.
    pub(super) fn seal_tally(&self, tally: Tally, random: &mut dyn Random) -> Vec<u8> {
        seal_record(&self.tally_key(), XNonce::random(random), &tally.0, b"tally")
    }

    /// Opens the tally.
    pub(super) fn open_tally(&self, sealed: &[u8]) -> Result<Tally, StoreError> {
        let plain = open_record(&self.tally_key(), sealed, b"tally").map_err(|_| StoreError::Altered)?;
        plain.as_slice().try_into().map(Tally).map_err(|_| StoreError::Altered)
    }

    fn tally_key(&self) -> Zeroizing<[u8; 32]> {
        sub_key(&self.0, &[], b"mappe store tally key")
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(redacted)")
    }
}

/// The sub-key of one kind.
pub(super) struct RecordKey {
    key: Zeroizing<[u8; 32]>,
    kind: Kind,
}

impl RecordKey {
    /// Seals a record for its place.
    pub(super) fn seal(&self, id: RecordId, plain: &[u8], random: &mut dyn Random) -> Vec<u8> {
        seal_record(&self.key, XNonce::random(random), plain, &place(&self.kind, id))
    }

    /// Opens the record of this place.
    pub(super) fn open(&self, id: RecordId, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        open_record(&self.key, sealed, &place(&self.kind, id)).map_err(|_| StoreError::Altered)
    }
}

/// The sum over all sealed records: changes with every record added, removed or replaced.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally([u8; 32]);

impl Tally {
    /// Adds a term, or takes it away again.
    pub(super) fn toggle(&mut self, term: Self) {
        for (mine, theirs) in self.0.iter_mut().zip(term.0) {
            *mine ^= theirs;
        }
    }
}

/// Kind and id, unambiguous since a kind has no slash.
fn place(kind: &Kind, id: RecordId) -> Vec<u8> {
    [kind.as_str().as_bytes(), b"/", id.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::StretchCost;

    struct Counter(u8);
    impl Random for Counter {
        fn fill(&mut self, out: &mut [u8]) {
            for byte in out {
                self.0 = self.0.wrapping_add(1);
                *byte = self.0;
            }
        }
    }

    fn passphrase(text: &str) -> Unlock {
        Unlock::passphrase_at_cost(text.to_owned(), StretchCost::new(8, 1))
    }

    #[test]
    fn only_what_wrapped_unwraps() {
        let random = &mut Counter(0);
        let data = DataKey::generate(random);
        let (wrapping, sealed) = data.wrap(&passphrase("right"), random).unwrap();
        let open = |wrapping: &Wrapping, unlock: &Unlock| DataKey::unwrap(wrapping, &sealed, unlock).map(|key| *key.0);
        assert_eq!(open(&wrapping, &passphrase("right")), Ok(*data.0));
        assert_eq!(open(&wrapping, &passphrase("wrong")), Err(StoreError::WrongKey));
        assert_eq!(open(&wrapping, &Unlock::key([1; 32])), Err(StoreError::WrongKey));
        let other = Wrapping {
            cost: Some(StretchCost::new(8, 2)),
            ..wrapping
        };
        assert_eq!(open(&other, &passphrase("right")), Err(StoreError::WrongKey));
    }

    #[test]
    fn kinds_do_not_share_a_key() {
        let random = &mut Counter(0);
        let data = DataKey::generate(random);
        let (a, b) = (Kind::new("a"), Kind::new("b"));
        let sealed = data.record_key(&a).seal(RecordId::ONLY, b"x", random);
        let open = |kind| data.record_key(kind).open(RecordId::ONLY, &sealed);
        assert_eq!(open(&a).map(|plain| plain.to_vec()), Ok(b"x".to_vec()));
        assert_eq!(open(&b), Err(StoreError::Altered));
        assert_ne!(*data.record_key(&a).key, *data.record_key(&b).key);
    }

    #[test]
    fn the_tally_does_not_depend_on_the_order() {
        let data = DataKey::generate(&mut Counter(0));
        let term = |byte: u8| data.tally_term(&Kind::new("a"), RecordId::ONLY, &[byte]);
        let sum = |bytes: &[u8]| {
            let mut tally = Tally::default();
            bytes.iter().for_each(|byte| tally.toggle(term(*byte)));
            tally
        };
        assert!(sum(&[1, 2, 3]) == sum(&[3, 1, 2]));
        assert!(sum(&[1, 2, 3, 2]) == sum(&[1, 3]));
        assert!(sum(&[1, 2]) != sum(&[1, 3]));
    }
}
