//! Resources that a function opens as elements of a stream: the functions of the pipeline's other stages are all that
//! gets to see them.

use super::callees::Callees;
use super::summaries::Summaries;
use super::{ExitKind, Leak};
use crate::dataflow::Body;
use crate::dataflow::knowledge::{Role, groups};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::{MethodId, descriptor};

/// Stages of one pipeline that are followed.
const MAX_STAGES: u32 = 16;

/// What a stage does with the elements of a stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    /// Its result is what a function makes of them.
    Maps,
    /// They are gone after it, but for what its function keeps of them.
    Ends,
    /// It hands them on, after a function has seen them or without one.
    Passes,
}

/// What a stage's function does to an element.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Sees {
    /// Nothing that keeps or releases it.
    Looks,
    /// Yields it, or what releases it.
    PassesOn,
    /// Releases it, keeps it, or nobody knows.
    Settles,
}

/// What the pipelines of a body open by a function and lose at a later stage.
pub(super) fn leaks(callees: &Callees<'_, '_>, body: Body<'_>, summaries: &Summaries) -> Vec<Leak> {
    let mut found = Vec::new();
    for (i, event) in body.origins.events().iter().enumerate() {
        let Some(opener) = stage(callees, body, event)
            .filter(|stage| *stage == Stage::Maps)
            .and_then(|_| function(callees, body, event))
            .and_then(|(_, run)| run)
        else {
            continue;
        };
        if !callees.spend(body.origins.events().len()) {
            break;
        }
        let opened = summaries.yields(opener).iter().find(|y| y.is_open && y.owner.is_none());
        if let Some(opened) = opened.filter(|_| is_lost(callees, body, i as u32)) {
            let returns = |e: &Event| e.kind == EventKind::Return;
            let left_at = body.origins.events().iter().position(returns).map_or(i as u16, |at| at as u16);
            found.push(Leak {
                resource: opened.resource,
                method: body.id,
                event: i as u16,
                exit: ExitKind::Normal,
                at: Some(left_at),
                left_at,
                ever_released: false,
                after_failed_release: false,
                n_other_exits: 0,
                by_surprise: false,
                only_if: None,
            });
        }
    }
    found
}

/// Whether the elements of a stream get to a stage after which nobody has them, and none before it releases them.
fn is_lost(callees: &Callees<'_, '_>, body: Body<'_>, mut at: u32) -> bool {
    for _ in 0..MAX_STAGES {
        let is_it = |v| body.origins.leaves(v).any(|leaf| leaf == Value::Event(at));
        let uses = |e: &&Event| body.origins.args(e).iter().any(|v| is_it(*v));
        let mut users = body.origins.events().iter().zip(0u32..).filter(|(e, _)| uses(e));
        let (Some((next, index)), None) = (users.next(), users.next()) else { return false };
        let Some(stage) = stage(callees, body, next).filter(|_| is_it(body.origins.arg(next, 0))) else {
            return false;
        };
        let seen =
            || function(callees, body, next).map_or(Sees::Settles, |(f, run)| sees(callees, body, f, run));
        let goes_on = match stage {
            Stage::Passes => next.n_args == 1 || takes_number(callees, next) || seen() != Sees::Settles,
            Stage::Maps => match seen() {
                Sees::Looks => return true,
                Sees::PassesOn => true,
                Sees::Settles => false,
            },
            Stage::Ends => return seen() == Sees::Looks,
        };
        if !goes_on {
            return false;
        }
        at = index;
    }
    false
}

/// What a call on a stream does, as far as the models say it.
fn stage(callees: &Callees<'_, '_>, body: Body<'_>, event: &Event) -> Option<Stage> {
    let world = callees.world;
    let member = event.member().filter(|_| event.kind == EventKind::InvokeInterface)?;
    let loader = world.program.class(body.class).loader;
    let stages = [
        (groups::STREAM_MAP, Stage::Maps),
        (groups::STREAM_END, Stage::Ends),
        (groups::STREAM_PASS, Stage::Passes),
    ];
    let is_in = |group: &str| world.knowledge.api_of(group, loader, member).is_some();
    stages.into_iter().find(|(group, _)| is_in(group)).map(|(_, stage)| stage)
}

fn takes_number(callees: &Callees<'_, '_>, event: &Event) -> bool {
    let program = callees.world.program;
    event.member().is_some_and(|m| {
        let desc = program.text(program.facts.members.get(m).desc);
        descriptor::params(desc).all(|ty| !ty.is_reference())
    })
}

/// The function that a stage is given, and the deployment's method that it runs.
fn function<'b>(
    callees: &Callees<'_, '_>,
    body: Body<'b>,
    event: &Event,
) -> Option<(&'b Event, Option<MethodId>)> {
    let program = callees.world.program;
    let mut leaves = body.origins.leaves(*body.origins.args(event).get(1)?);
    let (_, made) = body.origins.event(leaves.next()?).filter(|_| leaves.next().is_none())?;
    let member = made.member().filter(|_| made.kind == EventKind::Lambda)?;
    let run = program.refs(program.class(body.class).loader).method(member);
    Some((made, run.filter(|m| !program.is_jdk(program.class_of_method(*m)) && program.method(*m).has_body)))
}

/// What a function does to the element that it is given after what it has captured.
fn sees(callees: &Callees<'_, '_>, body: Body<'_>, function: &Event, run: Option<MethodId>) -> Sees {
    let program = callees.world.program;
    let n_captured = u16::from(function.n_args);
    let Some(run) = run else { return sees_of_platform(callees, body, function) };
    let makes = program.is_constructor(program.method(run).name);
    let effect = callees.effect(run, n_captured + u16::from(makes), false);
    if effect.releases || effect.escapes || effect.lends || effect.into_receiver && !makes {
        Sees::Settles
    } else if effect.into_result || effect.into_receiver {
        Sees::PassesOn
    } else {
        Sees::Looks
    }
}

/// The same of a method of the platform by reference: `BufferedReader::new`, `BufferedReader::lines`.
fn sees_of_platform(callees: &Callees<'_, '_>, body: Body<'_>, function: &Event) -> Sees {
    let world = callees.world;
    let program = world.program;
    let loader = program.class(body.class).loader;
    let Some(member) = function.member().filter(|_| function.n_args == 0) else { return Sees::Settles };
    let roles: Vec<Role> = world.knowledge.roles(loader, member).map(|(role, _)| role).collect();
    let wraps = |role: &Role| match *role {
        Role::Wrapper(row) => {
            let wrapper = world.knowledge.tables.wrappers.get(usize::from(row));
            wrapper.is_some_and(|w| w.closes && w.args.contains(&0))
        }
        _ => false,
    };
    if roles.iter().any(wraps) {
        return Sees::PassesOn;
    }
    let tells = [groups::SAME_AS_RECEIVER, groups::RELEASED_WITH_RECEIVER]
        .iter()
        .any(|group| world.knowledge.api_in(world.knowledge.group(group), loader, member).is_some());
    let facts = program.facts.members.get(member);
    let result = descriptor::return_type(program.text(facts.desc)).class();
    let run = program.refs(loader).method(member).map(|m| program.method(m));
    let asks_it = run.is_some_and(|m| {
        !m.access.is_static() && !program.is_constructor(m.name) && program.text(m.desc).starts_with("()")
    });
    let is_itself = result == Some(program.text(facts.owner));
    match asks_it && !is_itself && !tells && roles.iter().all(|r| matches!(r, Role::Api(_))) {
        true => Sees::Looks,
        false => Sees::Settles,
    }
}
