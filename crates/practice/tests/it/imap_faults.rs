//! Misbehaviour of the IMAP server.

use std::time::{Duration, Instant};

use outlink_practice::{ImapFault, samples};

use crate::imap::{signed_in, xoauth2};
use crate::kit::{Kit, Lines, kit, kit_with};

const ALICE: &str = "alice@example.org";
const TEAM: &str = "team@example.org";

async fn greeted(kit: &Kit) -> Lines {
    let mut lines = Lines::connect(kit, kit.practice.imap).await;
    lines.until("* OK").await;
    lines
}

/// Signs in to a mailbox that Alice may open; the answer's last line.
async fn open(kit: &Kit, mailbox: &str) -> (Lines, String) {
    let token = kit.access(&["mail.imap"]);
    let mut lines = greeted(kit).await;
    let command = format!("a AUTHENTICATE XOAUTH2 {}", xoauth2(mailbox, token.expose()));
    let answer = lines.ask(&command, "a ").await.pop().unwrap();
    (lines, answer)
}

/// A session with the INBOX open that was told to misbehave.
async fn faulty(kit: &Kit, fault: ImapFault) -> Lines {
    kit.practice.faults().next_imap_sessions(1, fault);
    let mut lines = signed_in(kit).await;
    lines.ask("b SELECT INBOX", "b OK").await;
    lines
}

async fn is_silent(lines: &mut Lines) -> bool {
    tokio::time::timeout(Duration::from_millis(200), lines.line()).await.is_err()
}

#[tokio::test]
async fn one_bad_mailbox_leaves_the_others_well() {
    let kit = kit().await;
    kit.practice.add_mailbox(TEAM, &[ALICE]);
    let faults = kit.practice.faults();
    faults.next_imap_sign_ins(TEAM, usize::MAX, ImapFault::MovedAway);
    for _ in 0..2 {
        assert_eq!(open(&kit, TEAM).await.1, "a NO AUTHENTICATE failed.");
        assert!(open(&kit, ALICE).await.1.starts_with("a OK"));
    }
    faults.heal_mailbox(TEAM);
    faults.next_imap_sign_ins("Team@example.org", 1, ImapFault::Nonexistent);
    let (mut team, _) = open(&kit, TEAM).await;
    team.ask("b SELECT INBOX", "b NO [NONEXISTENT]").await;
    team.ask("c STATUS INBOX (MESSAGES)", "c NO [NONEXISTENT]").await;
    let (mut team, _) = open(&kit, TEAM).await;
    team.ask("b SELECT INBOX", "b OK").await;
}

#[tokio::test]
async fn sign_ins_are_refused_in_the_words_of_those_servers() {
    let kit = kit().await;
    let faults = kit.practice.faults();
    faults.next_imap_sign_ins(ALICE, 1, ImapFault::TooManyConnections);
    let (mut lines, answer) = open(&kit, ALICE).await;
    assert_eq!(answer, "a NO [ALERT] Too many simultaneous connections. (Failure)");
    assert_eq!(lines.line().await, "");

    faults.next_imap_sign_ins(ALICE, 1, ImapFault::NotConnected);
    let (mut lines, answer) = open(&kit, ALICE).await;
    assert!(answer.starts_with("a OK"), "{answer}");
    lines.ask("b SELECT INBOX", "b BAD User is authenticated but not connected.").await;
    lines.ask("c LOGOUT", "c OK").await;

    faults.next_imap_sign_ins(ALICE, 1, ImapFault::ThrottledBye(4321));
    let (mut lines, _) = open(&kit, ALICE).await;
    let bye = "* BYE Request is throttled. Suggested Backoff Time: 4321 milliseconds";
    assert_eq!(lines.ask("b SELECT INBOX", "* BYE").await, [bye]);
    assert_eq!(lines.line().await, "");

    // Passwords meet the same faults.
    kit.practice.set(|settings| settings.drop_imap_capability("LOGINDISABLED"));
    faults.next_imap_sign_ins(ALICE, 1, ImapFault::MovedAway);
    let mut lines = greeted(&kit).await;
    lines.ask("a LOGIN alice@example.org two-wheels-good", "a NO AUTHENTICATE failed.").await;
    lines.ask("b LOGIN alice@example.org wrong", "b NO").await;
}

