//! What the citizen is shown, and what they decide.

use std::collections::BTreeMap;

use super::session::Session;
use super::step::{Prepared, Signing, Step, Verdict, decline};
use super::{Context, HeldDocument, Misuse, ProximityError};
use crate::codec::{Json, Object};
use crate::credential::ClaimPath;
use crate::credential::mdoc::Mdoc;
use crate::protocol::mdoc::{DeviceRequest, ItemsRequest};
use crate::rulebook::{Language, Rulebook};
use crate::time::Timestamp;
use crate::trust::{Environment, VerifiedParty};

/// The question to the citizen: who asks, for what, and exactly which values would leave.
#[derive(Debug)]
#[must_use = "a meeting stands still until its step is answered"]
pub struct Consent {
    pub(super) session: Session,
    pub(super) request: Vec<u8>,
    parsed: DeviceRequest,
    party: VerifiedParty,
    /// Those that answer something, by their names.
    matched: BTreeMap<String, HeldDocument>,
    requested: Vec<Requested>,
}

/// What the request for one document means for the holding.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Requested {
    /// The type of the document.
    pub doctype: String,
    /// The elements that are asked for: namespace and name.
    pub elements: Vec<ClaimPath>,
    /// Those among them that the reader intends to retain.
    pub retained: Vec<ClaimPath>,
    /// The documents that answer; the citizen chooses one.
    pub offers: Vec<Offer>,
}

/// A document that answers.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Offer {
    /// The wallet's name for the document.
    pub credential: String,
    /// Its type.
    pub doctype: String,
    /// Exactly the values that would leave, by namespace (lessons S28).
    pub claims: Object,
    /// The elements that would leave: namespace and name.
    pub disclosed: Vec<ClaimPath>,
    /// Those among them that the reader intends to retain.
    pub retained: Vec<ClaimPath>,
    /// What is asked for and not in the document: for the citizen's eyes only.
    pub missing: Vec<ClaimPath>,
}

impl Offer {
    /// What to call an element for the citizen; its own name where no rulebook knows it.
    pub fn label(&self, element: &ClaimPath, rulebook: &Rulebook, language: Language) -> String {
        let (name_space, name) = names(element).unwrap_or_default();
        let known = rulebook.element_label(&self.doctype, name_space, name, language);
        known.unwrap_or(name).to_owned()
    }

    /// Whether people should think twice before they show an element: a portrait for one (ARF `RPA_07c`).
    pub fn is_sensitive(&self, element: &ClaimPath, rulebook: &Rulebook) -> bool {
        let (name_space, name) = names(element).unwrap_or_default();
        let known = rulebook.element(&self.doctype, name_space, name);
        known.is_some_and(|known| known.is_sensitive())
    }
}

impl std::fmt::Debug for Offer {
    /// Names places, never values.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Offer({} of type {}", self.credential, self.doctype)?;
        self.disclosed.iter().try_for_each(|path| write!(f, ", {path}"))?;
        f.write_str(")")
    }
}

/// Which document answers which request.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Choice(BTreeMap<usize, String>);

impl Choice {
    /// A choice of nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers the request at `place` of [`Consent::requested`] with `credential`.
    #[must_use]
    pub fn with(mut self, place: usize, credential: impl Into<String>) -> Self {
        self.0.insert(place, credential.into());
        self
    }

    /// The documents by place.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (usize, &str)> {
        self.0.iter().map(|(place, credential)| (*place, credential.as_str()))
    }
}

/// What the citizen decides.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decision {
    /// Nothing is shared. The reader cannot tell a refusal from the absence of a document.
    Decline,
    /// Nothing is shared, because the citizen goes another way, on paper for one: no error (lessons S26).
    OtherWay,
    /// The chosen documents are shared, with exactly the values shown.
    Share(Choice),
}

impl Consent {
    pub(super) fn new(
        session: Session,
        request: Vec<u8>,
        parsed: DeviceRequest,
        party: VerifiedParty,
        context: &Context<'_>,
    ) -> Result<Self, ProximityError> {
        let mut matched = BTreeMap::new();
        let mut requested = Vec::new();
        for document in parsed.doc_requests() {
            let items = document.items();
            let mut offers = Vec::new();
            for held in context.holding {
                if let Some(offer) = Offer::new(held, items)? {
                    matched.insert(held.id.clone(), held.clone());
                    offers.push(offer);
                }
            }
            let retained = items.elements().filter(|(_, _, retain)| *retain);
            requested.push(Requested {
                doctype: items.doctype().to_owned(),
                elements: items
                    .elements()
                    .map(|(name_space, name, _)| path(name_space, name))
                    .collect(),
                retained: retained.map(|(name_space, name, _)| path(name_space, name)).collect(),
                offers,
            });
        }
        Ok(Self {
            session,
            request,
            parsed,
            party,
            matched,
            requested,
        })
    }

    /// Who asks: the names are those of the certificate, nothing else (lessons S11).
    pub fn party(&self) -> &VerifiedParty {
        &self.party
    }

    /// Production or test.
    pub fn environment(&self) -> Environment {
        self.party.environment
    }

    /// What is asked for, document by document, in the reader's order.
    pub fn requested(&self) -> &[Requested] {
        &self.requested
    }

    /// Whether there is anything to show.
    pub fn is_answerable(&self) -> bool {
        self.requested.iter().any(|requested| !requested.offers.is_empty())
    }

