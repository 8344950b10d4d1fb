//! Suspended meetings: what is needed to begin again at the same step. The bytes hold the keys of the session.

use std::io;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use zeroize::Zeroizing;

use super::consent::Choice;
use super::engagement::Engagement;
use super::session::{self, Session};
use super::step::{End, Listening, Next, Outcome, Receipt, Sending, Step};
use super::{Context, Malformed, Misuse, ProximityError};
use crate::codec::{Budget, JsonError, base64url, json};
use crate::credential::mdoc::SessionTranscript;
use crate::crypto::{AgreementKey, same_secret};
use crate::envelope::session::SessionCipher;
use crate::protocol::mdoc::{DeviceEngagement, HandoverRequest, HandoverSelect, NfcHandover};
use crate::time::Timestamp;

/// The suspended form. A change of meaning gets a new number, and the old one stays readable.
#[derive(Serialize, Deserialize)]
struct Suspended<S> {
    proximity: u8,
    state: S,
}

const VERSION: u8 = 1;
/// Counts what would be written.
struct Length(usize);

impl io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Bytes, as base64url where they are written; wiped when dropped.
struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    fn of(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Zeroizing::new(base64url::encode(&*self.0)))
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        base64url::decode(text.as_bytes())
            .map(Zeroizing::new)
            .map(Self)
            .map_err(D::Error::custom)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// Before the reader came.
    Engage {
        key: Secret,
        engagement: Secret,
        select: Option<Secret>,
        request: Option<Secret>,
        until: i64,
        idle: i64,
    },
    /// Before consent.
    Ask { session: Kept, request: Secret },
    /// Before the signatures.
    Sign {
        session: Kept,
        request: Secret,
        choice: Choice,
        at: i64,
        /// Digest of exactly what leaves.
        agreed: Secret,
    },
    /// Before a message is sent.
    Send {
        message: Secret,
        receipt: Option<Receipt>,
        next: Then,
    },
    /// Before the reader's next message.
    Receive { session: Kept, until: i64 },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Then {
    End { receipts: Vec<Receipt>, end: Ended },
    Listen(Kept),
}

/// The ends that a suspended meeting can come to.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Ended {
    Cut,
    Holder,
    Reader,
    TimedOut,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    cipher: Secret,
    transcript: Secret,
    idle: i64,
    receipts: Vec<Receipt>,
}

impl Kept {
    fn of(session: &Session) -> Self {
        Self {
            cipher: Secret::of(&session.cipher.to_bytes()),
            transcript: Secret::of(session.transcript.as_bytes()),
            idle: session.idle,
            receipts: session.receipts.clone(),
        }
    }

    fn open(self) -> Result<Session, ProximityError> {
        let cipher = SessionCipher::from_bytes(&self.cipher.0).map_err(|_| unreadable())?;
        let transcript = SessionTranscript::from_bytes(&self.transcript.0).map_err(|_| unreadable())?;
        Ok(Session {
            cipher,
            transcript,
            idle: self.idle,
            receipts: self.receipts,
        })
    }
}

fn unreadable() -> ProximityError {
    Malformed::State(JsonError::Shape("a part of the suspended form is damaged".into())).into()
}

impl State {
    fn of(step: &Step) -> Option<Self> {
        Some(match step {
            Step::Ask(consent) => Self::Ask {
                session: Kept::of(&consent.session),
                request: Secret::of(&consent.request),
            },
            Step::Done(_) => return None,
            Step::Engage(engagement) => Self::Engage {
                key: Secret::of(&engagement.key.to_bytes()),
                engagement: Secret::of(engagement.qr.as_bytes()),
                select: engagement.select.as_ref().map(|select| Secret::of(select.as_bytes())),
                request: engagement
                    .handover
                    .as_ref()
                    .and_then(NfcHandover::request)
                    .map(Secret::of),
                until: engagement.until.unix(),
                idle: engagement.idle,
            },
            Step::Receive(listening) => Self::Receive {
                session: Kept::of(&listening.session),
                until: listening.until.unix(),
            },
            Step::Send(sending) => Self::Send {
                message: Secret::of(&sending.message),
                receipt: sending.receipt.clone(),
                next: match &sending.next {
                    Next::Listen(session) => Then::Listen(Kept::of(session)),
                    Next::End(outcome) => Then::End {
                        receipts: outcome.receipts.clone(),
                        end: match &outcome.end {
                            End::Cut => Ended::Cut,
                            // A status for a reader that is gone when the app is: nothing is left to do.
                            End::Failed(_) => return None,
                            End::Holder => Ended::Holder,
                            End::Reader => Ended::Reader,
                            End::TimedOut => Ended::TimedOut,
                        },
                    },
                },
            },
            Step::Sign(signing) => Self::Sign {
                session: Kept::of(&signing.session),
                request: Secret::of(&signing.request),
                choice: signing.choice.clone(),
                at: signing.at.unix(),
                agreed: Secret::of(&signing.agreed()),
            },
        })
    }
}

