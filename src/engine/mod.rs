//! The pipeline on one screen; the only layer with threads, clocks and progress.
//!
//! A scan is a run of phases, each a function from what the phases before have made to something immutable. A phase
//! that breaks ends the run; the report then holds what was known until there, and the defect.
//! May import: everything but cli

pub mod analyse;
pub mod arrange;
pub mod clock;
pub mod gate;
pub mod ingest;
pub mod memory;
mod own_code;
pub mod phases;
pub mod progress;
mod repeated;
pub mod request;
pub mod sources;
pub mod suppression;
pub mod threads;
mod used_jars;

mod descriptors;
mod outcome;

#[cfg(test)]
mod testing;

pub use analyse::Graphs;
pub use arrange::Arranged;
pub use gate::{Gate, Verdict};
pub use phases::Phases;
pub use progress::Progress;
pub use request::{DeploymentRequest, EngineError, JdkSource, ModuleRequest, ScanRequest};
pub use suppression::Suppression;

use crate::dataflow::{Bounds, ChangeTable, Changes, World as Analysed};
use crate::findings::Outcome;
use crate::program::{CallSites, Program, Reach};
use crate::rules::Models;
use crate::rules::evaluate::{World, knowledge, made_by_configuration};
use crate::vocabulary::{FieldId, Parallel};
use sources::SourceIndex;
use threads::Pool;

/// Scans a deployment. Whatever is wrong with it is a problem of the outcome.
///
/// # Errors
/// If nothing could be scanned as it was asked for.
pub fn scan(request: &ScanRequest, progress: &Progress) -> Result<Outcome, EngineError> {
    threads::pool(request.deployment.threads)?.install(|| run(request, progress))
}

fn run(request: &ScanRequest, progress: &Progress) -> Result<Outcome, EngineError> {
    let mut phases = Phases::new(progress);
    let mut outcome = outcome::empty(request);
    if let Some(arranged) = arrange::arrange(&request.deployment, &mut phases)? {
        outcome::describe_deployment(&mut outcome, &arranged);
        // `None` says that a phase broke, which is noted where it did.
        let _ = find(request, &arranged, &mut phases, &mut outcome);
    }
    outcome::settle_findings(&mut outcome, request);
    if !request.source_roots.is_empty() {
        phases.run("sources", || SourceIndex::build(&request.source_roots).fill(&mut outcome));
    }
    if request.stats {
        outcome.stats.phases_ms = std::mem::take(&mut phases.times_ms);
        outcome.stats.peak_rss_bytes = memory::peak_rss_bytes();
    }
    outcome.problems.append(&mut phases.problems);
    outcome.sort();
    Ok(outcome)
}

fn find(
    request: &ScanRequest,
    arranged: &Arranged,
    phases: &mut Phases<'_>,
    outcome: &mut Outcome,
) -> Option<()> {
    let program = phases.run("link", || arranged.link())?;
    outcome::describe_program(outcome, arranged, &program);
    let graphs = Graphs::build(arranged, &program, phases)?;
    outcome::describe_graphs(outcome, &graphs);
    // Tenants are spread by one thread; the others have something to do meanwhile.
    let (reach, (knowledge, sites)) = phases.run("reach", || {
        Pool.both(
            || {
                let models = &request.models;
                let made = made_by_configuration(&program, &arranged.archives, models, &Pool);
                Reach::spread(&program, &graphs.hierarchy, &graphs.calls, &models.bean_imports, &made)
            },
            || {
                let sites = CallSites::build(&program, &graphs.calls, &Pool);
                (knowledge(&request.models, &program, &Pool), sites)
            },
        )
    })?;
    let Graphs { hierarchy, calls, fields } = &graphs;
    let world = World {
        program: &program,
        hierarchy,
        calls,
        sites: &sites,
        fields,
        reach: &reach,
        knowledge: &knowledge,
        models: &request.models,
        archives: &arranged.archives,
    };
    let (findings, problems) = analyse::apply(&world, request.rules.rules(), phases);
    outcome.findings = findings;
    outcome.problems.extend(problems);
    Some(())
}

/// What [`look`] shows of a deployment.
pub struct View<'v> {
    /// Archives, facts and topology.
    pub arranged: &'v Arranged,
    /// The linked classes.
    pub program: &'v Program<'v>,
    /// Subtypes, calls and field accesses.
    pub graphs: &'v Graphs,
    /// Which tenants reach which method.
    pub reach: &'v Reach<'v>,
    /// What is wrong with the deployment, sorted.
    pub problems: &'v [crate::vocabulary::Problem],
}

impl View<'_> {
    /// The changes of some fields and of what they hold, as the rules see them.
    pub fn changes(&self, fields: &[FieldId], models: &Models) -> ChangeTable {
        let View { program, graphs, reach, .. } = *self;
        let sites = CallSites::build(program, &graphs.calls, &Pool);
        let knowledge = knowledge(models, program, &Pool);
        let world = Analysed {
            program,
            hierarchy: &graphs.hierarchy,
            calls: &graphs.calls,
            sites: &sites,
            fields: &graphs.fields,
            reach,
            knowledge: &knowledge,
            archives: &self.arranged.archives,
            bounds: &Bounds::default(),
        };
        let is_asked = |field| fields.contains(&field);
        Changes::new(&world, &is_asked, &Pool).only(is_asked, |_| true, &Pool)
    }
}

/// Shows a deployment as the rules see it. `None` with the reasons if a phase broke.
///
/// # Errors
/// As [`scan`].
pub fn look<T: Send>(
    request: &DeploymentRequest,
    show: impl FnOnce(&View<'_>) -> T + Send,
) -> Result<Result<T, Vec<crate::vocabulary::Problem>>, EngineError> {
    threads::pool(request.threads)?.install(|| {
        let progress = Progress::default();
        let mut phases = Phases::new(&progress);
        let shown = arrange::arrange(request, &mut phases)?.and_then(|arranged| {
            let program = phases.run("link", || arranged.link())?;
            let graphs = Graphs::build(&arranged, &program, &mut phases)?;
            let reach = phases
                .run("reach", || Reach::spread(&program, &graphs.hierarchy, &graphs.calls, &[], &[]))?;
            let mut problems = arranged.problems.clone();
            problems.extend(program.problems.iter().cloned());
            problems.sort();
            let (arranged, program, graphs, reach) = (&arranged, &program, &graphs, &reach);
            phases.run("show", || show(&View { arranged, program, graphs, reach, problems: &problems }))
        });
        Ok(shown.ok_or(phases.problems))
    })
}
