//! Calls that run code which others wrote, and so may throw what nobody has said.

use super::{CONSTRUCTOR, Exceptions};
use crate::dataflow::Body;
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::{MethodId, descriptor};

/// Packages of the platform whose objects run code of others inside a call: of their elements, of who extends them.
const COLLECTIONS: [&str; 2] = ["java/util", "java/util/function"];
/// What callers hand in to have it run.
const TASK: &str = "java/lang/Runnable";
/// Callees below one another that are asked whether they only keep books.
const BOOKKEEPING_DEPTH: u32 = 2;

/// How methods are named that hand out or take a property (JavaBeans 8.3), the property's name cut off.
const ACCESSORS: [&str; 3] = ["get", "is", "set"];

/// Whether a call is one of a property: few reckon with that failing.
pub(super) fn is_accessor(name: &str, call: &Event) -> bool {
    let n_given = call.n_args.saturating_sub(u8::from(call.kind.has_receiver()));
    let of_property = |word: &str| {
        let rest = name.strip_prefix(word);
        rest.is_some_and(|rest| rest.starts_with(char::is_uppercase)) && n_given == u8::from(word == "set")
    };
    call.kind.has_receiver() && ACCESSORS.iter().any(|word| of_property(word))
}

impl Exceptions<'_> {
    /// Whether a call works on something that others handed in: by a method of the deployment that does more than keep
    /// books, or by one of a collection. Constructors say what they throw.
    pub(super) fn is_foreign(&self, body: Body<'_>, event: &Event, target: MethodId) -> bool {
        let program = self.world.program;
        let class = program.class_of_method(target);
        let name = program.text(program.method(target).name);
        if name == CONSTRUCTOR || is_accessor(name, event) {
            return false;
        }
        if !program.is_jdk(class) {
            let is_own = class == body.class && program.method(target).access.is_private();
            return !is_own && !self.is_bookkeeping(target, BOOKKEEPING_DEPTH);
        }
        let is_handed_in = |leaf: Value| match body.origins.event(leaf) {
            Some((_, made)) => {
                matches!(made.kind, EventKind::GetField | EventKind::GetStatic)
                    && !self.holds_own_collection(body, made)
            }
            None => matches!(leaf, Value::Param(_)),
        };
        matches!(event.kind, EventKind::InvokeInterface | EventKind::InvokeVirtual)
            && (COLLECTIONS.contains(&descriptor::package_of(program.class_name(class)))
                || program.class_name(class) == TASK)
            && body.origins.leaves(body.origins.arg(event, 0)).any(is_handed_in)
    }

    /// Whether a body only reads and writes fields, makes objects and texts, and calls what does the same.
    fn is_bookkeeping(&self, method: MethodId, depth: u32) -> bool {
        let program = self.world.program;
        let body = self.world.body(method);
        let loader = program.class(body.class).loader;
        let is_harmless_call = |event: &Event| {
            let Some(member) = event.member() else { return false };
            let is_in = |group| self.world.knowledge.api_in(group, loader, member).is_some();
            let is_known = || is_in(self.never) || is_in(self.options);
            is_known()
                || program.refs(loader).method(member).is_some_and(|target| {
                    if program.is_jdk(program.class_of_method(target)) {
                        program.text(program.method(target).name) == CONSTRUCTOR
                            || self.is_value_method(target)
                    } else {
                        depth > 0 && self.is_bookkeeping(target, depth - 1)
                    }
                })
        };
        body.method.has_body
            && body.origins.events().iter().all(|e| match e.kind {
                EventKind::Throw | EventKind::InvokeInterface | EventKind::InvokeDynamic => false,
                kind => !kind.is_invoke() || is_harmless_call(e),
            })
    }

    /// Whether a field is read that only ever holds new collections of the platform's own classes, made by code that is
    /// seen: these take what they are given.
    fn holds_own_collection(&self, body: Body<'_>, read: &Event) -> bool {
        let world = self.world;
        let program = world.program;
        let refs = program.refs(program.class(body.class).loader);
        let Some(field) = read.member().and_then(|m| refs.field(m)) else { return false };
        let access = program.field(field).access;
        let is_seen = access.is_private() || access.is_final();
        let mut writes = world.fields.writes(field).peekable();
        is_seen
            && writes.peek().is_some()
            && writes.all(|write| {
                let writer = world.body(write.method);
                let value = writer.origins.events().get(usize::from(write.event));
                let value = value.and_then(|e| writer.origins.args(e).last());
                value.is_some_and(|v| {
                    writer.origins.leaves(*v).all(|leaf| self.is_own_collection(writer, leaf))
                })
            })
    }

    fn is_own_collection(&self, body: Body<'_>, leaf: Value) -> bool {
        let program = self.world.program;
        let made = body.origins.event(leaf).filter(|(_, e)| e.kind == EventKind::New);
        let class = made.and_then(|(_, e)| program.find(program.class(body.class).loader, e.name()?));
        class.is_some_and(|c| {
            program.is_jdk(c) && COLLECTIONS.contains(&descriptor::package_of(program.class_name(c)))
        })
    }
}
