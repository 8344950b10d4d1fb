//! What is held: credentials with their copies, and the rules for showing a copy again.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::stored;
use super::{HoldingId, Party};
use crate::codec::Json;
use crate::credential::Format;
use crate::keys::KeyHandle;
use crate::rulebook::{Language, Rulebook};
use crate::store::RecordId;
use crate::time::{Timestamp, Validity};
use crate::trust::{Certificate, IssuerEvidence, TrustedIssuer};

/// A credential as the citizen sees it: one thing, however many copies of it there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Holding {
    /// Its name in this wallet.
    #[serde(skip)]
    pub id: HoldingId,
    /// Its format.
    #[serde(with = "stored::format")]
    pub format: Format,
    /// Its type first, then those that it inherits from.
    pub type_names: Vec<String>,
    /// Who issued it, as the trust check established it (lessons S25).
    pub issuer: Issuer,
    /// What the issuer calls it.
    #[serde(default)]
    pub display: DisplayName,
    /// Where the issuer can be asked for new copies: its credential issuer identifier.
    #[serde(default)]
    pub supply_point: Option<String>,
    /// When it says it was issued: the date of its values (lessons S25).
    #[serde(with = "stored::unix_option", default)]
    pub issued_at: Option<Timestamp>,
    /// When it arrived, or was last renewed.
    #[serde(with = "stored::unix")]
    pub received_at: Timestamp,
    /// From when its copies may be used.
    #[serde(with = "stored::unix_option", default)]
    pub valid_from: Option<Timestamp>,
    /// When its copies expire: the document then needs renewal, which says nothing about the fact (lessons S38).
    #[serde(with = "stored::unix_option", default)]
    pub valid_until: Option<Timestamp>,
    /// How often a copy may be shown.
    pub reuse: Reuse,
    /// The copies that are left, in the order in which they are shown.
    pub copies: Vec<HeldCopy>,
}

impl Holding {
    /// What to call it: by the rulebook if the type is known, else as the issuer calls it, else its type.
    pub fn display_name<'a>(&'a self, rulebook: &'a Rulebook, language: Language) -> &'a str {
        let known = self.type_names.iter().find_map(|name| match self.format {
            Format::MsoMdoc => rulebook.lookup_doctype(name),
            _ => rulebook.lookup(name),
        });
        let (first, second) = match language {
            Language::German => (&self.display.german, &self.display.english),
            Language::English => (&self.display.english, &self.display.german),
        };
        let any = &self.display.any;
        let named = first.as_deref().or(any.as_deref()).or(second.as_deref());
        known
            .map(|known| known.name(language))
            .or(named)
            .or(self.type_names.first().map(String::as_str))
            .unwrap_or_default()
    }

    /// How many copies were never shown.
    pub fn unused(&self) -> usize {
        self.copies.iter().filter(|copy| !copy.used).count()
    }

    /// When its copies may be used.
    pub fn validity(&self) -> Validity {
        Validity::new(self.valid_from, self.valid_until)
    }

    /// Whether the issuer should be asked for new copies, and why; the most pressing reason.
    pub fn renewal(&self, now: Timestamp) -> Renewal {
        if let Some(expired) = self.valid_until.filter(|until| *until <= now) {
            return Renewal::Expired { expired };
        }
        let unused = self.unused();
        match self.reuse {
            Reuse::OnceOnly { .. } if unused == 0 => Renewal::Exhausted,
            Reuse::OnceOnly { refill_below, .. } if unused < refill_below => Renewal::CopiesLow {
                left: unused,
                limit: refill_below,
            },
            Reuse::OnceOnly { .. } => self.expiring(now, DEFAULT_RENEW_BEFORE),
            Reuse::LimitedTime { renew_before } => self.expiring(now, renew_before),
        }
    }

    fn expiring(&self, now: Timestamp, renew_before: i64) -> Renewal {
        let Some(expires) = self.valid_until else {
            return Renewal::NotNeeded;
        };
        // A credential that lives for a day is not due from its first minute on.
        let half = expires.since(self.received_at) / 2;
        if expires.since(now) <= renew_before.min(half) {
            Renewal::Expiring { expires }
        } else {
            Renewal::NotNeeded
        }
    }
}

/// A week: long enough for a phone that is seldom online.
const DEFAULT_RENEW_BEFORE: i64 = 7 * 86_400;

