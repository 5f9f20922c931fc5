//! The solver: runs blocks until the origins at every block's entry are stable.

use super::drafts::OF_PRIMITIVE;
use super::dynamic::DynamicCalls;
use super::emit::{finish, single_block};
use super::execute::{END, Executor, Values};
use super::flow::NO_BLOCK;
use super::frame::{Fault, Frame, Slot, TOP};
use super::lines::Lines;
use super::model::{Block, Event, EventKind, Handler, Span, Test, Value};
use super::shape::{Shapes, parameter_slots};
use super::state::{Entry, Raw, State, UNKNOWN};
use super::straight::{self, Straight};
use crate::classfile::{ClassError, Code, ConstantPool};
use crate::vocabulary::ValueId;

/// What is said of a body in which nothing is wrong, but that has more basic blocks and variables than are followed.
pub const TOO_MUCH_STATE: &str = "too many blocks and variables to be followed";
/// Slots that the entry states of one body's blocks may take together; about a hundred times what large real bodies
/// need.
pub(super) const MAX_STATE_SLOTS: usize = 1 << 22;
/// Slots and bytes of code that a body is solved with however short it is, and so many more for each byte of it. Each
/// counts as often as it is met: up to a hundred and fifty times in the largest real bodies.
const MAX_STEPS: usize = 1 << 18;
const STEPS_OF_BYTE: usize = 512;

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

/// Working memory, reused from body to body.
#[derive(Default)]
pub struct Scratch {
    frame: Frame,
    straight: Straight,
    state: State,
    /// Rows that bodies of a single block without handlers share, by their number of events.
    shared: Vec<u32>,
}

/// The values of a body that is being solved.
struct Solver<'m> {
    s: &'m mut State,
    /// The code's place in the class file.
    offset: usize,
    n_locals: usize,
    block: usize,
    /// Rows of the handlers that cover the block.
    handlers: std::ops::Range<usize>,
    /// Whether all entry states are final, so that nothing flows any more.
    is_solved: bool,
    error: Option<ClassError>,
}

/// Reduces one body and appends it to the tables.
///
/// `desc` is the method's descriptor.
///
/// # Errors
/// When the code is malformed or beyond a bound; the tables are then as before.
#[allow(clippy::too_many_arguments)]
pub fn reduce_body<'a>(
    code: &Code<'a>,
    pool: &ConstantPool<'a>,
    desc: &[u8],
    is_static: bool,
    lines: Lines<'_>,
    dynamic: &DynamicCalls<'a>,
    shapes: &mut Shapes,
    scratch: &mut Scratch,
    out: &mut Bodies<'_>,
) -> Result<Reduced, ClassError> {
    let mark = out.lengths();
    let Scratch { frame, straight, state, shared } = scratch;
    let (n_locals, n_stack) = (usize::from(code.max_locals), usize::from(code.max_stack));
    if straight::is_straight(code) {
        let values = straight::begin(straight, out, lines);
        frame.begin(n_locals, n_stack, straight::UNKNOWN);
        let mut executor =
            Executor { code, pool, dynamic, shapes: &mut *shapes, frame: std::mem::take(frame), values };
        let is_done = executor.walk(desc, is_static).is_ok();
        *frame = executor.frame;
        if is_done {
            return Ok(single_block(shared, out, mark, lines.first()));
        }
        // Beyond a bound, or malformed: the solver says how.
        out.truncate(mark);
    }
    frame.begin(n_locals, n_stack, UNKNOWN);
    let values = Solver {
        s: state,
        offset: code.offset,
        n_locals,
        block: 0,
        handlers: 0..0,
        is_solved: false,
        error: None,
    };
    // Owned, so that an instruction finds its slots without a detour.
    let mut executor = Executor { code, pool, dynamic, shapes, frame: std::mem::take(frame), values };
    let solved = executor.solve(desc, is_static);
    *frame = executor.frame;
    solved?;
    Ok(finish(state, shared, out, mark, lines))
}

/// Lengths of the tables.
pub(super) type Mark = [usize; 7];

impl Bodies<'_> {
    fn lengths(&self) -> Mark {
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

    fn truncate(&mut self, to: Mark) {
        self.events.truncate(to[0]);
        self.args.truncate(to[1]);
        self.values.truncate(to[2]);
        self.merges.truncate(to[3]);
        self.blocks.truncate(to[4]);
        self.edges.truncate(to[5]);
        self.handlers.truncate(to[6]);
    }
}

