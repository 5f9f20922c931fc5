//! What a body does to a value it is handed: the one place that knows how a value is used.

use super::knowledge::{ApiId, Knowledge, Subject, groups};
use super::operands::{Operand, Operands};
use super::{Body, World};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::descriptor::params;
use crate::vocabulary::{MethodId, ValueId};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// How a use changes what a value holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum How {
    /// The field itself is written.
    Write,
    /// A mutator of a container.
    Container(ApiId),
    /// A mutator of a container that is itself an entry of the container.
    Entry(ApiId),
    /// A store into an array.
    Array,
    /// A mutator of an atomic.
    Atomic(ApiId),
    /// A mutator of a buffer, builder or other stateful object.
    Buffer(ApiId),
    /// A set or remove of a thread local.
    ThreadLocal(ApiId),
    /// A field is set of the object that a variable of the present thread holds.
    Set,
    /// It is closed, shut down or cancelled.
    Close(ApiId),
}

/// A use that changes a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Effect {
    /// The method that holds the changing instruction.
    pub method: MethodId,
    /// Position among its events.
    pub event: u16,
    /// How it changes the value.
    pub how: How,
}

/// Groups of APIs that a use is compared with, looked up once.
pub struct Uses<'w> {
    container: &'w [bool],
    array: &'w [bool],
    element_writer: &'w [bool],
    atomic: &'w [bool],
    buffer: &'w [bool],
    thread_local: &'w [bool],
    view: &'w [bool],
    element: &'w [bool],
    walk: &'w [bool],
    supplied: &'w [bool],
    close: &'w [bool],
    knowledge: &'w Knowledge,
}

/// A parameter of a method that shows something of a value.
pub type Entered = (MethodId, u16, Part);

/// What of a value another value shows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Part {
    /// All of it, as a view does; the content of an array counts as the array.
    Whole,
    /// An entry of it.
    Entry,
}

impl How {
    /// How a change of a part changes the whole, if it does: what a counter or a buffer among the entries holds is its own.
    pub fn of_part(self, part: Part) -> Option<Self> {
        match (part, self) {
            (Part::Whole, how) => Some(how),
            (Part::Entry, Self::Container(api) | Self::Entry(api)) => Some(Self::Entry(api)),
            (Part::Entry, _) => None,
        }
    }
}

/// Methods and parameters looked at for one question.
const MAX_VISITED: usize = 160;
/// Overriders looked at for one call.
const MAX_TARGETS: usize = 12;

impl<'w> Uses<'w> {
    /// The groups of a knowledge base.
    pub fn new(knowledge: &'w Knowledge) -> Self {
        Self {
            container: knowledge.group(groups::CONTAINER_MUTATOR),
            array: knowledge.group(groups::ARRAY_MUTATOR),
            element_writer: knowledge.group(groups::ELEMENT_WRITER),
            atomic: knowledge.group(groups::ATOMIC_MUTATOR),
            buffer: knowledge.group(groups::BUFFER_MUTATOR),
            thread_local: knowledge.group(groups::THREAD_LOCAL_MUTATOR),
            view: knowledge.group(groups::CONTAINER_VIEW),
            element: knowledge.group(groups::CONTAINER_ELEMENT),
            walk: knowledge.group(groups::CONTAINER_WALK),
            supplied: knowledge.group(groups::SUPPLIED_FILLER),
            close: knowledge.group(groups::CLOSES_FOR_ALL),
            knowledge,
        }
    }

    /// How an event changes its operand at `position`, by itself.
    pub fn direct(&self, world: &World<'_>, body: Body<'_>, event: &Event, position: usize) -> Option<How> {
        match event.kind {
            EventKind::ArrayStore if position == 0 => Some(How::Array),
            // A method reference that is bound to the value changes it when it is called.
            kind if kind.has_method() => self.call(world, body, event, position),
            _ => None,
        }
    }

