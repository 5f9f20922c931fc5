//! Texts that are put together from constants alone: concatenated, built, formatted, chosen by a switch.

use super::values::constants;
use crate::dataflow::changes::block_of;
use crate::dataflow::origins::{self, Found, Origin};
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::ValueId;
use crate::vocabulary::descriptor::{binary_name, params};
use std::cell::Cell;

/// The API group of the calls that put texts together.
const TEXT_BUILDING: &str = "text-building";
/// Texts that one value may be; of more, none is known.
const MAX_TEXTS: usize = 16;
/// Longer texts name no class.
const MAX_LENGTH: usize = 500;
/// Computations within one another.
const MAX_DEPTH: u32 = 8;
/// What stands for an argument in a recipe of [`EventKind::Concat`], and for a constant that the recipe does not hold.
const ARGUMENT: char = '\u{1}';
const CONSTANT: char = '\u{2}';

/// Values looked at for one question.
const MAX_STEPS: u32 = 2000;
/// What stands for a part of a text that is not known, in [`patterns`].
pub(super) const ANY: char = '\u{3}';

/// Reads what a value may be.
struct Reader<'r, 'w> {
    world: &'r World<'w>,
    /// Whether a part that is not known is [`ANY`] text rather than none.
    is_open: bool,
    steps: Cell<u32>,
}

/// What a value may be, if each of the texts that it may be is known.
pub(super) fn texts(world: &World<'_>, body: Body<'_>, value: ValueId) -> Option<Vec<String>> {
    all_of(&Reader { world, is_open: false, steps: Cell::new(0) }, body, value, 0)
}

/// What a value may be, with [`ANY`] for what is not known of it, through fields that are written in one place, methods
/// that are called, and those who call one that other packages can't.
pub(super) fn patterns(world: &World<'_>, body: Body<'_>, value: ValueId) -> Vec<String> {
    let reader = Reader { world, is_open: true, steps: Cell::new(0) };
    all_of(&reader, body, value, 0).unwrap_or_default()
}

/// Whether a value is put together from constants alone, none of which an application passes.
pub(super) fn is_constant(world: &World<'_>, body: Body<'_>, value: ValueId, found: &[Found]) -> bool {
    let is_computed = found.iter().any(|f| f.is_derived) && found.iter().all(|f| f.passed_by.is_none());
    is_computed && constants(world, found).is_empty() && texts(world, body, value).is_some()
}

fn all_of(r: &Reader<'_, '_>, body: Body<'_>, value: ValueId, depth: u32) -> Option<Vec<String>> {
    r.steps.set(r.steps.get() + 1);
    let known = (depth <= MAX_DEPTH && r.steps.get() <= MAX_STEPS).then(|| each_of(r, body, value, depth));
    known.flatten().or_else(|| r.is_open.then(|| vec![ANY.to_string()]))
}

fn each_of(r: &Reader<'_, '_>, body: Body<'_>, value: ValueId, depth: u32) -> Option<Vec<String>> {
    let mut all = Vec::new();
    for leaf in body.origins.leaves(value) {
        all.extend(of_leaf(r, body, value, leaf, depth).or_else(|| followed(r, body, leaf, depth))?);
        if all.len() > MAX_TEXTS {
            return None;
        }
    }
    all.sort();
    all.dedup();
    (!all.is_empty()).then_some(all)
}

fn of_leaf(
    r: &Reader<'_, '_>,
    body: Body<'_>,
    value: ValueId,
    leaf: Value,
    depth: u32,
) -> Option<Vec<String>> {
    let world = r.world;
    match leaf {
        Value::Str(name) => Some(vec![world.program.text(name).to_owned()]),
        Value::Int(number) => Some(vec![number.to_string()]),
        Value::Event(index) => {
            let event = body.origins.events().get(index as usize)?;
            match event.kind {
                EventKind::Concat => concatenated(r, body, event, depth),
                kind if kind.is_invoke() && is_text_building(world, body, event) => {
                    built(r, body, event, index, depth)
                }
                kind if kind.is_invoke() => of_class(world, body, event)
                    .or_else(|| told(world, body, value))
                    .or_else(|| selected(r, body, event, depth)),
                _ => told(world, body, value),
            }
        }
        _ => told(world, body, value),
    }
}

