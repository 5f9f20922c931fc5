//! Methods of shared code through which objects get into a container that is there for all, and out of it again.

use super::beans::Beans;
use super::flow::Site;
use super::modelled;
use super::singletons::Singletons;
use crate::dataflow::held::Held;
use crate::dataflow::knowledge::{ApiId, ResourceId, Subject, groups};
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::descriptor::params;
use crate::vocabulary::{ClassId, FieldId, MethodId, Parallel, ValueId};

/// Which way a gate leads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
    /// The parameter is put in.
    In,
    /// The parameter, or what is kept under it, is taken out.
    Out,
    /// What a field of the method's object holds is taken out.
    OutOfHandle,
    /// Everything is taken out, or what a test says.
    Swept,
    /// Whatever comes next is taken out.
    Drained,
}

impl Way {
    /// Whether something is taken out that the caller, or the called object, knows of.
    pub(super) fn is_removal(self) -> bool {
        !matches!(self, Self::In | Self::Drained)
    }
}

/// A method of shared code that puts a parameter into a static field's container, or takes something out. A lambda's
/// parameter may be one that it captures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Gate {
    pub(super) field: FieldId,
    pub(super) site: Site,
    pub(super) param: u16,
    pub(super) way: Way,
    /// The class of the object with which the parameter is put in.
    pub(super) wrapper: Option<ClassId>,
    /// Whether a class or a loader is put in too, which is told where the container is.
    pub(super) is_by_class: bool,
    /// What the models call it, if a library keeps it, and takes it out again for whoever asks.
    pub(super) resource: Option<ResourceId>,
}

impl Gate {
    pub(super) fn new(field: FieldId, site: Site, param: u16, way: Way) -> Self {
        Self { field, site, param, way, wrapper: None, is_by_class: false, resource: None }
    }

    /// Whether the method that puts its parameter in takes it out again further down: it is there while the method runs.
    pub(super) fn is_passing(&self, gates: &[Self]) -> bool {
        self.way == Way::In
            && gates.iter().any(|out| {
                out.way == Way::Out
                    && (out.field, out.site.0) == (self.field, self.site.0)
                    && out.site.1 > self.site.1
                    && (out.param == self.param || is_key(gates, self.site, out.param))
            })
    }

    /// Whether another gate lets out, by a method of its own, the object that this one has put in with the parameter.
    pub(super) fn is_left_by_wrapper(&self, world: &World<'_>, out: &Self) -> bool {
        let method = world.program.method(out.site.0);
        let class = world.program.class_of_method(out.site.0);
        out.param == 0
            && !method.access.is_static()
            && self.wrapper.is_some_and(|wrapper| world.program.is_subtype(wrapper, class))
    }
}

/// Whether a method puts an object in under a name that is its parameter.
fn is_key(gates: &[Gate], put: Site, param: u16) -> bool {
    gates.iter().any(|g| g.way == Way::In && g.site == put && g.param == param)
}

/// Views and elements between a static field and the container that is changed.
const MAX_VIEWS: u32 = 4;
/// Places looked at where a lambda or a handle is made.
const MAX_MAKERS: usize = 4;

