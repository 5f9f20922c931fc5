//! Methods that declare exceptions which they don't throw.

use super::{CONSTRUCTOR, Catch, Exceptions, Thrown, catches, is_unchecked};
use crate::dataflow::Body;
use crate::dataflow::marks::AUTO_CLOSEABLE;
use crate::facts::{Event, EventKind, Handler, Value};
use crate::vocabulary::MethodId;

/// Callees below one another that are asked.
const MAX_DEPTH: u32 = 3;
/// Overriders looked at for one call.
const MAX_TARGETS: usize = 4;

impl Exceptions<'_> {
    /// Whether none of the methods that a call may run throws what it declares. What has no body, declares it for others
    /// to come.
    pub(super) fn is_declared_in_vain(&self, body: Body<'_>, event: &Event, target: MethodId) -> bool {
        let is_own = || is_run_on_own_object(body, event);
        (!self.is_maker(target) || is_own()) && self.is_vain(body, event, target, MAX_DEPTH)
    }

    /// Whether a call is of a method without a body, and none of those that implement it so far throws anything that has
    /// to be declared.
    pub(crate) fn implementations_are_quiet(&self, body: Body<'_>, event: &Event) -> bool {
        let program = self.world.program;
        let refs = program.refs(program.class(body.class).loader);
        let target = event.member().and_then(|m| refs.method(m));
        let is_open =
            |t: &MethodId| !program.is_jdk(program.class_of_method(*t)) && !program.method(*t).has_body;
        let targets = target.filter(is_open).and_then(|_| self.world.all_targets(body, event, MAX_TARGETS));
        targets.is_some_and(|t| !t.is_empty() && !t.iter().any(|t| self.throws_checked(*t, MAX_DEPTH)))
    }

    /// Whether a method is the constructor of a class that itself says that its objects are to be closed: what it declares,
    /// whoever writes it anew may throw.
    fn is_maker(&self, method: MethodId) -> bool {
        let program = self.world.program;
        let class = program.class_of_method(method);
        let mut own = program.interfaces(class).iter();
        program.text(program.method(method).name) == CONSTRUCTOR
            && own.any(|c| program.has_supertype_named(*c, AUTO_CLOSEABLE))
    }

    fn is_vain(&self, body: Body<'_>, event: &Event, target: MethodId, depth: u32) -> bool {
        let program = self.world.program;
        if program.is_jdk(program.class_of_method(target)) || !program.method(target).has_body {
            return false;
        }
        let targets = self.world.all_targets(body, event, MAX_TARGETS).unwrap_or_default();
        !targets.is_empty() && !targets.iter().any(|t| self.throws_checked(*t, depth))
    }

    /// Whether something in a body may throw what has to be declared.
    fn throws_checked(&self, method: MethodId, depth: u32) -> bool {
        if let Some(known) = self.checked.borrow().get(&(method, depth)) {
            return *known;
        }
        let body = self.world.body(method);
        if depth == 0 || !body.method.has_body || !self.spend(body.origins.events().len()) {
            return true;
        }
        let unit = body.origins.unit;
        let blocks = unit.blocks_of(body.method);
        let loader = self.world.program.class(body.class).loader;
        let mut seen = vec![false; blocks.len()];
        let mut waiting = vec![0u16];
        let mut throws = false;
        let passing = passed_on(body);
        // A handler counts if something gets there: what it throws then is a consequence.
        while let Some(at) = waiting.pop().filter(|_| !throws) {
            let Some(block) = blocks.get(usize::from(at)) else { continue };
            if std::mem::replace(&mut seen[usize::from(at)], true) {
                continue;
            }
            let events = unit.events_in(body.method, block).iter();
            let handlers = unit.handlers(block);
            let keeping: Vec<Handler> =
                handlers.iter().filter(|h| passing.binary_search(&h.block).is_err()).copied().collect();
            // The first one that nobody keeps tells all: bodies may have many thousands.
            let mut thrown: Vec<Thrown> = Vec::new();
            throws = events.flat_map(|e| self.checked_of(body, e, depth)).any(|t| {
                thrown.push(t);
                !self.is_caught(body, &keeping, t)
            });
            let takes = |h: &&Handler| {
                let mut all = thrown.iter().chain(&[Thrown::Unchecked]);
                all.any(|t| catches(self.world, loader, h.catches, *t) != Catch::Never)
            };
            waiting.extend(handlers.iter().filter(takes).map(|h| h.block));
            waiting.extend(unit.successors(block));
        }
        // What is found with less depth left may be more than all; that there is nothing is so at any depth.
        let depths = if throws { depth..=depth } else { 1..=MAX_DEPTH };
        self.checked.borrow_mut().extend(depths.map(|depth| ((method, depth), throws)));
        throws
    }

    /// The exceptions that an event may throw and that have to be declared; those that are thrown again count where they
    /// come from.
    fn checked_of(&self, body: Body<'_>, event: &Event, depth: u32) -> Vec<Thrown> {
        let program = self.world.program;
        let loader = program.class(body.class).loader;
        match event.kind {
            EventKind::Throw => {
                let leaves = body.origins.leaves(body.origins.arg(event, 0));
                let made = leaves.filter(|leaf| !matches!(leaf, Value::Caught(_) | Value::Null));
                let made = made.map(|leaf| self.class_of(body, leaf).map_or(Thrown::Unknown, Thrown::Class));
                made.filter(|t| !is_unchecked(self.world, loader, *t)).collect()
            }
            EventKind::Lambda | EventKind::InvokeDynamic => Vec::new(),
            kind if kind.is_invoke() => {
                let Some(member) = event.member() else { return vec![Thrown::Unknown] };
                let is_calm = |group| self.world.knowledge.api_in(group, loader, member).is_some();
                if is_calm(self.never) || is_calm(self.options) {
                    return Vec::new();
                }
                let Some(target) = program.refs(loader).method(member) else {
                    let is_harmless = self.is_seen_to_declare_nothing(body, event);
                    return if is_harmless { Vec::new() } else { vec![Thrown::Unknown] };
                };
                let declared = self.declared(target);
                let is_vain = declared.is_empty() || self.is_vain(body, event, target, depth - 1);
                if is_vain { Vec::new() } else { declared }
            }
            _ => Vec::new(),
        }
    }
}

/// Whether a constructor runs another one on its own object.
fn is_run_on_own_object(body: Body<'_>, event: &Event) -> bool {
    event.kind == EventKind::InvokeSpecial
        && body.origins.unit.value(body.method, body.origins.arg(event, 0)) == Value::Param(0)
}

/// The handlers that throw again what they have caught: those of every `finally`, and of what closes on failure.
fn passed_on(body: Body<'_>) -> Vec<u16> {
    let throws = body.origins.events().iter().filter(|e| e.kind == EventKind::Throw);
    let leaves = throws.flat_map(|e| body.origins.leaves(body.origins.arg(e, 0)));
    let caught = leaves.filter_map(|leaf| if let Value::Caught(block) = leaf { Some(block) } else { None });
    let mut blocks: Vec<u16> = caught.collect();
    blocks.sort_unstable();
    blocks.dedup();
    blocks
}
