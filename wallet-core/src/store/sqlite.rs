//! The store on `SQLite`: the only I/O of the core, at a path that the caller names.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use rusqlite::{
    Connection, ErrorCode, OpenFlags, OptionalExtension as _, TransactionBehavior, config::DbConfig, params,
};
use zeroize::Zeroizing;

use super::key::Wrapping;
use super::seal::{DataKey, Tally};
use super::{ChangeSet, Kind, Record, RecordId, Store, StoreError, Unlock};
use crate::crypto::Random;

/// Marks the file as ours: "Mapp".
const APPLICATION: i32 = 0x4d61_7070;

/// What each version of the layout adds to the one before; the first makes version 1 from an empty file.
const MIGRATIONS: &[&[&str]] = &[&[
    "CREATE TABLE header (id INTEGER PRIMARY KEY CHECK (id = 1), wrapping BLOB NOT NULL, data_key BLOB NOT NULL, tally BLOB NOT NULL) STRICT",
    "CREATE TABLE record (kind TEXT NOT NULL, id BLOB NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (kind, id)) STRICT, WITHOUT ROWID",
]];

/// A sealed store in one file. While it is open nobody else can open it.
///
/// The file is made with the permissions that the process gives new files: put it into a folder of its own.
pub struct SqliteStore {
    connection: Connection,
    key: DataKey,
    tally: Tally,
}

impl SqliteStore {
    /// Creates a store at `path` that `unlock` opens from now on.
    pub fn create(path: &Path, unlock: &Unlock, random: &mut dyn Random) -> Result<Self, StoreError> {
        let mut connection = connect(path, OpenFlags::SQLITE_OPEN_CREATE)?;
        // A file left empty by a creation that was cut off may be taken over.
        if version(&connection)? != 0 || !schema(&connection)?.is_empty() {
            return Err(StoreError::Exists);
        }
        let key = DataKey::generate(random);
        let (wrapping, wrapped) = key.wrap(unlock, random)?;
        let tally = Tally::default();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        migrate(&transaction, 0)?;
        transaction.execute(
            "INSERT INTO header (id, wrapping, data_key, tally) VALUES (1, ?1, ?2, ?3)",
            params![wrapping.encode(), wrapped, key.seal_tally(tally, random)],
        )?;
        transaction.commit()?;
        Ok(Self { connection, key, tally })
    }

    /// Opens the store at `path` and checks it: every record is there, at its place, in its last state.
    pub fn open(path: &Path, unlock: &Unlock) -> Result<Self, StoreError> {
        let mut connection = connect(path, OpenFlags::empty())?;
        let found = version(&connection)?;
        let supported = u32::try_from(MIGRATIONS.len()).expect("versions are few");
        if found > supported {
            return Err(StoreError::NewerVersion { found, supported });
        }
        let known: Vec<&str> = MIGRATIONS
            .iter()
            .take(found as usize)
            .copied()
            .flatten()
            .copied()
            .collect();
        if found == 0 || schema(&connection)? != known {
            return Err(StoreError::NotAStore);
        }
        let (wrapping, wrapped, tally): (Vec<u8>, Vec<u8>, Vec<u8>) = connection
            .query_row("SELECT wrapping, data_key, tally FROM header WHERE id = 1", [], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?
            .ok_or(StoreError::Altered)?;
        let wrapping = wrapping.as_slice().try_into().ok().and_then(Wrapping::parse);
        let key = DataKey::unwrap(&wrapping.ok_or(StoreError::Altered)?, &wrapped, unlock)?;
        let tally = key.open_tally(&tally)?;
        if count(&connection, &key)? != tally {
            return Err(StoreError::Altered);
        }
        if found < supported {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            migrate(&transaction, found)?;
            transaction.commit()?;
        }
        Ok(Self { connection, key, tally })
    }

    /// Changes what opens the store. The records stay as they are; who kept an older copy of the file can still
    /// open that copy with what opened it then.
    pub fn change_unlock(&mut self, current: &Unlock, new: &Unlock, random: &mut dyn Random) -> Result<(), StoreError> {
        let (wrapping, wrapped): (Vec<u8>, Vec<u8>) =
            self.connection
                .query_row("SELECT wrapping, data_key FROM header WHERE id = 1", [], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?;
        let wrapping = wrapping.as_slice().try_into().ok().and_then(Wrapping::parse);
        DataKey::unwrap(&wrapping.ok_or(StoreError::Altered)?, &wrapped, current)?;
        let (wrapping, wrapped) = self.key.wrap(new, random)?;
        self.connection.execute(
            "UPDATE header SET wrapping = ?1, data_key = ?2 WHERE id = 1",
            params![wrapping.encode(), wrapped],
        )?;
        Ok(())
    }
}

impl Store for SqliteStore {
    fn get(&self, kind: &Kind, id: RecordId) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        match sealed(&self.connection, kind, id)? {
            Some(sealed) => self.key.record_key(kind).open(id, &sealed).map(Some),
            None => Ok(None),
        }
    }

    fn list(&self, kind: &Kind) -> Result<Vec<Record>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT id, sealed FROM record WHERE kind = ?1 ORDER BY id")?;
        let mut rows = statement.query([kind.as_str()])?;
        let key = self.key.record_key(kind);
        let mut records = Vec::new();
        while let Some(row) = rows.next()? {
            let id = RecordId::from_bytes(row.get(0)?);
            let sealed = row.get_ref(1)?.as_blob().map_err(|_| StoreError::Altered)?;
            records.push(Record::new(id, key.open(id, sealed)?));
        }
        Ok(records)
    }

