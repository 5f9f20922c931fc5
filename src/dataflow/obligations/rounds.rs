//! Asking the same of many methods, each of which may call others that are large.

use super::callees::Callees;
use super::summaries::Summaries;
use crate::dataflow::exceptions::Exceptions;
use crate::dataflow::rounds::{Asked, Steps, in_rounds};
use crate::dataflow::{World, n_events};
use crate::vocabulary::{MethodId, Parallel};

/// Steps of each method in the first round, and at least.
const FIRST: u64 = 1 << 12;
/// Steps that all methods of a program have together, however small it is, and so many more for each of its events. Real
/// programs take less than half a step for each.
const STEPS: u64 = 1 << 23;
const STEPS_OF_EVENT: u64 = 4;
/// Steps of one method, however few others there are.
const MOST: u64 = 1 << 25;
/// Methods that one piece of work takes.
const CHUNK: usize = 256;

/// The answers, by method. Of those that were not done, which is noted, as far as they went.
pub(super) fn each<R: Send>(
    world: &World<'_>,
    summaries: &Summaries,
    methods: Vec<MethodId>,
    ask: impl Fn(&Callees<'_, '_>, MethodId) -> R + Sync + Send,
    parallel: &impl Parallel,
) -> Vec<(MethodId, R)> {
    let all = STEPS + STEPS_OF_EVENT * n_events(world.program);
    let steps = Steps { first: FIRST, most: MOST, all };
    let found = in_rounds(methods, steps, |open, allowed| {
        let asked = parallel.map(open.len().div_ceil(CHUNK), |chunk| {
            let exceptions = Exceptions::new(world);
            let callees = Callees::new(world, &exceptions, summaries);
            let methods = &open[chunk * CHUNK..open.len().min((chunk + 1) * CHUNK)];
            let answers = methods.iter().map(|method| {
                callees.begin(allowed);
                let answer = ask(&callees, *method);
                let (n_spent, is_spent) = (callees.n_spent(), callees.is_spent());
                Asked { of: *method, answer, n_spent, is_spent }
            });
            answers.collect::<Vec<_>>()
        });
        asked.into_iter().flatten().collect()
    });
    found.iter().filter(|asked| asked.is_spent).for_each(|asked| world.bounds.note(asked.of));
    let mut found: Vec<(MethodId, R)> = found.into_iter().map(|asked| (asked.of, asked.answer)).collect();
    found.sort_unstable_by_key(|(method, _)| *method);
    found
}
