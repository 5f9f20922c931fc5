//! Releases at unload that some way through the code passes by: a call before them throws what it declares, or they stand
//! behind a condition that has nothing to do with whether there is something to release.

use super::Judge;
use super::flow::{Acquired, Released, Site};
use crate::dataflow::exceptions::{BodyThrows, Exceptions, Reading, Thrown, is_interruption};
use crate::dataflow::paths::{After, ExitKind, Start, Tested, Watch, walk};
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::{FieldId, MethodId, TenantId};

/// Methods between an unload callback and a release.
const MAX_DEPTH: u32 = 3;
/// Callers looked at for one method.
const MAX_SITES: usize = 8;

impl Judge<'_> {
    /// What makes a tenant's unload pass by all of these releases, if something does.
    pub(super) fn passed_by(
        &self,
        acquired: &Acquired,
        releases: &[&Released],
        tenant: TenantId,
    ) -> Option<Site> {
        // Whoever uses a library sees to it.
        if self.world.reach.is_open_world() {
            return None;
        }
        let mut methods: Vec<MethodId> = releases.iter().map(|r| r.site.0).collect();
        methods.sort_unstable();
        methods.dedup();
        let mut found = None;
        for method in methods {
            let own = releases.iter().filter(|r| r.site.0 == method);
            if own.clone().any(|r| r.lambda.is_some()) || method == acquired.method {
                return None;
            }
            let events: Vec<u16> = own.map(|r| r.site.1).collect();
            found = Some(self.passes(method, &events, tenant, MAX_DEPTH)?);
        }
        found
    }

    /// What makes a method, or each of those that call it at unload, pass by the events.
    fn passes(&self, method: MethodId, events: &[u16], tenant: TenantId, depth: u32) -> Option<Site> {
        let body = self.world.body(method);
        if let Some(event) =
            thrown_before(self.world, body, events).or_else(|| barred(self.world, body, events))
        {
            return Some((method, event));
        }
        let is_callback = self.roots.callbacks().iter().any(|c| c.tenant == tenant && c.method == method);
        if is_callback || depth == 0 {
            return None;
        }
        let sites = self.world.sites.of(method, MAX_SITES)?;
        let mut callers: Vec<MethodId> =
            sites.iter().map(|s| s.caller).filter(|c| self.roots.reaches(tenant, *c)).collect();
        callers.sort_unstable();
        callers.dedup();
        let mut found = None;
        for caller in callers {
            let calls: Vec<u16> = sites.iter().filter(|s| { s.caller } == caller).map(|s| s.event).collect();
            found = Some(self.passes(caller, &calls, tenant, depth - 1)?);
        }
        found
    }
}

/// A call that may throw what it declares, so that the method ends without any of the events.
fn thrown_before(world: &World<'_>, body: Body<'_>, events: &[u16]) -> Option<u16> {
    let exceptions = Exceptions::new(world);
    let throws = exceptions.of_body(body, Reading::Declared);
    let before = Before { world, body, events, throws };
    let mut exits = walk(world, body, &before, Start::Entry, 0).into_iter();
    exits.find(|e| e.kind == ExitKind::Exceptional).and_then(|e| e.cause)
}

struct Before<'b, 'w> {
    world: &'b World<'w>,
    body: Body<'b>,
    events: &'b [u16],
    throws: BodyThrows<'b, 'w>,
}

impl Watch for Before<'_, '_> {
    fn after(&self, event: u16, state: u32, _has_failed: bool) -> After {
        if self.events.contains(&event) { After::Settled } else { After::Goes(state) }
    }

    /// What a method refuses by itself is no accident, and nobody reckons with an interrupt while a module goes.
    fn thrown(&self, event: u16, _state: u32) -> Vec<Thrown> {
        let is_call = self.body.origins.events().get(usize::from(event)).is_some_and(|e| e.kind.is_invoke());
        let thrown = self.throws.of_event(event).iter().copied();
        let counts = |t: &Thrown| matches!(t, Thrown::Class(_)) && !is_interruption(self.world, *t);
        if !is_call || self.events.contains(&event) { Vec::new() } else { thrown.filter(counts).collect() }
    }

    fn takes(&self, _block: u16, _edge: usize, _state: u32) -> bool {
        true
    }
}

/// The event that reads a field of the object which alone decides whether the events come to pass: one that only the
/// object's maker sets, and that nothing else asks. Whoever acquires has not asked it.
fn barred(world: &World<'_>, body: Body<'_>, events: &[u16]) -> Option<u16> {
    let unit = body.origins.unit;
    let blocks = unit.blocks_of(body.method);
    let is_reached = |from: u16| {
        let (mut waiting, mut seen) = (vec![from], vec![false; blocks.len()]);
        while let Some(at) = waiting.pop() {
            let (Some(block), Some(seen)) = (blocks.get(usize::from(at)), seen.get_mut(usize::from(at)))
            else {
                continue;
            };
            if block.events().any(|e| events.iter().any(|own| usize::from(*own) == e)) {
                return true;
            }
            if !std::mem::replace(seen, true) {
                waiting.extend(unit.successors(block));
            }
        }
        false
    };
    blocks.iter().find_map(|block| {
        let test = Tested::of(body, block).filter(|t| !t.is_null)?;
        let [a, b] = unit.successors(block) else { return None };
        let (read, field) = own_field(world, body, &test)?;
        (is_reached(*a) != is_reached(*b) && is_only_asked_by(world, field, body.id)).then_some(read)
    })
}

fn own_field(world: &World<'_>, body: Body<'_>, test: &Tested) -> Option<(u16, FieldId)> {
    let mut leaves = body.origins.leaves(test.value);
    let (i, read) = leaves.next().filter(|_| leaves.next().is_none()).and_then(|l| body.origins.event(l))?;
    let is_own = |e: &Event| body.origins.leaves(body.origins.arg(e, 0)).all(|l| l == Value::Param(0));
    let refs = world.program.refs(world.program.class(body.class).loader);
    let field = read.member().filter(|_| read.kind == EventKind::GetField && is_own(read));
    Some((u16::try_from(i).ok()?, field.and_then(|m| refs.field(m))?))
}

/// Whether a method alone reads a field, which constructors alone write, with what they are given.
fn is_only_asked_by(world: &World<'_>, field: FieldId, method: MethodId) -> bool {
    let is_private = world.program.field(field).access.is_private();
    is_private
        && world.fields.accesses(field).all(|access| {
            let body = world.body(access.method);
            let written = || {
                let event = body.origins.events().get(usize::from(access.event));
                let value = event.map(|e| body.origins.arg(e, 1));
                world.program.is_constructor(body.method.name)
                    && value.is_some_and(|v| body.origins.leaves(v).all(|l| matches!(l, Value::Param(_))))
            };
            if access.is_write { written() } else { access.method == method }
        })
}
