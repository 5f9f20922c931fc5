//! Of which classes the objects are that a value can be, and how they get there: through calls, fields, containers.
//!
//! Unlike [origins](super::origins) it goes into containers and arrays, and tells a way that shows everything from one
//! on which others may come by.

mod functions;
mod keys;

use super::knowledge::groups;
use super::{Body, World};
use crate::facts::{Event, EventKind, NO_VALUE, Value};
use crate::vocabulary::descriptor::{TypeDesc, params, return_type};
use crate::vocabulary::{ClassId, FieldId, LoaderId, MethodId, Name, ValueId};
use keys::Key;

/// How an object gets to where it is looked at, the surest way first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Way {
    /// By arguments and results of calls that can go nowhere else.
    Direct,
    /// By a call that may as well select another method.
    Selected,
    /// By a field that others may write as well.
    Field,
    /// By a container or an array, out of which other objects may be taken as well.
    Container,
}

/// What is known of an object.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum What {
    /// It is made, or named by its class literal: of this class.
    Of(ClassId),
    /// It is read from a stream: its class is the one that this loader yields for its name.
    ReadBy(LoaderId),
}

/// An object that a value can be.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Object {
    /// How it gets there.
    pub way: Way,
    /// What it is.
    pub what: What,
    /// The method that makes it.
    pub method: MethodId,
    /// The event there; the method's first if it is a class literal.
    pub event: u16,
}

/// Which objects are looked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// The value itself.
    Objects,
    /// The classes that the value, a class or something reflective, stands for.
    Classes,
}

/// Steps taken for one question.
const MAX_STEPS: u32 = 500;
/// Calls, fields and containers on one way.
const MAX_DEPTH: u32 = 8;
/// Call sites looked at for one parameter, and accesses for one field.
const MAX_SITES: usize = 48;
/// Methods that one call may select.
const MAX_TARGETS: usize = 4;

/// The objects that a value of a method can be, as far as they are seen; sorted, each once by its surest way.
pub fn of_value(world: &World<'_>, method: MethodId, value: ValueId, kind: Kind) -> Vec<Object> {
    let mut search = Search { world, steps: 0, found: Vec::new() };
    search.value(world.body(method), value, None, At::new(kind));
    search.found.sort_unstable();
    let mut found: Vec<Object> = Vec::new();
    for object in search.found {
        let is_same = |o: &Object| (o.what, o.method, o.event) == (object.what, object.method, object.event);
        if !found.iter().any(is_same) {
            found.push(object);
        }
    }
    found
}

/// The objects that a value of a method can be, and those that it holds if it is a container or an array; sorted.
pub fn of_value_and_content(world: &World<'_>, method: MethodId, value: ValueId) -> Vec<Object> {
    let mut search = Search { world, steps: 0, found: Vec::new() };
    let at = At::new(Kind::Objects);
    search.value(world.body(method), value, None, at);
    search.elements(world.body(method), value, None, at);
    search.found.sort_unstable();
    search.found.dedup();
    search.found
}

/// The exceptions that a call may end with, as far as code that runs in it makes and throws them.
pub fn thrown_by(world: &World<'_>, method: MethodId, event: u16) -> Vec<Object> {
    let mut search = Search { world, steps: 0, found: Vec::new() };
    let body = world.body(method);
    if let Some(call) = body.origins.events().get(usize::from(event)) {
        search.thrown(body, call, None, At::new(Kind::Objects));
    }
    search.found.sort_unstable();
    search.found.dedup();
    search.found
}

/// Calls between a handler and what throws.
const MAX_THROW_DEPTH: u32 = 3;

/// The call that led down into a method, so that its parameters are the call's arguments.
struct Frame<'f> {
    body: Body<'f>,
    event: &'f Event,
    up: Option<&'f Frame<'f>>,
}

#[derive(Clone, Copy)]
struct At {
    way: Way,
    kind: Kind,
    /// The constant by which it is taken out of a container.
    key: Option<Key>,
    /// The parameter by which it is put there, of the method whose parameter the object is.
    put_by: Option<(MethodId, u16)>,
    depth: u32,
}

impl At {
    fn new(kind: Kind) -> Self {
        Self { way: Way::Direct, kind, key: None, put_by: None, depth: 0 }
    }

    fn by(self, way: Way) -> Self {
        Self { way: self.way.max(way), depth: self.depth + 1, ..self }
    }
}

struct Search<'w> {
    world: &'w World<'w>,
    steps: u32,
    found: Vec<Object>,
}

