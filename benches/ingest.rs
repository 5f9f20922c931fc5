//! From jars to settled facts.
#![allow(clippy::expect_used, missing_docs, reason = "a benchmark may fail, and is no library")]

#[allow(dead_code, reason = "shared with other benchmarks")]
mod support;

use cotenant::archive::Limits;
use cotenant::engine::Progress;
use cotenant::engine::ingest::{Ingested, Opened, open_all, read_all};
use cotenant::engine::threads::Pool;
use cotenant::facts::settle::settle;
use divan::Bencher;
use divan::counter::BytesCount;
use support::{SETS, Set};

/// Versions of multi-release classes are chosen for this release.
const RELEASE: u16 = 17;

fn main() {
    divan::main();
}

fn open(set: Set) -> Opened {
    open_all(&set.request().inputs, &Limits::default(), RELEASE)
}

fn read(set: Set) -> Ingested {
    read_all(open(set), &Progress::default())
}

fn n_bytes(set: Set) -> BytesCount {
    BytesCount::new(read(set).units.iter().map(|unit| unit.n_bytes).sum::<u64>())
}

#[divan::bench(args = SETS, max_time = 5)]
fn listing(bencher: Bencher, set: Set) {
    bencher.bench_local(|| open(set));
}

#[divan::bench(args = SETS, max_time = 20)]
fn reading(bencher: Bencher, set: Set) {
    bencher
        .counter(n_bytes(set))
        .with_inputs(|| open(set))
        .bench_local_values(|opened| read_all(opened, &Progress::default()));
}

#[divan::bench(args = SETS, max_time = 20)]
fn settling(bencher: Bencher, set: Set) {
    bencher
        .counter(n_bytes(set))
        .with_inputs(|| read(set))
        .bench_local_values(|read| settle(read.units, read.parts, read.names, &Pool));
}
