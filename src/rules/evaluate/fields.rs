//! Matches of field sites.

use super::context::Context;
use super::matches::{Match, Spot, Subject};
use super::{exposed, told_at_calls, told_at_holders};
use crate::dataflow::changes::{Change, ChangeTable, Changes};
use crate::dataflow::held::{Held, Holder, Root};
use crate::dataflow::initialisation;
use crate::dataflow::knowledge::ApiId;
use crate::dataflow::may_hold::is_of_thread;
use crate::dataflow::{How, Share, World, frozen, new_objects};
use crate::facts::{Event, EventKind, Value};
use crate::program::link::NO_CLASS;
use crate::rules::rule::{Site, StateKind, WriteShape};
use crate::vocabulary::{Access, ClassId, FieldId, MethodId, Parallel};
use rustc_hash::FxHashMap;

/// Fields whose changes are looked for at all: not the JDK's, not what compilers add.
pub(super) fn is_candidate(world: &World<'_>, field: FieldId) -> bool {
    let class = world.program.class_of_field(field);
    let facts = world.program.field(field);
    !world.program.is_jdk(class) && !facts.access.has(Access::SYNTHETIC) && !facts.has_constant
}

/// The changes that any field site may match: of a static or of what an object that is held keeps, after
/// initialisation, by code that somebody reaches.
pub(super) fn counted(
    world: &World<'_>,
    changes: &Changes<'_>,
    held: &Held,
    parallel: &impl Parallel,
) -> ChangeTable {
    let is_asked = |field: FieldId| {
        world.program.field(field).access.is_static()
            || held.holder_or_container(world.program.class_of_field(field)).is_some()
    };
    let counts = |change: &Change| {
        let class = world.program.class_of_field(change.field);
        !world.reach.tenants(change.method).is_empty()
            && is_after_initialisation(world, class, change)
            && !told_at_calls::is_told(world, change.method)
    };
    let mut found = changes.only(is_asked, counts, parallel);
    told_at_holders::leave_out(world, held, &mut found);
    let n_events = |method| world.body(method).origins.events().len();
    let n_of_methods = found.by_method();
    let demands = n_of_methods.iter().map(|(method, n)| (n * n_events(*method)) as u64).collect();
    let share = Share::of(world.program, demands, MAX_STEPS);
    let mut n_left: FxHashMap<MethodId, usize> =
        n_of_methods.into_keys().map(|method| (method, share.questions(n_events(method)))).collect();
    found.retain(|change| match n_left.get_mut(&change.method) {
        Some(0) => {
            world.bounds.note(change.method);
            false
        }
        Some(n) => {
            *n -= 1;
            true
        }
        None => true,
    });
    found
}

/// Events that are looked at for all changes by one method: what is asked of a change may take a walk over the whole body.
/// Further ones are not asked about, which is noted.
const MAX_STEPS: u64 = 1 << 21;

/// The matches of a field site, by field, among changes that [count](counted).
pub(super) fn find(cx: &Context<'_>, site: &Site, changes: &ChangeTable) -> Vec<Match> {
    let (world, held) = (cx.world, cx.held);
    let (of_statics, kinds, writes) = match site {
        Site::FieldWrite { of_statics } => (*of_statics, &[][..], true),
        Site::FieldMutation { of_statics, kinds } => (*of_statics, kinds.as_slice(), false),
        Site::FieldChange { of_statics } => (*of_statics, ALL_KINDS, true),
        _ => return Vec::new(),
    };
    let by_threads = of_statics && matches!(site, Site::FieldChange { .. });
    let mut found = Vec::new();
    for field in changes.fields() {
        if world.program.field(field).access.is_static() != of_statics {
            continue;
        }
        let class = world.program.class_of_field(field);
        let holder = if of_statics { None } else { held.holder_or_container(class) };
        if !of_statics && holder.is_none() {
            continue;
        }
        let spots: Vec<Spot> = changes
            .of(field)
            .iter()
            .filter(|c| {
                writes && c.how == How::Write
                    || by_threads && is_remembered_by_thread(world, c)
                    || state_of(world, c).is_some_and(|k| kinds.contains(&k))
            })
            .map(|c| Spot { method: c.method, event: c.event, how: Some(c.how), inside: c.inside })
            .filter(|s| of_statics || !cx.is_of_nobody(field, s))
            .collect();
        if !spots.is_empty() && !holds_nothing(world, field) {
            found.extend(of_held_object(cx, field, spots, holder));
        }
    }
    found
}

