//! Whether a lookup by name is one of several: a chain of loaders of which one or another answers.

use super::context::Context;
use super::matches::Spot;
use super::values::{is_of_types, kind_of, operand, origins_of};
use crate::dataflow::Body;
use crate::dataflow::knowledge::Subject;
use crate::facts::{Event, EventKind, Value};
use crate::rules::rule::OriginKind;
use crate::vocabulary::descriptor::{TypeDesc, params, return_type};
use crate::vocabulary::{MemberRefId, MethodId, ValueId};
use rustc_hash::FxHashSet;
use std::collections::VecDeque;

/// APIs that look a name up, their first argument, with a loader that is an operand or the caller's.
const LOOKUPS: &[&str] = &[
    "class-for-name-with-loader",
    "load-class",
    "get-resource",
    "resource-bundle-with-loader",
    "service-loader",
    "service-loader-with-loader",
];
/// Those of them that yield a class: a file that another loader has is no second try for a class.
const CLASS_LOOKUPS: &[&str] = &["class-for-name-with-loader", "load-class"];
/// APIs that yield a class for a name.
const FOR_CLASSES: [&str; 5] = [
    "class-by-name-of-library",
    "class-for-name",
    "class-for-name-with-loader",
    "load-class",
    "lookup-find-class",
];
/// Computations between a name and what it is made from.
const MAX_STEPS: u32 = 12;

/// Whether the method, what it calls, or all who call it ask another loader for the same name: the context class loader,
/// one that is given, or one that is not known.
pub(super) fn is_another_loader_asked(cx: &Context<'_>, spot: &Spot) -> bool {
    let body = cx.world.body(spot.method);
    let Some(event) = body.origins.events().get(usize::from(spot.event)) else { return false };
    let Some(wanted) = name_of(body, event) else { return false };
    let beside = lookups_beside(cx, body, event);
    asks_elsewhere(cx, body, spot.event, wanted, beside)
        || is_asked_by_callers(cx, body, wanted, beside, 0)
        || is_asked_beside(cx, body, wanted, beside)
}

/// The APIs by which another loader may be asked for the same as a call asks for.
fn lookups_beside(cx: &Context<'_>, body: Body<'_>, event: &Event) -> &'static [&'static str] {
    let loader = cx.world.program.class(body.class).loader;
    let is_for_class =
        |member| FOR_CLASSES.iter().any(|g| cx.world.knowledge.api_of(g, loader, member).is_some());
    if event.member().is_some_and(is_for_class) { CLASS_LOOKUPS } else { LOOKUPS }
}

/// Methods looked at for one call.
const MAX_TARGETS: usize = 4;

/// Whether all who call a method that is not public call another one, too, which asks another loader for the same constant.
fn is_asked_beside(cx: &Context<'_>, body: Body<'_>, wanted: ValueId, beside: &[&str]) -> bool {
    let mut leaves = body.origins.leaves(wanted);
    let (Some(text @ Value::Str(_)), None) = (leaves.next(), leaves.next()) else { return false };
    if body.method.access.is_public() {
        return false;
    }
    let asks = |callee: Body<'_>| {
        callee.origins.events().iter().any(|e| {
            asks_another(cx, callee, e, beside)
                && name_of(callee, e).is_some_and(|name| {
                    callee.origins.leaves(name).any(|leaf| is_same_text(cx, Some(leaf), Some(text)))
                })
        })
    };
    let sites = cx.world.sites.of(body.id, MAX_CALLERS).unwrap_or_default();
    !sites.is_empty()
        && sites.iter().all(|site| {
            let caller = cx.world.body(site.caller);
            caller.origins.events().iter().filter(|e| e.kind.is_invoke()).any(|e| {
                let targets = cx.world.targets(caller, e, MAX_TARGETS).unwrap_or_default();
                targets.into_iter().any(|t| t != body.id && asks(cx.world.body(t)))
            })
        })
}

/// Whether a body asks another loader for a name than the call at `event` does.
fn asks_elsewhere(cx: &Context<'_>, body: Body<'_>, event: u16, wanted: ValueId, beside: &[&str]) -> bool {
    (0u16..).zip(body.origins.events()).any(|(i, other)| {
        let is_same_name = || name_of(body, other).is_some_and(|name| is_same(cx, body, wanted, name));
        i != event
            && (asks_another(cx, body, other, beside) && is_same_name()
                || hands_on_with_another(cx, body, other, wanted, beside))
    })
}

