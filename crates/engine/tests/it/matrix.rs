//! What a token endpoint may answer to a refresh, line by line: the state that comes of it, the tokens that are kept, and
//! when the grant is due again.

use std::time::Duration;

use jiff::SignedDuration;
use outlink_model::grant::{Grant, GrantStateName, Tokens};
use outlink_model::link::{Link, LinkHealth};
use outlink_model::problem::Problem;
use outlink_practice::{Endpoint, Receiver, Reply, TokenFault};
use serde_json::{Value, json};

use crate::bed::{Bed, SCOPES, now};

const OVER: SignedDuration = SignedDuration::from_secs(-1);

/// A grant that was asked to be refreshed: its tokens before and after, and what came of it.
struct Turn {
    before: Tokens,
    after: Tokens,
    grant: Grant,
    said: Option<Problem>,
}

impl Turn {
    fn keeps_its_refresh_token(&self) -> bool {
        refresh(&self.before) == refresh(&self.after)
    }
}

fn refresh(tokens: &Tokens) -> &str {
    tokens.refresh.as_ref().map_or("", |refresh| refresh.expose())
}

/// Refreshes a new grant of the link.
async fn turn(bed: &Bed, link: &Link) -> Turn {
    let grant = bed.grant(link, OVER).await;
    let before = bed.store.tokens(grant.id).await.unwrap().unwrap();
    let went = bed.engine.refresh_grant(&grant.id.to_string()).await;
    let after = bed.store.tokens(grant.id).await.unwrap().unwrap();
    let grant = bed.store.grant(grant.id).await.unwrap().unwrap();
    Turn { before, after, grant, said: went.err().map(|error| error.problem()) }
}

/// The same where the provider's next answer is this one.
async fn answered(bed: &Bed, link: &Link, fault: TokenFault) -> Turn {
    bed.practice.faults().clear();
    bed.practice.faults().next_token_answers(1, fault);
    let turn = turn(bed, link).await;
    bed.practice.faults().clear();
    turn
}

