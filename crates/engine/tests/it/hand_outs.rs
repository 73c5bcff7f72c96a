//! Handing out access tokens: to whom, which, and what is kept of it.

use std::net::IpAddr;
use std::time::Duration;

use jiff::SignedDuration;
use outlink_engine::grants::DeleteGrant;
use outlink_engine::hand_outs::{HandOutView, MIN_TTL};
use outlink_engine::{Caller, Page};
use outlink_model::grant::{Grant, GrantStateName};
use outlink_model::link::Link;
use outlink_model::problem::{Problem, ProblemKind};
use outlink_model::user::{ApiToken, TokenScope};

use crate::bed::{ALICE, Bed};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

async fn token_for(bed: &Bed, name: &str, grants: &[&Grant]) -> ApiToken {
    let grants: Vec<String> = grants.iter().map(|grant| grant.id.to_string()).collect();
    let scopes = vec![TokenScope::HandOut];
    bed.engine.create_token(name, scopes, &grants, &Caller::System).await.unwrap().of
}

fn address(text: &str) -> Option<IpAddr> {
    Some(text.parse().unwrap())
}

async fn refused(bed: &Bed, named: &str, token: &ApiToken) -> Problem {
    bed.engine.hand_out(named, MIN_TTL, token, None).await.unwrap_err().problem()
}

async fn listed(bed: &Bed, grant: Option<&str>) -> Vec<HandOutView> {
    bed.engine.hand_outs(grant, Page::default()).await.unwrap().items
}

/// All that the store knows of a grant.
async fn row(bed: &Bed, grant: &Grant) -> String {
    let tokens = bed.store.tokens(grant.id).await.unwrap().unwrap();
    let found = bed.store.grant(grant.id).await.unwrap();
    format!("{found:?} {} {}", tokens.generation, tokens.access.expose())
}

#[tokio::test]
async fn a_token_that_lives_is_answered_without_a_write() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.grant(&link, HOUR).await;
    let token = token_for(&bed, "Sync", &[&grant]).await;
    let before = row(&bed, &grant).await;
    for named in [grant.id.to_string(), ALICE.to_owned(), ALICE.to_uppercase()] {
        let handed = bed.engine.hand_out(&named, MIN_TTL, &token, None).await.unwrap();
        let held = bed.store.tokens(grant.id).await.unwrap().unwrap();
        assert_eq!(handed.access_token.expose(), held.access.expose());
        assert_eq!((handed.grant_id, handed.expires_at), (grant.id, grant.expires_at));
        assert_eq!(handed.scopes, grant.scopes);
        let shown = format!("{handed:?}");
        assert!(!shown.contains(held.access.expose()), "{shown}");
    }
    assert_eq!(row(&bed, &grant).await, before, "nothing was written to the grant");
    assert_eq!(bed.practice.counters().token_requests, 0);
}

#[tokio::test]
async fn a_token_that_ends_too_soon_is_refreshed_first() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.grant(&link, SignedDuration::from_secs(90)).await;
    let token = token_for(&bed, "Sync", &[&grant]).await;
    let named = grant.id.to_string();
    let first = bed.engine.hand_out(&named, SignedDuration::from_secs(30), &token, None).await;
    assert_eq!(first.unwrap().expires_at, grant.expires_at);
    let ttl = SignedDuration::from_secs(600);
    let asked = (0..10).map(|_| bed.engine.hand_out(&named, ttl, &token, None));
    for handed in futures_util::future::join_all(asked).await {
        let handed = handed.unwrap();
        assert!(handed.expires_at.duration_since(bed.engine.now()) > ttl);
    }
    assert_eq!(bed.practice.counters().refreshes, 1, "one refresh for all of them");
    // A provider that gives no longer life is not asked each time.
    bed.practice.set(|settings| settings.access_ttl = Duration::from_secs(300));
    bed.engine.refresh_grant(&named).await.unwrap();
    let handed = bed.engine.hand_out(&named, ttl, &token, None).await.unwrap();
    assert!(handed.expires_at.duration_since(bed.engine.now()) <= SignedDuration::from_secs(300));
    assert_eq!(bed.practice.counters().refreshes, 2);
    for seconds in [-1, 3001, i64::MAX] {
        let ttl = SignedDuration::from_secs(seconds);
        let problem = bed.engine.hand_out(&named, ttl, &token, None).await.unwrap_err().problem();
        assert_eq!((problem.field, problem.code), (Some("min_ttl"), "min_ttl_unusable"));
    }
}

