//! Modules that pass nothing to a call which its loader does not see: the call does not fail on their behalf.

use super::context::Context;
use super::matches::{Match, Spot};
use super::values::{asked_loader, class_place, operand, origins_of};
use crate::dataflow::origins::{Found, Origin};
use crate::rules::rule::{ArgumentTest, ClassPlace, Condition};
use crate::vocabulary::TenantId;

/// The tenants of a match that a condition leaves, if it asks for classes which a loader does not see, and only some of the
/// tenants pass one; `None` if nobody is left out, or everybody.
pub(super) fn left_by(cx: &Context<'_>, found: &Match, condition: &Condition) -> Option<Vec<TenantId>> {
    let test = unseen(condition).filter(|_| !cx.world.reach.is_open_world())?;
    let tenants = cx.tenants(found);
    if tenants.len() < 2 {
        return None;
    }
    let mut passing: Vec<(TenantId, bool)> = Vec::new();
    for spot in &found.spots {
        passing.extend(passed(cx, spot, test)?);
    }
    let is_harmless = |t: &TenantId| {
        let mut own = passing.iter().filter(|(by, _)| by == t).peekable();
        own.peek().is_some() && own.all(|(_, is_visible)| *is_visible)
    };
    let left: Vec<TenantId> = tenants.iter().copied().filter(|t| !is_harmless(t)).collect();
    (!left.is_empty() && left.len() < tenants.len()).then_some(left)
}

/// The test of classes that are not visible in a condition that must hold.
fn unseen(condition: &Condition) -> Option<&ArgumentTest> {
    match condition {
        Condition::Not(inner) => match &**inner {
            Condition::Argument(test) if test.names_class.contains(&ClassPlace::Visible) => Some(test),
            _ => None,
        },
        Condition::Any(parts) => parts.iter().find_map(unseen),
        _ => None,
    }
}

/// Who passes what a call names, and whether the loader that is asked sees it; `None` if it may come by another way.
fn passed(cx: &Context<'_>, spot: &Spot, test: &ArgumentTest) -> Option<Vec<(TenantId, bool)>> {
    let world = cx.world;
    let body = world.body(spot.method);
    let event = world.event(spot.method, spot.event)?;
    let asked = asked_loader(world, body, event)?;
    let found = origins_of(world, body, event, operand(event, test.index)?);
    let is_visible = |f: &Found| match f.origin {
        Origin::ClassLiteral(_, Some(class)) => world.program.class(class).loader == asked,
        Origin::Text(name) => class_place(world, asked, world.program.text(name)) == ClassPlace::Visible,
        _ => false,
    };
    let values = found.iter().filter(|f| !matches!(f.origin, Origin::Array(_)));
    values.map(|f| Some((f.passed_by?, !f.is_derived && is_visible(f)))).collect()
}
