use std::sync::Arc;

use outlink_model::handler::Handler;
use outlink_model::mail_server::{Direction, MailServer, ServerHealth, SignIn};
use outlink_store::Error;

use crate::bench::{Bench, on_both, together};
use crate::samples::{
    at, channel, granted, handler, id, mail_server, page, project, shown, trouble,
};

on_both!(
    a_mail_server_comes_back_as_it_was_written,
    names_are_taken_once_and_grants_must_exist,
    an_edit_leaves_pause_and_health_alone,
    only_a_server_that_can_be_handled_is_polled,
    each_due_server_goes_to_one_poller,
    a_lease_keeps_everybody_else_away,
    only_the_holder_tells_how_a_poll_went,
    servers_that_failed_are_woken_when_their_grant_recovers,
    handlers_are_kept,
);

async fn a_mail_server_comes_back_as_it_was_written(Bench { store, .. }: Bench) {
    let grant_id = granted(&store).await;
    store.create_mail_server(&mail_server(1)).await.unwrap();
    let health = ServerHealth {
        ok_at: Some(at(1)),
        trouble: Some(trouble("down")),
        failing_since: Some(at(2)),
        failures: 3,
    };
    let other = MailServer { sign_in: SignIn::Grant(grant_id), health, ..mail_server(2) };
    store.create_mail_server(&other).await.unwrap();

    let read = store.mail_server(id(1)).await.unwrap().unwrap();
    assert_eq!(shown(&read), shown(&mail_server(1)));
    let SignIn::Password(password) = read.sign_in else { panic!("it signs in by password") };
    assert_eq!(password.expose(), "mailbox-password-1");
    let read = store.mail_server_by_name("server 2").await.unwrap().unwrap();
    assert_eq!(shown(&read), shown(&other));
    let listed = store.mail_servers(&page(1, None)).await.unwrap();
    assert_eq!((listed.items.len(), listed.next.is_some()), (1, true));
}

async fn names_are_taken_once_and_grants_must_exist(Bench { store, .. }: Bench) {
    store.create_mail_server(&mail_server(1)).await.unwrap();
    let again = MailServer { name: "server 1".into(), ..mail_server(2) };
    assert!(matches!(store.create_mail_server(&again).await, Err(Error::Taken("name"))));
    let orphan = MailServer { sign_in: SignIn::Grant(id(5)), ..mail_server(3) };
    assert!(matches!(store.create_mail_server(&orphan).await, Err(Error::Missing)));
    assert!(matches!(store.update_mail_server(&mail_server(4)).await, Err(Error::Missing)));
}

async fn an_edit_leaves_pause_and_health_alone(Bench { store, .. }: Bench) {
    let grant_id = granted(&store).await;
    store.create_mail_server(&mail_server(1)).await.unwrap();
    store.set_paused(id(1), true).await.unwrap();
    let health = ServerHealth { ok_at: Some(at(3)), ..ServerHealth::default() };
    store.set_server_health(id(1), &health, at(60)).await.unwrap();
    let edited = MailServer {
        host: "other.example.org".into(),
        sign_in: SignIn::Grant(grant_id),
        ..mail_server(1)
    };
    store.update_mail_server(&edited).await.unwrap();
    let read = store.mail_server(id(1)).await.unwrap().unwrap();
    assert_eq!(shown(&read), shown(&MailServer { paused: true, health, ..edited }));
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
    store.update_handler(&handler(1)).await.unwrap();
    store.set_paused(id(1), true).await.unwrap();
    assert_eq!((poll(0).await, store.next_poll().await.unwrap()), (None, None), "paused");
    store.set_paused(id(1), false).await.unwrap();
    assert_eq!(store.next_poll().await.unwrap(), Some(at(0)));
    assert_eq!(poll(-1).await, None, "not due");
    assert_eq!(poll(0).await, Some(id(1)));

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
    assert!(store.extend_poll(id(1), "manual", at(20)).await.unwrap());
    assert!(store.claim_poll(at(15), "poller", at(25)).await.unwrap().is_none());

    assert!(store.claim_poll(at(20), "poller", at(30)).await.unwrap().is_some());
    assert!(!store.extend_poll(id(1), "manual", at(40)).await.unwrap(), "it lapsed");
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
    assert!(!store.finish_poll(id(1), "late", &failed, at(900)).await.unwrap());
    let health = async || store.mail_server(id(1)).await.unwrap().unwrap().health;
    assert_eq!(health().await, ServerHealth::default());
    assert_eq!(store.next_poll().await.unwrap(), Some(at(30)), "the lease stands");

    assert!(store.finish_poll(id(1), "holder", &failed, at(80)).await.unwrap());
    // The cell keeps its words without characters that no column takes.
    assert_eq!((health().await.failures, health().await.failing_since), (3, Some(at(1))));
    assert_eq!(store.next_poll().await.unwrap(), Some(at(80)));
    assert!(store.claim_server(id(1), "next", at(21), at(40)).await.unwrap(), "it was given back");
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

async fn handlers_are_kept(Bench { store, .. }: Bench) {
    channel(&store).await;
    let read = store.handler_by_name("handler 1").await.unwrap().unwrap();
    assert_eq!(shown(&read), shown(&handler(1)));
    assert_eq!(shown(&store.handler(id(1)).await.unwrap().unwrap()), shown(&read));
    let again = Handler { id: id(2), ..handler(1) };
    assert!(matches!(store.create_handler(&again).await, Err(Error::Taken("name"))));
    let orphan = Handler { project_id: id(7), name: "orphan".into(), ..again };
    assert!(matches!(store.create_handler(&orphan).await, Err(Error::Missing)));
    assert_eq!(store.handlers_of_server(id(1)).await.unwrap().len(), 1);
    assert_eq!(store.handlers(&page(5, None)).await.unwrap().items.len(), 1);
    store.delete_handler(id(1)).await.unwrap();
    assert!(store.handler(id(1)).await.unwrap().is_none());
}
