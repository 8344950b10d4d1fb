//! Behaviour tests: one file a story.
