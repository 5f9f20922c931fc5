//! Typed indices. An id is meaningless without the table it indexes, which its documentation names.

macro_rules! ids {
    ($($(#[$doc:meta])* $id:ident($repr:ty);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $id(pub $repr);

        impl $id {
            /// The id of the `index`-th row. Saturates, so that a table grown past its limit degrades
            /// instead of aliasing another row.
            #[inline]
            pub fn from_index(index: usize) -> Self {
                Self(<$repr>::try_from(index).unwrap_or(<$repr>::MAX))
            }

            /// The row's position in its table.
            #[inline]
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl std::fmt::Debug for $id {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($id), "({})"), self.0)
            }
        }
    )*};
}

ids! {
    /// An interned string: a class name in internal form (`java/util/Map`), a member name, a descriptor, a
    /// constant. Indexes an [`Interner`](super::Interner) while facts are made, and the deployment's
    /// [`Names`](super::Names) afterwards. Its order says nothing: sort by text.
    Name(u32);
    /// A class as the JVM knows it: a name and its defining loader (JVMS 5.3). Indexes the program's classes.
    ClassId(u32);
    /// A declared method of a class. Indexes the program's methods, class by class in class file order.
    MethodId(u32);
    /// A declared field of a class. Indexes the program's fields, class by class in class file order.
    FieldId(u32);
    /// A symbolic reference (owner, name, descriptor), not yet resolved. Indexes its unit's member table while
    /// facts are made, and the deployment's afterwards.
    MemberRefId(u32);
    /// A class loader. Indexes the topology's loaders.
    LoaderId(u16);
    /// The base or a module. Indexes the deployment's tenants.
    TenantId(u16);
    /// A run of class facts that was reduced in one piece: an archive or a part of one.
    UnitId(u32);
    /// Where a value of one method body comes from. Indexes that body's values.
    ValueId(u16);
}
