//! Changes that were chosen from all.

use super::Change;
use crate::vocabulary::{FieldId, MethodId};
use rustc_hash::FxHashMap;

/// Some changes, by field.
#[derive(Default)]
pub struct ChangeTable {
    /// First row of each field, and one more.
    first: Vec<u32>,
    /// In method order for each field.
    rows: Vec<Change>,
}

impl ChangeTable {
    /// Sorts by counting; the order of the changes of one field stays.
    pub(super) fn new(parts: &[Vec<Change>], n_fields: usize) -> Self {
        let mut first = vec![0u32; n_fields + 1];
        parts.iter().flatten().for_each(|change| first[change.field.index() + 1] += 1);
        for i in 0..n_fields {
            first[i + 1] += first[i];
        }
        Self { first, rows: parts.concat() }
    }

    /// The changes of a field, in method order.
    pub fn of(&self, field: FieldId) -> &[Change] {
        match (self.first.get(field.index()), self.first.get(field.index() + 1)) {
            (Some(start), Some(end)) => self.rows.get(*start as usize..*end as usize).unwrap_or_default(),
            _ => &[],
        }
    }

    /// How many there are of each method.
    pub fn by_method(&self) -> FxHashMap<MethodId, usize> {
        let mut found = FxHashMap::default();
        self.rows.iter().for_each(|change| *found.entry(change.method).or_default() += 1);
        found
    }

    /// Leaves out those that `keep` refuses, which is asked of each once, field by field.
    pub fn retain(&mut self, keep: impl FnMut(&Change) -> bool) {
        let n_fields = self.first.len().saturating_sub(1);
        self.rows.retain(keep);
        *self = Self::new(&[std::mem::take(&mut self.rows)], n_fields);
    }

    /// The fields that change, ascending.
    pub fn fields(&self) -> impl Iterator<Item = FieldId> + '_ {
        let changing = self.first.windows(2).enumerate().filter(|(_, rows)| rows[0] < rows[1]);
        changing.map(|(field, _)| FieldId::from_index(field))
    }
}
