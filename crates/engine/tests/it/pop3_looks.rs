//! What is wanted of a POP3 mailbox, whatever its server can and cannot do: old mail is not taken for new, and new mail is
//! not lost for that.

use jiff::SignedDuration;
use outlink_engine::intake::Fetched;
use outlink_engine::mail_servers::MailServerDraft;
use outlink_engine::messages::MessagesWanted;
use outlink_engine::{Caller, Page};
use outlink_model::grant::later;
use outlink_model::mail_server::{After, Protocol, Take};
use outlink_model::message::{Message, Outcome};
use outlink_practice::Pop3Fault;

use crate::bed::{ALICE, Bed, now};
use crate::intake::fetch;
use crate::pop3::{deliver_old, drop_that, keeping, lying};
use crate::watch::{inbox, taken};

const MONTH: SignedDuration = SignedDuration::from_hours(24 * 30);
const JUST_NOW: SignedDuration = SignedDuration::from_secs(5);

/// A mailbox of which what is new is taken, and kept.
async fn new_alone() -> Bed {
    drop_that(Take::New, After::Keep).await
}

/// So much old mail, and so much new mail behind it.
fn deliver(bed: &Bed, old: usize, new: usize) {
    (0..old).for_each(|n| deliver_old(bed, &format!("old{n}"), MONTH));
    (0..new).for_each(|n| deliver_old(bed, &format!("new{n}"), JUST_NOW));
}

async fn ledger(bed: &Bed) -> Vec<Message> {
    let page = Page { limit: 1000, after: None };
    let all = bed.engine.messages(MessagesWanted::default(), page).await.unwrap().items;
    all.into_iter().map(|view| view.message).collect()
}

async fn fails(bed: &Bed) {
    bed.engine.fetch_mail_server("Inbox").await.unwrap_err();
}

#[tokio::test]
async fn without_top_old_mail_is_told_from_new_by_fetching_it() {
    let bed = new_alone().await;
    bed.practice.faults().next_pop3_sessions(usize::MAX, Pop3Fault::NoTop);
    deliver(&bed, 20, 3);
    assert_eq!(fetch(&bed).await.created, 3);
    let counters = bed.practice.counters();
    assert_eq!((counters.pop3_tops, counters.pop3_retrievals), (0, 23 + 3));
    // What comes later has a name that was not there, and is not looked at for its date.
    deliver_old(&bed, "moved", MONTH);
    assert_eq!(fetch(&bed).await.created, 1);
    assert_eq!(bed.practice.counters().pop3_retrievals, 23 + 3 + 1);
    assert_eq!((lying(&bed), inbox(&bed).await.health.note), (24, None));
}

#[tokio::test]
async fn without_names_dates_decide_each_time_and_the_note_says_so() {
    for take in [Take::New, Take::Since(later(now(), -SignedDuration::from_hours(24)))] {
        let bed = drop_that(take, After::Keep).await;
        bed.practice.faults().next_pop3_sessions(usize::MAX, Pop3Fault::NoUidl);
        deliver(&bed, 5, 3);
        assert_eq!(fetch(&bed).await.created, 3, "{take:?}");
        deliver_old(&bed, "late", MONTH);
        deliver_old(&bed, "one", JUST_NOW);
        assert_eq!(fetch(&bed).await.created, 1, "{take:?}");
        assert_eq!(fetch(&bed).await, Fetched::default());
        let note = inbox(&bed).await.health.note.unwrap();
        assert!(note.contains("UIDL") && note.contains("dates in their headers"), "{note}");
        assert_eq!((lying(&bed), taken(&bed).await), (10, 4));
    }
}

#[tokio::test]
async fn a_look_that_is_interrupted_goes_on_where_it_was() {
    let bed = new_alone().await;
    deliver(&bed, 700, 2);
    bed.practice.faults().next_pop3_sessions(1, Pop3Fault::CutAtUid(650));
    fails(&bed).await;
    let looked_at = bed.practice.counters().pop3_tops;
    assert_eq!((looked_at, taken(&bed).await), (649, 0));
    assert_eq!(fetch(&bed).await.created, 2);
    let again = bed.practice.counters().pop3_tops - looked_at;
    assert!(again <= 702 - 512, "two portions of 256 are not looked at again: {again}");
    assert_eq!(fetch(&bed).await, Fetched::default());
    assert_eq!((lying(&bed), taken(&bed).await), (702, 2));
}

#[tokio::test]
async fn old_mail_that_is_left_of_an_interrupted_look_is_not_taken_for_new() {
    let bed = new_alone().await;
    deliver(&bed, 260, 2);
    bed.practice.faults().next_pop3_sessions(1, Pop3Fault::CutAtUid(258));
    fails(&bed).await;
    // Six are left, of names that were never told before.
    assert_eq!(fetch(&bed).await.created, 2);
    assert_eq!(taken(&bed).await, 2);
}

