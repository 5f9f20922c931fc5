//! The call graph: class hierarchy analysis, narrowed by what is instantiated.
//!
//! Besides methods there are two kinds of nodes that keep the graph linear in the program's size. A *dispatch* node
//! stands for "whatever a virtual call that resolves to this method may select": call sites point to it, and it
//! points to the method and to the dispatch nodes of its overriders. An *instance* node stands for "an object of this
//! class exists": whoever creates it lets the JDK call back the methods that override the JDK's.

use super::hierarchy::Hierarchy;
use super::link::{NO_CLASS, Program};
use super::node_numbers::Numbers;
use super::origin::Origins;
use super::receivers::FinalFields;
use super::reflection::{called_by_name, is_reflective_call};
use super::texts::{TextMaking, makes_text, text_of_operands};
use crate::facts::{Event, EventKind, MethodFacts, Value};
use crate::vocabulary::{ClassId, MethodId, Name, Parallel, sort_and_dedup};
use rustc_hash::{FxHashMap, FxHashSet};

/// A node of the call graph.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Node {
    /// The method itself runs.
    Method(MethodId),
    /// A virtual call that resolves to this method. A method that nothing can override has no such node; its
    /// [`Method`](Self::Method) stands for it.
    Dispatch(MethodId),
    /// An object of this class exists.
    Instance(ClassId),
}

/// Who may call whom.
pub struct CallGraph {
    /// First row of `targets` for each node, and one more.
    first: Vec<u32>,
    /// Successors of all nodes, ascending for each.
    targets: Vec<u32>,
    numbers: Numbers,
    initializers: Vec<bool>,
    /// Invoke instructions whose target was found.
    pub n_sites: usize,
    /// Invoke instructions whose target was not found in the view of the caller.
    pub n_unresolved: usize,
}

/// Providers of a service: the interface's internal name to the providers' internal names.
pub type Services = FxHashMap<String, Vec<String>>;

const SERVICE_LOADER: &str = "java/util/ServiceLoader";
const OBJECT: &str = "java/lang/Object";

#[derive(Default)]
struct Found {
    edges: Vec<(u32, u32)>,
    n_sites: usize,
    n_unresolved: usize,
}

impl CallGraph {
    /// Builds the graph of all classes.
    pub fn build(
        program: &Program<'_>,
        hierarchy: &Hierarchy,
        services: &Services,
        parallel: &impl Parallel,
    ) -> Self {
        const CHUNK: usize = 128;
        let n_classes = program.classes.len();
        let known = Known::of(program);
        let numbers = Numbers::of(program, &known);
        let mut found = parallel.map(n_classes.div_ceil(CHUNK), |chunk| {
            let mut work = Work {
                program,
                hierarchy,
                services,
                known,
                numbers: &numbers,
                found: Found::default(),
                seen: FxHashSet::default(),
                interfaces: Vec::new(),
                finals: FinalFields::default(),
            };
            for i in chunk * CHUNK..n_classes.min((chunk + 1) * CHUNK) {
                work.class(ClassId::from_index(i));
            }
            work.found.edges.shrink_to_fit();
            work.found
        });
        let n_sites = found.iter().map(|f| f.n_sites).sum();
        let n_unresolved = found.iter().map(|f| f.n_unresolved).sum();
        let n_nodes = numbers.first_instance() as usize + n_classes;
        let lists: Vec<Vec<(u32, u32)>> = found.iter_mut().map(|f| std::mem::take(&mut f.edges)).collect();
        let mut initializers = vec![false; program.n_methods];
        for class in 0..n_classes {
            if let Some(method) = program.class_initializer(ClassId::from_index(class)) {
                initializers[method.index()] = true;
            }
        }
        let (first, targets) = merge_edges(lists, n_nodes);
        Self { first, targets, numbers, initializers, n_sites, n_unresolved }
    }

    /// Number of nodes.
    pub fn n_nodes(&self) -> usize {
        self.first.len().saturating_sub(1)
    }

    /// Number of edges.
    pub fn n_edges(&self) -> usize {
        self.targets.len()
    }

    /// A node's number.
    pub fn index(&self, node: Node) -> u32 {
        self.numbers.of_node(node)
    }

    /// The node with this number.
    pub fn node(&self, index: u32) -> Node {
        self.numbers.node(index)
    }

    /// Numbers of the nodes that a virtual call of a method may lead to; none if no virtual call can name it.
    pub fn selected(&self, method: MethodId) -> &[u32] {
        self.numbers.of_dispatch(method).map_or(&[], |node| self.successors(node))
    }

