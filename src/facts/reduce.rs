//! One class file to facts, appended to a unit.

use super::archive::CLASS_SUFFIX;
use super::attributes::{AttributeKind, AttributeKinds};
use super::marks::Marks;
use super::symbols::Symbols;
use super::tables::{
    Annotation, AnnotationValue, ClassFacts, FieldFacts, MethodExtras, MethodFacts, UnitFacts,
};
use crate::body::{
    self, ArrayTarget, Bodies, DynamicCalls, Event, EventKind, Lines, NO_NAME, NO_TARGET, Reduced, Scratch,
    Shapes, Span, TOO_MUCH_STATE, Value,
};
use crate::classfile::code::line_numbers;
use crate::classfile::{
    Annotations, Attribute, BootstrapMethods, ClassError, ClassFile, Code, ElementValue, Member,
    NEWEST_MAJOR, PoolIndex,
};
use crate::vocabulary::{Access, Name, Problem, ProblemCode};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// String constants longer than this are not kept: no rule asks about them, and tables of parsers hold megabytes.
pub const MAX_TEXT: usize = 400;

/// Reduces classes one after the other; holds the memory that is reused between them.
#[derive(Default)]
pub struct Reducer {
    pool: PoolIndex,
    shapes: Shapes,
    scratch: Scratch,
    symbols: Symbols,
    attributes: AttributeKinds,
    lines: Vec<u32>,
}

impl Reducer {
    /// A reducer without anything learnt.
    pub fn new() -> Self {
        Self::default()
    }

    /// Must be called before the first class of a new unit: ids of the last unit's tables mean nothing there.
    pub fn begin_unit(&mut self) {
        self.symbols.begin_unit();
    }

    /// Reads a class file and appends its facts to `unit`. `entry` is its name in the archive.
    ///
    /// What can't be read becomes a problem of the unit; a malformed body costs only that body.
    ///
    /// A defect of the reader costs the class it shows at, not the scan.
    pub fn add(&mut self, bytes: &[u8], entry: &str, unit: &mut UnitFacts) {
        unit.n_bytes += bytes.len() as u64;
        let marks = Marks::of(unit);
        let added = catch_unwind(AssertUnwindSafe(|| self.add_class(bytes, entry, unit)));
        if added.is_err() {
            *self = Self::default();
            self.begin_unit();
            marks.restore(unit);
            let message = "a defect of cotenant: this class could not be read; please report it";
            unit.problems.push(Problem::new(ProblemCode::InternalError, "", entry, message));
        }
    }

    fn add_class(&mut self, bytes: &[u8], entry: &str, unit: &mut UnitFacts) {
        let marks = Marks::of(unit);
        let class = match ClassFile::parse(bytes, &mut self.pool) {
            Ok(class) => class,
            Err(error) => return unit.problems.push(malformed(ProblemCode::MalformedClass, entry, error)),
        };
        let mut work = ClassWork {
            class: &class,
            shapes: &mut self.shapes,
            scratch: &mut self.scratch,
            symbols: &mut self.symbols,
            attributes: &mut self.attributes,
            lines: &mut self.lines,
            unit,
            entry,
        };
        work.shapes.reset(class.pool());
        work.symbols.begin_class(class.pool(), work.shapes, work.unit);
        work.attributes.begin_class(class.pool());
        if let Err(error) = work.reduce() {
            marks.restore(unit);
            unit.problems.push(malformed(ProblemCode::MalformedClass, entry, error));
        } else if class.major > NEWEST_MAJOR {
            let message =
                format!("class file version {}.{} is newer than {NEWEST_MAJOR}", class.major, class.minor);
            unit.problems.push(Problem::new(ProblemCode::UnknownClassVersion, "", entry, message));
        }
    }
}

fn malformed(code: ProblemCode, entry: &str, error: ClassError) -> Problem {
    Problem::new(code, "", entry, error.to_string())
}

struct ClassWork<'a, 'w> {
    class: &'w ClassFile<'a>,
    shapes: &'w mut Shapes,
    scratch: &'w mut Scratch,
    symbols: &'w mut Symbols,
    attributes: &'w mut AttributeKinds,
    lines: &'w mut Vec<u32>,
    unit: &'w mut UnitFacts,
    entry: &'w str,
}

/// Class attributes that matter, gathered in one pass.
struct ClassAttributes<'a> {
    bootstraps: BootstrapMethods<'a>,
    annotations: [Option<Attribute<'a>>; 2],
    source_file: Name,
    signature: Name,
    outer: Name,
    nest_host: Name,
    nest_members: Span,
    permitted: Span,
    is_record: bool,
    access: Access,
}

