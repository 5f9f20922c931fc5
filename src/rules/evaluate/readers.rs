//! Who reads what another application writes: a field, or a setting of the JVM under a constant key.

use super::context::Context;
use super::matches::{Match, Spot, Subject};
use super::values::{operand, origins_of};
use crate::dataflow::knowledge::{ApiId, groups};
use crate::dataflow::operands::Operands;
use crate::dataflow::origins::Origin;
use crate::dataflow::{Body, How, World, initialisation};
use crate::facts::{Event, EventKind, NO_NAME, Value};
use crate::rules::rule::{Condition, Rule, Site};
use crate::vocabulary::{FieldId, MethodId, Name, Parallel, TenantId};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::RefCell;
use std::rc::Rc;

/// A place at which a tenant reads what another one writes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Reading {
    /// Whose code reads.
    pub tenant: TenantId,
    /// The method that holds the instruction.
    pub method: MethodId,
    /// Position among the method's events.
    pub event: u16,
}

/// A call with a key, and the method that names the key: the caller of a helper that is given it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Use {
    method: MethodId,
    event: u16,
    named_by: MethodId,
}

/// The calls that read a setting of the JVM, by API and constant key.
#[derive(Default)]
pub(super) struct KeyReads(FxHashMap<(ApiId, Name), Vec<Use>>);

impl KeyReads {
    /// What is read under which key, among calls of [reading](reading_apis) APIs.
    pub(super) fn find(world: &World<'_>, calls: &[Match], parallel: &impl Parallel) -> Self {
        let keyed = parallel.map(calls.len(), |i| {
            let Subject::Call(_, api) = calls[i].subject else { return Vec::new() };
            let spots = calls[i].spots.iter().filter(|s| is_of_jvm(world, s));
            let uses = spots.flat_map(|s| {
                keys_of(world, s, api)
                    .into_iter()
                    .map(|(key, named_by)| (key, Use { method: s.method, event: s.event, named_by }))
            });
            uses.map(|(key, read)| ((api, key), read)).collect()
        });
        let mut reads: FxHashMap<_, Vec<Use>> = FxHashMap::default();
        for (key, read) in keyed.into_iter().flatten() {
            reads.entry(key).or_default().push(read);
        }
        Self(reads)
    }
}

/// Which APIs read what another one sets, for rules that ask who does; none if no rule does.
pub(super) fn reading_apis(cx: &Context<'_>, rules: &[Rule]) -> Vec<bool> {
    let apis = &cx.world.knowledge.tables.apis;
    if !rules.iter().any(|r| matches!(r.site, Site::Call { .. }) && is_asked(r)) {
        return vec![false; apis.len()];
    }
    let groups: Vec<String> = apis.iter().flat_map(|a| a.read_by.iter().cloned()).collect();
    (0..apis.len()).map(|api| cx.is_api(api as ApiId, &groups)).collect()
}

/// Whether a rule asks who reads what is written.
pub(super) fn is_asked(rule: &Rule) -> bool {
    let mut waiting: Vec<&Condition> =
        rule.cases.iter().map(|c| &c.when).chain(std::iter::once(&rule.when)).collect();
    while let Some(condition) = waiting.pop() {
        match condition {
            Condition::ReadByOther => return true,
            Condition::All(list) | Condition::Any(list) => waiting.extend(list),
            Condition::Not(inner) => waiting.push(inner),
            _ => {}
        }
    }
    false
}

/// Whether no code, reached or not, reads the match's field but to change it. In an open world a field that is not private
/// may be read by code that is not there.
pub(super) fn is_never_read(cx: &Context<'_>, found: &Match) -> bool {
    let Subject::Field(field) = found.subject else { return false };
    // What is written by its name or through a handle may be read in such a way too.
    let is_plain = |s: &Spot| {
        let kind = cx.world.event(s.method, s.event).map(|e| e.kind);
        matches!(kind, Some(EventKind::PutStatic | EventKind::PutField))
    };
    let is_known = (cx.world.program.field(field).access.is_private() || !cx.world.reach.is_open_world())
        && found.spots.iter().all(is_plain);
    let mut reads = cx.world.fields.reads(field);
    let is_hidden = cx.world.program.field(field).access.is_private() || !cx.world.reach.is_open_world();
    if is_hidden && found.spots.iter().all(|s| s.how == Some(How::Array)) {
        return reads.all(|r| is_only_filled(cx.world, r.method, Value::Event(u32::from(r.event))));
    }
    let is_object = cx.world.program.text(cx.world.program.field(field).desc).starts_with(['L', '[']);
    if !is_known {
        return false;
    }
    let own = OwnChanges::of(found);
    reads.all(|r| {
        is_only_for_change(cx.world, &own, r.method, r.event)
            || is_object && is_only_guard(cx.world, &own, r.method, r.event)
    })
}

