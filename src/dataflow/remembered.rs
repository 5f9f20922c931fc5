//! Answers that several threads ask for.

use rustc_hash::{FxBuildHasher, FxHashMap};
use std::hash::{BuildHasher, Hash};
use std::sync::{Mutex, PoisonError};

/// Shards of a table; so many that threads hardly ever wait for each other.
const N_SHARDS: usize = 32;

/// Answers by question. Each must follow from its question alone: two threads may find the same one at a time.
pub struct Remembered<K, V> {
    shards: [Mutex<FxHashMap<K, V>>; N_SHARDS],
}

impl<K, V> Default for Remembered<K, V> {
    fn default() -> Self {
        Self { shards: std::array::from_fn(|_| Mutex::default()) }
    }
}

impl<K: Hash + Eq, V: Clone> Remembered<K, V> {
    /// The answer, found if nobody has asked before. No lock is held meanwhile.
    pub fn get_or_find(&self, key: K, find: impl FnOnce() -> V) -> V {
        self.get_or_find_of(key, |_| find())
    }

    /// The same, where finding needs the question.
    pub fn get_or_find_of(&self, key: K, find: impl FnOnce(&K) -> V) -> V {
        // The upper bits: the lower ones choose the place within a map.
        let shard = (FxBuildHasher.hash_one(&key) >> 32) as usize % N_SHARDS;
        let lock = || self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(&key) {
            return known.clone();
        }
        let found = find(&key);
        lock().insert(key, found.clone());
        found
    }
}
