//! Tokens that a new consent replaced, and going back to them.

use outlink_model::grant::{BoundTo, Grant, GrantState, Identity};
use outlink_model::{GrantId, Secret};
use outlink_store::{Error, NewTokens, Store};

use crate::bench::{Bench, on_both};
use crate::samples::{
    answer, at, bound, event, grant, granted, held, id, link, replace, tokens, trouble,
};

on_both!(
    the_tokens_that_a_consent_replaces_are_kept_and_can_be_put_back,
    going_back_keeps_what_the_answer_does_not_say,
    only_the_newest_replaced_tokens_are_kept,
    a_refresh_token_that_stays_in_use_is_not_kept_twice,
    tokens_that_could_not_be_renewed_are_not_kept,
    a_kept_refresh_token_is_not_bound_to_another_endpoint,
    going_back_is_by_compare_and_swap,
    tokens_that_do_not_open_do_not_keep_new_ones_from_being_written,
    a_kept_refresh_token_is_rotated_by_whoever_spent_it,
);

fn bob() -> Identity {
    Identity {
        issuer: Some("https://id.example.org".into()),
        subject: Some("bob".into()),
        email: Some("bob@example.org".into()),
    }
}

/// Consent `n`, given by Bob for grant 1, whose tokens are of this generation.
async fn by_bob(store: &Store, n: u8, seen: i64) {
    let consent = NewTokens {
        scopes: Some(vec!["mail".into()]),
        refresh_expires_at: Some(at(70_000)),
        bound_to: Some(bound()),
        ..answer("access-bob", Some("refresh-bob"))
    };
    replace(store, n, seen, &bob(), false, &consent).await.unwrap();
}

async fn read(store: &Store, id: GrantId) -> Grant {
    store.grant(id).await.unwrap().unwrap()
}

async fn the_tokens_that_a_consent_replaces_are_kept_and_can_be_put_back(
    Bench { store, place }: Bench,
) {
    let grant_id = granted(&store).await;
    assert!(!read(&store, grant_id).await.has_previous);
    assert!(store.previous_tokens(grant_id).await.unwrap().is_none());
    by_bob(&store, 1, 1).await;
    let after = read(&store, grant_id).await;
    assert!(after.has_previous);
    assert_eq!((&after.identity, after.refresh_expires_at), (&bob(), Some(at(70_000))));
    assert!(store.overtaken(grant_id).await.unwrap().is_empty(), "these are no late answers");

    let kept = store.previous_tokens(grant_id).await.unwrap().unwrap();
    assert_eq!(kept.access.expose(), "access-1-first");
    assert_eq!(kept.refresh.as_ref().unwrap().expose(), "refresh-1-first");
    assert_eq!(kept.scopes.as_deref(), Some(&grant(1).scopes[..]));
    assert_eq!((kept.refresh_expires_at, &kept.bound_to), (Some(at(90_000)), &Some(bound())));
    let dump = place.everything().await;
    assert!(!dump.windows(15).any(|part| part == b"refresh-1-first"));

    let fresh = NewTokens {
        scopes: Some(vec!["openid".into()]),
        ..answer("access-back", Some("refresh-back"))
    };
    let (next, event) = (Some(at(5000)), event(1));
    let back = store.restore_previous(grant_id, 2, &fresh, next, at(4000), Some(&event)).await;
    assert_eq!(back.unwrap(), 3);
    let now = read(&store, grant_id).await;
    let tokens = (3, "access-back".to_owned(), Some("refresh-back".to_owned()));
    assert_eq!(held(&store, grant_id).await, tokens);
    assert_eq!((now.identity, now.scopes), (grant(1).identity, vec!["openid".to_owned()]));
    assert_eq!((now.expires_at, now.issued_at), (fresh.expires_at, fresh.issued_at));
    assert_eq!((now.next_refresh_at, now.refresh_expires_at), (next, None));
    assert_eq!(store.grants_by_email("alice1@example.org").await.unwrap().len(), 1);
    assert_eq!(place.count("events").await, 1);

    // What was there a moment ago can be put back in its turn.
    assert!(now.has_previous);
    let kept = store.previous_tokens(grant_id).await.unwrap().unwrap();
    assert_eq!(kept.refresh.as_ref().unwrap().expose(), "refresh-bob");
    store.restore_previous(grant_id, 3, &kept, None, at(4001), None).await.unwrap();
    assert_eq!(read(&store, grant_id).await.identity, bob());
    assert_eq!(place.count("grant_leftovers").await, 1);
}

