//! Code that runs when a module is unloaded: the callbacks that a container or framework calls, and what they reach.
//!
//! A JVM's shutdown hook, a finaliser or a cleaner is none of it: they run when the process ends, or some day.

use super::beans::Beans;
use super::flow::Site;
use super::{beginnings, deferred, functions, hosts};
use crate::dataflow::knowledge::CallbackFacts;
use crate::dataflow::{Body, World};
use crate::facts::EventKind;
use crate::program::{BitSet, Pattern, Ways, n_bytes, place_of, walk};
use crate::topology::{BASE, TenantKind};
use crate::vocabulary::{ClassId, MethodId, Name, Parallel, TenantId};
use rustc_hash::{FxHashMap, FxHashSet};

/// Callers looked at to tell whether a method runs at unload alone.
const MAX_CALLERS: usize = 32;

/// A callback and the tenant at whose unload it runs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Callback {
    /// The tenant.
    pub tenant: TenantId,
    /// The method.
    pub method: MethodId,
}

/// All unload callbacks, and which methods they reach for which tenant.
pub struct UnloadRoots {
    callbacks: Vec<Callback>,
    /// The methods at which unloading begins, what functions run that are given to something that unloads included.
    starts: FxHashSet<MethodId>,
    nearest: Nearest,
    n_bytes: usize,
    bits: Vec<u8>,
    /// The tenants whose host is part of the deployment.
    hosted: Vec<TenantId>,
    /// What a container begins something else with than an unload.
    others: BitSet,
    /// Functions that are called at a tenant's unload, and the methods of the deployment that call them; a framework
    /// does where there is none.
    functions: FxHashMap<(Site, TenantId), Vec<MethodId>>,
}

impl UnloadRoots {
    /// Finds the callbacks of all classes and spreads them through the call graph.
    ///
    /// A callback of a module's own class runs for that module; one of a shared class for each module that makes, or
    /// derives from, the class. Without modules all of them count for the base.
    pub fn find(world: &World<'_>, parallel: &impl Parallel) -> Self {
        const CHUNK: usize = 128;
        let rules = Rules::new(world);
        let n = world.program.classes.len();
        let found = parallel.map(n.div_ceil(CHUNK), |chunk| {
            let mut found = Vec::new();
            for i in chunk * CHUNK..n.min((chunk + 1) * CHUNK) {
                let class = ClassId::from_index(i);
                if !world.program.is_jdk(class) {
                    rules.of_class(world, class, &mut found);
                }
            }
            found
        });
        let makers = Makers::find(world, parallel);
        let mut callbacks = Vec::new();
        for (method, owner) in found.into_iter().flatten() {
            match owner.or_else(|| world.reach.owner(world.program.class_of_method(method))) {
                Some(tenant) => callbacks.push(Callback { tenant, method }),
                None if world.reach.is_open_world() => callbacks.push(Callback { tenant: BASE, method }),
                None => match makers.of(world.program.class_of_method(method)) {
                    [] if rules.is_for_all(world, method) => {
                        let tenants = (0..world.program.topology.tenants.len()).map(TenantId::from_index);
                        let modules = tenants.filter(|t| is_unloaded(world, *t));
                        callbacks.extend(modules.map(|tenant| Callback { tenant, method }));
                    }
                    tenants => {
                        callbacks.extend(tenants.iter().map(|tenant| Callback { tenant: *tenant, method }));
                    }
                },
            }
        }
        let hosted = hosts::callbacks(world, parallel);
        callbacks.extend(hosted.iter().map(|(method, tenant)| Callback { tenant: *tenant, method: *method }));
        let mut functions = FxHashMap::default();
        for function in functions::find(world, &rules.beans, parallel) {
            let open = Some(BASE).filter(|_| world.reach.is_open_world());
            let Some(tenant) = function.tenant.or(open) else { continue };
            callbacks.extend(function.runs.iter().map(|method| Callback { tenant, method: *method }));
            functions.insert((function.site, tenant), Vec::new());
        }
        callbacks.sort_unstable();
        callbacks.dedup();
        let others = beginnings::of_program(world, parallel);
        let mut roots = Self {
            bits: Self::spread(world, &callbacks, &others, &[]),
            others,
            n_bytes: n_bytes(world.program.topology.tenants.len()),
            nearest: Nearest::of(world, &callbacks),
            starts: callbacks.iter().map(|callback| callback.method).collect(),
            callbacks,
            hosted: hosted.into_iter().map(|(_, tenant)| tenant).collect(),
            functions,
        };
        roots.add_deferred(world, &rules.beans, parallel);
        roots
    }