#[tokio::test]
async fn a_session_ends_with_its_token_within_fetch_and_idle() {
    let kit = kit_with(|options| options.seed = true).await;
    let bye = "* BYE Session invalidated - AccessTokenExpired";
    let mut idle = faulty(&kit, ImapFault::EndsWithToken).await;
    let mut fetch = faulty(&kit, ImapFault::EndsWithToken).await;
    let mut other = signed_in(&kit).await;
    other.ask("b SELECT INBOX", "b OK").await;
    fetch.ask("c UID FETCH 1:2 (FLAGS)", "c OK").await;
    idle.ask("c IDLE", "+ ").await;
    assert!(is_silent(&mut idle).await);
    kit.practice.advance(Duration::from_secs(3601));
    assert_eq!(idle.line().await, bye);
    assert_eq!(idle.line().await, "");
    let told = fetch.ask("d UID FETCH 1:* (FLAGS)", "* BYE").await;
    assert_eq!(told, ["* 1 FETCH (UID 1 FLAGS ())", bye], "it ends in the middle");
    other.ask("c UID FETCH 1:* (FLAGS)", "c OK").await;
}

#[tokio::test]
async fn greetings_can_be_hostile() {
    let kit = kit().await;
    let faults = kit.practice.faults();
    faults.next_imap_sessions(1, ImapFault::Greeting(b"HTTP/1.1 400 Bad Request\r\n\r\n"));
    let mut lines = Lines::connect(&kit, kit.practice.imap).await;
    assert_eq!(lines.line().await, "HTTP/1.1 400 Bad Request");
    faults.next_imap_sessions(1, ImapFault::NoGreeting);
    assert!(is_silent(&mut Lines::connect(&kit, kit.practice.imap).await).await);
    faults.next_imap_sessions(1, ImapFault::EndlessGreeting);
    let mut lines = Lines::connect(&kit, kit.practice.imap).await;
    let bytes = lines.bytes(1_000_000).await.unwrap();
    assert!(bytes.starts_with(b"* OK x") && !bytes.contains(&b'\n'));
}

#[tokio::test]
async fn commands_can_hang_or_come_late() {
    let kit = kit_with(|options| options.seed = true).await;
    let mut lines = faulty(&kit, ImapFault::HangAt("UID FETCH")).await;
    lines.ask("c NOOP", "c OK").await;
    lines.send("d UID FETCH 1 (FLAGS)\r\ne NOOP\r\n").await;
    assert!(is_silent(&mut lines).await);
    let mut lines = faulty(&kit, ImapFault::HangAt("DONE")).await;
    lines.ask("c IDLE", "+ ").await;
    lines.send("DONE\r\n").await;
    assert!(is_silent(&mut lines).await);
    // Only this mailbox is slow, from its sign-in on.
    let slow = Duration::from_millis(150);
    kit.practice.faults().next_imap_sign_ins(ALICE, 1, ImapFault::Slow(slow));
    let (mut lines, _) = open(&kit, ALICE).await;
    let began = Instant::now();
    lines.ask("b NOOP", "b OK").await;
    assert!(began.elapsed() >= slow);
}

#[tokio::test]
async fn a_flood_of_lines_lasts_until_idling_is_done() {
    let kit = kit().await;
    let mut lines = faulty(&kit, ImapFault::FloodIdle).await;
    lines.ask("c IDLE", "+ ").await;
    for _ in 0..5000 {
        assert!(lines.line().await.starts_with("* "));
    }
    lines.send("DONE\r\n").await;
    while lines.line().await != "c OK Done" {}
    assert_eq!(lines.ask("d NOOP", "d ").await, ["d OK Done"]);
}

