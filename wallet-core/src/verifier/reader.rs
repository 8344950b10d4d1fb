//! The university's side of a meeting in person (ISO 18013-5): a flow of by-value steps. The radio is the app's.
//!
//! ```text
//! scan(text of a QR code) -> Connect(reach the holder, send) -> Receive -> Judge(every document) -> Send ... -> Done
//! ```
//! Every document is asked for with the reader's signature over this very session; holders show nothing to a reader
//! that does not authenticate itself. What comes back is judged document by document as
//! [`assess_all`](super::assess_all) does, bound to the session, and compared with what was asked for.

mod error;
mod identity;
mod question;
mod reading;
mod step;

use crate::codec::{Budget, Cbor, CborValue};
use crate::credential::mdoc::SessionTranscript;
use crate::crypto::{AgreementKey, Random};
use crate::envelope::session::{Role, SessionCipher};
use crate::keys::PublicKey;
use crate::protocol::mdoc::{DeviceEngagement, HandoverSelect, NfcHandover, SessionEstablishment};
use crate::time::Timestamp;

pub use error::ReaderError;
pub use identity::ReaderIdentity;
pub use question::Question;
pub use reading::{DocumentReading, Reading};
pub use step::{Answered, Connect, End, Receiving, Sending};

use step::Session;

/// What happens next. Deliberately exhaustive: a new kind of step breaks every driver at compile time.
#[derive(Debug)]
#[must_use = "a meeting stands still until its step is answered"]
#[expect(clippy::exhaustive_enums, reason = "a driver must handle every step")]
pub enum Step {
    /// Reach the holder by one of its ways, and send the first message.
    Connect(Connect),
    /// The end.
    Done(End),
    /// Judge what came; then ask again, or terminate.
    Judge(Answered),
    /// Wait for the holder's message.
    Receive(Receiving),
    /// Send a message.
    Send(Sending),
}

/// Begins with the text of a QR code.
pub fn scan(
    text: &str,
    identity: &ReaderIdentity,
    question: &Question,
    now: Timestamp,
    random: &mut dyn Random,
) -> Result<Step, ReaderError> {
    let engagement = DeviceEngagement::from_qr_text(text, &mut Budget::default()).map_err(ReaderError::Engagement)?;
    begin(&engagement, None, identity, question, now, random)
}

/// Begins with the messages of a handover by NFC.
pub fn tap(
    handover: &NfcHandover,
    identity: &ReaderIdentity,
    question: &Question,
    now: Timestamp,
    random: &mut dyn Random,
) -> Result<Step, ReaderError> {
    let budget = &mut Budget::default();
    let select = HandoverSelect::parse(handover.select()).map_err(ReaderError::Engagement)?;
    let engagement = DeviceEngagement::parse(select.engagement(), budget).map_err(ReaderError::Engagement)?;
    begin(&engagement, Some(handover), identity, question, now, random)
}

fn begin(
    engagement: &DeviceEngagement,
    handover: Option<&NfcHandover>,
    identity: &ReaderIdentity,
    question: &Question,
    now: Timestamp,
    random: &mut dyn Random,
) -> Result<Step, ReaderError> {
    let budget = &mut Budget::default();
    let outer = Cbor::parse(engagement.e_device_key_bytes(), budget).map_err(|_| ReaderError::DeviceKey)?;
    let theirs = PublicKey::parse_cose_key(outer.embedded().unwrap_or_default(), budget);
    let theirs = theirs.map_err(|_| ReaderError::DeviceKey)?;
    // §9.1.1.4: on the curve of the holder's key.
    let own = AgreementKey::generate_on(theirs.algorithm().curve(), random).map_err(|_| ReaderError::DeviceKey)?;
    let public = PublicKey::new(own.public_key());
    let own_bytes = CborValue::embedded(public.to_cose_key().encode()).encode();
    let transcript = match handover {
        None => SessionTranscript::qr(engagement.as_bytes(), &own_bytes),
        Some(handover) => {
            let (select, request) = (handover.select(), handover.request());
            SessionTranscript::nfc(engagement.as_bytes(), &own_bytes, select, request)
        }
    };
    let cipher = SessionCipher::derive(&own, &theirs, &transcript.to_tagged(), Role::Reader);
    let mut session = Session::new(own, cipher.map_err(|_| ReaderError::DeviceKey)?, transcript);
    let data = session.ask(identity, question)?;
    let message = SessionEstablishment::new(own_bytes, data).encode();
    Ok(Step::Connect(Connect::new(engagement, message, session, now)))
}
