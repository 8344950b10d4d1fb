//! The citizen's façade: what is held, the keys it is bound to, what was shown to whom, and whom the wallet trusts.
//!
//! A [`Wallet`] stands on a [`Store`]. It does no I/O beyond it and holds no flow: issuance hands over
//! credentials it has verified ([`Wallet::keep`]), a presentation chooses among one copy of each
//! ([`Wallet::hand`]), and before the answer leaves the device the copies are spent ([`Wallet::release`]), so
//! that a crash can lose a copy but never show one twice (ARF `ISSU_43`).
//!
//! ```text
//! issuance:     make_keys -> sign -> keep (durable) -> report
//! presentation: hand -> consent -> sign -> release (durable, keys destroyed) -> send -> conclude
//! ```
//! Each step of a flow that leaves the app may be kept with [`Wallet::save_flow`]. The history says who got which
//! claims when; there is no place in it for a value (ARF `DASH_03a`). Nothing here says that a credential is
//! valid: only a verifier gives verdicts (lessons S34).

mod anchors;
mod credential;
mod error;
mod flows;
mod history;
mod holding;
mod holdings;
mod id;
mod in_person;
mod issued;
mod keys;
mod presented;

mod stored;

pub use anchors::{AnchorContent, StoredAnchor};
pub use error::{KeyStoreError, WalletError};
pub use flows::{Flow, FlowKind};
pub use history::{Code, Deletion, Disclosed, Entry, Event, Issuance, Outcome, Party, Presentation};
pub use holding::{CopyRef, DisplayName, HeldCopy, Holding, Issuer, NewCopy, NewHolding, Renewal, Reuse, WhenEmpty};
pub use holdings::NextCopy;
pub use id::{AnchorId, EntryId, FlowId, HoldingId};
pub use issued::make_keys;
pub use keys::{KeyStore, SoftwareKeys};

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::crypto::Random;
use crate::store::{ChangeSet, Kind, MemoryStore, RecordId, Store, Unlock, export_backup, import_backup};
use crate::time::Timestamp;
use crate::trust::Environment;

/// The citizen's wallet.
pub struct Wallet {
    store: Box<dyn Store>,
    settings: Settings,
}

static SETTINGS: Kind = Kind::new("wallet");
static HOLDING: Kind = Kind::new("holding");
static COPY: Kind = Kind::new("copy");
static KEY: Kind = Kind::new("key");
static SPENT_KEY: Kind = Kind::new("spent_key");
static HISTORY: Kind = Kind::new("history");
static FLOW: Kind = Kind::new("flow");
static ANCHOR: Kind = Kind::new("anchor");

/// The layout of what the wallet stores. A field that is added has a default, so that older wallets load.
const VERSION: u32 = 1;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Settings {
    version: u32,
    environment: Environment,
    #[serde(with = "stored::unix")]
    created_at: Timestamp,
    /// How many entries the history has had.
    entries: u64,
}

impl Wallet {
    /// Makes a wallet on an empty store. Production and test never mix in one (lessons S36).
    pub fn create(
        store: Box<dyn Store>,
        environment: Environment,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<Self, WalletError> {
        if !store.kinds()?.is_empty() {
            return Err(WalletError::Exists);
        }
        let settings = Settings {
            version: VERSION,
            environment,
            created_at: now,
            entries: 0,
        };
        let mut wallet = Self { store, settings };
        let mut changes = ChangeSet::new();
        changes.put(&SETTINGS, RecordId::ONLY, stored::write(&wallet.settings)?);
        wallet.store.commit(changes, random)?;
        Ok(wallet)
    }

    /// Opens the wallet on this store.
    pub fn open(store: Box<dyn Store>) -> Result<Self, WalletError> {
        let settings = store.get(&SETTINGS, RecordId::ONLY)?.ok_or(WalletError::NotAWallet)?;
        let settings: Settings = stored::read(&SETTINGS, &settings)?;
        if settings.version > VERSION {
            return Err(WalletError::NewerVersion {
                found: settings.version,
                supported: VERSION,
            });
        }
        Ok(Self { store, settings })
    }

    /// Makes a wallet on an empty store from a backup.
    ///
    /// The backup may be older than what was shown since, so of a batch of one-time copies only the last returns,
    /// and it counts as shown: [`Holding::renewal`] will ask for new ones.
    pub fn restore(
        mut store: Box<dyn Store>,
        backup: &[u8],
        unlock: &Unlock,
        random: &mut dyn Random,
    ) -> Result<Self, WalletError> {
        if !store.kinds()?.is_empty() {
            return Err(WalletError::Exists);
        }
        let mut memory = MemoryStore::new();
        memory.commit(import_backup(backup, unlock)?, random)?;
        let mut wallet = Self::open(Box::new(memory))?;
        wallet.assume_copies_shown(random)?;
        let mut changes = ChangeSet::new();
        for kind in wallet.store.kinds()? {
            for record in wallet.store.list(&kind)? {
                changes.put(&kind, record.id, record.plain);
            }
        }
        store.commit(changes, random)?;
        Self::open(store)
    }

    /// A sealed copy of the wallet with its software keys, for [`Wallet::restore`]. Keys of other key stores stay
    /// where they are.
    pub fn export_backup(&self, unlock: &Unlock, random: &mut dyn Random) -> Result<Vec<u8>, WalletError> {
        Ok(export_backup(&*self.store, unlock, random)?)
    }

    /// Whether the wallet is for production or for tests.
    pub fn environment(&self) -> Environment {
        self.settings.environment
    }

    /// When the wallet was made.
    pub fn created_at(&self) -> Timestamp {
        self.settings.created_at
    }

    /// Commits changes together with entries of the history.
    fn commit_logged(
        &mut self,
        mut changes: ChangeSet,
        entries: impl IntoIterator<Item = Entry>,
        random: &mut dyn Random,
    ) -> Result<Vec<EntryId>, WalletError> {
        let mut settings = self.settings.clone();
        let mut ids = Vec::new();
        for entry in entries {
            settings.entries += 1;
            let id = EntryId::random(random);
            let entry = Entry {
                number: settings.entries,
                ..entry
            };
            changes.put(&HISTORY, id.record(), stored::write(&entry)?);
            ids.push(id);
        }
        changes.put(&SETTINGS, RecordId::ONLY, stored::write(&settings)?);
        self.store.commit(changes, random)?;
        self.settings = settings;
        Ok(ids)
    }

    /// Commits changes together with one entry of the history.
    fn commit_entry(
        &mut self,
        changes: ChangeSet,
        entry: Entry,
        random: &mut dyn Random,
    ) -> Result<EntryId, WalletError> {
        let ids = self.commit_logged(changes, [entry], random)?;
        Ok(ids[0])
    }
}

impl fmt::Debug for Wallet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wallet({:?}, redacted)", self.settings.environment)
    }
}
