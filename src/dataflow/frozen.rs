//! Objects that can be frozen: once a flag of theirs says so, their methods refuse to change them; or refuse whoever is not
//! the first to do so.

use super::changes::{Change, block_of};
use super::paths::Needed;
use super::{Body, World, held, paths};
use crate::facts::{Event, EventKind, Test, Value};
use crate::vocabulary::{FieldId, MethodId, ValueId};
use std::cell::OnceCell;

/// Targets looked at for one call.
const MAX_TARGETS: usize = 2;

/// Whether a method that changes what its object holds throws instead when a flag of the object is set, or not set: by a
/// test of its own, or by a method that does nothing else, there or in what is changed.
pub fn is_refused_by_flag(world: &World<'_>, change: &Change) -> bool {
    let (method, event) = (change.method, change.event);
    let body = world.body(method);
    if is_behind_own_test(world, body, event) || calls_guard(world, body, event) {
        return true;
    }
    let Some(call) = world.event(method, event).filter(|e| e.kind.is_invoke()) else { return false };
    let targets = world.targets(body, call, MAX_TARGETS).unwrap_or_default();
    let guards = |target: &MethodId| {
        let callee = world.body(*target);
        let n = u16::try_from(callee.origins.events().len()).unwrap_or(u16::MAX);
        calls_guard(world, callee, n)
    };
    !targets.is_empty() && targets.iter().all(guards)
}

/// Whether every way to an event passes a test of a flag whose other way throws.
fn is_behind_own_test(world: &World<'_>, body: Body<'_>, event: u16) -> bool {
    let unit = body.origins.unit;
    let Some(at) = block_of(unit, body, event) else { return false };
    let blocks = unit.blocks_of(body.method);
    let throws = |block: u16| {
        let events = blocks.get(usize::from(block)).map(|b| b.events()).unwrap_or_default();
        refuses(world, body.origins.events().get(events).unwrap_or_default())
    };
    let needed = OnceCell::new();
    let is_needed = |from: usize, via: u16| {
        needed.get_or_init(|| Needed::find(unit, body.method, at)).has(from as u16, via)
    };
    blocks.iter().enumerate().any(|(b, block)| {
        let edges = unit.successors(block);
        let [one, other] = edges else { return false };
        is_flag_test(world, body, block.test())
            && [(one, other), (other, one)].iter().any(|(on, off)| throws(**off) && is_needed(b, **on))
    })
}

/// Whether the objects that a static field holds refuse a change for good: each is made with a final flag at which the method
/// that would make the change throws.
pub fn is_refused_by_held(world: &World<'_>, change: &Change, root: FieldId) -> bool {
    let flags = refusing_flags(world, change);
    let made = if flags.is_empty() { Vec::new() } else { held::stored_objects(world, root) };
    !made.is_empty()
        && made.into_iter().all(|(_, (method, event))| {
            let body = world.body(method);
            let is_it = |v: &ValueId| body.origins.leaves(*v).any(|l| l == Value::Event(u32::from(event)));
            let mut calls = body.origins.events().iter().filter(|e| e.kind == EventKind::InvokeSpecial);
            let constructor = calls.find(|e| body.origins.args(e).first().is_some_and(is_it));
            constructor.is_some_and(|call| flags.iter().any(|flag| is_made_with(world, body, call, *flag, 0)))
        })
}

/// The final flags, each with the value, at which the method of a change throws instead of making it.
fn refusing_flags(world: &World<'_>, change: &Change) -> Vec<(FieldId, bool)> {
    let body = world.body(change.method);
    let unit = body.origins.unit;
    let refs = world.program.refs(world.program.class(body.class).loader);
    let Some(at) = block_of(unit, body, change.event) else { return Vec::new() };
    let blocks = unit.blocks_of(body.method);
    let throws = |block: u16| {
        let events = blocks.get(usize::from(block)).map(|b| b.events()).unwrap_or_default();
        refuses(world, body.origins.events().get(events).unwrap_or_default())
    };
    let flag_of = |value| {
        let mut reads = body.origins.leaves(value).filter_map(|leaf| body.origins.event(leaf));
        let flag = reads.next().and_then(|(_, read)| refs.field(read.member()?))?;
        world.program.field(flag).access.is_final().then_some(flag)
    };
    let needed = OnceCell::new();
    let is_needed = |from: usize, via: u16| {
        needed.get_or_init(|| Needed::find(unit, body.method, at)).has(from as u16, via)
    };
    let refusing = blocks.iter().enumerate().filter_map(|(b, block)| {
        let [holds, fails] = *unit.successors(block) else { return None };
        let (value, set, unset) = match block.test() {
            Test::NonZero(value) => (value, holds, fails),
            Test::IsZero(value) => (value, fails, holds),
            _ => return None,
        };
        if !is_flag_test(world, body, block.test()) {
            return None;
        }
        let refusing_value = match (throws(set), throws(unset)) {
            (true, false) if is_needed(b, unset) => true,
            (false, true) if is_needed(b, set) => false,
            _ => return None,
        };
        Some((flag_of(value)?, refusing_value))
    });
    refusing.collect()
}

