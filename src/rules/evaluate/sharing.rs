//! Conditions about what applications do with a thing that they share.

use super::context::Context;
use super::matches::{Match, Spot, Subject};
use super::{
    branches, fields, formats, handed_out, known_loaders, last_gone, limits, logged_once, marks, memoised,
    named, own_entries, pools, process_facts, registered, same_names, set_up, wrapped,
};
use crate::dataflow::changes::{self, Written};
use crate::dataflow::origins::{self, Origin};
use crate::dataflow::{Body, How, initialisation, own_answer, own_work};
use crate::facts::{Event, EventKind, Value};
use crate::rules::rule::{Harmless, Sharing, WriteShape};
use crate::vocabulary::{FieldId, MethodId, ValueId};

/// Whether such a condition holds.
pub(super) fn holds(cx: &Context<'_>, found: &Match, test: &Sharing) -> bool {
    match test {
        Sharing::MadeFromMore => super::memo::is_made_from_more(cx, found),
        Sharing::OwnEntries => own_entries::are_own(cx, found),
        Sharing::OwnElements => own_entries::are_own_elements(cx, found),
        Sharing::TakenOutByEach => own_entries::are_taken_out(cx, found),
        Sharing::ResetFirst => found.spots.iter().all(|s| is_reset_first(cx, found, s)),
        Sharing::OnlyFilled => is_only_filled(cx, found),
        Sharing::LastUser => is_ended_by_last_user(cx, found),
        Sharing::UsedUp => is_used_up(cx, found),
        Sharing::SameConstant => is_same_constant(cx, found),
        Sharing::Refusing => limits::is_refusing(cx, found),
        Sharing::Limiting => limits::is_limit(cx, found),
        Sharing::OthersCall => same_names::is_called_by_others(cx, found),
        Sharing::NamesApart => same_names::are_apart(cx, found),
        Sharing::ClosesStatic => found.spots.iter().any(|s| wrapped::closes_static(cx, s)),
        Sharing::OtherObjects => found.holder.is_some_and(|h| !h.is_only || h.is_entry),
        Sharing::HeldAsMark => marks::is_mark(cx, found),
        Sharing::OnlySetUp => set_up::is_only_set_up(cx.world, found),
        Sharing::Harmless(reasons) => reasons.iter().any(|reason| match reason {
            Harmless::FirstToLast => {
                matches!(found.subject, Subject::Field(f) if last_gone::is_unseen_between(cx, f))
            }
            Harmless::Memo => memoised::is_part_of_memo(cx, found),
            Harmless::OwnAnswer => {
                matches!(found.subject, Subject::Field(f)
                    if own_answer::is_own_answer(cx.world, f) || own_work::is_own_work(cx.world, f))
            }
            Harmless::PlainFormat => formats::is_plain(cx, found),
            Harmless::ProcessFact => process_facts::is_process_fact(cx.world, found),
            Harmless::Setting => process_facts::is_setting(cx.world, found),
            Harmless::Tally => set_up::is_tally(cx, found),
            Harmless::UnregisteredCallback => registered::is_unregistered_callback(cx, found),
        }),
        Sharing::Drained => set_up::is_drained(cx, found),
        Sharing::Pooled => set_up::is_pool(cx, found),
        Sharing::OnlyLogged => logged_once::is_only_logged(cx, found),
        Sharing::ReceiverFrom(apis) => found.spots.iter().any(|s| named::is_yielded_by(cx, s, apis)),
        Sharing::ReceiverAboveModules => {
            found.spots.iter().any(|s| known_loaders::is_made_above_modules(cx, s))
        }
        Sharing::ReceiverHeld => found.spots.iter().any(|s| pools::is_held(cx, s)),
        Sharing::TargetGivesLoader => found.spots.iter().any(|s| pools::gives_loader(cx, s)),
        Sharing::ReceiverShared => found.spots.iter().any(|s| is_receiver_shared(cx, s)),
        Sharing::GivenInside => handed_out::is_given_inside(cx, found),
        Sharing::TargetShared => found.spots.iter().any(|s| is_target_shared(cx, s)),
        Sharing::TargetOfOwnLibrary => found.spots.iter().all(|s| is_target_of_own_library(cx, s)),
        Sharing::OwnName => found.spots.iter().all(|s| named::is_own(cx, s)),
        Sharing::UndoesOwn => found.spots.iter().all(|s| undoes_own(cx, found, s)),
        Sharing::SameNameElsewhere => same_names::is_used_elsewhere(cx, found),
        Sharing::PairedByName(apis) => found.spots.iter().all(|s| named::is_paired(cx, s, apis)),
        Sharing::ReceiverNamed { by, whose } => {
            found.spots.iter().any(|s| named::is_receiver_of(cx, s, by, whose))
        }
    }
}

