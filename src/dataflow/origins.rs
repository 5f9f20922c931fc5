//! Where a value comes from, across methods: down into what a call returns, up to what callers pass, through fields
//! that are written once.

mod fields;
mod functions;
mod results;

pub use fields::MAX_WRITERS;

use super::{Body, World};
use crate::facts::{Event, EventKind, NO_VALUE, Value};
use crate::vocabulary::descriptor::{TypeDesc, params, return_type};
use crate::vocabulary::{ClassId, FieldId, MethodId, Name, TenantId, ValueId};

/// One origin of a value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Origin {
    /// `null`
    Null,
    /// A string constant.
    Text(Name),
    /// A number.
    Number,
    /// A class literal: the class, if the loader of the method that holds it yields one.
    ClassLiteral(Name, Option<ClassId>),
    /// A parameter of a method that code outside the deployment may call.
    Parameter,
    /// An object made in the deployment: its class, if it was found.
    Allocation(Option<ClassId>),
    /// An array made in the deployment: the class of its elements, if they are objects and it was found.
    Array(Option<ClassId>),
    /// A field of an object.
    Field(FieldId),
    /// A static field.
    StaticField(FieldId),
    /// The context class loader.
    ContextLoader,
    /// The loader of this class.
    LoaderOf(ClassId),
    /// The loader of the run-time class of `this`, which may be a subclass of this one.
    LoaderOfThis(ClassId),
    /// The loader of an object or class that a caller passes.
    ForeignLoader,
    /// The system or platform loader.
    SystemLoader,
    /// The table of system properties.
    SystemProperties,
    /// The value of a system property or environment variable.
    SystemProperty,
    /// A caught exception.
    Caught,
    /// Not known.
    Unknown,
}

/// An origin, and the way the value took.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Found {
    /// Where the value comes from.
    pub origin: Origin,
    /// The module whose code passes it in, if it crosses from a module's code into shared code.
    pub passed_by: Option<TenantId>,
    /// Whether the value is made from the origin rather than being it: concatenated, trimmed, converted.
    pub is_derived: bool,
    /// The method in which it originates.
    pub method: MethodId,
    /// The event there: the call that passes it, or the one that yields it.
    pub event: u16,
}

/// Steps taken for one question.
const MAX_STEPS: u32 = 600;
/// Calls followed up or down.
const MAX_DEPTH: u32 = 5;
/// Call sites looked at for one parameter; with more the parameter counts as open.
const MAX_SITES: usize = 48;

const TEXT: &str = "java/lang/String";
const LOADER: &str = "java/lang/ClassLoader";
const ITERATOR: &str = "java/util/Iterator";
/// What a privileged action is run by, whatever it yields.
const RUN: &str = "run";

/// The call that led down into a method, so that its parameters are the call's arguments.
struct Frame<'f> {
    body: Body<'f>,
    event: &'f Event,
    event_index: u16,
    up: Option<&'f Frame<'f>>,
}

/// What belongs to where a value comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asks {
    /// Also what it is made from.
    Values,
    /// The very object alone.
    Object,
    /// The same, and none that a field holds at times only, or one of several methods yields.
    VeryObject,
    /// Also the loaders that a new one is given.
    Loaders,
    /// Where it is made, rather than where a module passes it in.
    Makers,
}

impl Asks {
    fn is_of_object(self) -> bool {
        matches!(self, Self::Object | Self::VeryObject)
    }
}

struct Search<'w> {
    world: &'w World<'w>,
    asks: Asks,
    steps: u32,
    found: Vec<Found>,
    seen: Vec<(MethodId, u16)>,
}

/// The origins of a value of a method, sorted, each once. `Unknown` among them says that more are possible.
pub fn of_value(world: &World<'_>, method: MethodId, value: ValueId) -> Vec<Found> {
    found(world, method, value, Asks::Values)
}

/// The origins of an object that are the object itself; where it is made from others, `Unknown`.
pub fn of_object(world: &World<'_>, method: MethodId, value: ValueId) -> Vec<Found> {
    found(world, method, value, Asks::Object)
}

/// The same, without what a field holds at times only: it is written to objects, too, that are not just being made; and
/// without what one of several methods yields that a call may select.
pub fn of_very_object(world: &World<'_>, method: MethodId, value: ValueId) -> Vec<Found> {
    found(world, method, value, Asks::VeryObject)
}

