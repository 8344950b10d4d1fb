//! What the university remembers of a request until it is answered.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::codec::{Budget, Json, JsonError, base64url, json};
use crate::crypto::AgreementKey;
use crate::protocol::openid4vp::{ClientId, ResponseMode, origin_audience};
use crate::time::Timestamp;

/// One request and what became of it. It holds a private key and, once answered, personal data: a store on disk
/// seals [`Session::to_bytes`].
pub struct Session {
    pub(super) id: String,
    pub(super) request_id: String,
    pub(super) revision: u64,
    pub(super) client_id: ClientId,
    pub(super) nonce: String,
    pub(super) state: String,
    pub(super) response_mode: ResponseMode,
    pub(super) key: Option<AgreementKey>,
    /// The thumbprint of the key that answers are encrypted to: device authentication covers it.
    pub(super) thumbprint: Option<String>,
    /// The origins that may hand over the answer; none where it comes by redirect.
    pub(super) origins: Vec<String>,
    /// The origin that did.
    pub(super) origin: Option<String>,
    /// The protocol of the Digital Credentials API.
    pub(super) protocol: Option<String>,
    pub(super) query: Json,
    pub(super) purpose: Option<String>,
    pub(super) return_to: Option<String>,
    pub(super) response_code: Option<String>,
    pub(super) expires: Timestamp,
    pub(super) keep_until: Timestamp,
    pub(super) stage: Stage,
}

/// How far a request came.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stage {
    /// Waiting for the one answer.
    Open,
    /// The wallet sent presentations.
    Answered {
        /// `vp_token`, as received.
        vp_token: String,
        /// When, in seconds since 1970.
        at: i64,
    },
    /// The wallet sent an error.
    Declined {
        /// Its code.
        code: String,
    },
}

impl Session {
    /// The transaction's identifier: whoever knows it may read the result. It never leaves the university.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The request's identifier, which the wallet sees.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// Counts the changes, so that of two at the same time one is lost.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// When it is to be forgotten.
    pub fn keep_until(&self) -> Timestamp {
        self.keep_until
    }

    /// What a presentation must be made for: the verifier, or the origin of its page whoever signed the request
    /// (OpenID4VP 1.0 §A.4).
    pub(super) fn audience(&self) -> String {
        match &self.origin {
            Some(origin) => origin_audience(origin),
            None => self.client_id.as_str().to_owned(),
        }
    }

    /// The session as bytes.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let record = Record {
            session: VERSION,
            id: self.id.clone(),
            request_id: self.request_id.clone(),
            revision: self.revision,
            client_id: self.client_id.as_str().to_owned(),
            nonce: self.nonce.clone(),
            state: self.state.clone(),
            response_mode: self.response_mode,
            key: self
                .key
                .as_ref()
                .map(|key| Zeroizing::new(base64url::encode(key.to_bytes()))),
            thumbprint: self.thumbprint.clone(),
            origins: self.origins.clone(),
            origin: self.origin.clone(),
            protocol: self.protocol.clone(),
            query: self.query.clone(),
            purpose: self.purpose.clone(),
            return_to: self.return_to.clone(),
            response_code: self.response_code.clone(),
            expires: self.expires.unix(),
            keep_until: self.keep_until.unix(),
            stage: self.stage.clone(),
        };
        Zeroizing::new(serde_json::to_vec(&record).expect("strings and numbers only"))
    }

    /// Reads what [`Session::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SessionsError> {
        let record: Record = json::from_slice(bytes, &mut Budget::default()).map_err(SessionsError::Unreadable)?;
        let unreadable = |what: &str| SessionsError::Unreadable(JsonError::Shape(what.into()));
        if record.session != VERSION {
            return Err(unreadable("another version of the session"));
        }
        let key = match &record.key {
            None => None,
            Some(text) => {
                let bytes = base64url::decode(text.as_str()).map(Zeroizing::new);
                let bytes = bytes.map_err(|_| unreadable("a key in base64url"))?;
                Some(AgreementKey::from_bytes(&bytes).map_err(|_| unreadable("a key"))?)
            }
        };
        Ok(Self {
            id: record.id,
            request_id: record.request_id,
            revision: record.revision,
            client_id: ClientId::new(record.client_id),
            nonce: record.nonce,
            state: record.state,
            response_mode: record.response_mode,
            key,
            thumbprint: record.thumbprint,
            origins: record.origins,
            origin: record.origin,
            protocol: record.protocol,
            query: record.query,
            purpose: record.purpose,
            return_to: record.return_to,
            response_code: record.response_code,
            expires: Timestamp::from_unix(record.expires),
            keep_until: Timestamp::from_unix(record.keep_until),
            stage: record.stage,
        })
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match &self.stage {
            Stage::Open => "open",
            Stage::Answered { .. } => "answered",
            Stage::Declined { .. } => "declined",
        };
        write!(f, "Session({stage}, expires {})", self.expires)
    }
}

