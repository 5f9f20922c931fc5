//! Where an acquired object goes: through locals, fields, calls, returns, containers and wrappers, to whatever
//! releases it.
//!
//! Fields are followed for all objects of their class together, so that a release through the same field of another
//! object counts. A release that is missed is reported wrongly; one that is taken for granted is not reported.

use super::beans::Beans;
use crate::dataflow::knowledge::{Knowledge, ResourceId, Role, Subject, groups};
use crate::dataflow::origins::{self, Origin};
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind, NO_VALUE, Value};
use crate::vocabulary::descriptor::{params, return_type};
use crate::vocabulary::{FieldId, MethodId, Name, ValueId};
use rustc_hash::FxHashSet;

/// An instruction.
pub(super) type Site = (MethodId, u16);

/// A call that acquires a resource.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Acquired {
    /// The method that holds the call.
    pub(super) method: MethodId,
    /// Position among its events.
    pub(super) event: u16,
    /// What is acquired.
    pub(super) resource: ResourceId,
    /// The operand that is the resource; `None` for the result.
    pub(super) operand: Option<u8>,
}

/// A release of an object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Released {
    /// The releasing instruction.
    pub(super) site: Site,
    /// Whether it is reached without a field or a lambda in between.
    pub(super) is_local: bool,
}

/// What becomes of an object.
#[derive(Clone, Default, Debug)]
pub(super) struct Fate {
    /// Fields that keep it, or a container or wrapper with it.
    pub(super) fields: Vec<FieldId>,
    /// Its releases.
    pub(super) releases: Vec<Released>,
    /// Calls that hand it over for release: row of the managers.
    pub(super) managed: Vec<(u16, Site)>,
    /// Methods that hand it to a container as a bean.
    pub(super) beans: Vec<MethodId>,
    /// Whether it is handed to code that is not seen.
    pub(super) escapes: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum At {
    Result(MethodId, u16),
    Param(MethodId, u16),
    Field(FieldId),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Place {
    at: At,
    /// A field lies on the way.
    in_field: bool,
    /// A lambda lies on the way, which may run at any time.
    is_deferred: bool,
    /// The value is a container or JDK object with it inside.
    is_inside: bool,
}

/// Places looked at for one object; what goes further counts as handed to code that is not seen.
const MAX_PLACES: usize = 600;
/// Overriders looked at for one call.
const MAX_TARGETS: usize = 16;
/// Callers looked at for one method.
const MAX_SITES: usize = 64;

/// Follows objects. Made once for all.
pub(super) struct Follower<'w> {
    world: &'w World<'w>,
    beans: &'w Beans,
    containers: &'w [bool],
    atomics: &'w [bool],
    factories: &'w [bool],
    views: Vec<&'w [bool]>,
    closers: &'w [bool],
    /// Per resource the names of its releasing methods.
    names: Vec<Vec<Name>>,
}

impl<'w> Follower<'w> {
    pub(super) fn new(world: &'w World<'w>, beans: &'w Beans) -> Self {
        let knowledge: &Knowledge = world.knowledge;
        let names_of = |r: usize| {
            let patterns = knowledge.patterns_of(Role::Release(r as ResourceId)).filter(|p| !p.is_prefix);
            let mut names: Vec<Name> =
                patterns.filter_map(|p| world.program.facts.names.find(&p.name)).collect();
            names.sort_unstable();
            names.dedup();
            names
        };
        Self {
            world,
            beans,
            containers: knowledge.group(groups::CONTAINER_MUTATOR),
            atomics: knowledge.group(groups::ATOMIC_MUTATOR),
            factories: knowledge.group(groups::IMMUTABLE_FACTORY),
            views: [groups::UNMODIFIABLE_VIEW, groups::CONTAINER_VIEW].map(|g| knowledge.group(g)).into(),
            closers: knowledge.group(groups::CLOSES_ARGUMENT),
            names: (0..knowledge.tables.resources.len()).map(names_of).collect(),
        }
    }

    /// What becomes of an acquired object.
    pub(super) fn follow(&self, acquired: &Acquired) -> Fate {
        let mut walk = Walk {
            of: self,
            acquired,
            fate: Fate::default(),
            waiting: Vec::new(),
            seen: FxHashSet::default(),
        };
        walk.start();
        while let Some(place) = walk.waiting.pop() {
            walk.step(place);
        }
        walk.fate.fields.sort_unstable();
        walk.fate.fields.dedup();
        walk.fate.releases.sort_unstable_by_key(|r| (r.site, r.is_local));
        walk.fate.releases.dedup();
        walk.fate
    }

