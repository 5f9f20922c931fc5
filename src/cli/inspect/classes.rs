//! Classes and members by the names people give them, and `inspect class`.

use super::{Answer, class_label, loader_name};
use crate::cli::plan::PlanError;
use crate::engine::View;
use crate::facts::{MemberRef, UnitFacts, display};
use crate::program::Program;
use crate::vocabulary::descriptor::binary_name;
use crate::vocabulary::{ClassId, LoaderId, MemberRefId, Name};
use std::collections::BTreeSet;
use std::fmt::Write;

/// Similar names that are suggested.
const MAX_SUGGESTED: usize = 3;
/// How alike the last parts of names must be to be suggested, of 1.
const ALIKE: f64 = 0.85;

/// All classes of this name, one for each loader that defines one.
///
/// # Errors
/// If no loader does; similar names are suggested.
pub(super) fn named(program: &Program<'_>, name: &str) -> Result<Vec<ClassId>, PlanError> {
    let internal = name.replace('.', "/");
    let found: Vec<ClassId> = match program.facts.names.find(&internal) {
        Some(name) => {
            let loaders = (0..program.topology.loaders.len()).map(LoaderId::from_index);
            loaders.filter_map(|loader| program.defined_by(loader, name)).collect()
        }
        None => Vec::new(),
    };
    if found.is_empty() { Err(no_class(program, name, &internal)) } else { Ok(found) }
}

fn no_class(program: &Program<'_>, name: &str, internal: &str) -> PlanError {
    let simple = |name: &str| name.rsplit(['/', '$', '.']).next().unwrap_or(name).to_lowercase();
    let wanted = simple(internal);
    // Names of one package are all alike, so the last part alone counts, and the rest among equals.
    let likeness = |other: &str| {
        let whole = strsim::jaro_winkler(internal, other);
        let last = strsim::jaro(&wanted, &simple(other));
        if last > ALIKE { last + whole } else { 0.0 }
    };
    let mut alike: Vec<(f64, String)> = (0..program.classes.len())
        .map(|i| program.class_name(ClassId::from_index(i)))
        .map(|other| (likeness(other), binary_name(other)))
        .filter(|(likeness, _)| *likeness > 0.0)
        .collect();
    alike.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let mut seen = BTreeSet::new();
    let names: Vec<String> =
        alike.into_iter().map(|(_, name)| name).filter(|n| seen.insert(n.clone())).collect();
    let help = match names.as_slice() {
        [] => "name it as Java does at run time: package.Outer$Nested".to_owned(),
        names => format!("did you mean {}?", names[..names.len().min(MAX_SUGGESTED)].join(", ")),
    };
    PlanError::Usage(format!("no loader defines a class {name}"), help)
}

/// A member as it was named: class, name, and the descriptor if one was given.
pub(super) struct MemberName<'n> {
    pub(super) class: &'n str,
    pub(super) name: &'n str,
    pub(super) desc: Option<&'n str>,
}

impl<'n> MemberName<'n> {
    /// `a.B.run`, `a/B.run(I)V`, `a.B.<init>`.
    ///
    /// # Errors
    /// If it names no class.
    pub(super) fn parse(text: &'n str) -> Result<Self, PlanError> {
        let (path, desc) = match text.find('(') {
            Some(at) => (&text[..at], Some(&text[at..])),
            None => (text, None),
        };
        let parts = path.rsplit_once('.').filter(|(class, name)| !class.is_empty() && !name.is_empty());
        let Some((class, name)) = parts else {
            let help = "write CLASS.MEMBER, such as com.acme.Registry.put".to_owned();
            return Err(PlanError::Usage(format!("`{text}` names no member"), help));
        };
        Ok(Self { class, name, desc })
    }

    /// Whether a member has this name and, if one was given, this descriptor.
    pub(super) fn fits(&self, program: &Program<'_>, name: Name, desc: Name) -> bool {
        // A descriptor may be given without the return type, as people copy it.
        program.text(name) == self.name && self.desc.is_none_or(|given| program.text(desc).starts_with(given))
    }

    /// That no class has it.
    pub(super) fn missing<'m>(&self, what: &str, members: impl Iterator<Item = &'m str>) -> PlanError {
        let members: BTreeSet<&str> = members.collect();
        let list: Vec<&str> = members.into_iter().collect();
        let help = if list.is_empty() {
            format!("it has no {what}s")
        } else {
            format!("it has {}", list.join(", "))
        };
        PlanError::Usage(format!("{} declares no {what} {}", self.class, self.name), help)
    }
}

/// `inspect class`.
pub(super) fn show(view: &View<'_>, name: &str) -> Answer {
    let program = view.program;
    let members =
        (0..program.facts.members.bound()).map(|i| program.facts.members.get(MemberRefId::from_index(i)));
    // Settled units name members by the deployment's table; their own is empty then.
    let members: Vec<MemberRef> = members.collect();
    let mut out = String::new();
    for class in named(program, name)? {
        heading(view, class, &mut out);
        let unit = UnitFacts { member_refs: members.clone(), ..program.unit(class).clone() };
        out.push_str(&display::class(&unit, program.class_facts(class), &|name| program.text(name)));
        out.push('\n');
    }
    Ok(out)
}

/// Where a class is, and how others see it. Writing to a string does not fail.
fn heading(view: &View<'_>, class: ClassId, out: &mut String) {
    let program = view.program;
    let facts = program.class_facts(class);
    let loader = program.class(class).loader;
    let archive =
        view.arranged.archives.get(program.archive_of(class)).map_or("?", |facts| facts.path.as_str());
    let _ = writeln!(out, "# {} defined by {}", class_label(program, class), loader_name(program, loader));
    let _ = writeln!(out, "# from {archive}, class file version {}", facts.major);
    let mut traits = Vec::new();
    traits.extend(program.is_shared(class).then_some("shared by tenants"));
    traits.extend(program.is_application(class).then_some("application code"));
    traits.extend(program.class(class).has_phantom.then_some("a supertype is missing"));
    traits.extend(view.graphs.hierarchy.is_instantiated(class).then_some("instances exist"));
    if !traits.is_empty() {
        let _ = writeln!(out, "# {}", traits.join(", "));
    }
    let subtypes: Vec<String> =
        view.graphs.hierarchy.subtypes(class).iter().map(|sub| class_label(program, *sub)).collect();
    if !subtypes.is_empty() {
        let _ = writeln!(out, "# extended by {}", subtypes.join(", "));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_named_with_or_without_a_descriptor() {
        let parts = |text| MemberName::parse(text).map(|m| (m.class, m.name, m.desc)).ok();
        assert_eq!(parts("a.B.run"), Some(("a.B", "run", None)));
        assert_eq!(parts("a.B.<init>(La/C;)V"), Some(("a.B", "<init>", Some("(La/C;)V"))));
        assert_eq!(parts("run"), None);
        assert_eq!(parts(".run"), None);
    }
}