/// The origins of a class loader, those of the loaders included that a new one is given.
pub fn of_loader(world: &World<'_>, method: MethodId, value: ValueId) -> Vec<Found> {
    found(world, method, value, Asks::Loaders)
}

/// The origins of a value, each with the place that makes it, though a module passes it in elsewhere.
pub fn where_made(world: &World<'_>, method: MethodId, value: ValueId) -> Vec<Found> {
    found(world, method, value, Asks::Makers)
}

fn found(world: &World<'_>, method: MethodId, value: ValueId, asks: Asks) -> Vec<Found> {
    let mut search = Search { world, asks, steps: 0, found: Vec::new(), seen: Vec::new() };
    let at = At { passed_by: None, is_derived: false, of_elements: false, depth: 0 };
    search.value(world.body(method), value, None, at);
    search.found.sort_unstable();
    search.found.dedup();
    search.found
}

#[derive(Clone, Copy)]
struct At {
    passed_by: Option<TenantId>,
    is_derived: bool,
    /// Whether what the value holds is asked for, rather than the value.
    of_elements: bool,
    depth: u32,
}

impl At {
    fn derived(self) -> Self {
        Self { is_derived: true, ..self }
    }

    fn deeper(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }
}

impl<'w> Search<'w> {
    /// Loaders are made by methods that hand each other the ones above.
    fn max_depth(&self) -> u32 {
        if self.asks == Asks::Loaders { 2 * MAX_DEPTH } else { MAX_DEPTH }
    }

    fn add(&mut self, origin: Origin, body: Body<'_>, event: u16, at: At) {
        let found =
            Found { origin, passed_by: at.passed_by, is_derived: at.is_derived, method: body.id, event };
        // Most differ in where they originate.
        let is_it = |f: &Found| f.event == event && f.method == body.id && *f == found;
        if !self.found.iter().any(is_it) {
            self.found.push(found);
        }
    }

    fn value(&mut self, body: Body<'_>, value: ValueId, up: Option<&Frame<'_>>, at: At) {
        let is_asked = value != NO_VALUE && !(at.is_derived && self.asks.is_of_object());
        if !is_asked {
            return self.add(Origin::Unknown, body, 0, at);
        }
        for leaf in body.origins.leaves(value) {
            self.steps += 1;
            if self.steps > MAX_STEPS {
                return self.add(Origin::Unknown, body, 0, at);
            }
            self.leaf(body, leaf, up, at);
        }
    }

    fn leaf(&mut self, body: Body<'_>, leaf: Value, up: Option<&Frame<'_>>, at: At) {
        match leaf {
            Value::Null => self.add(Origin::Null, body, 0, at),
            Value::Int(_) => self.add(Origin::Number, body, 0, at),
            Value::Str(name) => self.add(Origin::Text(name), body, 0, at),
            Value::Class(name) => {
                let loader = self.world.program.class(body.class).loader;
                let class = self.world.program.find(loader, name);
                self.add(Origin::ClassLiteral(name, class), body, 0, at);
            }
            Value::Caught(_) => self.add(Origin::Caught, body, 0, at),
            Value::Derived(source) => self.value(body, source, up, at.derived()),
            Value::Param(i) => self.parameter(body, i, up, at),
            Value::Event(i) => self.event(body, i as u16, up, at),
            Value::Unknown | Value::Merge { .. } => self.add(Origin::Unknown, body, 0, at),
        }
    }

