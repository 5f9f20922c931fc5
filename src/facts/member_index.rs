//! Finds member references by what they name.

use super::tables::MemberRef;
use crate::vocabulary::interner::BATCH;

/// Says that a reference has no row yet.
pub(super) const NO_MEMBER: u32 = u32::MAX;

/// Which row of a table holds which reference, by open addressing. A place holds the upper half of a reference's hash,
/// so that those which only fall into the same place are told apart without looking at them, and its row.
#[derive(Default)]
pub(super) struct MemberIndex {
    slots: Vec<u64>,
}

const EMPTY: u64 = u64::MAX;
const HALF: u32 = 32;

/// Two odd numbers without a pattern: the first hexadecimal digits of pi's fraction.
const MIX: (u64, u64) = (0x243F_6A88_85A3_08D3, 0x1319_8A2E_0370_7345);

/// A hash of all parts of a reference.
pub(super) fn hash_of(member: &MemberRef) -> u64 {
    let first = u64::from(member.owner.0) << HALF | u64::from(member.name.0);
    let second = u64::from(member.of_interface) << HALF | u64::from(member.desc.0);
    // Both halves of the product depend on all bits of both factors.
    let product =
        u128::from(first ^ MIX.0) * u128::from(second.wrapping_mul(MIX.1) ^ MIX.0.rotate_left(HALF));
    product as u64 ^ (product >> u64::BITS) as u64
}

impl MemberIndex {
    /// Forgets all rows and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.slots.fill(EMPTY);
    }

    /// The row of the reference with this hash that `is_row` recognises; the next one of a table with `n_rows` rows if
    /// there is none.
    pub(super) fn find_or_add(
        &mut self,
        n_rows: usize,
        hash: u64,
        is_row: impl Fn(u32) -> bool,
        hash_of_row: impl Fn(u32) -> u64,
    ) -> u32 {
        if self.slots.len() <= n_rows * 2 {
            self.grow(n_rows, hash_of_row);
        }
        let mask = self.slots.len() - 1;
        let mut place = hash as usize & mask;
        loop {
            let slot = self.slots[place];
            if slot == EMPTY {
                let row = n_rows as u32;
                self.slots[place] = hash >> HALF << HALF | u64::from(row);
                return row;
            }
            if slot >> HALF == hash >> HALF && is_row(slot as u32) {
                return slot as u32;
            }
            place = (place + 1) & mask;
        }
    }

    /// The rows of at most [`BATCH`] references with these hashes, [`NO_MEMBER`] for one that has none or needs a
    /// longer search. Memory is waited for once and not once for each of them.
    pub(super) fn find_batch(&self, hashes: &[u64], is_row: impl Fn(usize, u32) -> bool) -> [u32; BATCH] {
        let mut found = [NO_MEMBER; BATCH];
        let Some(mask) = self.slots.len().checked_sub(1) else { return found };
        let mut slots = [EMPTY; BATCH];
        for (slot, hash) in slots.iter_mut().zip(hashes) {
            *slot = self.slots[*hash as usize & mask];
        }
        for (i, (slot, hash)) in slots.iter_mut().zip(hashes).enumerate() {
            let mut place = *hash as usize & mask;
            while *slot != EMPTY && *slot >> HALF != hash >> HALF {
                place = (place + 1) & mask;
                *slot = self.slots[place];
            }
            if *slot != EMPTY && is_row(i, *slot as u32) {
                found[i] = *slot as u32;
            }
        }
        found
    }

    fn grow(&mut self, n_rows: usize, hash_of_row: impl Fn(u32) -> u64) {
        let n_slots = (n_rows * 4).next_power_of_two().max(64);
        self.slots.clear();
        self.slots.resize(n_slots, EMPTY);
        for row in 0..n_rows as u32 {
            let hash = hash_of_row(row);
            let mut place = hash as usize & (n_slots - 1);
            while self.slots[place] != EMPTY {
                place = (place + 1) & (n_slots - 1);
            }
            self.slots[place] = hash >> HALF << HALF | u64::from(row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::Name;

    fn member(i: u32) -> MemberRef {
        MemberRef {
            owner: Name(i % 7),
            name: Name(i / 7),
            desc: Name(i % 5),
            of_interface: i.is_multiple_of(2),
        }
    }

    #[test]
    fn a_reference_is_found_where_it_was_added() {
        let members: Vec<MemberRef> = (0..1000).map(member).collect();
        let mut index = MemberIndex::default();
        let mut add = |n_rows: usize, i: usize| {
            let is_row = |row: u32| members[row as usize] == members[i];
            index.find_or_add(n_rows, hash_of(&members[i]), is_row, |row| hash_of(&members[row as usize]))
        };
        assert!((0..1000).all(|i| add(i, i) == i as u32));
        assert!((0..1000).all(|i| add(1000, i) == i as u32));
        let hashes: Vec<u64> = members[..BATCH].iter().map(hash_of).collect();
        let found = index.find_batch(&hashes, |i, row| members[i] == members[row as usize]);
        assert!(found.iter().enumerate().all(|(i, row)| *row == i as u32));
        index.clear();
        assert_eq!(index.find_batch(&hashes, |_, _| true), [NO_MEMBER; BATCH]);
    }
}
