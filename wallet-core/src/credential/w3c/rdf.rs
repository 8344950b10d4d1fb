//! JSON-LD as statements in the one order and naming that everybody hashes (JSON-LD 1.1 API, RDFC-1.0).
//!
//! What a context does not define would vanish from the statements and so from the signature: it is refused, with its
//! name. Contexts come from the caller's [`Contexts`](super::contexts::Contexts); nothing is fetched.

mod canonical;
mod quad;

use std::fmt;

use crate::crypto::HashAlgorithm;

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
    /// Statements: a school report of 25 subjects has 300.
    pub quads: usize,
    /// Blank nodes: a school report of 25 subjects has 60.
    pub blank_nodes: usize,
    /// Steps of the canonicalisation among alike blank nodes; the hardest graph of the W3C suite that must be
    /// canonicalised takes 26 000, the one that must be refused is endless.
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

/// Canonicalises N-Quads with RDFC-1.0 and `hash` (SHA-256, or SHA-384 for P-384).
pub fn canonicalize_nquads(text: &str, hash: HashAlgorithm, limits: &Limits) -> Result<CanonicalDocument, RdfError> {
    let (quads, labels) = quad::parse(text)?;
    canonical::canonicalize(quads, labels, hash, limits)
}

/// Linked data that cannot be hashed, or must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RdfError {
    /// A line that is no N-Quad.
    Syntax {
        /// Counted from one.
        line: usize,
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
}

impl RdfError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
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
            Self::Syntax { line } => write!(f, "line {line} is no N-Quad"),
            Self::TooManyBlankNodes { count, limit } => write!(f, "{count} blank nodes, {limit} are allowed"),
            Self::TooManyQuads { count, limit } => write!(f, "{count} statements, {limit} are allowed"),
            Self::TooMuchWork { limit } => write!(f, "canonicalisation needs more than {limit} steps"),
        }
    }
}

impl std::error::Error for RdfError {}
