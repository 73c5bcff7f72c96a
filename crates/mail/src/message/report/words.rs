//! Reports that are told in words only.

use super::{
    Action, DeliveryReport, FailedRecipient, MAX_DIAGNOSTIC, MAX_RECIPIENTS, returned_ids,
    status_in,
};
use crate::message::address::{addresses, fold};
use crate::message::header::Headers;
use crate::message::text::one_line;

/// Lines that are read before the returned mail must have begun.
const MAX_LINES: usize = 2000;
/// Lines of a reason.
const MAX_REASON: usize = 12;

/// What stands in the line above a returned mail, in lower case.
const RETURNED: [&str; 6] = [
    "copy of the message",
    "copy of your message",
    "original message",
    "unsent message",
    "returned message",
    "message header",
];

/// What subjects of mere warnings say, in lower case.
const WARNINGS: [&str; 3] = ["warning", "delay", "verzöger"];

/// Recipients (X-Failed-Recipients, or addresses on lines of their own), and the id of the mail that was returned
/// below.
pub(super) fn read(headers: &Headers<'_>, subject: &str, text: &str) -> DeliveryReport {
    let lines: Vec<&str> = text.lines().take(MAX_LINES).collect();
    let end = lines.iter().position(|line| is_returned(line)).unwrap_or(lines.len());
    let mut told = told(&lines[..end]);
    let named: Vec<String> = headers
        .all("X-Failed-Recipients")
        .flat_map(|value| addresses(&value))
        .map(|one| fold(&one.address))
        .take(MAX_RECIPIENTS)
        .collect();
    if !named.is_empty() {
        let reason = |address: String| {
            let found = told.iter().find(|(one, _)| *one == address);
            let reason = found.map(|(_, reason)| reason.clone()).unwrap_or_default();
            (address, reason)
        };
        told = named.into_iter().map(reason).collect();
    }
    let subject = subject.to_lowercase();
    let warns = WARNINGS.iter().any(|word| subject.contains(word));
    let action = if warns { Action::Delayed } else { Action::Failed };
    let recipient = |(address, diagnostic): (String, String)| FailedRecipient {
        address,
        action,
        status: status_in(&diagnostic).unwrap_or_default().to_owned(),
        diagnostic,
    };
    let returned = lines.get(end + 1..).unwrap_or_default().join("\n");
    DeliveryReport {
        recipients: told.into_iter().map(recipient).collect(),
        original_ids: returned_ids(returned.as_bytes()),
    }
}

/// `--- Below this line is a copy of the message.`, and not a sentence that mentions it.
fn is_returned(line: &str) -> bool {
    let line = line.trim().to_lowercase();
    (line.starts_with("--") || line.ends_with(':'))
        && RETURNED.iter().any(|words| line.contains(words))
}

/// Addresses and reasons.
fn told(lines: &[&str]) -> Vec<(String, String)> {
    let mut told: Vec<(String, String)> = Vec::new();
    let mut at = 0;
    while at < lines.len() && told.len() < MAX_RECIPIENTS {
        let Some((address, beside)) = address_line(lines[at]) else {
            at += 1;
            continue;
        };
        at += 1;
        let below = &lines[at..];
        // The reason may stand below one blank line, and ends at the next one, or where the next address begins.
        let blank = usize::from(below.first().is_some_and(|line| line.trim().is_empty()));
        let reason = below[blank..]
            .iter()
            .take(MAX_REASON)
            .take_while(|line| !line.trim().is_empty() && address_line(line).is_none());
        let reason: Vec<&str> = std::iter::once(beside).chain(reason.copied()).collect();
        let reason = one_line(&reason.join(" "), MAX_DIAGNOSTIC);
        if !told.iter().any(|(one, _)| *one == address) {
            told.push((address, reason));
        }
    }
    told
}

/// `<ann@example.org>:` and what stands beside it, or an address alone on its line.
fn address_line(line: &str) -> Option<(String, &str)> {
    let line = line.trim();
    let (word, beside) = match line.strip_prefix('<') {
        Some(rest) => {
            let (word, rest) = rest.split_once('>')?;
            (word, rest.strip_prefix(':').or(rest.is_empty().then_some(rest))?)
        }
        None => (line.trim_end_matches(':'), ""),
    };
    let (local, domain) = word.rsplit_once('@')?;
    let plain = |text: &str| {
        !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || "<>(),;:\"".contains(c))
    };
    (word.len() <= 320 && plain(local) && plain(domain))
        .then(|| (fold(&one_line(word, 320)), beside.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(header: &str, text: &str) -> Vec<String> {
        let (headers, _) = Headers::read(header.as_bytes());
        let subject = headers.get("Subject").unwrap_or_default().into_owned();
        let report = read(&headers, &subject, text);
        let recipients = report
            .recipients
            .into_iter()
            .map(|one| format!("{} {} {} {}", one.address, one.action, one.status, one.diagnostic));
        recipients.chain(report.original_ids).collect()
    }

    #[test]
    fn the_usual_words_are_understood() {
        let table: &[(&str, &str, &[&str])] = &[
            (
                "",
                "Hi. This is the program at mx.example.\nI gave up.\n\n<Ann@x.example>:\n\
                 192.0.2.1 does not like recipient.\nRemote host said: 550 5.1.1 unknown\n\n\
                 <bob@x.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n\
                 --- Below this line is a copy of the message.\n\nReturn-Path: <me@y>\nMessage-ID: <m1@y>\n\nHi\n",
                &[
                    "ann@x.example failed 5.1.1 192.0.2.1 does not like recipient. Remote host said: 550 5.1.1 unknown",
                    "bob@x.example failed 5.1.1 Sorry, no mailbox here by that name. (#5.1.1)",
                    "m1@y",
                ],
            ),
            (
                "X-Failed-Recipients: ann@x.example, bob@x.example",
                "The following address(es) failed:\n\n  ann@x.example\n    SMTP error after RCPT TO:<ann@x.example>:\n\
                 \x20   550 5.7.1 no\n\n------ This is a copy of the message, with its headers. ------\n\nMessage-ID: <m2@y>\n",
                &[
                    "ann@x.example failed 5.7.1 SMTP error after RCPT TO:<ann@x.example>: 550 5.7.1 no",
                    "bob@x.example failed  ",
                    "m2@y",
                ],
            ),
            (
                "",
                "Delivery to the following recipient failed permanently:\n\n     ann@x.example\n\n\
                 Technical details: 550 5.2.1 off\n\n----- Original message -----\nMessage-Id: <m3@y>\n",
                &["ann@x.example failed 5.2.1 Technical details: 550 5.2.1 off", "m3@y"],
            ),
            (
                "Subject: Warning: message delayed 24 hours",
                "The address to which it has not yet been delivered is:\n\n  ann@x.example\n    Delay reason: busy\n",
                &["ann@x.example delayed  Delay reason: busy"],
            ),
            ("", "Write to postmaster@x.example, or <a@x> if the original message is gone.", &[]),
            ("", "", &[]),
        ];
        for (header, text, expected) in table {
            assert_eq!(shown(header, text), *expected, "{text}");
        }
    }
}
