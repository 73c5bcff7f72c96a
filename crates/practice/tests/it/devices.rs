//! The device grant: codes, patience, and the page where the code is typed.

use std::time::Duration;

use outlink_practice::{Endpoint, TokenFault};
use serde_json::Value;

use crate::kit::{Browser, Kit, kit, location, query};

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

async fn begin(kit: &Kit, scope: &str) -> (u16, Value) {
    let form = [("client_id", kit.practice.client_id.as_str()), ("scope", scope)];
    let endpoint = &kit.practice.device_authorization_endpoint;
    let response = kit.http.post(endpoint).form(&form).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

async fn poll(kit: &Kit, begun: &Value) -> (u16, Value) {
    let code = begun["device_code"].as_str().unwrap();
    kit.token(&[("grant_type", GRANT_TYPE), ("device_code", code)]).await
}

async fn error(kit: &Kit, begun: &Value) -> String {
    let (status, answer) = poll(kit, begun).await;
    assert_eq!(status, 400, "{answer}");
    answer["error"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_device_gets_its_tokens_when_somebody_allows_it() {
    let kit = kit().await;
    // Whoever consented to all this before is asked again: the code may have come from a stranger.
    kit.code("openid mail.imap offline_access", &[]).await;
    let (status, begun) = begin(&kit, "openid mail.imap offline_access").await;
    assert_eq!(status, 200, "{begun}");
    assert_eq!((&begun["expires_in"], &begun["interval"]), (&600.into(), &5.into()));
    let user_code = begun["user_code"].as_str().unwrap();
    let complete = begun["verification_uri_complete"].as_str().unwrap();
    assert_eq!(query(complete, "user_code").as_deref(), Some(user_code));
    assert_eq!(error(&kit, &begun).await, "authorization_pending");
    assert_eq!(error(&kit, &begun).await, "slow_down");

    let mut browser = Browser::new(&kit);
    let page = browser.get(complete).await.text().await.unwrap();
    assert!(page.contains(&format!("value=\"{user_code}\"")), "{page}");
    let wrong = browser.post("/device", &[("user_code", "XXXX-<b>")]).await;
    assert_eq!(wrong.status(), 404);
    assert!(wrong.text().await.unwrap().contains("XXXX-&lt;b&gt;"));

    let typed = user_code.to_lowercase().replace('-', "");
    let login = location(&browser.post("/device", &[("user_code", &typed)]).await);
    let request = query(&login, "request").unwrap();
    let password = kit.practice.users[0].password.expose();
    let form = [("request", &*request), ("username", "alice@example.org"), ("password", password)];
    let consent = location(&browser.post("/login", &form).await);
    let page = browser.get(&consent).await.text().await.unwrap();
    assert!(page.contains("Read your mail") && page.contains("Allow it only if"), "{page}");
    let allow = [("request", &*request), ("decision", "allow")];
    let done = browser.post("/consent", &allow).await;
    assert_eq!(done.status(), 200);
    assert!(done.text().await.unwrap().contains("Connected"));
    assert_eq!(browser.post("/consent", &allow).await.status(), 400, "it is answered once");

    let (status, answer) = poll(&kit, &begun).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["scope"], "openid mail.imap offline_access");
    assert_eq!(kit.refresh(answer["refresh_token"].as_str().unwrap()).await.0, 200);
    assert_eq!(error(&kit, &begun).await, "invalid_grant");
    let counters = kit.practice.counters();
    assert_eq!((counters.device_requests, counters.device_grants), (1, 1));
    assert_eq!((counters.device_waits, counters.device_slow_downs), (2, 1));
}

#[tokio::test]
async fn a_device_is_refused_when_somebody_denies_it_or_nobody_comes() {
    let kit = kit().await;
    kit.practice.set(|settings| settings.device_interval = Duration::ZERO);
    let (_, one) = begin(&kit, "mail.imap").await;
    let (_, other) = begin(&kit, "mail.imap").await;
    assert!(kit.practice.deny_device(one["user_code"].as_str().unwrap()));
    assert_eq!(error(&kit, &one).await, "access_denied");
    assert_eq!(error(&kit, &other).await, "authorization_pending");
    assert_eq!(error(&kit, &other).await, "authorization_pending", "there is no interval");
    kit.practice.advance(Duration::from_secs(600));
    assert_eq!(error(&kit, &other).await, "expired_token");
    let code = other["user_code"].as_str().unwrap();
    assert!(!kit.practice.approve_device(code, "alice@example.org"));

    let (_, third) = begin(&kit, "mail.imap").await;
    let code = third["user_code"].as_str().unwrap();
    assert!(!kit.practice.approve_device(code, "nobody@example.org"));
    assert!(kit.practice.approve_device(code, "bob@example.org"));
    let (status, answer) = poll(&kit, &third).await;
    assert_eq!((status, answer.get("refresh_token")), (200, None), "without offline_access");
}

#[tokio::test]
async fn a_person_can_refuse_on_the_page() {
    let kit = kit().await;
    let (_, begun) = begin(&kit, "mail.imap").await;
    let mut browser = Browser::new(&kit);
    let code = begun["user_code"].as_str().unwrap();
    let login = location(&browser.post("/device", &[("user_code", code)]).await);
    let request = query(&login, "request").unwrap();
    let password = kit.practice.users[1].password.expose();
    let form = [("request", &*request), ("username", "bob@example.org"), ("password", password)];
    browser.post("/login", &form).await;
    let deny = [("request", &*request), ("decision", "deny")];
    let done = browser.post("/consent", &deny).await;
    assert_eq!(done.status(), 200);
    assert!(done.text().await.unwrap().contains("Not connected"));
    assert_eq!(error(&kit, &begun).await, "access_denied");
}

#[tokio::test]
async fn what_is_asked_wrongly_or_not_served_is_refused() {
    let kit = kit().await;
    assert_eq!(begin(&kit, "mail.everything").await.1["error"], "invalid_scope");
    let form = [("client_id", "stranger"), ("scope", "mail.imap")];
    let endpoint = &kit.practice.device_authorization_endpoint;
    assert_eq!(kit.http.post(endpoint).form(&form).send().await.unwrap().status(), 401);
    kit.practice.faults().next_answers(Endpoint::Device, 1, TokenFault::too_many(3));
    let client = [("client_id", kit.practice.client_id.as_str()), ("scope", "mail.imap")];
    let busy = kit.http.post(endpoint).form(&client).send().await.unwrap();
    assert_eq!(
        (busy.status().as_u16(), &busy.headers()["retry-after"]),
        (429, &"3".parse().unwrap())
    );
    kit.practice.set(|settings| settings.grant_types.retain(|one| one != GRANT_TYPE));
    assert_eq!(begin(&kit, "mail.imap").await.1["error"], "unauthorized_client");
    assert_eq!(kit.practice.counters().device_requests, 4);
}
