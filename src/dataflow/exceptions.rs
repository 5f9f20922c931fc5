//! What instructions may throw, as far as a reader of the code would reckon with it.
//!
//! Two readings: by what methods declare and what bodies throw explicitly, for resources; and "every call may throw",
//! for locks and other state that must not survive a failure of any kind. Exceptions of the JVM itself (a null
//! receiver, a bad index, no memory) count in neither.

mod checked;
mod explicit;
mod foreign;
mod repeated;
mod throws;
mod unseen;

pub(crate) use explicit::Own;
pub(crate) use throws::BodyThrows;

use super::knowledge::groups;
use super::{Body, World};
use crate::facts::{Event, EventKind, NO_NAME, Value};
use crate::vocabulary::{LoaderId, MethodId, Name, descriptor};
use rustc_hash::FxHashMap;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

// The platform's own roots of exceptions, which the class file format's semantics and the language rest on.
pub(crate) const THROWABLE: &str = "java/lang/Throwable";
const EXCEPTION: &str = "java/lang/Exception";
const RUNTIME_EXCEPTION: &str = "java/lang/RuntimeException";
const ERROR: &str = "java/lang/Error";
/// A thread was told to stop waiting: what it waited for has not happened.
const INTERRUPTED: &str = "java/lang/InterruptedException";
/// Declared, and never thrown when the class is cloneable.
const IN_NAME_ONLY: &str = "java/lang/CloneNotSupportedException";
/// Declared, and never thrown when the name of the encoding is a constant or comes from a [`CHARSET`].
const NO_ENCODING: &str = "java/io/UnsupportedEncodingException";
const CHARSET: &str = "java/nio/charset/Charset";
const STRING: &str = "java/lang/String";
/// What a method throws that refuses what it is given: a mistake of its caller's, not a turn of events.
const REFUSALS: [&str; 5] = [
    "java/lang/IllegalArgumentException",
    "java/lang/NullPointerException",
    "java/lang/ClassCastException",
    "java/lang/UnsupportedOperationException",
    "java/lang/IndexOutOfBoundsException",
];

/// What an object throws that is not ready for a call, or no longer: mostly a mistake of whoever calls it.
const ILLEGAL_STATE: &str = "java/lang/IllegalStateException";

const CONSTRUCTOR: &str = "<init>";

/// The package of the language's own classes.
const LANGUAGE: &str = "java/lang";

/// Calls from one trivial body to the next.
const MAX_TRIVIAL: u32 = 2;
/// Kinds of exceptions kept for one instruction or handler; more count as [`Thrown::Unknown`].
const MAX_KINDS: usize = 12;

/// An exception that an instruction may throw.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Thrown {
    /// Of this class or a subclass.
    Class(Name),
    /// Some unchecked one.
    Unchecked,
    /// Anything.
    Unknown,
}

/// Whether a handler takes an exception.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Catch {
    Surely,
    Perhaps,
    Never,
}

/// Which calls count as throwing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Reading {
    /// Those that declare an exception or throw one explicitly.
    Declared,
    /// All but those known to never throw.
    AnyCall,
    /// The same, of those alone that run code which others wrote and that says nothing of what it throws.
    ForeignCall,
}

/// Whether a handler for `catches`, in a class of `loader`, takes an exception.
pub(crate) fn catches(world: &World<'_>, loader: LoaderId, catches: Name, thrown: Thrown) -> Catch {
    let program = world.program;
    if catches == NO_NAME {
        return Catch::Surely;
    }
    let handler = program.text(catches);
    match thrown {
        _ if handler == THROWABLE => Catch::Surely,
        Thrown::Unknown => {
            if handler == EXCEPTION {
                Catch::Surely
            } else {
                Catch::Perhaps
            }
        }
        Thrown::Unchecked if matches!(handler, EXCEPTION | RUNTIME_EXCEPTION) => Catch::Surely,
        Thrown::Unchecked => {
            let class = program.find(loader, catches);
            let is_unchecked = class.is_none_or(|c| program.has_supertype_named(c, RUNTIME_EXCEPTION));
            if is_unchecked { Catch::Perhaps } else { Catch::Never }
        }
        Thrown::Class(name) if name == catches => Catch::Surely,
        Thrown::Class(name) => match (program.find(loader, name), program.find(loader, catches)) {
            (Some(thrown), Some(handler)) => {
                if program.is_subtype(thrown, handler) {
                    Catch::Surely
                } else if program.is_subtype(handler, thrown) || program.class(thrown).has_phantom {
                    Catch::Perhaps
                } else {
                    Catch::Never
                }
            }
            _ => Catch::Perhaps,
        },
    }
}

