use std::sync::Arc;

use outlink_model::grant::Grant;
use outlink_model::link::{ClientAuth, GrantType, Link, LinkHealth, ScopeSeparator};
use outlink_model::mail_server::{MailServer, ServerHealth, SignIn};
use outlink_store::{Error, Poll};

use crate::bench::{Bench, on_both, together};
use crate::samples::{
    at, begun, client_secret, connection, event, grant, id, link, link_id, mail_server, page,
    shown, tokens, trouble,
};

on_both!(
    a_link_comes_back_as_it_was_written,
    a_name_is_taken_once,
    an_edit_leaves_the_health_alone,
    an_edit_undoes_nobody_elses,
    a_link_with_grants_is_not_deleted,
    a_link_takes_its_grants_along_and_leaves_the_mail_servers,
    the_health_of_a_link_is_told_in_the_same_breath,
    a_link_is_marked_as_it_was_seen,
    a_marked_link_is_probed_by_one,
    hosts_that_are_added_together_all_stay,
    a_list_is_read_page_by_page,
);

async fn a_link_comes_back_as_it_was_written(Bench { store, .. }: Bench) {
    let marked = LinkHealth::Marked { trouble: trouble("no"), failures: 3, probe_at: at(9) };
    let written = Link { health: marked, ..link(1) };
    store.create_link(&written).await.unwrap();
    let public = Link {
        client_secrets: Vec::new(),
        client_auth: ClientAuth::None,
        grant_type: GrantType::DeviceCode,
        signing_alg: None,
        requires_iss: false,
        authorization_endpoint: None,
        revocation_endpoint: None,
        introspection_endpoint: None,
        scope_separator: ScopeSeparator::Space,
        enabled: false,
        pkce: true,
        ..link(2)
    };
    store.create_link(&public).await.unwrap();

    let read = store.link(link_id(1)).await.unwrap().unwrap();
    assert_eq!(shown(&read), shown(&written));
    assert_eq!(read.client_secret().unwrap().expose(), "client-secret-1");
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
    assert!(matches!(store.update_link(&renamed, at(1)).await, Err(Error::Taken("name"))));
}

async fn an_edit_leaves_the_health_alone(Bench { store, .. }: Bench) {
    store.create_link(&link(1)).await.unwrap();
    let marked = LinkHealth::Marked { trouble: trouble("no"), failures: 1, probe_at: at(9) };
    assert!(store.mark_link(&link(1), &marked, None).await.unwrap());
    let edited = Link {
        name: "renamed".into(),
        enabled: false,
        client_secrets: vec![client_secret(7)],
        token_endpoint: "https://other.example.org/token".into(),
        token_params: Vec::new(),
        signing_alg: None,
        requires_iss: false,
        updated_at: at(5),
        ..link(1)
    };
    store.update_link(&edited, at(1)).await.unwrap();

    let read = store.link(link_id(1)).await.unwrap().unwrap();
    assert_eq!(shown(&read), shown(&Link { health: marked.clone(), ..edited }));
    assert_eq!(read.client_secret().unwrap().expose(), "client-secret-7");
    assert_eq!(read.health, marked);
    assert!(store.heal_link(link_id(1), &event(1)).await.unwrap());
    let read = store.link(link_id(1)).await.unwrap().unwrap();
    assert_eq!(read.health, LinkHealth::Healthy);
    assert!(matches!(store.update_link(&link(2), at(1)).await, Err(Error::Missing)));
}

async fn an_edit_undoes_nobody_elses(Bench { store, .. }: Bench) {
    let both = vec![client_secret(1), client_secret(2)];
    store.create_link(&Link { client_secrets: both.clone(), ..link(1) }).await.unwrap();
    let read = async || store.link(link_id(1)).await.unwrap().unwrap();
    let seen = read().await;
    let edit = |description: &str, at_second| Link {
        description: description.into(),
        updated_at: at(at_second),
        ..seen.clone()
    };
    assert!(store.update_link(&edit("first", 5), seen.updated_at).await.unwrap());
    let late = Link { client_secrets: Vec::new(), ..edit("late", 6) };
    assert!(!store.update_link(&late, seen.updated_at).await.unwrap());
    let now = read().await;
    assert_eq!((now.description.as_str(), now.client_secrets.len()), ("first", 2));

    // What is written beside an edit is not undone by it either.
    store.add_token_host(link_id(1), "other.example.org").await.unwrap();
    assert!(!store.update_link(&late, now.updated_at).await.unwrap());
    let now = read().await;
    let (first, second) = (both[0].id, both[1].id);
    assert!(store.prefer_client_secret(link_id(1), second, first, at(7)).await.unwrap());
    assert!(!store.update_link(&late, now.updated_at).await.unwrap());
    let now = read().await;
    assert!(!store.prefer_client_secret(link_id(1), second, first, at(8)).await.unwrap());
    assert!(store.update_link(&late, now.updated_at).await.unwrap(), "nothing was written");
}

async fn a_link_with_grants_is_not_deleted(Bench { store, .. }: Bench) {
    store.create_link(&link(1)).await.unwrap();
    store.create_grant(&grant(1), &tokens(1)).await.unwrap();
    assert!(matches!(store.delete_link(link_id(1)).await, Err(Error::InUse)));
    store.delete_grant(id(1), at(1), &trouble("gone"), &event(1)).await.unwrap();
    store.delete_link(link_id(1)).await.unwrap();
    assert!(store.link(link_id(1)).await.unwrap().is_none());
    assert!(matches!(store.delete_link(link_id(1)).await, Err(Error::Missing)));
}

