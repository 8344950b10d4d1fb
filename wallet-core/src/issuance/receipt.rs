//! What arrived: every copy verified, all copies alike, nothing that links them; then shown, then handed over.

use std::collections::HashSet;
use std::fmt;

use super::flow::{Chosen, Then, Work, report};
use super::step::{CredentialPreview, Outcome, Preview, Question, Report, Topic};
use super::{IssuanceError, Rejection, Step};
use crate::codec::Budget;
use crate::credential::{Credential, StatusEntry, Unverified, Verified};
use crate::keys::KeyHandle;
use crate::protocol::openid4vci::NotificationEvent;
use crate::time::Timestamp;
use crate::trust::TrustStore;

/// Credentials that the user wants to keep.
pub struct Receipt {
    credentials: Vec<Received>,
    question: Box<Question>,
    report: Option<Report>,
}

/// One credential in all its copies.
#[non_exhaustive]
pub struct Received {
    /// The configuration it was issued under.
    pub configuration: String,
    /// Its name, in the issuer's word.
    pub name: Option<String>,
    /// The issuer's identifier, where more copies can be asked for.
    pub credential_issuer: String,
    /// The copies: each is for one presentation.
    pub copies: Vec<Copy>,
}

/// One copy, with the key it is bound to.
#[derive(Debug)]
#[non_exhaustive]
pub struct Copy {
    /// The copy, verified.
    pub credential: Verified<Credential>,
    /// The key; none for a credential that whoever has it can show (lessons S32).
    pub key: Option<KeyHandle>,
}

impl Receipt {
    /// The credentials, to be stored.
    pub fn credentials(&self) -> &[Received] {
        &self.credentials
    }

    /// The credentials and what to tell the issuer once they are stored.
    pub fn into_parts(self) -> (Vec<Received>, Option<Report>) {
        (self.credentials, self.report)
    }

    pub(super) fn question(&self) -> Question {
        (*self.question).clone()
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Receipt({} credentials)", self.credentials.len())
    }
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Received({}, {} copies)", self.configuration, self.copies.len())
    }
}

/// Checks everything that arrived, and asks the user whether to keep it (ARF 3.0 ISSU_11).
pub(super) fn review(work: Work, trust: &TrustStore, now: Timestamp) -> Step {
    match check(&work, trust, now) {
        Ok(received) => Step::Ask(Question {
            topic: Topic::Keep(preview(&received)),
            then: Box::new(Then::Keep(work)),
        }),
        Err(rejection) => refuse(work, rejection),
    }
}

/// Hands over what the user wants to keep, checked anew: time may have passed.
pub(super) fn keep(work: Work, trust: &TrustStore, now: Timestamp) -> Step {
    match check(&work, trust, now) {
        Ok(credentials) => Step::Done(Outcome::Received(Receipt {
            question: Box::new(Question {
                topic: Topic::Keep(preview(&credentials)),
                then: Box::new(Then::Keep(work.clone())),
            }),
            credentials,
            report: report(work, NotificationEvent::CredentialAccepted),
        })),
        Err(rejection) => refuse(work, rejection),
    }
}

/// ARF 3.0 ISSU_11b: one that fails means none is kept, and the issuer is told.
fn refuse(work: Work, rejection: Rejection) -> Step {
    Step::Done(Outcome::Refused {
        error: IssuanceError::Refused(rejection),
        report: report(work, NotificationEvent::CredentialFailure),
    })
}

fn preview(received: &[Received]) -> Preview {
    let first = &received[0].copies[0].credential;
    let credential = |received: &Received| {
        let copy = received.copies[0].credential.credential();
        let at = |time: Option<Timestamp>| time.map(Timestamp::unix);
        CredentialPreview {
            configuration: received.configuration.clone(),
            name: received.name.clone(),
            format: copy.format().name().to_owned(),
            type_name: copy.type_name().to_owned(),
            issuer_name: received.copies[0].credential.issuer().name.clone(),
            claims: copy.claims().clone(),
            copies: received.copies.len(),
            not_before: at(copy.validity().not_before),
            expires: at(copy.validity().expires),
        }
    };
    let issuer = first.issuer();
    Preview::new(
        issuer.name.clone(),
        issuer.environment,
        received.iter().map(credential).collect(),
    )
}

