//! The identity of a finding across scans.

use super::Finding;

/// Sets the fingerprint of each finding from its rule, class, member, descriptor, anchor and tenants; equal ones
/// are told apart by their rank. Lines, paths, archive names, severity and wording are not in it, so it survives
/// recompilation, moved code and new versions of other archives.
///
/// `findings` must be in report order.
pub fn assign(findings: &mut [Finding]) {
    let mut seen = std::collections::BTreeMap::<String, u32>::new();
    for finding in findings {
        let base = digest(finding);
        let rank = seen.entry(base.clone()).or_insert(0);
        *rank += 1;
        finding.fingerprint = if *rank == 1 { base } else { hex(&[&base, "rank", &rank.to_string()]) };
    }
}

fn digest(f: &Finding) -> String {
    let class = stable_class(&f.class);
    let member = stable_member(&f.member);
    let mut parts = vec!["cotenant/1", &f.rule, &class, member, &f.descriptor, &f.anchor];
    parts.extend(f.tenants.iter().map(String::as_str));
    hex(&parts)
}

fn hex(parts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex()[..32].to_string()
}

/// Anonymous classes are numbered by the compiler in source order; the number says nothing.
fn stable_class(class: &str) -> String {
    class
        .split('$')
        .map(|part| if !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()) { "*" } else { part })
        .collect::<Vec<_>>()
        .join("$")
}

/// `lambda$run$3` -> `lambda$run`, for the same reason.
fn stable_member(member: &str) -> &str {
    match member.rsplit_once('$') {
        Some((head, tail)) if head.starts_with("lambda$") && tail.bytes().all(|b| b.is_ascii_digit()) => head,
        _ => member,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compiler_made_numbers_are_no_part_of_an_identity() {
        assert_eq!(stable_class("a.B$1$C"), "a.B$*$C");
        assert_eq!(stable_member("lambda$run$3"), "lambda$run");
        assert_eq!(stable_member("access$100"), "access$100");
    }
}
