//! Rapid type analysis: which classes have instances that code which runs has made.
//!
//! Without it a call of `Runnable.run` would select the `run` of every library on the class path that anybody might
//! ever start.

use super::bits::BitSet;
use super::call_graph::{CallGraph, Node};
use super::hierarchy::Hierarchy;
use super::link::Program;
use crate::vocabulary::{ClassId, MethodId};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::VecDeque;

/// The classes with instances.
#[derive(Default)]
pub struct Live {
    live: Vec<bool>,
    /// Nodes of methods of these classes, which alone a dispatch node leads to.
    selectable: BitSet,
    /// Dispatch nodes of the JDK's methods that may select methods of too many classes to mean anything.
    wide: FxHashSet<u32>,
}

/// A call of a JDK method that may select more methods of the deployment than this is not followed to them. Whoever
/// makes an object reaches what the JDK calls back on it, so what is lost are objects that come from somewhere else.
pub const MAX_JDK_TARGETS: usize = 4;

/// What anybody may have a class of his own of, and calls by the name that the JDK gives it: of all the maps that are
/// asked for an entry hardly one is of the one class of a library that overrides `get`.
const CONTAINERS: [&str; 2] = ["java/util/Collection", "java/util/Map"];

fn is_of_container(program: &Program<'_>, class: ClassId) -> bool {
    CONTAINERS.iter().any(|name| program.has_supertype_named(class, name))
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
            seen: BitSet::new(graph.n_nodes()),
            waiting: VecDeque::new(),
            blocked: FxHashMap::default(),
            unseen: FxHashMap::default(),
            used: BitSet::new(program.classes.len()),
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
        let selectable = selectable(program, graph, &search.live);
        let mut live = Self { live: search.live, selectable, wide: FxHashSet::default() };
        live.wide = live.wide_nodes(program, graph);
        live
    }

    fn wide_nodes(&self, program: &Program<'_>, graph: &CallGraph) -> FxHashSet<u32> {
        let nodes = (0..program.n_methods)
            .map(MethodId::from_index)
            .filter(|m| program.is_jdk(program.class_of_method(*m)));
        let nodes = nodes.filter(|m| !graph.selected(*m).is_empty());
        let is_wide = |m: &MethodId| {
            is_of_container(program, program.class_of_method(*m))
                || self.n_targets(graph, graph.index(Node::Dispatch(*m))) > MAX_JDK_TARGETS
        };
        nodes.filter(is_wide).map(|m| graph.index(Node::Dispatch(m))).collect()
    }

    /// Number of the deployment's methods that a dispatch node may select, as far as the bound.
    fn n_targets(&self, graph: &CallGraph, node: u32) -> usize {
        let mut waiting = vec![node];
        let mut seen = FxHashSet::default();
        let mut n = 0;
        while let Some(at) = waiting.pop() {
            for to in self.possible(graph.is_dispatch(at), graph.successors(at)) {
                if !seen.insert(to) {
                    continue;
                }
                if matches!(graph.node(to), Node::Method(_)) {
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

    /// The nodes that an edge leads to from a node. Only from dispatch nodes some may not be followed: when there is no
    /// instance to select the method on, and none when the call may select too many methods to tell.
    pub fn followed<'g>(&'g self, graph: &'g CallGraph, from: u32) -> impl Iterator<Item = u32> + use<'g> {
        let is_wide = graph.is_dispatch(from) && self.wide.contains(&from);
        let nodes = if is_wide { &[] } else { graph.successors(from) };
        self.possible(graph.is_dispatch(from), nodes)
    }

    fn possible<'g>(&'g self, is_selected: bool, nodes: &'g [u32]) -> impl Iterator<Item = u32> + use<'g> {
        nodes.iter().copied().filter(move |to| !is_selected || self.selectable.has(*to as usize))
    }
}

fn selectable(program: &Program<'_>, graph: &CallGraph, live: &[bool]) -> BitSet {
    let mut nodes = BitSet::new(graph.n_nodes());
    for (class, _) in live.iter().enumerate().filter(|(_, live)| **live) {
        for (method, _) in program.methods_of(ClassId::from_index(class)) {
            nodes.add(method.index());
            nodes.add(graph.index(Node::Dispatch(method)) as usize);
        }
    }
    nodes
}

struct Search<'s, 'f> {
    program: &'s Program<'f>,
    graph: &'s CallGraph,
    live: Vec<bool>,
    seen: BitSet,
    /// Nodes that were seen and not followed yet, in order.
    waiting: VecDeque<u32>,
    /// Nodes that a dispatch leads to once the class has an instance.
    blocked: FxHashMap<ClassId, Vec<u32>>,
    /// Libraries' classes that only reflection makes, by archive: they have instances once the library is in use.
    unseen: FxHashMap<usize, Vec<ClassId>>,
    /// Classes whose archives are known to be in use.
    used: BitSet,
}

impl Search<'_, '_> {
    fn enter(&mut self, node: u32) {
        if self.seen.add(node as usize) {
            self.waiting.push_back(node);
        }
    }

    /// An object of a class is one of each of its supertypes.
    fn make(&mut self, class: ClassId) {
        if self.live[class.index()] {
            return;
        }
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
        if !self.used.add(class.index()) {
            return;
        }
        for made in self.unseen.remove(&self.program.archive_of(class)).unwrap_or_default() {
            self.make(made);
        }
    }

    fn run(&mut self) {
        let graph = self.graph;
        while let Some(from) = self.waiting.pop_front() {
            match graph.node(from) {
                Node::Instance(class) => self.make(class),
                Node::Method(method) => {
                    let class = self.program.class_of_method(method);
                    self.use_archive(class);
                    // A class is initialised before a method of it runs (JLS 12.4.1), whoever calls that.
                    if let Some(initializer) = self.program.class_initializer(class) {
                        self.enter(initializer.0);
                    }
                }
                Node::Dispatch(method) => {
                    let class = self.program.class_of_method(method);
                    // Who calls a method has got an object to call it on.
                    if !self.program.is_jdk(class) {
                        self.use_archive(class);
                    }
                    self.select(from);
                    continue;
                }
            }
            graph.successors(from).iter().for_each(|to| self.enter(*to));
        }
    }

    /// What a dispatch node leads to: methods of classes that have an instance, others once they have one.
    fn select(&mut self, from: u32) {
        let graph = self.graph;
        for &to in graph.successors(from) {
            if self.seen.has(to as usize) {
                continue;
            }
            if let Node::Method(method) | Node::Dispatch(method) = graph.node(to) {
                let class = self.program.class_of_method(method);
                if !self.live[class.index()] {
                    self.blocked.entry(class).or_default().push(to);
                    continue;
                }
            }
            self.enter(to);
        }
    }
}