/// Whether a change of an object's field is none of what is held: it is made to another object, or refused by one that has
/// been frozen, as what a library hands out to all has.
pub(super) fn is_of_nobody(world: &World<'_>, held: &Held, field: FieldId, spot: &Spot) -> bool {
    let Some(how) = spot.how else { return false };
    let change = Change { field, method: spot.method, event: spot.event, how, inside: spot.inside };
    let is_refused =
        || frozen::is_refused_by_flag(world, &change) || frozen::is_refused_by_token(world, &change);
    world.reach.is_open_world() && is_refused() || super::receivers::are_of_others(world, held, field, spot)
}

/// The match of a field. Where other objects of the class are about, it is of those changes that are seen to be made to
/// the object that the static holds, if there are any.
fn of_held_object(
    cx: &Context<'_>,
    field: FieldId,
    spots: Vec<Spot>,
    holder: Option<Holder>,
) -> Option<Match> {
    let world = cx.world;
    let class = world.program.class_of_field(field);
    let whole = |spots, holder| Match {
        subject: Subject::Field(field),
        class,
        spots,
        only: None,
        holder,
        kept: None,
        leak: None,
    };
    let holder = holder.map(|h| match h.root {
        Root::Static(root) if world.reach.is_open_world() && cx.held.statics(class).is_empty() => {
            Holder { root: Root::Static(exposed::most_open(cx, root)), ..h }
        }
        _ => h,
    });
    let Some(Holder { root: Root::Static(root), is_kept, is_entry: false, .. }) = holder else {
        return Some(whole(spots, holder));
    };
    if is_kept && !world.reach.is_open_world() {
        return Some(whole(spots, holder));
    }
    if world.reach.is_open_world() {
        let statics = cx.held.only_statics(class);
        if statics.is_empty() {
            return Some(whole(spots, holder));
        }
        let (root, spots) = exposed::choose(cx, field, statics, &spots)?;
        return Some(whole(spots, holder.map(|h| Holder { root: Root::Static(root), ..h })));
    }
    let mut tenants = Vec::new();
    let is_refused = |spot: &Spot| {
        let how = spot.how.unwrap_or(How::Write);
        let change = Change { field, method: spot.method, event: spot.event, how, inside: spot.inside };
        frozen::is_refused_by_held(world, &change, root)
    };
    let of_root = |spot: &Spot| {
        let own = super::receivers::tenants(world, field, root, spot);
        if own.is_empty() || is_refused(spot) {
            return false;
        }
        tenants.extend(&own);
        true
    };
    let of_root: Vec<Spot> = spots.iter().copied().filter(of_root).collect();
    if of_root.is_empty() {
        return Some(whole(spots, holder));
    }
    tenants.sort_unstable();
    tenants.dedup();
    let holder = holder.map(|h| Holder { is_only: true, is_kept: true, ..h });
    Some(Match { only: Some(tenants), ..whole(of_root, holder) })
}

/// Events that are looked at for the shapes of one field's changes.
const MAX_COMPARED: usize = 1 << 20;

/// Whether some change of the field after its set-up, by code that tenants reach, has one of these shapes.
pub(super) fn is_changed_as(cx: &Context<'_>, found: &Match, wanted: &[WriteShape]) -> bool {
    let Subject::Field(field) = found.subject else { return false };
    let changes = cx.changes.of(field).iter();
    let mut after = changes.filter(|c| {
        is_after_initialisation(cx.world, found.class, c) && !cx.world.reach.tenants(c.method).is_empty()
    });
    let mut left = MAX_COMPARED;
    after.any(|c| {
        let n_events = cx.world.body(c.method).origins.events().len();
        let Some(rest) = left.checked_sub(n_events) else {
            cx.world.bounds.note(c.method);
            return false;
        };
        left = rest;
        let spot = Spot { method: c.method, event: c.event, how: Some(c.how), inside: c.inside };
        cx.shapes_of(field, &spot).has_any(wanted)
    })
}

/// Whether a change happens in a synchronized method, or while the body holds a monitor.
pub(super) fn is_locked(world: &World<'_>, spot: &Spot) -> bool {
    let body = world.body(spot.method);
    let events = (0u16..).zip(body.origins.events());
    let of = |kind: EventKind| events.clone().filter(move |(_, e)| e.kind == kind);
    let monitor = |event: &Event| body.origins.leaves(body.origins.arg(event, 0)).next();
    body.method.access.has(Access::SYNCHRONIZED)
        || of(EventKind::MonitorEnter).any(|(i, enter)| {
            i < spot.event
                && of(EventKind::MonitorExit)
                    .any(|(j, exit)| j > spot.event && monitor(exit) == monitor(enter))
        })
}

