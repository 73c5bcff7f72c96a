//! What becomes of deliveries.

use std::time::Duration;

use outlink_model::delivery::{Delivery, DeliveryKind, DeliveryState, Next};
use outlink_model::grant::Trouble;
use outlink_model::mail_server::ServerHealth;
use outlink_store::{Ended, Error, Page, Still, Store};
use sqlx::{Connection, PgConnection};

use crate::bench::{Bench, KEY, Place, on_both};
use crate::samples::{
    at, channel, delivery, event, health, id, mail_server, message, outgoing, put, shown, taken,
    trouble,
};

on_both!(
    what_was_sent_counts_once_and_for_good,
    what_was_refused_waits_or_is_given_up,
    a_refusal_undoes_nothing_that_came_between,
    a_retry_while_it_is_being_sent_does_not_double_it,
    a_retry_makes_it_as_new,
    a_retry_hurries_a_server_that_failed_and_no_other,
    what_a_deleted_server_was_to_send_is_not_retried,
    what_may_be_on_its_way_is_not_deleted,
    what_was_over_long_ago_is_forgotten_and_nothing_else,
    what_was_not_answered_for_is_counted_and_what_was_not_offered_is_not,
    a_mail_is_to_be_sent_only_as_it_was_seen_and_by_whoever_holds_its_server,
    a_forward_that_was_given_up_goes_and_no_other,
    notices_are_counted_by_their_server_and_time,
);

fn refused() -> Trouble {
    Trouble { provider_error: Some("450 later".into()), ..trouble("refused") }
}

/// Server 2 with delivery 1.
async fn waiting(store: &Store) -> Delivery {
    store.create_mail_server(&outgoing(2)).await.unwrap();
    put(store, &[delivery(1)]).await;
    read(store).await
}

async fn read(store: &Store) -> Delivery {
    store.delivery(id(1)).await.unwrap().unwrap()
}

async fn events(store: &Store) -> Vec<u128> {
    let listed = store.events(&Page::default(), None).await.unwrap();
    listed.items.iter().map(|event| event.id.0.as_u128()).collect()
}

async fn what_was_sent_counts_once_and_for_good(Bench { store, .. }: Bench) {
    let seen = waiting(&store).await;
    assert!(
        store
            .delivery_not_taken(&seen, Ended::Refused, Next::At(at(60)), &refused(), at(20), None)
            .await
            .unwrap()
    );
    assert!(store.delivery_sent(id(1), at(70)).await.unwrap());
    let sent = Delivery {
        state: DeliveryState::Sent,
        attempts: 2,
        next_at: at(60),
        done_at: Some(at(70)),
        ..delivery(1)
    };
    assert_eq!(shown(&read(&store).await), shown(&sent));
    assert!(!store.delivery_sent(id(1), at(80)).await.unwrap());
    let again = store
        .delivery_not_taken(&sent, Ended::Refused, Next::GiveUp, &refused(), at(81), None)
        .await
        .unwrap();
    assert!(!again);
    let retried = store.retry_delivery(id(1), at(82), &event(1)).await;
    assert!(matches!(retried, Err(Error::Stale)));
    assert_eq!(shown(&read(&store).await), shown(&sent));
    assert_eq!(events(&store).await, [0_u128; 0]);
    assert!(!store.delivery_sent(id(2), at(80)).await.unwrap(), "there is no such delivery");

    // Somebody gave it up while another was just sending it.
    put(&store, &[Delivery { state: DeliveryState::Failed, done_at: Some(at(5)), ..delivery(3) }])
        .await;
    assert!(store.delivery_sent(id(3), at(90)).await.unwrap());
    let read = store.delivery(id(3)).await.unwrap().unwrap();
    assert_eq!((read.state, read.done_at), (DeliveryState::Sent, Some(at(90))));
}

async fn what_was_refused_waits_or_is_given_up(Bench { store, .. }: Bench) {
    let seen = waiting(&store).await;
    assert!(
        store
            .delivery_not_taken(&seen, Ended::Refused, Next::At(at(60)), &refused(), at(20), None)
            .await
            .unwrap()
    );
    let once = Delivery { attempts: 1, next_at: at(60), trouble: Some(refused()), ..seen };
    assert_eq!(shown(&read(&store).await), shown(&once));
    let told = health(1);
    assert!(
        store
            .delivery_not_taken(
                &once,
                Ended::Refused,
                Next::GiveUp,
                &refused(),
                at(65),
                Some(&told)
            )
            .await
            .unwrap()
    );
    let over = Delivery {
        state: DeliveryState::Failed,
        attempts: 2,
        done_at: Some(at(65)),
        ..once.clone()
    };
    assert_eq!(shown(&read(&store).await), shown(&over));
    assert_eq!(store.next_sending_at().await.unwrap(), None);
    let again = health(2);
    assert!(
        !store
            .delivery_not_taken(
                &over,
                Ended::Refused,
                Next::At(at(99)),
                &refused(),
                at(66),
                Some(&again)
            )
            .await
            .unwrap()
    );
    assert_eq!(events(&store).await, [1], "an event only with what it tells of");
}

