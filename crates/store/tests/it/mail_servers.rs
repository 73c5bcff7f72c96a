//! Mail servers, as administrators set them up.

use outlink_model::mail_server::{After, MailServer, Protocol, ServerHealth, SignIn, Take};
use outlink_store::Error;

use crate::bench::{Bench, on_both};
use crate::samples::{at, channel, granted, id, mail_server, page, shown, trouble};

on_both!(
    a_mail_server_comes_back_as_it_was_written,
    names_are_taken_once_and_grants_must_exist,
    an_edit_leaves_pause_and_health_alone,
    an_edit_undoes_nobody_elses,
    an_edit_and_a_pause_take_the_lease,
);

async fn a_mail_server_comes_back_as_it_was_written(Bench { store, .. }: Bench) {
    let grant_id = granted(&store).await;
    store.create_mail_server(&mail_server(1)).await.unwrap();
    let health = ServerHealth {
        ok_at: Some(at(1)),
        trouble: Some(trouble("down")),
        failing_since: Some(at(2)),
        failures: 3,
        note: Some("no UIDPLUS".into()),
    };
    let other = MailServer {
        sign_in: SignIn::Grant(grant_id),
        health,
        description: "Aufträge".into(),
        folders: vec!["INBOX".into(), "Büro/Support 2".into()],
        after: After::Move("Handled".into()),
        take: Take::Since(at(-5000)),
        idle: false,
        time_limit_seconds: 7,
        authserv_id: Some("mx.example.org".into()),
        ..mail_server(2)
    };
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
    assert!(matches!(store.update_mail_server(&mail_server(4), at(1)).await, Err(Error::Missing)));
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
    store.update_mail_server(&edited, at(1)).await.unwrap();
    let read = store.mail_server(id(1)).await.unwrap().unwrap();
    assert_eq!(shown(&read), shown(&MailServer { paused: true, health, ..edited }));
}

async fn an_edit_undoes_nobody_elses(Bench { store, .. }: Bench) {
    store.create_mail_server(&mail_server(1)).await.unwrap();
    let first = MailServer {
        protocol: Protocol::Pop3,
        port: 995,
        after: After::Delete,
        take: Take::New,
        folders: vec!["INBOX".into()],
        updated_at: at(10),
        ..mail_server(1)
    };
    store.update_mail_server(&first, at(1)).await.unwrap();
    let second = MailServer { name: "late".into(), updated_at: at(11), ..mail_server(1) };
    let late = store.update_mail_server(&second, at(1)).await;
    assert!(matches!(late, Err(Error::Stale)));
    let read = store.mail_server(id(1)).await.unwrap().unwrap();
    assert_eq!(shown(&read), shown(&first));
    store.update_mail_server(&second, at(10)).await.unwrap();
    assert_eq!(store.mail_server(id(1)).await.unwrap().unwrap().updated_at, at(11));
    store.create_mail_server(&mail_server(2)).await.unwrap();
    let clash = MailServer { name: "late".into(), ..mail_server(2) };
    assert!(matches!(store.update_mail_server(&clash, at(1)).await, Err(Error::Taken("name"))));
}

async fn an_edit_and_a_pause_take_the_lease(Bench { store, .. }: Bench) {
    channel(&store).await;
    let held = [(id(1), "holder".to_owned())];
    assert!(store.claim_server(id(1), "holder", at(0), at(100)).await.unwrap());
    store.set_paused(id(1), false).await.unwrap();
    assert_eq!(store.extend_polls(&held, at(200)).await.unwrap(), [id(1)], "it is at work");
    store.update_mail_server(&mail_server(1), at(1)).await.unwrap();
    assert_eq!(store.extend_polls(&held, at(200)).await.unwrap(), [], "it is another server now");

    assert!(store.claim_server(id(1), "holder", at(0), at(100)).await.unwrap());
    store.set_paused(id(1), true).await.unwrap();
    assert_eq!(store.extend_polls(&held, at(200)).await.unwrap(), []);
    let read = store.mail_server(id(1)).await.unwrap().unwrap();
    assert!(read.paused);
    assert_eq!(read.updated_at, at(1), "nothing that is edited was changed");
}
