//! Findings as plain data, between the rules that make them and the reports that print them.
//!
//! A finding is self-contained: text and numbers, no id into the program, so that a report, a baseline or another
//! process can hold it after the program is gone.
//! May import: vocabulary

pub mod fingerprint;
pub mod lambda;

use crate::vocabulary::Problem;

/// What happens when the hazard strikes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Severity {
    /// Breaks another tenant or leaks the module.
    Error,
    /// Breaks under conditions that are common.
    Warning,
    /// Worth knowing.
    Note,
}

impl Severity {
    /// As written in rules and reports.
    pub fn text(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
    }
}

/// How sure the scanner is that the hazard can strike.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Certainty {
    /// Proved from the deployment's own bytes.
    Certain,
    /// Holds unless a framework or reflection does something that bytecode does not show.
    Likely,
    /// A known-bad shape without proof that a second tenant reaches it.
    Possible,
}

impl Certainty {
    /// As written in rules and reports.
    pub fn text(self) -> &'static str {
        match self {
            Certainty::Certain => "certain",
            Certainty::Likely => "likely",
            Certainty::Possible => "possible",
        }
    }
}

/// Whether an earlier report, the baseline, lists a finding.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Standing {
    /// It does.
    Known,
    /// It does not.
    New,
}

impl Standing {
    /// As written in reports.
    pub fn text(self) -> &'static str {
        match self {
            Standing::Known => "known",
            Standing::New => "new",
        }
    }
}

/// A place in an archive, and in the source if it was found.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Location {
    /// Display path of the archive (`base.jar!/BOOT-INF/lib/x-1.2.jar`).
    pub archive: String,
    /// Whether the archive is a folder, so that the entry is a file in it.
    pub is_in_folder: bool,
    /// The class file's entry name.
    pub entry: String,
    /// `SourceFile` of the class file, without a folder; `None` if the class has none.
    pub source_file: Option<String>,
    /// Path of the source file relative to the working folder; filled in by the source resolver.
    pub source: Option<String>,
    /// Line in the source, from 1; 0 when the class file has no line table.
    pub line: u32,
}

/// One step of a trace, from a tenant's code to the hazard.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Hop {
    /// The tenant on whose behalf this step runs, or that defines the class.
    pub tenant: String,
    /// Binary name with dots.
    pub class: String,
    /// Method or field name.
    pub member: String,
    /// Its descriptor.
    pub descriptor: String,
    /// What happens here, for people.
    pub note: String,
    /// Where it is.
    pub location: Location,
}

/// One hazard in one deployment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// Rule id, `family/short-name`.
    pub rule: String,
    /// What happens when it strikes.
    pub severity: Severity,
    /// How sure it is.
    pub certainty: Certainty,
    /// Binary name of the class concerned, with dots, `$` for nested.
    pub class: String,
    /// Field or method name; empty for the class itself.
    pub member: String,
    /// The member's descriptor; empty for the class.
    pub descriptor: String,
    /// The tenant whose loader defines the class.
    pub loader: String,
    /// The tenants concerned, sorted; `*` alone when the base was scanned open world.
    pub tenants: Vec<String>,
    /// One or two sentences; the first stands alone as a title.
    pub message: String,
    /// How to mend it.
    pub fix: String,
    /// The place of the hazard.
    pub location: Location,
    /// From the tenants' code to the hazard: one run of steps per tenant, in the order of `tenants`.
    pub trace: Vec<Hop>,
    /// Other places that matter, each with a note.
    pub related: Vec<(Location, String)>,
    /// A name within the member that survives recompilation and line shifts, such as the target of the call;
    /// goes into the fingerprint, not into reports.
    pub anchor: String,
    /// Stable identity across scans; 32 hex digits.
    pub fingerprint: String,
    /// Whether the baseline lists it; `None` when the scan had no baseline.
    pub standing: Option<Standing>,
}

impl Finding {
    /// Whether the baseline lists it, so that it does not fail the gate.
    pub fn is_known(&self) -> bool {
        self.standing == Some(Standing::Known)
    }
}

/// A rule as a report shows it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RuleMeta {
    /// `family/short-name`.
    pub id: String,
    /// One line.
    pub title: String,
    /// The severity a finding of it has unless one of the rule's cases says otherwise.
    pub severity: Option<Severity>,
    /// Why it goes wrong, Markdown.
    pub why: String,
    /// How to mend it, Markdown.
    pub fix: String,
    /// Links.
    pub references: Vec<String>,
    /// The path of its file, as it was given; empty if it comes with the program.
    pub file: String,
}

/// One tenant of the deployment, for reports.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TenantInfo {
    /// Its name.
    pub name: String,
    /// Whether it is the base.
    pub is_base: bool,
    /// Display paths of what its loader loads, in class path order.
    pub archives: Vec<String>,
    /// Number of classes its loader defines.
    pub n_classes: usize,
}

/// Counts of what was scanned. All are numbers of things, `bytes` is the sum of the class files' lengths.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ScanStats {
    /// Archives and folders, nested ones included.
    pub n_archives: u64,
    /// Class files read.
    pub n_classes: u64,
    /// Declared methods.
    pub n_methods: u64,
    /// Invoke instructions.
    pub n_call_sites: u64,
    /// Edges of the call graph.
    pub n_call_edges: u64,
    /// Field instructions.
    pub n_field_accesses: u64,
    /// Total length of the class files.
    pub n_bytes: u64,
    /// Wall time of each phase in milliseconds, in order; only with `--stats`.
    pub phases_ms: Vec<(String, u64)>,
    /// Peak resident memory in bytes; only with `--stats`.
    pub peak_rss_bytes: Option<u64>,
    /// Classes whose source file was found and classes looked for; only with source roots.
    pub sources_resolved: Option<(u64, u64)>,
}

/// Everything a report says about one scan.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Outcome {
    /// The container's name (`sofa-ark`, …).
    pub topology: String,
    /// Base first, then the modules in the order they were given.
    pub tenants: Vec<TenantInfo>,
    /// Sorted by severity, certainty, rule, class, member, descriptor, line, fingerprint.
    pub findings: Vec<Finding>,
    /// Sorted.
    pub problems: Vec<Problem>,
    /// All rules that were applied, sorted by id.
    pub rules: Vec<RuleMeta>,
    /// Digest of the applied rule set, hex.
    pub rules_digest: String,
    /// Counts.
    pub stats: ScanStats,
    /// Findings left out because a suppression of the configuration or an annotation names them.
    pub n_suppressed: usize,
}

impl Outcome {
    /// How many of the findings the baseline lists.
    pub fn n_known(&self) -> usize {
        self.findings.iter().filter(|finding| finding.is_known()).count()
    }

    /// Puts findings and problems into the order reports rely on, and drops exact repetitions.
    pub fn sort(&mut self) {
        self.findings.sort_by(|a, b| finding_order(a).cmp(&finding_order(b)));
        self.findings.dedup();
        self.problems.sort();
        self.problems.dedup();
    }
}

type Order<'a> = (Severity, Certainty, &'a str, &'a str, &'a str, &'a str, u32, &'a str, &'a str);

fn finding_order(f: &Finding) -> Order<'_> {
    (
        f.severity,
        f.certainty,
        &f.rule,
        &f.class,
        &f.member,
        &f.descriptor,
        f.location.line,
        &f.message,
        &f.fingerprint,
    )
}
