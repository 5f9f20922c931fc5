//! What a value is, as rules ask: its type, its place among loaders, what kind of key it makes.

use crate::dataflow::knowledge::{Subject, groups};
use crate::dataflow::origins::{self, Found, Origin};
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind, MethodFacts, NO_NAME, Value};
use crate::program::link::NO_CLASS;
use crate::rules::models::Models;
use crate::rules::rule::{ClassPlace, OriginKind};
use crate::vocabulary::descriptor::{TypeDesc, element_of_class_constant, params, return_type};
use crate::vocabulary::{ClassId, LoaderId, ValueId};

/// The static types of a value, as internal names or array descriptors; what is not known is left out.
pub(super) fn types_of<'w>(world: &World<'w>, body: Body<'w>, value: ValueId) -> Vec<&'w str> {
    let leaves = body.origins.leaves(value).collect::<Vec<_>>();
    let mut types: Vec<&str> = leaves.into_iter().filter_map(|leaf| type_of(world, body, leaf)).collect();
    types.sort_unstable();
    types.dedup();
    types
}

/// The last type argument of a generic field type (JVMS 4.7.9.1), as an internal name: `String` of `Map<Class<?>, String>`.
pub(super) fn last_type_argument(signature: &str) -> Option<&str> {
    let name = last_type_argument_text(signature)?.trim_start_matches(['+', '-']).strip_prefix('L')?;
    name.split('<').next()
}

/// The same as it stands in the signature, with its own type arguments: `+Ljava/util/List<TT;>`.
pub(super) fn last_type_argument_text(signature: &str) -> Option<&str> {
    let inner = signature.split_once('<')?.1;
    let mut depth = 0usize;
    let mut start = 0;
    let mut last = None;
    for (i, byte) in inner.bytes().enumerate() {
        match byte {
            b'<' => depth += 1,
            b'>' if depth == 0 => break,
            b'>' => depth -= 1,
            b';' if depth == 0 => {
                last = inner.get(start..i);
                start = i + 1;
            }
            _ => {}
        }
    }
    last
}

/// Steps through views of views.
const MAX_VIEWS: usize = 8;

/// The static types of a value, or of the container that it is a view of: `synchronizedMap(new WeakHashMap<>())` is a
/// weak map.
pub(super) fn types_behind_views<'w>(world: &World<'w>, body: Body<'w>, value: ValueId) -> Vec<&'w str> {
    let views = world.knowledge.group(groups::CONTAINER_VIEW);
    let loader = world.program.class(body.class).loader;
    let mut value = value;
    for _ in 0..MAX_VIEWS {
        let mut leaves = body.origins.leaves(value);
        let (Some(leaf), None) = (leaves.next(), leaves.next()) else { break };
        let Some((_, made)) = body.origins.event(leaf).filter(|(_, e)| e.kind.is_invoke()) else { break };
        let Some(api) = made.member().and_then(|m| world.knowledge.api_in(views, loader, m)) else { break };
        let subject = world.knowledge.tables.apis.get(usize::from(api)).and_then(|a| a.acts_on);
        let shown = subject.unwrap_or(Subject::Receiver).operand(made.kind.has_receiver());
        let Some(shown) = shown.and_then(|i| body.origins.args(made).get(i)) else { break };
        value = *shown;
    }
    let found = types_of(world, body, value);
    let kept: Vec<&str> =
        body.origins.leaves(value).flat_map(|leaf| kept_for_thread(world, body, leaf)).collect();
    if kept.is_empty() { found } else { kept }
}

/// What a thread-local variable makes for each thread, and what makes it: its own method, or a function.
const INITIAL_VALUE: &str = "initialValue";
const WITH_INITIAL: &str = "withInitial";
/// Containers through which a thread-local variable that holds one is looked at.
const CONTAINERS: [&str; 2] = ["java/util/Collection", "java/util/Map"];

