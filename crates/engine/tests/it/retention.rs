//! What is kept, and for how long.

use std::time::Duration;

use jiff::SignedDuration;
use outlink_engine::intake::Fetched;
use outlink_engine::messages::{MessagesWanted, Raw};
use outlink_engine::{Caller, Page, Retention};
use outlink_model::message::Outcome;
use outlink_model::problem::ProblemKind;
use outlink_store::ConnectionFilter;

use crate::bed::{ALICE, Bed};
use crate::handlers_at_work::{Letter, newest};
use crate::intake::{fetch, ready};

const DAY: SignedDuration = SignedDuration::from_hours(24);

const WITH_FILE: &str = "--b\r\nContent-Type: text/plain\r\n\r\nSee the file.\r\n\
    --b\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nContent\r\n--b--\r\n";

/// Lets a node do what it does once an hour, and waits until no raw message is left but what is needed.
async fn sweep(bed: &Bed, after: SignedDuration, raw_days: Option<u32>, kept: usize) {
    let node = bed.later_engine_that_keeps(after, Retention { raw_days, log_days: 90 });
    node.start();
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        if raws(bed).await == kept {
            break;
        }
    }
    node.stop().await;
    assert_eq!(raws(bed).await, kept);
}

/// How many messages have their bytes.
async fn raws(bed: &Bed) -> usize {
    let all = bed.engine.messages(MessagesWanted::default(), Page::default()).await.unwrap();
    let mut count = 0;
    for view in all.items {
        count += usize::from(bed.store.raw(view.message.id).await.unwrap().is_some());
    }
    count
}

#[tokio::test]
async fn bytes_go_after_their_time_and_the_ledger_and_the_files_stay() {
    let bed = ready().await;
    bed.deliver("a", "Plain", "");
    bed.deliver("b", "Away", "Auto-Submitted: auto-replied\r\n");
    let more = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n";
    let letter = Letter { id: "c", more, body: WITH_FILE, ..Letter::default() };
    assert!(bed.practice.deliver(ALICE, letter.raw()));
    assert_eq!(fetch(&bed).await.fetched, 3);
    bed.engine.pause_mail_server("Inbox", true, &Caller::System).await.unwrap();
    sweep(&bed, DAY * 400, None, 3).await;
    sweep(&bed, DAY * 29, Some(30), 3).await;
    sweep(&bed, DAY * 31, Some(30), 1).await;

    let filter = MessagesWanted { outcome: Some(Outcome::Rejected), ..MessagesWanted::default() };
    let all = bed.engine.messages(filter, Page::default()).await.unwrap();
    let swept = all.items[0].message.id.to_string();
    let view = &all.items[0];
    assert_eq!((view.raw, view.may_replay()), (Raw::Gone, false));
    let why = view.why_no_raw().unwrap();
    assert!(why.message.contains("retention.raw_days"), "{why}");
    assert!(why.hint.contains("have it sent again"), "{why}");
    let raw = bed.engine.raw_message(&swept).await.unwrap_err().problem();
    assert_eq!((raw.code, raw.kind), ("message_bytes_gone", ProblemKind::NotFound));
    let replayed = bed.engine.replay_message(&swept, &Caller::System).await.unwrap_err().problem();
    assert_eq!((replayed.code, replayed.kind), ("message_bytes_gone", ProblemKind::Conflict));
    assert_eq!((&replayed.message, &replayed.hint), (&why.message, &why.hint));
    // What has become something says so first, and nobody is asked to send it again.
    let filter = MessagesWanted { outcome: Some(Outcome::Created), ..MessagesWanted::default() };
    let made = bed.engine.messages(filter, Page::default()).await.unwrap().items;
    let plain = made.iter().find(|view| view.raw == Raw::Gone).unwrap();
    assert!(!plain.why_no_raw().unwrap().hint.contains("sent again"));
    assert!(made.iter().any(|view| view.raw == Raw::Kept && view.why_no_raw().is_none()));
    let plain = plain.message.id.to_string();
    let counted = bed.engine.replay_message(&plain, &Caller::System).await.unwrap_err().problem();
    assert_eq!(counted.code, "message_counted");
    let key = newest(&bed).await.issue_key.unwrap();
    let file = bed.engine.issue(&key).await.unwrap().attachments.remove(0);
    assert_eq!(bed.engine.attachment(file.id).await.unwrap().1, b"Content");
    bed.practice.renumber(ALICE, "INBOX").unwrap();
    assert_eq!(fetch(&bed).await, Fetched::default(), "the ledger still knows each of them");
}

#[tokio::test]
async fn the_connectivity_log_goes_after_its_time() {
    let bed = ready().await;
    fetch(&bed).await;
    bed.engine.pause_mail_server("Inbox", true, &Caller::System).await.unwrap();
    let lines = async || {
        let all = ConnectionFilter { mail_server: None, failed_only: false };
        bed.store.connections(&all, &Page::default()).await.unwrap().items.len()
    };
    assert_eq!(lines().await, 1);
    for (days, left) in [(89, 1), (91, 0)] {
        let retention = Retention { raw_days: None, log_days: 90 };
        let node = bed.later_engine_that_keeps(DAY * days, retention);
        node.start();
        for _ in 0..40 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            if left == 0 && lines().await == 0 {
                break;
            }
        }
        node.stop().await;
        assert_eq!(lines().await, left, "after {days} days");
    }
}
