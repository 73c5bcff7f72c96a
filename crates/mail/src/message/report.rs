//! Reports about mail of ours that did not arrive, or did.
//!
//! Most follow RFC 3464. The rest (qmail, old Exims and Exchanges) are told in words, of which only the plain shape is
//! read: an address on a line of its own, and below it the reason.

mod status;
mod words;

use super::header::Headers;
use super::structure::Entity;
use super::{encoding, ids};

/// Recipients that are kept of one report.
const MAX_RECIPIENTS: usize = 100;
/// Ids that are kept of one report.
const MAX_IDS: usize = 100;
/// Encoded octets of a part that are read: a status is short, and of a returned mail only the header is wanted.
const MAX_PART: usize = 256 * 1024;
/// Characters of a mail server's words.
const MAX_DIAGNOSTIC: usize = 500;

/// What a mail system says about the delivery of a mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryReport {
    /// Whom it is about, as far as it says so.
    pub recipients: Vec<FailedRecipient>,
    /// Message-IDs of the mail that it is about, without angle brackets, the surest first.
    pub original_ids: Vec<String>,
}

/// What became of a mail on its way to one recipient; in spite of the name it may have arrived (see [`Action`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedRecipient {
    /// The address that was written to, in lower case; another one only where it was forwarded and the first is not told.
    pub address: String,
    /// What was done.
    pub action: Action,
    /// The status code (RFC 3463): `5.1.1`; empty where there is none.
    pub status: String,
    /// The words of the server that refused it, on one line; may be empty.
    pub diagnostic: String,
}

/// What a mail system did for a recipient (RFC 3464 §2.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// It gave up.
    Failed,
    /// It keeps trying.
    Delayed,
    /// It delivered the mail.
    Delivered,
    /// It passed the mail to a system that sends no such reports.
    Relayed,
    /// It delivered the mail and sent it on to others, as a mailing list does.
    Expanded,
}

outlink_model::names!(Action, "action", {
    Failed => "failed",
    Delayed => "delayed",
    Delivered => "delivered",
    Relayed => "relayed",
    Expanded => "expanded",
});

/// Reads the report in a mail that is known to come from a mail system; `text` is its readable body. Absent where it
/// tells of no recipient and of no mail, as a read receipt does.
pub(super) fn report(
    raw: &[u8],
    mail: &Entity<'_>,
    subject: &str,
    text: &str,
) -> Option<DeliveryReport> {
    let other_report =
        mail.content.report_type.as_deref().is_some_and(|kind| kind != "delivery-status");
    if other_report || mail.content.media_type == "message/disposition-notification" {
        return None;
    }
    let mut parts = Parts::default();
    gather(raw, mail, &mut parts);
    let Parts { mut recipients, mut ids } = parts;
    let said = words::read(&mail.headers, subject, text);
    if recipients.is_empty() {
        recipients = said.recipients;
    }
    ids.extend(said.original_ids);
    for name in ["In-Reply-To", "References"] {
        // The nearest one stands last (RFC 5322 §3.6.4).
        ids.extend(mail.headers.get(name).into_iter().flat_map(|value| ids::ids(&value)).rev());
    }
    let original_ids = each_once(ids);
    (!recipients.is_empty() || !original_ids.is_empty())
        .then_some(DeliveryReport { recipients, original_ids })
}

/// What the parts of a report tell.
#[derive(Default)]
struct Parts {
    recipients: Vec<FailedRecipient>,
    ids: Vec<String>,
}

fn gather(raw: &[u8], entity: &Entity<'_>, into: &mut Parts) {
    for child in &entity.children {
        gather(raw, child, into);
    }
    let decoded = || {
        let encoded = &raw[entity.body.clone()];
        encoding::decode(&encoded[..encoded.len().min(MAX_PART)], entity.encoding)
    };
    match entity.content.media_type.as_str() {
        "message/delivery-status" | "message/global-delivery-status" => {
            let left = MAX_RECIPIENTS.saturating_sub(into.recipients.len());
            into.recipients.extend(status::recipients(&decoded()).into_iter().take(left));
        }
        "message/rfc822"
        | "message/global"
        | "message/rfc822-headers"
        | "text/rfc822-headers"
        | "message/global-headers"
            if into.ids.len() < MAX_IDS =>
        {
            into.ids.extend(returned_ids(&decoded()));
        }
        _ => {}
    }
}

/// The id of a returned mail, from its header.
fn returned_ids(header: &[u8]) -> Vec<String> {
    let (headers, _) = Headers::read(header.trim_ascii_start());
    headers.get("Message-ID").map(|value| ids::ids(&value)).unwrap_or_default()
}

fn each_once(all: Vec<String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for id in all {
        if kept.len() < MAX_IDS && !kept.contains(&id) {
            kept.push(id);
        }
    }
    kept
}

