//! The constant pool (JVMS 4.4): one scan finds where each entry starts; entries are decoded when asked for.

use super::cursor::{ClassError, Cursor};

/// Scratch space: offset of each entry's tag byte, 0 for unusable indices. Reused from class to class.
#[derive(Default)]
pub struct PoolIndex {
    offsets: Vec<u32>,
    texts: Vec<u16>,
    members: Vec<u16>,
}

/// The constant pool of one class.
pub struct ConstantPool<'a> {
    bytes: &'a [u8],
    offsets: &'a [u32],
    texts: &'a [u16],
    members: &'a [u16],
}

/// A loadable or structural constant, names as pool indices of their UTF-8 entries.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Constant {
    /// `CONSTANT_Integer`.
    Integer(i32),
    /// `CONSTANT_Float`.
    Float(f32),
    /// `CONSTANT_Long`.
    Long(i64),
    /// `CONSTANT_Double`.
    Double(f64),
    /// `CONSTANT_String`: index of its text.
    String(u16),
    /// `CONSTANT_Class`: index of its name.
    Class(u16),
    /// `CONSTANT_MethodType`: index of its descriptor.
    MethodType(u16),
    /// `CONSTANT_MethodHandle`: kind (JVMS table 5.4.3.5-A) and index of the member constant.
    MethodHandle {
        /// 1 to 9.
        kind: u8,
        /// Index of a field or method constant.
        reference: u16,
    },
    /// `CONSTANT_Dynamic` or `CONSTANT_InvokeDynamic`.
    Dynamic {
        /// Row of `BootstrapMethods`.
        bootstrap: u16,
        /// Index of the name.
        name: u16,
        /// Index of the descriptor.
        desc: u16,
    },
    /// `CONSTANT_Module` or `CONSTANT_Package`: index of its name.
    ModuleOrPackage(u16),
}

/// A field, method or interface method constant, as pool indices of UTF-8 entries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MemberConstant {
    /// Index of the owner's name.
    pub owner: u16,
    /// Index of the member's name.
    pub name: u16,
    /// Index of its descriptor.
    pub desc: u16,
    /// Whether it is an `InterfaceMethodref`.
    pub of_interface: bool,
}

const UTF8: u8 = 1;
const INTEGER: u8 = 3;
const FLOAT: u8 = 4;
const LONG: u8 = 5;
const DOUBLE: u8 = 6;
const CLASS: u8 = 7;
const STRING: u8 = 8;
const FIELD: u8 = 9;
const METHOD: u8 = 10;
const INTERFACE_METHOD: u8 = 11;
const NAME_AND_TYPE: u8 = 12;
const METHOD_HANDLE: u8 = 15;
const METHOD_TYPE: u8 = 16;
const DYNAMIC: u8 = 17;
const INVOKE_DYNAMIC: u8 = 18;
const MODULE: u8 = 19;
const PACKAGE: u8 = 20;

/// Stands for the length of a UTF-8 entry, which says its own.
const UTF8_LEN: u8 = 1;
/// Stands for the length of a reference to a member, which is five.
const MEMBER_LEN: u8 = 2;
/// The length of a `long` or `double`, which take two indices.
const WIDE_LEN: u8 = 9;

/// Length of an entry with its tag, by tag; 0 if there is no such tag.
const LENGTHS: [u8; 256] = lengths();

const fn lengths() -> [u8; 256] {
    let mut lengths = [0; 256];
    let mut tag = 0u8;
    while tag < u8::MAX {
        lengths[tag as usize] = match tag {
            UTF8 => UTF8_LEN,
            FIELD | METHOD | INTERFACE_METHOD => MEMBER_LEN,
            INTEGER | FLOAT | NAME_AND_TYPE | DYNAMIC | INVOKE_DYNAMIC => 5,
            LONG | DOUBLE => WIDE_LEN,
            CLASS | STRING | METHOD_TYPE | MODULE | PACKAGE => 3,
            METHOD_HANDLE => 4,
            _ => 0,
        };
        tag += 1;
    }
    lengths
}

impl<'a> ConstantPool<'a> {
    /// Finds the entries. `cursor` must stand at `constant_pool_count` of the whole file.
    ///
    /// # Errors
    /// On an unknown tag (its length is unknown, so nothing after it can be read), a truncated pool, a count of 0, or
    /// a `long` or `double` whose second index is past the count. HotSpot refuses the same.
    pub fn parse(cursor: &mut Cursor<'a>, index: &'a mut PoolIndex) -> Result<Self, ClassError> {
        let count = cursor.u2()?;
        let base = cursor.offset();
        if count == 0 {
            return Err(ClassError::new(base - 2, "the constant pool's count must be at least 1"));
        }
        let bytes = cursor.rest();
        if u32::try_from(bytes.len()).is_err() {
            return Err(ClassError::new(base, "a class file of more than 4 GiB"));
        }
        let count = usize::from(count);
        index.offsets.clear();
        index.offsets.resize(count, 0);
        index.texts.clear();
        index.members.clear();
        let mut at = 0usize;
        let mut slot = 1usize;
        while slot < count {
            let Some(&tag) = bytes.get(at) else {
                // The last entry's own length may have led past the end.
                return Err(ClassError::new(base + bytes.len(), "the constant pool is truncated"));
            };
            // Offsets count from the tag's place in the pool plus one, so that 0 can mean "unusable".
            if let Some(offset) = index.offsets.get_mut(slot) {
                *offset = (at + 1) as u32;
            }
            match LENGTHS[usize::from(tag)] {
                0 => return Err(ClassError::new(base + at, "unknown tag in the constant pool")),
                UTF8_LEN => match bytes.get(at + 1..at + 3) {
                    Some(len) => {
                        index.texts.push(slot as u16);
                        at += 3 + usize::from(u16::from_be_bytes([len[0], len[1]]));
                    }
                    None => return Err(ClassError::new(base + at, "the constant pool is truncated")),
                },
                MEMBER_LEN => {
                    index.members.push(slot as u16);
                    at += 5;
                }
                WIDE_LEN => {
                    slot += 1;
                    at += usize::from(WIDE_LEN);
                }
                len => at += usize::from(len),
            }
            slot += 1;
        }
        if slot > count {
            return Err(ClassError::new(
                base + at - 9,
                "a long or double needs two indices of the constant pool",
            ));
        }
        cursor.take(at)?;
        Ok(Self { bytes, offsets: &index.offsets, texts: &index.texts, members: &index.members })
    }

