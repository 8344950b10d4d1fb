//! Anchors by role, and the decision whom they vouch for.
//!
//! How an issuer's key is found is decided by the store, never by the credential. For one `iss` there is one way:
//!
//! | what the store says of `iss` | header | key |
//! |---|---|---|
//! | pinned under this name | any | a pinned key; `x5c` proves nothing here |
//! | trusted web issuer | any | a key the issuer publishes; `x5c` proves nothing here |
//! | nothing, or no `iss` | `x5c` | the leaf of a path to an anchor, and `iss` is a name of the leaf; without such a path, the leaf's key if it is pinned without a name |
//! | nothing, or no `iss` | no `x5c` | a key pinned without a name, or that of a pinned end entity, of which `iss` is a name if it has any |
//!
//! The last two rows open no way around the others: whoever holds a key that is pinned without a name is believed under
//! every `iss` of which the store says nothing, with a certificate or without.

use std::borrow::Cow;

use super::anchor::{Anchor, AnchorMaterial, Environment, Role};
use super::path;
use super::profile::{self, CertificateProfile, ProfilePolicy};
use super::{Certificate, DocumentSignerClaim, IssuerClaim, IssuerEvidence, TrustError, TrustedIssuer, VerifiedParty};
use crate::envelope::jws::Header;
use crate::keys::{Jwk, JwkSet, PublicKey};
use crate::time::Timestamp;

/// Whether a chain may carry what it must not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChainPolicy {
    /// A root inside `x5c` is passed over: real wallets and issuers send it (haip.md §9, field report).
    #[default]
    TolerateRoot,
    /// HAIP 1.0 §6.1.1: the anchor is not in `x5c`.
    Strict,
}

/// The anchors that a wallet, a verifier or a command trusts.
#[derive(Clone, Debug)]
pub struct TrustStore {
    environment: Environment,
    chains: ChainPolicy,
    profiles: ProfilePolicy,
    anchors: Vec<(Role, Anchor)>,
    web: Vec<(String, JwkSet)>,
    prepared: Vec<Prepared>,
}

/// Judges an anchor for a path; the path below it is leaf first, and the leaf alone if that is the anchor.
type Admits<'a> = &'a dyn Fn(&Anchor, &[Certificate]) -> Result<(), TrustError>;

/// A chain that was validated before.
#[derive(Clone, Debug)]
struct Prepared {
    role: Role,
    chain: Vec<Vec<u8>>,
    path: Vec<Certificate>,
}

/// Longer chains are not built by anyone honest; the same as in a JWS header.
pub(super) const MOST_CERTIFICATES: usize = 8;

/// So many chains are kept prepared; a stranger's cannot be, since only trusted ones are.
const MOST_PREPARED: usize = 256;

/// More keys than this are not tried for one signature.
const MOST_CANDIDATES: usize = 8;

impl TrustStore {
    /// A store that trusts nobody.
    pub fn new(environment: Environment) -> Self {
        Self {
            environment,
            chains: ChainPolicy::default(),
            profiles: ProfilePolicy::default(),
            anchors: Vec::new(),
            web: Vec::new(),
            prepared: Vec::new(),
        }
    }

    /// Production or test.
    pub fn environment(&self) -> Environment {
        self.environment
    }

    /// Sets what chains may carry.
    pub fn set_chain_policy(&mut self, policy: ChainPolicy) {
        self.chains = policy;
        self.prepared.clear();
    }

    /// What chains may carry.
    pub fn chain_policy(&self) -> ChainPolicy {
        self.chains
    }

    /// Sets how much of the certificate profiles is enforced for document signers and readers.
    pub fn set_profile_policy(&mut self, policy: ProfilePolicy) {
        self.profiles = policy;
    }

    /// How much of the certificate profiles is enforced for document signers and readers.
    pub fn profile_policy(&self) -> ProfilePolicy {
        self.profiles
    }

    /// Adds an anchor to a role. Only issuers are known by other things than certificates (lessons S11).
    pub fn add(&mut self, role: Role, anchor: Anchor) -> Result<(), TrustError> {
        if role != Role::Issuers && matches!(anchor.material, AnchorMaterial::Keys { .. }) {
            return Err(TrustError::KeysForRole);
        }
        self.anchors.push((role, anchor));
        Ok(())
    }

