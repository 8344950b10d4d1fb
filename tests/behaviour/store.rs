//! The sealed store: what every implementation keeps, and what a thief, a crash and another release meet.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use rusqlite::Connection;
use wallet_core::crypto::StretchCost;
use wallet_core::store::{
    ChangeSet, Kind, LARGEST_RECORD, MemoryStore, RecordId, SqliteStore, Store, StoreError, Unlock, export_backup,
    import_backup,
};
use wallet_tests::TestRandom;

const HOLDING: Kind = Kind::new("holding");
const KEY: Kind = Kind::new("key");
/// An invented name that stands in every record here and must stand nowhere in a file.
const NAME: &[u8] = b"Adelheid Sommerfeld";

fn unlock() -> Unlock {
    Unlock::key([7; 32])
}

fn passphrase(text: &str) -> Unlock {
    Unlock::passphrase_at_cost(text.to_owned(), StretchCost::new(64, 1))
}

fn id(byte: u8) -> RecordId {
    RecordId::from_bytes([byte; 16])
}

fn put(kind: &Kind, id: RecordId, plain: &[u8]) -> ChangeSet {
    let mut changes = ChangeSet::new();
    changes.put(kind, id, plain.to_vec());
    changes
}

fn get(store: &dyn Store, kind: &Kind, id: RecordId) -> Option<Vec<u8>> {
    store
        .get(kind, id)
        .expect("the store reads")
        .map(|plain| plain.to_vec())
}

/// A store at `path` with two holdings and a key.
fn filled(path: &Path) -> SqliteStore {
    let random = &mut TestRandom::new(1);
    let mut store = SqliteStore::create(path, &unlock(), random).unwrap();
    let mut changes = put(&HOLDING, id(1), &[NAME, b" one"].concat());
    changes.put(&HOLDING, id(2), [NAME, b" two"].concat());
    changes.put(&KEY, id(1), [NAME, b" key"].concat());
    store.commit(changes, random).unwrap();
    store
}

