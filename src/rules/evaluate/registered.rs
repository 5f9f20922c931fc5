//! Callbacks that the JVM runs on objects which were registered with it, of a class that nobody is seen to register.

use super::context::Context;
use super::matches::{Match, Spot};
use super::values;
use crate::program::CallSite;
use crate::rules::rule::WriteShape;
use crate::vocabulary::{ClassId, MethodId};

/// The type group of those who are called back once they are registered.
const CALLED_BACK: &str = "called-when-registered";
/// The API group of the calls that register an object, their first argument.
const REGISTERING: &str = "mbean-register";

/// What is registered somewhere.
pub(crate) struct Registered {
    /// The declared types of it that are known.
    classes: Vec<ClassId>,
    /// Whether something of which no type is known is registered too.
    is_any: bool,
}

/// Whether all changes that depend on a caller are made by such callbacks.
pub(super) fn is_unregistered_callback(cx: &Context<'_>, found: &Match) -> bool {
    let by_caller = |spot: &&Spot| cx.shapes(found, spot).contains(WriteShape::FromCaller);
    let mut spots = found.spots.iter().filter(by_caller).peekable();
    spots.peek().is_some() && spots.all(|spot| is_by_callback(cx, spot))
}

fn is_by_callback(cx: &Context<'_>, spot: &Spot) -> bool {
    let class = cx.world.program.class_of_method(spot.method);
    // What is registered may pass the call on to what stands behind it.
    let is_passed_on = |site: &CallSite| {
        let caller = cx.world.program.class_of_method(site.caller);
        is_called_back(cx, caller, site.caller)
    };
    is_called_back(cx, class, spot.method)
        && cx.world.sites.of(spot.method, MAX_SITES).is_some_and(|sites| sites.iter().all(is_passed_on))
        && !is_registered(cx, class)
}

/// Calls of a callback that are looked at.
const MAX_SITES: usize = 16;

fn is_called_back(cx: &Context<'_>, class: ClassId, method: MethodId) -> bool {
    let program = cx.world.program;
    let facts = program.method(method);
    let types = cx.models.types.get(CALLED_BACK).map_or(&[][..], |group| group.types.as_slice());
    types.iter().filter(|name| program.has_supertype_named(class, name)).any(|name| {
        let declaring = program.find_text(program.class(class).loader, name);
        declaring.is_some_and(|c| program.declared_method(c, facts.name, facts.desc).is_some())
    })
}

/// Whether some call may register an object of a class.
fn is_registered(cx: &Context<'_>, class: ClassId) -> bool {
    let program = cx.world.program;
    let registered = cx.registered.get_or_init(|| find(cx));
    let may_be = |of: &ClassId| program.is_subtype(class, *of) || program.is_subtype(*of, class);
    registered.is_any || registered.classes.iter().any(may_be)
}

fn find(cx: &Context<'_>) -> Registered {
    let program = cx.world.program;
    let mut found = Registered { classes: Vec::new(), is_any: false };
    let group = cx.world.knowledge.group(REGISTERING);
    for class in (0..program.classes.len()).map(ClassId::from_index).filter(|c| !program.is_jdk(*c)) {
        let loader = program.class(class).loader;
        for (id, _) in program.methods_of(class) {
            let body = cx.world.body(id);
            for event in body.origins.events().iter().filter(|e| e.kind.is_invoke()) {
                if event.member().and_then(|m| cx.world.knowledge.api_in(group, loader, m)).is_none() {
                    continue;
                }
                let object = body.origins.arg(event, usize::from(event.kind.has_receiver()));
                let types = values::types_of(cx.world, body, object);
                found.is_any |= types.is_empty();
                for ty in types {
                    match program.find_text(loader, ty) {
                        Some(class) => found.classes.push(class),
                        None => found.is_any = true,
                    }
                }
            }
        }
    }
    found.classes.sort_unstable();
    found.classes.dedup();
    found
}
