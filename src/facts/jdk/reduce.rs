//! A runtime image to a model: signatures only, of what applications can name.

use super::JdkModel;
use crate::body::{NO_NAME, ShortSpan, Span};
use crate::classfile::{Attribute, ClassError, ClassFile, Constant, Member, Module, PoolIndex, text};
use crate::facts::jimage::{ClassResource, JImage};
use crate::facts::tables::{ClassFacts, FieldFacts, MethodExtras, MethodFacts, NO_EXTRAS, UnitFacts};
use crate::vocabulary::{Access, Name, Problem, ProblemCode};
use std::collections::{BTreeMap, BTreeSet};

/// Class files have had major version release + 44 since Java 1.1 (JVMS table 4.1-A).
const MAJOR_OF_RELEASE_0: u16 = 44;

const MODULE_INFO: &str = "module-info";

/// One class of the platform, before names are interned.
struct Signature {
    access: Access,
    major: u16,
    super_name: Option<String>,
    outer: Option<String>,
    interfaces: Vec<String>,
    permitted: Vec<String>,
    is_record: bool,
    fields: Vec<MemberSignature>,
    methods: Vec<MemberSignature>,
}

struct MemberSignature {
    name: String,
    desc: String,
    access: Access,
    has_constant: bool,
    throws: Vec<String>,
}

/// The model of everything that an image exports.
pub(super) fn model(image: &JImage) -> Result<JdkModel, Problem> {
    let mut reader = Reader { image, pool: PoolIndex::default(), bytes: Vec::new() };
    let (mut modules, mut places) = (Vec::new(), BTreeMap::new());
    for resource in image.classes() {
        let resource = resource?;
        if resource.name == MODULE_INFO {
            modules.push(resource);
        } else {
            places.insert(resource.name.clone(), resource);
        }
    }
    let mut exported = BTreeSet::new();
    let mut release = 0;
    for module in &modules {
        release = release.max(reader.exports(module, &mut exported)?);
    }
    let classes = reader.classes(&places, &exported)?;
    let packages = exported.into_iter().map(|(_, package)| package).collect::<BTreeSet<_>>();
    Ok(JdkModel { release, packages: packages.into_iter().collect(), unit: unit(&classes) })
}

struct Reader<'i> {
    image: &'i JImage,
    pool: PoolIndex,
    bytes: Vec<u8>,
}

impl Reader<'_> {
    fn with_class<T>(
        &mut self,
        resource: &ClassResource<'_>,
        read: impl FnOnce(&ClassFile) -> Result<T, ClassError>,
    ) -> Result<T, Problem> {
        self.image.read(resource, &mut self.bytes)?;
        let read = ClassFile::parse(&self.bytes, &mut self.pool).and_then(|class| read(&class));
        read.map_err(|error| {
            Problem::new(ProblemCode::MalformedClass, &resource.module, &resource.name, error.to_string())
        })
    }

    /// Adds the (module, package) pairs that a module exports to everybody; returns the release that its descriptor
    /// was compiled for.
    fn exports(
        &mut self,
        module: &ClassResource<'_>,
        exported: &mut BTreeSet<(String, String)>,
    ) -> Result<u16, Problem> {
        self.with_class(module, |class| {
            for attribute in class.attributes() {
                if class.pool().utf8(attribute.name)? != b"Module" {
                    continue;
                }
                for export in Module::parse(attribute.cursor())?.exports().filter(|e| e.n_targets == 0) {
                    if let Constant::ModuleOrPackage(package) = class.pool().constant(export.package)? {
                        exported.insert((module.module.to_string(), utf8(class, package)?));
                    }
                }
            }
            Ok(class.major.saturating_sub(MAJOR_OF_RELEASE_0))
        })
    }

    /// The public and protected classes of exported packages, and what those need.
    fn classes(
        &mut self,
        places: &BTreeMap<String, ClassResource<'_>>,
        exported: &BTreeSet<(String, String)>,
    ) -> Result<BTreeMap<String, Signature>, Problem> {
        let mut classes = BTreeMap::new();
        let mut needed = Vec::new();
        for (name, resource) in places {
            let package = crate::vocabulary::descriptor::package_of(name);
            if !exported.contains(&(resource.module.to_string(), package.to_owned())) {
                continue;
            }
            let signature = self.with_class(resource, signature)?;
            if signature.access.0 & (Access::PUBLIC | Access::PROTECTED) != 0
                && !signature.access.is_synthetic()
            {
                needed.extend(signature.neighbours().cloned());
                classes.insert(name.clone(), signature);
            }
        }
        while let Some(name) = needed.pop() {
            if let Some(resource) = places.get(&name)
                && !classes.contains_key(&name)
            {
                let signature = self.with_class(resource, signature)?;
                needed.extend(signature.neighbours().cloned());
                classes.insert(name, signature);
            }
        }
        Ok(classes)
    }
}

