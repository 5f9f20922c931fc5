//! One obligation on its way through one body.

mod exits;
mod only_if;
mod readings;
mod watch;

use super::OnlyIf;
use super::acquire::{Held, Obligation};
use super::callees::{Callees, Effect};
use super::marks::Marks;
use super::uses::{OPEN, Use, Uses};
use super::{cleanup, guards, places};
use crate::dataflow::Body;
use crate::dataflow::exceptions::{BodyThrows, Reading, Thrown, is_encoding_refusal, is_refusal};
use crate::dataflow::paths::{ClosedEdges, Exit, ExitKind, Flags, Start, calm, walk};
use crate::facts::{EventKind, Value};
use crate::vocabulary::ValueId;
use rustc_hash::FxHashSet;
use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

/// Calls from one to the next, of which the last one takes a lock.
const MAX_RECEIVERS: usize = 6;

/// An obligation with all that a walk asks about it.
pub(super) struct Followed<'f, 'c, 'w> {
    callees: &'f Callees<'c, 'w>,
    body: Body<'f>,
    uses: Uses,
    /// The acquiring event; `None` for a parameter, which is open from the start.
    event: Option<u16>,
    is_place: bool,
    flags: Flags,
    /// Whether a flag that is asked before it is settled is taken to know.
    trusts_flags: bool,
    /// Whether there is something to release from the start.
    is_open: bool,
    /// What a lock was asked of, which is not null then.
    dereferenced: Vec<Value>,
    /// Values that it is released with; acquiring it again from them releases the last one.
    owners: Vec<ValueId>,
    throws: Rc<BodyThrows<'c, 'w>>,
    /// What else may throw, though it does not say so; releasing never does, nor what is done about a failure.
    surprises: Option<Rc<BodyThrows<'c, 'w>>>,
    /// For each event whether a way without exceptions leads to it, where there are surprises.
    is_usual: Vec<bool>,
    is_calm: Vec<bool>,
    releases_fail: bool,
    /// Whether what fails only on a closed object counts, and that an encoding which settings name is missing.
    options_fail: bool,
    /// Whether methods of which nothing is known give it back.
    comes_back: bool,
    /// Parameters of known values, and which of these are zero: a bit for each.
    given: (u32, u32),
    closed: OnceCell<ClosedEdges>,
    marks: OnceCell<Marks>,
    /// Calls that clean up.
    cleanup: OnceCell<Vec<u16>>,
    seen: Cell<Seen>,
    /// Events that the walk has seen release it.
    released_at: RefCell<Vec<u16>>,
    /// Whether only exceptions of a certain class are followed.
    only_told: Cell<bool>,
    /// Whether each way out that was found takes an exception of which nothing says that it is thrown.
    only_by_untold: Cell<bool>,
    /// Whether the walk has left something out that counts if asking an open object for something could fail.
    is_spared: Cell<bool>,
}

/// What a walk has met.
#[derive(Clone, Copy, Default)]
struct Seen {
    releases: bool,
    escapes: bool,
    lends: bool,
    returns: bool,
    returns_open: bool,
    opens: bool,
    /// Releases it with nothing thrown before.
    releases_normally: bool,
}

impl<'f, 'c, 'w> Followed<'f, 'c, 'w> {
    /// Something that the body acquires.
    pub(super) fn obligation(
        callees: &'f Callees<'c, 'w>,
        body: Body<'f>,
        obligation: &Obligation,
        releases_fail: bool,
    ) -> Self {
        let uses = match obligation.held {
            Held::Value(value) => Uses::of_value(callees, body, value, releases_fail),
            Held::Place(_) => Uses::of_place(callees, body, obligation, true),
        };
        Self::with_uses(callees, body, obligation, uses, releases_fail)
    }

    /// The state of a shared object that the body takes, as if nothing that it calls gave it back.
    pub(super) fn only_here(callees: &'f Callees<'c, 'w>, body: Body<'f>, obligation: &Obligation) -> Self {
        let uses = Uses::of_place(callees, body, obligation, false);
        let followed = Self::with_uses(callees, body, obligation, uses, false);
        Self { trusts_flags: false, ..followed }
    }

    fn with_uses(
        callees: &'f Callees<'c, 'w>,
        body: Body<'f>,
        obligation: &Obligation,
        mut uses: Uses,
        releases_fail: bool,
    ) -> Self {
        uses.add_owners(callees, body, &obligation.released_with);
        let is_place = matches!(obligation.held, Held::Place(_));
        let owners = obligation.released_with.clone();
        let followed =
            Self::new(callees, body, uses, (Some(obligation.event), is_place, owners), releases_fail);
        let dereferenced = if is_place { receivers(body, obligation.event) } else { Vec::new() };
        Self { is_open: obligation.is_open, dereferenced, ..followed }
    }

