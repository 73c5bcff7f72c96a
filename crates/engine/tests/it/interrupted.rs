//! Fetches that end in the middle: nothing is skipped, nothing is doubled, and nothing is held up for ever.

use std::time::Duration;

use jiff::SignedDuration;
use outlink_engine::handlers::NewHandler;
use outlink_engine::intake::Fetched;
use outlink_engine::messages::MessagesWanted;
use outlink_engine::{Caller, Page};
use outlink_model::grant::later;
use outlink_model::handler::{HandlerSettings, HandlerType};
use outlink_model::mail_server::{MailServer, ServerHealth, Take};
use outlink_model::message::Outcome;
use outlink_practice::ImapFault;
use tokio::time::{sleep, timeout};

use crate::bed::{Bed, now};
use crate::intake::{fetch, ready};

fn deliver_many(bed: &Bed, count: usize) {
    for n in 0..count {
        bed.deliver(&format!("m{n}"), &format!("Matter {n}"), "");
    }
}

async fn inbox(bed: &Bed) -> MailServer {
    bed.engine.mail_server("Inbox").await.unwrap()
}

async fn ledger(bed: &Bed) -> Vec<Outcome> {
    let page = Page { limit: 1000, after: None };
    let messages = bed.engine.messages(MessagesWanted::default(), page).await.unwrap().items;
    messages.iter().map(|view| view.message.outcome).collect()
}

/// Waits until the engine has signed in to the mail server.
async fn signed_in(bed: &Bed) {
    let logins = async {
        while bed.practice.counters().imap_logins == 0 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(10), logins).await.unwrap();
}

#[tokio::test]
async fn a_lost_lease_skips_nothing() {
    let bed = ready().await;
    deliver_many(&bed, 150);
    let server = inbox(&bed).await;
    bed.practice.faults().next_imap_sessions(1, ImapFault::Slow(Duration::from_millis(100)));
    let (soon, late) = (SignedDuration::from_hours(1), SignedDuration::from_hours(2));
    let (soon, late) = (later(now(), soon), later(now(), late));
    let taken_over = async {
        signed_in(&bed).await;
        assert!(bed.store.claim_server(server.id, "another", soon, late).await.unwrap());
    };
    let (went, ()) = tokio::join!(bed.engine.fetch_mail_server("Inbox"), taken_over);

    let problem = went.unwrap_err().problem();
    assert!(problem.message.contains("Somebody else"), "{problem:?}");
    let known = ledger(&bed).await.len();
    assert!(known < 150, "it ended in the middle");
    let cursor = bed.store.cursor(server.id, "INBOX").await.unwrap();
    let last_uid = cursor.map_or(0, |cursor| cursor.last_uid);
    assert_eq!(last_uid as usize, known, "the cursor stands where the ledger ends");
    let health = inbox(&bed).await.health;
    assert_eq!(health, ServerHealth::default(), "how it goes is for the new holder to tell");

    bed.store.release_poll(server.id, "another", now()).await.unwrap();
    fetch(&bed).await;
    assert_eq!(ledger(&bed).await, [Outcome::Created; 150]);
}

#[tokio::test]
async fn a_rebuilt_folder_that_is_read_by_halves_doubles_nothing() {
    let bed = ready().await;
    deliver_many(&bed, 100);
    assert_eq!(fetch(&bed).await.created, 100);
    bed.practice.renumber(crate::bed::ALICE, "INBOX").unwrap();
    bed.practice.faults().next_imap_sessions(1, ImapFault::DropAtUid(90));
    let before = bed.store.cursor(inbox(&bed).await.id, "INBOX").await.unwrap();
    bed.engine.fetch_mail_server("Inbox").await.unwrap_err();
    let after = bed.store.cursor(inbox(&bed).await.id, "INBOX").await.unwrap();
    assert_ne!(before, after, "the first half was dealt with");
    assert_eq!(fetch(&bed).await, Fetched::default());
    assert_eq!(ledger(&bed).await, [Outcome::Created; 100]);
}

#[tokio::test]
async fn a_server_that_goes_on_talking_does_not_hold_up_a_stop() {
    let bed = ready().await;
    bed.deliver("a", "One", "");
    let server = inbox(&bed).await;
    bed.practice.faults().next_imap_sessions(1, ImapFault::Chatter);
    let stopped = async {
        signed_in(&bed).await;
        timeout(Duration::from_secs(2), bed.engine.stop()).await.unwrap();
    };
    let (went, ()) = tokio::join!(bed.engine.fetch_mail_server("Inbox"), stopped);
    let problem = went.unwrap_err().problem();
    assert!(problem.message.contains("stopping"), "{problem:?}");
    let health = inbox(&bed).await.health;
    assert_eq!(health, ServerHealth::default(), "nothing is wrong with the mail server");
    let until = later(now(), SignedDuration::from_secs(1));
    assert!(bed.store.claim_server(server.id, "next", now(), until).await.unwrap());
}

