//! Methods that set something and hand their caller what puts it back, an object with a `close`, a lambda, or the value
//! of before: it is the caller who has to use that on every path.

use super::context::Context;
use super::follow::{is_call_of, is_restoring, puts_back_field, returns_what_was_there, set_gap};
use super::matches::{Match, Spot, Subject};
use super::values::{is_of_types, types_of};
use crate::dataflow::Body;
use crate::dataflow::origins::{self, Origin};
use crate::dataflow::paths::{self, Exits, PathGap};
use crate::facts::{Event, EventKind, Value};
use crate::program::link::NO_CLASS;
use crate::rules::rule::FollowTest;
use crate::vocabulary::{ClassId, MemberRefId, MethodId, ValueId};
use rustc_hash::FxHashSet;

/// Callers of one method that are looked at.
const MAX_CALLERS: usize = 200;
/// Calls below one another that are searched for what puts something back.
const MAX_DEPTH: u32 = 3;
/// Overriders looked at for one call.
const MAX_TARGETS: usize = 8;

/// The calls that take over an obligation, of methods that hand on what the given calls have set.
pub(super) fn calls(cx: &Context<'_>, test: &FollowTest, set: &[Match]) -> Vec<Match> {
    let program = cx.world.program;
    let opens = |spot: &Spot| {
        let body = cx.world.body(spot.method);
        let event = cx.world.event(spot.method, spot.event);
        event.is_some_and(|e| e.kind.is_invoke() && !is_restoring(cx, body, e))
            && hands_on(cx, body, spot.event, test)
            && set_gap(cx, spot, test, Exits::Normal).is_some()
    };
    let mut waiting: Vec<(MethodId, Subject)> = set
        .iter()
        .flat_map(|m| m.spots.iter().map(|s| (s, m.subject)))
        .filter(|(s, _)| opens(s))
        .map(|(s, subject)| (s.method, subject))
        .collect();
    let mut seen = FxHashSet::default();
    let mut found = Vec::new();
    while let Some((method, subject)) = waiting.pop() {
        let Subject::Call(_, api) = subject else { continue };
        if !seen.insert(method) {
            continue;
        }
        for site in cx.world.sites.of(method, MAX_CALLERS).unwrap_or_default() {
            let body = cx.world.body(site.caller);
            let event = cx.world.event(site.caller, site.event).filter(|e| e.kind.is_invoke());
            let Some((event, member)) = event.and_then(|e| Some((e, e.member()?))) else { continue };
            // What an earlier call of it gave back: this one puts it back.
            let is_given_back = |leaf: Value| {
                let before = body.origins.event(leaf).filter(|(_, e)| e.kind.is_invoke());
                before.is_some_and(|(_, e)| e.member() == Some(member))
            };
            if body.origins.args(event).iter().any(|v| body.origins.leaves(*v).any(is_given_back)) {
                continue;
            }
            if hands_on(cx, body, site.event, test) {
                waiting.push((site.caller, subject));
            } else if !program.is_jdk(body.class) {
                let spot = Spot { method: site.caller, event: site.event, how: None, inside: None };
                found.push(Match {
                    subject: Subject::Call(member, api),
                    class: body.class,
                    spots: vec![spot],
                    only: None,
                    holder: None,
                    kept: None,
                    leak: None,
                });
            }
        }
    }
    found
}

/// Whether a method that sets something, or calls one that does, hands its own caller what puts it back.
pub(super) fn hands_on(cx: &Context<'_>, body: Body<'_>, index: u16, test: &FollowTest) -> bool {
    let Some(event) = body.origins.events().get(usize::from(index)) else { return false };
    let is_set = is_call_of(cx, body, event, test);
    if cx.world.program.is_constructor(body.method.name) {
        let is_this = || body.origins.leaves(body.origins.arg(event, 0)).all(|l| l == Value::Param(0));
        return if is_set { has_other_half(cx, body, test) } else { is_this() };
    }
    let handed = if is_set { Vec::new() } else { handed_by(body, index, event) };
    let returns = body.origins.events().iter().filter(|e| e.kind == EventKind::Return);
    let mut returned = returns.flat_map(|e| body.origins.args(e)).flat_map(|v| body.origins.leaves(*v));
    let is_this = |leaf: Value| leaf == Value::Param(0) && !body.method.access.is_static();
    let undoes =
        |leaf: Value| undoes_if_run(cx, body, leaf, test) || is_this(leaf) && has_other_half(cx, body, test);
    returned.any(|leaf| handed.contains(&leaf) || is_set && undoes(leaf))
        || is_set && returns_what_was_there(cx, body)
}