async fn a_link_takes_its_grants_along_and_leaves_the_mail_servers(Bench { store, place }: Bench) {
    for n in 1..=2 {
        store.create_link(&link(n)).await.unwrap();
        let grant = Grant { link_id: link_id(n), ..grant(n) };
        store.create_grant(&grant, &tokens(n)).await.unwrap();
        let server = MailServer { sign_in: SignIn::Grant(id(n)), ..mail_server(n) };
        store.create_mail_server(&server).await.unwrap();
    }
    begun(&store, 1).await;
    let (gone, nobody) = (trouble("The link was deleted."), link_id(9));
    let missing = store.delete_link_with_grants(nobody, at(9), &gone, &event(1)).await;
    assert!(matches!(missing, Err(Error::Missing)));
    assert!(store.claim_server(id(1), "poll", at(8), at(20)).await.unwrap());
    store.delete_link_with_grants(link_id(1), at(9), &gone, &event(1)).await.unwrap();

    assert!(store.link(link_id(1)).await.unwrap().is_none());
    assert!(store.grant(id(1)).await.unwrap().is_none());
    assert!(store.consent(id(1)).await.unwrap().is_none());
    for (table, left) in [("client_secrets", 1), ("grants", 1), ("events", 1)] {
        assert_eq!(place.count(table).await, left, "{table}");
    }
    let server = store.mail_server(id(1)).await.unwrap().unwrap();
    assert!(matches!(server.sign_in, SignIn::Missing));
    assert!(server.paused);
    assert_eq!(server.health.trouble.as_ref().unwrap().reason, gone.reason);
    assert_eq!(server.health.failing_since, Some(at(9)));
    let poll = Poll {
        health: ServerHealth::default(),
        next_poll_at: Some(at(60)),
        connection: connection(1, 1, 10),
    };
    let polled = store.finish_poll(id(1), "poll", &poll).await.unwrap();
    assert!(!polled, "a poll that was under way does not make it look well");
    let other = store.mail_server(id(2)).await.unwrap().unwrap();
    assert!(matches!(other.sign_in, SignIn::Grant(_)) && !other.paused, "another link's");

    let attached = MailServer { sign_in: SignIn::Grant(id(2)), ..server };
    store.update_mail_server(&attached, at(1)).await.unwrap();
    assert_eq!(store.mail_servers_of_grant(id(2)).await.unwrap().len(), 2);
}

async fn the_health_of_a_link_is_told_in_the_same_breath(Bench { store, place }: Bench) {
    store.create_link(&link(1)).await.unwrap();
    let marked = LinkHealth::Marked { trouble: trouble("no"), failures: 1, probe_at: at(9) };
    assert!(store.mark_link(&link(1), &marked, Some(&event(1))).await.unwrap());
    assert_eq!(place.count("events").await, 1);
    assert!(!store.mark_link(&link(9), &marked, Some(&event(2))).await.unwrap());
    assert!(!store.heal_link(link_id(9), &event(2)).await.unwrap());
    // An id is good for one event, so this one cannot be written.
    assert!(store.heal_link(link_id(1), &event(1)).await.is_err());
    assert_eq!(store.link(link_id(1)).await.unwrap().unwrap().health, marked, "neither is");
    assert_eq!(place.count("events").await, 1);
}

async fn a_link_is_marked_as_it_was_seen(Bench { store, place }: Bench) {
    store.create_link(&link(1)).await.unwrap();
    let mark = |failures, probe_at| LinkHealth::Marked {
        trouble: trouble("no"),
        failures,
        probe_at: at(probe_at),
    };
    let store = Arc::new(store);
    let read = async || store.link(link_id(1)).await.unwrap().unwrap();
    let healthy = read().await;
    let marks = (0..8).map(|n| {
        let (store, seen) = (store.clone(), link(1));
        async move { store.mark_link(&seen, &mark(1, 9), Some(&event(n))).await.unwrap() }
    });
    let marks = together(marks).await;
    assert_eq!(marks.into_iter().filter(|marked| *marked).count(), 1, "of many that fail at once");
    assert_eq!(place.count("events").await, 1);

    let marked = read().await;
    assert!(store.mark_link(&marked, &mark(2, 30), None).await.unwrap(), "a probe that failed");
    assert!(!store.mark_link(&marked, &mark(2, 40), None).await.unwrap(), "one that came late");
    assert_eq!(read().await.health, mark(2, 30));
    assert!(store.hasten_probe(link_id(1), at(12)).await.unwrap());
    assert_eq!(read().await.health, mark(2, 12));

    // What was begun before an edit knows nothing of what was mended by it.
    assert!(store.update_link(&Link { updated_at: at(20), ..link(1) }, at(1)).await.unwrap());
    assert!(store.heal_link(link_id(1), &event(20)).await.unwrap());
    assert!(!store.heal_link(link_id(1), &event(21)).await.unwrap(), "it is well already");
    assert!(!store.mark_link(&healthy, &mark(1, 50), Some(&event(22))).await.unwrap());
    assert!(!store.hasten_probe(link_id(1), at(60)).await.unwrap());
    assert_eq!(read().await.health, LinkHealth::Healthy);
    assert_eq!(place.count("events").await, 2, "what did not happen is not told");
}

async fn a_marked_link_is_probed_by_one(Bench { store, .. }: Bench) {
    store.create_link(&link(1)).await.unwrap();
    assert!(!store.claim_probe(link_id(1), at(9), at(20)).await.unwrap(), "it is not marked");
    let marked = LinkHealth::Marked { trouble: trouble("no"), failures: 1, probe_at: at(9) };
    assert!(store.mark_link(&link(1), &marked, None).await.unwrap());
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
