//! Webhooks: set up, tried, switched off, deleted.

use std::time::Duration;

use outlink_practice::{Receiver, Reply};
use serde_json::json;

use crate::app::TestApp;

const WEBHOOK: &str = "/api/v1/webhooks/Chat";

#[tokio::test]
async fn a_webhook_is_signed_by_a_secret_that_is_shown_once() {
    let app = TestApp::new().await;
    let receiver = Receiver::start().await.unwrap();
    let new = json!({"name": "Chat", "url": receiver.url("/hook")});
    let made = app.make("/api/v1/webhooks", new.clone()).await;
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_"));
    assert_eq!((&made["enabled"], &made["ok_at"]), (&json!(true), &json!(null)));
    for path in ["/api/v1/webhooks", WEBHOOK, "/api/v1/events"] {
        let shown = app.get(path).token(&app.reader).send().await.expect(200);
        assert!(shown.body.contains("Chat") && !shown.body.contains("whsec_"), "{path}");
    }
    let again = app.post("/api/v1/webhooks").token(&app.admin).json(&new).send().await;
    assert_eq!(again.expect(409).json()["field"], "name");

    let test = || app.post("/api/v1/webhooks/Chat/test").token(&app.admin).send();
    test().await.expect(204);
    let came = receiver.wait_for(1, Duration::from_secs(10)).await;
    let came = came.first().expect("the test has arrived");
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        assert!(came.header(name).is_some(), "{name}");
    }
    assert!(came.text().contains("webhook.test") && !came.text().contains(secret));
    receiver.always(Reply::Status(500));
    let failed = test().await.expect(502).json();
    assert_eq!(failed["code"], "webhook_failed");
}

/// At many chat services whoever knows the address may post there.
#[tokio::test]
async fn who_may_only_look_sees_the_host_of_an_address_and_no_more() {
    let app = TestApp::new().await;
    let url = "https://hooks.example/services/T0/s3cret?key=s3cret";
    app.make("/api/v1/webhooks", json!({"name": "Chat", "url": url})).await;
    let shown = async |path: &str, token: &str| app.get(path).token(token).send().await.expect(200);
    for (path, place) in [(WEBHOOK, "/url"), ("/api/v1/webhooks", "/items/0/url")] {
        let less = shown(path, &app.reader).await;
        assert_eq!(less.json().pointer(place), Some(&json!("https://hooks.example/…")), "{path}");
        assert!(!less.body.contains("s3cret"), "{path}");
        let whole = shown(path, &app.admin).await.json();
        assert_eq!(whole.pointer(place), Some(&json!(url)), "{path}");
    }
    let cookie = app.signed_in().await;
    let page = app.get(WEBHOOK).cookie(&cookie).send().await.expect(200).json();
    assert_eq!(page["url"], url, "an administrator who is signed in");
    let events = shown("/api/v1/events", &app.reader).await;
    assert!(events.body.contains("Chat") && !events.body.contains("s3cret"));
}

#[tokio::test]
async fn a_webhook_is_changed_and_deleted() {
    let app = TestApp::new().await;
    app.make("/api/v1/webhooks", json!({"name": "Chat", "url": "https://chat.example/hook"})).await;
    let patch = async |body: serde_json::Value| {
        app.ask("PATCH", WEBHOOK).token(&app.admin).json(&body).send().await
    };
    for (body, code, field) in [
        (json!({"secret": "hunter2"}), "unknown_field", "secret"),
        (json!({"enabled": "no"}), "wrong_type", "enabled"),
        (json!({"url": "http://chat.example/hook"}), "endpoint_not_https", "url"),
    ] {
        let refused = patch(body).await.expect(422);
        let told = refused.json();
        assert_eq!((told["code"].as_str(), told["field"].as_str()), (Some(code), Some(field)));
        assert!(!refused.body.contains("hunter2"));
    }
    let off = patch(json!({"enabled": false})).await.expect(200).json();
    assert_eq!(
        (&off["enabled"], &off["url"]),
        (&json!(false), &json!("https://chat.example/hook"))
    );
    assert!(off.get("secret").is_none());
    let moved = patch(json!({"url": "https://chat.example/other"})).await.expect(200).json();
    assert_eq!(
        (&moved["enabled"], &moved["url"]),
        (&json!(false), &json!("https://chat.example/other"))
    );
    app.ask("DELETE", WEBHOOK).token(&app.admin).send().await.expect(204);
    app.ask("DELETE", WEBHOOK).token(&app.admin).send().await.expect(404);
    app.get(WEBHOOK).token(&app.reader).send().await.expect(404);
}
