//! Rows grouped by what they belong to: where a method is called, where a field is accessed.

/// Rows as they are found: two tables, because pairs would be padded, and there are millions of them.
pub(super) struct Found<T> {
    ids: Vec<u32>,
    rows: Vec<T>,
}

impl<T> Found<T> {
    pub(super) fn add(&mut self, id: u32, row: T) {
        self.ids.push(id);
        self.rows.push(row);
    }

    /// Gives back the memory that was kept for more.
    pub(super) fn shrunk(mut self) -> Self {
        self.ids.shrink_to_fit();
        self.rows.shrink_to_fit();
        self
    }
}

impl<T> Default for Found<T> {
    fn default() -> Self {
        Self { ids: Vec::new(), rows: Vec::new() }
    }
}

/// The rows of each id below a bound, in the order in which they were found.
pub(super) struct Grouped<T> {
    /// First row of each id, and one more.
    first: Vec<u32>,
    rows: Vec<T>,
}

impl<T: Copy> Grouped<T> {
    /// Groups what was found by counting. All ids are below `n_ids`; `empty` is any row.
    pub(super) fn of(found: Vec<Found<T>>, n_ids: usize, empty: T) -> Self {
        let mut first = vec![0u32; n_ids + 1];
        found.iter().flat_map(|f| &f.ids).for_each(|id| first[*id as usize + 1] += 1);
        for i in 0..n_ids {
            first[i + 1] += first[i];
        }
        let mut rows = vec![empty; first[n_ids] as usize];
        for (id, row) in found.into_iter().flat_map(|f| f.ids.into_iter().zip(f.rows)) {
            let at = &mut first[id as usize];
            rows[*at as usize] = row;
            *at += 1;
        }
        // Where the rows of an id end, those of the next begin.
        first.rotate_right(1);
        first[0] = 0;
        Self { first, rows }
    }

    /// The rows of an id.
    pub(super) fn of_id(&self, id: usize) -> &[T] {
        &self.rows[self.first[id] as usize..self.first[id + 1] as usize]
    }

    /// Number of all rows.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_grouped_in_the_order_in_which_they_were_found() {
        let found = [vec![(2, 'a'), (0, 'b'), (2, 'c')], vec![], vec![(0, 'd'), (3, 'e')]].map(|pairs| {
            let mut found = Found::default();
            pairs.into_iter().for_each(|(id, row)| found.add(id, row));
            found.shrunk()
        });
        let grouped = Grouped::of(found.into(), 5, ' ');
        let all: Vec<String> = (0..5).map(|id| grouped.of_id(id).iter().collect()).collect();
        assert_eq!(all, ["bd", "", "ac", "e", ""]);
        assert_eq!(grouped.len(), 5);
    }
}
