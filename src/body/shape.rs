//! How many stack slots a symbolic reference takes and gives.

use crate::classfile::{ClassError, ConstantPool};

/// Slots of a method's arguments (receiver not counted) and of its result.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct MethodShape {
    pub(super) args: u16,
    pub(super) result: u8,
}

/// What a descriptor says of the slots that a member takes: it follows from the descriptor alone, so that all classes
/// which name a member can share it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct MemberShape {
    /// Of a method; of a field, the value's slots are those of the result.
    slots: MethodShape,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Kind {
    #[default]
    NotYetKnown,
    Field,
    Method,
}

/// Shapes of a class's member constants, computed once per constant. Reused from class to class.
#[derive(Default)]
pub struct Shapes {
    members: Vec<MemberShape>,
}

impl Shapes {
    /// Forgets the last class.
    pub fn reset(&mut self, pool: &ConstantPool<'_>) {
        self.members.clear();
        self.members.resize(usize::from(pool.len()), MemberShape::default());
    }

    /// What is known of a member constant.
    #[inline]
    pub fn known(&self, index: u16) -> MemberShape {
        self.members.get(usize::from(index)).copied().unwrap_or_default()
    }

    /// Takes over what is known from another class that names the same member.
    #[inline]
    pub fn learn(&mut self, index: u16, shape: MemberShape) {
        if let Some(member) = self.members.get_mut(usize::from(index)) {
            *member = shape;
        }
    }

    /// Slots of a field's value, 1 or 2.
    #[inline]
    pub(super) fn field(&mut self, pool: &ConstantPool<'_>, index: u16) -> Result<u8, ClassError> {
        match self.members.get(usize::from(index)) {
            Some(known) if known.kind == Kind::Field => Ok(known.slots.result),
            _ => self.new_field(pool, index),
        }
    }

    #[inline(never)]
    fn new_field(&mut self, pool: &ConstantPool<'_>, index: u16) -> Result<u8, ClassError> {
        let desc = pool.utf8(pool.member(index)?.desc)?;
        if desc.first() == Some(&b'(') {
            return Err(ClassError::new(0, "a field was expected, and a method is named"));
        }
        let result = desc.first().map_or(1, |b| slots(*b)).max(1);
        self.learn(index, MemberShape { slots: MethodShape { args: 0, result }, kind: Kind::Field });
        Ok(result)
    }

    /// Slots of a method's arguments and result.
    #[inline]
    pub(super) fn method(&mut self, pool: &ConstantPool<'_>, index: u16) -> Result<MethodShape, ClassError> {
        match self.members.get(usize::from(index)) {
            Some(known) if known.kind == Kind::Method => Ok(known.slots),
            _ => self.new_method(pool, index),
        }
    }

    #[inline(never)]
    fn new_method(&mut self, pool: &ConstantPool<'_>, index: u16) -> Result<MethodShape, ClassError> {
        let desc = pool.utf8(pool.member(index)?.desc)?;
        if desc.first() != Some(&b'(') {
            return Err(ClassError::new(0, "a method was expected, and a field is named"));
        }
        let slots = of_method(desc);
        self.learn(index, MemberShape { slots, kind: Kind::Method });
        Ok(slots)
    }
}

/// The shape of a method descriptor (JVMS 4.3.3); of a malformed one as far as it goes.
pub(super) fn of_method(desc: &[u8]) -> MethodShape {
    let mut at = usize::from(desc.first() == Some(&b'('));
    let mut args = 0u16;
    while let Some(&b) = desc.get(at) {
        if b == b')' {
            at += 1;
            break;
        }
        args = args.saturating_add(u16::from(slots(b)));
        at = after_type(desc, at, b);
    }
    MethodShape { args, result: desc.get(at).map_or(0, |b| slots(*b)) }
}

/// Slots of a value whose descriptor starts with this byte.
#[inline]
pub(super) fn slots(first: u8) -> u8 {
    match first {
        b'J' | b'D' => 2,
        b'V' => 0,
        _ => 1,
    }
}

/// Where the type ends that starts with `first` at `at`.
#[inline]
fn after_type(desc: &[u8], at: usize, first: u8) -> usize {
    let (mut at, mut first) = (at + 1, first);
    while first == b'[' {
        let Some(&element) = desc.get(at) else { return at };
        (at, first) = (at + 1, element);
    }
    if first == b'L' { after_semicolon(desc, at) } else { at }
}

const SEMICOLONS: u64 = u64::from_ne_bytes([b';'; 8]);
const LOW_BITS: u64 = u64::from_ne_bytes([1; 8]);
const HIGH_BITS: u64 = u64::from_ne_bytes([0x80; 8]);

/// What stands behind the next semicolon, looked for in eight bytes at a time: names of classes are long.
fn after_semicolon(desc: &[u8], at: usize) -> usize {
    let mut at = at;
    while let Some(word) = desc.get(at..at + 8).and_then(|bytes| <[u8; 8]>::try_from(bytes).ok()) {
        let zeros = u64::from_le_bytes(word) ^ SEMICOLONS;
        // The lowest high bit that is set here marks the first byte that is zero.
        let marks = zeros.wrapping_sub(LOW_BITS) & !zeros & HIGH_BITS;
        if marks != 0 {
            return at + marks.trailing_zeros() as usize / 8 + 1;
        }
        at += 8;
    }
    let rest = desc.get(at..).unwrap_or_default();
    rest.iter().position(|b| *b == b';').map_or(desc.len(), |i| at + i + 1)
}

/// Slots of each parameter of a method descriptor, in order.
#[inline]
pub(super) fn parameter_slots(desc: &[u8]) -> impl Iterator<Item = u8> + '_ {
    let mut at = 1usize;
    std::iter::from_fn(move || match desc.get(at) {
        None | Some(b')') => None,
        Some(&b) => {
            at = after_type(desc, at, b);
            Some(slots(b))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longs_and_doubles_take_two_slots_but_arrays_of_them_one() {
        assert_eq!(of_method(b"(IJ[DLa/B;)J"), MethodShape { args: 5, result: 2 });
        assert_eq!(of_method(b"()V"), MethodShape::default());
        assert_eq!(parameter_slots(b"(IJ[DLa/B;)J").collect::<Vec<_>>(), [1, 2, 1, 1]);
    }

    #[test]
    fn names_of_every_length_end_at_their_semicolon() {
        for n in 0..40 {
            let name = "\u{e9}x".repeat(n) + "a";
            let desc = format!("(L{name};J[[L{name};L{name};)L{name};");
            assert_eq!(of_method(desc.as_bytes()), MethodShape { args: 5, result: 1 });
            assert_eq!(parameter_slots(desc.as_bytes()).collect::<Vec<_>>(), [1, 2, 1, 1]);
        }
    }

    #[test]
    fn malformed_descriptors_end() {
        for bad in [&b""[..], b"(", b"(L", b"([", b"(I", b"(L;", b"garbage"] {
            of_method(bad);
            assert!(parameter_slots(bad).count() < 20);
        }
    }
}
