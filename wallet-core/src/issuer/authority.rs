//! The authority, and which endpoint a request is for.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::endpoint::{self, Failure};
use super::issue::Signer;
use super::record::Entry;
use super::{AuthorityConfig, Change, IssuerError, Kind, State, StateError};
use crate::codec::base64url;
use crate::crypto::{Random, hkdf_sha256, random_bytes, same_secret, sha256};
use crate::http::{HttpRequest, HttpResponse, HttpsUrl, Method};
use crate::rulebook::Rulebook;
use crate::time::Timestamp;

/// An authority with its state.
pub struct Authority {
    pub(super) config: AuthorityConfig,
    pub(super) signer: Signer,
    /// What signs mdocs, and the status lists for them.
    pub(super) document_signer: Option<Signer>,
    pub(super) rulebook: Rulebook,
    pub(super) state: Box<dyn State + Send>,
    /// Status tokens by list: the token, and when it was made.
    pub(super) tokens: BTreeMap<u32, (String, Timestamp)>,
    /// The same in the form that mdocs refer to.
    pub(super) cwts: BTreeMap<u32, (Vec<u8>, Timestamp)>,
    secret: [u8; 32],
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authority({})", self.config.issuer)
    }
}

impl Authority {
    /// Opens an authority over its state.
    pub fn open(
        config: AuthorityConfig,
        signer: Signer,
        rulebook: Rulebook,
        state: Box<dyn State + Send>,
        random: &mut dyn Random,
    ) -> Result<Self, IssuerError> {
        let unknown_type = config.types.iter().any(|vct| rulebook.lookup(vct).is_none());
        let unknown_document = |doctype: &String| rulebook.lookup_doctype(doctype).is_none();
        if unknown_type || config.doctypes.iter().any(unknown_document) {
            return Err(IssuerError::UnknownType);
        }
        let mut authority = Self {
            config,
            signer,
            document_signer: None,
            rulebook,
            state,
            tokens: BTreeMap::new(),
            cwts: BTreeMap::new(),
            secret: [0; 32],
        };
        authority.secret = authority.load_secret(random)?;
        Ok(authority)
    }

    /// Adds what signs mdocs: a document signer of ISO 18013-5 Annex B, another key than that of SD-JWT VCs.
    #[must_use]
    pub fn with_document_signer(mut self, signer: Signer) -> Self {
        self.document_signer = Some(signer);
        self
    }

    /// The secret that nonces are made with: it lives as long as the state, so that nonces outlive a restart.
    fn load_secret(&mut self, random: &mut dyn Random) -> Result<[u8; 32], StateError> {
        for _ in 0..2 {
            if let Some(secret) = self.state.get(Kind::Secret, "nonce")? {
                return secret.try_into().map_err(|_| StateError::Unavailable);
            }
            let insert = Change::insert(Kind::Secret, "nonce", random_bytes::<32>(random).to_vec(), None);
            match self.state.apply(&[insert]) {
                // Another process was faster: its secret is the one.
                Ok(()) | Err(StateError::Conflict) => {}
                Err(error) => return Err(error),
            }
        }
        Err(StateError::Unavailable)
    }

    /// How the authority works.
    pub fn config(&self) -> &AuthorityConfig {
        &self.config
    }

    /// The types it knows.
    pub fn rulebook(&self) -> &Rulebook {
        &self.rulebook
    }

    /// Answers a request of the protocol. Whatever it is, there is an answer.
    pub fn handle(&mut self, request: &HttpRequest, now: Timestamp, random: &mut dyn Random) -> HttpResponse {
        match self.dispatch(request, now, random) {
            Ok(response) => response,
            Err(failure) => failure.into_response(),
        }
    }