    /// The first fitting document for each request. `None` if there is none for any.
    pub fn proposal(&self) -> Option<Choice> {
        let asked = self.requested.iter().enumerate();
        let choice = asked.fold(Choice::new(), |choice, (place, requested)| {
            match requested.offers.first() {
                Some(offer) => choice.with(place, &offer.credential),
                None => choice,
            }
        });
        (!choice.0.is_empty()).then_some(choice)
    }

    /// Takes the decision. It is consent to this request alone: the next step is bound to its bytes.
    pub fn answer(self, decision: Decision, now: Timestamp) -> Result<Step, ProximityError> {
        let verdict = match decision {
            Decision::Share(choice) if !choice.0.is_empty() => return self.share(choice, now).map(Step::Sign),
            Decision::OtherWay => Verdict::OtherWay,
            Decision::Decline | Decision::Share(_) => Verdict::Declined,
        };
        decline(self.session, &self.parsed, &self.party, verdict, now)
    }

    /// The connection was cut while the citizen was asked.
    pub fn cut(self) -> Step {
        Step::Done(self.session.outcome(super::End::Cut))
    }

    /// Prepares what was chosen.
    pub(super) fn share(self, choice: Choice, now: Timestamp) -> Result<Signing, ProximityError> {
        let mut prepared = Vec::new();
        for (place, credential) in choice.iter() {
            let requested = self.requested.get(place).ok_or(Misuse::ChoiceNotOffered)?;
            let offer = requested.offers.iter().find(|offer| offer.credential == credential);
            let offer = offer.ok_or(Misuse::ChoiceNotOffered)?;
            let held = self.matched.get(credential).ok_or(Misuse::ChoiceNotOffered)?;
            prepared.push(Prepared::new(place, held, offer, &self.session.transcript)?);
        }
        let Self {
            session,
            request,
            parsed,
            party,
            ..
        } = self;
        Ok(Signing::new(session, request, parsed, party, choice, now, prepared))
    }
}

impl Offer {
    /// What of the request this document has; a document that has nothing of it is not shown.
    fn new(held: &HeldDocument, items: &ItemsRequest) -> Result<Option<Self>, ProximityError> {
        let mdoc = held.mdoc();
        if mdoc.doctype() != items.doctype() {
            return Ok(None);
        }
        let (mut disclosed, mut retained, mut missing) = (Vec::new(), Vec::new(), Vec::new());
        for (name_space, name, retain) in items.elements() {
            let Some(found) = find(mdoc, name_space, name) else {
                missing.push(path(name_space, name));
                continue;
            };
            let found = path(name_space, &found);
            if retain && !retained.contains(&found) {
                retained.push(found.clone());
            }
            if !disclosed.contains(&found) {
                disclosed.push(found);
            }
        }
        if disclosed.is_empty() {
            return Ok(None);
        }
        let selection = mdoc.select(&disclosed).map_err(Misuse::Credential)?;
        Ok(Some(Self {
            credential: held.id.clone(),
            doctype: mdoc.doctype().to_owned(),
            claims: selection.disclosed_claims().clone(),
            disclosed,
            retained,
            missing,
        }))
    }
}

/// The namespace in which ages are attested step by step.
const MDL: &str = "org.iso.18013.5.1";
const AGE_OVER: &str = "age_over_";

/// The element that answers for this name: itself, or the nearest attestation of an age (§7.2.5).
fn find(mdoc: &Mdoc, name_space: &str, name: &str) -> Option<String> {
    let elements = mdoc.claims().get(name_space)?.as_object()?;
    if elements.contains(name) {
        return Some(name.to_owned());
    }
    let asked: u8 = name
        .strip_prefix(AGE_OVER)
        .filter(|_| name_space == MDL)?
        .parse()
        .ok()?;
    let ages = elements.iter().filter_map(|(name, value)| {
        let age: u8 = name.strip_prefix(AGE_OVER)?.parse().ok()?;
        Some((age, value.as_bool()?, name))
    });
    let ages: Vec<(u8, bool, &str)> = ages.collect();
    let above = ages.iter().filter(|(age, over, _)| *over && *age >= asked).min();
    let below = || ages.iter().filter(|(age, over, _)| !over && *age <= asked).max();
    above.or_else(below).map(|(_, _, name)| (*name).to_owned())
}

fn path(name_space: &str, name: &str) -> ClaimPath {
    ClaimPath::of_keys(name_space, &[name])
}

/// Namespace and name of a path of ours.
fn names(path: &ClaimPath) -> Option<(&str, &str)> {
    use crate::credential::PathElement::Key;
    match path.elements() {
        [Key(name_space), Key(name)] => Some((name_space, name)),
        _ => None,
    }
}

/// Exactly what leaves, as text that can be compared: what a suspended consent is bound to.
pub(super) fn agreed(prepared: &[Prepared]) -> [u8; 32] {
    let item = |prepared: &Prepared| {
        Json::Object(
            Object::new()
                .with("place", Json::from(prepared.place))
                .with("credential", Json::from(prepared.shared.credential.as_str()))
                .with("claims", Json::Object(prepared.claims.clone())),
        )
    };
    let text = Json::Array(prepared.iter().map(item).collect()).to_string();
    crate::crypto::sha256(text.as_bytes())
}
