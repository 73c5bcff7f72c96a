//! What a refusal means for the session: pure, from the server's words to an error. What is wrong with one mail is told
//! in `verdict`.
//!
//! Servers say what passes by itself under the codes of refused credentials, and what holds for the whole account under
//! those of a mail. Both are looked for first: a mailbox that is merely busy must never look like one whose consent is
//! over, and a mail must not be given up since too many went before it.

use super::reply::Reply;
use super::verdict::Part;
use crate::error::{Error, SendingFault, Spoken, StartTlsFault};
use crate::sasl::Challenge;
use crate::words;

/// A sign-in that was refused.
pub(super) struct SignIn {
    pub(super) mechanism: &'static str,
    pub(super) challenge: Option<Challenge>,
    /// Characters of the token, once it was shown.
    pub(super) token: Option<usize>,
    /// Whether anything was shown but the mechanism's name.
    pub(super) has_said: bool,
    /// The mechanisms that the server offers.
    pub(super) offered: Vec<String>,
}

/// Characters of a token from which on a server that leaves without a word is taken to have left for its length. Dovecot
/// takes about 6000.
const TOKEN: usize = 4096;

/// Sorts a greeting that lets nobody in.
pub(super) fn greeting(reply: &Reply) -> Error {
    let text = reply.shown.clone();
    let retry_after = words::backoff(&said(reply));
    match reply.is_for_now() {
        true => Error::Unavailable { text, retry_after },
        false => Error::Bye { text, retry_after },
    }
}

/// Sorts a refusal of a command that says nothing of a mail.
pub(super) fn command(command: &'static str, reply: &Reply) -> Error {
    of_account(None, reply, &said(reply)).unwrap_or_else(|| match reply.is_for_now() {
        true => unavailable(reply),
        false => Error::Command { command, text: reply.shown.clone() },
    })
}

/// It passes by itself.
pub(super) fn unavailable(reply: &Reply) -> Error {
    Error::Unavailable { retry_after: words::backoff(&said(reply)), text: reply.shown.clone() }
}

/// Sorts a refused sign-in.
pub(super) fn sign_in(asked: SignIn, reply: &Reply) -> Error {
    let (said, text) = (said(reply), reply.shown.clone());
    let SignIn { mechanism, challenge, token, has_said, offered } = asked;
    if let Some(octets) = token
        && (said.contains("too long") || said.contains("line length"))
    {
        return Error::TokenTooLong { octets, text };
    }
    if words::end_the_session(&said) {
        // There was no session yet: whoever began another at once would go round in circles.
        return Error::Bye { retry_after: words::backoff(&said), text };
    }
    if let Some(fault) = fault(reply, &said) {
        return Error::Sending { fault, text };
    }
    if words::bar(&said) {
        return Error::Barred { text };
    }
    if reply.is_for_now() || reply.status.0 == 4 || words::pass(&said) {
        return unavailable(reply);
    }
    match reply.code {
        // RFC 3207 §4.
        530 if said.contains("starttls") => {
            Error::StartTls { spoken: Spoken::Smtp, fault: StartTlsFault::Refused(text) }
        }
        500..=504 if !has_said && !offered.iter().any(|told| told == mechanism) => {
            Error::NoMechanism { offered }
        }
        // The words of a server that does not listen are about what was said, not about whom it was said for; unless it
        // had said before what it has against the token.
        500..=504 if challenge.is_none() => Error::Command { command: "AUTH", text },
        _ => Error::Refused { spoken: Spoken::Smtp, mechanism, text, challenge },
    }
}

/// A connection that was closed without a word when a token of so many characters was shown.
pub(super) fn cut_off(error: Error, token: Option<usize>) -> Error {
    match (error, token) {
        (Error::Closed { .. }, Some(octets)) if octets > TOKEN => {
            Error::TokenTooLong { octets, text: String::new() }
        }
        (error, _) => error,
    }
}

/// What a refusal says of the account or of the server, at this point of a mail (`None` where no mail is spoken of), in
/// these words, which are in lower case and have nothing in them that strangers wrote. `None` where it may be about the
/// mail.
///
/// Behind RCPT and DATA words mean the account only under a code that goes with such, and a server that is busy with one
/// mail may have time for the next.
pub(super) fn of_account(part: Option<Part>, reply: &Reply, said: &str) -> Option<Error> {
    let is_of_mail = matches!(part, Some(Part::Recipient | Part::Text));
    let heard = if is_of_mail && !has_code_of_account(reply) { "" } else { said };
    let text = reply.shown.clone();
    if words::end_the_session(heard) {
        return Some(Error::SessionExpired { text });
    }
    if let Some(fault) = fault(reply, heard).or_else(|| plain_fault(reply, said)) {
        return Some(Error::Sending { fault, text });
    }
    // Exchange Online keeps a copy of what is sent, and takes nothing where the sender has no room for it.
    let is_stored = words::has(said, &["storedrv", "quotaexceeded"]);
    if is_stored && words::are_of_a_full_mailbox(said) && (!is_of_mail || reply.status.1 == 2) {
        return Some(Error::Full { text });
    }
    if reply.code == 530 {
        return Some(Error::Sending { fault: SendingFault::NotSignedIn, text });
    }
    let is_busy = is_server_busy(reply, heard) || part.is_none() && is_server_down(reply, said);
    is_busy.then(|| unavailable(reply))
}

