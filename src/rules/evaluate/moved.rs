//! Classes that a library brings in a copy of its own, in packages of its own, so that no other one's are met: a library
//! that is built so is meant for the code that it was moved to, and for nobody else.

use super::context::Context;
use super::matches::Match;
use crate::vocabulary::descriptor::package_of;

/// The texts of the models with which the names of packages begin.
const FIRST_PARTS: &str = "first-package-part";
/// Those that packages are called by whose classes were moved there.
const MOVED_TO: &str = "moved-package-part";

/// Whether a match lies in a class that was moved, and nothing but other such classes gets to it.
pub(super) fn is_unused(cx: &Context<'_>, found: &Match) -> bool {
    let (reach, program) = (cx.world.reach, cx.world.program);
    let words = |group: &str| cx.models.texts.get(group).map_or(&[][..], Vec::as_slice);
    let (first, moved) = (words(FIRST_PARTS), words(MOVED_TO));
    let is_moved = |class: &str| is_moved(class, first, moved);
    if !reach.is_open_world() || found.spots.is_empty() || !is_moved(program.class_name(found.class)) {
        return false;
    }
    let reached = cx.reached_unmoved.get_or_init(|| {
        // The classes of a package follow each other.
        let mut last = ("", is_moved(""));
        reach.reached_without(&mut |class| {
            let name = program.class_name(class);
            let package = package_of(name);
            if last.0 != package {
                last = (package, is_moved(name));
            }
            last.1
        })
    });
    found.spots.iter().all(|s| !reached.has(s.method.index()))
}

/// Whether the name of a class has that of another library's package in it.
fn is_moved(class: &str, first_parts: &[String], moved_to: &[String]) -> bool {
    let is_in = |words: &[String], part: &str| words.iter().any(|word| word == part);
    let mut parts = class.split('/').enumerate();
    // The class itself, and the package that it is in.
    let n = class.split('/').count().saturating_sub(2);
    parts.any(|(i, part)| (1..n).contains(&i) && is_in(first_parts, part) || i < n && is_in(moved_to, part))
}

#[cfg(test)]
mod tests {
    fn is_moved(class: &str) -> bool {
        let words = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        super::is_moved(class, &words(&["com", "org"]), &words(&["shaded", "thirdparty"]))
    }

    #[test]
    fn a_package_within_a_package_of_another_library_was_moved() {
        for class in [
            "com/acme/internal/org/other/json/Reader",
            "com/acme/shaded/other/Reader",
            "shaded/com/other/Reader",
            "org/acme/thirdparty/com/other/Reader",
        ] {
            assert!(is_moved(class), "{class}");
        }
    }

    #[test]
    fn an_own_package_was_not_moved() {
        for class in [
            "com/acme/json/Reader",
            "org/acme/Reader",
            "com/acme/com/Port",
            "io/acme/net/http/Client",
            "Reader",
            "com/acme/Shaded",
            "org/acme/shaded/Reader",
        ] {
            assert!(!is_moved(class), "{class}");
        }
    }
}
