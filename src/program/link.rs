//! Which classes there are, by defining loader, and what their supertypes are.

use super::declared::Declared;
use super::hidden::{Hidden, hidden_by_others};
use super::name_kinds::NameKinds;
use super::resolve::RefTable;
use super::views::View;
use crate::facts::{Annotation, ClassFacts, Facts, FieldFacts, MethodFacts, NO_NAME, Span, UnitFacts};
use crate::topology::{PathElement, Role, Topology};
use crate::vocabulary::{
    ClassId, FieldId, LoaderId, MethodId, Name, Parallel, Problem, ProblemCode, TenantId, UnitId,
};
use rustc_hash::{FxHashMap, FxHashSet};

/// No class: the supertype of `java/lang/Object`, or one that no loader has.
pub const NO_CLASS: ClassId = ClassId(u32::MAX);

/// The annotations of the language itself (`Deprecated`) speak to compilers and readers; no container acts on them.
const OF_LANGUAGE: &str = "Ljava/lang/";

/// A class as the JVM would define it.
#[derive(Clone, Copy, Debug)]
pub struct Class {
    /// Its facts' unit.
    pub unit: UnitId,
    /// Its row among the unit's classes.
    pub row: u32,
    /// Its defining loader.
    pub loader: LoaderId,
    /// Position on that loader's search path of the element it was found in.
    pub element: u32,
    /// Its superclass, [`NO_CLASS`] if there is none or none was found.
    pub super_class: ClassId,
    /// Its direct superinterfaces that were found, in the program's `interface_ids`.
    pub interfaces: Span,
    /// Whether a supertype of it, direct or not, was not found.
    pub has_phantom: bool,
    /// First of its methods; the others follow in class file order.
    pub first_method: u32,
    /// First of its fields.
    pub first_field: u32,
    /// Row of its first method in its unit.
    method_row: u32,
    /// Row of its first field in its unit.
    field_row: u32,
}

/// All classes of a deployment.
pub struct Program<'f> {
    /// The facts behind the classes.
    pub facts: &'f Facts,
    /// Who loads what.
    pub topology: &'f Topology,
    /// All classes: loader by loader, then in search path order, then in entry order.
    pub classes: Vec<Class>,
    /// Number of methods.
    pub n_methods: usize,
    /// Number of fields.
    pub n_fields: usize,
    /// The JDK's classes, which lie one after the other.
    jdk_classes: std::ops::Range<u32>,
    /// Class of each method.
    method_class: Vec<ClassId>,
    /// Class of each field.
    field_class: Vec<ClassId>,
    pub(super) interface_ids: Vec<ClassId>,
    defined: Vec<FxHashMap<Name, ClassId>>,
    /// Answers of each loader for the class names its own classes mention.
    pub(super) views: Vec<View>,
    refs: Vec<RefTable>,
    pub(super) name_kinds: NameKinds,
    pub(super) declared: Declared,
    /// `clone`, if anything has that name.
    pub(crate) clone_name: Option<Name>,
    /// `<init>`, if anything has that name.
    init_name: Option<Name>,
    /// `<clinit>`, if anything has that name.
    clinit_name: Option<Name>,
    /// Classes that are taken to have no supertypes, because they have too many.
    pub(super) cut_short: FxHashSet<ClassId>,
    /// Classes of a search path of which several tenants have brought a copy.
    of_several: FxHashSet<ClassId>,
    /// Copies of classes that a search path hides, as problems.
    pub problems: Vec<Problem>,
}

/// Whether classes under `prefix` belong to a search path element; versioned ones of a multi-release archive do, the
/// reader has left out those that don't count.
fn is_below(prefix: &str, element: &str) -> bool {
    prefix.strip_prefix(element).is_some_and(|rest| rest.is_empty() || rest.starts_with("META-INF/versions/"))
}

/// What is known of a loader's search path while it is walked.
struct Path<'p> {
    defined: FxHashMap<Name, ClassId>,
    left_out: Option<&'p FxHashSet<Name>>,
    twice: &'p mut Vec<(ClassId, usize)>,
}

/// At most so many hidden copies are listed one by one.
const MAX_LISTED_DUPLICATES: usize = 20;

