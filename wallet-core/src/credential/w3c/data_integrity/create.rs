//! Making proofs (Data Integrity §4.2, §4.3).

use crate::codec::{Json, Object, multibase};
use crate::credential::w3c::contexts::Contexts;
use crate::credential::w3c::rdf::Limits;
use crate::crypto::{Curve, SigningKey};
use crate::time::Timestamp;

use super::{Cryptosuite, ProofError, Purpose, digest, many, secured_part};

/// What a proof says besides its value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProofOptions {
    /// How it is made.
    pub suite: Cryptosuite,
    /// The URL of the key.
    pub verification_method: String,
    /// What it is for.
    pub purpose: Purpose,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// Until when it holds.
    pub expires: Option<Timestamp>,
    /// For whom it is.
    pub domain: Option<String>,
    /// What it answers.
    pub challenge: Option<String>,
    /// Its name, so that later proofs can vouch for it.
    pub id: Option<String>,
    /// The names of the proofs that it vouches for.
    pub previous_proofs: Vec<String>,
}

impl ProofOptions {
    /// A proof of a credential by the key `verification_method`.
    pub fn new(suite: Cryptosuite, verification_method: impl Into<String>) -> Self {
        Self {
            suite,
            verification_method: verification_method.into(),
            purpose: Purpose::AssertionMethod,
            created: None,
            expires: None,
            domain: None,
            challenge: None,
            id: None,
            previous_proofs: Vec::new(),
        }
    }

    fn to_object(&self) -> Object {
        let text = |value: &Option<String>| value.clone().map(Json::from);
        let time = |value: Option<Timestamp>| value.map(|time| Json::from(time.to_string()));
        let previous = match self.previous_proofs.as_slice() {
            [] => None,
            [one] => Some(Json::from(one.as_str())),
            many => Some(Json::Array(many.iter().map(|id| Json::from(id.as_str())).collect())),
        };
        Object::new()
            .with("id", text(&self.id))
            .with("type", Json::from("DataIntegrityProof"))
            .with("cryptosuite", Json::from(self.suite.name()))
            .with("created", time(self.created))
            .with("expires", time(self.expires))
            .with("verificationMethod", Json::from(self.verification_method.as_str()))
            .with("proofPurpose", Json::from(self.purpose.name()))
            .with("domain", text(&self.domain))
            .with("challenge", text(&self.challenge))
            .with("previousProof", previous)
    }
}

/// A proof that lacks its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsignedProof {
    document: Object,
    proof: Object,
    curve: Curve,
    message: Vec<u8>,
}

impl UnsignedProof {
    /// Prepares a proof over `document`, beside those it has, to be signed by a key on `curve`.
    pub fn new(
        document: Object,
        options: &ProofOptions,
        curve: Curve,
        contexts: &Contexts,
    ) -> Result<Self, ProofError> {
        let hash = options.suite.hash(curve).ok_or(ProofError::WrongKey)?;
        let mut proof = options.to_object();
        let proofs = many(document.get("proof"));
        let limits = Limits::default();
        let part = secured_part(&document, many(proof.get("previousProof")), proofs)?;
        let mut config = proof.clone();
        if let Some(context) = document.get("@context") {
            config.insert("@context", context.clone());
            // Only the JCS suites write it into the proof (EdDSA suites §3.3.1 step 2).
            if options.suite.is_jcs() {
                proof.insert("@context", context.clone());
            }
        }
        let mut message = digest(options.suite, &config, hash, contexts, &limits)?;
        message.extend(digest(options.suite, &part, hash, contexts, &limits)?);
        Ok(Self {
            document,
            proof,
            curve,
            message,
        })
    }

    /// The bytes to sign; the key hashes them as its algorithm says.
    pub fn to_be_signed(&self) -> &[u8] {
        &self.message
    }

    /// The document with the proof and its signature (64 or 96 bytes, `r` and `s` for ECDSA).
    pub fn with_signature(mut self, signature: &[u8]) -> Result<Object, ProofError> {
        let expected = self.curve.coordinate_length() * 2;
        if signature.len() != expected {
            return Err(ProofError::SignatureLength {
                length: signature.len(),
                expected,
            });
        }
        self.proof
            .insert("proofValue", Json::from(multibase::encode_base58btc(signature)));
        let proof = match self.document.remove("proof") {
            None => Json::Object(self.proof),
            Some(Json::Array(mut proofs)) => {
                proofs.push(Json::Object(self.proof));
                Json::Array(proofs)
            }
            Some(one) => Json::Array(vec![one, Json::Object(self.proof)]),
        };
        self.document.insert("proof", proof);
        Ok(self.document)
    }

    /// Signs with a key in memory.
    pub fn sign(self, key: &SigningKey) -> Result<Object, ProofError> {
        if key.curve() != self.curve {
            return Err(ProofError::WrongKey);
        }
        let signature = key.sign(&self.message);
        self.with_signature(&signature)
    }
}
