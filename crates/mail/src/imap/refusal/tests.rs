//! What servers say, and what it is taken for.

use std::time::Duration;

use outlink_model::grant::Actor;

use super::*;
use crate::imap::reply::{Reply, read};

fn said(line: &str) -> (Status, Text) {
    let frame = crate::imap::codec::Frame { text: line.as_bytes().to_vec(), literals: Vec::new() };
    match read(frame) {
        Reply::Tagged(_, status, text) | Reply::Untagged(status, text) => (status, text),
        other => panic!("{line}: {other:?}"),
    }
}

fn signing_in(line: &str) -> Error {
    let (status, text) = said(line);
    refusal(Asked::SignIn { mechanism: "XOAUTH2", challenge: None }, status, text)
}

fn reading(line: &str) -> Error {
    let (status, text) = said(line);
    refusal(Asked::Command("UID FETCH"), status, text)
}

fn opening(folder: &str, line: &str) -> Error {
    let (status, text) = said(line);
    refusal(Asked::Folder { command: "SELECT", folder }, status, text)
}

#[test]
fn what_passes_is_never_taken_for_refused_credentials() {
    for line in [
        "a1 NO [UNAVAILABLE] Temporary authentication failure. [vm:2026-11-21 10:00:00]",
        "a1 NO [ALERT] Too many simultaneous connections. (Failure)",
        "a1 NO [AUTHENTICATIONFAILED] Too many simultaneous connections. (Failure)",
        "a1 NO [LIMIT] Maximum number of connections from user+IP exceeded",
        "a1 NO [OVERQUOTA] Account exceeded command or bandwidth limits. (Failure)",
        "a1 NO [INUSE] Mailbox in use",
        "a1 NO Server Unavailable. 15",
        "a1 NO [SERVERBUG] Internal error occurred.",
        "a1 BAD Request is throttled. Suggested Backoff Time: 299961 milliseconds",
        "a1 NO Request is throttled. Suggested Backoff Time: 299961 milliseconds",
    ] {
        let error = signing_in(line);
        assert!(matches!(error, Error::Unavailable { .. }), "{line}: {error:?}");
        assert!(error.is_passing() && !error.is_token_refused(), "{line}");
    }
    let throttled =
        signing_in("a1 BAD Request is throttled. Suggested Backoff Time: 299961 milliseconds");
    assert_eq!(throttled.retry_after(), Some(Duration::from_millis(299_961)));
}

#[test]
fn refused_credentials_are_taken_for_that() {
    for line in [
        "a1 NO AUTHENTICATE failed.",
        "a1 NO SASL authentication failed",
        "a1 NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)",
        "a1 NO [AUTHENTICATIONFAILED] Authentication failed.",
        "a1 NO",
    ] {
        let error = signing_in(line);
        assert!(matches!(error, Error::Refused { .. }), "{line}: {error:?}");
        assert!(error.is_token_refused() && !error.is_passing(), "{line}");
    }
    assert!(matches!(signing_in("a1 BAD Invalid SASL argument. x9"), Error::Command { .. }));
}

#[test]
fn exchange_without_access_to_the_mailbox_is_a_case_of_its_own() {
    let error = reading("a2 BAD User is authenticated but not connected.");
    assert!(matches!(error, Error::NotConnected { .. }));
    let trouble = error.trouble();
    assert_eq!(trouble.actor, Actor::TenantAdministrator);
    assert_eq!(trouble.provider_error.as_deref(), Some("User is authenticated but not connected."));
    assert!(matches!(
        opening("INBOX", "a2 BAD User is authenticated but not connected."),
        Error::NotConnected { .. }
    ));
}

#[test]
fn a_session_that_the_server_has_ended_passes() {
    for line in
        ["a2 BAD Command received in Invalid state.", "a2 NO Session expired, please login again."]
    {
        assert!(matches!(reading(line), Error::SessionExpired { .. }), "{line}");
        assert!(matches!(signing_in(line), Error::Bye { .. }), "{line}");
    }
    let (_, text) = said("* BYE Session invalidated - AccessTokenExpired");
    assert!(matches!(farewell(text.clone()), Error::Bye { .. }));
    let error = bye(text);
    assert!(error.is_passing() && error.wants_fresh_token());
    assert_eq!(error.server_words().as_deref(), Some("Session invalidated - AccessTokenExpired"));
}

#[test]
fn a_missing_folder_is_told_from_other_refusals() {
    for (folder, line) in [
        ("Foo", "a3 NO [NONEXISTENT] Unknown Mailbox: Foo (now in authenticated state) (Failure)"),
        ("Foo", "a3 NO Mailbox doesn't exist: Foo (0.001 + 0.000 secs)."),
        ("Foo", "a3 NO Foo doesn't exist."),
        ("Foo", "a3 NO [TRYCREATE] no"),
        // The words for what passes stand in the folder's own name.
        ("Temporary", "a3 NO [NONEXISTENT] Unknown Mailbox: Temporary"),
    ] {
        let error = opening(folder, line);
        assert!(
            matches!(&error, Error::FolderMissing { folder: told, .. } if told == folder),
            "{line}"
        );
        assert!(error.trouble().hint.contains("INBOX"), "{line}");
    }
    assert!(matches!(
        opening("Foo", "a3 NO [NOPERM] no rights"),
        Error::Command { command: "SELECT", .. }
    ));
    assert!(matches!(opening("Foo", "a3 NO [UNAVAILABLE] later"), Error::Unavailable { .. }));
    assert!(matches!(opening("Foo", "a3 BAD does not exist"), Error::Command { .. }));
}
