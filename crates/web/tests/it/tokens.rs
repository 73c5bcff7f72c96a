//! API tokens.

use serde_json::json;

use crate::app::TestApp;

#[tokio::test]
async fn a_token_is_shown_once_and_can_be_taken_back() {
    let app = TestApp::new().await;
    let made = app.make("/api/v1/tokens", json!({"name": "ci", "scopes": ["read"]})).await;
    let token = made["token"].as_str().unwrap().to_owned();
    assert!(token.starts_with("olk_"));
    app.get("/api/v1/links").token(&token).send().await.expect(200);
    let list = app.get("/api/v1/tokens").token(&app.reader).send().await.expect(200);
    assert!(list.body.contains("\"ci\"") && !list.body.contains(&token));
    app.ask("DELETE", "/api/v1/tokens/ci").token(&app.admin).send().await.expect(204);
    app.get("/api/v1/links").token(&token).send().await.expect(401);
    app.ask("DELETE", "/api/v1/tokens/ci").token(&app.admin).send().await.expect(404);
    let bad = json!({"name": "x", "scopes": ["root"]});
    let bad = app.post("/api/v1/tokens").token(&app.admin).json(&bad).send().await.expect(422);
    assert_eq!(bad.json()["field"], "scopes");
    for (bad, field) in [
        (json!({"name": "x", "scopes": ["grant_token"]}), "grants"),
        (
            json!({"name": "x", "scopes": ["grant_token"], "grants": ["nobody@example.org"]}),
            "grants",
        ),
        (json!({"name": "x", "scopes": ["read"], "grants": ["alice@example.org"]}), "grants"),
        (json!({"name": "x", "scopes": []}), "scopes"),
    ] {
        let answer = app.post("/api/v1/tokens").token(&app.admin).json(&bad).send().await;
        assert_eq!(answer.json()["field"], field, "{bad}: {}", answer.body);
    }
}

#[tokio::test]
async fn the_console_makes_and_deletes_tokens() {
    let app = TestApp::new().await;
    let cookie = app.signed_in().await;
    let fields = [("name", "from the console"), ("scope", "admin")];
    let made = app.post("/tokens").cookie(&cookie).form(&fields).send().await.expect(200);
    let token = made.body.split("value=\"olk_").nth(1).unwrap().split('"').next().unwrap();
    let token = format!("olk_{token}");
    app.get("/api/v1/links").token(&token).send().await.expect(200);
    let again = app.get("/tokens").cookie(&cookie).send().await.expect(200);
    assert!(!again.body.contains(&token));
    assert!(
        again.body.contains("aria-label=\"Delete from the console\""),
        "buttons are told apart"
    );
    let list = app.get("/api/v1/tokens").token(&token).send().await.json();
    let mut items = list["items"].as_array().unwrap().iter();
    let id = items.find(|t| t["name"] == "from the console").unwrap()["id"].as_str().unwrap();
    let delete = format!("/tokens/{id}/delete");
    app.post(&delete).cookie(&cookie).form(&[]).send().await.expect(303);
    app.get("/api/v1/links").token(&token).send().await.expect(401);
}
