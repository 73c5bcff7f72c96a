//! Giving grants back, and deleting them.

use outlink_model::Secret;
use outlink_model::grant::{GrantState, Identity};
use outlink_model::mail_server::{MailServer, SignIn};
use outlink_store::Error;

use crate::bench::{Bench, on_both};
use crate::samples::{
    answer, at, event, grant, granted, held, id, mail_server, replace, tokens, trouble,
};

on_both!(
    a_grant_that_was_given_back_has_no_tokens,
    an_answer_under_way_does_not_bring_a_revoked_grant_back,
    a_revoked_grant_comes_back_by_a_new_consent,
    a_deleted_grant_leaves_its_mail_servers_paused,
);

async fn a_grant_that_was_given_back_has_no_tokens(Bench { store, place }: Bench) {
    let grant_id = granted(&store).await;
    store.keep_overtaken(grant_id, 0, &answer("late", Some("late"))).await.unwrap();
    let consent = answer("access-new", Some("refresh-new"));
    replace(&store, 1, 1, &Identity::default(), true, &consent).await.unwrap();
    store.claim_refresh(grant_id, 2, "a", at(10), at(20)).await.unwrap();

    let stale = store.revoke_grant(grant_id, 1, at(30), &event(1)).await;
    assert!(matches!(stale, Err(Error::Stale)));
    store.revoke_grant(grant_id, 2, at(30), &event(1)).await.unwrap();
    assert_eq!(held(&store, grant_id).await, (3, String::new(), None));
    let read = store.grant(grant_id).await.unwrap().unwrap();
    assert_eq!((read.state, read.since), (GrantState::Revoked, at(30)));
    assert_eq!((read.next_refresh_at, read.intent, read.refresh_expires_at), (None, None, None));
    assert!(!read.renewable && !read.has_previous);
    assert_eq!((place.count("grant_leftovers").await, place.count("events").await), (0, 1));
}

async fn an_answer_under_way_does_not_bring_a_revoked_grant_back(Bench { store, .. }: Bench) {
    let grant_id = granted(&store).await;
    store.claim_refresh(grant_id, 1, "slow", at(10), at(20)).await.unwrap();
    store.revoke_grant(grant_id, 1, at(11), &event(1)).await.unwrap();
    let late = answer("late", Some("late"));
    let late = store.commit_refresh(grant_id, 1, &late, None, at(12), None).await;
    assert!(matches!(late, Err(Error::Stale)));
    let late = store.rotate_refresh_token(grant_id, 1, &Secret::new("late")).await;
    assert!(matches!(late, Err(Error::Stale)));
    assert_eq!(store.grant(grant_id).await.unwrap().unwrap().state, GrantState::Revoked);
}

async fn a_revoked_grant_comes_back_by_a_new_consent(Bench { store, .. }: Bench) {
    let grant_id = granted(&store).await;
    store.revoke_grant(grant_id, 1, at(11), &event(1)).await.unwrap();
    let consent = answer("access-new", Some("refresh-new"));
    replace(&store, 1, 2, &grant(1).identity, true, &consent).await.unwrap();
    let read = store.grant(grant_id).await.unwrap().unwrap();
    assert_eq!(read.state, GrantState::Active);
    assert!(!read.has_previous, "there is nothing to go back to");
    let new = (3, "access-new".to_owned(), Some("refresh-new".to_owned()));
    assert_eq!(held(&store, grant_id).await, new);
}

async fn a_deleted_grant_leaves_its_mail_servers_paused(Bench { store, place }: Bench) {
    let grant_id = granted(&store).await;
    store.create_grant(&grant(2), &tokens(2)).await.unwrap();
    store.keep_overtaken(grant_id, 1, &answer("late", None)).await.unwrap();
    for n in 1..=2 {
        let server = MailServer { sign_in: SignIn::Grant(id(n)), ..mail_server(n) };
        store.create_mail_server(&server).await.unwrap();
    }
    let gone = trouble("The grant was deleted.");
    store.delete_grant(grant_id, at(9), &gone, &event(1)).await.unwrap();
    assert!(store.grant(grant_id).await.unwrap().is_none());
    assert!(store.overtaken(grant_id).await.unwrap().is_empty());
    let server = store.mail_server(id(1)).await.unwrap().unwrap();
    assert!(server.paused && matches!(server.sign_in, SignIn::Missing));
    let health = server.health;
    assert_eq!(health.trouble.unwrap().reason, gone.reason);
    assert_eq!(health.failing_since, Some(at(9)));
    let other = store.mail_server(id(2)).await.unwrap().unwrap();
    assert!(!other.paused && other.health.trouble.is_none());

    let again = store.delete_grant(grant_id, at(9), &gone, &event(2)).await;
    assert!(matches!(again, Err(Error::Missing)));
    assert_eq!(place.count("events").await, 1, "what did not happen is not told");
}