    /// Numbers of a node's successors, ascending.
    pub fn successors(&self, index: u32) -> &[u32] {
        let node = index as usize;
        match (self.first.get(node), self.first.get(node + 1)) {
            (Some(&start), Some(&end)) => self.targets.get(start as usize..end as usize).unwrap_or_default(),
            _ => &[],
        }
    }

    /// Whether a method is a class initialiser.
    pub fn is_initializer(&self, method: MethodId) -> bool {
        self.initializers.get(method.index()).copied().unwrap_or(false)
    }
}

/// Counting sort by source; gives the first row of each node and the rows.
fn merge_edges(lists: Vec<Vec<(u32, u32)>>, n_nodes: usize) -> (Vec<u32>, Vec<u32>) {
    let mut first = vec![0u32; n_nodes + 1];
    for (from, _) in lists.iter().flatten() {
        first[*from as usize + 1] += 1;
    }
    for i in 0..n_nodes {
        first[i + 1] += first[i];
    }
    let mut targets = vec![0u32; first[n_nodes] as usize];
    let mut next = first.clone();
    for (from, to) in lists.into_iter().flatten() {
        let at = &mut next[from as usize];
        targets[*at as usize] = to;
        *at += 1;
    }
    drop(next);
    let mut kept = 0;
    for node in 0..n_nodes {
        let rows = first[node] as usize..first[node + 1] as usize;
        targets[rows.clone()].sort_unstable();
        first[node] = kept as u32;
        for row in rows {
            let target = targets[row];
            if kept == first[node] as usize || targets[kept - 1] != target {
                targets[kept] = target;
                kept += 1;
            }
        }
    }
    first[n_nodes] = kept as u32;
    targets.truncate(kept);
    targets.shrink_to_fit();
    (first, targets)
}

/// Names that the JVM's own rules speak of, looked up once.
#[derive(Clone, Copy)]
pub(super) struct Known {
    pub(super) constructor: Option<Name>,
    pub(super) initializer: Option<Name>,
    no_arguments: Option<Name>,
    object: Option<Name>,
    service_loader: Option<Name>,
    /// Names of methods that may call others by name.
    invokers: [Option<Name>; 3],
    /// Names of the JDK's methods that make text of an object.
    text_making: TextMaking,
    /// The name and descriptor of the method that they call on it.
    to_string: Option<(Name, Name)>,
}

impl Known {
    fn of(program: &Program<'_>) -> Self {
        let find = |text: &str| program.facts.names.find(text);
        Self {
            constructor: find("<init>"),
            initializer: find("<clinit>"),
            no_arguments: find("()V"),
            object: find(OBJECT),
            service_loader: find(SERVICE_LOADER),
            invokers: ["invoke", "invokeExact", "invokeWithArguments"].map(find),
            text_making: TextMaking::of(program),
            to_string: find("toString").zip(find("()Ljava/lang/String;")),
        }
    }
}

struct Work<'w, 'f> {
    program: &'w Program<'f>,
    hierarchy: &'w Hierarchy,
    services: &'w Services,
    known: Known,
    numbers: &'w Numbers,
    found: Found,
    /// Reused for walks over supertypes.
    seen: FxHashSet<ClassId>,
    interfaces: Vec<ClassId>,
    finals: FinalFields,
}

impl Work<'_, '_> {
    fn edge(&mut self, from: Node, to: Node) {
        self.found.edges.push((self.numbers.of_node(from), self.numbers.of_node(to)));
    }

    fn class(&mut self, class: ClassId) {
        if self.program.is_jdk(class) {
            return self.jdk_class(class);
        }
        for (id, method) in self.program.methods_of(class) {
            self.body(class, id, method);
            if !method.access.is_abstract() && self.numbers.of_dispatch(id).is_some() {
                self.edge(Node::Dispatch(id), Node::Method(id));
            }
        }
        if self.hierarchy.has_instances(class) {
            self.overrides(class);
            self.inherited_implementations(class);
        }
        let super_class = self.program.class(class).super_class;
        if super_class != NO_CLASS && !self.program.is_jdk(super_class) {
            self.edge(Node::Instance(class), Node::Instance(super_class));
        }
    }

    /// JDK methods have no bodies here; only their place in dispatch matters.
    fn jdk_class(&mut self, class: ClassId) {
        if self.hierarchy.has_instances(class) {
            self.overrides(class);
        }
    }

    fn body(&mut self, class: ClassId, id: MethodId, method: &MethodFacts) {
        let first = self.found.edges.len();
        self.read_body(class, id, method);
        // A body calls the same methods again and again; all its edges start at the method.
        sort_and_dedup(&mut self.found.edges, first);
    }

