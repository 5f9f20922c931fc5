//! From an arranged deployment to findings: graphs over its classes, and rules over the graphs.

use super::arrange::Arranged;
use super::descriptors;
use super::phases::Phases;
use super::threads::Pool;
use crate::findings::Finding;
use crate::program::{CallGraph, FieldGraph, Hierarchy, Program};
use crate::rules::Rule;
use crate::rules::evaluate::{World, evaluate};
use crate::vocabulary::{ClassId, FieldId, MethodId, Problem, ProblemCode};
use std::collections::BTreeSet;

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
        let fields = phases.run("fields", || FieldGraph::build(program, &Pool))?;
        let calls = phases.run("calls", || {
            let services = descriptors::services(&arranged.archives);
            CallGraph::build(program, &hierarchy, &fields, &services, &Pool)
        })?;
        Some(Self { hierarchy, calls, fields })
    }
}

/// Applies the rules. If that breaks they are applied one by one, so that only the broken ones are missing.
pub(super) fn apply(
    world: &World<'_>,
    rules: &[Rule],
    phases: &mut Phases<'_>,
) -> (Vec<Finding>, Vec<Problem>) {
    let mut not_whole: BTreeSet<MethodId> = world.calls.cut.methods.iter().copied().collect();
    let mut problems = not_followed_by(world, &world.calls.cut.fields);
    if let Some((found, of_rules)) = phases.run("rules", || evaluate(world, rules, &Pool)) {
        not_whole.extend(of_rules);
        problems.extend(not_looked_at_whole(world, &not_whole));
        return (found, problems);
    }
    let mut all = Vec::new();
    for rule in rules {
        match phases.run("rule by rule", || evaluate(world, std::slice::from_ref(rule), &Pool)) {
            Some((found, of_rule)) => {
                all.extend(found);
                not_whole.extend(of_rule);
            }
            None => problems.push(Problem::new(
                ProblemCode::InternalError,
                "",
                "",
                format!("rule {} could not be applied", rule.meta.id),
            )),
        }
    }
    problems.extend(not_looked_at_whole(world, &not_whole));
    (all, problems)
}

/// At most so many methods that are too large are listed one by one.
const MAX_LISTED: usize = 20;

/// What is said of methods of which something was left out.
fn not_looked_at_whole(world: &World<'_>, methods: &BTreeSet<MethodId>) -> Vec<Problem> {
    let program = world.program;
    let archive = |class| archive_of(world, class);
    let listed = methods.iter().take(MAX_LISTED).map(|method| {
        let class = program.class_of_method(*method);
        let name = program.text(program.method(*method).name);
        let message = format!("`{name}` is so large that not all of its calls and resources were followed");
        let entry = format!("{}.class", program.class_name(class));
        Problem::new(ProblemCode::AnalysisBound, archive(class), &entry, message)
    });
    let mut problems: Vec<Problem> = listed.collect();
    if let (1.., Some(last)) = (methods.len().saturating_sub(MAX_LISTED), methods.last()) {
        let message = format!("and {} more methods that are as large", methods.len() - MAX_LISTED);
        let archive = archive(program.class_of_method(*last));
        problems.push(Problem::new(ProblemCode::AnalysisBound, archive, "", message));
    }
    problems
}

/// What is said of fields whose functions are not taken to be called by those who read them.
fn not_followed_by(world: &World<'_>, fields: &[FieldId]) -> Vec<Problem> {
    let program = world.program;
    let listed = fields.iter().take(MAX_LISTED).map(|field| {
        let class = program.class_of_field(*field);
        let name = program.text(program.field(*field).name);
        let message = format!(
            "`{name}` keeps so many functions, and is read in so many places, that calls of them were not followed"
        );
        let entry = format!("{}.class", program.class_name(class));
        Problem::new(ProblemCode::AnalysisBound, archive_of(world, class), &entry, message)
    });
    let mut problems: Vec<Problem> = listed.collect();
    if let (1.., Some(last)) = (fields.len().saturating_sub(MAX_LISTED), fields.last()) {
        let message = format!("and {} more fields that keep as many", fields.len() - MAX_LISTED);
        let archive = archive_of(world, program.class_of_field(*last));
        problems.push(Problem::new(ProblemCode::AnalysisBound, archive, "", message));
    }
    problems
}

fn archive_of<'w>(world: &World<'w>, class: ClassId) -> &'w str {
    world.archives.get(world.program.archive_of(class)).map_or("", |a| a.path.as_str())
}
