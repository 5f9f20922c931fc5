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
        let starts = starts.map(|(node, _)| node);
        let mut found: Vec<u32> = starts.filter(|node| reached.add(*node as usize)).collect();
        let mut next = 0;
        // Nodes that are near each other come one after the other, more often than if the last found came first.
        while let Some(from) = found.get(next) {
            for to in (self.successors)(*from) {
                if !reached.has(to as usize) && (self.allowed)(to, byte) & bit != 0 {
                    reached.add(to as usize);
                    found.push(to);
                }
            }
            next += 1;
        }
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
