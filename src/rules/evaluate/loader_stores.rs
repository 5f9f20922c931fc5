//! Matches of fields of a class loader type that are written anywhere, constructors and initialisers included.

use super::context::Context;
use super::matches::{Match, Spot, Subject};
use crate::dataflow::held::Holder;
use crate::dataflow::origins::{self, Found, Origin};
use crate::dataflow::remembered::Remembered;
use crate::dataflow::{Body, How, World};
use crate::facts::{Event, EventKind, Value};
use crate::rules::rule::StoredKind;
use crate::topology::BASE;
use crate::vocabulary::descriptor::{TypeDesc, params, return_type};
use crate::vocabulary::{Access, ClassId, FieldId, LoaderId, MethodId, Name, Parallel, ValueId};
use rustc_hash::FxHashSet;

/// Whether a type, as a loader sees it, is a class loader's.
type IsLoader = Remembered<(LoaderId, Name), bool>;

/// One match per field.
pub(super) fn find(cx: &Context<'_>, parallel: &impl Parallel) -> Vec<Match> {
    const CHUNK: usize = 2048;
    let (n, known) = (cx.world.program.n_fields, IsLoader::default());
    let found = parallel.map(n.div_ceil(CHUNK), |chunk| {
        let range = chunk * CHUNK..n.min((chunk + 1) * CHUNK);
        range.filter_map(|f| matched(cx, FieldId::from_index(f), &known)).collect::<Vec<_>>()
    });
    found.concat()
}

fn matched(cx: &Context<'_>, field: FieldId, known: &IsLoader) -> Option<Match> {
    let program = cx.world.program;
    let class = program.class_of_field(field);
    let facts = program.field(field);
    let name = TypeDesc(program.text(facts.desc)).class()?;
    let is_loader = || {
        let loader = program.class(class).loader;
        let is_loader =
            || super::values::is_of_types(cx.world, cx.models, loader, name, &cx.names.loader_types);
        known.get_or_find((loader, facts.desc), is_loader)
    };
    if program.is_jdk(class) || facts.access.has(Access::SYNTHETIC) || !is_loader() {
        return None;
    }
    let writes = cx.world.fields.writes(field);
    let spots: Vec<Spot> = writes
        .map(|w| Spot { method: w.method, event: w.event, how: Some(How::Write), inside: None })
        .collect();
    let holder = if facts.access.is_static() { None } else { cx.held.holder(class) };
    if spots.is_empty() {
        return None;
    }
    let found =
        Match { subject: Subject::Field(field), class, spots, only: None, holder, kept: None, leak: None };
    let narrowed = from_the_start(cx, &found);
    // What a static holds takes along whatever comes later, with the loader of who made it.
    let is_for_all = narrowed.is_some() || holder.is_some_and(|h| h.is_kept && !h.is_entry);
    (is_for_all || !is_only_put_back(cx, field)).then(|| narrowed.unwrap_or(found))
}

/// Constructors that hand on to one another.
const MAX_CONSTRUCTORS: usize = 8;

/// The same match, if only some of the class's objects are held, narrowed to what the constructors store of the one that a
/// static field holds, on behalf of the modules that come first: the others do not matter then.
fn from_the_start(cx: &Context<'_>, found: &Match) -> Option<Match> {
    let world = cx.world;
    let holder = found.holder.filter(|h| !h.is_entry && !h.is_kept && !world.reach.is_open_world())?;
    let mut spots = Vec::new();
    let mut tenants = Vec::new();
    let statics = cx
        .held
        .statics(found.class)
        .iter()
        .filter(|f| world.reach.owner(world.program.class_of_field(**f)).is_none());
    for (at, write) in statics.flat_map(|f| world.fields.writes(*f).map(|w| (*f, w))) {
        let writer = world.body(write.method);
        let value = world.event(write.method, write.event).and_then(|e| writer.origins.args(e).last());
        for made in value.map_or_else(Vec::new, |v| origins::of_object(world, write.method, *v)) {
            let constructors = constructors_of(world, &made, found.class);
            let own = found.spots.iter().filter(|s| constructors.contains(&s.method));
            let own: Vec<Spot> =
                own.filter(|s| cx.stored(s).has_any(&[StoredKind::ContextLoader])).copied().collect();
            if own.is_empty() || is_told_where_made(world, &made, at, found) {
                continue;
            }
            spots.extend(own);
            // An initialiser runs for whoever comes first, and the others get what it made.
            match world.program.text(world.program.method(made.method).name) {
                "<clinit>" => tenants.extend(cx.users_of(made.method)),
                _ => tenants.extend(world.reach.tenants(made.method).iter()),
            }
        }
    }
    spots.sort_unstable_by_key(|s| (s.method, s.event));
    spots.dedup();
    tenants.sort_unstable();
    tenants.dedup();
    let holder = Holder { is_only: true, is_kept: true, ..holder };
    let narrowed = || Match { spots, only: Some(tenants.clone()), holder: Some(holder), ..found.clone() };
    tenants.iter().any(|t| *t != BASE).then(narrowed)
}

