//! The history: who got which claims when, in the model of EUDI TS10 v1.2. There is no place in it for a value.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use super::{EntryId, HISTORY, Holding, Wallet, WalletError, stored};
use crate::codec::{Json, Object};
use crate::credential::{ClaimPath, PathElement};
use crate::crypto::Random;
use crate::store::ChangeSet;
use crate::time::Timestamp;
use crate::trust::{Certificate, Environment, IssuerEvidence, TrustedIssuer, VerifiedParty};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Entry {
    /// Its name.
    #[serde(skip)]
    pub id: EntryId,
    /// Its place: entries are numbered from 1 on.
    pub number: u64,
    /// When it happened.
    #[serde(with = "stored::unix")]
    pub time: Timestamp,
    /// What happened.
    pub event: Event,
    /// How it ended.
    pub outcome: Outcome,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// A holding was deleted.
    Deletion(Deletion),
    /// Credentials were issued.
    Issuance(Issuance),
    /// Somebody asked for claims.
    Presentation(Presentation),
}

/// Somebody asked for claims.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Presentation {
    /// Who asked.
    pub party: Party,
    /// What for, as the receiver said.
    #[serde(default)]
    pub purpose: Option<String>,
    /// What was asked for.
    pub requested: Vec<Disclosed>,
    /// What was sent, or would have been.
    pub sent: Vec<Disclosed>,
}

impl Presentation {
    /// A presentation to this party.
    pub fn new(party: Party, requested: Vec<Disclosed>, sent: Vec<Disclosed>) -> Self {
        Self {
            party,
            purpose: None,
            requested,
            sent,
        }
    }

    /// The same with what the receiver said it is for; cut at 500 characters.
    #[must_use]
    pub fn for_purpose(mut self, purpose: &str) -> Self {
        self.purpose = Some(purpose.chars().take(LONGEST_PURPOSE).collect());
        self
    }
}

const LONGEST_PURPOSE: usize = 500;

/// Claims of one credential, by their paths.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Disclosed {
    /// The type of the credential.
    pub credential_type: String,
    /// The paths.
    pub paths: Vec<ClaimPath>,
}

impl Disclosed {
    /// Claims of one credential.
    pub fn new(credential_type: impl Into<String>, paths: Vec<ClaimPath>) -> Self {
        Self {
            credential_type: credential_type.into(),
            paths,
        }
    }
}

/// Credentials were issued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Issuance {
    /// Who issued.
    pub issuer: Party,
    /// The type.
    pub credential_type: String,
    /// How many copies were asked for.
    pub requested: usize,
    /// How many copies came.
    pub issued: usize,
    /// Whether copies of a holding were renewed.
    pub again: bool,
}

impl Issuance {
    pub(super) fn new(holding: &Holding, issued: usize, again: bool) -> Self {
        Self {
            issuer: holding.issuer.party.clone(),
            credential_type: holding.type_names.first().cloned().unwrap_or_default(),
            requested: issued,
            issued,
            again,
        }
    }

    /// An issuance that brought nothing.
    pub fn failed(issuer: Party, credential_type: impl Into<String>, requested: usize) -> Self {
        Self {
            issuer,
            credential_type: credential_type.into(),
            requested,
            issued: 0,
            again: false,
        }
    }
}

/// A holding was deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Deletion {
    /// Who had issued it.
    pub issuer: Party,
    /// Its type.
    pub credential_type: String,
}

impl Deletion {
    pub(super) fn new(holding: &Holding) -> Self {
        Self {
            issuer: holding.issuer.party.clone(),
            credential_type: holding.type_names.first().cloned().unwrap_or_default(),
        }
    }
}

/// Another party, as the trust check established it: never as it calls itself (lessons S11).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Party {
    /// The name.
    pub name: String,
    /// The identifier: of the organization where the certificate has one, else a host name or `iss`.
    #[serde(default)]
    pub identifier: Option<String>,
    /// The country of the certificate.
    #[serde(default)]
    pub country: Option<String>,
    /// Whether the anchor is for production or for tests; the latter is marked (lessons S36).
    pub environment: Environment,
}

