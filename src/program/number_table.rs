//! Numbers by id, for one loader: an array if its classes mention many of the deployment's ids, else a hash map, so that
//! a hundred small modules don't cost a hundred large arrays.

use rustc_hash::FxHashMap;

/// A table for fewer ids than one in so many is a hash map.
const DENSE_FROM: usize = 8;

const ABSENT: u32 = u32::MAX;

/// A map from ids below a bound to numbers below `u32::MAX`.
#[derive(Default)]
pub(super) struct NumberTable {
    dense: Vec<u32>,
    sparse: FxHashMap<u32, u32>,
}

impl NumberTable {
    /// An empty table for about `n` of `bound` ids.
    pub(super) fn for_some_of(n: usize, bound: usize) -> Self {
        let is_dense = n.saturating_mul(DENSE_FROM) > bound;
        Self { dense: if is_dense { vec![ABSENT; bound] } else { Vec::new() }, sparse: FxHashMap::default() }
    }

    #[inline]
    pub(super) fn get(&self, id: u32) -> Option<u32> {
        if self.dense.is_empty() {
            self.sparse.get(&id).copied()
        } else {
            self.dense.get(id as usize).copied().filter(|number| *number != ABSENT)
        }
    }

    /// All ids that have a number, ascending.
    pub(super) fn ids(&self) -> Vec<u32> {
        if self.dense.is_empty() {
            let mut ids: Vec<u32> = self.sparse.keys().copied().collect();
            ids.sort_unstable();
            ids
        } else {
            let numbers = self.dense.iter().enumerate().filter(|(_, number)| **number != ABSENT);
            numbers.map(|(id, _)| id as u32).collect()
        }
    }

    /// Sets the number of an id; ids beyond the bound of an array are left out.
    pub(super) fn set(&mut self, id: u32, number: u32) {
        if self.dense.is_empty() {
            self.sparse.insert(id, number);
        } else if let Some(slot) = self.dense.get_mut(id as usize) {
            *slot = number;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_and_maps_answer_alike() {
        for n in [1, 1000] {
            let mut table = NumberTable::for_some_of(n, 1000);
            table.set(7, 0);
            table.set(999, 5);
            assert_eq!(
                (table.get(7), table.get(999), table.get(8), table.get(u32::MAX)),
                (Some(0), Some(5), None, None)
            );
            assert_eq!(table.ids(), [7, 999]);
        }
    }
}
