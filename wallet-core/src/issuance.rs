//! Receiving credentials: OpenID4VCI 1.0 from the holder's side, as by-value steps without transport.
//!
//! ```text
//! begin(offer) ─ Ask: contact this host? ─ Send: metadata ─ Ask: these credentials, this code? ─ Keys ─ Sign ─ Send: token
//!              ─ Send: nonce ─ Sign: all proofs at once ─ Send: credential ─ (Wait) ─ Ask: keep these values? ─ Done
//! ```
//! An offer is untrusted text (lessons S14): nothing is fetched before the user agreed to contact the host, no redirect
//! is followed, and links obey the [`LinkPolicy`]. What arrives is shown only after every
//! copy was verified: trusted issuer, the type that was offered, bound to our keys, all copies alike, nothing in them
//! that links them (ARF 3.0 ISSU_06 to ISSU_11b, ISSU_35). One copy that fails means none is kept.
//!
//! Every step can be suspended to bytes and resumed after process death. The bytes hold codes and tokens: the caller
//! seals them.

mod call;
mod error;
mod flow;
mod receipt;
mod step;

use serde::{Deserialize, Serialize};

use crate::codec::{Budget, json};
use crate::crypto::{Random, SignatureAlgorithm, random_token};
use crate::http::LinkPolicy;
use crate::protocol::openid4vci::OfferLink;

pub use error::{Denial, IssuanceError, Misuse, PeerMisbehaved, Rejection, Unsupported};
pub use receipt::{Copy, Receipt, Received};
pub use step::{
    Answer, CredentialPreview, Deferred, Exchange, KeyOrder, KeyPurpose, KeyWanted, OfferSummary, OfferedCredential,
    Outcome, Preview, Question, Report, Signing, Topic,
};

/// What the wallet wants, beside the offer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Which links are followed.
    pub links: LinkPolicy,
    /// How many copies of each credential to ask for, if the issuer gives batches: each is shown once.
    pub copies: usize,
    /// Languages of the user, best first (BCP 47), to choose the names to show.
    pub languages: Vec<String>,
    /// Algorithms of the keys that the key store makes, best first.
    pub algorithms: Vec<SignatureAlgorithm>,
    /// `client_id`, for issuers that know their wallets; most serve anonymous ones.
    pub client_id: Option<String>,
}

impl Default for Config {
    /// HTTPS only, five copies, English, ES256 (HAIP 1.0 §7), anonymous.
    fn default() -> Self {
        Self {
            links: LinkPolicy::HttpsOnly,
            copies: 5,
            languages: vec!["en".to_owned()],
            algorithms: vec![SignatureAlgorithm::Es256],
            client_id: None,
        }
    }
}

/// The next thing to do. It is exhaustive on purpose: a new kind of step breaks every driver at compile time.
#[derive(Debug)]
#[must_use = "an issuance stands still until its step is answered"]
#[expect(clippy::exhaustive_enums, reason = "drivers must handle every kind of step")]
pub enum Step {
    /// Send a request and answer with the response.
    Send(Exchange),
    /// Make keys and answer with their handles.
    Keys(KeyOrder),
    /// Sign, all with one approval of the user, and answer with the signatures.
    Sign(Signing),
    /// Ask the user and answer with what they say.
    Ask(Question),
    /// Wait, then answer.
    Wait(Deferred),
    /// Over.
    Done(Outcome),
}

/// Takes up an offer: the content of a QR code, a link, or the JSON itself. Contacts nobody.
pub fn begin(offer: &str, config: &Config, random: &mut dyn Random) -> Result<Step, IssuanceError> {
    let link = OfferLink::parse(offer, config.links)?;
    let session = flow::Session::new(config, random_token(random));
    flow::begin(session, link)
}

/// How the bytes of a suspended step begin; a later version reads this one.
#[derive(Serialize, Deserialize)]
struct Suspended {
    version: u32,
    step: Saved,
}

#[derive(Serialize, Deserialize)]
enum Saved {
    Send(Exchange),
    Keys(KeyOrder),
    Sign(Signing),
    Ask(Question),
    Wait(Deferred),
    Over,
}

const VERSION: u32 = 1;

impl Step {
    /// The step as bytes, to be sealed and kept. A receipt that was not yet stored becomes its last question again.
    pub fn suspend(&self) -> Vec<u8> {
        let saved = match self {
            Self::Send(step) => Saved::Send(step.clone()),
            Self::Keys(step) => Saved::Keys(step.clone()),
            Self::Sign(step) => Saved::Sign(step.clone()),
            Self::Ask(step) => Saved::Ask(step.clone()),
            Self::Wait(step) => Saved::Wait(step.clone()),
            Self::Done(Outcome::Received(receipt)) => Saved::Ask(receipt.question()),
            Self::Done(_) => Saved::Over,
        };
        let suspended = Suspended {
            version: VERSION,
            step: saved,
        };
        serde_json::to_vec(&suspended).expect("steps hold strings, numbers and lists")
    }

    /// The step that was suspended.
    pub fn resume(bytes: &[u8]) -> Result<Self, IssuanceError> {
        // Our own sealed bytes: as large as the credentials in them.
        let budget = &mut Budget::new(64 << 20, 64, 4_000_000);
        let suspended: Suspended = json::from_slice(bytes, budget).map_err(|_| Misuse::NotAStep)?;
        if suspended.version != VERSION {
            return Err(Misuse::NotAStep.into());
        }
        Ok(match suspended.step {
            Saved::Send(step) => Self::Send(step),
            Saved::Keys(step) => Self::Keys(step),
            Saved::Sign(step) => Self::Sign(step),
            Saved::Ask(step) => Self::Ask(step),
            Saved::Wait(step) => Self::Wait(step),
            Saved::Over => return Err(Misuse::Over.into()),
        })
    }
}