impl<'a> ClassWork<'a, '_> {
    fn reduce(&mut self) -> Result<(), ClassError> {
        let name = self.name(self.class.this_class()?)?;
        let super_name = match self.class.super_class()? {
            Some(index) => self.name(index)?,
            None => NO_NAME,
        };
        let first = self.unit.lists.len();
        for interface in self.class.interfaces() {
            let interface = self.name(interface?)?;
            self.unit.lists.push(interface);
        }
        let interfaces = Span::from(first, self.unit.lists.len());
        let attributes = self.class_attributes()?;
        let annotations = self.annotations(attributes.annotations)?;
        let fields = self.fields()?;
        let methods = self.methods(&DynamicCalls::new(attributes.bootstraps))?;
        let prefix = self.prefix(name);
        self.unit.classes.push(ClassFacts {
            name,
            super_name,
            interfaces,
            access: attributes.access,
            major: self.class.major,
            prefix,
            source_file: attributes.source_file,
            outer: attributes.outer,
            nest_host: attributes.nest_host,
            nest_members: attributes.nest_members,
            permitted: attributes.permitted,
            signature: attributes.signature,
            fields,
            methods,
            annotations,
            is_record: attributes.is_record,
        });
        Ok(())
    }

    fn name(&mut self, index: u16) -> Result<Name, ClassError> {
        self.symbols.name(self.class.pool(), index, self.unit)
    }

    /// What stands before `<name>.class` in the entry's name. A class elsewhere is kept, under its whole folder.
    fn prefix(&mut self, name: Name) -> Name {
        let text = self.unit.names.text_of(name);
        let path = self.entry.strip_suffix(CLASS_SUFFIX).unwrap_or(self.entry);
        match path.strip_suffix(text) {
            Some(prefix) if prefix.is_empty() || prefix.ends_with('/') => {
                let prefix = prefix.to_owned();
                self.unit.names.intern(&prefix)
            }
            _ => {
                let message = format!("holds class {text}, which a class loader looks for at another path");
                self.unit.problems.push(Problem::new(ProblemCode::MisplacedClass, "", self.entry, message));
                NO_NAME
            }
        }
    }

    fn class_attributes(&mut self) -> Result<ClassAttributes<'a>, ClassError> {
        let mut found = ClassAttributes {
            bootstraps: BootstrapMethods::NONE,
            annotations: [None; 2],
            source_file: NO_NAME,
            signature: NO_NAME,
            outer: NO_NAME,
            nest_host: NO_NAME,
            nest_members: Span::default(),
            permitted: Span::default(),
            is_record: false,
            access: self.class.access,
        };
        for attribute in self.class.attributes() {
            let mut cursor = attribute.cursor();
            match self.class.pool().utf8(attribute.name)? {
                b"BootstrapMethods" => found.bootstraps = BootstrapMethods::new(cursor),
                b"RuntimeVisibleAnnotations" => found.annotations[0] = Some(attribute),
                b"RuntimeInvisibleAnnotations" => found.annotations[1] = Some(attribute),
                b"SourceFile" => found.source_file = self.name(cursor.u2()?)?,
                b"Signature" => found.signature = self.name(cursor.u2()?)?,
                b"Record" => found.is_record = true,
                b"NestHost" => found.nest_host = self.class_name(cursor.u2()?)?,
                b"NestMembers" => found.nest_members = self.class_list(attribute)?,
                b"PermittedSubclasses" => found.permitted = self.class_list(attribute)?,
                b"EnclosingMethod" => found.outer = self.class_name(cursor.u2()?)?,
                b"InnerClasses" => self.inner_classes(attribute, &mut found)?,
                _ => {}
            }
        }
        Ok(found)
    }

    fn class_name(&mut self, index: u16) -> Result<Name, ClassError> {
        let utf8 = self.class.pool().class_utf8(index)?;
        self.name(utf8)
    }

    fn class_list(&mut self, attribute: Attribute<'a>) -> Result<Span, ClassError> {
        let mut cursor = attribute.cursor();
        let first = self.unit.lists.len();
        for _ in 0..cursor.u2()? {
            let name = self.class_name(cursor.u2()?)?;
            self.unit.lists.push(name);
        }
        Ok(Span::from(first, self.unit.lists.len()))
    }

    /// The row about this class itself holds its real flags and the class it is declared in (JVMS 4.7.6).
    fn inner_classes(
        &mut self,
        attribute: Attribute<'a>,
        found: &mut ClassAttributes<'a>,
    ) -> Result<(), ClassError> {
        let mut cursor = attribute.cursor();
        let pool = self.class.pool();
        let this = pool.utf8(self.class.this_class()?)?;
        for _ in 0..cursor.u2()? {
            let (inner, outer) = (cursor.u2()?, cursor.u2()?);
            let (_, access) = (cursor.u2()?, cursor.u2()?);
            if pool.utf8(pool.class_utf8(inner)?)? != this {
                continue;
            }
            // ACC_SUPER stands only in the class's own flags.
            found.access = Access(access | self.class.access.0 & Access::SYNCHRONIZED);
            if outer != 0 {
                found.outer = self.class_name(outer)?;
            }
        }
        Ok(())
    }

    fn annotations(&mut self, attributes: [Option<Attribute<'a>>; 2]) -> Result<Span, ClassError> {
        let first = self.unit.annotations.len();
        for attribute in attributes.into_iter().flatten() {
            let mut failed = None;
            let mut state = (&mut *self.unit, &mut *self.symbols, &mut failed);
            let pool = self.class.pool();
            Annotations::new(attribute.cursor()).walk(
                &mut state,
                |(unit, symbols, failed), desc| match symbols.name(pool, desc, unit) {
                    Ok(desc) => {
                        let values = Span::from(unit.annotation_values.len(), unit.annotation_values.len());
                        unit.annotations.push(Annotation { desc, values });
                    }
                    Err(error) => **failed = Some(error),
                },
                |(unit, symbols, failed), key, value| {
                    let row = symbols.name(pool, key, unit).and_then(|key| {
                        let text = symbols.element_text(pool, value, unit)?;
                        Ok(AnnotationValue { key, text })
                    });
                    match row {
                        Ok(row) => {
                            unit.annotation_values.push(row);
                            if let Some(annotation) = unit.annotations.last_mut() {
                                annotation.values.len += 1;
                            }
                        }
                        Err(error) => **failed = Some(error),
                    }
                },
            )?;
            if let Some(error) = failed {
                return Err(error);
            }
        }
        Ok(Span::from(first, self.unit.annotations.len()))
    }

    fn fields(&mut self) -> Result<Span, ClassError> {
        let first = self.unit.fields.len();
        for member in self.class.fields() {
            let (mut signature, mut has_constant, mut annotations) = (NO_NAME, false, [None; 2]);
            let mut access = member.access;
            for attribute in member.attributes {
                match self.class.pool().utf8(attribute.name)? {
                    // Before there was the flag, compilers said so by an attribute (JVMS 4.7.8).
                    b"Synthetic" => access = Access(access.0 | Access::SYNTHETIC),
                    b"Signature" => signature = self.name(attribute.cursor().u2()?)?,
                    b"ConstantValue" => has_constant = true,
                    b"RuntimeVisibleAnnotations" => annotations[0] = Some(attribute),
                    b"RuntimeInvisibleAnnotations" => annotations[1] = Some(attribute),
                    _ => {}
                }
            }
            let field = FieldFacts {
                name: self.name(member.name)?,
                desc: self.name(member.desc)?,
                signature,
                access,
                has_constant,
                annotations: self.annotations(annotations)?,
            };
            self.unit.fields.push(field);
        }
        Ok(Span::from(first, self.unit.fields.len()))
    }

    fn methods(&mut self, dynamic: &DynamicCalls<'a>) -> Result<Span, ClassError> {
        let first = self.unit.methods.len();
        for member in self.class.methods() {
            let method = self.method(member, dynamic)?;
            self.unit.methods.push(method);
        }
        Ok(Span::from(first, self.unit.methods.len()))
    }

    fn method(&mut self, member: Member<'a>, dynamic: &DynamicCalls<'a>) -> Result<MethodFacts, ClassError> {
        let mut code = None;
        let (mut throws, mut annotations) = (Span::default(), [None; 2]);
        for attribute in member.attributes {
            match self.attributes.of(self.class.pool(), attribute.name)? {
                AttributeKind::Code => code = Some(attribute),
                AttributeKind::Exceptions => throws = self.class_list(attribute)?,
                AttributeKind::VisibleAnnotations => annotations[0] = Some(attribute),
                AttributeKind::InvisibleAnnotations => annotations[1] = Some(attribute),
                AttributeKind::LineNumbers | AttributeKind::Other => {}
            }
        }
        let body = match code {
            Some(code) => self.body(code, member, dynamic),
            None => None,
        };
        let reduced = body.unwrap_or_default();
        let annotations = self.annotations(annotations)?;
        Ok(MethodFacts {
            name: self.name(member.name)?,
            desc: self.name(member.desc)?,
            access: member.access,
            has_body: body.is_some(),
            has_loop: reduced.has_loop,
            line: reduced.line,
            extras: MethodExtras::add(&mut self.unit.extras, throws, annotations),
            events: reduced.events.into(),
            values: reduced.values.into(),
            blocks: reduced.blocks.into(),
        })
    }

    /// Reduces a body; a malformed one becomes a problem, and the class keeps its other members.
    fn body(
        &mut self,
        code: Attribute<'a>,
        member: Member<'a>,
        dynamic: &DynamicCalls<'a>,
    ) -> Option<Reduced> {
        match self.try_body(code, member, dynamic) {
            Ok(reduced) => Some(reduced),
            Err(error) => {
                let name = self.class.pool().utf8(member.name).unwrap_or(b"?");
                let message = format!("method {}: {error}", crate::classfile::text::decode(name));
                let is_bound = error.what == TOO_MUCH_STATE;
                let code = if is_bound { ProblemCode::AnalysisBound } else { ProblemCode::MalformedCode };
                self.unit.problems.push(Problem::new(code, "", self.entry, message));
                None
            }
        }
    }

    fn try_body(
        &mut self,
        code: Attribute<'a>,
        member: Member<'a>,
        dynamic: &DynamicCalls<'a>,
    ) -> Result<Reduced, ClassError> {
        let pool = self.class.pool();
        let code = Code::parse(code.cursor())?;
        self.lines.clear();
        for attribute in code.attributes {
            if self.attributes.of(pool, attribute.name)? == AttributeKind::LineNumbers {
                let rows = line_numbers(attribute.data);
                self.lines.extend(rows.map(|(pc, line)| u32::from(pc) << 16 | u32::from(line)));
            }
        }
        if !self.lines.is_sorted() {
            self.lines.sort_unstable();
        }
        let unit = &mut *self.unit;
        let mut bodies = Bodies {
            events: &mut unit.events,
            args: &mut unit.args,
            values: &mut unit.values,
            merges: &mut unit.merges,
            blocks: &mut unit.blocks,
            edges: &mut unit.edges,
            handlers: &mut unit.handlers,
        };
        let reduced = body::reduce_body(
            &code,
            pool,
            pool.utf8(member.desc)?,
            member.access.is_static(),
            Lines::new(self.lines),
            dynamic,
            self.shapes,
            self.scratch,
            &mut bodies,
        )?;
        self.intern(&reduced)?;
        Ok(reduced)
    }

    /// Replaces pool indices by names and member references.
    fn intern(&mut self, reduced: &Reduced) -> Result<(), ClassError> {
        let pool = self.class.pool();
        // Out of the unit, so that its names can grow meanwhile.
        let mut events = std::mem::take(&mut self.unit.events);
        let interned = self.intern_events(events.get_mut(reduced.events.range()).unwrap_or_default());
        self.unit.events = events;
        interned?;
        for i in reduced.values.range() {
            if let Value::Str(Name(index)) = self.unit.values[i] {
                self.unit.values[i] = self.symbols.constant(pool, index as u16, self.unit)?;
            }
        }
        for i in reduced.handlers.range() {
            let catches = self.unit.handlers[i].catches;
            if catches != NO_NAME {
                self.unit.handlers[i].catches = self.class_name(catches.0 as u16)?;
            }
        }
        Ok(())
    }

    fn intern_events(&mut self, events: &mut [Event]) -> Result<(), ClassError> {
        let pool = self.class.pool();
        for event in events {
            let target = event.target();
            let index = target as u16;
            event.set_target(if target == NO_TARGET {
                continue;
            } else if event.kind.has_method() || event.kind.has_field() {
                self.symbols.member(pool, index, self.shapes, self.unit)?.0
            } else if event.kind == EventKind::NewArray {
                self.symbols.array(pool, ArrayTarget::of(target), self.unit)?.0
            } else if event.kind == EventKind::Concat {
                self.symbols.text(pool, index, self.unit)?.map_or(NO_TARGET, |name| name.0)
            } else {
                self.class_name(index)?.0
            });
        }
        Ok(())
    }
}

/// Text of an annotation's element value.
impl Symbols {
    fn element_text(
        &mut self,
        pool: &crate::classfile::ConstantPool<'_>,
        value: ElementValue,
        unit: &mut UnitFacts,
    ) -> Result<Name, ClassError> {
        use crate::classfile::Constant;
        match value {
            ElementValue::Text(index) => Ok(self.text(pool, index, unit)?.unwrap_or(NO_NAME)),
            ElementValue::Class(index) | ElementValue::Enum(_, index) => self.name(pool, index, unit),
            ElementValue::Number(index, tag) => {
                let text = match (pool.constant(index)?, tag) {
                    (Constant::Integer(n), b'Z') => (n != 0).to_string(),
                    (Constant::Integer(n), _) => n.to_string(),
                    (Constant::Long(n), _) => n.to_string(),
                    (Constant::Float(n), _) => n.to_string(),
                    (Constant::Double(n), _) => n.to_string(),
                    _ => String::new(),
                };
                Ok(unit.names.intern(&text))
            }
        }
    }
}
