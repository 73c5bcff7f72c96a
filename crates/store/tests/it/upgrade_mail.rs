//! A database of a version that knew less of mail: one folder a server, handlers without settings, POP3 not at all.

use outlink_model::handler::{Handler, HandlerSettings};
use outlink_model::mail_server::{After, Cursor, MailServer, ServerHealth, Take};
use outlink_model::message::{Authentication, Outcome};
use outlink_model::tracker::NewIssue;
use outlink_store::MessageFilter;

use crate::bench::{KEY, Place, fresh_schema};
use crate::samples::{alice, at, id, message, new_issue, page};
use crate::upgrade::{made_by, write};

/// `{n}` is the id with this number, `{at:n}` the time so many seconds after the tests begin.
const ROWS: [&str; 12] = [
    "INSERT INTO mail_servers (id, name, direction, protocol, security, host, port, mailbox, grant_id, password,
        folder, take, poll_seconds, paused, ok_at, trouble, failing_since, failures, next_poll_at, lease_holder,
        lease_until, created_at)
    VALUES ({1}, 'server 1', 'incoming', 'imap', 'tls', 'imap.example.org', 993, 'support@example.org', NULL, NULL,
        'Büro/Support', 'new', 90, 1, {at:3}, NULL, NULL, 0, {at:0}, NULL, NULL, {at:2})",
    "INSERT INTO folders (mail_server_id, name, uid_validity, last_uid) VALUES ({1}, 'Büro/Support', 5, 17)",
    "INSERT INTO projects (id, key, name, next_number, created_at) VALUES ({1}, 'SUP', 'Support', 2, {at:0})",
    "INSERT INTO handlers (id, name, mail_server_id, project_id, kind, enabled, created_at)
    VALUES ({1}, 'handler 1', {1}, {1}, 'create_or_comment', 1, {at:4})",
    "INSERT INTO handlers (id, name, mail_server_id, project_id, kind, enabled, created_at)
    VALUES ({2}, 'handler 2', {1}, {1}, 'create_or_comment', 0, {at:5})",
    "INSERT INTO people (id, address, name) VALUES ({1}, 'alice@example.org', 'Alice')",
    "INSERT INTO people (id, address, name) VALUES ({2}, 'bob@example.org', 'Bob')",
    "INSERT INTO people (id, address, name) VALUES ({3}, '', 'Nobody')",
    "INSERT INTO issues (id, project_id, key, summary, description, status, reporter_id, comment_count, created_at,
        updated_at)
    VALUES ({1}, {1}, 'SUP-1', 'Subject', 'Hello', 'open', {1}, 3, {at:0}, {at:0})",
    "INSERT INTO comments (id, issue_id, author_id, body, message_id, created_at)
    VALUES ({1}, {1}, {2}, 'a', NULL, {at:0}), ({2}, {1}, {2}, 'b', NULL, {at:0}), ({3}, {1}, {3}, 'c', NULL, {at:0})",
    "INSERT INTO messages (id, mail_server_id, folder, uid_validity, uid, message_id, sha256, internal_date, sender,
        subject, size, outcome, reason, issue_id, comment_id, received_at, flagged)
    VALUES ({1}, {1}, 'Büro/Support', 5, 17, '1@example.org', NULL, {at:0}, 'Alice <alice@example.org>', 'Subject',
        100, 'created', NULL, {1}, NULL, {at:1}, 1)",
    "INSERT INTO events (id, at, kind, subject, state, actor, message, hint)
    VALUES ({1}, {at:0}, 'issue.created', 'SUP-1', NULL, 'nobody', 'It was.', '')",
];

/// Puts ids and times in.
pub(crate) fn filled(row: &str) -> String {
    let mut text = row.to_owned();
    for n in 0_u128..=5 {
        let time = at(i64::try_from(n).unwrap()).as_microsecond().to_string();
        text = text.replace(&format!("{{at:{n}}}"), &time);
        text = text.replace(&format!("{{{n}}}"), &format!("'{}'", uuid::Uuid::from_u128(n)));
    }
    text
}

