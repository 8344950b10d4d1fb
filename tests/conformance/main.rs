//! Conformance tests against published vectors.

mod dcql;
mod token_status_list;
mod xschule;
