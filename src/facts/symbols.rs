//! Pool indices of one class to names and member references of its unit, each resolved once.

use super::reduce::MAX_TEXT;
use super::tables::{MemberRef, UnitFacts};
use crate::body::{ArrayTarget, Value};
use crate::classfile::text::decode;
use crate::classfile::{ClassError, Constant, ConstantPool};
use crate::vocabulary::names::hash_bytes;
use crate::vocabulary::{Interner, MemberRefId, Name};
use rustc_hash::FxHashMap;
use std::borrow::Cow;

const NONE: u32 = u32::MAX;

/// What is known of the present class's pool, and the member references of the present unit.
#[derive(Default)]
pub(super) struct Symbols {
    names: Vec<u32>,
    members: Vec<u32>,
    unit_members: FxHashMap<MemberRef, MemberRefId>,
}

/// Most names are known already, and then need not be decoded.
fn intern(names: &mut Interner, bytes: &[u8]) -> Name {
    let hash = hash_bytes(bytes);
    if let Some(known) = names.find_bytes(bytes, hash) {
        return known;
    }
    match decode(bytes) {
        Cow::Borrowed(text) => names.intern_hashed(text, hash),
        Cow::Owned(text) => names.intern(&text),
    }
}

impl Symbols {
    pub(super) fn begin_unit(&mut self) {
        self.unit_members.clear();
    }

    pub(super) fn begin_class(&mut self, pool: &ConstantPool<'_>) {
        for cache in [&mut self.names, &mut self.members] {
            cache.clear();
            cache.resize(usize::from(pool.len()), NONE);
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
        let name = intern(&mut unit.names, pool.utf8(index)?);
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
        let id = *self.unit_members.entry(member).or_insert_with(|| {
            unit.member_refs.push(member);
            MemberRefId::from_index(unit.member_refs.len() - 1)
        });
        if let Some(slot) = self.members.get_mut(usize::from(index)) {
            *slot = id.0;
        }
        Ok(id)
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
