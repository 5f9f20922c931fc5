//! What an `invokedynamic` call site stands for.
//!
//! Two bootstrap methods of the JDK have a meaning of their own: the one that links lambdas and method references
//! and the one that links string concatenation. They are part of what a compiler writes, like the opcodes, so their
//! names stand here and not in a model.

use crate::classfile::{BootstrapMethods, ClassError, Constant, ConstantPool};

const LAMBDA_METAFACTORY: &[u8] = b"java/lang/invoke/LambdaMetafactory";
const STRING_CONCAT_FACTORY: &[u8] = b"java/lang/invoke/StringConcatFactory";

/// What a call site makes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dynamic {
    /// A lambda or method reference: pool index of the method that implements it.
    Lambda(u16),
    /// A concatenation: pool index of the recipe's text, 0 if the arguments are simply joined.
    Concat(u16),
    /// Anything else (pattern switches, records' methods, other languages).
    Other,
}

/// The call sites of a class.
#[derive(Clone, Copy)]
pub struct DynamicCalls<'a> {
    bootstraps: BootstrapMethods<'a>,
}

impl<'a> DynamicCalls<'a> {
    /// Takes the class's `BootstrapMethods`.
    pub fn new(bootstraps: BootstrapMethods<'a>) -> Self {
        Self { bootstraps }
    }

    /// Classifies the call site whose `CONSTANT_InvokeDynamic` is `index`; also gives the index of its descriptor.
    pub(super) fn classify(&self, pool: &ConstantPool<'a>, index: u16) -> Result<(Dynamic, u16), ClassError> {
        let Constant::Dynamic { bootstrap, desc, .. } = pool.constant(index)? else {
            return Err(ClassError::new(0, "a dynamic call site constant was expected"));
        };
        Ok((self.kind(pool, bootstrap).unwrap_or(Dynamic::Other), desc))
    }

    fn kind(&self, pool: &ConstantPool<'a>, bootstrap: u16) -> Option<Dynamic> {
        let row = self.bootstraps.get(bootstrap)?;
        let Constant::MethodHandle { reference, .. } = pool.constant(row.handle).ok()? else { return None };
        let owner = pool.utf8(pool.member(reference).ok()?.owner).ok()?;
        if owner == LAMBDA_METAFACTORY {
            // Static arguments: erased type, implementation, instantiated type, and for altMetafactory more.
            let Constant::MethodHandle { reference, .. } = pool.constant(row.arg(1)?).ok()? else {
                return None;
            };
            Some(Dynamic::Lambda(reference))
        } else if owner == STRING_CONCAT_FACTORY {
            match row.arg(0).map(|arg| pool.constant(arg)) {
                Some(Ok(Constant::String(text))) => Some(Dynamic::Concat(text)),
                _ => Some(Dynamic::Concat(0)),
            }
        } else {
            None
        }
    }
}
