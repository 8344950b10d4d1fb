//! Certificate profiles as policy: what a certificate of a kind must look like beyond a valid path.
//!
//! ISO 18013-5 Annex B describes the authority of an issuing country (IACA) and what hangs below it; the EUDI profiles
//! (ETSI TS 119 412-6, TS 119 411-8) describe PID providers and access certificates. Rules that protect (what a key
//! may be used for, who is an authority, whose country it is, when it was valid) are always enforced where a document
//! signer or a reader is resolved; rules of shape are told by [`TrustStore::explain_profile`] and enforced under
//! [`ProfilePolicy::Strict`], since certificates in use bend them.

mod rule;
mod run;

use std::fmt;

use super::{Certificate, Role, TrustError, TrustStore};
use crate::time::Timestamp;

pub use rule::ProfileRule;
pub(super) use run::{Subject, run};

/// A kind of certificate, and with it the rules that it must meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum CertificateProfile {
    /// An access certificate of a relying party or an issuer's service (ETSI TS 119 411-8).
    Access,
    /// A document signer (ISO 18013-5 Annex B.1.4), and the authority above it.
    DocumentSigner,
    /// The root of an issuing country's authority (ISO 18013-5 Annex B.1.2).
    Iaca,
    /// A signer of PIDs (ETSI TS 119 412-6).
    PidProvider,
    /// A reader that authenticates itself (ISO 18013-5 Annex B.1.7).
    Reader,
    /// A signer of revocation lists for mobile security objects (ISO 18013-5 Annex B, second edition).
    RevocationListSigner,
    /// A signer of a list of such authorities (ISO 18013-5 Annex C).
    VicalSigner,
}

impl CertificateProfile {
    /// The profile of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "access" => Some(Self::Access),
            "document_signer" => Some(Self::DocumentSigner),
            "iaca" => Some(Self::Iaca),
            "pid" => Some(Self::PidProvider),
            "reader" => Some(Self::Reader),
            "revocation_list_signer" => Some(Self::RevocationListSigner),
            "vical_signer" => Some(Self::VicalSigner),
            _ => None,
        }
    }

    /// The stable name: `access`, `document_signer`, `iaca`, `pid`, `reader`, `revocation_list_signer`, `vical_signer`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::DocumentSigner => "document_signer",
            Self::Iaca => "iaca",
            Self::PidProvider => "pid",
            Self::Reader => "reader",
            Self::RevocationListSigner => "revocation_list_signer",
            Self::VicalSigner => "vical_signer",
        }
    }

    /// The profile of whoever signs documents of this type: PIDs follow the EUDI, everything else ISO 18013-5.
    pub fn for_doctype(doctype: &str) -> Self {
        if doctype.starts_with("eu.europa.ec.eudi.") {
            Self::PidProvider
        } else {
            Self::DocumentSigner
        }
    }

    /// The profile that a certificate says it is made for, by its key purposes, policies and statements.
    pub fn of(certificate: &Certificate) -> Option<Self> {
        let has = |purposes: &[&str]| {
            let found = certificate.extended_key_usage();
            found.iter().any(|purpose| purposes.contains(&purpose.as_str()))
        };
        if certificate.is_ca() {
            Some(Self::Iaca)
        } else if has(purpose::DOCUMENT_SIGNER) {
            Some(Self::DocumentSigner)
        } else if has(purpose::READER) {
            Some(Self::Reader)
        } else if has(purpose::VICAL_SIGNER) {
            Some(Self::VicalSigner)
        } else if run::says_pid(certificate) {
            Some(Self::PidProvider)
        } else {
            run::says_access(certificate).then_some(Self::Access)
        }
    }
}

impl fmt::Display for CertificateProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Key purposes by what they are for.
pub(super) mod purpose {
    /// ISO 18013-5 Annex B.1.4, and its successor in ISO/IEC 23220-4 (second edition).
    pub(in crate::trust) const DOCUMENT_SIGNER: &[&str] = &["1.0.18013.5.1.2", "1.0.23220.4.1.2"];
    /// ISO 18013-5 Annex B.1.7, and its successor.
    pub(in crate::trust) const READER: &[&str] = &["1.0.18013.5.1.6", "1.0.23220.4.1.6"];
    /// ISO 18013-5 Annex C.
    pub(in crate::trust) const VICAL_SIGNER: &[&str] = &["1.0.18013.5.1.8"];
    /// `anyExtendedKeyUsage` (RFC 5280 §4.2.1.12).
    pub(in crate::trust) const ANY: &str = "2.5.29.37.0";
    /// Purposes that are known and something else: TLS server and client, code, mail, time stamps, OCSP, and the JWS of
    /// ISO 18013-5's server retrieval. Signing status lists has no number yet (Token Status List §10.1).
    pub(in crate::trust) const FOREIGN: &[&str] = &[
        "1.3.6.1.5.5.7.3.1",
        "1.3.6.1.5.5.7.3.2",
        "1.3.6.1.5.5.7.3.3",
        "1.3.6.1.5.5.7.3.4",
        "1.3.6.1.5.5.7.3.8",
        "1.3.6.1.5.5.7.3.9",
        "1.0.18013.5.1.3",
    ];
}