/// Whether another method of the class calls the API with what a field of the object holds.
pub(super) fn has_other_half(cx: &Context<'_>, body: Body<'_>, test: &FollowTest) -> bool {
    let question = (body.class, std::ptr::from_ref(test).addr());
    let halves = cx.halves.get_or_find(question, || {
        let is_half = |id: &MethodId| {
            let other = cx.world.body(*id);
            let mut events = other.origins.events().iter();
            puts_back_field(cx, other, test)
                || events.any(|e| is_call_of(cx, other, e, test) && puts_back_kept(cx, other, e))
        };
        first_two(cx, body.class, is_half)
    });
    halves.into_iter().flatten().any(|id| id != body.id)
}

/// The first two methods of a class of which something holds: whichever asks, one of them is another one.
fn first_two(cx: &Context<'_>, class: ClassId, holds: impl Fn(&MethodId) -> bool) -> [Option<MethodId>; 2] {
    let mut found = cx.world.program.methods_of(class).map(|(id, _)| id).filter(holds);
    [found.next(), found.next()]
}

/// Whether a call passes on what a container yields into which another method of the class has put the context loader: a
/// thread-local variable, the attributes of a request.
pub(super) fn puts_back_kept(cx: &Context<'_>, body: Body<'_>, event: &Event) -> bool {
    let Some(value) = body.origins.args(event).last() else { return false };
    let members = &cx.world.program.facts.members;
    let is_kept = |leaf: Value| {
        let asked = made_behind_cast(body, leaf).filter(|e| e.kind.is_invoke() && e.kind.has_receiver());
        // The thread itself keeps nothing but the one that is set.
        let of_others = |m: &MemberRefId| cx.world.program.text(members.get(*m).owner) != THREAD;
        asked.and_then(Event::member).filter(of_others).is_some_and(|asked| {
            let owner = members.get(asked).owner;
            let puts = |other: Body<'_>, e: &Event| {
                let put = e.member().filter(|_| e.kind.is_invoke() && e.kind.has_receiver());
                put.is_some_and(|put| members.get(put).owner == owner)
                    && other.origins.args(e).iter().skip(1).any(|v| {
                        let found = origins::of_value(cx.world, other.id, *v);
                        found.iter().any(|f| f.origin == Origin::ContextLoader && !f.is_derived)
                    })
            };
            let does_put = |id: &MethodId| {
                let other = cx.world.body(*id);
                other.origins.events().iter().any(|e| puts(other, e))
            };
            let putting = cx.putting.get_or_find((body.class, owner), || first_two(cx, body.class, does_put));
            putting.into_iter().flatten().any(|id| id != body.id)
        })
    };
    body.origins.leaves(*value).any(is_kept)
}

const THREAD: &str = "java/lang/Thread";

/// The event that yields a value, the one before a cast in its place.
fn made_behind_cast<'b>(body: Body<'b>, leaf: Value) -> Option<&'b Event> {
    let (_, event) = body.origins.event(leaf)?;
    if event.kind != EventKind::CheckCast {
        return Some(event);
    }
    let mut sources = body.origins.leaves(body.origins.arg(event, 0));
    let source = sources.next().filter(|_| sources.next().is_none())?;
    body.origins.event(source).map(|(_, e)| e)
}

