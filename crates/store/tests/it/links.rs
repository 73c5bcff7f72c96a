use std::sync::Arc;

use outlink_model::Secret;
use outlink_model::link::{Link, LinkHealth};
use outlink_store::Error;

use crate::bench::{Bench, on_both, together};
use crate::samples::{at, grant, link, link_id, page, shown, tokens, trouble};

on_both!(
    a_link_comes_back_as_it_was_written,
    a_name_is_taken_once,
    an_edit_leaves_the_health_alone,
    a_link_with_grants_is_not_deleted,
    a_marked_link_is_probed_by_one,
    hosts_that_are_added_together_all_stay,
    a_list_is_read_page_by_page,
);

async fn a_link_comes_back_as_it_was_written(Bench { store, .. }: Bench) {
    let marked = LinkHealth::Marked { trouble: trouble("no"), failures: 3, probe_at: at(9) };
    let written = Link { health: marked, ..link(1) };
    store.create_link(&written).await.unwrap();
    let public = Link { client_secret: None, authorization_endpoint: None, ..link(2) };
    store.create_link(&public).await.unwrap();

    let read = store.link(link_id(1)).await.unwrap().unwrap();
    assert_eq!(shown(&read), shown(&written));
    assert_eq!(read.client_secret.unwrap().expose(), "client-secret-1");
    let read = store.link_by_name("link 2").await.unwrap().unwrap();
    assert_eq!(shown(&read), shown(&public));
    assert!(store.link(link_id(3)).await.unwrap().is_none());
    assert!(store.link_by_name("li\0nk").await.unwrap().is_none());
}

async fn a_name_is_taken_once(Bench { store, .. }: Bench) {
    store.create_link(&link(1)).await.unwrap();
    store.create_link(&link(2)).await.unwrap();
    let again = Link { name: "link 1".into(), ..link(3) };
    assert!(matches!(store.create_link(&again).await, Err(Error::Taken("name"))));
    let renamed = Link { name: "link 1".into(), ..link(2) };
    assert!(matches!(store.update_link(&renamed).await, Err(Error::Taken("name"))));
}

async fn an_edit_leaves_the_health_alone(Bench { store, .. }: Bench) {
    store.create_link(&link(1)).await.unwrap();
    let marked = LinkHealth::Marked { trouble: trouble("no"), failures: 1, probe_at: at(9) };
    store.set_link_health(link_id(1), &marked).await.unwrap();
    let edited = Link {
        name: "renamed".into(),
        client_secret: Some(Secret::new("new-secret")),
        updated_at: at(5),
        ..link(1)
    };
    store.update_link(&edited).await.unwrap();

    let read = store.link(link_id(1)).await.unwrap().unwrap();
    assert_eq!((read.name.as_str(), read.updated_at), ("renamed", at(5)));
    assert_eq!(read.client_secret.unwrap().expose(), "new-secret");
    assert_eq!(read.health, marked);
    store.set_link_health(link_id(1), &LinkHealth::Healthy).await.unwrap();
    let read = store.link(link_id(1)).await.unwrap().unwrap();
    assert_eq!(read.health, LinkHealth::Healthy);
    assert!(matches!(store.update_link(&link(2)).await, Err(Error::Missing)));
}

async fn a_link_with_grants_is_not_deleted(Bench { store, .. }: Bench) {
    store.create_link(&link(1)).await.unwrap();
    store.create_grant(&grant(1), &tokens(1)).await.unwrap();
    assert!(matches!(store.delete_link(link_id(1)).await, Err(Error::InUse)));
    store.delete_grant(grant(1).id).await.unwrap();
    store.delete_link(link_id(1)).await.unwrap();
    assert!(store.link(link_id(1)).await.unwrap().is_none());
    assert!(matches!(store.delete_link(link_id(1)).await, Err(Error::Missing)));
}

async fn a_marked_link_is_probed_by_one(Bench { store, .. }: Bench) {
    store.create_link(&link(1)).await.unwrap();
    assert!(!store.claim_probe(link_id(1), at(9), at(20)).await.unwrap(), "it is not marked");
    let marked = LinkHealth::Marked { trouble: trouble("no"), failures: 1, probe_at: at(9) };
    store.set_link_health(link_id(1), &marked).await.unwrap();
    let store = Arc::new(store);
    let probes = (0..6).map(|_| {
        let store = store.clone();
        async move { store.claim_probe(link_id(1), at(9), at(20)).await.unwrap() }
    });
    let won = together(probes).await;
    assert_eq!(won.iter().filter(|won| **won).count(), 1);
    let moved = LinkHealth::Marked { trouble: trouble("no"), failures: 1, probe_at: at(20) };
    assert_eq!(store.link(link_id(1)).await.unwrap().unwrap().health, moved);
}

async fn hosts_that_are_added_together_all_stay(Bench { store, .. }: Bench) {
    store.create_link(&link(1)).await.unwrap();
    let add = |host| store.add_token_host(link_id(1), host);
    let (a, b, c, d) = tokio::join!(add("a"), add("b"), add("c"), add("imap.example.org"));
    for done in [a, b, c, d] {
        done.unwrap();
    }
    let mut hosts = store.link(link_id(1)).await.unwrap().unwrap().token_hosts;
    hosts.sort();
    assert_eq!(hosts, ["a", "b", "c", "imap.example.org"]);
    assert!(matches!(store.add_token_host(link_id(2), "a").await, Err(Error::Missing)));
}

async fn a_list_is_read_page_by_page(Bench { store, .. }: Bench) {
    for n in 1..=5 {
        store.create_link(&link(n)).await.unwrap();
    }
    let first = store.links(&page(2, None)).await.unwrap();
    // A row that goes away between two pages hides no other.
    store.delete_link(link_id(2)).await.unwrap();
    let second = store.links(&page(2, first.next.as_deref())).await.unwrap();
    let third = store.links(&page(2, second.next.as_deref())).await.unwrap();
    let names = |items: &[Link]| items.iter().map(|link| link.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&first.items), ["link 1", "link 2"]);
    assert_eq!(names(&second.items), ["link 3", "link 4"]);
    assert_eq!(names(&third.items), ["link 5"]);
    assert_eq!(third.next, None);
    let odd = store.links(&page(0, Some("a\0b"))).await.unwrap();
    assert_eq!(odd.items.len(), 1, "an odd cursor is no error, and a page has at least one item");
}
