//! What the citizen is shown, and what they decide.

use std::collections::BTreeMap;

use super::request::{Origin, Request};
use super::state::{Asked, State};
use super::step::{self, Signing, Verdict};
use super::{Arrival, Context, HeldCredential, Misuse, PresentationError, Step};
use crate::codec::{Budget, Json, Object};
use crate::credential::{ClaimPath, Format};
use crate::crypto::Random;
use crate::dcql::{self, Authority, Candidate, Evaluation};
use crate::time::Timestamp;
use crate::trust::{Environment, VerifiedParty};

/// The question to the citizen: who asks, for what, and exactly which values would leave.
#[derive(Clone, Debug)]
#[must_use = "a presentation stands still until its step is answered"]
pub struct Consent {
    request: Box<Request>,
    /// Those that answer something, by their place in the holding.
    matched: BTreeMap<usize, HeldCredential>,
    evaluation: Evaluation,
    requested: Vec<Requested>,
}

/// What one query of the verifier means for the holding.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Requested {
    /// The verifier's name for the query.
    pub query: String,
    /// Whether it has to be answered: `false` for what the verifier would merely like to have.
    pub required: bool,
    /// Whether several credentials may be shown.
    pub multiple: bool,
    /// The credentials that answer.
    pub offers: Vec<Offer>,
    /// Why the others do not: for the citizen's eyes only.
    pub why_not: Vec<WhyNot>,
}

/// A credential that answers a query.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Offer {
    /// The wallet's name for the credential.
    pub credential: String,
    /// Its type.
    pub credential_type: String,
    /// Everything the verifier would learn from the credential: exactly the values that would leave (lessons S28).
    pub claims: Object,
    /// The places among them that stay with the citizen unless this is agreed to.
    pub disclosed: Vec<ClaimPath>,
    /// Those of them that the verifier says it will keep (`intent_to_retain`). Of the others nothing is said: that
    /// is no promise.
    pub retained: Vec<ClaimPath>,
    /// The format by its OpenID4VC identifier.
    pub format: Format,
    /// Whether this copy was shown before, so that two receivers could compare notes.
    pub shown_before: bool,
}

impl std::fmt::Debug for Offer {
    /// Names places, never values.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Offer({} of type {}", self.credential, self.credential_type)?;
        self.disclosed.iter().try_for_each(|path| write!(f, ", {path}"))?;
        f.write_str(")")
    }
}

/// Queries of which one combination is to be answered (`credential_sets`), as far as the holding can.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OfferedSet {
    /// Whether one of the options has to be taken.
    pub required: bool,
    /// The options that can be answered, the verifier's preferred one first.
    pub options: Vec<OfferedOption>,
}

/// One way to answer an [`OfferedSet`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OfferedOption {
    /// Its place in the verifier's list.
    pub index: usize,
    /// The queries that it answers, all of them.
    pub queries: Vec<String>,
}

/// Why a credential does not answer a query.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WhyNot {
    /// The wallet's name for the credential.
    pub credential: String,
    /// The reason.
    pub reason: dcql::WhyNot,
}

/// What the citizen should know before deciding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// The request came from another screen: whoever shows the code may not be who asks. The receiver's domain
    /// must be compared (lessons S13).
    CrossDevice,
    /// The answer goes to a host that the certificate does not name.
    ForeignReceiver,
    /// The verifier is one of a test environment (S36).
    TestEnvironment,
    /// Nobody vouches for who asks: to be shown before anything else, and louder.
    Unauthenticated,
    /// The answer is protected on its way by the connection alone.
    Unencrypted,
}

/// Which credentials answer which queries.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Choice(Vec<(String, Vec<String>)>);

impl Choice {
    /// A choice of nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers `query` with `credential`, too.
    #[must_use]
    pub fn with(mut self, query: impl Into<String>, credential: impl Into<String>) -> Self {
        let (query, credential) = (query.into(), credential.into());
        match self.0.iter_mut().find(|(other, _)| *other == query) {
            Some((_, credentials)) => credentials.push(credential),
            None => self.0.push((query, vec![credential])),
        }
        self
    }

    /// The credentials by query.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &[String])> {
        self.0
            .iter()
            .map(|(query, credentials)| (query.as_str(), credentials.as_slice()))
    }
}

