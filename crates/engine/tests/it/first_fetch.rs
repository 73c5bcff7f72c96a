//! What lay there when a mail server was added: how much of it is wanted holds for the whole of the first fetch, however
//! often that is interrupted.

use jiff::SignedDuration;
use outlink_engine::Page;
use outlink_engine::messages::MessagesWanted;
use outlink_model::mail_server::Take;
use outlink_practice::ImapFault;

use crate::bed::{Bed, now};
use crate::intake::fetch;
use crate::watch::taken;

const DAY: SignedDuration = SignedDuration::from_hours(24);

async fn subjects(bed: &Bed, text: &str) -> usize {
    let wanted = MessagesWanted { text: Some(text.into()), ..MessagesWanted::default() };
    let page = Page { limit: 1000, after: None };
    bed.engine.messages(wanted, page).await.unwrap().items.len()
}

/// Old and new mail by turns.
async fn mixed(take: Take) -> Bed {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.grant(&link, SignedDuration::from_hours(1)).await;
    for n in 0..100 {
        bed.deliver_late(&format!("old{n}"), DAY * 30);
        bed.deliver(&format!("new{n}"), &format!("Fresh {n}"), "");
    }
    bed.inbox_that_takes(&grant, take).await;
    bed
}

#[tokio::test]
async fn a_first_fetch_that_is_interrupted_takes_no_old_mail_at_the_next() {
    for take in [Take::New, Take::Since(outlink_model::grant::later(now(), -DAY))] {
        let bed = mixed(take).await;
        bed.practice.faults().next_imap_sessions(1, ImapFault::DropAtUid(180));
        bed.engine.fetch_mail_server("Inbox").await.unwrap_err();
        let first = taken(&bed).await;
        assert!(first > 0 && first < 100, "{first}: it ended in the middle");
        fetch(&bed).await;
        assert_eq!((subjects(&bed, "Fresh").await, subjects(&bed, "Late").await), (100, 0));
        // What is moved there later is new there, whatever its date.
        bed.deliver_late("moved", DAY * 30);
        assert_eq!(fetch(&bed).await.created, 1);
    }
}

#[tokio::test]
async fn one_that_is_interrupted_before_anything_was_taken_takes_no_old_mail_either() {
    let bed = mixed(Take::New).await;
    let faults = [ImapFault::DropMidLiteral, ImapFault::HangAfterLogin];
    for fault in faults {
        bed.practice.faults().next_imap_sessions(1, fault);
        bed.engine.fetch_mail_server("Inbox").await.unwrap_err();
        assert_eq!(taken(&bed).await, 0, "{fault:?}");
    }
    assert_eq!(fetch(&bed).await.created, 100);
    assert_eq!(subjects(&bed, "Late").await, 0);
}

#[tokio::test]
async fn a_folder_that_is_rebuilt_in_between_brings_no_old_mail_and_doubles_nothing() {
    let bed = mixed(Take::New).await;
    bed.practice.faults().next_imap_sessions(1, ImapFault::DropAtUid(180));
    bed.engine.fetch_mail_server("Inbox").await.unwrap_err();
    bed.practice.renumber(crate::bed::ALICE, "INBOX").unwrap();
    fetch(&bed).await;
    assert_eq!((subjects(&bed, "Fresh").await, subjects(&bed, "Late").await), (100, 0));
}
