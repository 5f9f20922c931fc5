//! Class files as borrowed, lazy views (JVMS chapter 4).
//!
//! Reading a class costs one pass over its constant pool and a skim over its members; everything else is decoded
//! when asked for, straight from the bytes, without allocation. No input panics: every error is a [`ClassError`]
//! with its offset in the file. Nothing here interprets code or knows what a class is for.
//! May import: vocabulary

pub mod annotation;
pub mod bootstrap;
pub mod code;
pub mod cursor;
pub mod instruction;
pub mod member;
pub mod module;
pub mod opcode;
pub mod pool;
pub mod text;

pub use annotation::{Annotations, ElementValue};
pub use bootstrap::{BootstrapMethod, BootstrapMethods};
pub use code::{Code, ExceptionEntry};
pub use cursor::{ClassError, Cursor};
pub use instruction::{Instruction, Instructions};
pub use member::{Attribute, Attributes, Member, Members};
pub use module::{Export, Module};
pub use pool::{Constant, ConstantPool, MemberConstant, PoolIndex};

use crate::vocabulary::Access;

/// Major version of the newest class file format that is known here: Java 25 (JVMS table 4.1-A).
pub const NEWEST_MAJOR: u16 = 69;

/// One class file, borrowed from its bytes.
pub struct ClassFile<'a> {
    /// Minor version; 65535 marks preview features.
    pub minor: u16,
    /// Major version, 45 for Java 1.1.
    pub major: u16,
    /// Flags of the class.
    pub access: Access,
    pool: ConstantPool<'a>,
    this_class: u16,
    super_class: u16,
    interfaces: &'a [u8],
    fields: Members<'a>,
    methods: Members<'a>,
    attributes: Attributes<'a>,
}

impl<'a> ClassFile<'a> {
    /// Reads the structure of a class file (JVMS 4.1). `index` is scratch space, reused from class to class.
    ///
    /// Versions are not judged, and bytes after the class are tolerated though HotSpot refuses them: some tools
    /// append to class files, and what the class says is known nevertheless.
    ///
    /// # Errors
    /// When the magic number is wrong, or the constant pool or the list of members does not fit the bytes.
    pub fn parse(bytes: &'a [u8], index: &'a mut PoolIndex) -> Result<Self, ClassError> {
        let mut cursor = Cursor::new(bytes);
        if cursor.u4()? != 0xCAFE_BABE {
            return Err(ClassError::new(0, "no class file: the magic number is not CAFEBABE"));
        }
        let minor = cursor.u2()?;
        let major = cursor.u2()?;
        let pool = ConstantPool::parse(&mut cursor, index)?;
        let access = Access(cursor.u2()?);
        let this_class = cursor.u2()?;
        let super_class = cursor.u2()?;
        let n_interfaces = cursor.u2()?;
        let interfaces = cursor.take(usize::from(n_interfaces) * 2)?;
        let fields = Members::parse(&mut cursor)?;
        let methods = Members::parse(&mut cursor)?;
        let attributes = Attributes::parse(&mut cursor)?;
        Ok(Self {
            minor,
            major,
            access,
            pool,
            this_class,
            super_class,
            interfaces,
            fields,
            methods,
            attributes,
        })
    }

    /// The constant pool.
    pub fn pool(&self) -> &ConstantPool<'a> {
        &self.pool
    }

    /// Pool index of this class's name, a UTF-8 entry in internal form.
    ///
    /// # Errors
    /// When `this_class` is no class constant.
    pub fn this_class(&self) -> Result<u16, ClassError> {
        self.pool.class_utf8(self.this_class)
    }

    /// Index of the superclass's name; `None` for `java/lang/Object` and module descriptors.
    ///
    /// # Errors
    /// When `super_class` is neither 0 nor a class constant.
    pub fn super_class(&self) -> Result<Option<u16>, ClassError> {
        if self.super_class == 0 { Ok(None) } else { self.pool.class_utf8(self.super_class).map(Some) }
    }

    /// Indices of the direct superinterfaces' names.
    pub fn interfaces(&self) -> impl Iterator<Item = Result<u16, ClassError>> {
        self.interfaces.chunks_exact(2).map(|b| self.pool.class_utf8(u16::from_be_bytes([b[0], b[1]])))
    }

    /// Declared fields.
    pub fn fields(&self) -> Members<'a> {
        self.fields
    }

    /// Declared methods.
    pub fn methods(&self) -> Members<'a> {
        self.methods
    }

    /// Attributes of the class.
    pub fn attributes(&self) -> Attributes<'a> {
        self.attributes
    }
}
