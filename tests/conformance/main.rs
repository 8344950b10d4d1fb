//! Conformance tests against published vectors.

mod dcql;
mod jcs;
mod jose;
mod sd_jwt;
mod sd_jwt_vc;
mod token_status_list;
mod wycheproof;
mod xschule;
