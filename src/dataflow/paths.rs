//! Questions about paths through one body.

use crate::facts::{MethodFacts, UnitFacts};

/// Whether every way from the body's entry to block `to` passes the edge from `from` to `via`.
pub fn only_through(unit: &UnitFacts, method: &MethodFacts, from: u16, via: u16, to: u16) -> bool {
    let blocks = unit.blocks_of(method);
    let mut seen = vec![false; blocks.len()];
    let mut waiting = vec![0u16];
    while let Some(at) = waiting.pop() {
        let Some(block) = blocks.get(usize::from(at)) else { continue };
        if std::mem::replace(&mut seen[usize::from(at)], true) {
            continue;
        }
        if at == to {
            return false;
        }
        let edges = unit.successors(block).iter().copied().filter(|e| at != from || *e != via);
        waiting.extend(edges);
        waiting.extend(unit.handlers(block).iter().map(|h| h.block));
    }
    true
}
