//! Judging many items on several threads: in order, in flat memory.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Condvar, Mutex, PoisonError};

use super::input::{Item, Items};
use crate::report::Failure;

/// Enough that taking a turn costs nothing beside the signatures, few enough that output starts at once.
const BATCH: usize = 64;
/// So many batches may wait for an earlier one; then the threads wait, so that memory stays flat.
const MOST_EARLY: usize = 32;

/// What a batch becomes: its output, and the worst verdicts in it.
pub(crate) trait Judge: Sync {
    /// Judges one item and appends its output.
    fn judge(&self, item: &Item, out: &mut Vec<u8>, tally: &mut Tally);
}

/// How many items came to which verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) accepted: u64,
    pub(crate) refused: u64,
    pub(crate) undetermined: u64,
}

impl Tally {
    pub(crate) fn total(self) -> u64 {
        self.accepted + self.refused + self.undetermined
    }

    fn add(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.refused += other.refused;
        self.undetermined += other.undetermined;
    }
}

struct Input {
    items: Items,
    next_batch: usize,
    failed: Option<Failure>,
}

struct Output<'a> {
    sink: &'a mut (dyn Write + Send),
    next_batch: usize,
    /// Batches that were done before an earlier one.
    early: BTreeMap<usize, (Vec<u8>, Tally)>,
    tally: Tally,
    broken: Option<io::Error>,
    progress: &'a (dyn Fn(Tally) + Sync),
}

/// Judges all items with `jobs` threads. Each takes a batch, judges it, and writes what is due: output keeps its order,
/// and no more than a few batches wait for it.
pub(crate) fn run(
    items: Items,
    jobs: usize,
    judge: &dyn Judge,
    sink: &mut (dyn Write + Send),
    progress: &(dyn Fn(Tally) + Sync),
) -> Result<Tally, Failure> {
    let input = Mutex::new(Input {
        items,
        next_batch: 0,
        failed: None,
    });
    let output = Mutex::new(Output {
        sink,
        next_batch: 0,
        early: BTreeMap::new(),
        tally: Tally::default(),
        broken: None,
        progress,
    });
    let turn = Condvar::new();
    std::thread::scope(|scope| {
        for _ in 1..jobs {
            scope.spawn(|| work(&input, &output, &turn, judge));
        }
        work(&input, &output, &turn, judge);
    });
    let output = output.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(failure) = input.into_inner().unwrap_or_else(PoisonError::into_inner).failed {
        return Err(failure);
    }
    match output.broken {
        // Whoever reads our output may stop when it has seen enough.
        Some(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::file("standard output".as_ref(), &error))
        }
        _ => Ok(output.tally),
    }
}

fn work(input: &Mutex<Input>, output: &Mutex<Output<'_>>, turn: &Condvar, judge: &dyn Judge) {
    loop {
        let (number, batch) = take(input);
        if batch.is_empty() {
            return;
        }
        let mut tally = Tally::default();
        let mut text = Vec::new();
        for item in &batch {
            judge.judge(item, &mut text, &mut tally);
        }
        let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
        output.early.insert(number, (text, tally));
        output.write_what_is_due();
        turn.notify_all();
        // Whoever has the batch that is due never waits here, so somebody always goes on.
        while output.early.len() >= MOST_EARLY {
            output = turn.wait(output).unwrap_or_else(PoisonError::into_inner);
        }
        if output.broken.is_some() {
            input.lock().unwrap_or_else(PoisonError::into_inner).items = Items::new(Vec::new());
        }
    }
}

impl Output<'_> {
    fn write_what_is_due(&mut self) {
        while let Some((text, tally)) = self.early.remove(&self.next_batch) {
            self.next_batch += 1;
            self.tally.add(tally);
            if self.broken.is_none() {
                self.broken = self.sink.write_all(&text).err();
            }
            (self.progress)(self.tally);
        }
    }
}

fn take(input: &Mutex<Input>) -> (usize, Vec<Item>) {
    let mut input = input.lock().unwrap_or_else(PoisonError::into_inner);
    let mut batch = Vec::with_capacity(BATCH);
    while batch.len() < BATCH && input.failed.is_none() {
        match input.items.next() {
            Ok(Some(item)) => batch.push(item),
            Ok(None) => break,
            Err(failure) => input.failed = Some(failure),
        }
    }
    let number = input.next_batch;
    if !batch.is_empty() {
        input.next_batch += 1;
    }
    (number, batch)
}
