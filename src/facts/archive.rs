//! What an archive says about itself: manifest, Maven coordinates, service and framework descriptors, resources.

use crate::vocabulary::{Problem, ProblemCode};

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
    /// Its text, of UTF-8 or, with a byte order mark, UTF-16; what is invalid is replaced.
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
    /// Position among the parent's entries: directory order of a zip, name order of a folder. Containers that
    /// search nested libraries "in zip order" mean this one.
    pub order_in_parent: u32,
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
    /// Whether classes of it, or of an archive of the same input, could not be read.
    pub is_incomplete: bool,
}

/// How the names of class file entries end.
pub const CLASS_SUFFIX: &str = ".class";
/// Bytes of a descriptor that are kept; what is longer is cut, and a problem.
pub const MAX_DESCRIPTOR_SIZE: usize = 1 << 20;
/// Bytes of an XML file that is wanted only because it may be a framework's; a longer one holds data.
pub const MAX_ANY_XML_SIZE: usize = 256 << 10;

/// Class folders of nested layouts, below which descriptors lie as they do at the root of a plain archive.
const CLASS_FOLDERS: &[&str] = &["BOOT-INF/classes/", "WEB-INF/classes/"];
const MANIFEST: &str = "META-INF/MANIFEST.MF";
const POM_PROPERTIES: &str = "pom.properties";

/// Whether a wanted file may lie in sub-folders.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    Direct,
    Any,
}
use Depth::{Any, Direct};

/// The descriptors: folder, depth, start and end of the file's name.
const WANTED: &[(&str, Depth, &str, &str)] = &[
    // java.util.ServiceLoader, and container variants in sub-folders
    ("META-INF/services/", Any, "", ""),
    ("META-INF/dubbo/", Any, "", ""),
    // Spring: spring.factories, spring.handlers, spring.schemas, spring.components; *.imports of Boot 2.7 and later
    ("META-INF/", Direct, "spring.", ""),
    ("META-INF/spring/", Any, "", ".imports"),
    ("META-INF/spring/", Any, "", ".factories"),
    ("META-INF/spring/", Any, "", ".xml"),
    // persistence.xml, web-fragment.xml, beans.xml, …; web.xml and its companions; Spring and logging configuration
    ("META-INF/", Direct, "", ".xml"),
    ("WEB-INF/", Direct, "", ".xml"),
    ("", Direct, "", ".xml"),
    ("", Direct, "log4j", ".properties"),
    ("", Direct, "log4j", ".yml"),
    ("", Direct, "log4j", ".yaml"),
    ("", Direct, "log4j", ".json"),
    ("", Direct, "log4j", ".jsn"),
    ("", Direct, "", "logging.properties"),
    ("", Direct, "application", ".properties"),
    ("", Direct, "application", ".yml"),
    ("", Direct, "application", ".yaml"),
    ("", Direct, "bootstrap", ".properties"),
    ("", Direct, "bootstrap", ".yml"),
    ("", Direct, "bootstrap", ".yaml"),
    ("config/", Direct, "application", ".properties"),
    ("config/", Direct, "application", ".yml"),
    ("config/", Direct, "application", ".yaml"),
    // SOFAArk: marks that tell what an archive is, and its configuration
    ("com/alipay/sofa/ark/container/", Direct, "mark", ""),
    ("com/alipay/sofa/ark/plugin/", Direct, "mark", ""),
    ("com/alipay/sofa/ark/biz/", Direct, "mark", ""),
    ("conf/ark/", Any, "", ""),
    // Class path of an exploded Spring Boot archive; PF4J's plug-ins
    ("BOOT-INF/", Direct, "classpath.idx", ""),
    ("META-INF/", Direct, "extensions.idx", ""),
    ("", Direct, "plugin.properties", ""),
];

/// Files whose name alone says that they are descriptors, however long.
const NAMED_XML: &[&str] = &["web.xml", "web-fragment.xml", "persistence.xml"];
/// Beginnings of names that say so.
const NAMED_XML_STARTS: &[&str] = &["logback", "log4j"];

