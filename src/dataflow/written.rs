//! How a value that is stored came about: from a constant, from nothing but the code itself, or from a caller.

use super::changes::Change;
use super::knowledge::{Subject, groups};
use super::reflective::yields_class_of_java;
use super::{Body, World};
use crate::facts::{Event, EventKind, Test, Value};
use crate::program::link::NO_CLASS;
use crate::vocabulary::{FieldId, MethodId, ValueId};

/// How a value that is written to a field came about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Written {
    /// Null.
    Null,
    /// A constant.
    Constant,
    /// Made from the field's own old value.
    FromItself,
    /// A parameter, a field of the receiver, or something made from such or from a call with such.
    FromCaller,
    /// Made here without any input.
    Fresh,
    /// The same, but with what the context class loader of the moment yields.
    FromContext,
}

impl Written {
    /// Of two that meet the one that depends on more.
    fn max_of(self, other: Self) -> Self {
        let weight = |w: Self| match w {
            Written::Null => 0,
            Written::Constant => 1,
            Written::Fresh => 2,
            Written::FromItself => 3,
            Written::FromContext => 4,
            Written::FromCaller => 5,
        };
        if weight(other) > weight(self) { other } else { self }
    }
}

/// Classifies the value of a write; several when values meet.
pub fn written(world: &World<'_>, change: &Change) -> Vec<Written> {
    let body = world.body(change.method);
    let Some(event) = world.event(change.method, change.event) else { return Vec::new() };
    if let Some((helper, inside)) = change.inside {
        return written_by_helper(world, change.field, (body, event), (world.body(helper), inside));
    }
    let Some(value) = body.origins.args(event).last() else { return vec![Written::Constant] };
    kinds_of(world, body, change.field, *value)
}

