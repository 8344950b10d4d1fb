//! Conformance tests against published vectors.

mod xschule;
