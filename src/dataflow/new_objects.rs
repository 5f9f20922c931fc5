//! Objects that only the code which has made them knows: setting their fields is a part of making them.

use super::changes::{Change, block_of};
use super::{Body, World};
use crate::facts::{Event, EventKind, Value};
use crate::program::link::NO_CLASS;
use crate::vocabulary::descriptor::TypeDesc;
use crate::vocabulary::{ClassId, FieldId, MethodId, ValueId};
use rustc_hash::FxHashSet;

/// Methods that run on an object that is just being made: a constructor, and what reads an object from a stream (Java Object
/// Serialization Specification, 3.4).
const MAKERS: [&str; 3] = ["<init>", "readObject", "readExternal"];
/// Callers looked at for one method.
const MAX_SITES: usize = 24;
/// Targets looked at for one call.
const MAX_TARGETS: usize = 2;
/// Calls followed, in both directions.
const MAX_DEPTH: u32 = 16;

/// Values looked at for one question.
const MAX_VALUES: u32 = 300;

/// Whether a value of a method is always an object that was made for it: there, by what it calls, or by all who call it,
/// if nobody else can; or a part of such an object that nobody else has given it. One that is read from a static field or
/// a container is not.
pub fn is_new(world: &World<'_>, method: MethodId, value: ValueId) -> bool {
    is_new_or_of(world, method, value, None, &|_| false)
}

/// The same; or what is read from a field of an object of a class that `is_loose` accepts, if that field only ever gets
/// what is new: what a builder is building. Where `part` is what the objects' field holds, a copy is only new if it gets
/// its own: `Object.clone` copies no more than the reference.
pub fn is_new_or_of(
    world: &World<'_>,
    method: MethodId,
    value: ValueId,
    part: Option<FieldId>,
    is_loose: &dyn Fn(ClassId) -> bool,
) -> bool {
    let (seen, fields) = (FxHashSet::default(), FxHashSet::default());
    let mut search = Search { world, is_loose, part, seen, fields, left: MAX_VALUES };
    search.value(world.body(method), value, 0)
}

/// The field that a call or an event reads, and the object: `getfield`, or a call of a method that does only that for one
/// of its parameters.
pub fn field_read(world: &World<'_>, body: Body<'_>, event: &Event) -> Option<(FieldId, ValueId)> {
    if event.kind == EventKind::GetField {
        return Some((field_of(world, body, event)?, body.origins.arg(event, 0)));
    }
    let target = match world.targets(body, event, 1).filter(|_| event.kind.is_invoke())?.as_slice() {
        [target] => world.body(*target),
        _ => return None,
    };
    let mut returns = target.origins.events().iter().filter(|e| e.kind == EventKind::Return);
    let (ret, None) = (returns.next()?, returns.next()) else { return None };
    let (field, param) = parameters_field(world, target, target.origins.arg(ret, 0))?;
    Some((field, body.origins.args(event).get(usize::from(param)).copied()?))
}

/// Whether a store goes into an array that the method has just made and put into the field: `names = new String[1]; names[0] = …`.
pub fn is_into_new_array(world: &World<'_>, change: &Change) -> bool {
    let body = world.body(change.method);
    let refs = world.program.refs(world.program.class(body.class).loader);
    let unit = body.origins.unit;
    let block = |event| block_of(unit, body, event);
    let events = body.origins.events();
    let Some(before) = events.get(..usize::from(change.event)) else { return false };
    let is_own = |e: &Event| e.member().and_then(|m| refs.field(m)) == Some(change.field);
    let written = before.iter().enumerate().rev().take_while(|(_, e)| !e.kind.is_invoke());
    let mut written =
        written.filter(|(_, e)| matches!(e.kind, EventKind::PutStatic | EventKind::PutField) && is_own(e));
    events.get(usize::from(change.event)).is_some_and(|e| e.kind == EventKind::ArrayStore)
        && written.next().is_some_and(|(i, put)| {
            let is_made = |leaf| body.origins.event(leaf).is_some_and(|(_, e)| e.kind == EventKind::NewArray);
            let value = body.origins.args(put).last();
            block(i as u16) == block(change.event)
                && value.is_some_and(|v| body.origins.leaves(*v).all(is_made))
        })
}

