//! The SMTP server, line by line, and the way from it to a mailbox.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::kit::{Kit, Lines, kit};

async fn greeted(kit: &Kit) -> Lines {
    let mut lines = Lines::connect(kit, kit.practice.smtp).await;
    lines.until("220 ").await;
    lines.ask("EHLO test.example", "250 ").await;
    lines
}

#[tokio::test]
async fn mail_reaches_the_mailbox_with_its_dots() {
    let kit = kit().await;
    let mut lines = greeted(&kit).await;
    // All at once, as PIPELINING allows.
    lines.send("MAIL FROM:<a@b.example> SIZE=100\r\nRCPT TO:<alice@example.org>\r\nRCPT TO:<ALICE@example.org>\r\nRCPT TO:<nobody@example.org>\r\nDATA\r\n").await;
    let answers = lines.until("354 ").await;
    let codes: Vec<_> = answers.iter().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(codes, ["250", "250", "250", "550", "354"]);
    lines.send("Subject: dots\r\n\r\n..one\r\n...\r\nmid . dle\r\n.\r\n").await;
    lines.until("250 2.0.0").await;
    lines.ask("QUIT", "221 ").await;

    let entries = kit.practice.messages("alice@example.org", "INBOX");
    assert_eq!(entries.len(), 1, "a mailbox named twice gets one copy");
    let raw = String::from_utf8(entries[0].raw.to_vec()).unwrap();
    assert!(raw.starts_with("Return-Path: <a@b.example>\r\nReceived: "), "{raw}");
    assert!(raw.ends_with("+0000\r\nSubject: dots\r\n\r\n.one\r\n..\r\nmid . dle\r\n"), "{raw}");
    assert_eq!(kit.practice.counters().delivered, 1);
}

#[tokio::test]
async fn only_who_signed_in_may_send_elsewhere() {
    let kit = kit().await;
    let token = kit.access(&["mail.smtp"]);
    let response = STANDARD
        .encode(format!("user=alice@example.org\u{1}auth=Bearer {}\u{1}\u{1}", token.expose()));
    let mut lines = greeted(&kit).await;
    lines.ask(&format!("AUTH XOAUTH2 {response}"), "235 ").await;
    lines.ask("MAIL FROM:<bob@example.org>", "553 ").await;
    lines.ask("MAIL FROM:<alice@example.org>", "250 ").await;
    lines.ask("RCPT TO:<customer@far.example>", "250 ").await;
    lines.ask("DATA", "354 ").await;
    lines.ask("Subject: hello\r\n\r\nhello\r\n.", "250 ").await;
    let outgoing = kit.practice.outgoing();
    assert_eq!(outgoing.len(), 1);
    assert_eq!(
        (outgoing[0].from.as_str(), &*outgoing[0].to),
        ("alice@example.org", &["customer@far.example".to_owned()][..])
    );
}

#[tokio::test]
async fn refused_tokens_are_explained() {
    let kit = kit().await;
    let token = kit.access(&["mail.imap"]);
    let response = STANDARD
        .encode(format!("n,a=alice@example.org,\u{1}auth=Bearer {}\u{1}\u{1}", token.expose()));
    let mut lines = greeted(&kit).await;
    lines.ask("AUTH OAUTHBEARER", "334 ").await;
    let challenge = lines.ask(&response, "334 ").await;
    let json = STANDARD.decode(challenge[0].strip_prefix("334 ").unwrap()).unwrap();
    assert!(String::from_utf8(json).unwrap().contains("\"status\":\"insufficient_scope\""));
    lines.ask("AQ==", "535 5.7.8").await;
    lines.ask("AUTH PLAIN", "504 ").await;
    // A token that does not fit the line of 512 octets must come on its own line.
    lines.ask(&format!("AUTH XOAUTH2 {}", "A".repeat(600)), "500 5.5.2").await;
    lines.ask("AUTH XOAUTH2", "334 ").await;
    lines.ask(&"A".repeat(600), "334 ").await;
    lines.ask("", "535 ").await;
}

#[tokio::test]
async fn commands_out_of_order_and_too_much_are_refused() {
    let kit = kit().await;
    let mut lines = Lines::connect(&kit, kit.practice.smtp).await;
    lines.until("220 ").await;
    lines.ask("MAIL FROM:<a@b.example>", "503 ").await;
    lines.ask("HELO test.example", "250 ").await;
    lines.ask("DATA", "503 ").await;
    lines.ask("RCPT TO:<alice@example.org>", "503 ").await;
    lines.ask("MAIL FROM:<a@b.example> SIZE=99999999", "552 ").await;
    lines.ask("MAIL FROM:<a@b.example>", "250 ").await;
    lines.ask("DATA", "554 ").await;
    lines.ask("RCPT TO:<alice@example.org>", "250 ").await;
    lines.ask("DATA", "354 ").await;
    let long = "x".repeat(60_000);
    for _ in 0..450 {
        lines.send(&format!("{long}\r\n")).await;
    }
    lines.ask(".", "552 ").await;
    lines.ask("RSET", "250 ").await;
    assert!(kit.practice.messages("alice@example.org", "INBOX").is_empty());
}
