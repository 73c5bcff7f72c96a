//! Arguments of commands. Nothing that is made here can end a command line and begin another.

use super::error::Error;
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

/// A folder's name, in modified UTF-7 and quotes.
pub(super) fn folder(name: &str) -> Result<String, Error> {
    if name.is_empty() || name.contains(['\r', '\n', '\0']) {
        return Err(Error::Argument { what: "folder name" });
    }
    Ok(quoted(&modified_utf7(name)))
}

fn quoted(plain: &str) -> String {
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

/// Modified UTF-7 (RFC 3501 §5.1.3): printable ASCII stands for itself, `&` is `&-`, and everything else is UTF-16 in
/// a base64 of its own between `&` and `-`.
fn modified_utf7(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    let mut units: Vec<u16> = Vec::new();
    for c in name.chars() {
        if matches!(c, ' '..='~') {
            shift(&mut text, &mut units);
            text.push(c);
            if c == '&' {
                text.push('-');
            }
        } else {
            units.extend(c.encode_utf16(&mut [0; 2]).iter());
        }
    }
    shift(&mut text, &mut units);
    text
}

/// Writes out the characters that wait to be encoded.
fn shift(text: &mut String, units: &mut Vec<u16>) {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD_NO_PAD;
    if units.is_empty() {
        return;
    }
    let bytes: Vec<u8> = units.drain(..).flat_map(u16::to_be_bytes).collect();
    text.push('&');
    text.push_str(&STANDARD_NO_PAD.encode(bytes).replace('/', ","));
    text.push('-');
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
    fn folders_are_written_in_modified_utf7() {
        for (name, written) in [
            ("INBOX", "\"INBOX\""),
            ("Sent Items", "\"Sent Items\""),
            ("Entwürfe", "\"Entw&APw-rfe\""),
            ("a&b", "\"a&-b\""),
            // RFC 3501 §5.1.3's own example.
            ("~peter/mail/台北/日本語", "\"~peter/mail/&U,BTFw-/&ZeVnLIqe-\""),
            ("📥", "\"&2D3c5Q-\""),
            ("say \"hi\" \\o/", "\"say \\\"hi\\\" \\\\o/\""),
            ("tab\there", "\"tab&AAk-here\""),
        ] {
            assert_eq!(folder(name).unwrap(), written);
        }
    }

    #[test]
    fn no_argument_begins_a_command_of_its_own() {
        for evil in ["INBOX\r\na2 DELETE INBOX", "a\nb", "a\rb", "a\0b"] {
            assert!(matches!(folder(evil), Err(Error::Argument { .. })), "{evil:?}");
            assert!(matches!(argument("password", evil), Err(Error::Argument { .. })), "{evil:?}");
        }
        assert!(folder("").is_err());
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