/// What is known of containers and of the objects that have them.
pub(super) struct Groups<'w> {
    containers: [&'w [bool]; 3],
    removers: [&'w [bool]; 3],
    sweeps: &'w [bool],
    singletons: Singletons<'w>,
}

impl<'w> Groups<'w> {
    pub(super) fn new(world: &World<'w>, beans: &Beans, held: &'w Held, parallel: &impl Parallel) -> Self {
        let group = |name: &str| world.knowledge.group(name);
        let [map, collection] = groups::REMOVERS.map(|g| world.knowledge.group(g));
        let support = [groups::LISTENER_SUPPORT_ADD, groups::LISTENER_SUPPORT_REMOVE].map(group);
        Self {
            containers: [group(groups::CONTAINER_MUTATOR), support[0], support[1]],
            removers: [map, collection, support[1]],
            sweeps: group(groups::CONTAINER_SWEEP),
            singletons: Singletons::find(world, beans, held, parallel),
        }
    }
}

fn is_in(group: &[bool], api: ApiId) -> bool {
    group.get(usize::from(api)).copied().unwrap_or(false)
}

/// The gates that a method is.
pub(super) fn find(world: &World<'_>, groups: &Groups<'_>, id: MethodId, found: &mut Vec<Gate>) {
    let body = world.body(id);
    let loader = world.program.class(body.class).loader;
    for (i, event) in body.origins.events().iter().enumerate() {
        let is_on_container = event.kind.is_invoke() && (event.n_args > 1 || event.kind.has_receiver());
        let Some(member) = event.member().filter(|_| is_on_container) else { continue };
        let api =
            world.knowledge.apis(loader, member).find(|a| groups.containers.iter().any(|g| is_in(g, *a)));
        let Some(api) = api else {
            if let Some(registration) = modelled::registration(world, body, event)
                && let Some(field) = root(world, groups, body, body.origins.arg(event, 0), 0)
            {
                found.extend(registration.gates(world, body, i as u16, field));
            }
            continue;
        };
        let is_removal = groups.removers.iter().any(|g| is_in(g, api));
        let is_sweep = is_in(groups.sweeps, api);
        if event.n_args < 2 && !is_removal && !is_sweep {
            continue;
        }
        let Some(field) = root(world, groups, body, body.origins.arg(event, 0), 0) else { continue };
        let is_by_class = body.origins.args(event).iter().skip(1).any(|v| is_class(world, body, *v));
        let gate = |param, way| Gate { is_by_class, ..Gate::new(field, (id, i as u16), param, way) };
        let n = found.len();
        for value in operands(world, api, is_removal, event).filter_map(|at| body.origins.args(event).get(at))
        {
            for leaf in body.origins.leaves(*value) {
                match leaf {
                    Value::Param(param) => {
                        found.push(gate(param, if is_removal { Way::Out } else { Way::In }));
                    }
                    _ if is_removal && is_own_field(body, leaf) => found.push(gate(0, Way::OutOfHandle)),
                    _ if is_removal || is_by_class => {}
                    _ => found.extend(
                        wrapped(world, body, leaf)
                            .into_iter()
                            .map(|(param, wrapper)| Gate { wrapper: Some(wrapper), ..gate(param, Way::In) }),
                    ),
                }
            }
        }
        if found.len() == n && is_sweep {
            found.push(gate(0, Way::Swept));
        } else if event.n_args == 1 && is_removal {
            found.push(gate(0, Way::Drained));
        }
    }
}

/// What refers to all classes of an application by itself.
const CLASSES: [&str; 2] = ["Ljava/lang/Class;", "Ljava/lang/ClassLoader;"];

/// Whether a value is a parameter that is declared as a class or a loader.
fn is_class(world: &World<'_>, body: Body<'_>, value: ValueId) -> bool {
    body.origins.leaves(value).any(|leaf| is_declared_class(world, body, leaf))
}

fn is_declared_class(world: &World<'_>, body: Body<'_>, leaf: Value) -> bool {
    let Value::Param(p) = leaf else { return false };
    let n_receivers = u16::from(!body.method.access.is_static());
    let desc = world.program.text(body.method.desc);
    let declared = p.checked_sub(n_receivers).and_then(|i| params(desc).nth(usize::from(i)));
    declared.is_some_and(|ty| CLASSES.contains(&ty.0))
}

/// The operands of a call that get into a container, or name what gets out: a function that makes a value does not.
fn operands(world: &World<'_>, api: ApiId, is_removal: bool, event: &Event) -> std::ops::Range<usize> {
    let facts = world.knowledge.tables.apis.get(usize::from(api));
    let key = facts.filter(|a| !is_removal && a.value.is_none()).and_then(|a| a.key);
    match key.and_then(|k| Subject::Argument(k).operand(true)) {
        Some(key) => key..key + 1,
        None => 1..usize::from(event.n_args),
    }
}

/// Whether a value is what a field of the method's own object holds.
fn is_own_field(body: Body<'_>, leaf: Value) -> bool {
    let read = body.origins.event(leaf).filter(|(_, e)| e.kind == EventKind::GetField);
    !body.method.access.is_static()
        && read
            .is_some_and(|(_, e)| body.origins.leaves(body.origins.arg(e, 0)).all(|l| l == Value::Param(0)))
}

/// The parameters that an object holds which the method makes of them, and the object's class.
fn wrapped(world: &World<'_>, body: Body<'_>, leaf: Value) -> Vec<(u16, ClassId)> {
    let loader = world.program.class(body.class).loader;
    let made = body.origins.event(leaf).filter(|(_, e)| e.kind == EventKind::New);
    let class = made.and_then(|(i, e)| Some((i, world.program.find(loader, e.name()?)?)));
    let Some((made, class)) = class else { return Vec::new() };
    let mut held = Vec::new();
    for call in
        body.origins.events().iter().skip(made as usize).filter(|e| e.kind == EventKind::InvokeSpecial)
    {
        let args = body.origins.args(call);
        if !args.first().is_some_and(|v| body.origins.leaves(*v).any(|l| l == leaf)) {
            continue;
        }
        let [constructor] = world.targets(body, call, 1).unwrap_or_default()[..] else { continue };
        for at in kept_params(world, constructor) {
            let given = args.get(usize::from(at)).into_iter().flat_map(|v| body.origins.leaves(*v));
            // A class in the object is told where the container is, as one that is put in alone.
            let given = given.filter(|l| !is_declared_class(world, body, *l));
            held.extend(given.filter_map(|l| if let Value::Param(p) = l { Some((p, class)) } else { None }));
        }
    }
    held
}

/// The parameters that a constructor writes to fields of its object.
fn kept_params(world: &World<'_>, constructor: MethodId) -> Vec<u16> {
    let body = world.body(constructor);
    let writes = body.origins.events().iter().filter(|e| e.kind == EventKind::PutField);
    let own = writes.filter(|e| body.origins.leaves(body.origins.arg(e, 0)).all(|l| l == Value::Param(0)));
    let values = own.flat_map(|e| body.origins.leaves(body.origins.arg(e, 1)));
    values.filter_map(|l| if let Value::Param(p) = l { Some(p) } else { None }).collect()
}

/// Whether a method makes and returns the function that another one is, or an object that has it.
pub(super) fn hands_out(world: &World<'_>, maker: MethodId, method: MethodId) -> bool {
    let body = world.body(maker);
    let returns = body.origins.events().iter().filter(|e| e.kind == EventKind::Return);
    let values = returns.flat_map(|e| body.origins.args(e)).flat_map(|v| body.origins.leaves(*v));
    let mut made = values.filter_map(|leaf| body.origins.event(leaf));
    made.any(|(_, event)| is_made_by(world, maker, event, method))
}

/// Whether an event of a method makes the function that another one is, or an object that has it.
pub(super) fn is_made_by(world: &World<'_>, maker: MethodId, event: &Event, method: MethodId) -> bool {
    let body = world.body(maker);
    let program = world.program;
    match event.kind {
        EventKind::Lambda => world.targets(body, event, 1).unwrap_or_default().contains(&method),
        EventKind::New => {
            let loader = program.class(body.class).loader;
            let class = event.name().and_then(|name| program.find(loader, name));
            class.is_some_and(|class| program.is_subtype(class, program.class_of_method(method)))
        }
        _ => false,
    }
}

/// The static field of a shared class, or the field of the only object of one, whose value, or a part of it, a value
/// is.
fn root(
    world: &World<'_>,
    groups: &Groups<'_>,
    body: Body<'_>,
    value: ValueId,
    depth: u32,
) -> Option<FieldId> {
    let refs = world.program.refs(world.program.class(body.class).loader);
    let deeper = |body: Body<'_>, value: ValueId| {
        (depth < MAX_VIEWS).then(|| root(world, groups, body, value, depth + 1)).flatten()
    };
    body.origins.leaves(value).find_map(|leaf| {
        if let Value::Param(param) = leaf {
            let captured = captured(world, body, param).into_iter();
            return captured.filter_map(|(maker, value)| deeper(world.body(maker), value)).next();
        }
        let (_, event) = body.origins.event(leaf)?;
        match event.kind {
            EventKind::GetStatic => refs
                .field(event.member()?)
                .filter(|f| world.program.is_shared(world.program.class_of_field(*f))),
            EventKind::GetField => {
                let field = event.member().and_then(|m| refs.field(m))?;
                if groups.singletons.has(world, world.program.class_of_field(field)) {
                    return Some(field);
                }
                let given = given_to_handle(world, body, leaf, field).into_iter();
                given.filter_map(|(maker, value)| deeper(world.body(maker), value)).next()
            }
            kind if kind.has_receiver() => deeper(body, body.origins.arg(event, 0)),
            _ => None,
        }
    })
}