impl Manifest {
    /// Reads the main section of a manifest (JAR File Specification, "Notes on Manifest and Signature Files").
    ///
    /// Lines end with CR LF, LF or CR; a line that begins with a space continues the one before, wherever a
    /// character's bytes were cut. What is no `Name: value` is skipped.
    pub fn parse(bytes: &[u8]) -> Self {
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let mut logical: Vec<Vec<u8>> = Vec::new();
        for line in lines(bytes) {
            match line.split_first() {
                None => break,
                Some((b' ', rest)) => {
                    if let Some(last) = logical.last_mut() {
                        last.extend_from_slice(rest);
                    }
                }
                Some(_) => logical.push(line.to_vec()),
            }
        }
        let attributes = logical.iter().filter_map(|line| {
            let colon = line.iter().position(|&byte| byte == b':')?;
            let (name, value) = (line.get(..colon)?, line.get(colon + 1..)?);
            let value = value.strip_prefix(b" ").unwrap_or(value);
            Some((text_of(name), text_of(value)))
        });
        Self { attributes: attributes.collect() }
    }

    /// The value of an attribute, whatever the case of its name; of several the last one, as in
    /// `java.util.jar.Attributes`.
    pub fn get(&self, name: &str) -> Option<&str> {
        let named = self.attributes.iter().rfind(|(given, _)| given.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str())
    }

    /// The items of a list separated by commas, trimmed, without empty ones; none if there is no such attribute.
    pub fn list(&self, name: &str) -> impl Iterator<Item = &str> {
        self.get(name).unwrap_or_default().split(',').map(str::trim).filter(|item| !item.is_empty())
    }

    /// Whether `META-INF/versions/` counts. The JDK compares the whole value, without case.
    pub fn is_multi_release(&self) -> bool {
        self.get("Multi-Release").is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }
}

/// Lines without their ends, up to the end of the text.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(rest.len());
        let (line, after) = rest.split_at(end);
        rest = after.strip_prefix(b"\r\n").or_else(|| after.get(1..)).unwrap_or_default();
        Some(line)
    })
}

/// UTF-8 with invalid bytes replaced, or UTF-16 if a byte order mark says so.
fn text_of(bytes: &[u8]) -> String {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.as_chunks::<2>().0.iter().map(|pair| unit(*pair)).collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        _ => {
            let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
            // Nearly all texts are UTF-8, which this finds sooner.
            std::str::from_utf8(bytes)
                .map_or_else(|_| String::from_utf8_lossy(bytes).into_owned(), str::to_owned)
        }
    }
}

impl Coordinates {
    /// From the text of a `pom.properties`, which Maven writes as plain `key=value` lines.
    pub fn from_pom_properties(text: &str) -> Option<Self> {
        let mut found = Self::default();
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with(['#', '!'])) {
            let Some((key, value)) = line.split_once(['=', ':']) else { continue };
            let field = match key.trim_end() {
                "groupId" => &mut found.group,
                "artifactId" => &mut found.artifact,
                "version" => &mut found.version,
                _ => continue,
            };
            *field = value.trim().to_owned();
        }
        (!found.artifact.is_empty()).then_some(found)
    }

    /// From a file's name or path by SOFAArk's rule: split at `-`, the artifact ends before the first part that begins
    /// with digits and a dot. `log4j-1.2-api-2.17.jar` is `log4j`, therefore; a name without such a part, or one that
    /// begins with it, tells nothing.
    pub fn from_file_name(path: &str) -> Option<Self> {
        let file = path.rsplit(['/', '\\']).next()?;
        let stem = file.rsplit_once('.').filter(|(_, end)| is_extension(end)).map_or(file, |(stem, _)| stem);
        let mut at = 0;
        for part in stem.split('-') {
            if begins_a_version(part) {
                let artifact = stem.get(..at)?.strip_suffix('-')?;
                let version = stem.get(at..)?;
                return Some(Self {
                    group: String::new(),
                    artifact: artifact.into(),
                    version: version.into(),
                });
            }
            at += part.len() + 1;
        }
        None
    }

    /// From a manifest, as a last resort: what the bundle or the implementation calls itself.
    pub fn from_manifest(manifest: &Manifest) -> Option<Self> {
        let first = |names: &[&str]| {
            let values = names.iter().filter_map(|name| manifest.get(name));
            values.map(str::trim).find(|value| !value.is_empty()).map(str::to_owned)
        };
        let symbolic = first(&["Bundle-SymbolicName"]);
        let symbolic = symbolic.and_then(|name| name.split(';').next().map(|name| name.trim().to_owned()));
        let artifact = symbolic.or_else(|| first(&["Implementation-Title"]))?;
        let group = first(&["Implementation-Vendor-Id"]).unwrap_or_default();
        let version = first(&["Implementation-Version", "Bundle-Version"]).unwrap_or_default();
        Some(Self { group, artifact, version })
    }
}

