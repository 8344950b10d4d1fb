//! Conformance tests against published vectors.
