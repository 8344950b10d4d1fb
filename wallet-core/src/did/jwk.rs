//! did:jwk: the identifier is a JWK in base64url (did:jwk method). There is one key, `#0`, and no update.

use super::key::SIGNING;
use super::{Did, DidDocument, DidError, MethodKey, Relationship, VerificationMethod};
use crate::codec::base64url;
use crate::codec::{Budget, Json};
use crate::keys::{Jwk, KeyError, PublicKey};

/// The identifier of a key, with the required members of its JWK only.
pub fn encode_jwk(key: &PublicKey) -> Result<Did, DidError> {
    let jwk = Json::Object(key.to_jwk()).to_string();
    Did::parse(&format!("did:jwk:{}", base64url::encode(jwk)))
}

pub(super) fn resolve(did: &Did) -> Result<DidDocument, DidError> {
    let text = base64url::decode(did.specific_id()).map_err(|_| DidError::JwkEncoding)?;
    // A flat object of a few members; the identifier itself is bounded.
    let jwk = Json::parse(text, &mut Budget::new(4096, 4, 64)).map_err(|_| DidError::JwkEncoding)?;
    let jwk = Jwk::parse(&jwk).map_err(jwk_error)?;
    // `use` takes away what the key is not for.
    let relationships = match jwk.usage.as_deref() {
        None | Some("sig") => SIGNING.as_slice(),
        Some("enc") => &[Relationship::KeyAgreement],
        Some(_) => return Err(DidError::JwkUse),
    };
    let method = VerificationMethod::new(
        did.with_fragment("0"),
        did.as_str().to_owned(),
        MethodKey::Signature(jwk.key),
    );
    Ok(DidDocument::of_one_key(did, method, relationships))
}

/// A private member has an error of its own: who published it has lost the key.
pub(super) fn jwk_error(error: KeyError) -> DidError {
    match error {
        KeyError::PrivateMember => DidError::PrivateKey,
        other => DidError::Jwk(other),
    }
}
