//! Webhooks, and what is on its way to them.

use std::sync::Arc;

use outlink_model::Secret;
use outlink_model::event::Event;
use outlink_model::webhook::Webhook;
use outlink_store::{Due, Error, Store};

use crate::bench::{Bench, on_both, together};
use crate::samples::{at, health, id, page, shown, trouble, webhook};

on_both!(
    a_webhook_comes_back_as_it_was_written,
    a_webhook_is_changed_and_keeps_how_it_goes,
    a_webhooks_secret_is_sealed_for_its_row,
    one_of_many_makes_an_attempt,
    what_arrived_is_no_longer_on_its_way,
    what_failed_is_due_again_until_it_is_given_up,
    what_is_on_its_way_waits_while_its_webhook_is_off,
    a_webhook_takes_what_is_on_its_way_along,
    events_go_out_in_their_order,
    a_webhook_with_much_due_does_not_crowd_out_the_others,
    events_and_deletions_do_not_fail_one_another,
);

async fn due(store: &Store) -> Vec<Due> {
    store.due_deliveries(at(1000), 99).await.unwrap()
}

/// Webhook 1 with one event due.
async fn with_one(store: &Store) -> Due {
    store.create_webhook(&webhook(1)).await.unwrap();
    store.add_event(&health(1)).await.unwrap();
    due(store).await.remove(0)
}

async fn a_webhook_comes_back_as_it_was_written(Bench { store, .. }: Bench) {
    let bad = Webhook {
        enabled: false,
        ok_at: Some(at(3)),
        trouble: Some(trouble("It answers 500.")),
        ..webhook(2)
    };
    store.create_webhook(&webhook(1)).await.unwrap();
    store.create_webhook(&bad).await.unwrap();
    let again = Webhook { id: id(3), ..webhook(1) };
    assert!(matches!(store.create_webhook(&again).await, Err(Error::Taken("name"))));

    let found = store.webhook(id(1)).await.unwrap().unwrap();
    assert_eq!(shown(&found), shown(&webhook(1)));
    assert_eq!(found.secret.expose(), "whsec_secret-1");
    let found = store.webhook_by_name("webhook 2").await.unwrap().unwrap();
    assert_eq!(found.trouble, bad.trouble);
    assert_eq!((found.enabled, found.ok_at), (false, Some(at(3))));
    assert!(store.webhook_by_name("webhook 3").await.unwrap().is_none());
    let first = store.webhooks(&page(1, None)).await.unwrap();
    assert_eq!(shown(&first.items), shown(&[webhook(1)]));
    let second = store.webhooks(&page(1, first.next.as_deref())).await.unwrap();
    assert_eq!((second.items[0].id, second.next), (id(2), None));
}

async fn a_webhook_is_changed_and_keeps_how_it_goes(Bench { store, .. }: Bench) {
    let sent = with_one(&store).await;
    store.delivered(sent.delivery.id, at(5)).await.unwrap();
    store.create_webhook(&webhook(2)).await.unwrap();
    let changed = Webhook {
        name: "other".into(),
        url: "https://other.example.org".into(),
        secret: Secret::new("whsec_other"),
        created_at: at(99),
        ..webhook(1)
    };
    store.update_webhook(&changed).await.unwrap();
    let found = store.webhook(id(1)).await.unwrap().unwrap();
    assert_eq!((found.name.as_str(), found.url.as_str()), ("other", "https://other.example.org"));
    assert_eq!(found.secret.expose(), "whsec_other");
    assert_eq!((found.ok_at, found.created_at), (Some(at(5)), at(0)));

    let clash = Webhook { id: id(1), ..webhook(2) };
    assert!(matches!(store.update_webhook(&clash).await, Err(Error::Taken("name"))));
    assert!(matches!(store.update_webhook(&webhook(9)).await, Err(Error::Missing)));
}

async fn a_webhooks_secret_is_sealed_for_its_row(Bench { store, place }: Bench) {
    store.create_webhook(&webhook(1)).await.unwrap();
    store.create_webhook(&webhook(2)).await.unwrap();
    let dump = place.everything().await;
    let holds = |text: &str| dump.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(holds("hooks.example.org") && !holds("whsec_secret"));
    place
        .tamper(
            "UPDATE webhooks SET secret =
                (SELECT secret FROM webhooks WHERE id = '00000000-0000-0000-0000-000000000001')
            WHERE id = '00000000-0000-0000-0000-000000000002'",
        )
        .await;
    let error = store.webhook(id(2)).await.unwrap_err();
    assert!(error.to_string().contains("webhooks.secret"), "{error}");
}

async fn one_of_many_makes_an_attempt(Bench { store, .. }: Bench) {
    let seen = with_one(&store).await.delivery;
    let store = Arc::new(store);
    let tasks = (0..8).map(|_| {
        let store = store.clone();
        async move { store.claim_delivery(seen.id, seen.next_at, at(60)).await.unwrap() }
    });
    let won = together(tasks).await.into_iter().filter(|won| *won).count();
    assert_eq!(won, 1);
    assert!(store.due_deliveries(at(59), 9).await.unwrap().is_empty());
    let again = due(&store).await.remove(0).delivery;
    assert_eq!((again.id, again.attempts, again.next_at), (seen.id, 1, at(60)));
    assert!(!store.claim_delivery(id(77), at(60), at(70)).await.unwrap(), "there is no such thing");
}