async fn a_refusal_undoes_nothing_that_came_between(Bench { store, .. }: Bench) {
    let seen = waiting(&store).await;
    store.retry_delivery(id(1), at(30), &event(1)).await.unwrap();
    let anew = read(&store).await;
    let late = store
        .delivery_not_taken(
            &seen,
            Ended::Refused,
            Next::GiveUp,
            &refused(),
            at(31),
            Some(&event(2)),
        )
        .await;
    assert!(!late.unwrap());
    assert_eq!(shown(&read(&store).await), shown(&anew), "it is due now, as it was asked for");
    assert_eq!(events(&store).await, [1]);
    // Two that hold it for theirs, since a lease lapsed, count one attempt.
    let first = store
        .delivery_not_taken(&anew, Ended::Refused, Next::At(at(90)), &refused(), at(32), None)
        .await;
    let second = store
        .delivery_not_taken(&anew, Ended::Refused, Next::At(at(95)), &refused(), at(33), None)
        .await;
    assert_eq!((first.unwrap(), second.unwrap()), (true, false));
    assert_eq!((read(&store).await.attempts, read(&store).await.next_at), (1, at(90)));
    store.delete_delivery(id(1), at(40), &event(3)).await.unwrap();
    assert!(
        !store
            .delivery_not_taken(&anew, Ended::Refused, Next::GiveUp, &refused(), at(41), None)
            .await
            .unwrap()
    );
}

async fn a_retry_while_it_is_being_sent_does_not_double_it(Bench { store, .. }: Bench) {
    waiting(&store).await;
    assert!(store.claim_sender(at(20), "holder", at(50)).await.unwrap().is_some());
    let [_] = &store.deliveries_to_send(id(2), at(20), 50).await.unwrap()[..] else {
        panic!("it is being sent")
    };
    store.retry_delivery(id(1), at(21), &event(1)).await.unwrap();
    assert!(store.claim_sender(at(22), "another", at(50)).await.unwrap().is_none(), "it is held");
    assert!(store.delivery_sent(id(1), at(23)).await.unwrap());
    assert!(store.deliveries_to_send(id(2), at(99), 50).await.unwrap().is_empty());
    assert_eq!(store.next_sending_at().await.unwrap(), None);
}

async fn a_retry_makes_it_as_new(Bench { store, .. }: Bench) {
    let seen = waiting(&store).await;
    store
        .delivery_not_taken(&seen, Ended::Refused, Next::GiveUp, &refused(), at(20), None)
        .await
        .unwrap();
    store.retry_delivery(id(1), at(500), &event(1)).await.unwrap();
    let anew =
        Delivery { next_at: at(500), created_at: at(500), trouble: Some(refused()), ..delivery(1) };
    assert_eq!(shown(&read(&store).await), shown(&anew), "what was wrong last is still told");
    assert_eq!(events(&store).await, [1]);
    let missing = store.retry_delivery(id(7), at(500), &event(2)).await;
    assert!(matches!(missing, Err(Error::Missing)));
    assert_eq!(events(&store).await, [1]);
}

async fn a_retry_hurries_a_server_that_failed_and_no_other(Bench { store, .. }: Bench) {
    let seen = waiting(&store).await;
    let well = ServerHealth::default();
    let failed = ServerHealth { trouble: Some(trouble("down")), failures: 3, ..well.clone() };
    for (health, expected) in [(&failed, at(30)), (&well, at(900))] {
        store.set_server_health(id(2), health, at(900)).await.unwrap();
        store
            .retry_delivery(seen.id, at(30), &event(expected.as_microsecond() as u128))
            .await
            .unwrap();
        assert_eq!(store.next_sending_at().await.unwrap(), Some(expected));
    }
    store.set_server_health(id(2), &failed, at(20)).await.unwrap();
    store.retry_delivery(seen.id, at(40), &event(3)).await.unwrap();
    store.claim_sender(at(40), "holder", at(60)).await.unwrap().unwrap();
    assert_eq!(store.mail_server(id(2)).await.unwrap().unwrap().health.failures, 3);
}

