//! Whether a rule's conditions hold for a match.

use super::context::Context;
use super::matches::{Match, Spot, Subject};
use super::releases;
use super::values::{self, constants, is_of_types, operand, origins_of};
use crate::dataflow::changes;
use crate::dataflow::held::Root;
use crate::facts::{Annotation, EventKind, NO_NAME, Value};
use crate::rules::rule::{
    ArgumentTest, ClassTest, Condition, Cost, Definer, FieldTest, MemberTest, Release, Rule, Sharing,
    StoredKind,
};
use crate::vocabulary::descriptor::{TypeDesc, binary_name};
use crate::vocabulary::{ClassId, FieldId, MethodId, Name};

/// Whether a condition holds.
pub(super) fn holds(cx: &Context<'_>, found: &Match, condition: &Condition) -> bool {
    match condition {
        Condition::All(all) => all.iter().all(|c| holds(cx, found, c)),
        Condition::Any(any) => any.iter().any(|c| holds(cx, found, c)),
        Condition::Not(not) => !holds(cx, found, not),
        Condition::DefinedBy(definers) => definers.iter().any(|d| is_defined_by(cx, found.class, *d)),
        Condition::Caller(definers) => found.spots.iter().any(|s| {
            let class = cx.world.program.class_of_method(s.method);
            definers.iter().any(|d| is_defined_by(cx, class, *d))
        }),
        Condition::Tenants { at_least, module } => has_tenants(cx, found, *at_least, *module),
        Condition::OpenWorld => cx.world.reach.is_open_world(),
        Condition::JdkRelease { from, before } => {
            (*from..*before).contains(&cx.world.program.topology.release)
        }
        Condition::Topology(names) => names.iter().any(|n| n == cx.world.program.topology.container),
        Condition::Method(test) => found.spots.iter().any(|s| method_holds(cx, s.method, test)),
        Condition::Class(test) => class_holds(cx, found.class, test),
        Condition::InUnloadCallback => found.spots.iter().any(|s| cx.is_only_at_unload(s.method)),
        Condition::OnlyFromMain => {
            found.spots.iter().all(|s| super::programs::is_only_from_main(cx, s.method))
        }
        Condition::RunsOnce => found.spots.iter().all(|s| super::once::runs_once(cx.world, s.method)),
        Condition::GuardedOnce => {
            found.spots.iter().all(|s| super::once::is_guarded_once(cx.world, s.method, s.event))
        }
        Condition::OnlyAheadOfTime => found.spots.iter().all(|s| super::branches::is_ahead_of_time(cx, s)),
        Condition::OnlyOnAnotherRelease => found.spots.iter().all(|s| super::other_release::is_meant(cx, s)),
        Condition::OnlyIf(reasons) => {
            let reason = found.leak.as_ref().and_then(|leak| leak.only_if);
            reason.is_some_and(|reason| reasons.contains(&reason))
        }
        Condition::Catches(types) => found.spots.iter().any(|s| catches(cx, s, types)),
        Condition::CallersGoOn(types) => {
            found.spots.iter().all(|s| super::handlers::callers_go_on(cx, s.method, types))
        }
        Condition::GoesOnWithout(types) => {
            found.spots.iter().all(|s| super::handlers::go_on_without(cx, s, types))
        }
        Condition::CaughtWherePassed(types) => {
            found.spots.iter().all(|s| is_caught_where_passed(cx, s, types, 0, 0))
        }
        Condition::AlsoCalls(names) => {
            found.spots.iter().all(|s| super::tasks::also_calls(cx, s.method, names))
        }
        Condition::Released(releases) => {
            let release = releases::released(cx, found);
            let is_elsewhere = matches!(
                release,
                Release::OfOthers
                    | Release::Replaced
                    | Release::HandedOn
                    | Release::ByCounterpart
                    | Release::ByUsers
            );
            releases.contains(&release) || is_elsewhere && releases.contains(&Release::Elsewhere)
        }
        Condition::Kept(keepers) => keepers.contains(&releases::keeper(cx, found)),
        Condition::TaskGiven => found.spots.iter().all(|s| super::tasks::is_given(cx, s)),
        other => holds_of_field(cx, found, other),
    }
}

