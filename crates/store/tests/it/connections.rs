//! The connectivity log.

use outlink_model::grant::Trouble;
use outlink_model::mail_server::{Connection, ServerHealth};
use outlink_store::{ConnectionFilter, Page, Poll, Store};

use crate::bench::{Bench, on_both};
use crate::samples::{at, channel, connection, handler, id, mail_server, page, trouble};

on_both!(
    what_goes_the_same_way_is_one_line,
    lines_are_listed_newest_first,
    old_lines_are_forgotten,
);

/// Poll `n` of a server, at so many seconds, that brought so many messages.
async fn polled(
    store: &Store,
    n: u128,
    server: u128,
    seconds: i64,
    went: Option<Trouble>,
    messages: u64,
) {
    let now = at(seconds);
    assert!(store.claim_server(id(server), "holder", now, now).await.unwrap());
    let health = ServerHealth { trouble: went.clone(), ..ServerHealth::default() };
    let connection = Connection { trouble: went, messages, ..connection(n, server, seconds) };
    let poll = Poll { health, next_poll_at: Some(now), connection };
    assert!(store.finish_poll(id(server), "holder", &poll).await.unwrap());
}

async fn two_servers(store: &Store) {
    channel(store).await;
    store.create_mail_server(&mail_server(2)).await.unwrap();
    store.create_handler(&handler(2)).await.unwrap();
}

/// The lines: server, from, until, trouble, polls, messages.
async fn lines(
    store: &Store,
    filter: ConnectionFilter,
) -> Vec<(u128, i64, i64, Option<String>, u64, u64)> {
    let seconds = |at_time: outlink_model::Timestamp| at_time.as_second() - at(0).as_second();
    let listed = store.connections(&filter, &Page::default()).await.unwrap().items;
    let line = |line: Connection| {
        (
            line.mail_server_id.0.as_u128(),
            seconds(line.began_at),
            seconds(line.last_at),
            line.trouble.map(|trouble| trouble.reason),
            line.polls,
            line.messages,
        )
    };
    listed.into_iter().map(line).collect()
}

async fn what_goes_the_same_way_is_one_line(Bench { store, .. }: Bench) {
    two_servers(&store).await;
    let down = || Some(trouble("down"));
    polled(&store, 1, 1, 0, None, 5).await;
    polled(&store, 2, 2, 30, down(), 0).await;
    polled(&store, 3, 1, 60, None, 2).await;
    polled(&store, 4, 1, 120, down(), 0).await;
    polled(&store, 5, 1, 180, down(), 0).await;
    polled(&store, 6, 1, 240, Some(trouble("refused")), 0).await;
    polled(&store, 7, 1, 300, None, 0).await;
    polled(&store, 8, 1, 300 + 3599, None, 1).await;
    polled(&store, 9, 1, 300 + 3600, None, 1).await;
    let all = lines(&store, ConnectionFilter::default()).await;
    let reason = |text: &str| Some(text.to_owned());
    let expected = [
        (1, 3900, 3900, None, 1, 1),
        (1, 300, 3899, None, 2, 1),
        (1, 240, 240, reason("refused"), 1, 0),
        (1, 120, 180, reason("down"), 2, 0),
        (2, 30, 30, reason("down"), 1, 0),
        (1, 0, 60, None, 2, 7),
    ];
    assert_eq!(all, expected);
    let of_first = ConnectionFilter { mail_server: Some(id(1)), failed_only: true };
    let failed = lines(&store, of_first).await;
    assert_eq!(failed, [expected[2].clone(), expected[3].clone()]);
    let of_second = ConnectionFilter { mail_server: Some(id(2)), failed_only: false };
    assert_eq!(lines(&store, of_second).await, [expected[4].clone()]);
    let failed = ConnectionFilter { mail_server: None, failed_only: true };
    assert_eq!(lines(&store, failed).await.len(), 3);
}

async fn lines_are_listed_newest_first(Bench { store, .. }: Bench) {
    channel(&store).await;
    for n in 1..=3 {
        polled(&store, n, 1, i64::try_from(n).unwrap() * 3600, None, 0).await;
    }
    let all = ConnectionFilter::default();
    let first = store.connections(&all, &page(2, None)).await.unwrap();
    assert_eq!(first.items, [connection(3, 1, 3 * 3600), connection(2, 1, 2 * 3600)]);
    let second = store.connections(&all, &page(2, first.next.as_deref())).await.unwrap();
    assert_eq!((second.items, second.next), (vec![connection(1, 1, 3600)], None));
}

async fn old_lines_are_forgotten(Bench { store, place }: Bench) {
    channel(&store).await;
    for n in 1..=4 {
        polled(&store, n, 1, i64::try_from(n).unwrap() * 3600, None, 0).await;
    }
    assert_eq!(store.sweep_connections(at(3 * 3600 + 1), 2).await.unwrap(), 2);
    let left = lines(&store, ConnectionFilter::default()).await;
    assert_eq!(left.iter().map(|line| line.1).collect::<Vec<_>>(), [4 * 3600, 3 * 3600]);
    assert_eq!(store.sweep_connections(at(3 * 3600 + 1), 2).await.unwrap(), 1);
    assert_eq!(store.sweep_connections(at(3 * 3600 + 1), 2).await.unwrap(), 0);
    store.delete_mail_server(id(1), at(9), &trouble("deleted")).await.unwrap();
    assert_eq!(place.count("connections").await, 0, "a server takes its lines along");
}
