//! JSON-LD as statements in the one order and naming that everybody hashes (JSON-LD 1.1 API, RDFC-1.0).
//!
//! What a context does not define would vanish from the statements and so from the signature: it is refused, with its
//! name. Contexts come from the caller's [`Contexts`](super::contexts::Contexts); nothing is fetched.

mod canonical;
mod context;
mod expand;
mod quad;

use std::fmt;

use crate::codec::Object;
use crate::crypto::HashAlgorithm;

use super::contexts::Contexts;

pub(super) use context::Active;
pub(super) use expand::Run;

const XSD_STRING: &str = "http://www.w3.org/2001/XMLSchema#string";

/// A document in canonical form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CanonicalDocument {
    quads: Vec<String>,
    labels: Vec<(String, String)>,
}

impl CanonicalDocument {
    /// The canonical N-Quads, sorted, a line feed at the end of each.
    pub fn quads(&self) -> &[String] {
        &self.quads
    }

    /// The blank nodes: label of the input (`b0` …, without `_:`), canonical label (`c14n0` …).
    pub fn labels(&self) -> &[(String, String)] {
        &self.labels
    }

    /// The text that is hashed.
    pub fn text(&self) -> String {
        self.quads.concat()
    }
}

/// What one document may cost.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Statements: room for hundreds of courses with ten claims each.
    pub quads: usize,
    /// Blank nodes: room for hundreds of courses with some nameless objects each.
    pub blank_nodes: usize,
    /// Steps of applying contexts, and again of telling alike blank nodes apart: every graph of the W3C suite that must
    /// be canonicalised fits, the one that must be refused does not.
    pub work: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            quads: 20_000,
            blank_nodes: 4_000,
            work: 100_000,
        }
    }
}

impl Limits {
    fn check(&self, quads: usize, blank_nodes: usize) -> Result<(), RdfError> {
        if quads > self.quads {
            return Err(RdfError::TooManyQuads {
                count: quads,
                limit: self.quads,
            });
        }
        if blank_nodes > self.blank_nodes {
            return Err(RdfError::TooManyBlankNodes {
                count: blank_nodes,
                limit: self.blank_nodes,
            });
        }
        Ok(())
    }
}

/// The statements of a JSON-LD document in canonical form; whatever would not be among them is refused.
pub fn canonical_nquads(
    document: &Object,
    contexts: &Contexts,
    hash: HashAlgorithm,
    limits: &Limits,
) -> Result<CanonicalDocument, RdfError> {
    let (quads, labels) = Run::new(contexts, limits).transform(document)?;
    canonical::canonicalize(quads, labels, hash, limits)
}

/// Canonicalises N-Quads with RDFC-1.0 and `hash` (SHA-256, or SHA-384 for P-384).
pub fn canonicalize_nquads(text: &str, hash: HashAlgorithm, limits: &Limits) -> Result<CanonicalDocument, RdfError> {
    let (quads, labels) = quad::parse(text)?;
    canonical::canonicalize(quads, labels, hash, limits)
}

/// Linked data that cannot be hashed, or must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RdfError {
    /// A context, or the definition of a term in one, is not well formed.
    BadContext(String),
    /// A keyword or a property with a value it cannot have.
    BadValue(String),
    /// A value that has no place in a statement, and so would not be signed: `null`, `@direction`, `@index`.
    LostValue(String),
    /// A number outside of what all readers agree upon (2^53, IEEE 754 double).
    NumberRange,
    /// A context changes a term that an earlier one protects.
    ProtectedTerm(String),
    /// A reference without a scheme: there is no base to resolve it against.
    RelativeIri(String),
    /// A line that is no N-Quad.
    Syntax {
        /// Counted from one.
        line: usize,
    },
    /// Objects stand too deep in each other.
    TooDeep {
        /// How deep they may.
        limit: usize,
    },
    /// More blank nodes than allowed.
    TooManyBlankNodes {
        /// How many there are.
        count: usize,
        /// How many may be.
        limit: usize,
    },
    /// More statements than allowed.
    TooManyQuads {
        /// How many there are, at least.
        count: usize,
        /// How many may be.
        limit: usize,
    },
    /// A graph whose blank nodes are too alike to be told apart in reasonable time.
    TooMuchWork {
        /// How many steps may be.
        limit: usize,
    },
    /// A term or a type that no context defines.
    UndefinedTerm(String),
    /// A context that is not known.
    UnknownContext(String),
    /// A part of JSON-LD that is not read here; no context of a credential standard uses it.
    Unsupported(String),
}

impl RdfError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadContext(_) => "rdf.bad_context",
            Self::BadValue(_) => "rdf.bad_value",
            Self::LostValue(_) => "rdf.lost_value",
            Self::NumberRange => "rdf.number_range",
            Self::ProtectedTerm(_) => "rdf.protected_term",
            Self::RelativeIri(_) => "rdf.relative_iri",
            Self::TooDeep { .. } => "rdf.too_deep",
            Self::UndefinedTerm(_) => "rdf.undefined_term",
            Self::UnknownContext(_) => "rdf.unknown_context",
            Self::Unsupported(_) => "rdf.unsupported",
            Self::Syntax { .. } => "rdf.syntax",
            Self::TooManyBlankNodes { .. } => "rdf.too_many_blank_nodes",
            Self::TooManyQuads { .. } => "rdf.too_many_quads",
            Self::TooMuchWork { .. } => "rdf.too_much_work",
        }
    }
}

impl fmt::Display for RdfError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadContext(name) => write!(f, "context is not well formed at {name:?}"),
            Self::BadValue(name) => write!(f, "{name:?} has a value that it cannot have"),
            Self::LostValue(name) => write!(f, "value of {name:?} would not be signed"),
            Self::NumberRange => f.write_str("number is outside of what all readers agree upon"),
            Self::ProtectedTerm(name) => write!(f, "context changes the protected term {name:?}"),
            Self::RelativeIri(_) => f.write_str("reference has no scheme"),
            Self::TooDeep { limit } => write!(f, "objects are nested deeper than {limit}"),
            Self::UndefinedTerm(name) => write!(f, "no context defines {name:?}"),
            Self::UnknownContext(url) => write!(f, "context {url:?} is not known"),
            Self::Unsupported(name) => write!(f, "JSON-LD's {name} is not supported"),
            Self::Syntax { line } => write!(f, "line {line} is no N-Quad"),
            Self::TooManyBlankNodes { count, limit } => write!(f, "{count} blank nodes, {limit} are allowed"),
            Self::TooManyQuads { count, limit } => write!(f, "{count} statements, {limit} are allowed"),
            Self::TooMuchWork { limit } => write!(f, "canonicalisation needs more than {limit} steps"),
        }
    }
}

impl std::error::Error for RdfError {}
