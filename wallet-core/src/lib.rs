//! Wallet core.