    /// A parameter, open from the body's entry.
    pub(super) fn parameter(
        callees: &'f Callees<'c, 'w>,
        body: Body<'f>,
        param: u16,
        releases_fail: bool,
    ) -> Self {
        let uses = Uses::of_value(callees, body, Value::Param(param), releases_fail);
        Self::new(callees, body, uses, (None, false, Vec::new()), releases_fail)
    }

    /// A value, whatever becomes of it.
    pub(super) fn value(callees: &'f Callees<'c, 'w>, body: Body<'f>, value: Value) -> Self {
        let uses = Uses::of_value(callees, body, value, false);
        Self::new(callees, body, uses, (None, false, Vec::new()), false)
    }

    fn new(
        callees: &'f Callees<'c, 'w>,
        body: Body<'f>,
        uses: Uses,
        (event, is_place, owners): (Option<u16>, bool, Vec<ValueId>),
        releases_fail: bool,
    ) -> Self {
        let n_events = if is_place { body.origins.events().len() } else { uses.list.len() };
        callees.spend(n_events + uses.faces.len());
        let reading = if is_place { Reading::AnyCall } else { Reading::Declared };
        let throws = callees.throws(body, reading);
        let is_calm = if is_place {
            let releasing: FxHashSet<usize> =
                uses.list.iter().filter(|(.., u)| is_release(*u)).map(|(at, ..)| usize::from(*at)).collect();
            calm(body, &|i| releasing.contains(&i))
        } else {
            Vec::new()
        };
        let flags = match event {
            None => Flags::Parameters,
            Some(_) if is_place => Flags::Results,
            Some(_) => Flags::Constants,
        };
        let seen = Cell::default();
        Self {
            callees,
            body,
            uses,
            event,
            is_place,
            flags,
            trusts_flags: true,
            is_open: true,
            dereferenced: Vec::new(),
            owners,
            throws,
            surprises: None,
            is_usual: Vec::new(),
            is_calm,
            releases_fail,
            options_fail: false,
            comes_back: false,
            given: (0, 0),
            closed: OnceCell::new(),
            marks: OnceCell::new(),
            cleanup: OnceCell::new(),
            seen,
            released_at: RefCell::default(),
            only_told: Cell::new(false),
            only_by_untold: Cell::new(false),
            is_spared: Cell::new(false),
        }
    }

    fn closed(&self) -> &ClosedEdges {
        self.closed.get_or_init(|| {
            // Who asks a flag before handing it to somebody knows why, too.
            let settles = |i: usize| {
                let is_handed_on =
                    |u: &Use| self.flags == Flags::Constants && matches!(u, Use::Escapes | Use::Lends);
                let mut here = self.uses.list.iter().filter(|(at, ..)| usize::from(*at) == i);
                here.any(|(_, _, u)| is_release(*u) || is_handed_on(u))
            };
            let (callees, body) = (self.callees, self.body);
            let mut closed = ClosedEdges::find(callees.world, body, self.event, self.flags, &|block| {
                self.trusts_flags && guards::lead_to_release(callees, body, &settles, self.flags, block)
            });
            closed.give(body, self.given);
            closed
        })
    }

    fn marks(&self) -> &Marks {
        self.marks.get_or_init(|| Marks::find(self.body, self.event, self.uses.faces.len()))
    }

    fn is_cleanup(&self, event: u16) -> bool {
        let cleanup = self.cleanup.get_or_init(|| cleanup::events(self.callees, self.body, &self.uses));
        cleanup.contains(&event)
    }

