//! Of which class an acquired object is, so that no call on it is followed into classes that it is no instance of.

use super::flow::Acquired;
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind, Value};
use crate::program::Program;
use crate::vocabulary::{ClassId, MethodId};

/// Where factories make objects of the JDK's own classes only, whatever the type that they say they return.
const JDK_FACTORIES: [&str; 3] = ["java/util/concurrent/", "java/lang/", "java/nio/channels/"];
/// The method of an interface that yields its elements and is none of a function.
const ITERATOR: &str = "iterator";

/// What is known of an object's class.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Made {
    /// One of the JDK's own.
    Jdk,
    /// This one.
    Exactly(ClassId),
    /// This one or a subclass.
    Below(ClassId),
    /// A lambda or method reference.
    Function,
    /// Nothing.
    Unknown,
}

impl Made {
    /// What is known of an object that is acquired.
    pub(super) fn of(world: &World<'_>, acquired: &Acquired) -> Self {
        let site = if acquired.operand.is_some() { (acquired.method, acquired.event) } else { acquired.made };
        let body = world.body(site.0);
        let Some(event) = world.event(site.0, site.1) else { return Self::Unknown };
        if event.kind == EventKind::Lambda {
            return Self::Function;
        }
        if event.kind == EventKind::New {
            let loader = world.program.class(body.class).loader;
            let class = event.name().and_then(|name| world.program.find(loader, name));
            return class.map_or(Self::Unknown, Self::Exactly);
        }
        let Some(member) = event.member() else { return Self::Unknown };
        let facts = world.program.facts.members.get(member);
        if world.program.is_constructor(facts.name) {
            return Self::of_receiver(world, body, event);
        }
        let owner = world.program.text(facts.owner);
        let is_factory = event.kind == EventKind::InvokeStatic && acquired.operand.is_none();
        match is_factory && JDK_FACTORIES.iter().any(|p| owner.starts_with(p)) {
            true => Self::Jdk,
            false => Self::Unknown,
        }
    }

    fn of_receiver(world: &World<'_>, body: Body<'_>, event: &Event) -> Self {
        let mut leaves = body.origins.leaves(body.origins.arg(event, 0));
        let (Some(leaf), None) = (leaves.next(), leaves.next()) else { return Self::Unknown };
        if leaf == Value::Param(0) {
            return Self::Below(body.class);
        }
        let loader = world.program.class(body.class).loader;
        let made = body.origins.event(leaf).filter(|(_, e)| e.kind == EventKind::New);
        let class = made.and_then(|(_, e)| world.program.find(loader, e.name()?));
        class.map_or(Self::Unknown, Self::Exactly)
    }

    /// The methods that a call on the object may run, JDK methods left out; `None` if there are more than `limit`.
    pub(super) fn targets(
        self,
        world: &World<'_>,
        body: Body<'_>,
        event: &Event,
        limit: usize,
    ) -> Option<Vec<MethodId>> {
        let program = world.program;
        let is_virtual = matches!(event.kind, EventKind::InvokeVirtual | EventKind::InvokeInterface);
        match self {
            Self::Jdk if is_virtual => Some(Vec::new()),
            Self::Exactly(class) if is_virtual => {
                let member = program.facts.members.get(event.member()?);
                let selected = program.select(class, member.name, member.desc);
                let own = |m: &MethodId| {
                    program.method(*m).has_body && !program.is_jdk(program.class_of_method(*m))
                };
                Some(selected.filter(own).into_iter().collect())
            }
            Self::Below(class) => {
                let targets = world.targets(body, event, limit)?;
                let below = world.hierarchy.closure(class);
                let may_be = |m: &MethodId| {
                    let declared = program.class_of_method(*m);
                    below.iter().any(|c| program.is_subtype(*c, declared))
                };
                Some(targets.into_iter().filter(may_be).collect())
            }
            _ => world.targets(body, event, limit),
        }
    }
}

/// Whether a method is the only abstract one of its interface.
pub(super) fn is_function_method(program: &Program<'_>, method: MethodId) -> bool {
    let class = program.class_of_method(method);
    program.class_facts(class).access.is_interface()
        && program.method(method).access.is_abstract()
        && program.text(program.method(method).name) != ITERATOR
        && program.methods_of(class).filter(|(_, m)| m.access.is_abstract()).count() == 1
}
