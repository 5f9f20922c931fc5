//! Questions about values that cross method borders: what changes a field's value, where an argument comes from, what
//! is acquired and not released.
//!
//! Bodies are never interpreted again here; their events and origins are followed through calls, fields and getters.
//! What is known of APIs comes in as [`Knowledge`], so that no class of a library is named in code.
//! May import: vocabulary, facts, topology, program

mod bounds;
pub mod changes;
pub mod context_loaders;
pub(crate) mod earlier;
pub mod effects;
mod exceptions;
pub mod frozen;
pub mod held;
pub mod initialisation;
pub mod knowledge;
pub mod lazy;
pub mod marks;
pub mod may_hold;
pub mod new_objects;
pub mod objects;
pub mod obligations;
pub(crate) mod operands;
pub mod origins;
pub mod own_answer;
pub mod own_work;
pub mod paths;
pub mod reflective;
pub mod remembered;
mod rounds;
pub mod unload;
mod written;

pub use bounds::Bounds;
pub(crate) use bounds::{Share, n_events};
pub use changes::{Change, ChangeTable, Changes, How};
pub use knowledge::{ApiId, Knowledge, Role};

use crate::facts::{ArchiveFacts, Event, MethodFacts};
use crate::program::{
    CallGraph, CallSites, FieldGraph, Hierarchy, Origins, Program, Reach, classes_in_final,
};
use crate::vocabulary::{ClassId, MethodId};

/// Everything that analyses ask.
pub struct World<'w> {
    /// The linked classes.
    pub program: &'w Program<'w>,
    /// Their hierarchy.
    pub hierarchy: &'w Hierarchy,
    /// Who calls whom.
    pub calls: &'w CallGraph,
    /// The same, backwards.
    pub sites: &'w CallSites,
    /// Who accesses which field.
    pub fields: &'w FieldGraph,
    /// Which tenants reach which method.
    pub reach: &'w Reach<'w>,
    /// What is known of APIs.
    pub knowledge: &'w Knowledge,
    /// What the archives say about themselves; indexed as in path elements.
    pub archives: &'w [ArchiveFacts],
    /// Where methods are noted that are not looked at whole.
    pub bounds: &'w Bounds,
}

/// One method with its body's tables at hand.
#[derive(Clone, Copy)]
pub struct Body<'w> {
    /// Its id.
    pub id: MethodId,
    /// The class that declares it.
    pub class: ClassId,
    /// Its facts.
    pub method: &'w MethodFacts,
    /// Its values.
    pub origins: Origins<'w>,
}

impl<'w> World<'w> {
    /// A method's body.
    pub fn body(&self, id: MethodId) -> Body<'w> {
        let class = self.program.class_of_method(id);
        let method = self.program.method(id);
        Body { id, class, method, origins: Origins { unit: self.program.unit(class), method } }
    }

    /// The event at a position of a method.
    pub fn event(&self, id: MethodId, event: u16) -> Option<&'w Event> {
        self.body(id).origins.events().get(usize::from(event))
    }

    /// The methods that a call may run, JDK methods left out; `None` if there are more than `limit`.
    pub fn targets(&self, body: Body<'_>, event: &Event, limit: usize) -> Option<Vec<MethodId>> {
        self.selected(body, event, limit, |class| self.reach.has_instances(class))
    }

    /// The same, objects of classes included that no code which was seen makes.
    pub fn all_targets(&self, body: Body<'_>, event: &Event, limit: usize) -> Option<Vec<MethodId>> {
        self.selected(body, event, limit, |_| true)
    }

    fn selected(
        &self,
        body: Body<'_>,
        event: &Event,
        limit: usize,
        has_instances: impl Fn(ClassId) -> bool,
    ) -> Option<Vec<MethodId>> {
        use crate::facts::EventKind::{InvokeInterface, InvokeVirtual};
        use crate::program::Node;
        let refs = self.program.refs(self.program.class(body.class).loader);
        let Some(target) = event.member().and_then(|m| refs.method(m)) else { return Some(Vec::new()) };
        let facts = self.program.method(target);
        let fixed = facts.access.is_static() || facts.access.is_private() || facts.access.is_final();
        if fixed || !matches!(event.kind, InvokeVirtual | InvokeInterface) {
            return Some(if facts.has_body { vec![target] } else { Vec::new() });
        }
        let mut found = Vec::new();
        // Overriders that may be overridden themselves; most calls have none.
        let mut dispatched: Vec<MethodId> = Vec::new();
        let mut next = 0;
        let mut at = target;
        loop {
            let successors = self.calls.selected(at);
            if successors.len() > limit * 4 {
                return None;
            }
            for to in successors {
                match self.calls.node(*to) {
                    Node::Method(m) | Node::Dispatch(m)
                        if !has_instances(self.program.class_of_method(m)) => {}
                    Node::Method(m) if self.program.method(m).has_body => found.push(m),
                    Node::Dispatch(m) if m != target && !dispatched.contains(&m) => dispatched.push(m),
                    _ => {}
                }
            }
            if found.len() > limit || dispatched.len() >= limit * 4 {
                return None;
            }
            let Some(method) = dispatched.get(next) else { break };
            at = *method;
            next += 1;
        }
        found.sort_unstable();
        found.dedup();
        if !found.is_empty() && self.program.is_jdk(self.program.class_of_method(target)) {
            self.retain_selectable(body, event, &mut found);
        }
        Some(found)
    }

    /// Leaves out what no object in the final fields that the receiver is read from selects: a `ThreadLocal` that is made
    /// as one is none of the subclasses that some library has.
    fn retain_selectable(&self, body: Body<'_>, event: &Event, found: &mut Vec<MethodId>) {
        let refs = self.program.refs(self.program.class(body.class).loader);
        let read = |leaf| {
            let (_, event) = body.origins.event(leaf)?;
            refs.field(event.member()?)
        };
        let classes = body
            .origins
            .leaves(body.origins.arg(event, 0))
            .map(|leaf| classes_in_final(self.program, read(leaf)?));
        let Some(classes) = classes.collect::<Option<Vec<_>>>() else { return };
        found.retain(|method| {
            let facts = self.program.method(*method);
            let selected =
                |class: &ClassId| self.program.select(*class, facts.name, facts.desc) == Some(*method);
            classes.iter().flatten().any(selected)
        });
    }
}
