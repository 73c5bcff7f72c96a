//! The life of a link, and what can be known before one.

use outlink_practice::{Endpoint, Registration};
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};
use crate::consents::Scene;

const LINK: &str = "/api/v1/links/Practice";

async fn patch(app: &TestApp, path: &str, body: Value) -> Answer {
    app.ask("PATCH", path).token(&app.admin).json(&body).send().await
}

async fn delete(app: &TestApp, path: &str) -> Answer {
    app.ask("DELETE", path).token(&app.admin).send().await
}

/// A scene with a grant and a mail server that uses it.
async fn in_use() -> (Scene, String) {
    let scene = Scene::new().await;
    let grant = scene.grant().await;
    let alice = scene.practice.users[0].address.clone();
    let server = json!({
        "name": "Alice", "host": "localhost", "port": scene.practice.imap.port(),
        "mailbox": alice, "grant": grant,
    });
    scene.app.make("/api/v1/mail-servers", server).await;
    (scene, grant)
}

#[tokio::test]
async fn what_an_edit_leaves_out_stays() {
    let scene = Scene::new().await;
    let app = &scene.app;
    let before = app.get(LINK).token(&app.reader).send().await.expect(200).json();
    let edit = json!({"description": "For trials", "issuer": null, "userinfo_endpoint": ""});
    let after = patch(app, LINK, edit).await.expect(200).json();
    assert_eq!(after["description"], "For trials");
    assert!(after["userinfo_endpoint"].is_null(), "an empty text clears");
    let same = ["issuer", "token_endpoint", "scope", "client_id", "client_secrets", "enabled"];
    for field in same {
        assert_eq!(after[field], before[field], "{field}");
    }
    for field in ["provider", "grant_type", "tenant", "health", "secret"] {
        let refused = patch(app, LINK, json!({ field: "x" })).await.expect(422).json();
        assert_eq!(
            (&refused["code"], &refused["field"]),
            (&json!("unknown_field"), &json!(field)),
            "what never changes is not taken silently"
        );
    }
    assert_eq!(
        patch(app, LINK, json!({"enabled": false})).await.expect(200).json()["enabled"],
        false
    );
    let ask = app.post(&format!("{LINK}/authorize")).token(&app.admin).json(&json!({}));
    assert_eq!(ask.send().await.expect(409).json()["code"], "link_disabled");
    patch(app, LINK, json!({"enabled": true})).await.expect(200);
    patch(app, "/api/v1/links/none", json!({})).await.expect(404);
}

#[tokio::test]
async fn secrets_go_in_and_only_their_ends_come_out() {
    let scene = Scene::new().await;
    let app = &scene.app;
    let secret = scene.practice.client_secret.expose();
    let ends = json!({"client_secret_expires_at": "2099-01-31"});
    let told = patch(app, LINK, ends).await.expect(200).json();
    assert_eq!(told["client_secrets"][0]["expires_at"], "2099-01-31T23:59:59Z");
    assert_eq!(told["has_client_secret"], true);
    // Whoever moves an address that is sent the secret must know the secret.
    let endpoint = json!({"revocation_endpoint": scene.practice.revocation_endpoint});
    let refused = patch(app, LINK, endpoint).await.expect(422).json();
    assert_eq!(
        (&refused["code"], &refused["field"]),
        (&json!("secret_needed"), &json!("client_secret"))
    );
    let both = json!({
        "revocation_endpoint": scene.practice.revocation_endpoint, "client_secret": secret,
    });
    patch(app, LINK, both).await.expect(200);
    let next = json!({"client_secret": "hunter2-next", "add": true});
    let two = patch(app, LINK, next).await.expect(200);
    assert_eq!(two.json()["client_secrets"].as_array().unwrap().len(), 2);
    for path in [LINK, "/api/v1/links", "/api/v1/events"] {
        let shown = app.get(path).token(&app.reader).send().await.expect(200);
        assert!(!shown.body.contains("hunter2") && !shown.body.contains(secret), "{path}");
    }
    for (body, field) in [
        (json!({"client_secret_expires_at": "soon"}), "client_secret_expires_at"),
        (json!({"client_certificate": "x"}), "client_certificate"),
        (json!({"client_key_id": "x"}), "client_key_id"),
        (json!({"add": true}), "client_secret"),
        (json!({"client_auth": "magic"}), "client_auth"),
        (json!({"scope_separator": ";"}), "scope_separator"),
        (json!({"pkce": "hunter2"}), "pkce"),
        (json!({"authorization_params": {"state": "x"}}), "authorization_params"),
        (json!({"client_secret": ["hunter2"]}), "client_secret"),
    ] {
        let refused = patch(app, LINK, body.clone()).await.expect(422);
        assert_eq!(refused.json()["field"], field, "{body}: {}", refused.body);
        assert!(!refused.body.contains("hunter2"), "{}", refused.body);
    }
}

