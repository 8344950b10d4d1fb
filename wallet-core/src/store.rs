//! The sealed store: records that survive the process, unreadable and unalterable without the key.
//!
//! A record has a [`Kind`] and an opaque random [`RecordId`]; these two and its size are all that a reader of
//! the file learns. Everything else is sealed with XChaCha20-Poly1305 under a sub-key of its kind and bound to
//! its place, so that a record moved, swapped or altered does not open. A sealed tally over all records shows
//! when one was removed or put back to an older state. What no file can show is that the whole of it was
//! replaced by an older copy: that needs a counter outside.
//!
//! A random data key seals the records. It is itself wrapped by an [`Unlock`]: a key that the platform's key
//! store keeps, or a passphrase through Argon2id (RFC 9106). Changing the passphrase wraps the data key anew.
//!
//! Mutations are collected in a [`ChangeSet`] and committed whole or not at all. A store written by an older
//! release loads for ever; one written by a newer release is refused.

mod backup;
mod error;
mod key;
mod memory;
mod record;
#[cfg(feature = "sqlite")]
mod seal;
#[cfg(feature = "sqlite")]
mod sqlite;

pub use backup::{export_backup, import_backup};
pub use error::StoreError;
pub use key::Unlock;
pub use memory::MemoryStore;
pub use record::{ChangeSet, Kind, Record, RecordId};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;

use zeroize::Zeroizing;

use crate::crypto::Random;

/// The largest record: four times the largest input that a parser accepts by default.
pub const LARGEST_RECORD: usize = 16 << 20;

/// Keeps records. `tests/behaviour/store.rs` is the contract of every implementation.
pub trait Store: Send {
    /// The record at this place, if there is one.
    fn get(&self, kind: &Kind, id: RecordId) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError>;

    /// All records of a kind, in the order of their ids, which means nothing.
    fn list(&self, kind: &Kind) -> Result<Vec<Record>, StoreError>;

    /// The kinds of which there are records, in order.
    fn kinds(&self) -> Result<Vec<Kind>, StoreError>;

    /// Makes all changes or, with an error, none; when it returns they are on the disk.
    fn commit(&mut self, changes: ChangeSet, random: &mut dyn Random) -> Result<(), StoreError>;
}

impl<S: Store + ?Sized> Store for Box<S> {
    fn get(&self, kind: &Kind, id: RecordId) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        (**self).get(kind, id)
    }

    fn list(&self, kind: &Kind) -> Result<Vec<Record>, StoreError> {
        (**self).list(kind)
    }

    fn kinds(&self) -> Result<Vec<Kind>, StoreError> {
        (**self).kinds()
    }

    fn commit(&mut self, changes: ChangeSet, random: &mut dyn Random) -> Result<(), StoreError> {
        (**self).commit(changes, random)
    }
}