impl Signature {
    /// Classes without which this one can't be understood.
    fn neighbours(&self) -> impl Iterator<Item = &String> {
        self.super_name.iter().chain(&self.outer).chain(&self.interfaces)
    }
}

fn utf8(class: &ClassFile, index: u16) -> Result<String, ClassError> {
    Ok(text::decode(class.pool().utf8(index)?).into_owned())
}

fn class_name(class: &ClassFile, index: u16) -> Result<String, ClassError> {
    utf8(class, class.pool().class_utf8(index)?)
}

fn signature(class: &ClassFile) -> Result<Signature, ClassError> {
    let mut signature = Signature {
        access: class.access,
        major: class.major,
        super_name: class.super_class()?.map(|index| utf8(class, index)).transpose()?,
        outer: None,
        interfaces: class.interfaces().map(|index| utf8(class, index?)).collect::<Result<_, _>>()?,
        permitted: Vec::new(),
        is_record: false,
        fields: members(class, class.fields())?,
        methods: members(class, class.methods())?,
    };
    for attribute in class.attributes() {
        match class.pool().utf8(attribute.name)? {
            b"Record" => signature.is_record = true,
            b"InnerClasses" => inner_classes(class, attribute, &mut signature)?,
            b"EnclosingMethod" => signature.outer = Some(class_name(class, attribute.cursor().u2()?)?),
            b"PermittedSubclasses" => {
                let mut cursor = attribute.cursor();
                for _ in 0..cursor.u2()? {
                    signature.permitted.push(class_name(class, cursor.u2()?)?);
                }
            }
            _ => {}
        }
    }
    Ok(signature)
}

/// The row about the class itself holds its real flags and the class it is declared in (JVMS 4.7.6).
fn inner_classes(
    class: &ClassFile,
    attribute: Attribute,
    signature: &mut Signature,
) -> Result<(), ClassError> {
    let this = class.this_class()?;
    let mut cursor = attribute.cursor();
    for _ in 0..cursor.u2()? {
        let (inner, outer, _name, access) = (cursor.u2()?, cursor.u2()?, cursor.u2()?, cursor.u2()?);
        if class.pool().class_utf8(inner)? == this {
            // ACC_SUPER stands only in the class's own flags.
            signature.access = Access(access | class.access.0 & Access::SYNCHRONIZED);
            if outer != 0 {
                signature.outer = Some(class_name(class, outer)?);
            }
        }
    }
    Ok(())
}

/// The public and protected ones.
fn members<'a>(
    class: &ClassFile<'a>,
    members: impl Iterator<Item = Member<'a>>,
) -> Result<Vec<MemberSignature>, ClassError> {
    let mut kept = Vec::new();
    for member in members.filter(|m| m.access.0 & (Access::PUBLIC | Access::PROTECTED) != 0) {
        let (mut has_constant, mut throws) = (false, Vec::new());
        for attribute in member.attributes {
            match class.pool().utf8(attribute.name)? {
                b"ConstantValue" => has_constant = true,
                b"Exceptions" => {
                    let mut cursor = attribute.cursor();
                    for _ in 0..cursor.u2()? {
                        throws.push(class_name(class, cursor.u2()?)?);
                    }
                }
                _ => {}
            }
        }
        let (name, desc) = (utf8(class, member.name)?, utf8(class, member.desc)?);
        kept.push(MemberSignature { name, desc, access: member.access, has_constant, throws });
    }
    Ok(kept)
}

