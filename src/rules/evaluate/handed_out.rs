//! Fields whose object is handed out to callers, who can change it: a singleton's getter for what all applications
//! configure.

use super::context::Context;
use super::fields;
use super::matches::{Match, Spot, Subject};
use super::{on_demand, receivers, set_up, shown_type};
use crate::dataflow::held::{self, Holder, Root};
use crate::dataflow::{How, frozen};
use crate::facts::{Event, EventKind, FieldFacts, Value};
use crate::program::link::NO_CLASS;
use crate::program::{BitSet, Origins};
use crate::rules::rule::WriteShape;
use crate::vocabulary::descriptor::TypeDesc;
use crate::vocabulary::{ClassId, FieldId, MethodId, Parallel};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::atomic::{AtomicU16, Ordering};

/// What of an object is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Its containers: an object that others are registered with.
    Containers,
    /// Every field.
    Any,
}

/// Levels of fields through which an object's methods change what it is made of.
const MAX_LEVELS: u32 = 2;

/// One match per field. An object whose own fields are findings, because statics hold every object of its class, is none.
pub(super) fn find(cx: &Context<'_>, of_statics: bool, parallel: &impl Parallel) -> Vec<Match> {
    const CHUNK: usize = 128;
    let n = cx.world.program.classes.len();
    let found = parallel.map(n.div_ceil(CHUNK), |chunk| {
        let classes = (chunk * CHUNK..n.min((chunk + 1) * CHUNK)).map(ClassId::from_index);
        classes.flat_map(|class| of_class(cx, class, of_statics)).collect::<Vec<_>>()
    });
    found.into_iter().flatten().collect()
}

fn of_class(cx: &Context<'_>, class: ClassId, of_statics: bool) -> Vec<Match> {
    // Most classes are of objects that nobody holds.
    let holder = if of_statics { None } else { cx.held.holder(class) };
    if !of_statics && holder.is_none() {
        return Vec::new();
    }
    let fields = cx.world.program.fields_of(class).filter(|(_, f)| f.access.is_static() == of_statics);
    fields.filter_map(|(field, facts)| matched(cx, class, field, facts, holder)).collect()
}

fn matched(
    cx: &Context<'_>,
    class: ClassId,
    field: FieldId,
    facts: &FieldFacts,
    holder: Option<Holder>,
) -> Option<Match> {
    if !cx.world.program.text(facts.desc).starts_with('L') || !fields::is_candidate(cx.world, field) {
        return None;
    }
    let spots = getters(cx, field);
    let is_loose = holder.is_some_and(|h| !h.is_only && h.root != Root::ServiceLoader);
    if spots.is_empty()
        || !(holds_mutable_object(cx, field) || is_loose && is_declared_mutable(cx, class, facts))
    {
        return None;
    }
    // The service loader's one provider is as good as a static's only object.
    let holder = holder.map(|mut h| {
        h.is_only |= h.root == Root::ServiceLoader;
        h.is_kept |= h.is_only;
        h
    });
    Some(Match { subject: Subject::Field(field), class, spots, only: None, holder, kept: None, leak: None })
}

fn holds_mutable_object(cx: &Context<'_>, field: FieldId) -> bool {
    let stored = held::stored_objects(cx.world, field);
    stored.iter().any(|(class, _)| {
        let is_told_of_itself = cx.held.holder(*class).is_some_and(|h| h.is_only);
        !is_told_of_itself && is_changed_by_callers(cx, *class, Part::Containers, 0)
    })
}

/// Whether the field's declared type is a mutable class of the deployment: what a constructor is given is some such object.
fn is_declared_mutable(cx: &Context<'_>, class: ClassId, field: &FieldFacts) -> bool {
    let program = cx.world.program;
    let declared = TypeDesc(program.text(field.desc)).class();
    let declared = declared.and_then(|name| program.find_text(program.class(class).loader, name));
    declared.is_some_and(|c| c != class && is_changed_by_callers(cx, c, Part::Containers, MAX_LEVELS))
}

/// Callers looked at for one method that hands an object out.
const MAX_SITES: usize = 256;

/// Whether code of the field's own archive alone reads it, and calls the methods that hand its object out.
pub(super) fn is_given_inside(cx: &Context<'_>, found: &Match) -> bool {
    let Subject::Field(field) = found.subject else { return false };
    let program = cx.world.program;
    let own = program.archive_of(program.class_of_field(field));
    let is_own = |method: MethodId| program.archive_of(program.class_of_method(method)) == own;
    cx.world.fields.reads(field).all(|read| is_own(read.method))
        && found.spots.iter().all(|spot| {
            let sites = cx.world.sites.of(spot.method, MAX_SITES).unwrap_or_default();
            !sites.is_empty() && sites.iter().all(|site| is_own(site.caller))
        })
}

/// Reads of the field whose value a method returns that tenants reach.
fn getters(cx: &Context<'_>, field: FieldId) -> Vec<Spot> {
    // Most of those who read a field hand nothing out, which is told for all fields at once.
    let given = cx.given.get_or_init(|| Given::find(cx));
    let reads = cx.world.fields.reads(field).filter(|read| given.has(read.method, read.event));
    let shown = reads.filter(|read| shown_type::lets_change(cx, field, read.method));
    shown.map(|read| Spot { method: read.method, event: read.event, how: None, inside: None }).collect()
}

/// What methods yield to whoever gets to them. What only subclasses get is theirs to share.
pub(super) struct Given {
    methods: BitSet,
    events: FxHashSet<(MethodId, u16)>,
}

