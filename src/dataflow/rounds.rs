//! Asking the same of many, with so many steps for all of them that the time grows with the program and no faster.
//!
//! What an answer takes is not known before. So all get a few steps first, those that are not done start anew with more,
//! and the last ones share what is left. What each gets depends on what the others have taken, and never on who came
//! first.

/// An answer.
pub(crate) struct Asked<T, R> {
    pub(crate) of: T,
    pub(crate) answer: R,
    /// Steps that were taken for it.
    pub(crate) n_spent: u64,
    /// Whether these were all that were allowed, so that the answer is not whole.
    pub(crate) is_spent: bool,
}

/// How many steps there are.
#[derive(Clone, Copy)]
pub(crate) struct Steps {
    /// For each in the first round, and at least.
    pub(crate) first: u64,
    /// For each at most.
    pub(crate) most: u64,
    /// For all together.
    pub(crate) all: u64,
}

/// How many times more each has in the next round.
const MORE: u64 = 8;

/// The answers, in no order; `ask` gives those of some, each of which may take so many steps.
pub(crate) fn in_rounds<T, R>(
    mut open: Vec<T>,
    steps: Steps,
    ask: impl Fn(&[T], u64) -> Vec<Asked<T, R>>,
) -> Vec<Asked<T, R>> {
    let mut found = Vec::new();
    let mut left = steps.all;
    let mut next = steps.first;
    while !open.is_empty() {
        let share = (left / open.len() as u64).clamp(steps.first, steps.most.max(steps.first));
        // Most are done after the first round, which all get anyway.
        let is_last = next > steps.first && next >= share;
        for asked in ask(&open, next.min(share)) {
            left = left.saturating_sub(asked.n_spent);
            found.push(asked);
        }
        open.clear();
        if !is_last {
            let (done, again): (Vec<_>, Vec<_>) = found.into_iter().partition(|asked| !asked.is_spent);
            open.extend(again.into_iter().map(|asked| asked.of));
            found = done;
        }
        next = next.saturating_mul(MORE);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers of so many steps each, and what was asked for in all.
    fn taken(wanted: &[u64], all: u64) -> (Vec<(u64, u64)>, u64) {
        let total = std::cell::Cell::new(0);
        let ask = |open: &[u64], allowed: u64| {
            let one = |of: &u64| {
                let n_spent = (*of).min(allowed);
                total.set(total.get() + n_spent);
                Asked { of: *of, answer: n_spent, n_spent, is_spent: *of > allowed }
            };
            open.iter().map(one).collect()
        };
        let steps = Steps { first: 10, most: 100_000, all };
        let mut found: Vec<_> =
            in_rounds(wanted.to_vec(), steps, ask).into_iter().map(|a| (a.of, a.answer)).collect();
        found.sort_unstable();
        (found, total.get())
    }

    #[test]
    fn who_takes_little_is_done_whatever_others_take() {
        let (found, _) = taken(&[5, 50, 70, 5_000], 1_000_000);
        assert_eq!(found, [(5, 5), (50, 50), (70, 70), (5_000, 5_000)]);
    }

    #[test]
    fn all_together_take_no_more_than_there_is() {
        let (found, total) = taken(&[1_000_000; 100], 50_000);
        assert!(found.iter().all(|(_, n)| *n >= 10) && total <= 51_000, "{total}");
    }
}
