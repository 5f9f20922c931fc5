//! Where an acquired object goes: through locals, fields, calls, returns, containers and wrappers, to whatever
//! releases it.
//!
//! Fields are followed for all objects of their class together, so that a release through the same field of another
//! object is found too; [`holders`](super::holders) tells them apart. A release that is missed is reported wrongly; one
//! that is taken for granted is not reported.

use super::acquire::Named;
use super::beans::Beans;
use super::makers::factories;
use super::own_library;
use super::roots::UnloadRoots;
use super::types::Made;
use crate::dataflow::knowledge::{Knowledge, ResourceId, Role, Subject, groups};
use crate::dataflow::operands::{Operand, Operands};
use crate::dataflow::origins::{self, Origin};
use crate::dataflow::remembered::Remembered;
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::{ClassId, FieldId, MethodId, Name, ValueId};
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// An instruction.
pub(super) type Site = (MethodId, u16);

/// A call that acquires a resource.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Acquired {
    /// The method that holds the call.
    pub(super) method: MethodId,
    /// Position among its events.
    pub(super) event: u16,
    /// What is acquired.
    pub(super) resource: ResourceId,
    /// The operand that is the resource; `None` for the result.
    pub(super) operand: Option<u8>,
    /// The call that makes it, which may lie in a factory that this one calls.
    pub(super) made: Site,
}

/// A release of an object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Released {
    /// The releasing instruction.
    pub(super) site: Site,
    /// Whether it is reached without a field or a lambda in between.
    pub(super) is_local: bool,
    /// Whether the object comes there in code that an unload callback reaches: a method that releases its parameter
    /// does so for whatever its caller passes.
    pub(super) at_unload: bool,
    /// The function that releases it, where one captures it.
    pub(super) lambda: Option<Site>,
}

/// A call on the object of a method of the deployment, or of the only method that a function has.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct OwnCall {
    /// The call.
    pub(super) site: Site,
    /// What it runs; `None` of a function.
    pub(super) target: Option<MethodId>,
    /// As in [`Released`].
    pub(super) at_unload: bool,
}

/// What becomes of an object.
#[derive(Clone, Default, Debug)]
pub(super) struct Fate {
    /// Fields that keep it, or a container or wrapper with it; the nearest first.
    pub(super) fields: Vec<FieldId>,
    /// Its releases.
    pub(super) releases: Vec<Released>,
    /// Calls that hand it over for release: row of the managers.
    pub(super) managed: Vec<(u16, Site)>,
    /// Methods that hand it to a container as a bean.
    pub(super) beans: Vec<MethodId>,
    /// Whether it is handed to code that is not seen.
    pub(super) escapes: bool,
    /// Calls on it of methods of the JDK.
    pub(super) calls: Vec<Site>,
    /// Calls on it of its own methods.
    pub(super) own: Vec<OwnCall>,
    /// Whether code of the JDK has it: a container, a wrapper, a method reference, whatever takes it as an argument.
    pub(super) is_lent: bool,
}

