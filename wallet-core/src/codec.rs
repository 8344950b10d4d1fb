//! Strict encodings: base64url, multibase, JSON with exact numbers, CBOR as received, and the budgets that bound them.
//!
//! Everything that arrives from outside passes through here first. Decoders refuse what a lenient one
//! would repair: padding and stray bits in base64url (RFC 4648 §3.5), duplicate members in JSON
//! (RFC 8259 §4, RFC 9901 §10.1) and in CBOR (RFC 8949 §5.6), text after the end. Nothing is re-encoded before it is hashed.

pub mod base64url;
mod budget;
pub mod cbor;
pub mod json;
pub mod multibase;

pub use budget::{Budget, BudgetExceeded, Limit};
pub use cbor::{Cbor, CborError, CborValue};
pub use json::{Json, JsonError, Object};
pub use multibase::MultibaseError;