    fn parameter(&mut self, body: Body<'_>, param: u16, up: Option<&Frame<'_>>, at: At) {
        if let Some(frame) = up {
            let value = frame.body.origins.arg(frame.event, usize::from(param));
            return self.value(frame.body, value, frame.up, at);
        }
        if at.depth >= self.max_depth() {
            return self.add(Origin::Parameter, body, 0, at);
        }
        if self.seen.contains(&(body.id, param)) {
            return;
        }
        self.seen.push((body.id, param));
        let Some(sites) = self.world.sites.of(body.id, MAX_SITES) else {
            return self.add(Origin::Parameter, body, 0, at);
        };
        let open = self.world.reach.is_open_world() && body.method.access.is_public();
        if sites.is_empty() || open {
            self.add(Origin::Parameter, body, 0, at);
        }
        for site in sites {
            let caller = self.world.body(site.caller);
            let Some(event) = caller.origins.events().get(usize::from(site.event)) else { continue };
            let from_module = self.world.reach.owner(caller.class);
            let into_shared = self.world.reach.owner(body.class).is_none();
            let passed_by = if into_shared { from_module.or(at.passed_by) } else { at.passed_by };
            let before = self.found.len();
            let there = At { passed_by, ..at.deeper() };
            // A lambda's captured values come first, then what whoever runs it gives it.
            let n_captured = caller.origins.args(event).len();
            if event.kind == EventKind::Lambda && usize::from(param) >= n_captured {
                let argument = usize::from(param) - n_captured;
                if !self.given_to_function(caller, site.event, argument, there) {
                    self.worked_on(caller, site.event, body, at);
                }
            } else {
                self.value(caller, caller.origins.arg(event, usize::from(param)), None, there);
            }
            if passed_by.is_some() && self.asks != Asks::Makers {
                // The crossing is what a report shows.
                for found in &mut self.found[before..] {
                    if found.passed_by == from_module && from_module.is_some() {
                        (found.method, found.event) = (site.caller, site.event);
                    }
                }
            }
        }
    }

    fn event(&mut self, body: Body<'_>, index: u16, up: Option<&Frame<'_>>, at: At) {
        let Some(event) = body.origins.events().get(usize::from(index)) else {
            return self.add(Origin::Unknown, body, index, at);
        };
        match event.kind {
            EventKind::New => {
                let loader = self.world.program.class(body.class).loader;
                let class = event.name().and_then(|n| self.world.program.find(loader, n));
                // What goes through the elements is none of them.
                let is_iterator = |c| self.world.program.has_supertype_named(c, ITERATOR);
                let goes_through = at.of_elements && class.is_some_and(is_iterator);
                let made = if goes_through { at.derived() } else { at };
                self.add(Origin::Allocation(class), body, index, made);
                if at.of_elements {
                    self.put_into(body, index, up, at);
                }
                if self.asks == Asks::Loaders {
                    self.parents(body, index, up, at);
                }
            }
            EventKind::Lambda => self.add(Origin::Allocation(None), body, index, at),
            EventKind::NewArray => self.array(body, index, up, at),
            EventKind::GetStatic | EventKind::GetField => self.field(body, event, index, at),
            EventKind::Concat => {
                for arg in body.origins.args(event) {
                    self.value(body, *arg, up, at.derived());
                }
            }
            // One of what was put there, unchanged.
            EventKind::ArrayLoad => self.value(body, body.origins.arg(event, 0), up, at),
            kind if kind.is_invoke() => self.call(body, event, index, up, at),
            _ => self.add(Origin::Unknown, body, index, at),
        }
    }

    /// The loaders that the constructor of a new object is given.
    fn parents(&mut self, body: Body<'_>, index: u16, up: Option<&Frame<'_>>, at: At) {
        let program = self.world.program;
        let is_its = |e: &&Event| {
            let mut made = body.origins.leaves(body.origins.arg(e, 0));
            e.kind == EventKind::InvokeSpecial && made.any(|l| l == Value::Event(u32::from(index)))
        };
        for init in body.origins.events().iter().filter(is_its) {
            let Some(member) = init.member() else { continue };
            let types = params(program.text(program.facts.members.get(member).desc));
            for (ty, value) in types.zip(body.origins.args(init).iter().skip(1)) {
                if ty.class() == Some(LOADER) {
                    self.value(body, *value, up, at);
                }
            }
        }
    }

    /// An array that the body makes, and what it puts there.
    fn array(&mut self, body: Body<'_>, index: u16, up: Option<&Frame<'_>>, at: At) {
        let program = self.world.program;
        let made = body.origins.events().get(usize::from(index)).and_then(Event::name);
        let element = made.and_then(|name| TypeDesc(program.text(name)).element_class());
        let loader = program.class(body.class).loader;
        let class = element.and_then(|name| program.find_text(loader, name));
        self.add(Origin::Array(class), body, index, at);
        for store in body.origins.events().iter().filter(|e| e.kind == EventKind::ArrayStore) {
            let mut arrays = body.origins.leaves(body.origins.arg(store, 0));
            if arrays.any(|l| l == Value::Event(u32::from(index)))
                && let Some(value) = body.origins.args(store).last()
            {
                self.value(body, *value, up, at);
            }
        }
    }

