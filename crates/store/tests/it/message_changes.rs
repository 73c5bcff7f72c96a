//! Messages that are handled again, and how much a sender wrote.

use std::time::Duration;

use outlink_model::message::{Message, Outcome};

use outlink_model::tracker::NewComment;

use crate::bench::{Bench, on_both};
use crate::samples::{alice, at, channel, comment, created, id, message, shown, taken};

on_both!(
    another_outcome_takes_the_place_of_the_first,
    a_message_that_is_handled_again_is_handled_by_one,
    what_a_sender_wrote_is_counted,
);

async fn another_outcome_takes_the_place_of_the_first(Bench { store, .. }: Bench) {
    channel(&store).await;
    let first = Message { outcome: Outcome::Quarantined, flagged: true, ..message(2) };
    taken(&store, &first, 2).await;
    let mut intake = store.intake().await.unwrap();
    assert!(intake.message(id(9)).await.unwrap().is_none());
    let read = intake.message(id(2)).await.unwrap().unwrap();
    assert_eq!(shown(&read), shown(&first));
    created(&mut intake, 1).await;
    let author = alice(&mut intake).await;
    intake
        .add_comment(
            &NewComment { message_id: Some(id(2)), ..comment(1, 1, author, "Hello") },
            at(5),
        )
        .await
        .unwrap();
    let again = Message {
        outcome: Outcome::Commented,
        reason: None,
        handler_id: None,
        issue_id: Some(id(1)),
        comment_id: Some(id(1)),
        flagged: false,
        delete: true,
        ..read
    };
    // What it is does not change.
    intake.set_outcome(&Message { subject: "another".into(), ..again.clone() }).await.unwrap();
    assert_eq!(shown(&intake.message(id(2)).await.unwrap().unwrap()), shown(&again));
    intake.commit().await.unwrap();
    assert_eq!(shown(&store.message(id(2)).await.unwrap().unwrap()), shown(&again));
}

async fn a_message_that_is_handled_again_is_handled_by_one(Bench { store, place }: Bench) {
    channel(&store).await;
    taken(&store, &Message { outcome: Outcome::Quarantined, ..message(1) }, 1).await;
    let other = place.open(&crate::bench::KEY).await.unwrap();
    let mut first = store.intake().await.unwrap();
    let read = first.message(id(1)).await.unwrap().unwrap();
    let second = async {
        let mut intake = other.intake().await.unwrap();
        intake.message(id(1)).await.unwrap().unwrap().outcome
    };
    let writer = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let rejected = Message { outcome: Outcome::Rejected, ..read };
        first.set_outcome(&rejected).await.unwrap();
        first.commit().await.unwrap();
    };
    let (seen, ()) = tokio::join!(second, writer);
    assert_eq!(seen, Outcome::Rejected, "the second waits, and sees what the first did");
}

async fn what_a_sender_wrote_is_counted(Bench { store, .. }: Bench) {
    channel(&store).await;
    let mut intake = store.intake().await.unwrap();
    created(&mut intake, 1).await;
    created(&mut intake, 2).await;
    intake.commit().await.unwrap();
    for (n, issue, seconds) in [(3, Some(1), 10), (4, Some(1), 20), (5, Some(2), 30), (6, None, 15)]
    {
        let message = Message {
            issue_id: issue.map(id),
            internal_date: at(seconds),
            sender: "bob@example.org".into(),
            ..message(n)
        };
        taken(&store, &message, n).await;
    }
    // What is sent on belongs to no issue, and counts all the same.
    let forwarded = Message {
        outcome: Outcome::Forwarded,
        internal_date: at(25),
        sender: "bob@example.org".into(),
        ..message(7)
    };
    taken(&store, &forwarded, 7).await;
    let mut intake = store.intake().await.unwrap();
    for (address, issues, after, until, at_most, expected) in [
        ("bob@example.org", &[][..], 0, 30, 99, (4, 0)),
        ("bob@example.org", &[], 10, 29, 99, (2, 0)),
        ("bob@example.org", &[], 0, 30, 2, (2, 0)),
        ("bob@example.org", &[], 0, 30, 0, (0, 0)),
        ("bob@example.org", &[1], 0, 30, 99, (4, 2)),
        ("bob@example.org", &[2], 0, 30, 99, (4, 1)),
        ("bob@example.org", &[2, 1], 0, 30, 99, (4, 2)),
        ("bob@example.org", &[1, 3], 0, 30, 99, (4, 2)),
        ("bob@example.org", &[3], 0, 30, 99, (4, 0)),
        ("bob@example.org", &[1], 0, 30, 1, (1, 1)),
        ("Bob@example.org", &[1], 0, 30, 99, (0, 0)),
        ("alice@example.org", &[], -1, 0, 99, (2, 0)),
    ] {
        let named: Vec<_> = issues.iter().map(|issue| id(*issue)).collect();
        let written =
            intake.written_by(address, &named, at(after), at(until), at_most).await.unwrap();
        let counted = (written.all, written.in_issue);
        assert_eq!(counted, expected, "{address} {issues:?} {after} {until} {at_most}");
    }
}
