//! Sign-in, consent, and the code.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::kit::{Browser, REDIRECT, VERIFIER, kit, location, query};

const SCOPE: &str = "openid email mail.imap offline_access";

#[tokio::test]
async fn a_consent_leads_to_tokens_and_to_a_name() {
    let kit = kit().await;
    let code = kit.code(SCOPE, &[("nonce", "n-1")]).await;
    let (status, answer) = kit.exchange(&code).await;
    assert_eq!(status, 200);
    assert_eq!((&answer["token_type"], &answer["expires_in"]), (&"Bearer".into(), &3600.into()));
    assert_eq!(answer["scope"], SCOPE);
    assert!(answer["refresh_token"].as_str().unwrap().starts_with("pr_"));

    let parts: Vec<_> = answer["id_token"].as_str().unwrap().split('.').collect();
    let read = |part: &str| -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    let (header, claims) = (read(parts[0]), read(parts[1]));
    assert_eq!(header["alg"], "ES256");
    assert_eq!(claims["iss"], kit.practice.issuer.as_str());
    assert_eq!(claims["aud"], kit.practice.client_id.as_str());
    assert_eq!((&claims["email"], &claims["nonce"]), (&"alice@example.org".into(), &"n-1".into()));
    assert!(claims["exp"].as_i64() > claims["iat"].as_i64());

    let keys: Value = kit
        .http
        .get(format!("{}/jwks", kit.practice.issuer))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let mut point = vec![4];
    for name in ["x", "y"] {
        point.extend(URL_SAFE_NO_PAD.decode(keys["keys"][0][name].as_str().unwrap()).unwrap());
    }
    let algorithm = &aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED;
    let key = aws_lc_rs::signature::UnparsedPublicKey::new(algorithm, point);
    let signed = format!("{}.{}", parts[0], parts[1]);
    key.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(parts[2]).unwrap()).unwrap();

    let access = answer["access_token"].as_str().unwrap();
    let user = kit.http.get(&kit.practice.userinfo_endpoint).bearer_auth(access);
    let user: Value = user.send().await.unwrap().json().await.unwrap();
    assert_eq!((&user["sub"], &user["email"]), (&claims["sub"], &claims["email"]));
    let refused =
        kit.http.get(&kit.practice.userinfo_endpoint).bearer_auth("no").send().await.unwrap();
    assert_eq!(refused.status(), 401);
    kit.practice.stop().await;
}

#[tokio::test]
async fn the_pages_say_what_is_asked_and_take_no_wrong_password() {
    let kit = kit().await;
    let mut browser = Browser::new(&kit);
    let url = kit.authorize_url("mail.imap offline_access", &[("login_hint", "alice@example.org")]);
    let login = location(&browser.get(&url).await);
    let request = query(&login, "request").unwrap();
    let page = browser.get(&login).await;
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'"), "{policy}");
    assert!(policy.contains("form-action 'self' http://127.0.0.1:9;"), "{policy}");
    let page = page.text().await.unwrap();
    assert!(
        page.contains("value=\"alice@example.org\"") && page.contains("<label for=\"password\">")
    );

    let wrong = [("request", &*request), ("username", "<b>"), ("password", "x")];
    let refused = browser.post("/login", &wrong).await;
    assert_eq!(refused.status(), 403);
    let page = refused.text().await.unwrap();
    assert!(page.contains("do not go together") && page.contains("&lt;b&gt;"), "{page}");

    // Without having signed in, the consent leads back to the sign-in.
    let decision = [("request", &*request), ("decision", "allow")];
    assert_eq!(location(&browser.post("/consent", &decision).await), login);

    let before = browser.cookie.clone();
    let password = kit.practice.users[0].password.expose();
    let right = [("request", &*request), ("username", "Alice@example.org"), ("password", password)];
    let consent = location(&browser.post("/login", &right).await);
    assert_ne!(browser.cookie, before, "the session must get a new name");
    let page = browser.get(&consent).await.text().await.unwrap();
    for words in [
        "alice@example.org",
        "outlink-practice",
        "Read your mail",
        "while you are away",
        "http://127.0.0.1:9",
    ] {
        assert!(page.contains(words), "{words} is missing: {page}");
    }
    assert!(!page.contains("Send mail"), "{page}");

    let denied = browser.post("/consent", &[("request", &*request), ("decision", "deny")]).await;
    let back = location(&denied);
    assert_eq!(query(&back, "error").as_deref(), Some("access_denied"));
    assert_eq!(query(&back, "iss").as_ref(), Some(&kit.practice.issuer));
    let again = browser.post("/consent", &decision).await;
    assert_eq!(again.status(), 400, "a request is answered once");
}

