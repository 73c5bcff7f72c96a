//! A database of a version that sent no mail.

use outlink_model::handler::Handler;
use outlink_store::{DeliveryFilter, Page};

use crate::bench::{KEY, Place, fresh_schema};
use crate::samples::{at, delivery, id, outgoing, put};
use crate::upgrade::{made_by, write};
use crate::upgrade_mail::filled;

const ROWS: [&str; 3] = [
    "INSERT INTO mail_servers (id, name, direction, protocol, security, host, port, mailbox, grant_id, password,
        folders, take, poll_seconds, paused, ok_at, trouble, failing_since, failures, next_poll_at, lease_holder,
        lease_until, created_at, updated_at)
    VALUES ({1}, 'server 1', 'incoming', 'imap', 'tls', 'imap.example.org', 993, 'support@example.org', NULL, NULL,
        'INBOX', 'new', 90, 0, {at:3}, NULL, NULL, 0, {at:0}, NULL, NULL, {at:2}, {at:2})",
    "INSERT INTO projects (id, key, name, next_number, created_at) VALUES ({1}, 'SUP', 'Support', 2, {at:0})",
    "INSERT INTO handlers (id, name, mail_server_id, project_id, kind, enabled, created_at, updated_at)
    VALUES ({1}, 'handler 1', {1}, {1}, 'create_or_comment', 1, {at:4}, {at:4})",
];

async fn handlers_of_an_older_version_learn_to_send(place: Place) {
    made_by(&place, &["0001_init.sql", "0002_links_and_grants.sql", "0003_mail_in.sql"]).await;
    for row in ROWS {
        write(&place, filled(row)).await;
    }
    let store = place.open(&KEY).await.unwrap();
    let read = store.handler(id(1)).await.unwrap().unwrap();
    assert_eq!((read.outgoing_id, read.updated_at), (None, at(4)));
    let listed = store.deliveries(&DeliveryFilter::default(), &Page::default()).await.unwrap();
    assert!(listed.items.is_empty());
    assert_eq!(store.next_sending_at().await.unwrap(), None);

    store.create_mail_server(&outgoing(2)).await.unwrap();
    let sends = Handler { outgoing_id: Some(id(2)), updated_at: at(9), ..read };
    store.update_handler(&sends, at(4)).await.unwrap();
    put(&store, &[delivery(1)]).await;
    let sender = store.claim_sender(at(20), "holder", at(50)).await.unwrap().unwrap();
    assert_eq!(sender.id, id(2));
    assert!(store.delivery_sent(id(1), at(21)).await.unwrap());
}

#[tokio::test]
async fn handlers_of_an_older_version_learn_to_send_on_sqlite() {
    handlers_of_an_older_version_learn_to_send(Place::Sqlite(tempfile::tempdir().unwrap())).await;
}

#[tokio::test]
async fn handlers_of_an_older_version_learn_to_send_on_postgres() {
    if let Some(url) = fresh_schema().await {
        handlers_of_an_older_version_learn_to_send(Place::Postgres { url }).await;
    }
}