impl<'f> Program<'f> {
    /// Links a deployment's classes. `archive_paths` are the archives' display names, for problems.
    pub fn link(
        facts: &'f Facts,
        topology: &'f Topology,
        archive_paths: &dyn Fn(usize) -> String,
        parallel: &impl Parallel,
    ) -> Self {
        let mut program = Self {
            facts,
            topology,
            classes: Vec::new(),
            n_methods: 0,
            n_fields: 0,
            jdk_classes: 0..0,
            method_class: Vec::new(),
            field_class: Vec::new(),
            interface_ids: Vec::new(),
            defined: Vec::new(),
            views: Vec::new(),
            refs: Vec::new(),
            name_kinds: NameKinds::of(&facts.names, parallel),
            declared: Declared::default(),
            clone_name: facts.names.find("clone"),
            init_name: facts.names.find("<init>"),
            clinit_name: facts.names.find("<clinit>"),
            cut_short: FxHashSet::default(),
            of_several: FxHashSet::default(),
            problems: Vec::new(),
        };
        let twice = program.define_all(&Hidden::default());
        let hidden = hidden_by_others(&program);
        let twice = if hidden.is_empty() { twice } else { program.define_all(&hidden) };
        program.report_twice(twice, archive_paths);
        program.report_hidden(&hidden, archive_paths);
        program.classes.shrink_to_fit();
        program.method_class.shrink_to_fit();
        program.field_class.shrink_to_fit();
        let loaders = (0..topology.loaders.len()).map(LoaderId::from_index);
        program.views = loaders.clone().map(|l| program.view_of(l, parallel)).collect();
        program.link_supertypes(archive_paths);
        program.declared = Declared::of(&program, parallel);
        program.refs = loaders.map(|l| RefTable::resolve(&program, l, parallel)).collect();
        program
    }

    /// Walks each loader's search path; of two copies of a class the first one counts. Leaves out what is hidden. Gives the
    /// classes of which a path has a further copy, with its archive.
    fn define_all(&mut self, left_out: &Hidden) -> Vec<(ClassId, usize)> {
        self.classes.clear();
        self.method_class.clear();
        self.field_class.clear();
        self.defined.clear();
        self.of_several.clear();
        (self.n_methods, self.n_fields) = (0, 0);
        let mut units_of = FxHashMap::<usize, Vec<usize>>::default();
        for part in &self.facts.parts {
            units_of.entry(part.archive).or_default().push(part.unit);
        }
        let mut twice = Vec::new();
        for (l, loader) in self.topology.loaders.iter().enumerate() {
            let mut path =
                Path { defined: FxHashMap::default(), left_out: left_out.of(l), twice: &mut twice };
            let first = self.classes.len() as u32;
            for (e, element) in loader.path.iter().enumerate() {
                for unit in units_of.get(&element.archive).map_or(&[][..], Vec::as_slice) {
                    self.define_unit(*unit, LoaderId::from_index(l), e, element, &mut path);
                }
            }
            if LoaderId::from_index(l) == self.topology.jdk {
                self.jdk_classes = first..self.classes.len() as u32;
            }
            self.defined.push(path.defined);
        }
        twice
    }

    fn define_unit(
        &mut self,
        unit: usize,
        loader: LoaderId,
        e: usize,
        element: &PathElement,
        path: &mut Path<'_>,
    ) {
        let facts = &self.facts.units[unit];
        for (row, class) in facts.classes.iter().enumerate() {
            if class.prefix == NO_NAME || !is_below(self.facts.names.text(class.prefix), &element.prefix) {
                continue;
            }
            if path.left_out.is_some_and(|names| names.contains(&class.name)) {
                continue;
            }
            let id = ClassId::from_index(self.classes.len());
            if let Some(first) = path.defined.get(&class.name) {
                if self.classes[first.index()].element as usize != e {
                    path.twice.push((*first, element.archive));
                    if self.element_of(*first).tenant != element.tenant {
                        self.of_several.insert(*first);
                    }
                }
                continue;
            }
            path.defined.insert(class.name, id);
            self.classes.push(Class {
                unit: UnitId::from_index(unit),
                row: row as u32,
                loader,
                element: e as u32,
                super_class: NO_CLASS,
                interfaces: Span::default(),
                has_phantom: false,
                first_method: self.n_methods as u32,
                first_field: self.n_fields as u32,
                method_row: class.methods.start,
                field_row: class.fields.start,
            });
            self.n_methods += class.methods.len as usize;
            self.n_fields += class.fields.len as usize;
            self.method_class.resize(self.n_methods, id);
            self.field_class.resize(self.n_fields, id);
        }
    }

