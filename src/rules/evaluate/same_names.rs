//! What several modules do to the whole JVM alike, each in a copy of its own of the code that does: take a name, set a
//! setting.

use super::calls;
use super::context::Context;
use super::matches::{Match, Subject};
use super::named::constructed_with;
use crate::dataflow::knowledge::ApiId;
use crate::dataflow::origins::{self, Found, Origin};
use crate::dataflow::{Body, marks};
use crate::facts::{Event, Value};
use crate::rules::rule::{Condition, Family, Rule, Sharing};
use crate::vocabulary::{ClassId, MemberRefId, MethodId, Name, TenantId, ValueId};
use rustc_hash::FxHashMap;

/// Whether the code of another module makes the same call with a name that a match's does.
pub(super) fn is_used_elsewhere(cx: &Context<'_>, found: &Match) -> bool {
    let Subject::Call(_, api) = found.subject else { return false };
    let Some(owner) = cx.world.reach.owner(found.class) else { return false };
    let names = names_of_match(cx, found);
    if names.is_empty() {
        return false;
    }
    let program = cx.world.program;
    let mut classes = (0..program.classes.len()).map(ClassId::from_index).filter(|c| {
        let other = cx.world.reach.owner(*c);
        other.is_some() && other != Some(owner)
    });
    classes.any(|class| {
        let mut methods =
            program.methods_of(class).filter(|(id, _)| cx.world.knowledge.is_marked(*id, marks::API));
        methods.any(|(id, _)| {
            let body = cx.world.body(id);
            let mut calls = body.origins.events().iter().filter(|e| is_call_of(cx, body, e, api));
            calls.any(|e| names_of(cx, body, e).iter().any(|name| names.contains(name)))
        })
    })
}

/// Whether another tenant's code reaches a call of the same API that a match makes, where both mean the class that they
/// share; calls that name different constants ask for different things.
pub(super) fn is_called_by_others(cx: &Context<'_>, found: &Match) -> bool {
    let Subject::Call(_, api) = found.subject else { return false };
    let own = cx.tenants(found);
    let names = names_of_match(cx, found);
    let program = cx.world.program;
    let methods = (0..program.n_methods).map(MethodId::from_index);
    let mut methods = methods.filter(|id| cx.world.knowledge.is_marked(*id, marks::API));
    methods.any(|id| {
        let body = cx.world.body(id);
        cx.world.reach.tenants(id).iter().any(|tenant| !own.contains(&tenant))
            && body.origins.events().iter().filter(|e| is_call_of(cx, body, e, api)).any(|e| {
                let mut other = names_with_places(cx, body, e).into_iter().peekable();
                // In shared code the constants of all who call it meet.
                let is_others = |at: MethodId| cx.world.reach.tenants(at).iter().any(|t| !own.contains(&t));
                names.is_empty()
                    || other.peek().is_none()
                    || other.any(|(name, at)| names.contains(&name) && is_others(at))
            })
    })
}

/// Whether all that shared code passes as a name is a constant of a caller's, and no two tenants pass the same.
pub(super) fn are_apart(cx: &Context<'_>, found: &Match) -> bool {
    let mut users: FxHashMap<Name, TenantId> = FxHashMap::default();
    for spot in &found.spots {
        let body = cx.world.body(spot.method);
        let Some(value) = cx.world.event(spot.method, spot.event).and_then(|e| body.origins.args(e).last())
        else {
            return false;
        };
        for passed in origins::of_value(cx.world, spot.method, *value) {
            let (Origin::Text(name), false, Some(by)) = (passed.origin, passed.is_derived, passed.passed_by)
            else {
                return false;
            };
            if *users.entry(name).or_insert(by) != by {
                return false;
            }
        }
    }
    let mut tenants: Vec<TenantId> = users.into_values().collect();
    tenants.sort_unstable();
    tenants.dedup();
    tenants.len() > 1
}

/// Joins the matches of modules that use the same names, if the rule asks for it.
pub(super) fn join(cx: &Context<'_>, matches: Vec<Match>, rule: &Rule) -> Vec<Match> {
    if !asks(&rule.when) {
        return matches;
    }
    let mut joined: Vec<Match> = Vec::new();
    // The first joined match that uses a name.
    let mut users: FxHashMap<(Option<ApiId>, Name), usize> = FxHashMap::default();
    for found in matches {
        let api = if let Subject::Call(_, api) = found.subject { Some(api) } else { None };
        let is_modules = cx.world.reach.owner(found.class).is_some();
        let names = if is_modules { names_of_match(cx, &found) } else { Vec::new() };
        let known = names.iter().filter_map(|name| users.get(&(api, *name))).min();
        let i = known.copied().unwrap_or(joined.len());
        for name in names {
            users.entry((api, name)).and_modify(|user| *user = i.min(*user)).or_insert(i);
        }
        match joined.get_mut(i) {
            Some(first) => first.join(found),
            None => joined.push(found),
        }
    }
    joined
}

