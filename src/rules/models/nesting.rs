//! How deeply a YAML text nests, before it is parsed: the parser takes time quadratic in the depth.

/// Deepest nesting of a file of this tool; the built-in ones stay below a tenth of it.
pub(super) const MAX_DEPTH: usize = 64;

/// Whether flow collections, or indicators in a row (`- - -`), nest deeper than [`MAX_DEPTH`].
///
/// Errs towards `true` for a bracket in prose that is never closed; depth by indentation alone needs a text of
/// quadratic size, which the size limit bounds.
pub(super) fn is_too_deep(text: &str) -> bool {
    let indicators = |line: &str| {
        let tokens = line.split_ascii_whitespace();
        tokens.take_while(|token| matches!(*token, "-" | "?" | ":")).count()
    };
    text.lines().any(|line| indicators(line) > MAX_DEPTH) || flow_depth(text) > MAX_DEPTH
}

/// The largest number of brackets and braces that are open at once, quoted strings and comments left out.
fn flow_depth(text: &str) -> usize {
    let (mut depth, mut deepest, mut is_token_start) = (0_usize, 0, true);
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'[' | b'{' if is_token_start => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' | b'\'' if is_token_start => skip_quoted(&mut bytes, byte),
            b'#' if is_token_start => while bytes.next_if(|&next| next != b'\n').is_some() {},
            _ => {}
        }
        let is_bracket = is_token_start && matches!(byte, b'[' | b'{');
        is_token_start =
            is_bracket || byte.is_ascii_whitespace() || matches!(byte, b',' | b':' | b'-' | b'?');
    }
    deepest
}

fn skip_quoted(bytes: &mut impl Iterator<Item = u8>, quote: u8) {
    while let Some(byte) = bytes.next() {
        if byte == quote {
            return;
        }
        if byte == b'\\' && quote == b'"' {
            bytes.next();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_count_where_a_value_may_begin() {
        assert_eq!(flow_depth("a: [b, {c: [d]}]\ne: {f: g}"), 3);
        assert_eq!(flow_depth("- a/B.{c([[I)V,d}\n- a/B.e([La/B;)[[Z"), 0);
        assert_eq!(flow_depth("a: \"[[[\\\"[\" # [[[\nb: '[['"), 0);
    }

    #[test]
    fn runs_of_indicators_count() {
        assert!(is_too_deep(&"- ".repeat(MAX_DEPTH + 1)));
        assert!(!is_too_deep(&"- a\n".repeat(1000)));
    }
}
