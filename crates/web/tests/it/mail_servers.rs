//! Mail servers by REST: every field, trying before saving, a consent in place, the log, and the end.

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::consents::Scene;

fn fields(scene: &Scene) -> Value {
    json!({
        "name": "Alice", "host": "localhost", "port": scene.practice.imap.port(),
        "mailbox": scene.practice.users[0].address,
    })
}

fn with(mut body: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

async fn post(app: &TestApp, path: &str, body: &Value, status: u16) -> Value {
    app.post(path).token(&app.admin).json(body).send().await.expect(status).json()
}

async fn patch(app: &TestApp, body: &Value, status: u16) -> Value {
    let path = "/api/v1/mail-servers/Alice";
    app.ask("PATCH", path).token(&app.admin).json(body).send().await.expect(status).json()
}

fn step<'a>(report: &'a Value, id: &str) -> &'a Value {
    let steps = report["steps"].as_array().unwrap();
    steps.iter().find(|step| step["id"] == id).unwrap_or_else(|| panic!("{id}: {report}"))
}

#[tokio::test]
async fn every_field_is_kept_shown_and_changed() {
    let scene = Scene::new().await;
    let app = &scene.app;
    let grant = scene.grant().await;
    let all = json!({
        "description": "For support", "grant": grant, "folders": ["INBOX", "Sales"], "after": "move",
        "move_to": "Done", "take": "since", "since": "2026-01-31", "poll_seconds": 90, "idle": false,
        "time_limit_seconds": 5, "authserv_id": "mx.example.org",
    });
    let made = post(app, "/api/v1/mail-servers", &with(fields(&scene), &all), 201).await;
    assert!(made.get("authorization").is_none(), "{made}");
    let shown = app.get("/api/v1/mail-servers/Alice").token(&app.reader).send().await.expect(200);
    let shown = shown.json();
    for (name, value) in all.as_object().unwrap() {
        match name.as_str() {
            "grant" => assert_eq!(shown["grant_id"], *value),
            "since" => assert_eq!(shown["since"], "2026-01-31T00:00:00Z"),
            _ => assert_eq!(shown[name], *value, "{name}"),
        }
    }
    assert_eq!(shown["folder"], "INBOX");
    assert_eq!(shown["health"]["note"], Value::Null);

    let seen = shown["updated_at"].clone();
    let edited = patch(
        app,
        &json!({"folder": "Sales", "after": "delete", "take": "all", "updated_at": seen}),
        200,
    )
    .await;
    assert_eq!((&edited["folders"], &edited["after"]), (&json!(["Sales"]), &json!("delete")));
    assert_eq!((&edited["move_to"], &edited["since"]), (&Value::Null, &Value::Null));
    let late = patch(app, &json!({"poll_seconds": 5, "updated_at": seen}), 409).await;
    assert_eq!(late["code"], "changed_meanwhile");

    for (body, field) in [
        (json!({"host": "imap.evil.example"}), "grant"),
        (json!({"after": "burn"}), "after"),
        (json!({"after": "keep", "move_to": "X"}), "move_to"),
        (json!({"after": "move"}), "move_to"),
        (json!({"take": "some"}), "take"),
        (json!({"take": "since"}), "since"),
        (json!({"take": "all", "since": "2026-01-31"}), "since"),
        (json!({"folder": "A", "folders": ["B"]}), "folder"),
        (json!({"protocol": "jmap"}), "protocol"),
        (json!({"protocol": "pop3", "grant": grant}), "folders"),
        (json!({"link": "Practice", "grant": grant}), "link"),
    ] {
        let refused = patch(app, &body, 422).await;
        assert_eq!(refused["field"], field, "{body}: {refused}");
    }
}

