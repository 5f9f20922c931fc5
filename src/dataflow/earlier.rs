//! Values that a thread-local variable held before: setting one of them again takes back what was set meanwhile.

use super::knowledge::groups;
use super::{Body, World};
use crate::facts::{Event, EventKind, Value};

/// Callers looked at of what is given an earlier value.
const MAX_CALLERS: usize = 32;
/// Fields and functions followed from an earlier value to where it was read.
const MAX_DEPTH: u32 = 5;
/// Values looked at for one question.
const MAX_STEPS: u32 = 200;

/// Whether a value is what a thread-local variable held before, or null: at once, or kept meanwhile in a field of the
/// object, or by the function that sets it back.
pub(crate) fn is_earlier(world: &World<'_>, body: Body<'_>, leaf: Value) -> bool {
    Search { world, steps: 0 }.is_earlier(body, leaf, 0)
}

struct Search<'s, 'w> {
    world: &'s World<'w>,
    steps: u32,
}

impl Search<'_, '_> {
    fn is_earlier(&mut self, body: Body<'_>, leaf: Value, depth: u32) -> bool {
        self.steps += 1;
        if leaf == Value::Null {
            return true;
        }
        if depth >= MAX_DEPTH || self.steps > MAX_STEPS {
            return false;
        }
        if let Value::Param(i) = leaf {
            return self.is_passed(body, i, depth);
        }
        let world = self.world;
        let loader = world.program.class(body.class).loader;
        let Some((_, event)) = body.origins.event(leaf) else { return false };
        if event.kind == EventKind::CheckCast {
            return body
                .origins
                .leaves(body.origins.arg(event, 0))
                .all(|l| self.is_earlier(body, l, depth + 1));
        }
        let Some(member) = event.member() else { return false };
        if event.kind.is_invoke() {
            let reads = world.knowledge.group(groups::THREAD_LOCAL_GET);
            return world.knowledge.api_in(reads, loader, member).is_some();
        }
        if event.kind != EventKind::GetField {
            return false;
        }
        let Some(field) = world.program.refs(loader).field(member) else { return false };
        let mut n = 0;
        let all = world.fields.writes(field).all(|write| {
            n += 1;
            let writer = world.body(write.method);
            let stored = world.event(write.method, write.event).and_then(|e| writer.origins.args(e).last());
            stored.is_some_and(|v| writer.origins.leaves(*v).all(|l| self.is_earlier(writer, l, depth + 1)))
        });
        all && n > 0
    }

    /// What a lambda was given where it was made, or a constructor that only its own package can call by all who do.
    fn is_passed(&mut self, body: Body<'_>, param: u16, depth: u32) -> bool {
        let world = self.world;
        let access = body.method.access;
        let is_constructor =
            world.program.is_constructor(body.method.name) && !(access.is_public() || access.is_protected());
        let is_of_kind = |e: &Event| match e.kind {
            EventKind::Lambda => access.is_synthetic(),
            EventKind::InvokeSpecial => is_constructor,
            _ => false,
        };
        let sites = world.sites.resolved_to(body.id);
        !sites.is_empty()
            && sites.iter().take(MAX_CALLERS + 1).count() <= MAX_CALLERS
            && sites.iter().all(|site| {
                let maker = world.body(site.caller);
                let made = world.event(site.caller, site.event).filter(|e| is_of_kind(e));
                let given = made.and_then(|e| maker.origins.args(e).get(usize::from(param)));
                given.is_some_and(|v| maker.origins.leaves(*v).all(|l| self.is_earlier(maker, l, depth + 1)))
            })
    }
}
