//! Checking proofs (Data Integrity §4.4, §4.5).

use crate::codec::{Json, Object, multibase};
use crate::credential::w3c::contexts::Contexts;
use crate::credential::w3c::rdf::Limits;
use crate::crypto::HashAlgorithm;
use crate::keys::PublicKey;
use crate::time::Timestamp;

use super::{Cryptosuite, ProofError, Purpose, digest, many, secured_part};

/// Most proofs of one document, as each costs a signature: a set or chain of a few offices fits.
const MOST_PROOFS: usize = 16;

/// Knows the keys of verification methods; makes no requests.
pub trait KeyResolver {
    /// The key of the verification method `url`, if its controller lets it be used for `purpose`
    /// ([`ProofError::KeyUnknown`], [`ProofError::KeyNotAllowed`]).
    fn resolve(&self, url: &str, purpose: Purpose) -> Result<ResolvedKey, ProofError>;
}

/// A key and who controls it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedKey {
    key: PublicKey,
    controller: String,
    until: Option<Timestamp>,
}

impl ResolvedKey {
    /// The key `key` of `controller`.
    pub fn new(key: PublicKey, controller: impl Into<String>) -> Self {
        Self {
            key,
            controller: controller.into(),
            until: None,
        }
    }

    /// The same key that ends at `end`: the earlier of `expires` and `revoked` (Controlled Identifiers 1.0 §2.2).
    #[must_use]
    pub fn until(mut self, end: Timestamp) -> Self {
        self.until = Some(self.until.map_or(end, |other| other.min(end)));
        self
    }
}

/// What the proofs of a document must say.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProofPolicy {
    /// What they are for.
    pub purpose: Purpose,
    /// For whom they must be.
    pub domain: Option<String>,
    /// What they must answer.
    pub challenge: Option<String>,
    /// How many seconds clocks may differ.
    pub skew: i64,
    /// What a document may cost.
    pub limits: Limits,
}

impl ProofPolicy {
    /// Proofs for `purpose`, clocks a minute apart.
    pub fn new(purpose: Purpose) -> Self {
        Self {
            purpose,
            domain: None,
            challenge: None,
            skew: 60,
            limits: Limits::default(),
        }
    }
}

/// A proof that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedProof {
    suite: Cryptosuite,
    verification_method: String,
    controller: String,
    key: PublicKey,
    created: Option<Timestamp>,
    unsigned_contexts: usize,
}

impl VerifiedProof {
    /// How it was made.
    pub fn suite(&self) -> Cryptosuite {
        self.suite
    }

    /// The URL of the key.
    pub fn verification_method(&self) -> &str {
        &self.verification_method
    }

    /// Who controls the key: must be the issuer, or the holder.
    pub fn controller(&self) -> &str {
        &self.controller
    }

    /// The key.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// When it says it was made.
    pub fn created(&self) -> Option<Timestamp> {
        self.created
    }

    /// How many contexts at the end of the document's a JCS proof does not cover (EdDSA suites §3.3.2 step 4): drop
    /// them before reading the document as linked data.
    pub fn unsigned_contexts(&self) -> usize {
        self.unsigned_contexts
    }
}

/// Checks every proof of `document`; all must hold.
pub fn verify_document(
    document: &Object,
    contexts: &Contexts,
    keys: &dyn KeyResolver,
    policy: &ProofPolicy,
    now: Timestamp,
) -> Result<Vec<VerifiedProof>, ProofError> {
    let proofs = many(document.get("proof"));
    if proofs.is_empty() {
        return Err(ProofError::Missing);
    }
    if proofs.len() > MOST_PROOFS {
        return Err(ProofError::TooManyProofs {
            count: proofs.len(),
            limit: MOST_PROOFS,
        });
    }
    let mut check = Check {
        document,
        proofs,
        contexts,
        keys,
        policy,
        now,
        digests: Vec::new(),
    };
    proofs.iter().map(|proof| check.proof(proof)).collect()
}

struct Check<'a> {
    document: &'a Object,
    proofs: &'a [Json],
    contexts: &'a Contexts,
    keys: &'a dyn KeyResolver,
    policy: &'a ProofPolicy,
    now: Timestamp,
    /// Digests of the document alone under RDFC-1.0, which the proofs of a set share.
    digests: Vec<(HashAlgorithm, Vec<u8>)>,
}

