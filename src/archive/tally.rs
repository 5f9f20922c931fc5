//! Problems without noise: the first few of a kind in an archive are kept, the rest are counted.

use std::collections::BTreeMap;

use crate::vocabulary::{Problem, ProblemCode};

/// Problems of one code that one archive may have before the rest are only counted.
pub const MAX_ALIKE: usize = 3;

/// Longest entry name that a message shows, in characters.
const MAX_SHOWN_NAME: usize = 120;

/// Collects problems, at most [`MAX_ALIKE`] of a code per archive and one that counts the others.
#[derive(Default, Debug)]
pub struct Tally {
    kept: Vec<Problem>,
    groups: BTreeMap<(String, ProblemCode), Group>,
}

#[derive(Debug)]
struct Group {
    n_problems: usize,
    last_kept: usize,
}

impl Tally {
    /// Adds one problem.
    pub fn add(&mut self, problem: Problem) {
        let key = (problem.place.archive.clone(), problem.code);
        let group = self.groups.entry(key).or_insert(Group { n_problems: 0, last_kept: 0 });
        group.n_problems += 1;
        if group.n_problems <= MAX_ALIKE {
            group.last_kept = self.kept.len();
            self.kept.push(problem);
        }
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// The problems in the order in which they were added, each count behind the last of its kind.
    pub fn finish(self) -> Vec<Problem> {
        let mut counts: BTreeMap<usize, Problem> = BTreeMap::new();
        for ((archive, code), group) in self.groups {
            let more = group.n_problems.saturating_sub(MAX_ALIKE);
            if more > 0 {
                let plural = if more == 1 { "entry" } else { "entries" };
                let message = format!("and {more} more {plural} like it");
                counts.insert(group.last_kept, Problem::new(code, &archive, "", message));
            }
        }
        let mut problems = Vec::with_capacity(self.kept.len() + counts.len());
        for (index, problem) in self.kept.into_iter().enumerate() {
            problems.push(problem);
            problems.extend(counts.remove(&index));
        }
        problems
    }
}

/// Shortens a list of problems as [`Tally`] does.
pub fn condense(problems: impl IntoIterator<Item = Problem>) -> Vec<Problem> {
    let mut tally = Tally::default();
    problems.into_iter().for_each(|problem| tally.add(problem));
    tally.finish()
}

/// An entry name fit for a message: control characters escaped, overlong names cut.
pub(crate) fn shown(name: &str) -> String {
    let mut shown: String = name.chars().take(MAX_SHOWN_NAME).flat_map(char::escape_debug).collect();
    if name.chars().nth(MAX_SHOWN_NAME).is_some() {
        shown.push('…');
    }
    shown
}
