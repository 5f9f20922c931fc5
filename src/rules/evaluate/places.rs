//! Where the class or resource that a call asks for is, seen from the loader that it asks.

use super::computed;
use super::context::Context;
use super::values::{asked_loader, class_place, constants, origins_of, resource_place};
use crate::dataflow::Body;
use crate::dataflow::origins::{Found, Origin};
use crate::facts::{Event, EventKind, Value};
use crate::program::CallSite;
use crate::rules::rule::{ArgumentTest, ClassPlace};
use crate::vocabulary::descriptor::{TypeDesc, binary_name, params, return_type};
use crate::vocabulary::{ClassId, LoaderId, ValueId};

/// What begins an argument in a recipe of [`EventKind::Concat`], and a place in a format.
const PLACES: [char; 3] = ['\u{1}', '\u{2}', '%'];
/// Calls of one object in a row that build a text.
const MAX_CHAIN: usize = 64;

/// Whether a class that an argument names is at one of the places that a test asks for.
pub(super) fn classes_hold(
    cx: &Context<'_>,
    body: Body<'_>,
    (event, position): (&Event, usize),
    found: &[Found],
    test: &ArgumentTest,
) -> bool {
    let Some(asked) = asked_loader(cx.world, body, event) else {
        return test.names_class.contains(&ClassPlace::Unknown);
    };
    let value = body.origins.arg(event, position);
    let places = class_places(cx, body, asked, (event, value), found);
    if places.is_empty() {
        let place = match package_place(cx, body, asked, value) {
            ClassPlace::Unknown => tested_place(cx, body, asked, (event, value)),
            place => place,
        };
        return test.names_class.contains(&place);
    }
    places.into_iter().any(|(_, place)| test.names_class.contains(&place))
}

/// The classes that a value names, with their places. Of several only those that some loader would have to see and does
/// not, if there are such: that the call finds the others helps nobody.
fn class_places(
    cx: &Context<'_>,
    body: Body<'_>,
    asked: LoaderId,
    (event, value): (&Event, ValueId),
    found: &[Found],
) -> Vec<(String, ClassPlace)> {
    let literals = found.iter().filter_map(|f| match f.origin {
        Origin::ClassLiteral(name, _) => Some(cx.world.program.text(name)),
        _ => None,
    });
    let names = constants(cx.world, found).into_iter().chain(literals);
    // Made of a class's name and more, it is another one's.
    let is_made_of = |f: &Found| f.is_derived && matches!(f.origin, Origin::ClassLiteral(..));
    let made = found.iter().any(is_made_of).then(|| computed::texts(cx.world, body, value)).flatten();
    let mut names: Vec<String> = made.unwrap_or_else(|| names.map(str::to_owned).collect());
    // That the package is a module's holds for whatever else may be passed, and the name for what is passed today.
    let is_passed = || found.iter().any(|f| f.passed_by.is_some());
    if names.is_empty() && !(is_passed() && package_place(cx, body, asked, value) != ClassPlace::Unknown) {
        names = computed::texts(cx.world, body, value).unwrap_or_default();
    }
    if is_in(cx, body, event, NAMES_TYPES) {
        names = names.iter().flat_map(|desc| types_in(desc)).collect();
    } else if is_in(cx, body, event, NAMES_PACKAGES) {
        names = names.iter().flat_map(|path| factories_in(cx, path)).collect();
    }
    let place = |name: String| {
        let place = class_place(cx.world, asked, &name);
        (name, place)
    };
    let mut places: Vec<_> = names.into_iter().map(place).collect();
    if places.iter().any(|(_, place)| is_missed(*place)) {
        places.retain(|(_, place)| is_missed(*place));
    }
    places
}

/// The API group of the calls that ask for every class of a descriptor.
const NAMES_TYPES: &str = "names-types";

/// The API group of the calls that ask for the factory of every package of a path.
const NAMES_PACKAGES: &str = "names-packages";

/// The texts of the models by which such calls know a package: the names of its factories.
const PACKAGE_FACTORY: &str = "package-factory";

/// The classes by which the packages of a path are known (JAXB 4.0, `JAXBContext.newInstance`).
fn factories_in(cx: &Context<'_>, path: &str) -> Vec<String> {
    let factories = cx.models.texts.get(PACKAGE_FACTORY).map_or(&[][..], Vec::as_slice);
    let packages = path.split(':').filter(|package| !package.is_empty());
    packages.flat_map(|p| factories.iter().map(move |factory| format!("{p}.{factory}"))).collect()
}

fn is_in(cx: &Context<'_>, body: Body<'_>, event: &Event, group: &str) -> bool {
    let loader = cx.world.program.class(body.class).loader;
    let table = cx.world.knowledge.group(group);
    event.member().is_some_and(|m| cx.world.knowledge.api_in(table, loader, m).is_some())
}

