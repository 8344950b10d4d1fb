//! The state of an authority in SQLite.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, TransactionBehavior, params};
use wallet_core::issuer::{Change, Kind, State, StateError};
use wallet_core::time::Timestamp;

/// The documents of an authority in one SQLite file. Several processes may share it: each set of changes is a
/// transaction of its own, and what it expects is checked inside it.
pub struct SqliteState(Connection);

/// How the tables look; a later version changes them from here.
const VERSION: i64 = 1;

impl SqliteState {
    /// Opens the file, making it if it is not there. It should lie in a folder that only the service may read.
    pub fn open(path: &Path) -> Result<Self, StateError> {
        Self::prepare(Connection::open(path).map_err(unavailable)?)
    }

    fn prepare(connection: Connection) -> Result<Self, StateError> {
        connection.busy_timeout(Duration::from_secs(5)).map_err(unavailable)?;
        // Readers do not wait for the writer; FULL, since a code that was exchanged must stay so after a power cut.
        let settings = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;";
        connection.execute_batch(settings).map_err(unavailable)?;
        let version: i64 = connection
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .map_err(unavailable)?;
        match version {
            0 => connection
                .execute_batch(&format!(
                    "BEGIN IMMEDIATE;
                     CREATE TABLE IF NOT EXISTS document (
                         kind TEXT NOT NULL, id TEXT NOT NULL, value BLOB NOT NULL, expires INTEGER,
                         PRIMARY KEY (kind, id)
                     ) WITHOUT ROWID;
                     CREATE INDEX IF NOT EXISTS document_expires ON document (expires) WHERE expires IS NOT NULL;
                     PRAGMA user_version = {VERSION};
                     COMMIT;"
                ))
                .map_err(unavailable)?,
            VERSION => {}
            // Written by a later version: better no answer than a wrong one.
            _ => return Err(StateError::Unavailable),
        }
        Ok(Self(connection))
    }
}

impl fmt::Debug for SqliteState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SqliteState")
    }
}

impl State for SqliteState {
    fn get(&self, kind: Kind, id: &str) -> Result<Option<Vec<u8>>, StateError> {
        let mut statement = self
            .0
            .prepare_cached("SELECT value FROM document WHERE kind = ?1 AND id = ?2")
            .map_err(unavailable)?;
        let found = statement.query_row(params![kind.name(), id], |row| row.get(0));
        found.optional().map_err(unavailable)
    }

    fn list(&self, kind: Kind) -> Result<Vec<(String, Vec<u8>)>, StateError> {
        let mut statement = self
            .0
            .prepare_cached("SELECT id, value FROM document WHERE kind = ?1 ORDER BY id")
            .map_err(unavailable)?;
        let rows = statement.query_map([kind.name()], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.map_err(unavailable)?
            .collect::<Result<_, _>>()
            .map_err(unavailable)
    }

    fn apply(&mut self, changes: &[Change]) -> Result<(), StateError> {
        // Immediate: the lock is taken before anything is compared.
        let transaction = self
            .0
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(unavailable)?;
        for change in changes {
            apply(&transaction, change)?;
        }
        transaction.commit().map_err(unavailable)
    }

    fn purge(&mut self, now: Timestamp) -> Result<(), StateError> {
        self.0
            .execute("DELETE FROM document WHERE expires < ?1", [now.unix()])
            .map(|_| ())
            .map_err(unavailable)
    }
}

fn apply(connection: &Connection, change: &Change) -> Result<(), StateError> {
    let run = |sql: &str, values: &[&dyn rusqlite::ToSql]| {
        connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(values))
    };
    let changed = match change {
        Change::Insert {
            kind,
            id,
            value,
            expires,
        } => run(
            "INSERT INTO document (kind, id, value, expires) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
            &[&kind.name(), id, value, &expires.map(Timestamp::unix)],
        ),
        Change::Remove { kind, id } => run("DELETE FROM document WHERE kind = ?1 AND id = ?2", &[&kind.name(), id]),
        Change::Replace { kind, id, old, new } => run(
            "UPDATE document SET value = ?4 WHERE kind = ?1 AND id = ?2 AND value = ?3",
            &[&kind.name(), id, old, new],
        ),
        // A kind of change that this version does not know is not made.
        _ => return Err(StateError::Unavailable),
    };
    match changed.map_err(unavailable)? {
        1 => Ok(()),
        _ => Err(StateError::Conflict),
    }
}

fn unavailable(error: rusqlite::Error) -> StateError {
    let code = error.sqlite_error_code().unwrap_or(ErrorCode::Unknown);
    tracing::error!(?code, "the database does not answer");
    StateError::Unavailable
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::*;
    use wallet_core::issuer::check_state_contract;

    fn scratch(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("mappe-state-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a scratch folder");
        path
    }

    #[test]
    fn sqlite_keeps_the_contract() {
        let folder = scratch("contract");
        let file = folder.join("authority.db");
        let open = || SqliteState::open(&file).expect("opens");
        let reopen = |state: SqliteState| {
            drop(state);
            open()
        };
        assert_eq!(check_state_contract(open(), reopen), Ok(()));
        let _ = fs::remove_dir_all(&folder);
    }

    #[test]
    fn two_processes_cannot_both_use_a_code() {
        let folder = scratch("race");
        let file = folder.join("authority.db");
        let (mut one, mut two) = (
            SqliteState::open(&file).expect("opens"),
            SqliteState::open(&file).expect("opens"),
        );
        let insert = Change::insert(Kind::Code, "a", b"1".to_vec(), None);
        assert_eq!(one.apply(&[insert]), Ok(()));
        let remove = [Change::remove(Kind::Code, "a")];
        assert_eq!(two.apply(&remove), Ok(()));
        assert_eq!(one.apply(&remove), Err(StateError::Conflict));
        let _ = fs::remove_dir_all(&folder);
    }

    #[test]
    fn a_file_of_a_later_version_is_not_touched() {
        let folder = scratch("version");
        let file = folder.join("authority.db");
        drop(SqliteState::open(&file).expect("opens"));
        let connection = Connection::open(&file).expect("opens");
        connection.execute_batch("PRAGMA user_version = 2").expect("sets");
        drop(connection);
        assert_eq!(SqliteState::open(&file).err(), Some(StateError::Unavailable));
        let _ = fs::remove_dir_all(&folder);
    }
}
