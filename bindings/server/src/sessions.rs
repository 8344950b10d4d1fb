//! The university's sessions in SQLite, sealed: they survive a restart, and a stolen file says nothing.
//!
//! A session holds a private key and, once answered, what a citizen disclosed. In clear are only the digests of its two
//! identifiers, its revision and its end. The key to the rest lies in a file of its own with mode 0600.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, params};
use wallet_core::crypto::{XNonce, open_record, seal_record, sha256};
use wallet_core::time::Timestamp;
use wallet_core::verifier::{Session, Sessions, SessionsError};
use zeroize::Zeroizing;

use crate::platform::{SystemRandom, load_or_create_key};

const LAYOUT: &str = "
    CREATE TABLE IF NOT EXISTS session (
        id BLOB PRIMARY KEY,
        request BLOB NOT NULL UNIQUE,
        revision INTEGER NOT NULL,
        keep_until INTEGER NOT NULL,
        sealed BLOB NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS session_end ON session (keep_until);
";

/// Sessions in a file.
pub struct SqliteSessions {
    connection: Connection,
    key: Zeroizing<[u8; 32]>,
}

impl SqliteSessions {
    /// Opens or creates the database at `path`, sealed with `key`.
    pub fn open(path: &Path, key: Zeroizing<[u8; 32]>) -> Result<Self, SessionsError> {
        let connection = Connection::open(path).map_err(store)?;
        connection.busy_timeout(Duration::from_secs(5)).map_err(store)?;
        // What is deleted is overwritten: an answer must not outlive its time in a free page.
        connection
            .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;")
            .map_err(store)?;
        connection.execute_batch(LAYOUT).map_err(store)?;
        Ok(Self { connection, key })
    }

    /// Opens `university.db` in a folder, sealed with the key beside it; makes both where they are missing.
    pub fn in_folder(folder: &Path) -> Result<Self, SessionsError> {
        let key = load_or_create_key(&folder.join("university.key"));
        let key = key.map_err(|error| SessionsError::Store(error.to_string()))?;
        Self::open(&folder.join("university.db"), key)
    }

    fn find(&self, column: &str, value: &str) -> Result<Option<Session>, SessionsError> {
        let statement = format!("SELECT id, revision, sealed FROM session WHERE {column} = ?1");
        let mut statement = self.connection.prepare_cached(&statement).map_err(store)?;
        let row = statement.query_row([sha256(value.as_bytes())], |row| {
            Ok((
                row.get::<_, [u8; 32]>(0)?,
                row.get::<_, i64>(1)?,
                row.get::<_, Vec<u8>>(2)?,
            ))
        });
        let Some((id, revision, sealed)) = row.optional().map_err(store)? else {
            return Ok(None);
        };
        let opened = open_record(&self.key, &sealed, &place(&id, revision));
        let opened =
            opened.map_err(|_| SessionsError::Store("a session was altered, or sealed with another key".into()));
        Session::from_bytes(&opened?).map(Some)
    }

    fn sealed(&self, session: &Session) -> ([u8; 32], i64, Vec<u8>) {
        let id = sha256(session.id().as_bytes());
        let revision = i64::try_from(session.revision()).unwrap_or(i64::MAX);
        let nonce = XNonce::random(&mut SystemRandom::new());
        let sealed = seal_record(&self.key, nonce, &session.to_bytes(), &place(&id, revision));
        (id, revision, sealed)
    }
}

/// What a sealed session is bound to, so that an older state cannot be put back in its place unnoticed.
fn place(id: &[u8; 32], revision: i64) -> Vec<u8> {
    [b"session".as_slice(), id, &revision.to_be_bytes()].concat()
}

fn store(error: rusqlite::Error) -> SessionsError {
    SessionsError::Store(error.to_string())
}

impl fmt::Debug for SqliteSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SqliteSessions")
    }
}

impl Sessions for SqliteSessions {
    fn by_id(&self, id: &str) -> Result<Option<Session>, SessionsError> {
        self.find("id", id)
    }

    fn by_request(&self, request_id: &str) -> Result<Option<Session>, SessionsError> {
        self.find("request", request_id)
    }

    fn insert(&mut self, session: &Session) -> Result<(), SessionsError> {
        let (id, revision, sealed) = self.sealed(session);
        let request = sha256(session.request_id().as_bytes());
        let insert = "INSERT INTO session (id, request, revision, keep_until, sealed) VALUES (?1, ?2, ?3, ?4, ?5)";
        let values = params![id, request, revision, session.keep_until().unix(), sealed];
        self.connection.execute(insert, values).map_err(store)?;
        Ok(())
    }