/// Where a match's field is changed, to be asked once for each of its reads.
struct OwnChanges {
    methods: FxHashSet<MethodId>,
    events: FxHashSet<(MethodId, u16)>,
    /// Where the large body that was looked at last has which values: reads are in method order.
    operands: RefCell<Option<(MethodId, Rc<Operands>)>>,
}

/// Bodies with more events are not looked at whole for each read.
const MANY_EVENTS: usize = 256;

impl OwnChanges {
    fn of(found: &Match) -> Self {
        let own = found.spots.iter().filter(|s| s.inside.is_none());
        Self {
            methods: found.spots.iter().map(|s| s.method).collect(),
            events: own.map(|s| (s.method, s.event)).collect(),
            operands: RefCell::new(None),
        }
    }

    /// The events of a body that use what one of them yields, ascending.
    fn uses(&self, body: Body<'_>, of: u16) -> Vec<u16> {
        let value = Value::Event(u32::from(of));
        let events = body.origins.events();
        if events.len() <= MANY_EVENTS {
            let uses = |e: &Event| body.origins.args(e).iter().any(|v| body.origins.may_be(*v, value));
            return (0u16..).zip(events).filter(|(_, e)| uses(e)).map(|(i, _)| i).collect();
        }
        let known = self.operands.borrow().clone().filter(|(method, _)| *method == body.id);
        let (_, operands) = known.unwrap_or_else(|| (body.id, Rc::new(Operands::of(body))));
        *self.operands.borrow_mut() = Some((body.id, operands.clone()));
        operands.events_of(value)
    }
}

/// Whether what is read is used for nothing, but that its method asks whether it is there before it sets the field.
fn is_only_guard(world: &World<'_>, own: &OwnChanges, method: MethodId, read: u16) -> bool {
    own.methods.contains(&method) && own.uses(world.body(method), read).is_empty()
}

/// The applications that read what another one writes, ascending, each with the first place that it does so at.
pub(super) fn of_match(cx: &Context<'_>, found: &Match) -> Vec<Reading> {
    let mut readings = match found.subject {
        Subject::Field(field) => of_field(cx, found, field),
        Subject::Call(_, api) => of_keys(cx, found, api),
        _ => Vec::new(),
    };
    readings.sort_unstable();
    readings.dedup_by_key(|r| r.tenant);
    readings
}

fn of_field(cx: &Context<'_>, found: &Match, field: FieldId) -> Vec<Reading> {
    let world = cx.world;
    let writers = cx.tenants(found);
    let is_static = world.program.field(field).access.is_static();
    let mut readings = Vec::new();
    let own = OwnChanges::of(found);
    for read in world.fields.reads(field) {
        let by_others = world.reach.tenants(read.method);
        let by_others: Vec<TenantId> = by_others.iter().filter(|t| is_other(cx, &writers, *t)).collect();
        let is_set_up = || is_static && initialisation::is_part_of(world, found.class, read.method);
        if by_others.is_empty() || is_only_for_change(world, &own, read.method, read.event) || is_set_up() {
            continue;
        }
        let at = |tenant| Reading { tenant, method: read.method, event: read.event };
        readings.extend(by_others.into_iter().map(at));
    }
    readings
}

fn of_keys(cx: &Context<'_>, found: &Match, api: ApiId) -> Vec<Reading> {
    let world = cx.world;
    let Some(facts) = world.knowledge.tables.apis.get(usize::from(api)) else { return Vec::new() };
    if facts.read_by.is_empty() {
        return Vec::new();
    }
    let n_apis = world.knowledge.tables.apis.len() as ApiId;
    let reading: Vec<ApiId> = (0..n_apis).filter(|a| cx.is_api(*a, &facts.read_by)).collect();
    let concerned = cx.tenants(found);
    let mut readings = Vec::new();
    for spot in &found.spots {
        for (key, named_by) in keys_of(world, spot, api) {
            let set = Use { method: spot.method, event: spot.event, named_by };
            let writers: Vec<TenantId> =
                users(world, set).into_iter().filter(|t| concerned.contains(t)).collect();
            let reads = reading.iter().filter_map(|api| cx.key_reads.0.get(&(*api, key)));
            for read in reads.flatten() {
                let others = users(world, *read).into_iter().filter(|t| is_other(cx, &writers, *t));
                let at = |tenant| Reading { tenant, method: read.method, event: read.event };
                readings.extend(others.map(at));
            }
        }
    }
    readings
}

