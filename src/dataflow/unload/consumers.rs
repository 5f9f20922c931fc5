//! Objects that are handed to a function which somebody else has passed with them: `later(pool, ExecutorService::shutdown)`.

use super::flow::{At, MAX_TARGETS, Place, Site, Walk};
use super::types::is_function_method;
use crate::dataflow::Body;
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::ValueId;

/// Methods that a function is passed through.
const MAX_DEPTH: u32 = 3;
/// Callers looked at for one method.
const MAX_SITES: usize = 16;

impl Walk<'_, '_> {
    /// A call of a function with the object as its only argument: what the functions do that may be meant.
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
        let mut functions = Vec::new();
        self.functions_in(body, body.origins.arg(event, 0), 0, &mut functions);
        for (method, at) in functions {
            let maker = self.of.world.body(method);
            let Some(function) = self.of.world.event(method, at) else { continue };
            let free = usize::from(function.n_args);
            if self.is_release(maker, at, function, free, Place { is_inside: false, ..place }) {
                self.release((body.id, i), place);
            }
            for target in self.of.world.targets(maker, function, MAX_TARGETS).unwrap_or_default() {
                self.push(Place { at: At::Param(target, u16::from(function.n_args)), ..place });
            }
        }
    }

    /// The functions that a value may be, made here or by those who pass it.
    fn functions_in(&self, body: Body<'_>, value: ValueId, depth: u32, found: &mut Vec<Site>) {
        for leaf in body.origins.leaves(value) {
            match leaf {
                Value::Event(i) => {
                    let is_function =
                        body.origins.event(leaf).is_some_and(|(_, e)| e.kind == EventKind::Lambda);
                    if is_function && let Ok(i) = u16::try_from(i) {
                        found.push((body.id, i));
                    }
                }
                Value::Param(param) if depth < MAX_DEPTH => {
                    for site in self.of.world.sites.of(body.id, MAX_SITES).unwrap_or_default() {
                        let caller = self.of.world.body(site.caller);
                        let Some(call) = self.of.world.event(site.caller, site.event) else { continue };
                        if let Some(value) = caller.origins.args(call).get(usize::from(param)) {
                            self.functions_in(caller, *value, depth + 1, found);
                        }
                    }
                }
                _ => {}
            }
        }
    }
}
