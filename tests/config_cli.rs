//! The command line, and how it joins a configuration.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests may fail")]

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use cotenant::cli::args::{
    Arguments, ColorChoice, Command, InspectCommand, JdkModelCommand, ListFormat, RulesCommand, ScanArguments,
};
use cotenant::cli::config::{FailOn, Jdk};
use cotenant::cli::{Plan, PlanError};
use std::path::PathBuf;

fn parse(line: &str) -> Command {
    Arguments::try_parse_from(words(line)).unwrap_or_else(|error| panic!("{line}: {error}")).command
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    std::iter::once("cotenant").chain(line.split_whitespace())
}

fn scan(line: &str) -> ScanArguments {
    match parse(&format!("scan {line}")) {
        Command::Scan(arguments) => *arguments,
        other => panic!("{other:?}"),
    }
}

fn plan(line: &str) -> Plan {
    Plan::new(&scan(line)).unwrap_or_else(|error| panic!("{line}: {error}"))
}

#[test]
fn the_command_line_is_consistent() {
    Arguments::command().debug_assert();
}

#[test]
fn defaults_are_those_of_the_documentation() {
    let plan = plan("deploy");
    assert_eq!(plan.inputs.paths, [PathBuf::from("deploy")]);
    assert_eq!((plan.fail_on, plan.format.as_str(), plan.color), (FailOn::Error, "text", ColorChoice::Auto));
    assert!(plan.progress && !plan.quiet && !plan.stats && !plan.strict);
    assert!(plan.threads.is_none() && plan.baseline.is_none() && plan.inputs.topology.container.is_none());
    assert!(plan.outputs.is_empty() && plan.only.is_empty() && plan.suppressions.is_empty());
}

#[test]
fn every_option_of_scan_arrives_in_the_plan() {
    let plan = plan(
        "p --base b1 --base b2 --module orders=o.jar --module m.jar --module orders=o2.jar --topology tomcat \
         --rules r1 --rules r2 --only static-sharing/* --skip linkage/** --jdk /opt/jdk --jdk-release 8 --source-root src \
         --baseline old.json --fail-on never --format json --output sarif=a.sarif --output html=b=c.html \
         --threads 3 --quiet --color never --stats --strict --max-entry-size 64M --max-depth 2 --max-ratio 100 \
         --max-total-size 1G --max-nested-size 5k --max-entries 9",
    );
    let inputs = &plan.inputs;
    assert_eq!(inputs.base, [PathBuf::from("b1"), PathBuf::from("b2")]);
    assert_eq!(inputs.modules.len(), 2);
    assert_eq!(inputs.modules[0].name.as_deref(), Some("orders"));
    assert_eq!(inputs.modules[0].paths, [PathBuf::from("o.jar"), PathBuf::from("o2.jar")]);
    assert_eq!(inputs.modules[1].name, None);
    assert_eq!(inputs.topology.container.as_deref(), Some("tomcat"));
    assert_eq!((&inputs.jdk, inputs.jdk_release), (&Some(Jdk::Home("/opt/jdk".into())), Some(8)));
    assert_eq!(inputs.source_roots, [PathBuf::from("src")]);
    assert_eq!((inputs.limits.max_entry_size, inputs.limits.max_depth), (Some(64 << 20), Some(2)));
    assert_eq!((inputs.limits.max_ratio, inputs.limits.max_total_size), (Some(100), Some(1 << 30)));
    assert_eq!((inputs.limits.max_nested_size, inputs.limits.max_entries), (Some(5 << 10), Some(9)));
    assert_eq!(plan.rule_paths.len(), 2);
    assert_eq!(
        (plan.only.as_slice(), plan.skip.as_slice()),
        (&["static-sharing/*".into()][..], &["linkage/**".into()][..])
    );
    assert_eq!(plan.baseline, Some("old.json".into()));
    assert_eq!((plan.fail_on, plan.format.as_str(), plan.threads), (FailOn::Never, "json", Some(3)));
    let outputs = [("sarif".to_owned(), "a.sarif".into()), ("html".to_owned(), "b=c.html".into())];
    assert_eq!(plan.outputs, outputs);
    assert!(plan.quiet && !plan.progress && plan.stats && plan.strict && plan.color == ColorChoice::Never);
}

#[test]
fn an_equals_sign_after_a_slash_is_part_of_the_path() {
    let modules = scan("--module ./a=b.jar --module n=x/a=b.jar").deployment.module;
    assert_eq!((modules[0].name.as_deref(), modules[0].path.to_str()), (None, Some("./a=b.jar")));
    assert_eq!((modules[1].name.as_deref(), modules[1].path.to_str()), (Some("n"), Some("x/a=b.jar")));
}

#[test]
fn bad_usage_is_told_apart_from_a_question_for_help() {
    for line in [
        "",
        "scna",
        "scan --fail-on bad",
        "scan --topology osgi",
        "scan --module",
        "scan --module =x",
        "scan --module a=",
        "scan --module base=x",
        "scan --output sarif",
        "scan --output =x",
        "scan --output sarif=",
        "scan --threads 0",
        "scan --threads x",
        "scan --only [",
        "scan --max-depth deep",
        "scan --color sometimes",
        "scan --unknown",
        "rules explain",
        "rules check",
        "inspect resolve",
        "jdk-model make",
        "completions tcsh",
    ] {
        let error = Arguments::try_parse_from(words(line)).expect_err(line);
        assert_eq!(error.exit_code(), 2, "{line}");
    }
    for line in ["--help", "scan --help", "scan -h", "--version", "rules --help", "inspect resolve --help"] {
        let error = Arguments::try_parse_from(words(line)).expect_err(line);
        assert!(matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion), "{line}");
        assert_eq!(error.exit_code(), 0, "{line}");
    }
}

