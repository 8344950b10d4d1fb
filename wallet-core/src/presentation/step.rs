//! The steps after consent: sign, send, done.

use serde::{Deserialize, Serialize};

use super::consent::{self, Choice, Offer, agreed};
use super::request::{Origin, Receiver, Request};
use super::state::{Asked, State};
use super::{Context, HeldCredential, Misuse, PeerMisbehaved, PresentationError, Refused, Step};
use crate::codec::{Budget, Json, Object};
use crate::credential::{ClaimPath, UnboundPresentation};
use crate::crypto::Random;
use crate::envelope::jwe;
use crate::http::{HttpRequest, HttpResponse, encode_form};
use crate::keys::SigningRequest;
use crate::protocol::openid4vp::{DirectPostReply, ErrorCode, FORM_MEDIA_TYPE, Response, ReturnLink, VpToken};
use crate::time::Timestamp;

/// A request to be sent. The client must not follow redirects.
#[derive(Clone, Debug)]
#[must_use = "a presentation stands still until its step is answered"]
pub struct Exchange {
    request: HttpRequest,
    expect: Expect,
}

#[derive(Clone, Debug)]
enum Expect {
    RequestObject(Origin),
    Reply(Receipt),
}

/// What became of a request, without any value: for the history (lessons S29).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Receipt {
    /// What was decided.
    pub verdict: Verdict,
    /// The full client identifier.
    pub client_id: String,
    /// The verifier's name, from its certificate.
    pub party: String,
    /// Its organisation, from its certificate.
    pub organisation: Option<String>,
    /// The host that receives the answer; of an app that asked, its origin.
    pub receiver: String,
    /// Whether anybody vouched for who asked. If not, the names are those of the receiver.
    #[serde(default = "authenticated", skip_serializing_if = "Clone::clone")]
    pub authenticated: bool,
    /// What the verifier said the values are for; unverified.
    pub stated_purpose: Option<String>,
    /// When it was decided, in seconds since 1970.
    pub at: i64,
    /// What was shared.
    pub shared: Vec<SharedCredential>,
}

fn authenticated() -> bool {
    true
}

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verdict {
    /// Nothing is shared.
    Declined,
    /// Nothing is shared: the citizen goes another way.
    OtherWay,
    /// Credentials are shared.
    Shared,
}

/// A credential that was shared, by its places, not by its values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SharedCredential {
    /// The verifier's name for the query.
    pub query: String,
    /// The wallet's name for the credential: the copy is used up.
    pub credential: String,
    /// Its type.
    pub credential_type: String,
    /// The places that were disclosed.
    pub disclosed: Vec<ClaimPath>,
}

/// The end of a presentation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// What became of the request.
    pub receipt: Receipt,
    /// Where the browser of this device is to go on; it must be opened, since the link holds a fresh secret that
    /// ties the answer to the session there (lessons S13).
    pub redirect: Option<ReturnLink>,
    /// What the Digital Credentials API is to hand back, where the request came from there. It has not left the device
    /// yet: what is shared must be spent and in the history before it does.
    pub response: Option<DcApiResponse>,
}

/// An answer for the Digital Credentials API (OpenID4VP 1.0 §A.4). A refusal is an `error`; an app may as well have
/// the platform cancel, which says even less.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DcApiResponse {
    /// The protocol of the request.
    pub protocol: String,
    /// The answer: `vp_token`, or `response` with what is encrypted, or `error`.
    pub data: Json,
}

impl std::fmt::Debug for DcApiResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DcApiResponse({}, redacted)", self.protocol)
    }
}

impl Exchange {
    pub(super) fn fetch(request: HttpRequest, origin: Origin) -> Self {
        let expect = Expect::RequestObject(origin);
        Self { request, expect }
    }

    pub(super) fn reply(request: HttpRequest, receipt: Receipt) -> Self {
        let expect = Expect::Reply(receipt);
        Self { request, expect }
    }

    /// The request to send.
    pub fn request(&self) -> &HttpRequest {
        &self.request
    }

    /// The host it goes to, for an app that asks before it contacts one (lessons S14).
    pub fn host(&self) -> &str {
        self.request.url().host()
    }

    /// What is decided and about to be sent: to be written into the history before it is, because afterwards it may
    /// be too late. `None` while the request is only being fetched.
    pub fn receipt(&self) -> Option<&Receipt> {
        match &self.expect {
            Expect::RequestObject(_) => None,
            Expect::Reply(receipt) => Some(receipt),
        }
    }