/// The way out of the method of such a call on which what it was handed is not used.
pub(super) fn gap(cx: &Context<'_>, spot: &Spot, test: &FollowTest, exits: Exits) -> Option<PathGap> {
    let own = cx.world.body(spot.method);
    let handed = handed_by(own, spot.event, own.origins.events().get(usize::from(spot.event))?);
    let site = own.origins.events().get(usize::from(spot.event)).and_then(Event::member)?;
    let settles = |body: Body<'_>, event: &Event| {
        is_call_of(cx, body, event, test) && is_restoring(cx, body, event)
            || body.id == spot.method
                && (takes_over(cx, body, event, &handed, test) || is_counterpart(cx, body, event, site, test))
    };
    // One half of a pair does nothing else: the class has the other half in another method.
    let is_last =
        || own.origins.events().iter().skip(usize::from(spot.event) + 1).all(|e| !e.kind.is_invoke());
    let has_counterpart = |body: Body<'_>| {
        body.origins.events().iter().any(|event| is_counterpart(cx, body, event, site, test))
    };
    let others = || cx.world.program.methods_of(own.class).filter(|(id, _)| *id != spot.method);
    if is_last() && others().any(|(id, _)| has_counterpart(cx.world.body(id))) {
        return None;
    }
    let held = handed.first().copied();
    paths::missing_after_held(cx.world, (spot.method, spot.event), held, &settles, exits)
}

/// Whether an event calls another method of the type that the site's method belongs to, which sets the loader that it is
/// given: who unbinds with a loader of its own choice undoes the binding as well.
fn is_counterpart(
    cx: &Context<'_>,
    body: Body<'_>,
    event: &Event,
    site: MemberRefId,
    test: &FollowTest,
) -> bool {
    let members = &cx.world.program.facts.members;
    let Some(member) = event.member().filter(|m| event.kind.is_invoke() && *m != site) else { return false };
    let is_of_same_type = members.get(member).owner == members.get(site).owner;
    let is_maker = members.get(site).name == members.get(member).name;
    is_of_same_type
        && !is_maker
        && body.origins.args(event).iter().enumerate().any(|(position, value)| {
            is_loader(cx, body, *value) && may_set(cx, body, event, (position, test), MAX_DEPTH)
        })
}

/// What a call yields: its result, or the object that it constructs.
fn handed_by(body: Body<'_>, index: u16, event: &Event) -> Vec<Value> {
    let made = |leaf: &Value| body.origins.event(*leaf).is_some_and(|(_, e)| e.kind == EventKind::New);
    let mut handed = vec![Value::Event(u32::from(index))];
    if event.kind == EventKind::InvokeSpecial {
        handed.splice(0..0, body.origins.leaves(body.origins.arg(event, 0)).filter(made));
    }
    handed
}

/// Whether running a method of an object puts something back: of a lambda, or of one that is made here.
fn undoes_if_run(cx: &Context<'_>, body: Body<'_>, leaf: Value, test: &FollowTest) -> bool {
    let program = cx.world.program;
    let loader = program.class(body.class).loader;
    let Some((_, made)) = body.origins.event(leaf) else { return false };
    match made.kind {
        EventKind::Lambda => {
            let run = made.member().and_then(|m| program.refs(loader).method(m));
            run.is_some_and(|m| undoes(cx, m, test, MAX_DEPTH))
        }
        EventKind::New => {
            made.name().and_then(|n| program.find(loader, n)).is_some_and(|c| class_undoes(cx, c, test))
        }
        _ => false,
    }
}

fn class_undoes(cx: &Context<'_>, class: ClassId, test: &FollowTest) -> bool {
    let program = cx.world.program;
    let mut at = class;
    while at != NO_CLASS && !program.is_jdk(at) {
        let mut methods = program.methods_of(at).filter(|(_, m)| !program.text(m.name).starts_with('<'));
        if methods.any(|(id, m)| !m.access.is_static() && undoes(cx, id, test, MAX_DEPTH)) {
            return true;
        }
        at = program.class(at).super_class;
    }
    false
}