#[tokio::test]
async fn a_moved_link_is_locked_and_a_deleted_one_takes_its_grants_along() {
    let (scene, grant) = in_use().await;
    let app = &scene.app;
    let grant = format!("/api/v1/grants/{grant}");
    let read = |path: &str| app.get(path).token(&app.reader).send();
    assert_eq!(read(&grant).await.expect(200).json()["locked"], false);
    let moved = json!({
        "token_endpoint": "https://elsewhere.example/token",
        "client_secret": scene.practice.client_secret.expose(),
    });
    let warned = patch(app, LINK, moved).await.expect(200);
    assert!(warned.body.contains("1 grant needs a new consent"), "{}", warned.body);
    let locked = read(&grant).await.expect(200).json();
    assert_eq!(locked["locked"], true);
    assert_eq!(locked["actor"], "mailbox_owner");

    let refused = delete(app, LINK).await.expect(409).json();
    assert_eq!(refused["code"], "link_in_use");
    let detail = refused["detail"].as_str().unwrap();
    assert!(detail.contains("alice@") && detail.contains("Alice"), "{detail}");
    delete(app, &format!("{LINK}?with_grants=please")).await.expect(422);
    let gone = delete(app, &format!("{LINK}?with_grants=true")).await.expect(200).json();
    assert_eq!(
        gone,
        json!({"grants": 1, "mail_servers": ["Alice"], "not_revoked": [], "warnings": []})
    );
    read(LINK).await.expect(404);
    read(&grant).await.expect(404);

    let server = "/api/v1/mail-servers/Alice";
    let left = read(server).await.expect(200).json();
    assert_eq!((&left["sign_in"], &left["paused"]), (&json!("missing"), &json!(true)));
    assert!(left["grant"].is_null() && left["health"]["actor"] == "link_administrator");
    let cases = [
        (json!({"colour": "red"}), "unknown_field"),
        (json!({"poll_seconds": 0}), "poll_seconds_unusable"),
        (json!({"grant": "nobody"}), "not_found"),
    ];
    for (body, code) in cases {
        assert_eq!(patch(app, server, body).await.json()["code"], code);
    }
    let mended = json!({"password": "hunter2-secret", "poll_seconds": 300, "paused": false});
    let mended = patch(app, server, mended).await.expect(200);
    assert!(!mended.body.contains("hunter2"));
    let mended = mended.json();
    assert_eq!((&mended["sign_in"], &mended["paused"]), (&json!("password"), &json!(false)));
    assert_eq!(mended["poll_seconds"], 300);
}

#[tokio::test]
async fn a_link_can_be_deleted_with_its_tokens_given_back() {
    let (scene, _) = in_use().await;
    let app = &scene.app;
    let endpoint = json!({
        "revocation_endpoint": scene.practice.revocation_endpoint,
        "client_secret": scene.practice.client_secret.expose(),
    });
    patch(app, LINK, endpoint).await.expect(200);
    let gone = delete(app, &format!("{LINK}?with_grants=true&revoke=true")).await.expect(200);
    assert_eq!(gone.json()["not_revoked"], json!([]), "{}", gone.body);
    assert_eq!(scene.practice.requests(Endpoint::Revocation).len(), 1);
}

