//! One provider's trouble is not another's.

use std::net::TcpListener;
use std::time::Duration;

use jiff::SignedDuration;
use outlink_engine::Caller;

use crate::bed::Bed;

/// More than are refreshed at once over all links.
const SLOW: usize = 100;

#[tokio::test]
async fn a_provider_that_hangs_does_not_hold_the_grants_of_others() {
    let bed = Bed::new().await;
    // Whoever connects is let in by the system, and hears nothing more.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let mut new = bed.new_link("Slow");
    new.draft.token_endpoint = Some(format!("https://localhost:{port}/token"));
    let slow = bed.engine.create_link(new, &Caller::System).await.unwrap().link;
    for _ in 0..SLOW {
        bed.grant(&slow, SignedDuration::from_mins(-5)).await;
    }
    let quick = bed.link("Quick").await;
    bed.engine.start();
    // Each of the slow ones takes two seconds, and by now they have taken what places they may have.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let grant = bed.grant(&quick, SignedDuration::from_secs(-1)).await;
    let mut generation = 1;
    for _ in 0..30 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        generation = bed.store.grant(grant.id).await.unwrap().unwrap().generation;
        if generation > 1 {
            break;
        }
    }
    bed.engine.stop().await;
    assert_eq!(generation, 2, "though all of the others were due long before");
}
