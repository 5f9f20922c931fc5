//! Edges without which a block is not reached.

use crate::facts::{Block, MethodFacts, UnitFacts};
use rustc_hash::FxHashSet;

const NONE: usize = usize::MAX;

/// The normal edges that every way from a body's entry to one block passes.
pub enum Needed {
    /// No way leads to it, so that each edge is on all of them.
    All,
    /// Pairs of blocks.
    Of(FxHashSet<(u16, u16)>),
}

impl Needed {
    /// Found in one go for all edges: bodies may have thousands of branches.
    pub fn find(unit: &UnitFacts, method: &MethodFacts, to: u16) -> Self {
        let blocks = unit.blocks_of(method);
        let Some(path) = path(unit, blocks, to) else { return Self::All };
        let mut position = vec![NONE; blocks.len()];
        for (i, at) in path.iter().enumerate() {
            position[usize::from(*at)] = i;
        }
        let mut needed = FxHashSet::default();
        let mut seen = vec![false; blocks.len()];
        // The last block of the path that is reached without the edges of the path from here on.
        let mut furthest = 0;
        let mut waiting = Vec::new();
        for (i, edge) in path.windows(2).enumerate() {
            let [at, next] = *edge else { continue };
            let Some(block) = blocks.get(usize::from(at)) else { continue };
            waiting.extend(unit.successors(block).iter().copied().filter(|to| *to != next));
            waiting.extend(unit.handlers(block).iter().map(|h| h.block));
            while let Some(at) = waiting.pop() {
                match position.get(usize::from(at)) {
                    Some(&NONE) if !std::mem::replace(&mut seen[usize::from(at)], true) => {
                        waiting.extend(ways(unit, blocks, at));
                    }
                    None | Some(&NONE) => {}
                    Some(place) => furthest = furthest.max(*place),
                }
            }
            if furthest == i {
                needed.insert((at, next));
                furthest = i + 1;
            }
        }
        Self::Of(needed)
    }

    /// Whether an edge, from one block to another, is passed on every way.
    pub fn has(&self, from: u16, via: u16) -> bool {
        match self {
            Self::All => true,
            Self::Of(edges) => edges.contains(&(from, via)),
        }
    }
}

/// One of the shortest ways from the entry to a block.
fn path(unit: &UnitFacts, blocks: &[Block], to: u16) -> Option<Vec<u16>> {
    let mut from = vec![None; blocks.len()];
    *from.first_mut()? = Some(0);
    let mut order = vec![0_u16];
    let mut i = 0;
    while let Some(at) = order.get(i).copied().filter(|at| *at != to) {
        for next in ways(unit, blocks, at) {
            if let Some(unseen @ None) = from.get_mut(usize::from(next)) {
                *unseen = Some(at);
                order.push(next);
            }
        }
        i += 1;
    }
    order.get(i)?;
    let mut path = vec![to];
    let mut at = to;
    while at != 0 {
        at = from.get(usize::from(at)).copied().flatten()?;
        path.push(at);
    }
    path.reverse();
    Some(path)
}

/// Where a block leads to, by whatever edge.
fn ways<'u>(unit: &'u UnitFacts, blocks: &'u [Block], at: u16) -> impl Iterator<Item = u16> + 'u {
    blocks.get(usize::from(at)).into_iter().flat_map(move |block| {
        unit.successors(block).iter().copied().chain(unit.handlers(block).iter().map(|h| h.block))
    })
}
