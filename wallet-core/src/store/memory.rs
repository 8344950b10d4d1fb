//! A store that lives as long as the process: for tests, and for hosts that keep state themselves.

use std::collections::BTreeMap;
use std::fmt;

use zeroize::Zeroizing;

use super::{ChangeSet, Kind, Record, RecordId, Store, StoreError};
use crate::crypto::Random;

/// Records in memory; wiped when dropped.
#[derive(Default)]
pub struct MemoryStore(BTreeMap<(Kind, RecordId), Zeroizing<Vec<u8>>>);

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Store for MemoryStore {
    fn get(&self, kind: &Kind, id: RecordId) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        Ok(self.0.get(&(kind.clone(), id)).cloned())
    }

    fn list(&self, kind: &Kind) -> Result<Vec<Record>, StoreError> {
        let first = (kind.clone(), RecordId::ONLY);
        let records = self.0.range(first..).take_while(|((other, _), _)| other == kind);
        Ok(records
            .map(|((_, id), plain)| Record::new(*id, plain.clone()))
            .collect())
    }

    fn kinds(&self) -> Result<Vec<Kind>, StoreError> {
        let mut kinds: Vec<Kind> = self.0.keys().map(|(kind, _)| kind.clone()).collect();
        kinds.dedup();
        Ok(kinds)
    }

    fn commit(&mut self, changes: ChangeSet, _: &mut dyn Random) -> Result<(), StoreError> {
        changes.check()?;
        for (place, plain) in changes.into_changes() {
            match plain {
                Some(plain) => self.0.insert(place, plain),
                None => self.0.remove(&place),
            };
        }
        Ok(())
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryStore({} records, redacted)", self.0.len())
    }
}
