//! Which static field's object code that is not there can change: objects of a class that others make too, some of which
//! static fields hold.

use super::context::Context;
use super::matches::Spot;
use crate::dataflow::{Body, World, held, new_objects};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::descriptor::TypeDesc;
use crate::vocabulary::{FieldId, MethodId, ValueId};
use rustc_hash::FxHashSet;

/// Calls of one method that are followed to what they are made on.
const MAX_SITES: usize = 48;
/// Methods that are looked at for one object, and that one call of its may run.
const MAX_RUN: usize = 256;
const MAX_TARGETS: usize = 8;

/// Of the static fields that hold objects of a class, the first whose object some of the changes of its field are made
/// to, by code that is there or may come, with those changes. Code that is there comes first.
pub(super) fn choose(
    cx: &Context<'_>,
    field: FieldId,
    statics: &[FieldId],
    spots: &[Spot],
) -> Option<(FieldId, Vec<Spot>)> {
    let world = cx.world;
    // Followed once for each change, and not for each static: some classes have hundreds of these.
    let seen_at: Vec<_> = spots.iter().map(|s| cx.statics_of(field, s)).collect();
    let seen = |root: FieldId| -> Vec<Spot> {
        let with_statics = spots.iter().zip(&seen_at);
        with_statics.filter(|(_, statics)| statics.contains(&root)).map(|(spot, _)| *spot).collect()
    };
    let open = |root: FieldId| -> Vec<Spot> {
        let exposed = if is_exposed(world, root) { spots } else { &[] };
        exposed.iter().filter(|s| is_open(world, root, s)).copied().collect()
    };
    let of = |root: &FieldId, with_open: bool| {
        let mut found = seen(*root);
        if !found.is_empty() || with_open {
            found.extend(open(*root));
            found.sort_unstable_by_key(|s| (s.method, s.event));
            found.dedup();
        }
        (!found.is_empty()).then_some((*root, found))
    };
    let mut first = statics.iter().find_map(|root| of(root, false));
    first.take().or_else(|| statics.iter().find_map(|root| of(root, true))).or_else(|| {
        statics.iter().find_map(|root| {
            let run = cx.run_on(*root);
            let found: Vec<Spot> = spots.iter().filter(|s| run.contains(&s.method)).copied().collect();
            (!found.is_empty()).then_some((*root, found))
        })
    })
}

/// The methods that are seen to run on the object of a static field: those called on it, and what they call on their own
/// object. A method that is called from many places is found from this side alone.
pub(super) fn methods_run_on(world: &World<'_>, root: FieldId) -> FxHashSet<MethodId> {
    let mut run = FxHashSet::default();
    let mut waiting = FxHashSet::default();
    // Reads are in method order.
    let reads: Vec<_> = world.fields.reads(root).collect();
    for reads in reads.chunk_by(|a, b| a.method == b.method).take(MAX_RUN) {
        let Some(method) = reads.first().map(|read| read.method) else { continue };
        let objects = reads.iter().map(|read| Value::Event(u32::from(read.event))).collect();
        add_called_on(world, world.body(method), &objects, &mut waiting);
    }
    let own = FxHashSet::from_iter([Value::Param(0)]);
    while let Some(method) = waiting.iter().min().copied() {
        waiting.remove(&method);
        if run.len() < MAX_RUN && run.insert(method) {
            add_called_on(world, world.body(method), &own, &mut waiting);
            waiting.retain(|method| !run.contains(method));
        }
    }
    run
}

fn add_called_on(
    world: &World<'_>,
    body: Body<'_>,
    objects: &FxHashSet<Value>,
    called: &mut FxHashSet<MethodId>,
) {
    let calls = body.origins.events().iter().filter(|e| e.kind.is_invoke() && e.kind.has_receiver());
    for call in calls {
        if body.origins.leaves(body.origins.arg(call, 0)).any(|leaf| objects.contains(&leaf)) {
            called.extend(world.all_targets(body, call, MAX_TARGETS).unwrap_or_default());
        }
    }
}

