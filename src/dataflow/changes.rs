//! Every change of a field's value after initialisation: writes, and changes through what the field holds, by
//! whatever way the value travels.

pub use super::effects::How;
use super::effects::{Aliases, Effect, Uses};
pub use super::written::{Written, kinds_of, written};
use super::{Body, World};
use crate::facts::{EventKind, Value};
use crate::vocabulary::{ClassId, FieldId, MethodId, Parallel};
use rustc_hash::FxHashMap;

/// One change of one field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Change {
    /// The field.
    pub field: FieldId,
    /// The method that reads or writes the field: tenants that reach it make the change.
    pub method: MethodId,
    /// The event there: the write, the mutating call, or the call that hands the value on.
    pub event: u16,
    /// How it changes.
    pub how: How,
    /// Where it finally happens, if in a method that the value is handed to.
    pub inside: Option<(MethodId, u16)>,
}

/// All changes, by field.
#[derive(Default)]
pub struct Changes {
    by_field: FxHashMap<FieldId, Vec<Change>>,
}

/// Rounds of following getters that return what other getters return.
const GETTER_ROUNDS: usize = 3;

impl Changes {
    /// Finds the changes of all fields that `is_candidate` accepts.
    pub fn find(
        world: &World<'_>,
        is_candidate: &(dyn Fn(FieldId) -> bool + Sync),
        parallel: &impl Parallel,
    ) -> Self {
        const CHUNK: usize = 512;
        let uses = Uses::new(world.knowledge);
        let held = parallel.map(world.program.n_fields.div_ceil(CHUNK), |chunk| {
            let range = chunk * CHUNK..world.program.n_fields.min((chunk + 1) * CHUNK);
            let fields = range.map(FieldId::from_index);
            fields.map(|f| is_candidate(f) && may_hold_state(world, f)).collect::<Vec<bool>>()
        });
        let held = held.concat();
        let is_holder = |f: FieldId| held.get(f.index()).copied().unwrap_or(false);
        let getters = getters(world, &is_holder, parallel);
        let n = world.program.classes.len();
        let found = parallel.map(n.div_ceil(CHUNK), |chunk| {
            let mut found = Vec::new();
            let mut known = Known::default();
            for i in chunk * CHUNK..n.min((chunk + 1) * CHUNK) {
                let class = ClassId::from_index(i);
                if world.program.is_jdk(class) {
                    continue;
                }
                for (id, method) in world.program.methods_of(class) {
                    if method.has_body {
                        let search = Search {
                            world,
                            uses: &uses,
                            getters: &getters,
                            is_candidate,
                            is_holder: &is_holder,
                        };
                        search.body(id, &mut known, &mut found);
                    }
                }
            }
            found
        });
        let mut by_field = FxHashMap::<FieldId, Vec<Change>>::default();
        for change in found.into_iter().flatten() {
            by_field.entry(change.field).or_default().push(change);
        }
        Self { by_field }
    }

    /// The changes of a field, in method order.
    pub fn of(&self, field: FieldId) -> &[Change] {
        self.by_field.get(&field).map_or(&[], Vec::as_slice)
    }

    /// The fields that change, ascending.
    pub fn fields(&self) -> Vec<FieldId> {
        let mut fields: Vec<FieldId> = self.by_field.keys().copied().collect();
        fields.sort_unstable();
        fields
    }
}

type Getters = FxHashMap<MethodId, FieldId>;

/// What a method returns: a candidate field's value, or what other methods return.
#[derive(Default)]
struct Returned {
    field: Option<FieldId>,
    calls: Vec<MethodId>,
}

