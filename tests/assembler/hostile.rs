//! Class files that made real readers panic, hang, run out of memory or refuse what a JVM loads.

use super::{Body, ClassAssembler, u2s};

/// What the reader shall make of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expected {
    /// Everything is read.
    Reads,
    /// The class as such is refused, with this text in the message.
    Refused(&'static str),
    /// The class is read; walking its parts meets this error.
    BadPart(&'static str),
}

/// One hostile class.
pub struct Hostile {
    pub name: &'static str,
    pub what: &'static str,
    pub expected: Expected,
    pub bytes: Vec<u8>,
}

use Expected::{BadPart, Reads, Refused};

const RETURN: u8 = 177;

/// All of them, in the order of the README.
pub fn all() -> Vec<Hostile> {
    let mut list = Vec::new();
    pools(&mut list);
    code(&mut list);
    lengths(&mut list);
    annotations(&mut list);
    texts(&mut list);
    oddities(&mut list);
    versions(&mut list);
    list
}

fn add(list: &mut Vec<Hostile>, name: &'static str, what: &'static str, expected: Expected, bytes: Vec<u8>) {
    list.push(Hostile { name, what, expected, bytes });
}

/// A class after `edit`.
fn class(edit: impl FnOnce(&mut ClassAssembler)) -> Vec<u8> {
    let mut class = ClassAssembler::new("Hostile");
    edit(&mut class);
    class.finish()
}

fn pools(list: &mut Vec<Hostile>) {
    let mut file = |name, what, expected, bytes| add(list, name, what, expected, bytes);
    file(
        "pool-count-zero",
        "constant pool count 0",
        Refused("at least 1"),
        class(|c| c.pool_count = Some(0)),
    );
    file(
        "pool-count-too-large",
        "a constant pool that claims 65535 entries",
        Refused("constant pool"),
        class(|c| c.pool_count = Some(65535)),
    );
    file("pool-unknown-tag", "a constant with tag 2", Refused("unknown tag"), {
        let mut class = ClassAssembler::new("Hostile");
        class.entry(2, &[0, 0]);
        class.finish()
    });
    file(
        "pool-long-in-last-slot",
        "a long constant whose second index is past the count",
        Refused("two indices"),
        class(|c| {
            let index = c.entry(5, &[0; 8]);
            c.pool_count = Some(index + 1);
        }),
    );
    file(
        "pool-wrong-kinds",
        "a class whose superclass is a UTF-8 constant and whose code names constants of the wrong kind",
        BadPart("class constant"),
        class(|c| {
            c.super_class = c.utf8("java/lang/Object");
            c.run(&[178, 0, 1, 182, 0, 1, RETURN]);
        }),
    );
    file(
        "pool-self-reference",
        "class, name-and-type, string and method handle constants that refer to themselves",
        BadPart("UTF-8 constant"),
        class(|c| {
            let next = c.utf8("next") + 1;
            c.entry(7, &u2s(&[next]));
            c.entry(12, &u2s(&[next + 1, next + 1]));
            c.entry(8, &u2s(&[next + 2]));
            c.entry(15, &[1, 0, (next + 3) as u8]);
        }),
    );
    file("dynamic-constant", "`CONSTANT_Dynamic`, loaded by ldc", Reads, class(dynamic));
}

fn dynamic(class: &mut ClassAssembler) {
    class.major = 55;
    let desc =
        "(Ljava/lang/invoke/MethodHandles$Lookup;Ljava/lang/String;Ljava/lang/Class;)Ljava/lang/Object;";
    let method = class.member(10, "Hostile", "make", desc);
    let handle = class.entry(15, &[6, (method >> 8) as u8, method as u8]);
    let nat = class.name_and_type("it", "Ljava/lang/Object;");
    let constant = class.entry(17, &u2s(&[0, nat]));
    class.run(&[18, constant as u8, 87, RETURN]);
    let table = class.attribute("BootstrapMethods", &u2s(&[1, handle, 0]));
    class.attributes.push(table);
}

fn code(list: &mut Vec<Hostile>) {
    let mut file =
        |name, what, expected, code: &[u8]| add(list, name, what, expected, class(|c| c.run(code)));
    let switch = |op: u8, numbers: &[i32]| {
        let mut code = vec![3, 4, 5, op];
        numbers.iter().for_each(|n| code.extend(n.to_be_bytes()));
        code.push(RETURN);
        code
    };
    const TABLE: u8 = 170;
    const LOOKUP: u8 = 171;
    let max = i32::MAX;
    file(
        "tableswitch-at-max",
        "a tableswitch with low = high = 0x7fffffff",
        Reads,
        &switch(TABLE, &[16, max, max, 16]),
    );
    file(
        "tableswitch-min-to-max",
        "a tableswitch from the least to the greatest int",
        BadPart("switch table"),
        &switch(TABLE, &[16, i32::MIN, max]),
    );
    file(
        "tableswitch-low-above-high",
        "a tableswitch with low = 1 and high = 0",
        BadPart("negative"),
        &switch(TABLE, &[16, 1, 0]),
    );
    file(
        "lookupswitch-huge",
        "a lookupswitch with 0x7fffffff pairs",
        BadPart("switch table"),
        &switch(LOOKUP, &[16, max]),
    );
    file(
        "lookupswitch-negative",
        "a lookupswitch with -1 pairs",
        BadPart("negative"),
        &switch(LOOKUP, &[16, -1]),
    );
    file("unknown-opcode", "opcode 0xcb", BadPart("unknown opcode"), &[0, 203, RETURN]);
    file("wide-unknown", "`wide` before `nop`", BadPart("wide"), &[196, 0, 0, 0, RETURN]);
    file(
        "code-cut-short",
        "code that ends within an instruction",
        BadPart("within an instruction"),
        &[0, 182, 0],
    );
    file(
        "jump-into-operand",
        "a jump into the middle of an instruction",
        Reads,
        &[167, 0, 4, 17, 0, 0, 87, RETURN],
    );
    file("jump-outside", "jumps before and behind the code", Reads, &[153, 128, 0, 153, 127, 255, RETURN]);
    file("code-falls-off", "code whose last instruction is no return", Reads, &[0]);
    file("code-empty", "a method body without instructions", BadPart("1 to 65535"), &[]);
}

fn lengths(list: &mut Vec<Hostile>) {
    let mut file = |name, what, expected, bytes| add(list, name, what, expected, bytes);
    let code_claiming = |len: u32| {
        class(|c| {
            let mut content = u2s(&[1, 1]);
            content.extend(len.to_be_bytes());
            content.extend([RETURN, 0, 0, 0, 0]);
            let code = c.attribute("Code", &content);
            let method = c.member_info(9, "run", "()V", &[code]);
            c.methods.push(method);
        })
    };
    file("code-length-huge", "code length 0xffffffff", BadPart("1 to 65535"), code_claiming(u32::MAX));
    file(
        "code-length-past-end",
        "code length 65535 in a short attribute",
        BadPart("ends"),
        code_claiming(65535),
    );
    let attribute_claiming = |len: u32| {
        class(|c| {
            let attribute = c.attribute_claiming("SourceFile", len, &[0, 1]);
            c.attributes.push(attribute);
        })
    };
    file(
        "attribute-length-huge",
        "attribute length 0xffffffff",
        Refused("ends"),
        attribute_claiming(u32::MAX),
    );
    file(
        "attribute-length-by-one",
        "an attribute one byte longer than the file",
        Refused("ends"),
        attribute_claiming(3),
    );
    let mut members = class(|_| ());
    let at = members.len() - 4;
    members[at..at + 2].fill(0xFF);
    file("methods-count-huge", "65535 methods in a file that ends there", Refused("ends"), members);
    let mut whole = class(|c| c.run(&[RETURN]));
    whole.truncate(whole.len() - 1);
    file("truncated-by-one", "a class without its last byte", Refused("ends"), whole);
    file("empty", "no bytes at all", Refused("ends"), Vec::new());
    file("magic-only", "the magic number and nothing else", Refused("ends"), vec![0xCA, 0xFE, 0xBA, 0xBE]);
    file("text", "19 bytes of text", Refused("CAFEBABE"), b"this is not a class".to_vec());
}

fn annotated(values: &[u8]) -> Vec<u8> {
    class(|c| {
        let (desc, key) = (c.utf8("LMark;"), c.utf8("value"));
        let mut content = u2s(&[1, desc, 1, key]);
        content.extend(values);
        let attribute = c.attribute("RuntimeVisibleAnnotations", &content);
        c.attributes.push(attribute);
    })
}

/// Arrays in arrays, each claiming `claimed` elements.
fn nested_arrays(depth: usize, claimed: u16) -> Vec<u8> {
    let [high, low] = claimed.to_be_bytes();
    let mut values: Vec<u8> = [b'[', high, low].repeat(depth);
    values.extend([b's', 0, 1]);
    annotated(&values)
}

fn annotations(list: &mut Vec<Hostile>) {
    let mut file = |name, what, expected, bytes| add(list, name, what, expected, bytes);
    file(
        "annotation-nested-5000",
        "annotation arrays nested 5,000 deep",
        BadPart("too deeply"),
        nested_arrays(5_000, 1),
    );
    file(
        "annotation-nested-100000",
        "annotation arrays nested 100,000 deep",
        BadPart("too deeply"),
        nested_arrays(100_000, 1),
    );
    file(
        "annotation-arrays-claim-65535",
        "nested annotation arrays that claim 65,535 elements each",
        BadPart("ends"),
        nested_arrays(32, 65535),
    );
    file(
        "annotation-unknown-tag",
        "an annotation value with tag `?`",
        BadPart("unknown tag"),
        annotated(&[b'?', 0, 1]),
    );
    let surrogate = class(|c| {
        let (desc, key, text) = (c.utf8("LMark;"), c.utf8("value"), c.utf8([0xED, 0xB8, 0x80]));
        let mut content = u2s(&[1, desc, 1, key]);
        content.push(b's');
        content.extend(text.to_be_bytes());
        let attribute = c.attribute("RuntimeVisibleAnnotations", &content);
        c.attributes.push(attribute);
    });
    file("annotation-lone-surrogate", "an annotation string that is a lone low surrogate", Reads, surrogate);
}

fn texts(list: &mut Vec<Hostile>) {
    let mut file = |name, what, edit: &dyn Fn(&mut ClassAssembler)| add(list, name, what, Reads, class(edit));
    file("string-lone-surrogate", "a string constant that is a lone high surrogate", &|c| {
        let text = c.string([0xED, 0xA0, 0xBD]);
        c.run(&[18, text as u8, 87, RETURN]);
    });
    file("field-lone-surrogate", "two fields whose names are different lone surrogates", &|c| {
        c.field([0xED, 0xA0, 0xBD], "I");
        c.field([0xED, 0xA0, 0xBE], "I");
    });
    file("text-not-utf8", "names with bytes that are no modified UTF-8", &|c| {
        c.field([0xFF, 0xFE, b'a'], "I");
        c.field([0xC1, 0x81], "I");
        c.field([b'a', 0xE2], "I");
    });
    file("member-names-empty", "a field and a method with empty name and descriptor", &|c| {
        c.field("", "");
        c.method("", "", &Body { code: vec![RETURN], ..Body::default() });
    });
}

fn oddities(list: &mut Vec<Hostile>) {
    let mut file = |name, what, bytes| add(list, name, what, Reads, bytes);
    let mut longer = class(|c| c.run(&[RETURN]));
    longer.extend(b"trailing bytes");
    file("bytes-after-the-class", "bytes after the class", longer);
    file(
        "unknown-attributes",
        "attributes that no specification names, on the class, a field, a method and its code",
        class(|c| {
            let unknown = c.attribute("org.example.Unknown", &[1, 2, 3]);
            c.attributes.extend([unknown.clone(), unknown.clone()]);
            let field = c.member_info(2, "f", "I", std::slice::from_ref(&unknown));
            c.fields.push(field);
            c.method("m", "()V", &Body { code: vec![RETURN], attributes: vec![unknown], ..Body::default() });
        }),
    );
    file(
        "duplicate-methods",
        "two methods of one name and descriptor",
        class(|c| {
            c.run(&[RETURN]);
            c.run(&[0, RETURN]);
        }),
    );
    file(
        "tables-past-the-code",
        "line and variable tables, and exception handlers, that point past the code",
        class(|c| {
            let lines = c.attribute("LineNumberTable", &u2s(&[2, 0, 1, 60000, 2]));
            let (name, desc) = (c.utf8("local"), c.utf8("I"));
            let locals = c.attribute("LocalVariableTable", &u2s(&[1, 50000, 60000, name, desc, 9]));
            let handlers = vec![[0, 65535, 65000, 0], [9, 3, 1, 0]];
            let attributes = vec![lines, locals];
            c.method("run", "()V", &Body { code: vec![RETURN], handlers, attributes, ..Body::default() });
        }),
    );
    file(
        "line-table-cut-short",
        "a line table that claims more rows than it has",
        class(|c| {
            let lines = c.attribute("LineNumberTable", &u2s(&[9, 0, 1]));
            c.method("run", "()V", &Body { code: vec![RETURN], attributes: vec![lines], ..Body::default() });
        }),
    );
    file(
        "duplicate-code",
        "a method with two Code attributes",
        class(|c| {
            let content = Body { code: vec![RETURN], ..Body::default() }.content();
            let code = c.attribute("Code", &content);
            let method = c.member_info(9, "run", "()V", &[code.clone(), code]);
            c.methods.push(method);
        }),
    );
    file("own-superclass", "a class that extends and implements itself", {
        class(|c| {
            c.super_class = c.this_class;
            c.interfaces.push(c.this_class);
        })
    });
}

fn versions(list: &mut Vec<Hostile>) {
    let mut file = |name, what, major, minor| {
        let bytes = class(|c| {
            (c.major, c.minor) = (major, minor);
            c.run(&[RETURN]);
        });
        add(list, name, what, Reads, bytes);
    };
    file("version-70", "class version 70", 70, 0);
    file("version-99", "class version 99", 99, 0);
    file("version-65-preview", "class version 65.65535: preview features of Java 21", 65, 65535);
    file("version-65-minor-7", "class version 65.7, which no JVM accepts", 65, 7);
    file("version-0", "class version 0", 0, 0);
}
