//! Mail in: every message once, whatever happens on the way.

use jiff::SignedDuration;
use outlink_engine::Page;
use outlink_engine::intake::Fetched;
use outlink_engine::messages::MessagesWanted;
use outlink_model::mail_server::Take;
use outlink_model::message::Outcome;
use outlink_model::step::StepStatus;
use outlink_practice::ImapFault;

use crate::bed::{ALICE, Bed};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

pub(crate) async fn ready() -> Bed {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.grant(&link, HOUR).await;
    bed.inbox(&grant).await;
    bed
}

pub(crate) async fn fetch(bed: &Bed) -> Fetched {
    bed.engine.fetch_mail_server("Inbox").await.unwrap()
}

#[tokio::test]
async fn mail_becomes_issues_and_comments_once() {
    let bed = ready().await;
    bed.deliver("a", "The printer is on fire", "");
    bed.deliver("b", "Something else", "In-Reply-To: <a@example.net>\r\n");
    bed.deliver("c", "Re: [sup-1] still burning", "");
    bed.deliver("d", "Far away", "References: <x@example.net> <b@example.net> <y@example.net>\r\n");
    bed.deliver("e", "I am away", "Auto-Submitted: auto-replied\r\n");
    bed.deliver("f", "Another matter", "");
    let first = fetch(&bed).await;
    let expected =
        Fetched { fetched: 6, created: 2, commented: 3, rejected: 1, quarantined: 0, unhandled: 0 };
    assert_eq!(first, expected);
    assert_eq!(fetch(&bed).await, Fetched::default(), "nothing counts twice");

    let issue = bed.engine.issue("SUP-1").await.unwrap();
    assert_eq!(issue.issue.summary, "The printer is on fire");
    assert_eq!(issue.issue.reporter.address, "carla@example.net");
    assert_eq!(issue.comments.len(), 3);
    let seen = bed.practice.messages(ALICE, "INBOX");
    assert!(seen.iter().all(|entry| entry.flags.contains("\\Seen")), "the server was told of each");
}

#[tokio::test]
async fn beyond_a_cursor_everything_is_new() {
    for first_empty in [false, true] {
        let bed = Bed::new().await;
        let link = bed.link("Work").await;
        let grant = bed.grant(&link, HOUR).await;
        if !first_empty {
            bed.deliver_late("old", HOUR * 24);
            bed.deliver_late("behind", SignedDuration::from_mins(2));
        }
        bed.inbox_that_takes(&grant, Take::New).await;
        let first = fetch(&bed).await.created;
        assert_eq!(first, u64::from(!first_empty), "what a slow clock dated counts as new");
        bed.deliver_late("moved", HOUR * 24 * 10);
        assert_eq!(fetch(&bed).await.created, 1, "it came into this folder just now");
    }
}

#[tokio::test]
async fn a_folder_that_takes_no_flags_is_read_all_the_same() {
    for fault in [ImapFault::ReadOnly, ImapFault::RefuseStore] {
        let bed = ready().await;
        for n in 0..70 {
            bed.deliver(&format!("m{n}"), &format!("Matter {n}"), "");
        }
        bed.practice.faults().next_imap_sessions(2, fault);
        assert_eq!(fetch(&bed).await.created, 70, "{fault:?}");
        bed.deliver("late", "Another matter", "");
        assert_eq!(fetch(&bed).await.created, 1, "{fault:?}");
        let seen = |bed: &Bed| {
            let entries = bed.practice.messages(ALICE, "INBOX");
            entries.iter().filter(|entry| entry.flags.contains("\\Seen")).count()
        };
        assert_eq!(seen(&bed), 0, "{fault:?}");
        assert_eq!(fetch(&bed).await, Fetched::default());
        assert_eq!(seen(&bed), 71, "what could not be told is told once it can be");
    }
}