/// Callers looked at for one method.
const MAX_CALLERS: usize = 16;

/// Methods that hand a name on, one to the other, before somebody asks another loader for it.
const MAX_PASSES: u32 = 3;

/// Whether all who pass a name to a method that is not public, or to an action that the JVM is to run, ask another loader
/// for it, too.
fn is_asked_by_callers(
    cx: &Context<'_>,
    body: Body<'_>,
    wanted: ValueId,
    beside: &[&str],
    depth: u32,
) -> bool {
    let Some(passed) = passed_as(cx, body, wanted).filter(|_| depth < MAX_PASSES) else { return false };
    !passed.is_empty()
        && passed.into_iter().all(|(method, event, value)| {
            let caller = cx.world.body(method);
            asks_elsewhere(cx, caller, event, value, beside)
                || is_asked_by_callers(cx, caller, value, beside, depth + 1)
        })
}

/// The places that pass a value to a method which others can't call, or to an object whose method it is, with the value
/// there.
fn passed_as(cx: &Context<'_>, body: Body<'_>, wanted: ValueId) -> Option<Vec<(MethodId, u16, ValueId)>> {
    let mut leaves = body.origins.leaves(wanted);
    let (leaf, None) = (leaves.next()?, leaves.next()) else { return None };
    let (callee, param) = match leaf {
        Value::Param(i) if !body.method.access.is_public() => (body.id, i),
        Value::Event(_) => kept_when_made(cx, body, leaf)?,
        _ => return None,
    };
    let sites = cx.world.sites.of(callee, MAX_CALLERS)?;
    let passed = sites.iter().map(|site| {
        let caller = cx.world.body(site.caller);
        let event = cx.world.event(site.caller, site.event)?;
        let is_passed = event.kind.is_invoke() || usize::from(param) < usize::from(event.n_args);
        is_passed.then(|| (site.caller, site.event, caller.origins.arg(event, usize::from(param))))
    });
    passed.collect()
}

/// The constructor of an action, and the parameter that it keeps in the field that a value of another method is read from.
fn kept_when_made(cx: &Context<'_>, body: Body<'_>, leaf: Value) -> Option<(MethodId, u16)> {
    let program = cx.world.program;
    let (_, read) = body.origins.event(leaf).filter(|(_, e)| e.kind == EventKind::GetField)?;
    let is_own = body.origins.leaves(body.origins.arg(read, 0)).all(|l| l == Value::Param(0));
    let is_of_action = ACTIONS.iter().any(|name| program.has_supertype_named(body.class, name));
    if !is_own || !is_of_action {
        return None;
    }
    let field = program.refs(program.class(body.class).loader).field(read.member()?)?;
    let mut writes = cx.world.fields.writes(field);
    let write = writes.next().filter(|_| writes.next().is_none())?;
    let maker = cx.world.body(write.method);
    let stored = cx.world.event(write.method, write.event)?;
    let mut given = maker.origins.leaves(*maker.origins.args(stored).last()?);
    match (given.next(), given.next()) {
        (Some(Value::Param(i)), None) if program.is_constructor(maker.method.name) => Some((write.method, i)),
        _ => None,
    }
}

/// What the JVM runs for whoever makes it, at once.
const ACTIONS: [&str; 2] = ["java/security/PrivilegedAction", "java/security/PrivilegedExceptionAction"];

