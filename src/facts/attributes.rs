//! What the attributes of methods and of their code are called; told once per class, since all name the same
//! constants.

use crate::classfile::{ClassError, ConstantPool};

/// An attribute of a method or of its code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum AttributeKind {
    Code,
    Exceptions,
    LineNumbers,
    VisibleAnnotations,
    InvisibleAnnotations,
    /// One that nobody asks about.
    Other,
}

/// The kinds of a class's attributes by the pool index of their names.
#[derive(Default)]
pub(super) struct AttributeKinds {
    kinds: Vec<Option<AttributeKind>>,
}

impl AttributeKinds {
    pub(super) fn begin_class(&mut self, pool: &ConstantPool<'_>) {
        self.kinds.clear();
        self.kinds.resize(usize::from(pool.len()), None);
    }

    #[inline]
    pub(super) fn of(&mut self, pool: &ConstantPool<'_>, name: u16) -> Result<AttributeKind, ClassError> {
        match self.kinds.get(usize::from(name)) {
            Some(Some(kind)) => Ok(*kind),
            _ => self.tell(pool, name),
        }
    }

    fn tell(&mut self, pool: &ConstantPool<'_>, name: u16) -> Result<AttributeKind, ClassError> {
        let kind = match pool.utf8(name)? {
            b"Code" => AttributeKind::Code,
            b"Exceptions" => AttributeKind::Exceptions,
            b"LineNumberTable" => AttributeKind::LineNumbers,
            b"RuntimeVisibleAnnotations" => AttributeKind::VisibleAnnotations,
            b"RuntimeInvisibleAnnotations" => AttributeKind::InvisibleAnnotations,
            _ => AttributeKind::Other,
        };
        if let Some(known) = self.kinds.get_mut(usize::from(name)) {
            *known = Some(kind);
        }
        Ok(kind)
    }
}
