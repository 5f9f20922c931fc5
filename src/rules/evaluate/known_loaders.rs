//! Whether a class loader can be an application's, or is one that shared code has made for itself or is defined by.

use super::context::Context;
use super::matches::Spot;
use super::values::is_of_types;
use crate::dataflow::Body;
use crate::dataflow::knowledge::Subject;
use crate::dataflow::origins::{self, Found, Origin};
use crate::vocabulary::ValueId;

/// Whether a value is the own loader, the system's, or a new one above which there are none but these.
pub(super) fn are_own(cx: &Context<'_>, body: Body<'_>, value: ValueId) -> bool {
    let program = cx.world.program;
    let is_shared = |class| cx.world.reach.owner(class).is_none();
    let is_loader = |class| {
        let loader = program.class(class).loader;
        is_of_types(cx.world, cx.models, loader, program.class_name(class), &cx.names.loader_types)
    };
    let is_own = |f: &Found| match f.origin {
        Origin::Null | Origin::SystemLoader => true,
        // What is written there is among the origins.
        Origin::Field(field) | Origin::StaticField(field) => is_shared(program.class_of_field(field)),
        Origin::LoaderOf(class) => is_shared(class),
        Origin::LoaderOfThis(class) => {
            program.class_facts(class).access.is_final()
                || !cx.world.reach.is_open_world() && is_shared(class)
        }
        Origin::Allocation(Some(class)) => is_loader(class) && is_shared(class),
        _ => false,
    };
    let is_said = |f: &Found| !matches!(f.origin, Origin::Null | Origin::Field(_) | Origin::StaticField(_));
    let found = origins::of_loader(cx.world, body.id, value);
    found.iter().any(is_said) && found.iter().all(|f| f.passed_by.is_none() && is_own(f))
}

/// Whether the loader that a call asks, its receiver if it is given none, is one of the JDK's that shared code makes, above
/// which no application's can be.
pub(super) fn is_made_above_modules(cx: &Context<'_>, spot: &Spot) -> bool {
    let body = cx.world.body(spot.method);
    let Some(event) = cx.world.event(spot.method, spot.event).filter(|e| e.kind.is_invoke()) else {
        return false;
    };
    let own = cx.world.program.class(body.class).loader;
    let knowledge = cx.world.knowledge;
    let mut apis = event.member().into_iter().flat_map(|member| knowledge.apis(own, member));
    let given = apis.find_map(|api| knowledge.tables.apis.get(usize::from(api))?.loader);
    let asked = given.map_or(Subject::Receiver, Subject::Argument).operand(event.kind.has_receiver());
    let Some(receiver) = asked.and_then(|i| body.origins.args(event).get(i)).copied() else { return false };
    let is_made = |f: &Found| match f.origin {
        Origin::Allocation(Some(class)) => cx.world.program.is_jdk(class),
        Origin::Null => true,
        _ => false,
    };
    let found = origins::of_value(cx.world, body.id, receiver);
    found.iter().any(|f| f.origin != Origin::Null) && found.iter().all(is_made) && are_own(cx, body, receiver)
}