/// Methods that return what a candidate field holds. Bodies are looked at once; chains of getters are followed over
/// what they return.
fn getters(
    world: &World<'_>,
    is_candidate: &(dyn Fn(FieldId) -> bool + Sync),
    parallel: &impl Parallel,
) -> Getters {
    const CHUNK: usize = 256;
    let n = world.program.classes.len();
    let found = parallel.map(n.div_ceil(CHUNK), |chunk| {
        let mut found = Vec::new();
        for i in chunk * CHUNK..n.min((chunk + 1) * CHUNK) {
            for (id, method) in world.program.methods_of(ClassId::from_index(i)) {
                if method.has_body {
                    found.extend(returned(world, is_candidate, id).map(|r| (id, r)));
                }
            }
        }
        found
    });
    let mut getters = Getters::default();
    let mut chains: Vec<(MethodId, Returned)> = Vec::new();
    for (id, returned) in found.into_iter().flatten() {
        match returned.field {
            Some(field) => {
                getters.insert(id, field);
            }
            None => chains.push((id, returned)),
        }
    }
    for _ in 1..GETTER_ROUNDS {
        let known = chains.iter().filter(|(id, _)| !getters.contains_key(id));
        let more: Vec<(MethodId, FieldId)> = known
            .filter_map(|(id, r)| Some((*id, *r.calls.iter().find_map(|callee| getters.get(callee))?)))
            .collect();
        if more.is_empty() {
            break;
        }
        getters.extend(more);
    }
    getters
}

fn returned(
    world: &World<'_>,
    is_candidate: &(dyn Fn(FieldId) -> bool + Sync),
    id: MethodId,
) -> Option<Returned> {
    let body = world.body(id);
    let refs = world.program.refs(world.program.class(body.class).loader);
    let mut found = Returned::default();
    let returns = body.origins.events().iter().filter(|e| e.kind == EventKind::Return);
    for value in returns.flat_map(|e| body.origins.args(e)) {
        for leaf in body.origins.leaves(*value) {
            let Some((_, event)) = body.origins.event(leaf) else { continue };
            let Some(member) = event.member() else { continue };
            if matches!(event.kind, EventKind::GetStatic | EventKind::GetField) {
                found.field = found.field.or(refs.field(member).filter(|f| is_candidate(*f)));
            } else if event.kind.is_invoke() {
                found.calls.extend(refs.method(member));
            }
        }
    }
    (found.field.is_some() || !found.calls.is_empty()).then_some(found)
}

/// The candidate field whose value an event yields: a read, or a call of a getter.
fn read_field(
    world: &World<'_>,
    getters: &Getters,
    is_candidate: &(dyn Fn(FieldId) -> bool + Sync),
    body: Body<'_>,
    event: &crate::facts::Event,
) -> Option<FieldId> {
    let refs = world.program.refs(world.program.class(body.class).loader);
    match event.kind {
        EventKind::GetStatic | EventKind::GetField => {
            refs.field(event.member()?).filter(|f| is_candidate(*f))
        }
        kind if kind.is_invoke() && !getters.is_empty() => {
            getters.get(&refs.method(event.member()?)?).copied()
        }
        _ => None,
    }
}

/// Effects that one worker has asked for, so that a helper which many callers use is looked at once.
type Known = FxHashMap<(MethodId, u16), Option<Effect>>;

struct Search<'s, 'w> {
    world: &'s World<'w>,
    uses: &'s Uses<'s>,
    getters: &'s Getters,
    is_candidate: &'s (dyn Fn(FieldId) -> bool + Sync),
    is_holder: &'s (dyn Fn(FieldId) -> bool + Sync),
}

impl Search<'_, '_> {
    fn body(&self, id: MethodId, known: &mut Known, found: &mut Vec<Change>) {
        let body = self.world.body(id);
        let refs = self.world.program.refs(self.world.program.class(body.class).loader);
        let mut reads: Vec<(FieldId, u16)> = Vec::new();
        for (i, event) in body.origins.events().iter().enumerate() {
            if matches!(event.kind, EventKind::PutStatic | EventKind::PutField) {
                if let Some(field) =
                    event.member().and_then(|m| refs.field(m)).filter(|f| (self.is_candidate)(*f))
                {
                    found.push(Change { field, method: id, event: i as u16, how: How::Write, inside: None });
                }
                continue;
            }
            if let Some(field) =
                super::reflective::written_field(self.world, body, event).filter(|f| (self.is_candidate)(*f))
            {
                found.push(Change { field, method: id, event: i as u16, how: How::Write, inside: None });
            }
            if event.result != crate::facts::NO_VALUE
                && let Some(field) = read_field(self.world, self.getters, self.is_holder, body, event)
            {
                reads.push((field, i as u16));
            }
        }
        reads.sort_unstable();
        for run in reads.chunk_by(|a, b| a.0 == b.0) {
            let seeds: Vec<u16> = run.iter().map(|r| r.1).collect();
            let aliases = Aliases::of_events(self.uses, self.world, body, &seeds);
            self.uses_of(body, run[0].0, &aliases, known, found);
        }
    }