#[tokio::test]
async fn a_server_that_renames_all_its_messages_brings_no_old_mail() {
    let bed = new_alone().await;
    deliver(&bed, 7, 3);
    assert_eq!(fetch(&bed).await.created, 3);
    for round in 0..2 {
        bed.practice.renumber(ALICE, "INBOX").unwrap();
        deliver_old(&bed, &format!("fresh{round}"), JUST_NOW);
        assert_eq!(fetch(&bed).await.created, 1, "{round}");
        let note = inbox(&bed).await.health.note.unwrap();
        assert!(note.starts_with("7 of the messages"), "{note}");
        assert_eq!(fetch(&bed).await, Fetched::default(), "{round}");
        assert_eq!(inbox(&bed).await.health.note, None);
    }
    // The names hold again: what has one that was not there has just come.
    deliver_old(&bed, "moved", MONTH);
    assert_eq!(fetch(&bed).await.created, 1);
    assert_eq!(taken(&bed).await, 6);
}

#[tokio::test]
async fn a_mailbox_that_is_moved_in_from_another_host_brings_no_old_mail() {
    let bed = new_alone().await;
    assert_eq!(fetch(&bed).await, Fetched::default());
    deliver(&bed, 0, 1);
    assert_eq!(fetch(&bed).await.created, 1);
    // All of it comes at once, beside one that is known.
    deliver(&bed, 30, 0);
    deliver_old(&bed, "fresh", JUST_NOW);
    assert_eq!(fetch(&bed).await.created, 1);
    assert_eq!(fetch(&bed).await, Fetched::default());
    assert_eq!((lying(&bed), taken(&bed).await), (32, 2));
    // A few that are moved there are wanted, whatever their dates.
    deliver_old(&bed, "moved", MONTH);
    assert_eq!(fetch(&bed).await.created, 1);
}

#[tokio::test]
async fn names_that_are_numbers_bring_no_old_mail_when_a_message_before_it_goes() {
    let bed = new_alone().await;
    bed.practice.faults().next_pop3_sessions(3, Pop3Fault::NumberedUidl);
    let long = |n: usize| "x".repeat(n + 1);
    (0..6).for_each(|n| deliver_old(&bed, &long(n), MONTH));
    assert_eq!(fetch(&bed).await, Fetched::default());
    bed.practice.remove(ALICE, "INBOX", 1);
    assert_eq!(fetch(&bed).await, Fetched::default(), "each has the name of the one before it");
    deliver_old(&bed, "fresh", JUST_NOW);
    assert_eq!(fetch(&bed).await.created, 1);
}

#[tokio::test]
async fn a_message_at_whose_header_sessions_end_holds_nothing_up() {
    let bed = new_alone().await;
    deliver(&bed, 10, 2);
    bed.practice.faults().next_pop3_sessions(100, Pop3Fault::CutAtUid(3));
    for _ in 0..2 {
        fails(&bed).await;
    }
    let reason = inbox(&bed).await.health.trouble.unwrap().reason;
    assert!(reason.contains("The message with the UIDL"), "{reason}");
    let fetched = fetch(&bed).await;
    assert_eq!((fetched.created, fetched.quarantined), (2, 1));
    assert_eq!(fetch(&bed).await, Fetched::default());
}

#[tokio::test]
async fn no_other_message_is_blamed_when_numbers_shift() {
    let bed = keeping().await;
    for n in 1..=6 {
        bed.deliver(&format!("m{n}"), &format!("Matter {n}"), "");
    }
    for fault in [Pop3Fault::CutAtUid(4), Pop3Fault::CutAtUid(4)] {
        bed.practice.faults().next_pop3_sessions(1, fault);
        fails(&bed).await;
    }
    // It is the fourth when two sessions end at it, and then it is the third.
    bed.practice.faults().next_pop3_sessions(1, Pop3Fault::CutAtUid(4));
    bed.practice.faults().next_pop3_sessions(1, Pop3Fault::CutAtUidAndShift(4));
    bed.practice.faults().next_pop3_sessions(10, Pop3Fault::CutAtUid(4));
    fetch(&bed).await;
    let (odd, well): (Vec<_>, Vec<_>) =
        ledger(&bed).await.into_iter().partition(|row| row.outcome == Outcome::Quarantined);
    assert_eq!((lying(&bed), well.len(), odd.len()), (5, 5, 1));
    let uidl = odd[0].place.uidl.as_deref().unwrap_or_default();
    assert!(uidl.ends_with(".4"), "{uidl}");
}

#[tokio::test]
async fn a_mailbox_of_which_a_look_was_begun_is_not_read_by_another_protocol() {
    let bed = new_alone().await;
    deliver(&bed, 300, 0);
    bed.practice.faults().next_pop3_sessions(1, Pop3Fault::CutAtUid(290));
    fails(&bed).await;
    assert_eq!(inbox(&bed).await.health.ok_at, None);
    let imap = MailServerDraft { protocol: Some(Protocol::Imap), ..MailServerDraft::default() };
    let refused = bed.engine.edit_mail_server("Inbox", imap.into(), &Caller::System).await;
    assert_eq!(refused.unwrap_err().problem().code, "protocol_fixed");
}
