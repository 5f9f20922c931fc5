//! Rapid type analysis: which classes have instances that code which runs has made.
//!
//! Without it a call of `Runnable.run` would select the `run` of every library on the class path that anybody might
//! ever start.

use super::call_graph::{CallGraph, Node};
use super::hierarchy::Hierarchy;
use super::link::Program;
use crate::vocabulary::{ClassId, MethodId};
use rustc_hash::{FxHashMap, FxHashSet};

/// The classes with instances.
#[derive(Default)]
pub struct Live {
    live: Vec<bool>,
    /// Dispatch nodes of the JDK's methods that may select methods of too many classes to mean anything.
    wide: FxHashSet<u32>,
}

/// A call of a JDK method that may select more methods of the deployment than this is not followed to them. Whoever
/// makes an object reaches what the JDK calls back on it, so what is lost are objects that come from somewhere else.
pub const MAX_JDK_TARGETS: usize = 4;

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
            unseen: FxHashMap::default(),
        };
        for id in (0..program.classes.len()).map(ClassId::from_index) {
            // Lambdas are instances of interfaces, and have no class of their own.
            if program.is_jdk(id) || program.class_facts(id).access.is_interface() {
                search.make(id);
            } else if hierarchy.is_made_unseen(id) {
                if program.is_application(id) {
                    search.make(id);
                } else {
                    search.unseen.entry(program.archive_of(id)).or_default().push(id);
                }
            }
        }
        roots.for_each(|m| search.enter(m.0));
        search.run();
        let mut live = Self { live: search.live, wide: FxHashSet::default() };
        live.wide = live.wide_nodes(program, graph);
        live
    }

    fn wide_nodes(&self, program: &Program<'_>, graph: &CallGraph) -> FxHashSet<u32> {
        let nodes = (0..program.n_methods)
            .map(MethodId::from_index)
            .filter(|m| program.is_jdk(program.class_of_method(*m)));
        let nodes = nodes.filter(|m| !graph.selected(*m).is_empty()).map(|m| graph.index(Node::Dispatch(m)));
        nodes.filter(|node| self.n_targets(program, graph, *node) > MAX_JDK_TARGETS).collect()
    }

    /// Number of the deployment's methods that a dispatch node may select, as far as the bound.
    fn n_targets(&self, program: &Program<'_>, graph: &CallGraph, node: u32) -> usize {
        let mut waiting = vec![node];
        let mut seen = FxHashSet::default();
        let mut n = 0;
        while let Some(at) = waiting.pop() {
            for &to in graph.successors(at) {
                let is_method = matches!(graph.node(to), Node::Method(_));
                if !self.is_possible(program, graph, at, to) || !seen.insert(to) {
                    continue;
                }
                if is_method {
                    n += 1;
                } else {
                    waiting.push(to);
                }
            }
            if n > MAX_JDK_TARGETS {
                break;
            }
        }
        n
    }

    /// Whether a class or a subclass of it has an instance.
    pub fn has_instances(&self, class: ClassId) -> bool {
        self.live.get(class.index()).copied().unwrap_or(false)
    }

    /// Whether no edge from this node is followed: it stands for a call that may select too many methods to tell.
    pub fn is_wide(&self, from: u32) -> bool {
        self.wide.contains(&from)
    }

    /// Whether an edge of the call graph that does not start at a [wide](Self::is_wide) node is followed. Only those from
    /// dispatch nodes may not be: when there is no instance to select the method on.
    pub fn is_possible(&self, program: &Program<'_>, graph: &CallGraph, from: u32, to: u32) -> bool {
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
    /// Libraries' classes that only reflection makes, by archive: they have instances once the library is in use.
    unseen: FxHashMap<usize, Vec<ClassId>>,
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

    fn use_archive(&mut self, class: ClassId) {
        for made in self.unseen.remove(&self.program.archive_of(class)).unwrap_or_default() {
            self.make(made);
        }
    }

    fn run(&mut self) {
        let graph = self.graph;
        while let Some(from) = self.waiting.pop() {
            let node = graph.node(from);
            match node {
                Node::Instance(class) => self.make(class),
                Node::Method(method) => self.use_archive(self.program.class_of_method(method)),
                // Who calls a method has got an object to call it on.
                Node::Dispatch(method) if !self.program.is_jdk(self.program.class_of_method(method)) => {
                    self.use_archive(self.program.class_of_method(method));
                }
                Node::Dispatch(_) => {}
            }
            for &to in graph.successors(from) {
                if self.seen[to as usize] {
                    continue;
                }
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
