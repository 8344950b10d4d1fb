//! Wallet core.
#![forbid(unsafe_code)]

pub mod codec;
pub mod credential;
pub mod time;