/// Joins the matches of methods that several modules have a copy of, in a library that each packs: what these do to the
/// whole JVM is one hazard, of all of them.
pub(super) fn join_copies(cx: &Context<'_>, matches: Vec<Match>, rule: &Rule) -> Vec<Match> {
    if rule.family != Family::StaticSharing {
        return matches;
    }
    let program = cx.world.program;
    let mut joined: Vec<Match> = Vec::new();
    // The first joined match of each call in each method, by the class's name and the keys, with its owner.
    let mut firsts = FxHashMap::default();
    let mut apis_of: FxHashMap<MemberRefId, Vec<ApiId>> = FxHashMap::default();
    for found in matches {
        let call = match found.subject {
            Subject::Call(member, api) => cx.world.reach.owner(found.class).map(|owner| (member, api, owner)),
            _ => None,
        };
        let Some((member, api, owner)) = call else {
            joined.push(found);
            continue;
        };
        let method = found.spots.first().map(|s| program.method(s.method));
        let method = method.map(|m| (program.class_facts(found.class).name, m.name, m.desc));
        let key = |api: ApiId| (method, member, api, calls::key_names(cx.world, &found, api));
        let apis = apis_of.entry(member).or_default();
        let others = apis.iter().filter_map(|api| firsts.get(&key(*api)));
        let first = others.filter(|(_, of)| *of != owner).map(|(i, _)| *i).min();
        if let Some(first) = first.and_then(|i: usize| joined.get_mut(i)) {
            first.join(found);
            continue;
        }
        if !apis.contains(&api) {
            apis.push(api);
        }
        firsts.entry(key(api)).or_insert((joined.len(), owner));
        joined.push(found);
    }
    joined
}

fn asks(condition: &Condition) -> bool {
    match condition {
        Condition::All(list) | Condition::Any(list) => list.iter().any(asks),
        Condition::Sharing(test) => *test == Sharing::SameNameElsewhere,
        _ => false,
    }
}

fn is_call_of(cx: &Context<'_>, body: Body<'_>, event: &Event, api: ApiId) -> bool {
    let loader = cx.world.program.class(body.class).loader;
    event.kind.is_invoke()
        && event.member().is_some_and(|m| cx.world.knowledge.apis(loader, m).any(|known| known == api))
}

fn names_of_match(cx: &Context<'_>, found: &Match) -> Vec<Name> {
    let spots = found.spots.iter();
    let calls = spots.filter_map(|s| Some((cx.world.body(s.method), cx.world.event(s.method, s.event)?)));
    calls.flat_map(|(body, event)| names_of(cx, body, event)).collect()
}

/// The constants that the key, or else the last argument, is, or that an object is made of which stands for a name.
fn names_of(cx: &Context<'_>, body: Body<'_>, event: &Event) -> Vec<Name> {
    names_with_places(cx, body, event).into_iter().map(|(name, _)| name).collect()
}

/// The same, each with the method in which it stands.
fn names_with_places(cx: &Context<'_>, body: Body<'_>, event: &Event) -> Vec<(Name, MethodId)> {
    let Some(value) = name_given(cx, body, event) else { return Vec::new() };
    let found = origins::of_value(cx.world, body.id, value);
    let plain = found.iter().filter(|f| !f.is_derived);
    let text = |f: &Found| if let Origin::Text(name) = f.origin { Some((name, f.method)) } else { None };
    let texts: Vec<_> = plain.filter_map(text).collect();
    if !texts.is_empty() {
        return texts;
    }
    let made = found.iter().filter(|f| matches!(f.origin, Origin::Allocation(_)) && !f.is_derived);
    made.flat_map(|f| {
        let named = constructed_with(cx.world.body(f.method), Value::Event(u32::from(f.event)));
        named.into_iter().map(|name| (name, f.method))
    })
    .collect()
}

/// What a call is given for a name: its key if the models say which argument that is, else the last one.
fn name_given(cx: &Context<'_>, body: Body<'_>, event: &Event) -> Option<ValueId> {
    let loader = cx.world.program.class(body.class).loader;
    let apis = &cx.world.knowledge.tables.apis;
    let mut known = event.member().into_iter().flat_map(|member| cx.world.knowledge.apis(loader, member));
    let key = known.find_map(|api| apis.get(usize::from(api))?.key);
    let args = body.origins.args(event);
    match key {
        Some(key) => args.get(usize::from(key) + usize::from(event.kind.has_receiver())).copied(),
        None => args.last().copied(),
    }
}
