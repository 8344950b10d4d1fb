//! The lists at hand: what was fetched, when, and whether it is still fresh (§8.3, §13.7).

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{IdentifierListToken, StatusError, StatusListToken, TokenTimes, UnknownReason, cwt};
use crate::codec::base64url;
use crate::credential::{StatusEntry, StatusFormat, StatusListReference};
use crate::http::{HttpRequest, HttpResponse, HttpsUrl, LinkPolicy};
use crate::time::Timestamp;
use crate::trust::TrustedIssuer;

/// Shorter times to live would make every check a request.
const SHORTEST: i64 = 10;
/// A list is asked for anew after a week, whatever it says: a revocation must arrive.
const LONGEST: i64 = 7 * 86_400;
/// Without `exp` anyone on the way could hand out an old list for ever; one of 30 days is no evidence.
const OLDEST_WITHOUT_END: i64 = 30 * 86_400;

/// Status list tokens by address and form, with the time of fetching. Serialised, it holds the tokens as received: they
/// are checked anew wherever they are used.
#[derive(Clone, Debug, Default)]
pub struct StatusEvidence {
    links: LinkPolicy,
    lists: BTreeMap<(String, StatusFormat), Entry>,
    failures: BTreeMap<String, (Option<u16>, Timestamp)>,
}

#[derive(Clone, Debug)]
struct Entry {
    bytes: Vec<u8>,
    fetched: Timestamp,
    checked: Vec<Checked>,
}

/// The outcome of checking a list for one issuer: what it depends on beside the list stands along.
#[derive(Clone, Debug)]
struct Checked {
    issuer: TrustedIssuer,
    trust_point: Option<Vec<u8>>,
    kind: Kind,
    outcome: Result<List, StatusError>,
}

/// What a reference makes of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Identifiers,
    Statuses,
}

