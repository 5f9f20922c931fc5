//! Whether a class can be an application's, or is one that shared code names or finds itself.

use super::context::Context;
use super::values;
use crate::dataflow::Body;
use crate::dataflow::knowledge::groups;
use crate::dataflow::reflective::yields_class_of_java;
use crate::facts::{Event, EventKind, Value};
use crate::program::CallSite;
use crate::vocabulary::{ClassId, ValueId};
use rustc_hash::FxHashSet;
use std::cell::Cell;

/// Computations between a class and what is stored.
const MAX_LOOKUPS: u32 = 4;
/// Methods looked at for one call.
const MAX_TARGETS: usize = 4;
/// Callers looked at for one method.
const MAX_CALLERS: usize = 8;

/// Values looked at for one question.
const MAX_STEPS: u32 = 500;

/// How far a question has been followed.
#[derive(Clone, Copy)]
struct Way<'s> {
    depth: u32,
    steps: &'s Cell<u32>,
}

impl Way<'_> {
    fn deeper(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }
}

/// Subtypes looked at of one type.
const MAX_SUBTYPES: usize = 1 << 10;

/// Looks a class up with the loader of the class that calls.
const BY_OWN_LOADER: &str = "class-for-name";

/// Whether a value is a class that the code names itself, one that its own loader yields, or a member that is looked up in
/// one: no application's class.
pub(super) fn are_known(cx: &Context<'_>, body: Body<'_>, value: ValueId) -> bool {
    let steps = Cell::new(0);
    are_known_at(cx, body, value, Way { depth: 0, steps: &steps })
}

fn are_known_at(cx: &Context<'_>, body: Body<'_>, value: ValueId, way: Way<'_>) -> bool {
    let program = cx.world.program;
    let loader = program.class(body.class).loader;
    let is_within = || {
        way.steps.set(way.steps.get() + 1);
        way.steps.get() <= MAX_STEPS
    };
    body.origins.leaves(value).all(|leaf| match leaf {
        _ if !is_within() => false,
        Value::Null => true,
        // What the deployment lacks is no application's either.
        Value::Class(name) => program.find(loader, name).is_none_or(|c| cx.world.reach.owner(c).is_none()),
        Value::Param(param) if way.depth < MAX_LOOKUPS => are_known_of_callers(cx, body, param, way),
        Value::Event(_) if way.depth < MAX_LOOKUPS => {
            body.origins.event(leaf).is_some_and(|(_, e)| match e.kind {
                EventKind::NewArray => are_known_in(cx, body, leaf, way),
                EventKind::CheckCast => are_known_at(cx, body, body.origins.arg(e, 0), way.deeper()),
                _ => is_known_result(cx, body, e, way),
            })
        }
        _ => false,
    })
}

/// Whether a method that no stranger can call is given nothing else by those who do.
fn are_known_of_callers(cx: &Context<'_>, body: Body<'_>, param: u16, way: Way<'_>) -> bool {
    let world = cx.world;
    if world.reach.is_open_world() && !body.method.access.is_private() {
        return false;
    }
    let sites = world.sites.of(body.id, MAX_CALLERS).unwrap_or_default();
    let is_known = |site: &CallSite| {
        let caller = world.body(site.caller);
        let call = world.event(site.caller, site.event).filter(|e| e.kind.is_invoke());
        call.is_some_and(|call| {
            are_known_at(cx, caller, caller.origins.arg(call, usize::from(param)), way.deeper())
        })
    };
    !sites.is_empty() && sites.iter().all(is_known)
}

/// Whether what is stored into a new array is.
fn are_known_in(cx: &Context<'_>, body: Body<'_>, array: Value, way: Way<'_>) -> bool {
    let is_it = |e: &&Event| {
        e.kind == EventKind::ArrayStore && body.origins.leaves(body.origins.arg(e, 0)).any(|l| l == array)
    };
    let mut stores = body.origins.events().iter().filter(is_it).peekable();
    stores.peek().is_some()
        && stores.all(|store| {
            let stored = body.origins.args(store).last();
            stored.is_some_and(|v| are_known_at(cx, body, *v, way.deeper()))
        })
}

/// Whether all that the functions yield which an event is given is no application's class.
pub(super) fn are_made(cx: &Context<'_>, body: Body<'_>, event: &Event) -> bool {
    let steps = Cell::new(0);
    let operands = body.origins.args(event).iter().flat_map(|v| body.origins.leaves(*v));
    let made = operands.filter_map(|leaf| body.origins.event(leaf)).map(|(_, e)| e);
    let mut functions = made.filter(|e| e.kind == EventKind::Lambda).peekable();
    functions.peek().is_some()
        && functions.all(|function| is_known_of_callees(cx, body, function, Way { depth: 0, steps: &steps }))
}

