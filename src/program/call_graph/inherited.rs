//! What a module's class inherits from shared code and has run for it: whoever overrides a step of an algorithm has the
//! rest of the algorithm run, by a framework that no code shows.

use super::super::origin::Origins;
use super::{Kinds, Node, Work};
use crate::facts::{EventKind, MethodFacts, Value};
use crate::program::Program;
use crate::vocabulary::{ClassId, MethodId, Name};
use std::rc::Rc;

/// Calls of inherited methods on one another that are followed.
const MAX_ROUNDS: usize = 4;

/// An instance method of a shared class, and what it calls on its own object.
pub(super) struct Step {
    method: MethodId,
    is_private: bool,
    is_annotated: bool,
    calls: Vec<(Name, Name)>,
}

impl Work<'_, '_> {
    /// Edges from an object of a module's class to the methods that it inherits from shared classes and that call, on
    /// it, what the module implements; if frameworks make the objects, also to those that an annotation hands to one.
    pub(super) fn inherited_algorithms(&mut self, class: ClassId) {
        let program = self.program;
        let access = program.class_facts(class).access;
        if program.is_shared(class) || access.is_abstract() || access.is_interface() {
            return;
        }
        self.gather_above(class);
        let above = std::mem::take(&mut self.above);
        let shared = above.iter().map(|(above, _)| *above).filter(|c| program.is_shared(*c));
        let lists: Vec<Rc<[Step]>> = shared.map(|c| self.steps_of(c)).collect();
        self.above = above;
        let is_inherited = |step: &&Step| {
            let facts = program.method(step.method);
            step.is_private || program.select(class, facts.name, facts.desc) == Some(step.method)
        };
        let steps: Vec<&Step> = lists.iter().flat_map(|list| list.iter()).filter(is_inherited).collect();
        if steps.is_empty() {
            return;
        }
        let is_made_unseen = self.hierarchy.is_made_unseen(class);
        let is_own = |(name, desc): &(Name, Name)| {
            let selected = program.select(class, *name, *desc);
            selected.is_some_and(|m| !program.is_shared(program.class_of_method(m)) && !self.is_of_jdk(m))
        };
        let mut runs: Vec<bool> = steps
            .iter()
            .map(|step| is_made_unseen && step.is_annotated || step.calls.iter().any(is_own))
            .collect();
        for _ in 0..MAX_ROUNDS {
            let running = |call: &(Name, Name)| {
                let named = steps.iter().zip(&runs).filter(|(_, runs)| **runs).map(|(step, _)| step.method);
                named.map(|m| program.method(m)).any(|m| (m.name, m.desc) == *call)
            };
            let more: Vec<bool> =
                steps.iter().zip(&runs).map(|(step, runs)| *runs || step.calls.iter().any(running)).collect();
            if more == runs {
                break;
            }
            runs = more;
        }
        let mut has_any = false;
        for (step, _) in steps.iter().zip(runs).filter(|(step, runs)| *runs && !step.is_private) {
            self.edge(Node::Instance(class), Node::Method(step.method));
            has_any = true;
        }
        if has_any && is_made_unseen {
            let name = self.known.constructor;
            let constructors = program.methods_of(class).filter(|(_, m)| Some(m.name) == name);
            for (constructor, _) in constructors {
                self.edge(Node::Method(constructor), Node::Instance(class));
            }
        }
    }

    fn is_of_jdk(&self, method: MethodId) -> bool {
        self.program.is_jdk(self.program.class_of_method(method))
    }

    fn steps_of(&mut self, class: ClassId) -> Rc<[Step]> {
        if let Some(known) = self.steps.get(&class) {
            return known.clone();
        }
        let steps: Rc<[Step]> = self
            .program
            .methods_of(class)
            .filter(|(id, m)| {
                let kinds = self.numbers.kinds(*id);
                m.has_body && !kinds.has(Kinds::STATIC) && !kinds.has(Kinds::CONSTRUCTOR)
            })
            .map(|(id, m)| step(self.program, class, id, m))
            .filter(|step| step.is_annotated || !step.calls.is_empty())
            .collect();
        self.steps.insert(class, steps.clone());
        steps
    }
}

fn step(program: &Program<'_>, class: ClassId, method: MethodId, facts: &MethodFacts) -> Step {
    let origins = Origins { unit: program.unit(class), method: facts };
    let on_itself = origins.events().iter().filter(|event| {
        let is_call = event.kind.has_receiver() || event.kind == EventKind::Lambda;
        is_call && origins.args(event).first().is_some_and(|v| origins.may_be(*v, Value::Param(0)))
    });
    let mut calls: Vec<(Name, Name)> = on_itself
        .filter_map(|event| event.member())
        .map(|member| program.facts.members.get(member))
        .map(|member| (member.name, member.desc))
        .collect();
    calls.sort_unstable();
    calls.dedup();
    let is_annotated = program.is_marked(program.unit(class).annotations_of(facts));
    Step { method, is_private: facts.access.is_private(), is_annotated, calls }
}
