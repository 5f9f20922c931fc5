//! What was found out for one rule, for all rules that ask the same.

use super::context::Context;
use super::matches::{Match, Spot, Subject};
use super::{exposed, fields, follow, helpers, keys, places, receivers, shapes};
use crate::dataflow::remembered::Remembered;
use crate::dataflow::{Body, How};
use crate::facts::Event;
use crate::rules::rule::{ClassPlace, FollowTest, KeyKind, StoredKind, WriteShape};
use crate::vocabulary::{FieldId, LoaderId, MethodId};
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// The shapes that a change has.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Shapes(u16);

/// The kinds of thing that a change stores.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Stored(u16);

impl Shapes {
    /// Whether the change has a shape.
    pub(super) fn contains(self, shape: WriteShape) -> bool {
        self.0 >> shape as u8 & 1 == 1
    }

    /// Whether the change has any of the shapes.
    pub(super) fn has_any(self, shapes: &[WriteShape]) -> bool {
        shapes.iter().any(|shape| self.contains(*shape))
    }
}

impl Stored {
    /// Whether the change stores something of any of the kinds.
    pub(super) fn has_any(self, kinds: &[StoredKind]) -> bool {
        kinds.iter().any(|kind| self.0 >> *kind as u8 & 1 == 1)
    }
}

impl FromIterator<WriteShape> for Shapes {
    fn from_iter<I: IntoIterator<Item = WriteShape>>(shapes: I) -> Self {
        Self(shapes.into_iter().fold(0, |all, shape| all | 1 << shape as u8))
    }
}

impl FromIterator<StoredKind> for Stored {
    fn from_iter<I: IntoIterator<Item = StoredKind>>(kinds: I) -> Self {
        Self(kinds.into_iter().fold(0, |all, kind| all | 1 << kind as u8))
    }
}

/// The answers.
#[derive(Default)]
pub(super) struct Known {
    shapes: Remembered<(FieldId, Spot), Shapes>,
    stored: Remembered<(MethodId, u16, Option<How>), Stored>,
    filled: Remembered<Spot, Stored>,
    keys: Remembered<(FieldId, Spot), KeyKind>,
    packages: Remembered<(LoaderId, String), ClassPlace>,
    of_nobody: Remembered<(FieldId, Spot), bool>,
    statics: Remembered<(FieldId, Spot), Arc<[FieldId]>>,
    run_on: Remembered<FieldId, Arc<FxHashSet<MethodId>>>,
    restoring: Remembered<(MethodId, u16), bool>,
    tasks_of_pool: Remembered<(MethodId, Vec<String>), bool>,
}

/// Bodies with more events are asked about each of their calls: what is found out of one is remembered.
const LARGE: usize = 1024;

impl Context<'_> {
    /// Whether a call passes on what had been read from where it writes.
    pub(super) fn restores(&self, body: Body<'_>, event: &Event) -> bool {
        let is_large = body.origins.events().len() > LARGE;
        match body.origins.index_of(event).filter(|_| is_large) {
            Some(at) => {
                self.known.restoring.get_or_find((body.id, at), || follow::is_restoring(self, body, event))
            }
            None => follow::is_restoring(self, body, event),
        }
    }

    /// Whether a body is that of a task which a pool runs, and does more than to call the APIs of a test.
    pub(super) fn is_task_of_pool(&self, body: Body<'_>, test: &FollowTest) -> bool {
        let find = || follow::is_task_of_pool(self, body, test);
        if body.origins.events().len() <= LARGE {
            return find();
        }
        self.known.tasks_of_pool.get_or_find((body.id, test.apis.clone()), find)
    }

    /// The shapes of a change of a field.
    pub(super) fn shapes_of(&self, field: FieldId, spot: &Spot) -> Shapes {
        let find = || shapes::shapes_of(self, field, spot).into_iter().collect();
        self.known.shapes.get_or_find((field, *spot), find)
    }

    /// The shapes of one of a match's changes.
    pub(super) fn shapes(&self, found: &Match, spot: &Spot) -> Shapes {
        match found.subject {
            Subject::Field(field) => self.shapes_of(field, spot),
            _ => Shapes::default(),
        }
    }

    /// What a change stores.
    pub(super) fn stored(&self, spot: &Spot) -> Stored {
        let (method, event) = spot.inside.unwrap_or((spot.method, spot.event));
        let find = || shapes::stored_of(self, spot).into_iter().collect();
        let own: Stored = self.known.stored.get_or_find((method, event, spot.how), find);
        if spot.inside.is_none() {
            return own;
        }
        let find = || {
            let call = helpers::filled_by(self, spot);
            let made = call.map(|(body, call)| shapes::made_by_functions_of(self, body, call));
            made.into_iter().flatten().collect()
        };
        let made: Stored = self.known.filled.get_or_find(*spot, find);
        Stored(own.0 | made.0)
    }

    /// Where the classes are whose internal names begin so, seen from a loader.
    pub(super) fn package_place(&self, asked: LoaderId, prefix: String) -> ClassPlace {
        let find = |(_, prefix): &(LoaderId, String)| places::place_of_package(self, asked, prefix);
        self.known.packages.get_or_find_of((asked, prefix), find)
    }

    /// Whether a change of an object's field is none of what is held.
    pub(super) fn is_of_nobody(&self, field: FieldId, spot: &Spot) -> bool {
        let find = || fields::is_of_nobody(self.world, self.held, field, spot);
        self.known.of_nobody.get_or_find((field, *spot), find)
    }

    /// The static fields from which some tenant reads the object that a change of a field is made to.
    pub(super) fn statics_of(&self, field: FieldId, spot: &Spot) -> Arc<[FieldId]> {
        let find = || receivers::statics(self.world, field, spot).into();
        self.known.statics.get_or_find((field, *spot), find)
    }

    /// The methods that are seen to run on the object of a static field.
    pub(super) fn run_on(&self, root: FieldId) -> Arc<FxHashSet<MethodId>> {
        self.known.run_on.get_or_find(root, || exposed::methods_run_on(self.world, root).into())
    }

    /// What keys the entry that a change is about.
    pub(super) fn key(&self, found: &Match, spot: &Spot) -> KeyKind {
        match found.subject {
            Subject::Field(field) => {
                self.known.keys.get_or_find((field, *spot), || keys::key_of(self, field, spot))
            }
            _ => KeyKind::None,
        }
    }
}
