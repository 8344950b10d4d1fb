//! Signed and encrypted envelopes: what arrives is unverified until a key has checked it.

pub mod cose;
pub mod jwe;
pub mod jws;
pub mod session;