/// Changes the closed file at `path` behind the store's back.
fn tamper(path: &Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

/// Everything that lies in the folder of the store, the journal included.
fn all_bytes(folder: &Path) -> Vec<u8> {
    let files = std::fs::read_dir(folder).unwrap();
    files
        .flat_map(|file| std::fs::read(file.unwrap().path()).unwrap())
        .collect()
}

mod contract {
    //! What every store does. `reopen` takes the store through whatever its end of process is.

    use super::*;

    macro_rules! contract {
        ($name:ident, $make:expr, $reopen:expr) => {
            mod $name {
                use super::*;

                #[test]
                fn keeps_what_is_put_and_forgets_what_is_deleted() {
                    let folder = tempfile::tempdir().unwrap();
                    let random = &mut TestRandom::new(2);
                    let mut store = $make(folder.path());
                    assert_eq!(store.kinds(), Ok(vec![]));
                    store.commit(put(&HOLDING, id(2), b"two"), random).unwrap();
                    store.commit(put(&HOLDING, id(1), b""), random).unwrap();
                    store.commit(put(&KEY, id(1), b"key"), random).unwrap();
                    let store = $reopen(store, folder.path());
                    assert_eq!(get(&*store, &HOLDING, id(1)), Some(vec![]));
                    assert_eq!(get(&*store, &HOLDING, id(3)), None);
                    let listed: Vec<_> = store.list(&HOLDING).unwrap();
                    let listed: Vec<_> = listed.iter().map(|record| (record.id, record.plain.as_slice())).collect();
                    assert_eq!(listed, [(id(1), b"".as_slice()), (id(2), b"two")]);
                    assert_eq!(store.kinds(), Ok(vec![HOLDING, KEY]));
                    let mut store = store;
                    let mut changes = ChangeSet::new();
                    changes.delete(&KEY, id(1));
                    changes.delete(&KEY, id(9));
                    store.commit(changes, random).unwrap();
                    let store = $reopen(store, folder.path());
                    assert_eq!(get(&*store, &KEY, id(1)), None);
                    assert_eq!(store.kinds(), Ok(vec![HOLDING]));
                }

                #[test]
                fn refuses_a_change_set_whole() {
                    let folder = tempfile::tempdir().unwrap();
                    let mut store = $make(folder.path());
                    let mut changes = put(&HOLDING, id(1), b"small");
                    changes.put(&HOLDING, id(2), vec![0; LARGEST_RECORD + 1]);
                    let refused = StoreError::TooLarge {
                        required: LARGEST_RECORD + 1,
                        allowed: LARGEST_RECORD,
                    };
                    assert_eq!(store.commit(changes, &mut TestRandom::new(3)), Err(refused));
                    assert_eq!(get(&*store, &HOLDING, id(1)), None);
                }

                proptest! {
                    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

                    #[test]
                    fn agrees_with_a_map(steps in proptest::collection::vec(step(), 1..24)) {
                        let folder = tempfile::tempdir().unwrap();
                        let random = &mut TestRandom::new(4);
                        let mut store = $make(folder.path());
                        let (mut model, mut changes) = (BTreeMap::new(), ChangeSet::new());
                        let mut staged = BTreeMap::new();
                        for step in steps {
                            match step {
                                Step::Put(kind, id, plain) => {
                                    changes.put(&kind, id, plain.clone());
                                    staged.insert((kind, id), Some(plain));
                                }
                                Step::Delete(kind, id) => {
                                    changes.delete(&kind, id);
                                    staged.insert((kind, id), None);
                                }
                                Step::Commit => {
                                    store.commit(std::mem::take(&mut changes), random).unwrap();
                                    model.extend(std::mem::take(&mut staged));
                                    model.retain(|_, plain: &mut Option<Vec<u8>>| plain.is_some());
                                }
                                Step::Reopen => store = $reopen(store, folder.path()),
                            }
                            let mut found = BTreeMap::new();
                            for kind in store.kinds().unwrap() {
                                for record in store.list(&kind).unwrap() {
                                    prop_assert_eq!(get(&*store, &kind, record.id), Some(record.plain.to_vec()));
                                    found.insert((kind.clone(), record.id), Some(record.plain.to_vec()));
                                }
                            }
                            prop_assert_eq!(&found, &model);
                        }
                    }
                }
            }
        };
    }

    #[derive(Clone, Debug)]
    enum Step {
        Put(Kind, RecordId, Vec<u8>),
        Delete(Kind, RecordId),
        Commit,
        Reopen,
    }

    fn step() -> impl Strategy<Value = Step> {
        let place = || {
            (
                prop_oneof![Just(HOLDING), Just(KEY), Just(Kind::new("flow"))],
                (0u8..4).prop_map(id),
            )
        };
        let plain = proptest::collection::vec(any::<u8>(), 0..64);
        prop_oneof![
            4 => (place(), plain).prop_map(|((kind, id), plain)| Step::Put(kind, id, plain)),
            2 => place().prop_map(|(kind, id)| Step::Delete(kind, id)),
            2 => Just(Step::Commit),
            1 => Just(Step::Reopen),
        ]
    }

    fn sqlite(folder: &Path) -> Box<dyn Store> {
        let path = folder.join("wallet.db");
        Box::new(SqliteStore::create(&path, &unlock(), &mut TestRandom::new(5)).unwrap())
    }

    fn sqlite_again(store: Box<dyn Store>, folder: &Path) -> Box<dyn Store> {
        drop(store);
        Box::new(SqliteStore::open(&folder.join("wallet.db"), &unlock()).unwrap())
    }

    /// A memory store survives as a backup only.
    fn memory_again(store: Box<dyn Store>, _: &Path) -> Box<dyn Store> {
        let random = &mut TestRandom::new(6);
        let backup = export_backup(&*store, &unlock(), random).unwrap();
        let mut again = MemoryStore::new();
        again
            .commit(import_backup(&backup, &unlock()).unwrap(), random)
            .unwrap();
        Box::new(again)
    }

    contract!(
        memory_store,
        |_| Box::new(MemoryStore::new()) as Box<dyn Store>,
        memory_again
    );
    contract!(sqlite_store, sqlite, sqlite_again);
}

mod thief {
    //! Someone who can read and write the file.

    use super::*;

    #[test]
    fn reads_no_content_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let store = filled(&folder.path().join("wallet.db"));
        assert!(!holds(&all_bytes(folder.path()), NAME));
        drop(store);
        assert!(!holds(&all_bytes(folder.path()), NAME));
        assert!(holds(&all_bytes(folder.path()), HOLDING.as_str().as_bytes()));
    }

    #[test]
    fn cannot_alter_move_swap_remove_add_or_put_back_a_record() {
        let swap = "UPDATE record SET sealed = (SELECT sealed FROM record AS other WHERE other.kind = 'holding' AND other.id != record.id) WHERE kind = 'holding'";
        for (what, sql) in [
            (
                "altered",
                "UPDATE record SET sealed = CAST(substr(sealed, 1, length(sealed) - 1) || x'00' AS BLOB) WHERE kind = 'key'",
            ),
            ("shortened", "UPDATE record SET sealed = x'' WHERE kind = 'key'"),
            (
                "moved",
                "UPDATE record SET id = x'09090909090909090909090909090909' WHERE kind = 'key'",
            ),
            ("of another kind", "UPDATE record SET kind = 'flow' WHERE kind = 'key'"),
            ("swapped", swap),
            ("removed", "DELETE FROM record WHERE kind = 'key'"),
            ("all removed", "DELETE FROM record"),
            (
                "copied",
                "INSERT INTO record SELECT 'flow', id, sealed FROM record WHERE kind = 'key'",
            ),
            ("with a strange id", "UPDATE record SET id = x'01' WHERE kind = 'key'"),
            (
                "with a strange kind",
                "UPDATE record SET kind = 'KEY' WHERE kind = 'key'",
            ),
            ("without a header", "DELETE FROM header"),
            ("with another tally", "UPDATE header SET tally = randomblob(72)"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("wallet.db");
            drop(filled(&path));
            tamper(&path, sql);
            assert_eq!(
                SqliteStore::open(&path, &unlock()).err(),
                Some(StoreError::Altered),
                "{what}"
            );
        }
    }

    #[test]
    fn cannot_put_an_older_state_of_one_record_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wallet.db");
        let mut store = filled(&path);
        let old = folder.path().join("old.db");
        std::fs::copy(&path, &old).unwrap();
        store
            .commit(put(&HOLDING, id(1), b"used"), &mut TestRandom::new(8))
            .unwrap();
        drop(store);
        let back = format!(
            "ATTACH '{}' AS old; UPDATE record SET sealed = (SELECT sealed FROM old.record AS o WHERE o.kind = record.kind AND o.id = record.id)",
            old.display()
        );
        tamper(&path, &back);
        assert_eq!(SqliteStore::open(&path, &unlock()).err(), Some(StoreError::Altered));
    }

    #[test]
    fn cannot_bring_tables_triggers_or_views_along() {
        for sql in [
            "CREATE TABLE other (a)",
            "CREATE TRIGGER spy AFTER DELETE ON record BEGIN SELECT 1; END",
            "CREATE VIEW spy AS SELECT * FROM record",
            "CREATE INDEX spy ON record (sealed)",
            "PRAGMA application_id = 1",
            "PRAGMA user_version = 0",
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("wallet.db");
            drop(filled(&path));
            tamper(&path, sql);
            assert_eq!(
                SqliteStore::open(&path, &unlock()).err(),
                Some(StoreError::NotAStore),
                "{sql}"
            );
        }
    }

    #[test]
    fn does_not_open_it_without_the_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wallet.db");
        let random = &mut TestRandom::new(9);
        drop(SqliteStore::create(&path, &passphrase("correct horse"), random).unwrap());
        for wrong in [passphrase("battery staple"), Unlock::key([7; 32])] {
            let error = SqliteStore::open(&path, &wrong).expect_err("the key is wrong");
            assert_eq!((error, error.code()), (StoreError::WrongKey, "store.wrong_key"));
        }
        assert_eq!(
            SqliteStore::open(&path, &passphrase("")).err(),
            Some(StoreError::EmptyPassphrase)
        );
        assert!(SqliteStore::open(&path, &passphrase("correct horse")).is_ok());
    }

    #[test]
    fn cannot_make_opening_exhaust_the_device() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wallet.db");
        let random = &mut TestRandom::new(9);
        drop(SqliteStore::create(&path, &passphrase("correct horse"), random).unwrap());
        tamper(
            &path,
            "UPDATE header SET wrapping = CAST(x'01FFFFFFFF00000001' || substr(wrapping, 10) AS BLOB)",
        );
        let refused = StoreError::CostOutOfRange {
            memory: u32::MAX,
            passes: 1,
        };
        assert_eq!(
            SqliteStore::open(&path, &passphrase("correct horse")).err(),
            Some(refused)
        );
    }

    #[test]
    fn finds_no_trace_of_what_was_deleted_or_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wallet.db");
        let mut store = filled(&path);
        drop(store);
        let sealed = |kind: &str| -> Vec<u8> {
            let connection = Connection::open(&path).unwrap();
            connection
                .query_row("SELECT sealed FROM record WHERE kind = ?1", [kind], |row| row.get(0))
                .unwrap()
        };
        let (key, holding) = (sealed("key"), sealed("holding"));
        assert!(holds(&all_bytes(folder.path()), &key));
        store = SqliteStore::open(&path, &unlock()).unwrap();
        let mut changes = put(&HOLDING, id(1), b"new");
        changes.delete(&KEY, id(1));
        store.commit(changes, &mut TestRandom::new(10)).unwrap();
        // While it is open, the journal lies beside it.
        let while_open = all_bytes(folder.path());
        drop(store);
        for bytes in [while_open, all_bytes(folder.path())] {
            for gone in [&key, &holding] {
                assert!(gone.windows(24).all(|part| !holds(&bytes, part)));
            }
        }
    }
}

