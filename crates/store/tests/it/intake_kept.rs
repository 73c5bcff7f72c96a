//! What an intake writes late: it is there when it is asked for, it goes where the message goes, and it is told when
//! something is wrong with it.

use std::collections::HashSet;

use outlink_model::IssueId;
use outlink_model::tracker::{Attachment, PartRange, TransferEncoding};
use outlink_store::{Error, Intake};

use crate::bench::{Bench, on_both};
use crate::samples::{
    alice, at, channel, comment, created, id, message, new_issue, packed, project, sha,
};

on_both!(
    numbers_go_on_over_messages_intakes_and_what_was_taken_back,
    a_part_in_an_issue_counts_at_once_and_is_taken_back_with_its_message,
    many_attachments_are_all_written,
    an_attachment_of_nothing_is_refused_at_the_end,
    a_person_who_was_taken_back_is_made_anew,
    raw_bytes_are_new_once,
    what_was_put_off_is_found_by_whoever_asks,
    nothing_is_committed_after_something_that_was_put_off_failed,
    people_who_were_looked_up_are_known_and_strangers_are_made,
);

async fn key(intake: &mut Intake, n: u128, project: u128) -> String {
    let reporter = alice(intake).await;
    let issue =
        outlink_model::tracker::NewIssue { project_id: id(project), ..new_issue(n, reporter) };
    intake.create_issue(&issue, at(0)).await.unwrap()
}

async fn numbers_go_on_over_messages_intakes_and_what_was_taken_back(Bench { store, .. }: Bench) {
    channel(&store).await;
    store.create_project(&project(2, "OPS")).await.unwrap();
    let mut intake = store.intake().await.unwrap();
    assert_eq!(key(&mut intake, 1, 1).await, "SUP-1");
    assert_eq!(key(&mut intake, 2, 2).await, "OPS-1");
    assert_eq!(key(&mut intake, 3, 1).await, "SUP-2");
    intake.savepoint().await.unwrap();
    assert_eq!(key(&mut intake, 4, 1).await, "SUP-3");
    assert_eq!(key(&mut intake, 5, 1).await, "SUP-4");
    intake.rollback_to_savepoint().await.unwrap();
    intake.savepoint().await.unwrap();
    assert_eq!(key(&mut intake, 6, 1).await, "SUP-3", "what was taken back is given again");
    intake.release_savepoint().await.unwrap();
    assert_eq!(key(&mut intake, 7, 1).await, "SUP-4");
    intake.commit().await.unwrap();

    let mut dropped = store.intake().await.unwrap();
    assert_eq!(key(&mut dropped, 8, 1).await, "SUP-5");
    assert_eq!(key(&mut dropped, 9, 1).await, "SUP-6");
    drop(dropped);
    let mut next = store.intake().await.unwrap();
    assert_eq!(key(&mut next, 10, 1).await, "SUP-5");
    assert_eq!(key(&mut next, 11, 2).await, "OPS-2");
    next.commit().await.unwrap();
}

async fn a_part_in_an_issue_counts_at_once_and_is_taken_back_with_its_message(
    Bench { store, .. }: Bench,
) {
    channel(&store).await;
    let issue: IssueId = id(1);
    let mut intake = store.intake().await.unwrap();
    created(&mut intake, 1).await;
    let addresses: Vec<String> = (0..20).map(|n| format!("{n}@example.org")).collect();
    intake.involve(issue, &addresses);
    assert!(intake.is_involved(issue, "19@example.org").await.unwrap(), "before it is written");
    assert!(!intake.is_involved(id(2), "19@example.org").await.unwrap());
    let known = intake.issue_to_follow(issue, "19@example.org").await.unwrap();
    assert_eq!(known, Some(("SUP-1".into(), true)));
    intake.savepoint().await.unwrap();
    intake.involve(issue, &["late@example.org".to_owned()]);
    assert!(intake.is_involved(issue, "late@example.org").await.unwrap());
    intake.rollback_to_savepoint().await.unwrap();
    assert!(!intake.is_involved(issue, "late@example.org").await.unwrap());
    intake.commit().await.unwrap();
    let mut wanted = addresses;
    wanted.sort();
    assert_eq!(store.involved(issue).await.unwrap(), wanted);
}

fn attachment(n: u128, issue: u128) -> Attachment {
    Attachment {
        id: id(n),
        issue_id: id(issue),
        comment_id: None,
        message_id: id(1),
        name: format!("{n}.pdf"),
        media_type: "application/pdf".into(),
        size: 1,
        part: PartRange { offset: 1, length: 2, encoding: TransferEncoding::Base64 },
    }
}

async fn many_attachments_are_all_written(Bench { store, .. }: Bench) {
    channel(&store).await;
    let mut intake = store.intake().await.unwrap();
    created(&mut intake, 1).await;
    let all: Vec<_> = (1..=11).map(|n| attachment(n, 1)).collect();
    all.iter().for_each(|one| intake.add_attachment(one.clone()));
    intake.commit().await.unwrap();
    assert_eq!(store.attachments(id(1)).await.unwrap(), all);
}

