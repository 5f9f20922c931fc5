//! Instructions (JVMS chapter 6), decoded one at a time from the code array.

use super::cursor::ClassError;
use super::opcode::*;

/// Which of the five families a local variable instruction belongs to; the discriminant is the opcodes' order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// int and the smaller ones
    Int,
    /// long
    Long,
    /// float
    Float,
    /// double
    Double,
    /// reference
    Reference,
}

impl Kind {
    fn from_index(i: u8) -> Self {
        [Kind::Int, Kind::Long, Kind::Float, Kind::Double, Kind::Reference][usize::from(i.min(4))]
    }

    /// Slots that a value takes.
    pub fn slots(self) -> u8 {
        if matches!(self, Kind::Long | Kind::Double) { 2 } else { 1 }
    }
}

/// One instruction. Branch targets are absolute; they may lie outside the code, which the reader of the flow checks.
#[derive(Clone, Copy, Debug)]
pub enum Instruction<'a> {
    /// No operand in the code: arithmetic, stack moves, array access, returns, throw, monitors.
    Plain(u8),
    /// An int constant.
    Int(i32),
    /// `ldc`, `ldc_w`, `ldc2_w`: pool index.
    Constant(u16),
    /// Push a local variable.
    Load(Kind, u16),
    /// Pop into a local variable.
    Store(Kind, u16),
    /// Add to a local int.
    Increment(u16, i16),
    /// A conditional or unconditional jump: opcode (the short form of `goto_w` and `jsr_w`), target.
    Branch(u8, i64),
    /// `ret`: local variable.
    Ret(u16),
    /// `tableswitch` or `lookupswitch`.
    Switch(Switch<'a>),
    /// A field access: opcode, pool index.
    Field(u8, u16),
    /// A call: opcode, pool index.
    Invoke(u8, u16),
    /// `invokedynamic`: pool index.
    InvokeDynamic(u16),
    /// `new`, `anewarray`, `checkcast`, `instanceof`: opcode, pool index.
    Type(u8, u16),
    /// `newarray`: element type code (JVMS table 6.5.newarray-A).
    NewArray(u8),
    /// `multianewarray`: pool index, dimensions.
    MultiNewArray(u16, u8),
}

/// The jump table of a switch.
#[derive(Clone, Copy, Debug)]
pub struct Switch<'a> {
    pc: i64,
    default: i32,
    table: &'a [u8],
    stride: usize,
}

impl<'a> Switch<'a> {
    /// Absolute targets, the default first; targets of a table may repeat.
    pub fn targets(&self) -> impl Iterator<Item = i64> + use<'a> {
        let (pc, stride) = (self.pc, self.stride);
        let rows = self.table.chunks_exact(stride).map(move |row| {
            let b = &row[stride - 4..];
            pc + i64::from(i32::from_be_bytes([b[0], b[1], b[2], b[3]]))
        });
        std::iter::once(pc + i64::from(self.default)).chain(rows)
    }

    /// Number of cases, the default not counted.
    pub fn n_cases(&self) -> usize {
        self.table.len() / self.stride
    }
}

/// A walk over a code array. After an error it is over.
#[derive(Clone, Copy, Debug)]
pub struct Instructions<'a> {
    code: &'a [u8],
    at: usize,
    base: usize,
}

impl<'a> Instructions<'a> {
    /// From the first instruction of `code`, which lies at `base` of the class file.
    pub fn new(code: &'a [u8], base: usize) -> Self {
        Self { code, at: 0, base }
    }

    /// Continues at another instruction.
    pub fn seek(&mut self, pc: usize) {
        self.at = pc;
    }

    /// Offset of the next instruction.
    pub fn pc(&self) -> usize {
        self.at
    }