/// Whether a condition about a field holds, or one that is left.
fn holds_of_field(cx: &Context<'_>, found: &Match, condition: &Condition) -> bool {
    match condition {
        Condition::BaseToo => found.kept.as_ref().is_some_and(|k| k.is_of_base_too),
        Condition::Field(test) => {
            matches!(found.subject, Subject::Field(f) if field_holds(cx, f, test)
                && test.holds_values.is_none_or(|w| w == super::held_values::are_plain(cx, found, f))
                && test.holds_internal.is_none_or(|w| w == super::held_values::are_internal(cx, f))
                && test.values_keep_keys.is_none_or(|w| w == super::held_values::keep_keys(cx, found, f)))
        }
        Condition::Written(shapes) => found.spots.iter().any(|s| cx.shapes(found, s).has_any(shapes)),
        Condition::Keyed(kinds) => found.spots.iter().any(|s| kinds.contains(&cx.key(found, s))),
        Condition::Stores(kinds) => {
            let is_of_values =
                || matches!(found.subject, Subject::Field(f) if super::held_values::are_loader_free(cx, f));
            found.spots.iter().any(|s| cx.stored(s).has_any(kinds))
                && !(kinds.as_slice() == [StoredKind::ModuleObject] && is_of_values())
        }
        Condition::ReadByOther => !super::readers::of_match(cx, found).is_empty(),
        Condition::NeverRead => super::readers::is_never_read(cx, found),
        Condition::AnyChange(shapes) => super::fields::is_changed_as(cx, found, shapes),
        Condition::StoredUnasked => super::loader_stores::is_unasked(cx, found),
        Condition::MadeFromKey => super::memo::is_made_from_key(cx, found),
        Condition::ValuesChanged => super::memo::are_values_changed(cx, found),
        Condition::Locked => found.spots.iter().all(|s| super::fields::is_locked(cx.world, s)),
        Condition::ForOwnLoader => super::branches::is_for_own_loader(cx, found),
        Condition::HandedOver => found.spots.iter().all(|s| super::handed_over::is_handed_over(cx, s)),
        Condition::MovedAndUnused => super::moved::is_unused(cx, found),
        Condition::HeldByStatic => found.holder.is_some_and(|holder| holder.root != Root::Bean),
        Condition::ReceiverWalkedOrAsked => {
            found.spots.iter().all(|s| super::calls::is_receiver_walked_or_asked(cx, s))
        }
        Condition::Sharing(test) => super::sharing::holds(cx, found, test),
        other => holds_of_call(cx, found, other),
    }
}

/// Whether a condition about a call holds. The last that is asked: it names those that were answered before, so that a
/// new condition is answered somewhere or does not compile.
fn holds_of_call(cx: &Context<'_>, found: &Match, condition: &Condition) -> bool {
    match condition {
        Condition::Target(names) => matches!(found.subject, Subject::Call(_, api) if cx.is_api(api, names)),
        Condition::Argument(test) => some_argument_holds(cx, found, test),
        Condition::Because(_) | Condition::Arrives(_) | Condition::ReadByCode => {
            holds_of_row(cx, found, condition)
        }
        Condition::FollowedBy(test) => found.spots.iter().all(|s| super::follow::is_followed(cx, s, test)),
        Condition::TaskReaches(names) => super::tasks::some_reaches(cx, found, names),
        Condition::ResultUsed => found.spots.iter().any(|s| is_result_used(cx, s)),
        Condition::Call(test) => super::call_tests::holds(cx, found, test),
        Condition::ContextLoaderAskedBefore
        | Condition::AnotherLoaderAsked
        | Condition::AskedForComputedNames
        | Condition::NamedAfterAsked
        | Condition::WithoutCaller => holds_of_lookup(cx, found, condition),
        Condition::All(_)
        | Condition::Any(_)
        | Condition::Not(_)
        | Condition::DefinedBy(_)
        | Condition::Caller(_)
        | Condition::Tenants { .. }
        | Condition::OpenWorld
        | Condition::JdkRelease { .. }
        | Condition::Topology(_)
        | Condition::Method(_)
        | Condition::Class(_)
        | Condition::InUnloadCallback
        | Condition::OnlyFromMain
        | Condition::RunsOnce
        | Condition::GuardedOnce
        | Condition::OnlyAheadOfTime
        | Condition::OnlyOnAnotherRelease
        | Condition::ForOwnLoader
        | Condition::HandedOver
        | Condition::MovedAndUnused
        | Condition::OnlyIf(_)
        | Condition::Catches(_)
        | Condition::CallersGoOn(_)
        | Condition::GoesOnWithout(_)
        | Condition::ReceiverWalkedOrAsked
        | Condition::CaughtWherePassed(_)
        | Condition::AlsoCalls(_)
        | Condition::Released(_)
        | Condition::Kept(_)
        | Condition::TaskGiven
        | Condition::BaseToo
        | Condition::Field(_)
        | Condition::Written(_)
        | Condition::Keyed(_)
        | Condition::Stores(_)
        | Condition::ReadByOther
        | Condition::NeverRead
        | Condition::AnyChange(_)
        | Condition::StoredUnasked
        | Condition::MadeFromKey
        | Condition::ValuesChanged
        | Condition::Locked
        | Condition::Sharing(_)
        | Condition::HeldByStatic => false,
    }
}

