//! Who may ask for tokens: secrets with an end, signed assertions, service accounts.

use outlink_model::Timestamp;
use outlink_practice::{ClientKey, ClientSecret, ServiceAccount};
use serde_json::{Value, json};

use crate::kit::{Kit, kit};
use crate::signing::{Certified, Rsa, anew, now, with};

const BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const ON_ITS_OWN: [(&str, &str); 2] =
    [("grant_type", "client_credentials"), ("scope", "mail.imap mail.smtp")];

/// A token request without the client's usual secret.
async fn bare(kit: &Kit, form: &[(&str, &str)]) -> (u16, Value) {
    let response = kit.http.post(&kit.practice.token_endpoint).form(form).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

async fn by_secret(kit: &Kit, secret: &str) -> (u16, Value) {
    let client = [("client_id", kit.practice.client_id.as_str()), ("client_secret", secret)];
    bare(kit, &[&ON_ITS_OWN[..], &client[..]].concat()).await
}

async fn by_assertion(kit: &Kit, assertion: &str) -> (u16, Value) {
    let client = [("client_assertion_type", BEARER), ("client_assertion", assertion)];
    bare(kit, &[&ON_ITS_OWN[..], &client[..]].concat()).await
}

#[tokio::test]
async fn several_secrets_open_until_their_ends() {
    let kit = kit().await;
    let at = |seconds| Timestamp::from_second(now() + seconds).unwrap();
    kit.practice.set(|settings| {
        settings.client_secrets.push(ClientSecret::new("second").ending(at(3600)));
        settings.client_secrets.push(ClientSecret::new("third").ending(at(-1)));
    });
    for secret in [kit.practice.client_secret.expose(), "second"] {
        assert_eq!(by_secret(&kit, secret).await.0, 200);
    }
    let (status, answer) = by_secret(&kit, "third").await;
    assert_eq!((status, &answer["error"]), (401, &"invalid_client".into()));
    assert_eq!(answer["error_codes"], json!([7_000_222]));
    let words = answer["error_description"].as_str().unwrap();
    let start =
        "AADSTS7000222: The provided client secret keys for app 'outlink-practice' are expired.";
    assert!(words.starts_with(start) && words.contains(" Trace ID: "), "{words}");
    assert_eq!(answer["trace_id"].as_str().unwrap().len(), 36);
    let (status, answer) = by_secret(&kit, "fourth").await;
    assert_eq!((status, &answer["error_codes"]), (401, &json!([7_000_215])));
    assert_eq!(kit.practice.counters().ended_secrets, 1);

    kit.practice.advance(std::time::Duration::from_secs(3601));
    assert_eq!(by_secret(&kit, "second").await.1["error_codes"], json!([7_000_222]));
    kit.practice.set(|settings| settings.client_secrets.retain(|one| one.ends_at.is_some()));
    let first = kit.practice.client_secret.expose();
    assert_eq!(by_secret(&kit, first).await.1["error_codes"], json!([7_000_215]));
}

#[tokio::test]
async fn assertions_open_with_each_algorithm() {
    let kit = kit().await;
    let (rsa, certified) = (Rsa::new(), Certified::new());
    kit.practice.set(|settings| {
        settings.client_keys.push(ClientKey::new(rsa.public_pem()).named("k1"));
        settings.client_keys.push(ClientKey::new(&certified.certificate_pem));
    });
    let claims = claims(&kit);
    let print = &certified.thumbprint;
    for (count, assertion) in [
        rsa.sign(&json!({ "alg": "RS256", "kid": "k1" }), &anew(&claims, 0)),
        rsa.sign(&json!({ "alg": "PS256", "kid": "k1" }), &anew(&claims, 1)),
        certified.sign(&json!({ "alg": "ES256", "x5t#S256": print }), &anew(&claims, 2)),
    ]
    .into_iter()
    .enumerate()
    {
        let (status, answer) = by_assertion(&kit, &assertion).await;
        assert_eq!(status, 200, "{count}: {answer}");
        assert_eq!(by_assertion(&kit, &assertion).await.0, 401, "it comes a second time");
    }
    let counters = kit.practice.counters();
    assert_eq!((counters.assertions, counters.replays, counters.client_credentials), (3, 3, 3));

    // What opens the token endpoint opens those beside it.
    let assertion = rsa.sign(&json!({ "alg": "RS256", "kid": "k1" }), &anew(&claims, 3));
    let form =
        [("token", "x"), ("client_assertion_type", BEARER), ("client_assertion", &*assertion)];
    for (endpoint, status) in
        [(&kit.practice.introspection_endpoint, 200), (&kit.practice.revocation_endpoint, 401)]
    {
        let answer = kit.http.post(endpoint).form(&form).send().await.unwrap();
        assert_eq!(answer.status(), status, "{endpoint}");
    }
    kit.practice.set(|settings| settings.client_auths.retain(|way| way != "private_key_jwt"));
    let assertion = rsa.sign(&json!({ "alg": "RS256", "kid": "k1" }), &anew(&claims, 4));
    assert_eq!(by_assertion(&kit, &assertion).await.0, 401);
}

#[tokio::test]
async fn assertions_with_anything_wrong_do_not_open() {
    let kit = kit().await;
    let (rsa, certified) = (Rsa::new(), Certified::new());
    kit.practice.set(|settings| {
        settings.client_keys.push(ClientKey::new(rsa.public_pem()).named("k1"));
        settings.client_keys.push(ClientKey::new(&certified.certificate_pem));
    });
    let claims = claims(&kit);
    let good = json!({ "alg": "RS256", "kid": "k1" });
    let by_certificate = json!({ "alg": "ES256", "x5t#S256": "AAAA" });
    let none = rsa.sign(&json!({ "alg": "none", "kid": "k1" }), &claims);
    for (what, assertion, number) in [
        ("no name", rsa.sign(&json!({ "alg": "RS256" }), &claims), Some(700_027)),
        ("a wrong name", rsa.sign(&json!({ "alg": "RS256", "kid": "k2" }), &claims), Some(700_027)),
        ("a strange key", Rsa::new().sign(&good, &claims), Some(700_027)),
        ("a wrong thumbprint", certified.sign(&by_certificate, &claims), Some(700_027)),
        ("no algorithm", none, Some(700_027)),
        ("iss", rsa.sign(&good, &with(&claims, "iss", json!("x"))), None),
        ("aud", rsa.sign(&good, &with(&claims, "aud", json!("https://b.example/token"))), None),
        ("jti", rsa.sign(&good, &with(&claims, "jti", Value::Null)), None),
        ("over", rsa.sign(&good, &with(&claims, "exp", json!(now()))), Some(700_024)),
        ("too long", rsa.sign(&good, &with(&claims, "exp", json!(now() + 700))), Some(700_024)),
        ("not yet", rsa.sign(&good, &with(&claims, "nbf", json!(now() + 60))), Some(700_024)),
        ("nonsense", "a.b.c".to_owned(), None),
    ] {
        let (status, answer) = by_assertion(&kit, &assertion).await;
        assert_eq!((status, &answer["error"]), (401, &"invalid_client".into()), "{what}");
        let expected = number.map_or(Value::Null, |number| json!([number]));
        assert_eq!(answer["error_codes"], expected, "{what}: {answer}");
    }
    assert_eq!(by_assertion(&kit, &rsa.sign(&good, &claims)).await.0, 200);
    kit.practice.set(|settings| {
        for key in &mut settings.client_keys {
            key.ends_at = Some(Timestamp::from_second(now()).unwrap());
        }
    });
    assert_eq!(by_assertion(&kit, &rsa.sign(&good, &anew(&claims, 9))).await.0, 401);
}

#[tokio::test]
async fn service_accounts_act_for_those_they_may() {
    let kit = kit().await;
    let rsa = Rsa::new();
    kit.practice.set(|settings| {
        settings.service_accounts.push(ServiceAccount {
            client_email: "robot@practice.example".into(),
            public_key: rsa.public_pem(),
            key_id: Some("k".into()),
            subjects: vec!["alice@example.org".into(), "gone@example.org".into()],
        });
    });
    let header = json!({ "alg": "RS256", "kid": "k" });
    let claims = json!({
        "iss": "robot@practice.example",
        "sub": "alice@example.org",
        "scope": "mail.imap",
        "aud": kit.practice.token_endpoint,
        "iat": now(),
        "exp": now() + 3600,
    });
    let ask = async |claims: &Value| {
        let assertion = rsa.sign(&header, claims);
        let grant_type = "urn:ietf:params:oauth:grant-type:jwt-bearer";
        bare(&kit, &[("grant_type", grant_type), ("assertion", &assertion)]).await
    };
    let (status, answer) = ask(&claims).await;
    assert_eq!((status, &answer["scope"]), (200, &"mail.imap".into()), "{answer}");
    assert!(answer.get("refresh_token").is_none(), "there is nothing to refresh");
    assert_eq!(ask(&with(&claims, "sub", Value::Null)).await.0, 200, "it may act for itself");
    for (name, value, status, error, words) in [
        ("sub", json!("bob@example.org"), 401, "unauthorized_client", "Client is unauthorized"),
        ("sub", json!("gone@example.org"), 400, "invalid_grant", "Invalid email or User ID"),
        ("iss", json!("x@practice.example"), 400, "invalid_grant", "Invalid grant: account not"),
        ("aud", json!("https://a.example"), 400, "invalid_grant", "Invalid JWT: Failed audience"),
        ("exp", json!(now() + 7200), 400, "invalid_grant", "Invalid JWT: Token must be a short"),
        ("iat", json!(now() + 60), 400, "invalid_grant", "Invalid JWT: Token must be a short"),
        ("scope", json!("openid"), 400, "invalid_scope", "An application on its own"),
    ] {
        let (got, answer) = ask(&with(&claims, name, value.clone())).await;
        assert_eq!((got, &answer["error"]), (status, &error.into()), "{name} {value}");
        assert!(answer["error_description"].as_str().unwrap().starts_with(words), "{answer}");
    }
    assert_eq!(ask(&anew(&claims, 1)).await.0, 200);
    assert_eq!(ask(&anew(&claims, 1)).await.0, 400, "what has a jti comes once");
    let counters = kit.practice.counters();
    assert_eq!((counters.jwt_bearers, counters.replays), (3, 1));
    kit.practice.set(|settings| settings.grant_types.clear());
    assert_eq!(ask(&claims).await.1["error"], "unsupported_grant_type");
}

#[tokio::test]
async fn the_ways_to_authenticate_can_be_narrowed_and_widened() {
    let kit = kit().await;
    kit.practice.set(|settings| settings.client_auths = vec!["client_secret_basic".into()]);
    let secret = kit.practice.client_secret.expose();
    assert_eq!(by_secret(&kit, secret).await.0, 401);
    let name = [("client_id", kit.practice.client_id.as_str())];
    let by_name = [&ON_ITS_OWN[..], &name[..]].concat();
    assert_eq!(bare(&kit, &by_name).await.0, 401);
    kit.practice.set(|settings| settings.client_auths = vec!["none".into()]);
    assert_eq!(bare(&kit, &by_name).await.0, 200);

    kit.practice.set(|settings| {
        settings.client_auths = vec!["client_secret_basic".into()];
        settings.raw_basic = true;
    });
    let post = kit.http.post(&kit.practice.token_endpoint).form(&ON_ITS_OWN);
    let raw = post.basic_auth(&kit.practice.client_id, Some(secret));
    assert_eq!(raw.send().await.unwrap().status(), 200);
}

fn claims(kit: &Kit) -> Value {
    json!({
        "iss": kit.practice.client_id,
        "sub": kit.practice.client_id,
        "aud": kit.practice.token_endpoint,
        "jti": "id",
        "iat": now(),
        "nbf": now() - 30,
        "exp": now() + 300,
    })
}
