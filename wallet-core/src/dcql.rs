//! DCQL, evaluated: what of a holding answers a query, why the rest does not, and whether an answer is one.
//!
//! ```text
//! wallet:    evaluate(&query, &candidates, &mut budget) -> Evaluation   matches, claims to disclose, why not
//! verifier:  check_presented(&query, presented, &mut budget)            the query is met by what came
//! ```
//! Both sides walk the same path code (OpenID4VP 1.0 §7). They differ in one point: a verifier sees an SD-JWT after
//! the elements that were withheld are gone from its arrays (RFC 9901 §7.1), so an index there is an upper bound.
//!
//! Nothing is fetched, nothing is cloned but the paths to disclose, and combinations of credential sets are never
//! enumerated. Every step is paid for out of a [`Budget`](crate::codec::Budget).

mod candidate;
mod evaluation;
mod presented;
mod record;
mod walk;
mod why_not;

pub use candidate::{Authority, Candidate};
pub use evaluation::{Answer, Evaluation, Match, SetAnswer, Unmatched, evaluate};
pub use presented::{PresentedError, check_presentation, check_presented};
pub use record::{Record, RecordError};
pub use why_not::{ClaimFault, WhyNot};

#[cfg(test)]
mod tests;