fn is_extension(end: &str) -> bool {
    !end.is_empty() && end.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// Whether a part has the form digits, dot, something.
fn begins_a_version(part: &str) -> bool {
    let rest = part.trim_start_matches(|letter: char| letter.is_ascii_digit());
    rest.len() < part.len() && rest.starts_with('.') && rest.len() > 1
}

/// Whether an entry that is no class is to be read and given to [`ArchiveFacts::add`].
pub fn wanted(entry_name: &str) -> bool {
    if entry_name.ends_with('/') || entry_name.ends_with(".class") {
        return false;
    }
    let name = within_class_folder(entry_name);
    entry_name.eq_ignore_ascii_case(MANIFEST)
        || name.ends_with(POM_PROPERTIES)
        || WANTED.iter().any(|&(folder, depth, start, end)| {
            let Some(rest) = name.strip_prefix(folder) else { return false };
            let file = rest.rsplit('/').next().unwrap_or(rest);
            (depth == Any || file.len() == rest.len()) && file.starts_with(start) && file.ends_with(end)
        })
}

fn within_class_folder(name: &str) -> &str {
    CLASS_FOLDERS.iter().find_map(|folder| name.strip_prefix(folder)).unwrap_or(name)
}

/// Whether an entry is wanted only because it is some XML file.
fn is_any_xml(entry_name: &str) -> bool {
    let file = entry_name.rsplit('/').next().unwrap_or(entry_name);
    let named = NAMED_XML.contains(&file) || NAMED_XML_STARTS.iter().any(|start| file.starts_with(start));
    file.ends_with(".xml") && !named
}

impl ArchiveFacts {
    /// Takes in a wanted entry: the manifest, coordinates, or a descriptor. Entries are given in the archive's order,
    /// because some containers go by the first of a kind. A problem is returned if only a part of it was kept.
    pub fn add(&mut self, entry: &str, bytes: &[u8]) -> Option<Problem> {
        if entry.eq_ignore_ascii_case(MANIFEST) {
            self.manifest = Manifest::parse(bytes);
            return None;
        }
        if is_any_xml(entry) && bytes.len() > MAX_ANY_XML_SIZE {
            return None;
        }
        let kept = bytes.get(..MAX_DESCRIPTOR_SIZE).unwrap_or(bytes);
        let text = text_of(kept);
        if entry.ends_with(POM_PROPERTIES) {
            self.coordinates.extend(Coordinates::from_pom_properties(&text));
        } else {
            self.descriptors.push(Descriptor { entry: entry.to_owned(), text });
        }
        (kept.len() < bytes.len()).then(|| {
            let (all, kept) = (bytes.len(), kept.len());
            let message = format!("the file has {all} bytes, the first {kept} were read");
            Problem::new(ProblemCode::MalformedDescriptor, &self.path, entry, message)
        })
    }

    /// The most likely coordinates of the archive. They are certain only if it has exactly one `pom.properties`: a
    /// shaded archive has those of others, too.
    pub fn best_coordinates(&self) -> Option<Coordinates> {
        if let [only] = self.coordinates.as_slice() {
            return Some(only.clone());
        }
        let file = self.path.rsplit(['/', '\\']).next().unwrap_or_default();
        let fits = |found: &&Coordinates| {
            let rest = file.strip_prefix(found.artifact.as_str());
            rest.is_some_and(|rest| rest.starts_with(['-', '.']))
        };
        if let Some(own) = self.coordinates.iter().filter(fits).max_by_key(|found| found.artifact.len()) {
            return Some(own.clone());
        }
        Coordinates::from_file_name(file).or_else(|| Coordinates::from_manifest(&self.manifest))
    }
}
