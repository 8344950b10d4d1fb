//! Verification methods: a key, who controls it, and until when it is good (Controlled Identifiers 1.0 §2.2).

use super::document::absolute;
use super::jwk::jwk_error;
use super::{Did, DidError};
use crate::codec::multibase;
use crate::codec::{Json, Object};
use crate::keys::{Jwk, KeyError, Multikey, MultikeyError, PublicKey};
use crate::time::Timestamp;

/// A key as a document lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerificationMethod {
    id: String,
    controller: String,
    key: MethodKey,
    expires: Option<Timestamp>,
    revoked: Option<Timestamp>,
}

/// The key of a verification method.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MethodKey {
    /// A compressed point of BLS12-381 in G2, checked by whoever has the curve.
    Bls12381G2(Vec<u8>),
    /// A key of a kind that is not supported here, or one that is not for signatures.
    Other,
    /// A key of signatures.
    Signature(PublicKey),
}

/// Members that hold a private key, under all the names that types of methods have given them.
const PRIVATE: [&str; 9] = [
    "privateKeyBase58",
    "privateKeyHex",
    "privateKeyJwk",
    "privateKeyMultibase",
    "privateKeyPem",
    "privateKeyWif",
    "secretKey",
    "secretKeyJwk",
    "secretKeyMultibase",
];
/// Members that hold a public key that is understood.
const PUBLIC: [&str; 3] = ["publicKeyBase58", "publicKeyJwk", "publicKeyMultibase"];

impl VerificationMethod {
    pub(super) fn new(id: String, controller: String, key: MethodKey) -> Self {
        Self {
            id,
            controller,
            key,
            expires: None,
            revoked: None,
        }
    }

    /// Reads a method; `document` is the identifier that relative references start from.
    pub(super) fn parse(method: &Object, document: &str) -> Result<Self, DidError> {
        let text = |name: &'static str| {
            let value = method.get(name).ok_or(DidError::MethodMember(name))?;
            value.as_str().ok_or(DidError::MethodMember(name))
        };
        let id = absolute(text("id")?, document).ok_or(DidError::MethodMember("id"))?;
        let controller = text("controller")?;
        if !is_controller(controller) {
            return Err(DidError::MethodMember("controller"));
        }
        if PRIVATE.iter().any(|name| method.contains(name)) {
            return Err(DidError::PrivateKey);
        }
        // Controlled Identifiers 1.0 §2.2: one key in one form, or two readers see two keys.
        if PUBLIC.iter().filter(|name| method.contains(name)).count() > 1 {
            return Err(DidError::TwoKeys);
        }
        let time = |name: &'static str| match method.get(name) {
            None => Ok(None),
            Some(value) => {
                let time = value.as_str().filter(|text| text.contains('T'));
                let time = time.and_then(|text| Timestamp::parse(text).ok());
                time.map(Some).ok_or(DidError::MethodMember(name))
            }
        };
        Ok(Self {
            id,
            controller: controller.to_owned(),
            key: read_key(text("type")?, method)?,
            expires: time("expires")?,
            revoked: time("revoked")?,
        })
    }

    /// Its URL, absolute.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Who controls it.
    pub fn controller(&self) -> &str {
        &self.controller
    }

    /// The key.
    pub fn key(&self) -> &MethodKey {
        &self.key
    }

    /// The key, if signatures by it are checked here.
    pub fn signature_key(&self) -> Result<&PublicKey, DidError> {
        match &self.key {
            MethodKey::Signature(key) => Ok(key),
            _ => Err(DidError::UnsupportedKey),
        }
    }

    /// Refuses a key that may no longer be used (Controlled Identifiers 1.0 §2.2, `expires` and `revoked`).
    pub(super) fn check_time(&self, now: Timestamp) -> Result<(), DidError> {
        match (self.revoked, self.expires) {
            (Some(revoked), _) if now >= revoked => Err(DidError::Revoked { revoked }),
            (_, Some(expired)) if now >= expired => Err(DidError::Expired { expired }),
            _ => Ok(()),
        }
    }
}

fn is_controller(text: &str) -> bool {
    Did::parse(text).is_ok() || (text.starts_with("https://") && super::id::is_url_text(text))
}

fn read_key(kind: &str, method: &Object) -> Result<MethodKey, DidError> {
    let multibase = || match method.get("publicKeyMultibase").map(Json::as_str) {
        Some(Some(text)) => Ok(text),
        _ => Err(DidError::MethodMember("publicKeyMultibase")),
    };
    match kind {
        "Multikey" => from_multikey(Multikey::parse(multibase()?)),
        "JsonWebKey" | "JsonWebKey2020" => {
            let jwk = method.get("publicKeyJwk");
            from_jwk(jwk.ok_or(DidError::MethodMember("publicKeyJwk"))?)
        }
        "Ed25519VerificationKey2020" => only_ed25519(Multikey::parse(multibase()?)),
        "Ed25519VerificationKey2018" => {
            let text = method.get("publicKeyBase58").and_then(Json::as_str);
            let text = text.ok_or(DidError::MethodMember("publicKeyBase58"))?;
            let key = multibase::decode_bare_base58btc(text).map_err(MultikeyError::Multibase);
            only_ed25519(key.and_then(|key| Multikey::from_ed25519(&key)))
        }
        // What is not understood is kept, so that the other keys of the document can be used; private members are
        // refused in it as well.
        _ => match method.get("publicKeyJwk").map(PublicKey::from_jwk) {
            Some(Err(KeyError::PrivateMember)) => Err(DidError::PrivateKey),
            _ => Ok(MethodKey::Other),
        },
    }
}

fn from_multikey(key: Result<Multikey, MultikeyError>) -> Result<MethodKey, DidError> {
    match key {
        Ok(Multikey::Bls12381G2(point)) => Ok(MethodKey::Bls12381G2(point)),
        Ok(Multikey::Signature(key)) => Ok(MethodKey::Signature(key)),
        Err(MultikeyError::Private) => Err(DidError::PrivateKey),
        Err(MultikeyError::Unsupported { .. }) => Ok(MethodKey::Other),
        Err(error) => Err(DidError::Key(error)),
    }
}

fn only_ed25519(key: Result<Multikey, MultikeyError>) -> Result<MethodKey, DidError> {
    match from_multikey(key)? {
        MethodKey::Signature(key) if key.algorithm().name() == "EdDSA" => Ok(MethodKey::Signature(key)),
        _ => Err(DidError::KeyOfOtherType),
    }
}

fn from_jwk(jwk: &Json) -> Result<MethodKey, DidError> {
    match Jwk::parse(jwk) {
        // RFC 7517 §4.2: a key for encryption signs nothing.
        Ok(jwk) if jwk.usage.as_deref().is_none_or(|usage| usage == "sig") => Ok(MethodKey::Signature(jwk.key)),
        Ok(_) | Err(KeyError::UnsupportedType) => Ok(MethodKey::Other),
        Err(error) => Err(jwk_error(error)),
    }
}
