//! What stays open on some path: typestate over the control-flow graph with exceptional edges.
//!
//! An obligation opens where a resource is acquired and is settled where it is released, returned, stored or handed to
//! somebody who may keep it. Each is followed by itself through the body: a walk carries which of its faces (itself,
//! wrappers around it) exist already, so that a wrapper whose constructor throws leaves what it would have wrapped
//! open. What callees do to their parameters is found by the same walk over their bodies.

mod acquire;
mod asked_for;
mod callees;
mod cleanup;
mod closing;
mod contained;
mod elements;
mod files;
mod follow;
mod guards;
mod handed;
mod holders;
mod marks;
mod memory;
mod overwritten;
mod owners;
mod places;
mod replaced;
mod rounds;
mod summaries;
mod uses;

pub use super::paths::ExitKind;
pub use summaries::{Summaries, Yielded};

use super::knowledge::ResourceId;
use super::paths::Exit;
use super::{Body, World};
use crate::facts::Value;
use crate::vocabulary::{MethodId, Parallel, Sequential};
use acquire::{Held, Obligation};
use callees::Callees;
use follow::Followed;
use replaced::Again;
use uses::Uses;

/// The group of the models for what is taken and given back, rather than opened and closed.
const LOCKS: &str = "locks";
/// A resource that stays open on a path through the method that owns it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Leak {
    /// Which.
    pub resource: ResourceId,
    /// The method.
    pub method: MethodId,
    /// The acquiring event.
    pub event: u16,
    /// How the method is left with the resource open.
    pub exit: ExitKind,
    /// The event to show: the first that throws on that path, or the return. The acquiring event itself if a loop
    /// comes back to it.
    pub at: Option<u16>,
    /// The event that leaves the method.
    pub left_at: u16,
    /// Whether some path releases it, or hands it to somebody who may.
    pub ever_released: bool,
    /// Whether it stays open only if the release of another resource fails.
    pub after_failed_release: bool,
    /// Other events that leave the method with it open.
    pub n_other_exits: u16,
    /// Whether only an exception that nothing announces leaves it open.
    pub by_surprise: bool,
    /// What alone leaves it open, if that is something that few would guard against.
    pub only_if: Option<OnlyIf>,
}

/// What alone leaves a resource open, where that is no reason to change the code at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnlyIf {
    /// The wait for its own end is interrupted.
    Interrupted,
    /// Closing another resource, which only reads, fails.
    CloseFails,
    /// Setting one of its options fails, or asking it for something that it has.
    OptionFails,
    /// The method, by its name one that sets something up, is called again.
    CalledAgain,
    /// Nothing for good: all callers that are seen close what it is released with.
    UntilOwner,
    /// A loop that makes another one each time, until all are released with their owner.
    PilingUp,
    /// A file that its own archive brings can't be read.
    OwnFileFails,
    /// There is no encoding of the name that a caller gives.
    EncodingUnknown,
    /// What gives it something to release, as binding a socket to its address.
    OpeningFails,
    /// A call throws of which nothing says that it does: neither its declaration nor what is seen of its code.
    Unannounced,
    /// A usual way, and another method is there to give it back.
    Counterpart,
}

/// What stays open on some path through a method, in the order of the acquiring events.
pub fn leaks_of(
    world: &World<'_>,
    method: MethodId,
    wanted: &(dyn Fn(ResourceId) -> bool + Sync),
    summaries: &Summaries,
) -> Vec<Leak> {
    leaks_in(world, std::iter::once(method), wanted, summaries, &Sequential)
}

/// The same of many methods, one after the other.
pub fn leaks_in(
    world: &World<'_>,
    methods: impl Iterator<Item = MethodId>,
    wanted: &(dyn Fn(ResourceId) -> bool + Sync),
    summaries: &Summaries,
    parallel: &impl Parallel,
) -> Vec<Leak> {
    let methods = methods.filter(|m| acquire::may_acquire(world, *m, summaries)).collect();
    let ask = |callees: &Callees<'_, '_>, method| leaks_by(callees, method, wanted);
    rounds::each(world, summaries, methods, ask, parallel).into_iter().flat_map(|(_, leaks)| leaks).collect()
}

