//! The blocks that wait to be walked.

/// A set of block numbers.
#[derive(Default)]
pub(super) struct Pending {
    words: Vec<u64>,
    /// No word before this one has a member.
    first: usize,
}

impl Pending {
    /// Empties the set, for a body of `n_blocks`.
    pub(super) fn clear(&mut self, n_blocks: usize) {
        self.words.clear();
        self.words.resize(n_blocks.div_ceil(64), 0);
        self.first = 0;
    }

    pub(super) fn add(&mut self, block: usize) {
        if let Some(word) = self.words.get_mut(block / 64) {
            *word |= 1 << (block % 64);
            self.first = self.first.min(block / 64);
        }
    }

    /// Takes the lowest: compilers lay code out so that this is close to reverse post-order.
    pub(super) fn next(&mut self) -> Option<usize> {
        while let Some(word) = self.words.get_mut(self.first) {
            if *word != 0 {
                let bit = word.trailing_zeros() as usize;
                *word &= *word - 1;
                return Some(self.first * 64 + bit);
            }
            self.first += 1;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_comes_first_whenever_it_was_added() {
        let mut pending = Pending::default();
        pending.clear(200);
        [130, 5, 199, 5].into_iter().for_each(|block| pending.add(block));
        assert_eq!(pending.next(), Some(5));
        assert_eq!(pending.next(), Some(130));
        pending.add(64);
        assert_eq!([pending.next(), pending.next(), pending.next()], [Some(64), Some(199), None]);
        pending.add(0);
        assert_eq!((pending.next(), pending.next()), (Some(0), None));
        pending.clear(1);
        pending.add(1000);
        assert_eq!(pending.next(), None);
    }
}