/// What each of the methods yields that a call may select, if it is known of all.
fn selected(r: &Reader<'_, '_>, body: Body<'_>, event: &Event, depth: u32) -> Option<Vec<String>> {
    let targets = r.world.targets(body, event, MAX_PLACES)?;
    let mut all = Vec::new();
    for target in targets {
        let callee = r.world.body(target);
        for yielded in callee.origins.events().iter().filter(|e| e.kind == EventKind::Return) {
            all.extend(all_of(r, callee, *callee.origins.args(yielded).first()?, depth + 1)?);
            if all.len() > MAX_TEXTS {
                return None;
            }
        }
    }
    (!all.is_empty()).then_some(all)
}

/// Places that a field is written at, and calls of a method, that are looked at.
const MAX_PLACES: usize = 8;

/// What a value is elsewhere: where the field that it is read from is written, in the method that yields it, or at the
/// calls of the method that is given it.
fn followed(r: &Reader<'_, '_>, body: Body<'_>, leaf: Value, depth: u32) -> Option<Vec<String>> {
    let world = r.world;
    if !r.is_open && !is_set_once(world, body, leaf) {
        return None;
    }
    let places: Vec<(Body<'_>, ValueId)> = match leaf {
        Value::Param(i) => {
            let access = body.method.access;
            let is_this = i == 0 && !access.is_static();
            if is_this || access.is_public() || access.is_protected() {
                return None;
            }
            let sites = world.sites.of(body.id, MAX_PLACES)?;
            let passed = sites.iter().filter_map(|site| {
                let event = world.event(site.caller, site.event).filter(|e| e.kind.is_invoke())?;
                let caller = world.body(site.caller);
                Some((caller, caller.origins.arg(event, usize::from(i))))
            });
            passed.collect()
        }
        Value::Event(_) => {
            let (_, event) = body.origins.event(leaf)?;
            match event.kind {
                EventKind::GetField | EventKind::GetStatic => {
                    let refs = world.program.refs(world.program.class(body.class).loader);
                    let writes = world.fields.writes(refs.field(event.member()?)?);
                    let written = writes.take(MAX_PLACES + 1).filter_map(|write| {
                        let writer = world.body(write.method);
                        let event = world.event(write.method, write.event)?;
                        Some((writer, *writer.origins.args(event).last()?))
                    });
                    written.collect()
                }
                kind if kind.is_invoke() => {
                    let callee = world.body(*world.targets(body, event, 1)?.first()?);
                    let returns = callee.origins.events().iter().filter(|e| e.kind == EventKind::Return);
                    returns.filter_map(|e| Some((callee, *callee.origins.args(e).first()?))).collect()
                }
                _ => return None,
            }
        }
        _ => return None,
    };
    if places.is_empty() || places.len() > MAX_PLACES {
        return None;
    }
    let texts: Option<Vec<Vec<String>>> =
        places.into_iter().map(|(body, value)| all_of(r, body, value, depth + 1)).collect();
    Some(texts?.concat())
}

/// Whether a value is read from a static that nobody sets but its class's initialiser, at one place.
fn is_set_once(world: &World<'_>, body: Body<'_>, leaf: Value) -> bool {
    let program = world.program;
    let refs = program.refs(program.class(body.class).loader);
    let read = body.origins.event(leaf).filter(|(_, e)| e.kind == EventKind::GetStatic);
    let Some(field) = read.and_then(|(_, e)| refs.field(e.member()?)) else { return false };
    let access = program.field(field).access;
    let mut writes = world.fields.writes(field);
    let is_first = |method| program.is_class_initializer(program.method(method).name);
    (access.is_final() || !access.is_public() && !access.is_protected())
        && writes.next().is_some_and(|write| is_first(write.method))
        && writes.next().is_none()
}