impl Party {
    /// A party.
    pub fn new(name: impl Into<String>, identifier: Option<String>, environment: Environment) -> Self {
        Self {
            name: name.into(),
            identifier,
            country: None,
            environment,
        }
    }
}

impl From<&VerifiedParty> for Party {
    fn from(party: &VerifiedParty) -> Self {
        Self {
            name: party.name.clone(),
            identifier: identifier(&party.leaf),
            country: party.leaf.country().map(str::to_owned),
            environment: party.environment,
        }
    }
}

impl From<&TrustedIssuer> for Party {
    fn from(issuer: &TrustedIssuer) -> Self {
        let leaf = match &issuer.evidence {
            IssuerEvidence::Path(path) => path.first().and_then(|der| Certificate::parse(der).ok()),
            IssuerEvidence::PinnedKey | IssuerEvidence::WebKeys => None,
        };
        Self {
            name: issuer.name.clone(),
            identifier: leaf.as_ref().and_then(identifier).or(issuer.identifier.clone()),
            country: leaf.and_then(|leaf| leaf.country().map(str::to_owned)),
            environment: issuer.environment,
        }
    }
}

fn identifier(leaf: &Certificate) -> Option<String> {
    let organization = leaf.organization_identifier().map(str::to_owned);
    organization.or_else(|| leaf.dns_names().first().cloned())
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// Well.
    Completed,
    /// Not at all; the code says why.
    NotCompleted(Code),
    /// Not known: begun, and not concluded. The answer may have left the device.
    Unfinished,
}

/// The stable code of an error, or of a decision such as `user.refused`. Nothing else fits in, so no text with a
/// name or value gets into the history by this way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Code(String);

impl Code {
    /// A code; `None` unless it is of 1 to 80 lower-case letters, digits, underscores and dots.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.');
        ((1..=80).contains(&text.len()) && text.bytes().all(fits)).then(|| Self(text.to_owned()))
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("not a code"))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Wallet {
    /// All entries; the latest first.
    pub fn history(&self) -> Result<Vec<Entry>, WalletError> {
        let mut entries = Vec::new();
        for record in self.store.list(&HISTORY)? {
            entries.push(Entry {
                id: EntryId::new(record.id),
                ..stored::read(&HISTORY, &record.plain)?
            });
        }
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.number));
        Ok(entries)
    }

    /// Notes what came to its end at once: a request that was refused, an issuance that failed.
    pub fn record(
        &mut self,
        event: Event,
        outcome: Outcome,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<EntryId, WalletError> {
        self.commit_entry(ChangeSet::new(), Entry::new(now, event, outcome), random)
    }

    /// Notes how a presentation ended for which copies were spent. What has ended stays as it is.
    pub fn conclude(&mut self, id: EntryId, outcome: Outcome, random: &mut dyn Random) -> Result<(), WalletError> {
        let plain = self.store.get(&HISTORY, id.record())?;
        let mut entry: Entry = stored::read(&HISTORY, &plain.ok_or(WalletError::NoSuchEntry)?)?;
        if entry.outcome != Outcome::Unfinished {
            return Ok(());
        }
        entry.outcome = outcome;
        let mut changes = ChangeSet::new();
        changes.put(&HISTORY, id.record(), stored::write(&entry)?);
        Ok(self.store.commit(changes, random)?)
    }

    /// Deletes entries: only the citizen decides that (ARF `DASH_06a`).
    pub fn forget(&mut self, entries: &[EntryId], random: &mut dyn Random) -> Result<(), WalletError> {
        let mut changes = ChangeSet::new();
        for id in entries {
            changes.delete(&HISTORY, id.record());
        }
        Ok(self.store.commit(changes, random)?)
    }
}

