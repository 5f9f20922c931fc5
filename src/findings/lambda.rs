//! The names that compilers give the bodies of lambdas, in words that people use.

use std::borrow::Cow;

/// The method that a lambda's body is written in, by the body's name; `Some("")` if the name does not tell. `None` for
/// other methods.
///
/// javac writes `lambda$run$3`, with `new`, `static` and (before 9, of a lambda in a lambda) `null` for what has no name of
/// its own, kotlinc `run$lambda$3`, scalac `$anonfun$run$3`.
pub fn enclosing(member: &str) -> Option<&str> {
    let without_number = |name: &'_ str| -> Option<usize> {
        let (head, tail) = name.rsplit_once('$')?;
        (!tail.is_empty() && tail.bytes().all(|b| b.is_ascii_digit())).then_some(head.len())
    };
    if let Some(rest) = member.strip_prefix("lambda$").or_else(|| member.strip_prefix("$anonfun$")) {
        let name = rest.get(..without_number(rest)?)?;
        return Some(match name {
            "new" => "<init>",
            "static" => "<clinit>",
            "null" => "",
            // A lambda in a lambda.
            name => enclosing(name).unwrap_or(name),
        });
    }
    let head = member.get(..without_number(member)?)?;
    head.strip_suffix("$lambda").map(|name| enclosing(name).unwrap_or(name))
}

/// A member's name as reports show it: `run (lambda)`.
pub fn shown(member: &str) -> Cow<'_, str> {
    match enclosing(member) {
        Some("") => "(lambda)".into(),
        Some(name) => format!("{name} (lambda)").into(),
        None => member.into(),
    }
}

/// A text with each `Owner.lambda$run$3` replaced by ``a lambda in `Owner.run` ``; quotes are left where they are not
/// used.
pub fn told(text: &str) -> String {
    let mut told = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let word = rest.find(|c| !is_of_name(c)).unwrap_or(rest.len());
        // The full stop of a sentence is no part of its last name.
        let word = rest[..word].trim_end_matches('.').len().max(usize::from(rest.starts_with('.')));
        if word == 0 {
            let next = rest.find(is_of_name).unwrap_or(rest.len());
            told.push_str(&rest[..next]);
            rest = &rest[next..];
            continue;
        }
        let (name, tail) = rest.split_at(word);
        match name.rsplit_once('.').and_then(|(owner, member)| Some((owner, enclosing(member)?))) {
            Some((owner, method)) => {
                let quote = if told.ends_with('`') { told.pop() } else { None };
                told.push_str(if told.is_empty() { "A lambda in " } else { "a lambda in " });
                told.extend(quote);
                told.push_str(owner);
                if !method.is_empty() {
                    told.push('.');
                    told.push_str(method);
                }
            }
            None => told.push_str(name),
        }
        rest = tail;
    }
    told
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '.' | '<' | '>')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lambda_is_named_after_the_method_that_it_is_written_in() {
        assert_eq!(enclosing("lambda$start$0"), Some("start"));
        assert_eq!(enclosing("lambda$new$12"), Some("<init>"));
        assert_eq!(enclosing("lambda$null$1"), Some(""));
        assert_eq!(enclosing("start$lambda$0"), Some("start"));
        assert_eq!(enclosing("start$lambda$1$lambda$0"), Some("start"));
        assert_eq!(enclosing("$anonfun$start$3"), Some("start"));
        assert_eq!(enclosing("access$100"), None);
        assert_eq!(enclosing("lambda"), None);
    }

    #[test]
    fn a_message_names_the_method_and_not_the_compilers_name() {
        assert_eq!(told("`Net.lambda$start$0` opens a file."), "A lambda in `Net.start` opens a file.");
        assert_eq!(told("an exception of Net.lambda$null$1."), "an exception of a lambda in Net.");
        assert_eq!(told("`Net.start` opens a file…"), "`Net.start` opens a file…");
    }
}
