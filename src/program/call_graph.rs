//! The call graph: class hierarchy analysis, narrowed by what is instantiated.
//!
//! Besides methods there are two kinds of nodes that keep the graph linear in the program's size. A *dispatch* node
//! stands for "whatever a virtual call that resolves to this method may select": call sites point to it, and it
//! points to the method and to the dispatch nodes of its overriders. An *instance* node stands for "an object of this
//! class exists": whoever creates it lets the JDK call back the methods that override the JDK's.

mod edges;
mod inherited;
mod kept;
mod overrides;
mod streams;

pub use self::edges::Cut;
use self::edges::{Found, initializers_of, merge_edges};
use self::inherited::Step;
use self::kept::{Keeping, edges_of};
use self::streams::{StreamNames, edges_of_prints};
use super::bits::BitSet;
use super::field_graph::FieldGraph;
use super::hierarchy::Hierarchy;
use super::link::{NO_CLASS, Program};
use super::node_numbers::{Kinds, Numbers};
use super::origin::Origins;
use super::receivers::{HeldObjects, final_fields};
use super::reflection::{called_by_name, is_reflective_call};
use super::texts::{TextMaking, makes_text, text_of_operands};
use crate::facts::{Event, EventKind, MethodFacts, Value};
use crate::vocabulary::{ClassId, MethodId, Name, Parallel, sort_and_dedup};
use rustc_hash::{FxHashMap, FxHashSet};
use std::rc::Rc;

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
    initializers: BitSet,
    lambdas: BitSet,
    makers: BitSet,
    /// Nodes of functions that outlive the run of the code that makes them.
    outliving: BitSet,
    /// What was left out.
    pub cut: Cut,
    /// Invoke instructions whose target was found.
    pub n_sites: usize,
    /// Invoke instructions whose target was not found in the view of the caller.
    pub n_unresolved: usize,
}

/// Providers of a service: the interface's internal name to the providers' internal names.
pub type Services = FxHashMap<String, Vec<String>>;

const SERVICE_LOADER: &str = "java/util/ServiceLoader";
const OBJECT: &str = "java/lang/Object";

