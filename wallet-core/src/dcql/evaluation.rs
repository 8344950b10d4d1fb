//! The wallet's side: which credentials answer, with which claims, and why the others do not (OpenID4VP 1.0 §6.4).

use std::collections::HashSet;

use crate::codec::Budget;
use crate::credential::ClaimPath;
use crate::protocol::dcql::{CredentialQuery, Query, QueryError};

use super::walk::{self, Selected, Side, Steps};
use super::{Candidate, WhyNot};

/// Finds what of `candidates` answers `query`.
///
/// # Errors
/// [`QueryError::Limit`] if it takes more steps than `budget` has values left. A step is a credential looked at for a
/// query, or a value that a path leads through.
pub fn evaluate(query: &Query, candidates: &[Candidate<'_>], budget: &mut Budget) -> Result<Evaluation, QueryError> {
    let mut steps = Steps::new(budget);
    steps.foresee(query.credentials().len().saturating_mul(candidates.len()))?;
    let answers: Result<Vec<_>, _> = query
        .credentials()
        .iter()
        .map(|query| answer(query, candidates, &mut steps))
        .collect();
    steps.settle(budget);
    let answers = answers?;
    let answerable = answers.iter().filter(|answer| answer.is_answerable());
    let answerable: HashSet<&String> = answerable.map(|answer| &answer.id).collect();
    let sets: Vec<SetAnswer> = query
        .sets()
        .iter()
        .map(|set| {
            let options = set.options().iter().enumerate();
            SetAnswer {
                required: set.is_required(),
                options: options
                    .filter(|(_, ids)| ids.iter().all(|id| answerable.contains(id)))
                    .map(|(index, ids)| (index, ids.clone()))
                    .collect(),
            }
        })
        .collect();
    let satisfied = if sets.is_empty() {
        answers.iter().all(Answer::is_answerable)
    } else {
        sets.iter().all(|set| !set.required || !set.options.is_empty())
    };
    Ok(Evaluation {
        satisfied,
        uses_values: query.uses_values(),
        names_authorities: query.names_authorities(),
        answers,
        sets,
    })
}

fn answer(query: &CredentialQuery, candidates: &[Candidate<'_>], steps: &mut Steps) -> Result<Answer, QueryError> {
    let mut answer = Answer {
        id: query.id().to_owned(),
        multiple: query.multiple(),
        matches: Vec::new(),
        unmatched: Vec::new(),
    };
    let cost = Candidate::cost(query);
    for (candidate, credential) in candidates.iter().enumerate() {
        steps.take(1)?;
        if credential.format() == query.format() {
            steps.take(cost)?;
        }
        let kind = credential
            .check_kind(query)
            .and_then(|()| credential.check_authority(query));
        let selected = match kind {
            Ok(()) => walk::select(query, credential.claims(), Side::Holder, steps)?,
            Err(why) => Err(why),
        };
        match selected {
            Ok(selected) => {
                let claim_set = match selected {
                    Selected::All => None,
                    Selected::Set(set) => Some(set),
                };
                answer.matches.push(Match {
                    candidate,
                    claim_set,
                    disclose: disclose(query, claim_set, credential, steps)?,
                });
            }
            Err(why) => answer.unmatched.push(Unmatched { candidate, why }),
        }
    }
    Ok(answer)
}

/// The concrete paths of the claims asked for, each once (§6.1: duplicate claim queries are ignored).
fn disclose(
    query: &CredentialQuery,
    claim_set: Option<usize>,
    credential: &Candidate<'_>,
    steps: &mut Steps,
) -> Result<Vec<ClaimPath>, QueryError> {
    let mut paths = Vec::with_capacity(query.claims().len());
    let mut add = |claim| walk::collect(query, claim, credential.claims(), steps, &mut paths);
    match claim_set {
        Some(set) => {
            for &index in &query.claim_sets()[set] {
                add(&query.claims()[index])?;
            }
        }
        None => query.claims().iter().try_for_each(add)?,
    }
    if paths.len() > 1 {
        let mut seen = HashSet::with_capacity(paths.len());
        let first: Vec<bool> = paths.iter().map(|path| seen.insert(path)).collect();
        let mut first = first.into_iter();
        paths.retain(|_| first.next().unwrap_or(true));
    }
    Ok(paths)
}

/// How a holding answers a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evaluation {
    satisfied: bool,
    uses_values: bool,
    names_authorities: bool,
    answers: Vec<Answer>,
    sets: Vec<SetAnswer>,
}

impl Evaluation {
    /// Whether everything required can be answered. If not, nothing may be returned at all (§6.4.2).
    pub fn is_satisfied(&self) -> bool {
        self.satisfied
    }

    /// Whether the query asks for claims by value: then even a refusal tells something about the holder, and the
    /// wallet asks before it gives any answer (§15.9).
    pub fn uses_values(&self) -> bool {
        self.uses_values
    }

    /// Whether the holder must be asked before even an error is returned: the query asks by value, or by who stands
    /// above the issuer (§15.9).
    pub fn must_ask_before_refusing(&self) -> bool {
        self.uses_values || self.names_authorities
    }

    /// The answers to the credential queries, in their order.
    pub fn answers(&self) -> &[Answer] {
        &self.answers
    }

    /// The answer to one credential query.
    pub fn answer(&self, id: &str) -> Option<&Answer> {
        self.answers.iter().find(|answer| answer.id == id)
    }

    /// The credential sets, in their order; empty where the query has none.
    pub fn sets(&self) -> &[SetAnswer] {
        &self.sets
    }

    /// The queries to answer if the holder chooses nothing else: the first option of every required set that can be
    /// answered, or all queries where there are no sets. Empty if the query is not satisfied.
    pub fn required_answers(&self) -> Vec<&Answer> {
        if !self.satisfied {
            return Vec::new();
        }
        if self.sets.is_empty() {
            return self.answers.iter().collect();
        }
        let first = |set: &SetAnswer| set.required && !set.options.is_empty();
        self.first_options(first)
    }

    /// The queries beyond [`Evaluation::required_answers`] that the holder may answer too: the first option of every
    /// optional set that can be answered.
    pub fn optional_answers(&self) -> Vec<&Answer> {
        if !self.satisfied {
            return Vec::new();
        }
        let required: HashSet<&str> = self.required_answers().into_iter().map(Answer::id).collect();
        let mut optional = self.first_options(|set| !set.required);
        optional.retain(|answer| !required.contains(answer.id()));
        optional
    }

    /// Whether answering exactly the queries `ids` answers the whole: every required set has an option among them, and
    /// each of them can be answered.
    pub fn is_answered_by(&self, ids: &[&str]) -> bool {
        let chosen = |id: &str| ids.contains(&id);
        let answerable = ids.iter().all(|id| self.answer(id).is_some_and(Answer::is_answerable));
        let complete = if self.sets.is_empty() {
            self.answers.iter().all(|answer| chosen(answer.id()))
        } else {
            let answered = |set: &SetAnswer| set.options.iter().any(|(_, ids)| ids.iter().all(|id| chosen(id)));
            self.sets.iter().all(|set| !set.required || answered(set))
        };
        answerable && complete
    }

    fn first_options(&self, wanted: impl Fn(&SetAnswer) -> bool) -> Vec<&Answer> {
        let sets = self.sets.iter().filter(|set| wanted(set));
        let chosen: HashSet<&String> = sets
            .filter_map(|set| set.options.first())
            .flat_map(|(_, ids)| ids)
            .collect();
        let mut answers: Vec<&Answer> = self.answers.iter().collect();
        answers.retain(|answer| chosen.contains(&answer.id));
        answers
    }
}

/// How a holding answers one credential query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    id: String,
    multiple: bool,
    matches: Vec<Match>,
    unmatched: Vec<Unmatched>,
}