/// In an open world the one application that is known stands for all.
fn is_other(cx: &Context<'_>, writers: &[TenantId], reader: TenantId) -> bool {
    cx.world.reach.is_open_world() || writers.iter().any(|w| *w != reader)
}

/// The tenants that make a call with the key that one method names.
fn users(world: &World<'_>, use_: Use) -> Vec<TenantId> {
    let callers = world.reach.tenants(use_.method);
    let named = world.reach.tenants(use_.named_by);
    let both: Vec<TenantId> = callers.iter().filter(|t| named.has(*t)).collect();
    if both.is_empty() { callers.iter().collect() } else { both }
}

/// The constant keys of a call, and who names them.
pub(super) fn keys_of(world: &World<'_>, spot: &Spot, api: ApiId) -> Vec<(Name, MethodId)> {
    let key = world.knowledge.tables.apis.get(usize::from(api)).and_then(|a| a.key);
    let event = world.event(spot.method, spot.event).filter(|e| e.kind != EventKind::Lambda);
    let Some((event, position)) = event.and_then(|e| Some((e, operand(e, i32::from(key?))?))) else {
        return Vec::new();
    };
    let found = origins_of(world, world.body(spot.method), event, position);
    let texts = found.iter().filter(|f| !f.is_derived).filter_map(|f| match f.origin {
        Origin::Text(name) if name != NO_NAME => Some((name, f.method)),
        _ => None,
    });
    texts.collect()
}

/// A call without a receiver is about the JVM; one on a table of properties only if that is the JVM's.
fn is_of_jvm(world: &World<'_>, spot: &Spot) -> bool {
    let Some(event) = world.event(spot.method, spot.event) else { return false };
    !event.kind.has_receiver()
        || origins_of(world, world.body(spot.method), event, 0)
            .iter()
            .any(|f| f.origin == Origin::SystemProperties && !f.is_derived)
}

/// Whether an array is only handed to what fills it, or to a method that does only that: nobody looks at what is in it.
fn is_only_filled(world: &World<'_>, method: MethodId, array: Value) -> bool {
    // Reads of single numbers are not among the events.
    let mut n_uses = 0;
    let fills = world.knowledge.group(groups::ARRAY_MUTATOR);
    let mut waiting = vec![(method, array)];
    let mut seen = waiting.clone();
    while let Some((method, array)) = waiting.pop() {
        let body = world.body(method);
        let loader = world.program.class(body.class).loader;
        for event in body.origins.events() {
            // Its length.
            let is_length = |leaf: Value| match leaf {
                Value::Derived(source) => body.origins.leaves(source).any(|leaf| leaf == array),
                _ => false,
            };
            let lengths = body.origins.args(event).iter().flat_map(|v| body.origins.leaves(*v));
            n_uses += lengths.filter(|leaf| is_length(*leaf)).count();
            let uses = body.origins.args(event).iter().enumerate();
            let uses = uses.filter(|(_, v)| body.origins.leaves(**v).any(|leaf| leaf == array));
            for (position, _) in uses {
                n_uses += 1;
                let api = event.member().and_then(|m| world.knowledge.api_in(fills, loader, m));
                let facts = api.and_then(|api| world.knowledge.tables.apis.get(usize::from(api)));
                let filled = facts.and_then(|a| a.acts_on?.operand(event.kind.has_receiver()));
                if filled == Some(position) {
                    continue;
                }
                let targets = if event.kind.is_invoke() { world.targets(body, event, 1) } else { None };
                let Some(&[target]) = targets.as_deref() else { return false };
                let next = (target, Value::Param(position as u16));
                if !seen.contains(&next) {
                    if seen.len() > MAX_FILLERS {
                        return false;
                    }
                    seen.push(next);
                    waiting.push(next);
                }
            }
        }
    }
    n_uses > 0
}

/// Methods through which an array is followed.
const MAX_FILLERS: usize = 8;

/// Whether what is read only serves to make the match's own changes: `LIST.add(x)` reads the field and nothing in it.
fn is_only_for_change(world: &World<'_>, own: &OwnChanges, method: MethodId, read: u16) -> bool {
    let body = world.body(method);
    let uses = own.uses(body, read);
    !uses.is_empty()
        && uses.into_iter().all(|i| {
            let is_used = world.event(method, i).is_some_and(Event::is_used);
            own.events.contains(&(method, i)) && (!is_used || own.uses(body, i).is_empty())
        })
}
