//! Evaluates DCQL queries over a holding.
