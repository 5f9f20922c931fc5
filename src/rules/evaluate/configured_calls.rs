//! Calls that read configuration files: for which type, on whose behalf, and with which loader.

use super::calls;
use super::configured::Reading;
use super::configured_files::{File, Files};
use super::matches::{Match, Spot, Subject};
use super::values::{asked_loader, operand, origins_of};
use crate::dataflow::knowledge::ApiId;
use crate::dataflow::origins::{Found, Origin};
use crate::dataflow::{Body, World};
use crate::facts::{Event, NO_NAME};
use crate::rules::models::{Configuration, Models};
use crate::vocabulary::descriptor::binary_name;
use crate::vocabulary::{LoaderId, Parallel, TenantId};

/// The group of APIs that look something up by the context class loader.
const BY_CONTEXT: &str = "tccl-reading";
/// Who catches one of these goes on without what is not found.
const CAUGHT: &[&str] = &[
    "java/util/ServiceConfigurationError",
    "java/lang/LinkageError",
    "java/lang/Error",
    "java/lang/Throwable",
];

/// What calls of the deployment read, each with one of the files that they get to see.
pub(super) fn readings<'r>(
    world: &World<'_>,
    models: &'r Models,
    files: &'r Files<'_>,
    parallel: &impl Parallel,
) -> Vec<(Reading<'r>, &'r File)> {
    let kinds: Vec<&Configuration> =
        models.configurations.values().filter(|kind| !kind.asked_by.is_empty() && files.has(kind)).collect();
    let n_apis = world.knowledge.tables.apis.len();
    let table = |kind: &&Configuration| {
        let is_asked = |api: usize| {
            let group = |name: &String| world.knowledge.group(name).get(api).copied().unwrap_or(false);
            kind.asked_by.iter().any(group)
        };
        (0..n_apis).map(is_asked).collect::<Vec<bool>>()
    };
    let tables: Vec<Vec<bool>> = kinds.iter().map(table).collect();
    if tables.is_empty() {
        return Vec::new();
    }
    let mut all = Vec::new();
    for (kind, found) in kinds.into_iter().zip(calls::find(world, &tables, parallel)) {
        for call in &found {
            of_call(world, kind, call, files, &mut all);
        }
    }
    all
}

fn of_call<'r>(
    world: &World<'_>,
    kind: &'r Configuration,
    call: &Match,
    files: &'r Files<'_>,
    all: &mut Vec<(Reading<'r>, &'r File)>,
) {
    let (Some(spot), Subject::Call(_, api)) = (call.spots.first(), call.subject) else { return };
    let body = world.body(spot.method);
    let Some(event) = world.event(spot.method, spot.event).filter(|event| event.kind.is_invoke()) else {
        return;
    };
    if goes_on_without(world, body) {
        return;
    }
    let Some(position) = operand(event, 0) else { return };
    for found in origins_of(world, body, event, position).iter().filter(|found| !found.is_derived) {
        let Origin::ClassLiteral(_, Some(wanted)) = found.origin else { continue };
        let name = binary_name(world.program.class_name(wanted));
        for (tenant, loader) in askers(world, body, event, (spot, api), found) {
            for file in files.for_type(kind, loader, &name) {
                let reading =
                    Reading { kind, tenant, asked: vec![loader], wanted: Some(wanted), spot: Some(*spot) };
                all.push((reading, file));
            }
        }
    }
}

/// Whether the method catches what is thrown when a class is not found. What is found is made later than it is asked for,
/// anywhere in the method.
fn goes_on_without(world: &World<'_>, body: Body<'_>) -> bool {
    let unit = body.origins.unit;
    let blocks = unit.blocks_of(body.method);
    blocks
        .iter()
        .flat_map(|block| unit.handlers(block))
        .any(|handler| handler.catches != NO_NAME && CAUGHT.contains(&world.program.text(handler.catches)))
}

/// The applications on whose behalf a call is made, each with the loader that is then asked.
fn askers(
    world: &World<'_>,
    body: Body<'_>,
    event: &Event,
    (spot, api): (&Spot, ApiId),
    passed: &Found,
) -> Vec<(TenantId, LoaderId)> {
    let is_his = |tenant: &TenantId| passed.passed_by.is_none_or(|by| by == *tenant);
    let reached = world.reach.tenants(spot.method);
    let tenants = reached.iter().filter(is_his);
    let fixed = asked_loader(world, body, event);
    if fixed.is_none() && !asks_context(world, body, event, api) {
        return Vec::new();
    }
    let of = |tenant: TenantId| {
        let own = world.program.topology.tenant(tenant)?.loader;
        Some((tenant, fixed.unwrap_or(own)))
    };
    tenants.filter_map(of).collect()
}

/// Whether a call asks the context class loader, by itself or because it is given that one.
fn asks_context(world: &World<'_>, body: Body<'_>, event: &Event, api: ApiId) -> bool {
    if world.knowledge.group(BY_CONTEXT).get(usize::from(api)).copied().unwrap_or(false) {
        return true;
    }
    let given = world.knowledge.tables.apis.get(usize::from(api)).and_then(|api| api.loader);
    let Some(position) = given.and_then(|i| operand(event, i32::from(i))) else { return false };
    let found = origins_of(world, body, event, position);
    !found.is_empty() && found.iter().all(|found| found.origin == Origin::ContextLoader)
}
