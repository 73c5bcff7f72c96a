//! Signing in and out, and the first administrator.

use outlink_engine::Caller;
use serde_json::json;

use crate::app::{BASE, PASSWORD, TestApp};

#[tokio::test]
async fn nobody_signs_up_over_the_network() {
    let app = TestApp::empty(|_| {}).await;
    let home = app.get("/").send().await.expect(303);
    assert_eq!(home.header("location"), "/sign-in?next=%2F");
    let page = app.get("/sign-in").send().await.expect(200);
    assert!(page.body.contains("outlink user create-admin"));
    assert!(!page.body.contains("<form"), "there is nothing to fill in");
    let user = app.engine.create_user("first", None, &Caller::System).await.unwrap();
    let url = app.engine.create_sign_in(&user).await.unwrap();
    let path = url.strip_prefix("https://outlink.example").unwrap();
    let looked = app.get(path).send().await.expect(200);
    assert!(looked.headers.get("set-cookie").is_none(), "looking changes nothing");
    let used = app.post(path).form(&[]).send().await.expect(303);
    let cookie = used.cookies();
    assert!(used.header("set-cookie").starts_with("__Host-outlink="));
    app.get("/").cookie(&cookie).send().await.expect(200);
    app.post(path).form(&[]).send().await.expect(403);
}

#[tokio::test]
async fn one_signs_in_and_out() {
    let app = TestApp::new().await;
    let sent = app.get("/issues?project=SUP").send().await.expect(303);
    assert_eq!(sent.header("location"), "/sign-in?next=%2Fissues%3Fproject%3DSUP");
    let form = app.get(sent.header("location")).send().await.expect(200);
    assert!(form.body.contains("value=\"/issues?project=SUP\""), "{}", form.body);
    let fields = [("name", "admin"), ("password", PASSWORD), ("next", "/issues?project=SUP")];
    let answer = app.post("/sign-in").form(&fields).send().await.expect(303);
    assert_eq!(answer.header("location"), "/issues?project=SUP");
    for part in ["; HttpOnly", "; Secure", "; SameSite=Lax", "; Path=/"] {
        assert!(answer.header("set-cookie").contains(part), "{part} is missing");
    }
    let cookie = answer.cookies();
    app.get("/").cookie(&cookie).send().await.expect(200);
    let out = app.post("/sign-out").cookie(&cookie).form(&[]).send().await.expect(303);
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    app.get("/").cookie(&cookie).send().await.expect(303);
}

#[tokio::test]
async fn a_wrong_password_is_not_kept_on_the_page_and_guessing_is_slowed() {
    let app = TestApp::new().await;
    let fields = [("name", "admin"), ("password", "hunter2hunter2"), ("next", "//evil.example")];
    let answer = app.post("/sign-in").form(&fields).send().await.expect(401);
    assert!(answer.body.contains("value=\"admin\""));
    assert!(!answer.body.contains("hunter2") && !answer.body.contains("evil.example"));
    for _ in 0..5 {
        app.post("/sign-in").form(&fields).send().await;
    }
    app.post("/sign-in").form(&fields).send().await.expect(429);
}

#[tokio::test]
async fn other_sites_cannot_act_for_a_browser() {
    let app = TestApp::new().await;
    let cookie = app.signed_in().await;
    let fields = [("key", "SUP"), ("name", "Support")];
    for site in ["cross-site", "same-site"] {
        let ask = app.post("/projects").cookie(&cookie).header("sec-fetch-site", site);
        let answer = ask.text("key=SUP&name=Support").send().await.expect(403);
        assert!(answer.header("content-type").starts_with("text/html"), "people get a page");
    }
    let ask = app.post("/projects").cookie(&cookie).header("origin", "https://evil.example");
    ask.text("key=SUP&name=Support").send().await.expect(403);
    // A browser repeats the password of a proxy in front of us on every request, and cannot be made to send a token.
    for authorization in ["Basic YTpi", &format!("Bearer {}", app.admin)] {
        let ask = app.post("/projects").cookie(&cookie).header("sec-fetch-site", "cross-site");
        let ask = ask.header("authorization", authorization).text("key=SUP&name=Support");
        ask.send().await.expect(403);
    }
    let ask = app.post("/api/v1/projects").cookie(&cookie).header("sec-fetch-site", "cross-site");
    let ask = ask.header("authorization", "Basic YTpi");
    ask.json(&json!({"key": "SUP", "name": "Support"})).send().await.expect(403);
    assert!(app.engine.projects(Default::default()).await.unwrap().items.is_empty());
    app.post("/projects").cookie(&cookie).form(&fields).send().await.expect(303);
    assert_eq!(app.engine.projects(Default::default()).await.unwrap().items.len(), 1);
    // Browsers without Sec-Fetch-Site tell where a form comes from by Origin.
    let ask = app.post("/projects").cookie(&cookie).header("origin", BASE);
    ask.text("key=OLD&name=Old").send().await.expect(303);
    let ask = app.post("/api/v1/projects").token(&app.admin).header("sec-fetch-site", "cross-site");
    ask.json(&json!({"key": "API", "name": "By token"})).send().await.expect(201);
}

#[tokio::test]
async fn a_form_outlives_its_session() {
    let app = TestApp::new().await;
    let cookie = app.signed_in().await;
    app.post("/sign-out").cookie(&cookie).form(&[]).send().await.expect(303);
    let fields = [("key", "SUP"), ("name", "Support")];
    let over = app.post("/projects").cookie(&cookie).form(&fields).send().await.expect(401);
    assert!(over.headers.get("location").is_none(), "the browser stays on what can be sent again");
    assert!(over.header("content-type").starts_with("text/html"));
    assert!(over.body.contains("Your session is over") && over.body.contains("in another tab"));
    assert!(app.engine.projects(Default::default()).await.unwrap().items.is_empty());
    let cookie = app.signed_in().await;
    app.post("/projects").cookie(&cookie).form(&fields).send().await.expect(303);
}

#[tokio::test]
async fn on_a_plain_loopback_address_cookies_work_in_every_client() {
    let app = TestApp::with(|settings| settings.base_url = "http://localhost:8080".into()).await;
    let fields = [("name", "admin"), ("password", PASSWORD)];
    let answer = app.post("/sign-in").form(&fields).send().await.expect(303);
    let set = answer.header("set-cookie");
    assert!(set.starts_with("outlink=") && !set.contains("Secure"), "{set}");
    assert!(answer.header("strict-transport-security").is_empty());
    app.get("/").cookie(&answer.cookies()).send().await.expect(200);
}