    /// Trusts a certificate in a role: an authority with all below it, or an end entity as it is.
    pub fn add_anchor(&mut self, role: Role, certificate: Certificate) {
        self.anchors.push((role, Anchor::certificate(certificate)));
    }

    /// Pins the keys of `issuer`; without a name the keys are trusted for every `iss` that has no way of its own,
    /// as on a command line.
    pub fn pin_issuer_keys(&mut self, issuer: Option<String>, keys: JwkSet) {
        self.anchors.push((Role::Issuers, Anchor::keys(issuer, keys)));
    }

    /// Trusts the name of an issuer, whose keys are those that it publishes (JWT VC Issuer Metadata).
    pub fn trust_web_issuer(&mut self, issuer: impl Into<String>) {
        let issuer = issuer.into();
        if !self.trusts_web_issuer(&issuer) {
            self.web.push((issuer, JwkSet::default()));
        }
    }

    /// Whether the name of this issuer is trusted, so that its keys may be fetched.
    pub fn trusts_web_issuer(&self, issuer: &str) -> bool {
        self.web.iter().any(|(name, _)| name == issuer)
    }

    /// Takes in the keys that a trusted web issuer publishes, in place of those known before; a name that is not
    /// trusted is refused.
    pub fn add_web_keys(&mut self, issuer: &str, keys: JwkSet) -> Result<(), TrustError> {
        let slot = self.web.iter_mut().find(|(name, _)| name == issuer);
        slot.ok_or(TrustError::UnknownIssuer)?.1 = keys;
        Ok(())
    }

    /// The anchors of a role.
    pub fn anchors(&self, role: Role) -> impl Iterator<Item = &Anchor> {
        self.anchors
            .iter()
            .filter(move |(other, _)| *other == role)
            .map(|(_, anchor)| anchor)
    }

    /// Whether this very certificate is an anchor of a role.
    pub(super) fn is_certificate_anchor(&self, role: Role, certificate: &Certificate) -> bool {
        self.anchors(role)
            .any(|anchor| matches!(&anchor.material, AnchorMaterial::Certificate(other) if **other == *certificate))
    }

    /// The issuer that a credential claims, if an anchor of [`Role::Issuers`] vouches for it at `now`.
    pub fn resolve_issuer(&self, claim: &IssuerClaim<'_>, now: Timestamp) -> Result<TrustedIssuer, TrustError> {
        let mut candidates = self.issuer_candidates(claim, now)?;
        let first = candidates.pop().ok_or(TrustError::UnknownIssuer)?;
        if candidates.is_empty() {
            Ok(first)
        } else {
            Err(TrustError::AmbiguousKey)
        }
    }

    /// As [`TrustStore::resolve_issuer`], with every key that may have signed: pinned keys without `kid` are several.
    /// Never empty; the caller accepts the one whose signature verifies.
    pub fn issuer_candidates(&self, claim: &IssuerClaim<'_>, now: Timestamp) -> Result<Vec<TrustedIssuer>, TrustError> {
        let pins = || self.anchors(Role::Issuers).filter_map(pin);
        if let Some(iss) = claim.iss {
            if pins().any(|(_, issuer, _)| issuer == Some(iss)) {
                return self.pinned(pins().filter(|(_, issuer, _)| *issuer == Some(iss)), claim, now);
            }
            if let Some((_, keys)) = self.web.iter().find(|(name, _)| name == iss) {
                if keys.keys().is_empty() {
                    return Err(TrustError::KeysNotAtHand);
                }
                let found = candidates(keys, claim.header).map(|jwk| TrustedIssuer {
                    name: iss.to_owned(),
                    identifier: Some(iss.to_owned()),
                    key: jwk.key.clone(),
                    evidence: IssuerEvidence::WebKeys,
                    related_keys: related(keys, &jwk.key),
                    environment: self.environment,
                });
                return some(found.take(MOST_CANDIDATES).collect());
            }
        }
        match claim.header.x5c()? {
            Some(chain) => match self.by_certificate(&chain, claim, now) {
                Ok(issuer) => Ok(vec![issuer]),
                Err(refusal) => self.by_pinned_leaf(&chain, claim, now).ok_or(refusal),
            },
            None => {
                let nameless = self.pinned(pins().filter(|(_, issuer, _)| issuer.is_none()), claim, now);
                self.with_end_entities(nameless, claim, now)
            }
        }
    }

