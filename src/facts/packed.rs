//! Values in 4 bytes each, for as long as rules are asked: there are as many as there are calls and field accesses.

use crate::body::{MAX_MERGE, Value};
use crate::vocabulary::{Name, ValueId};

/// A table of values in which at most names change.
///
/// A cell holds the kind in its lowest 4 bits, and above them what belongs to it; of a merge the number of its inputs
/// less one in 4 bits, above them its first row. Numbers that need more bits are rows of a table of their own.
#[derive(Clone, Default)]
pub struct PackedValues {
    cells: Vec<u32>,
    wide: Vec<i32>,
}

const UNKNOWN: u32 = 0;
const NULL: u32 = 1;
const INT: u32 = 2;
const STR: u32 = 3;
const CLASS: u32 = 4;
const PARAM: u32 = 5;
const EVENT: u32 = 6;
const CAUGHT: u32 = 7;
const DERIVED: u32 = 8;
const MERGE: u32 = 9;
const WIDE_INT: u32 = 10;

const KIND_BITS: u32 = 4;
const KIND_MASK: u32 = (1 << KIND_BITS) - 1;
/// Values of what belongs to a kind stay below this.
const BOUND: u32 = 1 << (u32::BITS - KIND_BITS);
const LEN_BITS: u32 = 4;
const _: () = assert!(MAX_MERGE <= 1 << LEN_BITS);

fn cell(kind: u32, of_kind: u32) -> Option<u32> {
    (of_kind < BOUND).then_some(of_kind << KIND_BITS | kind)
}

impl PackedValues {
    /// Packs a table; `None` if a number in it is larger than deployments that fit into memory have.
    pub fn of(values: &[Value]) -> Option<Self> {
        let mut packed = Self { cells: Vec::with_capacity(values.len()), wide: Vec::new() };
        for value in values {
            let cell = match *value {
                Value::Unknown => cell(UNKNOWN, 0),
                Value::Null => cell(NULL, 0),
                Value::Int(n) => cell(INT, n as u32).or_else(|| {
                    packed.wide.push(n);
                    cell(WIDE_INT, packed.wide.len() as u32 - 1)
                }),
                Value::Str(name) => cell(STR, name.0),
                Value::Class(name) => cell(CLASS, name.0),
                Value::Param(n) => cell(PARAM, u32::from(n)),
                Value::Event(n) => cell(EVENT, n),
                Value::Caught(n) => cell(CAUGHT, u32::from(n)),
                Value::Derived(id) => cell(DERIVED, u32::from(id.0)),
                Value::Merge { start, len } => {
                    let len = u32::from(len.checked_sub(1)?);
                    let fits = len < 1 << LEN_BITS && start < BOUND >> LEN_BITS;
                    fits.then_some(()).and_then(|()| cell(MERGE, start << LEN_BITS | len))
                }
            };
            packed.cells.push(cell?);
        }
        packed.wide.shrink_to_fit();
        Some(packed)
    }

    /// Gives strings and class literals the names that `renamed` has for theirs; a value without one is unknown.
    pub fn rename(&mut self, renamed: impl Fn(Name) -> Option<Name>) {
        for at in &mut self.cells {
            let kind = *at & KIND_MASK;
            if kind == STR || kind == CLASS {
                let name = renamed(Name(*at >> KIND_BITS)).filter(|name| name.0 < BOUND);
                *at = name.map_or(UNKNOWN, |name| name.0 << KIND_BITS | kind);
            }
        }
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// The value in a row; unknown if there is no such row.
    pub fn get(&self, row: usize) -> Value {
        let Some(cell) = self.cells.get(row) else { return Value::Unknown };
        let of_kind = cell >> KIND_BITS;
        match cell & KIND_MASK {
            NULL => Value::Null,
            INT => Value::Int(of_kind as i32),
            STR => Value::Str(Name(of_kind)),
            CLASS => Value::Class(Name(of_kind)),
            PARAM => Value::Param(of_kind as u16),
            EVENT => Value::Event(of_kind),
            CAUGHT => Value::Caught(of_kind as u16),
            DERIVED => Value::Derived(ValueId(of_kind as u16)),
            MERGE => {
                Value::Merge { start: of_kind >> LEN_BITS, len: (of_kind & ((1 << LEN_BITS) - 1)) as u16 + 1 }
            }
            WIDE_INT => self.wide.get(of_kind as usize).map_or(Value::Unknown, |n| Value::Int(*n)),
            _ => Value::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_values_are_the_values_that_were_packed() {
        let values = [
            Value::Unknown,
            Value::Null,
            Value::Int(0),
            Value::Int(-1),
            Value::Int(i32::MIN),
            Value::Int((BOUND - 1) as i32),
            Value::Int(i32::MAX),
            Value::Str(Name(0)),
            Value::Class(Name(BOUND - 1)),
            Value::Param(u16::MAX),
            Value::Event(7),
            Value::Caught(3),
            Value::Derived(ValueId(u16::MAX)),
            Value::Merge { start: (1 << 24) - 1, len: MAX_MERGE as u16 },
            Value::Merge { start: 0, len: 1 },
        ];
        let packed = PackedValues::of(&values).unwrap();
        assert_eq!((0..packed.len()).map(|row| packed.get(row)).collect::<Vec<_>>(), values);
        assert_eq!(packed.get(values.len()), Value::Unknown);
    }

    #[test]
    fn only_strings_and_class_literals_are_renamed() {
        let mut packed = PackedValues::of(&[
            Value::Str(Name(1)),
            Value::Class(Name(2)),
            Value::Event(1),
            Value::Class(Name(3)),
            Value::Str(Name(4)),
        ])
        .unwrap();
        packed.rename(|name| match name.0 {
            1 => Some(Name(10)),
            2 => Some(Name(20)),
            3 => Some(Name(BOUND)),
            _ => None,
        });
        let renamed: Vec<Value> = (0..packed.len()).map(|row| packed.get(row)).collect();
        let unknown = Value::Unknown;
        assert_eq!(
            renamed,
            [Value::Str(Name(10)), Value::Class(Name(20)), Value::Event(1), unknown, unknown]
        );
    }

    #[test]
    fn what_does_not_fit_is_not_packed() {
        let too_large = [
            Value::Str(Name(BOUND)),
            Value::Event(BOUND),
            Value::Merge { start: 1 << 24, len: 2 },
            Value::Merge { start: 0, len: 17 },
            Value::Merge { start: 0, len: 0 },
        ];
        assert!(too_large.iter().all(|value| PackedValues::of(&[*value]).is_none()));
    }
}
