//! Applications that pack for themselves what a call on their behalf asks for.

use super::context::Context;
use super::matches::{Match, Spot};
use super::values::{holds_resource, operand, origins_of};
use crate::dataflow::Body;
use crate::dataflow::knowledge::Subject;
use crate::dataflow::origins::{Found, Origin};
use crate::facts::Event;
use crate::rules::rule::{ArgumentTest, ClassPlace};
use crate::vocabulary::TenantId;

/// The tenants of a match that a test leaves; `None` if it does not ask for what they pack.
pub(super) fn tenants(cx: &Context<'_>, found: &Match, test: &ArgumentTest) -> Option<Vec<TenantId>> {
    let by_class = test.names_class.contains(&ClassPlace::PackedByTenant);
    let by_resource = test.names_resource.contains(&ClassPlace::PackedByTenant);
    if !by_class && !by_resource {
        return None;
    }
    let mut tenants = cx.tenants(found);
    tenants.retain(|tenant| found.spots.iter().any(|s| packs(cx, s, test, *tenant)));
    Some(tenants)
}

fn packs(cx: &Context<'_>, spot: &Spot, test: &ArgumentTest, tenant: TenantId) -> bool {
    let world = cx.world;
    let body = world.body(spot.method);
    let Some(event) = world.event(spot.method, spot.event) else { return false };
    let Some(position) = operand(event, test.index) else { return false };
    let Some(loader) = world.program.topology.tenants.get(tenant.index()).map(|t| t.loader) else {
        return false;
    };
    if world.program.class(body.class).loader == loader || !may_ask(cx, body, event, tenant) {
        return false;
    }
    let found = origins_of(world, body, event, position);
    let has_class = |f: &Found| match f.origin {
        Origin::ClassLiteral(name, _) | Origin::Text(name) => {
            let class = world.program.find_text(loader, &world.program.text(name).replace('.', "/"));
            class.is_some_and(|c| world.program.class(c).loader == loader)
        }
        _ => false,
    };
    let by_class = !test.names_class.contains(&ClassPlace::PackedByTenant) || found.iter().any(has_class);
    let by_resource = !test.names_resource.contains(&ClassPlace::PackedByTenant)
        || cx
            .resource_names(body, (event, position), &found)
            .iter()
            .any(|name| holds_resource(world, loader, name));
    by_class && by_resource
}

/// Whether the loader that a call asks may be a tenant's own. Without an argument for it, it is the context class loader.
fn may_ask(cx: &Context<'_>, body: Body<'_>, event: &Event, tenant: TenantId) -> bool {
    let world = cx.world;
    let own = world.program.class(body.class).loader;
    let wanted = world.program.topology.tenants.get(tenant.index()).map(|t| t.loader);
    let mut apis = event.member().into_iter().flat_map(|m| world.knowledge.apis(own, m));
    let by_argument = apis.find_map(|a| world.knowledge.tables.apis.get(usize::from(a))?.loader);
    let Some(argument) = by_argument else { return true };
    let Some(position) = Subject::Argument(argument).operand(event.kind.has_receiver()) else { return false };
    origins_of(world, body, event, position).iter().any(|f| match f.origin {
        Origin::LoaderOf(class) | Origin::LoaderOfThis(class) => {
            Some(world.program.class(class).loader) == wanted
        }
        // A new one may have them beside it.
        Origin::ContextLoader | Origin::Allocation(_) => true,
        Origin::ForeignLoader => f.passed_by.is_none_or(|by| by == tenant),
        _ => false,
    })
}
