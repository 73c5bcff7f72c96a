//! Webhooks: what is sent, how it is signed, and how often it is tried.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::SignedDuration;
use outlink_engine::webhooks::{NewWebhook, WebhookEdit};
use outlink_engine::{Caller, Page};
use outlink_model::event::{Event, EventClass};
use outlink_model::grant::Actor;
use outlink_model::webhook::Webhook;
use outlink_model::{EventId, Secret};
use outlink_practice::{Received, Receiver, Reply};
use uuid::Uuid;

use crate::bed::{ALICE, Bed, now};

const PATIENCE: Duration = Duration::from_secs(10);

async fn webhook(bed: &Bed, name: &str, receiver: &Receiver) -> (Webhook, Secret) {
    // By name, since that is what the configuration of these tests opens.
    let url = format!("http://localhost:{}/hook", receiver.address.port());
    let new = NewWebhook { name: name.into(), url };
    let made = bed.engine.create_webhook(new, &Caller::System).await.unwrap();
    (made.of, made.text)
}

async fn happen(bed: &Bed, n: u128) {
    let event = Event {
        id: EventId(Uuid::from_u128(n)),
        at: now(),
        class: EventClass::Health,
        kind: "grant.degraded".into(),
        subject: format!("grant {n}"),
        state: Some("degraded".into()),
        actor: Actor::Nobody,
        message: "It is slow.".into(),
        hint: "Wait.".into(),
    };
    bed.store.add_event(&event).await.unwrap();
}

/// As a receiver checks it, by the conventions alone.
fn is_signed(received: &Received, secret: &Secret) -> bool {
    let key = secret.expose().strip_prefix("whsec_").unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, &BASE64_STANDARD.decode(key).unwrap());
    let header = |name: &str| received.header(name).unwrap().to_owned();
    let signed =
        format!("{}.{}.{}", header("webhook-id"), header("webhook-timestamp"), received.text());
    header("webhook-signature").split(' ').any(|signature| {
        let tag = signature.strip_prefix("v1,").map(|tag| BASE64_STANDARD.decode(tag).unwrap());
        tag.is_some_and(|tag| hmac::verify(&key, signed.as_bytes(), &tag).is_ok())
    })
}

async fn kinds(bed: &Bed) -> Vec<String> {
    let events = bed.engine.events(Page::default(), None).await.unwrap().items;
    events.into_iter().map(|event| event.kind).collect()
}

