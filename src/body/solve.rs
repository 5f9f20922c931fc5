//! The solver: runs blocks until the origins at every block's entry are stable, and writes what they do once they are.

use super::dynamic::DynamicCalls;
use super::emit::Emitter;
use super::flow::{Flow, NO_BLOCK};
use super::frame::{Frame, Slot, TOP, UNKNOWN};
use super::model::{Block, Event, Handler, Span, Value};
use super::shape::{Shapes, parameter_slots};
use crate::classfile::{ClassError, Code, ConstantPool};
use crate::vocabulary::ValueId;

/// What is said of a body in which nothing is wrong, but that has more basic blocks and variables than are followed.
pub const TOO_MUCH_STATE: &str = "too many blocks and variables to be followed";
/// Slots that the entry states of one body's blocks may take together; about a hundred times what large real bodies
/// need.
pub(super) const MAX_STATE_SLOTS: usize = 1 << 22;

/// Inputs that one merge remembers while a body is solved.
const MAX_PHI_INPUTS: u8 = 24;

/// The tables that reduced bodies are appended to.
pub struct Bodies<'t> {
    /// Events of all bodies.
    pub events: &'t mut Vec<Event>,
    /// Operands of events.
    pub args: &'t mut Vec<ValueId>,
    /// Values.
    pub values: &'t mut Vec<Value>,
    /// Inputs of merges.
    pub merges: &'t mut Vec<ValueId>,
    /// Blocks.
    pub blocks: &'t mut Vec<Block>,
    /// Successors.
    pub edges: &'t mut Vec<u16>,
    /// Exception handlers.
    pub handlers: &'t mut Vec<Handler>,
}

/// Where a reduced body lies in the tables. Names in its events, values and handlers are still pool indices: a member
/// constant or class constant, for arrays see [`EventKind::NewArray`](super::EventKind::NewArray).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Reduced {
    /// Events.
    pub events: Span,
    /// Values.
    pub values: Span,
    /// Blocks.
    pub blocks: Span,
    /// Inputs of merges.
    pub merges: Span,
    /// Handlers.
    pub handlers: Span,
    /// Whether a branch goes back.
    pub has_loop: bool,
    /// First line, 0 if unknown.
    pub line: u16,
}

/// What a walk over a block is for.
pub(super) type Purpose = u8;
/// Only carry the state to the successors: what the block writes is not yet final.
pub(super) const SOLVE: Purpose = 0;
/// Write what rules may ask about, and carry the state.
pub(super) const SOLVE_AND_WRITE: Purpose = 1;
/// Only write: all entry states are final.
pub(super) const WRITE: Purpose = 2;

/// What is known of a slot's value while a body is solved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Raw {
    Unknown,
    Null,
    Int(i32),
    /// A string or class constant: pool index.
    Pool(u16),
    Param(u16),
    /// What the instruction at this pc yields.
    At(u16),
    Caught(u16),
    Derived(Slot),
    /// Values that meet at a block's entry; a list of inputs through `phi_inputs`.
    Phi {
        block: u16,
        slot: u16,
        first: u32,
    },
}

#[derive(Clone, Copy)]
pub(super) struct Entry {
    offset: u32,
    len: u32,
}

const NOT_REACHED: Entry = Entry { offset: u32::MAX, len: 0 };

/// Working memory, reused from body to body.
#[derive(Default)]
pub struct Scratch {
    pub(super) flow: Flow,
    pub(super) frame: Frame,
    pub(super) raw: Vec<Raw>,
    /// Inputs of phis as linked lists: value, next row plus one.
    pub(super) phi_inputs: Vec<(Slot, u32)>,
    pub(super) at_pc: Vec<Slot>,
    pub(super) emitter: Emitter,
    entries: Vec<Entry>,
    states: Vec<Slot>,
    pending: Vec<u64>,
    caught: Vec<Slot>,
}

/// One body being reduced.
pub(super) struct Machine<'a, 's, 't> {
    pub(super) code: Code<'a>,
    pub(super) pool: &'s ConstantPool<'a>,
    pub(super) shapes: &'s mut Shapes,
    pub(super) dynamic: DynamicCalls<'a>,
    pub(super) scratch: &'s mut Scratch,
    pub(super) out: &'s mut Bodies<'t>,
    pub(super) block: usize,
    /// Line table, sorted by pc.
    pub(super) lines: &'s [(u16, u16)],
}