mod keeper {
    //! The citizen who owns the file.

    use super::*;

    #[test]
    fn changes_the_passphrase_without_touching_the_records() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wallet.db");
        let random = &mut TestRandom::new(11);
        let mut store = SqliteStore::create(&path, &passphrase("first"), random).unwrap();
        store.commit(put(&HOLDING, id(1), NAME), random).unwrap();
        let refused = store.change_unlock(&passphrase("guess"), &passphrase("second"), random);
        assert_eq!(refused, Err(StoreError::WrongKey));
        drop(store);
        let column = |name: &str| -> Vec<u8> {
            let sql = format!("SELECT {name} FROM header, record");
            Connection::open(&path)
                .unwrap()
                .query_row(&sql, [], |row| row.get(0))
                .unwrap()
        };
        let (sealed, wrapped) = (column("sealed"), column("data_key"));
        let mut store = SqliteStore::open(&path, &passphrase("first")).unwrap();
        store
            .change_unlock(&passphrase("first"), &passphrase("second"), random)
            .unwrap();
        drop(store);
        assert_eq!(column("sealed"), sealed);
        assert!(!holds(&all_bytes(folder.path()), &wrapped[24..]));
        assert_eq!(
            SqliteStore::open(&path, &passphrase("first")).err(),
            Some(StoreError::WrongKey)
        );
        let mut store = SqliteStore::open(&path, &passphrase("second")).unwrap();
        store.change_unlock(&passphrase("second"), &unlock(), random).unwrap();
        drop(store);
        let store = SqliteStore::open(&path, &unlock()).unwrap();
        assert_eq!(get(&store, &HOLDING, id(1)).as_deref(), Some(NAME));
    }

    #[test]
    fn opening_twice_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wallet.db");
        let store = filled(&path);
        for second in [
            SqliteStore::open(&path, &unlock()),
            SqliteStore::create(&path, &unlock(), &mut TestRandom::new(12)),
        ] {
            let error = second.expect_err("the store is open");
            assert_eq!((error, error.code()), (StoreError::Busy, "store.busy"));
        }
        drop(store);
        assert!(SqliteStore::open(&path, &unlock()).is_ok());
    }

    #[test]
    fn creating_over_something_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wallet.db");
        drop(filled(&path));
        let random = &mut TestRandom::new(13);
        assert_eq!(
            SqliteStore::create(&path, &unlock(), random).err(),
            Some(StoreError::Exists)
        );
        let other = folder.path().join("letter.txt");
        std::fs::write(&other, [b'a'; 5000]).unwrap();
        assert_eq!(
            SqliteStore::create(&other, &unlock(), random).err(),
            Some(StoreError::NotAStore)
        );
        let foreign = folder.path().join("foreign.db");
        tamper(&foreign, "CREATE TABLE other (a)");
        assert_eq!(
            SqliteStore::create(&foreign, &unlock(), random).err(),
            Some(StoreError::Exists)
        );
        assert_eq!(
            SqliteStore::open(&foreign, &unlock()).err(),
            Some(StoreError::NotAStore)
        );
    }

    #[test]
    fn a_missing_file_is_said_to_be_missing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wallet.db");
        assert_eq!(SqliteStore::open(&path, &unlock()).err(), Some(StoreError::CannotOpen));
        assert!(!path.exists());
    }

    #[test]
    fn a_truncated_or_overwritten_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wallet.db");
        drop(filled(&path));
        let whole = std::fs::read(&path).unwrap();
        for length in [0, 1, 100, 511, 4095, 4096, whole.len() - 4096, whole.len() - 1] {
            std::fs::write(&path, &whole[..length]).unwrap();
            let error = SqliteStore::open(&path, &unlock()).expect_err("a part is missing");
            assert!(
                matches!(error, StoreError::Altered | StoreError::Damaged | StoreError::NotAStore),
                "{length}: {error:?}"
            );
        }
        for at in (100..whole.len()).step_by(97) {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x55;
            std::fs::write(&path, &damaged).unwrap();
            if let Ok(store) = SqliteStore::open(&path, &unlock()) {
                // A byte that nobody reads: all records must be as they were.
                assert_eq!(store.list(&HOLDING).unwrap().len(), 2, "{at}");
                assert!(holds(&get(&store, &KEY, id(1)).unwrap(), NAME), "{at}");
            }
        }
    }

    #[test]
    fn a_backup_opens_with_its_passphrase_and_only_whole() {
        let folder = tempfile::tempdir().unwrap();
        let store = filled(&folder.path().join("wallet.db"));
        let random = &mut TestRandom::new(14);
        let backup = export_backup(&store, &passphrase("twelve words"), random).unwrap();
        assert!(!holds(&backup, NAME) && !holds(&backup, b"holding"));
        let mut again = MemoryStore::new();
        let changes = import_backup(&backup, &passphrase("twelve words")).unwrap();
        assert_eq!(changes.len(), 3);
        again.commit(changes, random).unwrap();
        assert_eq!(again.list(&HOLDING), store.list(&HOLDING));
        assert_eq!(get(&again, &KEY, id(1)), get(&store, &KEY, id(1)));

        let refused = |bytes: &[u8], unlock: &Unlock| import_backup(bytes, unlock).expect_err("it is not the backup");
        assert_eq!(refused(&backup, &passphrase("other words")), StoreError::WrongKey);
        assert_eq!(
            refused(&backup[..30], &passphrase("twelve words")),
            StoreError::NotABackup
        );
        for at in [30, backup.len() / 2, backup.len() - 1] {
            let mut altered = backup.clone();
            altered[at] ^= 1;
            assert_eq!(
                refused(&altered, &passphrase("twelve words")),
                StoreError::WrongKey,
                "{at}"
            );
        }
        let mut other = backup.clone();
        other[0] ^= 1;
        assert_eq!(refused(&other, &passphrase("twelve words")), StoreError::NotABackup);
        let mut newer = backup;
        newer[12] = 2;
        let version = StoreError::NewerVersion { found: 2, supported: 1 };
        assert_eq!(refused(&newer, &passphrase("twelve words")), version);
    }
}

