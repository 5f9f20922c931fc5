//! Whether what a cache holds depends on nothing but the key.

use super::context::Context;
use super::fields;
use super::handed_out::{Part, is_changed_by_callers};
use super::matches::{Match, Spot, Subject};
use super::shapes;
use crate::dataflow::knowledge::groups;
use crate::dataflow::{Body, How, changes};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::descriptor::params;
use crate::vocabulary::{MethodId, ValueId};
use rustc_hash::FxHashSet;

/// Computations between a value and what it is made from.
const MAX_STEPS: u32 = 6;
/// Things looked at for one value; what comes after them stands for itself.
const MAX_LEAVES: usize = 256;

/// Whether every value that is put into a container is made from its key alone; for a field of an object also from that
/// object.
pub(super) fn is_made_from_key(cx: &Context<'_>, found: &Match) -> bool {
    let Subject::Field(field) = found.subject else { return false };
    let is_static = cx.world.program.field(field).access.is_static();
    let mut n_put = 0;
    let mut constants = Vec::new();
    let changes = cx.changes.of(field).iter().filter(|c| {
        fields::is_after_initialisation(cx.world, found.class, c)
            && !cx.world.reach.tenants(c.method).is_empty()
    });
    let mut spots =
        changes.map(|c| Spot { method: c.method, event: c.event, how: Some(c.how), inside: c.inside });
    let all = spots.all(|spot| match entry(cx, &spot) {
        Entry::Taken => true,
        Entry::Unknown => false,
        Entry::Put(body, key, value) => {
            n_put += 1;
            constants.extend(constant(body, key).zip(constant(body, value)));
            is_of_key(cx, body, key, value, is_static, 0)
        }
    });
    // One constant under which different ones are put says nothing of them.
    let agree = |(key, value): &(Value, Value)| constants.iter().all(|(k, v)| k != key || v == value);
    all && n_put > 0 && constants.iter().all(agree)
}

/// Whether some value that is put into a container is made from what others pass to the method beside the key: who asks
/// first by an equal key decides for all.
pub(super) fn is_made_from_more(cx: &Context<'_>, found: &Match) -> bool {
    found.spots.iter().any(|spot| match entry(cx, spot) {
        Entry::Put(body, key, value) if !body.method.access.is_private() => {
            let of_key = made_of(cx, body, key);
            let n_receivers = u16::from(!body.method.access.is_static());
            let is_passed = |leaf: &Value| matches!(leaf, Value::Param(i) if *i >= n_receivers);
            of_key.iter().any(is_passed)
                && !is_tested_by_key(cx, body, key, value)
                && made_of(cx, body, value).iter().any(|v| is_passed(v) && !of_key.contains(v))
        }
        _ => false,
    })
}

/// Whether a method compares a value with its key, or something of the value: mostly to put in only what equals the key.
fn is_tested_by_key(cx: &Context<'_>, body: Body<'_>, key: ValueId, value: ValueId) -> bool {
    let loader = cx.world.program.class(body.class).loader;
    let tests = cx.world.knowledge.group(groups::EQUALITY_TEST);
    let is_of = |v: &ValueId, wanted: ValueId| {
        body.origins.leaves(wanted).any(|wanted| {
            body.origins.leaves(*v).any(|leaf| {
                let call = body.origins.event(leaf).filter(|(_, e)| e.kind.is_invoke());
                let is_it = |v: &ValueId| body.origins.leaves(*v).any(|l| l == wanted);
                leaf == wanted || call.is_some_and(|(_, e)| body.origins.args(e).first().is_some_and(is_it))
            })
        })
    };
    body.origins.events().iter().filter(|e| e.kind.is_invoke()).any(|event| {
        let [one, other] = body.origins.args(event) else { return false };
        let compares = is_of(one, value) && is_of(other, key) || is_of(other, value) && is_of(one, key);
        compares && event.member().is_some_and(|m| cx.world.knowledge.api_in(tests, loader, m).is_some())
    })
}

/// Whether objects of the deployment's classes are among the values that are put into a container, and what applications'
/// code passes is put into objects of these classes: whoever asks by an equal key finds it there.
pub(super) fn are_values_changed(cx: &Context<'_>, found: &Match) -> bool {
    let program = cx.world.program;
    found.spots.iter().any(|spot| {
        let (method, _) = spot.inside.unwrap_or((spot.method, spot.event));
        let loader = program.class(program.class_of_method(method)).loader;
        let values = shapes::stored_values(cx, spot);
        let mut classes = values.iter().filter_map(|ty| program.find_text(loader, ty));
        classes.any(|class| !program.is_jdk(class) && is_changed_by_callers(cx, class, Part::Any, 0))
    })
}

