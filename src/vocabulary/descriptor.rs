//! Field and method descriptors (JVMS 4.3.2, 4.3.3).

/// One parameter or return type of a descriptor, borrowed from it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TypeDesc<'a>(pub &'a str);

impl<'a> TypeDesc<'a> {
    /// Local variable slots it takes: 2 for `J` and `D`, 0 for `V`, else 1 (JVMS 2.6.1).
    pub fn slots(self) -> usize {
        match self.0.as_bytes().first() {
            Some(b'J' | b'D') => 2,
            Some(b'V') | None => 0,
            _ => 1,
        }
    }

    /// Whether values of it are references.
    pub fn is_reference(self) -> bool {
        matches!(self.0.as_bytes().first(), Some(b'L' | b'['))
    }

    /// The class it names, in internal form; `None` for primitives and arrays.
    pub fn class(self) -> Option<&'a str> {
        self.0.strip_prefix('L')?.strip_suffix(';')
    }

    /// The class at the bottom of it, through any array dimensions; `None` for primitives and arrays of such.
    pub fn element_class(self) -> Option<&'a str> {
        TypeDesc(self.0.trim_start_matches('[')).class()
    }
}

/// The parameter types of a method descriptor, in order. Stops at the first malformed one.
pub fn params(desc: &str) -> impl Iterator<Item = TypeDesc<'_>> {
    let mut rest = desc.strip_prefix('(').unwrap_or("");
    std::iter::from_fn(move || {
        let len = type_len(rest)?;
        let (head, tail) = rest.split_at(len);
        rest = tail;
        Some(TypeDesc(head))
    })
}

/// The return type of a method descriptor; `V` if it is malformed.
pub fn return_type(desc: &str) -> TypeDesc<'_> {
    TypeDesc(desc.rsplit_once(')').map_or("V", |(_, ret)| ret))
}

/// Number of parameters, `this` not counted.
pub fn n_params(desc: &str) -> usize {
    params(desc).count()
}

fn type_len(text: &str) -> Option<usize> {
    let dims = text.bytes().take_while(|&b| b == b'[').count();
    match text.as_bytes().get(dims)? {
        b'L' => Some(dims + text[dims..].find(';')? + 1),
        b'B' | b'C' | b'D' | b'F' | b'I' | b'J' | b'S' | b'Z' => Some(dims + 1),
        _ => None,
    }
}

/// `java/lang/String` -> `java.lang.String`.
pub fn binary_name(internal: &str) -> String {
    internal.replace('/', ".")
}

/// The package part of an internal class name, `""` for the unnamed package.
pub fn package_of(internal: &str) -> &str {
    internal.rsplit_once('/').map_or("", |(package, _)| package)
}

/// The class a `CONSTANT_Class` or descriptor-like name finally refers to: strips array dimensions and `L…;`.
/// `None` for arrays of primitives.
pub fn element_of_class_constant(name: &str) -> Option<&str> {
    if name.starts_with('[') { TypeDesc(name).element_class() } else { Some(name) }
}

/// A descriptor as Java source would write it: `(Ljava/util/Map;[I)V` -> `(java.util.Map, int[])`; a field
/// descriptor becomes its type.
pub fn human(desc: &str) -> String {
    if desc.starts_with('(') {
        let list: Vec<String> = params(desc).map(|p| human_type(p.0)).collect();
        format!("({})", list.join(", "))
    } else {
        human_type(desc)
    }
}

fn human_type(desc: &str) -> String {
    let dims = desc.bytes().take_while(|&b| b == b'[').count();
    let element = match &desc[dims..] {
        "B" => "byte".into(),
        "C" => "char".into(),
        "D" => "double".into(),
        "F" => "float".into(),
        "I" => "int".into(),
        "J" => "long".into(),
        "S" => "short".into(),
        "Z" => "boolean".into(),
        "V" => "void".into(),
        other => binary_name(TypeDesc(other).class().unwrap_or(other)),
    };
    element + &"[]".repeat(dims)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_split_with_their_dimensions() {
        let types: Vec<&str> = params("(I[[Ljava/lang/String;J)V").map(|t| t.0).collect();
        assert_eq!(types, ["I", "[[Ljava/lang/String;", "J"]);
        assert_eq!(return_type("(I)[B").0, "[B");
    }

    #[test]
    fn malformed_descriptors_end_early() {
        for bad in ["", "(", "(L", "([", "(Q)V", "I", "()"] {
            assert_eq!(params(bad).count(), 0, "{bad}");
        }
    }

    #[test]
    fn descriptors_read_as_java_source() {
        assert_eq!(human("(Ljava/util/Map;[I)V"), "(java.util.Map, int[])");
        assert_eq!(human("[[Z"), "boolean[][]");
    }
}
