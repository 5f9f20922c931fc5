//! What a method hands out so that its caller ends what the method has begun: an object whose `close` does, a function.

use crate::dataflow::paths::{self, Exits};
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind, Value};
use crate::program::CallSite;
use crate::vocabulary::{MethodId, Name};
use rustc_hash::FxHashMap;

/// Methods that a function may run.
const MAX_TARGETS: usize = 4;
/// Callers looked at for one method.
const MAX_SITES: usize = 32;

/// Removals, by the methods that make them or call what does, and which methods count as callers.
pub(super) struct Handles<'h, 'w> {
    pub(super) world: &'h World<'w>,
    pub(super) removes: &'h FxHashMap<MethodId, Vec<u16>>,
    pub(super) is_run: &'h dyn Fn(MethodId) -> bool,
}

/// How what is handed out is asked to remove.
enum Handle {
    /// A function: by whatever its interface calls it.
    Function,
    /// An object, by methods of these names.
    Object(Vec<Name>),
}

impl Handles<'_, '_> {
    /// Whether a method hands out what removes, and all who call it have that removed whatever happens.
    pub(super) fn are_closed(&self, method: MethodId, levels: usize) -> bool {
        let world = self.world;
        let body = world.body(method);
        let access = body.method.access;
        if world.reach.is_open_world() && (access.is_public() || access.is_protected()) {
            return false;
        }
        let Some(handle) = self.handed_out(body) else { return false };
        self.is_closed_by_callers(method, &handle, levels)
    }

    fn is_closed_by_callers(&self, method: MethodId, handle: &Handle, levels: usize) -> bool {
        let world = self.world;
        let mut callers = world.sites.of(method, MAX_SITES).unwrap_or_default();
        callers.retain(|s| (self.is_run)(s.caller));
        let is_closed = |site: &CallSite| {
            let body = world.body(site.caller);
            let Some(call) = world.event(site.caller, site.event).filter(|e| e.kind.is_invoke()) else {
                return false;
            };
            let Some(object) = object_of(body, call, site.event) else { return false };
            let closes = |inner: Body<'_>, e: &Event| self.closes(inner, e, handle, (site.caller, object));
            let at = (site.caller, site.event);
            paths::missing_after_held(world, at, Some(object), &closes, Exits::Any).is_none()
                || levels > 0
                    && leaves_returned(body).any(|l| l == object)
                    && self.is_closed_by_callers(site.caller, handle, levels - 1)
        };
        !callers.is_empty() && callers.iter().all(is_closed)
    }

    /// What a method returns, or a constructor makes, that removes.
    fn handed_out(&self, body: Body<'_>) -> Option<Handle> {
        let world = self.world;
        let program = world.program;
        let loader = program.class(body.class).loader;
        let removing = |class| {
            let methods = program
                .methods_of(class)
                .filter(|(id, m)| self.removes.contains_key(id) && !program.text(m.name).starts_with('<'));
            let names: Vec<Name> = methods.map(|(_, m)| m.name).collect();
            (!names.is_empty()).then_some(Handle::Object(names))
        };
        if program.is_constructor(body.method.name) {
            return removing(body.class);
        }
        leaves_returned(body).find_map(|leaf| {
            let (i, made) = body.origins.event(leaf)?;
            match made.kind {
                EventKind::Lambda => {
                    let runs = world.targets(body, made, MAX_TARGETS).unwrap_or_default();
                    let own = self.removes.get(&body.id);
                    let is_removal = own.is_some_and(|own| own.iter().any(|e| usize::from(*e) == i as usize))
                        || runs.iter().any(|m| self.removes.contains_key(m));
                    is_removal.then_some(Handle::Function)
                }
                EventKind::New => removing(made.name().and_then(|n| program.find(loader, n))?),
                _ => None,
            }
        })
    }

    /// Whether an event removes, by itself or by a call of what was handed out.
    fn closes(
        &self,
        body: Body<'_>,
        event: &Event,
        handle: &Handle,
        (holder, object): (MethodId, Value),
    ) -> bool {
        let program = self.world.program;
        let events = body.origins.events();
        let is_it = |e: &u16| events.get(usize::from(*e)).is_some_and(|own| std::ptr::eq(own, event));
        if event.kind.is_invoke() && self.removes.get(&body.id).is_some_and(|own| own.iter().any(is_it)) {
            return true;
        }
        let is_on_object = body.id == holder
            && event.kind.has_receiver()
            && body.origins.leaves(body.origins.arg(event, 0)).any(|l| l == object);
        let name = event.member().map(|m| program.facts.members.get(m).name);
        is_on_object
            && name.is_some_and(|name| match handle {
                Handle::Function => event.kind == EventKind::InvokeInterface,
                Handle::Object(names) => names.contains(&name),
            })
    }
}

/// What a call hands out: the new object of a constructor, else the result.
fn object_of(body: Body<'_>, event: &Event, index: u16) -> Option<Value> {
    if event.is_used() {
        return Some(Value::Event(u32::from(index)));
    }
    let receiver = body.origins.args(event).first().filter(|_| event.kind == EventKind::InvokeSpecial)?;
    let mut made = body.origins.leaves(*receiver);
    made.find(|leaf| body.origins.event(*leaf).is_some_and(|(_, e)| e.kind == EventKind::New))
}

fn leaves_returned<'b>(body: Body<'b>) -> impl Iterator<Item = Value> + 'b {
    let returns = body.origins.events().iter().filter(|e| e.kind == EventKind::Return);
    let values: Vec<Value> =
        returns.flat_map(|e| body.origins.args(e)).flat_map(|v| body.origins.leaves(*v)).collect();
    values.into_iter()
}