/// Whether a condition holds about which loader a call asks, and for what.
fn holds_of_lookup(cx: &Context<'_>, found: &Match, condition: &Condition) -> bool {
    let all = |holds: &dyn Fn(&Spot) -> bool| found.spots.iter().all(holds);
    match condition {
        Condition::ContextLoaderAskedBefore => all(&|s| super::calls::is_context_loader_asked_before(cx, s)),
        Condition::AnotherLoaderAsked => all(&|s| super::lookups::is_another_loader_asked(cx, s)),
        Condition::NamedAfterAsked => all(&|s| super::lookups::is_named_after_asked(cx, s)),
        Condition::WithoutCaller => all(&|s| super::branches::is_without_caller(cx, s)),
        Condition::AskedForComputedNames => {
            found.spots.iter().any(|s| super::given_loaders::is_asked_for_computed_names(cx, s))
        }
        _ => false,
    }
}

fn some_argument_holds(cx: &Context<'_>, found: &Match, test: &ArgumentTest) -> bool {
    // If so, the match has been narrowed to the tenants that pack it.
    super::packed::tenants(cx, found, test).is_some_and(|t| !t.is_empty())
        || found.spots.iter().any(|s| super::arguments::holds(cx, s, test))
}

/// Whether a condition holds about what was found out of a reference, a copy of a class, or a configured name.
fn holds_of_row(cx: &Context<'_>, found: &Match, condition: &Condition) -> bool {
    match condition {
        Condition::Because(causes) => matches!(found.subject, Subject::Reference(id)
            if cx.references.row(id).is_some_and(|row| row.causes.iter().any(|c| causes.contains(c)))),
        Condition::Arrives(ways) => matches!(found.subject, Subject::Copy(id)
            if cx.copies.row(id).is_some_and(|row| ways.contains(&row.arrival()))),
        Condition::ReadByCode => !found.spots.is_empty(),
        _ => false,
    }
}

/// Whether those parts of a condition hold that ask nothing of a match's sites.
pub(super) fn may_hold(cx: &Context<'_>, found: &Match, when: &Condition) -> bool {
    parts_of(when).iter().filter(|c| c.cost() == Cost::Declared).all(|c| holds(cx, found, c))
}

/// The conditions that must all hold.
fn parts_of(when: &Condition) -> &[Condition] {
    if let Condition::All(all) = when { all.as_slice() } else { std::slice::from_ref(when) }
}

/// The match with only those of its sites that the rule asks for: a finding that says something about writes of a shape
/// points at these, and names those who make them. `None` if a condition that must hold is one about single sites, and
/// holds for none of them: the others need not be asked.
pub(super) fn narrow(cx: &Context<'_>, found: &Match, when: &Condition) -> Option<Match> {
    let mut narrowed = found.clone();
    for condition in parts_of(when) {
        if let Condition::Argument(test) = condition
            && let Some(tenants) = super::packed::tenants(cx, &narrowed, test)
        {
            narrowed.only = Some(tenants);
        }
        if let Some(tenants) = super::tasks::left_by(cx, &narrowed, condition) {
            narrowed.only = Some(tenants);
        }
        if let Some(tenants) = super::passed::left_by(cx, &narrowed, condition) {
            narrowed.only = Some(tenants);
        }
        if let Some(tenants) = super::pools::left_by(cx, &narrowed, condition) {
            narrowed.only = Some(tenants);
        }
        let is_asked = |s: &Spot| is_asked_for(cx, found, s, condition);
        if narrowed.spots.iter().any(is_asked) {
            narrowed.spots.retain(is_asked);
        } else if !found.spots.iter().any(is_asked) && !found.spots.is_empty() {
            return None;
        }
    }
    Some(narrowed)
}

