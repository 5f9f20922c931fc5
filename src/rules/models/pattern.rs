//! The text form of method patterns, and of the names inside them.

use std::fmt;

use crate::vocabulary::descriptor;

use super::MethodPattern;

impl MethodPattern {
    /// Reads `owner.name`, `owner.name*`, `owner.name(params)ret`, each with an optional leading `=`.
    ///
    /// # Errors
    /// Says what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (owner, names, is_exact) = split(text)?;
        member(owner, names, is_exact)
    }

    /// Reads one pattern, or several of one owner: `owner.{name,other(I)V,prefix*}`.
    ///
    /// # Errors
    /// Says what is wrong with the text.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, String> {
        let (owner, names, is_exact) = split(text)?;
        match names.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(list) => list.split(',').map(|name| member(owner, name.trim(), is_exact)).collect(),
            None => Ok(vec![member(owner, names, is_exact)?]),
        }
    }

    /// Whether a member's name and descriptor match; its class is not looked at.
    pub fn matches_member(&self, name: &str, desc: &str) -> bool {
        let is_named = if self.is_prefix { name.starts_with(&self.name) } else { name == self.name };
        is_named && self.desc.as_deref().is_none_or(|wanted| wanted == desc)
    }
}

impl fmt::Display for MethodPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { owner, name, desc, is_exact, is_prefix } = self;
        let (exact, star) = (if *is_exact { "=" } else { "" }, if *is_prefix { "*" } else { "" });
        write!(f, "{exact}{owner}.{name}{star}{}", desc.as_deref().unwrap_or(""))
    }
}

fn split(text: &str) -> Result<(&str, &str, bool), String> {
    let (is_exact, body) = text.strip_prefix('=').map_or((false, text), |rest| (true, rest));
    let head = body.find(['(', '{']).map_or(body, |end| &body[..end]);
    let dot = head.rfind('.').ok_or_else(|| format!("`{text}` has no `.` between class and method"))?;
    let owner = &body[..dot];
    check_class(owner)?;
    Ok((owner, &body[dot + 1..], is_exact))
}

fn member(owner: &str, text: &str, is_exact: bool) -> Result<MethodPattern, String> {
    let (name, desc) = match text.find('(') {
        Some(start) => (&text[..start], Some(&text[start..])),
        None => (text, None),
    };
    let (name, is_prefix) = name.strip_suffix('*').map_or((name, false), |prefix| (prefix, true));
    check_method_name(name, is_prefix)?;
    if let Some(desc) = desc {
        check_descriptor(desc)?;
    }
    Ok(MethodPattern {
        owner: owner.into(),
        name: name.into(),
        desc: desc.map(Into::into),
        is_exact,
        is_prefix,
    })
}

/// JVMS 4.2.2: an unqualified method name, `<init>` included; class initialisers can't be called.
fn check_method_name(name: &str, is_prefix: bool) -> Result<(), String> {
    let is_bad = name.contains(['.', ';', '[', '/', '<', '>', '*', '{', '}', ',', ' ', ')']);
    if name == "<init>" && !is_prefix || !is_bad && !name.is_empty() {
        return Ok(());
    }
    Err(format!("`{name}` is no method name"))
}

fn check_descriptor(desc: &str) -> Result<(), String> {
    let params: usize = descriptor::params(desc).map(|t| t.0.len()).sum();
    let after = desc.get(params + 1..).unwrap_or("");
    let is_type = |text: &str| {
        text == "V" || descriptor::params(&format!("({text}")).next().is_some_and(|t| t.0 == text)
    };
    let classes_are_names = descriptor::params(desc)
        .chain([descriptor::return_type(desc)])
        .filter_map(descriptor::TypeDesc::element_class)
        .all(|class| check_class(class).is_ok());
    match after.strip_prefix(')') {
        Some(ret) if is_type(ret) && classes_are_names => Ok(()),
        _ => Err(format!("`{desc}` is no method descriptor such as `(Ljava/lang/String;I)V`")),
    }
}

/// Checks the internal name of a class or interface (JVMS 4.2.1): `java/util/Map$Entry`.
pub(super) fn check_class(name: &str) -> Result<(), String> {
    if name.contains('.') {
        return Err(format!(
            "`{name}` must be an internal name with `/` for packages: `{}`",
            name.replace('.', "/")
        ));
    }
    let is_bad = |part: &str| {
        part.is_empty() || part.contains([';', '[', '(', ')', '*', '{', '}', ',', ' ', '<', '>'])
    };
    if name.split('/').any(is_bad) {
        return Err(format!("`{name}` is no class name"));
    }
    Ok(())
}
