//! Handling anew, trying, moved issues, and what proves that a mail belongs to one.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use outlink_engine::handlers::{HandlerEdit, SettingsDraft};
use outlink_engine::intake::TrialOf;
use outlink_engine::messages::MessagesWanted;
use outlink_engine::{Caller, Page};
use outlink_model::message::Outcome;
use outlink_model::{IssueId, Secret};

use crate::bed::{ALICE, Bed};
use crate::handlers::{another, set, texts};
use crate::handlers_at_work::{Letter, newest, take};
use crate::intake::{fetch, ready};

const NOBODY: &[&str] = &["elsewhere@example.org"];

#[tokio::test]
async fn what_came_to_nothing_is_handled_anew_and_counts_once() {
    let bed = ready().await;
    set(&bed, SettingsDraft { catch: texts(NOBODY), ..SettingsDraft::default() }).await;
    let left = take(&bed, Letter::default()).await;
    assert_eq!((left.message.outcome, left.message.flagged), (Outcome::Unhandled, true));
    let id = left.message.id.to_string();
    let again = bed.engine.replay_message(&id, &Caller::System).await.unwrap();
    assert_eq!(again.message.outcome, Outcome::Unhandled, "the handlers are as they were");
    set(&bed, SettingsDraft { catch: texts(&[]), ..SettingsDraft::default() }).await;
    let made = bed.engine.replay_message(&id, &Caller::System).await.unwrap();
    assert_eq!(
        (made.message.outcome, made.issue_key.as_deref()),
        (Outcome::Created, Some("SUP-1"))
    );
    assert_eq!(made.message.reason, None, "the old reason is gone");
    let twice = bed.engine.replay_message(&id, &Caller::System).await.unwrap_err().problem();
    assert_eq!(twice.code, "message_counted");
    fetch(&bed).await;
    assert_eq!(bed.engine.issues(None, Page::default()).await.unwrap().items.len(), 1);
    let inbox = bed.practice.messages(ALICE, "INBOX");
    assert!(inbox[0].flags.contains("\\Seen"), "the server is told after all");
    let reply = Letter { id: "r", more: "In-Reply-To: <m@example.net>\r\n", ..Letter::default() };
    assert_eq!(take(&bed, reply).await.issue_key.as_deref(), Some("SUP-1"));
}

#[tokio::test]
async fn two_who_replay_at_once_make_one_issue() {
    let bed = ready().await;
    set(&bed, SettingsDraft { catch: texts(NOBODY), ..SettingsDraft::default() }).await;
    let id = take(&bed, Letter::default()).await.message.id.to_string();
    set(&bed, SettingsDraft { catch: texts(&[]), ..SettingsDraft::default() }).await;
    let (one, two) = tokio::join!(
        bed.engine.replay_message(&id, &Caller::System),
        bed.engine.replay_message(&id, &Caller::System)
    );
    assert_eq!(u8::from(one.is_ok()) + u8::from(two.is_ok()), 1);
    assert_eq!(bed.engine.issues(None, Page::default()).await.unwrap().items.len(), 1);
}