    /// The body.
    pub(super) fn body(&self) -> Body<'f> {
        self.body
    }

    /// The uses of it.
    pub(super) fn uses(&self) -> &Uses {
        &self.uses
    }

    /// Whether the walk has left out that asking an open object for something may fail.
    pub(super) fn is_spared(&self) -> bool {
        self.is_spared.get()
    }

    /// Whether the walk has seen it released with nothing thrown before.
    pub(super) fn releases_normally(&self) -> bool {
        self.seen.get().releases_normally
    }

    /// Whether some way out leaves it open, or the walk has not seen all.
    pub(super) fn stays_open(&self) -> bool {
        self.exits().iter().any(|e| e.state & OPEN != 0)
    }

    /// Whether it is lent to somebody.
    pub(super) fn is_ever_lent(&self) -> bool {
        self.uses.list.iter().any(|(_, _, found)| *found == Use::Lends)
    }

    /// Whether some event releases it.
    pub(super) fn is_ever_released(&self) -> bool {
        self.uses.list.iter().any(|(_, _, found)| is_release(*found))
    }

    /// Whether some event releases it, or hands it to somebody who may.
    pub(super) fn is_ever_settled(&self) -> bool {
        let settles =
            |found: Use| is_release(found) || matches!(found, Use::Escapes | Use::Lends | Use::Returns);
        self.uses.bit(Value::Param(0)) != 0 || self.uses.list.iter().any(|(_, _, found)| settles(*found))
    }

    fn exits(&self) -> Vec<Exit> {
        let start = self.event.map_or(Start::Entry, Start::After);
        walk(self.callees.world, self.body, self, start, if self.is_open { 1 | OPEN } else { 1 })
    }

    /// Whether a caller gets it, as the result or as part of the object that a constructor makes, and then whether there
    /// is something to release.
    pub(super) fn yields(&self) -> Option<bool> {
        let own = self.own_bit();
        if own == 0 && self.uses.list.iter().all(|(.., found)| *found != Use::Returns) {
            return None;
        }
        let exits = self.exits();
        let kept = || exits.iter().filter(|e| e.kind == ExitKind::Normal && e.state & own != 0);
        let seen = self.seen.get();
        let is_yielded = seen.returns || own != 0 && kept().next().is_some();
        is_yielded.then(|| seen.returns_open || kept().any(|e| e.state & OPEN != 0))
    }

    /// The bit of the object that a constructor makes, if that releases what is followed with itself.
    fn own_bit(&self) -> u32 {
        let own = self.uses.faces.iter().position(|f| f.value == Value::Param(0) && f.releases);
        own.map_or(0, |bit| 1 << bit)
    }

    /// What the body does to a parameter.
    pub(super) fn effect(&self) -> Effect {
        if self.uses.list.is_empty() {
            return Effect::default();
        }
        let exits = self.exits();
        let seen = self.seen.get();
        let own = self.own_bit() & !1;
        // An object that keeps it without releasing it may still do so by a method that nobody knows.
        let kept = self.uses.bit(Value::Param(0)) & !own & !1;
        let is_kept = exits.iter().any(|e| e.kind == ExitKind::Normal && e.state & kept != 0);
        let open_on_exception = exits.iter().any(|e| e.kind == ExitKind::Exceptional);
        let guards = self.is_ever_released();
        Effect {
            // Who is told not to close, and to keep, has not got it if that fails.
            releases: seen.releases || is_kept && guards && open_on_exception,
            escapes: seen.escapes || is_kept,
            lends: seen.lends,
            into_receiver: exits.iter().any(|e| e.kind == ExitKind::Normal && e.state & own != 0),
            into_result: seen.returns,
            open_on_exception,
            guards,
            opens: seen.opens,
            is_held: is_kept && !seen.escapes && !seen.lends && !seen.releases && !seen.returns,
        }
    }

    /// The uses by an event of faces that exist in a state.
    fn uses_at(&self, event: u16, state: u32) -> impl Iterator<Item = Use> + '_ {
        let from = self.uses.list.partition_point(|(at, ..)| *at < event);
        let at_event = self.uses.list[from..].iter().take_while(move |(at, ..)| *at == event);
        let counts = |found: Use| found != Use::Lends || !self.comes_back;
        at_event
            .filter(move |(_, operand, found)| counts(*found) && self.is_face(*operand, state))
            .map(|(_, _, found)| *found)
    }

    fn is_face(&self, operand: ValueId, state: u32) -> bool {
        // Releases of a place or of an owner have no operand to look at.
        operand == crate::facts::NO_VALUE || self.uses.face_of(self.body, operand, state).is_some()
    }

    fn note(&self, found: Use, state: u32, has_failed: bool) {
        let seen = self.seen.get();
        self.seen.set(Seen {
            releases: seen.releases || is_release(found),
            escapes: seen.escapes || found == Use::Escapes,
            lends: seen.lends || found == Use::Lends,
            returns: seen.returns || found == Use::Returns,
            returns_open: seen.returns_open || found == Use::Returns && state & OPEN != 0,
            opens: seen.opens || matches!(found, Use::Opens | Use::OpensUnlessThrown),
            releases_normally: seen.releases_normally || is_release(found) && !has_failed,
        });
    }

    /// Along an edge on which `value` is null or not.
    fn takes_null(&self, value: ValueId, is_null: bool, state: u32) -> bool {
        let face = self.uses.face_of(self.body, value, state);
        if is_null {
            return !face.is_some_and(|f| f.releases)
                && !self.is_owner(value)
                && !self.body.origins.leaves(value).any(|leaf| self.dereferenced.contains(&leaf))
                && !self.marks().is_surely_there(self.body, value);
        }
        // All that the value could be does not exist yet on this path: it is null.
        face.is_some()
            || self.body.origins.leaves(value).any(|leaf| match leaf {
                Value::Null => false,
                leaf => self.uses.bit(leaf) == 0 && self.marks().may_be_there(leaf, state),
            })
    }

    /// The exceptions of an event that are no mistake of its caller's. Whoever is given something to wrap or release, and
    /// refuses it, is not reckoned with; nor is that something which is open turns out to be closed.
    fn without_mistakes(&self, event: u16, state: u32, all: &[Thrown]) -> Vec<Thrown> {
        let world = self.callees.world;
        let Some(found) = self.body.origins.events().get(usize::from(event)) else { return all.to_vec() };
        let is_face = |value: &ValueId| self.uses.face_of(self.body, *value, state).is_some();
        let args = self.body.origins.args(found);
        let has_receiver = found.kind.is_invoke() && found.kind.has_receiver();
        if !self.options_fail
            && has_receiver
            && args.first().is_some_and(|v| is_face(v) || self.is_owner(*v))
            && self.callees.fails_only_when_closed(self.body, found)
        {
            self.is_spared.set(true);
            return Vec::new();
        }
        let is_given = args.iter().skip(usize::from(has_receiver)).any(is_face);
        let is_asked = || found.kind.is_invoke() && self.callees.is_given_text(self.body, found);
        let is_unlikely = |t: Thrown| {
            let is_spared = !self.options_fail && is_encoding_refusal(world, t) && !is_asked();
            self.is_spared.set(self.is_spared.get() || is_spared);
            is_spared
        };
        let is_told = |t: Thrown| {
            !self.only_told.get() || matches!(t, Thrown::Class(_)) || self.is_unseen_use(event, t, state)
        };
        let counts = |t: &&Thrown| {
            is_told(**t)
                && !is_unlikely(**t)
                && (!is_refusal(world, **t) || !is_given && self.event.is_some())
        };
        all.iter().filter(counts).copied().collect()
    }

    /// Whether an event releases something, this or another, by itself or in what it calls.
    fn closes_something(&self, event: u16) -> bool {
        let Some(found) = self.body.origins.events().get(usize::from(event)) else { return false };
        let n_args = usize::from(found.n_args);
        let i = usize::from(event);
        found.kind.is_invoke()
            && (0..n_args).any(|arg| is_release(self.callees.use_at(self.body, i, found, arg, false)))
    }

    /// Whether a loop that comes back to the acquiring event makes another one of the same owner, which has the last one too.
    fn piles_up(&self, event: u16) -> bool {
        let origins = self.body.origins;
        let leaves = self.owners.iter().flat_map(|owner| origins.leaves(*owner));
        // What a field has is not another one in each round.
        let is_made = |kind: EventKind| kind == EventKind::New || kind.is_invoke();
        let made = leaves.filter_map(|leaf| origins.event(leaf)).filter(|(_, e)| is_made(e.kind));
        let mut made = made.filter_map(|(i, _)| u16::try_from(i).ok());
        self.callees.is_made_each_time(self.body, event)
            && made.all(|owner| places::is_repeated_without(self.body, event, Some(owner)))
    }

    fn is_owner(&self, value: ValueId) -> bool {
        let origins = self.body.origins;
        let is_made = |leaf: Value| matches!(leaf, Value::Event(_) | Value::Param(_));
        let mut leaves = self.owners.iter().flat_map(|owner| origins.leaves(*owner));
        leaves.any(|o| is_made(o) && origins.leaves(value).any(|l| l == o))
    }

    /// Along an edge on which `value` is false: a failed attempt has acquired nothing, and what is held is held.
    fn takes_zero(&self, value: ValueId, is_zero: bool) -> bool {
        let is_attempt =
            |leaf: Value| matches!((leaf, self.event), (Value::Event(i), Some(e)) if i == u32::from(e));
        let is_told =
            || self.body.origins.leaves(value).any(is_attempt) || self.callees.is_held_test(self.body, value);
        !(self.is_place && is_zero && is_told())
    }
}

/// What a call is made on, and what that is got from: none of it is null when the call has ended.
fn receivers(body: Body<'_>, call: u16) -> Vec<Value> {
    let mut found = Vec::new();
    let mut at = body.origins.events().get(usize::from(call));
    while let Some(event) = at.filter(|e| e.kind.has_receiver() && found.len() < MAX_RECEIVERS) {
        let mut leaves = body.origins.leaves(body.origins.arg(event, 0));
        let (Some(leaf), None) = (leaves.next(), leaves.next()) else { break };
        found.push(leaf);
        at = body.origins.event(leaf).map(|(_, made)| made).filter(|made| made.kind.is_invoke());
    }
    found
}

fn is_release(found: Use) -> bool {
    matches!(found, Use::Releases | Use::ReleasesUnlessThrown)
}
