//! The entries of a credential (§2.1).

use super::{BitstringError, WIDEST};
use crate::codec::{Json, Object};
use crate::http::{HttpRequest, HttpsUrl, LinkPolicy};

/// A credential has an entry or two for each purpose; more would make a verifier fetch without end.
const MOST_ENTRIES: usize = 16;
/// 2^53 - 1, the last integer that every reader of JSON knows exactly.
const LAST_INDEX: u64 = (1 << 53) - 1;

/// What a status is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StatusPurpose {
    /// One of several messages, which do not make the credential invalid.
    Message,
    /// A purpose that means nothing here.
    Other(String),
    /// A newer credential can be had; this one stays valid.
    Refresh,
    /// The credential is taken back for good.
    Revocation,
    /// The credential does not hold for the time being.
    Suspension,
}

impl StatusPurpose {
    /// The purpose of this name.
    pub fn from_name(name: &str) -> Self {
        match name {
            "message" => Self::Message,
            "refresh" => Self::Refresh,
            "revocation" => Self::Revocation,
            "suspension" => Self::Suspension,
            other => Self::Other(other.to_owned()),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Message => "message",
            Self::Other(name) => name,
            Self::Refresh => "refresh",
            Self::Revocation => "revocation",
            Self::Suspension => "suspension",
        }
    }
}

/// One entry of `credentialStatus`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StatusEntry {
    /// An entry in a bitstring status list.
    Bitstring(BitstringEntry),
    /// An entry of another type, whose status cannot be told here.
    Unsupported,
}

/// Where in which list the status of a credential stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BitstringEntry {
    pub(super) purpose: StatusPurpose,
    pub(super) index: u64,
    pub(super) list: String,
    pub(super) size: u8,
    pub(super) messages: Vec<(u8, String)>,
    references: Vec<String>,
}

/// All entries of a credential: none if it has no `credentialStatus`.
pub fn status_entries(credential: &Object) -> Result<Vec<StatusEntry>, BitstringError> {
    let entries = match credential.get("credentialStatus") {
        None => return Ok(Vec::new()),
        Some(Json::Array(entries)) => entries.as_slice(),
        Some(entry) => std::slice::from_ref(entry),
    };
    if entries.len() > MOST_ENTRIES {
        return Err(BitstringError::TooManyEntries {
            count: entries.len(),
            limit: MOST_ENTRIES,
        });
    }
    let parsed = entries.iter().map(|entry| {
        let entry = entry.as_object().ok_or(BitstringError::Entry("credentialStatus"))?;
        if !has_type(entry, "BitstringStatusListEntry").ok_or(BitstringError::Entry("type"))? {
            return Ok(StatusEntry::Unsupported);
        }
        BitstringEntry::parse(entry).map(StatusEntry::Bitstring)
    });
    parsed.collect()
}

/// Whether an object names a type, alone or among others; `None` if it names none at all.
pub(super) fn has_type(object: &Object, name: &str) -> Option<bool> {
    Some(names(object.get("type")?)?.contains(&name))
}

/// One string, or a list of at least one.
pub(super) fn names(value: &Json) -> Option<Vec<&str>> {
    match value {
        Json::String(name) => Some(vec![name]),
        Json::Array(names) if !names.is_empty() => names.iter().map(Json::as_str).collect(),
        _ => None,
    }
}

impl BitstringEntry {
    /// An entry of one bit.
    pub fn new(purpose: StatusPurpose, list: &HttpsUrl, index: u64) -> Self {
        Self {
            purpose,
            index,
            list: list.as_str().to_owned(),
            size: 1,
            messages: Vec::new(),
            references: Vec::new(),
        }
    }

    /// The entry with its messages, one for each value: 2, 4, 8 … 256 of them.
    pub fn with_messages(mut self, messages: &[&str]) -> Result<Self, BitstringError> {
        let size = (1..=WIDEST).find(|size| messages.len() == 1 << size);
        self.size = size.ok_or(BitstringError::Entry("statusMessage"))?;
        let messages = (0..=u8::MAX).zip(messages);
        self.messages = messages
            .map(|(value, message)| (value, (*message).to_owned()))
            .collect();
        Ok(self)
    }

