//! Behaviour tests: one file a story.

mod dcql;
mod layers;
mod store;
mod wallet;
