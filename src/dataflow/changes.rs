//! Every change of a field's value after initialisation: writes, and changes through what the field holds, by
//! whatever way the value travels.

pub use super::effects::How;
use super::effects::{Aliases, Effect, Uses};
use super::remembered::Remembered;
pub use super::written::{Written, kinds_of, written};
use super::{Body, World, marks};
use crate::facts::{EventKind, Value};
use crate::program::{Program, RefTable};
use crate::vocabulary::descriptor::TypeDesc;
use crate::vocabulary::{ClassId, FieldId, LoaderId, MethodId, Name, Parallel};

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
    /// First row of each field, and one more.
    first: Vec<u32>,
    /// In method order for each field.
    rows: Vec<Change>,
}

/// What is known of each field before bodies are looked at.
struct Candidates(Vec<Candidate>);

#[derive(Clone, Copy, Default)]
struct Candidate {
    /// Its changes are looked for.
    is_wanted: bool,
    /// And so are changes of what it holds.
    is_holder: bool,
}

impl Candidates {
    fn find(
        world: &World<'_>,
        is_wanted: &(dyn Fn(FieldId) -> bool + Sync),
        parallel: &impl Parallel,
    ) -> Self {
        const CHUNK: usize = 2048;
        let n = world.program.n_fields;
        let known = Remembered::default();
        let found = parallel.map(n.div_ceil(CHUNK), |chunk| {
            let fields = (chunk * CHUNK..n.min((chunk + 1) * CHUNK)).map(FieldId::from_index);
            let of_field = |field| {
                let is_wanted = is_wanted(field);
                Candidate { is_wanted, is_holder: is_wanted && may_hold_state(world, field, &known) }
            };
            fields.map(of_field).collect::<Vec<_>>()
        });
        Self(found.concat())
    }

    fn wanted(&self, field: FieldId) -> bool {
        self.0.get(field.index()).is_some_and(|f| f.is_wanted)
    }

    fn holder(&self, field: FieldId) -> bool {
        self.0.get(field.index()).is_some_and(|f| f.is_holder)
    }
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
        let candidates = Candidates::find(world, is_candidate, parallel);
        let getters = getters(world, &|f| candidates.holder(f), parallel);
        let known = Known::default();
        let search = Search { world, uses: &uses, getters: &getters, candidates: &candidates, known: &known };
        let n = world.program.classes.len();
        let found = parallel.map(n.div_ceil(CHUNK), |chunk| {
            let mut found = Vec::new();
            for i in chunk * CHUNK..n.min((chunk + 1) * CHUNK) {
                let class = ClassId::from_index(i);
                if world.program.is_jdk(class) {
                    continue;
                }
                for (id, method) in world.program.methods_of(class) {
                    if method.has_body {
                        search.body(id, &mut found);
                    }
                }
            }
            found
        });
        Self::by_field(&found, world.program.n_fields)
    }

    /// Sorts by counting; the order of the changes of one field stays.
    fn by_field(parts: &[Vec<Change>], n_fields: usize) -> Self {
        let mut first = vec![0u32; n_fields + 1];
        parts.iter().flatten().for_each(|change| first[change.field.index() + 1] += 1);
        for i in 0..n_fields {
            first[i + 1] += first[i];
        }
        let Some(any) = parts.iter().flatten().next() else { return Self { first, rows: Vec::new() } };
        let mut next = first.clone();
        let mut rows = vec![*any; first[n_fields] as usize];
        for change in parts.iter().flatten() {
            let at = &mut next[change.field.index()];
            rows[*at as usize] = *change;
            *at += 1;
        }
        Self { first, rows }
    }

    /// Those of the changes that `keep` accepts.
    pub fn only(&self, keep: impl Fn(&Change) -> bool + Sync + Send, parallel: &impl Parallel) -> Self {
        const CHUNK: usize = 512;
        let parts = parallel.map(self.rows.len().div_ceil(CHUNK), |chunk| {
            let rows = &self.rows[chunk * CHUNK..self.rows.len().min((chunk + 1) * CHUNK)];
            rows.iter().filter(|change| keep(change)).copied().collect::<Vec<_>>()
        });
        Self::by_field(&parts, self.first.len().saturating_sub(1))
    }

    /// The changes of a field, in method order.
    pub fn of(&self, field: FieldId) -> &[Change] {
        match (self.first.get(field.index()), self.first.get(field.index() + 1)) {
            (Some(start), Some(end)) => self.rows.get(*start as usize..*end as usize).unwrap_or_default(),
            _ => &[],
        }
    }

    /// The fields that change, ascending.
    pub fn fields(&self) -> impl Iterator<Item = FieldId> + '_ {
        let changing = self.first.windows(2).enumerate().filter(|(_, rows)| rows[0] < rows[1]);
        changing.map(|(field, _)| FieldId::from_index(field))
    }
}

/// The field that each getter returns the value of, by method.
#[derive(Default)]
struct Getters(Vec<Option<FieldId>>);