/// The classes in a method's descriptor (JVMS 4.3.3), as the language writes them.
fn types_in(desc: &str) -> Vec<String> {
    let types = params(desc).chain([return_type(desc)]).filter_map(TypeDesc::element_class);
    types.map(binary_name).collect()
}

fn is_missed(place: ClassPlace) -> bool {
    matches!(place, ClassPlace::OnlyInModule | ClassPlace::AnotherInModule)
}

/// The class that a call's first argument names and that the loader it asks does not yield, or not the right one.
pub(super) fn missed_class(cx: &Context<'_>, body: Body<'_>, event: &Event) -> Option<String> {
    let asked = asked_loader(cx.world, body, event)?;
    let position = usize::from(event.kind.has_receiver());
    let found = origins_of(cx.world, body, event, position);
    let value = body.origins.arg(event, position);
    class_places(cx, body, asked, (event, value), &found)
        .into_iter()
        .find(|(_, place)| is_missed(*place))
        .map(|(name, _)| name)
}

/// Where the classes of the package are with which a name begins that is put together.
fn package_place(cx: &Context<'_>, body: Body<'_>, asked: LoaderId, value: ValueId) -> ClassPlace {
    let Some(prefixes) = prefixes_of(cx, body, value, 0).filter(|p| !p.is_empty()) else {
        return ClassPlace::Unknown;
    };
    let places: Vec<ClassPlace> = prefixes.into_iter().map(|p| cx.package_place(asked, p)).collect();
    match places.first() {
        Some(first) if places.iter().all(|place| place == first) => *first,
        _ => ClassPlace::Unknown,
    }
}

/// Where the classes of the package are with which a name begins because that was tested before.
fn tested_place(
    cx: &Context<'_>,
    body: Body<'_>,
    asked: LoaderId,
    (event, value): (&Event, ValueId),
) -> ClassPlace {
    let beginning =
        body.origins.index_of(event).and_then(|at| super::branches::tested_beginning(cx, body, at, value));
    beginning.and_then(|text| package_in(&text)).map_or(ClassPlace::Unknown, |p| cx.package_place(asked, p))
}

/// The packages with which a class's name begins that begins so, as in class files.
fn package_in(text: &str) -> Option<String> {
    let at = text.rfind('.')?;
    (at > 0).then(|| text[..=at].replace('.', "/"))
}

/// Calls between where a name is put together and where it is asked for.
const MAX_PASSES: u32 = 2;
/// Callers looked at for one method.
const MAX_CALLERS: usize = 32;

/// The beginnings of a name, those that callers pass included; `None` if some are not known.
fn prefixes_of(cx: &Context<'_>, body: Body<'_>, value: ValueId, depth: u32) -> Option<Vec<String>> {
    let mut found = Vec::new();
    for leaf in body.origins.leaves(value) {
        match leaf {
            Value::Param(i) if depth < MAX_PASSES => found.extend(passed_prefixes(cx, body, i, depth)?),
            _ => found.push(prefix_of(cx, body, leaf)?),
        }
    }
    Some(found)
}

/// The beginnings of the names that all callers pass, if they are all known.
fn passed_prefixes(cx: &Context<'_>, body: Body<'_>, param: u16, depth: u32) -> Option<Vec<String>> {
    let access = body.method.access;
    if cx.world.reach.is_open_world() && (access.is_public() || access.is_protected()) {
        return None;
    }
    let sites = cx.world.sites.of(body.id, MAX_CALLERS).filter(|sites| !sites.is_empty())?;
    let of_site = |site: &CallSite| {
        let event = cx.world.event(site.caller, site.event).filter(|e| e.kind.is_invoke())?;
        let caller = cx.world.body(site.caller);
        prefixes_of(cx, caller, caller.origins.arg(event, usize::from(param)), depth + 1)
    };
    Some(sites.iter().map(of_site).collect::<Option<Vec<_>>>()?.concat())
}

/// Where the classes are whose internal names begin so. Looks at all classes.
pub(super) fn place_of_package(cx: &Context<'_>, asked: LoaderId, prefix: &str) -> ClassPlace {
    let program = cx.world.program;
    let (mut here, mut in_module) = (false, false);
    for class in (0..program.classes.len()).map(ClassId::from_index) {
        if !program.class_name(class).starts_with(prefix) {
            continue;
        }
        here |= program.find(asked, program.class_facts(class).name) == Some(class);
        let loader = program.class(class).loader;
        in_module |= loader != asked && program.topology.tenants.iter().any(|t| t.loader == loader);
    }
    match (here, in_module) {
        (true, false) => ClassPlace::InVisiblePackage,
        (false, true) => ClassPlace::InModulePackage,
        _ => ClassPlace::Unknown,
    }
}

