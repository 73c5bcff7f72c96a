//! What a refusal means: pure, from the server's words to an error.

use super::reply::Text;
use crate::error::{Error, Spoken, StartTlsFault};
use crate::sasl::Challenge;
use crate::words;

/// What was refused.
pub(super) enum Asked {
    /// To begin: the greeting.
    Greeting,
    /// To sign in in this way, before anything was shown. What is offered, where the server told.
    Mechanism { mechanism: &'static str, offered: Vec<String> },
    /// To sign in.
    SignIn {
        mechanism: &'static str,
        challenge: Option<Challenge>,
        /// Characters of the token that was shown.
        token: Option<usize>,
    },
    /// To switch to TLS.
    Upgrade,
    /// To delete what was marked.
    Deletions,
    /// Anything else.
    Command(&'static str),
}

/// Octets of a token from which on Exchange Online's POP3 breaks off. Dovecot takes about 6000.
const TOKEN: usize = 4096;

/// What servers say when it passes, besides [`words::pass`] and their codes: somebody else has the mailbox open, since
/// POP3 lets one session in at a time.
const BUSY: [&str; 9] = [
    "is locked",
    "already locked",
    "maildrop lock",
    "mailbox lock",
    "lock busy",
    "unable to lock",
    "couldn't lock",
    "in use",
    "another session",
];

/// Sorts a `-ERR`. What passes by itself is looked for first, since servers say it in the same breath as refused
/// credentials, and a mailbox that is merely busy must never look like one whose consent is over.
pub(super) fn refusal(asked: Asked, text: Text) -> Error {
    let spoken = Spoken::Pop3;
    let said = text.shown.to_ascii_lowercase();
    let Text { code, shown: text } = text;
    if words::say_not_connected(&said) {
        return Error::NotConnected { spoken, text };
    }
    if let Asked::SignIn { token: Some(octets), .. } = asked
        && octets > TOKEN
        && said.contains("protocol error")
    {
        return Error::TokenTooLong { octets, text };
    }
    let is_at_the_door =
        matches!(asked, Asked::Greeting | Asked::Mechanism { .. } | Asked::SignIn { .. });
    if words::end_the_session(&said) {
        // At the door there was no session yet: whoever began another at once would go round in circles.
        return match is_at_the_door {
            true => Error::Bye { retry_after: words::backoff(&said), text },
            false => Error::SessionExpired { text },
        };
    }
    if is_at_the_door && words::bar(&said) {
        return Error::Barred { text };
    }
    let passing = matches!(code.as_str(), "SYS/TEMP" | "IN-USE" | "LOGIN-DELAY")
        || words::pass(&said)
        || words::has(&said, &BUSY);
    match (asked, code.as_str()) {
        (Asked::Deletions, _) => Error::NotDeleted { text },
        // A fault at reading may lie in one message, and whoever asks can find out.
        (Asked::Command("RETR" | "TOP"), "SYS/TEMP") if !words::pass(&said) => {
            Error::ServerBug { text }
        }
        _ if passing => Error::Unavailable { retry_after: words::backoff(&said), text },
        (_, "SYS/PERM") => Error::ServerFault { text },
        (Asked::Mechanism { mechanism, .. }, "AUTH") => {
            Error::Refused { spoken, mechanism, text, challenge: None }
        }
        (Asked::Mechanism { mechanism, offered }, _) => {
            // A server that told others is one that does not have this one.
            let is_offered = offered.iter().any(|told| told == mechanism);
            match is_offered || offered.is_empty() {
                true => Error::Command { command: "AUTH", text },
                false => Error::NoMechanism { offered },
            }
        }
        // The words of a server that no longer listens are about what was said, not about whom it was said for.
        (Asked::SignIn { .. }, "") if said.contains("protocol error") => {
            Error::Command { command: "AUTH", text }
        }
        (Asked::SignIn { mechanism, challenge, .. }, _) => {
            Error::Refused { spoken, mechanism, text, challenge }
        }
        (Asked::Greeting, _) => Error::Bye { text, retry_after: None },
        (Asked::Upgrade, _) => Error::StartTls { spoken, fault: StartTlsFault::Refused(text) },
        (Asked::Command(command), _) => Error::Command { command, text },
    }
}

/// A connection that was closed without a word when a token of so many characters was shown: Dovecot has no other way to
/// say that it is too long.
pub(super) fn cut_off(error: Error, token: Option<usize>) -> Error {
    match (error, token) {
        (Error::Closed { .. }, Some(octets)) if octets > TOKEN => {
            Error::TokenTooLong { octets, text: String::new() }
        }
        (error, _) => error,
    }
}

#[cfg(test)]
mod tests;
