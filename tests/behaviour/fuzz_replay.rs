//! Whatever bytes arrive, nothing panics and nothing takes long: corpora replayed, and mutations of them.
//!
//! A longer campaign than fits a test run, on stable:
//! `FUZZ_ITERATIONS=200000 cargo test --release -p wallet-tests --test behaviour campaign -- --ignored --nocapture`
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use proptest::prelude::*;
mod seeds;

use wallet_tests::fuzzing::{Body, Mutation, TARGETS, WORDS};

/// Far above what any input takes, even in a debug build on a busy machine; a hang or a square stands out.
const LONGEST: Duration = Duration::from_secs(20);

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let files = std::fs::read_dir(folder().join("corpus").join(target)).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    files
        .into_iter()
        .map(|file| (file.clone(), std::fs::read(file).unwrap()))
        .collect()
}

fn run(body: Body, data: &[u8]) -> Duration {
    let start = Instant::now();
    body(data);
    start.elapsed()
}

#[test]
fn every_corpus_replays_without_a_panic() {
    for (target, body) in TARGETS {
        let corpus = corpus(target);
        assert!(corpus.len() >= 3, "{target} has too few seeds");
        for (file, data) in corpus {
            println!("{}", file.display());
            let took = run(body, &data);
            assert!(took < LONGEST, "{} took {took:?}", file.display());
        }
    }
}

#[test]
fn every_target_has_a_fuzzer_and_a_corpus() {
    let names: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let entries = |folder: PathBuf| -> BTreeSet<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        let name = |path: PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
        entries.map(|entry| name(entry.unwrap().path())).collect()
    };
    assert_eq!(entries(folder().join("corpus")), names);
    assert_eq!(entries(folder().join("targets")), names);
    let manifest = std::fs::read_to_string(folder().join("Cargo.toml")).unwrap();
    for name in names {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
        let target = std::fs::read_to_string(folder().join(format!("targets/{name}.rs"))).unwrap();
        assert!(target.contains("fuzzing::"), "{name}");
    }
}

fn mutation(others: Vec<Vec<u8>>) -> impl Strategy<Value = Mutation> {
    let word = prop::sample::select(WORDS.to_vec()).prop_map(|word| word.as_bytes().to_vec());
    prop_oneof![
        (any::<usize>(), 1u8..).prop_map(|(at, bits)| Mutation::Flip(at, bits)),
        (
            any::<usize>(),
            prop_oneof![word, prop::collection::vec(any::<u8>(), 1..4)]
        )
            .prop_map(|(at, bytes)| Mutation::Insert(at, bytes)),
        (any::<usize>(), 1usize..16).prop_map(|(at, count)| Mutation::Delete(at, count)),
        (any::<usize>(), any::<usize>(), any::<usize>())
            .prop_map(|(at, count, times)| Mutation::Repeat(at, count, times)),
        (any::<usize>(), prop::sample::select(others), any::<usize>())
            .prop_map(|(at, other, from)| Mutation::Splice(at, other, from)),
    ]
}

#[test]
fn mutated_seeds_never_panic() {
    for (target, body) in TARGETS {
        let seeds: Vec<Vec<u8>> = corpus(target).into_iter().map(|(_, data)| data).collect();
        // Large seeds are replayed; mutating them over and over finds little.
        let small: Vec<Vec<u8>> = seeds.into_iter().filter(|seed| seed.len() < 10_000).collect();
        let inputs = (
            prop::sample::select(small.clone()),
            prop::collection::vec(mutation(small), 1..6),
        );
        let config = ProptestConfig {
            cases: 48,
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        let mut runner = proptest::test_runner::TestRunner::new_with_rng(
            config,
            proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
        );
        let outcome = runner.run(&inputs, |(mut data, mutations)| {
            for mutation in mutations {
                mutation.apply(&mut data);
            }
            let took = run(body, &data);
            prop_assert!(took < LONGEST, "took {:?}", took);
            Ok(())
        });
        assert_eq!(outcome.map_err(|error| error.to_string()), Ok(()), "{target}");
    }
}

/// Numbers for the campaign: a repeatable sequence that depends on the seed alone.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize
    }

    fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.next() % items.len()]
    }

    fn mutation(&mut self, seeds: &[Vec<u8>]) -> Mutation {
        match self.next() % 8 {
            0 | 1 => Mutation::Flip(self.next(), self.next() as u8 | 1),
            2 | 3 => Mutation::Insert(self.next(), self.pick(&WORDS).as_bytes().to_vec()),
            4 => Mutation::Insert(self.next(), vec![self.next() as u8]),
            5 => Mutation::Delete(self.next(), 1 + self.next() % 16),
            6 => Mutation::Repeat(self.next(), self.next(), self.next()),
            _ => {
                let other = self.pick(seeds).clone();
                Mutation::Splice(self.next(), other, self.next())
            }
        }
    }
}

#[test]
#[ignore = "takes as long as it is told to"]
fn campaign() {
    let number = |name: &str, otherwise: u64| std::env::var(name).map_or(otherwise, |text| text.parse().unwrap());
    let iterations = number("FUZZ_ITERATIONS", 10_000);
    let seconds = number("FUZZ_SECONDS", u64::MAX);
    let only = std::env::var("FUZZ_TARGET").ok();
    for (target, body) in TARGETS {
        if only.as_ref().is_some_and(|only| only != target) {
            continue;
        }
        let seeds: Vec<Vec<u8>> = corpus(target).into_iter().map(|(_, data)| data).collect();
        let mut numbers = Numbers(number("FUZZ_SEED", 0x9e37_79b9_7f4a_7c15));
        let (mut done, mut slowest, mut failures) = (0, (Duration::ZERO, Vec::new()), 0);
        let begun = Instant::now();
        while done < iterations && begun.elapsed().as_secs() < seconds {
            let mut data = numbers.pick(&seeds).clone();
            for _ in 0..=numbers.next() % 6 {
                numbers.mutation(&seeds).apply(&mut data);
            }
            let start = Instant::now();
            if std::panic::catch_unwind(|| body(&data)).is_err() {
                failures += 1;
                let file = std::env::temp_dir().join(format!("fuzz-{target}-{failures}"));
                std::fs::write(&file, &data).unwrap();
                println!("{target}: panic, input in {}", file.display());
                if failures == 5 {
                    break;
                }
            }
            if start.elapsed() > slowest.0 {
                slowest = (start.elapsed(), data);
            }
            done += 1;
        }
        let file = std::env::temp_dir().join(format!("fuzz-{target}-slowest"));
        std::fs::write(&file, &slowest.1).unwrap();
        println!(
            "{target}: {done} inputs in {:?}, {failures} failures, slowest {:?} with {} bytes",
            begun.elapsed(),
            slowest.0,
            slowest.1.len()
        );
    }
}
