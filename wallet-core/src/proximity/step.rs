//! The steps after consent: sign, send, receive, done.

use serde::{Deserialize, Serialize};

pub(super) use super::Step;
use super::consent::{Choice, agreed};
use super::session::{Session, not_returned, nothing};
use super::{Context, HeldDocument, Malformed, Misuse, Offer, PeerMisbehaved, ProximityError, Refused};
use crate::codec::{Budget, Object};
use crate::credential::ClaimPath;
use crate::credential::mdoc::{DeviceResponse, SessionTranscript, UnboundPresentation};
use crate::keys::SigningRequest;
use crate::protocol::mdoc::{DeviceRequest, SessionData, SessionStatus};
use crate::time::Timestamp;
use crate::trust::{Environment, VerifiedParty};

/// What became of a request, without any value: for the history (lessons S29).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Receipt {
    /// What was decided.
    pub verdict: Verdict,
    /// The reader's name, from its certificate.
    pub party: String,
    /// Its organisation, from its certificate.
    pub organisation: Option<String>,
    /// Production or test.
    pub environment: Environment,
    /// When it was decided, in seconds since 1970.
    pub at: i64,
    /// What was shared.
    pub shared: Vec<SharedDocument>,
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
    /// Documents are shared.
    Shared,
}

/// A document that was shared, by its elements, not by their values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SharedDocument {
    /// The wallet's name for the document: the copy is used up.
    pub credential: String,
    /// Its type.
    pub doctype: String,
    /// The elements that left: namespace and name.
    pub disclosed: Vec<ClaimPath>,
    /// Those among them that the reader intends to retain.
    pub retained: Vec<ClaimPath>,
}

/// The end of a meeting.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// How it came to its end.
    pub end: End,
    /// What was decided, request by request.
    pub receipts: Vec<Receipt>,
}

/// How a meeting came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// The connection was cut. What was sent last may have arrived or not.
    Cut,
    /// It could not go on.
    Failed(ProximityError),
    /// The holder ended it.
    Holder,
    /// The reader ended it.
    Reader,
    /// Nothing came for too long.
    TimedOut,
}

impl End {
    /// Whether both sides came to the end that the standard has.
    pub fn is_regular(&self) -> bool {
        matches!(self, Self::Holder | Self::Reader)
    }

    /// The stable code of an end that is not regular.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::Cut => Some("proximity.cut"),
            Self::Failed(error) => Some(error.code()),
            Self::Holder | Self::Reader => None,
            Self::TimedOut => Some("proximity.timed_out"),
        }
    }
}

impl Outcome {
    pub(super) fn empty(end: End) -> Self {
        let receipts = Vec::new();
        Self { end, receipts }
    }
}

/// A message to be sent.
#[derive(Debug)]
#[must_use = "a meeting stands still until its step is answered"]
pub struct Sending {
    pub(super) message: Vec<u8>,
    pub(super) receipt: Option<Receipt>,
    pub(super) next: Next,
}

#[derive(Debug)]
pub(super) enum Next {
    End(Outcome),
    Listen(Session),
}

/// A status, and the end, before anything was decided.
pub(super) fn fault(error: ProximityError, status: SessionStatus) -> Step {
    ended(status, Outcome::empty(End::Failed(error)))
}

/// A status, and the end.
pub(super) fn ended(status: SessionStatus, outcome: Outcome) -> Step {
    let message = SessionData::of_status(status).encode();
    Step::Send(Sending::new(message, None, Next::End(outcome)))
}

impl Sending {
    pub(super) fn new(message: Vec<u8>, receipt: Option<Receipt>, next: Next) -> Self {
        Self { message, receipt, next }
    }

    /// The message.
    pub fn message(&self) -> &[u8] {
        &self.message
    }

    /// What is decided and about to be sent: to be written into the history before it is, because afterwards it may
    /// be too late. `None` for a message that holds no answer to a question.
    pub fn receipt(&self) -> Option<&Receipt> {
        self.receipt.as_ref()
    }

    /// Whether the connection is to be closed after it.
    pub fn is_last(&self) -> bool {
        matches!(self.next, Next::End(_))
    }

    /// The message has left.
    pub fn answer(self, now: Timestamp) -> Step {
        match self.next {
            Next::End(outcome) => Step::Done(outcome),
            Next::Listen(session) => Step::Receive(Listening::new(session, now)),
        }
    }

    /// The connection was cut before the message had left; parts of it may have.
    pub fn cut(self) -> Step {
        Step::Done(match self.next {
            Next::End(outcome) if !outcome.end.is_regular() => outcome,
            Next::End(outcome) => Outcome {
                end: End::Cut,
                ..outcome
            },
            Next::Listen(session) => session.outcome(End::Cut),
        })
    }
}

/// Waiting for the reader's next message: another request, or the end.
#[derive(Debug)]
#[must_use = "a meeting stands still until its step is answered"]
pub struct Listening {
    pub(super) session: Session,
    pub(super) until: Timestamp,
}

impl Listening {
    fn new(session: Session, now: Timestamp) -> Self {
        let until = now.plus(session.idle);
        Self { session, until }
    }

    /// Until when to wait; then [`Listening::time_out`].
    pub fn until(&self) -> Timestamp {
        self.until
    }

