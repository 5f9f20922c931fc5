//! Loaders of objects that are given: the loader of a library's own object is the library's, whoever passes it.

use super::context::Context;
use super::handlers::go_on_without;
use super::lookups::have_common_source;
use super::matches::Spot;
use super::values::{class_place, operand, origins_of, types_of};
use crate::dataflow::knowledge::{Subject, groups};
use crate::dataflow::origins::{Found, Origin};
use crate::dataflow::{Body, marks};
use crate::facts::{Event, EventKind, Value};
use crate::rules::rule::ClassPlace;
use crate::vocabulary::descriptor::params;
use crate::vocabulary::{ClassId, MethodId, ValueId};
use rustc_hash::FxHashSet;

/// Callers that an object is followed up to.
const MAX_LEVELS: u32 = 3;
/// Callers of one method that are looked at.
const MAX_SITES: usize = 48;

/// Whether the loader that a call yields is that of an object of the deployment's own classes, and some lookup asks it for
/// a class by a computed name.
pub(super) fn is_asked_for_computed_names(cx: &Context<'_>, spot: &Spot) -> bool {
    let asked = cx.asked_loaders.get_or_init(|| asked_loaders(cx));
    if !asked.contains(&(spot.method, spot.event)) {
        return false;
    }
    let body = cx.world.body(spot.method);
    let Some(event) = cx.world.event(spot.method, spot.event) else { return false };
    let class = body.origins.arg(event, 0);
    !goes_on_without(cx, body, spot.event) && Search::new(cx).is_of_own_object(body, class, 0)
}

/// Whether every call that is given what a call yields may fail to find a class, and the method goes on.
fn goes_on_without(cx: &Context<'_>, body: Body<'_>, event: u16) -> bool {
    let result = Value::Event(u32::from(event));
    let is_given = |e: &Event| {
        e.kind.is_invoke()
            && body.origins.args(e).iter().any(|v| body.origins.leaves(*v).any(|l| l == result))
    };
    let mut calls = (0u16..).zip(body.origins.events()).filter(|(_, e)| is_given(e)).peekable();
    calls.peek().is_some()
        && calls.all(|(i, _)| {
            let call = Spot { method: body.id, event: i, how: None, inside: None };
            go_on_without(cx, &call, &[NOT_FOUND.to_owned()])
        })
}

/// What says that a loader does not have a class.
const NOT_FOUND: &str = "java/lang/ClassNotFoundException";

/// Where loaders of given objects are read that lookups by computed names ask.
fn asked_loaders(cx: &Context<'_>) -> FxHashSet<(MethodId, u16)> {
    let lookups: Vec<String> = groups::CLASS_LOOKUPS.iter().map(|name| (*name).to_owned()).collect();
    let mut asked = FxHashSet::default();
    let program = cx.world.program;
    for class in (0..program.classes.len()).map(ClassId::from_index).filter(|c| !program.is_jdk(*c)) {
        let loader = program.class(class).loader;
        for (id, method) in program.methods_of(class) {
            if !cx.world.knowledge.is_marked(id, marks::CLASS_LOOKUP) {
                continue;
            }
            for event in program.unit(class).events_of(method) {
                let Some(member) = event.member().filter(|_| event.kind.is_invoke()) else { continue };
                let mut apis = cx.world.knowledge.apis(loader, member);
                let Some(api) = apis.find(|a| cx.is_api(*a, &lookups)) else { continue };
                let argument = cx.world.knowledge.tables.apis.get(usize::from(api)).and_then(|a| a.loader);
                asked.extend(given_loaders(cx, cx.world.body(id), event, argument));
            }
        }
    }
    asked
}

