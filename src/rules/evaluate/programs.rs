//! Code of a program of its own, which no application calls: what only a `main` gets to, or a build, or a framework that no
//! deployment has.

use super::context::Context;
use super::started;
use crate::dataflow::initialisation;
use crate::facts::MethodFacts;
use crate::program::BitSet;
use crate::vocabulary::{ClassId, MethodId};
use rustc_hash::FxHashSet;

/// Callers looked at for one method.
const MAX_CALLERS: usize = 32;
/// Name and descriptor of a method that starts a program.
const MAIN: (&str, &str) = ("main", "([Ljava/lang/String;)V");
/// Calls followed backwards.
const MAX_DEPTH: u32 = 8;

/// Types by which a framework other than the containers known here starts a library, and by which a build does.
const STARTERS: [&str; 2] = ["bundle-activator", "build-step"];

/// Whether a method is the `main` of a program, or of what a framework starts that no deployment has, or one that only
/// such a method gets to. Where the modules are known, a `main` that the deployment starts is none of these.
pub(super) fn is_only_from_main(cx: &Context<'_>, method: MethodId) -> bool {
    let is_open_world = cx.world.reach.is_open_world();
    // Each method is asked once: ways back to `main` are far more than methods on them.
    let (mut waiting, mut seen) = (vec![(method, 0)], FxHashSet::from_iter([method]));
    let mut is_started = false;
    while let Some((method, depth)) = waiting.pop() {
        if is_start(cx, method) {
            is_started = true;
            if is_open_world {
                continue;
            }
            let callers = cx.world.sites.of(method, MAX_CALLERS).filter(|_| depth < MAX_DEPTH);
            let Some(callers) = callers.filter(|_| !started::is_started(cx, method)) else { return false };
            let callers = callers.into_iter().map(|site| site.caller).filter(|m| seen.insert(*m));
            waiting.extend(callers.map(|m| (m, depth + 1)));
            continue;
        }
        let callers = match is_open_world {
            true => callers_or_makers(cx, method),
            false => started::callers(cx, method, MAX_CALLERS),
        };
        let callers = callers.filter(|_| depth < MAX_DEPTH);
        let Some(callers) = callers.filter(|callers| !callers.is_empty()) else { return false };
        waiting.extend(callers.into_iter().filter(|m| seen.insert(*m)).map(|m| (m, depth + 1)));
    }
    is_started
}

/// Whether a method is a program's `main`, or is of what a framework starts that no deployment has.
fn is_start(cx: &Context<'_>, method: MethodId) -> bool {
    let program = cx.world.program;
    let class = program.class_of_method(method);
    let (loader, name) = (program.class(class).loader, program.class_name(class));
    super::values::is_of_types(cx.world, cx.models, loader, name, &STARTERS.map(str::to_owned))
        || is_main(cx, class, program.method(method))
}

pub(super) fn is_main(cx: &Context<'_>, class: ClassId, method: &MethodFacts) -> bool {
    let program = cx.world.program;
    // The one object of a class named so is Scala's place for what belongs to no object.
    let is_one = method.access.is_static() || program.class_name(class).ends_with('$');
    is_one && (program.text(method.name), program.text(method.desc)) == MAIN
}

/// The methods that call one which other packages can't, or, of an object's, that make objects of a class which other
/// packages can't name. A class with a `main` is a program: what its own code calls or makes, others are not expected to.
/// `None` if others may.
fn callers_or_makers(cx: &Context<'_>, method: MethodId) -> Option<Vec<MethodId>> {
    let (world, program) = (cx.world, cx.world.program);
    let access = program.method(method).access;
    let class = program.class_of_method(method);
    let callers = || {
        let sites = world.sites.of(method, MAX_CALLERS)?;
        Some(sites.iter().map(|site| site.caller).collect::<Vec<_>>())
    };
    if !access.is_public() && !access.is_protected() {
        return callers();
    }
    let is_program = has_main(cx, class);
    if is_program && let Some(callers) = callers().filter(|all| !all.is_empty() && is_within(cx, class, all))
    {
        return Some(callers);
    }
    if access.is_static() || program.class_facts(class).access.is_public() && !is_program {
        return None;
    }
    let constructors = program.methods_of(class).filter(|(_, m)| program.is_constructor(m.name));
    let makers = constructors.flat_map(|(id, _)| world.sites.resolved_to(id)).map(|site| site.caller);
    let is_own = |maker: MethodId| !is_program && program.class_of_method(maker) == class;
    makers.map(|maker| (!is_own(maker)).then_some(maker)).collect()
}

/// Whether all methods lie in one outermost class.
fn is_within(cx: &Context<'_>, class: ClassId, methods: &[MethodId]) -> bool {
    let of = |method: &MethodId| cx.world.program.class_of_method(*method);
    methods.iter().all(|method| initialisation::is_same_nest(cx.world, of(method), class))
}

/// Whether a class is one that has a `main`. All are found at once: each of a class's methods may ask.
pub(super) fn has_main(cx: &Context<'_>, class: ClassId) -> bool {
    let program = cx.world.program;
    let programs = cx.programs.get_or_init(|| {
        let mut programs = BitSet::new(program.classes.len());
        let names = &program.facts.names;
        let (Some(name), Some(desc)) = (names.find(MAIN.0), names.find(MAIN.1)) else { return programs };
        for class in (0..program.classes.len()).map(ClassId::from_index) {
            let may = program.declared_method(class, name, desc).is_some();
            if may && program.methods_of(class).any(|(_, m)| is_main(cx, class, m)) {
                programs.add(class.index());
            }
        }
        programs
    });
    programs.has(class.index())
}
