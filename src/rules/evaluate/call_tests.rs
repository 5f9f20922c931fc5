//! Whether conditions about what comes of a call hold.

use super::conditions::catches;
use super::context::Context;
use super::matches::{Match, Spot};
use super::own_casts::is_cast_to_own;
use super::values::{asked_loader, constants, holds_resource, operand, origins_of, type_of, types_of};
use crate::dataflow::Body;
use crate::facts::{Event, EventKind, NO_NAME, Value};
use crate::program::CallSite;
use crate::rules::rule::{CallTest, ModuleHas};
use crate::topology::PathElement;
use crate::vocabulary::descriptor::{binary_name, return_type};
use crate::vocabulary::{ClassId, LoaderId, MethodId, ValueId};

/// Callers looked at for one method.
const MAX_CALLERS: usize = 16;
/// Calls between the site and who may catch.
const MAX_CALLS: u32 = 3;

/// Whether such a condition holds.
pub(super) fn holds(cx: &Context<'_>, found: &Match, test: &CallTest) -> bool {
    match test {
        CallTest::Uncaught(types) => found.spots.iter().any(|s| !is_caught(cx, s, types, &mut Vec::new(), 0)),
        CallTest::CastTo(types) => found.spots.iter().any(|s| is_cast_to(cx, s, types)),
        CallTest::CastToOwn => found.spots.iter().all(|s| is_cast_to_own(cx, s)),
        CallTest::OwnLoaderHas => found.spots.iter().any(|s| own_loader_has(cx, s)),
        CallTest::ReceiverAsksOwnLoader(name) => {
            found.spots.iter().any(|s| asks_own_loader(cx, s, name).unwrap_or(false))
        }
        CallTest::ReceiverMakesOwn(name) => found.spots.iter().any(|s| super::made::makes_own(cx, s, name)),
        CallTest::ModuleHas(test) => module_has(cx, found, test),
        CallTest::DefaultForGiven => found.spots.iter().any(|s| is_default_for_given(cx, s)),
        CallTest::RunByOwnThread => {
            found.spots.iter().all(|s| super::tasks::is_run_by_own_thread(cx, cx.world.body(s.method)))
        }
    }
}

/// Whether the method, or one of those who call it, catches one of the types around the site.
fn is_caught(cx: &Context<'_>, spot: &Spot, types: &[String], seen: &mut Vec<MethodId>, depth: u32) -> bool {
    if catches(cx, spot, types) {
        return true;
    }
    if depth >= MAX_CALLS || seen.contains(&spot.method) {
        return false;
    }
    seen.push(spot.method);
    // Of so many one will.
    let Some(sites) = cx.world.sites.of(spot.method, MAX_CALLERS) else { return true };
    let is_caught_at = |site: &CallSite| {
        let call = Spot { method: site.caller, event: site.event, how: None, inside: None };
        is_caught(cx, &call, types, seen, depth + 1)
    };
    sites.iter().any(is_caught_at)
}

/// Whether a call's result is returned, stored or passed on where otherwise a parameter, or a field of the object, is.
fn is_default_for_given(cx: &Context<'_>, spot: &Spot) -> bool {
    let body = cx.world.body(spot.method);
    let result = Value::Event(u32::from(spot.event));
    let is_given = |leaf: Value| match leaf {
        Value::Param(0) => body.method.access.is_static(),
        Value::Param(_) => true,
        _ => body.origins.event(leaf).is_some_and(|(_, read)| {
            read.kind == EventKind::GetField
                && body.origins.leaves(body.origins.arg(read, 0)).all(|object| object == Value::Param(0))
        }),
    };
    let is_either = |value: &ValueId| {
        body.origins.leaves(*value).any(|leaf| leaf == result)
            && body.origins.leaves(*value).any(is_given)
            && body.origins.leaves(*value).all(|leaf| leaf == result || is_given(leaf) || leaf == Value::Null)
    };
    body.origins.events().iter().any(|event| {
        let n_receivers = usize::from(event.kind.has_receiver() || event.kind == EventKind::PutField);
        body.origins.args(event).iter().skip(n_receivers).any(is_either)
    })
}