async fn going_back_keeps_what_the_answer_does_not_say(Bench { store, .. }: Bench) {
    let grant_id = granted(&store).await;
    by_bob(&store, 1, 1).await;
    let fresh = answer("access-back", None);
    store.restore_previous(grant_id, 2, &fresh, None, at(4000), None).await.unwrap();
    let back = (3, "access-back".to_owned(), Some("refresh-1-first".to_owned()));
    assert_eq!(held(&store, grant_id).await, back, "the refresh token that was asked with stays");
    let now = read(&store, grant_id).await;
    assert_eq!((now.scopes, now.bound_to), (grant(1).scopes, grant(1).bound_to));
    assert_eq!(now.refresh_expires_at, grant(1).refresh_expires_at);
}

async fn only_the_newest_replaced_tokens_are_kept(Bench { store, place }: Bench) {
    let grant_id = granted(&store).await;
    by_bob(&store, 1, 1).await;
    store.keep_overtaken(grant_id, 1, &answer("late", Some("late"))).await.unwrap();
    let third = answer("access-third", Some("refresh-third"));
    replace(&store, 2, 2, &grant(1).identity, false, &third).await.unwrap();
    let kept = store.previous_tokens(grant_id).await.unwrap().unwrap();
    assert_eq!(kept.access.expose(), "access-bob");
    assert_eq!(place.count("grant_leftovers WHERE kind = 'replaced'").await, 1);
    assert_eq!(store.overtaken(grant_id).await.unwrap().len(), 1, "late answers are left alone");
}

async fn a_refresh_token_that_stays_in_use_is_not_kept_twice(Bench { store, .. }: Bench) {
    let grant_id = granted(&store).await;
    replace(&store, 1, 1, &grant(1).identity, true, &answer("new", None)).await.unwrap();
    assert_eq!(held(&store, grant_id).await.2.as_deref(), Some("refresh-1-first"));
    let now = read(&store, grant_id).await;
    assert!(!now.has_previous, "an old copy of a token that rotates looks like theft");
    assert_eq!(now.refresh_expires_at, grant(1).refresh_expires_at);
}

async fn tokens_that_could_not_be_renewed_are_not_kept(Bench { store, .. }: Bench) {
    let grant_id = granted(&store).await;
    let short = answer("access-short", None);
    replace(&store, 1, 1, &bob(), false, &short).await.unwrap();
    assert_eq!(held(&store, grant_id).await.2, None);
    let now = read(&store, grant_id).await;
    assert_eq!((now.has_previous, now.refresh_expires_at), (true, None));
    by_bob(&store, 2, 2).await;
    let kept = store.previous_tokens(grant_id).await.unwrap().unwrap();
    assert_eq!(kept.access.expose(), "access-1-first", "what could be renewed is not pushed out");

    replace(&store, 3, 3, &bob(), false, &short).await.unwrap();
    let fresh = answer("access-back", Some("refresh-back"));
    store.restore_previous(grant_id, 4, &fresh, None, at(4000), None).await.unwrap();
    let now = read(&store, grant_id).await;
    assert!(!now.has_previous, "they are the grant's now, and nothing else is worth keeping");
}

async fn a_kept_refresh_token_is_not_bound_to_another_endpoint(Bench { store, .. }: Bench) {
    let grant_id = granted(&store).await;
    let fewer = BoundTo { origins: Vec::new(), ..bound() };
    let consent = NewTokens { bound_to: Some(fewer.clone()), ..answer("second", None) };
    replace(&store, 1, 1, &grant(1).identity, true, &consent).await.unwrap();
    assert_eq!(held(&store, grant_id).await.2.as_deref(), Some("refresh-1-first"));
    assert_eq!(read(&store, grant_id).await.bound_to, Some(fewer));

    let moved = BoundTo { token_endpoint: "https://evil.example/token".into(), ..bound() };
    let consent = NewTokens { bound_to: Some(moved.clone()), ..answer("third", None) };
    replace(&store, 2, 2, &grant(1).identity, true, &consent).await.unwrap();
    assert_eq!(held(&store, grant_id).await.2, None, "it came from elsewhere");
    assert_eq!(read(&store, grant_id).await.bound_to, Some(moved));
    let kept = store.previous_tokens(grant_id).await.unwrap().unwrap();
    assert_eq!(kept.refresh.unwrap().expose(), "refresh-1-first");
    assert_eq!(kept.bound_to.unwrap().token_endpoint, bound().token_endpoint);
}

