//! Raw messages that are not kept for ever.

use std::time::Duration;

use outlink_model::MessageId;
use outlink_model::message::Message;
use outlink_model::tracker::{Attachment, PartRange, TransferEncoding};

use crate::bench::{Bench, on_both};
use crate::samples::{at, channel, created, id, message, packed, raw, sha, taken};

on_both!(
    what_nothing_needs_is_let_go,
    no_more_are_let_go_than_was_said,
    bytes_that_come_again_are_kept_again,
    bytes_that_come_again_during_a_sweep_stay,
);

fn received(n: u128, seconds: i64) -> Message {
    Message { received_at: at(seconds), ..message(n) }
}

async fn what_nothing_needs_is_let_go(Bench { store, place }: Bench) {
    channel(&store).await;
    taken(&store, &received(1, 10), 1).await;
    taken(&store, &received(2, 30), 2).await;
    // Message 3 is old, but another with its bytes is not.
    taken(&store, &received(3, 10), 3).await;
    taken(&store, &Message { sha256: Some(sha(3)), ..received(4, 30) }, 3).await;
    let mut intake = store.intake().await.unwrap();
    created(&mut intake, 5).await;
    let attachment = Attachment {
        id: id(1),
        issue_id: id(5),
        comment_id: None,
        message_id: id(5),
        name: "a.txt".into(),
        media_type: "text/plain".into(),
        size: 4,
        part: PartRange { offset: 0, length: 4, encoding: TransferEncoding::Identity },
    };
    intake.add_attachment(attachment);
    intake.commit().await.unwrap();

    assert_eq!(store.sweep_raws(at(30), 99).await.unwrap(), 1);
    assert!(store.raw(id(1)).await.unwrap().is_none());
    let mut kept = store.with_raw(&(1..=60).map(id).collect::<Vec<_>>()).await.unwrap();
    kept.sort();
    assert_eq!(kept, (2..=5).map(id).collect::<Vec<MessageId>>());
    for (n, bytes) in [(2, 2), (3, 3), (4, 3), (5, 5)] {
        assert_eq!(store.raw(id(n)).await.unwrap(), Some(raw(bytes)), "{n}");
    }
    assert_eq!(place.count("raws").await, 4, "the ledger still names it");
    assert_eq!(store.message(id(1)).await.unwrap().unwrap().sha256, Some(sha(1)));
    assert_eq!(store.sweep_raws(at(30), 99).await.unwrap(), 0);
    assert_eq!(store.sweep_raws(at(31), 99).await.unwrap(), 2);
    assert_eq!(store.raw(id(5)).await.unwrap(), Some(raw(5)), "an attachment is a part of it");
}

async fn no_more_are_let_go_than_was_said(Bench { store, place }: Bench) {
    channel(&store).await;
    for n in 1..=5 {
        taken(&store, &received(n, 10), n).await;
    }
    assert_eq!(store.sweep_raws(at(30), 2).await.unwrap(), 2);
    assert_eq!(place.count("raws WHERE length(packed) > 0").await, 3);
    assert_eq!(store.sweep_raws(at(30), 0).await.unwrap(), 0);
    assert_eq!(store.sweep_raws(at(30), 99).await.unwrap(), 3);
}

async fn bytes_that_come_again_are_kept_again(Bench { store, .. }: Bench) {
    channel(&store).await;
    taken(&store, &received(1, 10), 1).await;
    assert_eq!(store.sweep_raws(at(30), 99).await.unwrap(), 1);
    taken(&store, &Message { sha256: Some(sha(1)), ..received(2, 40) }, 1).await;
    assert_eq!(store.raw(id(1)).await.unwrap(), Some(raw(1)));
    assert_eq!(store.raw(id(2)).await.unwrap(), Some(raw(1)));
}

async fn bytes_that_come_again_during_a_sweep_stay(Bench { store, place }: Bench) {
    channel(&store).await;
    taken(&store, &received(1, 10), 1).await;
    let other = place.open(&crate::bench::KEY).await.unwrap();
    let mut intake = store.intake().await.unwrap();
    intake.put_raws(&[(&sha(1), &packed(1))]).await.unwrap();
    let writer = async {
        // By now the sweep has seen that nothing needs them, and waits.
        tokio::time::sleep(Duration::from_millis(200)).await;
        let again = Message { sha256: Some(sha(1)), ..received(2, 40) };
        intake.put_message(&again).await.unwrap();
        intake.commit().await.unwrap();
    };
    let (swept, ()) = tokio::join!(other.sweep_raws(at(30), 99), writer);
    assert_eq!(swept.unwrap(), 0);
    assert_eq!(store.raw(id(2)).await.unwrap(), Some(raw(1)));
}
