//! What bodies throw in so many words.

use super::{Exceptions, ILLEGAL_STATE, RUNTIME_EXCEPTION, Reading, Thrown, add};
use crate::dataflow::Body;
use crate::facts::{Event, EventKind, Test, Value};
use crate::vocabulary::MethodId;
use rustc_hash::FxHashSet;
use std::rc::Rc;
use std::sync::Arc;

/// Bodies of which it is remembered what they do.
const MAX_OWN: usize = 1 << 12;
/// Of bodies with more events it is remembered for all who ask.
const MANY_EVENTS: usize = 256;

/// What a body does that may end it by an unchecked exception.
#[derive(Clone, Copy)]
pub(crate) enum Own {
    /// It throws this.
    Throws(Thrown),
    /// It calls a deployed method, in the block of this number.
    Calls(MethodId, u16),
}

impl Exceptions<'_> {
    /// Looks into what the calls of a body throw explicitly, in their order.
    pub(super) fn look_into(&self, body: Body<'_>, reading: Reading) {
        let program = self.world.program;
        let loader = program.class(body.class).loader;
        let refs = program.refs(loader);
        for event in body.origins.events().iter().filter(|e| e.kind.is_invoke()) {
            let Some(member) = event.member() else { continue };
            let Some(target) = refs.method(member) else { continue };
            if program.is_jdk(program.class_of_method(target)) {
                continue;
            }
            let is_in = |group| self.world.knowledge.api_in(group, loader, member).is_some();
            if !is_in(self.never) && (reading == Reading::AnyCall || !is_in(self.checks)) {
                self.explicit(target);
            }
        }
    }

    /// Unchecked exceptions that a body makes, throws and does not catch, and those of its callees that were looked into
    /// before. What lies deeper says more about bugs than about what happens.
    pub(super) fn explicit(&self, method: MethodId) -> Rc<[Thrown]> {
        if let Some(known) = self.explicit.borrow().get(&method) {
            return Rc::clone(known);
        }
        let body = self.world.body(method);
        if !body.method.has_body {
            return Rc::default();
        }
        let unit = body.origins.unit;
        let mut found = Vec::new();
        let own = self.own(body);
        if !self.spend(own.len()) {
            return Rc::default();
        }
        for own in own.iter() {
            match *own {
                Own::Throws(thrown) => add(&mut found, thrown),
                Own::Calls(callee, block) => {
                    let known = self.explicit.borrow();
                    let Some(thrown) = known.get(&callee).filter(|thrown| !thrown.is_empty()) else {
                        continue;
                    };
                    let block = unit.blocks_of(body.method).get(usize::from(block));
                    let handlers = block.map_or(&[][..], |b| unit.handlers(b));
                    for thrown in thrown.iter().filter(|t| !self.is_caught(body, handlers, **t)) {
                        add(&mut found, *thrown);
                    }
                }
            }
        }
        let found: Rc<[Thrown]> = found.into();
        self.explicit.borrow_mut().insert(method, Rc::clone(&found));
        found
    }

    /// What a body throws by itself and does not catch, and the deployed methods that it calls, in the order of events.
    fn own(&self, body: Body<'_>) -> Arc<[Own]> {
        if body.origins.events().len() > MANY_EVENTS {
            return self.world.bounds.thrown.get_or_find(body.id, || self.find_own(body));
        }
        if let Some(known) = self.own.borrow().get(&body.id) {
            return Arc::clone(known);
        }
        let found = self.find_own(body);
        self.own.borrow_mut().insert(body.id, Arc::clone(&found));
        found
    }

    fn find_own(&self, body: Body<'_>) -> Arc<[Own]> {
        let program = self.world.program;
        let refs = program.refs(program.class(body.class).loader);
        let unit = body.origins.unit;
        let mut found = Vec::new();
        let mut called = FxHashSet::default();
        let refusals: FxHashSet<u16> = null_refusals(body).into_iter().collect();
        for (b, block) in unit.blocks_of(body.method).iter().enumerate() {
            if refusals.contains(&(b as u16)) {
                continue;
            }
            for event in unit.events_in(body.method, block) {
                use EventKind::{InvokeSpecial, InvokeStatic, InvokeVirtual};
                match event.kind {
                    EventKind::Throw => {
                        let thrown = self.unchecked_of(body, event).into_iter();
                        let leaves = thrown.filter(|t| !self.is_caught(body, unit.handlers(block), *t));
                        found.extend(leaves.map(Own::Throws));
                    }
                    InvokeStatic | InvokeSpecial | InvokeVirtual => {
                        let target = event.member().and_then(|m| refs.method(m));
                        let target = target.filter(|t| !program.is_jdk(program.class_of_method(*t)));
                        let target = target.filter(|t| called.insert((*t, b)));
                        found.extend(target.map(|t| Own::Calls(t, b as u16)));
                    }
                    _ => {}
                }
            }
        }
        found.into()
    }

    /// Tells that what is asked from now on has nothing to do with what was asked before. Answers that end somewhere are
    /// forgotten: what is told of a method may not depend on the classes that lie beside its own.
    /// So many events of callees may be looked at for it.
    pub(crate) fn begin(&self, n_steps: u64) {
        self.n_allowed.set(n_steps);
        self.n_spent.set(0);
        self.explicit.borrow_mut().clear();
        self.checked.borrow_mut().clear();
        if self.own.borrow().len() > MAX_OWN {
            self.own.borrow_mut().clear();
        }
    }

    /// Events of callees that were looked at.
    pub(crate) fn n_spent(&self) -> u64 {
        self.n_spent.get()
    }

    /// Whether these are all that may be; then callees count as throwing nothing in so many words, and as throwing what
    /// they declare.
    pub(crate) fn is_spent(&self) -> bool {
        self.n_spent.get() > self.n_allowed.get()
    }

    pub(super) fn spend(&self, n: usize) -> bool {
        self.n_spent.set(self.n_spent.get().saturating_add(n as u64));
        !self.is_spent()
    }

    /// The unchecked exceptions that a `throw` throws and that the body itself makes.
    fn unchecked_of(&self, body: Body<'_>, event: &Event) -> Vec<Thrown> {
        let program = self.world.program;
        let loader = program.class(body.class).loader;
        let made = body.origins.leaves(body.origins.arg(event, 0)).filter_map(|leaf| {
            let name = self.class_of(body, leaf)?;
            let class = program.find(loader, name)?;
            let is_unready = program.text(name) == ILLEGAL_STATE;
            let thrown = if is_unready { Thrown::Unchecked } else { Thrown::Class(name) };
            program.has_supertype_named(class, RUNTIME_EXCEPTION).then_some(thrown)
        });
        made.collect()
    }
}

/// Blocks that are entered because a parameter is null: they refuse what no caller passes on purpose.
fn null_refusals(body: Body<'_>) -> Vec<u16> {
    let is_given = |v| matches!(body.origins.unit.value(body.method, v), Value::Param(_));
    let blocks = body.origins.unit.blocks_of(body.method).iter();
    let refusals = blocks.filter_map(|block| {
        let edges = body.origins.unit.successors(block);
        match block.test() {
            Test::IsNull(v) if is_given(v) => edges.first().copied(),
            Test::NonNull(v) if is_given(v) => edges.get(1).copied(),
            _ => None,
        }
    });
    refusals.collect()
}
