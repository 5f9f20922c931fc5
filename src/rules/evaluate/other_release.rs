//! Code for another release of the JVM than the one that the deployment runs on.

use super::branches::{edges_where, is_behind};
use super::context::Context;
use super::matches::Spot;
use crate::dataflow::Body;
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::ValueId;

/// Texts of the models: names of what tells code the release.
const JVM_RELEASE: &str = "jvm-release";
/// Places looked at that write the field which keeps the release.
const MAX_WRITES: usize = 4;
/// Places looked at that make objects of one class.
const MAX_MAKERS: usize = 8;

/// Whether a site, or every place that makes the object whose method it is in, stands behind a test that the JVM is of
/// another release.
pub(super) fn is_meant(cx: &Context<'_>, spot: &Spot) -> bool {
    let world = cx.world;
    let body = world.body(spot.method);
    is_tested(cx, body, spot.event) || !body.method.access.is_static() && is_made_for_another(cx, body)
}

fn is_made_for_another(cx: &Context<'_>, body: Body<'_>) -> bool {
    let (world, program) = (cx.world, cx.world.program);
    let constructors = program.methods_of(body.class).filter(|(_, m)| program.is_constructor(m.name));
    let mut n_makers = 0;
    let all = constructors.into_iter().all(|(constructor, _)| {
        let makers = world.sites.of(constructor, MAX_MAKERS);
        makers.is_some_and(|makers| {
            n_makers += makers.len();
            makers.iter().all(|maker| is_tested(cx, world.body(maker.caller), maker.event))
        })
    });
    all && n_makers > 0
}

fn is_tested(cx: &Context<'_>, body: Body<'_>, event: u16) -> bool {
    let is_test = |value: ValueId| {
        let mut tests = body.origins.leaves(value).filter_map(|leaf| body.origins.event(leaf));
        tests.any(|(_, test)| is_of_another(cx, body, test))
    };
    is_behind(body, &edges_where(body, true, is_test), event)
}

/// Whether a call asks whether the release is a certain one, `1.7`, and the deployment's is not.
fn is_of_another(cx: &Context<'_>, body: Body<'_>, test: &Event) -> bool {
    let program = cx.world.program;
    let member = test.member().filter(|_| test.kind == EventKind::InvokeVirtual);
    let Some(member) = member.map(|m| program.facts.members.get(m)) else { return false };
    if program.text(member.owner) != "java/lang/String" || program.text(member.name) != "equals" {
        return false;
    }
    let (asked, with) = (body.origins.arg(test, 0), body.origins.arg(test, 1));
    let mut leaves = body.origins.leaves(with);
    let (Some(Value::Str(text)), None) = (leaves.next(), leaves.next()) else { return false };
    // Since 9 the release is told without the leading `1.` (JEP 223).
    let release = program.text(text);
    let number = release.strip_prefix("1.").unwrap_or(release).parse::<u16>();
    number.is_ok_and(|n| n != program.topology.release) && is_told_release(cx, body, asked)
}

/// Whether a value is what the JVM tells of its release, perhaps by a field that it is kept in.
fn is_told_release(cx: &Context<'_>, body: Body<'_>, value: ValueId) -> bool {
    let world = cx.world;
    let refs = world.program.refs(world.program.class(body.class).loader);
    let mut leaves = body.origins.leaves(value).peekable();
    leaves.peek().is_some()
        && leaves.all(|leaf| {
            let Some((_, event)) = body.origins.event(leaf) else { return false };
            if event.kind != EventKind::GetStatic {
                return asks_for_release(cx, body, event);
            }
            let Some(field) = event.member().and_then(|m| refs.field(m)) else { return false };
            let writes: Vec<_> = world.fields.writes(field).take(MAX_WRITES + 1).collect();
            (1..=MAX_WRITES).contains(&writes.len())
                && writes.iter().all(|write| {
                    let writer = world.body(write.method);
                    let stored =
                        world.event(write.method, write.event).and_then(|e| writer.origins.args(e).last());
                    let made = stored.into_iter().flat_map(|v| writer.origins.leaves(*v));
                    let mut calls = made.map(|leaf| writer.origins.event(leaf));
                    calls.all(|call| call.is_some_and(|(_, call)| asks_for_release(cx, writer, call)))
                })
        })
}

fn asks_for_release(cx: &Context<'_>, body: Body<'_>, call: &Event) -> bool {
    let Some(globs) = cx.models.texts.get(JVM_RELEASE) else { return false };
    let is_name = |leaf| match leaf {
        Value::Str(name) => globs.iter().any(|glob| cx.glob(glob, cx.world.program.text(name))),
        _ => false,
    };
    call.kind.is_invoke() && body.origins.args(call).iter().any(|v| body.origins.leaves(*v).any(is_name))
}
