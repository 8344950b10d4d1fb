//! Whether a credential still holds: Token Status List (draft-ietf-oauth-status-list-21) as JWT and as CWT, the list
//! of revoked identifiers of ISO 18013-5 (second edition), and the [`bitstring`] lists of W3C credentials.
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
//! Which form a list has is decided by the credential: mdocs refer to CWTs, what is JSON to JWTs; the other form is
//! refused. MACs and the `time` parameter are not supported and refused.

mod accept;
pub mod bitstring;
mod cwt;
mod error;
mod evidence;
mod identifier;
mod list;
mod token;

pub use accept::{HasStatus, Status, StatusPolicy};
pub use cwt::IdentifierListToken;
pub use error::{StatusError, UnknownReason};
pub use evidence::StatusEvidence;
pub use identifier::IdentifierList;
pub use list::{StatusList, StatusWidth, draw_index};
pub use token::{StatusListToken, TokenTimes, aggregated_lists};

#[cfg(test)]
mod tests;
