//! What there is one of for the whole process anyhow. Flags that say what has become of native code: a library is
//! initialised, or has been terminated. What is read from settings by a constant name.

use super::matches::{Match, Spot};
use crate::dataflow::changes::{Written, kinds_of};
use crate::dataflow::{Body, How, World};
use crate::facts::{EventKind, Value};
use crate::vocabulary::{ClassId, FieldId, MethodId, Name};

/// Callers looked at for one setter.
const MAX_SITES: usize = 16;
/// Setters that call one another.
const MAX_CALLS: u32 = 2;
/// Calls between the method that sets a flag and the native code.
const MAX_NATIVE_CALLS: u32 = 2;
/// Targets of one call among them.
const MAX_TARGETS: usize = 2;
/// Methods looked at for one setter's call.
const MAX_METHODS: usize = 64;

/// Whether all changes are calls of setters, and each of these is only seen to be called with constants, by methods of the
/// same archive that call native code.
pub(super) fn is_process_fact(world: &World<'_>, found: &Match) -> bool {
    found.spots.iter().all(|spot| {
        let mut n_calls = 0;
        is_set_with_native_code(world, found.class, spot, &mut n_calls) && n_calls > 0
    })
}

fn is_set_with_native_code(world: &World<'_>, class: ClassId, spot: &Spot, n_calls: &mut usize) -> bool {
    let body = world.body(spot.method);
    let value = world.event(spot.method, spot.event).and_then(|e| body.origins.args(e).last());
    let Some(value) = value.filter(|_| spot.how == Some(How::Write) && spot.inside.is_none()) else {
        return false;
    };
    let mut leaves = body.origins.leaves(*value);
    match (leaves.next(), leaves.next()) {
        (Some(Value::Param(i)), None) => is_passed(world, class, spot.method, usize::from(i), n_calls, 0),
        _ => false,
    }
}

fn is_passed(
    world: &World<'_>,
    class: ClassId,
    setter: MethodId,
    param: usize,
    n_calls: &mut usize,
    depth: u32,
) -> bool {
    let program = world.program;
    let Some(sites) = world.sites.of(setter, MAX_SITES) else { return false };
    sites.iter().all(|site| {
        let caller = world.body(site.caller);
        let call = world.event(site.caller, site.event).filter(|e| e.kind.is_invoke());
        let value = call.and_then(|call| caller.origins.args(call).get(param));
        let is_own = program.archive_of(caller.class) == program.archive_of(class);
        let Some(value) = value.filter(|_| is_own) else { return false };
        let mut leaves = caller.origins.leaves(*value);
        match (leaves.next(), leaves.next()) {
            (Some(Value::Int(_)), None) => {
                *n_calls += 1;
                calls_native(world, caller)
            }
            // Another name of the setter.
            (Some(Value::Param(i)), None) if depth < MAX_CALLS => {
                is_passed(world, class, site.caller, usize::from(i), n_calls, depth + 1)
            }
            _ => false,
        }
    })
}

/// Whether all changes store what a call yields that is given one constant name, or what another static holds, the same
/// everywhere, and they are made by static methods that nobody passes anything: they read a setting again.
pub(super) fn is_setting(world: &World<'_>, found: &Match) -> bool {
    let mut names = found.spots.iter().map(|spot| setting_of(world, spot));
    let first = names.next().flatten();
    first.is_some() && names.all(|name| name == first)
}

/// Where a setting is read from.
#[derive(PartialEq)]
enum Setting {
    /// What is asked for it, by a constant name.
    Name(Name),
    /// A static field that shared code has, in which no caller decides what is written.
    Static(FieldId),
}

/// From where a change reads what it stores.
fn setting_of(world: &World<'_>, spot: &Spot) -> Option<Setting> {
    let body = world.body(spot.method);
    let is_plain = spot.how == Some(How::Write) && spot.inside.is_none();
    let takes_nothing = world.program.text(body.method.desc).starts_with("()");
    if !is_plain || !takes_nothing || !body.method.access.is_static() {
        return None;
    }
    let stored = world.event(spot.method, spot.event).and_then(|e| body.origins.args(e).last())?;
    let mut leaves = body.origins.leaves(*stored);
    let leaf = leaves.next().filter(|_| leaves.next().is_none())?;
    let (_, read) = body.origins.event(leaf)?;
    if read.kind == EventKind::GetStatic {
        let field = world.program.refs(world.program.class(body.class).loader).field(read.member()?)?;
        return is_decided_by_nobody(world, field).then_some(Setting::Static(field));
    }
    if !read.kind.is_invoke() {
        return None;
    }
    let mut name = None;
    for value in body.origins.args(read).get(usize::from(read.kind.has_receiver())..)? {
        let mut leaves = body.origins.leaves(*value);
        match (leaves.next(), leaves.next()) {
            (Some(Value::Str(text)), None) if name.is_none() => name = Some(text),
            (Some(Value::Int(_) | Value::Null), None) => {}
            _ => return None,
        }
    }
    name.map(Setting::Name)
}

/// Writes of one static field that are looked at.
const MAX_WRITES: usize = 8;

/// Whether what is written to a static field of a shared class comes from none of those who call.
fn is_decided_by_nobody(world: &World<'_>, field: FieldId) -> bool {
    let writes: Vec<_> = world.fields.writes(field).take(MAX_WRITES + 1).collect();
    world.program.is_shared(world.program.class_of_field(field))
        && writes.len() <= MAX_WRITES
        && writes.iter().all(|write| {
            let body = world.body(write.method);
            let value = world.event(write.method, write.event).and_then(|e| body.origins.args(e).last());
            let kinds = value.map_or(Vec::new(), |v| kinds_of(world, body, field, *v));
            !kinds.is_empty()
                && !kinds.iter().any(|k| matches!(k, Written::FromCaller | Written::FromContext))
        })
}

/// Whether a method calls native code, or calls what does; each method on the way is looked at once.
fn calls_native(world: &World<'_>, body: Body<'_>) -> bool {
    let program = world.program;
    let mut seen = vec![body.id];
    let mut level = seen.clone();
    for _ in 0..=MAX_NATIVE_CALLS {
        let mut next = Vec::new();
        for method in std::mem::take(&mut level) {
            let body = world.body(method);
            let refs = program.refs(program.class(body.class).loader);
            for event in body.origins.events().iter().filter(|e| e.kind.is_invoke()) {
                let target = event.member().and_then(|m| refs.method(m));
                let Some(target) = target.filter(|t| !program.is_jdk(program.class_of_method(*t))) else {
                    continue;
                };
                if program.method(target).access.is_native() {
                    return true;
                }
                if event.kind == EventKind::InvokeInterface || seen.len() >= MAX_METHODS {
                    continue;
                }
                for callee in world.targets(body, event, MAX_TARGETS).unwrap_or_default() {
                    if !seen.contains(&callee) {
                        seen.push(callee);
                        next.push(callee);
                    }
                }
            }
        }
        level = next;
    }
    false
}