/// Whether a call is of `Object.clone`, which yields an object of its own (JLS 4.3.2): the class has no `clone` that may
/// do otherwise.
pub fn is_copy(world: &World<'_>, body: Body<'_>, event: &Event) -> bool {
    let program = world.program;
    let loader = program.class(body.class).loader;
    let Some(member) = event.member().filter(|_| event.kind.is_invoke()) else { return false };
    let reference = program.facts.members.get(member);
    let is_clone =
        Some(reference.name) == program.clone_name && program.text(reference.desc) == "()Ljava/lang/Object;";
    let is_objects = || match program.refs(loader).method(member) {
        Some(m) => program.class_name(program.class_of_method(m)) == OBJECT,
        // The class model leaves out what is not public.
        None => program.find(loader, reference.owner).is_none_or(|c| !program.class(c).has_phantom),
    };
    is_clone
        && is_objects()
        && (event.kind == EventKind::InvokeSpecial || has_no_clone(world, body, body.origins.arg(event, 0)))
}

/// Whether a method that copies an object writes this field of it, so that the copy has its own.
pub fn is_copied_too(world: &World<'_>, field: FieldId) -> bool {
    world.fields.writes(field).any(|write| {
        let body = world.body(write.method);
        body.origins.events().iter().any(|event| is_copy(world, body, event))
    })
}

/// Whether the classes that fields say an object is of, and their subclasses, declare no `clone`.
fn has_no_clone(world: &World<'_>, body: Body<'_>, object: ValueId) -> bool {
    let program = world.program;
    let loader = program.class(body.class).loader;
    let class_of = |leaf: Value| match leaf {
        Value::Param(0) if !body.method.access.is_static() => Some(body.class),
        _ => {
            let (_, read) = body.origins.event(leaf)?;
            let member = read.member().filter(|_| read.kind.has_field())?;
            let declared = TypeDesc(program.text(program.facts.members.get(member).desc)).class()?;
            program.find_text(loader, declared)
        }
    };
    let declares = |class: ClassId| program.methods_of(class).any(|(_, m)| program.text(m.name) == "clone");
    body.origins.leaves(object).all(|leaf| {
        class_of(leaf).is_some_and(|class| {
            let mut above = class;
            let mut is_plain = true;
            while above != NO_CLASS && !program.is_jdk(above) {
                is_plain &= !declares(above);
                above = program.class(above).super_class;
            }
            let is_of_object = above == NO_CLASS || program.class_name(above) == OBJECT;
            is_plain && is_of_object && !world.hierarchy.closure(class).into_iter().any(declares)
        })
    })
}

/// The JVM's root class.
const OBJECT: &str = "java/lang/Object";

struct Search<'w> {
    world: &'w World<'w>,
    is_loose: &'w dyn Fn(ClassId) -> bool,
    part: Option<FieldId>,
    /// Parameters, and methods for what they return, that are looked at, each once: what comes around a loop is no other
    /// object, and one that is not new ends the search.
    seen: FxHashSet<(MethodId, Option<u16>)>,
    /// Fields that are looked at, each once, for the same reason.
    fields: FxHashSet<FieldId>,
    left: u32,
}

