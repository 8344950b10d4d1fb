//! What the office does: offering, taking back, revoking, looking.

use super::authority::{decode, digest, encode};
use super::mdoc;
use super::record::{Entry, HistoryEvent, OfferState, Pending, Record, RecordStatus, RecordView};
use super::{Authority, Change, IssuerError, Kind, StateError};
use crate::codec::base64url;
use crate::credential::Format;
use crate::crypto::{Random, random_bytes, random_token};
use crate::protocol::openid4vci::{CredentialOffer, OfferLink, TxCode};
use crate::time::Timestamp;

/// Whether a second secret goes to the person on another way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransactionCode {
    /// None: whoever sees the offer first has it. For hand-outs in person only.
    None,
    /// So many digits, told on another way than the offer.
    Numeric(usize),
}

/// How an offer is given out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OfferForm {
    /// An address where the offer is: a small QR code.
    #[default]
    ByReference,
    /// The offer itself.
    ByValue,
}

/// An offer to give to a person.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OfferCreated {
    /// The id of the record.
    pub id: String,
    /// The link, for a QR code.
    pub offer: String,
    /// The transaction code, to be told on another way.
    pub tx_code: Option<String>,
    /// When the offer ends.
    pub expires: Timestamp,
}

impl std::fmt::Debug for OfferCreated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OfferCreated({}, redacted)", self.id)
    }
}

/// The code of an offer by reference follows from its address, so that neither need be kept.
pub(super) fn code_of(address: &str) -> String {
    digest("offer", address)
}

