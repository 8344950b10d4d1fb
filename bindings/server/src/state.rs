//! The authority's state in SQLite: single use survives a restart, and a stolen file says nothing.
//!
//! In clear are only kinds, ids (which the core makes digests or random) and ends. The values, among them the claims of
//! offers that wait, are sealed with a key in a file of its own with mode 0600.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};
use wallet_core::crypto::{XNonce, open_record, seal_record};
use wallet_core::issuer::{Change, Kind, State, StateError};
use wallet_core::time::Timestamp;
use zeroize::Zeroizing;

use crate::platform::{SystemRandom, load_or_create_key};

const LAYOUT: &str = "
    CREATE TABLE IF NOT EXISTS document (
        kind TEXT NOT NULL,
        id TEXT NOT NULL,
        sealed BLOB NOT NULL,
        expires INTEGER,
        PRIMARY KEY (kind, id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS document_end ON document (expires) WHERE expires IS NOT NULL;
";

/// How the table looks; a later version changes it from here.
const VERSION: i64 = 1;

/// The state of an authority in a file.
pub struct SqliteState {
    connection: Connection,
    key: Zeroizing<[u8; 32]>,
}

impl SqliteState {
    /// Opens the database `authority.db` of a folder, sealed with the key beside it; makes both where they are missing.
    pub fn in_folder(folder: &Path) -> Result<Self, StateError> {
        let key = load_or_create_key(&folder.join("authority.key")).map_err(|_| StateError::Unavailable)?;
        Self::open(&folder.join("authority.db"), key)
    }

    /// Opens or creates the database at `path`, sealed with `key`.
    pub fn open(path: &Path, key: Zeroizing<[u8; 32]>) -> Result<Self, StateError> {
        let connection = Connection::open(path).map_err(unavailable)?;
        connection.busy_timeout(Duration::from_secs(5)).map_err(unavailable)?;
        connection
            .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;")
            .map_err(unavailable)?;
        let version: i64 = connection
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .map_err(unavailable)?;
        if version > VERSION {
            // Written by a later version: better no answer than a wrong one.
            return Err(StateError::Unavailable);
        }
        connection.execute_batch(LAYOUT).map_err(unavailable)?;
        connection
            .pragma_update(None, "user_version", VERSION)
            .map_err(unavailable)?;
        Ok(Self { connection, key })
    }

    fn unseal(&self, kind: Kind, id: &str, sealed: &[u8]) -> Result<Vec<u8>, StateError> {
        let opened = open_record(&self.key, sealed, &place(kind, id)).map_err(|_| StateError::Unavailable)?;
        Ok(opened.to_vec())
    }
}

/// What a sealed value is bound to.
fn place(kind: Kind, id: &str) -> Vec<u8> {
    [kind.name(), "/", id].concat().into_bytes()
}

fn seal(key: &[u8; 32], kind: Kind, id: &str, value: &[u8]) -> Vec<u8> {
    seal_record(key, XNonce::random(&mut SystemRandom::new()), value, &place(kind, id))
}

fn unavailable(error: rusqlite::Error) -> StateError {
    let code = error.sqlite_error_code().unwrap_or(rusqlite::ErrorCode::Unknown);
    tracing::error!(?code, "the database does not answer");
    StateError::Unavailable
}

impl fmt::Debug for SqliteState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SqliteState")
    }
}

