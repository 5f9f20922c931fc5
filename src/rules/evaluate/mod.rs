//! From checked rules and a program to findings.
//!
//! All rules are evaluated together: fields once, bodies once, whatever the number of rules. A site gives matches, a
//! rule's conditions choose among them, its cases set severity and certainty, and what is left becomes findings.

mod arguments;
mod branches;
mod call_tests;
mod calls;
mod certainty;
mod classes;
mod composite_keys;
mod computed;
mod conditions;
mod configured;
mod configured_calls;
mod configured_files;
mod configured_text;
mod context;
mod context_set;
mod copies;
mod copies_asked;
mod copies_text;
mod counterparts;
mod exposed;
mod fields;
mod finding;
mod finding_models;
mod finding_names;
mod finding_places;
mod follow;
mod formats;
mod given_loaders;
mod grouping;
mod grown;
mod handed_on;
mod handed_out;
mod handed_over;
mod handlers;
mod held_values;
mod helpers;
mod kept_parts;
mod keys;
mod knowledge;
mod known;
mod known_classes;
mod known_loaders;
mod last_gone;
mod last_pair;
mod limits;
mod loader_stores;
mod logged_once;
mod loggers;
mod lookups;
mod made;
mod marks;
mod matches;
mod membership;
mod memo;
mod memo_methods;
mod memoised;
mod moved;
mod named;
mod of_two;
mod on_demand;
mod once;
mod one_cause;
mod operators;
mod other_release;
mod outcome;
mod own_casts;
mod own_entries;
mod own_files;
mod packed;
mod passed;
mod places;
mod pools;
mod process_facts;
mod programs;
mod readers;
mod receivers;
mod references;
mod references_alike;
mod references_packages;
mod references_text;
mod references_unmet;
mod references_why;
mod registered;
mod releases;
mod removal;
mod resources;
mod same_names;
mod scopes;
mod service_objects;
mod set_once;
mod set_up;
mod shapes;
mod sharing;
mod shown_type;
mod started;
mod task_code;
mod tasks;
mod told_at_calls;
mod told_at_holders;
mod trace;
mod values;
mod weak_keys;
mod wrapped;

pub use configured::made_by_configuration;
pub use knowledge::knowledge;

use super::Models;
use super::rule::{Case, Condition, Rule, Site};
use crate::dataflow::held::Held;
use crate::dataflow::knowledge::Knowledge;
use crate::dataflow::unload::UnloadRoots;
use crate::dataflow::{Bounds, ChangeTable, Changes, World as Analysed};
use crate::facts::ArchiveFacts;
use crate::findings::Finding;
use crate::program::{CallGraph, CallSites, FieldGraph, Hierarchy, Program, Reach};
use crate::vocabulary::{MethodId, Parallel};
use configured::Configured;
use context::Context;
use copies::Copies;
use matches::Match;
use references::References;
use std::sync::Mutex;

/// What rules are evaluated over.
pub struct World<'w> {
    /// The linked classes.
    pub program: &'w Program<'w>,
    /// Their hierarchy.
    pub hierarchy: &'w Hierarchy,
    /// Who calls whom.
    pub calls: &'w CallGraph,
    /// The same read backwards.
    pub sites: &'w CallSites,
    /// Who accesses which field.
    pub fields: &'w FieldGraph,
    /// Which tenants reach which method.
    pub reach: &'w Reach<'w>,
    /// What is [known](knowledge()) of the program's APIs.
    pub knowledge: &'w Knowledge,
    /// What is known of all APIs.
    pub models: &'w Models,
    /// What the archives say about themselves; indexed as in path elements.
    pub archives: &'w [ArchiveFacts],
}

/// Applies all rules. Findings have no fingerprints and are in no particular order yet.
///
/// With the methods that were too large to be looked at whole.
pub fn evaluate(
    world: &World<'_>,
    rules: &[Rule],
    parallel: &impl Parallel,
) -> (Vec<Finding>, Vec<MethodId>) {
    let bounds = Bounds::default();
    let found = found_within(world, &bounds, rules, parallel);
    (found, bounds.into_methods())
}

fn found_within(
    world: &World<'_>,
    bounds: &Bounds,
    rules: &[Rule],
    parallel: &impl Parallel,
) -> Vec<Finding> {
    let analysed = Analysed {
        program: world.program,
        hierarchy: world.hierarchy,
        calls: world.calls,
        sites: world.sites,
        fields: world.fields,
        reach: world.reach,
        knowledge: world.knowledge,
        archives: world.archives,
        bounds,
    };
    let is_candidate = |f| fields::is_candidate(&analysed, f);
    // What a module's own static holds is there for that module alone.
    let is_of_all = |f| world.reach.owner(world.program.class_of_field(f)).is_none();
    let (changes, at_unload) = parallel
        .both(|| Changes::new(&analysed, &is_candidate, parallel), || UnloadRoots::find(&analysed, parallel));
    let held = Held::find(&analysed, &changes, &|f| is_candidate(f) && is_of_all(f), parallel);
    let counted = fields::counted(&analysed, &changes, &held, parallel);
    let mut cx = Context::new(&analysed, world.models, &changes, &held, &at_unload);
    cx.references = References::find(&analysed, rules, parallel);
    cx.copies = Copies::find(&analysed, rules, parallel);
    cx.configured = Configured::find(&analysed, world.models, rules, parallel);
    cx.learn_globs(rules.iter().flat_map(globs_of));
    let of_rules = rules.iter().map(|r| api_table(&cx, &r.site));
    let tables: Vec<Vec<bool>> = of_rules.chain([readers::reading_apis(&cx, rules)]).collect();
    let mut calls = calls::find(&analysed, &tables, parallel);
    cx.key_reads = readers::KeyReads::find(&analysed, &calls.pop().unwrap_or_default(), parallel);
    let resources = resources::find(&cx, rules, parallel);
    // Taken by the one worker that applies the rule, so that its matches live no longer than that takes.
    let found_before = calls.into_iter().zip(resources).map(|found| Mutex::new(Some(found)));
    let found_before: Vec<_> = found_before.collect();
    let found = parallel.map(rules.len(), |r| {
        let before = found_before[r].lock().ok().and_then(|mut before| before.take()).unwrap_or_default();
        let matches = matches_of(&cx, &rules[r], before, &counted, parallel);
        findings_of(&cx, &rules[r], matches, parallel)
    });
    one_cause::told_once(rules, grouping::with_handed_out(&cx, rules, found))
}

