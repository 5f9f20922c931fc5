//! Paths as SARIF wants them: relative to the repository's root, `/`-separated, percent-encoded, never absolute.

use std::path::Path;

/// The URI of `path`, which is relative to the working folder, itself at `prefix` in the repository. `None` if
/// nothing is left to name (`.`).
///
/// What lies outside the repository keeps its path without the leading `..`; of an absolute path outside the working
/// folder only the name is kept, since the rest belongs to the machine and not to the deployment.
pub(super) fn repository_uri(prefix: &str, base: &Path, path: &str) -> Option<String> {
    let path = if cfg!(windows) { path.replace('\\', "/") } else { path.to_string() };
    let path = if is_absolute(&path) { without_machine(base, &path) } else { format!("{prefix}/{path}") };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    let uri = parts.into_iter().map(encoded).collect::<Vec<_>>().join("/");
    (!uri.is_empty()).then_some(uri)
}

fn is_absolute(path: &str) -> bool {
    path.starts_with('/') || matches!(path.as_bytes(), [drive, b':', b'/', ..] if drive.is_ascii_alphabetic())
}

fn without_machine(base: &Path, path: &str) -> String {
    match Path::new(path).strip_prefix(base) {
        Ok(inside) if base.is_absolute() => inside.to_string_lossy().into_owned(),
        _ => path.rsplit('/').find(|part| !part.is_empty()).unwrap_or("").to_string(),
    }
}

/// One path segment with all but RFC 3986's unreserved characters and harmless delimiters escaped; `:` too, since
/// it would make the first segment a scheme.
fn encoded(segment: &str) -> String {
    let mut text = String::with_capacity(segment.len());
    for byte in segment.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=@".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(prefix: &str, path: &str) -> Option<String> {
        repository_uri(prefix, Path::new("/ci/work/shop"), path)
    }

    #[test]
    fn paths_become_relative_to_the_repository() {
        assert_eq!(uri("", "./a/b.jar").as_deref(), Some("a/b.jar"));
        assert_eq!(uri("services/shop", "../common/A.java").as_deref(), Some("services/common/A.java"));
        assert_eq!(uri("", "../../x/a.jar").as_deref(), Some("x/a.jar"));
        assert_eq!(uri("", "."), None);
    }

    #[test]
    fn absolute_paths_lose_what_belongs_to_the_machine() {
        assert_eq!(uri("", "/ci/work/shop/libs/a.jar").as_deref(), Some("libs/a.jar"));
        assert_eq!(uri("shop", "/home/someone/a.jar").as_deref(), Some("a.jar"));
        assert_eq!(uri("", "C:/Users/someone/a.jar").as_deref(), Some("a.jar"));
    }

    #[test]
    fn what_a_uri_cannot_hold_is_percent_encoded() {
        assert_eq!(uri("", "my app/Größe#1.java").as_deref(), Some("my%20app/Gr%C3%B6%C3%9Fe%231.java"));
        assert_eq!(uri("", "a:b/100%.jar").as_deref(), Some("a%3Ab/100%25.jar"));
    }
}