/// The types of the containers that a new thread-local variable begins with on each thread; nothing if it is none, or
/// holds no container.
fn kept_for_thread<'w>(world: &World<'w>, body: Body<'w>, leaf: Value) -> Vec<&'w str> {
    let program = world.program;
    let loader = program.class(body.class).loader;
    let Some((_, made)) = body.origins.event(leaf) else { return Vec::new() };
    let types = match made.kind {
        EventKind::New => {
            let class = made.name().and_then(|name| program.find(loader, name));
            let Some(class) = class.filter(|c| !program.is_jdk(*c)) else { return Vec::new() };
            let is_initial = |m: &MethodFacts| {
                program.text(m.name) == INITIAL_VALUE
                    && params(program.text(m.desc)).next().is_none()
                    && !m.access.is_synthetic()
            };
            let methods = program.methods_of(class).filter(|(_, m)| is_initial(m));
            methods.flat_map(|(id, _)| returned_types(world, world.body(id))).collect()
        }
        EventKind::InvokeStatic => {
            let name = made.member().map(|m| program.text(program.facts.members.get(m).name));
            if name != Some(WITH_INITIAL) {
                return Vec::new();
            }
            made_by_lambdas(world, body, made)
        }
        _ => Vec::new(),
    };
    let is_container = |ty: &&str| {
        let class = program.find_text(loader, ty);
        class.is_some_and(|c| CONTAINERS.iter().any(|name| program.has_supertype_named(c, name)))
    };
    if types.iter().all(is_container) { types } else { Vec::new() }
}

/// What erasure leaves of a type variable.
const OBJECT: &str = "java/lang/Object";

/// The static types of what a body returns.
fn returned_types<'w>(world: &World<'w>, body: Body<'w>) -> Vec<&'w str> {
    let returns = body.origins.events().iter().filter(|e| e.kind == EventKind::Return);
    returns.flat_map(|e| body.origins.args(e)).flat_map(|v| types_of(world, body, *v)).collect()
}

/// The types that lambdas and method references among an event's operands return.
pub(super) fn made_by_lambdas<'w>(world: &World<'w>, body: Body<'w>, event: &Event) -> Vec<&'w str> {
    let program = world.program;
    let mut types = Vec::new();
    for value in body.origins.args(event) {
        for leaf in body.origins.leaves(*value) {
            if let Some((_, made)) = body.origins.event(leaf)
                && made.kind == EventKind::Lambda
                && let Some(member) = made.member()
            {
                let desc = return_type(program.text(program.facts.members.get(member).desc)).0;
                let declared = TypeDesc(desc).class().unwrap_or(desc);
                let run = program.refs(program.class(body.class).loader).method(member);
                match run.filter(|_| declared == OBJECT) {
                    Some(run) => types.extend(returned_types(world, world.body(run))),
                    None => types.push(declared),
                }
            }
        }
    }
    types
}

/// The static type of one leaf of a value, as [`types_of`] gives it.
pub(super) fn type_of<'w>(world: &World<'w>, body: Body<'w>, leaf: Value) -> Option<&'w str> {
    let program = world.program;
    let internal = |desc: &'w str| Some(TypeDesc(desc).class().unwrap_or(desc));
    match leaf {
        Value::Str(_) => Some("java/lang/String"),
        Value::Class(_) => Some("java/lang/Class"),
        Value::Param(0) if !body.method.access.is_static() => Some(program.class_name(body.class)),
        Value::Param(i) => {
            let i = usize::from(i) - usize::from(!body.method.access.is_static());
            let desc = params(program.text(body.method.desc)).nth(i)?;
            internal(desc.0)
        }
        Value::Event(i) => {
            let event = body.origins.events().get(i as usize)?;
            match event.kind {
                EventKind::New | EventKind::NewArray => Some(program.text(event.name()?)),
                EventKind::Concat => Some("java/lang/String"),
                // What a function yields says nothing of what it is.
                EventKind::Lambda => None,
                EventKind::ArrayLoad => element_of(world, body, body.origins.arg(event, 0)),
                _ => {
                    let desc = program.text(program.facts.members.get(event.member()?).desc);
                    internal(if desc.starts_with('(') { return_type(desc).0 } else { desc })
                }
            }
        }
        _ => None,
    }
}

