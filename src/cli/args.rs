//! The command line. What is said here is the help that `--help`, the man page and the shell completions show.

use super::config::{FailOn, Jdk, check_glob, check_module_name, parse_release, parse_size};
use crate::topology::CONTAINERS;
use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use std::path::PathBuf;

/// Can these applications live in one JVM?
///
/// cotenant reads class files, never runs them, and reports what co-located applications would do to each other:
/// state they would share, class loader traps, resources that outlive a module, classes that would not link.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "cotenant",
    version,
    after_long_help = EXIT_CODES,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  scanned; nothing at or above --fail-on that the baseline does not list
  1  scanned; at least one such finding
  2  bad request: usage, configuration, an invalid rule; nothing was scanned
  3  not scanned whole: an input is missing or unreadable, or no class was found
  4  a bug of cotenant itself";

const EXAMPLES: &str = "\
Examples:
  cotenant scan deploy/                          a folder with a base and its modules
  cotenant scan libs/                            may these libraries go into a base?
  cotenant scan --base base.jar --module orders=orders-biz.jar --module billing=billing-biz.jar
  cotenant scan app.war --topology tomcat --format json --output sarif=out.sarif";

const INSPECT_NOTE: &str = "\
`cotenant inspect class --help` says how to read the methods that it shows.";

/// How `facts::display` writes a method down.
const LEGEND: &str = "\
How to read a method, of which only those instructions are shown that rules ask about:
  0: ^2 java/io/IOException   block 0; block 2 handles what is thrown in it (any: all)
  @7 = virtual a/B.f:()I(p1)  an instruction, its target, and its operands; @7 is its
                              offset in the bytecode, by which others name its result
  x == null -> 3 1            block 3 follows if that holds, else block 1
  -> 3 1                      any of these blocks follows
  this, p0, p1                receiver and parameters; instance methods count from p1
  caught2, f(x)               what block 2 has caught; something made from x
  {a | b}, ?                  one of these, by the way taken; unknown";

/// What `cotenant` can do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Scan a deployment, or libraries that are to be shared
    Scan(Box<ScanArguments>),
    /// The rules: what they look for, and whether own ones are sound
    #[command(subcommand)]
    Rules(RulesCommand),
    /// Look at a deployment as the scanner sees it
    #[command(subcommand, after_help = INSPECT_NOTE)]
    Inspect(InspectCommand),
    /// Models of the JDK's classes
    #[command(subcommand, name = "jdk-model")]
    JdkModel(JdkModelCommand),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page (roff)
    Man,
}

/// `cotenant scan`.
#[derive(Clone, Debug, Default, Args)]
#[command(after_help = EXAMPLES)]
pub struct ScanArguments {
    /// What to scan, and how it fits together.
    #[command(flatten)]
    pub deployment: DeploymentArguments,
    /// Which rules to apply.
    #[command(flatten)]
    pub rules: RuleArguments,
    /// What fails.
    #[command(flatten)]
    pub gate: GateArguments,
    /// What to print where.
    #[command(flatten)]
    pub report: ReportArguments,
    /// What inputs may cost.
    #[command(flatten)]
    pub limits: LimitArguments,
}

/// Inputs, and who loads what.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Deployment")]
pub struct DeploymentArguments {
    /// A cotenant.yaml, or a folder or archive whose layout is recognised
    ///
    /// A folder with a cotenant.yaml is scanned as that file says. Otherwise Ark modules and web applications are
    /// modules, the Spring Boot archive is the base, and an executable Ark jar is both. Anything else is a base
    /// without modules: whatever is public in it may be called on behalf of any tenant. Without any PATH, --base and
    /// --module, the cotenant.yaml of the working folder is taken.
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,
    /// What the base class loader loads, in class path order; repeatable
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub base: Vec<PathBuf>,
    /// One module; repeatable. NAME defaults to Ark-Biz-Name, then to the file's stem
    ///
    /// The same NAME given twice adds to that module's class path.
    #[arg(long, value_name = "[NAME=]PATH", value_parser = parse_module, value_hint = ValueHint::AnyPath)]
    pub module: Vec<NamedPath>,
    /// Who is asked first for a class [default: recognised from the archives, else sofa-ark]
    #[arg(long, value_name = "CONTAINER", value_parser = container_names())]
    pub topology: Option<String>,
    /// JDK whose classes count: its home, or a release number of an embedded model
    #[arg(long, value_name = "PATH", value_parser = Jdk::parse, value_hint = ValueHint::DirPath)]
    pub jdk: Option<Jdk>,
    /// JDK release that the deployment runs on, from 8 on [default: that of the JDK whose classes count]
    #[arg(long, value_name = "N", value_parser = parse_release)]
    pub jdk_release: Option<u16>,
    /// Where sources lie, so that reports can name files and lines in them; repeatable
    #[arg(long, value_name = "PATH", value_hint = ValueHint::DirPath)]
    pub source_root: Vec<PathBuf>,
}

