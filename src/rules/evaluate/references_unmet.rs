//! Calls of abstract methods on objects whose class does not implement them.

use super::matches::Spot;
use super::references::{Broken, References, is_behind};
use super::values::origins_of;
use crate::dataflow::World;
use crate::dataflow::origins::Origin;
use crate::facts::NO_NAME;
use crate::program::linkage::Unimplemented;
use crate::program::{CallSite, Failure, FailureKind, Linkage};
use crate::rules::rule::LinkCause;
use crate::vocabulary::{ClassId, Parallel, TenantId};

/// Adds a row for each method that a concrete class owes to a type of another tenant, and that somebody calls.
pub(super) fn add(
    world: &World<'_>,
    linkage: &Linkage<'_>,
    references: &mut References,
    parallel: &impl Parallel,
) {
    const CHUNK: usize = 128;
    let n = world.program.classes.len();
    let owed = parallel.map(n.div_ceil(CHUNK), |chunk| {
        let classes = (chunk * CHUNK..n.min((chunk + 1) * CHUNK)).map(ClassId::from_index);
        let candidates = classes.filter(|class| is_candidate(world, *class));
        candidates.flat_map(|class| linkage.unimplemented(class)).collect::<Vec<_>>()
    });
    for owed in owed.into_iter().flatten() {
        add_one(world, linkage, references, owed);
    }
}

/// A class that is made, and that has a supertype from elsewhere: one that is on its own is its author's affair.
fn is_candidate(world: &World<'_>, class: ClassId) -> bool {
    let program = world.program;
    let tenant = program.tenant_of(class);
    let is_foreign = |s: ClassId| !program.is_jdk(s) && program.tenant_of(s) != tenant;
    !program.is_jdk(class)
        && world.hierarchy.is_instantiated(class)
        && program.find(program.class(class).loader, program.class_facts(class).name) == Some(class)
        && ancestors(world, class).into_iter().any(is_foreign)
}

fn ancestors(world: &World<'_>, class: ClassId) -> Vec<ClassId> {
    let mut found: Vec<ClassId> = world.program.supers(class).collect();
    let mut at = 0;
    while let Some(next) = found.get(at).copied() {
        at += 1;
        for above in world.program.supers(next) {
            if !found.contains(&above) {
                found.push(above);
            }
        }
    }
    found
}

fn add_one(world: &World<'_>, linkage: &Linkage<'_>, references: &mut References, owed: Unimplemented) {
    let program = world.program;
    let declaring = program.class_of_method(owed.method);
    let (own, other) = (program.tenant_of(owed.class), program.tenant_of(declaring));
    let sites = world.sites.resolved_to(owed.method);
    if own == other || sites.is_empty() {
        return;
    }
    let only: Option<Vec<TenantId>> = world.reach.owner(owed.class).map(|tenant| vec![tenant]);
    let mut spots: Vec<Spot> = sites
        .iter()
        .filter(|site| is_on_it(world, linkage, **site, owed.class))
        .map(|site| spot(*site))
        .collect();
    let mut causes = vec![LinkCause::OtherApplication];
    if spots.is_empty() {
        let constructor = program.methods_of(owed.class).find(|(_, m)| program.is_constructor(m.name));
        spots.extend(constructor.map(|(method, _)| spot(CallSite { caller: method, event: 0 })));
    } else {
        causes.push(LinkCause::Proved);
    }
    spots.retain(|s| !world.reach.tenants(s.method).is_empty());
    if spots.is_empty() {
        return;
    }
    let failure = Failure {
        kind: FailureKind::Unimplemented,
        name: NO_NAME,
        found: owed.class,
        broken: crate::program::link::NO_CLASS,
        is_sure: true,
    };
    let row = Broken {
        failure,
        member: None,
        package: None,
        unimplemented: Some(owed.method),
        is_behind: false,
        causes,
        holders: Vec::new(),
        archive: None,
    };
    references.add(world, row, spots, only);
}

fn spot(site: CallSite) -> Spot {
    Spot { method: site.caller, event: site.event, how: None, inside: None }
}

/// Whether a call is made on an object of exactly this class, and nothing fails before.
fn is_on_it(world: &World<'_>, linkage: &Linkage<'_>, site: CallSite, class: ClassId) -> bool {
    let Some(event) = world.event(site.caller, site.event).filter(|e| e.kind.has_receiver()) else {
        return false;
    };
    if linkage.at(site.caller, event).is_some() || is_behind(world, linkage, site.caller, site.event) {
        return false;
    }
    let origins = origins_of(world, world.body(site.caller), event, 0);
    origins.iter().any(|found| matches!(found.origin, Origin::Allocation(Some(made)) if made == class))
}
