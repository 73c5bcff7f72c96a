//! What a refusal means: pure, from the server's words to an error.
//!
//! Servers say what passes by itself in the same breath as refused credentials, and a mailbox that is merely busy must
//! never look like one whose consent is over. So everything that is known not to be about the credentials is looked for
//! first.

use super::reply::{Status, Text};
use crate::error::{Error, Spoken};
use crate::sasl::Challenge;
use crate::words;

/// What was refused.
pub(super) enum Asked<'a> {
    /// To sign in.
    SignIn { mechanism: &'static str, challenge: Option<Challenge> },
    /// To open this folder.
    Folder { command: &'static str, folder: &'a str },
    /// To put something into this folder, or to make it.
    Target { command: &'static str, folder: &'a str },
    /// To change messages of the open folder.
    Change(&'static str),
    /// Anything else.
    Command(&'static str),
}

/// Sorts a tagged `NO` or `BAD`.
pub(super) fn refusal(asked: Asked<'_>, status: Status, text: Text) -> Error {
    let mut words = text.shown.to_ascii_lowercase();
    if let Asked::Folder { folder, .. } | Asked::Target { folder, .. } = &asked {
        // Many servers repeat the name, and a folder may well be called "Temporary".
        words = words.replace(&folder.to_ascii_lowercase(), "");
    }
    if words::say_not_connected(&words) {
        return Error::NotConnected { spoken: Spoken::Imap, text: text.shown };
    }
    if words::end_the_session(&words) {
        // While signing in there was no session yet: whoever began another at once would go round in circles.
        return if matches!(asked, Asked::SignIn { .. }) { farewell(text) } else { bye(text) };
    }
    if is_server_bug(&asked, &text) {
        return Error::ServerBug { text: text.shown };
    }
    if is_full(&asked, &text, &words) {
        return Error::Full { text: text.shown };
    }
    if is_passing(&asked, &text, &words) {
        return Error::Unavailable { retry_after: words::backoff(&words), text: text.shown };
    }
    if matches!(asked, Asked::SignIn { .. }) && (text.code == "WEBALERT" || words::bar(&words)) {
        return Error::Barred { text: text.shown };
    }
    match asked {
        Asked::SignIn { mechanism, challenge } if status == Status::No => {
            Error::Refused { spoken: Spoken::Imap, mechanism, text: text.shown, challenge }
        }
        Asked::SignIn { .. } => Error::Command { command: "AUTHENTICATE", text: text.shown },
        Asked::Folder { folder, .. } | Asked::Target { folder, .. }
            if status == Status::No && is_missing(&text, &words) =>
        {
            Error::FolderMissing { folder: folder.to_owned(), text: text.shown }
        }
        Asked::Folder { command, .. }
        | Asked::Target { command, .. }
        | Asked::Change(command)
        | Asked::Command(command) => Error::Command { command, text: text.shown },
    }
}

/// A farewell within a session that was signed in.
pub(super) fn bye(text: Text) -> Error {
    if words::end_the_session(&text.shown.to_ascii_lowercase()) {
        return Error::SessionExpired { text: text.shown };
    }
    farewell(text)
}

/// A farewell before anybody was signed in.
pub(super) fn farewell(text: Text) -> Error {
    Error::Bye { retry_after: words::backoff(&text.shown.to_ascii_lowercase()), text: text.shown }
}

/// A fault at reading may lie in one message, and whoever asks can find out. Elsewhere it passes like any other: a server
/// that says so of one thing may say so of all until its storage is mended.
fn is_server_bug(asked: &Asked<'_>, text: &Text) -> bool {
    text.code == "SERVERBUG" && matches!(asked, Asked::Command("UID FETCH"))
}

/// `OVERQUOTA` is said of a full mailbox, and at Gmail of too much traffic too.
fn is_full(asked: &Asked<'_>, text: &Text, words: &str) -> bool {
    matches!(asked, Asked::Target { .. })
        && !words::pass(words)
        && (text.code == "OVERQUOTA" || words::are_of_a_full_mailbox(words))
}

fn is_passing(asked: &Asked<'_>, text: &Text, words: &str) -> bool {
    match text.code.as_str() {
        "UNAVAILABLE" | "INUSE" | "LIMIT" | "THROTTLED" | "SERVERBUG" | "OVERQUOTA" => return true,
        // RFC 5530: somebody else removed messages, which we have yet to hear of.
        "EXPUNGEISSUED" if matches!(asked, Asked::Target { .. } | Asked::Change(_)) => return true,
        _ => {}
    }
    // Of one message these words may hold for ever; at the door they are about the server.
    let at_the_door = matches!(asked, Asked::SignIn { .. });
    words::pass(words) || at_the_door && words::has(words, &INTERNAL)
}

/// RFC 3501 §6.4.7: `TRYCREATE` says that the folder would have to be made first.
fn is_missing(text: &Text, words: &str) -> bool {
    matches!(text.code.as_str(), "NONEXISTENT" | "TRYCREATE")
        || words::has(words, &MISSING) && !words.contains("message")
}

/// What servers say of a fault of their own. Gmail: `System Error (Failure)`.
const INTERNAL: [&str; 3] = ["system error", "internal error", "server error"];

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

#[cfg(test)]
mod tests;
