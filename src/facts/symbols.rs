//! Pool indices of one class to names and member references of its unit, each resolved once.

use super::member_index::{MemberIndex, hash_of};
use super::reduce::MAX_TEXT;
use super::tables::{MemberRef, UnitFacts};
use crate::body::{ArrayTarget, MemberShape, Shapes, Value};
use crate::classfile::text::decode;
use crate::classfile::{ClassError, Constant, ConstantPool};
use crate::vocabulary::interner::{BATCH, hash_bytes};
use crate::vocabulary::{Interner, MemberRefId, Name};
use std::borrow::Cow;

const NONE: u32 = u32::MAX;

/// What is known of the present class's pool, and the member references of the present unit.
#[derive(Default)]
pub(super) struct Symbols {
    /// Name of each UTF-8 constant that is known already.
    names: Vec<u32>,
    /// Hash of each that is no longer than [`MAX_TEXT`].
    hashes: Vec<u64>,
    members: Vec<u32>,
    unit_members: MemberIndex,
    /// What the unit's classes know of each of its members.
    unit_shapes: Vec<MemberShape>,
}

/// Most names are known already, and then need not be decoded.
fn intern(names: &mut Interner, bytes: &[u8], hash: u64) -> Name {
    let known = names.find_or_add(bytes, hash, |bytes| match decode(bytes) {
        Cow::Borrowed(text) => Some(text),
        Cow::Owned(_) => None,
    });
    known.unwrap_or_else(|| names.intern(&decode(bytes)))
}

impl Symbols {
    pub(super) fn begin_unit(&mut self) {
        self.unit_members.clear();
        self.unit_shapes.clear();
    }

    /// Finds all names and references of the class that the unit has already, which most are: together, because one
    /// alone would wait for memory as long as all of them.
    pub(super) fn begin_class(&mut self, pool: &ConstantPool<'_>, shapes: &mut Shapes, unit: &UnitFacts) {
        let n = usize::from(pool.len());
        for cache in [&mut self.names, &mut self.members] {
            cache.clear();
            cache.resize(n, NONE);
        }
        self.hashes.resize(self.hashes.len().max(n), 0);
        for indices in pool.texts().chunks(BATCH) {
            let mut texts: [&[u8]; BATCH] = [&[]; BATCH];
            let mut hashes = [0; BATCH];
            for ((index, text), hash) in indices.iter().zip(&mut texts).zip(&mut hashes) {
                *text = pool.utf8(*index).unwrap_or_default();
                // Compilers store metadata in long ones, which nobody asks for.
                if text.len() <= MAX_TEXT {
                    *hash = hash_bytes(text);
                    self.hashes[usize::from(*index)] = *hash;
                }
            }
            let found = unit.names.find_batch(&hashes[..indices.len()], |i| texts[i]);
            for (index, name) in indices.iter().zip(found) {
                self.names[usize::from(*index)] = name.0;
            }
        }
        for indices in pool.members().chunks(BATCH) {
            self.find_members(pool, indices, shapes, unit);
        }
    }

    fn find_members(
        &mut self,
        pool: &ConstantPool<'_>,
        indices: &[u16],
        shapes: &mut Shapes,
        unit: &UnitFacts,
    ) {
        let none = MemberRef { owner: Name(NONE), name: Name(NONE), desc: Name(NONE), of_interface: false };
        let mut members = [none; BATCH];
        let mut hashes = [0; BATCH];
        let mut wanted = [0u16; BATCH];
        let mut n = 0;
        for index in indices.iter().take(BATCH) {
            let Ok(constant) = pool.member(*index) else { continue };
            let name = |index: u16| Name(self.names.get(usize::from(index)).copied().unwrap_or(NONE));
            let (owner, name, desc) = (name(constant.owner), name(constant.name), name(constant.desc));
            // One with a name that is new is new itself: no row has such a name.
            if owner.0 == NONE || name.0 == NONE || desc.0 == NONE {
                continue;
            }
            members[n] = MemberRef { owner, name, desc, of_interface: constant.of_interface };
            hashes[n] = hash_of(&members[n]);
            wanted[n] = *index;
            n += 1;
        }
        let is_row = |i: usize, row: u32| unit.member_refs.get(row as usize) == Some(&members[i]);
        let found = self.unit_members.find_batch(&hashes[..n], is_row);
        for (index, row) in wanted[..n].iter().zip(found) {
            self.members[usize::from(*index)] = row;
            if let Some(shape) = self.unit_shapes.get(row as usize) {
                shapes.learn(*index, *shape);
            }
        }
    }