/// The constant with which a text begins that is put together, as the beginning of an internal class name; `None` if it
/// names no package.
fn prefix_of(cx: &Context<'_>, body: Body<'_>, leaf: Value) -> Option<String> {
    let (_, event) = body.origins.event(leaf)?;
    let text = match event.kind {
        EventKind::Concat => {
            let recipe = event.name().map_or("\u{1}", |n| cx.world.program.text(n));
            let head = recipe.split(PLACES).next().unwrap_or_default();
            if head.is_empty() { constant(cx, body, body.origins.arg(event, 0))? } else { head.to_owned() }
        }
        kind if kind.is_invoke() => first_part(cx, body, event)?,
        _ => return None,
    };
    package_in(&text)
}

/// The first constant that calls of one object in a row are given, as in `new StringBuilder().append(…)…`, or that a call
/// without such a row is given, as in `String.format(…)`.
fn first_part(cx: &Context<'_>, body: Body<'_>, event: &Event) -> Option<String> {
    let program = cx.world.program;
    let loader = program.class(body.class).loader;
    let is_known = |e: &Event| {
        let member = e.member()?;
        let knowledge = cx.world.knowledge;
        knowledge.api_of(TEXT_BUILDING, loader, member)
    };
    let mut at = event;
    for _ in 0..MAX_CHAIN {
        is_known(at)?;
        let mut receivers = body.origins.leaves(body.origins.arg(at, 0));
        let receiver = receivers.next().filter(|_| at.kind.has_receiver() && receivers.next().is_none());
        match receiver.and_then(|leaf| body.origins.event(leaf)).map(|(_, e)| e) {
            Some(before) if before.kind.is_invoke() => at = before,
            made => {
                let is_made = made.is_some_and(|e| e.kind == EventKind::New);
                let given = receiver.filter(|_| is_made).and_then(|leaf| given_when_made(body, leaf));
                let first = given.unwrap_or_else(|| body.origins.arg(at, usize::from(is_made)));
                let first = constant(cx, body, first)?;
                return first.split(PLACES).next().map(str::to_owned);
            }
        }
    }
    None
}

/// The first argument of the constructor that is run on a new object.
fn given_when_made(body: Body<'_>, object: Value) -> Option<ValueId> {
    let is_its = |e: &&Event| {
        e.kind == EventKind::InvokeSpecial
            && body.origins.leaves(body.origins.arg(e, 0)).any(|leaf| leaf == object)
    };
    body.origins.args(body.origins.events().iter().find(is_its)?).get(1).copied()
}

/// The API group of the calls that put texts together.
const TEXT_BUILDING: &str = "text-building";

/// The text of a value that is one and the same constant wherever it comes from.
fn constant(cx: &Context<'_>, body: Body<'_>, value: ValueId) -> Option<String> {
    let found = crate::dataflow::origins::of_value(cx.world, body.id, value);
    let is_told = |f: &Found| {
        matches!(f.origin, Origin::Text(_) | Origin::StaticField(_) | Origin::Field(_)) && !f.is_derived
    };
    let texts = constants(cx.world, &found);
    let first = texts.first()?;
    (found.iter().all(is_told) && texts.iter().all(|t| t == first)).then(|| (*first).to_owned())
}

/// Whether a call asks the loader of `this` for the providers of a type: that of a subclass may see more of them than that
/// of the class.
fn may_know_more_providers(cx: &Context<'_>, body: Body<'_>, event: &Event, found: &[Found]) -> bool {
    let is_of_this = |f: &Found| matches!(f.origin, Origin::LoaderOfThis(_));
    found.iter().any(|f| matches!(f.origin, Origin::ClassLiteral(..)))
        && (0..usize::from(event.n_args)).any(|i| origins_of(cx.world, body, event, i).iter().any(is_of_this))
}

/// Whether a resource that an argument names is at one of the places that a test asks for.
pub(super) fn resources_hold(
    cx: &Context<'_>,
    body: Body<'_>,
    (event, position): (&Event, usize),
    found: &[Found],
    test: &ArgumentTest,
) -> bool {
    let names = cx.resource_names(body, (event, position), found);
    let asked =
        asked_loader(cx.world, body, event).filter(|_| !may_know_more_providers(cx, body, event, found));
    let Some(asked) = asked else {
        return test.names_resource.contains(&ClassPlace::Unknown);
    };
    if names.is_empty() {
        let is_own = || super::own_files::are_asked_for(cx, body, event, position);
        return test.names_resource.contains(&ClassPlace::Unknown)
            || test.names_resource.contains(&ClassPlace::InVisiblePackage) && is_own();
    }
    names.iter().any(|n| test.names_resource.contains(&resource_place(cx.world, asked, n)))
}
