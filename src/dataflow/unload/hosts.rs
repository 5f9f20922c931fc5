//! Hosts of plug-ins that are not known by name: what one calls on a plug-in's objects right before it closes the
//! plug-in's class loader is what runs at the plug-in's unload.

use crate::dataflow::World;
use crate::dataflow::{Body, marks};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::descriptor::{TypeDesc, params, return_type};
use crate::vocabulary::{ClassId, MethodId, Name, Parallel, TenantId, ValueId};

const LOADER: &str = "java/lang/ClassLoader";
const CLOSE: (&str, &str) = ("close", "()V");
/// Calls of the host's own between what closes the loader and what calls the plug-in, up and down.
const MAX_DEPTH: u32 = 2;
/// Callers looked at of what closes the loader.
const MAX_SITES: usize = 8;
/// Overriders looked at for one call of the host's own.
const MAX_TARGETS: usize = 4;
/// Subtypes looked at for one call of a plug-in.
const MAX_SUBTYPES: usize = 512;

/// The modules' implementations of what hosts call before they close a loader, each with the module.
pub(super) fn callbacks(world: &World<'_>, parallel: &impl Parallel) -> Vec<(MethodId, TenantId)> {
    const CHUNK: usize = 256;
    let program = world.program;
    if program.topology.is_open_world() {
        return Vec::new();
    }
    let n = program.classes.len();
    let found = parallel.map(n.div_ceil(CHUNK), |chunk| {
        let mut calls = Vec::new();
        for class in (chunk * CHUNK..n.min((chunk + 1) * CHUNK)).map(ClassId::from_index) {
            if program.is_jdk(class) || !program.is_shared(class) {
                continue;
            }
            for (id, method) in program.methods_of(class) {
                if method.has_body && world.knowledge.is_marked(id, marks::CALLS_CLOSE) {
                    of_body(world, id, &mut calls);
                }
            }
        }
        calls
    });
    let mut calls: Vec<Called> = found.into_iter().flatten().collect();
    calls.sort_unstable();
    calls.dedup();
    let mut callbacks: Vec<(MethodId, TenantId)> =
        calls.into_iter().flat_map(|call| implementations(world, call)).collect();
    callbacks.sort_unstable();
    callbacks.dedup();
    callbacks
}

/// A method that is called: the type that declares it for its caller, its name and its descriptor.
type Called = (ClassId, Name, Name);

fn of_body(world: &World<'_>, id: MethodId, calls: &mut Vec<Called>) {
    let body = world.body(id);
    let closing = body.origins.events().iter().position(|e| closes_loader(world, body, e));
    let Some(closing) = closing else { return };
    before(world, body, closing, 0, calls);
    for site in world.sites.of(id, MAX_SITES).unwrap_or_default() {
        let caller = world.body(site.caller);
        if !world.program.is_jdk(caller.class) && world.program.is_shared(caller.class) {
            before(world, caller, usize::from(site.event), 0, calls);
        }
    }
}

/// Whether a call closes a class loader.
fn closes_loader(world: &World<'_>, body: Body<'_>, event: &Event) -> bool {
    let program = world.program;
    let Some(member) = event.member().filter(|_| event.kind.has_receiver()) else { return false };
    let member = program.facts.members.get(member);
    let loader = program.class(body.class).loader;
    let is_loader = |name: &str| {
        name == LOADER
            || program.find_text(loader, name).is_some_and(|c| program.has_supertype_named(c, LOADER))
    };
    (program.text(member.name), program.text(member.desc)) == CLOSE
        && (is_loader(program.text(member.owner))
            || is_declared(world, body, body.origins.arg(event, 0), &is_loader))
}

/// Whether what a value is cast from is declared as a type.
fn is_declared(world: &World<'_>, body: Body<'_>, value: ValueId, is_type: &dyn Fn(&str) -> bool) -> bool {
    let program = world.program;
    body.origins.leaves(value).any(|leaf| match (leaf, body.origins.event(leaf)) {
        (_, Some((_, event))) if event.kind == EventKind::CheckCast => {
            is_declared(world, body, body.origins.arg(event, 0), is_type)
        }
        (_, Some((_, event))) => event.member().is_some_and(|m| {
            let desc = program.text(program.facts.members.get(m).desc);
            let ty = if event.kind.has_field() { TypeDesc(desc) } else { return_type(desc) };
            ty.class().is_some_and(is_type)
        }),
        (Value::Param(at), _) => {
            let first = usize::from(!body.method.access.is_static());
            let ty = usize::from(at).checked_sub(first);
            let ty = ty.and_then(|n| params(program.text(body.method.desc)).nth(n));
            ty.and_then(TypeDesc::class).is_some_and(is_type)
        }
        _ => false,
    })
}

/// What a body calls before one of its events, itself or in methods of the host.
fn before(world: &World<'_>, body: Body<'_>, end: usize, depth: u32, calls: &mut Vec<Called>) {
    let program = world.program;
    let loader = program.class(body.class).loader;
    for event in body.origins.events().iter().take(end) {
        let Some(member) = event.member().filter(|_| event.kind.is_invoke()) else { continue };
        let facts = program.facts.members.get(member);
        let Some(owner) = program.find(loader, facts.owner).filter(|c| !program.is_jdk(*c)) else { continue };
        if matches!(event.kind, EventKind::InvokeInterface | EventKind::InvokeVirtual) {
            calls.push((owner, facts.name, facts.desc));
        }
        if depth < MAX_DEPTH {
            for target in world.targets(body, event, MAX_TARGETS).unwrap_or_default() {
                let callee = world.body(target);
                if program.is_shared(callee.class) && target != body.id {
                    before(world, callee, usize::MAX, depth + 1, calls);
                }
            }
        }
    }
}

/// What the modules' objects run for a call.
fn implementations(world: &World<'_>, (owner, name, desc): Called) -> Vec<(MethodId, TenantId)> {
    let program = world.program;
    let mut found = Vec::new();
    for class in world.hierarchy.closure(owner).into_iter().take(MAX_SUBTYPES) {
        let facts = program.class_facts(class);
        // What an abstract class has runs on objects of those below it that do not override it.
        let is_made = !facts.access.is_interface() && !facts.access.is_abstract();
        let Some(tenant) = world.reach.owner(class).filter(|_| is_made) else {
            continue;
        };
        let selected = program.select(class, name, desc).filter(|m| program.method(*m).has_body);
        found.extend(selected.map(|method| (method, tenant)));
    }
    found
}
