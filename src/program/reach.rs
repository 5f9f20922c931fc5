//! Which tenants' code reaches a method, and the shortest way there.

use super::bits::BitSet;
use super::call_graph::{CallGraph, Node};
use super::hierarchy::Hierarchy;
use super::link::{NO_CLASS, Program};
use super::live::Live;
use super::registered::{self, Made};
use super::spread::{Ways, n_bytes, place_of, walk};
use crate::facts::MethodFacts;
use crate::topology::{BASE, Role, TenantKind};
use crate::vocabulary::{Access, ClassId, MethodId, TenantId};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::sync::OnceLock;

/// A set of tenants, one bit each. Bytes, because there is a set for every node of the call graph, and most deployments
/// have few tenants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TenantSet<'r> {
    bytes: &'r [u8],
}

impl TenantSet<'_> {
    /// The tenants in it, ascending.
    pub fn iter(&self) -> impl Iterator<Item = TenantId> + '_ {
        self.bytes.iter().enumerate().flat_map(|(at, byte)| {
            (0..8).filter(move |bit| byte >> bit & 1 == 1).map(move |bit| TenantId::from_index(at * 8 + bit))
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.bytes.iter().map(|byte| byte.count_ones() as usize).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.bytes.iter().all(|byte| *byte == 0)
    }

    /// Whether it holds a tenant.
    pub fn has(&self, tenant: TenantId) -> bool {
        let (at, bit) = place_of(tenant);
        self.bytes.get(at).is_some_and(|byte| byte & bit != 0)
    }
}

/// One step of a way from a tenant's code to a method.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Step {
    /// The method.
    pub method: MethodId,
    /// How it is entered from the step before.
    pub entered: Entered,
}

/// How a method on a witness path is entered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Entered {
    /// It is the tenant's own code, or open to any caller.
    Root,
    /// By a call that can go nowhere else.
    Direct,
    /// By a virtual call that may select it among others.
    Dispatched,
    /// By the JDK, on an object that the step before makes.
    CalledBack,
}

/// A shortest way from a tenant's code to a method.
pub type Witness = Vec<Step>;

/// The result of spreading all tenants through the call graph in one pass.
pub struct Reach<'p> {
    program: &'p Program<'p>,
    graph: &'p CallGraph,
    n_bytes: usize,
    /// A set for each method.
    bits: Vec<u8>,
    /// Methods at which some tenant's code starts.
    roots: BitSet,
    /// Tenant that alone runs a class's code; `None` for shared classes.
    owner: Vec<Option<TenantId>>,
    /// Shared classes of which a framework makes objects for a module, with it; ascending.
    registered: Vec<(ClassId, TenantId)>,
    /// What it calls on them.
    entered: Vec<(MethodId, TenantId)>,
    /// Methods of shared classes that run for some modules alone, with these.
    kept: FxHashMap<MethodId, Vec<TenantId>>,
    parents: Vec<OnceLock<Parents>>,
    is_open_world: bool,
    /// Whether the base is one archive that does not say of itself that it is an application.
    is_base_alone: bool,
    live: Live,
}

const NO_PARENT: u32 = u32::MAX;
const IS_ROOT: u32 = u32::MAX - 1;