impl CallGraph {
    /// Builds the graph of all classes.
    pub fn build(
        program: &Program<'_>,
        hierarchy: &Hierarchy,
        fields: &FieldGraph,
        services: &Services,
        parallel: &impl Parallel,
    ) -> Self {
        const CHUNK: usize = 128;
        let n_classes = program.classes.len();
        let known = Known::of(program);
        let mut numbers = Numbers::of(program, &known, parallel);
        let (special, finals) = parallel.both(|| special_members(program, &known), || final_fields(program));
        let mut found = parallel.map(n_classes.div_ceil(CHUNK), |chunk| {
            let mut work = Work {
                program,
                hierarchy,
                services,
                known,
                numbers: &numbers,
                special: &special,
                found: Found::default(),
                has_lambda: false,
                makes_objects: false,
                makes_anonymous: false,
                keeping: Keeping::new(program, &numbers),
                steps: FxHashMap::default(),
                seen: FxHashSet::default(),
                interfaces: Vec::new(),
                above: Vec::new(),
                held: HeldObjects::new(program, &finals, fields),
                printed: Vec::new(),
            };
            for i in chunk * CHUNK..n_classes.min((chunk + 1) * CHUNK) {
                work.class(ClassId::from_index(i));
            }
            work.found.targets.shrink_to_fit();
            work.found.others.shrink_to_fit();
            work.found
        });
        let n_sites = found.iter().map(|f| f.n_sites).sum();
        let n_unresolved = found.iter().map(|f| f.n_unresolved).sum();
        let n_nodes = numbers.first_instance() as usize + n_classes;
        let initializers = initializers_of(program);
        let marked = |list: fn(&Found) -> &Vec<MethodId>| {
            let mut methods = BitSet::new(program.n_methods);
            for method in found.iter().flat_map(list) {
                methods.add(method.index());
            }
            methods
        };
        let (lambdas, makers) = (marked(|f| &f.lambdas), marked(|f| &f.makers));
        let mut outliving = BitSet::new(n_nodes);
        found.iter().flat_map(|f| &f.outliving).for_each(|node| {
            outliving.add(*node as usize);
        });
        let kept = found.iter_mut().flat_map(|f| std::mem::take(&mut f.kept)).collect();
        let (mut of_fields, cut_fields) = edges_of(kept, program, fields);
        let cut_methods = found.iter_mut().flat_map(|f| std::mem::take(&mut f.cut)).collect();
        let cut = Cut { methods: cut_methods, fields: cut_fields };
        of_fields.extend(edges_of_prints(program, &numbers, &mut found));
        found.push(Found { others: of_fields, ..Found::default() });
        let (first, targets) = merge_edges(found, program.n_methods, n_nodes);
        numbers.forget_kinds();
        Self { first, targets, numbers, initializers, lambdas, makers, outliving, cut, n_sites, n_unresolved }
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
    #[inline]
    pub fn index(&self, node: Node) -> u32 {
        self.numbers.of_node(node)
    }

    /// The node with this number.
    #[inline]
    pub fn node(&self, index: u32) -> Node {
        self.numbers.node(index)
    }

    /// Whether a node is a dispatch node.
    #[inline]
    pub fn is_dispatch(&self, index: u32) -> bool {
        self.numbers.is_dispatch(index)
    }

    /// Numbers of the nodes that a virtual call of a method may lead to; none if no virtual call can name it.
    pub fn selected(&self, method: MethodId) -> &[u32] {
        self.numbers.of_dispatch(method).map_or(&[], |node| self.successors(node))
    }

    /// Numbers of a node's successors, ascending.
    #[inline]
    pub fn successors(&self, index: u32) -> &[u32] {
        let node = index as usize;
        match (self.first.get(node), self.first.get(node + 1)) {
            (Some(&start), Some(&end)) => self.targets.get(start as usize..end as usize).unwrap_or_default(),
            _ => &[],
        }
    }

    /// Whether a method makes a lambda or a method reference.
    pub fn has_lambda(&self, method: MethodId) -> bool {
        self.lambdas.has(method.index())
    }

    /// Whether a method is the code of a lambda or method reference that is stored or returned where it is made.
    pub fn is_outliving(&self, method: MethodId) -> bool {
        self.outliving.has(self.index(Node::Method(method)) as usize)
            || self.outliving.has(self.index(Node::Dispatch(method)) as usize)
    }

    /// Whether objects of an anonymous class are stored or returned where they are made.
    pub fn is_outliving_object(&self, class: ClassId) -> bool {
        self.outliving.has(self.index(Node::Instance(class)) as usize)
    }

    /// Whether a method makes objects, or calls a superclass's `clone`.
    pub fn makes_objects(&self, method: MethodId) -> bool {
        self.makers.has(method.index())
    }

    /// Whether a method is a class initialiser.
    #[inline]
    pub fn is_initializer(&self, method: MethodId) -> bool {
        self.initializers.has(method.index())
    }
}

/// References that say that calling them may do more than run the method itself: it runs another one, or makes an object.
fn special_members(program: &Program<'_>, known: &Known) -> BitSet {
    let members = &program.facts.members;
    let mut special = BitSet::new(members.bound());
    for (id, member) in members.iter() {
        let is_named = known.invokers.contains(&Some(member.name)) || Some(member.name) == program.clone_name;
        if is_named || known.text_making.is_maker(member) {
            special.add(id.index());
        }
    }
    special
}

/// Names that the JVM's own rules speak of, looked up once.
#[derive(Clone, Copy)]
pub(super) struct Known {
    pub(super) constructor: Option<Name>,
    pub(super) initializer: Option<Name>,
    no_arguments: Option<Name>,
    object: Option<Name>,
    pub(super) service_loader: Option<Name>,
    /// Names of methods that may call others by name.
    invokers: [Option<Name>; 3],
    /// Names of the JDK's methods that make text of an object.
    text_making: TextMaking,
    streams: StreamNames,
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
            streams: StreamNames::of(program),
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
    /// References that may make text or a copy, or call by name.
    special: &'w BitSet,
    found: Found,
    /// Of the present body.
    has_lambda: bool,
    makes_objects: bool,
    makes_anonymous: bool,
    keeping: Keeping<'w, 'f>,
    /// What methods of shared classes call on their own objects, as far as modules have subclasses.
    steps: FxHashMap<ClassId, Rc<[Step]>>,
    /// Reused for walks over supertypes.
    seen: FxHashSet<ClassId>,
    interfaces: Vec<ClassId>,
    /// Superclasses, then interfaces, with marks of what they declare.
    above: Vec<(ClassId, u128)>,
    held: HeldObjects<'w>,
    /// What the present body calls on standard streams.
    printed: Vec<MethodId>,
}

impl Work<'_, '_> {
    /// An edge that does not start at the present body.
    fn edge(&mut self, from: Node, to: Node) {
        self.found.others.push((self.numbers.of_node(from), self.numbers.of_node(to)));
    }

