//! What the provider tells about itself, and how clients make themselves known.

use std::time::Duration;

use outlink_model::Secret;
use outlink_practice::{Endpoint, Registration, TokenFault, TokenState};
use serde_json::{Value, json};

use crate::kit::{Browser, Kit, REDIRECT, kit, location};

async fn get(kit: &Kit, path: &str) -> (u16, Value) {
    let origin = kit.practice.token_endpoint.strip_suffix("/token").unwrap();
    let response = kit.http.get(format!("{origin}{path}")).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap_or_default())
}

async fn register(kit: &Kit, token: Option<&str>, body: &Value) -> (u16, Value) {
    let mut request = kit.http.post(&kit.practice.registration_endpoint).json(body);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap_or_default())
}

#[tokio::test]
async fn both_addresses_tell_the_same() {
    let kit = kit().await;
    let (status, oauth) = get(&kit, "/.well-known/oauth-authorization-server").await;
    let (_, openid) = get(&kit, "/.well-known/openid-configuration").await;
    assert_eq!((status, &oauth), (200, &openid));
    assert_eq!(oauth["issuer"], kit.practice.issuer.as_str());
    for (name, expected) in [
        ("introspection_endpoint", &kit.practice.introspection_endpoint),
        ("device_authorization_endpoint", &kit.practice.device_authorization_endpoint),
        ("registration_endpoint", &kit.practice.registration_endpoint),
    ] {
        assert_eq!(oauth[name], expected.as_str());
    }
    let ways = json!(["client_secret_basic", "client_secret_post", "private_key_jwt"]);
    assert_eq!(oauth["token_endpoint_auth_methods_supported"], ways);
    assert_eq!(kit.practice.counters().metadata_requests, 2);
}

#[tokio::test]
async fn metadata_can_lie_be_missing_or_have_a_path() {
    let kit = kit().await;
    kit.practice.set(|settings| {
        settings.oauth_metadata = false;
        settings.metadata_issuer = Some("https://elsewhere.example".into());
        settings.registration = Registration::Off;
        settings.grant_types = vec!["authorization_code".into()];
    });
    assert_eq!(get(&kit, "/.well-known/oauth-authorization-server").await.0, 404);
    let (_, metadata) = get(&kit, "/.well-known/openid-configuration").await;
    assert_eq!(metadata["issuer"], "https://elsewhere.example");
    assert!(metadata.get("registration_endpoint").is_none());
    assert!(metadata.get("device_authorization_endpoint").is_none());
    assert_eq!(register(&kit, None, &json!({})).await.0, 404);

    let issuer = format!("{}/tenant", kit.practice.issuer);
    kit.practice.set(|settings| {
        settings.oauth_metadata = true;
        settings.metadata_issuer = None;
        settings.issuer = issuer.clone();
    });
    assert_eq!(get(&kit, "/.well-known/oauth-authorization-server").await.0, 404);
    let (_, metadata) = get(&kit, "/.well-known/oauth-authorization-server/tenant").await;
    assert_eq!(metadata["issuer"], issuer);
    assert_eq!(get(&kit, "/tenant/.well-known/openid-configuration").await.1["issuer"], issuer);

    let faults = kit.practice.faults();
    faults.next_answers(Endpoint::Metadata, 1, TokenFault::Html);
    let edit = TokenFault::Edit(|answer| {
        answer.remove("token_endpoint");
    });
    faults.next_answers(Endpoint::Metadata, 1, edit);
    let path = "/tenant/.well-known/openid-configuration";
    assert_eq!(get(&kit, path).await, (200, Value::Null), "a page is no JSON");
    assert!(get(&kit, path).await.1.get("token_endpoint").is_none());
}

