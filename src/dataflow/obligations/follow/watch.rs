//! What a walk asks about the obligation that it follows.

use super::{Followed, is_release};
use crate::dataflow::exceptions::{Thrown, is_interruption};
use crate::dataflow::obligations::uses::{OPEN, Use};
use crate::dataflow::paths::{After, Tested, Watch};
use crate::vocabulary::ValueId;

impl Watch for Followed<'_, '_, '_> {
    fn after(&self, event: u16, state: u32, has_failed: bool) -> After {
        if self.event == Some(event) {
            // What is thrown in a loop that tries again leaves one at most for each failure.
            let piles_up = || !has_failed && self.piles_up(event);
            let is_covered = self.is_place || !self.owners.is_empty() && !piles_up();
            return if is_covered { After::Settled } else { After::Again };
        }
        let mut next = state | self.marks().set_by(event);
        let mut is_settled = false;
        for found in self.uses_at(event, state) {
            self.note(found, state, has_failed);
            if is_release(found) && !self.released_at.borrow().contains(&event) {
                self.released_at.borrow_mut().push(event);
            }
            match found {
                Use::Opens | Use::OpensUnlessThrown => next |= OPEN,
                Use::Becomes(value) | Use::TakenOver(value) | Use::HandsOut(value) => {
                    next |= self.uses.bit(value);
                }
                Use::Keeps => {}
                _ => is_settled = true,
            }
        }
        let ends = || {
            let event = self.body.origins.events().get(usize::from(event));
            event.is_some_and(|e| self.callees.ends_jvm(self.body, e))
        };
        if is_settled || ends() { After::Settled } else { After::Goes(next) }
    }

    fn thrown(&self, event: u16, state: u32) -> Vec<Thrown> {
        let is_usual = self.is_usual.get(usize::from(event)).copied().unwrap_or(false);
        let surprises = self.surprises.as_ref().filter(|_| is_usual && !self.closes_something(event));
        let all = surprises.unwrap_or(&self.throws).of_event(event);
        if all.is_empty() || self.is_calm.get(usize::from(event)).copied().unwrap_or(false) {
            return Vec::new();
        }
        let settles = |u: &Use| match u {
            Use::Releases | Use::Escapes | Use::Lends | Use::Returns | Use::TakenOver(_) => true,
            Use::ReleasesUnlessThrown => self.is_cleanup(event),
            _ => false,
        };
        let settled = self.uses_at(event, state).find(settles);
        let all = self.without_mistakes(event, state, all);
        match settled {
            // Waiting for an end that never came has not released anything.
            Some(Use::Releases) if !self.is_place => {
                return all.iter().copied().filter(|t| is_interruption(self.callees.world, *t)).collect();
            }
            Some(_) => return Vec::new(),
            None if self.is_taken_over_quietly(event, state) => return Vec::new(),
            None => {}
        }
        let is_release = || {
            let event = self.body.origins.events().get(usize::from(event));
            event.is_some_and(|e| {
                self.callees.is_release(self.body, e) || self.callees.is_unseen_release(self.body, e)
            })
        };
        if !self.releases_fail && !all.is_empty() && is_release() {
            self.callees.spare();
            return Vec::new();
        }
        all
    }

    fn after_throw(&self, event: u16, state: u32) -> u32 {
        let mut uses = self.uses_at(event, state);
        match uses.find(|u| matches!(u, Use::Opens | Use::OpensUnlessThrown)) {
            Some(Use::Opens) => state | OPEN,
            // What it had taken before, it has given back as well.
            Some(_) => state & !OPEN,
            None => state,
        }
    }

    fn goes_on(&self, n_events: usize) -> bool {
        self.callees.spend(n_events)
    }

    fn takes(&self, block: u16, edge: usize, state: u32) -> bool {
        if self.closed().has(block, edge) {
            return false;
        }
        let block = self.body.origins.unit.blocks_of(self.body.method).get(usize::from(block));
        match block.and_then(|b| Tested::of(self.body, b)) {
            Some(test) if test.is_null => self.takes_null(test.value, test.outcome(edge), state),
            Some(test) => {
                let is_zero = test.outcome(edge);
                let mut asked = self.callees.asked_if_open(self.body, test.value);
                let is_closed = |(object, zero_is_closed): (ValueId, bool)| {
                    zero_is_closed == is_zero
                        && self.uses.face_of(self.body, object, state).is_some_and(|f| f.releases)
                };
                self.takes_zero(test.value, is_zero) && !asked.any(is_closed)
            }
            None => true,
        }
    }
}
