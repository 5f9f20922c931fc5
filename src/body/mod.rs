//! Abstract interpretation of one method body, without context: control flow and the origins of values.
//!
//! Blocks are walked until it is settled where the values in the local variables and on the operand stack at each
//! block's entry come from. A block writes down what rules may ask about as it is walked for the first time; only from
//! the first block on that a loop makes wait to be walked again, what was written is dropped, and written anew once all
//! is settled. What a value *is* (an origin) is apart from how values *move* (the frame), and every opcode moves values
//! in one place.
//! May import: vocabulary, classfile

mod dynamic;
mod emit;
mod execute;
mod finish;
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
pub(crate) use model::{MANY_EDGES, NO_TARGET, halves, whole};
pub use shape::Shapes;
pub use solve::{Bodies, Reduced, Scratch, TOO_MUCH_STATE, reduce_body};