/// What the citizen decides.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decision {
    /// Nothing is shared. The verifier cannot tell a refusal from the absence of a credential.
    Decline,
    /// Nothing is shared, because the citizen goes another way, on paper for one: no error (lessons S26).
    OtherWay,
    /// The chosen credentials are shared, with exactly the values shown.
    Share(Choice),
}

/// Checks a request and matches it to the holding.
pub(super) fn ask(
    text: String,
    origin: Origin,
    context: &Context<'_>,
    now: Timestamp,
) -> Result<Consent, PresentationError> {
    let request = Request::verify(text, origin, context, now)?;
    let evaluation = evaluate(&request, context.holding)?;
    let requested = requested(&request, &evaluation, context.holding)?;
    let matches = evaluation.answers().iter().flat_map(dcql::Answer::matches);
    let matched = matches.map(|matched| (matched.candidate(), context.holding[matched.candidate()].clone()));
    Ok(Consent {
        request: Box::new(request),
        matched: matched.collect(),
        evaluation,
        requested,
    })
}

fn evaluate(request: &Request, holding: &[HeldCredential]) -> Result<Evaluation, PresentationError> {
    let candidates: Vec<Candidate<'_>> = holding
        .iter()
        .map(|held| {
            let credential = held.credential.credential();
            let authorities = held.authority_key_ids.iter();
            let metadata = &request.object.metadata;
            let taken = |key| metadata.takes_key(credential.format(), key);
            Candidate::new(&held.id, credential.format(), credential.claims())
                .with_types(held.type_names.iter().map(String::as_str))
                .with_holder_binding(credential.holder_key().is_some())
                .with_key_taken(credential.holder_key().is_none_or(taken))
                .with_authorities(authorities.map(|id| Authority::KeyIdentifier(id)))
        })
        .collect();
    let evaluation = dcql::evaluate(&request.query, &candidates, &mut Budget::default());
    evaluation.map_err(|error| super::Malformed::Query(error).into())
}

fn requested(
    request: &Request,
    evaluation: &Evaluation,
    holding: &[HeldCredential],
) -> Result<Vec<Requested>, PresentationError> {
    let sets = request.query.sets();
    let is_required = |query: &str| {
        let names = |set: &&crate::protocol::dcql::CredentialSet| {
            set.options().iter().any(|option| option.iter().any(|id| id == query))
        };
        sets.is_empty() || sets.iter().filter(|set| set.is_required()).any(|set| names(&set))
    };
    let mut all = Vec::new();
    for answer in evaluation.answers() {
        let retained = |path: &&ClaimPath| {
            let query = request.query.credential(answer.id());
            let mut claims = query.iter().flat_map(|query| query.claims());
            claims.any(|claim| claim.intent_to_retain() == Some(true) && path.starts_with(claim.path()))
        };
        let mut offers = Vec::new();
        for matched in answer.matches() {
            let held = &holding[matched.candidate()];
            let credential = held.credential.credential();
            let selection = credential.select(matched.disclose()).map_err(Misuse::Credential)?;
            offers.push(Offer {
                credential: held.id.clone(),
                credential_type: credential.type_name().to_owned(),
                claims: selection.disclosed_claims().clone(),
                disclosed: matched.disclose().to_vec(),
                retained: matched.disclose().iter().filter(retained).cloned().collect(),
                format: credential.format(),
                shown_before: held.shown_before,
            });
        }
        let unmatched = answer.unmatched().iter();
        all.push(Requested {
            query: answer.id().to_owned(),
            required: is_required(answer.id()),
            multiple: answer.multiple(),
            offers,
            why_not: unmatched
                .map(|unmatched| WhyNot {
                    credential: holding[unmatched.candidate()].id.clone(),
                    reason: unmatched.why().clone(),
                })
                .collect(),
        });
    }
    Ok(all)
}

impl Consent {
    /// Who asks: the names are those of the certificate, nothing else (lessons S11). `None` if nobody vouches for who
    /// asks, which [`Warning::Unauthenticated`] says too: then only [`Consent::receiver`] is known.
    pub fn party(&self) -> Option<&VerifiedParty> {
        self.request.party.as_ref()
    }