mod time_passes {
    //! Older and newer releases.

    use super::*;

    /// Written by release 0.1.0. It must load for ever.
    #[test]
    fn a_store_of_version_1_loads() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wallet.db");
        tamper(&path, include_str!("store/version_1.sql"));
        let store = SqliteStore::open(&path, &passphrase("correct horse")).unwrap();
        assert_eq!(get(&store, &HOLDING, id(1)).as_deref(), Some(b"a holding".as_slice()));
        assert_eq!(get(&store, &KEY, id(2)).as_deref(), Some(b"a key".as_slice()));
        assert_eq!(store.kinds(), Ok(vec![HOLDING, KEY]));
    }

    #[test]
    fn a_backup_of_version_1_loads() {
        let text = include_str!("store/backup_1.txt");
        let backup: Vec<u8> = wallet_core::codec::base64url::decode(text.trim()).unwrap();
        let mut store = MemoryStore::new();
        let changes = import_backup(&backup, &passphrase("correct horse")).unwrap();
        store.commit(changes, &mut TestRandom::new(0)).unwrap();
        assert_eq!(get(&store, &HOLDING, id(1)).as_deref(), Some(b"a holding".as_slice()));
    }

    #[test]
    fn a_store_of_a_newer_release_is_refused_untouched() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wallet.db");
        drop(filled(&path));
        tamper(&path, "PRAGMA user_version = 2; CREATE TABLE new (a)");
        let before = std::fs::read(&path).unwrap();
        let error = SqliteStore::open(&path, &unlock()).err();
        assert_eq!(error, Some(StoreError::NewerVersion { found: 2, supported: 1 }));
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }
}

