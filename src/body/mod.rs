//! Abstract interpretation of one method body, without context: control flow and the origins of values.
//!
//! Blocks are walked until it is settled where the values in the local variables and on the operand stack at each
//! block's entry come from. Each walk of a block writes down what rules may ask about, over what the walk before has
//! written. Bodies without branches and handlers, which most are, need one walk and nothing else. What a value *is*
//! (an origin) is apart from how values *move* (the frame), and every opcode moves values in one place.
//! May import: vocabulary, classfile

mod drafts;
mod dynamic;
mod effect;
mod emit;
mod execute;
mod finish;
mod flow;
mod frame;
mod lines;
mod model;
mod pending;
mod shape;
mod solve;
mod state;
mod straight;

pub use dynamic::{Dynamic, DynamicCalls};
pub use emit::ArrayTarget;
pub use lines::Lines;
pub use model::{
    Block, Event, EventKind, Handler, MAX_MERGE, NO_NAME, NO_VALUE, ShortSpan, Span, Test, Value,
};
pub(crate) use model::{MANY_EDGES, NO_TARGET, halves, whole};
pub use shape::{MemberShape, Shapes};
pub use solve::{Bodies, Reduced, Scratch, TOO_MUCH_STATE, reduce_body};
