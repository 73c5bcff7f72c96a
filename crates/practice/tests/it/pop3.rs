//! The POP3 server, line by line.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use outlink_practice::{Pop3Fault, samples};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::kit::{Kit, Lines, kit, kit_with};

const ALICE: &str = "alice@example.org";

fn xoauth2(token: &str) -> String {
    STANDARD.encode(format!("user={ALICE}\u{1}auth=Bearer {token}\u{1}\u{1}"))
}

async fn greeted(kit: &Kit) -> Lines {
    let mut lines = Lines::connect(kit, kit.practice.pop3).await;
    lines.until("+OK").await;
    lines
}

async fn signed_in(kit: &Kit) -> Lines {
    let mut lines = greeted(kit).await;
    lines.ask("AUTH XOAUTH2", "+ ").await;
    lines.ask(&xoauth2(kit.access(&["mail.imap"]).expose()), "+OK").await;
    lines
}

#[tokio::test]
async fn every_way_to_sign_in_opens_the_mailbox_for_one_at_a_time() {
    let kit = kit().await;
    let token = kit.access(&["mail.imap"]);
    let bearer =
        STANDARD.encode(format!("n,a={ALICE},\u{1}auth=Bearer {}\u{1}\u{1}", token.expose()));
    let mut first = greeted(&kit).await;
    first.ask("auth OAUTHBEARER", "+ ").await;
    first.ask(&bearer, "+OK").await;
    let mut second = greeted(&kit).await;
    second.ask("USER alice@example.org", "+OK").await;
    second.ask("PASS two-wheels-good", "-ERR [IN-USE]").await;
    first.ask("QUIT", "+OK").await;
    second.ask("PASS two-wheels-good", "-ERR").await;
    second.ask("USER alice@example.org", "+OK").await;
    second.ask("PASS two-wheels-good", "+OK").await;
    second.ask("AUTH XOAUTH2", "-ERR").await;
    drop(second);

    kit.practice.set(|settings| {
        settings.pop3_capabilities = vec!["SASL PLAIN".to_owned()];
    });
    let mut lines = greeted(&kit).await;
    lines.ask("USER alice@example.org", "-ERR").await;
    lines.ask("AUTH XOAUTH2", "-ERR").await;
    lines.ask("AUTH PLAIN", "+ ").await;
    lines.ask(&STANDARD.encode("\0alice@example.org\0wrong"), "-ERR [AUTH]").await;
    let right = STANDARD.encode("\0alice@example.org\0two-wheels-good");
    lines.ask(&format!("AUTH PLAIN {right}"), "+OK").await;
    assert_eq!(lines.ask("CAPA", ".").await, ["+OK This much", "SASL PLAIN", "."]);
    let counters = kit.practice.counters();
    assert_eq!((counters.pop3_sessions, counters.pop3_logins, counters.failed_logins), (3, 3, 1));
}

#[tokio::test]
async fn refusals_are_explained_and_must_be_acknowledged() {
    let kit = kit().await;
    let narrow = kit.access(&["mail.smtp"]);
    for (token, status) in [("unknown", "401"), (narrow.expose(), "403")] {
        let mut lines = greeted(&kit).await;
        lines.ask("AUTH XOAUTH2", "+ ").await;
        let challenge = lines.ask(&xoauth2(token), "+ ").await;
        let json = STANDARD.decode(challenge[0].strip_prefix("+ ").unwrap()).unwrap();
        let json = String::from_utf8(json).unwrap();
        assert!(json.contains(&format!("\"status\":\"{status}\"")), "{json}");
        lines.ask("", "-ERR [AUTH]").await;
        lines.ask("STAT", "-ERR").await;
    }
}

#[tokio::test]
async fn messages_are_listed_and_fetched_with_their_dots() {
    let kit = kit_with(|options| options.seed = true).await;
    let count = samples().len();
    let dotted = "Subject: dots\r\n\r\n.\r\n..two\r\nno end";
    assert!(kit.practice.deliver(ALICE, dotted));
    let mut lines = signed_in(&kit).await;
    let octets: usize = samples().iter().map(|sample| sample.raw.len()).sum();
    let stat = format!("+OK {} {}", count + 1, octets + dotted.len());
    assert_eq!(lines.ask("STAT", "+OK").await, [stat]);
    lines.ask(&format!("LIST {}", count + 1), &format!("+OK {} {}", count + 1, dotted.len())).await;
    lines.send("LIST\r\nUIDL\r\n").await;
    for _ in 0..2 {
        for number in 0..=count + 1 {
            let start = if number == 0 { "+OK".to_owned() } else { format!("{number} ") };
            let line = lines.line().await;
            assert!(line.starts_with(&start), "{line}");
        }
        assert_eq!(lines.line().await, ".");
    }
    lines.send(&format!("RETR {}\r\nTOP {} 1\r\n", count + 1, count + 1)).await;
    let all = ["+OK Here it comes", "Subject: dots", "", "..", "...two", "no end", "."];
    for line in all.iter().chain(&all[..4]).chain(&["."]) {
        assert_eq!(lines.line().await, *line);
    }
}

