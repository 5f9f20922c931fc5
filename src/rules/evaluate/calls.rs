//! Matches of call sites, for all rules in one pass over the bodies.

use super::context::Context;
use super::matches::{Match, Spot, Subject};
use super::readers;
use super::values::{asks_context_loader, operand, types_of};
use crate::dataflow::knowledge::ApiId;
use crate::dataflow::{Body, Share, World, marks};
use crate::facts::{Event, EventKind, Value};
use crate::program::reflection::{called_by_name, is_reflective_call};
use crate::vocabulary::{ClassId, MemberRefId, MethodId, Name, Parallel, ValueId};
use rustc_hash::FxHashMap;

/// Events that are looked at for all calls of one method that match: what is asked about a call may take a walk over the
/// whole body. Further calls of the method are not asked about, which [bounds](crate::dataflow::Bounds) note.
const MAX_ASKED: u64 = 1 << 21;
/// Calls of one method that are noted at all.
const MAX_NOTED: usize = 1 << 14;

/// A call that matches.
#[derive(Clone, Copy)]
struct Matching {
    method: MethodId,
    event: u16,
    api: ApiId,
    member: MemberRefId,
    table: usize,
}

/// For each table of APIs the calls of its methods, in class, method and event order.
pub(super) fn find(world: &World<'_>, tables: &[Vec<bool>], parallel: &impl Parallel) -> Vec<Vec<Match>> {
    const CHUNK: usize = 256;
    let n = world.program.classes.len();
    let tables_of = (0..world.knowledge.tables.apis.len()).map(|api| {
        let has_it = |table: &&Vec<bool>| table.get(api).copied().unwrap_or(false);
        (0..tables.len()).filter(|t| tables.get(*t).as_ref().is_some_and(has_it)).collect()
    });
    let tables_of: Vec<Vec<usize>> = tables_of.collect();
    let found = parallel.map(n.div_ceil(CHUNK), |chunk| {
        let mut found = Vec::new();
        for i in chunk * CHUNK..n.min((chunk + 1) * CHUNK) {
            of_class(world, &tables_of, ClassId::from_index(i), &mut found);
        }
        found
    });
    let by_method = || found.iter().flat_map(|part| part.chunk_by(|a, b| a.method == b.method));
    let n_events = |of: &[Matching]| of.first().map_or(0, |m| world.body(m.method).origins.events().len());
    let demands = by_method().map(|of| (n_events(of) * of.len()) as u64).collect();
    let share = Share::of(world.program, demands, MAX_ASKED);
    let mut by_table = vec![Vec::new(); tables.len()];
    for of_method in by_method() {
        let n = share.questions(n_events(of_method));
        if let Some(left_out) = of_method.get(n) {
            world.bounds.note(left_out.method);
        }
        for Matching { method, event, api, member, table } in of_method.iter().take(n).copied() {
            by_table[table].push(Match {
                subject: Subject::Call(member, api),
                class: world.program.class_of_method(method),
                spots: vec![Spot { method, event, how: None, inside: None }],
                only: None,
                holder: None,
                kept: None,
                leak: None,
            });
        }
    }
    by_table
}

/// `tables_of` has for each API the tables that it stands in.
fn of_class(world: &World<'_>, tables_of: &[Vec<usize>], class: ClassId, found: &mut Vec<Matching>) {
    if world.program.is_jdk(class) {
        return;
    }
    let unit = world.program.unit(class);
    let loader = world.program.class(class).loader;
    for (method, facts) in world.program.methods_of(class) {
        if !world.knowledge.is_marked(method, marks::API) {
            continue;
        }
        let n_before = found.len();
        for (i, event) in unit.events_of(facts).iter().enumerate() {
            if found.len() - n_before >= MAX_NOTED {
                world.bounds.note(method);
                break;
            }
            if !event.kind.is_invoke() && event.kind != EventKind::Lambda {
                continue;
            }
            let Some(member) = event.member() else { continue };
            let mut apis = world.knowledge.apis(loader, member).peekable();
            // What an API's own class does is what the API does: that is told where others call it.
            let is_own =
                || world.program.facts.members.get(member).owner == world.program.class_facts(class).name;
            if apis.peek().is_none() || is_own() {
                continue;
            }
            for api in apis.chain(by_name(world, world.body(method), event)) {
                let tables = tables_of.get(usize::from(api)).into_iter().flatten();
                found.extend(tables.map(|t| Matching { method, event: i as u16, api, member, table: *t }));
            }
        }
    }
}