fn check(work: &Work, trust: &TrustStore, now: Timestamp) -> Result<Vec<Received>, Rejection> {
    let mut links = Links::default();
    let mut received = Vec::new();
    for (choice, batch) in work.chosen.iter().zip(&work.batches) {
        let copies = check_batch(choice, &batch.credentials, &mut links, trust, now)?;
        received.push(Received {
            configuration: choice.id.clone(),
            name: choice.name.clone(),
            credential_issuer: work.metadata.issuer.as_str().to_owned(),
            copies,
        });
    }
    Ok(received)
}

/// What must never repeat between copies (ARF 3.0 ISSU_35): whoever sees two copies must not know that they belong
/// together.
#[derive(Default)]
struct Links {
    salts: HashSet<String>,
    statuses: HashSet<(String, StatusEntry)>,
    keys: HashSet<String>,
}

fn check_batch(
    choice: &Chosen,
    texts: &[String],
    links: &mut Links,
    trust: &TrustStore,
    now: Timestamp,
) -> Result<Vec<Copy>, Rejection> {
    let keys = if choice.bound { choice.keys.len() } else { 1 };
    // OpenID4VCI 1.0 §8.3: as many credentials as keys at most.
    if texts.len() > keys {
        return Err(Rejection::TooManyCopies {
            count: texts.len(),
            keys,
        });
    }
    let format = choice.format().ok_or(Rejection::WrongType)?;
    let budget = &mut Budget::new(16 << 20, 64, 2_000_000);
    let mut copies: Vec<Copy> = Vec::new();
    for text in texts {
        let unverified = Unverified::parse_as(format, text, budget).map_err(Rejection::Credential)?;
        let verified = unverified.verify(trust, now).map_err(Rejection::Credential)?;
        let copy = verified.credential();
        if copy.type_name() != choice.type_name {
            return Err(Rejection::WrongType);
        }
        let key = bound_key(choice, copy)?;
        if let Some(first) = copies.first() {
            alike(&first.credential, &verified)?;
        }
        links.add(copy)?;
        copies.push(Copy {
            credential: verified,
            key,
        });
    }
    Ok(copies)
}

/// The key that the copy is bound to: found by `cnf`, not by position (OpenID4VCI 1.0 §8.3).
fn bound_key(choice: &Chosen, copy: &Credential) -> Result<Option<KeyHandle>, Rejection> {
    match copy.holder_key() {
        None if choice.bound => Err(Rejection::KeyNotOurs),
        None => Ok(None),
        Some(holder) => {
            let ours = choice.keys.iter().find(|key| key.public().as_ref() == Some(holder));
            ours.map(|key| Some(key.handle.clone())).ok_or(Rejection::KeyNotOurs)
        }
    }
}

/// Issuers stamp the copies of a batch one after the other.
const SAME_TIME: i64 = 300;

/// ARF 3.0 ISSU_11a: the same values, the same validity; and the same issuer.
fn alike(first: &Verified<Credential>, other: &Verified<Credential>) -> Result<(), Rejection> {
    let near = |one: Option<Timestamp>, two: Option<Timestamp>| match (one, two) {
        (None, None) => true,
        (Some(one), Some(two)) => one.since(two).abs() <= SAME_TIME,
        _ => false,
    };
    let (one, two) = (first.credential(), other.credential());
    let (when, then) = (one.validity(), two.validity());
    let same = one.common().is_some()
        && one.common() == two.common()
        && near(when.not_before, then.not_before)
        && near(when.expires, then.expires)
        && first.issuer().name == other.issuer().name
        && first.issuer().identifier == other.issuer().identifier;
    if same { Ok(()) } else { Err(Rejection::CopiesDiffer) }
}

impl Links {
    fn add(&mut self, copy: &Credential) -> Result<(), Rejection> {
        let linked = |what| Err(Rejection::CopiesLinked { what });
        if let Some(key) = copy.holder_key()
            && !self.keys.insert(key.thumbprint())
        {
            return linked("a key");
        }
        for mark in copy.marks() {
            if !self.salts.insert(mark) {
                return linked("a salt");
            }
        }
        if let Some(reference) = copy.status_reference().map_err(Rejection::Credential)?
            && !self.statuses.insert((reference.uri, reference.entry))
        {
            return linked("a status entry");
        }
        Ok(())
    }
}