/// Constructors that call one another, followed for one object.
const MAX_CONSTRUCTORS: u32 = 3;

/// Whether a constructor that is called sets a flag to a value, by a constant of its own or of its caller's.
fn is_made_with(world: &World<'_>, body: Body<'_>, call: &Event, flag: (FieldId, bool), depth: u32) -> bool {
    let refs = world.program.refs(world.program.class(body.class).loader);
    let Some(target) = call.member().and_then(|m| refs.method(m)) else { return false };
    let constructor = world.body(target);
    let is_meant = |leaf| matches!(leaf, Value::Int(n) if (n != 0) == flag.1);
    let is_set = |leaf| match leaf {
        Value::Param(i) => body.origins.leaves(body.origins.arg(call, usize::from(i))).all(is_meant),
        leaf => is_meant(leaf),
    };
    let mut writes = world.fields.writes(flag.0).filter(|write| write.method == target).peekable();
    if writes.peek().is_some() {
        return writes.all(|write| {
            let value = world.event(target, write.event).and_then(|e| constructor.origins.args(e).last());
            value.is_some_and(|v| constructor.origins.leaves(*v).all(is_set))
        });
    }
    let mut calls = constructor.origins.events().iter().filter(|e| e.kind == EventKind::InvokeSpecial);
    let other = calls.find(|e| is_own(constructor, constructor.origins.arg(e, 0)));
    depth < MAX_CONSTRUCTORS
        && other.is_some_and(|call| is_made_with(world, constructor, call, flag, depth + 1))
}

/// Whether only whoever came first makes a change: every way to it passes a test that what the caller passes is what the
/// object has kept of the first one, whose other way throws, or the place where that is kept.
pub fn is_refused_by_token(world: &World<'_>, change: &Change) -> bool {
    let body = world.body(change.method);
    let unit = body.origins.unit;
    let Some(at) = block_of(unit, body, change.event) else { return false };
    let blocks = unit.blocks_of(body.method);
    let throws = |block: u16| {
        let events = blocks.get(usize::from(block)).map(|b| b.events()).unwrap_or_default();
        body.origins.events().get(events).unwrap_or_default().iter().any(|e| e.kind == EventKind::Throw)
    };
    blocks.iter().enumerate().any(|(b, block)| {
        let (Test::Same(x, y) | Test::Differ(x, y)) = block.test() else { return false };
        let [one, other] = unit.successors(block) else { return false };
        let found = kept_token(world, body, x, y).or_else(|| kept_token(world, body, y, x));
        let Some((kept, token)) = found else { return false };
        let mut passed = edges_after_keeping(body, kept, token);
        [(one, other), (other, one)].iter().any(|(on, off)| {
            passed.push((b as u16, **on));
            let is_only = paths::only_through_any(unit, body.method, &passed, at);
            passed.pop();
            throws(**off) && (is_only || passed.iter().any(|(from, _)| *from == at))
        })
    })
}

/// What names the field of the object that a value is read from, and the parameter that another value is. Only what has no
/// type of its own is a key: a slot that can be set once takes something that the others want to set, too.
fn kept_token(world: &World<'_>, body: Body<'_>, read: ValueId, given: ValueId) -> Option<(u32, Value)> {
    let mut leaves = body.origins.leaves(read);
    let (Some(read), None) = (leaves.next(), leaves.next()) else { return None };
    let (_, event) = body.origins.event(read)?;
    let mut leaves = body.origins.leaves(given);
    let (Some(Value::Param(i)), None) = (leaves.next(), leaves.next()) else { return None };
    let is_own_field = event.kind == EventKind::GetField && is_own(body, body.origins.arg(event, 0));
    let desc = event.member().map(|m| world.program.text(world.program.facts.members.get(m).desc));
    (is_own_field && i > 0 && desc == Some("Ljava/lang/Object;")).then_some((event.target(), Value::Param(i)))
}

