//! The issuer of a credential, before and after the trust check.

use super::profile::{CertificateProfile, Subject};
use super::{Certificate, Environment, Role, TrustError, TrustStore};
use crate::envelope::jws::Header;
use crate::keys::PublicKey;
use crate::time::Timestamp;

/// What a credential says about its issuer; unverified.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct IssuerClaim<'a> {
    /// The protected header of the issuer's signature: `x5c`, `kid`, `alg`.
    pub header: &'a Header,
    /// `iss`.
    pub iss: Option<&'a str>,
    /// The credential type (`vct`), for anchors that are good for some types only.
    pub credential_type: &'a str,
    /// When it says it was issued (`iat`), for anchors that were entitled for some time only; else `now` counts.
    pub issued_at: Option<Timestamp>,
}

impl<'a> IssuerClaim<'a> {
    /// A claim.
    pub fn new(header: &'a Header, iss: Option<&'a str>, credential_type: &'a str) -> Self {
        Self {
            header,
            iss,
            credential_type,
            issued_at: None,
        }
    }

    /// The claim with its time of issue.
    #[must_use]
    pub fn issued_at(mut self, at: Option<Timestamp>) -> Self {
        self.issued_at = at;
        self
    }
}

/// What a document says about who signed it; unverified.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct DocumentSignerClaim<'a> {
    /// The certificates that came with the signature (`x5chain`), leaf first.
    pub chain: &'a [Vec<u8>],
    /// The document type, for anchors that are good for some types only, and for the choice of the profile.
    pub doctype: &'a str,
    /// When it says it was signed.
    pub signed: Timestamp,
    /// `issuing_country`, if disclosed: the country of the signer's certificate.
    pub issuing_country: Option<&'a str>,
    /// `issuing_jurisdiction`, if disclosed: the state or province of the signer's certificate.
    pub issuing_jurisdiction: Option<&'a str>,
    /// Until when it may be used.
    pub valid_until: Option<Timestamp>,
}

impl<'a> DocumentSignerClaim<'a> {
    /// A claim.
    pub fn new(chain: &'a [Vec<u8>], doctype: &'a str, signed: Timestamp) -> Self {
        Self {
            chain,
            doctype,
            signed,
            issuing_country: None,
            issuing_jurisdiction: None,
            valid_until: None,
        }
    }

    /// The claim with the end of the document.
    #[must_use]
    pub fn valid_until(mut self, at: Timestamp) -> Self {
        self.valid_until = Some(at);
        self
    }

    /// The claim with the issuing country, if there is one.
    #[must_use]
    pub fn issuing_country(mut self, country: Option<&'a str>) -> Self {
        self.issuing_country = country;
        self
    }

    /// The claim with the issuing jurisdiction, if there is one.
    #[must_use]
    pub fn issuing_jurisdiction(mut self, state: Option<&'a str>) -> Self {
        self.issuing_jurisdiction = state;
        self
    }
}

/// An issuer that a [`TrustStore`](super::TrustStore) vouches for, with the key that is proven to be its own.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrustedIssuer {
    /// The name to show: from the certificate or the trust pack, never from the credential.
    pub name: String,
    /// `iss`, if the credential has one; bound to the key by [`TrustedIssuer::evidence`].
    pub identifier: Option<String>,
    /// The key that must have signed.
    pub key: PublicKey,
    /// Why the key is the issuer's.
    pub evidence: IssuerEvidence,
    /// Its other keys, pinned or published together with [`TrustedIssuer::key`]: they may sign its status lists.
    pub related_keys: Vec<PublicKey>,
    /// Whether the anchor is for production or for tests (lessons S36).
    pub environment: Environment,
}

impl TrustedIssuer {
    /// The keys that may sign a status list for credentials of this issuer (Token Status List §11.3): its own, one
    /// pinned or published with it or, where it was found by certificate, that of a certificate under the same
    /// anchor. Never empty; the caller accepts the one whose signature verifies.
    pub fn status_keys(&self, header: &Header, now: Timestamp) -> Result<Vec<PublicKey>, TrustError> {
        let keys = match (&self.evidence, header.x5c()?) {
            (IssuerEvidence::Path(path), Some(chain)) => {
                let mut store = TrustStore::new(self.environment);
                let anchor = path.last().ok_or(TrustError::NoCertificate)?;
                store.add_anchor(Role::Issuers, Certificate::parse(anchor)?);
                let signer = store.validate(Role::Issuers, &chain, now, &|_, _| Ok(()))?;
                vec![signer[0].public_key()?.clone()]
            }
            _ => std::iter::once(&self.key).chain(&self.related_keys).cloned().collect(),
        };
        let fitting: Vec<PublicKey> = keys
            .into_iter()
            .filter(|key| key.algorithm() == header.algorithm())
            .take(MOST_STATUS_KEYS)
            .collect();
        if fitting.is_empty() {
            return Err(TrustError::UnknownIssuer);
        }
        Ok(fitting)
    }
}

impl TrustedIssuer {
    /// As [`TrustedIssuer::status_keys`], for a list that carries its certificates itself (`x5chain`, leaf first).
    /// They lead to `trust_point`, a certificate in DER that the credential names (ISO 18013-5 second edition §12.3.6),
    /// or else to the anchor of the issuer. Under it, no certificate that was made for something else signs lists.
    pub fn list_keys(
        &self,
        chain: Option<&[Vec<u8>]>,
        trust_point: Option<&[u8]>,
        now: Timestamp,
    ) -> Result<Vec<PublicKey>, TrustError> {
        let anchor = match (&self.evidence, trust_point) {
            (_, Some(point)) => Some(point),
            (IssuerEvidence::Path(path), None) => path.last().map(Vec::as_slice),
            _ => None,
        };
        let (Some(anchor), Some(chain)) = (anchor, chain) else {
            let own = std::iter::once(&self.key).chain(&self.related_keys).cloned();
            return match trust_point {
                Some(_) => Err(TrustError::NoCertificate),
                None => Ok(own.take(MOST_STATUS_KEYS).collect()),
            };
        };
        let mut store = TrustStore::new(self.environment);
        store.add_anchor(Role::Issuers, Certificate::parse(anchor)?);
        let signer = store.validate(Role::Issuers, chain, now, &|anchor, below| {
            let own = below.first().and_then(|leaf| leaf.public_key().ok()) == Some(&self.key);
            if own {
                return Ok(());
            }
            store.enforce(
                CertificateProfile::RevocationListSigner,
                anchor,
                below,
                &Subject::default(),
            )
        })?;
        Ok(vec![signer[0].public_key()?.clone()])
    }
}

/// More keys than this are not tried for one signature.
const MOST_STATUS_KEYS: usize = 8;

/// How a key came to be trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IssuerEvidence {
    /// A certificate path to an anchor; DER, leaf first, the anchor last.
    Path(Vec<Vec<u8>>),
    /// A key pinned for this issuer.
    PinnedKey,
    /// Keys the issuer publishes under its own name (JWT VC Issuer Metadata); the name is trusted.
    WebKeys,
}
