//! Conformance tests against published vectors.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bitstring_status_list;
mod cbor;
mod certificates;
mod cose;
mod data_integrity;
mod dcql;
mod did;
mod jcs;
mod jose;
mod json_ld;
mod mdoc;
mod mdoc_messages;
mod openid4vci;
mod openid4vp;
mod rdf_canon;
mod sd_jwt;
mod sd_jwt_vc;
mod token_status_list;
mod wycheproof;
mod xschule;
