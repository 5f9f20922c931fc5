//! The JSON report, `cotenant-report/1`: the form that scripts and other tools read.
//!
//! Keys are stable and always present, `null` where there is no value; only what differs from run to run (times,
//! memory) is left out unless it was asked for.

use super::{RenderOptions, level_text};
use crate::findings::{Finding, Hop, Location, Outcome, ScanStats, Standing, TenantInfo};
use crate::vocabulary::Problem;
use serde::{Serialize, Serializer};
use std::io;

/// The version of the report's form; grows when a key changes its meaning or goes away.
const SCHEMA: &str = "cotenant-report/1";

pub(super) fn write(outcome: &Outcome, _: &RenderOptions, out: &mut dyn io::Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &report(outcome))?;
    out.write_all(b"\n")
}

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    tool: Tool<'a>,
    deployment: Deployment<'a>,
    findings: Vec<JsonFinding<'a>>,
    diagnostics: Vec<Diagnostic<'a>>,
    stats: Stats<'a>,
}

#[derive(Serialize)]
struct Tool<'a> {
    name: &'static str,
    version: &'static str,
    rules_digest: &'a str,
}

#[derive(Serialize)]
struct Deployment<'a> {
    topology: &'a str,
    tenants: Vec<Tenant<'a>>,
}

#[derive(Serialize)]
struct Tenant<'a> {
    name: &'a str,
    kind: &'static str,
    archives: &'a [String],
    classes: usize,
}

#[derive(Serialize)]
struct JsonFinding<'a> {
    rule: &'a str,
    family: &'a str,
    severity: &'static str,
    certainty: &'static str,
    class: &'a str,
    member: &'a str,
    descriptor: &'a str,
    loader: &'a str,
    tenants: &'a [String],
    message: &'a str,
    fix: &'a str,
    location: JsonLocation<'a>,
    trace: Vec<Step<'a>>,
    related: Vec<JsonLocation<'a>>,
    fingerprint: &'a str,
    baseline: Option<&'static str>,
}

#[derive(Serialize)]
struct JsonLocation<'a> {
    archive: &'a str,
    entry: &'a str,
    source: Option<&'a str>,
    line: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
}

#[derive(Serialize)]
struct Step<'a> {
    tenant: &'a str,
    class: &'a str,
    member: &'a str,
    descriptor: &'a str,
    line: u32,
    note: &'a str,
}

#[derive(Serialize)]
struct Diagnostic<'a> {
    severity: &'static str,
    code: &'static str,
    archive: &'a str,
    entry: &'a str,
    message: &'a str,
}

#[derive(Serialize)]
struct Stats<'a> {
    archives: u64,
    classes: u64,
    methods: u64,
    call_sites: u64,
    call_edges: u64,
    field_accesses: u64,
    bytes: u64,
    #[serde(skip_serializing_if = "Phases::is_empty")]
    phases_ms: Phases<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    peak_rss_bytes: Option<u64>,
}

/// Phases as an object whose keys keep the order in which the phases ran.
struct Phases<'a>(&'a [(String, u64)]);

impl Phases<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Phases<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(phase, ms)| (phase, ms)))
    }
}

fn report(outcome: &Outcome) -> Report<'_> {
    Report {
        schema: SCHEMA,
        tool: Tool {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
            rules_digest: &outcome.rules_digest,
        },
        deployment: Deployment {
            topology: &outcome.topology,
            tenants: outcome.tenants.iter().map(tenant).collect(),
        },
        findings: outcome.findings.iter().map(finding).collect(),
        diagnostics: outcome.problems.iter().map(diagnostic).collect(),
        stats: stats(&outcome.stats),
    }
}

fn tenant(info: &TenantInfo) -> Tenant<'_> {
    Tenant {
        name: &info.name,
        kind: if info.is_base { "base" } else { "module" },
        archives: &info.archives,
        classes: info.n_classes,
    }
}

fn finding(f: &Finding) -> JsonFinding<'_> {
    JsonFinding {
        rule: &f.rule,
        family: f.rule.split('/').next().unwrap_or(""),
        severity: f.severity.text(),
        certainty: f.certainty.text(),
        class: &f.class,
        member: &f.member,
        descriptor: &f.descriptor,
        loader: &f.loader,
        tenants: &f.tenants,
        message: &f.message,
        fix: &f.fix,
        location: location(&f.location, None),
        trace: f.trace.iter().map(step).collect(),
        related: f.related.iter().map(|(at, note)| location(at, Some(note))).collect(),
        fingerprint: &f.fingerprint,
        baseline: f.standing.map(Standing::text),
    }
}

fn location<'a>(at: &'a Location, note: Option<&'a str>) -> JsonLocation<'a> {
    JsonLocation { archive: &at.archive, entry: &at.entry, source: at.source.as_deref(), line: at.line, note }
}

fn step(hop: &Hop) -> Step<'_> {
    Step {
        tenant: &hop.tenant,
        class: &hop.class,
        member: &hop.member,
        descriptor: &hop.descriptor,
        line: hop.location.line,
        note: &hop.note,
    }
}

fn diagnostic(problem: &Problem) -> Diagnostic<'_> {
    Diagnostic {
        severity: level_text(problem.level()),
        code: problem.code.text(),
        archive: &problem.place.archive,
        entry: &problem.place.entry,
        message: &problem.message,
    }
}

fn stats(stats: &ScanStats) -> Stats<'_> {
    Stats {
        archives: stats.n_archives,
        classes: stats.n_classes,
        methods: stats.n_methods,
        call_sites: stats.n_call_sites,
        call_edges: stats.n_call_edges,
        field_accesses: stats.n_field_accesses,
        bytes: stats.n_bytes,
        phases_ms: Phases(&stats.phases_ms),
        peak_rss_bytes: stats.peak_rss_bytes,
    }
}
