//! Links that are marked, and mailboxes that refuse: who asks the provider, and who is said to be at fault.

use jiff::SignedDuration;
use outlink_model::grant::{Actor, GrantStateName, Trouble, later};
use outlink_model::link::LinkHealth;
use outlink_model::mail_server::Take;
use outlink_model::step::StepStatus;
use outlink_practice::TokenFault;

use crate::bed::{ALICE, Bed, now};

const OVER: SignedDuration = SignedDuration::from_secs(-1);
const HOUR: SignedDuration = SignedDuration::from_hours(1);

#[tokio::test]
async fn of_many_mailboxes_under_a_marked_link_one_probes() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    for n in 0..4 {
        let grant = bed.grant(&link, OVER).await;
        bed.mail_server(&format!("Inbox {n}"), &grant, Take::All).await;
    }
    let trouble = Trouble {
        actor: Actor::LinkAdministrator,
        reason: "The secret is wrong.".into(),
        hint: "Enter it again.".into(),
        provider_error: None,
    };
    let marked = LinkHealth::Marked { trouble, failures: 3, probe_at: later(now(), OVER) };
    bed.store.set_link_health(link.id, &marked).await.unwrap();
    bed.practice.faults().next_token_answers(9, TokenFault::refuse("invalid_client"));
    let before = bed.practice.counters().token_requests;
    for n in 0..4 {
        let steps = bed.engine.test_mail_server(&format!("Inbox {n}")).await.unwrap();
        let token = steps.iter().find(|step| step.id == "token").unwrap();
        assert_eq!(token.status, StepStatus::Failed, "{token:?}");
    }
    assert_eq!(bed.practice.counters().token_requests - before, 1);
}

#[tokio::test]
async fn two_grants_that_agree_mark_their_link() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let one = bed.grant(&link, OVER).await.id.to_string();
    let two = bed.grant(&link, OVER).await.id.to_string();
    bed.practice.faults().next_token_answers(2, TokenFault::refuse("unauthorized_client"));
    assert!(bed.engine.refresh_grant(&one).await.is_err());
    assert_eq!(bed.engine.link("Work").await.unwrap().health, LinkHealth::Healthy, "one alone");
    assert!(bed.engine.refresh_grant(&two).await.is_err());
    let health = bed.engine.link("Work").await.unwrap().health;
    assert!(matches!(health, LinkHealth::Marked { .. }), "{health:?}");
    let grant = bed.engine.grant(&two).await.unwrap();
    assert_eq!(grant.state.name(), GrantStateName::Blocked);
}

#[tokio::test]
async fn a_mailbox_that_goes_on_refusing_costs_one_refresh() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.grant(&link, HOUR).await;
    bed.inbox(&grant).await;
    // Signing in is refused, whatever the token.
    bed.practice.add_mailbox(ALICE, &[]);
    for _ in 0..4 {
        assert!(bed.engine.fetch_mail_server("Inbox").await.is_err());
    }
    assert_eq!(bed.practice.counters().refreshes, 1);
    bed.practice.add_mailbox(ALICE, &[ALICE]);
    bed.engine.fetch_mail_server("Inbox").await.unwrap();
}

#[tokio::test]
async fn a_mail_server_says_who_must_act() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.grant(&link, OVER).await;
    bed.inbox(&grant).await;
    for (fault, actor) in [
        (TokenFault::status(503), Actor::Nobody),
        (TokenFault::refuse("invalid_client"), Actor::LinkAdministrator),
    ] {
        bed.practice.faults().next_token_answers(1, fault.clone());
        assert!(bed.engine.fetch_mail_server("Inbox").await.is_err());
        let server = bed.engine.mail_server("Inbox").await.unwrap();
        assert_eq!(server.health.trouble.unwrap().actor, actor, "{fault:?}");
        // All is well again, until the access token is over.
        bed.practice.faults().clear();
        bed.engine.refresh_grant(&grant.id.to_string()).await.unwrap();
        let seen = bed.store.grant(grant.id).await.unwrap().unwrap();
        let answer = outlink_store::NewTokens {
            access: bed.store.tokens(grant.id).await.unwrap().unwrap().access,
            refresh: None,
            expires_at: later(now(), OVER),
            issued_at: now(),
            scopes: None,
        };
        bed.store.commit_refresh(grant.id, seen.generation, &answer, None, now()).await.unwrap();
    }
}
