//! The holder's side of a meeting in person (ISO 18013-5): a flow of by-value steps. The radio is the app's.
//!
//! ```text
//! offer() -> Engage(show a QR code, or NFC) -> Ask(consent) -> Sign(documents) -> Send -> Receive -> Ask ... -> Done
//!                   \-- a stranger, a fault: Send(an empty answer, a status) -----------------------------^
//! ```
//! The app shows the engagement, carries bytes, asks the citizen and has the key store sign. Nothing is shown and
//! nothing is matched before the reader is authenticated: every document of its request is signed over this very
//! session, and its certificate leads to an anchor of [`Role::RelyingParties`](crate::trust::Role) (lessons S11).
//! The consent shows exactly the values that would leave (S28). A refusal, a stranger and an empty wallet give one
//! and the same answer (ARF `RPA_11`).
//!
//! A fault of the other side is no error of the call: the flow itself goes on to its end, with the status that the
//! standard has for it. Errors are for the caller. A session is suspended to bytes that hold its keys: the caller
//! seals them, and forgets them before what follows is sent, since one key must not protect two different answers.

mod consent;
mod engagement;
mod error;
mod reader;
mod session;
mod state;
mod step;

use crate::credential::mdoc::Mdoc;
use crate::credential::{Credential, Held};
use crate::crypto::{Curve, Random};
use crate::keys::KeyHandle;
use crate::protocol::mdoc::{CarrierRecord, RetrievalMethod};
use crate::time::Timestamp;
use crate::trust::TrustStore;

pub use consent::{Choice, Consent, Decision, Offer, Requested};
pub use engagement::{Engagement, Opening};
pub use error::{Malformed, Misuse, PeerMisbehaved, ProximityError, Refused};
pub use state::resume;
pub use step::{End, Listening, Outcome, Receipt, Sending, SharedDocument, Signing, Verdict};

/// A document that the citizen has in hand: an mdoc with a key.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HeldDocument {
    /// The wallet's name for it; means nothing outside.
    pub id: String,
    /// The key it is bound to.
    pub key: KeyHandle,
    /// The copy that would be shown.
    credential: Held<Credential>,
}

impl HeldDocument {
    /// A document under the wallet's name; `None` for a credential of another format.
    pub fn new(id: impl Into<String>, credential: Held<Credential>, key: KeyHandle) -> Option<Self> {
        credential.credential().as_mdoc()?;
        Some(Self {
            id: id.into(),
            key,
            credential,
        })
    }

    fn mdoc(&self) -> &Mdoc {
        let mdoc = self.credential.credential().as_mdoc();
        mdoc.expect("the format is checked when it is made")
    }
}

/// What the wallet brings along: whom it trusts to ask, and what it holds.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Context<'a> {
    /// Anchors of relying parties.
    pub trust: &'a TrustStore,
    /// The documents that may be shown.
    pub holding: &'a [HeldDocument],
}

impl<'a> Context<'a> {
    /// A context.
    pub fn new(trust: &'a TrustStore, holding: &'a [HeldDocument]) -> Self {
        Self { trust, holding }
    }
}

/// How the wallet offers to be read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The ways to be reached that the QR code names.
    pub retrieval_methods: Vec<RetrievalMethod>,
    /// The carriers of static handover by NFC; with none, no NFC message is made beforehand.
    pub carriers: Vec<CarrierRecord>,
    /// The curve of the session's key.
    pub curve: Curve,
    /// For how many seconds the offer stands: at least 30 (§9.1.1.5).
    pub offer_seconds: i64,
    /// After how many seconds of silence a session ends: at least 300 (§9.1.1.5).
    pub idle_seconds: i64,
}

/// Time for two people to get their devices together.
const OFFER_SECONDS: i64 = 300;
/// The least that §9.1.1.5 has for a session.
const IDLE_SECONDS: i64 = 300;

impl Config {
    /// Reached by these ways; P-256, five minutes for the offer and for a silence.
    pub fn new(retrieval_methods: Vec<RetrievalMethod>) -> Self {
        Self {
            retrieval_methods,
            carriers: Vec::new(),
            curve: Curve::P256,
            offer_seconds: OFFER_SECONDS,
            idle_seconds: IDLE_SECONDS,
        }
    }

    /// The same with these carriers for NFC.
    #[must_use]
    pub fn with_carriers(mut self, carriers: Vec<CarrierRecord>) -> Self {
        self.carriers = carriers;
        self
    }
}

/// What happens next. Deliberately exhaustive: a new kind of step breaks every driver at compile time.
#[derive(Debug)]
#[must_use = "a meeting stands still until its step is answered"]
#[expect(clippy::exhaustive_enums, reason = "a driver must handle every step")]
pub enum Step {
    /// Ask the citizen.
    Ask(Consent),
    /// The end.
    Done(Outcome),
    /// Show the engagement, and wait for the reader's first message.
    Engage(Engagement),
    /// Wait for the reader's next message.
    Receive(Listening),
    /// Send a message.
    Send(Sending),
    /// Have the key store sign, all at once.
    Sign(Signing),
}

/// Begins: makes the session's key and the engagement.
///
/// # Errors
/// A curve that no session can have is [`Misuse::Curve`].
pub fn offer(config: &Config, now: Timestamp, random: &mut dyn Random) -> Result<Step, ProximityError> {
    Engagement::new(config, now, random).map(Step::Engage)
}
