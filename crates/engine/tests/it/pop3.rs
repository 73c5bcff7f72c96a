//! Mail in by POP3: every message once, by what the server calls it, and by what it is where that tells nothing.

use std::time::Duration;

use jiff::SignedDuration;
use outlink_engine::Page;
use outlink_engine::intake::Fetched;
use outlink_engine::messages::MessagesWanted;
use outlink_model::grant::{GrantState, later};
use outlink_model::mail_server::{After, Protocol, Security, Take};
use outlink_practice::Pop3Fault;

use crate::bed::{ALICE, Bed, now};
use crate::intake::fetch;
use crate::watch::{change, eventually, inbox, taken};

pub(crate) async fn drop_that(take: Take, after: After) -> Bed {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.grant(&link, SignedDuration::from_hours(1)).await;
    bed.inbox_that_takes(&grant, take).await;
    let port = bed.practice.pop3.port();
    change(&bed, |server| {
        (server.protocol, server.port, server.after) = (Protocol::Pop3, port, after);
    })
    .await;
    bed
}

/// A mailbox of which everything is taken, and kept.
pub(crate) async fn keeping() -> Bed {
    drop_that(Take::All, After::Keep).await
}

/// One from which everything is deleted once it is handled.
async fn deleting() -> Bed {
    drop_that(Take::All, After::Delete).await
}

pub(crate) fn lying(bed: &Bed) -> usize {
    bed.practice.messages(ALICE, "INBOX").len()
}

/// A message that passed a server so long ago.
pub(crate) fn deliver_old(bed: &Bed, id: &str, ago: SignedDuration) {
    let at = later(now(), -ago).strftime("%a, %d %b %Y %H:%M:%S +0000").to_string();
    let raw = format!(
        "Received: from a.example by b.example; {at}\r\nMessage-ID: <{id}@x>\r\nFrom: a@x.example\r\n\
         Subject: {id}\r\nDate: {at}\r\n\r\nText {id}\r\n"
    );
    assert!(bed.practice.deliver(ALICE, raw));
}

#[tokio::test]
async fn kept_messages_count_once_over_many_polls() {
    let bed = keeping().await;
    for n in 0..70 {
        bed.deliver(&format!("m{n}"), &format!("Matter {n}"), "");
    }
    assert_eq!(fetch(&bed).await.created, 70);
    for round in 0..3 {
        assert_eq!(fetch(&bed).await, Fetched::default(), "poll {round}");
        bed.deliver(&format!("r{round}"), "Another", "In-Reply-To: <m1@example.net>\r\n");
        assert_eq!(fetch(&bed).await.commented, 1, "poll {round}");
    }
    assert_eq!((lying(&bed), taken(&bed).await), (73, 73));
    assert_eq!(inbox(&bed).await.health.note, None);
}

#[tokio::test]
async fn handled_messages_are_deleted_when_the_session_ends_well() {
    let bed = deleting().await;
    for n in 0..5 {
        bed.deliver(&format!("m{n}"), &format!("Matter {n}"), "");
    }
    bed.practice.faults().next_pop3_sessions(1, Pop3Fault::RefuseDeletions);
    let problem = bed.engine.fetch_mail_server("Inbox").await.unwrap_err().problem();
    assert!(problem.message.contains("did not delete"), "{problem:?}");
    assert_eq!((lying(&bed), taken(&bed).await), (5, 5), "they count, and are still there");
    assert_eq!(fetch(&bed).await, Fetched::default());
    assert_eq!((lying(&bed), taken(&bed).await), (0, 5), "nothing doubles, and they are gone");
    assert_eq!(inbox(&bed).await.health.trouble, None);
}

#[tokio::test]
async fn names_that_are_used_again_hide_no_message() {
    let bed = deleting().await;
    bed.practice.faults().next_pop3_sessions(usize::MAX, Pop3Fault::NumberedUidl);
    for n in 0..4 {
        bed.deliver(&format!("m{n}"), &format!("Matter {n}"), "");
        assert_eq!(fetch(&bed).await.created, 1, "it has the name of the one before");
        assert_eq!(lying(&bed), 0);
    }
    // Of the very same size, too.
    bed.deliver("m5", "Matter 5", "");
    assert_eq!(fetch(&bed).await.created, 1);
    assert_eq!(taken(&bed).await, 5);
}

#[tokio::test]
async fn names_that_change_double_no_message() {
    let bed = keeping().await;
    for n in 0..5 {
        bed.deliver(&format!("m{n}"), &format!("Matter {n}"), "");
    }
    assert_eq!(fetch(&bed).await.created, 5);
    bed.practice.renumber(ALICE, "INBOX").unwrap();
    assert_eq!(fetch(&bed).await, Fetched::default());
    bed.deliver("new", "One more", "");
    assert_eq!(fetch(&bed).await.created, 1);
    assert_eq!(taken(&bed).await, 6);
}

