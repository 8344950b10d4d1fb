//! Conformance tests against published vectors.

mod dcql;
mod jcs;
mod openid4vp;
mod sd_jwt;
mod token_status_list;
mod xschule;
