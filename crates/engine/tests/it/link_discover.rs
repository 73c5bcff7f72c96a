//! Links that an issuer's metadata fill in, and clients that register themselves.

use outlink_engine::links::{NewLink, NewSecret, Register, SavedLink};
use outlink_engine::{Caller, Page};
use outlink_model::Secret;
use outlink_model::link::{ClientAuth, GrantType, SigningAlg};
use outlink_practice::{Endpoint, Registration, TokenFault};
use rcgen::{KeyPair, PKCS_RSA_SHA256};
use serde_json::{Value, json};

use crate::bed::Bed;

/// A link of which only the issuer and the client are known.
fn discovered(bed: &Bed) -> NewLink {
    let mut new = bed.new_link("Work");
    new.draft.authorization_endpoint = None;
    new.draft.token_endpoint = None;
    new.draft.issuer = None;
    new.discover = Some(bed.practice.issuer.clone());
    new
}

fn registered(bed: &Bed, token: Option<&str>) -> NewLink {
    let mut new = discovered(bed);
    new.draft.client_id = None;
    new.draft.secret = None;
    new.register = Some(Register { initial_access_token: token.map(Secret::new) });
    new
}

#[tokio::test]
async fn an_issuer_fills_a_link_in() {
    let bed = Bed::new().await;
    let mut new = discovered(&bed);
    new.draft.scope = None;
    let link = bed.engine.create_link(new, &Caller::System).await.unwrap().link;
    let practice = &bed.practice;
    assert_eq!(link.authorization_endpoint.as_ref(), Some(&practice.authorization_endpoint));
    assert_eq!(link.token_endpoint, practice.token_endpoint);
    assert_eq!(link.revocation_endpoint.as_ref(), Some(&practice.revocation_endpoint));
    assert_eq!(link.introspection_endpoint.as_ref(), Some(&practice.introspection_endpoint));
    assert_eq!(link.issuer.as_ref(), Some(&practice.issuer));
    assert!(link.device_authorization_endpoint.is_none(), "not with this grant type");
    assert_eq!(
        link.scope, "openid email offline_access",
        "what the server knows of the usual ones"
    );
    let told = bed.engine.discover(&practice.issuer).await.unwrap();
    let told = told.metadata;
    assert!(told.sends_issuer && told.grant_types.contains(&GrantType::AuthorizationCode));
    let mut device = discovered(&bed);
    device.draft.name = Some("TV".into());
    device.choice.grant_type = GrantType::DeviceCode;
    let device = bed.engine.create_link(device, &Caller::System).await.unwrap().link;
    let endpoint = device.device_authorization_endpoint;
    assert_eq!(endpoint.as_ref(), Some(&practice.device_authorization_endpoint));
}

#[tokio::test]
async fn an_issuer_without_endpoints_is_asked_for_them() {
    let bed = Bed::new().await;
    let mut new = discovered(&bed);
    new.draft.issuer = new.discover.take();
    let link = bed.engine.create_link(new, &Caller::System).await.unwrap().link;
    assert_eq!(link.token_endpoint, bed.practice.token_endpoint);
    assert_eq!(link.issuer.as_ref(), Some(&bed.practice.issuer));
}

#[tokio::test]
async fn metadata_are_found_at_either_address() {
    let bed = Bed::new().await;
    bed.practice.set(|settings| settings.oauth_metadata = false);
    bed.engine.discover(&bed.practice.issuer).await.unwrap();
    bed.practice.set(|settings| settings.openid_metadata = false);
    let problem = bed.engine.discover(&bed.practice.issuer).await.unwrap_err().problem();
    assert_eq!((problem.code, problem.field), ("metadata_absent", Some("issuer")));
    assert!(problem.message.contains("404"), "{}", problem.message);
}

