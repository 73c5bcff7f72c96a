//! What servers say, and what it is taken for.

use std::time::Duration;

use outlink_model::grant::Actor;

use super::*;
use crate::pop3::reply::{Reply, read};

fn said(line: &str) -> Text {
    match read(line.as_bytes()) {
        Reply::Err(text) => text,
        other => panic!("{line}: {other:?}"),
    }
}

fn signing_in(token: usize, line: &str) -> Error {
    let asked = Asked::SignIn { mechanism: "XOAUTH2", challenge: None, token: Some(token) };
    refusal(asked, said(line))
}

fn reading(line: &str) -> Error {
    refusal(Asked::Command("STAT"), said(line))
}

fn beginning(offered: &[&str], line: &str) -> Error {
    let offered = offered.iter().map(|&name| name.to_owned()).collect();
    refusal(Asked::Mechanism { mechanism: "XOAUTH2", offered }, said(line))
}

#[test]
fn what_passes_is_never_taken_for_refused_credentials() {
    for line in [
        "-ERR [SYS/TEMP] Temporary authentication failure.",
        "-ERR [SYS/TEMP] Temporary system problem. Please try again later. x9",
        "-ERR [IN-USE] Unable to lock maildrop: Mailbox is locked by POP server",
        "-ERR [IN-USE] Couldn't lock INBOX",
        "-ERR [LOGIN-DELAY] minimum time between mail checks violation",
        "-ERR maildrop already locked",
        "-ERR Your mailbox is in use by another session",
        "-ERR [AUTH] Too many simultaneous connections. (Failure)",
        "-ERR Account exceeded command or bandwidth limits.",
        "-ERR Server Unavailable. 21",
        "-ERR Request is throttled. Suggested Backoff Time: 299961 milliseconds",
    ] {
        for error in [signing_in(900, line), reading(line), beginning(&["PLAIN"], line)] {
            assert!(matches!(error, Error::Unavailable { .. }), "{line}: {error:?}");
            assert!(error.is_passing() && !error.is_token_refused(), "{line}");
        }
    }
    let throttled =
        signing_in(900, "-ERR Request is throttled. Suggested Backoff Time: 299961 milliseconds");
    assert_eq!(throttled.retry_after(), Some(Duration::from_millis(299_961)));
}

#[test]
fn refused_credentials_are_taken_for_that() {
    for line in [
        "-ERR Authentication failure: unknown user name or bad password.",
        "-ERR Logon failure: unknown user name or bad password.",
        "-ERR [AUTH] Username and password not accepted.",
        "-ERR [AUTH] Authentication failed.",
        "-ERR",
    ] {
        let error = signing_in(900, line);
        assert!(matches!(error, Error::Refused { .. }), "{line}: {error:?}");
        assert!(error.is_token_refused() && !error.is_passing(), "{line}");
        assert_eq!(error.trouble().actor, Actor::MailboxOwner);
    }
}

#[test]
fn a_token_that_exchange_breaks_off_at_is_explained() {
    let line = "-ERR Protocol error. Connection is closed. 10";
    let error = signing_in(4097, line);
    assert!(matches!(error, Error::TokenTooLong { octets: 4097, .. }), "{error:?}");
    assert_eq!(error.to_string(), "The server does not take a token of 4097 characters.");
    let trouble = error.trouble();
    assert!(trouble.hint.contains("4096") && trouble.hint.contains("IMAP"), "{}", trouble.hint);
    assert_eq!(trouble.provider_error.as_deref(), Some("Protocol error. Connection is closed. 10"));
    // The same words at a token that fits are neither about its length nor about its worth.
    let error = signing_in(4096, line);
    assert!(matches!(error, Error::Command { command: "AUTH", .. }), "{error:?}");
    assert!(!error.is_token_refused());
    // A long token may be refused for other reasons.
    assert!(signing_in(5000, "-ERR Authentication failure").is_token_refused());
}

#[test]
fn faults_that_stay_say_whose_act_they_are() {
    let enabled = "-ERR [SYS/PERM] Your account is not enabled for POP access. Please visit your \
                   settings page and enable your account for POP access.";
    let cases = [
        (signing_in(1, enabled), Actor::MailboxOwner),
        (signing_in(1, "-ERR [SYS/PERM] disk is gone"), Actor::Operator),
        (reading("-ERR [SYS/PERM] disk is gone"), Actor::Operator),
        (reading("-ERR User is authenticated but not connected."), Actor::TenantAdministrator),
        (reading("-ERR no such thing"), Actor::LinkAdministrator),
    ];
    for (error, actor) in cases {
        assert_eq!(error.trouble().actor, actor, "{error:?}");
        assert!(!error.is_passing() && !error.is_token_refused(), "{error:?}");
    }
    assert!(matches!(signing_in(1, enabled), Error::Barred { .. }));
}

#[test]
fn a_session_that_the_server_has_ended_passes() {
    for line in
        ["-ERR Session expired, please login again.", "-ERR Command received in Invalid state."]
    {
        assert!(reading(line).wants_fresh_token() && reading(line).is_passing(), "{line}");
        assert!(matches!(signing_in(1, line), Error::Bye { .. }), "{line}");
    }
    let greeting = refusal(Asked::Greeting, said("-ERR go away"));
    assert!(matches!(greeting, Error::Bye { .. }));
    let busy = refusal(Asked::Greeting, said("-ERR [SYS/TEMP] Too many connections"));
    assert!(matches!(busy, Error::Unavailable { .. }));
}

#[test]
fn a_mechanism_that_is_not_there_is_told_from_a_refused_token() {
    let line = "-ERR Unrecognized authentication type";
    assert_eq!(
        beginning(&["PLAIN"], line),
        Error::NoMechanism { offered: vec!["PLAIN".to_owned()] }
    );
    for offered in [&["XOAUTH2"][..], &[]] {
        let error = beginning(offered, line);
        assert!(matches!(error, Error::Command { command: "AUTH", .. }), "{error:?}");
    }
    assert!(beginning(&["PLAIN"], "-ERR [AUTH] no tokens for you").is_token_refused());
}

#[test]
fn deletions_that_were_not_carried_out_count_for_nothing() {
    for line in ["-ERR some deleted messages not removed", "-ERR [SYS/TEMP] try again later"] {
        let error = refusal(Asked::Deletions, said(line));
        assert!(matches!(error, Error::NotDeleted { .. }) && error.is_passing(), "{error:?}");
    }
}
