//! What a finding says of a reference that fails.

use super::context::Context;
use super::finding::and_list;
use super::references::ReferenceId;
use super::trace::simple_name;
use crate::facts::NO_NAME;
use crate::program::FailureKind;
use crate::program::link::NO_CLASS;
use crate::rules::rule::Slot;
use crate::vocabulary::descriptor::{TypeDesc, binary_name, human, params};
use crate::vocabulary::{ClassId, Name, TenantId};

/// What a placeholder stands for; `None` for those that are the same at every site.
pub(super) fn slot(cx: &Context<'_>, id: ReferenceId, slot: Slot) -> Option<String> {
    let row = cx.references.row(id)?;
    match slot {
        Slot::Target => Some(target(cx, id)),
        Slot::Named => Some(binary_name(&class_text(cx, id))),
        Slot::Type => Some(simple_name(&class_text(cx, id))),
        Slot::Error => Some(row.failure.kind.error().to_owned()),
        Slot::Found => Some(archive(cx, row.failure.found)),
        Slot::Needs => Some(needs(cx, id)),
        Slot::Missing => Some(match &row.package {
            Some(package) => missing(&package.name, package.classes.len()),
            None => "a class".to_owned(),
        }),
        Slot::Holder if row.holders.is_empty() => {
            Some(cx.world.program.tenant_of(found(cx, id)?).map_or("nobody".to_owned(), |t| name(cx, t)))
        }
        Slot::Holder => {
            let names: Vec<String> = row.holders.iter().map(|t| name(cx, *t)).collect();
            Some(and_list(&names))
        }
        _ => None,
    }
}

/// What the last step to it says.
pub(super) fn step(cx: &Context<'_>, id: ReferenceId) -> String {
    let Some(row) = cx.references.row(id) else { return String::new() };
    let error = row.failure.kind.error();
    let name = simple_name(&class_text(cx, id));
    match (relation(cx, id), row.failure.kind) {
        (Some(Relation { verb, class, is_super: true }), FailureKind::MissingClass) => {
            format!("{verb} {class}, whose supertype {name} is missing: {error}")
        }
        (Some(Relation { verb, class, is_super: false }), FailureKind::MissingClass) => {
            format!("{verb} {class}, which catches {name}, which is missing: {error}")
        }
        (Some(_), FailureKind::LoaderConstraint) | (None, _) => format!("needs {}: {error}", target(cx, id)),
        (Some(Relation { verb, class, .. }), _) => {
            format!("{verb} {class}, whose supertype {name} does not fit: {error}")
        }
    }
}

/// How code comes to need what a class needs that can't be loaded or linked.
struct Relation {
    verb: &'static str,
    /// That class, simple name.
    class: String,
    /// Whether it needs it as a supertype.
    is_super: bool,
}

fn relation(cx: &Context<'_>, id: ReferenceId) -> Option<Relation> {
    let row = cx.references.row(id)?;
    let program = cx.world.program;
    let broken = Some(row.failure.broken).filter(|class| *class != NO_CLASS)?;
    let facts = program.class_facts(broken);
    let name = row.failure.name;
    let is_super =
        facts.super_name == name || facts.interfaces.of(&program.unit(broken).lists).contains(&name);
    let verb = if cx.references.user(id) == Some(broken) { "belongs to" } else { "loads" };
    Some(Relation { verb, class: simple_name(program.class_name(broken)), is_super })
}

/// What code does to need a missing class.
fn needs(cx: &Context<'_>, id: ReferenceId) -> String {
    let name = binary_name(&class_text(cx, id));
    match relation(cx, id) {
        None => format!("needs `{name}`"),
        Some(Relation { verb, class, is_super }) => {
            let how = if is_super { "whose supertype is" } else { "which catches" };
            format!("{verb} `{class}`, {how} `{name}`")
        }
    }
}

