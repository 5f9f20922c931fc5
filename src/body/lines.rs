//! Source lines of instructions that are asked for in the order of the code.

/// A line table and the row that covers the last instruction asked for.
#[derive(Clone, Copy, Debug)]
pub struct Lines<'o> {
    /// Rows, ascending: where each starts in the upper half, its line in the lower.
    rows: &'o [u32],
    /// The row after the one at hand.
    next: usize,
    line: u16,
    /// The row at hand covers these instructions.
    from: usize,
    until: usize,
}

/// The instruction from which on a row counts.
fn start(row: u32) -> usize {
    (row >> 16) as usize
}

impl<'o> Lines<'o> {
    /// Takes a table's rows, ascending.
    pub fn new(rows: &'o [u32]) -> Self {
        let until = rows.first().map_or(usize::MAX, |row| start(*row));
        Self { rows, next: 0, line: 0, from: 0, until }
    }

    /// The line of the first row, 0 if there is none.
    pub(super) fn first(&self) -> u16 {
        self.rows.first().map_or(0, |row| *row as u16)
    }

    /// The line of the instruction at `pc`, 0 if none is known.
    #[inline]
    pub(super) fn at(&mut self, pc: usize) -> u16 {
        if pc < self.from || pc >= self.until {
            self.find(pc);
        }
        self.line
    }

    fn find(&mut self, pc: usize) {
        let rows = self.rows;
        if pc < self.from {
            self.next = rows.partition_point(|row| start(*row) <= pc);
            let row = self.next.checked_sub(1).and_then(|row| rows.get(row));
            (self.from, self.line) = row.map_or((0, 0), |row| (start(*row), *row as u16));
            self.until = rows.get(self.next).map_or(usize::MAX, |row| start(*row));
        }
        // Rarely more than one row further.
        while pc >= self.until
            && let Some(row) = rows.get(self.next)
        {
            (self.from, self.line) = (start(*row), *row as u16);
            self.next += 1;
            self.until = rows.get(self.next).map_or(usize::MAX, |row| start(*row));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instruction_has_the_line_of_the_last_row_that_starts_at_or_before_it() {
        let rows = [2 << 16 | 10, 5 << 16 | 11, 5 << 16 | 12, 9 << 16 | 9];
        let mut lines = Lines::new(&rows);
        let expected = [0, 0, 10, 10, 10, 12, 12, 12, 12, 9, 9];
        for pc in (0..11).chain([4, 10, 0, 5, 2, 9, 1]) {
            assert_eq!(lines.at(pc), expected[pc], "at {pc}");
        }
        assert_eq!((lines.first(), Lines::new(&[]).first(), Lines::new(&[]).at(3)), (10, 0, 0));
    }
}
