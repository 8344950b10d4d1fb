//! Keys by their public names: JWK and JWK sets, thumbprints, and the requests that make a key sign.

mod jwk;
mod signing;

pub use jwk::{Jwk, JwkSet, KeyError, PublicKey};
pub use signing::{Assurance, KeyHandle, SigningRequest};