/// The constant that a value is.
fn constant(body: Body<'_>, value: ValueId) -> Option<Value> {
    let mut leaves = body.origins.leaves(value);
    let leaf = leaves.next().filter(|_| leaves.next().is_none())?;
    matches!(leaf, Value::Null | Value::Int(_) | Value::Str(_) | Value::Class(_)).then_some(leaf)
}

/// Callers looked at for one method that is handed key and value.
const MAX_SITES: usize = 16;
/// Calls followed backwards.
const MAX_CALLS: u32 = 2;

fn is_of_key(
    cx: &Context<'_>,
    body: Body<'_>,
    key: ValueId,
    value: ValueId,
    is_static: bool,
    depth: u32,
) -> bool {
    let of_key = made_of(cx, body, key);
    let is_own = |v: &Value| !is_static && *v == Value::Param(0) && !body.method.access.is_static();
    if made_of(cx, body, value).iter().all(|v| of_key.contains(v) || is_own(v)) {
        return true;
    }
    // A method that only its own package can call and that is handed both.
    let access = body.method.access;
    let parameter = |v: ValueId| {
        let mut leaves = body.origins.leaves(v);
        match (leaves.next(), leaves.next()) {
            (Some(Value::Param(i)), None) => Some(usize::from(i)),
            _ => None,
        }
    };
    let (Some(key), Some(value)) = (parameter(key), parameter(value)) else { return false };
    if depth >= MAX_CALLS || access.is_public() || access.is_protected() {
        return false;
    }
    let sites = cx.world.sites.of(body.id, MAX_SITES).unwrap_or_default();
    !sites.is_empty()
        && sites.iter().all(|site| {
            let caller = cx.world.body(site.caller);
            let call = cx.world.event(site.caller, site.event).filter(|e| e.kind.is_invoke());
            let args = call.map(|call| caller.origins.args(call)).unwrap_or_default();
            match (args.get(key), args.get(value)) {
                (Some(key), Some(value)) => is_of_key(cx, caller, *key, *value, is_static, depth + 1),
                _ => false,
            }
        })
}

pub(super) enum Entry<'w> {
    /// Nothing is put in.
    Taken,
    /// Key and value in a body.
    Put(Body<'w>, ValueId, ValueId),
    Unknown,
}

/// What a change of a container puts in.
pub(super) fn entry<'w>(cx: &Context<'w>, spot: &Spot) -> Entry<'w> {
    let Some(How::Container(api)) = spot.how else { return Entry::Unknown };
    if cx.is_api(api, &cx.names.removing) {
        return Entry::Taken;
    }
    let facts = cx.world.knowledge.tables.apis.get(usize::from(api));
    let Some((key, value)) = facts.and_then(|a| Some((a.key?, a.value?))) else { return Entry::Unknown };
    let body = cx.world.body(spot.method);
    let (method, event) = spot.inside.unwrap_or((spot.method, spot.event));
    let Some(put) = cx.world.event(method, event).filter(|e| e.kind.is_invoke()) else {
        return Entry::Unknown;
    };
    let n_receivers = usize::from(put.kind.has_receiver());
    // What is given more makes the value of that, or of the one that is there.
    if put.n_args > 2 + n_receivers as u8 {
        return Entry::Unknown;
    }
    let inner = cx.world.body(method);
    let [key, value] = [key, value].map(|i| inner.origins.arg(put, usize::from(i) + n_receivers));
    if spot.inside.is_none() {
        return Entry::Put(body, key, value);
    }
    // A method that is handed container, key and value.
    let refs = cx.world.program.refs(cx.world.program.class(body.class).loader);
    let Some(call) = cx.world.event(spot.method, spot.event) else { return Entry::Unknown };
    if call.member().and_then(|m| refs.method(m)) != Some(method) {
        return Entry::Unknown;
    }
    let passed = |v: ValueId| {
        let mut leaves = inner.origins.leaves(v);
        match (leaves.next(), leaves.next()) {
            (Some(Value::Param(i)), None) => body.origins.args(call).get(usize::from(i)).copied(),
            _ => None,
        }
    };
    match (passed(key), passed(value)) {
        (Some(key), Some(value)) => Entry::Put(body, key, value),
        // One that makes the value itself.
        _ => Entry::Put(inner, key, value),
    }
}

/// What something is made of, on the way to what it is made of in the end.
pub(super) enum Made {
    /// Of nothing that differs.
    Fixed,
    /// It stands for itself.
    Itself,
    /// Of these.
    Of(Vec<ValueId>),
}

