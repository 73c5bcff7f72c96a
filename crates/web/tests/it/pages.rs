//! What holds for every page, and the forms.

use serde_json::json;

use crate::app::TestApp;

const PAGES: &[&str] = &[
    "/",
    "/links",
    "/links/new",
    "/links/new?provider=google",
    "/links/new?provider=microsoft",
    "/links/new?provider=custom",
    "/links/new?provider=forgejo",
    "/grants",
    "/hand-outs",
    "/channels",
    "/channels/new",
    "/connections",
    "/connections?failed=true",
    "/mail-servers",
    "/mail-servers/new",
    "/mail-servers/new?protocol=smtp",
    "/handlers",
    "/handlers/new",
    "/sender-rules",
    "/projects",
    "/projects/new",
    "/issues",
    "/messages",
    "/deliveries",
    "/deliveries?state=failed",
    "/events",
    "/events?class=health",
    "/webhooks",
    "/webhooks/new",
    "/tokens",
];

/// Everything that changes or asks something. Other sites may press none of these buttons.
const BUTTONS: &[&str] = &[
    "/links",
    "/links/fill",
    "/links/discover",
    "/links/1/edit",
    "/links/1/edit/fields",
    "/links/1/secret",
    "/links/1/authorize",
    "/links/1/grants",
    "/links/1/test",
    "/links/1/enable",
    "/links/1/disable",
    "/links/1/delete",
    "/grants/1/refresh",
    "/grants/1/authorize",
    "/grants/1/restore",
    "/grants/1/revoke",
    "/grants/1/delete",
    "/channels",
    "/channels/fill",
    "/channels/test",
    "/channels/1/purpose",
    "/channels/1/authorize",
    "/channels/1/sign-in",
    "/channels/1/test",
    "/channels/1/fetch",
    "/channels/1/on",
    "/channels/1/pause",
    "/channels/1/resume",
    "/channels/1/delete",
    "/mail-servers",
    "/mail-servers/fill",
    "/mail-servers/test",
    "/mail-servers/1/edit",
    "/mail-servers/1/edit/fill",
    "/mail-servers/1/edit/test",
    "/mail-servers/1/sign-in",
    "/mail-servers/1/authorize",
    "/mail-servers/1/test",
    "/mail-servers/1/fetch",
    "/mail-servers/1/pause",
    "/mail-servers/1/resume",
    "/mail-servers/1/delete",
    "/tokens",
    "/tokens/1/delete",
    "/webhooks",
    "/webhooks/1",
    "/webhooks/1/test",
    "/webhooks/1/enable",
    "/webhooks/1/disable",
    "/webhooks/1/delete",
    "/handlers",
    "/handlers/1/edit",
    "/handlers/1/enable",
    "/handlers/1/disable",
    "/handlers/1/up",
    "/handlers/1/down",
    "/handlers/1/delete",
    "/handlers/1/try/mail",
    "/handlers/1/try/newest",
    "/mail-servers/1/try/mail",
    "/mail-servers/1/try/newest",
    "/messages/1/replay",
    "/deliveries/1/retry",
    "/deliveries/1/delete",
    "/issues/SUP-1/resolve",
    "/issues/SUP-1/reopen",
    "/issues/SUP-1/move",
    "/sender-rules",
    "/sender-rules/1/delete",
];

#[tokio::test]
async fn no_button_is_pressed_by_another_site_or_without_a_session() {
    let app = TestApp::new().await;
    let cookie = app.signed_in().await;
    for path in BUTTONS {
        let strange = app.post(path).cookie(&cookie).header("sec-fetch-site", "cross-site");
        let refused = strange.send().await.expect(403);
        assert!(refused.body.contains("Another site"), "{path}");
        app.post(path).form(&[]).send().await.expect(401);
        // With both it is served, whatever comes of it.
        let served = app.post(path).cookie(&cookie).form(&[]).send().await;
        assert!(![401, 403, 405, 500].contains(&served.status.as_u16()), "{path} {}", served.body);
    }
}