impl Search<'_> {
    fn value(&mut self, body: Body<'_>, value: ValueId, depth: u32) -> bool {
        let leaves: Vec<Value> = body.origins.leaves(value).collect();
        !leaves.is_empty() && leaves.into_iter().all(|leaf| self.leaf(body, leaf, depth))
    }

    fn leaf(&mut self, body: Body<'_>, leaf: Value, depth: u32) -> bool {
        self.left = self.left.saturating_sub(1);
        match leaf {
            _ if self.left == 0 => false,
            Value::Null => true,
            Value::Param(i) => self.parameter(body, i, depth),
            Value::Event(_) => match body.origins.event(leaf) {
                Some((_, event)) => self.event(body, event, depth),
                None => false,
            },
            _ => false,
        }
    }

    fn parameter(&mut self, body: Body<'_>, param: u16, depth: u32) -> bool {
        let access = body.method.access;
        let name = self.world.program.text(body.method.name);
        if param == 0 && !access.is_static() && MAKERS.contains(&name) {
            return true;
        }
        if self.seen.contains(&(body.id, Some(param))) {
            return true;
        }
        if depth >= MAX_DEPTH || access.is_public() || access.is_protected() {
            return false;
        }
        self.seen.insert((body.id, Some(param)));
        let sites = self.world.sites.of(body.id, MAX_SITES).unwrap_or_default();
        !sites.is_empty()
            && sites.iter().all(|site| {
                let caller = self.world.body(site.caller);
                let call = caller.origins.events().get(usize::from(site.event));
                call.filter(|e| e.kind.is_invoke() && e.kind != EventKind::Lambda).is_some_and(|call| {
                    self.value(caller, caller.origins.arg(call, usize::from(param)), depth + 1)
                })
            })
    }

    fn event(&mut self, body: Body<'_>, event: &Event, depth: u32) -> bool {
        match event.kind {
            EventKind::New => true,
            EventKind::CheckCast => self.value(body, body.origins.arg(event, 0), depth),
            EventKind::GetField => {
                field_read(self.world, body, event).is_some_and(|read| self.part(body, read, depth))
            }
            EventKind::ArrayLoad => self.value(body, body.origins.arg(event, 0), depth),
            EventKind::NewArray => true,
            kind if kind.is_invoke() && depth < MAX_DEPTH => {
                is_copy(self.world, body, event)
                    && self.part.is_none_or(|part| is_copied_too(self.world, part))
                    || match field_read(self.world, body, event) {
                        Some(read) => self.part(body, read, depth),
                        None => self.is_made_by(body, event, depth),
                    }
            }
            _ => false,
        }
    }

    fn part(&mut self, body: Body<'_>, (field, owner): (FieldId, ValueId), depth: u32) -> bool {
        let is_owned = depth < MAX_DEPTH
            && ((self.is_loose)(self.world.program.class_of_field(field))
                || self.value(body, owner, depth + 1));
        is_owned && self.field(field, depth + 1)
    }

    /// Whether a field only ever gets objects that were made for it.
    fn field(&mut self, field: FieldId, depth: u32) -> bool {
        if !self.fields.insert(field) {
            return true;
        }
        let writes: Vec<_> = self.world.fields.writes(field).map(|w| (w.method, w.event)).collect();
        !writes.is_empty()
            && writes.into_iter().all(|(method, event)| {
                let body = self.world.body(method);
                let stored = self.world.event(method, event).and_then(|e| body.origins.args(e).last());
                stored.is_some_and(|value| self.value(body, *value, depth + 1))
            })
    }

    fn is_made_by(&mut self, body: Body<'_>, event: &Event, depth: u32) -> bool {
        let targets = self.world.targets(body, event, MAX_TARGETS).unwrap_or_default();
        !targets.is_empty()
            && targets.into_iter().all(|target| {
                if !self.seen.insert((target, None)) {
                    return true;
                }
                let callee = self.world.body(target);
                let mut returns =
                    callee.origins.events().iter().filter(|e| e.kind == EventKind::Return).peekable();
                // What a callee is given is not looked for among this call's arguments.
                returns.peek().is_some()
                    && returns.all(|ret| {
                        let value = callee.origins.args(ret).first().copied();
                        value.is_some_and(|v| {
                            let given = callee.origins.leaves(v).any(|leaf| matches!(leaf, Value::Param(_)));
                            !given && self.value(callee, v, depth + 1)
                        })
                    })
            })
    }
}

fn field_of(world: &World<'_>, body: Body<'_>, event: &Event) -> Option<FieldId> {
    let refs = world.program.refs(world.program.class(body.class).loader);
    event.member().and_then(|m| refs.field(m))
}

/// The field of a parameter that a value is read from, if it is nothing else.
fn parameters_field(world: &World<'_>, body: Body<'_>, value: ValueId) -> Option<(FieldId, u16)> {
    let mut leaves = body.origins.leaves(value);
    let (leaf, None) = (leaves.next()?, leaves.next()) else { return None };
    let (_, read) = body.origins.event(leaf).filter(|(_, e)| e.kind == EventKind::GetField)?;
    let mut owners = body.origins.leaves(body.origins.arg(read, 0));
    match (owners.next(), owners.next()) {
        (Some(Value::Param(i)), None) => Some((field_of(world, body, read)?, i)),
        _ => None,
    }
}
