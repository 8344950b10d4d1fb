//! SD-JWT VC Type Metadata: what a type is called, how its claims are shown, and which rules they keep
//! (SD-JWT VC §4 to §8).
//!
//! Whoever processes it processes all of it: a parent that cannot be had, an integrity value that does not match or
//! a rule that is broken refuses the whole. A type that extends another gets no authority from it.

mod document;
mod error;
mod integrity;
mod resolve;
mod rules;
mod svg;

pub use document::{
    ClaimDisplay, ClaimMetadata, Image, SdRule, SimpleRendering, SvgTemplate, TypeDisplay, TypeMetadata,
};
pub use error::TypeMetadataError;
pub use integrity::Integrity;
pub use resolve::{ResolvedType, TypeFetch, TypeReference, TypeStep};
pub use rules::Reader;

use super::{ClaimPath, PathError, SdJwt};

#[cfg(test)]
mod tests;
