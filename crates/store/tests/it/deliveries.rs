//! Deliveries: written with what they are about, and read.

use std::sync::Arc;
use std::time::Duration;

use outlink_model::delivery::{Delivery, DeliveryKind, DeliveryState};
use outlink_model::handler::Handler;
use outlink_model::message::{Message, Outcome};
use outlink_store::{DeliveryFilter, Error, Listed, Page, Store, Totals};

use crate::bench::{Bench, KEY, on_both, together};
use crate::samples::{
    at, channel, created, delivery, handler, id, message, outgoing, packed, page, put, sha, shown,
    taken, trouble,
};

on_both!(
    a_delivery_comes_back_as_it_was_written,
    a_delivery_is_written_with_its_message_or_not_at_all,
    nothing_is_written_that_cannot_be_sent,
    a_delivery_that_is_being_written_keeps_its_server,
    a_server_that_is_being_deleted_takes_no_more_deliveries,
    deliveries_are_listed_by_what_is_asked,
    what_is_due_is_given_in_its_order,
    a_handler_sends_through_a_server_that_is_there,
    no_handler_goes_on_naming_a_server_that_was_deleted_meanwhile,
    the_bytes_of_a_forward_stay_until_it_is_sent,
    bytes_that_are_about_to_be_forwarded_are_not_swept,
    deliveries_that_were_not_sent_are_counted,
);

/// The channel of server 1, and server 2 to send through.
async fn both_ways(store: &Store) {
    channel(store).await;
    store.create_mail_server(&outgoing(2)).await.unwrap();
}

/// Delivery `n`, which sends message `n` on.
fn forward(n: u128) -> Delivery {
    Delivery { kind: DeliveryKind::Forward, message_id: Some(id(n)), ..delivery(n) }
}

fn ids(listed: &Listed<Delivery>) -> Vec<u128> {
    listed.items.iter().map(|delivery| delivery.id.0.as_u128()).collect()
}

async fn a_delivery_comes_back_as_it_was_written(Bench { store, .. }: Bench) {
    both_ways(&store).await;
    let mut intake = store.intake().await.unwrap();
    created(&mut intake, 1).await;
    let full = Delivery {
        kind: DeliveryKind::Forward,
        message_id: Some(id(1)),
        issue_id: Some(id(1)),
        subject: "Grüße \u{1f600}".into(),
        state: DeliveryState::Failed,
        attempts: 7,
        unanswered: 3,
        next_at: at(20),
        trouble: Some(outlink_model::grant::Trouble {
            provider_error: Some("550 no such person".into()),
            ..trouble("refused")
        }),
        done_at: Some(at(30)),
        ..delivery(1)
    };
    intake.put_delivery(&full).await.unwrap();
    let bare = Delivery { handler_id: None, in_reply_to: None, ..delivery(2) };
    intake.put_delivery(&bare).await.unwrap();
    let odd = Delivery { text: "a\0b".into(), ..delivery(3) };
    intake.put_delivery(&odd).await.unwrap();
    intake.commit().await.unwrap();
    for written in [full, bare] {
        let read = store.delivery(written.id).await.unwrap().unwrap();
        assert_eq!(shown(&read), shown(&written));
    }
    assert_eq!(store.delivery(id(3)).await.unwrap().unwrap().text, "a\u{fffd}b");
    assert!(store.delivery(id(4)).await.unwrap().is_none());
}

async fn a_delivery_is_written_with_its_message_or_not_at_all(Bench { store, place }: Bench) {
    both_ways(&store).await;
    // As an intake does it: the message's row comes last, since it says what became of it.
    let mut intake = store.intake().await.unwrap();
    intake.savepoint().await.unwrap();
    intake.put_raws(&[(&sha(1), &packed(1))]).await.unwrap();
    intake.put_delivery(&forward(1)).await.unwrap();
    intake.put_message(&Message { outcome: Outcome::Forwarded, ..message(1) }).await.unwrap();
    intake.release_savepoint().await.unwrap();
    intake.savepoint().await.unwrap();
    intake.put_delivery(&forward(2)).await.unwrap();
    intake.rollback_to_savepoint().await.unwrap();
    intake.commit().await.unwrap();
    assert_eq!(place.count("deliveries").await, 1);
    assert!(store.delivery(id(1)).await.unwrap().is_some());

    let mut intake = store.intake().await.unwrap();
    intake.put_delivery(&forward(3)).await.unwrap();
    assert!(matches!(intake.commit().await, Err(Error::Missing)), "there is no such message");
    assert_eq!(place.count("deliveries").await, 1);
}