impl Step {
    /// The flow as bytes, from which [`resume`] continues. They hold the keys of the session: the caller seals them,
    /// and forgets them before a later step sends anything. There is nothing to suspend at the end, nor where only
    /// the status for a fault is left to be sent.
    pub fn suspend(&self) -> Option<Zeroizing<Vec<u8>>> {
        let suspended = Suspended {
            proximity: VERSION,
            state: State::of(self)?,
        };
        // Measured first, so that no copy with keys in it is left behind by growing, however long the answer is.
        let mut length = Length(0);
        serde_json::to_writer(&mut length, &suspended).expect("strings and numbers only");
        let mut out = Zeroizing::new(Vec::with_capacity(length.0));
        serde_json::to_writer(&mut *out, &suspended).expect("strings and numbers only");
        Some(out)
    }
}

/// Continues a suspended meeting. The reader is authenticated anew at `now`; a consent that was given holds only if
/// exactly the same values would still leave.
pub fn resume(bytes_of: &[u8], context: &Context<'_>, now: Timestamp) -> Result<Step, ProximityError> {
    let suspended: Suspended<State> = json::from_slice(bytes_of, &mut Budget::default()).map_err(Malformed::State)?;
    if suspended.proximity != VERSION {
        let shape = JsonError::Shape("another version of the suspended form".into());
        return Err(Malformed::State(shape).into());
    }
    match suspended.state {
        State::Engage {
            key,
            engagement,
            select,
            request,
            until,
            idle,
        } => {
            let qr = DeviceEngagement::parse(&engagement.0, &mut Budget::default()).map_err(|_| unreadable())?;
            let public = session::read_key(qr.e_device_key_bytes()).ok_or_else(unreadable)?;
            let key = AgreementKey::from_bytes_on(public.algorithm().curve(), &key.0).map_err(|_| unreadable())?;
            let select = select.map(|select| HandoverSelect::parse(&select.0).map_err(|_| unreadable()));
            let select = select.transpose()?;
            let request = request.map(|request| HandoverRequest::parse(&request.0).map_err(|_| unreadable()));
            let handover = match (&select, request.transpose()?) {
                (Some(select), Some(request)) => Some(NfcHandover::negotiated(select, &request)),
                (Some(select), None) => Some(NfcHandover::of_static(select)),
                (None, _) => None,
            };
            Ok(Step::Engage(Engagement {
                key,
                qr,
                select,
                handover,
                until: Timestamp::from_unix(until),
                idle,
            }))
        }
        State::Ask { session, request } => session.open()?.ask(request.0.to_vec(), context, now),
        State::Sign {
            session,
            request,
            choice,
            at,
            agreed,
        } => {
            let consent = match session.open()?.ask(request.0.to_vec(), context, now)? {
                Step::Ask(consent) => consent,
                // The reader is no longer trusted: it gets the answer of an empty wallet.
                other => return Ok(other),
            };
            let gone = |_| ProximityError::from(Misuse::ConsentOutdated);
            let signing = consent.share(choice, Timestamp::from_unix(at)).map_err(gone)?;
            match same_secret(signing.agreed(), agreed.0.as_slice()) {
                true => Ok(Step::Sign(signing)),
                false => Err(Misuse::ConsentOutdated.into()),
            }
        }
        State::Send { message, receipt, next } => {
            let next = match next {
                Then::Listen(session) => Next::Listen(session.open()?),
                Then::End { receipts, end } => Next::End(Outcome {
                    end: match end {
                        Ended::Cut => End::Cut,
                        Ended::Holder => End::Holder,
                        Ended::Reader => End::Reader,
                        Ended::TimedOut => End::TimedOut,
                    },
                    receipts,
                }),
            };
            Ok(Step::Send(Sending::new(message.0.to_vec(), receipt, next)))
        }
        State::Receive { session, until } => Ok(Step::Receive(Listening {
            session: session.open()?,
            until: Timestamp::from_unix(until),
        })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A vector that grows leaves its old bytes, keys among them, in freed memory.
    #[test]
    fn a_suspended_form_never_grows_while_it_is_written() {
        let step = Step::Send(Sending::new(
            vec![7; 300 << 10],
            None,
            Next::End(Outcome::empty(End::Holder)),
        ));
        let suspended = step.suspend().expect("a step that can be suspended");
        assert!(suspended.len() > 400 << 10);
        assert_eq!(suspended.capacity(), suspended.len());
    }
}