/// Leaves out those of a match's sites that one of the rule's cases says to ignore, if others are left: what is used under
/// a lock here and without one there fails there.
pub(super) fn without_ignored(cx: &Context<'_>, mut found: Match, rule: &Rule) -> Match {
    let of_site = |c: &Condition| {
        matches!(
            c,
            Condition::OpenWorld
                | Condition::OnlyFromMain
                | Condition::Locked
                | Condition::Sharing(Sharing::ResetFirst)
        )
    };
    let ignored = rule.cases.iter().filter(|c| c.ignore && parts_of(&c.when).iter().all(of_site));
    for case in ignored {
        let spots = std::mem::take(&mut found.spots);
        let is_left = |s: &Spot| {
            found.spots.clear();
            found.spots.push(*s);
            !holds(cx, &found, &case.when)
        };
        let left: Vec<Spot> = spots.iter().copied().filter(is_left).collect();
        found.spots = if left.is_empty() { spots } else { left };
    }
    found
}

/// Whether a site is one that a condition is about, if it is told of single changes at all.
fn is_asked_for(cx: &Context<'_>, found: &Match, spot: &Spot, condition: &Condition) -> bool {
    match condition {
        Condition::Any(any) => any.iter().any(|c| match c {
            Condition::Not(inner) if matches!(**inner, Condition::Written(_)) => {
                !is_asked_for(cx, found, spot, inner)
            }
            _ => is_asked_for(cx, found, spot, c),
        }),
        Condition::Written(shapes) => cx.shapes(found, spot).has_any(shapes),
        Condition::Keyed(kinds) => kinds.contains(&cx.key(found, spot)),
        Condition::Stores(kinds) => cx.stored(spot).has_any(kinds),
        _ => true,
    }
}

pub(super) fn is_defined_by(cx: &Context<'_>, class: ClassId, definer: Definer) -> bool {
    let program = cx.world.program;
    match definer {
        // In an open world everything that is not the JDK's will be shared.
        Definer::Shared => {
            !program.is_jdk(class)
                && (program.is_shared(class) || cx.world.reach.is_open_world())
                && cx.world.reach.owner(class).is_none()
        }
        Definer::Module => cx.world.reach.owner(class).is_some(),
        Definer::Jdk => program.is_jdk(class),
        Definer::Application => program.is_application(class),
        Definer::Library => !program.is_jdk(class) && !program.is_application(class),
    }
}

fn has_tenants(cx: &Context<'_>, found: &Match, at_least: usize, module: bool) -> bool {
    let tenants = cx.tenants(found);
    if cx.world.reach.is_open_world() {
        return !tenants.is_empty();
    }
    let has_module = tenants.iter().any(|t| t.index() > 0);
    tenants.len() >= at_least && (!module || has_module)
}

fn field_holds(cx: &Context<'_>, field: FieldId, test: &FieldTest) -> bool {
    let program = cx.world.program;
    let facts = program.field(field);
    let loader = program.class(program.class_of_field(field)).loader;
    let is_flag = |wanted: Option<bool>, actual: bool| wanted.is_none_or(|w| w == actual);
    let desc = program.text(facts.desc);
    let declared = TypeDesc(desc).class().unwrap_or(desc);
    let signature = if facts.signature == NO_NAME { "" } else { program.text(facts.signature) };
    is_flag(test.is_final, facts.access.is_final())
        && is_flag(test.is_static, facts.access.is_static())
        && is_flag(test.is_private, facts.access.is_private())
        && is_flag(test.is_synthetic, facts.access.is_synthetic())
        && test.name.as_ref().is_none_or(|glob| cx.glob(glob, program.text(facts.name)))
        && (test.types.is_empty()
            || test.types.iter().any(|t| t == desc)
            || is_of_types(cx.world, cx.models, loader, declared, &test.types))
        && (test.values.is_empty() || values_hold(cx, field, declared, &test.values))
        && (test.holds.is_empty()
            || values::last_type_argument(signature)
                .or_else(|| TypeDesc(desc.strip_prefix('[')?).element_class())
                .is_some_and(|ty| is_of_types(cx.world, cx.models, loader, ty, &test.holds)))
}

/// Every value ever written is of one of the types.
fn values_hold(cx: &Context<'_>, field: FieldId, declared: &str, names: &[String]) -> bool {
    let world = cx.world;
    let loader = world.program.class(world.program.class_of_field(field)).loader;
    let mut n = 0;
    for access in world.fields.writes(field) {
        let body = world.body(access.method);
        let Some(event) = world.event(access.method, access.event) else { continue };
        let Some(value) = body.origins.args(event).last() else { continue };
        if names.iter().any(|name| super::made::is_made_as(world, body, *value, name)) {
            n += 1;
            continue;
        }
        for ty in values::types_behind_views(world, body, *value) {
            n += 1;
            if !is_of_types(world, cx.models, loader, ty, names) {
                return false;
            }
        }
    }
    n > 0 || is_of_types(world, cx.models, loader, declared, names)
}