async fn nothing_is_written_that_cannot_be_sent(Bench { store, place }: Bench) {
    both_ways(&store).await;
    taken(&store, &Message { received_at: at(0), ..message(1) }, 1).await;
    taken(&store, &Message { received_at: at(50), ..message(2) }, 2).await;
    assert_eq!(store.sweep_raws(at(10), 99).await.unwrap(), 1);
    put(&store, &[delivery(9)]).await;
    store.create_mail_server(&outgoing(3)).await.unwrap();
    put(&store, &[Delivery { mail_server_id: id(3), ..delivery(8) }]).await;
    store.delete_mail_server(id(3), at(9), &trouble("deleted")).await.unwrap();
    assert!(store.known_mail_server(id(3)).await.unwrap().is_some(), "a delivery names it");

    let mut intake = store.intake().await.unwrap();
    for astray in [
        Delivery { mail_server_id: id(7), ..delivery(1) },
        Delivery { mail_server_id: id(3), ..delivery(1) },
        forward(1),
    ] {
        let refused = intake.put_delivery(&astray).await;
        assert!(matches!(refused, Err(Error::Missing)), "{astray:?}");
    }
    // Nothing was refused by the database, so the transaction goes on.
    let told = Delivery { message_id: Some(id(1)), ..delivery(1) };
    intake.put_delivery(&told).await.unwrap();
    intake.put_delivery(&forward(2)).await.unwrap();
    intake.commit().await.unwrap();
    assert_eq!(place.count("deliveries").await, 4);
}

async fn a_delivery_that_is_being_written_keeps_its_server(Bench { store, place }: Bench) {
    both_ways(&store).await;
    let other = place.open(&KEY).await.unwrap();
    let mut intake = store.intake().await.unwrap();
    intake.put_delivery(&delivery(1)).await.unwrap();
    let writer = async {
        // By now the deletion waits.
        tokio::time::sleep(Duration::from_millis(200)).await;
        intake.commit().await.unwrap();
    };
    let why = trouble("deleted");
    let (deleted, ()) = tokio::join!(other.delete_mail_server(id(2), at(99), &why), writer);
    deleted.unwrap();
    let read = store.delivery(id(1)).await.unwrap().unwrap();
    assert_eq!((read.state, read.done_at), (DeliveryState::Failed, Some(at(99))));
    assert_eq!(read.trouble.unwrap().reason, "deleted");
    assert!(store.known_mail_server(id(2)).await.unwrap().unwrap().deleted);
}

async fn a_server_that_is_being_deleted_takes_no_more_deliveries(Bench { store, place }: Bench) {
    both_ways(&store).await;
    put(&store, &[delivery(1)]).await;
    let other = Arc::new(place.open(&KEY).await.unwrap());
    let tries = (2..=20).map(|n| {
        let store = other.clone();
        async move {
            let mut intake = store.intake().await.unwrap();
            let put = intake.put_delivery(&delivery(n)).await;
            intake.commit().await.unwrap();
            put.is_ok()
        }
    });
    let why = trouble("deleted");
    let deleting = store.delete_mail_server(id(2), at(99), &why);
    let (tried, deleted) = tokio::join!(together(tries), deleting);
    deleted.unwrap();
    let written = tried.into_iter().filter(|put| *put).count() + 1;
    let failed = DeliveryFilter { state: Some(DeliveryState::Failed), ..DeliveryFilter::default() };
    let failed = store.deliveries(&failed, &page(100, None)).await.unwrap();
    assert_eq!(failed.items.len(), written, "none waits for ever");
    assert_eq!(place.count("deliveries").await, i64::try_from(written).unwrap());
}

