//! The IMAP server, line by line.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use outlink_practice::{ImapFault, samples};

use crate::kit::{Kit, Lines, kit, kit_with};

pub(crate) fn xoauth2(user: &str, token: &str) -> String {
    STANDARD.encode(format!("user={user}\u{1}auth=Bearer {token}\u{1}\u{1}"))
}

fn bearer(user: &str, token: &str) -> String {
    STANDARD.encode(format!(
        "n,a={user},\u{1}host=localhost\u{1}port=993\u{1}auth=Bearer {token}\u{1}\u{1}"
    ))
}

pub(crate) async fn signed_in(kit: &Kit) -> Lines {
    let mut lines = Lines::connect(kit, kit.practice.imap).await;
    lines.until("* OK [CAPABILITY IMAP4rev1 ").await;
    let token = kit.access(&["mail.imap"]);
    let response = xoauth2("alice@example.org", token.expose());
    lines.ask(&format!("a AUTHENTICATE XOAUTH2 {response}"), "a OK [CAPABILITY ").await;
    lines
}

#[tokio::test]
async fn both_mechanisms_sign_in_with_and_without_initial_response() {
    let kit = kit().await;
    let token = kit.access(&["mail.imap"]);
    let ways = [
        ("XOAUTH2", xoauth2("alice@example.org", token.expose())),
        ("OAUTHBEARER", bearer("Alice@Example.org", token.expose())),
    ];
    for (mechanism, response) in ways {
        let mut lines = Lines::connect(&kit, kit.practice.imap).await;
        lines.until("* OK").await;
        lines.ask(&format!("a authenticate {mechanism} {response}"), "a OK").await;
        let mut lines = Lines::connect(&kit, kit.practice.imap).await;
        lines.until("* OK").await;
        lines.ask(&format!("a AUTHENTICATE {mechanism}"), "+ ").await;
        lines.ask(&response, "a OK").await;
        assert_eq!(lines.ask("b LOGOUT", "b OK").await[0], "* BYE See you");
    }
    assert_eq!(kit.practice.counters().imap_logins, 4);
}

#[tokio::test]
async fn refusals_are_explained_and_must_be_acknowledged() {
    let kit = kit().await;
    let (narrow, good) = (kit.access(&["mail.smtp"]), kit.access(&["mail.imap"]));
    let alice = "alice@example.org";
    let cases = [
        ("XOAUTH2", xoauth2(alice, "unknown"), "\"status\":\"401\"", ""),
        ("XOAUTH2", xoauth2(alice, narrow.expose()), "\"status\":\"403\"", "AQ=="),
        ("XOAUTH2", xoauth2("bob@example.org", good.expose()), "\"status\":\"401\"", ""),
        ("XOAUTH2", "bm9uc2Vuc2U=".to_owned(), "\"status\":\"400\"", ""),
        ("XOAUTH2", "%%%".to_owned(), "\"status\":\"400\"", ""),
        ("OAUTHBEARER", bearer(alice, "unknown"), "\"status\":\"invalid_token\"", "AQ=="),
        (
            "OAUTHBEARER",
            bearer(alice, narrow.expose()),
            "\"status\":\"insufficient_scope\"",
            "AQ==",
        ),
        ("OAUTHBEARER", "=".to_owned(), "\"status\":\"invalid_request\"", "AQ=="),
    ];
    for (mechanism, response, status, acknowledgement) in cases {
        let mut lines = Lines::connect(&kit, kit.practice.imap).await;
        lines.until("* OK").await;
        let challenge = lines.ask(&format!("a AUTHENTICATE {mechanism} {response}"), "+ ").await;
        let json = STANDARD.decode(challenge[0].strip_prefix("+ ").unwrap()).unwrap();
        let json = String::from_utf8(json).unwrap();
        assert!(json.contains(status), "{json}");
        lines.ask(acknowledgement, "a NO [AUTHENTICATIONFAILED]").await;
    }
    let mut lines = Lines::connect(&kit, kit.practice.imap).await;
    lines.until("* OK").await;
    lines.ask(&format!("a AUTHENTICATE OAUTHBEARER {}", bearer(alice, "x")), "+ ").await;
    lines.ask("", "a BAD").await;
    lines.ask("b SELECT INBOX", "b BAD").await;
    lines.ask("c LOGIN alice@example.org x", "c NO [PRIVACYREQUIRED]").await;
    assert_eq!(kit.practice.counters().failed_logins, 9);
}

