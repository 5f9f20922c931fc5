//! Classes that a library brings in a copy of its own, in packages of its own, so that no other one's are met: a library
//! that is built so is meant for the code that it was moved to, and for nobody else.

use super::context::Context;
use super::matches::Match;
use crate::vocabulary::ClassId;

/// With what the names of packages begin, by the custom of naming them after domains (JLS 6.1).
const FIRST_PARTS: [&str; 4] = ["com", "jakarta", "javax", "org"];
/// What tools that move classes, or those who use them, call the package that these are moved to.
const MOVED_TO: [&str; 4] = ["relocated", "repackaged", "shaded", "thirdparty"];

/// Whether a match lies in a class that was moved, and nothing but other such classes gets to it.
pub(super) fn is_unused(cx: &Context<'_>, found: &Match) -> bool {
    let (reach, program) = (cx.world.reach, cx.world.program);
    let is_moved = |class: ClassId| is_moved(program.class_name(class));
    if !reach.is_open_world() || found.spots.is_empty() || !is_moved(found.class) {
        return false;
    }
    let reached = cx.reached_unmoved.get_or_init(|| reach.reached_without(&is_moved));
    found.spots.iter().all(|s| !reached.get(s.method.index()).copied().unwrap_or(true))
}

/// Whether the name of a class has that of another library's package in it.
fn is_moved(class: &str) -> bool {
    let mut parts = class.split('/').enumerate();
    // The class itself, and the package that it is in.
    let n = class.split('/').count().saturating_sub(2);
    parts.any(|(i, part)| {
        (1..n).contains(&i) && FIRST_PARTS.contains(&part) || i < n && MOVED_TO.contains(&part)
    })
}

#[cfg(test)]
mod tests {
    use super::is_moved;

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