impl Check<'_> {
    fn proof(&mut self, proof: &Json) -> Result<VerifiedProof, ProofError> {
        let proof = proof.as_object().ok_or(ProofError::BadMember("proof"))?;
        let text = |name: &'static str| {
            proof
                .get(name)
                .and_then(Json::as_str)
                .ok_or(ProofError::BadMember(name))
        };
        let kind = text("type")?;
        if kind != "DataIntegrityProof" {
            return Err(ProofError::Unsupported(kind.to_owned()));
        }
        let suite = text("cryptosuite")?;
        let suite = Cryptosuite::from_name(suite).ok_or_else(|| ProofError::Unsupported(suite.to_owned()))?;
        if text("proofPurpose")? != self.policy.purpose.name() {
            return Err(ProofError::PurposeMismatch);
        }
        let created = self.times(proof)?;
        self.addressee(proof)?;
        let value = multibase::decode_base58btc(text("proofValue")?).map_err(ProofError::Value)?;
        let method = text("verificationMethod")?;
        let resolved = self.keys.resolve(method, self.policy.purpose)?;
        if resolved.until.is_some_and(|end| end <= self.now) {
            return Err(ProofError::KeyExpired);
        }
        let curve = resolved.key.verifying_key().curve();
        let hash = suite.hash(curve).ok_or(ProofError::WrongKey)?;
        let expected = curve.coordinate_length() * 2;
        if value.len() != expected {
            return Err(ProofError::SignatureLength {
                length: value.len(),
                expected,
            });
        }
        let mut config: Object = proof
            .iter()
            .filter(|(name, _)| *name != "proofValue")
            .map(|(n, v)| (n, v.clone()))
            .collect();
        let unsigned_contexts = self.contexts(suite, &mut config)?;
        let mut message = digest(suite, &config, hash, self.contexts, &self.policy.limits)?;
        message.extend(self.document(suite, &config, hash)?);
        resolved
            .key
            .verifying_key()
            .verify(&message, &value)
            .map_err(|_| ProofError::Signature)?;
        Ok(VerifiedProof {
            suite,
            verification_method: method.to_owned(),
            controller: resolved.controller,
            key: resolved.key,
            created,
            unsigned_contexts,
        })
    }

    /// Sets the contexts under which the options are read; how many of the document's they leave out.
    fn contexts(&self, suite: Cryptosuite, config: &mut Object) -> Result<usize, ProofError> {
        let of_document = self.document.get("@context");
        let Some(own) = config.get("@context") else {
            // JCS hashes the options as they stand; RDFC-1.0 reads them under the document's contexts.
            if let Some(context) = of_document.filter(|_| !suite.is_jcs()) {
                config.insert("@context", context.clone());
            }
            return Ok(0);
        };
        if Some(own) == of_document {
            return Ok(0);
        }
        let (own, all) = (many(Some(own)), many(of_document));
        if !suite.is_jcs() || own.is_empty() || !all.starts_with(own) {
            return Err(ProofError::ContextMismatch);
        }
        Ok(all.len() - own.len())
    }

    /// The digest of what the proof covers.
    fn document(&mut self, suite: Cryptosuite, config: &Object, hash: HashAlgorithm) -> Result<Vec<u8>, ProofError> {
        let previous = many(config.get("previousProof"));
        let shared = !suite.is_jcs() && previous.is_empty();
        if shared && let Some((_, known)) = self.digests.iter().find(|(other, _)| *other == hash) {
            return Ok(known.clone());
        }
        let mut part = secured_part(self.document, previous, self.proofs)?;
        if suite.is_jcs()
            && let Some(context) = config.get("@context")
        {
            part.insert("@context", context.clone());
        }
        let made = digest(suite, &part, hash, self.contexts, &self.policy.limits)?;
        if shared {
            self.digests.push((hash, made.clone()));
        }
        Ok(made)
    }

    fn times(&self, proof: &Object) -> Result<Option<Timestamp>, ProofError> {
        let time = |name: &'static str| match proof.get(name) {
            None => Ok(None),
            // XML Schema `dateTimeStamp`: never a date alone.
            Some(Json::String(text)) if text.len() > 10 => Timestamp::parse(text)
                .map(Some)
                .map_err(|_| ProofError::BadMember(name)),
            Some(_) => Err(ProofError::BadMember(name)),
        };
        let created = time("created")?;
        if created.is_some_and(|created| created.since(self.now) > self.policy.skew) {
            return Err(ProofError::CreatedInFuture);
        }
        if time("expires")?.is_some_and(|expires| self.now.since(expires) > self.policy.skew) {
            return Err(ProofError::Expired);
        }
        Ok(created)
    }

    fn addressee(&self, proof: &Object) -> Result<(), ProofError> {
        let domains = many(proof.get("domain"));
        if domains.iter().any(|domain| domain.as_str().is_none()) {
            return Err(ProofError::BadMember("domain"));
        }
        if let Some(expected) = &self.policy.domain
            && !domains.iter().any(|domain| domain.as_str() == Some(expected))
        {
            return Err(ProofError::DomainMismatch);
        }
        let challenge = proof.get("challenge");
        if challenge.is_some_and(|challenge| challenge.as_str().is_none()) {
            return Err(ProofError::BadMember("challenge"));
        }
        if self.policy.challenge.is_some() && challenge.and_then(Json::as_str) != self.policy.challenge.as_deref() {
            return Err(ProofError::ChallengeMismatch);
        }
        Ok(())
    }
}