#[tokio::test]
async fn capabilities_are_kept_to() {
    let kit = kit().await;
    kit.practice
        .set(|settings| settings.imap_capabilities = "IMAP4rev1 AUTH=XOAUTH2 AUTH=PLAIN".into());
    let mut lines = Lines::connect(&kit, kit.practice.imap).await;
    lines.until("* OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2 AUTH=PLAIN]").await;
    let token = kit.access(&["mail.imap"]);
    let alice = "alice@example.org";
    lines.ask(&format!("a AUTHENTICATE XOAUTH2 {}", xoauth2(alice, token.expose())), "a BAD").await;
    lines.ask("b AUTHENTICATE OAUTHBEARER", "b NO").await;
    lines.ask("c AUTHENTICATE PLAIN", "+ ").await;
    lines.ask(&STANDARD.encode("\0alice@example.org\0wrong"), "c NO").await;
    lines.ask("d LOGIN alice@example.org {15}", "+ ").await;
    lines.ask("two-wheels-good", "d OK").await;
    lines.ask("e CAPABILITY", "e OK").await;
}

#[tokio::test]
async fn the_samples_can_be_fetched_and_marked() {
    let kit = kit_with(|options| options.seed = true).await;
    let count = samples().len();
    let mut lines = signed_in(&kit).await;
    let listed = lines.ask("b LIST \"\" \"*\"", "b OK").await;
    assert!(listed.contains(&"* LIST (\\HasNoChildren) \"/\" \"INBOX\"".to_owned()), "{listed:?}");
    let selected = lines.ask("c EXAMINE inbox", "c OK [READ-ONLY]").await.join("\n");
    assert!(selected.contains(&format!("* {count} EXISTS")), "{selected}");
    assert!(
        selected.contains("UIDVALIDITY") && selected.contains(&format!("[UIDNEXT {}]", count + 1))
    );
    lines.ask("d UID STORE 1 +FLAGS (\\Seen)", "d NO").await;

    // All at once: the answers come in order.
    lines.send("e SELECT INBOX\r\nf UID FETCH 2:3 (UID BODY.PEEK[])\r\ng UID STORE 2 +FLAGS.SILENT (\\Seen)\r\nh UID FETCH 1:2,99 (FLAGS INTERNALDATE RFC822.SIZE)\r\n").await;
    lines.until("e OK [READ-WRITE]").await;
    for sample in &samples()[1..3] {
        let head = lines.line().await;
        assert!(head.ends_with(&format!("BODY[] {{{}}}", sample.raw.len())), "{head}");
        assert_eq!(lines.bytes(sample.raw.len()).await.unwrap(), sample.raw);
        assert_eq!(lines.line().await, ")");
    }
    assert_eq!(lines.until("g ").await, ["f OK Done", "g OK Done"]);
    let fetched = lines.until("h ").await;
    assert!(fetched[0].starts_with("* 1 FETCH (UID 1 FLAGS () INTERNALDATE \""), "{fetched:?}");
    assert!(fetched[1].starts_with("* 2 FETCH (UID 2 FLAGS (\\Seen) "), "{fetched:?}");
    assert_eq!(fetched[2], "h OK Done");

    // `n:*` always names the last one, even if n is beyond it.
    let beyond = lines.ask(&format!("i UID FETCH {}:* (FLAGS)", count + 9), "i OK").await;
    assert_eq!(beyond[0], format!("* {count} FETCH (UID {count} FLAGS ())"));
    let unseen = lines.ask("j UID SEARCH UNSEEN UID 1:3", "j OK").await;
    assert_eq!(unseen[0], "* SEARCH 1 3");
    lines.ask("k UID SEARCH SINCE 1-Jan-2020", "k OK").await;
    lines.ask("l FETCH 3 BODY[HEADER]", "l OK").await;
    let entries = kit.practice.messages("alice@example.org", "INBOX");
    let seen: Vec<_> = entries
        .iter()
        .filter(|entry| entry.flags.contains("\\Seen"))
        .map(|entry| entry.uid)
        .collect();
    assert_eq!(seen, [2, 3], "BODY[] marks as seen, BODY.PEEK[] does not");
    for nonsense in ["FETCH 1 (ENVELOPE)", "UID FETCH 0 FLAGS", "XYZZY", "SELECT", "UID"] {
        lines.ask(&format!("z {nonsense}"), "z BAD").await;
    }
    lines.ask("y SELECT Nowhere", "y NO [NONEXISTENT]").await;
}

