//! The holder's side of OpenID4VP 1.0: a flow of by-value steps without transport.
//!
//! ```text
//! begin(link) -> Send(fetch the request) -> Ask(consent) -> Sign(key bindings) -> Send(the answer) -> Done
//!                                                 \-- decline ------------------------/
//! ```
//! Nothing is shown and nothing is matched before the verifier is authenticated: the request is signed, its
//! certificate leads to an anchor of [`Role::RelyingParties`](crate::trust::Role), and the client identifier is that
//! of the certificate (lessons S11). There is no way on for anybody else. The consent shows exactly the values that
//! would leave (S28) and is bound to the bytes of that one request. A refusal looks like the absence of a credential.
//!
//! Every step can be suspended; [`resume`] checks request, trust and holding anew, so that nothing old is believed.

mod consent;
mod error;
mod request;
mod state;
mod step;

use crate::credential::{Credential, Held};
use crate::crypto::{Random, random_token};
use crate::http::{self, HttpRequest, HttpsUrl, LinkPolicy};
use crate::keys::KeyHandle;
use crate::protocol::openid4vp::{
    FORM_MEDIA_TYPE, REQUEST_OBJECT_MEDIA_TYPE, RequestLink, RequestMethod, RequestSource, wallet_metadata,
};
use crate::time::Timestamp;
use crate::trust::TrustStore;

pub use consent::{Choice, Consent, Decision, Offer, Requested, Warning, WhyNot};
pub use error::{Malformed, Misuse, PeerMisbehaved, PresentationError, Refused, Unsupported};
pub use state::resume;
pub use step::{Exchange, Outcome, Receipt, SharedCredential, Signing, Verdict};

use request::Origin;

/// What the citizen has in hand.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HeldCredential {
    /// The wallet's name for it; means nothing outside.
    pub id: String,
    /// The credential: the copy that would be shown.
    pub credential: Held<Credential>,
    /// The key it is bound to; `None` for a bearer credential.
    pub key: Option<KeyHandle>,
    /// Its type and those it inherits from.
    pub type_names: Vec<String>,
    /// The key identifiers of the authorities above its issuer.
    pub authority_key_ids: Vec<Vec<u8>>,
}

impl HeldCredential {
    /// A credential under the wallet's name, of the types that it names itself.
    pub fn new(id: impl Into<String>, credential: Held<Credential>, key: Option<KeyHandle>) -> Self {
        let type_names = credential.credential().type_names();
        Self {
            id: id.into(),
            type_names: type_names.into_iter().map(str::to_owned).collect(),
            credential,
            key,
            authority_key_ids: Vec::new(),
        }
    }
}

/// What the wallet brings along: whom it trusts to ask, what it holds, and which links it follows.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Context<'a> {
    /// Anchors of relying parties.
    pub trust: &'a TrustStore,
    /// The credentials that may be shown.
    pub holding: &'a [HeldCredential],
    /// Which links are followed.
    pub links: LinkPolicy,
    /// By how many seconds clocks may differ.
    pub skew: i64,
}

impl<'a> Context<'a> {
    /// HTTPS only, clocks within a minute.
    pub fn new(trust: &'a TrustStore, holding: &'a [HeldCredential]) -> Self {
        Self {
            trust,
            holding,
            links: LinkPolicy::HttpsOnly,
            skew: 60,
        }
    }

    /// The same with another link policy.
    #[must_use]
    pub fn with_links(mut self, links: LinkPolicy) -> Self {
        self.links = links;
        self
    }
}

/// How the request came to the wallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Arrival {
    /// A link that was opened on this device.
    Link,
    /// A code scanned from another screen: somebody may have passed it on (lessons S13).
    Scanned,
}

/// What happens next. Deliberately exhaustive: a new kind of step breaks every driver at compile time.
#[derive(Clone, Debug)]
#[must_use = "a presentation stands still until its step is answered"]
#[expect(clippy::exhaustive_enums, reason = "a driver must handle every step")]
pub enum Step {
    /// Ask the citizen.
    Ask(Consent),
    /// The end.
    Done(Outcome),
    /// Send a request; the client must not follow redirects.
    Send(Exchange),
    /// Have the key store sign, all at once.
    Sign(Signing),
}

impl Step {
    /// The flow as bytes, from which [`resume`] continues. They may hold personal data: the caller seals them.
    /// There is nothing to suspend at the end.
    pub fn suspend(&self) -> Option<Vec<u8>> {
        match self {
            Self::Ask(consent) => Some(consent.suspend()),
            Self::Done(_) => None,
            Self::Send(exchange) => Some(exchange.suspend()),
            Self::Sign(signing) => Some(signing.suspend()),
        }
    }
}

/// Begins with the text of a link or QR code.
///
/// A request by reference gives a [`Step::Send`]; nothing has been contacted yet, and [`Exchange::host`] names who
/// would be, for an app that asks before it contacts a host (lessons S14).
///
/// # Errors
/// A request that nobody signed, or whose client identifier authenticates nobody, is [`Refused::Unauthenticated`].
pub fn begin(
    text: &str,
    arrival: Arrival,
    context: &Context<'_>,
    now: Timestamp,
    random: &mut dyn Random,
) -> Result<Step, PresentationError> {
    let link = RequestLink::parse(text)?;
    request::check_prefix(&link.client_id)?;
    match link.source {
        RequestSource::Value(jwt) => {
            let origin = Origin::new(link.client_id, None, None, arrival);
            consent::ask(jwt, origin, context, now).map(Step::Ask)
        }
        RequestSource::Reference { uri, method } => {
            let url = HttpsUrl::parse(&uri, context.links).map_err(Refused::Link)?;
            let (request, wallet_nonce) = fetch(url, method, random);
            let origin = Origin::new(link.client_id, wallet_nonce, Some(uri), arrival);
            Ok(Step::Send(Exchange::fetch(request, origin)))
        }
    }
}

/// OpenID4VP 1.0 §5.10: POST carries a nonce against replay and what the verifier must know to write the request.
fn fetch(url: HttpsUrl, method: RequestMethod, random: &mut dyn Random) -> (HttpRequest, Option<String>) {
    match method {
        RequestMethod::Post => {
            let nonce = random_token(random);
            let metadata = wallet_metadata().to_string();
            let body = http::encode_form([("wallet_nonce", nonce.as_str()), ("wallet_metadata", &metadata)]);
            let request = HttpRequest::post(url, FORM_MEDIA_TYPE, body);
            (request.with_header("Accept", REQUEST_OBJECT_MEDIA_TYPE), Some(nonce))
        }
        _ => (HttpRequest::get(url, REQUEST_OBJECT_MEDIA_TYPE), None),
    }
}