    /// The key of a leaf that leads to no anchor, if it is pinned without a name.
    fn by_pinned_leaf(&self, chain: &[Vec<u8>], claim: &IssuerClaim<'_>, now: Timestamp) -> Option<Vec<TrustedIssuer>> {
        let admitted = |anchor: &Anchor| admits(anchor, claim, now).is_ok();
        let pins = self.anchors(Role::Issuers).filter_map(pin);
        let mut pins = pins
            .filter(|(anchor, issuer, _)| issuer.is_none() && admitted(anchor))
            .peekable();
        pins.peek()?;
        let leaf = Certificate::parse(chain.first()?).ok()?;
        let key = leaf.public_key().ok()?;
        let (anchor, _, keys) = pins.find(|(_, _, keys)| keys.keys().iter().any(|jwk| jwk.key == *key))?;
        Some(vec![self.pinned_issuer(anchor, None, key, related(keys, key), claim)])
    }

    /// Adds the keys of pinned end entities, which are good for a credential that carries no certificate.
    fn with_end_entities(
        &self,
        pinned: Result<Vec<TrustedIssuer>, TrustError>,
        claim: &IssuerClaim<'_>,
        now: Timestamp,
    ) -> Result<Vec<TrustedIssuer>, TrustError> {
        let (mut found, mut refusal) = match pinned {
            Ok(found) => (found, TrustError::UnknownIssuer),
            Err(refusal) => (Vec::new(), refusal),
        };
        for anchor in self.anchors(Role::Issuers) {
            let AnchorMaterial::Certificate(certificate) = &anchor.material else {
                continue;
            };
            let Ok(key) = certificate.public_key() else { continue };
            if certificate.is_ca() || key.algorithm() != claim.header.algorithm() {
                continue;
            }
            match end_entity(certificate, claim, now).and_then(|()| admits(anchor, claim, now)) {
                Err(error) => refusal = error,
                Ok(()) if found.len() < MOST_CANDIDATES && found.iter().all(|other| other.key != *key) => {
                    found.push(TrustedIssuer {
                        name: certificate.display_name(),
                        ..self.pinned_issuer(anchor, None, key, Vec::new(), claim)
                    });
                }
                Ok(()) => {}
            }
        }
        if found.is_empty() { Err(refusal) } else { Ok(found) }
    }

    fn pinned_issuer(
        &self,
        anchor: &Anchor,
        issuer: Option<&str>,
        key: &PublicKey,
        related_keys: Vec<PublicKey>,
        claim: &IssuerClaim<'_>,
    ) -> TrustedIssuer {
        let name = anchor.name.clone().or_else(|| issuer.map(str::to_owned));
        TrustedIssuer {
            name: name.unwrap_or_else(|| key.thumbprint()),
            identifier: claim.iss.map(str::to_owned),
            key: key.clone(),
            evidence: IssuerEvidence::PinnedKey,
            related_keys,
            environment: self.environment,
        }
    }

    fn pinned<'a>(
        &self,
        pins: impl Iterator<Item = (&'a Anchor, Option<&'a str>, &'a JwkSet)>,
        claim: &IssuerClaim<'_>,
        now: Timestamp,
    ) -> Result<Vec<TrustedIssuer>, TrustError> {
        let mut found: Vec<TrustedIssuer> = Vec::new();
        let mut refusal = TrustError::UnknownIssuer;
        for (anchor, issuer, keys) in pins {
            for jwk in candidates(keys, claim.header) {
                if let Err(error) = admits(anchor, claim, now) {
                    refusal = error;
                    continue;
                }
                if found.len() < MOST_CANDIDATES && found.iter().all(|other| other.key != jwk.key) {
                    found.push(self.pinned_issuer(anchor, issuer, &jwk.key, related(keys, &jwk.key), claim));
                }
            }
        }
        if found.is_empty() { Err(refusal) } else { Ok(found) }
    }