/// Whether a call of the deployment's own code is passed the name, and another loader.
fn hands_on_with_another(
    cx: &Context<'_>,
    body: Body<'_>,
    event: &Event,
    wanted: ValueId,
    beside: &[&str],
) -> bool {
    let program = cx.world.program;
    let loader = program.class(body.class).loader;
    let is_call = event.kind.is_invoke() || event.kind == EventKind::Lambda;
    let Some(member) = event.member().filter(|_| is_call) else { return false };
    let target = program.refs(loader).method(member);
    let is_jdk = target.is_some_and(|m| program.is_jdk(program.class_of_method(m)));
    if !is_jdk && yields_class_for(cx, body, event, wanted) {
        return true;
    }
    if is_jdk || target.is_none() {
        return false;
    }
    // What a lambda captures of its object comes first, too.
    let is_of_object = |m: MethodId| event.kind == EventKind::Lambda && !program.method(m).access.is_static();
    let first = usize::from(event.kind.has_receiver() || target.is_some_and(is_of_object));
    let types = params(program.text(program.facts.members.get(member).desc));
    let is_loader = |ty: TypeDesc<'_>| {
        let class = ty.class();
        class.is_some_and(|ty| is_of_types(cx.world, cx.models, loader, ty, &cx.names.loader_types))
    };
    let mut loaders = types.enumerate().filter(|(_, ty)| is_loader(*ty)).map(|(i, _)| i + first);
    let args = || (0usize..).zip(body.origins.args(event)).skip(first);
    let mut names = args().filter(|(_, value)| is_same(cx, body, wanted, **value)).map(|(i, _)| i);
    names.clone().next().is_some() && loaders.any(|position| is_another(cx, body, event, position))
        || target.is_some_and(|method| names.any(|i| asks_another_for(cx, cx.world.body(method), i, beside)))
}

/// Whether a call asks an object, by a method that the scan does not see the inside of, for the class of the name.
fn yields_class_for(cx: &Context<'_>, body: Body<'_>, event: &Event, wanted: ValueId) -> bool {
    let program = cx.world.program;
    let Some(member) = event.member().filter(|_| event.kind == EventKind::InvokeInterface) else {
        return false;
    };
    let desc = program.text(program.facts.members.get(member).desc);
    return_type(desc).class() == Some("java/lang/Class")
        && body.origins.args(event).iter().skip(1).any(|value| is_same(cx, body, wanted, *value))
}

/// Whether a body asks another loader for what it is given as one of its parameters.
fn asks_another_for(cx: &Context<'_>, body: Body<'_>, param: usize, beside: &[&str]) -> bool {
    let is_given = |leaf| matches!(leaf, Value::Param(i) if usize::from(i) == param);
    let asks = |event: &Event| {
        asks_another(cx, body, event, beside)
            && name_of(body, event).is_some_and(|name| body.origins.leaves(name).any(is_given))
    };
    body.origins.events().iter().any(asks)
}

fn asks_another(cx: &Context<'_>, body: Body<'_>, event: &Event, beside: &[&str]) -> bool {
    let own = cx.world.program.class(body.class).loader;
    let Some(member) = event.member().filter(|_| event.kind.is_invoke()) else { return false };
    let mut apis = cx.world.knowledge.apis(own, member);
    let lookups: Vec<String> = beside.iter().map(|name| (*name).to_owned()).collect();
    let Some(api) = apis.find(|api| cx.is_api(*api, &lookups)) else { return false };
    if cx.is_api(api, &cx.names.context_reading) {
        return true;
    }
    let by_argument = cx.world.knowledge.tables.apis.get(usize::from(api)).and_then(|a| a.loader);
    let position = match by_argument {
        Some(i) => Subject::Argument(i).operand(event.kind.has_receiver()),
        None => Subject::Receiver.operand(event.kind.has_receiver()),
    };
    position.is_some_and(|position| is_another(cx, body, event, position))
}

/// Whether an operand may be another loader than the system's, and in shared code than the own one.
fn is_another(cx: &Context<'_>, body: Body<'_>, event: &Event, position: usize) -> bool {
    let own = [OriginKind::SystemLoader, OriginKind::Null, OriginKind::OwnLoader];
    // A module's own loader is the one to ask.
    let own = if cx.world.reach.owner(body.class).is_some() { &own[..2] } else { &own[..] };
    let found = origins_of(cx.world, body, event, position);
    found.iter().any(|f| !own.contains(&kind_of(cx.world, body.class, f)))
}

fn name_of(body: Body<'_>, event: &Event) -> Option<ValueId> {
    body.origins.args(event).get(operand(event, 0)?).copied()
}

fn is_same(cx: &Context<'_>, body: Body<'_>, a: ValueId, b: ValueId) -> bool {
    let of_a = sources(body, a);
    sources(body, b).iter().any(|source| {
        of_a.contains(source) || of_a.iter().any(|other| is_same_text(cx, value_of(other), value_of(source)))
    })
}

fn value_of(source: &Source) -> Option<Value> {
    match source {
        Source::Value(value) => Some(*value),
        Source::Field(_) => None,
    }
}

