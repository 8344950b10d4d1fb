//! Conformance tests against published vectors.

mod dcql;
mod jcs;
mod openid4vci;
mod sd_jwt;
mod token_status_list;
mod xschule;
