//! What the types mean.
