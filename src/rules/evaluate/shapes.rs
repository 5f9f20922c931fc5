//! How a change changes a field, and what it stores there.

use super::context::Context;
use super::matches::Spot;
use super::service_objects;
use super::values::{self, is_of_types, origins_of};
use crate::dataflow::changes::{self, Written};
use crate::dataflow::knowledge::{ApiId, Subject};
use crate::dataflow::origins::{self, Found, Origin};
use crate::dataflow::{Body, How, World, lazy};
use crate::facts::{Event, EventKind, Value};
use crate::rules::rule::{StoredKind, WriteShape};
use crate::vocabulary::descriptor::TypeDesc;
use crate::vocabulary::{FieldId, LoaderId, MethodId, ValueId};

/// The shapes of one change.
pub(super) fn shapes_of(cx: &Context<'_>, field: FieldId, spot: &Spot) -> Vec<WriteShape> {
    let world = cx.world;
    let Some(how) = spot.how else { return Vec::new() };
    let change = changes::Change { field, method: spot.method, event: spot.event, how, inside: spot.inside };
    let mut shapes = Vec::new();
    match how {
        How::Write => {
            let written = changes::written(world, &change);
            // What depends on the context class loader alone is also made here without any input. A null beside what a
            // caller passes is what that one has passed.
            shapes.extend(written.contains(&Written::FromContext).then_some(WriteShape::Fresh));
            let is_passed = written.contains(&Written::FromCaller);
            shapes.extend(written.into_iter().filter(|w| !(is_passed && *w == Written::Null)).map(shape));
            if is_of_lazy_value(world, change.method) {
                return vec![WriteShape::Fresh, WriteShape::Lazy];
            }
            if lazy::is_lazy(world, &change) {
                // There was nothing before.
                shapes.retain(|s| *s != WriteShape::Cleared);
                shapes.push(WriteShape::Lazy);
            } else if shapes.contains(&WriteShape::FromCaller) {
                shapes.push(WriteShape::Given);
            }
        }
        How::Entry(api) => {
            shapes.push(WriteShape::Entry);
            shapes.extend(handed_over(cx, field, spot, api));
        }
        How::Container(api) | How::Atomic(api) | How::Buffer(api) | How::ThreadLocal(api) => {
            if super::set_once::is_once(cx, field, spot, api) {
                return vec![WriteShape::Once];
            }
            if let Some(shape) = super::operators::shape_of(cx, field, spot, api) {
                return vec![shape];
            }
            if cx.is_api(api, &cx.names.clearing) {
                shapes.push(WriteShape::Cleared);
            }
            if matches!(how, How::Atomic(_)) && is_step(cx, spot) {
                shapes.push(WriteShape::Counter);
            } else if !matches!(how, How::Buffer(_)) {
                shapes.extend(handed_over(cx, field, spot, api));
            }
            if cx.is_api(api, &cx.names.lazy) || spot.inside.is_none() && lazy::is_lazy(world, &change) {
                shapes.push(WriteShape::Lazy);
            }
        }
        // Of what objects keep in arrays nothing is told.
        How::Array if !world.program.field(field).access.is_static() => {}
        How::Array => shapes.extend(stored_into(cx, field, spot)),
        How::Set => {
            if let Some((body, value)) = final_event(cx, spot)
                .and_then(|(body, event)| Some((body, *body.origins.args(event).last()?)))
            {
                shapes.extend(changes::kinds_of(world, body, field, value).into_iter().map(shape));
            }
        }
        How::Close(_) => {}
    }
    shapes
}

/// What a store puts into an array; of a method that fills one nothing is known.
fn stored_into(cx: &Context<'_>, field: FieldId, spot: &Spot) -> Vec<WriteShape> {
    let stored = final_event(cx, spot).filter(|(_, e)| e.kind == EventKind::ArrayStore);
    let Some((body, value)) = stored.and_then(|(body, e)| Some((body, *body.origins.args(e).last()?))) else {
        return vec![WriteShape::FromCaller];
    };
    let change =
        changes::Change { field, method: spot.method, event: spot.event, how: How::Array, inside: None };
    if spot.inside.is_none()
        && lazy::is_lazy(cx.world, &change)
        && (super::memo::is_of_numbers(cx, body, value) || is_worked_out(cx, field, body, value))
    {
        return vec![WriteShape::Fresh, WriteShape::Lazy];
    }
    changes::kinds_of(cx.world, body, field, value).into_iter().map(shape).collect()
}

