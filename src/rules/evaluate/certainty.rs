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
    let n_proved =
        tenants.iter().filter(|t| found.spots.iter().any(|s| way(cx, **t, s.method) == Some(true))).count();
    n_proved >= tenants.len().min(2)
}

/// Whether each tenant gets to the match only by calls that may as well select other methods.
pub(super) fn is_guessed(cx: &Context<'_>, found: &Match, tenants: &[TenantId]) -> bool {
    let is_guess = |tenant: &TenantId| {
        let mut ways = found.spots.iter().filter_map(|s| way(cx, *tenant, s.method)).peekable();
        ways.peek().is_some() && ways.all(|is_direct| !is_direct)
    };
    !tenants.is_empty() && tenants.iter().all(is_guess)
}

/// Whether a tenant's shortest way to a method is one of calls that can go nowhere else; `None` if it has none.
fn way(cx: &Context<'_>, tenant: TenantId, method: crate::vocabulary::MethodId) -> Option<bool> {
    if !cx.world.reach.tenants(method).has(tenant) {
        return None;
    }
    let witness = cx.world.reach.witness(tenant, method).unwrap_or_default();
    Some(witness.iter().all(|step| step.entered != Entered::Dispatched))
}