async fn what_a_deleted_server_was_to_send_is_not_retried(Bench { store, place }: Bench) {
    waiting(&store).await;
    put(&store, &[Delivery { state: DeliveryState::Sent, done_at: Some(at(11)), ..delivery(2) }])
        .await;
    store.delete_mail_server(id(2), at(50), &trouble("deleted")).await.unwrap();
    let failed = read(&store).await;
    assert_eq!((failed.state, failed.done_at), (DeliveryState::Failed, Some(at(50))));
    assert_eq!(failed.trouble.unwrap().reason, "deleted");
    let sent = store.delivery(id(2)).await.unwrap().unwrap();
    assert_eq!((sent.state, sent.done_at), (DeliveryState::Sent, Some(at(11))));
    let left = store.known_mail_server(id(2)).await.unwrap().unwrap();
    assert_eq!(left.shown_name(), "server 2 (deleted)");

    let retried = store.retry_delivery(id(1), at(60), &event(1)).await;
    assert!(matches!(retried, Err(Error::Missing)));
    assert_eq!(read(&store).await.state, DeliveryState::Failed);
    assert_eq!(store.next_sending_at().await.unwrap(), None);
    assert!(store.claim_sender(at(99), "a", at(100)).await.unwrap().is_none());

    store.delete_delivery(id(1), at(70), &event(2)).await.unwrap();
    store.delete_delivery(id(2), at(70), &event(3)).await.unwrap();
    assert_eq!(place.count("deliveries").await, 0);
    assert_eq!(events(&store).await, [3, 2]);
    // One that nothing names goes at once.
    store.create_mail_server(&mail_server(4)).await.unwrap();
    store.delete_mail_server(id(4), at(80), &trouble("deleted")).await.unwrap();
    assert!(store.known_mail_server(id(4)).await.unwrap().is_none());
}

async fn what_may_be_on_its_way_is_not_deleted(Bench { store, .. }: Bench) {
    waiting(&store).await;
    put(
        &store,
        &[
            Delivery { next_at: at(900), ..delivery(2) },
            Delivery { state: DeliveryState::Failed, done_at: Some(at(12)), ..delivery(3) },
            Delivery { state: DeliveryState::Sent, done_at: Some(at(12)), ..delivery(4) },
        ],
    )
    .await;
    assert!(store.claim_sender(at(20), "holder", at(50)).await.unwrap().is_some());
    let refused = store.delete_delivery(id(1), at(21), &event(1)).await;
    assert!(matches!(refused, Err(Error::InUse)));
    for n in 2..=4 {
        store.delete_delivery(id(n), at(21), &event(n)).await.unwrap();
    }
    assert_eq!(events(&store).await, [4, 3, 2]);
    store.set_paused(id(2), true).await.unwrap();
    store.delete_delivery(id(1), at(22), &event(5)).await.unwrap();
    let missing = store.delete_delivery(id(1), at(23), &event(6)).await;
    assert!(matches!(missing, Err(Error::Missing)));
    assert_eq!(events(&store).await, [5, 4, 3, 2]);
}

async fn what_was_over_long_ago_is_forgotten_and_nothing_else(Bench { store, place }: Bench) {
    waiting(&store).await;
    let done = |state, seconds| Delivery { state, done_at: Some(at(seconds)), ..delivery(0) };
    put(
        &store,
        &[
            Delivery { id: id(2), ..done(DeliveryState::Sent, 12) },
            Delivery { id: id(3), ..done(DeliveryState::Sent, 13) },
            Delivery { id: id(4), ..done(DeliveryState::Sent, 14) },
            Delivery { id: id(5), ..done(DeliveryState::Failed, 12) },
            Delivery { id: id(6), ..done(DeliveryState::Failed, 14) },
        ],
    )
    .await;
    assert_eq!(store.sweep_deliveries(at(14), 1).await.unwrap(), 1);
    assert_eq!(store.sweep_deliveries(at(14), 5).await.unwrap(), 2);
    assert_eq!(store.sweep_deliveries(at(14), 5).await.unwrap(), 0);
    assert_eq!(place.count("deliveries").await, 3);
    for n in [1, 4, 6] {
        assert!(store.delivery(id(n)).await.unwrap().is_some(), "{n}");
    }
}

async fn what_was_not_answered_for_is_counted_and_what_was_not_offered_is_not(
    Bench { store, .. }: Bench,
) {
    waiting(&store).await;
    for (n, ended, counts) in [
        (1, Ended::Unanswered, (1, 1)),
        (2, Ended::Refused, (2, 1)),
        (3, Ended::Unoffered, (2, 1)),
        (4, Ended::Unanswered, (3, 2)),
    ] {
        let (seen, next) = (read(&store).await, Next::At(at(20 + n)));
        assert!(
            store.delivery_not_taken(&seen, ended, next, &refused(), at(20), None).await.unwrap()
        );
        let after = read(&store).await;
        assert_eq!((after.attempts, after.unanswered), counts, "{ended:?}");
    }
    store.retry_delivery(id(1), at(30), &event(1)).await.unwrap();
    let anew = read(&store).await;
    assert_eq!((anew.attempts, anew.unanswered), (0, 0));
}