async fn going_back_is_by_compare_and_swap(Bench { store, place }: Bench) {
    store.create_link(&link(1)).await.unwrap();
    let over = GrantState::NeedsConsent { trouble: trouble("over") };
    store.create_grant(&Grant { state: over, ..grant(1) }, &tokens(1)).await.unwrap();
    let fresh = answer("access-back", Some("refresh-back"));
    let nothing = store.restore_previous(id(1), 1, &fresh, None, at(9), Some(&event(1))).await;
    assert!(matches!(nothing, Err(Error::Missing)));
    by_bob(&store, 1, 1).await;
    store.commit_refresh(id(1), 2, &answer("refreshed", None), None, at(10), None).await.unwrap();
    let late = store.restore_previous(id(1), 2, &fresh, None, at(11), Some(&event(1))).await;
    assert!(matches!(late, Err(Error::Stale)));
    assert_eq!(held(&store, id(1)).await.1, "refreshed");
    assert_eq!(place.count("events").await, 0);
    let kept = store.previous_tokens(id(1)).await.unwrap().unwrap();
    assert_eq!(kept.access.expose(), "access-1-first");
}

async fn tokens_that_do_not_open_do_not_keep_new_ones_from_being_written(
    Bench { store, place }: Bench,
) {
    let grant_id = granted(&store).await;
    let same = grant(1).identity;
    place.tamper("UPDATE grants SET access_token = refresh_token").await;
    replace(&store, 1, 1, &same, true, &answer("second", None)).await.unwrap();
    let second = (2, "second".to_owned(), Some("refresh-1-first".to_owned()));
    assert_eq!(held(&store, grant_id).await, second, "the refresh token is whole");

    place.tamper("UPDATE grants SET refresh_token = access_token").await;
    replace(&store, 2, 2, &same, true, &answer("third", None)).await.unwrap();
    assert_eq!(held(&store, grant_id).await, (3, "third".to_owned(), None), "nothing to keep");
    assert!(!read(&store, grant_id).await.has_previous);

    let fourth = answer("fourth", Some("refresh-fourth"));
    replace(&store, 3, 3, &same, true, &fourth).await.unwrap();
    by_bob(&store, 4, 4).await;
    place.tamper("UPDATE grants SET refresh_token = access_token").await;
    place.tamper("UPDATE grant_leftovers SET access_token = refresh_token").await;
    let fresh = answer("back", Some("refresh-back"));
    let back = store.restore_previous(grant_id, 5, &fresh, None, at(4000), None).await;
    assert_eq!(back.unwrap(), 6);
    let back = (6, "back".to_owned(), Some("refresh-back".to_owned()));
    assert_eq!(held(&store, grant_id).await, back);
    assert!(!read(&store, grant_id).await.has_previous);
}

async fn a_kept_refresh_token_is_rotated_by_whoever_spent_it(Bench { store, place }: Bench) {
    let grant_id = granted(&store).await;
    let (first, second) = (Secret::new("refresh-1-first"), Secret::new("refresh-1-second"));
    let rotate = async |spent: &Secret, rotated: &Secret| {
        store.replace_kept_refresh(grant_id, spent, rotated).await.unwrap()
    };
    assert!(!rotate(&first, &second).await, "nothing is kept");
    by_bob(&store, 1, 1).await;
    store.keep_overtaken(grant_id, 1, &answer("late", Some("refresh-1-first"))).await.unwrap();
    assert!(rotate(&first, &second).await);
    assert!(!rotate(&first, &Secret::new("late")).await, "that one is spent");
    let kept = store.previous_tokens(grant_id).await.unwrap().unwrap();
    assert_eq!(kept.refresh.unwrap().expose(), "refresh-1-second");
    assert_eq!((kept.access.expose(), kept.bound_to), ("access-1-first", Some(bound())));
    let overtaken = store.overtaken(grant_id).await.unwrap().remove(0);
    assert_eq!(overtaken.refresh.unwrap().expose(), "refresh-1-first", "answers stay as they came");
    assert_eq!(held(&store, grant_id).await.2.as_deref(), Some("refresh-bob"));
    let dump = place.everything().await;
    assert!(!dump.windows(16).any(|part| part == b"refresh-1-second"), "it is sealed");

    place.tamper("UPDATE grant_leftovers SET refresh_token = access_token").await;
    assert!(!rotate(&second, &first).await, "one that does not open is none");
}