/// The tables. Names are interned column by column, as the codec writes them, which keeps the file small.
fn unit(classes: &BTreeMap<String, Signature>) -> UnitFacts {
    let mut unit = UnitFacts::default();
    let prefix = unit.names.intern("");
    for name in classes.keys() {
        unit.names.intern(name);
    }
    for (name, signature) in classes {
        let class = class_facts(name, prefix, signature, &mut unit);
        unit.classes.push(class);
    }
    for signature in classes.values() {
        for field in &signature.fields {
            let name = unit.names.intern(&field.name);
            unit.fields.push(FieldFacts {
                name,
                desc: NO_NAME,
                signature: NO_NAME,
                access: field.access,
                has_constant: field.has_constant,
                annotations: Span::default(),
            });
        }
    }
    for signature in classes.values() {
        for method in &signature.methods {
            let facts = method_facts(method, &mut unit);
            unit.methods.push(facts);
        }
    }
    let fields = classes.values().flat_map(|signature| &signature.fields);
    for (facts, field) in unit.fields.iter_mut().zip(fields) {
        facts.desc = unit.names.intern(&field.desc);
    }
    let methods = classes.values().flat_map(|signature| &signature.methods);
    for (facts, method) in unit.methods.iter_mut().zip(methods) {
        facts.desc = unit.names.intern(&method.desc);
        let first = unit.lists.len();
        for thrown in &method.throws {
            let name = unit.names.intern(thrown);
            unit.lists.push(name);
        }
        facts.extras =
            MethodExtras::add(&mut unit.extras, Span::from(first, unit.lists.len()), Span::default());
    }
    let mut next = (0, 0);
    for (facts, signature) in unit.classes.iter_mut().zip(classes.values()) {
        let (fields, methods) = next;
        next = (fields + signature.fields.len(), methods + signature.methods.len());
        facts.fields = Span::from(fields, next.0);
        facts.methods = Span::from(methods, next.1);
    }
    unit
}

fn class_facts(name: &str, prefix: Name, signature: &Signature, unit: &mut UnitFacts) -> ClassFacts {
    let name = unit.names.intern(name);
    let mut optional = |text: &Option<String>| text.as_ref().map_or(NO_NAME, |text| unit.names.intern(text));
    let (super_name, outer) = (optional(&signature.super_name), optional(&signature.outer));
    let mut list = |texts: &[String]| {
        let first = unit.lists.len();
        for text in texts {
            let name = unit.names.intern(text);
            unit.lists.push(name);
        }
        Span::from(first, unit.lists.len())
    };
    let (interfaces, permitted) = (list(&signature.interfaces), list(&signature.permitted));
    ClassFacts {
        name,
        super_name,
        interfaces,
        access: signature.access,
        major: signature.major,
        prefix,
        source_file: NO_NAME,
        outer,
        nest_host: NO_NAME,
        nest_members: Span::default(),
        permitted,
        signature: NO_NAME,
        fields: Span::default(),
        methods: Span::default(),
        annotations: Span::default(),
        is_record: signature.is_record,
    }
}

fn method_facts(method: &MemberSignature, unit: &mut UnitFacts) -> MethodFacts {
    MethodFacts {
        name: unit.names.intern(&method.name),
        desc: NO_NAME,
        access: method.access,
        has_body: false,
        has_loop: false,
        line: 0,
        extras: NO_EXTRAS,
        events: ShortSpan::default(),
        values: ShortSpan::default(),
        blocks: ShortSpan::default(),
    }
}
