//! Containers that applications share, each with entries of its own: an extension point, a table of applications.

use super::context::Context;
use super::fields;
use super::matches::{Match, Spot, Subject};
use super::shapes::final_event;
use super::values::{self, is_of_types};
use crate::dataflow::knowledge::groups;
use crate::dataflow::origins::{self, Origin};
use crate::dataflow::{Body, How};
use crate::facts::{Event, EventKind, MethodFacts, Value};
use crate::rules::rule::WriteShape;
use crate::vocabulary::descriptor::{TypeDesc, return_type};
use crate::vocabulary::{ClassId, FieldId, MethodId, Name, TenantId, ValueId};
use std::collections::{BTreeMap, BTreeSet};

/// Whether what one application puts into the container can't meet what another one does.
pub(super) fn are_own(cx: &Context<'_>, found: &Match) -> bool {
    are_own_by(cx, found, None) || (0..MAX_PARTS).any(|part| are_own_by(cx, found, Some(part)))
}

/// Parts of a key that are looked at.
const MAX_PARTS: usize = 4;

/// The same by the whole keys, or by a part that every key is made of: the application's name in `List.of(name, id)`.
fn are_own_by(cx: &Context<'_>, found: &Match, part: Option<usize>) -> bool {
    let Subject::Field(field) = found.subject else { return false };
    let mut keys = Keys { part, ..Keys::default() };
    let mut n_put = 0;
    for spot in &found.spots {
        let api = match spot.how {
            Some(How::Container(api)) => api,
            // What is put into what a key leads to is told apart by that key.
            Some(How::Entry(_)) if part.is_none() && keys.add_of_entry(cx, field, spot) => continue,
            _ => return false,
        };
        if cx.is_api(api, &cx.names.clearing) {
            return false;
        }
        if cx.is_api(api, &cx.names.removing) {
            continue;
        }
        n_put += 1;
        let facts = cx.world.knowledge.tables.apis.get(usize::from(api));
        let (key, value) = facts.map_or((None, None), |a| (a.key, a.value));
        let is_own = match (key, value) {
            (Some(key), _) => keys.add(cx, spot, key),
            (None, Some(_)) if part.is_some() => false,
            (None, Some(value)) if is_told_apart(cx, field, spot, value) => true,
            (None, Some(value)) => is_set(cx, field) && keys.add(cx, spot, value),
            (None, None) => false,
        };
        if !is_own {
            return false;
        }
    }
    n_put > 0 && keys.are_disjoint() && !is_copied(cx, field)
}

/// Whether the container only gets empty collections, on demand, and these get objects: whose each is, is told by the object,
/// whatever the key.
pub(super) fn are_own_elements(cx: &Context<'_>, found: &Match) -> bool {
    let Subject::Field(field) = found.subject else { return false };
    let mut n_put = 0;
    for spot in &found.spots {
        let is_own = match spot.how {
            Some(How::Entry(api)) if cx.is_api(api, &cx.names.clearing) => false,
            Some(How::Entry(api)) if cx.is_api(api, &cx.names.removing) => true,
            Some(How::Entry(api)) => {
                n_put += 1;
                let facts = cx.world.knowledge.tables.apis.get(usize::from(api));
                facts
                    .filter(|a| a.key.is_none())
                    .and_then(|a| a.value)
                    .is_some_and(|value| is_told_apart(cx, field, spot, value))
            }
            Some(How::Container(_)) => {
                let shapes = cx.shapes(found, spot);
                shapes.contains(WriteShape::Lazy)
                    && !shapes.has_any(&[WriteShape::FromCaller, WriteShape::Cleared])
            }
            _ => false,
        };
        if !is_own {
            return false;
        }
    }
    n_put > 0 && !is_copied(cx, field)
}

/// Whether all that is in the container is put into another one: whoever has that gets the entries of all.
fn is_copied(cx: &Context<'_>, field: FieldId) -> bool {
    let mutators = cx.world.knowledge.group(groups::CONTAINER_MUTATOR);
    cx.world.fields.reads(field).any(|read| {
        let body = cx.world.body(read.method);
        let loader = cx.world.program.class(body.class).loader;
        let is_it = |leaf| leaf == Value::Event(u32::from(read.event));
        !cx.world.reach.tenants(read.method).is_empty()
            && body.origins.events().iter().filter(|e| e.kind.is_invoke()).any(|e| {
                let mut given = body.origins.args(e).iter().skip(usize::from(e.kind.has_receiver()));
                given.any(|v| body.origins.leaves(*v).any(is_it))
                    && e.member().is_some_and(|m| cx.world.knowledge.api_in(mutators, loader, m).is_some())
            })
    })
}

