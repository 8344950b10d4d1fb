//! The lists at hand: what was fetched, when, and whether it is still fresh (§8.3, §13.7).

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{StatusError, StatusListToken, UnknownReason};
use crate::credential::{StatusEntry, StatusListReference};
use crate::http::{HttpRequest, HttpResponse, HttpsUrl, LinkPolicy};
use crate::time::Timestamp;
use crate::trust::TrustedIssuer;

/// Shorter times to live would make every check a request.
const SHORTEST: i64 = 10;
/// A list is asked for anew after a week, whatever it says: a revocation must arrive.
const LONGEST: i64 = 7 * 86_400;
/// Without `exp` anyone on the way could hand out an old list for ever; one of 30 days is no evidence.
const OLDEST_WITHOUT_END: i64 = 30 * 86_400;

/// Status list tokens by address, with the time of fetching. Serialised, it holds the tokens as received: they are
/// checked anew wherever they are used.
#[derive(Clone, Debug, Default)]
pub struct StatusEvidence {
    links: LinkPolicy,
    lists: BTreeMap<String, Entry>,
}

#[derive(Clone, Debug, Default)]
struct Entry {
    token: Option<Received>,
    failure: Option<(Option<u16>, Timestamp)>,
    checked: Vec<(TrustedIssuer, Result<StatusListToken, StatusError>)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Received {
    text: String,
    fetched: Timestamp,
}

/// What the evidence says about one credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// The entry of the list.
    pub(super) value: u8,
    /// Seconds since the list was fetched.
    pub(super) age: i64,
    /// How many seconds it may be old.
    pub(super) limit: i64,
}

impl StatusEvidence {
    /// No evidence; lists are fetched by HTTPS only.
    pub fn new() -> Self {
        Self::default()
    }

    /// No evidence; lists may be fetched under this policy.
    pub fn with_links(links: LinkPolicy) -> Self {
        Self {
            links,
            lists: BTreeMap::new(),
        }
    }

    /// The request for a list. It names no credential, and carries no cookie and no authentication (§13.3).
    pub fn request(&self, reference: &StatusListReference) -> Result<HttpRequest, StatusError> {
        let url = HttpsUrl::parse(&reference.uri, self.links)?;
        Ok(HttpRequest::get(url, "application/statuslist+jwt"))
    }

    /// Whether a list must be fetched to judge `reference` at `now`: there is none, or it is no longer fresh.
    pub fn is_needed(&self, reference: &StatusListReference, now: Timestamp) -> bool {
        let Some(entry) = self.lists.get(&reference.uri) else {
            return true;
        };
        let Some(received) = &entry.token else {
            return true;
        };
        match entry.checked.iter().find_map(|(_, outcome)| outcome.as_ref().ok()) {
            Some(token) => {
                let (age, limit) = freshness(token, received.fetched, now);
                age > limit || token.check_time(now).is_err()
            }
            None => now.since(received.fetched) > SHORTEST,
        }
    }

    /// Takes in what a request for `uri` brought. A failure keeps the list that was there before.
    pub fn add_response(&mut self, uri: &str, response: &HttpResponse, now: Timestamp) {
        let text = std::str::from_utf8(response.body());
        let supported = response.media_type().as_deref() != Some("application/statuslist+cwt");
        match text {
            Ok(text) if response.is_success() && supported => self.add_token(uri, text, now),
            _ if response.is_success() => {
                // Not text, or announced as CWT: said so at the next look.
                self.add_token(uri, "", now);
            }
            _ => self.add_failure(uri, Some(response.status()), now),
        }
    }

    /// Takes in a token that came by another way, as a file or by push, fetched at `now`.
    pub fn add_token(&mut self, uri: &str, text: &str, now: Timestamp) {
        let entry = self.lists.entry(uri.to_owned()).or_default();
        *entry = Entry {
            token: Some(Received {
                text: text.trim_ascii().to_owned(),
                fetched: now,
            }),
            ..Entry::default()
        };
    }

    /// Notes that `uri` could not be fetched; with the HTTP status, if there was an answer.
    pub fn add_failure(&mut self, uri: &str, status: Option<u16>, now: Timestamp) {
        self.lists.entry(uri.to_owned()).or_default().failure = Some((status, now));
    }

