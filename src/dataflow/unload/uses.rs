//! What a call does with an object that is followed: releases it, keeps it, wraps it, hands it on.

use super::flow::{At, MAX_TARGETS, OwnCall, Place, Site, Walk};
use super::receivers;
use super::types::{Made, is_function_method};
use crate::dataflow::knowledge::{Role, Subject, groups};
use crate::dataflow::{Body, World, earlier};
use crate::facts::{Event, EventKind, NO_VALUE, Value};
use crate::vocabulary::descriptor::{params, return_type};
use crate::vocabulary::{MethodId, ValueId};

/// Implementations looked at for one call of an interface of the JDK.
const MAX_CALLED_BACK: usize = 4;

impl Walk<'_, '_> {
    pub(super) fn passed(&mut self, body: Body<'_>, i: u16, event: &Event, position: usize, place: Place) {
        if self.is_release(body, i, event, position, place) {
            self.release((body.id, i), place);
            return;
        }
        let is_receiver = position == 0 && event.kind.has_receiver();
        if is_receiver && self.is_function_call(body, event) {
            let at_unload = place.at_unload;
            self.fate.own.push(OwnCall { site: (body.id, i), target: None, at_unload });
        }
        self.managed(body, i, event, Some(position));
        self.kept_by_name(body, event, position, place);
        if self.is_known(body, i, event, position, place) {
            self.fate.is_lent = true;
            return;
        }
        let is_argument = position > 0 || !event.kind.has_receiver();
        let is_jdk = self.is_jdk(body, event);
        if is_jdk {
            if is_argument || place.is_inside {
                self.fate.is_lent = true;
            } else {
                self.fate.calls.push((body.id, i));
            }
            self.not_seen(body, i, event, position, place);
            self.given_to_function(body, i, event, position, place);
        }
        let limit = if is_jdk { MAX_CALLED_BACK } else { MAX_TARGETS };
        let targets = match is_receiver && !place.is_inside && !place.is_wrapper {
            true => self.made.targets(self.of.world, body, event, limit),
            false => self.of.world.targets(body, event, limit),
        };
        if is_receiver {
            self.own_calls((body.id, i), targets.as_deref(), place);
        }
        match targets {
            // A container of the JDK is none of the deployment's own.
            _ if is_jdk && !is_argument && place.is_inside => {}
            Some(targets) if !targets.is_empty() => {
                for target in targets {
                    self.taken((body.id, i), event, position, target, place);
                }
            }
            None => self.fate.escapes |= is_argument,
            Some(_) if is_jdk => {}
            Some(_) => self.fate.escapes |= is_argument,
        }
    }

