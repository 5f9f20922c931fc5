//! Objects that a container makes, keeps and destroys.

use crate::dataflow::World;
use crate::dataflow::remembered::Remembered;
use crate::facts::{Annotation, EventKind};
use crate::vocabulary::descriptor::return_type;
use crate::vocabulary::{ClassId, MethodId, Name};
use rustc_hash::FxHashSet;

/// Which annotations make beans, and what else is asked of methods that make objects.
pub(in crate::dataflow) struct Beans {
    annotations: FxHashSet<Name>,
    /// Those of beans that are made more than once.
    scopes: FxHashSet<Name>,
    /// Whether a method yields a parameter, so many calls deep.
    pub(super) passing: Remembered<(MethodId, u16, u32), bool>,
}

/// The name of the scope whose beans no container destroys.
const NEVER_DESTROYED: &str = "prototype";
/// Annotations on annotations are followed so far: a company's own stereotype, and one made from that.
const MAX_META: u32 = 3;
/// Subtypes of a bean's declared type that are looked at.
const MAX_SUBTYPES: usize = 32;

impl Beans {
    pub(in crate::dataflow) fn new(world: &World<'_>) -> Self {
        let names = &world.program.facts.names;
        let named = |known: &[String]| known.iter().filter_map(|a| names.find(&format!("L{a};"))).collect();
        let tables = &world.knowledge.tables;
        Self {
            annotations: named(&tables.bean_annotations),
            scopes: named(&tables.bean_scopes),
            passing: Remembered::default(),
        }
    }

    /// Whether the program names any annotation that makes beans.
    pub(super) fn are_known(&self) -> bool {
        !self.annotations.is_empty()
    }

    /// The classes of which a container makes one object for all who ask it, and those that bean methods make.
    pub(in crate::dataflow) fn single(&self, world: &World<'_>) -> Vec<ClassId> {
        let program = world.program;
        let mut single = Vec::new();
        for class in (0..program.classes.len()).map(ClassId::from_index).filter(|c| !program.is_jdk(*c)) {
            let unit = program.unit(class);
            let is_scoped =
                |annotations: &[Annotation]| annotations.iter().any(|a| self.scopes.contains(&a.desc));
            let facts = program.class_facts(class);
            if !facts.access.is_interface()
                && self.is_bean_class(world, class)
                && !is_scoped(facts.annotations.of(&unit.annotations))
            {
                single.push(class);
            }
            for (id, method) in program.methods_of(class) {
                let annotations = unit.annotations_of(method);
                if !annotations.is_empty() && self.is_bean_method(world, id) && !is_scoped(annotations) {
                    single.extend(self.allocated_by(world, id));
                }
            }
        }
        single
    }

    /// The classes of the objects that a bean method allocates and returns.
    fn allocated_by(&self, world: &World<'_>, method: MethodId) -> Vec<ClassId> {
        let body = world.body(method);
        let loader = world.program.class(body.class).loader;
        let returns = body.origins.events().iter().filter(|e| e.kind == EventKind::Return);
        let values = returns.flat_map(|e| body.origins.args(e)).flat_map(|v| body.origins.leaves(*v));
        let made =
            values.filter_map(|leaf| body.origins.event(leaf)).filter(|(_, e)| e.kind == EventKind::New);
        let made = made.filter_map(|(_, e)| world.program.find(loader, e.name()?));
        made.filter(|class| !world.program.is_jdk(*class)).collect()
    }

    /// Whether a container makes a bean anew for each who asks, and never destroys it.
    pub(super) fn is_never_destroyed(&self, world: &World<'_>, class: ClassId) -> bool {
        let unit = world.program.unit(class);
        self.is_prototype(world, class, world.program.class_facts(class).annotations.of(&unit.annotations))
    }

    /// The same of what a bean method yields.
    pub(super) fn yields_prototypes(&self, world: &World<'_>, method: MethodId) -> bool {
        let class = world.program.class_of_method(method);
        let annotations = world.program.unit(class).annotations_of(world.program.method(method));
        self.is_prototype(world, class, annotations)
    }

    fn is_prototype(&self, world: &World<'_>, class: ClassId, annotations: &[Annotation]) -> bool {
        let unit = world.program.unit(class);
        annotations.iter().filter(|a| self.scopes.contains(&a.desc)).any(|scope| {
            let mut values = scope.values.of(&unit.annotation_values).iter();
            values.any(|v| world.program.text(v.text) == NEVER_DESTROYED)
        })
    }

    /// Whether a container makes objects of the class.
    pub(in crate::dataflow) fn is_bean_class(&self, world: &World<'_>, class: ClassId) -> bool {
        self.is_annotated(world, class, 0)
    }

