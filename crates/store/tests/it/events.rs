//! Events, and what is due at webhooks because of them.

use outlink_model::event::{Event, EventClass};
use outlink_model::webhook::Webhook;
use outlink_store::Error;

use crate::bench::{Bench, on_both};
use crate::samples::{at, event, health, id, page, webhook};

on_both!(
    events_are_listed_newest_first,
    events_are_listed_by_class,
    a_health_event_is_due_at_every_enabled_webhook,
    an_event_that_cannot_be_written_is_due_nowhere,
);

async fn events_are_listed_newest_first(Bench { store, .. }: Bench) {
    for n in 1..=3 {
        store.add_event(&event(n)).await.unwrap();
    }
    let stateless = Event { state: None, hint: "Do it.".into(), ..event(4) };
    store.add_event(&stateless).await.unwrap();
    let first = store.events(&page(3, None), None).await.unwrap();
    assert_eq!(first.items, [stateless, event(3), event(2)]);
    let second = store.events(&page(3, first.next.as_deref()), None).await.unwrap();
    assert_eq!((second.items, second.next), (vec![event(1)], None));
    assert_eq!(store.event(id(2)).await.unwrap(), Some(event(2)));
    assert_eq!(store.event(id(9)).await.unwrap(), None);
}

async fn events_are_listed_by_class(Bench { store, .. }: Bench) {
    for n in 1..=6 {
        let it = if n % 2 == 0 { health(n) } else { event(n) };
        store.add_event(&it).await.unwrap();
    }
    let audit = store.events(&page(9, None), Some(EventClass::Audit)).await.unwrap();
    assert_eq!((audit.items, audit.next), (vec![event(5), event(3), event(1)], None));
    let first = store.events(&page(2, None), Some(EventClass::Health)).await.unwrap();
    assert_eq!(first.items, [health(6), health(4)]);
    let after = page(2, first.next.as_deref());
    let second = store.events(&after, Some(EventClass::Health)).await.unwrap();
    assert_eq!((second.items, second.next), (vec![health(2)], None));
}

async fn a_health_event_is_due_at_every_enabled_webhook(Bench { store, .. }: Bench) {
    for n in 1..=2 {
        store.create_webhook(&webhook(n)).await.unwrap();
    }
    store.create_webhook(&Webhook { enabled: false, ..webhook(3) }).await.unwrap();
    store.add_event(&event(1)).await.unwrap();
    assert_eq!(store.next_delivery_at().await.unwrap(), None, "nobody is sent who did what");

    let told = Event { at: at(7), ..health(2) };
    store.add_event(&told).await.unwrap();
    store.create_webhook(&webhook(4)).await.unwrap();
    assert_eq!(store.next_delivery_at().await.unwrap(), Some(at(7)));
    assert!(store.due_deliveries(at(6), 9).await.unwrap().is_empty());
    let mut due = store.due_deliveries(at(7), 9).await.unwrap();
    due.sort_by_key(|due| due.webhook.id);
    let to: Vec<_> = due.iter().map(|due| due.webhook.id).collect();
    assert_eq!(to, [id(1), id(2)], "not one that is off, nor one that came later");
    assert_ne!(due[0].delivery.id, due[1].delivery.id);
    for due in due {
        assert_eq!(due.event, told);
        assert_eq!(due.delivery.webhook_id, due.webhook.id);
        assert_eq!(due.delivery.event_id, told.id);
        assert_eq!((due.delivery.attempts, due.delivery.next_at), (0, at(7)));
    }
}

async fn an_event_that_cannot_be_written_is_due_nowhere(Bench { store, place }: Bench) {
    store.create_webhook(&webhook(1)).await.unwrap();
    store.add_event(&event(1)).await.unwrap();
    let again = store.add_event(&health(1)).await;
    assert!(matches!(again, Err(Error::Broken(_))), "the id is another event's");
    assert_eq!(place.count("webhook_deliveries").await, 0);
}
