//! Fields that are written or read through a handle: a reflective field, a variable or method handle, an updater, an
//! offset in memory.
//!
//! All of them are looked up by a class and a constant name. The call may stand elsewhere, with the handle kept in a field;
//! or in a helper that is given the handle, or the class and the name, by those who call it.

use super::knowledge::groups;
use super::{Body, World};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::{ClassId, FieldId, MethodId, ValueId};

/// Writers looked at for one field that keeps a handle.
const MAX_WRITERS: usize = 4;
/// Callers looked at for one helper.
const MAX_CALLERS: usize = 48;

/// Where the offset stands among the operands of a write to memory: after the receiver and the object.
const OFFSET: usize = 2;

/// An access of a field through a handle.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Handled {
    /// The field.
    pub field: FieldId,
    /// The method that says which field it is.
    pub method: MethodId,
    /// The event there: the access, or the call of the helper that makes it.
    pub event: u16,
    /// The access, if it is a helper's.
    pub inside: Option<(MethodId, u16)>,
    /// Whether the field is written rather than read.
    pub is_write: bool,
}

/// What a handle is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    Read,
    Write,
    /// A method handle is called: it writes if it was looked up to do so.
    Call,
}

/// The fields that a call reads or writes through a handle, as far as the handle's field is known.
pub(super) fn handled(world: &World<'_>, body: Body<'_>, index: u16, found: &mut Vec<Handled>) {
    let Some(event) = body.origins.events().get(usize::from(index)) else { return };
    if !event.kind.is_invoke() || !event.kind.has_receiver() {
        return;
    }
    let (handle, asked) = match () {
        () if is_in(world, body, event, groups::FIELD_WRITER) => (0, Asked::Write),
        () if is_in(world, body, event, groups::OFFSET_WRITER) => (OFFSET, Asked::Write),
        () if is_in(world, body, event, groups::FIELD_READER) => (0, Asked::Read),
        () if is_in(world, body, event, groups::METHOD_HANDLE_CALL) => (0, Asked::Call),
        () => return,
    };
    let is_write = asked != Asked::Read;
    let add = |field: FieldId, caller: Option<(MethodId, u16)>| {
        let (method, event) = caller.unwrap_or((body.id, index));
        Handled { field, method, event, inside: caller.map(|_| (body.id, index)), is_write }
    };
    for leaf in body.origins.leaves(body.origins.arg(event, handle)) {
        match leaf {
            Value::Event(_) => {
                let Some((_, made)) = body.origins.event(leaf) else { continue };
                if let Some(field) = field_of(world, body, made, asked) {
                    found.push(add(field, None));
                } else if made.kind.is_invoke() {
                    let of_callers = callers(world, body).filter_map(|(caller, call, at)| {
                        Some(add(looked_up(world, body, made, Some((caller, call)), asked)?, Some(at)))
                    });
                    found.extend(of_callers);
                }
            }
            Value::Param(i) => {
                let of_callers = callers(world, body).filter_map(|(caller, call, at)| {
                    let passed = caller.origins.arg(call, usize::from(i));
                    let mut made = caller.origins.leaves(passed).filter_map(|l| caller.origins.event(l));
                    let field = made.find_map(|(_, made)| field_of(world, caller, made, asked))?;
                    Some(add(field, Some(at)))
                });
                found.extend(of_callers);
            }
            _ => {}
        }
    }
}

fn is_in(world: &World<'_>, body: Body<'_>, event: &Event, group: &str) -> bool {
    let loader = world.program.class(body.class).loader;
    event.member().is_some_and(|m| world.knowledge.api_of(group, loader, m).is_some())
}

/// The calls of a method, each with the body that holds it.
fn callers<'w>(
    world: &'w World<'w>,
    body: Body<'_>,
) -> impl Iterator<Item = (Body<'w>, &'w Event, (MethodId, u16))> + use<'w> {
    let sites = world.sites.of(body.id, MAX_CALLERS).unwrap_or_default();
    sites.into_iter().filter_map(|site| {
        let event = world.event(site.caller, site.event).filter(|e| e.kind.is_invoke())?;
        Some((world.body(site.caller), event, (site.caller, site.event)))
    })
}

/// The field of a handle that an event yields: it is looked up there, by a method that is called, or kept in a field.
fn field_of(world: &World<'_>, body: Body<'_>, made: &Event, asked: Asked) -> Option<FieldId> {
    match made.kind {
        EventKind::GetStatic | EventKind::GetField => {
            let refs = world.program.refs(world.program.class(body.class).loader);
            kept_handle(world, refs.field(made.member()?)?, asked)
        }
        kind if kind.is_invoke() => looked_up(world, body, made, None, asked).or_else(|| {
            let helper = world.body(*world.targets(body, made, 1)?.first()?);
            let mut returns = helper.origins.events().iter().filter(|e| e.kind == EventKind::Return);
            returns.find_map(|ret| {
                let mut leaves = helper.origins.leaves(helper.origins.arg(ret, 0));
                leaves.find_map(|leaf| {
                    let (_, lookup) = helper.origins.event(leaf)?;
                    looked_up(world, helper, lookup, Some((body, made)), asked)
                })
            })
        }),
        _ => None,
    }
}

