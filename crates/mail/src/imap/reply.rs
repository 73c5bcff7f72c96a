//! What one complete response means, as far as we ask.
//!
//! Written by hand rather than taken from a general parser: what is read here comes from strangers, so it must neither
//! panic nor recurse, and what it does not know must be no more than a response that is passed over.

use super::capabilities::Capabilities;
use super::codec::Frame;
use super::fetch::{self, Fetch};
use super::list::{self, Listed};
use crate::words::plain;

/// A response.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// The answer to the command with this tag.
    Tagged(String, Status, Text),
    /// A status of its own accord: the greeting, a warning, a farewell.
    Untagged(Status, Text),
    /// The server waits for the rest of a command.
    Continue(String),
    /// What it can do.
    Capability(Capabilities),
    /// So many messages are in the folder.
    Exists(u32),
    /// So many of them have come since somebody last looked.
    Recent(u32),
    /// A message was removed from the folder.
    Expunged,
    /// Data of one message.
    Fetch(Fetch),
    /// A folder.
    List(Listed),
    /// What was agreed on with ENABLE.
    Enabled(Capabilities),
    /// Data that we have no use for.
    Other,
    /// Nothing that IMAP knows.
    Unreadable,
}

/// The statuses (RFC 9051 §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Ok,
    No,
    Bad,
    PreAuth,
    Bye,
}

/// What stands after a status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Text {
    /// The name of the response code, in upper case; empty where there is none.
    pub(super) code: String,
    /// What follows the name inside the brackets.
    pub(super) argument: String,
    /// The whole, code included, fit to be shown.
    pub(super) shown: String,
}

/// Octets of a server's words that are shown to people.
const SHOWN: usize = 500;

/// Reads a response. Never fails: see [`Reply::Unreadable`].
pub(super) fn read(frame: Frame) -> Reply {
    let Frame { text, literals } = frame;
    if let Some(rest) = text.strip_prefix(b"+") {
        return Reply::Continue(String::from_utf8_lossy(rest).trim().to_owned());
    }
    if let Some(data) = text.strip_prefix(b"* ") {
        let (first, rest) = word(data);
        if let Some(status) = status(first) {
            return Reply::Untagged(status, words(rest));
        }
        if first.eq_ignore_ascii_case(b"CAPABILITY") {
            return Reply::Capability(Capabilities::parse(&String::from_utf8_lossy(rest)));
        }
        if first.eq_ignore_ascii_case(b"ENABLED") {
            return Reply::Enabled(Capabilities::parse(&String::from_utf8_lossy(rest)));
        }
        if first.eq_ignore_ascii_case(b"LIST") {
            return list::read(rest, literals).map_or(Reply::Other, Reply::List);
        }
        let Some(number) = number(first) else { return Reply::Other };
        let (second, rest) = word(rest);
        if second.eq_ignore_ascii_case(b"EXISTS") {
            return u32::try_from(number).map_or(Reply::Other, Reply::Exists);
        }
        if second.eq_ignore_ascii_case(b"RECENT") {
            return u32::try_from(number).map_or(Reply::Other, Reply::Recent);
        }
        if second.eq_ignore_ascii_case(b"EXPUNGE") {
            return Reply::Expunged;
        }
        if second.eq_ignore_ascii_case(b"FETCH") {
            return Reply::Fetch(fetch::read(rest, literals));
        }
        return Reply::Other;
    }
    let (tag, rest) = word(&text);
    let (second, rest) = word(rest);
    match (std::str::from_utf8(tag), status(second)) {
        (Ok(tag), Some(status)) => Reply::Tagged(tag.to_owned(), status, words(rest)),
        _ => Reply::Unreadable,
    }
}

/// A decimal number, as far as 64 bits go.
pub(super) fn number(digits: &[u8]) -> Option<u64> {
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The first word, and what follows its spaces.
fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|&byte| byte == b' ').unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    (word, rest.trim_ascii_start())
}

fn status(word: &[u8]) -> Option<Status> {
    [
        ("OK", Status::Ok),
        ("NO", Status::No),
        ("BAD", Status::Bad),
        ("PREAUTH", Status::PreAuth),
        ("BYE", Status::Bye),
    ]
    .into_iter()
    .find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes()))
    .map(|(_, status)| status)
}

/// Splits `[CODE argument] words`.
fn words(text: &[u8]) -> Text {
    let inside = text.strip_prefix(b"[").and_then(|rest| {
        let end = rest.iter().position(|&byte| byte == b']')?;
        Some(&rest[..end])
    });
    let (code, argument) = inside.map(word).unwrap_or_default();
    Text {
        code: String::from_utf8_lossy(code).to_ascii_uppercase(),
        argument: String::from_utf8_lossy(argument).into_owned(),
        shown: plain(text, SHOWN),
    }
}
