//! Whose consent it is, told by tokens that were made here by hand.

use super::*;
use crate::token::tests::link;
use proptest::prelude::*;
use serde_json::json;

fn now() -> Timestamp {
    Timestamp::from_second(1_700_000_000).expect("a time")
}

fn token(claims: &Value) -> Secret {
    let payload = BASE64_URL_SAFE_NO_PAD.encode(claims.to_string());
    Secret::new(format!("eyJhbGciOiJSUzI1NiJ9.{payload}.c2ln"))
}

fn good() -> Value {
    json!({
        "iss": "https://as.example", "sub": "sub-1", "aud": "client-1", "exp": 1_700_003_600,
        "nonce": "nonce-1", "email": "alice@example.org",
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = good();
    claims[name] = value;
    claims
}

fn read(claims: &Value, issuer: Option<&str>) -> Result<Identity, &'static str> {
    let mut link = link();
    link.issuer = issuer.map(str::to_owned);
    identity_from_id_token(&token(claims), &link, Some("nonce-1"), now()).map_err(|p| p.code)
}

#[test]
fn a_good_token_tells_who_consented() {
    let identity = read(&good(), Some("https://as.example")).expect("an identity");
    assert_eq!(
        identity,
        Identity {
            issuer: Some("https://as.example".into()),
            subject: Some("sub-1".into()),
            email: Some("alice@example.org".into()),
        }
    );
}

#[test]
fn each_claim_is_checked() {
    let issuer = Some("https://as.example");
    let table = [
        (with("iss", json!("https://other.example")), Err("id_token_issuer")),
        (with("iss", json!("https://as.example/")), Err("id_token_issuer")),
        (with("iss", json!(null)), Err("id_token_issuer")),
        (with("aud", json!("client-2")), Err("id_token_audience")),
        (with("aud", json!(["client-2", "client-1"])), Ok(())),
        (with("aud", json!(["client-2"])), Err("id_token_audience")),
        (with("aud", json!(null)), Err("id_token_audience")),
        (with("azp", json!("client-2")), Err("id_token_audience")),
        (with("sub", json!("sub-1\u{0}")), Err("id_token_subject")),
        (with("azp", json!("client-1")), Ok(())),
        (with("exp", json!(1_699_999_900)), Ok(())),
        (with("exp", json!(1_699_999_000)), Err("id_token_expired")),
        (with("exp", json!(1_700_003_600.5)), Ok(())),
        (with("exp", json!("soon")), Err("id_token_expired")),
        (with("exp", json!(null)), Err("id_token_expired")),
        (with("nonce", json!("nonce-2")), Err("id_token_nonce")),
        (with("nonce", json!(null)), Err("id_token_nonce")),
        (with("sub", json!("")), Err("id_token_subject")),
    ];
    for (claims, expected) in table {
        assert_eq!(read(&claims, issuer).map(|_| ()), expected, "{claims}");
    }
    assert!(read(&with("iss", json!("https://other.example")), None).is_ok(), "no issuer is known");
}

#[test]
fn a_nonce_is_only_missed_where_one_was_sent() {
    let refreshed = with("nonce", json!(null));
    assert!(identity_from_id_token(&token(&refreshed), &link(), None, now()).is_ok());
}

#[test]
fn documented_exceptions_of_the_issuer() {
    let google = with("iss", json!("accounts.google.com"));
    assert!(read(&google, Some("https://accounts.google.com")).is_ok());

    let mut entra = with("iss", json!("https://login.microsoftonline.com/t-1/v2.0"));
    let template = Some("https://login.microsoftonline.com/{tenantid}/v2.0");
    entra["tid"] = json!("t-1");
    assert!(read(&entra, template).is_ok(), "the template fits");
    entra["tid"] = json!("t-2");
    assert_eq!(read(&entra, template).map(|_| ()), Err("id_token_issuer"));
}

#[test]
fn tenant_and_object_name_the_person_at_entra_alone() {
    let mut claims = good();
    claims["tid"] = json!("t-1");
    claims["oid"] = json!("o-1");
    claims["email"] = json!(null);
    claims["preferred_username"] = json!("alice@contoso.example");
    for iss in ["https://as.example", "https://login.microsoftonline.evil.example/t-1/v2.0"] {
        claims["iss"] = json!(iss);
        let identity = read(&claims, None).expect("an identity");
        assert_eq!(identity.subject.as_deref(), Some("sub-1"), "elsewhere they may mean anything");
    }
    claims["iss"] = json!(format!("https://login.microsoftonline.com/{TENANT}/v2.0"));
    claims["tid"] = json!(TENANT);
    assert_eq!(read(&claims, None).expect("an identity").subject.as_deref(), Some("sub-1"));
    let mut link = link();
    link.token_endpoint = "https://login.microsoftonline.com/common/oauth2/v2.0/token".into();
    let identity = identity_from_id_token(&token(&claims), &link, Some("nonce-1"), now());
    let identity = identity.expect("an identity");
    assert_eq!(identity.subject, Some(format!("{TENANT}.o-1")));
    assert_eq!(identity.email.as_deref(), Some("alice@contoso.example"));
}

const TENANT: &str = "11111111-2222-3333-4444-5555abcdef00";

#[test]
fn entra_names_the_issuer_of_the_accounts_tenant() {
    let (good, bad) = (Ok(()), Err("id_token_issuer"));
    let other = "99999999-2222-3333-4444-5555abcdef00";
    let com = "https://login.microsoftonline.com";
    let china = "https://login.partner.microsoftonline.cn";
    let at = |host: &str, tenant: &str| format!("{host}/{tenant}/oauth2/v2.0/token");
    let v2 = |host: &str, tenant: &str| format!("{host}/{tenant}/v2.0");
    let table = [
        (at(com, "common"), v2(com, TENANT), TENANT, good),
        (at(com, "contoso.com"), v2(com, TENANT), TENANT, good),
        (at(com, TENANT), v2(com, TENANT), TENANT, good),
        (at(com, &TENANT.to_uppercase()), v2(com, TENANT), TENANT, good),
        (at(china, "common"), v2(china, TENANT), TENANT, good),
        (at("https://login.chinacloudapi.cn", "common"), v2(china, TENANT), TENANT, good),
        (
            format!("{com}/common/oauth2/token"),
            format!("https://sts.windows.net/{TENANT}/"),
            TENANT,
            good,
        ),
        (at(com, TENANT), v2(com, other), other, bad),
        (at(com, "common"), v2(com, other), TENANT, bad),
        (at(com, "common"), v2(com, "t-1"), "t-1", bad),
        (at(com, "common"), v2(com, "common"), "common", bad),
        (at(com, "common"), v2(com, TENANT), "", bad),
        (at(com, "common"), v2("https://login.microsoftonline.evil.example", TENANT), TENANT, bad),
        (at(com, "common"), v2("https://login.microsoftonline.us", TENANT), TENANT, bad),
        (at(com, "common"), format!("https://sts.windows.net/{TENANT}/"), TENANT, bad),
        (at(com, "common"), String::new(), TENANT, bad),
    ];
    for (endpoint, iss, tid, expected) in table {
        let mut claims = with("iss", json!(iss));
        claims["tid"] = json!(tid);
        for provider in [ProviderKind::Microsoft, ProviderKind::Custom] {
            let mut link = link();
            link.provider = provider;
            link.token_endpoint = endpoint.clone();
            let read = identity_from_id_token(&token(&claims), &link, Some("nonce-1"), now());
            let read = read.map(|_| ()).map_err(|problem| problem.code);
            assert_eq!(read, expected, "{endpoint} {iss} {tid}");
        }
    }
}

#[test]
fn an_address_must_print() {
    for bad in ["alice", "a@b\u{1}", "a b@c", ""] {
        assert_eq!(
            read(&with("email", json!(bad)), None).expect("an identity").email,
            None,
            "{bad:?}"
        );
    }
}

#[test]
fn what_is_no_token_is_refused_without_repeating_it() {
    let payload = BASE64_URL_SAFE_NO_PAD.encode(good().to_string());
    let encrypted = format!("a.{payload}.c.d.e");
    for text in ["", "abc", "a.b.c", "a.!!!.c", encrypted.as_str()] {
        let problem =
            identity_from_id_token(&Secret::new(text), &link(), None, now()).expect_err("refused");
        assert_eq!(problem.code, "id_token_unreadable", "{text}");
        assert!(text.len() < 6 || !problem.to_string().contains(text));
    }
}

#[test]
fn userinfo_is_asked_and_read() {
    let mut link = link();
    let access = Secret::new("at-1");
    assert!(userinfo_request(&link, &access).is_none());
    link.userinfo_endpoint = Some("https://as.example/userinfo".into());
    let request = userinfo_request(&link, &access).expect("a request");
    assert_eq!(
        (request.method, request.url.as_str()),
        (Method::Get, "https://as.example/userinfo")
    );
    let header = request.headers.iter().find(|(name, _)| *name == "Authorization");
    assert_eq!(header.map(|(_, value)| value.expose()), Some("Bearer at-1"));

    link.provider = ProviderKind::Yandex;
    let request = userinfo_request(&link, &access).expect("a request");
    let header = request.headers.iter().find(|(name, _)| *name == "Authorization");
    assert_eq!(header.map(|(_, value)| value.expose()), Some("OAuth at-1"));

    let identity = identity_from_userinfo(br#"{"sub":"s","email":"a@b.example"}"#).expect("read");
    assert_eq!(
        (identity.subject.as_deref(), identity.email.as_deref()),
        (Some("s"), Some("a@b.example"))
    );
    for (body, subject, email) in [
        (r#"{"login":"alice","id":583231,"email":null}"#, Some("583231"), None),
        (r#"{"id":"1130000","default_email":"a@b.example"}"#, Some("1130000"), Some("a@b.example")),
        (r#"{"account_id":"557058:x","uuid":"{y}"}"#, Some("557058:x"), None),
        (r#"{"type":"user","uuid":"{y}"}"#, Some("{y}"), None),
        (r#"{"sub":"s","id":7}"#, Some("s"), None),
        (r#"{"sub":"s\u0000","id":7}"#, Some("7"), None),
        (r#"{"sub":"","email":"a@b.example"}"#, None, Some("a@b.example")),
    ] {
        let identity = identity_from_userinfo(body.as_bytes()).expect(body);
        let read = (identity.subject.as_deref(), identity.email.as_deref());
        assert_eq!(read, (subject, email), "{body}");
    }
    for (body, code) in [
        ("{}", "userinfo_empty"),
        (r#"{"id":-1.5}"#, "userinfo_empty"),
        ("[]", "userinfo_unreadable"),
        ("<html>", "userinfo_unreadable"),
        ("", "userinfo_unreadable"),
    ] {
        assert_eq!(
            identity_from_userinfo(body.as_bytes()).expect_err("refused").code,
            code,
            "{body}"
        );
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        text in "[a-zA-Z0-9_=-]{0,40}(\\.[a-zA-Z0-9_=-]{0,40}){0,5}",
    ) {
        let _ = identity_from_userinfo(&bytes);
        let read = identity_from_id_token(&Secret::new(text), &link(), None, now());
        prop_assert!(read.is_err(), "no random text is a token for us");
    }
}
