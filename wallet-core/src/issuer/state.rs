//! What must survive a restart, as documents that change atomically.

use std::collections::BTreeMap;
use std::fmt;

use crate::time::Timestamp;

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// A pre-authorized code that is still open, by its digest; holds the record's id.
    Code,
    /// A place in a status list that is taken; holds the record's id.
    Index,
    /// How far the current status list is filled.
    List,
    /// An offer by reference, by the digest of its address; holds the record's id.
    Link,
    /// A notification id; holds the record's id.
    Notification,
    /// A record: what is offered or issued, and its history.
    Record,
    /// A secret of the authority.
    Secret,
    /// A nonce or a DPoP proof that was used, by its digest.
    Spent,
    /// A place in a status list whose status is not valid.
    Status,
    /// An access token, by its digest.
    Token,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 10] = [
        Self::Code,
        Self::Index,
        Self::List,
        Self::Link,
        Self::Notification,
        Self::Record,
        Self::Secret,
        Self::Spent,
        Self::Status,
        Self::Token,
    ];

    /// The name, for databases.
    pub fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Index => "index",
            Self::List => "list",
            Self::Link => "link",
            Self::Notification => "notification",
            Self::Record => "record",
            Self::Secret => "secret",
            Self::Spent => "spent",
            Self::Status => "status",
            Self::Token => "token",
        }
    }
}

/// One change of a set that is applied as a whole.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// Adds a document; conflicts if there is one.
    Insert {
        /// What it is.
        kind: Kind,
        /// Its id.
        id: String,
        /// Its content.
        value: Vec<u8>,
        /// When it may be forgotten.
        expires: Option<Timestamp>,
    },
    /// Removes a document; conflicts if there is none. This is how single use is enforced.
    Remove {
        /// What it is.
        kind: Kind,
        /// Its id.
        id: String,
    },
    /// Changes a document; conflicts if it is no longer as it was read.
    Replace {
        /// What it is.
        kind: Kind,
        /// Its id.
        id: String,
        /// What it was.
        old: Vec<u8>,
        /// What it becomes.
        new: Vec<u8>,
    },
}

impl Change {
    /// Adds a document.
    pub fn insert(kind: Kind, id: impl Into<String>, value: Vec<u8>, expires: Option<Timestamp>) -> Self {
        Self::Insert {
            kind,
            id: id.into(),
            value,
            expires,
        }
    }

    /// Removes a document.
    pub fn remove(kind: Kind, id: impl Into<String>) -> Self {
        Self::Remove { kind, id: id.into() }
    }

    /// Changes a document.
    pub fn replace(kind: Kind, id: impl Into<String>, old: Vec<u8>, new: Vec<u8>) -> Self {
        Self::Replace {
            kind,
            id: id.into(),
            old,
            new,
        }
    }
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Insert { kind, .. } => write!(f, "Insert({})", kind.name()),
            Self::Remove { kind, .. } => write!(f, "Remove({})", kind.name()),
            Self::Replace { kind, .. } => write!(f, "Replace({})", kind.name()),
        }
    }
}

/// The documents of an authority. Implementations pass [`check_state_contract`].
pub trait State {
    /// Reads a document.
    fn get(&self, kind: Kind, id: &str) -> Result<Option<Vec<u8>>, StateError>;

    /// Reads all documents of a kind, by id.
    fn list(&self, kind: Kind) -> Result<Vec<(String, Vec<u8>)>, StateError>;

    /// Applies all changes, or none and reports [`StateError::Conflict`]. Once it returns, they survive a crash.
    fn apply(&mut self, changes: &[Change]) -> Result<(), StateError>;

    /// Forgets documents that expired before `now`.
    fn purge(&mut self, now: Timestamp) -> Result<(), StateError>;
}

impl<S: State + ?Sized> State for Box<S> {
    fn get(&self, kind: Kind, id: &str) -> Result<Option<Vec<u8>>, StateError> {
        (**self).get(kind, id)
    }

    fn list(&self, kind: Kind) -> Result<Vec<(String, Vec<u8>)>, StateError> {
        (**self).list(kind)
    }

    fn apply(&mut self, changes: &[Change]) -> Result<(), StateError> {
        (**self).apply(changes)
    }

    fn purge(&mut self, now: Timestamp) -> Result<(), StateError> {
        (**self).purge(now)
    }
}

/// Why the state does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StateError {
    /// A document is not as the change expects; nothing was changed.
    Conflict,
    /// The state cannot be read or written.
    Unavailable,
}

impl StateError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Conflict => "issuer_state.conflict",
            Self::Unavailable => "issuer_state.unavailable",
        }
    }
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Conflict => "the state changed in between",
            Self::Unavailable => "the state cannot be read or written",
        })
    }
}

impl std::error::Error for StateError {}