/// Waits until nothing is on its way.
async fn settled(bed: &Bed) {
    for _ in 0..200 {
        if bed.store.next_delivery_at().await.unwrap().is_none() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("something is on its way still");
}

#[tokio::test]
async fn a_change_of_state_arrives_once_and_signed() {
    let bed = Bed::new().await;
    let receiver = Receiver::start().await.unwrap();
    let (hook, secret) = webhook(&bed, "Pager", &receiver).await;
    let link = bed.link("Work").await;
    let grant = bed.grant(&link, SignedDuration::from_secs(-1)).await;
    let name = grant.id.to_string();
    bed.engine.start();
    assert_eq!(bed.practice.revoke_all(ALICE), 1);
    for _ in 0..3 {
        assert!(bed.engine.refresh_grant(&name).await.is_err());
    }
    let received = receiver.wait_for(1, PATIENCE).await;
    settled(&bed).await;
    assert_eq!(receiver.received().len(), 1, "one change, three attempts");
    let received = &received[0];
    assert_eq!((received.method.as_str(), received.path.as_str()), ("POST", "/hook"));
    assert_eq!(received.header("content-type"), Some("application/json"));
    assert!(is_signed(received, &secret));
    assert!(!is_signed(received, &Secret::new("whsec_AAAA")));
    let sent_at: i64 = received.header("webhook-timestamp").unwrap().parse().unwrap();
    assert!((now().as_second() - sent_at).abs() < 60);
    let body: serde_json::Value = serde_json::from_slice(&received.body).unwrap();
    assert_eq!(body["type"], "grant.needs_consent");
    assert_eq!(body["data"]["kind"], "grant.needs_consent");
    assert_eq!(body["data"]["state"], "needs_consent");
    assert_eq!(body["data"]["actor"], "mailbox_owner");
    assert_eq!(body["timestamp"], body["data"]["at"]);
    assert!(body["data"]["subject"].as_str().unwrap().contains(ALICE));
    assert!(!body["data"]["hint"].as_str().unwrap().is_empty());
    let after = bed.engine.webhook(&hook.name).await.unwrap();
    assert!(after.ok_at.is_some() && after.trouble.is_none());
    bed.engine.stop().await;
}

#[tokio::test]
async fn what_failed_comes_again_under_the_same_id() {
    let bed = Bed::new().await;
    let receiver = Receiver::start().await.unwrap();
    let body = b"out of order".to_vec();
    receiver.next_replies(1, &Reply::Whole { status: 500, headers: Vec::new(), body });
    let (_, secret) = webhook(&bed, "Pager", &receiver).await;
    happen(&bed, 1).await;
    bed.engine.start();
    receiver.wait_for(1, PATIENCE).await;
    let mut trouble = None;
    for _ in 0..100 {
        trouble = bed.engine.webhook("Pager").await.unwrap().trouble;
        if trouble.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let trouble = trouble.unwrap();
    assert!(trouble.reason.contains("500"), "{trouble:?}");
    assert_eq!(trouble.provider_error.as_deref(), Some("out of order"));
    bed.engine.stop().await;

    let next = bed.store.next_delivery_at().await.unwrap().unwrap();
    let wait = next.duration_since(now()).as_secs();
    assert!((2..=6).contains(&wait), "the first wait is short: {wait} s");
    let engine = bed.later_engine(SignedDuration::from_secs(7));
    engine.start();
    let received = receiver.wait_for(2, PATIENCE).await;
    settled(&bed).await;
    engine.stop().await;
    let ids: Vec<_> = received.iter().map(|request| request.header("webhook-id")).collect();
    assert_eq!(ids[0], ids[1]);
    assert!(received.iter().all(|request| is_signed(request, &secret)));
    assert_eq!(bed.engine.webhook("Pager").await.unwrap().trouble, None);
}

#[tokio::test]
async fn after_ten_attempts_it_is_given_up_and_said_so() {
    let bed = Bed::new().await;
    let receiver = Receiver::start().await.unwrap();
    receiver.always(Reply::redirect(307, "http://localhost:1/elsewhere"));
    let (_, secret) = webhook(&bed, "Pager", &receiver).await;
    happen(&bed, 1).await;
    for attempt in 1..=10 {
        let engine = bed.later_engine(SignedDuration::from_hours(30 * i64::from(attempt)));
        engine.start();
        let received = receiver.wait_for(attempt as usize, PATIENCE).await;
        assert_eq!(received.len(), attempt as usize);
        // Until this attempt is written, it is claimed for a minute.
        for _ in 0..100 {
            let next = bed.store.next_delivery_at().await.unwrap();
            let claimed = next.is_some_and(|next| {
                next.duration_since(engine.now()) == SignedDuration::from_secs(60)
            });
            if !claimed {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        engine.stop().await;
    }
    settled(&bed).await;
    let events = bed.engine.events(Page::default(), Some(EventClass::Audit)).await.unwrap().items;
    let gave_up: Vec<_> = events.iter().filter(|event| event.kind == "webhook.gave_up").collect();
    assert_eq!(gave_up.len(), 1);
    assert!(gave_up[0].message.contains("10 attempts"), "{}", gave_up[0].message);
    assert!(gave_up[0].message.contains("redirect"), "{}", gave_up[0].message);
    assert_eq!(receiver.received().len(), 10, "no redirect was followed");
    let shown = format!("{events:?} {:?}", bed.engine.webhook("Pager").await.unwrap());
    assert!(!shown.contains(secret.expose()), "the secret is in no event and no debug print");
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_left_alone() {
    let bed = Bed::new().await;
    let receiver = Receiver::start().await.unwrap();
    receiver.always(Reply::Status(410));
    webhook(&bed, "Pager", &receiver).await;
    happen(&bed, 1).await;
    bed.engine.start();
    receiver.wait_for(1, PATIENCE).await;
    for _ in 0..100 {
        if !bed.engine.webhook("Pager").await.unwrap().enabled {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!bed.engine.webhook("Pager").await.unwrap().enabled);
    bed.engine.stop().await;
    assert_eq!(kinds(&bed).await.iter().filter(|kind| *kind == "webhook.disabled").count(), 1);
    happen(&bed, 2).await;
    let engine = bed.another_engine();
    engine.start();
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(receiver.received().len(), 1, "nothing is sent to what is switched off");

    receiver.always(Reply::Status(204));
    let edit = WebhookEdit { enabled: Some(true), ..WebhookEdit::default() };
    assert!(engine.edit_webhook("Pager", edit, &Caller::System).await.unwrap().enabled);
    happen(&bed, 3).await;
    let received = receiver.wait_for(2, PATIENCE).await;
    assert!(received[1].text().contains("grant 3"), "{}", received[1].text());
    engine.stop().await;
}

#[tokio::test]
async fn one_slow_receiver_holds_nobody_else() {
    let bed = Bed::new().await;
    let (slow, quick) = (Receiver::start().await.unwrap(), Receiver::start().await.unwrap());
    slow.always(Reply::Late(Duration::from_secs(60)));
    webhook(&bed, "Slow", &slow).await;
    for n in 1..=60 {
        happen(&bed, n).await;
    }
    webhook(&bed, "Quick", &quick).await;
    for n in 61..=80 {
        happen(&bed, n).await;
    }
    bed.engine.start();
    let received = quick.wait_for(20, Duration::from_secs(8)).await;
    assert_eq!(received.len(), 20, "all arrived before the slow one's first time was over");
    assert_eq!(slow.received().len(), 4, "a few at once, not all of them");
    let begun = std::time::Instant::now();
    bed.engine.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(2), "a stop does not wait for the slow one");
}

#[tokio::test]
async fn what_is_due_is_not_looked_up_after_every_attempt() {
    let bed = Bed::new().await;
    let receiver = Receiver::start().await.unwrap();
    webhook(&bed, "Pager", &receiver).await;
    for n in 1..=12 {
        happen(&bed, n).await;
    }
    let begun = std::time::Instant::now();
    bed.engine.start();
    assert_eq!(receiver.wait_for(12, PATIENCE).await.len(), 12);
    // Four at once, and a fifth of a second from one look to the next.
    let took = begun.elapsed();
    assert!(took > Duration::from_millis(390) && took < Duration::from_secs(2), "{took:?}");
    bed.engine.stop().await;
}

#[tokio::test]
async fn of_two_nodes_one_sends() {
    let bed = Bed::new().await;
    let receiver = Receiver::start().await.unwrap();
    webhook(&bed, "Pager", &receiver).await;
    for n in 1..=20 {
        happen(&bed, n).await;
    }
    let other = bed.another_engine();
    bed.engine.start();
    other.start();
    receiver.wait_for(20, PATIENCE).await;
    settled(&bed).await;
    tokio::join!(bed.engine.stop(), other.stop());
    let mut ids: Vec<_> = receiver
        .received()
        .iter()
        .map(|request| request.header("webhook-id").unwrap().to_owned())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((ids.len(), receiver.received().len()), (20, 20));
}

#[tokio::test]
async fn a_test_is_sent_at_once_and_says_what_the_receiver_says() {
    let bed = Bed::new().await;
    let receiver = Receiver::start().await.unwrap();
    let (_, secret) = webhook(&bed, "Pager", &receiver).await;
    bed.engine.test_webhook("Pager").await.unwrap();
    let received = receiver.received();
    assert!(is_signed(&received[0], &secret));
    let body: serde_json::Value = serde_json::from_slice(&received[0].body).unwrap();
    assert_eq!(body["type"], "webhook.test");
    assert!(!kinds(&bed).await.contains(&"webhook.test".to_owned()), "nothing has happened");

    let body = format!("bad signature by {}", secret.expose()).into_bytes();
    receiver.always(Reply::Whole { status: 401, headers: Vec::new(), body });
    let problem = bed.engine.test_webhook("Pager").await.unwrap_err().problem();
    assert_eq!(problem.code, "webhook_failed");
    assert!(problem.message.contains("401") && problem.message.contains("bad signature"));
    assert!(!problem.message.contains(secret.expose()), "{}", problem.message);
    assert!(!problem.hint.is_empty());
    receiver.stop().await;
    let problem = bed.engine.test_webhook("Pager").await.unwrap_err().problem();
    assert!(problem.message.contains("localhost"), "{}", problem.message);
}

#[tokio::test]
async fn a_wrong_webhook_is_refused_at_its_field() {
    let bed = Bed::new().await;
    let receiver = Receiver::start().await.unwrap();
    let (hook, _) = webhook(&bed, "Pager", &receiver).await;
    let cases = [
        ("Pager", "https://hooks.example.org/a", "name", "name_taken"),
        ("", "https://hooks.example.org/a", "name", "missing"),
        ("Other", "", "url", "endpoint_missing"),
        ("Other", "http://hooks.example.org/a", "url", "endpoint_not_https"),
        ("Other", "http://127.0.0.1/a", "url", "endpoint_not_https"),
        ("Other", "https://u:p@hooks.example.org/a", "url", "endpoint_userinfo"),
    ];
    for (name, url, field, code) in cases {
        let new = NewWebhook { name: name.into(), url: url.into() };
        let refused = bed.engine.create_webhook(new, &Caller::System).await;
        let problem = refused.unwrap_err().problem();
        assert_eq!((problem.field, problem.code), (Some(field), code), "{name:?} {url:?}");
    }
    let edit = WebhookEdit { url: Some("ftp://x/y".into()), enabled: Some(false) };
    assert!(bed.engine.edit_webhook("Pager", edit, &Caller::System).await.is_err());
    let found = bed.engine.webhook(&hook.id.to_string()).await.unwrap();
    assert_eq!((found.url, found.enabled), (hook.url, true), "nothing was changed");
    bed.engine.delete_webhook("Pager", &Caller::System).await.unwrap();
    assert_eq!(bed.engine.webhook("Pager").await.unwrap_err().problem().code, "not_found");
    assert_eq!(kinds(&bed).await, ["webhook.deleted", "webhook.created"]);
}