/// Whether the result of a call is cast to one of the types, and the method asks no `instanceof` of it.
fn is_cast_to(cx: &Context<'_>, spot: &Spot, types: &[String]) -> bool {
    let body = cx.world.body(spot.method);
    let result = Value::Event(u32::from(spot.event));
    let is_of_type = |name| name != NO_NAME && types.iter().any(|t| t == cx.world.program.text(name));
    let mut is_cast = false;
    for event in body.origins.events() {
        let is_cast_here = event.kind == EventKind::CheckCast;
        let is_about = (is_cast_here || event.kind == EventKind::InstanceOf)
            && event.name().is_some_and(is_of_type)
            && body.origins.leaves(body.origins.arg(event, 0)).any(|leaf| leaf == result);
        if is_about && !is_cast_here {
            return false;
        }
        is_cast |= is_about;
    }
    is_cast
}

/// Whether the first argument names something that the loader of the calling class yields.
fn own_loader_has(cx: &Context<'_>, spot: &Spot) -> bool {
    let world = cx.world;
    let body = world.body(spot.method);
    let Some(event) = world.event(spot.method, spot.event) else { return false };
    let Some(position) = operand(event, 0) else { return false };
    let own = world.program.class(body.class).loader;
    let found = origins_of(world, body, event, position);
    let is_class = |name: &&str| world.program.find_text(own, &name.replace('.', "/")).is_some();
    let has_file = |element: &PathElement, name: &str| element.has_resource(world.archives, name);
    let is_file = |name: &String| world.program.topology.find_resource(own, name, &has_file).is_some();
    constants(world, &found).iter().any(is_class)
        || cx.resource_names(body, (event, position), &found).iter().any(is_file)
}

/// The APIs by which a method looks a class up.
const LOOKUPS: [&str; 3] = ["class-for-name", "class-for-name-with-loader", "load-class"];

/// Whether a method of the receiver's class asks the loader of that class for classes, and no other one.
fn asks_own_loader(cx: &Context<'_>, spot: &Spot, name: &str) -> Option<bool> {
    let (world, program) = (cx.world, cx.world.program);
    let body = world.body(spot.method);
    let event = world.event(spot.method, spot.event)?;
    let receiver = body.origins.arg(event, operand(event, -1)?);
    let loader = program.class(body.class).loader;
    let types = types_of(world, body, receiver);
    let [ty] = types[..] else { return None };
    let class = program.find_text(loader, ty).filter(|c| !program.is_jdk(*c))?;
    let (method, _) = program.methods_of(class).find(|(_, m)| m.has_body && program.text(m.name) == name)?;
    let resolving = world.body(method);
    // One that refuses what it does not know reads its library's own objects; whose it lets in nobody knows yet.
    if world.reach.is_open_world() && refuses(resolving) {
        return None;
    }
    let own = program.class(class).loader;
    let mut n = 0;
    for lookup in resolving.origins.events().iter().filter(|e| e.kind.is_invoke()) {
        let is_in = |group: &&str| {
            let table = world.knowledge.group(group);
            lookup.member().is_some_and(|m| world.knowledge.api_in(table, own, m).is_some())
        };
        if LOOKUPS.iter().any(is_in) {
            n += 1;
            if asked_loader(world, resolving, lookup) != Some(own) {
                return Some(false);
            }
        } else if lookup.kind == EventKind::InvokeSpecial && is_jdks_of_name(cx, own, lookup, name) {
            // What the JDK's does: the nearest loader is that of the code which reads.
            n += 1;
        } else if yields_class(cx, lookup) {
            // Somebody else is asked, too.
            return None;
        }
    }
    Some(n > 0)
}

/// Whether one way out of a test throws what the method makes; what it throws because something else failed is no refusal.
fn refuses(body: Body<'_>) -> bool {
    let unit = body.origins.unit;
    let blocks = unit.blocks_of(body.method);
    let throws = |block: &u16| {
        let events = blocks.get(usize::from(*block)).map(|b| unit.events_in(body.method, b));
        events.unwrap_or_default().iter().any(|e| e.kind == EventKind::Throw)
    };
    blocks
        .iter()
        .map(|block| unit.successors(block))
        .any(|edges| edges.len() == 2 && edges.iter().any(throws))
}

