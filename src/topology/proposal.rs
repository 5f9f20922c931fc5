//! The configuration that a user may paste where content does not say which application is the base.

use super::layout::{Tree, module_name};
use crate::facts::ArchiveFacts;
use std::fmt::Write as _;

/// Modules that are written down; a longer line nobody pastes.
const MAX_MODULES: usize = 20;

/// What to write into which file so that one of the applications is the base: the one with the most libraries. `None`
/// if an application lies in an archive, where a configuration can't name it.
pub(super) fn proposal(tree: &Tree<'_>, boots: &[usize], modules: &[usize]) -> Option<String> {
    let most = boots.iter().copied().rev().max_by_key(|&boot| tree.children(boot).len())?;
    let others = boots.iter().filter(|&&boot| boot != most).chain(modules);
    let others: Vec<usize> = others.copied().take(MAX_MODULES).collect();
    let all: Vec<&ArchiveFacts> =
        std::iter::once(most).chain(others.iter().copied()).map(|i| tree.facts(i)).collect::<Option<_>>()?;
    let folder = common_folder(tree, &all)?;
    let path = |facts: &ArchiveFacts| match folder {
        Some(_) => scalar(&facts.entry_in_parent),
        None => scalar(&facts.path),
    };
    let (base, modules) = all.split_first()?;
    let mut text = format!("{{base: [{}], modules: {{", path(base));
    for (i, module) in modules.iter().enumerate() {
        let comma = if i == 0 { "" } else { ", " };
        // Names in the configuration are unique; the one that a module goes by need not be.
        let name = module_name(module);
        let rank = modules.iter().take(i).filter(|other| module_name(other) == name).count() + 1;
        let name = if rank == 1 { name.to_owned() } else { format!("{name}-{rank}") };
        let _ = write!(text, "{comma}{}: {}", scalar(&name), path(module));
    }
    let file = folder.map_or_else(String::new, |folder| format!("{}/", folder.path.trim_end_matches('/')));
    Some(format!("`{text}}}}}` in {file}cotenant.yaml"))
}

/// The one folder that holds all of the archives, or nothing if each was named itself; `None` if neither is so.
fn common_folder<'a>(tree: &Tree<'a>, all: &[&ArchiveFacts]) -> Option<Option<&'a ArchiveFacts>> {
    let parent = all.first()?.parent;
    let folder = parent.and_then(|parent| tree.facts(parent));
    let is_one = all.iter().all(|facts| facts.parent == parent) && folder.is_none_or(|f| f.is_folder);
    is_one.then_some(folder)
}

/// A text as a YAML scalar: plain where nothing in it can mean anything else.
fn scalar(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '/' | '_' | '-' | '+');
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '.');
    match begins && text.chars().all(is_plain) {
        true => text.to_owned(),
        false => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::scalar;

    #[test]
    fn what_could_mean_something_else_is_quoted() {
        assert_eq!(scalar("modules/billing-1.2.jar"), "modules/billing-1.2.jar");
        assert_eq!(scalar("our apps/a, b.jar"), "\"our apps/a, b.jar\"");
        assert_eq!(scalar("C:\\apps\\a.jar"), "\"C:\\\\apps\\\\a.jar\"");
        assert_eq!(scalar("12"), "\"12\"");
    }
}