#[tokio::test]
async fn a_trial_says_what_would_happen_and_writes_nothing() {
    let bed = ready().await;
    let sales = SettingsDraft { catch: texts(&["sales@example.org"]), ..SettingsDraft::default() };
    let sales = another("Sales mail", sales);
    bed.engine.create_handler(sales, &Caller::System).await.unwrap();
    let order = ["Sales mail".to_owned(), "Support mail".to_owned()];
    bed.engine.order_handlers("Inbox", &order, &Caller::System).await.unwrap();
    bed.deliver("a", "First", "");
    bed.deliver("b", "Second", "Auto-Submitted: auto-replied\r\n");
    let tried = bed.engine.try_mail_server("Inbox", TrialOf::Newest(10)).await.unwrap();
    assert_eq!(tried.len(), 2);
    let (second, first) = (&tried[0], &tried[1]);
    assert_eq!((first.subject.as_str(), first.outcome), ("First", Outcome::Created));
    assert_eq!(first.issue.as_deref(), Some("SUP-1"));
    assert!(first.text.contains("Hello a") && first.date.is_some());
    assert_eq!(first.left[0].0, "Sales mail");
    assert!(first.left[0].1.contains("sales@example.org"), "{first:?}");
    assert_eq!(second.outcome, Outcome::Rejected);
    assert!(second.reason.contains("Auto-Submitted"), "{second:?}");

    let off = HandlerEdit { enabled: Some(false), ..HandlerEdit::default() };
    bed.engine.edit_handler("Sales mail", off, &Caller::System).await.unwrap();
    let mail = |to| TrialOf::Mail(Letter { to, ..Letter::default() }.raw().into_bytes());
    let alone = bed.engine.try_handler("Sales mail", mail("sales@example.org")).await.unwrap();
    assert_eq!(alone[0].outcome, Outcome::Created, "by itself, even switched off");
    let alone = bed.engine.try_handler("Sales mail", mail(ALICE)).await.unwrap();
    assert_eq!(alone[0].outcome, Outcome::Unhandled);
    let odd = bed.engine.try_handler("Sales mail", TrialOf::Mail(vec![0; 64])).await.unwrap();
    assert_eq!(odd[0].outcome, Outcome::Quarantined);

    assert!(bed.engine.issues(None, Page::default()).await.unwrap().items.is_empty());
    let ledger = bed.engine.messages(MessagesWanted::default(), Page::default()).await.unwrap();
    assert!(ledger.items.is_empty());
    assert!(bed.store.person_by_address("carla@example.net").await.unwrap().is_none());
    let inbox = bed.practice.messages(ALICE, "INBOX");
    assert!(inbox.iter().all(|entry| !entry.flags.contains("\\Seen")), "nothing is marked there");
    assert_eq!(fetch(&bed).await.created, 1);
    assert_eq!(newest(&bed).await.message.outcome, Outcome::Rejected);
    assert!(bed.engine.issue("SUP-1").await.is_ok(), "no number was used up");
}

#[tokio::test]
async fn a_moved_issue_is_found_by_each_key_that_it_had() {
    let bed = ready().await;
    for key in ["OPS", "WEB"] {
        bed.engine.create_project(key, key, &Caller::System).await.unwrap();
    }
    take(&bed, Letter { id: "a", ..Letter::default() }).await;
    let moved = bed.engine.move_issue("SUP-1", "ops", &Caller::System).await.unwrap();
    assert_eq!(moved.issue.key, "OPS-1");
    bed.engine.move_issue("SUP-1", "WEB", &Caller::System).await.unwrap();
    for key in ["SUP-1", "OPS-1", "WEB-1"] {
        assert_eq!(bed.engine.issue(key).await.unwrap().issue.key, "WEB-1", "{key}");
        let subject = format!("Re: {key} again");
        let mail = Letter { id: key, subject: &subject, ..Letter::default() };
        assert_eq!(take(&bed, mail).await.issue_key.as_deref(), Some("WEB-1"), "{key}");
    }
    let there = bed.engine.move_issue("WEB-1", "WEB", &Caller::System).await.unwrap_err().problem();
    assert_eq!((there.field, there.code), (Some("project"), "issue_there_already"));
    let nowhere = bed.engine.move_issue("WEB-1", "NONE", &Caller::System).await.unwrap_err();
    assert_eq!(nowhere.problem().field, Some("project"));
    take(&bed, Letter { id: "b", ..Letter::default() }).await;
    assert_eq!(bed.engine.issue("SUP-2").await.unwrap().issue.key, "SUP-2", "no key is used twice");
}

/// A Message-ID as this installation makes them, written apart from its own code.
async fn own_id(bed: &Bed, issue: IssueId) -> String {
    let key = bed.store.mail_key(&Secret::new("made before")).await.unwrap();
    let named = format!("olk.{}.0123456789abcdef0123456789abcdef", issue.0.simple());
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose().as_bytes());
    let tag = hmac::sign(&key, named.as_bytes());
    format!("{named}.{}@outlink.example", URL_SAFE_NO_PAD.encode(&tag.as_ref()[..16]))
}

