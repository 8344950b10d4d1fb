//! Wire types of the protocols: what is said, as values. No behaviour, no keys, no clock.

pub mod dcql;
pub mod mdoc;
pub mod oauth;
pub mod openid4vci;
pub mod openid4vp;