/// What an array holds, if its type is known.
fn element_of<'w>(world: &World<'w>, body: Body<'w>, array: ValueId) -> Option<&'w str> {
    let mut leaves = body.origins.leaves(array);
    let (Some(leaf), None) = (leaves.next(), leaves.next()) else { return None };
    // Element by element, so that an array of arrays in a loop comes to an end.
    let desc = match leaf {
        Value::Event(i) if body.origins.events().get(i as usize)?.kind == EventKind::ArrayLoad => {
            return None;
        }
        _ => type_of(world, body, leaf)?.strip_prefix('[')?,
    };
    Some(TypeDesc(desc).class().unwrap_or(desc))
}

/// Whether a type is a class of the deployment that has a method of one of the names, itself or from a superclass of
/// the deployment.
pub(super) fn declares(world: &World<'_>, loader: LoaderId, ty: &str, names: &[String]) -> bool {
    let program = world.program;
    let mut at = program.find_text(loader, ty);
    while let Some(class) = at.filter(|c| *c != NO_CLASS && !program.is_jdk(*c)) {
        let mut methods = program.methods_of(class);
        if methods.any(|(_, m)| names.iter().any(|n| n == program.text(m.name))) {
            return true;
        }
        at = Some(program.class(class).super_class);
    }
    false
}

/// Whether a type, in the view of a loader, belongs to one of the named type groups or is one of the named types.
pub(super) fn is_of_types(
    world: &World<'_>,
    models: &Models,
    loader: LoaderId,
    ty: &str,
    names: &[String],
) -> bool {
    names.iter().any(|name| match models.types.get(name) {
        Some(group) => {
            group.names_type(ty)
                || (group.with_subtypes
                    && world.program.find_text(loader, ty).is_some_and(|class| {
                        group.types.iter().any(|t| world.program.has_supertype_named(class, t))
                    }))
        }
        None => {
            ty == name
                || world
                    .program
                    .find_text(loader, ty)
                    .is_some_and(|c| world.program.has_supertype_named(c, name))
        }
    })
}

/// The origins of an operand, -1 being the receiver.
pub(super) fn operand(event: &Event, index: i32) -> Option<usize> {
    usize::try_from(index + i32::from(event.kind.has_receiver())).ok()
}

/// Where an operand of an event comes from.
pub(super) fn origins_of(world: &World<'_>, body: Body<'_>, event: &Event, position: usize) -> Vec<Found> {
    match body.origins.args(event).get(position) {
        Some(value) => origins::of_value(world, body.id, *value),
        None => Vec::new(),
    }
}

/// The kind a rule knows an origin by, seen from a class.
pub(super) fn kind_of(world: &World<'_>, class: ClassId, found: &Found) -> OriginKind {
    let own = world.program.class(class).loader;
    let is_passed = found.passed_by.is_some();
    match found.origin {
        // A loader is what it is, whoever passes it: a module may pass one that does not see its classes.
        Origin::Null => OriginKind::Null,
        Origin::SystemLoader => OriginKind::SystemLoader,
        Origin::LoaderOf(of) if is_passed && world.program.class(of).loader == own => OriginKind::OwnLoader,
        _ if is_passed => OriginKind::ModuleArgument,
        Origin::Text(_) | Origin::Number => OriginKind::Constant,
        Origin::ClassLiteral(..) => OriginKind::ClassLiteral,
        Origin::Parameter => OriginKind::Parameter,
        Origin::Allocation(_) | Origin::Array(_) => OriginKind::Allocation,
        Origin::Field(_) => OriginKind::Field,
        Origin::StaticField(_) => OriginKind::StaticField,
        Origin::ContextLoader => OriginKind::ContextLoader,
        Origin::LoaderOfThis(of) if is_made_by_modules(world, of) => OriginKind::ForeignLoader,
        Origin::LoaderOf(of) | Origin::LoaderOfThis(of) => {
            if world.program.class(of).loader == own {
                OriginKind::OwnLoader
            } else {
                OriginKind::ForeignLoader
            }
        }
        Origin::ForeignLoader => OriginKind::ForeignLoader,
        // What is made from the table is a copy of it, or a part.
        Origin::SystemProperties if found.is_derived => OriginKind::Unknown,
        Origin::SystemProperties => OriginKind::SystemProperties,
        Origin::SystemProperty => OriginKind::SystemProperty,
        Origin::Caught | Origin::Unknown => OriginKind::Unknown,
    }
}

