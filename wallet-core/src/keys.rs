//! Keys by their public names: JWK and JWK sets, `COSE_Key`, thumbprints, and the requests that make a key sign.

mod cose_key;
mod jwk;
pub mod multikey;
mod signing;

pub use cose_key::CoseKeyError;
pub use jwk::{Jwk, JwkSet, KeyError, PublicKey};
pub use multikey::{Multikey, MultikeyError};
pub use signing::{Assurance, KeyHandle, SigningRequest};
