//! From verified to accepted: what the status says, and what the policy makes of it.

use super::{StatusError, StatusEvidence, UnknownReason};
use crate::credential::mdoc::Mdoc;
use crate::credential::sd_jwt::SdJwt;
use crate::credential::{Accepted, Credential, StatusListReference, StatusReferenceError, Verified};
use crate::time::{Timestamp, Validity};

/// A credential that may have a status.
pub trait HasStatus {
    /// Where its status is kept; `None` if it has none.
    fn status_reference(&self) -> Result<Option<StatusListReference>, StatusReferenceError>;

    /// When it may be used; a valid status does not make it last longer (§8.3).
    fn validity(&self) -> Validity;
}

impl HasStatus for SdJwt {
    fn status_reference(&self) -> Result<Option<StatusListReference>, StatusReferenceError> {
        self.claims()
            .get("status")
            .map(StatusListReference::from_claim)
            .transpose()
    }

    fn validity(&self) -> Validity {
        Self::validity(self)
    }
}

impl HasStatus for Credential {
    fn status_reference(&self) -> Result<Option<StatusListReference>, StatusReferenceError> {
        match self {
            Self::Mdoc(credential) => HasStatus::status_reference(&**credential),
            Self::SdJwt(credential) => HasStatus::status_reference(&**credential),
        }
    }

    fn validity(&self) -> Validity {
        Self::validity(self)
    }
}

impl HasStatus for Mdoc {
    fn status_reference(&self) -> Result<Option<StatusListReference>, StatusReferenceError> {
        Self::status_reference(self)
    }

    fn validity(&self) -> Validity {
        Self::validity(self)
    }
}

/// Whether a credential still holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// Its entry says valid.
    Valid,
    /// Its issuer took it back.
    Revoked,
    /// It does not hold for the time being.
    Suspended,
    /// A status of the application's own, or a reserved one.
    Other(u8),
    /// It has no status: its validity alone decides.
    Untracked,
    /// It cannot be told.
    Unknown(UnknownReason),
}

impl Status {
    /// A short name: `valid`, `revoked`, `suspended`, `other`, `untracked`, `unknown`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Revoked => "revoked",
            Self::Suspended => "suspended",
            Self::Other(_) => "other",
            Self::Untracked => "untracked",
            Self::Unknown(_) => "unknown",
        }
    }

    /// §7.1: the registered values.
    fn of(value: u8) -> Self {
        match value {
            0x00 => Self::Valid,
            0x01 => Self::Revoked,
            0x02 => Self::Suspended,
            other => Self::Other(other),
        }
    }
}

/// What is made of a status that cannot be told. Revoked, suspended and unknown values are always refused, and so
/// is a list that fails its checks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StatusPolicy {
    /// Refuse it.
    #[default]
    RefuseUnknown,
    /// Accept a list that is no longer fresh, but has not ended, up to this age in seconds: offline grace.
    AcceptStale {
        /// Seconds since it was fetched.
        most_age: i64,
    },
    /// Accept when no fresh list is at hand, as a wallet does with what it holds: it shows the credential, and
    /// says that it does not know.
    AcceptUnavailable,
}

impl<T: HasStatus> Verified<T> {
    /// What the evidence says of the credential at `now`.
    pub fn status(&self, evidence: &StatusEvidence, now: Timestamp) -> Status {
        let reference = match self.credential().status_reference() {
            Ok(Some(reference)) => reference,
            Ok(None) => return Status::Untracked,
            Err(error) => return Status::Unknown(StatusError::from(error).into()),
        };
        match evidence.find(&reference, self.issuer(), now) {
            Ok(found) if found.age > found.limit => Status::Unknown(UnknownReason::Stale {
                age: found.age,
                limit: found.limit,
            }),
            Ok(found) => Status::of(found.value),
            Err(reason) => Status::Unknown(reason),
        }
    }

    /// Accepts the credential if it still holds at `now`.
    pub fn accept(
        self,
        evidence: &StatusEvidence,
        policy: StatusPolicy,
        now: Timestamp,
    ) -> Result<Accepted<T>, StatusError> {
        self.credential()
            .validity()
            .check(now, SKEW)
            .map_err(StatusError::CredentialValidity)?;
        match self.status(evidence, now) {
            Status::Valid | Status::Untracked => {}
            Status::Revoked => return Err(StatusError::Revoked),
            Status::Suspended => return Err(StatusError::Suspended),
            Status::Other(value) => return Err(StatusError::UnknownValue { value }),
            // A list that fails its checks is as if a stranger had answered: no policy accepts it.
            Status::Unknown(UnknownReason::Invalid(error)) => return Err(*error),
            Status::Unknown(reason) => self.allow_unknown(reason, evidence, policy, now)?,
        }
        Ok(Accepted::new(self))
    }

    fn allow_unknown(
        &self,
        reason: UnknownReason,
        evidence: &StatusEvidence,
        policy: StatusPolicy,
        now: Timestamp,
    ) -> Result<(), StatusError> {
        let stale = matches!(reason, UnknownReason::Stale { .. });
        let most_age = match policy {
            StatusPolicy::AcceptStale { most_age } if stale => most_age,
            StatusPolicy::AcceptUnavailable if stale => i64::MAX,
            StatusPolicy::AcceptUnavailable => return Ok(()),
            _ => return Err(StatusError::Undetermined(reason)),
        };
        // An old list that says "revoked" is still worse than none.
        let reference = self.credential().status_reference()?;
        let found = reference.map(|reference| evidence.find(&reference, self.issuer(), now));
        match found {
            Some(Ok(found)) if found.age > most_age => Err(StatusError::Undetermined(reason)),
            Some(Ok(found)) => match Status::of(found.value) {
                Status::Valid => Ok(()),
                Status::Revoked => Err(StatusError::Revoked),
                Status::Suspended => Err(StatusError::Suspended),
                _ => Err(StatusError::UnknownValue { value: found.value }),
            },
            _ => Err(StatusError::Undetermined(reason)),
        }
    }
}

/// A clock may be wrong by this many seconds; the same as in verifying.
const SKEW: i64 = 60;