/// Whether words under this code may be about the account though a mail is spoken of: the server leaves; security and
/// policy (RFC 3463 §3.8); the sender's address (§3.2); the store of Exchange Online, which says so of every mail.
fn has_code_of_account(reply: &Reply) -> bool {
    let of_status = matches!(reply.status, (_, 7, _) | (_, 1, 7 | 8) | (5, 2, 0) | (4, 3, 2));
    matches!(reply.code, 421 | 432) || of_status
}

/// Whether it is said that we send or connect too much, so that no mail is taken for now.
fn is_server_busy(reply: &Reply, said: &str) -> bool {
    // RFC 5321 §3.8: with 421 the server leaves. 432 is Exchange Online's for too many connections.
    if matches!(reply.code, 421 | 432) || reply.code == 454 && reply.status == (4, 7, 0) {
        return true;
    }
    let told = [
        "concurrent connections",
        "too many connections",
        "simultaneous connections",
        "connection limit",
        "sender thread limit",
        "submission rate",
        "throttled",
        "server busy",
    ];
    // Exchange Online's front end, which has not got through to what is behind it.
    let is_front_end = reply.status == (4, 7, 0) && words::has(said, &["temporary server error"]);
    reply.is_for_now() && (is_front_end || words::has(said, &told))
}

/// Whether the server is in trouble of its own. Where a mail is spoken of the same is said of that mail alone: a filter
/// that is away, a look-up that failed.
fn is_server_down(reply: &Reply, said: &str) -> bool {
    // RFC 3463 §3.4: X.3.Z is about the server itself; X.3.4 about a mail that is too large for it.
    let about_server = matches!(reply.status, (4, 3, detail) if detail != 4);
    let told = ["service unavailable", "service not available", "temporary server error"];
    reply.is_for_now() && (about_server || words::has(said, &told))
}

/// What the server has against the account, in so many words that nothing else can be meant, whatever the code: Postfix
/// keeps what it has against a sender to itself until it hears of a recipient, and other servers have no enhanced codes.
fn plain_fault(reply: &Reply, said: &str) -> Option<SendingFault> {
    if words::has(said, &["sender address rejected"]) {
        return Some(SendingFault::SenderRefused);
    }
    let is_limit = reply.code >= 500 && reply.status.0 == 0 && words::has(said, &LIMITS);
    is_limit.then_some(SendingFault::LimitReached)
}

/// What is said to an account that has sent enough.
const LIMITS: [&str; 7] = [
    "sending quota",
    "sending limit",
    "daily limit",
    "daily quota",
    "daily user sending",
    "hourly limit",
    "quota for outgoing",
];

/// What the server has against the account.
fn fault(reply: &Reply, said: &str) -> Option<SendingFault> {
    let has = |phrases: &[&str]| words::has(said, phrases);
    // Exchange Online says several things under 5.7.139, so that its words decide.
    if has(&["smtpclientauthentication is disabled", "smtp_auth_disabled"])
        || has(&["security defaults policy", "client not authenticated by policy"])
    {
        return Some(SendingFault::SwitchedOff);
    }
    let no_passwords = [
        "application-specific password required",
        "app password required",
        "basic authentication is not supported",
        "basic authentication is disabled",
        "basicauthblocked",
    ];
    if reply.status == (5, 7, 30) || has(&no_passwords) {
        return Some(SendingFault::PasswordsOff);
    }
    let is_enough = has(&LIMITS) || has(&["submissionquotaexceeded"]);
    if matches!(reply.status, (_, 4, 5) | (5, 1, 90)) || is_enough {
        return Some(SendingFault::LimitReached);
    }
    // 5.7.60 and 5.2.252 are Exchange's.
    let senders = [
        "sendasdenied",
        "permissions to send as",
        "not allowed to send as",
        "not owned by user",
        "not permitted to send as",
    ];
    if matches!(reply.status, (5, 7, 60) | (5, 2, 252)) || has(&senders) {
        return Some(SendingFault::SenderRefused);
    }
    let blocked = ["bad outbound sender", "spam abuse detected", "account has been blocked"];
    if matches!(reply.status, (5, 7, 501..=503)) || has(&blocked) {
        return Some(SendingFault::Blocked);
    }
    // 5.7.57 is Exchange's to whoever has not signed in.
    let unknown = reply.status == (5, 7, 57) || has(&["client was not authenticated to send"]);
    unknown.then_some(SendingFault::NotSignedIn)
}

/// A server's words, in lower case.
fn said(reply: &Reply) -> String {
    reply.shown.to_ascii_lowercase()
}

#[cfg(test)]
mod tests;
