//! Calls of libraries that keep what they are given, as the models say, on an object that is there for all: through a
//! method of shared code, or made by an application itself.

use super::acquire::{LISTENERS_OF_OTHERS, is_of_group};
use super::flow::Site;
use super::gates::{Gate, Way};
use crate::dataflow::knowledge::{ResourceId, Role};
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::{FieldId, MethodId, ValueId};
use std::ops::Range;

/// A call that registers something, or takes it back.
pub(super) struct Registration {
    resource: ResourceId,
    way: Way,
    operands: Range<usize>,
}

/// Calls between an object that is there for all and the part of it that keeps what it is given.
const MAX_PARTS: u32 = 3;
/// Methods that a call may run that yields such a part, and calls that these make to do so.
const MAX_TARGETS: usize = 8;
const MAX_CALLS: u32 = 2;

/// What a call does with its operands, if it is one that the models know.
pub(super) fn registration(world: &World<'_>, body: Body<'_>, event: &Event) -> Option<Registration> {
    let member = event.member().filter(|_| event.kind.has_receiver())?;
    let loader = world.program.class(body.class).loader;
    world.knowledge.roles(loader, member).find_map(|(role, _)| match role {
        Role::Acquire(resource) if is_of_group(world, resource, LISTENERS_OF_OTHERS) => {
            let facts = world.knowledge.tables.resources.get(usize::from(resource))?;
            let at = facts.subject.operand(true)?;
            Some(Registration { resource, way: Way::In, operands: at..at + 1 })
        }
        Role::Release(resource) if is_of_group(world, resource, LISTENERS_OF_OTHERS) => {
            Some(Registration { resource, way: Way::Out, operands: 1..usize::from(event.n_args) })
        }
        _ => None,
    })
}

impl Registration {
    /// The gates that it makes of a method which is given the object, or what a function of its own holds.
    pub(super) fn gates(&self, world: &World<'_>, body: Body<'_>, event: u16, field: FieldId) -> Vec<Gate> {
        let site: Site = (body.id, event);
        let Some(call) = world.event(body.id, event) else { return Vec::new() };
        let values = body.origins.args(call).get(self.operands.clone()).unwrap_or_default();
        let mut params: Vec<u16> = values.iter().flat_map(|v| params_in(body, *v)).collect();
        params.sort_unstable();
        params.dedup();
        let gate = |param| Gate { resource: Some(self.resource), ..Gate::new(field, site, param, self.way) };
        params.into_iter().map(gate).collect()
    }
}

/// The parameters that a value is, or that a function holds which it is.
fn params_in(body: Body<'_>, value: ValueId) -> Vec<u16> {
    let param = |leaf| if let Value::Param(p) = leaf { Some(p) } else { None };
    let held = |leaf| {
        let (_, event) = body.origins.event(leaf).filter(|(_, e)| e.kind == EventKind::Lambda)?;
        Some(body.origins.args(event).iter().flat_map(|v| body.origins.leaves(*v)).filter_map(param))
    };
    let leaves = body.origins.leaves(value);
    leaves.flat_map(|leaf| param(leaf).into_iter().chain(held(leaf).into_iter().flatten())).collect()
}

/// Whether a method of shared code hands on what it is given to something that a static holds: whoever calls it registers
/// the object.
pub(super) fn is_handed_on(world: &World<'_>, body: Body<'_>, event: &Event, operand: usize) -> bool {
    let is_shared = world.program.is_shared(body.class) && !world.reach.is_open_world();
    let params = params_in(body, body.origins.arg(event, operand));
    is_shared && !params.is_empty() && is_in_static(body, body.origins.arg(event, 0), 0)
}

fn is_in_static(body: Body<'_>, value: ValueId, depth: u32) -> bool {
    body.origins.leaves(value).any(|leaf| {
        body.origins.event(leaf).is_some_and(|(_, e)| match e.kind {
            EventKind::GetStatic => true,
            kind => {
                kind.has_receiver()
                    && depth < MAX_PARTS
                    && is_in_static(body, body.origins.arg(e, 0), depth + 1)
            }
        })
    })
}

/// Whether a value is what another one is that `is_held` accepts, or a part of it that a call on it yields: no object that
/// the call makes.
pub(super) fn is_part_of(
    world: &World<'_>,
    body: Body<'_>,
    value: ValueId,
    is_held: &dyn Fn(&Event) -> bool,
    depth: u32,
) -> bool {
    body.origins.leaves(value).any(|leaf| {
        let Some((_, event)) = body.origins.event(leaf) else { return false };
        is_held(event)
            || depth < MAX_PARTS
                && event.kind.is_invoke()
                && event.kind.has_receiver()
                && yields_what_is_there(world, body, event)
                && is_part_of(world, body, body.origins.arg(event, 0), is_held, depth + 1)
    })
}

/// Whether the methods that a call runs are seen, and none of them yields an object that it makes.
fn yields_what_is_there(world: &World<'_>, body: Body<'_>, call: &Event) -> bool {
    let targets = world.targets(body, call, MAX_TARGETS).unwrap_or_default();
    !targets.is_empty() && !targets.into_iter().any(|target| makes_what_it_yields(world, target, 0))
}

fn makes_what_it_yields(world: &World<'_>, method: MethodId, depth: u32) -> bool {
    let body = world.body(method);
    let returns = body.origins.events().iter().filter(|e| e.kind == EventKind::Return);
    let mut values = returns.flat_map(|e| body.origins.args(e)).flat_map(|v| body.origins.leaves(*v));
    values.any(|leaf| {
        let Some((_, event)) = body.origins.event(leaf) else { return false };
        event.kind == EventKind::New
            || depth < MAX_CALLS
                && event.kind.is_invoke()
                && world
                    .targets(body, event, MAX_TARGETS)
                    .unwrap_or_default()
                    .into_iter()
                    .any(|target| makes_what_it_yields(world, target, depth + 1))
    })
}
