use std::sync::Arc;

use outlink_model::Secret;
use outlink_model::link::{ClientSecret, Link};
use outlink_store::{EndingSecret, Error, Store};

use crate::bench::{Bench, on_both, together};
use crate::samples::{at, client_secret, event, id, link, link_id, page, shown};

on_both!(
    secrets_keep_their_order_through_edits_and_lists,
    a_secret_is_never_given_another_value,
    of_many_who_see_a_secret_refused_one_moves_it,
    an_accepted_secret_is_used_first,
    secrets_that_end_are_told_of_enabled_links,
    a_warning_is_given_by_one_and_another_end_begins_anew,
);

fn with(n: u128, secrets: &[ClientSecret]) -> Link {
    Link { client_secrets: secrets.to_vec(), ..link(n) }
}

/// The ids of a link's secrets, in the order of their use, less a thousand.
async fn order(store: &Store, n: u128) -> Vec<u128> {
    let link = store.link(link_id(n)).await.unwrap().unwrap();
    link.client_secrets.iter().map(|secret| secret.id.0.as_u128() - 1000).collect()
}

async fn secrets_keep_their_order_through_edits_and_lists(Bench { store, .. }: Bench) {
    let [a, b, c] = [2, 1, 3].map(client_secret);
    let written = with(1, &[a.clone(), b.clone()]);
    store.create_link(&written).await.unwrap();
    store.create_link(&with(2, &[])).await.unwrap();
    store.create_link(&with(3, &[client_secret(5), client_secret(4)])).await.unwrap();
    let read = store.link(link_id(1)).await.unwrap().unwrap();
    assert_eq!(shown(&read), shown(&written));
    let values: Vec<_> = read.client_secrets.iter().map(|secret| secret.value.expose()).collect();
    assert_eq!(values, ["client-secret-2", "client-secret-1"]);

    let listed = store.links(&page(2, None)).await.unwrap();
    assert_eq!(
        listed.items.iter().map(|link| link.client_secrets.len()).collect::<Vec<_>>(),
        [2, 0]
    );
    let rest = store.links(&page(2, listed.next.as_deref())).await.unwrap();
    assert_eq!(rest.items[0].client_secrets.len(), 2);
    assert_eq!(rest.next, None);

    // Another one comes first, one goes, and one is told more of.
    let refused = ClientSecret { refused_at: Some(at(3)), key_id: None, certificate: None, ..b };
    let edited = with(1, &[c, refused]);
    store.update_link(&edited, at(1)).await.unwrap();
    let read = store.link(link_id(1)).await.unwrap().unwrap();
    assert_eq!(shown(&read), shown(&edited));
    assert_eq!((order(&store, 1).await, order(&store, 3).await), (vec![3, 1], vec![5, 4]));
    store.update_link(&with(1, &[]), at(1)).await.unwrap();
    assert!(order(&store, 1).await.is_empty());
}

async fn a_secret_is_never_given_another_value(Bench { store, .. }: Bench) {
    store.create_link(&link(1)).await.unwrap();
    let other = ClientSecret { value: Secret::new("another"), ..client_secret(1) };
    let edited = Link { name: "renamed".into(), ..with(1, &[other]) };
    let error = store.update_link(&edited, at(1)).await.unwrap_err();
    assert!(matches!(error, Error::Broken(_)), "{error}");
    assert!(!error.to_string().contains("another\n"), "{error}");
    let read = store.link(link_id(1)).await.unwrap().unwrap();
    assert_eq!(shown(&read), shown(&link(1)), "nothing of it is written");
    assert_eq!(read.client_secret().unwrap().expose(), "client-secret-1");
}

async fn of_many_who_see_a_secret_refused_one_moves_it(Bench { store, .. }: Bench) {
    store.create_link(&with(1, &[client_secret(1), client_secret(2)])).await.unwrap();
    let store = Arc::new(store);
    let calls =
        (0..6).map(|n| {
            let store = store.clone();
            async move {
                store.prefer_client_secret(link_id(1), id(1002), id(1001), at(n)).await.unwrap()
            }
        });
    let won = together(calls).await;
    assert_eq!(won.iter().filter(|won| **won).count(), 1);
    assert_eq!(order(&store, 1).await, [2, 1]);
}