/// Whether all objects of a shared class that are known are of modules' own subclasses: what is not abstract and made
/// somewhere counts.
fn is_made_by_modules(world: &World<'_>, class: ClassId) -> bool {
    let program = world.program;
    let is_made =
        |c: &ClassId| world.hierarchy.is_instantiated(*c) && !program.class_facts(*c).access.is_abstract();
    let made: Vec<ClassId> = world.hierarchy.closure(class).into_iter().filter(is_made).collect();
    if made.is_empty() {
        // In an open world those who extend it are to come.
        return world.reach.is_open_world() && program.class_facts(class).access.is_abstract();
    }
    made.into_iter().all(|c| world.reach.owner(c).is_some())
}

/// The loader that a loading call asks, if it is known.
pub(super) fn asked_loader(world: &World<'_>, body: Body<'_>, event: &Event) -> Option<LoaderId> {
    let own = world.program.class(body.class).loader;
    let member = event.member()?;
    let apis: Vec<_> = world.knowledge.apis(own, member).collect();
    let by_argument = apis.iter().find_map(|a| world.knowledge.tables.apis.get(usize::from(*a))?.loader);
    let owner = world.program.text(world.program.facts.members.get(member).owner);
    let is_of = |group| world.knowledge.api_of(group, own, member).is_some();
    let position = match by_argument {
        Some(i) => Subject::Argument(i).operand(event.kind.has_receiver())?,
        // The context class loader, which is another one for each application unless the method sets it.
        None if is_of("tccl-reading") => return super::context_set::set_before(world, body, event),
        None if is_of(SYSTEM_RESOURCE) => return system_loader(world),
        None if event.kind == EventKind::InvokeStatic => return Some(own),
        // `X.class.getResource(…)` asks the loader of X.
        None if owner == "java/lang/Class" => {
            return match body.origins.leaves(body.origins.arg(event, 0)).next() {
                Some(Value::Class(name)) => {
                    world.program.find(own, name).map(|class| world.program.class(class).loader)
                }
                _ => None,
            };
        }
        None => 0,
    };
    let found = origins_of(world, body, event, position);
    // Where no other loader may come instead, `null` asks the JVM's own, and of providers the system loader.
    if found.iter().all(|f| f.origin == Origin::Null && f.method == body.id) && !found.is_empty() {
        return match () {
            () if is_of(BY_NAME) => Some(world.program.topology.jdk),
            () if is_of(PROVIDERS) => system_loader(world),
            () => None,
        };
    }
    // What is written to a final field that the method reads is among the origins.
    let is_constant = |f: &Found| match f.origin {
        Origin::StaticField(field) | Origin::Field(field) => {
            f.method == body.id && world.program.field(field).access.is_final()
        }
        _ => false,
    };
    let known = found.iter().filter(|f| f.origin != Origin::Null && !is_constant(f));
    let mut loaders = known.map(|f| match f.origin {
        // What the class's own loader yields, that of a subclass yields too.
        Origin::LoaderOf(class) | Origin::LoaderOfThis(class) => Some(world.program.class(class).loader),
        Origin::SystemLoader => system_loader(world),
        _ => None,
    });
    let first = loaders.next()??;
    loaders.all(|l| l == Some(first)).then_some(first)
}

/// The groups of the calls by which `null` asks the JVM's own loader, and the system loader.
const BY_NAME: &str = "class-for-name-with-loader";
const PROVIDERS: &str = "service-loader-with-loader";
/// The group of the calls that ask the system loader for a resource.
const SYSTEM_RESOURCE: &str = "system-resource";

/// The loader that sees all that the system loader may see: the base's.
fn system_loader(world: &World<'_>) -> Option<LoaderId> {
    world.program.topology.tenants.first().map(|t| t.loader)
}

/// Whether an event loads something by the context class loader.
pub(super) fn asks_context_loader(world: &World<'_>, body: Body<'_>, event: &Event) -> bool {
    let loader = world.program.class(body.class).loader;
    let Some(member) = event.member().filter(|_| event.kind.is_invoke()) else { return false };
    let group = |name| world.knowledge.api_of(name, loader, member);
    let Some(api) = group("load-class").or_else(|| group("class-for-name-with-loader")) else { return false };
    let by_argument = world.knowledge.tables.apis.get(usize::from(api)).and_then(|a| a.loader);
    let subject = by_argument.map_or(Subject::Receiver, Subject::Argument);
    let Some(position) = subject.operand(event.kind.has_receiver()) else { return false };
    origins_of(world, body, event, position).iter().any(|f| f.origin == Origin::ContextLoader)
}

