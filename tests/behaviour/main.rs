//! Behaviour tests: one file a story.

mod layers;
mod store;
mod wallet;