    fn call(&self, world: &World<'_>, body: Body<'_>, event: &Event, position: usize) -> Option<How> {
        let loader = world.program.class(body.class).loader;
        let member = event.member()?;
        for api in self.knowledge.apis(loader, member) {
            let is_in = |group: &[bool]| group.get(usize::from(api)).copied().unwrap_or(false);
            if self.subject(api, event) != Some(position) {
                continue;
            }
            if is_in(self.container) {
                return Some(How::Container(api));
            }
            if is_in(self.array) || is_in(self.element_writer) && is_array(world, body, event, position) {
                return Some(How::Array);
            }
            if is_in(self.atomic) {
                return Some(How::Atomic(api));
            }
            if is_in(self.thread_local) {
                return Some(How::ThreadLocal(api));
            }
            if is_in(self.buffer) {
                return Some(How::Buffer(api));
            }
            if is_in(self.close) {
                return Some(How::Close(api));
            }
        }
        None
    }

    /// The API by which a call fills the container that a function among its arguments yields.
    pub fn fills_supplied(&self, world: &World<'_>, body: Body<'_>, event: &Event) -> Option<ApiId> {
        let loader = world.program.class(body.class).loader;
        self.knowledge.api_in(self.supplied, loader, event.member()?)
    }

    /// The operand that an API changes or shows.
    fn subject(&self, api: ApiId, event: &Event) -> Option<usize> {
        let subject = self.knowledge.tables.apis.get(usize::from(api)).and_then(|a| a.acts_on);
        let subject = subject.unwrap_or(Subject::Receiver);
        let is_bound = event.kind == EventKind::Lambda && subject == Subject::Receiver;
        subject.operand(is_bound || event.kind.has_receiver())
    }

    /// What the event's result shows of its operand at `position`.
    pub fn shown(&self, world: &World<'_>, body: Body<'_>, event: &Event, position: usize) -> Option<Part> {
        if event.kind == EventKind::ArrayLoad {
            return (position == 0).then_some(Part::Whole);
        }
        if !event.kind.is_invoke() {
            return None;
        }
        let loader = world.program.class(body.class).loader;
        self.knowledge.apis(loader, event.member()?).find_map(|api| {
            let is_in = |group: &[bool]| group.get(usize::from(api)).copied().unwrap_or(false);
            let part = match () {
                () if is_in(self.view) => Part::Whole,
                () if is_in(self.element) => Part::Entry,
                () => return None,
            };
            (self.subject(api, event) == Some(position)).then_some(part)
        })
    }

    /// The first change, in call order, that a method makes to what its parameter `param` holds, itself or through
    /// what it calls. Breadth first, so the shortest way is found; bounded, so a miss may be silent about very long
    /// ways, which nobody could follow in a report either.
    pub fn on_parameter(&self, world: &World<'_>, method: MethodId, param: u16) -> Option<Effect> {
        let mut visited = vec![(method, param, Part::Whole)];
        let mut at = 0;
        while let Some(&(method, param, shown)) = visited.get(at) {
            at += 1;
            let body = world.body(method);
            let aliases = Aliases::of_parameter(self, world, body, param);
            let mut taking = None;
            for (i, event) in body.origins.events().iter().enumerate() {
                for (position, value) in body.origins.args(event).iter().enumerate() {
                    let Some(part) = aliases.part(body, *value) else { continue };
                    let part = part.max(shown);
                    let how = self.direct(world, body, event, position).and_then(|how| how.of_part(part));
                    if let Some(how) = how {
                        let effect = Effect { method, event: i as u16, how };
                        // What is put in says more than what makes room for it.
                        if stores(world, how) {
                            return Some(effect);
                        }
                        taking = taking.or(Some(effect));
                    } else if visited.len() < MAX_VISITED {
                        self.enter(world, body, event, position, part, &mut visited);
                    }
                }
            }
            if taking.is_some() {
                return taking;
            }
        }
        None
    }

    /// Adds the parameters of deployed methods that an operand is bound to, or that are given its entries; `part` is what
    /// the operand shows. Whether the operand is an object of the class that overrides a method of the JDK has to be
    /// asked apart, see [`overriders`](Self::overriders).
    pub fn enter(
        &self,
        world: &World<'_>,
        body: Body<'_>,
        event: &Event,
        position: usize,
        part: Part,
        visited: &mut Vec<Entered>,
    ) {
        if !event.kind.has_method() {
            return;
        }
        let is_sure = !is_call_on_jdk_type(world, body, event, position);
        let bound = is_sure.then(|| world.targets(body, event, MAX_TARGETS)).flatten();
        let bound = bound.into_iter().flatten().map(|target| (target, position as u16, part));
        for next in bound.chain(self.given_entries(world, body, event, position)) {
            if !visited.contains(&next) {
                visited.push(next);
            }
        }
    }

