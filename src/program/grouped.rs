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
        let first = first_rows(found.iter().flat_map(|f| &f.ids).copied(), n_ids);
        // What has been placed is freed at once.
        Self::placed(first, found.into_iter().flat_map(|f| f.ids.into_iter().zip(f.rows)), empty)
    }

    /// The same for rows that can be listed twice, so that nothing has to be kept meanwhile.
    pub(super) fn listed<I: Iterator<Item = (u32, T)>>(list: impl Fn() -> I, n_ids: usize, empty: T) -> Self {
        Self::placed(first_rows(list().map(|(id, _)| id), n_ids), list(), empty)
    }

    fn placed(mut first: Vec<u32>, found: impl Iterator<Item = (u32, T)>, empty: T) -> Self {
        let mut rows = vec![empty; first.last().map_or(0, |n| *n as usize)];
        for (id, row) in found {
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

/// For each id the number of rows of those below it, and at last the number of all.
fn first_rows(ids: impl Iterator<Item = u32>, n_ids: usize) -> Vec<u32> {
    let mut first = vec![0u32; n_ids + 1];
    ids.for_each(|id| first[id as usize + 1] += 1);
    for i in 0..n_ids {
        first[i + 1] += first[i];
    }
    first
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
        let listed = Grouped::listed(|| [(1, 'x'), (0, 'y'), (1, 'z')].into_iter(), 2, ' ');
        assert_eq!([listed.of_id(0), listed.of_id(1)], [&['y'][..], &['x', 'z']]);
        assert_eq!(Grouped::listed(std::iter::empty::<(u32, char)>, 0, ' ').len(), 0);
    }
}
