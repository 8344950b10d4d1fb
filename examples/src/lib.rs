//! One short program per story, under `src/bin`: `cargo run -p wallet-examples --bin present_to_a_university`.
//!
//! The core reads no clock and draws no randomness; these are what a program brings along.

use std::time::{SystemTime, UNIX_EPOCH};

use wallet_core::crypto::Random;
use wallet_core::time::Timestamp;

/// The operating system's randomness.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "nothing will ever be in it")]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&mut self, out: &mut [u8]) {
        getrandom::fill(out).expect("the operating system provides randomness");
    }
}

/// The system clock's time.
pub fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    Timestamp::from_unix(i64::try_from(since).unwrap_or(i64::MAX))
}

/// What a program may end with.
pub type Outcome = Result<(), Box<dyn std::error::Error>>;
