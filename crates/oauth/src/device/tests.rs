//! Requests letter by letter, and what devices have been answered.

use super::*;
use crate::assertion::tests::fresh;
use crate::token::tests::link;
use proptest::prelude::*;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn response(status: u16, body: &str) -> Response {
    Response { status, headers: Vec::new(), body: body.into() }
}

fn authorization(body: &str) -> Result<DeviceAuthorization, Failure> {
    parse_device_authorization(ProviderKind::Custom, &response(200, body), NOW)
}

#[test]
fn requests_letter_by_letter() {
    let mut link = link();
    let failure = device_authorization_request(&link, &fresh()).expect_err("no endpoint");
    assert!(failure.trouble.reason.contains("device authorization endpoint"), "{failure:?}");
    link.device_authorization_endpoint = Some("https://as.example/device".into());
    link.scope = "a b".into();
    link.authorization_params =
        vec![("audience".into(), "x".into()), ("Client_Assertion".into(), "smuggled".into())];
    let request = device_authorization_request(&link, &fresh()).expect("a request");
    assert_eq!(request.url, "https://as.example/device");
    assert_eq!(
        request.body.expect("a body").expose(),
        "scope=a+b&audience=x&client_id=client-1&client_secret=secret-1"
    );
    let request = device_token_request(&link, &fresh(), &Secret::new("dc/1")).expect("a request");
    assert_eq!(request.url, "https://as.example/token");
    assert_eq!(
        request.body.expect("a body").expose(),
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code=dc%2F1\
         &client_id=client-1&client_secret=secret-1"
    );
}

#[test]
fn codes_are_read() {
    let full = authorization(
        r#"{"device_code":"dc-1","user_code":"WDJB-MJHT","verification_uri":"https://as.example/device",
            "verification_uri_complete":"https://as.example/device?user_code=WDJB-MJHT#now","expires_in":1800,"interval":7}"#,
    )
    .expect("codes");
    assert_eq!(full.device_code.expose(), "dc-1");
    assert_eq!(full.user_code, "WDJB-MJHT");
    assert_eq!(full.verification_uri, "https://as.example/device");
    assert_eq!(
        full.verification_uri_complete.as_deref(),
        Some("https://as.example/device?user_code=WDJB-MJHT#now")
    );
    assert_eq!((full.expires_in.as_secs(), full.interval.as_secs()), (1800, 7));
    assert!(!format!("{full:?}").contains("dc-1") && !format!("{full:?}").contains("WDJB"));

    let google = authorization(
        r#"{"device_code":"dc","user_code":" GQVQ JKEC ","verification_url":"https://www.google.com/device"}"#,
    )
    .expect("codes");
    assert_eq!(google.user_code, "GQVQ JKEC");
    assert_eq!(google.verification_uri, "https://www.google.com/device");
    assert_eq!((google.expires_in.as_secs(), google.interval.as_secs()), (900, 5));

    let form = "device_code=dc&user_code=UC&verification_uri=https%3A%2F%2Fa.example%2F&expires_in=900&interval=99999";
    let github = authorization(form).expect("codes in a form");
    assert_eq!(github.interval.as_secs(), 300, "nobody may put us to sleep");
}

