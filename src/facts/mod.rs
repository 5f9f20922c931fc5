//! What one class, and one archive, says about itself: compact, owned and independent of any loader.
//!
//! Bytes end here. A worker reduces a class file to facts in the same breath in which it inflates it; nothing above
//! this layer sees a constant pool or an instruction. Facts know no loader, no rule and no path on disk, so one
//! unit's facts may back several classes (one per defining loader) and may be cached by content.
//! May import: vocabulary, classfile, body

pub mod archive;
mod attributes;
pub mod codec;
pub mod configured;
pub mod display;
pub mod jdk;
pub mod jimage;
mod marks;
mod member_index;
mod packed;
pub mod reduce;
pub mod settle;
mod symbols;
pub mod tables;

pub use crate::body::{Block, Event, EventKind, Handler, NO_NAME, NO_VALUE, ShortSpan, Span, Test, Value};
pub use archive::{ArchiveFacts, Coordinates, Descriptor, Manifest};
pub use packed::PackedValues;
pub use settle::{Facts, Members, Part};
pub use tables::{Annotation, AnnotationValue, ClassFacts, FieldFacts, MemberRef, MethodFacts, UnitFacts};
