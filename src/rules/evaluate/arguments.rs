//! Whether what a rule asks of a call's argument holds.

use super::conditions::is_defined_by;
use super::context::Context;
use super::matches::Spot;
use super::places;
use super::values::{self, constants, is_of_types, kind_of, operand, origins_of};
use crate::dataflow::Body;
use crate::dataflow::objects::{self, Kind, What};
use crate::dataflow::origins::Found;
use crate::facts::EventKind;
use crate::rules::rule::{ArgumentTest, OriginKind};
use crate::vocabulary::ValueId;

/// Whether all that is asked of an argument holds of a call's.
pub(super) fn holds(cx: &Context<'_>, spot: &Spot, test: &ArgumentTest) -> bool {
    let world = cx.world;
    let body = world.body(spot.method);
    let Some(event) = world.event(spot.method, spot.event) else { return false };
    let Some(position) = operand(event, test.index) else { return false };
    if !test.types.is_empty() {
        let loader = world.program.class(body.class).loader;
        let Some(value) = body.origins.args(event).get(position) else { return false };
        let types = values::types_of(world, body, *value);
        if !types.iter().any(|t| is_of_types(world, cx.models, loader, t, &test.types)) {
            return false;
        }
    }
    if !test.declares.is_empty() {
        let loader = world.program.class(body.class).loader;
        let Some(value) = body.origins.args(event).get(position) else { return false };
        let types = super::made::objects_behind(world, body, *value);
        let declares = |t: &&str| values::declares(world, loader, t, &test.declares);
        // Who is to come can choose the one of them that does.
        let has_it = match world.reach.is_open_world() {
            true => types.iter().any(declares),
            false => !types.is_empty() && types.iter().all(declares),
        };
        if !has_it {
            return false;
        }
    }
    let kinds = [(Kind::Classes, &test.class_of), (Kind::Objects, &test.object_of)];
    for (kind, definers) in kinds.into_iter().filter(|(_, definers)| !definers.is_empty()) {
        let value = body.origins.arg(event, position);
        let is_one = |what| match what {
            What::Of(class) => definers.iter().any(|by| is_defined_by(cx, class, *by)),
            What::ReadBy(_) => false,
        };
        if !objects::of_value(world, body.id, value, kind).iter().any(|object| is_one(object.what)) {
            return false;
        }
    }
    let needs_origins = !(test.origins.is_empty()
        && test.text.is_empty()
        && test.names_class.is_empty()
        && test.names_resource.is_empty());
    if !needs_origins {
        return true;
    }
    // A method reference has no arguments here: whatever is passed later is not known.
    if event.kind == EventKind::Lambda {
        return test.origins.contains(&OriginKind::Unknown);
    }
    let found = origins_of(world, body, event, position);
    let origins_hold = || {
        let is_constant =
            super::computed::is_constant(world, body, body.origins.arg(event, position), &found);
        let kinds: Vec<OriginKind> = found.iter().map(|f| kind_of(world, body.class, f)).collect();
        origins_hold(if is_constant { &[OriginKind::Constant] } else { &kinds }, &test.origins)
    };
    (test.origins.is_empty() || origins_hold())
        && (test.text.is_empty()
            || texts_hold(cx, body, body.origins.arg(event, position), &found, &test.text))
        && (test.names_class.is_empty() || places::classes_hold(cx, body, (event, position), &found, test))
        && (test.names_resource.is_empty()
            || places::resources_hold(cx, body, (event, position), &found, test))
}

/// Whether one of the texts that a value may be matches one of the globs.
fn texts_hold(cx: &Context<'_>, body: Body<'_>, value: ValueId, found: &[Found], globs: &[String]) -> bool {
    let matches = |text: &str| globs.iter().any(|glob| cx.glob(glob, text));
    let plain = constants(cx.world, found);
    if plain.is_empty() {
        let computed = super::computed::texts(cx.world, body, value).unwrap_or_default();
        return computed.iter().any(|text| matches(text));
    }
    plain.into_iter().any(matches)
}

/// A loader is what a rule asks for only if it can't be another one: `context, else own` is a safe fall-back chain. Of
/// other values one origin is enough.
fn origins_hold(kinds: &[OriginKind], wanted: &[OriginKind]) -> bool {
    const LOADERS: [OriginKind; 4] = [
        OriginKind::ContextLoader,
        OriginKind::OwnLoader,
        OriginKind::ForeignLoader,
        OriginKind::SystemLoader,
    ];
    if wanted.is_empty() {
        return true;
    }
    let any = kinds.iter().any(|k| wanted.contains(k));
    let wants_loaders = wanted.iter().any(|w| LOADERS.contains(w));
    let transparent = [OriginKind::Null, OriginKind::Field, OriginKind::StaticField];
    let only = kinds.iter().all(|k| wanted.contains(k) || transparent.contains(k));
    any && (!wants_loaders || only)
}