impl Entry {
    /// An entry that is not yet stored.
    pub(super) fn new(time: Timestamp, event: Event, outcome: Outcome) -> Self {
        Self {
            id: EntryId::default(),
            number: 0,
            time,
            event,
            outcome,
        }
    }

    /// The entry as a `Transaction` of EUDI TS10 §3.1, as far as it is known: what comes from registration
    /// certificates (contacts, data protection authority, policy links) is left out.
    pub fn to_transaction(&self) -> Object {
        let time = self.time.to_string();
        let (name, kind, details) = match &self.event {
            Event::Presentation(event) => ("presentation", "Presentation", event.to_json()),
            Event::Issuance(event) if event.again => ("credentialIssuance", "CredentialReissuance", event.to_json()),
            Event::Issuance(event) => ("credentialIssuance", "CredentialIssuance", event.to_json()),
            Event::Deletion(event) => ("credentialDeletion", "CredentialDeletion", event.to_json()),
        };
        let reason = match &self.outcome {
            Outcome::Completed => None,
            Outcome::NotCompleted(code) => Some(code.as_str()),
            Outcome::Unfinished => Some("unfinished"),
        };
        let result = if reason.is_none() { "Completed" } else { "NotCompleted" };
        let details = match kind {
            "Presentation" => details.with("reasonOfNoncompletion", reason.map(Json::from)),
            _ => details,
        };
        Object::new()
            .with("transactionIdentifier", Json::from(self.id.to_string()))
            .with("time", Json::from(time.trim_end_matches('Z')))
            .with("transactionType", Json::from(kind))
            .with("transactionResult", Json::from(result))
            .with(name, Json::from(details))
    }
}

impl Presentation {
    fn to_json(&self) -> Object {
        let claims = |claims: &[Disclosed]| Json::Array(claims.iter().map(Disclosed::to_json).collect());
        let purpose = self.purpose.as_deref().map(|text| Json::Array(vec![Json::from(text)]));
        self.party
            .to_json("interactingPartyIdentifier", "interactingPartyName")
            .with("interactingPartyType", Json::from("ServiceProvider"))
            .with("purpose", purpose)
            .with("listOfClaimsRequested", claims(&self.requested))
            .with("listOfClaimsPresented", claims(&self.sent))
    }
}

impl Disclosed {
    /// `ClaimInfo` of TS10 §3.19.2: a name alone, or a path pointer as JSON text.
    fn to_json(&self) -> Json {
        let pointer = |path: &ClaimPath| match path.elements() {
            [PathElement::Key(name)] => Json::from(name.as_str()),
            _ => Json::from(path.to_json().to_string()),
        };
        Json::from(
            Object::new()
                .with("credentialIdentifier", Json::from(self.credential_type.as_str()))
                .with("claims", Json::Array(self.paths.iter().map(pointer).collect())),
        )
    }
}

impl Issuance {
    fn to_json(&self) -> Object {
        self.issuer
            .to_json("interactingPartyIdentifier", "interactingPartyName")
            .with("credentialNumberRequested", Json::from(self.requested))
            .with("credentialNumberIssued", Json::from(self.issued))
            .with(
                "credentialIdentifier",
                Json::Array(vec![Json::from(self.credential_type.as_str())]),
            )
            .with("isUserTriggered", Json::from(true))
    }
}

impl Deletion {
    fn to_json(&self) -> Object {
        self.issuer
            .to_json("credentialIssuerIdentifier", "credentialIssuerName")
            .with("credentialIdentifier", Json::from(self.credential_type.as_str()))
    }
}

impl Party {
    fn to_json(&self, identifier: &str, name: &str) -> Object {
        let value = self
            .identifier
            .as_deref()
            .map(|value| Json::from(Object::new().with("identifier", Json::from(value))));
        Object::new()
            .with(identifier, value)
            .with(name, Json::from(self.name.as_str()))
    }
}
