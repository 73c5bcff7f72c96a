//! Requests letter by letter, and every odd answer that a token endpoint has been seen to give, one line each.

use super::*;
use crate::assertion::tests::fresh;
use crate::keys::tests::{p256, pem};
use outlink_model::grant::{Actor, FailureClass};
use outlink_model::link::{
    ClientAuth, ClientSecret, GrantType, LinkDirection, LinkHealth, ScopeSeparator,
};
use outlink_model::{ClientSecretId, LinkId};
use proptest::prelude::*;

/// A client secret, or a private key.
pub(crate) fn client_secret(value: &str) -> ClientSecret {
    let id: ClientSecretId = "01890000-0000-7000-8000-000000000002".parse().expect("an id");
    ClientSecret {
        id,
        value: Secret::new(value),
        certificate: None,
        key_id: None,
        expires_at: None,
        refused_at: None,
        created_at: Timestamp::UNIX_EPOCH,
    }
}

/// A link to a custom provider, as plain as can be.
pub(crate) fn link() -> Link {
    let id: LinkId = "01890000-0000-7000-8000-000000000001".parse().expect("an id");
    Link {
        id,
        name: "Work".into(),
        description: String::new(),
        direction: LinkDirection::Outgoing,
        provider: ProviderKind::Custom,
        enabled: true,
        grant_type: GrantType::AuthorizationCode,
        client_id: "client-1".into(),
        client_secrets: vec![client_secret("secret-1")],
        client_auth: ClientAuth::Post,
        signing_alg: None,
        requires_iss: false,
        authorization_endpoint: Some("https://as.example/authorize".into()),
        token_endpoint: "https://as.example/token".into(),
        revocation_endpoint: None,
        device_authorization_endpoint: None,
        issuer: None,
        userinfo_endpoint: None,
        introspection_endpoint: None,
        scope: String::new(),
        scope_separator: ScopeSeparator::Space,
        pkce: true,
        authorization_params: Vec::new(),
        token_params: Vec::new(),
        token_hosts: Vec::new(),
        health: LinkHealth::Healthy,
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
    }
}

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn response(status: u16, body: impl AsRef<[u8]>) -> Response {
    Response { status, headers: Vec::new(), body: body.as_ref().to_vec() }
}

fn read(status: u16, body: impl AsRef<[u8]>) -> Result<TokenAnswer, Failure> {
    parse_token_response(ProviderKind::Custom, &response(status, body), NOW)
}

fn body(request: &Request) -> &str {
    request.body.as_ref().expect("a body").expose()
}

#[test]
fn requests_letter_by_letter() {
    let mut link = link();
    link.scope = "a b".into();
    link.token_endpoint = "https://as.example/token?tenant=x".into();
    let verifier = Verifier::from_secret(Secret::new("v".repeat(43)));
    let code = Secret::new("4/0A+b");
    let code = code_request(&link, &fresh(), "https://o.example/cb", &code, Some(&verifier))
        .expect("a request");
    let v = "v".repeat(43);
    assert_eq!(
        body(&code),
        format!(
            "grant_type=authorization_code&code=4%2F0A%2Bb&redirect_uri=https%3A%2F%2Fo.example%2Fcb\
             &code_verifier={v}&client_id=client-1&client_secret=secret-1"
        )
    );
    assert_eq!(code.url, "https://as.example/token?tenant=x", "the query is kept");
    assert!(code.headers.iter().any(|(n, v)| *n == "Accept" && v.expose() == "application/json"));
    assert_eq!(
        body(&refresh_request(&link, &fresh(), &Secret::new("rt-1")).expect("a request")),
        "grant_type=refresh_token&refresh_token=rt-1&client_id=client-1&client_secret=secret-1"
    );
    link.pkce = false;
    let bare = code_request(&link, &fresh(), "https://o.example/cb", &Secret::new("c"), None);
    assert!(!body(&bare.expect("a request")).contains("code_verifier"));
    link.scope_separator = ScopeSeparator::Comma;
    assert_eq!(
        body(&client_credentials_request(&link, &fresh()).expect("a request")),
        "grant_type=client_credentials&scope=a%2Cb&client_id=client-1&client_secret=secret-1"
    );
    link.scope = String::new();
    assert_eq!(
        body(&client_credentials_request(&link, &fresh()).expect("a request")),
        "grant_type=client_credentials&client_id=client-1&client_secret=secret-1"
    );
}