fn is_known_result(cx: &Context<'_>, body: Body<'_>, event: &Event, way: Way<'_>) -> bool {
    if is_found_by_own_loader(cx, body, event)
        || yields_class_of_java(cx.world, body, event)
        || is_of_shared_object(cx, body, event)
        || is_put_back(cx, body, event)
    {
        return true;
    }
    if event.kind == EventKind::InvokeVirtual {
        return are_known_at(cx, body, body.origins.arg(event, 0), way.deeper());
    }
    event.kind.is_invoke() && is_known_of_callees(cx, body, event, way)
}

/// Whether a call takes something out of a static container, into which the method puts just that: who put it there before
/// is asked there.
fn is_put_back(cx: &Context<'_>, body: Body<'_>, read: &Event) -> bool {
    let world = cx.world;
    let refs = world.program.refs(world.program.class(body.class).loader);
    let holder = |call: &Event| {
        let mut leaves = body.origins.leaves(body.origins.arg(call, 0));
        let (leaf, None) = (leaves.next()?, leaves.next()) else { return None };
        let (_, get) = body.origins.event(leaf).filter(|(_, e)| e.kind == EventKind::GetStatic)?;
        refs.field(get.member()?)
    };
    let is_of = |call: &Event, group: &str| {
        let loader = world.program.class(body.class).loader;
        let group = world.knowledge.group(group);
        call.kind.is_invoke()
            && call.kind.has_receiver()
            && call.member().is_some_and(|m| world.knowledge.api_in(group, loader, m).is_some())
    };
    if !is_of(read, groups::CONTAINER_READ) {
        return false;
    }
    let Some(field) = holder(read) else { return false };
    let is_it = |leaf: Value| body.origins.event(leaf).is_some_and(|(_, e)| std::ptr::eq(e, read));
    body.origins.events().iter().any(|put| {
        is_of(put, groups::CONTAINER_MUTATOR)
            && holder(put) == Some(field)
            && body.origins.args(put).iter().skip(1).any(|v| body.origins.leaves(*v).any(is_it))
    })
}

/// Whether a call yields the class of an object, and no application has a class or function of the type that this is
/// declared as.
fn is_of_shared_object(cx: &Context<'_>, body: Body<'_>, event: &Event) -> bool {
    let (world, program) = (cx.world, cx.world.program);
    let Some(member) = event.member().filter(|_| event.kind == EventKind::InvokeVirtual) else {
        return false;
    };
    let member = program.facts.members.get(member);
    let is_asked =
        program.text(member.name) == "getClass" && program.text(member.desc) == "()Ljava/lang/Class;";
    if !is_asked || world.reach.is_open_world() {
        return false;
    }
    let loader = program.class(body.class).loader;
    let object = body.origins.arg(event, 0);
    body.origins.leaves(object).all(|leaf| {
        leaf == Value::Null
            || values::type_of(world, body, leaf)
                .and_then(|name| program.find_text(loader, name))
                .is_some_and(|class| is_of_nobody(cx, class))
    })
}

/// Whether no application has a class or function of a type.
fn is_of_nobody(cx: &Context<'_>, class: ClassId) -> bool {
    let (program, hierarchy) = (cx.world.program, cx.world.hierarchy);
    if program.is_jdk(class) || program.is_functional(class) {
        return false;
    }
    let mut seen = FxHashSet::from_iter([class]);
    let mut waiting = vec![class];
    while let Some(at) = waiting.pop() {
        if cx.world.reach.owner(at).is_some() || seen.len() > MAX_SUBTYPES {
            return false;
        }
        waiting.extend(hierarchy.subtypes(at).iter().filter(|sub| seen.insert(**sub)));
    }
    true
}

/// A loader that is above the applications' yields none of their classes, whatever it is asked for.
fn is_found_by_own_loader(cx: &Context<'_>, body: Body<'_>, event: &Event) -> bool {
    let world = cx.world;
    let loader = world.program.class(body.class).loader;
    let Some(member) = event.member().filter(|_| event.kind.is_invoke()) else { return false };
    let is_of = |group: &str| {
        let group = world.knowledge.group(group);
        world.knowledge.api_in(group, loader, member).is_some()
    };
    world.reach.owner(body.class).is_none()
        && (is_of(BY_OWN_LOADER)
            || groups::CLASS_LOOKUPS.into_iter().any(is_of)
                && values::asked_loader(world, body, event) == Some(loader))
}

fn is_known_of_callees(cx: &Context<'_>, body: Body<'_>, event: &Event, way: Way<'_>) -> bool {
    let targets = cx.world.targets(body, event, MAX_TARGETS).unwrap_or_default();
    !targets.is_empty()
        && targets.into_iter().all(|target| {
            let callee = cx.world.body(target);
            let returns = callee.origins.events().iter().filter(|e| e.kind == EventKind::Return);
            let mut values = returns.flat_map(|e| callee.origins.args(e)).peekable();
            values.peek().is_some() && values.all(|v| are_known_at(cx, callee, *v, way.deeper()))
        })
}