#[tokio::test]
async fn an_issuer_that_lies_is_not_believed() {
    let bed = Bed::new().await;
    bed.practice.set(|settings| {
        settings.metadata_issuer = Some("https://accounts.google.com".into());
    });
    let refused = bed.engine.create_link(discovered(&bed), &Caller::System).await;
    let problem = refused.unwrap_err().problem();
    assert_eq!((problem.code, problem.field), ("metadata_of_another", Some("discover")));
    let elsewhere = r#"{"issuer":ISSUER,"authorization_endpoint":"https://as.example/a",
        "token_endpoint":"http://as.example/token"}"#;
    let elsewhere = elsewhere.replace("ISSUER", &format!("{:?}", bed.practice.issuer));
    for (body, code) in [
        (elsewhere.as_str(), "endpoint_not_https"),
        ("<html>Welcome</html>", "metadata_unreadable"),
    ] {
        let fault = TokenFault::Body {
            status: 200,
            content_type: "application/json".into(),
            body: body.as_bytes().to_vec(),
        };
        bed.practice.faults().next_answers(Endpoint::Metadata, 2, fault);
        let refused = bed.engine.create_link(discovered(&bed), &Caller::System).await;
        assert_eq!(refused.unwrap_err().problem().code, code);
        bed.practice.faults().clear();
    }
    for (issuer, code) in [
        ("http://as.example", "endpoint_not_https"),
        ("as.example", "endpoint_invalid"),
        ("https://169.254.169.254", "issuer_unreachable"),
    ] {
        let problem = bed.engine.discover(issuer).await.unwrap_err().problem();
        assert_eq!((problem.code, problem.field), (code, Some("issuer")), "{problem:?}");
    }
    assert!(bed.engine.links(Page::default()).await.unwrap().items.is_empty());
}

#[tokio::test]
async fn a_server_registers_us_where_it_offers_that() {
    let bed = Bed::new().await;
    let saved = bed.engine.create_link(registered(&bed, None), &Caller::System).await.unwrap();
    assert_ne!(saved.link.client_id, bed.practice.client_id);
    assert_eq!(saved.link.client_secrets.len(), 1);
    let sent = bed.practice.requests(Endpoint::Registration);
    let redirect = bed.engine.redirect_url_of(&saved.link).unwrap();
    assert!(sent[0].text().contains(&redirect), "{}", sent[0].text());
    let mut public = registered(&bed, None);
    public.draft.name = Some("Public".into());
    public.draft.client_auth = Some(ClientAuth::None);
    let public = bed.engine.create_link(public, &Caller::System).await.unwrap().link;
    assert!(public.client_secrets.is_empty() && public.client_auth == ClientAuth::None);
}

#[tokio::test]
async fn a_registration_that_nothing_would_come_of_is_not_begun() {
    let bed = Bed::new().await;
    bed.link("Taken").await;
    type Change = fn(&mut NewLink);
    let cases: [(&str, Change); 6] = [
        ("name_taken", |new| new.draft.name = Some("Taken".into())),
        ("issuer_missing", |new| new.discover = None),
        ("registration_clash", |new| new.draft.client_id = Some("mine".into())),
        ("registration_unfit", |new| new.draft.client_auth = Some(ClientAuth::PrivateKeyJwt)),
        ("registration_unfit", |new| new.choice.grant_type = GrantType::JwtBearer),
        ("scope_unusable", |new| new.draft.scope = Some("\"".into())),
    ];
    for (code, change) in cases {
        let mut new = registered(&bed, None);
        change(&mut new);
        let problem = bed.engine.create_link(new, &Caller::System).await.unwrap_err().problem();
        assert_eq!(problem.code, code, "{problem:?}");
    }
    bed.practice.set(|settings| settings.registration = Registration::Off);
    let refused = bed.engine.create_link(registered(&bed, None), &Caller::System).await;
    assert_eq!(refused.unwrap_err().problem().code, "registration_not_offered");
    assert_eq!(bed.practice.requests(Endpoint::Registration).len(), 0);
}

