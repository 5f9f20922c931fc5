//! Methods that were not looked at whole: what is asked of one of their instructions may take a walk over all of them, and
//! they are so large, and have so many, that this would not end.

use super::exceptions::Own;
use super::remembered::Remembered;
use crate::program::Program;
use crate::vocabulary::MethodId;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// The methods, for those who report them, and what is remembered of large ones so that it is looked for once.
#[derive(Default)]
pub struct Bounds {
    methods: Mutex<BTreeSet<MethodId>>,
    /// What they throw, and whom they call.
    pub(super) thrown: Remembered<MethodId, Arc<[Own]>>,
}

impl Bounds {
    /// Notes that some instructions of a method were left out.
    pub fn note(&self, method: MethodId) {
        self.methods.lock().unwrap_or_else(PoisonError::into_inner).insert(method);
    }

    /// The methods, ascending, whichever thread came first.
    pub fn into_methods(self) -> Vec<MethodId> {
        self.methods.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().collect()
    }
}

/// Steps that the questions of one kind may take for all bodies of a program together, however small it is.
const STEPS: u64 = 1 << 21;
/// So many more for each of its events. Real programs take less than one.
const STEPS_OF_EVENT: u64 = 2;
/// Questions that may be asked of a body whatever others ask.
const MIN_QUESTIONS: usize = 4;

/// How many questions of one kind each body may be asked, if each takes a walk over all of it. All bodies together have
/// so many steps that the time for them grows with the program and no faster; those that ask for little get it, and the
/// others share what is left. It depends on what is asked alone, not on who asks first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share {
    steps: u64,
}

impl Share {
    /// From the steps that the bodies ask for, of which none gets more than `most`.
    pub(crate) fn of(program: &Program<'_>, demands: Vec<u64>, most: u64) -> Self {
        Self { steps: share(demands, STEPS + STEPS_OF_EVENT * n_events(program)).min(most) }
    }

    /// The questions that a body of so many events may be asked.
    pub(crate) fn questions(self, n_events: usize) -> usize {
        let n = self.steps / (n_events as u64).max(1);
        usize::try_from(n).unwrap_or(usize::MAX).max(MIN_QUESTIONS)
    }
}

/// The events of all bodies.
pub(crate) fn n_events(program: &Program<'_>) -> u64 {
    program.facts.units_by_archive().map(|(_, unit)| unit.events.len() as u64).sum()
}

/// The most that each may have so that all together have no more than `total`.
fn share(mut demands: Vec<u64>, total: u64) -> u64 {
    demands.sort_unstable();
    let mut left = total;
    let mut n = demands.len() as u64;
    for demand in demands {
        if demand.saturating_mul(n) > left {
            return left / n;
        }
        left -= demand;
        n -= 1;
    }
    u64::MAX
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn who_asks_for_little_gets_it_and_the_others_share_the_rest() {
        assert_eq!(share(vec![10, 20, 30], 60), u64::MAX);
        assert_eq!(share(vec![30, 10, 20], 50), 20);
        assert_eq!(share(vec![1, 1000, 1000], 101), 50);
        assert_eq!(share(Vec::new(), 0), u64::MAX);
    }
}