/// Whether each application that puts something in takes something out again, and an unload callback does.
pub(super) fn are_taken_out(cx: &Context<'_>, found: &Match) -> bool {
    let Subject::Field(field) = found.subject else { return false };
    let is_removing = |how: Option<How>| {
        matches!(how, Some(How::Container(api) | How::Entry(api))
            if cx.is_api(api, &cx.names.removing) && !cx.is_api(api, &cx.names.clearing))
    };
    let mut removers = BTreeSet::new();
    let mut is_at_unload = false;
    for change in cx.changes.of(field).iter().filter(|c| is_removing(Some(c.how))) {
        if fields::is_after_initialisation(cx.world, found.class, change) {
            removers.extend(cx.world.reach.tenants(change.method).iter());
            is_at_unload |= cx.is_at_unload(change.method) || is_handle_used_at_unload(cx, change.method);
        }
    }
    let mut additions = found.spots.iter().filter(|s| !is_removing(s.how));
    is_at_unload && additions.all(|s| cx.world.reach.tenants(s.method).iter().all(|t| removers.contains(&t)))
}

/// Whether a function that is handed out to take the entry out again is called by code that an unload callback reaches.
fn is_handle_used_at_unload(cx: &Context<'_>, function: MethodId) -> bool {
    let world = cx.world;
    let program = world.program;
    if !program.method(function).access.is_synthetic() {
        return false;
    }
    world.sites.resolved_to(function).iter().any(|made| {
        let maker = program.class_of_method(made.caller);
        let desc = program.text(program.method(made.caller).desc);
        let handed_out = TypeDesc(return_type(desc).0).class();
        let handle = handed_out.and_then(|name| program.find_text(program.class(maker).loader, name));
        handle.filter(|class| !program.is_jdk(*class)).is_some_and(|class| {
            let calls = program.methods_of(class).flat_map(|(id, _)| world.sites.resolved_to(id));
            calls.into_iter().any(|call| cx.is_at_unload(call.caller))
        })
    })
}

/// Whether the elements are objects: two applications' own are never equal by chance, as texts and numbers are.
fn is_told_apart(cx: &Context<'_>, field: FieldId, spot: &Spot, value: u8) -> bool {
    let Some((body, event)) = final_event(cx, spot) else { return false };
    let program = cx.world.program;
    let loader = program.class(body.class).loader;
    let position = usize::from(value) + usize::from(event.kind.has_receiver());
    let Some(stored) = body.origins.args(event).get(position) else { return false };
    let mut types = values::types_of(cx.world, body, *stored);
    let signature = program.field(field).signature;
    if signature != crate::facts::NO_NAME
        && let Some(element) = values::last_type_argument(program.text(signature))
    {
        types.push(element);
    }
    let is_value = |ty: &str| is_of_types(cx.world, cx.models, loader, ty, &["immutable".to_owned()]);
    types.iter().any(|ty| *ty != "java/lang/Object") && !types.iter().any(|ty| is_value(ty))
}

fn is_set(cx: &Context<'_>, field: FieldId) -> bool {
    let program = cx.world.program;
    let loader = program.class(program.class_of_field(field)).loader;
    let desc = program.text(program.field(field).desc);
    let declared = TypeDesc(desc).class().unwrap_or(desc);
    is_of_types(cx.world, cx.models, loader, declared, &["java/util/Set".to_owned()])
}

/// The keys that applications use.
#[derive(Default)]
struct Keys {
    /// The part of each key that is looked at instead of the whole.
    part: Option<usize>,
    texts: BTreeMap<TenantId, BTreeSet<Name>>,
    /// Applications that make keys from the names of their own classes.
    by_own_class: BTreeSet<TenantId>,
    /// Applications that make keys from what is not known.
    unknown: BTreeSet<TenantId>,
}

impl Keys {
    /// Adds the keys that a change may use, by the application that passes them; `false` if some are everybody's.
    fn add(&mut self, cx: &Context<'_>, spot: &Spot, key: u8) -> bool {
        let Some((body, event)) = final_event(cx, spot) else { return false };
        self.add_of_call(cx, spot, (body, event), key)
    }

    /// The same for a change of what lies in the container under a key: by the key that the changed object is asked for
    /// with, in the same method.
    fn add_of_entry(&mut self, cx: &Context<'_>, field: FieldId, spot: &Spot) -> bool {
        let Some((body, event)) = final_event(cx, spot).filter(|(_, e)| e.kind.has_receiver()) else {
            return false;
        };
        let entry = uncast(body, body.origins.arg(event, 0));
        let asked: Vec<&Event> =
            body.origins.leaves(entry).filter_map(|l| Some(body.origins.event(l)?.1)).collect();
        let loader = cx.world.program.class(body.class).loader;
        let n_leaves = body.origins.leaves(entry).count();
        asked.len() == n_leaves
            && asked.into_iter().all(|call| {
                let is_of_field =
                    call.kind.has_receiver() && is_read_of(cx, body, body.origins.arg(call, 0), field);
                let mut apis = call.member().into_iter().flat_map(|m| cx.world.knowledge.apis(loader, m));
                let key = apis.find_map(|a| cx.world.knowledge.tables.apis.get(usize::from(a))?.key);
                is_of_field && key.is_some_and(|key| self.add_of_call(cx, spot, (body, call), key))
            })
    }

