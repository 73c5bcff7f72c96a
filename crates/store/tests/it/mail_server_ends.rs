//! Mail servers that were deleted.

use std::time::Duration;

use outlink_model::mail_server::{Cursor, MailServer, SignIn};
use outlink_store::{Consent, ConsentState, Error, MessageFilter, Page, Poll, Totals};

use crate::bench::{Bench, on_both};
use crate::samples::{
    at, channel, connection, granted, handler, id, mail_server, message, packed, sha, taken,
    trouble,
};

on_both!(
    a_server_without_messages_goes_with_all_that_is_its,
    a_server_with_messages_is_left_for_the_ledger_alone,
    whoever_is_at_a_deleted_server_leaves,
    a_message_that_is_being_taken_in_keeps_its_server,
);

async fn a_server_without_messages_goes_with_all_that_is_its(Bench { store, place }: Bench) {
    granted(&store).await;
    channel(&store).await;
    store.create_mail_server(&mail_server(2)).await.unwrap();
    let consent = Consent {
        id: id(1),
        link_id: id(1),
        grant_id: None,
        mail_server: Some(id(1)),
        login_hint: None,
        state: ConsentState::Offered,
        verifier: None,
        nonce: None,
        redirect_url: None,
        device: None,
        created_at: at(0),
        expires_at: at(600),
    };
    store.create_consent(&consent, &[1; 32]).await.unwrap();
    assert_eq!(store.consent(id(1)).await.unwrap().unwrap().mail_server, Some(id(1)));
    let mut intake = store.intake().await.unwrap();
    let cursor = Cursor { uid_validity: 5, last_uid: 9, first_uid: 1 };
    intake.set_cursor(id(1), "INBOX", &cursor).await.unwrap();
    intake.commit().await.unwrap();

    store.delete_mail_server(id(1), at(9), &trouble("deleted")).await.unwrap();
    assert!(store.mail_server(id(1)).await.unwrap().is_none());
    for (table, left) in [("mail_servers", 1), ("handlers", 0), ("folders", 0), ("consents", 1)] {
        assert_eq!(place.count(table).await, left, "{table}");
    }
    assert_eq!(store.consent(id(1)).await.unwrap().unwrap().mail_server, None);
    assert!(matches!(
        store.delete_mail_server(id(1), at(9), &trouble("deleted")).await,
        Err(Error::Missing)
    ));
    let astray = Consent { id: id(2), mail_server: Some(id(1)), ..consent };
    let refused = store.create_consent(&astray, &[2; 32]).await;
    assert!(matches!(refused, Err(Error::Missing)));
}

async fn a_server_with_messages_is_left_for_the_ledger_alone(Bench { store, place }: Bench) {
    let grant = granted(&store).await;
    channel(&store).await;
    let by_grant = MailServer { sign_in: SignIn::Grant(grant), ..mail_server(1) };
    store.update_mail_server(&by_grant, at(1)).await.unwrap();
    taken(&store, &message(1), 1).await;
    store.delete_mail_server(id(1), at(9), &trouble("deleted")).await.unwrap();

    assert!(store.mail_server(id(1)).await.unwrap().is_none(), "it is not found by its id");
    let known = store.known_mail_server(id(1)).await.unwrap().unwrap();
    assert_eq!((known.deleted, known.shown_name().as_str()), (true, "server 1 (deleted)"));
    let left = known.server;
    assert!(left.paused && matches!(left.sign_in, SignIn::Missing));
    let of_it = MessageFilter { mail_server: Some(id(1)), ..MessageFilter::default() };
    assert_eq!(store.messages(&of_it, &Page::default()).await.unwrap().items.len(), 1);

    assert_eq!(store.mail_servers(&Page::default()).await.unwrap().items.len(), 0);
    assert!(store.mail_server_by_name("server 1").await.unwrap().is_none());
    assert!(
        store
            .mail_server_by_name(&format!("server 1 (deleted {})", left.id))
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(store.mail_servers_of_grant(grant).await.unwrap().len(), 0);
    assert_eq!(store.troubled_mail_servers(9).await.unwrap().1, 0);
    let totals = Totals {
        mail_servers: 0,
        handlers: 0,
        any_issue: false,
        waiting_deliveries: 0,
        failed_deliveries: 0,
    };
    assert_eq!(store.totals().await.unwrap(), totals);

    let missing = |result: Result<(), Error>| assert!(matches!(result, Err(Error::Missing)));
    missing(store.delete_mail_server(id(1), at(9), &trouble("deleted")).await);
    missing(store.update_mail_server(&left, left.updated_at).await);
    missing(store.set_paused(id(1), false).await);
    missing(store.create_handler(&handler(1)).await);
    missing(store.order_handlers(id(1), &[]).await);
    assert!(!store.claim_server(id(1), "a", at(10), at(20)).await.unwrap());
    assert!(store.claim_poll(at(10), "a", at(20)).await.unwrap().is_none());
    assert_eq!(store.next_poll().await.unwrap(), None);

    // The grant is free to go, and so is the name.
    let again = MailServer { name: "server 1".into(), ..mail_server(2) };
    store.create_mail_server(&again).await.unwrap();
    let known = store.known_mail_server(id(2)).await.unwrap().unwrap();
    assert_eq!((known.deleted, known.shown_name().as_str()), (false, "server 1"));
    store.delete_mail_server(id(2), at(10), &trouble("deleted")).await.unwrap();
    assert_eq!(place.count("mail_servers").await, 1);
}

async fn whoever_is_at_a_deleted_server_leaves(Bench { store, .. }: Bench) {
    channel(&store).await;
    taken(&store, &message(1), 1).await;
    store.claim_poll(at(5), "holder", at(15)).await.unwrap().unwrap();
    store.delete_mail_server(id(1), at(9), &trouble("deleted")).await.unwrap();
    let held = [(id(1), "holder".to_owned())];
    assert_eq!(store.extend_polls(&held, at(25)).await.unwrap(), []);
    let poll = Poll {
        health: mail_server(1).health,
        next_poll_at: Some(at(60)),
        connection: connection(1, 1, 9),
    };
    assert!(!store.finish_poll(id(1), "holder", &poll).await.unwrap());
}

async fn a_message_that_is_being_taken_in_keeps_its_server(Bench { store, place }: Bench) {
    channel(&store).await;
    let other = place.open(&crate::bench::KEY).await.unwrap();
    let mut intake = store.intake().await.unwrap();
    intake.put_raws(&[(&sha(1), &packed(1))]).await.unwrap();
    intake.put_message(&message(1)).await.unwrap();
    let writer = async {
        // By now the deletion waits.
        tokio::time::sleep(Duration::from_millis(200)).await;
        intake.commit().await.unwrap();
    };
    let why = trouble("deleted");
    let (deleted, ()) = tokio::join!(other.delete_mail_server(id(1), at(9), &why), writer);
    deleted.unwrap();
    assert!(store.known_mail_server(id(1)).await.unwrap().is_some());
    assert!(store.message(id(1)).await.unwrap().is_some());
}
