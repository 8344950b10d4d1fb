//! What a received credential has earned so far, as types (DESIGN §4).
//!
//! ```text
//! Unverified<T> --verify(trust, now)--> Verified<T> --accept(evidence, policy, now)--> Accepted<T>
//!                                          Held<T>, from the store, earns both anew
//! ```
//! There is no other way from one to the next: no `From`, no public constructor.

use crate::time::Timestamp;
use crate::trust::TrustedIssuer;

/// As received: nothing in it may be believed. There is no accessor for claims, only `inspect`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unverified<T>(T);

impl<T> Unverified<T> {
    pub(crate) fn new(inner: T) -> Self {
        Self(inner)
    }

    pub(crate) fn inner(&self) -> &T {
        &self.0
    }

    pub(crate) fn into_inner(self) -> T {
        self.0
    }
}

/// From a trusted issuer, intact, and in its time at the moment of the check. Its status is not yet known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified<T> {
    inner: T,
    issuer: TrustedIssuer,
    at: Timestamp,
}

impl<T> Verified<T> {
    /// Only the `verify` of a format may call this, after every check of the format passed.
    pub(crate) fn new(inner: T, issuer: TrustedIssuer, at: Timestamp) -> Self {
        Self { inner, issuer, at }
    }

    /// The credential.
    pub fn credential(&self) -> &T {
        &self.inner
    }

    /// Who issued it, as the trust check established it.
    pub fn issuer(&self) -> &TrustedIssuer {
        &self.issuer
    }

    /// When it was checked.
    pub fn verified_at(&self) -> Timestamp {
        self.at
    }

    /// The same about the same credential in another form; not about another one.
    pub(crate) fn map<U>(self, form: impl FnOnce(T) -> U) -> Verified<U> {
        Verified {
            inner: form(self.inner),
            issuer: self.issuer,
            at: self.at,
        }
    }

    /// To be kept: what was proven now must be proven anew when it comes back.
    pub fn into_held(self) -> Held<T> {
        Held::new(self.inner)
    }
}

/// Verified, and its status is known and good, or known not to exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted<T>(Verified<T>);

impl<T> Accepted<T> {
    /// Only `status` may call this, after the policy was met.
    pub(crate) fn new(verified: Verified<T>) -> Self {
        Self(verified)
    }

    /// The verified credential.
    pub fn verified(&self) -> &Verified<T> {
        &self.0
    }

    /// The credential.
    pub fn credential(&self) -> &T {
        self.0.credential()
    }
}

/// From the store: verified once, when it arrived. It must earn [`Verified`] anew before anyone relies on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held<T>(T);

impl<T> Held<T> {
    /// Only the store's reader and an issuance that just verified it may call this.
    pub(crate) fn new(inner: T) -> Self {
        Self(inner)
    }

    /// The credential as held.
    pub fn credential(&self) -> &T {
        &self.0
    }

    /// The same credential in another form.
    pub(crate) fn map<U>(self, form: impl FnOnce(T) -> U) -> Held<U> {
        Held(form(self.0))
    }

    /// Back to the start, to be verified anew.
    pub fn into_unverified(self) -> Unverified<T> {
        Unverified::new(self.0)
    }
}

/// A credential format by its OpenID4VC identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Format {
    /// `dc+sd-jwt`: SD-JWT VC.
    DcSdJwt,
    /// `mso_mdoc`: ISO 18013-5.
    MsoMdoc,
    /// `jwt_vc_json`: W3C credential as JWT.
    JwtVcJson,
    /// `ldp_vc`: W3C credential with Data Integrity.
    LdpVc,
}

impl Format {
    /// The format of this identifier.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "dc+sd-jwt" => Some(Self::DcSdJwt),
            "mso_mdoc" => Some(Self::MsoMdoc),
            "jwt_vc_json" => Some(Self::JwtVcJson),
            "ldp_vc" => Some(Self::LdpVc),
            _ => None,
        }
    }

    /// The identifier.
    pub fn name(self) -> &'static str {
        match self {
            Self::DcSdJwt => "dc+sd-jwt",
            Self::MsoMdoc => "mso_mdoc",
            Self::JwtVcJson => "jwt_vc_json",
            Self::LdpVc => "ldp_vc",
        }
    }
}