/// Whether a number is put into an array of such by a method that is given nothing: a table.
fn is_worked_out(cx: &Context<'_>, field: FieldId, body: Body<'_>, value: ValueId) -> bool {
    let program = cx.world.program;
    let is_of_numbers =
        |desc: &str| desc.strip_prefix('[').is_some_and(|element| !TypeDesc(element).is_reference());
    let is_number =
        |leaf| matches!(leaf, Value::Int(_) | Value::Unknown | Value::Derived(_) | Value::Merge { .. });
    is_of_numbers(program.text(program.field(field).desc))
        && program.text(body.method.desc).starts_with("()")
        && body.origins.leaves(value).all(is_number)
}

/// Whether scalac has made a method to work out a `lazy val`, once and under a lock: it is given nothing but the object.
fn is_of_lazy_value(world: &World<'_>, method: MethodId) -> bool {
    world.program.text(world.program.method(method).name).ends_with("$lzycompute")
}

fn shape(written: Written) -> WriteShape {
    match written {
        Written::Null => WriteShape::Cleared,
        Written::Constant => WriteShape::Constant,
        Written::FromItself => WriteShape::Counter,
        Written::FromCaller => WriteShape::FromCaller,
        Written::Fresh => WriteShape::Fresh,
        Written::FromContext => WriteShape::FromContext,
    }
}

/// What a mutator is given to store: all its arguments but the key. One that takes something out is given nothing.
fn handed_over(cx: &Context<'_>, field: FieldId, spot: &Spot, api: ApiId) -> Vec<WriteShape> {
    let Some((body, event)) = final_event(cx, spot) else { return Vec::new() };
    if cx.is_api(api, &cx.names.removing) {
        return Vec::new();
    }
    let facts = cx.world.knowledge.tables.apis.get(usize::from(api));
    let n_receivers = usize::from(event.kind.has_receiver());
    let key = facts.and_then(|a| a.key).map(|i| usize::from(i) + n_receivers);
    let subject =
        facts.and_then(|a| a.acts_on).unwrap_or(Subject::Receiver).operand(event.kind.has_receiver());
    let args = body.origins.args(event).iter().enumerate();
    // What is expected is not stored.
    let only = facts.and_then(|a| a.value).filter(|_| cx.is_api(api, &cx.names.comparing));
    let only = only.map(|i| usize::from(i) + n_receivers);
    let is_stored = |i: usize| Some(i) != key && Some(i) != subject && only.is_none_or(|it| it == i);
    let values = args.filter(|(i, _)| is_stored(*i)).map(|(_, value)| *value);
    let written = values.flat_map(|value| changes::kinds_of(cx.world, body, field, value));
    let shapes = written.flat_map(|w| {
        let also = (w == Written::FromContext).then_some(WriteShape::Fresh);
        also.into_iter().chain(std::iter::once(shape(w)))
    });
    shapes.collect()
}

/// The event that finally changes what a field holds, with its body.
pub(super) fn final_event<'w>(cx: &Context<'w>, spot: &Spot) -> Option<(Body<'w>, &'w Event)> {
    let (method, event) = spot.inside.unwrap_or((spot.method, spot.event));
    Some((cx.world.body(method), cx.world.event(method, event)?))
}

/// Whether a change steps a counter.
fn is_step(cx: &Context<'_>, spot: &Spot) -> bool {
    final_event(cx, spot).is_some_and(|(body, event)| {
        let loader = cx.world.program.class(body.class).loader;
        let mut apis = event.member().into_iter().flat_map(|m| cx.world.knowledge.apis(loader, m));
        apis.any(|api| cx.is_api(api, &cx.names.counting))
    })
}

