//! The steps: send, receive, judge, done.

use super::{Question, ReaderError, ReaderIdentity, Reading, Step};
use crate::codec::Budget;
use crate::credential::mdoc::{DeviceBinding, SessionTranscript};
use crate::crypto::AgreementKey;
use crate::envelope::session::{SessionCipher, ble_ident};
use crate::protocol::mdoc::{DeviceEngagement, RetrievalMethod, SessionData, SessionStatus};
use crate::time::Timestamp;
use crate::verifier::{AssessOptions, FormatChoice, assess_all};

/// A session after its keys were derived.
#[derive(Debug)]
pub(super) struct Session {
    key: AgreementKey,
    cipher: SessionCipher,
    transcript: SessionTranscript,
    asked: Option<Question>,
}

/// The least that §9.1.1.5 has for a session: the holder is a person who reads and decides.
const IDLE_SECONDS: i64 = 300;

impl Session {
    pub(super) fn new(key: AgreementKey, cipher: SessionCipher, transcript: SessionTranscript) -> Self {
        Self {
            key,
            cipher,
            transcript,
            asked: None,
        }
    }

    /// The signed and encrypted request.
    pub(super) fn ask(&mut self, identity: &ReaderIdentity, question: &Question) -> Result<Vec<u8>, ReaderError> {
        let request = identity.sign(question, self.transcript.as_bytes());
        self.asked = Some(question.clone());
        self.cipher.encrypt(request.encode()).map_err(|_| ReaderError::Session)
    }
}

/// How a meeting came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// The connection was cut.
    Cut,
    /// It could not go on.
    Failed(ReaderError),
    /// The holder ended it.
    Holder,
    /// The reader ended it.
    Reader,
    /// Nothing came for too long.
    TimedOut,
}

impl End {
    /// The stable code of an end that is not regular.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::Cut => Some("reader.cut"),
            Self::Failed(error) => Some(error.code()),
            Self::Holder | Self::Reader => None,
            Self::TimedOut => Some("reader.timed_out"),
        }
    }
}

/// The first message, and the ways to reach the holder.
#[derive(Debug)]
#[must_use = "a meeting stands still until its step is answered"]
pub struct Connect {
    methods: Vec<RetrievalMethod>,
    message: Vec<u8>,
    ble_ident: [u8; 16],
    session: Session,
    at: Timestamp,
}

impl Connect {
    pub(super) fn new(engagement: &DeviceEngagement, message: Vec<u8>, session: Session, at: Timestamp) -> Self {
        Self {
            methods: engagement.retrieval_methods().to_vec(),
            message,
            ble_ident: ble_ident(engagement.e_device_key_bytes()),
            session,
            at,
        }
    }

    /// The ways to reach the holder that its engagement names.
    pub fn methods(&self) -> &[RetrievalMethod] {
        &self.methods
    }

    /// The first message.
    pub fn message(&self) -> &[u8] {
        &self.message
    }

    /// The session that the holder's devices will answer.
    pub fn transcript(&self) -> &SessionTranscript {
        &self.session.transcript
    }

    /// The value of the characteristic `Ident`, by which a holder as Bluetooth central knows that it found its reader
    /// (§8.3.3.1.1.3).
    pub fn ble_ident(&self) -> [u8; 16] {
        self.ble_ident
    }

    /// When the engagement was read.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// The message has left.
    pub fn answer(self, now: Timestamp) -> Step {
        Step::Receive(Receiving::new(self.session, now))
    }

    /// The holder could not be reached.
    pub fn cut(self) -> Step {
        Step::Done(End::Cut)
    }
}

/// Waiting for the holder's message.
#[derive(Debug)]
#[must_use = "a meeting stands still until its step is answered"]
pub struct Receiving {
    session: Session,
    until: Timestamp,
}

impl Receiving {
    fn new(session: Session, now: Timestamp) -> Self {
        Self {
            session,
            until: now.plus(IDLE_SECONDS),
        }
    }

    /// Until when to wait; then [`Receiving::time_out`].
    pub fn until(&self) -> Timestamp {
        self.until
    }

