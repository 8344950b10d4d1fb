//! Following a claims path pointer through claims (OpenID4VP 1.0 §7), and choosing a claim set (§6.4.1).

use crate::codec::Budget;
use crate::codec::Json;
use crate::codec::Object;
use crate::credential::{ClaimPath, Format, PathElement, PathError};
use crate::protocol::dcql::{ClaimQuery, CredentialQuery, Limited, QueryError};

use super::{ClaimFault, WhyNot};

/// Counts steps against what a budget still allows.
pub(super) struct Steps {
    used: usize,
    allowed: usize,
}

impl Steps {
    pub(super) fn new(budget: &Budget) -> Self {
        Self {
            used: 0,
            allowed: budget.values(),
        }
    }

    /// Refuses at once what needs at least `count` steps.
    pub(super) fn foresee(&self, count: usize) -> Result<(), QueryError> {
        if count <= self.allowed {
            return Ok(());
        }
        Err(QueryError::Limit {
            place: String::new(),
            what: Limited::Steps,
            required: count,
            allowed: self.allowed,
        })
    }

    pub(super) fn take(&mut self, count: usize) -> Result<(), QueryError> {
        self.used = self.used.saturating_add(count);
        self.foresee(self.used)
    }

    pub(super) fn settle(self, budget: &mut Budget) {
        // Never more than was allowed: `take` stops before.
        let _ = budget.spend_values(self.used.min(self.allowed));
    }
}

/// Whose claims are walked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// All claims are there, at their own indexes.
    Holder,
    /// Elements that were withheld are gone from their arrays: an element stands at its index or before it.
    Verifier,
}

/// The claims of a credential query that a credential answers.
pub(super) enum Selected {
    /// All of them.
    All,
    /// Those of this claim set.
    Set(usize),
}

/// Decides whether `claims` answer `query`, and with which claim set.
pub(super) fn select(
    query: &CredentialQuery,
    claims: &Object,
    side: Side,
    steps: &mut Steps,
) -> Result<Result<Selected, WhyNot>, QueryError> {
    let fault = |index: usize, steps: &mut Steps| -> Result<Option<WhyNot>, QueryError> {
        let claim = &query.claims()[index];
        let found = find(query, claim, claims, side, steps, None)?;
        Ok(found.err().map(|reason| WhyNot::Claim {
            path: claim.path().clone(),
            reason,
        }))
    };
    if query.claim_sets().is_empty() {
        for index in 0..query.claims().len() {
            if let Some(why) = fault(index, steps)? {
                return Ok(Err(why));
            }
        }
        return Ok(Ok(Selected::All));
    }
    // Each claim is looked up once, however many sets name it.
    let mut known: Vec<Option<bool>> = vec![None; query.claims().len()];
    let mut first = None;
    'sets: for (position, set) in query.claim_sets().iter().enumerate() {
        for &index in set {
            steps.take(1)?;
            let there = match known[index] {
                Some(there) => there,
                None => {
                    let why = fault(index, steps)?;
                    let there = why.is_none();
                    first = first.or(why);
                    *known[index].insert(there)
                }
            };
            if !there {
                continue 'sets;
            }
        }
        return Ok(Ok(Selected::Set(position)));
    }
    Ok(Err(first.expect("a set that is not satisfied lacks a claim")))
}

/// Adds the concrete paths of what `claim` selects to `out`.
pub(super) fn collect(
    query: &CredentialQuery,
    claim: &ClaimQuery,
    claims: &Object,
    steps: &mut Steps,
    out: &mut Vec<ClaimPath>,
) -> Result<(), QueryError> {
    find(query, claim, claims, Side::Holder, steps, Some(out)).map(drop)
}