#[test]
fn only_safe_addresses_are_shown() {
    let table = [
        ("https://as.example/device", true),
        ("https://as.example:8443/device#x", true),
        ("http://localhost:1234/device", true),
        ("http://127.0.0.1/device", true),
        ("http://[::1]:8080/device", true),
        ("http://as.example/device", false),
        ("http://localhost.example/device", false),
        ("javascript:alert(1)", false),
        ("https:as.example/device", false),
        ("https:/as.example/device", false),
        ("data:text/html,x", false),
        ("https://user@as.example/device", false),
        ("https://bank.example:x@evil.example/", false),
        ("https://as.example/a b", false),
        ("https://as.example\\@evil.example", false),
        ("https://аs.example/", false),
        ("https:///device", true),
        ("device", false),
        ("", false),
    ];
    for (uri, safe) in table {
        let body = serde_json::json!({
            "device_code": "dc", "user_code": "UC", "verification_uri": uri,
        });
        assert_eq!(authorization(&body.to_string()).is_ok(), safe, "{uri}");
        let body = serde_json::json!({
            "device_code": "dc", "user_code": "UC", "verification_uri": "https://as.example/",
            "verification_uri_complete": uri,
        });
        let read = authorization(&body.to_string()).expect("the plain address is safe");
        assert_eq!(read.verification_uri_complete.is_some(), safe, "{uri}");
    }
    let long = format!("https://as.example/{}", "a".repeat(LONGEST_ADDRESS));
    assert_eq!(page(&long), None);
}

#[test]
fn codes_that_cannot_be_shown_or_sent_are_refused() {
    let long = "a".repeat(LONGEST_CODE + 1);
    let most = "a".repeat(LONGEST_CODE);
    let table = [
        ("dc", most.as_str(), true),
        (most.as_str(), "UC", true),
        ("dc", &long, false),
        (&long, "UC", false),
        ("d c", "UC", false),
        ("d\nc", "UC", false),
        ("dc", "U\u{1}C", false),
        ("dc", "U\u{202e}C", false),
        ("dc", "  ", false),
        ("dc", "", false),
    ];
    for (device_code, user_code, taken) in table {
        let body = serde_json::json!({
            "device_code": device_code, "user_code": user_code,
            "verification_uri": "https://as.example/",
        });
        let read = authorization(&body.to_string());
        assert_eq!(read.is_ok(), taken, "{device_code:.9} {user_code:.9}");
    }
}

