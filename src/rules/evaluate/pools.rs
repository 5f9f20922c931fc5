//! Pools that work for several applications: which ones a call hands a task to, and what loader their threads have.

use super::context::Context;
use super::matches::{Match, Spot};
use crate::dataflow::held::{Holder, Root};
use crate::dataflow::knowledge::groups;
use crate::dataflow::origins::{self, Found, Origin};
use crate::dataflow::{Body, context_loaders};
use crate::facts::{Event, EventKind, MethodFacts, Value};
use crate::program::FieldAccess;
use crate::rules::rule::{Condition, Sharing};
use crate::vocabulary::descriptor::{TypeDesc, params};
use crate::vocabulary::{FieldId, TenantId, ValueId};

/// What makes its thread when it is made itself.
const TIMER: &str = "java/util/Timer";
/// What runs tasks on threads that it has.
const EXECUTOR: &str = "java/util/concurrent/Executor";

const EXECUTE: &str = "execute";
const OF_TASK: &str = "(Ljava/lang/Runnable;)V";
const RUNNABLE: &str = "java/lang/Runnable";
const RUN: &str = "run";
/// Asks whether there is a task at all.
const OBJECTS: &str = "java/util/Objects";

/// Writes of one static that are looked at.
const MAX_WRITES: usize = 2;

/// Whether the receiver of a call is what a static field of a shared class holds, whoever passes it on, or what an object
/// holds of which there is one for all.
pub(super) fn is_held(cx: &Context<'_>, spot: &Spot) -> bool {
    let found = receiver(cx, spot);
    found.iter().any(|f| is_static(cx, f)) || is_part_of_held(cx, &found)
}

/// The tenants of a match that pass such a pool to the code that hands it a task, if all of them come so.
pub(super) fn left_by(cx: &Context<'_>, found: &Match, condition: &Condition) -> Option<Vec<TenantId>> {
    if !matches!(condition, Condition::Sharing(Sharing::ReceiverHeld)) || cx.world.reach.is_open_world() {
        return None;
    }
    let mut passing = Vec::new();
    for spot in &found.spots {
        let found = receiver(cx, spot);
        if is_part_of_held(cx, &found) {
            return None;
        }
        for of_all in found.iter().filter(|f| is_static(cx, f)) {
            passing.push(of_all.passed_by?);
        }
    }
    let mut tenants = cx.tenants(found);
    tenants.retain(|t| passing.contains(t));
    Some(tenants)
}

fn receiver(cx: &Context<'_>, spot: &Spot) -> Vec<Found> {
    let body = cx.world.body(spot.method);
    let loader = cx.world.program.class(body.class).loader;
    let is_async =
        |e: &Event| e.member().is_some_and(|m| cx.world.knowledge.api_of(ASYNC, loader, m).is_some());
    let pool = cx.world.event(spot.method, spot.event).and_then(|e| match e.kind.has_receiver() {
        true => body.origins.args(e).first().copied(),
        false => body.origins.args(e).last().copied().filter(|_| is_async(e)),
    });
    pool.map_or_else(Vec::new, |pool| origins::of_value(cx.world, spot.method, pool))
}

/// The API of the calls that are given the pool last.
const ASYNC: &str = "executor-submit-async";

fn is_static(cx: &Context<'_>, found: &Found) -> bool {
    let Origin::StaticField(field) = found.origin else { return false };
    // Without modules that is no more than a note, and what an object's field holds is not asked.
    let is_it = !found.is_derived || cx.world.reach.is_open_world() || is_pool(cx, field);
    is_it && (found.passed_by.is_none() || is_of_shared_class(cx, field)) && !runs_in_place(cx, field)
}

/// Whether all that a static holds are executors which run a task in the thread that hands it to them.
fn runs_in_place(cx: &Context<'_>, field: FieldId) -> bool {
    let writes: Vec<_> = cx.world.fields.writes(field).take(MAX_WRITES + 1).collect();
    let is_direct = |write: &FieldAccess| {
        let body = cx.world.body(write.method);
        let event = cx.world.event(write.method, write.event);
        let value = event.and_then(|e| body.origins.args(e).last());
        value.is_some_and(|v| body.origins.leaves(*v).all(|leaf| makes_direct(cx, body, leaf)))
    };
    (1..=MAX_WRITES).contains(&writes.len()) && writes.iter().all(is_direct)
}

/// Whether a value is made right there, and runs tasks in place: an object with such an `execute`, or a function.
fn makes_direct(cx: &Context<'_>, body: Body<'_>, leaf: Value) -> bool {
    let program = cx.world.program;
    let loader = program.class(body.class).loader;
    let Some((_, made)) = body.origins.event(leaf) else { return false };
    match made.kind {
        EventKind::New => {
            let class = made.name().and_then(|name| program.find(loader, name));
            let class = class.filter(|c| program.has_supertype_named(*c, EXECUTOR));
            let is_execute = |m: &MethodFacts| {
                m.has_body && program.text(m.name) == EXECUTE && program.text(m.desc) == OF_TASK
            };
            let execute = class.and_then(|c| program.methods_of(c).find(|(_, m)| is_execute(m)));
            execute.is_some_and(|(id, _)| runs_itself(cx, cx.world.body(id)))
        }
        EventKind::Lambda => {
            let is_run = made.member().is_some_and(|m| {
                let member = program.facts.members.get(m);
                program.text(member.owner) == RUNNABLE && program.text(member.name) == RUN
            });
            let targets = cx.world.targets(body, made, 1).unwrap_or_default();
            is_run || matches!(targets.as_slice(), [only] if runs_itself(cx, cx.world.body(*only)))
        }
        _ => false,
    }
}

