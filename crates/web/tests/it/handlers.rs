//! Handlers, trials, the ledger, sender rules and issues by REST, over mail that is really fetched.

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::consents::Scene;

const MAIL: &str = "From: Ann <ann@example.net>\r\nTo: alice@example.org\r\nCc: bob@example.net\r\n\
Subject: The printer is on fire\r\nMessage-ID: <m-1@example.net>\r\n\
Date: Mon, 02 Nov 2026 10:00:00 +0000\r\nX-Priority: 1\r\n\r\nPlease help.\r\n";

/// A server with a mailbox, a project and a handler that takes mail to one address alone.
async fn scene() -> Scene {
    let scene = Scene::new().await;
    let grant = scene.grant().await;
    let alice = scene.practice.users[0].address.clone();
    let app = &scene.app;
    for (key, name) in [("SUP", "Support"), ("OPS", "Operations")] {
        app.make("/api/v1/projects", json!({"key": key, "name": name})).await;
    }
    let server = json!({
        "name": "Alice", "host": "localhost", "port": scene.practice.imap.port(),
        "mailbox": alice, "grant": grant, "take": "all",
    });
    app.make("/api/v1/mail-servers", server).await;
    let handler = json!({
        "name": "Support", "mail_server": "Alice", "project": "SUP", "issue_type": "Incident",
        "catch": ["Support@Example.org"], "deny": ["spam.example"],
    });
    app.make("/api/v1/handlers", handler).await;
    scene
}

async fn json_of(app: &TestApp, path: &str) -> Value {
    app.get(path).token(&app.reader).send().await.expect(200).json()
}

async fn patch(app: &TestApp, path: &str, body: Value, status: u16) -> Value {
    app.ask("PATCH", path).token(&app.admin).json(&body).send().await.expect(status).json()
}

async fn post(app: &TestApp, path: &str, body: Value, status: u16) -> Value {
    app.post(path).token(&app.admin).json(&body).send().await.expect(status).json()
}

#[tokio::test]
async fn a_handler_shows_every_setting_and_takes_back_what_it_shows() {
    let scene = scene().await;
    let app = &scene.app;
    let shown = json_of(app, "/api/v1/handlers/Support").await;
    for (field, expected) in [
        ("type", json!("create_or_comment")),
        ("position", json!(0)),
        ("enabled", json!(true)),
        ("issue_type", json!("Incident")),
        ("catch", json!(["support@example.org"])),
        ("bulk", json!("ignore")),
        ("forward_to", Value::Null),
        ("deny", json!(["spam.example"])),
        ("unauthenticated", json!("mark")),
        ("attachments_largest", json!(26_214_400)),
        ("issue_per_hour", json!(50)),
    ] {
        assert_eq!(shown[field], expected, "{field}");
    }
    let mut back = shown.clone();
    let fields = back.as_object_mut().unwrap();
    for field in ["id", "mail_server_id", "project_id", "outgoing_id", "position", "created_at"] {
        fields.remove(field).unwrap();
    }
    let same = patch(app, "/api/v1/handlers/Support", back.clone(), 200).await;
    assert_eq!(same, shown);
    let edit = json!({"bulk": "accept", "catch": [], "updated_at": shown["updated_at"]});
    let edited = patch(app, "/api/v1/handlers/Support", edit, 200).await;
    assert_eq!((&edited["bulk"], &edited["catch"]), (&json!("accept"), &json!([])));
    assert_eq!(edited["issue_type"], "Incident", "what is left out stays");
    let stale = patch(app, "/api/v1/handlers/Support", back, 409).await;
    assert_eq!(stale["code"], "changed_meanwhile");
}

#[tokio::test]
async fn what_is_wrong_with_a_handler_is_told_at_its_field() {
    let scene = scene().await;
    let app = &scene.app;
    for (body, field) in [
        (json!({"type": "comment"}), "type"),
        (json!({"bulk": "burn"}), "bulk"),
        (json!({"unauthenticated": "maybe"}), "unauthenticated"),
        (json!({"split": ["(open"]}), "split"),
        (json!({"allow": ["nobody"]}), "allow"),
        (json!({"forward_to": "two@example.org, three@example.org"}), "forward_to"),
        (json!({"notify": true}), "outgoing"),
        (json!({"catches": []}), "catches"),
        (json!({"sender_per_hour": -1}), "sender_per_hour"),
    ] {
        let refused = patch(app, "/api/v1/handlers/Support", body.clone(), 422).await;
        assert_eq!(refused["field"], field, "{body} {refused}");
        assert!(!refused["hint"].as_str().unwrap().is_empty(), "{refused}");
    }
    for (method, path) in [
        ("PATCH", "/api/v1/handlers/Support"),
        ("DELETE", "/api/v1/handlers/Support"),
        ("POST", "/api/v1/handlers/order"),
        ("POST", "/api/v1/handlers/Support/try"),
        ("POST", "/api/v1/mail-servers/Alice/try"),
        ("POST", "/api/v1/sender-rules"),
        ("PATCH", "/api/v1/issues/SUP-1"),
        ("POST", "/api/v1/issues/SUP-1/move"),
    ] {
        app.ask(method, path).token(&app.reader).json(&json!({})).send().await.expect(403);
    }
}

