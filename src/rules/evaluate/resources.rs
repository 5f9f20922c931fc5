//! Matches of resource sites.

use super::context::Context;
use super::matches::{Match, Spot, Subject};
use crate::dataflow::knowledge::ResourceId;
use crate::dataflow::obligations::{self, ExitKind, Leak, Summaries};
use crate::dataflow::unload::{self, Kept, Release};
use crate::rules::rule::{Condition, Exits, Rule, Site};
use crate::vocabulary::{ClassId, MethodId, Parallel, TenantId};

/// For each rule the matches of its resource site; none for other sites. Both analyses run once for all rules.
pub(super) fn find(cx: &Context<'_>, rules: &[Rule], parallel: &impl Parallel) -> Vec<Vec<Match>> {
    let n = cx.world.knowledge.tables.resources.len();
    let wanted = |site: &Site| -> Vec<bool> {
        let names = match site {
            Site::Kept { resources } | Site::Open { resources, .. } => resources.as_slice(),
            _ => return vec![false; n],
        };
        (0..n).map(|i| names.iter().any(|name| is_named(cx, i, name))).collect()
    };
    let of_rule = |r: &Rule| if is_about_nobody(cx, &r.when) { vec![false; n] } else { wanted(&r.site) };
    let tables: Vec<Vec<bool>> = rules.iter().map(of_rule).collect();
    let any = |of: fn(&Site) -> bool, id: ResourceId| {
        rules.iter().zip(&tables).any(|(r, t)| of(&r.site) && t[usize::from(id)])
    };
    let kept = if rules.iter().any(|r| matches!(r.site, Site::Kept { .. })) {
        let is_wanted = |id| any(|s| matches!(s, Site::Kept { .. }), id);
        let container = cx.world.program.topology.container;
        unload::kept_with(cx.world, cx.at_unload, &is_wanted, container, cx.held, parallel)
    } else {
        Vec::new()
    };
    let leaks = if rules.iter().any(|r| matches!(r.site, Site::Open { .. })) {
        let is_wanted = |id| any(|s| matches!(s, Site::Open { .. }), id);
        leaks(cx, &is_wanted, parallel)
    } else {
        Vec::new()
    };
    let of_rule = |(rule, table): (&Rule, &Vec<bool>)| match &rule.site {
        Site::Kept { .. } => of_alike(kept.iter().filter(|k| table[usize::from(k.resource)]))
            .into_iter()
            .map(|(kept, only)| Match {
                only,
                ..matched(cx, kept.resource, kept.method, kept.event, Some(kept), None)
            })
            .collect(),
        Site::Open { exits, .. } => {
            let own = leaks.iter().filter(|l| table[usize::from(l.resource)] && is_exit(*exits, l.exit));
            own.map(|l| matched(cx, l.resource, l.method, l.event, None, Some(*l))).collect()
        }
        _ => Vec::new(),
    };
    rules.iter().zip(&tables).map(of_rule).collect()
}

/// What is kept, with the applications for which it is so in the same way, if that are some of several.
fn of_alike<'k>(kept: impl Iterator<Item = &'k Kept>) -> Vec<(Kept, Option<Vec<TenantId>>)> {
    let mut found: Vec<(Kept, Option<Vec<TenantId>>)> = Vec::new();
    // Those of one place follow each other.
    let mut first = 0;
    for kept in kept {
        let is_there = |k: &Kept| (k.method, k.event) == (kept.method, kept.event);
        if !found.get(first).is_some_and(|(k, _)| is_there(k)) {
            first = found.len();
        }
        let known = found.iter_mut().skip(first).find(|(k, _)| is_alike(k, kept));
        if let (Some((known, only)), Some(tenant)) = (known, kept.tenant) {
            let tenants = only.get_or_insert_with(Vec::new);
            tenants.extend(known.tenant.take());
            tenants.push(tenant);
        } else {
            found.push((kept.clone(), None));
        }
    }
    found
}

/// Whether two applications keep the same in the same way. What one of several objects misses is another object for each.
fn is_alike(a: &Kept, b: &Kept) -> bool {
    let of_one =
        |kept: &Kept| Kept { tenant: None, release_site: None, nearest_callback: None, ..kept.clone() };
    b.tenant.is_some() && a.release != Release::OfOthers && of_one(a) == of_one(b)
}

/// Whether a rule asks for known applications where there are none: then nothing need be followed for it.
fn is_about_nobody(cx: &Context<'_>, when: &Condition) -> bool {
    let is_refusal = |c: &Condition| matches!(c, Condition::Not(of) if matches!(**of, Condition::OpenWorld));
    cx.world.reach.is_open_world()
        && match when {
            Condition::All(all) => all.iter().any(is_refusal),
            other => is_refusal(other),
        }
}

fn is_named(cx: &Context<'_>, resource: usize, name: &str) -> bool {
    let facts = &cx.world.knowledge.tables.resources[resource];
    facts.groups.iter().any(|g| g == name) || cx.glob(name, &facts.name)
}

fn is_exit(wanted: Exits, exit: ExitKind) -> bool {
    match wanted {
        Exits::Any => true,
        Exits::Normal => exit == ExitKind::Normal,
        Exits::Exceptional => exit == ExitKind::Exceptional,
    }
}

fn leaks(
    cx: &Context<'_>,
    wanted: &(dyn Fn(ResourceId) -> bool + Sync),
    parallel: &impl Parallel,
) -> Vec<Leak> {
    let world = cx.world;
    let summaries = Summaries::build(world, parallel);
    let classes = (0..world.program.classes.len()).map(ClassId::from_index);
    let classes = classes.filter(|c| !world.program.is_jdk(*c));
    let methods = classes.flat_map(|c| world.program.methods_of(c)).map(|(id, _)| id);
    obligations::leaks_in(world, methods, wanted, &summaries, parallel)
}

fn matched(
    cx: &Context<'_>,
    resource: ResourceId,
    method: MethodId,
    event: u16,
    kept: Option<unload::Kept>,
    leak: Option<Leak>,
) -> Match {
    Match {
        subject: Subject::Resource(resource),
        class: cx.world.program.class_of_method(method),
        spots: vec![Spot { method, event, how: None, inside: None }],
        only: None,
        holder: None,
        kept: kept.map(Box::new),
        leak: leak.map(Box::new),
    }
}
