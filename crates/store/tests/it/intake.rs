//! **A message counts once**, as far as the store keeps it.

use std::collections::HashSet;

use outlink_model::mail_server::Cursor;
use outlink_model::message::{Message, Outcome, Place};
use outlink_model::tracker::NewIssue;
use outlink_model::{IssueId, MessageId};
use outlink_store::{Error, IssueFilter, MessageFilter, Page, Untold, pack};

use crate::bench::{Bench, on_both};
use crate::samples::{
    alice, at, channel, comment, created, ended, id, message, new_issue, packed, project, raw, sha,
    shown, taken,
};

on_both!(
    everything_of_a_message_is_committed_together,
    nothing_stays_of_what_was_not_committed,
    a_savepoint_takes_one_message_back_and_leaves_the_others,
    a_place_is_taken_in_once,
    a_known_message_is_recognised_in_a_new_place,
    what_is_never_told_stays_untold_in_a_new_place,
    a_cursor_never_goes_back,
    the_same_bytes_are_kept_once,
    large_bytes_come_back_whole,
    nul_characters_fail_nothing,
    what_is_named_must_exist,
);

const CURSOR: Cursor = Cursor { uid_validity: 5, last_uid: 1, first_uid: 1 };

async fn everything_of_a_message_is_committed_together(Bench { store, place }: Bench) {
    let (server, _) = channel(&store).await;
    let other = place.open(&crate::bench::KEY).await.unwrap();
    let mut intake = store.intake().await.unwrap();
    let key = created(&mut intake, 1).await;
    intake.set_cursor(server, "INBOX", &CURSOR).await.unwrap();

    assert!(other.message(id(1)).await.unwrap().is_none(), "nobody sees it before the commit");
    assert!(other.cursor(server, "INBOX").await.unwrap().is_none());
    assert_eq!(place.count("raws").await, 0);
    intake.commit().await.unwrap();

    assert_eq!(other.issue_by_key(&key).await.unwrap().unwrap().id, id(1));
    assert_eq!(other.message(id(1)).await.unwrap().unwrap().issue_id, Some(id(1)));
    assert_eq!(other.raw(id(1)).await.unwrap().unwrap(), raw(1));
    assert_eq!(other.cursor(server, "INBOX").await.unwrap(), Some(CURSOR));
    let mut intake = store.intake().await.unwrap();
    let next = Cursor { uid_validity: 6, last_uid: 0, first_uid: 3 };
    intake.set_cursor(server, "INBOX", &next).await.unwrap();
    intake.commit().await.unwrap();
    assert_eq!(store.cursor(server, "INBOX").await.unwrap(), Some(next));
}

async fn nothing_stays_of_what_was_not_committed(Bench { store, place }: Bench) {
    let (server, _) = channel(&store).await;
    let mut intake = store.intake().await.unwrap();
    created(&mut intake, 1).await;
    intake.set_cursor(server, "INBOX", &CURSOR).await.unwrap();
    drop(intake);
    for table in ["raws", "messages", "issues", "people", "folders"] {
        assert_eq!(place.count(table).await, 0, "{table}");
    }
    let mut intake = store.intake().await.unwrap();
    assert_eq!(created(&mut intake, 1).await, "SUP-1", "its number was not used up");
    intake.commit().await.unwrap();
}

async fn a_savepoint_takes_one_message_back_and_leaves_the_others(Bench { store, place }: Bench) {
    let (server, _) = channel(&store).await;
    let mut intake = store.intake().await.unwrap();
    intake.savepoint().await.unwrap();
    assert_eq!(created(&mut intake, 1).await, "SUP-1");
    intake.release_savepoint().await.unwrap();

    intake.savepoint().await.unwrap();
    assert_eq!(created(&mut intake, 2).await, "SUP-2");
    let again = intake.put_message(&message(1)).await;
    let again = ended(&mut intake, again).await;
    assert!(matches!(again, Err(Error::Taken("place"))), "something fails");
    intake.rollback_to_savepoint().await.unwrap();

    intake.savepoint().await.unwrap();
    assert_eq!(created(&mut intake, 3).await, "SUP-2", "the number is free again");
    intake.release_savepoint().await.unwrap();
    intake.set_cursor(server, "INBOX", &Cursor { last_uid: 3, ..CURSOR }).await.unwrap();
    intake.commit().await.unwrap();

    let issues = store.issues(&IssueFilter::default(), &Page::default()).await.unwrap();
    let ids: Vec<IssueId> = issues.items.iter().map(|issue| issue.id).collect();
    assert_eq!(ids, [id(3), id(1)]);
    assert!(store.message(id(2)).await.unwrap().is_none());
    assert_eq!(place.count("raws").await, 2);
}