/// Which rules apply.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Rules")]
pub struct RuleArguments {
    /// More YAML rule files or folders; a rule with a built-in's id replaces it; repeatable
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub rules: Vec<PathBuf>,
    /// Apply only rules whose id matches, such as 'static-sharing/*'; repeatable
    #[arg(long, value_name = "GLOB", value_parser = parse_glob)]
    pub only: Vec<String>,
    /// Leave out rules whose id matches; repeatable
    #[arg(long, value_name = "GLOB", value_parser = parse_glob)]
    pub skip: Vec<String>,
}

/// What fails.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Gate")]
pub struct GateArguments {
    /// An earlier JSON report; findings listed there do not fail the gate, and are marked as known
    ///
    /// Text tells each of them on one line after the new ones, JSON has "baseline": "known" or "new", and SARIF the
    /// baselineState "unchanged" or "new".
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub baseline: Option<PathBuf>,
    /// From which severity on a finding makes the exit code 1 [default: error]
    #[arg(long, value_name = "SEVERITY", value_enum)]
    pub fail_on: Option<FailOn>,
    /// Exit with 3 if any class or entry could not be read
    #[arg(long)]
    pub strict: bool,
}

/// What is printed where.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Report")]
pub struct ReportArguments {
    /// Format of the report on standard output: text, json, sarif, … [default: text]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<String>,
    /// Write another report to a file, whose folders are made if need be; repeatable
    #[arg(long, value_name = "FORMAT=FILE", value_parser = parse_output, value_hint = ValueHint::Other)]
    pub output: Vec<NamedPath>,
    /// Worker threads [default: one per processor]
    #[arg(long, value_name = "N", value_parser = parse_threads)]
    pub threads: Option<usize>,
    /// Print nothing to standard error but errors
    #[arg(long, short)]
    pub quiet: bool,
    /// Draw no progress bar
    #[arg(long)]
    pub no_progress: bool,
    /// When to use colours
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    pub color: ColorChoice,
    /// Report times and memory as well; such reports differ from run to run
    #[arg(long)]
    pub stats: bool,
}

/// When colours are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal that has them, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Bounds that keep a hostile archive from eating the machine.
#[derive(Clone, Copy, Debug, Default, Args)]
#[command(next_help_heading = "Limits (what is beyond them is left out and reported)")]
pub struct LimitArguments {
    /// Bytes of one entry; k, M, G stand for multiples of 1024
    #[arg(long, value_name = "SIZE", value_parser = parse_size, hide_short_help = true)]
    pub max_entry_size: Option<u64>,
    /// How many times its packed size an entry may unpack to
    #[arg(long, value_name = "N", value_parser = parse_size, hide_short_help = true)]
    pub max_ratio: Option<u64>,
    /// Unpacked bytes of all entries of one input
    #[arg(long, value_name = "SIZE", value_parser = parse_size, hide_short_help = true)]
    pub max_total_size: Option<u64>,
    /// Bytes of packed nested archives, which have to be held in memory
    #[arg(long, value_name = "SIZE", value_parser = parse_size, hide_short_help = true)]
    pub max_nested_size: Option<u64>,
    /// How deep archives may lie in archives
    #[arg(long, value_name = "N", value_parser = parse_size, hide_short_help = true)]
    pub max_depth: Option<u64>,
    /// Entries of one input, those of nested archives included
    #[arg(long, value_name = "N", value_parser = parse_size, hide_short_help = true)]
    pub max_entries: Option<u64>,
}

/// `cotenant rules …`.
#[derive(Clone, Debug, Subcommand)]
pub enum RulesCommand {
    /// List all rules with severity and title
    List {
        /// More rule files or folders
        #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
        rules: Vec<PathBuf>,
        /// How to print them
        #[arg(long, value_enum, default_value_t)]
        format: ListFormat,
    },
    /// Say what a rule looks for, why it matters and how to mend it
    Explain {
        /// The rule's id, such as static-sharing/overwritten-static
        rule: String,
        /// More rule files or folders
        #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
        rules: Vec<PathBuf>,
    },
    /// Check rule files without applying them
    Check {
        /// Rule files or folders
        #[arg(value_name = "PATH", required = true, value_hint = ValueHint::AnyPath)]
        paths: Vec<PathBuf>,
    },
    /// Apply rules to good and bad examples whose sources say what has to be found
    Test {
        /// Folders of examples; each has a cotenant.yaml and sources with `// expect: RULE CERTAINTY [TENANTS]`
        #[arg(value_name = "PATH", required = true, value_hint = ValueHint::AnyPath)]
        paths: Vec<PathBuf>,
        /// More rule files or folders
        #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
        rules: Vec<PathBuf>,
    },
    /// Print the JSON schema of rule files, for editors
    Schema,
}

