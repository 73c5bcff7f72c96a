//! Handing access tokens to other programs.

use serde_json::json;

use crate::consents::Scene;

/// A scene with a grant, and an API token that names it.
async fn handed() -> (Scene, String, String) {
    let scene = Scene::new().await;
    let grant = scene.grant().await;
    let new = json!({"name": "program", "scopes": ["grant_token"], "grants": [grant]});
    let made = scene.app.make("/api/v1/tokens", new).await;
    assert_eq!(made["grants"], json!([grant]));
    (scene, grant, made["token"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_token_goes_to_whom_it_was_promised_and_nobody_else() {
    let (scene, grant, token) = handed().await;
    let app = &scene.app;
    let path = format!("/api/v1/grants/{grant}/token");
    let alice = scene.practice.users[0].address.clone();
    for path in [&path, &format!("/api/v1/grants/{alice}/token?min_ttl=120")] {
        let answer = app.get(path).token(&token).send().await.expect(200);
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("pragma"), "no-cache");
        let body = answer.json();
        assert_eq!(body["token_type"], "Bearer");
        let names: Vec<_> = body.as_object().unwrap().keys().collect();
        assert_eq!(names, ["access_token", "expires_at", "scopes", "token_type"]);
        let access = outlink_model::Secret::new(body["access_token"].as_str().unwrap());
        let state = scene.practice.token_state(&access);
        assert!(matches!(state, outlink_practice::TokenState::Live), "{state:?}");
    }
    // Whatever else somebody may do, this is not among it.
    let cookie = app.signed_in().await;
    for (ask, status, code) in [
        (app.get(&path), 401, "unauthenticated"),
        (app.get(&path).cookie(&cookie), 401, "unauthenticated"),
        (app.get(&path).token("olk_wrong"), 401, "unauthenticated"),
        (app.get(&path).token(&app.admin), 403, "scope_missing"),
        (app.get(&path).token(&app.reader), 403, "scope_missing"),
        (app.get(&path).header("authorization", "Basic YTpi"), 401, "unauthenticated"),
        (app.get("/api/v1/grants/none/token").token(&token), 403, "grant_not_named"),
        (app.get(&format!("{path}?min_ttl=x")).token(&token), 422, "bad_query"),
        (app.get(&format!("{path}?min_ttl=4000")).token(&token), 422, "min_ttl_unusable"),
        (app.get(&format!("{path}?ttl=60")).token(&token), 422, "bad_query"),
        (app.post(&path).token(&token), 405, "method_not_allowed"),
    ] {
        let answer = ask.send().await.expect(status);
        assert_eq!(answer.json()["code"], code);
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn another_grant_is_not_even_known_to_be_there() {
    let (scene, grant, token) = handed().await;
    let app = &scene.app;
    let bob = scene.practice.users[1].address.clone();
    let scopes = ["openid", "email", "offline_access", "mail.imap"];
    let refresh = scene.practice.issue(&bob, &scopes).unwrap().1.unwrap();
    let other = json!({"link": "Practice", "refresh_token": refresh.expose()});
    let other = app.make("/api/v1/grants", other).await;
    let other = other["id"].as_str().unwrap();
    let missing = grant.replace(|c: char| c.is_ascii_digit(), "0");
    let mut told = Vec::new();
    for id in [other, &missing] {
        let path = format!("/api/v1/grants/{id}/token");
        told.push(app.get(&path).token(&token).send().await.expect(403).body);
    }
    assert_eq!(told[0], told[1]);
    let delete = app.ask("DELETE", "/api/v1/tokens/program").token(&app.admin);
    delete.send().await.expect(204);
    let path = format!("/api/v1/grants/{grant}/token");
    app.get(&path).token(&token).send().await.expect(401);
}

#[tokio::test]
async fn each_hand_out_is_recorded() {
    let (scene, grant, token) = handed().await;
    let app = &scene.app;
    let path = format!("/api/v1/grants/{grant}/token");
    for _ in 0..3 {
        app.get(&path).token(&token).send().await.expect(200);
    }
    // Counts are written once a second, and at the end.
    app.engine.stop().await;
    let alice = &scene.practice.users[0].address;
    let path = format!("/api/v1/hand-outs?grant={alice}");
    let recorded = app.get(&path).token(&app.reader).send().await.expect(200);
    assert!(!recorded.body.contains("access_token"));
    let recorded = recorded.json();
    let items = recorded["items"].as_array().unwrap();
    let count: u64 = items.iter().map(|item| item["count"].as_u64().unwrap()).sum();
    assert_eq!(count, 3, "{recorded}");
    assert_eq!((&items[0]["token"], &items[0]["grant"]), (&json!("program"), &json!(alice)));
    assert_eq!(items[0]["addresses"], json!(["0.0.0.0"]));
}
