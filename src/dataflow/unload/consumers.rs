//! Objects that are handed to a function which somebody else has passed with them: `later(pool, ExecutorService::shutdown)`.

use super::flow::{At, MAX_TARGETS, Place, Site, Walk};
use super::types::is_function_method;
use crate::dataflow::Body;
use crate::facts::{Event, EventKind, Value};
use crate::program::{CallSite, Program};
use crate::vocabulary::descriptor::params;
use crate::vocabulary::{MethodId, ValueId};
use rustc_hash::FxHashSet;

const OBJECT: &str = "java/lang/Object";
/// Methods that a function is passed through.
const MAX_DEPTH: u32 = 3;
/// Callers looked at for one method.
const MAX_SITES: usize = 16;
/// Values looked at for one call.
const MAX_VALUES: usize = 256;

/// The functions that a value may be.
#[derive(Default)]
struct Functions {
    /// Where they are made.
    sites: Vec<Site>,
    /// Whether it may be others, too.
    is_open: bool,
    seen: FxHashSet<(MethodId, Value)>,
}

impl Walk<'_, '_> {
    /// A call of a function with the object as its only argument: it releases the object if all functions do that are
    /// passed there for objects of such a type, and uses it as each of them does.
    pub(super) fn given_to_function(
        &mut self,
        body: Body<'_>,
        i: u16,
        event: &Event,
        position: usize,
        place: Place,
    ) {
        let program = self.of.world.program;
        let refs = program.refs(program.class(body.class).loader);
        let target = event.member().and_then(|m| refs.method(m));
        let is_function = target.is_some_and(|t| is_function_method(program, t));
        if !is_function || position != 1 || event.n_args != 2 {
            return;
        }
        let mut found = Functions::default();
        self.functions_in(body, body.origins.arg(event, 0), 0, &mut found);
        let (mut releasing, mut others) = (Vec::new(), Vec::new());
        for (method, at) in found.sites {
            let maker = self.of.world.body(method);
            let Some(function) = self.of.world.event(method, at) else { continue };
            let free = usize::from(function.n_args);
            let is_release = self.is_release(maker, at, function, free, Place { is_inside: false, ..place });
            if is_release { &mut releasing } else { &mut others }
                .extend(taken_type(program, maker, function));
            for target in self.of.world.targets(maker, function, MAX_TARGETS).unwrap_or_default() {
                self.push(Place { at: At::Param(target, u16::from(function.n_args)), ..place });
            }
        }
        let is_for_such = |other: &&str| releasing.iter().any(|one| are_related(program, body, one, other));
        if !releasing.is_empty() && !found.is_open && !others.iter().any(is_for_such) {
            self.release((body.id, i), place);
        }
    }

    /// Whether a call is given the object by the code that acquires it.
    fn passes_acquired(&self, site: &CallSite) -> bool {
        let made = Value::Event(u32::from(self.acquired.event));
        let CallSite { caller, event, .. } = *site;
        let body = self.of.world.body(caller);
        let args = self.of.world.event(caller, event).map(|call| body.origins.args(call));
        caller == self.acquired.method
            && args.unwrap_or_default().iter().any(|v| body.origins.leaves(*v).any(|leaf| leaf == made))
    }

    /// The functions that a value may be, made here or by those who pass it.
    fn functions_in(&self, body: Body<'_>, value: ValueId, depth: u32, found: &mut Functions) {
        for leaf in body.origins.leaves(value) {
            if !found.seen.insert((body.id, leaf)) {
                continue;
            }
            if found.seen.len() > MAX_VALUES {
                found.is_open = true;
                return;
            }
            match leaf {
                Value::Null => {}
                Value::Event(i) => {
                    let is_function =
                        body.origins.event(leaf).is_some_and(|(_, e)| e.kind == EventKind::Lambda);
                    match u16::try_from(i) {
                        Ok(i) if is_function => found.sites.push((body.id, i)),
                        _ => found.is_open = true,
                    }
                }
                Value::Param(param) if depth < MAX_DEPTH => {
                    let mut sites = self.of.world.sites.of(body.id, MAX_SITES).unwrap_or_default();
                    found.is_open |= sites.is_empty();
                    // Where the object itself is passed, the function beside it is meant.
                    if sites.iter().any(|site| self.passes_acquired(site)) {
                        sites.retain(|site| self.passes_acquired(site));
                    }
                    for site in sites {
                        let caller = self.of.world.body(site.caller);
                        let Some(call) = self.of.world.event(site.caller, site.event) else { continue };
                        if let Some(value) = caller.origins.args(call).get(usize::from(param)) {
                            self.functions_in(caller, *value, depth + 1, found);
                        }
                    }
                }
                _ => found.is_open = true,
            }
        }
    }
}

/// The type of what a function is called with: that of the last parameter of its code, or whose method it is.
fn taken_type<'w>(program: &'w Program<'w>, maker: Body<'_>, function: &Event) -> Option<&'w str> {
    let member = program.facts.members.get(function.member()?);
    let target = program.refs(program.class(maker.class).loader).method(function.member()?);
    let is_static = target.is_some_and(|target| program.method(target).access.is_static());
    let last = params(program.text(member.desc)).last().filter(|_| is_static);
    last.map_or(Some(program.text(member.owner)), |ty| ty.class())
}

/// Whether one of two types is the other, or a subtype of it.
fn are_related(program: &Program<'_>, body: Body<'_>, one: &str, other: &str) -> bool {
    let loader = program.class(body.class).loader;
    let is_below = |sub: &str, above: &str| {
        above == OBJECT
            || program.find_text(loader, sub).is_some_and(|sub| program.has_supertype_named(sub, above))
    };
    one == other || is_below(one, other) || is_below(other, one)
}
