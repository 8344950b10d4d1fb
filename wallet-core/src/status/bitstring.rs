//! Bitstring Status List v1.0 (W3C Recommendation, 15 May 2025): entries of W3C credentials, and the lists they point at.
//!
//! The order of bits is the opposite of the Token Status List's: the first entry is the left-most bit (§2.2), compressed
//! with GZIP. The credential that holds a list is verified first, its proof and its issuer as those of any credential:
//! what comes here is what was verified.
//!
//! ```text
//! status_entries(credential) -> Vec<StatusEntry>        every one counts, not only the first
//! entry.request(policy) -> HttpRequest … verify … BitstringStatusList::read(list credential, url, fetched)
//! judge_entries(&entries, &lists, now) -> Status
//! ```

mod entry;
mod error;
mod list;

pub use entry::{BitstringEntry, StatusEntry, StatusPurpose, status_entries};
pub use error::BitstringError;
pub use list::{Bitstring, BitstringStatus, BitstringStatusList, judge_entries};

/// §2.1: an entry is as wide as its issuer likes; eight bits have 256 messages, and more are refused.
const WIDEST: u8 = 8;

#[cfg(test)]
mod tests;