async fn a_place_is_taken_in_once(Bench { store, place }: Bench) {
    channel(&store).await;
    taken(&store, &message(1), 1).await;
    let mut intake = store.intake().await.unwrap();
    let Place { mail_server_id, folder, uid_validity, uid, .. } = message(1).place;
    let known =
        intake.known_uids(mail_server_id, &folder, uid_validity, 0..=u32::MAX).await.unwrap();
    assert_eq!(known, HashSet::from([uid]));
    for (folder, uid_validity, uids) in [
        (folder.as_str(), uid_validity, uid + 1..=u32::MAX),
        (folder.as_str(), uid_validity, 0..=uid - 1),
        ("Archive", uid_validity, 0..=u32::MAX),
        (folder.as_str(), uid_validity + 1, 0..=u32::MAX),
    ] {
        let known = intake.known_uids(mail_server_id, folder, uid_validity, uids).await.unwrap();
        assert_eq!(known, HashSet::new(), "{folder} {uid_validity}");
    }

    // Whoever forgets to ask is refused all the same.
    intake.savepoint().await.unwrap();
    let twin = Message { id: id(2), ..message(1) };
    let put = intake.put_message(&twin).await;
    assert!(matches!(ended(&mut intake, put).await, Err(Error::Taken("place"))));
    intake.rollback_to_savepoint().await.unwrap();
    intake.commit().await.unwrap();
    assert_eq!(place.count("messages").await, 1);
}

async fn a_known_message_is_recognised_in_a_new_place(Bench { store, .. }: Bench) {
    channel(&store).await;
    taken(&store, &Message { flagged: true, ..message(1) }, 1).await;
    let anonymous = Message { message_id: None, ..message(2) };
    taken(&store, &anonymous, 2).await;

    let mut intake = store.intake().await.unwrap();
    let id1 = Some("1@example.org");
    let new_place = Place { uid_validity: 6, uid: 17, ..message(1).place };
    let same = intake.same_message(&new_place, id1, &sha(1), at(0)).await.unwrap();
    assert_eq!(same, Some(id(1)));
    for message_id in [None, Some("could not be kept")] {
        let same = intake.same_message(&new_place, message_id, &sha(2), at(0)).await.unwrap();
        assert_eq!(same, Some(id(2)), "{message_id:?}");
    }
    let here = || new_place.clone();
    for (what, place, message_id, hash, date) in [
        ("Message-ID", here(), Some("other"), sha(1), at(0)),
        ("no Message-ID", here(), None, sha(1), at(0)),
        ("bytes", here(), id1, sha(3), at(0)),
        ("date", here(), id1, sha(1), at(1)),
        ("server", Place { mail_server_id: id(2), ..here() }, id1, sha(1), at(0)),
        ("UID alone", Place { uid_validity: 5, ..here() }, id1, sha(1), at(0)),
    ] {
        let same = intake.same_message(&place, message_id, &hash, date).await.unwrap();
        assert_eq!(same, None, "another {what}");
    }
    for uid_validity in [5, 9] {
        let moved = Place { folder: "Archive".into(), uid_validity, ..here() };
        let same = intake.same_message(&moved, id1, &sha(1), at(0)).await.unwrap();
        assert_eq!(same, Some(id(1)), "it was moved to another folder");
    }

    intake.move_message(id(1), &new_place).await.unwrap();
    intake.commit().await.unwrap();
    let moved = store.message(id(1)).await.unwrap().unwrap();
    let expected = Message { place: new_place.clone(), flagged: false, ..message(1) };
    assert_eq!(shown(&moved), shown(&expected));

    let mut intake = store.intake().await.unwrap();
    let clash = intake.move_message(id(2), &new_place).await;
    assert!(matches!(clash, Err(Error::Taken("place"))));
}

