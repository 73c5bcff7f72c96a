//! Links that are marked, and mailboxes that refuse: who asks the provider, and who is said to be at fault.

use std::time::Duration;

use jiff::SignedDuration;
use outlink_engine::links::{LinkDraft, LinkEdit, NewSecret};
use outlink_engine::{Caller, Page};
use outlink_model::Secret;
use outlink_model::grant::{Actor, GrantStateName, Trouble, later};
use outlink_model::link::LinkHealth;
use outlink_model::mail_server::Take;
use outlink_model::step::StepStatus;
use outlink_practice::TokenFault;
use tokio::task::JoinSet;

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
    // Its mail servers have been added to it meanwhile.
    let link = bed.engine.link("Work").await.unwrap();
    assert!(bed.store.mark_link(&link, &marked, None).await.unwrap());
    bed.practice.faults().next_token_answers(9, TokenFault::refuse("invalid_client"));
    let before = bed.practice.counters().token_requests;
    for n in 0..4 {
        let steps = bed.engine.test_mail_server(&format!("Inbox {n}")).await.unwrap().steps;
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
            refresh_expires_at: None,
            bound_to: None,
        };
        let written =
            bed.store.commit_refresh(grant.id, seen.generation, &answer, None, now(), None);
        written.await.unwrap();
    }
}

#[tokio::test]
async fn calls_that_fail_together_mark_their_link_once() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let mut grants = Vec::new();
    for _ in 0..8 {
        grants.push(bed.grant(&link, OVER).await.id.to_string());
    }
    bed.practice.faults().next_token_answers(8, TokenFault::refuse("invalid_client"));
    let mut calls = JoinSet::new();
    for grant in grants.clone() {
        let engine = bed.engine.clone();
        calls.spawn(async move { engine.refresh_grant(&grant).await });
    }
    assert!(calls.join_all().await.iter().all(Result::is_err));
    let events = bed.store.events(&Page::default(), None).await.unwrap().items;
    let told = events.iter().filter(|event| event.kind == "link.failing").count();
    assert_eq!(told, 1);
    let LinkHealth::Marked { failures, probe_at, .. } =
        bed.engine.link("Work").await.unwrap().health
    else {
        panic!("the link is marked")
    };
    assert_eq!(failures, 1);
    for grant in &grants {
        let next = bed.engine.grant(grant).await.unwrap().next_refresh_at;
        assert_eq!(next, Some(probe_at), "all wait for the one probe");
    }
}

#[tokio::test]
async fn a_call_from_before_an_edit_does_not_mark_what_was_mended() {
    let bed = Bed::new().await;
    let mut new = bed.new_link("Work");
    new.draft.secret = Some(NewSecret::new(Secret::new("the old one")));
    let link = bed.engine.create_link(new, &Caller::System).await.unwrap().link;
    let (late, quick) = (bed.grant(&link, OVER).await, bed.grant(&link, OVER).await);
    let stall = TokenFault::Stall(Duration::from_millis(1500));
    bed.practice.faults().next_token_answers(1, stall);
    let engine = bed.engine.clone();
    let mut under_way = JoinSet::new();
    under_way.spawn(async move { engine.refresh_grant(&late.id.to_string()).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let secret = Some(NewSecret::new(bed.practice.client_secret.clone()));
    let draft = LinkDraft { secret, ..LinkDraft::default() };
    let edit = LinkEdit { draft, ..LinkEdit::default() };
    bed.engine.edit_link("Work", edit, &Caller::System).await.unwrap();
    bed.engine.refresh_grant(&quick.id.to_string()).await.unwrap();
    assert!(under_way.join_all().await[0].is_err(), "it had gone out with the old secret");
    assert_eq!(bed.engine.link("Work").await.unwrap().health, LinkHealth::Healthy);
}
