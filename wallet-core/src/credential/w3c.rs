//! W3C Verifiable Credentials: linked data as it is signed, and the proofs over it.

pub mod contexts;
pub mod data_integrity;
pub mod rdf;