    fn call(&mut self, body: Body<'_>, event: &Event, index: u16, up: Option<&Frame<'_>>, at: At) {
        if at.of_elements && self.same_elements(body, event, up, at) {
            return;
        }
        if self.has_default(body, event)
            && let Some(value) = body.origins.args(event).last()
        {
            self.value(body, *value, up, at);
        }
        if let Some(origin) = self.known_result(body, event, up) {
            return self.add(origin, body, index, at);
        }
        if self.elements_of(body, event, up, at)
            || self.is_privileged(body, event) && self.action(body, event, up, at)
            || at.depth < self.max_depth() && self.of_function(body, event, at)
        {
            return;
        }
        let targets = self.world.targets(body, event, 4).unwrap_or_default();
        let is_one_of_several = targets.len() > 1 && self.asks == Asks::VeryObject;
        if targets.is_empty() || is_one_of_several || at.depth >= self.max_depth() {
            return self.computed(body, event, index, up, at);
        }
        for target in targets {
            let callee = self.world.body(target);
            let frame = Frame { body, event, event_index: index, up };
            debug_assert_eq!(frame.event_index, index);
            for ret in callee.origins.events().iter().filter(|e| e.kind == EventKind::Return) {
                if let Some(value) = callee.origins.args(ret).first() {
                    self.value(callee, *value, Some(&frame), at.deeper());
                }
            }
        }
    }

    /// The result of a call into the unknown is made from its arguments, as far as that tells anything.
    fn computed(&mut self, body: Body<'_>, event: &Event, index: u16, up: Option<&Frame<'_>>, at: At) {
        let args = body.origins.args(event);
        if args.is_empty() || self.asks.is_of_object() {
            return self.add(Origin::Unknown, body, index, at);
        }
        let before = self.found.len();
        for arg in args {
            self.value(body, *arg, up, at.derived());
        }
        self.shown(body, event, before, at);
        self.appended(body, event, index, up, at);
        if !self.is_of_text(event) {
            self.add(Origin::Unknown, body, index, at);
        }
    }

    /// Whether a call makes a text of its receiver and arguments, and of nothing else.
    fn is_of_text(&self, event: &Event) -> bool {
        let program = self.world.program;
        let member = event.member().map(|m| program.facts.members.get(m));
        event.kind.has_receiver()
            && member.is_some_and(|m| {
                program.text(m.owner) == TEXT && return_type(program.text(m.desc)).class() == Some(TEXT)
            })
    }

    /// What other calls, each a statement of its own, append to the builder that a call is made on.
    fn appended(&mut self, body: Body<'_>, event: &Event, index: u16, up: Option<&Frame<'_>>, at: At) {
        const BUILDERS: [&str; 2] = ["java/lang/StringBuilder", "java/lang/StringBuffer"];
        let program = self.world.program;
        let is_of_builder = |e: &Event| {
            let owner = e.member().map(|m| program.text(program.facts.members.get(m).owner));
            e.kind.has_receiver() && owner.is_some_and(|owner| BUILDERS.contains(&owner))
        };
        if !event.kind.has_receiver() {
            return;
        }
        let made = |leaf: &Value| body.origins.event(*leaf).is_some_and(|(_, e)| e.kind == EventKind::New);
        let builders: Vec<Value> = body.origins.leaves(body.origins.arg(event, 0)).filter(made).collect();
        if builders.is_empty() || !is_of_builder(event) {
            return;
        }
        let before = body.origins.events().get(..usize::from(index)).unwrap_or_default();
        let is_on_it = |e: &Event| {
            let receiver = body.origins.arg(e, 0);
            builders.iter().any(|builder| body.origins.may_be(receiver, *builder))
        };
        for other in before.iter().filter(|e| e.kind.is_invoke() && is_on_it(e) && is_of_builder(e)) {
            for arg in body.origins.args(other).iter().skip(1) {
                self.value(body, *arg, up, at.derived());
            }
        }
    }
}
