//! Two web applications in a real Tomcat: it defines the classes, finds the resources and leaves behind what cotenant
//! says. Without Tomcat's jars or a JDK the tests say that they are skipped.
#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

mod cli_process;
mod tomcat_support;

use cotenant::engine::ingest::Input;
use cotenant::engine::{DeploymentRequest, ModuleRequest, View, look};
use cotenant::topology::{Options, PathElement};
use cotenant::vocabulary::LoaderId;
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use tomcat_support::{APPLICATIONS, FIXTURE, Line, Tomcat};

const CLASSES: [&str; 18] = [
    "com.acme.Nothing",
    "com.acme.billing.Till",
    "com.acme.format.Formatter",
    "com.acme.format.PlainFormatter",
    "com.acme.orders.Basket",
    "com.acme.tax.TaxTable",
    "com.acme.text.Labels",
    "com.acme.text.Plurals",
    "jakarta.servlet.Servlet",
    "jakarta.servlet.ServletContextListener",
    "jakarta.servlet.jsp.jstl.core.Config",
    "java.lang.String",
    "javax.annotation.Nonnull",
    "javax.sql.DataSource",
    "org.apache.catalina.startup.Tomcat",
    "org.apache.juli.logging.Log",
    "org.apache.tomcat.jdbc.pool.PoolUtilities",
    "org.w3c.dom.Node",
];

const RESOURCES: [&str; 6] = [
    "META-INF/services/com.acme.format.Formatter",
    "WEB-INF/web.xml",
    "com/acme/Nothing.txt",
    "com/acme/tax/rates.properties",
    "labels.properties",
    "org/apache/catalina/core/mbeans-descriptors.xml",
];

const SERVICE: &str = "com.acme.format.Formatter";

/// What a rule says is left, as the driver calls it.
const LEFT: [(&str, &[&str]); 15] = [
    ("classloader/context-loader-captured-by-thread", &["thread"]),
    ("classloader/context-loader-kept-by-delay-thread", &["thread"]),
    ("classloader/loader-retained-by-static", &["static"]),
    ("resource/client-never-closed", &["thread"]),
    ("resource/executor-never-shut-down", &["thread"]),
    ("resource/jdbc-driver-not-deregistered", &["driver"]),
    (
        "resource/listener-never-removed",
        &["log-handler", "notification-listener", "provider", "remote-object", "static"],
    ),
    ("resource/mbean-not-unregistered", &["mbean"]),
    ("resource/object-kept-by-shared-static", &["static"]),
    ("resource/shutdown-hook-from-module", &["hook"]),
    ("resource/task-left-on-shared-scheduler", &["task"]),
    ("resource/thread-local-never-removed", &["thread-local"]),
    ("resource/thread-outlives-module", &["thread"]),
    ("resource/timer-never-cancelled", &["timer"]),
    ("static-sharing/default-handler-replaced", &["default-handler"]),
];

/// What is said and does not happen. A test fails when something of it is no longer said, so that the list only
/// shrinks.
const MISTAKEN: [(&str, &str, &str); 0] = [];

fn tomcat() -> Option<Tomcat> {
    match Tomcat::new() {
        Ok(tomcat) => Some(tomcat),
        Err(reason) => {
            // Written past the harness, which keeps what a passing test prints.
            let _ = writeln!(std::io::stderr(), "skipped: {reason}");
            None
        }
    }
}

#[test]
fn tomcat_and_cotenant_take_classes_and_resources_from_the_same_archives() {
    let Some(tomcat) = tomcat() else { return };
    for delegate in [false, true] {
        let probes = CLASSES.map(|name| format!("class:{name}")).into_iter();
        let probes = probes.chain(RESOURCES.map(|name| format!("resource:{name}")));
        let probes = probes.chain(RESOURCES.map(|name| format!("resources:{name}")));
        let probes: Vec<String> = probes.chain([format!("service:{SERVICE}")]).collect();
        let seen = tomcat.run("resolve", Some(&format!("delegate={delegate}")), &probes).unwrap();
        let options = Options { delegate, ..Options::default() };
        let said = look(&deployment(&tomcat, options), |view| answers(view, &seen)).unwrap().unwrap();
        let asked = seen.iter().filter(|line| line.len() == 4);
        let wrong: Vec<String> = asked
            .zip(&said)
            .filter(|(line, said)| line[3] != **said)
            .map(|(line, said)| format!("{}: cotenant says {said}", line.join(" ")))
            .collect();
        assert_eq!(said.len(), APPLICATIONS.len() * probes.len());
        assert!(wrong.is_empty(), "delegate={delegate}\n{}", wrong.join("\n"));
    }
}

