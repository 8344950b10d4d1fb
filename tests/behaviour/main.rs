//! Behaviour tests: one file a story.

mod dcql;
mod layers;
mod status;
mod sd_jwt_disclosure;
mod sd_jwt_refusals;
mod store;
mod trust;
