//! What holds for the whole API.

use serde_json::json;

use crate::app::TestApp;
use crate::consents::Scene;

const ID: &str = "0192f0c0-0000-7000-8000-000000000001";

/// Where access tokens are handed out: the one operation that neither `read` nor `admin` opens.
const HAND_OUT: &str = "/api/v1/grants/0192f0c0-0000-7000-8000-000000000001/token";

/// Every operation of the description: method, and path with ids filled in.
async fn operations(app: &TestApp) -> Vec<(String, String)> {
    let description = app.get("/api/openapi.json").send().await.expect(200).json();
    assert!(description["openapi"].as_str().unwrap().starts_with("3.1"));
    assert_eq!(description["info"]["version"], "1.2.3");
    let mut all = Vec::new();
    for (path, operations) in description["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            let path = path.replace("{id}", ID).replace("{key}", "NO-1");
            all.push((method.to_uppercase(), path));
        }
    }
    all
}

#[tokio::test]
async fn every_operation_asks_who_it_is() {
    let app = TestApp::new().await;
    let operations = operations(&app).await;
    assert!(operations.len() >= 52, "only {} operations are described", operations.len());
    for (method, path) in operations {
        for token in [None, Some("olk_wrong"), Some("nonsense")] {
            let ask = app.ask(&method, &path);
            let ask = match token {
                Some(token) => ask.token(token),
                None => ask,
            };
            let answer = ask.send().await;
            assert_eq!(answer.status, 401, "{method} {path}");
            assert_eq!(answer.json()["code"], "unauthenticated");
            assert!(answer.header("www-authenticate").starts_with("Bearer"));
        }
    }
}

#[tokio::test]
async fn a_reader_changes_nothing_and_sees_everything() {
    let app = TestApp::new().await;
    for (method, path) in operations(&app).await {
        let answer = app.ask(&method, &path).token(&app.reader).send().await;
        match method.as_str() {
            _ if path == HAND_OUT => {
                assert_eq!(answer.status, 403, "{method} {path}");
                assert_eq!(answer.json()["code"], "scope_missing");
            }
            "GET" => assert!([200, 404, 422].contains(&answer.status.as_u16()), "{path}"),
            _ => {
                assert_eq!(answer.status, 403, "{method} {path}");
                assert_eq!(answer.json()["code"], "scope_missing");
            }
        }
    }
}

#[tokio::test]
async fn what_is_handed_tokens_does_nothing_else() {
    let scene = Scene::new().await;
    let app = &scene.app;
    let grant = scene.grant().await;
    let new = json!({"name": "program", "scopes": ["grant_token"], "grants": [grant]});
    let made = app.make("/api/v1/tokens", new).await;
    let token = made["token"].as_str().unwrap();
    for (method, path) in operations(app).await {
        let answer = app.ask(&method, &path).token(token).send().await.expect(403);
        let expected = if path == HAND_OUT { "grant_not_named" } else { "scope_missing" };
        assert_eq!(answer.json()["code"], expected, "{method} {path}");
    }
}

#[tokio::test]
async fn every_refusal_is_a_problem() {
    let app = TestApp::new().await;
    let admin = app.admin.clone();
    let post = |path: &str| app.post(path).token(&admin);
    let cases = [
        (app.get("/api/v1/nothing").token(&admin), 404, "no_such_address", None),
        (app.get("/api/nothing"), 404, "no_such_address", None),
        (app.ask("DELETE", "/api/v1/links").token(&admin), 405, "method_not_allowed", None),
        (app.get("/api/v1/links/none").token(&admin), 404, "not_found", None),
        (app.get("/api/v1/links?limit=0").token(&admin), 422, "bad_limit", Some("limit")),
        (app.get("/api/v1/links?limit=x").token(&admin), 422, "bad_query", Some("limit")),
        (app.get("/api/v1/links?lmit=1").token(&admin), 422, "bad_query", Some("lmit")),
        (app.get("/api/v1/links/%ff").token(&admin), 400, "bad_path", None),
        (app.get("/api/v1/consents/x").token(&admin), 404, "not_found", None),
        (app.get("/api/v1/events?class=x").token(&admin), 422, "unknown_choice", Some("class")),
        (app.get("/api/v1/events?clas=audit").token(&admin), 422, "bad_query", Some("clas")),
        (app.get("/api/v1/hand-outs?grants=x").token(&admin), 422, "bad_query", Some("grants")),
        (app.get("/api/v1/hand-outs?grant=x").token(&admin), 404, "not_found", None),
        (app.get("/api/v1/providers/hotmail").token(&admin), 404, "not_found", None),
        (app.get("/api/v1/providers/google?clod=x").token(&admin), 422, "bad_query", Some("clod")),
        (
            app.get("/api/v1/providers/forgejo").token(&admin),
            422,
            "instance_missing",
            Some("instance"),
        ),
        (
            app.get("/api/v1/providers/google?cloud=china").token(&admin),
            422,
            "choice_without_effect",
            Some("cloud"),
        ),
        (
            app.ask("DELETE", "/api/v1/grants/x?force=true").token(&admin),
            422,
            "bad_query",
            Some("force"),
        ),
        (
            app.ask("PATCH", "/api/v1/links/x").token(&admin).json(&json!({"provider": "google"})),
            422,
            "unknown_field",
            Some("provider"),
        ),
        (post("/api/v1/projects").text("{\"key\":"), 400, "bad_json", None),
        (post("/api/v1/projects").text("{}"), 422, "missing", Some("key")),
        (
            post("/api/v1/projects").json(&json!({"key": 1, "name": "x"})),
            422,
            "wrong_type",
            Some("key"),
        ),
        (
            post("/api/v1/projects").json(&json!({"key": "SUP", "name": "x", "lead": "y"})),
            422,
            "unknown_field",
            Some("lead"),
        ),
        (
            post("/api/v1/projects").json(&json!({"key": "?", "name": "x"})),
            422,
            "key_unusable",
            Some("key"),
        ),
        (
            post("/api/v1/projects").header("content-type", "text/plain").text("key=SUP"),
            415,
            "not_json",
            None,
        ),
        (post("/api/v1/projects").text("x".repeat(300 * 1024)), 413, "too_large", None),
    ];
    for (n, (ask, status, code, field)) in cases.into_iter().enumerate() {
        let answer = ask.send().await;
        let body = answer.json();
        assert_eq!(answer.status.as_u16(), status, "case {n}: {body}");
        assert_eq!(answer.header("content-type"), "application/problem+json", "case {n}");
        assert_eq!(
            (body["code"].as_str(), body["field"].as_str()),
            (Some(code), field),
            "case {n}"
        );
        assert_eq!(body["status"], status, "case {n}");
        assert_eq!(body["type"], "about:blank", "case {n}");
        for name in ["title", "detail", "hint"] {
            assert!(!body[name].as_str().unwrap().is_empty(), "case {n}: no {name} in {body}");
        }
    }
}