async fn what_arrived_is_no_longer_on_its_way(Bench { store, .. }: Bench) {
    let sent = with_one(&store).await.delivery;
    store.delivery_failed(sent.id, &trouble("It answers 500."), Some(at(60))).await.unwrap();
    store.delivered(sent.id, at(61)).await.unwrap();
    assert!(due(&store).await.is_empty());
    assert_eq!(store.next_delivery_at().await.unwrap(), None);
    let found = store.webhook(id(1)).await.unwrap().unwrap();
    assert_eq!((found.ok_at, found.trouble), (Some(at(61)), None));
    store.delivered(sent.id, at(99)).await.unwrap();
    let found = store.webhook(id(1)).await.unwrap().unwrap();
    assert_eq!(found.ok_at, Some(at(61)), "what is not on its way says nothing");
}

async fn what_failed_is_due_again_until_it_is_given_up(Bench { store, .. }: Bench) {
    let sent = with_one(&store).await.delivery;
    store.delivery_failed(sent.id, &trouble("It answers 500."), Some(at(60))).await.unwrap();
    assert_eq!(store.next_delivery_at().await.unwrap(), Some(at(60)));
    let again = due(&store).await.remove(0);
    assert_eq!((again.delivery.id, again.delivery.next_at), (sent.id, at(60)));
    let said = again.webhook.trouble.unwrap();
    assert_eq!(said.reason, "It answers 500.");
    store.delivery_failed(sent.id, &trouble("It is gone."), None).await.unwrap();
    assert!(due(&store).await.is_empty());
    let found = store.webhook(id(1)).await.unwrap().unwrap();
    assert_eq!(found.trouble.unwrap().reason, "It is gone.");
    store.delivery_failed(sent.id, &trouble("Late."), Some(at(70))).await.unwrap();
    assert!(due(&store).await.is_empty(), "what was given up does not come back");
}

async fn what_is_on_its_way_waits_while_its_webhook_is_off(Bench { store, .. }: Bench) {
    with_one(&store).await;
    store.update_webhook(&Webhook { enabled: false, ..webhook(1) }).await.unwrap();
    assert!(due(&store).await.is_empty());
    assert_eq!(store.next_delivery_at().await.unwrap(), None, "so that nobody wakes for it");
    store.add_event(&health(2)).await.unwrap();
    store.update_webhook(&webhook(1)).await.unwrap();
    let events: Vec<_> = due(&store).await.into_iter().map(|due| due.event.id).collect();
    assert_eq!(events, [id(1)]);
}

async fn a_webhook_takes_what_is_on_its_way_along(Bench { store, place }: Bench) {
    with_one(&store).await;
    store.delete_webhook(id(1)).await.unwrap();
    assert!(store.webhook(id(1)).await.unwrap().is_none());
    assert_eq!(place.count("webhook_deliveries").await, 0);
    assert_eq!(place.count("events").await, 1, "what happened has happened");
    assert!(matches!(store.delete_webhook(id(1)).await, Err(Error::Missing)));
}

async fn events_go_out_in_their_order(Bench { store, .. }: Bench) {
    store.create_webhook(&webhook(1)).await.unwrap();
    for (n, second) in [(3, 2), (2, 2), (1, 5), (4, 0)] {
        store.add_event(&Event { at: at(second), ..health(n) }).await.unwrap();
    }
    let order: Vec<_> = due(&store).await.into_iter().map(|due| due.event.id).collect();
    assert_eq!(order, [id(4), id(2), id(3), id(1)]);
    let two = store.due_deliveries(at(1000), 2).await.unwrap();
    assert_eq!(two.len(), 2);
    assert_eq!(two[0].event.id, id(4), "the longest due first");
}

async fn events_and_deletions_do_not_fail_one_another(Bench { store, place }: Bench) {
    let store = Arc::new(store);
    for round in 0..10_u128 {
        for n in 1..=4 {
            store.create_webhook(&webhook(n)).await.unwrap();
        }
        let tasks = (0..10).map(|n| {
            let store = store.clone();
            async move {
                match n {
                    1..=4 => store.delete_webhook(id(n)).await,
                    _ => store.add_event(&health(100 * (round + 1) + n)).await,
                }
            }
        });
        for done in together(tasks).await {
            done.unwrap();
        }
    }
    assert_eq!(place.count("events").await, 60);
    assert_eq!(place.count("webhook_deliveries").await, 0);
}

async fn a_webhook_with_much_due_does_not_crowd_out_the_others(Bench { store, .. }: Bench) {
    store.create_webhook(&webhook(1)).await.unwrap();
    for n in 1..=100 {
        store.add_event(&health(n)).await.unwrap();
    }
    store.create_webhook(&webhook(2)).await.unwrap();
    store.add_event(&health(101)).await.unwrap();
    let due = store.due_deliveries(at(1000), 20).await.unwrap();
    let of = |n: u128| due.iter().filter(|due| due.webhook.id == id(n)).count();
    assert_eq!(of(2), 1, "though a hundred were due before it");
    assert_eq!(of(1), 8, "and are not read as a whole");
    assert_eq!(due[0].event.id, id(1), "the longest due first");
}
