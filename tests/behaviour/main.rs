//! Behaviour tests: one file a story.

mod citizen;
mod dcql;
mod issuance;
mod issuer;
mod layers;
mod presentation;
mod sd_jwt_disclosure;
mod sd_jwt_refusals;
mod status;
mod store;
mod trust;
mod verifier;
mod wallet;