/// Whether an exception says that a wait was broken off.
pub(crate) fn is_interruption(world: &World<'_>, thrown: Thrown) -> bool {
    matches!(thrown, Thrown::Class(name) if world.program.text(name) == INTERRUPTED)
}

/// Whether an exception says that a caller has made a mistake.
pub(crate) fn is_refusal(world: &World<'_>, thrown: Thrown) -> bool {
    matches!(thrown, Thrown::Class(name) if REFUSALS.contains(&world.program.text(name)))
}

/// Whether an exception says that there is no encoding of a name.
pub(crate) fn is_encoding_refusal(world: &World<'_>, thrown: Thrown) -> bool {
    matches!(thrown, Thrown::Class(name) if world.program.text(name) == NO_ENCODING)
}

/// Whether an exception need not be declared.
pub(crate) fn is_unchecked(world: &World<'_>, loader: LoaderId, thrown: Thrown) -> bool {
    match thrown {
        Thrown::Unchecked => true,
        Thrown::Unknown => false,
        Thrown::Class(name) => {
            let class = world.program.find(loader, name);
            class.is_some_and(|c| {
                [RUNTIME_EXCEPTION, ERROR].iter().any(|root| world.program.has_supertype_named(c, root))
            })
        }
    }
}

/// Looks up what calls throw; remembers callees.
pub(crate) struct Exceptions<'w> {
    world: &'w World<'w>,
    never: &'w [bool],
    refuses: &'w [bool],
    checks: &'w [bool],
    options: &'w [bool],
    determined: &'w [bool],
    in_vain: &'w [bool],
    declared: RefCell<FxHashMap<MethodId, Vec<Thrown>>>,
    own: RefCell<FxHashMap<MethodId, Arc<[explicit::Own]>>>,
    explicit: RefCell<FxHashMap<MethodId, Rc<[Thrown]>>>,
    checked: RefCell<FxHashMap<(MethodId, u32), bool>>,
    /// Events of callees that may be looked at for what is asked now, and those that have been.
    n_allowed: Cell<u64>,
    n_spent: Cell<u64>,
}

impl<'w> Exceptions<'w> {
    pub(crate) fn new(world: &'w World<'w>) -> Self {
        let group = |name| world.knowledge.group(name);
        Self {
            world,
            never: group(groups::NEVER_THROWS),
            refuses: group(groups::REFUSES_TEXT),
            checks: group(groups::CALLER_CHECK),
            options: group(groups::FAILS_WHEN_CLOSED),
            determined: group(groups::FAILS_BY_OPERANDS),
            in_vain: group(groups::DECLARES_IN_VAIN),
            declared: RefCell::default(),
            own: RefCell::default(),
            explicit: RefCell::default(),
            checked: RefCell::default(),
            n_allowed: Cell::new(u64::MAX),
            n_spent: Cell::new(0),
        }
    }