    /// Takes the response.
    pub fn answer(
        self,
        response: &HttpResponse,
        context: &Context<'_>,
        now: Timestamp,
    ) -> Result<Step, PresentationError> {
        match self.expect {
            Expect::RequestObject(origin) => {
                // OpenID4VP 1.0 §5.10: any other status ends it, redirects too.
                if response.status() != 200 {
                    let status = response.status();
                    return Err(PeerMisbehaved::RequestNotServed { status }.into());
                }
                let jwt = String::from_utf8(response.body().to_vec());
                // Not text, so no JWS: `typ` cannot be what it must.
                let jwt = jwt.map_err(|_| PeerMisbehaved::RequestObjectType)?;
                consent::ask(jwt, origin, context, now).map(Step::Ask)
            }
            Expect::Reply(receipt) => {
                if response.status() != 200 {
                    let status = response.status();
                    return Err(PeerMisbehaved::AnswerNotTaken { status }.into());
                }
                // §8.2 has a JSON object; a verifier that has nothing to say may say nothing.
                let reply = match response.body().trim_ascii() {
                    [] => DirectPostReply::default(),
                    body => {
                        let reply = DirectPostReply::parse(body, &mut Budget::default());
                        reply.map_err(|_| PeerMisbehaved::BadReply)?
                    }
                };
                let redirect = reply.redirect_uri.map(|link| ReturnLink::parse(&link, context.links));
                let redirect = redirect.transpose().map_err(Refused::Link)?;
                Ok(Step::Done(Outcome {
                    receipt,
                    redirect,
                    response: None,
                }))
            }
        }
    }

    /// The flow as bytes. With an answer that was not encrypted they hold its values: the caller seals them.
    pub fn suspend(&self) -> Vec<u8> {
        let request = self.request.clone();
        match &self.expect {
            Expect::RequestObject(origin) => {
                let origin = origin.clone();
                State::Fetch { request, origin }
            }
            Expect::Reply(receipt) => {
                let receipt = receipt.clone();
                State::Reply { request, receipt }
            }
        }
        .to_bytes()
    }
}

/// Signatures to be made, all with one authentication of the citizen.
#[derive(Clone, Debug)]
#[must_use = "a presentation stands still until its step is answered"]
pub struct Signing {
    request: Box<Request>,
    choice: Choice,
    at: Timestamp,
    prepared: Vec<Prepared>,
    requests: Vec<SigningRequest>,
}

/// A presentation that at most lacks its key binding.
#[derive(Clone, Debug)]
pub(super) struct Prepared {
    pub(super) query: String,
    pub(super) credential: String,
    pub(super) claims: Object,
    shared: SharedCredential,
    form: Form,
}

#[derive(Clone, Debug)]
enum Form {
    Bearer(String),
    Unbound(Box<UnboundPresentation>),
}

impl Prepared {
    pub(super) fn new(
        query: &str,
        held: &HeldCredential,
        offer: &Offer,
        request: &Request,
        at: Timestamp,
    ) -> Result<Self, PresentationError> {
        let credential = held.credential.credential();
        let selection = credential.select(&offer.disclosed).map_err(Misuse::Credential)?;
        let presentation = credential.present(&selection).map_err(Misuse::Credential)?;
        let form = match credential.holder_key() {
            // HAIP 1.0 §6.1: a credential that is bound is never shown without the binding.
            Some(key) => {
                let handle = held.key.clone().ok_or(Misuse::KeyMissing)?;
                let to = request.binding(at)?;
                let unbound = presentation.bind(&to, handle, key.clone());
                Form::Unbound(Box::new(unbound.map_err(Misuse::Credential)?))
            }
            None => Form::Bearer(presentation.into_bearer().map_err(Misuse::Credential)?),
        };
        Ok(Self {
            query: query.to_owned(),
            credential: held.id.clone(),
            claims: offer.claims.clone(),
            shared: SharedCredential {
                query: query.to_owned(),
                credential: held.id.clone(),
                credential_type: offer.credential_type.clone(),
                disclosed: offer.disclosed.clone(),
            },
            form,
        })
    }
}

impl Signing {
    pub(super) fn new(request: Box<Request>, choice: Choice, prepared: Vec<Prepared>, at: Timestamp) -> Self {
        let unbound = prepared.iter().filter_map(|prepared| match &prepared.form {
            Form::Unbound(unbound) => Some(unbound.signing_request()),
            Form::Bearer(_) => None,
        });
        Self {
            requests: unbound.collect(),
            request,
            choice,
            at,
            prepared,
        }
    }

    /// What is to be signed, in the order in which the signatures are to be given.
    pub fn requests(&self) -> &[SigningRequest] {
        &self.requests
    }