mod crash {
    //! A writer that dies.

    use std::io::{BufRead as _, BufReader};
    use std::process::{Command, Stdio};

    use super::*;

    const FILE: &str = "MAPPE_TEST_WRITER";

    /// Not a test by itself: the process that is killed below.
    #[test]
    fn writer() {
        let Some(path) = std::env::var_os(FILE) else { return };
        let random = &mut TestRandom::new(15);
        let mut store = SqliteStore::create(Path::new(&path), &unlock(), random).unwrap();
        for number in 0u32.. {
            // Two records a change: both or neither may be found later.
            let bytes = number.to_be_bytes().repeat(2000);
            let mut changes = put(&HOLDING, id((number % 50) as u8), &bytes);
            changes.put(&KEY, id((number % 50) as u8), bytes);
            store.commit(changes, random).unwrap();
            println!("\nacknowledged {number}");
        }
    }

    #[test]
    fn a_killed_writer_loses_nothing_that_was_acknowledged() {
        for enough in [1, 7, 30] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("wallet.db");
            let mut child = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "store::crash::writer", "--nocapture"])
                .env(FILE, &path)
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let lines = BufReader::new(child.stdout.take().unwrap()).lines();
            let acknowledged = |line: String| line.strip_prefix("acknowledged ")?.parse::<u32>().ok();
            let last = lines
                .map_while(Result::ok)
                .filter_map(acknowledged)
                .nth(enough)
                .expect("the writer writes");
            // While it lives the file is its own.
            assert_eq!(SqliteStore::open(&path, &unlock()).err(), Some(StoreError::Busy));
            child.kill().unwrap();
            child.wait().unwrap();

            let store = SqliteStore::open(&path, &unlock()).unwrap();
            let (holdings, keys) = (store.list(&HOLDING).unwrap(), store.list(&KEY).unwrap());
            assert_eq!(holdings, keys);
            let number = |plain: &[u8]| u32::from_be_bytes(plain[..4].try_into().unwrap());
            let newest = holdings.iter().map(|record| number(&record.plain)).max();
            assert!(newest >= Some(last), "{newest:?} < {last}");
            for wanted in 0..=last {
                let found = get(&store, &HOLDING, id((wanted % 50) as u8)).unwrap();
                assert!(number(&found) >= wanted);
            }
        }
    }
}