impl Executor<'_, '_, Solver<'_>> {
    /// Walks the blocks until no entry state changes. Each walk of a block writes what it does over what the walk
    /// before has written.
    fn solve(&mut self, desc: &[u8], is_static: bool) -> Result<(), ClassError> {
        self.values.s.flow.find(self.code)?;
        let len = self.code.code.len();
        self.values.s.clear(len);
        self.values.s.steps_left = MAX_STEPS + len.saturating_mul(STEPS_OF_BYTE);
        self.enter(desc, is_static)?;
        while let Some(block) = self.values.s.pending.next() {
            self.run(block)?;
        }
        if self.values.s.drafts.rewrite() {
            self.values.is_solved = true;
            for block in 0..self.values.s.flow.n_blocks() {
                if self.values.s.is_reached(block) {
                    self.run(block)?;
                }
            }
        }
        Ok(())
    }

    /// The state at the first instruction: parameters in the first locals (JVMS 2.6.1).
    fn enter(&mut self, desc: &[u8], is_static: bool) -> Result<(), ClassError> {
        let n_locals = self.values.n_locals;
        let s = &mut *self.values.s;
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
        s.pending.add(0);
        Ok(())
    }

    /// Runs a block from its entry state.
    fn run(&mut self, block: usize) -> Result<(), ClassError> {
        let v = &mut self.values;
        v.block = block;
        let entry = v.s.entries[block];
        let range = entry.offset as usize..(entry.offset + entry.len) as usize;
        let start = usize::from(v.s.flow.starts[block]);
        let end = v.s.flow.starts.get(block + 1).map_or(self.code.code.len(), |end| usize::from(*end));
        v.spend(range.len() + end.saturating_sub(start)).map_err(|fault| v.error_of(fault, start))?;
        self.frame.load(&v.s.states[range]);
        v.s.drafts.begin_block(block);
        v.handlers = if v.is_solved { 0..0 } else { v.s.flow.handler_rows(block) };
        v.flow_to_handlers(&self.frame).map_err(|fault| v.error_of(fault, 0))?;
        let mut pc = start;
        let mut following = block + 1;
        loop {
            let end = self.start_of(following);
            while pc < end {
                pc = self.step(pc).map_err(|fault| self.error_at(fault, pc))?;
            }
            if pc == END {
                break;
            }
            if pc == end {
                let flown = self.values.flow_to(following as u16, &self.frame);
                flown.map_err(|fault| self.values.error_of(fault, pc))?;
                break;
            }
            // Obfuscators jump into the middle of instructions, so that a block may start where this one never is.
            following += 1;
        }
        self.values.s.drafts.end_block(block);
        Ok(())
    }

    #[cold]
    fn error_at(&self, fault: Fault, pc: usize) -> ClassError {
        if fault == Fault::Undecodable {
            let mut instructions = self.code.instructions();
            instructions.seek(pc);
            if let Err(error) = instructions.step() {
                return error;
            }
        }
        self.values.error_of(fault, pc)
    }

    /// First pc of a block; past all code if there is none.
    fn start_of(&self, block: usize) -> usize {
        self.values.s.flow.starts.get(block).map_or(usize::MAX, |start| usize::from(*start))
    }
}

impl Solver<'_> {
    fn fault(&mut self, what: &'static str) -> Fault {
        self.told(ClassError::new(self.offset, what))
    }

    fn error_of(&self, fault: Fault, pc: usize) -> ClassError {
        self.error
            .filter(|_| fault == Fault::Told)
            .unwrap_or_else(|| ClassError::new(self.offset + pc, fault.what()))
    }

    /// Counts what is done, so that a body whose origins take very long to become stable is given up.
    #[inline]
    fn spend(&mut self, n: usize) -> Result<(), Fault> {
        match self.s.steps_left.checked_sub(n) {
            Some(left) => {
                self.s.steps_left = left;
                Ok(())
            }
            None => Err(self.fault(TOO_MUCH_STATE)),
        }
    }

    fn flow_to(&mut self, block: u16, frame: &Frame) -> Result<(), Fault> {
        if self.is_solved {
            return Ok(());
        }
        self.spend(frame.slots().len())?;
        self.s.drafts.edge(block);
        let b = usize::from(block);
        let slots = frame.slots();
        if !self.s.is_reached(b) {
            self.s.entries[b] = Entry { offset: self.s.states.len() as u32, len: slots.len() as u32 };
            self.s.states.extend_from_slice(slots);
            return self.wake(b);
        }
        if self.s.entries[b].len as usize != slots.len() {
            return Err(self.fault("stacks of different depth meet"));
        }
        if self.join_slots(block, slots) { self.wake(b) } else { Ok(()) }
    }

    /// Joins slots into the first of a block's entry state. Returns whether the state changed.
    fn join_slots(&mut self, block: u16, slots: &[Slot]) -> bool {
        let offset = self.s.entries[usize::from(block)].offset as usize;
        let mut changed = false;
        for (i, new) in slots.iter().enumerate() {
            if self.s.states[offset + i] != *new {
                changed |= self.s.join_slot(block, i, *new);
            }
        }
        changed
    }

    fn wake(&mut self, block: usize) -> Result<(), Fault> {
        self.s.pending.add(block);
        if self.s.states.len() > MAX_STATE_SLOTS { Err(self.fault(TOO_MUCH_STATE)) } else { Ok(()) }
    }

    /// The exceptional edges of the present block, with the locals as they are now.
    fn flow_to_handlers(&mut self, frame: &Frame) -> Result<(), Fault> {
        for row in self.handlers.clone() {
            let (handler, _) = self.s.flow.handler(row);
            let h = usize::from(handler);
            let locals = frame.locals();
            self.spend(locals.len() + 1)?;
            if !self.s.is_reached(h) {
                let caught = self.s.caught(handler);
                let offset = self.s.states.len() as u32;
                self.s.states.extend_from_slice(locals);
                self.s.states.push(caught);
                self.s.entries[h] = Entry { offset, len: locals.len() as u32 + 1 };
                self.wake(h)?;
            } else if self.s.entries[h].len as usize != locals.len() + 1 {
                return Err(self.fault("stacks of different depth meet"));
            } else if self.join_slots(handler, locals) {
                self.wake(h)?;
            }
        }
        Ok(())
    }

    /// After a store: only that local can differ from what the handlers have seen of this block.
    fn flow_local_to_handlers(&mut self, local: u16, frame: &Frame) -> Result<(), Fault> {
        let value = frame.locals().get(usize::from(local)).copied().unwrap_or(UNKNOWN);
        self.spend(self.handlers.len())?;
        for row in self.handlers.clone() {
            let (handler, _) = self.s.flow.handler(row);
            if self.s.join_slot(handler, usize::from(local), value) {
                self.wake(usize::from(handler))?;
            }
        }
        Ok(())
    }
}