    /// Decodes the next instruction; `None` at the end of the code.
    ///
    /// # Errors
    /// On an unknown opcode or operands that run past the end.
    #[inline(always)]
    pub fn step(&mut self) -> Result<Option<Instruction<'a>>, ClassError> {
        let pc = self.at;
        let Some(&op) = self.code.get(pc) else { return Ok(None) };
        let instruction = match op {
            ICONST_M1..=ICONST_5 => self.advance(1, Instruction::Int(i32::from(op) - 3)),
            BIPUSH => {
                let value = self.u1(pc + 1)? as i8;
                self.advance(2, Instruction::Int(i32::from(value)))
            }
            SIPUSH => {
                let value = self.u2(pc + 1)? as i16;
                self.advance(3, Instruction::Int(i32::from(value)))
            }
            LDC => self.short_indexed(pc, Instruction::Constant)?,
            LDC_W | LDC2_W => self.indexed(pc, Instruction::Constant)?,
            ILOAD..=ALOAD => {
                self.short_indexed(pc, |index| Instruction::Load(Kind::from_index(op - ILOAD), index))?
            }
            ILOAD_0..=ALOAD_3 => {
                let i = op - ILOAD_0;
                self.advance(1, Instruction::Load(Kind::from_index(i / 4), u16::from(i % 4)))
            }
            ISTORE..=ASTORE => {
                self.short_indexed(pc, |index| Instruction::Store(Kind::from_index(op - ISTORE), index))?
            }
            ISTORE_0..=ASTORE_3 => {
                let i = op - ISTORE_0;
                self.advance(1, Instruction::Store(Kind::from_index(i / 4), u16::from(i % 4)))
            }
            GETSTATIC..=PUTFIELD => self.indexed(pc, |index| Instruction::Field(op, index))?,
            INVOKEVIRTUAL..=INVOKESTATIC => self.indexed(pc, |index| Instruction::Invoke(op, index))?,
            IFEQ..=JSR | IFNULL | IFNONNULL => {
                let offset = self.u2(pc + 1)? as i16;
                self.advance(3, Instruction::Branch(op, pc as i64 + i64::from(offset)))
            }
            NEW | ANEWARRAY | CHECKCAST | INSTANCEOF => {
                self.indexed(pc, |index| Instruction::Type(op, index))?
            }
            INVOKEINTERFACE => {
                let index = self.u2(pc + 1)?;
                self.u2(pc + 3)?;
                self.advance(5, Instruction::Invoke(op, index))
            }
            INVOKEDYNAMIC => {
                let index = self.u2(pc + 1)?;
                self.u2(pc + 3)?;
                self.advance(5, Instruction::InvokeDynamic(index))
            }
            _ => self.rare(pc, op)?,
        };
        Ok(Some(instruction))
    }

    /// Where the next instruction is that may continue elsewhere than at the one behind it, that runs past the end, or
    /// whose length its opcode does not tell. The code's length if there is none.
    pub fn first_not_straight(&self) -> usize {
        let (mut at, mut last) = (self.at, self.at);
        while let Some(&op) = self.code.get(at)
            && STRAIGHT_LENGTHS[usize::from(op)] != 0
        {
            last = at;
            at += usize::from(STRAIGHT_LENGTHS[usize::from(op)]);
        }
        if at > self.code.len() { last } else { at }
    }

    /// Decodes the next instruction that may continue elsewhere than at the one behind it (branches, switches, `ret`,
    /// returns, `athrow`), passing over all others. `None` at the end of the code. The instruction's own offset is the
    /// first of the pair.
    ///
    /// # Errors
    /// As [`step`](Self::step), for the instructions that are passed over as well.
    pub fn next_transfer(&mut self) -> Result<Option<(usize, Instruction<'a>)>, ClassError> {
        loop {
            self.at = self.first_not_straight();
            let pc = self.at;
            match self.step()? {
                None => return Ok(None),
                Some(
                    instruction @ (Instruction::Branch(..)
                    | Instruction::Switch(_)
                    | Instruction::Ret(_)
                    | Instruction::Plain(IRETURN..=RETURN | ATHROW)),
                ) => return Ok(Some((pc, instruction))),
                Some(_) => {}
            }
        }
    }

    /// An instruction with a two-byte operand.
    #[inline]
    fn indexed(
        &mut self,
        pc: usize,
        make: impl FnOnce(u16) -> Instruction<'a>,
    ) -> Result<Instruction<'a>, ClassError> {
        let index = self.u2(pc + 1)?;
        Ok(self.advance(3, make(index)))
    }

    /// An instruction with a one-byte operand.
    #[inline]
    fn short_indexed(
        &mut self,
        pc: usize,
        make: impl FnOnce(u16) -> Instruction<'a>,
    ) -> Result<Instruction<'a>, ClassError> {
        let index = self.u1(pc + 1)?;
        Ok(self.advance(2, make(u16::from(index))))
    }

    fn rare(&mut self, pc: usize, op: u8) -> Result<Instruction<'a>, ClassError> {
        Ok(match op {
            IINC => {
                let (index, delta) = (self.u1(pc + 1)?, self.u1(pc + 2)? as i8);
                self.advance(3, Instruction::Increment(u16::from(index), i16::from(delta)))
            }
            RET => self.short_indexed(pc, Instruction::Ret)?,
            NEWARRAY => {
                let element = self.u1(pc + 1)?;
                self.advance(2, Instruction::NewArray(element))
            }
            MULTIANEWARRAY => {
                let (index, dims) = (self.u2(pc + 1)?, self.u1(pc + 3)?);
                self.advance(4, Instruction::MultiNewArray(index, dims))
            }
            GOTO_W | JSR_W => {
                let offset = self.i4(pc + 1)?;
                let short = if op == GOTO_W { GOTO } else { JSR };
                self.advance(5, Instruction::Branch(short, pc as i64 + i64::from(offset)))
            }
            WIDE => self.wide(pc)?,
            TABLESWITCH | LOOKUPSWITCH => self.switch(pc, op)?,
            NOP..=SWAP | 96..=152 | IRETURN..=RETURN | ARRAYLENGTH | ATHROW | MONITORENTER | MONITOREXIT => {
                self.advance(1, Instruction::Plain(op))
            }
            _ => return Err(self.error(pc, "unknown opcode")),
        })
    }

    fn wide(&mut self, pc: usize) -> Result<Instruction<'a>, ClassError> {
        let op = self.u1(pc + 1)?;
        let index = self.u2(pc + 2)?;
        Ok(match op {
            ILOAD..=ALOAD => self.advance(4, Instruction::Load(Kind::from_index(op - ILOAD), index)),
            ISTORE..=ASTORE => self.advance(4, Instruction::Store(Kind::from_index(op - ISTORE), index)),
            RET => self.advance(4, Instruction::Ret(index)),
            IINC => {
                let delta = self.u2(pc + 4)? as i16;
                self.advance(6, Instruction::Increment(index, delta))
            }
            _ => return Err(self.error(pc, "an instruction that can't be wide")),
        })
    }

    fn switch(&mut self, pc: usize, op: u8) -> Result<Instruction<'a>, ClassError> {
        let start = (pc / 4 + 1) * 4;
        let default = self.i4(start)?;
        let first = self.i4(start + 4)?;
        let (table_start, n, stride) = if op == TABLESWITCH {
            let high = self.i4(start + 8)?;
            (start + 12, i64::from(high) - i64::from(first) + 1, 4)
        } else {
            (start + 8, i64::from(first), 8)
        };
        if n < i64::from(op == TABLESWITCH) {
            return Err(self.error(pc, "a switch with a negative number of cases"));
        }
        let len = usize::try_from(n).ok().and_then(|n| n.checked_mul(stride));
        let table = len
            .and_then(|len| self.code.get(table_start..table_start.checked_add(len)?))
            .ok_or_else(|| self.error(pc, "a switch table runs past the code"))?;
        let switch = Switch { pc: pc as i64, default, table, stride };
        Ok(self.advance(table_start + table.len() - pc, Instruction::Switch(switch)))
    }

    #[inline]
    fn advance(&mut self, len: usize, instruction: Instruction<'a>) -> Instruction<'a> {
        self.at += len;
        instruction
    }

    fn u1(&self, at: usize) -> Result<u8, ClassError> {
        match self.code.get(at) {
            Some(&b) => Ok(b),
            None => Err(self.error(at, "the code ends within an instruction")),
        }
    }

    fn u2(&self, at: usize) -> Result<u16, ClassError> {
        match self.code.get(at..at + 2) {
            Some(b) => Ok(u16::from_be_bytes([b[0], b[1]])),
            None => Err(self.error(at, "the code ends within an instruction")),
        }
    }

    fn i4(&self, at: usize) -> Result<i32, ClassError> {
        match self.code.get(at..at + 4) {
            Some(b) => Ok(i32::from_be_bytes([b[0], b[1], b[2], b[3]])),
            None => Err(self.error(at, "the code ends within an instruction")),
        }
    }

    fn error(&self, at: usize, what: &'static str) -> ClassError {
        ClassError::new(self.base + at, what)
    }
}