    /// The full client identifier, for the history.
    pub fn client_id(&self) -> &str {
        self.request.object.client_id.as_str()
    }

    /// The host that would receive the answer; of an app that asks, its origin as the platform writes it.
    pub fn receiver(&self) -> &str {
        self.request.receiver.name()
    }

    /// Production or test.
    pub fn environment(&self) -> Environment {
        self.request.environment
    }

    /// What the verifier says the values are for: UNVERIFIED, nobody vouches for it.
    pub fn stated_purpose(&self) -> Option<&str> {
        self.request.object.purpose.as_deref()
    }

    /// How the request came.
    pub fn arrival(&self) -> Arrival {
        self.request.arrival()
    }

    /// What the citizen should know before deciding.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let named = |party: &VerifiedParty| party.leaf.has_dns_name(self.receiver());
        match &self.request.party {
            None => warnings.push(Warning::Unauthenticated),
            Some(party) if !named(party) => warnings.push(Warning::ForeignReceiver),
            Some(_) => {}
        }
        if self.arrival() == Arrival::Scanned {
            warnings.push(Warning::CrossDevice);
        }
        if self.environment() == Environment::Test {
            warnings.push(Warning::TestEnvironment);
        }
        if !self.request.object.response_mode.is_encrypted() {
            warnings.push(Warning::Unencrypted);
        }
        warnings
    }

    /// What is asked for, query by query, in the verifier's order.
    pub fn requested(&self) -> &[Requested] {
        &self.requested
    }

    /// Whether the holding answers all that is required. If not, nothing can be shared.
    pub fn is_answerable(&self) -> bool {
        self.evaluation.is_satisfied()
    }

    /// The combinations of queries to choose among, in the verifier's order; empty if all queries are to be answered.
    pub fn sets(&self) -> Vec<OfferedSet> {
        let option = |(index, queries): (usize, &[String])| OfferedOption {
            index,
            queries: queries.to_vec(),
        };
        let sets = self.evaluation.sets().iter().map(|set| OfferedSet {
            required: set.is_required(),
            options: set.options().map(option).collect(),
        });
        sets.collect()
    }

    /// The smallest answer: of every required set the option that the verifier prefers, nothing optional, and for each
    /// query the first fitting credential, one that was never shown before others. `None` if the request cannot be
    /// answered.
    pub fn proposal(&self) -> Option<Choice> {
        let answers = self.evaluation.required_answers();
        self.is_answerable()
            .then(|| self.answering(answers.into_iter().map(dcql::Answer::id)))
    }

    /// The smallest answer with these options: for each of [`Consent::sets`], in order, the [`OfferedOption::index`]
    /// that the citizen picked, or `None` to leave the set out.
    ///
    /// # Errors
    /// An option that is not offered, or a required set that is left out.
    pub fn proposal_with(&self, picked: &[Option<usize>]) -> Result<Choice, PresentationError> {
        let sets = self.sets();
        if picked.len() != sets.len() {
            return Err(Misuse::ChoiceNotOffered.into());
        }
        let mut queries: Vec<&str> = Vec::new();
        for (set, picked) in sets.iter().zip(picked) {
            let Some(index) = picked else {
                if set.required {
                    return Err(Misuse::ChoiceDoesNotAnswer.into());
                }
                continue;
            };
            let option = set.options.iter().find(|option| option.index == *index);
            let option = option.ok_or(Misuse::ChoiceNotOffered)?;
            for query in &option.queries {
                if !queries.contains(&query.as_str()) {
                    queries.push(query);
                }
            }
        }
        match (sets.is_empty(), self.proposal()) {
            (true, proposal) => proposal.ok_or(Misuse::ChoiceDoesNotAnswer.into()),
            (false, _) => Ok(self.answering(queries.into_iter())),
        }
    }

    /// One credential for each of these queries.
    fn answering<'a>(&self, queries: impl Iterator<Item = &'a str>) -> Choice {
        queries.fold(Choice::new(), |choice, query| {
            let offers = self.requested.iter().filter(|requested| requested.query == query);
            let mut offers = offers.flat_map(|requested| &requested.offers);
            let first = offers.clone().find(|offer| !offer.shown_before).or(offers.next());
            match first {
                Some(offer) => choice.with(query, &offer.credential),
                None => choice,
            }
        })
    }

    /// Takes the decision. It is consent to this request alone: the next step is bound to its bytes.
    pub fn answer(
        self,
        decision: Decision,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<Step, PresentationError> {
        match decision {
            Decision::Share(choice) => self.share(choice, now)?.go_on(random),
            Decision::Decline => step::decline(&self.request, Verdict::Declined, now, random),
            Decision::OtherWay => step::decline(&self.request, Verdict::OtherWay, now, random),
        }
    }

    /// Prepares what was chosen, dated `now`.
    pub(super) fn share(self, choice: Choice, now: Timestamp) -> Result<Signing, PresentationError> {
        let mut prepared = Vec::new();
        for (query, credentials) in choice.iter() {
            let requested = self.requested.iter().find(|requested| requested.query == query);
            let requested = requested.ok_or(Misuse::ChoiceNotOffered)?;
            let repeated = (1..credentials.len()).any(|i| credentials[..i].contains(&credentials[i]));
            if credentials.is_empty() || repeated || (credentials.len() > 1 && !requested.multiple) {
                return Err(Misuse::ChoiceNotOffered.into());
            }
            for id in credentials {
                let offer = requested.offers.iter().find(|offer| offer.credential == *id);
                let offer = offer.ok_or(Misuse::ChoiceNotOffered)?;
                let held = self.matched.values().find(|held| held.id == *id);
                let held = held.ok_or(Misuse::ChoiceNotOffered)?;
                prepared.push(step::Prepared::new(query, held, offer, &self.request, now)?);
            }
        }
        let answered: Vec<&str> = choice.iter().map(|(query, _)| query).collect();
        if !self.evaluation.is_answered_by(&answered) || !self.nothing_beyond(&answered) {
            return Err(Misuse::ChoiceDoesNotAnswer.into());
        }
        Ok(Signing::new(self.request, choice, prepared, now))
    }

    /// With credential sets, what is answered is one option of each set that is, and nothing beyond (§6.4.2): not two
    /// formats of one document.
    fn nothing_beyond(&self, answered: &[&str]) -> bool {
        let sets = self.evaluation.sets();
        let mut tries = MOST_COMBINATIONS;
        sets.is_empty() || is_one_option_each(sets, answered, &mut Vec::new(), &mut tries)
    }

    /// The flow as bytes; they hold the request, no values. The caller seals them.
    pub fn suspend(&self) -> Vec<u8> {
        State::Ask(Asked::of(&self.request)).to_bytes()
    }
}