#[tokio::test]
async fn a_server_that_tells_untrue_sizes_is_believed_no_longer_than_needed() {
    let bed = ready().await;
    for (n, told) in [(1, 0), (2, 1), (3, 40_000_000)] {
        bed.deliver(&format!("a{n}"), "One", "");
        bed.deliver(&format!("b{n}"), "Two", "");
        bed.practice.faults().next_imap_sessions(1, ImapFault::Sizes(told));
        assert_eq!(fetch(&bed).await.created, 2, "{told}");
    }
    let messages =
        bed.engine.messages(MessagesWanted::default(), Page::default()).await.unwrap().items;
    let lengths = bed.practice.messages(ALICE, "INBOX");
    assert!(messages.iter().all(|view| view.message.size == lengths[0].raw.len() as u64));
}

#[tokio::test]
async fn a_rebuilt_folder_doubles_nothing() {
    let bed = ready().await;
    bed.deliver("a", "One", "");
    bed.deliver("b", "Two", "");
    assert_eq!(fetch(&bed).await.created, 2);
    bed.practice.renumber(ALICE, "INBOX").unwrap();
    bed.deliver("c", "Three", "");
    let after = fetch(&bed).await;
    assert_eq!((after.fetched, after.created), (1, 1));
    assert_eq!(bed.engine.issues(None, Page::default()).await.unwrap().items.len(), 3);
    assert_eq!(fetch(&bed).await, Fetched::default());
}

#[tokio::test]
async fn a_message_that_left_its_folder_and_comes_back_counts_no_second_time() {
    let bed = ready().await;
    let put_back = |entry: &outlink_practice::Entry| {
        assert!(bed.practice.deliver_at(ALICE, entry.raw.to_vec(), entry.internal_date));
    };
    for id in ["a", "b", "c"] {
        bed.deliver(id, &format!("Matter {id}"), "");
    }
    assert_eq!(fetch(&bed).await.created, 3);
    let [a, b] = [1, 2].map(|uid| bed.practice.take_away(ALICE, "INBOX", uid).unwrap());
    put_back(&b);
    bed.deliver("d", "New beside it", "");
    put_back(&a);
    let after = fetch(&bed).await;
    assert_eq!((after.fetched, after.created), (1, 1), "{after:?}");
    let lying = bed.practice.messages(ALICE, "INBOX");
    assert!(lying.iter().all(|entry| entry.flags.contains("\\Seen")), "the server is told again");
    assert_eq!(fetch(&bed).await, Fetched::default());

    // One that is copied lies there twice, and the copy is a message of its own.
    put_back(&a);
    assert_eq!(fetch(&bed).await.created, 1);
    // Both leave, and one of them comes back.
    for uid in [6, 7] {
        bed.practice.take_away(ALICE, "INBOX", uid).unwrap();
    }
    put_back(&a);
    assert_eq!(fetch(&bed).await.fetched, 0);
    assert_eq!(bed.engine.issues(None, Page::default()).await.unwrap().items.len(), 5);
}

#[tokio::test]
async fn of_two_copies_that_come_for_one_that_left_one_is_new() {
    let bed = ready().await;
    bed.deliver("a", "Matter a", "");
    assert_eq!(fetch(&bed).await.created, 1);
    let a = bed.practice.take_away(ALICE, "INBOX", 1).unwrap();
    let put_back = || assert!(bed.practice.deliver_at(ALICE, a.raw.to_vec(), a.internal_date));
    put_back();
    for n in 0..40 {
        bed.deliver(&format!("n{n}"), &format!("Matter {n}"), "");
    }
    put_back();
    assert_eq!(fetch(&bed).await.created, 41);
    let all = Page { limit: 1000, after: None };
    let messages = bed.engine.messages(MessagesWanted::default(), all).await.unwrap().items;
    assert_eq!(messages.len(), 42, "each that lies there has its row");
}

