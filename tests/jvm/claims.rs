//! What a rule's finding claims, and whether runs show it.

use super::machine::{Event, Machine, Seen};
use super::prediction::{Case, Finding};
use super::table::{Shows, shows_of};
use std::collections::BTreeMap;

/// A case's runs: all modules together, and each alone where a claim needs the comparison.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    pub(crate) together: Seen,
    pub(crate) alone: BTreeMap<String, Seen>,
}

impl Runs {
    /// Whether the runs that were made for one claim can show another too.
    pub(crate) fn can_show(&self, claim: Shows, made_for: Shows) -> bool {
        match claim {
            Shows::ContextLeft | Shows::Exit => claim == made_for,
            _ => !claim.needs_comparison() || !self.alone.is_empty(),
        }
    }
}

/// Runs a case as the claims of its rule, and of others that find something certain in it, need it.
///
/// # Errors
/// When the JVM cannot be started or understood.
pub(crate) fn run(machine: &Machine, case: &Case, shows: Shows, found: &[Finding]) -> Result<Runs, String> {
    let context = if shows == Shows::ContextLeft { "base" } else { "module" };
    let together = machine.run(case, context, &case.modules)?;
    let mut runs = Runs { together, alone: BTreeMap::new() };
    let mut claims = found.iter().filter(|f| f.is_certain).filter_map(|f| shows_of(&f.rule));
    if shows.needs_comparison() || claims.any(Shows::needs_comparison) {
        for module in &case.modules {
            let seen = machine.run(case, context, std::slice::from_ref(module))?;
            runs.alone.insert(module.0.clone(), seen);
        }
    }
    Ok(runs)
}

/// Why the runs do not show what the finding says; `None` if they do. `is_own` when the case is one of its rule.
pub(crate) fn missing(shows: Shows, finding: &Finding, runs: &Runs, is_own: bool) -> Option<String> {
    let unreached: Vec<&String> =
        finding.tenants.iter().filter(|t| !is_reached(finding, t, shows, runs)).collect();
    let of_one = |happens: &dyn Fn(&str) -> bool| finding.tenants.iter().any(|tenant| happens(tenant));
    // What is only likely needs to go wrong for one of them.
    let of_all = |happens: &dyn Fn(&str) -> bool| {
        if finding.is_certain {
            finding.tenants.iter().all(|tenant| happens(tenant))
        } else {
            of_one(happens)
        }
    };
    let seen = &runs.together;
    let is_seen = match shows {
        Shows::OthersValue => {
            let cell = format!("{}#{}", finding.class, finding.member);
            runs.alone.keys().any(|tenant| sees_others(runs, "cell", tenant, |e| e.get("cell") == cell))
                || of_one(&|tenant| {
                    is_reached(finding, tenant, shows, runs) && prints_other(tenant, runs).is_some()
                })
        }
        Shows::OthersGlobal => {
            let by =
                |e: &Event<'_>| finding.tenants.iter().any(|t| e.get("view").ends_with(&format!(" by {t}")));
            runs.alone.keys().any(|tenant| sees_others(runs, "global", tenant, by))
        }
        Shows::Exit => of_all(&|tenant| runs.alone.get(tenant).is_some_and(|alone| ends_at(alone, finding))),
        Shows::Thrown(types) => of_all(&|tenant| throws(seen, tenant, types, finding)),
        Shows::AnswerOrThrown(text, types) => {
            of_all(&|tenant| throws(seen, tenant, types, finding))
                || of_one(&|tenant| seen.of("printed", tenant).iter().any(|e| e.get("text").trim() == text))
        }
        Shows::ProviderMissed => of_one(&|tenant| !missed(seen, tenant).is_empty()),
        Shows::ForeignLookup => of_one(&|tenant| {
            seen.of("lookup", tenant).iter().any(|e| {
                e.get("context") != tenant && e.get("site").split('#').next() == Some(&finding.line_class)
            })
        }),
        Shows::ContextLeft => of_one(&|tenant| is_context_left(seen, tenant)),
        // In another rule's case, a cache may have room for one of them and be filled already.
        Shows::Kept if !is_own => of_one(&|tenant| {
            let alone = runs.alone.get(tenant).into_iter();
            alone.chain([seen]).any(|seen| !seen.of("kept", tenant).is_empty())
        }),
        Shows::Kept => of_all(&|tenant| !seen.of("kept", tenant).is_empty()),
        Shows::ThreadContext => of_one(&|tenant| !seen.of("thread", tenant).is_empty()),
        Shows::Open(kind) => of_all(&|tenant| {
            seen.of("open", tenant).iter().any(|e| e.get("kind") == kind && finding.is_at(e.get("site")))
        }),
    };
    let place = format!("{}#{} at {}:{}", finding.class, finding.member, finding.line_class, finding.line);
    if !unreached.is_empty() && finding.is_certain {
        return Some(format!("{place} is not reached on behalf of {unreached:?}"));
    }
    (!is_seen).then(|| format!("{place} shows no {shows:?} of {:?}", finding.tenants))
}

fn is_reached(finding: &Finding, tenant: &str, shows: Shows, runs: &Runs) -> bool {
    // Who comes second may find the work done, or the JVM gone: then it reaches the line when it is alone.
    let together = (shows != Shows::Exit).then_some(&runs.together);
    let seen = together.into_iter().chain(runs.alone.get(tenant));
    seen.flat_map(|seen| seen.of("reached", tenant))
        .any(|e| finding.is_at(e.get("site")) || finding.is_on_the_way(tenant, e.get("site")))
}