/// The JDK's method that a reflective call runs, if constants say which class's it is, and its name.
fn jdk_method_by_name(world: &World<'_>, body: Body<'_>, event: &Event) -> Option<MethodId> {
    let program = world.program;
    if !is_reflective_call(program, event) {
        return None;
    }
    let called = called_by_name(program, body.class, body.origins, event);
    called.into_iter().find(|m| program.is_jdk(program.class_of_method(*m)))
}

/// The setters of the whole JVM that a reflective call runs. What they are given stands elsewhere than in a plain call, so
/// those are left out that a key tells apart.
fn by_name(world: &World<'_>, body: Body<'_>, event: &Event) -> Vec<ApiId> {
    let Some(method) = jdk_method_by_name(world, body, event) else { return Vec::new() };
    let owner = world.program.class_name(world.program.class_of_method(method));
    let apis = world.knowledge.apis_named(owner, world.program.text(world.program.method(method).name));
    let setters = world.knowledge.group(GLOBAL_SETTER);
    let is_plain = |api: &ApiId| {
        let facts = world.knowledge.tables.apis.get(usize::from(*api));
        setters.get(usize::from(*api)) == Some(&true)
            && facts.is_some_and(|a| a.key.is_none() && a.read_by.is_empty())
    };
    apis.into_iter().filter(is_plain).collect()
}

/// The API group of what changes a setting of the JVM.
const GLOBAL_SETTER: &str = "jvm-global-setter";

/// The method that a match's call runs by its name, if it belongs to the match's API only so.
pub(super) fn target_by_name(world: &World<'_>, found: &Match, spot: &Spot) -> Option<MethodId> {
    let Subject::Call(member, api) = found.subject else { return None };
    let body = world.body(spot.method);
    let loader = world.program.class(body.class).loader;
    if world.knowledge.apis(loader, member).any(|own| own == api) {
        return None;
    }
    jdk_method_by_name(world, body, world.event(spot.method, spot.event)?)
}

/// Joins matches of one method and one target, which are in order, into one; what is set under different keys stays apart.
pub(super) fn join(world: &World<'_>, matches: Vec<Match>) -> Vec<Match> {
    let mut joined: Vec<Match> = Vec::new();
    // Of the method that is looked at, the last joined match of each call, by its keys.
    let mut lasts = FxHashMap::default();
    let mut apis_of: FxHashMap<MemberRefId, Vec<ApiId>> = FxHashMap::default();
    for found in matches {
        if joined.last().is_none_or(|last| last.spots[0].method != found.spots[0].method) {
            lasts.clear();
            apis_of.clear();
        }
        let Subject::Call(member, api) = found.subject else {
            joined.push(found);
            continue;
        };
        let key = |api: ApiId| (member, api, key_names(world, &found, api));
        let apis = apis_of.entry(member).or_default();
        let same = apis.iter().filter_map(|api| lasts.get(&key(*api))).max();
        if let Some(same) = same.and_then(|i: &usize| joined.get_mut(*i)) {
            same.join(found);
            continue;
        }
        if !apis.contains(&api) {
            apis.push(api);
        }
        lasts.insert(key(api), joined.len());
        joined.push(found);
    }
    joined
}

