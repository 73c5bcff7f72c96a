//! **A message counts once**: a crash anywhere loses nothing and doubles nothing.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::mail::plain;
use super::rig::desk::{ALICE, Desk, Options};
use super::rig::eventually;

#[test]
fn a_crash_between_commit_and_flag_doubles_nothing() {
    let crash = [("OUTLINK_TEST_FAILPOINT", "after_intake_commit")];
    let mut desk = Desk::start(&Options { environment: &crash, ..Options::default() });
    desk.set_up(3600);
    let body = "Committed, and then the power went.\n";
    desk.dovecot.deliver(ALICE, "1", &plain("once@x.example", "Once", "", body));
    desk.outlink.run(&["mail-server", "fetch", "Inbox"]); // whether it gets an answer is not the point
    let ended = desk.outlink.wait(Duration::from_secs(30));
    assert!(!ended.success(), "it was to crash: {ended}");
    assert_eq!(
        desk.dovecot.mailbox(ALICE),
        [("1".to_owned(), false)],
        "the server was not told yet"
    );

    desk.outlink.start_again(&[]);
    let messages = desk.outlink.list("message");
    assert_eq!(messages.len(), 1, "it was committed before the crash: {messages:?}");
    desk.outlink.json(&["mail-server", "fetch", "Inbox"]);
    eventually("the flag", Duration::from_secs(20), || {
        desk.outlink.run(&["mail-server", "fetch", "Inbox"]);
        (desk.dovecot.mailbox(ALICE) == [("1".to_owned(), true)]).then_some(())
    });
    assert_eq!(desk.outlink.list("issue").len(), 1);
    assert_eq!(desk.outlink.list("message").len(), 1);
}

#[test]
fn kills_at_odd_moments_lose_and_double_nothing() {
    const MESSAGES: usize = 800;
    let mut desk = Desk::start(&Options::default());
    desk.set_up(3600);
    for number in 0..MESSAGES {
        let id = format!("{number}@x.example");
        let body = format!("Number {number}.\n{}", "Some more words to carry. ".repeat(200));
        let mail = plain(&id, &format!("No. {number}"), "", &body);
        // From several senders: so much from one would look like a loop.
        let sender = format!("carol{}@", number % 8);
        let mail = String::from_utf8(mail).expect("it is text").replace("carol@", &sender);
        desk.dovecot.deliver(ALICE, &format!("{number:03}"), mail.as_bytes());
    }
    let seen = |desk: &Desk| desk.dovecot.mailbox(ALICE).iter().filter(|(_, seen)| *seen).count();
    for moment in [0, 7, 23, 40] {
        let before = seen(&desk);
        let fetch = desk.outlink.begin(&["mail-server", "fetch", "Inbox"]);
        // One batch is through and the next is on its way: somewhere in there it is cut off.
        let limit = Instant::now() + Duration::from_secs(30);
        while seen(&desk) == before && Instant::now() < limit {
            std::thread::sleep(Duration::from_millis(2));
        }
        std::thread::sleep(Duration::from_millis(moment));
        desk.outlink.kill();
        drop(fetch);
        let after = seen(&desk);
        assert!(before < after && after < MESSAGES, "{after} were flagged: nothing was cut off");
        desk.outlink.start_again(&[]);
    }
    eventually("every message flagged", Duration::from_secs(90), || {
        desk.outlink.run(&["mail-server", "fetch", "Inbox"]);
        desk.dovecot.mailbox(ALICE).iter().all(|(_, seen)| *seen).then_some(())
    });
    let mut summaries = BTreeSet::new();
    let mut count = 0;
    let mut after: Option<String> = None;
    loop {
        let mut arguments = vec!["issue", "list", "--limit", "100"];
        arguments.extend(after.as_deref().map(|after| ["--after", after]).into_iter().flatten());
        let page = desk.outlink.json(&arguments);
        for issue in page["items"].as_array().expect("items") {
            count += 1;
            summaries.insert(issue["summary"].to_string());
        }
        match page["next"].as_str() {
            Some(next) => after = Some(next.to_owned()),
            None => break,
        }
    }
    assert_eq!((count, summaries.len()), (MESSAGES, MESSAGES));
}