/// What a call tells of a class that is known: its name, or that of its package.
fn of_class(world: &World<'_>, body: Body<'_>, event: &Event) -> Option<Vec<String>> {
    const CLASS: &str = "java/lang/Class";
    let name_of = |e: &Event| {
        let member = world.program.facts.members.get(e.member()?);
        Some((world.program.text(member.owner), world.program.text(member.name)))
    };
    let asked = body.origins.arg(event, 0);
    let (class, what) = match name_of(event)? {
        (CLASS, what @ ("getName" | "getTypeName" | "getPackageName" | "getSimpleName")) => (asked, what),
        ("java/lang/Package", "getName") => {
            let (_, package) = body.origins.event(single(body, asked)?)?;
            name_of(package).filter(|name| *name == (CLASS, "getPackage"))?;
            (body.origins.arg(package, 0), "getPackageName")
        }
        _ => return None,
    };
    let found = origins::of_value(world, body.id, class);
    let names = found.iter().map(|f| match f.origin {
        Origin::ClassLiteral(name, _) if !f.is_derived => Some(binary_name(world.program.text(name))),
        _ => None,
    });
    let names: Vec<String> = names.collect::<Option<_>>()?;
    let told = |name: String| match (what, name.rfind('.')) {
        ("getPackageName", at) => name.get(..at.unwrap_or(0)).unwrap_or_default().to_owned(),
        ("getSimpleName", _) => name.rsplit(['.', '$']).next().unwrap_or_default().to_owned(),
        _ => name,
    };
    (!names.is_empty() && names.len() <= MAX_TEXTS).then(|| names.into_iter().map(told).collect())
}

/// What fields and callers are known to hold and to pass.
fn told(world: &World<'_>, body: Body<'_>, value: ValueId) -> Option<Vec<String>> {
    let found = origins::of_value(world, body.id, value);
    let is_told = |f: &Found| {
        matches!(f.origin, Origin::Text(_) | Origin::StaticField(_) | Origin::Field(_)) && !f.is_derived
    };
    let texts = constants(world, &found);
    (found.iter().all(is_told) && !texts.is_empty() && texts.len() <= MAX_TEXTS)
        .then(|| texts.into_iter().map(str::to_owned).collect())
}

fn is_text_building(world: &World<'_>, body: Body<'_>, event: &Event) -> bool {
    let loader = world.program.class(body.class).loader;
    let group = world.knowledge.group(TEXT_BUILDING);
    event.member().is_some_and(|member| world.knowledge.api_in(group, loader, member).is_some())
}

/// Each of the beginnings with each of the ends.
fn joined(heads: Vec<String>, tails: &[String]) -> Option<Vec<String>> {
    if heads.len() * tails.len() > MAX_TEXTS {
        return None;
    }
    let all: Vec<String> =
        heads.iter().flat_map(|head| tails.iter().map(move |tail| format!("{head}{tail}"))).collect();
    all.iter().all(|text| text.len() <= MAX_LENGTH).then_some(all)
}

fn concatenated(r: &Reader<'_, '_>, body: Body<'_>, event: &Event, depth: u32) -> Option<Vec<String>> {
    let args = body.origins.args(event);
    let plain: String = std::iter::repeat_n(ARGUMENT, args.len()).collect();
    let recipe = event.name().map_or(plain.as_str(), |name| r.world.program.text(name));
    let mut args = args.iter();
    let mut all = vec![String::new()];
    for c in recipe.chars() {
        let part = match c {
            ARGUMENT => all_of(r, body, *args.next()?, depth + 1)?,
            CONSTANT => return None,
            other => vec![other.to_string()],
        };
        all = joined(all, &part)?;
    }
    Some(all)
}