#[tokio::test]
async fn handlers_are_ordered_and_deleted() {
    let scene = scene().await;
    let app = &scene.app;
    let second =
        json!({"name": "Second", "mail_server": "Alice", "project": "OPS", "enabled": false});
    let second = app.make("/api/v1/handlers", second).await;
    assert_eq!((&second["position"], &second["enabled"]), (&json!(1), &json!(false)));
    let order = json!({"mail_server": "Alice", "handlers": ["Second", "Support"]});
    let ordered = post(app, "/api/v1/handlers/order", order, 200).await;
    assert_eq!(
        (&ordered["items"][0]["name"], &ordered["items"][0]["position"]),
        (&json!("Second"), &json!(0))
    );
    let half = json!({"mail_server": "Alice", "handlers": ["Second"]});
    let refused = post(app, "/api/v1/handlers/order", half, 422).await;
    assert_eq!(refused["field"], "handlers");
    app.ask("DELETE", "/api/v1/handlers/Second").token(&app.admin).send().await.expect(204);
    app.get("/api/v1/handlers/Second").token(&app.reader).send().await.expect(404);
}

#[tokio::test]
async fn a_trial_takes_a_mail_or_the_newest_of_the_server_and_writes_nothing() {
    let scene = scene().await;
    let app = &scene.app;
    let alice = scene.practice.users[0].address.clone();
    assert!(scene.practice.deliver(&alice, MAIL));
    let newest = post(app, "/api/v1/mail-servers/Alice/try", json!({"newest": 5}), 200).await;
    let tried = &newest["items"][0];
    assert_eq!((&tried["outcome"], &tried["handler"]), (&json!("unhandled"), &Value::Null));
    assert_eq!(tried["left"][0]["handler"], "Support");
    assert!(tried["left"][0]["why"].as_str().unwrap().contains("support@example.org"), "{tried}");

    let try_mail = |mail: String| {
        let ask = app.post("/api/v1/handlers/Support/try").token(&app.admin);
        ask.header("content-type", "message/rfc822").text(mail).send()
    };
    let mail = MAIL.replace("To: alice", "To: support");
    let tried = try_mail(mail.clone()).await.expect(200).json()["items"][0].clone();
    for (field, expected) in [
        ("outcome", json!("created")),
        ("issue", json!("SUP-1")),
        ("handler", json!("Support")),
        ("from", json!("Ann <ann@example.net>")),
        ("subject", json!("The printer is on fire")),
        ("authentication", json!("none")),
        ("left", json!([])),
        ("attachments", json!([])),
    ] {
        assert_eq!(tried[field], expected, "{field}");
    }
    assert!(tried["text"].as_str().unwrap().contains("Please help."));
    // Larger than any other body may be.
    let large = format!("{mail}{}", "More words.\r\n".repeat(50_000));
    assert_eq!(try_mail(large).await.expect(200).json()["items"][0]["outcome"], "created");

    for (media, body, status) in [
        ("application/json", "{\"newest\":0}", 422),
        ("application/json", "{\"newest\":51}", 422),
        ("application/json", "{\"oldest\":1}", 422),
        ("text/plain", "hello", 415),
    ] {
        let ask = app.post("/api/v1/handlers/Support/try").token(&app.admin);
        let answer = ask.header("content-type", media).text(body).send().await;
        assert_eq!(answer.status.as_u16(), status, "{body}: {}", answer.body);
    }
    for path in ["/api/v1/messages", "/api/v1/issues"] {
        assert_eq!(json_of(app, path).await["items"], json!([]), "{path}");
    }
}

