//! Conformance tests against published vectors.

mod token_status_list;
mod xschule;