fn kept_handle(world: &World<'_>, keeper: FieldId, asked: Asked) -> Option<FieldId> {
    world.fields.writes(keeper).take(MAX_WRITERS).find_map(|write| {
        let body = world.body(write.method);
        let value = body.origins.args(world.event(write.method, write.event)?).last()?;
        body.origins
            .leaves(*value)
            .find_map(|leaf| looked_up(world, body, body.origins.event(leaf)?.1, None, asked))
    })
}

/// The call by which a body was entered whose parameters are that call's operands.
type Entered<'e> = Option<(Body<'e>, &'e Event)>;

/// The field that a lookup names by a class and a constant among its operands, or that it takes the offset of.
fn looked_up(
    world: &World<'_>,
    body: Body<'_>,
    lookup: &Event,
    up: Entered<'_>,
    asked: Asked,
) -> Option<FieldId> {
    if !lookup.kind.is_invoke() {
        return None;
    }
    // A method handle may stand for a method, or for a field that it reads.
    if asked == Asked::Call && !is_in(world, body, lookup, groups::FIELD_SETTER_LOOKUP) {
        return None;
    }
    let of_field = [groups::FIELD_OFFSET, groups::FIELD_SETTER_LOOKUP];
    let of_reflected = of_field.iter().any(|group| is_in(world, body, lookup, group))
        && body.origins.args(lookup).len() == REFLECTED_ARGS;
    if of_reflected {
        let mut field = body.origins.leaves(*body.origins.args(lookup).last()?);
        return field.find_map(|leaf| named(world, body, body.origins.event(leaf)?.1, up));
    }
    named(world, body, lookup, up)
}

/// Operands of a lookup that is given a reflective field: the receiver and that.
const REFLECTED_ARGS: usize = 2;

fn named(world: &World<'_>, body: Body<'_>, lookup: &Event, up: Entered<'_>) -> Option<FieldId> {
    let program = world.program;
    let all = body.origins.args(lookup).iter().flat_map(|arg| resolved(body, *arg, up));
    let leaves: Vec<(Body<'_>, Value)> = all.collect();
    let name = leaves.iter().find_map(|(_, leaf)| match leaf {
        Value::Str(name) => Some(program.text(*name)),
        _ => None,
    })?;
    let class = leaves.iter().find_map(|(at, leaf)| class_of(world, *at, *leaf))?;
    program.fields_of(class).find(|(_, f)| program.text(f.name) == name).map(|(id, _)| id)
}

/// The leaves of a value, parameters replaced by what the call passes by which the body was entered.
fn resolved<'b>(body: Body<'b>, value: ValueId, up: Entered<'b>) -> Vec<(Body<'b>, Value)> {
    let mut leaves = Vec::new();
    for leaf in body.origins.leaves(value) {
        match (leaf, up) {
            (Value::Param(i), Some((caller, call))) => {
                let passed = caller.origins.arg(call, usize::from(i));
                leaves.extend(caller.origins.leaves(passed).map(|leaf| (caller, leaf)));
            }
            _ => leaves.push((body, leaf)),
        }
    }
    leaves
}

/// Binary names of classes that the platform alone defines begin so.
const PLATFORM_PREFIX: &str = "java.";

/// Whether a call looks a class of `java` up by a name that is written there: whatever loader is asked, none but the
/// platform's may define it (`java.lang.ClassLoader.defineClass`).
pub fn yields_class_of_java(world: &World<'_>, body: Body<'_>, event: &Event) -> bool {
    let is_of_java =
        |leaf| matches!(leaf, Value::Str(name) if world.program.text(name).starts_with(PLATFORM_PREFIX));
    let is_named = |value: &ValueId| {
        let mut leaves = body.origins.leaves(*value).peekable();
        leaves.peek().is_some() && leaves.all(is_of_java)
    };
    event.kind.is_invoke()
        && groups::CLASS_BY_NAME.iter().any(|group| is_in(world, body, event, group))
        && body.origins.args(event).iter().any(is_named)
}

/// The class that a value is: a literal, or asked for by a constant name.
fn class_of(world: &World<'_>, body: Body<'_>, leaf: Value) -> Option<ClassId> {
    let loader = world.program.class(body.class).loader;
    if let Value::Class(name) = leaf {
        return world.program.find(loader, name);
    }
    let (_, call) = body.origins.event(leaf).filter(|(_, e)| e.kind.is_invoke())?;
    if !groups::CLASS_BY_NAME.iter().any(|group| is_in(world, body, call, group)) {
        return None;
    }
    let mut leaves = body.origins.args(call).iter().flat_map(|arg| body.origins.leaves(*arg));
    leaves.find_map(|leaf| match leaf {
        Value::Str(name) => world.program.find_named(loader, name),
        _ => None,
    })
}