#[tokio::test]
async fn a_session_opens_the_api_to_our_own_pages_alone() {
    let app = TestApp::new().await;
    let cookie = app.signed_in().await;
    let get = || app.get("/api/v1/links").cookie(&cookie);
    get().header("sec-fetch-site", "same-origin").send().await.expect(200);
    get().send().await.expect(200);
    get().header("sec-fetch-site", "cross-site").send().await.expect(401);
    get().header("origin", "https://evil.example").send().await.expect(401);
    let post = || {
        app.post("/api/v1/projects").cookie(&cookie).json(&json!({"key": "SUP", "name": "Support"}))
    };
    let refused = post().header("sec-fetch-site", "cross-site").send().await.expect(403);
    assert_eq!(refused.json()["code"], "cross_site");
    post().header("sec-fetch-site", "same-origin").send().await.expect(201);
}

#[tokio::test]
async fn a_list_goes_on_where_it_stopped() {
    let app = TestApp::new().await;
    for key in ["ONE", "TWO", "TRI"] {
        app.make("/api/v1/projects", json!({"key": key, "name": key})).await;
    }
    let first = app.get("/api/v1/projects?limit=2").token(&app.reader).send().await.json();
    assert_eq!(first["items"].as_array().unwrap().len(), 2);
    let path = format!("/api/v1/projects?limit=2&after={}", first["next"].as_str().unwrap());
    let second = app.get(&path).token(&app.reader).send().await.json();
    assert_eq!(second["items"][0]["key"], "TRI");
    assert!(second["next"].is_null());
    let by_key = app.get("/api/v1/projects/two").token(&app.reader).send().await.json();
    let id = by_key["id"].as_str().unwrap();
    let by_id = app.get(&format!("/api/v1/projects/{id}")).token(&app.reader).send().await.json();
    assert_eq!(by_id, by_key);
}

#[tokio::test]
async fn a_link_never_shows_its_secret() {
    let app = TestApp::new().await;
    let new = json!({
        "name": "Work", "provider": "google", "client_id": "c-1", "client_secret": "hunter2-secret",
        "authorization_params": {"hd": "example.org"},
    });
    let made = app.make("/api/v1/links", new.clone()).await;
    assert_eq!(made["has_client_secret"], true);
    assert_eq!(made["health"]["state"], "healthy");
    assert_eq!(made["authorization_params"]["hd"], "example.org");
    let redirect = app.get("/api/v1/links/redirect-url?provider=google").token(&app.reader);
    assert_eq!(redirect.send().await.json()["redirect_url"], made["redirect_url"]);
    for path in ["/api/v1/links", "/api/v1/links/Work", "/api/v1/events"] {
        let answer = app.get(path).token(&app.reader).send().await.expect(200);
        assert!(!answer.body.contains("hunter2"), "{path}: {}", answer.body);
    }
    let again = app.post("/api/v1/links").token(&app.admin).json(&new).send().await.expect(409);
    assert_eq!(
        (&again.json()["code"], &again.json()["field"]),
        (&json!("name_taken"), &json!("name"))
    );
    assert!(!again.body.contains("hunter2"));
    let bad = json!({"name": "B", "provider": "hotmail", "client_id": "c"});
    let bad = app.post("/api/v1/links").token(&app.admin).json(&bad).send().await.expect(422);
    assert_eq!(bad.json()["field"], "provider");
    assert!(bad.json()["hint"].as_str().unwrap().contains("google, microsoft, custom"));
}

#[tokio::test]
async fn it_tells_whether_it_is_up() {
    let app = TestApp::new().await;
    assert_eq!(app.get("/healthz").send().await.expect(200).json()["status"], "ok");
    assert_eq!(app.get("/readyz").send().await.expect(200).json()["status"], "ready");
    let metrics = app.get("/metrics").send().await.expect(200);
    assert!(metrics.body.contains("outlink_build_info{version=\"1.2.3\"} 1"), "{}", metrics.body);
    assert!(metrics.body.contains("outlink_ready 1"));
}