#[tokio::test]
async fn our_own_message_ids_lead_to_their_issue_and_forged_ones_do_not() {
    let bed = ready().await;
    take(&bed, Letter { id: "a", ..Letter::default() }).await;
    let issue = bed.engine.issue("SUP-1").await.unwrap().issue;
    let own = own_id(&bed, issue.id).await;
    let answers = |id: &str| format!("In-Reply-To: <{id}>\r\n");
    let (more, forged) = (answers(&own), answers(&own.replace("0123", "3210")));
    let stranger = |id, more| Letter { id, from: "dora@example.net", more, ..Letter::default() };
    let taken = take(&bed, stranger("b", &more)).await;
    assert_eq!(taken.issue_key.as_deref(), Some("SUP-1"), "{taken:?}");
    let taken = take(&bed, stranger("c", &forged)).await;
    assert_eq!(taken.issue_key.as_deref(), Some("SUP-2"));

    let report = format!(
        "--r\r\nContent-Type: text/plain\r\n\r\nIt could not be delivered.\r\n\
         --r\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n\r\n\
         Final-Recipient: rfc822; bob@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n\
         --r\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <{own}>\r\nFrom: alice@example.org\r\n\
         To: bob@example.net\r\nSubject: [SUP-1] A matter\r\n\r\nHello\r\n--r--\r\n"
    );
    let head = "MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=r\r\n";
    let bounce = Letter {
        id: "d",
        from: "MAILER-DAEMON@mx.example.net",
        subject: "Undelivered Mail Returned to Sender",
        more: head,
        body: &report,
        ..Letter::default()
    };
    let bounce = take(&bed, bounce).await;
    assert_eq!(bounce.message.outcome, Outcome::Rejected);
    assert_eq!(bounce.issue_key.as_deref(), Some("SUP-1"), "it is told which mail did not arrive");
    let reason = bounce.message.reason.unwrap();
    assert!(reason.contains("bob@example.net failed (5.1.1"), "{reason}");
    assert_eq!(bed.engine.issue("SUP-1").await.unwrap().comments.len(), 1, "and it is no comment");
}

#[tokio::test]
async fn mail_that_cannot_be_handled_holds_back_nothing() {
    let bed = ready().await;
    assert!(bed.practice.deliver(ALICE, b"\x00\xff\x00 no mail at all".to_vec()));
    bed.deliver("a", "After", "");
    let fetched = fetch(&bed).await;
    assert_eq!((fetched.created, fetched.quarantined), (1, 1), "{fetched:?}");
    let filter =
        MessagesWanted { outcome: Some(Outcome::Quarantined), ..MessagesWanted::default() };
    let kept = bed.engine.messages(filter, Page::default()).await.unwrap().items;
    assert!(kept[0].message.reason.is_some());
    let id = kept[0].message.id.to_string();
    let again = bed.engine.replay_message(&id, &Caller::System).await.unwrap_err().problem();
    assert_eq!(again.code, "message_unreadable");
    let inbox = bed.practice.messages(ALICE, "INBOX");
    assert!(!inbox[0].flags.contains("\\Seen") && inbox[1].flags.contains("\\Seen"));
}

#[tokio::test]
async fn the_ledger_is_looked_through_by_whatever_is_known() {
    let bed = ready().await;
    let dora = Letter {
        id: "a",
        from: "Dora <dora@example.net>",
        subject: "Printer",
        ..Letter::default()
    };
    take(&bed, dora).await;
    take(&bed, Letter { id: "b", more: "Auto-Submitted: auto-replied\r\n", ..Letter::default() })
        .await;
    let some = |text: &str| Some(text.to_owned());
    let all = MessagesWanted::default;
    for (wanted, count) in [
        (all(), 2),
        (MessagesWanted { handler: some("Support mail"), ..all() }, 2),
        (MessagesWanted { project: some("sup"), ..all() }, 2),
        (MessagesWanted { outcome: Some(Outcome::Rejected), ..all() }, 1),
        (MessagesWanted { sender: some(" Dora@Example.net "), ..all() }, 1),
        (MessagesWanted { text: some("PRINT"), ..all() }, 1),
        (MessagesWanted { text: some("%"), ..all() }, 0),
        (MessagesWanted { since: Some(crate::bed::now()), ..all() }, 0),
        (MessagesWanted { until: Some(crate::bed::now()), ..all() }, 2),
    ] {
        let said = format!("{wanted:?}");
        let found = bed.engine.messages(wanted, Page::default()).await.unwrap().items;
        assert_eq!(found.len(), count, "{said}");
    }
    let unknown = MessagesWanted { handler: some("Nobody"), ..all() };
    let error = bed.engine.messages(unknown, Page::default()).await.unwrap_err().problem();
    assert_eq!(error.code, "not_found");
}