    fn is_annotated(&self, world: &World<'_>, class: ClassId, depth: u32) -> bool {
        let unit = world.program.unit(class);
        let annotations = world.program.class_facts(class).annotations.of(&unit.annotations);
        annotations.iter().any(|a| self.annotations.contains(&a.desc))
            || depth < MAX_META
                && annotations.iter().any(|a| {
                    let loader = world.program.class(class).loader;
                    let desc = world.program.text(a.desc);
                    let ty = crate::vocabulary::descriptor::TypeDesc(desc).class();
                    let meta = ty.and_then(|t| world.program.find_text(loader, t));
                    meta.is_some_and(|m| !world.program.is_jdk(m) && self.is_annotated(world, m, depth + 1))
                })
    }

    /// Whether a container keeps a method's result.
    pub(in crate::dataflow) fn is_bean_method(&self, world: &World<'_>, method: MethodId) -> bool {
        let facts = world.program.method(method);
        let unit = world.program.unit(world.program.class_of_method(method));
        let mut annotations = unit.annotations_of(facts).iter();
        annotations.any(|a| self.annotations.contains(&a.desc))
            && world.program.text(facts.desc).ends_with(';')
    }

    /// Whether a container may have an object of the class. The constants of an enum make themselves: it has one only
    /// where a bean method hands it over.
    pub(super) fn may_be_made(&self, world: &World<'_>, class: ClassId) -> bool {
        let program = world.program;
        let hands_over = |at: ClassId, method: MethodId| {
            let result = return_type(program.text(program.method(method).desc)).class();
            let result = result.and_then(|name| program.find_text(program.class(at).loader, name));
            result.is_some_and(|r| program.is_subtype(class, r)) && self.is_bean_method(world, method)
        };
        let mut all = (0..program.classes.len()).map(ClassId::from_index).filter(|c| !program.is_jdk(*c));
        !program.class_facts(class).access.is_enum()
            || all.any(|at| program.methods_of(at).any(|(id, _)| hands_over(at, id)))
    }

    /// The classes of the objects that a bean method returns: those it allocates, else its result type with subtypes.
    pub(super) fn made_by(&self, world: &World<'_>, method: MethodId) -> Vec<ClassId> {
        let body = world.body(method);
        let loader = world.program.class(body.class).loader;
        let mut made = Vec::new();
        let mut is_exact = true;
        for event in body.origins.events().iter().filter(|e| e.kind == EventKind::Return) {
            for leaf in body.origins.args(event).iter().flat_map(|v| body.origins.leaves(*v)) {
                match body.origins.event(leaf) {
                    Some((_, e)) if e.kind == EventKind::New => {
                        made.extend(e.name().and_then(|n| world.program.find(loader, n)));
                    }
                    _ => is_exact = false,
                }
            }
        }
        if !is_exact || made.is_empty() {
            let desc = return_type(world.program.text(body.method.desc));
            if let Some(class) = desc.class().and_then(|c| world.program.find_text(loader, c)) {
                made.extend(world.hierarchy.closure(class).into_iter().take(MAX_SUBTYPES));
            }
        }
        made.retain(|class| !world.program.is_jdk(*class));
        made.sort_unstable();
        made.dedup();
        made
    }

    /// The methods that a container calls to destroy a bean, as far as the deployment's own classes have them.
    pub(super) fn destroy_methods(
        &self,
        world: &World<'_>,
        method: MethodId,
        annotation: &Annotation,
        element: &str,
        inferred: &[String],
    ) -> Vec<MethodId> {
        let named = destroy_name(world, method, annotation, element);
        let mut found = Vec::new();
        for class in self.made_by(world, method) {
            found.extend(match &named {
                Some(name) => without_arguments(world, class, name),
                None => inferred.iter().find_map(|name| without_arguments(world, class, name)),
            });
        }
        found
    }
}

/// What an annotation's element says; `None` if it is absent.
pub(super) fn destroy_name(
    world: &World<'_>,
    method: MethodId,
    annotation: &Annotation,
    element: &str,
) -> Option<String> {
    let unit = world.program.unit(world.program.class_of_method(method));
    let mut values = annotation.values.of(&unit.annotation_values).iter();
    let value = values.find(|v| world.program.text(v.key) == element)?;
    Some(world.program.text(value.text).to_owned())
}

/// The public method of that name without parameters that a class has or inherits.
fn without_arguments(world: &World<'_>, class: ClassId, name: &str) -> Option<MethodId> {
    let mut waiting = vec![class];
    let mut seen: Vec<ClassId> = Vec::new();
    while let Some(at) = waiting.pop() {
        if seen.contains(&at) || world.program.is_jdk(at) {
            continue;
        }
        seen.push(at);
        let found = world.program.methods_of(at).find(|(_, m)| {
            m.has_body
                && m.access.is_public()
                && world.program.text(m.name) == name
                && world.program.text(m.desc).starts_with("()")
        });
        if let Some((id, _)) = found {
            return Some(id);
        }
        waiting.extend(world.program.supers(at));
    }
    None
}