#[test]
fn a_refusal_to_hand_codes_out_is_sorted() {
    let read = |status, body: &str| {
        parse_device_authorization(ProviderKind::Custom, &response(status, body), NOW)
            .expect_err(body)
    };
    let table = [
        (401, r#"{"error":"invalid_client"}"#, FailureClass::Link, "client id and secret"),
        (400, r#"{"error":"invalid_scope"}"#, FailureClass::Blocked, ""),
        (404, "", FailureClass::Link, "no device authorization endpoint"),
        (503, "", FailureClass::Passing, "fault of its own"),
        (200, "<html>", FailureClass::Passing, "The device authorization endpoint's answer"),
        (200, r#"{"user_code":"UC"}"#, FailureClass::Passing, "device authorization endpoint"),
        (400, r#"{"device_code":"dc"}"#, FailureClass::Passing, ""),
    ];
    for (status, body, class, words) in table {
        let failure = read(status, body);
        assert_eq!(failure.class, class, "{status} {body}: {failure:?}");
        assert!(failure.trouble.reason.contains(words), "{status} {body}: {failure:?}");
    }
}

/// What a poll came to, in one word.
fn poll(status: u16, body: &str) -> &'static str {
    match parse_device_response(ProviderKind::Custom, &response(status, body), NOW) {
        Ok(_) => "tokens",
        Err(DevicePoll::Pending) => "pending",
        Err(DevicePoll::SlowDown) => "slow down",
        Err(DevicePoll::Over(trouble)) => {
            assert!(!trouble.reason.is_empty() && !trouble.hint.is_empty(), "{trouble:?}");
            assert!(trouble.provider_error.is_some(), "{trouble:?}");
            "over"
        }
        Err(DevicePoll::Failed(failure)) => match failure.class {
            FailureClass::Passing => "passing",
            FailureClass::Ended => "ended",
            FailureClass::Blocked => "blocked",
            FailureClass::Link => "link",
        },
    }
}

#[test]
fn polls_are_told_apart() {
    let table = [
        (200, r#"{"access_token":"t","token_type":"Bearer"}"#, "tokens"),
        (200, "access_token=t&token_type=bearer", "tokens"),
        (400, r#"{"error":"authorization_pending"}"#, "pending"),
        (400, r#"{"error":"authorization_pending","error_codes":[70016]}"#, "pending"),
        (428, r#"{"error":"authorization_pending"}"#, "pending"),
        (200, r#"{"error":"authorization_pending"}"#, "pending"),
        (200, "error=authorization_pending&error_description=x", "pending"),
        (400, r#"{"error":"AUTHORIZATION_PENDING"}"#, "pending"),
        (400, r#"{"error":"slow_down"}"#, "slow down"),
        (403, r#"{"error":"slow_down"}"#, "slow down"),
        (429, r#"{"error":"slow_down"}"#, "slow down"),
        (200, r#"{"error":"slow_down","interval":10}"#, "slow down"),
        (400, r#"{"error":"expired_token","error_codes":[70019]}"#, "over"),
        (400, r#"{"error":"code_expired"}"#, "over"),
        (400, r#"{"error":"access_denied"}"#, "over"),
        (403, r#"{"error":"access_denied"}"#, "over"),
        (400, r#"{"error":"authorization_declined"}"#, "over"),
        (400, r#"{"error":"bad_verification_code","error_codes":[70018]}"#, "over"),
        (200, r#"{"error":"incorrect_device_code"}"#, "over"),
        (400, r#"{"error":"invalid_grant","error_description":"Device code not valid"}"#, "over"),
        (400, r#"{"error":"interaction_required"}"#, "over"),
        (200, r#"{"error":"device_flow_disabled"}"#, "link"),
        (401, r#"{"error":"invalid_client"}"#, "link"),
        (404, "", "link"),
        (302, r#"{"error":"authorization_pending"}"#, "link"),
        (400, r#"{"error":"invalid_scope"}"#, "blocked"),
        (400, r#"{"error":"what_is_this"}"#, "passing"),
        (200, "<html>", "passing"),
        (429, "", "passing"),
        (503, r#"{"error":"access_denied"}"#, "passing"),
        (500, "", "passing"),
    ];
    for (status, body, expected) in table {
        assert_eq!(poll(status, body), expected, "{status} {body}");
    }
}

#[test]
fn a_decline_is_told_from_a_code_that_ran_out() {
    let reason = |error: &str| {
        let body = format!(r#"{{"error":"{error}","error_description":"in their words"}}"#);
        match parse_device_response(ProviderKind::Microsoft, &response(400, &body), NOW) {
            Err(DevicePoll::Over(trouble)) => {
                assert!(trouble.provider_error.is_some_and(|text| text.contains("in their words")));
                trouble.reason
            }
            other => panic!("{error}: {other:?}"),
        }
    };
    assert!(reason("authorization_declined").contains("declined"));
    assert!(reason("access_denied").contains("declined"));
    assert!(reason("expired_token").contains("in time"));
    assert!(reason("code_expired").contains("in time"));
    assert!(reason("bad_verification_code").contains("does not know"));
}

proptest! {
    #[test]
    fn no_answer_makes_it_panic(
        status in any::<u16>(),
        name in "(device_code|user_code|verification_uri|expires_in|interval|error)",
        text in "\\PC{0,40}",
        number in any::<f64>(),
    ) {
        let numbers = serde_json::json!({
            "device_code": "dc", "user_code": "UC", "verification_uri": text,
            "expires_in": number, "interval": number,
        });
        let texts = serde_json::json!({
            "device_code": "dc", "user_code": "UC", "verification_uri": "https://a.example", name: text,
        });
        for body in [text, numbers.to_string(), texts.to_string()] {
            let response = response(status, &body);
            if let Ok(read) = parse_device_authorization(ProviderKind::Custom, &response, NOW) {
                prop_assert!(read.interval.is_positive() && read.expires_in.is_positive());
                prop_assert!(read.verification_uri.starts_with("http"));
            }
            let _ = parse_device_response(ProviderKind::Custom, &response, NOW);
        }
    }
}