impl Authority {
    /// Offers a record.
    pub fn create_offer(
        &mut self,
        record: Record,
        tx_code: TransactionCode,
        form: OfferForm,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<OfferCreated, IssuerError> {
        let id = base64url::encode(random_bytes::<16>(random));
        let address = random_token(random);
        let code = code_of(&address);
        let digits = match tx_code {
            TransactionCode::None => None,
            TransactionCode::Numeric(length) => Some(draw_digits(length.clamp(4, 12), random)),
        };
        let mut entry = self.new_entry(record, id, now)?;
        entry.offer = OfferState::Open;
        entry.code = digest("code", &code);
        entry.tx_code = digits.as_ref().map(|digits| digest(&entry.id, digits));
        entry.tx_code_length = digits.as_ref().map(String::len);
        entry.note(now, HistoryEvent::Offered);
        let (bytes, expires) = (entry.id.clone().into_bytes(), Timestamp::from_unix(entry.expires));
        self.state.apply(&[
            Change::insert(Kind::Record, entry.id.clone(), encode(&entry), None),
            Change::insert(Kind::Code, entry.code.clone(), bytes.clone(), Some(expires)),
            Change::insert(Kind::Link, digest("link", &address), bytes, Some(expires)),
        ])?;
        let link = match form {
            OfferForm::ByReference => OfferLink::ByReference(self.endpoint(&format!("offers/{address}"))),
            OfferForm::ByValue => OfferLink::ByValue(self.offer_of(&entry, &code)),
        };
        Ok(OfferCreated {
            id: entry.id,
            offer: link.encode(),
            tx_code: digits,
            expires,
        })
    }

    pub(super) fn offer_of(&self, entry: &Entry, code: &str) -> CredentialOffer {
        let tx_code = entry.tx_code_length.map(TxCode::numeric);
        let configurations = entry.configurations();
        CredentialOffer::new(self.config.issuer.clone(), configurations, code.to_owned(), tx_code)
    }

    /// The configurations that a record is offered as. Values that one of its formats cannot say are refused now, not
    /// when somebody collects.
    fn configurations_of(&self, record: &Record) -> Result<Vec<String>, IssuerError> {
        let mut configurations = Vec::new();
        for format in &record.formats {
            let configuration = match format {
                Format::DcSdJwt => Some(&record.vct).filter(|vct| self.config.types.contains(vct)),
                Format::MsoMdoc => {
                    let doctype = record.doctype.as_ref();
                    doctype.filter(|doctype| self.config.doctypes.contains(doctype))
                }
                _ => None,
            };
            let configuration = configuration.ok_or(IssuerError::UnknownType)?;
            if *format == Format::MsoMdoc {
                let signer = self.document_signer.as_ref().ok_or(IssuerError::UnknownType)?;
                mdoc::check_country(signer, &record.claims)?;
                mdoc::elements(&self.rulebook, configuration, &record.claims)?;
            }
            configurations.push(configuration.clone());
        }
        Ok(configurations)
    }

    pub(super) fn new_entry(&self, record: Record, id: String, now: Timestamp) -> Result<Entry, IssuerError> {
        let configurations = self.configurations_of(&record)?;
        let is_mdoc = record.formats.contains(&Format::MsoMdoc);
        let seconds = |time: Option<Timestamp>| time.map(Timestamp::unix);
        Ok(Entry {
            id,
            vct: record.vct,
            doctype: record.doctype.filter(|_| is_mdoc),
            configurations,
            collected: Vec::new(),
            accepted: Vec::new(),
            approval: record.approval,
            unit: record.unit,
            supersedes: record.supersedes,
            created: now.unix(),
            expires: now.plus(self.config.offer_lifetime).unix(),
            offer: OfferState::Direct,
            code: String::new(),
            tx_code: None,
            tx_code_length: None,
            attempts_left: self.config.code_attempts,
            pending: Some(Pending {
                claims: record.claims,
                disclosable: record.disclosable,
                not_before: seconds(record.validity.not_before),
                expires: seconds(record.validity.expires),
            }),
            status: RecordStatus::Valid,
            copies: Vec::new(),
            history: Vec::new(),
        })
    }

    /// Takes an open offer back.
    pub fn withdraw(&mut self, id: &str, now: Timestamp) -> Result<(), IssuerError> {
        self.change(id, |entry| {
            if entry.offer != OfferState::Open {
                return Err(IssuerError::NotOpen);
            }
            entry.offer = OfferState::Withdrawn;
            entry.pending = None;
            entry.note(now, HistoryEvent::Withdrawn);
            Ok(vec![Change::remove(Kind::Code, entry.code.clone())])
        })
    }

    /// Revokes all copies of a record, for ever; an offer that is open can no longer be collected.
    pub fn revoke(&mut self, id: &str, reason: &str, now: Timestamp) -> Result<(), IssuerError> {
        let event = HistoryEvent::Revoked {
            reason: reason.to_owned(),
        };
        self.set_status(id, RecordStatus::Revoked, event, now)
    }

    /// Suspends all copies of a record.
    pub fn suspend(&mut self, id: &str, reason: &str, now: Timestamp) -> Result<(), IssuerError> {
        let event = HistoryEvent::Suspended {
            reason: reason.to_owned(),
        };
        self.set_status(id, RecordStatus::Suspended, event, now)
    }

    /// Ends a suspension.
    pub fn reinstate(&mut self, id: &str, now: Timestamp) -> Result<(), IssuerError> {
        self.set_status(id, RecordStatus::Valid, HistoryEvent::Reinstated, now)
    }

    fn set_status(
        &mut self,
        id: &str,
        status: RecordStatus,
        event: HistoryEvent,
        now: Timestamp,
    ) -> Result<(), IssuerError> {
        self.change(id, |entry| {
            // ARF 3.0 VCR_04: revocation is permanent.
            if entry.status == RecordStatus::Revoked {
                return Err(IssuerError::Revoked);
            }
            if entry.status == status {
                return Ok(Vec::new());
            }
            let places = entry.copies.iter().map(|copy| format!("{}/{}", copy.list, copy.index));
            let (was, becomes) = (status_value(entry.status), status_value(status));
            let change = |place: String| match (was, becomes) {
                (None, Some(new)) => Change::insert(Kind::Status, place, vec![new], None),
                (Some(old), Some(new)) => Change::replace(Kind::Status, place, vec![old], vec![new]),
                (_, None) => Change::remove(Kind::Status, place),
            };
            let changes = places.map(change).collect();
            entry.status = status;
            entry.note(now, event.clone());
            if status == RecordStatus::Revoked {
                entry.pending = None;
            }
            Ok(changes)
        })?;
        // The next list that is asked for says so.
        self.tokens.clear();
        self.cwts.clear();
        Ok(())
    }

    /// Changes a record and what hangs on it, as one.
    fn change(
        &mut self,
        id: &str,
        mut edit: impl FnMut(&mut Entry) -> Result<Vec<Change>, IssuerError>,
    ) -> Result<(), IssuerError> {
        for _ in 0..5 {
            let (mut entry, old) = self.entry(id)?.ok_or(IssuerError::UnknownRecord)?;
            let mut changes = edit(&mut entry)?;
            changes.push(Change::replace(Kind::Record, id, old, encode(&entry)));
            match self.state.apply(&changes) {
                Ok(()) => return Ok(()),
                Err(StateError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(StateError::Conflict.into())
    }

    /// One record.
    pub fn record(&self, id: &str) -> Result<RecordView, IssuerError> {
        let (entry, _) = self.entry(id)?.ok_or(IssuerError::UnknownRecord)?;
        Ok(entry.view())
    }

    /// All records, the oldest first.
    pub fn records(&self) -> Result<Vec<RecordView>, IssuerError> {
        let mut views = Vec::new();
        for (_, bytes) in self.state.list(Kind::Record)? {
            views.push(decode::<Entry>(&bytes)?.view());
        }
        views.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
        Ok(views)
    }

    /// Forgets codes, tokens and nonces that ended, and the values of offers that nobody collected in time. To be
    /// called now and then.
    pub fn clean_up(&mut self, now: Timestamp) -> Result<(), IssuerError> {
        for (id, bytes) in self.state.list(Kind::Record)? {
            let entry: Entry = decode(&bytes)?;
            let collectable = now.unix() < entry.expires + self.config.token_lifetime;
            let late = entry.history.last().map_or(entry.created, |last| last.at) + self.config.token_lifetime;
            let collected = entry.offer == OfferState::Issued && now.unix() >= late;
            if entry.pending.is_some() && (!collectable || collected) {
                self.change(&id, |entry| {
                    entry.pending = None;
                    Ok(Vec::new())
                })?;
            }
        }
        Ok(self.state.purge(now)?)
    }
}

/// The value in a status list (Token Status List §7.1); valid is not written down.
pub(super) fn status_value(status: RecordStatus) -> Option<u8> {
    match status {
        RecordStatus::Valid => None,
        RecordStatus::Revoked => Some(1),
        RecordStatus::Suspended => Some(2),
    }
}

/// Draws digits without bias.
fn draw_digits(length: usize, random: &mut dyn Random) -> String {
    let mut digits = String::with_capacity(length);
    while digits.len() < length {
        let [byte] = random_bytes::<1>(random);
        if byte < 250 {
            digits.push(char::from(b'0' + byte % 10));
        }
    }
    digits
}