/// The keys that a match sets a setting of the JVM under.
pub(super) fn key_names(world: &World<'_>, found: &Match, api: ApiId) -> Vec<Name> {
    if world.knowledge.tables.apis.get(usize::from(api)).is_none_or(|a| a.read_by.is_empty()) {
        return Vec::new();
    }
    let spots = found.spots.iter();
    let mut keys: Vec<Name> =
        spots.flat_map(|s| readers::keys_of(world, s, api)).map(|(key, _)| key).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Whether the method asks the context class loader for the first argument of the call before.
pub(super) fn is_context_loader_asked_before(cx: &Context<'_>, spot: &Spot) -> bool {
    let body = cx.world.body(spot.method);
    let events = body.origins.events();
    let Some(event) = events.get(usize::from(spot.event)) else { return false };
    let name = |event: &Event| {
        let position = operand(event, 0)?;
        body.origins.args(event).get(position).copied()
    };
    let Some(wanted) = name(event) else { return false };
    let is_same = |value| body.origins.leaves(value).any(|l| body.origins.leaves(wanted).any(|w| w == l));
    events[..usize::from(spot.event)]
        .iter()
        .any(|before| asks_context_loader(cx.world, body, before) && name(before).is_some_and(is_same))
}

/// Whether the receiver's type is asked before, or the receiver is what an earlier turn of the same call gave.
pub(super) fn is_receiver_walked_or_asked(cx: &Context<'_>, spot: &Spot) -> bool {
    let body = cx.world.body(spot.method);
    let events = body.origins.events();
    let Some(event) = events.get(usize::from(spot.event)) else { return false };
    let receiver = source_of(body, body.origins.arg(event, 0));
    is_made_from(body, body.origins.arg(event, 0), Value::Event(u32::from(spot.event)), 0)
        || is_declared_so(cx, body, event)
        || is_first_step(cx, body, spot.event, event)
        || events[..usize::from(spot.event)].iter().any(|before| {
            before.kind == EventKind::InstanceOf
                && source_of(body, body.origins.arg(before, 0))
                    .iter()
                    .any(|l| receiver.iter().any(|r| l == r || is_same_field(body, *l, *r)))
        })
}

/// Calls between one turn of a walk and the next.
const MAX_STEPS: u32 = 4;

/// Whether a value is another one, or what calls on it yield.
fn is_made_from(body: Body<'_>, value: ValueId, source: Value, step: u32) -> bool {
    source_of(body, value).into_iter().any(|leaf| {
        let call = body.origins.event(leaf).filter(|(_, e)| e.kind.has_receiver());
        leaf == source
            || step < MAX_STEPS
                && call.is_some_and(|(_, e)| is_made_from(body, body.origins.arg(e, 0), source, step + 1))
    })
}

/// Whether two values are read from one field.
fn is_same_field(body: Body<'_>, a: Value, b: Value) -> bool {
    let read = |leaf| {
        let (_, event) = body.origins.event(leaf)?;
        event.member().filter(|_| matches!(event.kind, EventKind::GetField | EventKind::GetStatic))
    };
    read(a).is_some_and(|field| read(b) == Some(field))
}

/// Whether what is asked of a subclass of all loaders is asked of a value that is declared as one, without a cast.
fn is_declared_so(cx: &Context<'_>, body: Body<'_>, event: &Event) -> bool {
    let program = cx.world.program;
    let Some(member) = event.member() else { return false };
    let owner = program.text(program.facts.members.get(member).owner);
    let loader = program.class(body.class).loader;
    let is_such = |ty: &&str| {
        *ty == owner || program.find_text(loader, ty).is_some_and(|c| program.has_supertype_named(c, owner))
    };
    let types = types_of(cx.world, body, body.origins.arg(event, 0));
    owner != ANY_LOADER && !types.is_empty() && types.iter().all(is_such)
}

/// What every loader is.
const ANY_LOADER: &str = "java/lang/ClassLoader";

/// Whether a call's result is where a loop of the same call begins, or what the method calls itself with.
fn is_first_step(cx: &Context<'_>, body: Body<'_>, index: u16, event: &Event) -> bool {
    let result = Value::Event(u32::from(index));
    let refs = cx.world.program.refs(cx.world.program.class(body.class).loader);
    (0u32..).zip(body.origins.events()).any(|(i, other)| {
        let gets = |value: &ValueId| source_of(body, *value).contains(&result);
        let Some(member) = other.member().filter(|_| other.kind.is_invoke()) else { return false };
        let is_turn = other.member() == event.member() && i != u32::from(index) && {
            let receiver = source_of(body, body.origins.arg(other, 0));
            receiver.contains(&result) && receiver.contains(&Value::Event(i))
        };
        is_turn || refs.method(member) == Some(body.id) && body.origins.args(other).iter().any(gets)
    })
}

/// The leaves of a value, those before a cast in the place of its result.
fn source_of(body: Body<'_>, value: ValueId) -> Vec<Value> {
    let mut leaves: Vec<Value> = body.origins.leaves(value).collect();
    for leaf in &mut leaves {
        if let Some((_, event)) = body.origins.event(*leaf)
            && event.kind == EventKind::CheckCast
            && let Some(first) = body.origins.leaves(body.origins.arg(event, 0)).next()
        {
            *leaf = first;
        }
    }
    leaves
}
