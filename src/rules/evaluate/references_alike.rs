//! References that fail alike: what a view lacks of one archive has one cause, and is told once if it is much.

use super::context::Context;
use super::grouping::Told;
use super::matches::{Match, Subject};
use super::references::ReferenceId;
use super::references_text;
use super::trace::simple_name;
use crate::findings::{Certainty, Finding, Severity};
use crate::program::FailureKind;
use crate::rules::rule::Slot;
use std::collections::BTreeMap;

/// So many findings of one cause each stand for themselves.
const MAX_ALONE: usize = 10;

/// What findings of one rule have in common that one step mends: who asks, the archive that has what is wanted or that
/// has something else, what happens, and how bad and sure it is.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Cause {
    tenants: Vec<String>,
    loader: String,
    archive: usize,
    error: &'static str,
    weight: (Severity, Certainty),
}

fn cause(cx: &Context<'_>, found: &Match, finding: &Finding) -> Option<Cause> {
    let Subject::Reference(id) = found.subject else { return None };
    let row = cx.references.row(id)?;
    let is_missing = row.failure.kind == FailureKind::MissingClass;
    let archive = match row.archive.filter(|_| is_missing) {
        Some(archive) => archive,
        None => cx.world.program.archive_of(references_text::found(cx, id)?),
    };
    Some(Cause {
        tenants: finding.tenants.clone(),
        loader: finding.loader.clone(),
        archive,
        error: row.failure.kind.error(),
        weight: (finding.severity, finding.certainty),
    })
}

/// The findings of a rule about references, those of one cause joined if they are many: the first tells how many there
/// are, and has the others beside it.
pub(super) fn joined(cx: &Context<'_>, found: Vec<Told<'_>>) -> Vec<Finding> {
    let mut causes = BTreeMap::<Cause, Vec<(&Match, Finding)>>::new();
    let mut all = Vec::new();
    for (m, finding) in found {
        match cause(cx, m, &finding) {
            Some(cause) => causes.entry(cause).or_default().push((m, finding)),
            None => all.push(finding),
        }
    }
    for (cause, group) in causes {
        let n_others = group.len() - 1;
        let mut group = group.into_iter();
        if n_others < MAX_ALONE {
            all.extend(group.map(|(_, finding)| finding));
            continue;
        }
        let Some((_, mut main)) = group.next() else { continue };
        let file =
            cx.world.archives.get(cause.archive).map(|a| a.path.rsplit('/').next().unwrap_or_default());
        let file = file.unwrap_or_default();
        main.message
            .push_str(&format!(" The same happens at {n_others} more places with classes of {file}."));
        main.related.extend(group.map(|(m, other)| {
            let said = said(cx, m, &other);
            (other.location, said)
        }));
        all.push(main);
    }
    all
}

/// `Registry.find: Entry.of(String)`
fn said(cx: &Context<'_>, found: &Match, finding: &Finding) -> String {
    let class = simple_name(&finding.class.replace('.', "/"));
    let at = match finding.member.as_str() {
        "" => class,
        member => format!("{class}.{member}"),
    };
    let target = match found.subject {
        Subject::Reference(id) => target(cx, id),
        _ => None,
    };
    target.map_or(at.clone(), |target| format!("{at}: {target}"))
}

fn target(cx: &Context<'_>, id: ReferenceId) -> Option<String> {
    references_text::slot(cx, id, Slot::Target)
}
