//! What can be told of a name by its text alone, told once for the whole deployment instead of at each mention.

use crate::vocabulary::names::NAME_SHARDS;
use crate::vocabulary::{Name, Names, Parallel};
use rustc_hash::FxHashMap;

const OTHER: u8 = 0;
const ARRAY: u8 = 1;
const METHOD_DESCRIPTOR: u8 = 2;
const BINARY_NAME: u8 = 3;
const PRIVATE_SETTER: u8 = 4;
const VOID_DESCRIPTOR: u8 = 5;

/// How scalac ends the name of a method that sets a variable, and what stands between the class and the name of a private
/// member that is public under this longer name, for the sake of the classes that it is compiled into.
const SETTER_END: &str = "_$eq";
const EXPANDED: &str = "$$";

/// Kinds of all names of a deployment.
#[derive(Default)]
pub(super) struct NameKinds {
    kinds: Vec<u8>,
    /// Texts that look like the binary name of a class some class file mentions, with its internal name.
    classes: FxHashMap<Name, Name>,
}

impl NameKinds {
    /// Looks at each name once.
    pub(super) fn of(names: &Names, parallel: &impl Parallel) -> Self {
        let shards = parallel.map(NAME_SHARDS, |shard| {
            let mut classes = Vec::new();
            let kinds: Vec<u8> = names
                .of_shard(shard)
                .map(|(name, text)| {
                    let class = if is_plausible(text) { names.find(&text.replace('.', "/")) } else { None };
                    classes.extend(class.map(|class| (name, class)));
                    match text.as_bytes().first() {
                        Some(b'[') => ARRAY,
                        Some(b'(') if text.ends_with(")V") => VOID_DESCRIPTOR,
                        Some(b'(') => METHOD_DESCRIPTOR,
                        _ if class.is_some() => BINARY_NAME,
                        _ if text.ends_with(SETTER_END) && text.contains(EXPANDED) => PRIVATE_SETTER,
                        _ => OTHER,
                    }
                })
                .collect();
            (kinds, classes)
        });
        let mut all = Self { kinds: vec![OTHER; names.bound()], classes: FxHashMap::default() };
        for (shard, (kinds, classes)) in shards.into_iter().enumerate() {
            for (row, kind) in kinds.into_iter().enumerate() {
                all.kinds[Names::id_of(shard, row).index()] = kind;
            }
            all.classes.extend(classes);
        }
        all
    }

    fn kind(&self, name: Name) -> u8 {
        self.kinds.get(name.index()).copied().unwrap_or(OTHER)
    }

    /// Whether it starts as an array's descriptor does.
    pub(super) fn is_array(&self, name: Name) -> bool {
        self.kind(name) == ARRAY
    }

    /// Whether it starts as a method's descriptor does.
    pub(super) fn is_method_descriptor(&self, name: Name) -> bool {
        matches!(self.kind(name), METHOD_DESCRIPTOR | VOID_DESCRIPTOR)
    }

    /// Whether it is the descriptor of a method that returns nothing.
    pub(super) fn is_void(&self, name: Name) -> bool {
        self.kind(name) == VOID_DESCRIPTOR
    }

    /// Whether it is that of a setter which only its own Scala class or trait calls: `com$acme$Logging$$log_$eq`.
    pub(super) fn is_private_setter(&self, name: Name) -> bool {
        self.kind(name) == PRIVATE_SETTER
    }

    /// The internal name of the class that a string constant may be meant to name.
    pub(super) fn class_named(&self, text: Name) -> Option<Name> {
        if self.kind(text) == BINARY_NAME { self.classes.get(&text).copied() } else { None }
    }
}

/// Whether a string looks like a qualified class name.
fn is_plausible(text: &str) -> bool {
    let mut has_dot = false;
    // Most names have another letter soon: a slash, a bracket or a semicolon.
    let is_of_names = text.bytes().all(|b| {
        has_dot |= b == b'.';
        b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'$')
    });
    text.len() > 3 && is_of_names && has_dot
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::{Interner, parallel::Sequential};

    #[test]
    fn a_string_names_a_class_only_if_that_class_is_mentioned() {
        let mut unit = Interner::new();
        for text in
            ["a.b.C", "a/b/C", "a.b.D", "[La/b/C;", "(I)V", "(I)I", "a b.C", "a$b$Log$$log_$eq", "log_$eq"]
        {
            unit.intern(text);
        }
        let (names, _) = Names::join(&[unit], &Sequential);
        let kinds = NameKinds::of(&names, &Sequential);
        let name = |text: &str| names.find(text).unwrap();
        assert_eq!(kinds.class_named(name("a.b.C")), Some(name("a/b/C")));
        assert_eq!(kinds.class_named(name("a.b.D")), None);
        assert!(kinds.is_array(name("[La/b/C;")) && !kinds.is_array(name("a/b/C")));
        assert!(kinds.is_method_descriptor(name("(I)V")) && kinds.is_method_descriptor(name("(I)I")));
        assert!(kinds.is_void(name("(I)V")) && !kinds.is_void(name("(I)I")));
        assert!(
            kinds.is_private_setter(name("a$b$Log$$log_$eq")) && !kinds.is_private_setter(name("log_$eq"))
        );
    }
}