#[derive(Clone, Debug)]
enum List {
    Identifiers(IdentifierListToken),
    Statuses(StatusListToken),
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
            ..Self::default()
        }
    }

    /// The request for a list, in the form that the credential asks for. It names no credential, and carries no cookie
    /// and no authentication (§13.3).
    pub fn request(&self, reference: &StatusListReference) -> Result<HttpRequest, StatusError> {
        let url = HttpsUrl::parse(&reference.uri, self.links)?;
        Ok(HttpRequest::get(url, reference.media_type()))
    }

    /// Whether a list must be fetched to judge `reference` at `now`: there is none in its form, or it is no longer fresh.
    /// Another form at the same address may be there for another credential, and is none.
    pub fn is_needed(&self, reference: &StatusListReference, now: Timestamp) -> bool {
        let Some(entry) = self.entry(reference) else {
            return true;
        };
        match entry.checked.iter().find_map(|checked| checked.outcome.as_ref().ok()) {
            Some(list) => {
                let (age, limit) = freshness(list.times(), entry.fetched, now);
                age > limit || list.check_time(now).is_err()
            }
            None => now.since(entry.fetched) > SHORTEST,
        }
    }

    /// Takes in what a request for `uri` brought. A failure keeps the list that was there before.
    pub fn add_response(&mut self, uri: &str, response: &HttpResponse, now: Timestamp) {
        if !response.is_success() {
            self.add_failure(uri, Some(response.status()), now);
            return;
        }
        let media_type = response.media_type();
        let announced = media_type
            .as_deref()
            .is_some_and(|name| [cwt::STATUS_LIST, cwt::IDENTIFIER_LIST].contains(&name));
        match std::str::from_utf8(response.body()) {
            Ok(text) if !announced => self.add_token(uri, text, now),
            _ => self.add_cwt(uri, response.body(), now),
        }
    }

    /// Takes in a list from a file, in the form that it shows: text is a JWT, everything else a CWT.
    pub fn add_file(&mut self, uri: &str, bytes: &[u8], now: Timestamp) {
        match std::str::from_utf8(bytes) {
            Ok(text) => self.add_token(uri, text, now),
            Err(_) => self.add_cwt(uri, bytes, now),
        }
    }

    /// Takes in a JWT that came by another way, as a file or by push, fetched at `now`.
    pub fn add_token(&mut self, uri: &str, text: &str, now: Timestamp) {
        self.add(uri, StatusFormat::Jwt, text.trim_ascii().as_bytes(), now);
    }

    /// Takes in a CWT that came by another way, as a file or by push, fetched at `now`.
    pub fn add_cwt(&mut self, uri: &str, bytes: &[u8], now: Timestamp) {
        self.add(uri, StatusFormat::Cwt, bytes, now);
    }

    fn add(&mut self, uri: &str, format: StatusFormat, bytes: &[u8], now: Timestamp) {
        let entry = Entry {
            bytes: bytes.to_vec(),
            fetched: now,
            checked: Vec::new(),
        };
        self.lists.insert((uri.to_owned(), format), entry);
        self.failures.remove(uri);
    }

    /// Notes that `uri` could not be fetched; with the HTTP status, if there was an answer.
    pub fn add_failure(&mut self, uri: &str, status: Option<u16>, now: Timestamp) {
        self.failures.insert(uri.to_owned(), (status, now));
    }

    /// Checks the lists at `uri` for credentials of `issuer` once and for all: without it every look checks the
    /// signature again. For those who judge many credentials.
    pub fn prepare(&mut self, uri: &str, issuer: &TrustedIssuer, now: Timestamp) {
        self.prepare_for(&StatusListReference::new(0, uri), issuer, now);
        if self.lists.contains_key(&(uri.to_owned(), StatusFormat::Cwt)) {
            self.prepare_for(&StatusListReference::cwt(0, uri), issuer, now);
            self.prepare_for(&StatusListReference::identifier([], uri), issuer, now);
        }
    }

    /// As [`StatusEvidence::prepare`], for the list and the trust point that one reference names.
    pub fn prepare_for(&mut self, reference: &StatusListReference, issuer: &TrustedIssuer, now: Timestamp) {
        let Some(entry) = self.lists.get_mut(&(reference.uri.clone(), reference.format)) else {
            return;
        };
        if entry.known(reference, issuer).is_none() {
            let outcome = entry.check(reference, issuer, now);
            entry.checked.push(Checked {
                issuer: issuer.clone(),
                trust_point: reference.trust_point.clone(),
                kind: Kind::of(reference),
                outcome,
            });
        }
    }

    /// When the list at `uri` was fetched, in whichever form came last.
    pub fn fetched(&self, uri: &str) -> Option<Timestamp> {
        self.entries(uri).map(|(_, entry)| entry.fetched).max()
    }

    /// The JWT at `uri` as received, with the time of fetching: for evidence that is kept.
    pub fn token(&self, uri: &str) -> Option<(&str, Timestamp)> {
        let entry = self.lists.get(&(uri.to_owned(), StatusFormat::Jwt))?;
        Some((std::str::from_utf8(&entry.bytes).ok()?, entry.fetched))
    }

    /// The CWT at `uri` as received, with the time of fetching: for evidence that is kept.
    pub fn cwt(&self, uri: &str) -> Option<(&[u8], Timestamp)> {
        let entry = self.lists.get(&(uri.to_owned(), StatusFormat::Cwt))?;
        Some((&entry.bytes, entry.fetched))
    }

    /// The lists at these addresses and no others, as received: for evidence that is kept.
    #[must_use]
    pub fn only<'a>(&self, uris: impl IntoIterator<Item = &'a str>) -> Self {
        let mut kept = Self::with_links(self.links);
        for uri in uris {
            for (format, entry) in self.entries(uri) {
                kept.add(uri, format, &entry.bytes, entry.fetched);
            }
        }
        kept
    }

    /// Forgets a list; a verifier does so after use (§13.4).
    pub fn forget(&mut self, uri: &str) {
        for format in FORMATS {
            self.lists.remove(&(uri.to_owned(), format));
        }
        self.failures.remove(uri);
    }

    pub(super) fn find(
        &self,
        reference: &StatusListReference,
        issuer: &TrustedIssuer,
        now: Timestamp,
    ) -> Result<Finding, UnknownReason> {
        let Some(entry) = self.entry(reference) else {
            if self.other_form(reference).is_some() {
                return Err(StatusError::UnsupportedFormat.into());
            }
            return Err(match self.failures.get(&reference.uri) {
                Some(&(status, tried)) => UnknownReason::Unreachable { status, tried },
                None => UnknownReason::NotFetched,
            });
        };
        let fresh;
        let list = match entry.known(reference, issuer) {
            Some(outcome) => outcome.as_ref().map_err(StatusError::clone)?,
            None => {
                fresh = entry.check(reference, issuer, now)?;
                &fresh
            }
        };
        list.check_time(now)?;
        let value = match (list, &reference.entry) {
            (List::Statuses(token), StatusEntry::Index(index)) => token.list.get(*index)?,
            (List::Identifiers(token), StatusEntry::Identifier(id)) => u8::from(token.list.contains(id)),
            _ => return Err(StatusError::WrongType.into()),
        };
        let (age, limit) = freshness(list.times(), entry.fetched, now);
        Ok(Finding { value, age, limit })
    }

    fn entry(&self, reference: &StatusListReference) -> Option<&Entry> {
        self.lists.get(&(reference.uri.clone(), reference.format))
    }

    /// What the server sent instead of the form that was asked for.
    fn other_form(&self, reference: &StatusListReference) -> Option<&Entry> {
        let mut others = self.entries(&reference.uri);
        others
            .find(|(format, _)| *format != reference.format)
            .map(|(_, entry)| entry)
    }

    fn entries(&self, uri: &str) -> impl Iterator<Item = (StatusFormat, &Entry)> {
        let at = |format| Some((format, self.lists.get(&(uri.to_owned(), format))?));
        FORMATS.into_iter().filter_map(at)
    }
}

