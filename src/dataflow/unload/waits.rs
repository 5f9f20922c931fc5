//! What a thread's waits depend on: a read from a stream ends when the socket that the stream comes from is closed.

use super::flow::Site;
use crate::dataflow::knowledge::Role;
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::{FieldId, MethodId, ValueId};

/// Streams around one another, fields and getters between a wait and what it depends on.
const MAX_DEPTH: u32 = 8;
/// Values looked at for one wait.
const MAX_STEPS: usize = 64;
/// Writers looked at for one field.
const MAX_WRITERS: usize = 4;
/// Call sites looked at for one method.
const MAX_SITES: usize = 4;
/// Call sites looked at for one getter.
const MAX_ASKED: usize = 16;
/// Overriders looked at for one call.
const MAX_TARGETS: usize = 4;

/// What a wait depends on.
pub(super) struct Sources {
    /// The fields that hold what the value was made from, in the order in which they are met.
    pub(super) fields: Vec<FieldId>,
    /// Whether there is an end of it only when somebody closes it: it comes from a static field, or belongs to what is
    /// to be closed, as a socket's stream does.
    pub(super) is_kept_open: bool,
}

/// What a value was made from.
pub(super) fn sources(world: &World<'_>, body: Body<'_>, value: ValueId) -> Sources {
    let mut search = Search { world, seen: Vec::new(), found: Vec::new(), is_kept_open: false };
    search.value(body, value, 0);
    Sources { fields: search.found, is_kept_open: search.is_kept_open }
}

/// The calls of a method that hands out what it reads at an event.
pub(super) fn asked(world: &World<'_>, body: Body<'_>, read: u16) -> Vec<Site> {
    let is_it = |v: &ValueId| body.origins.leaves(*v).any(|l| l == Value::Event(u32::from(read)));
    let mut returns = body.origins.events().iter().filter(|e| e.kind == EventKind::Return);
    if !returns.any(|e| body.origins.args(e).iter().any(is_it)) {
        return Vec::new();
    }
    let sites = world.sites.of(body.id, MAX_ASKED).unwrap_or_default();
    sites.into_iter().map(|site| (site.caller, site.event)).collect()
}

struct Search<'w> {
    world: &'w World<'w>,
    seen: Vec<(MethodId, Value)>,
    found: Vec<FieldId>,
    is_kept_open: bool,
}

impl Search<'_> {
    fn value(&mut self, body: Body<'_>, value: ValueId, depth: u32) {
        for leaf in body.origins.leaves(value) {
            if depth >= MAX_DEPTH || self.seen.len() >= MAX_STEPS || self.seen.contains(&(body.id, leaf)) {
                continue;
            }
            self.seen.push((body.id, leaf));
            match (leaf, body.origins.event(leaf)) {
                (_, Some((i, event))) => self.event(body, i as u16, event, depth),
                (Value::Derived(source), _) => self.value(body, source, depth + 1),
                (Value::Param(param), _) => self.passed(body.id, param, depth),
                _ => {}
            }
        }
    }

    fn event(&mut self, body: Body<'_>, i: u16, event: &Event, depth: u32) {
        match event.kind {
            EventKind::GetField | EventKind::GetStatic => self.field(body, event, depth),
            EventKind::CheckCast => self.value(body, body.origins.arg(event, 0), depth + 1),
            EventKind::New => self.made(body, i, depth),
            kind if kind.is_invoke() => self.called(body, event, depth),
            _ => {}
        }
    }

    fn field(&mut self, body: Body<'_>, event: &Event, depth: u32) {
        let world = self.world;
        let refs = world.program.refs(world.program.class(body.class).loader);
        let Some(field) = event.member().and_then(|m| refs.field(m)) else { return };
        self.is_kept_open |= event.kind == EventKind::GetStatic;
        if !self.found.contains(&field) {
            self.found.push(field);
        }
        for write in world.fields.writes(field).take(MAX_WRITERS) {
            let writer = world.body(write.method);
            let value = world.event(write.method, write.event).and_then(|e| writer.origins.args(e).last());
            if let Some(value) = value {
                self.value(writer, *value, depth + 1);
            }
        }
    }

    /// What the constructor of an object is given.
    fn made(&mut self, body: Body<'_>, made: u16, depth: u32) {
        let is_it = |v: ValueId| body.origins.leaves(v).any(|l| l == Value::Event(u32::from(made)));
        let calls = body.origins.events().iter().filter(|e| e.kind == EventKind::InvokeSpecial);
        for call in calls.filter(|e| is_it(body.origins.arg(e, 0))) {
            for value in body.origins.args(call).iter().skip(1) {
                self.value(body, *value, depth + 1);
            }
        }
    }

    /// What a getter yields, or what a method of the JDK makes from its receiver: a socket's stream.
    fn called(&mut self, body: Body<'_>, event: &Event, depth: u32) {
        let world = self.world;
        let loader = world.program.class(body.class).loader;
        let mut roles = event.member().into_iter().flat_map(|m| world.knowledge.roles(loader, m));
        self.is_kept_open |= roles.any(|(role, _)| matches!(role, Role::NotOwned(_)));
        let targets = world.targets(body, event, MAX_TARGETS).unwrap_or_default();
        if targets.is_empty() && event.kind.has_receiver() {
            self.value(body, body.origins.arg(event, 0), depth + 1);
        }
        for target in targets {
            let callee = world.body(target);
            let returns = callee.origins.events().iter().filter(|e| e.kind == EventKind::Return);
            for value in returns.flat_map(|e| callee.origins.args(e)) {
                self.value(callee, *value, depth + 1);
            }
        }
    }

    fn passed(&mut self, method: MethodId, param: u16, depth: u32) {
        for site in self.world.sites.of(method, MAX_SITES).unwrap_or_default() {
            let caller = self.world.body(site.caller);
            // A function's first parameters are what it captures.
            let is_call = |e: &&Event| e.kind.is_invoke() || e.kind == EventKind::Lambda;
            if let Some(event) = self.world.event(site.caller, site.event).filter(is_call) {
                self.value(caller, caller.origins.arg(event, usize::from(param)), depth + 1);
            }
        }
    }
}