/// Reduces one body and appends it to the tables.
///
/// `desc` is the method's descriptor, `lines` the body's line table sorted by pc.
///
/// # Errors
/// When the code is malformed or beyond a bound; the tables are then as before.
#[allow(clippy::too_many_arguments)]
pub fn reduce_body<'a>(
    code: Code<'a>,
    pool: &ConstantPool<'a>,
    desc: &[u8],
    is_static: bool,
    lines: &[(u16, u16)],
    dynamic: DynamicCalls<'a>,
    shapes: &mut Shapes,
    scratch: &mut Scratch,
    out: &mut Bodies<'_>,
) -> Result<Reduced, ClassError> {
    let mark = out.lengths();
    let mut machine = Machine { code, pool, shapes, dynamic, scratch, out, block: 0, lines };
    let result = machine.solve(desc, is_static).map(|()| machine.finish());
    if result.is_err() {
        machine.out.truncate(mark);
    }
    result
}

impl Bodies<'_> {
    fn lengths(&self) -> [usize; 7] {
        [
            self.events.len(),
            self.args.len(),
            self.values.len(),
            self.merges.len(),
            self.blocks.len(),
            self.edges.len(),
            self.handlers.len(),
        ]
    }

    fn truncate(&mut self, to: [usize; 7]) {
        self.events.truncate(to[0]);
        self.args.truncate(to[1]);
        self.values.truncate(to[2]);
        self.merges.truncate(to[3]);
        self.blocks.truncate(to[4]);
        self.edges.truncate(to[5]);
        self.handlers.truncate(to[6]);
    }
}