fn leaks_by(callees: &Callees<'_, '_>, method: MethodId, wanted: &dyn Fn(ResourceId) -> bool) -> Vec<Leak> {
    let world = callees.world;
    let body = world.body(method);
    if !body.method.has_body {
        return Vec::new();
    }
    let obligations = acquire::obligations(callees, body);
    let mut leaks: Vec<(Leak, &Obligation)> = Vec::new();
    for obligation in &obligations {
        // A constructor's own object belongs to whoever runs the constructor.
        if obligation.held == Held::Value(Value::Param(0)) {
            continue;
        }
        let leak = leak_of(callees, method, obligation);
        if !callees.spend(body.origins.events().len()) {
            break;
        }
        let Some(leak) = leak else { continue };
        // A lock on a file that nothing here gives back is meant to last as long as the file is open.
        if !leak.ever_released && is_lock(world, obligation) && owners::are_kept_elsewhere(body, obligation) {
            continue;
        }
        let is_small = callees.is_replaced_by_next_use(body, obligation.event);
        if is_small && owners::passed_owner(body, obligation).is_some() {
            leaks.push((Leak { only_if: Some(OnlyIf::UntilOwner), ..leak }, obligation));
            continue;
        }
        match owners::is_released_by_callers(callees, body, obligation) {
            true if leak.exit == ExitKind::Exceptional => {}
            true => leaks.push((Leak { only_if: Some(OnlyIf::UntilOwner), ..leak }, obligation)),
            false => leaks.push((leak, obligation)),
        }
    }
    let owners: Vec<Value> = leaks.iter().filter_map(|(_, o)| o.held.value()).collect();
    // What is released with another resource leaks only with it: one report is enough.
    leaks.retain(|(leak, o)| {
        let is_covered = o.released_with.iter().any(|v| body.origins.leaves(*v).any(|l| owners.contains(&l)));
        wanted(leak.resource) && !is_covered
    });
    // What the models know by two names is lost once; and so is what one variable has, opened here or there.
    leaks.dedup_by_key(|(leak, _)| leak.event);
    leaks.dedup_by(|(next, second), (leak, first)| {
        (next.at, next.left_at, next.exit) == (leak.at, leak.left_at, leak.exit)
            && is_same_variable(body, first, second)
    });
    let of_streams =
        elements::leaks(callees, body, callees.summaries).into_iter().filter(|l| wanted(l.resource));
    leaks.into_iter().map(|(leak, _)| leak).chain(of_streams).collect()
}

fn is_lock(world: &World<'_>, obligation: &Obligation) -> bool {
    let facts = world.knowledge.tables.resources.get(usize::from(obligation.resource));
    facts.is_some_and(|r| r.groups.iter().any(|g| g == LOCKS))
}

/// Whether some event uses either of two obligations, whichever there is.
fn is_same_variable(body: Body<'_>, a: &Obligation, b: &Obligation) -> bool {
    let (Some(a), Some(b)) = (a.held.value(), b.held.value()) else { return false };
    let mut operands = body.origins.events().iter().flat_map(|e| body.origins.args(e));
    operands.any(|v| body.origins.may_be(*v, a) && body.origins.may_be(*v, b))
}

fn leak_of(callees: &Callees<'_, '_>, method: MethodId, obligation: &Obligation) -> Option<Leak> {
    let body = callees.world.body(method);
    let is_place = matches!(obligation.held, Held::Place(_));
    if obligation.is_presumed {
        let followed = Followed::obligation(callees, body, obligation, false);
        // Only who releases it on some way says that it is the body's.
        let owned = followed.is_ever_released().then(|| followed.lending());
        return leak_of_owner(method, obligation, &owned?);
    }
    if let Some(at) = places::left_by_mistake(callees, body, obligation) {
        let exit = Exit { kind: ExitKind::Normal, at, cause: None, state: 0 };
        return leak_of_exits(method, obligation, &[exit]);
    }
    // What the body itself gives back on every way need not be looked for in what it calls.
    if is_place && !Followed::only_here(callees, body, obligation).stays_open() {
        return None;
    }
    callees.has_spared();
    let mut followed = Followed::obligation(callees, body, obligation, false);
    let do_uses_depend = callees.has_spared();
    if !is_place && let Some(leak) = leak_of_field(callees, body, obligation, followed.uses()) {
        return leak;
    }
    // First as if no release failed: what leaks then leaks for a better reason. Unlocking never fails.
    let leak = leak_on_way(callees, obligation, &followed, false);
    if leak.is_some() || is_place {
        return leak;
    }
    let (does_walk_depend, is_spared) = (callees.has_spared(), followed.is_spared());
    let releases_normally = followed.releases_normally();
    // A reading in which nothing else may happen finds nothing else.
    if do_uses_depend {
        let failing = Followed::obligation(callees, body, obligation, true);
        if let Some(leak) = leak_on_way(callees, obligation, &failing, true) {
            return Some(leak);
        }
    } else if does_walk_depend {
        followed = followed.failing();
        if let Some(leak) = leak_on_way(callees, obligation, &followed, true) {
            return Some(leak);
        }
    }
    if is_spared {
        followed = followed.asking();
        if let Some(leak) = leak_on_way(callees, obligation, &followed, false) {
            return Some(leak);
        }
    }
    if !followed.is_ever_released() {
        return None;
    }
    if followed.is_ever_lent() {
        followed = followed.lending();
        if let Some(leak) = leak_of_owner(method, obligation, &followed) {
            return Some(leak);
        }
    }
    if !releases_normally {
        return None;
    }
    // What is released at the end of the usual way only, with work in between that may fail though it does not say so.
    let leak = leak_of_exits(method, obligation, &followed.doubting().leaks_of_owner())?;
    Some(Leak { by_surprise: true, only_if: Some(OnlyIf::Unannounced), ..leak })
}

