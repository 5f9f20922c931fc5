//! `cotenant inspect …`: a deployment as the scanner sees it, for people who doubt a finding or miss one.

mod calls;
mod classes;
mod lookup;
mod resources;
mod writers;

use super::args::{DeploymentArguments, InspectCommand};
use super::plan::{InputPlan, PlanError};
use super::request;
use super::terminal::{Terminal, print};
use crate::engine::{self, View};
use crate::program::Program;
use crate::report;
use crate::vocabulary::descriptor::{binary_name, human};
use crate::vocabulary::{ClassId, LoaderId, MethodId, Problem, ProblemLevel};

/// Exit code when a named input could not be used.
const INCOMPLETE: u8 = 3;
/// Exit code of a defect.
const BROKEN: u8 = 4;

/// What a question about a deployment is answered with.
type Answer = Result<String, PlanError>;

/// Answers a question about a deployment.
pub(super) fn run(command: &InspectCommand, terminal: &Terminal) -> Result<u8, PlanError> {
    match command {
        InspectCommand::Loaders { deployment } => {
            ask(deployment, terminal, |view| Ok(lookup::loaders(view.arranged, view.program)))
        }
        InspectCommand::Resolve { class, from, deployment } => {
            ask(deployment, terminal, |view| lookup::resolve(view, class, from))
        }
        InspectCommand::Resource { name, from, deployment } => {
            ask(deployment, terminal, |view| resources::show(view, name, from))
        }
        InspectCommand::Class { class, deployment } => {
            ask(deployment, terminal, |view| classes::show(view, class))
        }
        InspectCommand::Callers { method, deployment } => {
            ask(deployment, terminal, |view| calls::callers(view, method))
        }
        InspectCommand::Callees { method, deployment } => {
            ask(deployment, terminal, |view| calls::callees(view, method))
        }
        InspectCommand::Writers { field, deployment } => {
            ask(deployment, terminal, |view| writers::writers(view, field))
        }
    }
}

fn ask(
    deployment: &DeploymentArguments,
    terminal: &Terminal,
    answer: impl FnOnce(&View<'_>) -> Answer + Send,
) -> Result<u8, PlanError> {
    let plan = InputPlan::new(deployment)?;
    let request = request::deployment(&plan, None);
    let shown = engine::look(&request, |view| (answer(view), view.problems.to_vec()));
    match shown.map_err(|error| request::refused(&error))? {
        Ok((answer, problems)) => {
            tell(&problems, terminal);
            let text = answer?;
            print(|out| out.write_all(text.as_bytes()))?;
            let is_incomplete = problems.iter().any(|problem| problem.level() == ProblemLevel::Error);
            Ok(if is_incomplete { INCOMPLETE } else { 0 })
        }
        Err(defects) => {
            tell(&defects, terminal);
            Ok(BROKEN)
        }
    }
}

fn tell(problems: &[Problem], terminal: &Terminal) {
    let mut lines = Vec::new();
    if report::problems::write(problems, &terminal.on_stderr(), &mut lines).is_ok() && !lines.is_empty() {
        terminal.tell(&String::from_utf8_lossy(&lines));
    }
}

/// The name of a loader.
fn loader_name<'p>(program: &'p Program<'_>, loader: LoaderId) -> &'p str {
    program.topology.loader(loader).map_or("?", |loader| loader.name.as_str())
}

/// `com.acme.Registry`.
fn class_label(program: &Program<'_>, class: ClassId) -> String {
    binary_name(program.class_name(class))
}

/// `com.acme.Registry.put(java.lang.String, int)`.
fn method_label(program: &Program<'_>, method: MethodId) -> String {
    let facts = program.method(method);
    let class = class_label(program, program.class_of_method(method));
    format!("{class}.{}{}", program.text(facts.name), human(program.text(facts.desc)))
}

/// `(Registry.java:12, 14)`; empty if the class file tells neither.
fn source_label(program: &Program<'_>, class: ClassId, lines: &[u16]) -> String {
    let facts = program.class_facts(class);
    let known: Vec<String> = lines.iter().filter(|line| **line > 0).map(u16::to_string).collect();
    let file = program.text(facts.source_file);
    match (file, known.is_empty()) {
        ("", _) => String::new(),
        (file, true) => format!(" ({file})"),
        (file, false) => format!(" ({file}:{})", known.join(", ")),
    }
}

/// Rows in columns: the first is filled up to the longest.
fn columns(rows: &[(String, String)], indent: &str, out: &mut String) {
    let width = rows.iter().map(|(first, _)| first.chars().count()).max().unwrap_or(0);
    for (first, rest) in rows {
        let line = format!("{indent}{first:width$}  {rest}");
        out.push_str(line.trim_end());
        out.push('\n');
    }
}
