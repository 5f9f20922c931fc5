//! `cotenant scan` as a whole process, all built-in rules.
#![allow(clippy::expect_used, missing_docs, reason = "a benchmark may fail, and is no library")]

#[allow(dead_code, reason = "shared with other benchmarks")]
mod support;

use divan::Bencher;
use std::process::{Command, Stdio};
use support::{SETS, Set};

fn main() {
    divan::main();
}

#[divan::bench(args = SETS, max_time = 30)]
fn scan(bencher: Bencher, set: Set) {
    let Some(path) = set.path() else { return };
    bencher.bench_local(|| {
        Command::new(env!("CARGO_BIN_EXE_cotenant"))
            .args(["scan", "--fail-on", "never", "--format", "json"])
            .arg(&path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("cotenant runs")
    });
}