/// The ways out of the blocks in which an object's field is set to a parameter.
fn edges_after_keeping(body: Body<'_>, field: u32, token: Value) -> Vec<(u16, u16)> {
    let unit = body.origins.unit;
    let keeps = |e: &Event| {
        e.kind == EventKind::PutField
            && e.target() == field
            && is_own(body, body.origins.arg(e, 0))
            && body.origins.leaves(body.origins.arg(e, 1)).all(|leaf| leaf == token)
    };
    let blocks = unit.blocks_of(body.method).iter().enumerate();
    let keeping = blocks.filter(|(_, b)| unit.events_in(body.method, b).iter().any(keeps));
    keeping.flat_map(|(b, block)| unit.successors(block).iter().map(move |next| (b as u16, *next))).collect()
}

fn is_flag_test(world: &World<'_>, body: Body<'_>, test: Test) -> bool {
    let (Test::IsZero(value) | Test::NonZero(value)) = test else { return false };
    body.origins.leaves(value).all(|leaf| {
        body.origins
            .event(leaf)
            .is_some_and(|(_, e)| is_own_flag(world, body, e) || asks_own_flag(world, body, e))
    })
}

/// Whether an event reads a flag of the object.
fn is_own_flag(world: &World<'_>, body: Body<'_>, event: &Event) -> bool {
    let member = event.member().map(|m| world.program.facts.members.get(m));
    event.kind == EventKind::GetField
        && member.is_some_and(|m| world.program.text(m.desc) == "Z")
        && is_own(body, body.origins.arg(event, 0))
}

/// Whether an event calls a method of the object that yields a flag of it, and does nothing else: `isFrozen()`.
fn asks_own_flag(world: &World<'_>, body: Body<'_>, event: &Event) -> bool {
    let yields_flag = |target: &MethodId| {
        let asked = world.body(*target);
        let [read, yielded] = asked.origins.events() else { return false };
        let is_read = |leaf| leaf == Value::Event(0);
        yielded.kind == EventKind::Return
            && is_own_flag(world, asked, read)
            && asked.origins.args(yielded).iter().all(|v| asked.origins.leaves(*v).all(is_read))
    };
    let is_asked = event.kind.is_invoke()
        && event.kind.has_receiver()
        && event.n_args == 1
        && is_own(body, body.origins.arg(event, 0));
    let targets = is_asked.then(|| world.all_targets(body, event, MAX_TARGETS)).flatten();
    targets.is_some_and(|targets| !targets.is_empty() && targets.iter().all(yields_flag))
}

fn is_own(body: Body<'_>, value: ValueId) -> bool {
    !body.method.access.is_static() && body.origins.leaves(value).all(|leaf| leaf == Value::Param(0))
}

/// Whether a method of the object that only tests a flag and throws is called before an event.
fn calls_guard(world: &World<'_>, body: Body<'_>, event: u16) -> bool {
    let before = body.origins.events().get(..usize::from(event)).unwrap_or_default();
    let on_own =
        |e: &&Event| e.kind.is_invoke() && e.kind.has_receiver() && is_own(body, body.origins.arg(e, 0));
    let refs = world.program.refs(world.program.class(body.class).loader);
    before.iter().filter(on_own).any(|call| {
        let target = call.member().and_then(|m| refs.method(m));
        target.is_some_and(|t| world.program.method(t).has_body && is_guard(world, world.body(t)))
    })
}

fn is_guard(world: &World<'_>, body: Body<'_>) -> bool {
    let mut events = body.origins.events().iter();
    let throws = events.clone().any(|e| e.kind == EventKind::Throw);
    let changes =
        events.any(|e| matches!(e.kind, EventKind::PutField | EventKind::PutStatic | EventKind::ArrayStore));
    let unit = body.origins.unit;
    throws
        && !changes
        && unit.blocks_of(body.method).iter().any(|block| is_flag_test(world, body, block.test()))
}

/// What says that an object can't be changed at all (`java.util.Collection`: "optional operations"), rather than no more.
const REFUSAL: &str = "java/lang/UnsupportedOperationException";

fn refuses(world: &World<'_>, events: &[Event]) -> bool {
    let is_made = |e: &Event| {
        e.kind == EventKind::New && e.name().is_some_and(|name| world.program.text(name) == REFUSAL)
    };
    events.iter().any(|e| e.kind == EventKind::Throw) && events.iter().any(is_made)
}
