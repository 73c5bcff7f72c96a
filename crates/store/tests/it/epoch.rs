//! Whether anything was written since.

use outlink_model::link::Link;
use outlink_model::user::{ApiToken, HandOut, TokenScope, User};
use outlink_store::Store;

use crate::bench::{Bench, on_both};
use crate::samples::{at, event, granted, id, link};

on_both!(there_is_no_epoch_where_others_write);

async fn there_is_no_epoch_where_others_write(Bench { store, .. }: Bench) {
    granted(&store).await;
    assert_eq!(store.epoch().is_some(), store.is_sqlite());
}

/// It rose since this was asked last.
fn rose(store: &Store, last: &mut u64) -> bool {
    let epoch = store.epoch().expect("nothing is under way");
    assert!(epoch >= *last);
    std::mem::replace(last, epoch) < epoch
}

#[tokio::test]
async fn every_kind_of_write_raises_it_and_nothing_else() {
    let Bench { store, place: _place } = Bench::sqlite().await;
    let (store, mut last) = (&store, store.epoch().unwrap());
    // A transaction.
    let grant = granted(store).await;
    assert!(rose(store, &mut last));
    let scopes = vec![TokenScope::HandOut];
    let (name, created_at) = ("Sync".to_owned(), at(0));
    let token = ApiToken { id: id(1), name, scopes, grants: vec![grant], created_at };
    store.create_token(&token, &[1; 32]).await.unwrap();
    assert!(rose(store, &mut last));
    store.update_link(&Link { enabled: false, ..link(1) }, at(1)).await.unwrap();
    assert!(rose(store, &mut last));
    // A statement alone, with an event, and with an answer.
    store.delete_token(token.id).await.unwrap();
    assert!(rose(store, &mut last));
    let seen = store.link(id(1)).await.unwrap().unwrap();
    assert!(store.mark_link(&seen, &seen.health, Some(&event(1))).await.unwrap());
    assert!(rose(store, &mut last));
    let root = User { id: id(1), name: "root".into(), created_at: at(0) };
    store.create_user(&root, "x").await.unwrap();
    store.create_sign_in(&[2; 32], id(1), at(50)).await.unwrap();
    assert!(rose(store, &mut last));
    assert_eq!(store.take_sign_in(&[2; 32], at(1)).await.unwrap(), Some(id(1)));
    assert!(rose(store, &mut last));
    // An intake, and the claim of a poll.
    let mut intake = store.intake().await.unwrap();
    intake.savepoint().await.unwrap();
    assert!(!rose(store, &mut last));
    intake.release_savepoint().await.unwrap();
    intake.commit().await.unwrap();
    assert!(rose(store, &mut last));
    store.claim_poll(at(0), "holder", at(9)).await.unwrap();
    assert!(rose(store, &mut last));

    store.ping().await.unwrap();
    store.tokens_now(grant).await.unwrap().unwrap();
    drop(store.intake().await.unwrap());
    assert!(!rose(store, &mut last));
}

#[tokio::test]
async fn the_record_of_hand_outs_does_not_raise_it_and_settles_what_was_unknown() {
    let Bench { store, place: _place } = Bench::sqlite().await;
    let (store, mut last) = (&store, store.epoch().unwrap());
    let handed = HandOut {
        token_id: id(1),
        grant_id: id(1),
        minute: at(0),
        count: 1,
        first_at: at(10),
        last_at: at(10),
        addresses: vec!["192.0.2.1".into()],
    };
    store.add_hand_outs(std::slice::from_ref(&handed)).await.unwrap();
    assert!(!rose(store, &mut last));
    // A statement that fails may have been committed all the same, for all that is known then.
    let root = User { id: id(1), name: "root".into(), created_at: at(0) };
    store.create_user(&root, "x").await.unwrap();
    store.create_user(&root, "x").await.unwrap_err();
    assert_eq!(store.epoch(), None);
    store.add_hand_outs(&[handed]).await.unwrap();
    assert!(rose(store, &mut last));
}

#[tokio::test]
async fn a_write_whose_caller_left_is_unknown_until_a_later_one_is_over() {
    let Bench { store, place: _place } = Bench::sqlite().await;
    let mut unknown = 0;
    for n in 0..200 {
        let user = User { id: id(n + 1), name: format!("user {n}"), created_at: at(0) };
        let leaves = async {
            for _ in 0..n * 10 {
                tokio::task::yield_now().await;
            }
        };
        // Left before it waits, while it waits, and not at all.
        tokio::select! {
            biased;
            done = store.create_user(&user, "x") => done.unwrap(),
            () = leaves => {}
        }
        let epoch = store.epoch();
        let seen = store.count_users().await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        match epoch {
            Some(_) if store.epoch() == epoch => {
                assert_eq!(store.count_users().await.unwrap(), seen, "{n}: it is exact");
            }
            _ => unknown += 1,
        }
    }
    assert!(unknown > 0, "some were left while they were under way");
    store
        .create_user(&User { id: id(999), name: "last".into(), created_at: at(0) }, "x")
        .await
        .unwrap();
    assert!(store.epoch().is_some());
}
