//! The part of a report that is made for machines (message/delivery-status, RFC 3464 §2).

use super::{Action, FailedRecipient, MAX_DIAGNOSTIC, MAX_RECIPIENTS, action_of, status_in};
use crate::message::address::{addresses, fold};
use crate::message::header::Headers;
use crate::message::text::one_line;

/// Groups of fields that are looked at; a report has one for itself and one for each recipient.
const MAX_GROUPS: usize = 1000;

/// What the part says about each recipient. Groups are told apart by what is in them: some systems leave the first one
/// out, or write sentences into it.
pub(super) fn recipients(status: &[u8]) -> Vec<FailedRecipient> {
    let mut recipients = Vec::new();
    let mut rest = status;
    for _ in 0..MAX_GROUPS {
        if rest.is_empty() || recipients.len() == MAX_RECIPIENTS {
            break;
        }
        let (group, end) = Headers::read(rest);
        recipients.extend(recipient(&group));
        // A line that is no field is passed over.
        let line = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
        rest = &rest[if end == 0 { line } else { end }..];
    }
    recipients
}

fn recipient(group: &Headers<'_>) -> Option<FailedRecipient> {
    // The original one is whom the mail was written to; the final one may be an address that nobody here knows.
    let address = ["Original-Recipient", "Final-Recipient"]
        .iter()
        .find_map(|name| address(&group.get(name)?))?;
    let field = |name| group.get(name).unwrap_or_default();
    let diagnostic = one_line(untyped(&field("Diagnostic-Code")), MAX_DIAGNOSTIC);
    let status = status_in(&field("Status"))
        .or_else(|| status_in(&diagnostic))
        .unwrap_or_default()
        .to_owned();
    let word = field("Action").split(|c: char| !c.is_alphabetic()).next().map(str::to_lowercase);
    let action =
        word.and_then(|word| word.parse::<Action>().ok()).unwrap_or_else(|| action_of(&status));
    Some(FailedRecipient { address, action, status, diagnostic })
}

/// The value without the type before it: `rfc822; ann@example.org`.
fn untyped(value: &str) -> &str {
    match value.split_once(';') {
        Some((kind, rest))
            if kind.trim().bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') =>
        {
            rest
        }
        _ => value,
    }
}

fn address(value: &str) -> Option<String> {
    let found = addresses(untyped(value)).into_iter().next();
    let bare = || one_line(untyped(value).trim().trim_matches(['<', '>']), 320);
    let address = fold(&found.map_or_else(bare, |found| found.address));
    address.contains('@').then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_read_however_they_are_written() {
        let shown = |status: &str| {
            let line = |one: FailedRecipient| {
                format!("{} {} {} {}", one.address, one.action, one.status, one.diagnostic)
            };
            recipients(status.as_bytes()).into_iter().map(line).collect::<Vec<_>>()
        };
        let table: &[(&str, &[&str])] = &[
            (
                "Final-Recipient: RFC822; A@x\r\nAction: Failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: SMTP; 550 no; never",
                &["a@x failed 5.1.1 550 no; never"],
            ),
            (
                "Final-Recipient: a@x\nDiagnostic-Code: 452 4.2.2 full",
                &["a@x delayed 4.2.2 452 4.2.2 full"],
            ),
            (
                "It is so sad.\n\n\nFinal-Recipient: utf-8;jörg@müller.example\nAction: relayed\n",
                &["jörg@müller.example relayed  "],
            ),
            (
                "Final-Recipient: rfc822; a@x\nAction: delivered\nStatus: 2.0.0\n\n\
                 Original-Recipient: rfc822;b@x\nFinal-Recipient: rfc822; IMCEA\nAction: expanded\n",
                &["a@x delivered 2.0.0 ", "b@x expanded  "],
            ),
            ("Original-Recipient: rfc822;\nFinal-Recipient: rfc822; a@x", &["a@x failed  "]),
            ("Reporting-MTA: dns; mx.example", &[]),
            ("Final-Recipient: rfc822; nobody", &[]),
            ("", &[]),
        ];
        for (status, expected) in table {
            assert_eq!(shown(status), *expected, "{status}");
        }
    }
}