    fn add_of_call(
        &mut self,
        cx: &Context<'_>,
        spot: &Spot,
        (body, event): (Body<'_>, &Event),
        key: u8,
    ) -> bool {
        let position = usize::from(key) + usize::from(event.kind.has_receiver());
        let Some(mut value) = body.origins.args(event).get(position) else { return false };
        if let Some(part) = self.part {
            let Some(of) = part_of(cx, body, *value, part) else { return false };
            value = of;
        }
        let reach = &cx.world.reach;
        let mut of = BTreeSet::new();
        for found in origins::of_value(cx.world, body.id, *value) {
            // What nobody calls passes no key, as the static twin of a singleton's method that a compiler adds.
            if reach.tenants(found.method).is_empty() {
                continue;
            }
            // What is written to a field that is written in few places is found besides it.
            if matches!(found.origin, Origin::Field(field) if is_followed(cx, field)) {
                continue;
            }
            let class = cx.world.program.class_of_method(found.method);
            let Some(tenant) = found.passed_by.or_else(|| reach.owner(class)) else { return false };
            of.insert(tenant);
            match found.origin {
                Origin::Text(text) if !found.is_derived => {
                    self.texts.entry(tenant).or_default().insert(text);
                }
                Origin::ClassLiteral(_, Some(class)) | Origin::Allocation(Some(class))
                    if reach.owner(class) == Some(tenant) =>
                {
                    self.by_own_class.insert(tenant);
                }
                _ => {
                    self.unknown.insert(tenant);
                }
            }
        }
        reach.tenants(spot.method).iter().all(|tenant| of.contains(&tenant))
    }

    fn are_disjoint(&self) -> bool {
        if self.unknown.iter().any(|tenant| !self.by_own_class.contains(tenant)) {
            return false;
        }
        let mut seen = BTreeSet::new();
        self.texts.values().flatten().all(|text| seen.insert(*text))
    }
}

/// Whether all that is written to a field is looked at when it is asked where its value comes from.
fn is_followed(cx: &Context<'_>, field: FieldId) -> bool {
    (1..=origins::MAX_WRITERS).contains(&cx.world.fields.writes(field).take(origins::MAX_WRITERS + 1).count())
}

/// What a value is before casts.
fn uncast(body: Body<'_>, mut value: ValueId) -> ValueId {
    for _ in 0..MAX_PARTS {
        let mut leaves = body.origins.leaves(value);
        let one = leaves.next().filter(|_| leaves.next().is_none());
        let cast =
            one.and_then(|leaf| body.origins.event(leaf)).filter(|(_, e)| e.kind == EventKind::CheckCast);
        let Some((_, cast)) = cast else { break };
        value = body.origins.arg(cast, 0);
    }
    value
}

/// Whether a value is what a field holds.
fn is_read_of(cx: &Context<'_>, body: Body<'_>, value: ValueId, field: FieldId) -> bool {
    let program = cx.world.program;
    let refs = program.refs(program.class(body.class).loader);
    body.origins.leaves(value).all(|leaf| {
        body.origins.event(leaf).is_some_and(|(_, e)| {
            matches!(e.kind, EventKind::GetField | EventKind::GetStatic)
                && e.member().and_then(|m| refs.field(m)) == Some(field)
        })
    })
}

/// Whether objects of a class are equal if what they are made of is: a record, or a class that says so.
fn is_told_by_parts(cx: &Context<'_>, class: ClassId) -> bool {
    let program = cx.world.program;
    let says_so = |m: &MethodFacts| {
        program.text(m.name) == "equals" && program.text(m.desc) == "(Ljava/lang/Object;)Z" && m.has_body
    };
    program.class_facts(class).is_record || program.methods_of(class).any(|(_, m)| says_so(m))
}

/// What a key is made of that differs as soon as a part does: an element of an immutable list, a component of a record.
fn part_of<'b>(cx: &Context<'_>, body: Body<'b>, key: ValueId, part: usize) -> Option<&'b ValueId> {
    let program = cx.world.program;
    let loader = program.class(body.class).loader;
    let mut leaves = body.origins.leaves(key);
    let leaf = leaves.next().filter(|_| leaves.next().is_none())?;
    let (_, made) = body.origins.event(leaf)?;
    if made.kind == EventKind::New {
        let class = made.name().and_then(|name| program.find(loader, name))?;
        let is_it = |v: &ValueId| body.origins.leaves(*v).any(|l| l == leaf);
        let mut calls = body.origins.events().iter().filter(|e| e.kind == EventKind::InvokeSpecial);
        let init = calls.find(|e| body.origins.args(e).first().is_some_and(is_it));
        return body.origins.args(init.filter(|_| is_told_by_parts(cx, class))?).get(part + 1);
    }
    let member = made.member().filter(|_| made.kind == EventKind::InvokeStatic)?;
    cx.world.knowledge.api_of(groups::IMMUTABLE_FACTORY, loader, member)?;
    body.origins.args(made).get(part)
}