impl Machine<'_, '_, '_> {
    /// Walks the blocks until no entry state changes, and writes what they do.
    ///
    /// A block is written at its first walk if all before it have been; in code without loops its entry state is final
    /// by then. As soon as a written block has to be walked again, writing stops; the blocks from the first such on
    /// are written at the end.
    fn solve(&mut self, desc: &[u8], is_static: bool) -> Result<(), ClassError> {
        self.scratch.flow.find(&self.code)?;
        let n_blocks = self.scratch.flow.n_blocks();
        self.clear(n_blocks);
        self.enter(desc, is_static)?;
        let (mut next, mut rewritten) = (0, None::<usize>);
        while let Some(block) = self.next_pending() {
            if rewritten.is_none() && block >= next {
                self.begin_block(block);
                self.run::<SOLVE_AND_WRITE>(block)?;
                self.end_block();
                next = block + 1;
            } else {
                rewritten = Some(rewritten.map_or(block, |first| first.min(block)));
                self.run::<SOLVE>(block)?;
            }
        }
        if let Some(first) = rewritten {
            self.unwrite(first);
            for block in first..n_blocks {
                if self.is_reached(block) {
                    self.begin_block(block);
                    self.run::<WRITE>(block)?;
                    self.end_block();
                }
            }
        }
        Ok(())
    }

    fn clear(&mut self, n_blocks: usize) {
        let s = &mut *self.scratch;
        s.raw.clear();
        s.raw.push(Raw::Unknown);
        s.phi_inputs.clear();
        // What is executed only once needs no notes of what it did the last time.
        let n_noted = if s.flow.is_straight { 0 } else { self.code.code.len() };
        s.at_pc.clear();
        s.at_pc.resize(n_noted, TOP);
        s.entries.clear();
        s.entries.resize(n_blocks, NOT_REACHED);
        s.caught.clear();
        s.caught.resize(n_blocks, TOP);
        s.states.clear();
        s.pending.clear();
        s.pending.resize(n_blocks.div_ceil(64), 0);
        s.emitter.clear(n_noted, self.out);
    }

    /// The state at the first instruction: parameters in the first locals (JVMS 2.6.1).
    fn enter(&mut self, desc: &[u8], is_static: bool) -> Result<(), ClassError> {
        let n_locals = usize::from(self.code.max_locals);
        let s = &mut *self.scratch;
        s.states.resize(n_locals, UNKNOWN);
        let receiver = (!is_static).then_some(1u8);
        let mut at = 0;
        for (i, n) in receiver.into_iter().chain(parameter_slots(desc)).enumerate() {
            // No parameter is void.
            if n == 0 || at + usize::from(n) > n_locals {
                return Err(ClassError::new(
                    self.code.offset,
                    "the parameters don't fit the local variables",
                ));
            }
            s.raw.push(Raw::Param(i as u16));
            s.states[at] = (s.raw.len() - 1) as Slot;
            if n == 2 {
                s.states[at + 1] = TOP;
            }
            at += usize::from(n);
        }
        s.entries[0] = Entry { offset: 0, len: n_locals as u32 };
        s.pending[0] |= 1;
        Ok(())
    }

    /// The lowest waiting block: compilers lay code out so that this is close to reverse post-order.
    fn next_pending(&mut self) -> Option<usize> {
        for (word, bits) in self.scratch.pending.iter_mut().enumerate() {
            if *bits != 0 {
                let bit = bits.trailing_zeros() as usize;
                *bits &= *bits - 1;
                return Some(word * 64 + bit);
            }
        }
        None
    }

    /// Runs a block from its entry state.
    fn run<const P: Purpose>(&mut self, block: usize) -> Result<(), ClassError> {
        self.block = block;
        let n_locals = usize::from(self.code.max_locals);
        let limit = n_locals + usize::from(self.code.max_stack);
        let s = &mut *self.scratch;
        let entry = s.entries[block];
        let range = entry.offset as usize..(entry.offset + entry.len) as usize;
        s.frame.load(&s.states[range], n_locals, limit, self.code.offset);
        if P != WRITE {
            self.flow_to_handlers()?;
        }
        let mut instructions = self.code.instructions();
        instructions.seek(usize::from(self.scratch.flow.starts[block]));
        let mut following = block + 1;
        let mut end = self.start_of(following);
        loop {
            let pc = instructions.pc();
            // Obfuscators jump into the middle of instructions, so that a block may start where this one never is.
            while pc > end {
                following += 1;
                end = self.start_of(following);
            }
            if pc == end && following < self.scratch.flow.n_blocks() {
                return self.flow_to::<P>(following as u16);
            }
            let Some(instruction) = instructions.step()? else {
                return Err(ClassError::new(
                    self.code.offset + pc,
                    "execution falls off the end of the code",
                ));
            };
            if self.execute::<P>(instruction, pc, instructions.pc())? {
                return Ok(());
            }
        }
    }

    /// First pc of a block; the code's end if there is none.
    fn start_of(&self, block: usize) -> usize {
        self.scratch.flow.starts.get(block).map_or(usize::MAX, |start| usize::from(*start))
    }

    /// An edge to the block at `target`; the sweep has checked that there is one.
    pub(super) fn jump<const P: Purpose>(&mut self, target: i64) -> Result<(), ClassError> {
        let block = usize::try_from(target).map_or(NO_BLOCK, |t| self.scratch.flow.block_at(t));
        if block == NO_BLOCK {
            return Err(ClassError::new(self.code.offset, "a branch leaves the code"));
        }
        self.flow_to::<P>(block)
    }

    fn flow_to<const P: Purpose>(&mut self, block: u16) -> Result<(), ClassError> {
        if P != SOLVE {
            self.scratch.emitter.edges.push(block);
            if P == WRITE {
                return Ok(());
            }
        }
        let b = usize::from(block);
        let s = &mut *self.scratch;
        let n = s.frame.slots().len();
        let entry = s.entries[b];
        if entry.offset == u32::MAX {
            s.entries[b] = Entry { offset: s.states.len() as u32, len: n as u32 };
            s.states.extend_from_slice(s.frame.slots());
            return self.wake(b);
        }
        if entry.len as usize != n {
            return Err(ClassError::new(self.code.offset, "stacks of different depth meet"));
        }
        if self.join_slots(block, n) { self.wake(b) } else { Ok(()) }
    }

    /// Joins the first `n` slots of the frame into a block's entry state. Returns whether the state changed.
    fn join_slots(&mut self, block: u16, n: usize) -> bool {
        let offset = self.scratch.entries[usize::from(block)].offset as usize;
        let mut changed = false;
        for i in 0..n {
            let new = self.scratch.frame.slots()[i];
            if self.scratch.states[offset + i] != new {
                changed |= self.join_slot(block, i, new);
            }
        }
        changed
    }

    fn wake(&mut self, block: usize) -> Result<(), ClassError> {
        self.scratch.pending[block / 64] |= 1 << (block % 64);
        if self.scratch.states.len() > MAX_STATE_SLOTS {
            return Err(ClassError::new(self.code.offset, TOO_MUCH_STATE));
        }
        Ok(())
    }

    /// Joins one value into a block's entry state. Returns whether the state changed.
    fn join_slot(&mut self, block: u16, slot: usize, new: Slot) -> bool {
        let at = self.scratch.entries[usize::from(block)].offset as usize + slot;
        let old = self.scratch.states[at];
        if old == new {
            return false;
        }
        let joined = self.join(block, slot as u16, old, new);
        self.scratch.states[at] = joined;
        joined != old
    }

    fn join(&mut self, block: u16, slot: u16, old: Slot, new: Slot) -> Slot {
        let s = &mut *self.scratch;
        if let Some(Raw::Phi { block: b, slot: i, .. }) = s.raw.get(usize::from(old))
            && (*b, *i) == (block, slot)
        {
            Self::add_input(s, old, if new == TOP { UNKNOWN } else { new });
            return old;
        }
        if old == TOP || new == TOP || s.raw.len() >= usize::from(TOP) {
            return UNKNOWN;
        }
        let phi = s.raw.len() as Slot;
        s.raw.push(Raw::Phi { block, slot, first: 0 });
        Self::add_input(s, phi, old);
        Self::add_input(s, phi, new);
        phi
    }

    fn add_input(s: &mut Scratch, phi: Slot, value: Slot) {
        let Some(Raw::Phi { block, slot, first }) = s.raw.get(usize::from(phi)).copied() else { return };
        let (mut row, mut n) = (first, 0u8);
        while let Some(&(input, next)) = (row as usize).checked_sub(1).and_then(|r| s.phi_inputs.get(r)) {
            if input == value {
                return;
            }
            (row, n) = (next, n + 1);
        }
        // Past the bound the merge counts as unknown too.
        let value = match n.cmp(&MAX_PHI_INPUTS) {
            std::cmp::Ordering::Less => value,
            std::cmp::Ordering::Equal => UNKNOWN,
            std::cmp::Ordering::Greater => return,
        };
        s.phi_inputs.push((value, first));
        s.raw[usize::from(phi)] = Raw::Phi { block, slot, first: s.phi_inputs.len() as u32 };
    }

    /// The exceptional edges of the present block, with the locals as they are now.
    fn flow_to_handlers(&mut self) -> Result<(), ClassError> {
        for row in self.scratch.flow.handler_rows(self.block) {
            let (handler, _) = self.scratch.flow.handler(row);
            let h = usize::from(handler);
            if self.scratch.entries[h].offset == u32::MAX {
                let caught = self.caught(handler);
                let s = &mut *self.scratch;
                let offset = s.states.len() as u32;
                s.states.extend_from_slice(s.frame.locals());
                s.states.push(caught);
                s.entries[h] = Entry { offset, len: s.states.len() as u32 - offset };
                self.wake(h)?;
            } else {
                let n = self.scratch.frame.locals().len();
                if self.scratch.entries[h].len as usize != n + 1 {
                    return Err(ClassError::new(self.code.offset, "stacks of different depth meet"));
                }
                if self.join_slots(handler, n) {
                    self.wake(h)?;
                }
            }
        }
        Ok(())
    }

    /// After a store: only that local can differ from what the handlers have seen of this block.
    pub(super) fn flow_local_to_handlers(&mut self, local: u16) -> Result<(), ClassError> {
        for row in self.scratch.flow.handler_rows(self.block) {
            let (handler, _) = self.scratch.flow.handler(row);
            let value = self.scratch.frame.locals().get(usize::from(local)).copied().unwrap_or(UNKNOWN);
            if self.join_slot(handler, usize::from(local), value) {
                self.wake(usize::from(handler))?;
            }
        }
        Ok(())
    }

    fn caught(&mut self, handler: u16) -> Slot {
        let s = &mut *self.scratch;
        let known = s.caught[usize::from(handler)];
        if known != TOP {
            return known;
        }
        if s.raw.len() >= usize::from(TOP) {
            return UNKNOWN;
        }
        s.raw.push(Raw::Caught(handler));
        s.caught[usize::from(handler)] = (s.raw.len() - 1) as Slot;
        s.caught[usize::from(handler)]
    }

    /// The number of the value that the instruction at `pc` yields.
    pub(super) fn value_at(&mut self, pc: usize, raw: Raw) -> Slot {
        let s = &mut *self.scratch;
        if let Some(known) = s.at_pc.get(pc).copied().filter(|known| *known != TOP) {
            s.raw[usize::from(known)] = raw;
            return known;
        }
        if s.raw.len() >= usize::from(TOP) {
            return UNKNOWN;
        }
        s.raw.push(raw);
        let slot = (s.raw.len() - 1) as Slot;
        if let Some(noted) = s.at_pc.get_mut(pc) {
            *noted = slot;
        }
        slot
    }

    /// Whether a block is reachable.
    pub(super) fn is_reached(&self, block: usize) -> bool {
        self.scratch.entries.get(block).is_some_and(|e| e.offset != u32::MAX)
    }
}