    /// Takes the reader's message.
    pub fn answer(self, message: &[u8], context: &Context<'_>, now: Timestamp) -> Result<Step, ProximityError> {
        let session = self.session;
        if now > self.until {
            return Ok(session.fault(Refused::Late.into(), SessionStatus::Termination));
        }
        let message = match SessionData::parse(message, &mut Budget::default()) {
            Ok(message) => message,
            Err(error) => {
                let error = Malformed::Message(error).into();
                return Ok(session.fault(error, SessionStatus::CborDecodingError));
            }
        };
        match (message.status(), message.into_data()) {
            (Some(SessionStatus::Termination), _) => Ok(Step::Done(session.outcome(End::Reader))),
            (Some(status), _) => {
                let status = status.number();
                let end = End::Failed(PeerMisbehaved::Fault { status }.into());
                Ok(Step::Done(session.outcome(end)))
            }
            (None, data) => session.receive(data.unwrap_or_default(), context, now),
        }
    }

    /// The citizen ends the session.
    pub fn terminate(self) -> Step {
        ended(SessionStatus::Termination, self.session.outcome(End::Holder))
    }

    /// Nothing came for too long.
    pub fn time_out(self) -> Step {
        ended(SessionStatus::Termination, self.session.outcome(End::TimedOut))
    }

    /// The connection was cut.
    pub fn cut(self) -> Step {
        Step::Done(self.session.outcome(End::Cut))
    }
}

/// Signatures to be made, all with one authentication of the citizen.
#[derive(Debug)]
#[must_use = "a meeting stands still until its step is answered"]
pub struct Signing {
    pub(super) session: Session,
    pub(super) request: Vec<u8>,
    pub(super) parsed: DeviceRequest,
    pub(super) party: VerifiedParty,
    pub(super) choice: Choice,
    pub(super) at: Timestamp,
    prepared: Vec<Prepared>,
    requests: Vec<SigningRequest>,
}

/// A document that lacks only the signature of its key.
#[derive(Debug)]
pub(super) struct Prepared {
    /// The place of its request.
    pub(super) place: usize,
    pub(super) claims: Object,
    pub(super) shared: SharedDocument,
    unbound: UnboundPresentation,
}

impl Prepared {
    pub(super) fn new(
        place: usize,
        held: &HeldDocument,
        offer: &Offer,
        transcript: &SessionTranscript,
    ) -> Result<Self, ProximityError> {
        let mdoc = held.mdoc();
        let selection = mdoc.select(&offer.disclosed).map_err(Misuse::Credential)?;
        // §9.1.3.1: without device authentication no document is presented.
        let key = mdoc.holder_key().ok_or(Misuse::KeyMissing)?;
        let presentation = mdoc.present(&selection);
        Ok(Self {
            place,
            claims: offer.claims.clone(),
            shared: SharedDocument {
                credential: held.id.clone(),
                doctype: offer.doctype.clone(),
                disclosed: offer.disclosed.clone(),
                retained: offer.retained.clone(),
            },
            unbound: presentation.bind(transcript, held.key.clone(), key.clone()),
        })
    }
}

impl Signing {
    pub(super) fn new(
        session: Session,
        request: Vec<u8>,
        parsed: DeviceRequest,
        party: VerifiedParty,
        choice: Choice,
        at: Timestamp,
        prepared: Vec<Prepared>,
    ) -> Self {
        let requests = prepared.iter().map(|prepared| prepared.unbound.signing_request());
        Self {
            requests: requests.collect(),
            session,
            request,
            parsed,
            party,
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
    pub fn answer(self, signatures: &[Vec<u8>]) -> Result<Step, ProximityError> {
        let (expected, given) = (self.requests.len(), signatures.len());
        if expected != given {
            return Err(Misuse::SignatureCount { expected, given }.into());
        }
        let mut receipt = receipt(&self.party, Verdict::Shared, self.at);
        let places: Vec<usize> = self.prepared.iter().map(|prepared| prepared.place).collect();
        let mut documents = Vec::new();
        for (prepared, signature) in self.prepared.into_iter().zip(signatures) {
            let document = prepared.unbound.with_signature(signature);
            documents.push(document.map_err(|_| Misuse::SignatureDoesNotFit)?);
            receipt.shared.push(prepared.shared);
        }
        let asked = self.parsed.doc_requests().iter().enumerate();
        let missing = asked.filter(|(place, _)| !places.contains(place));
        let missing = missing.map(|(_, document)| document.items().doctype());
        let answer = not_returned(DeviceResponse::new(documents), missing);
        self.session.go_on(&answer, receipt)
    }

    /// What was agreed to.
    pub(super) fn agreed(&self) -> [u8; 32] {
        agreed(&self.prepared)
    }
}

pub(super) fn receipt(party: &VerifiedParty, verdict: Verdict, at: Timestamp) -> Receipt {
    Receipt {
        verdict,
        party: party.name.clone(),
        organisation: party.organisation.clone(),
        environment: party.environment,
        at: at.unix(),
        shared: Vec::new(),
    }
}

/// A refusal: the answer of an empty wallet, and the end of the session (ARF `RPA_11`).
pub(super) fn decline(
    session: Session,
    request: &DeviceRequest,
    party: &VerifiedParty,
    verdict: Verdict,
    now: Timestamp,
) -> Result<Step, ProximityError> {
    let receipt = receipt(party, verdict, now);
    session.end(&nothing(request), Some(receipt), End::Holder)
}
