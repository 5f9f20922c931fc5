//! Rapid type analysis: which classes have instances that code which runs has made.
//!
//! Without it a call of `Runnable.run` would select the `run` of every library on the class path that anybody might
//! ever start.

use super::call_graph::{CallGraph, Node};
use super::hierarchy::Hierarchy;
use super::link::Program;
use crate::vocabulary::{ClassId, MethodId};
use rustc_hash::FxHashMap;

/// The classes with instances.
#[derive(Default)]
pub struct Live {
    live: Vec<bool>,
}

impl Live {
    /// Follows all calls from the roots, class initialisers too. A dispatch node leads to an overrider only once an
    /// object of its class, or of a subclass, has been made by code that was reached, or is made where no code shows it.
    pub fn find(
        program: &Program<'_>,
        hierarchy: &Hierarchy,
        graph: &CallGraph,
        roots: impl Iterator<Item = MethodId>,
    ) -> Self {
        let mut search = Search {
            program,
            graph,
            live: vec![false; program.classes.len()],
            seen: vec![false; graph.n_nodes()],
            waiting: Vec::new(),
            blocked: FxHashMap::default(),
        };
        for id in (0..program.classes.len()).map(ClassId::from_index) {
            // Lambdas are instances of interfaces, and have no class of their own.
            if hierarchy.is_made_unseen(id) || program.class_facts(id).access.is_interface() {
                search.make(id);
            }
        }
        roots.for_each(|m| search.enter(m.0));
        search.run();
        Self { live: search.live }
    }

    /// Whether a class or a subclass of it has an instance.
    pub fn has_instances(&self, class: ClassId) -> bool {
        self.live.get(class.index()).copied().unwrap_or(false)
    }

    /// Whether an edge of the call graph can be taken: only those from dispatch nodes depend on instances.
    pub fn is_open(&self, program: &Program<'_>, graph: &CallGraph, from: u32, to: u32) -> bool {
        match (graph.node(from), graph.node(to)) {
            (Node::Dispatch(_), Node::Method(m) | Node::Dispatch(m)) => {
                self.has_instances(program.class_of_method(m))
            }
            _ => true,
        }
    }
}

struct Search<'s, 'f> {
    program: &'s Program<'f>,
    graph: &'s CallGraph,
    live: Vec<bool>,
    seen: Vec<bool>,
    waiting: Vec<u32>,
    /// Nodes that a dispatch leads to once the class has an instance.
    blocked: FxHashMap<ClassId, Vec<u32>>,
}

impl Search<'_, '_> {
    fn enter(&mut self, node: u32) {
        if !std::mem::replace(&mut self.seen[node as usize], true) {
            self.waiting.push(node);
        }
    }

    /// An object of a class is one of each of its supertypes.
    fn make(&mut self, class: ClassId) {
        let mut waiting = vec![class];
        while let Some(at) = waiting.pop() {
            if std::mem::replace(&mut self.live[at.index()], true) {
                continue;
            }
            for node in self.blocked.remove(&at).unwrap_or_default() {
                self.enter(node);
            }
            waiting.extend(self.program.supers(at));
        }
    }

    fn run(&mut self) {
        let graph = self.graph;
        while let Some(from) = self.waiting.pop() {
            let node = graph.node(from);
            if let Node::Instance(class) = node {
                self.make(class);
            }
            for &to in graph.successors(from) {
                match (node, graph.node(to)) {
                    (Node::Dispatch(_), Node::Method(m) | Node::Dispatch(m)) => {
                        let class = self.program.class_of_method(m);
                        if self.live[class.index()] {
                            self.enter(to);
                        } else {
                            self.blocked.entry(class).or_default().push(to);
                        }
                    }
                    _ => self.enter(to),
                }
            }
        }
    }
}