/// A state in memory: for tests, and for offices that need no restart.
#[derive(Clone, Default)]
pub struct MemoryState(BTreeMap<(Kind, String), (Vec<u8>, Option<Timestamp>)>);

impl MemoryState {
    /// An empty state.
    pub fn new() -> Self {
        Self::default()
    }
}

impl fmt::Debug for MemoryState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryState({} documents)", self.0.len())
    }
}

impl State for MemoryState {
    fn get(&self, kind: Kind, id: &str) -> Result<Option<Vec<u8>>, StateError> {
        Ok(self.0.get(&(kind, id.to_owned())).map(|(value, _)| value.clone()))
    }

    fn list(&self, kind: Kind) -> Result<Vec<(String, Vec<u8>)>, StateError> {
        let of_kind = self.0.iter().filter(|((other, _), _)| *other == kind);
        Ok(of_kind
            .map(|((_, id), (value, _))| (id.clone(), value.clone()))
            .collect())
    }

    fn apply(&mut self, changes: &[Change]) -> Result<(), StateError> {
        let mut next = self.0.clone();
        for change in changes {
            match change {
                Change::Insert {
                    kind,
                    id,
                    value,
                    expires,
                } => {
                    let taken = next.insert((*kind, id.clone()), (value.clone(), *expires)).is_some();
                    if taken {
                        return Err(StateError::Conflict);
                    }
                }
                Change::Remove { kind, id } => {
                    next.remove(&(*kind, id.clone())).ok_or(StateError::Conflict)?;
                }
                Change::Replace { kind, id, old, new } => {
                    let found = next.get_mut(&(*kind, id.clone())).ok_or(StateError::Conflict)?;
                    if found.0 != *old {
                        return Err(StateError::Conflict);
                    }
                    found.0.clone_from(new);
                }
            }
        }
        self.0 = next;
        Ok(())
    }

    fn purge(&mut self, now: Timestamp) -> Result<(), StateError> {
        self.0
            .retain(|_, (_, expires)| expires.is_none_or(|expires| expires >= now));
        Ok(())
    }
}

/// What every [`State`] must do; `reopen` stands for a restart. Says which promise is broken.
pub fn check_state_contract<S: State>(mut state: S, reopen: impl Fn(S) -> S) -> Result<(), &'static str> {
    let at = Timestamp::from_unix;
    let insert = |id: &str, value: &str, expires: Option<i64>| Change::Insert {
        kind: Kind::Code,
        id: id.to_owned(),
        value: value.as_bytes().to_vec(),
        expires: expires.map(at),
    };
    let remove = |id: &str| Change::Remove {
        kind: Kind::Code,
        id: id.to_owned(),
    };
    let replace = |id: &str, old: &str, new: &str| Change::Replace {
        kind: Kind::Code,
        id: id.to_owned(),
        old: old.as_bytes().to_vec(),
        new: new.as_bytes().to_vec(),
    };
    let promise = |kept: bool, what: &'static str| if kept { Ok(()) } else { Err(what) };
    let conflict = Err(StateError::Conflict);

    promise(state.apply(&[insert("a", "1", None)]).is_ok(), "an insert applies")?;
    promise(
        state.apply(&[insert("a", "2", None)]) == conflict,
        "an id is given once",
    )?;
    promise(
        state.apply(&[insert("b", "1", None), remove("missing")]) == conflict,
        "a removal of nothing conflicts",
    )?;
    promise(
        state.get(Kind::Code, "b") == Ok(None),
        "a set applies as a whole or not at all",
    )?;
    promise(
        state.get(Kind::Token, "a") == Ok(None),
        "kinds do not see each other's documents",
    )?;
    promise(
        state.apply(&[replace("a", "0", "2")]) == conflict,
        "a replacement of what changed conflicts",
    )?;
    promise(state.apply(&[replace("a", "1", "2")]).is_ok(), "a replacement applies")?;
    state = reopen(state);
    promise(
        state.get(Kind::Code, "a") == Ok(Some(b"2".to_vec())),
        "documents survive a restart",
    )?;
    promise(state.apply(&[remove("a")]).is_ok(), "a removal applies")?;
    state = reopen(state);
    promise(state.apply(&[remove("a")]) == conflict, "single use survives a restart")?;
    let set = [
        insert("x", "1", Some(10)),
        insert("y", "2", Some(20)),
        insert("z", "3", None),
    ];
    promise(state.apply(&set).is_ok(), "a set applies")?;
    promise(state.purge(at(15)).is_ok(), "a purge runs")?;
    let left = vec![("y".to_owned(), b"2".to_vec()), ("z".to_owned(), b"3".to_vec())];
    promise(
        state.list(Kind::Code) == Ok(left),
        "a purge forgets what expired, and nothing else",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_keeps_the_contract() {
        assert_eq!(check_state_contract(MemoryState::new(), |state| state), Ok(()));
    }
}
