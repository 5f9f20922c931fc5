//! Objects that keep something for the time that a method uses them: whoever makes one, or starts it, has it release
//! what it keeps before going on.

use super::flow::{Acquired, Fate, Site};
use crate::dataflow::paths::{Exits, missing_directly_after};
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::{MethodId, ValueId};

/// Callers above one another that are asked.
const MAX_CALLERS: u32 = 5;
/// Callers of one method that are asked.
const MAX_SITES: usize = 16;
/// Callees of one call that are searched for a release.
const MAX_CALLEES: usize = 100;
/// Overriders looked at for one call.
const MAX_TARGETS: usize = 8;
/// Fields and getters between an object and what it keeps.
const MAX_STEPS: u32 = 3;

/// A release of what an acquired object's owner keeps in a field, if every way from acquiring it, up to whoever made the
/// owner, comes to one on that owner.
pub(super) fn released_with_owner(world: &World<'_>, acquired: &Acquired, fate: &Fate) -> Option<Site> {
    let is_static = |f: &crate::vocabulary::FieldId| world.program.field(*f).access.is_static();
    let first = fate.releases.first()?;
    if fate.fields.is_empty() || fate.fields.iter().any(is_static) {
        return None;
    }
    let owners = Owners { world, releases: fate.releases.iter().map(|r| r.site).collect() };
    let (event, owner) = owners.owner_of(acquired)?;
    owners.is_released(acquired.method, event, owner, MAX_CALLERS).then_some(first.site)
}

struct Owners<'w> {
    world: &'w World<'w>,
    releases: Vec<Site>,
}

impl Owners<'_> {
    /// The event that puts an acquired object into a field of its owner, or into the owner's constructor, and the owner.
    fn owner_of(&self, acquired: &Acquired) -> Option<(u16, Value)> {
        let body = self.world.body(acquired.method);
        let call = self.world.event(acquired.method, acquired.event)?;
        let made = Value::Event(u32::from(acquired.event));
        let is_it = |value: &ValueId| match acquired.operand {
            None => body.origins.leaves(*value).any(|l| l == made),
            Some(i) => {
                let own = body.origins.arg(call, usize::from(i));
                body.origins.leaves(*value).any(|l| body.origins.leaves(own).any(|o| o == l))
            }
        };
        body.origins.events().iter().enumerate().find_map(|(i, event)| {
            let takes = event.kind == EventKind::PutField || self.is_constructor(event);
            let is_put = takes && body.origins.args(event).iter().skip(1).any(is_it);
            Some((i as u16, single(body, body.origins.arg(event, 0))?)).filter(|_| is_put)
        })
    }

    fn is_constructor(&self, event: &Event) -> bool {
        let program = self.world.program;
        let member = event.member().map(|m| program.facts.members.get(m));
        event.kind == EventKind::InvokeSpecial && member.is_some_and(|m| program.is_constructor(m.name))
    }

    /// Whether all usual ways from an event of a method come to a release on `owner`: in the method, or, for what the
    /// method was given, in all that call it.
    fn is_released(&self, method: MethodId, event: u16, owner: Value, n_callers: u32) -> bool {
        let releases = |body: Body<'_>, event: &Event| {
            event.kind.is_invoke()
                && body.origins.args(event).iter().any(|v| comes_from(body, *v, owner, MAX_STEPS))
                && self.is_release(body, event)
        };
        let body = self.world.body(method);
        let mut later = body.origins.events().iter().skip(usize::from(event) + 1);
        if later.any(|e| releases(body, e)) {
            return missing_directly_after(self.world, method, event, &releases, Exits::Normal).is_none();
        }
        let Value::Param(param) = owner else { return false };
        n_callers > 0
            && self.callers(method).is_some_and(|sites| {
                !sites.is_empty()
                    && sites.iter().all(|(caller, event)| {
                        let body = self.world.body(*caller);
                        let given = self.world.event(*caller, *event).filter(|e| e.kind.is_invoke());
                        let owner = given.and_then(|e| single(body, body.origins.arg(e, usize::from(param))));
                        owner.is_some_and(|o| self.is_released(*caller, *event, o, n_callers - 1))
                    })
            })
    }

    /// The call sites of a method, unless code that is not seen may call it.
    fn callers(&self, method: MethodId) -> Option<Vec<Site>> {
        let world = self.world;
        let is_jdk = |m| world.program.is_jdk(world.program.class_of_method(m));
        if world.sites.overridden_by(method).any(is_jdk) {
            return None;
        }
        let sites = world.sites.of(method, MAX_SITES)?;
        Some(sites.into_iter().map(|site| (site.caller, site.event)).collect())
    }

    /// Whether a call releases, by itself or in what it calls.
    fn is_release(&self, body: Body<'_>, event: &Event) -> bool {
        let at = body.origins.index_of(event);
        if at.is_some_and(|i| self.releases.contains(&(body.id, i))) {
            return true;
        }
        let targets = |body: Body<'_>, event: &Event| self.world.targets(body, event, MAX_TARGETS);
        let mut waiting = targets(body, event).unwrap_or_default();
        let mut seen: Vec<MethodId> = Vec::new();
        while let Some(method) = waiting.pop() {
            if self.releases.iter().any(|site| site.0 == method) {
                return true;
            }
            if seen.len() < MAX_CALLEES && !seen.contains(&method) {
                seen.push(method);
                let callee = self.world.body(method);
                let calls = callee.origins.events().iter().filter(|e| e.kind.is_invoke());
                waiting.extend(calls.filter_map(|e| targets(callee, e)).flatten());
            }
        }
        false
    }
}

/// The one thing that a value may be, null aside.
fn single(body: Body<'_>, value: ValueId) -> Option<Value> {
    let mut leaves = body.origins.leaves(value).filter(|l| *l != Value::Null);
    let only = leaves.next()?;
    let is_object = matches!(only, Value::Param(_)) || body.origins.event(only).is_some();
    (is_object && leaves.next().is_none()).then_some(only)
}

/// Whether a value is an object, or is read from it by fields and getters.
fn comes_from(body: Body<'_>, value: ValueId, object: Value, steps: u32) -> bool {
    body.origins.leaves(value).any(|leaf| {
        leaf == object
            || steps > 0
                && body.origins.event(leaf).is_some_and(|(_, e)| {
                    (e.kind == EventKind::GetField || e.kind.is_invoke() && e.kind.has_receiver())
                        && comes_from(body, body.origins.arg(e, 0), object, steps - 1)
                })
    })
}