async fn what_is_never_told_stays_untold_in_a_new_place(Bench { store, .. }: Bench) {
    let (server, _) = channel(&store).await;
    let quarantined = Message { outcome: Outcome::Quarantined, flagged: true, ..message(1) };
    taken(&store, &quarantined, 1).await;
    let told = Message { flagged: true, ..message(2) };
    taken(&store, &told, 2).await;
    let mut intake = store.intake().await.unwrap();
    for n in [1, 2] {
        let place = Place { uid_validity: 6, ..message(n).place };
        intake.move_message(id(n), &place).await.unwrap();
    }
    intake.commit().await.unwrap();
    let untold = Untold { uid: 2, uidl: None, delete: false };
    assert_eq!(store.unflagged(server, "INBOX", 6).await.unwrap(), [untold]);
}

async fn a_cursor_never_goes_back(Bench { store, .. }: Bench) {
    let (server, _) = channel(&store).await;
    for (set, expected) in [
        ((5, 9, 7), (5, 9, 7)),
        ((5, 4, 3), (5, 9, 7)),
        ((5, 12, 13), (5, 12, 7)),
        ((6, 0, 1), (6, 0, 1)),
        ((5, 2, 2), (5, 2, 2)),
    ] {
        let cursor =
            |(uid_validity, last_uid, first_uid)| Cursor { uid_validity, last_uid, first_uid };
        let mut intake = store.intake().await.unwrap();
        intake.set_cursor(server, "INBOX", &cursor(set)).await.unwrap();
        intake.commit().await.unwrap();
        assert_eq!(store.cursor(server, "INBOX").await.unwrap(), Some(cursor(expected)), "{set:?}");
    }
}

async fn the_same_bytes_are_kept_once(Bench { store, place }: Bench) {
    channel(&store).await;
    taken(&store, &message(1), 1).await;
    let copy = Message { sha256: Some(sha(1)), ..message(2) };
    taken(&store, &copy, 1).await;
    assert_eq!(place.count("raws").await, 1);
    assert_eq!(store.raw(id(2)).await.unwrap().unwrap(), raw(1));
    let unfetched = Message { sha256: None, ..message(3) };
    taken(&store, &unfetched, 3).await;
    assert!(store.raw(id(3)).await.unwrap().is_none());
    assert!(store.raw(id(4)).await.unwrap().is_none());
}

async fn large_bytes_come_back_whole(Bench { store, place }: Bench) {
    channel(&store).await;
    let large: Vec<u8> = (0..3_000_000_u32).map(|n| (n / 7 % 251) as u8).collect();
    let mut intake = store.intake().await.unwrap();
    intake.put_raws(&[(&sha(1), &pack(&large).unwrap())]).await.unwrap();
    intake.put_raws(&[(&sha(2), &pack(b"").unwrap())]).await.unwrap();
    intake.put_message(&message(1)).await.unwrap();
    intake.put_message(&message(2)).await.unwrap();
    intake.commit().await.unwrap();
    assert!(store.raw(id(1)).await.unwrap().unwrap() == large);
    assert_eq!(store.raw(id(2)).await.unwrap().unwrap(), b"");
    assert_eq!(place.count("raws WHERE length(packed) < 1000000").await, 2, "it is compressed");

    let changed = place.tamper("UPDATE raws SET size = 10 WHERE size > 10").await;
    assert_eq!(changed, 1);
    assert!(matches!(store.raw(id(1)).await, Err(Error::Broken(_))), "never more than was said");
}