/// What a value is made of in the end, each once. Each thing on the way is looked at once, by the shortest way to it.
pub(super) fn traced(body: Body<'_>, value: ValueId, made: impl Fn(Value) -> Made) -> Vec<Value> {
    let mut seen = FxHashSet::default();
    let mut found = Vec::new();
    let mut level = vec![value];
    for step in 0..=MAX_STEPS {
        let mut next = Vec::new();
        for leaf in level.into_iter().flat_map(|value| body.origins.leaves(value)) {
            if !seen.insert(leaf) {
                continue;
            }
            match made(leaf) {
                Made::Fixed => {}
                Made::Of(inputs) if step < MAX_STEPS && seen.len() < MAX_LEAVES && !inputs.is_empty() => {
                    next.extend(inputs);
                }
                Made::Of(_) | Made::Itself => found.push(leaf),
            }
        }
        next.sort_unstable();
        next.dedup();
        level = next;
    }
    found
}

/// What a value is made of in the end, constants left out: parameters, fields, results of calls without arguments.
pub(super) fn made_of(cx: &Context<'_>, body: Body<'_>, value: ValueId) -> Vec<Value> {
    made_of_inputs(cx, body, value, |leaf, i| Made::Of(inputs_of(cx, body, leaf, i)))
}

fn made_of_inputs(
    cx: &Context<'_>,
    body: Body<'_>,
    value: ValueId,
    inputs: impl Fn(Value, u32) -> Made,
) -> Vec<Value> {
    traced(body, value, |leaf| match leaf {
        Value::Null | Value::Int(_) | Value::Str(_) | Value::Class(_) => Made::Fixed,
        Value::Derived(source) => Made::Of(vec![source]),
        Value::Event(_) if is_constant(cx, body, leaf) || is_empty_constant(cx, body, leaf) => Made::Fixed,
        Value::Event(i) if asks_context(cx, body, i) => Made::Itself,
        Value::Event(i) => inputs(leaf, i),
        _ => Made::Itself,
    })
}

/// Whether a value is what a factory of immutable objects makes of nothing, `List.of()`.
fn is_empty_constant(cx: &Context<'_>, body: Body<'_>, leaf: Value) -> bool {
    const FACTORY: &str = "immutable-factory";
    let call = body.origins.event(leaf).map(|(_, e)| e);
    let call = call.filter(|e| e.kind == EventKind::InvokeStatic && e.n_args == 0);
    let loader = cx.world.program.class(body.class).loader;
    call.and_then(Event::member).is_some_and(|m| cx.world.knowledge.api_of(FACTORY, loader, m).is_some())
}

/// Whether a value is made of nothing but numbers that its method is given or works out, and constants.
pub(super) fn is_of_numbers(cx: &Context<'_>, body: Body<'_>, value: ValueId) -> bool {
    let desc = cx.world.program.text(body.method.desc);
    let own = usize::from(!body.method.access.is_static());
    let is_number = |i: u16| {
        let position = usize::from(i).checked_sub(own);
        position.and_then(|p| params(desc).nth(p)).is_some_and(|ty| !ty.is_reference())
    };
    let inputs = |leaf, i| {
        let inputs = inputs_of(cx, body, leaf, i);
        let numbers = numbers_given(cx, body, leaf, i);
        let others: Vec<ValueId> = inputs.iter().copied().filter(|v| !numbers.contains(v)).collect();
        if others.is_empty() && !inputs.is_empty() { Made::Fixed } else { Made::Of(others) }
    };
    let made_of = made_of_inputs(cx, body, value, inputs);
    made_of.into_iter().all(|leaf| matches!(leaf, Value::Param(i) if is_number(i)))
}

/// The arguments of a call, or of an object's constructor, that are numbers by their declared types and that this method is
/// given or works out: one that a call yields or a field has may be an object's that a caller passes.
fn numbers_given(cx: &Context<'_>, body: Body<'_>, leaf: Value, index: u32) -> Vec<ValueId> {
    let event = body.origins.events().get(index as usize);
    let call = match event.map(|e| e.kind) {
        Some(EventKind::New) => constructor_of(body, leaf),
        Some(kind) if kind.is_invoke() => event,
        _ => None,
    };
    let Some((call, member)) = call.and_then(|c| Some((c, c.member()?))) else { return Vec::new() };
    let program = cx.world.program;
    let types = params(program.text(program.facts.members.get(member).desc));
    let args = body.origins.args(call).iter().skip(usize::from(call.kind.has_receiver()));
    let is_own = |value: &ValueId| {
        body.origins.leaves(*value).all(|leaf| match leaf {
            Value::Derived(source) => {
                body.origins.leaves(source).all(|leaf| body.origins.event(leaf).is_none())
            }
            leaf => body.origins.event(leaf).is_none(),
        })
    };
    args.zip(types).filter(|(arg, ty)| !ty.is_reference() && is_own(arg)).map(|(arg, _)| *arg).collect()
}

