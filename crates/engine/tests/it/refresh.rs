//! Refreshing: what a provider may do, and what must not come of it.

use std::time::Duration;

use jiff::SignedDuration;
use outlink_engine::{Caller, Page};
use outlink_model::grant::{Actor, GrantStateName};
use outlink_model::link::LinkHealth;
use outlink_oauth::Fresh;
use outlink_practice::TokenFault;

use crate::bed::{Bed, now};

const OVER: SignedDuration = SignedDuration::from_secs(-1);

#[tokio::test]
async fn fifty_callers_make_one_refresh() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.grant(&link, OVER).await;
    bed.practice.faults().next_token_answers(1, TokenFault::Delay(Duration::from_millis(300)));
    let name = grant.id.to_string();
    let calls = (0..50).map(|_| bed.engine.refresh_grant(&name));
    for fresh in futures_util::future::join_all(calls).await {
        assert_eq!(fresh.unwrap().generation, 2);
    }
    let counted = bed.practice.counters();
    assert_eq!((counted.refreshes, counted.token_requests), (1, 1), "one question was asked");
}

#[tokio::test]
async fn fifty_callers_share_one_failure() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.grant(&link, OVER).await;
    bed.practice.faults().next_token_answers(100, TokenFault::status(503));
    let name = grant.id.to_string();
    let calls = (0..50).map(|_| bed.engine.refresh_grant(&name));
    for refused in futures_util::future::join_all(calls).await {
        assert!(refused.is_err());
    }
    let asked = bed.practice.counters().token_requests;
    assert!(asked <= 3, "{asked} requests for one question");
}

#[tokio::test]
async fn two_nodes_make_one_refresh() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.grant(&link, OVER).await;
    let other = bed.another_engine();
    bed.practice.faults().next_token_answers(1, TokenFault::Delay(Duration::from_millis(500)));
    let name = grant.id.to_string();
    let (one, two) = tokio::join!(bed.engine.refresh_grant(&name), other.refresh_grant(&name));
    assert_eq!((one.unwrap().generation, two.unwrap().generation), (2, 2));
    let counted = bed.practice.counters();
    assert_eq!((counted.refreshes, counted.token_requests), (1, 1), "one question was asked");
}

#[tokio::test]
async fn what_is_due_is_refreshed_in_the_background() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.grant(&link, OVER).await;
    bed.engine.start();
    for _ in 0..100 {
        if bed.engine.grant(&grant.id.to_string()).await.unwrap().generation == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let fresh = bed.engine.grant(&grant.id.to_string()).await.unwrap();
    assert_eq!(fresh.generation, 2);
    assert!(fresh.expires_at > now() && fresh.next_refresh_at.is_some_and(|at| at > now()));
    bed.engine.stop().await;
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_with_the_same_token() {
    let bed = Bed::new().await;
    bed.practice.set(|settings| settings.refresh_grace = Duration::from_secs(30));
    let link = bed.link("Work").await;
    let grant = bed.grant(&link, OVER).await;
    bed.practice.faults().next_token_answers(1, TokenFault::LoseAnswer);
    let fresh = bed.engine.refresh_grant(&grant.id.to_string()).await.unwrap();
    assert_eq!(fresh.generation, 2, "the provider's grace was used");
    // The token that came of it works.
    let again = bed.engine.refresh_grant(&grant.id.to_string()).await.unwrap();
    assert_eq!(again.generation, 3);
}

#[tokio::test]
async fn passing_faults_degrade_and_never_end_a_grant() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    for fault in [
        TokenFault::status(500),
        TokenFault::status(503),
        TokenFault::status(429),
        TokenFault::Html,
        TokenFault::Body {
            status: 200,
            content_type: "application/json".into(),
            body: b"{".into(),
        },
        TokenFault::refuse("temporarily_unavailable"),
        TokenFault::Stall(Duration::from_secs(3)),
    ] {
        let grant = bed.grant(&link, OVER).await;
        let name = grant.id.to_string();
        bed.practice.faults().next_token_answers(2, fault.clone());
        let refused = bed.engine.refresh_grant(&name).await;
        assert!(refused.is_err(), "{fault:?}");
        let after = bed.engine.grant(&name).await.unwrap();
        assert_eq!(after.state.name(), GrantStateName::Degraded, "{fault:?}");
        assert!(after.next_refresh_at.is_some_and(|at| at > now()), "{fault:?}: tried again later");
        bed.practice.faults().clear();
        let fresh = bed.engine.refresh_grant(&name).await.unwrap();
        assert_eq!(fresh.state.name(), GrantStateName::Active, "{fault:?}: it recovers");
    }
}

#[tokio::test]
async fn an_end_is_believed_when_it_is_said_twice() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.grant(&link, OVER).await;
    let name = grant.id.to_string();
    bed.practice.faults().next_token_answers(1, TokenFault::refuse("invalid_grant"));
    let fresh = bed.engine.refresh_grant(&name).await.unwrap();
    assert_eq!(fresh.state.name(), GrantStateName::Active, "said once, and taken back");

    assert_eq!(bed.practice.revoke_all(crate::bed::ALICE), 1);
    let error = bed.engine.refresh_grant(&name).await.unwrap_err();
    let after = bed.engine.grant(&name).await.unwrap();
    assert_eq!(after.state.name(), GrantStateName::NeedsConsent);
    let trouble = after.state.trouble().unwrap();
    assert_eq!(trouble.actor, Actor::MailboxOwner);
    assert!(!trouble.hint.is_empty() && !error.problem().hint.is_empty());
    assert_eq!(after.next_refresh_at, None, "nobody asks in vain");

    let events = bed.engine.events(Page::default(), None).await.unwrap().items;
    let told = events.iter().filter(|event| event.kind == "grant.needs_consent").count();
    assert_eq!(told, 1, "one event per change of state");
}

