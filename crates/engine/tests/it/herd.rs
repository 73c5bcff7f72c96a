//! Very many grants that are due at once.

use std::time::Duration;

use jiff::SignedDuration;
use outlink_engine::egress::Policy;
use outlink_engine::{Clock, Engine, Limits, Settings};

use crate::bed::Bed;

/// More than one look at what is due brings, and more than are refreshed at once.
const GRANTS: u64 = 300;

/// A node that is in no hurry to spare the provider.
fn node(bed: &Bed, name: &str) -> Engine {
    let settings = Settings {
        base_url: "http://localhost:8080".into(),
        egress: Policy::parse(&["localhost".to_owned()], None).unwrap(),
        extra_ca: Some(bed.practice.ca_pem_path.clone()),
        node: name.into(),
        clock: Clock::System,
        limits: Limits { provider_calls_per_second: 10_000, ..Limits::default() },
        unencrypted_hosts: Vec::new(),
        retention: outlink_engine::Retention::default(),
        failpoint: None,
    };
    Engine::new(bed.store.clone(), settings).unwrap()
}

#[tokio::test]
async fn two_nodes_refresh_each_of_many_grants_once() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    for _ in 0..GRANTS {
        bed.grant(&link, SignedDuration::from_secs(-1)).await;
    }
    let nodes = [node(&bed, "one"), node(&bed, "two")];
    nodes.iter().for_each(Engine::start);
    for _ in 0..400 {
        if bed.practice.counters().refreshes >= GRANTS {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // Whatever was to be asked a second time would be asked now.
    tokio::time::sleep(Duration::from_millis(500)).await;
    for node in nodes {
        node.stop().await;
    }
    let counted = bed.practice.counters();
    assert_eq!((counted.refreshes, counted.token_requests), (GRANTS, GRANTS));
}
