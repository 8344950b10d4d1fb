//! The citizen's façade.
