//! Who may be believed: anchors by role, X.509 paths, pinned keys per issuer, trust packs.
//!
//! A [`TrustStore`] answers one question for each role: which key is proven to be that of the party named? What it
//! does not vouch for does not exist. Names to show come from certificates and trust packs alone (lessons S11).

mod anchor;
#[cfg(any(feature = "issuer", feature = "verifier"))]
pub mod authority;
mod certificate;
mod error;
mod explain;
mod issuer;
pub mod pack;
mod party;
mod path;
mod profile;
mod store;
pub mod vical;

pub use anchor::{Anchor, AnchorMaterial, Environment, Role};
pub use certificate::{Certificate, CertificateError, CrlDistributionPoint};
pub use error::TrustError;
pub use explain::{Explanation, PathRule};
pub use issuer::{DocumentSignerClaim, IssuerClaim, IssuerEvidence, TrustedIssuer};
pub use party::VerifiedParty;
pub use profile::{CertificateProfile, ProfileFinding, ProfilePolicy, ProfileRule};
pub use store::{ChainPolicy, TrustStore};
