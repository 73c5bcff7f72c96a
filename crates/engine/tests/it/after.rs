//! What is done on the mail server with what was handled, and with nothing else.

use outlink_engine::handlers::{HandlerEdit, SettingsDraft};
use outlink_engine::messages::MessagesWanted;
use outlink_engine::{Caller, Page};
use outlink_model::mail_server::After;
use outlink_model::message::Outcome;
use outlink_practice::{Entry, ImapFault};

use crate::bed::{ALICE, Bed};
use crate::intake::{fetch, ready};
use crate::watch::{change, inbox, taken};

fn ids(entries: &[Entry]) -> Vec<String> {
    let id = |entry: &Entry| {
        let raw = String::from_utf8_lossy(&entry.raw).into_owned();
        let line = raw.lines().find_map(|line| line.strip_prefix("Message-ID: <"));
        line.and_then(|line| line.split('@').next()).unwrap_or_default().to_owned()
    };
    entries.iter().map(id).collect()
}

fn lying_in(bed: &Bed, folder: &str) -> Vec<String> {
    ids(&bed.practice.messages(ALICE, folder))
}

async fn that_does(after: After) -> Bed {
    let bed = ready().await;
    change(&bed, |server| server.after = after).await;
    bed
}

#[tokio::test]
async fn handled_messages_are_kept_and_marked_moved_or_deleted() {
    let archive = || After::Move("Archive".into());
    for (after, inbox, archived) in [(After::Keep, 3, 0), (archive(), 0, 3), (After::Delete, 0, 0)]
    {
        let bed = that_does(after.clone()).await;
        for id in ["a", "b", "c"] {
            bed.deliver(id, &format!("Matter {id}"), "");
        }
        assert_eq!(fetch(&bed).await.created, 3);
        assert_eq!(lying_in(&bed, "INBOX").len(), inbox, "{after:?}");
        assert_eq!(lying_in(&bed, "Archive").len(), archived, "{after:?}");
        let left = bed.practice.messages(ALICE, "INBOX");
        assert!(left.iter().all(|entry| entry.flags.contains("\\Seen")), "{after:?}");
        assert_eq!(fetch(&bed).await.fetched, 0, "{after:?}");
        assert_eq!(taken(&bed).await, 3);
    }
}

#[tokio::test]
async fn what_no_handler_takes_is_left_as_it_is() {
    let bed = that_does(After::Delete).await;
    let catch = Some(vec!["support@example.org".into()]);
    let settings = SettingsDraft { catch, ..SettingsDraft::default() };
    let edit = HandlerEdit { settings, ..HandlerEdit::default() };
    bed.engine.edit_handler("Support mail", edit, &Caller::System).await.unwrap();
    bed.deliver("a", "For somebody else", "");
    bed.deliver("b", "For support", "Cc: support@example.org\r\n");
    let fetched = fetch(&bed).await;
    assert_eq!((fetched.created, fetched.unhandled), (1, 1), "{fetched:?}");
    assert_eq!(lying_in(&bed, "INBOX"), ["a"]);
    assert!(bed.practice.messages(ALICE, "INBOX")[0].flags.is_empty());
}

#[tokio::test]
async fn nobody_elses_deleted_mail_is_removed() {
    let without = |capability| ImapFault::Without(capability);
    let archive = || After::Move("Archive".into());
    for (after, fault) in [
        (archive(), None),
        (archive(), Some(without("MOVE"))),
        (After::Delete, None),
        (After::Delete, Some(without("UIDPLUS"))),
    ] {
        let bed = that_does(After::Delete).await;
        bed.deliver("theirs", "Marked before", "");
        // So it is only marked as deleted.
        bed.practice.faults().next_imap_sessions(1, without("UIDPLUS"));
        assert_eq!(fetch(&bed).await.created, 1);
        let marked = &bed.practice.messages(ALICE, "INBOX")[0];
        assert!(marked.flags.contains("\\Deleted"), "{marked:?}");
        change(&bed, |server| server.after = after.clone()).await;
        if let Some(fault) = fault {
            bed.practice.faults().next_imap_sessions(1, fault);
        }
        bed.deliver("ours", "New", "");
        assert_eq!(fetch(&bed).await.created, 1, "{after:?} {fault:?}");
        let left = lying_in(&bed, "INBOX");
        assert!(left.contains(&"theirs".to_owned()), "{after:?} {fault:?}: {left:?}");
        let note = inbox(&bed).await.health.note;
        match fault {
            Some(ImapFault::Without("UIDPLUS")) => {
                assert_eq!(left, ["theirs", "ours"]);
                assert!(note.is_some_and(|note| note.contains("UIDPLUS")));
            }
            _ => assert_eq!((left.len(), note), (1, None), "{after:?} {fault:?}"),
        }
    }
}

