//! Changes of a link by the API: nothing that was not named is lost, and nothing that somebody else did.

use outlink_practice::Endpoint;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};
use crate::consents::Scene;

const LINK: &str = "/api/v1/links/Practice";

async fn patch(app: &TestApp, body: Value) -> Answer {
    app.ask("PATCH", LINK).token(&app.admin).json(&body).send().await
}

async fn show(app: &TestApp) -> Value {
    app.get(LINK).token(&app.reader).send().await.expect(200).json()
}

#[tokio::test]
async fn a_change_of_what_somebody_else_has_changed_since_is_refused() {
    let scene = Scene::new().await;
    let app = &scene.app;
    let seen = show(app).await["updated_at"].clone();
    let first = json!({"description": "first", "updated_at": seen});
    let first = patch(app, first).await.expect(200).json();
    let late = json!({"description": "late", "updated_at": seen});
    let refused = patch(app, late).await.expect(409).json();
    assert_eq!(refused["code"], "changed_meanwhile");
    assert!(refused["hint"].as_str().is_some_and(|hint| !hint.is_empty()));
    assert_eq!(show(app).await["description"], "first");
    let again = json!({"description": "late", "updated_at": first["updated_at"]});
    patch(app, again).await.expect(200);
    // Whoever does not say what they saw changes what is there.
    patch(app, json!({"description": "at last"})).await.expect(200);
    patch(app, json!({"updated_at": "soon"})).await.expect(422);
}

#[tokio::test]
async fn what_is_shown_of_parameters_can_be_sent_back_and_is_sent_on() {
    let scene = Scene::new().await;
    let app = &scene.app;
    let params = json!({"resource": ["https://b.example", "https://a.example"], "prompt": "login"});
    let token_params = json!({"audience": ["x", "y", "x"], "claims": "{}"});
    let body = json!({"authorization_params": params, "token_params": token_params});
    let saved = patch(app, body).await.expect(200).json();
    assert_eq!(saved["authorization_params"], params);
    assert_eq!(saved["token_params"], token_params);
    let before = app.engine.link("Practice").await.unwrap();
    let shown = show(app).await;
    let back = json!({
        "authorization_params": shown["authorization_params"],
        "token_params": shown["token_params"],
    });
    patch(app, back).await.expect(200);
    let after = app.engine.link("Practice").await.unwrap();
    assert_eq!(after.authorization_params, before.authorization_params);
    assert_eq!(after.token_params, before.token_params);

    // Whatever the provider makes of a token that it never gave out, this is how it is asked.
    let import = json!({"link": "Practice", "refresh_token": "made-up"});
    app.post("/api/v1/grants").token(&app.admin).json(&import).send().await;
    let asked = scene.practice.requests(Endpoint::Token).pop().unwrap();
    let sent = url::form_urlencoded::parse(&asked.body).into_owned();
    let sent: Vec<_> = sent.filter(|(name, _)| name == "audience").map(|(_, v)| v).collect();
    assert_eq!(sent, ["x", "y", "x"]);
    let wrong = json!({"authorization_params": {"resource": []}});
    let wrong = patch(app, wrong).await.expect(422).json();
    assert_eq!(wrong["field"], "authorization_params.resource");

    let new = json!({
        "name": "Twice", "provider": "custom", "client_id": "c", "client_secret": "s-1",
        "authorization_endpoint": scene.practice.authorization_endpoint,
        "token_endpoint": scene.practice.token_endpoint,
        "authorization_params": {"resource": ["a", "b"]},
    });
    let made = app.make("/api/v1/links", new).await;
    assert_eq!(made["authorization_params"]["resource"], json!(["a", "b"]));
}

