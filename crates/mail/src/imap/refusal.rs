//! What a refusal means: pure, from the server's words to an error.

use std::time::Duration;

use super::error::Error;
use super::reply::{Status, Text};
use crate::sasl::Challenge;

/// What was refused.
pub(super) enum Asked<'a> {
    /// To sign in.
    SignIn { mechanism: &'static str, challenge: Option<Challenge> },
    /// To open this folder.
    Folder { command: &'static str, folder: &'a str },
    /// Anything else.
    Command(&'static str),
}

/// Sorts a tagged `NO` or `BAD`. What passes by itself is looked for first, since servers say it in the same breath as
/// refused credentials, and a mailbox that is merely busy must never look like one whose consent is over.
///
/// `SERVERBUG` passes too: a server that says so of one message may say so of all of them until its storage is mended.
pub(super) fn refusal(asked: Asked<'_>, status: Status, text: Text) -> Error {
    let mut words = text.shown.to_ascii_lowercase();
    if let Asked::Folder { folder, .. } = &asked {
        // Many servers repeat the name, and a folder may well be called "Temporary".
        words = words.replace(&folder.to_ascii_lowercase(), "");
    }
    let has = |phrases: &[&str]| phrases.iter().any(|phrase| words.contains(phrase));
    if has(&["user is authenticated but not connected"]) {
        return Error::NotConnected { text: text.shown };
    }
    if has(&["accesstokenexpired", "session invalidated", "session expired", "in invalid state"]) {
        return bye(text);
    }
    let passing =
        matches!(text.code.as_str(), "UNAVAILABLE" | "INUSE" | "LIMIT" | "THROTTLED" | "SERVERBUG")
            || has(&PASSING);
    if passing {
        return Error::Unavailable { retry_after: backoff(&words), text: text.shown };
    }
    match asked {
        Asked::SignIn { mechanism, challenge } if status == Status::No => {
            Error::Refused { mechanism, text: text.shown, challenge }
        }
        Asked::SignIn { .. } => Error::Command { command: "AUTHENTICATE", text: text.shown },
        Asked::Folder { folder, .. }
            if status == Status::No
                && (matches!(text.code.as_str(), "NONEXISTENT" | "TRYCREATE") || has(&MISSING)) =>
        {
            Error::FolderMissing { folder: folder.to_owned(), text: text.shown }
        }
        Asked::Folder { command, .. } | Asked::Command(command) => {
            Error::Command { command, text: text.shown }
        }
    }
}

/// A farewell.
pub(super) fn bye(text: Text) -> Error {
    Error::Bye { retry_after: backoff(&text.shown.to_ascii_lowercase()), text: text.shown }
}

/// What servers say when it passes. Gmail: too many simultaneous connections, bandwidth limits. Exchange: throttled,
/// server busy. Dovecot: temporary authentication failure, maximum number of connections.
const PASSING: [&str; 9] = [
    "simultaneous connections",
    "maximum number of connections",
    "too many connections",
    "bandwidth limit",
    "throttled",
    "server busy",
    "server unavailable",
    "temporar",
    "try again later",
];

/// What servers say of a folder that is not there, where they send no code.
const MISSING: [&str; 8] = [
    "doesn't exist",
    "does not exist",
    "not exist",
    "unknown mailbox",
    "no such mailbox",
    "no such folder",
    "not found",
    "nonexistent",
];

/// Exchange: `Suggested Backoff Time: 299961 milliseconds`. At most an hour is believed.
fn backoff(words: &str) -> Option<Duration> {
    let (_, after) = words.split_once("backoff time:")?;
    let digits: String = after.trim_start().chars().take_while(char::is_ascii_digit).collect();
    let wait = Duration::from_millis(digits.parse().ok()?);
    Some(wait.min(Duration::from_secs(3600)))
}