/// The same for a write that a helper makes for the one who calls it.
fn written_by_helper(
    world: &World<'_>,
    field: FieldId,
    (body, call): (Body<'_>, &Event),
    (helper, inside): (Body<'_>, u16),
) -> Vec<Written> {
    let event = helper.origins.events().get(usize::from(inside));
    let Some(value) = event.and_then(|e| helper.origins.args(e).last()) else { return Vec::new() };
    let mut leaves = helper.origins.leaves(*value);
    match (leaves.next(), leaves.next()) {
        (Some(Value::Param(i)), None) => kinds_of(world, body, field, body.origins.arg(call, usize::from(i))),
        _ => kinds_of(world, helper, field, *value),
    }
}

/// Classifies a value of a body that is stored in a field or in what it holds; several when values meet.
pub fn kinds_of(world: &World<'_>, body: Body<'_>, field: FieldId, value: ValueId) -> Vec<Written> {
    let mut search = Search { world, field, left: MAX_VALUES, is_numbers: false };
    let mut kinds: Vec<Written> =
        body.origins.leaves(value).map(|leaf| search.kind_of(body, leaf, 0)).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

/// How many calls deep a value's inputs are looked at.
const MAX_INPUT_DEPTH: u32 = 6;
/// Values looked at for one question: callers and inputs multiply with each step. What lies beyond counts as a caller's.
const MAX_VALUES: u32 = 400;
/// How many calls deep it is asked what was put into a value.
const MAX_GROWN_DEPTH: u32 = 2;
/// Callers of one method that are looked at.
const MAX_SITES: usize = 64;
/// Events of a method that is looked at whole for that.
const MAX_SHORT: usize = 16;
/// Calls in a row that are looked at as one.
const MAX_ROW: usize = 64;
const OBJECT: &str = "java/lang/Object";

struct Search<'s, 'w> {
    world: &'s World<'w>,
    field: FieldId,
    left: u32,
    /// Whether what is looked at is put into an array of numbers.
    is_numbers: bool,
}

impl Search<'_, '_> {
    fn kind_of(&mut self, body: Body<'_>, leaf: Value, depth: u32) -> Written {
        if self.left == 0 || depth > MAX_INPUT_DEPTH {
            return Written::FromCaller;
        }
        self.left -= 1;
        match leaf {
            Value::Null => Written::Null,
            Value::Int(_) | Value::Str(_) | Value::Class(_) => Written::Constant,
            // Which number it is that was worked out tells of no caller as long as none is seen to pass it.
            Value::Unknown if self.is_numbers => Written::Fresh,
            // The object whose field it is: what it is made of is told where that is set.
            Value::Param(0) if self.is_own_object(body) || self.is_stateless(body) => Written::Fresh,
            Value::Param(i) => self.passed(body, i, depth),
            Value::Unknown | Value::Merge { .. } => Written::FromCaller,
            Value::Caught(block) => self.caught(body, block, depth),
            Value::Derived(source) => self.made_of(body, &[source], depth),
            Value::Event(i) => match body.origins.events().get(i as usize) {
                Some(event) => self.kind_of_event(body, i, event, depth),
                None => Written::FromCaller,
            },
        }
    }

    /// What the calls of a row, each made on what the one before yields, are given in all: `new Builder().a(x).b(y)`.
    fn inputs_of_row(&self, body: Body<'_>, last: &Event) -> Vec<ValueId> {
        let mut inputs = Vec::new();
        let mut at = last;
        for _ in 1..MAX_ROW {
            let before = self.call_before(body, at);
            inputs.extend(body.origins.args(at).iter().skip(usize::from(before.is_some())));
            match before {
                Some(before) => at = before,
                None => return inputs,
            }
        }
        inputs.extend(body.origins.args(at));
        inputs
    }

    /// The call on whose result alone another one is made, if it tells nothing by itself.
    fn call_before<'b>(&self, body: Body<'b>, call: &Event) -> Option<&'b Event> {
        let receiver = body.origins.args(call).first().filter(|_| call.kind.has_receiver())?;
        let mut leaves = body.origins.leaves(*receiver);
        let leaf = leaves.next().filter(|_| leaves.next().is_none())?;
        let (_, before) = body.origins.event(leaf).filter(|(_, e)| e.kind.is_invoke())?;
        let tells = self.is_own_content(body, before)
            || self.asks_context(body, before)
            || yields_class_of_java(self.world, body, before);
        (!tells).then_some(before)
    }

    /// What an exception tells of is what those calls are given that may have thrown it.
    fn caught(&mut self, body: Body<'_>, block: u16, depth: u32) -> Written {
        let unit = body.origins.unit;
        let covered = unit.blocks_of(body.method).iter();
        let covered = covered.filter(|b| unit.handlers(b).iter().any(|h| h.block == block));
        let throwing = covered.flat_map(|b| unit.events_in(body.method, b));
        let throwing = throwing.filter(|e| e.kind.is_invoke() || e.kind == EventKind::Throw);
        let throwing: Vec<&Event> = throwing.collect();
        let inputs: Vec<ValueId> = throwing.iter().flat_map(|e| body.origins.args(e)).copied().collect();
        let made = self.made_of(body, &inputs, depth);
        match throwing.into_iter().any(|e| self.asks_context(body, e)) {
            true => made.max_of(Written::FromContext),
            false => made,
        }
    }

    /// What a parameter is. The callers of a method that only its own package can call are all seen, if few.
    fn passed(&mut self, body: Body<'_>, param: u16, depth: u32) -> Written {
        let access = body.method.access;
        let is_closed = !access.is_public() && !access.is_protected()
            || access.is_synthetic()
            || self.world.program.is_private_setter(body.id);
        if !is_closed || depth >= MAX_INPUT_DEPTH {
            return Written::FromCaller;
        }
        let sites = self.world.sites.of(body.id, MAX_SITES).unwrap_or_default();
        if sites.is_empty() {
            return Written::FromCaller;
        }
        let mut result = Written::Null;
        for site in sites {
            let caller = self.world.body(site.caller);
            // A method reference is called by who knows whom.
            let call = caller.origins.events().get(usize::from(site.event)).filter(|e| e.kind.is_invoke());
            let Some(value) = call.and_then(|e| caller.origins.args(e).get(usize::from(param))) else {
                return Written::FromCaller;
            };
            for leaf in caller.origins.leaves(*value) {
                result = result.max_of(self.kind_of(caller, leaf, depth + 1));
                if result == Written::FromCaller {
                    return result;
                }
            }
        }
        result
    }

    fn is_own_object(&self, body: Body<'_>) -> bool {
        let program = self.world.program;
        let owner = program.class_of_field(self.field);
        let is_interface = || program.class_facts(body.class).access.is_interface();
        !body.method.access.is_static()
            && !program.field(self.field).access.is_static()
            && (program.is_subtype(body.class, owner)
                || is_interface() && program.is_subtype(owner, body.class))
    }

    /// Whether a method's own object can tell nothing of whoever made it: a function, mostly, that captures nothing.
    fn is_stateless(&self, body: Body<'_>) -> bool {
        let program = self.world.program;
        let extends_object = || {
            let above = program.class(body.class).super_class;
            above != NO_CLASS && program.class_name(above) == OBJECT
        };
        !body.method.access.is_static()
            && !program.class_facts(body.class).access.is_public()
            && !program.class_facts(body.class).access.is_interface()
            && self.world.hierarchy.subtypes(body.class).is_empty()
            && program.fields_of(body.class).all(|(_, field)| field.access.is_static())
            && extends_object()
    }

    /// Whether an event reads the field of the object whose method it is in.
    fn is_old_value(&self, body: Body<'_>, read: &Event) -> bool {
        let refs = self.world.program.refs(self.world.program.class(body.class).loader);
        self.is_own_object(body)
            && read.member().and_then(|m| refs.field(m)) == Some(self.field)
            && body.origins.leaves(body.origins.arg(read, 0)).all(|leaf| leaf == Value::Param(0))
    }

    /// What an event yields, with what is put into it afterwards: the copy of a list and the entry that it got.
    fn kind_of_event(&mut self, body: Body<'_>, index: u32, event: &Event, depth: u32) -> Written {
        let made = self.kind_of_result(body, index, event, depth);
        let may_grow = matches!(event.kind, EventKind::New | EventKind::NewArray) || event.kind.is_invoke();
        if made == Written::FromCaller || !may_grow || depth > MAX_GROWN_DEPTH {
            return made;
        }
        let mut added = put_into(self.world, body, Value::Event(index));
        added.extend(walked_into(self.world, body, Value::Event(index)));
        if added.is_empty() {
            return made;
        }
        let before = self.is_numbers;
        self.is_numbers |= event.kind == EventKind::NewArray
            && event.name().is_some_and(|name| is_of_numbers(self.world.program.text(name)));
        let grown = made.max_of(self.made_of(body, &added, depth));
        self.is_numbers = before;
        grown
    }

    fn kind_of_result(&mut self, body: Body<'_>, index: u32, event: &Event, depth: u32) -> Written {
        match event.kind {
            EventKind::GetStatic => {
                let refs = self.world.program.refs(self.world.program.class(body.class).loader);
                let is_own = event.member().and_then(|m| refs.field(m)) == Some(self.field);
                if is_own { Written::FromItself } else { Written::Fresh }
            }
            // What a new object is made of are its constructor's arguments.
            EventKind::New => {
                let is_its = |receiver: &ValueId| {
                    body.origins.leaves(*receiver).any(|leaf| leaf == Value::Event(index))
                };
                let init = body.origins.events().iter().find(|e| {
                    e.kind == EventKind::InvokeSpecial && body.origins.args(e).first().is_some_and(is_its)
                });
                let args = init.map_or(&[][..], |e| body.origins.args(e).get(1..).unwrap_or(&[]));
                let made = self.made_of(body, args, depth);
                if init.is_some_and(|e| self.asks_context(body, e)) {
                    made.max_of(Written::FromContext)
                } else {
                    made
                }
            }
            EventKind::NewArray => Written::Fresh,
            EventKind::GetField if self.is_old_value(body, event) => Written::FromItself,
            _ if yields_class_of_java(self.world, body, event) => Written::Constant,
            _ if self.is_own_content(body, event) || self.is_time_since(body, event) => Written::FromItself,
            _ if self.asks_context(body, event) => {
                self.made_of(body, body.origins.args(event), depth).max_of(Written::FromContext)
            }
            _ => {
                let made = self.made_of(body, &self.inputs_of_row(body, event), depth);
                if made == Written::FromCaller && self.ignores_receiver(body, event) {
                    return self.made_of(body, body.origins.args(event).get(1..).unwrap_or_default(), depth);
                }
                made
            }
        }
    }

    /// Whether the one method that a call can run looks at nothing of the object that it is called on. Where there are several,
    /// the object decides which. What others may add is not known if only the base is.
    fn ignores_receiver(&self, body: Body<'_>, call: &Event) -> bool {
        if self.world.reach.is_open_world() || !call.kind.has_receiver() || !call.kind.is_invoke() {
            return false;
        }
        // An interface may have functions, too.
        let program = self.world.program;
        let called = call.member().and_then(|m| program.refs(program.class(body.class).loader).method(m));
        let is_of_class =
            |m: MethodId| !program.class_facts(program.class_of_method(m)).access.is_interface();
        match self.world.all_targets(body, call, 1).unwrap_or_default().as_slice() {
            [target] => called.is_some_and(is_of_class) && is_unused(self.world.body(*target)),
            _ => false,
        }
    }

    /// Whether a call yields what is in the field's own container, at a position: `list.set(i, list.get(i).trim())`.
    fn is_own_content(&self, body: Body<'_>, event: &Event) -> bool {
        let world = self.world;
        let refs = world.program.refs(world.program.class(body.class).loader);
        let elements = world.knowledge.group(groups::CONTAINER_ELEMENT);
        let api = event.member().filter(|_| event.kind.has_receiver());
        let api =
            api.and_then(|m| world.knowledge.api_in(elements, world.program.class(body.class).loader, m));
        let is_by_position = api
            .and_then(|api| world.knowledge.tables.apis.get(usize::from(api)))
            .is_some_and(|api| api.key.is_none());
        is_by_position
            && body.origins.leaves(body.origins.arg(event, 0)).all(|leaf| {
                let read = body.origins.event(leaf).map(|(_, e)| e);
                let read = read.filter(|e| matches!(e.kind, EventKind::GetField | EventKind::GetStatic));
                read.and_then(|e| refs.field(e.member()?)) == Some(self.field)
            })
    }

    /// Whether a call tells the time, in a method that compares it with the field: when something was last done.
    fn is_time_since(&self, body: Body<'_>, event: &Event) -> bool {
        let world = self.world;
        let loader = world.program.class(body.class).loader;
        let clock = world.knowledge.group(groups::CLOCK);
        let is_clock = event.member().is_some_and(|m| world.knowledge.api_in(clock, loader, m).is_some());
        is_clock && world.fields.reads(self.field).any(|read| read.method == body.id)
    }

    /// Whether a call yields the context class loader, or what that sees, perhaps by another method of the class.
    fn asks_context(&self, body: Body<'_>, event: &Event) -> bool {
        let world = self.world;
        let asks = |body: Body<'_>, event: &Event| {
            let loader = world.program.class(body.class).loader;
            let is_in = |m, group: &str| world.knowledge.api_of(group, loader, m).is_some();
            event.member().is_some_and(|m| {
                event.kind.is_invoke()
                    && (is_in(m, groups::CONTEXT_LOADER_GET) || is_in(m, groups::CONTEXT_READING))
            })
        };
        let refs = world.program.refs(world.program.class(body.class).loader);
        let own = || {
            let is_own = matches!(event.kind, EventKind::InvokeStatic | EventKind::Lambda);
            let called = event.member().filter(|_| is_own);
            let called = called.and_then(|m| refs.method(m))?;
            (world.program.class_of_method(called) == body.class).then(|| world.body(called))
        };
        asks(body, event) || own().is_some_and(|own| own.origins.events().iter().any(|e| asks(own, e)))
    }

    /// The kind of something made from several inputs: it depends on a caller if any input does.
    fn made_of(&mut self, body: Body<'_>, args: &[ValueId], depth: u32) -> Written {
        let mut result = Written::Fresh;
        for leaf in args.iter().flat_map(|a| body.origins.leaves(*a)) {
            result = result.max_of(self.kind_of(body, leaf, depth + 1));
            if result == Written::FromCaller {
                break;
            }
        }
        result
    }
}

