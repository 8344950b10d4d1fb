//! Why a credential does not answer a query: for the holder's eyes, never for the verifier's.

use std::fmt;

use crate::credential::{ClaimPath, PathError};

/// The first reason why a credential does not answer a query. It holds nothing that the query did not say.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhyNot {
    /// Nothing is held at all.
    NothingHeld,
    /// The credential has another format.
    Format,
    /// The credential has another type.
    Type,
    /// The credential is not bound to its holder.
    HolderBinding,
    /// The verifier takes no signature of the kind that the credential's key makes.
    Algorithm,
    /// The issuer is under none of the named authorities, or it is not known to be.
    Authority,
    /// A claim is missing; with claim sets, the first one that the preferred set lacks.
    Claim {
        /// The path, as asked for.
        path: ClaimPath,
        /// What is wrong.
        reason: ClaimFault,
    },
}

/// Why a claim counts as missing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClaimFault {
    /// The path selects nothing.
    Absent,
    /// The path does not fit the claims (OpenID4VP 1.0 §7.1.1).
    Path(PathError),
    /// A path into an mdoc is not namespace and element (OpenID4VP 1.0 §7.2.1).
    MdocPath,
    /// The claim has none of the expected values.
    Value,
}

impl WhyNot {
    /// The stable code of the reason.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NothingHeld => "dcql.nothing_held",
            Self::Format => "dcql.format",
            Self::Type => "dcql.type",
            Self::HolderBinding => "dcql.holder_binding",
            Self::Algorithm => "dcql.algorithm",
            Self::Authority => "dcql.authority",
            Self::Claim { reason, .. } => match reason {
                ClaimFault::Absent => "dcql.claim.absent",
                ClaimFault::Path(_) => "dcql.claim.path",
                ClaimFault::MdocPath => "dcql.claim.mdoc_path",
                ClaimFault::Value => "dcql.claim.value",
            },
        }
    }

    /// How near a credential came to answering: the checks run in this order.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::NothingHeld => 0,
            Self::Format => 1,
            Self::Type => 2,
            Self::HolderBinding => 3,
            Self::Algorithm => 4,
            Self::Authority => 5,
            Self::Claim { reason, .. } if *reason != ClaimFault::Value => 6,
            Self::Claim { .. } => 7,
        }
    }
}

impl fmt::Display for WhyNot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingHeld => f.write_str("no credential is held"),
            Self::Format => f.write_str("the credential has another format"),
            Self::Type => f.write_str("the credential has another type"),
            Self::HolderBinding => f.write_str("the credential is not bound to its holder"),
            Self::Algorithm => f.write_str("the verifier does not take signatures of the credential's key"),
            Self::Authority => f.write_str("the issuer is not known to be under a named authority"),
            Self::Claim { path, reason } => match reason {
                ClaimFault::Absent => write!(f, "the claim {path} is not there"),
                ClaimFault::Path(error) => write!(f, "the claim {path} is not there: {error}"),
                ClaimFault::MdocPath => write!(f, "the claim {path} is not a namespace and an element"),
                ClaimFault::Value => write!(f, "the claim {path} has another value"),
            },
        }
    }
}