impl<'p> Reach<'p> {
    /// Spreads the tenants.
    ///
    /// A module's code starts at every method of its application classes: the framework that calls them is not known
    /// to bytecode; and at what a framework calls on the objects of shared classes that the module has it make. The base's
    /// starts at `main` and at what carries an annotation. What a class initialiser of a shared class calls runs once,
    /// before anybody shares anything, so edges into those initialisers are not followed. Without modules every public
    /// method of a public class may be called for anybody.
    ///
    /// `imports` are the internal names of annotations that name classes of which a framework then makes objects, `made`
    /// what modules' files have one make.
    pub fn spread(
        program: &'p Program<'p>,
        hierarchy: &Hierarchy,
        graph: &'p CallGraph,
        imports: &[String],
        made: &[Made],
    ) -> Self {
        let n_tenants = program.topology.tenants.len();
        let is_open_world = program.topology.is_open_world();
        let owner: Vec<Option<TenantId>> =
            (0..program.classes.len()).map(|c| owner_of(program, ClassId::from_index(c))).collect();
        let mut registered =
            if is_open_world { Vec::new() } else { registered::find(program, &owner, imports) };
        // An application's own classes are roots anyway.
        let is_entered = |made: &&Made| {
            !program.is_jdk(made.class)
                && !program.is_application(made.class)
                && owner[made.class.index()].is_none_or(|owner| owner == made.tenant)
        };
        registered.extend(made.iter().filter(is_entered).map(|made| (made.class, made.tenant)));
        registered.sort_unstable();
        registered.dedup();
        let entered = registered.iter().flat_map(|(class, tenant)| {
            registered::entries(program, *class).into_iter().map(|method| (method, *tenant))
        });
        let entered = entered.collect();
        let mut reach = Self {
            program,
            graph,
            n_bytes: n_bytes(n_tenants),
            bits: Vec::new(),
            roots: BitSet::new(program.n_methods),
            owner,
            registered,
            entered,
            kept: registered::methods_of_kept(program, hierarchy, made),
            parents: (0..n_tenants).map(|_| OnceLock::new()).collect(),
            is_open_world,
            is_base_alone: is_base_alone(program),
            live: Live::default(),
        };
        for class in (0..program.classes.len()).map(ClassId::from_index) {
            for (method, facts) in program.methods_of(class).filter(|_| !program.is_jdk(class)) {
                if facts.has_body && reach.is_root(class, method, facts) {
                    reach.roots.add(method.index());
                }
            }
        }
        let roots = reach.roots.iter().map(MethodId::from_index);
        let roots = roots.chain(reach.entered.iter().map(|(method, _)| *method));
        reach.live = Live::find(program, hierarchy, graph, roots);
        let ways = Ways {
            n_nodes: graph.n_nodes(),
            n_tenants,
            successors: |from| reach.live.followed(graph, from),
            allowed: |to, byte| reach.allowed(to, byte),
        };
        reach.bits = ways.spread(reach.roots().map(|(method, tenant)| (method.0, tenant)), program.n_methods);
        reach
    }

