//! What an archive says about itself: manifest, Maven coordinates, service and framework descriptors, resources.

/// Main attributes of a manifest, names compared without case, values with continuation lines joined.
#[derive(Clone, Default, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Name and value, in file order.
    pub attributes: Vec<(String, String)>,
}

impl Manifest {
    /// The value of a main attribute, without surrounding blanks; `None` if it is missing or blank.
    pub fn value(&self, name: &str) -> Option<&str> {
        let (_, value) = self.attributes.iter().find(|(n, _)| n.eq_ignore_ascii_case(name))?;
        let value = value.trim();
        (!value.is_empty()).then_some(value)
    }

    /// A comma-separated main attribute, each part trimmed, empty parts left out.
    pub fn list(&self, name: &str) -> impl Iterator<Item = &str> {
        self.value(name).unwrap_or("").split(',').map(str::trim).filter(|part| !part.is_empty())
    }
}

/// Maven coordinates. A field that is not known is empty.
#[derive(Clone, Default, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Coordinates {
    /// groupId.
    pub group: String,
    /// artifactId.
    pub artifact: String,
    /// version.
    pub version: String,
}

/// A text file of the archive that names classes or configures a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// Entry name.
    pub entry: String,
    /// Its text; invalid UTF-8 replaced.
    pub text: String,
}

/// One archive or folder. Archives nested in one parent follow each other in the order of its entries: directory
/// order of a zip, name order of a folder. Containers that search libraries "in zip order" rely on it.
#[derive(Clone, Default, Debug)]
pub struct ArchiveFacts {
    /// Display path, nesting written with `!/`.
    pub path: String,
    /// Index of the archive it is nested in.
    pub parent: Option<usize>,
    /// Entry name within the parent; empty for a root.
    pub entry_in_parent: String,
    /// Whether it is a folder and not a file.
    pub is_folder: bool,
    /// The manifest; empty if there is none.
    pub manifest: Manifest,
    /// From each `pom.properties`, in entry order.
    pub coordinates: Vec<Coordinates>,
    /// Services files, framework descriptors and the like, in entry order.
    pub descriptors: Vec<Descriptor>,
    /// Names of all entries that are no class files, sorted.
    pub resources: Vec<String>,
    /// Folder prefixes under which class files lie (`""`, `BOOT-INF/classes/`), in order of first appearance,
    /// as the class files' own names show.
    pub class_prefixes: Vec<String>,
}