#[tokio::test]
async fn the_ends_of_secrets_can_be_changed_and_unset() {
    let scene = Scene::new().await;
    let app = &scene.app;
    let next = json!({
        "client_secret": "hunter2-next", "add": true, "client_secret_expires_at": "2099-01-31",
    });
    let two = patch(app, next).await.expect(200).json();
    let id = |place: usize| two["client_secrets"][place]["id"].clone();
    let ends = |link: &Value| {
        let end = |place: usize| link["client_secrets"][place]["expires_at"].clone();
        [end(0), end(1)]
    };
    assert_eq!(ends(&two), [json!("2099-01-31T23:59:59Z"), Value::Null]);
    let second = json!({"client_secret_id": id(1), "client_secret_expires_at": "2098-01-31"});
    let said = patch(app, second).await.expect(200).json();
    assert_eq!(ends(&said), [json!("2099-01-31T23:59:59Z"), json!("2098-01-31T23:59:59Z")]);
    let unset = json!({"client_secret_expires_at": null});
    let said = patch(app, unset).await.expect(200).json();
    assert_eq!(ends(&said), [Value::Null, json!("2098-01-31T23:59:59Z")]);
    let unset = json!({"client_secret_id": id(1), "client_secret_expires_at": ""});
    assert_eq!(ends(&patch(app, unset).await.expect(200).json()), [Value::Null, Value::Null]);
    // What is left out stays.
    let first = json!({"client_secret_id": id(0), "client_secret_expires_at": "2097-01-31"});
    patch(app, first).await.expect(200);
    let said = patch(app, json!({"description": "x", "signing_alg": null})).await.expect(200);
    assert_eq!(ends(&said.json()), [json!("2097-01-31T23:59:59Z"), Value::Null]);
}

#[tokio::test]
async fn secrets_are_deleted_and_hosts_are_emptied_only_in_so_many_words() {
    let scene = Scene::new().await;
    let app = &scene.app;
    let refused = patch(app, json!({"client_auth": "none"})).await.expect(422).json();
    assert_eq!(refused["code"], "secret_would_be_deleted");
    assert_eq!(refused["field"], "delete_client_secret");
    assert_eq!(show(app).await["has_client_secret"], true);
    let hosts = json!({
        "token_hosts": ["a.example", "b.example"],
        "client_secret": scene.practice.client_secret.expose(),
    });
    patch(app, hosts).await.expect(200);
    let fewer = patch(app, json!({"token_hosts": ["b.example"]})).await.expect(200).json();
    assert_eq!(fewer["token_hosts"], json!(["b.example"]));
    let none = patch(app, json!({"token_hosts": []})).await.expect(200).json();
    assert_eq!(none["token_hosts"], json!([]));
    let sure = json!({"client_auth": "none", "delete_client_secret": true});
    let public = patch(app, sure).await.expect(200).json();
    assert_eq!(
        (&public["has_client_secret"], &public["client_auth"]),
        (&json!(false), &json!("none"))
    );
}

#[tokio::test]
async fn a_key_file_is_taken_for_service_accounts_alone_and_never_shown() {
    let scene = Scene::new().await;
    let app = &scene.app;
    let file = json!({"service_account": "{\"private_key\":\"hunter2\"}"});
    let refused = patch(app, file).await.expect(422);
    assert_eq!(refused.json()["code"], "grant_type_unfit");
    assert!(!refused.body.contains("hunter2"), "{}", refused.body);
}

#[tokio::test]
async fn the_description_of_the_api_tells_of_lists_and_guards() {
    let app = TestApp::new().await;
    let told = app.get("/api/openapi.json").send().await.expect(200).json();
    let schemas = &told["components"]["schemas"];
    let edit = &schemas["LinkEdit"]["properties"];
    for field in ["updated_at", "client_secret_id", "delete_client_secret", "service_account"] {
        let words = edit[field]["description"].as_str();
        assert!(words.is_some_and(|words| !words.is_empty()), "{field}: {}", edit[field]);
    }
    let either = &schemas["ParameterValue"]["oneOf"];
    assert_eq!(either[0]["type"], "string", "{either}");
    assert_eq!(either[1]["type"], "array", "{either}");
    for schema in ["Link", "LinkEdit", "NewLink"] {
        let params = schemas[schema]["properties"]["token_params"].to_string();
        assert!(params.contains("#/components/schemas/ParameterValue"), "{schema}: {params}");
    }
}
