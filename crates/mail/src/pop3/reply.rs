//! What one status line means (RFC 1939 §3, RFC 2449 §8).

use crate::words::plain;

/// A status line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// Done; what follows it depends on the command.
    Ok(Text),
    /// Refused.
    Err(Text),
    /// The server waits for the rest of an exchange, and says this.
    Continue(String),
    /// Nothing that POP3 knows.
    Unreadable,
}

/// What stands after a status.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Text {
    /// The response code, in upper case; empty where there is none.
    pub(super) code: String,
    /// The whole, code included, fit to be shown.
    pub(super) shown: String,
}

/// Octets of a server's words that are shown to people.
const SHOWN: usize = 500;

/// Reads a line. Never fails: see [`Reply::Unreadable`].
pub(super) fn read(line: &[u8]) -> Reply {
    if let Some(rest) = after(line, b"+OK") {
        return Reply::Ok(text(rest));
    }
    if let Some(rest) = after(line, b"-ERR") {
        return Reply::Err(text(rest));
    }
    match after(line, b"+") {
        Some(rest) => Reply::Continue(String::from_utf8_lossy(rest).trim().to_owned()),
        None => Reply::Unreadable,
    }
}

/// What follows a status that ends where its word ends.
fn after<'a>(line: &'a [u8], status: &[u8]) -> Option<&'a [u8]> {
    let (word, rest) = line.split_at_checked(status.len())?;
    let is_status = word.eq_ignore_ascii_case(status)
        && rest.first().is_none_or(|byte| byte.is_ascii_whitespace() || *byte == b'[');
    is_status.then_some(rest.trim_ascii())
}

fn text(words: &[u8]) -> Text {
    let inside = words.strip_prefix(b"[").and_then(|rest| {
        let end = rest.iter().position(|&byte| byte == b']')?;
        Some(&rest[..end])
    });
    let code = String::from_utf8_lossy(inside.unwrap_or_default()).trim().to_ascii_uppercase();
    Text { code, shown: plain(words, SHOWN) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_lines_are_read_and_nothing_else_is() {
        let ok =
            |code: &str, shown: &str| Reply::Ok(Text { code: code.into(), shown: shown.into() });
        let err =
            |code: &str, shown: &str| Reply::Err(Text { code: code.into(), shown: shown.into() });
        for (line, reply) in [
            ("+OK", ok("", "")),
            ("+OK 2 320", ok("", "2 320")),
            ("+ok ready <1.2@host>", ok("", "ready <1.2@host>")),
            ("-ERR", err("", "")),
            ("-ERR [IN-USE] Do you have\tit open?", err("IN-USE", "[IN-USE] Do you have it open?")),
            ("-ERR [sys/temp] later", err("SYS/TEMP", "[sys/temp] later")),
            ("-ERR [unclosed", err("", "[unclosed")),
            ("-ERR[AUTH] no", err("AUTH", "[AUTH] no")),
            ("+", Reply::Continue(String::new())),
            ("+ ", Reply::Continue(String::new())),
            ("+ eyJ9", Reply::Continue("eyJ9".into())),
            ("+OKAY", Reply::Unreadable),
            ("-ERROR", Reply::Unreadable),
            ("* OK IMAP4rev1", Reply::Unreadable),
            ("220 ESMTP", Reply::Unreadable),
            ("", Reply::Unreadable),
            ("+é", Reply::Unreadable),
        ] {
            assert_eq!(read(line.as_bytes()), reply, "{line:?}");
        }
        let Reply::Err(long) = read(format!("-ERR {}", "x".repeat(9000)).as_bytes()) else {
            panic!("not read");
        };
        assert!(long.shown.len() < SHOWN + 8);
    }
}
