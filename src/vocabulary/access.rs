//! Access and property flags of classes, fields and methods (JVMS tables 4.1-B, 4.5-A, 4.6-A).

/// The `access_flags` of a class, field or method. Some bits mean different things on each; the accessors say on
/// which they apply.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Access(pub u16);

impl Access {
    /// Any member or class.
    pub const PUBLIC: u16 = 0x0001;
    /// Any member.
    pub const PRIVATE: u16 = 0x0002;
    /// Any member.
    pub const PROTECTED: u16 = 0x0004;
    /// Any member.
    pub const STATIC: u16 = 0x0008;
    /// Any member or class.
    pub const FINAL: u16 = 0x0010;
    /// Methods only; on classes the bit is `ACC_SUPER`.
    pub const SYNCHRONIZED: u16 = 0x0020;
    /// Fields only.
    pub const VOLATILE: u16 = 0x0040;
    /// Methods only.
    pub const BRIDGE: u16 = 0x0040;
    /// Methods only; on fields the bit is `ACC_TRANSIENT`.
    pub const VARARGS: u16 = 0x0080;
    /// Methods only.
    pub const NATIVE: u16 = 0x0100;
    /// Classes only.
    pub const INTERFACE: u16 = 0x0200;
    /// Classes and methods.
    pub const ABSTRACT: u16 = 0x0400;
    /// Any member or class.
    pub const SYNTHETIC: u16 = 0x1000;
    /// Classes only.
    pub const ANNOTATION: u16 = 0x2000;
    /// Classes and fields.
    pub const ENUM: u16 = 0x4000;
    /// Classes only.
    pub const MODULE: u16 = 0x8000;

    /// Whether every bit of `mask` is set.
    pub fn has(self, mask: u16) -> bool {
        self.0 & mask == mask
    }
    /// `ACC_PUBLIC`.
    pub fn is_public(self) -> bool {
        self.has(Self::PUBLIC)
    }
    /// `ACC_PRIVATE`.
    pub fn is_private(self) -> bool {
        self.has(Self::PRIVATE)
    }
    /// `ACC_PROTECTED`.
    pub fn is_protected(self) -> bool {
        self.has(Self::PROTECTED)
    }
    /// `ACC_STATIC`.
    pub fn is_static(self) -> bool {
        self.has(Self::STATIC)
    }
    /// `ACC_FINAL`.
    pub fn is_final(self) -> bool {
        self.has(Self::FINAL)
    }
    /// `ACC_ABSTRACT`.
    pub fn is_abstract(self) -> bool {
        self.has(Self::ABSTRACT)
    }
    /// `ACC_INTERFACE`, on classes.
    pub fn is_interface(self) -> bool {
        self.has(Self::INTERFACE)
    }
    /// `ACC_SYNTHETIC`.
    pub fn is_synthetic(self) -> bool {
        self.has(Self::SYNTHETIC)
    }
    /// `ACC_ENUM`, on classes and fields.
    pub fn is_enum(self) -> bool {
        self.has(Self::ENUM)
    }
    /// `ACC_BRIDGE`, on methods.
    pub fn is_bridge(self) -> bool {
        self.has(Self::BRIDGE)
    }
    /// `ACC_NATIVE`, on methods.
    pub fn is_native(self) -> bool {
        self.has(Self::NATIVE)
    }
}
