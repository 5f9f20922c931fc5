//! What a body does to a value it is handed: the one place that knows how a value is used.

use super::knowledge::{ApiId, Knowledge, Subject, groups};
use super::{Body, World};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::{MethodId, ValueId};

/// How a use changes what a value holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum How {
    /// The field itself is written.
    Write,
    /// A mutator of a container.
    Container(ApiId),
    /// A store into an array.
    Array,
    /// A mutator of an atomic.
    Atomic(ApiId),
    /// A mutator of a buffer, builder or other stateful object.
    Buffer(ApiId),
    /// A set or remove of a thread local.
    ThreadLocal(ApiId),
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
    atomic: &'w [bool],
    buffer: &'w [bool],
    thread_local: &'w [bool],
    view: &'w [bool],
    element: &'w [bool],
    knowledge: &'w Knowledge,
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
            atomic: knowledge.group(groups::ATOMIC_MUTATOR),
            buffer: knowledge.group(groups::BUFFER_MUTATOR),
            thread_local: knowledge.group(groups::THREAD_LOCAL_MUTATOR),
            view: knowledge.group(groups::CONTAINER_VIEW),
            element: knowledge.group(groups::CONTAINER_ELEMENT),
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
            if is_in(self.array) {
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
        }
        None
    }

    /// The operand that an API changes or shows.
    fn subject(&self, api: ApiId, event: &Event) -> Option<usize> {
        let subject = self.knowledge.tables.apis.get(usize::from(api)).and_then(|a| a.acts_on);
        let subject = subject.unwrap_or(Subject::Receiver);
        let is_bound = event.kind == EventKind::Lambda && subject == Subject::Receiver;
        subject.operand(is_bound || event.kind.has_receiver())
    }

    /// Whether the event's result shows its operand at `position`: a view, an element, an array's content.
    pub fn is_view(&self, world: &World<'_>, body: Body<'_>, event: &Event, position: usize) -> bool {
        if event.kind == EventKind::ArrayLoad {
            return position == 0;
        }
        if !event.kind.is_invoke() {
            return false;
        }
        let loader = world.program.class(body.class).loader;
        let Some(member) = event.member() else { return false };
        let mut apis = self.knowledge.apis(loader, member);
        apis.any(|api| {
            let is_in = |group: &[bool]| group.get(usize::from(api)).copied().unwrap_or(false);
            (is_in(self.view) || is_in(self.element)) && self.subject(api, event) == Some(position)
        })
    }

    /// The first change, in call order, that a method makes to what its parameter `param` holds, itself or through
    /// what it calls. Breadth first, so the shortest way is found; bounded, so a miss may be silent about very long
    /// ways, which nobody could follow in a report either.
    pub fn on_parameter(&self, world: &World<'_>, method: MethodId, param: u16) -> Option<Effect> {
        let mut visited = vec![(method, param)];
        let mut at = 0;
        while let Some(&(method, param)) = visited.get(at) {
            at += 1;
            let body = world.body(method);
            let aliases = Aliases::of_parameter(self, world, body, param);
            for (i, event) in body.origins.events().iter().enumerate() {
                for (position, value) in body.origins.args(event).iter().enumerate() {
                    if !aliases.has(body, *value) {
                        continue;
                    }
                    if let Some(how) = self.direct(world, body, event, position) {
                        return Some(Effect { method, event: i as u16, how });
                    } else if visited.len() < MAX_VISITED {
                        self.enter(world, body, event, position, &mut visited);
                    }
                }
            }
        }
        None
    }

    /// Adds the parameters of deployed methods that an operand is bound to.
    pub fn enter(
        &self,
        world: &World<'_>,
        body: Body<'_>,
        event: &Event,
        position: usize,
        visited: &mut Vec<(MethodId, u16)>,
    ) {
        if !event.kind.has_method() {
            return;
        }
        for target in world.targets(body, event, MAX_TARGETS).unwrap_or_default() {
            let next = (target, position as u16);
            if !visited.contains(&next) {
                visited.push(next);
            }
        }
    }
}

/// The events of a body whose results show one value, and the parameter that does.
pub struct Aliases {
    param: Option<u16>,
    events: Vec<bool>,
}

impl Aliases {
    /// Of a parameter: its views and elements.
    pub fn of_parameter(uses: &Uses<'_>, world: &World<'_>, body: Body<'_>, param: u16) -> Self {
        let mut aliases = Self { param: Some(param), events: vec![false; body.origins.events().len()] };
        aliases.close(uses, world, body);
        aliases
    }

    /// Of the results of some events.
    pub fn of_events(uses: &Uses<'_>, world: &World<'_>, body: Body<'_>, seeds: &[u16]) -> Self {
        let mut aliases = Self { param: None, events: vec![false; body.origins.events().len()] };
        for seed in seeds {
            if let Some(slot) = aliases.events.get_mut(usize::from(*seed)) {
                *slot = true;
            }
        }
        aliases.close(uses, world, body);
        aliases
    }

    /// Code order is enough for all but loops that carry a view backwards.
    fn close(&mut self, uses: &Uses<'_>, world: &World<'_>, body: Body<'_>) {
        for (i, event) in body.origins.events().iter().enumerate() {
            if self.events[i] || event.result == crate::facts::NO_VALUE {
                continue;
            }
            let args = body.origins.args(event);
            let shows = |(position, value): (usize, &ValueId)| {
                self.has(body, *value) && uses.is_view(world, body, event, position)
            };
            if args.iter().enumerate().any(shows) {
                self.events[i] = true;
            }
        }
    }

    /// Whether a value may be one of them.
    pub fn has(&self, body: Body<'_>, value: ValueId) -> bool {
        body.origins.leaves(value).any(|leaf| match leaf {
            Value::Event(i) => self.events.get(i as usize).copied().unwrap_or(false),
            Value::Param(p) => self.param == Some(p),
            _ => false,
        })
    }
}
