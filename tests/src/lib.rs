//! Fakes for tests: randomness that repeats, and the place of the published vectors.

pub mod campus;
pub mod fuzzing;
pub mod issuing;
pub mod office;

use std::path::PathBuf;

use wallet_core::crypto::{Random, sha256};

/// Randomness that is the same in every run: never for keys outside tests.
#[derive(Clone, Debug)]
pub struct TestRandom([u8; 32]);

impl TestRandom {
    /// A source that depends on `seed` alone.
    pub fn new(seed: u8) -> Self {
        Self(sha256(&[seed]))
    }
}

impl Random for TestRandom {
    fn fill(&mut self, out: &mut [u8]) {
        for byte in out {
            self.0 = sha256(&self.0);
            *byte = self.0[0];
        }
    }
}

/// The folder of published vectors on a topic: under `CONFORMANCE_VECTORS`, or beside the repository.
/// Where neither exists the caller skips, and this says so in one line.
pub fn vectors(topic: &str) -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/vectors");
    let root = std::env::var_os("CONFORMANCE_VECTORS").map_or_else(|| PathBuf::from(beside), PathBuf::from);
    let folder = root.join(topic);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("conformance: no vectors on `{topic}`, skipped (set CONFORMANCE_VECTORS)");
    None
}