#[tokio::test]
async fn a_server_that_goes_on_talking_is_left() {
    let bed = ready().await;
    bed.practice.faults().next_imap_sessions(1, ImapFault::Chatter);
    let fetching = bed.engine.fetch_mail_server("Inbox");
    let problem = timeout(Duration::from_secs(30), fetching).await.unwrap().unwrap_err().problem();
    assert!(problem.message.contains("did not come to an end"), "{problem:?}");
}

#[tokio::test]
async fn a_message_that_ends_the_connection_is_passed_over_in_the_end() {
    let bed = ready().await;
    deliver_many(&bed, 5);
    bed.practice.faults().next_imap_sessions(100, ImapFault::DropAtUid(3));
    let mut failures = 0;
    while bed.engine.fetch_mail_server("Inbox").await.is_err() {
        failures += 1;
        assert!(failures < 10, "{:?}", inbox(&bed).await.health);
        let counted = ledger(&bed).await;
        assert_eq!(counted.len(), 0, "after {failures} failures");
    }
    assert_eq!(failures, 2);
    let messages =
        bed.engine.messages(MessagesWanted::default(), Page::default()).await.unwrap().items;
    let odd: Vec<_> =
        messages.iter().filter(|view| view.message.outcome != Outcome::Created).collect();
    assert_eq!((messages.len(), odd.len()), (5, 1));
    assert_eq!((odd[0].message.outcome, odd[0].message.place.uid), (Outcome::Quarantined, 3));
    let reason = odd[0].message.reason.as_deref().unwrap_or_default();
    assert!(reason.contains("closed the connection"), "{reason}");
    assert!(inbox(&bed).await.health.trouble.is_none());
}

#[tokio::test]
async fn messages_that_end_the_connection_one_after_the_other_hold_nothing_up() {
    let bed = ready().await;
    deliver_many(&bed, 5);
    bed.practice.faults().next_imap_sessions(4, ImapFault::DropAtUid(3));
    bed.practice.faults().next_imap_sessions(2, ImapFault::DropAtUid(4));
    for _ in 0..2 {
        bed.engine.fetch_mail_server("Inbox").await.unwrap_err();
    }
    let fetched = fetch(&bed).await;
    assert_eq!((fetched.created, fetched.quarantined), (3, 2), "in one fetch");
}

#[tokio::test]
async fn a_message_is_not_passed_over_while_nothing_else_comes() {
    let bed = ready().await;
    deliver_many(&bed, 1);
    bed.practice.faults().next_imap_sessions(100, ImapFault::DropAtUid(1));
    for _ in 0..5 {
        bed.engine.fetch_mail_server("Inbox").await.unwrap_err();
        assert_eq!(ledger(&bed).await, []);
    }
    let reason = inbox(&bed).await.health.trouble.unwrap().reason;
    assert!(reason.contains("The message with the UID 1 cannot be fetched."), "{reason}");
    bed.deliver("b", "Another", "");
    let fetched = fetch(&bed).await;
    assert_eq!((fetched.created, fetched.quarantined), (1, 1));
}

#[tokio::test]
async fn whoever_has_fetched_too_much_loses_nothing() {
    let bed = ready().await;
    deliver_many(&bed, 5);
    bed.practice.faults().next_imap_sessions(8, ImapFault::ExhaustedFromUid(3));
    for _ in 0..8 {
        bed.engine.fetch_mail_server("Inbox").await.unwrap_err();
        assert!(ledger(&bed).await.len() <= 2);
    }
    fetch(&bed).await;
    assert_eq!(ledger(&bed).await, [Outcome::Created; 5]);
}

#[tokio::test]
async fn a_connection_that_breaks_at_every_message_loses_nothing() {
    let bed = ready().await;
    deliver_many(&bed, 8);
    bed.practice.faults().next_imap_sessions(14, ImapFault::DropMidLiteral);
    let mut failures = 0;
    while bed.engine.fetch_mail_server("Inbox").await.is_err() {
        failures += 1;
        assert!(failures < 14, "{:?}", inbox(&bed).await.health);
    }
    assert!(failures > 2, "it failed for a while");
    assert_eq!(ledger(&bed).await, [Outcome::Created; 8]);
}

#[tokio::test]
async fn a_message_that_is_left_out_of_an_answer_is_not_skipped() {
    let bed = ready().await;
    deliver_many(&bed, 3);
    bed.practice.faults().next_imap_sessions(1, ImapFault::OmitUid(2));
    let fetched = fetch(&bed).await;
    assert_eq!((fetched.created, fetched.quarantined), (2, 1));
}