/// Whether a method runs the task that it is given last, and neither keeps it nor hands it on.
fn runs_itself(cx: &Context<'_>, body: Body<'_>) -> bool {
    let program = cx.world.program;
    let n_params =
        params(program.text(body.method.desc)).count() + usize::from(!body.method.access.is_static());
    let Some(task) = n_params.checked_sub(1).map(|i| Value::Param(i as u16)) else { return false };
    let mut runs = false;
    for event in body.origins.events() {
        let is_task = |v: &ValueId| body.origins.leaves(*v).any(|leaf| leaf == task);
        let Some(at) = body.origins.args(event).iter().position(is_task) else { continue };
        let member = event.member().map(|m| program.facts.members.get(m));
        let is_named = |owner: &str| member.is_some_and(|m| program.text(m.owner) == owner);
        let is_run = member.is_some_and(|m| program.text(m.name) == RUN);
        match event.kind {
            EventKind::InvokeInterface if at == 0 && is_run => runs = true,
            kind if kind.is_invoke() && !is_named(OBJECTS) => return false,
            EventKind::PutField | EventKind::PutStatic | EventKind::ArrayStore | EventKind::Lambda => {
                return false;
            }
            _ => {}
        }
    }
    runs
}

/// Whether a field holds a pool or a timer: what is made from one hands its tasks on to it.
fn is_pool(cx: &Context<'_>, field: FieldId) -> bool {
    let program = cx.world.program;
    let loader = program.class(program.class_of_field(field)).loader;
    let class = TypeDesc(program.text(program.field(field).desc)).class();
    let class = class.and_then(|name| program.find_text(loader, name));
    class.is_some_and(|c| [EXECUTOR, TIMER].iter().any(|name| program.has_supertype_named(c, name)))
}

fn is_of_shared_class(cx: &Context<'_>, field: FieldId) -> bool {
    cx.world.reach.owner(cx.world.program.class_of_field(field)).is_none()
}

/// Whether a value is read from a field of objects that are all held, and is made by shared code.
fn is_part_of_held(cx: &Context<'_>, found: &[Found]) -> bool {
    let is_one_for_all = |h: Holder| h.is_kept && !h.is_entry && matches!(h.root, Root::Static(_));
    let is_held = |f: &Found| {
        let Origin::Field(field) = f.origin else { return false };
        let class = cx.world.program.class_of_field(field);
        !f.is_derived && is_of_shared_class(cx, field) && cx.held.holder(class).is_some_and(is_one_for_all)
    };
    let is_made = |f: &Found| matches!(f.origin, Origin::Allocation(_)) || f.is_derived;
    let is_own = |f: &Found| {
        f.passed_by.is_none()
            && cx.world.reach.owner(cx.world.program.class_of_method(f.method)).is_none()
            && matches!(f.origin, Origin::Allocation(_) | Origin::Field(_) | Origin::Null | Origin::Unknown)
            || f.is_derived && f.passed_by.is_none()
    };
    !cx.world.reach.is_open_world()
        && found.iter().any(is_held)
        && found.iter().any(is_made)
        && found.iter().all(is_own)
}

/// Whether the deployment's own code that runs a task for a call gives its threads the loader of shared code, or none.
pub(super) fn gives_loader(cx: &Context<'_>, spot: &Spot) -> bool {
    let body = cx.world.body(spot.method);
    let event = cx.world.event(spot.method, spot.event);
    event.is_some_and(|e| context_loaders::is_given_by_target(cx.world, body, e))
        || is_made_with_own(cx, spot)
}

/// Whether what runs the tasks, a timer, is made where the present thread has the loader of shared code, or none.
fn is_made_with_own(cx: &Context<'_>, spot: &Spot) -> bool {
    let found = receiver(cx, spot);
    let mut made = found.iter().filter(|f| matches!(f.origin, Origin::Allocation(Some(_)))).peekable();
    let has_own = |f: &Found| {
        let program = cx.world.program;
        let is_timer =
            matches!(f.origin, Origin::Allocation(Some(class)) if program.has_supertype_named(class, TIMER));
        is_timer && context_loaders::has_own_at(cx.world, cx.world.body(f.method), f.event)
    };
    made.peek().is_some() && made.all(has_own)
}

/// Whether a call gives a new thread what it would have anyway: the context class loader of the one that makes it.
pub(super) fn gives_what_is_inherited(cx: &Context<'_>, body: Body<'_>, event: &Event) -> bool {
    let loader = cx.world.program.class(body.class).loader;
    let is_api = |e: &Event, api: &str| {
        e.kind.is_invoke() && e.member().is_some_and(|m| cx.world.knowledge.api_of(api, loader, m).is_some())
    };
    let is_result_of = |leaf: Value, api: &str| {
        let call = body.origins.event(leaf);
        call.is_some_and(|(_, e)| is_api(e, api))
    };
    let is_new = |leaf: Value| {
        let made = body.origins.event(leaf);
        made.is_some_and(|(_, e)| e.kind == EventKind::New)
    };
    is_api(event, groups::CONTEXT_LOADER_SET)
        && body.origins.leaves(body.origins.arg(event, 0)).all(is_new)
        && body
            .origins
            .leaves(body.origins.arg(event, 1))
            .all(|l| is_result_of(l, groups::CONTEXT_LOADER_GET))
}
