//! Modified UTF-8 (JVMS 4.4.7) to Rust strings.

use std::borrow::Cow;

/// Decodes modified UTF-8. Nearly all names are plain ASCII and are borrowed.
///
/// Java strings may hold surrogates without a partner and obfuscators write bytes that are no modified UTF-8 at all;
/// those become `\uXXXX` and `\xXX`, so that such names stay different from each other. Encodings that are longer than
/// needed count as garbage, as in HotSpot: else `C1 81` would alias `A`.
pub fn decode(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(decode_slowly(bytes)),
    }
}

fn decode_slowly(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match unit(&bytes[at..]) {
            Some((high @ 0xD800..=0xDBFF, n)) => match unit(&bytes[at + n..]) {
                Some((low @ 0xDC00..=0xDFFF, m)) => {
                    let code = 0x10000 + ((u32::from(high) - 0xD800) << 10) + (u32::from(low) - 0xDC00);
                    text.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                    at += n + m;
                }
                _ => {
                    text.push_str(&format!("\\u{high:04X}"));
                    at += n;
                }
            },
            Some((code, n)) => {
                match char::from_u32(u32::from(code)) {
                    Some(c) => text.push(c),
                    None => text.push_str(&format!("\\u{code:04X}")),
                }
                at += n;
            }
            None => {
                text.push_str(&format!("\\x{:02X}", bytes[at]));
                at += 1;
            }
        }
    }
    text
}

/// One UTF-16 unit and the number of bytes it took; `None` if the bytes start none.
fn unit(bytes: &[u8]) -> Option<(u16, usize)> {
    let continuation = |i: usize| bytes.get(i).filter(|b| **b & 0xC0 == 0x80).map(|b| u16::from(b & 0x3F));
    let (code, len, least) = match *bytes.first()? {
        b @ 0..=0x7F => (u16::from(b), 1, 0),
        b @ 0xC0..=0xDF => ((u16::from(b) & 0x1F) << 6 | continuation(1)?, 2, 0x80),
        b @ 0xE0..=0xEF => ((u16::from(b) & 0x0F) << 12 | continuation(1)? << 6 | continuation(2)?, 3, 0x800),
        _ => return None,
    };
    // NUL is the one unit that modified UTF-8 writes longer than needed.
    (code >= least || (code == 0 && len == 2)).then_some((code, len))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_is_borrowed() {
        assert!(matches!(decode(b"java/lang/String"), Cow::Borrowed("java/lang/String")));
    }

    #[test]
    fn surrogate_pairs_join_and_lone_ones_stay_apart() {
        assert_eq!(decode(&[0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x80]), "\u{1F600}");
        assert_eq!(decode(&[0xED, 0xA0, 0xBD]), "\\uD83D");
        assert_ne!(decode(&[0xED, 0xA0, 0xBD]), decode(&[0xED, 0xA0, 0xBE]));
    }

    #[test]
    fn nul_and_garbage_are_kept_visible() {
        assert_eq!(decode(&[b'a', 0xC0, 0x80, 0xFF, 0xE2]), "a\0\\xFF\\xE2");
    }

    #[test]
    fn overlong_encodings_do_not_alias_the_short_ones() {
        assert_eq!(decode(&[0xC1, 0x81]), "\\xC1\\x81");
        assert_eq!(decode(&[0xE0, 0x81, 0x81, b'x']), "\\xE0\\x81\\x81x");
    }
}