async fn a_mail_is_to_be_sent_only_as_it_was_seen_and_by_whoever_holds_its_server(
    Bench { store, .. }: Bench,
) {
    let seen = waiting(&store).await;
    assert_eq!(store.still_to_send(&seen, "holder").await.unwrap(), Still::Lost);
    store.claim_sender(at(20), "holder", at(50)).await.unwrap().unwrap();
    assert_eq!(store.still_to_send(&seen, "holder").await.unwrap(), Still::Due);
    assert_eq!(store.still_to_send(&seen, "another").await.unwrap(), Still::Lost);
    store.retry_delivery(id(1), at(21), &event(1)).await.unwrap();
    assert_eq!(store.still_to_send(&seen, "holder").await.unwrap(), Still::Changed);
    let seen = read(&store).await;
    assert_eq!(store.still_to_send(&seen, "holder").await.unwrap(), Still::Due);
    assert!(store.delivery_sent(id(1), at(22)).await.unwrap());
    assert_eq!(store.still_to_send(&seen, "holder").await.unwrap(), Still::Changed);
    store.set_paused(id(2), true).await.unwrap();
    assert_eq!(store.still_to_send(&seen, "holder").await.unwrap(), Still::Lost);
}

async fn a_forward_that_was_given_up_goes_and_no_other(Bench { store, .. }: Bench) {
    channel(&store).await;
    store.create_mail_server(&outgoing(2)).await.unwrap();
    for n in 1..=4 {
        taken(&store, &message(n), n).await;
    }
    let mut intake = store.intake().await.unwrap();
    let forward = |n: u128, state| Delivery {
        kind: DeliveryKind::Forward,
        message_id: Some(id(n)),
        state,
        ..delivery(n)
    };
    for delivery in [
        forward(1, DeliveryState::Failed),
        forward(2, DeliveryState::Waiting),
        forward(3, DeliveryState::Sent),
        Delivery { kind: DeliveryKind::Notice, ..forward(4, DeliveryState::Failed) },
    ] {
        intake.put_delivery(&delivery).await.unwrap();
    }
    let mut dropped = Vec::new();
    for n in 1..=4 {
        dropped.push(intake.drop_failed_forward(id(n)).await.unwrap());
    }
    assert_eq!(dropped, [true, false, false, false]);
    assert!(!intake.drop_failed_forward(id(1)).await.unwrap(), "once");
    intake.commit().await.unwrap();
    assert!(store.delivery(id(1)).await.unwrap().is_none());
    assert!(store.delivery(id(4)).await.unwrap().is_some());
}

async fn notices_are_counted_by_their_server_and_time(Bench { store, .. }: Bench) {
    store.create_mail_server(&outgoing(2)).await.unwrap();
    store.create_mail_server(&outgoing(3)).await.unwrap();
    let written = |n, seconds| Delivery { created_at: at(seconds), ..delivery(n) };
    put(
        &store,
        &[
            written(1, 10),
            Delivery { state: DeliveryState::Sent, done_at: Some(at(12)), ..written(2, 11) },
            written(3, 12),
            Delivery { kind: DeliveryKind::Forward, ..written(4, 12) },
            Delivery { mail_server_id: id(3), ..written(5, 12) },
        ],
    )
    .await;
    let mut intake = store.intake().await.unwrap();
    for (server, after, at_most, count) in [(2, 9, 9, 3), (2, 10, 9, 2), (2, 9, 2, 2), (3, 9, 9, 1)]
    {
        let counted = intake.notices_since(id(server), at(after), at_most).await.unwrap();
        assert_eq!(counted, count, "{server} {after} {at_most}");
    }
}

/// Only PostgreSQL has two who write at the same time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_being_deleted_is_not_given_out() {
    let Some(Bench { store, place }) = Bench::postgres().await else { return };
    let Place::Postgres { url } = &place else { panic!("it is PostgreSQL") };
    waiting(&store).await;
    let other = place.open(&KEY).await.unwrap();
    // Whoever writes event 1 waits for this one, which is behind the deletion itself.
    let mut on = PgConnection::connect(url).await.unwrap();
    let mut blocker = on.begin().await.unwrap();
    let text = "INSERT INTO events (id, at, class, kind, subject, actor, message, hint)
        VALUES ($1, 0, 'audit', '', '', 'nobody', '', '')";
    sqlx::query(text).bind(event(1).id.to_string()).execute(&mut *blocker).await.unwrap();
    let claimer = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let claimed = other.claim_sender(at(20), "holder", at(50)).await.unwrap();
        blocker.rollback().await.unwrap();
        claimed.is_some()
    };
    let told = event(1);
    let (deleted, claimed) = tokio::join!(store.delete_delivery(id(1), at(20), &told), claimer);
    deleted.unwrap();
    assert!(!claimed, "what is being deleted would have been read as due");
    assert!(store.claim_sender(at(20), "holder", at(50)).await.unwrap().is_none());
}
