//! Calls to providers, counted over all nodes.

use std::sync::Arc;

use jiff::SignedDuration;
use outlink_model::Timestamp;
use outlink_store::{Calls, Reserved, Store};

use crate::bench::{Bench, KEY, on_both, together};
use crate::samples::at;

on_both!(
    a_burst_goes_out_at_once_and_the_rest_at_the_rate,
    a_host_that_was_left_alone_bears_a_burst_again_and_no_more,
    many_at_once_on_two_nodes_get_no_more_than_the_rate,
    calls_reserved_together_follow_one_another,
    a_pause_holds_everybody_and_is_never_shortened,
    hosts_do_not_wait_for_one_another,
    whoever_is_sent_away_moves_nobody_else,
);

const HOST: &str = "login.example.org";
const INTERVAL: SignedDuration = SignedDuration::from_millis(100);
const BURST: u32 = 5;

/// So many tenths of a second after the tests begin: the unit in which calls are let out.
fn tenth(n: i64) -> Timestamp {
    at(0) + SignedDuration::from_millis(100 * n)
}

/// So many calls for a caller who waits for them as long as it takes.
fn calls(count: u32) -> Calls {
    let patience = SignedDuration::from_hours(24);
    Calls { interval: INTERVAL, burst: BURST, count, patience }
}

async fn reserve_at(store: &Store, host: &str, now: Timestamp, count: u32) -> Timestamp {
    match store.reserve_calls(host, now, calls(count)).await.unwrap() {
        Reserved::From(at) => at,
        Reserved::NotBefore(at) => panic!("a patient caller was sent away until {at}"),
    }
}

async fn reserve(store: &Store, now: Timestamp, count: u32) -> Timestamp {
    reserve_at(store, HOST, now, count).await
}

async fn a_burst_goes_out_at_once_and_the_rest_at_the_rate(Bench { store, .. }: Bench) {
    let mut out = Vec::new();
    for _ in 0..8 {
        out.push(reserve(&store, tenth(0), 1).await);
    }
    assert_eq!(out, [0, 0, 0, 0, 0, 1, 2, 3].map(tenth));
}

async fn a_host_that_was_left_alone_bears_a_burst_again_and_no_more(Bench { store, .. }: Bench) {
    for _ in 0..8 {
        reserve(&store, tenth(0), 1).await;
    }
    // The eighth went out at 3. At 6 three more have become free.
    let mut out = Vec::new();
    for _ in 0..4 {
        out.push(reserve(&store, tenth(6), 1).await);
    }
    assert_eq!(out, [6, 6, 6, 7].map(tenth));
    let mut out = Vec::new();
    for _ in 0..6 {
        out.push(reserve(&store, tenth(10_000), 1).await);
    }
    assert_eq!(out, [0, 0, 0, 0, 0, 1].map(|n| tenth(10_000 + n)));
}

async fn many_at_once_on_two_nodes_get_no_more_than_the_rate(Bench { store, place }: Bench) {
    let nodes = [Arc::new(store), Arc::new(place.open(&KEY).await.unwrap())];
    // By how much the callers' clocks differ, and how many calls they reserve together.
    for (host, clocks, batch) in [("a", 1, 1), ("b", 11, 1), ("c", 11, 3)] {
        let tasks = (0..90_u32).map(|n| {
            let store = nodes[(n % 2) as usize].clone();
            let (now, count) = (tenth(i64::from(n * 7 % clocks)), n % batch + 1);
            async move {
                let first = reserve_at(&store, host, now, count).await;
                assert!(first >= now, "nothing goes out in the past");
                (0..count).map(|k| first + INTERVAL * k.cast_signed()).collect::<Vec<_>>()
            }
        });
        let out: Vec<Timestamp> = together(tasks).await.into_iter().flatten().collect();
        assert_eq!(out.len(), 90 * (batch as usize + 1) / 2);
        never_more_than_the_rate(out);
    }
}

/// Between any two of these calls lie no more than a burst and what the rate allows in that time; and over the whole
/// time hardly fewer.
fn never_more_than_the_rate(mut out: Vec<Timestamp>) {
    out.sort();
    let intervals = |from: Timestamp, to: Timestamp| {
        usize::try_from(to.duration_since(from).as_millis() / INTERVAL.as_millis()).unwrap()
    };
    for (i, from) in out.iter().enumerate() {
        for (j, to) in out.iter().enumerate().skip(i) {
            let (calls, may) = (j - i + 1, BURST as usize + intervals(*from, *to));
            assert!(calls <= may, "{calls} calls from {from} to {to}");
        }
    }
    let took = intervals(out[0], out[out.len() - 1]);
    assert!(took <= out.len() + 10, "{} calls took {took} intervals", out.len());
}

async fn calls_reserved_together_follow_one_another(Bench { store, .. }: Bench) {
    assert_eq!(reserve(&store, tenth(0), 10).await, tenth(0));
    assert_eq!(reserve(&store, tenth(0), 1).await, tenth(6), "among those of the ten that follow");
    assert_eq!(reserve(&store, tenth(0), 0).await, tenth(7), "asking for none takes none");
    assert_eq!(reserve(&store, tenth(0), 1).await, tenth(7));
}

async fn a_pause_holds_everybody_and_is_never_shortened(Bench { store, .. }: Bench) {
    store.pause_calls(HOST, tenth(100)).await.unwrap();
    store.pause_calls(HOST, tenth(50)).await.unwrap();
    let mut out = Vec::new();
    for _ in 0..3 {
        out.push(reserve(&store, tenth(0), 1).await);
    }
    assert_eq!(out, [100, 101, 102].map(tenth), "one by one, since it has just been too many");
    store.pause_calls(HOST, tenth(200)).await.unwrap();
    assert_eq!(reserve(&store, tenth(150), 1).await, tenth(200), "one may come upon another");
    store.pause_calls(HOST, tenth(10)).await.unwrap();
    assert_eq!(reserve(&store, tenth(150), 1).await, tenth(201));
    assert_eq!(reserve(&store, tenth(900), 1).await, tenth(900), "it passes");
}

async fn hosts_do_not_wait_for_one_another(Bench { store, .. }: Bench) {
    store.pause_calls("other.example.org", tenth(500)).await.unwrap();
    assert_eq!(reserve(&store, tenth(0), 1).await, tenth(0));
    let other = reserve_at(&store, "other.example.org", tenth(0), 1).await;
    assert_eq!(other, tenth(500));
}

async fn whoever_is_sent_away_moves_nobody_else(Bench { store, .. }: Bench) {
    store.pause_calls(HOST, tenth(600)).await.unwrap();
    let hasty = Calls { patience: SignedDuration::from_secs(5), ..calls(10) };
    for _ in 0..1000 {
        let sent = store.reserve_calls(HOST, tenth(0), hasty).await.unwrap();
        assert_eq!(sent, Reserved::NotBefore(tenth(600)));
    }
    let back = store.reserve_calls(HOST, tenth(600), hasty).await.unwrap();
    assert_eq!(back, Reserved::From(tenth(600)));
}
