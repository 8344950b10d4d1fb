//! Behaviour tests: one file a story.

mod store;