    fn by_certificate(
        &self,
        chain: &[Vec<u8>],
        claim: &IssuerClaim<'_>,
        now: Timestamp,
    ) -> Result<TrustedIssuer, TrustError> {
        let path = self.validate(Role::Issuers, chain, now, &|anchor, _| admits(anchor, claim, now))?;
        let leaf = &path[0];
        // A pinned certificate without names is bound to its issuer by whoever pinned it.
        let nameless_pin = path.len() == 1 && is_nameless(leaf);
        if let Some(iss) = claim.iss
            && !nameless_pin
            && !leaf.is_named(iss)
        {
            return Err(TrustError::NameNotBound);
        }
        Ok(TrustedIssuer {
            name: leaf.display_name(),
            identifier: claim.iss.map(str::to_owned),
            key: leaf.public_key()?.clone(),
            evidence: IssuerEvidence::Path(path.iter().map(|certificate| certificate.der().to_vec()).collect()),
            related_keys: Vec::new(),
            environment: self.environment,
        })
    }

    /// The relying party of this certificate chain, leaf first, if an anchor of [`Role::RelyingParties`] vouches
    /// for it at `now`.
    pub fn resolve_relying_party(&self, x5c: &[Vec<u8>], now: Timestamp) -> Result<VerifiedParty, TrustError> {
        let path = self.validate(Role::RelyingParties, x5c, now, &|_, _| Ok(()))?;
        VerifiedParty::new(path.into_owned(), self.environment).ok_or(TrustError::UnsupportedAlgorithm)
    }

    /// The reader of this certificate chain, leaf first: as [`TrustStore::resolve_relying_party`], by a certificate
    /// for reader authentication (ISO 18013-5 Annex B.1.7) or an access certificate.
    pub fn resolve_reader(&self, chain: &[Vec<u8>], now: Timestamp) -> Result<VerifiedParty, TrustError> {
        let path = self.validate(Role::RelyingParties, chain, now, &|anchor, below| {
            let leaf = below.first().ok_or(TrustError::NoCertificate)?;
            let profile = match CertificateProfile::of(leaf) {
                Some(CertificateProfile::Reader) => CertificateProfile::Reader,
                _ => CertificateProfile::Access,
            };
            self.enforce(profile, anchor, below, &profile::Subject::default())
        })?;
        VerifiedParty::new(path.into_owned(), self.environment).ok_or(TrustError::UnsupportedAlgorithm)
    }

    /// The issuer behind the certificate of a document signer, if an anchor of [`Role::Issuers`] that is good for
    /// the document type vouches for it at `now`, its certificates meet their profile as far as the
    /// [`ProfilePolicy`] goes, and the document was signed while its certificate was valid (ISO 18013-5 §9.3.1).
    pub fn resolve_document_signer(
        &self,
        claim: &DocumentSignerClaim<'_>,
        now: Timestamp,
    ) -> Result<TrustedIssuer, TrustError> {
        let profile = CertificateProfile::for_doctype(claim.doctype);
        // PIDs are also signed under ISO certificates: the strict reading goes by what the certificate claims to be.
        let iso = |leaf: &Certificate| {
            let claimed = CertificateProfile::of(leaf);
            self.profiles == ProfilePolicy::Strict && claimed == Some(CertificateProfile::DocumentSigner)
        };
        let subject = profile::Subject {
            signed: Some(claim.signed),
            country: claim.issuing_country,
            state: claim.issuing_jurisdiction,
            valid_until: claim.valid_until,
        };
        let admits = |anchor: &Anchor, below: &[Certificate]| {
            anchor.admits(claim.doctype, claim.signed)?;
            let profile = match below.first() {
                Some(leaf) if iso(leaf) => CertificateProfile::DocumentSigner,
                _ => profile,
            };
            self.enforce(profile, anchor, below, &subject)
        };
        let path = match self.validate(Role::Issuers, claim.chain, now, &admits) {
            Err(TrustError::AuthorityAsSigner) => Cow::Owned(vec![self.pinned_authority(claim, now)?]),
            outcome => outcome?,
        };
        let leaf = &path[0];
        Ok(TrustedIssuer {
            name: leaf.display_name(),
            identifier: None,
            key: leaf.public_key()?.clone(),
            evidence: IssuerEvidence::Path(path.iter().map(|certificate| certificate.der().to_vec()).collect()),
            related_keys: Vec::new(),
            environment: self.environment,
        })
    }

