//! Credentials: the common model of what was received, checked and held, and the formats.

mod any;
pub mod mdoc;
mod path;
pub mod sd_jwt;
mod state;
mod status_reference;
#[cfg(feature = "w3c")]
pub mod w3c;

pub use any::{Credential, CredentialError, HolderBinding, Presentation, Selection, UnboundPresentation};
pub use path::{ClaimPath, PathElement, PathError};
pub use state::{Accepted, Format, Held, Unverified, Verified};
pub use status_reference::{StatusEntry, StatusFormat, StatusListReference, StatusReferenceError};
