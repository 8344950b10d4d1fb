//! Wallet core.
#![forbid(unsafe_code)]

pub mod codec;
pub mod credential;
pub mod crypto;
pub mod dcql;
pub mod envelope;
pub mod http;
pub mod issuance;
#[cfg(feature = "issuer")]
pub mod issuer;
pub mod keys;
pub mod presentation;
pub mod protocol;
pub mod rulebook;
pub mod status;
pub mod store;
pub mod time;
pub mod trust;
#[cfg(feature = "verifier")]
pub mod verifier;
pub mod wallet;