    fn report_twice(&mut self, mut twice: Vec<(ClassId, usize)>, archive_paths: &dyn Fn(usize) -> String) {
        // A jar may be named itself, and lie in a folder that is named as well.
        let mut is_same = FxHashMap::<(usize, usize), bool>::default();
        twice.retain(|(first, archive)| {
            let pair = (self.archive_of(*first), *archive);
            let same = is_same.entry(pair).or_insert_with(|| archive_paths(pair.0) == archive_paths(pair.1));
            !*same
        });
        let n_more = twice.len().saturating_sub(MAX_LISTED_DUPLICATES);
        for (first, archive) in twice.iter().take(MAX_LISTED_DUPLICATES) {
            let message =
                format!("the copy in {} comes first and counts", archive_paths(self.archive_of(*first)));
            let entry = format!("{}.class", self.class_name(*first));
            self.problems.push(Problem::new(
                ProblemCode::DuplicateClass,
                &archive_paths(*archive),
                &entry,
                message,
            ));
        }
        if let (1.., Some((_, archive))) = (n_more, twice.last()) {
            let message = format!("and {n_more} more classes that a search path holds twice");
            self.problems.push(Problem::new(
                ProblemCode::DuplicateClass,
                &archive_paths(*archive),
                "",
                message,
            ));
        }
    }

    /// Tells of each archive on whose classes a module can't count, because its loader takes them from another one.
    fn report_hidden(&mut self, hidden: &Hidden, archive_paths: &dyn Fn(usize) -> String) {
        for (archive, n, loader) in hidden.by_archive(self) {
            let (asking, yields) = loader;
            let message = format!(
                "{n} of its classes never count: {asking} takes them from {yields}, which it asks first"
            );
            let archive = archive_paths(archive);
            self.problems.push(Problem::new(ProblemCode::DuplicateClass, &archive, "", message));
        }
    }

    /// The class that a loader itself defines.
    pub fn defined_by(&self, loader: LoaderId, name: Name) -> Option<ClassId> {
        self.defined.get(loader.index())?.get(&name).copied()
    }