#[tokio::test]
async fn deletions_wait_for_the_farewell_and_can_be_taken_back() {
    let kit = kit_with(|options| options.seed = true).await;
    let count = samples().len();
    let left = || kit.practice.messages(ALICE, "INBOX").len();
    let mut lines = signed_in(&kit).await;
    let names = lines.ask("UIDL", ".").await;
    // All at once, as PIPELINING allows.
    lines.send("DELE 1\r\nDELE 1\r\nRETR 1\r\nDELE 3\r\nRSET\r\nDELE 2\r\nLIST 2\r\n").await;
    let mut answers = Vec::new();
    for _ in 0..7 {
        answers.push(lines.line().await.starts_with("+OK"));
    }
    assert_eq!(answers, [true, false, false, true, true, true, false]);
    drop(lines);
    assert_eq!(left(), count, "without a farewell nothing is deleted");

    let mut lines = signed_in_again(&kit).await;
    lines.ask("DELE 2", "+OK").await;
    lines.ask("QUIT", "+OK").await;
    assert_eq!(left(), count - 1);
    let mut lines = signed_in_again(&kit).await;
    let now = lines.ask("UIDL", ".").await;
    assert_eq!(name(&now[2]), name(&names[3]), "names stay while numbers move");
    assert_ne!(now[2], names[3]);
}

fn name(line: &str) -> &str {
    line.split_once(' ').unwrap().1
}