#[tokio::test]
async fn an_initial_access_token_opens_the_registration_and_is_never_told() {
    let bed = Bed::new().await;
    let right = "initial-access-token-1";
    bed.practice.set(|settings| settings.registration = Registration::Token(Secret::new(right)));
    let refused =
        bed.engine.create_link(registered(&bed, Some("wrong-one")), &Caller::System).await;
    let problem = refused.unwrap_err().problem();
    assert_eq!(problem.code, "registration_forbidden");
    assert!(!format!("{problem:?}").contains("wrong-one"));
    bed.engine.create_link(registered(&bed, Some(right)), &Caller::System).await.unwrap();
}

/// Has the provider say this of itself, the issuer and the endpoints that every link needs being right.
fn says(bed: &Bed, times: usize, more: &Value) {
    let practice = &bed.practice;
    let mut told = json!({
        "issuer": practice.issuer,
        "authorization_endpoint": practice.authorization_endpoint,
        "token_endpoint": practice.token_endpoint,
    });
    told.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    bed.practice.faults().next_answers(Endpoint::Metadata, times, body(200, &told));
}

fn body(status: u16, told: &Value) -> TokenFault {
    let content_type = "application/json".into();
    TokenFault::Body { status, content_type, body: told.to_string().into_bytes() }
}

#[tokio::test]
async fn callbacks_must_name_a_discovered_issuer_only_where_that_was_announced() {
    let bed = Bed::new().await;
    for (n, (announced, given, expected)) in [
        (json!({}), None, false),
        (json!({"authorization_response_iss_parameter_supported": true}), None, true),
        (json!({"authorization_response_iss_parameter_supported": true}), Some(false), false),
        (json!({}), Some(true), true),
    ]
    .into_iter()
    .enumerate()
    {
        says(&bed, 1, &announced);
        let mut new = discovered(&bed);
        new.draft.name = Some(format!("Work {n}"));
        new.draft.requires_iss = given;
        let link = bed.engine.create_link(new, &Caller::System).await.unwrap().link;
        assert_eq!(
            link.issuer.as_ref(),
            Some(&bed.practice.issuer),
            "ID tokens are compared with it"
        );
        assert_eq!(link.requires_iss, expected, "{n}");
    }
    // Who enters it by hand has seen it.
    assert!(bed.link("By hand").await.requires_iss);
    let mut without = bed.new_link("Without");
    without.draft.issuer = None;
    without.draft.requires_iss = Some(true);
    let problem = bed.engine.create_link(without, &Caller::System).await.unwrap_err().problem();
    assert_eq!((problem.code, problem.field), ("issuer_missing", Some("requires_iss")));
}

#[tokio::test]
async fn an_address_that_is_not_taken_is_left_out_where_a_link_can_be_without() {
    let bed = Bed::new().await;
    says(
        &bed,
        1,
        &json!({"revocation_endpoint": "http://as.example/revoke", "userinfo_endpoint": "-"}),
    );
    let found = bed.engine.discover(&bed.practice.issuer).await.unwrap();
    assert!(found.metadata.revocation_endpoint.is_none());
    assert_eq!(found.warnings.len(), 2, "{:?}", found.warnings);
    says(&bed, 1, &json!({"revocation_endpoint": "http://as.example/revoke"}));
    let saved = bed.engine.create_link(discovered(&bed), &Caller::System).await.unwrap();
    assert!(saved.link.revocation_endpoint.is_none());
    let told = saved.warnings.iter().find(|text| text.contains("revocation endpoint")).unwrap();
    assert!(told.contains("left out"), "{told}");
    // The document at the other address is right.
    says(&bed, 1, &json!({"token_endpoint": "http://as.example/token"}));
    let found = bed.engine.discover(&bed.practice.issuer).await.unwrap();
    assert_eq!(found.metadata.token_endpoint, bed.practice.token_endpoint);
    says(&bed, 2, &json!({"token_endpoint": "http://as.example/token"}));
    let problem = bed.engine.discover(&bed.practice.issuer).await.unwrap_err().problem();
    assert_eq!((problem.code, problem.field), ("endpoint_not_https", Some("issuer")));
    assert!(problem.message.contains("token endpoint"), "{problem:?}");
}

