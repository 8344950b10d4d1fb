//! Behaviour tests: one file a story.

mod dcql;
mod layers;
mod status;
mod store;
mod trust;
