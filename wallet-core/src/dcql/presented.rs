//! The verifier's side: what came meets what was asked (OpenID4VP 1.0 §8.6, no. 2.2, 2.3 and 3).

use std::collections::HashSet;
use std::fmt;

use crate::codec::Budget;
use crate::protocol::dcql::{CredentialQuery, Query, QueryError};

use super::walk::{self, Side, Steps};
use super::{Candidate, WhyNot};

/// Checks that `presented` answers `query`: by id of the credential query, what was presented for it.
///
/// The presentations themselves (signatures, nonce, trust, status) are checked before this: the claims of a candidate
/// are those that were disclosed. One presentation that does not match spoils the whole; a verifier that would rather
/// discard it sorts it out with [`check_presentation`] first.
pub fn check_presented<'p>(
    query: &Query,
    presented: impl IntoIterator<Item = (&'p str, &'p [Candidate<'p>])>,
    budget: &mut Budget,
) -> Result<(), PresentedError> {
    let mut answered = HashSet::new();
    for (id, presentations) in presented {
        let credential = query.credential(id).ok_or(PresentedError::UnknownQuery)?;
        let id = || credential.id().to_owned();
        if !answered.insert(credential.id()) {
            return Err(PresentedError::Repeated { query: id() });
        }
        // §8.1: an array of one or more, and of one only unless several were asked for.
        match presentations.len() {
            0 => return Err(PresentedError::Empty { query: id() }),
            2.. if !credential.multiple() => {
                return Err(PresentedError::TooMany {
                    query: id(),
                    presented: presentations.len(),
                });
            }
            _ => {}
        }
        for (presentation, candidate) in presentations.iter().enumerate() {
            check(credential, candidate, budget)?.map_err(|why| PresentedError::DoesNotMatch {
                query: id(),
                presentation,
                why,
            })?;
        }
    }
    // §6.4.2.
    if query.sets().is_empty() {
        let missing = query.credentials().iter().find(|query| !answered.contains(query.id()));
        return match missing {
            Some(missing) => Err(PresentedError::NotAnswered {
                query: missing.id().to_owned(),
            }),
            None => Ok(()),
        };
    }
    let answers = |option: &Vec<String>| option.iter().all(|id| answered.contains(id.as_str()));
    let unanswered = query
        .sets()
        .iter()
        .position(|set| set.is_required() && !set.options().iter().any(answers));
    match unanswered {
        Some(set) => Err(PresentedError::SetNotAnswered { set }),
        None => Ok(()),
    }
}

/// Checks one presentation against the credential query it answers.
pub fn check_presentation(
    query: &CredentialQuery,
    presented: &Candidate<'_>,
    budget: &mut Budget,
) -> Result<(), PresentedError> {
    check(query, presented, budget)?.map_err(|why| PresentedError::DoesNotMatch {
        query: query.id().to_owned(),
        presentation: 0,
        why,
    })
}

fn check(
    query: &CredentialQuery,
    presented: &Candidate<'_>,
    budget: &mut Budget,
) -> Result<Result<(), WhyNot>, QueryError> {
    let mut steps = Steps::new(budget);
    steps.take(1 + Candidate::cost(query))?;
    let mut kind = presented.check_kind(query);
    // §6.1: trust in the issuer is the verifier's own check; here it is repeated only where the caller knows.
    if presented.knows_authorities() {
        kind = kind.and_then(|()| presented.check_authority(query));
    }
    let selected = match kind {
        Ok(()) => walk::select(query, presented.claims(), Side::Verifier, &mut steps),
        Err(why) => Ok(Err(why)),
    };
    steps.settle(budget);
    Ok(selected?.map(drop))
}

/// An answer that does not meet its query. The names in it are the query's own.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PresentedError {
    /// The answer costs more to check than is allowed.
    Budget(QueryError),
    /// A presentation is not what its query asks for.
    DoesNotMatch {
        /// The id of the query.
        query: String,
        /// The position of the presentation.
        presentation: usize,
        /// Why.
        why: WhyNot,
    },
    /// A query is named, but nothing is presented for it.
    Empty {
        /// The id of the query.
        query: String,
    },
    /// A required query is not answered.
    NotAnswered {
        /// The id of the query.
        query: String,
    },
    /// A query is answered twice.
    Repeated {
        /// The id of the query.
        query: String,
    },
    /// No option of a required credential set is answered.
    SetNotAnswered {
        /// The position of the set.
        set: usize,
    },
    /// Several presentations where one was asked for.
    TooMany {
        /// The id of the query.
        query: String,
        /// How many came.
        presented: usize,
    },
    /// An answer to a query that was not asked.
    UnknownQuery,
}

impl PresentedError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Budget(error) => error.code(),
            Self::DoesNotMatch { why, .. } => why.code(),
            Self::Empty { .. } => "dcql.presented.empty",
            Self::NotAnswered { .. } => "dcql.presented.not_answered",
            Self::Repeated { .. } => "dcql.presented.repeated",
            Self::SetNotAnswered { .. } => "dcql.presented.set_not_answered",
            Self::TooMany { .. } => "dcql.presented.too_many",
            Self::UnknownQuery => "dcql.presented.unknown_query",
        }
    }
}

impl From<QueryError> for PresentedError {
    fn from(error: QueryError) -> Self {
        Self::Budget(error)
    }
}

impl fmt::Display for PresentedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Budget(error) => error.fmt(f),
            Self::DoesNotMatch {
                query,
                presentation,
                why,
            } => write!(f, "presentation {presentation} for `{query}` does not match: {why}"),
            Self::Empty { query } => write!(f, "nothing is presented for `{query}`"),
            Self::NotAnswered { query } => write!(f, "`{query}` is not answered"),
            Self::Repeated { query } => write!(f, "`{query}` is answered twice"),
            Self::SetNotAnswered { set } => write!(f, "no option of credential set {set} is answered"),
            Self::TooMany { query, presented } => write!(f, "{presented} presentations for `{query}`, 1 is allowed"),
            Self::UnknownQuery => f.write_str("an answer to a query that was not asked"),
        }
    }
}

impl std::error::Error for PresentedError {}
