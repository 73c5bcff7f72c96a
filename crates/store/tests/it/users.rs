//! Users, sessions, sign-ins and API tokens.

use std::sync::Arc;

use jiff::SignedDuration;
use outlink_model::user::{ApiToken, TokenScope, User};
use outlink_store::{Error, Store};

use crate::bench::{Bench, on_both, together};
use crate::samples::{at, grant, granted, id, page, tokens};

on_both!(
    a_user_is_found_by_name,
    a_session_ends_by_age_by_idleness_and_by_hand,
    a_new_password_ends_what_the_old_one_opened,
    a_sign_in_is_good_for_one_use,
    a_token_is_found_by_its_hash,
    a_token_names_the_grants_that_it_is_handed,
);

const IDLE: SignedDuration = SignedDuration::from_secs(1000);

fn root() -> User {
    User { id: id(1), name: "root".into(), created_at: at(0) }
}

async fn with_root(store: &Store) {
    store.create_user(&root(), "$argon2id$hash").await.unwrap();
}

async fn a_user_is_found_by_name(Bench { store, .. }: Bench) {
    assert_eq!(store.count_users().await.unwrap(), 0);
    with_root(&store).await;
    let found = store.user_by_name("root").await.unwrap();
    assert_eq!(found, Some((root(), "$argon2id$hash".to_owned())));
    assert_eq!(store.user_by_name("Root").await.unwrap(), None);
    assert_eq!(store.user(id(1)).await.unwrap(), Some(root()));
    assert_eq!(store.count_users().await.unwrap(), 1);
    let again = User { id: id(2), ..root() };
    assert!(matches!(store.create_user(&again, "x").await, Err(Error::Taken("name"))));
}

async fn a_new_password_ends_what_the_old_one_opened(Bench { store, .. }: Bench) {
    with_root(&store).await;
    store.create_session(&[1; 32], id(1), at(0), at(5000)).await.unwrap();
    store.create_sign_in(&[2; 32], id(1), at(5000)).await.unwrap();
    store.set_password(id(1), "$argon2id$other").await.unwrap();
    let found = store.user_by_name("root").await.unwrap();
    assert_eq!(found, Some((root(), "$argon2id$other".to_owned())));
    assert_eq!(store.session(&[1; 32], at(1), IDLE).await.unwrap(), None);
    assert_eq!(store.take_sign_in(&[2; 32], at(1)).await.unwrap(), None);
    assert!(matches!(store.set_password(id(9), "x").await, Err(Error::Missing)));
}

async fn a_session_ends_by_age_by_idleness_and_by_hand(Bench { store, .. }: Bench) {
    with_root(&store).await;
    let alive =
        async |hash: u8, now| store.session(&[hash; 32], at(now), IDLE).await.unwrap().is_some();
    for hash in 1..=3 {
        store.create_session(&[hash; 32], id(1), at(0), at(5000)).await.unwrap();
    }
    let user = store.session(&[1; 32], at(900), IDLE).await.unwrap();
    assert_eq!(user, Some(root()));
    assert!(!alive(4, 1).await, "nobody has this cookie");
    assert!(alive(1, 1800).await, "it was used at 900");
    assert!(!alive(2, 1000).await, "it was not used for as long as that");
    for now in (1800..5000).step_by(900) {
        assert!(alive(1, now).await);
    }
    assert!(!alive(1, 5000).await, "it has a last hour, however busy");

    assert!(alive(3, 1).await);
    store.delete_session(&[3; 32]).await.unwrap();
    assert!(!alive(3, 1).await);
    store.delete_session(&[3; 32]).await.unwrap();
    assert_eq!(store.sweep_sessions(at(5000)).await.unwrap(), 2);
    let nobody = store.create_session(&[9; 32], id(9), at(0), at(1)).await;
    assert!(matches!(nobody, Err(Error::Missing)));
}

async fn a_sign_in_is_good_for_one_use(Bench { store, .. }: Bench) {
    with_root(&store).await;
    store.create_sign_in(&[1; 32], id(1), at(60)).await.unwrap();
    store.create_sign_in(&[2; 32], id(1), at(60)).await.unwrap();
    assert_eq!(store.take_sign_in(&[2; 32], at(60)).await.unwrap(), None, "too late");
    assert_eq!(store.take_sign_in(&[3; 32], at(1)).await.unwrap(), None);

    let store = Arc::new(store);
    let tasks = (0..6).map(|_| {
        let store = store.clone();
        async move { store.take_sign_in(&[1; 32], at(59)).await.unwrap() }
    });
    let used: Vec<_> = together(tasks).await.into_iter().flatten().collect();
    assert_eq!(used, [id(1)]);
    assert_eq!(store.sweep_sign_ins(at(60)).await.unwrap(), 1);
}

async fn a_token_is_found_by_its_hash(Bench { store, .. }: Bench) {
    let scopes = vec![TokenScope::Admin, TokenScope::Read];
    let token =
        ApiToken { id: id(1), name: "ci".into(), scopes, grants: Vec::new(), created_at: at(0) };
    store.create_token(&token, &[1; 32]).await.unwrap();
    let again = ApiToken { id: id(2), ..token.clone() };
    assert!(matches!(store.create_token(&again, &[2; 32]).await, Err(Error::Taken("name"))));
    let bare = ApiToken { id: id(3), name: "bare".into(), scopes: Vec::new(), ..token.clone() };
    store.create_token(&bare, &[3; 32]).await.unwrap();

    assert_eq!(store.token_by_hash(&[1; 32]).await.unwrap().as_ref(), Some(&token));
    assert_eq!(store.token(id(3)).await.unwrap().as_ref(), Some(&bare));
    assert_eq!(store.token_by_name("ci").await.unwrap().as_ref(), Some(&token));
    assert_eq!(store.api_tokens(&page(5, None)).await.unwrap().items, [token, bare]);
    store.delete_token(id(1)).await.unwrap();
    assert_eq!(store.token_by_hash(&[1; 32]).await.unwrap(), None);
    assert!(matches!(store.delete_token(id(1)).await, Err(Error::Missing)));
}

async fn a_token_names_the_grants_that_it_is_handed(Bench { store, place }: Bench) {
    granted(&store).await;
    store.create_grant(&grant(2), &tokens(2)).await.unwrap();
    let token = ApiToken {
        id: id(1),
        name: "mailer".into(),
        scopes: vec![TokenScope::HandOut],
        grants: vec![id(2), id(1), id(2)],
        created_at: at(0),
    };
    store.create_token(&token, &[1; 32]).await.unwrap();
    let one = ApiToken { id: id(2), name: "one".into(), grants: vec![id(2)], ..token.clone() };
    store.create_token(&one, &[2; 32]).await.unwrap();

    let in_order = ApiToken { grants: vec![id(1), id(2)], ..token.clone() };
    assert_eq!(store.token_by_hash(&[1; 32]).await.unwrap().as_ref(), Some(&in_order));
    assert_eq!(store.token(id(1)).await.unwrap().as_ref(), Some(&in_order));
    assert_eq!(store.token_by_name("mailer").await.unwrap().as_ref(), Some(&in_order));
    assert_eq!(store.api_tokens(&page(5, None)).await.unwrap().items, [in_order, one]);

    let astray = ApiToken { id: id(3), name: "astray".into(), grants: vec![id(9)], ..token };
    assert!(matches!(store.create_token(&astray, &[3; 32]).await, Err(Error::Missing)));
    assert_eq!(store.token(id(3)).await.unwrap(), None, "the token is not made without its grants");

    store.delete_token(id(1)).await.unwrap();
    assert_eq!(place.count("token_grants").await, 1, "of the other token");
}