#[tokio::test]
async fn servers_that_hang_do_not_hold_up_a_stop() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.grant(&link, SignedDuration::from_hours(1)).await;
    bed.inbox(&grant).await;
    let hour = later(now(), SignedDuration::from_hours(1));
    for name in ["Second", "Third", "Fourth"] {
        let id = bed.mail_server(name, &grant, Take::All).await.id;
        assert!(bed.store.claim_server(id, "another", now(), hour).await.unwrap());
        bed.store.release_poll(id, "another", now()).await.unwrap();
        let handler = NewHandler {
            outgoing: None,
            name: format!("{name} mail"),
            mail_server: name.into(),
            project: "SUP".into(),
            kind: HandlerType::CreateOrComment,
            settings: HandlerSettings::default(),
            enabled: true,
        };
        bed.engine.create_handler(handler, &Caller::System).await.unwrap();
    }
    bed.practice.faults().next_imap_sessions(100, ImapFault::Chatter);
    // One stops in the middle of its fetches, the other while it is still looking for what is due.
    bed.engine.start();
    signed_in(&bed).await;
    timeout(Duration::from_secs(2), bed.engine.stop()).await.unwrap();
    let another = bed.another_engine();
    another.start();
    timeout(Duration::from_secs(2), another.stop()).await.unwrap();
    let logins = bed.practice.counters().imap_logins;
    sleep(Duration::from_millis(300)).await;
    assert_eq!(bed.practice.counters().imap_logins, logins, "nothing is begun any more");
    let second = bed.engine.mail_server("Second").await.unwrap();
    assert!(bed.store.claim_server(second.id, "next", now(), hour).await.unwrap());
}

#[tokio::test]
async fn a_fetch_that_nobody_waits_for_any_more_gives_the_server_back() {
    let bed = ready().await;
    bed.deliver("a", "One", "");
    let server = inbox(&bed).await;
    let hour = later(now(), SignedDuration::from_hours(1));
    assert!(bed.store.claim_server(server.id, "another", now(), hour).await.unwrap());
    let asked = bed.engine.fetch_mail_server("Inbox");
    timeout(Duration::from_millis(300), asked).await.unwrap_err();
    bed.store.release_poll(server.id, "another", now()).await.unwrap();
    let done = async {
        while inbox(&bed).await.health.ok_at.is_none() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(10), done).await.unwrap();
    assert_eq!(ledger(&bed).await, [Outcome::Created]);
    assert!(bed.store.claim_server(server.id, "next", now(), hour).await.unwrap());
}

#[tokio::test]
async fn a_fetch_that_waits_for_its_turn_does_not_hold_up_a_stop() {
    let bed = ready().await;
    let server = inbox(&bed).await;
    let hour = later(now(), SignedDuration::from_hours(1));
    assert!(bed.store.claim_server(server.id, "another", now(), hour).await.unwrap());
    let stopped = async {
        sleep(Duration::from_millis(300)).await;
        timeout(Duration::from_secs(2), bed.engine.stop()).await.unwrap();
    };
    let (went, ()) = tokio::join!(bed.engine.fetch_mail_server("Inbox"), stopped);
    let problem = went.unwrap_err().problem();
    assert!(problem.message.contains("stopping"), "{problem:?}");
}

#[tokio::test]
async fn storage_that_is_away_for_a_while_quarantines_nothing() {
    let bed = ready().await;
    deliver_many(&bed, 5);
    bed.practice.faults().next_imap_sessions(4, ImapFault::RefuseFromUid(1));
    for _ in 0..4 {
        let problem = bed.engine.fetch_mail_server("Inbox").await.unwrap_err().problem();
        assert!(problem.message.contains("Internal error"), "{problem:?}");
        assert_eq!(ledger(&bed).await, []);
    }
    assert_eq!(fetch(&bed).await.created, 5);
}

#[tokio::test]
async fn one_message_that_is_refused_among_others_is_quarantined_at_once() {
    let bed = ready().await;
    deliver_many(&bed, 3);
    bed.practice.faults().next_imap_sessions(1, ImapFault::RefuseFromUid(3));
    let fetched = fetch(&bed).await;
    assert_eq!((fetched.created, fetched.quarantined), (2, 1));
}

#[tokio::test]
async fn a_server_that_asks_to_be_left_alone_is() {
    let bed = ready().await;
    bed.practice.faults().next_imap_sessions(1, ImapFault::Throttled(600_000));
    bed.engine.fetch_mail_server("Inbox").await.unwrap_err();
    let next = bed.store.next_poll().await.unwrap().unwrap();
    assert!(next > later(now(), SignedDuration::from_mins(9)), "{next}");
}
