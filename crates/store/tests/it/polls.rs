//! Who fetches from which server, and when.

use std::sync::Arc;

use outlink_model::MailServerId;
use outlink_model::handler::Handler;
use outlink_model::mail_server::{Direction, MailServer, ServerHealth, SignIn};
use outlink_store::{ConnectionFilter, Page, Poll};

use crate::bench::{Bench, on_both, together};
use crate::samples::{
    at, channel, connection, granted, handler, id, mail_server, project, trouble,
};

on_both!(
    only_a_server_that_can_be_handled_is_polled,
    each_due_server_goes_to_one_poller,
    a_lease_keeps_everybody_else_away,
    many_leases_are_extended_together,
    only_the_holder_tells_how_a_poll_went,
    a_connection_that_stays_open_keeps_its_lease,
    whoever_holds_a_server_that_is_wanted_is_told_until_it_is_given_away,
    servers_that_failed_are_woken_when_their_grant_recovers,
);

fn poll(health: &ServerHealth, next: Option<i64>) -> Poll {
    let connection = connection(1, 1, 20);
    Poll { health: health.clone(), next_poll_at: next.map(at), connection }
}

async fn only_a_server_that_can_be_handled_is_polled(Bench { store, .. }: Bench) {
    store.create_project(&project(1, "SUP")).await.unwrap();
    let poll = async |now| {
        let server = store.claim_poll(at(now), "a", at(now + 10)).await.unwrap();
        server.map(|server| server.id)
    };
    store.create_mail_server(&mail_server(1)).await.unwrap();
    assert_eq!((poll(0).await, store.next_poll().await.unwrap()), (None, None), "no handler");
    store.create_handler(&Handler { enabled: false, ..handler(1) }).await.unwrap();
    assert_eq!((poll(0).await, store.next_poll().await.unwrap()), (None, None), "none at work");
    store.update_handler(&handler(1), at(1)).await.unwrap();
    store.set_paused(id(1), true).await.unwrap();
    assert_eq!((poll(0).await, store.next_poll().await.unwrap()), (None, None), "paused");
    store.set_paused(id(1), false).await.unwrap();
    assert_eq!(store.next_poll().await.unwrap(), Some(at(0)));
    assert_eq!(poll(-1).await, None, "not due");
    assert_eq!(poll(0).await, Some(id(1)));

    let bare = MailServer { sign_in: SignIn::Missing, ..mail_server(3) };
    store.create_mail_server(&bare).await.unwrap();
    store.create_handler(&handler(3)).await.unwrap();
    assert_eq!(poll(5).await, None, "there is nothing to sign in with");
    assert!(!store.claim_server(id(3), "by hand", at(5), at(9)).await.unwrap());
    let out = MailServer { direction: Direction::Outgoing, ..mail_server(2) };
    store.create_mail_server(&out).await.unwrap();
    store.create_handler(&handler(2)).await.unwrap();
    assert_eq!(poll(5).await, None, "nothing is fetched from a server that sends");
}

async fn each_due_server_goes_to_one_poller(Bench { store, .. }: Bench) {
    channel(&store).await;
    for n in 2..=4 {
        store.create_mail_server(&mail_server(n)).await.unwrap();
        store.create_handler(&handler(n)).await.unwrap();
    }
    let store = Arc::new(store);
    let pollers = (0..8).map(|n| {
        let store = store.clone();
        async move { store.claim_poll(at(1), &format!("poller {n}"), at(100)).await.unwrap() }
    });
    let mut polled: Vec<_> =
        together(pollers).await.into_iter().flatten().map(|server| server.id).collect();
    // Somebody may have found nothing while another was about to let go; in life, everybody asks again.
    while let Some(server) = store.claim_poll(at(1), "later", at(100)).await.unwrap() {
        polled.push(server.id);
    }
    polled.sort();
    assert_eq!(polled, [id(1), id(2), id(3), id(4)]);
}

async fn a_lease_keeps_everybody_else_away(Bench { store, .. }: Bench) {
    channel(&store).await;
    assert!(store.claim_server(id(1), "manual", at(0), at(10)).await.unwrap());
    assert!(!store.claim_server(id(1), "manual 2", at(5), at(15)).await.unwrap());
    assert!(store.claim_poll(at(5), "poller", at(15)).await.unwrap().is_none());
    assert_eq!(store.next_poll().await.unwrap(), Some(at(10)));
    let manual = [(id(1), "manual".to_owned())];
    assert_eq!(store.extend_polls(&manual, at(20)).await.unwrap(), [id(1)]);
    assert!(store.claim_poll(at(15), "poller", at(25)).await.unwrap().is_none());

    assert!(store.claim_poll(at(20), "poller", at(30)).await.unwrap().is_some());
    assert_eq!(store.extend_polls(&manual, at(40)).await.unwrap(), [], "it lapsed");
    store.release_poll(id(1), "manual", at(900)).await.unwrap();
    assert!(!store.claim_server(id(1), "third", at(29), at(40)).await.unwrap());
    store.release_poll(id(1), "poller", at(80)).await.unwrap();
    assert_eq!(store.next_poll().await.unwrap(), Some(at(80)));
    assert!(store.claim_server(id(1), "third", at(30), at(40)).await.unwrap());
    store.void_leases().await.unwrap();
    assert!(store.claim_server(id(1), "fourth", at(30), at(40)).await.unwrap());
}