const FORMATS: [StatusFormat; 2] = [StatusFormat::Cwt, StatusFormat::Jwt];

impl Kind {
    fn of(reference: &StatusListReference) -> Self {
        match reference.entry {
            StatusEntry::Identifier(_) => Self::Identifiers,
            StatusEntry::Index(_) => Self::Statuses,
        }
    }
}

impl Entry {
    fn known(&self, reference: &StatusListReference, issuer: &TrustedIssuer) -> Option<&Result<List, StatusError>> {
        let same = |checked: &&Checked| {
            checked.kind == Kind::of(reference)
                && checked.trust_point == reference.trust_point
                && checked.issuer == *issuer
        };
        self.checked.iter().find(same).map(|checked| &checked.outcome)
    }

    fn check(
        &self,
        reference: &StatusListReference,
        issuer: &TrustedIssuer,
        now: Timestamp,
    ) -> Result<List, StatusError> {
        let (uri, point) = (&reference.uri, reference.trust_point.as_deref());
        match (reference.format, Kind::of(reference)) {
            (StatusFormat::Jwt, _) => {
                let text = std::str::from_utf8(&self.bytes).map_err(|_| StatusError::UnsupportedFormat)?;
                StatusListToken::verify(text, uri, issuer, now).map(List::Statuses)
            }
            (StatusFormat::Cwt, Kind::Statuses) => {
                StatusListToken::verify_cwt(&self.bytes, uri, issuer, point, now).map(List::Statuses)
            }
            (StatusFormat::Cwt, Kind::Identifiers) => {
                IdentifierListToken::verify(&self.bytes, uri, issuer, point, now).map(List::Identifiers)
            }
        }
    }
}

impl List {
    fn times(&self) -> &TokenTimes {
        match self {
            Self::Identifiers(token) => &token.times,
            Self::Statuses(token) => &token.times,
        }
    }

    fn check_time(&self, now: Timestamp) -> Result<(), StatusError> {
        self.times().check(now)
    }
}

/// Age and how old it may be: `ttl` counts from fetching; without it the list is good to its end (§13.7).
fn freshness(times: &TokenTimes, fetched: Timestamp, now: Timestamp) -> (i64, i64) {
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

/// What stands before a CWT among the texts: no JWT begins so.
const CWT_MARK: &str = "cwt:";

impl Serialize for StatusEvidence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let received = |((uri, format), entry): (&(String, StatusFormat), &Entry)| {
            let text = match format {
                StatusFormat::Cwt => format!("{CWT_MARK}{}", base64url::encode(&entry.bytes)),
                StatusFormat::Jwt => String::from_utf8(entry.bytes.clone()).ok()?,
            };
            Some((uri.clone(), text, entry.fetched.unix()))
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
            let fetched = Timestamp::from_unix(fetched);
            match text.strip_prefix(CWT_MARK) {
                Some(encoded) => {
                    let bytes = base64url::decode(encoded).map_err(D::Error::custom)?;
                    evidence.add_cwt(&uri, &bytes, fetched);
                }
                None => evidence.add_token(&uri, &text, fetched),
            }
        }
        Ok(evidence)
    }
}
