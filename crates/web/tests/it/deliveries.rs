//! Mail that goes out, by REST: the server that sends, the handler that names it, and what is on its way.

use std::time::Duration;

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::consents::Scene;

const PERSON: &str = "Return-Path: <ann@example.net>\r\nFrom: Ann <ann@example.net>\r\nTo: alice@example.org\r\n\
Subject: The <b>printer</b> burns\r\nMessage-ID: <m-1@example.net>\r\n\r\nPlease help.\r\n";
const MACHINE: &str = "From: Robot <robot@example.net>\r\nTo: alice@example.org\r\nSubject: I am away\r\n\
Message-ID: <m-2@example.net>\r\nAuto-Submitted: auto-replied\r\n\r\nUntil Monday.\r\n";

/// A handler that tells new persons, and sends on what machines wrote. Both wrote, and nothing is sent yet.
pub(crate) async fn fetched() -> Scene {
    let scene = Scene::new().await;
    let app = &scene.app;
    let alice = scene.practice.users[0].address.clone();
    let scope = json!({"scope": "openid email offline_access mail.imap mail.smtp"});
    patch(app, "/api/v1/links/Practice", scope, 200).await;
    let grant = scene.grant().await;
    app.make("/api/v1/projects", json!({"key": "SUP", "name": "Support"})).await;
    let server = |name: &str, protocol: &str, port: u16| {
        json!({
            "name": name, "protocol": protocol, "host": "localhost", "port": port, "mailbox": alice, "grant": grant,
        })
    };
    let mut inbox = server("Inbox", "imap", scene.practice.imap.port());
    inbox["take"] = json!("all");
    app.make("/api/v1/mail-servers", inbox).await;
    let out = server("Out", "smtp", scene.practice.smtp.port());
    app.make("/api/v1/mail-servers", out).await;
    let handler = json!({
        "name": "Support", "mail_server": "Inbox", "project": "SUP", "outgoing": "Out", "notify": true,
        "bulk": "forward", "forward_to": "bob@example.org",
    });
    app.make("/api/v1/handlers", handler).await;
    for mail in [PERSON, MACHINE] {
        assert!(scene.practice.deliver(&alice, mail));
    }
    let fetched = post(app, "/api/v1/mail-servers/Inbox/fetch", 200).await;
    assert_eq!((&fetched["fetched"], &fetched["created"]), (&json!(2), &json!(1)), "{fetched}");
    scene
}

async fn get(app: &TestApp, path: &str) -> Value {
    app.get(path).token(&app.reader).send().await.expect(200).json()
}

async fn post(app: &TestApp, path: &str, status: u16) -> Value {
    app.post(path).token(&app.admin).send().await.expect(status).json()
}

async fn patch(app: &TestApp, path: &str, body: Value, status: u16) -> Value {
    app.ask("PATCH", path).token(&app.admin).json(&body).send().await.expect(status).json()
}