/// The packages that are the JVM's alone (JVMS 5.3.5 by `ClassLoader.defineClass`).
const PLATFORM: &str = "java/";

/// Where a class is, seen from the loader that is asked.
pub(super) fn class_place(world: &World<'_>, asked: LoaderId, name: &str) -> ClassPlace {
    let internal = name.replace('.', "/");
    let Some(internal) = element_of_class_constant(&internal) else { return ClassPlace::Visible };
    // No loader but the JVM's own may define these, whatever of them its model knows.
    if internal.starts_with(PLATFORM) {
        return ClassPlace::Visible;
    }
    let here = world.program.find_text(asked, internal);
    let in_module = world.program.topology.tenants.iter().filter_map(|t| {
        let class = world.program.find_text(t.loader, internal)?;
        (world.program.class(class).loader == t.loader && t.loader != asked).then_some(class)
    });
    let elsewhere = in_module.into_iter().any(|class| Some(class) != here);
    match (here, elsewhere) {
        (Some(_), true) => ClassPlace::AnotherInModule,
        (Some(_), false) => ClassPlace::Visible,
        (None, true) => ClassPlace::OnlyInModule,
        (None, false) => ClassPlace::Nowhere,
    }
}

/// The modules whose own loader defines a class of this name.
pub(super) fn tenants_with_class(world: &World<'_>, name: &str) -> Vec<String> {
    let internal = name.replace('.', "/");
    let with = world.program.topology.tenants.iter().skip(1).filter(|t| {
        let class = world.program.find_text(t.loader, &internal);
        class.is_some_and(|c| world.program.class(c).loader == t.loader)
    });
    with.map(|t| t.name.clone()).collect()
}

/// Whether a loader itself, and none that it asks before, yields a resource.
pub(super) fn holds_resource(world: &World<'_>, loader: LoaderId, name: &str) -> bool {
    let holds =
        |element: &crate::topology::PathElement, name: &str| element.has_resource(world.archives, name);
    world.program.topology.find_resource(loader, name, &holds).is_some_and(|hit| hit.loader == loader)
}

/// Where a resource is, seen from the loader that is asked.
pub(super) fn resource_place(world: &World<'_>, asked: LoaderId, name: &str) -> ClassPlace {
    let topology = world.program.topology;
    let holds =
        |element: &crate::topology::PathElement, name: &str| element.has_resource(world.archives, name);
    let here = topology.find_resource(asked, name, &holds);
    let mut tenants = topology.tenants.iter().filter(|t| t.loader != asked);
    let elsewhere = tenants.any(|t| holds_resource(world, t.loader, name));
    match (here, elsewhere) {
        (Some(_), true) => ClassPlace::AnotherInModule,
        (Some(_), false) => ClassPlace::Visible,
        (None, true) => ClassPlace::OnlyInModule,
        (None, false) => ClassPlace::Nowhere,
    }
}

/// The constant of several that a finding tells: a class that only a module has, else one that nobody has.
pub(super) fn telling<'t>(world: &World<'_>, asked: LoaderId, texts: &[&'t str]) -> Option<&'t str> {
    let is_at = |text: &str, place| class_place(world, asked, text) == place;
    let of_module = texts.iter().find(|t| is_at(t, ClassPlace::OnlyInModule));
    let missing = || texts.iter().find(|t| t.contains('.') && is_at(t, ClassPlace::Nowhere));
    let missing = if texts.len() > 1 { of_module.or_else(missing) } else { of_module };
    missing.or(texts.first()).copied()
}

/// Text of a string constant among origins, not changed on its way.
pub(super) fn constants<'w>(world: &World<'w>, found: &[Found]) -> Vec<&'w str> {
    let texts = found.iter().filter(|f| !f.is_derived).filter_map(|f| match f.origin {
        Origin::Text(name) if name != NO_NAME => Some(world.program.text(name)),
        _ => None,
    });
    texts.collect()
}