/// How lists are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// For people
    #[default]
    Text,
    /// For scripts
    Json,
}

/// `cotenant inspect …`.
#[derive(Clone, Debug, Subcommand)]
pub enum InspectCommand {
    /// Show the class loaders: what each loads, and whom it asks in which order
    Loaders {
        /// What to look at
        #[command(flatten)]
        deployment: DeploymentArguments,
    },
    /// Follow the lookup of a class step by step
    Resolve {
        /// Binary name of the class, such as com.acme.Registry
        class: String,
        /// The tenant whose loader is asked
        #[arg(long, value_name = "TENANT", default_value = "base")]
        from: String,
        /// What to look at
        #[command(flatten)]
        deployment: DeploymentArguments,
    },
    /// Look a resource up as getResource and getResources do
    Resource {
        /// Name with slashes, such as META-INF/services/com.acme.Codec
        name: String,
        /// The tenant whose loader is asked
        #[arg(long, value_name = "TENANT", default_value = "base")]
        from: String,
        /// What to look at
        #[command(flatten)]
        deployment: DeploymentArguments,
    },
    /// Show what is known about a class
    #[command(after_help = LEGEND)]
    Class {
        /// Binary name of the class
        class: String,
        /// What to look at
        #[command(flatten)]
        deployment: DeploymentArguments,
    },
    /// Show who calls a method
    Callers {
        /// CLASS.METHOD, or CLASS.METHOD(DESCRIPTOR) for one overload
        method: String,
        /// What to look at
        #[command(flatten)]
        deployment: DeploymentArguments,
    },
    /// Show what a method calls
    Callees {
        /// CLASS.METHOD, or CLASS.METHOD(DESCRIPTOR) for one overload
        method: String,
        /// What to look at
        #[command(flatten)]
        deployment: DeploymentArguments,
    },
    /// Show who writes a field, and who changes what it holds
    Writers {
        /// CLASS.FIELD
        field: String,
        /// What to look at
        #[command(flatten)]
        deployment: DeploymentArguments,
    },
}

/// `cotenant jdk-model …`.
#[derive(Clone, Debug, Subcommand)]
pub enum JdkModelCommand {
    /// Make a compact class model from an installed JDK
    Make {
        /// The JDK's home
        #[arg(long, value_name = "PATH", value_hint = ValueHint::DirPath)]
        jdk: PathBuf,
        /// Where to write the model
        #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
        output: PathBuf,
    },
}

/// `NAME=PATH`, where the name may be missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedPath {
    /// Before the first `=`.
    pub name: Option<String>,
    /// After it.
    pub path: PathBuf,
}

fn container_names() -> PossibleValuesParser {
    let values = CONTAINERS.iter().map(|row| clap::builder::PossibleValue::new(row.name).help(row.summary));
    PossibleValuesParser::new(values)
}

/// A `=` after a slash belongs to the path, so that `./a=b.jar` can be said.
fn parse_module(text: &str) -> Result<NamedPath, String> {
    let named = text.split_once('=').filter(|(name, _)| !name.contains(['/', '\\']));
    let (name, path) = named.map_or((None, text), |(name, path)| (Some(name), path));
    name.map_or(Ok(()), check_module_name)?;
    if path.is_empty() {
        return Err("expected [NAME=]PATH".to_owned());
    }
    Ok(NamedPath { name: name.map(str::to_owned), path: PathBuf::from(path) })
}

fn parse_output(text: &str) -> Result<NamedPath, String> {
    match text.split_once('=') {
        Some((format, path)) if !format.is_empty() && !path.is_empty() => {
            Ok(NamedPath { name: Some(format.to_owned()), path: PathBuf::from(path) })
        }
        _ => Err("expected FORMAT=FILE, such as sarif=out.sarif".to_owned()),
    }
}

fn parse_glob(text: &str) -> Result<String, String> {
    check_glob(text).map(|()| text.to_owned())
}

fn parse_threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(n @ 1..=1024) => Ok(n),
        _ => Err("expected a number from 1 to 1024".to_owned()),
    }
}
