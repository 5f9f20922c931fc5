//! The Maven artifactId that SOFAArk sees in an archive, which decides what a module's declared mode lets through.
//! It follows SOFAArk's own rule (`JarUtils`), mistakes included; reports use the archive's coordinates instead.

use crate::facts::ArchiveFacts;

/// The artifactId of an archive: from the first entry whose name ends in `pom.properties`, else from the file name.
pub fn artifact_id(archive: &ArchiveFacts) -> Option<&str> {
    match archive.coordinates.first() {
        Some(coordinates) if !coordinates.artifact.is_empty() => Some(&coordinates.artifact),
        _ => artifact_of_file_name(file_name(archive)),
    }
}

/// The name of the archive's own file: of its entry if it is nested, else of its path.
pub fn file_name(archive: &ArchiveFacts) -> &str {
    let path = if archive.entry_in_parent.is_empty() { &archive.path } else { &archive.entry_in_parent };
    path.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or(path)
}

/// The file name without its extension. A folder's name has none.
pub fn file_stem(archive: &ArchiveFacts) -> &str {
    let name = file_name(archive);
    match name.rsplit_once('.') {
        Some((stem, _)) if !archive.is_folder && !stem.is_empty() => stem,
        _ => name,
    }
}

/// The tokens before the first one that looks like a version (`digits.…`), joined again; none if no token does.
/// `log4j-1.2-api-2.17.jar` yields `log4j`, as it does there.
fn artifact_of_file_name(name: &str) -> Option<&str> {
    let stem = name.strip_suffix(".jar").unwrap_or(name);
    let mut end = 0_usize;
    for token in stem.split('-') {
        if looks_like_version(token) {
            return stem.get(..end.saturating_sub(1)).filter(|id| !id.is_empty());
        }
        end += token.len() + 1;
    }
    None
}

fn looks_like_version(token: &str) -> bool {
    let n_digits = token.bytes().take_while(u8::is_ascii_digit).count();
    n_digits > 0 && token.get(n_digits..).is_some_and(|rest| rest.len() > 1 && rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Coordinates;

    fn named(path: &str) -> ArchiveFacts {
        ArchiveFacts { path: path.into(), ..ArchiveFacts::default() }
    }

    #[test]
    fn the_artifact_comes_from_the_first_pom_properties() {
        let mut archive = named("x-1.0.jar");
        let shaded =
            ["shaded-first", "x"].map(|a| Coordinates { artifact: a.into(), ..Coordinates::default() });
        archive.coordinates = shaded.to_vec();
        assert_eq!(artifact_id(&archive), Some("shaded-first"));
    }

    #[test]
    fn without_one_the_file_name_is_cut_before_its_first_version() {
        assert_eq!(artifact_id(&named("lib/spring-core-5.3.27.jar")), Some("spring-core"));
        assert_eq!(artifact_id(&named("log4j-1.2-api-2.17.jar")), Some("log4j"));
        assert_eq!(artifact_id(&named("x-1.jar")), None);
        assert_eq!(artifact_id(&named("plain.jar")), None);
        assert_eq!(artifact_id(&named("1.0-x.jar")), None);
    }

    #[test]
    fn stems_keep_dots_of_versions_and_of_folders() {
        assert_eq!(file_stem(&named("a/b/orders-1.0-ark-biz.jar")), "orders-1.0-ark-biz");
        let folder = ArchiveFacts { is_folder: true, ..named("a/v1.2/") };
        assert_eq!(file_stem(&folder), "v1.2");
        assert_eq!(file_stem(&named(".hidden")), ".hidden");
    }
}