/// How much of a profile is enforced where a document signer or a reader is resolved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProfilePolicy {
    /// Nothing beyond a valid path (RFC 5280) and the time of signing.
    PathOnly,
    /// The rules that protect: key usage, key purpose, authority flags, countries, validities.
    #[default]
    Protective,
    /// Every rule.
    Strict,
}

impl ProfilePolicy {
    /// Whether a breach of the rule refuses the certificate.
    pub(super) fn enforces(self, rule: ProfileRule, profile: CertificateProfile) -> bool {
        match self {
            Self::PathOnly => rule == ProfileRule::SignedWithinValidity,
            Self::Protective => rule.protects(profile),
            Self::Strict => true,
        }
    }
}

/// One rule of a profile, looked at for one certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProfileFinding {
    /// The rule.
    pub rule: ProfileRule,
    /// Which certificate of the path, counted from the leaf.
    pub certificate: usize,
    /// The name of that certificate.
    pub subject: String,
    /// Whether it is met.
    pub holds: bool,
    /// What stands there instead, where a word helps.
    pub found: Option<String>,
    /// Whether the store's policy refuses what does not meet it.
    pub enforced: bool,
}

impl ProfileFinding {
    /// The refusal, if the rule is not met.
    pub fn error(&self) -> Option<TrustError> {
        let refusal = TrustError::Profile {
            rule: self.rule,
            certificate: self.certificate,
        };
        (!self.holds).then_some(refusal)
    }
}

/// The first breach that the policy refuses. `below` is the path from the leaf up to the anchor, without it.
pub(super) fn enforce(
    policy: ProfilePolicy,
    profile: CertificateProfile,
    below: &[Certificate],
    anchor: Option<&Certificate>,
    subject: &Subject<'_>,
) -> Result<(), TrustError> {
    let mut outcome = Ok(());
    run(profile, below, anchor, subject, &mut |rule, certificate, holds, _| {
        if !holds && outcome.is_ok() && policy.enforces(rule, profile) {
            outcome = Err(TrustError::Profile { rule, certificate });
        }
    });
    outcome
}

impl TrustStore {
    /// Explains a chain, leaf first, by a profile: every rule with its outcome, for the path to an anchor of the role
    /// or, where there is none, for the certificates as they come.
    pub fn explain_profile(
        &self,
        role: Role,
        profile: CertificateProfile,
        chain: &[Vec<u8>],
        now: Timestamp,
    ) -> Result<Vec<ProfileFinding>, TrustError> {
        let path = match self.validate(role, chain, now, &|_, _| Ok(())) {
            Ok(path) => path.into_owned(),
            Err(_) => self.presented(role, chain)?,
        };
        let (below, anchor) = match path.split_last() {
            Some((anchor, below)) if !below.is_empty() => (below, Some(anchor)),
            _ => (&path[..], None),
        };
        let mut findings = Vec::new();
        let subject = Subject::default();
        run(
            profile,
            below,
            anchor,
            &subject,
            &mut |rule, certificate, holds, found| {
                findings.push(ProfileFinding {
                    rule,
                    certificate,
                    subject: path.get(certificate).map(Certificate::display_name).unwrap_or_default(),
                    holds,
                    found: if holds { None } else { found() },
                    enforced: self.profile_policy().enforces(rule, profile),
                });
            },
        );
        Ok(findings)
    }

    /// The certificates as they come, with the anchor that has the name of the last one's issuer, if there is one.
    fn presented(&self, role: Role, chain: &[Vec<u8>]) -> Result<Vec<Certificate>, TrustError> {
        let mut path: Vec<Certificate> = Vec::new();
        for der in chain.iter().take(super::store::MOST_CERTIFICATES) {
            path.push(Certificate::parse(der)?);
        }
        let last = path.last().ok_or(TrustError::NoCertificate)?;
        let above = self
            .certificates(role)
            .find(|anchor| anchor.subject() == last.issuer() && *anchor != last);
        let above = above.cloned();
        path.extend(above);
        Ok(path)
    }
}

#[cfg(test)]
mod tests;
