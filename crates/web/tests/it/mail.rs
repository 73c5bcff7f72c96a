//! Mail by strangers, fetched from a real mail server: shown as text, handed out as files, never as pages of ours.

use serde_json::json;

use crate::app::TestApp;
use crate::consents::Scene;

const HOSTILE: &str = "From: \"<script>alert(1)</script>\" <mallory@example.net>\r\n\
To: alice@example.org\r\n\
Subject: <img src=x onerror=alert(2)> help\r\n\
Message-ID: <hostile-1@example.net>\r\n\
Date: Mon, 02 Nov 2026 10:00:00 +0000\r\n\
MIME-Version: 1.0\r\n\
Content-Type: multipart/mixed; boundary=b\r\n\
\r\n\
--b\r\n\
Content-Type: text/plain; charset=utf-8\r\n\
\r\n\
</pre><script>alert(3)</script> & {{ page.key }}\r\n\
--b\r\n\
Content-Type: text/html; name=\"<b>x.html\"\r\n\
Content-Disposition: attachment; filename=\"<b>x.html\"\r\n\
\r\n\
<script>alert(4)</script>\r\n\
--b--\r\n";

/// A server that has fetched one hostile message.
async fn fetched() -> (Scene, String) {
    let scene = Scene::new().await;
    let grant = scene.grant().await;
    let alice = scene.practice.users[0].address.clone();
    assert!(scene.practice.deliver(&alice, HOSTILE));
    let app = &scene.app;
    app.make("/api/v1/projects", json!({"key": "SUP", "name": "Support"})).await;
    let server = json!({
        "name": "Alice", "host": "localhost", "port": scene.practice.imap.port(),
        "mailbox": alice, "grant": grant, "take": "all",
    });
    let server = app.make("/api/v1/mail-servers", server).await;
    assert_eq!(server["grant"], alice.as_str());
    let handler = json!({"name": "Support", "mail_server": "Alice", "project": "SUP"});
    app.make("/api/v1/handlers", handler).await;
    let test = app.post("/api/v1/mail-servers/Alice/test").token(&app.admin).send().await;
    let test = test.expect(200);
    assert_eq!(test.json()["ok"], true, "{}", test.body);
    let done = app.post("/api/v1/mail-servers/Alice/fetch").token(&app.admin).send().await;
    let done = done.expect(200).json();
    assert_eq!((&done["fetched"], &done["created"]), (&json!(1), &json!(1)), "{done}");
    (scene, grant)
}

async fn json_of(app: &TestApp, path: &str) -> serde_json::Value {
    app.get(path).token(&app.reader).send().await.expect(200).json()
}

#[tokio::test]
async fn hostile_mail_stays_text() {
    let (scene, _) = fetched().await;
    let app = &scene.app;
    let cookie = app.signed_in().await;
    let message = json_of(app, "/api/v1/messages").await["items"][0].clone();
    assert_eq!(
        (message["outcome"].as_str(), message["issue"].as_str()),
        (Some("created"), Some("SUP-1"))
    );
    assert_eq!(message["mail_server"], "Alice");
    let id = message["id"].as_str().unwrap();
    for path in [
        "/issues",
        "/issues?project=SUP",
        "/issues/SUP-1",
        "/messages",
        &format!("/messages/{id}"),
        "/",
    ] {
        let page = app.get(path).cookie(&cookie).send().await.expect(200);
        assert!(!page.body.contains("<script>alert"), "{path}: {}", page.body);
        assert!(!page.body.contains("<img"), "{path}: {}", page.body);
        assert!(!page.body.contains("<b>x"), "{path}: {}", page.body);
    }
    let issue = json_of(app, "/api/v1/issues/SUP-1").await;
    assert_eq!(issue["summary"], "<img src=x onerror=alert(2)> help");
    assert_eq!(issue["status"], "open");
    assert_eq!(issue["reporter_address"], "mallory@example.net");
    let name = issue["reporter_name"].as_str().unwrap();
    assert_eq!(issue["reporter"], format!("{name} <mallory@example.net>"));
    assert!(issue["description"].as_str().unwrap().contains("</pre><script>alert(3)"));
    let list = json_of(app, "/api/v1/issues?project=SUP").await;
    assert_eq!(
        (&list["items"][0]["key"], &list["items"][0]["comments"]),
        (&json!("SUP-1"), &json!(0))
    );
    for field in ["reporter", "reporter_name", "reporter_address"] {
        assert_eq!(list["items"][0][field], issue[field], "{field}");
    }
}

#[tokio::test]
async fn strangers_files_are_saved_and_never_shown() {
    let (scene, _) = fetched().await;
    let app = &scene.app;
    let cookie = app.signed_in().await;
    let issue = json_of(app, "/api/v1/issues/SUP-1").await;
    let file = issue["attachments"][0]["id"].as_str().unwrap();
    let message = json_of(app, "/api/v1/messages").await["items"][0]["id"].clone();
    let raw = format!("/messages/{}/raw", message.as_str().unwrap());
    for (path, media) in
        [(format!("/attachments/{file}"), "application/octet-stream"), (raw, "message/rfc822")]
    {
        app.get(&path).send().await.expect(303);
        let by_page = app.get(&path).cookie(&cookie).send().await.expect(200);
        let by_api = app.get(&format!("/api/v1{path}")).token(&app.reader).send().await.expect(200);
        assert_eq!(by_page.body, by_api.body);
        for answer in [by_page, by_api] {
            assert_eq!(answer.header("content-type"), media);
            assert!(answer.header("content-disposition").starts_with("attachment; filename=\""));
            assert_eq!(answer.header("content-security-policy"), "sandbox; default-src 'none'");
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
            assert!(answer.body.contains("<script>alert(4)</script>"), "{}", answer.body);
        }
    }
}