#[tokio::test]
async fn another_browser_cannot_answer_a_request() {
    let kit = kit().await;
    let (mut one, mut other) = (Browser::new(&kit), Browser::new(&kit));
    let login = location(&one.get(&kit.authorize_url("mail.imap", &[])).await);
    other.get(&kit.authorize_url("mail.imap", &[])).await;
    assert_eq!(other.get(&login).await.status(), 400);
    assert_eq!(one.get(&login).await.status(), 200);
}

#[tokio::test]
async fn prompts_are_honoured() {
    let kit = kit().await;
    let mut browser = Browser::new(&kit);
    let none = kit.authorize_url("mail.imap", &[("prompt", "none")]);
    let back = location(&browser.get(&none).await);
    assert_eq!(query(&back, "error").as_deref(), Some("login_required"));

    let login = location(&browser.get(&kit.authorize_url("mail.imap", &[])).await);
    let request = query(&login, "request").unwrap();
    let password = kit.practice.users[0].password.expose();
    let form = [("request", &*request), ("username", "alice@example.org"), ("password", password)];
    browser.post("/login", &form).await;
    let back = location(&browser.get(&none).await);
    assert_eq!(query(&back, "error").as_deref(), Some("consent_required"));
    browser.post("/consent", &[("request", &*request), ("decision", "allow")]).await;

    // Consented to before, so nobody is asked, unless the client wants it so.
    let there = location(&browser.get(&kit.authorize_url("mail.imap", &[])).await);
    assert!(query(&location(&browser.get(&there).await), "code").is_some());
    let there =
        location(&browser.get(&kit.authorize_url("mail.imap", &[("prompt", "consent")])).await);
    assert_eq!(browser.get(&there).await.status(), 200);
    let there =
        location(&browser.get(&kit.authorize_url("mail.imap", &[("prompt", "login")])).await);
    assert!(there.starts_with("/login"), "{there}");
    let there = location(&browser.get(&kit.authorize_url("mail.imap mail.smtp", &[])).await);
    assert_eq!(browser.get(&there).await.status(), 200, "a new scope is asked for");
}

#[tokio::test]
async fn a_strange_redirect_url_is_not_followed() {
    let kit = kit().await;
    let url = kit.authorize_url("mail.imap", &[]).replace("callback", "elsewhere");
    let answer = Browser::new(&kit).get(&url).await;
    assert_eq!(answer.status(), 400);
    assert!(answer.text().await.unwrap().contains("redirect_uri"));
    assert!(!kit.practice.register_redirect("/callback"));
}

#[tokio::test]
async fn a_code_works_once_and_only_with_its_verifier() {
    let kit = kit().await;
    let code = kit.code(SCOPE, &[]).await;
    let wrong = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXX"),
    ];
    let (status, answer) = kit.token(&wrong).await;
    assert_eq!((status, &answer["error"]), (400, &"invalid_grant".into()));
    let (status, _) = kit.exchange(&code).await;
    assert_eq!(status, 400, "the failed attempt used the code up");

    let code = kit.code(SCOPE, &[]).await;
    let elsewhere = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", "http://127.0.0.1:9/callback"),
        ("code_verifier", VERIFIER),
    ];
    assert_eq!(kit.token(&elsewhere).await.1["error"], "invalid_grant");

    let code = kit.code(SCOPE, &[]).await;
    let (_, answer) = kit.exchange(&code).await;
    assert_eq!(kit.exchange(&code).await.1["error"], "invalid_grant");
    let (status, _) = kit.refresh(answer["refresh_token"].as_str().unwrap()).await;
    assert_eq!(status, 400, "the second use of a code revokes what the first one gave");
}