    /// One more than the greatest index.
    pub fn len(&self) -> u16 {
        self.offsets.len() as u16
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.offsets.len() <= 1
    }

    /// Indices of all UTF-8 entries, ascending.
    #[inline]
    pub fn texts(&self) -> &'a [u16] {
        self.texts
    }

    /// Indices of all field and method constants, ascending.
    #[inline]
    pub fn members(&self) -> &'a [u16] {
        self.members
    }

    /// The tag of an entry, 0 if there is none.
    pub fn tag(&self, index: u16) -> u8 {
        self.entry(index).map_or(0, |e| e[0])
    }

    /// Bytes of modified UTF-8.
    ///
    /// # Errors
    /// When the entry is no UTF-8 entry; so also below for other kinds.
    #[inline]
    pub fn utf8(&self, index: u16) -> Result<&'a [u8], ClassError> {
        match self.entry(index) {
            Some(e) if e[0] == UTF8 => {
                let len = usize::from(u16::from_be_bytes([e[1], e[2]]));
                e.get(3..3 + len).ok_or_else(|| self.error(index, "the constant pool is truncated"))
            }
            _ => Err(self.error(index, "a UTF-8 constant was expected")),
        }
    }

    /// Index of the name that a class constant holds.
    #[inline]
    pub fn class_utf8(&self, index: u16) -> Result<u16, ClassError> {
        match self.entry(index) {
            Some(e) if matches!(e[0], CLASS) => Ok(u16::from_be_bytes([e[1], e[2]])),
            _ => Err(self.error(index, "a class constant was expected")),
        }
    }

    /// Indices of the parts of a field or method constant.
    #[inline]
    pub fn member(&self, index: u16) -> Result<MemberConstant, ClassError> {
        match self.entry(index) {
            Some(e) if matches!(e[0], FIELD | METHOD | INTERFACE_METHOD) => {
                let owner = self.class_utf8(u16::from_be_bytes([e[1], e[2]]))?;
                let (name, desc) = self.name_and_type(u16::from_be_bytes([e[3], e[4]]))?;
                Ok(MemberConstant { owner, name, desc, of_interface: e[0] == INTERFACE_METHOD })
            }
            _ => Err(self.error(index, "a field or method constant was expected")),
        }
    }

    /// Indices of a name and a descriptor.
    #[inline]
    pub fn name_and_type(&self, index: u16) -> Result<(u16, u16), ClassError> {
        match self.entry(index) {
            Some(e) if e[0] == NAME_AND_TYPE => {
                Ok((u16::from_be_bytes([e[1], e[2]]), u16::from_be_bytes([e[3], e[4]])))
            }
            _ => Err(self.error(index, "a name-and-type constant was expected")),
        }
    }

    /// Any constant that `ldc`, a bootstrap argument or an attribute may name.
    #[inline]
    pub fn constant(&self, index: u16) -> Result<Constant, ClassError> {
        let Some(e) = self.entry(index) else {
            return Err(self.error(index, "a constant was expected"));
        };
        let u2 = |i: usize| u16::from_be_bytes([e[i], e[i + 1]]);
        let u4 = |i: usize| u32::from_be_bytes([e[i], e[i + 1], e[i + 2], e[i + 3]]);
        Ok(match e[0] {
            INTEGER => Constant::Integer(u4(1) as i32),
            FLOAT => Constant::Float(f32::from_bits(u4(1))),
            LONG => Constant::Long((u64::from(u4(1)) << 32 | u64::from(u4(5))) as i64),
            DOUBLE => Constant::Double(f64::from_bits(u64::from(u4(1)) << 32 | u64::from(u4(5)))),
            STRING => Constant::String(u2(1)),
            CLASS => Constant::Class(u2(1)),
            METHOD_TYPE => Constant::MethodType(u2(1)),
            METHOD_HANDLE => Constant::MethodHandle { kind: e[1], reference: u2(2) },
            DYNAMIC | INVOKE_DYNAMIC => {
                let (name, desc) = self.name_and_type(u2(3))?;
                Constant::Dynamic { bootstrap: u2(1), name, desc }
            }
            MODULE | PACKAGE => Constant::ModuleOrPackage(u2(1)),
            _ => return Err(self.error(index, "a constant was expected")),
        })
    }

    /// The bytes from an entry's tag on. [`parse`](Self::parse) has checked that the entry is complete.
    #[inline]
    fn entry(&self, index: u16) -> Option<&'a [u8]> {
        let offset = *self.offsets.get(usize::from(index))?;
        if offset == 0 {
            return None;
        }
        self.bytes.get(offset as usize - 1..)
    }

    #[cold]
    fn error(&self, index: u16, what: &'static str) -> ClassError {
        // 10 bytes stand before the first entry: magic, versions, count.
        let offset = self.offsets.get(usize::from(index)).copied().unwrap_or(0);
        ClassError::new(10 + (offset as usize).saturating_sub(1), what)
    }
}
