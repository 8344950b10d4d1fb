//! Whether a credential still holds: Token Status List (draft-ietf-oauth-status-list-21), as JWT.
//!
//! Order of things (§8.3): the credential is verified first, which the types ensure, for only a
//! [`Verified`](crate::credential::Verified) has a status; then its list is fetched out of band of any
//! presentation, and checked: type, signature by a key bound to the credential's issuer, `sub`, time, range.
//! What cannot be told is [`Status::Unknown`] with a reason, and never counts as valid.
//!
//! ```text
//! evidence.request(&reference) -> HttpRequest … evidence.add_response(uri, response, now)
//! verified.status(&evidence, now) -> Status
//! verified.accept(&evidence, StatusPolicy::RefuseUnknown, now) -> Accepted<T>
//! ```
//! Lists as CWT, MACs and the `time` parameter are not supported and refused.

mod accept;
mod error;
mod evidence;
mod list;
mod token;

pub use accept::{HasStatus, Status, StatusPolicy};
pub use error::{StatusError, UnknownReason};
pub use evidence::StatusEvidence;
pub use list::{StatusList, StatusWidth, draw_index};
pub use token::{StatusListToken, TokenTimes, aggregated_lists};

#[cfg(test)]
mod tests;
