//! LIST responses: one folder each (RFC 9051 §7.3.1).

use super::codec::Literal;
use super::fetch::{quoted_end, unescaped};

/// What a LIST response told.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Listed {
    /// As they were told, with their backslashes.
    pub(super) attributes: Vec<String>,
    pub(super) delimiter: Option<char>,
    /// As it goes over the wire, without quotes and escapes.
    pub(super) name: Vec<u8>,
}

/// Octets of a name. No file system behind a mail server takes so many.
const NAME: usize = 2000;

/// Reads what follows the word `LIST`. `None` for what is not a folder: without a name, or with one of no sensible size.
pub(super) fn read(text: &[u8], literals: Vec<Literal>) -> Option<Listed> {
    let inside = text.strip_prefix(b"(")?;
    let end = inside.iter().position(|&byte| byte == b')')?;
    let attributes = String::from_utf8_lossy(&inside[..end])
        .split_ascii_whitespace()
        .map(str::to_owned)
        .collect();
    let mut literals = literals.into_iter();
    let (delimiter, rest) = string(inside[end + 1..].trim_ascii_start(), &mut literals)?;
    let (name, _) = string(rest.trim_ascii_start(), &mut literals)?;
    let name = name?;
    let delimiter = delimiter.and_then(|text| String::from_utf8(text).ok()?.chars().next());
    (!name.is_empty() && name.len() <= NAME).then_some(Listed { attributes, delimiter, name })
}

/// The string that `text` begins with, `None` inside for `NIL`, and what follows it.
fn string<'a>(
    text: &'a [u8],
    literals: &mut impl Iterator<Item = Literal>,
) -> Option<(Option<Vec<u8>>, &'a [u8])> {
    match text.first()? {
        b'"' => {
            let end = quoted_end(text)?;
            Some((Some(unescaped(&text[1..end - 1])), &text[end..]))
        }
        b'{' => {
            let end = text.iter().position(|&byte| byte == b'}')?;
            let Literal::Kept(bytes) = literals.next()? else { return None };
            Some((Some(bytes), &text[end + 1..]))
        }
        _ => {
            let end = text.iter().position(|&byte| byte == b' ').unwrap_or(text.len());
            let (atom, rest) = text.split_at(end);
            let is_nil = atom.eq_ignore_ascii_case(b"NIL");
            Some(((!is_nil).then(|| atom.to_vec()), rest))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn listed(text: &str) -> Option<(String, Option<char>, String)> {
        let literals = vec![Literal::Kept(b"a \"b\"".to_vec())];
        read(text.as_bytes(), literals).map(|listed| {
            let name = String::from_utf8_lossy(&listed.name).into_owned();
            (listed.attributes.join(" "), listed.delimiter, name)
        })
    }

    #[test]
    fn folders_are_read_in_every_way_of_writing_them() {
        let some = |attributes: &str, delimiter, name: &str| {
            Some((attributes.to_owned(), delimiter, name.to_owned()))
        };
        for (text, read) in [
            (r#"() "/" INBOX"#, some("", Some('/'), "INBOX")),
            (r#"(\HasNoChildren \Sent) "." "Sent Items""#, {
                some(r"\HasNoChildren \Sent", Some('.'), "Sent Items")
            }),
            (r#"() "\\" "a\\b\"c""#, some("", Some('\\'), r#"a\b"c"#)),
            ("() NIL flat", some("", None, "flat")),
            (r#"() "" flat"#, some("", None, "flat")),
            (r#"() "/" {5}"#, some("", Some('/'), r#"a "b""#)),
            (r#"(\NonExistent) "/" "x" ("CHILDINFO" ("SUBSCRIBED"))"#, {
                some(r"\NonExistent", Some('/'), "x")
            }),
            (r#"() "/" "nil""#, some("", Some('/'), "nil")),
            (r#"() "/" """#, None),
            (r#"() "/" NIL"#, None),
            (r#"() "/""#, None),
            (r#"() "/" "open"#, None),
            (r#"( "/" x"#, None),
            ("", None),
        ] {
            assert_eq!(listed(text), read, "{text}");
        }
        assert_eq!(listed(&format!("() NIL {}", "x".repeat(NAME + 1))), None);
        assert_eq!(read(b"() NIL {9}", vec![Literal::Drained(9)]), None);
    }

    proptest! {
        #[test]
        fn nothing_is_too_odd(text in "[()\"\\\\{} /a-c0-9]{0,40}", raw in any::<Vec<u8>>()) {
            for text in [text.as_bytes(), &raw] {
                if let Some(listed) = read(text, vec![Literal::Kept(raw.clone())]) {
                    prop_assert!((1..=NAME).contains(&listed.name.len()));
                }
            }
        }
    }
}