async fn what_an_older_version_took_in_goes_on(place: Place) {
    made_by(&place, &["0001_init.sql", "0002_links_and_grants.sql"]).await;
    for row in ROWS {
        write(&place, filled(row)).await;
    }
    let store = place.open(&KEY).await.unwrap();

    let server = store.mail_server_by_name("server 1").await.unwrap().unwrap();
    assert_eq!(server.folders, ["Büro/Support"]);
    assert_eq!((&server.after, server.take), (&After::Keep, Take::New));
    assert_eq!((server.poll_seconds, server.idle, server.time_limit_seconds), (90, true, 60));
    assert_eq!((server.paused, server.created_at, server.updated_at), (true, at(2), at(2)));
    assert_eq!((server.description.as_str(), &server.authserv_id), ("", &None));
    let health = ServerHealth { ok_at: Some(at(3)), ..ServerHealth::default() };
    assert_eq!(server.health, health);
    let cursor = Cursor { uid_validity: 5, last_uid: 17, first_uid: 0 };
    assert_eq!(store.cursor(id(1), "Büro/Support").await.unwrap(), Some(cursor));
    let edited = MailServer { take: Take::Since(at(-9)), updated_at: at(9), ..server };
    store.update_mail_server(&edited, at(2)).await.unwrap();

    let handlers = store.handlers_of_server(id(1)).await.unwrap();
    let [first, second] = &handlers[..] else { panic!("two handlers") };
    assert_eq!((first.id, second.id, second.enabled), (id(1), id(2), false));
    assert_eq!((&first.settings, first.position), (&HandlerSettings::default(), 0));
    assert_eq!(first.updated_at, at(4));
    store.order_handlers(id(1), &[id(2), id(1)]).await.unwrap();
    let seen = store.handler(id(1)).await.unwrap().unwrap();
    store
        .update_handler(&Handler { enabled: false, ..seen.clone() }, seen.updated_at)
        .await
        .unwrap();

    let issue = store.issue_by_key("SUP-1").await.unwrap().unwrap();
    assert_eq!((issue.issue_type.as_str(), issue.priority, issue.comments), ("Task", None, 3));
    assert!(issue.labels.is_empty() && issue.assignee.is_none());
    let involved = store.involved(id(1)).await.unwrap();
    assert_eq!(
        involved,
        ["alice@example.org", "bob@example.org"],
        "who wrote, once, and not nobody"
    );

    let of_server = MessageFilter { mail_server: Some(id(1)), ..MessageFilter::default() };
    let listed = store.messages(&of_server, &page(5, None)).await.unwrap();
    let [read] = &listed.items[..] else { panic!("one message") };
    assert_eq!((read.place.uidl.as_ref(), read.handler_id, read.delete), (None, None, false));
    assert_eq!((read.sender.as_str(), read.authentication), ("", Authentication::None));
    assert_eq!((read.outcome, read.issue_id), (Outcome::Created, Some(id(1))));

    let mut intake = store.intake().await.unwrap();
    let (folder, uid) = (read.place.folder.as_str(), read.place.uid);
    let known = intake.known_uids(id(1), folder, read.place.uid_validity, uid..=uid).await.unwrap();
    assert_eq!(known.len(), 1);
    assert!(intake.is_involved(id(1), "bob@example.org").await.unwrap());
    let reporter = alice(&mut intake).await;
    let next = NewIssue { labels: vec!["new".into()], ..new_issue(2, reporter) };
    assert_eq!(intake.create_issue(&next, at(9)).await.unwrap(), "SUP-2");
    let mut message = message(2);
    message.sha256 = None;
    intake.put_message(&message).await.unwrap();
    intake.commit().await.unwrap();
}

#[tokio::test]
async fn what_an_older_version_took_in_goes_on_on_sqlite() {
    what_an_older_version_took_in_goes_on(Place::Sqlite(tempfile::tempdir().unwrap())).await;
}

#[tokio::test]
async fn what_an_older_version_took_in_goes_on_on_postgres() {
    if let Some(url) = fresh_schema().await {
        what_an_older_version_took_in_goes_on(Place::Postgres { url }).await;
    }
}
