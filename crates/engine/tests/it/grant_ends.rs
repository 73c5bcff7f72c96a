//! What is left of a grant when revoking, deleting, restoring or making it goes wrong half-way.

use std::time::Duration;

use jiff::SignedDuration;
use outlink_engine::grants::{DeleteGrant, NewGrant};
use outlink_engine::{Caller, Page};
use outlink_model::Secret;
use outlink_model::event::{Event, EventClass};
use outlink_model::grant::{Grant, GrantStateName, later};
use outlink_practice::{Endpoint, TokenFault};
use outlink_store::NewTokens;
use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use crate::bed::{ALICE, Bed, SCOPES, now};
use crate::consents::{anew, first, link};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// Does this in the database itself, behind the store's back.
async fn in_database(bed: &Bed, sql: &'static str) {
    let file = SqliteConnectOptions::new().filename(bed.dir().join("outlink.db"));
    let mut on = SqliteConnection::connect_with(&file).await.unwrap();
    sqlx::query(sql).execute(&mut on).await.unwrap();
}

async fn health_events(bed: &Bed) -> Vec<Event> {
    bed.store.events(&Page::default(), Some(EventClass::Health)).await.unwrap().items
}

/// The grant is as it was, and nobody holds it.
async fn is_untouched(bed: &Bed, before: &Grant) {
    let after = bed.store.grant(before.id).await.unwrap().unwrap();
    assert_eq!((after.generation, &after.state), (before.generation, &before.state));
    assert_eq!(after.next_refresh_at, before.next_refresh_at);
    assert!(after.intent.is_none(), "no refresh is taken to be under way");
    let name = before.id.to_string();
    let refresh = bed.engine.refresh_grant(&name);
    let soon = tokio::time::timeout(Duration::from_secs(3), refresh).await;
    assert!(soon.is_ok_and(|refreshed| refreshed.is_ok()), "nobody waits for a lease to lapse");
}

#[tokio::test]
async fn a_grant_that_cannot_be_ended_here_is_let_go() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    in_database(
        &bed,
        "CREATE TRIGGER stays BEFORE DELETE ON grants BEGIN SELECT RAISE(ABORT, 'it stays'); END",
    )
    .await;
    in_database(
        &bed,
        "CREATE TRIGGER lives BEFORE UPDATE OF state ON grants WHEN NEW.state = 'revoked'
         BEGIN SELECT RAISE(ABORT, 'it lives'); END",
    )
    .await;
    let by = &Caller::System;
    for deletes in [true, false] {
        let grant = bed.grant(&link, HOUR).await;
        let name = grant.id.to_string();
        let failed = match deletes {
            true => bed.engine.delete_grant(&name, DeleteGrant::default(), by).await.is_err(),
            false => bed.engine.revoke_grant(&name, by).await.is_err(),
        };
        assert!(failed, "deletes: {deletes}");
        is_untouched(&bed, &grant).await;
    }
}

#[tokio::test]
async fn a_grant_that_cannot_be_restored_is_let_go() {
    let bed = Bed::new().await;
    link(&bed, |_| {}).await;
    let grant = first(&bed).await.unwrap().grant;
    let grant = anew(&bed, &grant, 0).await.unwrap().grant;
    bed.practice.faults().next_token_answers(1, TokenFault::refuse("temporarily_unavailable"));
    let restored = bed.engine.restore_grant(&grant.id.to_string(), &Caller::System).await;
    assert_eq!(restored.unwrap_err().problem().code, "previous_refused");
    is_untouched(&bed, &grant).await;
}

#[tokio::test]
async fn an_earlier_refresh_token_is_not_lost_by_an_answer_of_no_use() {
    let bed = Bed::new().await;
    link(&bed, |_| {}).await;
    let grant = first(&bed).await.unwrap().grant;
    let name = grant.id.to_string();
    anew(&bed, &grant, 0).await.unwrap();
    let useless = TokenFault::Edit(|answer| {
        answer.insert("access_token".into(), "a\u{1}b".into());
    });
    bed.practice.faults().next_token_answers(1, useless);
    let refused = bed.engine.restore_grant(&name, &Caller::System).await.unwrap_err().problem();
    assert_eq!(refused.code, "previous_refused");
    // The provider has rotated, without any grace.
    bed.engine.restore_grant(&name, &Caller::System).await.unwrap();
    assert_eq!(bed.practice.counters().reuses, 0, "no spent token was shown again");
}

