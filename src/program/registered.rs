//! Shared classes of which a framework makes objects for a module: an annotation of the module's has it do so, or an
//! annotated method of the module's hands it an object that it makes, or a file of the module's names the class. What the framework then calls on the object runs for
//! the module.

use super::hierarchy::Hierarchy;
use super::link::{NO_CLASS, Program};
use super::origin::Origins;
use crate::facts::{EventKind, MethodFacts, NO_NAME};
use crate::vocabulary::descriptor::TypeDesc;
use crate::vocabulary::{ClassId, MethodId, Name, TenantId};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;

/// A class of which a framework makes objects for a module, because a file of the module's names it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Made {
    /// The class, shared or of a library that the module has.
    pub class: ClassId,
    /// The module.
    pub tenant: TenantId,
    /// Whether nobody else gets hold of the objects.
    pub is_kept: bool,
}

/// Annotations on annotations are followed so far.
const MAX_META: u32 = 3;

/// The shared classes of which a framework makes an object for a module, with the module; sorted. `imports` are the
/// internal names of annotations that name such classes.
pub(super) fn find(
    program: &Program<'_>,
    owner: &[Option<TenantId>],
    imports: &[String],
) -> Vec<(ClassId, TenantId)> {
    let imports: Vec<Name> =
        imports.iter().filter_map(|name| program.facts.names.find(&format!("L{name};"))).collect();
    let is_shared = |class: ClassId| !program.is_jdk(class) && owner[class.index()].is_none();
    let mut found = FxHashSet::default();
    let classes = (0..program.classes.len()).map(ClassId::from_index);
    for class in classes.filter(|class| program.is_application(*class)) {
        let Some(tenant) = owner[class.index()] else { continue };
        let mut waiting = vec![class];
        while let Some(class) = waiting.pop() {
            let mut named = Vec::new();
            imported(program, class, &imports, &mut FxHashSet::default(), (0, &mut named));
            for (_, method) in program.methods_of(class) {
                if method.has_body && program.is_marked(program.unit(class).annotations_of(method)) {
                    handed_over(program, class, method, &mut named);
                }
            }
            let new = named.into_iter().filter(|class| is_shared(*class) && found.insert((*class, tenant)));
            waiting.extend(new);
        }
    }
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_unstable();
    found
}

/// The methods of shared classes that run for some modules alone, with these: nothing but files of theirs names the
/// classes, and who makes the objects keeps them.
pub(super) fn methods_of_kept(
    program: &Program<'_>,
    hierarchy: &Hierarchy,
    made: &[Made],
) -> FxHashMap<MethodId, Vec<TenantId>> {
    let mut of_class = BTreeMap::<ClassId, Vec<TenantId>>::new();
    for Made { class, tenant, .. } in made.iter().filter(|made| made.is_kept && program.is_shared(made.class))
    {
        of_class.entry(*class).or_default().push(*tenant);
    }
    let is_loader_of = |tenant: &TenantId, loader| {
        program.topology.tenant(*tenant).is_some_and(|tenant| tenant.loader == loader)
    };
    of_class.retain(|class, tenants| {
        let named_by = hierarchy.only_named_by(*class).unwrap_or_default();
        !named_by.is_empty() && named_by.iter().all(|l| tenants.iter().any(|t| is_loader_of(t, *l)))
    });
    let mut found = FxHashMap::default();
    for class in of_class.keys() {
        let below = hierarchy.closure(*class).into_iter().filter(|c| hierarchy.is_instantiated(*c));
        let tenants: Option<Vec<&Vec<TenantId>>> = below.map(|class| of_class.get(&class)).collect();
        let Some(tenants) = tenants else { continue };
        let tenants: Vec<TenantId> = tenants.into_iter().flatten().copied().collect();
        for (id, method) in program.methods_of(*class).filter(|(_, m)| !m.access.is_static()) {
            if !program.is_constructor(method.name) {
                found.insert(id, tenants.clone());
            }
        }
    }
    found
}

/// The classes that annotations of a class name which have a framework make objects of them.
fn imported(
    program: &Program<'_>,
    class: ClassId,
    imports: &[Name],
    seen: &mut FxHashSet<ClassId>,
    (depth, found): (u32, &mut Vec<ClassId>),
) {
    if imports.is_empty() || !seen.insert(class) {
        return;
    }
    let unit = program.unit(class);
    let loader = program.class(class).loader;
    let named = |desc: Name| {
        let class =
            Some(desc).filter(|desc| *desc != NO_NAME).and_then(|d| TypeDesc(program.text(d)).class());
        class.and_then(|name| program.find_text(loader, name)).filter(|class| !program.is_jdk(*class))
    };
    for annotation in program.class_facts(class).annotations.of(&unit.annotations) {
        if imports.contains(&annotation.desc) {
            let values = annotation.values.of(&unit.annotation_values);
            found.extend(values.iter().filter_map(|value| named(value.text)));
        } else if depth < MAX_META
            && let Some(meta) = named(annotation.desc)
        {
            imported(program, meta, imports, seen, (depth + 1, &mut *found));
        }
    }
}

/// The classes of the objects that a method makes and returns.
fn handed_over(program: &Program<'_>, class: ClassId, method: &MethodFacts, found: &mut Vec<ClassId>) {
    let origins = Origins { unit: program.unit(class), method };
    let loader = program.class(class).loader;
    for event in origins.events().iter().filter(|e| e.kind == EventKind::Return) {
        let leaves = origins.args(event).iter().flat_map(|value| origins.leaves(*value));
        let made = leaves.filter_map(|leaf| origins.event(leaf)).filter(|(_, e)| e.kind == EventKind::New);
        found.extend(made.filter_map(|(_, e)| program.find(loader, e.name()?)));
    }
}

/// What a framework calls on an object of a class that it makes or is handed: constructors, what carries an annotation, and
/// what stands for a method of a supertype that is no JDK's.
pub(super) fn entries(program: &Program<'_>, class: ClassId) -> Vec<MethodId> {
    let mut found = Vec::new();
    let mut at = class;
    while at != NO_CLASS && !program.is_jdk(at) {
        let unit = program.unit(at);
        for (id, method) in program.methods_of(at).filter(|(_, m)| m.has_body && !m.access.is_synthetic()) {
            let is_constructor = at == class && program.is_constructor(method.name);
            let is_called = || {
                let is_selected =
                    method.access.is_static() || program.select(class, method.name, method.desc) == Some(id);
                is_selected
                    && (program.is_marked(unit.annotations_of(method))
                        || !method.access.is_static() && stands_for_known(program, class, method))
            };
            if is_constructor || is_called() {
                found.push(id);
            }
        }
        at = program.class(at).super_class;
    }
    found
}

/// Whether a supertype of a class that is no JDK's leaves a method to its subtypes.
fn stands_for_known(program: &Program<'_>, class: ClassId, method: &MethodFacts) -> bool {
    let mut waiting: Vec<ClassId> = program.supers(class).collect();
    let mut seen: FxHashSet<ClassId> = waiting.iter().copied().collect();
    while let Some(above) = waiting.pop() {
        if program.is_jdk(above) {
            continue;
        }
        let is_interface = program.class_facts(above).access.is_interface();
        let is_left = |m: &MethodFacts| m.access.is_abstract() || is_interface && !m.access.is_static();
        let mut methods = program.methods_of(above);
        if methods.any(|(_, m)| (m.name, m.desc) == (method.name, method.desc) && is_left(m)) {
            return true;
        }
        waiting.extend(program.supers(above).filter(|class| seen.insert(*class)));
    }
    false
}
