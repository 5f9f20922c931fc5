//! A small assembler for class files that no compiler makes, and what the tests of the class reader share.
#![allow(dead_code, unreachable_pub, missing_docs)]

pub mod hostile;
pub mod jars;
pub mod opcodes;
pub mod walk;

use std::collections::HashMap;

/// A class file in the making. Nothing is checked: that is what it is for.
pub struct ClassAssembler {
    pub major: u16,
    pub minor: u16,
    pub access: u16,
    pub this_class: u16,
    pub super_class: u16,
    pub interfaces: Vec<u16>,
    /// Overrides the constant pool's count when set.
    pub pool_count: Option<u16>,
    /// Finished `field_info`, `method_info` and `attribute_info` structures.
    pub fields: Vec<Vec<u8>>,
    pub methods: Vec<Vec<u8>>,
    pub attributes: Vec<Vec<u8>>,
    pool: Vec<u8>,
    next: u16,
    known: HashMap<Vec<u8>, u16>,
}

/// A method body in the making.
#[derive(Default)]
pub struct Body {
    pub max_stack: u16,
    pub max_locals: u16,
    pub code: Vec<u8>,
    /// Rows of start, end, handler and type.
    pub handlers: Vec<[u16; 4]>,
    pub attributes: Vec<Vec<u8>>,
}

impl ClassAssembler {
    /// A public class of Java 8 that extends `java/lang/Object`.
    pub fn new(name: &str) -> Self {
        let mut class = Self {
            major: 52,
            minor: 0,
            access: 0x21,
            this_class: 0,
            super_class: 0,
            interfaces: Vec::new(),
            pool_count: None,
            fields: Vec::new(),
            methods: Vec::new(),
            attributes: Vec::new(),
            pool: Vec::new(),
            next: 1,
            known: HashMap::new(),
        };
        class.this_class = class.class(name);
        class.super_class = class.class("java/lang/Object");
        class
    }

    /// Adds an entry to the constant pool, or finds an equal one; returns its index.
    pub fn entry(&mut self, tag: u8, content: &[u8]) -> u16 {
        let mut bytes = vec![tag];
        bytes.extend(content);
        if let Some(&index) = self.known.get(&bytes) {
            return index;
        }
        let index = self.next;
        self.pool.extend(&bytes);
        self.next += if matches!(tag, 5 | 6) { 2 } else { 1 };
        self.known.insert(bytes, index);
        index
    }

    pub fn utf8(&mut self, text: impl AsRef<[u8]>) -> u16 {
        let text = text.as_ref();
        let mut content = (text.len() as u16).to_be_bytes().to_vec();
        content.extend(text);
        self.entry(1, &content)
    }

    pub fn class(&mut self, name: &str) -> u16 {
        let name = self.utf8(name);
        self.entry(7, &name.to_be_bytes())
    }

    pub fn string(&mut self, text: impl AsRef<[u8]>) -> u16 {
        let text = self.utf8(text);
        self.entry(8, &text.to_be_bytes())
    }

    pub fn name_and_type(&mut self, name: &str, desc: &str) -> u16 {
        let (name, desc) = (self.utf8(name), self.utf8(desc));
        self.entry(12, &u2s(&[name, desc]))
    }

    /// A field (tag 9), method (10) or interface method (11) reference.
    pub fn member(&mut self, tag: u8, owner: &str, name: &str, desc: &str) -> u16 {
        let (owner, nat) = (self.class(owner), self.name_and_type(name, desc));
        self.entry(tag, &u2s(&[owner, nat]))
    }

    /// An attribute with its true length.
    pub fn attribute(&mut self, name: &str, content: &[u8]) -> Vec<u8> {
        self.attribute_claiming(name, content.len() as u32, content)
    }

    /// An attribute that claims a length.
    pub fn attribute_claiming(&mut self, name: &str, len: u32, content: &[u8]) -> Vec<u8> {
        let mut bytes = self.utf8(name).to_be_bytes().to_vec();
        bytes.extend(len.to_be_bytes());
        bytes.extend(content);
        bytes
    }

    /// A field or method.
    pub fn member_info(
        &mut self,
        access: u16,
        name: impl AsRef<[u8]>,
        desc: &str,
        attributes: &[Vec<u8>],
    ) -> Vec<u8> {
        let (name, desc) = (self.utf8(name), self.utf8(desc));
        let mut bytes = u2s(&[access, name, desc, attributes.len() as u16]);
        attributes.iter().for_each(|a| bytes.extend(a));
        bytes
    }

    pub fn field(&mut self, name: impl AsRef<[u8]>, desc: &str) {
        let field = self.member_info(0x2, name, desc, &[]);
        self.fields.push(field);
    }

    /// A public static method with a body.
    pub fn method(&mut self, name: &str, desc: &str, body: &Body) {
        let code = body.content();
        let code = self.attribute("Code", &code);
        let method = self.member_info(0x9, name, desc, &[code]);
        self.methods.push(method);
    }

    /// A public static method `run()V` with this code and nothing else.
    pub fn run(&mut self, code: &[u8]) {
        self.method(
            "run",
            "()V",
            &Body { max_stack: 4, max_locals: 4, code: code.to_vec(), ..Body::default() },
        );
    }

    /// The class file.
    pub fn finish(self) -> Vec<u8> {
        let mut bytes = 0xCAFE_BABE_u32.to_be_bytes().to_vec();
        bytes.extend(u2s(&[self.minor, self.major, self.pool_count.unwrap_or(self.next)]));
        bytes.extend(self.pool);
        bytes.extend(u2s(&[self.access, self.this_class, self.super_class, self.interfaces.len() as u16]));
        bytes.extend(u2s(&self.interfaces));
        for table in [self.fields, self.methods, self.attributes] {
            bytes.extend((table.len() as u16).to_be_bytes());
            table.iter().for_each(|row| bytes.extend(row));
        }
        bytes
    }
}

impl Body {
    /// A `Code` attribute's content.
    pub fn content(&self) -> Vec<u8> {
        let mut bytes = u2s(&[self.max_stack, self.max_locals]);
        bytes.extend((self.code.len() as u32).to_be_bytes());
        bytes.extend(&self.code);
        bytes.extend((self.handlers.len() as u16).to_be_bytes());
        self.handlers.iter().for_each(|row| bytes.extend(u2s(row)));
        bytes.extend((self.attributes.len() as u16).to_be_bytes());
        self.attributes.iter().for_each(|a| bytes.extend(a));
        bytes
    }
}

/// Numbers as big-endian pairs of bytes.
pub fn u2s(numbers: &[u16]) -> Vec<u8> {
    numbers.iter().flat_map(|n| n.to_be_bytes()).collect()
}