fn body(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> TokenFault {
    TokenFault::Body { status, content_type: content_type.into(), body: body.into() }
}

fn json_body(value: &Value) -> TokenFault {
    body(200, "application/json", value.to_string())
}

/// The practice provider carries nothing out when it is told what to say, so the token at hand must still open it.
async fn still_opens(bed: &Bed, grant: &Grant, what: &str) {
    let fresh = bed.engine.refresh_grant(&grant.id.to_string()).await;
    let fresh = fresh.unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(fresh.state.name(), GrantStateName::Active, "{what}");
}

#[tokio::test]
async fn lifetimes_in_any_form_give_a_sane_next_refresh() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    for (written, seconds) in [
        ("3600", 3600),
        ("\"3600\"", 3600),
        ("3600.0", 3600),
        ("\"3600.5\"", 3600),
        ("0", 3600),
        ("-3600", 3600),
        ("null", 3600),
        ("\"soon\"", 3600),
        ("{}", 3600),
        ("3600000", 3_600_000),
        ("1e308", 31_622_400),
        ("99999999999999999999", 31_622_400),
        ("60", 60),
    ] {
        let text =
            format!(r#"{{"access_token":"at","token_type":"Bearer","expires_in":{written}}}"#);
        let turn = answered(&bed, &link, body(200, "application/json", text)).await;
        has_lifetime(&turn, seconds, written);
    }
    let silent = json!({"access_token": "at", "token_type": "Bearer"});
    let turn = answered(&bed, &link, json_body(&silent)).await;
    has_lifetime(&turn, 3600, "none");
}

fn has_lifetime(turn: &Turn, seconds: i64, written: &str) {
    let grant = &turn.grant;
    assert_eq!(grant.state.name(), GrantStateName::Active, "{written}: {:?}", turn.said);
    let lives = grant.expires_at.duration_since(grant.issued_at).as_secs();
    assert_eq!(lives, seconds, "{written}");
    let due = grant.next_refresh_at.unwrap();
    let after = due.duration_since(grant.issued_at).as_secs();
    assert!(after >= seconds * 59 / 100 && after < seconds, "{written}: due after {after} s");
    assert!(due > now() && grant.expires_at > due, "{written}");
    assert_eq!(turn.after.expires_at, grant.expires_at, "{written}");
}

#[tokio::test]
async fn lifetimes_of_a_moment_do_not_make_us_ask_without_pause() {
    let asked = async |more: Value| {
        let bed = Bed::new().await;
        let link = bed.link("Work").await;
        let mut moment = json!({"access_token": "at", "token_type": "Bearer"});
        moment.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        bed.practice.faults().next_token_answers(1000, json_body(&moment));
        bed.grant(&link, OVER).await;
        bed.engine.start();
        tokio::time::sleep(Duration::from_secs(2)).await;
        bed.engine.stop().await;
        bed.practice.counters().token_requests
    };
    let moment = json!({"expires_in": 1});
    // A refresh token that is told to be over, and is taken all the same.
    let lingering = json!({"expires_in": 3600, "refresh_token": "rt", "refresh_expires_in": 1});
    let (moment, lingering) = tokio::join!(asked(moment), asked(lingering));
    // The grant is due at once, and then after five seconds.
    assert!((1..=2).contains(&moment), "{moment} requests in two seconds");
    assert!((1..=2).contains(&lingering), "{lingering} requests in two seconds");
}

#[tokio::test]
async fn the_refresh_token_at_hand_is_kept_or_replaced() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    for (member, new) in [
        (json!({}), None),
        (json!({"refresh_token": ""}), None),
        (json!({"refresh_token": null}), None),
        (json!({"refresh_token": 7}), None),
        (json!({"refresh_token": ["rt-1"]}), None),
        (json!({"refresh_token": "rt-1"}), Some("rt-1")),
        (json!({"refresh_token": "rt 2 é\u{0}"}), Some("rt 2 é\u{0}")),
    ] {
        let mut answer = member.clone();
        answer["access_token"] = "at-1".into();
        answer["expires_in"] = 3600.into();
        let turn = answered(&bed, &link, json_body(&answer)).await;
        assert!(turn.said.is_none(), "{member}: {:?}", turn.said);
        assert_eq!((turn.grant.generation, turn.after.generation), (2, 2), "{member}");
        assert_eq!(turn.after.access.expose(), "at-1", "{member}");
        assert!(turn.grant.renewable, "{member}");
        assert_eq!(refresh(&turn.after), new.unwrap_or(refresh(&turn.before)), "{member}");
        if new.is_none() {
            still_opens(&bed, &turn.grant, &member.to_string()).await;
        }
        // What was put in its place is what is asked with from now on.
        if let Some(new) = new {
            bed.practice.faults().next_token_answers(1, TokenFault::status(503));
            bed.engine.refresh_grant(&turn.grant.id.to_string()).await.unwrap_err();
            let sent = bed.practice.requests(Endpoint::Token).pop().unwrap();
            assert_eq!(sent.parameter("refresh_token").as_deref(), Some(new));
        }
    }
}

#[tokio::test]
async fn the_same_refresh_token_again_is_fine_and_so_is_none_for_ever() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.grant(&link, OVER).await;
    let name = grant.id.to_string();
    let old = bed.store.tokens(grant.id).await.unwrap().unwrap().refresh.unwrap();
    let same = json!({"access_token": "at-1", "refresh_token": old.expose(), "expires_in": 60});
    bed.practice.faults().next_token_answers(1, json_body(&same));
    assert_eq!(bed.engine.refresh_grant(&name).await.unwrap().generation, 2);
    let tokens = bed.store.tokens(grant.id).await.unwrap().unwrap();
    assert_eq!((refresh(&tokens), tokens.access.expose()), (old.expose(), "at-1"));

    bed.practice.set(|settings| settings.rotate = false);
    for generation in 3..6 {
        let fresh = bed.engine.refresh_grant(&name).await.unwrap();
        assert_eq!((fresh.generation, fresh.state.name()), (generation, GrantStateName::Active));
        let tokens = bed.store.tokens(grant.id).await.unwrap().unwrap();
        assert_eq!(refresh(&tokens), old.expose());
    }
    bed.practice.set(|settings| settings.rotate = true);
    bed.engine.refresh_grant(&name).await.unwrap();
    let tokens = bed.store.tokens(grant.id).await.unwrap().unwrap();
    assert_ne!(refresh(&tokens), old.expose(), "and replaced as soon as there is another");
}

