//! Objects that held objects are given by whoever makes them: `SHARED = new Mapper(new Settings())`.

use super::{Site, Stored, made_on_the_way};
use crate::dataflow::{Body, World};
use crate::facts::{EventKind, Value};
use crate::program::CallSite;
use crate::vocabulary::{FieldId, MethodId};
use rustc_hash::FxHashSet;

/// Calls looked at of one constructor.
const MAX_SITES: usize = 16;
/// Constructors of one object that call one another.
const MAX_CONSTRUCTORS: u32 = 3;

/// What is passed, where a kept object is made, to the constructor that stores it in a field: exact class and allocation
/// site. What other objects of the class are given is theirs.
pub(super) fn to_kept(world: &World<'_>, field: FieldId, kept: &FxHashSet<Site>) -> Vec<Stored> {
    let facts = world.program.field(field);
    if facts.access.is_static() || !world.program.text(facts.desc).starts_with('L') {
        return Vec::new();
    }
    let mut found = Vec::new();
    for write in world.fields.writes(field) {
        let body = world.body(write.method);
        if !is_constructor(world, body) {
            continue;
        }
        let stored = world.event(write.method, write.event).and_then(|e| body.origins.args(e).last());
        for leaf in stored.into_iter().flat_map(|v| body.origins.leaves(*v)) {
            if let Value::Param(param @ 1..) = leaf {
                passed(world, write.method, param, kept, 0, &mut found);
            }
        }
    }
    found
}

fn is_constructor(world: &World<'_>, body: Body<'_>) -> bool {
    world.program.is_constructor(body.method.name)
}

/// What those pass to a constructor who make a kept object with it, or whose own constructor hands it on.
fn passed(
    world: &World<'_>,
    constructor: MethodId,
    param: u16,
    kept: &FxHashSet<Site>,
    depth: u32,
    found: &mut Vec<Stored>,
) {
    if depth >= MAX_CONSTRUCTORS {
        return;
    }
    for CallSite { caller, event, .. } in world.sites.of(constructor, MAX_SITES).unwrap_or_default() {
        let body = world.body(caller);
        let call = world.event(caller, event).filter(|e| e.kind == EventKind::InvokeSpecial);
        let Some(call) = call else { continue };
        let value = body.origins.arg(call, usize::from(param));
        for made in body.origins.leaves(body.origins.arg(call, 0)) {
            match made {
                Value::Event(index) if kept.contains(&(caller, index as u16)) => {
                    // What a constructor is given itself differs by the object that it makes.
                    let is_own = |site: &Site| site.0 == caller || !is_constructor(world, body);
                    found.extend(made_on_the_way(world, caller, value).into_iter().filter(|o| is_own(&o.1)));
                }
                Value::Param(0) if is_constructor(world, body) => {
                    let handed_on = body.origins.leaves(value).filter_map(|leaf| match leaf {
                        Value::Param(own @ 1..) => Some(own),
                        _ => None,
                    });
                    for own in handed_on {
                        passed(world, caller, own, kept, depth + 1, found);
                    }
                }
                _ => {}
            }
        }
    }
}
