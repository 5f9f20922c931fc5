//! What a report says besides findings: the deployment, the counts, the rules; and findings in their final order.

use super::analyse::Graphs;
use super::arrange::Arranged;
use super::request::ScanRequest;
use super::suppression::{Applied, suppress};
use crate::facts::UnitFacts;
use crate::findings::{Outcome, Standing, TenantInfo, fingerprint};
use crate::program::Program;
use crate::topology::{Tenant, TenantKind};
use crate::vocabulary::{ClassId, TenantId};
use std::collections::BTreeSet;

/// An outcome that names the rules only.
pub(super) fn empty(request: &ScanRequest) -> Outcome {
    Outcome { rules: request.rules.metas(), rules_digest: request.rules.digest(), ..Outcome::default() }
}

/// Notes what was read.
pub(super) fn describe_deployment(outcome: &mut Outcome, arranged: &Arranged) {
    let jdk = arranged.jdk_archive();
    let units = arranged.facts.units_by_archive();
    let units: Vec<&UnitFacts> = units.filter(|(archive, _)| *archive != jdk).map(|(_, unit)| unit).collect();
    outcome.topology = arranged.topology.container.to_owned();
    outcome.problems.extend(arranged.problems.iter().cloned());
    outcome.stats.n_archives = jdk as u64;
    outcome.stats.n_classes = units.iter().map(|unit| unit.classes.len() as u64).sum();
    outcome.stats.n_methods = units.iter().map(|unit| unit.methods.len() as u64).sum();
    outcome.stats.n_bytes = units.iter().map(|unit| unit.n_bytes).sum();
}

/// Notes who defines how many classes.
pub(super) fn describe_program(outcome: &mut Outcome, arranged: &Arranged, program: &Program<'_>) {
    let mut n_classes = vec![0_usize; arranged.topology.tenants.len()];
    for i in 0..program.classes.len() {
        let id = ClassId::from_index(i);
        let tenant = program.tenant_of(id).map(TenantId::index);
        let is_of_its_loader = tenant
            .and_then(|t| arranged.topology.tenants.get(t))
            .is_some_and(|tenant| tenant.loader == program.class(id).loader);
        if let (true, Some(n)) = (is_of_its_loader, tenant.and_then(|t| n_classes.get_mut(t))) {
            *n += 1;
        }
    }
    let tenants = arranged.topology.tenants.iter().zip(n_classes).enumerate();
    outcome.tenants = tenants
        .map(|(i, (tenant, n_classes))| TenantInfo {
            name: tenant.name.clone(),
            is_base: tenant.kind == TenantKind::Base,
            archives: archives_of(arranged, tenant, TenantId::from_index(i)),
            n_classes,
        })
        .collect();
    outcome.problems.extend(program.problems.iter().cloned());
}

/// What a tenant's loader loads for it, in class path order. One archive may lie there with several of its folders.
fn archives_of(arranged: &Arranged, tenant: &Tenant, id: TenantId) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let path = arranged.topology.loader(tenant.loader).map_or(&[][..], |loader| &loader.path);
    let own = path.iter().filter(|element| element.tenant == id && seen.insert(element.archive));
    own.filter_map(|element| arranged.archives.get(element.archive)).map(|facts| facts.path.clone()).collect()
}

/// Notes the sizes of the graphs.
pub(super) fn describe_graphs(outcome: &mut Outcome, graphs: &Graphs) {
    outcome.stats.n_call_sites = (graphs.calls.n_sites + graphs.calls.n_unresolved) as u64;
    outcome.stats.n_call_edges = graphs.calls.n_edges() as u64;
    outcome.stats.n_field_accesses = graphs.fields.n_accesses() as u64;
}

/// Sorts the findings, names them, takes out what is suppressed, and marks what the baseline lists.
pub(super) fn settle_findings(outcome: &mut Outcome, request: &ScanRequest) {
    outcome.sort();
    fingerprint::assign(&mut outcome.findings);
    let applied = Applied {
        rules: request.rules.rules().iter().map(|rule| rule.meta.id.as_str()).collect(),
        is_selection: request.is_selection,
    };
    let done = suppress(
        &mut outcome.findings,
        &request.suppressions,
        &request.suppressions_from,
        request.today,
        &applied,
    );
    outcome.n_suppressed = done.n_suppressed;
    outcome.problems.extend(done.problems);
    if let Some(known) = &request.baseline {
        for finding in &mut outcome.findings {
            let is_known = known.contains(&finding.fingerprint);
            finding.standing = Some(if is_known { Standing::Known } else { Standing::New });
        }
    }
}