impl Search<'_> {
    fn add(&mut self, what: What, body: Body<'_>, event: u32, at: At) {
        self.found.push(Object { way: at.way, what, method: body.id, event: event as u16 });
    }

    fn is_exhausted(&mut self, at: At) -> bool {
        self.steps += 1;
        self.steps > MAX_STEPS || at.depth > MAX_DEPTH
    }

    fn value(&mut self, body: Body<'_>, value: ValueId, up: Option<&Frame<'_>>, at: At) {
        if value == NO_VALUE {
            return;
        }
        for leaf in body.origins.leaves(value) {
            if self.is_exhausted(at) {
                return;
            }
            match leaf {
                Value::Class(name) if at.kind == Kind::Classes => self.literal(body, name, at),
                Value::Param(i) => self.parameter(body, i, up, at, Self::value),
                Value::Event(i) => self.event(body, i, up, at),
                _ => {}
            }
        }
    }

    fn literal(&mut self, body: Body<'_>, name: Name, at: At) {
        let loader = self.world.program.class(body.class).loader;
        if let Some(class) = self.world.program.find(loader, name) {
            self.add(What::Of(class), body, 0, at);
        }
    }

    fn event(&mut self, body: Body<'_>, index: u32, up: Option<&Frame<'_>>, at: At) {
        let Some(event) = body.origins.events().get(index as usize) else { return };
        match event.kind {
            EventKind::New if at.kind == Kind::Objects => {
                let loader = self.world.program.class(body.class).loader;
                if let Some(class) = event.name().and_then(|n| self.world.program.find(loader, n)) {
                    self.add(What::Of(class), body, index, at);
                }
            }
            EventKind::GetStatic | EventKind::GetField => self.field(body, event, at, Self::value),
            EventKind::ArrayLoad => {
                self.elements(body, body.origins.arg(event, 0), up, at.by(Way::Container));
            }
            kind if kind.is_invoke() => self.call(body, event, index, up, at),
            _ => {}
        }
    }

    /// What the callers pass.
    fn parameter(
        &mut self,
        body: Body<'_>,
        param: u16,
        up: Option<&Frame<'_>>,
        at: At,
        of_value: fn(&mut Self, Body<'_>, ValueId, Option<&Frame<'_>>, At),
    ) {
        if let Some(frame) = up {
            let value = frame.body.origins.arg(frame.event, usize::from(param));
            if let Some(at) = self.put_in_call(body.id, (frame.body, frame.event), frame.up, at) {
                of_value(self, frame.body, value, frame.up, at);
            }
            return;
        }
        for site in self.world.sites.of(body.id, MAX_SITES).unwrap_or_default() {
            let caller = self.world.body(site.caller);
            let Some(event) = caller.origins.events().get(usize::from(site.event)) else { continue };
            // What its caller adds to a lambda's captured values is not seen here.
            let is_captured = event.kind == EventKind::Lambda && param < u16::from(event.n_args);
            if !(event.kind.is_invoke() || is_captured)
                || !runs(self.world, site.caller)
                || !self.agree(caller.class, body.id)
            {
                continue;
            }
            let Some(at) = self.put_in_call(body.id, (caller, event), None, at) else { continue };
            let is_only = self.world.targets(caller, event, MAX_TARGETS).is_some_and(|t| t == [body.id]);
            let way = if is_only { Way::Direct } else { Way::Selected };
            let value = caller.origins.arg(event, usize::from(param));
            of_value(self, caller, value, None, at.by(way));
        }
    }

    /// Whether two loaders mean the same by the types of a method that one calls in the other: else the call fails
    /// (JVMS 5.3.4), and nothing gets through.
    fn agree(&self, caller: ClassId, callee: MethodId) -> bool {
        let program = self.world.program;
        let (a, b) = (program.class(caller).loader, program.class(program.class_of_method(callee)).loader);
        if a == b {
            return true;
        }
        let desc = program.text(program.method(callee).desc);
        let mut types = params(desc).chain([return_type(desc)]).filter_map(TypeDesc::element_class);
        types.all(|name| match (program.find_text(a, name), program.find_text(b, name)) {
            (Some(of_a), Some(of_b)) => of_a == of_b,
            _ => true,
        })
    }

    /// What a field's writers store. A constant is what its class's initialiser makes of it.
    fn field(
        &mut self,
        body: Body<'_>,
        event: &Event,
        at: At,
        of_value: fn(&mut Self, Body<'_>, ValueId, Option<&Frame<'_>>, At),
    ) {
        let Some(field) = self.resolved(body, event) else { return };
        let facts = self.world.program.field(field);
        let is_constant = facts.access.is_static() && facts.access.is_final();
        let at = at.by(if is_constant { Way::Direct } else { Way::Field });
        let writes = self.world.fields.writes(field).filter(|write| runs(self.world, write.method));
        for write in writes.take(MAX_SITES) {
            let writer = self.world.body(write.method);
            if let Some(event) = writer.origins.events().get(usize::from(write.event))
                && let Some(value) = writer.origins.args(event).last()
                && self.agree_on_field(body.class, writer.class, field)
            {
                of_value(self, writer, *value, None, at);
            }
        }
    }

    fn resolved(&self, body: Body<'_>, event: &Event) -> Option<FieldId> {
        self.world.program.refs(self.world.program.class(body.class).loader).field(event.member()?)
    }

    /// The same for a field.
    fn agree_on_field(&self, reader: ClassId, writer: ClassId, field: FieldId) -> bool {
        let program = self.world.program;
        let Some(name) = TypeDesc(program.text(program.field(field).desc)).element_class() else {
            return true;
        };
        let find = |class| program.find_text(program.class(class).loader, name);
        match (find(reader), find(writer)) {
            (Some(a), Some(b)) => a == b,
            _ => true,
        }
    }

    /// What a call yields.
    fn call(&mut self, body: Body<'_>, event: &Event, index: u32, up: Option<&Frame<'_>>, at: At) {
        if at.kind == Kind::Classes && self.is_get_class(event) {
            let at = At { kind: Kind::Objects, ..at };
            return self.value(body, body.origins.arg(event, 0), up, at);
        }
        if at.kind == Kind::Objects && self.is_plain_read(body, event) {
            let loader = self.world.program.class(body.class).loader;
            return self.add(What::ReadBy(loader), body, index, at);
        }
        if event.kind == EventKind::InvokeInterface && self.is_of_function(body, event) {
            self.yielded(body, body.origins.arg(event, 0), up, at.by(Way::Selected));
        }
        let targets = self.world.targets(body, event, MAX_TARGETS).unwrap_or_default();
        if targets.is_empty() {
            return self.taken_out(body, event, up, at);
        }
        self.returned(body, event, &targets, up, at, Self::value);
    }

    fn returned(
        &mut self,
        body: Body<'_>,
        event: &Event,
        targets: &[MethodId],
        up: Option<&Frame<'_>>,
        at: At,
        of_value: fn(&mut Self, Body<'_>, ValueId, Option<&Frame<'_>>, At),
    ) {
        let way = if targets.len() == 1 { Way::Direct } else { Way::Selected };
        let frame = Frame { body, event, up };
        for target in targets {
            if !self.agree(body.class, *target) {
                continue;
            }
            let callee = self.world.body(*target);
            let returns = callee.origins.events().iter().filter(|e| e.kind == EventKind::Return);
            for value in returns.filter_map(|e| callee.origins.args(e).first()) {
                of_value(self, callee, *value, Some(&frame), at.by(way));
            }
        }
    }

    /// What the methods that a call may run throw outside of handlers.
    fn thrown(&mut self, body: Body<'_>, event: &Event, up: Option<&Frame<'_>>, at: At) {
        if self.is_exhausted(at) || at.depth > MAX_THROW_DEPTH {
            return;
        }
        let targets = self.world.targets(body, event, MAX_TARGETS).unwrap_or_default();
        let way = if targets.len() == 1 { Way::Direct } else { Way::Selected };
        let frame = Frame { body, event, up };
        for target in targets {
            let callee = self.world.body(target);
            let unit = callee.origins.unit;
            let open = unit.blocks_of(callee.method).iter().filter(|block| unit.handlers(block).is_empty());
            for event in open.flat_map(|block| unit.events_in(callee.method, block)) {
                if event.kind == EventKind::Throw {
                    self.value(callee, callee.origins.arg(event, 0), Some(&frame), at.by(way));
                } else if event.kind.is_invoke() {
                    self.thrown(callee, event, Some(&frame), at.by(way));
                }
            }
        }
    }

    /// What a method of code that is not looked at yields: something that its receiver holds, or an argument.
    fn taken_out(&mut self, body: Body<'_>, event: &Event, up: Option<&Frame<'_>>, at: At) {
        let at = At { key: self.key_of(body, event, up).or(at.key), ..at.by(Way::Container) };
        let args = body.origins.args(event);
        self.constant_by_name(body, event, at);
        for arg in args.iter().skip(usize::from(event.kind.has_receiver())) {
            self.made_by_function(body, *arg, at);
        }
        if event.kind.has_receiver() {
            if let Some(receiver) = args.first() {
                self.elements(body, *receiver, up, at);
            }
            return;
        }
        for arg in args {
            self.value(body, *arg, up, at);
            self.elements(body, *arg, up, at);
        }
    }

    /// What a container, an array, or a view of one holds.
    fn elements(&mut self, body: Body<'_>, container: ValueId, up: Option<&Frame<'_>>, at: At) {
        if container == NO_VALUE {
            return;
        }
        for leaf in body.origins.leaves(container) {
            if self.is_exhausted(at) {
                return;
            }
            match leaf {
                // Members of a class stand for it.
                Value::Class(name) if at.kind == Kind::Classes => self.literal(body, name, at),
                Value::Param(i) => self.parameter(body, i, up, at, Self::elements),
                Value::Event(_) => {
                    let Some((i, event)) = body.origins.event(leaf) else { continue };
                    match event.kind {
                        EventKind::New | EventKind::NewArray => self.put(body, i, up, at),
                        EventKind::GetStatic | EventKind::GetField => self.held(body, event, at),
                        EventKind::ArrayLoad => {
                            self.elements(body, body.origins.arg(event, 0), up, at.by(Way::Container));
                        }
                        kind if kind.is_invoke() => self.elements_of_result(body, event, up, at),
                        _ => {}
                    }
                }
                _ => {}
            }
        }
    }

    fn elements_of_result(&mut self, body: Body<'_>, event: &Event, up: Option<&Frame<'_>>, at: At) {
        if at.kind == Kind::Classes && self.is_get_class(event) {
            let at = At { kind: Kind::Objects, ..at };
            return self.value(body, body.origins.arg(event, 0), up, at);
        }
        let targets = self.world.targets(body, event, MAX_TARGETS).unwrap_or_default();
        if targets.is_empty() {
            self.taken_out(body, event, up, at);
        } else {
            self.returned(body, event, &targets, up, at, Self::elements);
        }
    }

    /// What the field's readers put into what it holds, and what it holds from the start.
    fn held(&mut self, body: Body<'_>, event: &Event, at: At) {
        let Some(field) = self.resolved(body, event) else { return };
        for read in self.world.fields.reads(field).take(MAX_SITES) {
            let reader = self.world.body(read.method);
            if runs(self.world, read.method) {
                self.put(reader, u32::from(read.event), None, at.by(Way::Field));
            }
        }
        self.field(body, event, at, Self::elements);
    }

    /// What a body puts into the container that one of its events yields.
    fn put(&mut self, body: Body<'_>, container: u32, up: Option<&Frame<'_>>, at: At) {
        let is_it = |value: ValueId| body.origins.leaves(value).any(|l| l == Value::Event(container));
        for event in body.origins.events() {
            let args = body.origins.args(event);
            let Some((first, rest)) = args.split_first() else { continue };
            let puts = event.kind == EventKind::ArrayStore || event.kind.has_receiver();
            if !puts || rest.is_empty() || !is_it(*first) || self.is_other_key(body, event, at) {
                continue;
            }
            let is_copy = event.kind == EventKind::InvokeSpecial;
            let at = At { put_by: self.put_by(body, event), ..at };
            for value in rest {
                self.value(body, *value, up, at.by(Way::Container));
                if is_copy {
                    self.elements(body, *value, up, at.by(Way::Container));
                }
            }
        }
    }

    fn is_get_class(&self, event: &Event) -> bool {
        let Some(member) = event.member() else { return false };
        let program = self.world.program;
        let member = program.facts.members.get(member);
        program.text(member.name) == "getClass" && program.text(member.desc) == "()Ljava/lang/Class;"
    }

    /// Whether a call reads an object from a stream that resolves names as the JDK does: by the loader of the code that
    /// reads.
    fn is_plain_read(&self, body: Body<'_>, event: &Event) -> bool {
        let program = self.world.program;
        let loader = program.class(body.class).loader;
        let is_plain = |leaf| {
            let made = body.origins.event(leaf).filter(|(_, e)| e.kind == EventKind::New);
            let class = made.and_then(|(_, e)| program.find(loader, e.name()?));
            class.is_some_and(|c| program.is_jdk(c))
        };
        self.is_in(body, event, groups::OBJECT_READ)
            && body.origins.leaves(body.origins.arg(event, 0)).all(is_plain)
    }

    fn is_in(&self, body: Body<'_>, event: &Event, group: &str) -> bool {
        let knowledge = self.world.knowledge;
        let loader = self.world.program.class(body.class).loader;
        event.member().is_some_and(|m| knowledge.api_of(group, loader, m).is_some())
    }
}

/// Whether some application's code gets to a method, or it is an initialiser, which runs before anybody uses the class.
pub fn runs(world: &World<'_>, method: MethodId) -> bool {
    !world.reach.tenants(method).is_empty()
        || world.program.is_class_initializer(world.program.method(method).name)
}