    fn uses_of(
        &self,
        body: Body<'_>,
        field: FieldId,
        aliases: &Aliases,
        known: &mut Known,
        found: &mut Vec<Change>,
    ) {
        for (i, event) in body.origins.events().iter().enumerate() {
            for (position, value) in body.origins.args(event).iter().enumerate() {
                let Some(part) = aliases.part(body, *value) else { continue };
                let change =
                    Change { field, method: body.id, event: i as u16, how: How::Array, inside: None };
                if let Some(how) = self.uses.direct(self.world, body, event, position) {
                    found.extend(how.of_part(part).map(|how| Change { how, ..change }));
                } else if let Some(effect) = self.handed_on(body, event, position, known) {
                    let inside = Some((effect.method, effect.event));
                    found.extend(effect.how.of_part(part).map(|how| Change { how, inside, ..change }));
                }
            }
        }
    }

    fn handed_on(
        &self,
        body: Body<'_>,
        event: &crate::facts::Event,
        position: usize,
        known: &mut Known,
    ) -> Option<Effect> {
        let mut entered = Vec::new();
        self.uses.enter(self.world, body, event, position, &mut entered);
        entered.into_iter().find_map(|(method, param)| {
            *known.entry((method, param)).or_insert_with(|| self.uses.on_parameter(self.world, method, param))
        })
    }
}

/// Whether what a field holds can be changed by others' methods at all: an array, or an object of a type of the JDK,
/// of a subtype of a container, or of a type that is not known. Objects of the deployment's own classes are judged by
/// their own fields.
fn may_hold_state(world: &World<'_>, field: FieldId) -> bool {
    let program = world.program;
    let desc = program.text(program.field(field).desc);
    let Some(name) = crate::vocabulary::descriptor::TypeDesc(desc).class() else {
        return desc.starts_with('[') && !is_always_empty(world, field);
    };
    if name == "java/lang/String" {
        return false;
    }
    let loader = program.class(program.class_of_field(field)).loader;
    match program.find_text(loader, name) {
        None => true,
        Some(class) if program.is_jdk(class) => true,
        Some(class) => {
            program.class(class).has_phantom
                || CONTAINERS.iter().any(|container| program.has_supertype_named(class, container))
        }
    }
}

/// Whether every array that a field ever holds has the length 0, so that nothing can be stored in it.
fn is_always_empty(world: &World<'_>, field: FieldId) -> bool {
    let mut n = 0;
    let all = world.fields.writes(field).all(|write| {
        n += 1;
        let body = world.body(write.method);
        let value = world.event(write.method, write.event).and_then(|e| body.origins.args(e).last());
        value.is_some_and(|v| body.origins.leaves(*v).all(|leaf| is_empty_array(body, leaf)))
    });
    n > 0 && all
}

fn is_empty_array(body: Body<'_>, leaf: Value) -> bool {
    body.origins.event(leaf).is_some_and(|(_, made)| {
        made.kind == EventKind::NewArray
            && body.origins.leaves(body.origins.arg(made, 0)).all(|length| length == Value::Int(0))
    })
}

/// Roots of the JDK's own containers; what extends them holds others' objects.
const CONTAINERS: &[&str] =
    &["java/util/Map", "java/lang/Iterable", "java/util/Dictionary", "java/lang/ThreadLocal"];

/// The block that holds an event.
pub fn block_of(unit: &crate::facts::UnitFacts, body: Body<'_>, event: u16) -> Option<u16> {
    let absolute = body.method.events.start + u32::from(event);
    let blocks = unit.blocks_of(body.method);
    let at = blocks.iter().position(|b| b.events.range().contains(&(absolute as usize)))?;
    Some(at as u16)
}
