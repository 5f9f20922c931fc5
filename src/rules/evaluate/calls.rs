//! Matches of call sites, for all rules in one pass over the bodies.

use super::matches::{Match, Spot, Subject};
use crate::dataflow::World;
use crate::facts::EventKind;
use crate::vocabulary::{ClassId, Parallel};

/// For each table of APIs the calls of its methods, in class, method and event order.
pub(super) fn find(world: &World<'_>, tables: &[Vec<bool>], parallel: &impl Parallel) -> Vec<Vec<Match>> {
    const CHUNK: usize = 256;
    let n = world.program.classes.len();
    let found = parallel.map(n.div_ceil(CHUNK), |chunk| {
        let mut found = Vec::new();
        for i in chunk * CHUNK..n.min((chunk + 1) * CHUNK) {
            of_class(world, tables, ClassId::from_index(i), &mut found);
        }
        found
    });
    let mut by_table = vec![Vec::new(); tables.len()];
    for (table, found) in found.into_iter().flatten() {
        by_table[table].push(found);
    }
    by_table
}

fn of_class(world: &World<'_>, tables: &[Vec<bool>], class: ClassId, found: &mut Vec<(usize, Match)>) {
    if world.program.is_jdk(class) {
        return;
    }
    let unit = world.program.unit(class);
    let loader = world.program.class(class).loader;
    for (id, method) in world.program.methods_of(class) {
        for (i, event) in unit.events_of(method).iter().enumerate() {
            if !event.kind.is_invoke() && event.kind != EventKind::Lambda {
                continue;
            }
            let Some(member) = event.member() else { continue };
            for api in world.knowledge.apis(loader, member) {
                for (t, table) in tables.iter().enumerate() {
                    if !table.get(usize::from(api)).copied().unwrap_or(false) {
                        continue;
                    }
                    let spot = Spot { method: id, event: i as u16, how: None, inside: None };
                    let subject = Subject::Call(member, api);
                    found.push((
                        t,
                        Match { subject, class, spots: vec![spot], holder: None, kept: None, leak: None },
                    ));
                }
            }
        }
    }
}

/// Joins matches of one method and one target, which are in order, into one.
pub(super) fn join(matches: Vec<Match>) -> Vec<Match> {
    let mut joined: Vec<Match> = Vec::new();
    for found in matches {
        let same = joined.iter_mut().rev().take_while(|m| m.class == found.class).find(|m| {
            m.spots[0].method == found.spots[0].method
                && match (m.subject, found.subject) {
                    (Subject::Call(a, _), Subject::Call(b, _)) => a == b,
                    _ => false,
                }
        });
        match same {
            Some(same) => same.spots.extend(found.spots),
            None => joined.push(found),
        }
    }
    joined
}
