//! Methods that return what fields hold.

use crate::dataflow::effects::{Part, Uses};
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind};
use crate::program::Origins;
use crate::vocabulary::{ClassId, FieldId, MethodId, Parallel};

/// Rounds of following getters that return what other getters return.
const GETTER_ROUNDS: usize = 3;

/// Methods that return what a field holds, by field.
pub(super) struct Getters(Vec<(FieldId, MethodId, Part)>);

impl Getters {
    pub(super) fn of(&self, field: FieldId) -> &[(FieldId, MethodId, Part)] {
        let from = self.0.partition_point(|(f, ..)| *f < field);
        let n = self.0[from..].partition_point(|(f, ..)| *f == field);
        &self.0[from..from + n]
    }
}

/// What a method returns: a candidate field's value or something of it, or what another method returns.
#[derive(Clone, Copy)]
enum Returned {
    Field(FieldId, Part),
    CallOf(MethodId),
}

/// Methods that return what a candidate field holds. Bodies are looked at once; chains of getters are followed over
/// what they return.
pub(super) fn getters(
    world: &World<'_>,
    uses: &Uses<'_>,
    is_candidate: &(dyn Fn(FieldId) -> bool + Sync),
    parallel: &impl Parallel,
) -> Getters {
    const CHUNK: usize = 256;
    let n = world.program.classes.len();
    let found = parallel.map(n.div_ceil(CHUNK), |chunk| {
        let mut found = Vec::new();
        for i in chunk * CHUNK..n.min((chunk + 1) * CHUNK) {
            let class = ClassId::from_index(i);
            let unit = world.program.unit(class);
            let methods = world.program.methods_of(class);
            for (id, method) in methods.filter(|(_, m)| m.has_body && !world.program.is_void(m.desc)) {
                let body = Body { id, class, method, origins: Origins { unit, method } };
                returned(world, uses, is_candidate, body, &mut found);
            }
        }
        found
    });
    let mut fields: Vec<Option<(FieldId, Part)>> = vec![None; world.program.n_methods];
    let mut chains: Vec<(MethodId, MethodId)> = Vec::new();
    for (id, returned) in found.into_iter().flatten() {
        match returned {
            Returned::Field(field, part) => fields[id.index()] = Some((field, part)),
            Returned::CallOf(callee) => chains.push((id, callee)),
        }
    }
    for _ in 1..GETTER_ROUNDS {
        let open = chains.iter().filter(|(id, _)| fields[id.index()].is_none());
        let more: Vec<(MethodId, (FieldId, Part))> =
            open.filter_map(|(id, callee)| Some((*id, fields[callee.index()]?))).collect();
        if more.is_empty() {
            break;
        }
        // Of several callees the first counts.
        more.into_iter().rev().for_each(|(id, field)| fields[id.index()] = Some(field));
    }
    let by_method = fields.into_iter().enumerate();
    let mut by_field: Vec<(FieldId, MethodId, Part)> = by_method
        .filter_map(|(m, shown)| shown.map(|(field, part)| (field, MethodId::from_index(m), part)))
        .collect();
    // Collected where the far longer table by method stood.
    by_field.shrink_to_fit();
    by_field.sort_unstable();
    Getters(by_field)
}

fn returned(
    world: &World<'_>,
    uses: &Uses<'_>,
    is_candidate: &(dyn Fn(FieldId) -> bool + Sync),
    body: Body<'_>,
    found: &mut Vec<(MethodId, Returned)>,
) {
    let id = body.id;
    let refs = world.program.refs(world.program.class(body.class).loader);
    let candidate = |event: &Event| {
        let is_read = matches!(event.kind, EventKind::GetStatic | EventKind::GetField);
        refs.field(event.member().filter(|_| is_read)?).filter(|f| is_candidate(*f))
    };
    let from = found.len();
    let returns = body.origins.events().iter().filter(|e| e.kind == EventKind::Return);
    for value in returns.flat_map(|e| body.origins.args(e)) {
        for leaf in body.origins.leaves(*value) {
            let Some((_, event)) = body.origins.event(leaf) else { continue };
            let shown = candidate(event).map(|field| (field, Part::Whole));
            let shown = shown.or_else(|| shown_of_field(world, uses, body, event, &candidate));
            if let Some((field, part)) = shown {
                found.truncate(from);
                found.push((id, Returned::Field(field, part)));
                return;
            }
            let Some(member) = event.member() else { continue };
            if event.kind.is_invoke() {
                // What has no body returns nothing that is seen.
                let callee = refs.method(member).filter(|m| world.program.method(*m).has_body);
                found.extend(callee.map(|m| (id, Returned::CallOf(m))));
            }
        }
    }
}

/// Views of views that are followed to the field.
const MAX_VIEWS: usize = 4;

/// The field of which a call's result is a view or an entry.
fn shown_of_field(
    world: &World<'_>,
    uses: &Uses<'_>,
    body: Body<'_>,
    event: &Event,
    candidate: &dyn Fn(&Event) -> Option<FieldId>,
) -> Option<(FieldId, Part)> {
    let (mut at, mut shown) = (event, Part::Whole);
    for _ in 0..MAX_VIEWS {
        let args = body.origins.args(at).iter().enumerate();
        let mut parts = args.filter_map(|(i, value)| Some((*value, uses.shown(world, body, at, i)?)));
        let (value, part) = parts.next()?;
        shown = shown.max(part);
        let mut leaves = body.origins.leaves(value).filter_map(|leaf| body.origins.event(leaf));
        let (_, of) = leaves.next()?;
        if let Some(field) = candidate(of) {
            return Some((field, shown));
        }
        at = of;
    }
    None
}
