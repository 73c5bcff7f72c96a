//! What the header of a mail tells, from mails as servers deliver them, and from headers that nobody should write.

use outlink_mail::message::{Parsed, ParsedJson, authentication_by, fold, parse};
use outlink_model::message::Authentication;
use outlink_model::tracker::Priority;
use proptest::prelude::*;
use serde_json::json;

#[test]
fn a_delivered_mail_tells_whom_it_reached_and_who_vouches_for_it() {
    let raw = "Delivered-To: Support+Printers@Example.org\r\n\
        Authentication-Results: mx.example.org;\r\n\
        \tdkim=pass header.i=@example.net header.s=s1 header.b=abc/d12=;\r\n\
        \tspf=pass (mx: domain of ann@example.net permits 192.0.2.1) smtp.mailfrom=ann@example.net;\r\n\
        \tdmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=example.net\r\n\
        Authentication-Results: mx.example.org; dmarc=fail\r\n\
        From: Ann <ann@example.net>\r\n\
        To: Support <support@example.org>, Bob <BOB@example.com>\r\n\
        Reply-To: Ann at home <ann@home.example>\r\n\
        List-Id: The team <team.example.org>\r\n\
        X-Priority: 1 (Highest)\r\n\
        X-Outlink-Fingerprint:  0b1c \r\n\
        Subject: Printer\r\n\r\nIt burns.\r\n";
    let mail = parse(raw.as_bytes()).unwrap();
    assert_eq!(
        mail.recipients,
        ["support+printers@example.org", "support@example.org", "bob@example.com"]
    );
    assert_eq!(mail.reply_to[0].address, "ann@home.example");
    assert_eq!(mail.list_id.as_deref(), Some("team.example.org"));
    assert_eq!(mail.priority, Some(Priority::Highest));
    assert_eq!(mail.fingerprint.as_deref(), Some("0b1c"));
    assert_eq!(
        authentication_by(&mail, "mx.example.org"),
        (Authentication::Pass, Some("dmarc=pass, dkim=pass (example.net), spf=pass (example.net)"))
    );
    let json = serde_json::to_value(ParsedJson::from(&mail)).unwrap();
    assert_eq!(json["machine"], "list");
    assert_eq!(json["automatic"], "it came through the mailing list team.example.org");
    assert_eq!(json["priority"], "highest");
    assert_eq!(
        json["authentication"][1],
        json!({"server": "mx.example.org", "verdict": "fail", "summary": "dmarc=fail"})
    );
}

#[test]
fn a_bounce_tells_whose_mail_did_not_arrive() {
    let raw = include_str!("../mail/bounce.eml")
        .replace("Subject: SUP", "Message-ID: <m9@example.org>\r\nSubject: SUP");
    let mail = parse(raw.as_bytes()).unwrap();
    let json = serde_json::to_value(ParsedJson::from(&mail)).unwrap();
    assert_eq!(
        json["report"],
        json!({
            "recipients": [
                {"address": "nobody@example.org", "action": "failed", "status": "5.1.1", "diagnostic": ""}
            ],
            "original_ids": ["m9@example.org"],
        })
    );
}

/// Names of fields that are read.
const NAMES: &[&str] = &[
    "From",
    "To",
    "Cc",
    "Bcc",
    "Reply-To",
    "Delivered-To",
    "X-Original-To",
    "Envelope-To",
    "Resent-To",
    "Apparently-To",
    "Return-Path",
    "Sender",
    "Subject",
    "Message-ID",
    "In-Reply-To",
    "References",
    "List-Id",
    "List-Post",
    "Precedence",
    "Auto-Submitted",
    "X-Autoreply",
    "X-Failed-Recipients",
    "X-Priority",
    "Importance",
    "X-Outlink-Fingerprint",
    "Authentication-Results",
    "X-Auto-Response-Suppress",
    "Date",
    "Content-Type",
    "Final-Recipient",
    "Original-Recipient",
    "Action",
    "Status",
    "Diagnostic-Code",
];

