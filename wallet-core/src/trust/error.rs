//! Why nobody vouches for a key.

use std::fmt;

use super::{CertificateError, ProfileRule};
use crate::envelope::jws::JwsError;
use crate::time::OutsideValidity;

/// Why nobody vouches for a key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrustError {
    /// Several pinned keys fit and the header does not say which.
    AmbiguousKey,
    /// The certificates carry their own anchor, which a strict reading refuses (HAIP 1.0 §6.1.1).
    AnchorInChain,
    /// The anchor itself is outside its validity.
    AnchorValidity(OutsideValidity),
    /// The first certificate is that of an authority: it signs certificates, not documents.
    AuthorityAsSigner,
    /// A signature in the path does not verify.
    BadSignature,
    /// A certificate that cannot be read.
    Certificate(CertificateError),
    /// A critical extension that is not understood (RFC 5280 §4.2).
    CriticalExtension,
    /// Production and test anchors in one store (lessons S36).
    EnvironmentMixed,
    /// The header that names the key is malformed.
    Header(JwsError),
    /// The issuer's name is trusted, and the keys that it publishes are not at hand.
    KeysNotAtHand,
    /// `keyUsage` of the first certificate does not allow signing documents.
    KeyUsage,
    /// A role that takes certificates only was given bare keys.
    KeysForRole,
    /// A name in the path is outside the constraints of an authority above.
    NameConstraint,
    /// `iss` is not a name of the certificate.
    NameNotBound,
    /// The list of certificates is empty.
    NoCertificate,
    /// A certificate in the path signs others without being an authority.
    NotAnAuthority,
    /// The anchor was not entitled on the day of issue (lessons S7).
    NotEntitled(OutsideValidity),
    /// The path is longer than an authority in it allows.
    PathLength,
    /// A certificate does not meet a rule of its profile.
    Profile {
        /// The rule.
        rule: ProfileRule,
        /// Which certificate of the path, counted from the leaf.
        certificate: usize,
    },
    /// The first certificate vouches for itself and is not pinned.
    SelfSigned,
    /// Path building took more work than allowed.
    TooMuchWork,
    /// The anchor is not good for this type of credential.
    TypeNotAllowed,
    /// No anchor, pinned key or trusted name fits.
    UnknownIssuer,
    /// A key or signature of a kind that is not supported (RSA among them).
    UnsupportedAlgorithm,
    /// The certificates lead to no anchor of the role.
    UntrustedPath,
    /// A certificate of the path is outside its validity.
    Validity(OutsideValidity),
}

impl TrustError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::AmbiguousKey => "trust.ambiguous_key",
            Self::AnchorInChain => "trust.anchor_in_chain",
            Self::AnchorValidity(OutsideValidity::Expired { .. }) => "trust.anchor_expired",
            Self::AnchorValidity(OutsideValidity::NotYetValid { .. }) => "trust.anchor_not_yet_valid",
            Self::AuthorityAsSigner => "trust.authority_as_signer",
            Self::BadSignature => "trust.bad_signature",
            Self::Certificate(error) => error.code(),
            Self::CriticalExtension => "trust.critical_extension",
            Self::EnvironmentMixed => "trust.environment_mixed",
            Self::Header(error) => error.code(),
            Self::KeyUsage => "trust.key_usage",
            Self::KeysNotAtHand => "trust.keys_not_at_hand",
            Self::KeysForRole => "trust.keys_for_role",
            Self::NameConstraint => "trust.name_constraint",
            Self::NameNotBound => "trust.name_not_bound",
            Self::NoCertificate => "trust.no_certificate",
            Self::NotAnAuthority => "trust.not_an_authority",
            Self::NotEntitled(_) => "trust.not_entitled",
            Self::PathLength => "trust.path_length",
            Self::Profile { rule, .. } => rule.code(),
            Self::SelfSigned => "trust.self_signed",
            Self::TooMuchWork => "trust.too_much_work",
            Self::TypeNotAllowed => "trust.type_not_allowed",
            Self::UnknownIssuer => "trust.unknown_issuer",
            Self::UnsupportedAlgorithm => "trust.unsupported_algorithm",
            Self::UntrustedPath => "trust.untrusted_path",
            Self::Validity(OutsideValidity::Expired { .. }) => "trust.certificate_expired",
            Self::Validity(OutsideValidity::NotYetValid { .. }) => "trust.certificate_not_yet_valid",
        }
    }
}

impl From<CertificateError> for TrustError {
    fn from(error: CertificateError) -> Self {
        match error {
            CertificateError::UnsupportedKey => Self::UnsupportedAlgorithm,
            error => Self::Certificate(error),
        }
    }
}

impl From<JwsError> for TrustError {
    fn from(error: JwsError) -> Self {
        Self::Header(error)
    }
}

impl fmt::Display for TrustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AmbiguousKey => f.write_str("several pinned keys fit, and the header does not say which"),
            Self::AnchorInChain => f.write_str("the certificate chain carries its own anchor"),
            Self::AnchorValidity(outside) => write!(f, "the trust anchor is {outside}"),
            Self::AuthorityAsSigner => f.write_str("the signer's certificate is that of a certification authority"),
            Self::BadSignature => f.write_str("a signature in the certificate path does not verify"),
            Self::Certificate(error) => error.fmt(f),
            Self::CriticalExtension => f.write_str("a certificate has a critical extension that is not understood"),
            Self::EnvironmentMixed => f.write_str("anchors for production and for tests must not be mixed"),
            Self::Header(error) => error.fmt(f),
            Self::KeysNotAtHand => f.write_str("the keys that the issuer publishes are not at hand"),
            Self::KeyUsage => f.write_str("the certificate's key may not sign documents"),
            Self::KeysForRole => f.write_str("this role takes certificates, not bare keys"),
            Self::NameConstraint => f.write_str("a name in the certificate path is outside its constraints"),
            Self::NameNotBound => f.write_str("the issuer's identifier is not a name of its certificate"),
            Self::NoCertificate => f.write_str("the list of certificates is empty"),
            Self::NotAnAuthority => f.write_str("a certificate signs others without being an authority"),
            Self::NotEntitled(outside) => write!(f, "the issuer was not entitled on the day of issue: {outside}"),
            Self::PathLength => f.write_str("the certificate path is longer than an authority in it allows"),
            Self::Profile { rule, certificate } => write!(f, "certificate {certificate}: {rule}"),
            Self::SelfSigned => f.write_str("the signer's certificate vouches for itself and is not pinned"),
            Self::TooMuchWork => f.write_str("checking the certificate path takes more work than allowed"),
            Self::TypeNotAllowed => f.write_str("the trust anchor is not good for this type of credential"),
            Self::UnknownIssuer => f.write_str("no trust anchor vouches for the issuer"),
            Self::UnsupportedAlgorithm => {
                f.write_str("a certificate's kind of key or signature is not supported (ECDSA and Ed25519 are)")
            }
            Self::UntrustedPath => f.write_str("the certificates lead to no trust anchor of this role"),
            Self::Validity(outside) => write!(f, "a certificate of the path is {outside}"),
        }
    }
}

impl std::error::Error for TrustError {}