/// Who issued a holding, from the evidence of trust and never from the credential alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Issuer {
    /// Name, identifier and environment.
    pub party: Party,
    /// The key identifiers of the authorities above it (DCQL `trusted_authorities`).
    #[serde(default)]
    pub authority_key_ids: Vec<Vec<u8>>,
}

impl Issuer {
    /// An issuer.
    pub fn new(party: Party) -> Self {
        Self {
            party,
            authority_key_ids: Vec::new(),
        }
    }
}

impl From<&TrustedIssuer> for Issuer {
    fn from(issuer: &TrustedIssuer) -> Self {
        let path = match &issuer.evidence {
            IssuerEvidence::Path(path) => path.as_slice(),
            IssuerEvidence::PinnedKey | IssuerEvidence::WebKeys => &[],
        };
        let certificates = path.iter().filter_map(|der| Certificate::parse(der).ok());
        let ids = certificates.filter_map(|certificate| certificate.authority_key_id().map(<[u8]>::to_vec));
        let mut authority_key_ids: Vec<Vec<u8>> = ids.collect();
        authority_key_ids.dedup();
        Self {
            party: Party::from(issuer),
            authority_key_ids,
        }
    }
}

/// A name in the languages of the wallet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DisplayName {
    /// In German.
    #[serde(rename = "de", default)]
    pub german: Option<String>,
    /// In English.
    #[serde(rename = "en", default)]
    pub english: Option<String>,
    /// In a language that the issuer does not say.
    #[serde(default)]
    pub any: Option<String>,
}

impl DisplayName {
    /// A name.
    pub fn new(german: Option<String>, english: Option<String>) -> Self {
        Self {
            german,
            english,
            any: None,
        }
    }

    /// A name in a language that is not known.
    pub fn any(name: Option<String>) -> Self {
        Self {
            any: name,
            ..Self::default()
        }
    }
}

/// One copy of a holding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HeldCopy {
    /// Where its text is stored.
    pub(super) id: RecordId,
    /// The key that it is bound to; none for a bearer credential.
    pub key: Option<KeyHandle>,
    /// Whether it was shown.
    pub used: bool,
}

/// Names one copy of one holding. In text: two ids with a dot between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CopyRef {
    pub(super) holding: HoldingId,
    pub(super) copy: RecordId,
}

impl CopyRef {
    /// Reads what `Display` wrote; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (holding, copy) = text.split_once('.')?;
        Some(Self {
            holding: HoldingId::parse(holding)?,
            copy: RecordId::parse(copy)?,
        })
    }

    /// The holding.
    pub fn holding(self) -> HoldingId {
        self.holding
    }
}

impl fmt::Display for CopyRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.holding, self.copy)
    }
}

/// How often a copy may be shown (ARF `ISSU_37`): the methods A and B.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reuse {
    /// Method A: each copy once, so that those who receive them cannot tell that they met the same citizen.
    OnceOnly {
        /// With fewer unused copies than this, new ones are due.
        refill_below: usize,
        /// What happens when none is left.
        when_empty: WhenEmpty,
    },
    /// Method B: one copy, shown until it expires.
    LimitedTime {
        /// How many seconds before the end a new one is due.
        renew_before: i64,
    },
}

impl Reuse {
    /// The rule where the issuer states none: a single copy is shown until it expires, a batch once each, and the
    /// last of it again when there is no other (ARF `ISSU_47`).
    pub fn for_batch(copies: usize) -> Self {
        if copies <= 1 {
            return Self::LimitedTime {
                renew_before: DEFAULT_RENEW_BEFORE,
            };
        }
        Self::OnceOnly {
            refill_below: copies.div_ceil(5),
            when_empty: WhenEmpty::ShowLastAgain,
        }
    }

    /// The rule in an issuer's metadata, `credential_metadata.credential_reuse_policy`: the first of its options
    /// that this wallet follows; `None` if there is none, and [`Reuse::for_batch`] applies.
    pub fn from_metadata(policy: &Json) -> Option<Self> {
        if policy.get("id").and_then(Json::as_str) != Some("arf_annex_ii") {
            return None;
        }
        policy.get("options")?.as_array()?.iter().find_map(Self::from_option)
    }

