//! Basic blocks of a body: where they start, and which handlers cover them.

use crate::classfile::opcode::{IF_ACMPNE, IFEQ, IFNONNULL, IFNULL, JSR};
use crate::classfile::{ClassError, Code, Instruction};

/// Sum of handlers over all blocks of a body; more than any compiler writes.
pub(super) const MAX_BLOCK_HANDLERS: usize = 1 << 19;

/// Number of a block that is none.
pub(super) const NO_BLOCK: u16 = u16::MAX;

/// The blocks of one body. Reused from body to body.
#[derive(Default)]
pub(super) struct Flow {
    /// First pc of each block, ascending.
    pub(super) starts: Vec<u16>,
    /// Block that starts at a pc, or [`NO_BLOCK`].
    block_at: Vec<u16>,
    /// (block, handler's block, pool index of the type caught), sorted by block, in search order within one.
    handlers: Vec<(u16, u16, u16)>,
    /// First row of `handlers` for each block, and one more.
    first_handler: Vec<u32>,
    /// Where execution continues after each `jsr`; a `ret` may go to any of them.
    pub(super) jsr_returns: Vec<u16>,
    covered: Vec<bool>,
}

impl Flow {
    /// Finds the blocks by one sweep over the instructions.
    ///
    /// # Errors
    /// On undecodable code, branches that leave it, or too many handlers.
    pub(super) fn find(&mut self, code: &Code<'_>) -> Result<(), ClassError> {
        self.block_at.clear();
        self.jsr_returns.clear();
        self.starts.clear();
        self.block_at.resize(code.code.len(), NO_BLOCK);
        self.mark_next(0);
        self.mark_branches(code)?;
        for entry in code.exceptions() {
            for pc in [entry.start, entry.end, entry.handler] {
                self.mark_next(usize::from(pc));
            }
        }
        if self.starts.len() > 1 {
            self.starts.sort_unstable();
            for (block, start) in self.starts.iter().enumerate() {
                self.block_at[usize::from(*start)] = block as u16;
            }
        }
        self.cover(code)
    }

    fn mark_branches(&mut self, code: &Code<'_>) -> Result<(), ClassError> {
        let mut instructions = code.instructions();
        loop {
            let pc = instructions.first_not_straight();
            // Most are two-way branches; the decoder knows the others.
            if let Some(&[IFEQ..=IF_ACMPNE | IFNULL | IFNONNULL, high, low]) = code.code.get(pc..pc + 3) {
                let offset = i16::from_be_bytes([high, low]);
                self.mark(pc as i64 + i64::from(offset), pc, code)?;
                self.mark_next(pc + 3);
                instructions.seek(pc + 3);
                continue;
            }
            instructions.seek(pc);
            let Some((pc, instruction)) = instructions.next_transfer()? else { return Ok(()) };
            let next = instructions.pc();
            match instruction {
                Instruction::Branch(op, target) => {
                    self.mark(target, pc, code)?;
                    if op == JSR {
                        self.jsr_returns.push(next as u16);
                    }
                }
                Instruction::Switch(switch) => {
                    for target in switch.targets() {
                        self.mark(target, pc, code)?;
                    }
                }
                _ => {}
            }
            self.mark_next(next);
        }
    }

    fn mark(&mut self, target: i64, pc: usize, code: &Code<'_>) -> Result<(), ClassError> {
        match usize::try_from(target) {
            Ok(target) if target < code.code.len() => {
                self.mark_next(target);
                Ok(())
            }
            _ => Err(ClassError::new(code.offset + pc, "a branch leaves the code")),
        }
    }

    /// Makes `pc` the start of a block, unless it lies behind the code.
    fn mark_next(&mut self, pc: usize) {
        if let Some(slot) = self.block_at.get_mut(pc)
            && *slot == NO_BLOCK
        {
            *slot = 0;
            self.starts.push(pc as u16);
        }
    }

    fn cover(&mut self, code: &Code<'_>) -> Result<(), ClassError> {
        self.handlers.clear();
        self.first_handler.clear();
        if code.exceptions().len() == 0 {
            return Ok(());
        }
        self.covered.clear();
        self.covered.resize(self.starts.len(), false);
        for entry in code.exceptions() {
            let handler = self.block_at(usize::from(entry.handler));
            if handler == NO_BLOCK || entry.start >= entry.end {
                continue;
            }
            let first = self.starts.partition_point(|&s| s < entry.start);
            for block in first..self.starts.len() {
                if self.starts[block] >= entry.end {
                    break;
                }
                // A catch-all before it in the table hides every later entry (JVMS 2.10).
                if self.covered[block] {
                    continue;
                }
                self.covered[block] = entry.catch_type == 0;
                self.handlers.push((block as u16, handler, entry.catch_type));
            }
            if self.handlers.len() > MAX_BLOCK_HANDLERS {
                return Err(ClassError::new(code.offset, "too many exception handlers"));
            }
        }
        self.handlers.sort_by_key(|h| h.0);
        let mut row = 0;
        for block in 0..=self.starts.len() {
            while row < self.handlers.len() && usize::from(self.handlers[row].0) < block {
                row += 1;
            }
            self.first_handler.push(row as u32);
        }
        Ok(())
    }

    /// The block that starts at `pc`, or [`NO_BLOCK`].
    #[inline]
    pub(super) fn block_at(&self, pc: usize) -> u16 {
        self.block_at.get(pc).copied().unwrap_or(NO_BLOCK)
    }

    /// Number of blocks, unreachable ones included.
    pub(super) fn n_blocks(&self) -> usize {
        self.starts.len()
    }

    /// Rows of the handlers that cover a block.
    pub(super) fn handler_rows(&self, block: usize) -> std::ops::Range<usize> {
        match (self.first_handler.get(block), self.first_handler.get(block + 1)) {
            (Some(a), Some(b)) => *a as usize..*b as usize,
            _ => 0..0,
        }
    }

    /// One row: the handler's block and the pool index of the type it catches, 0 for any.
    pub(super) fn handler(&self, row: usize) -> (u16, u16) {
        self.handlers.get(row).map_or((NO_BLOCK, 0), |h| (h.1, h.2))
    }
}
