//! Answers that come after their grant was given back: nobody wants their tokens, and nobody else could give them back.

use std::time::Duration;

use jiff::SignedDuration;
use outlink_engine::Caller;
use outlink_model::EventId;
use outlink_model::event::{Event, EventClass};
use outlink_model::grant::{Actor, Grant, GrantStateName};
use outlink_practice::{Endpoint, TokenFault};
use uuid::Uuid;

use crate::bed::{ALICE, Bed, now};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// A grant under a link with this revocation endpoint.
async fn grant(bed: &Bed, revocation_endpoint: Option<String>) -> Grant {
    let mut new = bed.new_link("Work");
    new.draft.revocation_endpoint = revocation_endpoint;
    let link = bed.engine.create_link(new, &Caller::System).await.unwrap().link;
    bed.grant(&link, HOUR).await
}

/// Refreshes it, and gives it back here while the answer is on its way, as another node would whose turn came when the
/// lease had lapsed. How many late answers are kept then.
async fn given_back_meanwhile(bed: &Bed, grant: &Grant) -> usize {
    bed.practice.faults().next_token_answers(1, TokenFault::Delay(Duration::from_millis(500)));
    let before = bed.practice.counters().refreshes;
    let event = Event {
        id: EventId(Uuid::from_u128(1)),
        at: now(),
        class: EventClass::Audit,
        actor: Actor::Nobody,
        kind: "grant.revoked".into(),
        subject: "grant".into(),
        state: None,
        message: String::new(),
        hint: String::new(),
    };
    let other_node = async {
        while bed.practice.counters().refreshes == before {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        bed.store.revoke_grant(grant.id, 1, now(), &event).await.unwrap();
    };
    let name = grant.id.to_string();
    let (refreshed, ()) = tokio::join!(bed.engine.refresh_grant(&name), other_node);
    assert_eq!(refreshed.unwrap().state.name(), GrantStateName::Revoked);
    let tokens = bed.store.tokens(grant.id).await.unwrap().unwrap();
    assert!(tokens.refresh.is_none() && tokens.access.is_empty(), "it is not brought back");
    bed.store.overtaken(grant.id).await.unwrap().len()
}

#[tokio::test]
async fn tokens_that_come_after_the_grant_was_given_back_are_given_back_too() {
    let bed = Bed::new().await;
    let grant = grant(&bed, Some(bed.practice.revocation_endpoint.clone())).await;
    let before = bed.store.tokens(grant.id).await.unwrap().unwrap().refresh.unwrap();
    assert_eq!(given_back_meanwhile(&bed, &grant).await, 0, "nothing is left of them here");
    let told = bed.practice.requests(Endpoint::Revocation);
    assert_eq!(told.len(), 1);
    let token = told[0].parameter("token").unwrap();
    assert_ne!(token, before.expose(), "it is the new one");
    assert_eq!(bed.practice.counters().revocations, 1);
    assert_eq!(bed.practice.revoke_all(ALICE), 0, "nothing stands at the provider");
}

#[tokio::test]
async fn tokens_that_the_provider_does_not_take_back_are_kept_sealed() {
    let bed = Bed::new().await;
    let refused = grant(&bed, Some(bed.practice.revocation_endpoint.clone())).await;
    bed.practice.faults().next_answers(Endpoint::Revocation, 1, TokenFault::status(503));
    assert_eq!(given_back_meanwhile(&bed, &refused).await, 1);
    assert_eq!(bed.practice.counters().revocation_requests, 1);

    let bed = Bed::new().await;
    let not_offered = grant(&bed, None).await;
    assert_eq!(given_back_meanwhile(&bed, &not_offered).await, 1);
    assert_eq!(bed.practice.counters().revocation_requests, 0);
}