/// The raw value of an operand.
fn operand(slot: Slot) -> Slot {
    if slot == TOP { UNKNOWN } else { slot }
}

impl Values for Solver<'_> {
    const UNKNOWN: Slot = UNKNOWN;

    #[inline]
    fn int(&mut self, pc: usize, n: i32) -> Result<Slot, Fault> {
        Ok(self.s.value_at(pc, Raw::Int(n)))
    }

    #[inline]
    fn null(&mut self, pc: usize) -> Result<Slot, Fault> {
        Ok(self.s.value_at(pc, Raw::Null))
    }

    #[inline]
    fn pooled(&mut self, pc: usize, index: u16) -> Result<Slot, Fault> {
        Ok(self.s.value_at(pc, Raw::Pool(index)))
    }

    #[inline]
    fn derived(&mut self, pc: usize, source: Slot) -> Result<Slot, Fault> {
        Ok(self.s.value_at(pc, Raw::Derived(source)))
    }

    #[inline]
    fn result(&mut self, pc: usize) -> Result<Slot, Fault> {
        let event = self.s.drafts.last();
        Ok(self.s.value_at(pc, Raw::Event(event)))
    }

    #[inline]
    fn is_of_interest(&self, slot: Slot) -> bool {
        !matches!(self.s.raw.get(usize::from(slot)), None | Some(Raw::Unknown | Raw::Int(_)))
    }

    #[inline]
    fn event(&mut self, kind: EventKind, pc: usize, target: u32, operands: &[Slot]) -> Result<(), Fault> {
        let operands = operands.iter().map(|slot| operand(*slot));
        self.s.drafts.write(kind, pc as u16, target, operands.len(), operands);
        Ok(())
    }

    #[inline]
    fn call(&mut self, kind: EventKind, pc: usize, target: u32, operands: &[Slot]) -> Result<(), Fault> {
        let operands = operands.iter().copied().filter(|slot| *slot != TOP);
        self.s.drafts.write(kind, pc as u16, target, operands.clone().count(), operands);
        Ok(())
    }

    /// Whether the body has made the array is not known before all is.
    fn primitive_store(&mut self, pc: usize, array: Slot, value: Slot) -> Result<(), Fault> {
        self.s.drafts.has_doubtful = true;
        self.event(EventKind::ArrayStore, pc, OF_PRIMITIVE, &[array, value])
    }

    #[inline]
    fn stored(&mut self, local: u16, frame: &Frame) -> Result<(), Fault> {
        if self.handlers.is_empty() { Ok(()) } else { self.flow_local_to_handlers(local, frame) }
    }

    /// The sweep has checked that there is a block at `target`.
    fn jump(&mut self, target: i64, frame: &Frame) -> Result<(), Fault> {
        let block = usize::try_from(target).map_or(NO_BLOCK, |t| self.s.flow.block_at(t));
        if block == NO_BLOCK {
            return Err(self.fault("a branch leaves the code"));
        }
        self.flow_to(block, frame)
    }

    fn return_from_subroutine(&mut self, frame: &Frame) -> Result<(), Fault> {
        for i in 0..self.s.flow.jsr_returns.len() {
            let target = self.s.flow.jsr_returns[i];
            self.jump(i64::from(target), frame)?;
        }
        Ok(())
    }

    fn test(&mut self, test: Test) {
        let test = test.map(|id| ValueId(operand(id.0)));
        self.s.drafts.set_test(self.block, test);
    }

    fn yielded_by(&self, value: Slot) -> Option<(u16, Slot)> {
        let Raw::Event(row) = *self.s.raw.get(usize::from(value))? else { return None };
        let call = self.s.drafts.event(row as usize)?;
        let is_it = call.kind == EventKind::InvokeStatic && call.n_args == 1;
        is_it.then_some((call.target as u16, call.args[0]))
    }

    fn told(&mut self, error: ClassError) -> Fault {
        self.error = Some(error);
        Fault::Told
    }
}