#[tokio::test]
async fn a_full_mailbox_keeps_its_mail_and_says_so_until_there_is_room() {
    let bed = that_does(After::Move("Archive".into())).await;
    bed.deliver("a", "One", "");
    bed.practice.faults().next_imap_sessions(2, ImapFault::OverQuota);
    assert_eq!(fetch(&bed).await.created, 1, "it is handled all the same");
    assert_eq!(lying_in(&bed, "INBOX"), ["a"]);
    let health = inbox(&bed).await.health;
    assert_eq!(health.trouble, None);
    let note = health.note.unwrap();
    assert!(note.contains("no room") && note.contains("Make room"), "{note}");
    assert_eq!(fetch(&bed).await.fetched, 0, "it counts once");
    assert!(inbox(&bed).await.health.note.is_some(), "as long as it is so");
    fetch(&bed).await;
    assert_eq!((lying_in(&bed, "INBOX").len(), lying_in(&bed, "Archive")), (0, vec!["a".into()]));
    assert_eq!(inbox(&bed).await.health.note, None);
    assert_eq!(taken(&bed).await, 1);
}

#[tokio::test]
async fn a_target_that_is_missing_is_told_and_loses_nothing() {
    let bed = that_does(After::Move("Handled/2026".into())).await;
    bed.deliver("a", "One", "");
    assert_eq!(fetch(&bed).await.created, 1);
    let note = inbox(&bed).await.health.note.unwrap();
    assert!(note.contains("Handled/2026"), "{note}");
    assert_eq!(lying_in(&bed, "INBOX"), ["a"]);
    assert!(bed.practice.create_folder(ALICE, "Handled/2026"));
    fetch(&bed).await;
    assert_eq!((lying_in(&bed, "INBOX").len(), lying_in(&bed, "Handled/2026").len()), (0, 1));
}

#[tokio::test]
async fn each_folder_is_fetched_and_one_that_is_missing_holds_up_none() {
    let bed = ready().await;
    let folders = ["INBOX", "Gone", "Entwürfe", "Archive"];
    change(&bed, |server| server.folders = folders.map(str::to_owned).to_vec()).await;
    for folder in ["INBOX", "Entwürfe", "Archive"] {
        let mail = format!(
            "Message-ID: <{}@x>\r\nFrom: a@x\r\nSubject: In {folder}\r\n\r\nText\r\n",
            folder.len()
        );
        assert!(bed.practice.deliver_to(ALICE, folder, mail));
    }
    let problem = bed.engine.fetch_mail_server("Inbox").await.unwrap_err().problem();
    assert!(problem.message.contains("There is no folder \"Gone\""), "{problem:?}");
    let messages = bed.engine.messages(MessagesWanted::default(), Page::default()).await.unwrap();
    let mut from: Vec<_> =
        messages.items.iter().map(|view| view.message.place.folder.as_str()).collect();
    from.sort_unstable();
    assert_eq!(from, ["Archive", "Entwürfe", "INBOX"]);
    let created = messages.items.iter().all(|view| view.message.outcome == Outcome::Created);
    assert!(created, "{messages:?}");
    for folder in ["INBOX", "Entwürfe", "Archive"] {
        let entry = &bed.practice.messages(ALICE, folder)[0];
        assert!(entry.flags.contains("\\Seen"), "{folder}: {entry:?}");
    }
    assert!(bed.practice.create_folder(ALICE, "Gone"));
    fetch(&bed).await;
    assert_eq!((inbox(&bed).await.health.trouble, taken(&bed).await), (None, 3));
}