/// Whether the method that makes an object for a static field passes another loader to one that stores it in the object.
fn is_told_where_made(world: &World<'_>, made: &Found, holder: FieldId, found: &Match) -> bool {
    let maker = world.body(made.method);
    let refs = world.program.refs(world.program.class(maker.class).loader);
    let is_it = |leaf: Value| {
        let read = maker.origins.event(leaf).map(|(_, e)| e).filter(|e| e.kind == EventKind::GetStatic);
        leaf == Value::Event(u32::from(made.event))
            || read.and_then(Event::member).and_then(|m| refs.field(m)) == Some(holder)
    };
    let is_on_it =
        |e: &&Event| e.kind.has_receiver() && maker.origins.leaves(maker.origins.arg(e, 0)).any(is_it);
    maker.origins.events().iter().filter(|e| e.kind.is_invoke()).filter(is_on_it).any(|e| {
        let called = e.member().and_then(|m| refs.method(m));
        called.is_some_and(|m| {
            !world.program.is_constructor(world.program.method(m).name)
                && found.spots.iter().any(|s| s.method == m)
        })
    })
}

/// The constructors of a class that run when an object is made, those included that the first one hands on to.
fn constructors_of(world: &World<'_>, made: &Found, class: ClassId) -> Vec<MethodId> {
    let maker = world.body(made.method);
    let is_made = matches!(made.origin, Origin::Allocation(Some(of)) if world.program.is_subtype(of, class));
    let leaf = Value::Event(u32::from(made.event));
    let run_on = |body: Body<'_>, object: Value| -> Vec<MethodId> {
        let refs = world.program.refs(world.program.class(body.class).loader);
        let calls = body.origins.events().iter().filter(|e| e.kind == EventKind::InvokeSpecial);
        let on_it = calls.filter(|e| body.origins.leaves(body.origins.arg(e, 0)).any(|l| l == object));
        let methods = on_it.filter_map(|e| refs.method(e.member()?));
        methods.filter(|m| world.program.is_constructor(world.program.method(*m).name)).collect()
    };
    let mut constructors = if is_made { run_on(maker, leaf) } else { Vec::new() };
    let mut at = 0;
    while let Some(method) = constructors.get(at).copied().filter(|_| at < MAX_CONSTRUCTORS) {
        at += 1;
        constructors.extend(run_on(world.body(method), Value::Param(0)));
    }
    constructors
}

/// Whether a constructor that code of other packages can call stores a loader for which it does not ask its caller, and
/// neither does the object later.
pub(super) fn is_unasked(cx: &Context<'_>, found: &Match) -> bool {
    let Subject::Field(field) = found.subject else { return false };
    found.spots.iter().any(|spot| is_stored_unasked(cx, spot)) && !is_told_later(cx, field)
}

/// Whether a public method of the object stores what it is given in the field, and implements one of an interface or an
/// abstract class: a container calls that on each object it makes. Of another one whoever makes the object need not know.
fn is_told_later(cx: &Context<'_>, field: FieldId) -> bool {
    let program = cx.world.program;
    let is_given = |leaf: Value| matches!(leaf, Value::Param(i) if i > 0);
    !program.field(field).access.is_static()
        && cx.world.fields.writes(field).any(|write| {
            let body = cx.world.body(write.method);
            let stored = cx.world.event(write.method, write.event).and_then(|e| body.origins.args(e).last());
            body.method.access.is_public()
                && !body.method.access.is_static()
                && implements_above(cx, body)
                && stored.is_some_and(|v| body.origins.leaves(*v).any(is_given))
        })
}

