//! Suspended presentations: what is needed to begin again at the same step, and nothing that would be believed.

use serde::{Deserialize, Serialize};

use super::consent::{self, Choice};
use super::request::{Origin, Request};
use super::step::{Exchange, Receipt};
use super::{Context, Malformed, Misuse, PresentationError, Step};
use crate::codec::{Budget, JsonError, base64url, json};
use crate::crypto::{Random, same_secret};
use crate::http::HttpRequest;
use crate::time::Timestamp;

/// The suspended form. A change of meaning gets a new number, and the old one stays readable.
#[derive(Serialize, Deserialize)]
struct Suspended<S> {
    presentation: u8,
    state: S,
}

const VERSION: u8 = 1;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// Before the request is fetched.
    Fetch { request: HttpRequest, origin: Origin },
    /// Before consent.
    Ask(Asked),
    /// Before the signatures.
    Sign {
        asked: Asked,
        choice: Choice,
        at: i64,
        /// Digest of exactly what leaves.
        agreed: String,
    },
    /// Before the answer is sent.
    Reply { request: HttpRequest, receipt: Receipt },
}

/// A request as received.
#[derive(Serialize, Deserialize)]
pub(super) struct Asked {
    #[serde(rename = "jwt")]
    text: String,
    origin: Origin,
    /// Digest of the request's bytes.
    digest: String,
}

impl Asked {
    pub(super) fn of(request: &Request) -> Self {
        Self {
            text: request.text.clone(),
            origin: request.origin.clone(),
            digest: base64url::encode(request.digest()),
        }
    }

    fn ask(self, context: &Context<'_>, now: Timestamp) -> Result<consent::Consent, PresentationError> {
        let digest = base64url::encode(crate::crypto::sha256(self.text.as_bytes()));
        if !same_secret(&digest, &self.digest) {
            return Err(Misuse::ConsentOutdated.into());
        }
        consent::ask(self.text, self.origin, context, now)
    }
}

impl State {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let suspended = Suspended {
            presentation: VERSION,
            state: self,
        };
        serde_json::to_vec(&suspended).expect("strings and numbers only")
    }
}

/// Continues a suspended presentation. The request is verified anew at `now`; a consent that was given holds only if
/// exactly the same values would still leave.
pub fn resume(
    bytes: &[u8],
    context: &Context<'_>,
    now: Timestamp,
    random: &mut dyn Random,
) -> Result<Step, PresentationError> {
    let suspended: Suspended<State> = json::from_slice(bytes, &mut Budget::default()).map_err(Malformed::State)?;
    if suspended.presentation != VERSION {
        let shape = JsonError::Shape("another version of the suspended form".into());
        return Err(Malformed::State(shape).into());
    }
    match suspended.state {
        State::Fetch { request, origin } => Ok(Step::Send(Exchange::fetch(request, origin))),
        State::Ask(asked) => asked.ask(context, now).map(Step::Ask),
        State::Sign {
            asked,
            choice,
            at,
            agreed,
        } => {
            let consent = asked.ask(context, now)?;
            let at = Timestamp::from_unix(at);
            let gone = |_| PresentationError::from(Misuse::ConsentOutdated);
            let signing = consent.share(choice, at).map_err(gone)?;
            if !same_secret(base64url::encode(signing.agreed()), agreed) {
                return Err(Misuse::ConsentOutdated.into());
            }
            signing.go_on(random)
        }
        State::Reply { request, receipt } => Ok(Step::Send(Exchange::reply(request, receipt))),
    }
}