fn find(
    query: &CredentialQuery,
    claim: &ClaimQuery,
    claims: &Object,
    side: Side,
    steps: &mut Steps,
    out: Option<&mut Vec<ClaimPath>>,
) -> Result<Result<(), ClaimFault>, QueryError> {
    let mut walk = Walk {
        claim,
        side,
        steps,
        out,
        indexes: Vec::new(),
        other_value: false,
    };
    let path = claim.path().elements();
    // §7.2.1: exactly two components, both strings.
    if query.format() == Format::MsoMdoc.name() && !matches!(path, [PathElement::Key(_), PathElement::Key(_)]) {
        return Ok(Err(ClaimFault::MdocPath));
    }
    let found = match &path[0] {
        PathElement::Key(key) => match claims.get(key) {
            Some(value) => walk.at(value, 1),
            None => Ok(false),
        },
        PathElement::Index(_) | PathElement::All => Err(Stop::Path(PathError::NotAnArray)),
    };
    match found {
        Ok(true) => Ok(Ok(())),
        // §6.4.1: a claim with another value is treated as if it did not exist.
        Ok(false) if walk.other_value => Ok(Err(ClaimFault::Value)),
        // §7.1.1 no. 3: an empty selection is an error too.
        Ok(false) => Ok(Err(ClaimFault::Absent)),
        Err(Stop::Path(error)) => Ok(Err(ClaimFault::Path(error))),
        Err(Stop::Steps(error)) => Err(error),
    }
}

struct Walk<'q, 's, 'o> {
    claim: &'q ClaimQuery,
    side: Side,
    steps: &'s mut Steps,
    out: Option<&'o mut Vec<ClaimPath>>,
    /// Where the indexes and wildcards on the way stand, outermost first; kept only where paths are collected.
    indexes: Vec<usize>,
    other_value: bool,
}

enum Stop {
    Path(PathError),
    Steps(QueryError),
}

impl Walk<'_, '_, '_> {
    /// Whether anything is selected below `value`, the path being followed from `depth` on. All elements of a wildcard
    /// are visited even when one was found: one of the wrong type is an error (§7.1.1 no. 2).
    fn at(&mut self, value: &Json, depth: usize) -> Result<bool, Stop> {
        self.steps.take(1).map_err(Stop::Steps)?;
        let Some(element) = self.claim.path().elements().get(depth) else {
            // Each value to compare with is a step too: the values are the stranger's.
            self.steps.take(self.claim.values().len()).map_err(Stop::Steps)?;
            return Ok(self.accept(value));
        };
        match (element, value) {
            (PathElement::Key(key), Json::Object(object)) => match object.get(key) {
                Some(value) => self.at(value, depth + 1),
                None => Ok(false),
            },
            (PathElement::Index(index), Json::Array(items)) if self.side == Side::Verifier => {
                let items = &items[..items.len().min(index.saturating_add(1))];
                for item in items {
                    match self.at(item, depth + 1) {
                        // The element at this place may be another one, so its type says nothing.
                        Ok(false) | Err(Stop::Path(_)) => {}
                        found => return found,
                    }
                }
                Ok(false)
            }
            (PathElement::Index(index), Json::Array(items)) => match items.get(*index) {
                Some(item) => self.element(item, *index, depth),
                None => Ok(false),
            },
            (PathElement::All, Json::Array(items)) => {
                let mut found = false;
                for (index, item) in items.iter().enumerate() {
                    found |= self.element(item, index, depth)?;
                }
                Ok(found)
            }
            (PathElement::Key(_), _) => Err(Stop::Path(PathError::NotAnObject)),
            (PathElement::Index(_) | PathElement::All, _) => Err(Stop::Path(PathError::NotAnArray)),
        }
    }

    fn element(&mut self, item: &Json, index: usize, depth: usize) -> Result<bool, Stop> {
        self.indexes.push(index);
        let found = self.at(item, depth + 1);
        self.indexes.pop();
        found
    }

    /// Takes what the whole path selects. §6.3: the claim is returned only if it has one of the values; of several
    /// that a wildcard selects, each stands for itself.
    fn accept(&mut self, value: &Json) -> bool {
        let values = self.claim.values();
        if !values.is_empty() && !values.iter().any(|expected| expected.matches(value)) {
            self.other_value = true;
            return false;
        }
        if let Some(out) = &mut self.out {
            let mut indexes = self.indexes.iter();
            let concrete = |element: &PathElement| match element {
                PathElement::Key(key) => PathElement::Key(key.clone()),
                PathElement::Index(_) | PathElement::All => {
                    PathElement::Index(*indexes.next().expect("one for each step into an array"))
                }
            };
            let elements = self.claim.path().elements().iter().map(concrete).collect();
            out.push(ClaimPath::new(elements).expect("as long as the path asked for"));
        }
        true
    }
}