/// `3 classes of `com.acme.shop``.
fn missing(package: &str, n_classes: usize) -> String {
    let plural = if n_classes == 1 { "class" } else { "classes" };
    match package {
        "" => format!("{n_classes} {plural} of the unnamed package"),
        _ => format!("{n_classes} {plural} of `{}`", binary_name(package)),
    }
}

/// What tells it from other findings of a method, whatever the archives' versions.
pub(super) fn anchor(cx: &Context<'_>, id: ReferenceId) -> String {
    let Some(row) = cx.references.row(id) else { return String::new() };
    let program = cx.world.program;
    match row.member.map(|m| program.facts.members.get(m)) {
        Some(m) => format!("{}.{}{}", program.text(m.owner), program.text(m.name), program.text(m.desc)),
        None if row.package.is_some() => row.package.as_ref().map_or(String::new(), |p| p.name.clone()),
        None => match row.unimplemented {
            Some(method) => format!("{} {}", class_text(cx, id), program.text(program.method(method).name)),
            None => class_text(cx, id),
        },
    }
}

/// The class that was found and does not do; of what is unimplemented, the one that asks for it.
pub(super) fn found(cx: &Context<'_>, id: ReferenceId) -> Option<ClassId> {
    let row = cx.references.row(id)?;
    let declaring = row.unimplemented.map(|m| cx.world.program.class_of_method(m));
    Some(declaring.unwrap_or(row.failure.found)).filter(|c| *c != NO_CLASS)
}

fn name(cx: &Context<'_>, tenant: TenantId) -> String {
    cx.world.program.topology.tenant(tenant).map_or(String::new(), |t| t.name.clone())
}

/// The class that a failure is about: the missing one, the one that loaders disagree about, else the one that was found.
fn class_text(cx: &Context<'_>, id: ReferenceId) -> String {
    let Some(row) = cx.references.row(id) else { return String::new() };
    if row.failure.name != NO_NAME {
        return cx.world.program.text(row.failure.name).to_owned();
    }
    let class = row.failure.found;
    if class == NO_CLASS { String::new() } else { cx.world.program.class_name(class).to_owned() }
}

/// `Price.of(String)`, `Price.amount`, `new Price()`; the class if it is that which fails.
fn target(cx: &Context<'_>, id: ReferenceId) -> String {
    let Some(row) = cx.references.row(id) else { return String::new() };
    let program = cx.world.program;
    if let Some(m) = row.member {
        let m = program.facts.members.get(m);
        return member(cx, program.text(m.owner), m.name, m.desc);
    }
    if let Some(method) = row.unimplemented {
        let (owner, facts) = (program.class_name(program.class_of_method(method)), program.method(method));
        return member(cx, owner, facts.name, facts.desc);
    }
    let broken = row.failure.broken;
    // Two loaders disagree about a type of its methods, which says less than it.
    if broken != NO_CLASS && row.failure.kind == FailureKind::LoaderConstraint {
        simple_name(program.class_name(broken))
    } else {
        simple_name(&class_text(cx, id))
    }
}

fn member(cx: &Context<'_>, owner: &str, name: Name, desc: Name) -> String {
    let (name, desc) = (cx.world.program.text(name), cx.world.program.text(desc));
    let owner = simple_name(owner);
    if !desc.starts_with('(') {
        return format!("{owner}.{name}");
    }
    let simple = |p: TypeDesc<'_>| {
        let text = human(p.0);
        text.rsplit('.').next().unwrap_or_default().replace('$', ".")
    };
    let list: Vec<String> = params(desc).map(simple).collect();
    match name {
        "<init>" => format!("new {owner}({})", list.join(", ")),
        _ => format!("{owner}.{name}({})", list.join(", ")),
    }
}

/// The file that a class comes from.
fn archive(cx: &Context<'_>, class: ClassId) -> String {
    if class == NO_CLASS {
        return "no archive".to_owned();
    }
    let archive = cx.world.archives.get(cx.world.program.archive_of(class));
    archive.map_or(String::new(), |a| a.path.rsplit('/').next().unwrap_or_default().to_owned())
}
