//! Where a class began in the tables of its unit.

use super::tables::UnitFacts;

/// Lengths of the tables that a class which turns out to be malformed must not have grown.
pub(super) struct Marks {
    classes: usize,
    fields: usize,
    methods: usize,
}

impl Marks {
    pub(super) fn of(unit: &UnitFacts) -> Self {
        Self { classes: unit.classes.len(), fields: unit.fields.len(), methods: unit.methods.len() }
    }

    pub(super) fn restore(&self, unit: &mut UnitFacts) {
        unit.classes.truncate(self.classes);
        unit.fields.truncate(self.fields);
        unit.methods.truncate(self.methods);
    }
}
