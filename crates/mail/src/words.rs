//! What servers say to people: made fit to be shown, and the phrases that mean the same in every protocol.

use std::time::Duration;

/// Text of a stranger made fit to be shown: no control characters, and at most about `most` octets.
pub(crate) fn plain(bytes: &[u8], most: usize) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(most)]);
    let cleaned: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(most).collect();
    let cleaned = cleaned.trim();
    if bytes.len() > most { format!("{cleaned} …") } else { cleaned.to_owned() }
}

/// Whether these words, in lower case, say that it passes by itself. Gmail: too many simultaneous connections, bandwidth
/// limits. Exchange: throttled, server busy. Dovecot: temporary authentication failure, maximum number of connections.
/// Yahoo: rate limit hit.
pub(crate) fn pass(words: &str) -> bool {
    has(
        words,
        &[
            "simultaneous connections",
            "maximum number of connections",
            "too many connections",
            "concurrent connections",
            "connection limit",
            "connections exceeded",
            "bandwidth limit",
            "exceeded bandwidth",
            "rate limit",
            "throttled",
            "server busy",
            "server unavailable",
            "temporar",
            "try again later",
        ],
    )
}

/// Whether these words, in lower case, say that the session is over, mostly because its token is.
pub(crate) fn end_the_session(words: &str) -> bool {
    has(
        words,
        &["accesstokenexpired", "session invalidated", "session expired", "in invalid state"],
    )
}

/// Whether these words, in lower case, are Exchange Online's for a token that is good at a mailbox that it does not open.
pub(crate) fn say_not_connected(words: &str) -> bool {
    has(words, &["user is authenticated but not connected"])
}

/// Whether one of these phrases stands in these words.
pub(crate) fn has(words: &str, phrases: &[&str]) -> bool {
    phrases.iter().any(|phrase| words.contains(phrase))
}

/// Whether these words, in lower case, say that the mailbox is closed to programs until its owner has done something in a
/// browser. Gmail: IMAP is off in the settings, web login required, lockdown.
pub(crate) fn bar(words: &str) -> bool {
    has(
        words,
        &[
            "not enabled for imap",
            "not enabled for pop",
            "enable imap",
            "enable pop",
            "web login required",
            "log in via your web browser",
            "log in with your web browser",
            "lockdown in sector",
        ],
    )
}

/// Whether these words, in lower case, say that there is no room for what should be stored.
pub(crate) fn are_of_a_full_mailbox(words: &str) -> bool {
    has(words, &["overquota", "over quota", "quota exceeded", "mailbox is full", "mailbox full"])
}

/// How long these words, in lower case, ask us to stay away. Exchange: `Suggested Backoff Time: 299961 milliseconds`;
/// others: `try again in 15 minutes`, `retry after 30 seconds`. At most an hour is believed.
pub(crate) fn backoff(words: &str) -> Option<Duration> {
    let after = |phrase| words.split_once(phrase).map(|(_, after)| after.trim_start());
    let told = ["backoff time:", "again in", "retry after"].into_iter().find_map(after)?;
    let end = told.find(|c: char| !c.is_ascii_digit()).unwrap_or(told.len());
    let (digits, unit) = told.split_at(end);
    let number: u64 = digits.parse().ok()?;
    let unit = unit.trim_start();
    let wait = match unit {
        unit if unit.starts_with("ms") || unit.starts_with("milli") => {
            Duration::from_millis(number)
        }
        unit if unit.starts_with("min") => Duration::from_secs(number.saturating_mul(60)),
        unit if unit.starts_with("hour") => Duration::from_secs(number.saturating_mul(3600)),
        unit if unit.starts_with('s') => Duration::from_secs(number),
        // Exchange's number is one of milliseconds even where its words are cut short.
        _ => Duration::from_millis(number),
    };
    Some(wait.min(Duration::from_secs(3600)))
}
