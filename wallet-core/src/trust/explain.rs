//! A certificate chain explained, rule by rule: for people who ask why it is not trusted.

use super::{Certificate, CertificateProfile, ChainPolicy, ProfileFinding, Role, TrustError, TrustStore};
use crate::time::Timestamp;

/// A rule that a certificate chain must meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PathRule {
    /// Every certificate can be read (RFC 5280 §4).
    Readable,
    /// The first one is not that of an authority.
    SignerIsNoAuthority,
    /// The first one may sign documents (`keyUsage`).
    SignerMaySign,
    /// The key of the first one is of a supported kind.
    SignerKeySupported,
    /// The first one is within its validity.
    SignerValidity,
    /// The first one does not vouch for itself, or is pinned.
    SignerNotSelfSigned,
    /// The chain does not carry its own anchor (strict reading).
    AnchorNotInChain,
    /// Signatures, names and limits lead to an anchor of the role.
    LeadsToAnchor,
}

/// A certificate chain explained.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// The rules of the path.
    pub path: Vec<(PathRule, Result<(), TrustError>)>,
    /// The profile that the certificates were held against, if there is one that they claim or that was asked for.
    pub profile: Option<CertificateProfile>,
    /// The rules of the profile.
    pub findings: Vec<ProfileFinding>,
}

impl Explanation {
    /// Whether the chain is trusted: the path holds, and no rule is broken that the store's policy enforces.
    pub fn is_trusted(&self) -> bool {
        let path = self.path.iter().all(|(_, outcome)| outcome.is_ok());
        path && self.findings.iter().all(|finding| finding.holds || !finding.enforced)
    }
}

impl PathRule {
    /// The stable name of the rule.
    pub fn name(self) -> &'static str {
        match self {
            Self::Readable => "readable",
            Self::SignerIsNoAuthority => "signer_is_no_authority",
            Self::SignerMaySign => "signer_may_sign",
            Self::SignerKeySupported => "signer_key_supported",
            Self::SignerValidity => "signer_validity",
            Self::SignerNotSelfSigned => "signer_not_self_signed",
            Self::AnchorNotInChain => "anchor_not_in_chain",
            Self::LeadsToAnchor => "leads_to_anchor",
        }
    }

    /// What to do where the rule is broken.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Readable => "give the certificates as they were issued, in PEM",
            Self::SignerIsNoAuthority => "put the certificate of the signer first, its authorities after it",
            Self::SignerMaySign => "use a certificate whose keyUsage has digitalSignature",
            Self::SignerKeySupported => "use an ECDSA or Ed25519 key",
            Self::SignerValidity => "get a certificate that is valid at this time, or judge for another time",
            Self::SignerNotSelfSigned => "have it issued by an authority, or trust this very certificate",
            Self::AnchorNotInChain => "leave the root out of the chain",
            Self::LeadsToAnchor => "trust the root of the chain in this role, and add missing authorities to the chain",
        }
    }
}

impl TrustStore {
    /// Explains a chain, leaf first, in a role: its path, and every rule of a profile: the one asked for, or the one
    /// that its leaf claims.
    pub fn explain(
        &self,
        role: Role,
        profile: Option<CertificateProfile>,
        x5c: &[Vec<u8>],
        now: Timestamp,
    ) -> Explanation {
        let claimed = || CertificateProfile::of(&Certificate::parse(x5c.first()?).ok()?);
        let profile = profile.or_else(claimed);
        let findings = profile.map(|profile| self.explain_profile(role, profile, x5c, now));
        Explanation {
            path: self.explain_path(role, x5c, now),
            profile,
            // Certificates that cannot be read have no findings; the path says so.
            findings: findings.and_then(Result::ok).unwrap_or_default(),
        }
    }

    /// Explains a chain, leaf first, in a role: each rule with its outcome. All pass exactly if the chain is
    /// trusted; limits to credential types and times of issue come on top of it.
    pub fn explain_path(&self, role: Role, x5c: &[Vec<u8>], now: Timestamp) -> Vec<(PathRule, Result<(), TrustError>)> {
        let certificates: Result<Vec<Certificate>, _> = x5c.iter().map(|der| Certificate::parse(der)).collect();
        let certificates = match certificates {
            Ok(certificates) if certificates.is_empty() => {
                return vec![(PathRule::Readable, Err(TrustError::NoCertificate))];
            }
            Ok(certificates) => certificates,
            Err(error) => return vec![(PathRule::Readable, Err(error.into()))],
        };
        let leaf = &certificates[0];
        let pinned = self.is_certificate_anchor(role, leaf);
        let rule = |holds: bool, error: TrustError| if holds { Ok(()) } else { Err(error) };
        let carried = certificates[1..]
            .iter()
            .any(|certificate| certificate.is_self_signed() || self.is_certificate_anchor(role, certificate));
        let strict = self.chain_policy() == ChainPolicy::Strict;
        vec![
            (PathRule::Readable, Ok(())),
            (
                PathRule::SignerIsNoAuthority,
                rule(!leaf.is_ca(), TrustError::AuthorityAsSigner),
            ),
            (
                PathRule::SignerMaySign,
                rule(leaf.may_sign_documents(), TrustError::KeyUsage),
            ),
            (
                PathRule::SignerKeySupported,
                leaf.public_key().map(drop).map_err(TrustError::from),
            ),
            (
                PathRule::SignerValidity,
                leaf.check_validity(now).map_err(TrustError::Validity),
            ),
            (
                PathRule::SignerNotSelfSigned,
                rule(pinned || !leaf.is_self_signed(), TrustError::SelfSigned),
            ),
            (
                PathRule::AnchorNotInChain,
                rule(pinned || !carried || !strict, TrustError::AnchorInChain),
            ),
            (
                PathRule::LeadsToAnchor,
                self.validate(role, x5c, now, &|_, _| Ok(())).map(drop),
            ),
        ]
    }
}