fn undoes(cx: &Context<'_>, method: MethodId, test: &FollowTest, depth: u32) -> bool {
    let body = cx.world.body(method);
    puts_back_field(cx, body, test)
        || body.origins.events().iter().any(|event| {
            let targets = || cx.world.targets(body, event, MAX_TARGETS).unwrap_or_default();
            is_call_of(cx, body, event, test) && is_restoring(cx, body, event)
                || depth > 0
                    && event.kind.is_invoke()
                    && targets().into_iter().any(|t| undoes(cx, t, test, depth - 1))
        })
}

/// Methods of every object, which put nothing back.
const OF_EVERY_OBJECT: [&str; 4] = ["equals", "getClass", "hashCode", "toString"];

/// Whether an event uses what was handed, or leaves it to somebody else.
fn takes_over(cx: &Context<'_>, body: Body<'_>, event: &Event, handed: &[Value], test: &FollowTest) -> bool {
    let is_it = |value: &ValueId| body.origins.leaves(*value).any(|leaf| handed.contains(&leaf));
    let args = body.origins.args(event);
    let Some(position) = args.iter().position(is_it) else { return false };
    match event.kind {
        EventKind::Return
        | EventKind::PutField
        | EventKind::PutStatic
        | EventKind::ArrayStore
        | EventKind::Lambda => true,
        kind if kind.is_invoke() && kind.has_receiver() && position == 0 => may_undo(cx, body, event, test),
        kind if kind.is_invoke() => {
            let is_loader = args.get(position).is_some_and(|v| is_loader(cx, body, *v));
            !is_loader || may_set(cx, body, event, (position, test), MAX_DEPTH)
        }
        _ => false,
    }
}

fn may_undo(cx: &Context<'_>, body: Body<'_>, event: &Event, test: &FollowTest) -> bool {
    let program = cx.world.program;
    let Some(member) = event.member().map(|m| program.facts.members.get(m)) else { return false };
    if OF_EVERY_OBJECT.contains(&program.text(member.name)) || program.is_constructor(member.name) {
        return false;
    }
    let owner = program.find(program.class(body.class).loader, member.owner);
    let is_open = owner.is_none_or(|c| program.is_jdk(c) || program.class_facts(c).access.is_interface());
    is_open
        || cx.world.targets(body, event, MAX_TARGETS).is_none_or(|targets| {
            targets.is_empty() || targets.into_iter().any(|t| undoes(cx, t, test, MAX_DEPTH))
        })
}

/// Whether a call that is given a loader may set it, or keep it for somebody who will: the JDK's other methods do not.
fn may_set(
    cx: &Context<'_>,
    body: Body<'_>,
    event: &Event,
    (position, test): (usize, &FollowTest),
    depth: u32,
) -> bool {
    let program = cx.world.program;
    if is_call_of(cx, body, event, test) {
        return true;
    }
    let refs = program.refs(program.class(body.class).loader);
    let called = event.member().and_then(|m| refs.method(m));
    if called.is_some_and(|m| program.is_jdk(program.class_of_method(m))) {
        return false;
    }
    let targets = cx.world.all_targets(body, event, MAX_TARGETS).unwrap_or_default();
    depth == 0
        || targets.is_empty()
        || targets.into_iter().any(|target| {
            let callee = cx.world.body(target);
            let given = Value::Param(position as u16);
            let is_given = |v: &ValueId| callee.origins.leaves(*v).any(|leaf| leaf == given);
            callee.origins.events().iter().any(|e| {
                let at = callee.origins.args(e).iter().position(is_given);
                at.is_some_and(|at| match e.kind {
                    EventKind::PutField
                    | EventKind::PutStatic
                    | EventKind::ArrayStore
                    | EventKind::Lambda => true,
                    kind => kind.is_invoke() && may_set(cx, callee, e, (at, test), depth - 1),
                })
            })
        })
}

fn is_loader(cx: &Context<'_>, body: Body<'_>, value: ValueId) -> bool {
    let loader = cx.world.program.class(body.class).loader;
    let types = types_of(cx.world, body, value);
    types.iter().any(|t| is_of_types(cx.world, cx.models, loader, t, &cx.names.loader_types))
}
