//! Answers that differ from provider to provider: revocation, introspection, scopes, refresh tokens.

use std::time::Duration;

use base64::Engine as _;
use outlink_model::Secret;
use outlink_practice::{Endpoint, TokenFault, TokenState};
use serde_json::{Value, json};

use crate::kit::{Browser, Kit, REDIRECT, kit};

async fn post(kit: &Kit, endpoint: &str, form: &[(&str, &str)]) -> (u16, Value) {
    let response = kit.http.post(endpoint).form(form).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap_or_default())
}

async fn introspect(kit: &Kit, token: &str) -> Value {
    let client = (&kit.practice.client_id, kit.practice.client_secret.expose());
    let form = [("token", token), ("client_id", client.0), ("client_secret", client.1)];
    let (status, answer) = post(kit, &kit.practice.introspection_endpoint, &form).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

#[tokio::test]
async fn google_revokes_everything_of_a_person_and_asks_nobody_who_he_is() {
    let kit = kit().await;
    kit.practice.set(|settings| settings.google_revocation = true);
    let scopes = ["mail.imap", "offline_access"];
    let issue = |user| kit.practice.issue(user, &scopes).unwrap();
    let (old, new, of_bob) =
        (issue("alice@example.org"), issue("alice@example.org"), issue("bob@example.org"));
    let endpoint = &kit.practice.revocation_endpoint;
    let old_refresh = old.1.unwrap();
    assert_eq!(post(&kit, endpoint, &[("token", old_refresh.expose())]).await.0, 200);
    for token in [&old.0, &new.0, new.1.as_ref().unwrap()] {
        assert_eq!(kit.practice.token_state(token), TokenState::Revoked);
    }
    assert_eq!(kit.practice.token_state(&of_bob.0), TokenState::Live);
    let (status, answer) = post(&kit, endpoint, &[("token", old_refresh.expose())]).await;
    assert_eq!((status, &answer["error"]), (400, &"invalid_token".into()));
    kit.practice.faults().next_answers(Endpoint::Revocation, 1, TokenFault::status(503));
    assert_eq!(post(&kit, endpoint, &[("token", of_bob.0.expose())]).await.0, 503);
    assert_eq!(kit.practice.token_state(&of_bob.0), TokenState::Live);
    let counters = kit.practice.counters();
    assert_eq!((counters.revocation_requests, counters.revocations), (3, 1));
}

#[tokio::test]
async fn introspection_tells_whose_a_token_is_while_it_lives() {
    let kit = kit().await;
    let scopes = ["openid", "mail.imap", "offline_access"];
    let (access, refresh) = kit.practice.issue("alice@example.org", &scopes).unwrap();
    let answer = introspect(&kit, access.expose()).await;
    assert_eq!((&answer["active"], &answer["token_type"]), (&true.into(), &"Bearer".into()));
    assert_eq!(answer["username"], "alice@example.org");
    assert_eq!(answer["scope"], "openid mail.imap offline_access");
    assert!(answer["exp"].as_i64().is_some());
    let answer = introspect(&kit, refresh.unwrap().expose()).await;
    assert_eq!((&answer["active"], answer.get("exp")), (&true.into(), None));
    kit.practice.revoke_all("alice@example.org");
    for token in [access.expose(), "nobody-knows-this"] {
        assert_eq!(introspect(&kit, token).await, json!({ "active": false }));
    }
    let endpoint = &kit.practice.introspection_endpoint;
    assert_eq!(post(&kit, endpoint, &[("token", access.expose())]).await.0, 401);
    let counters = kit.practice.counters();
    assert_eq!((counters.introspection_requests, counters.introspections), (5, 4));
}

#[tokio::test]
async fn a_refresh_can_take_scopes_away() {
    let kit = kit().await;
    let scopes = ["mail.imap", "mail.smtp", "offline_access"];
    let (_, refresh) = kit.practice.issue("alice@example.org", &scopes).unwrap();
    kit.practice.set(|settings| settings.refresh_scope = Some(vec!["mail.imap".into()]));
    let (_, answer) = kit.refresh(refresh.unwrap().expose()).await;
    assert_eq!(answer["scope"], "mail.imap");
    kit.practice.set(|settings| settings.refresh_scope = None);
    let (_, answer) = kit.refresh(answer["refresh_token"].as_str().unwrap()).await;
    assert_eq!(answer["scope"], scopes.join(" "), "the grant itself is as it was");
}

#[tokio::test]
async fn a_code_can_come_without_a_refresh_token_and_scopes_with_commas() {
    let kit = kit().await;
    kit.practice.set(|settings| {
        settings.code_gives_refresh = false;
        settings.scope_separator = ',';
    });
    let code = kit.code("mail.imap,offline_access", &[]).await;
    let (status, answer) = kit.exchange(&code).await;
    assert_eq!((status, answer.get("refresh_token")), (200, None));
    assert_eq!(answer["scope"], "mail.imap,offline_access");
}

#[tokio::test]
async fn without_pkce_there_is_nothing_to_verify() {
    let kit = kit().await;
    kit.practice.set(|settings| settings.require_pkce = false);
    let url = kit.authorize_url("mail.imap", &[]);
    let (start, _) = url.split_once("&code_challenge=").unwrap();
    let mut browser = Browser::new(&kit);
    let code = browser.sign_in_and_allow(start).await;
    let form = [("grant_type", "authorization_code"), ("code", &*code), ("redirect_uri", REDIRECT)];
    let (status, answer) = kit.token(&form).await;
    assert_eq!(status, 200, "{answer}");
    let code = browser.allow_again(start).await;
    let (status, answer) = kit.exchange(&code).await;
    assert_eq!((status, &answer["error"]), (400, &"invalid_grant".into()), "a strange verifier");
    let code = kit.code("mail.imap", &[]).await;
    let form = [("grant_type", "authorization_code"), ("code", &*code), ("redirect_uri", REDIRECT)];
    assert_eq!(kit.token(&form).await.1["error"], "invalid_grant", "the verifier is missing");
}

#[tokio::test]
async fn refresh_tokens_can_have_an_end() {
    let kit = kit().await;
    kit.practice.set(|settings| settings.refresh_ttl = Some(Duration::from_secs(100)));
    let (_, refresh) =
        kit.practice.issue("alice@example.org", &["mail.imap", "offline_access"]).unwrap();
    let (_, answer) = kit.refresh(refresh.unwrap().expose()).await;
    assert_eq!(answer["refresh_token_expires_in"], 100);
    let next = Secret::new(answer["refresh_token"].as_str().unwrap());
    kit.practice.advance(Duration::from_secs(100));
    assert_eq!(kit.practice.token_state(&next), TokenState::Expired);
    assert_eq!(kit.refresh(next.expose()).await.1["error"], "invalid_grant");
}

#[tokio::test]
async fn id_tokens_can_claim_anything() {
    let kit = kit().await;
    kit.practice.set(|settings| {
        settings.id_token_claims.insert("aud".into(), "somebody-else".into());
        settings.issuer = "https://other.example".into();
    });
    let (_, refresh) =
        kit.practice.issue("alice@example.org", &["openid", "offline_access"]).unwrap();
    let (_, answer) = kit.refresh(refresh.unwrap().expose()).await;
    let claims = answer["id_token"].as_str().unwrap().split('.').nth(1).unwrap().to_owned();
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(
        (&claims["aud"], &claims["iss"]),
        (&"somebody-else".into(), &"https://other.example".into())
    );
}

#[tokio::test]
async fn requests_are_kept_to_be_looked_at() {
    let kit = kit().await;
    let form = [("grant_type", "refresh_token"), ("refresh_token", "x"), ("audience", "a b")];
    kit.token(&form).await;
    let kept = kit.practice.requests(Endpoint::Token);
    assert_eq!(kept.len(), 1);
    let request = &kept[0];
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/token"));
    assert_eq!(request.parameter("audience").as_deref(), Some("a b"));
    assert_eq!(request.header("Content-Type"), Some("application/x-www-form-urlencoded"));
    assert!(kit.practice.requests(Endpoint::Keys).is_empty());
}
