//! The authority issues.
