use super::*;
use serde_json::json;

#[test]
fn an_issuer_leads_to_its_documents() {
    let urls = |issuer| metadata_urls(issuer).expect("addresses");
    assert_eq!(
        urls("https://as.example"),
        [
            "https://as.example/.well-known/oauth-authorization-server",
            "https://as.example/.well-known/openid-configuration",
        ]
    );
    assert_eq!(urls(" https://as.example/ "), urls("https://as.example"));
    assert_eq!(
        urls("https://as.example:8443/realms/a/"),
        [
            "https://as.example:8443/.well-known/oauth-authorization-server/realms/a",
            "https://as.example:8443/realms/a/.well-known/openid-configuration",
            "https://as.example:8443/.well-known/openid-configuration/realms/a",
        ]
    );
    for document in [
        "https://as.example/realms/a/.well-known/openid-configuration",
        "https://as.example/.well-known/oauth-authorization-server/realms/a",
    ] {
        assert_eq!(urls(document), [document]);
    }
    for (issuer, code) in [
        ("https://as.example/?a=b", "issuer_invalid"),
        ("https://as.example/#a", "endpoint_fragment"),
        ("as.example", "endpoint_invalid"),
        ("", "endpoint_missing"),
        ("https://u@as.example", "endpoint_userinfo"),
    ] {
        let problem = metadata_urls(issuer).expect_err(issuer);
        assert_eq!((problem.code, problem.field), (code, Some("issuer")), "{issuer}");
    }
}

fn parse(issuer: &str, document: &Value) -> Result<Metadata, &'static str> {
    parse_metadata(issuer, document.to_string().as_bytes()).map_err(|problem| {
        assert_eq!(problem.field, Some("issuer"));
        problem.code
    })
}

#[test]
fn a_server_speaks_only_for_itself() {
    let microsoft = "https://login.microsoftonline.com";
    let id = "11111111-2222-3333-4444-555555555555";
    let other = "99999999-2222-3333-4444-555555555555";
    let at = |tenant: &str| format!("{microsoft}/{tenant}/v2.0");
    let table = [
        ("https://as.example".to_owned(), "https://as.example".to_owned(), true),
        ("https://as.example".to_owned(), "https://as.example/".to_owned(), false),
        ("https://as.example/a".to_owned(), "https://as.example/A".to_owned(), false),
        ("https://as.example".to_owned(), "https://evil.example".to_owned(), false),
        (format!("https://as.example{OPENID}"), "https://as.example/".to_owned(), true),
        (format!("https://as.example/a{OPENID}"), "https://as.example/a".to_owned(), true),
        (format!("https://as.example{OAUTH}/a"), "https://as.example/a".to_owned(), true),
        (format!("https://as.example/a{OPENID}"), "https://as.example/b".to_owned(), false),
        (at("common"), at("{tenantid}"), true),
        (at("organizations"), at("{tenantid}"), true),
        (format!("{}{OPENID}", at("common")), at("{tenantid}"), true),
        (at("consumers"), at(id), true),
        (at("contoso.com"), at(id), true),
        (at("contoso.com"), at("{tenantid}"), false),
        (at(id), at(id), true),
        (at(id), at(other), false),
        (
            at("AAAAAAAA-2222-3333-4444-555555555555"),
            at("aaaaaaaa-2222-3333-4444-555555555555"),
            true,
        ),
        (at("AAAAAAAA-2222-3333-4444-555555555555"), at(id), false),
        (at(id), at("{tenantid}"), false),
        (at("common"), "https://login.microsoftonline.us/{tenantid}/v2.0".to_owned(), false),
        (at("common"), "https://evil.example/{tenantid}/v2.0".to_owned(), false),
        (
            "https://evil.example/common/v2.0".to_owned(),
            "https://evil.example/{tenantid}/v2.0".to_owned(),
            false,
        ),
        (at("common"), format!("{microsoft}/{{tenantid}}/"), false),
    ];
    for (asked, named, same) in table {
        let document = json!({"issuer": named, "token_endpoint": "https://as.example/token"});
        let outcome = parse(&asked, &document).map(|metadata| metadata.issuer);
        assert_eq!(outcome, if same { Ok(named) } else { Err("metadata_of_another") }, "{asked}");
    }
}

