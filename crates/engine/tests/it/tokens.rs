//! API tokens: what they may do, and which grants they are handed.

use jiff::SignedDuration;
use outlink_engine::{Caller, Page};
use outlink_model::user::TokenScope;

use crate::bed::{ALICE, Bed};

#[tokio::test]
async fn a_token_names_the_grants_that_it_is_handed() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.grant(&link, SignedDuration::from_hours(1)).await;
    let engine = &bed.engine;
    // By address and by id: one grant.
    let named = [ALICE.to_owned(), grant.id.to_string()];
    let scopes = vec![TokenScope::HandOut, TokenScope::HandOut];
    let made = engine.create_token("Sync", scopes, &named, &Caller::System).await.unwrap();
    assert_eq!(made.of.scopes, [TokenScope::HandOut]);
    assert_eq!(made.of.grants, [grant.id]);
    let found = engine.token(made.text.expose()).await.unwrap().unwrap();
    assert_eq!(found, made.of);
    let events = engine.events(Page::default(), None).await.unwrap().items;
    assert!(events[0].message.contains(ALICE), "{}", events[0].message);
    assert!(events[0].message.contains("grant_token"), "{}", events[0].message);
    assert!(!format!("{events:?}").contains(made.text.expose()));
}

#[tokio::test]
async fn a_token_whose_grants_do_not_fit_is_refused_at_its_field() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    bed.grant(&link, SignedDuration::from_hours(1)).await;
    type Case<'a> = (&'a str, &'a [TokenScope], &'a [&'a str], &'a str, &'a str);
    let cases: [Case<'_>; 6] = [
        ("A", &[], &[], "scopes", "missing"),
        ("A", &[TokenScope::Admin], &[ALICE], "grants", "grants_unused"),
        ("A", &[TokenScope::HandOut], &[], "grants", "grants_missing"),
        ("A", &[TokenScope::HandOut], &["nobody@example.org"], "grants", "not_found"),
        ("A", &[TokenScope::HandOut], &[ALICE, "nobody"], "grants", "not_found"),
        (" ", &[TokenScope::HandOut], &[ALICE], "name", "missing"),
    ];
    for (name, scopes, grants, field, code) in cases {
        let grants: Vec<String> = grants.iter().map(|named| (*named).to_owned()).collect();
        let made = bed.engine.create_token(name, scopes.to_vec(), &grants, &Caller::System).await;
        let problem = made.unwrap_err().problem();
        assert_eq!((problem.field, problem.code), (Some(field), code), "{scopes:?} {grants:?}");
        assert!(!problem.hint.is_empty());
    }
    assert!(bed.engine.tokens(Page::default()).await.unwrap().items.is_empty());
}

#[tokio::test]
async fn a_token_that_was_taken_back_opens_nothing_at_once() {
    let bed = Bed::new().await;
    let scopes = vec![TokenScope::Read];
    let made = bed.engine.create_token("Look", scopes.clone(), &[], &Caller::System).await.unwrap();
    let other = bed.engine.create_token("Other", scopes, &[], &Caller::System).await.unwrap();
    let (text, other) = (made.text.expose(), other.text.expose());
    for _ in 0..3 {
        assert_eq!(bed.engine.token(text).await.unwrap().as_ref(), Some(&made.of));
    }
    bed.engine.delete_token("Look", &Caller::System).await.unwrap();
    assert_eq!(bed.engine.token(text).await.unwrap(), None);
    assert!(bed.engine.token(other).await.unwrap().is_some());
    assert_eq!(bed.engine.token(text).await.unwrap(), None);
}