async fn only_the_holder_tells_how_a_poll_went(Bench { store, .. }: Bench) {
    channel(&store).await;
    let failed = ServerHealth {
        trouble: Some(trouble("down")),
        failing_since: Some(at(1)),
        failures: 3,
        ..ServerHealth::default()
    };
    assert!(store.claim_server(id(1), "late", at(0), at(10)).await.unwrap());
    assert!(store.claim_server(id(1), "holder", at(20), at(30)).await.unwrap());
    assert!(!store.finish_poll(id(1), "late", &poll(&failed, Some(900))).await.unwrap());
    let health = async || store.mail_server(id(1)).await.unwrap().unwrap().health;
    assert_eq!(health().await, ServerHealth::default());
    let log = async || {
        store.connections(&ConnectionFilter::default(), &Page::default()).await.unwrap().items
    };
    assert_eq!(log().await, []);
    assert_eq!(store.next_poll().await.unwrap(), Some(at(30)), "the lease stands");

    assert!(store.finish_poll(id(1), "holder", &poll(&failed, Some(80))).await.unwrap());
    // The cell keeps its words without characters that no column takes.
    assert_eq!((health().await.failures, health().await.failing_since), (3, Some(at(1))));
    assert_eq!(store.next_poll().await.unwrap(), Some(at(80)));
    assert!(store.claim_server(id(1), "next", at(21), at(40)).await.unwrap(), "it was given back");
    assert_eq!(log().await.len(), 1);
}

async fn servers_that_failed_are_woken_when_their_grant_recovers(Bench { store, .. }: Bench) {
    let grant_id = granted(&store).await;
    store.create_project(&project(1, "SUP")).await.unwrap();
    let failed = ServerHealth { trouble: Some(trouble("no token")), ..ServerHealth::default() };
    let well = ServerHealth::default();
    let by_grant = SignIn::Grant(grant_id);
    for (n, sign_in, health) in
        [(1, by_grant.clone(), &failed), (2, by_grant, &well), (3, mail_server(3).sign_in, &failed)]
    {
        let server = MailServer { sign_in, ..mail_server(n) };
        store.create_mail_server(&server).await.unwrap();
        store.create_handler(&handler(n)).await.unwrap();
        store.set_server_health(server.id, health, at(900)).await.unwrap();
    }
    store.wake_mail_servers(grant_id, at(50)).await.unwrap();
    let woken = store.claim_poll(at(50), "a", at(60)).await.unwrap().unwrap();
    assert_eq!(woken.id, id(1));
    let other = store.claim_poll(at(50), "b", at(60)).await.unwrap();
    assert!(other.is_none(), "one that works keeps its rhythm, and another grant is no matter");
}

async fn many_leases_are_extended_together(Bench { store, .. }: Bench) {
    store.create_project(&project(1, "SUP")).await.unwrap();
    let holder = |n: u128| format!("holder {n}");
    for n in 1..=120 {
        store.create_mail_server(&mail_server(n)).await.unwrap();
        if n % 3 > 0 {
            assert!(store.claim_server(id(n), &holder(n), at(0), at(10)).await.unwrap());
        }
    }
    assert!(store.claim_server(id(7), "somebody else", at(10), at(90)).await.unwrap());
    let held: Vec<(MailServerId, String)> = (1..=121).map(|n| (id(n), holder(n))).collect();
    let mut ours = store.extend_polls(&held, at(50)).await.unwrap();
    ours.sort();
    let expected: Vec<MailServerId> = (1..=120).filter(|n| n % 3 > 0 && *n != 7).map(id).collect();
    assert_eq!(ours, expected, "each once");
    assert!(!store.claim_server(id(1), "later", at(49), at(90)).await.unwrap());
    assert!(store.claim_server(id(3), "later", at(49), at(90)).await.unwrap(), "nobody had it");
    assert_eq!(store.extend_polls(&[], at(60)).await.unwrap(), []);
}

async fn a_connection_that_stays_open_keeps_its_lease(Bench { store, .. }: Bench) {
    channel(&store).await;
    let well = ServerHealth { ok_at: Some(at(20)), ..ServerHealth::default() };
    store.claim_poll(at(20), "holder", at(30)).await.unwrap().unwrap();
    assert!(store.finish_poll(id(1), "holder", &poll(&well, None)).await.unwrap());
    assert_eq!(store.mail_server(id(1)).await.unwrap().unwrap().health, well);
    assert!(store.claim_poll(at(29), "other", at(40)).await.unwrap().is_none());
    let held = [(id(1), "holder".to_owned())];
    assert_eq!(store.extend_polls(&held, at(60)).await.unwrap(), [id(1)]);
    assert_eq!(store.next_poll().await.unwrap(), Some(at(60)), "when the lease lapses");
    let lost = store.claim_poll(at(60), "other", at(90)).await.unwrap();
    assert!(lost.is_some(), "whoever had it is gone");
}

async fn whoever_holds_a_server_that_is_wanted_is_told_until_it_is_given_away(
    Bench { store, .. }: Bench,
) {
    channel(&store).await;
    store.want_server(id(1), at(1)).await.unwrap();
    assert!(store.wanted_holders().await.unwrap().is_empty(), "nobody holds it");
    store.claim_poll(at(20), "watcher", at(30)).await.unwrap().unwrap();
    assert!(store.wanted_holders().await.unwrap().is_empty(), "nobody wants it");
    store.want_server(id(1), at(21)).await.unwrap();
    store.want_server(id(1), at(22)).await.unwrap();
    assert_eq!(store.wanted_holders().await.unwrap(), ["watcher"]);
    let held = [(id(1), "watcher".to_owned())];
    store.extend_polls(&held, at(40)).await.unwrap();
    assert_eq!(store.wanted_holders().await.unwrap(), ["watcher"], "until there is room");
    store.release_poll(id(1), "watcher", at(90)).await.unwrap();
    assert!(store.wanted_holders().await.unwrap().is_empty());
    assert!(store.claim_server(id(1), "by hand", at(23), at(40)).await.unwrap());
    assert!(store.wanted_holders().await.unwrap().is_empty(), "whoever wanted it has it");
}