#[tokio::test]
async fn numbers_can_lie_and_folders_can_be_made_anew() {
    let kit = kit_with(|options| options.seed = true).await;
    let count = samples().len();
    kit.practice.faults().next_imap_sessions(1, ImapFault::Exists(4_000_000_000));
    let mut lines = signed_in(&kit).await;
    let told = lines.ask("b SELECT INBOX", "b OK").await;
    assert!(told.contains(&"* 4000000000 EXISTS".to_owned()), "{told:?}");
    assert_eq!(lines.ask("c UID SEARCH ALL", "c OK").await[0].split(' ').count(), count + 2);

    let before = kit.practice.messages(ALICE, "INBOX");
    let status = "b STATUS INBOX (UIDVALIDITY)";
    let valid = lines.ask(status, "b OK").await.remove(0);
    let mut rebuilt = faulty(&kit, ImapFault::Rebuilt).await;
    assert_ne!(rebuilt.ask(status, "b OK").await[0], valid);
    let after = kit.practice.messages(ALICE, "INBOX");
    assert_eq!(after.len(), before.len());
    assert!(before.iter().all(|old| after.iter().any(|new| new.raw == old.raw)));
    assert_ne!(before[0].raw, after[0].raw, "a UID names another message now");
    let valid = rebuilt.ask(status, "b OK").await.remove(0);
    rebuilt.ask("c SELECT INBOX", "c OK").await;
    assert_eq!(rebuilt.ask(status, "b OK").await[0], valid, "once is enough");
    lines.ask("d NOOP", "* BYE").await;
}

#[tokio::test]
async fn a_full_mailbox_takes_nothing_more() {
    let kit = kit_with(|options| options.seed = true).await;
    let mut lines = faulty(&kit, ImapFault::OverQuota).await;
    for command in ["COPY 1 Archive", "UID COPY 1 Archive", "MOVE 1 Archive", "UID MOVE 1 Archive"]
    {
        lines.ask(&format!("c {command}"), "c NO [OVERQUOTA]").await;
    }
    lines.ask("d APPEND Archive {3}", "+ ").await;
    lines.ask("A:b", "d NO [OVERQUOTA]").await;
    assert!(kit.practice.messages(ALICE, "Archive").is_empty());
    lines.ask("e UID FETCH 1 (FLAGS)", "e OK").await;
}

#[tokio::test]
async fn one_message_can_be_beyond_reach_and_a_literal_can_break_off() {
    let kit = kit_with(|options| options.seed = true).await;
    kit.practice.faults().next_imap_sign_ins(ALICE, usize::MAX, ImapFault::ServerBug(2));
    for _ in 0..2 {
        let (mut lines, _) = open(&kit, ALICE).await;
        lines.ask("b SELECT INBOX", "b OK").await;
        let told = lines.ask("c UID FETCH 1:3 (BODY.PEEK[HEADER])", "c ").await;
        assert!(told.last().unwrap().starts_with("c NO [SERVERBUG]"), "{told:?}");
        let heads: Vec<&String> =
            told.iter().filter(|line| line.contains(" FETCH (UID ")).collect();
        assert_eq!(heads.len(), 2, "the others come: {heads:?}");
        lines.ask("d UID FETCH 2 (UID FLAGS RFC822.SIZE)", "d OK").await;
    }
    kit.practice.faults().heal_mailbox(ALICE);
    let mut lines = faulty(&kit, ImapFault::DropAfter(10)).await;
    lines.ask("c UID FETCH 1 (BODY.PEEK[])", "* 1 FETCH").await;
    assert_eq!(lines.bytes(10).await.unwrap(), samples()[0].raw[..10]);
    assert!(lines.bytes(1).await.is_err());
}

#[tokio::test]
async fn one_session_can_lack_a_capability() {
    let kit = kit().await;
    kit.practice.faults().next_imap_sign_ins(ALICE, 1, ImapFault::Without("IDLE"));
    let (mut lines, answer) = open(&kit, ALICE).await;
    assert!(answer.contains(" MOVE ") && !answer.contains(" IDLE "), "{answer}");
    lines.ask("b SELECT INBOX", "b OK").await;
    lines.ask("c IDLE", "c BAD").await;
    let (_, answer) = open(&kit, ALICE).await;
    assert!(answer.contains(" IDLE "), "{answer}");
}
