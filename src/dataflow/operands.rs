//! Where a body has a value as an operand, so that following one value does not look at all events.

use crate::dataflow::Body;
use crate::facts::Value;

const NONE: u32 = u32::MAX;

/// The operands of a body by what they may be: results of its events, and its parameters.
pub(crate) struct Operands {
    /// For each event the last row of those that may be its result.
    of_events: Vec<u32>,
    /// The same for each parameter.
    of_params: Vec<u32>,
    rows: Vec<Row>,
}

#[derive(Clone, Copy)]
struct Row {
    event: u16,
    position: u16,
    /// The row before it of the same value.
    before: u32,
}

/// An operand: the event and the position.
pub(crate) type Operand = (u16, u16);

impl Operands {
    pub(crate) fn of(body: Body<'_>) -> Self {
        let events = body.origins.events();
        let mut found = Self { of_events: vec![NONE; events.len()], of_params: Vec::new(), rows: Vec::new() };
        for (i, event) in events.iter().enumerate() {
            for (position, operand) in body.origins.args(event).iter().enumerate() {
                for leaf in body.origins.leaves(*operand) {
                    found.add(leaf, i as u16, position as u16);
                }
            }
        }
        found
    }

    /// The events that have a value as an operand, ascending.
    pub(crate) fn events_of(&self, value: Value) -> Vec<u16> {
        let mut events: Vec<u16> = self.of_value(value).map(|(event, _)| event).collect();
        events.reverse();
        events.dedup();
        events
    }

    fn add(&mut self, leaf: Value, event: u16, position: u16) {
        let last = match leaf {
            Value::Event(i) => self.of_events.get_mut(i as usize),
            Value::Param(i) => {
                let i = usize::from(i);
                if self.of_params.len() <= i {
                    self.of_params.resize(i + 1, NONE);
                }
                self.of_params.get_mut(i)
            }
            _ => None,
        };
        if let Some(last) = last {
            self.rows.push(Row { event, position, before: *last });
            *last = self.rows.len() as u32 - 1;
        }
    }

    /// The operands that may be a value, the last first. Only results and parameters have any.
    pub(crate) fn of_value(&self, value: Value) -> impl Iterator<Item = Operand> + '_ {
        let last = match value {
            Value::Event(i) => self.of_events.get(i as usize),
            Value::Param(i) => self.of_params.get(usize::from(i)),
            _ => None,
        };
        let first = last.and_then(|row| self.rows.get(*row as usize));
        let rows = std::iter::successors(first, |row| self.rows.get(row.before as usize));
        rows.map(|row| (row.event, row.position))
    }
}
