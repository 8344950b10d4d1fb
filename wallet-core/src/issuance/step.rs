//! The steps as the caller sees them: what each shows, and the one way to answer it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::call::{self, Goal, Unsigned};
use super::flow::{self, Expect, Then, Work};
use super::receipt::Receipt;
use super::{IssuanceError, Misuse, Step};
use crate::codec::{Object, base64url};
use crate::crypto::{Curve, SignatureAlgorithm};
use crate::http::{HttpRequest, HttpResponse};
use crate::keys::{KeyHandle, PublicKey, SigningRequest};
use crate::protocol::openid4vci::{NotificationRequest, TxCode, TxCodeError};
use crate::time::{Timestamp, Validity};
use crate::trust::{Environment, TrustStore};

/// A request to send.
#[derive(Clone, Serialize, Deserialize)]
pub struct Exchange {
    pub(super) request: HttpRequest,
    pub(super) expect: Box<Expect>,
}

impl Exchange {
    /// The request. Redirects must not be followed.
    pub fn request(&self) -> &HttpRequest {
        &self.request
    }

    /// Goes on with the response. Where credentials arrive, `trust` says who may issue.
    pub fn answer(self, response: &HttpResponse, trust: &TrustStore, now: Timestamp) -> Result<Step, IssuanceError> {
        flow::answered(*self.expect, response, trust, now)
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Exchange").field(&self.request).finish()
    }
}

/// Keys to make.
#[derive(Clone, Serialize, Deserialize)]
pub struct KeyOrder {
    pub(super) credentials: usize,
    pub(super) algorithms: Vec<String>,
    pub(super) work: Box<Work>,
}

/// A key to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyWanted {
    /// What for.
    pub purpose: KeyPurpose,
    /// On which curve.
    pub curve: Curve,
}

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyPurpose {
    /// Bound into one copy of a credential; kept with it.
    Credential,
    /// Ties the access token to this wallet (DPoP); may be thrown away when the issuance is over.
    Transport,
}

impl KeyOrder {
    /// The keys to make, each a new one (ARF 3.0 ISSU_12b).
    pub fn wanted(&self) -> Vec<KeyWanted> {
        let curve = |name: &String| SignatureAlgorithm::from_name(name).map(SignatureAlgorithm::curve);
        self.algorithms
            .iter()
            .enumerate()
            .map(|(index, name)| KeyWanted {
                purpose: if index < self.credentials {
                    KeyPurpose::Credential
                } else {
                    KeyPurpose::Transport
                },
                curve: curve(name).unwrap_or(Curve::P256),
            })
            .collect()
    }

    /// Goes on with the keys, in the order of [`KeyOrder::wanted`].
    pub fn answer(self, keys: Vec<(KeyHandle, PublicKey)>, now: Timestamp) -> Result<Step, IssuanceError> {
        let wanted = self.wanted();
        if keys.len() != wanted.len() {
            return Err(Misuse::Count {
                given: keys.len(),
                wanted: wanted.len(),
            }
            .into());
        }
        for (index, ((handle, key), wanted)) in keys.iter().zip(&wanted).enumerate() {
            if key.verifying_key().curve() != wanted.curve {
                return Err(Misuse::KeyKind.into());
            }
            if keys[..index].iter().any(|other| other.0 == *handle || other.1 == *key) {
                return Err(Misuse::KeyRepeated.into());
            }
        }
        flow::with_keys(*self.work, keys, now)
    }
}

impl fmt::Debug for KeyOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyOrder").field(&self.wanted()).finish()
    }
}

/// Messages to sign, all with one approval of the user.
#[derive(Clone, Serialize, Deserialize)]
pub struct Signing {
    pub(super) unsigned: Vec<Unsigned>,
    pub(super) goal: Goal,
    pub(super) work: Box<Work>,
    pub(super) retried: bool,
}