    fn replace(&mut self, session: &Session) -> Result<bool, SessionsError> {
        let (id, revision, sealed) = self.sealed(session);
        let replace =
            "UPDATE session SET revision = ?2, keep_until = ?3, sealed = ?4 WHERE id = ?1 AND revision = ?2 - 1";
        let values = params![id, revision, session.keep_until().unix(), sealed];
        let changed = self.connection.execute(replace, values).map_err(store)?;
        Ok(changed == 1)
    }

    fn sweep(&mut self, now: Timestamp) -> Result<(), SessionsError> {
        let sweep = "DELETE FROM session WHERE keep_until <= ?1";
        self.connection.execute(sweep, [now.unix()]).map_err(store)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use wallet_core::crypto::{Curve, SigningKey};
    use wallet_core::http::{HttpRequest, HttpsUrl, LinkPolicy, decode_form};
    use wallet_core::keys::PublicKey;
    use wallet_core::protocol::dcql::{CredentialQuery, Query};
    use wallet_core::time::Validity;
    use wallet_core::trust::authority::{CertificateAuthority, LeafProfile};
    use wallet_core::trust::{Environment, TrustStore};
    use wallet_core::verifier::{Created, Finding, RequestSpec, University, UniversityConfig, UniversityError};

    use super::*;
    use crate::platform::now;

    fn university(path: &Path, key: [u8; 32]) -> University {
        let random = &mut SystemRandom::new();
        let validity = Validity::new(Some(now().plus(-60)), Some(now().plus(3600)));
        let root = CertificateAuthority::generate("Root", Curve::P256, validity, random).expect("an authority");
        let own = SigningKey::generate(Curve::P256, random);
        let profile = LeafProfile::new("University").dns("localhost");
        let leaf = root
            .issue_leaf(&profile, &PublicKey::from(&own), validity, random)
            .expect("a certificate");
        let base = HttpsUrl::parse("http://localhost:7003", LinkPolicy::LoopbackHttp).expect("a link");
        let config = UniversityConfig::new(base, vec![leaf], own, TrustStore::new(Environment::Test));
        let sessions = SqliteSessions::open(path, Zeroizing::new(key)).expect("a database");
        University::new(config, Box::new(sessions)).expect("a university")
    }

    fn ask(university: &mut University) -> Created {
        let query = Query::new(vec![CredentialQuery::sd_jwt_vc("a", &["urn:example:1"])], Vec::new());
        let spec = RequestSpec::new(query.expect("a query"));
        university
            .create_request(&spec, now(), &mut SystemRandom::new())
            .expect("a request")
    }

    fn fetch(university: &mut University, created: &Created) -> u16 {
        let link = decode_form(created.request_url.split_once('?').expect("a query").1).expect("a form");
        let url = HttpsUrl::parse(&link[1].1, LinkPolicy::LoopbackHttp).expect("a link");
        university
            .handle(&HttpRequest::get(url, "*/*"), now(), &mut SystemRandom::new())
            .status()
    }

    #[test]
    fn a_request_survives_a_restart_and_is_sealed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("sessions.db");
        let mut before = university(&path, [1; 32]);
        let created = ask(&mut before);
        drop(before);
        let mut after = university(&path, [1; 32]);
        assert_eq!(after.result(&created.id, None, now()), Ok(Finding::Pending));
        assert_eq!(fetch(&mut after, &created), 200);
        drop(after);
        let file = std::fs::read(&path).expect("a file");
        for secret in [created.id.as_bytes(), b"urn:example:1", b"nonce"] {
            assert!(!file.windows(secret.len()).any(|part| part == secret));
        }
        let mut stranger = university(&path, [2; 32]);
        assert!(matches!(
            stranger.result(&created.id, None, now()),
            Err(UniversityError::Sessions(_))
        ));
        assert_eq!(fetch(&mut stranger, &created), 500);
    }

    #[test]
    fn of_two_changes_at_once_one_is_lost_and_the_forgotten_is_gone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("sessions.db");
        let created = ask(&mut university(&path, [1; 32]));
        let mut one = SqliteSessions::open(&path, Zeroizing::new([1; 32])).expect("a database");
        let session = one.by_id(&created.id).expect("readable").expect("there");
        // Its revision is that which is kept, not the one after.
        assert_eq!(one.replace(&session), Ok(false));
        assert!(one.by_request(session.request_id()).expect("readable").is_some());
        one.sweep(session.keep_until()).expect("works");
        assert!(one.by_id(&created.id).expect("readable").is_none());
    }

    #[test]
    fn the_key_is_drawn_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("sessions.key");
        let first = load_or_create_key(&path).expect("a key");
        assert_eq!(*first, *load_or_create_key(&path).expect("a key"));
        std::fs::write(&path, b"short").expect("written");
        assert!(load_or_create_key(&path).is_err());
    }
}
