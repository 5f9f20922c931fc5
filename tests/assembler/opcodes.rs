//! The mnemonics of JVMS chapter 6 in order of their opcodes, and a class that has each instruction.

use super::{Body, ClassAssembler};

/// `MNEMONICS[opcode]`.
#[rustfmt::skip]
pub const MNEMONICS: &[&str] = &[
    "nop", "aconst_null", "iconst_m1", "iconst_0", "iconst_1", "iconst_2", "iconst_3", "iconst_4", "iconst_5",
    "lconst_0", "lconst_1", "fconst_0", "fconst_1", "fconst_2", "dconst_0", "dconst_1", "bipush", "sipush", "ldc",
    "ldc_w", "ldc2_w", "iload", "lload", "fload", "dload", "aload", "iload_0", "iload_1", "iload_2", "iload_3",
    "lload_0", "lload_1", "lload_2", "lload_3", "fload_0", "fload_1", "fload_2", "fload_3", "dload_0", "dload_1",
    "dload_2", "dload_3", "aload_0", "aload_1", "aload_2", "aload_3", "iaload", "laload", "faload", "daload",
    "aaload", "baload", "caload", "saload", "istore", "lstore", "fstore", "dstore", "astore", "istore_0",
    "istore_1", "istore_2", "istore_3", "lstore_0", "lstore_1", "lstore_2", "lstore_3", "fstore_0", "fstore_1",
    "fstore_2", "fstore_3", "dstore_0", "dstore_1", "dstore_2", "dstore_3", "astore_0", "astore_1", "astore_2",
    "astore_3", "iastore", "lastore", "fastore", "dastore", "aastore", "bastore", "castore", "sastore", "pop",
    "pop2", "dup", "dup_x1", "dup_x2", "dup2", "dup2_x1", "dup2_x2", "swap", "iadd", "ladd", "fadd", "dadd", "isub",
    "lsub", "fsub", "dsub", "imul", "lmul", "fmul", "dmul", "idiv", "ldiv", "fdiv", "ddiv", "irem", "lrem", "frem",
    "drem", "ineg", "lneg", "fneg", "dneg", "ishl", "lshl", "ishr", "lshr", "iushr", "lushr", "iand", "land", "ior",
    "lor", "ixor", "lxor", "iinc", "i2l", "i2f", "i2d", "l2i", "l2f", "l2d", "f2i", "f2l", "f2d", "d2i", "d2l",
    "d2f", "i2b", "i2c", "i2s", "lcmp", "fcmpl", "fcmpg", "dcmpl", "dcmpg", "ifeq", "ifne", "iflt", "ifge", "ifgt",
    "ifle", "if_icmpeq", "if_icmpne", "if_icmplt", "if_icmpge", "if_icmpgt", "if_icmple", "if_acmpeq", "if_acmpne",
    "goto", "jsr", "ret", "tableswitch", "lookupswitch", "ireturn", "lreturn", "freturn", "dreturn", "areturn",
    "return", "getstatic", "putstatic", "getfield", "putfield", "invokevirtual", "invokespecial", "invokestatic",
    "invokeinterface", "invokedynamic", "new", "newarray", "anewarray", "arraylength", "athrow", "checkcast",
    "instanceof", "monitorenter", "monitorexit", "wide", "multianewarray", "ifnull", "ifnonnull", "goto_w", "jsr_w",
];

/// A class whose method has every instruction once, and each that may be wide once more, with extreme operands.
pub fn every_instruction() -> Vec<u8> {
    let mut code = Vec::new();
    for op in 0..MNEMONICS.len() as u8 {
        code.push(op);
        match op {
            16 | 18 | 21..=25 | 54..=58 | 169 | 188 => code.push(0xFE),
            17 | 19 | 20 | 153..=168 | 178..=184 | 187 | 189 | 192 | 193 | 198 | 199 => {
                code.extend([0x80, 1])
            }
            132 => code.extend([0xFF, 0x80]),
            170 | 171 => {
                code.extend(vec![0; (4 - code.len() % 4) % 4]);
                let numbers: &[i32] = if op == 170 {
                    &[-1, -1, 1, 7, i32::MIN, i32::MAX]
                } else {
                    &[9, 2, i32::MIN, -1, 5, i32::MAX]
                };
                numbers.iter().for_each(|n| code.extend(n.to_be_bytes()));
            }
            185 => code.extend([0x80, 1, 1, 0]),
            186 => code.extend([0x80, 1, 0, 0]),
            196 => code.extend([21, 0xFF, 0xFE]),
            197 => code.extend([0x80, 1, 3]),
            200 | 201 => code.extend([0x80, 0, 0, 1]),
            _ => {}
        }
    }
    for op in (21..=25).chain(54..=58).chain([169]) {
        code.extend([196, op, 0x80, 0]);
    }
    code.extend([196, 132, 0xFF, 0xFF, 0x80, 0]);
    let mut class = ClassAssembler::new("Every");
    let body = Body { max_stack: 9, max_locals: 9, code, handlers: vec![[0, 9, 5, 0]], ..Body::default() };
    class.method("every", "()V", &body);
    class.finish()
}