    /// An edge from the present body.
    fn leads_to(&mut self, to: Node) {
        self.found.targets.push(self.numbers.of_node(to));
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
            self.inherited_algorithms(class);
        }
        let super_class = self.program.class(class).super_class;
        if super_class != NO_CLASS && !self.program.is_jdk(super_class) {
            self.edge(Node::Instance(class), Node::Instance(super_class));
        }
    }

    /// JDK methods have no bodies here; only their place in dispatch matters.
    fn jdk_class(&mut self, class: ClassId) {
        let end = self.found.targets.len() as u32;
        self.found.ends.extend(self.program.methods_of(class).map(|_| end));
        if self.hierarchy.has_instances(class) {
            self.overrides(class);
        }
    }

    fn body(&mut self, class: ClassId, id: MethodId, method: &MethodFacts) {
        let first = self.found.targets.len();
        (self.has_lambda, self.makes_objects, self.makes_anonymous) = (false, false, false);
        self.read_body(class, method);
        let may_keep = (self.has_lambda || self.makes_anonymous) && self.program.is_shared(class);
        if may_keep && (method.access.is_static() || self.may_have_objects(class)) {
            let origins = Origins { unit: self.program.unit(class), method };
            let Found { kept, outliving, .. } = &mut self.found;
            let is_whole = self.keeping.of_body(class, origins, kept, outliving);
            self.found.cut.extend(Some(id).filter(|_| !is_whole));
        }
        self.found.lambdas.extend(Some(id).filter(|_| self.has_lambda));
        self.found.makers.extend(Some(id).filter(|_| self.makes_objects));
        self.found.prints.extend(self.printed.drain(..).map(|called| (id, called)));
        // A body calls the same methods again and again.
        sort_and_dedup(&mut self.found.targets, first);
        self.found.ends.push(self.found.targets.len() as u32);
    }

    fn read_body(&mut self, class: ClassId, method: &MethodFacts) {
        let unit = self.program.unit(class);
        let origins = Origins { unit, method };
        let loader = self.program.class(class).loader;
        for event in unit.events_of(method) {
            if event.kind.has_method() {
                self.has_lambda |= event.kind == EventKind::Lambda;
                self.call(class, origins, event);
            } else if event.kind == EventKind::Concat {
                self.texts(class, origins, event);
            } else if event.kind == EventKind::New {
                self.makes_objects = true;
                if let Some(made) = event.name().and_then(|n| self.program.find(loader, n)) {
                    self.makes_anonymous |= self.program.is_anonymous(made);
                    self.leads_to(Node::Instance(made));
                    self.initialize(class, made);
                }
            } else if matches!(event.kind, EventKind::GetStatic | EventKind::PutStatic)
                && let Some(field) = event.member().and_then(|m| self.program.refs(loader).field(m))
            {
                self.initialize(class, self.program.class_of_field(field));
            }
        }
        for value in unit.values_of(method) {
            // A string that is a class's name is there for reflection.
            if let Value::Str(name) = value
                && let Some(named) = self.program.find_named(loader, name)
            {
                self.made_by_reflection(class, named);
            }
        }
    }

