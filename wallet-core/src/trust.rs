//! Who may be believed: anchors by role, X.509 paths, pinned keys per issuer, trust packs.

mod issuer;
mod store;

pub use issuer::{IssuerClaim, IssuerEvidence, TrustedIssuer};
pub use store::{Environment, Role, TrustError, TrustStore};