impl Answer {
    /// The id of the query.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether anything answers it.
    pub fn is_answerable(&self) -> bool {
        !self.matches.is_empty()
    }

    /// Whether more than one credential may be returned.
    pub fn multiple(&self) -> bool {
        self.multiple
    }

    /// The credentials that answer, in the order of the candidates.
    pub fn matches(&self) -> &[Match] {
        &self.matches
    }

    /// The other credentials.
    pub fn unmatched(&self) -> &[Unmatched] {
        &self.unmatched
    }

    /// Why nothing answers: the reason of the credential that came nearest. `None` if something does.
    pub fn why_not(&self) -> Option<&WhyNot> {
        if self.is_answerable() {
            return None;
        }
        let reasons = self.unmatched.iter().map(|unmatched| &unmatched.why);
        // The first of equally near ones.
        let nearest = reasons.reduce(|best, why| if why.rank() > best.rank() { why } else { best });
        Some(nearest.unwrap_or(&WhyNot::NothingHeld))
    }
}

/// A credential that answers a credential query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    candidate: usize,
    claim_set: Option<usize>,
    disclose: Vec<ClaimPath>,
}

impl Match {
    /// Its position among the candidates.
    pub fn candidate(&self) -> usize {
        self.candidate
    }

    /// The position of the claim set it satisfies, the first possible one; `None` where the query has no sets.
    pub fn claim_set(&self) -> Option<usize> {
        self.claim_set
    }

    /// What to disclose, and nothing else: concrete paths without wildcards, of elements chosen by value only those
    /// that have it. Empty where no claims are asked for (§6.4.1).
    pub fn disclose(&self) -> &[ClaimPath] {
        &self.disclose
    }
}

/// A credential that does not answer a credential query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmatched {
    candidate: usize,
    why: WhyNot,
}

impl Unmatched {
    /// Its position among the candidates.
    pub fn candidate(&self) -> usize {
        self.candidate
    }

    /// Why it does not.
    pub fn why(&self) -> &WhyNot {
        &self.why
    }
}

/// How a holding answers one credential set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAnswer {
    required: bool,
    options: Vec<(usize, Vec<String>)>,
}

impl SetAnswer {
    /// Whether the set must be answered.
    pub fn is_required(&self) -> bool {
        self.required
    }

    /// The options that can be answered, each with its position in the set and the ids of its queries.
    pub fn options(&self) -> impl ExactSizeIterator<Item = (usize, &[String])> {
        self.options.iter().map(|(index, ids)| (*index, ids.as_slice()))
    }
}