/// The first status code (RFC 3463 §2) in some words: a class, a subject and a detail.
fn status_in(text: &str) -> Option<&str> {
    text.split(|c: char| !(c.is_ascii_digit() || c == '.'))
        .map(|word| word.trim_end_matches('.'))
        .find(|word| {
            let mut numbers = word.split('.');
            let class = numbers.next().is_some_and(|class| matches!(class, "2" | "4" | "5"));
            let rest: Vec<&str> = numbers.collect();
            class && rest.len() == 2 && rest.iter().all(|number| (1..=3).contains(&number.len()))
        })
}

/// What a status code says was done.
fn action_of(status: &str) -> Action {
    match status.as_bytes().first() {
        Some(b'2') => Action::Delivered,
        Some(b'4') => Action::Delayed,
        _ => Action::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Parsed, parse};

    fn read(raw: &str) -> Parsed {
        parse(raw.as_bytes()).unwrap()
    }

    /// Recipients as `address action status diagnostic`, then the ids.
    fn shown(raw: &str) -> Vec<String> {
        let report = read(raw).report.unwrap_or_default();
        let recipients = report.recipients.iter().map(|one| {
            let line = format!("{} {} {} {}", one.address, one.action, one.status, one.diagnostic);
            line.trim_end().to_owned()
        });
        recipients.chain(report.original_ids).collect()
    }

    const STANDARD: &str = "From: MAILER-DAEMON@mx.example\nReferences: <r1@x> <r2@x>\nIn-Reply-To: <m1@x>\n\
        Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n\
        --b\n\nIt failed.\n--b\nContent-Type: message/delivery-status\n\n\
        Reporting-MTA: dns; mx.example\n\n\
        Original-Recipient: rfc822;Ann@x.example\nFinal-Recipient: rfc822; ann2@y.example\nAction: failed\n\
        Status: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no\n such user\n\n\
        Final-Recipient: rfc822; <bob@x.example>\nAction: Delayed (will try)\nStatus: 4.4.1 (timeout)\n\n\
        --b\nContent-Type: TYPE\n\nMessage-ID: <m1@x>\nSubject: x\n\nHello.\n--b--\n";

    #[test]
    fn standard_reports_are_read() {
        for kind in ["message/rfc822", "text/rfc822-headers"] {
            assert_eq!(
                shown(&STANDARD.replace("TYPE", kind)),
                [
                    "ann@x.example failed 5.1.1 550 5.1.1 no such user",
                    "bob@x.example delayed 4.4.1",
                    "m1@x",
                    "r2@x",
                    "r1@x",
                ],
                "{kind}"
            );
        }
    }

    #[test]
    fn what_is_no_report_has_none() {
        for raw in [
            "From: ann@x.example\nIn-Reply-To: <m1@x>\n\n<bob@x.example>:\nno such user (#5.1.1)",
            &STANDARD
                .replace("report-type=delivery-status", "report-type=disposition-notification"),
            &STANDARD.replace("report-type=delivery-status", "report-type=feedback-report"),
            "From: mailer-daemon@x.example\n\nI am here.",
            "Return-Path: <>\nFrom: shop@x.example\nIn-Reply-To: <m1@x>\n\nYou ordered as\nbob@x.example\n",
        ] {
            assert_eq!(read(raw).report, None, "{raw}");
        }
    }

    #[test]
    fn a_mail_without_return_address_is_a_report_if_its_subject_says_so() {
        let raw = "Return-Path: <>\nFrom: System Administrator <admin@x.example>\nReferences: <m1@x>\n\
            Subject: Undeliverable: Printer\n\nIt did not reach:\n\nbob@x.example\n  The account is gone. <#5.1.1>\n";
        let expected = ["bob@x.example failed 5.1.1 The account is gone. <#5.1.1>", "m1@x"];
        assert_eq!(shown(raw), expected);
    }

    #[test]
    fn status_codes_are_found() {
        for (text, status) in [
            ("550 5.1.1 no", Some("5.1.1")),
            ("550-5.7.26 This", Some("5.7.26")),
            ("(#4.4.1)", Some("4.4.1")),
            ("it is 5.1.1.", Some("5.1.1")),
            ("192.0.2.1 5.1 5.1.1000 3.1.1 5..1", None),
            ("", None),
        ] {
            assert_eq!(status_in(text), status, "{text}");
        }
    }

    #[test]
    fn they_are_capped() {
        let one = "Final-Recipient: rfc822; N@x.example\nAction: failed\n\n";
        let many: String = (0..500).map(|n| one.replace('N', &n.to_string())).collect();
        let raw = format!("From: MAILER-DAEMON@x\nContent-Type: message/delivery-status\n\n{many}");
        assert_eq!(read(&raw).report.unwrap().recipients.len(), MAX_RECIPIENTS);
        let ids: String = (0..500).map(|n| format!("References: <{n}@x>\n")).collect();
        let raw = format!("From: MAILER-DAEMON@x\n{ids}\n");
        assert!(read(&raw).report.unwrap().original_ids.len() <= MAX_IDS);
    }
}