    /// Takes the signatures.
    pub fn answer(self, signatures: &[Vec<u8>], random: &mut dyn Random) -> Result<Step, PresentationError> {
        let (expected, given) = (self.requests.len(), signatures.len());
        if expected != given {
            return Err(Misuse::SignatureCount { expected, given }.into());
        }
        for (request, signature) in self.requests.iter().zip(signatures) {
            let check = request.key().verifying_key().verify(request.message(), signature);
            check.map_err(|_| Misuse::SignatureDoesNotFit)?;
        }
        let mut signatures = signatures.iter();
        let mut presentations: Vec<(String, Vec<Json>)> = Vec::new();
        let mut shared = Vec::new();
        for prepared in self.prepared {
            let text = match prepared.form {
                Form::Bearer(text) => text,
                Form::Unbound(unbound) => {
                    let signature = signatures.next().map(Vec::as_slice).unwrap_or_default();
                    unbound.with_signature(signature).map_err(Misuse::Credential)?
                }
            };
            match presentations.iter_mut().find(|(query, _)| *query == prepared.query) {
                Some((_, items)) => items.push(Json::from(text)),
                None => presentations.push((prepared.query, vec![Json::from(text)])),
            }
            shared.push(prepared.shared);
        }
        let response = Response::Presented {
            vp_token: VpToken::new(presentations),
            state: self.request.object.state.clone(),
        };
        let mut receipt = Receipt::new(&self.request, Verdict::Shared, self.at);
        receipt.shared = shared;
        deliver(&self.request, &response, receipt, random)
    }

    /// On to signing, or past it where nothing is to be signed.
    pub(super) fn go_on(self, random: &mut dyn Random) -> Result<Step, PresentationError> {
        match self.requests.is_empty() {
            true => self.answer(&[], random),
            false => Ok(Step::Sign(self)),
        }
    }

    /// What was agreed to.
    pub(super) fn agreed(&self) -> [u8; 32] {
        agreed(&self.prepared)
    }

    /// The flow as bytes; they hold the request and the choice, no values. The caller seals them.
    pub fn suspend(&self) -> Vec<u8> {
        State::Sign {
            asked: Asked::of(&self.request),
            choice: self.choice.clone(),
            at: self.at.unix(),
            agreed: crate::codec::base64url::encode(self.agreed()),
        }
        .to_bytes()
    }
}

impl Receipt {
    fn new(request: &Request, verdict: Verdict, at: Timestamp) -> Self {
        Self {
            verdict,
            client_id: request.object.client_id.as_str().to_owned(),
            party: match &request.party {
                Some(party) => party.name.clone(),
                None => request.receiver.name().to_owned(),
            },
            organisation: request.party.as_ref().and_then(|party| party.organisation.clone()),
            receiver: request.receiver.name().to_owned(),
            authenticated: request.party.is_some(),
            stated_purpose: request.object.purpose.clone(),
            at: at.unix(),
            shared: Vec::new(),
        }
    }
}

/// §8.5: refusal, absence and a failed authentication have one code.
pub(super) fn decline(
    request: &Request,
    verdict: Verdict,
    now: Timestamp,
    random: &mut dyn Random,
) -> Result<Step, PresentationError> {
    let response = Response::Error {
        code: ErrorCode::AccessDenied,
        state: request.object.state.clone(),
    };
    let receipt = Receipt::new(request, verdict, now);
    deliver(request, &response, receipt, random)
}

/// Hands the answer over: to the transport, or to the platform.
fn deliver(
    request: &Request,
    response: &Response,
    receipt: Receipt,
    random: &mut dyn Random,
) -> Result<Step, PresentationError> {
    let mut seal = |payload: String| -> Result<Option<String>, PresentationError> {
        let Some((key, cipher)) = request.recipient()? else {
            return Ok(None);
        };
        let recipient = jwe::Recipient::new(key.key.clone(), Some(key.kid.clone()), cipher);
        let jwe = jwe::encrypt(payload.as_bytes(), &recipient, random);
        Ok(Some(jwe.map_err(Misuse::Encryption)?))
    };
    match &request.receiver {
        Receiver::Post(url) => {
            let body = match seal(response.to_payload())? {
                Some(jwe) => encode_form([("response", jwe.as_str())]),
                None => response.to_form(),
            };
            let post = HttpRequest::post(url.clone(), FORM_MEDIA_TYPE, body);
            let post = post.with_header("Accept", "application/json");
            Ok(Step::Send(Exchange::reply(post, receipt)))
        }
        Receiver::Page { protocol, .. } => {
            let plain = response.to_dc_api();
            let sealed = match response {
                // §A.4: an error is told in the open, and holds nothing.
                Response::Error { .. } => None,
                Response::Presented { .. } => seal(plain.to_string())?,
            };
            let data = match sealed {
                Some(jwe) => Json::Object(Object::new().with("response", Json::from(jwe))),
                None => plain,
            };
            Ok(Step::Done(Outcome {
                receipt,
                redirect: None,
                response: Some(DcApiResponse {
                    protocol: protocol.name().to_owned(),
                    data,
                }),
            }))
        }
    }
}