/// The matches of a rule's site; `calls` and `resources` are those that were looked for for all rules at once.
fn matches_of(
    cx: &Context<'_>,
    rule: &Rule,
    (calls, resources): (Vec<Match>, Vec<Match>),
    counted: &ChangeTable,
    parallel: &impl Parallel,
) -> Vec<Match> {
    match &rule.site {
        Site::Call { .. } => with_takers(cx, rule, calls),
        Site::Kept { .. } | Site::Open { .. } => resources,
        Site::Class => classes::find(cx.world),
        Site::HandedOut { of_statics } => handed_out::find(cx, *of_statics, parallel),
        Site::LoaderStore => loader_stores::find(cx, parallel),
        Site::Reference { .. } => cx.references.of_site(&rule.site),
        Site::OtherCopy { asked_by } => cx.copies.of_site(asked_by),
        Site::Configured { answers } => cx.configured.of_site(answers),
        site @ (Site::FieldWrite { .. } | Site::FieldMutation { .. } | Site::FieldChange { .. }) => {
            fields::find(cx, site, counted)
        }
    }
}

/// Where a rule asks whether something is put back: with the calls of methods that leave that to their callers.
fn with_takers(cx: &Context<'_>, rule: &Rule, mut found: Vec<Match>) -> Vec<Match> {
    let tests = finding::follow_tests(std::iter::once(&rule.when));
    if let Some(test) = tests.into_iter().find(|test| test.restores) {
        found.extend(handed_on::calls(cx, test, &found));
        found.sort_by_key(|m| (m.class, m.spots.first().map(|s| (s.method, s.event))));
    }
    found
}

fn api_table(cx: &Context<'_>, site: &Site) -> Vec<bool> {
    let Site::Call { apis } = site else { return Vec::new() };
    let n = cx.world.knowledge.tables.apis.len();
    (0..n).map(|api| cx.is_api(api as u16, apis)).collect()
}

fn findings_of(cx: &Context<'_>, rule: &Rule, matches: Vec<Match>, parallel: &impl Parallel) -> Vec<Finding> {
    const CHUNK: usize = 64;
    let kept = parallel.map(matches.len().div_ceil(CHUNK), |chunk| {
        let range = chunk * CHUNK..matches.len().min((chunk + 1) * CHUNK);
        // What the sites have no part in need not wait until those that the rule asks for are told from the others.
        let declared = matches[range].iter().filter(|m| conditions::may_hold(cx, m, &rule.when));
        let narrowed = declared.filter_map(|m| conditions::narrow(cx, m, &rule.when));
        let held = narrowed.filter(|m| conditions::holds(cx, m, &rule.when));
        held.map(|m| conditions::without_ignored(cx, m, rule)).collect::<Vec<_>>()
    });
    drop(matches);
    let mut kept: Vec<Match> = kept.into_iter().flatten().collect();
    if matches!(rule.site, Site::Call { .. }) {
        kept = same_names::join(cx, same_names::join_copies(cx, calls::join(cx.world, kept), rule), rule);
    }
    // Many findings of a class become one: none waits for those of other classes to be made.
    let by_class = grouping::by_outermost_class(cx, &kept);
    let found = parallel.map(by_class.len(), |class| {
        let found = by_class[class].iter().filter_map(|m| Some((*m, finding::build(cx, m, rule)?)));
        match rule.site {
            Site::Reference { .. } => found.collect(),
            _ => grouping::by_object(cx, rule, found.collect()),
        }
    });
    let found: Vec<_> = found.into_iter().flatten().collect();
    match rule.site {
        Site::Reference { .. } => references_alike::joined(cx, found),
        _ => grouping::by_root(cx, rule, found),
    }
}

/// Every pattern that a rule's conditions hold.
fn globs_of(rule: &Rule) -> Vec<&str> {
    let mut globs = Vec::new();
    let cases = rule.cases.iter().map(|c: &Case| &c.when);
    let mut waiting: Vec<&Condition> = std::iter::once(&rule.when).chain(cases).collect();
    while let Some(condition) = waiting.pop() {
        match condition {
            Condition::All(list) | Condition::Any(list) => waiting.extend(list),
            Condition::Not(inner) => waiting.push(inner),
            Condition::Field(test) => globs.extend(test.name.as_deref()),
            Condition::Method(test) => {
                globs.extend(test.names.iter().chain(&test.annotated).map(String::as_str));
            }
            Condition::Class(test) => {
                globs.extend(test.names.iter().chain(&test.annotated).map(String::as_str))
            }
            Condition::Argument(test) => globs.extend(test.text.iter().map(String::as_str)),
            _ => {}
        }
    }
    globs
}