    fn call(&mut self, class: ClassId, origins: Origins<'_>, event: &Event) {
        let loader = self.program.class(class).loader;
        let Some(member) = event.member() else {
            self.found.n_unresolved += 1;
            return;
        };
        if self.special.has(member.index()) {
            if makes_text(self.program, self.known.text_making, event) {
                self.texts(class, origins, event);
            }
            self.by_name(class, origins, event);
            let is_clone = Some(self.program.facts.members.get(member).name) == self.program.clone_name;
            self.makes_objects |= is_clone && event.kind == EventKind::InvokeSpecial;
        }
        let Some(target) = self.program.refs(loader).method(member) else {
            self.found.n_unresolved += 1;
            return;
        };
        self.found.n_sites += 1;
        let kinds = self.numbers.kinds(target);
        let is_virtual = match event.kind {
            EventKind::InvokeVirtual | EventKind::InvokeInterface => true,
            // A method reference may be bound to any receiver.
            EventKind::Lambda => !kinds.has(Kinds::CONSTRUCTOR),
            _ => false,
        };
        if !is_virtual || kinds.has(Kinds::FIXED) {
            self.leads_to(Node::Method(target));
            if kinds.has(Kinds::STATIC) {
                self.initialize(class, self.program.class_of_method(target));
                self.replaces_stream(class, origins, event, target);
                if kinds.has(Kinds::OF_SERVICE_LOADER) {
                    self.services_of(class, origins, event);
                }
            } else if event.kind == EventKind::Lambda && kinds.has(Kinds::CONSTRUCTOR) {
                self.leads_to(Node::Instance(self.program.class_of_method(target)));
            }
            return;
        }
        if self.known.streams.is_print(self.program, origins, event) {
            self.printed.push(target);
            return;
        }
        let receiver = origins.arg(event, 0);
        let exact = match event.kind {
            EventKind::Lambda => None,
            _ => self.held.classes_of(self.program, class, origins, receiver, target),
        };
        let Some(exact) = exact else { return self.leads_to(Node::Dispatch(target)) };
        let facts = self.program.method(target);
        for receiver in exact {
            let selected = self.program.select(receiver, facts.name, facts.desc).unwrap_or(target);
            self.leads_to(Node::Method(selected));
        }
    }

    /// What a reflective call runs of the deployment's own, where constants say so.
    fn by_name(&mut self, class: ClassId, origins: Origins<'_>, event: &Event) {
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
            self.leads_to(node);
            self.initialize(class, owner);
        }
    }

    /// What is made into text runs its own `toString`.
    fn texts(&mut self, class: ClassId, origins: Origins<'_>, event: &Event) {
        for method in text_of_operands(self.program, self.known.to_string, class, origins, event) {
            let node = match self.numbers.of_dispatch(method) {
                Some(_) => Node::Dispatch(method),
                None => Node::Method(method),
            };
            self.leads_to(node);
        }
    }

    /// What code of a class needs of another class is that one's initialiser.
    fn initialize(&mut self, by: ClassId, class: ClassId) {
        if class == by {
            return;
        }
        if let Some(initializer) = self.program.class_initializer(class)
            && !self.program.is_jdk(class)
        {
            self.leads_to(Node::Method(initializer));
        }
    }

    fn made_by_reflection(&mut self, by: ClassId, made: ClassId) {
        if self.program.is_jdk(made) {
            return;
        }
        self.leads_to(Node::Instance(made));
        if let (Some(name), Some(desc)) = (self.known.constructor, self.known.no_arguments)
            && let Some(init) = self.program.declared_method(made, name, desc)
        {
            self.leads_to(Node::Method(init));
        }
        self.initialize(by, made);
    }

    /// `ServiceLoader.load(X.class)` makes what the services files list for `X`.
    fn services_of(&mut self, class: ClassId, origins: Origins<'_>, event: &Event) {
        let loader = self.program.class(class).loader;
        for leaf in origins.args(event).iter().flat_map(|a| origins.leaves(*a)) {
            let Value::Class(service) = leaf else { continue };
            for provider in self.services.get(self.program.text(service)).map_or(&[][..], Vec::as_slice) {
                if let Some(provider) = self.program.find_text(loader, provider) {
                    self.made_by_reflection(class, provider);
                }
            }
        }
    }
}