fn annotated(cx: &Context<'_>, annotations: &[Annotation], globs: &[String]) -> bool {
    annotations.iter().any(|a| {
        let desc = cx.world.program.text(a.desc);
        let name = binary_name(TypeDesc(desc).class().unwrap_or(desc));
        globs.iter().any(|g| cx.glob(g, &name))
    })
}

fn method_holds(cx: &Context<'_>, method: MethodId, test: &MemberTest) -> bool {
    let program = cx.world.program;
    let facts = program.method(method);
    test.is_static.is_none_or(|w| w == facts.access.is_static())
        && (test.names.is_empty() || test.names.iter().any(|g| cx.glob(g, program.text(facts.name))))
        && (test.annotated.is_empty()
            || annotated(
                cx,
                program.unit(program.class_of_method(method)).annotations_of(facts),
                &test.annotated,
            ))
}

fn class_holds(cx: &Context<'_>, class: ClassId, test: &ClassTest) -> bool {
    let program = cx.world.program;
    let loader = program.class(class).loader;
    let name = program.class_name(class);
    (test.names.is_empty() || test.names.iter().any(|g| cx.glob(g, &binary_name(name))))
        && (test.subtype_of.is_empty() || is_of_types(cx.world, cx.models, loader, name, &test.subtype_of))
        && (test.annotated.is_empty()
            || annotated(
                cx,
                program.class_facts(class).annotations.of(&program.unit(class).annotations),
                &test.annotated,
            ))
}

/// Whether the method that holds a site catches one of the types around it.
pub(super) fn catches(cx: &Context<'_>, spot: &Spot, types: &[String]) -> bool {
    let body = cx.world.body(spot.method);
    let unit = body.origins.unit;
    let Some(block) = changes::block_of(unit, body, spot.event) else { return false };
    let blocks = unit.blocks_of(body.method);
    let handlers = blocks.get(usize::from(block)).map_or(&[][..], |b| unit.handlers(b));
    handlers.iter().any(|h| {
        let is =
            |name: Name| types.iter().any(|t| binary_name(cx.world.program.text(name)) == binary_name(t));
        h.catches != NO_NAME && is(h.catches)
    })
}

/// Callers looked at for one method.
const MAX_CALLERS: usize = 32;

/// Calls between a constant and the call that it is meant for.
const MAX_PASSES: u32 = 2;

/// Whether the first argument of a call is a constant that callers pass, and each of them stands in a `try` that catches
/// one of the types.
fn is_caught_where_passed(cx: &Context<'_>, spot: &Spot, types: &[String], param: usize, depth: u32) -> bool {
    let body = cx.world.body(spot.method);
    let Some(event) = cx.world.event(spot.method, spot.event) else { return false };
    let Some(position) = (if depth == 0 { operand(event, 0) } else { Some(param) }) else { return false };
    let leaves: Vec<Value> = body.origins.leaves(body.origins.arg(event, position)).collect();
    let params = leaves.iter().filter_map(|leaf| if let Value::Param(i) = leaf { Some(*i) } else { None });
    let mut n_caught = 0;
    for passed in params {
        for caller in cx.world.sites.of(spot.method, MAX_CALLERS).unwrap_or_default() {
            let call = Spot { method: caller.caller, event: caller.event, how: None, inside: None };
            let Some(event) = cx.world.event(call.method, call.event) else { continue };
            let found = origins_of(cx.world, cx.world.body(call.method), event, usize::from(passed));
            if constants(cx.world, &found).is_empty() {
                continue;
            }
            let is_caught = catches(cx, &call, types)
                || depth < MAX_PASSES
                    && is_caught_where_passed(cx, &call, types, usize::from(passed), depth + 1);
            if !is_caught {
                return false;
            }
            n_caught += 1;
        }
    }
    n_caught > 0 && leaves.iter().all(|leaf| matches!(leaf, Value::Param(_)))
}

fn is_result_used(cx: &Context<'_>, spot: &Spot) -> bool {
    let body = cx.world.body(spot.method);
    let Some(event) = cx.world.event(spot.method, spot.event) else { return false };
    if event.kind == EventKind::Lambda {
        return true;
    }
    event.is_used()
        && body.origins.events().iter().any(|e| {
            body.origins.args(e).iter().any(|a| {
                body.origins.leaves(*a).any(|l| l == crate::facts::Value::Event(u32::from(spot.event)))
            })
        })
}
