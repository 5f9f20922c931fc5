//! Sets of small numbers, one bit each: a walk through the call graph asks of each edge whether its end was seen, and
//! bits stay in the cache where bytes don't.

const BITS: usize = u64::BITS as usize;

/// A set of numbers below a bound.
#[derive(Clone, Default)]
pub struct BitSet {
    words: Vec<u64>,
}

impl BitSet {
    /// An empty set of numbers below `bound`.
    pub fn new(bound: usize) -> Self {
        Self { words: vec![0; bound.div_ceil(BITS)] }
    }

    /// Whether a number is in it.
    #[inline]
    pub fn has(&self, number: usize) -> bool {
        self.words.get(number / BITS).is_some_and(|word| word >> (number % BITS) & 1 == 1)
    }

    /// Adds a number; returns whether it is new. What lies beyond the bound is left out.
    #[inline]
    pub fn add(&mut self, number: usize) -> bool {
        let Some(word) = self.words.get_mut(number / BITS) else { return false };
        let bit = 1 << (number % BITS);
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    /// Takes a number away.
    #[inline]
    pub fn remove(&mut self, number: usize) {
        if let Some(word) = self.words.get_mut(number / BITS) {
            *word &= !(1 << (number % BITS));
        }
    }

    /// Its numbers, ascending.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(at, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros() as usize;
                // Takes away the lowest bit.
                left &= left.checked_sub(1)?;
                Some(at * BITS + bit)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_again_in_order() {
        let mut set = BitSet::new(130);
        let added = [129, 0, 64, 63, 0].map(|n| set.add(n));
        assert_eq!(added, [true, true, true, true, false]);
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 63, 64, 129]);
        assert!(set.has(63) && !set.has(62) && !set.has(1000) && !set.add(1000));
        set.remove(63);
        assert!(!set.has(63) && set.has(64));
    }
}
