//! What the tables promise, row by row, and the words around them.

use super::table::{Detail, rows};
use super::*;
use std::collections::HashSet;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn refuse(provider: ProviderKind, status: u16, body: &str) -> Failure {
    answer(provider, Asked::Token, status, &[], body)
}

fn answer(
    provider: ProviderKind,
    asked: Asked,
    status: u16,
    headers: &[(&str, &str)],
    body: &str,
) -> Failure {
    let headers = headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let response = Response { status, headers, body: body.into() };
    classify(provider, asked, &response, Fields::read(&response.body).as_ref(), NOW)
}

#[test]
fn the_words_are_sentences() {
    for row in rows().chain([&common::CODE_REFUSED]) {
        for words in [row.reason, row.hint] {
            assert!(words.ends_with('.') && !words.contains("  "), "{words}");
            let left = words.replace("{Provider}", "").replace("{provider}", "");
            assert!(!left.contains('{'), "{words}");
        }
        assert!(!row.reason.contains(" {Provider}"), "a name within a sentence: {}", row.reason);
    }
}

#[test]
fn no_row_is_hidden_by_another() {
    let mut seen = HashSet::new();
    let lower = |text: &str| text.chars().all(|c| !c.is_uppercase());
    for row in rows() {
        let provider = row.provider.map(ProviderKind::as_str);
        let keys: Vec<String> = match row.detail {
            Detail::Codes(codes) => codes.iter().map(u32::to_string).collect(),
            Detail::Any => vec![format!("{:?} {provider:?}", row.error)],
            Detail::Sub(text) | Detail::Says(text) => {
                assert!(lower(text), "{text} is compared in lower case");
                vec![format!("{:?} {provider:?} {text}", row.error)]
            }
        };
        assert!(row.error.is_none_or(lower), "{:?}", row.error);
        for key in keys {
            assert!(seen.insert(key.clone()), "{key} stands twice");
        }
    }
}

#[test]
fn every_number_has_its_answer_in_the_corpus() {
    let corpus = include_str!("../../tests/corpus/microsoft_codes.json");
    let answers: Vec<serde_json::Value> = serde_json::from_str(corpus).expect("a list");
    let recorded = answers.iter().filter_map(|answer| answer["body"]["error_codes"][0].as_u64());
    let recorded: HashSet<u64> = recorded.collect();
    let known = rows().flat_map(|row| match row.detail {
        Detail::Codes(codes) => codes,
        Detail::Any | Detail::Sub(_) | Detail::Says(_) => &[],
    });
    let known: HashSet<u64> = known.map(|code| u64::from(*code)).collect();
    assert_eq!(known, recorded);
}

