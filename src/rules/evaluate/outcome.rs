//! What goes wrong when several applications change a state: who gets whose value.

use super::context::Context;
use super::matches::{Match, Spot, Subject};
use crate::dataflow::How;
use crate::rules::rule::{KeyKind, WriteShape};

/// What is told of some changes.
type Tell = fn(&Context<'_>, &Match, &[Spot]) -> &'static str;

/// The consequence, to follow a colon.
pub(super) fn of(cx: &Context<'_>, found: &Match) -> &'static str {
    let Subject::Field(_) = found.subject else { return SHARED };
    let is = |wanted: fn(How) -> bool| {
        let spots = found.spots.iter().copied();
        spots.filter(|s| s.how.is_some_and(wanted)).collect::<Vec<_>>()
    };
    let kinds: [(Vec<Spot>, Tell); 5] = [
        (is(|how| how == How::Write), of_writes),
        (is(|how| matches!(how, How::Container(_) | How::Entry(_))), of_container),
        (is(|how| matches!(how, How::Atomic(_))), of_writes),
        (is(|how| how == How::Array), |_, _, _| "each finds there what another one has stored"),
        (
            is(|how| matches!(how, How::Buffer(_))),
            |_, _, _| "what one puts there ends up in what another makes of it",
        ),
    ];
    let known = kinds.iter().find(|(spots, _)| !spots.is_empty());
    known.map_or(SHARED, |(spots, tell)| tell(cx, found, spots))
}

/// All that can be said of a state of which nothing else is known.
const SHARED: &str = "it is one for all of them";

fn has(cx: &Context<'_>, found: &Match, spots: &[Spot], shape: WriteShape) -> bool {
    spots.iter().any(|s| cx.shapes(found, s).contains(shape))
}

fn of_writes(cx: &Context<'_>, found: &Match, spots: &[Spot]) -> &'static str {
    let is_lazy = |s: &Spot| cx.shapes(found, s).contains(WriteShape::Lazy);
    let is_cleared = |s: &Spot| cx.shapes(found, s).contains(WriteShape::Cleared);
    let sets: Vec<&Spot> = spots.iter().filter(|s| !is_cleared(s)).collect();
    if sets.is_empty() {
        "what one takes away is gone for all of them"
    } else if sets.iter().all(|s| is_lazy(s)) {
        "the first one decides for all of them"
    } else {
        "the last one wins for all of them"
    }
}

fn of_container(cx: &Context<'_>, found: &Match, spots: &[Spot]) -> &'static str {
    let key = |s: &Spot| cx.key(found, s);
    let named = [KeyKind::Text, KeyKind::Constant, KeyKind::SharedClass, KeyKind::ClassName, KeyKind::Other];
    let puts: Vec<Spot> = spots.iter().copied().filter(|s| !is_removal(cx, s)).collect();
    if is_result(cx, spots, "future-obtrude") {
        "the last one wins for all of them"
    } else if is_result(cx, spots, "future-complete") {
        "the first one decides for all of them"
    } else if puts.is_empty() {
        "what one takes out is gone for all of them"
    } else if !puts.iter().any(|s| named.contains(&key(s))) {
        "each of them gets the entries of all"
    } else if are_filled(cx, found, &puts) {
        "under equal keys all of them fill the same collection"
    } else if has(cx, found, &puts, WriteShape::Lazy) {
        "under equal keys all of them get the first one's entry"
    } else {
        "under equal keys one's entry replaces another's"
    }
}

/// Whether what is put in are collections, on demand, and elements into these.
fn are_filled(cx: &Context<'_>, found: &Match, puts: &[Spot]) -> bool {
    let is_filled = |s: &&Spot| matches!(s.how, Some(How::Entry(_)));
    puts.iter().any(|s| is_filled(&s))
        && puts.iter().filter(|s| !is_filled(s)).all(|s| cx.shapes(found, s).contains(WriteShape::Lazy))
}

/// Whether some change is a call of this group, which sets a result that others wait for.
fn is_result(cx: &Context<'_>, spots: &[Spot], group: &str) -> bool {
    let is_of = |how| matches!(how, Some(How::Container(api)) if cx.is_api(api, &[group.to_owned()]));
    spots.iter().any(|s| is_of(s.how))
}

fn is_removal(cx: &Context<'_>, spot: &Spot) -> bool {
    matches!(spot.how, Some(How::Container(api) | How::Entry(api)) if cx.is_api(api, &cx.names.removing))
}