/// As soon as the last session has let go of the mailbox.
async fn signed_in_again(kit: &Kit) -> Lines {
    for _ in 0..200 {
        let mut lines = greeted(kit).await;
        lines.ask("USER alice@example.org", "+OK").await;
        lines.send("PASS two-wheels-good\r\n").await;
        if lines.line().await.starts_with("+OK") {
            return lines;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the mailbox stays in use");
}

#[tokio::test]
async fn a_connection_in_the_clear_becomes_secure_before_anybody_signs_in() {
    let kit = kit().await;
    let mut clear = BufReader::new(TcpStream::connect(kit.practice.pop3_clear).await.unwrap());
    let mut line = String::new();
    clear.read_line(&mut line).await.unwrap();
    clear.write_all(b"CAPA\r\nUSER alice@example.org\r\nSTLS\r\n").await.unwrap();
    while !line.contains("Go on under TLS") {
        assert_ne!(clear.read_line(&mut line).await.unwrap(), 0, "{line}");
    }
    assert!(line.contains("\r\nSTLS\r\n.\r\n-ERR Say STLS first\r\n"), "{line}");
    assert!(!line.contains("SASL") && !line.contains("USER"), "{line}");
    let mut lines = Lines::secure(&kit, clear.into_inner()).await;
    let told = lines.ask("CAPA", ".").await;
    assert!(told.contains(&"SASL XOAUTH2 OAUTHBEARER".to_owned()), "{told:?}");
    assert!(!told.contains(&"STLS".to_owned()));
    lines.ask("STLS", "-ERR").await;
    lines.ask("AUTH XOAUTH2", "+ ").await;
    lines.ask(&xoauth2(kit.access(&["mail.imap"]).expose()), "+OK").await;

    // What comes ahead of the handshake was said by nobody.
    let mut clear = BufReader::new(TcpStream::connect(kit.practice.pop3_clear).await.unwrap());
    clear.write_all(b"STLS\r\nQUIT\r\n").await.unwrap();
    let mut said = String::new();
    while clear.read_line(&mut said).await.is_ok_and(|octets| octets > 0) {}
    assert!(said.ends_with("+OK Go on under TLS\r\n"), "{said}");
}

#[tokio::test]
async fn sessions_can_go_wrong() {
    let kit = kit_with(|options| options.seed = true).await;
    let faults = kit.practice.faults();
    let token = kit.access(&["mail.imap"]);

    faults.next_pop3_sessions(1, Pop3Fault::NoCapa);
    greeted(&kit).await.ask("CAPA", "-ERR").await;
    faults.next_pop3_sessions(1, Pop3Fault::CapaWithoutSasl);
    let mut lines = greeted(&kit).await;
    assert!(!lines.ask("CAPA", ".").await.iter().any(|line| line.starts_with("SASL")));
    lines.ask("AUTH XOAUTH2", "+ ").await;
    lines.ask(&xoauth2(token.expose()), "+OK").await;
    lines.ask("QUIT", "+OK").await;

    for long in [false, true] {
        faults.next_pop3_sessions(1, Pop3Fault::RefuseOneLine);
        let mut lines = greeted(&kit).await;
        let response = if long { "A".repeat(1000) } else { "AAAA".to_owned() };
        lines.ask(&format!("AUTH XOAUTH2 {response}"), "-ERR Protocol error.").await;
        assert_eq!(lines.line().await, "");
    }
    faults.next_pop3_sessions(1, Pop3Fault::TokenLimit(4096));
    let mut lines = greeted(&kit).await;
    lines.ask("AUTH XOAUTH2", "+ ").await;
    lines.ask(&xoauth2(&"x".repeat(4097)), "-ERR Protocol error.").await;

    for (fault, answer) in
        [(Pop3Fault::Unavailable, "-ERR [SYS/TEMP]"), (Pop3Fault::RefuseToken, "-ERR [AUTH]")]
    {
        faults.next_pop3_sessions(1, fault);
        let mut lines = greeted(&kit).await;
        lines.ask("AUTH XOAUTH2", "+ ").await;
        lines.ask(&xoauth2(token.expose()), answer).await;
    }

    faults.next_pop3_sessions(1, Pop3Fault::NoUidl);
    let mut lines = signed_in(&kit).await;
    lines.ask("UIDL", "-ERR").await;
    assert!(!lines.ask("CAPA", ".").await.contains(&"UIDL".to_owned()));
    lines.ask("QUIT", "+OK").await;
    faults.next_pop3_sessions(1, Pop3Fault::NumberedUidl);
    let mut lines = signed_in(&kit).await;
    assert_eq!(lines.ask("UIDL", ".").await[1..3], ["1 1", "2 2"]);
    lines.ask("QUIT", "+OK").await;

    faults.next_pop3_sessions(1, Pop3Fault::NoTop);
    let mut lines = signed_in(&kit).await;
    lines.ask("TOP 1 0", "-ERR").await;
    assert!(!lines.ask("CAPA", ".").await.contains(&"TOP".to_owned()));
    lines.ask("RETR 1", ".").await;
    lines.ask("QUIT", "+OK").await;

    faults.next_pop3_sessions(1, Pop3Fault::RefuseDeletions);
    let mut lines = signed_in(&kit).await;
    lines.ask("DELE 1", "+OK").await;
    lines.ask("QUIT", "-ERR").await;
    assert_eq!(kit.practice.messages(ALICE, "INBOX").len(), samples().len());
    faults.next_pop3_sessions(1, Pop3Fault::Exhausted);
    let mut lines = signed_in_again(&kit).await;
    lines.ask("RETR 1", "-ERR [SYS/TEMP] Account exceeded").await;
    lines.ask("QUIT", "+OK").await;

    faults.next_pop3_sessions(1, Pop3Fault::DropMidMessage);
    let mut lines = signed_in(&kit).await;
    lines.ask("RETR 1", "+OK").await;
    let mut got = 0;
    loop {
        let line = lines.line().await;
        got += line.len();
        assert_ne!(line, ".", "the message must break off");
        if line.is_empty() && lines.line().await.is_empty() {
            break;
        }
    }
    assert!(got < samples()[0].raw.len());

    for (fault, command, first) in
        [(Pop3Fault::CutAtUid(2), "TOP 2 0", 1), (Pop3Fault::CutAtUidAndShift(2), "RETR 2", 2)]
    {
        faults.next_pop3_sessions(1, fault);
        let mut lines = signed_in_again(&kit).await;
        lines.ask("TOP 1 0", ".").await;
        lines.send(&format!("{command}\r\n")).await;
        assert_eq!(lines.line().await, "", "{fault:?}");
        assert_eq!(kit.practice.messages(ALICE, "INBOX")[0].uid, first, "{fault:?}");
    }

    faults.next_pop3_sessions(1, Pop3Fault::HangAfterLogin);
    let mut lines = greeted(&kit).await;
    lines.ask("AUTH XOAUTH2", "+ ").await;
    lines.ask(&xoauth2(token.expose()), "+OK").await;
    lines.send("STAT\r\n").await;
    let silence = tokio::time::timeout(Duration::from_millis(300), lines.line()).await;
    assert!(silence.is_err());
    drop(lines);
    signed_in_again(&kit).await.ask("QUIT", "+OK").await;
    kit.practice.stop().await;
}

#[tokio::test]
async fn limits_hold() {
    let kit = kit().await;
    let mut lines = signed_in(&kit).await;
    lines.ask(&format!("NOOP {}", "x".repeat(300)), "-ERR").await;
    for nonsense in ["XYZZY", "RETR", "RETR 0", "RETR -1", "TOP 1", "LIST 9", "UIDL 9", "DELE", ""]
    {
        lines.ask(nonsense, "-ERR").await;
    }
    lines.ask("NOOP", "+OK").await;
    let mut lines = greeted(&kit).await;
    lines.ask("AUTH XOAUTH2", "+ ").await;
    lines.ask(&"A".repeat(30_000), "-ERR").await;
    assert_eq!(lines.line().await, "");
}