#[tokio::test]
async fn a_mail_server_is_tried_before_it_is_saved_and_as_it_would_be_after_an_edit() {
    let scene = Scene::new().await;
    let app = &scene.app;
    let grant = scene.grant().await;
    let mut unnamed = with(fields(&scene), &json!({"grant": grant}));
    unnamed.as_object_mut().unwrap().remove("name");
    let report = post(app, "/api/v1/mail-servers/test", &unnamed, 200).await;
    assert_eq!((&report["ok"], &report["newest"]), (&json!(true), &json!([])), "{report}");
    assert_eq!(step(&report, "sign_in")["status"], "ok");
    let wrong = with(unnamed.clone(), &json!({"port": 0}));
    assert_eq!(post(app, "/api/v1/mail-servers/test", &wrong, 422).await["field"], "port");
    let listed = app.get("/api/v1/mail-servers").token(&app.reader).send().await.expect(200).json();
    assert_eq!(listed["items"], json!([]));

    post(app, "/api/v1/mail-servers", &with(fields(&scene), &json!({"grant": grant})), 201).await;
    let path = "/api/v1/mail-servers/Alice/test";
    let missing = post(app, path, &json!({"folders": ["Nowhere"]}), 200).await;
    assert_eq!(
        (&missing["ok"], &step(&missing, "folder")["status"]),
        (&json!(false), &json!("failed"))
    );
    let shown = app.get("/api/v1/mail-servers/Alice").token(&app.reader).send().await.expect(200);
    assert_eq!(shown.json()["folders"], json!(["INBOX"]), "nothing was saved");

    app.make("/api/v1/projects", json!({"key": "SUP", "name": "Support"})).await;
    let handler = json!({"name": "Support", "mail_server": "Alice", "project": "SUP"});
    app.make("/api/v1/handlers", handler).await;
    let alice = &scene.practice.users[0].address;
    let mail = format!(
        "From: carla@example.net\r\nTo: {alice}\r\nSubject: Help\r\nMessage-ID: <h@x>\r\n\r\nHi\r\n"
    );
    assert!(scene.practice.deliver(alice, mail));
    let report = post(app, path, &json!({}), 200).await;
    let newest = &report["newest"][0];
    assert_eq!((&newest["outcome"], &newest["subject"]), (&json!("created"), &json!("Help")));
    assert_eq!(newest["handler"], "Support");
    let issues = app.get("/api/v1/issues").token(&app.reader).send().await.expect(200).json();
    assert_eq!(issues["items"], json!([]), "a test makes nothing");
}

#[tokio::test]
async fn a_mail_server_that_names_a_link_is_signed_in_to_once_somebody_has_consented() {
    let scene = Scene::new().await;
    let app = &scene.app;
    let made =
        post(app, "/api/v1/mail-servers", &with(fields(&scene), &json!({"link": "Practice"})), 201)
            .await;
    assert_eq!(
        (&made["sign_in"], &made["health"]["state"]),
        (&json!("missing"), &json!("failing"))
    );
    let asked = &made["authorization"];
    assert_eq!(asked["state"], "asked");
    let grant = scene.consent_to(asked["offer"]["url"].as_str().unwrap()).await;
    let shown = app.get("/api/v1/mail-servers/Alice").token(&app.reader).send().await.expect(200);
    let shown = shown.json();
    assert_eq!((&shown["sign_in"], &shown["grant_id"]), (&json!("grant"), &json!(grant)));
    assert_eq!(shown["health"]["state"], "unknown", "what was wrong is over: {shown}");

    let again = post(app, "/api/v1/mail-servers/Alice/authorize", &json!({}), 201).await;
    let same = scene.consent_to(again["authorization"]["offer"]["url"].as_str().unwrap()).await;
    assert_eq!(same, grant);
    let other = with(fields(&scene), &json!({"name": "Second", "link": "Practice"}));
    let other = post(app, "/api/v1/mail-servers", &other, 201).await;
    assert_eq!(other["authorization"]["at_hand"], json!(grant));
}

#[tokio::test]
async fn the_connectivity_log_tells_what_was_wrong_and_outlives_the_mail_server() {
    let scene = Scene::new().await;
    let app = &scene.app;
    let grant = scene.grant().await;
    let made =
        with(fields(&scene), &json!({"grant": grant, "folders": ["Nowhere"], "take": "all"}));
    post(app, "/api/v1/mail-servers", &made, 201).await;
    app.make("/api/v1/projects", json!({"key": "SUP", "name": "Support"})).await;
    let handler = json!({"name": "Support", "mail_server": "Alice", "project": "SUP"});
    app.make("/api/v1/handlers", handler).await;
    let fetch = "/api/v1/mail-servers/Alice/fetch";
    app.post(fetch).token(&app.admin).send().await.expect(502);
    patch(app, &json!({"folders": ["INBOX"]}), 200).await;
    let fetched = post(app, fetch, &json!({}), 200).await;
    assert_eq!(fetched["unhandled"], 0, "{fetched}");
    let log = |query: &'static str| async move {
        let path = format!("/api/v1/mail-servers/Alice/connections{query}");
        app.get(&path).token(&app.reader).send().await.expect(200).json()
    };
    let all = log("").await;
    let states: Vec<_> =
        all["items"].as_array().unwrap().iter().map(|line| &line["state"]).collect();
    assert_eq!(states, ["ok", "failed"], "{all}");
    let failed = log("?failed=true").await;
    assert_eq!(failed["items"].as_array().unwrap().len(), 1);
    assert!(failed["items"][0]["reason"].as_str().unwrap().contains("Nowhere"), "{failed}");
    assert!(log("?limit=1").await["next"].is_string());

    let delete = |query: &str| {
        app.ask("DELETE", &format!("/api/v1/mail-servers/Alice{query}")).token(&app.admin).send()
    };
    assert_eq!(delete("").await.expect(409).json()["code"], "has_handlers");
    let gone = delete("?handlers=true").await.expect(200).json();
    assert_eq!(gone["handlers"], json!(["Support"]));
    app.get("/api/v1/mail-servers/Alice").token(&app.reader).send().await.expect(404);
}