    /// The deployed methods that a call on a type of the JDK runs if its receiver is an object of their classes. Any map
    /// may be one that changes when it is asked; it takes what is stored in a field to say that this one is.
    pub fn overriders(
        &self,
        world: &World<'_>,
        body: Body<'_>,
        event: &Event,
        position: usize,
    ) -> Vec<MethodId> {
        let asked = is_call_on_jdk_type(world, body, event, position);
        asked.then(|| world.targets(body, event, MAX_TARGETS)).flatten().unwrap_or_default()
    }

    /// The parameters of lambdas that a call has the entries of its operand at `position` passed to.
    fn given_entries(
        &self,
        world: &World<'_>,
        body: Body<'_>,
        event: &Event,
        position: usize,
    ) -> Vec<Entered> {
        let loader = world.program.class(body.class).loader;
        let is_walk = |api: ApiId| {
            self.walk.get(usize::from(api)) == Some(&true) && self.subject(api, event) == Some(position)
        };
        let walks = event.kind.is_invoke()
            && event.member().is_some_and(|member| self.knowledge.apis(loader, member).any(is_walk));
        if !walks {
            return Vec::new();
        }
        let values = body.origins.args(event).iter().flat_map(|value| body.origins.leaves(*value));
        let lambdas = values.filter_map(|leaf| body.origins.event(leaf)).map(|(_, made)| made);
        let mut given = Vec::new();
        for lambda in lambdas.filter(|made| made.kind == EventKind::Lambda) {
            let n_bound = u16::from(lambda.n_args);
            for target in world.targets(body, lambda, MAX_TARGETS).unwrap_or_default() {
                let method = world.program.method(target);
                let n =
                    params(world.program.text(method.desc)).count() + usize::from(!method.access.is_static());
                given.extend((n_bound..n as u16).map(|param| (target, param, Part::Entry)));
            }
        }
        given
    }
}

/// Whether an operand is what a method is called on that the JDK declares.
fn is_call_on_jdk_type(world: &World<'_>, body: Body<'_>, event: &Event, position: usize) -> bool {
    let program = world.program;
    let refs = program.refs(program.class(body.class).loader);
    let is_receiver = position == 0 && event.kind.has_receiver();
    let target = is_receiver.then(|| event.member().and_then(|member| refs.method(member))).flatten();
    target.is_some_and(|target| program.is_jdk(program.class_of_method(target)))
}

/// Where an object is set by an event that it is the operand of at `position`: there, or in a method that only sets what it
/// is given.
pub fn sets_object(
    world: &World<'_>,
    body: Body<'_>,
    index: u16,
    position: usize,
) -> Option<(MethodId, u16)> {
    let event = body.origins.events().get(usize::from(index)).filter(|_| position == 0)?;
    if event.kind == EventKind::PutField {
        return Some((body.id, index));
    }
    let target = event.kind.has_receiver().then(|| world.targets(body, event, 1)).flatten()?;
    let setter = world.body(*target.first()?);
    let mut puts = (0u16..).zip(setter.origins.events()).filter(|(_, e)| e.kind != EventKind::Return);
    let ((i, put), None) = (puts.next()?, puts.next()) else { return None };
    let is = |value: ValueId, wanted: fn(Value) -> bool| setter.origins.leaves(value).all(wanted);
    let is_setter = put.kind == EventKind::PutField
        && is(setter.origins.arg(put, 0), |leaf| leaf == Value::Param(0))
        && is(setter.origins.arg(put, 1), |leaf| matches!(leaf, Value::Param(1..)));
    is_setter.then_some((setter.id, i))
}

/// Whether an operand is declared as an array.
fn is_array(world: &World<'_>, body: Body<'_>, event: &Event, position: usize) -> bool {
    let program = world.program;
    let n_receivers = u16::from(!body.method.access.is_static());
    body.origins.leaves(body.origins.arg(event, position)).any(|leaf| {
        let desc = match leaf {
            Value::Param(i) => i.checked_sub(n_receivers).and_then(|i| {
                params(program.text(body.method.desc)).nth(usize::from(i)).map(|param| param.0)
            }),
            _ => body.origins.event(leaf).and_then(|(_, made)| match made.kind {
                EventKind::NewArray => made.name().map(|name| program.text(name)),
                _ => made.member().map(|m| program.text(program.facts.members.get(m).desc)),
            }),
        };
        desc.is_some_and(|desc| desc.rsplit(')').next().is_some_and(|ty| ty.starts_with('[')))
    })
}

