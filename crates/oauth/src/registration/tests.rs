use super::*;

fn answer(status: u16, body: &str) -> Response {
    Response { status, headers: Vec::new(), body: body.into() }
}

#[test]
fn what_is_asked_for() {
    let redirect = ["https://outlink.example/oauth2/callback/x".to_owned()];
    let token = Secret::new("tok-initial");
    let registration = Registration {
        client_name: "outlink",
        redirect_uris: &redirect,
        grant_type: GrantType::AuthorizationCode,
        client_auth: ClientAuth::BasicRaw,
        scope: "mail offline_access",
        initial_access_token: Some(&token),
    };
    let request = registration_request(" https://as.example/register ", &registration);
    assert_eq!(
        (request.method, request.url.as_str()),
        (Method::Post, "https://as.example/register")
    );
    let header = |name: &str| {
        let found = request.headers.iter().find(|(given, _)| *given == name);
        found.map(|(_, value)| value.expose().to_owned())
    };
    assert_eq!(header("Authorization").as_deref(), Some("Bearer tok-initial"));
    assert_eq!(header("Content-Type").as_deref(), Some("application/json"));
    let body: Value =
        serde_json::from_str(request.body.as_ref().expect("a body").expose()).expect("JSON");
    assert_eq!(
        body,
        json!({
            "client_name": "outlink",
            "application_type": "web",
            "redirect_uris": ["https://outlink.example/oauth2/callback/x"],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "client_secret_basic",
            "scope": "mail offline_access",
        })
    );
    assert!(!format!("{request:?} {registration:?}").contains("tok-"), "secrets do not print");

    let device = Registration {
        grant_type: GrantType::DeviceCode,
        client_auth: ClientAuth::None,
        scope: "",
        initial_access_token: None,
        ..registration
    };
    let request = registration_request("https://as.example/register", &device);
    let body: Value =
        serde_json::from_str(request.body.as_ref().expect("a body").expose()).expect("JSON");
    assert_eq!(body.get("redirect_uris").or(body.get("scope")), None);
    assert_eq!(body["grant_types"][0], "urn:ietf:params:oauth:grant-type:device_code");
    assert_eq!(
        (&body["response_types"], &body["token_endpoint_auth_method"]),
        (&json!([]), &json!("none"))
    );
    assert!(request.headers.iter().all(|(name, _)| *name != "Authorization"));
}

#[test]
fn what_the_server_made() {
    let body = r#"{"client_id":"c-1","client_secret":"s-1","client_secret_expires_at":1577858400,
        "token_endpoint_auth_method":"client_secret_post","redirect_uris":[]}"#;
    let registered = parse_registration(&answer(201, body), &[]).expect("a client");
    assert_eq!(registered.client_id, "c-1");
    assert_eq!(registered.client_secret.as_ref().map(Secret::expose), Some("s-1"));
    assert_eq!(registered.client_secret_expires_at.map(Timestamp::as_second), Some(1_577_858_400));
    assert_eq!(registered.client_auth, Some(ClientAuth::Post));
    assert!(!format!("{registered:?}").contains("s-1"));

    let body = r#"{"client_id":"c-1","client_secret":"s-1","client_secret_expires_at":0}"#;
    let lasting = parse_registration(&answer(200, body), &[]).expect("a client");
    assert_eq!((lasting.client_secret_expires_at, lasting.client_auth), (None, None));
    let body = r#"{"client_id":"c-1","token_endpoint_auth_method":"tls_client_auth"}"#;
    let public = parse_registration(&answer(201, body), &[]).expect("a client");
    assert!(public.client_secret.is_none() && public.client_auth.is_none());
}

#[test]
fn every_refusal_has_its_words() {
    let table = [
        (
            400,
            r#"{"error":"invalid_redirect_uri","error_description":"no http"}"#,
            "registration_redirect",
            "no http",
        ),
        (
            400,
            r#"{"error":"invalid_client_metadata"}"#,
            "registration_metadata",
            "invalid_client_metadata",
        ),
        (400, r#"{"error":"unapproved_software_statement"}"#, "registration_statement", "HTTP 400"),
        (401, r#"{"error":"invalid_token"}"#, "registration_forbidden", "invalid_token"),
        (403, "<html>", "registration_forbidden", "HTTP 403"),
        (404, "", "registration_absent", "HTTP 404"),
        (302, "", "registration_moved", "redirect"),
        (503, "", "registration_fault", "HTTP 503"),
        (400, "[]", "registration_refused", "HTTP 400"),
        (201, "<html>", "registration_unreadable", "JSON"),
        (201, r#"{"client_secret":"s-1"}"#, "registration_without_id", "client id"),
        (201, r#"{"client_id":""}"#, "registration_without_id", "client id"),
        (
            201,
            "{\"client_id\":\"c\",\"client_secret\":\"a\\nb\"}",
            "registration_secret_unusable",
            "secret",
        ),
    ];
    for (status, body, code, words) in table {
        let problem = parse_registration(&answer(status, body), &[]).expect_err(body);
        assert_eq!((problem.kind, problem.code), (ProblemKind::Remote, code), "{status} {body}");
        assert!(problem.message.contains(words), "{problem}");
        assert!(!problem.to_string().contains("s-1"), "{problem}");
    }
}

#[test]
fn what_was_sent_is_cut_out_whole() {
    let token = Secret::new("abc,defghij");
    let body =
        r#"{"error":"invalid_token","error_description":"initial_access_token=abc,defghij"}"#;
    let problem = parse_registration(&answer(401, body), &[&token]).expect_err("refused");
    assert!(!problem.message.contains("defg"), "{problem}");
    assert!(problem.message.contains("invalid_token"), "{problem}");
}
