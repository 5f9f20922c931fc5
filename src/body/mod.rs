//! Abstract interpretation of one method body, without context: control flow and the origins of values.
//!
//! A body is walked twice. The first walk finds, for each basic block, where the values in its local variables and on
//! its operand stack come from; the second replays each block once and writes down what rules may ask about. What a
//! value *is* (an origin) is apart from how values *move* (the frame), and every opcode moves values in one place.
//! May import: vocabulary, classfile

mod dynamic;
mod emit;
mod execute;
mod flow;
mod frame;
mod model;
mod shape;
mod solve;

pub use dynamic::{Dynamic, DynamicCalls};
pub use emit::ArrayTarget;
pub use model::{
    Block, Event, EventKind, Handler, MAX_MERGE, NO_NAME, NO_VALUE, ShortSpan, Span, Test, Value,
};
pub use shape::Shapes;
pub use solve::{Bodies, Reduced, Scratch, reduce_body};
