//! Texts with placeholders: `{class}.{member} is set on behalf of {tenants}`.

use super::rule::{Part, Site, Slot, Template};

/// A placeholder that a template can't have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum BadTemplate {
    /// No placeholder has this name.
    Unknown(String),
    /// It has no value at this kind of site.
    Elsewhere(String),
    /// A brace without its partner.
    Unbalanced,
}

/// The sites at which a placeholder has a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Where {
    Everywhere,
    Call,
    Changed,
    Written,
    HeldOrNamed,
    Typed,
    Resource,
    Kept,
    Path,
    Acquired,
    Named,
    Found,
    Reference,
    Configured,
    Effect,
}

/// Every placeholder: its name, what it stands for, where it has a value.
const SLOTS: &[(&str, Slot, Where)] = &[
    ("class", Slot::Class, Where::Everywhere),
    ("member", Slot::Member, Where::Everywhere),
    ("method", Slot::Method, Where::Everywhere),
    ("tenants", Slot::Tenants, Where::Everywhere),
    ("readers", Slot::Readers, Where::Written),
    ("loader", Slot::Loader, Where::Everywhere),
    ("type", Slot::Type, Where::Typed),
    ("target", Slot::Target, Where::Acquired),
    ("argument", Slot::Argument, Where::Call),
    ("property", Slot::Property, Where::Call),
    ("named", Slot::Named, Where::Named),
    ("holder", Slot::Holder, Where::HeldOrNamed),
    ("error", Slot::Error, Where::Reference),
    ("found", Slot::Found, Where::Found),
    ("needs", Slot::Needs, Where::Reference),
    ("missing", Slot::Missing, Where::Reference),
    ("file", Slot::File, Where::Configured),
    ("effect", Slot::Effect, Where::Effect),
    ("instead", Slot::Instead, Where::Call),
    ("outcome", Slot::Outcome, Where::Changed),
    ("resource", Slot::Resource, Where::Resource),
    ("release", Slot::Release, Where::Resource),
    ("pins", Slot::Pins, Where::Resource),
    ("kept", Slot::Kept, Where::Kept),
    ("path", Slot::Path, Where::Path),
];

/// The names of the placeholders that have a value at a site.
pub(crate) fn names_at(site: &Site) -> impl Iterator<Item = &'static str> {
    SLOTS.iter().filter(|row| is_known_at(row.2, site)).map(|row| row.0)
}

/// Splits a text into its parts; `{{` and `}}` stand for single braces. Line breaks become spaces.
///
/// # Errors
/// Every placeholder that is unknown or has no value at `site`.
pub(crate) fn parse(text: &str, site: &Site) -> Result<Template, Vec<BadTemplate>> {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut parts = Vec::new();
    let mut bad = Vec::new();
    let mut plain = String::new();
    let mut rest = line.as_str();
    while let Some(at) = rest.find(['{', '}']) {
        plain.push_str(&rest[..at]);
        let brace = &rest[at..at + 1];
        let after = &rest[at + 1..];
        if let Some(next) = after.strip_prefix(brace) {
            plain.push_str(brace);
            rest = next;
            continue;
        }
        let Some(end) = after.find('}').filter(|_| brace == "{") else {
            bad.push(BadTemplate::Unbalanced);
            return Err(bad);
        };
        match slot(&after[..end], site) {
            Ok(slot) => {
                flush(&mut plain, &mut parts);
                parts.push(Part::Slot(slot));
            }
            Err(error) => bad.push(error),
        }
        rest = &after[end + 1..];
    }
    plain.push_str(rest);
    flush(&mut plain, &mut parts);
    if bad.is_empty() { Ok(Template { parts }) } else { Err(bad) }
}

fn slot(name: &str, site: &Site) -> Result<Slot, BadTemplate> {
    match SLOTS.iter().find(|row| row.0 == name) {
        None => Err(BadTemplate::Unknown(name.to_owned())),
        Some((_, _, place)) if !is_known_at(*place, site) => Err(BadTemplate::Elsewhere(name.to_owned())),
        Some((_, slot, _)) => Ok(*slot),
    }
}

fn is_known_at(place: Where, site: &Site) -> bool {
    let is_call = matches!(site, Site::Call { .. });
    let is_kept = matches!(site, Site::Kept { .. });
    let is_open = matches!(site, Site::Open { .. });
    let is_reference = matches!(site, Site::Reference { .. });
    let is_copy = matches!(site, Site::OtherCopy { .. });
    let is_change =
        matches!(site, Site::FieldWrite { .. } | Site::FieldMutation { .. } | Site::FieldChange { .. });
    let is_configured = matches!(site, Site::Configured { .. });
    match place {
        Where::Everywhere => true,
        Where::Call => is_call,
        Where::Changed => is_change,
        Where::Written => is_call || is_change,
        Where::HeldOrNamed => {
            is_call
                || is_reference
                || is_copy
                || is_configured
                || matches!(
                    site,
                    Site::FieldWrite { of_statics: false }
                        | Site::FieldMutation { of_statics: false, .. }
                        | Site::FieldChange { of_statics: false }
                        | Site::HandedOut { of_statics: false }
                )
        }
        Where::Typed => !matches!(site, Site::Class),
        Where::Resource => is_kept || is_open,
        Where::Kept => is_kept,
        Where::Path => is_open || is_call,
        Where::Acquired => is_call || is_kept || is_open || is_reference,
        Where::Named => is_call || is_reference || is_copy || is_configured,
        Where::Found => is_reference || is_copy,
        Where::Reference => is_reference,
        Where::Configured => is_configured,
        Where::Effect => is_call || is_configured,
    }
}

fn flush(plain: &mut String, parts: &mut Vec<Part>) {
    if !plain.is_empty() {
        parts.push(Part::Text(std::mem::take(plain)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: Site = Site::Call { apis: Vec::new() };

    #[test]
    fn a_text_is_split_at_its_placeholders_and_double_braces_are_single_ones() {
        let template = parse("{target} takes {{}} from\n {tenants}.", &CALL).unwrap();
        assert_eq!(
            template.parts,
            [
                Part::Slot(Slot::Target),
                Part::Text(" takes {} from ".to_owned()),
                Part::Slot(Slot::Tenants),
                Part::Text(".".to_owned()),
            ]
        );
    }

    #[test]
    fn every_wrong_placeholder_is_told() {
        let bad = parse("{tenant} leaks {resource}", &CALL).unwrap_err();
        assert_eq!(
            bad,
            [BadTemplate::Unknown("tenant".to_owned()), BadTemplate::Elsewhere("resource".to_owned())]
        );
        assert_eq!(parse("a } b", &CALL), Err(vec![BadTemplate::Unbalanced]));
        assert_eq!(parse("a { b", &CALL), Err(vec![BadTemplate::Unbalanced]));
        assert_eq!(parse("ä{", &CALL), Err(vec![BadTemplate::Unbalanced]));
    }
}
