//! Arguments of commands. Nothing that is made here can end a command line and begin another.

use crate::error::Error;
use outlink_model::Secret;

/// A string as it is sent.
pub(super) enum Argument {
    /// In quotes, ready to be put into the line.
    Quoted(Secret),
    /// Announced in the line and sent after it.
    Literal(Secret),
}

/// A string argument (RFC 9051 §4.3): in quotes if it is plain ASCII, otherwise as a literal. Line breaks and NUL are
/// refused: no name and no password has them, and in a quoted string they would begin a command of their own.
pub(super) fn argument(what: &'static str, text: &str) -> Result<Argument, Error> {
    if text.contains(['\r', '\n', '\0']) {
        return Err(Error::Argument { what });
    }
    if text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
        return Ok(Argument::Quoted(Secret::new(quoted(text))));
    }
    Ok(Argument::Literal(Secret::new(text)))
}

/// In quotes, whatever stands in it escaped.
pub(super) fn quoted(plain: &str) -> String {
    let mut text = String::with_capacity(plain.len() + 2);
    text.push('"');
    for c in plain.chars() {
        if matches!(c, '"' | '\\') {
            text.push('\\');
        }
        text.push(c);
    }
    text.push('"');
    text
}

/// A set of UIDs as text (RFC 9051 §9, `sequence-set`): neighbours become ranges.
pub(super) fn sequence_set(uids: &[u32]) -> String {
    let mut text = String::new();
    for run in uids.chunk_by(|a, b| a.checked_add(1) == Some(*b)) {
        if !text.is_empty() {
            text.push(',');
        }
        match run {
            [only] => text.push_str(&only.to_string()),
            [first, .., last] => text.push_str(&format!("{first}:{last}")),
            [] => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_argument_begins_a_command_of_its_own() {
        for evil in ["INBOX\r\na2 DELETE INBOX", "a\nb", "a\rb", "a\0b"] {
            assert!(matches!(argument("password", evil), Err(Error::Argument { .. })), "{evil:?}");
        }
    }

    #[test]
    fn strings_that_cannot_be_quoted_become_literals() {
        let shown = |text| match argument("password", text).unwrap() {
            Argument::Quoted(secret) => ("quoted", secret.expose().to_owned()),
            Argument::Literal(secret) => ("literal", secret.expose().to_owned()),
        };
        assert_eq!(shown("p\"a\\ss{3}"), ("quoted", "\"p\\\"a\\\\ss{3}\"".into()));
        assert_eq!(shown("pässword"), ("literal", "pässword".into()));
        assert_eq!(shown("a\tb"), ("literal", "a\tb".into()));
    }

    #[test]
    fn neighbours_become_ranges() {
        assert_eq!(sequence_set(&[1, 2, 3, 7, 9, 10, u32::MAX]), "1:3,7,9:10,4294967295");
        assert_eq!(sequence_set(&[5]), "5");
        assert_eq!(sequence_set(&[]), "");
    }
}
