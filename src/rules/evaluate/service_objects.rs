//! Elements of streams and iterators on their way to where they are kept: providers that a service loader makes of a
//! module's classes, and what a module passes.

use super::context::Context;
use super::shapes::is_module_object;
use super::values::{asked_loader, holds_resource, is_of_types, made_by_lambdas};
use crate::dataflow::Body;
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::descriptor::binary_name;
use crate::vocabulary::{MethodId, ValueId};

/// Calls between a service loader and the element that is kept.
const MAX_DEPTH: u32 = 10;
/// Values looked at for one question.
const MAX_STEPS: u32 = 64;
/// Places that make one lambda.
const MAX_MAKERS: usize = 4;
/// What asks for the providers of a type.
const LOADING: [&str; 2] = ["service-loader", "service-loader-with-loader"];
/// What puts all that another container has into one.
const PUT_ALL: &str = "map-put-all";

/// Whether what a call puts into a container are providers that a module has and its loader yields; or, if all of another
/// container is put in, what a module has passed.
pub(super) fn are_put(
    cx: &Context<'_>,
    body: Body<'_>,
    event: &Event,
    position: usize,
    is_all: bool,
) -> bool {
    let mut search = Search { cx, by: body.id, is_all, steps: 0 };
    match event.kind {
        // `forEach(ALL::add)`: whoever takes the function gives it the elements.
        EventKind::Lambda => search.given_to(body, event),
        _ => body.origins.args(event).get(position).is_some_and(|v| search.value(body, *v, 0)),
    }
}

/// The operand of a call that puts all of another container's entries in.
pub(super) fn put_all(
    cx: &Context<'_>,
    api: crate::dataflow::knowledge::ApiId,
    event: &Event,
) -> Option<usize> {
    let is_all = cx.world.knowledge.tables.apis.get(usize::from(api)).is_some_and(|a| a.id == PUT_ALL);
    (is_all && event.kind.has_receiver() && event.n_args == 2).then_some(1)
}

struct Search<'s, 'w> {
    cx: &'s Context<'w>,
    /// The method that keeps them: whose tenants' loaders may be asked.
    by: MethodId,
    /// Whether objects that a module passes count.
    is_all: bool,
    steps: u32,
}

impl Search<'_, '_> {
    fn value(&mut self, body: Body<'_>, value: ValueId, depth: u32) -> bool {
        if depth > MAX_DEPTH {
            return false;
        }
        let is_found = body.origins.leaves(value).any(|leaf| {
            self.steps += 1;
            self.steps <= MAX_STEPS && self.leaf(body, leaf, depth)
        });
        let is_call = |leaf| body.origins.event(leaf).is_some_and(|(_, e)| e.kind.is_invoke());
        is_found
            || self.is_all
                && depth > 0
                && !body.origins.leaves(value).any(is_call)
                && is_module_object(self.cx, body, value)
    }

    fn leaf(&mut self, body: Body<'_>, leaf: Value, depth: u32) -> bool {
        if let Value::Param(param) = leaf {
            return self.param(body, param, depth);
        }
        let Some((_, event)) = body.origins.event(leaf).filter(|(_, e)| e.kind.is_invoke()) else {
            return false;
        };
        let world = self.cx.world;
        let loader = world.program.class(body.class).loader;
        let Some(member) = event.member() else { return false };
        if LOADING.iter().any(|group| world.knowledge.api_of(group, loader, member).is_some()) {
            return self.is_of_module(body, event);
        }
        let target = world.program.refs(loader).method(member);
        let is_jdk = target.is_none_or(|m| world.program.is_jdk(world.program.class_of_method(m)));
        if !is_jdk || self.makes_values(body, event) {
            return false;
        }
        let args = body.origins.args(event);
        let held = if event.kind.has_receiver() { args.get(..1).unwrap_or_default() } else { args };
        held.iter().any(|v| self.value(body, *v, depth + 1))
    }

    /// Whether a call makes of the elements what keeps no loader: their names.
    fn makes_values(&self, body: Body<'_>, event: &Event) -> bool {
        let cx = self.cx;
        let loader = cx.world.program.class(body.class).loader;
        let mut types = made_by_lambdas(cx.world, body, event);
        // A collector is made by a call that is given functions.
        for value in body.origins.args(event).iter().skip(1) {
            let calls = body.origins.leaves(*value).filter_map(|leaf| body.origins.event(leaf));
            types.extend(
                calls
                    .filter(|(_, e)| e.kind == EventKind::InvokeStatic)
                    .flat_map(|(_, e)| made_by_lambdas(cx.world, body, e)),
            );
        }
        let is_free = |ty: &&str| {
            !ty.contains('/') || is_of_types(cx.world, cx.models, loader, ty, &cx.names.loader_free_types)
        };
        // What a test yields decides which elements stay.
        let is_test = types.iter().all(|ty| *ty == "Z");
        !types.is_empty() && !is_test && types.iter().all(is_free)
    }

    /// What a lambda is given besides what it captures: the elements of what the call works on that takes it.
    fn param(&mut self, body: Body<'_>, param: u16, depth: u32) -> bool {
        if !body.method.access.is_synthetic() {
            return false;
        }
        let world = self.cx.world;
        world.sites.resolved_to(body.id).iter().take(MAX_MAKERS).any(|site| {
            let maker = world.body(site.caller);
            let made = world.event(site.caller, site.event).filter(|e| e.kind == EventKind::Lambda);
            made.is_some_and(|made| match maker.origins.args(made).get(usize::from(param)) {
                Some(captured) => self.value(maker, *captured, depth + 1),
                None => self.given_to(maker, made),
            })
        })
    }

    fn given_to(&mut self, body: Body<'_>, lambda: &Event) -> bool {
        let events = body.origins.events();
        let is_it = |v: &ValueId| {
            let mut made = body.origins.leaves(*v).filter_map(|leaf| body.origins.event(leaf));
            made.any(|(_, e)| std::ptr::eq(e, lambda))
        };
        let takes = |e: &&Event| {
            e.kind.is_invoke() && e.kind.has_receiver() && body.origins.args(e).iter().skip(1).any(is_it)
        };
        events.iter().filter(takes).any(|call| self.value(body, body.origins.arg(call, 0), 1))
    }

    /// Whether a service loader may be asked with the loader of a module that names a provider of the type.
    fn is_of_module(&self, body: Body<'_>, event: &Event) -> bool {
        let program = self.cx.world.program;
        let is_shared = |loader| !program.topology.tenants.iter().skip(1).any(|t| t.loader == loader);
        if asked_loader(self.cx.world, body, event).is_some_and(is_shared) {
            return false;
        }
        let types = body.origins.args(event).first().into_iter().flat_map(|v| body.origins.leaves(*v));
        let mut files = types.filter_map(|leaf| match leaf {
            Value::Class(name) => Some(format!("META-INF/services/{}", binary_name(program.text(name)))),
            _ => None,
        });
        files.any(|file| {
            let tenants = self.cx.world.reach.tenants(self.by);
            tenants.iter().filter(|t| t.index() > 0).any(|tenant| {
                let loader = program.topology.tenants.get(tenant.index()).map(|t| t.loader);
                loader.is_some_and(|loader| holds_resource(self.cx.world, loader, &file))
            })
        })
    }
}