    fn read_body(&mut self, class: ClassId, id: MethodId, method: &MethodFacts) {
        let unit = self.program.unit(class);
        let origins = Origins { unit, method };
        let loader = self.program.class(class).loader;
        for event in unit.events_of(method) {
            if makes_text(self.program, self.known.text_making, event) {
                self.texts(class, id, origins, event);
            }
            if event.kind.has_method() {
                self.call(class, id, origins, event);
            } else if event.kind == EventKind::New {
                if let Some(made) = event.name().and_then(|n| self.program.find(loader, n)) {
                    self.edge(Node::Method(id), Node::Instance(made));
                    self.initialize(id, made);
                }
            } else if matches!(event.kind, EventKind::GetStatic | EventKind::PutStatic)
                && let Some(field) = event.member().and_then(|m| self.program.refs(loader).field(m))
            {
                self.initialize(id, self.program.class_of_field(field));
            }
        }
        for value in unit.values_of(method) {
            // A string that is a class's name is there for reflection.
            if let Value::Str(name) = value
                && let Some(named) = self.program.find_named(loader, name)
            {
                self.made_by_reflection(id, named);
            }
        }
    }

    fn call(&mut self, class: ClassId, id: MethodId, origins: Origins<'_>, event: &Event) {
        let loader = self.program.class(class).loader;
        let Some(target) = event.member().and_then(|m| self.program.refs(loader).method(m)) else {
            self.found.n_unresolved += 1;
            return self.by_name(class, id, origins, event);
        };
        self.found.n_sites += 1;
        let facts = self.program.method(target);
        self.by_name(class, id, origins, event);
        let owner = self.program.class_of_method(target);
        let is_virtual = match event.kind {
            EventKind::InvokeVirtual | EventKind::InvokeInterface => true,
            // A method reference may be bound to any receiver.
            EventKind::Lambda => Some(facts.name) != self.known.constructor,
            _ => false,
        };
        let is_fixed = facts.access.is_static() || facts.access.is_private() || facts.access.is_final();
        if !is_virtual || is_fixed || self.program.class_facts(owner).access.is_final() {
            self.edge(Node::Method(id), Node::Method(target));
            if facts.access.is_static() {
                self.initialize(id, owner);
                self.services_of(class, id, origins, event, owner);
            } else if event.kind == EventKind::Lambda && Some(facts.name) == self.known.constructor {
                self.edge(Node::Method(id), Node::Instance(owner));
            }
            return;
        }
        match self.finals.classes_of(self.program, class, origins, origins.arg(event, 0)) {
            Some(exact) if event.kind != EventKind::Lambda => {
                for receiver in exact {
                    let selected = self.program.select(receiver, facts.name, facts.desc).unwrap_or(target);
                    self.edge(Node::Method(id), Node::Method(selected));
                }
            }
            _ => self.edge(Node::Method(id), Node::Dispatch(target)),
        }
    }

    /// What a reflective call runs of the deployment's own, where constants say so.
    fn by_name(&mut self, class: ClassId, id: MethodId, origins: Origins<'_>, event: &Event) {
        let name = event.member().map(|m| self.program.facts.members.get(m).name);
        let may_be = name.is_some() && self.known.invokers.contains(&name);
        if !may_be || !is_reflective_call(self.program, event) {
            return;
        }
        for target in called_by_name(self.program, class, origins, event) {
            let owner = self.program.class_of_method(target);
            if self.program.is_jdk(owner) {
                continue;
            }
            let node = if self.numbers.of_dispatch(target).is_some() {
                Node::Dispatch(target)
            } else {
                Node::Method(target)
            };
            self.edge(Node::Method(id), node);
            self.initialize(id, owner);
        }
    }

    /// What is made into text runs its own `toString`.
    fn texts(&mut self, class: ClassId, id: MethodId, origins: Origins<'_>, event: &Event) {
        for method in text_of_operands(self.program, self.known.to_string, class, origins, event) {
            let node = match self.numbers.of_dispatch(method) {
                Some(_) => Node::Dispatch(method),
                None => Node::Method(method),
            };
            self.edge(Node::Method(id), node);
        }
    }

    fn initialize(&mut self, id: MethodId, class: ClassId) {
        if class == self.program.class_of_method(id) || self.program.is_jdk(class) {
            return;
        }
        if let Some(initializer) = self.program.class_initializer(class) {
            self.edge(Node::Method(id), Node::Method(initializer));
        }
    }