/// How many there are.
async fn count(app: &TestApp, query: &str) -> usize {
    get(app, &format!("/api/v1/deliveries?{query}")).await["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_server_that_sends_says_nothing_of_fetching_and_takes_nothing_of_it() {
    let scene = Scene::new().await;
    let app = &scene.app;
    let out = json!({
        "name": "Out", "provider": "google", "protocol": "smtp", "mailbox": "support@example.org",
        "password": "correct horse",
    });
    let made = app.make("/api/v1/mail-servers", out.clone()).await;
    assert_eq!((&made["direction"], &made["host"]), (&json!("outgoing"), &json!("smtp.gmail.com")));
    for field in ["folders", "folder", "after", "move_to", "take", "since", "poll_seconds", "idle"]
    {
        assert_eq!(made[field], Value::Null, "{field}");
    }
    for (field, value) in [
        ("folders", json!(["Sales"])),
        ("poll_seconds", json!(5)),
        ("idle", json!(false)),
        ("authserv_id", json!("mx.example.org")),
    ] {
        let refused = patch(app, "/api/v1/mail-servers/Out", json!({ field: value }), 422).await;
        assert_eq!(refused["field"], field, "{refused}");
    }
    let turned = patch(app, "/api/v1/mail-servers/Out", json!({"protocol": "imap"}), 422).await;
    assert_eq!(turned["field"], "protocol");
    let renamed = patch(app, "/api/v1/mail-servers/Out", json!({"name": "Sender"}), 200).await;
    assert_eq!(renamed["name"], "Sender");
    let fetch = post(app, "/api/v1/mail-servers/Sender/fetch", 409).await;
    assert_eq!(fetch["code"], "mail_server_outgoing");
}

#[tokio::test]
async fn an_edit_that_moves_a_server_can_name_a_link_and_is_answered_with_the_consent() {
    let scene = Scene::new().await;
    let app = &scene.app;
    let server = json!({
        "name": "Inbox", "host": "localhost", "mailbox": "support@example.org", "password": "correct horse",
    });
    app.make("/api/v1/mail-servers", server).await;
    let moved = json!({"host": "127.0.0.1"});
    let refused = patch(app, "/api/v1/mail-servers/Inbox", moved, 422).await;
    assert_eq!(refused["field"], "password");
    let by_link = json!({"host": "127.0.0.1", "link": "Practice"});
    let tried = app.post("/api/v1/mail-servers/Inbox/test").token(&app.admin).json(&by_link);
    tried.send().await.expect(200);
    let saved = patch(app, "/api/v1/mail-servers/Inbox", by_link, 200).await;
    assert_eq!((&saved["host"], &saved["sign_in"]), (&json!("127.0.0.1"), &json!("missing")));
    assert_eq!(saved["authorization"]["state"], "asked");
    let both = json!({"host": "localhost", "link": "Practice", "password": "correct horse"});
    let refused = patch(app, "/api/v1/mail-servers/Inbox", both, 422).await;
    assert_eq!((&refused["field"], &refused["code"]), (&json!("link"), &json!("sign_in_twice")));
}

#[tokio::test]
async fn a_handler_names_what_it_sends_through_and_sends_nothing_without() {
    let scene = fetched().await;
    let app = &scene.app;
    let shown = get(app, "/api/v1/handlers/Support").await;
    let out = get(app, "/api/v1/mail-servers/Out").await;
    assert_eq!((&shown["outgoing"], &shown["outgoing_id"]), (&json!("Out"), &out["id"]));
    for (body, status, field) in [
        (json!({"outgoing": ""}), 422, "outgoing"),
        (json!({"outgoing": "Inbox"}), 422, "outgoing"),
        (json!({"outgoing": "None"}), 404, "outgoing"),
        (json!({"mail_server": "Out"}), 422, "mail_server"),
    ] {
        let refused = patch(app, "/api/v1/handlers/Support", body, status).await;
        assert_eq!(refused["field"], field, "{refused}");
    }
    let silent = json!({"outgoing": "", "notify": false, "bulk": "ignore", "forward_to": ""});
    let silent = patch(app, "/api/v1/handlers/Support", silent, 200).await;
    assert_eq!((&silent["outgoing"], &silent["outgoing_id"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn deliveries_are_found_by_what_they_are_about() {
    let scene = fetched().await;
    let app = &scene.app;
    let messages = get(app, "/api/v1/messages?outcome=forwarded").await;
    let forwarded = messages["items"][0]["id"].as_str().unwrap();
    let listed = get(app, &format!("/api/v1/deliveries?message={forwarded}")).await;
    let forward = &listed["items"][0];
    for (field, expected) in [
        ("kind", json!("forward")),
        ("state", json!("waiting")),
        ("to", json!("bob@example.org")),
        ("mail_server", json!("Out")),
        ("handler", json!("Support")),
        ("message", json!(forwarded)),
        ("issue", Value::Null),
        ("attempts", json!(0)),
        ("actor", json!("nobody")),
        ("done_at", Value::Null),
    ] {
        assert_eq!(forward[field], expected, "{field}");
    }
    assert!(forward["next_at"].is_string());
    let notice = &get(app, "/api/v1/deliveries?issue=SUP-1").await["items"][0];
    assert_eq!((&notice["kind"], &notice["to"]), (&json!("notice"), &json!("ann@example.net")));
    assert_eq!(
        (&notice["issue"], &notice["in_reply_to"]),
        (&json!("SUP-1"), &json!("m-1@example.net"))
    );
    let one = get(app, &format!("/api/v1/deliveries/{}", notice["id"].as_str().unwrap())).await;
    assert_eq!(&one, notice);
    for (query, wanted) in [
        ("", 2),
        ("mail_server=Out&state=waiting", 2),
        ("state=failed", 0),
        ("kind=notice", 1),
        ("limit=1", 1),
    ] {
        assert_eq!(count(app, query).await, wanted, "{query}");
    }
    for (query, status, field) in [
        ("state=lost", 422, json!("state")),
        ("kind=letter", 422, json!("kind")),
        ("issue=NO-1", 404, Value::Null),
        ("mail_server=None", 404, Value::Null),
    ] {
        let path = format!("/api/v1/deliveries?{query}");
        let refused = app.get(&path).token(&app.reader).send().await.expect(status).json();
        assert_eq!(refused["field"], field, "{refused}");
    }
}

#[tokio::test]
async fn a_delivery_is_retried_and_deleted_by_administrators_alone() {
    let scene = fetched().await;
    let app = &scene.app;
    let notice = get(app, "/api/v1/deliveries?kind=notice").await["items"][0].clone();
    let path = format!("/api/v1/deliveries/{}", notice["id"].as_str().unwrap());
    app.post(&format!("{path}/retry")).token(&app.reader).send().await.expect(403);
    app.ask("DELETE", &path).token(&app.reader).send().await.expect(403);
    let again = post(app, &format!("{path}/retry"), 200).await;
    assert_eq!(again["state"], "waiting");
    app.ask("DELETE", &path).token(&app.admin).send().await.expect(204);
    app.get(&path).token(&app.reader).send().await.expect(404);
    assert_eq!(count(app, "").await, 1);

    // Handlers that send through a server are not left without one by accident; and what waits is given up then.
    let out = "/api/v1/mail-servers/Out";
    let refused = app.ask("DELETE", out).token(&app.admin).send().await.expect(409).json();
    assert_eq!(refused["code"], "has_handlers");
    let gone = app.ask("DELETE", &format!("{out}?handlers=true")).token(&app.admin).send().await;
    assert_eq!(gone.expect(200).json(), json!({"handlers": [], "senders": ["Support"]}));
    assert_eq!(get(app, "/api/v1/handlers/Support").await["outgoing"], Value::Null);
    let failed = get(app, "/api/v1/deliveries?state=failed").await["items"][0].clone();
    assert_eq!((&failed["kind"], &failed["next_at"]), (&json!("forward"), &Value::Null));
    assert!(failed["reason"].as_str().unwrap().contains("was deleted"), "{failed}");
    let path = format!("/api/v1/deliveries/{}/retry", failed["id"].as_str().unwrap());
    assert_eq!(post(app, &path, 409).await["code"], "mail_server_deleted");
}

#[tokio::test]
async fn what_waits_is_sent_in_the_background() {
    let scene = fetched().await;
    let app = &scene.app;
    app.engine.start();
    for _ in 0..100 {
        if count(app, "state=sent").await == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let sent = get(app, "/api/v1/deliveries?state=sent&kind=notice").await["items"][0].clone();
    assert!(sent["done_at"].is_string() && sent["next_at"].is_null(), "{sent}");
    let path = format!("/api/v1/deliveries/{}/retry", sent["id"].as_str().unwrap());
    assert_eq!(post(app, &path, 409).await["code"], "delivery_sent");
    // Ann is a stranger there, so it went out of the house.
    let mails = scene.practice.outgoing();
    let to: Vec<_> = mails.iter().flat_map(|mail| mail.to.iter().map(String::as_str)).collect();
    assert!(to.contains(&"ann@example.net"), "{to:?}");
    app.engine.stop().await;
}
