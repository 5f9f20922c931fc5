//! Values of thread-local variables: whether they keep a module's loader, and whether they are taken away again.

use super::beans::Beans;
use super::contents;
use super::flow::{Acquired, Released, Site};
use super::handles::Handles;
use crate::dataflow::changes::block_of;
use crate::dataflow::knowledge::{ApiId, ResourceId, Role, groups};
use crate::dataflow::origins::{self, Origin};
use crate::dataflow::paths::{ClosedEdges, Flags};
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind, NO_NAME, Value};
use crate::program::CallSite;
use crate::vocabulary::descriptor::{TypeDesc, params, return_type};
use crate::vocabulary::{ClassId, FieldId, MemberRefId, MethodId, ValueId};
use rustc_hash::{FxHashMap, FxHashSet};

/// What every handler of a try-with-resources catches.
const ANYTHING: &str = "java/lang/Throwable";
/// What a subclass of the JVM's thread-local class overrides to give an initial value.
const INITIAL_VALUE: &str = "initialValue";
/// Callers that a set and a removal are followed up to.
const MAX_LEVELS: usize = 3;
/// Callers of one method that are looked at.
const MAX_SITES: usize = 32;
/// Overriders looked at for one call.
const MAX_TARGETS: usize = 4;

/// How the values of a variable are taken away.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Removal {
    /// On every path after they are set.
    Always(Site),
    /// On some path, or by code that has nothing to do with who sets them.
    Sometimes(Site),
    /// Not at all.
    Never,
}

/// Whether the value that a call sets may keep the loader of an application: it is no object of a JDK class.
pub(super) fn pins(world: &World<'_>, acquired: &Acquired) -> bool {
    let body = world.body(acquired.method);
    let Some(event) = world.event(acquired.method, acquired.event) else { return false };
    match body.origins.args(event) {
        [_, .., value] => may_be_of_application(world, body, *value),
        // A read makes the initial value; it was looked at when the read was found.
        _ => true,
    }
}

fn may_be_of_application(world: &World<'_>, body: Body<'_>, value: ValueId) -> bool {
    let loader = world.program.class(body.class).loader;
    let is_plain = |ty: TypeDesc<'_>| {
        let class = ty.class().and_then(|name| world.program.find_text(loader, name));
        !ty.is_reference()
            || class
                .is_some_and(|c| world.program.is_jdk(c) && world.program.class_facts(c).access.is_final())
    };
    if contents::holds_own(world, body, value) {
        return true;
    }
    let plain = body.origins.leaves(value).all(|leaf| static_type(world, body, leaf).is_some_and(is_plain));
    !plain
        && origins::of_value(world, body.id, value).iter().any(|found| match found.origin {
            Origin::Allocation(Some(class)) | Origin::Array(Some(class)) => {
                !found.is_derived && !world.program.is_jdk(class)
            }
            Origin::Allocation(None) => {
                let made = world.event(found.method, found.event);
                !found.is_derived && made.is_some_and(|e| e.kind == EventKind::Lambda)
            }
            Origin::Array(None) | Origin::Null | Origin::Text(_) | Origin::Number | Origin::Caught => false,
            Origin::Field(_)
            | Origin::StaticField(_)
            | Origin::SystemLoader
            | Origin::SystemProperties
            | Origin::SystemProperty => false,
            Origin::ClassLiteral(..)
            | Origin::ContextLoader
            | Origin::LoaderOf(_)
            | Origin::LoaderOfThis(_)
            | Origin::ForeignLoader
            | Origin::Parameter
            | Origin::Unknown => true,
        })
}

/// The declared type of a parameter or of what a call or field read yields.
fn static_type<'w>(world: &World<'w>, body: Body<'w>, leaf: Value) -> Option<TypeDesc<'w>> {
    let program = world.program;
    match leaf {
        Value::Null | Value::Int(_) | Value::Str(_) => Some(TypeDesc("I")),
        Value::Param(p) => {
            let n = usize::from(p).checked_sub(usize::from(!body.method.access.is_static()))?;
            params(program.text(body.method.desc)).nth(n)
        }
        Value::Event(_) => {
            // What a function is called by says nothing of what it is.
            let (_, event) = body.origins.event(leaf).filter(|(_, e)| e.kind != EventKind::Lambda)?;
            let desc = program.text(program.facts.members.get(event.member()?).desc);
            Some(if event.kind.has_field() { TypeDesc(desc) } else { return_type(desc) })
        }
        _ => None,
    }
}