    /// The methods at which tenants' code starts, each with its tenant.
    fn roots(&self) -> impl Iterator<Item = (MethodId, TenantId)> + '_ {
        let methods = self.roots.iter().map(MethodId::from_index);
        let own = methods.filter_map(|method| Some((method, self.root_of(method)?)));
        own.chain(self.entered.iter().copied())
    }

    /// The shared classes of which a framework makes objects for a module, with the module; ascending.
    pub fn registered(&self) -> &[(ClassId, TenantId)] {
        &self.registered
    }

    /// The tenant for which a method runs without being called by other code that is seen.
    fn root_of(&self, method: MethodId) -> Option<TenantId> {
        match self.roots.has(method.index()) {
            true if self.is_open_world => Some(BASE),
            true => self.program.tenant_of(self.program.class_of_method(method)),
            false => None,
        }
    }

    /// The tenants that may enter a node, one byte of them. Code of a module runs for that module only, whoever
    /// calls it.
    pub(crate) fn allowed(&self, to: u32, byte: usize) -> u8 {
        let (class, is_initializer) = match self.graph.node(to) {
            Node::Method(m) if !self.kept.is_empty() && self.kept.contains_key(&m) => {
                let tenants = self.kept.get(&m).into_iter().flatten().map(|tenant| place_of(*tenant));
                return tenants.filter(|(at, _)| *at == byte).fold(0, |all, (_, bit)| all | bit);
            }
            Node::Method(m) => (self.program.class_of_method(m), self.graph.is_initializer(m)),
            Node::Instance(c) => (c, false),
            Node::Dispatch(_) => return u8::MAX,
        };
        match self.owner[class.index()].map(place_of) {
            None if is_initializer => 0,
            None => u8::MAX,
            Some((at, bit)) if at == byte => bit,
            Some(_) => 0,
        }
    }

    /// Whether a method with a body runs without being called by other code that is seen.
    fn is_root(&self, class: ClassId, method: MethodId, facts: &MethodFacts) -> bool {
        let is_initializer = self.graph.is_initializer(method);
        if self.is_open_world {
            let is_open = |access: Access| access.is_public() || access.is_protected();
            return is_open(facts.access)
                && is_open(self.program.class_facts(class).access)
                && !facts.access.is_synthetic()
                && !is_initializer
                && (facts.access.is_public() || self.may_be_extended(class))
                && !self.program.is_private_setter(method);
        }
        if self.is_base_alone && self.is_main_of_base(class, method) {
            return true;
        }
        if !self.program.is_application(class) || (is_initializer && self.owner[class.index()].is_none()) {
            return false;
        }
        let tenant = self.program.tenant_of(class).and_then(|t| self.program.topology.tenant(t));
        tenant.is_some_and(|t| t.kind == TenantKind::Module) || self.is_base_entry(class, method)
    }

    /// Whether other packages can have subclasses of a class: it is not final, and some constructor is not private to it or
    /// its package. What is protected is theirs alone (JLS 6.6.2).
    fn may_be_extended(&self, class: ClassId) -> bool {
        let is_constructor = |m: &MethodFacts| self.program.is_constructor(m.name);
        let access = self.program.class_facts(class).access;
        let mut methods = self.program.methods_of(class).map(|(_, m)| m);
        !access.is_final()
            && (access.is_interface()
                || methods.any(|m| is_constructor(m) && (m.access.is_public() || m.access.is_protected())))
    }

    /// Where the base's own code starts: its `main`, what a framework finds by an annotation, and in a class with one what
    /// makes its objects or stands for a method of a supertype, by which a framework may call it. What else its
    /// application classes offer is there for the modules, and runs for the one that calls it.
    fn is_base_entry(&self, class: ClassId, method: MethodId) -> bool {
        let facts = self.program.method(method);
        let unit = self.program.unit(class);
        let is_main = facts.access.is_static() && self.program.text(facts.name) == "main";
        is_main
            || self.program.is_marked(unit.annotations_of(facts))
            || self.program.is_marked(self.program.class_facts(class).annotations.of(&unit.annotations))
                && (facts.access.is_synthetic()
                    || self.program.is_constructor(facts.name)
                    || self.stands_for_inherited(class, method))
    }

    /// Whether a method is a `main` of the base, which starts it (JLS 12.1.4).
    fn is_main_of_base(&self, class: ClassId, method: MethodId) -> bool {
        let facts = self.program.method(method);
        let tenant = self.program.tenant_of(class).and_then(|t| self.program.topology.tenant(t));
        facts.access.is_static()
            && facts.access.is_public()
            && self.program.text(facts.name) == "main"
            && self.program.text(facts.desc) == "([Ljava/lang/String;)V"
            && tenant.is_some_and(|t| t.kind == TenantKind::Base)
    }

    /// Whether a supertype declares the method too, or may: it is not all known.
    fn stands_for_inherited(&self, class: ClassId, method: MethodId) -> bool {
        let program = self.program;
        let facts = program.method(method);
        if program.class(class).has_phantom {
            return true;
        }
        let mut waiting: Vec<ClassId> = program.supers(class).collect();
        let mut seen = waiting.clone();
        while let Some(above) = waiting.pop() {
            let mut methods = program.methods_of(above);
            if methods.any(|(_, m)| m.name == facts.name && m.desc == facts.desc && !m.access.is_static()) {
                return true;
            }
            for more in program.supers(above) {
                if !seen.contains(&more) {
                    seen.push(more);
                    waiting.push(more);
                }
            }
        }
        false
    }

    /// Whether a class or a subclass of it has instances that code which runs has made.
    pub fn has_instances(&self, class: ClassId) -> bool {
        self.live.has_instances(class)
    }

    /// Whether any caller is assumed.
    pub fn is_open_world(&self) -> bool {
        self.is_open_world
    }

    /// The tenants whose code reaches a method after class initialisation.
    pub fn tenants(&self, method: MethodId) -> TenantSet<'_> {
        let at = method.index() * self.n_bytes;
        TenantSet { bytes: &self.bits[at..at + self.n_bytes] }
    }

    /// The tenant that alone runs a class's code; `None` if the class is shared.
    pub fn owner(&self, class: ClassId) -> Option<TenantId> {
        self.owner[class.index()]
    }

    /// A shortest way from `tenant`'s code to `method`; `None` if there is none.
    pub fn witness(&self, tenant: TenantId, method: MethodId) -> Option<Witness> {
        let parents = self.parents.get(tenant.index())?.get_or_init(|| self.search(tenant));
        let mut nodes = vec![method.0];
        let mut parent = parents.of(method.0)?;
        while parent != IS_ROOT {
            nodes.push(parent);
            parent = parents.of(parent)?;
        }
        nodes.reverse();
        Some(self.steps(&nodes))
    }

    /// Which methods some code gets to that does not begin in the classes that are left out, and further nodes.
    pub fn reached_without(&self, is_left_out: &mut dyn FnMut(ClassId) -> bool) -> BitSet {
        let mut reached = BitSet::new(self.graph.n_nodes());
        // The roots of a class follow each other.
        let mut last = (NO_CLASS, false);
        let roots = self.roots.iter().map(MethodId::from_index);
        let starts = roots.filter(|method| {
            let class = self.program.class_of_method(*method);
            if last.0 != class {
                last = (class, is_left_out(class));
            }
            !last.1
        });
        let starts = starts.map(|method| method.0).filter(|method| reached.add(*method as usize)).collect();
        walk(starts, self.graph.n_nodes(), |from, found| {
            found.extend(self.live.followed(self.graph, from).filter(|to| reached.add(*to as usize)));
        });
        reached
    }

    fn steps(&self, nodes: &[u32]) -> Witness {
        let mut steps = Vec::new();
        let mut entered = Entered::Root;
        for node in nodes {
            match self.graph.node(*node) {
                Node::Method(method) => {
                    steps.push(Step { method, entered });
                    entered = Entered::Direct;
                }
                // A dispatch node with one way out is as good as a direct call.
                Node::Dispatch(_) if self.graph.successors(*node).len() == 1 => {}
                Node::Dispatch(_) if entered == Entered::CalledBack => {}
                Node::Dispatch(_) => entered = Entered::Dispatched,
                Node::Instance(_) => entered = Entered::CalledBack,
            }
        }
        steps
    }

    /// Breadth-first search for one tenant, in node order, so that the way found does not depend on threads.
    fn search(&self, tenant: TenantId) -> Parents {
        let (byte, bit) = place_of(tenant);
        let sets = self.bits.chunks_exact(self.n_bytes);
        let n_methods = sets.filter(|set| set.get(byte).is_some_and(|byte| byte & bit != 0)).count();
        let mut parents = Parents::for_some_of(n_methods, self.program.n_methods, self.graph.n_nodes());
        let mut seen = BitSet::new(self.graph.n_nodes());
        let roots = self.roots().filter(|(_, of)| *of == tenant).map(|(method, _)| method.0);
        let mut waiting: VecDeque<u32> = roots.filter(|root| seen.add(*root as usize)).collect();
        waiting.iter().for_each(|root| parents.add(*root, IS_ROOT));
        while let Some(from) = waiting.pop_front() {
            for to in self.live.followed(self.graph, from) {
                if !seen.has(to as usize) && self.allowed(to, byte) & bit != 0 {
                    seen.add(to as usize);
                    parents.add(to, from);
                    waiting.push_back(to);
                }
            }
        }
        parents.finished()
    }
}

