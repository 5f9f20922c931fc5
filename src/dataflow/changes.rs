//! Every change of a field's value after initialisation: writes, and changes through what the field holds, by
//! whatever way the value travels.

mod getters;
mod table;

pub use super::effects::How;
use super::effects::{Aliases, Effect, Part, Uses, sets_object};
use super::held::stored_objects;
use super::may_hold::{self, may_hold_state};
use super::operands::Operands;
use super::reflective::{self, Handled};
use super::remembered::Remembered;
pub use super::written::{Written, kinds_of, put_into, written};
use super::{Body, World, marks};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::descriptor::TypeDesc;
use crate::vocabulary::{FieldId, MethodId, Parallel};
use getters::{Getters, getters};
use std::sync::{Arc, OnceLock};
pub use table::ChangeTable;

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
        let answers = may_hold::Answers::of(world.program, world.knowledge);
        let found = parallel.map(n.div_ceil(CHUNK), |chunk| {
            let fields = (chunk * CHUNK..n.min((chunk + 1) * CHUNK)).map(FieldId::from_index);
            let mut known = may_hold::Known::new(&answers);
            let of_field = |field| {
                let is_wanted = is_wanted(field);
                Candidate { is_wanted, is_holder: is_wanted && may_hold_state(world, field, &mut known) }
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

/// Whether a call runs a method that only ever throws, if it is made on what the field holds: one of several values that
/// meet there, of which another one can be changed.
fn always_refuses(world: &World<'_>, field: FieldId, call: &Event) -> bool {
    let program = world.program;
    let loader = program.class(program.class_of_field(field)).loader;
    let declared = TypeDesc(program.text(program.field(field).desc)).class();
    let declared = declared.and_then(|name| program.find_text(loader, name));
    let member = call.member().filter(|_| call.kind.has_receiver());
    let member = member.map(|m| program.facts.members.get(m));
    let (Some(class), Some(member)) = (declared.filter(|c| !program.is_jdk(*c)), member) else {
        return false;
    };
    program.select(class, member.name, member.desc).is_some_and(|method| {
        let body = world.body(method);
        body.method.access.is_final()
            && body.method.has_body
            && !body.origins.events().iter().any(|e| e.kind == EventKind::Return)
    })
}

/// Bodies with more events are not looked at whole for each field.
const MANY_EVENTS: usize = 256;

/// The changes of any field, looked for when somebody asks for them: most fields belong to objects that nobody shares,
/// and nobody asks.
pub struct Changes<'s> {
    world: &'s World<'s>,
    uses: Uses<'s>,
    getters: Getters,
    candidates: Candidates,
    /// Accesses through handles, by field.
    through_handles: Vec<Handled>,
    effects: Known,
    /// Where large bodies have which values.
    operands: Remembered<MethodId, Arc<Operands>>,
    found: Vec<OnceLock<Box<Page>>>,
}

/// The changes of fields whose numbers follow each other. Few are ever asked for, and those of one class together.
type Page = [OnceLock<Box<[Change]>>; PAGE];

const PAGE: usize = 32;

/// A method, and the position of one of its events.
type Place = (MethodId, u16);

/// A place whose result shows something of a value.
type ShowingPlace = (MethodId, u16, Part);

impl<'s> Changes<'s> {
    /// Prepares to find the changes of the fields that `is_candidate` accepts; the others have none.
    pub fn new(
        world: &'s World<'s>,
        is_candidate: &(dyn Fn(FieldId) -> bool + Sync),
        parallel: &impl Parallel,
    ) -> Self {
        let candidates = Candidates::find(world, is_candidate, parallel);
        let uses = Uses::new(world.knowledge);
        let getters = getters(world, &uses, &|f| candidates.holder(f), parallel);
        Self {
            world,
            uses,
            getters,
            candidates,
            through_handles: through_handles(world),
            effects: Known::default(),
            operands: Remembered::default(),
            found: (0..world.program.n_fields.div_ceil(PAGE)).map(|_| OnceLock::new()).collect(),
        }
    }

    /// The changes of a field, in method order.
    pub fn of(&self, field: FieldId) -> &[Change] {
        let page = self.found.get(field.index() / PAGE).filter(|_| self.candidates.wanted(field));
        let Some(page) = page else { return &[] };
        let page = page.get_or_init(|| Box::new(std::array::from_fn(|_| OnceLock::new())));
        page[field.index() % PAGE].get_or_init(|| self.find(field).into())
    }

    /// The changes that `keep` accepts of the fields that `is_asked` accepts.
    pub fn only(
        &self,
        is_asked: impl Fn(FieldId) -> bool + Sync + Send,
        keep: impl Fn(&Change) -> bool + Sync + Send,
        parallel: &impl Parallel,
    ) -> ChangeTable {
        const CHUNK: usize = 512;
        let n = self.world.program.n_fields;
        let parts = parallel.map(n.div_ceil(CHUNK), |chunk| {
            let fields = (chunk * CHUNK..n.min((chunk + 1) * CHUNK)).map(FieldId::from_index);
            let changes = fields.filter(|field| is_asked(*field)).flat_map(|field| self.of(field));
            changes.filter(|change| keep(change)).copied().collect::<Vec<_>>()
        });
        ChangeTable::new(&parts, n)
    }

    fn find(&self, field: FieldId) -> Vec<Change> {
        let writes = self.writes(field);
        let through =
            self.through_handles(field).filter(|handled| handled.is_write && handled.inside.is_some());
        let through: Vec<&Handled> = through.collect();
        let reads = if self.candidates.holder(field) { self.reads(field) } else { Vec::new() };
        let of_reads = reads.iter().map(|place| place.0);
        let of_handles = through.iter().map(|handled| handled.method);
        let writing = writes.iter().map(|place| place.0);
        let mut methods: Vec<MethodId> = writing.chain(of_reads).chain(of_handles).collect();
        methods.sort_unstable();
        methods.dedup();
        let mut found = Vec::new();
        for id in methods {
            let written = &writes[writes.partition_point(|place| place.0 < id)..];
            let written = written.iter().take_while(|place| place.0 == id);
            found.extend(written.map(|place| Change {
                field,
                method: id,
                event: place.1,
                how: How::Write,
                inside: None,
            }));
            let helped = through.iter().filter(|handled| handled.method == id);
            found.extend(helped.map(|handled| Change {
                field,
                method: id,
                event: handled.event,
                how: How::Write,
                inside: handled.inside,
            }));
            let seeds = &reads[reads.partition_point(|place| place.0 < id)..];
            let seeds = seeds.iter().take_while(|place| place.0 == id).map(|place| (place.1, place.2));
            let seeds: Vec<(u16, Part)> = seeds.collect();
            if !seeds.is_empty() {
                let body = self.world.body(id);
                let is_large = body.origins.events().len() > MANY_EVENTS;
                let operands = is_large.then(|| self.operands.get_or_find(id, || Operands::of(body).into()));
                let aliases = Aliases::of_events(&self.uses, self.world, body, &seeds, operands.as_deref());
                self.uses_of(body, field, (&aliases, operands.as_deref()), &mut found);
            }
        }
        if self.candidates.holder(field) {
            self.filled_by_calls(field, &mut found);
        }
        found
    }

    /// Calls that fill what a function yields which returns what the field holds: `toCollection(() -> NAMES)`.
    fn filled_by_calls(&self, field: FieldId, found: &mut Vec<Change>) {
        let before = found.len();
        for (_, getter, _) in self.getters.of(field).iter().filter(|(.., part)| *part == Part::Whole) {
            for site in self.world.sites.resolved_to(*getter) {
                let body = self.world.body(site.caller);
                let lambda = body.origins.events().get(usize::from(site.event));
                if lambda.is_none_or(|e| e.kind != EventKind::Lambda) {
                    continue;
                }
                let made = Value::Event(u32::from(site.event));
                for (i, event) in (0u16..).zip(body.origins.events()).filter(|(_, e)| e.kind.is_invoke()) {
                    let mut given = body.origins.args(event).iter();
                    if let Some(api) = self.uses.fills_supplied(self.world, body, event)
                        && given.any(|v| body.origins.leaves(*v).any(|leaf| leaf == made))
                    {
                        let how = How::Container(api);
                        found.push(Change { field, method: body.id, event: i, how, inside: None });
                    }
                }
            }
        }
        if found.len() > before {
            found.sort_by_key(|change| change.method);
        }
    }

    /// Where a field is assigned, ascending.
    fn writes(&self, field: FieldId) -> Vec<Place> {
        let mut places: Vec<Place> = self.world.fields.writes(field).map(|w| (w.method, w.event)).collect();
        let own = self.through_handles(field).filter(|handled| handled.is_write && handled.inside.is_none());
        places.extend(own.map(|handled| (handled.method, handled.event)));
        places.sort_unstable();
        places
    }

    fn through_handles(&self, field: FieldId) -> impl Iterator<Item = &Handled> {
        let from = self.through_handles.partition_point(|handled| handled.field < field);
        self.through_handles[from..].iter().take_while(move |handled| handled.field == field)
    }

    /// Where a value of a field comes from, ascending: it is read, or a getter is called.
    fn reads(&self, field: FieldId) -> Vec<ShowingPlace> {
        let reads = self.world.fields.reads(field).map(|read| (read.method, read.event, Part::Whole));
        let calls = self.getters.of(field).iter().flat_map(|(_, getter, part)| {
            self.world.sites.resolved_to(*getter).iter().map(|site| (site.caller, site.event, *part))
        });
        let yields = |(method, event, _): &ShowingPlace| {
            let event = self.world.event(*method, *event);
            event.is_some_and(|e| e.is_used() && e.kind != EventKind::Lambda)
        };
        let handled = self.through_handles(field).filter(|handled| !handled.is_write);
        let handled = handled.map(|handled| (handled.method, handled.event, Part::Whole));
        let mut places: Vec<ShowingPlace> = reads.chain(calls).chain(handled).filter(yields).collect();
        places.sort_unstable();
        places
    }

    fn uses_of(
        &self,
        body: Body<'_>,
        field: FieldId,
        (aliases, operands): (&Aliases, Option<&Operands>),
        found: &mut Vec<Change>,
    ) {
        let events = body.origins.events();
        if let Some(operands) = operands {
            for (i, position) in aliases.operands(operands) {
                if let Some(event) = events.get(usize::from(i)) {
                    self.use_of(body, field, aliases, (i, event, usize::from(position)), found);
                }
            }
            return;
        }
        for (i, event) in (0u16..).zip(events) {
            for position in 0..body.origins.args(event).len() {
                self.use_of(body, field, aliases, (i, event, position), found);
            }
        }
    }

    fn use_of(
        &self,
        body: Body<'_>,
        field: FieldId,
        aliases: &Aliases,
        (i, event, position): (u16, &Event, usize),
        found: &mut Vec<Change>,
    ) {
        let Some(part) = aliases.part(body, body.origins.arg(event, position)) else { return };
        let change = Change { field, method: body.id, event: i, how: How::Array, inside: None };
        let how = self.uses.direct(self.world, body, event, position);
        if part == Part::Whole && how.is_some() && always_refuses(self.world, field, event) {
            return;
        }
        if let Some(how) = how {
            found.extend(how.of_part(part).map(|how| Change { how, ..change }));
        } else if let Some(effect) = self.handed_on(body, field, (event, position), part) {
            let inside = Some((effect.method, effect.event));
            found.push(Change { how: effect.how, inside, ..change });
        } else if part == Part::Entry
            && let Some(at) = self.sets_of_thread(body, field, i, position)
        {
            let inside = Some(at).filter(|(method, _)| *method != body.id);
            found.push(Change { how: How::Set, inside, ..change });
        }
    }

    /// Where the object is set that a thread-local variable holds. In an open world such objects are taken for working
    /// memory.
    fn sets_of_thread(
        &self,
        body: Body<'_>,
        field: FieldId,
        event: u16,
        position: usize,
    ) -> Option<(MethodId, u16)> {
        let world = self.world;
        if world.reach.is_open_world() || !may_hold::is_of_thread(world, field) {
            return None;
        }
        sets_object(world, body, event, position)
    }

    /// Those of the methods that are of the class of an object which a field is seen to be given.
    fn of_stored(
        &self,
        field: FieldId,
        mut methods: Vec<MethodId>,
    ) -> impl Iterator<Item = MethodId> + use<> {
        let program = self.world.program;
        let stored = if methods.is_empty() { Vec::new() } else { stored_objects(self.world, field) };
        methods.retain(|method| {
            let class = program.class_of_method(*method);
            stored.iter().any(|(made, _)| program.is_subtype(*made, class))
        });
        methods.into_iter()
    }

    fn handed_on(
        &self,
        body: Body<'_>,
        field: FieldId,
        (event, position): (&Event, usize),
        part: Part,
    ) -> Option<Effect> {
        let mut entered = Vec::new();
        self.uses.enter(self.world, body, event, position, part, &mut entered);
        if part == Part::Whole {
            let overriders = self.uses.overriders(self.world, body, event, position);
            entered.extend(self.of_stored(field, overriders).map(|method| (method, 0, part)));
        }
        entered.into_iter().find_map(|(method, param, part)| {
            let find = || self.uses.on_parameter(self.world, method, param);
            let effect = self.effects.get_or_find((method, param), find)?;
            Some(Effect { how: effect.how.of_part(part)?, ..effect })
        })
    }
}

/// Accesses through handles in all bodies, by field.
fn through_handles(world: &World<'_>) -> Vec<Handled> {
    let methods = (0..world.program.n_methods).map(MethodId::from_index);
    let mut found = Vec::new();
    for id in methods.filter(|id| world.knowledge.is_marked(*id, marks::FIELD_HANDLE)) {
        let body = world.body(id);
        let n = u16::try_from(body.origins.events().len()).unwrap_or(u16::MAX);
        (0..n).for_each(|i| reflective::handled(world, body, i, &mut found));
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Effects that were asked for, so that a helper which many callers use is looked at once.
type Known = Remembered<(MethodId, u16), Option<Effect>>;

/// The block that holds an event.
pub fn block_of(unit: &crate::facts::UnitFacts, body: Body<'_>, event: u16) -> Option<u16> {
    let blocks = unit.blocks_of(body.method);
    let at = blocks.iter().position(|b| b.events().contains(&usize::from(event)))?;
    Some(at as u16)
}