    /// What functions do that are called at unload is done at unload, and may call further ones. Whoever uses a library
    /// alone decides what is called then.
    fn add_deferred(&mut self, world: &World<'_>, beans: &Beans, parallel: &impl Parallel) {
        if world.reach.is_open_world() {
            return;
        }
        for _ in 0..MAX_ROUNDS {
            let deferred = deferred::find(world, beans, self, parallel);
            if deferred.is_empty() {
                return;
            }
            let mut starts = Vec::new();
            for function in deferred {
                let tenant = function.tenant;
                starts.extend(function.runs.iter().map(|method| Callback { tenant, method: *method }));
                self.functions.insert((function.site, tenant), function.callers);
            }
            self.starts.extend(starts.iter().map(|callback| callback.method));
            let more = Self::spread(world, &starts, &self.others, &self.bits);
            self.bits.iter_mut().zip(more).for_each(|(known, new)| *known |= new);
        }
    }

    /// Carries the tenants over the edges as [`Reach`](crate::program::Reach) does.
    /// Where they have been already they need not go on. Code of a container may begin other things as well, in its loops
    /// over what it has to do: these are no part of an unload.
    fn spread(world: &World<'_>, callbacks: &[Callback], others: &BitSet, known: &[u8]) -> Vec<u8> {
        let program = world.program;
        let n_tenants = program.topology.tenants.len();
        let n_bytes = n_bytes(n_tenants);
        let is_known =
            |to: u32, byte: usize| known.get(to as usize * n_bytes + byte).copied().unwrap_or_default();
        let ways = Ways {
            n_nodes: world.calls.n_nodes(),
            n_tenants,
            successors: |from| world.calls.successors(from).iter().copied(),
            allowed: |to, byte| match (to as usize) < program.n_methods && others.has(to as usize) {
                true => 0,
                false => world.reach.allowed(to, byte) & !is_known(to, byte),
            },
        };
        let starts = callbacks.iter().map(|callback| (callback.method.0, callback.tenant));
        ways.spread(starts, program.n_methods)
    }

    /// Whether a method runs at a tenant's unload.
    pub fn reaches(&self, tenant: TenantId, method: MethodId) -> bool {
        let (byte, bit) = place_of(tenant);
        self.bits.get(method.index() * self.n_bytes + byte).is_some_and(|set| set & bit != 0)
    }

    /// Whether a method runs at any tenant's unload.
    pub fn reaches_any(&self, method: MethodId) -> bool {
        let at = method.index() * self.n_bytes;
        self.bits.get(at..at + self.n_bytes).is_some_and(|set| set.iter().any(|byte| *byte != 0))
    }

    /// Whether a method is seen to run at unload alone: it is a callback, or all code that calls it runs at unload alone.
    pub fn is_only_at_unload(&self, world: &World<'_>, method: MethodId) -> bool {
        let mut waiting = vec![method];
        let mut seen = FxHashSet::from_iter([method]);
        while let Some(at) = waiting.pop() {
            if self.starts.contains(&at) {
                continue;
            }
            let Some(sites) = world.sites.of(at, MAX_CALLERS).filter(|sites| !sites.is_empty()) else {
                return false;
            };
            waiting.extend(sites.iter().map(|site| site.caller).filter(|caller| seen.insert(*caller)));
            if seen.len() > MAX_CALLERS {
                return false;
            }
        }
        self.reaches_any(method)
    }

    /// Whether a function is called at a tenant's unload.
    pub(super) fn is_called(&self, tenant: TenantId, function: Site) -> bool {
        self.functions.contains_key(&(function, tenant))
    }

    /// The methods of the deployment that call a function at a tenant's unload; none if only a framework does.
    pub(super) fn callers(&self, tenant: TenantId, function: Site) -> &[MethodId] {
        self.functions.get(&(function, tenant)).map_or(&[], Vec::as_slice)
    }

