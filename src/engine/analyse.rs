//! From an arranged deployment to findings: graphs over its classes, and rules over the graphs.

use super::arrange::Arranged;
use super::descriptors;
use super::phases::Phases;
use super::threads::Pool;
use crate::findings::Finding;
use crate::program::{CallGraph, FieldGraph, Hierarchy, Program};
use crate::rules::Rule;
use crate::rules::evaluate::{World, evaluate};
use crate::vocabulary::{Problem, ProblemCode};

/// The graphs that questions are asked of.
pub struct Graphs {
    /// Subtypes and instances.
    pub hierarchy: Hierarchy,
    /// Who calls whom.
    pub calls: CallGraph,
    /// Who accesses which field.
    pub fields: FieldGraph,
}

impl Graphs {
    /// Builds them. `None` if a phase broke.
    pub fn build(arranged: &Arranged, program: &Program<'_>, phases: &mut Phases<'_>) -> Option<Self> {
        let hierarchy = phases.run("hierarchy", || {
            let named = descriptors::named_classes(program, &arranged.archives, &Pool);
            Hierarchy::build(program, &named, &Pool)
        })?;
        let calls = phases.run("calls", || {
            let services = descriptors::services(&arranged.archives);
            CallGraph::build(program, &hierarchy, &services, &Pool)
        })?;
        let fields = phases.run("fields", || FieldGraph::build(program, &Pool))?;
        Some(Self { hierarchy, calls, fields })
    }
}

/// Applies the rules. If that breaks they are applied one by one, so that only the broken ones are missing.
pub(super) fn apply(
    world: &World<'_>,
    rules: &[Rule],
    phases: &mut Phases<'_>,
) -> (Vec<Finding>, Vec<Problem>) {
    if let Some(done) = phases.run("rules", || evaluate(world, rules, &Pool)) {
        return (done, Vec::new());
    }
    let mut all = (Vec::new(), Vec::new());
    for rule in rules {
        match phases.run("rule by rule", || evaluate(world, std::slice::from_ref(rule), &Pool)) {
            Some(findings) => all.0.extend(findings),
            None => all.1.push(Problem::new(
                ProblemCode::InternalError,
                "",
                "",
                format!("rule {} could not be applied", rule.meta.id),
            )),
        }
    }
    all
}
