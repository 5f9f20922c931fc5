//! Classes that text files of archives name: providers of services, and what containers and frameworks make from
//! configuration.

use crate::facts::{ArchiveFacts, Descriptor};
use crate::program::Program;
use crate::program::call_graph::Services;
use crate::topology::Topology;
use crate::vocabulary::{ClassId, LoaderId, Parallel};
use rustc_hash::{FxHashMap, FxHashSet};

/// Where `java.util.ServiceLoader` looks; what follows is the interface's binary name.
const SERVICES: &str = "META-INF/services/";

/// The providers of each service in all archives: internal names, in archive order.
pub(super) fn services(archives: &[ArchiveFacts]) -> Services {
    let mut services = Services::default();
    let mut known: FxHashSet<(&str, String)> = FxHashSet::default();
    for descriptor in archives.iter().flat_map(|archive| &archive.descriptors) {
        let Some(interface) = service_of(&descriptor.entry) else { continue };
        let providers = services.entry(interface.replace('.', "/")).or_default();
        for line in descriptor.text.lines() {
            let name = line.split('#').next().unwrap_or_default().trim().replace('.', "/");
            if !name.is_empty() && known.insert((interface, name.clone())) {
                providers.push(name);
            }
        }
    }
    services
}

/// `META-INF/services/a.B` and `BOOT-INF/classes/META-INF/services/a.B` -> `a.B`.
fn service_of(entry: &str) -> Option<&str> {
    let (folder, interface) = entry.split_once(SERVICES)?;
    let is_class_path_root = folder.is_empty() || folder.ends_with("-INF/classes/");
    (is_class_path_root && !interface.is_empty() && !interface.contains('/')).then_some(interface)
}

/// The classes of the deployment that a descriptor names, as seen from the loaders that have it on their path, with these.
///
/// Whatever the format, a qualified name stands in it as it is, so that one scan for names serves all of them; a word
/// that only looks like one is no class of the deployment.
pub(super) fn named_classes(
    program: &Program<'_>,
    archives: &[ArchiveFacts],
    parallel: &impl Parallel,
) -> FxHashMap<ClassId, Vec<LoaderId>> {
    let found = parallel.map(archives.len(), |i| {
        let loaders = loaders_of(program.topology, i);
        let names = archives[i].descriptors.iter().flat_map(|d| class_names(d).into_iter());
        let names: FxHashSet<String> = names.map(|name| name.replace('.', "/")).collect();
        let ids = |name: &String| {
            let seen = loaders.iter().filter_map(|l| Some((program.find_text(*l, name)?, *l)));
            seen.collect::<Vec<_>>()
        };
        let ids = names.iter().flat_map(ids).filter(|(id, _)| !program.is_jdk(*id));
        ids.collect::<Vec<(ClassId, LoaderId)>>()
    });
    let mut named = FxHashMap::<ClassId, Vec<LoaderId>>::default();
    for (class, loader) in found.into_iter().flatten() {
        let loaders = named.entry(class).or_default();
        if !loaders.contains(&loader) {
            loaders.push(loader);
        }
    }
    named
}

fn loaders_of(topology: &Topology, archive: usize) -> Vec<LoaderId> {
    let has = |(i, loader): (usize, &crate::topology::Loader)| {
        let is_on_path = loader.path.iter().any(|element| element.archive == archive);
        is_on_path.then(|| LoaderId::from_index(i))
    };
    topology.loaders.iter().enumerate().filter_map(has).collect()
}

/// Words that have the form of a qualified class name, comments left out.
fn class_names(descriptor: &Descriptor) -> Vec<&str> {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '$');
    let words = move |text| str::split(text, move |c| !is_part(c)).filter(|word| is_qualified(word));
    if descriptor.entry.ends_with(".xml") {
        return outside_of_xml_comments(&descriptor.text).flat_map(words).collect();
    }
    descriptor.text.lines().filter_map(|line| line.split('#').next()).flat_map(words).collect()
}

fn is_qualified(word: &str) -> bool {
    word.contains('.') && word.split('.').all(|part| part.starts_with(|c: char| !c.is_numeric()))
}

fn outside_of_xml_comments(text: &str) -> impl Iterator<Item = &str> {
    text.split("-->").map(|part| part.split_once("<!--").map_or(part, |(before, _)| before))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn descriptor(entry: &str, text: &str) -> Descriptor {
        Descriptor { entry: entry.into(), text: text.into() }
    }

    #[test]
    fn services_files_list_providers_and_comments() {
        let of = |entry: &str, text: &str| ArchiveFacts {
            descriptors: vec![descriptor(entry, text)],
            ..ArchiveFacts::default()
        };
        let archives = [
            of("META-INF/services/a.Codec", "# ours\na.JsonCodec # default\r\n\n  a.XmlCodec\n"),
            of("BOOT-INF/classes/META-INF/services/a.Codec", "a.XmlCodec\nb.Codec$Fast"),
            of("META-INF/services/sub/a.Other", "a.No"),
        ];
        let services = services(&archives);
        assert_eq!(services["a/Codec"], ["a/JsonCodec", "a/XmlCodec", "b/Codec$Fast"]);
        assert_eq!(services.len(), 1);
    }

    #[test]
    fn class_names_are_found_in_any_format() {
        let names = |entry: &str, text: &str| class_names(&descriptor(entry, text)).join(" ");
        assert_eq!(
            names("META-INF/spring.factories", "a.b.Key=\\\n a.One,\\\na.Two$In\n#a.No"),
            "a.b.Key a.One a.Two$In"
        );
        let xml = "<!-- a.No --><servlet-class> a.B </servlet-class><x class=\"c.D\" v='1.2'/><!-- open a.No";
        assert_eq!(names("WEB-INF/web.xml", xml), "a.B c.D");
        assert_eq!(names("META-INF/spring/x.imports", "a.B # a.C\n"), "a.B");
    }
}
