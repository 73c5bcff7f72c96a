//! Who sends through which server, and when.

use std::sync::Arc;
use std::time::Duration;

use outlink_model::delivery::{Delivery, DeliveryState};
use outlink_model::mail_server::{Direction, MailServer, ServerHealth, SignIn};
use outlink_store::{Poll, Store};

use crate::bench::{Bench, KEY, on_both, together};
use crate::samples::{
    at, channel, connection, delivery, granted, id, mail_server, outgoing, put, trouble,
};

on_both!(
    only_a_server_that_can_send_something_is_given,
    the_next_time_is_that_of_what_can_be_sent,
    each_server_is_held_by_one_sender,
    a_server_is_given_while_a_delivery_is_being_written,
    one_that_fails_waits_and_holds_back_no_other,
    an_outgoing_server_fares_as_others_do,
);

async fn claimed(store: &Store, now: i64) -> Option<u128> {
    let server = store.claim_sender(at(now), &format!("holder {now}"), at(now + 10)).await.unwrap();
    server.map(|server| server.id.0.as_u128())
}

async fn only_a_server_that_can_send_something_is_given(Bench { store, .. }: Bench) {
    channel(&store).await;
    store.create_mail_server(&outgoing(2)).await.unwrap();
    assert_eq!(claimed(&store, 10).await, None, "there is nothing to send");
    let of = |n, state| Delivery { state, ..delivery(n) };
    put(&store, &[of(1, DeliveryState::Sent), of(2, DeliveryState::Failed)]).await;
    put(&store, &[Delivery { next_at: at(50), ..delivery(3) }]).await;
    assert_eq!(claimed(&store, 49).await, None, "nothing is due");
    store.set_paused(id(2), true).await.unwrap();
    assert_eq!(claimed(&store, 50).await, None, "it is paused");
    store.set_paused(id(2), false).await.unwrap();

    let bare = MailServer { sign_in: SignIn::Missing, ..outgoing(3) };
    let incoming = MailServer { direction: Direction::Incoming, ..outgoing(4) };
    for (n, server) in [(3, bare), (4, incoming)] {
        store.create_mail_server(&server).await.unwrap();
        put(&store, &[Delivery { mail_server_id: id(n), ..delivery(10 + n) }]).await;
    }
    assert_eq!(claimed(&store, 49).await, None, "none of the two can send");
    assert_eq!(claimed(&store, 50).await, Some(2));
    assert_eq!(claimed(&store, 51).await, None, "somebody is at it");
    assert!(store.claim_poll(at(60), "poller", at(70)).await.unwrap().is_some());
    assert!(store.claim_poll(at(61), "poller", at(71)).await.unwrap().is_none(), "only server 1");
}

async fn the_next_time_is_that_of_what_can_be_sent(Bench { store, .. }: Bench) {
    let next = async || store.next_sending_at().await.unwrap();
    store.create_mail_server(&outgoing(2)).await.unwrap();
    store.create_mail_server(&outgoing(3)).await.unwrap();
    assert_eq!(next().await, None);
    let through = |n: u128, server, seconds| Delivery {
        mail_server_id: id(server),
        next_at: at(seconds),
        ..delivery(n)
    };
    put(&store, &[through(1, 2, 50), through(2, 2, 40), through(3, 3, 60)]).await;
    assert_eq!(next().await, Some(at(40)));
    let health = ServerHealth::default();
    store.set_server_health(id(2), &health, at(55)).await.unwrap();
    assert_eq!(next().await, Some(at(55)), "the server waits");
    store.set_server_health(id(2), &health, at(70)).await.unwrap();
    assert_eq!(next().await, Some(at(60)), "the other does not");
    assert!(store.claim_server(id(3), "holder", at(60), at(65)).await.unwrap());
    assert_eq!(next().await, Some(at(65)), "when the lease lapses");
    store.set_paused(id(3), true).await.unwrap();
    assert_eq!(next().await, Some(at(70)));
    store.delivery_sent(id(1), at(71)).await.unwrap();
    store.delivery_sent(id(2), at(71)).await.unwrap();
    assert_eq!(next().await, None, "what waits cannot be sent");
}

