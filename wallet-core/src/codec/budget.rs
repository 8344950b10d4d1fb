//! Limits on the work that one untrusted input may cause.

use std::fmt;

/// Bounds the work done for one input: bytes read, nesting, and values built.
///
/// A budget is passed by `&mut` through everything that one input sets off, so that many small parts
/// cannot cost more than one large one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    bytes: usize,
    depth: usize,
    values: usize,
}

impl Budget {
    /// Makes a budget of `bytes` input bytes, `depth` levels of nesting, and `values` values.
    pub fn new(bytes: usize, depth: usize, values: usize) -> Self {
        Self { bytes, depth, values }
    }

    /// The deepest nesting still allowed.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// How many values may still be built.
    pub fn values(&self) -> usize {
        self.values
    }

    /// Spends `bytes` of the input allowance.
    pub fn spend_bytes(&mut self, bytes: usize) -> Result<(), BudgetExceeded> {
        match self.bytes.checked_sub(bytes) {
            Some(left) => {
                self.bytes = left;
                Ok(())
            }
            None => Err(BudgetExceeded {
                what: Limit::Bytes,
                required: bytes,
                allowed: self.bytes,
            }),
        }
    }

    /// Spends `count` of the allowance for values.
    pub fn spend_values(&mut self, count: usize) -> Result<(), BudgetExceeded> {
        match self.values.checked_sub(count) {
            Some(left) => {
                self.values = left;
                Ok(())
            }
            None => Err(BudgetExceeded {
                what: Limit::Values,
                required: count,
                allowed: self.values,
            }),
        }
    }

    /// Checks that `depth` levels are allowed.
    pub fn check_depth(&self, depth: usize) -> Result<(), BudgetExceeded> {
        if depth > self.depth {
            return Err(BudgetExceeded {
                what: Limit::Depth,
                required: depth,
                allowed: self.depth,
            });
        }
        Ok(())
    }
}

impl Default for Budget {
    /// 4 MiB, 64 levels, 200 000 values: four times the largest real school record with a portrait seen,
    /// and small enough that a phone parses it in well under a second.
    fn default() -> Self {
        Self::new(4 << 20, 64, 200_000)
    }
}

/// An input asked for more work than its budget allows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BudgetExceeded {
    /// Which limit was hit.
    pub what: Limit,
    /// What the input needed at that point.
    pub required: usize,
    /// What was left.
    pub allowed: usize,
}

/// The kinds of limit in a [`Budget`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// Input bytes.
    Bytes,
    /// Levels of nesting.
    Depth,
    /// Values built.
    Values,
}

impl fmt::Display for BudgetExceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.what {
            Limit::Bytes => "bytes",
            Limit::Depth => "levels of nesting",
            Limit::Values => "values",
        };
        write!(f, "input needs {} {what}, {} are allowed", self.required, self.allowed)
    }
}

impl std::error::Error for BudgetExceeded {}