/// Whether a call is made on a variable of the type whose setting acquires the resource.
pub(super) fn is_of(world: &World<'_>, site: Site, resource: ResourceId) -> bool {
    let member = world.event(site.0, site.1).and_then(Event::member);
    member.is_some_and(|member| is_on(world, site.0, member, resource))
}

/// Whether a method calls a member of such a type.
fn is_on(world: &World<'_>, method: MethodId, member: MemberRefId, resource: ResourceId) -> bool {
    let owner = world.program.facts.members.get(member).owner;
    let loader = world.program.class(world.program.class_of_method(method)).loader;
    let class = world.program.find(loader, owner);
    world.knowledge.patterns_of(Role::Acquire(resource)).any(|p| {
        p.owner == world.program.text(owner)
            || class.is_some_and(|c| world.program.has_supertype_named(c, &p.owner))
    })
}

/// Reads that make an initial value which may keep the loader of an application: one for each variable.
pub(super) fn initial_reads(world: &World<'_>, reads: &[Site]) -> Vec<Site> {
    let mut seen = FxHashSet::<FieldId>::default();
    let mut found = contents::filled(world, reads);
    for (method, index) in reads {
        let body = world.body(*method);
        let Some(event) = world.event(*method, *index) else { continue };
        if let Some(field) = initial(world, body, event)
            && seen.insert(field)
        {
            found.push((*method, *index));
        }
    }
    found
}

/// The field that holds a variable with such an initial value.
fn initial(world: &World<'_>, body: Body<'_>, read: &Event) -> Option<FieldId> {
    let mut field = None;
    let mut makes = false;
    for found in origins::of_value(world, body.id, body.origins.arg(read, 0)) {
        let event = world.event(found.method, found.event);
        match (found.origin, event) {
            (Origin::Field(f) | Origin::StaticField(f), _) => field = field.or(Some(f)),
            (Origin::Allocation(None), Some(event)) if event.kind == EventKind::Lambda => {
                let at = world.body(found.method);
                let targets = world.targets(at, event, MAX_TARGETS).unwrap_or_default();
                makes |= targets.into_iter().any(|t| yields_own(world, t));
            }
            (Origin::Allocation(Some(class)), _) if !world.program.is_jdk(class) => {
                let overridden = world.program.methods_of(class).filter(|(_, m)| {
                    m.has_body && world.program.text(m.name) == INITIAL_VALUE && !m.access.is_bridge()
                });
                makes |= overridden.into_iter().any(|(id, _)| yields_own(world, id));
            }
            _ => {}
        }
    }
    field.filter(|_| makes)
}

/// Whether a method, or constructor reference, yields an object of the deployment's own classes.
fn yields_own(world: &World<'_>, method: MethodId) -> bool {
    let body = world.body(method);
    let is_own = |class: Option<ClassId>| class.is_some_and(|c| !world.program.is_jdk(c));
    if world.program.is_constructor(body.method.name) {
        return is_own(Some(body.class));
    }
    let loader = world.program.class(body.class).loader;
    let returns = body.origins.events().iter().filter(|e| e.kind == EventKind::Return);
    returns.flat_map(|e| body.origins.args(e)).flat_map(|v| body.origins.leaves(*v)).any(|leaf| {
        match body.origins.event(leaf) {
            Some((_, e)) if e.kind == EventKind::New => {
                is_own(e.name().and_then(|n| world.program.find(loader, n)))
            }
            _ => {
                let class = static_type(world, body, leaf).and_then(TypeDesc::class);
                is_own(class.and_then(|c| world.program.find_text(loader, c)))
            }
        }
    })
}