impl Getters {
    fn get(&self, method: MethodId) -> Option<FieldId> {
        self.0.get(method.index()).copied().flatten()
    }
}

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
    let mut getters = Getters(vec![None; world.program.n_methods]);
    let mut chains: Vec<(MethodId, Returned)> = Vec::new();
    for (id, returned) in found.into_iter().flatten() {
        match returned.field {
            Some(field) => {
                getters.0[id.index()] = Some(field);
            }
            None => chains.push((id, returned)),
        }
    }
    for _ in 1..GETTER_ROUNDS {
        let open = chains.iter().filter(|(id, _)| getters.get(*id).is_none());
        let more: Vec<(MethodId, FieldId)> = open
            .filter_map(|(id, r)| Some((*id, r.calls.iter().find_map(|callee| getters.get(*callee))?)))
            .collect();
        if more.is_empty() {
            break;
        }
        more.into_iter().for_each(|(id, field)| getters.0[id.index()] = Some(field));
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
    getters: &Getters,
    candidates: &Candidates,
    refs: &RefTable,
    event: &crate::facts::Event,
) -> Option<FieldId> {
    match event.kind {
        EventKind::GetStatic | EventKind::GetField => {
            refs.field(event.member()?).filter(|f| candidates.holder(*f))
        }
        kind if kind.is_invoke() => getters.get(refs.method(event.member()?)?),
        _ => None,
    }
}

/// Effects that were asked for, so that a helper which many callers use is looked at once.
type Known = Remembered<(MethodId, u16), Option<Effect>>;

struct Search<'s, 'w> {
    world: &'s World<'w>,
    uses: &'s Uses<'s>,
    getters: &'s Getters,
    candidates: &'s Candidates,
    known: &'s Known,
}

impl Search<'_, '_> {
    fn body(&self, id: MethodId, found: &mut Vec<Change>) {
        let body = self.world.body(id);
        let has_handles = self.world.knowledge.is_marked(id, marks::FIELD_WRITER);
        let refs = self.world.program.refs(self.world.program.class(body.class).loader);
        let mut reads: Vec<(FieldId, u16)> = Vec::new();
        for (i, event) in body.origins.events().iter().enumerate() {
            if matches!(event.kind, EventKind::PutStatic | EventKind::PutField) {
                let field = event.member().and_then(|m| refs.field(m));
                if let Some(field) = field.filter(|f| self.candidates.wanted(*f)) {
                    found.push(Change { field, method: id, event: i as u16, how: How::Write, inside: None });
                }
                continue;
            }
            if has_handles
                && let Some(field) = super::reflective::written_field(self.world, body, event)
                && self.candidates.wanted(field)
            {
                found.push(Change { field, method: id, event: i as u16, how: How::Write, inside: None });
            }
            if event.result != crate::facts::NO_VALUE
                && let Some(field) = read_field(self.getters, self.candidates, refs, event)
            {
                reads.push((field, i as u16));
            }
        }
        reads.sort_unstable();
        for run in reads.chunk_by(|a, b| a.0 == b.0) {
            let seeds: Vec<u16> = run.iter().map(|r| r.1).collect();
            let aliases = Aliases::of_events(self.uses, self.world, body, &seeds);
            self.uses_of(body, run[0].0, &aliases, found);
        }
    }

    fn uses_of(&self, body: Body<'_>, field: FieldId, aliases: &Aliases, found: &mut Vec<Change>) {
        for (i, event) in body.origins.events().iter().enumerate() {
            for (position, value) in body.origins.args(event).iter().enumerate() {
                let Some(part) = aliases.part(body, *value) else { continue };
                let change =
                    Change { field, method: body.id, event: i as u16, how: How::Array, inside: None };
                if let Some(how) = self.uses.direct(self.world, body, event, position) {
                    found.extend(how.of_part(part).map(|how| Change { how, ..change }));
                } else if let Some(effect) = self.handed_on(body, event, position) {
                    let inside = Some((effect.method, effect.event));
                    found.extend(effect.how.of_part(part).map(|how| Change { how, inside, ..change }));
                }
            }
        }
    }

    fn handed_on(&self, body: Body<'_>, event: &crate::facts::Event, position: usize) -> Option<Effect> {
        let mut entered = Vec::new();
        self.uses.enter(self.world, body, event, position, &mut entered);
        entered.into_iter().find_map(|(method, param)| {
            self.known.get_or_find((method, param), || self.uses.on_parameter(self.world, method, param))
        })
    }
}

/// Whether what a field holds can be changed by others' methods at all: an array, or an object of a type of the JDK,
/// of a subtype of a container, or of a type that is not known. Objects of the deployment's own classes are judged by
/// their own fields.
///
/// `known` remembers the answers for classes.
fn may_hold_state(world: &World<'_>, field: FieldId, known: &Remembered<(LoaderId, Name), bool>) -> bool {
    let program = world.program;
    let desc = program.field(field).desc;
    let loader = program.class(program.class_of_field(field)).loader;
    match TypeDesc(program.text(desc)).class() {
        Some(name) => known.get_or_find((loader, desc), || holds_state(program, loader, name)),
        None => program.text(desc).starts_with('[') && !is_always_empty(world, field),
    }
}

fn holds_state(program: &Program<'_>, loader: LoaderId, name: &str) -> bool {
    if name == "java/lang/String" {
        return false;
    }
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
    let absolute = body.method.events.start() + u32::from(event);
    let blocks = unit.blocks_of(body.method);
    let at = blocks.iter().position(|b| b.events.range().contains(&(absolute as usize)))?;
    Some(at as u16)
}
