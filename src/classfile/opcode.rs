//! Opcodes by name (JVMS chapter 6), and the stack effect of those that need nothing else.

macro_rules! opcodes {
    ($($name:ident = $value:literal;)*) => {$(
        #[doc = concat!("`", stringify!($name), "`")]
        pub const $name: u8 = $value;
    )*};
}

opcodes! {
    NOP = 0; ACONST_NULL = 1; ICONST_M1 = 2; ICONST_5 = 8; LCONST_0 = 9; LCONST_1 = 10; FCONST_0 = 11;
    FCONST_2 = 13; DCONST_0 = 14; DCONST_1 = 15; BIPUSH = 16; SIPUSH = 17; LDC = 18; LDC_W = 19; LDC2_W = 20;
    ILOAD = 21; ALOAD = 25; ILOAD_0 = 26; ALOAD_3 = 45; IALOAD = 46; AALOAD = 50; SALOAD = 53; ISTORE = 54;
    ASTORE = 58; ISTORE_0 = 59; ASTORE_3 = 78; IASTORE = 79; LASTORE = 80; DASTORE = 82; AASTORE = 83;
    SASTORE = 86; POP = 87; POP2 = 88; DUP = 89; DUP_X1 = 90; DUP_X2 = 91; DUP2 = 92; DUP2_X1 = 93; DUP2_X2 = 94;
    SWAP = 95; IINC = 132; I2L = 133; IFEQ = 153; IFNE = 154; IF_ICMPEQ = 159; IF_ICMPLE = 164; IF_ACMPEQ = 165;
    IF_ACMPNE = 166; GOTO = 167; JSR = 168; RET = 169; TABLESWITCH = 170; LOOKUPSWITCH = 171; IRETURN = 172;
    LRETURN = 173; FRETURN = 174; DRETURN = 175; ARETURN = 176; RETURN = 177; GETSTATIC = 178; PUTSTATIC = 179;
    GETFIELD = 180; PUTFIELD = 181; INVOKEVIRTUAL = 182; INVOKESPECIAL = 183; INVOKESTATIC = 184;
    INVOKEINTERFACE = 185; INVOKEDYNAMIC = 186; NEW = 187; NEWARRAY = 188; ANEWARRAY = 189; ARRAYLENGTH = 190;
    ATHROW = 191; CHECKCAST = 192; INSTANCEOF = 193; MONITORENTER = 194; MONITOREXIT = 195; WIDE = 196;
    MULTIANEWARRAY = 197; IFNULL = 198; IFNONNULL = 199; GOTO_W = 200; JSR_W = 201;
}

/// Slots popped and pushed by an arithmetic, conversion or comparison instruction (opcodes 96 to 152 without `iinc`);
/// `None` for all others.
pub const fn arithmetic(op: u8) -> Option<(u8, u8)> {
    // Per group of four: int, long, float, double.
    const BINARY: [(u8, u8); 4] = [(2, 1), (4, 2), (2, 1), (4, 2)];
    const UNARY: [(u8, u8); 4] = [(1, 1), (2, 2), (1, 1), (2, 2)];
    Some(match op {
        96..=115 => BINARY[((op - 96) % 4) as usize],
        116..=119 => UNARY[(op - 116) as usize],
        // Shifts: the distance is an int, also for longs.
        120..=125 => [(2, 1), (3, 2)][((op - 120) % 2) as usize],
        126..=131 => [(2, 1), (4, 2)][((op - 126) % 2) as usize],
        133 | 135 | 140 | 141 => (1, 2),
        134 | 139 | 145..=147 => (1, 1),
        136 | 137 | 142 | 144 => (2, 1),
        138 | 143 => (2, 2),
        148 | 151 | 152 => (4, 1),
        149 | 150 => (2, 1),
        _ => return None,
    })
}

/// Length of each instruction that has no operand of variable length and always continues at the next instruction; 0
/// for all others and for unknown opcodes.
pub(super) const STRAIGHT_LENGTHS: [u8; 256] = straight_lengths();

const fn straight_lengths() -> [u8; 256] {
    let mut lengths = [0; 256];
    let mut op = 0u8;
    while op < u8::MAX {
        lengths[op as usize] = match op {
            BIPUSH | LDC | ILOAD..=ALOAD | ISTORE..=ASTORE | NEWARRAY => 2,
            SIPUSH | LDC_W | LDC2_W | IINC | GETSTATIC..=INVOKESTATIC => 3,
            NEW | ANEWARRAY | CHECKCAST | INSTANCEOF => 3,
            MULTIANEWARRAY => 4,
            INVOKEINTERFACE | INVOKEDYNAMIC => 5,
            NOP..=152 | ARRAYLENGTH | MONITORENTER | MONITOREXIT => 1,
            _ => 0,
        };
        op += 1;
    }
    lengths
}
