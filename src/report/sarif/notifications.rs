//! Problems of the scan, and what this report leaves out, as SARIF notifications.

use super::format::{Configuration, Descriptor, Message, Notification, NotificationKind};
use super::places::Places;
use super::results::{KEPT_RESULTS, MAX_RESULTS, MAX_STEPS};
use crate::findings::Outcome;
use crate::report::{grouped, level_text, place_text};
use crate::vocabulary::Problem;
use std::collections::BTreeMap;

/// More problems than that are counted, not listed; the JSON report has them all.
const MAX_NOTIFICATIONS: usize = 1_000;

const CUT: &str = "report-cut";

/// The notifications, what was cut first, then problems worst first.
pub(super) fn notifications(outcome: &Outcome, places: &Places<'_>) -> Vec<Notification> {
    let mut problems: Vec<&Problem> = outcome.problems.iter().collect();
    problems.sort_by(|a, b| (a.level(), *a).cmp(&(b.level(), *b)));
    let cuts = cuts(outcome).into_iter().map(|text| Notification {
        descriptor: Descriptor { id: CUT },
        level: "warning",
        message: Message::new(text),
        locations: Vec::new(),
    });
    cuts.chain(problems.into_iter().take(MAX_NOTIFICATIONS).map(|problem| notification(problem, places)))
        .collect()
}

/// A description of each kind of notification that occurs, sorted.
pub(super) fn kinds(notifications: &[Notification]) -> Vec<NotificationKind> {
    let kinds: BTreeMap<&'static str, &'static str> =
        notifications.iter().map(|n| (n.descriptor.id, n.level)).collect();
    kinds
        .into_iter()
        .map(|(id, level)| NotificationKind { id, default_configuration: Configuration { level } })
        .collect()
}

fn notification(problem: &Problem, places: &Places<'_>) -> Notification {
    let (archive, entry) = (&problem.place.archive, &problem.place.entry);
    let place = place_text(archive, entry);
    let text =
        if place.is_empty() { problem.message.clone() } else { format!("{place}: {}", problem.message) };
    Notification {
        descriptor: Descriptor { id: problem.code.text() },
        level: level_text(problem.level()),
        message: Message::new(text),
        locations: if archive.is_empty() { Vec::new() } else { vec![places.archive(archive, entry)] },
    }
}

fn cuts(outcome: &Outcome) -> Vec<String> {
    let mut cuts = Vec::new();
    let n_findings = outcome.findings.len();
    let count = |n: usize| grouped(n as u64);
    if n_findings > MAX_RESULTS {
        let (shown, all) = (count(MAX_RESULTS), count(n_findings));
        cuts.push(format!("Only the {shown} most severe of {all} findings are in this report."));
    }
    if n_findings > KEPT_RESULTS {
        cuts.push(format!("GitHub code scanning keeps the {} most severe results.", count(KEPT_RESULTS)));
    }
    let n_cut = outcome.findings.iter().take(MAX_RESULTS).filter(|f| f.trace.len() > MAX_STEPS).count();
    if n_cut > 0 {
        let count = count(n_cut);
        cuts.push(format!("Paths were cut after {MAX_STEPS} steps; findings with a longer one: {count}."));
    }
    if outcome.problems.len() > MAX_NOTIFICATIONS {
        let (shown, all) = (count(MAX_NOTIFICATIONS), count(outcome.problems.len()));
        cuts.push(format!("Only {shown} of {all} problems are listed here."));
    }
    cuts
}
