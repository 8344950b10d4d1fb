//! The holder's side of OpenID4VP 1.0, by redirect and through the Digital Credentials API: a flow of by-value steps
//! without transport.
//!
//! ```text
//! begin(link) -> Send(fetch the request) -> Ask(consent) -> Sign(key bindings) -> Send(the answer) -> Done
//!                                                 \-- decline ------------------------/
//! begin_dc_api(protocol, data, origin) -> Ask(consent) -> Sign -> Done, with what the platform hands back
//! ```
//! Nothing is shown and nothing is matched before the verifier is authenticated: the request is signed, its
//! certificate leads to an anchor of [`Role::RelyingParties`](crate::trust::Role), and the client identifier is that
//! of the certificate (lessons S11). There is no way on for anybody else, unless the app opts in to
//! [`UnsignedRequests::AskLoudly`]. The consent shows exactly the values that
//! would leave (S28) and is bound to the bytes of that one request. A refusal looks like the absence of a credential.
//!
//! Every step can be suspended; [`resume`] checks request, trust and holding anew, so that nothing old is believed.

mod consent;
mod error;
mod request;
mod state;
mod step;

use crate::codec::Json;
use crate::credential::{Credential, Held};
use crate::crypto::{Random, random_token};
use crate::http::{self, HttpRequest, HttpsUrl, LinkPolicy};
use crate::keys::KeyHandle;
use crate::protocol::openid4vp::{
    DcApiProtocol, FORM_MEDIA_TYPE, REQUEST_OBJECT_MEDIA_TYPE, RequestLink, RequestMethod, RequestSource,
    wallet_metadata,
};
use crate::time::Timestamp;
use crate::trust::TrustStore;

pub use consent::{Choice, Consent, Decision, Offer, OfferedOption, OfferedSet, Requested, Warning, WhyNot};
pub use error::{Malformed, Misuse, PeerMisbehaved, PresentationError, Refused, Unsupported};
pub use state::resume;
pub use step::{DcApiResponse, Exchange, Outcome, Receipt, SharedCredential, Signing, Verdict};

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
    /// Whether this copy was shown before, so that two receivers could compare notes.
    pub shown_before: bool,
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
            shown_before: false,
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
    /// What is made of requests that nobody signed.
    pub unsigned: UnsignedRequests,
}

/// What is made of a request through the Digital Credentials API that nobody signed. By redirect there is no choice:
/// it is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnsignedRequests {
    /// The citizen is asked all the same, with [`Warning::Unauthenticated`] and without any name: only the platform
    /// says which page it is.
    AskLoudly,
    /// It is refused: nothing is shown to somebody for whom nobody vouches (lessons S11, ARF `RPA_04`).
    #[default]
    Refuse,
}

impl<'a> Context<'a> {
    /// HTTPS only, clocks within a minute.
    pub fn new(trust: &'a TrustStore, holding: &'a [HeldCredential]) -> Self {
        Self {
            trust,
            holding,
            links: LinkPolicy::HttpsOnly,
            skew: 60,
            unsigned: UnsignedRequests::Refuse,
        }
    }

    /// The same with another rule for requests that nobody signed.
    #[must_use]
    pub fn with_unsigned(mut self, unsigned: UnsignedRequests) -> Self {
        self.unsigned = unsigned;
        self
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
    /// A page or an app, through the Digital Credentials API of the platform.
    Page,
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

/// Begins with a request that the Digital Credentials API of the platform hands over (OpenID4VP 1.0 Appendix A).
///
/// `origin` is what the platform says about the page or app that asks; it is the audience of the answer, compared and
/// used as it is written. The end is a [`Step::Done`] with [`Outcome::response`] for the platform.
///
/// # Errors
/// A request that nobody signed is [`Refused::Unauthenticated`], but for [`UnsignedRequests::AskLoudly`].
pub fn begin_dc_api(
    protocol: &str,
    data: &Json,
    origin: &str,
    context: &Context<'_>,
    now: Timestamp,
) -> Result<Step, PresentationError> {
    let protocol = DcApiProtocol::from_name(protocol).ok_or(Unsupported::DcApiProtocol)?;
    // An answer for no origin in particular would be good for any.
    if origin.is_empty() {
        return Err(Misuse::OriginMissing.into());
    }
    let origin = Origin::page(protocol, origin);
    consent::ask(data.to_string(), origin, context, now).map(Step::Ask)
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