    /// Whether a member's name is one that releases the resource.
    fn is_release_name(&self, resource: ResourceId, name: Name) -> bool {
        self.names.get(usize::from(resource)).is_some_and(|names| names.contains(&name))
    }
}

struct Walk<'f, 'w> {
    of: &'f Follower<'w>,
    acquired: &'f Acquired,
    fate: Fate,
    waiting: Vec<Place>,
    seen: FxHashSet<Place>,
}

impl Walk<'_, '_> {
    fn start(&mut self) {
        let Acquired { method, event, operand, .. } = *self.acquired;
        let at =
            Place { at: At::Result(method, event), in_field: false, is_deferred: false, is_inside: false };
        let body = self.of.world.body(method);
        let Some(call) = self.of.world.event(method, event) else { return };
        self.managed(body, event, call, None);
        match operand {
            None => self.push(at),
            Some(i) => self.seed(body, body.origins.arg(call, usize::from(i)), at),
        }
    }

    /// The object was there before the acquiring call: it is whatever its operand may be.
    fn seed(&mut self, body: Body<'_>, value: ValueId, from: Place) {
        self.is_also(body, value, from);
        for found in origins::of_value(self.of.world, body.id, value) {
            if found.is_derived {
                continue;
            }
            match found.origin {
                Origin::Field(f) | Origin::StaticField(f) => self.keep(f, from),
                Origin::Allocation(_) => {
                    let made = self.of.world.event(found.method, found.event);
                    if made.is_some_and(|e| matches!(e.kind, EventKind::New | EventKind::Lambda)) {
                        self.push(Place { at: At::Result(found.method, found.event), ..from });
                    }
                }
                Origin::Parameter | Origin::Unknown => {}
                _ => {}
            }
        }
    }

    fn push(&mut self, place: Place) {
        if self.seen.len() >= MAX_PLACES {
            self.fate.escapes = true;
        } else if self.seen.insert(place) {
            self.waiting.push(place);
        }
    }

    fn step(&mut self, place: Place) {
        match place.at {
            At::Field(field) => {
                for read in self.of.world.fields.reads(field) {
                    self.push(Place { at: At::Result(read.method, read.event), in_field: true, ..place });
                }
            }
            At::Result(method, event) => self.uses(method, Value::Event(u32::from(event)), place),
            At::Param(method, param) => self.uses(method, Value::Param(param), place),
        }
    }

    fn uses(&mut self, method: MethodId, value: Value, place: Place) {
        let body = self.of.world.body(method);
        for (i, event) in body.origins.events().iter().enumerate() {
            for (position, operand) in body.origins.args(event).iter().enumerate() {
                if body.origins.leaves(*operand).any(|leaf| leaf == value) {
                    self.used(body, i as u16, event, position, place);
                }
            }
        }
    }