    /// An authority that signs documents with its own key, as some development issuers do, and is an anchor itself:
    /// whoever pins it believes what its key signs, if its key may sign documents. By the strict reading it is none.
    fn pinned_authority(&self, claim: &DocumentSignerClaim<'_>, now: Timestamp) -> Result<Certificate, TrustError> {
        let leaf = Certificate::parse(claim.chain.first().ok_or(TrustError::NoCertificate)?)?;
        let is_leaf = |anchor: &&Anchor| match &anchor.material {
            AnchorMaterial::Certificate(certificate) => **certificate == leaf,
            AnchorMaterial::Keys { .. } => false,
        };
        let pinned = self.anchors(Role::Issuers).find(is_leaf);
        let anchor = pinned
            .filter(|_| self.profiles != ProfilePolicy::Strict)
            .ok_or(TrustError::AuthorityAsSigner)?;
        anchor.admits(claim.doctype, claim.signed)?;
        for at in [now, claim.signed] {
            leaf.check_validity(at).map_err(TrustError::Validity)?;
        }
        Ok(leaf)
    }

    /// Enforces a profile as far as the policy goes.
    pub(super) fn enforce(
        &self,
        profile: CertificateProfile,
        anchor: &Anchor,
        below: &[Certificate],
        subject: &profile::Subject<'_>,
    ) -> Result<(), TrustError> {
        profile::enforce(self.profiles, profile, below, anchor.above(below), subject)
    }

    /// Validates a chain once and for all: later looks at the very same chain check times and limits, but no signature
    /// again. For those who judge many credentials of few issuers; it changes no outcome.
    pub fn prepare(&mut self, role: Role, x5c: &[Vec<u8>], now: Timestamp) -> Result<(), TrustError> {
        let known = |prepared: &Prepared| prepared.role == role && prepared.chain == x5c;
        if self.prepared.iter().any(known) {
            return Ok(());
        }
        let path = self.validate(role, x5c, now, &|_, _| Ok(()))?.into_owned();
        if self.prepared.len() < MOST_PREPARED {
            self.prepared.push(Prepared {
                role,
                chain: x5c.to_vec(),
                path,
            });
        }
        Ok(())
    }

    /// The path of a prepared chain, if it holds now and one of its anchors admits; else it is looked at in full.
    fn find_prepared(
        &self,
        role: Role,
        chain: &[Vec<u8>],
        now: Timestamp,
        admits: Admits<'_>,
    ) -> Option<&[Certificate]> {
        let known = |prepared: &&Prepared| prepared.role == role && prepared.chain == chain;
        let prepared = self.prepared.iter().find(known)?;
        let in_time = prepared
            .path
            .iter()
            .all(|certificate| certificate.check_validity(now).is_ok());
        let is_anchor = |anchor: &Anchor| match &anchor.material {
            AnchorMaterial::Certificate(certificate) => prepared.path.last() == Some(&**certificate),
            AnchorMaterial::Keys { .. } => false,
        };
        let below = match prepared.path.as_slice() {
            [leaf] => std::slice::from_ref(leaf),
            path => &path[..path.len().saturating_sub(1)],
        };
        let admitted = || {
            self.anchors(role)
                .any(|anchor| is_anchor(anchor) && admits(anchor, below).is_ok())
        };
        (in_time && admitted()).then_some(&prepared.path)
    }