    /// Checks the list at `uri` for credentials of `issuer` once and for all: without it every look checks the
    /// signature again. For those who judge many credentials.
    pub fn prepare(&mut self, uri: &str, issuer: &TrustedIssuer, now: Timestamp) {
        let Some(entry) = self.lists.get_mut(uri) else {
            return;
        };
        if entry.checked.iter().any(|(known, _)| known == issuer) {
            return;
        }
        if let Some(received) = &entry.token {
            let outcome = check(received, uri, issuer, now);
            entry.checked.push((issuer.clone(), outcome));
        }
    }

    /// When the list at `uri` was fetched.
    pub fn fetched(&self, uri: &str) -> Option<Timestamp> {
        Some(self.lists.get(uri)?.token.as_ref()?.fetched)
    }

    /// The token at `uri` as received, with the time of fetching: for evidence that is kept.
    pub fn token(&self, uri: &str) -> Option<(&str, Timestamp)> {
        let received = self.lists.get(uri)?.token.as_ref()?;
        Some((&received.text, received.fetched))
    }

    /// Forgets a list; a verifier does so after use (§13.4).
    pub fn forget(&mut self, uri: &str) {
        self.lists.remove(uri);
    }

    pub(super) fn find(
        &self,
        reference: &StatusListReference,
        issuer: &TrustedIssuer,
        now: Timestamp,
    ) -> Result<Finding, UnknownReason> {
        let Some(entry) = self.lists.get(&reference.uri) else {
            return Err(UnknownReason::NotFetched);
        };
        let Some(received) = &entry.token else {
            return Err(match entry.failure {
                Some((status, tried)) => UnknownReason::Unreachable { status, tried },
                None => UnknownReason::NotFetched,
            });
        };
        let fresh;
        let known = entry.checked.iter().find(|(known, _)| known == issuer);
        let token = match known {
            Some((_, outcome)) => outcome.as_ref().map_err(StatusError::clone)?,
            None => {
                fresh = check(received, &reference.uri, issuer, now)?;
                &fresh
            }
        };
        token.check_time(now)?;
        let StatusEntry::Index(index) = reference.entry else {
            return Err(StatusError::UnsupportedFormat.into());
        };
        let value = token.list.get(index)?;
        let (age, limit) = freshness(token, received.fetched, now);
        Ok(Finding { value, age, limit })
    }
}

fn check(
    received: &Received,
    uri: &str,
    issuer: &TrustedIssuer,
    now: Timestamp,
) -> Result<StatusListToken, StatusError> {
    if received.text.is_empty() {
        return Err(StatusError::UnsupportedFormat);
    }
    StatusListToken::verify(&received.text, uri, issuer, now)
}

/// Age and how old it may be: `ttl` counts from fetching; without it the list is good to its end (§13.7).
fn freshness(token: &StatusListToken, fetched: Timestamp, now: Timestamp) -> (i64, i64) {
    let times = &token.times;
    if times.expires.is_none() && now.since(times.issued_at) > OLDEST_WITHOUT_END {
        return (now.since(times.issued_at), OLDEST_WITHOUT_END);
    }
    let limit = match (times.time_to_live, times.expires) {
        (Some(seconds), _) => i64::try_from(seconds).unwrap_or(LONGEST),
        (None, Some(expires)) => expires.since(fetched),
        (None, None) => LONGEST,
    };
    (now.since(fetched), limit.clamp(SHORTEST, LONGEST))
}

impl Serialize for StatusEvidence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let received = |(uri, entry): (&String, &Entry)| {
            let token = entry.token.as_ref()?;
            Some((uri.clone(), token.text.clone(), token.fetched.unix()))
        };
        let lists: Vec<_> = self.lists.iter().filter_map(received).collect();
        (self.links == LinkPolicy::LoopbackHttp, lists).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for StatusEvidence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (loopback, lists) = <(bool, Vec<(String, String, i64)>)>::deserialize(deserializer)?;
        let mut evidence = Self::with_links(if loopback {
            LinkPolicy::LoopbackHttp
        } else {
            LinkPolicy::HttpsOnly
        });
        for (uri, text, fetched) in lists {
            evidence.add_token(&uri, &text, Timestamp::from_unix(fetched));
        }
        Ok(evidence)
    }
}