/// Whether a short method does nothing with its own object.
fn is_unused(body: Body<'_>) -> bool {
    let is_it = |leaf: Value| leaf == Value::Param(0);
    let is_of_it = |leaf: Value| match leaf {
        Value::Derived(source) => body.origins.leaves(source).any(is_it),
        leaf => is_it(leaf),
    };
    let events = body.origins.events();
    let is_tested = body.origins.unit.blocks_of(body.method).iter().any(|block| block.test() != Test::None);
    !body.method.access.is_static()
        && events.len() <= MAX_SHORT
        && !is_tested
        && !events.iter().flat_map(|e| body.origins.args(e)).any(|v| body.origins.leaves(*v).any(is_of_it))
}

/// Whether an array's descriptor is of one dimension of primitives.
fn is_of_numbers(desc: &str) -> bool {
    let mut chars = desc.chars();
    chars.next() == Some('[') && chars.next().is_some_and(|c| c != 'L' && c != '[')
}

/// What a body puts into a container or array that one of its values is.
pub fn put_into(world: &World<'_>, body: Body<'_>, container: Value) -> Vec<ValueId> {
    let loader = world.program.class(body.class).loader;
    let mutators = world.knowledge.group(groups::CONTAINER_MUTATOR);
    let is_it = |value: ValueId| body.origins.leaves(value).any(|leaf| leaf == container);
    let mut found = Vec::new();
    for event in body.origins.events() {
        let args = body.origins.args(event);
        let changed = match event.kind {
            EventKind::ArrayStore => Some(0),
            kind if kind.is_invoke() && args.len() > 1 => event
                .member()
                .and_then(|m| world.knowledge.api_in(mutators, loader, m))
                .and_then(|api| world.knowledge.tables.apis.get(usize::from(api)))
                .and_then(|api| api.acts_on.unwrap_or(Subject::Receiver).operand(kind.has_receiver())),
            _ => None,
        };
        let Some(position) = changed.filter(|i| args.get(*i).is_some_and(|v| is_it(*v))) else { continue };
        found.extend(args.iter().enumerate().filter(|(i, _)| *i != position).map(|(_, value)| *value));
    }
    found
}