/// What a call of the text-building APIs yields.
fn built(r: &Reader<'_, '_>, body: Body<'_>, event: &Event, index: u32, depth: u32) -> Option<Vec<String>> {
    let program = r.world.program;
    let member = program.facts.members.get(event.member()?);
    let (owner, name) = (program.text(member.owner), program.text(member.name));
    let arg = |i| all_of(r, body, body.origins.arg(event, i), depth + 1);
    match (owner, name) {
        ("java/lang/String", "concat") => joined(arg(0)?, &arg(1)?),
        ("java/lang/String", "toString" | "valueOf") => arg(0),
        ("java/lang/String", "format" | "formatted") | ("java/text/MessageFormat", "format") => {
            let desc = program.text(member.desc);
            // A locale changes no text that stands for itself.
            let first = usize::from(desc.starts_with("(Ljava/util/Locale;"));
            let values = elements(r, body, body.origins.arg(event, first + 1), depth)?;
            let fill = if owner == "java/lang/String" { printed } else { placed };
            let formats = arg(first)?;
            let filled: Option<Vec<Vec<String>>> =
                formats.iter().map(|format| fill(format, &values)).collect();
            Some(filled?.concat())
        }
        (_, "toString") => builder(r, body, event, index, depth),
        _ => None,
    }
}

/// The elements of an array that is made for a call: each is stored once, in their order.
fn elements(r: &Reader<'_, '_>, body: Body<'_>, array: ValueId, depth: u32) -> Option<Vec<Vec<String>>> {
    let made = single(body, array)?;
    body.origins.event(made).filter(|(_, e)| e.kind == EventKind::NewArray)?;
    let is_its =
        |e: &&Event| e.kind == EventKind::ArrayStore && single(body, body.origins.arg(e, 0)) == Some(made);
    let stores = body.origins.events().iter().filter(is_its);
    stores.map(|store| all_of(r, body, body.origins.arg(store, 1), depth + 1)).collect()
}

fn single(body: Body<'_>, value: ValueId) -> Option<Value> {
    let mut leaves = body.origins.leaves(value);
    leaves.next().filter(|_| leaves.next().is_none())
}

/// `java.util.Formatter`, as far as texts are put into texts: `%s`, `%1$s`, `%%`.
fn printed(format: &str, values: &[Vec<String>]) -> Option<Vec<String>> {
    let mut all = vec![String::new()];
    let mut next = 0;
    let mut rest = format;
    while let Some((plain, after)) = rest.split_once('%') {
        all = joined(all, &[plain.to_owned()])?;
        let end = after.find(|c: char| !c.is_ascii_digit() && c != '$')?;
        let (number, conversion) = after.split_at(end);
        rest = conversion.get(1..)?;
        let position = match number.strip_suffix('$') {
            Some(number) => number.parse::<usize>().ok()?.checked_sub(1)?,
            None if number.is_empty() => next,
            None => return None,
        };
        match conversion.chars().next()? {
            '%' => all = joined(all, &["%".to_owned()])?,
            's' => {
                all = joined(all, values.get(position)?)?;
                next += usize::from(number.is_empty());
            }
            _ => return None,
        }
    }
    joined(all, &[rest.to_owned()])
}

/// `java.text.MessageFormat`, as far as texts are put into texts: `{0}`. An apostrophe quotes.
fn placed(format: &str, values: &[Vec<String>]) -> Option<Vec<String>> {
    if format.contains('\'') {
        return None;
    }
    let mut all = vec![String::new()];
    let mut rest = format;
    while let Some((plain, after)) = rest.split_once('{') {
        let (number, after) = after.split_once('}')?;
        all = joined(all, &[plain.to_owned()])?;
        all = joined(all, values.get(number.trim().parse::<usize>().ok()?)?)?;
        rest = after;
    }
    joined(all, &[rest.to_owned()])
}