    /// Takes the holder's message.
    pub fn answer(self, message: &[u8], now: Timestamp) -> Step {
        let mut session = self.session;
        if now > self.until {
            return ended(SessionStatus::Termination, End::Failed(ReaderError::Late));
        }
        let message = match SessionData::parse(message, &mut Budget::default()) {
            Ok(message) => message,
            Err(error) => {
                let end = End::Failed(ReaderError::Message(error));
                return ended(SessionStatus::CborDecodingError, end);
            }
        };
        let over = match message.status() {
            None => false,
            Some(SessionStatus::Termination) => true,
            Some(status) => {
                let status = status.number();
                return Step::Done(End::Failed(ReaderError::Fault { status }));
            }
        };
        let Some(data) = message.into_data() else {
            return Step::Done(End::Holder);
        };
        match session.cipher.decrypt(data) {
            Ok(response) => Step::Judge(Answered {
                session,
                response,
                over,
            }),
            Err(_) => ended(SessionStatus::EncryptionError, End::Failed(ReaderError::Decryption)),
        }
    }

    /// The reader's user ends the session.
    pub fn terminate(self) -> Step {
        ended(SessionStatus::Termination, End::Reader)
    }

    /// Nothing came for too long.
    pub fn time_out(self) -> Step {
        ended(SessionStatus::Termination, End::TimedOut)
    }

    /// The connection was cut.
    pub fn cut(self) -> Step {
        Step::Done(End::Cut)
    }
}

/// What the holder sent.
#[derive(Debug)]
#[must_use = "a meeting stands still until its step is answered"]
pub struct Answered {
    session: Session,
    response: Vec<u8>,
    over: bool,
}

impl Answered {
    /// The `DeviceResponse`, not judged.
    pub fn response(&self) -> &[u8] {
        &self.response
    }

    /// The session that the holder's devices must have answered.
    pub fn transcript(&self) -> &SessionTranscript {
        &self.session.transcript
    }

    /// Whether the holder has ended the session with it.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Judges every document: with more status lists at hand it may be judged again.
    pub fn judge(&self, options: &AssessOptions<'_>) -> Reading {
        let binding = DeviceBinding::new(self.session.transcript.clone()).with_reader_key(&self.session.key);
        let options = options.clone().with_format(FormatChoice::DeviceResponse);
        let assessments = assess_all(&self.response, &options.with_device_binding(binding));
        Reading::new(assessments, &self.response, self.session.asked.as_ref())
    }

    /// Asks for more in the same session; one that the holder has ended is over.
    pub fn ask(mut self, identity: &ReaderIdentity, question: &Question) -> Result<Step, ReaderError> {
        if self.over {
            return Ok(Step::Done(End::Holder));
        }
        let data = self.session.ask(identity, question)?;
        Ok(Step::Send(Sending {
            message: SessionData::of_data(data).encode(),
            next: Next::Receive(Box::new(self.session)),
        }))
    }

    /// Ends the session.
    pub fn terminate(self) -> Step {
        match self.over {
            true => Step::Done(End::Holder),
            false => ended(SessionStatus::Termination, End::Reader),
        }
    }
}

/// A message to be sent.
#[derive(Debug)]
#[must_use = "a meeting stands still until its step is answered"]
pub struct Sending {
    message: Vec<u8>,
    next: Next,
}

#[derive(Debug)]
enum Next {
    End(End),
    Receive(Box<Session>),
}

fn ended(status: SessionStatus, end: End) -> Step {
    Step::Send(Sending {
        message: SessionData::of_status(status).encode(),
        next: Next::End(end),
    })
}

impl Sending {
    /// The message.
    pub fn message(&self) -> &[u8] {
        &self.message
    }

    /// Whether the connection is to be closed after it.
    pub fn is_last(&self) -> bool {
        matches!(self.next, Next::End(_))
    }

    /// The message has left.
    pub fn answer(self, now: Timestamp) -> Step {
        match self.next {
            Next::End(end) => Step::Done(end),
            Next::Receive(session) => Step::Receive(Receiving::new(*session, now)),
        }
    }

    /// The connection was cut.
    pub fn cut(self) -> Step {
        match self.next {
            Next::End(end) => Step::Done(end),
            Next::Receive(_) => Step::Done(End::Cut),
        }
    }
}