    fn dispatch(
        &mut self,
        request: &HttpRequest,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<HttpResponse, Failure> {
        let base = self.config.issuer.path().trim_end_matches('/').to_owned();
        let path = request.url().path();
        if let Some(name) = path
            .strip_prefix("/.well-known/")
            .and_then(|rest| rest.strip_suffix(&base))
        {
            expect(request, Method::Get)?;
            return self.well_known(name, request, now);
        }
        let local = path.strip_prefix(&base).unwrap_or(path);
        let (place, rest) = match local.strip_prefix('/').map(|local| local.split_once('/')) {
            Some(Some((place, rest))) => (place, Some(rest)),
            Some(None) => (&local[1..], None),
            None => return Err(Failure::NotFound),
        };
        let method = match place {
            "offers" | "status" | "types" => Method::Get,
            _ => Method::Post,
        };
        match (place, rest) {
            ("token", None) => expect(request, method).and_then(|()| self.token(request, now, random)),
            ("nonce", None) => expect(request, method).map(|()| self.nonce(now, random)),
            ("credential", None) => expect(request, method).and_then(|()| self.credential(request, now, random)),
            ("notification", None) => expect(request, method).and_then(|()| self.notification(request, now)),
            ("offers", Some(address)) => expect(request, method).and_then(|()| self.offer_by_reference(address, now)),
            ("status", None) => expect(request, method).and_then(|()| self.status_aggregation()),
            ("status", Some(number)) => expect(request, method).and_then(|()| self.status_list(number, request, now)),
            ("types", Some(vct)) => expect(request, method).and_then(|()| self.type_metadata(vct)),
            _ => Err(Failure::NotFound),
        }
    }

    pub(super) fn endpoint(&self, name: &str) -> HttpsUrl {
        self.config.issuer.join(name)
    }

    /// A nonce that proves its own age, so that asking for one costs no memory: when it ends, chance, and a tag.
    pub(super) fn make_nonce(&self, now: Timestamp, random: &mut dyn Random) -> String {
        let mut bytes = now.plus(self.config.nonce_lifetime).unix().to_be_bytes().to_vec();
        bytes.extend(random_bytes::<16>(random));
        bytes.extend(self.nonce_tag(&bytes));
        base64url::encode(bytes)
    }

    /// Whether the nonce is ours and still good; whether it was used, the state knows.
    pub(super) fn is_our_nonce(&self, nonce: &str, now: Timestamp) -> bool {
        let Ok(bytes) = base64url::decode(nonce) else {
            return false;
        };
        let Some((body, tag)) = bytes.split_at_checked(24) else {
            return false;
        };
        let Some(Ok(ends)) = body.get(..8).map(<[u8; 8]>::try_from) else {
            return false;
        };
        same_secret(tag, self.nonce_tag(body)) && now < Timestamp::from_unix(i64::from_be_bytes(ends))
    }

    fn nonce_tag(&self, body: &[u8]) -> [u8; 16] {
        let mut tag = [0; 16];
        hkdf_sha256(&self.secret, body, b"c_nonce", &mut tag);
        tag
    }

    /// Reads a record.
    pub(super) fn entry(&self, id: &str) -> Result<Option<(Entry, Vec<u8>)>, StateError> {
        let Some(bytes) = self.state.get(Kind::Record, id)? else {
            return Ok(None);
        };
        Ok(Some((decode(&bytes)?, bytes)))
    }

    /// Reads the id of the record that a digest or identifier stands for.
    pub(super) fn record_of(&self, kind: Kind, id: &str) -> Result<Option<String>, StateError> {
        let bytes = self.state.get(kind, id)?;
        bytes
            .map(|bytes| String::from_utf8(bytes).map_err(|_| StateError::Unavailable))
            .transpose()
    }
}

fn expect(request: &HttpRequest, method: Method) -> Result<(), Failure> {
    if request.method() == method {
        Ok(())
    } else {
        Err(Failure::Method(method))
    }
}

/// What stands for a secret in the state.
pub(super) fn digest(purpose: &str, secret: &str) -> String {
    base64url::encode(sha256(format!("{purpose}.{secret}").as_bytes()))
}

pub(super) fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("documents hold strings, numbers and lists")
}

pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StateError> {
    serde_json::from_slice(bytes).map_err(|_| StateError::Unavailable)
}

/// Answers JSON that may be kept for `seconds`.
pub(super) fn cacheable(body: String, seconds: u64) -> HttpResponse {
    endpoint::json(200, body).with_header("Cache-Control", format!("public, max-age={seconds}"))
}