#[tokio::test]
async fn what_a_token_does_not_name_is_refused_alike() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let (named, other) = (bed.grant(&link, HOUR).await, bed.grant(&link, HOUR).await);
    let token = token_for(&bed, "Sync", &[&named]).await;
    // Alice has two grants; the token names one of them, so her address is no riddle.
    let handed = bed.engine.hand_out(ALICE, MIN_TTL, &token, None).await.unwrap();
    assert_eq!(handed.grant_id, named.id);

    let exists = refused(&bed, &other.id.to_string(), &token).await;
    assert_eq!((exists.kind, exists.code), (ProblemKind::Forbidden, "grant_not_named"));
    let missing = uuid::Uuid::from_u128(7).to_string();
    for nothing in [missing.as_str(), "bob@example.org", "", "' OR 1=1"] {
        assert_eq!(refused(&bed, nothing, &token).await, exists, "nothing is learnt: {nothing:?}");
    }

    let both = token_for(&bed, "Both", &[&named, &other]).await;
    let problem = refused(&bed, ALICE, &both).await;
    assert_eq!(problem.code, "name_ambiguous");

    for scopes in [vec![TokenScope::Admin], vec![TokenScope::Read, TokenScope::Admin], vec![]] {
        let token = ApiToken { scopes, ..token.clone() };
        let problem = refused(&bed, &named.id.to_string(), &token).await;
        assert_eq!((problem.kind, problem.code), (ProblemKind::Forbidden, "scope_missing"));
    }
}

#[tokio::test]
async fn an_unusable_grant_gives_a_reason_and_no_token() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.grant(&link, HOUR).await;
    let token = token_for(&bed, "Sync", &[&grant]).await;
    let named = grant.id.to_string();
    let unusable = async |words: &str| {
        let problem = refused(&bed, &named, &token).await;
        assert_eq!((problem.kind, problem.code), (ProblemKind::Conflict, "grant_unusable"));
        assert!(problem.message.contains(words), "{words}: {}", problem.message);
        assert!(!problem.hint.is_empty());
    };
    bed.store.update_link(&Link { enabled: false, ..link.clone() }, link.updated_at).await.unwrap();
    unusable("switched off").await;
    let moved = Some("https://elsewhere.example/revoke".to_owned());
    bed.store
        .update_link(&Link { revocation_endpoint: moved, ..link.clone() }, link.updated_at)
        .await
        .unwrap();
    unusable("moved").await;
    bed.store.update_link(&link, link.updated_at).await.unwrap();
    bed.engine.hand_out(&named, MIN_TTL, &token, None).await.unwrap();

    bed.practice.revoke_all(ALICE);
    assert!(bed.engine.refresh_grant(&named).await.is_err());
    let after = bed.store.grant(grant.id).await.unwrap().unwrap();
    assert_eq!(after.state.name(), GrantStateName::NeedsConsent);
    assert!(after.expires_at > bed.engine.now(), "its access token has time left");
    unusable("").await;
    assert_eq!(refused(&bed, &named, &token).await.hint, after.state.trouble().unwrap().hint);
}

#[tokio::test]
async fn what_changes_shows_in_the_next_hand_out() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.grant(&link, HOUR).await;
    let token = token_for(&bed, "Sync", &[&grant]).await;
    let named = grant.id.to_string();
    let handed = async || {
        // The second is answered from what the first has read.
        let first = bed.engine.hand_out(&named, MIN_TTL, &token, None).await.unwrap();
        let second = bed.engine.hand_out(&named, MIN_TTL, &token, None).await.unwrap();
        assert_eq!(first.access_token.expose(), second.access_token.expose());
        second.access_token.expose().to_owned()
    };
    let old = handed().await;
    bed.engine.refresh_grant(&named).await.unwrap();
    let fresh = handed().await;
    assert_ne!(fresh, old);
    assert_eq!(bed.store.tokens(grant.id).await.unwrap().unwrap().access.expose(), fresh);

    let off = Link { enabled: false, ..link.clone() };
    bed.store.update_link(&off, link.updated_at).await.unwrap();
    assert_eq!(refused(&bed, &named, &token).await.code, "grant_unusable");
    let on = bed.store.link(link.id).await.unwrap().unwrap();
    bed.store.update_link(&Link { enabled: true, ..on.clone() }, on.updated_at).await.unwrap();
    assert_eq!(handed().await, fresh);

    bed.engine.revoke_grant(&named, &Caller::System).await.unwrap();
    assert_eq!(refused(&bed, &named, &token).await.code, "grant_unusable");
    let other = bed.grant(&link, HOUR).await;
    let token = token_for(&bed, "Other", &[&other]).await;
    let named = other.id.to_string();
    bed.engine.hand_out(&named, MIN_TTL, &token, None).await.unwrap();
    bed.engine.delete_grant(&named, DeleteGrant::default(), &Caller::System).await.unwrap();
    assert_eq!(refused(&bed, &named, &token).await.code, "grant_not_named");
}