    /// Validates a chain for a role: the path, leaf first, the anchor last. A pinned end entity stands alone.
    pub(super) fn validate(
        &self,
        role: Role,
        chain: &[Vec<u8>],
        now: Timestamp,
        admits: Admits<'_>,
    ) -> Result<Cow<'_, [Certificate]>, TrustError> {
        if chain.len() > MOST_CERTIFICATES {
            return Err(TrustError::TooMuchWork);
        }
        if let Some(path) = self.find_prepared(role, chain, now, admits) {
            return Ok(Cow::Borrowed(path));
        }
        let leaf = Certificate::parse(chain.first().ok_or(TrustError::NoCertificate)?)?;
        if leaf.is_ca() {
            return Err(TrustError::AuthorityAsSigner);
        }
        if !leaf.may_sign_documents() {
            return Err(TrustError::KeyUsage);
        }
        leaf.public_key()?;
        let certificates = || {
            self.anchors(role).filter_map(|anchor| match &anchor.material {
                AnchorMaterial::Certificate(certificate) => Some((anchor, &**certificate)),
                AnchorMaterial::Keys { .. } => None,
            })
        };
        let mut refusal = None;
        for (anchor, certificate) in certificates() {
            if *certificate == leaf {
                leaf.check_validity(now).map_err(TrustError::Validity)?;
                match admits(anchor, std::slice::from_ref(&leaf)) {
                    Ok(()) => return Ok(Cow::Owned(vec![leaf])),
                    Err(error) => refusal = Some(error),
                }
            }
        }
        if let Some(refusal) = refusal {
            return Err(refusal);
        }
        if leaf.is_self_signed() {
            return Err(TrustError::SelfSigned);
        }
        let mut intermediates = Vec::new();
        for der in &chain[1..] {
            let certificate = Certificate::parse(der)?;
            let is_anchor = self.is_certificate_anchor(role, &certificate);
            if self.chains == ChainPolicy::Strict && (is_anchor || certificate.is_self_signed()) {
                return Err(TrustError::AnchorInChain);
            }
            // A root that came along proves nothing: it is looked up among our own, or it does not count.
            if !is_anchor {
                intermediates.push(certificate);
            }
        }
        let (anchors, authorities): (Vec<_>, Vec<_>) = certificates().filter(|(_, anchor)| anchor.is_ca()).unzip();
        let (path, _) = path::build(&leaf, &intermediates, &authorities, now, &|position, below| {
            admits(anchors[position], below)
        })?;
        Ok(Cow::Owned(path))
    }

    /// The certificates among the anchors of a role.
    pub(super) fn certificates(&self, role: Role) -> impl Iterator<Item = &Certificate> {
        self.anchors(role).filter_map(|anchor| match &anchor.material {
            AnchorMaterial::Certificate(certificate) => Some(&**certificate),
            AnchorMaterial::Keys { .. } => None,
        })
    }
}

fn pin(anchor: &Anchor) -> Option<(&Anchor, Option<&str>, &JwkSet)> {
    match &anchor.material {
        AnchorMaterial::Keys { issuer, keys } => Some((anchor, issuer.as_deref(), keys)),
        AnchorMaterial::Certificate(_) => None,
    }
}

/// The keys of a set that may have signed under this header: those of its `kid` or, where none has it, those
/// without a name.
fn candidates<'a>(keys: &'a JwkSet, header: &'a Header) -> impl Iterator<Item = &'a Jwk> {
    let named = keys.candidates(header.algorithm(), header.kid()).next().is_some();
    keys.candidates(header.algorithm(), None)
        .filter(move |jwk| match (header.kid(), jwk.kid.as_deref()) {
            (None, _) => true,
            (Some(wanted), Some(kid)) => wanted == kid,
            (Some(_), None) => !named,
        })
}

fn admits(anchor: &Anchor, claim: &IssuerClaim<'_>, now: Timestamp) -> Result<(), TrustError> {
    anchor.admits(claim.credential_type, claim.issued_at.unwrap_or(now))
}

/// Whether the certificate of a pinned end entity is good for this claim.
fn end_entity(certificate: &Certificate, claim: &IssuerClaim<'_>, now: Timestamp) -> Result<(), TrustError> {
    if !certificate.may_sign_documents() {
        return Err(TrustError::KeyUsage);
    }
    certificate.check_validity(now).map_err(TrustError::Validity)?;
    match claim.iss {
        Some(iss) if !is_nameless(certificate) && !certificate.is_named(iss) => Err(TrustError::NameNotBound),
        _ => Ok(()),
    }
}

fn is_nameless(certificate: &Certificate) -> bool {
    certificate.uris().is_empty() && certificate.dns_names().is_empty()
}

fn related(keys: &JwkSet, key: &PublicKey) -> Vec<PublicKey> {
    let others = keys.keys().iter().filter(|jwk| jwk.key != *key);
    others.map(|jwk| jwk.key.clone()).collect()
}

fn some(found: Vec<TrustedIssuer>) -> Result<Vec<TrustedIssuer>, TrustError> {
    if found.is_empty() {
        Err(TrustError::UnknownIssuer)
    } else {
        Ok(found)
    }
}
