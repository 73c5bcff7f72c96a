//! Two client secrets: a rollover costs no outage and no consent.

use jiff::SignedDuration;
use outlink_engine::Page;
use outlink_model::event::EventClass;
use outlink_model::grant::later;
use outlink_model::link::{ClientSecret, Link, LinkHealth};
use outlink_model::{ClientSecretId, Secret};

use crate::bed::{Bed, now};

const OVER: SignedDuration = SignedDuration::from_secs(-1);

fn secret(id: &str, value: &Secret) -> ClientSecret {
    ClientSecret {
        id: id.parse::<ClientSecretId>().unwrap(),
        value: value.clone(),
        certificate: None,
        key_id: None,
        expires_at: None,
        refused_at: None,
        created_at: now(),
    }
}

/// A link with these secrets, the first to be used first.
async fn link(bed: &Bed, values: &[&Secret]) -> Link {
    let mut link = bed.link("Work").await;
    let ids = ["01890000-0000-7000-8000-0000000000a1", "01890000-0000-7000-8000-0000000000a2"];
    link.client_secrets = ids.iter().zip(values).map(|(id, value)| secret(id, value)).collect();
    bed.store.update_link(&link, link.updated_at).await.unwrap();
    link
}

#[tokio::test]
async fn the_other_secret_is_tried_at_once_and_used_from_then_on() {
    let bed = Bed::new().await;
    let wrong = Secret::new("not-yet-known-there");
    let good = bed.practice.client_secret.clone();
    let link = link(&bed, &[&wrong, &good]).await;
    let grant = bed.grant(&link, OVER).await;
    let name = grant.id.to_string();
    assert_eq!(bed.engine.refresh_grant(&name).await.unwrap().generation, 2);
    // The fresh tokens are kept first, and what was learnt of the secrets a moment later.
    let mut after = bed.engine.link("Work").await.unwrap();
    for _ in 0..100 {
        if after.client_secrets[1].refused_at.is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        after = bed.engine.link("Work").await.unwrap();
    }
    assert_eq!(after.health, LinkHealth::Healthy);
    assert_eq!(after.client_secret().unwrap().expose(), good.expose());
    assert!(after.client_secrets[1].refused_at.is_some());
    let asked = bed.practice.counters().token_requests;
    assert_eq!(bed.engine.refresh_grant(&name).await.unwrap().generation, 3);
    assert_eq!(bed.practice.counters().token_requests, asked + 1, "the refused one is not tried");
    let events = bed.engine.events(Page::default(), Some(EventClass::Health)).await.unwrap().items;
    let told: Vec<_> = events.iter().filter(|event| event.kind == "link.secret_refused").collect();
    assert_eq!(told.len(), 1, "{events:?}");
    assert!(!told[0].message.contains(wrong.expose()) && told[0].hint.contains("--add"));
}

#[tokio::test]
async fn a_secret_that_ended_is_passed_over() {
    let bed = Bed::new().await;
    let ended = Secret::new("ended-yesterday");
    let good = bed.practice.client_secret.clone();
    bed.practice.set(|settings| {
        let over = outlink_practice::ClientSecret::new("ended-yesterday");
        let yesterday = later(now(), SignedDuration::from_hours(-24));
        settings.client_secrets.push(over.ending(yesterday));
    });
    let link = link(&bed, &[&ended, &good]).await;
    let grant = bed.grant(&link, OVER).await;
    assert_eq!(bed.engine.refresh_grant(&grant.id.to_string()).await.unwrap().generation, 2);
}

#[tokio::test]
async fn a_link_is_marked_when_both_are_refused() {
    let bed = Bed::new().await;
    let (one, two) = (Secret::new("wrong-1"), Secret::new("wrong-2"));
    let link = link(&bed, &[&one, &two]).await;
    let grant = bed.grant(&link, OVER).await;
    assert!(bed.engine.refresh_grant(&grant.id.to_string()).await.is_err());
    let after = bed.engine.link("Work").await.unwrap();
    assert!(matches!(after.health, LinkHealth::Marked { .. }));
    assert!(after.client_secrets.iter().all(|secret| secret.refused_at.is_none()));
}
