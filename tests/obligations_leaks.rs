//! What a leak says of itself.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may fail")]

mod obligations_support;

use cotenant::dataflow::World;
use cotenant::dataflow::obligations::{ExitKind, Leak, Summaries, leaks_of};
use cotenant::engine::threads::Pool;
use cotenant::vocabulary::{MethodId, Parallel, Sequential};
use obligations_support::with_world;
use std::path::Path;

const STREAMS: &str = "fixtures/resource/stream-open-on-exception";

fn all_leaks(world: &World<'_>, parallel: &impl Parallel) -> Vec<Leak> {
    let summaries = Summaries::build(world, parallel);
    let methods = (0..world.program.n_methods).map(MethodId::from_index);
    methods.flat_map(|m| leaks_of(world, m, &|_| true, &summaries)).collect()
}

/// The leaks of a method, with the names of the methods that are shown as the reason.
fn leaks_in(case: &str, method: &str) -> Vec<(Leak, String)> {
    with_world(&Path::new(STREAMS).join(case), |world| {
        let named = |leak: &Leak| world.program.text(world.program.method(leak.method).name) == method;
        let shown = |leak: Leak| {
            let event = leak.at.and_then(|at| world.event(leak.method, at));
            let member = event.and_then(|e| e.member()).map(|m| world.program.facts.members.get(m));
            (leak, member.map_or(String::new(), |m| world.program.text(m.name).to_owned()))
        };
        all_leaks(world, &Pool).into_iter().filter(named).map(shown).collect()
    })
}

#[test]
fn the_call_that_throws_is_shown() {
    let found = leaks_in("bad", "first");
    let [(leak, shown)] = &found[..] else { panic!("{found:?}") };
    assert_eq!((leak.exit, shown.as_str()), (ExitKind::Exceptional, "read"));
    assert!(leak.ever_released && !leak.after_failed_release);
}

#[test]
fn an_exception_that_is_caught_is_shown_although_the_method_returns() {
    let found = leaks_in("bad", "closedInTry");
    let [(leak, shown)] = &found[..] else { panic!("{found:?}") };
    assert_eq!((leak.exit, shown.as_str()), (ExitKind::Normal, "read"));
}

#[test]
fn a_return_needs_no_exception_to_lose_something() {
    let found = leaks_in("bad", "earlyReturn");
    let [(leak, shown)] = &found[..] else { panic!("{found:?}") };
    assert_eq!((leak.exit, shown.as_str(), leak.at), (ExitKind::Normal, "", Some(leak.left_at)));
}

#[test]
fn a_loop_that_comes_round_loses_what_the_last_turn_opened() {
    let found = leaks_in("bad", "lastOfMany");
    let [(leak, _)] = &found[..] else { panic!("{found:?}") };
    assert_eq!((leak.exit, leak.left_at), (ExitKind::Normal, leak.event));
}

#[test]
fn what_only_a_failing_close_leaves_open_is_marked() {
    let found = leaks_in("bad-shapes", "copy");
    let [(leak, shown)] = &found[..] else { panic!("{found:?}") };
    assert_eq!((leak.after_failed_release, shown.as_str()), (true, "close"));
}

#[test]
fn a_wrapper_whose_constructor_throws_leaves_the_inner_stream_open() {
    let found = leaks_in("bad-shapes", "object");
    let [(leak, shown)] = &found[..] else { panic!("{found:?}") };
    assert_eq!((leak.exit, shown.as_str()), (ExitKind::Exceptional, "<init>"));
}

#[test]
fn threads_make_no_difference() {
    with_world(&Path::new(STREAMS).join("bad-handed-over"), |world| {
        let leaks = all_leaks(world, &Sequential);
        assert!(leaks.len() > 10);
        assert_eq!(leaks, all_leaks(world, &Pool));
    });
}
