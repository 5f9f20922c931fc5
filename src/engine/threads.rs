//! Threads: the one implementation of [`Parallel`] that uses them.

use super::request::EngineError;
use crate::vocabulary::Parallel;
use rayon::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Spreads work over the present rayon pool.
#[derive(Clone, Copy, Default, Debug)]
pub struct Pool;

impl Parallel for Pool {
    fn map<R: Send>(&self, n: usize, f: impl Fn(usize) -> R + Sync + Send) -> Vec<R> {
        (0..n).into_par_iter().with_max_len(1).map(f).collect()
    }

    fn for_each<T: Send>(&self, items: &mut [T], f: impl Fn(usize, &mut T) + Sync + Send) {
        items.par_iter_mut().with_max_len(1).enumerate().for_each(|(i, item)| f(i, item));
    }

    fn both<A: Send, B: Send>(&self, a: impl FnOnce() -> A + Send, b: impl FnOnce() -> B + Send) -> (A, B) {
        rayon::join(a, b)
    }
}

/// A pool of `n` threads, or of one per processor.
///
/// # Errors
/// If the system does not give that many.
pub fn pool(n: Option<usize>) -> Result<rayon::ThreadPool, EngineError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(n.unwrap_or(0)).build();
    pool.map_err(|error| EngineError::Threads(error.to_string()))
}

/// Runs `n` pieces of work on all threads of the present pool, each thread with a state of its own that is made once.
/// Results are in order of the pieces, whichever thread ran them.
pub fn map_with_state<S: Send, R: Send>(
    n: usize,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, usize) -> R + Sync,
) -> Vec<R> {
    map_with_states(n, state, work).0.into_iter().map(|(_, result)| result).collect()
}

/// As [`map_with_state`]; also gives the states, and with each result the number of the state it was made with.
pub fn map_with_states<S: Send, R: Send>(
    n: usize,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, usize) -> R + Sync,
) -> (Vec<(usize, R)>, Vec<S>) {
    let next = AtomicUsize::new(0);
    let parts: Vec<(S, Vec<(usize, R)>)> = rayon::broadcast(|_| {
        let mut state = state();
        let mut done = Vec::new();
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            if i >= n {
                return (state, done);
            }
            done.push((i, work(&mut state, i)));
        }
    });
    let mut all = Vec::with_capacity(n);
    let mut states = Vec::new();
    for (state, done) in parts {
        all.extend(done.into_iter().map(|(i, result)| (i, (states.len(), result))));
        states.push(state);
    }
    all.sort_unstable_by_key(|(i, _)| *i);
    (all.into_iter().map(|(_, result)| result).collect(), states)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_the_order_of_the_work() {
        let squares = map_with_state(
            100,
            || 0usize,
            |calls, i| {
                *calls += 1;
                i * i
            },
        );
        assert_eq!(squares, (0..100).map(|i| i * i).collect::<Vec<_>>());
        assert_eq!(Pool.map(5, |i| i + 1), [1, 2, 3, 4, 5]);
    }
}