impl Given {
    /// Looks at the methods in the order in which they lie in memory.
    fn find(cx: &Context<'_>) -> Self {
        let program = cx.world.program;
        let mut of_descriptors = FxHashMap::default();
        let mut yields_object =
            |desc| *of_descriptors.entry(desc).or_insert_with(|| program.text(desc).ends_with(';'));
        let mut given = Self { methods: BitSet::new(program.n_methods), events: FxHashSet::default() };
        for class in (0..program.classes.len()).map(ClassId::from_index) {
            let unit = program.unit(class);
            for (id, method) in program.methods_of(class) {
                let is_open = method.has_body && method.access.is_public();
                if is_open && yields_object(method.desc) && !cx.world.reach.tenants(id).is_empty() {
                    given.add(id, Origins { unit, method });
                }
            }
        }
        given
    }

    fn add(&mut self, id: MethodId, origins: Origins<'_>) {
        let returned = origins.events().iter().filter(|e| e.kind == EventKind::Return);
        for leaf in returned.flat_map(|e| origins.args(e)).flat_map(|v| origins.leaves(*v)) {
            let Value::Event(at) = leaf else { continue };
            let is_read = |e: &Event| matches!(e.kind, EventKind::GetField | EventKind::GetStatic);
            if let Ok(event) = u16::try_from(at)
                && origins.events().get(usize::from(event)).is_some_and(is_read)
            {
                self.methods.add(id.index());
                self.events.insert((id, event));
            }
        }
    }

    /// Whether the method yields what the event reads.
    fn has(&self, method: MethodId, event: u16) -> bool {
        self.methods.has(method.index()) && self.events.contains(&(method, event))
    }
}

/// Answers about the objects of each class, kept as they are found: two bits for each part and level, known and yes.
pub(super) struct Answers(Vec<AtomicU16>);

impl Answers {
    /// None yet.
    fn of(n_classes: usize) -> Self {
        Self((0..n_classes).map(|_| AtomicU16::new(0)).collect())
    }

    /// The answer if it is known; else finds it. Whoever comes second at the same time finds the same.
    fn get(&self, class: ClassId, part: Part, level: u32, find: impl FnOnce() -> bool) -> bool {
        let Some(bits) = self.0.get(class.index()) else { return find() };
        let shift = 2 * (level * 2 + u32::from(part == Part::Any));
        let known = bits.load(Ordering::Relaxed) >> shift;
        if known & 1 != 0 {
            return known & 2 != 0;
        }
        let answer = find();
        bits.fetch_or((1 | u16::from(answer) << 1) << shift, Ordering::Relaxed);
        answer
    }
}

/// Whether methods that tenants reach put into an object of a class what their callers pass.
pub(super) fn is_changed_by_callers(cx: &Context<'_>, class: ClassId, part: Part, level: u32) -> bool {
    let answers = cx.changed_objects.get_or_init(|| Answers::of(cx.world.program.classes.len()));
    answers.get(class, part, level, || is_any_field_changed(cx, class, part, level))
}

fn is_any_field_changed(cx: &Context<'_>, class: ClassId, part: Part, level: u32) -> bool {
    let program = cx.world.program;
    let mut at = class;
    while at != NO_CLASS && !program.is_jdk(at) {
        let mut fields = program.fields_of(at).filter(|(_, f)| !f.access.is_static());
        if fields.any(|(id, _)| is_field_changed(cx, at, id, part, level)) {
            return true;
        }
        at = program.class(at).super_class;
    }
    false
}

/// The methods of a class's own fields' changes that store what callers pass.
pub(super) fn changing_methods(cx: &Context<'_>, class: ClassId, part: Part) -> Vec<MethodId> {
    let fields = cx.world.program.fields_of(class).filter(|(_, f)| !f.access.is_static());
    fields.flat_map(|(id, _)| changed_by_callers(cx, class, id, part)).collect()
}

/// The methods that put into a field, or what it holds, what their callers pass.
fn changed_by_callers<'c>(
    cx: &'c Context<'_>,
    class: ClassId,
    field: FieldId,
    part: Part,
) -> impl Iterator<Item = MethodId> + 'c {
    let changes = cx.changes.of(field).iter();
    let after = changes
        .filter(move |c| part == Part::Any || matches!(c.how, How::Container(_) | How::Entry(_)))
        .filter(move |c| {
            fields::is_after_initialisation(cx.world, class, c)
                && !cx.world.reach.tenants(c.method).is_empty()
                && !frozen::is_refused_by_flag(cx.world, c)
        });
    let by_caller = after.filter(move |c| {
        let spot = Spot { method: c.method, event: c.event, how: Some(c.how), inside: c.inside };
        let shapes = cx.shapes_of(field, &spot);
        shapes.contains(WriteShape::FromCaller)
            && !shapes.contains(WriteShape::Lazy)
            && !receivers::are_of_others(cx.world, cx.held, field, &spot)
    });
    // Where modules are known, so is who calls it.
    let is_set_up = move |method: MethodId| {
        !cx.world.reach.is_open_world() && set_up::is_called_in_set_up(cx.world, method)
    };
    by_caller.map(|c| c.method).filter(move |method| !is_set_up(*method))
}

fn is_field_changed(cx: &Context<'_>, class: ClassId, field: FieldId, part: Part, level: u32) -> bool {
    changed_by_callers(cx, class, field, part).next().is_some()
        || level < MAX_LEVELS
            && held::stored_objects(cx.world, field)
                .iter()
                .any(|(made, _)| *made != class && is_changed_by_callers(cx, *made, part, level + 1))
            && !on_demand::is_filled_on_demand(cx, field)
}