#[tokio::test]
async fn the_ledger_is_filtered_and_what_came_to_nothing_is_replayed() {
    let scene = scene().await;
    let app = &scene.app;
    let alice = scene.practice.users[0].address.clone();
    assert!(scene.practice.deliver(&alice, MAIL));
    post(app, "/api/v1/mail-servers/Alice/fetch", json!({}), 200).await;
    let message = json_of(app, "/api/v1/messages").await["items"][0].clone();
    for (field, expected) in [
        ("outcome", json!("unhandled")),
        ("sender", json!("ann@example.net")),
        ("authentication", json!("none")),
        ("handler", Value::Null),
        ("flagged", json!(true)),
    ] {
        assert_eq!(message[field], expected, "{field}");
    }
    patch(app, "/api/v1/handlers/Support", json!({"catch": [], "cc_watchers": true}), 200).await;
    let replay = format!("/api/v1/messages/{}/replay", message["id"].as_str().unwrap());
    app.post(&replay).token(&app.reader).send().await.expect(403);
    let replayed = post(app, &replay, json!({}), 200).await;
    assert_eq!(
        (&replayed["outcome"], &replayed["issue"], &replayed["handler"]),
        (&json!("created"), &json!("SUP-1"), &json!("Support"))
    );
    assert_eq!(post(app, &replay, json!({}), 409).await["code"], "message_counted");
    for (query, count) in [
        ("handler=Support", 1),
        ("project=SUP", 1),
        ("project=OPS", 0),
        ("outcome=created", 1),
        ("outcome=rejected", 0),
        ("sender=ann@example.net", 1),
        ("text=printer", 1),
        ("since=2020-01-01&until=2099-12-31", 1),
        ("until=2020-01-01", 0),
    ] {
        let listed = json_of(app, &format!("/api/v1/messages?{query}")).await;
        assert_eq!(listed["items"].as_array().unwrap().len(), count, "{query}");
    }
    for query in ["outcome=lost", "since=soon", "from=ann"] {
        let ask = app.get(&format!("/api/v1/messages?{query}")).token(&app.reader).send().await;
        let field = query.split('=').next().unwrap();
        assert_eq!(ask.expect(422).json()["field"], field, "{query}");
    }

    let issue = json_of(app, "/api/v1/issues/SUP-1").await;
    for (field, expected) in [
        ("type", json!("Incident")),
        ("priority", json!("highest")),
        ("labels", json!([])),
        ("assignee", Value::Null),
        ("watchers", json!([])),
    ] {
        assert_eq!(issue[field], expected, "{field}");
    }
    let moved = post(app, "/api/v1/issues/SUP-1/move", json!({"project": "OPS"}), 200).await;
    assert_eq!(moved["key"], "OPS-1");
    let again = post(app, "/api/v1/issues/OPS-1/move", json!({"project": "OPS"}), 409).await;
    assert_eq!(again["field"], "project");
    let resolved = patch(app, "/api/v1/issues/SUP-1", json!({"status": "resolved"}), 200).await;
    assert_eq!((&resolved["key"], &resolved["status"]), (&json!("OPS-1"), &json!("resolved")));
    assert_eq!(
        patch(app, "/api/v1/issues/OPS-1", json!({"status": "lost"}), 422).await["field"],
        "status"
    );
    let row = json_of(app, "/api/v1/issues").await["items"][0].clone();
    assert_eq!((&row["type"], &row["priority"]), (&json!("Incident"), &json!("highest")));
}

#[tokio::test]
async fn sender_rules_are_listed_added_and_deleted() {
    let app = TestApp::new().await;
    let deny =
        app.make("/api/v1/sender-rules", json!({"list": "deny", "rule": "@Spam.example"})).await;
    assert_eq!((&deny["list"], &deny["rule"]), (&json!("deny"), &json!("spam.example")));
    app.make("/api/v1/sender-rules", json!({"list": "allow", "rule": "ann@example.org"})).await;
    let twice = json!({"list": "deny", "rule": "spam.example"});
    assert_eq!(post(&app, "/api/v1/sender-rules", twice, 409).await["field"], "rule");
    for (body, field) in [
        (json!({"list": "grey", "rule": "a.example"}), "list"),
        (json!({"list": "deny", "rule": "x"}), "rule"),
    ] {
        assert_eq!(post(&app, "/api/v1/sender-rules", body, 422).await["field"], field);
    }
    let listed = json_of(&app, "/api/v1/sender-rules?list=allow").await;
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(json_of(&app, "/api/v1/sender-rules").await["items"].as_array().unwrap().len(), 2);
    let path = format!("/api/v1/sender-rules/{}", deny["id"].as_str().unwrap());
    app.ask("DELETE", &path).token(&app.reader).send().await.expect(403);
    app.ask("DELETE", &path).token(&app.admin).send().await.expect(204);
    app.ask("DELETE", &path).token(&app.admin).send().await.expect(404);
}