    fn kinds(&self) -> Result<Vec<Kind>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT DISTINCT kind FROM record ORDER BY kind")?;
        let mut rows = statement.query([])?;
        let mut kinds = Vec::new();
        while let Some(row) = rows.next()? {
            kinds.push(Kind::parse(&row.get::<_, String>(0)?).ok_or(StoreError::Altered)?);
        }
        Ok(kinds)
    }

    fn commit(&mut self, changes: ChangeSet, random: &mut dyn Random) -> Result<(), StoreError> {
        changes.check()?;
        if changes.is_empty() {
            return Ok(());
        }
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut tally = self.tally;
        for (kind, id, plain) in changes.iter() {
            if let Some(old) = sealed(&transaction, kind, id)? {
                tally.toggle(self.key.tally_term(kind, id, &old));
            }
            let Some(plain) = plain else {
                transaction
                    .prepare_cached("DELETE FROM record WHERE kind = ?1 AND id = ?2")?
                    .execute(params![kind.as_str(), id.as_bytes()])?;
                continue;
            };
            let sealed = self.key.record_key(kind).seal(id, plain, random);
            tally.toggle(self.key.tally_term(kind, id, &sealed));
            transaction
                .prepare_cached("INSERT OR REPLACE INTO record (kind, id, sealed) VALUES (?1, ?2, ?3)")?
                .execute(params![kind.as_str(), id.as_bytes(), sealed])?;
        }
        transaction.execute(
            "UPDATE header SET tally = ?1 WHERE id = 1",
            [self.key.seal_tally(tally, random)],
        )?;
        transaction.commit()?;
        self.tally = tally;
        Ok(())
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SqliteStore(redacted)")
    }
}

/// Opens the file and takes it for this connection alone, at once or not at all.
fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | flags;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::ZERO)?;
    // A file from elsewhere must not bring code along (sqlite.org/security.html).
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    let set = |pragma: &str| connection.query_row(pragma, [], |_| Ok(())).optional().map(|_| ());
    set("PRAGMA locking_mode = EXCLUSIVE")?;
    connection.execute_batch("BEGIN EXCLUSIVE; COMMIT")?;
    // What is deleted is overwritten with zeros, and the journal is cut off after each transaction: in the
    // modes DELETE and PERSIST it would keep old pages for as long as the file is open.
    set("PRAGMA secure_delete = ON")?;
    set("PRAGMA journal_mode = TRUNCATE")?;
    set("PRAGMA synchronous = FULL")?;
    set("PRAGMA fullfsync = ON")?;
    set("PRAGMA temp_store = MEMORY")?;
    set("PRAGMA cell_size_check = ON")?;
    set("PRAGMA mmap_size = 0")?;
    Ok(connection)
}

/// The version of the layout; 0 for an empty file.
fn version(connection: &Connection) -> Result<u32, StoreError> {
    let number = |pragma: &str| connection.query_row(pragma, [], |row| row.get::<_, i32>(0));
    match (number("PRAGMA application_id")?, number("PRAGMA user_version")?) {
        (0, 0) => Ok(0),
        (APPLICATION, version) => u32::try_from(version).map_err(|_| StoreError::NotAStore),
        _ => Err(StoreError::NotAStore),
    }
}

/// The statements that made what is in the file: tables, indexes, views, triggers.
fn schema(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut statement = connection.prepare("SELECT coalesce(sql, name) FROM sqlite_schema ORDER BY rowid")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn migrate(connection: &Connection, from: u32) -> Result<(), StoreError> {
    for statement in MIGRATIONS.iter().skip(from as usize).copied().flatten() {
        connection.execute_batch(statement)?;
    }
    connection.execute_batch(&format!(
        "PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {}",
        MIGRATIONS.len()
    ))?;
    Ok(())
}

fn sealed(connection: &Connection, kind: &Kind, id: RecordId) -> Result<Option<Vec<u8>>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT sealed FROM record WHERE kind = ?1 AND id = ?2")?;
    let row = statement.query_row(params![kind.as_str(), id.as_bytes()], |row| row.get(0));
    Ok(row.optional()?)
}

/// Counts the tally over all rows.
fn count(connection: &Connection, key: &DataKey) -> Result<Tally, StoreError> {
    let mut statement = connection.prepare("SELECT kind, id, sealed FROM record")?;
    let mut rows = statement.query([])?;
    let mut tally = Tally::default();
    while let Some(row) = rows.next()? {
        let kind = row.get_ref(0)?.as_str().ok().and_then(Kind::parse);
        let sealed = row.get_ref(2)?.as_blob().map_err(|_| StoreError::Altered)?;
        let id = RecordId::from_bytes(row.get(1)?);
        tally.toggle(key.tally_term(&kind.ok_or(StoreError::Altered)?, id, sealed));
    }
    Ok(tally)
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => Self::CannotOpen,
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged,
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::NotADatabase) => Self::NotAStore,
            Some(_) => Self::Io(error.sqlite_error().map_or(0, |error| error.extended_code)),
            // Values of another type or length than the layout has.
            None => Self::Altered,
        }
    }
}
