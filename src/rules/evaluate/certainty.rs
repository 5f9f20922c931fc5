//! How much of a proof the ways of the tenants to a hazard are.

use super::context::Context;
use super::matches::{Match, Subject};
use crate::program::Entered;
use crate::vocabulary::TenantId;

/// Whether enough of the tenants (two, or the only one) reach the match by calls that can go nowhere else.
pub(super) fn is_proved(cx: &Context<'_>, found: &Match, tenants: &[TenantId]) -> bool {
    if let Subject::Reference(id) = found.subject
        && cx.references.row(id).is_none_or(|row| row.is_behind || !row.failure.is_sure)
    {
        return false;
    }
    // That a class is there is read from the deployment, whoever uses it.
    if found.subject == Subject::Class {
        return true;
    }
    n_direct(cx, found, tenants) >= tenants.len().min(2)
}

/// Whether every way to the match that is shown selects one of several methods by a guess.
pub(super) fn is_guessed(cx: &Context<'_>, found: &Match, tenants: &[TenantId]) -> bool {
    !found.spots.is_empty() && !tenants.is_empty() && n_direct(cx, found, tenants) == 0
}

/// The number of tenants that reach the match by calls that can go nowhere else.
fn n_direct(cx: &Context<'_>, found: &Match, tenants: &[TenantId]) -> usize {
    tenants.iter().filter(|t| found.spots.iter().any(|s| is_direct(cx, **t, s.method))).count()
}

fn is_direct(cx: &Context<'_>, tenant: TenantId, method: crate::vocabulary::MethodId) -> bool {
    if !cx.world.reach.tenants(method).has(tenant) {
        return false;
    }
    let witness = cx.world.reach.witness(tenant, method).unwrap_or_default();
    witness.iter().all(|step| step.entered != Entered::Dispatched)
}