#[test]
fn every_token_request_carries_the_links_parameters() {
    let mut link = link();
    link.token_params = vec![("audience".into(), "https://mail.example".into())];
    link.client_auth = ClientAuth::None;
    let secret = Secret::new("s");
    let requests = [
        code_request(&link, &fresh(), "https://o.example/cb", &secret, None),
        refresh_request(&link, &fresh(), &secret),
        client_credentials_request(&link, &fresh()),
        crate::device::device_token_request(&link, &fresh(), &secret),
    ];
    for request in requests {
        let request = request.expect("a request");
        assert!(body(&request).contains("&audience=https%3A%2F%2Fmail.example&"), "{request:?}");
    }
    link.client_secrets = vec![client_secret(&pem(p256()))];
    let request = jwt_bearer_request(&link, &fresh(), None).expect("a request");
    assert!(body(&request).ends_with("&audience=https%3A%2F%2Fmail.example"), "{request:?}");
}

#[test]
fn lifetimes_however_they_are_written() {
    let table = [
        ("3600", 3600, true),
        ("\"3600\"", 3600, true),
        ("\" 3600 \"", 3600, true),
        ("\"3600.0\"", 3600, true),
        ("3600.0", 3600, true),
        ("3599.9", 3599, true),
        ("3600000", 3_600_000, true), // milliseconds, perhaps; a mailbox that says no brings a refresh forward
        ("1e308", 31_622_400, true),
        ("18446744073709551616", 31_622_400, true),
        ("\"inf\"", 31_622_400, true),
        ("0", 3600, false),
        ("-1", 3600, false),
        ("0.5", 3600, false),
        ("\"\"", 3600, false),
        ("\"soon\"", 3600, false),
        ("\"NaN\"", 3600, false),
        ("null", 3600, false),
        ("true", 3600, false),
        ("[3600]", 3600, false),
    ];
    for (written, seconds, told) in table {
        let answer = read(200, format!(r#"{{"access_token":"t","expires_in":{written}}}"#))
            .unwrap_or_else(|failure| panic!("{written}: {failure:?}"));
        assert_eq!(
            (answer.expires_in.as_secs(), answer.lifetime_told),
            (seconds, told),
            "{written}"
        );
    }
    let silent = read(200, r#"{"access_token":"t"}"#).expect("an answer");
    assert_eq!((silent.expires_in.as_secs(), silent.lifetime_told), (3600, false));
}

#[test]
fn answers_that_are_taken() {
    let deep = format!(r#"{{"access_token":"t","x":{}1{}}}"#, "[".repeat(90), "]".repeat(90));
    let table: &[(&str, u16, &[u8])] = &[
        ("plain", 200, br#"{"access_token":"t","token_type":"Bearer"}"#),
        ("created", 201, br#"{"access_token":"t","token_type":"Bearer"}"#),
        ("partial", 206, br#"{"access_token":"t","token_type":"Bearer"}"#),
        ("lower case", 200, br#"{"access_token":"t","token_type":"bearer"}"#),
        ("upper case", 200, br#"{"access_token":"t","token_type":"BEARER"}"#),
        ("no type", 200, br#"{"access_token":"t"}"#),
        ("null type", 200, br#"{"access_token":"t","token_type":null}"#),
        ("empty type", 200, br#"{"access_token":"t","token_type":""}"#),
        ("byte order mark", 200, b"\xef\xbb\xbf{\"access_token\":\"t\"}"),
        ("white space", 200, b"\r\n {\"access_token\":\"t\"}\n"),
        ("form", 200, b"access_token=t&scope=&token_type=bearer"),
        ("form with an end of line", 200, b"access_token=t&token_type=bearer\n"),
        ("twice: the last one counts", 200, br#"{"access_token":"u","access_token":"t"}"#),
        ("deep", 200, deep.as_bytes()),
        ("error null", 200, br#"{"access_token":"t","error":null}"#),
        ("error empty", 200, br#"{"access_token":"t","error":""}"#),
        ("error beside a token", 200, br#"{"access_token":"t","error":"none"}"#),
        ("bad UTF-8 elsewhere", 200, b"{\"access_token\":\"t\",\"x\":\"\xff\"}"),
    ];
    for (what, status, body) in table {
        let answer = read(*status, body).unwrap_or_else(|failure| panic!("{what}: {failure:?}"));
        assert_eq!(answer.access.expose(), "t", "{what}");
        assert!(answer.refresh.is_none() && answer.scopes.is_none(), "{what}");
    }
    let long = "a".repeat(9000);
    let answer =
        read(200, format!(r#"{{"access_token":"{long}"}}"#)).expect("9000 octets are fine");
    assert_eq!(answer.access.expose().len(), 9000);
}

#[test]
fn a_refresh_token_beside_an_unusable_access_token_is_handed_on() {
    for rest in [
        r#""access_token":"t","token_type":"DPoP""#,
        r#""access_token":"t\u0001t""#,
        r#""access_token":null"#,
        r#""x":1"#,
    ] {
        let failure =
            read(200, format!(r#"{{"refresh_token":"rotated-1",{rest}}}"#)).expect_err(rest);
        assert_eq!(failure.held.rotated.as_ref().map(Secret::expose), Some("rotated-1"), "{rest}");
        assert!(!format!("{failure:?}").contains("rotated-1"), "{rest}: {failure:?}");
    }
    let refused =
        read(400, r#"{"error":"invalid_grant","refresh_token":"r"}"#).expect_err("a refusal");
    assert!(refused.held.rotated.is_none(), "only a success rotates");
}

#[test]
fn media_types_decide_nothing() {
    for media_type in
        ["application/json; charset=UTF-8", "text/plain", "text/javascript", "text/html", ""]
    {
        let headers = vec![("Content-Type".to_owned(), media_type.to_owned())];
        let response =
            Response { headers, ..response(200, r#"{"access_token":"t","expires_in":60}"#) };
        let answer = parse_token_response(ProviderKind::Custom, &response, NOW).expect(media_type);
        assert_eq!(answer.expires_in.as_secs(), 60, "{media_type}");
    }
}

#[test]
fn what_comes_besides_the_access_token() {
    let table = [
        (r#""refresh_token":"r""#, Some("r")),
        (r#""refresh_token":"""#, None),
        (r#""refresh_token":null"#, None),
        (r#""refresh_token":7"#, None),
        (r#""refresh_token":["r"]"#, None),
        (r#""x":1"#, None),
    ];
    for (member, expected) in table {
        let answer = read(200, format!(r#"{{"access_token":"t",{member}}}"#)).expect(member);
        assert_eq!(answer.refresh.as_ref().map(Secret::expose), expected, "{member}");
    }
    let full = read(
        200,
        r#"{"access_token":"t","refresh_token":"r","refresh_token_expires_in":604800,"scope":"a,b","id_token":"i"}"#,
    )
    .expect("an answer");
    assert_eq!(full.refresh_expires_in.map(|d| d.as_secs()), Some(604_800));
    assert_eq!(full.scopes.as_deref(), Some(&["a".to_owned(), "b".to_owned()][..]));
    assert_eq!(full.id_token.as_ref().map(Secret::expose), Some("i"));
    let endless = read(200, r#"{"access_token":"t","refresh_expires_in":0}"#).expect("an answer");
    assert_eq!(endless.refresh_expires_in, None, "Keycloak's offline tokens do not end");
}

#[test]
fn answers_that_are_refused() {
    use FailureClass::{Blocked, Ended, Link as OnLink, Passing};
    let too_deep = format!(r#"{{"access_token":"t","x":{}"#, "[".repeat(5000));
    let nul = r#"{"access_token":"a\u0000b"}"#;
    let table: &[(&str, u16, &str, FailureClass, Actor)] = &[
        ("error with 200", 200, r#"{"error":"invalid_grant"}"#, Ended, Actor::MailboxOwner),
        ("error in a form", 200, "error=invalid_client&x=1", OnLink, Actor::LinkAdministrator),
        ("no word for no", 200, r#"{"ok":false}"#, Passing, Actor::Nobody),
        ("unknown word", 200, r#"{"ok":false,"error":"not_authed"}"#, Passing, Actor::Nobody),
        ("HTML", 200, "<html><title>Sign in</title></html>", Passing, Actor::Nobody),
        ("nothing", 200, "", Passing, Actor::Nobody),
        ("no content", 204, "", Passing, Actor::Nobody),
        ("a list", 200, r#"[{"access_token":"t"}]"#, Passing, Actor::Nobody),
        ("a text", 200, r#""access_token=t""#, Passing, Actor::Nobody),
        ("prose", 200, "Service OK", Passing, Actor::Nobody),
        ("cut off", 200, r#"{"access_token":"t","#, Passing, Actor::Nobody),
        ("too deep", 200, &too_deep, Passing, Actor::Nobody),
        ("no token", 200, r#"{"token_type":"bearer"}"#, Passing, Actor::Nobody),
        ("empty token", 200, r#"{"access_token":""}"#, Passing, Actor::Nobody),
        ("null token", 200, r#"{"access_token":null}"#, Passing, Actor::Nobody),
        ("number for a token", 200, r#"{"access_token":7}"#, Passing, Actor::Nobody),
        ("token with NUL", 200, nul, Passing, Actor::Nobody),
        ("token with ^A", 200, r#"{"access_token":"a\u0001b"}"#, Passing, Actor::Nobody),
        ("token with CRLF", 200, r#"{"access_token":"a\r\nb"}"#, Passing, Actor::Nobody),
        ("token with a space", 200, r#"{"access_token":"a b"}"#, Passing, Actor::Nobody),
        ("token beyond ASCII", 200, r#"{"access_token":"aé"}"#, Passing, Actor::Nobody),
        (
            "mac",
            200,
            r#"{"access_token":"t","token_type":"mac"}"#,
            OnLink,
            Actor::LinkAdministrator,
        ),
        (
            "DPoP",
            200,
            r#"{"access_token":"t","token_type":"DPoP"}"#,
            OnLink,
            Actor::LinkAdministrator,
        ),
        ("no description", 400, r#"{"error":"invalid_grant"}"#, Ended, Actor::MailboxOwner),
        ("other letter case", 400, r#"{"error":"INVALID_GRANT"}"#, Ended, Actor::MailboxOwner),
        ("client, 400", 400, r#"{"error":"invalid_client"}"#, OnLink, Actor::LinkAdministrator),
        ("client, 401", 401, r#"{"error":"invalid_client"}"#, OnLink, Actor::LinkAdministrator),
        ("scope", 400, r#"{"error":"invalid_scope"}"#, Blocked, Actor::LinkAdministrator),
        ("unknown, 400", 400, r#"{"error":"what_is_this"}"#, Passing, Actor::Nobody),
        ("token with 400", 400, r#"{"access_token":"t"}"#, Passing, Actor::Nobody),
        ("HTML, 400", 400, "<html>", Passing, Actor::Nobody),
        ("HTML, 403", 403, "<html>", Passing, Actor::Nobody),
        ("HTML, 401", 401, "<html>", Passing, Actor::Nobody),
        ("HTML, 404", 404, "<html>", OnLink, Actor::LinkAdministrator),
        ("405", 405, "", OnLink, Actor::LinkAdministrator),
        ("302", 302, "", OnLink, Actor::LinkAdministrator),
        ("307 with a word", 307, r#"{"error":"invalid_grant"}"#, OnLink, Actor::LinkAdministrator),
        ("404 with a word", 404, r#"{"error":"invalid_grant"}"#, Ended, Actor::MailboxOwner),
        ("408", 408, "", Passing, Actor::Nobody),
        ("425", 425, "", Passing, Actor::Nobody),
        ("429 with a word", 429, r#"{"error":"invalid_grant"}"#, Passing, Actor::Nobody),
        ("500", 500, "", Passing, Actor::Nobody),
        ("503 with a word", 503, r#"{"error":"invalid_grant"}"#, Passing, Actor::Nobody),
        ("599", 599, "", Passing, Actor::Nobody),
    ];
    for (what, status, body, class, actor) in table {
        let failure = read(*status, body).expect_err(what);
        assert_eq!((failure.class, failure.trouble.actor), (*class, *actor), "{what}: {failure:?}");
        assert!(!failure.trouble.reason.is_empty() && !failure.trouble.hint.is_empty(), "{what}");
    }
}

#[test]
fn a_token_type_that_is_refused_is_named() {
    for name in ["mac", "DPoP", "N_A"] {
        let failure = read(200, format!(r#"{{"access_token":"t","token_type":"{name}"}}"#))
            .expect_err("refused");
        let words = failure.trouble.provider_error.as_deref();
        assert!(words.is_some_and(|words| words.contains(name)), "{failure:?}");
    }
}

#[test]
fn tokens_are_not_printed() {
    let body = r#"{"access_token":"at-1","refresh_token":"rt-1","id_token":"it-1","scope":"a"}"#;
    let printed = format!("{:?} {:?}", read(200, body), read(400, body));
    assert!(!["at-1", "rt-1", "it-1"].iter().any(|token| printed.contains(token)), "{printed}");
}

fn bodies() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..300),
        // Close to the real thing, so that the inner branches are reached.
        ("(access_token|error|error_codes|expires_in|scope|suberror)", "[^\\x00]{0,30}").prop_map(
            |(name, value)| format!(r#"{{"access_token":"t","{name}":{value}}}"#).into_bytes()
        ),
        ("(access_token|error|expires_in|scope)", any::<f64>(), "\\PC{0,30}").prop_map(
            |(name, number, text)| {
                serde_json::json!({ "error": text, "error_description": text, name: number })
                    .to_string()
                    .into_bytes()
            }
        ),
        "(access_token|error|scope|expires_in)=\\PC{0,30}(&\\PC{0,10}=\\PC{0,10}){0,4}"
            .prop_map(String::into_bytes),
    ]
}

proptest! {
    #[test]
    fn no_answer_makes_it_panic(
        status in any::<u16>(),
        body in bodies(),
        headers in proptest::collection::vec(
            ("(Retry-After|Location|Content-Type|WWW-Authenticate)", "\\PC{0,40}"), 0..4),
        seconds in any::<i32>(),
    ) {
        let now = Timestamp::from_second(seconds.into()).expect("a time");
        let response = Response { status, headers, body };
        for provider in ProviderKind::ALL {
            for parse in [parse_token_response, parse_code_response] {
                match parse(provider, &response, now) {
                    Ok(answer) => {
                        prop_assert!(answer.expires_in.is_positive());
                        prop_assert!(answer.access.expose().bytes().all(|b| b.is_ascii_graphic()));
                    }
                    Err(failure) => {
                        prop_assert!(failure.retry_after.is_none_or(|wait| !wait.is_negative()));
                        prop_assert!(!failure.trouble.reason.contains('{'), "words are filled in");
                    }
                }
            }
        }
    }

    #[test]
    fn only_the_providers_word_ends_a_grant(status in any::<u16>(), body in bodies()) {
        let ended = read(status, &body).is_err_and(|f| f.class == FailureClass::Ended);
        let text = String::from_utf8_lossy(&body).to_ascii_lowercase();
        let word = ["invalid_grant", "_required"].iter().any(|word| text.contains(word));
        prop_assert!(!ended || (word && status < 500));
    }
}