/// What their values are made of.
const VALUES: &[&str] = &[
    "a@b.example",
    "MAILER-DAEMON",
    "postmaster@",
    "<>",
    "<",
    ">",
    "@",
    ",",
    ";",
    ":",
    "(",
    ")",
    "\"",
    "\\",
    "=",
    " ",
    "\t",
    "\r\n ",
    "\n",
    "\n\n",
    "\r",
    "\0",
    "\u{1b}[2J",
    "\u{7f}",
    "\u{85}",
    "\u{2028}",
    "\u{202e}",
    "é",
    "İ",
    "日本",
    "=?utf-8?Q?=00=1B?=",
    "=?utf-8?B?AAEC?=",
    "mx.example; ",
    "dmarc=pass",
    "dkim=fail ",
    "header.d=",
    "spf=pass ",
    "smtp.mailfrom=",
    "rfc822; ",
    "smtp; 550 5.1.1 ",
    "failed",
    "delayed",
    "5.1.1",
    "1",
    "High",
    "bulk",
    "list",
    "auto-replied",
    "multipart/report; report-type=delivery-status; boundary=b",
    "message/delivery-status",
    "message/rfc822",
    "--b\n",
    "--b--\n",
    "<a@b>:\n",
    "\u{0}<x@y>",
    "----- Original message -----\n",
];

fn header() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        4 => prop::collection::vec(prop::sample::select(VALUES), 0..12).prop_map(|pieces| pieces.concat()),
        1 => any::<String>(),
    ];
    (prop::sample::select(NAMES), value).prop_map(|(name, value)| format!("{name}: {value}\n"))
}

proptest! {
    #[test]
    fn no_header_makes_it_panic_or_gives_control_characters(
        fields in prop::collection::vec(header(), 0..20),
        body in prop::collection::vec(prop_oneof![header(), prop::sample::select(VALUES).prop_map(str::to_owned)], 0..20),
    ) {
        let raw = format!("From: MAILER-DAEMON@x.example\n{}\n{}", fields.concat(), body.concat());
        if let Ok(mail) = parse(raw.as_bytes()) {
            check(&mail).map_err(TestCaseError::fail)?;
        }
    }

    #[test]
    fn no_octets_in_a_header_give_control_characters(value: Vec<u8>, name in prop::sample::select(NAMES)) {
        let raw = [b"Subject: x\n", name.as_bytes(), b": ", &value, b"\n\n"].concat();
        if let Ok(mail) = parse(&raw) {
            check(&mail).map_err(TestCaseError::fail)?;
        }
    }

    #[test]
    fn folding_twice_is_folding_once(address: String) {
        let folded = fold(&address);
        prop_assert_eq!(fold(&folded), folded);
    }
}

/// That every text of the header is one plain line, and that every list is capped.
pub(super) fn check(mail: &Parsed) -> Result<(), String> {
    let people = mail.from.iter().chain(&mail.to).chain(&mail.cc).chain(&mail.reply_to);
    let report = mail.report.clone().unwrap_or_default();
    let mut texts: Vec<&str> =
        people.flat_map(|one| [one.name.as_str(), one.address.as_str()]).collect();
    let options = [&mail.message_id, &mail.fingerprint, &mail.list_id];
    texts.extend(options.into_iter().flatten().map(String::as_str));
    texts.extend(mail.machine.iter().map(|machine| machine.why.as_str()));
    for list in
        [&mail.in_reply_to, &mail.references, &mail.recipients, &mail.keys, &report.original_ids]
    {
        texts.extend(list.iter().map(String::as_str));
        if list.len() > 200 {
            return Err(format!("{} in a list", list.len()));
        }
    }
    texts.extend(
        mail.authentication.iter().flat_map(|one| [one.server.as_str(), one.summary.as_str()]),
    );
    texts.extend(
        report
            .recipients
            .iter()
            .flat_map(|one| [one.address.as_str(), &one.status, &one.diagnostic]),
    );
    if mail.authentication.len() > 20 || report.recipients.len() > 100 {
        return Err("a list is too long".to_owned());
    }
    match texts.iter().find(|text| text.contains(char::is_control) || text.chars().count() > 1000) {
        Some(text) => Err(format!("not a plain line: {text:?}")),
        None => mail
            .recipients
            .iter()
            .find(|one| **one != fold(one) || !one.contains('@'))
            .map_or(Ok(()), |one| Err(format!("not a recipient: {one:?}"))),
    }
}
