//! Conformance tests against published vectors.

mod dcql;
mod xschule;
