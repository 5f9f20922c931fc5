//! The ways out on which something is left open, the most convincing first.

use super::{Followed, OPEN, Use};
use crate::dataflow::exceptions::{Thrown, is_unchecked};
use crate::dataflow::paths::{Exit, ExitKind};
use crate::facts::{EventKind, Value};
use crate::vocabulary::ValueId;
use crate::vocabulary::descriptor::{self, TypeDesc};

/// The doubt about a call of which nothing says that it throws.
const UNANNOUNCED: u8 = 2;

impl Followed<'_, '_, '_> {
    /// The ways on which the method is left with it open, and with nobody who could release it.
    pub(in crate::dataflow::obligations) fn leaks(&self) -> Vec<Exit> {
        self.callees.spend(self.body.origins.events().len());
        let all = self.open_exits();
        self.only_by_untold.set(false);
        let is_clear = all.iter().all(|e| e.cause.is_none_or(|at| self.doubt(at) == 0));
        if all.is_empty() || is_clear && !self.may_throw_untold() {
            return all;
        }
        // Of all that leads to a handler a walk sees only what comes first. What is said of the path should be what a
        // reader finds thrown or declared, if there is such a path.
        self.only_told.set(true);
        let mut exits = self.open_exits();
        self.only_told.set(false);
        // A handler that goes on after what is told leaves it open only if something else fails after that.
        self.only_by_untold.set(exits.is_empty());
        exits.extend(all);
        exits.sort_by_cached_key(|e| e.cause.map_or(0, |at| self.doubt(at)));
        exits
    }

    /// Whether some call may throw of which nothing says so.
    fn may_throw_untold(&self) -> bool {
        let events = 0..self.body.origins.events().len() as u16;
        let is_told = |at, t: &Thrown| matches!(t, Thrown::Class(_)) || self.is_unseen_use(at, *t, u32::MAX);
        events.into_iter().any(|at| self.throws.of_event(at).iter().any(|t| !is_told(at, t)))
    }

    fn open_exits(&self) -> Vec<Exit> {
        let own = self.uses.bit(Value::Param(0));
        let exits = self.exits();
        // A method that never gives a lock back unless it fails is one half of a pair.
        let is_half = self.is_place && !self.seen.get().releases_normally;
        let is_kept = |e: &Exit| {
            let is_normal = e.kind == ExitKind::Normal;
            e.state & OPEN == 0
                || is_normal
                    && (is_half || self.is_place && self.returns_true(e.at) || own != 0 && e.state & own != 0)
        };
        exits.into_iter().filter(|e| !is_kept(e)).collect()
    }

    /// The exceptions that leave it open, of a body that releases it in all other cases and so owns it.
    pub(in crate::dataflow::obligations) fn leaks_of_owner(&self) -> Vec<Exit> {
        let exits = self.leaks();
        let is_owner = self.seen.get().releases_normally && exits.iter().all(|e| e.cause.is_some());
        if is_owner { exits } else { Vec::new() }
    }

    /// Whether a way out depends on a call of which nothing says that it throws.
    pub(in crate::dataflow::obligations) fn is_unannounced(&self, exit: &Exit) -> bool {
        exit.cause.is_some_and(|at| self.only_by_untold.get() || self.doubt(at) == UNANNOUNCED)
    }

    /// Whether an event is a call of something unseen that is given what is followed, and so probably reads or writes it.
    pub(super) fn is_unseen_use(&self, event: u16, thrown: Thrown, state: u32) -> bool {
        let found = self.body.origins.events().get(usize::from(event)).filter(|e| e.kind.is_invoke());
        let is_it = |v: &ValueId| self.uses.face_of(self.body, *v, state).is_some();
        thrown == Thrown::Unknown && found.is_some_and(|e| self.body.origins.args(e).iter().any(is_it))
    }

    /// How little speaks for an event's throwing: nothing if it throws itself, or what it calls has to declare it; more
    /// if only the body of what it calls says so, or if that is unseen and works on what is followed; and most if nothing
    /// does.
    fn doubt(&self, event: u16) -> u8 {
        let world = self.callees.world;
        let loader = world.program.class(self.body.class).loader;
        let thrown = self.throws.of_event(event);
        let is_throw =
            self.body.origins.events().get(usize::from(event)).is_some_and(|e| e.kind == EventKind::Throw);
        let is_told = |t: &Thrown| matches!(t, Thrown::Class(_));
        let is_free =
            |t: Thrown| self.callees.unchecked.get_or_find((loader, t), || is_unchecked(world, loader, t));
        match () {
            () if is_throw => 0,
            () if thrown.iter().any(|t| is_told(t) && !is_free(*t)) => 0,
            () if thrown.iter().any(|t| is_told(t) || self.is_unseen_use(event, *t, u32::MAX)) => 1,
            () => UNANNOUNCED,
        }
    }

    /// Whether an event returns the constant `true`: an attempt that has succeeded, and says so.
    fn returns_true(&self, event: u16) -> bool {
        let Some(event) = self.body.origins.events().get(usize::from(event)) else { return false };
        let desc = self.callees.world.program.text(self.body.method.desc);
        event.kind == EventKind::Return
            && descriptor::return_type(desc) == TypeDesc("Z")
            && self
                .body
                .origins
                .leaves(self.body.origins.arg(event, 0))
                .all(|l| matches!(l, Value::Int(n) if n != 0))
    }

    /// Whether an event hands it to somebody who takes it over, by a method of which every implementation that there is
    /// does that without failing, whatever it declares.
    pub(super) fn is_taken_over_quietly(&self, event: u16, state: u32) -> bool {
        let Some(found) = self.body.origins.events().get(usize::from(event)) else { return false };
        found.kind.is_invoke()
            && self.uses_at(event, state).any(|found| matches!(found, Use::Becomes(_)))
            && self.callees.implementations_are_quiet(self.body, found)
    }
}