/// Whether all that is ever stored in a field is without state: plain objects that only tell one thing from another, and
/// containers of the deployment that keep nothing in fields of their own.
fn holds_nothing(world: &World<'_>, field: FieldId) -> bool {
    let mut n = 0;
    for access in world.fields.writes(field) {
        let body = world.body(access.method);
        let value =
            world.event(access.method, access.event).and_then(|e| body.origins.args(e).last().copied());
        let Some(value) = value else { return false };
        for leaf in body.origins.leaves(value) {
            let loader = world.program.class(body.class).loader;
            let made = body.origins.event(leaf).filter(|(_, e)| e.kind == EventKind::New);
            let class = made.and_then(|(_, e)| world.program.find(loader, e.name()?));
            // An object of a module has its class, and with that the module's loader.
            if !class.is_some_and(|c| is_stateless(world, c) && world.reach.owner(c).is_none()) {
                return false;
            }
            n += 1;
        }
    }
    n > 0
}

fn is_stateless(world: &World<'_>, class: ClassId) -> bool {
    let program = world.program;
    let mut at = class;
    while at != NO_CLASS && program.class_name(at) != OBJECT {
        let mut fields = program.fields_of(at).filter(|(_, f)| !f.access.is_static());
        if program.is_jdk(at) || fields.any(|(_, f)| program.text(f.desc).starts_with(['L', '['])) {
            return false;
        }
        at = program.class(at).super_class;
    }
    at != NO_CLASS
}

/// The JVM's root class.
const OBJECT: &str = "java/lang/Object";

const ALL_KINDS: &[StateKind] =
    &[StateKind::Collection, StateKind::Array, StateKind::Atomic, StateKind::Buffer];

/// What kind of state a change changes. Of what a thread-local variable holds only the collections count that something
/// is added to: a stack or a list of what is going on.
fn state_of(world: &World<'_>, change: &Change) -> Option<StateKind> {
    let How::Entry(api) = change.how else { return kind_of(change.how) };
    if !is_of_thread(world, change.field) {
        return kind_of(change.how);
    }
    let is_in = |group: &str| world.knowledge.group(group).get(usize::from(api)).copied().unwrap_or(false);
    let is_of_thread = ["collection-add", "collection-remove"].into_iter().any(is_in)
        || is_in("map-put") && puts_what_is_given(world, change, api);
    is_of_thread.then_some(StateKind::ThreadLocal)
}

/// Whether something is put into what a thread-local variable holds: the threads keep it, even where none gets another's.
fn is_remembered_by_thread(world: &World<'_>, change: &Change) -> bool {
    matches!(change.how, How::Entry(_)) && is_of_thread(world, change.field)
}

/// Whether a method puts into a map the very object that it is given: it sets something for the present thread, rather
/// than remember what it has worked out.
fn puts_what_is_given(world: &World<'_>, change: &Change, api: ApiId) -> bool {
    let body = world.body(change.method);
    let value = world.knowledge.tables.apis.get(usize::from(api)).and_then(|a| a.value);
    let event = world.event(change.method, change.event).filter(|_| change.inside.is_none());
    let Some((event, value)) = event.zip(value) else { return false };
    let position = usize::from(value) + usize::from(event.kind.has_receiver());
    let is_given = |leaf| matches!(leaf, Value::Param(i) if i > 0 || body.method.access.is_static());
    body.origins.args(event).get(position).is_some_and(|v| body.origins.leaves(*v).all(is_given))
}

fn kind_of(how: How) -> Option<StateKind> {
    match how {
        How::Write => None,
        How::Container(_) | How::Entry(_) => Some(StateKind::Collection),
        How::Array => Some(StateKind::Array),
        How::Atomic(_) => Some(StateKind::Atomic),
        How::Buffer(_) => Some(StateKind::Buffer),
        How::ThreadLocal(_) | How::Set => Some(StateKind::ThreadLocal),
        How::Close(_) => Some(StateKind::Closed),
    }
}

/// Part of the name of the methods by which Scala's traits set the values of an object that is being made: scalac gives one
/// to the class for each value of the trait, and calls it in the trait's `$init$` alone.
const TRAIT_VALUE_SETTER: &str = "$_setter_$";

/// Whether a change happens after the field's class, or for instance fields the object, has been set up.
pub(super) fn is_after_initialisation(world: &World<'_>, class: ClassId, change: &Change) -> bool {
    let own = world.program.class_of_method(change.method);
    let program = world.program;
    let name = program.method(change.method).name;
    let is_set_up = if world.program.field(change.field).access.is_static() {
        initialisation::is_part_of(world, class, change.method)
    } else {
        (program.is_constructor(name) || program.is_class_initializer(name))
            && initialisation::is_same_nest(world, own, class)
            || program.text(name).contains(TRAIT_VALUE_SETTER)
            || super::receivers::are_new(world, change)
    };
    let is_first_entry = change.how == How::Array && new_objects::is_into_new_array(world, change);
    !is_set_up && !is_first_entry
}