#[tokio::test]
async fn every_page_needs_a_session_and_carries_its_headers() {
    let app = TestApp::new().await;
    let cookie = app.signed_in().await;
    for path in PAGES {
        let away = app.get(path).send().await.expect(303);
        assert!(away.header("location").starts_with("/sign-in?next="), "{path}");
        let page = app.get(path).cookie(&cookie).send().await.expect(200);
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'self'; script-src 'self'"));
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"));
        assert_eq!(page.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(page.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(page.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(page.header("cross-origin-opener-policy"), "same-origin", "{path}");
        assert_eq!(page.header("cache-control"), "no-store", "{path}");
        assert!(page.header("strict-transport-security").starts_with("max-age="), "{path}");
        assert!(page.body.contains("<html lang=\"en\">") && page.body.contains("<h1"), "{path}");
    }
}

#[tokio::test]
async fn assets_are_kept_for_ever_under_names_that_change() {
    let app = TestApp::new().await;
    let page = app.get("/sign-in").send().await.expect(200);
    let href = page.body.split("stylesheet\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    let css = app.get(href).send().await.expect(200);
    assert_eq!(css.header("content-type"), "text/css; charset=utf-8");
    assert!(css.header("cache-control").contains("immutable"));
    let again = app.get(href).header("if-none-match", css.header("etag")).send().await.expect(304);
    assert!(again.body.is_empty());
    app.get("/assets/outlink.css").send().await.expect(404);
}

#[tokio::test]
async fn errors_are_pages_for_people() {
    let app = TestApp::new().await;
    let cookie = app.signed_in().await;
    for (ask, status) in [
        (app.get("/nothing"), 404),
        (app.get("/consent/unknown"), 404),
        (app.post("/sign-in/unknown").form(&[]), 403),
        (app.ask("DELETE", "/links").cookie(&cookie), 405),
        (app.get("/issues/NO-1").cookie(&cookie), 404),
        (app.get("/links/none").cookie(&cookie), 404),
        (app.get("/links?limit=0").cookie(&cookie), 422),
    ] {
        let page = ask.send().await.expect(status);
        assert!(page.header("content-type").starts_with("text/html"), "{status}");
        assert!(page.body.contains("What to do:"), "{}", page.body);
        assert_eq!(page.header("x-frame-options"), "DENY");
    }
    let lost = app.get("/issues/NO-1").cookie(&cookie).send().await.expect(404);
    assert!(lost.body.contains("aria-label=\"Main\""), "an administrator keeps the navigation");
    let stranger = app.get("/nothing").send().await.expect(404);
    assert!(!stranger.body.contains("aria-label=\"Main\""));
    let answer = app.ask("DELETE", "/links").send().await.expect(405);
    assert!(answer.header("allow").contains("GET"), "{:?}", answer.headers);
}

#[tokio::test]
async fn a_refused_form_keeps_what_was_typed_but_no_secret() {
    let app = TestApp::new().await;
    let cookie = app.signed_in().await;
    let fields = [
        ("provider", "custom"),
        ("name", "My \"link\""),
        ("client_id", "c-1"),
        ("client_secret", "hunter2-secret"),
        ("authorization_endpoint", "http://id.example.org/authorize"),
        ("token_endpoint", "https://id.example.org/token"),
        ("scope", "mail"),
    ];
    let page = app.post("/links").cookie(&cookie).form(&fields).send().await.expect(422);
    assert!(page.body.contains("value=\"My &quot;link&quot;\""));
    assert!(page.body.contains("id=\"e-authorization_endpoint\""), "{}", page.body);
    assert!(page.body.contains("aria-invalid"));
    assert!(!page.body.contains("hunter2"));
    assert!(app.engine.links(Default::default()).await.unwrap().items.is_empty());

    let mut fields = fields;
    fields[4].1 = "https://id.example.org/authorize";
    let preview = app.post("/links/fill").cookie(&cookie).form(&fields).send().await.expect(200);
    assert!(preview.body.contains("callback"), "the redirect URL is shown before saving");
    let saved = app.post("/links").cookie(&cookie).form(&fields).send().await.expect(303);
    let shown = app.get(saved.header("location")).cookie(&cookie).send().await.expect(200);
    assert!(shown.body.contains("Make a consent address") && !shown.body.contains("hunter2"));
    let taken = app.post("/links").cookie(&cookie).form(&fields).send().await.expect(422);
    assert!(taken.body.contains("id=\"e-name\""), "{}", taken.body);
}

#[tokio::test]
async fn a_set_up_by_pages_alone() {
    let app = TestApp::new().await;
    let cookie = app.signed_in().await;
    let post = |path: &'static str, fields: &[(&str, &str)]| {
        app.post(path).cookie(&cookie).form(fields).send()
    };
    let server = [
        ("name", "Support mail"),
        ("mailbox", "support@example.org"),
        ("host", "localhost"),
        ("port", "no"),
        ("grant", ""),
        ("password", "hunter2-secret"),
        ("take", "all"),
    ];
    let wrong = post("/mail-servers", &server).await.expect(422);
    assert!(wrong.body.contains("id=\"e-port\"") && !wrong.body.contains("hunter2"));
    let mut server = server;
    server[3].1 = "1";
    let saved = post("/mail-servers", &server).await.expect(303);
    let href = saved.header("location").to_owned();
    post("/projects", &[("key", "SUP"), ("name", "Support")]).await.expect(303);
    let before = app.get(&href).cookie(&cookie).send().await.expect(200);
    assert!(before.body.contains("No handler takes its messages"));
    let id = href.rsplit('/').next().unwrap();
    let handler =
        [("name", "H"), ("mail_server", id), ("project", "SUP"), ("type", "create_or_comment")];
    post("/handlers", &handler).await.expect(303);
    let after = app.get(&href).cookie(&cookie).send().await.expect(200);
    assert!(!after.body.contains("No handler takes its messages"));

    // Nothing listens at port 1: the test says so, step by step, and the page is none the worse.
    let test = app.post(&format!("{href}/test")).cookie(&cookie).form(&[]).send().await.expect(200);
    assert!(test.body.contains("The test failed"), "{}", test.body);
    let fetched =
        app.post(&format!("{href}/fetch")).cookie(&cookie).form(&[]).send().await.expect(200);
    assert!(fetched.body.contains("role=\"alert\""), "{}", fetched.body);
    let home = app.get("/").cookie(&cookie).send().await.expect(200);
    assert!(home.body.contains("No mail comes from Support mail"), "{}", home.body);
    let pause = format!("{href}/pause");
    app.post(&pause).cookie(&cookie).form(&[]).send().await.expect(303);
    let paused = app.get(&href).cookie(&cookie).send().await.expect(200);
    assert!(paused.body.contains(">Paused<"));
    let listed = app.get("/api/v1/mail-servers").token(&app.reader).send().await.json();
    assert_eq!(listed["items"][0]["paused"], true);
    assert_eq!(listed["items"][0]["sign_in"], "password");
    assert_eq!(listed["items"][0]["health"]["state"], "failing");
    let handlers = app.get("/api/v1/handlers").token(&app.reader).send().await.json();
    assert_eq!(handlers["items"][0]["mail_server"], "Support mail");
    assert_eq!(handlers["items"][0]["project"], json!("SUP"));
}
