//! Sets of names and of archives, as data that is cheap to test: what makes a step apply.

use rustc_hash::FxHashSet;

/// A set of class or resource names. Class names are in internal form (`java/util/Map`), resource names are entry
/// names (`META-INF/services/x`), so that one set can serve both. A name is in the set if any part says so.
#[derive(Clone, Default, Debug, PartialEq, Eq)]
pub struct NameSet {
    exact: FxHashSet<String>,
    packages: FxHashSet<String>,
    stems: FxHashSet<String>,
    prefixes: Vec<String>,
    suffixes: Vec<String>,
    infixes: Vec<String>,
}

impl NameSet {
    /// No name at all.
    pub fn new() -> Self {
        Self::default()
    }

    /// Names that begin with one of the given texts.
    pub fn prefixed<'a>(prefixes: impl IntoIterator<Item = &'a str>) -> Self {
        let mut set = Self::new();
        prefixes.into_iter().for_each(|prefix| set.add_prefix(prefix));
        set
    }

    /// Adds one name.
    pub fn add_name(&mut self, name: &str) {
        self.exact.insert(name.to_owned());
    }

    /// Adds the names directly in a package (`a/b`), not those in its subpackages.
    pub fn add_package(&mut self, package: &str) {
        self.packages.insert(package.to_owned());
    }

    /// Adds the names in a package and in all packages below it.
    pub fn add_stem(&mut self, package: &str) {
        self.stems.insert(package.to_owned());
    }

    /// Adds the names that begin with a text.
    pub fn add_prefix(&mut self, prefix: &str) {
        self.prefixes.push(prefix.to_owned());
    }

    /// Adds the names that end with a text.
    pub fn add_suffix(&mut self, suffix: &str) {
        self.suffixes.push(suffix.to_owned());
    }

    /// Adds the names that contain a text.
    pub fn add_infix(&mut self, infix: &str) {
        self.infixes.push(infix.to_owned());
    }

    /// Whether no name can be in it.
    pub fn is_empty(&self) -> bool {
        self.exact.is_empty()
            && self.packages.is_empty()
            && self.stems.is_empty()
            && self.prefixes.is_empty()
            && self.suffixes.is_empty()
            && self.infixes.is_empty()
    }

    /// Whether a name is in it.
    pub fn contains(&self, name: &str) -> bool {
        self.prefixes.iter().any(|prefix| name.starts_with(prefix))
            || self.suffixes.iter().any(|suffix| name.ends_with(suffix))
            || self.exact.contains(name)
            || self.contains_package(name)
            || self.infixes.iter().any(|infix| name.contains(infix))
    }

    fn contains_package(&self, name: &str) -> bool {
        if self.packages.is_empty() && self.stems.is_empty() {
            return false;
        }
        let Some((package, _)) = name.rsplit_once('/') else {
            return false;
        };
        if self.packages.contains(package) || self.stems.contains(package) {
            return true;
        }
        !self.stems.is_empty()
            && package.match_indices('/').any(|(end, _)| self.stems.contains(&package[..end]))
    }
}

/// For which names a step is taken: those in every set of `only` that are not in `except`. Takes any name by default.
#[derive(Clone, Default, Debug, PartialEq, Eq)]
pub struct NameFilter {
    /// Each must hold the name; none for any name.
    pub only: Vec<NameSet>,
    /// Taken out again.
    pub except: NameSet,
}

impl NameFilter {
    /// Only these names.
    pub fn only(names: NameSet) -> Self {
        Self { only: vec![names], except: NameSet::new() }
    }

    /// All names but these.
    pub fn except(names: NameSet) -> Self {
        Self { only: Vec::new(), except: names }
    }

    /// The same filter, for those names only that are also in this set.
    #[must_use]
    pub fn and(mut self, names: NameSet) -> Self {
        self.only.push(names);
        self
    }

    /// The same filter without these names.
    #[must_use]
    pub fn but_not(mut self, names: NameSet) -> Self {
        self.except = names;
        self
    }

    /// Whether a step with this filter is taken for a name.
    pub fn accepts(&self, name: &str) -> bool {
        self.only.iter().all(|only| only.contains(name)) && !self.except.contains(name)
    }

    /// Whether it takes no name, so that a step with it could as well be left out.
    pub fn accepts_nothing(&self) -> bool {
        self.only.iter().any(NameSet::is_empty)
    }
}

/// A set of archives, by index into the deployment's archive facts.
#[derive(Clone, Default, Debug, PartialEq, Eq)]
pub struct ArchiveSet(Vec<u64>);

impl ArchiveSet {
    /// Adds an archive.
    pub fn insert(&mut self, archive: usize) {
        let word = archive / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (archive % 64);
    }

    /// Whether an archive is in it.
    pub fn contains(&self, archive: usize) -> bool {
        self.0.get(archive / 64).is_some_and(|word| word >> (archive % 64) & 1 == 1)
    }
}

impl FromIterator<usize> for ArchiveSet {
    fn from_iter<T: IntoIterator<Item = usize>>(archives: T) -> Self {
        let mut set = Self::default();
        archives.into_iter().for_each(|archive| set.insert(archive));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_not_its_subpackages_but_a_stem_is() {
        let mut set = NameSet::new();
        set.add_package("a/b");
        set.add_stem("c");
        assert!(set.contains("a/b/X"));
        assert!(!set.contains("a/b/c/X"));
        assert!(!set.contains("a/bc/X"));
        assert!(set.contains("c/X") && set.contains("c/d/e/X"));
        assert!(!set.contains("cd/X") && !set.contains("X"));
    }

    #[test]
    fn prefixes_suffixes_and_infixes_are_plain_text() {
        let mut set = NameSet::prefixed(["a/b"]);
        set.add_suffix(".class");
        set.add_infix("CGLIB$$");
        assert!(
            set.contains("a/bc/X") && set.contains("x/Y.class") && set.contains("p/S$$EnhancerByCGLIB$$1f")
        );
        assert!(!set.contains("x/Y"));
    }

    #[test]
    fn exceptions_win_over_inclusions() {
        let filter = NameFilter::only(NameSet::prefixed(["org/apache/tomcat/"]))
            .but_not(NameSet::prefixed(["org/apache/tomcat/jdbc/"]));
        assert!(filter.accepts("org/apache/tomcat/util/X"));
        assert!(!filter.accepts("org/apache/tomcat/jdbc/X"));
        assert!(!filter.accepts("java/lang/String"));
        assert!(
            !filter
                .clone()
                .and(NameSet::prefixed(["org/apache/tomcat/x"]))
                .accepts("org/apache/tomcat/util/X")
        );
        assert!(NameFilter::default().accepts("anything"));
        assert!(NameFilter::only(NameSet::new()).accepts_nothing());
    }

    #[test]
    fn archive_sets_hold_what_was_put_in() {
        let set: ArchiveSet = [0, 63, 64, 1000].into_iter().collect();
        assert!(set.contains(0) && set.contains(63) && set.contains(64) && set.contains(1000));
        assert!(!set.contains(1) && !set.contains(65) && !set.contains(usize::MAX));
    }
}
