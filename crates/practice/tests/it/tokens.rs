//! Refresh tokens: rotation, reuse, grace, revocation.

use std::time::Duration;

use outlink_model::Secret;
use outlink_practice::TokenState;

use crate::kit::{Kit, kit, kit_with};

const SCOPES: [&str; 2] = ["mail.imap", "offline_access"];

fn issue(kit: &Kit) -> (Secret, Secret) {
    let (access, refresh) = kit.practice.issue("alice@example.org", &SCOPES).unwrap();
    (access, refresh.unwrap())
}

#[tokio::test]
async fn a_spent_refresh_token_ends_the_grant() {
    let kit = kit().await;
    let (access, first) = issue(&kit);
    let (status, answer) = kit.refresh(first.expose()).await;
    assert_eq!(status, 200);
    let second = Secret::new(answer["refresh_token"].as_str().unwrap());
    assert_ne!(second.expose(), first.expose());
    assert_eq!(kit.practice.token_state(&first), TokenState::Spent);
    assert_eq!(kit.practice.token_state(&second), TokenState::Live);

    let (status, answer) = kit.refresh(first.expose()).await;
    assert_eq!((status, &answer["error"]), (400, &"invalid_grant".into()));
    for token in [&access, &first, &second] {
        assert_eq!(kit.practice.token_state(token), TokenState::Revoked);
    }
    assert_eq!(kit.refresh(second.expose()).await.0, 400);
    let counters = kit.practice.counters();
    assert_eq!((counters.refreshes, counters.reuses, counters.token_requests), (1, 1, 3));
}

#[tokio::test]
async fn within_the_grace_the_same_answer_is_given_again() {
    let kit = kit().await;
    kit.practice.set(|settings| settings.refresh_grace = Duration::from_secs(30));
    let (_, first) = issue(&kit);
    let one = kit.refresh(first.expose()).await;
    assert_eq!(one.0, 200);
    assert_eq!(kit.refresh(first.expose()).await, one);
    assert_eq!(kit.practice.counters().repeated_refreshes, 1);
    kit.practice.set(|settings| settings.refresh_grace = Duration::ZERO);
    assert_eq!(kit.refresh(first.expose()).await.0, 400);
    assert_eq!(kit.practice.counters().reuses, 1);
}

#[tokio::test]
async fn without_rotation_the_old_one_stays() {
    let kit = kit().await;
    kit.practice.set(|settings| settings.rotate = false);
    let (_, token) = issue(&kit);
    for _ in 0..2 {
        let (status, answer) = kit.refresh(token.expose()).await;
        assert_eq!((status, answer.get("refresh_token")), (200, None));
    }
}

#[tokio::test]
async fn scopes_may_shrink_but_not_grow() {
    let kit = kit().await;
    let (_, token) = issue(&kit);
    let mut form = vec![("grant_type", "refresh_token"), ("refresh_token", token.expose())];
    form.push(("scope", "mail.imap mail.smtp"));
    assert_eq!(kit.token(&form).await.1["error"], "invalid_scope");
    form[2] = ("scope", "mail.imap");
    assert_eq!(kit.token(&form).await.1["scope"], "mail.imap");
}

#[tokio::test]
async fn access_tokens_expire_and_no_offline_access_means_no_refresh_token() {
    let kit = kit_with(|options| options.access_ttl = Duration::ZERO).await;
    let (access, refresh) = kit.practice.issue("alice@example.org", &["mail.imap"]).unwrap();
    assert!(refresh.is_none());
    assert_eq!(kit.practice.token_state(&access), TokenState::Expired);
}

#[tokio::test]
async fn revocation_takes_the_grant_along() {
    let kit = kit().await;
    let (access, refresh) = issue(&kit);
    let revoke = async |token: &str, secret: &str| {
        let form =
            [("token", token), ("client_id", &kit.practice.client_id), ("client_secret", secret)];
        kit.http.post(&kit.practice.revocation_endpoint).form(&form).send().await.unwrap().status()
    };
    let secret = kit.practice.client_secret.expose();
    assert_eq!(revoke(refresh.expose(), "wrong").await, 401);
    assert_eq!(kit.practice.token_state(&refresh), TokenState::Live);
    assert_eq!(revoke("nobody-knows-this", secret).await, 200);
    assert_eq!(revoke(refresh.expose(), secret).await, 200);
    assert_eq!(kit.practice.token_state(&access), TokenState::Revoked);

    let (access, _) = issue(&kit);
    assert_eq!(kit.practice.revoke_all("ALICE@example.org"), 1);
    assert_eq!(kit.practice.token_state(&access), TokenState::Revoked);
}

#[tokio::test]
async fn clients_must_authenticate_properly() {
    let kit = kit().await;
    let post = || kit.http.post(&kit.practice.token_endpoint);
    let form = [("grant_type", "client_credentials"), ("scope", "mail.imap")];

    let encode =
        |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let secret = encode(kit.practice.client_secret.expose());
    let good = post().basic_auth(&kit.practice.client_id, Some(&secret)).form(&form);
    assert_eq!(good.send().await.unwrap().status(), 200);

    // Left unencoded, the secret's own percent sign and plus are read as something else.
    let raw = kit.practice.client_secret.expose();
    let bad =
        post().basic_auth(&kit.practice.client_id, Some(raw)).form(&form).send().await.unwrap();
    assert_eq!(bad.status(), 401);
    assert!(bad.headers().contains_key("www-authenticate"));
    assert_eq!(post().form(&form).send().await.unwrap().status(), 401);
    let json =
        post().basic_auth(&kit.practice.client_id, Some(&secret)).json(&form).send().await.unwrap();
    assert_eq!(json.status(), 400);
    assert_eq!(kit.token(&[("grant_type", "password")]).await.1["error"], "unsupported_grant_type");
    assert_eq!(kit.token(&[("grant_type", "")]).await.1["error"], "invalid_request");
}

#[tokio::test]
async fn the_metadata_names_every_endpoint() {
    let kit = kit().await;
    let url = format!("{}/.well-known/openid-configuration", kit.practice.issuer);
    let metadata: serde_json::Value = kit.http.get(url).send().await.unwrap().json().await.unwrap();
    assert_eq!(metadata["issuer"], kit.practice.issuer.as_str());
    assert_eq!(metadata["authorization_endpoint"], kit.practice.authorization_endpoint.as_str());
    assert_eq!(metadata["token_endpoint"], kit.practice.token_endpoint.as_str());
    assert_eq!(metadata["revocation_endpoint"], kit.practice.revocation_endpoint.as_str());
    assert_eq!(metadata["userinfo_endpoint"], kit.practice.userinfo_endpoint.as_str());
}

#[tokio::test]
async fn time_can_be_moved() {
    let kit = kit().await;
    let (access, _) = issue(&kit);
    let code = kit.code("mail.imap", &[]).await;
    kit.practice.advance(Duration::from_secs(61));
    assert_eq!(kit.exchange(&code).await.1["error"], "invalid_grant");
    assert_eq!(kit.practice.token_state(&access), TokenState::Live);
    kit.practice.advance(Duration::from_secs(3600));
    assert_eq!(kit.practice.token_state(&access), TokenState::Expired);
}