/// What a tenant prints alone and with others, if that differs.
fn prints_other(tenant: &str, runs: &Runs) -> Option<(String, String)> {
    let text =
        |seen: &Seen| seen.of("printed", tenant).iter().map(|e| e.get("text").to_owned()).collect::<String>();
    let (alone, together) = (runs.alone.get(tenant).map(text).unwrap_or_default(), text(&runs.together));
    (alone != together).then_some((alone, together))
}

/// Whether a tenant finds something else than it would if it were alone.
fn sees_others(runs: &Runs, event: &str, tenant: &str, is_meant: impl Fn(&Event<'_>) -> bool) -> bool {
    let Some(alone) = runs.alone.get(tenant) else { return false };
    // Alone, it looks once, when all is started and nothing is gone.
    let own: BTreeMap<&str, &str> =
        alone.of(event, tenant).iter().map(|e| (e.get("cell"), e.get("view"))).collect();
    runs.together.of(event, tenant).iter().filter(|e| is_meant(e)).any(|e| match own.get(e.get("cell")) {
        Some(view) => *view != e.get("view"),
        None => event == "global",
    })
}

fn ends_at(seen: &Seen, finding: &Finding) -> bool {
    let is_ended = seen.code.is_some_and(|code| code != 0) && seen.all("end").is_empty();
    is_ended && seen.all("reached").last().is_some_and(|e| finding.is_at(e.get("site")))
}

fn throws(seen: &Seen, tenant: &str, types: &[&str], finding: &Finding) -> bool {
    let method = format!("{}#{}:", finding.class, finding.member);
    let is_meant = |frame: &str| frame.starts_with(&method) || finding.is_at(frame);
    // What a configuration file names is told by who reads it.
    let is_named = |e: &Event<'_>| finding.is_configured() && e.get("message").contains(&finding.class);
    let is_meant = |e: &Event<'_>| {
        types.contains(&e.get("type")) && (e.get("frames").split(' ').any(is_meant) || is_named(e))
    };
    seen.of("thrown", tenant).iter().any(is_meant)
}

fn missed<'a>(seen: &'a Seen, tenant: &str) -> Vec<&'a str> {
    seen.of("provider", tenant).iter().filter(|e| e.get("found") == "false").map(|e| e.get("class")).collect()
}

fn is_context_left(seen: &Seen, tenant: &str) -> bool {
    seen.of("context", tenant).iter().any(|e| e.get("before") != e.get("after"))
}

/// What goes wrong in the runs of a case that is right; nothing if all is well.
pub(crate) fn wrong(shows: Shows, case: &Case, runs: &Runs) -> Vec<String> {
    let seen = &runs.together;
    let mut wrong = Vec::new();
    if !seen.is_complete() {
        wrong.push(format!("the JVM ended with {:?}", seen.code));
    }
    for thrown in seen.all("thrown") {
        wrong.push(format!(
            "{} {} is thrown at {}",
            thrown.get("type"),
            thrown.get("message"),
            thrown.get("frames")
        ));
    }
    for (tenant, _) in &case.modules {
        wrong.extend(wrong_of(shows, tenant, runs).map(|what| format!("{tenant}: {what}")));
    }
    wrong
}

fn wrong_of(shows: Shows, tenant: &str, runs: &Runs) -> Option<String> {
    let seen = &runs.together;
    match shows {
        Shows::OthersValue => {
            let (alone, together) = prints_other(tenant, runs)?;
            Some(format!("prints {alone:?} alone and {together:?} with others"))
        }
        Shows::OthersGlobal => {
            let first = seen.of("global", tenant).into_iter().next()?;
            Some(format!("{} is {}", first.get("cell"), first.get("view")))
        }
        Shows::Exit | Shows::Thrown(_) => None,
        Shows::AnswerOrThrown(text, _) => {
            let printed = seen.of("printed", tenant);
            printed.iter().any(|e| e.get("text").trim() == text).then(|| format!("prints {text}"))
        }
        Shows::ProviderMissed => {
            missed(seen, tenant).first().map(|provider| format!("{provider} is not found"))
        }
        Shows::ForeignLookup => {
            let lookups = seen.of("lookup", tenant);
            let foreign = lookups.iter().find(|e| e.get("context") != tenant)?;
            Some(format!("{} with the context of {}", foreign.get("site"), foreign.get("context")))
        }
        Shows::ContextLeft => is_context_left(seen, tenant).then(|| "its context loader is left".to_owned()),
        Shows::Kept => (!seen.of("kept", tenant).is_empty()).then(|| "its loader is kept".to_owned()),
        Shows::ThreadContext => {
            let threads = seen.of("thread", tenant);
            threads.first().map(|e| format!("thread {} has its loader", e.get("name")))
        }
        Shows::Open(kind) => {
            let open = seen.of("open", tenant);
            // A loader that an initialiser makes is made once and not for each call.
            let mut open =
                open.iter().filter(|e| e.get("kind") == kind && !e.get("site").contains("#<clinit>:"));
            open.next().map(|e| format!("{} of {} stays open", e.get("type"), e.get("site")))
        }
    }
}