/// Tomcat's own jar is on the common path, as it is in Tomcat.
fn deployment(tomcat: &Tomcat, options: Options) -> DeploymentRequest {
    let fixture = Path::new(FIXTURE);
    let mut paths: Vec<PathBuf> = vec![fixture.join("base.jar"), tomcat.jar.clone()];
    paths.extend(APPLICATIONS.map(|name| fixture.join(format!("{name}.war"))));
    let modules = APPLICATIONS.into_iter().zip(2..);
    DeploymentRequest {
        inputs: paths.into_iter().map(|path| Input { display: path.display().to_string(), path }).collect(),
        base: vec![0, 1],
        modules: modules
            .map(|(name, i)| ModuleRequest { name: Some(name.to_owned()), inputs: vec![i] })
            .collect(),
        container: Some("tomcat".to_owned()),
        options,
        ..DeploymentRequest::default()
    }
}

/// What cotenant says to what Tomcat was asked.
fn answers(view: &View<'_>, seen: &[Line]) -> Vec<String> {
    let topology = view.program.topology;
    let asked = seen.iter().filter(|line| line.len() == 4);
    asked
        .map(|line| {
            let tenant = topology.tenants.iter().find(|tenant| tenant.name == line[1]).unwrap();
            match line[0].as_str() {
                "class" => definer(view, tenant.loader, &line[2]),
                "resource" => resources(view, tenant.loader, &line[2]).0,
                "resources" => resources(view, tenant.loader, &line[2]).1,
                _ => {
                    let services =
                        resources(view, tenant.loader, &format!("META-INF/services/{}", line[2])).1;
                    let providers = line[3].split(',').map(|name| definer(view, tenant.loader, name));
                    let providers: Vec<String> = providers.collect();
                    // Each archive names one provider, which it holds; the order is that of the archives.
                    if services == providers.join(",") { line[3].clone() } else { services }
                }
            }
        })
        .collect()
}

fn definer(view: &View<'_>, loader: LoaderId, class: &str) -> String {
    match view.program.find_text(loader, &class.replace('.', "/")) {
        None => "nobody".to_owned(),
        Some(class) if view.program.is_jdk(class) => "jdk".to_owned(),
        Some(class) => place(view, view.program.archive_of(class)),
    }
}

/// What `getResource` and `getResources` yield.
fn resources(view: &View<'_>, loader: LoaderId, name: &str) -> (String, String) {
    let topology = view.program.topology;
    let holds = |element: &PathElement, name: &str| element.has_resource(&view.arranged.archives, name);
    let first = topology.find_resource(loader, name, &holds);
    let all: Vec<String> =
        topology.find_resources(loader, name, &holds).iter().map(|hit| place(view, hit.archive)).collect();
    (first.map_or_else(|| "nobody".to_owned(), |hit| place(view, hit.archive)), all.join(","))
}

/// `labels.jar in billing.war`, as the driver writes it.
fn place(view: &View<'_>, archive: usize) -> String {
    let names: Vec<&str> = view.arranged.archives[archive]
        .path
        .rsplit("!/")
        .map(|path| path.rsplit('/').next().unwrap_or(path))
        .collect();
    names.join(" in ")
}

/// A finding about something that is left.
struct Finding {
    rule: String,
    is_certain: bool,
    /// A note that is not sure of itself. What is certain and goes by itself after a while is a note, too.
    is_guess: bool,
    kinds: &'static [&'static str],
}

