//! A made-up outcome: nested archives, blanks and non-ASCII letters in paths, Kotlin, constructors, several
//! tenants and none, places without sources or lines, a class named to attack terminals.

use cotenant::findings::{
    Certainty, Finding, Hop, Location, Outcome, RuleMeta, ScanStats, Severity, Standing, TenantInfo,
    fingerprint,
};
use cotenant::report::{RenderOptions, render};
use cotenant::vocabulary::{Problem, ProblemCode};
use std::path::Path;

pub(crate) const REGISTRY_JAR: &str = "shop base/base-1.0.jar!/BOOT-INF/lib/registry-1.2.jar";
pub(crate) const ORDERS_JAR: &str = "orders/target/orders-1.0-ark-biz.jar";

/// The report as text; the tool's version is replaced, so that snapshots outlive releases.
pub(crate) fn rendered(format: &str, outcome: &Outcome, options: &RenderOptions) -> String {
    let mut bytes = Vec::new();
    render(format, outcome, options, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap().replace(env!("CARGO_PKG_VERSION"), "[version]")
}

/// The sample, as a scan with a baseline that lists its errors of one rule.
pub(crate) fn with_baseline() -> Outcome {
    let mut outcome = outcome();
    for f in &mut outcome.findings {
        let is_known = f.rule == "static-sharing/overwritten-static";
        f.standing = Some(if is_known { Standing::Known } else { Standing::New });
    }
    outcome
}

pub(crate) fn at(archive: &str, entry: &str, source: Option<&str>, line: u32) -> Location {
    let source_file = source.and_then(|path| path.rsplit('/').next()).map(str::to_string);
    Location {
        archive: archive.into(),
        is_in_folder: false,
        entry: entry.into(),
        source_file,
        source: source.map(str::to_string),
        line,
    }
}

pub(crate) fn hop(tenant: &str, class: &str, member: &str, note: &str, location: Location) -> Hop {
    Hop {
        tenant: tenant.into(),
        class: class.into(),
        member: member.into(),
        descriptor: "()V".into(),
        note: note.into(),
        location,
    }
}

pub(crate) fn finding(
    rule: &str,
    severity: Severity,
    class: &str,
    member: &str,
    descriptor: &str,
) -> Finding {
    Finding {
        rule: rule.into(),
        severity,
        certainty: Certainty::Certain,
        class: class.into(),
        member: member.into(),
        descriptor: descriptor.into(),
        loader: "base".into(),
        tenants: vec!["billing".into(), "orders".into()],
        message: format!("`{member}` is shared."),
        fix: "Keep it per tenant.".into(),
        location: Location::default(),
        trace: Vec::new(),
        related: Vec::new(),
        anchor: String::new(),
        fingerprint: String::new(),
        standing: None,
    }
}

/// Source files that the sample's locations name, written below `base`.
pub(crate) fn write_sources(base: &Path) {
    let files = [
        (
            "orders/src/main/java/com/acme/orders/Boot.java",
            "package com.acme.orders;\n\nclass Boot {\n\tvoid init() {\n\t\tRegistry.set(new Conf(\"orders\"));\n\t}\n}\n",
        ),
        (
            "my app/src/main/kotlin/Größe.kt",
            "package com.acme.größe\n\nclass Größe {\n    val pool = newCachedThreadPool() // \u{1b}[2J\n}\n",
        ),
    ];
    for (path, text) in files {
        let path = base.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

pub(crate) fn outcome() -> Outcome {
    let mut outcome = Outcome {
        topology: "sofa-ark".into(),
        tenants: vec![
            tenant("base", true, &["shop base/base-1.0.jar", REGISTRY_JAR], 3021),
            tenant("orders", false, &[ORDERS_JAR], 300),
            tenant("billing", false, &["billing/target/billing.jar"], 135),
        ],
        findings: vec![overwritten(), cached(), threads(), missing_class(), open_world()],
        problems: problems(),
        rules: rules(),
        rules_digest: "0f1e2d3c".into(),
        stats: ScanStats {
            n_archives: 12,
            n_classes: 3456,
            n_methods: 31_234,
            n_call_sites: 123_456,
            n_call_edges: 234_567,
            n_field_accesses: 45_678,
            n_bytes: 9_876_543,
            sources_resolved: Some((812, 840)),
            ..ScanStats::default()
        },
        n_suppressed: 2,
    };
    outcome.sort();
    fingerprint::assign(&mut outcome.findings);
    outcome
}

fn tenant(name: &str, is_base: bool, archives: &[&str], n_classes: usize) -> TenantInfo {
    let archives = archives.iter().map(ToString::to_string).collect();
    TenantInfo { name: name.into(), is_base, archives, n_classes }
}

/// The hazard lies in a library without sources, the steps to it in the modules.
fn overwritten() -> Finding {
    let rule = "static-sharing/overwritten-static";
    let mut f = finding(rule, Severity::Error, "com.acme.base.Registry", "current", "Lcom/acme/Conf;");
    let entry = "com/acme/base/Registry.class";
    f.message = "Static field `current` of `com.acme.base.Registry` is written on behalf of `billing` and \
                 `orders`. Whichever writes last decides for both."
        .into();
    f.fix = "Keep one value per tenant, keyed by the caller's class loader, and drop it when the module is \
             uninstalled."
        .into();
    f.location = at(REGISTRY_JAR, entry, None, 42);
    f.location.source_file = Some("Registry.java".into());
    let java = "orders/src/main/java/com/acme/orders/Boot.java";
    let set =
        |tenant: &str| hop(tenant, "com.acme.base.Registry", "set", "writes `current`", f.location.clone());
    f.trace = vec![
        hop(
            "billing",
            "com.acme.billing.MainKt",
            "main",
            "entry point",
            at("billing/target/billing.jar", "com/acme/billing/MainKt.class", None, 7),
        ),
        set("billing"),
        hop(
            "orders",
            "com.acme.orders.Boot",
            "init",
            "calls `Registry.set`",
            at(ORDERS_JAR, "com/acme/orders/Boot.class", Some(java), 5),
        ),
        set("orders"),
    ];
    f.related = vec![(at(REGISTRY_JAR, entry, None, 50), "read here".into())];
    f
}

/// The same rule again; more steps than fit beside their notes.
fn cached() -> Finding {
    let mut f = overwritten();
    f.member = "cache".into();
    f.descriptor = "Ljava/util/Map;".into();
    f.message =
        "Static field `cache` of `com.acme.base.Registry` is written on behalf of `billing` and `orders`."
            .into();
    f.trace.truncate(2);
    f.trace[0].member = "aMethodWithANameThatIsLongerThanAnybodyWouldEverWriteByHand".into();
    f.trace[1].note =
        "writes `cache`, which every later caller reads without knowing whose value it is".into();
    f.related = (1..=7)
        .map(|line| (at(REGISTRY_JAR, "com/acme/base/Registry.class", None, line), "read".into()))
        .collect();
    f
}

fn threads() -> Finding {
    let mut f = finding(
        "resource/unstopped-executor",
        Severity::Warning,
        "com.acme.größe.Größe",
        "<init>",
        "(Ljava/util/Map;[I)V",
    );
    f.certainty = Certainty::Likely;
    f.loader = "größe".into();
    f.tenants = vec!["größe".into()];
    f.message = "The executor that the constructor starts is never stopped.".into();
    f.fix = "Call `shutdown()` when the module stops.".into();
    f.location = at(
        "my app/target/größe.jar",
        "com/acme/größe/Größe.class",
        Some("my app/src/main/kotlin/Größe.kt"),
        4,
    );
    f
}

/// A class name that would clear the screen, and no class file to point at.
fn missing_class() -> Finding {
    let mut f = finding("linkage/missing-class", Severity::Error, "evil.\u{1b}[2J\u{202e}Name", "", "");
    f.tenants = vec!["orders".into()];
    f.message =
        "Class `evil.\u{1b}[2J\u{202e}Name` is not found [from here](1).\u{7}\nIts users fail.".into();
    f.location = at(ORDERS_JAR, "", None, 0);
    f
}

fn open_world() -> Finding {
    let mut f = finding(
        "classloader/own-loader-lookup",
        Severity::Note,
        "com.acme.base.Names",
        "find",
        "(Ljava/lang/String;)Ljava/lang/Class;",
    );
    f.certainty = Certainty::Possible;
    f.tenants = vec!["*".into()];
    f.location = at("shop base/base-1.0.jar", "BOOT-INF/classes/com/acme/base/Names.class", None, 0);
    f
}

fn problems() -> Vec<Problem> {
    vec![
        Problem::new(ProblemCode::CorruptEntry, REGISTRY_JAR, "a/B.class", "checksum is 1f, 2e was declared"),
        Problem::new(ProblemCode::AnalysisBound, "", "", "call graph: 3 sites have more than 256 targets"),
        Problem::new(ProblemCode::DuplicateClass, "shop base/base-1.0.jar", "a/C.class", "also in x.jar"),
    ]
}

fn rules() -> Vec<RuleMeta> {
    let meta = |id: &str, title: &str, severity, why: &str| RuleMeta {
        id: id.into(),
        title: title.into(),
        severity: Some(severity),
        why: why.into(),
        fix: "Keep it per tenant.".into(),
        references: vec!["JLS 8.3.1.1".into(), "https://docs.oracle.com/javase/specs/".into()],
        file: String::new(),
    };
    vec![
        meta("classloader/own-loader-lookup", "Own loader used for lookup", Severity::Note, ""),
        meta(
            "linkage/missing-class",
            "Class is not found",
            Severity::Error,
            "The view has no such class. Linking fails.\n\nMore.",
        ),
        RuleMeta { id: "resource/bare".into(), ..RuleMeta::default() },
        meta(
            "resource/unstopped-executor",
            "Executor is never stopped",
            Severity::Warning,
            "Its threads keep the module's loader alive.",
        ),
        meta(
            "static-sharing/overwritten-static",
            "Static is overwritten by several tenants",
            Severity::Error,
            "A static belongs to the defining loader,\nnot to a tenant. All tenants share it.\n\nDetails.",
        ),
    ]
}