    /// A lambda yields the object to whoever runs the lambda.
    pub(super) fn supplied(&mut self, method: MethodId, lambda: u16, place: Place) {
        let body = self.of.world.body(method);
        let loader = self.of.world.program.class(body.class).loader;
        let makers = [groups::STREAM_MAP, groups::FUNCTION_MEMO].map(|g| self.of.world.knowledge.group(g));
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
            } else if makers.iter().any(|g| self.of.world.knowledge.api_in(g, loader, member).is_some()) {
                is_seen = true;
                let mapped = self.result_of(method, i as u16, place);
                self.push(Place { is_inside: true, ..mapped });
            }
        }
        self.fate.escapes |= !is_seen;
    }

    /// Calls on the object of methods that the deployment has.
    fn own_calls(&mut self, site: Site, targets: Option<&[MethodId]>, place: Place) {
        let at_unload = place.at_unload;
        for target in targets.unwrap_or_default() {
            self.fate.own.push(OwnCall { site, target: Some(*target), at_unload });
        }
    }

    /// Whether a call is one of the only method that a function has, and the object is a function.
    fn is_function_call(&self, body: Body<'_>, event: &Event) -> bool {
        let program = self.of.world.program;
        let refs = program.refs(program.class(body.class).loader);
        let target = event.member().filter(|_| self.made == Made::Function).and_then(|m| refs.method(m));
        target.is_some_and(|t| is_function_method(program, t))
    }

    /// Whether a call names a method of the JDK.
    fn is_jdk(&self, body: Body<'_>, event: &Event) -> bool {
        let program = self.of.world.program;
        let refs = program.refs(program.class(body.class).loader);
        let target = event.member().and_then(|m| refs.method(m));
        target.is_some_and(|t| program.is_jdk(program.class_of_method(t)))
    }

    /// A call of the JDK.
    fn not_seen(&mut self, body: Body<'_>, i: u16, event: &Event, position: usize, place: Place) {
        let is_receiver = event.kind.has_receiver() && position == 0;
        if is_receiver {
            if place.is_inside {
                self.push(Place { at: At::Result(body.id, i), ..place });
                self.handed_out(body, event, place);
            }
        } else if self.text_of(event).0 == "<init>" {
            self.is_also(body, body.origins.arg(event, 0), Place { is_inside: true, ..place });
        } else {
            // What takes and yields the same type wraps it, checks it or passes it through.
            let desc = self.text_of(event).1;
            let taken = params(desc).nth(position - usize::from(event.kind.has_receiver()));
            if taken.is_some_and(|t| t.is_reference() && t == return_type(desc)) {
                self.push(Place { at: At::Result(body.id, i), ..place });
            } else if event.kind == EventKind::InvokeStatic
                && taken.is_some_and(|t| matches!(t.0, "Ljava/lang/Object;" | "[Ljava/lang/Object;"))
                && return_type(desc).is_reference()
            {
                // What is for any type holds it: an optional, a stream.
                self.push(Place { at: At::Result(body.id, i), is_inside: true, ..place });
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
                    self.release((body.id, i as u16), place);
                }
                if self.is_function_call(body, lambda) {
                    let at_unload = place.at_unload;
                    self.fate.own.push(OwnCall { site: (body.id, i as u16), target: None, at_unload });
                }
                for target in self.of.world.targets(body, lambda, MAX_TARGETS).unwrap_or_default() {
                    let is_static = self.of.world.program.method(target).access.is_static();
                    let n_params =
                        params(self.of.world.program.text(self.of.world.program.method(target).desc)).count()
                            + usize::from(!is_static);
                    for param in free..n_params {
                        let at_unload = place.at_unload || self.of.roots.reaches_any(target);
                        self.push(Place { at: At::Param(target, param as u16), at_unload, ..place });
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
                    let acts_on = world.knowledge.tables.apis.get(usize::from(api)).and_then(|a| a.acts_on);
                    let shown = acts_on.unwrap_or(Subject::Receiver).operand(has_receiver);
                    let is_put = is_argument && shown != Some(position);
                    if is_put && (is_in(self.of.containers) || is_in(self.of.atomics)) {
                        let container = body.origins.arg(event, shown.unwrap_or(0));
                        self.is_also(body, container, Place { is_inside: true, ..place });
                        self.push(Place { at: At::Result(body.id, i), is_inside: true, ..place });
                        return true;
                    }
                    if is_argument && is_in(self.of.factories) {
                        self.push(Place { at: At::Result(body.id, i), is_inside: true, ..place });
                        return true;
                    }
                    if self.of.views.iter().any(|g| is_in(g)) && shown == Some(position) {
                        self.push(Place { at: At::Result(body.id, i), ..place });
                        return true;
                    }
                }
                Role::Wrapper(row) => {
                    let wrapper = world.knowledge.tables.wrappers.get(usize::from(row));
                    let owns = |a: &u8| usize::from(*a) + usize::from(has_receiver) == position;
                    if wrapper.is_some_and(|w| w.closes && w.args.iter().any(owns)) {
                        let place = Place { is_wrapper: true, ..place };
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

    pub(super) fn managed(&mut self, body: Body<'_>, i: u16, event: &Event, position: Option<usize>) {
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

    pub(super) fn is_release(
        &self,
        body: Body<'_>,
        i: u16,
        event: &Event,
        position: usize,
        place: Place,
    ) -> bool {
        let world = self.of.world;
        let resource = self.acquired.resource;
        let Some(member) = event.member() else { return false };
        if (body.id, i) == (self.acquired.method, self.acquired.event) {
            return false;
        }
        let loader = world.program.class(body.class).loader;
        let (mut releases, mut acquires) = (false, false);
        for (role, _) in world.knowledge.roles(loader, member) {
            releases |=
                role == Role::Release(resource) && receivers::fits_release(world, body, event, resource);
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
            // A constructor that calls another one leaves it a default.
            let is_set = usize::from(event.n_args) > position + 1 && self.text_of(event).0 != "<init>";
            return is_set && self.gives_back(body, event);
        }
        // The object may be held as one of its supertypes, which the models do not list.
        let is_receiver = position == 0 && event.kind != EventKind::InvokeStatic;
        let name = world.program.facts.members.get(member).name;
        releases || is_receiver && !place.is_inside && self.of.is_release_name(resource, name)
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

    /// Acquiring nothing, or what was there before, is how some things are given back.
    fn gives_back(&self, body: Body<'_>, event: &Event) -> bool {
        let last = body.origins.args(event).last().copied().unwrap_or(NO_VALUE);
        gives_back(self.of.world, body, last)
    }
}

/// Whether a value is nothing, or what a variable of the thread held before.
pub(super) fn gives_back(world: &World<'_>, body: Body<'_>, value: ValueId) -> bool {
    body.origins.leaves(value).all(|leaf| earlier::is_earlier(world, body, leaf))
}

/// Whether a method returns a parameter.
pub(super) fn yields(world: &World<'_>, method: MethodId, param: u16) -> bool {
    let body = world.body(method);
    return_type(world.program.text(body.method.desc)).is_reference()
        && body
            .origins
            .events()
            .iter()
            .filter(|e| e.kind == EventKind::Return)
            .any(|e| body.origins.args(e).iter().any(|v| body.origins.may_be(*v, Value::Param(param))))
}