    /// The names of the classes that a loader itself defines, in no order.
    pub(super) fn defined_names(&self, loader: LoaderId) -> impl Iterator<Item = (Name, ClassId)> + '_ {
        self.defined.get(loader.index()).into_iter().flatten().map(|(name, class)| (*name, *class))
    }

    /// Number of classes a loader defines.
    pub fn n_defined(&self, loader: LoaderId) -> usize {
        self.defined.get(loader.index()).map_or(0, FxHashMap::len)
    }

    /// What the references of a loader's classes resolve to.
    #[inline]
    pub fn refs(&self, loader: LoaderId) -> &RefTable {
        &self.refs[loader.index()]
    }

    /// A class. The id must be of this program and not [`NO_CLASS`].
    #[inline]
    pub fn class(&self, id: ClassId) -> &Class {
        &self.classes[id.index()]
    }

    /// The unit that holds a class's facts.
    #[inline]
    pub fn unit(&self, id: ClassId) -> &'f UnitFacts {
        &self.facts.units[self.class(id).unit.index()]
    }

    /// A class's facts.
    #[inline]
    pub fn class_facts(&self, id: ClassId) -> &'f ClassFacts {
        &self.unit(id).classes[self.class(id).row as usize]
    }

    /// Internal name.
    pub fn class_name(&self, id: ClassId) -> &'f str {
        self.facts.names.text(self.class_facts(id).name)
    }

    /// The archive a class comes from.
    pub fn archive_of(&self, id: ClassId) -> usize {
        self.element_of(id).archive
    }

    /// Whether this is the name of constructors (JVMS 2.9.1).
    pub fn is_constructor(&self, name: Name) -> bool {
        self.init_name == Some(name)
    }

    /// Whether this is the name of class initialisers (JVMS 2.9.2).
    pub fn is_class_initializer(&self, name: Name) -> bool {
        self.clinit_name == Some(name)
    }

    /// Text of a name.
    pub fn text(&self, name: Name) -> &'f str {
        self.facts.names.text(name)
    }

    /// Whether one of these annotations may be for a container or framework.
    pub fn is_marked(&self, annotations: &[Annotation]) -> bool {
        annotations.iter().any(|annotation| !self.text(annotation.desc).starts_with(OF_LANGUAGE))
    }

    /// The class that declares a method.
    #[inline]
    pub fn class_of_method(&self, id: MethodId) -> ClassId {
        self.method_class[id.index()]
    }

    /// The class that declares a field.
    #[inline]
    pub fn class_of_field(&self, id: FieldId) -> ClassId {
        self.field_class[id.index()]
    }

    /// A method's facts.
    pub fn method(&self, id: MethodId) -> &'f MethodFacts {
        let class = self.class(self.class_of_method(id));
        let row = class.method_row + (id.0 - class.first_method);
        &self.facts.units[class.unit.index()].methods[row as usize]
    }

    /// A field's facts.
    pub fn field(&self, id: FieldId) -> &'f FieldFacts {
        let class = self.class(self.class_of_field(id));
        let row = class.field_row + (id.0 - class.first_field);
        &self.facts.units[class.unit.index()].fields[row as usize]
    }

    /// The methods a class declares, with their facts.
    #[inline]
    pub fn methods_of(&self, id: ClassId) -> impl Iterator<Item = (MethodId, &'f MethodFacts)> + use<'f> {
        let first = self.class(id).first_method;
        let rows = self.class_facts(id).methods.of(&self.unit(id).methods);
        rows.iter().enumerate().map(move |(i, m)| (MethodId(first + i as u32), m))
    }

    /// The fields a class declares, with their facts.
    pub fn fields_of(&self, id: ClassId) -> impl Iterator<Item = (FieldId, &'f FieldFacts)> + use<'f> {
        let first = self.class(id).first_field;
        let rows = self.class_facts(id).fields.of(&self.unit(id).fields);
        rows.iter().enumerate().map(move |(i, f)| (FieldId(first + i as u32), f))
    }

    /// Direct superinterfaces that were found.
    pub fn interfaces(&self, id: ClassId) -> &[ClassId] {
        self.class(id).interfaces.of(&self.interface_ids)
    }

    /// Superclass and direct superinterfaces that were found.
    pub fn supers(&self, id: ClassId) -> impl Iterator<Item = ClassId> + '_ {
        let super_class = Some(self.class(id).super_class).filter(|s| *s != NO_CLASS);
        super_class.into_iter().chain(self.interfaces(id).iter().copied())
    }

    /// The place on a search path a class was found at.
    pub fn element_of(&self, id: ClassId) -> &'f PathElement {
        let class = self.class(id);
        &self.topology.loaders[class.loader.index()].path[class.element as usize]
    }

    /// The tenant on whose class path a class lies; `None` for the JDK's.
    pub fn tenant_of(&self, id: ClassId) -> Option<TenantId> {
        let class = self.class(id);
        if class.loader == self.topology.jdk { None } else { Some(self.element_of(id).tenant) }
    }

    /// Whether a method is a setter that only its own Scala class or trait calls, though scalac makes it public.
    pub fn is_private_setter(&self, id: MethodId) -> bool {
        self.name_kinds.is_private_setter(self.method(id).name)
    }

    /// Whether a descriptor is that of a method that returns nothing.
    pub fn is_void(&self, desc: Name) -> bool {
        self.name_kinds.is_void(desc)
    }

    /// Whether several tenants have brought a copy of a class, of which the first is the class of all.
    pub fn is_of_several(&self, id: ClassId) -> bool {
        self.of_several.contains(&id)
    }

    /// Whether a class is the JDK's.
    #[inline]
    pub fn is_jdk(&self, id: ClassId) -> bool {
        self.jdk_classes.contains(&id.0)
    }

    /// Whether the class is defined by a loader that two or more tenants use, the JDK's excepted.
    pub fn is_shared(&self, id: ClassId) -> bool {
        let loader = self.class(id).loader;
        loader != self.topology.jdk && self.topology.loaders[loader.index()].is_shared
    }

    /// Whether the class is an application's own code rather than a library's.
    pub fn is_application(&self, id: ClassId) -> bool {
        !self.is_jdk(id) && self.element_of(id).role == Role::Application
    }
}