/// What is appended to a builder that the body makes, up to a call of its `toString`, if all of it is in one go.
fn builder(r: &Reader<'_, '_>, body: Body<'_>, event: &Event, index: u32, depth: u32) -> Option<Vec<String>> {
    let object = made_for(r.world, body, body.origins.arg(event, 0), 0)?;
    let unit = body.origins.unit;
    let block = block_of(unit, body, u16::try_from(index).ok()?)?;
    let mut all = vec![String::new()];
    for (i, step) in (0u16..).zip(body.origins.events()).take(index as usize) {
        let is_call = step.kind.is_invoke() && step.kind.has_receiver();
        if !is_call || made_for(r.world, body, body.origins.arg(step, 0), 0) != Some(object) {
            continue;
        }
        let member = r.world.program.facts.members.get(step.member()?);
        let desc = r.world.program.text(member.desc);
        let is_appended = match r.world.program.text(member.name) {
            "<init>" => desc != "()V" && desc != "(I)V",
            "append" => true,
            _ => return None,
        };
        let at = block_of(unit, body, i)?;
        if at != block && !r.is_open {
            return None;
        }
        // What another block appends may be left out, but for the first one.
        let is_sure = at == block || at == 0;
        if is_appended && is_sure {
            all = joined(all, &appended(r, body, step, desc, depth)?)?;
        } else if is_appended {
            all = joined(all, &[ANY.to_string()])?;
        }
    }
    Some(all)
}

fn appended(r: &Reader<'_, '_>, body: Body<'_>, step: &Event, desc: &str, depth: u32) -> Option<Vec<String>> {
    let ty = params(desc).next()?;
    let value = body.origins.arg(step, 1);
    match (ty.0, single(body, value)) {
        ("C", Some(Value::Int(code))) => {
            let c = u32::try_from(code).ok().and_then(char::from_u32)?;
            Some(vec![c.to_string()])
        }
        ("Ljava/lang/String;" | "Ljava/lang/CharSequence;" | "Ljava/lang/Object;" | "I" | "J", _) => {
            all_of(r, body, value, depth + 1)
        }
        _ => None,
    }
}

/// The new object that a value is, or that calls in a row have yielded again.
fn made_for(world: &World<'_>, body: Body<'_>, value: ValueId, depth: u32) -> Option<Value> {
    const MAX_CHAIN: u32 = 64;
    let leaf = single(body, value).filter(|_| depth < MAX_CHAIN)?;
    let (_, event) = body.origins.event(leaf)?;
    match event.kind {
        EventKind::New => Some(leaf),
        kind if kind.is_invoke() && kind.has_receiver() && is_text_building(world, body, event) => {
            let name = world.program.facts.members.get(event.member()?).name;
            if world.program.text(name) != "append" {
                return None;
            }
            made_for(world, body, body.origins.arg(event, 0), depth + 1)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{placed, printed};

    fn values(list: &[&str]) -> Vec<Vec<String>> {
        list.iter().map(|text| vec![(*text).to_owned()]).collect()
    }

    #[test]
    fn a_format_of_texts_is_filled_in() {
        let all = values(&["a", "B"]);
        assert_eq!(printed("com.%s.%s", &all).unwrap(), ["com.a.B"]);
        assert_eq!(printed("%2$s.%1$s%%", &all).unwrap(), ["B.a%"]);
        assert_eq!(printed("plain", &all).unwrap(), ["plain"]);
        assert_eq!(placed("com.{0}.{1}", &all).unwrap(), ["com.a.B"]);
    }

    #[test]
    fn what_is_more_than_texts_in_texts_is_not_known() {
        let all = values(&["a"]);
        for format in ["%s%s", "%5s", "%d", "%", "%$s", "%0$s", "%99999999999999999999$s", "%é"] {
            assert_eq!(printed(format, &all), None, "{format}");
        }
        for format in ["{1}", "{0", "{x}", "it's {0}", "{0,number}"] {
            assert_eq!(placed(format, &all), None, "{format}");
        }
        let many = vec![vec!["a".to_owned(); 5]];
        assert_eq!(placed("{0}{0}", &many), None);
    }
}