#[test]
fn whoever_leaves_the_version_out_is_told() {
    let hint = |asked: &str, named: &str| {
        let document = json!({"issuer": named, "token_endpoint": "https://as.example/token"});
        let problem = parse_metadata(asked, document.to_string().as_bytes());
        problem.expect_err("refused").hint
    };
    let sts = "https://sts.windows.net/{tenantid}/";
    assert!(hint("https://login.microsoftonline.com/common", sts).contains("/v2.0 at its end"));
    assert!(hint("https://login.microsoftonline.com/common/", sts).contains("/v2.0 at its end"));
    assert!(
        hint("https://login.microsoftonline.com/common/v2.0", sts).contains("letter by letter")
    );
    assert!(hint("https://as.example", sts).contains("letter by letter"));
}

#[test]
fn what_is_said_is_read() {
    let document = json!({
        "issuer": "https://as.example",
        "authorization_endpoint": "https://as.example/authorize",
        "token_endpoint": "https://as.example/token",
        "revocation_endpoint": "https://as.example/revoke",
        "introspection_endpoint": "https://as.example/introspect",
        "userinfo_endpoint": "https://as.example/userinfo",
        "device_authorization_endpoint": "https://as.example/device",
        "registration_endpoint": "https://as.example/register",
        "scopes_supported": ["openid", "mail", "a b", 7],
        "grant_types_supported": [
            "authorization_code", "implicit", "refresh_token", "device_code", "client_credentials",
            "urn:ietf:params:oauth:grant-type:device_code", "urn:ietf:params:oauth:grant-type:jwt-bearer",
        ],
        "token_endpoint_auth_methods_supported": [
            "private_key_jwt", "tls_client_auth", "client_secret_post", "none", "client_secret_basic_raw",
        ],
        "token_endpoint_auth_signing_alg_values_supported": ["HS256", "PS256", "ES256", "RS256"],
        "code_challenge_methods_supported": ["plain", "S256"],
        "authorization_response_iss_parameter_supported": true,
    });
    let metadata = parse("https://as.example", &document).expect("metadata");
    let endpoint = |name: &str| Some(format!("https://as.example/{name}"));
    assert_eq!(
        metadata,
        Metadata {
            issuer: "https://as.example".into(),
            authorization_endpoint: endpoint("authorize"),
            token_endpoint: "https://as.example/token".into(),
            revocation_endpoint: endpoint("revoke"),
            introspection_endpoint: endpoint("introspect"),
            userinfo_endpoint: endpoint("userinfo"),
            device_authorization_endpoint: endpoint("device"),
            registration_endpoint: endpoint("register"),
            scopes_supported: vec!["openid".into(), "mail".into()],
            client_auths: vec![ClientAuth::PrivateKeyJwt, ClientAuth::Post, ClientAuth::None],
            grant_types: vec![
                GrantType::AuthorizationCode,
                GrantType::DeviceCode,
                GrantType::ClientCredentials,
                GrantType::JwtBearer,
            ],
            signing_algs: vec![SigningAlg::Ps256, SigningAlg::Es256, SigningAlg::Rs256],
            pkce_s256: Some(true),
            sends_issuer: true,
        }
    );
}

#[test]
fn what_is_not_said_has_its_default() {
    let document =
        json!({"issuer": "https://as.example", "token_endpoint": "https://as.example/token"});
    let metadata = parse("https://as.example", &document).expect("metadata");
    assert_eq!(metadata.client_auths, [ClientAuth::Basic]);
    assert_eq!(metadata.grant_types, [GrantType::AuthorizationCode]);
    assert_eq!((metadata.pkce_s256, metadata.sends_issuer), (None, false));
    assert!(metadata.authorization_endpoint.is_none() && metadata.scopes_supported.is_empty());
}

#[test]
fn what_is_no_metadata_is_refused() {
    let odd = |document: Value| parse("https://as.example", &document).expect_err("refused");
    assert_eq!(odd(json!(["issuer"])), "metadata_unreadable");
    assert_eq!(odd(json!({})), "metadata_without_issuer");
    assert_eq!(odd(json!({"issuer": 7})), "metadata_without_issuer");
    assert_eq!(odd(json!({"issuer": "https://as.example"})), "metadata_without_token_endpoint");
    let html = parse_metadata("https://as.example", b"<html>").expect_err("refused");
    assert_eq!(html.code, "metadata_unreadable");
}