    fn used(&mut self, body: Body<'_>, i: u16, event: &Event, position: usize, place: Place) {
        match event.kind {
            EventKind::PutField if position == 1 => self.store(body, event, place),
            EventKind::PutStatic => self.store(body, event, place),
            EventKind::ArrayStore if position == 1 => {
                self.is_also(body, body.origins.arg(event, 0), Place { is_inside: true, ..place });
            }
            EventKind::ArrayLoad => self.push(Place { at: At::Result(body.id, i), ..place }),
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
        if !self.of.world.program.field(field).access.is_synthetic() {
            self.fate.fields.push(field);
        }
        self.push(Place { at: At::Field(field), in_field: true, ..place });
    }

    fn captured(&mut self, body: Body<'_>, i: u16, event: &Event, position: usize, place: Place) {
        if self.is_release(body, i, event, position, place) {
            self.fate.releases.push(Released { site: (body.id, i), is_local: false });
        }
        for target in self.of.world.targets(body, event, MAX_TARGETS).unwrap_or_default() {
            self.push(Place { at: At::Param(target, position as u16), is_deferred: true, ..place });
        }
    }

    fn passed(&mut self, body: Body<'_>, i: u16, event: &Event, position: usize, place: Place) {
        if self.is_release(body, i, event, position, place) {
            let is_local = !place.in_field && !place.is_deferred;
            self.fate.releases.push(Released { site: (body.id, i), is_local });
            return;
        }
        self.managed(body, i, event, Some(position));
        if self.is_known(body, i, event, position, place) {
            return;
        }
        let has_receiver = event.kind.has_receiver();
        match self.of.world.targets(body, event, MAX_TARGETS) {
            Some(targets) if !targets.is_empty() => {
                for target in targets {
                    self.push(Place { at: At::Param(target, position as u16), ..place });
                }
            }
            None => self.fate.escapes |= position > 0 || !has_receiver,
            Some(_) => self.not_seen(body, i, event, position, place),
        }
    }

    /// A call without a body: of the JDK, of a library that is not there, or of an interface that nobody implements.
    fn not_seen(&mut self, body: Body<'_>, i: u16, event: &Event, position: usize, place: Place) {
        let program = self.of.world.program;
        let refs = program.refs(program.class(body.class).loader);
        let target = event.member().and_then(|m| refs.method(m));
        let is_jdk = target.is_some_and(|t| program.is_jdk(program.class_of_method(t)));
        let is_receiver = event.kind.has_receiver() && position == 0;
        if is_receiver {
            if place.is_inside {
                self.push(Place { at: At::Result(body.id, i), ..place });
                self.handed_out(body, event, place);
            }
        } else if !is_jdk {
            self.fate.escapes = true;
        } else if self.text_of(event).0 == "<init>" {
            self.is_also(body, body.origins.arg(event, 0), Place { is_inside: true, ..place });
        } else {
            // What takes and yields the same type wraps it, checks it or passes it through.
            let desc = self.text_of(event).1;
            let taken = params(desc).nth(position - usize::from(event.kind.has_receiver()));
            if taken.is_some_and(|t| t.is_reference() && t == return_type(desc)) {
                self.push(Place { at: At::Result(body.id, i), ..place });
            }
        }
    }

    /// A container hands its elements to the lambdas it is given.
    fn handed_out(&mut self, body: Body<'_>, event: &Event, place: Place) {
        for value in body.origins.args(event).iter().skip(1) {
            for leaf in body.origins.leaves(*value) {
                let Some((i, lambda)) = body.origins.event(leaf).filter(|(_, e)| e.kind == EventKind::Lambda)
                else {
                    continue;
                };
                let free = usize::from(lambda.n_args);
                if self.is_release(body, i as u16, lambda, free, Place { is_inside: false, ..place }) {
                    let is_local = !place.in_field && !place.is_deferred;
                    self.fate.releases.push(Released { site: (body.id, i as u16), is_local });
                }
                for target in self.of.world.targets(body, lambda, MAX_TARGETS).unwrap_or_default() {
                    let is_static = self.of.world.program.method(target).access.is_static();
                    let n_params =
                        params(self.of.world.program.text(self.of.world.program.method(target).desc)).count()
                            + usize::from(!is_static);
                    for param in free..n_params {
                        self.push(Place { at: At::Param(target, param as u16), ..place });
                    }
                }
            }
        }
    }

    /// Calls that the models know: containers, wrappers, views.
    fn is_known(&mut self, body: Body<'_>, i: u16, event: &Event, position: usize, place: Place) -> bool {
        let world = self.of.world;
        let Some(member) = event.member() else { return false };
        let loader = world.program.class(body.class).loader;
        let has_receiver = event.kind.has_receiver();
        let is_argument = position > 0 || !has_receiver;
        for (role, _) in world.knowledge.roles(loader, member) {
            match role {
                Role::Api(api) => {
                    let is_in = |group: &[bool]| group.get(usize::from(api)).copied().unwrap_or(false);
                    if is_argument && (is_in(self.of.containers) || is_in(self.of.atomics)) {
                        self.is_also(body, body.origins.arg(event, 0), Place { is_inside: true, ..place });
                        self.push(Place { at: At::Result(body.id, i), is_inside: true, ..place });
                        return true;
                    }
                    if is_argument && is_in(self.of.factories) {
                        self.push(Place { at: At::Result(body.id, i), is_inside: true, ..place });
                        return true;
                    }
                    let acts_on = world.knowledge.tables.apis.get(usize::from(api)).and_then(|a| a.acts_on);
                    let shown = acts_on.unwrap_or(Subject::Receiver).operand(has_receiver);
                    if self.of.views.iter().any(|g| is_in(g)) && shown == Some(position) {
                        self.push(Place { at: At::Result(body.id, i), ..place });
                        return true;
                    }
                }
                Role::Wrapper(row) => {
                    let wrapper = world.knowledge.tables.wrappers.get(usize::from(row));
                    let owns = |a: &u8| usize::from(*a) + usize::from(has_receiver) == position;
                    if wrapper.is_some_and(|w| w.closes && w.args.iter().any(owns)) {
                        if self.text_of(event).0 == "<init>" {
                            self.is_also(body, body.origins.arg(event, 0), place);
                        } else {
                            self.push(Place { at: At::Result(body.id, i), ..place });
                        }
                        return true;
                    }
                }
                _ => {}
            }
        }
        false
    }

    fn managed(&mut self, body: Body<'_>, i: u16, event: &Event, position: Option<usize>) {
        let world = self.of.world;
        let Some(member) = event.member() else { return };
        let loader = world.program.class(body.class).loader;
        for (role, _) in world.knowledge.roles(loader, member) {
            if let Role::Manager(row) = role
                && let Some(manager) = world.knowledge.tables.managers.get(usize::from(row))
            {
                let is_new = manager.subject == Subject::Result && self.text_of(event).0 == "<init>";
                let subject =
                    if is_new { Some(0) } else { manager.subject.operand(event.kind.has_receiver()) };
                if subject == position || position.is_none() && is_new {
                    self.fate.managed.push((row, (body.id, i)));
                }
            }
        }
    }

    fn is_release(&self, body: Body<'_>, i: u16, event: &Event, position: usize, place: Place) -> bool {
        let world = self.of.world;
        let resource = self.acquired.resource;
        let Some(member) = event.member() else { return false };
        if (body.id, i) == (self.acquired.method, self.acquired.event) {
            return false;
        }
        let loader = world.program.class(body.class).loader;
        let (mut releases, mut acquires) = (false, false);
        for (role, _) in world.knowledge.roles(loader, member) {
            releases |= role == Role::Release(resource);
            acquires |= role == Role::Acquire(resource);
            if let Role::Api(api) = role
                && self.of.closers.get(usize::from(api)).copied().unwrap_or(false)
            {
                let acts_on = world.knowledge.tables.apis.get(usize::from(api)).and_then(|a| a.acts_on);
                let has_receiver = event.kind.has_receiver();
                releases |= acts_on.and_then(|s| s.operand(has_receiver)) == Some(position);
            }
        }
        if acquires {
            // Acquiring nothing is how some things are given back.
            let last = body.origins.args(event).last().copied().unwrap_or(NO_VALUE);
            let n = usize::from(event.n_args);
            return n > position + 1 && body.origins.leaves(last).all(|leaf| leaf == Value::Null);
        }
        // The object may be held as one of its supertypes, which the models do not list.
        let is_receiver = position == 0 && event.kind != EventKind::InvokeStatic;
        let name = world.program.facts.members.get(member).name;
        releases || is_receiver && !place.is_inside && self.of.is_release_name(resource, name)
    }

    /// Another value of the body is, or holds, the same object.
    fn is_also(&mut self, body: Body<'_>, value: ValueId, place: Place) {
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
                Value::Param(p) => self.is_passed_in(body.id, p, place),
                _ => {}
            }
        }
    }

