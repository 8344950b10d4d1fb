//! Behaviour tests: one file a story.

mod dcql;
mod issuance;
mod issuer;
mod layers;
mod sd_jwt_disclosure;
mod sd_jwt_refusals;
mod status;
mod store;
mod trust;