impl Signing {
    /// What to sign, with which key.
    pub fn requests(&self) -> Vec<SigningRequest> {
        let request = |item: &Unsigned| {
            let key = item.key.public()?;
            let message = item.input.as_bytes().to_vec();
            Some(SigningRequest::new(item.key.handle.clone(), key, message))
        };
        self.unsigned.iter().filter_map(request).collect()
    }

    /// Whether keys of credentials sign: then the user must approve. Otherwise it is only the transport.
    pub fn needs_approval(&self) -> bool {
        self.unsigned.iter().any(|item| item.proof)
    }

    /// Goes on with the signatures, in the order of [`Signing::requests`].
    pub fn answer(self, signatures: &[Vec<u8>]) -> Result<Step, IssuanceError> {
        let requests = self.requests();
        if signatures.len() != requests.len() {
            return Err(Misuse::Count {
                given: signatures.len(),
                wanted: requests.len(),
            }
            .into());
        }
        let mut signed = Vec::new();
        for ((item, request), signature) in self.unsigned.iter().zip(&requests).zip(signatures) {
            let checked = request.key().verifying_key().verify(request.message(), signature);
            checked.map_err(|_| Misuse::BadSignature)?;
            let proves = item.proof.then_some(item.later);
            signed.push((proves, format!("{}.{}", item.input, base64url::encode(signature))));
        }
        call::signed(*self.work, self.goal, signed, self.retried)
    }
}

impl fmt::Debug for Signing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signing({} messages)", self.unsigned.len())
    }
}

/// A question to the user.
#[derive(Clone, Serialize, Deserialize)]
pub struct Question {
    pub(super) topic: Topic,
    pub(super) then: Box<Then>,
}

/// What a question is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Topic {
    /// May this host be contacted? Nothing was fetched from it yet.
    Contact {
        /// The host.
        host: String,
    },
    /// Shall these credentials be collected?
    Offer(OfferSummary),
    /// Shall these verified credentials be kept?
    Keep(Preview),
}

/// An offer, before anything is collected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OfferSummary {
    /// The issuer's identifier.
    pub issuer: String,
    /// The issuer's own word about its name: not verified.
    pub claimed_name: Option<String>,
    /// What is offered.
    pub credentials: Vec<OfferedCredential>,
    /// Configurations in formats that the wallet does not hold; they are left out.
    pub left_out: Vec<String>,
    /// The transaction code that is needed, if one is.
    pub tx_code: Option<TxCode>,
    /// The host that will get the transaction code.
    pub code_goes_to: String,
    /// All hosts that collecting will contact.
    pub hosts: Vec<String>,
}

/// One credential of an offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OfferedCredential {
    /// The configuration.
    pub configuration: String,
    /// Its name, in the issuer's word.
    pub name: Option<String>,
    /// Its format by its OpenID4VC identifier.
    #[serde(default)]
    pub format: String,
    /// Its type: `vct`, or the document type.
    pub type_name: String,
    /// How many copies will be asked for.
    pub copies: usize,
    /// Whether it is bound to a key; if not, whoever has a copy can show it (lessons S32).
    pub bound: bool,
}

/// What arrived and was verified, as it will be kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Preview {
    /// The issuer, as the trust check established it.
    pub issuer_name: String,
    /// Whether the issuer is known by a test anchor only (lessons S36).
    pub test: bool,
    /// The credentials.
    pub credentials: Vec<CredentialPreview>,
}

/// One credential of a [`Preview`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CredentialPreview {
    /// The configuration.
    pub configuration: String,
    /// Its name, in the issuer's word.
    pub name: Option<String>,
    /// Its format by its OpenID4VC identifier.
    #[serde(default)]
    pub format: String,
    /// Its type: `vct`, or the document type.
    pub type_name: String,
    /// Who signed it, as the trust check established it.
    #[serde(default)]
    pub issuer_name: String,
    /// All values in it.
    pub claims: Object,
    /// How many copies came.
    pub copies: usize,
    /// Seconds since 1970 from which it is valid.
    pub not_before: Option<i64>,
    /// Seconds since 1970 until which it is valid.
    pub expires: Option<i64>,
}