async fn an_attachment_of_nothing_is_refused_at_the_end(Bench { store, place }: Bench) {
    channel(&store).await;
    let mut intake = store.intake().await.unwrap();
    created(&mut intake, 1).await;
    intake.savepoint().await.unwrap();
    intake.add_attachment(attachment(1, 9));
    assert!(matches!(intake.release_savepoint().await, Err(Error::Missing)));
    intake.rollback_to_savepoint().await.unwrap();
    intake.commit().await.unwrap();
    assert_eq!((place.count("issues").await, place.count("attachments").await), (1, 0));

    let mut intake = store.intake().await.unwrap();
    intake
        .put_message(&outlink_model::message::Message { sha256: None, ..message(2) })
        .await
        .unwrap();
    intake.add_attachment(attachment(1, 9));
    assert!(matches!(intake.commit().await, Err(Error::Missing)));
    assert_eq!(place.count("messages").await, 1, "nothing of it is written");
}

async fn a_person_who_was_taken_back_is_made_anew(Bench { store, .. }: Bench) {
    channel(&store).await;
    let mut intake = store.intake().await.unwrap();
    intake.savepoint().await.unwrap();
    intake.person("bob@example.org", "Bob", id(5)).await.unwrap();
    assert!(intake.known_person("bob@example.org").await.unwrap().is_some());
    intake.rollback_to_savepoint().await.unwrap();
    assert_eq!(intake.known_person("bob@example.org").await.unwrap(), None);
    let bob = intake.person("bob@example.org", "Bob", id(6)).await.unwrap();
    let renamed = intake.person("bob@example.org", "Robert", id(7)).await.unwrap();
    assert_eq!((bob.id, renamed.id, renamed.name.as_str()), (id(6), id(6), "Robert"));
    intake.commit().await.unwrap();
    assert_eq!(store.person_by_address("bob@example.org").await.unwrap(), Some(renamed));
}

async fn raw_bytes_are_new_once(Bench { store, place }: Bench) {
    channel(&store).await;
    let all: Vec<_> = (1..=19).map(|n| (sha(n), packed(n))).collect();
    let raws: Vec<_> = all.iter().map(|(sha256, packed)| (sha256, packed)).collect();
    let mut intake = store.intake().await.unwrap();
    let new = intake.put_raws(&raws[..3]).await.unwrap();
    assert_eq!(new, HashSet::from([sha(1), sha(2), sha(3)]));
    // One of them twice, as where a message lies in a folder twice.
    let twice: Vec<_> = raws.iter().chain(&raws[17..18]).copied().collect();
    let new = intake.put_raws(&twice).await.unwrap();
    assert_eq!(new, (4..=19).map(sha).collect());
    assert!(intake.put_raws(&raws).await.unwrap().is_empty());
    intake.commit().await.unwrap();
    assert_eq!(place.count("raws").await, 19);
}

async fn what_was_put_off_is_found_by_whoever_asks(Bench { store, .. }: Bench) {
    channel(&store).await;
    let mut intake = store.intake().await.unwrap();
    for n in 1..=20 {
        assert_eq!(created(&mut intake, n).await, format!("SUP-{n}"));
    }
    let found = intake.issue_by_key("SUP-20").await.unwrap();
    assert_eq!(found, Some((id(20), "SUP-20".into())));
    let alice = alice(&mut intake).await;
    intake.add_comment(&comment(1, 20, alice, "Late"), at(9)).await.unwrap();
    assert!(intake.message(id(20)).await.unwrap().is_some());
    intake.commit().await.unwrap();
    let read = store.issue(id(20)).await.unwrap().unwrap();
    assert_eq!((read.comments, read.updated_at), (1, at(9)));
}

async fn nothing_is_committed_after_something_that_was_put_off_failed(
    Bench { store, place }: Bench,
) {
    channel(&store).await;
    let mut intake = store.intake().await.unwrap();
    created(&mut intake, 1).await;
    intake.commit().await.unwrap();
    let mut intake = store.intake().await.unwrap();
    created(&mut intake, 2).await;
    let twin = intake.put_message(&message(1)).await;
    let asked = intake.issue_by_key("SUP-2").await;
    assert!(twin.is_err() || asked.is_err(), "somebody is told");
    // PostgreSQL takes this for a rollback, and calls it well done.
    let _ = intake.commit().await;
    assert_eq!((place.count("issues").await, place.count("messages").await), (1, 1));
}

async fn people_who_were_looked_up_are_known_and_strangers_are_made(Bench { store, .. }: Bench) {
    channel(&store).await;
    let address = |n: u128| format!("{n}@example.org");
    let mut intake = store.intake().await.unwrap();
    for n in 1..=20 {
        intake.person(&address(n), "Known", id(n)).await.unwrap();
    }
    intake.commit().await.unwrap();
    let mut intake = store.intake().await.unwrap();
    let addresses: Vec<String> = (1..=40).map(address).collect();
    intake.look_up_people(&addresses).await.unwrap();
    assert_eq!(intake.known_person(&address(20)).await.unwrap().unwrap().id, id(20));
    assert_eq!(intake.known_person(&address(21)).await.unwrap(), None);
    assert_eq!(intake.person(&address(20), "", id(99)).await.unwrap().id, id(20));
    assert_eq!(intake.person(&address(21), "New", id(21)).await.unwrap().id, id(21));
    assert_eq!(intake.known_person(&address(21)).await.unwrap().unwrap().name, "New");
    intake.look_up_people(&addresses).await.unwrap();
    assert_eq!(intake.known_person(&address(21)).await.unwrap().unwrap().id, id(21));
    intake.look_up_people(&[]).await.unwrap();
    intake.commit().await.unwrap();
    assert!(store.person_by_address(&address(21)).await.unwrap().is_some());
    assert!(store.person_by_address(&address(22)).await.unwrap().is_none());
}