    /// What each instruction of a body may throw, found when it is asked for. Rethrown exceptions are those that reach
    /// the handler.
    pub(crate) fn of_body<'e>(&'e self, body: Body<'e>, reading: Reading) -> BodyThrows<'e, 'w> {
        BodyThrows::new(self, body, reading)
    }

    /// What one call of a body may throw.
    fn of_event(&self, body: Body<'_>, i: usize, event: &Event, reading: Reading) -> Vec<Thrown> {
        let thrown = self.of_call(body, event, reading);
        if !thrown.is_empty() && self.has_succeeded(body, i, event) { Vec::new() } else { thrown }
    }

    /// Whether a call, which fails by what it is given alone, has been made before and has not failed.
    fn has_succeeded(&self, body: Body<'_>, i: usize, event: &Event) -> bool {
        let loader = self.world.program.class(body.class).loader;
        let is_determined =
            event.member().is_some_and(|m| self.world.knowledge.api_in(self.determined, loader, m).is_some());
        is_determined && repeated::has_succeeded(body, i, event)
    }

    /// What a `throw` may throw, where handlers have caught this.
    fn of_throw(&self, body: Body<'_>, event: &Event, caught: &FxHashMap<u16, Vec<Thrown>>) -> Vec<Thrown> {
        let mut found = Vec::new();
        for leaf in body.origins.leaves(body.origins.arg(event, 0)) {
            match leaf {
                Value::Caught(block) => {
                    caught.get(&block).into_iter().flatten().for_each(|t| add(&mut found, *t));
                }
                Value::Null => {}
                // What the body itself calls an error, such as a failed assertion, is no way it takes.
                _ if self.is_error(body, leaf) => {}
                _ => add(&mut found, self.class_of(body, leaf).map_or(Thrown::Unknown, Thrown::Class)),
            }
        }
        found
    }

    fn is_error(&self, body: Body<'_>, leaf: Value) -> bool {
        let program = self.world.program;
        let is_made = body.origins.event(leaf).is_some_and(|(_, made)| made.kind == EventKind::New);
        let class = self.class_of(body, leaf).filter(|_| is_made);
        let class = class.and_then(|name| program.find(program.class(body.class).loader, name));
        class.is_some_and(|c| program.has_supertype_named(c, ERROR))
    }

    /// The static type of a thrown value that the body itself makes.
    fn class_of(&self, body: Body<'_>, leaf: Value) -> Option<Name> {
        let (_, made) = body.origins.event(leaf)?;
        if made.kind == EventKind::New {
            return made.name();
        }
        let member = self.world.program.facts.members.get(made.member()?);
        let desc = self.world.program.text(member.desc);
        self.world.program.facts.names.find(descriptor::return_type(desc).class()?)
    }

    fn of_call(&self, body: Body<'_>, event: &Event, reading: Reading) -> Vec<Thrown> {
        let program = self.world.program;
        let loader = program.class(body.class).loader;
        let Some(member) = event.member() else { return vec![Thrown::Unknown] };
        if self.world.knowledge.api_in(self.never, loader, member).is_some() {
            return Vec::new();
        }
        if reading != Reading::AnyCall && self.world.knowledge.api_in(self.checks, loader, member).is_some() {
            return Vec::new();
        }
        let Some(target) = program.refs(loader).method(member) else {
            return self.of_unseen(body, event, reading);
        };
        let mut found = self.declared(target);
        if !found.is_empty() && self.is_declared_in_vain(body, event, target) {
            found.clear();
        }
        if self.world.knowledge.api_in(self.in_vain, loader, member).is_some() {
            found = vec![Thrown::Unchecked];
        }
        found.retain(|t| !is_encoding_refusal(self.world, *t) || self.may_name_no_encoding(body, event));
        if self.world.knowledge.api_in(self.refuses, loader, member).is_some() && self.is_told(body, event) {
            add(&mut found, Thrown::Unchecked);
        }
        if !program.is_jdk(program.class_of_method(target)) {
            self.explicit(target).iter().for_each(|t| add(&mut found, *t));
        }
        let may_fail = match reading {
            Reading::Declared => false,
            Reading::AnyCall => !self.is_trivial(target, MAX_TRIVIAL) && !self.is_value_method(target),
            Reading::ForeignCall => self.is_foreign(body, event, target),
        };
        if may_fail {
            add(&mut found, Thrown::Unchecked);
        }
        found
    }

    /// Whether some string among a call's arguments is what the method was given, or what another call yielded.
    fn may_name_no_encoding(&self, body: Body<'_>, event: &Event) -> bool {
        self.is_given_text(body, event, true)
    }

    /// Whether some string among a call's arguments is what the method was given; with `yielded` also what another call
    /// yielded, unless that names an encoding there is.
    pub(crate) fn is_given_text(&self, body: Body<'_>, event: &Event, yielded: bool) -> bool {
        let program = self.world.program;
        let Some(member) = event.member() else { return true };
        let desc = program.text(program.facts.members.get(member).desc);
        let offset = usize::from(event.kind.has_receiver());
        let args = body.origins.args(event).iter().skip(offset);
        let mut names = args.zip(descriptor::params(desc)).filter(|(_, t)| t.class() == Some(STRING));
        let is_open = |leaf: Value| match body.origins.event(leaf) {
            Some((_, made)) if made.kind.is_invoke() => {
                let of = |m| program.text(program.facts.members.get(m).owner);
                yielded && made.member().is_none_or(|m| of(m) != CHARSET)
            }
            Some(_) => false,
            None => matches!(leaf, Value::Param(_)),
        };
        names.any(|(value, _)| body.origins.leaves(*value).any(is_open))
    }

    /// Whether a call reads from its receiver, or is given something that is no constant.
    fn is_told(&self, body: Body<'_>, event: &Event) -> bool {
        let is_constant = |leaf| matches!(leaf, Value::Str(_) | Value::Int(_) | Value::Null);
        event.kind.has_receiver()
            || body.origins.args(event).iter().any(|v| body.origins.leaves(*v).any(|l| !is_constant(l)))
    }

    fn declared(&self, target: MethodId) -> Vec<Thrown> {
        let program = self.world.program;
        let class = program.class_of_method(target);
        let throws = program.unit(class).throws_of(program.method(target));
        if throws.is_empty() {
            return Vec::new();
        }
        if let Some(known) = self.declared.borrow().get(&target) {
            return known.clone();
        }
        let loader = program.class(class).loader;
        let counts = |name: &&Name| {
            let text = program.text(**name);
            let is_checked = || {
                let is_a = |c, root| program.has_supertype_named(c, root);
                program.find(loader, **name).is_none_or(|c| !is_a(c, RUNTIME_EXCEPTION) && !is_a(c, ERROR))
            };
            text != IN_NAME_ONLY && is_checked()
        };
        let found: Vec<Thrown> = throws.iter().filter(counts).map(|name| Thrown::Class(*name)).collect();
        self.declared.borrow_mut().insert(target, found.clone());
        found
    }

    fn is_caught(&self, body: Body<'_>, handlers: &[crate::facts::Handler], thrown: Thrown) -> bool {
        let loader = self.world.program.class(body.class).loader;
        handlers.iter().any(|h| catches(self.world, loader, h.catches, thrown) == Catch::Surely)
    }

    /// A method of strings, numbers, enum constants and the like, run on one.
    fn is_value_method(&self, target: MethodId) -> bool {
        let program = self.world.program;
        let class = program.class_of_method(target);
        let access = program.method(target).access;
        let is_final = access.is_final() || program.class_facts(class).access.is_final();
        is_final
            && !access.is_static()
            && program.is_jdk(class)
            && descriptor::package_of(program.class_name(class)) == LANGUAGE
    }

    /// A body that throws nothing and touches no array, such as a getter's, and calls nothing but the like.
    fn is_trivial(&self, target: MethodId, depth: u32) -> bool {
        use EventKind::{CheckCast, GetField, GetStatic, New, PutField, PutStatic, Return};
        let body = self.world.body(target);
        let loader = self.world.program.class(body.class).loader;
        let refs = self.world.program.refs(loader);
        let is_never = |m| self.world.knowledge.api_in(self.never, loader, m).is_some();
        let harmless = |e: &Event| match e.kind {
            kind if kind.is_invoke() && e.member().is_some_and(is_never) => true,
            GetField | GetStatic | PutField | PutStatic | New | CheckCast | Return => true,
            // Of a private method it is known what runs.
            EventKind::InvokeSpecial | EventKind::InvokeVirtual => {
                let called = e.member().and_then(|m| refs.method(m));
                let called = called.filter(|m| self.world.program.method(*m).access.is_private());
                depth > 0 && called.is_some_and(|m| self.is_trivial(m, depth - 1))
            }
            _ => false,
        };
        body.method.has_body && !body.method.has_loop && body.origins.events().iter().all(harmless)
    }
}

fn add(list: &mut Vec<Thrown>, thrown: Thrown) {
    if list.len() >= MAX_KINDS {
        *list = vec![Thrown::Unknown];
    }
    if !list.contains(&thrown) && !list.contains(&Thrown::Unknown) {
        list.push(thrown);
    }
}