/// What kind of thing a change stores.
pub(super) fn stored_of(cx: &Context<'_>, spot: &Spot) -> Vec<StoredKind> {
    let Some((body, event)) = final_event(cx, spot) else { return Vec::new() };
    let positions: Vec<usize> = match spot.how {
        Some(How::Container(api) | How::Entry(api) | How::Atomic(api) | How::ThreadLocal(api)) => {
            let facts = cx.world.knowledge.tables.apis.get(usize::from(api));
            let stored = facts.map(|a| [a.key, a.value]).unwrap_or_default();
            stored
                .into_iter()
                .flatten()
                .map(|i| usize::from(i) + usize::from(event.kind.has_receiver()))
                .collect()
        }
        Some(How::Write) => vec![event.n_args.saturating_sub(1).into()],
        Some(How::Array) if !event.kind.is_invoke() => {
            vec![event.n_args.saturating_sub(1).into()]
        }
        _ => Vec::new(),
    };
    let mut kinds: Vec<StoredKind> = Vec::new();
    let loader = cx.world.program.class(body.class).loader;
    if matches!(spot.how, Some(How::Container(_) | How::Atomic(_))) {
        kinds.extend(made_by_functions_of(cx, body, event));
    }
    for position in positions {
        let Some(value) = body.origins.args(event).get(position) else { continue };
        let types = values::types_of(cx.world, body, *value);
        kinds.extend(types.into_iter().map(|ty| kind_of(cx, loader, ty)));
        if kinds.contains(&StoredKind::Loader) && is_context_loader(cx, body, event, position) {
            kinds.push(StoredKind::ContextLoader);
        }
        if kinds.contains(&StoredKind::Loader) && super::known_loaders::are_own(cx, body, *value) {
            kinds.retain(|k| *k != StoredKind::Loader);
            kinds.push(StoredKind::Other);
        }
        if kinds.contains(&StoredKind::Class) && super::known_classes::are_known(cx, body, *value) {
            kinds.retain(|k| *k != StoredKind::Class);
            kinds.push(StoredKind::Other);
        }
        kinds.extend(super::kept_parts::stored_with(cx, body, *value));
        kinds.extend(passed_objects(cx, body, event, position));
    }
    kinds.extend(of_streams(cx, spot, body, event));
    kinds
}

/// What kinds of thing the functions yield that a call is handed.
pub(super) fn made_by_functions_of(cx: &Context<'_>, body: Body<'_>, event: &Event) -> Vec<StoredKind> {
    let loader = cx.world.program.class(body.class).loader;
    let types = values::made_by_lambdas(cx.world, body, event);
    let mut kinds: Vec<StoredKind> = types.iter().map(|ty| kind_of(cx, loader, ty)).collect();
    kinds.extend(super::kept_parts::made_by_lambdas(cx, body, event));
    kinds.extend(made_by_functions(cx, body, event));
    if kinds.contains(&StoredKind::Class) && super::known_classes::are_made(cx, body, event) {
        kinds.retain(|k| *k != StoredKind::Class);
        kinds.push(StoredKind::Other);
    }
    kinds
}

/// The types of the values, not the keys, that a change puts into a container, and of what lambdas make for it.
pub(super) fn stored_values<'w>(cx: &Context<'w>, spot: &Spot) -> Vec<&'w str> {
    let Some(How::Container(api) | How::Entry(api)) = spot.how else { return Vec::new() };
    let Some((body, event)) = final_event(cx, spot) else { return Vec::new() };
    let mut types = values::made_by_lambdas(cx.world, body, event);
    if let Some((body, event)) = super::helpers::filled_by(cx, spot) {
        types.extend(values::made_by_lambdas(cx.world, body, event));
    }
    let position = cx.world.knowledge.tables.apis.get(usize::from(api)).and_then(|a| a.value);
    let position = position.map(|i| usize::from(i) + usize::from(event.kind.has_receiver()));
    if let Some(value) = position.and_then(|p| body.origins.args(event).get(p)) {
        types.extend(values::types_of(cx.world, body, *value));
    }
    types
}

/// Elements of streams and iterators that a change of a container stores.
fn of_streams(cx: &Context<'_>, spot: &Spot, body: Body<'_>, event: &Event) -> Option<StoredKind> {
    let Some(How::Container(api) | How::Entry(api)) = spot.how else { return None };
    if cx.world.reach.is_open_world() {
        return None;
    }
    let all = service_objects::put_all(cx, api, event);
    let value = cx.world.knowledge.tables.apis.get(usize::from(api)).and_then(|a| a.value);
    let position = value.map(|i| usize::from(i) + usize::from(event.kind.has_receiver())).or(all)?;
    service_objects::are_put(cx, body, event, position, all.is_some()).then_some(StoredKind::ModuleObject)
}

fn kind_of(cx: &Context<'_>, loader: LoaderId, ty: &str) -> StoredKind {
    let is = |names: &[String]| is_of_types(cx.world, cx.models, loader, ty, names);
    let class = cx.world.program.find_text(loader, ty);
    if is(&cx.names.loader_types) {
        StoredKind::Loader
    } else if is(&cx.names.reflective_types) {
        StoredKind::Class
    } else if class.is_some_and(|c| cx.world.reach.owner(c).is_some()) {
        StoredKind::ModuleObject
    } else {
        StoredKind::Other
    }
}

fn is_context_loader(cx: &Context<'_>, body: Body<'_>, event: &Event, position: usize) -> bool {
    let found = origins_of(cx.world, body, event, position);
    found.iter().any(|f| f.origin == Origin::ContextLoader)
}

