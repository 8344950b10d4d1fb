//! Behaviour tests: one file a story.

mod layers;
mod status;
mod store;
mod trust;