#[tokio::test]
async fn a_way_to_authenticate_that_the_server_does_not_name_is_told_of() {
    let bed = Bed::new().await;
    let only = json!({
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["PS256", "ES256"],
    });
    says(&bed, 1, &only);
    let saved = bed.engine.create_link(discovered(&bed), &Caller::System).await.unwrap();
    let told =
        |saved: &SavedLink| saved.warnings.iter().any(|text| text.contains("authenticate by"));
    assert_eq!(saved.link.client_auth, ClientAuth::Basic);
    assert!(told(&saved), "{:?}", saved.warnings);
    let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap().serialize_pem();
    for (name, algs, expected) in [
        ("PS256 alone", json!(["PS256", "ES256"]), Some(SigningAlg::Ps256)),
        ("any", json!(["RS256", "PS256"]), None),
        ("none that fits", json!(["ES256"]), None),
    ] {
        let mut says_so = only.clone();
        says_so["token_endpoint_auth_signing_alg_values_supported"] = algs;
        says(&bed, 1, &says_so);
        let mut new = discovered(&bed);
        new.draft.name = Some(name.into());
        new.draft.secret = Some(NewSecret::new(Secret::new(key.clone())));
        let saved = bed.engine.create_link(new, &Caller::System).await.unwrap();
        assert_eq!(saved.link.client_auth, ClientAuth::PrivateKeyJwt);
        assert_eq!(saved.link.signing_alg, expected, "{name}");
        assert!(!told(&saved), "{:?}", saved.warnings);
        let unfit = saved.warnings.iter().any(|text| text.contains("signed by"));
        assert_eq!(unfit, name == "none that fits", "{:?}", saved.warnings);
    }
}

#[tokio::test]
async fn a_client_that_was_made_is_used_or_named() {
    let bed = Bed::new().await;
    let made = |told: Value| {
        bed.practice.faults().next_answers(Endpoint::Registration, 1, body(201, &told));
    };
    for (name, method) in [("key", "private_key_jwt"), ("tls", "tls_client_auth")] {
        made(json!({
            "client_id": format!("made-{name}"), "client_secret": "a-secret-of-text",
            "token_endpoint_auth_method": method,
        }));
        let mut new = registered(&bed, None);
        new.draft.name = Some(name.into());
        let saved = bed.engine.create_link(new, &Caller::System).await.unwrap();
        assert_eq!(saved.link.client_auth, ClientAuth::Basic);
        assert!(saved.warnings.iter().any(|text| text.contains(method)), "{:?}", saved.warnings);
    }
    // Too late to refuse it without a trace.
    made(json!({"client_id": "Клиент-7", "client_secret": "a-secret-of-text"}));
    let refused = bed.engine.create_link(registered(&bed, None), &Caller::System).await;
    let problem = refused.unwrap_err().problem();
    assert_eq!(problem.code, "client_id_unusable");
    assert!(problem.message.contains("Клиент-7") && problem.hint.contains("Delete"), "{problem:?}");
    made(json!({"client_id": "made-without-a-secret"}));
    let mut new = registered(&bed, None);
    new.choice.grant_type = GrantType::ClientCredentials;
    new.draft.scope = Some("mail.imap".into());
    let problem = bed.engine.create_link(new, &Caller::System).await.unwrap_err().problem();
    assert_eq!(problem.code, "client_auth_unusable");
    assert!(problem.message.contains("made-without-a-secret"), "{problem:?}");
    assert!(!format!("{problem:?}").contains("a-secret-of-text"));
}