fn given_loaders(
    cx: &Context<'_>,
    body: Body<'_>,
    event: &Event,
    argument: Option<u8>,
) -> Vec<(MethodId, u16)> {
    let subject = argument.map_or(Subject::Receiver, Subject::Argument);
    let Some(position) = subject.operand(event.kind.has_receiver()) else { return Vec::new() };
    let loaders = origins_of(cx.world, body, event, position);
    let is_given = |f: &&Found| f.origin == Origin::ForeignLoader;
    if !loaders.iter().any(|f| is_given(&f)) {
        return Vec::new();
    }
    let Some(name) = operand(event, 0) else { return Vec::new() };
    let names = origins_of(cx.world, body, event, name);
    let own = cx.world.program.class(body.class).loader;
    // A constant that an application passes is computed as far as this code knows.
    let is_passed = |n: &Found, text| {
        let place = class_place(cx.world, own, cx.world.program.text(text));
        n.passed_by.is_some() && matches!(place, ClassPlace::OnlyInModule | ClassPlace::AnotherInModule)
    };
    let is_computed = names.iter().any(|n| match n.origin {
        Origin::Text(text) => is_passed(n, text),
        Origin::Null => false,
        _ => true,
    });
    if !is_computed {
        return Vec::new();
    }
    // A class's loader that is asked for that class, or for one that goes with it, has it.
    let is_named_after = |f: &Found| {
        let read = cx.world.event(f.method, f.event).filter(|_| f.method == body.id);
        read.is_some_and(|read| {
            let (class, name) = (body.origins.arg(read, 0), body.origins.arg(event, name));
            have_common_source(cx, body, class, name)
        })
    };
    let given = loaders.iter().filter(is_given).filter(|f| !is_named_after(f));
    given.map(|f| (f.method, f.event)).collect()
}

/// Where objects come from that callers pass. Each parameter is asked once for each question, however many ways lead to it.
struct Search<'s, 'w> {
    cx: &'s Context<'w>,
    seen: FxHashSet<(MethodId, u16, bool)>,
}

impl<'s, 'w> Search<'s, 'w> {
    fn new(cx: &'s Context<'w>) -> Self {
        Self { cx, seen: FxHashSet::default() }
    }

    /// Whether a class is what `getClass()` yields of an object whose static type the deployment declares, here or at a
    /// caller.
    fn is_of_own_object(&mut self, body: Body<'_>, class: ValueId, level: u32) -> bool {
        body.origins.leaves(class).any(|leaf| match leaf {
            Value::Param(i) => self.is_passed(body, i, level, false),
            Value::Event(_) => body.origins.event(leaf).is_some_and(|(_, e)| {
                is_get_class(self.cx, e) && self.is_own_object(body, body.origins.arg(e, 0), level)
            }),
            _ => false,
        })
    }

    /// Whether a value is an object of a class of the deployment that applications share, and of no module's subclass of
    /// it.
    fn is_own_object(&mut self, body: Body<'_>, object: ValueId, level: u32) -> bool {
        let is_this = |leaf| leaf == Value::Param(0) && !body.method.access.is_static();
        if body.origins.leaves(object).any(is_this) {
            return false;
        }
        let is_new = |leaf| body.origins.event(leaf).is_some_and(|(_, e)| e.kind == EventKind::New);
        let is_exact = body.origins.leaves(object).all(is_new);
        types_of(self.cx.world, body, object).iter().any(|ty| is_shared_type(self.cx, body, ty, is_exact))
            || body.origins.leaves(object).any(|leaf| match leaf {
                Value::Param(i) => self.is_passed(body, i, level, true),
                _ => false,
            })
    }

    /// Whether some caller passes such a class, or such an object.
    fn is_passed(&mut self, body: Body<'_>, param: u16, level: u32, is_object: bool) -> bool {
        let n_params = params(self.cx.world.program.text(body.method.desc)).count();
        let is_this = param == 0 && !body.method.access.is_static();
        if level >= MAX_LEVELS
            || is_this
            || usize::from(param) > n_params
            || !self.seen.insert((body.id, param, is_object))
        {
            return false;
        }
        let sites = self.cx.world.sites.of(body.id, MAX_SITES).unwrap_or_default();
        sites.iter().any(|site| {
            let caller = self.cx.world.body(site.caller);
            caller.origins.events().get(usize::from(site.event)).is_some_and(|e| {
                let passed = caller.origins.arg(e, usize::from(param));
                if is_object {
                    self.is_own_object(caller, passed, level + 1)
                } else {
                    self.is_of_own_object(caller, passed, level + 1)
                }
            })
        })
    }
}

fn is_shared_type(cx: &Context<'_>, body: Body<'_>, ty: &str, is_exact: bool) -> bool {
    let program = cx.world.program;
    let is_shared = |class: ClassId| cx.world.reach.owner(class).is_none();
    program.find_text(program.class(body.class).loader, ty).is_some_and(|class| {
        !program.is_jdk(class)
            && is_shared(class)
            && (is_exact || cx.world.hierarchy.closure(class).into_iter().all(is_shared))
    })
}

fn is_get_class(cx: &Context<'_>, event: &Event) -> bool {
    let program = cx.world.program;
    event.member().is_some_and(|m| {
        let member = program.facts.members.get(m);
        program.text(member.name) == "getClass" && program.text(member.desc) == "()Ljava/lang/Class;"
    })
}
