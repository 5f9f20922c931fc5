//! What is known of a name that is put together: which constant parts it has, so that it can't be another one.

use super::flow::Site;
use super::identity;
use crate::dataflow::origins::{self, Origin};
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::descriptor::{TypeDesc, params};
use crate::vocabulary::{MethodId, ValueId};

/// Calls between an element of what is listed and the call that lists it: `iterator`, `next`, a view.
const MAX_STEPS: u32 = 6;
/// What stands for an argument in a recipe of [`EventKind::Concat`], and for a constant that the recipe does not hold.
const HOLES: [char; 2] = ['\u{1}', '\u{2}'];
/// What separates the parts of a name, whatever their order is, and stands for others in a pattern of names.
const SEPARATORS: [char; 4] = [',', ':', '*', '?'];
/// What ends the part of a name that comes first in any case.
const FIRST_ENDS: char = ':';
/// Where the collections are whose elements are looked at.
const COLLECTIONS: &str = "java/util/";

/// What is known of one name.
struct Known {
    /// Its constant parts, or those of a pattern that it fits.
    parts: Vec<String>,
    /// How it begins.
    first: Option<String>,
    /// All of it.
    whole: Option<String>,
}

/// Whether a name that is taken back, of this type, differs from the registered one whatever goes into it.
pub(super) fn differ(
    world: &World<'_>,
    registered: (MethodId, ValueId),
    taken: (MethodId, ValueId),
    wanted: TypeDesc<'_>,
) -> bool {
    let Some(own) = of_value(world, registered.0, registered.1) else { return false };
    let other = of_value(world, taken.0, taken.1).or_else(|| listed(world, taken.0, taken.1, wanted));
    other.is_some_and(|other| own.iter().all(|own| other.iter().all(|other| own.differs(other))))
}

impl Known {
    fn of_recipe(recipe: &str) -> Self {
        let parts = recipe.split(|c| HOLES.contains(&c) || SEPARATORS.contains(&c));
        let first = recipe.split_once(FIRST_ENDS).map(|(first, _)| first);
        let is_known = |first: &&str| !first.is_empty() && !first.contains(['*', '?', HOLES[0], HOLES[1]]);
        Self {
            parts: parts.filter(|p| !p.is_empty()).map(str::to_owned).collect(),
            first: first.filter(is_known).map(str::to_owned),
            whole: (!recipe.contains([HOLES[0], HOLES[1], '*', '?'])).then(|| recipe.to_owned()),
        }
    }

    fn differs(&self, other: &Self) -> bool {
        let lacks = |of: &Self, parts: &Self| {
            of.whole.as_ref().is_some_and(|text| parts.parts.iter().any(|part| !text.contains(part.as_str())))
        };
        let begin = self.first.as_ref().zip(other.first.as_ref());
        begin.is_some_and(|(a, b)| a != b) || lacks(self, other) || lacks(other, self)
    }
}

/// The names that a value may be; `None` if of one nothing is known.
fn of_value(world: &World<'_>, method: MethodId, value: ValueId) -> Option<Vec<Known>> {
    let mut found = Vec::new();
    for origin in origins::of_value(world, method, value) {
        match origin.origin {
            Origin::Null => {}
            Origin::Text(text) if !origin.is_derived => {
                found.push(Known::of_recipe(world.program.text(text)))
            }
            Origin::Allocation(Some(_)) if !origin.is_derived => {
                found.push(made(world, (origin.method, origin.event))?);
            }
            _ => return None,
        }
    }
    Some(found).filter(|f| !f.is_empty())
}

/// What a name is made from by its constructor.
fn made(world: &World<'_>, site: Site) -> Option<Known> {
    let body = world.body(site.0);
    let text = identity::constructed_from(body, site.1)?;
    let mut leaves = body.origins.leaves(text);
    let (Some(leaf), None) = (leaves.next(), leaves.next()) else { return None };
    if let Value::Str(text) = leaf {
        return Some(Known::of_recipe(world.program.text(text)));
    }
    let (_, event) = body.origins.event(leaf).filter(|(_, e)| e.kind == EventKind::Concat)?;
    Some(Known::of_recipe(world.program.text(event.name()?)))
}

/// The same of an element of what a call lists that is given a pattern of names.
fn listed(world: &World<'_>, method: MethodId, value: ValueId, wanted: TypeDesc<'_>) -> Option<Vec<Known>> {
    let body = world.body(method);
    let mut leaves = body.origins.leaves(value).filter(|leaf| *leaf != Value::Null);
    let (Some(leaf), None) = (leaves.next(), leaves.next()) else { return None };
    let pattern = pattern_behind(world, body, leaf, wanted, MAX_STEPS)?;
    of_value(world, method, pattern)
}

fn pattern_behind(
    world: &World<'_>,
    body: Body<'_>,
    leaf: Value,
    wanted: TypeDesc<'_>,
    steps: u32,
) -> Option<ValueId> {
    let steps = steps.checked_sub(1)?;
    let only = |value: ValueId| {
        let mut leaves = body.origins.leaves(value);
        leaves.next().filter(|_| leaves.next().is_none())
    };
    if let Value::Derived(source) = leaf {
        return pattern_behind(world, body, only(source)?, wanted, steps);
    }
    let (_, event) = body.origins.event(leaf)?;
    let is_of_collection = |e: &Event| {
        let owner = e.member().map(|m| world.program.facts.members.get(m).owner);
        owner.is_some_and(|o| world.program.text(o).starts_with(COLLECTIONS))
    };
    match event.kind {
        EventKind::CheckCast => pattern_behind(world, body, only(body.origins.arg(event, 0))?, wanted, steps),
        kind if kind.is_invoke() && kind.has_receiver() && is_of_collection(event) => {
            pattern_behind(world, body, only(body.origins.arg(event, 0))?, wanted, steps)
        }
        kind if kind.is_invoke() => {
            let desc = world.program.text(world.program.facts.members.get(event.member()?).desc);
            let at = params(desc).position(|ty| ty == wanted)?;
            Some(body.origins.arg(event, at + usize::from(kind.has_receiver())))
        }
        _ => None,
    }
}
