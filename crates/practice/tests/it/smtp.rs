//! The SMTP server, line by line, and the way from it to a mailbox.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use outlink_practice::SmtpFault;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

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

/// Signed in as Alice.
async fn signed_in(kit: &Kit) -> Lines {
    let token = kit.access(&["mail.smtp"]);
    let response = STANDARD
        .encode(format!("user=alice@example.org\u{1}auth=Bearer {}\u{1}\u{1}", token.expose()));
    let mut lines = greeted(kit).await;
    lines.ask(&format!("AUTH XOAUTH2 {response}"), "235 ").await;
    lines
}

#[tokio::test]
async fn nothing_is_handed_in_before_starttls() {
    let kit = kit().await;
    let mut clear = BufReader::new(TcpStream::connect(kit.practice.smtp_clear).await.unwrap());
    let mut said = String::new();
    for (line, end) in [
        ("", "220 "),
        ("EHLO test.example\r\n", "250 HELP"),
        ("AUTH XOAUTH2\r\n", "530 5.7.0"),
        ("MAIL FROM:<a@b.example>\r\n", "530 5.7.0"),
        ("STARTTLS\r\n", "220 2.0.0"),
    ] {
        clear.write_all(line.as_bytes()).await.unwrap();
        let mut answer = String::new();
        while !answer.contains(end) {
            assert_ne!(clear.read_line(&mut answer).await.unwrap(), 0, "{answer}");
        }
        said.push_str(&answer);
    }
    assert!(said.contains("250-STARTTLS\r\n") && !said.contains("AUTH"), "{said}");
    let mut lines = Lines::secure(&kit, clear.into_inner()).await;
    lines.ask("MAIL FROM:<a@b.example>", "503 ").await;
    let told = lines.ask("EHLO test.example", "250 ").await;
    assert!(told.iter().any(|line| line.contains("AUTH XOAUTH2")), "{told:?}");
    assert!(!told.iter().any(|line| line.contains("STARTTLS")), "{told:?}");
    lines.ask("STARTTLS", "500 ").await;
}

#[tokio::test]
async fn passwords_open_the_door_where_they_are_offered() {
    let kit = kit().await;
    kit.practice.set(|settings| settings.smtp_capabilities = vec!["AUTH PLAIN LOGIN".into()]);
    let plain = |text: &str| STANDARD.encode(text);
    let mut lines = greeted(&kit).await;
    lines.ask("AUTH XOAUTH2", "504 ").await;
    lines.ask(&format!("AUTH PLAIN {}", plain("\0alice@example.org\0wrong")), "535 ").await;
    let right = plain("\0alice@example.org\0two-wheels-good");
    lines.ask(&format!("AUTH PLAIN {right}"), "235 ").await;
    let mut lines = greeted(&kit).await;
    lines.ask("AUTH LOGIN", "334 VXNlcm5hbWU6").await;
    lines.ask(&plain("alice@example.org"), "334 UGFzc3dvcmQ6").await;
    lines.ask(&plain("two-wheels-good"), "235 ").await;
    assert_eq!(kit.practice.counters().smtp_logins, 2);
}

#[tokio::test]
async fn one_recipient_goes_wrong_on_order_and_the_others_do_not() {
    let kit = kit().await;
    let faults = kit.practice.faults();
    faults.next_smtp_mails_to("c@far.example", 1, SmtpFault::Recipient("450 4.2.0 Later"));
    faults.next_smtp_mails_to("d@far.example", 1, SmtpFault::Text("554 5.7.1 No"));
    let mut lines = signed_in(&kit).await;
    for (to, recipient, text) in [
        ("c@far.example", "450 4.2.0 Later", None),
        ("d@far.example", "250 ", Some("554 5.7.1 No")),
        ("e@far.example", "250 ", Some("250 ")),
        ("c@far.example", "250 ", Some("250 ")),
    ] {
        lines.ask("MAIL FROM:<alice@example.org>", "250 ").await;
        lines.ask(&format!("RCPT TO:<{to}>"), recipient).await;
        match text {
            Some(text) => {
                lines.ask("DATA", "354 ").await;
                lines.ask("hello\r\n.", text).await;
            }
            None => drop(lines.ask("RSET", "250 ").await),
        }
    }
    let taken: Vec<_> = kit.practice.outgoing().into_iter().flat_map(|mail| mail.to).collect();
    assert_eq!(taken, ["e@far.example", "c@far.example"]);
}

#[tokio::test]
async fn a_connection_is_cut_before_or_after_a_mail_is_taken() {
    let kit = kit().await;
    for (fault, taken) in [(SmtpFault::DropBeforeTaking, 0), (SmtpFault::DropAfterTaking, 1)] {
        kit.practice.faults().next_smtp_sessions(1, fault);
        let mut lines = signed_in(&kit).await;
        lines.ask("MAIL FROM:<alice@example.org>", "250 ").await;
        lines.ask("RCPT TO:<c@far.example>", "250 ").await;
        lines.ask("DATA", "354 ").await;
        lines.send("hello\r\n.\r\n").await;
        assert!(lines.bytes(1).await.is_err(), "nothing more is said");
        assert_eq!(kit.practice.counters().smtp_mails, taken, "{fault:?}");
    }
    assert_eq!(kit.practice.counters().smtp_sessions, 2);
}

#[tokio::test]
async fn every_answer_can_be_another_one() {
    let kit = kit().await;
    let faults = kit.practice.faults();
    faults.next_smtp_sessions(1, SmtpFault::Greeting("421 4.7.0 Later"));
    let mut lines = Lines::connect(&kit, kit.practice.smtp).await;
    lines.until("421 4.7.0 Later").await;

    faults.next_smtp_sessions(1, SmtpFault::NoExtensions);
    let mut lines = Lines::connect(&kit, kit.practice.smtp).await;
    lines.until("220 ").await;
    lines.ask("EHLO test.example", "500 ").await;
    lines.ask("HELO test.example", "250 ").await;

    faults.next_smtp_sessions(1, SmtpFault::SignIn("454 4.7.0 Later"));
    let mut lines = greeted(&kit).await;
    lines.ask("AUTH XOAUTH2 AAAA", "454 4.7.0 Later").await;

    faults.next_smtp_sessions(1, SmtpFault::Sender("550 5.7.60 No"));
    let mut lines = signed_in(&kit).await;
    lines.ask("MAIL FROM:<alice@example.org>", "550 5.7.60 No").await;

    faults.next_smtp_sessions(1, SmtpFault::Data("451 4.3.0 Later"));
    let mut lines = signed_in(&kit).await;
    lines.ask("MAIL FROM:<alice@example.org>", "250 ").await;
    lines.ask("RCPT TO:<c@far.example>", "250 ").await;
    lines.ask("DATA", "451 4.3.0 Later").await;

    faults.next_smtp_sessions(1, SmtpFault::HangAt("MAIL"));
    let mut lines = signed_in(&kit).await;
    lines.send("MAIL FROM:<alice@example.org>\r\nQUIT\r\n").await;
    let silence = tokio::time::timeout(Duration::from_millis(200), lines.line()).await;
    assert!(silence.is_err(), "{silence:?}");
    assert!(kit.practice.outgoing().is_empty());
}
