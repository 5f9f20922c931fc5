//! New objects that keep what they are made of for themselves: nothing that reads their field passes on what it reads.
//! Who drops such an object drops what it keeps.

use super::acquire::made_by;
use super::callees::{Answers, Callees, MAX_TARGETS, is_this};
use super::overwritten::field_of;
use super::uses::{OWN, Use, Uses};
use crate::dataflow::Body;
use crate::facts::{Event, EventKind, Value};
use crate::program::FieldAccess;
use crate::vocabulary::{ClassId, FieldId, MethodId, ValueId};
use std::hash::Hash;

/// Readers of one field that are looked at.
const MAX_READERS: usize = 32;
/// Questions that are asked for one another.
const MAX_DEPTH: u32 = 4;
/// Objects that end by themselves, and may have been told of what they hold.
const THREAD: &str = "java/lang/Thread";

/// What becomes of what an object keeps in a field.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Kept {
    /// Nothing: whoever reads the field only looks at it.
    ForGood,
    /// The object's own methods release it, and nobody else gets it.
    ReleasedByOwn,
    /// Somebody else may get it.
    PassedOn,
}

impl Callees<'_, '_> {
    /// What a constructor call does to an argument that its object keeps for itself: the object is one more way to it, by
    /// which it is released if the object's methods do so.
    pub(super) fn by_holder(&self, body: Body<'_>, i: usize, event: &Event, position: usize) -> Option<Use> {
        let made = made_by(self, body, i, event).filter(|made| *made != Value::Event(i as u32))?;
        let program = self.world.program;
        let constructor = program.refs(program.class(body.class).loader).method(event.member()?)?;
        let class = program.class_of_method(constructor);
        // An object that hands itself to parts of its own is no matter of theirs.
        let is_own = || {
            let mut leaves = body.origins.leaves(body.origins.arg(event, position));
            !body.method.access.is_static() && leaves.any(|leaf| leaf == OWN)
        };
        let is_fit = position > 0 && self.effect(constructor, position as u16, false).is_held;
        if !is_fit || is_own() || self.may_act_unseen(class) || self.tells_of_itself(constructor) {
            return None;
        }
        match self.kept_by(constructor, position as u16) {
            Kept::ForGood => Some(Use::HandsOut(made)),
            Kept::ReleasedByOwn => Some(Use::Becomes(made)),
            Kept::PassedOn => None,
        }
    }

    /// Whether objects of a class have native code, or a thread.
    fn may_act_unseen(&self, class: ClassId) -> bool {
        let program = self.world.program;
        program.has_supertype_named(class, THREAD)
            || program.methods_of(class).any(|(_, m)| m.access.is_native() && !m.access.is_static())
    }

    /// Whether a constructor hands its object to somebody.
    fn tells_of_itself(&self, constructor: MethodId) -> bool {
        let own = self.effect(constructor, 0, false);
        own.escapes || own.lends || own.releases
    }

    /// What becomes of a constructor's parameter, and of what is made around it, in all fields that it is put in.
    fn kept_by(&self, constructor: MethodId, param: u16) -> Kept {
        self.asked(&self.holders, (constructor, param), || {
            let body = self.world.body(constructor);
            let uses = Uses::of_value(self, body, Value::Param(param), false);
            let events = body.origins.events();
            let puts = uses.list.iter().filter_map(|(at, _, found)| {
                let put = events.get(usize::from(*at)).filter(|e| e.kind == EventKind::PutField)?;
                Some((put, *found))
            });
            let kept = puts.map(|(put, found)| match field_of(self, body, put) {
                Some(field) if found == Use::HandsOut(OWN) && is_this(body, put) => self.kept_in(field),
                _ => Kept::PassedOn,
            });
            kept.max().unwrap_or(Kept::ForGood)
        })
    }

    /// What becomes of what a field holds.
    fn kept_in(&self, field: FieldId) -> Kept {
        self.asked(&self.kept_in_fields, field, || {
            let mut reads = self.world.fields.reads(field);
            let mut kept = Kept::ForGood;
            for read in reads.by_ref().take(MAX_READERS) {
                kept = kept.max(self.kept_by_reader(field, read));
                if kept == Kept::PassedOn {
                    return kept;
                }
            }
            if reads.next().is_some() { Kept::PassedOn } else { kept }
        })
    }

    fn kept_by_reader(&self, field: FieldId, read: FieldAccess) -> Kept {
        let reader = self.world.body(read.method);
        let events = reader.origins.events();
        let uses = Uses::of_value(self, reader, Value::Event(u32::from(read.event)), false);
        let is_own = self.world.program.class_of_field(field) == reader.class
            && events.get(usize::from(read.event)).is_some_and(|e| is_this(reader, e));
        let is_call = |at: u16| events.get(usize::from(at)).is_some_and(|e| e.kind.is_invoke());
        let of_use = |(at, _, found): &(u16, ValueId, Use)| match found {
            Use::Keeps | Use::Becomes(_) | Use::HandsOut(_) | Use::Opens | Use::OpensUnlessThrown => {
                Kept::ForGood
            }
            Use::Releases | Use::ReleasesUnlessThrown if is_own && is_call(*at) => Kept::ReleasedByOwn,
            _ => Kept::PassedOn,
        };
        let is_unsure = events.iter().any(|e| {
            e.kind.has_receiver()
                && e.kind.is_invoke()
                && uses.face_of(reader, reader.origins.arg(e, 0), u32::MAX).is_some()
                && self.may_release_unseen(reader, e)
        });
        let kept = uses.list.iter().map(of_use).max().unwrap_or(Kept::ForGood);
        match is_unsure || uses.bit(OWN) != 0 {
            true => Kept::PassedOn,
            false => kept,
        }
    }

    /// Whether a call that is not known to release its receiver may do so: by its name, or because it may run too many
    /// methods to look into.
    pub(super) fn may_release_unseen(&self, body: Body<'_>, event: &Event) -> bool {
        let program = self.world.program;
        let Some(member) = event.member().map(|m| program.facts.members.get(m)) else { return true };
        self.world.knowledge.is_release_name(program.text(member.name)) && !self.is_release(body, event)
            || self.targets(body, event, MAX_TARGETS).is_none()
    }

    /// An answer that may need further ones of its kind, which are remembered. Where it needs itself, or too many, nothing is
    /// known.
    fn asked<K: Copy + Eq + Hash>(
        &self,
        known: &Answers<K, Kept>,
        key: K,
        find: impl FnOnce() -> Kept,
    ) -> Kept {
        if let Some(known) = known.get(key) {
            return known;
        }
        if self.holder_depth.get() >= MAX_DEPTH {
            return Kept::PassedOn;
        }
        known.set(key, Kept::PassedOn);
        self.holder_depth.set(self.holder_depth.get() + 1);
        let found = find();
        self.holder_depth.set(self.holder_depth.get() - 1);
        known.set(key, found);
        found
    }
}