/// From where each node that a tenant reaches is entered first. There is one of these for each tenant that has a finding:
/// of a hundred small modules none may take as much memory as the graph has nodes.
enum Parents {
    /// By node.
    Dense(Vec<u32>),
    /// Nodes and their parents, by node once all are found.
    Sparse(Vec<(u32, u32)>),
}

impl Parents {
    /// No node yet. A pair takes twice the place of a number, so it is by how many of the methods are reached.
    fn for_some_of(n_reached: usize, n_methods: usize, n_nodes: usize) -> Self {
        if n_reached < n_methods / 2 {
            Self::Sparse(Vec::new())
        } else {
            Self::Dense(vec![NO_PARENT; n_nodes])
        }
    }

    /// Adds a node that was not there before.
    fn add(&mut self, node: u32, parent: u32) {
        match self {
            Self::Dense(parents) => {
                if let Some(slot) = parents.get_mut(node as usize) {
                    *slot = parent;
                }
            }
            Self::Sparse(parents) => parents.push((node, parent)),
        }
    }

    /// Ready to be asked.
    fn finished(mut self) -> Self {
        if let Self::Sparse(parents) = &mut self {
            parents.sort_unstable();
            parents.shrink_to_fit();
        }
        self
    }

    /// The parent of a node that is reached.
    fn of(&self, node: u32) -> Option<u32> {
        match self {
            Self::Dense(parents) => parents.get(node as usize).copied().filter(|p| *p != NO_PARENT),
            Self::Sparse(parents) => {
                let at = parents.binary_search_by_key(&node, |(node, _)| *node).ok()?;
                parents.get(at).map(|(_, parent)| *parent)
            }
        }
    }
}

/// Whether a single archive is the base, and is taken for a library: its manifest names no class to start.
fn is_base_alone(program: &Program<'_>) -> bool {
    let topology = program.topology;
    let loaders = topology.loaders.iter().enumerate().filter(|(i, _)| *i != topology.jdk.index());
    let elements = loaders.flat_map(|(_, loader)| &loader.path);
    let is_of_base = |tenant| topology.tenant(tenant).is_some_and(|t| t.kind == TenantKind::Base);
    let mut of_base = elements.filter(|element| is_of_base(element.tenant));
    of_base.next().is_some_and(|e| e.role == Role::Library) && of_base.next().is_none()
}

/// Classes of a module's own loader run for it alone; with one loader for all, those on its part of the class path of
/// which no other tenant has brought a copy.
fn owner_of(program: &Program<'_>, class: ClassId) -> Option<TenantId> {
    let tenant = program.tenant_of(class)?;
    let is_module = program.topology.tenant(tenant).is_some_and(|t| t.kind == TenantKind::Module);
    let is_own = is_module
        && (!program.is_shared(class) || program.is_application(class) && !program.is_of_several(class));
    is_own.then_some(tenant)
}