/// Whether a type above declares a body's method without a body of its own.
fn implements_above(cx: &Context<'_>, body: Body<'_>) -> bool {
    let program = cx.world.program;
    let mut waiting: Vec<ClassId> = program.supers(body.class).collect();
    let mut seen = FxHashSet::default();
    while let Some(at) = waiting.pop() {
        if !seen.insert(at) {
            continue;
        }
        let declared = program.declared_method(at, body.method.name, body.method.desc);
        if declared.is_some_and(|m| program.method(m).access.is_abstract()) {
            return true;
        }
        waiting.extend(program.supers(at));
    }
    false
}

fn is_stored_unasked(cx: &Context<'_>, spot: &Spot) -> bool {
    let program = cx.world.program;
    let body = cx.world.body(spot.method);
    let loader = program.class(body.class).loader;
    let is_open = body.method.access.is_public() && program.class_facts(body.class).access.is_public();
    let is_loader = |desc: TypeDesc<'_>| {
        desc.class().is_some_and(|name| {
            super::values::is_of_types(cx.world, cx.models, loader, name, &cx.names.loader_types)
        })
    };
    is_open
        && program.is_constructor(body.method.name)
        && !params(program.text(body.method.desc)).any(is_loader)
        && !has_step_that_asks(cx, body.class, &is_loader)
}

/// Whether objects of a class are told step by step what they need, the loader being one of the steps: a public method takes
/// one and yields the object again.
fn has_step_that_asks(cx: &Context<'_>, class: ClassId, is_loader: &dyn Fn(TypeDesc<'_>) -> bool) -> bool {
    let program = cx.world.program;
    let own = program.class_name(class);
    program.methods_of(class).any(|(_, m)| {
        let desc = program.text(m.desc);
        m.access.is_public()
            && !m.access.is_static()
            && return_type(desc).class() == Some(own)
            && params(desc).any(is_loader)
    })
}

/// Whether all that is ever done with what the field holds is to make it the context class loader again: a scope that
/// keeps what was there before, a task that takes its caller's along.
fn is_only_put_back(cx: &Context<'_>, field: FieldId) -> bool {
    let setters = [CONTEXT_SET.to_owned()];
    let reads = cx.world.fields.reads(field);
    let mut reads = reads.filter(|read| !is_accessor(cx, field, read.method)).peekable();
    reads.peek().is_some()
        && reads.all(|read| {
            let body = cx.world.body(read.method);
            let loader = cx.world.program.class(body.class).loader;
            let is_read =
                |v: &ValueId| body.origins.leaves(*v).any(|l| l == Value::Event(u32::from(read.event)));
            let mut uses = body.origins.events().iter().filter(|e| body.origins.args(e).iter().any(is_read));
            uses.all(|e| {
                e.kind.is_invoke()
                    && !is_new_thread(cx, body, e)
                    && e.member().is_some_and(|m| {
                        cx.world.knowledge.apis(loader, m).any(|api| cx.is_api(api, &setters))
                    })
            })
        })
}

/// Whether a call is made on a thread that its method has just made: what that gets is no loader from before.
fn is_new_thread(cx: &Context<'_>, body: Body<'_>, event: &Event) -> bool {
    let loader = cx.world.program.class(body.class).loader;
    body.origins.leaves(body.origins.arg(event, 0)).filter_map(|leaf| body.origins.event(leaf)).any(
        |(_, made)| {
            made.kind == EventKind::New
                || made.member().is_some_and(|m| cx.world.knowledge.api_of(NEW_THREAD, loader, m).is_some())
        },
    )
}

/// The API group of the calls that make threads.
const NEW_THREAD: &str = "new-thread";

/// Whether a method is the one that the language gives a record for a component (JLS 8.10.3), and nobody calls it.
fn is_accessor(cx: &Context<'_>, field: FieldId, method: MethodId) -> bool {
    let program = cx.world.program;
    let (facts, class) = (program.method(method), program.class_of_method(method));
    class == program.class_of_field(field)
        && facts.name == program.field(field).name
        && params(program.text(facts.desc)).next().is_none()
        && program.has_supertype_named(class, RECORD)
        && cx.world.sites.resolved_to(method).is_empty()
}

/// What every record extends.
const RECORD: &str = "java/lang/Record";
/// The API that sets the context class loader.
const CONTEXT_SET: &str = "context-loader-set";