/// What a lambda captures as one of its parameters, where it is made.
fn captured(world: &World<'_>, body: Body<'_>, param: u16) -> Vec<(MethodId, ValueId)> {
    if !body.method.access.is_synthetic() {
        return Vec::new();
    }
    let makers = world.sites.resolved_to(body.id).iter().take(MAX_MAKERS).filter_map(|site| {
        let event = world.event(site.caller, site.event).filter(|e| e.kind == EventKind::Lambda)?;
        let value = world.body(site.caller).origins.args(event).get(usize::from(param))?;
        Some((site.caller, *value))
    });
    makers.collect()
}

/// What the constructor of a handle was given that it keeps in a field.
fn given_to_handle(
    world: &World<'_>,
    body: Body<'_>,
    leaf: Value,
    field: FieldId,
) -> Vec<(MethodId, ValueId)> {
    if !is_own_field(body, leaf) || world.program.class_of_field(field) != body.class {
        return Vec::new();
    }
    let mut given = Vec::new();
    for write in world.fields.writes(field).take(MAX_MAKERS) {
        let constructor = world.body(write.method);
        let value = world.event(write.method, write.event).map(|e| constructor.origins.arg(e, 1));
        let params = value.into_iter().flat_map(|v| constructor.origins.leaves(v));
        let params: Vec<u16> =
            params.filter_map(|l| if let Value::Param(p) = l { Some(p) } else { None }).collect();
        if !world.program.is_constructor(constructor.method.name) || params.is_empty() {
            continue;
        }
        for site in world.sites.resolved_to(write.method).iter().take(MAX_MAKERS) {
            let Some(event) = world.event(site.caller, site.event) else { continue };
            let args = world.body(site.caller).origins.args(event);
            let values = params.iter().filter_map(|p| args.get(usize::from(*p)));
            given.extend(values.map(|value| (site.caller, *value)));
        }
    }
    given
}