/// The leak by which a field is given a new resource while it holds the only way to the last one; in the inner part, if
/// the method is found to do that.
fn leak_of_field(
    callees: &Callees<'_, '_>,
    body: Body<'_>,
    obligation: &Obligation,
    uses: &Uses,
) -> Option<Option<Leak>> {
    let found = overwritten::by_another(callees, body, obligation, uses);
    if let Some(leak) = leak_of_exits(body.id, obligation, &found) {
        return Some(Some(leak));
    }
    let (at, again) = replaced::by_next_call(callees, body, obligation, uses)?;
    let exit = Exit { kind: ExitKind::Normal, at, cause: None, state: 0 };
    let only_if = (again == Again::Perhaps).then_some(OnlyIf::CalledAgain);
    Some(leak_of_exits(body.id, obligation, &[exit]).map(|leak| Leak { only_if, ..leak }))
}

/// The leak that a walk finds, if any.
fn leak_on_way(
    callees: &Callees<'_, '_>,
    obligation: &Obligation,
    followed: &Followed<'_, '_, '_>,
    after_failed_release: bool,
) -> Option<Leak> {
    let body = followed.body();
    let exits = followed.leaks();
    let key = |e: &&Exit| (followed.is_unannounced(e), e.kind, e.cause.is_some());
    let first = exits.iter().min_by_key(key)?;
    // A lock that this method never gives back is given back by a counterpart.
    let is_place = matches!(obligation.held, Held::Place(_));
    if is_place && (!followed.is_ever_released() || places::is_untold(callees, body, obligation)) {
        return None;
    }
    // Whoever never gives it back, or leaves it on a usual way, means it to stay: whoever runs the work takes it away.
    let is_meant = || exits.iter().any(|e| e.kind == ExitKind::Normal) || !followed.releases_normally();
    if callees.is_one_of_thread(obligation.resource) && is_meant() {
        return None;
    }
    let is_left = is_place
        && exits.iter().all(|e| e.kind == ExitKind::Normal || followed.is_unannounced(e))
        && places::is_left_to_counterpart(callees, body, obligation);
    // One that waits for more is interrupted while it has some.
    let waits = |e: &Exit| {
        let cause = e.cause.and_then(|at| body.origins.events().get(usize::from(at)));
        cause.is_some_and(|event| callees.is_acquire_of(body, event, obligation.resource))
    };
    let is_handed_on = || {
        exits.iter().all(|e| e.kind == ExitKind::Normal || followed.is_unannounced(e) || waits(e))
            && places::is_left_to_task(callees, body, obligation)
    };
    let only_if =
        if is_left || is_handed_on() { Some(OnlyIf::Counterpart) } else { followed.only_if(&exits) };
    // What it is lent to may fail for a better reason.
    if only_if == Some(OnlyIf::Unannounced) && followed.is_ever_lent() {
        let lending = Followed::obligation(callees, body, obligation, false).lending();
        let better = leak_of_owner(body.id, obligation, &lending).filter(|l| l.only_if.is_none());
        if better.is_some() {
            return better;
        }
    }
    Some(Leak {
        resource: obligation.resource,
        method: body.id,
        event: obligation.event,
        exit: first.kind,
        at: Some(first.cause.unwrap_or(first.at)),
        left_at: first.at,
        ever_released: followed.is_ever_settled(),
        after_failed_release,
        n_other_exits: n_others(&exits, first),
        by_surprise: false,
        only_if,
    })
}

/// What an exception leaves open in a method that otherwise releases it, whomever it lends it to in between.
fn leak_of_owner(method: MethodId, obligation: &Obligation, lending: &Followed<'_, '_, '_>) -> Option<Leak> {
    let exits = lending.leaks_of_owner();
    let leak = leak_of_exits(method, obligation, &exits)?;
    let is_unannounced = exits.iter().all(|e| lending.is_unannounced(e));
    Some(Leak { only_if: is_unannounced.then_some(OnlyIf::Unannounced), ..leak })
}

fn leak_of_exits(method: MethodId, obligation: &Obligation, exits: &[Exit]) -> Option<Leak> {
    let first = exits.iter().min_by_key(|e| e.kind)?;
    Some(Leak {
        resource: obligation.resource,
        method,
        event: obligation.event,
        exit: first.kind,
        at: Some(first.cause.unwrap_or(first.at)),
        left_at: first.at,
        ever_released: true,
        after_failed_release: false,
        n_other_exits: n_others(exits, first),
        by_surprise: false,
        only_if: None,
    })
}

fn n_others(exits: &[Exit], first: &Exit) -> u16 {
    let mut others: Vec<u16> = exits.iter().map(|e| e.at).filter(|at| *at != first.at).collect();
    others.sort_unstable();
    others.dedup();
    others.len() as u16
}