/// What empties a buffer.
const BUFFER_RESET: &str = "buffer-reset";

/// Whether a change is made under a lock by a method whose first change of the buffer empties it: what another
/// application had in it is not seen.
fn is_reset_first(cx: &Context<'_>, found: &Match, spot: &Spot) -> bool {
    let Subject::Field(field) = found.subject else { return false };
    let mut in_method = cx.changes.of(field).iter().filter(|c| c.method == spot.method);
    let Some(first) = in_method.next().filter(|c| matches!(c.how, How::Buffer(_)) && c.inside.is_none())
    else {
        return false;
    };
    let body = cx.world.body(first.method);
    let loader = cx.world.program.class(body.class).loader;
    let Some(event) = cx.world.event(first.method, first.event) else { return false };
    let group = cx.world.knowledge.group(BUFFER_RESET);
    let resets = event.member().is_some_and(|m| cx.world.knowledge.api_in(group, loader, m).is_some());
    // A length that is computed is shortened, not emptied.
    let is_computed = |leaf: Value| match leaf {
        Value::Derived(_) => true,
        Value::Int(n) => n != 0,
        _ => false,
    };
    let args = body.origins.args(event).iter().skip(1);
    resets
        && !args.into_iter().any(|v| body.origins.leaves(*v).any(is_computed))
        && fields::is_locked(cx.world, spot)
}

/// What reads into an array.
const READ_INTO: &str = "array-read-into";

/// Whether each use of a private field's value is to read into it.
fn is_only_filled(cx: &Context<'_>, found: &Match) -> bool {
    let Subject::Field(field) = found.subject else { return false };
    let group = cx.world.knowledge.group(READ_INTO);
    let fills = |body: Body<'_>, event: &Event| {
        let loader = cx.world.program.class(body.class).loader;
        event.kind.is_invoke()
            && event.member().is_some_and(|m| cx.world.knowledge.api_in(group, loader, m).is_some())
    };
    let is_only = |body: Body<'_>, read: u16| {
        let is_read =
            |value: &ValueId| body.origins.leaves(*value).any(|l| l == Value::Event(u32::from(read)));
        let mut users = body.origins.events().iter().filter(|e| body.origins.args(e).iter().any(is_read));
        users.all(|event| fills(body, event))
    };
    cx.world.program.field(field).access.is_private()
        && cx.world.fields.reads(field).all(|read| is_only(cx.world.body(read.method), read.event))
}

/// Callers looked at for one method.
const MAX_CALLERS: usize = 16;

/// Whether only the last user ends what all use: by closing it, or by setting the field to nothing.
fn is_ended_by_last_user(cx: &Context<'_>, found: &Match) -> bool {
    let clears = |spot: &Spot| cx.shapes(found, spot).has_any(&[WriteShape::Cleared]);
    let is_end = |spot: &&Spot| matches!(spot.how, Some(How::Close(_))) || clears(spot);
    let is_by_last = |spot: &Spot| {
        let counts: Counts = if clears(spot) { is_behind_last } else { counts_before };
        is_by_last_user(cx, spot, counts)
    };
    let mut ends = found.spots.iter().filter(is_end).peekable();
    match ends.peek() {
        Some(_) => ends.all(is_by_last),
        None => found.spots.iter().all(is_by_last),
    }
}

/// Whether each change that sets a field back comes after a read of it, in its method or in one of its class that alone
/// may call that.
fn is_used_up(cx: &Context<'_>, found: &Match) -> bool {
    let Subject::Field(field) = found.subject else { return false };
    let reads_before = |method: MethodId, event: u16| {
        cx.world.fields.reads(field).any(|read| read.method == method && read.event < event)
    };
    let is_of_use = |spot: &Spot| {
        let class = cx.world.program.class_of_method(spot.method);
        let is_own =
            |method| initialisation::is_same_nest(cx.world, cx.world.program.class_of_method(method), class);
        reads_before(spot.method, spot.event) || {
            let callers = cx.world.sites.of(spot.method, MAX_CALLERS).unwrap_or_default();
            callers.iter().all(|site| is_own(site.caller))
                && callers.iter().any(|site| reads_before(site.caller, site.event))
        }
    };
    let clears = |spot: &&Spot| cx.shapes(found, spot).has_any(&[WriteShape::Cleared]);
    found.spots.iter().filter(clears).all(is_of_use)
}