/// Of the static fields that hold objects of a class, the first whose object some of the changes of its field are seen to
/// be made to.
pub(super) fn seen(cx: &Context<'_>, field: FieldId, statics: &[FieldId], spots: &[Spot]) -> Option<FieldId> {
    let seen_at: Vec<_> = spots.iter().map(|s| cx.statics_of(field, s)).collect();
    statics.iter().copied().find(|root| seen_at.iter().any(|statics| statics.contains(root)))
}

/// Of the static fields that hold objects of the class that one of them is declared as, the first that other packages can
/// name, or that one of their methods yields; else that one.
pub(super) fn most_open(cx: &Context<'_>, root: FieldId) -> FieldId {
    let program = cx.world.program;
    let declared = TypeDesc(program.text(program.field(root).desc)).class();
    let loader = program.class(program.class_of_field(root)).loader;
    let class = declared.and_then(|name| program.find_text(loader, name));
    let statics = class.map(|c| cx.held.statics(c)).unwrap_or_default();
    if statics.len() < 2 || is_open_to_all(cx.world, root) {
        return root;
    }
    statics.iter().copied().find(|f| is_open_to_all(cx.world, *f)).unwrap_or(root)
}

/// Whether other packages can name a static field, or get its object by a method that yields it.
pub(super) fn is_open_to_all(world: &World<'_>, root: FieldId) -> bool {
    let access = world.program.field(root).access;
    access.is_public()
        || access.is_protected()
        || world.fields.reads(root).any(|read| {
            let body = world.body(read.method);
            let is_it =
                |v: &ValueId| body.origins.leaves(*v).any(|leaf| leaf == Value::Event(u32::from(read.event)));
            let mut returns = body.origins.events().iter().filter(|e| e.kind == EventKind::Return);
            (body.method.access.is_public() || body.method.access.is_protected())
                && returns.any(|e| body.origins.args(e).iter().any(is_it))
        })
}

/// Whether others may make a change to the object of a static field once they have got it: by a method that is not meant
/// for subclasses alone, or that is called on more than objects which are just being made, or are of another class.
fn is_open(world: &World<'_>, root: FieldId, spot: &Spot) -> bool {
    let sites = world.sites.of(spot.method, MAX_SITES);
    let (Some(sites), true) = (sites, world.program.method(spot.method).access.is_protected()) else {
        return true;
    };
    let classes = held::stored_objects(world, root);
    sites.iter().any(|site| {
        let caller = world.body(site.caller);
        let receiver = world.event(site.caller, site.event).filter(|e| e.kind.is_invoke());
        let Some(receiver) = receiver.map(|e| caller.origins.arg(e, 0)) else { return true };
        let is_own = caller.origins.leaves(receiver).all(|leaf| leaf == Value::Param(0));
        let is_of_another =
            is_own && !classes.iter().any(|(made, _)| world.program.is_subtype(*made, caller.class));
        !is_of_another && !new_objects::is_new(world, site.caller, receiver)
    })
}

/// Whether code that is not there may get the object of a static field: others can name the field, or it goes anywhere but
/// into calls of its own methods.
pub(super) fn is_exposed(world: &World<'_>, root: FieldId) -> bool {
    let access = world.program.field(root).access;
    access.is_public()
        || access.is_protected()
        || world.fields.reads(root).any(|read| {
            let body = world.body(read.method);
            let is_it = |leaf| leaf == Value::Event(u32::from(read.event));
            let mut uses = body.origins.events().iter().flat_map(|e| {
                let args = body.origins.args(e).iter().enumerate();
                args.filter(|(_, v)| body.origins.leaves(**v).any(is_it)).map(move |(i, _)| (e, i))
            });
            uses.any(|(event, position)| !is_own_use(event, position))
        })
}

fn is_own_use(event: &Event, position: usize) -> bool {
    let is_call = event.kind.is_invoke() && event.kind.has_receiver();
    position == 0
        && (is_call
            || matches!(
                event.kind,
                EventKind::GetField
                    | EventKind::PutField
                    | EventKind::CheckCast
                    | EventKind::InstanceOf
                    | EventKind::MonitorEnter
                    | EventKind::MonitorExit
            ))
}