impl State for SqliteState {
    fn get(&self, kind: Kind, id: &str) -> Result<Option<Vec<u8>>, StateError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT sealed FROM document WHERE kind = ?1 AND id = ?2")
            .map_err(unavailable)?;
        let sealed: Option<Vec<u8>> = statement
            .query_row(params![kind.name(), id], |row| row.get(0))
            .optional()
            .map_err(unavailable)?;
        sealed.map(|sealed| self.unseal(kind, id, &sealed)).transpose()
    }

    fn list(&self, kind: Kind) -> Result<Vec<(String, Vec<u8>)>, StateError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT id, sealed FROM document WHERE kind = ?1 ORDER BY id")
            .map_err(unavailable)?;
        let rows = statement
            .query_map([kind.name()], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?))
            })
            .map_err(unavailable)?;
        let mut documents = Vec::new();
        for row in rows {
            let (id, sealed) = row.map_err(unavailable)?;
            let value = self.unseal(kind, &id, &sealed)?;
            documents.push((id, value));
        }
        Ok(documents)
    }

    fn apply(&mut self, changes: &[Change]) -> Result<(), StateError> {
        // Immediate: the lock is taken before anything is read, so that two servers cannot both see a code unused.
        let transaction =
            Transaction::new(&mut self.connection, TransactionBehavior::Immediate).map_err(unavailable)?;
        for change in changes {
            apply(&transaction, &self.key, change)?;
        }
        transaction.commit().map_err(unavailable)
    }

    fn purge(&mut self, now: Timestamp) -> Result<(), StateError> {
        let purge = "DELETE FROM document WHERE expires < ?1";
        self.connection
            .execute(purge, [now.unix()])
            .map_err(unavailable)
            .map(drop)
    }
}

fn apply(transaction: &Transaction<'_>, key: &[u8; 32], change: &Change) -> Result<(), StateError> {
    let changed = match change {
        Change::Insert {
            kind,
            id,
            value,
            expires,
        } => transaction
            .execute(
                "INSERT INTO document (kind, id, sealed, expires) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
                params![
                    kind.name(),
                    id,
                    seal(key, *kind, id, value),
                    expires.map(Timestamp::unix)
                ],
            )
            .map_err(unavailable)?,
        Change::Remove { kind, id } => transaction
            .execute(
                "DELETE FROM document WHERE kind = ?1 AND id = ?2",
                params![kind.name(), id],
            )
            .map_err(unavailable)?,
        Change::Replace { kind, id, old, new } => {
            let read = "SELECT sealed FROM document WHERE kind = ?1 AND id = ?2";
            let sealed: Option<Vec<u8>> = transaction
                .query_row(read, params![kind.name(), id], |row| row.get(0))
                .optional()
                .map_err(unavailable)?;
            let sealed = sealed.ok_or(StateError::Conflict)?;
            let found = open_record(key, &sealed, &place(*kind, id)).map_err(|_| StateError::Unavailable)?;
            if *found != *old {
                return Err(StateError::Conflict);
            }
            transaction
                .execute(
                    "UPDATE document SET sealed = ?3 WHERE kind = ?1 AND id = ?2",
                    params![kind.name(), id, seal(key, *kind, id, new)],
                )
                .map_err(unavailable)?
        }
        _ => return Err(StateError::Unavailable),
    };
    if changed == 1 {
        Ok(())
    } else {
        Err(StateError::Conflict)
    }
}

#[cfg(test)]
mod tests {
    use wallet_core::issuer::check_state_contract;

    use super::*;

    #[test]
    fn keeps_the_contract_of_every_state_across_restarts() {
        let folder = tempfile::tempdir().expect("a folder");
        let open = || SqliteState::in_folder(folder.path()).expect("opens");
        assert_eq!(
            check_state_contract(open(), |state| {
                drop(state);
                open()
            }),
            Ok(())
        );
    }

    #[test]
    fn a_value_is_sealed_and_bound_to_its_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut state = SqliteState::in_folder(folder.path()).expect("opens");
        let insert = |id: &str| Change::Insert {
            kind: Kind::Record,
            id: id.into(),
            value: b"Vogelsang".to_vec(),
            expires: None,
        };
        state.apply(&[insert("a")]).expect("applies");
        let swap = "UPDATE document SET id = 'b'";
        state.connection.execute(swap, []).expect("swaps");
        assert_eq!(state.get(Kind::Record, "b"), Err(StateError::Unavailable));
        drop(state);
        for entry in std::fs::read_dir(folder.path()).expect("a folder") {
            let bytes = std::fs::read(entry.expect("a file").path()).expect("readable");
            assert!(!bytes.windows(9).any(|window| window == b"Vogelsang"));
        }
    }
}
