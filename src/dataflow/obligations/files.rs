//! Files that an archive brings for its own classes.

use crate::dataflow::knowledge::groups;
use crate::dataflow::{Body, World};
use crate::facts::{Event, Value};
use crate::vocabulary::descriptor::package_of;

/// The class whose lookups take names as relative to its package.
const CLASS: &str = "java/lang/Class";

/// Whether a call looks a file up by constant names, and the archive of the class that calls has them all; or any, if only
/// the base is known.
pub(super) fn is_own(world: &World<'_>, body: Body<'_>, call: &Event) -> bool {
    let program = world.program;
    let class = program.class(body.class);
    let Some(member) = call.member() else { return false };
    let lookups = groups::FILE_LOOKUPS.map(|name| world.knowledge.group(name));
    if !lookups.iter().any(|group| world.knowledge.api_in(group, class.loader, member).is_some()) {
        return false;
    }
    // Whatever a library looks up, it is an entry of an archive that a loader keeps open in any case.
    if world.reach.is_open_world() {
        return true;
    }
    let mut receivers = body.origins.leaves(body.origins.arg(call, 0));
    let asked = match (receivers.next(), receivers.next()) {
        (Some(Value::Class(asked)), None) => program.text(asked),
        _ => program.class_name(body.class),
    };
    let is_by_class = program.text(program.facts.members.get(member).owner) == CLASS;
    let entry = |name: &str| match (is_by_class, name.strip_prefix('/')) {
        (true, Some(absolute)) => absolute.to_owned(),
        (true, None) if !package_of(asked).is_empty() => format!("{}/{name}", package_of(asked)),
        _ => name.to_owned(),
    };
    let path = program.topology.loader(class.loader).map(|l| &l.path);
    let Some(own) = path.and_then(|path| path.get(class.element as usize)) else { return false };
    let mut names = body.origins.leaves(body.origins.arg(call, 1));
    names.all(|leaf| match leaf {
        Value::Str(name) => own.has_resource(world.archives, &entry(program.text(name))),
        _ => false,
    })
}
