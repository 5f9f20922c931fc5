//! Containers in variables of a thread, and objects of an application that are put into them: the map of a request's
//! context, the stack of what is going on.

use super::flow::Site;
use crate::dataflow::knowledge::groups;
use crate::dataflow::origins::{self, Origin};
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::{FieldId, MethodId, ValueId};
use rustc_hash::FxHashSet;

/// Reads of variables whose value is given an object of an application: one for each variable. Where something is taken
/// out of it again by the way it went in, nobody knows what stays.
pub(super) fn filled(world: &World<'_>, reads: &[Site]) -> Vec<Site> {
    let mut filled: Vec<(FieldId, Site)> = Vec::new();
    let mut emptied = FxHashSet::<FieldId>::default();
    for (method, index) in reads {
        let body = world.body(*method);
        let Some(field) = variable(world, body, *index) else { continue };
        match change(world, body, *index) {
            Some(Change::Taken) => {
                emptied.insert(field);
            }
            Some(Change::Put) if filled.iter().all(|(f, _)| *f != field) => {
                filled.push((field, (*method, *index)))
            }
            _ => {}
        }
    }
    filled.into_iter().filter(|(field, _)| !emptied.contains(field)).map(|(_, site)| site).collect()
}

/// Whether a value is a new container of the JDK's that the body puts an object of an application into.
pub(super) fn holds_own(world: &World<'_>, body: Body<'_>, value: ValueId) -> bool {
    let program = world.program;
    let loader = program.class(body.class).loader;
    let puts = world.knowledge.group(groups::CONTAINER_MUTATOR);
    let is_container = |leaf: &Value| {
        let made = body.origins.event(*leaf).filter(|(_, e)| e.kind == EventKind::New);
        let class = made.and_then(|(_, e)| program.find(loader, e.name()?));
        class.is_some_and(|c| program.is_jdk(c))
    };
    let is_own = |v: &ValueId| {
        let is_this = |leaf| leaf == Value::Param(0) && !body.method.access.is_static();
        body.origins.leaves(*v).any(is_this) && !program.is_jdk(body.class)
            || is_of_application(world, body.id, *v)
    };
    body.origins.leaves(value).filter(is_container).any(|container| {
        body.origins.events().iter().filter(|e| e.kind.has_receiver()).any(|e| {
            let args = body.origins.args(e);
            let is_put = || e.member().is_some_and(|m| world.knowledge.api_in(puts, loader, m).is_some());
            args.first().is_some_and(|v| body.origins.leaves(*v).any(|leaf| leaf == container))
                && is_put()
                && args.iter().skip(1).any(is_own)
        })
    })
}

/// What is done to a container.
#[derive(PartialEq, Eq)]
enum Change {
    Put,
    Taken,
}

/// The static field that holds the variable of a read.
fn variable(world: &World<'_>, body: Body<'_>, read: u16) -> Option<FieldId> {
    let event = body.origins.events().get(usize::from(read))?;
    let refs = world.program.refs(world.program.class(body.class).loader);
    body.origins.leaves(body.origins.arg(event, 0)).find_map(|leaf| {
        let (_, read) = body.origins.event(leaf).filter(|(_, e)| e.kind == EventKind::GetStatic)?;
        read.member().and_then(|m| refs.field(m))
    })
}

/// What a body does to the value that it reads.
fn change(world: &World<'_>, body: Body<'_>, read: u16) -> Option<Change> {
    let loader = world.program.class(body.class).loader;
    let groups = [groups::CONTAINER_MUTATOR, groups::REMOVERS[0], groups::REMOVERS[1]];
    let [puts, from_map, from_collection] = groups.map(|g| world.knowledge.group(g));
    let is_on_it = |e: &&Event| e.kind.has_receiver() && is_read(body, body.origins.arg(e, 0), read);
    let changes = body.origins.events().iter().filter(is_on_it).filter_map(|event| {
        let member = event.member()?;
        world.knowledge.api_in(puts, loader, member)?;
        let is_taken =
            [from_map, from_collection].iter().any(|g| world.knowledge.api_in(g, loader, member).is_some());
        let is_put = body.origins.args(event).iter().skip(1).any(|v| is_of_application(world, body.id, *v));
        match (is_taken || event.n_args == 1, is_put) {
            (true, _) => Some(Change::Taken),
            (false, true) => Some(Change::Put),
            _ => None,
        }
    });
    let mut changes: Vec<Change> = changes.collect();
    match changes.contains(&Change::Taken) {
        true => Some(Change::Taken),
        false => changes.pop(),
    }
}

/// Whether a value is what was read, or that under another type.
fn is_read(body: Body<'_>, value: ValueId, read: u16) -> bool {
    body.origins.leaves(value).any(|leaf| {
        leaf == Value::Event(u32::from(read))
            || body.origins.event(leaf).is_some_and(|(_, e)| {
                e.kind == EventKind::CheckCast
                    && body
                        .origins
                        .leaves(body.origins.arg(e, 0))
                        .any(|inner| inner == Value::Event(u32::from(read)))
            })
    })
}

fn is_of_application(world: &World<'_>, method: MethodId, value: ValueId) -> bool {
    origins::of_value(world, method, value).iter().any(|found| {
        let is_own = matches!(found.origin, Origin::Allocation(Some(class)) if !world.program.is_jdk(class));
        is_own && !found.is_derived
    })
}