async fn deliveries_are_listed_by_what_is_asked(Bench { store, .. }: Bench) {
    both_ways(&store).await;
    store.create_mail_server(&outgoing(3)).await.unwrap();
    let mut intake = store.intake().await.unwrap();
    created(&mut intake, 1).await;
    intake.commit().await.unwrap();
    let sent = Delivery { state: DeliveryState::Sent, done_at: Some(at(20)), ..delivery(3) };
    let failed = Delivery { state: DeliveryState::Failed, done_at: Some(at(20)), ..delivery(4) };
    let elsewhere = Delivery { mail_server_id: id(3), ..delivery(5) };
    let about = Delivery { issue_id: Some(id(1)), message_id: Some(id(1)), ..delivery(2) };
    put(&store, &[forward(1), about, sent, failed, elsewhere]).await;

    let all = DeliveryFilter::default();
    let first = store.deliveries(&all, &page(2, None)).await.unwrap();
    assert_eq!(ids(&first), [5, 4], "the newest first");
    let second = store.deliveries(&all, &page(3, first.next.as_deref())).await.unwrap();
    assert_eq!((ids(&second), second.next), (vec![3, 2, 1], None));

    let waiting = DeliveryFilter { state: Some(DeliveryState::Waiting), ..all };
    let through = DeliveryFilter { mail_server_id: Some(id(2)), ..all };
    let of_message = DeliveryFilter { message_id: Some(id(1)), ..all };
    let of_issue = DeliveryFilter { issue_id: Some(id(1)), ..all };
    for (filter, expected) in [
        (waiting, vec![5, 2, 1]),
        (DeliveryFilter { state: Some(DeliveryState::Sent), ..all }, vec![3]),
        (DeliveryFilter { state: Some(DeliveryState::Failed), ..all }, vec![4]),
        (through, vec![4, 3, 2, 1]),
        (DeliveryFilter { mail_server_id: Some(id(2)), ..waiting }, vec![2, 1]),
        (of_message, vec![2, 1]),
        (of_issue, vec![2]),
        (DeliveryFilter { kind: Some(DeliveryKind::Forward), ..all }, vec![1]),
        (DeliveryFilter { kind: Some(DeliveryKind::Notice), ..of_message }, vec![2]),
        (DeliveryFilter { issue_id: Some(id(9)), ..all }, vec![]),
    ] {
        let listed = store.deliveries(&filter, &Page::default()).await.unwrap();
        assert_eq!(ids(&listed), expected, "{filter:?}");
    }
}

async fn what_is_due_is_given_in_its_order(Bench { store, .. }: Bench) {
    both_ways(&store).await;
    store.create_mail_server(&outgoing(3)).await.unwrap();
    let due = |n, seconds| Delivery { next_at: at(seconds), ..delivery(n) };
    put(
        &store,
        &[
            due(1, 30),
            due(2, 10),
            due(3, 31),
            due(4, 10),
            Delivery { state: DeliveryState::Sent, ..due(5, 10) },
            Delivery { state: DeliveryState::Failed, ..due(6, 10) },
            Delivery { mail_server_id: id(3), ..due(7, 10) },
        ],
    )
    .await;
    let to_send = async |server, now, limit| {
        let due = store.deliveries_to_send(id(server), at(now), limit).await.unwrap();
        due.into_iter().map(|delivery| delivery.id.0.as_u128()).collect::<Vec<_>>()
    };
    assert_eq!(to_send(2, 30, 50).await, [2, 4, 1]);
    assert_eq!(to_send(2, 30, 2).await, [2, 4]);
    assert_eq!(to_send(2, 9, 50).await, [0_u128; 0]);
    assert_eq!(to_send(3, 99, 50).await, [7]);
}

async fn a_handler_sends_through_a_server_that_is_there(Bench { store, .. }: Bench) {
    both_ways(&store).await;
    let sends = Handler { outgoing_id: Some(id(2)), updated_at: at(5), ..handler(1) };
    store.update_handler(&sends, at(1)).await.unwrap();
    let read = store.handler(id(1)).await.unwrap().unwrap();
    assert_eq!(shown(&read), shown(&sends));
    let through = store.handlers_sending_through(id(2)).await.unwrap();
    assert_eq!(through.iter().map(|handler| handler.id).collect::<Vec<_>>(), [id(1)]);
    assert!(store.handlers_sending_through(id(1)).await.unwrap().is_empty());
    let astray = Handler { outgoing_id: Some(id(7)), ..sends.clone() };
    assert!(matches!(store.update_handler(&astray, at(5)).await, Err(Error::Missing)));
    let astray = Handler { id: id(2), name: "astray".into(), ..astray };
    assert!(matches!(store.create_handler(&astray).await, Err(Error::Missing)));

    put(&store, &[delivery(1)]).await;
    store.delete_mail_server(id(2), at(9), &trouble("deleted")).await.unwrap();
    let left = store.handler(id(1)).await.unwrap().unwrap();
    assert_eq!(left.outgoing_id, None, "it stays, and sends through nothing");
    let stale = store.update_handler(&sends, at(5)).await;
    assert!(matches!(stale, Err(Error::Missing)), "the row of the server is still there");
    let named = Handler { name: "renamed".into(), outgoing_id: None, ..sends };
    assert!(matches!(store.update_handler(&named, at(5)).await, Err(Error::Stale)));
    store.update_handler(&named, left.updated_at).await.unwrap();
}