    /// Whether code of the deployment itself unloads a tenant, and tells its objects so.
    pub(super) fn has_host(&self, tenant: TenantId) -> bool {
        self.hosted.contains(&tenant)
    }

    /// The callbacks of all tenants, by tenant, then by method.
    pub fn callbacks(&self) -> &[Callback] {
        &self.callbacks
    }

    /// The callback of a tenant that lies nearest to a class: in the class, or in one nested with it.
    pub fn nearest(&self, world: &World<'_>, tenant: TenantId, class: ClassId) -> Option<MethodId> {
        let outermost = outermost(world.program.class_name(class));
        let own = self.nearest.of_class.get(&(tenant, class));
        own.or_else(|| self.nearest.of_outermost.get(outermost)?.get(&tenant)).copied()
    }
}

/// The first callback of each class, and of each class with those that are nested in it.
struct Nearest {
    of_class: FxHashMap<(TenantId, ClassId), MethodId>,
    of_outermost: FxHashMap<String, FxHashMap<TenantId, MethodId>>,
}

impl Nearest {
    fn of(world: &World<'_>, callbacks: &[Callback]) -> Self {
        let mut nearest = Self { of_class: FxHashMap::default(), of_outermost: FxHashMap::default() };
        for Callback { tenant, method } in callbacks {
            let class = world.program.class_of_method(*method);
            let first = |known: &mut MethodId| *known = (*known).min(*method);
            nearest.of_class.entry((*tenant, class)).and_modify(first).or_insert(*method);
            let outermost = outermost(world.program.class_name(class)).to_owned();
            let around = nearest.of_outermost.entry(outermost).or_default();
            around.entry(*tenant).and_modify(first).or_insert(*method);
        }
        nearest
    }
}

fn outermost(name: &str) -> &str {
    name.split('$').next().unwrap_or_default()
}

/// How often functions are looked for that functions call which are called at unload.
const MAX_ROUNDS: usize = 3;
/// Subclasses looked at for one callback.
const MAX_SUBTYPES: usize = 256;

/// A callback, and the tenant it is known to run for.
type Found = (MethodId, Option<TenantId>);

/// The models' callbacks, indexed by what has to be looked up.
struct Rules<'w> {
    annotated: FxHashMap<Name, Vec<&'w CallbackFacts>>,
    implemented: FxHashMap<Name, Vec<&'w CallbackFacts>>,
    in_beans: Vec<&'w Pattern>,
    beans: Beans,
    /// The shared classes of which a framework makes objects for a module.
    registered: FxHashSet<ClassId>,
}

impl<'w> Rules<'w> {
    fn new(world: &World<'w>) -> Self {
        let names = &world.program.facts.names;
        let mut rules = Self {
            annotated: FxHashMap::default(),
            implemented: FxHashMap::default(),
            in_beans: Vec::new(),
            beans: Beans::new(world),
            registered: world.reach.registered().iter().map(|(class, _)| *class).collect(),
        };
        for callback in &world.knowledge.tables.callbacks {
            match callback {
                CallbackFacts::Annotated(annotation)
                | CallbackFacts::AnnotatedFor(annotation, _)
                | CallbackFacts::Named { annotation, .. } => {
                    if let Some(name) = names.find(&format!("L{annotation};")) {
                        rules.annotated.entry(name).or_default().push(callback);
                    }
                }
                CallbackFacts::Implements(pattern) | CallbackFacts::ImplementsFor { pattern, .. } => {
                    if let Some(name) = names.find(&pattern.name) {
                        rules.implemented.entry(name).or_default().push(callback);
                    }
                }
                CallbackFacts::ImplementsInBeans(pattern) => rules.in_beans.push(pattern),
                CallbackFacts::GivenTo(_) => {}
            }
        }
        rules
    }