#[test]
fn what_tomcat_can_not_release_is_what_cotenant_finds() {
    let Some(tomcat) = tomcat() else { return };
    let seen = tomcat.run("leave", None, &[]).unwrap();
    let report = scan(&tomcat);
    let kept: Vec<&Line> = seen.iter().filter(|line| line[0] == "kept").collect();
    let mut wrong = Vec::new();
    let mut mistaken = Vec::new();
    for line in &kept {
        let listener = line[2].as_str();
        let findings = findings_of(&report, &line[1], listener);
        let held = |when: &str| -> BTreeSet<&str> {
            seen.iter().filter(|l| l[0] == when && l[2] == listener).map(|l| l[3].as_str()).collect()
        };
        let is_mistaken =
            |f: &&Finding| MISTAKEN.iter().any(|(name, rule, _)| *name == listener && *rule == f.rule);
        if line[3] == "true" {
            wrong.extend(missing(&findings, &held("after")).map(|what| format!("{listener}: {what}")));
        } else {
            mistaken
                .extend(findings.iter().filter(is_mistaken).map(|f| (listener.to_owned(), f.rule.clone())));
            let said = findings.iter().filter(|f| !is_mistaken(f));
            wrong.extend(said.map(|f| format!("{listener}: {} does not happen", f.rule)));
        }
        if held("before").is_empty() && listener.starts_with("com.acme.billing.") {
            wrong.push(format!("{listener}: holds nothing"));
        }
    }
    assert_eq!(kept.len(), n_listeners());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let listed = MISTAKEN.map(|(listener, rule, _)| (listener.to_owned(), rule.to_owned()));
    assert_eq!(mistaken, listed, "what is said and does not happen");
}

/// What is left and not found, or found and not left.
fn missing(findings: &[Finding], left: &BTreeSet<&str>) -> impl Iterator<Item = String> {
    let unnamed = left.iter().filter(|kind| !findings.iter().any(|f| !f.is_guess && f.kinds.contains(kind)));
    let unseen = findings.iter().filter(|f| f.is_certain && !f.kinds.iter().any(|kind| left.contains(kind)));
    let mut wrong: Vec<String> = unnamed.map(|kind| format!("its {kind} is not found")).collect();
    wrong.extend(unseen.map(|f| format!("{} leaves nothing", f.rule)));
    if findings.iter().all(|f| f.is_guess) {
        wrong.push("nothing is found".to_owned());
    }
    wrong.into_iter()
}

fn scan(tomcat: &Tomcat) -> Value {
    let base = format!("{FIXTURE}/base.jar");
    let modules = APPLICATIONS.map(|name| format!("{name}={FIXTURE}/{name}.war"));
    let mut arguments =
        vec!["scan", "--topology", "tomcat", "--format", "json", "--fail-on", "never", "--quiet"];
    arguments.extend(["--base", &base, "--base", cli_process::text(&tomcat.jar)]);
    arguments.extend(modules.iter().flat_map(|module| ["--module", module]));
    let said = cli_process::run(&arguments);
    assert_eq!(said.code, 0, "{}", said.stderr);
    serde_json::from_str(&said.stdout).unwrap()
}

/// What is found in a listener, or on its way into shared code.
fn findings_of(report: &Value, application: &str, listener: &str) -> Vec<Finding> {
    let is_own = |class: &Value| {
        class
            .as_str()
            .and_then(|c| c.strip_prefix(listener))
            .is_some_and(|c| c.is_empty() || c.starts_with('$'))
    };
    let is_on_the_way = |step: &Value| step["tenant"] == application && is_own(&step["class"]);
    let findings = report["findings"].as_array().unwrap().iter();
    let own = findings.filter(|f| {
        f["tenants"].as_array().unwrap().iter().any(|t| t == application)
            && (is_own(&f["class"]) || f["trace"].as_array().unwrap().iter().any(is_on_the_way))
    });
    own.filter_map(|f| {
        let rule = f["rule"].as_str().unwrap().to_owned();
        let (_, kinds) = LEFT.iter().find(|(name, _)| *name == rule)?;
        let is_certain = f["certainty"] == "certain";
        let is_guess = f["severity"] == "note" && !is_certain;
        Some(Finding { rule, is_certain, is_guess, kinds })
    })
    .collect()
}

fn n_listeners() -> usize {
    let texts =
        APPLICATIONS.map(|name| std::fs::read_to_string(format!("{FIXTURE}/src/{name}/WEB-INF/web.xml")));
    texts.into_iter().map(|text| text.unwrap().matches("<listener-class>").count()).sum()
}