fn yields_class(cx: &Context<'_>, call: &Event) -> bool {
    let members = &cx.world.program.facts.members;
    let desc = call.member().map(|m| cx.world.program.text(members.get(m).desc));
    desc.is_some_and(|desc| return_type(desc).class() == Some("java/lang/Class"))
}

/// Whether a call is one of the JDK's method of a name.
fn is_jdks_of_name(cx: &Context<'_>, loader: LoaderId, call: &Event, name: &str) -> bool {
    let program = cx.world.program;
    let Some(member) = call.member() else { return false };
    let target = program.refs(loader).method(member);
    program.text(program.facts.members.get(member).name) == name
        && target.is_none_or(|m| program.is_jdk(program.class_of_method(m)))
}

/// Whether a module that gets to the site has one of the files or classes, and, if it has to be alone, the loader of the
/// calling class has none.
fn module_has(cx: &Context<'_>, found: &Match, test: &ModuleHas) -> bool {
    let topology = cx.world.program.topology;
    let own = cx.world.program.class(found.class).loader;
    let test = &for_type(cx, found, test);
    let files = &test.files;
    let tenants = cx.tenants(found);
    let mut loaders = tenants.iter().filter(|t| t.index() > 0);
    let has = |loader: LoaderId| {
        files.iter().any(|file| holds_resource(cx.world, loader, file))
            || has_subtype(cx, loader, &test.subtypes_of)
    };
    let is_had = loaders.any(|t| {
        let loader = topology.tenants.get(t.index()).map(|t| t.loader);
        loader.is_some_and(|loader| loader != own && has(loader))
    });
    is_had && !(test.alone && sees(cx, own, files, test))
}

/// Whether a loader yields one of the files or classes.
fn sees(cx: &Context<'_>, loader: LoaderId, files: &[String], test: &ModuleHas) -> bool {
    let program = cx.world.program;
    let has_file = |element: &PathElement, name: &str| element.has_resource(cx.world.archives, name);
    let is_seen = |class: ClassId| {
        program.find(loader, program.class_facts(class).name) == Some(class)
            && is_below(cx, class, &test.subtypes_of)
    };
    files.iter().any(|file| program.topology.find_resource(loader, file, &has_file).is_some())
        || !test.subtypes_of.is_empty() && (0..program.classes.len()).map(ClassId::from_index).any(is_seen)
}

/// Whether a class is no interface and below one of the types.
fn is_below(cx: &Context<'_>, class: ClassId, types: &[String]) -> bool {
    let program = cx.world.program;
    !program.class_facts(class).access.is_interface()
        && types.iter().any(|t| program.has_supertype_named(class, t))
}

/// The test with the type that the call yields.
fn for_type(cx: &Context<'_>, found: &Match, test: &ModuleHas) -> ModuleHas {
    const TYPE: &str = "{type}";
    let yielded = found
        .spots
        .first()
        .and_then(|s| type_of(cx.world, cx.world.body(s.method), Value::Event(u32::from(s.event))));
    let with = |texts: &[String], name: &str| {
        let known = texts.iter().filter(|text| !text.contains(TYPE) || yielded.is_some());
        known.map(|text| text.replace(TYPE, name)).collect()
    };
    let yielded = yielded.unwrap_or_default();
    ModuleHas {
        files: with(&test.files, &binary_name(yielded)),
        subtypes_of: with(&test.subtypes_of, yielded),
        alone: test.alone,
    }
}

/// Whether a loader itself defines a class, no interface, below one of the types.
fn has_subtype(cx: &Context<'_>, loader: LoaderId, types: &[String]) -> bool {
    let program = cx.world.program;
    let below = |class: ClassId| program.class(class).loader == loader && is_below(cx, class, types);
    !types.is_empty() && (0..program.classes.len()).map(ClassId::from_index).any(below)
}
