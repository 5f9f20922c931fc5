//! What an archive says about itself: manifest, Maven coordinates, service and framework descriptors, resources.

/// Main attributes of a manifest, names compared without case, values with continuation lines joined.
#[derive(Clone, Default, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Name and value, in file order.
    pub attributes: Vec<(String, String)>,
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

/// One archive or folder.
#[derive(Clone, Default, Debug)]
pub struct ArchiveFacts {
    /// Display path, nesting written with `!/`.
    pub path: String,
    /// Index of the archive it is nested in.
    pub parent: Option<usize>,
    /// Entry name within the parent; empty for a root.
    pub entry_in_parent: String,
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

/// How the names of class file entries end.
pub const CLASS_SUFFIX: &str = ".class";