const VERSION: u8 = 1;

#[derive(Serialize, Deserialize)]
struct Record {
    session: u8,
    id: String,
    request_id: String,
    revision: u64,
    client_id: String,
    nonce: String,
    state: String,
    response_mode: ResponseMode,
    #[serde(with = "secret")]
    key: Option<Zeroizing<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    thumbprint: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    origins: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origin: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    protocol: Option<String>,
    query: Json,
    purpose: Option<String>,
    return_to: Option<String>,
    response_code: Option<String>,
    expires: i64,
    keep_until: i64,
    stage: Stage,
}

mod secret {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};
    use zeroize::Zeroizing;

    pub(super) fn serialize<S: Serializer>(
        secret: &Option<Zeroizing<String>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        secret.as_ref().map(|secret| secret.as_str()).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Zeroizing<String>>, D::Error> {
        Ok(Option::<String>::deserialize(deserializer)?.map(Zeroizing::new))
    }
}

/// Where sessions are kept.
pub trait Sessions: Send {
    /// The session with this [`Session::id`].
    fn by_id(&self, id: &str) -> Result<Option<Session>, SessionsError>;

    /// The session with this [`Session::request_id`].
    fn by_request(&self, request_id: &str) -> Result<Option<Session>, SessionsError>;

    /// Adds a new session.
    fn insert(&mut self, session: &Session) -> Result<(), SessionsError>;

    /// Replaces a session in one step if the kept one has the revision before `session`'s; says whether it did. This is
    /// what makes a request answerable once, also for two servers over one database.
    fn replace(&mut self, session: &Session) -> Result<bool, SessionsError>;

    /// Forgets what is to be forgotten at `now`.
    fn sweep(&mut self, now: Timestamp) -> Result<(), SessionsError>;
}

/// Sessions in memory: they do not survive a restart.
#[derive(Default)]
pub struct MemorySessions(BTreeMap<String, Kept>);

struct Kept {
    request_id: String,
    revision: u64,
    keep_until: Timestamp,
    bytes: Zeroizing<Vec<u8>>,
}

impl From<&Session> for Kept {
    fn from(session: &Session) -> Self {
        Self {
            request_id: session.request_id.clone(),
            revision: session.revision,
            keep_until: session.keep_until,
            bytes: session.to_bytes(),
        }
    }
}

impl MemorySessions {
    /// No sessions.
    pub fn new() -> Self {
        Self::default()
    }
}

impl fmt::Debug for MemorySessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemorySessions({})", self.0.len())
    }
}

impl Sessions for MemorySessions {
    fn by_id(&self, id: &str) -> Result<Option<Session>, SessionsError> {
        let found = self.0.get(id);
        found.map(|kept| Session::from_bytes(&kept.bytes)).transpose()
    }

    fn by_request(&self, request_id: &str) -> Result<Option<Session>, SessionsError> {
        let found = self.0.values().find(|kept| kept.request_id == request_id);
        found.map(|kept| Session::from_bytes(&kept.bytes)).transpose()
    }

    fn insert(&mut self, session: &Session) -> Result<(), SessionsError> {
        self.0.insert(session.id.clone(), session.into());
        Ok(())
    }

    fn replace(&mut self, session: &Session) -> Result<bool, SessionsError> {
        match self.0.get_mut(session.id()) {
            Some(kept) if kept.revision + 1 == session.revision => {
                *kept = session.into();
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn sweep(&mut self, now: Timestamp) -> Result<(), SessionsError> {
        self.0.retain(|_, kept| now < kept.keep_until);
        Ok(())
    }
}

/// Sessions that cannot be kept or found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionsError {
    /// The store does not work.
    Store(String),
    /// What is kept is not a session.
    Unreadable(JsonError),
}

impl SessionsError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(_) => "sessions.store",
            Self::Unreadable(_) => "sessions.unreadable",
        }
    }
}

impl fmt::Display for SessionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(reason) => write!(f, "the sessions cannot be kept: {reason}"),
            Self::Unreadable(error) => write!(f, "a kept session cannot be read: {error}"),
        }
    }
}

impl std::error::Error for SessionsError {}