    /// What a getter or a view of a container yields is what its field keeps.
    fn comes_from(&mut self, body: Body<'_>, value: ValueId, place: Place) {
        for found in origins::of_value(self.of.world, body.id, value) {
            if let Origin::Field(field) | Origin::StaticField(field) = found.origin
                && (!found.is_derived || place.is_inside)
            {
                self.keep(field, place);
            }
        }
    }

    fn is_passed_in(&mut self, method: MethodId, param: u16, place: Place) {
        let here = Place { at: At::Param(method, param), ..place };
        if self.seen.contains(&here) {
            return;
        }
        self.push(here);
        let Some(sites) = self.of.world.sites.of(method, MAX_SITES) else {
            self.fate.escapes = true;
            return;
        };
        for site in sites {
            let caller = self.of.world.body(site.caller);
            if let Some(event) = self.of.world.event(site.caller, site.event) {
                self.is_also(caller, caller.origins.arg(event, usize::from(param)), place);
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
            match world.event(site.caller, site.event) {
                Some(event) if event.kind == EventKind::Lambda => {
                    self.supplied(site.caller, site.event, place)
                }
                Some(_) => self.push(Place { at: At::Result(site.caller, site.event), ..place }),
                None => {}
            }
        }
    }

    /// A lambda yields the object to whoever runs the lambda.
    fn supplied(&mut self, method: MethodId, lambda: u16, place: Place) {
        let body = self.of.world.body(method);
        let loader = self.of.world.program.class(body.class).loader;
        let mut is_seen = false;
        for (i, event) in body.origins.events().iter().enumerate() {
            let takes = |v: &ValueId| body.origins.leaves(*v).any(|l| l == Value::Event(u32::from(lambda)));
            if !event.kind.is_invoke() || !body.origins.args(event).iter().any(takes) {
                continue;
            }
            let Some(member) = event.member() else { continue };
            if self.of.world.knowledge.api_in(self.of.containers, loader, member).is_some() {
                is_seen = true;
                let inside = Place { is_inside: true, ..place };
                self.is_also(body, body.origins.arg(event, 0), inside);
                self.push(Place { at: At::Result(method, i as u16), ..inside });
            }
        }
        self.fate.escapes |= !is_seen;
    }

    /// Name and descriptor of the member that an event names.
    fn text_of(&self, event: &Event) -> (&str, &str) {
        let program = self.of.world.program;
        match event.member() {
            Some(member) => {
                let member = program.facts.members.get(member);
                (program.text(member.name), program.text(member.desc))
            }
            None => ("", ""),
        }
    }
}