    fn from_option(option: &Json) -> Option<Self> {
        let number = |name: &str| option.get(name).and_then(Json::as_u64);
        let details = option.get("details")?.as_array()?;
        // Issuers write `once_only` and `once-only`.
        let methods: Vec<String> = details
            .iter()
            .filter_map(Json::as_str)
            .map(|name| name.replace('-', "_"))
            .collect();
        let offers = |name: &str| methods.iter().any(|method| method == name);
        let limited = offers("limited_time");
        if offers("once_only") {
            let limit = number("reissue_trigger_unused").and_then(|limit| usize::try_from(limit).ok());
            return Some(Self::OnceOnly {
                refill_below: limit.unwrap_or(1).min(LARGEST_BATCH),
                when_empty: if limited {
                    WhenEmpty::ShowLastAgain
                } else {
                    WhenEmpty::Refuse
                },
            });
        }
        let left = number("reissue_trigger_lifetime_left").and_then(|left| i64::try_from(left).ok());
        limited.then(|| Self::LimitedTime {
            renew_before: left.unwrap_or(DEFAULT_RENEW_BEFORE),
        })
    }
}

const LARGEST_BATCH: usize = 1000;

/// What happens when all copies of a batch were shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WhenEmpty {
    /// Nothing is shown until new copies have arrived.
    Refuse,
    /// The last copy is shown again; the citizen is told that receivers could compare notes.
    ShowLastAgain,
}

/// Whether new copies are due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Renewal {
    /// Few copies are left.
    CopiesLow {
        /// How many.
        left: usize,
        /// With fewer than this, new ones are due.
        limit: usize,
    },
    /// No copy is left that was not shown.
    Exhausted,
    /// The copies have expired: the document needs renewal (lessons S38).
    Expired {
        /// When.
        expired: Timestamp,
    },
    /// The copies expire soon.
    Expiring {
        /// When.
        expires: Timestamp,
    },
    /// All is well.
    NotNeeded,
}

/// A credential to be held, as an issuance hands it over after it was verified.
#[derive(Debug)]
#[non_exhaustive]
pub struct NewHolding {
    /// Its format.
    pub format: Format,
    /// Its type first, then those that it inherits from.
    pub type_names: Vec<String>,
    /// Who issued it.
    pub issuer: Issuer,
    /// The copies.
    pub copies: Vec<NewCopy>,
    /// What the issuer calls it.
    pub display: DisplayName,
    /// Where the issuer can be asked for new copies.
    pub supply_point: Option<String>,
    /// When it says it was issued.
    pub issued_at: Option<Timestamp>,
    /// When the copies may be used.
    pub validity: Validity,
    /// How often a copy may be shown; without it [`Reuse::for_batch`] applies.
    pub reuse: Option<Reuse>,
}

impl NewHolding {
    /// A credential with its copies.
    pub fn new(format: Format, type_names: Vec<String>, issuer: Issuer, copies: Vec<NewCopy>) -> Self {
        Self {
            format,
            type_names,
            issuer,
            copies,
            display: DisplayName::default(),
            supply_point: None,
            issued_at: None,
            validity: Validity::default(),
            reuse: None,
        }
    }

    /// The same with what the issuer calls it.
    #[must_use]
    pub fn displayed_as(mut self, display: DisplayName) -> Self {
        self.display = display;
        self
    }

    /// The same with the issuer's credential issuer identifier.
    #[must_use]
    pub fn supplied_by(mut self, supply_point: impl Into<String>) -> Self {
        self.supply_point = Some(supply_point.into());
        self
    }

    /// The same with the time of issue and the time in which its copies may be used.
    #[must_use]
    pub fn valid(mut self, issued_at: Option<Timestamp>, validity: Validity) -> Self {
        self.issued_at = issued_at;
        self.validity = validity;
        self
    }

    /// The same with the issuer's rule for showing copies.
    #[must_use]
    pub fn reused(mut self, reuse: Reuse) -> Self {
        self.reuse = Some(reuse);
        self
    }
}

/// One copy to be held.
pub struct NewCopy {
    pub(super) text: Zeroizing<String>,
    pub(super) key: Option<KeyHandle>,
}

impl NewCopy {
    /// The credential as received, and the key that it is bound to.
    pub fn new(text: impl Into<Zeroizing<String>>, key: Option<KeyHandle>) -> Self {
        Self { text: text.into(), key }
    }
}

impl fmt::Debug for NewCopy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewCopy({} bytes, redacted)", self.text.len())
    }
}

#[cfg(test)]
mod tests;