#[tokio::test]
async fn a_server_without_names_is_read_each_time_and_doubles_nothing() {
    let bed = keeping().await;
    bed.practice.faults().next_pop3_sessions(usize::MAX, Pop3Fault::NoUidl);
    for n in 0..3 {
        bed.deliver(&format!("m{n}"), &format!("Matter {n}"), "");
        assert_eq!(fetch(&bed).await.created, 1);
    }
    let note = inbox(&bed).await.health.note.unwrap();
    assert!(note.contains("UIDL") && note.contains("use IMAP"), "{note}");
    assert_eq!((lying(&bed), taken(&bed).await), (3, 3));
}

#[tokio::test]
async fn a_first_fetch_that_takes_new_mail_passes_old_mail_over_for_good() {
    let bed = drop_that(Take::New, After::Delete).await;
    for n in 0..5 {
        deliver_old(&bed, &format!("old{n}"), SignedDuration::from_hours(24 * 30));
        deliver_old(&bed, &format!("new{n}"), SignedDuration::from_secs(5));
    }
    // At its first look it comes to nothing, at its second it takes what is wanted.
    for fault in [Pop3Fault::DropMidMessage, Pop3Fault::Exhausted] {
        bed.practice.faults().next_pop3_sessions(1, fault);
        bed.engine.fetch_mail_server("Inbox").await.unwrap_err();
        assert_eq!(taken(&bed).await, 0, "{fault:?}");
    }
    bed.practice.faults().next_pop3_sessions(1, Pop3Fault::RefuseDeletions);
    bed.engine.fetch_mail_server("Inbox").await.unwrap_err();
    assert_eq!((lying(&bed), taken(&bed).await), (10, 5));
    // What comes later is new, whatever its date.
    deliver_old(&bed, "late", SignedDuration::from_hours(24 * 30));
    assert_eq!(fetch(&bed).await.created, 1);
    let page = Page { limit: 100, after: None };
    let messages = bed.engine.messages(MessagesWanted::default(), page).await.unwrap().items;
    assert!(messages.iter().all(|view| !view.message.subject.starts_with("old")), "{messages:?}");
    assert_eq!(lying(&bed), 5, "what was passed over stays");
    assert_eq!(fetch(&bed).await, Fetched::default());
    assert_eq!((lying(&bed), taken(&bed).await), (5, 6));
}

#[tokio::test]
async fn sessions_that_break_lose_and_double_nothing() {
    for fault in [Pop3Fault::DropMidMessage, Pop3Fault::HangAfterLogin, Pop3Fault::Exhausted] {
        let bed = deleting().await;
        for n in 0..5 {
            bed.deliver(&format!("m{n}"), &format!("Matter {n}"), "");
        }
        bed.practice.faults().next_pop3_sessions(1, fault);
        let problem = bed.engine.fetch_mail_server("Inbox").await.unwrap_err().problem();
        assert!(!problem.hint.is_empty(), "{fault:?}: {problem:?}");
        assert_eq!(lying(&bed), 5, "{fault:?}");
        fetch(&bed).await;
        assert_eq!((lying(&bed), taken(&bed).await), (0, 5), "{fault:?}");
    }
}

#[tokio::test]
async fn refusals_leave_the_grant_alive() {
    let bed = keeping().await;
    bed.deliver("a", "One", "");
    for fault in [Pop3Fault::Unavailable, Pop3Fault::RefuseToken] {
        bed.practice.faults().next_pop3_sessions(1, fault);
        bed.engine.fetch_mail_server("Inbox").await.unwrap_err();
        let grants = bed.store.grants(&outlink_store::Page::default()).await.unwrap().items;
        assert_eq!(grants[0].state, GrantState::Active, "{fault:?}");
    }
    assert_eq!(fetch(&bed).await.created, 1);
    assert!(bed.practice.counters().refreshes <= 1);
}

#[tokio::test]
async fn it_is_secured_by_stls_and_polled_from_time_to_time() {
    let bed = keeping().await;
    let port = bed.practice.pop3_clear.port();
    change(&bed, |server| {
        (server.security, server.port, server.poll_seconds) = (Security::StartTls, port, 2);
    })
    .await;
    bed.engine.start();
    for n in 1..=2 {
        bed.deliver(&format!("m{n}"), &format!("Matter {n}"), "");
        eventually("the message", Duration::from_secs(6), async || {
            (taken(&bed).await == n).then_some(())
        })
        .await;
    }
    assert_eq!(inbox(&bed).await.health.trouble, None);
}