/// What a body walks through to put what comes into a container that one of its values is: `found.forEach(list::add)`.
fn walked_into(world: &World<'_>, body: Body<'_>, container: Value) -> Vec<ValueId> {
    let mutators = world.knowledge.group(groups::CONTAINER_MUTATOR);
    let is_mutator = |of: Body<'_>, event: &Event| {
        let loader = world.program.class(of.class).loader;
        event.member().is_some_and(|m| world.knowledge.api_in(mutators, loader, m).is_some())
    };
    let is = |of: Body<'_>, value: ValueId, wanted: Value| of.origins.leaves(value).any(|l| l == wanted);
    let mut found = Vec::new();
    for (at, function) in (0u32..).zip(body.origins.events()).filter(|(_, e)| e.kind == EventKind::Lambda) {
        let captured = body.origins.args(function).iter().position(|v| is(body, *v, container));
        let Some(captured) = captured.and_then(|i| u16::try_from(i).ok()) else { continue };
        let puts = |target: &MethodId| {
            let run = world.body(*target);
            run.origins.events().iter().any(|e| {
                e.kind.is_invoke()
                    && is_mutator(run, e)
                    && run.origins.args(e).first().is_some_and(|v| is(run, *v, Value::Param(captured)))
            })
        };
        if is_mutator(body, function) || world.targets(body, function, 1).unwrap_or_default().iter().any(puts)
        {
            let walks = body.origins.events().iter().filter(|e| e.kind.is_invoke() && e.kind.has_receiver());
            let walks = walks.map(|e| body.origins.args(e));
            let given = walks.filter(|args| args.iter().skip(1).any(|v| is(body, *v, Value::Event(at))));
            found.extend(given.filter_map(|args| args.first().copied()));
        }
    }
    found
}
