//! Whether a call is followed by another one on the paths a rule names.

use super::context::Context;
use super::matches::Spot;
use super::values::origins_of;
use crate::dataflow::Body;
use crate::dataflow::origins::Origin;
use crate::dataflow::paths::{self, PathGap};
use crate::facts::{Event, EventKind};
use crate::rules::rule::{Exits, FollowTest};

/// Whether every path from the spot to the named exits passes a call of the APIs.
///
/// With `restores`, a call that itself puts a saved value back needs no other to follow it, and neither does one in an
/// object that another of its methods puts right, as the two halves of a scope.
pub(super) fn is_followed(cx: &Context<'_>, spot: &Spot, test: &FollowTest) -> bool {
    let body = cx.world.body(spot.method);
    let Some(event) = cx.world.event(spot.method, spot.event) else { return true };
    if test.restores && (is_restoring(cx, body, event) || has_other_half(cx, body, test)) {
        return true;
    }
    gap(cx, spot, test).is_none()
}

/// The way out on which the call is missing, if there is one.
pub(super) fn gap(cx: &Context<'_>, spot: &Spot, test: &FollowTest) -> Option<PathGap> {
    let exits = match test.exits {
        Some(Exits::Normal) => paths::Exits::Normal,
        Some(Exits::Exceptional) => paths::Exits::Exceptional,
        Some(Exits::Any) | None => paths::Exits::Any,
    };
    let settles = |body: Body<'_>, event: &Event| {
        is_call_of(cx, body, event, test) && (!test.restores || is_restoring(cx, body, event))
    };
    paths::missing_after(cx.world, spot.method, spot.event, &settles, exits)
}

fn is_call_of(cx: &Context<'_>, body: Body<'_>, event: &Event, test: &FollowTest) -> bool {
    let loader = cx.world.program.class(body.class).loader;
    event.kind.is_invoke()
        && event
            .member()
            .is_some_and(|m| cx.world.knowledge.apis(loader, m).any(|a| cx.is_api(a, &test.apis)))
}

/// Whether a call passes on what had been read from where it writes: the context loader of before.
fn is_restoring(cx: &Context<'_>, body: Body<'_>, event: &Event) -> bool {
    let found = origins_of(cx.world, body, event, usize::from(event.n_args).saturating_sub(1));
    found.iter().any(|f| f.origin == Origin::ContextLoader)
        && found.iter().all(|f| {
            matches!(f.origin, Origin::ContextLoader | Origin::Null | Origin::Field(_) | Origin::Parameter)
        })
}

/// Whether another method of the class calls the API with what a field of the object holds.
fn has_other_half(cx: &Context<'_>, body: Body<'_>, test: &FollowTest) -> bool {
    cx.world.program.methods_of(body.class).filter(|(id, _)| *id != body.id).any(|(id, _)| {
        let other = cx.world.body(id);
        other.origins.events().iter().any(|event| {
            is_call_of(cx, other, event, test)
                && other
                    .origins
                    .args(event)
                    .iter()
                    .skip(1)
                    .flat_map(|a| other.origins.leaves(*a))
                    .any(|leaf| other.origins.event(leaf).is_some_and(|(_, e)| e.kind == EventKind::GetField))
        })
    })
}