#[tokio::test]
async fn an_ended_token_is_never_handed_out() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let short = SignedDuration::from_millis(1500);
    let grant = bed.unrenewable_grant(&link, short).await;
    let token = token_for(&bed, "Sync", &[&grant]).await;
    let named = grant.id.to_string();
    let handed = bed.engine.hand_out(&named, MIN_TTL, &token, None).await.unwrap();
    assert_eq!(handed.expires_at, grant.expires_at, "what cannot be renewed is used to its end");
    tokio::time::sleep(Duration::from_millis(1600)).await;
    let problem = refused(&bed, &named, &token).await;
    assert_eq!((problem.kind, problem.code), (ProblemKind::Conflict, "grant_unusable"));

    // While the provider is away, the reason is its fault, and it passes.
    let grant = bed.grant(&link, SignedDuration::from_secs(-1)).await;
    let token = token_for(&bed, "Other", &[&grant]).await;
    bed.practice.faults().next_token_answers(9, outlink_practice::TokenFault::status(503));
    let problem = refused(&bed, &grant.id.to_string(), &token).await;
    assert_eq!((problem.kind, problem.code), (ProblemKind::Remote, "grant_unusable"));
}

#[tokio::test]
async fn hand_outs_are_counted_by_token_grant_and_minute() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let (one, two) = (bed.grant(&link, HOUR).await, bed.grant(&link, HOUR).await);
    let token = token_for(&bed, "Sync", &[&one, &two]).await;
    // A clock that stands still keeps all of it within one minute.
    let engine = bed.later_engine(SignedDuration::ZERO);
    engine.start();
    for n in 0..20 {
        let from = address(&format!("192.0.2.{n}"));
        engine.hand_out(&one.id.to_string(), MIN_TTL, &token, from).await.unwrap();
    }
    let refused = engine.hand_out("nobody", MIN_TTL, &token, address("192.0.2.99")).await;
    assert!(refused.is_err());
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let rows = listed(&bed, None).await;
    assert_eq!(rows.len(), 1, "written within a second and a little");
    let row = &rows[0];
    assert_eq!((row.hand_out.count, row.hand_out.addresses.len()), (20, 16));
    assert_eq!(row.token_name.as_deref(), Some("Sync"));
    assert_eq!(row.grant_name.as_deref(), Some(ALICE));
    assert_eq!(row.hand_out.minute.as_second() % 60, 0);
    assert!(row.hand_out.minute <= row.hand_out.first_at);

    // What is not written yet is written at the stop, to the same row.
    engine.hand_out(&one.id.to_string(), MIN_TTL, &token, None).await.unwrap();
    engine.hand_out(&two.id.to_string(), MIN_TTL, &token, None).await.unwrap();
    engine.stop().await;
    let rows = listed(&bed, Some(&one.id.to_string())).await;
    assert_eq!((rows.len(), rows[0].hand_out.count), (1, 21));
    assert_eq!(listed(&bed, None).await.len(), 2);

    bed.engine.delete_token("Sync", &Caller::System).await.unwrap();
    let rows = listed(&bed, None).await;
    assert_eq!(rows.len(), 2, "the record outlives the token");
    assert!(rows.iter().all(|row| row.token_name.is_none()));
    let unknown = bed.engine.hand_outs(Some("nobody@example.org"), Page::default()).await;
    assert_eq!(unknown.unwrap_err().problem().code, "not_found");
}
