//! What is offered and issued: the record, its approval, and its history.

use serde::{Deserialize, Serialize};

use super::IssuerError;
use crate::codec::Object;
use crate::credential::ClaimPath;
use crate::credential::Format;
use crate::rulebook::Rulebook;
use crate::time::{Timestamp, Validity};

/// What shall be issued to one person.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// The credential type; of a type that exists in mdoc alone, its document type.
    pub vct: String,
    /// The document type, if the type exists in mdoc.
    pub doctype: Option<String>,
    /// The formats that it is issued in, each with copies of its own; set by [`Record::in_formats`].
    pub formats: Vec<Format>,
    /// The values.
    pub claims: Object,
    /// The places that are disclosed one by one.
    pub disclosable: Vec<ClaimPath>,
    /// Who approved it, on what basis.
    pub approval: Approval,
    /// The unit that issues.
    pub unit: Option<IssuingUnit>,
    /// From when until when it is good.
    pub validity: Validity,
    /// The record that this one corrects or duplicates (lessons S9); it is revoked when this one is collected.
    pub supersedes: Option<String>,
}

impl Record {
    /// A record of a type of the rulebook, which says what is disclosed one by one. `id` is a `vct`, or the document
    /// type of a type that exists in mdoc alone. It is issued as SD-JWT VC if the type exists there.
    pub fn new(rulebook: &Rulebook, id: &str, claims: Object, approval: Approval) -> Result<Self, IssuerError> {
        let mdoc_only = || rulebook.lookup_doctype(id).filter(|known| known.is_mdoc_only());
        let known = rulebook.lookup(id).or_else(mdoc_only).ok_or(IssuerError::UnknownType)?;
        let format = if known.is_mdoc_only() {
            Format::MsoMdoc
        } else {
            Format::DcSdJwt
        };
        Ok(Self {
            vct: id.to_owned(),
            doctype: known.mdoc().map(|ids| ids.doctype.clone()),
            formats: vec![format],
            disclosable: known.disclosure_paths(&claims),
            claims,
            approval,
            unit: None,
            validity: Validity::default(),
            supersedes: None,
        })
    }

    /// The record in these formats: one set of values, a configuration for each format in one session.
    pub fn in_formats(mut self, formats: &[Format]) -> Result<Self, IssuerError> {
        let mut wanted = Vec::new();
        for format in formats {
            let exists = match format {
                Format::DcSdJwt => self.doctype.as_ref() != Some(&self.vct),
                Format::MsoMdoc => self.doctype.is_some(),
                _ => false,
            };
            if !exists {
                return Err(IssuerError::UnsupportedFormat);
            }
            if !wanted.contains(format) {
                wanted.push(*format);
            }
        }
        if wanted.is_empty() {
            return Err(IssuerError::UnsupportedFormat);
        }
        self.formats = wanted;
        Ok(self)
    }
}

impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Record({}, {} claims)", self.vct, self.claims.len())
    }
}

/// Who approved a record, on what basis (lessons S37): kept for the supervisor, never in the credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Approval {
    /// The person or office: a staff number, not a name, where one exists.
    pub by: String,
    /// The basis: a file reference, the digest of a message, a decision.
    pub basis: String,
}

impl Approval {
    /// An approval.
    pub fn new(by: impl Into<String>, basis: impl Into<String>) -> Self {
        Self {
            by: by.into(),
            basis: basis.into(),
        }
    }
}

/// The unit of an authority that issues, such as one school: part of what is signed (lessons S33).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct IssuingUnit {
    /// Its official number.
    pub id: String,
    /// Its name.
    pub name: String,
}

impl IssuingUnit {
    /// A unit.
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
        }
    }
}

/// A record as the authority keeps it.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) vct: String,
    /// The document type, if it is issued as mdoc too.
    #[serde(default)]
    pub(super) doctype: Option<String>,
    /// The configurations that are offered; empty means the one of the type, as records of earlier versions do.
    #[serde(default)]
    pub(super) configurations: Vec<String>,
    /// Those that were collected.
    #[serde(default)]
    pub(super) collected: Vec<String>,
    /// Those that the wallet confirmed.
    #[serde(default)]
    pub(super) accepted: Vec<String>,
    pub(super) approval: Approval,
    pub(super) unit: Option<IssuingUnit>,
    pub(super) supersedes: Option<String>,
    pub(super) created: i64,
    pub(super) expires: i64,
    pub(super) offer: OfferState,
    pub(super) code: String,
    pub(super) tx_code: Option<String>,
    pub(super) tx_code_length: Option<usize>,
    pub(super) attempts_left: u32,
    /// The values, until they were collected or can no longer be.
    pub(super) pending: Option<Pending>,
    pub(super) status: RecordStatus,
    pub(super) copies: Vec<CopyRecord>,
    pub(super) history: Vec<HistoryEntry>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Pending {
    pub(super) claims: Object,
    pub(super) disclosable: Vec<ClaimPath>,
    pub(super) not_before: Option<i64>,
    pub(super) expires: Option<i64>,
}