#[test]
fn a_number_alone_never_ends_a_grant() {
    for (error, class) in [
        ("invalid_request", FailureClass::Blocked),
        ("invalid_client", FailureClass::Link),
        ("temporarily_unavailable", FailureClass::Passing),
        ("brand_new_error", FailureClass::Passing),
    ] {
        let body = format!(r#"{{"error":"{error}","error_codes":[50173]}}"#);
        let failure = refuse(ProviderKind::Microsoft, 400, &body);
        assert_eq!(failure.class, class, "{error}");
        assert!(failure.trouble.reason.contains("revoked"), "the words are still the number's");
    }
    let failure = refuse(ProviderKind::Microsoft, 400, r#"{"error_codes":[700082]}"#);
    assert_eq!(failure.class, FailureClass::Passing);
}

#[test]
fn descriptions_of_microsoft_decide_nothing() {
    let body = r#"{"error":"invalid_grant","error_description":"AADSTS53003: blocked"}"#;
    let failure = refuse(ProviderKind::Microsoft, 400, body);
    assert_eq!((failure.class, failure.trouble.actor), (FailureClass::Ended, Actor::MailboxOwner));
}

#[test]
fn a_custom_link_to_a_national_cloud_gets_the_same_words() {
    let body = r#"{"error":"invalid_client","error_codes":[7000222]}"#;
    let failure = refuse(ProviderKind::Custom, 401, body);
    assert_eq!(failure.trouble.reason, "The client secret has expired.");
}

#[test]
fn the_longer_wait_wins() {
    let body = r#"{"error":"invalid_grant","error_codes":[50196]}"#;
    let waits = |value: &str| {
        let failure =
            answer(ProviderKind::Microsoft, Asked::Token, 400, &[("retry-after", value)], body);
        assert_eq!(failure.class, FailureClass::Passing);
        failure.retry_after.map(|wait| wait.as_secs())
    };
    assert_eq!((waits("10"), waits("900"), waits("x")), (Some(300), Some(900), Some(300)));
    let dated = [("Retry-After", "Thu, 01 Jan 1970 00:02:00 GMT")];
    let failure = answer(ProviderKind::Custom, Asked::Token, 503, &dated, "");
    assert_eq!(failure.retry_after.map(|wait| wait.as_secs()), Some(120));
}

#[test]
fn a_refused_code_is_no_ended_consent() {
    let body = r#"{"error":"invalid_grant"}"#;
    for provider in ProviderKind::ALL {
        let code = answer(provider, Asked::Code, 400, &[], body);
        assert!(code.trouble.reason.contains("authorization code"), "{code:?}");
        let refresh = answer(provider, Asked::Token, 400, &[], body);
        assert!(refresh.trouble.reason.contains("consent"), "{refresh:?}");
        assert_eq!((code.class, refresh.class), (FailureClass::Ended, FailureClass::Ended));
    }
}

#[test]
fn an_unauthorized_without_words_is_the_links_where_it_asks_for_credentials() {
    let asks = [("WWW-Authenticate", "Basic realm=\"as\"")];
    let asked = answer(ProviderKind::Custom, Asked::Token, 401, &asks, "<html>");
    assert_eq!(asked.class, FailureClass::Link);
    let silent = answer(ProviderKind::Custom, Asked::Token, 401, &[], "<html>");
    assert_eq!(silent.class, FailureClass::Passing, "a firewall, perhaps");
}

#[test]
fn the_providers_words_are_kept_and_its_secrets_cut() {
    let quoted = |status, headers: &[_], body: &str| {
        let failure = answer(ProviderKind::Custom, Asked::Token, status, headers, body);
        failure.trouble.provider_error.expect("a quotation")
    };
    assert_eq!(
        quoted(400, &[], r#"{"error":"odd","error_description":"rt=1\r\nrefresh_token=abc"}"#),
        "HTTP 400, odd: rt=1 refresh_token=[secret]"
    );
    assert_eq!(
        quoted(302, &[("location", "https://as.example/login?code=abcdefghijkl")], ""),
        "HTTP 302, Location: https://as.example/login?code=[secret]"
    );
    assert_eq!(
        quoted(502, &[("content-type", "text/html")], "<html><title>502 Bad Gateway</title>…"),
        "HTTP 502, text/html: 502 Bad Gateway"
    );
    assert_eq!(
        quoted(400, &[], r#"{"access_token":"at-1","code":7}"#),
        r#"HTTP 400: {"access_token":"[secret]","code":7}"#
    );
    assert_eq!(
        quoted(400, &[], r#"{"error":{"status":"UNAVAILABLE","message":"later"}}"#),
        "HTTP 400, UNAVAILABLE: later"
    );
    assert_eq!(quoted(503, &[], ""), "HTTP 503");
    assert!(quoted(500, &[], &"long ".repeat(9000)).chars().count() <= 1100);
}

#[test]
fn what_was_sent_is_cut_out_of_the_words_as_they_came() {
    let sent = |body: &str, secret: &str| {
        let failure = refuse(ProviderKind::Custom, 400, body);
        let raw = failure.held.quoted.as_ref().expect("the words as they came");
        assert!(raw.expose().contains(&secret[..6]), "nothing is cut yet");
        let failure = without_secrets(failure, &[&Secret::new(secret)]);
        assert!(failure.held.quoted.is_none(), "it is not kept");
        failure.trouble.provider_error.expect("a quotation")
    };
    let twice = sent(
        r#"{"error":"odd","error_description":"client_secret=abc,defghij&x=1"}"#,
        "abc,defghij",
    );
    assert_eq!(twice, "HTTP 400, odd: client_secret=[secret]&x=1");
    let short = sent("client_secret=abcd,ef was sent", "abcd,ef");
    assert_eq!(short, "HTTP 400: client_secret=[secret] was sent");
    let spaced = sent("code=two  spaces", "two  spaces");
    assert_eq!(spaced, "HTTP 400: code=[secret]");
    let far = format!("{}defgh!ijklmnop", "word ".repeat(197));
    assert!(!sent(&far, "defgh!ijklmnop").contains("defg"));
    let endless = format!("a{}defgh!ijklmnop", " ".repeat(MOST - 17));
    assert!(!sent(&endless, "defgh!ijklmnop").contains("defg"));
}

#[test]
fn words_of_our_own_are_not_replaced() {
    let mut failure = refuse(ProviderKind::Custom, 400, "client_secret=abc,defghij");
    failure.trouble.provider_error = Some("other words, abc,defghij".into());
    let failure = without_secrets(failure, &[&Secret::new("abc,defghij")]);
    assert_eq!(failure.trouble.provider_error.as_deref(), Some("other words, [secret]"));
}

#[test]
fn faults_without_an_answer_pass() {
    let network = network_failure("as.example did not answer within 8 seconds");
    assert_eq!((network.class, network.trouble.actor), (FailureClass::Passing, Actor::Nobody));
    let certificate = certificate_failure("the certificate of as.example ended on 1 May");
    assert_eq!(
        (certificate.class, certificate.trouble.actor),
        (FailureClass::Passing, Actor::Operator)
    );
    assert!(certificate.trouble.provider_error.is_some_and(|text| text.contains("1 May")));
}

#[test]
fn an_authorization_response_without_a_code_is_explained() {
    let explain = |provider, error: Option<&str>, description: Option<&str>| {
        let params = CallbackParams {
            error: error.map(str::to_owned),
            error_description: description.map(str::to_owned),
            ..CallbackParams::default()
        };
        callback_trouble(provider, &params)
    };
    assert_eq!(explain(ProviderKind::Google, None, None), None);
    let denied = explain(ProviderKind::Google, Some("access_denied"), None).expect("words");
    assert_eq!(denied.reason, "Access was denied at Google.");
    let declined = explain(
        ProviderKind::Microsoft,
        Some("access_denied"),
        Some("AADSTS65004: User declined to consent."),
    )
    .expect("words");
    assert!(declined.reason.contains("declined"), "{declined:?}");
    let admin = explain(
        ProviderKind::Microsoft,
        Some("consent_required"),
        Some("AADSTS90094: admin consent is required"),
    )
    .expect("words");
    assert_eq!(admin.actor, Actor::TenantAdministrator);
    let unknown = explain(ProviderKind::Custom, Some("nonsense"), Some("AADSTSx")).expect("words");
    assert_eq!(unknown.provider_error.as_deref(), Some("nonsense: AADSTSx"));
}