#[test]
fn the_other_commands_are_understood() {
    assert!(matches!(
        parse("rules list --format json"),
        Command::Rules(RulesCommand::List { format: ListFormat::Json, .. })
    ));
    assert!(
        matches!(parse("rules explain a/b"), Command::Rules(RulesCommand::Explain { rule, .. }) if rule == "a/b")
    );
    assert!(
        matches!(parse("rules check x y"), Command::Rules(RulesCommand::Check { paths }) if paths.len() == 2)
    );
    assert!(matches!(parse("rules test x"), Command::Rules(RulesCommand::Test { .. })));
    assert!(matches!(parse("rules schema"), Command::Rules(RulesCommand::Schema)));
    let resolve = parse("inspect resolve a.B deploy --from orders --topology flat");
    let Command::Inspect(InspectCommand::Resolve { class, from, deployment }) = resolve else { panic!() };
    assert_eq!((class.as_str(), from.as_str(), deployment.paths.len()), ("a.B", "orders", 1));
    assert!(matches!(parse("inspect loaders x"), Command::Inspect(InspectCommand::Loaders { .. })));
    for line in ["class a.B x", "callers a.B.c x", "callees a.B.c() x", "writers a.B.c x"] {
        assert!(matches!(parse(&format!("inspect {line}")), Command::Inspect(_)), "{line}");
    }
    assert!(matches!(
        parse("jdk-model make --jdk j -o m"),
        Command::JdkModel(JdkModelCommand::Make { jdk, .. }) if jdk.as_os_str() == "j"
    ));
    assert!(matches!(parse("completions bash"), Command::Completions { .. }));
    assert!(matches!(parse("man"), Command::Man));
}

#[test]
fn help_teaches_examples_and_exit_codes() {
    let mut command = Arguments::command();
    assert!(command.render_long_help().to_string().contains("3  not scanned whole"));
    let scan = command.find_subcommand_mut("scan").unwrap();
    let long = scan.render_long_help().to_string();
    for part in ["Examples:", "--max-entry-size", "SOFAArk", "recognised from the archives"] {
        assert!(long.contains(part), "{part}\n{long}");
    }
    assert!(!scan.render_help().to_string().contains("--max-entry-size"), "the short help stays short");
}

#[test]
fn completions_and_manual_can_be_made() {
    let mut script = Vec::new();
    clap_complete::generate(clap_complete::Shell::Bash, &mut Arguments::command(), "cotenant", &mut script);
    assert!(String::from_utf8(script).unwrap().contains("--source-root"));
    let mut page = Vec::new();
    clap_mangen::Man::new(Arguments::command()).render(&mut page).unwrap();
    assert!(String::from_utf8(page).unwrap().contains("cotenant"));
}

#[test]
fn a_configuration_is_named_by_itself_or_by_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cotenant.yaml");
    let text = "topology: tomcat\nbase: base.jar\nmodules: {a: a.war}\nfail-on: note\nonly: x/*\nskip: y/*\njdk: 11\n\
                limits: {max-depth: 3, max-ratio: 7}\nsuppressions: [{rule: a/b, reason: r}]\n";
    std::fs::write(&file, text).unwrap();
    for path in [folder.path(), &file] {
        let plan = plan(&path.display().to_string());
        assert!(plan.inputs.paths.is_empty());
        assert_eq!(plan.inputs.base, [folder.path().join("base.jar")]);
        assert_eq!(plan.inputs.modules[0].name.as_deref(), Some("a"));
        assert_eq!(plan.inputs.topology.container.as_deref(), Some("tomcat"));
        assert_eq!((plan.fail_on, plan.inputs.jdk.clone()), (FailOn::Note, Some(Jdk::Release(11))));
        assert_eq!(plan.config_path.as_deref(), Some(file.as_path()));
        assert_eq!(plan.suppressions.len(), 1);
    }
    let line = format!(
        "{} --topology flat --fail-on error --only z/* --skip w/* --module b.jar --max-depth 5 --jdk 21",
        file.display()
    );
    let plan = plan(&line);
    assert_eq!(plan.inputs.topology.container.as_deref(), Some("flat"), "the command line wins");
    assert_eq!((plan.fail_on, plan.inputs.jdk), (FailOn::Error, Some(Jdk::Release(21))));
    assert_eq!((plan.only, plan.skip), (vec!["z/*".to_owned()], vec!["y/*".to_owned(), "w/*".to_owned()]));
    assert_eq!(plan.inputs.modules.len(), 1);
    assert_eq!((plan.inputs.limits.max_depth, plan.inputs.limits.max_ratio), (Some(5), Some(7)));
}

#[test]
fn requests_that_do_not_fit_together_are_refused() {
    let usage = |line: &str| match Plan::new(&scan(line)) {
        Err(PlanError::Usage(message, _)) => message,
        other => panic!("{line}: {other:?}"),
    };
    assert_eq!(usage(""), "nothing to scan");
    assert!(usage("a.yaml b.yml").starts_with("two configurations"));
    assert!(usage("x --output json=o --output sarif=o").starts_with("two reports"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.yaml");
    std::fs::write(&file, "fail-on: note\n").unwrap();
    assert!(usage(&file.display().to_string()).contains("names neither a base nor a module"));
    assert!(matches!(Plan::new(&scan("missing.yaml")), Err(PlanError::Config(_))));
}