impl Entry {
    /// The configurations that are offered.
    pub(super) fn configurations(&self) -> Vec<String> {
        if self.configurations.is_empty() {
            vec![self.vct.clone()]
        } else {
            self.configurations.clone()
        }
    }

    /// The document type, if this configuration is the one of the mdoc.
    pub(super) fn mdoc_of(&self, configuration: &str) -> Option<&str> {
        self.doctype.as_deref().filter(|doctype| *doctype == configuration)
    }

    pub(super) fn note(&mut self, now: Timestamp, event: HistoryEvent) {
        self.history.push(HistoryEntry { at: now.unix(), event });
    }

    pub(super) fn view(&self) -> RecordView {
        RecordView {
            id: self.id.clone(),
            vct: self.vct.clone(),
            configurations: self.configurations(),
            approval: self.approval.clone(),
            unit: self.unit.clone(),
            supersedes: self.supersedes.clone(),
            created: Timestamp::from_unix(self.created),
            expires: Timestamp::from_unix(self.expires),
            offer: self.offer,
            status: self.status,
            copies: self.copies.clone(),
            history: self.history.clone(),
        }
    }
}

/// A record as the office sees it: no values.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordView {
    /// Its id.
    pub id: String,
    /// The credential type.
    pub vct: String,
    /// The configurations that are offered: one for each format.
    pub configurations: Vec<String>,
    /// Who approved it, on what basis.
    pub approval: Approval,
    /// The unit that issues.
    pub unit: Option<IssuingUnit>,
    /// The record that this one supersedes.
    pub supersedes: Option<String>,
    /// When it was offered.
    pub created: Timestamp,
    /// When the offer ends.
    pub expires: Timestamp,
    /// What became of the offer.
    pub offer: OfferState,
    /// Whether the credential holds.
    pub status: RecordStatus,
    /// The copies that were issued.
    pub copies: Vec<CopyRecord>,
    /// What happened.
    pub history: Vec<HistoryEntry>,
}

/// What became of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OfferState {
    /// The wallet confirmed that it keeps the credential.
    Accepted,
    /// The credential was handed out.
    Issued,
    /// Too many wrong transaction codes: dead.
    Locked,
    /// Waiting to be collected.
    Open,
    /// The code was exchanged for a token.
    Redeemed,
    /// Issued without an offer.
    Direct,
    /// Taken back by the office.
    Withdrawn,
}

/// Whether a credential holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RecordStatus {
    /// For ever not (ARF 3.0 VCR_04).
    Revoked,
    /// For now not.
    Suspended,
    /// It does.
    Valid,
}

/// One copy that was issued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CopyRecord {
    /// The configuration that it was issued for; empty in records of earlier versions.
    #[serde(default)]
    pub configuration: String,
    /// The status list.
    pub list: u32,
    /// The place in it.
    pub index: u64,
    /// The thumbprint of the key it is bound to (RFC 7638).
    pub thumbprint: Option<String>,
    /// Seconds since 1970 when it was signed.
    pub issued: i64,
}

/// One event in the life of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HistoryEntry {
    /// Seconds since 1970.
    pub at: i64,
    /// What happened.
    pub event: HistoryEvent,
}

/// What can happen to a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HistoryEvent {
    /// Copies were signed.
    Issued {
        /// How many.
        copies: usize,
    },
    /// Too many wrong transaction codes.
    Locked,
    /// The wallet reported what became of it.
    Notified {
        /// The event of OpenID4VCI 1.0 §11.
        event: String,
    },
    /// It was offered.
    Offered,
    /// The code was exchanged for a token.
    Redeemed,
    /// Suspension ended.
    Reinstated,
    /// Revoked.
    Revoked {
        /// The office's reason.
        reason: String,
    },
    /// Suspended.
    Suspended {
        /// The office's reason.
        reason: String,
    },
    /// The offer was taken back.
    Withdrawn,
    /// A wrong transaction code.
    WrongCode,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an authority of the first version stored.
    const FIRST: &str = r#"{"id":"a","vct":"urn:mappe:de:abitur:1","approval":{"by":"x","basis":"y"},"unit":null,
        "supersedes":null,"created":1,"expires":2,"offer":"issued","code":"c","tx_code":null,"tx_code_length":null,
        "attempts_left":5,"pending":null,"status":"valid",
        "copies":[{"list":0,"index":7,"thumbprint":null,"issued":1}],"history":[]}"#;

    #[test]
    fn records_of_the_first_version_are_read() {
        let entry: Entry = serde_json::from_str(FIRST).unwrap();
        assert_eq!(entry.configurations(), ["urn:mappe:de:abitur:1"]);
        assert_eq!(entry.mdoc_of("urn:mappe:de:abitur:1"), None);
        assert_eq!(entry.copies[0].configuration, "");
        let again: Entry = serde_json::from_slice(&serde_json::to_vec(&entry).unwrap()).unwrap();
        assert_eq!(again.view(), entry.view());
    }
}