#[tokio::test]
async fn idle_and_noop_tell_news_and_a_renumbered_folder_ends_the_session() {
    let kit = kit().await;
    let mut lines = signed_in(&kit).await;
    lines.ask("b SELECT INBOX", "b OK").await;
    lines.ask("c IDLE", "+ ").await;
    assert!(kit.practice.deliver("alice@example.org", "Subject: 1\r\n\r\n"));
    lines.until("* 1 EXISTS").await;
    lines.ask("DONE", "c OK").await;
    assert!(kit.practice.deliver("ALICE@example.org", "Subject: 2\r\n\r\n"));
    assert!(!kit.practice.deliver("nobody@example.org", "Subject: 3\r\n\r\n"));
    assert_eq!(lines.ask("d NOOP", "d OK").await[0], "* 2 EXISTS");
    let before = lines.ask("e STATUS INBOX (UIDVALIDITY MESSAGES)", "e OK").await[0].clone();
    let new = kit.practice.renumber("alice@example.org", "INBOX").unwrap();
    lines.ask("f NOOP", "* BYE").await;
    let mut lines = signed_in(&kit).await;
    let after = lines.ask("b STATUS INBOX (UIDVALIDITY MESSAGES)", "b OK").await[0].clone();
    assert_ne!(before, after);
    assert_eq!(after, format!("* STATUS \"INBOX\" (UIDVALIDITY {new} MESSAGES 2)"));
}

#[tokio::test]
async fn sessions_can_go_wrong() {
    let kit = kit_with(|options| options.seed = true).await;
    let faults = kit.practice.faults();
    faults.next_imap_sessions(1, ImapFault::DropMidLiteral);
    let mut lines = signed_in(&kit).await;
    lines.ask("b SELECT INBOX", "b OK").await;
    let head = lines.ask("c UID FETCH 1 (BODY.PEEK[])", "* 1 FETCH").await;
    assert!(head[0].ends_with('}'), "{head:?}");
    assert!(lines.bytes(samples()[0].raw.len()).await.is_err(), "the literal must break off");

    faults.next_imap_sessions(1, ImapFault::HangAfterLogin);
    let mut lines = signed_in(&kit).await;
    lines.send("b NOOP\r\n").await;
    let silence = tokio::time::timeout(Duration::from_millis(300), lines.line()).await;
    assert!(silence.is_err());

    faults.next_imap_sessions(1, ImapFault::Slow(Duration::from_millis(100)));
    let began = Instant::now();
    signed_in(&kit).await;
    assert!(began.elapsed() >= Duration::from_millis(200));

    faults.next_imap_sessions(1, ImapFault::Unavailable);
    let mut lines = Lines::connect(&kit, kit.practice.imap).await;
    lines.until("* OK").await;
    lines.ask("a AUTHENTICATE XOAUTH2 x", "a NO [UNAVAILABLE]").await;

    faults.next_imap_sessions(1, ImapFault::Garbage);
    let mut lines = signed_in(&kit).await;
    lines.ask("b SELECT INBOX", "b OK").await;
    let fetched = lines.ask("c UID FETCH 1 (FLAGS)", "c OK").await;
    assert!(fetched[0].contains("XYZZY"), "{fetched:?}");
    kit.practice.stop().await;
}

#[tokio::test]
async fn a_mailbox_can_be_shared() {
    let kit = kit().await;
    let token = kit.access(&["mail.imap"]);
    let open = xoauth2("team@example.org", token.expose());
    kit.practice.add_mailbox("team@example.org", &["bob@example.org"]);
    let mut lines = Lines::connect(&kit, kit.practice.imap).await;
    lines.until("* OK").await;
    lines.ask(&format!("a AUTHENTICATE XOAUTH2 {open}"), "+ ").await;
    lines.ask("", "a NO").await;
    kit.practice.add_mailbox("team@example.org", &["alice@example.org", "bob@example.org"]);
    lines.ask(&format!("b AUTHENTICATE XOAUTH2 {open}"), "b OK").await;
}

#[tokio::test]
async fn limits_hold() {
    let kit = kit().await;
    let mut lines = signed_in(&kit).await;
    lines.ask(&format!("b NOOP {}", "x".repeat(20_000)), "* BAD").await;
    lines.ask("c SELECT {99999}", "c BAD").await;
    lines.ask("d NOOP", "d OK").await;
    lines.ask("e SELECT {99999+}", "* BYE").await;
    assert_eq!(lines.line().await, "");
}
