//! Hand-outs.

use std::sync::Arc;

use outlink_model::user::HandOut;

use crate::bench::{Bench, on_both, together};
use crate::samples::{at, id, page};

on_both!(
    hand_outs_of_a_minute_are_merged,
    nothing_is_lost_when_many_add_at_once,
    hand_outs_are_listed_newest_first,
    hand_outs_of_one_grant_are_listed,
    old_hand_outs_are_swept,
);

/// One hand-out of grant `grant` to token `token` in this minute.
fn hand_out(token: u128, grant: u128, minute: i64) -> HandOut {
    HandOut {
        token_id: id(token),
        grant_id: id(grant),
        minute: at(minute * 60),
        count: 1,
        first_at: at(minute * 60 + 10),
        last_at: at(minute * 60 + 10),
        addresses: vec!["192.0.2.1".into()],
    }
}

async fn hand_outs_of_a_minute_are_merged(Bench { store, .. }: Bench) {
    let early = HandOut {
        count: 5,
        first_at: at(3),
        last_at: at(8),
        addresses: vec!["2001:db8::1".into(), "192.0.2.1".into()],
        ..hand_out(1, 1, 0)
    };
    let late = HandOut { count: 2, last_at: at(59), ..hand_out(1, 1, 0) };
    store.add_hand_outs(&[]).await.unwrap();
    store.add_hand_outs(&[hand_out(1, 1, 0), hand_out(1, 2, 0), early]).await.unwrap();
    store.add_hand_outs(&[late]).await.unwrap();
    let listed = store.hand_outs(Some(id(1)), &page(9, None)).await.unwrap().items;
    let merged = HandOut {
        count: 8,
        first_at: at(3),
        last_at: at(59),
        addresses: vec!["192.0.2.1".into(), "2001:db8::1".into()],
        ..hand_out(1, 1, 0)
    };
    assert_eq!(listed, [merged]);
    let other = store.hand_outs(Some(id(2)), &page(9, None)).await.unwrap().items;
    assert_eq!(other, [hand_out(1, 2, 0)], "another grant is another row");
}

async fn nothing_is_lost_when_many_add_at_once(Bench { store, .. }: Bench) {
    let store = Arc::new(store);
    let tasks = (0..20_i64).map(|n| {
        let store = store.clone();
        let of = |grant| HandOut {
            last_at: at(20 + n),
            addresses: vec![format!("192.0.2.{n}")],
            ..hand_out(1, grant, 0)
        };
        // In the one order or the other, as two nodes might have them.
        let all = if n % 2 == 0 { [of(1), of(2)] } else { [of(2), of(1)] };
        async move { store.add_hand_outs(&all).await.unwrap() }
    });
    together(tasks).await;
    let listed = store.hand_outs(None, &page(9, None)).await.unwrap().items;
    assert_eq!(listed.len(), 2);
    for it in listed {
        assert_eq!((it.count, it.first_at, it.last_at), (20, at(10), at(39)));
        assert_eq!(it.addresses.len(), 16, "more are not kept");
    }
}

async fn hand_outs_are_listed_newest_first(Bench { store, .. }: Bench) {
    let all = [
        hand_out(2, 1, 0),
        hand_out(1, 2, 0),
        hand_out(1, 1, 0),
        hand_out(1, 1, 2),
        hand_out(2, 2, 1),
    ];
    store.add_hand_outs(&all).await.unwrap();
    let [older_2, older_12, older_11, newest, middle] = all;
    let first = store.hand_outs(None, &page(3, None)).await.unwrap();
    assert_eq!(first.items, [newest, middle, older_2]);
    let second = store.hand_outs(None, &page(3, first.next.as_deref())).await.unwrap();
    assert_eq!((second.items, second.next), (vec![older_12, older_11], None));
}

async fn hand_outs_of_one_grant_are_listed(Bench { store, .. }: Bench) {
    for minute in 0..4 {
        let all = [hand_out(1, 1, minute), hand_out(1, 2, minute)];
        store.add_hand_outs(&all).await.unwrap();
    }
    let first = store.hand_outs(Some(id(2)), &page(2, None)).await.unwrap();
    assert_eq!(first.items, [hand_out(1, 2, 3), hand_out(1, 2, 2)]);
    let after = page(2, first.next.as_deref());
    let second = store.hand_outs(Some(id(2)), &after).await.unwrap();
    assert_eq!((second.items, second.next), (vec![hand_out(1, 2, 1), hand_out(1, 2, 0)], None));
    assert!(store.hand_outs(Some(id(9)), &page(2, None)).await.unwrap().items.is_empty());
}

async fn old_hand_outs_are_swept(Bench { store, .. }: Bench) {
    store.add_hand_outs(&[hand_out(1, 1, 0), hand_out(1, 1, 1)]).await.unwrap();
    assert_eq!(store.sweep_hand_outs(at(60)).await.unwrap(), 1);
    let left = store.hand_outs(None, &page(9, None)).await.unwrap().items;
    assert_eq!(left, [hand_out(1, 1, 1)]);
}
