//! The offer to be read, and the reader's first message.

use super::session::{self, Session};
use super::step::{Step, fault};
use super::{Config, Context, End, Malformed, Misuse, Outcome, PeerMisbehaved, ProximityError, Refused};
use crate::codec::Budget;
use crate::credential::mdoc::SessionTranscript;
use crate::crypto::{AgreementKey, Random};
use crate::envelope::session::{Role, SessionCipher, ble_ident};
use crate::protocol::mdoc::{
    CarrierRecord, DeviceEngagement, HandoverRequest, HandoverSelect, NfcHandover, SessionEstablishment, SessionStatus,
};
use crate::time::Timestamp;

/// An offer to be read: to be shown as a QR code, handed over by NFC, or both.
#[derive(Debug)]
#[must_use = "a meeting stands still until its step is answered"]
pub struct Engagement {
    pub(super) key: AgreementKey,
    pub(super) qr: DeviceEngagement,
    pub(super) select: Option<HandoverSelect>,
    pub(super) handover: Option<NfcHandover>,
    pub(super) until: Timestamp,
    pub(super) idle: i64,
}

/// By which engagement the reader came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the standard has two (§8.2.2)")]
pub enum Opening {
    /// By the handover of NFC.
    Nfc,
    /// By the QR code.
    Qr,
}

impl Engagement {
    pub(super) fn new(config: &Config, now: Timestamp, random: &mut dyn Random) -> Result<Self, ProximityError> {
        let key = AgreementKey::generate_on(config.curve, random).map_err(|_| Misuse::Curve)?;
        let qr = DeviceEngagement::new(session::key_bytes(&key), config.retrieval_methods.clone());
        let engagement = Self {
            key,
            qr,
            select: None,
            handover: None,
            until: now.plus(config.offer_seconds),
            idle: config.idle_seconds,
        };
        Ok(match config.carriers.as_slice() {
            [] => engagement,
            carriers => {
                let select = engagement.select_with(carriers.to_vec());
                let handover = Some(NfcHandover::of_static(&select));
                let select = Some(select);
                Self {
                    select,
                    handover,
                    ..engagement
                }
            }
        })
    }

    /// §8.2.2.1: by NFC the engagement is without retrieval methods; the carriers stand beside it.
    fn select_with(&self, carriers: Vec<CarrierRecord>) -> HandoverSelect {
        let engagement = DeviceEngagement::new(self.qr.e_device_key_bytes().to_vec(), Vec::new());
        HandoverSelect::new(engagement.as_bytes(), carriers)
    }

    /// The text of the QR code.
    pub fn qr_text(&self) -> String {
        self.qr.to_qr_text()
    }

    /// The engagement of the QR code.
    pub fn device_engagement(&self) -> &DeviceEngagement {
        &self.qr
    }

    /// The Handover Select message to be read by NFC: that of static handover, or the one negotiated last.
    pub fn handover_select(&self) -> Option<&HandoverSelect> {
        self.select.as_ref()
    }

    /// The value of the characteristic `Ident`, by which a holder as Bluetooth central knows that it found its reader
    /// (§8.3.3.1.1.3).
    pub fn ble_ident(&self) -> [u8; 16] {
        ble_ident(self.qr.e_device_key_bytes())
    }

    /// Until when the offer stands.
    pub fn until(&self) -> Timestamp {
        self.until
    }

    /// Negotiated handover: takes the reader's Handover Request, of whose carriers the app chose this one, and makes
    /// the [`Engagement::handover_select`] that answers it.
    pub fn negotiate(self, request: &HandoverRequest, carrier: CarrierRecord) -> Self {
        let select = self.select_with(vec![carrier]);
        let handover = NfcHandover::negotiated(&select, request);
        Self {
            select: Some(select),
            handover: Some(handover),
            ..self
        }
    }

    /// Takes the reader's first message.
    ///
    /// # Errors
    /// Only the caller's own: a reader's fault leads to a [`Step::Send`] with the status for it.
    pub fn answer(
        self,
        opening: Opening,
        message: &[u8],
        context: &Context<'_>,
        now: Timestamp,
    ) -> Result<Step, ProximityError> {
        if now > self.until {
            return Ok(fault(Refused::Late.into(), SessionStatus::Termination));
        }
        let establishment = match SessionEstablishment::parse(message, &mut Budget::default()) {
            Ok(establishment) => establishment,
            Err(error) => {
                return Ok(fault(
                    Malformed::Message(error).into(),
                    SessionStatus::CborDecodingError,
                ));
            }
        };
        let transcript = self.transcript(opening, establishment.e_reader_key_bytes())?;
        let Some(cipher) = self.cipher(&transcript, establishment.e_reader_key_bytes()) else {
            return Ok(fault(PeerMisbehaved::ReaderKey.into(), SessionStatus::EncryptionError));
        };
        let session = Session::new(cipher, transcript, self.idle);
        session.receive(establishment.into_data(), context, now)
    }

    /// Gives up: nobody came.
    pub fn give_up(self) -> Step {
        Step::Done(Outcome::empty(End::Holder))
    }

    /// Somebody came, and the connection was cut before the first message.
    pub fn cut(self) -> Step {
        Step::Done(Outcome::empty(End::Cut))
    }

    fn transcript(&self, opening: Opening, e_reader_key: &[u8]) -> Result<SessionTranscript, ProximityError> {
        match opening {
            Opening::Qr => Ok(SessionTranscript::qr(self.qr.as_bytes(), e_reader_key)),
            Opening::Nfc => {
                let select = self.select.as_ref().ok_or(Misuse::NoHandover)?;
                let handover = self.handover.as_ref().ok_or(Misuse::NoHandover)?;
                let (engagement, request) = (select.engagement(), handover.request());
                Ok(SessionTranscript::nfc(
                    engagement,
                    e_reader_key,
                    handover.select(),
                    request,
                ))
            }
        }
    }

    /// §9.1.1.5: the key of the reader lies on the curve of the holder's.
    fn cipher(&self, transcript: &SessionTranscript, e_reader_key: &[u8]) -> Option<SessionCipher> {
        let theirs = session::read_key(e_reader_key)?;
        SessionCipher::derive(&self.key, &theirs, &transcript.to_tagged(), Role::Mdoc).ok()
    }
}
