//! Callers who go away while a grant is given back, deleted or made: it is done to the end all the same.

use std::time::Duration;

use jiff::SignedDuration;
use outlink_engine::grants::{DeleteGrant, NewGrant};
use outlink_engine::{Caller, Page};
use outlink_model::Secret;
use outlink_model::grant::{Grant, GrantStateName};
use outlink_practice::{Endpoint, TokenFault};
use tokio::time::timeout;

use crate::bed::{ALICE, Bed, SCOPES};

/// How long the provider takes, and how long the caller waits.
const SLOW: TokenFault = TokenFault::Delay(Duration::from_millis(600));
const PATIENCE: Duration = Duration::from_millis(300);

/// Waits until this is so, for less time than a lease has.
async fn soon<F: Future<Output = bool>>(what: &str, is_so: impl Fn() -> F) {
    let asking = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(timeout(Duration::from_secs(5), asking).await.is_ok(), "{what}");
}

/// A grant whose revocation takes its time.
async fn grant(bed: &Bed) -> Grant {
    let mut new = bed.new_link("Work");
    new.draft.revocation_endpoint = Some(bed.practice.revocation_endpoint.clone());
    let link = bed.engine.create_link(new, &Caller::System).await.unwrap().link;
    bed.practice.faults().next_answers(Endpoint::Revocation, 1, SLOW);
    bed.grant(&link, SignedDuration::from_hours(1)).await
}

fn imported(refresh: Secret) -> NewGrant {
    NewGrant { refresh_token: Some(refresh), subject: None }
}

#[tokio::test]
async fn a_grant_is_given_back_whether_the_caller_waits_or_not() {
    let bed = Bed::new().await;
    let grant = grant(&bed).await;
    let name = grant.id.to_string();
    let revoking = bed.engine.revoke_grant(&name, &Caller::System);
    assert!(timeout(PATIENCE, revoking).await.is_err(), "the caller goes away");
    soon("it is given back here too", async || {
        let grant = bed.engine.grant(&name).await.unwrap();
        grant.state.name() == GrantStateName::Revoked && grant.intent.is_none()
    })
    .await;
    assert_eq!(bed.practice.counters().revocations, 1);
}

#[tokio::test]
async fn a_grant_is_deleted_whether_the_caller_waits_or_not() {
    let bed = Bed::new().await;
    let name = grant(&bed).await.id.to_string();
    let how = DeleteGrant { revoke: true, detach: false };
    let deleting = bed.engine.delete_grant(&name, how, &Caller::System);
    assert!(timeout(PATIENCE, deleting).await.is_err(), "the caller goes away");
    soon("it is gone", async || bed.engine.grant(&name).await.is_err()).await;
}

#[tokio::test]
async fn a_grant_is_made_or_undone_whether_the_caller_waits_or_not() {
    let bed = Bed::new().await;
    bed.link("Work").await;
    let (_, refresh) = bed.practice.issue(ALICE, &SCOPES).unwrap();
    bed.practice.faults().next_token_answers(1, SLOW);
    let making = bed.engine.create_grant("Work", imported(refresh.unwrap()), &Caller::System);
    assert!(timeout(PATIENCE, making).await.is_err(), "the caller goes away");
    soon("it is made, and recorded", async || {
        let events = bed.store.events(&Page::default(), None).await.unwrap().items;
        events.iter().any(|event| event.kind == "grant.created")
    })
    .await;
    let made = bed.engine.grants(Page::default()).await.unwrap().items;
    assert_eq!((made.len(), made[0].grant.generation), (1, 2));

    bed.practice.faults().next_token_answers(1, SLOW);
    let wrong = imported(Secret::new("no-such-token"));
    let making = bed.engine.create_grant("Work", wrong, &Caller::System);
    assert!(timeout(PATIENCE, making).await.is_err(), "the caller goes away");
    let count = async || bed.engine.grants(Page::default()).await.unwrap().items.len();
    assert_eq!(count().await, 2, "it stands while the provider is asked");
    soon("what was refused is undone", async || count().await == 1).await;
}