/// Whether a change puts something in, for all that is known.
fn stores(world: &World<'_>, how: How) -> bool {
    let (How::Container(api) | How::Entry(api)) = how else { return true };
    world.knowledge.tables.apis.get(usize::from(api)).is_none_or(|a| a.value.is_some())
}

/// The events of a body whose results show one value, and the parameter that does.
pub struct Aliases {
    param: Option<u16>,
    events: Vec<Option<Part>>,
}

impl Aliases {
    /// Of a parameter: its views and elements.
    pub fn of_parameter(uses: &Uses<'_>, world: &World<'_>, body: Body<'_>, param: u16) -> Self {
        let mut aliases = Self { param: Some(param), events: vec![None; body.origins.events().len()] };
        aliases.close(uses, world, body);
        aliases
    }

    /// Of the results of some events, with what each shows.
    pub(super) fn of_events(
        uses: &Uses<'_>,
        world: &World<'_>,
        body: Body<'_>,
        seeds: &[(u16, Part)],
        operands: Option<&Operands>,
    ) -> Self {
        let mut aliases = Self { param: None, events: vec![None; body.origins.events().len()] };
        for (seed, part) in seeds {
            if let Some(slot) = aliases.events.get_mut(usize::from(*seed)) {
                *slot = Some(*part);
            }
        }
        match operands {
            None => aliases.close(uses, world, body),
            Some(operands) => aliases.close_with(uses, world, body, (seeds, operands)),
        }
        aliases
    }

    /// The same, with what is known of where the body has which values, in place of a look at all its events.
    fn close_with(
        &mut self,
        uses: &Uses<'_>,
        world: &World<'_>,
        body: Body<'_>,
        (seeds, operands): (&[(u16, Part)], &Operands),
    ) {
        let users =
            |event: u16| operands.of_value(Value::Event(u32::from(event))).map(|(user, _)| Reverse(user));
        let mut waiting: BinaryHeap<Reverse<u16>> = seeds.iter().flat_map(|(seed, _)| users(*seed)).collect();
        let mut last = None;
        while let Some(Reverse(i)) = waiting.pop() {
            let at = usize::from(i);
            let Some(event) = body.origins.events().get(at).filter(|_| last.replace(i) != Some(i)) else {
                continue;
            };
            if self.events[at].is_some() || !event.is_used() {
                continue;
            }
            self.events[at] = self.shown_by(uses, world, body, event);
            if self.events[at].is_some() {
                waiting.extend(users(i).filter(|Reverse(user)| *user > i));
            }
        }
    }

    /// The operands that show something of the value, in the order of the code.
    pub(super) fn operands(&self, operands: &Operands) -> Vec<Operand> {
        let events = self.events.iter().zip(0u32..).filter(|(part, _)| part.is_some());
        let mut found: Vec<Operand> = events.flat_map(|(_, i)| operands.of_value(Value::Event(i))).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Code order is enough for all but loops that carry a view backwards.
    fn close(&mut self, uses: &Uses<'_>, world: &World<'_>, body: Body<'_>) {
        for (i, event) in body.origins.events().iter().enumerate() {
            if self.events[i].is_some() || !event.is_used() {
                continue;
            }
            self.events[i] = self.shown_by(uses, world, body, event);
        }
    }

    fn shown_by(&self, uses: &Uses<'_>, world: &World<'_>, body: Body<'_>, event: &Event) -> Option<Part> {
        body.origins.args(event).iter().enumerate().find_map(|(position, value)| {
            let part = self.part(body, *value)?;
            Some(part.max(uses.shown(world, body, event, position)?))
        })
    }

    /// What a value may show, if it may be one of them.
    pub fn part(&self, body: Body<'_>, value: ValueId) -> Option<Part> {
        body.origins.leaves(value).find_map(|leaf| match leaf {
            Value::Event(i) => self.events.get(i as usize).copied().flatten(),
            Value::Param(p) => (self.param == Some(p)).then_some(Part::Whole),
            _ => None,
        })
    }
}