async fn nul_characters_fail_nothing(Bench { store, .. }: Bench) {
    let (server, project) = channel(&store).await;
    let mut intake = store.intake().await.unwrap();
    let person = intake.person("a\0b@example.org", "A\0B", id(5)).await.unwrap();
    assert_eq!((person.address.as_str(), person.name.as_str()), ("a�b@example.org", "A�B"));
    let again = intake.person("a\0b@example.org", "A\0B", id(6)).await.unwrap();
    assert_eq!(again, person);
    let issue = NewIssue {
        project_id: project,
        summary: "a\0b".into(),
        description: "c\0d".into(),
        issue_type: "e\0f".into(),
        labels: vec!["g\0h".into()],
        ..new_issue(1, person.id)
    };
    intake.create_issue(&issue, at(0)).await.unwrap();
    intake.involve(id(1), &["a\0b@example.org".into()]);
    assert!(intake.is_involved(id(1), "a\0b@example.org").await.unwrap());
    assert_eq!(intake.known_person("a\0b@example.org").await.unwrap(), Some(again));
    intake.add_comment(&comment(1, 1, person.id, "e\0f"), at(0)).await.unwrap();
    intake.put_raws(&[(&sha(1), &packed(1))]).await.unwrap();
    let odd = Message {
        message_id: Some("x\0y".into()),
        subject: "a\0b".into(),
        from: "\0".into(),
        sender: "a\0b@example.org".into(),
        place: Place { uidl: Some("u\0".into()), ..message(1).place },
        reason: Some("\0".into()),
        issue_id: Some(id(1)),
        outcome: Outcome::Created,
        ..message(1)
    };
    intake.put_message(&odd).await.unwrap();
    let issue = intake.issue_by_message_ids(server, &["x\0y".into()]).await.unwrap();
    assert_eq!(issue, Some(id(1)));
    assert_eq!(intake.issue_by_key("SUP\0-1").await.unwrap(), None);
    intake.commit().await.unwrap();
    assert_eq!(store.message(id(1)).await.unwrap().unwrap().subject, "a�b");
    assert_eq!(store.comments(id(1)).await.unwrap()[0].body, "e�f");
    let labelled = IssueFilter { label: Some("g\0h".into()), ..IssueFilter::default() };
    assert_eq!(store.issues(&labelled, &Page::default()).await.unwrap().items.len(), 1);
    assert_eq!(store.known_uidls(server, ["u\0"]).await.unwrap().len(), 1);
    let sent = MessageFilter {
        sender: Some("a\0b@example.org".into()),
        text: Some("A\0".into()),
        ..MessageFilter::default()
    };
    assert_eq!(store.messages(&sent, &Page::default()).await.unwrap().items.len(), 1);
}

async fn what_is_named_must_exist(Bench { store, .. }: Bench) {
    channel(&store).await;
    store.create_project(&project(2, "OPS")).await.unwrap();
    let mut intake = store.intake().await.unwrap();
    let reporter = alice(&mut intake).await;
    let refused = |result: Result<(), Error>| assert!(matches!(result, Err(Error::Missing)));
    intake.savepoint().await.unwrap();
    let written = intake.put_message(&message(1)).await;
    refused(ended(&mut intake, written).await);
    intake.rollback_to_savepoint().await.unwrap();
    intake.savepoint().await.unwrap();
    let nowhere = NewIssue { project_id: id(9), ..new_issue(1, reporter) };
    let written = intake.create_issue(&nowhere, at(0)).await;
    refused(ended(&mut intake, written).await);
    intake.rollback_to_savepoint().await.unwrap();
    intake.savepoint().await.unwrap();
    intake.involve(id(9), &["a@example.org".into()]);
    refused(intake.release_savepoint().await);
    intake.rollback_to_savepoint().await.unwrap();
    intake.savepoint().await.unwrap();
    refused(intake.watch(id(9), reporter).await);
    intake.rollback_to_savepoint().await.unwrap();
    intake.savepoint().await.unwrap();
    refused(intake.set_outcome(&message(9)).await);
    intake.rollback_to_savepoint().await.unwrap();
    intake.savepoint().await.unwrap();
    let written = intake.add_comment(&comment(1, 9, reporter, "b"), at(0)).await;
    refused(ended(&mut intake, written).await);
    intake.rollback_to_savepoint().await.unwrap();
    intake.savepoint().await.unwrap();
    let unknown: MessageId = id(9);
    refused(intake.move_message(unknown, &message(9).place).await);
    intake.rollback_to_savepoint().await.unwrap();
    intake.commit().await.unwrap();
}
