//! From settled facts to linked classes and their graphs.
#![allow(clippy::expect_used, missing_docs, reason = "a benchmark may fail, and is no library")]

#[allow(dead_code, reason = "shared with other benchmarks")]
mod support;

use cotenant::engine::Arranged;
use cotenant::engine::threads::Pool;
use cotenant::program::call_graph::Services;
use cotenant::program::{CallGraph, FieldGraph, Hierarchy, Program, Reach};
use divan::Bencher;
use std::sync::OnceLock;
use support::{SETS, Set};

fn main() {
    divan::main();
}

fn arranged(set: Set) -> &'static Arranged {
    static ARRANGED: [OnceLock<Arranged>; 2] = [const { OnceLock::new() }; 2];
    ARRANGED[set as usize].get_or_init(|| set.arranged())
}

fn program(set: Set) -> &'static Program<'static> {
    static PROGRAMS: [OnceLock<Program<'static>>; 2] = [const { OnceLock::new() }; 2];
    PROGRAMS[set as usize].get_or_init(|| arranged(set).link())
}

fn hierarchy(set: Set) -> Hierarchy {
    Hierarchy::build(program(set), &Default::default(), &Pool)
}

fn fields(set: Set) -> FieldGraph {
    FieldGraph::build(program(set), &Pool)
}

fn calls(set: Set) -> CallGraph {
    CallGraph::build(program(set), &hierarchy(set), &fields(set), &Services::default(), &Pool)
}

#[divan::bench(args = SETS, max_time = 10)]
fn linking(bencher: Bencher, set: Set) {
    let arranged = arranged(set);
    bencher.bench_local(|| arranged.link());
}

#[divan::bench(args = SETS, max_time = 10)]
fn subtypes(bencher: Bencher, set: Set) {
    bencher.bench_local(|| hierarchy(set));
}

#[divan::bench(args = SETS, max_time = 10)]
fn call_graph(bencher: Bencher, set: Set) {
    let (program, hierarchy, fields) = (program(set), hierarchy(set), fields(set));
    bencher.bench_local(|| CallGraph::build(program, &hierarchy, &fields, &Services::default(), &Pool));
}

#[divan::bench(args = SETS, max_time = 10)]
fn field_graph(bencher: Bencher, set: Set) {
    bencher.bench_local(|| fields(set));
}

#[divan::bench(args = SETS, max_time = 10)]
fn reach(bencher: Bencher, set: Set) {
    let (program, calls) = (program(set), calls(set));
    let types = hierarchy(set);
    bencher.bench_local(|| Reach::spread(program, &types, &calls, &[], &[]).is_open_world());
}