    fn of_class(&self, world: &World<'_>, class: ClassId, found: &mut Vec<Found>) {
        let owner = world.reach.owner(class);
        if self.beans.is_never_destroyed(world, class) {
            return;
        }
        if self.beans.is_bean_class(world, class) {
            self.of_bean(world, class, owner, found);
        }
        for (id, method) in world.program.methods_of(class) {
            // Nobody calls what nobody registers: by an annotation, a descriptor, its class, an object of it.
            let is_registered = world.reach.is_open_world()
                || world.hierarchy.has_instances(class)
                || self.registered.contains(&class);
            let is_implementation = !method.access.is_static() && method.has_body && is_registered;
            for callback in
                self.implemented.get(&method.name).filter(|_| is_implementation).into_iter().flatten()
            {
                if implements(world, class, world.body(id), callback) {
                    found.push((id, None));
                }
            }
            for annotation in world.program.unit(class).annotations_of(method) {
                for callback in self.annotated.get(&annotation.desc).into_iter().flatten() {
                    match callback {
                        CallbackFacts::Annotated(_)
                            if method.has_body && self.beans.may_be_made(world, class) =>
                        {
                            found.push((id, None));
                            overriders(world, class, id, found);
                        }
                        CallbackFacts::AnnotatedFor(_, types)
                            if is_for(world, world.body(id), annotation, types) =>
                        {
                            found.push((id, None));
                        }
                        CallbackFacts::Named { .. } if self.beans.yields_prototypes(world, id) => {}
                        CallbackFacts::Named { element, inferred, .. } => {
                            let methods =
                                self.beans.destroy_methods(world, id, annotation, element, inferred);
                            found.extend(methods.into_iter().map(|m| (m, owner)));
                        }
                        _ => {}
                    }
                }
            }
            if self.beans.is_bean_method(world, id) && !self.beans.yields_prototypes(world, id) {
                for made in self.beans.made_by(world, id) {
                    self.of_bean(world, made, owner, found);
                }
            }
        }
    }

    /// Whether the container tells one object of the base's of each module that goes.
    fn is_for_all(&self, world: &World<'_>, id: MethodId) -> bool {
        let body = world.body(id);
        self.implemented.get(&body.method.name).into_iter().flatten().any(|callback| {
            matches!(callback, CallbackFacts::ImplementsFor { is_in_base: true, .. })
                && implements(world, body.class, body, callback)
        })
    }

    /// What a container calls on any object that it has made, wherever in the hierarchy it is implemented.
    fn of_bean(&self, world: &World<'_>, class: ClassId, owner: Option<TenantId>, found: &mut Vec<Found>) {
        let names = &world.program.facts.names;
        for pattern in &self.in_beans {
            let desc = names.find(pattern.desc.as_deref().unwrap_or("()V"));
            let (Some(name), Some(desc)) = (names.find(&pattern.name), desc) else { continue };
            if world.program.has_supertype_named(class, &pattern.owner) {
                let selected = world.program.select(class, name, desc);
                found.extend(selected.filter(|m| world.program.method(*m).has_body).map(|m| (m, owner)));
            }
        }
    }
}

pub(super) fn implements(
    world: &World<'_>,
    class: ClassId,
    body: Body<'_>,
    callback: &CallbackFacts,
) -> bool {
    let (pattern, types) = match callback {
        CallbackFacts::Implements(pattern) => (pattern, None),
        CallbackFacts::ImplementsFor { pattern, types, .. } => (pattern, Some(types)),
        _ => return false,
    };
    let desc = world.program.text(body.method.desc);
    // The bridge that erasure asks for has other parameter types than the pattern; the method it calls has not.
    pattern.desc.as_ref().is_none_or(|d| d == desc)
        && world.program.has_supertype_named(class, &pattern.owner)
        && types.is_none_or(|types| types.iter().any(|t| mentions(world, body, t)))
}

/// Whether a type stands in the generic signature of the body's class, among its parameters, or in one of its casts.
pub(super) fn mentions(world: &World<'_>, body: Body<'_>, ty: &str) -> bool {
    let program = world.program;
    let desc = format!("L{ty};");
    let signature = program.class_facts(body.class).signature;
    let is_cast = |name: Name| program.text(name) == ty;
    program.text(signature).contains(&desc)
        || program.text(body.method.desc).contains(&desc)
        || body.origins.events().iter().any(|e| {
            matches!(e.kind, EventKind::CheckCast | EventKind::InstanceOf) && e.name().is_some_and(is_cast)
        })
}

