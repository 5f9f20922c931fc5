//! The same obligation on the same way, read again with more that may happen. What is found once about the body serves all.

use super::{Followed, is_release};
use crate::dataflow::exceptions::Reading;
use crate::dataflow::obligations::cleanup;
use crate::dataflow::paths::calm;
use std::cell::{Cell, RefCell};

impl Followed<'_, '_, '_> {
    /// The same, with nothing seen yet.
    fn anew(self) -> Self {
        let (only_told, only_by_untold) = (Cell::new(false), Cell::new(false));
        let (seen, released_at) = (Cell::default(), RefCell::default());
        let is_spared = Cell::new(false);
        Self { seen, released_at, only_told, only_by_untold, is_spared, ..self }
    }

    /// The same, as if releasing other things could fail.
    pub(in crate::dataflow::obligations) fn failing(self) -> Self {
        Self { releases_fail: true, ..self.anew() }
    }

    /// The same, as if asking an open object for something, setting one of its options, or naming the encoding that
    /// settings say, could fail.
    pub(in crate::dataflow::obligations) fn asking(self) -> Self {
        Self { releases_fail: false, options_fail: true, ..self.anew() }
    }

    /// The same, as if whatever is lent came back.
    pub(in crate::dataflow::obligations) fn lending(self) -> Self {
        Self { comes_back: true, releases_fail: false, options_fail: false, ..self.anew() }
    }

    /// The same, as if all code of others could fail without having said so.
    pub(in crate::dataflow::obligations) fn doubting(self) -> Self {
        let releases =
            |i: usize| self.uses.list.iter().any(|(at, _, u)| usize::from(*at) == i && is_release(*u));
        let is_calm = calm(self.body, &releases);
        let surprises = Some(self.callees.throws(self.body, Reading::ForeignCall));
        let is_usual = cleanup::reached_normally(self.body);
        let usual = Self { comes_back: false, releases_fail: false, options_fail: false, ..self.anew() };
        Self { surprises, is_calm, is_usual, ..usual }
    }

    /// The same, of a parameter of a method that is given constants.
    pub(in crate::dataflow::obligations) fn given(mut self, flags: (u32, u32)) -> Self {
        self.given = flags;
        self
    }
}
