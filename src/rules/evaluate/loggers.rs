//! By which names a value was asked for, however it gets to where it is used: through a field, a method that yields it, as
//! the parent of another one or one of its handlers.

use super::context::Context;
use super::named::{ROOTS, is_known};
use crate::dataflow::Body;
use crate::dataflow::origins::{self, Origin};
use crate::facts::{Event, EventKind};
use crate::vocabulary::descriptor::binary_name;
use crate::vocabulary::{ClassId, MethodId, Name, ValueId};
use rustc_hash::FxHashSet;

/// Values looked at for one question.
const MAX_SEEN: usize = 64;
/// Writes of one field that are looked at.
const MAX_WRITES: usize = 16;
/// Methods that one call may select.
const MAX_TARGETS: usize = 2;

/// The APIs that yield what belongs to a named thing: its handlers.
const PARTS: &str = "jul-handlers-get";
/// The APIs that yield the nearest one above a named one.
const ABOVE: &str = "jul-parent-get";

/// A name that something was asked for by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// A constant.
    Text(Name),
    /// That of a class.
    Class(ClassId),
    /// None: it is the one above all others.
    Root,
    /// None: whoever asks gets the same.
    OfAll,
}

/// What is left to look at.
struct Search<'c, 'w> {
    cx: &'c Context<'w>,
    by: &'c [String],
    seen: FxHashSet<(MethodId, ValueId, bool)>,
    /// With whether it is asked for what stands above the value.
    waiting: Vec<(MethodId, ValueId, bool)>,
    found: Vec<Named>,
}

/// The names that a value was asked for by, in calls of some APIs.
pub(super) fn names_of(cx: &Context<'_>, body: Body<'_>, value: ValueId, by: &[String]) -> Vec<Named> {
    let waiting = vec![(body.id, value, false)];
    let mut search = Search { cx, by, seen: FxHashSet::default(), waiting, found: Vec::new() };
    while let Some(at) = search.waiting.pop() {
        if !search.seen.insert(at) {
            continue;
        }
        if search.seen.len() > MAX_SEEN {
            break;
        }
        let (method, value, is_above) = at;
        let body = cx.world.body(method);
        for (_, event) in body.origins.leaves(value).filter_map(|leaf| body.origins.event(leaf)) {
            search.event(body, event, is_above);
        }
    }
    search.found
}

impl Search<'_, '_> {
    fn event(&mut self, body: Body<'_>, event: &Event, is_above: bool) {
        let world = self.cx.world;
        let loader = world.program.class(body.class).loader;
        let is_api = |group: &str| {
            event
                .member()
                .is_some_and(|m| world.knowledge.api_in(world.knowledge.group(group), loader, m).is_some())
        };
        match event.kind {
            EventKind::ArrayLoad => self.waiting.push((body.id, body.origins.arg(event, 0), is_above)),
            EventKind::GetField | EventKind::GetStatic => self.field(body, event, is_above),
            kind if !kind.is_invoke() => {}
            _ if event
                .member()
                .is_some_and(|m| world.knowledge.apis(loader, m).any(|api| self.cx.is_api(api, self.by))) =>
            {
                self.named(body, event, is_above);
            }
            _ if is_api(PARTS) => self.waiting.push((body.id, body.origins.arg(event, 0), is_above)),
            _ if is_api(ABOVE) => self.waiting.push((body.id, body.origins.arg(event, 0), true)),
            _ => {
                for target in world.targets(body, event, MAX_TARGETS).unwrap_or_default() {
                    let callee = world.body(target);
                    let returns = callee.origins.events().iter().filter(|e| e.kind == EventKind::Return);
                    let values = returns.filter_map(|e| callee.origins.args(e).first());
                    self.waiting.extend(values.map(|value| (target, *value, is_above)));
                }
            }
        }
    }

    fn field(&mut self, body: Body<'_>, read: &Event, is_above: bool) {
        let world = self.cx.world;
        let refs = world.program.refs(world.program.class(body.class).loader);
        let field = read.member().and_then(|m| refs.field(m));
        for write in field.into_iter().flat_map(|f| world.fields.writes(f)).take(MAX_WRITES) {
            let writer = world.body(write.method);
            let stored = world.event(write.method, write.event).and_then(|e| writer.origins.args(e).last());
            self.waiting.extend(stored.map(|value| (write.method, *value, is_above)));
        }
    }

    /// The names that a call which yields a named thing is given.
    fn named(&mut self, body: Body<'_>, call: &Event, is_above: bool) {
        let position = usize::from(call.kind.has_receiver());
        let Some(name) = body.origins.args(call).get(position) else {
            return self.found.push(if is_above { Named::Root } else { Named::OfAll });
        };
        let found = origins::of_value(self.cx.world, body.id, *name).into_iter();
        let names = found.filter_map(|f| match f.origin {
            Origin::Text(text) if !f.is_derived => Some(Named::Text(text)),
            Origin::ClassLiteral(_, class) => class.map(Named::Class),
            _ => None,
        });
        if is_above {
            let n_below = names.filter(|name| self.is_below_root(*name)).count();
            self.found.extend(std::iter::repeat_n(Named::Root, n_below));
        } else {
            self.found.extend(names);
        }
    }

    /// Whether nothing is seen to be asked for by a name between a name and the root's.
    fn is_below_root(&self, name: Named) -> bool {
        let program = self.cx.world.program;
        let text = match name {
            Named::Text(name) => program.text(name).to_owned(),
            Named::Class(class) => binary_name(program.class_name(class)),
            Named::Root | Named::OfAll => return false,
        };
        let dots = text.match_indices('.').map(|(at, _)| at);
        !ROOTS.contains(&text.as_str()) && dots.into_iter().all(|at| !is_known(self.cx, &text[..at]))
    }
}
