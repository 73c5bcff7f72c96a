//! A provider's patience: what it asks of one grant is granted by all.

use jiff::SignedDuration;
use outlink_model::grant::GrantStateName;
use outlink_practice::TokenFault;

use crate::bed::Bed;

const OVER: SignedDuration = SignedDuration::from_secs(-1);

#[tokio::test]
async fn a_provider_that_wants_to_rest_is_left_alone_by_every_grant_and_node() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let (one, two) = (bed.grant(&link, OVER).await, bed.grant(&link, OVER).await);
    bed.practice.faults().next_token_answers(1, TokenFault::too_many(60));
    assert!(bed.engine.refresh_grant(&one.id.to_string()).await.is_err());
    let asked = bed.practice.counters().token_requests;
    for engine in [bed.engine.clone(), bed.another_engine()] {
        let refused = engine.refresh_grant(&two.id.to_string()).await.unwrap_err().problem();
        assert_eq!(refused.code, "provider_resting", "{refused}");
    }
    assert_eq!(bed.practice.counters().token_requests, asked, "nobody has asked");
    let two = bed.engine.grant(&two.id.to_string()).await.unwrap();
    assert_eq!(two.state.name(), GrantStateName::Active, "nothing is wrong with the other one");

    // The background waits as long, and then goes on by itself.
    bed.engine.start();
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    bed.engine.stop().await;
    let two = bed.engine.grant(&two.id.to_string()).await.unwrap();
    let wait = two.next_refresh_at.unwrap().duration_since(crate::bed::now());
    assert!(wait > SignedDuration::from_secs(30), "{wait:?}");
    assert_eq!(bed.practice.counters().token_requests, asked);
    let rested = bed.later_engine(SignedDuration::from_secs(90));
    assert!(rested.refresh_grant(&two.id.to_string()).await.is_ok());
}

#[tokio::test]
async fn many_that_are_sent_away_come_back_and_are_all_served() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let mut names = Vec::new();
    for _ in 0..40 {
        names.push(bed.grant(&link, OVER).await.id.to_string());
    }
    bed.practice.faults().next_token_answers(1, TokenFault::too_many(8));
    assert!(bed.engine.refresh_grant(&names[0]).await.is_err());
    bed.engine.start();
    let mut served = 0;
    for _ in 0..60 {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        served = 0;
        for name in &names {
            served += i64::from(bed.engine.grant(name).await.unwrap().generation == 2);
        }
        if served == 40 {
            break;
        }
    }
    bed.engine.stop().await;
    assert_eq!(served, 40, "none pushes another one away");
}