/// Whether and how a value that is set is taken away, by code that `is_run` says the same application runs: a variable
/// of shared code has a value for each.
pub(super) fn removal(
    world: &World<'_>,
    acquired: &Acquired,
    releases: &[Released],
    beans: &Beans,
    is_run: &dyn Fn(MethodId) -> bool,
) -> Removal {
    let own: Vec<Site> = releases.iter().map(|r| r.site).filter(|site| is_run(site.0)).collect();
    let Some(first) = own.first().copied() else { return Removal::Never };
    let run_callers = |sites: Vec<Site>| -> Vec<Site> {
        callers(world, sites).into_iter().filter(|site| is_run(site.0)).collect()
    };
    let removes = run_callers(own);
    let sets = run_callers(vec![(acquired.method, acquired.event)]);
    let mut by_method = FxHashMap::<MethodId, Vec<u16>>::default();
    for (method, event) in &removes {
        by_method.entry(*method).or_default().push(*event);
    }
    let cover = Cover { world, beans, resource: acquired.resource, removes: &by_method, is_run };
    if cover.covers((acquired.method, acquired.event), MAX_LEVELS) {
        return Removal::Always(removes.iter().find(|r| r.0 == acquired.method).copied().unwrap_or(first));
    }
    let called_back = |site: &&Site| is_called_back(world, site.0);
    for set in sets.iter().filter(called_back) {
        let class = world.program.class_of_method(set.0);
        let is_partner = |r: &&Site| r.0 != set.0 && world.program.class_of_method(r.0) == class;
        let is_sure = |r: &&Site| called_back(r) && !is_called_on_success(world, r.0);
        if let Some(partner) = removes.iter().filter(is_sure).find(is_partner) {
            return Removal::Always(*partner);
        }
    }
    Removal::Sometimes(first)
}

/// Removals of a variable's values, by the methods that make them or call what does.
struct Cover<'c, 'w> {
    world: &'c World<'w>,
    beans: &'c Beans,
    resource: ResourceId,
    removes: &'c FxHashMap<MethodId, Vec<u16>>,
    is_run: &'c dyn Fn(MethodId) -> bool,
}

impl Cover<'_, '_> {
    /// Whether whatever happens after a site a removal follows: in the method itself, or in all that call it.
    fn covers(&self, site: Site, levels: usize) -> bool {
        let world = self.world;
        let body = world.body(site.0);
        // What is done to another variable meanwhile fails no more than to this one.
        let is_of_variable = |e: &Event| e.member().is_some_and(|m| is_on(world, site.0, m, self.resource));
        let may_throw = |e: &Event| e.kind.is_invoke() && !is_of_variable(e) || e.kind == EventKind::Throw;
        // Making a function that removes is no removal.
        let is_call = |e: &u16| world.event(site.0, *e).is_some_and(|e| e.kind.is_invoke());
        let own = self.removes.get(&site.0);
        let own: Vec<u16> = own.into_iter().flatten().copied().filter(is_call).collect();
        if is_always_followed(world, body, site.1, &own, &may_throw) {
            return true;
        }
        let handles = Handles { world, removes: self.removes, is_run: self.is_run };
        if handles.are_closed(site.0, levels) {
            return true;
        }
        let is_call = |s: &CallSite| world.event(s.caller, s.event).is_some_and(|e| e.kind.is_invoke());
        let mut callers = world.sites.of(site.0, MAX_SITES).unwrap_or_default();
        callers.retain(|s| is_call(s) && (self.is_run)(s.caller));
        levels > 0
            && !callers.is_empty()
            && !self.is_for_others(body, &callers)
            && callers.iter().all(|s| self.covers((s.caller, s.event), levels - 1))
    }

    /// Whether a method is there for callers that are not seen: a public one of an object that a container hands out,
    /// which no other class calls.
    fn is_for_others(&self, body: Body<'_>, callers: &[CallSite]) -> bool {
        let program = self.world.program;
        body.method.access.is_public()
            && !body.method.access.is_static()
            && !program.is_constructor(body.method.name)
            && self.beans.is_bean_class(self.world, body.class)
            && callers.iter().all(|s| program.class_of_method(s.caller) == body.class)
    }
}

