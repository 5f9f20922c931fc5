//! Answers about callees that serve many questions.

use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::hash::Hash;

/// Answers of one kind; with more the older ones are forgotten.
const MAX_ANSWERS: usize = 1 << 12;

/// Answers by question.
pub(in crate::dataflow::obligations) struct Answers<K, V> {
    known: RefCell<FxHashMap<K, V>>,
}

impl<K, V> Default for Answers<K, V> {
    fn default() -> Self {
        Self { known: RefCell::default() }
    }
}

impl<K: Copy + Eq + Hash, V: Clone> Answers<K, V> {
    pub(in crate::dataflow::obligations) fn get(&self, key: K) -> Option<V> {
        self.known.borrow().get(&key).cloned()
    }

    pub(in crate::dataflow::obligations) fn set(&self, key: K, answer: V) {
        self.known.borrow_mut().insert(key, answer);
    }

    /// The answer, found if nobody has asked before.
    pub(in crate::dataflow::obligations) fn get_or_find(&self, key: K, find: impl FnOnce() -> V) -> V {
        if let Some(known) = self.get(key) {
            return known;
        }
        let found = find();
        self.set(key, found.clone());
        found
    }

    /// Forgets all answers: they depend on what was asked before them, since looking into callees ends somewhere.
    pub(super) fn forget(&self) {
        let mut known = self.known.borrow_mut();
        if known.capacity() > MAX_ANSWERS { *known = FxHashMap::default() } else { known.clear() }
    }

    /// Forgets them if there are very many.
    pub(super) fn limit(&self) {
        if self.known.borrow().len() > MAX_ANSWERS {
            self.forget();
        }
    }
}
