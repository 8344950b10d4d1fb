//! Why a meeting ends before its end, by who must act.

use std::fmt;

use crate::codec::JsonError;
use crate::credential::mdoc::MdocError;
use crate::envelope::cose::CoseError;
use crate::protocol::mdoc::MessageError;
use crate::trust::TrustError;

/// A meeting that does not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProximityError {
    /// What arrived does not parse.
    Malformed(Malformed),
    /// The caller did what a flow does not allow.
    Misuse(Misuse),
    /// The reader broke a rule of the protocol.
    PeerMisbehaved(PeerMisbehaved),
    /// The wallet does not go along, to protect the citizen.
    Refused(Refused),
}

/// What arrived does not parse.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Malformed {
    /// A message of the handover by NFC.
    Handover(MessageError),
    /// A message of the session.
    Message(MessageError),
    /// The request inside.
    Request(MessageError),
    /// The bytes are not a suspended meeting.
    State(JsonError),
}

/// The caller did what a flow does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misuse {
    /// The choice names a document that the consent does not offer for the request.
    ChoiceNotOffered,
    /// The holding changed since the consent: what would leave is not what was agreed to.
    ConsentOutdated,
    /// The document could not be presented.
    Credential(MdocError),
    /// A curve that no session can have.
    Curve,
    /// The document is bound to no key.
    KeyMissing,
    /// The reader came by NFC, and no message was made for it.
    NoHandover,
    /// A message cannot be encrypted: the session has sent more than it may.
    Session,
    /// A signature is not that of the document's key.
    SignatureDoesNotFit,
    /// Not as many signatures as were asked for.
    SignatureCount {
        /// How many were asked for.
        expected: usize,
        /// How many came.
        given: usize,
    },
}

/// The reader broke a rule of the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PeerMisbehaved {
    /// A message does not decrypt: it was altered, replayed, or made for another session.
    Decryption,
    /// The reader says that it could not read what was sent.
    Fault {
        /// Its status.
        status: u64,
    },
    /// The key of the reader is not usable for this session.
    ReaderKey,
}

/// The wallet does not go along, to protect the citizen.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refused {
    /// The message came later than the wallet waits.
    Late,
    /// The documents of one request are asked for by different readers.
    ReadersDiffer,
    /// The signature of the request does not verify for this session.
    Signature(CoseError),
    /// Nobody vouches for who asks: a document is asked for without signature or certificate.
    Unauthenticated,
    /// The certificate leads to no anchor of relying parties.
    UntrustedReader(TrustError),
}

impl ProximityError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(malformed) => match malformed {
                Malformed::Handover(error) | Malformed::Message(error) | Malformed::Request(error) => error.code(),
                Malformed::State(_) => "proximity.state",
            },
            Self::Misuse(misuse) => match misuse {
                Misuse::ChoiceNotOffered => "proximity.choice_not_offered",
                Misuse::ConsentOutdated => "proximity.consent_outdated",
                Misuse::Credential(error) => error.code(),
                Misuse::Curve => "proximity.curve",
                Misuse::KeyMissing => "proximity.key_missing",
                Misuse::NoHandover => "proximity.no_handover",
                Misuse::Session => "proximity.session",
                Misuse::SignatureCount { .. } => "proximity.signature_count",
                Misuse::SignatureDoesNotFit => "proximity.signature_does_not_fit",
            },
            Self::PeerMisbehaved(misbehaved) => match misbehaved {
                PeerMisbehaved::Decryption => "proximity.decryption",
                PeerMisbehaved::Fault { .. } => "proximity.reader_fault",
                PeerMisbehaved::ReaderKey => "proximity.reader_key",
            },
            Self::Refused(refused) => match refused {
                Refused::Late => "proximity.late",
                Refused::ReadersDiffer => "proximity.readers_differ",
                Refused::Signature(_) => "proximity.reader_signature",
                Refused::Unauthenticated => "proximity.unauthenticated",
                Refused::UntrustedReader(error) => error.code(),
            },
        }
    }
}

macro_rules! outer {
    ($($inner:ident)*) => {
        $(impl From<$inner> for ProximityError {
            fn from(inner: $inner) -> Self {
                Self::$inner(inner)
            }
        })*
    };
}
outer!(Malformed Misuse PeerMisbehaved Refused);

impl fmt::Display for ProximityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(malformed) => match malformed {
                Malformed::Handover(error) => error.fmt(f),
                Malformed::Message(error) => write!(f, "the reader's message: {error}"),
                Malformed::Request(error) => write!(f, "the reader's request: {error}"),
                Malformed::State(error) => write!(f, "not a suspended meeting: {error}"),
            },
            Self::Misuse(misuse) => match misuse {
                Misuse::ChoiceNotOffered => f.write_str("the choice is not among what was offered"),
                Misuse::ConsentOutdated => f.write_str("what would leave is no longer what was agreed to"),
                Misuse::Credential(error) => write!(f, "the document cannot be presented: {error}"),
                Misuse::Curve => f.write_str("no session has a key on this curve"),
                Misuse::KeyMissing => f.write_str("the document is bound to no key"),
                Misuse::NoHandover => f.write_str("no message for NFC was made"),
                Misuse::Session => f.write_str("the session cannot encrypt more messages"),
                Misuse::SignatureCount { expected, given } => {
                    write!(f, "{expected} signatures were asked for, {given} given")
                }
                Misuse::SignatureDoesNotFit => f.write_str("a signature is not that of the document's key"),
            },
            Self::PeerMisbehaved(misbehaved) => match misbehaved {
                PeerMisbehaved::Decryption => f.write_str("a message of the reader does not decrypt"),
                PeerMisbehaved::Fault { status } => {
                    write!(f, "the reader could not read what was sent (status {status})")
                }
                PeerMisbehaved::ReaderKey => f.write_str("the key of the reader does not fit the session"),
            },
            Self::Refused(refused) => match refused {
                Refused::Late => f.write_str("the message came after the wallet stopped waiting"),
                Refused::ReadersDiffer => f.write_str("one request comes from different readers"),
                Refused::Signature(error) => write!(f, "the signature of the request: {error}"),
                Refused::Unauthenticated => f.write_str("nobody vouches for who asks"),
                Refused::UntrustedReader(error) => write!(f, "the reader is not trusted: {error}"),
            },
        }
    }
}

impl std::error::Error for ProximityError {}
