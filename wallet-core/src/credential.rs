//! Credentials: the common model of what was received, checked and held, and the formats.

mod path;

pub use path::{ClaimPath, PathElement, PathError};