/// Whether two values are one constant; a class is asked for a resource with a slash before what a loader is asked for.
fn is_same_text(cx: &Context<'_>, a: Option<Value>, b: Option<Value>) -> bool {
    let text = |value| match value {
        Some(Value::Str(name)) => Some(cx.world.program.text(name).trim_start_matches('/')),
        _ => None,
    };
    text(a).is_some_and(|a| text(b) == Some(a))
}

/// Whether two values of a body are made from something in common.
pub(super) fn have_common_source(cx: &Context<'_>, body: Body<'_>, a: ValueId, b: ValueId) -> bool {
    is_same(cx, body, a, b)
}

/// Something that a name is made from.
#[derive(PartialEq, Eq)]
enum Source {
    Value(Value),
    /// A field, each read of which is a value of its own.
    Field(MemberRefId),
}

/// What a name is made from: parameters, constants, fields, and results of calls that are made from nothing.
fn sources(body: Body<'_>, value: ValueId) -> Vec<Source> {
    let mut found = Vec::new();
    let mut seen = FxHashSet::default();
    let mut waiting = VecDeque::from([(value, 0)]);
    while let Some((value, step)) = waiting.pop_front() {
        for leaf in body.origins.leaves(value).filter(|leaf| seen.insert(*leaf)) {
            let inputs = match leaf {
                Value::Derived(source) => vec![source],
                Value::Event(_) => match body.origins.event(leaf) {
                    Some((_, e)) if e.kind.is_invoke() || e.kind == EventKind::Concat => {
                        body.origins.args(e).to_vec()
                    }
                    _ => Vec::new(),
                },
                _ => Vec::new(),
            };
            let is_this = leaf == Value::Param(0) && !body.method.access.is_static();
            let read = body.origins.event(leaf).map(|(_, e)| e);
            match read.filter(|e| matches!(e.kind, EventKind::GetField | EventKind::GetStatic)) {
                Some(read) => found.extend(read.member().map(Source::Field)),
                // The receiver is a source of everything that its methods compute.
                None if is_this || matches!(leaf, Value::Null | Value::Int(_)) => {}
                None => found.push(Source::Value(leaf)),
            }
            if step < MAX_STEPS {
                waiting.extend(inputs.into_iter().map(|input| (input, step + 1)));
            }
        }
    }
    found
}

/// Whether the name that a class is asked for is made from that class, or from the class whose code asks: its own file, or
/// one that goes with it.
pub(super) fn is_named_after_asked(cx: &Context<'_>, spot: &Spot) -> bool {
    let body = cx.world.body(spot.method);
    let Some(event) = body.origins.events().get(usize::from(spot.event)) else { return false };
    let Some(name) = name_of(body, event) else { return false };
    let made_from = sources(body, name);
    let of_receiver = event.kind.has_receiver()
        && body.origins.leaves(body.origins.arg(event, 0)).any(|l| made_from.contains(&Source::Value(l)));
    // `class$…`: the class literal of old compilers.
    let is_literal = |source: &Source| {
        let Source::Field(member) = source else { return false };
        let program = cx.world.program;
        let field = program.refs(program.class(body.class).loader).field(*member);
        field.is_some_and(|f| {
            let facts = program.field(f);
            facts.access.is_synthetic()
                && facts.access.is_static()
                && program.text(facts.desc) == "Ljava/lang/Class;"
                && program.class_of_field(f) == body.class
        })
    };
    of_receiver
        || made_from.iter().any(is_literal)
        || made_from.iter().any(|source| matches!(source, Source::Value(v) if is_own_class(cx, body, *v)))
}

/// Whether a value is `getClass()` of the object whose method this is, or a class of the same loader that the code names.
fn is_own_class(cx: &Context<'_>, body: Body<'_>, value: Value) -> bool {
    let program = cx.world.program;
    let own = program.class(body.class).loader;
    if let Value::Class(name) = value {
        return program.find(own, name).is_some_and(|c| program.class(c).loader == own);
    }
    body.origins.event(value).is_some_and(|(_, e)| {
        e.kind.is_invoke()
            && e.member().is_some_and(|m| program.text(program.facts.members.get(m).name) == "getClass")
            && !body.method.access.is_static()
            && body.origins.leaves(body.origins.arg(e, 0)).all(|l| l == Value::Param(0))
    })
}
