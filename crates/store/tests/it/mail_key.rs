//! The key that our own Message-IDs are signed with.

use outlink_model::Secret;
use outlink_store::Error;

use crate::bench::{Bench, KEY, on_both};

on_both!(the_mail_key_is_made_once_and_sealed, a_damaged_mail_key_is_told_of);

async fn the_mail_key_is_made_once_and_sealed(Bench { store, place }: Bench) {
    let other = place.open(&KEY).await.unwrap();
    let (first, second) = (Secret::new("first-mail-key"), Secret::new("second-mail-key"));
    let (ours, theirs) = tokio::join!(store.mail_key(&first), other.mail_key(&second));
    let (ours, theirs) = (ours.unwrap(), theirs.unwrap());
    assert_eq!(ours.expose(), theirs.expose(), "on all nodes");
    assert!([first.expose(), second.expose()].contains(&ours.expose()));
    let later = store.mail_key(&Secret::new("third")).await.unwrap();
    assert_eq!(later.expose(), ours.expose());
    let all = place.everything().await;
    assert!(!all.windows(8).any(|part| part == b"mail-key"), "it does not lie open");
}

async fn a_damaged_mail_key_is_told_of(Bench { store, place }: Bench) {
    let fresh = Secret::new("first-mail-key");
    store.mail_key(&fresh).await.unwrap();
    place.tamper("UPDATE meta SET value = value || '0' WHERE name = 'mail_key'").await;
    assert!(matches!(store.mail_key(&fresh).await, Err(Error::Broken(_))));
    place.tamper("UPDATE meta SET value = value || '0' WHERE name = 'mail_key'").await;
    assert!(matches!(store.mail_key(&fresh).await, Err(Error::Broken(_))));
}