#[tokio::test]
async fn a_registered_client_works_and_only_with_its_own() {
    let kit = kit().await;
    let there = "https://outlink.example/callback";
    let body = json!({
        "client_name": "Tickets <1>",
        "redirect_uris": [there],
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        "token_endpoint_auth_method": "client_secret_post",
    });
    kit.practice.set(|settings| settings.registered_secret_ttl = Some(Duration::from_secs(60)));
    let (status, answer) = register(&kit, None, &body).await;
    assert_eq!((status, &answer["client_name"]), (201, &"Tickets <1>".into()), "{answer}");
    let end = answer["client_secret_expires_at"].as_i64().unwrap();
    assert_eq!(end, answer["client_id_issued_at"].as_i64().unwrap() + 60);
    let text = |name: &str| answer[name].as_str().unwrap().to_owned();
    let (id, secret) = (text("client_id"), text("client_secret"));
    let form =
        [("grant_type", "client_credentials"), ("client_id", &*id), ("client_secret", &*secret)];
    let post = || kit.http.post(&kit.practice.token_endpoint).form(&form);
    assert_eq!(post().send().await.unwrap().status(), 200);

    let url = kit.authorize_url("mail.imap", &[]).replace("outlink-practice", &id);
    assert_eq!(Browser::new(&kit).get(&url).await.status(), 400, "{REDIRECT} is another's");
    let encode =
        |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let url = url.replace(&encode(REDIRECT), &encode(there));
    assert!(location(&Browser::new(&kit).get(&url).await).starts_with("/login"));

    // Tokens of one client are nothing to another.
    let (access, refresh) = kit.practice.issue("alice@example.org", &["offline_access"]).unwrap();
    let refresh = refresh.unwrap();
    let stolen = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh.expose()),
        ("client_id", &*id),
        ("client_secret", &*secret),
    ];
    let answer = kit.http.post(&kit.practice.token_endpoint).form(&stolen).send().await.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap()["error"], "invalid_grant");
    let introspect =
        [("token", refresh.expose()), ("client_id", &*id), ("client_secret", &*secret)];
    let endpoint = &kit.practice.introspection_endpoint;
    let answer = kit.http.post(endpoint).form(&introspect).send().await.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap(), json!({ "active": false }));
    let endpoint = &kit.practice.revocation_endpoint;
    assert_eq!(kit.http.post(endpoint).form(&introspect).send().await.unwrap().status(), 200);
    let mut of_access = introspect;
    of_access[0] = ("token", access.expose());
    kit.http.post(endpoint).form(&of_access).send().await.unwrap();
    assert_eq!(kit.practice.token_state(&access), TokenState::Live);
    assert_eq!(kit.refresh(refresh.expose()).await.0, 200);

    kit.practice.advance(Duration::from_secs(61));
    let ended: Value = post().send().await.unwrap().json().await.unwrap();
    assert_eq!(ended["error_codes"], json!([7_000_222]));
    assert_eq!(kit.practice.counters().registrations, 1);
}

#[tokio::test]
async fn registration_can_ask_for_a_token_and_checks_what_it_is_told() {
    let kit = kit().await;
    let token = Secret::new("initial");
    kit.practice.set(|settings| settings.registration = Registration::Token(token));
    let good = json!({ "redirect_uris": ["https://a.example/cb"] });
    assert_eq!(register(&kit, None, &good).await.0, 401);
    assert_eq!(register(&kit, Some("wrong"), &good).await.0, 401);
    let (status, answer) = register(&kit, Some("initial"), &good).await;
    assert_eq!((status, &answer["client_secret_expires_at"]), (201, &0.into()));
    for (body, error) in [
        (json!({}), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["/cb"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": "https://a.example/cb" }), "invalid_redirect_uri"),
        (json!({ "grant_types": ["password"] }), "invalid_client_metadata"),
        (
            json!({ "redirect_uris": ["https://a.example/cb"], "token_endpoint_auth_method": "x" }),
            "invalid_client_metadata",
        ),
        (json!([]), "invalid_client_metadata"),
    ] {
        let (status, answer) = register(&kit, Some("initial"), &body).await;
        assert_eq!((status, &answer["error"]), (400, &error.into()), "{body}");
    }
    assert_eq!(kit.practice.counters().registration_requests, 9);
}