impl Preview {
    pub(super) fn new(issuer_name: String, environment: Environment, credentials: Vec<CredentialPreview>) -> Self {
        Self {
            issuer_name,
            test: environment == Environment::Test,
            credentials,
        }
    }
}

impl CredentialPreview {
    /// When it is valid.
    pub fn validity(&self) -> Validity {
        let at = |seconds: Option<i64>| seconds.map(Timestamp::from_unix);
        Validity::new(at(self.not_before), at(self.expires))
    }
}

/// What the user says.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// Yes.
    Yes,
    /// Yes, with the transaction code.
    Code(String),
    /// No.
    No,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Yes => "Yes",
            Self::Code(_) => "Code(redacted)",
            Self::No => "No",
        })
    }
}

impl Question {
    /// What it is about.
    pub fn topic(&self) -> &Topic {
        &self.topic
    }

    /// Checks the form of a transaction code without answering, so that a slip of the finger costs nothing.
    pub fn check_code(&self, code: &str) -> Result<(), TxCodeError> {
        match &self.topic {
            Topic::Offer(summary) => summary.tx_code.as_ref().map_or(Ok(()), |tx_code| tx_code.check(code)),
            _ => Ok(()),
        }
    }

    /// Goes on with what the user says.
    pub fn answer(self, answer: Answer, trust: &TrustStore, now: Timestamp) -> Result<Step, IssuanceError> {
        let wants_code = matches!(&self.topic, Topic::Offer(summary) if summary.tx_code.is_some());
        match &answer {
            Answer::Code(code) if wants_code => self.check_code(code).map_err(Misuse::TxCodeForm)?,
            Answer::Code(_) => return Err(Misuse::TxCode.into()),
            Answer::Yes if wants_code => return Err(Misuse::TxCode.into()),
            Answer::Yes | Answer::No => {}
        }
        flow::decided(self.topic, *self.then, answer, trust, now)
    }
}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.topic {
            Topic::Contact { .. } => "Question(Contact)",
            Topic::Offer(_) => "Question(Offer)",
            Topic::Keep(_) => "Question(Keep)",
        })
    }
}

/// The issuer needs time.
#[derive(Clone, Serialize, Deserialize)]
pub struct Deferred {
    pub(super) until: i64,
    pub(super) transaction: String,
    pub(super) work: Box<Work>,
}

impl Deferred {
    /// Not to be answered before.
    pub fn until(&self) -> Timestamp {
        Timestamp::from_unix(self.until)
    }

    /// Asks again; before [`Deferred::until`] it gives itself back.
    pub fn answer(self, now: Timestamp) -> Result<Step, IssuanceError> {
        if now < self.until() {
            return Ok(Step::Wait(self));
        }
        let goal = Goal::Deferred {
            transaction: self.transaction,
            sealing: None,
        };
        call::call(*self.work, goal, false, now)
    }
}

impl fmt::Debug for Deferred {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Deferred(until {})", self.until())
    }
}

/// How an issuance ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// The user said no.
    Declined {
        /// Tells the issuer, if it wants to know.
        report: Option<Report>,
    },
    /// The credentials, verified and wanted: to be stored, and then reported.
    Received(Receipt),
    /// What arrived is refused; nothing is kept.
    Refused {
        /// Why.
        error: IssuanceError,
        /// Tells the issuer, if it wants to know.
        report: Option<Report>,
    },
    /// The report was sent; whether it arrived changes nothing for the holder.
    Reported {
        /// Whether the issuer took it.
        delivered: bool,
    },
}

/// Tells the issuer what became of the credentials (OpenID4VCI 1.0 §11).
pub struct Report {
    pub(super) notifications: Vec<NotificationRequest>,
    pub(super) work: Box<Work>,
}

impl Report {
    /// Starts sending. After a receipt: only once the credentials are stored.
    pub fn send(self, now: Timestamp) -> Result<Step, IssuanceError> {
        let goal = Goal::Report {
            notifications: self.notifications,
        };
        call::call(*self.work, goal, false, now)
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Report({} notifications)", self.notifications.len())
    }
}