async fn an_accepted_secret_is_used_first(Bench { store, .. }: Bench) {
    store.create_link(&with(1, &[1, 2, 3].map(client_secret))).await.unwrap();
    store.create_link(&with(2, &[4, 5].map(client_secret))).await.unwrap();
    let prefer = async |accepted: u128, refused: u128, now| {
        let (accepted, refused) = (id(1000 + accepted), id(1000 + refused));
        store.prefer_client_secret(link_id(1), accepted, refused, at(now)).await.unwrap()
    };
    assert!(prefer(3, 1, 10).await);
    assert_eq!(order(&store, 1).await, [3, 1, 2]);
    let read = store.link(link_id(1)).await.unwrap().unwrap();
    let refused: Vec<_> = read.client_secrets.iter().map(|secret| secret.refused_at).collect();
    assert_eq!(refused, [None, Some(at(10)), None]);
    assert!(!prefer(3, 1, 11).await, "that is how they stand");
    assert!(!prefer(5, 1, 11).await, "another link's");
    assert!(!prefer(9, 1, 11).await && !prefer(3, 9, 11).await, "one is gone");
    // The provider has changed its mind.
    assert!(prefer(1, 3, 12).await);
    let read = store.link(link_id(1)).await.unwrap().unwrap();
    let refused: Vec<_> = read.client_secrets.iter().map(|secret| secret.refused_at).collect();
    assert_eq!((order(&store, 1).await, refused), (vec![1, 3, 2], vec![None, Some(at(12)), None]));
    assert_eq!(order(&store, 2).await, [4, 5]);
}

fn ending(n: u128, end: i64) -> ClientSecret {
    ClientSecret { expires_at: Some(at(end)), ..client_secret(n) }
}

async fn secrets_that_end_are_told_of_enabled_links(Bench { store, .. }: Bench) {
    let lasting = ClientSecret { expires_at: None, ..client_secret(3) };
    store.create_link(&with(1, &[ending(1, 500), ending(2, 100), lasting])).await.unwrap();
    store.create_link(&Link { enabled: false, ..with(2, &[ending(4, 50)]) }).await.unwrap();
    store.create_link(&with(3, &[ending(5, 300)])).await.unwrap();
    let found = store.secrets_that_end(at(300)).await.unwrap();
    let first = EndingSecret {
        link_id: link_id(1),
        link_name: "link 1".into(),
        id: id(1002),
        expires_at: at(100),
        warned: None,
    };
    assert_eq!(found[0], first);
    assert_eq!(found.iter().map(|secret| secret.id).collect::<Vec<_>>(), [id(1002), id(1005)]);
    assert!(store.secrets_that_end(at(99)).await.unwrap().is_empty());
}

async fn a_warning_is_given_by_one_and_another_end_begins_anew(Bench { store, place }: Bench) {
    store.create_link(&with(1, &[ending(1, 500)])).await.unwrap();
    let store = Arc::new(store);
    let calls = (1..=6).map(|n| {
        let store = store.clone();
        async move { store.warn_secret(id(1001), None, 30, &event(n)).await.unwrap() }
    });
    let won = together(calls).await;
    assert_eq!(won.iter().filter(|won| **won).count(), 1);
    assert_eq!(place.count("events").await, 1, "one warning, one event");
    let warned = async || store.secrets_that_end(at(900)).await.unwrap()[0].warned;
    assert_eq!(warned().await, Some(30));
    assert!(store.warn_secret(id(1001), Some(30), 0, &event(7)).await.unwrap());
    assert!(!store.warn_secret(id(1001), Some(30), 14, &event(8)).await.unwrap());
    assert!(!store.warn_secret(id(1009), None, 14, &event(8)).await.unwrap());

    store.update_link(&with(1, &[client_secret(2), ending(1, 500)]), at(1)).await.unwrap();
    assert_eq!(warned().await, Some(0), "the same end");
    store.update_link(&with(1, &[client_secret(2), ending(1, 800)]), at(1)).await.unwrap();
    assert_eq!(warned().await, None, "another end");
}