async fn each_server_is_held_by_one_sender(Bench { store, place }: Bench) {
    for n in 2..=5 {
        store.create_mail_server(&outgoing(n)).await.unwrap();
        put(&store, &[Delivery { mail_server_id: id(n), ..delivery(n) }]).await;
    }
    let (store, other) = (Arc::new(store), Arc::new(place.open(&KEY).await.unwrap()));
    let claims = (0..12).map(|n| {
        let store = if n % 2 == 0 { store.clone() } else { other.clone() };
        async move {
            let mut got = Vec::new();
            // On PostgreSQL a claim passes over what another is just about to take.
            for round in 0..4 {
                let holder = format!("holder {n} {round}");
                if let Some(server) = store.claim_sender(at(20), &holder, at(50)).await.unwrap() {
                    got.push(server.id.0.as_u128());
                }
            }
            got
        }
    });
    let mut got: Vec<u128> = together(claims).await.into_iter().flatten().collect();
    got.sort_unstable();
    assert_eq!(got, [2, 3, 4, 5], "each once");
    assert_eq!(store.next_sending_at().await.unwrap(), Some(at(50)));
    assert!(store.claim_sender(at(50), "later", at(90)).await.unwrap().is_some(), "it lapsed");
}

async fn a_server_is_given_while_a_delivery_is_being_written(Bench { store, place }: Bench) {
    store.create_mail_server(&outgoing(2)).await.unwrap();
    put(&store, &[delivery(1)]).await;
    let other = place.open(&KEY).await.unwrap();
    let mut intake = store.intake().await.unwrap();
    intake.put_delivery(&delivery(2)).await.unwrap();
    let writer = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        intake.commit().await.unwrap();
    };
    let (claimed, ()) = tokio::join!(other.claim_sender(at(20), "holder", at(50)), writer);
    assert!(claimed.unwrap().is_some());
    assert_eq!(store.deliveries_to_send(id(2), at(20), 50).await.unwrap().len(), 2);
}

async fn one_that_fails_waits_and_holds_back_no_other(Bench { store, .. }: Bench) {
    for n in 2..=3 {
        store.create_mail_server(&outgoing(n)).await.unwrap();
        put(&store, &[Delivery { mail_server_id: id(n), ..delivery(n) }]).await;
    }
    let failed =
        ServerHealth { trouble: Some(trouble("down")), failures: 1, ..ServerHealth::default() };
    let first = store.claim_sender(at(20), "holder", at(50)).await.unwrap().unwrap();
    let poll = Poll {
        health: failed,
        next_poll_at: Some(at(80)),
        connection: connection(1, first.id.0.as_u128(), 20),
    };
    assert!(store.finish_poll(first.id, "holder", &poll).await.unwrap());
    let second = store.claim_sender(at(21), "holder", at(50)).await.unwrap().unwrap();
    assert_ne!(first.id, second.id);
    assert!(store.claim_sender(at(22), "holder", at(50)).await.unwrap().is_none());
    // What waits has not been attempted, and is not given up for it.
    let [waits] = &store.deliveries_to_send(first.id, at(80), 9).await.unwrap()[..] else {
        panic!("it waits")
    };
    assert_eq!((waits.attempts, waits.state), (0, DeliveryState::Waiting));
    let again = store.claim_sender(at(80), "again", at(90)).await.unwrap().unwrap();
    assert_eq!(
        (again.health.failures, again.health.trouble.is_some()),
        (if again.id == first.id { 1 } else { 0 }, again.id == first.id)
    );
}

async fn an_outgoing_server_fares_as_others_do(Bench { store, .. }: Bench) {
    let grant = granted(&store).await;
    let by_grant = MailServer { sign_in: SignIn::Grant(grant), ..outgoing(2) };
    store.create_mail_server(&by_grant).await.unwrap();
    store.create_mail_server(&mail_server(1)).await.unwrap();
    put(&store, &[delivery(1)]).await;
    let failed = ServerHealth { trouble: Some(trouble("no token")), ..ServerHealth::default() };
    store.set_server_health(id(2), &failed, at(900)).await.unwrap();
    assert_eq!(store.troubled_mail_servers(9).await.unwrap().1, 1);
    assert_eq!(claimed(&store, 50).await, None);
    store.wake_mail_servers(grant, at(50)).await.unwrap();
    assert_eq!(claimed(&store, 50).await, Some(2));
    let held = [(id(2), "holder 50".to_owned())];
    assert_eq!(store.extend_polls(&held, at(90)).await.unwrap(), [id(2)]);
    assert_eq!(claimed(&store, 89).await, None);
    store.release_poll(id(2), "holder 50", at(60)).await.unwrap();
    assert_eq!(claimed(&store, 89).await, Some(2));
    // A change takes the lease from whoever holds it.
    store
        .update_mail_server(&MailServer { host: "new.example.org".into(), ..by_grant }, at(1))
        .await
        .unwrap();
    let held = [(id(2), "holder 89".to_owned())];
    assert_eq!(store.extend_polls(&held, at(99)).await.unwrap(), []);
    let server = store.claim_sender(at(90), "next", at(99)).await.unwrap().unwrap();
    assert_eq!(server.host, "new.example.org");
}
