//! Conformance tests against published vectors.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod dcql;
mod jcs;
mod openid4vp;
mod sd_jwt;
mod token_status_list;
mod xschule;