    /// Reads an entry.
    pub fn parse(entry: &Object) -> Result<Self, BitstringError> {
        let text = |name: &'static str| {
            entry
                .get(name)
                .and_then(Json::as_str)
                .ok_or(BitstringError::Entry(name))
        };
        let list = text("statusListCredential")?;
        if !list.contains(':') || list.bytes().any(|byte| !byte.is_ascii_graphic()) {
            return Err(BitstringError::Entry("statusListCredential"));
        }
        let size = match entry.get("statusSize") {
            None => 1,
            Some(size) => match size.as_u64() {
                None | Some(0) => return Err(BitstringError::Entry("statusSize")),
                Some(size) => u8::try_from(size)
                    .ok()
                    .filter(|size| *size <= WIDEST)
                    .ok_or(BitstringError::EntryTooWide { size, limit: WIDEST })?,
            },
        };
        let references = match entry.get("statusReference") {
            None => Vec::new(),
            Some(value) => names(value).ok_or(BitstringError::Entry("statusReference"))?,
        };
        Ok(Self {
            purpose: StatusPurpose::from_name(text("statusPurpose")?),
            index: index(text("statusListIndex")?).ok_or(BitstringError::Entry("statusListIndex"))?,
            list: list.to_owned(),
            size,
            messages: messages(entry, size).ok_or(BitstringError::Entry("statusMessage"))?,
            references: references.into_iter().map(str::to_owned).collect(),
        })
    }

    /// Writes the entry into a credential.
    pub fn encode(&self) -> Object {
        let messages = self.messages.iter().map(|(value, message)| {
            let message = Object::new()
                .with("status", Json::from(format!("{value:#x}")))
                .with("message", Json::from(message.as_str()));
            Json::Object(message)
        });
        let messages: Vec<_> = messages.collect();
        let references = self.references.iter().map(|url| Json::from(url.as_str()));
        let references: Vec<_> = references.collect();
        Object::new()
            .with("type", Json::from("BitstringStatusListEntry"))
            .with("statusPurpose", Json::from(self.purpose.name()))
            .with("statusListIndex", Json::from(self.index.to_string()))
            .with("statusListCredential", Json::from(self.list.as_str()))
            .with("statusSize", (self.size > 1).then(|| Json::from(u64::from(self.size))))
            .with("statusMessage", (!messages.is_empty()).then(|| Json::from(messages)))
            .with(
                "statusReference",
                (!references.is_empty()).then(|| Json::from(references)),
            )
    }

    /// What the status is about.
    pub fn purpose(&self) -> &StatusPurpose {
        &self.purpose
    }

    /// The position in the list.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The address of the list, as written.
    pub fn list(&self) -> &str {
        &self.list
    }

    /// How many bits it has.
    pub fn size(&self) -> u8 {
        self.size
    }

    /// Where its messages are explained.
    pub fn references(&self) -> &[String] {
        &self.references
    }

    /// The message of a value; it is for developers, not for people (§2.1).
    pub fn message(&self, value: u8) -> Option<&str> {
        let found = self.messages.iter().find(|(other, _)| *other == value);
        found.map(|(_, message)| message.as_str())
    }

    /// The request for the list.
    pub fn request(&self, policy: LinkPolicy) -> Result<HttpRequest, BitstringError> {
        let url = HttpsUrl::parse(&self.list, policy).map_err(BitstringError::Link)?;
        let accept = "application/vc, application/vc+jwt, application/vc+sd-jwt, application/ld+json, application/json";
        Ok(HttpRequest::get(url, accept))
    }
}

/// A string in base 10 (§2.1), without sign and leading zeros.
fn index(text: &str) -> Option<u64> {
    let canonical = text == "0" || !text.starts_with('0');
    let digits = canonical && text.bytes().all(|byte| byte.is_ascii_digit());
    let value = text.parse().ok().filter(|_| digits)?;
    (value <= LAST_INDEX).then_some(value)
}

/// A message for each value of the entry, every value once; where the entry is wider than a bit they must be there.
fn messages(entry: &Object, size: u8) -> Option<Vec<(u8, String)>> {
    let Some(listed) = entry.get("statusMessage") else {
        return (size == 1).then(Vec::new);
    };
    let listed = listed.as_array().filter(|listed| listed.len() == 1 << size)?;
    let mut messages: Vec<(u8, String)> = Vec::with_capacity(listed.len());
    for message in listed {
        let value = message.get("status")?.as_str()?.strip_prefix("0x")?;
        let hex = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_hexdigit());
        let value = u8::from_str_radix(value, 16).ok().filter(|_| hex)?;
        if usize::from(value) >= listed.len() || messages.iter().any(|(other, _)| *other == value) {
            return None;
        }
        messages.push((value, message.get("message")?.as_str()?.to_owned()));
    }
    Some(messages)
}
