//! Spreads tenants along the edges of a graph, all in one pass.

use super::bits::BitSet;
use crate::vocabulary::TenantId;
use std::collections::VecDeque;

/// Where tenants start, and where they may go.
pub(crate) struct Ways<S, F> {
    /// Number of nodes.
    pub(crate) n_nodes: usize,
    /// Number of tenants.
    pub(crate) n_tenants: usize,
    /// The nodes that a node leads to.
    pub(crate) successors: S,
    /// The tenants that may enter a node, one byte of them.
    pub(crate) allowed: F,
}

/// The byte of a set that holds a tenant, and its bit there.
pub(crate) fn place_of(tenant: TenantId) -> (usize, u8) {
    (tenant.index() / 8, 1 << (tenant.index() % 8))
}

/// Bytes of a set of so many tenants.
pub(crate) fn n_bytes(n_tenants: usize) -> usize {
    n_tenants.div_ceil(8).max(1)
}

/// With more starts than one of so many nodes, a walk takes them in order.
const MANY_STARTS: usize = 16;

/// Calls `follow` for each start and for each node that it adds to the list it is given.
///
/// Many starts, which are ascending, are followed one after the other, so that the tables are read from front to back;
/// where few lead to all the rest, what was found last lies nearest.
pub(crate) fn walk(starts: Vec<u32>, n_nodes: usize, mut follow: impl FnMut(u32, &mut VecDeque<u32>)) {
    let in_order = starts.len() > n_nodes / MANY_STARTS;
    let mut waiting = VecDeque::from(starts);
    while let Some(from) = if in_order { waiting.pop_front() } else { waiting.pop_back() } {
        follow(from, &mut waiting);
    }
}

impl<S, F, I> Ways<S, F>
where
    S: Fn(u32) -> I,
    I: Iterator<Item = u32>,
    F: Fn(u32, usize) -> u8,
{
    /// The sets of the tenants that get to the first `n` nodes.
    pub(crate) fn spread(&self, starts: impl Iterator<Item = (u32, TenantId)>, n: usize) -> Vec<u8> {
        if self.n_tenants <= 1 { self.spread_one(starts, n) } else { self.spread_all(starts, n) }
    }

    /// A single tenant has been at a node or not: there is nothing to compare.
    fn spread_one(&self, starts: impl Iterator<Item = (u32, TenantId)>, n: usize) -> Vec<u8> {
        let (byte, bit) = place_of(TenantId(0));
        let mut reached = BitSet::new(self.n_nodes);
        let starts = starts.map(|(node, _)| node).filter(|node| reached.add(*node as usize)).collect();
        walk(starts, self.n_nodes, |from, found| {
            for to in (self.successors)(from) {
                if !reached.has(to as usize) && (self.allowed)(to, byte) & bit != 0 {
                    reached.add(to as usize);
                    found.push_back(to);
                }
            }
        });
        (0..n).map(|node| if reached.has(node) { bit } else { 0 }).collect()
    }

    fn spread_all(&self, starts: impl Iterator<Item = (u32, TenantId)>, n: usize) -> Vec<u8> {
        let n_bytes = n_bytes(self.n_tenants);
        let mut bits = vec![0u8; self.n_nodes * n_bytes];
        let mut queue = VecDeque::new();
        let mut queued = BitSet::new(self.n_nodes);
        for (node, tenant) in starts {
            let (byte, bit) = place_of(tenant);
            bits[node as usize * n_bytes + byte] |= bit;
            if queued.add(node as usize) {
                queue.push_back(node);
            }
        }
        while let Some(from) = queue.pop_front() {
            queued.remove(from as usize);
            for to in (self.successors)(from) {
                if self.carry(&mut bits, from, to) && queued.add(to as usize) {
                    queue.push_back(to);
                }
            }
        }
        bits.truncate(n * n_bytes);
        bits.shrink_to_fit();
        bits
    }

    /// Carries the tenants over one edge. Returns whether any was new.
    fn carry(&self, bits: &mut [u8], from: u32, to: u32) -> bool {
        let n_bytes = n_bytes(self.n_tenants);
        let (from, to_at) = (from as usize * n_bytes, to as usize * n_bytes);
        let mut changed = false;
        for byte in 0..n_bytes {
            // Most edges lead where the tenants have been before, which is quickly seen.
            let mut new = bits[from + byte] & !bits[to_at + byte];
            if new != 0 {
                new &= (self.allowed)(to, byte);
                changed |= new != 0;
                bits[to_at + byte] |= new;
            }
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_tenant_gets_as_far_alone_as_among_others() {
        // Node 3 lets nobody in; nodes 0, 1 and 4 form a cycle.
        let edges: [&[u32]; 6] = [&[1, 3], &[4], &[5], &[5], &[0, 2], &[]];
        let ways = |n_tenants| Ways {
            n_nodes: edges.len(),
            n_tenants,
            successors: |from: u32| edges[from as usize].iter().copied(),
            allowed: |to: u32, _| if to == 3 { 0 } else { u8::MAX },
        };
        let alone = ways(1).spread([(1, TenantId(0))].into_iter(), 5);
        assert_eq!(alone, [1, 1, 1, 0, 1]);
        assert_eq!(ways(2).spread([(1, TenantId(0))].into_iter(), 5), alone);
        let both = ways(9).spread([(4, TenantId(0)), (2, TenantId(8))].into_iter(), 6);
        assert_eq!(both, [1, 0, 1, 0, 1, 1, 0, 0, 1, 0, 1, 1]);
    }
}