#[tokio::test]
async fn a_links_fault_stays_on_the_link() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let mut names = Vec::new();
    for _ in 0..3 {
        names.push(bed.grant(&link, OVER).await.id.to_string());
    }
    bed.practice.faults().next_token_answers(1, TokenFault::refuse("invalid_client"));
    assert!(bed.engine.refresh_grant(&names[0]).await.is_err());
    let marked = bed.engine.link("Work").await.unwrap();
    assert!(matches!(marked.health, LinkHealth::Marked { .. }), "{:?}", marked.health);
    for name in &names {
        let grant = bed.engine.grant(name).await.unwrap();
        assert_eq!(grant.state.name(), GrantStateName::Active, "it is not the grant's fault");
    }

    // In the background no other grant is spent on the marked link before its probe.
    let before = bed.practice.counters().token_requests;
    bed.engine.start();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(bed.practice.counters().token_requests, before);

    // It heals by itself: one grant that succeeds is enough.
    bed.engine.refresh_grant(&names[1]).await.unwrap();
    assert_eq!(bed.engine.link("Work").await.unwrap().health, LinkHealth::Healthy);
    bed.engine.stop().await;
}

#[tokio::test]
async fn a_crash_between_answer_and_commit_loses_no_grant() {
    let bed = Bed::new().await;
    bed.practice.set(|settings| settings.refresh_grace = Duration::from_secs(30));
    let link = bed.link("Work").await;
    let grant = bed.grant(&link, OVER).await;
    // What a crashed node leaves behind: its intent and its lease, and a provider that has rotated.
    let until = outlink_model::grant::later(now(), SignedDuration::from_secs(10));
    bed.store.claim_refresh(grant.id, 1, "crashed", now(), until).await.unwrap();
    let refresh = bed.store.tokens(grant.id).await.unwrap().unwrap().refresh.unwrap();
    let fresh = Fresh { now: now(), jti: "once".into() };
    let request = outlink_oauth::refresh_request(&link, &fresh, &refresh).unwrap();
    assert_eq!(bed.send(&request).await, 200, "the provider has answered the crashed node");

    bed.store.void_leases().await.unwrap();
    let engine = bed.another_engine();
    engine.start();
    for _ in 0..100 {
        if engine.grant(&grant.id.to_string()).await.unwrap().generation == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let after = engine.grant(&grant.id.to_string()).await.unwrap();
    assert_eq!((after.generation, after.state.name()), (2, GrantStateName::Active));
    engine.stop().await;
}

#[tokio::test]
async fn stopping_waits_for_an_answer_and_commits_it() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.grant(&link, OVER).await;
    bed.practice.faults().next_token_answers(1, TokenFault::Delay(Duration::from_millis(700)));
    bed.engine.start();
    while bed.practice.counters().refreshes == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    bed.engine.stop().await;
    let after = bed.store.grant(grant.id).await.unwrap().unwrap();
    assert_eq!(after.generation, 2, "the new refresh token was kept");
}

#[tokio::test]
async fn a_token_is_looked_for_in_vain_in_what_is_written() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.grant(&link, OVER).await;
    bed.engine.refresh_grant(&grant.id.to_string()).await.unwrap();
    bed.engine.create_user("admin", None, &Caller::System).await.unwrap();
    let tokens = bed.store.tokens(grant.id).await.unwrap().unwrap();
    let secrets = [
        tokens.access.expose().to_owned(),
        tokens.refresh.unwrap().expose().to_owned(),
        bed.practice.client_secret.expose().to_owned(),
    ];
    let mut looked = 0;
    for entry in std::fs::read_dir(bed.dir()).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_string_lossy().starts_with("outlink.db") {
            let bytes = std::fs::read(&path).unwrap();
            for secret in &secrets {
                let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                assert!(!found, "a secret lies open in {}", path.display());
            }
            looked += bytes.len();
        }
    }
    assert!(looked > 10_000, "the database was really looked through");
}

#[tokio::test]
async fn a_grant_without_a_refresh_token_says_so_and_ends_in_words() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.unrenewable_grant(&link, SignedDuration::from_secs(2)).await;
    let name = grant.id.to_string();
    let view = bed.engine.grant_view(&name).await.unwrap();
    assert_eq!(view.grant.state.name(), GrantStateName::Active);
    assert!(view.trouble().is_some_and(|trouble| trouble.reason.contains("no refresh token")));
    bed.engine.start();
    tokio::time::sleep(Duration::from_millis(3500)).await;
    let view = bed.engine.grant_view(&name).await.unwrap();
    assert_eq!(view.grant.state.name(), GrantStateName::NeedsConsent);
    assert_eq!(bed.practice.counters().token_requests, 0, "there was nothing to ask with");
    bed.engine.stop().await;
}