async fn no_handler_goes_on_naming_a_server_that_was_deleted_meanwhile(bench: Bench) {
    let Bench { store, place } = bench;
    channel(&store).await;
    let other = Arc::new(place.open(&KEY).await.unwrap());
    for n in 10..30 {
        store.create_mail_server(&outgoing(n)).await.unwrap();
        // A delivery keeps the row, which then refuses nobody by a constraint.
        put(&store, &[Delivery { mail_server_id: id(n), ..delivery(n) }]).await;
        let read = store.handler(id(1)).await.unwrap().unwrap();
        let (saving, seen) = (other.clone(), read.updated_at);
        let names = Handler { outgoing_id: Some(id(n)), ..read };
        let saved = together([async move { saving.update_handler(&names, seen).await }]);
        let why = trouble("deleted");
        let (saved, deleted) = tokio::join!(saved, store.delete_mail_server(id(n), at(9), &why));
        deleted.expect("neither waits for the other for ever");
        assert!(matches!(saved[..], [Ok(()) | Err(Error::Missing)]), "{saved:?}");
        assert_eq!(store.handler(id(1)).await.unwrap().unwrap().outgoing_id, None, "{n}");
    }
}

async fn the_bytes_of_a_forward_stay_until_it_is_sent(Bench { store, .. }: Bench) {
    both_ways(&store).await;
    store.create_mail_server(&outgoing(3)).await.unwrap();
    for n in 1..=5 {
        taken(&store, &message(n), n).await;
    }
    let failed = Delivery { state: DeliveryState::Failed, ..forward(2) };
    let notice = Delivery { kind: DeliveryKind::Notice, ..forward(3) };
    let sent = Delivery { state: DeliveryState::Sent, ..forward(4) };
    let through_another = Delivery { mail_server_id: id(3), ..forward(5) };
    put(&store, &[forward(1), failed, notice, sent, through_another]).await;
    assert_eq!(store.sweep_raws(at(99), 99).await.unwrap(), 2);
    let kept = async || {
        let mut kept = Vec::new();
        for n in 1..=5 {
            if store.raw(id(n)).await.unwrap().is_some() {
                kept.push(n);
            }
        }
        kept
    };
    assert_eq!(kept().await, [1, 2, 5]);
    store.delivery_sent(id(1), at(20)).await.unwrap();
    assert_eq!(store.sweep_raws(at(99), 99).await.unwrap(), 1);
    assert_eq!(kept().await, [2, 5]);
    store.delete_mail_server(id(3), at(30), &trouble("deleted")).await.unwrap();
    assert_eq!(store.sweep_raws(at(99), 99).await.unwrap(), 1, "nobody can send it any more");
    assert_eq!(kept().await, [2]);
}

async fn bytes_that_are_about_to_be_forwarded_are_not_swept(Bench { store, place }: Bench) {
    both_ways(&store).await;
    taken(&store, &message(1), 1).await;
    let other = place.open(&KEY).await.unwrap();
    let mut intake = store.intake().await.unwrap();
    intake.put_delivery(&forward(1)).await.unwrap();
    let writer = async {
        // By now the sweep has seen that nothing needs them, and waits.
        tokio::time::sleep(Duration::from_millis(200)).await;
        intake.commit().await.unwrap();
    };
    let (swept, ()) = tokio::join!(other.sweep_raws(at(99), 99), writer);
    assert_eq!(swept.unwrap(), 0);
    assert!(store.raw(id(1)).await.unwrap().is_some());
}

async fn deliveries_that_were_not_sent_are_counted(Bench { store, .. }: Bench) {
    both_ways(&store).await;
    let of = |n, state| Delivery { state, ..delivery(n) };
    let (waiting, sent, failed) =
        (DeliveryState::Waiting, DeliveryState::Sent, DeliveryState::Failed);
    let all = [waiting, waiting, waiting, sent, failed, failed];
    put(&store, &(1..).zip(all).map(|(n, state)| of(n, state)).collect::<Vec<_>>()).await;
    let totals = Totals {
        mail_servers: 2,
        handlers: 1,
        any_issue: false,
        waiting_deliveries: 3,
        failed_deliveries: 2,
    };
    assert_eq!(store.totals().await.unwrap(), totals);
}