/// Whether an event is made by the last user, as far as its method shows.
type Counts = fn(&Context<'_>, MethodId, u16) -> bool;

/// Whether the method of a change, or each that calls it, counts something before.
fn is_by_last_user(cx: &Context<'_>, spot: &Spot, counts: Counts) -> bool {
    if counts(cx, spot.method, spot.event) {
        return true;
    }
    let callers = cx.world.sites.of(spot.method, MAX_CALLERS).unwrap_or_default();
    !callers.is_empty() && callers.iter().all(|site| counts(cx, site.caller, site.event))
}

/// Whether a method steps a counter before one of its events.
fn counts_before(cx: &Context<'_>, method: MethodId, before: u16) -> bool {
    let body = cx.world.body(method);
    body.origins.events().iter().take(usize::from(before)).any(|event| stepped(cx, body, event).is_some())
}

/// Whether one of a method's events stands behind a test that nobody is left, by a counter or a collection.
fn is_behind_last(cx: &Context<'_>, method: MethodId, event: u16) -> bool {
    is_behind_zero(cx, method, event) || last_gone::is_after_last(cx, method, event)
}

/// Whether one of a method's events stands behind a test that a counter which the method steps has come to nothing.
fn is_behind_zero(cx: &Context<'_>, method: MethodId, event: u16) -> bool {
    let body = cx.world.body(method);
    let refs = cx.world.program.refs(cx.world.program.class(body.class).loader);
    // What is looked at below costs more than whether there is any test before.
    if !branches::is_behind(body, &branches::edges_where(body, false, |_| true), event) {
        return false;
    }
    let events = (0u32..).zip(body.origins.events());
    let steps: Vec<(u32, Stepped)> = events.filter_map(|(i, e)| Some((i, stepped(cx, body, e)?))).collect();
    let is_count = |leaf: Value| {
        let read = body
            .origins
            .event(leaf)
            .filter(|(_, e)| matches!(e.kind, EventKind::GetStatic | EventKind::GetField));
        let read = read.and_then(|(_, e)| refs.field(e.member()?));
        steps.iter().any(|(i, stepped)| match stepped {
            Stepped::Field(field, value) => {
                read == Some(*field) || body.origins.leaves(*value).any(|l| l == leaf)
            }
            Stepped::Object => leaf == Value::Event(*i),
        })
    };
    let edges = branches::edges_where(body, false, |tested| body.origins.leaves(tested).any(is_count));
    branches::is_behind(body, &edges, event)
}

/// What an event that counts steps.
enum Stepped {
    /// A field, which is set to what is made of its old value.
    Field(FieldId, ValueId),
    /// An object.
    Object,
}

fn stepped(cx: &Context<'_>, body: Body<'_>, event: &Event) -> Option<Stepped> {
    let loader = cx.world.program.class(body.class).loader;
    match event.kind {
        EventKind::PutStatic | EventKind::PutField => {
            let field = event.member().and_then(|m| cx.world.program.refs(loader).field(m))?;
            let value = *body.origins.args(event).last()?;
            let kinds = changes::kinds_of(cx.world, body, field, value);
            kinds.contains(&Written::FromItself).then_some(Stepped::Field(field, value))
        }
        kind if kind.is_invoke() => {
            let mut apis = event.member().into_iter().flat_map(|m| cx.world.knowledge.apis(loader, m));
            apis.any(|api| cx.is_api(api, &cx.names.counting)).then_some(Stepped::Object)
        }
        _ => None,
    }
}

/// Whether all changes are writes of one constant, which the writing code has or all who call it pass.
fn is_same_constant(cx: &Context<'_>, found: &Match) -> bool {
    let mut written = None;
    let all = found.spots.iter().all(|spot| {
        let body = cx.world.body(spot.method);
        let event = cx.world.event(spot.method, spot.event);
        let value = event.and_then(|e| body.origins.args(e).last()).filter(|_| spot.how == Some(How::Write));
        let mut is_it = |leaf: Value| *written.get_or_insert(leaf) == leaf;
        value.is_some_and(|v| {
            body.origins.leaves(*v).all(|leaf| match leaf {
                Value::Int(_) | Value::Str(_) | Value::Class(_) => is_it(leaf),
                Value::Param(_) if !cx.world.reach.is_open_world() => {
                    let passed = origins::of_value(cx.world, spot.method, *v);
                    !passed.is_empty()
                        && passed.iter().all(|f| match f.origin {
                            Origin::Text(name) if !f.is_derived => is_it(Value::Str(name)),
                            _ => false,
                        })
                }
                _ => false,
            })
        })
    });
    all && written.is_some()
}

/// Whether another method of the same outermost class calls the same with something that is not null.
fn undoes_own(cx: &Context<'_>, found: &Match, spot: &Spot) -> bool {
    let Subject::Call(_, api) = found.subject else { return false };
    let mut methods = named::methods_of_nest(cx, spot.method).filter(|m| *m != spot.method);
    methods.any(|method| {
        let body = cx.world.body(method);
        let loader = cx.world.program.class(body.class).loader;
        let sets = |event: &Event| {
            let args = body.origins.args(event).iter().skip(usize::from(event.kind.has_receiver()));
            event.kind.is_invoke()
                && event.member().is_some_and(|m| cx.world.knowledge.apis(loader, m).any(|a| a == api))
                && args.into_iter().any(|v| body.origins.leaves(*v).any(|leaf| leaf != Value::Null))
        };
        body.origins.events().iter().any(|e| sets(e) && e.kind != EventKind::Lambda)
            && initialisation::is_same_nest(
                cx.world,
                body.class,
                cx.world.program.class_of_method(spot.method),
            )
    })
}

/// Whether a call's class is no application's own. What a library does to itself is its own business, as long as nobody
/// is there on whose behalf it does.
fn is_target_shared(cx: &Context<'_>, spot: &Spot) -> bool {
    let program = cx.world.program;
    let caller = program.class_of_method(spot.method);
    let member = cx.world.event(spot.method, spot.event).and_then(|e| e.member());
    let owner =
        member.and_then(|m| program.find(program.class(caller).loader, program.facts.members.get(m).owner));
    let outermost = |class| program.class_name(class).split('$').next();
    owner.is_none_or(|class| {
        let is_nested_with = class != caller && outermost(class) == outermost(caller);
        cx.world.reach.owner(class).is_none()
            && !is_nested_with
            && !(cx.world.reach.is_open_world() && program.archive_of(class) == program.archive_of(caller))
    })
}

/// Parts of a package's name that projects do not share.
const OWN_PARTS: usize = 3;
/// Packages below which each name is a library of its own.
const FOUNDATION: &str = "org/apache/";

/// Whether shared code calls its own library: a class in packages that begin alike, or in an archive of the same Maven group.
fn is_target_of_own_library(cx: &Context<'_>, spot: &Spot) -> bool {
    let world = cx.world;
    let caller = world.program.class_of_method(spot.method);
    let member = world.event(spot.method, spot.event).and_then(|e| e.member());
    let target = member.and_then(|m| world.program.refs(world.program.class(caller).loader).method(m));
    let Some(class) = target.map(|m| world.program.class_of_method(m)) else { return false };
    let (own, other) = (world.program.archive_of(caller), world.program.archive_of(class));
    let groups = |archive: usize| {
        let of = world.archives.get(archive).map(|a| a.coordinates.iter());
        of.into_iter().flatten().map(|c| c.group.as_str()).filter(|group| !group.is_empty())
    };
    let is_of_many = world.program.class_name(caller).starts_with(FOUNDATION);
    let n_parts = OWN_PARTS + usize::from(is_of_many);
    let parts = |class| world.program.class_name(class).split('/').take(n_parts + 1);
    let is_of_packages = || {
        parts(caller).count() > n_parts && parts(caller).zip(parts(class)).take(n_parts).all(|(a, b)| a == b)
    };
    // One archive may hold several libraries.
    let is_of_group =
        || own != other && groups(own).count() == 1 && groups(own).any(|g| groups(other).any(|o| o == g));
    // What an application calls itself it asks for.
    let is_asked_for = || {
        let sites = world.sites.of(spot.method, MAX_CALLERS).unwrap_or_default();
        sites.iter().any(|site| world.reach.owner(world.program.class_of_method(site.caller)).is_some())
    };
    world.reach.owner(caller).is_none() && (is_of_packages() || is_of_group()) && !is_asked_for()
}

/// Whether a receiver is read from a static field of a class that is no application's own.
fn is_receiver_shared(cx: &Context<'_>, spot: &Spot) -> bool {
    let body = cx.world.body(spot.method);
    let Some(event) = cx.world.event(spot.method, spot.event).filter(|e| e.kind.has_receiver()) else {
        return false;
    };
    let found = origins::of_value(cx.world, spot.method, body.origins.arg(event, 0));
    found.iter().any(|f| {
        let Origin::StaticField(field) = f.origin else { return false };
        !f.is_derived && cx.world.reach.owner(cx.world.program.class_of_field(field)).is_none()
    })
}
