//! Findings as SARIF results.

use super::format::{
    CodeFlow, FlowStep, Message, ResultProperties, Rule, SarifLocation, SarifResult, ThreadFlow,
};
use super::places::{Places, logical, noted};
use crate::findings::lambda::shown;
use crate::findings::{Finding, Hop, Location, Outcome, Standing};
use crate::report::file_of;
use std::collections::BTreeMap;

/// Code review refuses files with more results.
pub(super) const MAX_RESULTS: usize = 25_000;
/// Of those it keeps that many.
pub(super) const KEPT_RESULTS: usize = 5_000;
/// Steps of one result's path; nobody follows a longer one.
pub(super) const MAX_STEPS: usize = 50;
/// Code review keeps that many locations of a result.
const MAX_RELATED: usize = 100;
/// Hex digits of our fingerprint that stand in for a line's hash.
const SHORT_FINGERPRINT: usize = 16;

/// Results of the first [`MAX_RESULTS`] findings; findings are sorted worst first.
pub(super) fn results(outcome: &Outcome, rules: &[Rule], places: &mut Places<'_>) -> Vec<SarifResult> {
    let mut results: Vec<SarifResult> =
        outcome.findings.iter().take(MAX_RESULTS).map(|f| result(f, rules, places)).collect();
    let crowd = crowded_lines(&results);
    for (result, f) in results.iter_mut().zip(&outcome.findings) {
        let alone = crowd.get(&line_key(result)) == Some(&1);
        let hash = if alone { places.line_hash(primary(f).0) } else { None };
        // Many results of a rule on one line, or on an archive's only line, would become one alert.
        let hash = hash.unwrap_or_else(|| format!("{}:1", head(&f.fingerprint, SHORT_FINGERPRINT)));
        result.partial_fingerprints.insert("primaryLocationLineHash", hash);
    }
    results
}

/// Where an alert is shown, and the hop that lies there if it is not the hazard itself: code review can only show
/// a file of the repository, and where the hazard is in a library, the code that leads to it is what can be changed.
fn primary(f: &Finding) -> (&Location, Option<&Hop>) {
    let shown = f.trace.iter().find(|hop| hop.location.source.is_some());
    match shown {
        Some(hop) if f.location.source.is_none() => (&hop.location, Some(hop)),
        _ => (&f.location, None),
    }
}

fn result(f: &Finding, rules: &[Rule], places: &mut Places<'_>) -> SarifResult {
    let (at, hop) = primary(f);
    let mut location = places.location(at);
    location.logical_locations = match hop {
        Some(hop) => logical(&hop.class, &hop.member, &hop.descriptor),
        None => logical(&f.class, &f.member, &f.descriptor),
    };
    SarifResult {
        rule_id: f.rule.clone(),
        rule_index: rules.binary_search_by(|rule| rule.id.as_str().cmp(&f.rule)).ok(),
        level: f.severity.text(),
        message: message(f),
        locations: [location],
        related_locations: related(f, hop.is_some(), places),
        code_flows: code_flows(&f.trace, places),
        partial_fingerprints: BTreeMap::from([("cotenant/v1", f.fingerprint.clone())]),
        baseline_state: f.standing.map(baseline_state),
        properties: ResultProperties {
            certainty: f.certainty.text(),
            tenants: f.tenants.clone(),
            classfile: file_of(&f.location),
        },
    }
}

/// SARIF's words (3.27.24); what is no longer found is not in a report.
fn baseline_state(standing: Standing) -> &'static str {
    match standing {
        Standing::Known => "unchanged",
        Standing::New => "new",
    }
}

fn message(f: &Finding) -> Message {
    let mut text = if f.message.trim().is_empty() { f.rule.clone() } else { f.message.trim().to_string() };
    if !f.fix.trim().is_empty() {
        text.push_str("\n\nFix: ");
        text.push_str(f.fix.trim());
    }
    Message::new(without_links(&text))
}

/// `[text](target)` is a link in a SARIF message (3.11.6); nothing that comes from a class file is to become one.
fn without_links(text: &str) -> String {
    if text.contains("](") { text.replace('[', "\\[").replace(']', "\\]") } else { text.to_string() }
}

/// Numbered from 1; the hazard first if the alert is shown elsewhere.
fn related(f: &Finding, with_hazard: bool, places: &mut Places<'_>) -> Vec<SarifLocation> {
    let hazard = with_hazard.then(|| {
        let mut location = places.location(&f.location);
        location.logical_locations = logical(&f.class, &f.member, &f.descriptor);
        location.message = Some(noted(&f.location, "the hazard"));
        location
    });
    let others = f.related.iter().map(|(at, note)| {
        let mut location = places.location(at);
        location.message = Some(noted(at, &without_links(note)));
        location
    });
    let mut all: Vec<SarifLocation> = hazard.into_iter().chain(others).take(MAX_RELATED).collect();
    for (i, location) in all.iter_mut().enumerate() {
        location.id = Some(i + 1);
    }
    all
}

/// One path in one thread: code review shows the first only, so that the tenants' steps follow one another, each
/// with its tenant's name.
fn code_flows(trace: &[Hop], places: &mut Places<'_>) -> Vec<CodeFlow> {
    if trace.is_empty() {
        return Vec::new();
    }
    let locations = trace.iter().take(MAX_STEPS).map(|hop| step(hop, places)).collect();
    vec![CodeFlow { thread_flows: [ThreadFlow { locations }] }]
}

fn step(hop: &Hop, places: &mut Places<'_>) -> FlowStep {
    let dot = if hop.class.is_empty() || hop.member.is_empty() { "" } else { "." };
    let mut text = format!("[{}] {}{dot}{}", hop.tenant, hop.class, shown(&hop.member));
    if !hop.note.is_empty() {
        text.push_str(": ");
        text.push_str(&hop.note);
    }
    let mut location = places.location(&hop.location);
    location.logical_locations = logical(&hop.class, &hop.member, &hop.descriptor);
    location.message = Some(Message::new(without_links(&text)));
    FlowStep { location }
}

/// What code review tells alerts apart by, besides the line's hash.
type LineKey = (String, String, u32);

fn line_key(result: &SarifResult) -> LineKey {
    let [location] = &result.locations;
    let place = &location.physical_location;
    (result.rule_id.clone(), place.artifact_location.uri.clone(), place.region.start_line)
}

fn crowded_lines(results: &[SarifResult]) -> BTreeMap<LineKey, usize> {
    let mut crowd = BTreeMap::new();
    for result in results {
        *crowd.entry(line_key(result)).or_insert(0) += 1;
    }
    crowd
}

fn head(text: &str, n_bytes: usize) -> &str {
    text.get(..n_bytes).unwrap_or(text)
}