#[tokio::test]
async fn a_server_that_does_not_say_what_is_still_there_holds_nothing_up() {
    for (fault, first, second) in [(ImapFault::RefuseUids, 3, 0), (ImapFault::CutAtUids, 1, 1)] {
        let bed = ready().await;
        bed.deliver("a", "Matter a", "");
        assert_eq!(fetch(&bed).await.created, 1);
        let a = bed.practice.take_away(ALICE, "INBOX", 1).unwrap();
        bed.deliver("b", "Matter b", "");
        assert!(bed.practice.deliver_at(ALICE, a.raw.to_vec(), a.internal_date));
        bed.deliver("c", "Matter c", "");
        bed.practice.faults().next_imap_sessions(1, fault);
        let went = bed.engine.fetch_mail_server("Inbox").await;
        let all = || bed.engine.messages(MessagesWanted::default(), Page::default());
        // Refused, the one that came back counts as a copy; cut off, what stands before it is kept.
        assert_eq!(all().await.unwrap().items.len(), 1 + first, "{fault:?} {went:?}");
        assert_eq!(fetch(&bed).await.created, second, "{fault:?}");
        assert_eq!(fetch(&bed).await, Fetched::default(), "{fault:?}");
    }
}

#[tokio::test]
async fn an_unreadable_message_is_quarantined_and_holds_nobody_back() {
    let bed = ready().await;
    bed.deliver("a", "Before", "");
    assert!(bed.practice.deliver(ALICE, vec![0_u8; 64]));
    bed.deliver("b", "After", "");
    let fetched = fetch(&bed).await;
    assert_eq!((fetched.fetched, fetched.created), (3, 2), "{fetched:?}");
    let messages =
        bed.engine.messages(MessagesWanted::default(), Page::default()).await.unwrap().items;
    let odd = messages.iter().find(|view| view.message.outcome != Outcome::Created).unwrap();
    assert!(odd.message.reason.is_some(), "{odd:?}");
}

#[tokio::test]
async fn a_cut_connection_is_mended_by_the_next_fetch() {
    let bed = ready().await;
    for n in 0..20 {
        bed.deliver(&format!("m{n}"), &format!("Matter {n}"), "");
    }
    bed.practice.faults().next_imap_sessions(1, ImapFault::DropMidLiteral);
    let error = bed.engine.fetch_mail_server("Inbox").await.unwrap_err().problem();
    assert!(!error.hint.is_empty() || !error.message.is_empty());
    let server = bed.engine.mail_server("Inbox").await.unwrap();
    assert!(server.health.trouble.is_some() && server.health.failing_since.is_some());
    fetch(&bed).await;
    assert_eq!(bed.engine.issues(None, Page::default()).await.unwrap().items.len(), 20);
    let server = bed.engine.mail_server("Inbox").await.unwrap();
    assert!(server.health.trouble.is_none() && server.health.ok_at.is_some());
}

#[tokio::test]
async fn a_token_that_was_taken_back_is_renewed_on_the_way() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.grant(&link, SignedDuration::from_secs(-5)).await;
    bed.inbox(&grant).await;
    bed.deliver("a", "One", "");
    assert_eq!(fetch(&bed).await.created, 1, "an expired token is refreshed first");
    assert_eq!(bed.practice.counters().refreshes, 1);
}

#[tokio::test]
async fn a_test_names_the_step_that_fails() {
    let bed = ready().await;
    let steps = bed.engine.test_mail_server("Inbox").await.unwrap().steps;
    let all = [
        "resolve",
        "connect",
        "tls",
        "greeting",
        "scopes",
        "identity",
        "token",
        "sign_in",
        "capabilities",
        "folder",
        "handler",
    ];
    assert_eq!(steps.iter().map(|step| step.id).collect::<Vec<_>>(), all);
    assert!(steps.iter().all(|step| step.status == StepStatus::Ok), "{steps:?}");

    bed.practice.faults().next_imap_sessions(1, ImapFault::HangAfterLogin);
    let steps = bed.engine.test_mail_server("Inbox").await.unwrap().steps;
    let failed: Vec<_> = steps.iter().filter(|step| step.status == StepStatus::Failed).collect();
    assert_eq!(failed.len(), 1, "{steps:?}");
    assert_eq!(failed[0].id, "folder");
    assert!(!failed[0].message.is_empty() && !failed[0].hint.is_empty(), "{failed:?}");
    assert_eq!(steps.last().map(|step| step.status), Some(StepStatus::Skipped));
}