fn is_for(
    world: &World<'_>,
    body: Body<'_>,
    annotation: &crate::facts::Annotation,
    types: &[String],
) -> bool {
    let program = world.program;
    let values = annotation.values.of(&body.origins.unit.annotation_values);
    types.iter().any(|ty| {
        let desc = format!("L{ty};");
        program.text(body.method.desc).contains(&desc) || values.iter().any(|v| program.text(v.text) == desc)
    })
}

/// What a container that calls a method on an object runs, if the object's class overrides it.
fn overriders(world: &World<'_>, class: ClassId, method: MethodId, found: &mut Vec<Found>) {
    let facts = world.program.method(method);
    if facts.access.is_static() || facts.access.is_private() || facts.access.is_final() {
        return;
    }
    for sub in world.hierarchy.closure(class).into_iter().filter(|c| *c != class).take(MAX_SUBTYPES) {
        let selected = world.program.select(sub, facts.name, facts.desc).filter(|m| *m != method);
        found.extend(selected.filter(|m| world.program.method(*m).has_body).map(|m| (m, None)));
    }
}

/// Which modules make objects of shared classes, directly or through classes derived from them.
struct Makers {
    of_class: FxHashMap<ClassId, Vec<TenantId>>,
}

impl Makers {
    fn find(world: &World<'_>, parallel: &impl Parallel) -> Self {
        const CHUNK: usize = 256;
        let n = world.program.classes.len();
        let found = parallel.map(n.div_ceil(CHUNK), |chunk| {
            let mut found = Vec::new();
            for i in chunk * CHUNK..n.min((chunk + 1) * CHUNK) {
                let class = ClassId::from_index(i);
                if let Some(tenant) = world.reach.owner(class) {
                    found.extend(made_by(world, class).into_iter().map(|made| (tenant, made)));
                }
            }
            found
        });
        let mut seen = FxHashSet::default();
        let mut waiting: Vec<(TenantId, ClassId)> = found.into_iter().flatten().collect();
        waiting.extend(world.reach.registered().iter().map(|(class, tenant)| (*tenant, *class)));
        let mut of_class = FxHashMap::<ClassId, Vec<TenantId>>::default();
        while let Some((tenant, class)) = waiting.pop() {
            if world.program.is_jdk(class) || !seen.insert((tenant, class)) {
                continue;
            }
            of_class.entry(class).or_default().push(tenant);
            waiting.extend(world.program.supers(class).map(|s| (tenant, s)));
        }
        Self { of_class }
    }

    fn of(&self, class: ClassId) -> &[TenantId] {
        self.of_class.get(&class).map_or(&[], Vec::as_slice)
    }
}

fn made_by(world: &World<'_>, class: ClassId) -> Vec<ClassId> {
    let unit = world.program.unit(class);
    let loader = world.program.class(class).loader;
    let mut made: Vec<ClassId> = world.program.supers(class).collect();
    for (_, method) in world.program.methods_of(class) {
        let news = unit.events_of(method).iter().filter(|e| e.kind == EventKind::New);
        made.extend(news.filter_map(|e| world.program.find(loader, e.name()?)));
    }
    made
}

/// Whether a tenant is a module; in an open world the base stands for every application.
pub(super) fn is_unloaded(world: &World<'_>, tenant: TenantId) -> bool {
    world.reach.is_open_world()
        || world.program.topology.tenant(tenant).is_some_and(|t| t.kind == TenantKind::Module)
}

/// What class initialisers reach, when nobody is known who would cause them to run.
pub(super) fn initializers_reach(world: &World<'_>) -> BitSet {
    let program = world.program;
    if !world.reach.is_open_world() {
        return BitSet::default();
    }
    let mut reached = BitSet::new(world.calls.n_nodes());
    let classes = (0..program.classes.len()).map(ClassId::from_index).filter(|class| !program.is_jdk(*class));
    let initializers = classes.filter_map(|class| program.class_initializer(class));
    let starts = initializers.map(|m| m.0).filter(|m| reached.add(*m as usize)).collect();
    walk(starts, world.calls.n_nodes(), |at, found| {
        let successors = world.calls.successors(at).iter().copied();
        found.extend(successors.filter(|to| reached.add(*to as usize)));
    });
    reached
}