#[tokio::test]
async fn an_answer_that_was_lost_is_asked_for_once_more_while_restoring() {
    let bed = Bed::new().await;
    link(&bed, |_| {}).await;
    let grant = first(&bed).await.unwrap().grant;
    anew(&bed, &grant, 0).await.unwrap();
    bed.practice.set(|settings| settings.refresh_grace = Duration::from_secs(30));
    bed.practice.faults().next_token_answers(1, TokenFault::LoseAnswer);
    let name = grant.id.to_string();
    let view = bed.engine.restore_grant(&name, &Caller::System).await.unwrap();
    assert_eq!(view.grant.state.name(), GrantStateName::Active);
    assert!(bed.engine.refresh_grant(&name).await.is_ok(), "it works");
}

/// Keeps **No lost grant**: a store may take what it is given and not come to say so.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_restore_that_the_store_took_unseen_is_no_failure() {
    let bed = Bed::new().await;
    link(&bed, |_| {}).await;
    let grant = first(&bed).await.unwrap().grant;
    let grant = anew(&bed, &grant, 0).await.unwrap().grant;
    let told = bed.practice.requests(Endpoint::Token).len();
    let slow = TokenFault::Edit(|answer| {
        std::thread::sleep(Duration::from_millis(700));
        answer.insert("access_token".into(), "at-restored".into());
    });
    bed.practice.faults().next_token_answers(1, slow);
    let seen = grant.generation;
    // What the first try of the write would have left behind.
    let written = NewTokens {
        access: Secret::new("at-restored"),
        refresh: None,
        expires_at: later(now(), HOUR),
        issued_at: now(),
        scopes: None,
        refresh_expires_at: None,
        bound_to: None,
    };
    let unseen = async {
        while bed.practice.requests(Endpoint::Token).len() == told {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        bed.store.commit_refresh(grant.id, seen, &written, None, now(), None).await.unwrap();
    };
    let name = grant.id.to_string();
    let restore = bed.engine.restore_grant(&name, &Caller::System);
    let (view, ()) = tokio::join!(restore, unseen);
    let view = view.unwrap();
    assert_eq!(view.grant.generation, seen + 1);
    assert!(bed.store.overtaken(grant.id).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_refused_import_is_told_to_whoever_imports_and_to_nobody_else() {
    let bed = Bed::new().await;
    bed.link("Work").await;
    let import = async |token: &Secret| {
        let new = NewGrant { refresh_token: Some(token.clone()), subject: None };
        bed.engine.create_grant("Work", new, &Caller::System).await
    };
    for error in ["invalid_grant", "invalid_scope", "temporarily_unavailable"] {
        bed.practice.faults().next_token_answers(2, TokenFault::refuse(error));
        assert!(import(&Secret::new("no-such-token")).await.is_err());
        bed.practice.faults().clear();
        let events = health_events(&bed).await;
        assert!(events.is_empty(), "{error}: {events:?}");
    }
    // One that stands, since its answer was lost, tells of its end as any other.
    let (_, refresh) = bed.practice.issue(ALICE, &SCOPES).unwrap();
    bed.practice.faults().next_token_answers(2, TokenFault::LoseAnswer);
    assert!(import(&refresh.unwrap()).await.is_err());
    let kept = bed.engine.grants(Page::default()).await.unwrap().items;
    bed.practice.revoke_all(ALICE);
    assert!(bed.engine.refresh_grant(&kept[0].grant.id.to_string()).await.is_err());
    let events = health_events(&bed).await;
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0].kind, "grant.needs_consent");
}

#[tokio::test]
async fn each_grant_of_a_page_is_shown_with_its_own_link() {
    let bed = Bed::new().await;
    let (one, two) = (bed.link("One").await, bed.link("Two").await);
    for link in [&one, &two, &one] {
        bed.grant(link, HOUR).await;
    }
    let listed = bed.engine.grants(Page::default()).await.unwrap().items;
    let names: Vec<_> = listed.iter().map(|view| view.link_name.as_str()).collect();
    assert_eq!(names, ["One", "Two", "One"]);
}
