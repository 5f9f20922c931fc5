//! Objects that only the code which has made them knows: setting their fields is a part of making them.

use super::changes::{Change, block_of};
use super::{Body, World};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::{MethodId, ValueId};
use rustc_hash::FxHashSet;

/// Methods that run on an object that is just being made: a constructor, and what reads an object from a stream (Java Object
/// Serialization Specification, 3.4).
const MAKERS: [&str; 3] = ["<init>", "readObject", "readExternal"];
/// Callers looked at for one method.
const MAX_SITES: usize = 24;
/// Targets looked at for one call.
const MAX_TARGETS: usize = 2;
/// Calls followed, in both directions.
const MAX_DEPTH: u32 = 4;

/// Whether a value of a method is always an object that was made for it: there, by what it calls, or by all who call it,
/// if nobody else can. One that is read from a field or a container is not.
pub fn is_new(world: &World<'_>, method: MethodId, value: ValueId) -> bool {
    Search { world, seen: FxHashSet::default() }.value(world.body(method), value, 0)
}

/// Whether a store goes into an array that the method has just made and put into the field: `names = new String[1]; names[0] = …`.
pub fn is_into_new_array(world: &World<'_>, change: &Change) -> bool {
    let body = world.body(change.method);
    let refs = world.program.refs(world.program.class(body.class).loader);
    let unit = body.origins.unit;
    let block = |event| block_of(unit, body, event);
    let events = body.origins.events();
    let Some(before) = events.get(..usize::from(change.event)) else { return false };
    let is_own = |e: &Event| e.member().and_then(|m| refs.field(m)) == Some(change.field);
    let written = before.iter().enumerate().rev().take_while(|(_, e)| !e.kind.is_invoke());
    let mut written =
        written.filter(|(_, e)| matches!(e.kind, EventKind::PutStatic | EventKind::PutField) && is_own(e));
    events.get(usize::from(change.event)).is_some_and(|e| e.kind == EventKind::ArrayStore)
        && written.next().is_some_and(|(i, put)| {
            let is_made = |leaf| body.origins.event(leaf).is_some_and(|(_, e)| e.kind == EventKind::NewArray);
            let value = body.origins.args(put).last();
            block(i as u16) == block(change.event)
                && value.is_some_and(|v| body.origins.leaves(*v).all(is_made))
        })
}

struct Search<'w> {
    world: &'w World<'w>,
    /// Parameters, and methods for what they return, that are looked at, each once: what comes around a loop is no other
    /// object, and one that is not new ends the search.
    seen: FxHashSet<(MethodId, Option<u16>)>,
}

impl Search<'_> {
    fn value(&mut self, body: Body<'_>, value: ValueId, depth: u32) -> bool {
        let leaves: Vec<Value> = body.origins.leaves(value).collect();
        !leaves.is_empty() && leaves.into_iter().all(|leaf| self.leaf(body, leaf, depth))
    }

    fn leaf(&mut self, body: Body<'_>, leaf: Value, depth: u32) -> bool {
        match leaf {
            Value::Null => true,
            Value::Param(i) => self.parameter(body, i, depth),
            Value::Event(_) => match body.origins.event(leaf) {
                Some((_, event)) => self.event(body, event, depth),
                None => false,
            },
            _ => false,
        }
    }

    fn parameter(&mut self, body: Body<'_>, param: u16, depth: u32) -> bool {
        let access = body.method.access;
        let name = self.world.program.text(body.method.name);
        if param == 0 && !access.is_static() && MAKERS.contains(&name) {
            return true;
        }
        if self.seen.contains(&(body.id, Some(param))) {
            return true;
        }
        if depth >= MAX_DEPTH || access.is_public() || access.is_protected() {
            return false;
        }
        self.seen.insert((body.id, Some(param)));
        let sites = self.world.sites.of(body.id, MAX_SITES).unwrap_or_default();
        !sites.is_empty()
            && sites.iter().all(|site| {
                let caller = self.world.body(site.caller);
                let call = caller.origins.events().get(usize::from(site.event));
                call.filter(|e| e.kind.is_invoke() && e.kind != EventKind::Lambda).is_some_and(|call| {
                    self.value(caller, caller.origins.arg(call, usize::from(param)), depth + 1)
                })
            })
    }

    fn event(&mut self, body: Body<'_>, event: &Event, depth: u32) -> bool {
        match event.kind {
            EventKind::New => true,
            EventKind::CheckCast => self.value(body, body.origins.arg(event, 0), depth),
            kind if kind.is_invoke() && depth < MAX_DEPTH => {
                self.is_copy(event) || self.is_made_by(body, event, depth)
            }
            _ => false,
        }
    }

    /// `Object.clone` yields an object of its own (JLS 4.3.2).
    fn is_copy(&self, event: &Event) -> bool {
        let program = self.world.program;
        let member = event.member().map(|m| program.facts.members.get(m));
        event.kind == EventKind::InvokeSpecial
            && member.is_some_and(|m| {
                program.text(m.name) == "clone"
                    && program.text(m.desc) == "()Ljava/lang/Object;"
                    && program.text(m.owner) == "java/lang/Object"
            })
    }

    fn is_made_by(&mut self, body: Body<'_>, event: &Event, depth: u32) -> bool {
        let targets = self.world.targets(body, event, MAX_TARGETS).unwrap_or_default();
        !targets.is_empty()
            && targets.into_iter().all(|target| {
                if !self.seen.insert((target, None)) {
                    return true;
                }
                let callee = self.world.body(target);
                let mut returns =
                    callee.origins.events().iter().filter(|e| e.kind == EventKind::Return).peekable();
                // What a callee is given is not looked for among this call's arguments.
                returns.peek().is_some()
                    && returns.all(|ret| {
                        let value = callee.origins.args(ret).first().copied();
                        value.is_some_and(|v| {
                            let given = callee.origins.leaves(v).any(|leaf| matches!(leaf, Value::Param(_)));
                            !given && self.value(callee, v, depth + 1)
                        })
                    })
            })
    }
}
