//! Files that a library packs for itself, known by what their names have in common.

use super::computed::{self, ANY};
use super::context::{Context, relative_to_class};
use crate::dataflow::Body;
use crate::facts::Event;

/// Letters that a name must have in common with what is packed, so that it tells the library's own from any other.
const MIN_LETTERS: usize = 3;
/// Folders in which every archive has something.
const COMMON: [&str; 2] = ["META-INF", "WEB-INF"];

/// Whether what is known of a resource's name fits files of the archive which holds the code that asks, and of no other
/// archive of the deployment: `"/native/" + os + "/lib" + name`.
pub(super) fn are_asked_for(cx: &Context<'_>, body: Body<'_>, event: &Event, position: usize) -> bool {
    let program = cx.world.program;
    let own = program.archive_of(body.class);
    let member = event.member().map(|m| program.facts.members.get(m));
    let (owner, name) = member.map_or(("", ""), |m| (program.text(m.owner), program.text(m.name)));
    let entry = |pattern: String| {
        if name == "getBundle" {
            format!("{}{ANY}.properties", pattern.replace('.', "/"))
        } else if owner == "java/lang/Class" {
            relative_to_class(program.class_name(body.class), &pattern)
        } else {
            pattern
        }
    };
    let patterns = computed::patterns(cx.world, body, body.origins.arg(event, position));
    let patterns: Vec<String> = patterns.into_iter().map(entry).collect();
    let has = |archive: usize| {
        let fits_any = |name: &String| patterns.iter().any(|pattern| fits(pattern, name));
        cx.world.archives.get(archive).is_some_and(|facts| facts.resources.iter().any(fits_any))
    };
    patterns.iter().any(|pattern| pattern.contains(ANY))
        && patterns.iter().all(|pattern| is_telling(pattern))
        && has(own)
        && !(0..cx.world.archives.len()).any(|archive| archive != own && has(archive))
}

/// Whether a pattern says more than what kind of file it is.
fn is_telling(pattern: &str) -> bool {
    let (folders, file) = pattern.rsplit_once('/').unwrap_or(("", pattern));
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let n_letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).count();
    let mut parts = folders.split('/').filter(|part| !COMMON.contains(part)).chain([stem]);
    parts.any(|part| n_letters(part) >= MIN_LETTERS)
}

/// Whether a text is what a pattern says, with anything in place of each [`ANY`].
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split(ANY);
    let Some(mut rest) = parts.next().and_then(|head| text.strip_prefix(head)) else { return false };
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::{fits, is_telling};

    #[test]
    fn a_pattern_fits_what_has_its_parts_in_order() {
        assert!(fits("a/\u{3}/lib\u{3}.so", "a/linux/libx.so"));
        assert!(fits("a/\u{3}\u{3}", "a/"));
        assert!(!fits("a/\u{3}/lib\u{3}.so", "b/linux/libx.so"));
        assert!(!fits("a\u{3}b", "a"));
        assert!(!fits("ab", "abc"));
    }

    #[test]
    fn what_says_only_the_kind_of_file_tells_nothing() {
        assert!(is_telling("native/\u{3}.so"));
        assert!(is_telling("\u{3}/libzip.\u{3}"));
        assert!(!is_telling("\u{3}.properties"));
        assert!(!is_telling("META-INF/\u{3}.xml"));
    }
}