#[tokio::test]
async fn a_link_is_tested_step_by_step() {
    let scene = Scene::new().await;
    let app = &scene.app;
    let report = app.post(&format!("{LINK}/test")).token(&app.admin).send().await.expect(200);
    let report = report.json();
    let steps = report["steps"].as_array().unwrap();
    let ids: Vec<_> = steps.iter().map(|step| step["id"].as_str().unwrap()).collect();
    assert_eq!(ids.first(), Some(&"base_url"));
    for id in ["resolve", "connect", "tls", "token_endpoint", "client", "scope", "redirect_url"] {
        assert!(ids.contains(&id), "{id} is not in {ids:?}");
    }
    let failed = steps.iter().any(|step| step["status"] == "failed");
    assert_eq!(report["ok"], !failed, "{report}");
    let wrong = json!({"client_secret": "hunter2-wrong"});
    patch(app, LINK, wrong).await.expect(200);
    let report = app.post(&format!("{LINK}/test")).token(&app.admin).send().await.expect(200);
    assert!(!report.body.contains("hunter2"));
    let report = report.json();
    let steps = report["steps"].as_array().unwrap();
    let client = steps.iter().find(|step| step["id"] == "client").unwrap();
    assert_eq!((&report["ok"], &client["status"]), (&json!(false), &json!("failed")), "{report}");
}

#[tokio::test]
async fn a_server_is_discovered_and_registers_us() {
    let scene = Scene::new().await;
    let app = &scene.app;
    scene.practice.set(|settings| settings.registration = Registration::Open);
    let ask = json!({"issuer": scene.practice.issuer});
    let ask = app.post("/api/v1/links/discover").token(&app.admin).json(&ask);
    let told = ask.send().await.expect(200).json();
    assert_eq!(told["token_endpoint"], scene.practice.token_endpoint);
    assert_eq!(told["revocation_endpoint"], scene.practice.revocation_endpoint);
    assert_eq!(told["pkce"], true);
    let new = json!({
        "name": "Registered", "provider": "custom", "discover": scene.practice.issuer,
        "register": {}, "scope": "openid email offline_access mail.imap",
    });
    let made = app.make("/api/v1/links", new).await;
    assert_eq!(made["token_endpoint"], scene.practice.token_endpoint);
    assert_ne!(made["client_id"], scene.practice.client_id);
    let bad = json!({
        "name": "B", "provider": "custom", "discover": scene.practice.issuer,
        "register": {"initial_token": "hunter2"},
    });
    let bad = app.post("/api/v1/links").token(&app.admin).json(&bad).send().await.expect(422);
    assert_eq!(bad.json()["field"], "register.initial_token");
    assert!(!bad.body.contains("hunter2"));
}

#[tokio::test]
async fn a_preset_is_filled_in_for_what_is_chosen() {
    let app = TestApp::new().await;
    let read = |path: &'static str| app.get(path).token(&app.reader).send();
    let listed = read("/api/v1/providers").await.expect(200).json();
    let ids: Vec<_> = listed["items"].as_array().unwrap().iter().map(|p| &p["id"]).collect();
    assert_eq!(ids[..3], [&json!("google"), &json!("microsoft"), &json!("custom")]);
    assert!(ids.contains(&&json!("forgejo")));
    let path = "/api/v1/providers/microsoft?cloud=china&tenant=contoso.example&protocol=imap,smtp&\
                grant_type=client_credentials";
    let filled = read(path).await.expect(200).json();
    assert_eq!(
        filled["token_endpoint"],
        "https://login.partner.microsoftonline.cn/contoso.example/oauth2/v2.0/token"
    );
    assert!(filled["authorization_endpoint"].is_null(), "nobody consents");
    assert!(!filled["commands"].as_array().unwrap().is_empty());
    assert!(!filled["steps"].as_array().unwrap().is_empty());
    let hosts = filled["mail_hosts"].as_array().unwrap();
    assert!(hosts.iter().all(|host| host["service"] != "pop3"), "{hosts:?}");
    let new = json!({
        "name": "China", "provider": "microsoft", "cloud": "china", "tenant": "contoso.example",
        "client_id": "c-1", "client_secret": "hunter2-secret", "protocols": ["imap"],
        "grant_type": "client_credentials",
    });
    let made = app.make("/api/v1/links", new).await;
    assert_eq!((&made["cloud"], &made["tenant"]), (&json!("china"), &json!("contoso.example")));
    assert!(made["redirect_url"].is_null());
    let redirect = "/api/v1/links/redirect-url?provider=gitlab&instance=https://git.example.com";
    let url = read(redirect).await.expect(200).json();
    assert!(url["redirect_url"].as_str().unwrap().starts_with("https://outlink.example/oauth2/"));
    assert!(url["warnings"].is_array());
    let none = "/api/v1/links/redirect-url?provider=microsoft&grant_type=client_credentials";
    assert_eq!(read(none).await.expect(422).json()["code"], "no_redirect_url");
}