#[tokio::test]
async fn successes_in_odd_clothes_are_taken() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let plain = r#"{"access_token":"at-1","token_type":"Bearer","expires_in":3600}"#;
    let form = "access_token=at-1&scope=&token_type=bearer&expires_in=3600";
    let marked = format!("\u{feff}{plain}");
    let twice = r#"{"access_token":"at-0","access_token":"at-1","expires_in":3600}"#;
    let typed = |kind: &str| format!(r#"{{"access_token":"at-1","token_type":{kind}}}"#);
    for (status, content_type, text) in [
        (200, "application/json; charset=UTF-8", plain.to_owned()),
        (200, "text/plain", plain.to_owned()),
        (200, "text/javascript", plain.to_owned()),
        (200, "text/html", plain.to_owned()),
        (200, "", plain.to_owned()),
        (200, "application/json", marked),
        (200, "application/x-www-form-urlencoded", form.to_owned()),
        (200, "text/html", form.to_owned()),
        (200, "application/json", twice.to_owned()),
        (201, "application/json", plain.to_owned()),
        (206, "application/json", plain.to_owned()),
        (200, "application/json", typed("\"bearer\"")),
        (200, "application/json", typed("\"BEARER\"")),
        (200, "application/json", typed("null")),
        (200, "application/json", r#"{"access_token":"at-1","error":null}"#.to_owned()),
    ] {
        let turn = answered(&bed, &link, body(status, content_type, text.clone())).await;
        assert!(turn.said.is_none(), "{status} {content_type} {text}: {:?}", turn.said);
        assert_eq!(turn.after.access.expose(), "at-1", "{status} {content_type} {text}");
        assert!(turn.keeps_its_refresh_token(), "{status} {content_type} {text}");
    }
    // Longer than any buffer one would think of.
    let long = "a".repeat(20_000);
    let turn = answered(&bed, &link, json_body(&json!({"access_token": long}))).await;
    assert_eq!(turn.after.access.expose().len(), 20_000);
}

#[tokio::test]
async fn what_is_no_word_of_the_provider_degrades_and_keeps_both_tokens() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let deep = format!(r#"{{"access_token":"at","x":{}"#, "[".repeat(100_000));
    let html = "<!doctype html><html><title>Sign in to the network</title></html>";
    let ended = r#"{"error":"invalid_grant"}"#;
    for (status, content_type, text) in [
        (200, "text/html", html),
        (200, "application/json", html),
        (200, "application/json", ""),
        (204, "", ""),
        (200, "application/json", r#"[{"access_token":"at"}]"#),
        (200, "application/json", r#""access_token""#),
        (200, "application/json", "null"),
        (200, "application/json", r#"{"access_token":"at""#),
        (200, "application/json", &deep),
        (200, "application/json", r#"{"ok":false}"#),
        (200, "application/json", r#"{"ok":false,"error":"not_authed"}"#),
        (200, "application/json", r#"{"access_token":""}"#),
        (200, "application/json", r#"{"access_token":null}"#),
        (200, "application/json", r#"{"access_token":["at"]}"#),
        (200, "application/json", r#"{"access_token":"a\u0000b"}"#),
        (200, "application/json", r#"{"access_token":"a\u0001auth=Bearer x"}"#),
        (200, "application/json", r#"{"access_token":"a\r\nX-Evil: b"}"#),
        (200, "application/json", r#"{"access_token":"a b"}"#),
        (200, "application/json", r#"{"access_token":"aé"}"#),
        (400, "text/html", html),
        (401, "text/html", html),
        (403, "text/html", html),
        (400, "text/plain", "Bad Request"),
        (400, "application/json", "{}"),
        (400, "application/json", r#"{"error":"what_is_this"}"#),
        (400, "application/json", r#"{"access_token":"at"}"#),
        (408, "text/plain", "Request Timeout"),
        (425, "", ""),
        (429, "application/json", ended),
        (500, "text/html", html),
        (502, "text/html", html),
        (503, "application/json", ended),
        (504, "", ""),
    ] {
        let shown = &text[..text.len().min(60)];
        let turn = answered(&bed, &link, body(status, content_type, text)).await;
        let said = turn.said.as_ref().unwrap_or_else(|| panic!("{status} {shown} is refused"));
        assert!(!said.message.is_empty() && !said.hint.is_empty(), "{status} {shown}: {said:?}");
        let state = turn.grant.state.name();
        assert_eq!(state, GrantStateName::Degraded, "{status} {shown}: {said:?}");
        assert!(turn.keeps_its_refresh_token(), "{status} {shown}");
        assert_eq!(turn.after.access.expose(), turn.before.access.expose(), "{status} {shown}");
        let due = turn.grant.next_refresh_at.unwrap();
        let wait = due.duration_since(now()).as_secs();
        assert!((1..900).contains(&wait), "{status} {shown}: due in {wait} s");
        let healthy = bed.engine.link("Work").await.unwrap().health;
        assert_eq!(healthy, LinkHealth::Healthy, "{status} {shown}");
        still_opens(&bed, &turn.grant, shown).await;
    }
}

#[tokio::test]
async fn what_is_the_links_fault_stays_on_the_link() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let token = |kind: &str| format!(r#"{{"access_token":"at","token_type":"{kind}"}}"#);
    let client = r#"{"error":"invalid_client"}"#;
    for (status, text, words) in [
        (200, token("DPoP"), "DPoP"),
        (200, token("mac"), "mac"),
        (200, client.to_owned(), "invalid_client"),
        (400, client.to_owned(), "invalid_client"),
        (401, client.to_owned(), "invalid_client"),
        (302, String::new(), "302"),
        (307, r#"{"error":"invalid_grant"}"#.to_owned(), "307"),
        (404, "<html>".to_owned(), "404"),
        (405, String::new(), "405"),
    ] {
        let turn = answered(&bed, &link, body(status, "application/json", text.clone())).await;
        assert!(turn.said.is_some(), "{status} {text}");
        assert_eq!(turn.grant.state.name(), GrantStateName::Active, "{status} {text}");
        assert!(turn.keeps_its_refresh_token(), "{status} {text}");
        assert_eq!(turn.after.access.expose(), turn.before.access.expose(), "{status} {text}");
        let LinkHealth::Marked { trouble, .. } = bed.engine.link("Work").await.unwrap().health
        else {
            panic!("{status} {text}: the link is marked");
        };
        let told = format!("{} {:?}", trouble.reason, trouble.provider_error);
        assert!(told.contains(words), "{status} {text}: {told}");
        still_opens(&bed, &turn.grant, &text).await;
        let healed = bed.engine.link("Work").await.unwrap().health;
        assert_eq!(healed, LinkHealth::Healthy, "{status} {text}");
    }
}

#[tokio::test]
async fn an_end_needs_the_providers_word_twice_and_keeps_the_token_all_the_same() {
    let table = [
        (200, "application/json", r#"{"error":"invalid_grant"}"#),
        (400, "application/json", r#"{"error":"invalid_grant"}"#),
        (400, "text/plain", r#"{"error":"invalid_grant","error_description":null}"#),
        (400, "application/x-www-form-urlencoded", "error=invalid_grant"),
        (404, "application/json", r#"{"error":"invalid_grant"}"#),
    ];
    // Each waits for some seconds before it asks again, so all wait together.
    let turns = table.map(|(status, content_type, text)| async move {
        let bed = Bed::new().await;
        let link = bed.link("Work").await;
        bed.practice.faults().next_token_answers(2, body(status, content_type, text));
        let turn = turn(&bed, &link).await;
        assert_eq!(bed.practice.counters().token_requests, 2, "{status} {text}");
        let state = turn.grant.state.name();
        assert_eq!(state, GrantStateName::NeedsConsent, "{status} {text}: {:?}", turn.said);
        assert!(turn.keeps_its_refresh_token(), "{status} {text}");
        assert_eq!(turn.grant.next_refresh_at, None, "{status} {text}");
    });
    futures_util::future::join_all(turns).await;
}

#[tokio::test]
async fn a_new_refresh_token_beside_a_useless_access_token_is_not_lost() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let faults: [(&str, TokenFault, GrantStateName); 4] = [
        (
            "unsafe",
            TokenFault::Edit(|answer| {
                answer.insert("access_token".into(), "a\u{1}b".into());
            }),
            GrantStateName::Degraded,
        ),
        (
            "missing",
            TokenFault::Edit(|answer| {
                answer.remove("access_token");
            }),
            GrantStateName::Degraded,
        ),
        (
            "DPoP",
            TokenFault::Edit(|answer| {
                answer.insert("token_type".into(), "DPoP".into());
            }),
            GrantStateName::Active,
        ),
        (
            "error beside nothing",
            TokenFault::Edit(|answer| {
                answer.remove("access_token");
                answer.insert("error".into(), "temporarily_unavailable".into());
            }),
            GrantStateName::Degraded,
        ),
    ];
    for (what, fault, state) in faults {
        // The provider has rotated, without any grace: the old token would end the grant.
        let turn = answered(&bed, &link, fault).await;
        assert!(turn.said.is_some(), "{what}");
        assert_eq!(turn.grant.state.name(), state, "{what}: {:?}", turn.said);
        assert!(!turn.keeps_its_refresh_token(), "{what}: the new one is kept");
        assert_eq!(turn.after.access.expose(), turn.before.access.expose(), "{what}");
        still_opens(&bed, &turn.grant, what).await;
    }
    assert_eq!(bed.practice.counters().reuses, 0, "no spent token was shown again");
}

#[tokio::test]
async fn what_was_granted_is_read_in_any_form_and_what_is_missing_is_named() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let all = SCOPES.map(String::from);
    for (scope, granted, missing) in [
        (json!(null), &SCOPES[..], &[][..]),
        (json!(""), &SCOPES[..], &[]),
        (json!(7), &SCOPES[..], &[]),
        (json!("openid email"), &["openid", "email"], &["mail.imap"]),
        (json!("mail.imap  openid email"), &["mail.imap", "openid", "email"], &[]),
        (json!(["email", "mail.imap"]), &["email", "mail.imap"], &[]),
        (json!("email,mail.imap"), &["email", "mail.imap"], &[]),
        (json!("email+mail.imap"), &["email", "mail.imap"], &[]),
        (json!("mail.imap mail.smtp"), &["mail.imap", "mail.smtp"], &[]),
    ] {
        let answer = json!({"access_token": "at-1", "expires_in": 3600, "scope": scope});
        let turn = answered(&bed, &link, json_body(&answer)).await;
        assert_eq!(turn.grant.state.name(), GrantStateName::Active, "{scope}");
        assert_eq!(turn.grant.scopes, granted, "{scope}");
        let view = bed.engine.grant_view(&turn.grant.id.to_string()).await.unwrap();
        assert_eq!(view.missing_scopes, missing, "{scope}");
    }
    // The same by a provider that really gives less, and then everything again.
    bed.practice.set(|settings| settings.refresh_scope = Some(vec!["email".into()]));
    let turn = turn(&bed, &link).await;
    let name = turn.grant.id.to_string();
    let view = bed.engine.grant_view(&name).await.unwrap();
    assert_eq!(view.missing_scopes, ["mail.imap"]);
    bed.practice.set(|settings| settings.refresh_scope = None);
    bed.engine.refresh_grant(&name).await.unwrap();
    let view = bed.engine.grant_view(&name).await.unwrap();
    assert_eq!((view.grant.scopes, view.missing_scopes.len()), (all.to_vec(), 0));
}

#[tokio::test]
async fn a_provider_that_asks_for_patience_gets_it() {
    let table = [
        (429, "1800".to_owned(), 1800),
        (503, "1800".to_owned(), 1800),
        (400, "1800".to_owned(), 1800),
        (429, date_in(1800), 1800),
        (429, "Thu, 01 Jan 1970 00:00:00 GMT".to_owned(), 0),
        (429, "soon".to_owned(), 0),
        (429, "-5".to_owned(), 0),
    ];
    let turns = table.map(|(status, written, seconds)| async move {
        let bed = Bed::new().await;
        let receiver = Receiver::start().await.unwrap();
        let headers = vec![("retry-after".to_owned(), written.clone())];
        receiver.always(Reply::Whole { status, headers, body: Vec::new() });
        let mut new = bed.new_link("Busy");
        let port = receiver.address.port();
        new.draft.token_endpoint = Some(format!("http://localhost:{port}/token"));
        let by = &outlink_engine::Caller::System;
        let link = bed.engine.create_link(new, by).await.unwrap().link;
        let turn = turn(&bed, &link).await;
        assert_eq!(turn.grant.state.name(), GrantStateName::Degraded, "{status} {written}");
        assert!(turn.keeps_its_refresh_token(), "{status} {written}");
        let wait = turn.grant.next_refresh_at.unwrap().duration_since(now()).as_secs();
        let least = (seconds - 10).max(1);
        assert!((least..seconds + 60).contains(&wait), "{status} {written}: due in {wait} s");
        receiver
    });
    futures_util::future::join_all(turns).await;
}

#[expect(clippy::disallowed_methods, reason = "the receiver's clock is the machine's")]
fn date_in(seconds: i64) -> String {
    let at = jiff::Timestamp::now() + SignedDuration::from_secs(seconds);
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[tokio::test]
async fn a_challenge_beside_invalid_client_changes_nothing() {
    let bed = Bed::new().await;
    let receiver = Receiver::start().await.unwrap();
    let headers = vec![
        ("www-authenticate".to_owned(), "Basic realm=\"as\"".to_owned()),
        ("content-type".to_owned(), "application/json".to_owned()),
    ];
    let body = br#"{"error":"invalid_client"}"#.to_vec();
    receiver.always(Reply::Whole { status: 401, headers, body });
    let mut new = bed.new_link("Picky");
    let port = receiver.address.port();
    new.draft.token_endpoint = Some(format!("http://localhost:{port}/token"));
    let by = &outlink_engine::Caller::System;
    let link = bed.engine.create_link(new, by).await.unwrap().link;
    let turn = turn(&bed, &link).await;
    assert_eq!(turn.grant.state.name(), GrantStateName::Active);
    assert!(turn.keeps_its_refresh_token());
    let health = bed.engine.link("Picky").await.unwrap().health;
    assert!(matches!(health, LinkHealth::Marked { .. }), "{health:?}");
    // One way to authenticate for each request (RFC 6749 §2.3).
    for sent in receiver.received() {
        let both = sent.header("authorization").is_some() && sent.text().contains("client_secret");
        assert!(!both, "{}", sent.text().len());
    }
    assert_eq!(receiver.received().len(), 1, "no second try by another way");
}