    fn made_by_reflection(&mut self, id: MethodId, made: ClassId) {
        if self.program.is_jdk(made) {
            return;
        }
        self.edge(Node::Method(id), Node::Instance(made));
        if let (Some(name), Some(desc)) = (self.known.constructor, self.known.no_arguments)
            && let Some(init) = self.program.declared_method(made, name, desc)
        {
            self.edge(Node::Method(id), Node::Method(init));
        }
        self.initialize(id, made);
    }

    /// `ServiceLoader.load(X.class)` makes what the services files list for `X`.
    fn services_of(
        &mut self,
        class: ClassId,
        id: MethodId,
        origins: Origins<'_>,
        event: &Event,
        owner: ClassId,
    ) {
        if Some(self.program.class_facts(owner).name) != self.known.service_loader {
            return;
        }
        let loader = self.program.class(class).loader;
        for leaf in origins.args(event).iter().flat_map(|a| origins.leaves(*a)) {
            let Value::Class(service) = leaf else { continue };
            for provider in self.services.get(self.program.text(service)).map_or(&[][..], Vec::as_slice) {
                if let Some(provider) = self.program.find_text(loader, provider) {
                    self.made_by_reflection(id, provider);
                }
            }
        }
    }

    /// Edges from the dispatch nodes of the methods that this class's methods override or implement (JVMS 5.4.5).
    fn overrides(&mut self, class: ClassId) {
        let mut interfaces = std::mem::take(&mut self.interfaces);
        self.all_interfaces(class, &mut interfaces);
        for (id, method) in self.program.methods_of(class) {
            if method.access.is_static() || method.access.is_private() {
                continue;
            }
            if [self.known.constructor, self.known.initializer].contains(&Some(method.name)) {
                continue;
            }
            let mut at = self.program.class(class).super_class;
            let mut calls_back = false;
            while at != NO_CLASS {
                if let Some(overridden) = self.program.declared_method(at, method.name, method.desc) {
                    self.edge(Node::Dispatch(overridden), Node::Dispatch(id));
                    calls_back |= self.program.is_jdk(at)
                        && Some(self.program.class_facts(at).name) != self.known.object;
                    break;
                }
                at = self.program.class(at).super_class;
            }
            for interface in &interfaces {
                if let Some(declared) = self.program.declared_method(*interface, method.name, method.desc) {
                    self.edge(Node::Dispatch(declared), Node::Dispatch(id));
                    calls_back |= self.program.is_jdk(*interface);
                }
            }
            calls_back |= self.program.class(class).has_phantom && method.access.is_public();
            if calls_back && !method.access.is_abstract() && !self.program.is_jdk(class) {
                self.edge(Node::Instance(class), Node::Method(id));
            }
        }
        self.interfaces = interfaces;
    }

    /// Superinterfaces of a class and of its superclasses, indirect ones too: an overrider further down replaces the
    /// implementation that a superclass has for its own interfaces.
    fn all_interfaces(&mut self, class: ClassId, found: &mut Vec<ClassId>) {
        found.clear();
        self.seen.clear();
        let mut at = class;
        while at != NO_CLASS {
            let first = found.len();
            found.extend(self.program.interfaces(at).iter().filter(|i| self.seen.insert(**i)));
            let mut next = first;
            while let Some(interface) = found.get(next) {
                next += 1;
                let direct = self.program.interfaces(*interface);
                found.extend(direct.iter().filter(|i| self.seen.insert(**i)));
            }
            at = self.program.class(at).super_class;
        }
    }

    /// A class that adds an interface may get the implementation from a superclass that does not know it.
    fn inherited_implementations(&mut self, class: ClassId) {
        let super_class = self.program.class(class).super_class;
        if super_class == NO_CLASS || self.program.class_facts(class).access.is_interface() {
            return;
        }
        let mut waiting = self.program.interfaces(class).to_vec();
        let mut seen = FxHashSet::default();
        while let Some(interface) = waiting.pop() {
            if !seen.insert(interface) || self.program.is_subtype(super_class, interface) {
                continue;
            }
            waiting.extend(self.program.interfaces(interface));
            for (declared, method) in self.program.methods_of(interface) {
                if method.access.is_static() || method.access.is_private() {
                    continue;
                }
                let mut at = super_class;
                while at != NO_CLASS && !self.program.is_jdk(at) {
                    if let Some(inherited) = self.program.declared_method(at, method.name, method.desc) {
                        self.edge(Node::Dispatch(declared), Node::Dispatch(inherited));
                        if self.program.is_jdk(interface) {
                            self.edge(Node::Instance(class), Node::Method(inherited));
                        }
                        break;
                    }
                    at = self.program.class(at).super_class;
                }
            }
        }
    }
}