/// A read of a static final field yields the same to everybody.
pub(super) fn is_constant(cx: &Context<'_>, body: Body<'_>, leaf: Value) -> bool {
    let program = cx.world.program;
    let refs = program.refs(program.class(body.class).loader);
    let read = body.origins.event(leaf).map(|(_, e)| e).filter(|e| e.kind == EventKind::GetStatic);
    let field = read.and_then(|e| refs.field(e.member()?));
    field.is_some_and(|f| program.field(f).access.is_final())
}

/// The call of the constructor of an object that a body makes.
fn constructor_of<'w>(body: Body<'w>, made: Value) -> Option<&'w Event> {
    let is_made = |v: &ValueId| body.origins.leaves(*v).any(|l| l == made);
    let mut calls = body.origins.events().iter().filter(|e| e.kind == EventKind::InvokeSpecial);
    calls.find(|e| body.origins.args(e).first().is_some_and(is_made))
}

/// What an event makes its result from: a call from its operands, an object from those of its constructor.
pub(super) fn inputs_of(cx: &Context<'_>, body: Body<'_>, leaf: Value, index: u32) -> Vec<ValueId> {
    let Some(event) = body.origins.events().get(index as usize) else { return Vec::new() };
    match event.kind {
        EventKind::New => {
            let given =
                constructor_of(body, leaf).map(|e| body.origins.args(e).iter().skip(1)).into_iter().flatten();
            // A list of what makes up a key.
            let added = changes::put_into(cx.world, body, leaf);
            given.copied().chain(added).collect()
        }
        // What is put there; an array that is left empty is made of nothing, and stands for itself.
        EventKind::NewArray => {
            let is_it = |v: &ValueId| body.origins.leaves(*v).any(|l| l == leaf);
            let stores = body.origins.events().iter().filter(|e| e.kind == EventKind::ArrayStore);
            let into = stores.filter(|e| body.origins.args(e).first().is_some_and(is_it));
            into.filter_map(|e| body.origins.args(e).last().copied()).collect()
        }
        EventKind::Concat | EventKind::ArrayLoad => body.origins.args(event).to_vec(),
        kind if kind.is_invoke() => body.origins.args(event).to_vec(),
        _ => Vec::new(),
    }
}

/// Methods looked at for one call, and targets of one call among them.
const MAX_ASKED: usize = 24;
const MAX_TARGETS: usize = 3;

/// Whether what a call yields may depend on the context class loader, by what it does itself: then the one who calls
/// decides, though he passes nothing.
pub(super) fn asks_context(cx: &Context<'_>, body: Body<'_>, index: u32) -> bool {
    let world = cx.world;
    let Some(event) = body.origins.events().get(index as usize).filter(|e| e.kind.is_invoke()) else {
        return false;
    };
    asks_for_context(cx, body, event)
        || methods_ask_context(cx, world.targets(body, event, MAX_TARGETS).unwrap_or_default())
}

/// Whether some of the methods, or what they call, ask for the context class loader.
pub(super) fn methods_ask_context(cx: &Context<'_>, mut waiting: Vec<MethodId>) -> bool {
    let world = cx.world;
    let mut seen = waiting.clone();
    while let Some(method) = waiting.pop() {
        let callee = world.body(method);
        for call in callee.origins.events().iter().filter(|e| e.kind.is_invoke()) {
            if asks_for_context(cx, callee, call) {
                return true;
            }
            for target in world.targets(callee, call, MAX_TARGETS).unwrap_or_default() {
                if seen.len() < MAX_ASKED && !seen.contains(&target) {
                    seen.push(target);
                    waiting.push(target);
                }
            }
        }
    }
    false
}

fn asks_for_context(cx: &Context<'_>, body: Body<'_>, event: &Event) -> bool {
    let loader = cx.world.program.class(body.class).loader;
    let mut apis = event.member().into_iter().flat_map(|m| cx.world.knowledge.apis(loader, m));
    apis.any(|a| cx.is_api(a, &cx.names.context_loader) || cx.is_api(a, &cx.names.context_reading))
}