impl Fate {
    /// Whether what keeps an object may be a static: the field itself, or one whose type is that of the field's
    /// owner. All else goes with the application's other objects; so do its statics if the object keeps no loader.
    pub(super) fn may_be_referred_to_for_ever(&self, world: &World<'_>, goes_with_module: bool) -> bool {
        let program = world.program;
        let goes = |f: FieldId| goes_with_module && world.reach.owner(program.class_of_field(f)).is_some();
        let is_static = |f: FieldId| program.field(f).access.is_static();
        let is_of_singleton = |owner: ClassId| {
            let desc = format!("L{};", program.class_name(owner));
            program.fields_of(owner).any(|(_, f)| f.access.is_static() && program.text(f.desc) == desc)
        };
        let is_unseen = self.escapes && self.fields.is_empty() && self.beans.is_empty();
        is_unseen
            || self
                .fields
                .iter()
                .any(|f| !goes(*f) && (is_static(*f) || is_of_singleton(program.class_of_field(*f))))
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum At {
    Result(MethodId, u16),
    Param(MethodId, u16),
    /// A parameter at a call that was seen: what the method yields of it, it yields to that call.
    Handed(MethodId, u16),
    /// A parameter, and what callers pass for it.
    Passed(MethodId, u16),
    Field(FieldId),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Place {
    pub(super) at: At,
    /// A field lies on the way.
    pub(super) in_field: bool,
    /// The last lambda on the way, which may run at any time.
    pub(super) lambda: Option<Site>,
    /// Whether the code in which the object came into sight runs at an unload.
    pub(super) at_unload: bool,
    /// The value is a container or JDK object with it inside.
    pub(super) is_inside: bool,
    /// The value is a wrapper that stands for it.
    pub(super) is_wrapper: bool,
    /// The object's own library has it, as the object on which one of its methods runs.
    pub(super) in_own: bool,
    /// The object is in the hands of the factories that the acquiring method has asked for it. They hand others of the kind
    /// to whoever else asks them.
    pub(super) is_new: bool,
}

/// Places looked at for one object; what goes further counts as handed to code that is not seen.
const MAX_PLACES: usize = 600;
/// Events and operands that are looked at for an object that holds another one.
const MAX_STEPS: u64 = 1 << 16;
/// Bodies with more events are not looked at whole for each value.
const MANY_EVENTS: usize = 256;
/// Overriders looked at for one call.
pub(super) const MAX_TARGETS: usize = 16;
/// Callers looked at for one method.
const MAX_SITES: usize = 64;

/// Follows objects. Made once for all.
pub(super) struct Follower<'w> {
    pub(super) world: &'w World<'w>,
    beans: &'w Beans,
    pub(super) roots: &'w UnloadRoots,
    pub(super) named: Vec<Named>,
    pub(super) containers: &'w [bool],
    pub(super) atomics: &'w [bool],
    pub(super) factories: &'w [bool],
    pub(super) views: Vec<&'w [bool]>,
    pub(super) closers: &'w [bool],
    /// Per resource the names of its releasing methods.
    names: Vec<Vec<Name>>,
    /// Where large bodies have which values.
    operands: Remembered<MethodId, Arc<Operands>>,
}

impl<'w> Follower<'w> {
    pub(super) fn new(
        world: &'w World<'w>,
        beans: &'w Beans,
        roots: &'w UnloadRoots,
        named: Vec<Named>,
    ) -> Self {
        let knowledge: &Knowledge = world.knowledge;
        let names_of = |r: usize| {
            let patterns = knowledge.patterns_of(Role::Release(r as ResourceId));
            let named = patterns.filter(|p| !p.is_prefix && !p.name.starts_with('<'));
            // Where the receiver decides, a name alone says nothing.
            let facts = knowledge.tables.resources.get(r);
            let is_any = facts.is_some_and(|facts| facts.on.is_empty() || facts.subject == Subject::Result);
            let mut names: Vec<Name> =
                named.filter(|_| is_any).filter_map(|p| world.program.facts.names.find(&p.name)).collect();
            names.sort_unstable();
            names.dedup();
            names
        };
        Self {
            world,
            beans,
            roots,
            named,
            containers: knowledge.group(groups::CONTAINER_MUTATOR),
            atomics: knowledge.group(groups::ATOMIC_MUTATOR),
            factories: knowledge.group(groups::IMMUTABLE_FACTORY),
            views: [groups::UNMODIFIABLE_VIEW, groups::CONTAINER_VIEW].map(|g| knowledge.group(g)).into(),
            closers: knowledge.group(groups::CLOSES_ARGUMENT),
            names: (0..knowledge.tables.resources.len()).map(names_of).collect(),
            operands: Remembered::default(),
        }
    }

    /// What becomes of an acquired object.
    pub(super) fn follow(&self, acquired: &Acquired) -> Fate {
        self.follow_within(acquired, MAX_STEPS).0
    }

    /// The same, and how much was looked at for that.
    pub(super) fn follow_within(&self, acquired: &Acquired, n_allowed: u64) -> (Fate, u64) {
        let mut walk = Walk {
            of: self,
            acquired,
            made: Made::of(self.world, acquired),
            own_library: own_library::archive(self.world, acquired),
            fate: Fate::default(),
            asked: Vec::new(),
            waiting: Vec::new(),
            seen: FxHashSet::default(),
            n_allowed,
            n_spent: 0,
        };
        walk.start();
        // Breadth first, so that the field it is stored in comes before fields of what holds it.
        let mut at = 0;
        while let Some(place) = walk.waiting.get(at).copied() {
            at += 1;
            walk.step(place);
        }
        walk.fate.releases.sort_unstable_by_key(|r| (r.site, r.is_local, r.at_unload, r.lambda));
        walk.fate.releases.dedup();
        walk.fate.calls.sort_unstable();
        walk.fate.calls.dedup();
        walk.fate.own.sort_unstable();
        walk.fate.own.dedup();
        (walk.fate, walk.n_spent)
    }

    /// Whether a member's name is one that releases the resource.
    pub(super) fn is_release_name(&self, resource: ResourceId, name: Name) -> bool {
        self.names.get(usize::from(resource)).is_some_and(|names| names.contains(&name))
    }
}

pub(super) struct Walk<'f, 'w> {
    pub(super) of: &'f Follower<'w>,
    pub(super) acquired: &'f Acquired,
    pub(super) made: Made,
    /// The archive of the library that makes the object for others.
    pub(super) own_library: Option<usize>,
    pub(super) fate: Fate,
    /// The factories that the acquiring method has asked for the object, and those that these ask.
    asked: Vec<MethodId>,
    waiting: Vec<Place>,
    seen: FxHashSet<Place>,
    n_allowed: u64,
    n_spent: u64,
}

impl Walk<'_, '_> {
    fn start(&mut self) {
        let Acquired { method, event, operand, .. } = *self.acquired;
        let at = Place {
            at: At::Result(method, event),
            in_field: false,
            lambda: None,
            at_unload: self.of.roots.reaches_any(method),
            is_inside: false,
            is_wrapper: false,
            in_own: false,
            is_new: false,
        };
        let body = self.of.world.body(method);
        let Some(call) = self.of.world.event(method, event) else { return };
        self.managed(body, event, call, None);
        match operand {
            None => self.push(at),
            Some(i) => self.seed(body, body.origins.arg(call, usize::from(i)), at),
        }
        self.given_by_makers(at);
    }

    /// The object was there before the acquiring call: it is whatever its operand may be.
    fn seed(&mut self, body: Body<'_>, value: ValueId, from: Place) {
        self.is_also(body, value, from);
        self.asked = factories(self.of.world, body, value);
        for found in origins::of_value(self.of.world, body.id, value) {
            if found.is_derived {
                continue;
            }
            match found.origin {
                Origin::Field(f) | Origin::StaticField(f) if self.is_own_field(f) => {}
                Origin::Field(f) | Origin::StaticField(f) => self.keep(f, from),
                // What its library makes it in, hands it to others, too.
                Origin::Allocation(_) if self.is_own_method(found.method) => {}
                Origin::Allocation(_) => {
                    let made = self.of.world.event(found.method, found.event);
                    if made.is_some_and(|e| matches!(e.kind, EventKind::New | EventKind::Lambda)) {
                        let is_new = found.method != body.id && self.asked.contains(&found.method);
                        self.push(Place { is_new, ..self.result_of(found.method, found.event, from) });
                    }
                }
                Origin::Parameter | Origin::Unknown => {}
                _ => {}
            }
        }
    }

    /// The object comes into the sight of a method as the result of one of its events.
    pub(super) fn result_of(&self, method: MethodId, event: u16, from: Place) -> Place {
        let at_unload = self.of.roots.reaches_any(method);
        Place { at: At::Result(method, event), at_unload, ..from }
    }

    pub(super) fn push(&mut self, place: Place) {
        if self.seen.len() >= MAX_PLACES || self.n_spent > self.n_allowed {
            self.fate.escapes = true;
        } else if self.seen.insert(place) {
            self.waiting.push(place);
        }
    }

    fn step(&mut self, place: Place) {
        match place.at {
            At::Field(field) => {
                for read in self.of.world.fields.reads(field) {
                    let seen = self.result_of(read.method, read.event, place);
                    self.push(Place { in_field: true, ..seen });
                }
            }
            At::Result(method, event) => self.uses(method, Value::Event(u32::from(event)), place),
            At::Param(method, param) | At::Handed(method, param) => {
                self.uses(method, Value::Param(param), place);
            }
            At::Passed(method, param) => self.passed_in(method, param, place),
        }
    }

    fn uses(&mut self, method: MethodId, value: Value, place: Place) {
        let body = self.of.world.body(method);
        let events = body.origins.events();
        if events.len() > MANY_EVENTS && matches!(value, Value::Event(_) | Value::Param(_)) {
            let operands = self.of.operands.get_or_find(method, || Operands::of(body).into());
            let left = usize::try_from(self.n_allowed.saturating_sub(self.n_spent)).unwrap_or(usize::MAX);
            let mut uses: Vec<Operand> = operands.of_value(value).take(left.saturating_add(1)).collect();
            self.spend(uses.len());
            if uses.len() > left {
                return;
            }
            uses.reverse();
            for (i, position) in uses {
                if let Some(event) = events.get(usize::from(i)) {
                    self.used(body, i, event, usize::from(position), place);
                }
            }
            return;
        }
        self.spend(events.len());
        for (i, event) in events.iter().enumerate() {
            for (position, operand) in body.origins.args(event).iter().enumerate() {
                if body.origins.may_be(*operand, value) {
                    self.used(body, i as u16, event, position, place);
                }
            }
        }
    }

    /// Counts what is looked at. What is not counts as handed to code that is not seen.
    fn spend(&mut self, n: usize) {
        self.n_spent += n as u64;
        self.fate.escapes |= self.n_spent > self.n_allowed;
    }

    fn used(&mut self, body: Body<'_>, i: u16, event: &Event, position: usize, place: Place) {
        let is_call_on_it = event.kind.is_invoke() && event.kind.has_receiver() && position == 0;
        if place.in_own && !is_call_on_it {
            return;
        }
        match event.kind {
            EventKind::PutField if position == 1 => self.store(body, event, place),
            EventKind::PutStatic => self.store(body, event, place),
            EventKind::ArrayStore if position == 1 => {
                self.fate.is_lent = true;
                self.is_also(body, body.origins.arg(event, 0), Place { is_inside: true, ..place });
            }
            EventKind::ArrayLoad => self.push(Place { at: At::Result(body.id, i), ..place }),
            EventKind::Return if matches!(place.at, At::Handed(..)) => {}
            EventKind::Return => self.returned(body.id, place),
            EventKind::Lambda => self.captured(body, i, event, position, place),
            kind if kind.is_invoke() => self.passed(body, i, event, position, place),
            _ => {}
        }
    }

    fn store(&mut self, body: Body<'_>, event: &Event, place: Place) {
        let refs = self.of.world.program.refs(self.of.world.program.class(body.class).loader);
        match event.member().and_then(|m| refs.field(m)) {
            Some(field) => self.keep(field, place),
            None => self.fate.escapes = true,
        }
    }

    fn keep(&mut self, field: FieldId, place: Place) {
        // What an inner class captures is no keeper of its own.
        let facts = self.of.world.program.field(field);
        let is_captured = facts.access.is_synthetic();
        // A field for anything is a container's: who takes it out again does so under a type that was not followed.
        let is_generic = self.of.world.program.text(facts.desc) == "Ljava/lang/Object;";
        self.fate.escapes |= is_generic;
        if !is_captured && !is_generic && !self.fate.fields.contains(&field) {
            self.fate.fields.push(field);
        }
        self.push(Place { at: At::Field(field), in_field: true, at_unload: false, is_new: false, ..place });
    }

    fn captured(&mut self, body: Body<'_>, i: u16, event: &Event, position: usize, place: Place) {
        if self.is_release(body, i, event, position, place) {
            self.release((body.id, i), Place { lambda: Some((body.id, i)), ..place });
        }
        let targets = self.of.world.targets(body, event, MAX_TARGETS).unwrap_or_default();
        self.fate.is_lent |= targets.is_empty();
        for target in targets {
            let at_unload = self.of.roots.reaches_any(target);
            let lambda = Some((body.id, i));
            self.push(Place { at: At::Param(target, position as u16), lambda, at_unload, ..place });
        }
    }

    /// Something releases the object.
    pub(super) fn release(&mut self, site: Site, place: Place) {
        self.fate.releases.push(Released {
            site,
            is_local: !place.in_field && place.lambda.is_none(),
            at_unload: place.at_unload,
            lambda: place.lambda,
        });
    }

    /// Another value of the body is, or holds, the same object.
    pub(super) fn is_also(&mut self, body: Body<'_>, value: ValueId, place: Place) {
        let world = self.of.world;
        let refs = world.program.refs(world.program.class(body.class).loader);
        for leaf in body.origins.leaves(value) {
            match leaf {
                Value::Event(i) => {
                    self.push(Place { at: At::Result(body.id, i as u16), ..place });
                    let Some((_, event)) = body.origins.event(leaf) else { continue };
                    match event.kind {
                        EventKind::GetField | EventKind::GetStatic => {
                            if let Some(field) = event.member().and_then(|m| refs.field(m)) {
                                self.keep(field, place);
                            }
                        }
                        kind if kind.is_invoke() => self.comes_from(body, value, place),
                        _ => {}
                    }
                }
                Value::Param(p) => self.push(Place { at: At::Passed(body.id, p), ..place }),
                _ => {}
            }
        }
    }

    /// What a getter or a view of a container yields is what its field keeps.
    fn comes_from(&mut self, body: Body<'_>, value: ValueId, place: Place) {
        for found in origins::of_value(self.of.world, body.id, value) {
            if let Origin::Field(field) | Origin::StaticField(field) = found.origin
                && (!found.is_derived || place.is_inside)
                && !self.is_own_field(field)
            {
                self.keep(field, place);
            }
        }
    }

    fn passed_in(&mut self, method: MethodId, param: u16, place: Place) {
        self.push(Place { at: At::Param(method, param), ..place });
        let Some(sites) = self.of.world.sites.of(method, MAX_SITES) else {
            self.fate.escapes = true;
            return;
        };
        for site in sites {
            let caller = self.of.world.body(site.caller);
            if let Some(event) = self.of.world.event(site.caller, site.event) {
                let at_unload = self.of.roots.reaches_any(site.caller);
                let value = caller.origins.arg(event, usize::from(param));
                self.is_also(caller, value, Place { at_unload, ..place });
            }
        }
    }

    fn returned(&mut self, method: MethodId, place: Place) {
        let world = self.of.world;
        if self.of.beans.is_bean_method(world, method) {
            self.fate.beans.push(method);
        }
        let Some(sites) = world.sites.of(method, MAX_SITES) else {
            self.fate.escapes = true;
            return;
        };
        let is_open = world.reach.is_open_world() && world.program.method(method).access.is_public();
        self.fate.escapes |= sites.is_empty() || is_open;
        for site in sites {
            if place.is_new && !self.asked.contains(&{ site.caller }) {
                continue;
            }
            match world.event(site.caller, site.event) {
                Some(event) if event.kind == EventKind::Lambda => {
                    self.supplied(site.caller, site.event, place)
                }
                Some(_) => self.push(self.result_of(site.caller, site.event, place)),
                None => {}
            }
        }
    }
}
