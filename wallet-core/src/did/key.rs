//! did:key: the identifier is a Multikey (did:key method v0.9).

use super::{Did, DidDocument, DidError, MethodKey, Relationship, VerificationMethod};
use crate::keys::Multikey;

/// What keys that sign may be used for.
pub(super) const SIGNING: [Relationship; 4] = [
    Relationship::AssertionMethod,
    Relationship::Authentication,
    Relationship::CapabilityDelegation,
    Relationship::CapabilityInvocation,
];

/// The identifier of a key.
pub fn encode_key(key: &Multikey) -> Result<Did, DidError> {
    let text = key.encode().map_err(DidError::Key)?;
    Did::parse(&format!("did:key:{text}"))
}

/// The document that follows from the key. No key agreement is derived from a key that signs.
pub(super) fn resolve(did: &Did) -> Result<DidDocument, DidError> {
    let text = did.specific_id();
    let key = match Multikey::parse(text).map_err(DidError::Key)? {
        Multikey::Bls12381G2(point) => MethodKey::Bls12381G2(point),
        Multikey::Signature(key) => MethodKey::Signature(key),
    };
    let method = VerificationMethod::new(did.with_fragment(text), did.as_str().to_owned(), key);
    Ok(DidDocument::of_one_key(did, method, &SIGNING))
}
