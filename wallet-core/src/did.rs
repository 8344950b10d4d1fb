//! Who holds which key by decentralised identifiers: did:key, did:jwk and did:web, and the documents behind them
//! (DID Core 1.0, Controlled Identifiers 1.0).
//!
//! A document says which keys may be used for what. It says nothing about who stands behind it: whether an identifier
//! is trusted is asked elsewhere. Nothing is fetched here; did:web makes a request and reads the answer.
//!
//! ```text
//! resolve_local(&did)                    -> DidDocument      did:key, did:jwk
//! web::request(&did, policy) … web::read(&did, &response) -> DidDocument
//! document.method_for(url, Relationship::AssertionMethod, now) -> &VerificationMethod
//! ```
//! Other methods, keys of other kinds, and whatever a document leaves open are refused, each with a code of its own.

mod document;
mod error;
mod id;
mod jwk;
mod key;
mod method;
pub mod web;

pub use document::{DidDocument, Relationship};
pub use error::DidError;
pub use id::{Did, DidUrl};
pub use jwk::encode_jwk;
pub use key::encode_key;
pub use method::{MethodKey, VerificationMethod};

/// Resolves an identifier that carries its key: did:key or did:jwk. Other methods are unsupported here.
pub fn resolve_local(did: &Did) -> Result<DidDocument, DidError> {
    match did.method() {
        "jwk" => jwk::resolve(did),
        "key" => key::resolve(did),
        _ => Err(DidError::UnsupportedMethod),
    }
}

#[cfg(test)]
mod tests;
