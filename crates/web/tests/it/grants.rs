//! The life of a grant: made, handed back, put back, deleted.

use serde_json::{Value, json};

use crate::app::{Answer, TestApp};
use crate::consents::Scene;

async fn post(app: &TestApp, path: &str, body: Value) -> Answer {
    app.post(path).token(&app.admin).json(&body).send().await
}

async fn delete(app: &TestApp, path: &str) -> Answer {
    app.ask("DELETE", path).token(&app.admin).send().await
}

#[tokio::test]
async fn a_refresh_token_is_brought_along() {
    let scene = Scene::new().await;
    let app = &scene.app;
    let alice = scene.practice.users[0].address.clone();
    let scopes = ["openid", "email", "offline_access", "mail.imap"];
    let refresh = scene.practice.issue(&alice, &scopes).unwrap().1.unwrap();
    let new = json!({"link": "Practice", "refresh_token": refresh.expose()});
    let made = post(app, "/api/v1/grants", new).await.expect(201);
    assert!(!made.body.contains(refresh.expose()));
    let made = made.json();
    assert_eq!((&made["state"], &made["has_previous"]), (&json!("active"), &json!(false)));
    assert!(made["subject"].is_null() && made["refresh_expires_at"].is_null());
    for (body, field) in [
        (json!({"link": "Practice"}), "refresh_token"),
        (json!({"link": "Practice", "token": "hunter2"}), "token"),
        (json!({"refresh_token": "hunter2"}), "link"),
    ] {
        let refused = post(app, "/api/v1/grants", body).await.expect(422);
        assert_eq!(refused.json()["field"], field, "{}", refused.body);
        assert!(!refused.body.contains("hunter2"));
    }
    let wrong = json!({"link": "Practice", "refresh_token": "hunter2-unknown"});
    let wrong = post(app, "/api/v1/grants", wrong).await;
    assert!(!wrong.status.is_success() && !wrong.body.contains("hunter2"), "{}", wrong.body);
    let listed = app.get("/api/v1/grants").token(&app.reader).send().await.expect(200).json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "what was refused is not kept");
}

#[tokio::test]
async fn a_grant_is_given_back_and_deleted() {
    let scene = Scene::new().await;
    let app = &scene.app;
    let id = scene.grant().await;
    let path = format!("/api/v1/grants/{id}");
    let restored = post(app, &format!("{path}/restore"), json!({})).await.expect(409);
    assert_eq!(restored.json()["code"], "no_previous_tokens");
    let server = json!({
        "name": "Alice", "host": "localhost", "port": scene.practice.imap.port(),
        "mailbox": scene.practice.users[0].address, "grant": id,
    });
    app.make("/api/v1/mail-servers", server).await;

    // The link names no revocation endpoint: it is given back here, and the answer says that the provider was not told.
    let revoked = post(app, &format!("{path}/revoke"), json!({})).await.expect(200).json();
    assert_eq!(revoked["state"], "revoked");
    assert_eq!(revoked["at_provider"]["status"], "not_offered");
    assert!(!revoked["at_provider"]["message"].as_str().unwrap().is_empty());

    let refused = delete(app, &path).await.expect(409).json();
    assert_eq!(refused["code"], "grant_in_use");
    assert!(refused["detail"].as_str().unwrap().contains("Alice"));
    let gone = delete(app, &format!("{path}?detach=true")).await.expect(200).json();
    assert_eq!(gone, json!({"mail_servers": ["Alice"], "at_provider": null}));
    app.get(&path).token(&app.reader).send().await.expect(404);
    delete(app, &path).await.expect(404);
}

#[tokio::test]
async fn a_consent_has_its_time() {
    let scene = Scene::new().await;
    let app = &scene.app;
    let id = scene.grant().await;
    for path in
        ["/api/v1/links/Practice/authorize".to_owned(), format!("/api/v1/grants/{id}/authorize")]
    {
        let offer = post(app, &path, json!({"expires_in_hours": 2})).await.expect(201).json();
        assert!(
            offer["url"].as_str().unwrap().contains("/consent/") && offer.get("device").is_none()
        );
        let ends: jiff::Timestamp = offer["expires_at"].as_str().unwrap().parse().unwrap();
        let left = ends.duration_since(app.engine.now());
        assert!((119..=120).contains(&left.as_mins()), "{left:?}");
        for hours in [0, 721] {
            let refused = post(app, &path, json!({"expires_in_hours": hours})).await.expect(422);
            assert_eq!(refused.json()["field"], "expires_in_hours");
        }
        let refused = post(app, &path, json!({"expires_in": 2})).await.expect(422);
        assert_eq!(refused.json()["code"], "unknown_field");
    }
}

#[tokio::test]
async fn a_device_is_offered_a_code() {
    let scene = Scene::new().await;
    let app = &scene.app;
    let link = json!({
        "name": "Device", "provider": "custom", "grant_type": "device_code",
        "client_id": scene.practice.client_id,
        "client_secret": scene.practice.client_secret.expose(),
        "token_endpoint": scene.practice.token_endpoint,
        "device_authorization_endpoint": scene.practice.device_authorization_endpoint,
        "scope": "openid email offline_access mail.imap",
    });
    let link = app.make("/api/v1/links", link).await;
    assert!(link["redirect_url"].is_null() && link["authorization_endpoint"].is_null());
    let offer = app.make("/api/v1/links/Device/authorize", json!({})).await;
    assert!(offer.get("url").is_none(), "{offer}");
    let device = &offer["device"];
    assert!(!device["user_code"].as_str().unwrap().is_empty());
    assert!(device["verification_uri"].as_str().unwrap().starts_with("http"));
    let consent = format!("/api/v1/consents/{}", offer["consent"].as_str().unwrap());
    let waiting = app.get(&consent).token(&app.reader).send().await.expect(200).json();
    assert_eq!((&waiting["state"], &waiting["device"]), (&json!("waiting"), device));
}