/// Whether a value is of a type whose objects keep no loader, whatever they were made from.
fn is_loader_free(cx: &Context<'_>, body: Body<'_>, value: ValueId) -> bool {
    let loader = cx.world.program.class(body.class).loader;
    body.origins.leaves(value).all(|leaf| {
        matches!(leaf, Value::Null | Value::Int(_))
            || values::type_of(cx.world, body, leaf).is_some_and(|ty| {
                let element = ty.trim_start_matches('[');
                let class = TypeDesc(element).class().unwrap_or(element);
                is_of_types(cx.world, cx.models, loader, class, &cx.names.loader_free_types)
                    || ty.starts_with('[') && !TypeDesc(element).is_reference()
            })
    })
}

/// Whether a module's call into shared code passes nothing but such values: texts that it makes from its objects.
fn crosses_as_value(cx: &Context<'_>, found: &Found) -> bool {
    let Some(call) = cx.world.event(found.method, found.event).filter(|e| e.kind.is_invoke()) else {
        return false;
    };
    let body = cx.world.body(found.method);
    let args = body.origins.args(call).iter().skip(usize::from(call.kind.has_receiver()));
    found.passed_by.is_some() && args.into_iter().all(|value| is_loader_free(cx, body, *value))
}

/// Objects of a module's own classes that reach the operand from a module's code.
fn passed_objects(cx: &Context<'_>, body: Body<'_>, event: &Event, position: usize) -> Option<StoredKind> {
    if body.origins.args(event).get(position).is_some_and(|value| is_loader_free(cx, body, *value)) {
        return None;
    }
    let value = *body.origins.args(event).get(position)?;
    is_module_object(cx, body, value).then_some(StoredKind::ModuleObject)
}

/// What functions yield that modules pass for a container to fill it with, if they make it themselves.
fn made_by_functions(cx: &Context<'_>, body: Body<'_>, event: &Event) -> Option<StoredKind> {
    let world = cx.world;
    if world.reach.is_open_world() {
        return None;
    }
    let yields = |found: &Found| {
        let made = world.event(found.method, found.event).filter(|e| e.kind == EventKind::Lambda);
        let maker = world.program.class_of_method(found.method);
        let run =
            made.and_then(|e| world.program.refs(world.program.class(maker).loader).method(e.member()?));
        run.is_some_and(|run| {
            let run = world.body(run);
            let returns = run.origins.events().iter().filter(|e| e.kind == EventKind::Return);
            let is_constructor = world.program.is_constructor(run.method.name);
            is_constructor && world.reach.owner(run.class).is_some()
                || returns.flat_map(|e| run.origins.args(e)).any(|v| is_made_by_module(cx, run, *v))
        })
    };
    let is_passed = |v: &ValueId| {
        body.origins.leaves(*v).any(|leaf| {
            let made = body.origins.event(leaf).is_some_and(|(_, e)| e.kind == EventKind::Lambda);
            made || matches!(leaf, Value::Param(_))
        })
    };
    let given = body.origins.args(event).iter().skip(usize::from(event.kind.has_receiver()));
    let mut functions = given.filter(|v| is_passed(v));
    let is_any = functions.any(|v| origins::where_made(world, body.id, *v).iter().any(yields));
    is_any.then_some(StoredKind::ModuleObject)
}

/// Whether a value is an object of a module's own classes, or a function of theirs.
fn is_made_by_module(cx: &Context<'_>, body: Body<'_>, value: ValueId) -> bool {
    let is_owned = |class| cx.world.reach.owner(class).is_some();
    let found = origins::of_value(cx.world, body.id, value);
    found.iter().filter(|f| !f.is_derived).any(|f| match f.origin {
        Origin::Allocation(Some(class)) | Origin::Array(Some(class)) => is_owned(class),
        Origin::Allocation(None) => is_owned(cx.world.program.class_of_method(f.method)),
        _ => false,
    })
}

/// Whether a value is, or is made from, an object of a module's own classes that comes from a module's code.
pub(super) fn is_module_object(cx: &Context<'_>, body: Body<'_>, value: ValueId) -> bool {
    let found = origins::of_value(cx.world, body.id, value);
    let found = found.iter().filter(|f| !(f.is_derived && crosses_as_value(cx, f)));
    found.into_iter().any(|f| match f.origin {
        Origin::Allocation(Some(class))
        | Origin::Array(Some(class))
        | Origin::ClassLiteral(_, Some(class)) => cx.world.reach.owner(class).is_some(),
        // A function is of the class that makes it.
        Origin::Allocation(None) => {
            f.passed_by.is_some()
                || cx.world.reach.owner(cx.world.program.class_of_method(f.method)).is_some()
        }
        _ => false,
    })
}
