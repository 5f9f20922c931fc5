//! How much of a proof the ways of the tenants to a hazard are.

use super::context::Context;
use super::exposed;
use super::matches::{Match, Spot, Subject};
use crate::dataflow::How;
use crate::dataflow::held::{Holder, Root};
use crate::findings::{Certainty, Severity};
use crate::program::{Entered, WitnessStep};
use crate::rules::rule::{Case, KeyKind, Rule, Site, StoredKind, WriteShape};
use crate::vocabulary::TenantId;

/// How bad and how sure a finding is.
pub(super) fn level(
    cx: &Context<'_>,
    found: &Match,
    rule: &Rule,
    case: Option<&Case>,
    tenants: &[TenantId],
) -> (Severity, Certainty) {
    let severity = case.and_then(|c| c.severity).or(rule.meta.severity).unwrap_or(Severity::Warning);
    let is_entry = found.holder.is_some_and(|h| h.is_entry);
    // Whether a caller of a library changes the entry that others get is not known; what it is handed is what others get.
    let is_strict = cx.world.reach.is_open_world() && !matches!(rule.site, Site::HandedOut { .. });
    let is_loose =
        found.holder.is_some_and(|h| if is_strict { !h.is_only || h.is_entry } else { !h.is_kept })
            && !(is_strict && is_cache_of_all(cx, found));
    let certainty = case.and_then(|c| c.certainty).unwrap_or(rule.certainty);
    // Other objects of the class are about as well: the write may be to one that nobody shares.
    let certainty = if is_loose { Certainty::Possible } else { certainty };
    // A module may have a container of its own make a bean of the class.
    let is_bean = found.holder.is_some_and(|h| h.root == Root::Bean);
    let certainty = if is_bean && certainty == Certainty::Certain { Certainty::Likely } else { certainty };
    // Who gets which entry is not known.
    let is_guess = certainty == Certainty::Certain && (is_entry || !is_proved(cx, found, tenants));
    let certainty = if is_guess { Certainty::Likely } else { certainty };
    // That a call selects this method among others is no reason to fail a build, and that several calls do, one after the
    // other, none to look into shared code. Without modules only the way is guessed: whoever uses the library may call it.
    let is_guess = severity != Severity::Note
        && (found.kept.is_some() || !cx.world.reach.is_open_world())
        && is_guessed(cx, found, tenants)
        && (severity == Severity::Error
            || cx.world.program.is_shared(found.class)
                && tenants.iter().all(|tenant| is_far_fetched(cx, found, *tenant)));
    let (severity, certainty) = match is_guess {
        true if certainty != Certainty::Possible && is_setter_among_few(cx, found, tenants) => {
            (Severity::Warning, Certainty::Likely)
        }
        true => (severity, Certainty::Possible),
        false => (severity, certainty),
    };
    // A shape without proof is never more than worth knowing.
    let severity = if certainty == Certainty::Possible { Severity::Note } else { severity };
    (severity, certainty)
}

/// Whether a cache about classes is filled that belongs to the very object which a static field has for all who ask: mere
/// use of it does that, whatever other objects of its class there are.
fn is_cache_of_all(cx: &Context<'_>, found: &Match) -> bool {
    let Some(Holder { root: Root::Static(root), is_entry: false, .. }) = found.holder else { return false };
    let fills = |spot: &Spot| {
        let is_of_classes = || {
            matches!(cx.key(found, spot), KeyKind::Class | KeyKind::ClassName | KeyKind::Loader)
                || cx.stored(spot).has_any(&[StoredKind::Class, StoredKind::Loader])
        };
        matches!(spot.how, Some(How::Container(_)))
            && cx.shapes(found, spot).has_any(&[WriteShape::Lazy])
            && is_of_classes()
    };
    cx.held.statics(found.class).contains(&root)
        && found.spots.iter().any(fills)
        && exposed::is_open_to_all(cx.world, root)
}

/// Whether enough of the tenants (two, or the only one) reach the match by calls that can go nowhere else.
fn is_proved(cx: &Context<'_>, found: &Match, tenants: &[TenantId]) -> bool {
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
fn is_guessed(cx: &Context<'_>, found: &Match, tenants: &[TenantId]) -> bool {
    let is_guess = |tenant: &TenantId| {
        let mut ways = found.spots.iter().filter_map(|s| way(cx, *tenant, s.method)).peekable();
        ways.peek().is_some() && ways.all(|is_direct| !is_direct)
    };
    !tenants.is_empty() && tenants.iter().all(is_guess)
}

/// Calls on one way that may each select other methods as well, from which on it tells little.
const FAR_FETCHED: usize = 3;

/// Whether each way of a tenant to the match has several calls that may as well select other methods.
fn is_far_fetched(cx: &Context<'_>, found: &Match, tenant: TenantId) -> bool {
    let reaches = |method| cx.world.reach.tenants(method).has(tenant);
    let spots = found.spots.iter().filter(|s| reaches(s.method));
    let mut ways = spots.filter_map(|s| cx.world.reach.witness(tenant, s.method));
    ways.all(|way| way.iter().filter(|step| step.entered == Entered::Dispatched).count() >= FAR_FETCHED)
}

/// Settings of the whole JVM.
const GLOBAL_SETTER: &str = "jvm-global-setter";
/// Methods among which a call may select the one that makes the setting.
const FEW: usize = 3;

/// Whether a setting of the whole JVM is made by one of a few methods that the code of several tenants chooses from: it is
/// there to be made.
fn is_setter_among_few(cx: &Context<'_>, found: &Match, tenants: &[TenantId]) -> bool {
    let Subject::Call(_, api) = found.subject else { return false };
    let is_among_few = |tenant: &TenantId| {
        let ways = found.spots.iter().filter_map(|s| cx.world.reach.witness(*tenant, s.method));
        ways.into_iter().any(|way| is_chosen_from_few(cx, &way))
    };
    tenants.len() > 1 && cx.is_api(api, &[GLOBAL_SETTER.to_owned()]) && tenants.iter().all(is_among_few)
}

/// Whether a way has one call that selects a method among others, and these are few.
fn is_chosen_from_few(cx: &Context<'_>, way: &[WitnessStep]) -> bool {
    let mut selected = way.windows(2).filter(|steps| steps[1].entered == Entered::Dispatched);
    let (Some([from, to]), None) = (selected.next(), selected.next()) else { return false };
    let body = cx.world.body(from.method);
    let mut calls = body.origins.events().iter().filter(|e| e.kind.is_invoke());
    calls.any(|e| cx.world.targets(body, e, FEW).is_some_and(|targets| targets.contains(&to.method)))
}

/// Whether a tenant's shortest way to a method is one of calls that can go nowhere else; `None` if it has none.
fn way(cx: &Context<'_>, tenant: TenantId, method: crate::vocabulary::MethodId) -> Option<bool> {
    if !cx.world.reach.tenants(method).has(tenant) {
        return None;
    }
    let witness = cx.world.reach.witness(tenant, method).unwrap_or_default();
    Some(witness.iter().all(|step| step.entered != Entered::Dispatched))
}
