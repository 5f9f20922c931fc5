//! Whether what a flag's test leads to is a release, so that the flag says whether there is something to release.

use super::callees::Callees;
use crate::dataflow::Body;
use crate::dataflow::paths::{Flags, Tested};
use crate::facts::Block;

/// Blocks that may lie between a flag's test and the release of a value.
const MAX_GUARDS: usize = 4;
/// Those before the release of a shared object's state, where a flag may decide about work as well.
const MAX_GUARDED: usize = 24;

/// Whether a block releases, by itself or behind tests for null, of further flags and of whether it has been released.
/// For the state of a shared object also if all that follows the block does so in the end, unless something is thrown.
pub(super) fn lead_to_release(
    callees: &Callees<'_, '_>,
    body: Body<'_>,
    releases: &dyn Fn(usize) -> bool,
    flags: Flags,
    block: u16,
) -> bool {
    let guards_work = flags == Flags::Results;
    let max_blocks = if guards_work { MAX_GUARDED } else { MAX_GUARDS };
    let mut leading = Leading { callees, body, releases, flags, guards_work, max_blocks, seen: Vec::new() };
    leading.leads(block) == Some(true)
}

struct Leading<'a, 'c, 'w> {
    callees: &'a Callees<'c, 'w>,
    body: Body<'a>,
    releases: &'a dyn Fn(usize) -> bool,
    flags: Flags,
    guards_work: bool,
    max_blocks: usize,
    /// What is known of the blocks met so far.
    seen: Vec<(u16, Option<bool>)>,
}

impl Leading<'_, '_, '_> {
    /// Depth first; `None` for a way that only comes back to itself.
    fn leads(&mut self, at: u16) -> Option<bool> {
        let unit = self.body.origins.unit;
        let Some(block) = unit.blocks_of(self.body.method).get(usize::from(at)) else { return Some(false) };
        if block.events().any(self.releases) {
            return Some(true);
        }
        if let Some((_, known)) = self.seen.iter().find(|(block, _)| *block == at) {
            return *known;
        }
        let successors = unit.successors(block);
        let is_guard = self.is_guard(block);
        let goes_on = successors.len() == 1 || is_guard || self.guards_work;
        if self.seen.len() >= self.max_blocks || successors.is_empty() || !goes_on {
            return Some(false);
        }
        self.seen.push((at, None));
        let mut found = None;
        for next in successors {
            let leads = self.leads(*next);
            found = leads.or(found);
            // Behind a guard one way is enough, else all have to release.
            if leads == Some(is_guard) {
                break;
            }
        }
        if let Some(row) = self.seen.iter_mut().find(|(block, _)| *block == at) {
            row.1 = found;
        }
        found
    }

    fn is_guard(&self, block: &Block) -> bool {
        Tested::of(self.body, block).is_some_and(|t| {
            t.is_null
                || t.is_flag(self.body, self.flags)
                || self.callees.asked_if_open(self.body, t.value).next().is_some()
        })
    }
}