    /// The name in a UTF-8 constant.
    pub(super) fn name(
        &mut self,
        pool: &ConstantPool<'_>,
        index: u16,
        unit: &mut UnitFacts,
    ) -> Result<Name, ClassError> {
        let known = self.names.get(usize::from(index)).copied().unwrap_or(NONE);
        if known != NONE {
            return Ok(Name(known));
        }
        let text = pool.utf8(index)?;
        let hash = self.hashes.get(usize::from(index)).copied().filter(|_| text.len() <= MAX_TEXT);
        let name = intern(&mut unit.names, text, hash.unwrap_or_else(|| hash_bytes(text)));
        if let Some(slot) = self.names.get_mut(usize::from(index)) {
            *slot = name.0;
        }
        Ok(name)
    }

    /// The text in a UTF-8 constant; `None` if it is longer than anybody asks about.
    pub(super) fn text(
        &mut self,
        pool: &ConstantPool<'_>,
        index: u16,
        unit: &mut UnitFacts,
    ) -> Result<Option<Name>, ClassError> {
        if pool.utf8(index)?.len() > MAX_TEXT { Ok(None) } else { self.name(pool, index, unit).map(Some) }
    }

    /// A string or class constant as a value.
    pub(super) fn constant(
        &mut self,
        pool: &ConstantPool<'_>,
        index: u16,
        unit: &mut UnitFacts,
    ) -> Result<Value, ClassError> {
        Ok(match pool.constant(index)? {
            Constant::String(text) => self.text(pool, text, unit)?.map_or(Value::Unknown, Value::Str),
            Constant::Class(name) => Value::Class(self.name(pool, name, unit)?),
            _ => Value::Unknown,
        })
    }

    /// A field or method constant.
    pub(super) fn member(
        &mut self,
        pool: &ConstantPool<'_>,
        index: u16,
        shapes: &Shapes,
        unit: &mut UnitFacts,
    ) -> Result<MemberRefId, ClassError> {
        let known = self.members.get(usize::from(index)).copied().unwrap_or(NONE);
        if known != NONE {
            return Ok(MemberRefId(known));
        }
        let constant = pool.member(index)?;
        let member = MemberRef {
            owner: self.name(pool, constant.owner, unit)?,
            name: self.name(pool, constant.name, unit)?,
            desc: self.name(pool, constant.desc, unit)?,
            of_interface: constant.of_interface,
        };
        let rows = &mut unit.member_refs;
        let id = self.unit_members.find_or_add(
            rows.len(),
            hash_of(&member),
            |row| rows.get(row as usize) == Some(&member),
            |row| rows.get(row as usize).map_or(0, hash_of),
        );
        if id as usize == rows.len() {
            rows.push(member);
            self.unit_shapes.push(shapes.known(index));
        }
        if let Some(slot) = self.members.get_mut(usize::from(index)) {
            *slot = id;
        }
        Ok(MemberRefId(id))
    }

    /// The descriptor of an array that is allocated.
    pub(super) fn array(
        &mut self,
        pool: &ConstantPool<'_>,
        target: ArrayTarget,
        unit: &mut UnitFacts,
    ) -> Result<Name, ClassError> {
        let text = match target {
            ArrayTarget::Whole(index) => {
                let utf8 = pool.class_utf8(index)?;
                return self.name(pool, utf8, unit);
            }
            ArrayTarget::Element(index) => {
                let element = decode(pool.utf8(pool.class_utf8(index)?)?);
                if element.starts_with('[') { format!("[{element}") } else { format!("[L{element};") }
            }
            // JVMS table 6.5.newarray-A.
            ArrayTarget::Primitive(code) => match code {
                4 => "[Z",
                5 => "[C",
                6 => "[F",
                7 => "[D",
                8 => "[B",
                9 => "[S",
                10 => "[I",
                _ => "[J",
            }
            .to_owned(),
        };
        Ok(unit.names.intern(&text))
    }
}