/// The sites, and the calls that lead to them.
fn callers(world: &World<'_>, sites: Vec<Site>) -> Vec<Site> {
    let mut all = sites.clone();
    let mut frontier = sites;
    for _ in 0..MAX_LEVELS {
        let mut next = Vec::new();
        for (method, _) in frontier {
            for site in world.sites.of(method, MAX_SITES).unwrap_or_default() {
                let is_call = world.event(site.caller, site.event).is_some_and(|e| e.kind.is_invoke());
                let site = (site.caller, site.event);
                if is_call && !all.contains(&site) {
                    all.push(site);
                    next.push(site);
                }
            }
        }
        frontier = next;
    }
    all
}

/// Whether a framework may call a method: it overrides one, perhaps of a class that is not there.
pub(super) fn is_called_back(world: &World<'_>, method: MethodId) -> bool {
    let facts = world.program.method(method);
    let class = world.program.class_of_method(method);
    if !facts.access.is_public() || facts.access.is_static() {
        return false;
    }
    let mut waiting: Vec<ClassId> = world.program.supers(class).collect();
    let mut seen = FxHashSet::default();
    while let Some(at) = waiting.pop() {
        if seen.insert(at) {
            if world.program.declared_method(at, facts.name, facts.desc).is_some() {
                return true;
            }
            waiting.extend(world.program.supers(at));
        }
    }
    world.program.class(class).has_phantom
}

/// Whether a framework calls a method only where nothing has failed before.
fn is_called_on_success(world: &World<'_>, method: MethodId) -> bool {
    let program = world.program;
    let name = program.text(program.method(method).name);
    let class = program.class_of_method(method);
    let group = world.knowledge.group(groups::CALLED_ON_SUCCESS).iter().enumerate();
    let mut apis = group.filter(|(_, is_in)| **is_in).map(|(id, _)| id as ApiId);
    apis.any(|id| {
        let mut patterns = world.knowledge.patterns_of(Role::Api(id));
        patterns.any(|p| p.name == name && program.has_supertype_named(class, &p.owner))
    })
}

/// Whether every way on from an event, by whatever exception of the calls that throw, passes one of the others. What was
/// asked on the way to the event has the same answer afterwards.
pub(super) fn is_always_followed(
    world: &World<'_>,
    body: Body<'_>,
    event: u16,
    others: &[u16],
    throws: &dyn Fn(&Event) -> bool,
) -> bool {
    let unit = body.origins.unit;
    let blocks = unit.blocks_of(body.method);
    let Some(start) = block_of(unit, body, event) else { return false };
    let passes = |block: u16| {
        let range = blocks.get(usize::from(block)).map(|b| b.events());
        range.is_some_and(|range| others.iter().any(|o| range.contains(&usize::from(*o))))
    };
    let closed = ClosedEdges::find(world, body, Some(event), Flags::Constants, &passes);
    let mut seen = FxHashSet::default();
    let mut waiting = vec![(start, usize::from(event) + 1)];
    while let Some((at, from)) = waiting.pop() {
        let Some(block) = blocks.get(usize::from(at)) else { return false };
        let std::ops::Range { start: first, end } = block.events();
        let from = from.max(first);
        let stop = (from..end).find(|i| others.iter().any(|o| usize::from(*o) == *i));
        let can_throw = (from..stop.unwrap_or(end)).filter_map(|i| body.origins.events().get(i)).any(throws);
        let mut next: Vec<u16> = Vec::new();
        if can_throw {
            let handlers = unit.handlers(block);
            next.extend(handlers.iter().map(|h| h.block));
            if !handlers.iter().any(|h| h.catches == NO_NAME || world.program.text(h.catches) == ANYTHING) {
                return false;
            }
        }
        if stop.is_none() {
            let successors = unit.successors(block);
            if successors.is_empty() && !can_throw {
                return false;
            }
            let open = (0..).zip(successors).filter(|(edge, _)| !closed.has(at, *edge));
            next.extend(open.map(|(_, block)| block));
        }
        waiting.extend(next.into_iter().filter(|b| seen.insert(*b)).map(|b| (b, 0)));
    }
    true
}