/// More combinations of options than a choice is compared with: honest verifiers have a handful.
const MOST_COMBINATIONS: usize = 10_000;

/// Whether `answered` is the union of `taken` and one option of each set, or none of an optional one.
fn is_one_option_each<'a>(
    sets: &'a [dcql::SetAnswer],
    answered: &[&str],
    taken: &mut Vec<&'a str>,
    tries: &mut usize,
) -> bool {
    if *tries == 0 {
        return false;
    }
    *tries -= 1;
    let Some((set, rest)) = sets.split_first() else {
        return answered.iter().all(|query| taken.contains(query));
    };
    let before = taken.len();
    for (_, option) in set.options() {
        if option.iter().all(|id| answered.contains(&id.as_str())) {
            taken.extend(option.iter().map(String::as_str));
            if is_one_option_each(rest, answered, taken, tries) {
                return true;
            }
            taken.truncate(before);
        }
    }
    !set.is_required() && is_one_option_each(rest, answered, taken, tries)
}

/// Exactly what leaves, as text that can be compared: what a suspended consent is bound to.
pub(super) fn agreed(prepared: &[step::Prepared]) -> [u8; 32] {
    let item = |prepared: &step::Prepared| {
        Json::Object(
            Object::new()
                .with("query", Json::from(prepared.query.as_str()))
                .with("credential", Json::from(prepared.credential.as_str()))
                .with("claims", Json::Object(prepared.claims.clone())),
        )
    };
    let text = Json::Array(prepared.iter().map(item).collect()).to_string();
    crate::crypto::sha256(text.as_bytes())
}
