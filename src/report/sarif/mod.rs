//! The SARIF 2.1.0 report, as GitHub code scanning and others that follow the standard accept it.

mod format;
mod notifications;
mod places;
mod results;
mod rules;
mod uri;

use self::format::{AutomationDetails, Driver, Invocation, Log, Message, Run, Tool, UriBase};
use self::places::Places;
use super::RenderOptions;
use crate::findings::Outcome;
use crate::vocabulary::ProblemLevel;
use std::collections::BTreeMap;
use std::io;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The name of the repository's root. Where that is depends on the machine, so it is described, not resolved; all
/// paths are relative to it, for readers that ignore the name.
const SRCROOT: &str = "%SRCROOT%";

pub(super) fn write(outcome: &Outcome, options: &RenderOptions, out: &mut dyn io::Write) -> io::Result<()> {
    let log = Log { schema: SCHEMA, version: "2.1.0", runs: [run(outcome, options)] };
    serde_json::to_writer_pretty(&mut *out, &log)?;
    out.write_all(b"\n")
}

fn run(outcome: &Outcome, options: &RenderOptions) -> Run {
    let mut places = Places::new(options);
    let rules = rules::rules(outcome);
    let results = results::results(outcome, &rules, &mut places);
    let notifications = notifications::notifications(outcome, &places);
    let driver = Driver {
        name: env!("CARGO_PKG_NAME"),
        full_name: concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")),
        semantic_version: env!("CARGO_PKG_VERSION"),
        rules,
        notifications: notifications::kinds(&notifications),
        properties: BTreeMap::from([("rulesDigest", outcome.rules_digest.clone())]),
    };
    let root = UriBase { description: Message::new("The root of the repository.") };
    Run {
        tool: Tool { driver },
        automation_details: category(outcome, options).map(|id| AutomationDetails { id }),
        original_uri_base_ids: BTreeMap::from([(SRCROOT, root)]),
        column_kind: "utf16CodeUnits",
        invocations: [Invocation {
            execution_successful: outcome.problems.iter().all(|p| p.level() != ProblemLevel::Error),
            tool_execution_notifications: notifications,
        }],
        results,
    }
}

/// The name under which code review compares this run with the one before; it ends with `/` so that none of it is
/// taken for a run's number.
fn category(outcome: &Outcome, options: &RenderOptions) -> Option<String> {
    let id = match &options.sarif_category {
        None if outcome.topology.is_empty() => "cotenant/".to_string(),
        None => format!("cotenant/{}/", outcome.topology),
        Some(category) if category.is_empty() || category.ends_with('/') => category.clone(),
        Some(category) => format!("{category}/"),
    };
    (!id.is_empty()).then_some(id)
}
