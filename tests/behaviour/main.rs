//! Behaviour tests: one file a story.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod citizen;
mod data_integrity;
mod dcql;
mod fuzz_replay;
mod hostile_input;
mod in_person;
mod issuance;
mod issuance_mdoc;
mod issuer;
mod layers;
mod mdoc_disclosure;
mod mdoc_properties;
mod mdoc_refusals;
mod pid_issuing;
mod presentation;
mod presentation_dc_api;
mod presentation_mdoc;
mod sd_jwt_disclosure;
mod sd_jwt_refusals;
mod sd_jwt_types;
mod status;
mod store;
mod test_credentials;
mod trust;
mod verifier;
mod verifier_dc_api;
mod verifier_mdoc;
mod wallet;
